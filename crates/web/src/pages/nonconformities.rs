//! Failed samples and, in one step, the whole scope of the lot.

use super::sampling::contest;
use super::show::agency_name;
use super::{choices, scope};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Fragment, Viewer};
use crate::map::region_name;
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use lab::{Nonconformity, NonconformityFilter, NonconformityState};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{CaseLine, Question, ScopeOptions, ScopeReport};

const RECORD: Text = Text::of("不合格记录", "nonconformity");

/// `GET /desk/nonconformities`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let mut links = ListLinks::read("/desk/nonconformities", raw.as_deref(), "created");
    links.desc = links.get("dir") != Some("asc");
    let mut filter = NonconformityFilter {
        state: links.get("state").and_then(NonconformityState::read),
        region: links.get("region").map(ToOwned::to_owned),
        item: links.get("item").map(ToOwned::to_owned),
        operator: links.get("operator").and_then(|o| o.parse().ok()),
        text: links.get("q").map(ToOwned::to_owned),
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
        oldest_first: !links.desc,
        after: links.get("after").map(ToOwned::to_owned),
        limit: if links.get("format").is_some() { 200 } else { 50 },
    };
    let mut page = app.lab.nonconformities(&app.store, &viewer.who, app.now(), &filter).await?;
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            filter.after = page.next;
            let more = app.lab.nonconformities(&app.store, &viewer.who, app.now(), &filter).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        let mut sheet = crate::export::sheet(
            "nonconformities",
            &["id", "form_no", "food", "failure", "place", "region", "state", "created"],
        );
        for n in &page.rows {
            sheet.rows.push(crate::export::texts([
                n.id.to_string(),
                n.form_no.clone(),
                n.food.clone(),
                failures_text(n),
                n.place_name.clone(),
                n.region.clone(),
                n.state.label().get(lang).to_owned(),
                n.created.rfc3339(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|n| {
            vec![
                html! { a href={ "/desk/nonconformities/" (n.id) } { (name_of(n)) } },
                html! { (failures_text(n)) },
                html! { (n.place_name) },
                html! { (region_name(lang, &n.region)) },
                html! { (state_badge(lang, n.state)) },
                html! { (n.created.china_minute()) },
            ]
        })
        .collect();
    let title = lang.pick("不合格样品", "Nonconformities");
    let value = |name| links.get(name).unwrap_or_default();
    let states = NonconformityState::ALL.iter().map(|s| (s.word(), s.label()));
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("食品、单位或编号", "Food, firm or number"), value: value("q"), kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: value("state"), ..Field::default() }, &choices::any(lang, &choices::ALL, states)))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: value("region"), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: value("from"), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: value("to"), kind: "date", ..Field::default() }))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的不合格样品", "No nonconformity fits"), lang.pick("检验报告不合格时会立即出现在这里。", "A failed report appears here at once."))) }
        @else {
            (ui::table(lang, title, &[Column::text("样品", "Sample"), Column::text("不合格项目", "Failure"), Column::text("被抽样场所", "Place sampled"),
                Column::text("县区", "County"), Column::text("状态", "State"), Column::text("时间", "When").by("created")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

pub(crate) fn name_of(n: &Nonconformity) -> String {
    let name = if n.product_name.is_empty() { &n.food } else { &n.product_name };
    match &n.lot_no {
        Some(lot) => format!("{name} {lot}"),
        None => name.clone(),
    }
}

pub(crate) fn failures_text(n: &Nonconformity) -> String {
    n.failures
        .iter()
        .map(|f| format!("{} {} {} > {}", f.analyte, f.reported, f.unit, f.limit))
        .collect::<Vec<_>>()
        .join("; ")
}

pub(crate) fn state_badge(lang: Lang, state: NonconformityState) -> Markup {
    let tone = match state {
        NonconformityState::Open => Tone::Bad,
        NonconformityState::Closed => Tone::Ok,
        NonconformityState::Overturned => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

fn options(links: &ListLinks) -> ScopeOptions {
    ScopeOptions {
        from_item: links.get("from_item").map(ToOwned::to_owned),
        include_sibling_outputs: links.get("siblings") == Some("1"),
        bounds: None,
    }
}

/// `GET /desk/nonconformities/{id}`: the failure and the whole scope in one step.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&RECORD))?;
    let path = format!("/desk/nonconformities/{id}");
    let links = ListLinks::read(&path, raw.as_deref(), "depth");
    let n = app.lab.nonconformity(&app.store, &viewer.who, app.now(), id).await?;
    let report = match &n.item {
        Some(item) => {
            let drawn = app
                .supply
                .scope(&context(&app, &viewer), &viewer.who, item, n.place.as_deref(), None, options(&links))
                .await;
            match drawn {
                Ok(report) => Some(report),
                Err(supply::Error::NotFound(_)) => None,
                Err(e) => return Err(e.into()),
            }
        }
        None => None,
    };
    if let (Some(format), Some(report)) = (links.get("format"), &report) {
        return crate::export::download(format, &scope_sheet(lang, report));
    }
    let matter = match n.matter {
        Some(m) => {
            flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), m).await.ok()
        }
        None => None,
    };
    let standing = app.lab.contest_standing(&app.store, &viewer.who, app.now(), id).await?;
    let corrected = app.lab.corrected_reports(&app.store, &n).await?;
    let title = format!("{} · {}", lang.pick("不合格", "Nonconformity"), name_of(&n));
    Ok(layout::page(&viewer, &title, &html! {
        (layout::crumbs(&[("/desk/nonconformities", lang.pick("不合格", "Nonconformities")), ("", n.form_no.as_str())]))
        (layout::head(&title, &html! { (state_badge(lang, n.state)) }))
        (super::lab::correct::told(lang, &corrected))
        div.grid.wide {
            section.card { h2 { (lang.pick("不合格事实", "What failed")) } (failure(&viewer, &n)) }
            section.card { h2 { (lang.pick("处置", "Disposal")) }
                @match &matter {
                    Some(m) => {
                        p { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } " " (ui::badge(Tone::Info, m.state_title.get(lang))) }
                        @for a in m.actions.iter().filter(|a| a.refusal.is_none()) { (super::matters::step_card(&viewer, m, a)) }
                    }
                    None => p.soft { (lang.pick("没有关联的办件，或您无权查看。", "No matter, or none you may see.")) },
                }
            }
        }
        (contest::card(&viewer, &n, &standing, app.now().china_date(), &format!("{path}/open")))
        @match &report {
            None => (ui::message(Tone::Warn, &html! { p { (lang.pick(
                "追溯记录中没有该批次：只能从被抽样场所开始核查，请要求企业补报追溯信息。",
                "The trace record does not know this lot: the inquiry begins at the place sampled; ask the firm to report its events.")) } })),
            Some(r) => {
                (scope_view(lang, r, &links, &format!("nonconformity={id}")))
                (further(lang, &n, &r.item))
            }
        }
    }).into_response())
}

/// What failed, with value, limit and basis; links lead only where the viewer may go.
pub(crate) fn failure(viewer: &Viewer, n: &Nonconformity) -> Markup {
    let lang = viewer.lang();
    let desk = viewer.who.operator.is_none();
    html! {
        ul { @for f in &n.failures { li {
            strong { (f.analyte) " " (f.reported) " " (f.unit) } " — " (lang.pick("限量 ", "limit ")) (f.limit)
            div.small.soft { (f.basis) }
        } } }
        (ui::facts(lang, &[
            (Text::of("样品", "Sample"), html! { @if desk { a href={ "/desk/samples/" (n.sample) } { (n.form_no) } } @else { (n.form_no) } }),
            (Text::of("被抽样场所", "Place sampled"), html! { (n.place_name) " · " (region_name(lang, &n.region)) }),
            (Text::of("生产者", "Producer"), html! { @match n.producer.filter(|_| desk) { Some(p) => { a href={ "/desk/operators/" (p) } { (n.producer_name) } } None => { (n.producer_name) } } }),
            (Text::of("批次", "Lot"), lot(viewer, n)),
            (Text::of("承办部门", "Department"), html! { (agency_name(lang, &n.agency)) }),
        ]))
    }
}

/// The lot by its number, leading to what the reader may see of it.
fn lot(viewer: &Viewer, n: &Nonconformity) -> Markup {
    let Some(item) = &n.item else { return html! { (n.lot_no.as_deref().unwrap_or("—")) } };
    let page = if viewer.who.operator.is_none() { "/trace/scope?lot=" } else { "/firm/lots/view?item=" };
    html! { a.break href={ (page) (ui::encode(item)) } { (n.lot_no.as_deref().unwrap_or(item)) } }
}

/// The scope: figures, map beside a table, graph, places.
fn scope_view(lang: Lang, r: &ScopeReport, links: &ListLinks, subject: &str) -> Markup {
    let chosen = links.query.iter().filter(|(k, _)| k == "from_item" || k == "siblings");
    let chosen: String = chosen.map(|(k, v)| format!("&{k}={}", ui::encode(v))).collect();
    let graph = format!("/desk/graph.svg?{subject}&per=9{chosen}");
    let map = format!("/desk/scope/map?{subject}{chosen}");
    html! {
        h2 { (lang.pick("全部范围", "The whole scope")) }
        (scope::figures(lang, r))
        (widen(lang, r, links))
        div.grid.wide {
            section { h3 { (lang.pick("按县区", "By county")) } (scope::region_table(lang, r)) }
            section.card { h3 { (lang.pick("地图", "Map")) } (ui::island(lang, &map, lang.pick("地图", "map"))) }
        }
        section { h3 { (lang.pick("追溯图", "Trace graph")) }
            p.small.soft { (lang.pick("左为源头，右为去向；红框为被抽样的批次；虚线为加工。", "Sources left, destinations right; red: the sampled lot; dashed: made into.")) }
            div.graph tabindex="0" role="region" aria-label=(lang.pick("追溯图", "Trace graph")) { a href=(graph) { img src=(graph) alt=(lang.pick("追溯图，内容同下表", "Trace graph; the table below says the same")) loading="lazy" style="max-width:none"; } }
        }
        (scope::place_table(lang, r, links.get("all") == Some("1"), &links.with(&[("all", "1")])))
        p { a href=(links.with(&[("format", "xlsx")])) { (lang.pick("导出范围 XLSX", "Export the scope as XLSX")) } " · "
            a href=(links.with(&[("format", "csv")])) { "CSV" } }
    }
}

/// Where the workbench goes on from this failure.
fn further(lang: Lang, n: &Nonconformity, item: &str) -> Markup {
    let case = CaseLine {
        lot: item.to_owned(),
        place: n.place.clone().unwrap_or_default(),
        name: n.form_no.clone(),
        ..CaseLine::default()
    };
    html! { p { (lang.pick("在追溯工作台继续：", "Go on in the trace workbench: "))
    a href=(super::trace::lot_address(Question::Origins, item)) { (lang.pick("来源", "origins")) } " · "
    a href=(super::trace::lot_address(Question::Scope, item)) { (lang.pick("召回范围", "recall scope")) } " · "
    a href={ "/trace/source?case=" (ui::encode(&case.line())) } { (lang.pick("共同来源", "common source")) } " · "
    a href=(super::trace::lot_address(Question::Records, item)) { (lang.pick("记录清单", "record sheet")) } } }
}

/// From the sampled lot to an ingredient: the officer widens the scope by choosing the upstream lot.
fn widen(lang: Lang, r: &ScopeReport, links: &ListLinks) -> Markup {
    let mut items: Vec<&str> =
        r.upstream.nodes.iter().filter_map(|n| n.item.as_deref()).filter(|i| *i != r.item).collect();
    items.sort_unstable();
    items.dedup();
    items.truncate(60);
    let mut choices = vec![(String::new(), lang.pick("仅被抽样批次", "the sampled lot only").to_owned())];
    choices.extend(items.iter().map(|i| ((*i).to_owned(), scope::lot_name(r.legend.lots.get(*i), i))));
    html! {
        @if choices.len() > 1 { form.filters method="get" {
            (ui::select(&ui::Field { name: "from_item", label: lang.pick("从上游批次扩大范围", "Widen from an upstream lot"), value: links.get("from_item").unwrap_or_default(), ..Default::default() }, &choices))
            label.choice { input type="checkbox" name="siblings" value="1" checked[links.get("siblings") == Some("1")]; (lang.pick("包括同批投料的其他产品", "include sibling outputs")) }
            button.plain { (lang.pick("重新计算", "Draw again")) }
        } }
    }
}

fn scope_sheet(lang: Lang, r: &ScopeReport) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "scope",
        &[
            "place",
            "place_key",
            "region",
            "county",
            "lot",
            "item_key",
            "suspect_lot",
            "received",
            "passed_on",
            "made_into",
            "sold",
            "on_hand",
            "expected",
        ],
    );
    for row in &r.rows {
        sheet.rows.push(crate::export::texts([
            scope::place_name(&r.legend, &row.place),
            row.place.clone(),
            row.region.clone(),
            region_name(lang, &row.region),
            scope::lot_name(r.legend.lots.get(&row.item), &row.item),
            row.item.clone(),
            row.culprit.to_string(),
            supply::amount_text(&row.received),
            supply::amount_text(&row.passed_on),
            supply::amount_text(&row.made_into),
            supply::amount_text(&row.sold),
            supply::amount_text(&row.on_hand),
            supply::amount_text(&row.expected),
        ]));
    }
    sheet
}

