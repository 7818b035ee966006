//! REST v1: the loop by programs, repeated requests, judgement, receipts, the description.

use crate::province::{As, PASSWORD, Province, document, lot, made, now, site};
use axum::http::Method;
use serde_json::{Value, json};
use std::path::Path;

fn sample() -> Value {
    json!({
        "form_no": "XC26620102000001", "kind": "supervision", "food": "大米", "product_name": "虚构大米",
        "gtin": "06900000000014", "lot_no": "L1", "place": site(4), "place_name": "虚构经营者4",
        "produced": "2026-10-01", "sampled": "2026-11-20", "received": "2026-11-20", "arrival": crate::arrival(), "prepackaged": true, "region": "620102",
        "agency": "market", "laboratory": crate::province::LABORATORY,
    })
}

#[tokio::test]
async fn from_the_sampling_form_to_the_reported_shop() {
    let p = Province::new().await;
    let (officer, one, two) = (p.token("officer").await, p.token("lab1").await, p.token("lab2").await);
    let a = p.post("/api/v1/samples", &As::Token(&officer), &sample()).await;
    assert_eq!(a.status, 201, "{}", a.text());
    let path = a.header("location").to_owned();
    // the bench sees a blind sample, wherever it looks
    let (session, bench) = (p.session("lab1").await, path.replace("/api/v1/samples/", "/lab/samples/"));
    for seen in [
        "/api/v1/samples",
        &path,
        "/lab/samples",
        "/lab/samples?format=csv",
        "/lab/samples?sort=due",
        "/lab/samples?due=left&format=csv",
        "/lab/worksheet?format=csv",
        &bench,
    ] {
        let who = if seen.starts_with("/api") { As::Token(&one) } else { As::Session(&session, true) };
        let text = p.get(seen, &who).await.text();
        for word in ["XC26620102000001", "虚构大米", "虚构经营者4", "06900000000014", "620102"] {
            assert!(!text.contains(word), "{seen} shows {word}: {text}");
        }
    }
    let result =
        json!({ "analyte": "镉(以Cd计)", "reported": "0.36", "unit": "mg/kg", "method": "GB 5009.15-2023" });
    let a = p.post(&format!("{path}/results"), &As::Token(&one), &result).await;
    assert_eq!(a.status, 201, "{}", a.text());
    assert_eq!(a.json()[0]["verdicts"][0]["verdict"]["verdict"], "nonconform", "{}", a.text());
    let approval = json!({ "report_no": "R1" });
    let a = p.post(&format!("{path}/approve"), &As::Token(&one), &approval).await;
    assert_eq!(a.status, 403, "four eyes: {}", a.text());
    let a = p.post(&format!("{path}/approve"), &As::Token(&two), &approval).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let a = p.post(&format!("{path}/submit"), &As::Token(&two), &json!({})).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let matter = a.json()["nonconformity"]["matter"].as_str().unwrap().to_owned();

    let m = p.get(&format!("/api/v1/matters/{matter}"), &As::Token(&officer)).await.json();
    let launch = json!({ "version": m["version"], "form": {} });
    let step = format!("/api/v1/matters/{matter}/launch");
    let elsewhere = p.token("elsewhere").await;
    assert_eq!(p.post(&step, &As::Token(&elsewhere), &launch).await.status, 403);
    let a = p.post(&step, &As::Token(&officer), &launch).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let a = p.post(&step, &As::Token(&officer), &launch).await;
    assert_eq!(a.status, 409, "somebody was quicker: {}", a.text());

    let tasks = p.get("/api/v1/tasks?whose=all", &As::Token(&officer)).await.json();
    let task = tasks["rows"].as_array().unwrap().iter().find(|t| t["items_total"] == 2).unwrap();
    let task = p
        .get(
            &format!("/api/v1/tasks/{}", task["line"]["id"].as_str().or(task["id"].as_str()).unwrap()),
            &As::Token(&officer),
        )
        .await
        .json();
    let item = &task["items"][0];
    let report = format!("/api/v1/task-items/{}/report", item["id"].as_str().unwrap());
    let bad = p.post(&report, &As::Token(&officer), &json!({ "version": item["version"], "form": {} })).await;
    assert_eq!(bad.status, 422, "{}", bad.text());
    assert!(
        !bad.json()["errors"].as_array().unwrap().is_empty(),
        "every missing field is named: {}",
        bad.text()
    );
    let form = json!({ "outcome": "open", "found": "30", "recovered": "25", "sold": "5" });
    let a = p.post(&report, &As::Token(&officer), &json!({ "version": item["version"], "form": form })).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let picture = p.get("/api/v1/situation?region=62", &As::Token(&officer)).await.json();
    assert_eq!(
        (&picture["total"]["places"], &picture["total"]["reached"]),
        (&2.into(), &1.into()),
        "{picture}"
    );

    // a notice is published by somebody else than who drafted it
    let m = p.get(&format!("/api/v1/matters/{matter}"), &As::Token(&officer)).await.json();
    let draft = &m["documents"][0];
    let publish = format!("/api/v1/documents/{}/publish", draft["id"].as_str().unwrap());
    let desk = p.token("desk").await;
    let version = json!({ "version": draft["version"] });
    assert_eq!(p.post(&publish, &As::Token(&officer), &version).await.status, 403);
    let a = p.post(&publish, &As::Token(&desk), &version).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let notices = p.get("/api/v1/notices", &As::Nobody).await.json();
    assert_eq!(notices["rows"].as_array().unwrap().len(), 1, "{notices}");
    let page = p.get(a.header("location"), &As::Nobody).await;
    assert_eq!(page.status, 200);
    assert!(page.body.len() < 100_000, "{} bytes", page.body.len());
}

