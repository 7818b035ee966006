//! All doors: no route without a right, headers on every answer, budgets of public pages, forged posts refused.

use crate::province::{As, Province};
use axum::http::Method;
use std::collections::BTreeSet;
use std::path::Path;

/// What anybody may open, with everything below it.
const PUBLIC: [&str; 32] = [
    "/login",
    "/notices",
    "/verify",
    "/verify.html",
    "/lot",
    "/.well-known",
    "/cn",
    "/cert",
    "/results",
    "/draws",
    "/draws/retests",
    "/shops",
    "/licences",
    "/petitions",
    "/follow",
    "/api/v1/licences",
    "/limits",
    "/declared",
    "/api/v1/declared",
    "/methods",
    "/assets",
    "/favicon.ico",
    "/field",
    "/healthz",
    "/metrics",
    "/log",
    "/preferences",
    "/api/v1/limits",
    "/api/v1/notices",
    "/api/v1/sampling/per-thousand",
    "/api/v1/sampling/bulletins",
    "/api/v1/sampling/results",
];
/// What anybody may open by itself: what lies below asks for a right.
const ALONE: [&str; 5] = ["/", "/api", "/api/openapi.json", "/api/v1/procedures", "/epcis"];

/// Every path of the source with its parameters filled.
pub(crate) fn routes() -> BTreeSet<String> {
    fn walk(at: &Path, out: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(at).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // the path may stand on the line after the parenthesis
            for part in text.split(".route(").skip(1) {
                if let Some(route) = part.trim_start().strip_prefix('"').and_then(|r| r.split('"').next()) {
                    out.insert(route.to_owned());
                }
            }
        }
    }
    let mut out = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out
}

pub(crate) fn filled(route: &str) -> String {
    let part = |p: &str| if p.starts_with('{') { "01J8ZK3M0P5Q7R".to_owned() } else { p.to_owned() };
    route.split('/').map(part).collect::<Vec<_>>().join("/")
}

pub(crate) fn public(route: &str) -> bool {
    let below =
        |p: &&str| route.strip_prefix(*p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ALONE.contains(&route) || PUBLIC.iter().any(below)
}

#[tokio::test]
async fn no_route_without_a_right() {
    let p = Province::new().await;
    let all = routes();
    assert!(all.len() > 60, "{all:?}");
    for route in all.iter().filter(|r| !public(r)) {
        let at = filled(route);
        let mut tried = 0;
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let a = p.send(method.clone(), &at, &As::Nobody, &form, "").await;
            if a.status == 405 {
                continue;
            }
            tried += 1;
            let to_login = a.status == 303 && a.header("location").starts_with("/login");
            assert!(to_login || a.status == 401, "{method} {route}: {} {}", a.status, a.text());
        }
        assert!(tried > 0, "{route} answers no method");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    for (path, who) in [
        ("/login", As::Nobody),
        ("/notices", As::Nobody),
        ("/nowhere", As::Nobody),
        ("/firm", As::Session(&session, true)),
        ("/api/v1/tokens", As::Nobody),
        ("/epcis/events", As::Nobody),
        ("/api", As::Nobody),
    ] {
        let a = p.get(path, &who).await;
        assert_eq!(a.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(a.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(a.header("referrer-policy"), "same-origin", "{path}");
        let csp = a.header("content-security-policy");
        assert!(
            csp.contains("default-src 'self'") && !csp.contains("script-src 'self' 'unsafe"),
            "{path}: {csp}"
        );
        assert!(!a.header("cache-control").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn public_pages_keep_their_budget() {
    let p = Province::new().await;
    for path in ["/login", "/notices", "/verify", "/api"] {
        for lang in ["zh", "en"] {
            let a = p.get(&format!("{path}?lang={lang}"), &As::Nobody).await;
            assert_eq!(a.status, 200, "{path}");
            assert!(a.body.len() < 100_000, "{path}: {} bytes", a.body.len());
        }
    }
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in ["/firm/tokens", "/firm/upload", "/logout", "/desk/items/01J8ZK3M0P5Q7R"] {
        for body in ["name=x&days=3&csrf=", "name=x&days=3&csrf=0000"] {
            let a = p.send(Method::POST, path, &As::Session(&session, true), &form, body).await;
            assert_eq!(a.status, 403, "{path} {body}");
        }
    }
    assert_eq!(p.get("/firm", &As::Session(&session, true)).await.status, 200, "still signed in");
}
