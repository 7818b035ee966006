//! The conformance program: walks every operation of the EPCIS 2.0 REST binding, and the rules that go with them,
//! against a running server over HTTP, and writes down what was asked, what was expected and what came back.
//!
//! The events it captures carry GS1's example company prefix 952 and the name of the run; it deletes the queries it
//! made. It needs a token that may capture and view events.

mod capture;
mod query;
mod report;
mod standing;
mod surface;

pub use report::{Line, Report};

use crate::outbound::{Outbound, OutboundError, Reply};
use axum::http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
const PLACE: &str = "https://id.gs1.org/414/9521321000010";

/// Every operation of the binding (OpenAPI 2.0.0): 29 paths, 63 operations.
pub const OPERATIONS: [&str; 63] = [
    "OPTIONS /",
    "GET /",
    "OPTIONS /capture",
    "POST /capture",
    "GET /capture",
    "OPTIONS /capture/{captureID}",
    "GET /capture/{captureID}",
    "OPTIONS /events",
    "GET /events",
    "POST /events",
    "OPTIONS /events/{eventID}",
    "GET /events/{eventID}",
    "OPTIONS /eventTypes",
    "GET /eventTypes",
    "OPTIONS /eventTypes/{eventType}",
    "GET /eventTypes/{eventType}",
    "OPTIONS /eventTypes/{eventType}/events",
    "GET /eventTypes/{eventType}/events",
    "OPTIONS /epcs",
    "GET /epcs",
    "OPTIONS /epcs/{epc}",
    "GET /epcs/{epc}",
    "OPTIONS /epcs/{epc}/events",
    "GET /epcs/{epc}/events",
    "OPTIONS /bizSteps",
    "GET /bizSteps",
    "OPTIONS /bizSteps/{bizStep}",
    "GET /bizSteps/{bizStep}",
    "OPTIONS /bizSteps/{bizStep}/events",
    "GET /bizSteps/{bizStep}/events",
    "OPTIONS /bizLocations",
    "GET /bizLocations",
    "OPTIONS /bizLocations/{bizLocation}",
    "GET /bizLocations/{bizLocation}",
    "OPTIONS /bizLocations/{bizLocation}/events",
    "GET /bizLocations/{bizLocation}/events",
    "OPTIONS /readPoints",
    "GET /readPoints",
    "OPTIONS /readPoints/{readPoint}",
    "GET /readPoints/{readPoint}",
    "OPTIONS /readPoints/{readPoint}/events",
    "GET /readPoints/{readPoint}/events",
    "OPTIONS /dispositions",
    "GET /dispositions",
    "OPTIONS /dispositions/{disposition}",
    "GET /dispositions/{disposition}",
    "OPTIONS /dispositions/{disposition}/events",
    "GET /dispositions/{disposition}/events",
    "OPTIONS /queries",
    "GET /queries",
    "POST /queries",
    "OPTIONS /queries/{queryName}",
    "GET /queries/{queryName}",
    "DELETE /queries/{queryName}",
    "OPTIONS /queries/{queryName}/subscriptions",
    "GET /queries/{queryName}/subscriptions",
    "POST /queries/{queryName}/subscriptions",
    "OPTIONS /queries/{queryName}/subscriptions/{subscriptionID}",
    "GET /queries/{queryName}/subscriptions/{subscriptionID}",
    "DELETE /queries/{queryName}/subscriptions/{subscriptionID}",
    "OPTIONS /queries/{queryName}/events",
    "GET /queries/{queryName}/events",
    "DELETE /nextPageToken/{token}",
];

/// Requirements that this server is known not to meet, each with the reason.
pub const KNOWN: &[(&str, &str)] = &[];

/// One request of the walk.
#[derive(Debug, Clone, Default)]
struct Ask {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    nobody: bool,
}

impl Ask {
    fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn json(self, body: &Value) -> Self {
        Self { body: body.to_string(), ..self.with("content-type", "application/json") }
    }

    fn by_nobody(mut self) -> Self {
        self.nobody = true;
        self
    }
}

/// What is expected of an answer: in words, and as a test that says what it found instead.
type Test<'a> = (&'a str, &'a (dyn Fn(&Reply) -> Result<(), String> + Sync));

/// The walk so far.
struct Walk<'a> {
    client: &'a Outbound,
    base: String,
    bearer: String,
    /// Names what this run makes.
    run: String,
    report: Report,
}

/// Walks the binding at `base` (the address under which `/capture` and the others lie).
///
/// # Errors
/// When the server cannot be reached at all; an answer that is not as it should be is a line of the report.
pub async fn walk(client: &Outbound, base: &str, token: &str, run: &str) -> Result<Report, OutboundError> {
    let mut walk = Walk {
        client,
        base: base.trim_end_matches('/').to_owned(),
        bearer: format!("Bearer {token}"),
        run: run.to_owned(),
        report: Report::new(),
    };
    walk.reachable().await?;
    walk.capture().await;
    walk.surface().await;
    walk.query().await;
    walk.standing().await;
    walk.report.cover();
    Ok(walk.report)
}

