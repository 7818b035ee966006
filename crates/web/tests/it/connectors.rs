//! Two servers: one fetches from the other and gives to it; nothing comes twice, and a turn that failed is made up for.

use crate::province::{As, Province, lot, made};
use crate::service::capture;
use axum::http::Method;
use serde_json::Value;
use supply::{Direction, NewConnector};

/// Serves a province on this machine; the address of its EPCIS binding.
async fn served(p: &Province) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = p.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/epcis")
}

fn events(answer: &Value) -> usize {
    answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().len()
}

async fn connect(p: &Province, login: &str, direction: Direction, url: &str, secret: &str) {
    let cx = p.cx(login);
    let who = p.principal(login).await;
    let new = NewConnector {
        name: format!("{} {login}", direction.word()),
        direction,
        url: url.to_owned(),
        query: String::new(),
        secret: Some(secret.to_owned()),
        every: 10,
        since: None,
    };
    p.app.supply.create_connector(&cx, &who, &new).await.unwrap();
}

#[tokio::test]
async fn events_are_fetched_once_in_order_and_a_failed_turn_is_made_up_for() {
    let (here, there) = (Province::running().await, Province::running().await);
    let (one, officer) = (there.token("firm1").await, here.token("officer").await);
    let url = served(&there).await;
    capture(&there, &one, &[made(1, 1, &lot("A")), made(1, 2, &lot("B"))]).await;
    let secret = there.token("officer").await;
    connect(&here, "officer", Direction::Pull, &url, &secret).await;

    let turns = web::connect_due(&here.app, "test").await;
    assert_eq!(turns.len(), 1, "a turn is due once");
    let (_, tally, failed) = &turns[0];
    assert_eq!((tally.stored, tally.duplicates, *failed), (2, 0, false), "{tally:?}");
    assert_eq!(events(&here.get("/epcis/events", &As::Token(&officer)).await.json()), 2);
    assert!(web::connect_due(&here.app, "test").await.is_empty(), "not before its time");

    // what is new comes; what was there is known by its hash
    capture(&there, &one, &[made(1, 3, &lot("C"))]).await;
    due(&here).await;
    let turns = web::connect_due(&here.app, "test").await;
    assert_eq!((turns[0].1.stored, turns[0].2), (1, false), "{turns:?}");
    assert_eq!(events(&here.get("/epcis/events", &As::Token(&officer)).await.json()), 3);

    // a token that is not good: the failure is told, the pause grows, and nothing is lost when it is mended
    connect(&here, "desk", Direction::Pull, &url, "shian_wrong").await;
    let turns = web::connect_due(&here.app, "test").await;
    assert!(turns[0].2 && turns[0].1.problem.as_deref().unwrap().contains("401"), "{turns:?}");
    let found = here.app.supply.connectors(&here.principal("desk").await, here.app.now()).await.unwrap();
    assert_eq!((found.len(), found[0].failures), (1, 1), "everybody sees the own ones");
}

