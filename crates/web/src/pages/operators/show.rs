//! Everything known of an operator, in time order and by subject.

use super::list::{kinds_text, status_badge};
use super::records::{licences, people, products, sites};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Area, Viewer};
use crate::map::region_name;
use crate::pages::journal_words;
use crate::pages::lab::verdict::{conclusion_badge, state_badge};
use crate::pages::scope::{lot_name, place_name};
use crate::pages::show::clock_badge;
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Tone};
use axum::extract::{Path, RawQuery, State};
use base::{Id, Lang, Text};
use flow::view::{MatterFilter, MatterLine};
use lab::{NonconformityFilter, SampleFilter, SampleRow};
use maud::{Markup, html};
use registry::{Moment, Operator};
use std::sync::Arc;
use supply::{GapView, Holdings, amount_text};

pub(super) const OPERATOR: Text = Text::of("主体", "operator");
/// Lots and gaps shown at first.
const FIRST: usize = 12;
/// Lots shown when the reader asks for more.
const MOST: usize = 500;
/// Moments shown at first.
const SHOWN: usize = 50;

/// The operator, if the viewer may see it.
pub(super) async fn visible(app: &App, viewer: &Viewer, id: &str) -> Answer<Operator> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&OPERATOR))?;
    let o = registry::operator(&app.store, id).await?.ok_or_else(|| Fault::not_found(&OPERATOR))?;
    app.access.check(&viewer.who, "view", &o.resource(), app.now())?;
    Ok(o)
}

/// `GET /desk/operators/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let all = raw.as_deref().is_some_and(|q| q.split('&').any(|p| p == "lots=all"));
    let o = visible(&app, &viewer, &id).await?;
    let (now, who, store) = (app.now(), &viewer.who, &app.store);
    let cx = context(&app, &viewer);
    let own_sites = registry::sites_of(store, o.id).await?;
    let own_licences = registry::licences_of(store, o.id).await?;
    let own_products = registry::products_of(store, o.id).await?;
    let own_people = match registry::persons_of(store, &app.access, who, now, o.id).await {
        Ok(people) => Some(people),
        Err(registry::Error::Denied(_)) => None,
        Err(e) => return Err(e.into()),
    };
    let filter = SampleFilter { operator: Some(o.id), limit: 20, ..SampleFilter::default() };
    let samples = app.lab.samples(store, who, now, &filter).await?.rows;
    let filter = NonconformityFilter { operator: Some(o.id), limit: 20, ..NonconformityFilter::default() };
    let failed = app.lab.nonconformities(store, who, now, &filter).await?.rows;
    let filter = MatterFilter { operator: Some(o.id), ..MatterFilter::default() };
    let matters =
        flow::view::matters(store, &app.engine, &app.access, who, now, &filter, None, 20).await?.rows;
    let lots = seen(app.supply.lots_of(&cx, who, o.id, None, 0, if all { MOST } else { FIRST }).await)?;
    let gaps = seen(app.supply.gaps(&cx, who, o.id).await)?;
    let mut more: Vec<String> = samples.iter().map(|s| format!("sample:{}", s.sample.id)).collect();
    more.extend(failed.iter().map(|n| format!("nonconformity:{}", n.id)));
    more.extend(matters.iter().map(|m| format!("matter:{}", m.id)));
    let moments = registry::operator_timeline(store, &app.access, who, now, o.id, &more).await?;
    let credit = registry::credit_file(store, o.id).await?;
    let grades = registry::grades_of(store, o.id).await?;
    let merges = registry::merges_of(store, o.id).await?;
    let bans = registry::bans_on(&mut store.snapshot().await?, o.id, now.china_date()).await?;
    let title = o.title().get(lang).to_owned();
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), ("", &title)]))
            (layout::head(&title, &html! { span { (status_badge(lang, o.status)) }
                @if app.access.allows(who, "act", &o.resource(), now) { a.button.plain href={ "/desk/operators/" (o.id) "/edit" } { (lang.pick("编辑", "Edit")) } } }))
            (merged(&viewer, &o, &merges))
            (super::credit::bans(lang, &bans))
            div.grid.wide {
                section.card { h2 { (lang.pick("基本信息", "The operator")) } (facts(lang, &o)) }
                section.card { h2 { (lang.pick("许可证", "Licences")) } (licences(lang, &own_licences, now.china_date())) }
                section.card { h2 { (lang.pick("场所", "Sites")) } (sites(lang, &own_sites)) }
                section.card { h2 { (lang.pick("产品", "Products")) } (products(lang, &own_products)) }
                section.card { h2 { (lang.pick("人员", "People")) } (people(lang, own_people.as_deref())) }
                section.card { h2 { (lang.pick("办件", "Matters")) } (matter_list(lang, &matters)) }
                section.card { h2 { (lang.pick("信用档案", "Credit file")) } (super::credit::file(lang, &credit, &grades, now.china_date())) }
            }
            h2 { (lang.pick("抽检", "Samples")) }
            (sample_table(lang, &samples))
            @if !samples.is_empty() { p { a href={ "/desk/samples?operator=" (o.id) } { (lang.pick("全部抽检", "All samples")) } " · "
                a href={ "/desk/nonconformities?operator=" (o.id) } { (lang.pick("不合格记录", "Nonconformities")) " (" (failed.len()) ")" } } }
            h2 { (lang.pick("批次", "Lots")) @if let Some(l) = &lots { " " span.soft { (l.total) } } }
            @match &lots { Some(l) => (lot_table(&viewer, l)), None => (closed(lang)) }
            @if let Some(l) = lots.as_ref().filter(|l| l.total > l.rows.len() && !all) { p { a href="?lots=all" { (lang.pick("全部批次", "All lots")) " (" (l.total) ")" } } }
            h2 { (lang.pick("追溯记录的缺口", "Gaps in the trace record")) @if let Some(g) = &gaps { " " span.soft { (g.len()) } } }
            @match &gaps { Some(g) => (gap_table(&viewer, g)), None => (closed(lang)) }
            h2 { (lang.pick("全部经过", "Everything in time order")) }
            (timeline(lang, &moments))
        },
    ))
}

