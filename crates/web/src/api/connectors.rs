//! Connectors to other EPCIS repositories: made, changed, paused and removed by programs, and what their turns did.

use super::caller::Caller;
use super::catalogue::{Endpoint, Right};
use super::endpoints::{JSON, get, post, q};
use super::sent::{Params, Sent, id};
use crate::connectors::allowed;
use crate::fault::{Answer, Fault};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use base::{Id, Instant, Text};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use supply::{Connector, ConnectorChange, Direction, NewConnector};

const CONNECTOR: Text = Text::of("连接", "connector");
const TAG: &str = "connectors";
/// Turns in an answer, unless said, and at most.
const TURNS: i64 = 20;
const MOST_TURNS: i64 = 100;

const ONE: &str = r#"{"id":"01J8ZK3M0P5Q7R","version":1,"name":"邻省追溯库","direction":"pull","url":"https://epcis.example.org/epcis","query":"","account":"01J8ZK3M0P5Q7R","operator":null,"region":"620102","active":true,"has_secret":true,"every":300,"since":"2026-11-20T16:00:00.000Z","reach":{"position":0,"leaf":0},"batch":500,"failures":0,"problem":null,"run_at":"2026-11-21T00:00:00.000Z","last_ok":null}"#;
const SHOWN: &str = r#"{"connector":{"id":"01J8ZK3M0P5Q7R","version":1,"name":"邻省追溯库","direction":"pull","active":true,"failures":0},"turns":[{"started":"2026-11-21T00:00:00.000Z","finished":"2026-11-21T00:00:02.000Z","tally":{"events":120,"stored":118,"duplicates":2,"refused":0,"problem":null}}]}"#;
const NEW: &str = r#"{"name":"邻省追溯库","direction":"pull","url":"https://epcis.example.org/epcis","query":"","secret":"…","every":300,"since":"2026-11-21T00:00:00+08:00"}"#;

const fn step(path: &'static str, text: (&'static str, &'static str)) -> Endpoint {
    let body = (JSON, r#"{"version":1}"#);
    Endpoint { keyed: false, ..post(path, TAG, Right::Account, text, body, (200, ONE)) }
}

/// Endpoints of connectors. The right is of what the connector does: capture event to pull, export event to push; those of
/// others need administer job.
pub(super) const CONNECTORS: &[Endpoint] = &[
    get(
        "/api/v1/connectors",
        TAG,
        Right::Account,
        (
            "与其他 EPCIS 库的连接及运行状况：自己的；有权管理作业的看本地区全部",
            "Connectors to other EPCIS repositories and how they run: the own ones; all of the region for who administers jobs",
        ),
        &[q("direction", "pull 或 push", "pull or push")],
        r#"{"rows":[]}"#,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/connectors",
            TAG,
            Right::Account,
            (
                "建立连接；取入（pull）须有采集事件的权限，送出（push）须有导出事件的权限，此后以建立者的权限运行",
                "Makes a connector; pull needs the right to capture events, push to export them, and it runs with the rights of its maker",
            ),
            (JSON, NEW),
            (201, ONE),
        )
    },
    get(
        "/api/v1/connectors/{id}",
        TAG,
        Right::Account,
        ("一个连接及最近的运行", "One connector with its last turns"),
        &[q("turns", "运行次数，默认 20", "turns, 20 unless said")],
        SHOWN,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/connectors/{id}",
            TAG,
            Right::Account,
            (
                "更改连接：未给出的不变；secret 为空字符串表示不再用令牌，更改网址时须重新给出",
                "Changes a connector: what is not given stays; an empty `secret` takes the token away, and with another address it must be given again",
            ),
            (JSON, r#"{"version":1,"name":"邻省追溯库","every":600}"#),
            (200, ONE),
        )
    },
    step("/api/v1/connectors/{id}/pause", ("暂停连接", "Pauses a connector")),
    step(
        "/api/v1/connectors/{id}/resume",
        ("恢复连接并立即运行，连续失败清零", "Resumes a connector at once; failures are forgotten"),
    ),
    Endpoint {
        method: "DELETE",
        answer: (204, ""),
        ..get(
            "/api/v1/connectors/{id}",
            TAG,
            Right::Account,
            ("删除连接；已交换的事件不受影响", "Removes a connector; events exchanged stay"),
            &[q("version", "读到的版本，默认 1", "the version that was read, 1 unless said")],
            "",
        )
    },
];

