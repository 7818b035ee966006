//! Capture: one transaction, one journal entry, nothing twice.

use crate::{NOW, World, document, firm, lot, made, received, shipped, site, worlds};
use access::Principal;
use base::Instant;
use epcis::ProblemType;
use serde_json::{Value, json};
use std::sync::Arc;
use supply::{CaptureOptions, CaptureState, Error, ErrorBehaviour, EventFilter, Format, ScopeOptions};

async fn with(world: &World, behaviour: ErrorBehaviour, events: &[Value]) -> supply::CaptureOutcome {
    let who = firm(1);
    let options = CaptureOptions { error_behaviour: behaviour, operator: None };
    world.supply.capture(&world.cx(&who), &who, document(events), Format::Json, &options).await.unwrap()
}

fn bad() -> Value {
    let mut event = made("2026-09-01", 1, &lot(1, "B"), 5);
    event["action"] = "PAINT".into();
    event
}

#[tokio::test]
async fn a_capture_is_stored_with_one_journal_entry_that_proves_each_event() {
    for world in worlds().await {
        let events =
            vec![made("2026-09-01", 1, &lot(1, "A"), 100), shipped("2026-09-02", 1, 2, &lot(1, "A"), 60)];
        let outcome = world.capture(1, events).await;
        assert_eq!((outcome.state, outcome.stored.len()), (CaptureState::Stored, 2), "{}", world.name);
        assert_eq!(world.count("select count(*) as n from journal").await, 1);
        assert_eq!(world.supply.index.position(), 1);

        let signer = Arc::new(ledger::FileSigner::from_seed("test.shian", &[9; 32]));
        let now = Instant::parse(NOW).unwrap();
        ledger::Sequencer::new(signer, "test").run_once(&world.store, now).await.unwrap();
        let who = firm(1);
        for event in &outcome.stored {
            let receipt = world.supply.event_receipt(&who, now, event.id).await.unwrap();
            let verified = ledger::verify_receipt(&receipt, None).unwrap();
            assert_eq!(verified.event.as_deref(), Some(event.hash.as_str()));
        }
        let detail = world.supply.event(&who, now, outcome.stored[1].id).await.unwrap();
        assert_eq!(detail.body["bizStep"], "shipping");
        assert_eq!(detail.event.destination, Some(site(2)));
        assert_eq!(detail.event.region, "620102");
    }
}

#[tokio::test]
async fn the_same_event_is_stored_once_and_reported() {
    for world in worlds().await {
        let event = made("2026-09-01", 1, &lot(1, "A"), 100);
        let first = world.capture(1, vec![event.clone()]).await;
        // written differently, same content; and twice in one document
        let mut again = event.clone();
        again["quantityList"][0]["quantity"] = json!(100.0);
        let second = world.capture(1, vec![again, event, made("2026-09-01", 1, &lot(1, "C"), 1)]).await;
        assert_eq!(second.state, CaptureState::Stored);
        assert_eq!(second.stored.len(), 1);
        assert_eq!(second.duplicates.len(), 2);
        assert_eq!(second.duplicates[0].existing, Some(first.stored[0].id));
        assert_eq!(world.count("select count(*) as n from event").await, 2);
        let job = world.supply.capture_job(&firm(1), Instant::parse(NOW).unwrap(), second.id).await.unwrap();
        assert_eq!((job.events, job.stored, job.duplicates), (3, 1, 2));
    }
}

#[tokio::test]
async fn rollback_stores_nothing_and_proceed_stores_the_good_ones() {
    for world in worlds().await {
        let events =
            [made("2026-09-01", 1, &lot(1, "A"), 100), bad(), made("2026-09-01", 1, &lot(1, "C"), 1)];
        let refused = with(&world, ErrorBehaviour::Rollback, &events).await;
        assert_eq!((refused.state, refused.stored.len()), (CaptureState::Refused, 0));
        assert!(refused.problems.iter().all(|p| p.pointer.starts_with("/epcisBody/eventList/1")));
        assert_eq!(world.count("select count(*) as n from event").await, 0);
        assert_eq!(world.supply.index.position(), 0);

        let part = with(&world, ErrorBehaviour::Proceed, &events).await;
        assert_eq!((part.state, part.stored.len(), part.events), (CaptureState::Part, 2, 3));
        assert_eq!(world.count("select count(*) as n from event").await, 2);
        let jobs = world.supply.capture_jobs(&firm(1), Instant::parse(NOW).unwrap(), None, 10).await.unwrap();
        assert_eq!(jobs.len(), 2);
        assert!(jobs[0].problems[0]["pointer"].as_str().unwrap().contains("eventList/1"));
    }
}

