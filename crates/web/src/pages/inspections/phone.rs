//! The phone pages: a shell without data, its manifest and its service worker; what they hold lies encrypted on the phone.

use crate::assets;
use crate::lang::Prefs;
use crate::layout::Viewer;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::json;

/// `GET /field/app`: the shell. Public: it holds nothing.
pub(super) async fn shell(viewer: Viewer) -> Markup {
    let Prefs { lang, dark, large, .. } = viewer.prefs;
    let theme = dark.map(|d| if d { "dark" } else { "light" });
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-theme=[theme] data-size=[large.then_some("large")] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="theme-color" content="#0a6352";
                title { (lang.pick("外勤检查", "Field inspections")) " · " (lang.pick("食安", "Shian")) }
                link rel="manifest" href="/field/manifest.webmanifest";
                link rel="stylesheet" href=(assets::CSS_URL.as_str());
                link rel="icon" href="/favicon.ico" type="image/svg+xml";
                script src=(assets::FIELD_URL.as_str()) defer {}
            }
            body {
                header.top { div.in { span.brand { "食安" small { "Shian" } } span #line role="status" {} } }
                main.narrow #main {
                    h1 { (lang.pick("外勤检查", "Field inspections")) }
                    noscript { p { (lang.pick("本页需要脚本才能离线工作；在线办理请用", "This page needs script to work without signal; on line, use "))
                        a href="/desk/inspections/mine" { (lang.pick("我的检查", "my inspections")) } "." } }
                    div #field {}
                }
            }
        }
    }
}

/// `GET /field/manifest.webmanifest`. Public.
pub(super) async fn manifest() -> Response {
    let body = json!({
        "name": "食安外勤检查 Shian field inspections",
        "short_name": "食安外勤",
        "start_url": "/field/app",
        "scope": "/field/",
        "display": "standalone",
        "background_color": "#f4f6f5",
        "theme_color": "#0a6352",
        "icons": [{ "src": "/favicon.ico", "sizes": "any", "type": "image/svg+xml", "purpose": "any" }],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], body.to_string()).into_response()
}

/// `GET /field/sw.js`: the service worker with the files of this version. Public.
pub(super) async fn worker() -> Response {
    let files = json!([
        "/field/app",
        "/field/manifest.webmanifest",
        "/favicon.ico",
        assets::CSS_URL.as_str(),
        assets::FIELD_URL.as_str(),
    ]);
    let text = assets::WORKER.replace("__FILES__", &files.to_string());
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], text)
        .into_response()
}
