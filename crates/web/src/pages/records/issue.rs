//! Issuing a commitment certificate: for a lot grown here, or anew after mixing or splitting.

use super::{fault_of, operator, units};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::choices;
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::quantity::Unit;
use base::{Decimal, Lang, Text};
use maud::{Markup, html};
use paper::sheet::RowError;
use std::sync::Arc;
use supply::{CertificateRule, CitedCertificate, NewCertificate};

/// Certificates a form cites.
const CITED: usize = 6;

/// What a form holds: values by field name.
type Values = Vec<(String, String)>;

fn value<'a>(values: &'a Values, name: &str) -> &'a str {
    values.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.trim())
}

/// `GET /firm/certificates/new`; `item` chooses a lot, `cite` a certificate to rest on. Right: capture event, for the own
/// operator.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let links = ListLinks::read("/firm/certificates/new", raw.as_deref(), "");
    let mut values: Values = Vec::new();
    if let Some(item) = links.get("item") {
        values.push(("item".to_owned(), item.to_owned()));
    }
    if let Some(number) = links.get("cite") {
        values.push(("cite.0.number".to_owned(), number.to_owned()));
        if let Some((chain, _)) = app.supply.public_certificate(&viewer.who, app.now(), number).await?
            && let Some(c) = chain.into_iter().next().and_then(|n| n.certificate)
        {
            values.push(("product".to_owned(), c.product));
            values.push(("origin".to_owned(), c.origin));
            values.push(("unit".to_owned(), symbol(&c.unit)));
        }
    }
    page(&app, &viewer, &values, &[], &html! {}).await
}

fn symbol(code: &str) -> String {
    Unit::from_rec20(code).map_or_else(|| code.to_owned(), |u| u.symbol().to_owned())
}

