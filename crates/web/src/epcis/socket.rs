//! Subscriptions over a WebSocket: what a named query finds in new events, as it comes or on a schedule, for as long as
//! the socket is open and the query exists.

use super::events::{self, Writing};
use super::message::Wanted;
use super::refusal::{Refused, Reply};
use super::subscriptions::{ZONE, record_time, wrong_controls};
use super::{queries, query};
use crate::api::Caller;
use crate::fault::Fault;
use crate::session::{Credential, urlencoded};
use crate::state::App;
use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use base::{Id, Instant, Text};
use epcis::query::Schedule;
use epcis::{Problem, ProblemType};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};
use supply::{NamedQuery, Reach};

/// Events of one message.
const BATCH: usize = 200;
/// How often new events are looked for beside being told: what another process captured is told by nobody.
const LOOK: Duration = Duration::from_secs(1);
/// How long an answer to who the other side is, and whether the query still is, holds: logged out, suspended or without the
/// grant it hears no more.
const TRUST: Duration = Duration::from_secs(2);
/// How often the other side is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// How long it may be silent: two pings without an answer, and it is gone.
const SILENCE: Duration = Duration::from_secs(75);
/// How long a message may take to be taken.
const TAKEN: Duration = Duration::from_secs(30);
/// Most open sockets of an account in this process.
const SOCKETS: usize = 50;

/// What a socket asks for.
struct Wish {
    schedule: Option<Schedule>,
    report_if_empty: bool,
    initial: Instant,
}

fn wish(raw: Option<&str>, now: Instant) -> Result<Wish, Refused> {
    let pairs = urlencoded(raw.unwrap_or_default().as_bytes());
    let (mut stream, mut report_if_empty, mut initial) = (false, false, now);
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &pairs {
        match name.as_str() {
            "stream" => stream = switch(name, value)?,
            "reportIfEmpty" => report_if_empty = switch(name, value)?,
            "initialRecordTime" => initial = record_time("initialRecordTime", value)?,
            "second" | "minute" | "hour" | "dayOfMonth" | "month" | "dayOfWeek" => fields.push((name, value)),
            "lang" => {}
            other => {
                return Err(query::wrong(
                    other,
                    value,
                    Text::of(
                        "可用：stream、second、minute、hour、dayOfMonth、month、dayOfWeek、reportIfEmpty、initialRecordTime。",
                        "There are stream, second, minute, hour, dayOfMonth, month, dayOfWeek, reportIfEmpty, initialRecordTime.",
                    ),
                ));
            }
        }
    }
    let schedule = match (stream, fields.is_empty()) {
        (true, true) => None,
        (false, false) => Some(Schedule::from_pairs(fields).map_err(query::refused)?),
        _ => return Err(wrong_controls("stream")),
    };
    Ok(Wish { schedule, report_if_empty, initial })
}

/// A parameter that is either true or false.
fn switch(name: &str, value: &str) -> Result<bool, Refused> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Problem::new(
            ProblemType::SubscriptionControls,
            name,
            Text::new(
                format!("{name} 的值“{value}”不可用。"),
                format!("The value \"{value}\" of {name} cannot be used."),
            ),
            Text::of("请使用 true 或 false。", "Use true or false."),
        )
        .into()),
    }
}

