//! An answer as a page: sentence, what limits it, counties, graph, table, files.

use super::{event_link, head, lot_address};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::scope::place_link;
use crate::ui::{self, Column, ListLinks, Tone};
use base::Lang;
use maud::{Markup, html};
use supply::{Answer, Cell, Found, FoundKind, Legend, Question, amount_text};

/// Rows a page.
const ROWS: usize = 100;
/// Nodes a graph is offered for.
const DRAWN: usize = 30_000;

/// The page of an answer.
pub(super) fn page(viewer: &Viewer, links: &ListLinks, a: &Answer) -> Markup {
    let lang = viewer.lang();
    let title = a.question.title();
    layout::page(
        viewer,
        title.get(lang),
        &html! {
            (head(viewer, Some(a.question), links))
            (super::cases::bar(viewer, links, a.question, true))
            (about(lang, a))
            (ui::message(if a.table.rows.is_empty() { Tone::Warn } else { Tone::Info }, &html! { p.summary { strong { (a.summary.get(lang)) } } }))
            (notes(lang, a))
            (super::form::again(viewer, a.question, links))
            @if !a.counties.is_empty() { (counties(lang, links, a)) }
            (graph(lang, links, a))
            (table(lang, links, a))
            (foot(lang, links, a))
        },
    )
}

fn about(lang: Lang, a: &Answer) -> Markup {
    html! { ul.about { @for f in &a.about { li {
        @match f.kind {
            FoundKind::Lot => { a href=(lot_address(Question::Hop, &f.key)) { (f.name) } " " code.small.break { (f.key) } }
            FoundKind::Place => { (f.name) " " code.small.break { (f.key) } }
            FoundKind::Firm => { a href={ "/desk/operators/" (f.key) } { (f.name) } }
            FoundKind::Case => { (lang.pick("病例", "Case")) " " strong { (f.name) } }
        }
        @if !f.detail.is_empty() && f.kind != FoundKind::Firm { " " span.small.soft { (f.detail) } }
    } } } }
}

fn notes(lang: Lang, a: &Answer) -> Markup {
    html! {
        @if a.truncated { @if let Some(first) = a.notes.first() { (ui::message(Tone::Warn, &html! { p { (first.get(lang)) } })) } }
        @let rest = if a.truncated { a.notes.get(1..).unwrap_or_default() } else { &a.notes };
        @if !rest.is_empty() { ul.notes { @for note in rest { li { (note.get(lang)) } } } }
    }
}

/// The counties as a plain table beside the map.
fn counties(lang: Lang, links: &ListLinks, a: &Answer) -> Markup {
    let measured = a.counties.iter().any(|c| !c.on_hand.is_zero() || !c.came.is_zero());
    let mut columns = vec![Column::text("县区", "County"), Column::num("场所", "Places")];
    if measured {
        columns.extend([
            Column::num("到货或产出", "Came or made"),
            Column::num("在途", "On the way"),
            Column::num("应在库", "On hand"),
        ]);
    }
    let rows: Vec<Vec<Markup>> = a
        .counties
        .iter()
        .map(|c| {
            let name = if c.region.is_empty() {
                lang.pick("未登记的场所", "not in the register").to_owned()
            } else {
                region_name(lang, &c.region)
            };
            let mut row = vec![
                html! { @if c.region.is_empty() || a.question == Question::Spread { (name) } @else { a href=(links.with(&[("within", &c.region), ("after", "")])) { (name) } } },
                html! { (c.places) },
            ];
            if measured {
                row.extend([&c.came, &c.expected, &c.on_hand].map(|amount| html! { (amount_text(amount)) }));
            }
            row
        })
        .collect();
    let map = links.with(&[("after", ""), ("sort", ""), ("dir", "")]).replacen(
        &links.path,
        &format!("{}/map", links.path),
        1,
    );
    html! { div.grid.wide {
        // the question by county is answered by the table below
        @if a.question != Question::Spread { section { h2 { (lang.pick("按县区", "By county")) } (ui::table(lang, lang.pick("按县区", "By county"), &columns, &rows, None)) } }
        section.card { h2 { (lang.pick("地图", "Map")) } (ui::island(lang, &map, lang.pick("地图", "map"))) }
    } }
}

fn graph(lang: Lang, links: &ListLinks, a: &Answer) -> Markup {
    let nodes: usize = a.traces.iter().map(|t| t.nodes.len()).sum();
    if nodes < 2 {
        return html! {};
    }
    let kept = links.with(&[("after", ""), ("sort", ""), ("dir", ""), ("q", ""), ("within", "")]);
    let picture = |per: &str| {
        let path = kept.replacen(&links.path, &format!("{}/graph.svg", links.path), 1);
        format!("{path}{}per={per}", if path.contains('?') { '&' } else { '?' })
    };
    let words = lang.pick("追溯图，内容同下表", "Trace graph; the table below says the same");
    html! { section { h2 { (lang.pick("追溯图", "Trace graph")) }
        @if nodes > DRAWN { p.soft { (lang.pick("节点太多，不画图；请用表格，或缩小范围。", "Too many nodes to draw; use the table or narrow the question.")) } }
        @else {
            p.small.soft { (lang.pick("左为源头，右为去向；红框为所查批次；虚线为加工。", "Sources left, destinations right; red: the lots asked about; dashed: made into.")) " "
                a href=(picture("9")) { (lang.pick("单独打开", "Open alone")) } " · " a href=(picture("60")) { (lang.pick("展开更多", "Unfold more")) } }
            div.graph tabindex="0" role="region" aria-label=(lang.pick("追溯图", "Trace graph")) { a href=(picture("60")) { img src=(picture("9")) alt=(words) loading="lazy" style="max-width:none"; } }
        }
    } }
}

