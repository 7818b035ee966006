//! The query language over stored events: the tables and the pure definition agree; pages hold while events arrive.

use crate::{NOW, World, firm, gtin, lot, site, worlds};
use access::{Principal, testing};
use base::Instant;
use epcis::query::{Direction, NoMasterData, Query};
use epcis::{Event, ProblemType};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use supply::{CaptureOptions, Error, Format, Page, Strides};

fn nation() -> Principal {
    testing::officer("")
}

fn query(text: &str) -> Query {
    let pairs = text.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")));
    let context = epcis::query::extensions("ex=https://example.org/ns/").unwrap();
    Query::from_pairs(pairs, &context).unwrap_or_else(|problems| panic!("{text}: {problems}"))
}

fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

impl World {
    async fn capture_with_prefixes(&self, operator: i64, events: &[Value]) {
        let who = firm(operator);
        let document = json!({
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                         { "ex": "https://example.org/ns/", "steps": "https://steps.example/" }],
            "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-21T00:00:00Z",
            "epcisBody": { "eventList": events },
        });
        let outcome = self
            .supply
            .capture(
                &self.cx(&who),
                &who,
                document.to_string().into_bytes(),
                Format::Detect,
                &CaptureOptions::default(),
            )
            .await
            .unwrap();
        assert_eq!(outcome.problems, [], "{}", self.name);
    }

    async fn page(
        &self,
        who: &Principal,
        query: &Query,
        per_page: u32,
        token: Option<String>,
    ) -> (Vec<Event>, Option<String>) {
        let page = Page { per_page, token };
        let answer = self.supply.query_events(who, now(), query, &page).await.unwrap();
        assert!(answer.events.len() <= per_page as usize);
        (answer.events, answer.next.map(|next| next.token))
    }

    /// The whole answer, page by page.
    async fn all(&self, who: &Principal, query: &Query, per_page: u32) -> Vec<Event> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let (events, next) = self.page(who, query, per_page, token).await;
            all.extend(events);
            token = next;
            if token.is_none() {
                return all;
            }
        }
    }
}

/// Strategies of the parts an event may have; `None` leaves a part out.
fn part(choices: &[Value]) -> impl Strategy<Value = Option<Value>> + use<> {
    prop::option::weighted(0.7, prop::sample::select(choices.to_vec()))
}

