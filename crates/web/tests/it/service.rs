//! The EPCIS service beyond capture and plain queries: resources, named queries, formats, master data, partners.

use crate::province::{As, Province, document, lot, made, site};
use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace(':', "%3A").replace('/', "%2F")
}

fn events(body: &Value) -> Vec<Value> {
    body["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().unwrap().clone()
}

pub(crate) async fn capture(p: &Province, token: &str, events: &[Value]) {
    let a = p.post("/epcis/capture", &As::Token(token), &document(events)).await;
    assert_eq!(a.status, 202, "{}", a.text());
    let job = p.get(a.header("location"), &As::Token(token)).await.json();
    assert_eq!(job["success"], true, "{job}");
}

/// Goods shipped by operator `from` to operator `to`.
pub(crate) fn shipped(from: i64, to: i64, item: &str) -> Value {
    json!({
        "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit",
        "eventTime": "2026-11-10T08:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
        "readPoint": { "id": site(from) },
        "sourceList": [{ "type": "location", "source": site(from) }],
        "destinationList": [{ "type": "location", "destination": site(to) }],
        "quantityList": [{ "epcClass": item, "quantity": 40, "uom": "KGM" }],
    })
}

#[tokio::test]
async fn every_resource_lists_its_members_and_leads_to_their_events() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    capture(&p, &token, &[made(1, 1, &lot("A")), made(1, 2, &lot("B")), shipped(1, 2, &lot("A"))]).await;
    let me = As::Token(&token);
    let top = p.get("/epcis", &me).await.json();
    assert_eq!(top["member"].as_array().unwrap().len(), 9, "{top}");
    for (name, members, value, count) in [
        ("eventTypes", 5, "ObjectEvent".to_owned(), 3),
        ("epcs", 2, lot("A"), 2),
        ("bizSteps", 2, "shipping".to_owned(), 1),
        ("bizLocations", 1, site(1), 2),
        ("readPoints", 1, site(1), 3),
        ("dispositions", 1, "in_transit".to_owned(), 1),
    ] {
        let list = p.get(&format!("/epcis/{name}"), &me).await;
        assert_eq!(list.json()["type"], "Collection", "{name}");
        assert_eq!(list.json()["member"].as_array().unwrap().len(), members, "{name} {}", list.text());
        let one = p.get(&format!("/epcis/{name}/{}", encoded(&value)), &me).await;
        assert_eq!(one.json()["member"], json!(["events"]), "{name}");
        let found = p.get(&format!("/epcis/{name}/{}/events", encoded(&value)), &me).await;
        assert_eq!(events(&found.json()).len(), count, "{name} {}", found.text());
        let none = p.get(&format!("/epcis/{name}/nothing"), &me).await;
        assert_eq!(
            (none.status.as_u16(), none.problem().as_str()),
            (404, "epcisException:NoSuchNameException"),
            "{name}"
        );
        for path in [format!("/epcis/{name}"), format!("/epcis/{name}/x"), format!("/epcis/{name}/x/events")]
        {
            let a = p.send(Method::OPTIONS, &path, &As::Nobody, &[], Body::empty()).await;
            assert_eq!((a.status.as_u16(), a.header("allow")), (204, "OPTIONS, GET"), "{path}");
        }
    }
    let first = p.get("/epcis/eventTypes?perPage=2", &me).await;
    let next = first.header("link").strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    let second = p.get(&next, &me).await.json();
    assert_eq!(second["member"], json!(["ObjectEvent", "TransactionEvent"]));
    // a value may stand unencoded in the address
    let plain = p.get(&format!("/epcis/epcs/{}/events", lot("A")), &me).await;
    assert_eq!(events(&plain.json()).len(), 2, "{}", plain.text());
}

#[tokio::test]
async fn answers_come_in_xml_and_in_either_form_of_identifiers() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let mut event = made(1, 1, &lot("A"));
    event["epcList"] = json!(["urn:epc:id:sgtin:0614141.107346.2018"]);
    capture(&p, &token, &[event]).await;
    let ask = async |headers: &[(&str, &str)]| {
        p.send(Method::GET, "/epcis/events", &As::Token(&token), headers, Body::empty()).await
    };
    let link = ask(&[]).await;
    assert_eq!(events(&link.json())[0]["epcList"][0], "https://id.gs1.org/01/10614141073464/21/2018");
    assert_eq!(link.header("gs1-epc-format"), "Always_GS1_Digital_Link");
    for format in ["Always_EPC_URN", "Never_Translates", "No_Preference"] {
        let a = ask(&[("gs1-epc-format", format)]).await;
        assert_eq!(events(&a.json())[0]["epcList"][0], "urn:epc:id:sgtin:0614141.107346.2018", "{format}");
    }
    let a = ask(&[("gs1-epc-format", "Sometimes")]).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (406, "epcisException:NotAcceptableException"));
    let xml = ask(&[("accept", "application/xml"), ("gs1-cbv-xml-format", "Always_URN")]).await;
    assert_eq!((xml.status.as_u16(), xml.header("content-type")), (200, "application/xml"), "{}", xml.text());
    assert!(xml.text().contains("urn:epcglobal:cbv:bizstep:commissioning"), "{}", xml.text());
    let read = epcis::xml::read_document(&xml.body, epcis::Limits::default()).unwrap();
    assert_eq!(read.events.len(), 1);
    let xml = p
        .send(Method::GET, "/epcis/events/nothing", &As::Token(&token), &[("accept", "application/xml")], "")
        .await;
    assert_eq!((xml.status.as_u16(), xml.header("content-type")), (404, "application/problem+xml"));
    assert!(xml.text().contains("<type>epcisException:NoSuchNameException</type>"), "{}", xml.text());
}

