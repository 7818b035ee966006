//! `shian serve` and `shian demo`.

use super::Outcome;
use crate::cli::{DemoArgs, ServeArgs};
use crate::config::Config;
use crate::province::{Province, Purpose};
use crate::{demo, log, out, serve};
use anyhow::{Context as _, bail};
use base::Lang;
use std::path::Path;

/// Serves until asked to stop.
pub(crate) async fn serve(args: ServeArgs) -> Outcome {
    let config = Config::serve(&args)?;
    log::init(config.log, false);
    let province = Province::open(config, Purpose::Found).await?;
    let origin = province.config.origin.clone();
    if without_accounts(&province).await? {
        out::note("there is no account yet: create the first administrator with `shian admin LOGIN`, or try `shian demo`");
    }
    serve::serve(province, |address| {
        out::note(&format!("listening on http://{address} (origin {origin})"));
    })
    .await?;
    Ok(true)
}

/// Creates the demo province when absent and serves it.
pub(crate) async fn demo(args: DemoArgs) -> Outcome {
    let config = Config::load(&args.data)?.listening(&args.listen)?;
    log::init(config.log, true);
    let marker = config.data.join("demo.unfinished");
    if marker.exists() {
        clear(&config)?;
    }
    let province = Province::open(config, Purpose::Found).await?;
    if without_accounts(&province).await? {
        std::fs::write(&marker, "the demo province is being created; it is made anew if this file is found\n")?;
        let wanted = demo::Wanted { operators: args.operators, seed: args.seed };
        let made = demo::create(&province.app, wanted).await?;
        out::progress("日志定序与签名… sequencing the journal…");
        province.sequence().await?;
        out::progress("");
        std::fs::remove_file(&marker)?;
        out::json(&serde_json::to_value(made)?);
    }
    if args.create_only {
        province.close().await;
        return Ok(true);
    }
    serve::serve(province, |address| {
        out::note(&format!("\n食安示例省 · demo province: http://{address}\n"));
        out::note(&format!("账号 accounts（密码 password: {}）", demo::PASSWORD));
        for (login, what) in demo::GUIDE {
            out::note(&format!("  {login:<14} {what}"));
        }
        out::note(&format!("\n{}", STOP.get(Lang::Zh)));
        out::note(STOP.get(Lang::En));
    })
    .await?;
    Ok(true)
}

const STOP: base::Text = base::Text::of("按 Ctrl-C 停止", "Ctrl-C stops it");

async fn without_accounts(province: &Province) -> anyhow::Result<bool> {
    Ok(province.app.store.first("select id from account limit 1", &[]).await?.is_none())
}

/// Removes a demo province that was interrupted while it was made: only what the program itself writes.
fn clear(config: &Config) -> anyhow::Result<()> {
    let Some(file) = config.database.sqlite_path() else {
        bail!("the demo was interrupted while it was made; give it an empty database and delete demo.unfinished");
    };
    out::note("the demo was interrupted while it was made; it is made anew");
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(ending);
        let path = Path::new(&name);
        if path.exists() {
            std::fs::remove_file(path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}
