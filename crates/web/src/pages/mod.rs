//! The pages, one module a subject.

pub(crate) mod account;
pub(crate) mod journal;
pub(crate) mod scope;

use crate::fault::Fault;
use crate::state::App;
use axum::Router;
use axum::routing::get;
use base::Text;
use std::sync::Arc;

/// Routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/verify", get(journal::show_verify).post(journal::verify))
        .route("/verify.html", get(journal::offline_page))
        .route("/log/checkpoint", get(journal::checkpoint))
        .route("/log/tile/{*path}", get(journal::tile))
        .route("/desk/journal", get(journal::list))
        .route("/desk/journal/{id}/receipt.json", get(journal::receipt))
}

/// What no route matches.
pub(crate) async fn missing() -> Fault {
    Fault::not_found(&Text::of("页面", "page"))
}