#[tokio::test]
async fn an_error_is_told_and_placed_however_much_else_there_is_to_say() {
    for world in worlds().await {
        // more of advice, and then more of errors, than are told
        let advised = |n: usize| {
            let mut event = made("2026-09-01", 1, &lot(1, &format!("N{n}")), 5);
            event["epcList"] = json!([format!("https://id.gs1.org/01/06901234567890/21/{n}")]);
            event
        };
        let mut events: Vec<Value> = (0..150).map(advised).collect();
        events.push(bad());
        let refused = with(&world, ErrorBehaviour::Rollback, &events).await;
        assert_eq!((refused.state, refused.stored.len()), (CaptureState::Refused, 0), "{}", world.name);
        assert_eq!(refused.problems[0].pointer, "/epcisBody/eventList/150/action");
        assert_eq!(world.count("select count(*) as n from event").await, 0);

        let mut known = made("2026-09-01", 1, &lot(1, "A"), 100);
        known["eventID"] = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8".into();
        world.capture(1, vec![known.clone()]).await;
        known["quantityList"][0]["quantity"] = 90.into();
        let mut events = vec![bad(); 150];
        events.push(known);
        let part = with(&world, ErrorBehaviour::Proceed, &events).await;
        assert_eq!((part.stored.len(), part.events), (0, 151), "{}", world.name);
        let taken = part.problems.iter().find(|p| p.kind == ProblemType::ResourceAlreadyExists).unwrap();
        assert!(taken.pointer.starts_with("/epcisBody/eventList/150"), "{}", taken.pointer);
    }
}

#[tokio::test]
async fn an_event_id_stands_for_one_content_only() {
    for world in worlds().await {
        let mut event = made("2026-09-01", 1, &lot(1, "A"), 100);
        event["eventID"] = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8".into();
        world.capture(1, vec![event.clone()]).await;
        event["quantityList"][0]["quantity"] = 90.into();
        let outcome = world.capture(1, vec![event.clone()]).await;
        assert_eq!(outcome.state, CaptureState::Refused);
        assert_eq!(outcome.problems[0].kind, ProblemType::ResourceAlreadyExists);

        event["@context"] = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
        event.as_object_mut().unwrap().remove("ilmd");
        let who = firm(1);
        let bytes = event.to_string().into_bytes();
        let single = world.supply.capture_event(&world.cx(&who), &who, bytes, None).await;
        let Err(Error::Refused(problems)) = single else { panic!("{single:?}") };
        assert_eq!(problems[0].kind.status(), 409);
    }
}

#[tokio::test]
async fn of_one_event_two_things_are_not_declared_at_the_same_moment() {
    for world in worlds().await {
        let declared = |kg| {
            let mut event = made("2026-09-01", 1, &lot(1, "A"), kg);
            event["eventID"] = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8".into();
            event["errorDeclaration"] =
                json!({ "declarationTime": "2026-09-03T00:00:00Z", "reason": "incorrect_data" });
            event
        };
        let first = world.capture(1, vec![declared(100)]).await;
        assert_eq!(first.state, CaptureState::Stored, "{}: {:?}", world.name, first.problems);
        // stored before, and twice in one document
        let again = world.capture(1, vec![declared(90)]).await;
        assert_eq!(again.state, CaptureState::Refused, "{}", world.name);
        assert_eq!(again.problems[0].kind, ProblemType::ResourceAlreadyExists);
        let mut later = [declared(80), declared(70)];
        for event in &mut later {
            event["errorDeclaration"]["declarationTime"] = "2026-09-04T00:00:00Z".into();
        }
        let twice = with(&world, ErrorBehaviour::Proceed, &later).await;
        assert_eq!((twice.state, twice.stored.len()), (CaptureState::Part, 1), "{}", world.name);
        assert_eq!(twice.problems[0].pointer, "/epcisBody/eventList/1");
    }
}

