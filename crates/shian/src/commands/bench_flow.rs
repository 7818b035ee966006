//! `shian bench flow`: fifty officers taking steps at once, and an inbox among a million matters.

use super::bench::{elapsed_ms, rate, spread};
use crate::config::Config;
use crate::province::{Province, Purpose, now};
use anyhow::{Context as _, ensure};
use base::{Id, Instant, Lang, Text};
use flow::view::InboxFilter;
use flow::{NewMatter, open_as, transition};
use ledger::Context;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Instant as Moment;
use store::Value;

/// Officers at work at once.
const OFFICERS: i64 = 50;
/// Steps each takes.
const STEPS: i64 = 40;
/// Matters in the office for the inbox.
const MATTERS: i64 = 1_000_000;
/// Rows an insert.
const ROWS: i64 = 2_000;
/// Looks into the inbox.
const LOOKS: usize = 50;

/// Figures of a temporary province on SQLite, or of an empty database on PostgreSQL.
pub(super) async fn run(mut config: Config) -> anyhow::Result<Json> {
    let folder = std::env::temp_dir().join(format!("shian-bench-flow-{}", std::process::id()));
    if config.database.sqlite_path().is_some() {
        config.database.url = format!("sqlite:{}", folder.join("shian.db").display());
    }
    config.data.clone_from(&folder);
    let province = Province::open(config, Purpose::Found).await?;
    let used = province.app.store.first("select id from matter limit 1", &[]).await?.is_some();
    ensure!(!used, "this database holds matters; measure flow in an empty one");
    let steps = steps(&province).await?;
    let filled = fill(&province).await?;
    let inbox = inbox(&province).await?;
    let full = self::steps(&province).await?;
    let engine = format!("{:?}", province.app.store.engine()).to_lowercase();
    province.close().await;
    std::fs::remove_dir_all(&folder).context("the temporary province stays behind")?;
    Ok(json!({
        "bench": "flow", "database": engine, "officers": OFFICERS, "steps": steps, "matters": MATTERS,
        "fill_seconds": filled, "inbox": inbox, "steps_among_them": full,
    }))
}

fn officer(n: i64) -> access::Principal {
    access::testing::principal(1_000 + n, access::Role::Officer, "620102", "market", None)
}

fn context(province: &Province, who: &access::Principal) -> Context {
    Context { now: now(), ids: province.app.ids.clone(), actor: who.actor(), lang: Lang::En }
}

/// Opens a matter for each officer in a state with a step that may be repeated.
async fn matters(province: &Province) -> anyhow::Result<Vec<Id>> {
    let app = &province.app;
    let mut all = Vec::new();
    for n in 0..OFFICERS {
        let cx = context(province, &officer(n));
        let mut tx = app.store.begin().await?;
        let title = Text::new(format!("虚构召回 {n}"), format!("fictitious recall {n}"));
        let subject = format!("lot:https://id.gs1.org/01/06990000000014/10/B{}", cx.id());
        let new =
            NewMatter::new("620102", subject, title).fact("harm", "general").fact("product", "虚构面粉");
        let authority = flow::Authority::System("bench");
        let matter = open_as(&mut tx, &cx, &app.engine, authority, "recall", new).await?.matter;
        tx.exec("update matter set state = 'started' where id = $1", &[matter.into()]).await?;
        tx.commit().await?;
        all.push(matter);
    }
    Ok(all)
}

