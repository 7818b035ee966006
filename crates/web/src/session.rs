//! Who is asking: session cookie for people, bearer token for programs; and what they posted, with its CSRF token checked.

use crate::fault::{Answer, Fault};
use crate::lang::{Prefs, cookie};
use crate::layout::Viewer;
use crate::state::App;
use access::Principal;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts};
use base::{Id, Instant, Text};
use ledger::Context;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Cookie that carries the session token.
pub(crate) const COOKIE: &str = "shian_session";
/// Largest form, files included.
pub(crate) const FORM_BYTES: usize = 24 * 1024 * 1024;
/// Largest form without files.
const FIELDS_BYTES: usize = 4 * 1024 * 1024;
/// Fields of one form: more than any of ours can have.
const MOST_FIELDS: usize = 20_000;

/// The request's identity, found once.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) who: Principal,
    /// Session token (pages) — empty for bearer tokens and citizens.
    pub(crate) token: String,
    pub(crate) session: Option<Id>,
    pub(crate) must_change: bool,
}

/// What a request is signed in with, kept for work that goes on after its answer.
#[derive(Clone)]
pub(crate) enum Credential {
    Token(String),
    Cookie(String),
}

impl Credential {
    /// What the headers hold; the token of a program comes first.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        match bearer.and_then(|v| v.strip_prefix("Bearer ")) {
            Some(token) => Some(Self::Token(token.trim().to_owned())),
            None => cookie(headers, COOKIE).map(|c| Self::Cookie(c.to_owned())),
        }
    }

    /// Whom it stands for by now, with the grants in force; `None` once it has ended. It is no sign of life of a session.
    pub(crate) async fn still(&self, app: &App) -> Result<Option<Principal>, access::Error> {
        match self {
            Self::Token(token) => {
                app.recent.principal_for_api(&app.store, &app.access, token, app.now()).await
            }
            Self::Cookie(token) => {
                let visit =
                    access::session::still_signed_in(&app.store, &app.access, token, app.now()).await?;
                Ok(visit.filter(|v| !v.must_change).map(|v| v.principal))
            }
        }
    }
}

async fn identify(parts: &mut Parts, app: &Arc<App>) -> Answer<Identity> {
    if let Some(known) = parts.extensions.get::<Identity>() {
        return Ok(known.clone());
    }
    let now = app.now();
    let mut identity =
        Identity { who: Principal::anonymous(), token: String::new(), session: None, must_change: false };
    let bearer = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    if let Some(token) = bearer {
        let who = app.recent.principal_for_api(&app.store, &app.access, token.trim(), now).await?;
        identity.who = who.ok_or_else(|| {
            Fault::new(
                StatusCode::UNAUTHORIZED,
                Text::of("访问令牌无效或已失效。", "The access token is unknown, revoked or expired."),
            )
        })?;
    } else if let Some(token) = cookie(&parts.headers, COOKIE)
        && let Some(visit) = access::session::principal_for(&app.store, &app.access, token, now).await?
    {
        identity = Identity {
            who: visit.principal,
            token: token.to_owned(),
            session: Some(visit.session),
            must_change: visit.must_change,
        };
    }
    parts.extensions.insert(identity.clone());
    Ok(identity)
}

impl FromRequestParts<Arc<App>> for Identity {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        identify(parts, app).await
    }
}

impl FromRequestParts<Arc<App>> for Viewer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let identity = identify(parts, app).await?;
        let prefs = Prefs::read(parts.uri.query(), &parts.headers);
        let here = here(parts);
        if identity.must_change && parts.uri.path() != "/password" && parts.uri.path() != "/logout" {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                Text::of("请先修改初始密码：/password", "Choose your own password first: /password"),
            ));
        }
        let csrf =
            if identity.token.is_empty() { String::new() } else { access::csrf_token(&identity.token) };
        Ok(Self { prefs, who: identity.who, csrf, here })
    }
}

/// Where to return to after changing language, type size or theme, or after signing in: this page, or what was posted from: an
/// address that only takes forms cannot be opened again.
pub(crate) fn here(parts: &Parts) -> String {
    let own = || parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return own();
    }
    from(parts).unwrap_or_else(|| "/".to_owned())
}

/// Path and query of the page of this server a form was sent from, as the browser says.
fn from(parts: &Parts) -> Option<String> {
    let host = parts.headers.get(header::HOST)?.to_str().ok()?;
    let referer = parts.headers.get(header::REFERER)?.to_str().ok()?.parse::<Uri>().ok()?;
    (referer.authority()?.as_str() == host).then(|| referer.path_and_query().map(ToString::to_string))?
}

/// The address a request comes from, where the server knows it: the other end, or behind a proxy on this machine what the proxy
/// says last. An IPv6 address counts by its network of 64 bits. For counting only: it is stored nowhere.
#[derive(Debug, Clone)]
pub(crate) struct Peer(pub(crate) Option<String>);