#[tokio::test]
async fn a_repeat_under_the_same_key_gets_the_same_answer() {
    let p = Province::new().await;
    let officer = p.token("officer").await;
    let keyed = |key: &'static str| [("content-type", "application/json"), ("idempotency-key", key)];
    let body = sample().to_string();
    let send = |key, body: String| {
        let (p, officer) = (&p, &officer);
        async move { p.send(Method::POST, "/api/v1/samples", &As::Token(officer), &keyed(key), body).await }
    };
    let first = send("k1", body.clone()).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let second = send("k1", body.clone()).await;
    assert_eq!((second.status, second.json()["id"].clone()), (first.status, first.json()["id"].clone()));
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(second.header("idempotency-replayed"), "true");
    let other = send("k1", body.replace("虚构大米", "别的大米")).await;
    assert_eq!(other.status, 422, "one key, one request: {}", other.text());
    let again = send("k2", body).await;
    assert!(again.status.is_client_error(), "the form number is taken: {}", again.text());
    let list = p.get("/api/v1/samples", &As::Token(&officer)).await.json();
    assert_eq!(list["rows"].as_array().unwrap().len(), 1);
    // a refused write does not use up its key
    let mut wrong = sample();
    wrong["form_no"] = "".into();
    assert!(send("k3", wrong.to_string()).await.status.is_client_error());
    let mut right = sample();
    right["form_no"] = "XC26620102000003".into();
    assert_eq!(send("k3", right.to_string()).await.status, 201);
}

#[tokio::test]
async fn anybody_may_ask_what_a_limit_is() {
    let p = Province::new().await;
    let query = "food=%E5%A4%A7%E7%B1%B3&analyte=%E9%95%89&value=0.25&unit=mg/kg&date=2026-11-21";
    let a = p.get(&format!("/api/v1/limits/judge?{query}"), &As::Nobody).await;
    assert_eq!((a.status.as_u16(), &a.json()["verdict"]), (200, &"nonconform".into()), "{}", a.text());
    let missing = p.get("/api/v1/limits/judge?food=x", &As::Nobody).await;
    assert_eq!((missing.status.as_u16(), &missing.json()["field"]), (422, &"analyte".into()));
    let case = json!({ "id": "1", "food": "大米", "analyte": "镉", "value": "0.1", "unit": "mg/kg", "date": "2026-11-21" });
    let a =
        p.post("/api/v1/limits/judge", &As::Nobody, &json!({ "cases": [case.clone(), case.clone()] })).await;
    assert_eq!(a.json()["verdicts"][1]["verdict"], "conform", "{}", a.text());
    let many = p.post("/api/v1/limits/judge", &As::Nobody, &json!({ "cases": vec![case; 1001] })).await;
    assert_eq!(many.status, 422);
}