#[tokio::test]
async fn an_error_declaration_withdraws_its_event_from_the_trace() {
    for world in worlds().await {
        let mut event = shipped("2026-09-02", 1, 2, &lot(1, "A"), 60);
        event["eventID"] = "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8".into();
        world.capture(1, vec![made("2026-09-01", 1, &lot(1, "A"), 100), event.clone()]).await;
        let reaches = async |w: &World| {
            let scope = w.supply.draw_scope(&lot(1, "A"), None, None, ScopeOptions::default()).await.unwrap();
            scope.rows.iter().any(|r| r.place == site(2))
        };
        assert!(reaches(&world).await);
        event["errorDeclaration"] = json!({
            "declarationTime": "2026-09-03T00:00:00Z", "reason": "incorrect_data",
        });
        // only whoever captured it may say so
        let foreign = world.capture(2, vec![event.clone()]).await;
        assert_eq!(foreign.state, CaptureState::Refused);
        let outcome = world.capture(1, vec![event.clone()]).await;
        assert_eq!(outcome.state, CaptureState::Stored, "{:?}", outcome.problems);
        assert!(!reaches(&world).await);
        let found = world
            .supply
            .events_named(&firm(1), Instant::parse(NOW).unwrap(), event["eventID"].as_str().unwrap())
            .await
            .unwrap();
        assert_eq!(
            found.iter().map(|d| (d.event.withdrawn, d.event.declaration)).collect::<Vec<_>>(),
            [(true, false), (false, true)]
        );
    }
}

