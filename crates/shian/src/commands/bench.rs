//! `shian bench`: what this machine does in a second, as JSON figures.

use super::{Outcome, Usage, bench_flow, bench_journal, bench_results, page_times};
use crate::cli::DataArgs;
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use crate::{log, out};
use anyhow::{Context as _, ensure};
use base::{Decimal, Instant, Lang};
use epcis::build::{Deal, Frame, Lot, receive, ship};
use ledger::Context;
use limits::{Case, Judge, Rules};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Instant as Moment;
use supply::{CaptureOptions, CaptureState, Format, ScopeOptions};

const NAMES: [&str; 7] = ["capture", "judge", "scope", "pages", "journal", "flow", "results"];

/// Measures one part.
pub(crate) async fn run(name: String, size: usize, data: DataArgs) -> Outcome {
    let config = Config::load(&data)?;
    log::init(config.log, true);
    let figures = match name.as_str() {
        "capture" => capture(config).await?,
        "judge" => judge(),
        "scope" => scope(config).await?,
        "pages" => page_times::run(config).await?,
        "journal" => bench_journal::run(config).await?,
        "flow" => bench_flow::run(config).await?,
        "results" => bench_results::run(config, size).await?,
        other => {
            return Err(Usage(format!("`{other}` cannot be measured; there are {}", NAMES.join(", "))).into());
        }
    };
    out::json(&figures);
    Ok(true)
}

/// Percentiles of milliseconds.
pub(crate) fn spread(mut ms: Vec<f64>) -> Json {
    ms.sort_by(f64::total_cmp);
    let at = |percent: usize| ms.get(ms.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0);
    let round = |v: f64| (v * 1000.0).round() / 1000.0;
    json!({ "count": ms.len(), "p50_ms": round(at(50)), "p95_ms": round(at(95)), "max_ms": round(at(100)) })
}

pub(crate) fn elapsed_ms(since: Moment) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(crate) fn rate(count: usize, seconds: f64) -> f64 {
    (count as f64 / seconds.max(1e-9)).round()
}

/// Captures documents of generated events into a province of its own in a temporary directory, durably.
async fn capture(mut config: Config) -> anyhow::Result<Json> {
    const DOCUMENTS: usize = 20;
    const EVENTS: usize = 1000;
    let folder = std::env::temp_dir().join(format!("shian-bench-{}", std::process::id()));
    if config.database.sqlite_path().is_some() {
        config.database.url = format!("sqlite:{}", folder.join("shian.db").display());
    }
    config.data.clone_from(&folder);
    let province = Province::open(config, Purpose::Found).await?;
    let used = province.app.store.first("select id from account limit 1", &[]).await?.is_some();
    ensure!(!used, "this database holds a province; measure capture in an empty one");
    let who = access::testing::desk("62");
    let cx = Context { now: now(), ids: province.app.ids.clone(), actor: who.actor(), lang: Lang::En };
    let mut ms = Vec::new();
    let mut bytes = 0;
    let started = Moment::now();
    for n in 0..DOCUMENTS {
        let document = document(n, EVENTS, cx.now);
        bytes += document.len();
        let one = Moment::now();
        let done = province
            .app
            .supply
            .capture(&cx, &who, document, Format::Json, &CaptureOptions::default())
            .await?;
        ms.push(elapsed_ms(one));
        ensure!(done.state == CaptureState::Stored, "the generated events were refused");
    }
    let seconds = started.elapsed().as_secs_f64();
    let engine = format!("{:?}", province.app.store.engine()).to_lowercase();
    province.close().await;
    std::fs::remove_dir_all(&folder).context("the temporary province stays behind")?;
    Ok(json!({
        "bench": "capture", "database": engine, "documents": DOCUMENTS, "events": DOCUMENTS * EVENTS,
        "megabytes": bytes / 1_000_000, "events_per_second": rate(DOCUMENTS * EVENTS, seconds),
        "document": spread(ms),
    }))
}

