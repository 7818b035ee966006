//! The situation of a region for those who answer for it: every figure opens to its records.

use super::scope::tinted;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Stat, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::region::{RegionCode, Regions};
use base::{Id, Lang};
use flow::view::{Figures, ItemFilter, MatterFilter, Reach, Situation, TaskState};
use maud::{Markup, html};
use std::sync::Arc;

/// The widest region of the viewer's grants.
fn own_region(viewer: &Viewer) -> String {
    viewer.who.grants.iter().map(|g| g.region.as_str()).min_by_key(|r| r.len()).unwrap_or_default().to_owned()
}

/// `GET /desk/situation`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/situation", raw.as_deref(), "region");
    let mut region = links.get("region").map_or_else(|| own_region(&viewer), ToOwned::to_owned);
    if region.is_empty() {
        // the nation has one province here
        region = "62".to_owned();
    }
    let matter: Option<Id> = links.get("matter").and_then(|m| m.parse().ok());
    let now = app.now();
    let s = flow::view::situation(&app.store, &app.access, &viewer.who, now, &region, matter).await?;
    // counties are drawn on the map, whatever level the table shows
    let counties =
        flow::view::situation_by_county(&app.store, &app.access, &viewer.who, now, &region, matter)
            .await?
            .regions;
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &s));
    }
    let mine = MatterFilter { running: Some(true), region: Some(region.clone()), ..MatterFilter::default() };
    let running =
        flow::view::matters(&app.store, &app.engine, &app.access, &viewer.who, now, &mine, None, 20).await?;
    let name = region_name(lang, &region);
    let title = format!("{} · {name}", lang.pick("态势", "Situation"));
    let tints: Vec<(String, i64, String)> = counties
        .iter()
        .map(|r| {
            let f = &r.figures;
            let words = format!(
                "{}：{} {} / {} {}",
                region_name(lang, &r.region),
                f.reached,
                lang.pick("已到", "reached"),
                f.places,
                lang.pick("处", "places")
            );
            (r.region.clone(), f.places, words)
        })
        .collect();
    Ok(layout::page(&viewer, &title, &html! {
        (crumbs(lang, &region))
        (layout::head(&title, &html! {
            a.button.plain href=(links.with(&[("format", "xlsx")])) { (lang.pick("导出", "Export")) }
        }))
        @if let Some(m) = matter { p { (ui::badge(Tone::Info, lang.pick("仅一件", "one matter only"))) " "
            a href={ "/desk/matters/" (m) } { (m) } " · " a href=(links.with(&[("matter", "")])) { (lang.pick("查看全部", "show all")) } } }
        (figures(lang, &s.total, &links))
        @if s.total.places == 0 { (ui::empty(lang.pick("目前没有进行中的处置", "No disposal under way"), lang.pick("启动核查处置后，各县进度会显示在这里。", "Once a disposal is launched, the counties' progress shows here."))) }
        div.grid.wide {
            @if !tints.is_empty() { section.card { h2 { (lang.pick("各县涉及场所", "Places by county")) }
                (tinted(lang, lang.pick("颜色越深，涉及场所越多", "The darker, the more places"), &tints, |code| links.with(&[("region", code)]))) } }
            @if !s.regions.is_empty() { section { h2 { (lang.pick("分地区", "By region")) } (region_table(lang, &s, &links)) } }
        }
        section { h2 { (lang.pick("在办事项", "Matters under way")) }
            @if running.rows.is_empty() { p.soft { (lang.pick("没有在办事项。", "None.")) } }
            @else { ul.tasks { @for m in &running.rows { li class=(m.due.as_ref().map_or(Tone::Idle, super::show::tone_of).class()) {
                h3 { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } }
                p { (ui::badge(Tone::Info, m.state_title.get(lang))) " " @if let Some(d) = &m.due { (super::show::clock_badge(lang, d)) } " "
                    a href=(links.with(&[("matter", &m.id.to_string())])) { (lang.pick("只看此件", "this one only")) } }
            } } } }
        }
    }).into_response())
}

fn crumbs(lang: Lang, region: &str) -> Markup {
    let mut trail: Vec<(String, String)> = Vec::new();
    let mut code: Option<RegionCode> = region.parse().ok();
    while let Some(c) = code {
        if c.as_str().is_empty() {
            break;
        }
        trail.push((format!("/desk/situation?region={c}"), Regions::builtin().name(&c).get(lang).to_owned()));
        code = c.parent();
    }
    // the page itself is named, not linked
    if let Some(here) = trail.first_mut() {
        here.0.clear();
    }
    trail.reverse();
    let pairs: Vec<(&str, &str)> = trail.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    layout::crumbs(&pairs)
}

fn items_href(links: &ListLinks, extra: &[(&str, &str)]) -> String {
    let mut to = ListLinks { path: "/desk/items".to_owned(), ..links.clone() };
    to.query.retain(|(k, _)| k == "region" || k == "matter");
    to.with(extra)
}

fn quantity(f: &Figures, which: usize) -> String {
    let parts: Vec<String> = f
        .quantities
        .iter()
        .filter(|(_, q)| !q[which].is_zero())
        .map(|(unit, q)| format!("{} {unit}", q[which].normalize()))
        .collect();
    if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") }
}

