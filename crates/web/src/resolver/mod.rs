//! GS1 Digital Link resolver: from the code on a package to what there is to know, by link type, context, language and
//! media type (GS1-Conformant Resolver standard 1.2). It sends only to pages of this server and to the `https` addresses that
//! firms have entered for their own products and places. A program that names a link type is sent there at once, as the standard asks; a
//! person is first told that the address is a firm's, so that nobody borrows the name of this server for a page of his own.

mod choose;
mod links;

pub(crate) use links::{LinkView, registered};

use crate::fault::{Answer, Fault};
use crate::lang::Prefs;
use crate::layout::{self, Viewer};
use crate::pages::public::national_known;
use crate::state::App;
use crate::ui;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::{Id, Text};
use choose::Wish;
use epcis::ident::{DigitalLink, LinkError, NationalCode, primary_keys};
use maud::html;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Media type of RFC 9264.
const LINKSET: &str = "application/linkset+json";
/// The same with its context inside.
const JSON_LD: &str = "application/ld+json";
/// The namespace of link types.
const VOCABULARY: &str = "https://gs1.org/voc/";
/// What turns a linkset into JSON-LD.
const CONTEXT: &str = "https://ref.gs1.org/standards/resolver/linkset-context";

/// What an answer depends on beside the address.
const VARY: &str = "accept, accept-language, cookie, sec-fetch-mode, user-agent";

/// Routes: every primary key by its application identifier and its older short name, and the description.
pub(crate) fn routes() -> Router<Arc<App>> {
    let method = || get(resolve).options(options);
    let mut router = Router::new().route("/.well-known/gs1resolver", get(description).options(options));
    router = router.route("/cn/{scheme}/{code}", get(national).options(options));
    for (ai, name) in primary_keys() {
        for step in [ai, name] {
            router =
                router.route(&format!("/{step}"), method()).route(&format!("/{step}/{{*rest}}"), method());
        }
    }
    router.layer(axum::middleware::from_fn(open))
}

/// Scripts of every site may ask, for nothing here depends on a session.
async fn open(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Link, Location"));
    response
}

