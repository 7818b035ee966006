//! Targeting in the demo: two years of fictitious past inspections, a model learnt from them, and a list for 城关区 that was
//! proposed, drawn, accepted and for the most part carried out.

use super::load::Loader;
use super::people;
use super::sampling::COUNTY;
use super::world::{Firm, Kind};
use crate::out;
use access::Principal;
use anyhow::{Context as _, Result, ensure};
use base::{Id, Instant};
use jiff::ToSpan;
use ledger::{Actor, Context};
use paper::sheet::{Sheet, Value, Workbook, write_csv};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value as Json, json};
use target::{Aim, Learnt, NewProposal, Why};

const DAY: i64 = 86_400;
/// Most firms with a past, and past inspections of each.
const MOST: usize = 600;
const VISITS: usize = 5;
/// Lines of the proposal, and the share drawn at random.
const TAKE: u32 = 12;
const SHARE: f64 = 0.25;

/// The hazard of a firm on the log-odds scale, the same for all of its visits: what its business brings, and what is its own (about
/// normal with a standard deviation of 1.2, from its place in the world). Both the outcome and the count of general points
/// follow it, so that a record says something of the next visit.
pub(super) fn hazard(firm: &Firm, index: usize) -> f64 {
    let part = |factor: usize| (index.wrapping_mul(factor) % 1000) as f64 / 1000.0;
    let own = 2.4 * (part(2_654_435_761) + part(7_919) + part(104_729) - 1.5);
    let kind = match firm.kind {
        Kind::Canteen => -2.6,
        Kind::Caterer => -1.4,
        Kind::Line(_) | Kind::Laboratory => -2.0,
    };
    kind + own
}

/// The chance that a visit finds something, with the log-odds of who comes.
fn chance(hazard: f64, strictness: f64) -> f64 {
    1.0 / (1.0 + (-(hazard + strictness)).exp())
}

/// Everybody who is inspected, with the place in the world.
fn inspected<'a>(loader: &'a Loader<'_>) -> Vec<(usize, &'a Firm)> {
    let farm = |f: &Firm| super::world::kind_code(f.kind) == "farm" || f.kind == Kind::Laboratory;
    loader.world.firms.iter().enumerate().filter(|(_, f)| !farm(f)).collect()
}

/// The past as other systems kept it: firms of 城关区 and others, five visits each in two years, by a strict and a lenient team.
fn past(loader: &Loader<'_>, now: Instant) -> Result<(usize, Vec<u8>)> {
    let header = ["统一社会信用代码", "检查日期", "发现问题", "重点项不合格数", "一般项不合格数", "检查组"];
    let mut sheet =
        Sheet { name: "past".to_owned(), header: header.map(ToOwned::to_owned).to_vec(), rows: Vec::new() };
    let mut rng = Pcg64Mcg::seed_from_u64(0x7a26_e701);
    let mut firms = inspected(loader);
    // the county of the demo first, so that it is whole in a large province
    firms.sort_by_key(|(i, f)| (!f.region.starts_with(COUNTY), *i));
    let today = now.china_date();
    firms.truncate(MOST);
    for (index, firm) in firms.iter().flat_map(|f| std::iter::repeat_n(*f, VISITS)) {
        let hazard = hazard(firm, index);
        let strict = rng.random_range(0..2) == 0;
        let strictness = if strict { 0.7 } else { -0.7 };
        let found = rng.random_range(0.0..1.0) < chance(hazard, strictness);
        let key = u32::from(found && rng.random_range(0..3) == 0);
        // eight general points, each with the odds of the firm and the team; what is found is at least one
        let points = (0..8).filter(|_| rng.random_range(0.0..1.0) < chance(hazard, strictness - 0.5)).count();
        let general = points.max(usize::from(found && key == 0));
        let on = today.checked_sub(rng.random_range(30..720_i64).days())?;
        sheet.rows.push(vec![
            Value::Text(firm.uscc.clone()),
            Value::Date(on),
            Value::Text(if found { "是" } else { "否" }.to_owned()),
            Value::Text(key.to_string()),
            Value::Text(general.to_string()),
            Value::Text(format!(
                "{}-{}",
                &firm.region[..4.min(firm.region.len())],
                if strict { "甲" } else { "乙" }
            )),
        ]);
    }
    Ok((sheet.rows.len(), write_csv(&sheet)?))
}

