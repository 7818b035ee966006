//! What is kept beside events: partners and terms of older events are made up for, terms are found however often
//! their segments were merged, a page token that was given back leads nowhere.

use crate::{NOW, document, firm, lot, site, worlds};
use base::{Id, Instant};
use epcis::query::Query;
use serde_json::json;
use std::sync::Arc;
use store::jobs::Runner;
use supply::{BACKFILL_JOB, CaptureOptions, Collection, Error, Format, Page};

fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

#[tokio::test]
async fn partners_of_older_events_are_made_up_for_by_a_job_that_goes_on() {
    for world in worlds().await {
        let (one, two) = (firm(1), firm(2));
        for n in 0..3 {
            let event = json!({
                "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
                "eventTime": format!("2026-11-1{n}T08:00:00.000+08:00"), "eventTimeZoneOffset": "+08:00",
                "readPoint": { "id": site(1) },
                "sourceList": [{ "type": "location", "source": site(1) }],
                "destinationList": [{ "type": "location", "destination": site(2) }],
                "quantityList": [{ "epcClass": lot(1, "A"), "quantity": 40, "uom": "KGM" }],
            });
            let bytes = document(&[event]);
            let options = CaptureOptions::default();
            world.supply.capture(&world.cx(&one), &one, bytes, Format::Json, &options).await.unwrap();
        }
        let query = Query::from_pairs([], &epcis::query::extensions("").unwrap()).unwrap();
        let seen = async || {
            let page = Page { per_page: 10, token: None };
            world.supply.query_events(&two, now(), &query, &page).await.unwrap().events.len()
        };
        assert_eq!(seen().await, 3, "{}", world.name);
        // as it was before partners were kept
        let store = &world.supply.store;
        let mut tx = store.begin().await.unwrap();
        tx.exec("delete from event_partner", &[]).await.unwrap();
        tx.exec(
            "update backfill set reached = 0, until = (select max(id) from capture) where name = 'event_partner'",
            &[],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(seen().await, 0);
        assert!(world.supply.plan_backfill(Id(77), now()).await.unwrap());
        assert!(!world.supply.plan_backfill(Id(78), now()).await.unwrap(), "one waits already");
        let supply = world.supply.clone();
        let runner = Runner::new(store.clone(), Arc::new(now), "test").on(BACKFILL_JOB, move |job| {
            let supply = supply.clone();
            async move { supply.backfill(&job).await }
        });
        assert_eq!(runner.run_due().await.unwrap(), 1);
        assert_eq!(seen().await, 3);
        assert!(!world.supply.plan_backfill(Id(79), now()).await.unwrap(), "nothing is left");
    }
}

/// What one may ask terms: the ids of the events, by question.
async fn answers(world: &crate::World) -> Vec<Vec<String>> {
    let desk = access::testing::desk("62");
    let mut all = Vec::new();
    for (name, value) in [
        ("MATCH_anyEPCClass", lot(1, "L3")),
        ("MATCH_anyEPCClass", lot(7, "L3")),
        ("MATCH_anyEPCClass", format!("https://id.gs1.org/01/{}", crate::gtin(1))),
        ("EQ_bizTransaction_desadv", "urn:epcglobal:cbv:bt:690:5".to_owned()),
        ("EQ_source_location", site(1)),
        ("EQ_destination_location", site(2)),
        ("EQ_readPoint", site(1)),
        ("EQ_bizLocation", site(1)),
    ] {
        let pairs = [(name, value.as_str())];
        let query = Query::from_pairs(pairs, &epcis::query::extensions("").unwrap()).unwrap();
        let page = Page { per_page: 1000, token: None };
        let found = world.supply.query_events(&desk, now(), &query, &page).await.unwrap().events;
        all.push(found.iter().map(|e| e.event_id().unwrap().to_owned()).collect());
    }
    for collection in [Collection::Epcs, Collection::BizLocations, Collection::ReadPoints] {
        let mut members: Vec<String> = Vec::new();
        while let Some(more) = {
            let after = members.last().cloned().unwrap_or_default();
            let page = world.supply.members(&desk, now(), collection, &after, 7).await.unwrap();
            (!page.is_empty()).then_some(page)
        } {
            members.extend(more);
        }
        all.push(members);
    }
    all
}

#[tokio::test]
async fn terms_are_found_before_and_after_their_segments_are_merged_and_made_again_from_the_events() {
    for world in worlds().await {
        for n in 0..40 {
            let event = json!({
                "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
                "eventTime": format!("2026-11-1{}T08:00:{:02}.000+08:00", n % 10, n), "eventTimeZoneOffset": "+08:00",
                "readPoint": { "id": site(1) },
                "bizTransactionList": [
                    { "type": "po", "bizTransaction": format!("urn:epcglobal:cbv:bt:690:P{n}") },
                    { "type": "desadv", "bizTransaction": format!("urn:epcglobal:cbv:bt:690:{n}") },
                ],
                "sourceList": [{ "type": "location", "source": site(1) }],
                "destinationList": [{ "type": "location", "destination": site(2 + n % 3) }],
                "quantityList": [{ "epcClass": lot(1, &format!("L{n}")), "quantity": 40, "uom": "KGM" }],
            });
            world.capture(1, vec![event]).await;
        }
        let before = answers(&world).await;
        let found: Vec<usize> = before.iter().map(Vec::len).collect();
        assert_eq!(found, [1, 0, 40, 1, 40, 14, 40, 0, 40, 0, 1], "{}", world.name);
        world.supply.merge_terms().await.unwrap();
        let segments = || world.count("select count(*) as n from term_segment");
        assert!(segments().await < 16, "{}", world.name);
        assert_eq!(answers(&world).await, before, "{}", world.name);
        // as it was before terms were kept in segments
        let mut tx = world.store.begin().await.unwrap();
        tx.exec("delete from term_block", &[]).await.unwrap();
        tx.exec("delete from term_segment", &[]).await.unwrap();
        tx.exec(
            "update backfill set reached = 0, until = (select max(id) from event) where name = 'event_term'",
            &[],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let index = world.supply.index.clone();
        let (store, directory) = (world.store.clone(), world.supply.directory.clone());
        let supply = supply::Supply::open(store, access::testing::access(), directory).await.unwrap();
        assert_eq!(supply.index.position(), index.position());
        assert_eq!(segments().await, 1, "{}", world.name);
        assert_eq!(answers(&world).await, before, "{}", world.name);
    }
}

#[tokio::test]
async fn a_page_token_that_was_given_back_leads_nowhere() {
    for world in worlds().await {
        let one = firm(1);
        let events: Vec<_> = (0..5)
            .map(|n| {
                json!({
                    "type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
                    "eventTime": format!("2026-11-1{n}T08:00:00.000+08:00"), "eventTimeZoneOffset": "+08:00",
                    "readPoint": { "id": site(1) },
                    "quantityList": [{ "epcClass": lot(1, "A"), "quantity": 40, "uom": "KGM" }],
                })
            })
            .collect();
        let bytes = document(&events);
        let options = CaptureOptions::default();
        world.supply.capture(&world.cx(&one), &one, bytes, Format::Json, &options).await.unwrap();
        let query = Query::from_pairs([], &epcis::query::extensions("").unwrap()).unwrap();
        let page = Page { per_page: 2, token: None };
        let first = world.supply.query_events(&one, now(), &query, &page).await.unwrap();
        let token = first.next.unwrap().token;
        let next = Page { per_page: 2, token: Some(token.clone()) };
        assert_eq!(world.supply.query_events(&one, now(), &query, &next).await.unwrap().events.len(), 2);
        world.supply.end_page(&token, now()).await.unwrap();
        world.supply.end_page(&token, now()).await.unwrap();
        match world.supply.query_events(&one, now(), &query, &next).await {
            Err(Error::Refused(problems)) => assert!(problems[0].detail.en.contains("given back")),
            other => panic!("{other:?}"),
        }
    }
}
