//! What the operators of the system look at: health, metrics, one structured log line a request without personal data.

use crate::fault::Answer;
use crate::state::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::{Arc, LazyLock};
use std::time::Instant as Moment;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    /// The pattern, never the path: a path may hold a lot or a firm.
    route: String,
    status: u16,
}

static REQUESTS: LazyLock<Family<Route, Counter>> = LazyLock::new(Family::default);
static SECONDS: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(exponential_buckets(0.001, 2.0, 14)));

/// Counts and times every request and writes its log line: method, route pattern, status, milliseconds.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let started = Moment::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let (took, status) = (started.elapsed(), response.status().as_u16());
    SECONDS.observe(took.as_secs_f64());
    tracing::info!(%method, route, status, ms = took.as_secs_f64() * 1000.0, "request");
    REQUESTS.get_or_create(&Route { route, status }).inc();
    response
}

/// Headers every response carries.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; style-src-attr 'unsafe-inline'; \
         script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ));
    // pages hold what one account may see
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

/// `GET /healthz`: 200 when the database answers and keeps what is written, 503 otherwise.
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Response {
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n").into_response(),
        Err(e) => {
            tracing::error!(error = %e, "health check failed");
            (StatusCode::SERVICE_UNAVAILABLE, "database does not answer\n").into_response()
        }
    }
}

/// `GET /metrics`: OpenMetrics text.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Answer {
    let mut registry = Registry::with_prefix("shian");
    registry.register("requests", "Requests by route pattern and status", REQUESTS.clone());
    registry.register("request_seconds", "Time to answer a request", SECONDS.clone());
    let gauge = |registry: &mut Registry, name: &str, help: &str, value: i64| {
        let g: Gauge = Gauge::default();
        g.set(value);
        registry.register(name, help, g);
    };
    let journal = ledger::standing(&app.store).await?;
    gauge(&mut registry, "journal_entries", "Entries in the journal", journal.entries);
    gauge(&mut registry, "journal_waiting", "Entries the sequencer has not reached", journal.waiting);
    let faults = flow::sweep_faults_counted(&app.store).await?;
    gauge(&mut registry, "sweep_faults", "Clocks and publications the sweep cannot bring forward", faults);
    let stats = app.supply.index.read(chain::Index::stats);
    gauge(
        &mut registry,
        "trace_links",
        "Links in the trace index",
        i64::try_from(stats.links).unwrap_or(i64::MAX),
    );
    for (kind, state, count) in store::jobs::counts(&app.store).await? {
        gauge(
            &mut registry,
            &format!("jobs_{}_{state:?}", kind.replace(['.', '-'], "_")).to_lowercase(),
            "Jobs",
            count,
        );
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(crate::fault::Fault::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
        .into_response())
}
