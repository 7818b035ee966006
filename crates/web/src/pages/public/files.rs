//! Attachments by the hash of their content, for the authorities that work with them.

use crate::fault::{Answer, Fault};
use crate::session::SignedIn;
use crate::state::App;
use access::Role;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use base::Text;
use std::sync::Arc;

/// `GET /files/{sha256}`: pictures in the page, everything else as a download; nothing in it runs.
pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(sha256): Path<String>,
) -> Answer {
    let missing = || Fault::not_found(&Text::of("附件", "attachment"));
    if ![Role::Officer, Role::Desk, Role::Leader].into_iter().any(|r| viewer.is(r)) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            Text::of("附件仅供监管部门查看。", "Attachments are for the authorities only."),
        ));
    }
    let found = app.attachments.find(&app.store, &sha256).await?.ok_or_else(missing)?;
    let bytes = app.attachments.get(&sha256).await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_str(&found.media_type).map_err(Fault::internal)?;
    let picture = found.media_type.starts_with("image/");
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(if picture { "inline" } else { "attachment" }),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    Ok(response)
}
