//! Looking after the system: accounts and grants, one-time codes, jobs, and the rulebook as people read it.

pub(super) mod accounts;
mod connectors;
mod jobs;
mod organs;
mod prefixes;
mod rulebook;
mod totp;

use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/account/totp", get(totp::show))
        .route("/account/totp/{action}", post(totp::post))
        .route("/desk/accounts", get(accounts::list).post(accounts::create))
        .route("/desk/accounts/{login}", get(accounts::show))
        .route("/desk/accounts/{login}/{action}", post(accounts::post))
        .route("/desk/jobs", get(jobs::list))
        .route("/desk/jobs/{id}/revive", post(jobs::revive))
        .route("/desk/connectors", get(connectors::list).post(connectors::create))
        .route("/desk/connectors/{id}", get(connectors::show))
        .route("/desk/connectors/{id}/{action}", post(connectors::change))
        .route("/desk/organs", get(organs::list).post(organs::set))
        .route("/desk/prefixes", get(prefixes::list).post(prefixes::set))
        .route("/desk/prefixes/{action}", post(prefixes::set))
        .route("/desk/prefixes/{action}/remove", post(prefixes::remove))
        .route("/desk/rulebook", get(rulebook::show))
        .route("/desk/rulebook/{file}", get(rulebook::diagram))
}
