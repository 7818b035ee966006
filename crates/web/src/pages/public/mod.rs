//! The public site: no login, small pages, nothing that names a buyer.

mod abroad;
pub(super) mod declared;
mod drawn;
mod files;
mod licences;
mod limits_search;
mod lot;
mod lot_page;
mod national;
mod petition;
mod portal;
pub(crate) mod results;
mod retests;
mod shops;

pub(crate) use licences::{Held, by_number as licences_by_number};
pub(crate) use limits_search::coverage;
pub(crate) use lot_page::code;
pub(crate) use national::known as national_known;

use crate::state::App;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(portal::show))
        .route("/lot", get(lot::form))
        .route("/lot/qr.svg", get(lot_page::qr))
        .route("/lot/cn/{scheme}/{code}", get(national::show))
        .route("/lot/{*path}", get(lot_page::show))
        .route("/shops", get(shops::list))
        .route("/shops/{id}", get(shops::show))
        .route("/results", get(results::search))
        .route("/results/schema.json", get(results::schema))
        .route("/results/{slug}", get(results::show))
        .route("/results/{slug}/rows.json", get(results::data))
        .route("/results/{slug}/receipt.json", get(results::receipt))
        .route("/draws", get(drawn::list))
        .route("/draws/inspections", get(drawn::inspections))
        .route("/draws/retests", get(retests::list))
        .route("/draws/{id}", get(drawn::show))
        .route("/draws/{id}/record.json", get(drawn::record))
        .route("/limits", get(limits_search::show))
        .route("/limits/compare", get(abroad::file))
        .route("/declared", get(declared::search))
        .route("/declared/{id}", get(declared::show))
        .route("/declared/{id}/rows.json", get(declared::data))
        .route("/declared/{id}/receipt.json", get(declared::receipt))
        .route("/licences", get(licences::search))
        .route("/licences/{number}", get(licences::show))
        .route("/licences/{number}/qr.svg", get(licences::qr))
        .route("/licences/{number}/certificate.pdf", get(licences::certificate))
        .route("/petitions", get(petition::list))
        .route("/petitions/{procedure}", get(petition::show).post(petition::send))
        .route("/follow", get(petition::follow_form).post(petition::follow))
        .route("/files/{sha256}", get(files::serve))
}
