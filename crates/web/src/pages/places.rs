//! The records behind the figures of the situation: places, each once a case, and every report on them.

use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Decimal, Id, Lang, RegionCode};
use flow::view::{Cases, ItemFilter, PlaceFilter, PlaceLine, Reach, TaskState};
use maud::{Markup, html};
use std::sync::Arc;

const REACH: [(&str, Reach, &str, &str); 6] = [
    ("", Reach::Any, "全部场所", "All places"),
    ("reached", Reach::Reached, "已核查", "Reached"),
    ("waiting", Reach::Waiting, "待核查", "Waiting"),
    ("recovered", Reach::Recovered, "有召回", "Something recovered"),
    ("sealed", Reach::Sealed, "有封存", "Something sealed"),
    ("sold", Reach::Sold, "有售出", "Something sold already"),
];

/// The widest region of the viewer's grants.
fn own_region(viewer: &Viewer) -> String {
    viewer.who.grants.iter().map(|g| g.region.as_str()).min_by_key(|r| r.len()).unwrap_or_default().to_owned()
}

/// Which cases are meant: those running, unless one matter or others are asked for.
pub(super) fn cases_of(links: &ListLinks) -> Cases {
    match links.get("cases") {
        Some("all") => Cases::Any,
        Some("ended") => Cases::Ended,
        None if matter_of(links).is_some() => Cases::Any,
        _ => Cases::Running,
    }
}

/// The matter whose case alone is meant.
pub(super) fn matter_of(links: &ListLinks) -> Option<Id> {
    links.get("matter").and_then(|m| m.parse().ok())
}

/// The region asked for, else the reader's own.
pub(super) fn region_of(viewer: &Viewer, links: &ListLinks) -> String {
    let asked = links.get("region").filter(|r| r.parse::<RegionCode>().is_ok());
    asked.map_or_else(|| own_region(viewer), ToOwned::to_owned)
}

fn item_filter(viewer: &Viewer, links: &ListLinks) -> ItemFilter {
    ItemFilter {
        region: region_of(viewer, links),
        matter: matter_of(links),
        cases: cases_of(links),
        kind: links.get("kind").map(ToOwned::to_owned),
        task: if links.get("task") == Some("open") { TaskState::Open } else { TaskState::Any },
        overdue: links.get("overdue") == Some("1"),
        text: links.get("q").map(ToOwned::to_owned),
    }
}

fn number(d: Option<Decimal>, unit: &str) -> String {
    d.map_or_else(|| "—".to_owned(), |d| format!("{} {unit}", d.normalize()))
}

