//! What can go wrong in a request, and how it is said: a page in the visitor's language for people, a problem
//! document (RFC 9457) for programs. A failure is logged once, here, and never with personal data.

use crate::lang::Prefs;
use crate::layout::{self, Viewer};
use crate::state::App;
use crate::ui::{self, ListLinks, Tone};
use crate::words;
use access::Principal;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::{Lang, Text};
use maud::html;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

/// A refused or failed request.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// The field concerned, if one is, by its name for programs.
    pub(crate) field: Option<String>,
    /// What its form calls it; the common word when absent. Boxed: faults travel in every answer, and few carry one.
    pub(crate) called: Option<Box<Text>>,
    /// What is wrong and what to do.
    pub(crate) text: Text,
    /// Longer lines: row errors of an import, changes made by somebody else meanwhile.
    pub(crate) details: Vec<Text>,
}

/// Result of a handler.
pub(crate) type Answer<T = Response> = Result<T, Fault>;

impl Fault {
    pub(crate) fn new(status: StatusCode, text: Text) -> Self {
        Self { status, field: None, called: None, text, details: Vec::new() }
    }

    /// The record does not exist or may not be seen: the two are not told apart.
    pub(crate) fn not_found(what: &Text) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Text::new(
                format!("没有找到{}，或您无权查看。请核对链接或编号。", what.zh),
                format!("No such {}, or you may not see it. Check the link or number.", what.en),
            ),
        )
    }

    /// Something the sender can mend.
    pub(crate) fn bad(field: &str, text: Text) -> Self {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Self { field, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, text) }
    }

    /// Somebody else changed the record meanwhile.
    pub(crate) fn conflict(text: Text) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// Sign in first.
    pub(crate) fn sign_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Text::of("请先登录。", "Please sign in first."))
    }

    /// A failure of ours: what happened goes to the log under a number, which is all the visitor is told of it.
    pub(crate) fn internal(error: impl std::fmt::Debug) -> Self {
        let number = RandomState::new().build_hasher().finish();
        let number = format!("{:04X}-{:04X}", number >> 16 & 0xffff, number & 0xffff);
        tracing::error!(%number, error = ?error, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Text::new(
                format!(
                    "系统出现故障，本次操作没有保存。请稍后重试；如仍失败请联系管理员，并告知故障编号 {number}。"
                ),
                format!(
                    "Something failed on our side and nothing was saved. Try again later; if it persists, tell the administrator the number {number}."
                ),
            ),
        )
    }

    /// Says of a refused field what its form calls it.
    pub(crate) fn called(mut self, field: &str, label: Text) -> Self {
        if self.field.as_deref() == Some(field) {
            self.called = Some(Box::new(label));
        }
        self
    }

    pub(crate) fn with_details(mut self, details: Vec<Text>) -> Self {
        self.details = details;
        self
    }

    /// The problem document. `kind` is the problem type; EPCIS bindings use their own.
    pub(crate) fn problem(&self, lang: Lang, kind: &str) -> serde_json::Value {
        serde_json::json!({
            "type": kind,
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.text.get(lang),
            "detail_zh": self.text.zh,
            "detail_en": self.text.en,
            "field": self.field,
            "errors": self.details.iter().map(|d| d.get(lang)).collect::<Vec<_>>(),
        })
    }
}

/// A defect of ours in the middle of an answer: said and counted like every other failure.
pub(crate) fn panicked(what: Box<dyn std::any::Any + Send>) -> Response {
    let text = what.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| what.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    Fault::internal(text).into_response()
}

