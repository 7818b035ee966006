//! The consumer's page of a lot, reached by form, QR code or GS1 Digital Link.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::notices;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::gs1::Gtin;
use base::region::Regions;
use base::{Lang, Text};
use epcis::ident;
use flow::view::{About, Notice};
use maud::{Markup, html};
use std::sync::Arc;
use supply::PublicLot;

/// Notices shown on a page.
pub(super) const NOTICES: usize = 20;

/// The look-up form, also on the front page.
pub(super) fn search(lang: Lang, gtin: &str, lot: &str) -> Markup {
    html! { form method="get" action="/lot" {
        (ui::input(&Field { name: "gtin", label: lang.pick("商品条码", "Barcode number"), hint: lang.pick("包装条码下面的 8–14 位数字", "the 8–14 digits below the bars"), value: gtin, required: true, kind: "text", ..Field::default() }))
        (ui::input(&Field { name: "lot", label: lang.pick("批号", "Lot number"), hint: lang.pick("包装上的生产批号，区分大小写", "as printed; upper and lower case differ"), value: lot, required: true, ..Field::default() }))
        button { (lang.pick("查批次", "Look up")) }
    } }
}

/// The local path of a lot's page; `None` when the barcode fails its check digit or the lot number has other signs than GS1
/// allows.
fn path(gtin: &str, lot: &str) -> Option<String> {
    let gtin: Gtin = gtin.trim().parse().ok()?;
    let lot = Some(lot.trim()).filter(|l| !l.is_empty())?;
    let link = format!("https://id.gs1.org/01/{gtin}/10/{}", ui::encode(lot));
    ident::canonical(&link)?.strip_prefix("https://id.gs1.org").map(ToOwned::to_owned)
}

/// `GET /lot`: the form; filled, it leads to the lot. `q` takes a whole Digital Link or URN, as a scanner gives it.
pub(crate) async fn form(viewer: Viewer, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/lot", raw.as_deref(), "");
    let (gtin, lot) = (links.get("gtin").unwrap_or_default(), links.get("lot").unwrap_or_default());
    let mut wrong = false;
    if let Some(q) = links.get("q") {
        if let Some(to) =
            ident::canonical(q).and_then(|u| Some(u.strip_prefix("https://id.gs1.org")?.to_owned()))
            && to.starts_with("/01/")
        {
            return Ok(Redirect::to(&to).into_response());
        }
        wrong = true;
    } else if !gtin.is_empty() && !lot.is_empty() {
        match path(gtin, lot) {
            Some(to) => return Ok(Redirect::to(&to).into_response()),
            None => wrong = true,
        }
    }
    let title = lang.pick("查批次", "Look up a lot");
    Ok(layout::narrow(&viewer, title, &html! {
        h1 { (title) }
        @if wrong { (ui::message(Tone::Bad, &html! { p { (lang.pick("条码或批号不对：条码为 8–14 位数字且末位为校验码，批号最多 20 个字母、数字或符号。请对照包装重新输入。",
            "Barcode or lot number is not right: a barcode has 8–14 digits, the last one a check digit; a lot number has at most 20 letters, digits or signs. Compare with the package.")) } })) }
        section.card { (search(lang, gtin, lot)) }
        p.soft { (lang.pick("也可直接扫描包装上的 GS1 二维码。", "Or scan the GS1 QR code on the package.")) }
    }).into_response())
}

/// `GET /01/{gtin}`: a product without lot asks for the lot.
pub(crate) async fn product(Path(gtin): Path<String>) -> Redirect {
    Redirect::to(&format!("/lot?gtin={}", ui::encode(&gtin)))
}

/// `GET /01/{gtin}/10/{lot}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path((gtin, lot)): Path<(String, String)>,
) -> Answer<Markup> {
    page(&app, &viewer, &format!("https://id.gs1.org/01/{gtin}/10/{}", ui::encode(&lot))).await
}

/// `GET /01/{gtin}/21/{serial}`
pub(crate) async fn serial(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path((gtin, serial)): Path<(String, String)>,
) -> Answer<Markup> {
    page(&app, &viewer, &format!("https://id.gs1.org/01/{gtin}/21/{}", ui::encode(&serial))).await
}

/// What the register says of the product.
struct Maker {
    product: String,
    category: String,
    operator: Option<registry::PublicOperator>,
}

async fn maker(app: &App, viewer: &Viewer, gtin: Option<&str>) -> Answer<Option<Maker>> {
    let Some(gtin) = gtin else { return Ok(None) };
    let Some(p) = registry::products_by_gtin(&app.store, &[gtin]).await?.remove(gtin) else {
        return Ok(None);
    };
    let operator =
        registry::public_operator(&app.store, &app.access, &viewer.who, app.now(), p.operator).await?;
    Ok(Some(Maker { product: p.name, category: p.category, operator }))
}

