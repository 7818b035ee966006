//! The public site: no login, small pages, nothing that names a buyer.

mod files;
mod limits_search;
mod lot;
mod portal;
mod shops;

pub(crate) use limits_search::coverage;

use crate::state::App;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(portal::show))
        .route("/lot", get(lot::form))
        .route("/01/{gtin}", get(lot::product))
        .route("/01/{gtin}/10/{lot}", get(lot::show))
        .route("/01/{gtin}/21/{serial}", get(lot::serial))
        .route("/shops", get(shops::list))
        .route("/shops/{id}", get(shops::show))
        .route("/limits", get(limits_search::show))
        .route("/files/{sha256}", get(files::serve))
}
