//! Writes of programs: one transaction, one answer; a request repeated with the same `Idempotency-Key` gets the first
//! answer again and changes nothing.

use super::caller::Caller;
use crate::fault::{Answer, Fault};
use crate::state::App;
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use base::Text;
use ledger::Context;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Tx;

/// How long an answer is kept, in seconds.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;
/// Longest key, in bytes.
const LONGEST_KEY: usize = 200;

/// The key of a request and the digest of what was asked under it.
#[derive(Debug)]
pub(crate) struct Once {
    key: Option<String>,
    digest: String,
}

impl Once {
    /// Reads the header.
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Answer<Self> {
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(value) => {
                let key = value.to_str().unwrap_or_default().trim();
                if key.is_empty() || key.len() > LONGEST_KEY {
                    return Err(Fault::bad(
                        "Idempotency-Key",
                        Text::of(
                            "Idempotency-Key 应为 1–200 个 ASCII 字符。",
                            "An Idempotency-Key has 1–200 ASCII characters.",
                        ),
                    ));
                }
                Some(key.to_owned())
            }
        };
        let mut digest = Sha256::new();
        digest.update(parts.method.as_str());
        digest.update([0]);
        digest.update(parts.uri.path());
        digest.update([0]);
        digest.update(body);
        Ok(Self { key, digest: hex::encode(digest.finalize()) })
    }
}

/// A write under way.
pub(crate) struct Write {
    /// The transaction.
    pub(crate) tx: Tx,
    /// Its context.
    pub(crate) cx: Context,
    once: Once,
}

/// How a write begins.
pub(crate) enum Begun {
    /// It is new.
    Fresh(Box<Write>),
    /// It was done before: the answer given then.
    Before(Response),
}

impl Write {
    /// Opens the transaction and claims the key in it.
    pub(crate) async fn begin(app: &App, caller: &Caller, once: Once) -> Answer<Begun> {
        let cx = caller.context(app);
        let mut tx = app.store.begin().await?;
        if let Some(key) = &once.key {
            let account = caller.who.account;
            tx.exec("delete from idempotency where at < $1", &[cx.now.plus_seconds(-KEPT_SECONDS).into()])
                .await?;
            let claimed = tx
                .exec(
                    "insert into idempotency (account, key, request, status, location, body, at) \
                     values ($1, $2, $3, 0, '', '', $4) on conflict (account, key) do nothing",
                    &[account.into(), key.as_str().into(), once.digest.as_str().into(), cx.now.into()],
                )
                .await?;
            if claimed == 0 {
                let row = tx
                    .one(
                        "select request, status, location, body from idempotency where account = $1 and key = $2",
                        &[account.into(), key.as_str().into()],
                    )
                    .await?;
                if row.text("request")? != once.digest {
                    return Err(Fault::bad(
                        "Idempotency-Key",
                        Text::of(
                            "这个 Idempotency-Key 已用于另一个请求，请换一个。",
                            "This Idempotency-Key was used for another request; take a new one.",
                        ),
                    ));
                }
                let status = u16::try_from(row.int("status")?).unwrap_or_default();
                let status = StatusCode::from_u16(status).map_err(Fault::internal)?;
                let mut response = answer(status, &row.text("location")?, row.text("body")?);
                drop(tx);
                // the first request may still wait for the disk
                app.store.settled().await?;
                response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
                return Ok(Begun::Before(response));
            }
        }
        Ok(Begun::Fresh(Box::new(Self { tx, cx, once })))
    }

    /// Keeps the answer, commits and gives it.
    pub(crate) async fn done(
        mut self,
        caller: &Caller,
        status: StatusCode,
        location: &str,
        body: &(impl Serialize + Sync),
    ) -> Answer {
        let body = serde_json::to_string(body).map_err(Fault::internal)?;
        if let Some(key) = &self.once.key {
            self.tx
                .exec(
                    "update idempotency set status = $1, location = $2, body = $3 where account = $4 and key = $5",
                    &[
                        i64::from(status.as_u16()).into(),
                        location.into(),
                        body.as_str().into(),
                        caller.who.account.into(),
                        key.as_str().into(),
                    ],
                )
                .await?;
        }
        self.tx.commit().await?;
        Ok(answer(status, location, body))
    }
}

fn answer(status: StatusCode, location: &str, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if !location.is_empty()
        && let Ok(value) = HeaderValue::from_str(location)
    {
        headers.insert(header::LOCATION, value);
    }
    response
}
