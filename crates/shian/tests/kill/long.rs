//! A document of twenty megabytes, its server killed in the middle again and again.

use crate::http::{Answer, Ask, Client};
use crate::province::{self, Server};
use crate::random::Random;
use crate::truth;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Of so many events one is wrong, where any is.
const WRONG: usize = 997;

/// A document with its events named after what is asked of it when one is wrong.
fn document(behaviour: &str, events: usize) -> String {
    let filler = "谷雨".repeat(800);
    let mut out = String::from(
        r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"example":"https://example.org/"}],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-01T00:00:00.000Z","epcisBody":{"eventList":["#,
    );
    for n in 0..events {
        let is_wrong = behaviour == "proceed" && n % WRONG == WRONG - 1;
        let step = if is_wrong { "no_such_step" } else { "commissioning" };
        let (minute, second) = (n / 60 % 60, n % 60);
        let event = json!({
            "type": "ObjectEvent", "eventID": format!("urn:long:{behaviour}:{n}"), "action": "ADD", "bizStep": step,
            "eventTime": format!("2026-10-03T08:{minute:02}:{second:02}.{:03}+08:00", n % 1000),
            "eventTimeZoneOffset": "+08:00", "readPoint": { "id": "urn:epc:id:sgln:6999999.88888.0" },
            "epcList": [format!("urn:epc:id:sgtin:6999999.012345.L{behaviour}{n}")], "example:note": filler,
        });
        write!(out, "{}{event}", if n > 0 { "," } else { "" }).expect("a text takes all");
    }
    out.push_str("]}}");
    out
}

fn ask(at: SocketAddr, token: &str, method: &str, path: &str, behaviour: &str, body: &[u8]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("gs1-capture-error-behaviour", behaviour),
    ];
    Client::default().send(at, Ask { method, path, headers: &headers, body }).expect("the server answers")
}

/// What a job's dead process held is free at once, as it is after the minute of its lease.
fn free_the_job(data: &Path) {
    crate::wait(async {
        let store = truth::open(data).await;
        let mut tx = store.begin().await.expect("a transaction");
        let sql = "update job set lease_until = 0 where state = 'running'";
        tx.exec(sql, &[]).await.expect("the lease ends");
        tx.commit().await.expect("it is stored");
        store.close().await;
    });
}

/// How many events with this name are stored, and how many different ones.
fn stored(data: &Path, behaviour: &str) -> [i64; 2] {
    crate::wait(async {
        let store = truth::open(data).await;
        let sql = "select count(*) as n, count(distinct event_id) as d from event where event_id > $1 and event_id < $2";
        let range = [format!("urn:long:{behaviour}:").into(), format!("urn:long:{behaviour};").into()];
        let row = store.one(sql, &range).await.expect("a count");
        store.close().await;
        ["n", "d"].map(|name| row.int(name).expect("a number"))
    })
}

#[test]
fn a_long_document_ends_with_exactly_its_good_events_however_often_the_server_is_killed() {
    let mut random = Random::new(crate::seed());
    let scratch = province::copy();
    let data = scratch.path();
    let mut server = Server::start(data);
    let mut at = server.ready();
    let token = province::token(at, "desk");
    // about 21 and 7 megabytes, three portions and one
    for (behaviour, events, kills) in [("proceed", 4_000, 3), ("rollback", 1_300, 1)] {
        let body = document(behaviour, events);
        let answer = ask(at, &token, "POST", "/epcis/capture", behaviour, body.as_bytes());
        assert_eq!(answer.status, 202, "{}", answer.shown());
        let job = answer.header("location").expect("the job's address").to_owned();
        let state = |at| ask(at, &token, "GET", &job, behaviour, b"").json();
        let mut in_the_middle = 0;
        for n in 0..kills {
            // the first at once, so that no machine is fast enough to have ended before
            std::thread::sleep(Duration::from_millis(random.below(if n == 0 { 100 } else { 900 })));
            if state(at)["running"] != true {
                break;
            }
            in_the_middle += 1;
            server.kill();
            free_the_job(data);
            crate::check(data, &[], &format!("kill {n} of a long document"));
            server = Server::start(data);
            at = server.ready();
        }
        assert!(in_the_middle > 0, "{behaviour}: the job had ended before the first kill");
        let begun = std::time::Instant::now();
        let done: Value = loop {
            let now = state(at);
            if now["running"] == false {
                break now;
            }
            assert!(begun.elapsed() < Duration::from_secs(600), "{now}\n{}", server.log());
            std::thread::sleep(Duration::from_millis(100));
        };
        let wrong = if behaviour == "proceed" { events / WRONG } else { 0 };
        let good = i64::try_from(events - wrong).expect("a small number");
        assert_eq!(done["success"], json!(wrong == 0), "{behaviour}: {done}");
        assert_eq!(done["errors"].as_array().map(Vec::len), Some(wrong), "{behaviour}");
        assert_eq!((&done["events"], &done["stored"]), (&json!(events), &json!(good)), "{behaviour}");
        assert_eq!(stored(data, behaviour), [good, good], "{behaviour}: each good event once");
    }
    assert!(server.stop().success(), "it ends well when asked");
    crate::check(data, &[], "two long documents");
    province::verify_journal(data);
}
