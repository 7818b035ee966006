//! Attachments by the hash of their content, for those who may see the matter or task whose form names them.

use crate::fault::{Answer, Fault};
use crate::session::SignedIn;
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
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
    // the same answer for what does not exist and what another may not see: a hash alone says nothing
    if !flow::may_read_file(&app.store, &app.access, &viewer.who, app.now(), &sha256).await? {
        return Err(missing());
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
