//! The firm's lots: the list, and one lot with where it came from and went.

use super::{lot_link, operator, place_name};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::show::step_name;
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use chain::LinkKind;
use maud::{Markup, html};
use std::sync::Arc;
use supply::{EventRow, HoldingView, Legend, LotView, NeighbourView, amount_text};

const PAGE: usize = 50;
/// Rows a filter or export looks at.
const MOST: usize = 20_000;
const PATH: &str = "/firm/lots";

/// `GET /firm/lots`. Right: view lot, of the own operator.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let links = ListLinks::read(PATH, raw.as_deref(), "since");
    let skip: usize = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let (text, held) = (links.get("q").map(str::to_lowercase), links.get("held") == Some("1"));
    let whole = text.is_some() || held || links.get("format").is_some();
    let (rows, total, legend) = if whole {
        let (mut rows, legend) = everything(&app, &viewer, own).await?;
        rows.retain(|h| {
            text.as_deref().is_none_or(|t| names(h, &legend).contains(t)) && (!held || on_hand(h))
        });
        let total = rows.len();
        (rows, total, legend)
    } else {
        let page = app.supply.lots_of(&context(&app, &viewer), &viewer.who, own, None, skip, PAGE).await?;
        (page.rows, page.total, page.legend)
    };
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(&rows, &legend));
    }
    let shown: Vec<HoldingView> = if whole { rows.into_iter().skip(skip).take(PAGE).collect() } else { rows };
    let next = (skip + shown.len() < total).then(|| (skip + shown.len()).to_string());
    let title = lang.pick("批次", "Lots");
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href="/firm/upload" { (lang.pick("上传台账", "Upload a ledger")) } }))
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("名称、批号或条码", "Name, lot or GTIN"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
            label.choice { input type="checkbox" name="held" value="1" checked[held]; (lang.pick("只看有存量的", "On hand only")) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if shown.is_empty() { (ui::empty(lang.pick("没有符合条件的批次", "No lot fits"), lang.pick("请放宽筛选条件，或先上传台账。", "Widen the filter, or upload a ledger first."))) }
        @else {
            (table(lang, &shown, &legend, Some(&links)))
            (ui::pager(lang, &links, shown.len(), i64::try_from(total).ok(), next.as_deref(), true))
        }
    }).into_response())
}

async fn everything(app: &App, viewer: &Viewer, own: Id) -> Answer<(Vec<HoldingView>, Legend)> {
    let cx = context(app, viewer);
    let (mut rows, mut legend) = (Vec::new(), Legend::default());
    loop {
        let page = app.supply.lots_of(&cx, &viewer.who, own, None, rows.len(), 500).await?;
        let got = page.rows.len();
        rows.extend(page.rows);
        legend.places.extend(page.legend.places);
        if got == 0 || rows.len() >= page.total || rows.len() >= MOST {
            return Ok((rows, legend));
        }
    }
}

/// What a filter searches, in lower case.
fn names(h: &HoldingView, legend: &Legend) -> String {
    let lot = &h.lot;
    let parts = [lot.name.as_deref(), lot.lot.as_deref(), lot.gtin.as_deref(), Some(lot.item.as_str())];
    let place = legend.places.get(&h.place).map(|p| p.name.as_str());
    parts.into_iter().chain([place]).flatten().collect::<Vec<_>>().join("\n").to_lowercase()
}

fn on_hand(h: &HoldingView) -> bool {
    h.on_hand.quantity_unknown || h.on_hand.sums.iter().any(|q| q.value > base::Decimal::ZERO)
}

/// Lots at places.
pub(super) fn table(lang: Lang, rows: &[HoldingView], legend: &Legend, links: Option<&ListLinks>) -> Markup {
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|h| {
            vec![
                html! { (lot_link(lang, &h.lot)) },
                html! { (amount_text(&h.on_hand)) },
                html! { (place_name(lang, legend, &h.place)) },
                html! { (h.since.china_date()) },
                html! { (h.lot.expires.as_deref().unwrap_or("—")) },
            ]
        })
        .collect();
    let columns = [
        Column::text("批次", "Lot"),
        Column::num("应有存量", "Should be on hand"),
        Column::text("场所", "Place"),
        Column::text("首次记录", "First record"),
        Column::text("保质期至", "Expires"),
    ];
    ui::table(lang, lang.pick("批次", "Lots"), &columns, &cells, links)
}

fn sheet(rows: &[HoldingView], legend: &Legend) -> paper::sheet::Sheet {
    let columns = [
        "item",
        "gtin",
        "lot",
        "name",
        "spec",
        "produced",
        "expires",
        "place",
        "place_name",
        "on_hand",
        "since",
        "until",
    ];
    let mut sheet = crate::export::sheet("lots", &columns);
    for h in rows {
        let l = &h.lot;
        let or = |v: &Option<String>| v.clone().unwrap_or_default();
        sheet.rows.push(crate::export::texts([
            l.item.clone(),
            or(&l.gtin),
            or(&l.lot),
            or(&l.name),
            or(&l.spec),
            or(&l.produced),
            or(&l.expires),
            h.place.clone(),
            legend.places.get(&h.place).map(|p| p.name.clone()).unwrap_or_default(),
            amount_text(&h.on_hand),
            h.since.rfc3339(),
            h.until.rfc3339(),
        ]));
    }
    sheet
}

