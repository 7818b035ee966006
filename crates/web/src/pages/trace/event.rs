//! One event as the evidence behind a link: what, when, where, why, as captured, with its proof.

use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::scope::place_link;
use crate::pages::show::step_name;
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::Question;

/// Lots of an answer its evidence is looked up by.
pub(super) const LOTS: usize = 10;

/// `GET /trace/event/{id}?lot=`. Right: view event where it was captured; or, as evidence of an answer about the lots
/// named, to trace one of them.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("事件", "event")))?;
    let asked = ListLinks::read("/trace/event", raw.as_deref(), "");
    let lots: Vec<&str> =
        asked.query.iter().filter(|(k, _)| k == "lot").map(|(_, v)| v.as_str()).take(LOTS).collect();
    let detail = app.supply.evidence(&context(&app, &viewer), &viewer.who, id, &lots).await?;
    let e = &detail.event;
    let legend = app.supply.names_of(e).await?;
    let place = |p: &Option<String>| match p {
        Some(p) => place_link(&legend, supply::site_key(p)),
        None => html! { "—" },
    };
    let step = step_name(lang, e.biz_step.as_deref(), &e.kind);
    let title = format!("{} · {step}", lang.pick("事件", "Event"));
    let rows: Vec<Vec<Markup>> = e
        .items
        .iter()
        .map(|i| {
            vec![
                html! { (i.role.word()) },
                html! { a href=(super::lot_address(Question::Hop, &i.item)) { (legend.lot_name(&i.item)) } },
                html! { @match i.qty { Some(q) => { (q) " " (i.uom.as_deref().unwrap_or_default()) } None => "—" } },
            ]
        })
        .collect();
    let columns =
        [Column::text("角色", "Part"), Column::text("批次", "Lot"), Column::num("数量", "Quantity")];
    let body = serde_json::to_string_pretty(&detail.body).unwrap_or_default();
    Ok(layout::page(&viewer, &title, &html! {
        (layout::crumbs(&[("/trace", lang.pick("追溯", "Trace")), ("", &title)]))
        (layout::head(&title, &html! { a.button.plain href={ "/api/v1/events/" (id) "/receipt" } { (lang.pick("存证回执", "Receipt")) } }))
        @if e.withdrawn { (ui::message(Tone::Warn, &html! { p { (lang.pick("该事件已被更正声明撤回。", "An error declaration withdrew this event.")) } })) }
        (ui::facts(lang, &[
            (Text::of("业务步骤", "Step"), html! { (step) " " span.small.soft { (e.kind) @if let Some(a) = &e.action { " " (a) } @if let Some(s) = &e.biz_step { " " (s) } } }),
            (Text::of("发生时间", "When"), html! { (e.time.china_minute()) }),
            (Text::of("记录时间", "Recorded"), html! { (e.recorded.china_minute()) }),
            (Text::of("读取点", "Read point"), place(&e.read_point)),
            (Text::of("业务地点", "Location"), place(&e.biz_location)),
            (Text::of("来自", "From"), place(&e.source)),
            (Text::of("去往", "To"), place(&e.destination)),
            (Text::of("随货单据", "Document"), html! { (e.document.as_deref().unwrap_or("—")) }),
            (Text::of("事件编号", "Event id"), html! { code.break { (e.event_id) } }),
            (Text::of("事件校验码", "Check code"), html! { code.break { (e.hash) } }),
        ]))
        (ui::table(lang, lang.pick("涉及批次", "Lots"), &columns, &rows, None))
        details { summary { (lang.pick("原文（EPCIS JSON）", "As captured (EPCIS JSON)")) } pre.break { (body) } }
    }).into_response())
}
