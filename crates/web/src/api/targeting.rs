//! Targeting for the systems of authorities: scores with reasons, models with their proof, proposals and what came of them.

use super::caller::Caller;
use super::catalogue::{Endpoint, Right};
use super::endpoints::{AFTER, JSON, LIMIT, REGION, get, post, q};
use super::once::{Begun, Write};
use super::sent::{Params, Sent, id};
use crate::fault::Answer;
use crate::pages::targeting::{MODEL, PROPOSAL};
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Id, Instant};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use target::{Aim, NewProposal, ProposalFilter, ScoreFilter, ScoreSort};

const PROPOSED: &str = r#"{"aim":"inspect","region":"620102","take":20,"share":0.1,"source":"双色球第2026136期红球","source_due":"2026-11-25T13:00:00Z"}"#;
const DECIDED: &str = r#"{"accept":true,"keep":["operator:01J8ZK3M0P5Q7R"],"plan":"01J8ZK3M0P5Q7R","source":"双色球第2026137期红球","source_due":"2026-11-27T13:00:00Z","reason":""}"#;

/// Endpoints of targeting.
pub(super) const TARGETING: &[Endpoint] = &[
    get(
        "/api/v1/targeting/scores",
        "targeting",
        Right::Needs("view", "figure"),
        ("最新模型的评分和理由", "Scores of the newest model with their reasons"),
        &[
            q(
                "aim",
                "inspect（查谁，默认）或 sample（抽什么）",
                "inspect (whom, unless said) or sample (what)",
            ),
            REGION,
            q("kind", "业态或食品类别", "business or food class"),
            q("least", "可能性不低于（0–1）", "chance at least (0–1)"),
            q("sort", "chance、least、region 或 name", "chance, least, region or name"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[{"model":"01J8ZK3M0P5Q7R","subject":"operator:01J8ZK3M0P5Q7R","name":"虚构餐馆","region":"620102","kind":"catering","chance":0.31,"place":1,"reasons":[{"feature":"found here lately","value":0.8,"change":0.42}]}],"total":1,"next":null}"#,
    ),
    get(
        "/api/v1/targeting/models",
        "targeting",
        Right::Needs("view", "figure"),
        ("模型及最近窗口的成绩", "Models with the proof of their newest window"),
        &[q("aim", "inspect 或 sample", "inspect or sample")],
        r#"[{"id":"01J8ZK3M0P5Q7R","aim":"inspect","visits":2400,"found":410,"recipe":"…"}]"#,
    ),
    get(
        "/api/v1/targeting/models/{id}",
        "targeting",
        Right::Needs("view", "figure"),
        (
            "一个模型：设置、特征、检验窗口、可靠性、公平性",
            "One model: settings, features, windows, reliability, fairness",
        ),
        &[],
        r#"{"id":"01J8ZK3M0P5Q7R","aim":"inspect","body":{"windows":[],"reliability":[],"fairness":[]}}"#,
    ),
    get(
        "/api/v1/targeting/proposals",
        "targeting",
        Right::Needs("view", "figure"),
        ("提案列表", "Proposals"),
        &[
            q("aim", "inspect 或 sample", "inspect or sample"),
            q(
                "state",
                "frozen、drawn、accepted、declined、cancelled",
                "frozen, drawn, accepted, declined or cancelled",
            ),
            REGION,
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[],"total":0,"next":null}"#,
    ),
    post(
        "/api/v1/targeting/proposals",
        "targeting",
        Right::Needs("create", "matter"),
        (
            "提出名单：固定并存证，随机份额待抽（抽什么需 create sample）",
            "Proposes a list: frozen and journalled, its random share to be drawn (samples: create sample)",
        ),
        (JSON, PROPOSED),
        (201, r#"{"id":"01J8ZK3M0P5Q7R"}"#),
    ),
    get(
        "/api/v1/targeting/proposals/{id}",
        "targeting",
        Right::Needs("view", "figure"),
        (
            "一个提案：名单、抽取记录、实际成效",
            "One proposal: its lines, the record of its draw, what was achieved",
        ),
        &[],
        r#"{"proposal":{"id":"01J8ZK3M0P5Q7R","state":"accepted"},"record":{"format":"shian-audit-1"},"items":[],"achieved":null}"#,
    ),
    post(
        "/api/v1/targeting/proposals/{id}/draw",
        "targeting",
        Right::Needs("act", "matter"),
        ("以公布的随机数抽取随机份额（仅一次）", "Draws the random share with the public value, once"),
        (JSON, r#"{"public":"05 08 13 19 22 31 + 04"}"#),
        (200, r#"{"id":"01J8ZK3M0P5Q7R","picks":["operator:01J8ZK3M0P5Q7R"]}"#),
    ),
    post(
        "/api/v1/targeting/proposals/{id}/decision",
        "targeting",
        Right::Needs("decide", "matter"),
        (
            "采纳（全部或部分）或不采纳；提出人不得审批",
            "Accepts in whole or part, or declines; not by the proposer",
        ),
        (JSON, DECIDED),
        (200, r#"{"id":"01J8ZK3M0P5Q7R","delivery":"01J8ZK3M0P5Q7R"}"#),
    ),
];

fn aim(p: &Params) -> Answer<Option<Aim>> {
    p.read("aim", "inspect")
}

/// `GET /api/v1/targeting/scores`. Right: view figure.
pub(super) async fn scores(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["aim", "region", "kind", "least", "sort", "after", "limit"])?;
    let text = |name: &str| p.get(name).map(ToOwned::to_owned);
    let filter = ScoreFilter {
        region: text("region"),
        kind: text("kind"),
        name: None,
        least: p.read("least", "0.2")?,
        sort: match p.get("sort") {
            Some("least") => ScoreSort::Least,
            Some("region") => ScoreSort::Region,
            Some("name") => ScoreSort::Name,
            _ => ScoreSort::Chance,
        },
        after: text("after"),
        limit: p.read("limit", "50")?.unwrap_or_default(),
    };
    let aim = aim(&p)?.unwrap_or(Aim::Inspect);
    Ok(Json(app.target.scores(&app.store, &caller.who, app.now(), aim, &filter).await?).into_response())
}

/// `GET /api/v1/targeting/models`. Right: view figure.
pub(super) async fn models(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let p = Params::known(raw.as_deref(), &["aim"])?;
    let found = app.target.models(&app.store, &caller.who, app.now(), aim(&p)?, 200).await?;
    Ok(Json(found).into_response())
}

/// `GET /api/v1/targeting/models/{id}`. Right: view figure.
pub(super) async fn model(State(app): State<Arc<App>>, caller: Caller, Path(model): Path<String>) -> Answer {
    let model = id(&model, &MODEL)?;
    Ok(Json(app.target.model(&app.store, &caller.who, app.now(), model).await?).into_response())
}

/// `GET /api/v1/targeting/proposals`. Right: view figure.
pub(super) async fn proposals(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer {
    let p = Params::known(raw.as_deref(), &["aim", "state", "region", "after", "limit"])?;
    let filter = ProposalFilter {
        aim: aim(&p)?,
        state: p.read("state", "drawn")?,
        region: p.get("region").map(ToOwned::to_owned),
        by_gain: false,
        after: p.get("after").map(ToOwned::to_owned),
        limit: p.read("limit", "50")?.unwrap_or_default(),
    };
    Ok(Json(app.target.proposals(&app.store, &caller.who, app.now(), &filter).await?).into_response())
}

/// `GET /api/v1/targeting/proposals/{id}`. Right: view figure.
pub(super) async fn proposal(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(proposal): Path<String>,
) -> Answer {
    let proposal = id(&proposal, &PROPOSAL)?;
    let (p, record, items, achieved) =
        app.target.proposal(&app.store, &caller.who, app.now(), proposal).await?;
    Ok(Json(json!({ "proposal": p, "record": record, "items": items, "achieved": achieved })).into_response())
}

/// A list to be proposed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    aim: Aim,
    region: String,
    #[serde(default)]
    kind: String,
    take: u32,
    share: f64,
    #[serde(default = "one")]
    quota: u32,
    source: String,
    source_due: String,
}

fn one() -> u32 {
    1
}

/// An RFC 3339 instant; what is none lies in the past and is refused by name.
fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap_or(Instant(0))
}

/// `POST /api/v1/targeting/proposals`. Right: create matter or sample.
pub(super) async fn propose(State(app): State<Arc<App>>, caller: Caller, sent: Sent<Proposed>) -> Answer {
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let Proposed { aim, region, kind, take, share, quota, source, source_due } = sent.value;
    let source_due = instant(&source_due);
    let new = NewProposal { aim, region, kind, take, share, quota, source, source_due };
    let id = app.target.propose(&mut w.tx, &w.cx, &caller.who, new).await?;
    let at = format!("/api/v1/targeting/proposals/{id}");
    w.done(&caller, StatusCode::CREATED, &at, &json!({ "id": id })).await
}

/// The public value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Announced {
    public: String,
}

/// `POST /api/v1/targeting/proposals/{id}/draw`. Right: act matter or sample.
pub(super) async fn draw(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(proposal): Path<String>,
    sent: Sent<Announced>,
) -> Answer {
    let proposal = id(&proposal, &PROPOSAL)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let record = app.target.draw_audit(&mut w.tx, &w.cx, &caller.who, proposal, &sent.value.public).await?;
    let picks = record.drawn.map(|d| d.picks).unwrap_or_default();
    w.done(&caller, StatusCode::OK, "", &json!({ "id": proposal, "picks": picks })).await
}

/// A decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    accept: bool,
    #[serde(default)]
    keep: Vec<String>,
    #[serde(default)]
    plan: Option<Id>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    source_due: String,
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/targeting/proposals/{id}/decision`. Right: decide matter or sample.
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(proposal): Path<String>,
    sent: Sent<Decided>,
) -> Answer {
    let proposal = id(&proposal, &PROPOSAL)?;
    let mut w = match Write::begin(&app, &caller, sent.once).await? {
        Begun::Fresh(w) => w,
        Begun::Before(response) => return Ok(response),
    };
    let d = sent.value;
    let delivery = if d.accept {
        let plan = d.plan.unwrap_or(Id(0));
        let source = (d.source.as_str(), instant(&d.source_due));
        let fed =
            app.target.decide(&mut w.tx, &w.cx, &caller.who, proposal, &d.keep, plan, source, &d.reason);
        Some(fed.await?)
    } else {
        app.target.decline(&mut w.tx, &w.cx, &caller.who, proposal, &d.reason).await?;
        None
    };
    w.done(&caller, StatusCode::OK, "", &json!({ "id": proposal, "delivery": delivery })).await
}