/// The search by name; what else was chosen stays.
fn search(lang: Lang, links: &ListLinks) -> Markup {
    html! { form.filters method="get" {
        @for (keep, value) in links.query.iter().filter(|(k, _)| !matches!(k.as_str(), "q" | "after" | "format")) { input type="hidden" name=(keep) value=(value); }
        (ui::input(&ui::Field { name: "q", label: lang.pick("场所名称", "Place"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
        button { (lang.pick("筛选", "Filter")) }
        @if !links.query.is_empty() { a.button.plain href=(links.path) { (lang.pick("清除筛选", "Clear")) } }
    } }
}

/// `GET /desk/places`: the places behind a figure, each once a case.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/places", raw.as_deref(), "region");
    let word = links.get("reach").unwrap_or_default();
    let (_, reach, zh, en) = REACH.iter().find(|r| r.0 == word).copied().unwrap_or(REACH[0]);
    let filter = PlaceFilter { items: item_filter(&viewer, &links), reach };
    let (now, who) = (app.now(), &viewer.who);
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::places(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        return crate::export::download(format, &sheet(&rows));
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), 50).await?;
    let one_case = matter_of(&links).is_some();
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(|p| cells(lang, p, one_case)).collect();
    let title = format!("{} · {}", lang.pick("场所核查情况", "Places and what was found"), lang.pick(zh, en));
    let situation = ListLinks { path: "/desk/situation".to_owned(), ..links.clone() };
    let back = situation.with(&[("reach", ""), ("q", ""), ("after", "")]);
    let reports = ListLinks { path: "/desk/items".to_owned(), ..links.clone() };
    Ok(layout::page(&viewer, &title, &html! {
        (layout::crumbs(&[(&back, lang.pick("态势", "Situation")), ("", &title)]))
        (layout::head(&title, &html! {}))
        (search(lang, &links))
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的场所", "No place fits"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
        @else {
            (ui::table(lang, &title, &[Column::text("场所", "Place"), Column::text("县区", "County"), Column::text("案件与任务", "Case and tasks"),
                Column::num("应有", "Expected"), Column::num("发现", "Found"), Column::num("封存", "Sealed"), Column::num("召回", "Recovered"), Column::num("已售", "Sold")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
        p { a href=(reports.with(&[("reach", ""), ("after", "")])) { (lang.pick("逐项查看上报记录", "See every report, item by item")) } }
    }).into_response())
}

fn cells(lang: Lang, p: &PlaceLine, one_case: bool) -> Vec<Markup> {
    let n = |d| html! { (number(d, &p.unit)) };
    vec![
        html! { (p.label) },
        html! { (region_name(lang, &p.region)) },
        html! {
            @if !one_case { div.small { a href={ "/desk/matters/" (p.case) } { (p.case_title.get(lang)) } } }
            ul.plain { @for t in &p.tasks { li {
                a href={ "/desk/tasks/" (t.task) "#i" (t.item) } { (t.kind_title.get(lang)) } " "
                @match t.reported_at { Some(at) => span.small.soft { (at.china_minute()) }, None => (ui::badge(Tone::Warn, lang.pick("待核查", "waiting"))) }
            } } }
        },
        n(p.expected),
        n(p.found),
        n(p.sealed),
        n(p.recovered),
        n(p.sold),
    ]
}

fn sheet(rows: &[PlaceLine]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "places",
        &[
            "case",
            "place",
            "place_key",
            "region",
            "expected",
            "found",
            "sealed",
            "recovered",
            "sold",
            "destroyed",
            "unit",
            "tasks",
            "tasks_reported",
            "reached",
        ],
    );
    for p in rows {
        let d = |v: Option<Decimal>| v.map(|v| v.to_string()).unwrap_or_default();
        sheet.rows.push(crate::export::texts([
            p.case.to_string(),
            p.label.clone(),
            p.subject.clone(),
            p.region.clone(),
            d(p.expected),
            d(p.found),
            d(p.sealed),
            d(p.recovered),
            d(p.sold),
            d(p.destroyed),
            p.unit.clone(),
            p.tasks.len().to_string(),
            p.tasks.iter().filter(|t| t.reported_at.is_some()).count().to_string(),
            p.reached_at.map(|r| r.rfc3339()).unwrap_or_default(),
        ]));
    }
    sheet
}

/// `GET /desk/items`: every report on a place, task by task.
pub(crate) async fn items(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/items", raw.as_deref(), "region");
    let filter = item_filter(&viewer, &links);
    let (now, who) = (app.now(), &viewer.who);
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::items(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        return crate::export::download(format, &items_sheet(lang, &rows));
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), 50).await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|i| {
            vec![
                html! { a href={ "/desk/tasks/" (i.task) "#i" (i.id) } { (i.label) } },
                html! { (region_name(lang, &i.region)) },
                html! { (i.kind_title.get(lang)) },
                html! { (number(i.expected, &i.unit)) },
                html! { (number(i.found, &i.unit)) },
                html! { (number(i.recovered, &i.unit)) },
                html! { (number(i.sold, &i.unit)) },
                html! { @match i.reported_at { Some(at) => { (at.china_minute()) } None => { (ui::badge(Tone::Warn, lang.pick("待核查", "waiting"))) } } },
            ]
        })
        .collect();
    let title = lang.pick("逐项上报明细", "Reports, item by item");
    Ok(layout::page(&viewer, title, &html! {
        (layout::crumbs(&[("/desk/situation", lang.pick("态势", "Situation")), ("", title)]))
        (layout::head(title, &html! {}))
        (search(lang, &links))
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的场所", "No place fits"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
        @else {
            (ui::table(lang, title, &[Column::text("场所", "Place"), Column::text("县区", "County"), Column::text("任务", "Task"),
                Column::num("应有", "Expected"), Column::num("发现", "Found"), Column::num("召回", "Recovered"), Column::num("已售", "Sold"),
                Column::text("上报", "Reported")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

fn items_sheet(lang: Lang, rows: &[flow::view::ItemLine]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "items",
        &[
            "place",
            "place_key",
            "region",
            "task",
            "task_id",
            "expected",
            "found",
            "sealed",
            "recovered",
            "sold",
            "destroyed",
            "unit",
            "counts",
            "reported",
        ],
    );
    for i in rows {
        let d = |v: Option<base::Decimal>| v.map(|v| v.to_string()).unwrap_or_default();
        sheet.rows.push(crate::export::texts([
            i.label.clone(),
            i.subject.clone(),
            i.region.clone(),
            i.kind_title.get(lang).to_owned(),
            i.task.to_string(),
            d(i.expected),
            d(i.found),
            d(i.sealed),
            d(i.recovered),
            d(i.sold),
            d(i.destroyed),
            i.unit.clone(),
            i.counts.to_string(),
            i.reported_at.map(|r| r.rfc3339()).unwrap_or_default(),
        ]));
    }
    sheet
}