/// The scope a picture is asked for: of a nonconformity, or of a lot (and place).
async fn asked_scope(app: &App, viewer: &Viewer, links: &ListLinks) -> Answer<ScopeReport> {
    let (item, place) = match links.get("nonconformity") {
        Some(id) => {
            let id: Id = id.parse().map_err(|_| Fault::not_found(&RECORD))?;
            let n = app.lab.nonconformity(&app.store, &viewer.who, app.now(), id).await?;
            (n.item.ok_or_else(|| Fault::not_found(&Text::of("批次", "lot")))?, n.place)
        }
        None => {
            let item =
                links.get("item").ok_or_else(|| Fault::bad("item", Text::of("请给出批次", "give a lot")))?;
            (item.to_owned(), links.get("place").map(ToOwned::to_owned))
        }
    };
    let cx = context(app, viewer);
    Ok(app.supply.scope(&cx, &viewer.who, &item, place.as_deref(), None, options(links)).await?)
}

/// `GET /desk/scope/map?nonconformity=ID` or `?item=KEY[&place=KEY]`: the counties of a scope, as a part of its page or as
/// a page of its own.
pub(crate) async fn map(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/scope/map", raw.as_deref(), "");
    let report = asked_scope(&app, &viewer, &links).await?;
    let back = match links.get("nonconformity") {
        Some(id) => format!("/desk/nonconformities/{id}"),
        None => super::trace::lot_address(Question::Scope, &report.item),
    };
    let map = scope::county_map(lang, &report);
    let body = html! { (map) @if !fragment.0 { (scope::region_table(lang, &report)) } };
    let title = lang.pick("各县涉及场所", "Places by county");
    Ok(fragment.answer(&viewer, title, &[(&back, lang.pick("范围", "The scope"))], &body))
}

/// `GET /desk/graph.svg?nonconformity=ID` or `?item=KEY[&place=KEY]`
pub(crate) async fn graph(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let links = ListLinks::read("/desk/graph.svg", raw.as_deref(), "");
    let report = asked_scope(&app, &viewer, &links).await?;
    let per = links.get("per").and_then(|p| p.parse().ok()).unwrap_or(24usize).clamp(4, 200);
    let picture = crate::graph::svg(
        viewer.lang(),
        &[&report.upstream, &report.downstream],
        &report.legend,
        (&[report.item.as_str()], report.place.as_deref()),
        per,
    );
    Ok(crate::graph::image(&picture))
}