async fn page(app: &App, viewer: &Viewer, link: &str) -> Answer<Markup> {
    let lang = viewer.lang();
    let key = ident::item_key(link);
    let gtin = key.gtin().filter(|g| g.parse::<Gtin>().is_ok()).map(ToOwned::to_owned).ok_or_else(|| {
        Fault::bad(
            "gtin",
            Text::of(
                "条码或批号不对：条码为 8–14 位数字，末位为校验码；批号最多 20 个字母、数字或符号。",
                "Barcode or lot number is not right: 8–14 digits, the last one a check digit; a lot number has at most 20 signs.",
            ),
        )
    })?;
    let trace = app.supply.public_lot(&viewer.who, app.now(), &key.uri).await?;
    let maker = maker(app, viewer, Some(&gtin)).await?;
    let about = About {
        fact: Some(("item".to_owned(), key.uri.clone())),
        target: Some(format!("lot:{}", key.uri)),
        operator: None,
    };
    let notices = flow::view::notices_about(&app.store, &about, NOTICES).await?;
    let lot = key.lot().map(std::borrow::Cow::into_owned);
    let stated = trace.as_ref().and_then(|t| t.lot.name.clone());
    let name = maker.as_ref().map(|m| m.product.clone()).or(stated).unwrap_or_else(|| gtin.clone());
    let title = match &lot {
        Some(lot) => format!("{name} {lot}"),
        None => name,
    };
    Ok(layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/lot", lang.pick("查批次", "Look up a lot")), ("", &title)]))
            h1 { (title) }
            (warning(viewer, &notices))
            section.card { (facts(lang, &gtin, lot.as_deref(), maker.as_ref(), trace.as_ref())) }
            h2 { (lang.pick("这批食品去过哪里", "Where this lot has been")) }
            @match &trace {
                Some(t) => (route(lang, t)),
                None => (ui::empty(lang.pick("没有这个批次的追溯记录", "No trace record of this lot"), lang.pick("请核对条码和批号；企业尚未报送的批次在这里查不到，可向销售者索要追溯凭证。", "Compare barcode and lot number. A lot no firm has reported yet is not here; ask the seller for its trace document."))),
            }
            p { a href="/lot" { (lang.pick("再查一个批次", "Look up another lot")) } }
        },
    ))
}

/// Whether published notices concern the lot: the first thing a consumer wants to know.
fn warning(viewer: &Viewer, found: &[Notice]) -> Markup {
    let lang = viewer.lang();
    if found.is_empty() {
        return ui::message(
            Tone::Info,
            &html! { p { (lang.pick("目前没有涉及这个批次的召回或抽检公告。", "No recall or sampling notice concerns this lot at present.")) } },
        );
    }
    let recall = found.iter().any(|n| n.kind.starts_with("recall"));
    html! {
        (ui::message(Tone::Bad, &html! { p { strong {
            @if recall { (lang.pick("这个批次正在召回：请停止食用，退回销售者。", "This lot is being recalled: do not eat it, return it to the seller.")) }
            @else { (lang.pick("有公告涉及这个批次，请先阅读。", "A notice concerns this lot; read it first.")) }
        } } }))
        (notices::lines(viewer, found))
    }
}

fn facts(
    lang: Lang,
    gtin: &str,
    lot: Option<&str>,
    maker: Option<&Maker>,
    trace: Option<&PublicLot>,
) -> Markup {
    let mut rows = vec![(Text::of("商品条码", "Barcode"), html! { code { (gtin) } })];
    if let Some(lot) = lot {
        rows.push((Text::of("批号", "Lot"), html! { code { (lot) } }));
    }
    if let Some(m) = maker {
        if !m.category.is_empty() {
            rows.push((Text::of("食品类别", "Food category"), html! { (m.category) }));
        }
        if let Some(o) = &m.operator {
            let name = if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) };
            rows.push((Text::of("生产者", "Producer"), html! { a href={ "/shops/" (o.id) } { (name) } }));
            rows.push((Text::of("产地", "Region"), html! { (full_region(lang, &o.region)) }));
        }
    }
    if let Some(t) = trace {
        for (title, value) in [
            (Text::of("规格", "Package"), &t.lot.spec),
            (Text::of("生产日期", "Produced"), &t.lot.produced),
            (Text::of("保质期至", "Best before"), &t.lot.expires),
        ] {
            if let Some(v) = value.as_deref().filter(|v| !v.is_empty()) {
                rows.push((title, html! { (v) }));
            }
        }
    }
    ui::facts(lang, &rows)
}

/// `甘肃省兰州市城关区`.
pub(super) fn full_region(lang: Lang, code: &str) -> String {
    code.parse().map_or_else(
        |_| region_name(lang, code),
        |code| Regions::builtin().full_name(&code).get(lang).to_owned(),
    )
}

/// Counties and counts, in order of time.
fn route(lang: Lang, t: &PublicLot) -> Markup {
    let rows: Vec<Vec<Markup>> = t
        .stops
        .iter()
        .map(|s| {
            let county = if s.region.is_empty() {
                lang.pick("未登记的场所", "unregistered places").to_owned()
            } else {
                full_region(lang, &s.region)
            };
            vec![html! { (s.since.china_date()) }, html! { (county) }, html! { (s.places) }]
        })
        .collect();
    let columns = [
        Column::text("最早记录", "First record"),
        Column::text("县区", "County"),
        Column::num("场所数", "Places"),
    ];
    html! {
        (ui::table(lang, lang.pick("按时间先后，只列县区和数量，不公开买卖双方名称", "In order of time; counties and counts only, no names of buyers"), &columns, &rows, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_and_a_lot_number_lead_to_the_canonical_page() {
        assert_eq!(
            path("6901234567892", "GM260901001").as_deref(),
            Some("/01/06901234567892/10/GM260901001")
        );
        assert_eq!(path("6901234567892", "A/1").as_deref(), Some("/01/06901234567892/10/A%2F1"));
        for (gtin, lot) in [("6901234567890", "A"), ("69012", "A"), ("6901234567892", "")] {
            assert_eq!(path(gtin, lot), None, "{gtin} {lot}");
        }
    }
}
