//! What the phone pages ask of the server: JSON under the officer's session, with its token in a header.

use crate::fault::{Answer, Fault};
use crate::layout::Viewer;
use crate::session::{Identity, SignedIn, context};
use crate::state::App;
use crate::uploads;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Id, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use field::{Settled, Signed};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

const DEVICE: Text = Text::of("设备", "device");
/// Largest batch of entries, bytes.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Header that carries the token of the session: another site cannot set it.
const TOKEN: &str = "x-csrf-token";

/// Refuses what does not come from our own page, is too large, or is of another type than said.
fn own(identity: &Identity, headers: &HeaderMap, media: &str, body: &Bytes, most: usize) -> Answer<()> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if identity.token.is_empty() || !access::csrf_matches(&identity.token, text(TOKEN)) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            Text::of("页面已过期，请联网刷新后重试。", "The page has expired; reload it while connected."),
        ));
    }
    if !text(header::CONTENT_TYPE.as_str()).starts_with(media) {
        return Err(Fault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Text::new(format!("内容类型应为 {media}"), format!("the content type must be {media}")),
        ));
    }
    if body.len() > most {
        return Err(Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Text::of("一次提交的内容过大，请分批。", "Too much at once; send it in parts."),
        ));
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Answer<T> {
    serde_json::from_slice(body).map_err(|e| {
        Fault::bad("body", Text::new(format!("内容无法识别：{e}"), format!("the body cannot be read: {e}")))
    })
}

fn id(text: &str) -> Answer<Id> {
    text.parse().map_err(|_| Fault::not_found(&DEVICE))
}