/// `GET /api/v1/connectors`. Right: an account; its own connectors, all of the region for administrators of jobs.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["direction"])?;
    let direction: Option<Direction> = p.read("direction", "pull")?;
    let mut rows = app.supply.connectors(&caller.who, app.now()).await?;
    rows.retain(|c| direction.is_none_or(|d| c.direction == d));
    Ok(Json(json!({ "rows": rows })).into_response())
}

/// A connector to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    name: String,
    direction: String,
    url: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default = "five_minutes")]
    every: i64,
    #[serde(default)]
    since: Option<String>,
}

const fn five_minutes() -> i64 {
    300
}

/// `POST /api/v1/connectors`. Right: capture event to pull, export event to push.
pub(super) async fn create(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Made>) -> Answer {
    let made = sent.value;
    let direction: Direction = made.direction.parse().map_err(|_| {
        Fault::bad("direction", Text::of("方向应为 pull 或 push。", "The direction is pull or push."))
    })?;
    let since = made.since.as_deref().map(|text| {
        Instant::parse(text).map_err(|_| {
            Fault::bad(
                "since",
                Text::of("应如 2026-11-21T00:00:00+08:00。", "It looks like 2026-11-21T00:00:00+08:00."),
            )
        })
    });
    let new = NewConnector {
        name: made.name,
        direction,
        url: made.url,
        query: made.query,
        secret: made.secret,
        every: made.every,
        since: since.transpose()?,
    };
    allowed(&app, &new.url, new.secret.as_deref().is_some_and(|s| !s.is_empty()))?;
    let c = app.supply.create_connector(&caller.context(&app), &caller.who, &new).await?;
    let location = [(header::LOCATION, format!("/api/v1/connectors/{}", c.id))];
    Ok((StatusCode::CREATED, location, Json(c)).into_response())
}

/// `GET /api/v1/connectors/{id}`. Right: the own one, or administer job.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(connector): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["turns"])?;
    let turns = p.read::<i64>("turns", "20")?.unwrap_or(TURNS).clamp(1, MOST_TURNS);
    let connector = id(&connector, &CONNECTOR)?;
    let c = app.supply.connector(&caller.who, app.now(), connector).await?;
    let turns = app.supply.past_turns(connector, turns).await?;
    Ok(Json(json!({ "connector": c, "turns": turns })).into_response())
}

/// What a program changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changed {
    version: i64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    every: Option<i64>,
}

/// `POST /api/v1/connectors/{id}`. Right: the own one by the right it was made with, or administer job.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(connector): Path<String>,
    sent: Sent<Changed>,
) -> Answer {
    let connector = id(&connector, &CONNECTOR)?;
    let Changed { version, name, url, query, secret, every } = sent.value;
    let before = app.supply.connector(&caller.who, app.now(), connector).await?;
    let has_secret = secret.as_deref().map_or(before.has_secret, |s| !s.is_empty());
    allowed(&app, url.as_deref().unwrap_or(&before.url), has_secret)?;
    let change = ConnectorChange { name, url, query, secret, every };
    let cx = caller.context(&app);
    let c = app.supply.change_connector(&cx, &caller.who, connector, version, &change).await?;
    Ok(Json(c).into_response())
}

/// The version a step was read at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    version: i64,
}

/// `POST /api/v1/connectors/{id}/pause`. Right: the own one by the right it was made with, or administer job.
pub(super) async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(connector): Path<String>,
    sent: Sent<Seen>,
) -> Answer {
    Ok(Json(set(&app, &caller, id(&connector, &CONNECTOR)?, sent.value.version, "paused").await?)
        .into_response())
}

/// `POST /api/v1/connectors/{id}/resume`. Right: the own one by the right it was made with, or administer job.
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(connector): Path<String>,
    sent: Sent<Seen>,
) -> Answer {
    Ok(Json(set(&app, &caller, id(&connector, &CONNECTOR)?, sent.value.version, "active").await?)
        .into_response())
}

async fn set(
    app: &App,
    caller: &Caller,
    connector: Id,
    version: i64,
    state: &'static str,
) -> Answer<Connector> {
    app.supply.set_connector(&caller.context(app), &caller.who, connector, version, state).await?;
    Ok(app.supply.connector(&caller.who, app.now(), connector).await?)
}

/// `DELETE /api/v1/connectors/{id}?version=`. Right: the own one by the right it was made with, or administer job.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(connector): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["version"])?;
    let version = p.read("version", "1")?.unwrap_or(1);
    let connector = id(&connector, &CONNECTOR)?;
    let cx = caller.context(&app);
    app.supply.set_connector(&cx, &caller.who, connector, version, "removed").await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