/// Reads a form; what cannot be read is named by field.
fn read(posted: &Posted) -> Result<NewCertificate, Vec<RowError>> {
    let mut faults = Vec::new();
    let mut say = |column: &str, value: &str, message: Text| {
        faults.push(RowError { line: 1, column: column.to_owned(), value: value.to_owned(), message });
    };
    let number = Text::of("请填写数字，如 120.5", "write a number, like 120.5");
    let quantity = Decimal::from_str_exact(posted.get("quantity"));
    if quantity.is_err() {
        say("quantity", posted.get("quantity"), number.clone());
    }
    let unit = Unit::parse(posted.get("unit"));
    if unit.is_err() {
        say("unit", posted.get("unit"), Text::of("请选择单位", "choose a unit"));
    }
    let issued = choices::date(posted.get("issued")).unwrap_or_else(|why| {
        say("issued", posted.get("issued"), why);
        None
    });
    let mut cited = Vec::new();
    for i in 0..CITED {
        let given = posted.get(&format!("cite.{i}.number"));
        let amount = posted.get(&format!("cite.{i}.quantity"));
        let item = posted.get(&format!("cite.{i}.item"));
        if given.is_empty() {
            continue;
        }
        let quantity = Decimal::from_str_exact(amount).ok();
        if quantity.is_none() && !amount.is_empty() {
            say("cited", amount, number.clone());
        }
        let item = Some(item.to_owned()).filter(|t| !t.is_empty());
        cited.push(CitedCertificate { number: given.to_owned(), item, quantity });
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
    match (quantity, unit) {
        (Ok(quantity), Ok(unit)) if faults.is_empty() => Ok(NewCertificate {
            operator: None,
            place: text("place"),
            item: text("item"),
            product: posted.get("product").to_owned(),
            lot: text("lot"),
            gtin,
            quantity,
            unit,
            origin: posted.get("origin").to_owned(),
            issued,
            basis: posted.fields.iter().filter(|(k, _)| k == "basis").map(|(_, v)| v.clone()).collect(),
            contact: posted.get("contact").to_owned(),
            cited,
        }),
        _ => Err(faults),
    }
}

/// `POST /firm/certificates/new`. Right: capture event, for the own operator.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    operator(viewer)?;
    let lang = viewer.lang();
    let done = match read(&posted) {
        Ok(new) => app.supply.issue_certificate(&context(&app, viewer), &viewer.who, &new).await,
        Err(faults) => Err(supply::Error::Rows(faults)),
    };
    match done {
        Ok((issued, notes)) => {
            let link = format!("/firm/certificates/{}", issued.number);
            if notes.is_empty() {
                return Ok(axum::response::Redirect::to(&link).into_response());
            }
            let title = lang.pick("合格证已开具", "The certificate is issued");
            Ok(layout::narrow(viewer, title, &html! {
                h1 { (title) }
                (ui::message(Tone::Ok, &html! { p { a href=(link) { (lang.pick("查看并打印合格证 ", "See and print certificate ")) (issued.number) } } }))
                (ui::message(Tone::Warn, &html! { p { (lang.pick("请留意：", "Please note:")) } ul { @for n in &notes { li { (n.get(lang)) } } } }))
            }).into_response())
        }
        Err(supply::Error::Rows(faults)) => {
            let message = ui::message(
                Tone::Bad,
                &html! { p { (lang.pick("有几处需要更正，未开具。", "A few fields need correction; nothing was issued.")) }
                ul { @for f in &faults { li { @if !f.value.is_empty() { "“" (f.value) "” " } (f.message.get(lang)) } } } },
            );
            let shown = page(&app, viewer, &posted.fields, &faults, &message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e @ (supply::Error::Sheet(_) | supply::Error::Refused(_))) => {
            let message = ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) } });
            let shown = page(&app, viewer, &posted.fields, &[], &message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

async fn page(
    app: &App,
    viewer: &Viewer,
    values: &Values,
    faults: &[RowError],
    message: &Markup,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let own = operator(viewer)?;
    let rule = CertificateRule::builtin()?;
    let found = app.supply.directory.operator(own).await.map_err(Fault::internal)?;
    let places: Vec<(String, String)> =
        found.map(|o| o.places).unwrap_or_default().into_iter().map(|p| (p.key, p.name)).collect();
    let new = Text::of("（新批次：填写下面的产品和批号）", "(a new lot: product and lot number below)");
    let stock = super::batch::stock(app, viewer, &new).await?;
    let today = app.now().china_date().to_string();
    let date = Some(value(values, "issued")).filter(|d| !d.is_empty()).unwrap_or(&today);
    let field = |name: &'static str, label: &'static str, kind: &'static str, required: bool| {
        ui::input(&Field {
            name,
            label,
            value: value(values, name),
            kind,
            required,
            error: fault_of(lang, faults, name),
            ..Field::default()
        })
    };
    let title = lang.pick("开具承诺达标合格证", "Issue a commitment certificate");
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/firm/certificates", lang.pick("合格证", "Certificates")), ("", title)]))
            h1 { (title) }
            (message)
            p { (rule.foods().get(lang)) span.soft { "（" (rule.document().get(lang)) @if rule.status != "verified" { " · " (lang.pick("条文待核", "wording unverified")) } "）" } }
            form method="post" {
                (layout::csrf(viewer))
                fieldset { legend { (lang.pick("产品", "Product")) }
                    (ui::select(&Field { name: "item", label: lang.pick("已有批次", "A lot on record"), value: value(values, "item"), ..Field::default() }, &stock))
                    (ui::input(&Field { name: "product", label: lang.pick("产品名称（新批次）", "Product (of a new lot)"),
                        hint: lang.pick("选了已有批次时按该批次的产品，不用填写", "a lot on record brings its own product: leave it empty"), value: value(values, "product"), error: fault_of(lang, faults, "product"), ..Field::default() }))
                    (field("lot", lang.pick("批号（新批次）", "Lot number (of a new lot)"), "text", false))
                    (field("quantity", lang.pick("数量", "Quantity"), "decimal", true))
                    (ui::select(&Field { name: "unit", label: lang.pick("单位", "Unit"), value: value(values, "unit"), error: fault_of(lang, faults, "unit"), ..Field::default() }, &units(lang)))
                    (field("origin", lang.pick("产地（到乡镇或村）", "Origin (township or village)"), "text", true))
                    (field("gtin", lang.pick("商品条码（如有）", "Barcode number (if any)"), "text", false))
                }
                fieldset { legend { (lang.pick("我承诺", "I promise")) }
                    ul { @for p in rule.promises() { li { (p.get(lang)) } } }
                    fieldset class={ "field" @if fault_of(lang, faults, "basis").is_some() { " error" } } { legend.req { (lang.pick("承诺依据", "Resting on")) }
                        @for (id, text) in rule.bases() {
                            @let chosen = values.iter().any(|(k, v)| k == "basis" && v == id);
                            label.choice { input type="checkbox" name="basis" value=(id) checked[chosen]; (text.get(lang)) } }
                        @if let Some(why) = fault_of(lang, faults, "basis") { p.why { (why) } }
                    }
                    (ui::input(&Field { name: "issued", label: lang.pick("开具日期", "Day of issue"), value: date, kind: "date", required: true, error: fault_of(lang, faults, "issued"), ..Field::default() }))
                    (ui::input(&Field { name: "contact", label: lang.pick("联系电话", "Telephone"), hint: lang.pick("可加姓名；印在合格证上，在系统中封存，公开页面不显示", "with a name if you like; printed on the certificate, sealed here, not on the public page"), value: value(values, "contact"), required: true, autocomplete: Some("tel"), error: fault_of(lang, faults, "contact"), ..Field::default() }))
                    @if places.len() > 1 { (ui::select(&Field { name: "place", label: lang.pick("场所", "Place"), value: value(values, "place"), ..Field::default() }, &places)) }
                }
                details open[values.iter().any(|(k, v)| k.starts_with("cite.") && !v.is_empty())] {
                    summary { (lang.pick("混装或分装后重新开具：引用收取的合格证", "After mixing or splitting: cite the certificates received")) }
                    p.soft { (lang.pick("只引用一张且不填新批号，为分装；引用多张或填写新批号，记为混合成新的批次。纸质合格证填写其编号。",
                        "One cited and no new lot number: a split. Several, or a new lot number: mixed into a new lot. For one on paper give its number.")) }
                    @if let Some(why) = fault_of(lang, faults, "cited") { p.why { (why) } }
                    @for i in 0..CITED { (cite_row(lang, i, values)) }
                }
                button { (lang.pick("开具", "Issue")) }
            }
        },
    ))
}

fn cite_row(lang: Lang, i: usize, values: &Values) -> Markup {
    let (number, amount) = (format!("cite.{i}.number"), format!("cite.{i}.quantity"));
    let label = format!("{} {}", lang.pick("合格证编号", "Certificate number"), i + 1);
    html! {
        (ui::input(&Field { name: &number, label: &label, value: value(values, &number), ..Field::default() }))
        (ui::input(&Field { name: &amount, label: lang.pick("用量（与上面同一单位）", "Quantity used (in the unit above)"), value: value(values, &amount), kind: "decimal", ..Field::default() }))
    }
}
