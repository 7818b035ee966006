//! Worked examples: who is touched by a lot and who is not.

use crate::world::{Ask, World, kg, set};
use chain::{Bounds, GapKind, How, LinkKind, NodeKey, ScopeOptions};

#[test]
fn a_lot_split_between_two_shops_does_not_taint_what_was_made_before_it_came() {
    let mut w = World::default();
    w.appear(1, "flour", "mill", kg(100));
    w.carry(2, "flour", ("mill", "shop1"), kg(40));
    w.carry(2, "flour", ("mill", "shop2"), kg(60));
    w.make(5, "shop1", &["flour"], &["buns"], None);
    w.make(5, "shop2", &["flour", "egg"], &["cake"], None);
    let index = w.index();
    assert_eq!(index.forward("flour", "shop1", None), set(&["flour@shop1", "buns@shop1"]));
    assert_eq!(index.back("buns", "shop1", None), set(&["buns@shop1", "flour@shop1", "flour@mill"]));
    assert_eq!(
        index.back("cake", "shop2", None),
        set(&["cake@shop2", "flour@shop2", "flour@mill", "egg@shop2"])
    );
    assert_eq!(
        index.forward("flour", "mill", None),
        set(&["flour@mill", "flour@shop1", "flour@shop2", "buns@shop1", "cake@shop2"])
    );
}

#[test]
fn goods_that_left_before_the_bad_ones_came_are_clean() {
    let mut w = World::default();
    w.appear(1, "milk-a", "farm-a", None);
    w.appear(1, "milk-b", "farm-b", None);
    w.make(3, "dairy", &["milk-a"], &["silo"], None);
    w.carry(4, "silo", ("dairy", "early"), None);
    w.make(6, "dairy", &["milk-b"], &["silo"], None);
    w.carry(7, "silo", ("dairy", "late"), None);
    let index = w.index();
    assert!(index.forward("milk-b", "farm-b", None).is_disjoint(&set(&["silo@early"])));
    let dairy = |name: &str| index.back("silo", name, None);
    assert!(dairy("late").is_superset(&set(&["silo@dairy"])));
    assert!(!dairy("early").contains("milk-b@farm-b"));
    // the records of the milk end at the farms: at the dairy it is used without having been received
    let gaps = index.gaps(index.place_id("dairy"));
    assert_eq!(gaps.iter().filter(|g| g.kind == GapKind::SentUnreceived).count(), 2);
}

#[test]
fn the_time_asked_about_cuts_the_stock_of_the_start() {
    let mut w = World::default();
    w.carry(1, "oil", ("press-a", "depot"), None);
    w.carry(3, "oil", ("press-b", "depot"), None);
    w.carry(5, "oil", ("depot", "cook-1"), None);
    w.carry(9, "oil", ("depot", "cook-2"), None);
    let index = w.index();
    assert_eq!(index.back("oil", "depot", Some(3)), set(&["oil@depot", "oil@press-a"]));
    assert_eq!(index.back("oil", "depot", Some(4)), set(&["oil@depot", "oil@press-a", "oil@press-b"]));
    assert_eq!(index.forward("oil", "depot", Some(6)), set(&["oil@depot", "oil@cook-2"]));
    assert_eq!(index.forward("oil", "depot", Some(20)), set(&["oil@depot"]));
}

#[test]
fn returned_goods_start_a_new_stretch_at_the_same_place() {
    let mut w = World::default();
    w.appear(1, "jam", "plant", kg(50));
    w.carry(2, "jam", ("plant", "shop"), kg(50));
    w.carry(5, "jam", ("shop", "plant"), kg(20));
    w.carry(8, "jam", ("plant", "other"), kg(20));
    let index = w.index();
    let jam = index.item_id("jam");
    let at_plant = index.trace_forward(jam, Some(index.place_id("shop")), None, Bounds::default());
    assert_eq!(index.lots(&at_plant), set(&["jam@shop", "jam@plant", "jam@other"]));
    assert_eq!(index.back("jam", "shop", None), set(&["jam@shop", "jam@plant"]));
    let carried = index.trace_back(jam, Some(index.place_id("other")), None, Bounds::default());
    assert!(carried.links.iter().any(|link| link.kind == LinkKind::Carried));
    let scope = index.scope(jam, index.place_id("shop"), None, &ScopeOptions::default());
    let held: Vec<_> =
        scope.rows.iter().map(|row| (index.names().place_key(row.place), row.on_hand.exact())).collect();
    assert!(held.contains(&("plant", kg(0))) && held.contains(&("shop", kg(30))));
    assert_eq!(scope.totals.unaccounted.exact(), kg(0));
}