/// Answers 101 and follows the query.
pub(super) async fn open(
    app: Arc<App>,
    caller: Caller,
    headers: &HeaderMap,
    named: NamedQuery,
    raw: Option<&str>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Reply {
    let wish = wish(raw, app.now())?;
    let writing = events::writing(headers)?;
    // a page of another site can open a socket with a visitor's cookie
    if caller.session && !caller.is_from_here(headers, &app) {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            Text::of(
                "使用会话 Cookie 的连接必须来自本站页面；程序请使用访问令牌。",
                "A socket with a session cookie must come from a page of this site; programs use an access token.",
            ),
        )
        .into());
    }
    let upgrade = upgrade.map_err(|e| {
        Refused::from(Fault::new(
            StatusCode::BAD_REQUEST,
            Text::new(
                format!("WebSocket 握手不完整：{e}"),
                format!("The WebSocket handshake is not complete: {e}"),
            ),
        ))
    })?;
    let credential = Credential::of(headers).ok_or_else(Fault::sign_in)?;
    let seat = app.sockets.take(caller.who.account).ok_or_else(|| {
        Fault::new(
            StatusCode::TOO_MANY_REQUESTS,
            Text::new(
                format!("本账号已有 {SOCKETS} 个打开的 WebSocket 连接，请先关闭不用的。"),
                format!("This account has {SOCKETS} open sockets; close one that is not used."),
            ),
        )
    })?;
    let from = app.supply.reach_at(wish.initial).await?;
    let min = wish.initial.rfc3339();
    let mut response = upgrade
        .on_upgrade(move |socket| async move {
            let now = Moment::now();
            let dropped = app.store.listen(supply::QUERIES);
            let follower = Follower {
                app,
                dropped,
                caller,
                credential,
                asked: now,
                heard: now,
                pinged: now,
                named,
                wish,
                writing,
                reach: from,
            };
            follower.run(socket).await;
            drop(seat);
        })
        .into_response();
    super::put(response.headers_mut(), "gs1-query-min-record-time", &min);
    Ok(response)
}

struct Follower {
    app: Arc<App>,
    caller: Caller,
    credential: Credential,
    /// When the credential was asked about last.
    asked: Moment,
    /// When the other side was heard last.
    heard: Moment,
    /// When it was asked last whether it is there.
    pinged: Moment,
    /// Told when a query is deleted.
    dropped: tokio::sync::watch::Receiver<u64>,
    named: NamedQuery,
    wish: Wish,
    writing: Writing,
    reach: Reach,
}

impl Follower {
    async fn run(mut self, mut socket: WebSocket) {
        let mut captured = self.app.store.listen(supply::CAPTURED);
        let mut due = self.next_due();
        let pause = match self.app.store.engine() {
            store::Engine::Sqlite => TRUST, // one process: every capture is told
            store::Engine::Postgres => LOOK,
        };
        loop {
            if !self.still_there(&mut socket).await || !self.still_may(&mut socket).await {
                return;
            }
            let now = self.app.now();
            if due.is_none_or(|due| now >= due) {
                match self.tell(&mut socket).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        tracing::error!(?error, "a socket's query failed");
                        close(&mut socket, 1011, "internal error").await;
                        return;
                    }
                }
                due = self.next_due();
            }
            tokio::select! {
                _ = captured.changed() => {}
                _ = self.dropped.changed() => self.dropped.mark_changed(),
                () = tokio::time::sleep(pause) => {}
                message = socket.recv() => match message {
                    Some(Ok(Message::Close(_))) => {
                        // the answer to a close lies ready and goes out with the next look (RFC 6455 §5.5.1)
                        let _ = tokio::time::timeout(LOOK, socket.recv()).await;
                        return;
                    }
                    Some(Err(_)) | None => return,
                    Some(Ok(_)) => self.heard = Moment::now(),
                },
            }
        }
    }

    /// Pings the other side from time to time; false when it has not answered: a telephone out of signal says no farewell.
    async fn still_there(&mut self, socket: &mut WebSocket) -> bool {
        if self.heard.elapsed() >= SILENCE {
            return false;
        }
        if self.pinged.elapsed() < PING {
            return true;
        }
        self.pinged = Moment::now();
        send(socket, Message::Ping(Bytes::new())).await
    }

    /// Asks anew whom the socket is for, with the grants in force, and whether the query still is; closes the socket and gives
    /// false otherwise.
    async fn still_may(&mut self, socket: &mut WebSocket) -> bool {
        if self.asked.elapsed() < TRUST && !self.dropped.has_changed().unwrap_or(false) {
            return true;
        }
        self.dropped.mark_unchanged();
        match self.app.supply.query_of(&self.caller.who, &self.named.name).await {
            Ok(Some(query)) if query.id == self.named.id => {}
            Ok(_) => {
                close(socket, 1000, "the query was deleted").await;
                return false;
            }
            Err(error) => tracing::warn!(?error, "a socket's query cannot be looked up"),
        }
        match self.credential.still(&self.app).await {
            Ok(Some(who)) if who.account == self.caller.who.account => {
                self.caller.who = who;
                self.asked = Moment::now();
                true
            }
            Ok(_) => {
                close(socket, 1008, "no longer signed in").await;
                false
            }
            Err(error) => {
                tracing::error!(?error, "who a socket is for cannot be looked up");
                close(socket, 1011, "internal error").await;
                false
            }
        }
    }

    /// When the schedule calls next; a stream is always due.
    fn next_due(&self) -> Option<Instant> {
        let schedule = self.wish.schedule.as_ref()?;
        Some(schedule.next_after(self.app.now(), ZONE).unwrap_or(Instant(i64::MAX)))
    }

    /// Sends what is new; false when the socket is gone.
    async fn tell(&mut self, socket: &mut WebSocket) -> Result<bool, supply::Error> {
        let Ok(asked) = queries::compiled(&self.named) else { return Ok(false) };
        let view = self.app.supply.master_data_view().await?;
        let matcher = asked.bind(&*view);
        let mut told = false;
        loop {
            let now = self.app.now();
            let (events, end) =
                self.app.supply.events_since(&self.caller.who, now, self.reach, self.wish.initial).await?;
            let fit: Vec<_> = events.into_iter().map(|(_, e)| e).filter(|e| matcher.matches(e)).collect();
            for part in fit.chunks(BATCH) {
                told = true;
                if !self.send(socket, part, now).await {
                    return Ok(false);
                }
            }
            if end == self.reach {
                break;
            }
            self.reach = end;
        }
        if !told && self.wish.report_if_empty && self.wish.schedule.is_some() {
            return Ok(self.send(socket, &[], self.app.now()).await);
        }
        Ok(true)
    }

    async fn send(&self, socket: &mut WebSocket, events: &[epcis::Event], now: Instant) -> bool {
        let name = (self.named.name.as_str(), None);
        let text = self.writing.document(&self.app, Wanted::Json, name, events, now);
        send(socket, Message::Text(text.into())).await
    }
}

