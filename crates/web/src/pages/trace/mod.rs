//! The trace workbench: one form for every question to the chain; each answer has an address of its own, a sentence, a
//! map, a graph, a table that filters, sorts and pages, and files. Rights are those of the lots, firms and regions asked.

mod answer;
pub(crate) mod cases;
mod event;
mod form;

use crate::fault::{Answer, Fault};
use crate::layout::{self, Fragment, Viewer};
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui::{self, ListLinks};
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use base::{Id, Text};
use maud::html;
use std::sync::Arc;
use supply::{CaseLine, Question, Reply};

const QUESTION: Text = Text::of("问题", "question");

/// Routes of the workbench, and the address it had before.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/trace", get(start))
        .route("/trace/cases", post(cases::keep))
        .route("/trace/{question}", get(ask))
        .route("/trace/{question}/map", get(map))
        .route("/trace/{question}/graph.svg", get(graph))
        .route("/trace/event/{id}", get(event::show))
        .route("/desk/trace", get(moved))
}

/// `GET /trace`: the empty workbench, or the way from its form to the address of the question chosen.
async fn start(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let links = ListLinks::read("/trace", raw.as_deref(), "");
    if let Some(chosen) = links.get("ask").and_then(Question::of) {
        let to = ListLinks { path: format!("/trace/{}", chosen.key()), ..links.clone() }.with(&[("ask", "")]);
        return Ok(Redirect::to(&to).into_response());
    }
    Ok(form::empty(&app, &viewer).await?.into_response())
}

/// `GET /desk/trace?item=&place=`: where the workbench was; its links go on to the recall scope.
async fn moved(SignedIn(_): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let old = ListLinks::read("/trace/scope", raw.as_deref(), "");
    let Some(item) = old.get("from_item").or(old.get("item")).map(ToOwned::to_owned) else {
        return Ok(Redirect::permanent("/trace").into_response());
    };
    Ok(Redirect::permanent(&old.with(&[("item", ""), ("from_item", ""), ("lot", &item)])).into_response())
}

/// What stands in a path for a question.
fn question(key: &str) -> Answer<Question> {
    Question::of(key).ok_or_else(|| Fault::not_found(&QUESTION))
}

/// What an address asks, and its links.
fn asked(key: &str, raw: Option<&str>) -> Answer<(Question, ListLinks)> {
    let question = question(key)?;
    Ok((question, ListLinks::read(&format!("/trace/{key}"), raw, "")))
}

/// `GET /trace/{question}?lot=…`: the answer, or the question again with what is missing; `format` makes it a file.
/// Right: view lot where the lot is; of gaps and balances, of the firm or region.
async fn ask(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(key): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (question, links) = asked(&key, raw.as_deref())?;
    if links.query.iter().any(|(k, _)| k == "nc") {
        return from_failures(&app, &viewer, &links).await;
    }
    let lang = viewer.lang();
    let cx = context(&app, &viewer);
    let reply = match app.supply.ask(&cx, &viewer.who, question, &links.query).await {
        Ok(reply) => reply,
        // nothing asked yet: the form alone
        Err(supply::Error::Wrong { .. }) if !form::begun(question, &links) => {
            return Ok(form::page(&app, &viewer, question, &links, None).await?.into_response());
        }
        Err(e @ (supply::Error::Wrong { .. } | supply::Error::NotFound(_)))
            if links.get("format").is_none() =>
        {
            let page = form::page(&app, &viewer, question, &links, Some(&e)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(e) => return Err(e.into()),
    };
    match (reply, links.get("format")) {
        (Reply::Answer(a), Some(format)) => file(lang, &a, format),
        (Reply::Answer(a), None) => Ok(answer::page(&viewer, &links, &a).into_response()),
        (Reply::Choose(choices), None) => {
            Ok(form::choose(&app, &viewer, question, &links, &choices).await?.into_response())
        }
        (Reply::Choose(choices), Some(_)) => Err(unclear(&choices)),
    }
}

/// What was typed has no one meaning: said to a program or in place of a file.
pub(crate) fn unclear(choices: &[supply::Choice]) -> Fault {
    let Some(first) = choices.first() else { return Fault::not_found(&QUESTION) };
    let text = if first.candidates.is_empty() {
        Text::new(
            format!("没有找到“{}”，或您无权查看；请核对编码、批号或名称。", first.typed),
            format!(
                "Nothing is known of {}, or you may not see it; check the code, lot number or name.",
                first.typed
            ),
        )
    } else {
        Text::new(
            format!("“{}”可能指多个对象，请改用下列编码之一。", first.typed),
            format!("{} may mean several things; use one of the keys below.", first.typed),
        )
    };
    let one = |f: &supply::Found| {
        let words = format!("{} — {} {}", f.key, f.name, f.detail);
        Text::new(words.clone(), words)
    };
    let details = choices.iter().flat_map(|c| &c.candidates).map(one).collect();
    Fault::bad(first.field, text).with_details(details)
}

/// An answer as a file.
pub(crate) fn file(lang: base::Lang, a: &supply::Answer, format: &str) -> Answer {
    if format == "fcl" {
        let Some(outbreak) = &a.outbreak else {
            return Err(Fault::bad(
                "format",
                Text::of("此格式只用于共同来源。", "This format is for the common source only."),
            ));
        };
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"case.fcl.json\""),
        ];
        return Ok((headers, outbreak.fcl()?).into_response());
    }
    let sheet = a.table.sheet(&format!("trace-{}", a.question.key()), lang, &a.legend);
    crate::export::download(format, &sheet)
}

