//! Looking up a lot: by form, by what a scanner read, by GS1 key or national code.

use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Redirect};
use base::{Lang, Text};
use epcis::ident::{DigitalLink, Scanned};
use maud::{Markup, html};

/// The look-up form, also on the front page.
pub(super) fn search(lang: Lang, gtin: &str, lot: &str) -> Markup {
    html! { form method="get" action="/lot" {
        (ui::input(&Field { name: "gtin", label: lang.pick("商品条码", "Barcode number"), hint: lang.pick("包装条码下面的 8–14 位数字", "the 8–14 digits below the bars"), value: gtin, required: true, kind: "text", ..Field::default() }))
        (ui::input(&Field { name: "lot", label: lang.pick("批号", "Lot number"), hint: lang.pick("包装上的生产批号，区分大小写", "as printed; upper and lower case differ"), value: lot, required: true, ..Field::default() }))
        button { (lang.pick("查批次", "Look up")) }
    } }
}

/// The page of a lot given by barcode and lot number.
fn of_numbers(gtin: &str, lot: &str) -> Result<String, Text> {
    let path = format!("/01/{}/10/{}", gtin.trim(), ui::encode(lot.trim()));
    DigitalLink::read(&path).map(|link| format!("/lot{}", link.path())).map_err(|e| e.text())
}

/// The page of what a scanner or a person gives as a whole: GS1 codes in every spelling, and national codes.
fn of_text(text: &str) -> Result<String, Text> {
    match Scanned::read(text).map_err(|e| e.text())? {
        Scanned::Gs1(link) => Ok(format!("/lot{}", link.path())),
        Scanned::National(code) => Ok(format!("/lot/cn/{}/{}", code.scheme.name, code.code)),
    }
}

/// `GET /lot`: the form; filled, it leads to the lot. `q` takes what a scanner gives.
pub(crate) async fn form(viewer: Viewer, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/lot", raw.as_deref(), "");
    let (gtin, lot) = (links.get("gtin").unwrap_or_default(), links.get("lot").unwrap_or_default());
    let q = links.get("q").unwrap_or_default();
    let asked = if !q.is_empty() {
        Some(of_text(q))
    } else if !gtin.is_empty() && !lot.is_empty() {
        Some(of_numbers(gtin, lot))
    } else {
        None
    };
    let wrong = match asked {
        Some(Ok(to)) => return Ok(Redirect::to(&to).into_response()),
        Some(Err(text)) => Some(text),
        None => None,
    };
    let title = lang.pick("查批次", "Look up a lot");
    Ok(layout::narrow(&viewer, title, &html! {
        h1 { (title) }
        @if let Some(text) = &wrong { (ui::message(Tone::Bad, &html! { p { (text.get(lang)) } })) }
        section.card { (search(lang, gtin, lot)) }
        section.card { form method="get" action="/lot" {
            (ui::input(&Field { name: "q", label: lang.pick("或：二维码、追溯码的内容", "Or: what a QR or trace code says"), hint: lang.pick("网址、(01)…(10)…、电子标签编码，或国家标准追溯码如 nyt1431:代码", "a web address, (01)…(10)…, an EPC, or a code of a national standard as nyt1431:CODE"), value: q, kind: "search", required: true, ..Field::default() }))
            button.plain { (lang.pick("查询", "Look up")) }
        } }
        p.soft { (lang.pick("也可直接用手机扫描包装上的 GS1 二维码。", "Or scan the GS1 QR code on the package with a phone.")) }
    }).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_and_a_lot_number_lead_to_the_page_of_the_lot() {
        for (gtin, lot, to) in [
            ("6901234567892", "GM260901001", "/lot/01/06901234567892/10/GM260901001"),
            (" 6901234567892 ", " A/1 ", "/lot/01/06901234567892/10/A%2F1"),
        ] {
            assert_eq!(of_numbers(gtin, lot).as_deref(), Ok(to));
        }
        for (gtin, lot, says) in [
            ("6901234567890", "A", "should be 2"),
            ("69012", "A", "digits"),
            ("6901234567892", "批", "Latin"),
        ] {
            let error = of_numbers(gtin, lot).unwrap_err();
            assert!(error.en.contains(says), "{gtin} {lot}: {error:?}");
        }
    }

    #[test]
    fn what_a_scanner_reads_leads_to_the_same_page() {
        for text in [
            "https://id.gs1.org/01/06901234567892/10/L1",
            "https://firm.example/some/path/01/6901234567892/10/L1?17=261231",
            "urn:epc:class:lgtin:6901234.056789.L1",
            "/gtin/6901234567892/lot/L1",
            "(01)06901234567892(10)L1",
        ] {
            assert_eq!(of_text(text).as_deref(), Ok("/lot/01/06901234567892/10/L1"), "{text}");
        }
        let national = of_text("NY/T 1431：62010200100100112345");
        assert_eq!(national.as_deref(), Ok("/lot/cn/nyt1431/62010200100100112345"));
        for text in ["hello", "https://example.org/", "https://example.org/01/06901234567890"] {
            assert!(of_text(text).is_err(), "{text}");
        }
    }
}
