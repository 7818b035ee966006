//! The EPCIS bindings: statuses, headers, negotiation, limits, paging, rights.

use crate::province::{Answer, As, Province, document, lot, made, site};
use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn capture(p: &Province, token: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    p.send(Method::POST, "/epcis/capture", &As::Token(token), headers, body).await
}

fn events(a: &Answer) -> Vec<Value> {
    a.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_capture_is_accepted_once_and_a_repeat_stores_nothing() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let body = document(&[made(1, 1, &lot("A")), made(1, 2, &lot("B"))]).to_string();
    for (stored, duplicates) in [(2, 0), (0, 2)] {
        let a = capture(&p, &token, &[JSON], body.clone()).await;
        assert_eq!(a.status, 202, "{}", a.text());
        let job = p.get(a.header("location"), &As::Token(&token)).await.json();
        assert_eq!((&job["stored"], &job["duplicates"]), (&stored.into(), &duplicates.into()), "{job}");
    }
    let jobs = p.get("/epcis/capture?perPage=1", &As::Token(&token)).await;
    assert_eq!(jobs.json().as_array().unwrap().len(), 1);
    let link = jobs.header("link").to_owned();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    assert_eq!(p.get(next, &As::Token(&token)).await.json()[0]["stored"], 2);
    assert!(!jobs.header("gs1-next-page-token-expires").is_empty());
}

#[tokio::test]
async fn one_event_is_created_and_a_second_time_exists() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let mut event = made(1, 3, &lot("C"));
    event["@context"] = json!(["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", { "ex": "https://example.org/" }]);
    event["ex:shift"] = "night".into();
    let a = p.post("/epcis/events", &As::Token(&token), &event).await;
    assert_eq!(a.status, 201, "{}", a.text());
    assert_eq!(a.json()["ex:shift"], "night");
    let again = p.post("/epcis/events", &As::Token(&token), &event).await;
    assert_eq!(
        (again.status.as_u16(), again.problem().as_str()),
        (409, "epcisException:ResourceAlreadyExistsException")
    );
    let one = p.get(a.header("location"), &As::Token(&token)).await;
    assert_eq!(one.status, 200, "{}", one.text());
    let event = &events(&one)[0];
    assert!(event["eventID"].as_str().unwrap().starts_with("ni:///sha-256;"));
    // what was answered is itself a valid document
    let read = epcis::json::read_document(&one.body, epcis::Limits::default()).unwrap();
    assert_eq!(read.events[0].context().namespace("ex"), Some("https://example.org/"), "{}", one.text());
    let plain = event["eventID"].as_str().unwrap();
    assert_eq!(
        p.get(&format!("/epcis/events/{plain}"), &As::Token(&token)).await.status,
        200,
        "unencoded id"
    );
}

#[tokio::test]
async fn queries_filter_and_page() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let all: Vec<Value> = (1..=5).map(|d| made(1, d, &lot(&format!("Q{d}")))).collect();
    assert_eq!(capture(&p, &token, &[JSON], document(&all).to_string()).await.status, 202);
    let encoded = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    let (place, item) = (encoded(&site(1)), encoded(&lot("Q4")));
    for (query, count) in [
        (String::new(), 5),
        ("?eventType=ObjectEvent&EQ_action=ADD".to_owned(), 5),
        ("?eventType=AggregationEvent".to_owned(), 0),
        ("?GE_eventTime=2026-11-02T00:00:00%2B08:00&LT_eventTime=2026-11-04T00:00:00%2B08:00".to_owned(), 2),
        ("?EQ_bizStep=commissioning".to_owned(), 5),
        (format!("?EQ_readPoint={place}"), 5),
        (format!("?EQ_bizLocation={place}"), 5),
        (format!("?MATCH_anyEPCClass={item}"), 1),
    ] {
        let a = p.get(&format!("/epcis/events{query}"), &As::Token(&token)).await;
        assert_eq!(events(&a).len(), count, "{query}");
    }
    let mut path = "/epcis/events?perPage=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let a = p.get(&path, &As::Token(&token)).await;
        seen.extend(events(&a).iter().map(|e| e["eventTime"].as_str().unwrap().to_owned()));
        let Some(next) = a.header("link").strip_prefix('<') else { break };
        path = next.split('>').next().unwrap().to_owned();
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    let a = p.get("/epcis/events?EQ_colour=red", &As::Token(&token)).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (400, "epcisException:QueryParameterException"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let good = document(&[made(1, 1, &lot("A"))]).to_string();
    let gbk = b"{\"type\":\"\xca\xb3\xc6\xb7\"}".to_vec();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, Vec<u8>, u16, &str); 9] = [
        (&[("content-type", "text/plain")], good.clone().into(), 415, "UnsupportedMediaTypeException"),
        (&[], good.clone().into(), 415, "UnsupportedMediaTypeException"),
        (
            &[("content-type", "application/json; charset=gbk")],
            gbk.clone(),
            415,
            "UnsupportedMediaTypeException",
        ),
        (&[JSON, ("content-encoding", "gzip")], good.clone().into(), 415, "UnsupportedMediaTypeException"),
        (&[JSON, ("accept", "text/html")], good.clone().into(), 406, "NotAcceptableException"),
        (&[JSON], gbk, 400, "ValidationException"),
        (&[JSON], utf16, 400, "ValidationException"),
        (&[JSON], b"{\"type\":\"EPCISDocument\"".to_vec(), 400, "ValidationException"),
        (&[JSON, ("gs1-capture-error-behaviour", "ignore")], good.into(), 400, "ValidationException"),
    ];
    for (headers, body, status, kind) in cases {
        let a = capture(&p, &token, headers, body).await;
        assert_eq!(a.status, status, "{headers:?} {}", a.text());
        assert_eq!(a.problem(), format!("epcisException:{kind}"), "{headers:?}");
    }
    let a = p
        .send(Method::GET, "/epcis/events", &As::Token(&token), &[("accept", "image/png")], Body::empty())
        .await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (406, "epcisException:NotAcceptableException"));
}