impl From<store::Error> for Fault {
    fn from(e: store::Error) -> Self {
        match e {
            store::Error::DiskFull => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                Text::of(
                    "磁盘空间已满，本次操作没有保存。请通知管理员清理空间后重试。",
                    "The disk is full and nothing was saved. Ask the administrator to free space, then repeat.",
                ),
            ),
            store::Error::Stale => Self::conflict(Text::of(
                "该记录刚被他人修改，请刷新后重试。",
                "Somebody else has just changed this record; reload and repeat.",
            )),
            store::Error::Conflict { constraint } => {
                tracing::info!(constraint, "two entered the same at once");
                Self::conflict(Text::of(
                    "相同的内容刚刚已经登记（可能是重复提交），请刷新查看。",
                    "The same has just been entered, perhaps by a second press of the button; reload and look.",
                ))
            }
            other => Self::internal(other),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Gives a fault its body: a page, or a problem document for API paths and clients that ask for JSON.
pub(crate) async fn render(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let request = Request::from_parts(parts, body);
    let prefs = Prefs::read(request.uri().query(), request.headers());
    let path = request.uri().path().to_owned();
    let here = crate::session::here(&asked);
    let wants_json = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.contains("json") && !v.contains("html"));
    let mut response = next.run(request).await;
    let Some(fault) = response.extensions_mut().remove::<Arc<Fault>>() else { return response };
    let open = response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let mut response = said(&app, &fault, &mut asked, prefs, &path, here, wants_json).await;
    if let Some(origin) = open {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// The fault as its reader can take it.
async fn said(
    app: &Arc<App>,
    fault: &Fault,
    asked: &mut axum::http::request::Parts,
    prefs: Prefs,
    path: &str,
    here: String,
    wants_json: bool,
) -> Response {
    if path.starts_with("/api/") || path.starts_with("/epcis") || wants_json {
        let body = fault.problem(prefs.lang, "about:blank").to_string();
        let mut out = (fault.status, body).into_response();
        out.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        return out;
    }
    if fault.status == StatusCode::UNAUTHORIZED {
        // what was typed into a form is lost when the session ended meanwhile: say so before anything else
        let lost = if asked.method == Method::POST { "&lost=1" } else { "" };
        let to = format!("/login?next={}{lost}", ui::encode(&here));
        return axum::response::Redirect::to(&to).into_response();
    }
    let anonymous = Viewer { prefs, who: Principal::anonymous(), csrf: String::new(), here };
    let viewer = Viewer::from_request_parts(asked, app).await.unwrap_or(anonymous);
    let links = ListLinks::read(path, asked.uri.query().filter(|_| asked.method == Method::GET), "");
    let form = came_from(asked, &app.origin).filter(|_| asked.method == Method::POST);
    (fault.status, page(&viewer, fault, &links, form.as_deref())).into_response()
}

/// The page of ours a form was sent from.
fn came_from(asked: &axum::http::request::Parts, origin: &str) -> Option<String> {
    let from = asked.headers.get(header::REFERER)?.to_str().ok()?.strip_prefix(origin)?;
    (from.starts_with('/') && !from.starts_with("//")).then(|| from.to_owned())
}

/// The one part of an address that was refused, to be corrected where it stands; the rest of what was asked is kept.
fn mend(lang: Lang, field: &str, called: Option<&Text>, why: &Text, links: &ListLinks) -> maud::Markup {
    let label = called.map_or(field, |c| c.get(lang));
    html! { form.filters method="get" action=(links.path) {
        @for (name, value) in links.query.iter().filter(|(name, _)| name != field && name != "after") {
            input type="hidden" name=(name) value=(value);
        }
        (ui::input(&ui::Field { name: field, label, value: links.get(field).unwrap_or_default(), error: Some(why.get(lang)), ..ui::Field::default() }))
        button { (lang.pick("改好后继续", "Continue")) }
        p { a href=(links.with(&[(field, ""), ("after", "")])) { (lang.pick("不填此栏", "Leave it out")) } }
    } }
}

/// The fault as a page of its own. `links` is the address asked for, empty for a posted form, whose page is `form`.
fn page(viewer: &Viewer, fault: &Fault, links: &ListLinks, form: Option<&str>) -> maud::Markup {
    let lang = viewer.lang();
    let title = match fault.status {
        StatusCode::NOT_FOUND => lang.pick("没有找到", "Not found"),
        StatusCode::FORBIDDEN => lang.pick("没有权限", "Not permitted"),
        StatusCode::METHOD_NOT_ALLOWED => {
            lang.pick("这个地址不能直接打开", "This address cannot be opened by itself")
        }
        StatusCode::CONFLICT => lang.pick("现在不能办理，未保存", "Not possible now; nothing was saved"),
        s if s.is_server_error() => lang.pick("系统故障", "System failure"),
        _ => lang.pick("请更正后重试", "Please correct and repeat"),
    };
    // a list of faults says of each which field it is
    let field = fault.field.as_deref().filter(|_| fault.details.is_empty());
    let field = field.and_then(|f| fault.called.as_deref().cloned().or_else(|| words::of_field(f)));
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            @if let Some(given) = fault.field.as_deref().filter(|f| links.get(f).is_some()) {
                (mend(lang, given, field.as_ref(), &fault.text, links))
            } @else {
                (ui::message(Tone::Bad, &html! {
                    p { (fault.text.get(lang)) }
                    @if let Some(field) = field { p.small { (lang.pick("栏目：", "Field: ")) (field.get(lang)) } }
                }))
            }
            @if !fault.details.is_empty() { ul { @for d in &fault.details { li { (d.get(lang)) } } } }
            @if let Some(form) = form {
                p.soft { (lang.pick("用浏览器的“后退”回到刚才的表单，已填的内容仍在；也可以重新打开原页面。", "The browser's back button leads to the form with what you typed; or open its page afresh.")) }
                p.actions { a.button.plain href=(form) { (lang.pick("回到原页面", "Back to the page")) } " " a href="/" { (lang.pick("首页", "Home")) } }
            } @else { p { a href="/" { (lang.pick("首页", "Home")) } } }
        },
    )
}