impl FromRequestParts<Arc<App>> for Peer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Answer<Self> {
        Ok(Self(peer(parts)))
    }
}

fn peer(parts: &Parts) -> Option<String> {
    let ConnectInfo(at) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let said = || {
        let header = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        header.rsplit(',').next()?.trim().parse::<IpAddr>().ok()
    };
    // a socket for both families names an IPv4 address ::ffff:a.b.c.d, and all of these lie in one /64
    let from = at.ip().to_canonical();
    let ip = if from.is_loopback() { said().unwrap_or(from) } else { from };
    Some(match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let s = ip.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
    })
}

/// The viewer of a page that needs an account.
#[derive(Debug)]
pub(crate) struct SignedIn(pub(crate) Viewer);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        if viewer.who.is_anonymous() { Err(Fault::sign_in()) } else { Ok(Self(viewer)) }
    }
}

/// An uploaded file.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// Form field.
    pub(crate) field: String,
    /// The sender's file name: a hint only, never a path.
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// A posted form with its viewer; the CSRF token was checked for sessions.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) viewer: Viewer,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<Upload>,
}

impl Posted {
    /// A field's value, trimmed; empty when absent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.trim())
    }

    /// The version of the record the form was made from.
    pub(crate) fn version(&self) -> Answer<i64> {
        self.get("version").parse().map_err(|_| {
            Fault::bad(
                "version",
                Text::of("表单缺少版本号，请刷新页面。", "The form lacks its version; reload the page."),
            )
        })
    }
}

/// Only accounts may post; citizens have forms of their own without session.
impl FromRequest<Arc<App>> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let (mut parts, body) = request.into_parts();
        let viewer = Viewer::from_request_parts(&mut parts, app).await?;
        let identity = identify(&mut parts, app).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (fields, files) = if kind.starts_with("multipart/form-data") {
            multipart(Request::from_parts(parts, body)).await?
        } else {
            let bytes = axum::body::to_bytes(body, FIELDS_BYTES).await.map_err(|_| too_large())?;
            if bytes.iter().filter(|b| **b == b'&').count() > MOST_FIELDS {
                return Err(too_large());
            }
            (urlencoded(&bytes), Vec::new())
        };
        let posted = Self { viewer, fields, files };
        if !identity.token.is_empty() && !access::csrf_matches(&identity.token, posted.get("csrf")) {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                Text::of(
                    "页面已过期，请刷新后重新提交。",
                    "The page has expired; reload it and submit again.",
                ),
            ));
        }
        Ok(posted)
    }
}

/// A posted form of somebody with an account.
#[derive(Debug)]
pub(crate) struct PostedSignedIn(pub(crate) Posted);

impl FromRequest<Arc<App>> for PostedSignedIn {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let posted = Posted::from_request(request, app).await?;
        if posted.viewer.who.is_anonymous() { Err(Fault::sign_in()) } else { Ok(Self(posted)) }
    }
}

async fn multipart(request: Request) -> Answer<(Vec<(String, String)>, Vec<Upload>)> {
    let broken = |e: axum::extract::multipart::MultipartError| {
        if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_large()
        } else {
            Fault::bad(
                "",
                Text::of("表单无法读取，请重新提交。", "The form could not be read; submit it again."),
            )
        }
    };
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| too_large())?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let field = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(ToOwned::to_owned) {
            Some(name) => {
                let bytes = part.bytes().await.map_err(broken)?;
                if !bytes.is_empty() {
                    files.push(Upload { field, name, bytes });
                }
            }
            None => fields.push((field, part.text().await.map_err(broken)?)),
        }
    }
    Ok((fields, files))
}

pub(crate) fn urlencoded(bytes: &[u8]) -> Vec<(String, String)> {
    let decode =
        |s: &str| percent_encoding::percent_decode_str(&s.replace('+', " ")).decode_utf8_lossy().into_owned();
    String::from_utf8_lossy(bytes)
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| {
            p.split_once('=').map_or_else(|| (decode(p), String::new()), |(k, v)| (decode(k), decode(v)))
        })
        .collect()
}

fn too_large() -> Fault {
    Fault::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        Text::of(
            "上传内容过大：表单与文件合计不得超过 24 MB。请压缩图片或分批上传。",
            "The upload is too large: form and files together may have 24 MB. Shrink the pictures or upload in parts.",
        ),
    )
}

/// The context of a write by this principal.
pub(crate) fn context(app: &App, viewer: &Viewer) -> Context {
    context_of(app, &viewer.who, viewer.lang(), app.now())
}

/// The context of a write by a program's account.
pub(crate) fn context_of(app: &App, who: &Principal, lang: base::Lang, now: Instant) -> Context {
    Context { now, ids: app.ids.clone(), actor: who.actor(), lang }
}
