//! The trace workbench and its interface: pages, files, addresses, rights, remedies.

use crate::province::{As, Province, document, lot, made, site};
use axum::http::Method;
use serde_json::{Value, json};

fn moved(from: i64, to: i64, step: &str, day: u8, item: &str) -> Value {
    let place = if step == "shipping" { from } else { to };
    json!({
        "type": "ObjectEvent", "action": "OBSERVE", "bizStep": step,
        "eventTime": format!("2026-11-{day:02}T12:00:00.000+08:00"), "eventTimeZoneOffset": "+08:00",
        "readPoint": { "id": site(place) },
        "sourceList": [{ "type": "location", "source": site(from) }],
        "destinationList": [{ "type": "location", "destination": site(to) }],
        "quantityList": [{ "epcClass": item, "quantity": 30, "uom": "KGM" }],
    })
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A lot made by firm 1, shipped to firm 2 and received there.
async fn province() -> (Province, String) {
    let p = Province::new().await;
    let (one, two) = (p.token("firm1").await, p.token("firm2").await);
    let item = lot("A");
    let a = p
        .post(
            "/epcis/capture",
            &As::Token(&one),
            &document(&[made(1, 1, &item), moved(1, 2, "shipping", 2, &item)]),
        )
        .await;
    assert_eq!(a.status, 202, "{}", a.text());
    let a =
        p.post("/epcis/capture", &As::Token(&two), &document(&[moved(1, 2, "receiving", 3, &item)])).await;
    assert_eq!(a.status, 202, "{}", a.text());
    (p, encoded(&item))
}

#[tokio::test]
async fn every_question_is_a_page_a_file_and_an_answer_for_programs() {
    let (p, item) = province().await;
    let session = p.session("officer").await;
    let officer = As::Session(&session, true);
    let place = encoded(&site(2));
    let case = encoded(&format!("{} | {}", lot("A"), site(2)));
    for (question, query, rows) in [
        ("origins", format!("lot={item}"), 2),
        ("forward", format!("lot={item}"), 2),
        ("spread", format!("lot={item}"), 1),
        ("scope", format!("lot={item}"), 2),
        ("source", format!("case={case}"), 2),
        ("path", format!("lot={item}&to={place}"), 1),
        ("hop", format!("lot={item}"), 2),
        ("changes", format!("lot={item}&since=0"), 1),
        ("gaps", "region=620102".to_owned(), 0),
        ("mixing", format!("lot={item}"), 2),
        ("balance", "operator=%E8%99%9A%E6%9E%84%E7%BB%8F%E8%90%A5%E8%80%852".to_owned(), 0),
        ("records", format!("lot={item}"), 3),
    ] {
        for lang in ["zh", "en"] {
            let a = p.get(&format!("/trace/{question}?{query}&lang={lang}"), &officer).await;
            assert_eq!(a.status, 200, "{question}: {}", a.text());
            assert!(a.text().contains("class=\"summary\""), "{question}");
        }
        let json = p.get(&format!("/api/v1/trace/{question}?{query}"), &officer).await;
        assert_eq!(json.status, 200, "{question}: {}", json.text());
        let json = json.json();
        assert_eq!(json["total"], rows, "{question}: {json}");
        assert_eq!(json["truncated"], false, "{question}");
        assert!(json["position"].as_i64().unwrap() > 0 && json["bounds"]["max_nodes"].is_u64(), "{question}");
        for (format, magic) in [("csv", "\u{feff}"), ("xlsx", "PK"), ("parquet", "PAR1")] {
            let a = p.get(&format!("/trace/{question}?{query}&format={format}"), &officer).await;
            assert_eq!(a.status, 200, "{question} {format}");
            assert!(a.body.starts_with(magic.as_bytes()), "{question} {format}");
        }
        let map = p.get(&format!("/trace/{question}/map?{query}"), &officer).await;
        assert_eq!(map.status, 200, "{question}");
        let graph = p.get(&format!("/trace/{question}/graph.svg?{query}"), &officer).await;
        assert!(graph.text().starts_with("<svg"), "{question}");
    }
    let fcl = p.get(&format!("/trace/source?case={case}&format=fcl"), &officer).await.json();
    assert!(fcl["data"]["stations"]["data"].as_array().unwrap().len() >= 3, "{fcl}");
}

#[tokio::test]
async fn cases_asked_for_a_matter_are_kept_with_it_from_the_page_and_by_programs() {
    let (p, _) = province().await;
    let session = p.session("officer").await;
    let officer = As::Session(&session, true);
    let about = "matter:01J8ZK3M0P5Q7R";
    let case = format!("{} | {}", lot("A"), site(2));
    let page = p.get(&format!("/trace/source?about={about}"), &officer).await.text();
    assert!(
        page.contains("/desk/matters/01J8ZK3M0P5Q7R") && !page.contains("action=\"/trace/cases\""),
        "{page}"
    );
    let page = p.get(&format!("/trace/source?about={about}&case={}", encoded(&case)), &officer).await.text();
    assert!(page.contains("action=\"/trace/cases\"") && page.contains(about), "{page}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("csrf={}&about={about}&case={}", access::csrf_token(&session), encoded(&case));
    let kept = p.send(Method::POST, "/trace/cases", &officer, &form, body).await;
    assert_eq!((kept.status.as_u16(), kept.header("location")), (303, "/desk/matters/01J8ZK3M0P5Q7R#cases"));
    let token = p.token("officer").await;
    let body = json!({ "about": about, "cases": [case] });
    let made = p.post("/api/v1/cases", &As::Token(&token), &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let sets = p.get(&format!("/api/v1/cases?about={about}"), &As::Token(&token)).await.json();
    assert_eq!(sets["sets"].as_array().unwrap().len(), 2, "{sets}");
    assert_eq!(sets["sets"][0]["lines"][0], case);
    let elsewhere = p.token("elsewhere").await;
    assert_eq!(p.post("/api/v1/cases", &As::Token(&elsewhere), &body).await.status, 403);
    assert_eq!(p.get(&format!("/api/v1/cases?about={about}"), &As::Token(&elsewhere)).await.status, 403);
    let unclear = json!({ "about": about, "cases": ["没有"] });
    assert_eq!(p.post("/api/v1/cases", &As::Token(&token), &unclear).await.status, 422);
}

#[tokio::test]
async fn the_form_leads_to_an_address_and_old_links_go_on_working() {
    let (p, item) = province().await;
    let session = p.session("officer").await;
    let officer = As::Session(&session, true);
    let a = p.get("/trace", &officer).await;
    assert!(a.status == 200 && a.text().contains("class=\"guide\""));
    let a = p.get(&format!("/trace?lot={item}&ask=forward"), &officer).await;
    assert_eq!((a.status.as_u16(), a.header("location").split('?').next()), (303, Some("/trace/forward")));
    let a = p.get(&format!("/desk/trace?item={item}"), &officer).await;
    assert!(
        a.status.is_redirection() && a.header("location").starts_with("/trace/scope?"),
        "{}",
        a.header("location")
    );
    assert_eq!(p.get("/trace/nonsense", &officer).await.status, 404);
    for question in ["scope", "source", "gaps", "balance", "path", "records"] {
        let a = p.get(&format!("/trace/{question}"), &officer).await;
        assert!(
            a.status == 200 && !a.text().contains("class=\"msg bad\""),
            "{question}: nothing asked, nothing wrong"
        );
    }
    let a = p.get("/trace/scope?lot=%E6%B2%A1%E6%9C%89", &officer).await;
    assert!(a.status == 200 && a.text().contains("nothing found") || a.text().contains("没有找到"));
    let a = p.get(&format!("/trace/scope?lot={item}&at=gestern"), &officer).await;
    assert_eq!(a.status, 422);
    assert!(a.text().contains("2026-11-21"), "the remedy is said");
}

#[tokio::test]
async fn an_event_behind_a_link_opens_and_a_firm_is_not_shown_the_chain_of_others() {
    let (p, item) = province().await;
    let session = p.session("officer").await;
    let officer = As::Session(&session, true);
    let a = p.get(&format!("/trace/path?lot={item}&to={}", encoded(&site(2))), &officer).await.text();
    let at = a.find("/trace/event/").unwrap();
    let link: String = a[at..].chars().take_while(|c| *c != '"').collect();
    let event = p.get(&link, &officer).await;
    assert!(event.status == 200 && event.text().contains("ObjectEvent"), "{link}: {}", event.text());

    for login in ["firm1", "elsewhere"] {
        let token = p.token(login).await;
        for question in ["origins", "forward", "spread", "scope", "hop", "mixing"] {
            let a = p.get(&format!("/api/v1/trace/{question}?lot={item}"), &As::Token(&token)).await;
            let own_hop = login == "firm1" && question == "hop";
            let refused = matches!(a.status.as_u16(), 403 | 404 | 422);
            assert!(refused || own_hop, "{login} {question}: {} {}", a.status, a.text());
        }
    }
    let officer = p.token("officer").await;
    let a = p.get("/api/v1/trace/scope", &As::Token(&officer)).await;
    assert_eq!((a.status.as_u16(), &a.json()["field"]), (422, &"lot".into()), "{}", a.text());
    let a = p.get(&format!("/api/v1/trace/scope?lot={item}&nonsense=1"), &As::Token(&officer)).await;
    assert_eq!((a.status.as_u16(), &a.json()["field"]), (422, &"nonsense".into()));
    let a = p.get("/api/v1/trace/scope?lot=%E6%B2%A1%E6%9C%89", &As::Token(&officer)).await;
    assert_eq!(a.status, 422);
}