fn figures(lang: Lang, f: &Figures, links: &ListLinks) -> Markup {
    let stat = |figure: String, zh, en, extra: &[(&str, &str)], tone| Stat {
        figure,
        label: lang.pick(zh, en).to_owned(),
        href: Some(items_href(links, extra)),
        tone,
    };
    let waiting = f.waiting;
    ui::stats(&[
        stat(f.places.to_string(), "涉及场所", "places concerned", &[], Tone::Info),
        stat(f.reached.to_string(), "已核查", "reached", &[("reach", "reached")], Tone::Ok),
        stat(
            waiting.to_string(),
            "待核查",
            "waiting",
            &[("reach", "waiting")],
            if waiting > 0 { Tone::Warn } else { Tone::Ok },
        ),
        stat(quantity(f, 2), "已召回", "recovered", &[("reach", "recovered")], Tone::Ok),
        stat(quantity(f, 1), "已封存", "sealed", &[("reach", "sealed")], Tone::Info),
        stat(quantity(f, 3), "已售出", "sold already", &[("reach", "sold")], Tone::Warn),
        stat(f.tasks_open.to_string(), "在办任务", "open tasks", &[("task", "open")], Tone::Info),
        stat(
            f.tasks_overdue.to_string(),
            "逾期任务",
            "overdue tasks",
            &[("overdue", "1")],
            if f.tasks_overdue > 0 { Tone::Bad } else { Tone::Ok },
        ),
    ])
}

fn region_table(lang: Lang, s: &Situation, links: &ListLinks) -> Markup {
    let rows: Vec<Vec<Markup>> = s
        .regions
        .iter()
        .map(|r| {
            let f = &r.figures;
            let open = |extra: &[(&str, &str)]| {
                let mut all = vec![("region", r.region.as_str())];
                all.extend_from_slice(extra);
                items_href(links, &all)
            };
            vec![
                html! { a href=(links.with(&[("region", &r.region)])) { (region_name(lang, &r.region)) } },
                html! { a href=(open(&[])) { (f.places) } },
                html! { a href=(open(&[("reach", "reached")])) { (f.reached) } },
                html! { a href=(open(&[("reach", "recovered")])) { (quantity(f, 2)) } },
                html! { a href=(open(&[("overdue", "1")])) { @if f.tasks_overdue > 0 { (ui::badge(Tone::Bad, &f.tasks_overdue.to_string())) } @else { "0" } } },
                html! { (ui::meter(f.reached, f.places)) },
            ]
        })
        .collect();
    ui::table(
        lang,
        lang.pick("分地区进度", "Progress by region"),
        &[
            Column::text("地区", "Region"),
            Column::num("场所", "Places"),
            Column::num("已核查", "Reached"),
            Column::num("已召回", "Recovered"),
            Column::num("逾期", "Overdue"),
            Column::text("进度", "Progress"),
        ],
        &rows,
        None,
    )
}

fn sheet(lang: Lang, s: &Situation) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "situation",
        &["region", "name", "places", "reached", "recovered", "sealed", "sold", "open", "overdue"],
    );
    for r in &s.regions {
        let f = &r.figures;
        sheet.rows.push(crate::export::texts([
            r.region.clone(),
            region_name(lang, &r.region),
            f.places.to_string(),
            f.reached.to_string(),
            quantity(f, 2),
            quantity(f, 1),
            quantity(f, 3),
            f.tasks_open.to_string(),
            f.tasks_overdue.to_string(),
        ]));
    }
    sheet
}

/// `GET /desk/items`: the records behind the figures.
pub(crate) async fn items(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/items", raw.as_deref(), "region");
    let filter = ItemFilter {
        region: links.get("region").map_or_else(|| own_region(&viewer), ToOwned::to_owned),
        matter: links.get("matter").and_then(|m| m.parse().ok()),
        kind: links.get("kind").map(ToOwned::to_owned),
        reach: match links.get("reach") {
            Some("reached") => Reach::Reached,
            Some("waiting") => Reach::Waiting,
            Some("recovered") => Reach::Recovered,
            Some("sealed") => Reach::Sealed,
            Some("sold") => Reach::Sold,
            _ => Reach::Any,
        },
        task: if links.get("task") == Some("open") { TaskState::Open } else { TaskState::Any },
        overdue: links.get("overdue") == Some("1"),
        text: links.get("q").map(ToOwned::to_owned),
    };
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
    let number = |d: Option<base::Decimal>, unit: &str| {
        d.map_or_else(|| "—".to_owned(), |d| format!("{} {unit}", d.normalize()))
    };
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
    let title = lang.pick("场所核查明细", "Places and what was found");
    Ok(layout::page(&viewer, title, &html! {
        (layout::crumbs(&[("/desk/situation", lang.pick("态势", "Situation")), ("", title)]))
        (layout::head(title, &html! {}))
        form.filters method="get" {
            @for keep in ["region", "matter", "reach", "overdue", "task"] { @if let Some(v) = links.get(keep) { input type="hidden" name=(keep) value=(v); } }
            (ui::input(&ui::Field { name: "q", label: lang.pick("场所名称", "Place"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            button { (lang.pick("筛选", "Filter")) }
            @if !links.query.is_empty() { a.button.plain href="/desk/items" { (lang.pick("清除筛选", "Clear")) } }
        }
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
