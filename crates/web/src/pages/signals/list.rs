//! The signals: a list that filters, sorts, pages and exports, and the counties on a map below it.

use super::{HOME, badge, places_text, tabs};
use crate::fault::Answer;
use crate::layout::{self, Fragment, Viewer};
use crate::map::{self, Tint, region_name};
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, PreEscaped, html};
use std::collections::HashMap;
use std::sync::Arc;
use watch::{Filter, Page, SignalRow, Sort, Status};

/// What a query asks for; without a status those still open.
fn filter(links: &ListLinks) -> Answer<Filter> {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    let status = links.get("status");
    Ok(Filter {
        status: status.and_then(|s| s.parse().ok()),
        open: status.is_none(),
        hazard: text("hazard"),
        region: text("region"),
        method: text("method"),
        since: choices::day("since", links.get("since"))?,
        sort: match links.sort.as_str() {
            "urgency" => Sort::Urgency,
            "cases" => Sort::Cases,
            _ => Sort::Raised,
        },
        after: text("after"),
        limit: if links.get("format").is_some() { 500 } else { 50 },
    })
}

/// `GET /desk/signals`. Right: view signal.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HOME, raw.as_deref(), "raised");
    let mut asked = filter(&links)?;
    let mut page = app.watch.signals(&app.store, &viewer.who, app.now(), &asked).await?;
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            asked.after = page.next.take();
            let more = app.watch.signals(&app.store, &viewer.who, app.now(), &asked).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        return crate::export::download(format, &sheet(lang, &page.rows));
    }
    let title = lang.pick("监测信号", "Surveillance signals");
    let map = ListLinks { path: format!("{HOME}/map"), ..links.clone() };
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HOME))
        (layout::head(title, &html! { a href="/desk/methods/watch" { (lang.pick("方法说明", "About the method")) } }))
        p.soft { (lang.pick(
            "每夜对每个县、每种危害用多种方法比较报告数与历史预期，在全部序列中控制错误发现率；信号只是线索，是否属实由人核实。",
            "Each night every county and hazard is compared with its own past by several methods, false alarms controlled over all series. A signal is a lead: a person finds out whether it is real.")) }
        (filters(&app, &viewer, &links))
        section { (table(&app, lang, &links, &page)) }
        section.card.map { h2 { (lang.pick("各县信号", "Signals by county")) } (ui::island(lang, &map.with(&[("after", "")]), lang.pick("地图", "map"))) }
    }).into_response())
}

fn filters(app: &App, viewer: &Viewer, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let given = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let mut status = vec![
        (String::new(), lang.pick("未办结", "Open").to_owned()),
        ("all".to_owned(), lang.pick("全部", "All").to_owned()),
    ];
    status.extend(Status::ALL.iter().map(|s| (s.word().to_owned(), s.label().get(lang).to_owned())));
    let all = || vec![(String::new(), choices::ALL.get(lang).to_owned())];
    let mut hazards = all();
    hazards.extend(app.watch.plan.hazards.iter().map(|h| (h.id.clone(), h.title.get(lang).to_owned())));
    let mut methods = all();
    methods.extend(
        app.watch.plan.methods.iter().map(|m| (m.method.id().to_owned(), m.title.get(lang).to_owned())),
    );
    let field = |name, label, value| Field { name, label, value, ..Field::default() };
    let [s, h, r, m, d] = ["status", "hazard", "region", "method", "since"].map(given);
    html! { form.filters method="get" {
        @if links.sort != "raised" { input type="hidden" name="sort" value=(links.sort); }
        (ui::select(&field("status", lang.pick("状态", "Status"), &s), &status))
        (ui::select(&field("hazard", lang.pick("危害", "Hazard"), &h), &hazards))
        (ui::select(&field("region", lang.pick("地区", "Region"), &r), &choices::regions(lang, &viewer.who, &choices::ALL)))
        (ui::select(&field("method", lang.pick("方法", "Method"), &m), &methods))
        (ui::input(&Field { kind: "date", ..field("since", lang.pick("报警不早于", "Alarm not before"), &d) }))
        button { (lang.pick("筛选", "Filter")) }
    } }
}