#[test]
fn a_rework_loop_ends_and_reaches_everything_once() {
    let mut w = World::default();
    w.appear(1, "dough", "bakery", None);
    w.make(2, "bakery", &["dough", "rework"], &["bread"], None);
    w.make(3, "bakery", &["bread"], &["rework"], None);
    w.make(4, "bakery", &["rework", "dough"], &["bread"], None);
    let index = w.index();
    let all = set(&["dough@bakery", "bread@bakery", "rework@bakery"]);
    assert_eq!(index.forward("dough", "bakery", None), all);
    assert_eq!(index.back("bread", "bakery", None), all);
}

#[test]
fn either_half_of_a_movement_may_be_missing() {
    let mut w = World::default();
    w.appear(1, "rice", "mill", kg(10));
    w.ship(2, "rice", ("mill", "depot"), kg(10));
    w.receive(5, "rice", ("depot", "shop"), kg(10));
    let index = w.index();
    assert_eq!(index.forward("rice", "mill", None), set(&["rice@mill", "rice@depot", "rice@shop"]));
    let kinds = |place: &str| -> Vec<GapKind> {
        index.gaps(index.place_id(place)).iter().map(|gap| gap.kind).collect()
    };
    assert_eq!(kinds("mill"), [GapKind::NotReceived]);
    assert!(kinds("depot").contains(&GapKind::ReceiptMissing));
    assert!(kinds("depot").contains(&GapKind::ShipmentMissing));
    assert_eq!(kinds("shop"), [GapKind::ReceivedUnshipped]);
}

#[test]
fn a_receipt_without_a_named_sender_answers_the_shipment_to_that_place() {
    let mut w = World::default();
    w.ship(2, "rice", ("mill", "depot"), None);
    w.receive(3, "rice", ("?", "depot"), None);
    w.ship(4, "rice", ("depot", "?"), None);
    w.receive(5, "rice", ("?", "shop"), None);
    let index = w.index();
    assert_eq!(index.back("rice", "shop", None), set(&["rice@shop", "rice@depot", "rice@mill"]));
}

#[test]
fn a_withdrawn_event_no_longer_counts_whenever_it_arrives() {
    let mut w = World::default();
    w.appear(1, "tofu", "plant", None);
    let wrong = w.ship(2, "tofu", ("plant", "shop1"), None);
    w.withdraw(3, wrong);
    w.carry(4, "tofu", ("plant", "shop2"), None);
    let expected = set(&["tofu@plant", "tofu@shop2"]);
    assert_eq!(w.index().forward("tofu", "plant", None), expected);
    let mut index = chain::Index::build(w.names.clone(), &w.steps[..2]);
    assert!(index.forward("tofu", "plant", None).contains("tofu@shop1"));
    index.apply_all(&w.steps[2..]);
    assert_eq!(index.forward("tofu", "plant", None), expected);
    index.apply_all(&w.steps);
    assert_eq!(index.forward("tofu", "plant", None), expected);
}

#[test]
fn a_transformation_told_in_several_events_leads_from_every_input_to_every_output() {
    let mut w = World::default();
    w.make(5, "plant", &["pork"], &[], Some("run 7"));
    w.make(6, "plant", &[], &["sausage-1"], Some("run 7"));
    w.make(7, "plant", &["salt"], &["sausage-2"], Some("run 7"));
    w.make(7, "plant", &["beef"], &["patty"], Some("run 8"));
    let index = w.index();
    let pork = index.forward("pork", "plant", None);
    assert_eq!(pork, set(&["pork@plant", "sausage-1@plant", "sausage-2@plant"]));
    // recorded late, it may still have been in the first output: EPCIS joins the events into one
    assert_eq!(index.back("sausage-1", "plant", None), set(&["sausage-1@plant", "pork@plant", "salt@plant"]));
}

