//! Documents too long to be dealt with before the answer: kept, worked off later, resumed after a death.

use crate::province::{Answer, As, Province, document, lot, made, now};
use axum::http::Method;
use base::Instant;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::jobs::Runner;

/// A document of more than a megabyte: `n` good events, and bad ones at the places given.
fn long(n: usize, bad: &[usize]) -> String {
    let pad = "p".repeat(1_500_000 / n);
    let events: Vec<Value> = (0..n)
        .map(|i| {
            let mut event = made(1, 1, &lot(&format!("L{i}")));
            event["ex:note"] = pad.as_str().into();
            if bad.contains(&i) {
                event["action"] = "EAT".into();
            }
            event
        })
        .collect();
    let mut document = document(&events);
    document["@context"] = json!([document["@context"][0], { "ex": "https://example.org/" }]);
    document.to_string()
}

async fn send(p: &Province, token: &str, behaviour: &str, body: String) -> Answer {
    let headers = [("content-type", "application/json"), ("gs1-capture-error-behaviour", behaviour)];
    let a = p.send(Method::POST, "/epcis/capture", &As::Token(token), &headers, body).await;
    assert_eq!(a.status, 202, "{}", a.text());
    a
}

async fn job(p: &Province, token: &str, a: &Answer) -> Value {
    p.get(a.header("location"), &As::Token(token)).await.json()
}

fn runner(p: &Province, holder: &str) -> Runner {
    web::background(&p.app, Runner::new(p.app.store.clone(), Arc::new(now), holder))
}

async fn stored(p: &Province) -> i64 {
    p.app.store.one("select count(*) as n from event", &[]).await.unwrap().int("n").unwrap()
}

#[tokio::test]
async fn a_long_document_is_answered_first_and_worked_off_afterwards() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let a = send(&p, &token, "rollback", long(3000, &[])).await;
    let waiting = job(&p, &token, &a).await;
    assert_eq!((&waiting["running"], &waiting["success"]), (&true.into(), &true.into()), "{waiting}");
    assert!(waiting.get("finishedAt").is_none(), "{waiting}");
    assert_eq!(stored(&p).await, 0);
    assert_eq!(runner(&p, "r").run_due().await.unwrap(), 1);
    let done = job(&p, &token, &a).await;
    assert_eq!((&done["running"], &done["success"]), (&false.into(), &true.into()), "{done}");
    assert_eq!((&done["events"], &done["stored"]), (&3000.into(), &3000.into()), "{done}");
    assert!(done["finishedAt"].is_string());
    // portions are no jobs of their own, and the index has followed
    assert_eq!(p.get("/epcis/capture", &As::Token(&token)).await.json().as_array().unwrap().len(), 1);
    assert_eq!(p.app.supply.index.position(), p.app.supply.last_position().await.unwrap());
    let xml = p
        .send(Method::GET, a.header("location"), &As::Token(&token), &[("accept", "application/xml")], "")
        .await;
    assert!(xml.text().contains("EPCISCaptureJob"), "{}", xml.text());
    assert_eq!(xml.header("content-type"), "application/xml");
}

#[tokio::test]
async fn rollback_leaves_nothing_and_proceed_exactly_the_good_events() {
    for (behaviour, kept) in [("rollback", 0), ("proceed", 2998)] {
        let p = Province::new().await;
        let token = p.token("firm1").await;
        let a = send(&p, &token, behaviour, long(3000, &[7, 2500])).await;
        runner(&p, "r").run_due().await.unwrap();
        let done = job(&p, &token, &a).await;
        assert_eq!((&done["running"], &done["success"]), (&false.into(), &false.into()), "{behaviour}");
        assert_eq!((&done["stored"], stored(&p).await), (&kept.into(), kept), "{behaviour}");
        let at: Vec<&str> =
            done["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(at, ["/epcisBody/eventList/7/action", "/epcisBody/eventList/2500/action"], "{behaviour}");
    }
}

#[tokio::test]
async fn a_job_whose_process_died_is_resumed_and_nothing_is_stored_twice() {
    for behaviour in ["rollback", "proceed"] {
        let p = Province::new().await;
        let token = p.token("firm1").await;
        let a = send(&p, &token, behaviour, long(6000, &[])).await;
        // the first runner dies in the middle: its task is cut off and its lease runs out
        let dying = runner(&p, "first");
        let cut = tokio::spawn(async move { dying.run_due().await });
        while behaviour == "proceed" && stored(&p).await == 0 {
            tokio::task::yield_now().await;
        }
        cut.abort();
        let _ = cut.await;
        static LATER: AtomicI64 = AtomicI64::new(0);
        LATER.store(now().plus_seconds(3600).0, Ordering::SeqCst);
        let clock = || Instant(LATER.load(Ordering::SeqCst));
        let second = web::background(&p.app, Runner::new(p.app.store.clone(), Arc::new(clock), "second"));
        second.run_due().await.unwrap();
        // whichever of the two was quicker: neither does what the other did
        let mut done = job(&p, &token, &a).await;
        while done["running"] == true {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            done = job(&p, &token, &a).await;
        }
        assert_eq!((&done["running"], &done["success"]), (&false.into(), &true.into()), "{done}");
        assert_eq!((&done["events"], stored(&p).await), (&6000.into(), 6000), "{behaviour}: {done}");
    }
}

#[tokio::test]
async fn a_job_of_an_account_that_is_gone_is_refused_and_says_so() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let a = send(&p, &token, "rollback", long(1000, &[])).await;
    let id = p.account("firm1");
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec("update account set status = 'suspended' where id = $1", &[id.into()]).await.unwrap();
    tx.commit().await.unwrap();
    runner(&p, "r").run_due().await.unwrap();
    let officer = p.token("officer").await;
    let done = job(&p, &officer, &a).await;
    assert_eq!((&done["running"], &done["stored"]), (&false.into(), &0.into()), "{done}");
    assert_eq!(done["errors"][0]["type"], "epcisException:SecurityException", "{done}");
}