impl Walk<'_> {
    async fn reachable(&self) -> Result<(), OutboundError> {
        self.client.send(Method::OPTIONS, &self.base, &[], Vec::new(), WAIT).await.map(|_| ())
    }

    async fn send(&self, method: &str, ask: &Ask) -> Result<Reply, OutboundError> {
        let mut headers: Vec<(&str, &str)> = ask.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        if !ask.nobody {
            headers.push(("authorization", &self.bearer));
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        let url = format!("{}{}", self.base, ask.path);
        self.client.send(method, &url, &headers, ask.body.clone().into_bytes(), WAIT).await
    }

    /// One line: asks, compares status and test, writes it down. `operation` is one of [`OPERATIONS`].
    async fn line(
        &mut self,
        requirement: &str,
        operation: &'static str,
        ask: Ask,
        status: u16,
        test: Option<Test<'_>>,
    ) -> Option<Reply> {
        let method = operation.split(' ').next().unwrap_or("GET");
        let mut request = format!("{method} {}", ask.path.chars().take(120).collect::<String>());
        for (name, value) in &ask.headers {
            request.push_str(&format!(", {name}: {}", value.chars().take(60).collect::<String>()));
        }
        let expected = match test {
            Some((words, _)) => format!("{status}; {words}"),
            None => status.to_string(),
        };
        let reply = self.send(method, &ask).await;
        let (got, pass) = match &reply {
            Err(error) => (error.to_string(), false),
            Ok(reply) if reply.status.as_u16() != status => {
                let body: String = String::from_utf8_lossy(&reply.body).chars().take(160).collect();
                (format!("{} {body}", reply.status.as_u16()), false)
            }
            Ok(reply) => match test.map(|(_, test)| test(reply)) {
                None => (status.to_string(), true),
                Some(Ok(())) => (format!("{status}; as expected"), true),
                Some(Err(found)) => (format!("{status}; {found}"), false),
            },
        };
        self.note(requirement, operation, request, expected, got, pass);
        reply.ok()
    }

    fn note(
        &mut self,
        requirement: &str,
        operation: &'static str,
        request: String,
        expected: String,
        got: String,
        pass: bool,
    ) {
        let line = Line { requirement: requirement.to_owned(), operation, request, expected, got, pass };
        self.report.lines.push(line);
    }

    /// A lot of this run.
    fn lot(&self, name: &str) -> String {
        format!("https://id.gs1.org/01/09521321000013/10/{}{name}", self.run)
    }

    /// An event of this run about a lot.
    fn event(&self, name: &str) -> Value {
        json!({
            "type": "ObjectEvent",
            "eventID": format!("urn:uuid:{}", self.uuid(name)),
            "eventTime": "2026-01-02T03:04:05.000+08:00",
            "eventTimeZoneOffset": "+08:00",
            "action": "OBSERVE",
            "bizStep": "storing",
            "disposition": "in_progress",
            "readPoint": { "id": PLACE },
            "bizLocation": { "id": PLACE },
            "quantityList": [{ "epcClass": self.lot(name), "quantity": 10, "uom": "KGM" }],
        })
    }

    /// A uuid made of the run and a name.
    fn uuid(&self, name: &str) -> String {
        use sha2::{Digest, Sha256};
        let hex = hex::encode(Sha256::digest(format!("{}{name}", self.run)));
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
    }

    /// A capture document.
    fn document(&self, events: &[Value]) -> Value {
        json!({
            "@context": [CONTEXT, { "ex": "https://example.org/" }],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-01-02T03:04:05.000Z",
            "epcisBody": { "eventList": events },
        })
    }
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or(Value::Null)
}

/// The events of a query document.
fn events(reply: &Reply) -> Vec<Value> {
    let body = body(reply);
    body["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().cloned().unwrap_or_default()
}

/// A problem document of a type.
fn problem(kind: &'static str) -> impl Fn(&Reply) -> Result<(), String> + Sync {
    move |reply| {
        let media = reply.header("content-type");
        let found = body(reply);
        let is = found["type"].as_str().unwrap_or_default();
        if !media.starts_with("application/problem+json") {
            return Err(format!("content type {media}"));
        }
        if is == format!("epcisException:{kind}") && found["status"] == reply.status.as_u16() {
            return Ok(());
        }
        Err(format!("{found}").chars().take(160).collect())
    }
}

/// How many events came.
fn count(wanted: usize) -> impl Fn(&Reply) -> Result<(), String> + Sync {
    move |reply| match events(reply).len() {
        n if n == wanted => Ok(()),
        n => Err(format!("{n} events")),
    }
}

fn encoded(text: &str) -> String {
    crate::ui::encode(text)
}