#[test]
fn a_path_names_the_events_that_prove_it() {
    let mut w = World::default();
    let born = w.appear(1, "leaf", "garden", None);
    let out = w.ship(2, "leaf", ("garden", "factory"), None);
    let come = w.receive(3, "leaf", ("garden", "factory"), None);
    let make = w.make(4, "factory", &["leaf"], &["tea"], None);
    let index = w.index();
    let key = |item: &str, place: &str| NodeKey {
        item: index.item_id(item),
        place: index.place_id(place),
        since: 9,
    };
    let path = index.path(key("leaf", "garden"), key("tea", "factory"), Bounds::default()).unwrap();
    let events: Vec<_> = path.links.iter().map(|link| link.events.clone()).collect();
    assert_eq!(events, [vec![out, come], vec![make], vec![make]]);
    assert!(path.nodes[0].origin && born == 1);
    assert!(index.path(key("tea", "factory"), key("leaf", "garden"), Bounds::default()).is_none());
}

#[test]
fn an_answer_that_stops_at_its_bounds_says_so() {
    let mut w = World::default();
    for shop in 0..20 {
        w.carry(2, "gum", ("plant", &format!("shop{shop}")), None);
    }
    let index = w.index();
    let ask = |max_nodes, max_depth| {
        index.trace_forward(
            index.item_id("gum"),
            Some(index.place_id("plant")),
            None,
            Bounds { max_nodes, max_depth },
        )
    };
    let few = ask(5, 9);
    assert!(few.truncated && few.nodes.len() == 5);
    assert!(ask(100, 0).truncated);
    let all = ask(100, 1);
    assert!(!all.truncated && all.nodes.len() == 21);
}

#[test]
fn the_common_source_of_cases_ranks_first() {
    let mut w = World::default();
    w.appear(1, "sprout", "grower", None);
    w.appear(1, "leek", "garden", None);
    for (n, shop) in ["a", "b", "c"].iter().enumerate() {
        w.carry(2, "sprout", ("grower", shop), None);
        w.carry(2, "leek", ("garden", shop), None);
        w.make(
            6,
            shop,
            if n < 2 { &["sprout", "leek"] } else { &["sprout"] },
            &[&format!("salad-{shop}")],
            None,
        );
    }
    let index = w.index();
    let case = |shop: &str| chain::Case {
        item: index.item_id(&format!("salad-{shop}")),
        place: Some(index.place_id(shop)),
        at: None,
    };
    let found = index.common_source(&[case("a"), case("b"), case("c")], 3, Bounds::default());
    let first = &found.ranked[0];
    assert_eq!(index.names().place_key(first.node.place), "grower");
    assert_eq!((first.cases.as_slice(), first.origin), (&[0, 1, 2][..], true));
    assert!(found.truncated, "there are more than three");
    let hop = index.one_hop(index.item_id("sprout"), index.place_id("a"));
    assert_eq!(index.lots(&hop.trace), set(&["sprout@a", "sprout@grower"]));
}

#[test]
fn stock_seen_but_never_received_and_stock_overdrawn_are_gaps() {
    let mut w = World::default();
    let (item, place) = (w.item("ham"), w.place("store"));
    w.say(3, chain::Kind::Observe { place, items: vec![(item, None)] });
    w.receive(4, "fish", ("?", "store"), kg(5));
    w.leave(6, "fish", "store", How::Sold, kg(8));
    let index = w.index();
    let kinds: Vec<_> = index.gaps(place).iter().map(|g| (g.kind, g.quantity)).collect();
    assert_eq!(
        kinds,
        [(GapKind::SeenUnreceived, None), (GapKind::ReceivedUnshipped, kg(5)), (GapKind::Overdrawn, kg(3))]
    );
}
