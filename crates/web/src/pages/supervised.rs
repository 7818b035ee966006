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
use flow::view::{INTERVIEW, Outcome, SUPERVISION, SupervisedFilter, SupervisedLine};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const PATH: &str = "/desk/supervised";
/// Rows of a page.
const PAGE: usize = 50;
static TITLE: Text = Text::of("督办、约谈结果", "Results of supervision and interviews");

/// A column of counts: the procedure, and the outcome counted; `None` counts all.
type Figure = (&'static str, Option<Outcome>);

/// Every count of the table, in order.
fn figures() -> Vec<Figure> {
    let all = |procedure, of: &[Outcome]| {
        let each = of.iter().map(move |o| (procedure, Some(*o)));
        std::iter::once((procedure, None)).chain(each).collect::<Vec<Figure>>()
    };
    let mut figures = all(SUPERVISION, &Outcome::OF_SUPERVISION);
    figures.extend(all(INTERVIEW, &Outcome::OF_INTERVIEW));
    figures
}

fn heading((procedure, outcome): Figure) -> Text {
    let first = match (procedure, outcome) {
        (SUPERVISION, None) => return Text::of("督办", "Supervisions"),
        (_, None) => return Text::of("约谈", "Interviews"),
        (SUPERVISION, Some(_)) => Text::of("督办", "Supervision"),
        (_, Some(_)) => Text::of("约谈", "Interview"),
    };
    let outcome = outcome.map_or_else(|| first.clone(), Outcome::label);
    Text::new(format!("{}：{}", first.zh, outcome.zh), format!("{}: {}", first.en, outcome.en))
}

fn counts(line: &SupervisedLine, (procedure, outcome): Figure) -> bool {
    line.procedure == procedure && outcome.is_none_or(|o| o == line.outcome)
}

/// Counts of one agency, in the order of [`figures`].
struct Agency {
    region: String,
    agency: String,
    counts: Vec<usize>,
}

fn by_agency(lines: &[SupervisedLine]) -> Vec<Agency> {
    let figures = figures();
    let mut by: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for line in lines {
        let row = by.entry((&line.region, &line.agency)).or_insert_with(|| vec![0; figures.len()]);
        for (count, figure) in row.iter_mut().zip(&figures) {
            *count += usize::from(counts(line, *figure));
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
    })
}

/// The count the address asks to open: its procedure and, if named, its outcome.
fn opened(links: &ListLinks) -> Option<Figure> {
    let (procedure, outcome) = (links.get("procedure")?, links.get("outcome"));
    figures().into_iter().find(|(p, o)| *p == procedure && o.map(Outcome::word) == outcome)
}

/// `GET /desk/supervised`: counts by agency, or the records of one count. Right: view matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "region");
    let mut lines =
        flow::view::supervised(&app.store, &app.access, &viewer.who, app.now(), &filter(&links)?).await?;
    if let Some(figure) = opened(&links) {
        lines.retain(|l| counts(l, figure));
        return records(&viewer, &links, figure, &lines);
    }
    let mut rows = by_agency(&lines);
    if let Some(column) = links.sort.parse::<usize>().ok().filter(|c| *c < figures().len()) {
        rows.sort_by_key(|r| r.counts[column]);
    }
    if links.desc {
        rows.reverse();
    }
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &rows));
    }
    let title = TITLE.get(lang);
    Ok(layout::page(&viewer, title, &html! {
        (layout::crumbs(&[("/desk/situation", lang.pick("态势", "Situation")), ("", title)]))
        h1 { (title) }
        p.soft { (lang.pick("按被督办、被约谈的地区和部门统计，供评议考核引用；以下达日期计入期间，演练不计。点开数字即见所计办件。", "Counted by the region and department that was supervised or called, for the assessment; the day of the order decides the period, drills are left out. A figure opens to the matters it counts.")) }
        (filters(&viewer, &links))
        @if rows.is_empty() { (ui::empty(lang.pick("期间内没有督办、约谈", "Nobody was supervised or called in the period"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
        @else { (table(lang, &links, &rows)) }
        p { a href="/desk/matters/new?procedure=supervision" { (lang.pick("下达督办", "Order a supervision")) } " · "
            a href="/desk/matters/new?procedure=interview" { (lang.pick("发起约谈", "Call to an interview")) } }
    }).into_response())
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

fn table(lang: Lang, links: &ListLinks, rows: &[Agency]) -> Markup {
    let figures = figures();
    let from = links.get("after").and_then(|a| a.parse::<usize>().ok()).unwrap_or(0);
    let shown = &rows[from.min(rows.len())..rows.len().min(from.saturating_add(PAGE))];
    let open = |r: Option<&Agency>, (procedure, outcome): Figure| {
        let (region, agency) = r.map_or(
            (links.get("region").unwrap_or_default(), links.get("agency").unwrap_or_default()),
            |r| (&*r.region, &*r.agency),
        );
        let outcome = outcome.map_or("", Outcome::word);
        links.with(&[
            ("region", region),
            ("agency", agency),
            ("procedure", procedure),
            ("outcome", outcome),
            ("sort", ""),
            ("dir", ""),
            ("after", ""),
        ])
    };
    let cell = |n: usize, r: Option<&Agency>, figure: Figure| {
        let late = matches!(figure.1, Some(Outcome::Overdue | Outcome::Late | Outcome::Escalated));
        html! { @if n == 0 { "0" } @else { a href=(open(r, figure)) {
        @if late { (ui::badge(Tone::Warn, &n.to_string())) } @else { (n) } } } }
    };
    let mut lines: Vec<Vec<Markup>> = Vec::new();
    for r in shown {
        let mut line =
            vec![html! { (region_name(lang, &r.region)) }, html! { (agency_name(lang, &r.agency)) }];
        line.extend(r.counts.iter().zip(&figures).map(|(n, f)| cell(*n, Some(r), *f)));
        lines.push(line);
    }
    let mut sum = vec![html! { b { (lang.pick("合计", "Total")) } }, html! {}];
    for (column, figure) in figures.iter().enumerate() {
        sum.push(cell(rows.iter().map(|r| r.counts[column]).sum(), None, *figure));
    }
    lines.push(sum);
    let mut columns = vec![Column::text("地区", "Region").by("region"), Column::text("部门", "Department")];
    columns.extend(figures.iter().zip(KEYS).map(|(f, key)| Column {
        title: heading(*f),
        sort: Some(key),
        num: true,
    }));
    let next = (from + PAGE < rows.len()).then(|| (from + PAGE).to_string());
    html! {
        (ui::table(lang, TITLE.get(lang), &columns, &lines, Some(links)))
        (ui::pager(lang, links, shown.len(), i64::try_from(rows.len()).ok(), next.as_deref(), true))
    }
}

/// Sort keys of the counts: their place in [`figures`].
const KEYS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];

/// The matters one count counts.
fn records(viewer: &Viewer, links: &ListLinks, figure: Figure, lines: &[SupervisedLine]) -> Answer {
    let lang = viewer.lang();
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &record_sheet(lang, lines));
    }
    let after = links.get("after").and_then(|a| a.parse::<base::Id>().ok());
    let shown: Vec<&SupervisedLine> =
        lines.iter().skip_while(|l| after.is_some_and(|a| l.matter >= a)).take(PAGE).collect();
    let more = shown.last().filter(|l| lines.last().is_some_and(|end| end.matter != l.matter));
    let next = more.map(|l| l.matter.to_string());
    let title = heading(figure);
    let title = title.get(lang);
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|l| {
            vec![
                html! { a href={ "/desk/matters/" (l.matter) } { (l.title.get(lang)) } },
                html! { (region_name(lang, &l.region)) },
                html! { (agency_name(lang, &l.agency)) },
                html! { (l.opened.china_minute()) },
                html! { @if let Some(at) = l.closed { (at.china_minute()) } },
                html! { (ui::badge(if l.closed.is_some() { Tone::Idle } else { Tone::Info }, l.outcome.label().get(lang))) },
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
        @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, links, rows.len(), i64::try_from(lines.len()).ok(), next.as_deref(), true)) }
    }).into_response())
}

