//! Results of supervision and interviews for the assessment (评议考核): counts by agency and period, each opening to its records.

use super::choices;
use super::show::agency_name;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::department::Department;
use base::{Lang, Text};
use flow::view::{Figure, SupervisedCount, SupervisedFilter, SupervisedLine};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const PATH: &str = "/desk/supervised";
/// Rows of a page.
const PAGE: usize = 50;
static TITLE: Text = Text::of("督办、约谈结果", "Results of supervision and interviews");

/// How a column is called.
fn heading(figure: &Figure) -> Text {
    match figure.outcome {
        None => figure.title.clone(),
        Some(_) => Text::new(
            format!("{}：{}", figure.title.zh, figure.label.zh),
            format!("{}: {}", figure.title.en, figure.label.en),
        ),
    }
}

fn counts(count: &SupervisedCount, figure: &Figure) -> bool {
    count.procedure == figure.procedure && figure.outcome.as_ref().is_none_or(|o| *o == count.outcome)
}

/// Counts of one agency, in the order of the figures.
struct Agency {
    region: String,
    agency: String,
    counts: Vec<i64>,
}

fn by_agency(figures: &[Figure], found: &[SupervisedCount]) -> Vec<Agency> {
    let mut by: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for count in found {
        let row = by.entry((&count.region, &count.agency)).or_insert_with(|| vec![0; figures.len()]);
        for (sum, figure) in row.iter_mut().zip(figures) {
            *sum += if counts(count, figure) { count.matters } else { 0 };
        }
    }
    by.into_iter()
        .map(|((region, agency), counts)| Agency {
            region: region.to_owned(),
            agency: agency.to_owned(),
            counts,
        })
        .collect()
}

fn filter(links: &ListLinks) -> Answer<SupervisedFilter> {
    Ok(SupervisedFilter {
        region: links.get("region").unwrap_or_default().to_owned(),
        agency: links.get("agency").map(ToOwned::to_owned),
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
        ..SupervisedFilter::default()
    })
}

/// The count the address asks to open: its procedure and, if named, its outcome.
fn opened<'a>(figures: &'a [Figure], links: &ListLinks) -> Option<&'a Figure> {
    let (procedure, outcome) = (links.get("procedure")?, links.get("outcome"));
    figures.iter().find(|f| f.procedure == procedure && f.outcome.as_deref() == outcome)
}

