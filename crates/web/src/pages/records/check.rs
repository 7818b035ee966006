//! The public check of a certificate: whether it stands, what it promises, and what it rests on.

use super::certificate::{paper, state_badge};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{CertificateFault, CertificateNode, certificate_number};

const CERTIFICATE: Text = Text::of("合格证", "certificate");

/// `GET /cert`: the form; filled, it leads to the certificate.
pub(super) async fn form(viewer: Viewer, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/cert", raw.as_deref(), "");
    let given = links.get("number").unwrap_or_default();
    // a scanner gives the whole address
    let last = given.rsplit('/').next().unwrap_or(given);
    if let Some(number) = certificate_number(last) {
        return Ok(Redirect::to(&format!("/cert/{number}")).into_response());
    }
    let title = lang.pick("查验合格证", "Check a certificate");
    let why = (!given.is_empty()).then(|| {
        lang.pick(
            "编号应为 20 位数字，末两位为校验码；请对照合格证重新输入。",
            "A number has 20 digits, the last two check the others; compare with the certificate.",
        )
    });
    Ok(layout::narrow(&viewer, title, &html! {
        h1 { (title) }
        section.card { form method="get" {
            (ui::input(&Field { name: "number", label: lang.pick("承诺达标合格证编号", "Number of the commitment certificate"), hint: lang.pick("合格证上的 20 位数字，或扫码得到的网址", "the 20 digits on it, or the address in its QR code"), value: given, required: true, error: why, ..Field::default() }))
            button { (lang.pick("查验", "Check")) }
        } }
    }).into_response())
}

/// `GET /cert/{number}`
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(number): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let number = certificate_number(&number).ok_or_else(|| Fault::not_found(&CERTIFICATE))?;
    let found = app.supply.public_certificate(&viewer.who, app.now(), &number).await?;
    let (nodes, faults) = found.ok_or_else(|| Fault::not_found(&CERTIFICATE))?;
    let c =
        nodes.first().and_then(|n| n.certificate.as_ref()).ok_or_else(|| Fault::not_found(&CERTIFICATE))?;
    let title = format!("{} {number}", lang.pick("承诺达标合格证", "Commitment certificate"));
    let path = c.item.strip_prefix("https://id.gs1.org").filter(|p| p.starts_with("/01/"));
    Ok(layout::narrow(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/cert", lang.pick("查验合格证", "Check a certificate")), ("", &number)]))
            @if faults.is_empty() { (ui::message(Tone::Ok, &html! { p { (lang.pick("真实有效：由下列主体在本系统开具，记录未被改动。", "Genuine and valid: issued here by the firm named below, and its record is unchanged.")) } })) }
            @else { (ui::message(Tone::Bad, &html! { ul { @for f in &faults { li { (f.text().get(lang)) } } } })) }
            (paper(lang, &app.origin, c, None)?)
            p.soft { (lang.pick("联系方式不在网上公开，见纸质合格证。", "The contact is not shown online; see the printed certificate.")) }
            (chain(lang, &nodes, &[]))
            div.actions {
                @if let Some(path) = path { a.button.plain href=(path) { (lang.pick("这批产品去过哪里", "Where this lot has been")) } }
                a.button.plain href={ "/shops/" (c.operator) } { (lang.pick("承诺主体", "The issuer")) }
                a.button.plain href="/cert" { (lang.pick("再查一张", "Check another")) }
            }
        },
    ))
}

/// The certificates it cites, as an indented list with links.
pub(super) fn chain(lang: Lang, nodes: &[CertificateNode], faults: &[CertificateFault]) -> Markup {
    html! {
        @if !faults.is_empty() { (ui::message(Tone::Bad, &html! { ul { @for f in faults { li { (f.text().get(lang)) } } } })) }
        @if nodes.len() > 1 { section { h2 { (lang.pick("引用的合格证", "Certificates it rests on")) }
            ul { @for n in nodes.iter().skip(1) { li style={ "margin-left:" (n.depth.saturating_sub(1).min(6)) "rem" } {
                @match &n.certificate {
                    Some(c) => { a href={ "/cert/" (c.number) } { (c.number) } " " (c.product) " " (c.amount()) " · " (c.issuer) " · " (c.origin) " " (state_badge(lang, c)) },
                    None => { (lang.pick("纸质合格证 ", "on paper: ")) span.break { (n.number) } },
                }
                @if let Some(q) = n.quantity { " " span.soft { (lang.pick("用量 ", "used ")) (q.normalize()) } }
            } } } } }
    }
}

/// `GET /cert/{number}/qr.svg`
pub(super) async fn qr(State(app): State<Arc<App>>, Path(number): Path<String>) -> Answer {
    let number = certificate_number(&number).ok_or_else(|| Fault::not_found(&CERTIFICATE))?;
    let svg = ::paper::qr::svg(&format!("{}/cert/{number}", app.origin))
        .map_err(|_| Fault::not_found(&Text::of("二维码", "QR code")))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], svg)
        .into_response())
}