/// Valid events over small pools, so that queries meet them.
fn event() -> impl Strategy<Value = Value> {
    let g = gtin(1);
    let urn = epcis::ident::to_urn(&lot(1, "A"), 7).unwrap();
    let sgtin = epcis::ident::to_urn(&format!("https://id.gs1.org/01/{g}/21/7"), 7).unwrap();
    let items = vec![
        json!({ "epcClass": lot(1, "A"), "quantity": 5, "uom": "KGM" }),
        json!({ "epcClass": urn, "quantity": 2500, "uom": "GRM" }),
        json!({ "epcClass": lot(1, "B"), "quantity": 7.5 }),
        json!({ "epcClass": format!("https://id.gs1.org/01/{}", gtin(2)) }),
        json!({ "epcClass": "ex:class" }),
    ];
    let epcs = vec![
        json!(sgtin),
        json!(format!("https://shop.example/01/{g}/21/8")),
        json!("ex:thing"),
        json!("urn:epc:id:sscc:4047023.0000000123"),
    ];
    let steps = [
        "shipping",
        "receiving",
        "https://ref.gs1.org/cbv/BizStep-shipping",
        "steps:wash",
        "https://steps.example/wash",
    ];
    let places = [
        json!({"id": site(1)}),
        json!({"id": format!("{}/254/7", site(1))}),
        json!({"id": "ex:hall"}),
        json!({"id": "https://example.org/ns/hall", "ex:door": 3}),
    ];
    let links = [
        json!([{ "type": "po", "bizTransaction": "urn:epc:id:gdti:0614141.00001.16" }]),
        json!([{ "type": "po", "bizTransaction": "https://t.example/1" }, { "type": "desadv", "bizTransaction": "ex:d9" }]),
    ];
    let parties = [json!([{ "type": "possessing_party", "source": "urn:epc:id:pgln:4012345.00001" },
        { "type": "location", "source": site(2) }])];
    let sensors = [
        json!([{ "sensorMetadata": { "deviceID": "ex:dev" },
        "sensorReport": [{ "type": "Temperature", "value": 4.5, "uom": "CEL" }] }]),
        json!([{ "sensorReport": [{ "type": "Temperature", "value": 50, "uom": "FAH", "stringValue": "warm" }] }]),
    ];
    (
        (0i64..40, prop::sample::select(vec!["ADD", "OBSERVE", "DELETE"]), prop::bool::ANY),
        (prop::sample::subsequence(items, 0..3), prop::sample::subsequence(epcs, 1..3)),
        part(&steps.map(Value::from)),
        part(&["active", "https://ref.gs1.org/cbv/Disp-active", "in_transit"].map(Value::from)),
        (part(&places), part(&places), part(&links), part(&parties), part(&sensors)),
        (part(&[json!(3), json!("12"), json!("2026-11-01T00:00:00Z"), json!("text"), json!([1, 9])]),
            part(&[json!({ "ex:inner": 4 }), json!({ "ex:list": [{ "ex:inner": "x" }] })])),
        prop::sample::select(vec![0, 1, 2, 3]),
    )
        .prop_map(|(frame, things, step, disposition, rest, fields, form)| {
            let ((hour, action, fine), (items, epcs)) = (frame, things);
            let nanos = if fine { "000123" } else { "000" };
            let mut e = json!({
                "type": "ObjectEvent", "action": action, "eventTimeZoneOffset": "+08:00",
                "eventTime": format!("2026-11-{:02}T{:02}:00:00.{nanos}+08:00", 1 + hour / 24, hour % 24),
                "epcList": epcs,
            });
            match form {
                1 => e = json!({ "type": "AggregationEvent", "action": action, "eventTime": e["eventTime"],
                    "eventTimeZoneOffset": "+08:00", "parentID": "urn:epc:id:sscc:4047023.0000000123", "childEPCs": epcs,
                    "childQuantityList": items }),
                2 => e = json!({ "type": "TransformationEvent", "eventTime": e["eventTime"], "eventTimeZoneOffset": "+08:00",
                    "inputEPCList": epcs, "outputQuantityList": [{ "epcClass": lot(1, "B"), "quantity": 1 }],
                    "transformationID": "ex:t1" }),
                _ if !items.is_empty() => e["quantityList"] = items.into(),
                _ => {}
            }
            let (read, biz, link, party, sensor) = rest;
            for (name, value) in [("bizStep", step), ("disposition", disposition), ("readPoint", read),
                ("bizLocation", biz), ("bizTransactionList", link), ("sourceList", party),
                ("sensorElementList", sensor), ("ex:field", fields.0), ("ex:box", fields.1)] {
                if let Some(value) = value {
                    e[name] = value;
                }
            }
            if e.get("childQuantityList").is_some_and(|l| l.as_array().is_some_and(Vec::is_empty)) {
                e.as_object_mut().unwrap().remove("childQuantityList");
            }
            e
        })
}