/// Failed samples ticked in the form become cases of the address.
async fn from_failures(app: &App, viewer: &Viewer, links: &ListLinks) -> Answer {
    let mut lines: Vec<String> =
        links.query.iter().filter(|(k, _)| k == "case").map(|(_, v)| v.clone()).collect();
    for id in links.query.iter().filter(|(k, _)| k == "nc").map(|(_, v)| v) {
        let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("不合格记录", "nonconformity")))?;
        let n = app.lab.nonconformity(&app.store, &viewer.who, app.now(), id).await?;
        let line = CaseLine {
            lot: n.item.unwrap_or_default(),
            place: n.place.unwrap_or_default(),
            name: n.form_no,
            ..CaseLine::default()
        };
        lines.push(line.line());
    }
    let to = links.with(&[("nc", ""), ("case", lines.join("\n").as_str())]);
    Ok(Redirect::to(&to).into_response())
}

/// The answer behind a picture.
async fn pictured(app: &App, viewer: &Viewer, key: &str, links: &ListLinks) -> Answer<supply::Answer> {
    match app.supply.ask(&context(app, viewer), &viewer.who, question(key)?, &links.query).await? {
        Reply::Answer(a) => Ok(*a),
        Reply::Choose(choices) => Err(unclear(&choices)),
    }
}

/// `GET /trace/{question}/map`: the counties of an answer, as a part of its page or as a page of its own.
async fn map(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    Path(key): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (_, links) = asked(&key, raw.as_deref())?;
    let a = pictured(&app, &viewer, &key, &links).await?;
    let lang = viewer.lang();
    let shades: Vec<super::scope::Shade> = a
        .counties
        .iter()
        .filter(|c| !c.region.is_empty())
        .map(|c| super::scope::Shade {
            region: c.region.clone(),
            value: i64::try_from(c.places).unwrap_or(i64::MAX),
            href: links.with(&[("within", &c.region), ("after", "")]),
        })
        .collect();
    let title = lang.pick("各县涉及场所数", "Places concerned by county");
    let back = links.with(&[]);
    let asked = a.question.title();
    let trail = [("/trace", lang.pick("追溯", "Trace")), (back.as_str(), asked.get(lang))];
    Ok(fragment.answer(&viewer, title, &trail, &super::scope::shaded(lang, title, &shades)))
}

/// `GET /trace/{question}/graph.svg`: the answer's part of the chain as a picture.
async fn graph(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(key): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (_, links) = asked(&key, raw.as_deref())?;
    let a = pictured(&app, &viewer, &key, &links).await?;
    let per = links.get("per").and_then(|p| p.parse().ok()).unwrap_or(9usize).clamp(4, 200);
    let traces: Vec<&supply::TraceView> = a.traces.iter().collect();
    let lots: Vec<&str> = a.about.iter().map(|f| f.key.as_str()).collect();
    let picture = crate::graph::svg(viewer.lang(), &traces, &a.legend, (&lots, None), per);
    Ok(crate::graph::image(&picture))
}

/// Links between the questions that keep what was asked about.
fn tabs(viewer: &Viewer, question: Option<Question>, links: &ListLinks) -> maud::Markup {
    let lang = viewer.lang();
    let keep = |to: Question| {
        let links = ListLinks { path: format!("/trace/{}", to.key()), ..links.clone() };
        links.with(&[
            ("sort", ""),
            ("dir", ""),
            ("after", ""),
            ("q", ""),
            ("within", ""),
            ("format", ""),
            ("ask", ""),
        ])
    };
    html! { nav.tabs aria-label=(lang.pick("问题", "Questions")) {
        @for q in Question::ALL {
            a href=(keep(q)) title=(q.hint().get(lang)) aria-current=[(question == Some(q)).then_some("page")] { (q.title().get(lang)) }
        }
    } }
}

/// The heading of every page of the workbench.
fn head(viewer: &Viewer, question: Option<Question>, links: &ListLinks) -> maud::Markup {
    let lang = viewer.lang();
    let title = match question {
        Some(q) => format!("{} · {}", lang.pick("追溯工作台", "Trace workbench"), q.title().get(lang)),
        None => lang.pick("追溯工作台", "Trace workbench").to_owned(),
    };
    html! { (layout::head(&title, &html! {})) (tabs(viewer, question, links)) }
}

/// The event's page, as evidence of an answer about the lots asked.
fn event_link(id: Id, about: &[supply::Found], text: &str) -> maud::Markup {
    let mut to = format!("/trace/event/{id}");
    for (n, lot) in about.iter().filter(|f| f.kind == supply::FoundKind::Lot).take(event::LOTS).enumerate() {
        to.push_str(if n == 0 { "?lot=" } else { "&lot=" });
        to.push_str(&ui::encode(&lot.key));
    }
    html! { a href=(to) { (text) } }
}

/// A lot's address in the workbench.
pub(crate) fn lot_address(question: Question, item: &str) -> String {
    format!("/trace/{}?lot={}", question.key(), ui::encode(item))
}
