//! The REST interface v1: the same office functions with the same rights as the pages, in JSON; described in one
//! table ([`endpoints`]) that gives the OpenAPI document, the page `/api` and the tests.

mod assess;
mod bindings;
mod caller;
mod cases;
mod catalogue;
mod connectors;
mod endpoints;
mod licences;
pub(crate) mod links;
mod manual;
mod once;
mod openapi;
mod procedures;
mod record;
mod rules;
mod samples;
mod sampling;
mod sampling_table;
mod sent;
mod signals;
mod targeting;
pub(crate) mod tokens;
mod trace;
mod work;

pub(crate) use caller::Caller;
pub use openapi::openapi;

use crate::state::App;
use axum::Router;
use axum::routing::{delete, get, post};
use std::sync::Arc;

/// Routes of the interface and its description.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api", get(manual::show))
        .route("/api/openapi.json", get(openapi::serve))
        .route("/api/v1/journal", get(record::journal))
        .route("/api/v1/journal/feed", get(record::feed))
        .route("/api/v1/events/{id}/receipt", get(record::receipt))
        .route("/api/v1/lots", get(record::lots))
        .route("/api/v1/scope", get(record::scope))
        .route("/api/v1/trace/{question}", get(trace::ask))
        .route("/api/v1/attachments", post(record::attach))
        .route("/api/v1/samples", get(samples::list).post(samples::create))
        .route("/api/v1/samples/{id}", get(samples::show))
        .route("/api/v1/samples/{id}/results", post(samples::results))
        .route("/api/v1/samples/{id}/approve", post(samples::approve))
        .route("/api/v1/samples/{id}/submit", post(samples::submit))
        .route("/api/v1/samples/{id}/corrections", post(samples::propose))
        .route("/api/v1/corrections/{id}/issue", post(samples::issue))
        .route("/api/v1/corrections/{id}/drop", post(samples::drop_it))
        .route("/api/v1/samples/{id}/custody", get(sampling::custody).post(sampling::hand_over))
        .route("/api/v1/samples/{id}/check-in", post(sampling::check_in))
        .route("/api/v1/sampling/plans", get(sampling::plans).post(sampling::draft))
        .route("/api/v1/sampling/plans/{id}", get(sampling::plan))
        .route("/api/v1/sampling/plans/{id}/tasks", post(sampling::set_tasks))
        .route("/api/v1/sampling/plans/{id}/propose", post(sampling::propose))
        .route("/api/v1/sampling/plans/{id}/move", post(sampling::move_plan))
        .route("/api/v1/sampling/tasks", get(sampling::tasks))
        .route("/api/v1/sampling/progress", get(sampling::progress))
        .route("/api/v1/sampling/draws", get(sampling::draws).post(sampling::freeze))
        .route("/api/v1/sampling/draws/{id}", get(sampling::draw))
        .route("/api/v1/sampling/draws/{id}/perform", post(sampling::perform))
        .route("/api/v1/sampling/draws/{id}/cancel", post(sampling::cancel))
        .route("/api/v1/sampling/statistics", get(sampling::statistics))
        .route("/api/v1/sampling/per-thousand", get(sampling::per_thousand))
        .route("/api/v1/sampling/bulletins", get(sampling::bulletins))
        .route("/api/v1/sampling/results", get(sampling::results))
        .route("/api/v1/results", post(samples::send))
        .route("/api/v1/declared", get(rules::declared))
        .route("/api/v1/limits", get(rules::side_by_side))
        .route("/api/v1/limits/judge", get(rules::judge).post(rules::judge_all))
        .route("/api/v1/tasks", get(work::tasks))
        .route("/api/v1/tasks/{id}", get(work::task))
        .route("/api/v1/task-items/{id}/report", post(work::report))
        .route("/api/v1/procedures", get(procedures::list))
        .route("/api/v1/procedures/{id}", get(procedures::show))
        .route("/api/v1/procedures/{id}/matters", post(procedures::open))
        .route("/api/v1/matters/{id}", get(work::matter))
        .route("/api/v1/matters/{id}/{step}", post(work::step))
        .route("/api/v1/documents/{id}/publish", post(work::publish))
        .route("/api/v1/notices", get(work::notices))
        .route("/api/v1/situation", get(work::situation))
        .route("/api/v1/signals", get(signals::list))
        .route("/api/v1/signals/methods", get(signals::methods))
        .route("/api/v1/signals/{id}", get(signals::show))
        .route("/api/v1/signals/{id}/series", get(signals::series))
        .route("/api/v1/signals/{id}/follow-up", post(signals::follow))
        .route("/api/v1/watch/counts", post(signals::counts))
        .route("/api/v1/targeting/scores", get(targeting::scores))
        .route("/api/v1/targeting/models", get(targeting::models))
        .route("/api/v1/targeting/models/{id}", get(targeting::model))
        .route("/api/v1/targeting/proposals", get(targeting::proposals).post(targeting::propose))
        .route("/api/v1/targeting/proposals/{id}", get(targeting::proposal))
        .route("/api/v1/targeting/proposals/{id}/draw", post(targeting::draw))
        .route("/api/v1/targeting/proposals/{id}/decision", post(targeting::decide))
        .route("/api/v1/licences/verify", get(licences::verify))
        .route("/api/v1/links", get(links::list).post(links::create))
        .route("/api/v1/links/{id}", delete(links::remove))
        .route("/api/v1/cases", get(cases::list).post(cases::keep))
        .route("/api/v1/connectors", get(connectors::list).post(connectors::create))
        .route(
            "/api/v1/connectors/{id}",
            get(connectors::show).post(connectors::change).delete(connectors::remove),
        )
        .route("/api/v1/connectors/{id}/pause", post(connectors::pause))
        .route("/api/v1/connectors/{id}/resume", post(connectors::resume))
        .route("/api/v1/exposure", get(assess::exposure))
        .route("/api/v1/exposure/acute", get(assess::acute))
        .route("/api/v1/design", get(assess::design))
        .route("/api/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/tokens/{id}", delete(tokens::revoke))
}
