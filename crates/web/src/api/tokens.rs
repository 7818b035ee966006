//! Access tokens of the own account. A token cannot make another one: a stolen token dies when it is revoked.

use super::caller::Caller;
use super::sent::{Sent, id};
use crate::fault::{Answer, Fault};
use crate::state::App;
use access::api_token::{create_api_token, list_api_tokens, revoke_api_token};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Instant, Text};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest life of a token, in days.
pub(crate) const MOST_DAYS: i64 = 730;

/// A token to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// The owner's name for it.
    name: String,
    /// The password of the account, asked again.
    password: String,
    /// Days it is good for; 365 when not said.
    #[serde(default)]
    days: Option<i64>,
}

/// The end of a token that lives this many days.
pub(crate) fn expiry(now: Instant, days: i64) -> Answer<Instant> {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Fault::bad("days", Text::of("有效期为 1–730 天。", "A token lives 1–730 days.")));
    }
    Ok(now.plus_seconds(days * 24 * 3600))
}

/// `GET /api/v1/tokens`. Right: an account; its own tokens.
pub(super) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer {
    let tokens = list_api_tokens(&app.store, &caller.who).await?;
    let rows: Vec<Value> = tokens
        .iter()
        .map(|t| {
            json!({
                "id": t.id,
                "name": t.name,
                "created": t.created_at.rfc3339(),
                "expires": t.expires_at.map(Instant::rfc3339),
                "revoked": t.revoked_at.map(Instant::rfc3339),
            })
        })
        .collect();
    Ok(Json(rows).into_response())
}

/// `POST /api/v1/tokens`: the secret is in this answer and nowhere else. Right: a session of the own account.
pub(super) async fn create(State(app): State<Arc<App>>, caller: Caller, sent: Sent<NewToken>) -> Answer {
    if !caller.session {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            Text::of(
                "访问令牌不能再创建令牌；请登录网页后创建。",
                "A token cannot make another token; sign in on the site to make one.",
            ),
        ));
    }
    let cx = caller.context(&app);
    let expires = expiry(cx.now, sent.value.days.unwrap_or(365))?;
    access::session::confirm(&app.store, &cx, &app.access, &caller.who, &sent.value.password).await?;
    let mut tx = app.store.begin().await?;
    let (token, secret) =
        create_api_token(&mut tx, &cx, &caller.who, &sent.value.name, Some(expires)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": token, "token": secret, "expires": expires.rfc3339() })))
        .into_response())
}

/// `DELETE /api/v1/tokens/{id}`. Right: the own account, or administer account.
pub(super) async fn revoke(State(app): State<Arc<App>>, caller: Caller, Path(token): Path<String>) -> Answer {
    let token = id(&token, &Text::of("令牌", "token"))?;
    let cx = caller.context(&app);
    let mut tx = app.store.begin().await?;
    revoke_api_token(&mut tx, &cx, &app.access, &caller.who, token).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
