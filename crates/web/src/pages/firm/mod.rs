//! The pages of a firm: what it has, what it owes, what it told; made for a phone.

mod captures;
mod duties;
mod home;
mod ledger;
mod links;
mod lots;
mod results;
mod standards;
pub(super) mod tokens;

use super::matters;
use super::sampling::contest;
use crate::fault::{Answer, Fault};
use crate::layout::Viewer;
use crate::state::App;
use crate::ui;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{Legend, LotInfo};

/// Routes below `/firm`.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/firm", get(home::show))
        .route("/firm/lots", get(lots::list))
        .route("/firm/lots/view", get(lots::show))
        .route("/firm/upload", get(ledger::show).post(ledger::upload))
        .route("/firm/upload/template", get(ledger::template))
        .route("/firm/captures", get(captures::list))
        .route("/firm/captures/{id}", get(captures::show))
        .route("/firm/events/{id}/receipt.json", get(captures::receipt))
        .route("/firm/duties", get(duties::list))
        .route("/firm/duties/{id}", get(matters::show))
        .route("/firm/results", get(results::list))
        .route("/firm/results/{id}", get(results::show))
        .route("/firm/results/{id}/{procedure}", post(contest::ask))
        .route("/firm/standards", get(standards::list).post(standards::create))
        .route("/firm/standards/new", get(standards::new))
        .route("/firm/standards/template", get(standards::template))
        .route("/firm/standards/{id}", get(standards::show))
        .route("/firm/standards/{id}/publish", post(standards::publish))
        .route("/firm/standards/{id}/withdraw", post(standards::withdraw))
        .route("/firm/links", get(links::list).post(links::create))
        .route("/firm/links/prefix", post(links::prefix))
        .route("/firm/links/{id}/remove", post(links::remove))
        .route("/firm/tokens", get(tokens::list).post(tokens::create))
        .route("/firm/tokens/{id}/revoke", post(tokens::revoke))
}

/// The operator the account works for.
fn operator(viewer: &Viewer) -> Answer<Id> {
    viewer.who.operator.ok_or_else(|| {
        Fault::new(
            StatusCode::FORBIDDEN,
            Text::of(
                "此页面供企业账号使用；您的账号没有关联经营主体，请联系管理员。",
                "This page is for accounts of firms; yours belongs to no operator. Ask the administrator.",
            ),
        )
    })
}

/// A lot by its name and number.
fn lot_link(lang: Lang, lot: &LotInfo) -> Markup {
    let name = lot.name.as_deref().unwrap_or(lang.pick("未命名产品", "Unnamed product"));
    html! {
        a href={ "/firm/lots/view?item=" (ui::encode(&lot.item)) } { (name) }
        @if let Some(number) = &lot.lot { " " span.small.soft { (lang.pick("批号 ", "lot ")) (number) } }
    }
}

/// A place by its name, with the operator when it is another's.
fn place_name(lang: Lang, legend: &Legend, key: &str) -> Markup {
    match legend.places.get(key) {
        Some(p) if p.name == p.operator_name => html! { (p.name) },
        Some(p) => html! { (p.name) " " span.small.soft { (p.operator_name) } },
        None if key.is_empty() => html! { span.soft { (lang.pick("未记录场所", "no place recorded")) } },
        // a name the ledger gave stands in the key itself
        None => {
            html! { span.break { (key.strip_prefix("urn:shian:name:").map_or_else(|| key.to_owned(), decoded)) } }
        }
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
