//! Double-random inspections of the demo: the year's plan of 城关区, approved and published, and a draw in public.

use super::load::Loader;
use super::people;
use super::sampling::COUNTY;
use crate::out;
use access::Principal;
use anyhow::{Context as _, Result};
use base::{Id, Instant};
use field::NewDraw;
use flow::{Authority, Request};
use serde_json::json;

const DAY: i64 = 86_400;
/// Operators of the demo's draw.
const COUNT: u32 = 4;

async fn person(loader: &Loader<'_>, login: &str, now: Instant) -> Result<Principal> {
    people::principal(&loader.app.store, &loader.access, login, &loader.context(&loader.exchange, now)).await
}

/// Plan, draw, and its record opened to everybody; gives the plan, or nothing where there is nobody to inspect.
pub(crate) async fn run(loader: &Loader<'_>, now: Instant) -> Result<Option<Id>> {
    out::progress("双随机检查 double-random inspections");
    let (officer, desk) = (person(loader, "chengguan", now).await?, person(loader, "desk", now).await?);
    let second = person(loader, "desk2", now).await?;
    let plan = plan(loader, &officer, &desk, &second, now.plus_seconds(-20 * DAY)).await.context("plan")?;
    let field = &loader.app.field;
    let mut tx = loader.app.store.begin().await?;
    let new = NewDraw {
        plan,
        region: String::new(),
        business: Vec::new(),
        count: COUNT,
        source: "演示公开随机数（双色球示例期号）".to_owned(),
        source_due: now.plus_seconds(-2 * DAY),
        officers: Vec::new(),
        only: Vec::new(),
    };
    let cx = loader.context(&officer, now.plus_seconds(-3 * DAY));
    let draw = match field.freeze_draw(&mut tx, &cx, &officer, new).await {
        // a province of a few firms may have none in this county: it has a plan, and nobody to draw
        Err(field::Error::Invalid { field: "business", .. }) => return Ok(None),
        drawn => drawn?,
    };
    let cx = loader.context(&officer, now.plus_seconds(-2 * DAY + 600));
    field.perform_draw(&mut tx, &cx, &officer, draw, "05 08 13 19 22 31 + 04").await?;
    let cx = loader.context(&desk, now.plus_seconds(-2 * DAY + 1200));
    field.open_draw(&mut tx, &cx, &desk, draw).await?;
    tx.commit().await?;
    Ok(Some(plan))
}

/// The year's plan: drafted by the county, approved by the desk, published by a third person.
async fn plan(
    loader: &Loader<'_>,
    officer: &Principal,
    desk: &Principal,
    second: &Principal,
    at: Instant,
) -> Result<Id> {
    let (app, access) = (&loader.app, &loader.access);
    let form = json!({
        "year": at.china_date().year().to_string(), "a": "40", "b": "30", "c": "12", "d": "4", "per_a": "1", "per_b": "1.5",
        "per_c": "2.5", "per_d": "3.5", "focus": "学校食堂、集体配餐",
    });
    let mut tx = app.store.begin().await?;
    let request = Request { region: COUNTY.to_owned(), form, ..Request::default() };
    let authority = Authority::Person { access, who: officer };
    let cx = loader.context(officer, at);
    let plan =
        flow::open_by_form(&mut tx, &cx, &app.engine, authority, "inspection_plan", request).await?.matter;
    let cx = loader.context(desk, at.plus_seconds(DAY));
    flow::transition(&mut tx, &cx, &app.engine, access, desk, plan, 1, "approve", &json!({})).await?;
    tx.commit().await?;
    let later = at.plus_seconds(2 * DAY);
    let view = flow::view::matter(&app.store, &app.engine, access, second, later, plan).await?;
    let draft = view.documents.first().context("the plan has its document")?;
    let mut tx = app.store.begin().await?;
    let cx = loader.context(second, later);
    flow::publish_document(&mut tx, &cx, &app.engine, access, second, draft.id, draft.version).await?;
    tx.commit().await?;
    Ok(plan)
}
