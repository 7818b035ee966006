//! A recall scope as people read it: figures, map of the counties, trace graph, table with quantities.

use crate::map::{self, Tint};
use crate::ui::{self, Column, Stat, Tone};
use base::Lang;
use chain::Role;
use maud::{Markup, PreEscaped, html};
use std::collections::HashMap;
use supply::{Legend, LotInfo, ScopeReport, ScopeRow, amount_text};

/// Rows shown before the reader asks for all.
const FIRST_ROWS: usize = 100;

/// The name of a place, with its key where no register knows it.
pub(crate) fn place_name(legend: &Legend, key: &str) -> String {
    legend.place_name(key)
}

/// A place as a link to its operator's page.
pub(crate) fn place_link(legend: &Legend, key: &str) -> Markup {
    let name = place_name(legend, key);
    match legend.places.get(key).and_then(|p| p.operator) {
        Some(operator) => html! { a href={ "/desk/operators/" (operator) } { (name) } },
        None => html! { (name) },
    }
}

/// A lot in words: product and lot number.
pub(crate) fn lot_name(info: Option<&LotInfo>, key: &str) -> String {
    info.map_or_else(|| key.to_owned(), LotInfo::shown)
}

/// A quantity with the symbol of its unit.
pub(crate) fn quantity(q: &chain::Qty) -> String {
    let code = q.unit.as_str();
    let symbol =
        base::quantity::Unit::from_rec20(code).map_or_else(|| code.to_owned(), |u| u.symbol().to_owned());
    format!("{} {symbol}", q.value.normalize()).trim_end().to_owned()
}

/// A role in words.
pub(crate) fn role_badge(lang: Lang, role: Role) -> Markup {
    let (tone, zh, en) = match role {
        Role::Origin => (Tone::Info, "源头", "origin"),
        Role::Holder => (Tone::Bad, "可能仍有", "may hold"),
        Role::Intermediate => (Tone::Idle, "已转出", "passed on"),
        Role::SoldOut => (Tone::Warn, "已售出", "sold out"),
        Role::Expected => (Tone::Warn, "在途", "on its way"),
    };
    ui::badge(tone, lang.pick(zh, en))
}

/// The figures of a scope.
pub(crate) fn figures(lang: Lang, r: &ScopeReport) -> Markup {
    let stat =
        |figure: String, zh, en, tone| Stat { figure, label: lang.pick(zh, en).to_owned(), href: None, tone };
    let regions = r.regions.iter().filter(|x| !x.region.is_empty()).count();
    let holders: usize = r.regions.iter().map(|x| x.holders).sum();
    ui::stats(&[
        stat(r.places().to_string(), "涉及场所", "places", Tone::Info),
        stat(regions.to_string(), "涉及县区", "counties", Tone::Info),
        stat(holders.to_string(), "可能仍有存货", "may still hold some", Tone::Bad),
        stat(amount_text(&r.totals.produced), "该批总量", "made of this lot", Tone::Info),
        stat(amount_text(&r.totals.held), "应在库", "should be on hand", Tone::Bad),
        stat(amount_text(&r.totals.sold), "已售消费者", "sold to consumers", Tone::Warn),
        stat(amount_text(&r.totals.in_transit), "在途", "in transit", Tone::Warn),
    ])
}

/// The map of the scope's counties; a county leads to its row in the table.
pub(crate) fn county_map(lang: Lang, r: &ScopeReport) -> Markup {
    let shades: Vec<Shade> = r
        .regions
        .iter()
        .filter(|x| !x.region.is_empty())
        .map(|x| Shade {
            region: x.region.clone(),
            value: i64::try_from(x.places).unwrap_or(i64::MAX),
            href: format!("#r{}", x.region),
        })
        .collect();
    shaded(lang, lang.pick("各县涉及场所数", "Places concerned by county"), &shades)
}

/// A county on a map of counts.
#[derive(Debug)]
pub(crate) struct Shade {
    /// Region code.
    pub(crate) region: String,
    /// What is counted there.
    pub(crate) value: i64,
    /// Where the county leads.
    pub(crate) href: String,
}