/// One document: lots shipped and received between a few hundred places.
fn document(n: usize, events: usize, at: Instant) -> Vec<u8> {
    let place = |i: usize| format!("https://id.gs1.org/414/{}", gln(i % 300));
    let drafts = (0..events).map(|i| {
        let number = n * events + i;
        let time = at.plus_seconds(i64::try_from(i).unwrap_or(0) - 86_400);
        let (from, to) = (place(number / 3), place(number / 3 + 1));
        let class = format!("https://id.gs1.org/01/06990000000014/10/B{}", number / 2);
        let lots = [Lot::new(&class, Decimal::new(105, 1), Some("KGM"))];
        let deal = Deal { from: Some(&from), to: Some(&to), paper: None };
        if number.is_multiple_of(2) {
            ship(&Frame { time, zone_minutes: 480, place: &from }, &lots, &deal)
        } else {
            receive(&Frame { time, zone_minutes: 480, place: &to }, &lots, &deal)
        }
    });
    epcis::build::document(drafts, at).to_string().into_bytes()
}

/// A location number with its check digit, of a plainly fictitious prefix.
fn gln(i: usize) -> String {
    let body = format!("6990000{i:05}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, b)| u32::from(b - b'0') * if n % 2 == 0 { 3 } else { 1 })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Judges results of common foods in memory.
fn judge() -> Json {
    const FOODS: [&str; 8] = ["大米", "小麦粉", "挂面", "猪肉", "白菜", "苹果", "酱油", "茶叶"];
    const ANALYTES: [&str; 6] = ["铅", "镉", "总汞", "铬", "黄曲霉毒素B1", "毒死蜱"];
    const VALUES: [&str; 4] = ["0.05", "0.36", "<0.01", "2.1"];
    let mut judge = Judge::new(Rules::builtin());
    let today = now().china_date();
    let mut cases = Vec::new();
    for food in FOODS {
        for analyte in ANALYTES {
            cases.extend(VALUES.map(|value| Case::new(food, analyte, value, "mg/kg", today)));
        }
    }
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let started = Moment::now();
    let mut judged = 0usize;
    while judged < 2_000_000 && started.elapsed().as_secs() < 10 {
        for case in &cases {
            *outcomes.entry(judge.decide(case).outcome.word()).or_default() += 1;
        }
        judged += cases.len();
    }
    let seconds = started.elapsed().as_secs_f64();
    json!({ "bench": "judge", "results": judged, "results_per_second": rate(judged, seconds), "outcomes": outcomes })
}

/// Draws the scope of lots of a province, by size of scope.
async fn scope(config: Config) -> anyhow::Result<Json> {
    let started = Moment::now();
    let province = Province::open(config, Purpose::Look).await?;
    let open_ms = elapsed_ms(started);
    let supply = &province.app.supply;
    let lots = province.app.store.query("select item from lot order by first_event", &[]).await?;
    let step = (lots.len() / 400).max(1);
    let mut by_size: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for row in lots.iter().step_by(step) {
        let item = row.text("item")?;
        let one = Moment::now();
        match supply.draw_scope(&item, None, None, ScopeOptions::default()).await {
            Ok(report) => {
                let size = report.places();
                let class = [10, 100, 1000].into_iter().find(|c| size <= *c).unwrap_or(usize::MAX);
                by_size.entry(class).or_default().push(elapsed_ms(one));
            }
            Err(supply::Error::NotFound(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let stats = supply.index.read(chain::Index::stats);
    let sizes: serde_json::Map<String, Json> = by_size
        .into_iter()
        .map(|(class, ms)| {
            let name = if class == usize::MAX { "more".to_owned() } else { format!("up_to_{class}_places") };
            (name, spread(ms))
        })
        .collect();
    let figures = json!({
        "bench": "scope", "lots": lots.len(), "links": stats.links, "nodes": stats.nodes,
        "index_bytes": stats.bytes, "open_ms": open_ms.round(), "scopes": sizes,
    });
    province.close().await;
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_documents_are_valid_and_their_places_have_right_check_digits() {
        assert!(gln(7).parse::<base::gs1::Gln>().is_ok());
        let document = document(3, 10, Instant::parse("2026-10-01T00:00:00Z").unwrap());
        let report = epcis::validate_report(&document, "generated");
        assert!(report.valid, "{:?}", report.problems);
        assert_eq!(report.events, 10);
    }

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let figures = spread((1..=100).rev().map(f64::from).collect());
        assert_eq!((figures["p50_ms"].as_f64(), figures["max_ms"].as_f64()), (Some(50.0), Some(100.0)));
    }
}