#[tokio::test]
async fn versions_nobody_speaks_are_not_acceptable() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    for (name, value, status) in [
        ("gs1-epcis-version", "2.0.0", 200),
        ("gs1-epcis-version", "9.0.0", 406),
        ("gs1-epcis-min", "3.0.0", 406),
        ("gs1-epcis-max", "1.2.0", 406),
        ("gs1-cbv-max", "1.2.2", 406),
        ("gs1-extensions", "ex=https://example.org/", 200),
    ] {
        let a = p.send(Method::GET, "/epcis/events", &As::Token(&token), &[(name, value)], "").await;
        assert_eq!(a.status, status, "{name}: {value} {}", a.text());
    }
    let a = p.get(&format!("/epcis/events?EQ_bizStep={}", "x".repeat(20_000)), &As::Token(&token)).await;
    assert_eq!((a.status.as_u16(), a.problem().as_str()), (414, "epcisException:URITooLongException"));
}

#[tokio::test]
async fn a_query_is_kept_under_a_name_and_found_again() {
    let p = Province::new().await;
    let (one, two) = (p.token("firm1").await, p.token("firm2").await);
    capture(&p, &one, &[made(1, 1, &lot("A")), made(1, 2, &lot("B")), shipped(1, 2, &lot("A"))]).await;
    let me = As::Token(&one);
    let query = json!({ "name": "made here", "query": { "EQ_bizStep": ["commissioning"] } });
    let a = p.post("/epcis/queries", &me, &query).await;
    assert_eq!(
        (a.status.as_u16(), a.header("location")),
        (201, "/epcis/queries/made%20here"),
        "{}",
        a.text()
    );
    let again = p.post("/epcis/queries", &me, &query).await;
    assert_eq!(
        (again.status.as_u16(), again.problem().as_str()),
        (409, "epcisException:ResourceAlreadyExistsException")
    );
    for (wrong, kind) in [
        (json!({ "name": "x" }), "QueryValidationException"),
        (json!({ "name": "", "query": {} }), "QueryValidationException"),
        (json!({ "name": "x", "query": { "EQ_color": "red" } }), "QueryParameterException"),
    ] {
        let a = p.post("/epcis/queries", &me, &wrong).await;
        assert_eq!((a.status.as_u16(), a.problem()), (400, format!("epcisException:{kind}")), "{wrong}");
    }
    assert_eq!(p.get("/epcis/queries", &me).await.json(), json!([query]));
    assert_eq!(p.get("/epcis/queries/made%20here", &me).await.json(), query);
    let mut path = "/epcis/queries/made%20here/events?perPage=1".to_owned();
    let mut seen = 0;
    loop {
        let a = p.get(&path, &me).await;
        assert_eq!(a.json()["epcisBody"]["queryResults"]["queryName"], "made here", "{}", a.text());
        seen += events(&a.json()).len();
        // what comes meanwhile moves no page
        capture(&p, &one, &[made(1, 20, &lot(&format!("N{seen}")))]).await;
        let Some(next) = a.header("link").strip_prefix('<') else { break };
        path = next.split('>').next().unwrap().to_owned();
    }
    assert_eq!(seen, 2);
    let foreign = p.get("/epcis/events?nextPageToken=1.2-abc", &me).await;
    assert_eq!(foreign.status, 400);
    // another firm has names of its own
    assert_eq!(p.get("/epcis/queries/made%20here", &As::Token(&two)).await.status, 404);
    assert_eq!(p.post("/epcis/queries", &As::Token(&two), &query).await.status, 201);
    let gone = p.send(Method::DELETE, "/epcis/queries/made%20here", &me, &[], "").await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(p.get("/epcis/queries/made%20here/events", &me).await.status, 404);
    assert_eq!(p.get("/epcis/queries/made%20here", &As::Token(&two)).await.status, 200);
    let token = p.send(Method::DELETE, "/epcis/nextPageToken/1.2-abc", &me, &[], "").await;
    assert_eq!(token.status, 204);
}

