//! `shian bench pages`: first byte and size of pages of a province, served in this process over the loopback.

use super::bench::{elapsed_ms, spread};
use crate::config::Config;
use crate::demo;
use crate::province::{Province, Purpose, now};
use anyhow::{Context as _, ensure};
use base::Lang;
use ledger::{Actor, Context};
use serde_json::{Map, Value as Json, json};
use std::time::Instant as Moment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Requests of each page.
const TIMES: usize = 50;
/// The last four are the limits of a food: all of them, by a Chinese, an English name and a CAS number, and with a value judged.
const PUBLIC: [&str; 8] = [
    "/",
    "/notices",
    "/verify",
    "/login",
    "/limits?food=%E5%A4%A7%E7%B1%B3",
    "/limits?food=%E8%8F%A0%E8%8F%9C&analyte=7439-92-1",
    "/limits?food=spinach&analyte=Lead",
    "/limits?food=%E8%B1%87%E8%B1%86&analyte=%E5%99%BB%E8%99%AB%E5%97%AA&value=0.4",
];
const DESK: [&str; 6] = [
    "/desk/tasks",
    "/desk/matters",
    "/desk/situation",
    "/desk/nonconformities",
    "/desk/journal",
    "/desk/operators",
];

/// Measures the public pages and, in the demo province, those of its provincial desk.
pub(crate) async fn run(config: Config) -> anyhow::Result<Json> {
    let province = Province::open(config, Purpose::Change).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = web::router(province.app.clone());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let session = session(&province).await;
    let mut pages = Map::new();
    for path in PUBLIC {
        pages.insert(path.to_owned(), measure(&address, path, None).await?);
    }
    if let Some(token) = &session {
        for path in DESK {
            pages.insert(path.to_owned(), measure(&address, path, Some(token)).await?);
        }
    }
    server.abort();
    province.sequence().await?;
    province.close().await;
    Ok(json!({ "bench": "pages", "requests_each": TIMES, "signed_in": session.is_some(), "pages": pages }))
}

/// A session of the demo's desk; `None` in another province.
async fn session(province: &Province) -> Option<String> {
    let app = &province.app;
    let cx = Context { now: now(), ids: app.ids.clone(), actor: Actor::system("bench"), lang: Lang::Zh };
    let session =
        access::session::login(&app.store, &cx, &app.access, None, "desk", demo::PASSWORD, None).await;
    session.ok().map(|s| s.token)
}

async fn measure(address: &str, path: &str, token: Option<&str>) -> anyhow::Result<Json> {
    let mut first = Vec::with_capacity(TIMES);
    let (mut status, mut bytes) = (0, 0);
    for _ in 0..TIMES {
        let started = Moment::now();
        let mut stream = TcpStream::connect(address).await?;
        let cookie = token.map_or_else(String::new, |t| format!("Cookie: shian_session={t}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{cookie}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![0; 16 * 1024];
        let n = stream.read(&mut answer).await?;
        first.push(elapsed_ms(started));
        answer.truncate(n);
        stream.read_to_end(&mut answer).await?;
        ensure!(answer.starts_with(b"HTTP/1.1 "), "{path} was not answered");
        status = String::from_utf8_lossy(&answer[9..12]).parse().with_context(|| path.to_owned())?;
        bytes = answer.len();
    }
    Ok(json!({ "status": status, "bytes": bytes, "first_byte": spread(first) }))
}
