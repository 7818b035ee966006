//! Contents travel with what they are packed in, and only while they are in it.

use crate::world::{Ask, World, kg, set};
use chain::ScopeOptions;

#[test]
fn contents_of_nested_pallets_travel_with_the_outermost() {
    let mut w = World::default();
    w.appear(1, "apple", "orchard", kg(100));
    w.pack(2, "orchard", "case", &[("apple", kg(30))]);
    w.pack(3, "orchard", "pallet", &[("case", None)]);
    w.carry(4, "pallet", ("orchard", "port"), None);
    w.unpack(6, "port", "pallet", &[]);
    w.carry(7, "pallet", ("port", "abroad"), None);
    w.carry(8, "case", ("port", "shop"), None);
    let index = w.index();
    assert_eq!(index.forward("apple", "orchard", None), set(&["apple@orchard", "apple@port", "apple@shop"]));
    let scope = index.scope(index.item_id("apple"), index.place_id("shop"), None, &ScopeOptions::default());
    let held: Vec<_> = scope
        .rows
        .iter()
        .map(|r| (index.names().place_key(r.place), r.on_hand.exact().unwrap().value))
        .collect();
    assert_eq!(held, [("orchard", 70.into()), ("port", 0.into()), ("shop", 30.into())]);
}

#[test]
fn lying_beside_something_on_a_pallet_is_not_mixing() {
    let mut w = World::default();
    w.pack(2, "depot", "pallet", &[("soap", None), ("bread", None)]);
    w.carry(3, "pallet", ("depot", "shop"), None);
    w.unpack(5, "shop", "pallet", &[]);
    let index = w.index();
    assert_eq!(index.forward("soap", "depot", None), set(&["soap@depot", "soap@shop"]));
    // asked about the pallet itself, its contents go with it
    assert_eq!(
        index.forward("pallet", "depot", None),
        set(&["pallet@depot", "pallet@shop", "soap@depot", "soap@shop", "bread@depot", "bread@shop"])
    );
}

#[test]
fn what_was_taken_out_stays_and_a_listed_child_is_not_counted_twice() {
    let mut w = World::default();
    w.pack(1, "depot", "pallet", &[("nuts", kg(10))]);
    w.unpack(2, "depot", "pallet", &[("nuts", kg(4))]);
    let items = vec![(w.item("pallet"), None), (w.item("nuts"), kg(6))];
    let (from, to) = (Some(w.place("depot")), Some(w.place("shop")));
    let phase = chain::Phase::Shipped;
    w.say(3, chain::Kind::Move { from, to, items, phase, document: None });
    w.receive(4, "pallet", ("depot", "shop"), None);
    let index = w.index();
    let scope = index.scope(index.item_id("nuts"), index.place_id("shop"), None, &ScopeOptions::default());
    let shop = scope.rows.iter().find(|r| r.place == index.place_id("shop")).unwrap();
    assert_eq!(shop.received.exact(), kg(6));
}

#[test]
fn a_late_packing_event_moves_the_contents_after_all() {
    let mut w = World::default();
    w.carry(3, "pallet", ("depot", "shop"), None);
    let mut index = w.index();
    w.pack(2, "depot", "pallet", &[("nuts", kg(10))]);
    *index.names_mut() = w.names.clone();
    index.apply(w.steps.last().unwrap());
    assert_eq!(index.forward("nuts", "depot", None), set(&["nuts@depot", "nuts@shop"]));
}
