//! The list of samples, for the laboratory and for officers.

use super::Door;
use super::verdict::{conclusion_badge, state_badge};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use lab::{
    ClockFilter, Conclusion, Page, SampleClock, SampleFilter, SampleKind, SampleRow, SampleSort, SampleState,
    Timing,
};
use maud::{Markup, html};
use std::sync::Arc;

/// Years a plan or a report may be of.
const YEARS: std::ops::Range<i16> = 2000..2200;

/// Rows fetched at a time for an exported list.
const EXPORT: u32 = 500;

/// `GET /lab/samples`
pub(crate) async fn bench(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    list(&app, &viewer, raw.as_deref(), Door::Bench).await
}

/// `GET /desk/samples`
pub(crate) async fn desk(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    list(&app, &viewer, raw.as_deref(), Door::Desk).await
}

fn filter(links: &ListLinks) -> Answer<SampleFilter> {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    Ok(SampleFilter {
        text: text("q"),
        state: links.get("state").and_then(SampleState::read),
        kind: links.get("kind").and_then(SampleKind::read),
        conclusion: links.get("conclusion").and_then(Conclusion::read),
        region: text("region"),
        operator: links.get("operator").and_then(|o| o.parse().ok()),
        item: text("item"),
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
        sort: if links.sort == "sampled" { SampleSort::Sampled } else { SampleSort::Registered },
        after: text("after"),
        limit: if links.get("format").is_some() { EXPORT } else { 50 },
        laboratory: links.get("laboratory").and_then(|o| o.parse().ok()),
        plan: links.get("plan").and_then(|o| o.parse().ok()),
        task: links.get("task").and_then(|o| o.parse().ok()),
        class: text("class"),
        stage: links.get("stage").and_then(lab::Stage::read),
        budget: links.get("budget").and_then(lab::Budget::read),
        reached: links.get("reached").and_then(lab::Reached::read),
        analyte: text("analyte"),
        timing: links.get("timing").and_then(Timing::read),
        planned: links.get("planned").and_then(|y| y.parse().ok()).filter(|y| YEARS.contains(y)),
        reported: links.get("reported").and_then(|y| y.parse().ok()).filter(|y| YEARS.contains(y)),
        finding: links.get("finding").and_then(lab::Finding::read),
        counted: links.get("counted").is_some(),
        produce: links.get("produce").map(|p| p == "yes"),
        clocked: false,
    })
}

/// A page of samples with the clock of each that falls due next. By the day it falls due, or cut by it, only samples that still have a
/// running clock.
async fn found(
    app: &App,
    viewer: &Viewer,
    links: &ListLinks,
    filter: &SampleFilter,
) -> Answer<Page<(SampleRow, Option<SampleClock>)>> {
    let now = app.now();
    if links.sort == "due" || links.get("due").is_some() {
        let clocks = ClockFilter {
            samples: filter.clone(),
            after: filter.after.clone(),
            limit: filter.limit,
            desc: links.desc && links.sort == "due",
            ..crate::pages::sampling::due(links)
        };
        let page = app.lab.samples_by_due(&app.store, &viewer.who, now, &clocks).await?;
        let rows = page.rows.into_iter().map(|(row, clock)| (row, Some(clock))).collect();
        return Ok(Page { rows, next: page.next });
    }
    let page = app.lab.samples(&app.store, &viewer.who, now, filter).await.map_err(Fault::from)?;
    let ids: Vec<base::Id> = page.rows.iter().map(|r| r.sample.id).collect();
    let known = lab::milestones(&app.store, &ids).await?;
    let due = |row: SampleRow| {
        let of = known.get(&row.sample.id).copied().unwrap_or_default();
        let clock = lab::next_clock(&row.sample, &of, now);
        (row, clock)
    };
    Ok(Page { rows: page.rows.into_iter().map(due).collect(), next: page.next })
}

