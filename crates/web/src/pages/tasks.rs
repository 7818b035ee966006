//! Today's list and the work in a task: on a phone, place by place.

use super::inbox::{meant, stands_for, task_card, whose, whose_field};
use super::sent::{Sent, Why};
use super::show::{agency_name, clock_badge, drill};
use crate::entered::Entered;
use crate::fault::{Answer, Fault};
use crate::forms;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use flow::FieldError;
use flow::view::{Cases, Earlier, ItemView, TaskFilter, TaskLine, TaskState, TaskView};
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::Arc;

const TASK: Text = Text::of("任务", "task");
const PAGE: usize = 50;

fn filter(links: &ListLinks, meant: Vec<Id>) -> TaskFilter {
    TaskFilter {
        whose: whose(links),
        meant,
        state: match links.get("state") {
            Some("done") => TaskState::Done,
            Some("any") => TaskState::Any,
            _ => TaskState::Open,
        },
        overdue: links.get("overdue") == Some("1"),
        kind: links.get("kind").map(ToOwned::to_owned),
        procedure: links.get("procedure").map(ToOwned::to_owned),
        region: links.get("region").map(ToOwned::to_owned),
        text: links.get("q").map(ToOwned::to_owned),
        matter: links.get("matter").and_then(|m| m.parse().ok()),
        case: links.get("case").and_then(|m| m.parse().ok()),
        cases: match links.get("cases") {
            Some("running") => Cases::Running,
            Some("ended") => Cases::Ended,
            _ => Cases::Any,
        },
    }
}

