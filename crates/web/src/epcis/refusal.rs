//! Refusals as the standard wants them: `application/problem+json` or `+xml` with an `epcisException:*` type.

use super::message::Wanted;
use super::xml;
use crate::fault::Fault;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Lang, Text};
use epcis::{Problem, ProblemType};
use std::sync::Arc;

/// What was refused: everything that is wrong with the document, or any other fault.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    problems: Vec<Problem>,
    /// The capture job that keeps the refusal on record.
    instance: Option<String>,
    headers: HeaderMap,
}

/// Result of a handler.
pub(crate) type Reply = Result<Response, Refused>;

/// Either kind of failure.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// In the standard's words.
    Problems(Box<Refusal>),
    /// In ours; [`render`] translates it.
    Fault(Box<Fault>),
}

impl Refusal {
    /// Every problem found; the first one names the type and status of the answer.
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems, instance: None, headers: HeaderMap::new() }
    }

    /// The same, on record as a capture job.
    pub(crate) fn on_record(mut self, location: &str) -> Self {
        self.instance = Some(location.to_owned());
        if let Ok(value) = HeaderValue::from_str(location) {
            self.headers.insert(header::LOCATION, value);
        }
        self
    }

    /// The same with further headers.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut HeaderMap)) -> Self {
        add(&mut self.headers);
        self
    }

    fn answer(&self, lang: Lang, wanted: Wanted) -> Response {
        let Some(first) = self.problems.first() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut body = first.to_json(lang);
        if let Some(instance) = &self.instance {
            body["instance"] = instance.as_str().into();
        }
        body["errors"] = self.problems.iter().map(|p| p.to_json(lang)).collect();
        let status = StatusCode::from_u16(first.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = document(status, &body, wanted);
        response.headers_mut().extend(self.headers.clone());
        response
    }
}

/// 414: the address is too long.
pub(crate) fn address_too_long() -> Refused {
    Problem::new(
        ProblemType::UriTooLong,
        "",
        Text::of("查询地址过长。", "The address is too long."),
        Text::of(
            "请以 POST /epcis/queries 建立命名查询。",
            "Keep the query under a name with POST /epcis/queries.",
        ),
    )
    .into()
}

fn document(status: StatusCode, body: &serde_json::Value, wanted: Wanted) -> Response {
    let (text, media) = match wanted {
        Wanted::Json => (body.to_string(), "application/problem+json"),
        Wanted::Xml => (xml::problem(body), "application/problem+xml"),
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Fault(fault) => fault.into_response(),
            Self::Problems(refusal) => {
                let mut response = StatusCode::BAD_REQUEST.into_response();
                response.extensions_mut().insert(Arc::new(*refusal));
                response
            }
        }
    }
}

/// Gives a refusal its body in the caller's language and form.
pub(crate) fn render(mut response: Response, lang: Lang, wanted: Wanted) -> Response {
    if let Some(refusal) = response.extensions_mut().remove::<Arc<Refusal>>() {
        return refusal.answer(lang, wanted);
    }
    if let Some(fault) = response.extensions_mut().remove::<Arc<Fault>>() {
        let kind = kind_of(fault.status);
        let mut body = fault.problem(lang, &kind.uri());
        body["title"] = kind.title().get(lang).into();
        return document(fault.status, &body, wanted);
    }
    response
}

/// The standard's type for a status of ours.
const fn kind_of(status: StatusCode) -> ProblemType {
    match status.as_u16() {
        401 => ProblemType::Unauthorized,
        403 => ProblemType::Forbidden,
        404 => ProblemType::NoSuchName,
        406 => ProblemType::NotAcceptable,
        409 => ProblemType::ResourceAlreadyExists,
        413 => ProblemType::CaptureLimitExceeded,
        414 => ProblemType::UriTooLong,
        415 => ProblemType::UnsupportedMediaType,
        400 | 422 => ProblemType::Validation,
        501 => ProblemType::NotImplemented,
        _ => ProblemType::Implementation,
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Problems(Box::new(refusal))
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Refusal::new(vec![problem]).into()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<supply::Error> for Refused {
    fn from(e: supply::Error) -> Self {
        match e {
            supply::Error::Refused(problems) if !problems.is_empty() => Refusal::new(problems).into(),
            other => Fault::from(other).into(),
        }
    }
}
