//! The EPCIS 2.0 REST bindings, all of them: capture, query, named queries and subscriptions over HTTP and WebSocket,
//! with the standard's headers and problem types.

mod capture;
mod delivery;
mod events;
mod masterdata;
mod message;
mod queries;
mod query;
mod refusal;
mod resources;
mod socket;
mod subscriptions;
mod xml;

pub use delivery::deliver;
pub(crate) use queries::compiled;
pub use socket::Sockets;

use crate::lang::Prefs;
use crate::state::App;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use message::Wanted;
use std::sync::Arc;
use store::jobs::Runner;

/// Bytes of an address at most; a longer query is better kept under a name.
const ADDRESS: usize = 16 << 10;

/// Routes below `/epcis`.
pub(crate) fn routes() -> Router<Arc<App>> {
    let mut routes = Router::new()
        .route("/epcis", get(resources::top).options(discover))
        .route("/epcis/", get(resources::top).options(discover))
        .route("/epcis/capture", get(capture::list).post(capture::capture).options(discover_capture))
        .route("/epcis/capture/{id}", get(capture::show).options(discover))
        .route("/epcis/events", get(events::list).post(events::create).options(discover_writable))
        .route("/epcis/events/{*id}", get(events::show).options(discover))
        .route("/epcis/queries", get(queries::list).post(queries::create).options(discover_writable))
        .route("/epcis/queries/{name}", get(queries::show).delete(queries::end).options(discover_removable))
        .route("/epcis/queries/{name}/events", get(queries::events).options(discover))
        .route(
            "/epcis/queries/{name}/subscriptions",
            get(subscriptions::list).post(subscriptions::create).options(discover_writable),
        )
        .route(
            "/epcis/queries/{name}/subscriptions/{id}",
            get(subscriptions::show).delete(subscriptions::end).options(subscriptions::discover),
        )
        .route("/epcis/nextPageToken/{token}", delete(events::release_token))
        .route("/epcis/masterdata", get(masterdata::list).options(discover));
    for of @ (name, _) in resources::COLLECTIONS {
        routes = routes
            .route(
                &format!("/epcis/{name}"),
                get(move |state, caller, headers, raw| resources::list(state, caller, headers, of, raw))
                    .options(discover),
            )
            .route(
                &format!("/epcis/{name}/{{*rest}}"),
                get(move |state, caller, headers, path, raw| {
                    resources::below(state, caller, headers, of, path, raw)
                })
                .options(discover),
            );
    }
    routes.layer(axum::middleware::from_fn(speak))
}

/// Gives a runner the work that capture, files of results and runs of exposure leave for after the answer.
#[must_use]
pub fn background(app: &Arc<App>, runner: Runner) -> Runner {
    let app = app.clone();
    let (other, results, runs) = (app.clone(), app.clone(), app.clone());
    runner
        .on(assess::runs::RUN_JOB, move |job| {
            let app = runs.clone();
            async move { crate::pages::science::runs::work(&app, &job).await }
        })
        .on(lab::RESULT_FILE_JOB, move |job| {
            let app = results.clone();
            async move {
                app.lab.work_off_results(&app.store, &app.attachments, &app.ids, app.clock, &job).await
            }
        })
        .on(supply::CAPTURE_JOB, move |job| {
            let app = app.clone();
            async move { app.supply.work_off(&app.attachments, &app.ids, app.clock, &job).await }
        })
        .on(supply::BACKFILL_JOB, move |job| {
            let app = other.clone();
            async move { app.supply.backfill(&job).await }
        })
}

/// Refuses versions nobody speaks, turns what was refused into a problem document of the standard, and adds the headers
/// every answer carries.
async fn speak(prefs: Prefs, request: Request, next: Next) -> Response {
    let wanted = message::preferred(request.headers()).unwrap_or(Wanted::Json);
    let linked = message::names_linked_data(request.headers());
    let reads = request.method() == Method::POST;
    let long = request.uri().path_and_query().is_some_and(|p| p.as_str().len() > ADDRESS);
    let response = if long {
        refusal::address_too_long().into_response()
    } else if let Err(refused) = message::speaks(request.headers(), reads) {
        refused.into_response()
    } else {
        next.run(request).await
    };
    let mut response = refusal::render(response, prefs.lang, wanted);
    let headers = response.headers_mut();
    if linked && headers.get(header::CONTENT_TYPE).is_some_and(|media| media == "application/json") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/ld+json"));
    }
    put(headers, "gs1-epcis-version", "2.0.0");
    put(headers, "gs1-cbv-version", "2.0.0");
    put(headers, "gs1-extensions", &format!("shian={}", supply::LEDGER_NAMESPACE));
    headers.append(header::VARY, HeaderValue::from_static("Accept, Accept-Language, GS1-EPC-Format"));
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// What `OPTIONS` tells everybody: methods, versions and formats.
fn announce(allow: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    for (name, value) in [
        ("gs1-epcis-min", "2.0.0"),
        ("gs1-epcis-max", "2.0.0"),
        ("gs1-cbv-min", "2.0.0"),
        ("gs1-cbv-max", "2.0.0"),
        ("gs1-epc-format", "No_Preference"),
        ("gs1-cbv-xml-format", "No_Preference"),
        ("gs1-vendor-version", concat!("shian-", env!("CARGO_PKG_VERSION"))),
    ] {
        put(headers, name, value);
    }
    response
}

/// `OPTIONS` of what is only read.
async fn discover() -> Response {
    announce("OPTIONS, GET")
}

/// `OPTIONS` of what is added to.
async fn discover_writable() -> Response {
    announce("OPTIONS, GET, POST")
}

/// `OPTIONS` of what can be deleted.
async fn discover_removable() -> Response {
    announce("OPTIONS, GET, DELETE")
}

/// `OPTIONS /epcis/capture`: also what one capture may carry.
async fn discover_capture(State(app): State<Arc<App>>) -> Response {
    let mut response = announce("OPTIONS, POST, GET");
    limits(response.headers_mut(), &app);
    put(response.headers_mut(), "gs1-capture-error-behaviour", "all");
    response
}

/// The bounds of one capture.
fn limits(headers: &mut HeaderMap, app: &App) {
    put(headers, "gs1-epcis-capture-limit", &app.supply.limits.events.to_string());
    put(headers, "gs1-epcis-capture-file-size-limit", &app.supply.upload.to_string());
}