/// Whether the other side took a message in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(TAKEN, socket.send(message)).await, Ok(Ok(())))
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = send(socket, Message::Close(Some(frame))).await;
}

/// How many sockets each account has open in this process.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<Mutex<HashMap<Id, usize>>>);

impl Sockets {
    /// A place for one more; none when the account has all it may.
    fn take(&self, account: Id) -> Option<Seat> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(account).or_default();
        if *count >= SOCKETS {
            return None;
        }
        *count += 1;
        Some(Seat { of: self.clone(), account })
    }
}

/// A socket's place, free again when dropped.
struct Seat {
    of: Sockets,
    account: Id,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.account) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_sockets_and_another_as_many() {
        let sockets = Sockets::default();
        let mut seats: Vec<Seat> = (0..SOCKETS).map(|_| sockets.take(Id(1)).unwrap()).collect();
        assert!(sockets.take(Id(1)).is_none());
        assert!(sockets.take(Id(2)).is_some());
        seats.pop();
        seats.push(sockets.take(Id(1)).unwrap());
        assert!(sockets.take(Id(1)).is_none());
        seats.clear();
        assert!(sockets.0.lock().unwrap().is_empty(), "nothing is left behind");
    }

    /// EPCIS 2.0 §12.5.2 and the OpenAPI document: either `stream=true` or a schedule, each field in its range.
    #[test]
    fn what_a_socket_asks_for_is_a_stream_or_a_schedule() {
        for (asked, is_good) in [
            ("stream=true", true),
            ("stream=true&reportIfEmpty=false", true),
            ("second=0,30&minute=[0-10],[20-30]", true),
            ("minute=[0-59]&reportIfEmpty=true", true),
            ("hour=3&initialRecordTime=2026-11-21T08%3A00%3A00%2B08%3A00", true),
            ("", false),
            ("stream=false", false),
            ("stream=yes", false),
            ("stream=true&second=5", false),
            ("second=0&reportIfEmpty=maybe", false),
            ("second=60", false),
            ("hour=24", false),
            ("dayOfWeek=0", false),
            ("dayOfMonth=31&month=2", false),
            ("second=[5-1]", false),
            ("second=1,,2", false),
            ("second=*", false),
            ("stream=true&initialRecordTime=yesterday", false),
            ("stream=true&GE_eventTime=2026-01-01T00%3A00%3A00Z", false),
        ] {
            assert_eq!(wish(Some(asked), Instant(0)).is_ok(), is_good, "{asked}");
        }
    }
}
