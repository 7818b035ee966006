//! `shian demo`: makes the demo province when it is absent, serves it, prints the address and the accounts.

use super::Outcome;
use crate::cli::{DemoArgs, ServeArgs};
use crate::config::Config;
use crate::demo::{self, Made, Wanted};
use crate::province::{Province, Purpose};
use crate::{log, out, serve};
use anyhow::{Context as _, bail};
use std::path::Path;

/// Stands in the data directory while the demo is being made.
const MAKING: &str = "demo.making";
/// Stands there once it is complete: what was made.
const COMPLETE: &str = "demo.json";

/// Makes and serves the demo.
pub(crate) async fn demo(args: DemoArgs) -> Outcome {
    let serve_args = ServeArgs {
        listen: Some(args.listen.clone()),
        origin: None,
        secure_cookies: false,
        log: None,
        role: Vec::new(),
        data: args.data.clone(),
    };
    let mut config = Config::serve(&serve_args)?;
    config.hashing = access::Hashing::DEMO;
    config.private_receivers = true;
    log::init(config.log, true);
    if !config.data.join(COMPLETE).exists() {
        make(&config, Wanted { operators: args.operators, seed: args.seed }).await?;
    }
    if args.create_only {
        return Ok(true);
    }
    let province = Province::open(config, Purpose::Found).await?;
    serve::serve(province, |address| {
        out::note(&format!("\n  食安 Shian  http://{address}\n"));
        for (login, what) in demo::GUIDE {
            out::note(&format!("  {login:<14} {what}"));
        }
        out::note(&format!("\n  密码 · password: {}\n  停止 · stop: Ctrl-C\n", demo::PASSWORD));
    })
    .await?;
    Ok(true)
}

/// Creates the province; a demo that was interrupted half-way is begun anew.
async fn make(config: &Config, wanted: Wanted) -> anyhow::Result<()> {
    let data = &config.data;
    let sqlite = config.database.sqlite_path();
    if data.join(MAKING).exists() {
        out::note("上次的演示省没有建完，重新开始 · the demo was not finished last time; beginning anew");
        if sqlite.is_none() {
            bail!("the database holds half a demo: give an empty one with --database");
        }
        clear(data)?;
    } else if sqlite.as_ref().is_some_and(|f| f.exists()) {
        bail!(
            "{} holds a province that is not the demo; choose another directory with --data",
            data.display()
        );
    }
    std::fs::create_dir_all(data).with_context(|| format!("{} cannot be created", data.display()))?;
    std::fs::write(data.join(MAKING), "").with_context(|| format!("{} cannot be written", data.display()))?;
    let province = Province::open(config.clone(), Purpose::Found).await?;
    let made: Made = demo::create(&province.app, wanted).await?;
    out::progress("写入存证树… sequencing the journal…");
    province.sequence().await?;
    out::progress("");
    province.close().await;
    std::fs::write(data.join(COMPLETE), serde_json::to_string_pretty(&made)?)?;
    std::fs::remove_file(data.join(MAKING))?;
    out::note(&format!(
        "演示省已建成 · demo made: {} operators, {} events, {} samples in {:.1} s ({:.0} events/s captured)",
        made.operators, made.events, made.samples, made.seconds, made.events_per_second
    ));
    Ok(())
}

/// Removes what a half-made demo left; nothing else in the directory.
fn clear(data: &Path) -> anyhow::Result<()> {
    for name in ["shian.db", "shian.db-wal", "shian.db-shm", "trace.index", COMPLETE] {
        match std::fs::remove_file(data.join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).context(name),
            _ => {}
        }
    }
    for name in ["keys", "attachments"] {
        match std::fs::remove_dir_all(data.join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).context(name),
            _ => {}
        }
    }
    Ok(())
}
