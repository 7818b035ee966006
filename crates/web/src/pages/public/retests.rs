//! The draws of retest laboratories in public: which laboratories could be drawn, which was, and how anybody works it out again.

use super::drawn::tabs;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use base::{Id, Lang, Text};
use lab::RetestDraw;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const METHOD: Text = Text::of(
    "复检机构不由办理人员挑选：受理复检时固定当时登记的其他检验机构名录并存证，种子由存证日志此后第一个覆盖该名录的检查点产生，签号最小的机构中选。何时点击都得到同一结果，任何人都能用公开记录重新计算。",
    "No officer chooses the retest laboratory: when the retest is accepted the list of the other laboratories on the register is frozen and journalled, the seed comes from the first checkpoint of the journal that covers it, and the smallest ticket is drawn. The moment of the press changes nothing, and anybody can work it out again from the record.",
);

async fn names(app: &App, draws: &[&RetestDraw]) -> Answer<BTreeMap<Id, String>> {
    let mut known = BTreeMap::new();
    for id in draws.iter().flat_map(|d| &d.record.laboratories) {
        if !known.contains_key(id)
            && let Some(o) = registry::operator(&app.store, *id).await?
        {
            known.insert(*id, o.name);
        }
    }
    Ok(known)
}

fn name(known: &BTreeMap<Id, String>, id: Id) -> Markup {
    html! { a href={ "/shops/" (id) } { (known.get(&id).cloned().unwrap_or_else(|| id.to_string())) } }
}

fn badge(lang: Lang, d: &RetestDraw) -> Markup {
    if d.record.drawn.is_some() {
        ui::badge(Tone::Ok, lang.pick("已抽取", "Drawn"))
    } else {
        ui::badge(Tone::Warn, lang.pick("名录已固定", "List frozen"))
    }
}

/// `GET /draws/retests`: every draw of a retest laboratory there was. Public.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/draws/retests", raw.as_deref(), "");
    let page = lab::retest_draws(&app.store, links.get("region"), links.get("after"), 50).await?;
    let title = lang.pick("复检机构的随机抽取", "Random draws of retest laboratories");
    let known = names(&app, &page.rows.iter().collect::<Vec<_>>()).await?;
    let everywhere = access::Principal::anonymous();
    let lines: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|d| {
            let r = &d.record;
            vec![
                html! { a href={ "/draws/" (r.draw) } { (r.frozen.china_minute()) } },
                html! { (region_name(lang, &d.region)) },
                html! { (r.laboratories.len()) },
                html! { @match &r.drawn { Some(drawn) => (name(&known, drawn.laboratory)), None => "—" } },
                badge(lang, d),
            ]
        })
        .collect();
    let columns = [
        Column::text("固定时间", "Frozen"),
        Column::text("地区", "Region"),
        Column::num("名录机构数", "Laboratories listed"),
        Column::text("抽中机构", "Drawn"),
        Column::text("状态", "State"),
    ];
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/draws/retests"))
            h1 { (title) }
            p { (METHOD.get(lang)) }
            form.filters method="get" {
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &everywhere, &choices::ALL)))
                button { (lang.pick("查看", "Show")) }
            }
            @if lines.is_empty() { (ui::empty(lang.pick("没有抽取记录", "No draw"), lang.pick("受理复检、固定名录后会出现在这里。", "A list frozen for a retest appears here."))) }
            @else { (ui::table(lang, title, &columns, &lines, None)) }
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false))
        },
    ))
}

/// One draw: what was frozen, what was drawn, and that it holds.
pub(super) async fn shown(app: &App, lang: Lang, d: &RetestDraw) -> Answer<(Markup, Markup)> {
    let r = &d.record;
    let known = names(app, &[d]).await?;
    let mut facts = vec![
        (Text::of("地区", "Region"), html! { (region_name(lang, &d.region)) }),
        (Text::of("固定时间", "Frozen"), html! { (r.frozen.china_minute()) }),
        (Text::of("名录校验码", "Check code of the list"), html! { code.break { (r.root) } }),
        (Text::of("服务器种子的承诺", "Commitment to the secret"), html! { code.break { (r.commitment) } }),
    ];
    if let Some(drawn) = &r.drawn {
        facts.extend([
            (Text::of("抽中机构", "Drawn"), html! { strong { (name(&known, drawn.laboratory)) } }),
            (
                Text::of("存证检查点", "Checkpoint"),
                html! { (lang.pick("树大小 ", "size ")) (drawn.size) " · " code.break { (drawn.tree) } },
            ),
            (Text::of("服务器种子", "Secret"), html! { code.break { (drawn.secret) } }),
            (Text::of("种子", "Seed"), html! { code.break { (drawn.seed) } }),
        ]);
    }
    let found = r.verify();
    let tickets: BTreeMap<Id, String> = r.tickets().into_iter().collect();
    let mut order = r.laboratories.clone();
    order.sort_by_key(|id| tickets.get(id).cloned());
    let lines: Vec<Vec<Markup>> = order
        .iter()
        .map(|id| {
            let is = r.drawn.as_ref().is_some_and(|drawn| drawn.laboratory == *id);
            vec![
                html! { (name(&known, *id)) @if is { " " (ui::badge(Tone::Ok, lang.pick("中选", "drawn"))) } },
                html! { code.small { (id) } },
                html! { @match tickets.get(id) { Some(t) => code.small.break { (t) }, None => "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("检验机构", "Laboratory"),
        Column::text("编号", "Record"),
        Column::text("签号（最小者中选）", "Ticket (the smallest is drawn)"),
    ];
    let body = html! {
        p { (METHOD.get(lang)) }
        section.card { (ui::facts(lang, &facts)) }
        @if !found.is_empty() {
            (ui::message(Tone::Bad, &html! { p { (lang.pick("复算不一致：", "It does not hold: ")) @for f in &found { (f.get(lang)) "；" } } }))
        } @else if r.drawn.is_some() {
            (ui::message(Tone::Ok, &html! {
                p { (lang.pick("已重新计算：名录、承诺、检查点、种子和抽取结果全部一致。", "Worked out again: list, commitment, checkpoint, seed and outcome all hold.")) }
                p { a href={ "/draws/" (r.draw) "/record.json" } download { (lang.pick("下载记录", "Download the record")) } " · " code { "shian sampling verify record.json" } }
            }))
        } @else {
            (ui::message(Tone::Info, &html! { p { (lang.pick("名录已固定、尚未抽取；抽取后公布种子和全部签号。", "The list is frozen and not drawn yet; seed and tickets are public once it is.")) } }))
        }
        h2 { (lang.pick("名录", "The list")) }
        p.small.soft { (lang.pick("受理复检时登记的检验机构，初检机构和已表示不能承担的除外。", "The laboratories on the register when the retest was accepted, without the first one and those that declined.")) }
        (ui::table(lang, lang.pick("名录", "The list"), &columns, &lines, None))
    };
    Ok((badge(lang, d), body))
}
