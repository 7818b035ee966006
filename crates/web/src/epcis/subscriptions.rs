//! `/epcis/queries/{name}/subscriptions`: receivers who are told of new events.

use super::capture::{PAGE, page_after};
use super::query::per_page;
use super::refusal::{Refused, Reply};
use super::{events, message, queries, query};
use crate::api::Caller;
use crate::fault::Fault;
use crate::outbound::OutboundError;
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Id, Instant, Text};
use epcis::query::Schedule;
use epcis::{Node, Problem, ProblemType};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::{NewSubscription, Subscription};

const SUBSCRIPTION: Text = Text::of("订阅", "subscription");
/// Schedules are read on China's clock, in minutes east of UTC.
pub(super) const ZONE: i16 = 480;

/// 400: neither stream nor schedule, or both.
pub(super) fn wrong_controls(pointer: &str) -> Refused {
    Problem::new(
        ProblemType::SubscriptionControls,
        pointer,
        Text::of(
            "订阅须给出 stream: true 或 schedule，二者只能择一。",
            "A subscription needs stream: true or a schedule, and not both.",
        ),
        Text::of(
            "请给出 \"stream\": true，或 \"schedule\": {\"hour\": \"1\", \"minute\": \"5\"}。",
            "Give \"stream\": true, or \"schedule\": {\"hour\": \"1\", \"minute\": \"5\"}.",
        ),
    )
    .into()
}

fn invalid(pointer: &str, detail: Text, remedy: Text) -> Refused {
    Problem::new(ProblemType::Validation, pointer, detail, remedy).into()
}

/// A record time as a parameter or member gives it.
pub(super) fn record_time(pointer: &str, value: &str) -> Result<Instant, Refused> {
    Instant::parse(&value.replace(' ', "+")).map_err(|_| {
        invalid(
            pointer,
            Text::new(format!("“{value}”不是时间。"), format!("'{value}' is no time.")),
            Text::of("请写成 2026-11-21T08:00:00+08:00。", "Write it like 2026-11-21T08:00:00+08:00."),
        )
    })
}

fn flag(body: &Node, name: &str) -> Result<Option<bool>, Refused> {
    match body.get(name) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(invalid(
            &format!("/{name}"),
            Text::new(format!("{name} 不是布尔值。"), format!("{name} is neither true nor false.")),
            Text::of("请写成 true 或 false。", "Write true or false."),
        )),
    }
}

/// What a body asks for.
fn asked(app: &App, headers: &HeaderMap, body: &Node) -> Result<NewSubscription, Refused> {
    let dest = body.str("dest").unwrap_or_default();
    match app.outbound.check(dest) {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) => {}
        Err(OutboundError::Refused(text)) => {
            return Err(invalid(
                "/dest",
                text,
                Text::of(
                    "请更正 dest，或请管理员放行该主机。",
                    "Correct dest, or ask the administrator to allow the host.",
                ),
            ));
        }
        _ => {
            return Err(invalid(
                "/dest",
                Text::of("dest 不是 http(s) 地址。", "dest is no http(s) address."),
                Text::of("请填写接收方的 https 地址。", "Give the https address of the receiver."),
            ));
        }
    }
    let stream = flag(body, "stream")?.unwrap_or(false);
    let (schedule, first) = match body.get("schedule").filter(|s| **s != Node::Null) {
        Some(_) if stream => return Err(wrong_controls("/schedule")),
        Some(node) => {
            let schedule = Schedule::from_json(node).map_err(query::refused)?;
            (Some(Value::from(node)), schedule.next_after(app.now(), ZONE))
        }
        None if stream => (None, None),
        None => return Err(wrong_controls("/stream")),
    };
    let secret = match body.get("signatureToken") {
        None | Some(Node::Null) => None,
        Some(node) => Some(node.as_str().filter(|s| !s.is_empty()).map(str::to_owned).ok_or_else(|| {
            invalid(
                "/signatureToken",
                Text::of("signatureToken 不是文字。", "signatureToken is no text."),
                Text::of(
                    "请给出双方共知的密钥文字，或省略。",
                    "Give the shared secret as text, or leave it out.",
                ),
            )
        })?),
    };
    let initial = match body.str("initialRecordTime") {
        None => None,
        Some(text) => Some(record_time("/initialRecordTime", text)?),
    };
    let writing = events::writing(headers)?;
    Ok(NewSubscription {
        dest: dest.to_owned(),
        secret,
        schedule,
        first,
        report_if_empty: flag(body, "reportIfEmpty")?.unwrap_or(false),
        initial,
        epc_format: writing.epc.name().to_owned(),
        xml: message::wanted(headers)? == message::Wanted::Xml,
    })
}