async fn list(app: &App, viewer: &Viewer, raw: Option<&str>, door: Door) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(door.path(), raw, "registered");
    let mut filter = filter(&links)?;
    let mut page = found(app, viewer, &links, &filter).await?;
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            filter.after = page.next;
            let more = found(app, viewer, &links, &filter).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        return crate::export::download(format, &sheet(lang, &page.rows));
    }
    let timed = filter.timing.is_some();
    let rows: Vec<Vec<Markup>> =
        page.rows.iter().map(|(r, due)| line(lang, door, r, due.as_ref(), timed)).collect();
    let mut columns = vec![
        Column::text("抽样单 / 盲样编号", "Form or blind number"),
        Column::text("样品", "Sample"),
        Column::text("被抽样场所", "Place sampled"),
        Column::text("抽样日期", "Sampled").by("sampled"),
        Column::text("状态", "State"),
        Column::num("结果", "Results"),
        Column::text("结论", "Conclusion"),
        Column::text("下一时限", "Next due").by("due"),
    ];
    if timed {
        columns.push(Column::num("收样到批准（天）", "Arrival to approval (days)"));
    }
    let title = match door {
        Door::Bench => lang.pick("样品", "Samples"),
        Door::Desk => lang.pick("抽检样品", "Samples"),
    };
    Ok(layout::page(viewer, title, &html! {
        (layout::head(title, &html! {
            @match door {
                Door::Bench => {
                    a.button href="/lab/import" { (lang.pick("导入结果", "Import results")) }
                    a.button.plain href="/lab/clocks" { (lang.pick("时限", "Clocks")) }
                    a.button.plain href="/lab/worksheet?format=xlsx" { (lang.pick("检验工作单", "Worksheet")) }
                }
                Door::Desk => {
                    a.button href="/desk/samples/new" { (lang.pick("登记样品", "Register a sample")) }
                    a.button.plain href="/desk/samples/import" { (lang.pick("批量导入", "Import")) }
                }
            }
        }))
        (filters(viewer, &links))
        @if rows.is_empty() {
            (ui::empty(lang.pick("没有符合条件的样品", "No sample fits"), lang.pick("请放宽筛选条件；分配给您的新样品会出现在这里。", "Widen the filter; samples assigned to you appear here.")))
        } @else {
            (ui::table(lang, title, &columns, &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

fn filters(viewer: &Viewer, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let value = |name: &str| links.get(name).unwrap_or_default();
    let field = |name: &'static str, label: &'static str, kind: &'static str| Field {
        name,
        label,
        value: value(name),
        kind,
        ..Field::default()
    };
    html! { form.filters method="get" {
        (ui::input(&field("q", lang.pick("编号、食品（可见时含场所、生产者、批号）", "Number or food; place, producer and lot where you may see them"), "search")))
        (ui::select(&field("state", lang.pick("状态", "State"), ""), &choices::any(lang, &choices::ALL, SampleState::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("kind", lang.pick("类别", "Kind"), ""), &choices::any(lang, &choices::ALL, SampleKind::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("conclusion", lang.pick("结论", "Conclusion"), ""), &choices::any(lang, &choices::ALL, Conclusion::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("reached", lang.pick("进展", "Reached"), ""), &choices::any(lang, &choices::ALL, lab::Reached::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("finding", lang.pick("有结果", "With a result"), ""), &choices::any(lang, &choices::ALL, lab::Finding::ALL.iter().map(|s| (s.word(), s.label())))))
        (ui::select(&field("timing", lang.pick("检验时长", "Time taken"), ""), &choices::any(lang, &choices::ALL, Timing::ALL.iter().map(|t| (t.word(), t.label())))))
        (ui::input(&field("analyte", lang.pick("检验项目", "Analyte"), "text")))
        (ui::select(&field("class", lang.pick("食品大类", "Class"), ""), &crate::pages::sampling::classes(lang)))
        (ui::select(&field("due", lang.pick("下一时限", "Next due"), ""), &choices::any(lang, &choices::ALL, crate::pages::sampling::DUE)))
        @for name in ["plan", "task", "stage", "budget", "laboratory", "region", "counted", "produce", "item", "operator", "planned", "reported"] { @if let Some(v) = links.get(name) { input type="hidden" name=(name) value=(v); } }
        (ui::input(&field("from", lang.pick("抽样自", "Sampled from"), "date")))
        (ui::input(&field("to", lang.pick("至", "to"), "date")))
        button { (lang.pick("筛选", "Filter")) }
    } }
}

/// From arrival to approval, where both are known.
fn days(s: &lab::Sample) -> Option<f64> {
    Some(lab::days_taken(s.received?, s.approved_at?))
}

fn line(lang: Lang, door: Door, r: &SampleRow, due: Option<&lab::SampleClock>, timed: bool) -> Vec<Markup> {
    let s = &r.sample;
    let mut line = vec![
        html! { a href={ (door.path()) "/" (s.id) } { (s.form_no) } div.small.soft { (s.kind.label().get(lang)) } },
        html! { (s.product_name) @if let Some(lot) = &s.lot_no { " " span.soft { (lot) } } },
        html! { @if s.blind { (ui::badge(Tone::Idle, lang.pick("盲样", "blind"))) } @else { (s.place_name) div.small.soft { (region_name(lang, &s.region)) } } },
        html! { (s.sampled) },
        html! { (state_badge(lang, s.state)) },
        html! { (r.results) @if r.failing > 0 { " " (ui::badge(Tone::Bad, &format!("{} {}", r.failing, lang.pick("项不合格", "failing")))) } },
        html! { @match s.conclusion { Some(c) => (conclusion_badge(lang, c)), None => "—" } },
        html! { @if let Some(c) = due {
            @if c.state == base::clock::State::Overdue { (ui::badge(Tone::Bad, lang.pick("逾期", "overdue"))) " " }
            @if let Some(d) = &c.due { (d.date) } div.small.soft { (c.what.get(lang)) }
        } @else { "—" } },
    ];
    if timed {
        line.push(html! { @match days(s) { Some(d) => (format!("{d:.1}")), None => "—" }
            @if let Some(due) = s.received.and_then(lab::report_due) { div.small.soft { (lang.pick("应于 ", "due ")) (due.china_date()) } } });
    }
    line
}

fn sheet(lang: Lang, rows: &[(SampleRow, Option<SampleClock>)]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "samples",
        &[
            "id",
            "form_no",
            "kind",
            "state",
            "food",
            "product",
            "gtin",
            "lot",
            "place",
            "region",
            "producer",
            "produced",
            "sampled",
            "governing_on",
            "results",
            "failing",
            "conclusion",
            "report_no",
            "next_duty",
            "next_due",
            "received",
            "approved",
            "days_taken",
        ],
    );
    for (r, clock) in rows {
        let s = &r.sample;
        sheet.rows.push(crate::export::texts([
            s.id.to_string(),
            s.form_no.clone(),
            s.kind.label().get(lang).to_owned(),
            s.state.label().get(lang).to_owned(),
            s.food.clone(),
            s.product_name.clone(),
            s.gtin.clone().unwrap_or_default(),
            s.lot_no.clone().unwrap_or_default(),
            s.place_name.clone(),
            s.region.clone(),
            s.producer_name.clone(),
            s.produced.map(|d| d.to_string()).unwrap_or_default(),
            s.sampled.to_string(),
            s.governing_on.to_string(),
            r.results.to_string(),
            r.failing.to_string(),
            s.conclusion.map(|c| c.label().get(lang).to_owned()).unwrap_or_default(),
            s.report_no.clone().unwrap_or_default(),
            clock.as_ref().map(|c| c.what.get(lang).to_owned()).unwrap_or_default(),
            clock.as_ref().and_then(|c| c.due).map(|d| d.date.to_string()).unwrap_or_default(),
            s.received.map(|d| d.to_string()).unwrap_or_default(),
            s.approved_at.map(|a| a.rfc3339()).unwrap_or_default(),
            days(s).map(|d| format!("{d:.2}")).unwrap_or_default(),
        ]));
    }
    sheet
}

/// The heading of an import or a form above the list.
pub(super) const SAMPLES: Text = Text::of("样品", "Samples");
