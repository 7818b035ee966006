//! The files of `assets/` in the binary, served under a name that carries their hash so that browsers keep them.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The design system's style sheet.
pub(crate) const CSS: &str = include_str!("../../../assets/css/shian.css");
/// The only script: lazy islands and small comforts; every page works without it.
pub(crate) const JS: &str = include_str!("../../../assets/js/islands.js");
/// The script of the field pages, which work without signal.
pub(crate) const FIELD: &str = include_str!("../../../assets/js/field.js");
/// The service worker of the field pages; its list of files is filled in when it is served.
pub(crate) const WORKER: &str = include_str!("../../../assets/js/field_worker.js");
/// The self-contained page that verifies a receipt offline.
pub(crate) const VERIFIER: &str = include_str!("../../../assets/verify.html");
/// JSON schema of the open data of sampling results.
pub(crate) const RESULTS_SCHEMA: &str = include_str!("../../../assets/schema/open-results.schema.json");
/// County outlines of Gansu (MIT; see the README beside the file).
pub(crate) const COUNTIES: &str = include_str!("../../../assets/map/gansu_counties.geojson");

struct File {
    media: &'static str,
    bytes: &'static [u8],
}

static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let mut files = HashMap::new();
    for (stem, ext, media, text) in [
        ("shian", "css", "text/css; charset=utf-8", CSS),
        ("islands", "js", "text/javascript; charset=utf-8", JS),
        ("field", "js", "text/javascript; charset=utf-8", FIELD),
    ] {
        files.insert(hashed(stem, ext, text), File { media, bytes: text.as_bytes() });
    }
    files
});

fn hashed(stem: &str, ext: &str, text: &str) -> String {
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    format!("{stem}-{}.{ext}", &digest[..12])
}

/// URL of the style sheet.
pub(crate) static CSS_URL: LazyLock<String> =
    LazyLock::new(|| format!("/assets/{}", hashed("shian", "css", CSS)));
/// URL of the script.
pub(crate) static JS_URL: LazyLock<String> =
    LazyLock::new(|| format!("/assets/{}", hashed("islands", "js", JS)));
/// URL of the script of the field pages.
pub(crate) static FIELD_URL: LazyLock<String> =
    LazyLock::new(|| format!("/assets/{}", hashed("field", "js", FIELD)));

/// `GET /assets/{name}`
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    match FILES.get(&name) {
        Some(file) => (
            [
                (header::CONTENT_TYPE, file.media),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            Body::from(file.bytes),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /favicon.ico`: a small SVG mark.
pub(crate) async fn favicon() -> Response {
    const MARK: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' \
        fill='#0a6352'/><path d='M8 17l5 5 11-12' fill='none' stroke='#fff' stroke-width='4' stroke-linecap='round' \
        stroke-linejoin='round'/></svg>";
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], MARK)
        .into_response()
}