fn shown(name: &str, s: &Subscription) -> Value {
    let mut out = json!({
        "subscriptionID": s.id,
        "queryName": name,
        "dest": s.dest,
        "createdAt": s.created.rfc3339(),
        "initialRecordTime": s.initial.rfc3339(),
        "minRecordTime": s.floor.max(s.initial).rfc3339(),
        "reportIfEmpty": s.report_if_empty,
        "epcFormat": s.epc_format,
    });
    match &s.schedule {
        Some(schedule) => out["schedule"] = schedule.clone(),
        None => out["stream"] = true.into(),
    }
    if let Some(at) = s.last_notified {
        out["lastNotifiedAt"] = at.rfc3339().into();
    }
    if let Some(problem) = &s.problem {
        out["failures"] = s.failures.into();
        out["lastProblem"] = problem.as_str().into();
    }
    out
}

/// `POST …/subscriptions`: 201 with the subscription. Events are delivered with the caller's rights. Right: view event.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
    body: Body,
) -> Reply {
    message::format(&headers, false)?;
    message::wanted(&headers)?;
    app.supply.query(&caller.who, app.now(), &name).await?;
    let body = queries::body_of(&message::read(&app, body).await?)?;
    let new = asked(&app, &headers, &body)?;
    let cx = caller.context(&app);
    let made = app.supply.subscribe(&cx, &caller.who, &name, &new).await?;
    let location = format!("/epcis/queries/{}/subscriptions/{}", crate::ui::encode(&name), made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown(&name, &made))).into_response())
}

/// `GET …/subscriptions`. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
) -> Reply {
    message::takes_json(&headers)?;
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let get = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let limit = get("perPage").map_or(Ok(PAGE), per_page)?;
    let after = page_after(get("nextPageToken"))?;
    let now = app.now();
    let mut found = app.supply.subscriptions(&caller.who, now, &name, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let list: Vec<Value> = found.iter().map(|s| shown(&name, s)).collect();
    let mut response = Json(list).into_response();
    if let Some(last) = found.last().filter(|_| more) {
        let path = format!("/epcis/queries/{}/subscriptions", crate::ui::encode(&name));
        message::next_page(response.headers_mut(), &path, &pairs, &last.id.to_string(), now);
    }
    Ok(response)
}

fn id_of(text: &str) -> Result<Id, Refused> {
    text.parse().map_err(|_| Refused::from(Fault::not_found(&SUBSCRIPTION)))
}

/// `GET …/subscriptions/{id}`. Right: view event.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path((name, id)): Path<(String, String)>,
) -> Reply {
    message::takes_json(&headers)?;
    let found = app.supply.subscription(&caller.who, app.now(), &name, id_of(&id)?).await?;
    Ok(Json(shown(&name, &found)).into_response())
}

/// `DELETE …/subscriptions/{id}`. Right: one's own.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Reply {
    app.supply.unsubscribe(&caller.context(&app), &caller.who, &name, id_of(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `OPTIONS …/subscriptions/{id}`: for whoever may see it also `GS1-Query-Min-Record-Time`.
pub(super) async fn discover(
    State(app): State<Arc<App>>,
    caller: Result<Caller, Fault>,
    Path((name, id)): Path<(String, String)>,
) -> Response {
    let mut response = super::announce("OPTIONS, DELETE, GET");
    if let (Ok(caller), Ok(id)) = (caller, id.parse::<Id>())
        && let Ok(found) = app.supply.subscription(&caller.who, app.now(), &name, id).await
    {
        let time = found.floor.max(found.initial).rfc3339();
        super::put(response.headers_mut(), "gs1-query-min-record-time", &time);
    }
    response
}