/// A map of counts of places with the legend of its shades. The figures stand in a table beside it.
pub(crate) fn shaded(lang: Lang, title: &str, shades: &[Shade]) -> Markup {
    let max = shades.iter().map(|s| s.value).max().unwrap_or(0);
    let tints: HashMap<String, Tint> = shades
        .iter()
        .map(|s| {
            let six = format!("{:0<6}", s.region).chars().take(6).collect::<String>();
            let name = map::region_name(lang, &s.region);
            let title = format!("{name}：{} {}", s.value, lang.pick("处", "places"));
            (six, Tint { level: map::level(s.value, max), title, href: Some(s.href.clone()) })
        })
        .collect();
    html! { figure {
        (PreEscaped(map::svg(lang, title, &tints)))
        figcaption {
            (title) (lang.pick("；数字见表格", "; the table has the figures"))
            ul.key { @for (level, from, to) in map::legend(max) { li {
                i class={ "h" (level) } {} @if from == to { (from) } @else { (from) "–" (to) }
            } } }
        }
    } }
}

/// One row a county: the plain table beside the map.
pub(crate) fn region_table(lang: Lang, r: &ScopeReport) -> Markup {
    let rows: Vec<Vec<Markup>> = r
        .regions
        .iter()
        .map(|x| {
            let name = if x.region.is_empty() {
                lang.pick("未登记的场所", "not in the register").to_owned()
            } else {
                map::region_name(lang, &x.region)
            };
            vec![
                html! { span id={ "r" (x.region) } { (name) } },
                html! { (x.places) },
                html! { (x.holders) },
                html! { (amount_text(&x.on_hand)) },
                html! { (amount_text(&x.expected)) },
                html! { (amount_text(&x.sold)) },
            ]
        })
        .collect();
    ui::table(
        lang,
        lang.pick("按县区", "By county"),
        &[
            Column::text("县区", "County"),
            Column::num("场所", "Places"),
            Column::num("可能仍有", "May hold"),
            Column::num("应在库", "On hand"),
            Column::num("在途", "In transit"),
            Column::num("已售", "Sold"),
        ],
        &rows,
        None,
    )
}

fn arrived(row: &ScopeRow) -> String {
    match row.arrived {
        None => "—".to_owned(),
        Some((a, b)) if a.china_date() == b.china_date() => a.china_date().to_string(),
        Some((a, b)) => format!("{} – {}", a.china_date(), b.china_date()),
    }
}

/// The columns and cells of the places table, also used for export.
pub(crate) fn place_rows(lang: Lang, r: &ScopeReport) -> (Vec<Column>, Vec<Vec<Markup>>) {
    let columns = vec![
        Column::text("场所", "Place"),
        Column::text("县区", "County"),
        Column::text("批次", "Lot"),
        Column::text("角色", "Part"),
        Column::text("到货", "Arrived"),
        Column::num("收货", "Received"),
        Column::num("转出", "Passed on"),
        Column::num("投料", "Made into"),
        Column::num("已售", "Sold"),
        Column::num("应在库", "On hand"),
    ];
    let rows = r
        .rows
        .iter()
        .map(|row| {
            vec![
                place_link(&r.legend, &row.place),
                html! { (if row.region.is_empty() { "—".to_owned() } else { map::region_name(lang, &row.region) }) },
                html! { a href={ "/trace/scope?lot=" (ui::encode(&row.item)) } { (lot_name(r.legend.lots.get(&row.item), &row.item)) }
                    @if !row.culprit { " " (ui::badge(Tone::Info, lang.pick("衍生", "derived"))) } },
                role_badge(lang, row.role),
                html! { (arrived(row)) },
                html! { (amount_text(&row.received)) },
                html! { (amount_text(&row.passed_on)) },
                html! { (amount_text(&row.made_into)) },
                html! { (amount_text(&row.sold)) },
                html! { (amount_text(&row.on_hand)) },
            ]
        })
        .collect();
    (columns, rows)
}

/// The table of places.
pub(crate) fn place_table(lang: Lang, r: &ScopeReport, all: bool, more: &str) -> Markup {
    let (columns, mut rows) = place_rows(lang, r);
    let total = rows.len();
    if !all {
        rows.truncate(FIRST_ROWS);
    }
    html! {
        (ui::table(lang, &format!("{}（{total}）", lang.pick("涉及场所与数量", "Places and quantities")), &columns, &rows, None))
        @if rows.len() < total { p { a href=(more) { (lang.pick("显示全部", "Show all")) " " (total) } } }
        @if r.truncated { (ui::message(Tone::Warn, &html! { p { (lang.pick(
            "范围过大，已在设定的上限处截断：实际涉及的场所更多。请从上游批次分别展开。",
            "The scope was cut at its bound: more places are concerned. Draw it from single upstream lots.")) } })) }
    }
}
