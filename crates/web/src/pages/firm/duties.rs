//! What the firm owes: its matters and tasks with their statutory clocks.

use super::operator;
use crate::fault::Answer;
use crate::layout;
use crate::pages::show::clock_badge;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use flow::view::{MatterFilter, TaskFilter, TaskState, Whose};
use maud::{Markup, html};
use std::sync::Arc;

const PAGE: usize = 50;

/// `GET /firm/duties`. Right: view matter and task, of the own operator.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let links = ListLinks::read("/firm/duties", raw.as_deref(), "due");
    let closed = links.get("running") == Some("closed");
    let filter = MatterFilter { operator: Some(own), running: Some(!closed), ..MatterFilter::default() };
    let (engine, access, who, now) = (&app.engine, &app.access, &viewer.who, app.now());
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::matters(&app.store, engine, access, who, now, filter, after.as_deref(), limit).await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        let mut sheet = crate::export::sheet(
            "duties",
            &["matter", "procedure", "title", "state", "due", "opened", "closed"],
        );
        for m in &rows {
            sheet.rows.push(crate::export::texts([
                m.id.to_string(),
                m.procedure_title.get(lang).to_owned(),
                m.title.get(lang).to_owned(),
                m.state_title.get(lang).to_owned(),
                m.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
                m.opened_at.rfc3339(),
                m.closed_at.map(base::Instant::rfc3339).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let state = if closed { TaskState::Done } else { TaskState::Open };
    let filter = TaskFilter { whose: Whose::All, state, ..TaskFilter::default() };
    let tasks = flow::view::tasks_for(&app.store, engine, access, who, now, &filter, None, PAGE).await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|m| {
            vec![
                html! { a href={ "/firm/duties/" (m.id) } { (m.title.get(lang)) } },
                html! { (m.procedure_title.get(lang)) },
                html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) },
                html! { @if let Some(due) = &m.due { (clock_badge(lang, due)) } @else { "—" } },
                html! { (m.opened_at.china_date()) },
            ]
        })
        .collect();
    let title = lang.pick("待办义务", "Duties");
    let states: Vec<(String, String)> = [("", "在办", "Running"), ("closed", "已结", "Closed")]
        .iter()
        .map(|(v, zh, en)| ((*v).to_owned(), lang.pick(zh, en).to_owned()))
        .collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        form.filters method="get" {
            (ui::select(&ui::Field { name: "running", label: lang.pick("状态", "State"), value: links.get("running").unwrap_or_default(), ..ui::Field::default() }, &states))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() && tasks.rows.is_empty() {
            (ui::empty(lang.pick("没有义务", "No duties"), lang.pick("召回、整改等事项及其法定时限会出现在这里。", "Recalls, rectifications and their statutory clocks appear here.")))
        }
        @if !tasks.rows.is_empty() { ul.tasks { @for t in &tasks.rows { li {
            h3 { a href={ "/desk/tasks/" (t.id) } { (t.kind_title.get(lang)) " · " (t.title.get(lang)) } }
            p { @if let Some(due) = &t.due { (clock_badge(lang, due)) " " } (ui::meter(t.items_done, t.items_total)) }
        } } } }
        @if !rows.is_empty() {
            (ui::table(lang, title, &[Column::text("事项", "Matter"), Column::text("程序", "Procedure"), Column::text("环节", "State"),
                Column::text("时限", "Clock"), Column::text("立项", "Opened")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}