/// A cell as people use it: names lead on.
fn cell(lang: Lang, about: &[Found], legend: &Legend, cell: &Cell) -> Markup {
    match cell {
        Cell::Place(key) => place_link(legend, key),
        Cell::Lot(key) => html! { a href=(lot_address(Question::Hop, key)) { (legend.lot_name(key)) } },
        Cell::Events(events) => html! {
            @match events.as_slice() {
                [] => "—",
                [one] => (event_link(*one, about, lang.pick("事件", "event"))),
                many => { details { summary { (many.len()) }
                    @for (n, id) in many.iter().take(20).enumerate() { (event_link(*id, about, &format!("{}{}", lang.pick("事件 ", "event "), n + 1))) " " }
                    @if many.len() > 20 { "…" } } }
            }
        },
        Cell::Empty => html! { "—" },
        other => html! { (other.shown(lang, legend)) },
    }
}

fn table(lang: Lang, links: &ListLinks, a: &Answer) -> Markup {
    let total = a.table.rows.len();
    let skip = links.get("after").and_then(|s| s.parse().ok()).unwrap_or(0usize).min(total);
    let columns: Vec<Column> = a
        .table
        .columns
        .iter()
        .map(|c| Column { title: c.title.clone(), sort: Some(c.key), num: c.number })
        .collect();
    let shown: Vec<Vec<Markup>> = (a.table.rows.iter().skip(skip).take(ROWS))
        .map(|row| row.iter().map(|c| cell(lang, &a.about, &a.legend, c)).collect())
        .collect();
    let next = (skip + shown.len() < total).then(|| (skip + shown.len()).to_string());
    let chosen = links.get("q").is_some() || links.get("within").is_some();
    html! { section #rows { h2 { (lang.pick("明细", "In detail")) }
        form.filters method="get" action=(links.path) {
            @for (k, v) in links.query.iter().filter(|(k, _)| !matches!(k.as_str(), "q" | "after" | "format")) { input type="hidden" name=(k) value=(v); }
            (ui::input(&ui::Field { name: "q", label: lang.pick("只看含这些字词的行", "Rows with these words"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            button { (lang.pick("筛选", "Filter")) }
            @if chosen { a.button.plain href=(links.with(&[("q", ""), ("within", ""), ("after", "")])) { (lang.pick("清除筛选", "Clear")) } }
        }
        @if total == 0 {
            @if chosen { (ui::empty(lang.pick("没有符合筛选的行", "No row fits the filter"), lang.pick("清除筛选，或换别的字词。", "Clear the filter or try other words."))) }
            @else { (ui::empty(lang.pick("没有记录", "Nothing recorded"), lang.pick("见上面的说明；可换一个问题，或放宽时间段。", "See the sentence above; ask another question or widen the time."))) }
        } @else {
            (ui::table(lang, a.question.title().get(lang), &columns, &shown, Some(links)))
            (ui::pager(lang, links, shown.len(), i64::try_from(total).ok(), next.as_deref(), true))
        }
    } }
}

/// Where the same answer is found by programs, and what it stands on.
fn foot(lang: Lang, links: &ListLinks, a: &Answer) -> Markup {
    let api = links.with(&[("after", "")]).replacen("/trace/", "/api/v1/trace/", 1);
    html! { p.small.soft {
        (lang.pick("本页地址即查询本身，可收藏、可转发。", "The address of this page is the question: keep it or pass it on.")) " "
        a href=(api) { "JSON" }
        @if a.outbreak.is_some() { " · " a href=(links.with(&[("format", "fcl"), ("after", "")])) download { "FoodChain-Lab JSON" } }
        " · " (lang.pick("记录位置", "position")) " " (a.position)
        " · " (lang.pick("引擎用时", "engine")) " " (milliseconds(a.engine)) " ms"
        " · " (lang.pick("上限", "bounds")) " " (a.bounds.max_nodes) " / " (a.bounds.max_depth)
        @if a.question != Question::Changes && matches!(a.question, Question::Origins | Question::Forward | Question::Scope | Question::Spread | Question::Hop) {
            @let later = ListLinks { path: "/trace/changes".to_owned(), ..links.clone() }.with(&[("since", &a.position.to_string()), ("after", ""), ("sort", ""), ("dir", ""), ("q", ""), ("within", "")]);
            " · " a href=(later) { (lang.pick("从现在起的新增（收藏此链接）", "what is new from now on (keep this link)")) }
        }
    } }
}

fn milliseconds(micros: u128) -> String {
    format!("{}.{}", micros / 1000, micros % 1000 / 100)
}
