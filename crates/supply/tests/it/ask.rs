//! Questions to the trace: each answers the small incident rightly, says what it was asked about, and keeps rights.

use crate::trace::incident;
use crate::{World, firm, lot, made, received, shipped, site, worlds};
use access::{Principal, testing};
use supply::{Answer, Cell, Error, EventFilter, Question, Reply};

async fn reply(
    world: &World,
    who: &Principal,
    question: Question,
    pairs: &[(&str, &str)],
) -> Result<Reply, Error> {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    world.supply.ask(&world.cx(who), who, question, &pairs).await
}

async fn answer(world: &World, question: Question, pairs: &[(&str, &str)]) -> Answer {
    match reply(world, &testing::officer("62"), question, pairs).await.unwrap() {
        Reply::Answer(answer) => *answer,
        Reply::Choose(choices) => panic!("{question:?} {pairs:?}: {choices:?}"),
    }
}

fn column<'a>(a: &'a Answer, key: &str) -> Vec<&'a Cell> {
    let at = a.table.columns.iter().position(|c| c.key == key).unwrap();
    a.table.rows.iter().map(|row| &row[at]).collect()
}

fn places(a: &Answer, key: &str) -> Vec<String> {
    let all = column(a, key).into_iter().filter_map(|c| match c {
        Cell::Place(place) => Some(place.clone()),
        _ => None,
    });
    all.collect()
}

#[tokio::test]
async fn every_question_answers_the_incident() {
    for world in worlds().await {
        incident(&world).await;
        let (raw, product) = (lot(1, "A"), lot(2, "P"));
        let typed = format!("{} A", crate::gtin(1));

        let a = answer(&world, Question::Origins, &[("lot", &product)]).await;
        assert!(a.summary.en.starts_with("1 lots at 1 places"), "{} {}", world.name, a.summary.en);
        assert_eq!(a.counties.len(), 3, "the farm, the producer, and the caterer where the product lies");
        assert!(places(&a, "place").contains(&site(1)));

        let a = answer(&world, Question::Forward, &[("lot", &typed)]).await;
        assert_eq!(a.about[0].key, raw, "GTIN and lot number as typed");
        let reached: std::collections::BTreeSet<String> = places(&a, "place").into_iter().collect();
        assert_eq!(reached.len(), 6, "a place may hold both the raw and the made lot");

        let a = answer(&world, Question::Spread, &[("lot", &raw)]).await;
        let sum: usize = a.counties.iter().map(|c| c.places).sum();
        assert_eq!((sum, a.table.rows.len()), (6, 6));
        let shop = a.counties.iter().find(|c| c.region == "620105").unwrap();
        assert_eq!(supply::amount_text(&shop.on_hand), "20 kg");

        let a = answer(&world, Question::Scope, &[("lot", &raw), ("sort", "on_hand"), ("dir", "desc")]).await;
        assert_eq!(a.table.rows.len(), 7, "a row for each lot at each place");
        assert!(a.summary.en.contains("6 places in 6 counties"), "{}", a.summary.en);
        assert_eq!(column(&a, "on_hand")[0].shown(base::Lang::En, &a.legend), "30 kg");
        let only = answer(&world, Question::Scope, &[("lot", &raw), ("within", "620105")]).await;
        assert_eq!(places(&only, "place"), [site(4)]);

        let a = answer(&world, Question::Path, &[("lot", &raw), ("to", &site(6))]).await;
        assert!(a.summary.en.contains("shortest chain has 4 links"), "{}", a.summary.en);
        assert!(column(&a, "events").iter().all(|c| matches!(c, Cell::Events(e) if !e.is_empty())));
        let turned = answer(&world, Question::Path, &[("lot", &product), ("to", &site(1))]).await;
        assert!(turned.notes.iter().any(|n| n.en.contains("other way")), "{:?}", turned.notes);
        let none = answer(&world, Question::Path, &[("lot", &product), ("to", &site(5))]).await;
        assert!(none.table.rows.is_empty() && none.summary.en.contains("no chain"));

        let a = answer(&world, Question::Hop, &[("lot", &raw)]).await;
        assert!(places(&a, "place").contains(&site(3)), "{:?}", places(&a, "place"));

        let a = answer(&world, Question::Mixing, &[("lot", &raw)]).await;
        assert!(column(&a, "lot").contains(&&Cell::Lot(product.clone())));

        let a = answer(&world, Question::Balance, &[("operator", &base::Id(3).to_string())]).await;
        assert!(a.summary.en.contains("can be true"), "{}", a.summary.en);

        let a = answer(&world, Question::Gaps, &[("region", "6201")]).await;
        assert!(a.summary.en.contains("6 places were looked at"), "{}", a.summary.en);
    }
}