#[tokio::test]
async fn a_record_time_that_runs_ahead_takes_no_connector_past_what_is_still_to_come() {
    let (here, there) = (Province::running().await, Province::running().await);
    let one = there.token("firm1").await;
    capture(&there, &one, &[made(1, 1, &lot("A"))]).await;
    let reader = there.token("officer").await;
    let mut page = there.get("/epcis/events", &As::Token(&reader)).await.json();
    page["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0]["recordTime"] =
        "2099-01-01T00:00:00Z".into();
    let answer = ([("content-type", "application/json")], page.to_string());
    let router = axum::Router::new()
        .route("/epcis/events", axum::routing::get(move || std::future::ready(answer.clone())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/epcis", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    connect(&here, "officer", Direction::Pull, &url, "").await;
    let turns = web::connect_due(&here.app, "test").await;
    assert_eq!((turns[0].1.stored, turns[0].2), (1, false), "{turns:?}");
    let found = here.app.supply.connectors(&here.principal("officer").await, here.app.now()).await.unwrap();
    assert!(found[0].since <= here.app.now(), "{:?}", found[0].since);
}

#[tokio::test]
async fn events_are_given_once_and_a_second_process_leaves_a_leased_turn_alone() {
    let (here, there) = (Province::running().await, Province::running().await);
    let (one, officer) = (here.token("firm1").await, there.token("officer").await);
    let url = served(&there).await;
    capture(&here, &one, &[made(1, 1, &lot("A")), made(1, 2, &lot("B"))]).await;
    let secret = there.token("firm1").await;
    connect(&here, "firm1", Direction::Push, &url, &secret).await;
    let leased = here.app.supply.claim_turn("first", here.app.now()).await.unwrap();
    assert!(
        leased.is_some() && here.app.supply.claim_turn("second", here.app.now()).await.unwrap().is_none()
    );
    due(&here).await;

    let turns = web::connect_due(&here.app, "test").await;
    assert_eq!((turns[0].1.events, turns[0].1.refused, turns[0].2), (2, 0, false), "{turns:?}");
    assert_eq!(events(&there.get("/epcis/events", &As::Token(&officer)).await.json()), 2);
    capture(&here, &one, &[made(1, 3, &lot("C"))]).await;
    due(&here).await;
    let turns = web::connect_due(&here.app, "test").await;
    assert_eq!(turns[0].1.events, 1, "only what is new: {turns:?}");
    // the receiver is full for a message of several: it is sent in smaller ones later; a turn without news sends nothing
    due(&here).await;
    assert_eq!(web::connect_due(&here.app, "test").await[0].1.events, 0);

    // the page tells the firm of its connector, and the firm may end it
    let session = here.session("firm1").await;
    let page = here.get("/desk/connectors", &As::Session(&session, true)).await;
    assert!(page.status == 200 && page.text().contains("push firm1"), "{}", page.text());
    let other = here.session("firm2").await;
    assert!(!here.get("/desk/connectors", &As::Session(&other, true)).await.text().contains("push firm1"));
    let who = here.principal("firm1").await;
    let c = here.app.supply.connectors(&who, here.app.now()).await.unwrap().swap_remove(0);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("csrf={}&version={}", access::csrf_token(&session), c.version);
    let at = format!("/desk/connectors/{}/remove", c.id);
    let gone = here.send(Method::POST, &at, &As::Session(&session, true), &form, body).await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    assert!(web::connect_due(&here.app, "test").await.is_empty());
}

#[tokio::test]
async fn programs_make_change_pause_and_remove_connectors_with_the_rights_of_the_pages() {
    let p = Province::running().await;
    let (one, two, admin) = (p.token("firm1").await, p.token("firm2").await, p.token("officer").await);
    let json = [("content-type", "application/json")];
    let send = async |token: &str, at: &str, body: Value| {
        p.send(Method::POST, at, &As::Token(token), &json, body.to_string()).await
    };
    let new = serde_json::json!({ "name": "a", "direction": "push", "url": "http://127.0.0.1:9/epcis", "secret": "s" });
    let made = send(&one, "/api/v1/connectors", new.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let at = made.header("location").to_owned();
    let made = made.json();
    assert!(made["has_secret"] == true && made["active"] == true && !made.to_string().contains("\"s\""));
    for (token, body, field) in [
        (&one, new.clone(), "name"),
        (
            &one,
            serde_json::json!({ "name": "b", "direction": "across", "url": "http://127.0.0.1:9" }),
            "direction",
        ),
        (
            &one,
            serde_json::json!({ "name": "b", "direction": "push", "url": "http://127.0.0.1:9", "every": 1 }),
            "every",
        ),
        (
            &one,
            serde_json::json!({ "name": "b", "direction": "push", "url": "http://127.0.0.1:9", "since": "soon" }),
            "since",
        ),
    ] {
        let refused = send(token, "/api/v1/connectors", body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some(field)));
    }
    let of = async |token: &str| {
        p.get("/api/v1/connectors?direction=push", &As::Token(token)).await.json()["rows"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((of(&one).await, of(&two).await, of(&admin).await), (1, 0, 0), "the own ones");
    assert_eq!(p.get(&at, &As::Token(&two)).await.status, 404);
    assert_eq!(send(&two, &format!("{at}/pause"), serde_json::json!({ "version": 1 })).await.status, 404);
    // the token is not sent to another address unless it is given again
    let elsewhere = serde_json::json!({ "version": 1, "url": "http://127.0.0.1:8/epcis" });
    let refused = send(&one, &at, elsewhere).await;
    assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (422, Some("secret")));
    let changed = send(
        &one,
        &at,
        serde_json::json!({ "version": 1, "url": "http://127.0.0.1:8/epcis", "secret": "", "every": 60 }),
    )
    .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!(
        (&changed["every"], &changed["has_secret"], &changed["name"]),
        (&60.into(), &false.into(), &"a".into())
    );
    assert_eq!(
        send(&one, &at, serde_json::json!({ "version": 1, "every": 90 })).await.status,
        409,
        "read before the change"
    );
    let paused = send(&one, &format!("{at}/pause"), serde_json::json!({ "version": 2 })).await.json();
    assert_eq!(paused["active"], false);
    let resumed = send(&one, &format!("{at}/resume"), serde_json::json!({ "version": 3 })).await.json();
    assert_eq!(resumed["active"], true);
    let state = p.get(&at, &As::Token(&one)).await.json();
    assert_eq!((&state["connector"]["version"], &state["turns"]), (&4.into(), &serde_json::json!([])));
    let gone = p.send(Method::DELETE, &format!("{at}?version=4"), &As::Token(&one), &[], "").await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(of(&one).await, 0);
}

#[tokio::test]
async fn a_mirror_proves_every_entry_of_the_feed_against_the_signed_head() {
    let p = Province::new().await;
    let one = p.token("firm1").await;
    capture(&p, &one, &[made(1, 1, &lot("A"))]).await;
    p.sequence().await;
    let officer = p.token("officer").await;
    let feed = p.get("/api/v1/journal/feed?after=-1&limit=3", &As::Token(&officer)).await.json();
    let rows = feed["entries"].as_array().unwrap();
    assert!(!rows.is_empty(), "{feed}");
    let root =
        ledger::note::open(feed["checkpoint"].as_str().unwrap(), feed["key"].as_str().unwrap()).unwrap();
    for row in rows {
        let hash = |v: &Value| <[u8; 32]>::try_from(hex::decode(v.as_str().unwrap()).unwrap()).unwrap();
        let proof: Vec<[u8; 32]> = row["proof"].as_array().unwrap().iter().map(hash).collect();
        let (index, leaf) = (row["position"].as_u64().unwrap(), hash(&row["leaf"]));
        assert!(ledger::merkle::verify_inclusion(&leaf, index, root.size, &proof, &root.root), "{row}");
        if let Some(entry) = row["entry"].as_str() {
            assert_eq!(ledger::merkle::leaf_hash(entry.as_bytes()), leaf, "the leaf is of the very bytes");
        }
    }
    let after = feed["next"].as_i64().unwrap();
    let rest = p.get(&format!("/api/v1/journal/feed?after={after}"), &As::Token(&officer)).await.json();
    assert!(rest["entries"].as_array().unwrap().iter().all(|e| e["position"].as_i64().unwrap() > after));
}

/// Makes every connector due now.
async fn due(p: &Province) {
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec("update connector set run_at = 0, busy_until = 0", &[]).await.unwrap();
    tx.commit().await.unwrap();
}