/// Fifty officers at once, each step in its own transaction; afterwards the journal is read again.
async fn steps(province: &Province) -> anyhow::Result<Json> {
    let matters = Arc::new(matters(province).await?);
    let started = Moment::now();
    let mut at_work = tokio::task::JoinSet::new();
    for n in 0..OFFICERS {
        let (app, matters) = (province.app.clone(), matters.clone());
        at_work.spawn(async move {
            let who = officer(n);
            let mut ms = Vec::new();
            let mut lost = 0;
            let mut done = 0;
            let own = matters[usize::try_from(n).unwrap_or(0)];
            while done < STEPS {
                let row = app.store.one("select version from matter where id = $1", &[own.into()]).await?;
                let version = row.int("version")?;
                let cx = Context { now: now(), ids: app.ids.clone(), actor: who.actor(), lang: Lang::En };
                let one = Moment::now();
                let mut tx = app.store.begin().await?;
                let form = json!({ "reason": "补充召回区域" });
                let out = transition(
                    &mut tx,
                    &cx,
                    &app.engine,
                    &app.access,
                    &who,
                    own,
                    version,
                    "return_plan",
                    &form,
                )
                .await;
                match out {
                    Ok(_) => {
                        tx.commit().await?;
                        ms.push(elapsed_ms(one));
                        done += 1;
                    }
                    Err(flow::Error::Conflict { .. }) => lost += 1,
                    Err(e) => return Err(anyhow::Error::new(e)),
                }
            }
            Ok((ms, lost))
        });
    }
    let (mut ms, mut conflicts) = (Vec::new(), 0);
    while let Some(done) = at_work.join_next().await {
        let (one, lost) = done??;
        ms.extend(one);
        conflicts += lost;
    }
    let seconds = started.elapsed().as_secs_f64();
    // none lost, none doubled: as many entries as steps, and each matter as many versions on
    let store = &province.app.store;
    let mut journalled = 0;
    for matter in matters.iter() {
        let row = store
            .one(
                "select (select count(*) from journal j where j.subject = $2 and j.kind = 'matter.transition') as entries, \
                 (select count(*) from matter_step s where s.matter = m.id and s.kind = 'transition') as steps, m.version \
                 from matter m where m.id = $1",
                &[(*matter).into(), format!("matter:{matter}").into()],
            )
            .await?;
        let (entries, steps, version) = (row.int("entries")?, row.int("steps")?, row.int("version")?);
        ensure!(entries == STEPS && steps == STEPS && version == STEPS + 1, "a step was lost or doubled");
        journalled += entries;
    }
    let mut sorted = ms.clone();
    sorted.sort_by(f64::total_cmp);
    let p99 = sorted.get(sorted.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default();
    Ok(json!({
        "taken": ms.len(), "journalled": journalled, "conflicts": conflicts, "per_second": rate(ms.len(), seconds),
        "step": spread(ms), "p99_ms": (p99 * 1000.0).round() / 1000.0,
    }))
}

/// A million matters over the counties, four in ten running, each of those with its clock.
async fn fill(province: &Province) -> anyhow::Result<f64> {
    let app = &province.app;
    let started = Moment::now();
    let counties: Vec<String> =
        base::Regions::builtin().counties_of("62")?.iter().map(|r| r.code.as_str().to_owned()).collect();
    let hash = app.engine.procedure_in("recall", "62")?.hash.clone();
    let begun = now();
    let count = i64::try_from(counties.len()).unwrap_or(1);
    for first in (0..MATTERS).step_by(usize::try_from(ROWS).unwrap_or(1)) {
        let (mut matters, mut clocks): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for n in first..first + ROWS {
            let id = app.ids.next(begun);
            let region = counties[usize::try_from(n % count).unwrap_or(0)].clone();
            let running = n % 10 < 4;
            let due = begun.plus_seconds((n * 7_919) % 5_000_000);
            let opened = begun.plus_seconds(-(n % 30_000_000));
            matters.extend([
                id.into(),
                "recall".into(),
                hash.as_str().into(),
                region.into(),
                "market".into(),
                format!("lot:{n}").into(),
                None::<Id>.into(),
                format!("虚构召回 {n}").into(),
                format!("fictitious recall {n}").into(),
                "executing".into(),
                "{}".into(),
                1i64.into(),
                opened.into(),
                (!running).then_some(begun).into(),
                if running { due.0 } else { i64::MAX }.into(),
                1i64.into(),
                id.into(),
            ]);
            if running {
                clocks.extend([
                    app.ids.next(begun).into(),
                    id.into(),
                    "finish_2".into(),
                    opened.into(),
                    "[]".into(),
                    "[]".into(),
                    due.into(),
                    0i64.into(),
                    1i64.into(),
                ]);
            }
        }
        let mut tx = app.store.begin().await?;
        tx.insert_many(
            "insert into matter (id, procedure, hash, region, agency, subject, operator, title_zh, title_en, state, facts, \
             classification, opened_at, closed_at, next_due, version, root)",
            17,
            matters,
            "",
        )
        .await?;
        tx.insert_many(
            "insert into clock (id, matter, rule, started_at, suspensions, extensions, due, provisional, version)",
            9,
            clocks,
            "",
        )
        .await?;
        tx.commit().await?;
    }
    if app.store.engine() == store::Engine::Postgres {
        // as its housekeeping does within a minute; a fresh table has no statistics to plan by
        let mut tx = app.store.begin().await?;
        tx.exec("analyze", &[]).await?;
        tx.commit().await?;
    }
    Ok((started.elapsed().as_secs_f64() * 10.0).round() / 10.0)
}

/// The inbox of an officer of a county, of a desk of the province, and the second page.
async fn inbox(province: &Province) -> anyhow::Result<Json> {
    let app = &province.app;
    let desk = access::testing::principal(9, access::Role::Desk, "62", "market", None);
    let mut out = serde_json::Map::new();
    for (name, who) in [("officer", officer(1)), ("province_desk", desk)] {
        let mut ms = Vec::new();
        let mut after = None;
        for look in 0..LOOKS {
            let filter = InboxFilter::default();
            let at: Instant = now();
            let one = Moment::now();
            let page = flow::view::inbox(
                &app.store,
                &app.engine,
                &app.access,
                &who,
                at,
                &filter,
                after.as_deref(),
                50,
            )
            .await?;
            ms.push(elapsed_ms(one));
            ensure!(page.rows.len() == 50, "the inbox is not full");
            after = if look % 2 == 0 { page.next } else { None };
        }
        out.insert(name.to_owned(), spread(ms));
    }
    Ok(Json::Object(out))
}
