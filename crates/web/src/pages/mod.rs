//! The pages, one module a subject.

mod absences;
pub(crate) mod account;
mod admin;
mod alike;
mod brought;
mod bulk;
pub(crate) mod choices;
pub(crate) mod documents;
mod firm;
mod identity;
mod inbox;
pub(crate) mod inspections;
pub(crate) mod journal;
mod journal_entry;
mod journal_words;
mod lab;
mod lookup;
mod matter_clocks;
mod matter_record;
pub(crate) mod matters;
mod namesakes;
pub(crate) mod nonconformities;
pub(crate) mod notices;
pub(crate) mod openings;
mod operators;
pub(crate) mod papers;
mod places;
pub(crate) mod public;
mod records;
pub(crate) mod reminders;
mod result_files;
pub(crate) mod sampling;
pub(crate) mod science;
pub(crate) mod scope;
mod sent;
pub(crate) mod show;
pub(crate) mod signals;
pub(crate) mod situation;
mod supervised;
pub(crate) mod targeting;
pub(crate) mod tasks;
pub(crate) mod trace;
mod transfers;
mod upload;
mod whatif;

use crate::fault::Fault;
use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::Text;
use std::sync::Arc;

/// Routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/notices", get(notices::list))
        .route("/notices/{slug}", get(notices::show))
        .route("/notices/{slug}/receipt.json", get(notices::receipt))
        .route("/notices/{slug}/body.html", get(notices::body))
        .route("/notices/{slug}/qr.svg", get(notices::qr))
        .route("/notices/{slug}/document.pdf", get(papers::notice))
        .route("/verify", get(journal::show_verify).post(journal::verify))
        .route("/verify.html", get(journal::offline_page))
        .route("/log/checkpoint", get(journal::checkpoint))
        .route("/log/tile/{*path}", get(journal::tile))
        .route("/desk/journal", get(journal::list))
        .route("/desk/journal/{id}", get(journal_entry::show))
        .route("/desk/journal/{id}/erase", post(journal_entry::erase))
        .route("/desk/journal/{id}/receipt.json", get(journal::receipt))
        .route("/desk/tasks", get(tasks::list))
        .route("/desk/tasks/{id}", get(tasks::show))
        .route("/desk/places", get(places::list))
        .route("/desk/items", get(places::items))
        .route("/desk/items/{id}", post(tasks::report))
        .route("/desk/nonconformities", get(nonconformities::list))
        .route("/desk/nonconformities/{id}", get(nonconformities::show))
        .route("/desk/graph.svg", get(nonconformities::graph))
        .route("/desk/scope/map", get(nonconformities::map))
        .route("/desk/situation", get(situation::show))
        .route("/desk/situation/map", get(situation::map))
        .route("/desk/supervised", get(supervised::show))
        .route("/desk/inbox", get(inbox::list))
        .route("/lookup/{kind}", get(lookup::offer))
        .route("/desk/absences", get(absences::absences).post(absences::begin))
        .route("/desk/absences/{id}/end", post(absences::end))
        .route("/desk/hand-over", post(absences::hand_over))
        .route("/desk/rulebook/whatif", get(whatif::show).post(whatif::ask))
        .route("/desk/bulk", get(bulk::show).post(bulk::take))
        .route("/desk/matters", get(matters::list))
        .route("/desk/matters/new", get(openings::show).post(openings::open))
        .route("/desk/matters/new/import", post(openings::import))
        .route("/firm/matters/new", get(openings::show).post(openings::open))
        .route("/desk/assign/{id}", post(absences::assign))
        .route("/desk/recuse/{id}", post(absences::recuse))
        .route("/desk/migrate/{id}", post(matter_clocks::migrate))
        .route("/desk/clocks/{id}/{change}", post(matter_clocks::change))
        .route("/desk/matters/{id}", get(matters::show))
        .route("/desk/matters/{id}/reporter", get(identity::show).post(identity::act))
        .route("/desk/matters/{id}/{step}", get(matters::at_step).post(matters::step))
        .route("/transfers", get(transfers::list))
        .route("/transfers/{id}", get(transfers::show))
        .route("/transfers/{id}/manifest.txt", get(transfers::manifest))
        .route("/transfers/{id}/package.zip", get(transfers::archive))
        .route("/transfers/{id}/papers/{sha256}", get(transfers::paper))
        .route("/desk/documents/{id}", get(documents::show))
        .route("/desk/documents/{id}/document.pdf", get(papers::document))
        .route("/desk/samples/{id}/papers/{name}", get(papers::sample))
        .route("/lab/samples/{id}/papers/{name}", get(papers::sample))
        .route("/desk/documents/{id}/revise", post(documents::revise))
        .route("/desk/documents/{id}/publish", post(documents::publish))
        .merge(firm::routes())
        .merge(lab::routes())
        .merge(result_files::routes())
        .merge(sampling::routes())
        .merge(science::routes())
        .merge(inspections::routes())
        .merge(operators::routes())
        .merge(signals::routes())
        .merge(targeting::routes())
        .merge(public::routes())
        .merge(trace::routes())
        .merge(records::routes())
        .merge(admin::routes())
}

/// An address asked for in a way it does not answer to: by a program, or as when the address of a sent form is opened by itself.
pub(crate) async fn not_so(method: axum::http::Method, uri: axum::http::Uri) -> Fault {
    let text = if ["/epcis", "/api/"].iter().any(|start| uri.path().starts_with(start)) {
        Text::new(
            format!("这个地址不接受 {method} 方法；可用的方法见应答的 Allow 标头。"),
            format!(
                "This address does not take {method}; the header Allow of this answer names what it takes."
            ),
        )
    } else {
        Text::of(
            "这个地址只接收提交的表单。请返回上一页，或从菜单进入。",
            "This address only takes what a form sends. Go back, or enter through the menu.",
        )
    };
    Fault::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, text)
}

/// What no route matches: a compressed Digital Link leads to the plain one, everything else is not there.
pub(crate) async fn missing(uri: axum::http::Uri) -> Result<axum::response::Response, Fault> {
    crate::resolver::decompressed(&uri).ok_or_else(|| Fault::not_found(&Text::of("页面", "page")))
}
