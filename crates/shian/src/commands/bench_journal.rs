//! `shian bench journal`: appends, sequencing, receipts and verification of a journal of its own.

use super::bench::{elapsed_ms, rate, spread};
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use anyhow::{Context as _, ensure};
use base::Lang;
use ledger::{Actor, Context, Entry, Permit};
use serde_json::{Value as Json, json};
use std::time::Instant as Moment;

/// Entries in transactions of their own: each waits for the disk.
const SINGLE: usize = 1_000;
/// Entries a transaction afterwards.
const BATCH: usize = 500;
const BATCHES: usize = 200;
const RECEIPTS: usize = 500;

/// Figures of a temporary province on SQLite, or of an empty database on PostgreSQL.
pub(super) async fn run(mut config: Config) -> anyhow::Result<Json> {
    let folder = std::env::temp_dir().join(format!("shian-bench-journal-{}", std::process::id()));
    if config.database.sqlite_path().is_some() {
        config.database.url = format!("sqlite:{}", folder.join("shian.db").display());
    }
    config.data.clone_from(&folder);
    let province = Province::open(config, Purpose::Found).await?;
    let store = &province.app.store;
    let cx =
        Context { now: now(), ids: province.app.ids.clone(), actor: Actor::system("bench"), lang: Lang::En };
    let permit = Permit::system("bench");
    let entry = |n: usize| Entry {
        kind: "bench.entry",
        region: "620102".to_owned(),
        subject: format!("operator:{n}"),
        body: json!({ "n": n, "note": "字".repeat(60) }),
        private: None,
    };

    let mut single = Vec::new();
    let mut ids = Vec::new();
    for n in 0..SINGLE {
        let one = Moment::now();
        let mut tx = store.begin().await?;
        ids.push(ledger::append(&mut tx, &cx, &permit, entry(n)).await?.id);
        tx.commit().await?;
        single.push(elapsed_ms(one));
    }
    let alone = single.iter().sum::<f64>() / 1000.0;

    let started = Moment::now();
    for batch in 0..BATCHES {
        let mut tx = store.begin().await?;
        for n in 0..BATCH {
            let n = SINGLE + batch * BATCH + n;
            ledger::append(&mut tx, &cx, &permit, entry(n)).await?;
        }
        tx.commit().await?;
    }
    let together = started.elapsed().as_secs_f64();

    let sequencer = province.sequencer()?;
    let started = Moment::now();
    let mut sequenced = 0;
    loop {
        let pass = sequencer.run_once(store, now()).await?;
        ensure!(pass.leader, "another process sequences this database; measure an empty one");
        sequenced += pass.sequenced;
        if !pass.more {
            break;
        }
    }
    let sequencing = started.elapsed().as_secs_f64();

    let mut receipts = Vec::new();
    let mut checks = Vec::new();
    for &id in ids.iter().take(RECEIPTS) {
        let one = Moment::now();
        let receipt = ledger::receipt(store, id).await?;
        receipts.push(elapsed_ms(one));
        let one = Moment::now();
        ledger::verify_receipt(&receipt, None).context("a fresh receipt")?;
        checks.push(elapsed_ms(one));
    }

    let started = Moment::now();
    let report = ledger::verify_journal(store, None).await?;
    let verifying = started.elapsed().as_secs_f64();
    ensure!(report.intact(), "the journal does not verify");
    let engine = format!("{:?}", store.engine()).to_lowercase();
    province.close().await;
    std::fs::remove_dir_all(&folder).context("the temporary province stays behind")?;
    let total = SINGLE + BATCH * BATCHES;
    Ok(json!({
        "bench": "journal", "database": engine, "entries": total,
        "append_alone_per_second": rate(SINGLE, alone), "append_alone": spread(single),
        "append_500_a_transaction_per_second": rate(BATCH * BATCHES, together),
        "sequenced_per_second": rate(usize::try_from(sequenced).unwrap_or(0), sequencing),
        "receipt": spread(receipts), "receipt_checked_offline": spread(checks),
        "verify_seconds": (verifying * 1000.0).round() / 1000.0,
        "verified_per_second": rate(usize::try_from(report.entries).unwrap_or(0), verifying),
    }))
}