#[tokio::test]
async fn the_feed_follows_the_log_and_an_event_has_a_receipt() {
    let p = Province::new().await;
    let firm = p.token("firm1").await;
    p.post("/epcis/capture", &As::Token(&firm), &document(&[made(1, 1, &lot("A"))])).await;
    let page = p
        .app
        .supply
        .events(&access::testing::firm(base::Id(1)), now(), &supply::EventFilter::default())
        .await
        .unwrap();
    let receipt = format!("/api/v1/events/{}/receipt", page.rows[0].id);
    assert_eq!(p.get(&receipt, &As::Token(&firm)).await.status, 409, "not sequenced yet");
    p.sequence().await;
    let a = p.get(&receipt, &As::Token(&firm)).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let proof: ledger::Receipt = serde_json::from_slice(&a.body).unwrap();
    assert!(ledger::verify_receipt(&proof, None).is_ok());
    let other = p.token("firm2").await;
    assert_eq!(p.get(&receipt, &As::Token(&other)).await.status, 404);

    let leader = p.token("leader").await;
    let mut after = -1;
    let mut seen = Vec::new();
    loop {
        let feed = p.get(&format!("/api/v1/journal?after={after}&limit=3"), &As::Token(&leader)).await.json();
        seen.extend(feed["entries"].as_array().unwrap().iter().map(|e| e["position"].as_i64().unwrap()));
        match feed["next"].as_i64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(!seen.is_empty() && seen.is_sorted_by(|a, b| a < b), "{seen:?}");
}

#[tokio::test]
async fn lots_and_scope_are_for_those_who_may_trace() {
    let p = Province::new().await;
    let (one, two, officer) = (p.token("firm1").await, p.token("firm2").await, p.token("officer").await);
    p.post("/epcis/capture", &As::Token(&one), &document(&[made(1, 1, &lot("A"))])).await;
    let item = lot("A").replace(':', "%3A").replace('/', "%2F");
    for (who, lots, scope) in [(&one, 200, 403), (&two, 404, 403), (&officer, 200, 200)] {
        let a = p.get(&format!("/api/v1/lots?item={item}"), &As::Token(who)).await;
        assert_eq!(a.status, lots, "{}", a.text());
        let a = p.get(&format!("/api/v1/scope?item={item}"), &As::Token(who)).await;
        assert_eq!(a.status, scope, "{}", a.text());
    }
}

#[tokio::test]
async fn an_attachment_is_kept_under_its_hash() {
    let p = Province::new().await;
    let token = p.token("officer").await;
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 64]].concat();
    let send = |body: Vec<u8>| {
        let (p, token) = (&p, &token);
        async move { p.send(Method::POST, "/api/v1/attachments", &As::Token(token), &[], body).await }
    };
    let a = send(png.clone()).await;
    assert_eq!((a.status.as_u16(), &a.json()["media_type"]), (201, &"image/png".into()), "{}", a.text());
    assert_eq!(send(png).await.json()["sha256"], a.json()["sha256"]);
    assert_eq!(send(b"#!/bin/sh".to_vec()).await.status, 422);
}

#[tokio::test]
async fn tokens_are_made_by_people_and_die_at_once() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    let new = json!({ "name": "ERP", "password": PASSWORD, "days": 30 });
    let mut guessed = new.clone();
    guessed["password"] = json!("not the password");
    assert_eq!(
        p.post("/api/v1/tokens", &As::Session(&session, true), &guessed).await.status,
        422,
        "a session alone makes none"
    );
    assert_eq!(p.post("/api/v1/tokens", &As::Session(&session, false), &new).await.status, 403);
    let a = p.post("/api/v1/tokens", &As::Session(&session, true), &new).await;
    assert_eq!(a.status, 201, "{}", a.text());
    let (id, token) =
        (a.json()["id"].as_str().unwrap().to_owned(), a.json()["token"].as_str().unwrap().to_owned());
    assert_eq!(
        p.post("/api/v1/tokens", &As::Token(&token), &new).await.status,
        403,
        "a token makes no token"
    );
    assert_eq!(p.get("/api/v1/tokens", &As::Token(&token)).await.json()[0]["name"], "ERP");
    let other = p.token("firm2").await;
    let path = format!("/api/v1/tokens/{id}");
    assert_eq!(p.send(Method::DELETE, &path, &As::Token(&other), &[], "").await.status, 403);
    assert_eq!(p.send(Method::DELETE, &path, &As::Token(&token), &[], "").await.status, 204);
    assert_eq!(p.get("/api/v1/tokens", &As::Token(&token)).await.status, 401);
}