/// Whoever receives a lot, or claims to have made one that exists, fills gaps at most.
#[tokio::test]
async fn nobody_but_its_maker_says_what_a_lot_is() {
    let made_as = |n: i64, day: &str, name: &str, expires: Option<&str>| {
        let mut event = made(day, n, &lot(1, "A"), 1);
        event["ilmd"] = json!({ "cbvmda:descriptionShort": name, "cbvmda:itemExpirationDate": expires });
        if expires.is_none() {
            event["ilmd"].as_object_mut().unwrap().remove("cbvmda:itemExpirationDate");
        }
        event
    };
    for world in worlds().await {
        let says = async |n: i64, event: Value| {
            let text = String::from_utf8(document(&[event])).unwrap();
            let own = r#""cbvmda":"urn:epcglobal:cbv:mda:","shian":"urn:shian:ledger:""#;
            let text = text.replace(r#""cbvmda":"urn:epcglobal:cbv:mda:""#, own);
            let (who, options) = (firm(n), CaptureOptions::default());
            let cx = world.cx(&who);
            let kept =
                world.supply.capture(&cx, &who, text.into_bytes(), Format::Json, &options).await.unwrap();
            assert_eq!(kept.state, CaptureState::Stored, "{}: {:?}", world.name, kept.problems);
            let sql = "select name, expires from lot where item = $1";
            let row = world.store.one(sql, &[lot(1, "A").into()]).await.unwrap();
            (row.text("name").unwrap(), row.opt_text("expires").unwrap())
        };
        let is = |name: &str, expires: Option<&str>| (name.to_owned(), expires.map(ToOwned::to_owned));
        let name = world.name;
        let mut bought = received("2026-09-02", 1, 2, &lot(1, "A"), 60);
        bought["shian:descriptionShort"] = json!("进货台账写的");
        assert_eq!(says(2, bought).await, is("进货台账写的", None), "{name}: a buyer's ledger came first");
        assert_eq!(
            says(1, made_as(1, "2026-09-01", "百合", None)).await,
            is("百合", None),
            "{name}: its maker"
        );
        let other = made_as(3, "2026-08-01", "霉变面粉", Some("2027-01-01"));
        assert_eq!(says(3, other).await, is("百合", Some("2027-01-01")), "{name}: another fills a gap only");
        let again = made_as(3, "2026-08-02", "霉变面粉", Some("2029-01-01"));
        assert_eq!(says(3, again).await, is("百合", Some("2027-01-01")), "{name}: once");
        let mended = made_as(1, "2026-09-04", "鲜百合", Some("2026-12-01"));
        assert_eq!(says(1, mended).await, is("鲜百合", Some("2026-12-01")), "{name}: its maker says it anew");
    }
}

/// Captures an event, and gives name and last day of its lot; none when nobody says anything of it.
async fn lot_after(world: &World, n: i64, event: &Value) -> Option<(String, Option<String>)> {
    let item = event["quantityList"][0]["epcClass"].as_str().unwrap().to_owned();
    let kept = world.capture(n, vec![event.clone()]).await;
    assert_eq!(kept.state, CaptureState::Stored, "{}: {:?}", world.name, kept.problems);
    let row =
        world.store.first("select name, expires from lot where item = $1", &[item.into()]).await.unwrap();
    row.map(|row| (row.text("name").unwrap(), row.opt_text("expires").unwrap()))
}

/// What it said of the lot, and that it says so no more.
fn declared_wrong(event: &Value) -> Value {
    let mut event = event.clone();
    event["errorDeclaration"] =
        json!({ "declarationTime": "2026-09-03T00:00:00Z", "reason": "incorrect_data" });
    event
}

fn named(n: i64, day: &str, item: &str, name: &str) -> Value {
    let mut event = made(day, n, item, 1);
    event["ilmd"] = json!({ "cbvmda:descriptionShort": name });
    event
}

/// The register knows whose the GTIN is: that firm's word counts before whoever commissioned such a lot earlier.
#[tokio::test]
async fn the_firm_whose_product_it_is_says_what_its_lot_is() {
    for world in worlds().await {
        let (item, name) = (format!("https://id.gs1.org/01/{}/10/A", crate::owned(2)), world.name);
        let is = |name: &str| Some((name.to_owned(), None));
        let stranger = named(3, "2026-08-01", &item, "霉变面粉");
        assert_eq!(lot_after(&world, 3, &stranger).await, is("霉变面粉"), "{name}: a stranger came first");
        let mut label = crate::sold("2026-09-05", 2, &item, 1);
        label["cbvmda:descriptionShort"] = json!("不算：非批次主数据");
        assert_eq!(lot_after(&world, 2, &label).await, is("霉变面粉"), "{name}: no lot data");
        let own = named(2, "2026-09-01", &item, "百合");
        assert_eq!(lot_after(&world, 2, &own).await, is("百合"), "{name}: whose product it is");
        let again = named(3, "2026-09-02", &item, "霉变面粉二");
        assert_eq!(lot_after(&world, 3, &again).await, is("百合"), "{name}: the stranger again");
        // nobody's product: whoever brought it into being first keeps the word
        let other = lot(7, "A");
        assert_eq!(lot_after(&world, 3, &named(3, "2026-08-01", &other, "甲")).await, is("甲"), "{name}");
        assert_eq!(lot_after(&world, 2, &named(2, "2026-08-01", &other, "乙")).await, is("甲"), "{name}");
    }
}

/// An event that never was says nothing (EPCIS 2.0 §7.4.1.4: as if the event had not been captured).
#[tokio::test]
async fn an_event_declared_wrong_takes_back_what_it_said_of_a_lot() {
    for world in worlds().await {
        let (item, name) = (lot(1, "A"), world.name);
        let is = |name: &str, expires: Option<&str>| Some((name.to_owned(), expires.map(str::to_owned)));
        let first = named(1, "2026-09-01", &item, "百合");
        let mut second = named(1, "2026-09-02", &item, "鲜百合");
        second["ilmd"]["cbvmda:itemExpirationDate"] = json!("2029-01-01");
        let stranger = named(3, "2026-09-01", &item, "他人所称");
        assert_eq!(lot_after(&world, 1, &first).await, is("百合", None), "{name}");
        assert_eq!(lot_after(&world, 1, &second).await, is("鲜百合", Some("2029-01-01")), "{name}");
        assert_eq!(lot_after(&world, 3, &stranger).await, is("鲜百合", Some("2029-01-01")), "{name}");
        let taken = lot_after(&world, 1, &declared_wrong(&second)).await;
        assert_eq!(
            taken,
            is("百合", None),
            "{name}: the earlier statement holds again, the gap is open again"
        );
        let taken = lot_after(&world, 1, &declared_wrong(&first)).await;
        assert_eq!(taken, is("他人所称", None), "{name}: only the other's is left");
        let taken = lot_after(&world, 3, &declared_wrong(&stranger)).await;
        assert_eq!(taken, None, "{name}: nobody says anything");
        // the declaration before its event, and both in one document
        let late = named(1, "2026-09-07", &lot(1, "B"), "后到");
        assert_eq!(
            lot_after(&world, 1, &declared_wrong(&late)).await,
            None,
            "{name}: a declaration states nothing"
        );
        assert_eq!(lot_after(&world, 1, &late).await, None, "{name}: what it withdraws comes later");
        let both = named(1, "2026-09-08", &lot(1, "C"), "同批");
        let kept = world.capture(1, vec![both.clone(), declared_wrong(&both)]).await;
        assert_eq!(kept.state, CaptureState::Stored, "{name}: {:?}", kept.problems);
        let left = world.store.first("select 1 as one from lot where item = $1", &[lot(1, "C").into()]).await;
        assert!(left.unwrap().is_none(), "{name}: in one document");
    }
}

#[tokio::test]
async fn a_firm_reports_what_happens_at_its_own_places() {
    for world in worlds().await {
        let outcome = world.capture(1, vec![received("2026-09-02", 1, 2, &lot(1, "A"), 60)]).await;
        assert_eq!(outcome.state, CaptureState::Refused);
        assert_eq!(outcome.problems[0].kind, ProblemType::Forbidden);
        assert!(outcome.problems[0].pointer.ends_with("/readPoint/id"));
        let nobody = Principal::anonymous();
        let denied = world
            .supply
            .capture(&world.cx(&nobody), &nobody, document(&[]), Format::Json, &CaptureOptions::default())
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let other = firm(3);
        let seen =
            world.supply.events(&other, Instant::parse(NOW).unwrap(), &EventFilter::default()).await.unwrap();
        assert!(seen.rows.is_empty());
    }
}

#[tokio::test]
async fn bad_documents_are_refused_with_the_place_and_the_remedy() {
    for world in worlds().await {
        let who = firm(1);
        let gbk = [b"{\"type\":\"".as_slice(), &[0xca, 0xb3], b"\"}"].concat();
        for (what, bytes) in [
            ("empty", Vec::new()),
            ("cut off", b"{\"type\":".to_vec()),
            ("not UTF-8", gbk),
            ("XML cut off", b"<a>".to_vec()),
            ("no document", b"[1]".to_vec()),
        ] {
            let outcome = world
                .supply
                .capture(&world.cx(&who), &who, bytes, Format::Detect, &CaptureOptions::default())
                .await
                .unwrap();
            assert_eq!(outcome.state, CaptureState::Refused, "{what}");
            let message = outcome.problems[0].message();
            assert!(!message.zh.is_empty() && !message.en.is_empty(), "{what}");
        }
        let mut small = world.supply.clone();
        small.limits.events = 1;
        let two = [made("2026-09-01", 1, &lot(1, "A"), 1), made("2026-09-01", 1, &lot(1, "B"), 1)];
        let outcome = small
            .capture(&world.cx(&who), &who, document(&two), Format::Json, &CaptureOptions::default())
            .await
            .unwrap();
        assert_eq!(outcome.problems[0].kind, ProblemType::CaptureLimitExceeded);
        assert_eq!(world.count("select count(*) as n from event").await, 0);
    }
}

#[tokio::test]
async fn events_are_listed_by_item_place_time_and_step_page_by_page() {
    for world in worlds().await {
        let a = lot(1, "A");
        world.capture(1, vec![made("2026-09-01", 1, &a, 100), shipped("2026-09-02", 1, 2, &a, 60)]).await;
        world
            .capture(2, vec![received("2026-09-03", 1, 2, &a, 60), made("2026-09-04", 2, &lot(2, "X"), 9)])
            .await;
        let officer = access::testing::officer("6201");
        let now = Instant::parse(NOW).unwrap();
        let list = async |filter: EventFilter| {
            let page = world.supply.events(&officer, now, &filter).await.unwrap();
            page.rows.into_iter().map(|r| r.biz_step.unwrap_or_default()).collect::<Vec<_>>()
        };
        let all = EventFilter::default;
        assert_eq!(
            list(EventFilter { item: Some(a.clone()), ..all() }).await,
            ["receiving", "shipping", "commissioning"]
        );
        assert_eq!(list(EventFilter { place: Some(site(2)), ..all() }).await, ["commissioning", "receiving"]);
        let from = Instant::parse("2026-09-02T00:00:00+08:00").unwrap();
        let until = Instant::parse("2026-09-03T00:00:00+08:00").unwrap();
        assert_eq!(list(EventFilter { from: Some(from), until: Some(until), ..all() }).await, ["shipping"]);
        assert_eq!(list(EventFilter { biz_step: Some("receiving".into()), ..all() }).await, ["receiving"]);
        let class = Some(format!("https://id.gs1.org/01/{}", crate::gtin(2)));
        assert_eq!(list(EventFilter { class, ..all() }).await, ["commissioning"]);
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let filter = EventFilter { limit: 3, after: after.clone(), ..all() };
            let page = world.supply.events(&officer, now, &filter).await.unwrap();
            seen.extend(page.rows.iter().map(|r| r.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}

#[tokio::test]
async fn captures_that_come_together_are_each_stored_for_themselves() {
    for world in worlds().await {
        let who = firm(1);
        let named = |n: i64, id: i64| {
            let mut event = made("2026-09-01", 1, &lot(1, &format!("L{n}")), 5);
            event["eventID"] = format!("urn:uuid:00000000-0000-4000-8000-{id:012}").into();
            event
        };
        // every fifth says something else under the name of the one before, every fifth repeats it, every fifth is wrong
        let documents: Vec<Vec<u8>> = (0..40)
            .map(|n| match n % 5 {
                1 => named(n, n - 1),
                2 => named(n - 2, n - 2),
                3 => bad(),
                _ => named(n, n),
            })
            .map(|event| document(&[event]))
            .collect();
        let mut tasks = tokio::task::JoinSet::new();
        for (n, bytes) in documents.into_iter().enumerate() {
            let (supply, who, cx) = (world.supply.clone(), who.clone(), world.cx(&who));
            tasks.spawn(async move {
                let options = CaptureOptions::default();
                (n, supply.capture(&cx, &who, bytes, Format::Json, &options).await.unwrap())
            });
        }
        let mut journals = std::collections::BTreeSet::new();
        let mut stored = 0;
        while let Some(done) = tasks.join_next().await {
            let (n, outcome) = done.unwrap();
            journals.insert(outcome.journal);
            stored += outcome.stored.len();
            match n % 5 {
                3 => assert_eq!(outcome.state, CaptureState::Refused),
                4 => assert_eq!((outcome.state, outcome.stored.len()), (CaptureState::Stored, 1)),
                _ => {}
            }
        }
        let count = |sql| world.count(sql);
        assert_eq!((journals.len(), stored), (40, 16), "{}", world.name);
        assert_eq!(count("select count(*) as n from event").await, 16);
        assert_eq!(count("select count(*) as n from capture where events = 1 and finished > 0").await, 40);
        assert_eq!(count("select count(*) as n from capture c join journal j on j.id = c.journal").await, 40);
        assert_eq!(count("select max(position) as n from capture").await, 16);
        assert_eq!(count("select count(distinct position) as n from capture").await, 16);
        assert_eq!(count("select last as n from capture_position").await, world.supply.index.position());
        assert_eq!(count("select cast(sum(stored) as bigint) as n from capture").await, 16);
    }
}

#[tokio::test]
async fn events_that_come_together_are_each_judged_by_their_senders_right_and_answered_as_stored() {
    for world in worlds().await {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..30 {
            // every third at the place of another firm, every third from somebody without an account
            let who = if n % 3 == 2 { access::Principal::anonymous() } else { firm(1 + n % 3) };
            let mut event = made("2026-09-01", 1, &lot(1, &format!("L{n}")), 5);
            event["@context"] = json!("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld");
            event.as_object_mut().unwrap().remove("ilmd");
            let (supply, cx) = (world.supply.clone(), world.cx(&who));
            let bytes = event.to_string().into_bytes();
            tasks.spawn(async move { (n, supply.capture_event(&cx, &who, bytes, None).await) });
        }
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                (n, Ok((stored, event))) if n % 3 == 0 => {
                    assert_eq!(world.supply.recorded(&[stored.id]).await.unwrap(), [event], "{}", world.name);
                }
                (n, Err(Error::Refused(problems))) if n % 3 == 1 => {
                    assert_eq!(problems[0].kind, ProblemType::Forbidden);
                }
                (n, Err(Error::Denied(_))) if n % 3 == 2 => {}
                (n, other) => panic!("{}: event {n}: {other:?}", world.name),
            }
        }
        assert_eq!(world.count("select count(*) as n from event").await, 10);
    }
}