#[tokio::test]
async fn a_firm_sees_what_its_partners_captured_of_their_exchange_and_nothing_else() {
    let p = Province::new().await;
    let (one, two, three) = (p.token("firm1").await, p.token("firm2").await, p.token("officer").await);
    capture(&p, &one, &[made(1, 1, &lot("A")), shipped(1, 2, &lot("A")), shipped(1, 4, &lot("A"))]).await;
    let seen = events(&p.get("/epcis/events", &As::Token(&two)).await.json());
    assert_eq!(seen.len(), 1, "only the shipment to it: {seen:?}");
    assert_eq!(seen[0]["destinationList"][0]["destination"], site(2));
    let id = seen[0]["eventID"].as_str().unwrap();
    assert_eq!(p.get(&format!("/epcis/events/{}", encoded(id)), &As::Token(&two)).await.status, 200);
    assert_eq!(p.get("/epcis/bizSteps", &As::Token(&two)).await.json()["member"], json!(["shipping"]));
    assert_eq!(events(&p.get("/epcis/events", &As::Token(&three)).await.json()).len(), 3);
    assert_eq!(p.get("/epcis/events", &As::Nobody).await.status, 401);
}

#[tokio::test]
async fn master_data_are_kept_with_their_versions() {
    let p = Province::new().await;
    let (one, two) = (p.token("firm1").await, p.token("firm2").await);
    let with = |name: &str, place: &str| {
        let mut document = document(&[made(1, 1, &lot("A"))]);
        document["epcisHeader"] = json!({ "epcisMasterData": { "vocabularyList": [{
            "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
            "vocabularyElementList": [{
                "id": place,
                "attributes": [{ "id": "urn:epcglobal:cbv:mda:name", "attribute": name }],
                "children": [format!("{place}/254/1")],
            }],
        }] } });
        document
    };
    for name in ["虚构仓库", "虚构仓库", "虚构新仓库"] {
        let a = p.post("/epcis/capture", &As::Token(&one), &with(name, &site(1))).await;
        let job = p.get(a.header("location"), &As::Token(&one)).await.json();
        assert_eq!(job["success"], true, "{job}");
    }
    let path = "/epcis/masterdata?includeAttributes=true&includeChildren=true&vocabularyName=\
                urn%3Aepcglobal%3Aepcis%3Avtype%3ABusinessLocation";
    let found = p.get(path, &As::Token(&one)).await.json();
    let element =
        &found["epcisBody"]["queryResults"]["resultsBody"]["vocabularyList"][0]["vocabularyElementList"][0];
    assert_eq!(
        (&element["id"], &element["attributes"][0]["attribute"]),
        (&site(1).into(), &"虚构新仓库".into())
    );
    let versions = p.app.store.one("select count(*) as n from master_data", &[]).await.unwrap();
    assert_eq!(versions.int("n").unwrap(), 2, "the same statement again is no version");
    // the hierarchy is known to queries
    let mut inside = made(1, 5, &lot("B"));
    inside["bizLocation"]["id"] = format!("{}/254/1", site(1)).into();
    capture(&p, &one, &[inside]).await;
    let ask = format!("/epcis/events?WD_bizLocation={}", encoded(&site(1)));
    assert_eq!(events(&p.get(&ask, &As::Token(&one)).await.json()).len(), 2);
    // neither is a product of another operator described, which every answer would show under its name
    let product = |name: &str| {
        let mut document = with(name, lot("A").split("/10/").next().unwrap());
        document["epcisHeader"]["epcisMasterData"]["vocabularyList"][0]["type"] =
            "urn:epcglobal:epcis:vtype:EPCClass".into();
        document
    };
    for (token, own) in [(&one, true), (&two, false)] {
        let a = p.post("/epcis/capture", &As::Token(token), &product("虚构大米")).await;
        let job = p.get(a.header("location"), &As::Token(token)).await.json();
        let errors = job["errors"].as_array().is_some_and(|all| {
            all.iter().any(|e| {
                e["type"] == "epcisException:SecurityException" && e.to_string().contains("vocabularyList")
            })
        });
        assert_eq!(errors, !own, "{job}");
    }
    // a place of another operator is not described
    let a = p.post("/epcis/capture", &As::Token(&two), &with("冒名", &site(1))).await;
    let job = p.get(a.header("location"), &As::Token(&two)).await.json();
    assert_eq!(job["errors"][0]["type"], "epcisException:SecurityException", "{job}");
}

#[tokio::test]
async fn a_capture_in_xml_is_the_same_capture() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let json = document(&[made(1, 1, &lot("A"))]).to_string();
    let read = epcis::json::read_document(json.as_bytes(), epcis::Limits::default()).unwrap();
    let options = epcis::WriteOptions::default();
    let xml = epcis::xml::write_document(&epcis::Head::of(&read), &read.events, &options);
    let headers = [("content-type", "application/xml")];
    let a = p.send(Method::POST, "/epcis/capture", &As::Token(&token), &headers, xml).await;
    assert_eq!(a.status, 202, "{}", a.text());
    assert_eq!(p.get(a.header("location"), &As::Token(&token)).await.json()["stored"], 1);
    let a = p.send(Method::POST, "/epcis/capture", &As::Token(&token), &[JSON], json).await;
    assert_eq!(p.get(a.header("location"), &As::Token(&token)).await.json()["duplicates"], 1);
    let headers = [("content-type", "application/xml"), ("accept", "application/xml")];
    let a = p.send(Method::POST, "/epcis/capture", &As::Token(&token), &headers, "<a>").await;
    assert_eq!(
        (a.status.as_u16(), a.header("content-type")),
        (400, "application/problem+xml"),
        "{}",
        a.text()
    );
}
