//! `shian backup` and `shian restore`.

use super::Outcome;
use crate::cli::DataArgs;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use anyhow::{Context as _, bail};
use serde_json::json;
use std::path::{Path, PathBuf};
use store::attachments::Attachments;
use store::backup::{self, Form};

/// Copies a province, running or not, into an empty directory. The copy holds the keys: guard it like them.
pub(crate) async fn backup(dir: PathBuf, data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    let province = Province::open(config, Purpose::Look).await?;
    let keys = keys(&province.config.keys())?;
    let (store, attachments) = (&province.app.store, &province.app.attachments);
    let manifest = backup::backup(store, attachments, &dir, Form::File, &keys, now()).await?;
    let bytes: u64 = manifest.files.iter().map(|f| f.size).sum();
    out::json(&json!({
        "backup": dir, "at": manifest.at.rfc3339(), "form": manifest.database, "files": manifest.files.len(), "bytes": bytes,
    }));
    province.close().await;
    Ok(true)
}

/// Restores a backup into an empty data directory, or into an empty PostgreSQL database with `--database`.
pub(crate) async fn restore(dir: PathBuf, data: DataArgs) -> Outcome {
    crate::province::private_files();
    let config = Config::load(&data)?;
    log::init(config.log, true);
    if std::fs::read_dir(config.keys()).is_ok_and(|mut files| files.next().is_some()) {
        bail!("{} holds a province already; name an empty data directory with --data", config.data.display());
    }
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("the data directory {} cannot be created", config.data.display()))?;
    let attachments = Attachments::new(config.attachments());
    let manifest = backup::restore(&dir, &config.database, &attachments, &config.keys(), now()).await?;
    out::json(&json!({
        "restored": config.data, "from": manifest.at.rfc3339(), "form": manifest.database, "files": manifest.files.len(),
    }));
    out::note("check it with `shian journal verify` before it serves");
    Ok(true)
}

/// The files of the keys folder.
fn keys(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}
