//! Certificates looked up by everybody: by number or by the name of who holds them, with what stands now.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::operators::{licence_badge, licence_class};
use crate::pages::papers;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::{Lang, Text};
use maud::{Markup, html};
use registry::{Licence, PublicOperator};
use std::sync::Arc;

const LICENCE: Text = Text::of("许可证", "licence");
/// Operators whose certificates a search by name shows.
const MOST: usize = 10;

/// A certificate with who holds it, as everybody may see it.
pub(crate) struct Held {
    pub(crate) licence: Licence,
    pub(crate) holder: PublicOperator,
}

/// Every certificate entered under a number, with its holder.
pub(crate) async fn by_number(app: &App, viewer: &access::Principal, number: &str) -> Answer<Vec<Held>> {
    let mut found = Vec::new();
    for licence in registry::licences_by_number(&app.store, number).await? {
        let holder =
            registry::public_operator(&app.store, &app.access, viewer, app.now(), licence.operator).await?;
        if let Some(holder) = holder {
            found.push(Held { licence, holder });
        }
    }
    Ok(found)
}

/// What was typed: the last part of an address, as a scanner gives it.
fn typed(given: &str) -> &str {
    given.trim().rsplit('/').next().unwrap_or_default()
}

fn looks_like_number(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 4
}

/// `GET /licences?q=`
pub(super) async fn search(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/licences", raw.as_deref(), "");
    let given = links.get("q").unwrap_or_default();
    let asked = typed(given);
    let mut found = Vec::new();
    if looks_like_number(asked) {
        found = by_number(&app, &viewer.who, asked).await?;
    } else if !asked.is_empty() {
        let firms = registry::public_search(&app.store, &app.access, &viewer.who, app.now(), "", asked).await;
        let firms = match firms {
            Ok(firms) => firms,
            Err(registry::Error::Invalid { .. }) => Vec::new(),
            Err(e) => return Err(e.into()),
        };
        for holder in firms.into_iter().take(MOST) {
            for licence in registry::licences_of(&app.store, holder.id).await? {
                found.push(Held { licence, holder: holder.clone() });
            }
        }
    }
    let title = lang.pick("查许可证", "Look up a licence");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            section.card { form method="get" {
                (ui::input(&Field { name: "q", label: lang.pick("许可证、备案、登记证编号，或者单位名称", "Number of a licence, filing or registration, or the name of the firm"), hint: lang.pick("例如 SC、JY、YB 开头的编号，或扫码得到的网址", "for example SC…, JY…, YB…, or the address in the QR code"), value: given, kind: "search", required: true, ..Field::default() }))
                button { (lang.pick("查询", "Look up")) }
            } }
            @if !asked.is_empty() && found.is_empty() {
                (ui::message(Tone::Bad, &html! { p { (lang.pick("没有找到。编号无误而查不到的，可能未取得许可，可以向当地市场监管部门举报。", "Nothing found. If the number is right there may be no licence behind it: you may report it.")) } p { a href="/petitions/report" { (lang.pick("我要举报", "Report")) } } }))
            }
            @if !found.is_empty() { (table(lang, &app, &found)) }
        },
    ))
}

fn table(lang: Lang, app: &App, found: &[Held]) -> Markup {
    let today = app.now().china_date();
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|h| {
            vec![
                html! { a href={ "/licences/" (ui::encode(&h.licence.number)) } { code { (h.licence.number) } } },
                html! { a href={ "/shops/" (h.holder.id) } { (name(lang, &h.holder)) } },
                html! { (licence_badge(lang, &h.licence, today)) },
                html! { @if let Some(d) = h.licence.expires { (d) } @else { "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("编号", "Number"),
        Column::text("持有人", "Holder"),
        Column::text("状态", "State"),
        Column::text("有效期至", "Valid until"),
    ];
    ui::table(lang, lang.pick("找到的证书", "Certificates found"), &columns, &rows, None)
}

fn name(lang: Lang, o: &PublicOperator) -> &str {
    if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) }
}

/// `GET /licences/{number}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let found = by_number(&app, &viewer.who, &number).await?;
    let Some(first) = found.last() else { return Err(Fault::not_found(&LICENCE)) };
    let today = app.now().china_date();
    let title = first.licence.number.clone();
    Ok(layout::narrow(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/licences", lang.pick("查许可证", "Look up a licence")), ("", &title)]))
            h1 { code { (title) } }
            @if found.len() > 1 { (ui::message(Tone::Warn, &html! { p { (lang.pick("同一编号登记了不止一次，请以现场证书和发证机关为准。", "This number stands more than once on the register; ask the issuing authority.")) } })) }
            @for h in &found { section.card {
                p { (licence_badge(lang, &h.licence, today)) (licence_class(lang, &h.licence)) }
                (ui::facts(lang, &[
                    (Text::of("持有人", "Holder"), html! { a href={ "/shops/" (h.holder.id) } { (name(lang, &h.holder)) } }),
                    (Text::of("地区", "Region"), html! { (region_name(lang, &h.holder.region)) }),
                    (Text::of("发证日期", "Issued"), html! { @if let Some(d) = h.licence.issued { (d) } @else { "—" } }),
                    (Text::of("有效期至", "Valid until"), html! { @if let Some(d) = h.licence.expires { (d) } @else { "—" } }),
                ]))
                @if let Some(warning) = h.licence.check.warning() { (ui::message(Tone::Warn, &html! { p { (warning.get(lang)) } })) }
            } }
            p { a.button.plain href={ "/licences/" (ui::encode(&title)) "/certificate.pdf" } { (lang.pick("登记信息（PDF）", "Register extract (PDF)")) } }
            section.card { h2 { (lang.pick("二维码", "QR code")) }
                img src={ "/licences/" (ui::encode(&title)) "/qr.svg" } alt=(lang.pick("本页二维码", "code of this page")) width="160" height="160"; }
            p.soft { (lang.pick("本页显示登记库中的当前状态。", "This page shows what the register says now.")) }
        },
    ))
}

/// `GET /licences/{number}/qr.svg`
pub(super) async fn qr(State(app): State<Arc<App>>, Path(number): Path<String>) -> Answer {
    if registry::licences_by_number(&app.store, &number).await?.is_empty() {
        return Err(Fault::not_found(&LICENCE));
    }
    let svg = ::paper::qr::svg(&format!("{}/licences/{}", app.origin, ui::encode(&number)))
        .map_err(|_| Fault::not_found(&Text::of("二维码", "QR code")))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], svg)
        .into_response())
}

/// `GET /licences/{number}/certificate.pdf`: what the register says of a certificate today, to print.
pub(super) async fn certificate(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Answer {
    let found = by_number(&app, &viewer.who, &number).await?;
    let Some(h) = found.last() else { return Err(Fault::not_found(&LICENCE)) };
    papers::licence(&app, &viewer, h).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanned_address_is_read_as_its_number_and_a_name_is_no_number() {
        assert_eq!(typed("https://shian.example/licences/JY16201020000012"), "JY16201020000012");
        assert!(looks_like_number("SC10762072300018") && looks_like_number("甘三小202612"));
        assert!(!looks_like_number("虚构面业"));
    }
}