/// Conditions to choose from, one line each.
fn pool() -> Vec<String> {
    let g = gtin(1);
    let mut all: Vec<String> = [
        "eventType=ObjectEvent",
        "eventType=AggregationEvent|TransformationEvent",
        "GE_eventTime=2026-11-01T12:00:00%2B08:00",
        "LT_eventTime=2026-11-02T03:00:00%2B08:00",
        "GE_eventTime=2026-11-01T05:00:00.000123Z",
        "LT_eventTime=2026-11-01T05:00:00.000000001Z",
        "GE_recordTime=2026-01-01T00:00:00Z",
        "LT_recordTime=2026-11-21T00:59:59Z",
        "EQ_action=ADD|DELETE",
        "EQ_bizStep=shipping",
        "EQ_bizStep=https://steps.example/wash|receiving",
        "EQ_disposition=active",
        "EQ_readPoint=ex:hall",
        "EQ_bizLocation=https://example.org/ns/hall",
        "WD_readPoint=ex:hall",
        "EQ_transformationID=https://example.org/ns/t1",
        "EQ_bizTransaction_po=https://t.example/1",
        "EQ_bizTransaction_po=urn:epc:id:gdti:0614141.00001.16|https://t.example/2",
        "EQ_bizTransaction_desadv=https://example.org/ns/d9",
        "EQ_source_possessing_party=https://id.gs1.org/417/4012345000016",
        "MATCH_epc=ex:thing",
        "MATCH_parentID=urn:epc:idpat:sscc:4047023.*",
        "MATCH_anyEPC=urn:epc:id:sscc:4047023.0000000123",
        "MATCH_epcClass=ex:class",
        "EQ_quantity=5",
        "GE_quantity=5",
        "LE_quantity_KGM=2.5",
        "GT_quantity_EA=1",
        "EXISTS_sensorElementList",
        "EQ_deviceID=ex:dev",
        "GE_value_KEL=278",
        "LT_value_CEL=5",
        "EQ_stringValue=warm",
        "EQ_type=Temperature",
        "EQ_ex:field=3",
        "GE_ex:field=3",
        "GT_ex:field=2026-01-01T00:00:00Z",
        "EXISTS_ex:field",
        "EXISTS_INNER_ex:inner",
        "EQ_INNER_ex:inner=4|x",
        "EQ_readPoint_ex:door=3",
        "EXISTS_errorDeclaration",
        "EXISTS_ILMD_ex:none",
    ]
    .map(|text| text.replace("%2B", "+"))
    .to_vec();
    all.extend([
        format!("EQ_readPoint={}", site(1)),
        format!("EQ_bizLocation={}/254/7|{}", site(1), site(1)),
        format!("EQ_source_location={}", site(2)),
        format!("MATCH_epc=https://id.gs1.org/01/{g}/21/7"),
        format!("MATCH_anyEPC=https://id.gs1.org/01/{g}"),
        format!("MATCH_epcClass={}", lot(1, "A")),
        format!("MATCH_anyEPCClass=https://id.gs1.org/01/{g}"),
        format!("MATCH_anyEPCClass=https://id.gs1.org/01/{}", gtin(2)),
        format!("MATCH_outputEPCClass={}", lot(1, "B")),
        "MATCH_anyEPC=urn:epc:idpat:sgtin:6900000.*.*|urn:epc:idpat:sgtin:0690000.*.*".to_owned(),
    ]);
    all
}

fn sample<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

