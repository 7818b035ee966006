//! A batch made: what went in, what came out; or a harvest when nothing goes in.

use super::{fault_of, operator, units};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::choices;
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::quantity::Unit;
use base::{Decimal, Lang, Text};
use maud::{Markup, html};
use paper::sheet::RowError;
use std::sync::Arc;
use supply::{LedgerOptions, NewLot, Part, amount_text};

/// Inputs a form offers.
const INPUTS: usize = 6;
/// Lots offered as inputs.
const LOTS: usize = 100;

/// `GET /firm/batch`. Right: capture event, for the own operator.
pub(super) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    page(&app, &viewer, None, &[], &html! {}).await
}

/// Reads a form; what cannot be read is named by field.
fn read(posted: &Posted) -> Result<(base::Date, Vec<Part>, NewLot), Vec<RowError>> {
    let mut faults = Vec::new();
    let mut say = |column: &str, value: &str, message: Text| {
        faults.push(RowError { line: 1, column: column.to_owned(), value: value.to_owned(), message });
    };
    let number = Text::of("请填写数字，如 120.5", "write a number, like 120.5");
    let decimal = |text: &str| Decimal::from_str_exact(text.trim()).ok();
    let unit_of = |text: &str| Unit::parse(text).ok().filter(|u| u.rec20().is_some());
    let mut dated = |field: &str, asked: bool| match choices::date(posted.get(field)) {
        Ok(None) if asked => {
            say(field, "", Text::of("请填写日期", "give the date"));
            None
        }
        Ok(day) => day,
        Err(why) => {
            say(field, posted.get(field), why);
            None
        }
    };
    let (day, expires) = (dated("date", true), dated("expires", false));
    let mut parts = Vec::new();
    for i in 0..INPUTS {
        let item = posted.get(&format!("in.{i}.item"));
        let amount = posted.get(&format!("in.{i}.quantity"));
        if item.is_empty() {
            continue;
        }
        let quantity = decimal(amount);
        if quantity.is_none() && !amount.is_empty() {
            say("inputs", amount, number.clone());
        }
        let unit = unit_of(posted.get(&format!("in.{i}.unit"))).and_then(Unit::rec20).unwrap_or("KGM");
        parts.push(Part { item: item.to_owned(), quantity, unit });
    }
    let quantity = decimal(posted.get("quantity"));
    if quantity.is_none() {
        say("quantity", posted.get("quantity"), number);
    }
    let gtin = match posted.get("gtin") {
        "" => None,
        text => match text.parse::<base::Gtin>() {
            Ok(gtin) => Some(gtin),
            Err(e) => {
                say("gtin", text, e.text());
                None
            }
        },
    };
    let text = |name: &str| Some(posted.get(name).to_owned()).filter(|t| !t.is_empty());
    let unit = unit_of(posted.get("unit")).and_then(Unit::rec20).unwrap_or("KGM");
    match (day, quantity) {
        (Some(day), Some(quantity)) if faults.is_empty() => {
            let lot = NewLot {
                product: posted.get("product").to_owned(),
                spec: text("spec"),
                number: posted.get("lot").to_owned(),
                gtin,
                produced: Some(day),
                expires,
                quantity,
                unit,
            };
            Ok((day, parts, lot))
        }
        _ => Err(faults),
    }
}