#[tokio::test]
async fn a_lower_limit_of_nodes_cuts_the_sums_by_county_and_is_told() {
    for world in worlds().await {
        incident(&world).await;
        let raw = lot(1, "A");
        let whole = answer(&world, Question::Spread, &[("lot", &raw)]).await;
        assert!(!whole.truncated && whole.bounds.max_nodes == 1_000_000, "{:?}", whole.bounds);
        for limit in [1, 2] {
            let a = answer(&world, Question::Spread, &[("lot", &raw), ("nodes", &limit.to_string())]).await;
            let places: usize = a.counties.iter().map(|c| c.places).sum();
            assert!((1..=limit).contains(&places), "{}: {places} places of {limit} nodes", world.name);
            assert_eq!((a.truncated, a.bounds.max_nodes), (true, limit), "{}", world.name);
            assert!(a.notes.iter().any(|n| n.en.contains(&format!("({limit} nodes"))), "{:?}", a.notes);
        }
    }
}

#[tokio::test]
async fn what_a_capture_acknowledged_is_in_the_next_answer() {
    for world in worlds().await {
        let raw = lot(1, "A");
        world.capture(1, vec![made("2026-09-01", 1, &raw, 100)]).await;
        for (to, count) in (2..=6).zip(2usize..) {
            let date = format!("2026-09-{count:02}");
            world.capture(1, vec![shipped(&date, 1, to, &raw, 5)]).await;
            let a = answer(&world, Question::Forward, &[("lot", &raw)]).await;
            assert!(places(&a, "place").contains(&site(to)), "{} {date}", world.name);
            let a = answer(&world, Question::Spread, &[("lot", &raw)]).await;
            assert_eq!(a.counties.iter().map(|c| c.places).sum::<usize>(), count, "{}", world.name);
        }
    }
}

#[tokio::test]
async fn what_is_new_since_a_position_is_told_and_nothing_else() {
    for world in worlds().await {
        incident(&world).await;
        let raw = lot(1, "A");
        let before = answer(&world, Question::Forward, &[("lot", &raw)]).await.position;
        let since = before.to_string();
        let a = answer(&world, Question::Changes, &[("lot", &raw), ("since", &since)]).await;
        assert!(a.table.rows.is_empty(), "{}: nothing came since: {:?}", world.name, a.table.rows);
        world.capture(5, vec![shipped("2026-09-09", 5, 6, &raw, 3)]).await;
        world.capture(6, vec![received("2026-09-10", 5, 6, &raw, 3)]).await;
        let a = answer(&world, Question::Changes, &[("lot", &raw), ("since", &since)]).await;
        assert_eq!(places(&a, "to_place"), [site(6)]);
        assert_eq!(a.position, before + 2);
        assert!(a.summary.en.contains("gained 1 movements"), "{}", a.summary.en);
    }
}