/// `GET /desk/supervised`: counts by agency, or the records of one count. Right: view matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "region");
    let figures = flow::view::assessed_figures(&app.engine);
    if let Some(figure) = opened(&figures, &links) {
        return records(&app, &viewer, &links, &figures, figure).await;
    }
    let found =
        flow::view::supervised_counts(&app.store, &app.access, &viewer.who, app.now(), &filter(&links)?)
            .await?;
    let mut rows = by_agency(&figures, &found);
    if let Some(column) = KEYS.iter().position(|k| *k == links.sort).filter(|c| *c < figures.len()) {
        rows.sort_by_key(|r| r.counts[column]);
    }
    if links.desc {
        rows.reverse();
    }
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &figures, &rows));
    }
    let title = TITLE.get(lang);
    Ok(layout::page(&viewer, title, &html! {
        (layout::crumbs(&[("/desk/situation", lang.pick("态势", "Situation")), ("", title)]))
        h1 { (title) }
        p.soft { (lang.pick("按被督办、被约谈的地区和部门统计，供评议考核引用；以下达日期计入期间，演练不计。点开数字即见所计办件。", "Counted by the region and department that was supervised or called, for the assessment; the day of the order decides the period, drills are left out. A figure opens to the matters it counts.")) }
        (filters(&viewer, &links))
        @if rows.is_empty() { (ui::empty(lang.pick("期间内没有督办、约谈", "Nobody was supervised or called in the period"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
        @else { (table(lang, &links, &figures, &rows)) }
        p { @for f in figures.iter().filter(|f| f.outcome.is_none()) {
            a href={ "/desk/matters/new?procedure=" (f.procedure) } { (lang.pick("下达", "Begin: ")) (f.title.get(lang)) } " " } }
    }).into_response())
}

/// Sort keys of the counts: their place among the figures; columns beyond them are not sorted by.
const KEYS: [&str; 24] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
    "19", "20", "21", "22", "23",
];

/// The name of a column in a file: procedure and outcome.
fn key(figure: &Figure) -> String {
    match &figure.outcome {
        None => figure.procedure.clone(),
        Some(outcome) => format!("{}_{outcome}", figure.procedure),
    }
}

fn filters(viewer: &Viewer, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let value = |name: &str| links.get(name).unwrap_or_default();
    let departments = Department::ALL.iter().map(|d| (d.code(), d.name()));
    html! { form.filters method="get" {
        (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: value("region"), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
        (ui::select(&Field { name: "agency", label: lang.pick("部门", "Department"), value: value("agency"), ..Field::default() }, &choices::any(lang, &choices::ALL, departments)))
        (ui::input(&Field { name: "from", label: lang.pick("下达日期自", "Ordered from"), value: value("from"), kind: "date", ..Field::default() }))
        (ui::input(&Field { name: "to", label: lang.pick("至", "to"), value: value("to"), kind: "date", ..Field::default() }))
        button { (lang.pick("统计", "Count")) }
    } }
}

fn table(lang: Lang, links: &ListLinks, figures: &[Figure], rows: &[Agency]) -> Markup {
    let from = links.get("after").and_then(|a| a.parse::<usize>().ok()).unwrap_or(0);
    let shown = &rows[from.min(rows.len())..rows.len().min(from.saturating_add(PAGE))];
    let open = |r: Option<&Agency>, figure: &Figure| {
        let (region, agency) = r.map_or(
            (links.get("region").unwrap_or_default(), links.get("agency").unwrap_or_default()),
            |r| (&*r.region, &*r.agency),
        );
        links.with(&[
            ("region", region),
            ("agency", agency),
            ("procedure", &figure.procedure),
            ("outcome", figure.outcome.as_deref().unwrap_or_default()),
            ("sort", ""),
            ("dir", ""),
            ("after", ""),
        ])
    };
    let cell = |n: i64, r: Option<&Agency>, figure: &Figure| {
        html! { @if n == 0 { "0" } @else { a href=(open(r, figure)) {
        @if figure.late { (ui::badge(Tone::Warn, &n.to_string())) } @else { (n) } } } }
    };
    let mut lines: Vec<Vec<Markup>> = Vec::new();
    for r in shown {
        let mut line =
            vec![html! { (region_name(lang, &r.region)) }, html! { (agency_name(lang, &r.agency)) }];
        line.extend(r.counts.iter().zip(figures).map(|(n, f)| cell(*n, Some(r), f)));
        lines.push(line);
    }
    let mut sum = vec![html! { b { (lang.pick("合计", "Total")) } }, html! {}];
    for (column, figure) in figures.iter().enumerate() {
        sum.push(cell(rows.iter().map(|r| r.counts[column]).sum(), None, figure));
    }
    lines.push(sum);
    let mut columns = vec![Column::text("地区", "Region").by("region"), Column::text("部门", "Department")];
    columns.extend(figures.iter().enumerate().map(|(n, f)| Column {
        title: heading(f),
        sort: KEYS.get(n).copied(),
        num: true,
    }));
    let next = (from + PAGE < rows.len()).then(|| (from + PAGE).to_string());
    html! {
        (ui::table(lang, TITLE.get(lang), &columns, &lines, Some(links)))
        (ui::pager(lang, links, shown.len(), i64::try_from(rows.len()).ok(), next.as_deref(), true))
    }
}

/// The matters one count counts.
async fn records(
    app: &App,
    viewer: &Viewer,
    links: &ListLinks,
    figures: &[Figure],
    figure: &Figure,
) -> Answer {
    let lang = viewer.lang();
    let filter = SupervisedFilter {
        procedure: Some(figure.procedure.clone()),
        outcome: figure.outcome.clone(),
        ..filter(links)?
    };
    let (filter, now) = (&filter, app.now());
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::supervised(&app.store, &app.access, &viewer.who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let lines = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        return crate::export::download(format, &record_sheet(lang, &lines));
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let title = heading(figure);
    let title = title.get(lang);
    let label = |l: &SupervisedLine| {
        let same = |f: &&Figure| f.procedure == l.procedure && f.outcome.as_ref() == Some(&l.outcome);
        figures.iter().find(same).map_or_else(|| l.outcome.clone(), |f| f.label.get(lang).to_owned())
    };
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|l| {
            vec![
                html! { a href={ "/desk/matters/" (l.matter) } { (l.title.get(lang)) } },
                html! { (region_name(lang, &l.region)) },
                html! { (agency_name(lang, &l.agency)) },
                html! { (l.opened.china_minute()) },
                html! { @if let Some(at) = l.closed { (at.china_minute()) } },
                html! { (ui::badge(if l.closed.is_some() { Tone::Idle } else { Tone::Info }, &label(l))) },
            ]
        })
        .collect();
    let columns = [
        Column::text("办件", "Matter"),
        Column::text("地区", "Region"),
        Column::text("部门", "Department"),
        Column::text("下达", "Ordered"),
        Column::text("办结", "Ended"),
        Column::text("结果", "Result"),
    ];
    let back = links.with(&[("procedure", ""), ("outcome", ""), ("after", "")]);
    Ok(layout::page(viewer, title, &html! {
        (layout::crumbs(&[(&back, TITLE.get(lang)), ("", title)]))
        h1 { (title) }
        @if rows.is_empty() { (ui::empty(lang.pick("没有办件", "No matter"), lang.pick("该项计数为零。", "The count is nought."))) }
        @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, links, rows.len(), None, page.next.as_deref(), true)) }
    }).into_response())
}