/// `GET /desk/tasks`: what is to be done, soonest clock first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/tasks", raw.as_deref(), "due");
    let filter = filter(&links, meant(&app, &viewer, &links).await?);
    let (now, who) = (app.now(), &viewer.who);
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::tasks_for(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        return crate::export::download(format, &sheet(lang, &rows));
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let title = lang.pick("今日任务", "Today");
    let away = stands_for(app, &viewer).await?;
    let state = [
        ("", lang.pick("待办", "Open")),
        ("done", lang.pick("已办", "Done")),
        ("any", lang.pick("全部", "All")),
    ];
    let pick = |options: &[(&str, &str)]| {
        options.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
    };
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        @if let Some(region) = &filter.region { p { (ui::badge(Tone::Info, &region_name(lang, region))) " " a href=(links.with(&[("region", ""), ("after", "")])) { (lang.pick("查看全部地区", "show all regions")) } } }
        form.filters method="get" {
            @for keep in ["region", "matter", "case", "cases", "kind"] { @if let Some(v) = links.get(keep) { input type="hidden" name=(keep) value=(v); } }
            (ui::input(&ui::Field { name: "q", label: lang.pick("事项、场所或主体", "Title, place or operator"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            (whose_field(lang, &links))
            (ui::select(&ui::Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Default::default() }, &pick(&state)))
            label.choice { input type="checkbox" name="overdue" value="1" checked[filter.overdue]; (lang.pick("只看逾期", "Overdue only")) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if page.rows.is_empty() {
            (ui::empty(lang.pick("没有待办任务", "Nothing to do"), lang.pick("新任务会按时限出现在这里。", "New tasks appear here, soonest clock first.")))
        } @else {
            ul.tasks { @for t in &page.rows { (task_card(lang, &away, t)) } }
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

fn sheet(lang: Lang, rows: &[TaskLine]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "tasks",
        &["task", "matter", "kind", "title", "region", "due", "state", "places", "reported"],
    );
    for t in rows {
        sheet.rows.push(crate::export::texts([
            t.id.to_string(),
            t.matter.to_string(),
            t.kind_title.get(lang).to_owned(),
            t.title.get(lang).to_owned(),
            t.region.clone(),
            t.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
            t.state.clone(),
            t.items_total.to_string(),
            t.items_done.to_string(),
        ]));
    }
    sheet
}

/// `GET /desk/tasks/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&TASK))?;
    let task = flow::view::task(&app.store, &app.engine, &app.access, &viewer.who, app.now(), id).await?;
    Ok(task_page(&viewer, &task, None))
}

/// What came back with faults: the item, what was entered, what is wrong.
struct Refilled<'a> {
    item: Id,
    entry: &'a Json,
    faults: &'a [FieldError],
    said: Markup,
}

fn task_page(viewer: &Viewer, t: &TaskView, again: Option<&Refilled<'_>>) -> Markup {
    let lang = viewer.lang();
    let line = &t.line;
    let title = format!("{} · {}", line.kind_title.get(lang), t.matter_title.get(lang));
    layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/desk/tasks", lang.pick("今日任务", "Today")), ("", line.kind_title.get(lang))]))
            (drill(lang, t.line.drill))
            h1 { (title) }
            div.card {
                p { @if let Some(due) = &line.due { (clock_badge(lang, due)) " " }
                    @if line.state == "done" { (ui::badge(Tone::Ok, lang.pick("已完成", "done"))) }
                    @if line.state == "void" { (ui::badge(Tone::Idle, lang.pick("已撤销", "cancelled"))) } }
                p { (region_name(lang, &line.region)) " · " (agency_name(lang, &line.agency)) " · "
                    a href={ "/desk/matters/" (line.matter) } { (lang.pick("查看办件", "Open the matter")) } }
                (ui::meter(line.items_done, line.items_total))
            }
            @if line.state == "done" { (ui::message(Tone::Ok, &html! { p { (lang.pick("本任务已全部上报。", "Everything in this task is reported.")) } })) }
            @for item in &t.items { (item_card(viewer, t, item, again.filter(|a| a.item == item.id))) }
        },
    )
}

fn item_card(viewer: &Viewer, t: &TaskView, item: &ItemView, again: Option<&Refilled<'_>>) -> Markup {
    let lang = viewer.lang();
    let report = item.report.as_ref().map(|r| Json::Object(r.clone()));
    let earlier = item.earlier.as_ref().map(|e| Json::Object(e.report.clone()));
    let given = again.map(|a| a.entry).or(report.as_ref()).or(earlier.as_ref());
    let open = item.reported_at.is_none() || again.is_some();
    html! { section.card id={ "i" (item.id) } {
        h2 { (item.label) " " @match item.reported_at {
            Some(at) => { (ui::badge(Tone::Ok, lang.pick("已上报", "reported"))) " " small.soft { (at.china_minute()) } }
            None => { (ui::badge(Tone::Warn, lang.pick("待上报", "to report"))) }
        } }
        p.soft { (region_name(lang, &item.region))
            @if let Some(expected) = item.expected { " · " (lang.pick("记录数量（收货减转出） ", "on record (received less passed on) ")) b { (expected) " " (item.unit) } }
            @if let Some(site) = item.site { " · " a href={ "/desk/sites/" (site) } { (lang.pick("场所信息", "the place")) } }
        }
        @if let (Some(form), Some(report), None) = (&t.form, &item.report, again) {
            (Entered { lang, unit: &item.unit, files: &t.files, operators: &HashMap::new() }.all(Some(form), report))
        }
        @if let (Some(form), true) = (&t.form, t.may_act && t.line.state != "void") {
            details open[open] {
                summary { (if item.reported_at.is_some() { lang.pick("更正", "Correct the report") } else { lang.pick("填写", "Report") }) }
                @if let Some(again) = again { (again.said) }
                @if let (Some(e), None) = (&item.earlier, again) { (same_as(lang, e)) }
                form method="post" action={ "/desk/items/" (item.id) } enctype="multipart/form-data" {
                    (layout::csrf(viewer))
                    input type="hidden" name="version" value=(item.version);
                    input type="hidden" name="task" value=(t.line.id);
                    (forms::fields(lang, &format!("{}-", item.id), form, given.unwrap_or(&json!({})), again.map_or(&[], |a| a.faults), &item.unit))
                    button { (lang.pick("提交", "Submit")) }
                }
            }
        }
    } }
}

/// Says where the values of a form that was not reported yet come from.
fn same_as(lang: Lang, e: &Earlier) -> Markup {
    let (kind, at) = (e.kind_title.get(lang), e.at.china_minute());
    ui::message(
        Tone::Info,
        &html! { p {
            @match lang {
                Lang::Zh => { "已按“" (kind) "”任务中 " (at) " 上报的内容填好：与" (kind) "时相同就直接提交，有变化请修改。" }
                Lang::En => { "Filled in as reported for \"" (kind) "\" at " (at) ": submit it when nothing changed since, or correct what did." }
            }
        } },
    )
}

/// `POST /desk/items/{id}`: one place reported.
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let item: Id = id.parse().map_err(|_| Fault::not_found(&TASK))?;
    let task: Id = posted.get("task").parse().map_err(|_| Fault::not_found(&TASK))?;
    let view = flow::view::task(&app.store, &app.engine, &app.access, &viewer.who, app.now(), task).await?;
    let Some(form) = &view.form else { return Err(Fault::not_found(&TASK)) };
    let sent = Sent::keep(&app, &posted, Some(form)).await?;
    let entry = forms::entry(form, &posted, &sent.hashes());
    let cx = context(&app, viewer);
    let why = if sent.faults.is_empty() {
        let version = posted.version()?;
        let mut tx = app.store.begin().await?;
        sent.record(&mut tx, &cx, &app).await?;
        let (engine, access) = (&app.engine, &app.access);
        match flow::report_item(&mut tx, &cx, engine, access, &viewer.who, item, version, &entry).await {
            Ok(outcome) => {
                tx.commit().await?;
                let to =
                    format!("/desk/tasks/{}{}", outcome.task, if outcome.task_done { "" } else { "#main" });
                return Ok(Redirect::to(&to).into_response());
            }
            Err(e) => {
                tx.rollback().await?;
                Why::of(e)?
            }
        }
    } else {
        Why::faults(sent.faults.clone())
    };
    sent.remain(&cx, &app).await?;
    let again = Refilled { item, entry: &entry, faults: &why.faults, said: why.said(&app, viewer).await? };
    let view = flow::view::task(&app.store, &app.engine, &app.access, &viewer.who, app.now(), task).await?;
    Ok((why.status(), task_page(viewer, &view, Some(&again))).into_response())
}