#[tokio::test]
async fn a_year_that_is_none_has_no_samples_and_breaks_nothing() {
    let p = Province::new().await;
    for year in ["9999", "32767", "-32768", "0"] {
        let a = p.get(&format!("/api/v1/sampling/per-thousand?year={year}"), &As::Nobody).await;
        assert_eq!(a.status, 200, "{year}: {}", a.text());
        let rows = a.json()["rows"].as_array().unwrap().clone();
        assert!(rows.iter().all(|r| r["reported"] == 0), "{year}: {rows:?}");
    }
}

#[tokio::test]
async fn the_description_is_the_committed_one() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&kept, web::openapi()).unwrap();
    }
    let text = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        text == web::openapi(),
        "openapi.json is out of date: UPDATE_OPENAPI=1 cargo nextest run -p web description, then look at the change"
    );
    let p = Province::new().await;
    let a = p.get("/api/openapi.json", &As::Nobody).await;
    assert_eq!(a.text(), text);
    assert_eq!(a.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn everything_described_is_routed_and_asks_for_its_right() {
    let p = Province::new().await;
    let described: Value = serde_json::from_str(web::openapi()).unwrap();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let public = operation["security"] == json!([{}]);
            let step = |part: &str| match part {
                "{id}" => "01J8ZK3M0P5Q7R".to_owned(),
                "{step}" => "launch".to_owned(),
                part if part.starts_with('{') => "x".to_owned(),
                part => part.to_owned(),
            };
            let at = path.split('/').map(step).collect::<Vec<_>>().join("/");
            let verb: Method = method.to_uppercase().parse().unwrap();
            let a = p.send(verb, &at, &As::Nobody, &[("content-type", "application/json")], "{}").await;
            assert!(!matches!(a.status.as_u16(), 404 | 405), "{method} {path}: {}", a.status);
            assert_eq!(a.status == 401, !public, "{method} {path}: {}", a.status);
            let right = operation["description"].as_str().unwrap();
            assert!(right.contains("Right: "), "{method} {path} names its right");
        }
    }
}

#[tokio::test]
async fn a_sample_is_received_by_the_check_on_arrival_alone_whichever_way_it_comes() {
    let p = Province::new().await;
    let (officer, one) = (p.token("officer").await, p.token("lab1").await);
    let mut unchecked = sample();
    unchecked.as_object_mut().unwrap().remove("arrival");
    let refused = p.post("/api/v1/samples", &As::Token(&officer), &unchecked).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("收样须逐项验收"), "{}", refused.text());
    let mut broken = sample();
    broken["arrival"]["checks"]["seal"] = json!(false);
    let mute = p.post("/api/v1/samples", &As::Token(&officer), &broken).await;
    assert_eq!(mute.status, 422, "a refusal says its reason: {}", mute.text());
    broken["arrival"]["note"] = json!("封条破损");
    let made = p.post("/api/v1/samples", &As::Token(&officer), &broken).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["state"], "refused");
    // registered first, checked in by the laboratory then
    let mut later = sample();
    later["form_no"] = json!("XC26620102000002");
    later.as_object_mut().unwrap().retain(|name, _| name != "arrival" && name != "received");
    let made = p.post("/api/v1/samples", &As::Token(&officer), &later).await;
    let path = made.header("location").to_owned();
    let results = json!({ "analyte": "铅(以Pb计)", "reported": "0.1", "unit": "mg/kg" });
    let early = p.post(&format!("{path}/results"), &As::Token(&one), &results).await;
    assert_eq!(early.status, 409, "{}", early.text());
    let half =
        p.post(&format!("{path}/check-in"), &As::Token(&one), &json!({ "checks": { "seal": true } })).await;
    assert_eq!(half.status, 422, "every check is answered: {}", half.text());
    let whole = p.post(&format!("{path}/check-in"), &As::Token(&one), &crate::arrival()).await;
    assert_eq!(whole.json()["state"].as_str(), Some("received"), "{}", whole.text());
    // the page has no other way in
    let session = p.session("lab1").await;
    let bench = path.replace("/api/v1/samples/", "/lab/samples/");
    let page = p.get(&bench, &As::Session(&session, true)).await.text();
    assert!(!page.contains("/receive\""), "{page}");
}