/// `GET /firm/lots/view?item=`. Right: view lot.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/firm/lots/view", raw.as_deref(), "");
    let item = links.get("item").unwrap_or_default();
    if item.is_empty() {
        return Err(Fault::bad("item", Text::of("请从批次列表打开一个批次。", "Open a lot from the list.")));
    }
    let item = epcis::ident::item_key(item).uri;
    let view = app.supply.lots(&context(&app, &viewer), &viewer.who, &item).await?;
    Ok(lot_page(&app, &viewer, &view, lang))
}

fn lot_page(app: &App, viewer: &Viewer, v: &LotView, lang: Lang) -> Markup {
    let lot = &v.lot;
    let name = lot.name.as_deref().unwrap_or(lang.pick("未命名产品", "Unnamed product"));
    let title = match &lot.lot {
        Some(number) => format!("{name} · {number}"),
        None => name.to_owned(),
    };
    let mut facts = vec![(Text::of("编码", "Key"), html! { code.break { (lot.item) } })];
    for (label, value) in [
        (Text::of("商品条码", "GTIN"), &lot.gtin),
        (Text::of("规格", "Specification"), &lot.spec),
        (Text::of("生产日期", "Produced"), &lot.produced),
        (Text::of("保质期至", "Expires"), &lot.expires),
    ] {
        if let Some(value) = value {
            facts.push((label, html! { (value) }));
        }
    }
    layout::page(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("批次", "Lots")), ("", &title)]))
            (layout::head(&title, &html! {}))
            (ui::facts(lang, &facts))
            details { summary { (lang.pick("包装用二维码", "QR code for the package")) } (crate::pages::public::code(app, lang, &lot.item)) }
            section { h2 { (lang.pick("存量", "On hand")) } (table(lang, &v.holdings, &v.legend, None)) }
            section { h2 { (lang.pick("从哪里来", "Where it came from")) }
                @if v.suppliers.is_empty() { p.soft { (lang.pick("没有进货记录：在此生产，或来源未报送。", "No receipt recorded: made here, or the source is not reported.")) } }
                @else { (neighbours(lang, &v.suppliers, &v.legend)) } }
            section { h2 { (lang.pick("到哪里去", "Where it went")) }
                @if v.customers.is_empty() { p.soft { (lang.pick("没有发货记录。", "No shipment recorded.")) } }
                @else { (neighbours(lang, &v.customers, &v.legend)) } }
            section { h2 { (lang.pick("事件", "Events")) }
                @if v.events.is_empty() { p.soft { (lang.pick(
                    "没有可查看的事件：本单位及直接交易的上下游（依食品安全法第五十、五十一、五十三条互留凭证）尚未报送涉及这个批次的事件。",
                    "No event to show: neither you nor those you bought this lot from or sold it to (whose records of the exchange the Food Safety Law, articles 50, 51 and 53, opens to you) have reported one.")) } }
                @else { (events(lang, &v.events, &v.legend)) } }
        },
    )
}

fn neighbours(lang: Lang, all: &[NeighbourView], legend: &Legend) -> Markup {
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|n| {
            let (tone, word) = match n.kind {
                LinkKind::Moved => (Tone::Ok, lang.pick("双方已报送", "both recorded")),
                LinkKind::Shipped => (Tone::Warn, lang.pick("仅发货方报送", "shipment only")),
                LinkKind::Received => (Tone::Warn, lang.pick("仅收货方报送", "receipt only")),
                LinkKind::Input | LinkKind::Output => (Tone::Info, lang.pick("加工", "processing")),
                LinkKind::Carried => (Tone::Idle, lang.pick("库存延续", "carried over")),
            };
            vec![
                html! { @match n.at { Some(at) => (at.china_date()), None => "—" } },
                html! { (place_name(lang, legend, &n.place)) },
                html! { @match n.item.as_ref().and_then(|i| legend.lots.get(i)) { Some(lot) => (lot_link(lang, lot)), None => "—" } },
                html! { @if let Some(q) = &n.quantity { (crate::pages::scope::quantity(q)) } @else { "?" } },
                html! { (ui::badge(tone, word)) },
            ]
        })
        .collect();
    let columns = [
        Column::text("日期", "Date"),
        Column::text("场所", "Place"),
        Column::text("批次", "Lot"),
        Column::num("数量", "Quantity"),
        Column::text("记录", "Record"),
    ];
    ui::table(lang, lang.pick("往来", "Movements"), &columns, &rows, None)
}

fn events(lang: Lang, all: &[EventRow], legend: &Legend) -> Markup {
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|e| {
            let place = e.biz_location.as_deref().or(e.read_point.as_deref()).map(supply::site_key).unwrap_or_default();
            vec![
                html! { (e.time.china_minute()) },
                html! { (step_name(lang, e.biz_step.as_deref(), &e.kind)) @if e.withdrawn { " " (ui::badge(Tone::Idle, lang.pick("已更正", "withdrawn"))) } },
                html! { (place_name(lang, legend, place)) },
                html! { a href={ "/firm/events/" (e.id) "/receipt.json" } { (lang.pick("回执", "receipt")) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("时间", "Time"),
        Column::text("业务步骤", "Step"),
        Column::text("场所", "Place"),
        Column::text("存证", "Proof"),
    ];
    ui::table(lang, lang.pick("事件", "Events"), &columns, &rows, None)
}