/// `GET /desk/field/me`: who is signed in, the token, and the person's phones. Right: a session.
pub(super) async fn me(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer {
    let devices = app.field.devices_of(&app.store, viewer.who.account).await?;
    Ok(Json(json!({
        "account": viewer.who.account,
        "name": viewer.who.name,
        "csrf": viewer.csrf,
        "now": app.now().0 / 1000,
        "devices": devices,
    }))
    .into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    name: String,
    key: String,
}

/// `POST /desk/field/devices`: enrols a phone. Right: act matter.
pub(super) async fn enrol(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    own(&identity, &headers, "application/json", &body, 4096)?;
    let new: NewDevice = read(&body)?;
    let key = STANDARD.decode(new.key.as_bytes()).unwrap_or_default();
    let mut tx = app.store.begin().await?;
    let cx = context(&app, &viewer);
    let (device, secret) = app.field.enrol(&mut tx, &cx, &viewer.who, &new.name, &key).await?;
    tx.commit().await?;
    Ok(Json(json!({ "device": device, "secret": STANDARD.encode(secret) })).into_response())
}

/// `POST /desk/field/take/{device}`: the inspections of the person, to be taken along. Right: act matter.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    own(&identity, &headers, "application/json", &body, 4096)?;
    let device = id(&device)?;
    let mut tx = app.store.begin().await?;
    let taken = app.field.take(&mut tx, &context(&app, &viewer), &viewer.who, device).await?;
    tx.commit().await?;
    let taken: Vec<Value> = taken
        .into_iter()
        .map(|t| json!({ "matter": t.matter, "until": t.until.0 / 1000, "sheet": t.sheet }))
        .collect();
    Ok(Json(json!({ "taken": taken })).into_response())
}

/// `POST /desk/field/back/{device}/{matter}`: given back without having been begun. Right: act matter.
pub(super) async fn give_back(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    Path((device, matter)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    own(&identity, &headers, "application/json", &body, 4096)?;
    let (device, matter) = (id(&device)?, id(&matter)?);
    let mut tx = app.store.begin().await?;
    app.field.give_back(&mut tx, &context(&app, &viewer), &viewer.who, device, matter).await?;
    tx.commit().await?;
    let settled = settle(&app, &viewer, matter).await?;
    Ok(Json(json!({ "settled": [settled] })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    head: u32,
    entries: Vec<Signed>,
}

/// `POST /desk/field/log/{device}`: entries of the log. Right: act matter, now and at the time of each entry.
pub(super) async fn log(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    own(&identity, &headers, "application/json", &body, BATCH_BYTES)?;
    let device = id(&device)?;
    let batch: Batch = read(&body)?;
    let mut tx = app.store.begin().await?;
    let cx = context(&app, &viewer);
    let received = app.field.receive(&mut tx, &cx, &viewer.who, device, batch.head, &batch.entries).await?;
    tx.commit().await?;
    let mut settled = Vec::new();
    for matter in &received.matters {
        settled.push(settle(&app, &viewer, *matter).await?);
    }
    Ok(Json(json!({ "answers": received.answers, "settled": settled })).into_response())
}

/// What becomes of an inspection now: `{matter, state, text?}`.
async fn settle(app: &App, viewer: &Viewer, matter: Id) -> Answer<Value> {
    let settled = app.field.settle(&app.store, &context(app, viewer), &viewer.who, matter).await?;
    let (state, text) = match settled {
        Settled::Recorded => ("recorded", None),
        Settled::Over => ("over", None),
        Settled::Waits => ("waits", None),
        Settled::Obstacle(text) => ("obstacle", Some(text)),
    };
    Ok(json!({ "matter": matter, "state": state, "text": text }))
}

/// `POST /desk/field/photos/{device}/{sha256}/{start}`: a piece of a photo. Right: act matter.
pub(super) async fn photo(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    Path((device, sha256, start)): Path<(String, String, i64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    own(&identity, &headers, "application/octet-stream", &body, field::PIECE)?;
    let device = id(&device)?;
    let cx = context(&app, &viewer);
    let mut tx = app.store.begin().await?;
    let put = app.field.put_piece(&mut tx, &cx, &viewer.who, device, &sha256, start, &body).await;
    let whole = match put {
        Ok(whole) => whole,
        Err(field::Error::Invalid { field: "sha256", text }) => {
            app.field.drop_pieces(&mut tx, device, &sha256).await?;
            tx.commit().await?;
            return Err(Fault::bad("sha256", text));
        }
        Err(e) => return Err(e.into()),
    };
    // the pieces are stored first: nobody waits for the file's disk, and a piece sent again after a crash finds them
    tx.commit().await?;
    let Some(whole) = whole else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    uploads::admit(&app, &viewer.who, whole.bytes.len()).await?;
    let kept = uploads::keep(&app, "sha256", whole.bytes).await?;
    let mut tx = app.store.begin().await?;
    // each officer sent there may name it in the record
    for account in whole.officers {
        let mut of = context(&app, &viewer);
        of.actor.account = Some(account);
        flow::record_file(&mut tx, &of, &app.attachments, &kept).await?;
    }
    app.field.photo_kept(&mut tx, &cx, device, &sha256).await?;
    tx.commit().await?;
    let settled = settle(&app, &viewer, whole.matter).await?;
    Ok(Json(json!({ "settled": [settled] })).into_response())
}

/// `GET /desk/inspections/log/{id}/photos/{sha256}`: a photo of the log. Right: view matter.
pub(super) async fn picture(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((matter, sha256)): Path<(String, String)>,
) -> Answer<Response> {
    let missing = || Fault::not_found(&Text::of("照片", "photo"));
    let matter: Id = matter.parse().map_err(|_| missing())?;
    flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), matter).await?;
    if !app.field.has_photo(&app.store, matter, &sha256).await? {
        return Err(missing());
    }
    let found = app.attachments.find(&app.store, &sha256).await?.ok_or_else(missing)?;
    if !found.media_type.starts_with("image/") {
        return Err(missing());
    }
    let bytes = app.attachments.get(&sha256).await?;
    let head = [
        (header::CONTENT_TYPE, found.media_type),
        (header::CACHE_CONTROL, "private, max-age=86400".to_owned()),
    ];
    Ok((head, bytes).into_response())
}