/// History, model, and a proposal carried out under the running plan of 城关区.
pub(crate) async fn run(loader: &Loader<'_>, plan: Option<Id>, now: Instant) -> Result<()> {
    out::progress("风险导向 targeting");
    let target = &loader.app.target;
    let (rows, file) = past(loader, now)?;
    if rows == 0 {
        return Ok(());
    }
    let cx = loader.context(&loader.exchange, now.plus_seconds(-8 * DAY));
    let mut tx = loader.app.store.begin().await?;
    let done = target
        .import_history(&mut tx, &cx, &loader.exchange, "62", &Workbook::read(&file, "past.csv")?)
        .await?;
    tx.commit().await?;
    ensure!(done.rows == rows, "not every past inspection was imported");
    let system = Context {
        actor: Actor::system("targeting"),
        ..loader.context(&loader.exchange, now.plus_seconds(-7 * DAY))
    };
    let learnt = target.learn(&loader.app.store, &system, Aim::Inspect).await?;
    target.learn(&loader.app.store, &system, Aim::Sample).await?;
    // a province of a few firms has too little to learn from: its pages say so
    let (Learnt::New(_), Some(plan)) = (learnt, plan) else { return Ok(()) };
    list(loader, plan, now).await
}

/// Proposed by the province's desk, accepted by its colleague, carried out by the officers of the county.
async fn list(loader: &Loader<'_>, plan: Id, now: Instant) -> Result<()> {
    let (app, target) = (&loader.app, &loader.app.target);
    let person = async |login: &str| {
        people::principal(&app.store, &loader.access, login, &loader.context(&loader.exchange, now)).await
    };
    let (one, two, officer) = (person("desk").await?, person("desk2").await?, person("chengguan").await?);
    let at = |hours: i64| now.plus_seconds(-6 * DAY + hours * 3600);
    let mut tx = app.store.begin().await?;
    let new = NewProposal {
        aim: Aim::Inspect,
        region: COUNTY.to_owned(),
        kind: String::new(),
        take: TAKE,
        share: SHARE,
        quota: 1,
        source: "演示公开随机数（双色球示例期号）".to_owned(),
        source_due: at(12),
    };
    let id = match target.propose(&mut tx, &loader.context(&one, at(0)), &one, new).await {
        Ok(id) => id,
        // fewer firms in the county than lines
        Err(target::Error::Invalid { field: "take", .. }) => return Ok(tx.rollback().await?),
        Err(e) => return Err(e.into()),
    };
    target.draw_audit(&mut tx, &loader.context(&one, at(13)), &one, id, "03 11 17 22 26 33 + 09").await?;
    tx.commit().await?;
    let (_, _, items, _) = target.proposal(&app.store, &two, at(14), id).await?;
    let keep: Vec<String> = items.iter().filter(|i| i.why == Why::Score).map(|i| i.subject.clone()).collect();
    let source = ("演示公开随机数（下一期）", at(40));
    let mut tx = app.store.begin().await?;
    let draw =
        target.decide(&mut tx, &loader.context(&two, at(15)), &two, id, &keep, plan, source, "").await?;
    app.field
        .perform_draw(&mut tx, &loader.context(&officer, at(41)), &officer, draw, "02 09 14 20 28 30 + 11")
        .await?;
    tx.commit().await?;
    let opened = field::opened_by(&app.store, draw).await?;
    // the last two are still to be done
    let ready = opened.len().saturating_sub(2);
    for (n, (matter, operator)) in opened.into_iter().take(ready).enumerate() {
        let bad = loader.firm_ids.iter().position(|f| *f == operator).is_some_and(|i| {
            let chance = chance(hazard(&loader.world.firms[i], i), 0.0);
            (i * 7_927 % 1000) as f64 / 1000.0 < chance
        });
        carry_out(loader, &officer, matter, at(50 + i64::try_from(n).unwrap_or(0)), bad)
            .await
            .with_context(|| format!("inspection {matter}"))?;
    }
    Ok(())
}

/// Records an inspection: every point passes, but for the first where something is found.
async fn carry_out(
    loader: &Loader<'_>,
    officer: &Principal,
    matter: Id,
    at: Instant,
    bad: bool,
) -> Result<()> {
    let field = &loader.app.field;
    let mut tx = loader.app.store.begin().await?;
    let sheet = field.office.sheet(&mut tx, matter).await.map_err(|e| anyhow::anyhow!(e))?;
    let business = sheet["business"].as_str().unwrap_or_default().to_owned();
    let items: Vec<Json> = sheet["items"].as_array().cloned().unwrap_or_default();
    let answers: Vec<Json> = items
        .iter()
        .enumerate()
        .map(|(n, item)| {
            let failed = bad && n == 0;
            let mut row = json!({ "item": item["id"], "result": if failed { "fail" } else { "pass" } });
            if failed {
                row["note"] = json!("演示发现");
            }
            row
        })
        .collect();
    let mut form = json!({
        "business": business, "checked_on": at.china_date().to_string(), "reply": "无异议（演示）",
        "officer_signature": { "name": "演示" }, "firm_signature": { "name": "演示" },
    });
    form[business.as_str()] = json!(answers);
    let cx = loader.context(officer, at);
    field.office.record(&mut tx, &cx, officer, matter, &form).await.map_err(|e| anyhow::anyhow!(e))?;
    tx.commit().await?;
    Ok(())
}