fn sheet(lang: Lang, rows: &[Agency]) -> paper::sheet::Sheet {
    let head: Vec<String> = figures()
        .into_iter()
        .map(|(p, o)| o.map_or_else(|| p.to_owned(), |o| format!("{p}_{}", o.word())))
        .collect();
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
            l.outcome.word().to_owned(),
        ]));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Date, Id, Instant};

    fn line(matter: i64, procedure: &str, region: &str, outcome: Outcome) -> SupervisedLine {
        let at = Instant::china(Date::constant(2026, 11, 20), 9, 0);
        SupervisedLine {
            matter: Id(matter),
            procedure: procedure.to_owned(),
            title: Text::of("督办", "Supervision"),
            region: region.to_owned(),
            agency: "market".to_owned(),
            opened: at,
            closed: None,
            outcome,
        }
    }

    #[test]
    fn every_count_is_as_long_as_the_list_it_opens() {
        let lines = [
            line(1, SUPERVISION, "620102", Outcome::InTime),
            line(2, SUPERVISION, "620102", Outcome::Late),
            line(3, SUPERVISION, "620102", Outcome::Late),
            line(4, INTERVIEW, "620102", Outcome::Overdue),
            line(5, INTERVIEW, "620104", Outcome::Done),
        ];
        let rows = by_agency(&lines);
        assert_eq!(rows.len(), 2);
        assert_eq!(KEYS.len(), figures().len());
        for row in &rows {
            let own: Vec<_> = lines.iter().filter(|l| l.region == row.region).collect();
            for (n, figure) in row.counts.iter().zip(figures()) {
                assert_eq!(own.iter().filter(|l| counts(l, figure)).count(), *n, "{} {figure:?}", row.region);
            }
        }
        // the outcomes of a procedure are all of it
        let all = figures();
        for row in &rows {
            for procedure in [SUPERVISION, INTERVIEW] {
                let of = |whole: bool| -> usize {
                    let own = row
                        .counts
                        .iter()
                        .zip(&all)
                        .filter(|(_, f)| f.0 == procedure && f.1.is_none() == whole);
                    own.map(|(n, _)| n).sum()
                };
                assert_eq!(of(true), of(false), "{} {procedure}", row.region);
            }
        }
        assert!(rows[0].counts.contains(&2) && rows[1].counts.iter().sum::<usize>() == 2);
    }
}
