//! The watch in the background: the province's own records counted as they come, every series judged each night.
//!
//! Counted are complaints and reports (all, and by the words of the plan's hazards), failed samples, and the cold-chain breaks and
//! rumours that people enter, by county. Foodborne illness comes as files or from other systems.

use super::background::repeat;
use ::watch::{Cover, NewCount, Watch};
use base::{IdGen, Instant, Lang};
use ledger::{Actor, Context};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, lease};

/// How often it looks for new records.
const LOOK: Duration = Duration::from_secs(60);
/// Days of records counted again at each look: late ones and overturned ones are found.
const DAYS: i64 = 30;
/// Days counted at the first look.
const FIRST: i64 = 800;
/// How long one process keeps the watch, unless it looks again.
const LEASE_SECONDS: i64 = 900;
const DAY: i64 = 86_400_000_000;

/// Looks until `stop` turns true; one process at a time, by lease.
pub(crate) async fn watch_on(app: Arc<web::App>, holder: String, stop: tokio::sync::watch::Receiver<bool>) {
    repeat("the watch over counts", LOOK, app, holder, stop, look).await;
}

async fn look(app: &web::App, holder: &str) -> anyhow::Result<()> {
    let now = app.now();
    let Some(_lease) = lease::acquire(&app.store, "watch", holder, LEASE_SECONDS, now).await? else {
        return Ok(());
    };
    let touched = gather(&app.store, &app.watch, &app.ids, now).await?;
    let cx = context(&app.ids, now);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if app.watch.is_due(&app.store, now).await? {
        let judged = app.watch.judge_all(&app.store, &cx, threads).await?;
        tracing::info!(?judged, "the night's judgement of all series");
    } else if !touched.is_empty() {
        let judged = app.watch.judge_touched(&app.store, &cx, &touched, threads).await?;
        tracing::info!(?judged, "series with new counts judged");
    }
    Ok(())
}

fn context(ids: &Arc<IdGen>, now: Instant) -> Context {
    Context { now, ids: ids.clone(), actor: Actor::system("watch"), lang: Lang::Zh }
}

/// Counts the platform's own records; gives the series that changed.
pub(crate) async fn gather(
    store: &Store,
    watch: &Watch,
    ids: &Arc<IdGen>,
    now: Instant,
) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut touched = BTreeSet::new();
    let today = now.china_date();
    for source in ["matters", "samples"] {
        let before = watch.covered_until(store, source).await?;
        let days = if before.is_some() { DAYS } else { FIRST };
        let from = Instant::china(Instant(now.0 - days * DAY).china_date(), 0, 0);
        let mut counts: BTreeMap<(String, String, base::Date), i64> = BTreeMap::new();
        let mut count = |hazard: &str, region: &str, at: Instant| {
            if let Ok(code) = region.parse::<base::region::RegionCode>() {
                *counts.entry((hazard.to_owned(), code.six(), at.china_date())).or_default() += 1;
            }
        };
        let kind = if source == "matters" { "complaint" } else { "failure" };
        let hazards: Vec<_> = watch.plan.hazards.iter().filter(|h| h.kind == kind).collect();
        if source == "matters" {
            for told in flow::view::told_all(store, from, now).await? {
                let text = told.text.to_lowercase();
                for h in &hazards {
                    if h.words.is_empty() || h.words.iter().any(|w| text.contains(w.as_str())) {
                        count(&h.id, &told.region, told.opened);
                    }
                }
            }
        } else {
            for failed in lab::failed_since(store, from).await? {
                hazards.iter().for_each(|h| count(&h.id, &failed.region, failed.at));
            }
        }
        // a day that has just begun is judged as soon as something of it is known
        let yesterday = Instant(now.0 - DAY).china_date();
        let last = counts.keys().map(|k| k.2).max().map_or(yesterday, |d| d.max(yesterday)).min(today);
        let counts: Vec<NewCount> = counts
            .into_iter()
            .map(|((hazard, place, day), cases)| NewCount { place, hazard, day, cases })
            .collect();
        let cover = Cover { region: "62".to_owned(), first: from.china_date(), last };
        let names: Vec<&str> = hazards.iter().map(|h| h.id.as_str()).collect();
        let mut tx = store.begin().await?;
        touched
            .extend(watch.note_counts(&mut tx, &context(ids, now), source, &names, &cover, &counts).await?);
        tx.commit().await?;
    }
    touched.extend(entered(store, watch, ids, now).await?);
    Ok(touched)
}

/// Counts the events people entered. Before the first of them nothing is known; from then on a day without one has none.
async fn entered(
    store: &Store,
    watch: &Watch,
    ids: &Arc<IdGen>,
    now: Instant,
) -> anyhow::Result<BTreeSet<(String, String)>> {
    let from = Instant(now.0 - FIRST * DAY).china_date();
    let Some((first, counts)) = watch.reported_since(store, from).await? else { return Ok(BTreeSet::new()) };
    let today = now.china_date();
    let yesterday = Instant(now.0 - DAY).china_date();
    let last = counts.iter().map(|c| c.day).max().map_or(yesterday, |d| d.max(yesterday)).min(today);
    let cover = Cover { region: "62".to_owned(), first: first.max(from), last };
    let hazards: Vec<&str> = watch.entered_hazards().map(|h| h.id.as_str()).collect();
    let mut tx = store.begin().await?;
    let touched =
        watch.note_counts(&mut tx, &context(ids, now), "reports", &hazards, &cover, &counts).await?;
    tx.commit().await?;
    Ok(touched)
}
