//! Pages, REST and OpenAPI, the public site, EPCIS bindings: the only crate that knows HTTP and HTML.
//!
//! Main types: [`App`] (what every handler shares), [`router`]. Invariants: every page works without script; a
//! handler never writes by itself but calls one function of an office crate inside one transaction; every list is cut
//! by the viewer's scope; what a visitor sees in an error names the field and the remedy in their language.

mod api;
mod aside;
mod assets;
mod chart;
pub mod conformance;
mod connectors;
mod entered;
mod epcis;
mod errors;
mod export;
mod fault;
mod forms;
mod graph;
mod lang;
mod layout;
pub mod listen;
mod map;
mod menu;
mod ops;
pub mod outbound;
mod pages;
mod plot;
mod resolver;
mod session;
mod sheets;
mod state;
mod ui;
mod uploads;
mod words;

pub use api::openapi;
pub use connectors::{connect, connect_due};
pub use epcis::{Sockets, background, deliver};
pub use pages::papers::Faces;
pub use pages::reminders::climb;
pub use state::{App, Prefixes};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(api::routes())
        .merge(epcis::routes())
        .merge(resolver::routes())
        .route("/login", get(pages::account::show_login).post(pages::account::login))
        .route("/logout", post(pages::account::logout))
        .route("/account", get(pages::account::show))
        .route("/account/sessions/end", post(pages::account::end_sessions))
        .route("/password", get(pages::account::show_password).post(pages::account::change_password))
        .route("/preferences", post(pages::account::preferences))
        .route("/assets/{name}", get(assets::serve))
        .route("/favicon.ico", get(assets::favicon))
        .route("/healthz", get(ops::healthz))
        .route("/metrics", get(ops::metrics))
        .fallback(pages::missing)
        .method_not_allowed_fallback(pages::not_so)
        .layer(DefaultBodyLimit::max(session::FORM_BYTES))
        .layer(CatchPanicLayer::custom(fault::panicked))
        .layer(axum::middleware::from_fn_with_state(app.clone(), fault::render))
        .layer(axum::middleware::from_fn(ops::guard))
        .layer(axum::middleware::from_fn(ops::observe))
        .layer(CompressionLayer::new())
        .with_state(app)
}
