//! The EPCIS 2.0 REST bindings: capture and query of events over HTTP, with the standard's headers and problem types.

mod capture;
mod events;
mod message;
mod query;
mod refusal;

use crate::lang::Prefs;
use crate::state::App;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// Routes below `/epcis`.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/epcis", get(top).options(discover))
        .route("/epcis/capture", get(capture::list).post(capture::capture).options(discover_capture))
        .route("/epcis/capture/{id}", get(capture::show).options(discover))
        .route("/epcis/events", get(events::list).post(events::create).options(discover))
        .route("/epcis/events/{*id}", get(events::show).options(discover))
        .layer(axum::middleware::from_fn(speak))
}

/// Turns what was refused into a problem document of the standard, and adds the headers every answer carries.
async fn speak(prefs: Prefs, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let mut response = refusal::render(response, prefs.lang);
    let headers = response.headers_mut();
    put(headers, "gs1-epcis-version", "2.0.0");
    put(headers, "gs1-cbv-version", "2.0.0");
    put(headers, "gs1-extensions", "");
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// `GET /epcis`: the resources there are.
async fn top() -> Response {
    axum::Json(serde_json::json!(["capture", "events"])).into_response()
}

/// `OPTIONS`: versions and formats, for everybody.
async fn discover() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
    put(headers, "gs1-epcis-min", "2.0.0");
    put(headers, "gs1-epcis-max", "2.0.0");
    put(headers, "gs1-cbv-min", "2.0.0");
    put(headers, "gs1-cbv-max", "2.0.0");
    put(headers, "gs1-epc-format", "No_Preference");
    put(headers, "gs1-cbv-xml-format", "No_Preference");
    response
}

/// `OPTIONS /epcis/capture`: also what one capture may carry.
async fn discover_capture(State(app): State<Arc<App>>) -> Response {
    let mut response = discover().await;
    limits(response.headers_mut(), &app);
    put(response.headers_mut(), "gs1-capture-error-behaviour", supply::ErrorBehaviour::default().word());
    response
}

/// The bounds of one capture.
fn limits(headers: &mut HeaderMap, app: &App) {
    put(headers, "gs1-epcis-capture-limit", &app.supply.limits.events.to_string());
    put(headers, "gs1-epcis-capture-file-size-limit", &app.supply.limits.bytes.to_string());
}
