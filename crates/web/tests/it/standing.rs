//! Standing queries over real connections: webhooks signed, batched, retried and resumed; WebSockets; their end.

use crate::province::{As, Province, document, lot, made};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use web::outbound::Outbound;

const WAIT: Duration = Duration::from_secs(60);

/// Headers and body of one delivery.
type Message = (HeaderMap, Vec<u8>);

/// A receiver that keeps what it was sent, and answers as told.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<Message>>>,
    answer: Arc<AtomicU16>,
    most: Arc<AtomicUsize>,
}

impl Receiver {
    async fn listen(&self) -> String {
        let this = self.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let this = this.clone();
            async move {
                let events = lots_of(&body).len();
                if events > this.most.load(Ordering::SeqCst) {
                    return StatusCode::PAYLOAD_TOO_LARGE;
                }
                this.got.lock().unwrap().push((headers, body.to_vec()));
                StatusCode::from_u16(this.answer.load(Ordering::SeqCst)).unwrap()
            }
        };
        self.answer.store(200, Ordering::SeqCst);
        self.most.store(usize::MAX, Ordering::SeqCst);
        serve(Router::new().route("/hook", post(take))).await
    }

    fn messages(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        self.got.lock().unwrap().clone()
    }

    fn lots(&self) -> Vec<String> {
        self.messages().iter().flat_map(|(_, body)| lots_of(body)).collect()
    }
}