#[tokio::test]
async fn gaps_name_the_event_and_can_be_chosen_by_kind() {
    for world in worlds().await {
        world.capture(4, vec![received("2026-09-07", 3, 4, &lot(1, "A"), 25)]).await;
        world.capture(3, vec![shipped("2026-09-06", 3, 5, &lot(1, "B"), 5)]).await;
        let shop = firm(4);
        let own = [("operator", base::Id(4).to_string())];
        let own: Vec<(&str, &str)> = own.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let Reply::Answer(a) = reply(&world, &shop, Question::Gaps, &own).await.unwrap() else { panic!() };
        assert_eq!(a.table.rows.len(), 1, "a firm sees its own gaps");
        let a = answer(&world, Question::Gaps, &[("region", "62"), ("kind", "sent_unreceived")]).await;
        assert_eq!(places(&a, "place"), [site(3)], "{:?}", a.table.rows);
        assert!(matches!(column(&a, "events")[0], Cell::Events(e) if e.len() == 1));
        let denied = reply(&world, &shop, Question::Gaps, &[("region", "62")]).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}

#[tokio::test]
async fn two_cases_lead_to_the_farm_with_reasons_and_a_file() {
    for world in worlds().await {
        incident(&world).await;
        // a second farm whose goods went to one of the two only
        world.capture(2, vec![made("2026-09-01", 2, &lot(3, "S"), 10)]).await;
        let cases =
            format!("{} | {} | 2026-09-20 || 餐桌甲\n | {} | 2026-09-20", lot(1, "A"), site(4), site(6));
        let a = answer(&world, Question::Source, &[("case", &cases)]).await;
        assert_eq!(places(&a, "place")[0], site(1), "{} {:?}", world.name, a.table.rows);
        assert!(a.summary.en.contains("explains 2 of 2"), "{}", a.summary.en);
        let why = column(&a, "why")[0].shown(base::Lang::Zh, &a.legend);
        assert!(why.contains("2 个病例中的 2 个"), "{why}");
        let outbreak = a.outbreak.as_ref().unwrap();
        assert!(a.notes[0].en.starts_with("To separate the first two"), "{:?}", a.notes);
        let read = chain::outbreak::read(&outbreak.fcl().unwrap(), chain::outbreak::Keep::Document).unwrap();
        let again = chain::score::score(&read.cases[0].network);
        let best =
            |s: &chain::score::Scores| s.stations.iter().find(|x| x.id == site(1)).unwrap().score.score;
        assert!((best(&again) - best(&outbreak.scores)).abs() < 1e-9);
        assert_eq!(a.about.len(), 2);
    }
}

#[tokio::test]
async fn the_sheet_has_a_row_for_each_lot_and_event_with_its_data_elements() {
    for world in worlds().await {
        incident(&world).await;
        let a = answer(&world, Question::Records, &[("lot", &lot(2, "P"))]).await;
        let ctes: Vec<String> =
            column(&a, "cte").iter().map(|c| c.shown(base::Lang::En, &a.legend)).collect();
        for cte in ["harvesting", "shipping", "receiving", "transformation"] {
            assert!(ctes.iter().any(|c| c == cte), "{cte}: {ctes:?}");
        }
        assert!(column(&a, "lot_source").contains(&&Cell::Place(site(1))));
        let sheet = a.table.sheet("records", base::Lang::En, &a.legend);
        assert!(sheet.header.contains(&"quantity_unit".to_owned()));
        let some = answer(
            &world,
            Question::Records,
            &[("operator", &base::Id(3).to_string()), ("from", "2026-09-05"), ("until", "2026-09-06")],
        )
        .await;
        assert_eq!(some.table.rows.len(), 2, "two shipments of the wholesaler in the window");
    }
}

#[tokio::test]
async fn names_offer_a_choice_and_rights_are_kept() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("62");
        let found = reply(&world, &officer, Question::Forward, &[("lot", "百合")]).await.unwrap();
        assert!(matches!(found, Reply::Answer(_)), "one lot has the name");
        world.capture(1, vec![made("2026-09-02", 1, &lot(1, "B"), 5)]).await;
        let Reply::Choose(choices) =
            reply(&world, &officer, Question::Forward, &[("lot", "百合")]).await.unwrap()
        else {
            panic!("two lots have the name")
        };
        assert_eq!((choices[0].field, choices[0].candidates.len()), ("lot", 2));
        let Reply::Choose(none) =
            reply(&world, &officer, Question::Forward, &[("lot", "不存在的")]).await.unwrap()
        else {
            panic!("nothing has the name")
        };
        assert!(none[0].candidates.is_empty());
        let a = answer(&world, Question::Forward, &[("lot", "A"), ("place", "虚构经营者3")]).await;
        assert_eq!(a.about[1].key, site(3), "a lot number and a firm's name");

        let shop = firm(4);
        for question in [Question::Forward, Question::Scope, Question::Spread, Question::Mixing] {
            let denied = reply(&world, &shop, question, &[("lot", &lot(1, "A"))]).await;
            assert!(matches!(denied, Err(Error::Denied(_))), "{question:?}");
        }
        let elsewhere = testing::officer("6209");
        let denied = reply(&world, &elsewhere, Question::Scope, &[("lot", &lot(1, "A"))]).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let wrong = reply(&world, &officer, Question::Forward, &[("lot", &lot(1, "A")), ("sort", "x")]).await;
        assert!(matches!(wrong, Err(Error::Wrong { field: "sort", .. })));
    }
}

#[tokio::test]
async fn the_evidence_of_a_chain_is_open_to_whoever_may_trace_it_and_to_nobody_else() {
    for world in worlds().await {
        incident(&world).await;
        let at_the_end = testing::officer("620107");
        let cx = world.cx(&at_the_end);
        // the first receipt of the raw goods, in another county: behind the product that reached this one
        let all =
            world.supply.events(&testing::officer("6201"), cx.now, &EventFilter::default()).await.unwrap();
        let find = |place: i64| all.rows.iter().find(|e| e.biz_location == Some(site(place))).unwrap().id;
        let (behind, beside) = (find(2), find(5));
        let product = lot(2, "P");
        let (none, other) = (Vec::new(), lot(1, "Z"));
        for (event, lots, opens) in [
            (behind, vec![&*product], true),
            (behind, vec![&*other, &*product], true),
            (behind, none.clone(), false),
            (behind, vec![&*other], false),
            (beside, vec![&*product], false),
        ] {
            let got = world.supply.evidence(&cx, &at_the_end, event, &lots).await;
            assert_eq!(got.is_ok(), opens, "{} {lots:?}: {:?}", world.name, got.err());
        }
        // a firm traces nobody's chain
        let shop = firm(6);
        let got = world.supply.evidence(&world.cx(&shop), &shop, find(1), &[&product]).await;
        assert!(matches!(got, Err(Error::NotFound(_))), "{}", world.name);
    }
}

#[tokio::test]
async fn bounds_are_told_where_they_stop_an_answer() {
    for world in worlds().await {
        incident(&world).await;
        let a = answer(&world, Question::Forward, &[("lot", &lot(1, "A")), ("depth", "1")]).await;
        assert!(a.truncated && a.notes[0].en.contains("cut at its bounds"), "{:?}", a.notes);
        let json = a.json(base::Lang::Zh, 1, 1);
        assert_eq!(json["truncated"], true);
        assert_eq!(json["rows"].as_array().unwrap().len(), 1);
        assert_eq!(json["next"], 2);
    }
}