async fn options() -> Response {
    let allow = "GET, HEAD, OPTIONS";
    let headers = [
        (header::ALLOW, allow),
        (header::ACCESS_CONTROL_ALLOW_METHODS, allow),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, accept-language"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// `GET /.well-known/gs1resolver`
async fn description(State(app): State<Arc<App>>) -> Response {
    let keys: Vec<&str> = primary_keys().map(|(ai, _)| ai).collect();
    let body = json!({
        "name": "食安 Shian",
        "resolverRoot": app.origin,
        "supportedPrimaryKeys": keys,
        "supportedLinkType": [{ "namespace": VOCABULARY, "prefix": "gs1:" }],
        "linkTypeDefaultCanBeLinkset": false,
        "validatesCheckDigits": true,
        "supportsCompression": true,
        "supportedContextValuesExternal": [{
            "nameOfList": "ISO 3166-1 alpha-2",
            "url": "https://www.iso.org/iso-3166-country-codes.html",
        }],
        "jsonLdContextLocation": CONTEXT,
    });
    ([(header::CACHE_CONTROL, "public, max-age=3600")], axum::Json(body)).into_response()
}

impl From<LinkError> for Fault {
    fn from(error: LinkError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.text())
    }
}

/// `GET /01/…`, `/00/…` and so on: public.
async fn resolve(State(app): State<Arc<App>>, viewer: Viewer, uri: Uri, headers: HeaderMap) -> Answer {
    let link = match DigitalLink::read(uri.path()) {
        Ok(link) => link,
        Err(error) => return decompressed(&uri).ok_or_else(|| error.into()),
    };
    let path = link.path();
    let wish = Wish::read(uri.query(), &headers, Prefs::read(uri.query(), &headers).lang);
    let found = if wish.asks_links() { links::of(&app, &viewer, &link).await? } else { Vec::new() };
    answer(&app, &viewer, &path, &found, &wish, &headers).await
}

/// The linkset, the link of the type asked for, or the page of the code; `found` are its links where the request asks for them.
async fn answer(
    app: &App,
    viewer: &Viewer,
    path: &str,
    found: &[LinkView],
    wish: &Wish,
    headers: &HeaderMap,
) -> Answer {
    let mut response = if wish.linkset {
        if found.is_empty() {
            return Err(unknown(path));
        }
        let mut body = linkset(&app.origin, found);
        if wish.json_ld {
            body["@context"] = json!(CONTEXT);
        }
        let media = (header::CONTENT_TYPE, if wish.json_ld { JSON_LD } else { LINKSET });
        ([media], body.to_string()).into_response()
    } else if let Some(wanted) = wish.wanted() {
        let chosen = choose::best(found, wanted, wish);
        match chosen.as_slice() {
            [] => return Err(none_of(path, wanted, found)),
            [one] => match one.by.filter(|_| choose::is_opened(headers)) {
                Some(firm) => leaving(app, viewer, path, one, firm, wish).await?,
                None => redirect(&one.href, wish)?,
            },
            several => choices(app, viewer, path, several, wish, headers),
        }
    } else {
        redirect(&format!("{}/lot{path}", app.origin), wish)?
    };
    let out = response.headers_mut();
    let about = format!(
        "<{}{path}?linkType=linkset>; rel=\"linkset\"; type=\"{LINKSET}\", \
         <{CONTEXT}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
        app.origin
    );
    out.insert(header::LINK, HeaderValue::from_str(&about).map_err(Fault::internal)?);
    out.insert(header::VARY, HeaderValue::from_static(VARY));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// 307 from a compressed Digital Link to the plain one, with the query of the request.
pub(crate) fn decompressed(uri: &Uri) -> Option<Response> {
    let mut to = epcis::ident::decompress(uri.path())?;
    if let Some(query) = uri.query() {
        to.push(if to.contains('?') { '&' } else { '?' });
        to.push_str(query);
    }
    let location = (header::LOCATION, HeaderValue::from_str(&to).ok()?);
    Some(
        (
            StatusCode::TEMPORARY_REDIRECT,
            [location, (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))],
        )
            .into_response(),
    )
}

/// `GET /cn/{scheme}/{code}`: a national code leads to its page, or to the link of the type asked for. Public.
async fn national(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path((scheme, code)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let code =
        NationalCode::read(&scheme, &code).map_err(|e| Fault::new(StatusCode::BAD_REQUEST, e.text()))?;
    let wish = Wish::read(uri.query(), &headers, Prefs::read(uri.query(), &headers).lang);
    let path = format!("/cn/{}/{}", code.scheme.name, ui::encode(&code.code));
    let mut found = Vec::new();
    if wish.asks_links() {
        let (trace, notices) = national_known(&app, &viewer, &code).await?;
        // as with keys of GS1: where nothing is known there is nothing to link to
        if trace.is_some() || !notices.is_empty() {
            found = links::of_page(&app.origin, &path);
        }
    }
    answer(&app, &viewer, &path, &found, &wish, &headers).await
}

/// 307 to a registered address, with the query of the request.
fn redirect(href: &str, wish: &Wish) -> Answer {
    let to = wish.passed_on(href);
    let to = HeaderValue::from_str(&to).map_err(Fault::internal)?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response())
}

/// The page between this server and a firm's: whose the address is, and that it is not the authority's.
async fn leaving(app: &App, viewer: &Viewer, path: &str, link: &LinkView, firm: Id, wish: &Wish) -> Answer {
    let lang = viewer.lang();
    let names = registry::operator_names(&app.store, &[firm]).await?;
    let firm = names.get(&firm).map_or_else(|| lang.pick("企业", "A firm"), |name| name.get(lang));
    let title = lang.pick("将离开本站", "You are leaving this site");
    let to = wish.passed_on(&link.href);
    let body = html! {
        h1 { (title) }
        p { (lang.pick("这个链接由", "This link was entered by ")) strong { (firm) } (lang.pick("登记，内容由其负责，不是政府网站。", ", which answers for what it shows; it is not a page of the authority.")) }
        p { (lang.pick("网站：", "Site: ")) code.break { (link.host()) } }
        p.small.soft { (lang.pick("请勿在该网站输入本平台的账号、密码或验证码。", "Enter no account, password or code of this platform there.")) }
        p.actions {
            a.button href=(to) rel="noopener noreferrer nofollow" { (lang.pick("继续前往：", "Go on: ")) (link.title.get(lang)) } " "
            a.button.plain href={ "/lot" (path) } { (lang.pick("在本站查看该编码", "Look the code up here")) }
        }
    };
    Ok(([(header::REFERRER_POLICY, "no-referrer")], layout::narrow(viewer, title, &body)).into_response())
}

fn unknown(path: &str) -> Fault {
    Fault::new(
        StatusCode::NOT_FOUND,
        Text::new(
            format!("编码有效，但这里没有关于 {path} 的信息。请核对编码，或向销售者查询。"),
            format!("The code is valid, but nothing is known here of {path}; compare it, or ask the seller."),
        ),
    )
}

fn none_of(path: &str, wanted: &str, found: &[LinkView]) -> Fault {
    let mut types: Vec<&str> = found.iter().map(|l| l.link_type.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    if types.is_empty() {
        return unknown(path);
    }
    let (types, wanted) = (types.join(", "), wanted.chars().take(100).collect::<String>());
    Fault::new(
        StatusCode::NOT_FOUND,
        Text::new(
            format!("{path} 没有类型为 {wanted} 的链接。可用类型：{types}。"),
            format!("There is no link of type {wanted} for {path}; there are {types}."),
        ),
    )
}

/// Several links fit equally well: the reader chooses.
fn choices(
    app: &App,
    viewer: &Viewer,
    path: &str,
    several: &[&LinkView],
    wish: &Wish,
    headers: &HeaderMap,
) -> Response {
    if !choose::accepts_html(headers) {
        let several: Vec<LinkView> = several.iter().map(|l| (*l).clone()).collect();
        let body = linkset(&app.origin, &several).to_string();
        return (StatusCode::MULTIPLE_CHOICES, [(header::CONTENT_TYPE, LINKSET)], body).into_response();
    }
    let lang = viewer.lang();
    let title = lang.pick("请选择", "Choose one");
    let body = html! {
        h1 { (title) }
        p.soft { code.break { (path) } }
        ul { @for link in several { li { a href=(wish.passed_on(&link.href)) rel="noopener" { (link.title.get(lang)) } " " span.small.soft.break { (link.host()) } } } }
    };
    (StatusCode::MULTIPLE_CHOICES, layout::narrow(viewer, title, &body)).into_response()
}

/// The links as RFC 9264 has them: one object for each anchor, the finest first.
fn linkset(origin: &str, links: &[LinkView]) -> Json {
    let mut anchors: Vec<&str> = Vec::new();
    for link in links {
        if !anchors.contains(&link.anchor.as_str()) {
            anchors.push(&link.anchor);
        }
    }
    let one = |anchor: &str| {
        let mut out = serde_json::Map::new();
        out.insert("anchor".to_owned(), format!("{origin}{anchor}").into());
        for link in links.iter().filter(|l| l.anchor == anchor) {
            let mut target = json!({
                "href": link.href, "title": link.title.get(link.language()), "type": link.media,
            });
            if !link.lang.is_empty() {
                target["hreflang"] = json!([link.lang]);
            }
            if !link.context.is_empty() {
                target["context"] = json!([link.context]);
            }
            let relation = link.link_type.replacen("gs1:", VOCABULARY, 1);
            match out.entry(relation).or_insert_with(|| json!([])) {
                Json::Array(all) => all.push(target),
                _ => unreachable!("every relation is a list"),
            }
        }
        Json::Object(out)
    };
    json!({ "linkset": anchors.into_iter().map(one).collect::<Vec<_>>() })
}