/// The lots of the events of a query document.
fn lots_of(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let list = body["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().cloned();
    list.unwrap_or_default()
        .iter()
        .map(|e| e["quantityList"][0]["epcClass"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect()
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{at}")
}

/// Waits for what happens elsewhere.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let limit = tokio::time::Instant::now() + WAIT;
    while !holds().await {
        assert!(tokio::time::Instant::now() < limit, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn capture(p: &Province, token: &str, names: &[&str]) {
    let events: Vec<Value> = names.iter().map(|n| made(1, 1, &lot(n))).collect();
    let a = p.post("/epcis/capture", &As::Token(token), &document(&events)).await;
    assert_eq!(a.status, 202, "{}", a.text());
}

async fn subscribe(p: &Province, token: &str, more: Value) -> Value {
    let query = json!({ "name": "q", "query": { "EQ_bizStep": ["commissioning"] } });
    p.post("/epcis/queries", &As::Token(token), &query).await;
    let a = p.post("/epcis/queries/q/subscriptions", &As::Token(token), &more).await;
    assert_eq!(a.status, 201, "{}", a.text());
    assert!(a.header("location").ends_with(a.json()["subscriptionID"].as_str().unwrap()));
    assert!(!a.text().contains("the secret"), "{}", a.text());
    a.json()
}

#[tokio::test]
async fn a_receiver_is_told_each_event_once_in_order_and_signed() {
    let p = Province::new().await;
    let (token, other) = (p.token("firm1").await, p.token("firm2").await);
    let receiver = Receiver::default();
    let dest = format!("{}/hook", receiver.listen().await);
    capture(&p, &token, &["BEFORE"]).await;
    // an event of before the subscription is recorded at the same instant of this standing clock: begin after it
    let s =
        subscribe(&p, &token, json!({ "dest": dest, "signatureToken": "the secret", "stream": true })).await;
    let id: base::Id = s["subscriptionID"].as_str().unwrap().parse().unwrap();
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec("update subscription set position = 1 where id = $1", &[id.into()]).await.unwrap();
    tx.commit().await.unwrap();
    let (stopper, stop) = watch::channel(false);
    let worker = tokio::spawn(web::deliver(p.app.clone(), stop));
    capture(&p, &token, &["A", "B"]).await;
    capture(&p, &token, &["C"]).await;
    until("three events", async || receiver.lots().len() >= 3).await;
    assert_eq!(receiver.lots(), ["A", "B", "C"]);
    let (headers, body) = receiver.messages()[0].clone();
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"the secret").unwrap();
    mac.update(&body);
    assert_eq!(headers["gs1-signature"].to_str().unwrap(), hex::encode(mac.finalize().into_bytes()));
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(message["epcisBody"]["queryResults"]["subscriptionID"], s["subscriptionID"]);
    let path = format!("/epcis/queries/q/subscriptions/{}", s["subscriptionID"].as_str().unwrap());
    until("the time of the last message", async || {
        p.get(&path, &As::Token(&token)).await.json()["lastNotifiedAt"].is_string()
    })
    .await;
    assert_eq!(p.get("/epcis/queries/q/subscriptions", &As::Token(&token)).await.json()[0]["stream"], true);
    let announced = p.send(Method::OPTIONS, &path, &As::Token(&token), &[], "").await;
    assert!(!announced.header("gs1-query-min-record-time").is_empty());
    assert_eq!(p.get(&path, &As::Token(&other)).await.status, 404, "a firm's own");
    // another process goes on where this one stopped
    stopper.send_replace(true);
    worker.await.unwrap();
    capture(&p, &token, &["D"]).await;
    let (stopper, stop) = watch::channel(false);
    let worker = tokio::spawn(web::deliver(p.app.clone(), stop));
    until("the event of the time between", async || receiver.lots().len() >= 4).await;
    assert_eq!(receiver.lots(), ["A", "B", "C", "D"]);
    let a = p.send(Method::DELETE, &path, &As::Token(&token), &[], "").await;
    assert_eq!(a.status, 204);
    assert_eq!(p.get(&path, &As::Token(&token)).await.status, 404);
    stopper.send_replace(true);
    worker.await.unwrap();
}

#[tokio::test]
async fn a_receiver_that_is_down_or_small_loses_nothing() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let receiver = Receiver::default();
    let dest = format!("{}/hook", receiver.listen().await);
    receiver.answer.store(503, Ordering::SeqCst);
    subscribe(&p, &token, json!({ "dest": dest, "stream": true })).await;
    capture(&p, &token, &["A", "B", "C", "D", "E"]).await;
    let (stopper, stop) = watch::channel(false);
    let worker = tokio::spawn(web::deliver(p.app.clone(), stop));
    let list = "/epcis/queries/q/subscriptions";
    until("the failure is on record", async || {
        p.get(list, &As::Token(&token)).await.json()[0]["failures"] == 1
    })
    .await;
    receiver.got.lock().unwrap().clear();
    receiver.answer.store(200, Ordering::SeqCst);
    receiver.most.store(2, Ordering::SeqCst);
    // the pause passes
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec("update subscription set run_at = 0", &[]).await.unwrap();
    tx.commit().await.unwrap();
    until("all events", async || receiver.lots().len() >= 5).await;
    assert_eq!(receiver.lots(), ["A", "B", "C", "D", "E"]);
    assert!(receiver.messages().iter().all(|(_, body)| lots_of(body).len() <= 2));
    stopper.send_replace(true);
    worker.await.unwrap();
}

#[tokio::test]
async fn a_subscription_is_either_a_stream_or_a_schedule_and_its_receiver_is_allowed() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let me = As::Token(&token);
    p.post("/epcis/queries", &me, &json!({ "name": "q", "query": {} })).await;
    for (body, kind) in [
        (json!({ "dest": "http://127.0.0.1:1/" }), "SubscriptionControlsException"),
        (
            json!({ "dest": "http://127.0.0.1:1/", "stream": true, "schedule": { "hour": "1" } }),
            "SubscriptionControlsException",
        ),
        (
            json!({ "dest": "http://127.0.0.1:1/", "schedule": { "hour": "25" } }),
            "SubscriptionControlsException",
        ),
        (json!({ "stream": true }), "ValidationException"),
        (json!({ "dest": "ftp://127.0.0.1/", "stream": true }), "ValidationException"),
        (json!({ "dest": "http://127.0.0.1:1/", "stream": "yes" }), "ValidationException"),
        (
            json!({ "dest": "http://127.0.0.1:1/", "stream": true, "initialRecordTime": "now" }),
            "ValidationException",
        ),
    ] {
        let a = p.post("/epcis/queries/q/subscriptions", &me, &body).await;
        assert_eq!((a.status.as_u16(), a.problem()), (400, format!("epcisException:{kind}")), "{body}");
    }
    let a = p.post("/epcis/queries/none/subscriptions", &me, &json!({})).await;
    assert_eq!(a.status, 404);
    let body = json!({ "dest": "http://127.0.0.1:1/", "reportIfEmpty": true, "schedule": { "hour": "1", "minute": "5" } });
    let made = subscribe(&p, &token, body).await;
    assert_eq!((&made["schedule"]["hour"], &made["reportIfEmpty"]), (&"1".into(), &true.into()), "{made}");
}

#[tokio::test]
async fn an_empty_schedule_is_reported_when_asked_for() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let receiver = Receiver::default();
    let dest = format!("{}/hook", receiver.listen().await);
    subscribe(&p, &token, json!({ "dest": dest, "reportIfEmpty": true, "schedule": { "minute": "0" } }))
        .await;
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec("update subscription set run_at = 0", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let (stopper, stop) = watch::channel(false);
    let worker = tokio::spawn(web::deliver(p.app.clone(), stop));
    until("an empty message", async || receiver.messages().len() == 1).await;
    assert!(receiver.lots().is_empty());
    stopper.send_replace(true);
    worker.await.unwrap();
}

#[tokio::test]
async fn a_socket_follows_its_query_until_the_query_is_deleted() {
    let p = Province::new().await;
    let (token, other) = (p.token("firm1").await, p.token("firm2").await);
    p.post("/epcis/queries", &As::Token(&token), &json!({ "name": "q", "query": { "EQ_action": ["ADD"] } }))
        .await;
    let at = serve(p.router.clone()).await.replace("http:", "ws:");
    let client = Outbound::new(Vec::new(), true);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let stream = format!("{at}/epcis/queries/q/events?stream=true");
    let (mut socket, reply) = client.socket(&stream, &headers, WAIT).await.unwrap();
    assert_eq!(reply.status, 101);
    assert!(!reply.header("gs1-query-min-record-time").is_empty());
    capture(&p, &token, &["A"]).await;
    let text = socket.next(WAIT).await.unwrap().unwrap();
    assert_eq!(lots_of(text.as_bytes()), ["A"]);
    // what the caller may not see does not come
    let foreign = made(2, 1, &lot("X"));
    p.post("/epcis/capture", &As::Token(&other), &document(&[foreign])).await;
    capture(&p, &token, &["B"]).await;
    let text = socket.next(WAIT).await.unwrap().unwrap();
    assert_eq!(lots_of(text.as_bytes()), ["B"]);
    assert!(
        client.socket(&format!("{at}/epcis/queries/q/events"), &headers, WAIT).await.is_err(),
        "no controls"
    );
    assert!(client.socket(&stream, &[], WAIT).await.is_err(), "nobody");
    p.send(Method::DELETE, "/epcis/queries/q", &As::Token(&token), &[], "").await;
    assert!(socket.next(WAIT).await.unwrap().is_none(), "closed");
}

#[tokio::test]
async fn a_socket_closes_once_the_account_is_suspended() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    p.post("/epcis/queries", &As::Token(&token), &json!({ "name": "q", "query": { "EQ_action": ["ADD"] } }))
        .await;
    let at = serve(p.router.clone()).await.replace("http:", "ws:");
    let client = Outbound::new(Vec::new(), true);
    let bearer = format!("Bearer {token}");
    let stream = format!("{at}/epcis/queries/q/events?stream=true");
    let (mut socket, _) = client.socket(&stream, &[("authorization", bearer.as_str())], WAIT).await.unwrap();
    capture(&p, &token, &["A"]).await;
    assert_eq!(lots_of(socket.next(WAIT).await.unwrap().unwrap().as_bytes()), ["A"]);
    let (admin, cx) = (p.principal("admin").await, p.cx("admin"));
    let mut tx = p.app.store.begin().await.unwrap();
    let firm = p.account("firm1");
    access::account::set_active(&mut tx, &cx, &p.app.access, &admin, firm, false).await.unwrap();
    tx.commit().await.unwrap();
    assert!(socket.next(WAIT).await.unwrap().is_none(), "closed");
}