fn sheet(lang: Lang, figures: &[Figure], rows: &[Agency]) -> paper::sheet::Sheet {
    let head: Vec<String> = figures.iter().map(key).collect();
    let mut columns = vec!["region", "name", "department"];
    columns.extend(head.iter().map(String::as_str));
    let mut sheet = crate::export::sheet("supervised", &columns);
    for r in rows {
        let mut line = vec![r.region.clone(), region_name(lang, &r.region), r.agency.clone()];
        line.extend(r.counts.iter().map(ToString::to_string));
        sheet.rows.push(crate::export::texts(line));
    }
    sheet
}

fn record_sheet(lang: Lang, lines: &[SupervisedLine]) -> paper::sheet::Sheet {
    let head = ["matter", "procedure", "title", "region", "name", "department", "opened", "closed", "result"];
    let mut sheet = crate::export::sheet("supervised-matters", &head);
    for l in lines {
        sheet.rows.push(crate::export::texts([
            l.matter.to_string(),
            l.procedure.clone(),
            l.title.get(lang).to_owned(),
            l.region.clone(),
            region_name(lang, &l.region),
            l.agency.clone(),
            l.opened.rfc3339(),
            l.closed.map(|c| c.rfc3339()).unwrap_or_default(),
            l.outcome.clone(),
        ]));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn figure(procedure: &str, outcome: Option<&str>) -> Figure {
        Figure {
            procedure: procedure.to_owned(),
            title: Text::of("督办", "Supervision"),
            outcome: outcome.map(ToOwned::to_owned),
            label: Text::of("按期办结", "Done in time"),
            late: false,
        }
    }

    fn count(procedure: &str, region: &str, outcome: &str, matters: i64) -> SupervisedCount {
        let [procedure, region, agency, outcome] =
            [procedure, region, "market", outcome].map(ToOwned::to_owned);
        SupervisedCount { procedure, region, agency, outcome, matters }
    }

    #[test]
    fn the_outcomes_of_a_procedure_are_all_of_it() {
        let figures = [
            figure("supervision", None),
            figure("supervision", Some("in_time")),
            figure("supervision", Some("late")),
            figure("interview", None),
            figure("interview", Some("overdue")),
        ];
        let found = [
            count("supervision", "620102", "in_time", 1),
            count("supervision", "620102", "late", 2),
            count("interview", "620102", "overdue", 4),
            count("supervision", "620104", "late", 1),
        ];
        let rows = by_agency(&figures, &found);
        let counts: Vec<_> = rows.iter().map(|r| (r.region.as_str(), r.counts.as_slice())).collect();
        assert_eq!(counts, [("620102", &[3, 1, 2, 4, 4][..]), ("620104", &[1, 0, 1, 0, 0][..])]);
        assert_eq!(
            figures.iter().map(key).collect::<BTreeSet<_>>().len(),
            figures.len(),
            "one name a column"
        );
    }
}
