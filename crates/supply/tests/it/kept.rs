//! What is kept beside events: partners of older events are made up for, a page token that was given back leads nowhere.

use crate::{NOW, document, firm, lot, site, worlds};
use base::{Id, Instant};
use epcis::query::Query;
use serde_json::json;
use std::sync::Arc;
use store::jobs::Runner;
use supply::{BACKFILL_JOB, CaptureOptions, Error, Format, Page};

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
        tx.exec("update backfill set reached = 0, until = (select max(id) from capture)", &[]).await.unwrap();
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
