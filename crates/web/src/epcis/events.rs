//! `/epcis/events`: one event in, events out as query documents, in JSON-LD or XML.

use super::message::{self, Wanted};
use super::query::{Asked, read};
use super::refusal::{Refused, Reply};
use crate::api::Caller;
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Id, Instant, Text};
use epcis::ident::{EpcFormat, PrefixLengths};
use epcis::query::{Condition, Match, PlaceField};
use epcis::{CbvFormat, Event, Head, Problem, ProblemType, WriteOptions};
use std::sync::Arc;
use supply::Collection;

pub(super) const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// How identifiers and words are to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    pub(super) epc: EpcFormat,
    pub(super) cbv: CbvFormat,
}

/// What the headers ask for; identifiers are Digital Links unless said (the default of the standard).
pub(super) fn writing(headers: &HeaderMap) -> Result<Writing, Refused> {
    let wrong = |name: &str, value: &str| {
        Refused::from(Problem::new(
            ProblemType::NotAcceptable,
            "",
            Text::new(format!("没有格式 {name}: {value}。"), format!("There is no {name}: {value}.")),
            Text::of(
                "请使用标准中的取值，如 No_Preference 或 Never_Translates。",
                "Use a value of the standard, like No_Preference or Never_Translates.",
            ),
        ))
    };
    let epc = match message::text(headers, "gs1-epc-format") {
        None => EpcFormat::DigitalLink,
        Some(value) => EpcFormat::parse(value).ok_or_else(|| wrong("GS1-EPC-Format", value))?,
    };
    let cbv = match message::text(headers, "gs1-cbv-xml-format") {
        None => CbvFormat::default(),
        Some(value) => CbvFormat::parse(value).ok_or_else(|| wrong("GS1-CBV-XML-Format", value))?,
    };
    Ok(Writing { epc, cbv })
}

impl Writing {
    pub(super) const fn options<'a>(&self, prefixes: &'a PrefixLengths) -> WriteOptions<'a> {
        WriteOptions { epc: self.epc, cbv: self.cbv, prefixes: Some(prefixes) }
    }

    /// One identifier on its own.
    pub(super) fn identifier(&self, uri: String, prefixes: &PrefixLengths) -> String {
        match self.epc {
            EpcFormat::Urn => prefixes.to_urn(&uri).unwrap_or(uri),
            _ => uri,
        }
    }

    /// The events as an `EPCISQueryDocument`.
    pub(super) fn document(
        &self,
        app: &App,
        wanted: Wanted,
        (query, subscription): (&str, Option<&str>),
        events: &[Event],
        now: Instant,
    ) -> String {
        let prefixes = app.prefixes.current();
        let (head, options) = (Head::query(query, subscription, now), self.options(&prefixes));
        match wanted {
            Wanted::Json => epcis::json::write_document(&head, events, &options),
            Wanted::Xml => epcis::xml::write_document(&head, events, &options),
        }
    }
}

/// `POST /epcis/events`: 201 with the event and its address; 409 when it is stored already. Right: capture event.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Reply {
    message::format(&headers, false)?;
    message::takes_json(&headers)?;
    let writing = writing(&headers)?;
    let bytes = message::read(&app, body).await?;
    let cx = caller.context(&app);
    let (stored, event) = app.supply.capture_event(&cx, &caller.who, bytes, None).await?;
    let location = format!("/epcis/events/{}", crate::ui::encode(&stored.event_id));
    // what the sender wrote stays as it was
    let writing = Writing { epc: EpcFormat::Never, ..writing };
    let body = epcis::json::write_event(&event, &writing.options(&app.prefixes.current()));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Wanted::Json.answer(body)).into_response())
}

/// `GET /epcis/events`: a page of the events a query asks for. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Reply {
    answer(&app, &caller, &headers, raw.as_deref(), "/epcis/events", None).await
}

/// A page of the events the parameters ask for; `implied` is the value the address itself names.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    raw: Option<&str>,
    path: &str,
    implied: Option<(Collection, &str)>,
) -> Reply {
    let mut asked = read(raw, headers)?;
    if let Some((which, key)) = implied {
        asked.query = asked.query.with(condition(which, key)?);
    }
    page(app, caller, headers, &asked, ("SimpleEventQuery", path)).await
}

/// The condition an address like `/bizSteps/shipping/events` states.
fn condition(which: Collection, key: &str) -> Result<Condition, Refused> {
    let any = vec![Box::from(key)];
    let place = |field| Condition::Place { field, any: any.clone(), descendants: false };
    Ok(match which {
        Collection::EventTypes => Condition::EventType(any),
        Collection::BizSteps => Condition::BizStep(any),
        Collection::Dispositions => Condition::Disposition(any),
        Collection::BizLocations => place(PlaceField::BizLocation),
        Collection::ReadPoints => place(PlaceField::ReadPoint),
        Collection::Epcs => {
            // lots and classes stand in quantity lists, instances in lists of EPCs
            let item = epcis::ident::item_key(key);
            let is_class =
                key.starts_with("urn:epc:class:") || (item.gtin().is_some() && !key.contains("/21/"));
            let word = if is_class { "anyEPCClass" } else { "anyEPC" };
            let context = epcis::Context::standard(epcis::Syntax::Json);
            let found = Match::ALL.into_iter().find(|m| m.word == word);
            let what = found.ok_or_else(|| crate::fault::Fault::internal(word))?;
            Condition::Match(what, vec![epcis::query::Pattern::parse(&context, key)])
        }
    })
}

/// A page of an answer, under the name of its query.
pub(super) async fn page(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    asked: &Asked,
    (name, path): (&str, &str),
) -> Reply {
    let wanted = message::wanted(headers)?;
    let writing = writing(headers)?;
    let now = app.now();
    let part = supply::Page { per_page: asked.per_page, token: asked.token.clone() };
    let found = app.supply.query_events(&caller.who, now, &asked.query, &part).await?;
    let mut response = wanted.answer(writing.document(app, wanted, (name, None), &found.events, now));
    formats(response.headers_mut(), writing, wanted);
    if let Some(next) = found.next {
        message::next_page(response.headers_mut(), path, &asked.pairs, &next.token, now);
    }
    Ok(response)
}

/// Which formats an answer is in.
fn formats(headers: &mut HeaderMap, writing: Writing, wanted: Wanted) {
    headers.insert("gs1-epc-format", HeaderValue::from_static(writing.epc.name()));
    if wanted == Wanted::Xml {
        headers.insert("gs1-cbv-xml-format", HeaderValue::from_static(writing.cbv.name()));
    }
}

/// `GET /epcis/events/{eventID}`: the event and the error declarations on it. Right: view event.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    let wanted = message::wanted(&headers)?;
    let writing = writing(&headers)?;
    let now = app.now();
    let named = app.supply.events_named(&caller.who, now, &id).await?;
    let ids: Vec<Id> = named.iter().map(|d| d.event.id).collect();
    let events = app.supply.recorded(&ids).await?;
    let text = writing.document(&app, wanted, ("SimpleEventQuery", None), &events, now);
    let mut response: Response = wanted.answer(text);
    formats(response.headers_mut(), writing, wanted);
    Ok(response)
}

/// `DELETE /epcis/nextPageToken/{token}`: the token leads nowhere any more. Right: any account.
pub(super) async fn release_token(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(token): Path<String>,
) -> Reply {
    app.supply.end_page(&token, app.now()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