fn table(app: &App, lang: Lang, links: &ListLinks, page: &Page) -> Markup {
    if page.rows.is_empty() {
        return ui::empty(
            lang.pick("没有符合条件的信号", "No signal of this kind"),
            lang.pick(
                "没有信号不等于没有问题：请在“方法成绩”查看最近一次判定覆盖了多少序列。",
                "No signal does not mean no problem: “Methods' record” says how many series the last judgement covered.",
            ),
        );
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|s| {
            let methods: Vec<String> =
                s.methods.iter().map(|m| app.watch.plan.method_title(m).get(lang).to_owned()).collect();
            vec![
                html! { a href={ (HOME) "/" (s.id) } { (app.watch.plan.hazard_title(&s.hazard).get(lang)) } },
                html! { (places_text(lang, &s.places)) },
                html! { (crate::chart::figure(s.observed)) },
                html! { @if s.q_value.is_some() { (crate::chart::figure(s.expected)) } @else { "—" } },
                super::chance(lang, s.q_value),
                html! { (methods.join(lang.pick("、", ", "))) },
                html! { (badge(lang, s.status)) @if !s.assigned.is_empty() { div.small.soft { (s.assigned) } } },
                html! { (s.from) " – " (s.to) },
                html! { (s.created.china_minute()) },
            ]
        })
        .collect();
    let columns = [
        Column::text("危害", "Hazard"),
        Column::text("地区", "Places"),
        Column::num("报告数", "Counted").by("cases"),
        Column::num("预期", "Expected"),
        Column::num("错误发现率", "False-discovery rate").by("urgency"),
        Column::text("方法", "Methods"),
        Column::text("状态", "Status"),
        Column::text("报警时段", "Days of the alarms"),
        Column::text("产生时间", "Raised").by("raised"),
    ];
    html! {
        (ui::table(lang, lang.pick("监测信号", "Surveillance signals"), &columns, &rows, Some(links)))
        (ui::pager(lang, links, rows.len(), Some(page.total), page.next.as_deref(), true))
    }
}

/// `GET /desk/signals/map`: the counties, as a part of the list or as a page of its own. Right: view signal.
pub(super) async fn map(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HOME, raw.as_deref(), "raised");
    let counts = app.watch.by_place(&app.store, &viewer.who, app.now(), &filter(&links)?).await?;
    let max = counts.values().copied().max().unwrap_or(0);
    let title = lang.pick("各县信号数", "Signals by county");
    let tints: HashMap<String, Tint> = counts
        .iter()
        .map(|(place, n)| {
            let title = format!("{}：{n} {}", region_name(lang, place), lang.pick("个信号", "signals"));
            let href = Some(links.with(&[("region", place), ("after", "")]));
            (place.clone(), Tint { level: map::level(*n, max), title, href })
        })
        .collect();
    let rows: Vec<Vec<Markup>> = counts
        .iter()
        .map(|(place, n)| {
            vec![
                html! { a href=(links.with(&[("region", place), ("after", "")])) { (region_name(lang, place)) } },
                html! { (n) },
            ]
        })
        .collect();
    let columns = [Column::text("县区", "County"), Column::num("信号", "Signals")];
    let table = ui::table(lang, title, &columns, &rows, None);
    let body = html! {
        figure { (PreEscaped(map::svg(lang, title, &tints)))
            figcaption { (title) (lang.pick("；数字见表格", "; the table has the figures"))
                ul.key { @for (level, from, to) in map::legend(max) { li { i class={ "h" (level) } {} @if from == to { (from) } @else { (from) "–" (to) } } } } } }
        @if fragment.0 { details { summary { (lang.pick("各县数据表", "The counties as a table")) } (table) } } @else { (table) }
    };
    Ok(fragment.answer(&viewer, title, &[(HOME, lang.pick("监测信号", "Signals"))], &body))
}

fn sheet(lang: Lang, rows: &[SignalRow]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "signals",
        &[
            "id", "hazard", "places", "from", "to", "counted", "expected", "q_value", "methods", "status",
            "assigned", "raised", "why",
        ],
    );
    for s in rows {
        let mut cells = crate::export::texts([
            s.id.to_string(),
            s.hazard.clone(),
            s.places.join(" "),
            s.from.to_string(),
            s.to.to_string(),
            crate::chart::figure(s.observed),
            s.q_value.map_or_else(String::new, |_| format!("{:.3}", s.expected)),
            s.q_value.map_or_else(String::new, |q| format!("{q:.3e}")),
            s.methods.join(" "),
            s.status.label().get(lang).to_owned(),
            s.assigned.clone(),
            s.created.rfc3339(),
        ]);
        cells.push(s.because.get(lang).into());
        sheet.rows.push(cells);
    }
    sheet
}

/// What a list of signals is called.
pub(crate) const SIGNAL: Text = Text::of("监测信号", "surveillance signal");
