//! `shian bench results`: sheets of results imported, judged, journalled and signed into a province of its own, then asked for.

use super::bench::{elapsed_ms, rate};
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use anyhow::{Context as _, ensure};
use base::{Id, Lang};
use ledger::Context;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::time::Instant as Moment;

/// Samples, results of each, samples in one sheet.
const SAMPLES: usize = 4_000;
const EACH: usize = 10;
const PORTION: usize = 1_000;
/// The laboratory of the bench.
const LABORATORY: Id = Id(900);

const FOODS: [&str; 8] = ["大米", "小麦粉", "菠菜", "韭菜", "豇豆", "猪肉", "苹果", "茶叶"];
const ANALYTES: [&str; EACH] =
    ["镉", "铅", "总汞", "毒死蜱", "噻虫嗪", "吡虫啉", "腐霉利", "克百威", "啶虫脒", "阿维菌素"];

/// Peak of the memory this process had, in megabytes, where the system tells.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb / 1024)
}

pub(super) async fn run(mut config: Config) -> anyhow::Result<Json> {
    let folder = std::env::temp_dir().join(format!("shian-bench-results-{}", std::process::id()));
    if config.database.sqlite_path().is_some() {
        config.database.url = format!("sqlite:{}", folder.join("shian.db").display());
    }
    config.data.clone_from(&folder);
    let province = Province::open(config, Purpose::Found).await?;
    let store = &province.app.store;
    let used = store.first("select id from account limit 1", &[]).await?.is_some();
    ensure!(!used, "this database holds a province; measure results in an empty one");
    let (desk, analyst) = (access::testing::desk("62"), access::testing::laboratory(LABORATORY));
    let cx = |who: &access::Principal| Context {
        now: now(),
        ids: province.app.ids.clone(),
        actor: who.actor(),
        lang: Lang::Zh,
    };
    let day = now().china_date();
    let lab = &province.app.lab;
    let started = Moment::now();
    for first in (0..SAMPLES).step_by(PORTION) {
        let mut sheet =
            String::from("抽样单编号,抽样类别,食品名称,被抽样单位,抽样日期,收样日期,所在地,任务来源\n");
        for n in first..first + PORTION {
            let food = FOODS[n % FOODS.len()];
            let _ =
                writeln!(sheet, "B{n:07},监督抽检,{food},虚构商店{},{day},{day},620102,市场监管", n % 997);
        }
        let mut tx = store.begin().await?;
        lab.import_samples(&mut tx, &cx(&desk), &desk, "样品.csv", sheet.as_bytes(), Some(LABORATORY))
            .await?;
        tx.commit().await?;
    }
    let registered = started.elapsed().as_secs_f64();
    let started = Moment::now();
    let mut failed = 0;
    for first in (0..SAMPLES).step_by(PORTION) {
        let mut sheet = String::from("抽样单编号,检验项目,检验结果,结果单位,检出限,检验方法\n");
        for n in first..first + PORTION {
            for (k, analyte) in ANALYTES.iter().enumerate() {
                let value = match (n * EACH + k) * 7919 % 10 {
                    0..=6 => "未检出".to_owned(),
                    _ => format!("0.{:04}", (n * 31 + k * 17) % 2000 + 60),
                };
                let _ = writeln!(sheet, "B{n:07},{analyte},{value},mg/kg,0.005,GB 5009");
            }
        }
        let mut tx = store.begin().await?;
        let done =
            lab.import_results(&mut tx, &cx(&analyst), &analyst, "结果.csv", sheet.as_bytes(), None).await?;
        tx.commit().await?;
        failed += done.outcomes.get("nonconform").copied().unwrap_or(0);
    }
    let imported = started.elapsed().as_secs_f64();
    let started = Moment::now();
    let signer = std::sync::Arc::new(ledger::FileSigner::from_seed("bench/log", &[7; 32]));
    let sequencer = ledger::Sequencer::new(signer, "bench");
    while sequencer.run_once(store, now()).await?.more {}
    let signed = started.elapsed().as_secs_f64();
    let one = Moment::now();
    let filter = lab::SampleFilter { text: Some("B0001234".to_owned()), ..lab::SampleFilter::default() };
    let found = lab.samples(store, &desk, now(), &filter).await?;
    let asked = elapsed_ms(one);
    ensure!(found.rows.len() == 1, "the sample is not found");
    let results = SAMPLES * EACH;
    province.close().await;
    std::fs::remove_dir_all(&folder).context("the temporary province stays behind")?;
    Ok(json!({
        "bench": "results", "samples": SAMPLES, "results": results, "nonconforming": failed,
        "samples_per_second": rate(SAMPLES, registered), "results_per_second": rate(results, imported),
        "journal_entries_signed_per_second": rate(2 * SAMPLES, signed),
        "a_year_of_1500000_results_seconds": (1_500_000.0 / (rate(results, imported + signed))).round(),
        "search_ms": asked.round(), "peak_megabytes": peak_megabytes(),
    }))
}