/// `POST /firm/batch`. Right: capture event, for the own operator.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    operator(viewer)?;
    let lang = viewer.lang();
    let done = match read(&posted) {
        Ok((day, parts, lot)) => {
            let cx = context(&app, viewer);
            let place = Some(posted.get("place").to_owned()).filter(|p| !p.is_empty());
            let options = LedgerOptions { operator: None, place, replaces: None };
            app.supply.record_batch(&cx, &viewer.who, day, &parts, &lot, &options).await
        }
        Err(faults) => Err(supply::Error::Rows(faults)),
    };
    match done {
        Ok((item, capture)) => {
            let link = format!("/firm/lots/view?item={}", ui::encode(&item));
            let message = ui::message(
                Tone::Ok,
                &html! { p {
                    @if capture.stored.is_empty() { (lang.pick("这一批次以前已经记录。", "This batch was recorded before.")) }
                    @else { (lang.pick("批次已记录。", "The batch is recorded.")) }
                    " " a href=(link) { (lang.pick("查看批次", "The lot")) }
                    @for e in &capture.stored { " · " a href={ "/firm/events/" (e.id) "/receipt.json" } download { (lang.pick("下载回执", "receipt")) } }
                    " · " a href={ "/firm/certificates/new?item=" (ui::encode(&item)) } { (lang.pick("为它开具承诺达标合格证", "Issue its commitment certificate")) }
                } },
            );
            Ok(page(&app, viewer, None, &[], &message).await?.into_response())
        }
        Err(supply::Error::Rows(faults)) => {
            let message = ui::message(
                Tone::Bad,
                &html! { p { (lang.pick("有几处需要更正，未记录。", "A few fields need correction; nothing was recorded.")) }
                ul { @for f in &faults { li { (f.message.get(lang)) } } } },
            );
            let shown = page(&app, viewer, Some(&posted), &faults, &message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e @ (supply::Error::Sheet(_) | supply::Error::Refused(_))) => {
            let message = ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) } });
            let shown = page(&app, viewer, Some(&posted), &[], &message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// The lots at the own places, for a choice: what is on hand first.
pub(super) async fn stock(app: &App, viewer: &Viewer, none: &Text) -> Answer<Vec<(String, String)>> {
    let lang = viewer.lang();
    let own = operator(viewer)?;
    let page = app.supply.lots_of(&context(app, viewer), &viewer.who, own, None, 0, LOTS).await?;
    let mut rows = page.rows;
    rows.sort_by_key(|h| {
        !(h.on_hand.quantity_unknown || h.on_hand.sums.iter().any(|q| q.value > Decimal::ZERO))
    });
    let mut out = vec![(String::new(), none.get(lang).to_owned())];
    out.extend(rows.into_iter().map(|h| {
        let name = h.lot.name.as_deref().unwrap_or(lang.pick("未命名产品", "unnamed product"));
        let number = h.lot.lot.as_deref().unwrap_or_default();
        let label = format!("{name} {number} · {}", amount_text(&h.on_hand));
        (h.lot.item, label)
    }));
    Ok(out)
}

async fn page(
    app: &App,
    viewer: &Viewer,
    posted: Option<&Posted>,
    faults: &[RowError],
    message: &Markup,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let own = operator(viewer)?;
    let found = app.supply.directory.operator(own).await.map_err(Fault::internal)?;
    let places: Vec<(String, String)> =
        found.map(|o| o.places).unwrap_or_default().into_iter().map(|p| (p.key, p.name)).collect();
    let stock = stock(app, viewer, &Text::of("（无）", "(none)")).await?;
    let today = app.now().china_date().to_string();
    let value = |name: &str| posted.map_or("", |p| p.get(name)).to_owned();
    let date = Some(value("date")).filter(|d| !d.is_empty()).unwrap_or(today);
    let title = lang.pick("生产批次", "Batch made");
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/firm/records", lang.pick("台账", "Ledgers")), ("", title)]))
            h1 { (title) }
            (message)
            p { (lang.pick("记录用哪些批次做成了新的批次；采收、屠宰、捕捞等新产出不填投入。", "What lots a new one was made from; for a harvest, slaughter or catch leave the inputs empty.")) }
            form method="post" {
                (layout::csrf(viewer))
                fieldset { legend { (lang.pick("投入", "Inputs")) }
                    @if let Some(why) = fault_of(lang, faults, "inputs") { p.why { (why) } }
                    @for i in 0..INPUTS { (input_row(lang, i, &stock, &value)) }
                }
                fieldset { legend { (lang.pick("产出", "Output")) }
                    (ui::input(&Field { name: "date", label: lang.pick("生产或采收日期", "Date made or harvested"), value: &date, required: true, kind: "date", error: fault_of(lang, faults, "date"), ..Field::default() }))
                    (ui::input(&Field { name: "product", label: lang.pick("产品名称", "Product"), value: &value("product"), required: true, error: fault_of(lang, faults, "product"), ..Field::default() }))
                    (ui::input(&Field { name: "lot", label: lang.pick("批号", "Lot number"), value: &value("lot"), required: true, error: fault_of(lang, faults, "lot"), ..Field::default() }))
                    (ui::input(&Field { name: "quantity", label: lang.pick("数量", "Quantity"), value: &value("quantity"), required: true, kind: "decimal", error: fault_of(lang, faults, "quantity"), ..Field::default() }))
                    (ui::select(&Field { name: "unit", label: lang.pick("单位", "Unit"), value: &value("unit"), ..Field::default() }, &units(lang)))
                    (ui::input(&Field { name: "spec", label: lang.pick("规格", "Specification"), value: &value("spec"), ..Field::default() }))
                    (ui::input(&Field { name: "gtin", label: lang.pick("商品条码", "Barcode number"), value: &value("gtin"), error: fault_of(lang, faults, "gtin"), ..Field::default() }))
                    div.actions { button.plain type="button" data-scan="gtin" hidden { (lang.pick("用摄像头扫码", "Scan with the camera")) } }
                    (ui::input(&Field { name: "expires", label: lang.pick("保质期至", "Last day of shelf life"), value: &value("expires"), kind: "date", error: fault_of(lang, faults, "expires"), ..Field::default() }))
                }
                @if places.len() > 1 { (ui::select(&Field { name: "place", label: lang.pick("场所", "Place"), ..Field::default() }, &places)) }
                button { (lang.pick("记录批次", "Record the batch")) }
            }
        },
    ))
}

fn input_row(lang: Lang, i: usize, stock: &[(String, String)], value: &dyn Fn(&str) -> String) -> Markup {
    let (item, amount, unit) = (format!("in.{i}.item"), format!("in.{i}.quantity"), format!("in.{i}.unit"));
    let label = format!("{} {}", lang.pick("投入批次", "Input lot"), i + 1);
    html! {
        (ui::select(&Field { name: &item, label: &label, value: &value(&item), ..Field::default() }, stock))
        (ui::input(&Field { name: &amount, label: lang.pick("用量", "Quantity used"), value: &value(&amount), kind: "decimal", ..Field::default() }))
        (ui::select(&Field { name: &unit, label: lang.pick("单位", "Unit"), value: &value(&unit), ..Field::default() }, &units(lang)))
    }
}
