//! What a program sends: JSON bodies and query parameters, with faults that name the member and the remedy.

use super::once::Once;
use crate::fault::{Answer, Fault};
use crate::session::{FORM_BYTES, urlencoded};
use crate::state::App;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use base::{Id, Text};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A JSON body and the key under which it may be repeated.
#[derive(Debug)]
pub(crate) struct Sent<T> {
    /// What was sent.
    pub(crate) value: T,
    /// `Idempotency-Key` and what it stands for.
    pub(crate) once: Once,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &Arc<App>) -> Answer<Self> {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, FORM_BYTES).await.map_err(|_| {
            Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Text::of(
                    "请求体超过 24 MB，或传输中断。请分批发送。",
                    "The body has more than 24 MB, or broke off. Send it in parts.",
                ),
            )
        })?;
        let once = Once::read(&parts, &bytes)?;
        // a step without particulars may be sent without body
        if bytes.iter().all(u8::is_ascii_whitespace)
            && let Ok(value) = serde_json::from_str("{}")
        {
            return Ok(Self { value, once });
        }
        json_only(&parts.headers)?;
        let value = serde_json::from_slice(&bytes).map_err(|e| {
            let at = format!("line {}, column {}", e.line(), e.column());
            Fault::bad(
                &at,
                Text::new(
                    format!("请求体不符合要求（第 {} 行第 {} 列）：{e}。格式见 /api。", e.line(), e.column()),
                    format!("The body is not as asked ({at}): {e}. See /api for the form."),
                ),
            )
        })?;
        Ok(Self { value, once })
    }
}

fn json_only(headers: &HeaderMap) -> Answer<()> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if sent.split(';').next().is_some_and(|m| m.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Text::of(
            "请以 Content-Type: application/json 发送。",
            "Send it with Content-Type: application/json.",
        ),
    ))
}

/// Query parameters; the ones nobody reads are refused by [`Params::known`].
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of a raw query, which must all be among `known`.
    pub(crate) fn known(raw: Option<&str>, known: &[&str]) -> Answer<Self> {
        let all = urlencoded(raw.unwrap_or_default().as_bytes());
        for (name, _) in &all {
            if name != "lang" && !known.contains(&name.as_str()) {
                let list = known.join(", ");
                return Err(Fault::bad(
                    name,
                    Text::new(
                        format!("没有参数 {name}；可用的参数：{list}。"),
                        format!("There is no parameter {name}; there are: {list}."),
                    ),
                ));
            }
        }
        Ok(Self(all))
    }

    /// A parameter as given; `None` when absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.trim().is_empty()).map(|(_, v)| v.trim())
    }

    /// A parameter that must be there.
    pub(crate) fn need(&self, name: &str) -> Answer<&str> {
        self.get(name).ok_or_else(|| {
            Fault::bad(
                name,
                Text::new(format!("缺少参数 {name}。"), format!("The parameter {name} is missing.")),
            )
        })
    }

    /// A parameter read as `T`; `form` says what it looks like.
    pub(crate) fn read<T: std::str::FromStr>(&self, name: &str, form: &str) -> Answer<Option<T>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Fault::bad(
                name,
                Text::new(
                    format!("参数 {name} 的值“{text}”不正确，应如 {form}。"),
                    format!("The parameter {name} cannot be '{text}'; it looks like {form}."),
                ),
            )
        })
    }
}

/// An id in a path; one that is not well formed names nothing.
pub(crate) fn id(text: &str, what: &Text) -> Answer<Id> {
    text.parse().map_err(|_| Fault::not_found(what))
}
