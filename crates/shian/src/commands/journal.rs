//! `shian journal`: proof of the record, and the rebuilding of what is derived from it.

use super::{Outcome, Usage, science};
use crate::cli::{DataArgs, JournalCommand};
use crate::config::Config;
use crate::province::{self, Province, Purpose};
use crate::{log, out};
use anyhow::{Context as _, bail};
use serde_json::json;
use std::path::Path;
use store::Store;

/// `shian journal`
pub(crate) fn run(command: JournalCommand) -> Outcome {
    match command {
        JournalCommand::Verify { receipt: Some(file), key, .. } => receipt(&file, key.as_deref()),
        JournalCommand::Verify { receipt: None, key, data } => super::block(verify(key, data)),
        JournalCommand::Replay { data } => super::block(replay(data)),
        JournalCommand::NewKey { data } => new_key(data),
    }
}

/// A new signing key where there is none any more.
fn new_key(data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    if config.log_key().exists() {
        bail!("{} is there; a key in use is not replaced", config.log_key().display());
    }
    let signer = province::signer(&config)?;
    out::json(&json!({ "key": ledger::Signer::verifier_key(&signer) }));
    Ok(true)
}

/// One receipt, offline: what it proves, or why it proves nothing.
fn receipt(file: &Path, key: Option<&str>) -> Outcome {
    let receipt: ledger::Receipt = serde_json::from_slice(&science::read(file)?)
        .with_context(|| format!("{} is no receipt", file.display()))?;
    match ledger::verify_receipt(&receipt, key) {
        Ok(verified) => {
            if !verified.trusted {
                out::note(
                    "the key is the receipt's own; compare it with one obtained elsewhere, or pass --key",
                );
            }
            out::json(&json!({ "valid": true, "key": receipt.key, "verified": verified }));
            Ok(true)
        }
        Err(error) => {
            out::json(&json!({ "valid": false, "problem": error.text() }));
            Ok(false)
        }
    }
}

/// The journal of a data directory: a line a finding, then the summary. Reads only; a running server is no obstacle.
async fn verify(key: Option<String>, data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    if let Some(file) = config.database.sqlite_path()
        && !file.exists()
    {
        return Err(Usage(format!(
            "there is no database {}; name the data directory with --data",
            file.display()
        ))
        .into());
    }
    let store = Store::open(&config.database).await.context("the database cannot be opened")?;
    let report = ledger::verify_journal(&store, key.as_deref()).await?;
    for finding in &report.findings {
        out::json(&json!({ "finding": finding }));
    }
    out::json(&json!({
        "intact": report.intact(), "entries": report.entries, "waiting": report.waiting,
        "checkpoints": report.checkpoints, "size": report.size, "origin": report.origin, "findings": report.found,
        "keys": ledger::keys(&store).await?,
    }));
    store.close().await;
    Ok(report.intact())
}

/// Rebuilds what is derived: the trace index, from the events as they were captured.
async fn replay(data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    // without its snapshot the index is built from the first event on, and written anew at the end
    match std::fs::remove_file(config.trace_snapshot()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
        _ => {}
    }
    let province = Province::open(config, Purpose::Change).await?;
    let stats = province.app.supply.index.read(chain::Index::stats);
    out::json(&json!({
        "projection": "trace index", "position": province.app.supply.index.position(), "items": stats.items,
        "nodes": stats.nodes, "links": stats.links,
    }));
    // entries that wait for their position are followed too
    province.sequence().await?;
    province.app.supply.forget_records().await?;
    let entries = province.app.supply.follow_records(province.app.now()).await?;
    out::json(&json!({ "projection": "record gaps", "entries": entries }));
    province.close().await;
    Ok(true)
}