fn ids(events: &[Event]) -> Vec<&str> {
    let mut ids: Vec<&str> = events.iter().map(|e| e.event_id().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn tables_and_definition_agree_on_random_queries() {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let orders = [
        "",
        "orderBy=eventTime",
        "orderBy=eventTime&orderDirection=ASC",
        "orderBy=recordTime",
        "orderBy=ex:field",
        "orderBy=ex:field&orderDirection=ASC",
        "orderBy=eventTime&eventCountLimit=5",
    ];
    let strategy = (
        prop::sample::subsequence(pool(), 0..4),
        prop::sample::select(orders.to_vec()),
        prop::sample::select(vec![2u32, 7, 30]),
    );
    for world in worlds().await {
        let mut events: Vec<Value> = Vec::new();
        for _ in 0..160 {
            events.push(sample(&mut runner, &event()));
        }
        for part in events.chunks(40) {
            world.capture_with_prefixes(1, part).await;
        }
        let who = nation();
        let all = world.all(&who, &query(""), 50).await;
        assert!(all.len() > 100, "{} events on {}", all.len(), world.name);
        let mut matched = 0;
        for condition in pool() {
            matched += usize::from(!query(&condition).select(&all, &NoMasterData).unwrap().is_empty());
        }
        assert!(matched > pool().len() * 2 / 3, "{matched} conditions meet events");
        for _ in 0..120 {
            let (conditions, order, per_page) = sample(&mut runner, &strategy);
            let text = [&conditions[..], &[order.to_owned()]].concat().join("&");
            let query = query(text.trim_matches('&'));
            let wanted: Vec<Event> =
                query.select(&all, &NoMasterData).unwrap().into_iter().cloned().collect();
            let found = world.all(&who, &query, per_page).await;
            let keys = |events: &[Event]| events.iter().map(|e| query.order_key(e)).collect::<Vec<_>>();
            assert_eq!(keys(&found), keys(&wanted), "{text} on {}", world.name);
            if query.count().is_none() {
                assert_eq!(ids(&found), ids(&wanted), "{text} on {}", world.name);
            }
            if query.order().is_none() && found.len() > 1 {
                let times: Vec<_> = found.iter().map(Event::event_time).collect();
                let by_record = text.contains("recordTime") && !text.contains("eventTime");
                assert!(by_record || times.is_sorted_by(|a, b| a >= b), "newest first: {text}");
            }
        }
        assert_eq!(query("orderBy=eventTime").direction(), Direction::Descending);
    }
}

fn simple(n: i64, day: i64) -> Value {
    json!({
        "type": "ObjectEvent", "eventID": format!("urn:uuid:{n}"), "action": "OBSERVE",
        "eventTime": format!("2026-10-{day:02}T00:00:{:02}Z", n % 60), "eventTimeZoneOffset": "+08:00",
        "epcList": ["urn:epc:id:sscc:4047023.0000000123"], "readPoint": { "id": site(1) }, "ex:rank": n % 5,
    })
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_while_events_arrive() {
    for world in worlds().await {
        let before: Vec<Value> = (0..25).map(|n| simple(n, 10 + n % 3)).collect();
        world.capture_with_prefixes(1, &before).await;
        let who = nation();
        for text in [
            "",
            "orderBy=eventTime&orderDirection=ASC",
            "orderBy=recordTime",
            "orderBy=ex:rank",
            "MATCH_epc=urn:epc:id:sscc:4047023.0000000123",
            "EXISTS_ex:rank",
        ] {
            let query = query(text);
            let start = world.all(&who, &query, 50).await;
            let (mut seen, mut token) = (Vec::new(), None);
            loop {
                let (events, next) = world.page(&who, &query, 4, token).await;
                seen.extend(events);
                // earlier and later than everything there is
                let n = 1000 * i64::try_from(start.len()).unwrap() + i64::try_from(seen.len()).unwrap();
                world.capture_with_prefixes(1, &[simple(n, 1), simple(n + 500, 28)]).await;
                token = next;
                if token.is_none() {
                    break;
                }
            }
            let same =
                |a: &[Event], b: &[Event]| a.iter().map(|e| e.event_id()).eq(b.iter().map(|e| e.event_id()));
            assert!(same(&seen, &start), "{text} on {}: {} of {}", world.name, seen.len(), start.len());
            assert!(world.all(&who, &query, 50).await.len() > start.len(), "a new query sees them");
        }
    }
}

/// The smallest strides, so that a hundred events go every way a million do.
const SMALL: [Strides; 3] = [
    Strides { windows: [5, 7, 9], probes: [2, 4], listed: 6, few: 1, blocks: 2 },
    Strides { windows: [3, 3, 200], probes: [1, 1], listed: 40, few: 0, blocks: 400 },
    Strides { windows: [1, 2, 3], probes: [200, 200], listed: 1000, few: 400, blocks: 400 },
];

#[tokio::test]
async fn pages_are_the_whole_answer_in_order_whichever_way_it_is_looked_for() {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[23; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let orders = [
        "",
        "orderBy=eventTime",
        "orderBy=eventTime&orderDirection=ASC",
        "orderBy=recordTime",
        "orderBy=recordTime&orderDirection=ASC",
    ];
    let strategy = (
        prop::sample::subsequence(pool(), 0..4),
        prop::sample::select(orders.to_vec()),
        prop::sample::select(vec![2u32, 7, 30]),
        prop::sample::select(SMALL.to_vec()),
        prop::sample::select(vec![nation(), testing::officer("620102"), firm(1), firm(2)]),
    );
    for mut world in worlds().await {
        for _ in 0..4 {
            let events: Vec<Value> = (0..30).map(|_| sample(&mut runner, &event())).collect();
            world.capture_with_prefixes(1, &events).await;
        }
        let (mut found_some, mut later, everything) = (0, 0, query(""));
        for _ in 0..60 {
            let (conditions, order, per_page, strides, who) = sample(&mut runner, &strategy);
            let text = [&conditions[..], &[order.to_owned()]].concat().join("&");
            let query = query(text.trim_matches('&'));
            world.supply.strides = Strides::default();
            let visible = world.all(&who, &everything, 1000).await;
            let mut wanted: Vec<&Event> = query.select(&visible, &NoMasterData).unwrap();
            if query.order().is_none() {
                wanted.sort_by_key(|e| std::cmp::Reverse(e.event_time()));
            }
            let wanted: Vec<Event> = wanted.into_iter().cloned().collect();
            world.supply.strides = strides;
            let (mut found, mut token) = (Vec::new(), None);
            loop {
                let (events, next) = world.page(&who, &query, per_page, token).await;
                found.extend(events);
                token = next;
                if token.is_none() {
                    break;
                }
                if later < 200 {
                    later += 2;
                    let more = [simple(50_000 + later, 1), simple(50_001 + later, 28)];
                    world.capture_with_prefixes(1, &more).await;
                }
            }
            assert_eq!(ids(&found), ids(&wanted), "{text} on {} with {strides:?}", world.name);
            let times = |events: &[Event]| events.iter().map(Event::event_time).collect::<Vec<_>>();
            let by_record = text.contains("recordTime") && !text.contains("eventTime");
            let by_record = by_record || order.starts_with("orderBy=recordTime");
            assert!(by_record || times(&found) == times(&wanted), "{text} on {}", world.name);
            found_some += usize::from(!found.is_empty());
        }
        assert!(found_some > 20, "{found_some} answers with events on {}", world.name);
    }
}

#[tokio::test]
async fn a_firm_sees_its_own_events_and_its_partners_exchanges_and_no_other() {
    for world in worlds().await {
        let item = lot(7, "Z");
        for day in ["2026-10-01", "2026-10-02", "2026-10-03"] {
            world.capture(1, vec![crate::shipped(day, 1, 2, &item, 5)]).await;
            world.capture(1, vec![crate::made(day, 1, &format!("{item}{day}"), 5)]).await;
            world.capture(2, vec![crate::made(day, 2, &format!("{item}x{day}"), 5)]).await;
        }
        for (operator, own, exchanged) in [(1, 6, 0), (2, 3, 3), (4, 0, 0)] {
            let who = firm(operator);
            for text in ["", "GE_eventTime=2026-01-01T00:00:00Z", "GE_recordTime=2026-01-01T00:00:00Z"] {
                let seen = world.all(&who, &query(text), 2).await;
                assert_eq!(seen.len(), own + exchanged, "{text} of {operator} on {}", world.name);
            }
            let filter = supply::EventFilter { limit: 4, ..supply::EventFilter::default() };
            let first = world.supply.events(&who, now(), &filter).await.unwrap();
            let filter = supply::EventFilter { after: first.next.clone(), ..filter };
            let rest = match first.next {
                Some(_) => world.supply.events(&who, now(), &filter).await.unwrap().rows,
                None => Vec::new(),
            };
            let rows: Vec<_> = first.rows.into_iter().chain(rest).collect();
            assert_eq!(rows.len(), own + exchanged, "the list of {operator} on {}", world.name);
            assert!(rows.is_sorted_by(|a, b| (a.time, a.id) >= (b.time, b.id)));
            let step = |step: &str| supply::EventFilter {
                biz_step: Some(step.to_owned()),
                ..supply::EventFilter::default()
            };
            let shipped = world.supply.events(&who, now(), &step("shipping")).await.unwrap().rows.len();
            assert_eq!(shipped, if operator == 4 { 0 } else { 3 }, "{operator} on {}", world.name);
            assert_eq!(world.supply.events(&who, now(), &step("packing")).await.unwrap().rows.len(), 0);
        }
    }
}

/// EPCIS 2.0 §8.2.7.1 `orderBy`: by `recordTime` either way, in any window, its own and its partners' events alike.
#[tokio::test]
async fn a_firm_reads_what_concerns_it_in_the_order_it_was_recorded() {
    for world in worlds().await {
        let (item, mut recorded) = (lot(7, "Z"), Vec::new());
        // recorded in another order than they happened, two at each moment, by turns the firm's own and its partner's
        for n in 0..12i64 {
            let day = format!("2026-10-{:02}", 1 + (n * 7) % 12);
            let operator = 1 + n / 2 % 2;
            let mut event = match operator {
                1 => crate::shipped(&day, 1, 2, &item, 5 + n),
                _ => crate::made(&day, 2, &format!("{item}{n}"), 5),
            };
            event["eventID"] = json!(format!("urn:uuid:{n:02}"));
            let who = firm(operator);
            let mut cx = world.cx(&who);
            cx.now = Instant(cx.now.0 + n / 2 * 60_000_000);
            let bytes = crate::document(&[event]);
            let kept =
                world.supply.capture(&cx, &who, bytes, Format::Detect, &CaptureOptions::default()).await;
            assert_eq!(kept.unwrap().problems, [], "{}", world.name);
            recorded.push(format!("urn:uuid:{n:02}"));
        }
        // NOW is 01:00 UTC
        for (window, from, to) in [
            ("", 0, 12),
            ("&GE_recordTime=2026-11-21T01:02:00Z", 4, 12),
            ("&LT_recordTime=2026-11-21T01:04:00Z", 0, 8),
            ("&GE_recordTime=2026-11-21T01:01:00Z&LT_recordTime=2026-11-21T01:05:00Z", 2, 10),
            ("&GE_recordTime=2026-11-21T02:00:00Z", 0, 0),
        ] {
            for (direction, per_page) in [("ASC", 5), ("ASC", 1), ("DESC", 3), ("DESC", 30)] {
                let query = query(&format!("orderBy=recordTime&orderDirection={direction}{window}"));
                let found = world.all(&firm(2), &query, per_page).await;
                let mut wanted = recorded[from..to].to_vec();
                if direction == "DESC" {
                    wanted.reverse();
                }
                let found: Vec<&str> = found.iter().filter_map(Event::event_id).collect();
                assert_eq!(found, wanted, "{direction}{window} by {per_page} on {}", world.name);
            }
        }
    }
}

#[tokio::test]
async fn limits_rights_and_tokens_hold() {
    for world in worlds().await {
        let events: Vec<Value> = (0..12).map(|n| simple(n, 10)).collect();
        world.capture_with_prefixes(1, &events).await;
        let who = nation();
        // rights cut the answer
        let everything = query("");
        assert_eq!(world.all(&firm(1), &everything, 5).await.len(), 12);
        assert_eq!(world.all(&firm(4), &everything, 5).await.len(), 0);
        assert_eq!(world.all(&Principal::anonymous(), &everything, 5).await.len(), 0);
        assert_eq!(world.all(&testing::officer("62"), &everything, 5).await.len(), 12);
        assert_eq!(world.all(&testing::officer("31"), &everything, 5).await.len(), 0);
        // limits
        let first = query("orderBy=eventTime&eventCountLimit=7");
        assert_eq!(world.all(&who, &first, 3).await.len(), 7);
        assert_eq!(world.all(&who, &query("maxEventCount=12"), 5).await.len(), 12);
        let refused = |text: &'static str, page: Page, later: i64| {
            let world = &world;
            let who = &who;
            async move {
                let now = now().plus_seconds(later);
                match world.supply.query_events(who, now, &query(text), &page).await {
                    Err(Error::Refused(problems)) => problems[0].clone(),
                    other => panic!("{text}: {other:?}"),
                }
            }
        };
        let too_many = refused("maxEventCount=11", Page::default(), 0).await;
        assert_eq!(too_many.kind, ProblemType::QueryTooLarge);
        // a token is for its query, its reader and its day
        let (_, token) = world.page(&who, &everything, 5, None).await;
        let page = Page { per_page: 5, token };
        for (text, later, word) in [("EQ_action=ADD", 0, "belong"), ("", 90_000, "expired")] {
            let problem = refused(text, page.clone(), later).await;
            assert_eq!((problem.kind, &*problem.pointer), (ProblemType::QueryParameter, "nextPageToken"));
            assert!(problem.detail.en.contains(word), "{problem}");
        }
        let other = world.supply.query_events(&firm(1), now(), &everything, &page).await;
        assert!(matches!(other, Err(Error::Refused(_))));
        // what is found is the event as captured, with id, record time and prefixes
        let (events, _) = world.page(&who, &query("EQ_eventID=urn:uuid:3"), 5, None).await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].record_time(), Some(now()));
        assert_eq!(events[0].context().namespace("ex"), Some("https://example.org/ns/"));
    }
}
