//! Who calls: a bearer token, or a session that asks from our own pages. Programs with a token need no CSRF token; a
//! cookie alone, which any page can make a browser send, changes nothing.

use crate::fault::{Answer, Fault};
use crate::lang::Prefs;
use crate::session::{Identity, context_of};
use crate::state::App;
use access::Principal;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use base::{Lang, Text};
use ledger::Context;
use std::sync::Arc;

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) who: Principal,
    /// Language of what is said to them.
    pub(crate) lang: Lang,
    /// Signed in with a password, not with a token.
    pub(crate) session: bool,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let identity = Identity::from_request_parts(parts, app).await?;
        let lang = Prefs::read(parts.uri.query(), &parts.headers).lang;
        if identity.who.is_anonymous() {
            return Err(Fault::new(
                StatusCode::UNAUTHORIZED,
                Text::of(
                    "请提供访问令牌：Authorization: Bearer …（在“访问令牌”页面创建）。",
                    "Give an access token: Authorization: Bearer … (made on the page Access tokens).",
                ),
            ));
        }
        if identity.must_change {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                Text::of("请先修改初始密码：/password", "Choose your own password first: /password"),
            ));
        }
        let session = !identity.token.is_empty();
        if session && !parts.method.is_safe() && !same_origin(&parts.headers, &app.origin) {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                Text::of(
                    "使用会话 Cookie 的写请求必须来自本站页面（Origin 一致）；程序请使用访问令牌。",
                    "A change with a session cookie must come from a page of this site (same Origin); programs use an access token.",
                ),
            ));
        }
        Ok(Self { who: identity.who, lang, session })
    }
}

impl Caller {
    /// Whether the browser says that the request comes from a page of this site.
    pub(crate) fn is_from_here(&self, headers: &HeaderMap, app: &App) -> bool {
        same_origin(headers, &app.origin)
    }

    /// The context of a write.
    pub(crate) fn context(&self, app: &App) -> Context {
        context_of(app, &self.who, self.lang, app.now())
    }
}

/// Whether the browser says that the request comes from a page of this site.
fn same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(from) = text(header::ORIGIN) else { return false };
    from == origin
        || from.split_once("://").is_some_and(|(_, host)| text(header::HOST).is_some_and(|own| own == host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_counts_only_from_a_page_of_this_site() {
        for (origin, host, same) in [
            (Some("https://shian.example"), "internal:8080", true),
            (Some("http://127.0.0.1:8080"), "127.0.0.1:8080", true),
            (Some("https://evil.example"), "shian.example", false),
            (Some("null"), "shian.example", false),
            (Some("https://shian.example.evil.example"), "shian.example", false),
            (None, "shian.example", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(same_origin(&headers, "https://shian.example"), same, "{origin:?}");
        }
    }
}
