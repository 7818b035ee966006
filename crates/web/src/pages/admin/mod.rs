//! Looking after the system: accounts and grants, one-time codes, jobs, and the rulebook as people read it.

mod accounts;
mod jobs;
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
        .route("/desk/rulebook", get(rulebook::show))
        .route("/desk/rulebook/{file}", get(rulebook::diagram))
}
