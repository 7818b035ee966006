//! What the firm owes: the matters in which it is the firm's turn, with the firm's own clocks, and its tasks; apart from them the
//! matters the authority works on.

use super::operator;
use crate::fault::Answer;
use crate::layout;
use crate::pages::show::clock_badge;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Lang;
use flow::view::{MatterFilter, MatterLine, TaskFilter, TaskState, Turn, Whose};
use maud::{Markup, html};
use std::sync::Arc;

const PAGE: usize = 50;

/// What the firm may do now in a matter, by the procedure in force.
pub(super) fn steps(app: &App, lang: Lang, m: &MatterLine) -> String {
    let Ok(procedure) = app.engine.procedure_in(&m.procedure, &m.region) else { return String::new() };
    let own = procedure.definition.leaving(&m.state).filter(|t| t.by == flow::Side::Operator && !t.quiet);
    let names: Vec<&str> = own.map(|t| t.title.get(lang)).collect();
    names.join(lang.pick("、", ", "))
}

/// `GET /firm/duties`. Right: view matter and task, of the own operator.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let links = ListLinks::read("/firm/duties", raw.as_deref(), "due");
    let asked = links.get("running").unwrap_or_default().to_owned();
    let closed = asked == "closed";
    let turn = match asked.as_str() {
        "closed" => None,
        "authority" => Some(Turn::Authority),
        _ => Some(Turn::Operator),
    };
    let filter =
        MatterFilter { operator: Some(own), running: Some(!closed), turn, ..MatterFilter::default() };
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
    let mut tasks = flow::view::tasks_for(&app.store, engine, access, who, now, &filter, None, PAGE).await?;
    if turn == Some(Turn::Authority) {
        tasks.rows.clear();
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|m| {
            vec![
                html! { a href={ "/firm/duties/" (m.id) } { (m.title.get(lang)) } },
                html! { (m.procedure_title.get(lang)) },
                html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) },
                html! { @if closed { "—" } @else { (steps(app, lang, m)) } },
                html! { @if let Some(due) = &m.due { (due.title.get(lang)) " " (clock_badge(lang, due)) } @else { "—" } },
                html! { (m.opened_at.china_date()) },
            ]
        })
        .collect();
    let title = lang.pick("待办义务", "Duties");
    let clock = match turn {
        Some(Turn::Operator) => Column::text("本单位时限", "Your time"),
        Some(Turn::Authority) => Column::text("监管部门时限", "Time of the authority"),
        None => Column::text("时限", "Clock"),
    };
    let states: Vec<(String, String)> = [
        ("", "待本单位办理", "Waiting for you"),
        ("authority", "监管部门办理中", "With the authority"),
        ("closed", "已结", "Closed"),
    ]
    .iter()
    .map(|(v, zh, en)| ((*v).to_owned(), lang.pick(zh, en).to_owned()))
    .collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href="/firm/matters/new" { (lang.pick("申请、备案", "Apply or file")) } }))
        form.filters method="get" {
            (ui::select(&ui::Field { name: "running", label: lang.pick("状态", "State"), value: links.get("running").unwrap_or_default(), ..ui::Field::default() }, &states))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() && tasks.rows.is_empty() {
            @if turn == Some(Turn::Operator) {
                (ui::empty(lang.pick("没有待本单位办理的事项", "Nothing waits for you"), lang.pick("召回、整改、缴款、申辩等事项和本单位的时限会出现在这里；监管部门正在办理的事项请在“状态”中选择。", "Recalls, corrections, payments and answers appear here with your own times; for what the authority works on choose it under \"State\".")))
            } @else { (ui::empty(lang.pick("没有事项", "No matters"), lang.pick("请换一种状态。", "Choose another state."))) }
        }
        @if !tasks.rows.is_empty() { ul.tasks { @for t in &tasks.rows { li {
            h3 { a href={ "/desk/tasks/" (t.id) } { (t.kind_title.get(lang)) " · " (t.title.get(lang)) } }
            p { @if let Some(due) = &t.due { (clock_badge(lang, due)) " " } (ui::meter(t.items_done, t.items_total)) }
        } } } }
        @if !rows.is_empty() {
            (ui::table(lang, title, &[Column::text("事项", "Matter"), Column::text("程序", "Procedure"), Column::text("环节", "State"),
                Column::text("本单位可办", "You may"), clock, Column::text("立项", "Opened")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}