#[tokio::test]
async fn too_much_at_once_is_refused_with_the_limits() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let long = (p.app.supply.upload + 1).to_string();
    let a = capture(&p, &token, &[JSON, ("content-length", &long)], "{}").await;
    assert_eq!(
        (a.status.as_u16(), a.problem().as_str()),
        (413, "epcisException:CaptureLimitExceededException")
    );
    assert_eq!(a.header("gs1-epcis-capture-limit"), p.app.supply.limits.events.to_string());
    assert_eq!(a.header("gs1-epcis-capture-file-size-limit"), p.app.supply.upload.to_string());
}

#[tokio::test]
async fn with_proceed_the_good_events_stay() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let mut bad = made(1, 2, &lot("B"));
    bad["action"] = "EAT".into();
    let body = document(&[made(1, 1, &lot("A")), bad]).to_string();
    let a = capture(&p, &token, &[JSON], body.clone()).await;
    assert_eq!(a.status, 202, "what is wrong with an event stands in the job");
    let job = p.get(a.header("location"), &As::Token(&token)).await.json();
    assert_eq!((&job["success"], &job["stored"]), (&false.into(), &0.into()), "rollback unless said: {job}");
    assert_eq!(job["errors"][0]["pointer"], "/epcisBody/eventList/1/action", "{job}");
    let a = capture(&p, &token, &[JSON, ("gs1-capture-error-behaviour", "proceed")], body).await;
    assert_eq!(a.status, 202, "{}", a.text());
    let job = p.get(a.header("location"), &As::Token(&token)).await.json();
    assert_eq!((&job["success"], &job["stored"]), (&false.into(), &1.into()), "{job}");
    assert_eq!(job["captureErrorBehaviour"], "proceed");
    assert!(!job["errors"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn discovery_names_versions_and_limits() {
    let p = Province::new().await;
    let a = p.send(Method::OPTIONS, "/epcis/capture", &As::Nobody, &[], Body::empty()).await;
    assert_eq!(a.status, 204);
    for (name, value) in [
        ("gs1-epcis-version", "2.0.0"),
        ("gs1-epcis-min", "2.0.0"),
        ("gs1-epcis-max", "2.0.0"),
        ("gs1-cbv-version", "2.0.0"),
        ("gs1-capture-error-behaviour", "all"),
        ("allow", "OPTIONS, POST, GET"),
    ] {
        assert_eq!(a.header(name), value, "{name}");
    }
    assert!(!a.header("gs1-epcis-capture-limit").is_empty());
}

#[tokio::test]
async fn who_may_capture_and_see() {
    let p = Province::new().await;
    let (one, two) = (p.token("firm1").await, p.token("firm2").await);
    let body = document(&[made(1, 1, &lot("A"))]);
    let a = p.post("/epcis/capture", &As::Nobody, &body).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (401, "epcisException:SecurityException"));
    assert_eq!(a.header("www-authenticate"), "Bearer");
    let a = p.post("/epcis/capture", &As::Token("shian_forged"), &body).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (401, "epcisException:SecurityException"));
    let lab = p.token("lab1").await;
    let a = p.post("/epcis/capture", &As::Token(&lab), &body).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (403, "epcisException:SecurityException"));
    // a firm speaks for its own places only
    let a = p.post("/epcis/capture", &As::Token(&two), &body).await;
    let job = p.get(a.header("location"), &As::Token(&two)).await.json();
    assert_eq!(
        (a.status.as_u16(), &job["stored"], &job["errors"][0]["type"]),
        (202, &0.into(), &"epcisException:SecurityException".into()),
        "{job}"
    );
    let a = p.post("/epcis/capture", &As::Token(&one), &body).await;
    assert_eq!(a.status, 202);
    let job = a.header("location").to_owned();
    // and another firm sees neither the job nor the events
    assert_eq!(p.get(&job, &As::Token(&two)).await.problem(), "epcisException:NoSuchNameException");
    assert!(events(&p.get("/epcis/events", &As::Token(&two)).await).is_empty());
    let mine = events(&p.get("/epcis/events", &As::Token(&one)).await);
    let id = mine[0]["eventID"].as_str().unwrap();
    assert_eq!(p.get(&format!("/epcis/events/{id}"), &As::Token(&two)).await.status, 404);
    // the officer of the county does
    let officer = p.token("officer").await;
    assert_eq!(events(&p.get("/epcis/events", &As::Token(&officer)).await).len(), 1);
    let elsewhere = p.token("elsewhere").await;
    assert!(events(&p.get("/epcis/events", &As::Token(&elsewhere)).await).is_empty());
}

#[tokio::test]
async fn a_cookie_alone_captures_nothing() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    let body = document(&[made(1, 1, &lot("A"))]);
    let a = p.post("/epcis/capture", &As::Session(&session, false), &body).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (403, "epcisException:SecurityException"));
    assert_eq!(p.post("/epcis/capture", &As::Session(&session, true), &body).await.status, 202);
}

#[tokio::test]
async fn problems_speak_the_callers_language() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let zh = p.post("/epcis/capture?lang=zh", &As::Token(&token), &json!({})).await.json();
    let en = p.post("/epcis/capture?lang=en", &As::Token(&token), &json!({})).await.json();
    assert!(zh["detail"].as_str().unwrap().chars().any(|c| c > '\u{4e00}'), "{zh}");
    assert!(en["title"].as_str().unwrap().is_ascii(), "{en}");
}
