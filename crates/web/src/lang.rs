//! What the visitor prefers to see: language, theme and type size, from query, cookie or browser.

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use base::Lang;
use std::convert::Infallible;

/// The visitor's choices; none of them personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefs {
    /// Language of the page.
    pub(crate) lang: Lang,
    /// Larger type.
    pub(crate) large: bool,
    /// `Some(true)` dark, `Some(false)` light, `None` as the system says.
    pub(crate) dark: Option<bool>,
}

/// A cookie's value.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| {
            let (k, v) = pair.trim().split_once('=')?;
            (k == name).then_some(v)
        })
}

impl Prefs {
    /// Reads `?lang=` first, then the cookie, then `Accept-Language`; Chinese when nothing is said.
    pub(crate) fn read(query: Option<&str>, headers: &HeaderMap) -> Self {
        let asked = query.unwrap_or_default().split('&').find_map(|p| p.strip_prefix("lang="));
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let lang = match asked.or_else(|| cookie(headers, "lang")) {
            Some("en") => Lang::En,
            Some(_) => Lang::Zh,
            None if accepted.starts_with("en") => Lang::En,
            None => Lang::Zh,
        };
        let dark = match cookie(headers, "theme") {
            Some("dark") => Some(true),
            Some("light") => Some(false),
            _ => None,
        };
        Self { lang, large: cookie(headers, "size") == Some("large"), dark }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Prefs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query(), &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        let mut h = HeaderMap::new();
        assert_eq!(Prefs::read(None, &h).lang, Lang::Zh);
        h.insert(header::ACCEPT_LANGUAGE, "en-GB,en;q=0.9".parse().unwrap());
        assert_eq!(Prefs::read(None, &h).lang, Lang::En);
        h.insert(header::COOKIE, "a=b; lang=zh; size=large".parse().unwrap());
        assert_eq!(Prefs::read(None, &h), Prefs { lang: Lang::Zh, large: true, dark: None });
        assert_eq!(Prefs::read(Some("q=1&lang=en"), &h).lang, Lang::En);
    }
}
