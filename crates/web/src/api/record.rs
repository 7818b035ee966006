//! The record: the feed of the journal, receipts, lots, scope, attachments.

use super::caller::Caller;
use super::sent::Params;
use crate::fault::{Answer, Fault};
use crate::pages::journal::entries_seen;
use crate::session::FORM_BYTES;
use crate::state::App;
use crate::uploads;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base::{Id, Instant, Text};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::ScopeOptions;

const EVENT: Text = Text::of("事件", "event");
/// Entries a page of the feed, unless said, and at most.
const PAGE: i64 = 100;
const MOST: i64 = 1000;
/// Entries with proofs at most.
const FEED: i64 = 500;

/// `GET /api/v1/journal?after=N`: entries of the caller's regions in the order of the log. Right: view journal.
pub(super) async fn journal(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["after", "limit", "kind", "subject"])?;
    let limit = p.read("limit", "100")?.unwrap_or(PAGE).clamp(1, MOST);
    let mut sql =
        store::Sql::new("select id, at, kind, region, subject, actor, position from journal where ");
    sql.append(&entries_seen(&app, &caller.who));
    sql.push(" and position > ").bind(p.read::<i64>("after", "1200")?.unwrap_or(-1));
    for (column, name) in [(" and kind = ", "kind"), (" and subject = ", "subject")] {
        if let Some(value) = p.get(name) {
            sql.push(column).bind(value);
        }
    }
    sql.push(" order by position limit ").bind(limit);
    let mut entries = Vec::new();
    let mut next = None;
    for r in app.store.select(&sql).await? {
        next = r.opt_int("position")?;
        entries.push(json!({
            "position": next,
            "id": r.id("id")?,
            "at": r.instant("at")?.rfc3339(),
            "kind": r.text("kind")?,
            "region": r.text("region")?,
            "subject": r.text("subject")?,
            "actor": r.text("actor")?,
        }));
    }
    Ok(Json(json!({ "entries": entries, "next": next })).into_response())
}

/// `GET /api/v1/journal/feed?after=N&held=SIZE`: a stretch of the log with proofs, for another system's mirror; what lies
/// outside the caller's regions is given as its leaf only. Right: view journal.
pub(super) async fn feed(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["after", "limit", "held"])?;
    let limit = p.read("limit", "100")?.unwrap_or(PAGE).clamp(1, FEED);
    let after = p.read::<i64>("after", "1200")?.unwrap_or(-1);
    let held = p.read::<u64>("held", "1200")?;
    let limit = u32::try_from(limit).unwrap_or(1);
    let Some(stretch) = ledger::stretch(&app.store, after, limit, held).await.map_err(Fault::internal)?
    else {
        let none = json!({ "checkpoint": null, "key": null, "size": 0, "entries": [], "consistency": [], "next": after });
        return Ok(Json(none).into_response());
    };
    if held.is_some_and(|h| h > stretch.size) {
        return Err(Fault::bad(
            "held",
            Text::new(
                format!("日志只有 {} 条，少于 held。", stretch.size),
                format!("The log has {} entries, fewer than `held`.", stretch.size),
            ),
        ));
    }
    let last = stretch.entries.last().map_or(after, |e| e.position);
    let mut sql = store::Sql::new("select position from journal where ");
    sql.append(&entries_seen(&app, &caller.who));
    sql.push(" and position > ").bind(after).push(" and position <= ").bind(last);
    let mut seen = std::collections::BTreeSet::new();
    for row in app.store.select(&sql).await? {
        seen.insert(row.int("position")?);
    }
    let hex = |all: &[[u8; 32]]| all.iter().map(hex::encode).collect::<Vec<_>>();
    let entries: Vec<Value> = stretch
        .entries
        .iter()
        .map(|e| {
            json!({
                "position": e.position,
                "leaf": hex::encode(e.leaf),
                "proof": hex(&e.proof),
                "entry": seen.contains(&e.position).then_some(&e.canonical),
            })
        })
        .collect();
    let body = json!({
        "checkpoint": stretch.checkpoint, "key": stretch.key, "size": stretch.size, "entries": entries,
        "consistency": hex(&stretch.consistency), "next": last,
    });
    Ok(Json(body).into_response())
}

/// `GET /api/v1/events/{id}/receipt`: the proof that the event is in the journal. Right: view event.
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(event): Path<String>,
) -> Answer {
    let now = app.now();
    let event = match event.parse::<Id>() {
        Ok(found) => found,
        // also by eventID or hash id
        Err(_) => {
            let named = app.supply.events_named(&caller.who, now, &event).await?;
            named.first().ok_or_else(|| Fault::not_found(&EVENT))?.event.id
        }
    };
    let receipt = app.supply.event_receipt(&caller.who, now, event).await.map_err(|e| match e {
        supply::Error::Ledger(ledger::Error::NotSequenced(_)) => Fault::conflict(Text::of(
            "记录刚写入，约一秒后即可取得回执，请重试。",
            "The record was just written; its receipt is ready in about a second. Ask again.",
        )),
        other => other.into(),
    })?;
    Ok(Json(receipt).into_response())
}

/// `GET /api/v1/lots?item=`: where a lot came from, went to and is. Right: view lot.
pub(super) async fn lots(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["item"])?;
    let item = epcis::ident::item_key(p.need("item")?).uri;
    let view = app.supply.lots(&caller.context(&app), &caller.who, &item).await?;
    Ok(Json(view).into_response())
}

/// `GET /api/v1/scope?item=&place=&at=`: everything a failed sample puts under suspicion. Right: view lot, as an authority.
pub(super) async fn scope(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["item", "place", "at", "from_item", "siblings"])?;
    let item = epcis::ident::item_key(p.need("item")?).uri;
    let place = p.get("place").map(epcis::ident::place_key);
    let at = match p.get("at") {
        None => None,
        Some(text) => Some(Instant::parse(&text.replace(' ', "+")).map_err(|_| {
            Fault::bad(
                "at",
                Text::of("时间应如 2026-11-21T08:00:00Z。", "A time looks like 2026-11-21T08:00:00Z."),
            )
        })?),
    };
    let options = ScopeOptions {
        from_item: p.get("from_item").map(|i| epcis::ident::item_key(i).uri),
        include_sibling_outputs: p.read("siblings", "true")?.unwrap_or(false),
        bounds: None,
    };
    let cx = caller.context(&app);
    let report = app.supply.scope(&cx, &caller.who, &item, place.as_deref(), at, options).await?;
    Ok(Json(report).into_response())
}

/// `POST /api/v1/attachments`: a picture or PDF to be named in a form afterwards; kept under its hash, so a repeat
/// changes nothing. Right: an account.
pub(super) async fn attach(State(app): State<Arc<App>>, caller: Caller, body: Body) -> Answer {
    let bytes = axum::body::to_bytes(body, FORM_BYTES).await.map_err(|_| {
        Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Text::of("附件超过 24 MB，或传输中断。", "The attachment has more than 24 MB, or broke off."),
        )
    })?;
    uploads::admit(&app, &caller.who, bytes.len()).await?;
    let kept = uploads::keep(&app, "body", bytes.into()).await?;
    let mut tx = app.store.begin().await?;
    flow::record_file(&mut tx, &caller.context(&app), &app.attachments, &kept).await?;
    let a = kept.attachment();
    tx.commit().await?;
    let body: Value = json!({ "sha256": a.sha256, "media_type": a.media_type, "size": a.size });
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/files/{}", a.sha256))], Json(body))
        .into_response())
}
