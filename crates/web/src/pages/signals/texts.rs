//! Complaints and reports that tell the same: near duplicates and topics, tied to whom they are about, place and time. Only the
//! matters the reader may see are read.

use super::tabs;
use crate::fault::Answer;
use crate::layout;
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use ::signal::text::{Group, Options, Report, group};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Instant, Lang};
use flow::view::Told;
use maud::{Markup, html};
use std::collections::HashMap;
use std::sync::Arc;

const HERE: &str = "/desk/signals/texts";
/// Most texts compared at once.
const MOST: usize = 3000;
/// Groups a page.
const PAGE: usize = 20;
/// Links of evidence shown of a group.
const LINKS: usize = 8;
const DAY: i64 = 86_400_000_000;

/// `GET /desk/signals/texts`. Right: view matter, of each text.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HERE, raw.as_deref(), "size");
    let now = app.now();
    let days: i64 =
        links.get("days").and_then(|d| d.parse().ok()).filter(|d| (1..=730).contains(d)).unwrap_or(90);
    let from = Instant(now.0 - days * DAY);
    let region = links.get("region");
    let told = flow::view::told(&app.store, &app.access, &viewer.who, now, from, region, MOST).await?;
    let by_id: HashMap<String, &Told> = told.iter().map(|t| (t.matter.to_string(), t)).collect();
    let reports: Vec<Report> = told
        .iter()
        .filter(|t| !t.text.is_empty())
        .map(|t| Report {
            id: t.matter.to_string(),
            text: t.text.clone(),
            product: (!t.about.is_empty()).then(|| t.about.clone()),
            place: Some(t.region.chars().take(6).collect()),
            day: Some(t.opened.0.div_euclid(DAY)),
        })
        .collect();
    // comparing thousands of texts takes a moment: not on the thread that answers
    let compared = reports.len();
    let mut groups = tokio::task::spawn_blocking(move || group(&reports, &Options::default()))
        .await
        .map_err(crate::fault::Fault::internal)?;
    match links.sort.as_str() {
        "latest" => groups.sort_by_key(|g| std::cmp::Reverse(g.days.map(|d| d.1))),
        _ => groups.sort_by_key(|g| std::cmp::Reverse(g.reports.len())),
    }
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &groups, &by_id));
    }
    let skip: usize = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let shown: Vec<&Group> = groups.iter().skip(skip).take(PAGE).collect();
    let next = (skip + PAGE < groups.len()).then(|| (skip + PAGE).to_string());
    let title = lang.pick("相似的投诉举报", "Complaints and reports alike");
    let total = i64::try_from(groups.len()).ok();
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        h1 { (title) }
        p.soft { (lang.pick("按字面相似程度（二元字组）并参照被投诉对象、地区和时间归组；只比较您有权查看的办件。相似不等于同一事件，请逐件核对。",
            "Grouped by likeness of wording (pairs of characters), helped by whom they are about, place and time; only matters you may see. Alike is not the same event: check each.")) }
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region.unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "days", label: lang.pick("时间范围", "Within"), value: &days.to_string(), ..Field::default() },
                &[30, 90, 365, 730].map(|d| (d.to_string(), format!("{d} {}", lang.pick("天", "days"))))))
            (ui::select(&Field { name: "sort", label: lang.pick("排序", "Order"), value: &links.sort, ..Field::default() },
                &[("size".to_owned(), lang.pick("件数多的在前", "most first").to_owned()), ("latest".to_owned(), lang.pick("最近的在前", "latest first").to_owned())]))
            button { (lang.pick("筛选", "Filter")) }
        }
        p { (lang.pick("比较了 ", "Compared: ")) strong { (compared) } (lang.pick(" 件，", "; groups: ")) strong { (groups.len()) } (lang.pick(" 组。", "."))
            @if told.len() == MOST { " " (lang.pick("仅比较最近的 3000 件；请缩小范围。", "Only the newest 3,000 were compared; narrow the range.")) } }
        @if shown.is_empty() { (ui::empty(lang.pick("没有相似的投诉举报", "None alike"), lang.pick("可扩大时间范围或地区。", "Try a longer time or a larger region."))) }
        @for g in &shown { (card(lang, g, &by_id)) }
        (ui::pager(lang, &links, shown.len(), total, next.as_deref(), true))
    }).into_response())
}

fn card(lang: Lang, g: &Group, by_id: &HashMap<String, &Told>) -> Markup {
    let rows: Vec<Vec<Markup>> = g
        .reports
        .iter()
        .filter_map(|id| by_id.get(id))
        .map(|t| {
            vec![
                html! { a href={ "/desk/matters/" (t.matter) } { (t.opened.china_minute()) } },
                html! { (region_name(lang, &t.region)) },
                html! { (t.about) },
                html! { (short(&t.text)) },
            ]
        })
        .collect();
    let columns = [
        Column::text("办件", "Matter"),
        Column::text("地区", "Place"),
        Column::text("对象", "About"),
        Column::text("内容", "What was told"),
    ];
    let places: Vec<String> = g.places.iter().take(5).map(|p| region_name(lang, p)).collect();
    html! { section.card {
        h2 { (g.reports.len()) " " (lang.pick("件", "matters")) @if g.distinct < g.reports.len() { " " (ui::badge(Tone::Warn, &format!("{} {}", g.reports.len() - g.distinct, lang.pick("件近似重复", "near duplicates")))) } }
        p { @for w in &g.words { (ui::badge(Tone::Idle, w)) " " } }
        (ui::facts(lang, &[
            (base::Text::of("对象", "About"), html! { (g.products.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(lang.pick("、", ", "))) }),
            (base::Text::of("地区", "Places"), html! { (places.join(lang.pick("、", ", "))) }),
        ]))
        details open[g.reports.len() <= 5] { summary { (lang.pick("各件内容", "The matters")) } (ui::table(lang, lang.pick("同组办件", "Matters of the group"), &columns, &rows, None)) }
        details { summary { (lang.pick("为什么归为一组", "Why they stand together")) }
            ul.small { @for l in g.links.iter().take(LINKS) { li {
                a href={ "/desk/matters/" (l.a) } { (l.a) } " ~ " a href={ "/desk/matters/" (l.b) } { (l.b) } " · " (format!("{:.0} %", l.similarity * 100.0)) " "
                @for what in &l.agrees { (agrees(lang, what)) " " }
            } } }
            @if g.links.len() > LINKS { p.small.soft { (lang.pick("其余从略，导出文件中有全部成员。", "Others left out; the export has every member.")) } }
        }
    } }
}

fn agrees(lang: Lang, what: &str) -> &'static str {
    match what {
        "product" => lang.pick("对象相同", "same about"),
        "place" => lang.pick("地区相同", "same place"),
        _ => lang.pick("时间相近", "near in time"),
    }
}

fn short(text: &str) -> String {
    let mut out: String = text.chars().take(120).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

fn sheet(lang: Lang, groups: &[Group], by_id: &HashMap<String, &Told>) -> paper::sheet::Sheet {
    let mut sheet =
        crate::export::sheet("alike", &["group", "matter", "opened", "region", "county", "about", "text"]);
    for (n, g) in groups.iter().enumerate() {
        for t in g.reports.iter().filter_map(|id| by_id.get(id)) {
            sheet.rows.push(crate::export::texts([
                (n + 1).to_string(),
                t.matter.to_string(),
                t.opened.rfc3339(),
                t.region.clone(),
                region_name(lang, &t.region),
                t.about.clone(),
                t.text.clone(),
            ]));
        }
    }
    sheet
}