/// Which records are one with this, with the way back.
fn merged(viewer: &Viewer, o: &Operator, merges: &[registry::Merge]) -> Markup {
    let lang = viewer.lang();
    html! { @for m in merges { (ui::message(Tone::Info, &html! {
        @if m.dropped == o.id {
            p { (lang.pick("此主体为重复登记，已并入 ", "A duplicate, merged into ")) a href={ "/desk/operators/" (m.kept) } { (m.kept) } " · " (m.at.china_date()) " · " (m.reason) }
        } @else {
            p { (lang.pick("重复主体已并入：", "Merged into this one: ")) a href={ "/desk/operators/" (m.dropped) } { (m.name) } " · " (m.at.china_date()) " · " (m.reason) }
            form method="post" action={ "/desk/operators/" (o.id) "/unmerge" } {
                (layout::csrf(viewer))
                input type="hidden" name="merge" value=(m.id);
                button.plain { (lang.pick("撤销合并", "Undo the merge")) }
            }
        }
    })) } }
}

/// What is closed to the viewer, or in no trace record, is absent; other failures stay failures.
fn seen<T>(found: Result<T, supply::Error>) -> Answer<Option<T>> {
    match found {
        Ok(x) => Ok(Some(x)),
        Err(supply::Error::Denied(_) | supply::Error::NotFound(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn closed(lang: Lang) -> Markup {
    html! { p.soft { (lang.pick("没有记录，或您无权查看。", "None, or none you may see.")) } }
}

fn facts(lang: Lang, o: &Operator) -> Markup {
    let code = if o.natural {
        Text::of("证件号码（隐去）", "Identity number (masked)")
    } else {
        Text::of("统一社会信用代码", "Social credit code")
    };
    ui::facts(
        lang,
        &[
            (code, html! { code { (o.code) } }),
            (
                Text::of("英文名称", "English name"),
                html! { (if o.name_en.is_empty() { "—" } else { &o.name_en }) },
            ),
            (Text::of("经营类别", "Kinds"), html! { (kinds_text(lang, o.kinds)) }),
            (
                Text::of("县区", "County"),
                html! { a href={ "/desk/operators?region=" (o.region) } { (region_name(lang, &o.region)) } },
            ),
            (Text::of("登记时间", "Entered"), html! { (o.created_at.china_minute()) }),
            (Text::of("最近变更", "Last change"), html! { (o.updated_at.china_minute()) }),
        ],
    )
}

fn matter_list(lang: Lang, matters: &[MatterLine]) -> Markup {
    html! {
        @if matters.is_empty() { (closed(lang)) }
        ul { @for m in matters { li {
            a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } " " (ui::badge(Tone::Info, m.state_title.get(lang)))
            @if let Some(due) = &m.due { " " (clock_badge(lang, due)) }
        } } }
    }
}

fn sample_table(lang: Lang, samples: &[SampleRow]) -> Markup {
    if samples.is_empty() {
        return closed(lang);
    }
    let rows: Vec<Vec<Markup>> = samples
        .iter()
        .map(|r| {
            let s = &r.sample;
            vec![
                html! { (s.sampled) },
                html! { a href={ "/desk/samples/" (s.id) } { (s.product_name) } @if let Some(lot) = &s.lot_no { " " (lot) } },
                html! { (s.form_no) },
                state_badge(lang, s.state),
                html! { @match s.conclusion { Some(c) => (conclusion_badge(lang, c)), None => "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("抽样日期", "Sampled"),
        Column::text("样品", "Sample"),
        Column::text("抽样单", "Form"),
        Column::text("状态", "State"),
        Column::text("结论", "Conclusion"),
    ];
    ui::table(lang, lang.pick("最近的抽检", "Latest samples"), &columns, &rows, None)
}

/// The page of a lot: the workbench for who supervises, the own page for a firm.
fn lot_href(viewer: &Viewer, item: &str) -> String {
    let page = if viewer.area() == Area::Firm { "/firm/lots/view?item=" } else { "/trace/scope?lot=" };
    format!("{page}{}", ui::encode(item))
}

/// Lots with records at its places.
pub(super) fn lot_table(viewer: &Viewer, holdings: &Holdings) -> Markup {
    let lang = viewer.lang();
    if holdings.rows.is_empty() {
        return html! { p.soft { (lang.pick("没有追溯记录。", "No trace record.")) } };
    }
    let rows: Vec<Vec<Markup>> = holdings
        .rows
        .iter()
        .map(|h| {
            vec![
                html! { a href=(lot_href(viewer, &h.lot.item)) { (lot_name(Some(&h.lot), &h.lot.item)) } },
                html! { (place_name(&holdings.legend, &h.place)) },
                html! { (h.since.china_minute()) },
                html! { (h.until.china_minute()) },
                html! { (amount_text(&h.on_hand)) },
            ]
        })
        .collect();
    let columns = [
        Column::text("批次", "Lot"),
        Column::text("场所", "Place"),
        Column::text("最早", "First"),
        Column::text("最近", "Last"),
        Column::num("应在库", "On hand"),
    ];
    ui::table(lang, lang.pick("最近到货的批次", "Lots, newest arrival first"), &columns, &rows, None)
}

fn gap_table(viewer: &Viewer, gaps: &[GapView]) -> Markup {
    let lang = viewer.lang();
    if gaps.is_empty() {
        return ui::message(
            Tone::Ok,
            &html! { p { (lang.pick("记录完整，没有缺口。", "The record is complete.")) } },
        );
    }
    let rows: Vec<Vec<Markup>> = gaps
        .iter()
        .rev()
        .take(FIRST)
        .map(|g| {
            vec![
                html! { (g.time.china_minute()) },
                html! { (supply::gap_word(g.kind).get(lang)) },
                html! { a href=(lot_href(viewer, &g.lot.item)) { (lot_name(Some(&g.lot), &g.lot.item)) } },
                html! { @if let Some(q) = &g.quantity { (crate::pages::scope::quantity(q)) } @else { "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("时间", "When"),
        Column::text("缺口", "Gap"),
        Column::text("批次", "Lot"),
        Column::num("数量", "Quantity"),
    ];
    ui::table(lang, lang.pick("最近的缺口", "Latest gaps"), &columns, &rows, None)
}

fn timeline(lang: Lang, moments: &[Moment]) -> Markup {
    let item = |m: &Moment| {
        let href = match m.subject.split_once(':') {
            Some(("site", id)) => Some(format!("/desk/sites/{id}")),
            Some(("sample", id)) => Some(format!("/desk/samples/{id}")),
            Some(("nonconformity", id)) => Some(format!("/desk/nonconformities/{id}")),
            Some(("matter", id)) => Some(format!("/desk/matters/{id}")),
            _ => None,
        };
        // the registry brings its own words for what it wrote
        let what = if m.text.en == m.kind { journal_words::words(&m.kind) } else { m.text.clone() };
        let body = html! {
            @match href { Some(href) => a href=(href) { (what.get(lang)) }, None => (what.get(lang)) }
            @if !m.actor.is_empty() { " " span.soft { (m.actor) } }
            @if let Some(entry) = m.entry { " " a.small href={ "/desk/journal/" (entry) "/receipt.json" } { (lang.pick("回执", "receipt")) } }
        };
        (m.at.china_minute(), body)
    };
    let items: Vec<(String, Markup)> = moments.iter().map(item).collect();
    html! {
        (ui::timeline(&items[..items.len().min(SHOWN)]))
        @if items.len() > SHOWN { details { summary { (lang.pick("更早的 ", "Earlier ")) (items.len() - SHOWN) } (ui::timeline(&items[SHOWN..])) } }
    }
}
