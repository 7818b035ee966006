//! Quantities: partial deliveries, mixed units, missing figures, and the balance of a recall.

use crate::world::{Ask, World, kg};
use base::Decimal;
use chain::{Amount, How, LinkKind, Qty, Role, ScopeOptions, ScopeRow, Unit};

fn row<'a>(index: &chain::Index, scope: &'a chain::Scope, place: &str) -> &'a ScopeRow {
    scope.rows.iter().find(|row| row.place == index.place_id(place)).expect("a row for the place")
}

#[test]
fn a_recall_closes_its_balance_place_by_place() {
    let mut w = World::default();
    w.appear(1, "juice", "plant", kg(100));
    w.carry(2, "juice", ("plant", "depot"), kg(90));
    w.carry(4, "juice", ("depot", "shop"), kg(50));
    w.ship(5, "juice", ("depot", "kiosk"), kg(10));
    w.leave(6, "juice", "shop", How::Sold, kg(45));
    w.leave(7, "juice", "shop", How::Destroyed, kg(5));
    w.leave(7, "juice", "depot", How::Lost, kg(1));
    let index = w.index();
    let scope = index.scope(index.item_id("juice"), index.place_id("shop"), None, &ScopeOptions::default());
    let facts: Vec<_> = ["plant", "depot", "shop", "kiosk"]
        .map(|p| row(&index, &scope, p))
        .iter()
        .map(|r| (r.role, r.on_hand.exact(), r.may_hold))
        .collect();
    assert_eq!(
        facts,
        [
            (Role::Origin, kg(10), true),
            (Role::Holder, kg(29), true),
            (Role::SoldOut, kg(0), false),
            (Role::Expected, Some(Qty::pieces(0)), true),
        ]
    );
    let t = &scope.totals;
    let totals = [&t.produced, &t.in_transit, &t.held, &t.sold, &t.destroyed, &t.lost, &t.unaccounted];
    assert_eq!(totals.map(Amount::exact), [100, 10, 39, 45, 5, 1, 0].map(kg));
    assert_eq!(row(&index, &scope, "shop").evidence, [4, 5]);
}

#[test]
fn one_shipment_may_arrive_in_parts_and_one_receipt_may_answer_several() {
    let mut w = World::default();
    w.ship(1, "sugar", ("mill", "shop"), kg(100));
    w.receive(2, "sugar", ("mill", "shop"), kg(60));
    w.receive(3, "sugar", ("mill", "shop"), kg(30));
    w.ship(4, "salt", ("mill", "shop"), kg(10));
    w.ship(5, "salt", ("mill", "shop"), kg(15));
    w.receive(6, "salt", ("mill", "shop"), kg(25));
    let index = w.index();
    let links = |item: &str| {
        let trace = index.trace_back(index.item_id(item), None, None, chain::Bounds::default());
        let mut links: Vec<_> = trace.links.into_iter().map(|l| (l.kind, l.sent, l.received)).collect();
        links.sort();
        links.dedup();
        links
    };
    assert_eq!(
        links("sugar"),
        [
            (LinkKind::Moved, kg(30), kg(30)),
            (LinkKind::Moved, kg(60), kg(60)),
            (LinkKind::Shipped, kg(10), None)
        ]
    );
    assert_eq!(links("salt"), [(LinkKind::Moved, kg(10), kg(10)), (LinkKind::Moved, kg(15), kg(15))]);
}

#[test]
fn a_delivery_of_exactly_the_quantity_is_matched_before_an_older_open_one() {
    let mut w = World::default();
    w.ship(1, "sugar", ("mill", "shop"), kg(100));
    w.ship(2, "sugar", ("mill", "shop"), kg(60));
    w.receive(3, "sugar", ("mill", "shop"), kg(60));
    let index = w.index();
    let gaps = index.gaps(index.place_id("shop"));
    assert_eq!(gaps.iter().map(|g| (g.event, g.quantity)).collect::<Vec<_>>(), [(1, kg(100))]);
}

#[test]
fn masses_are_added_in_kilograms_and_other_units_stand_apart() {
    let unit = |code: &str| Unit::new(code).unwrap();
    let mut sum = Amount::default();
    sum.add(Some(Qty::new(Decimal::new(25, 1), unit("TNE"))));
    assert_eq!(sum.exact(), Some(Qty::new(Decimal::new(25, 1), unit("TNE"))));
    sum.add(Some(Qty::new(Decimal::from(500), unit("GRM"))));
    assert_eq!(sum.exact(), Some(Qty::new(Decimal::new(25_005, 1), Unit::KGM)));
    sum.add(Some(Qty::pieces(3)));
    assert!(sum.mixed_units() && sum.exact().is_none() && sum.sums.len() == 2);
    assert!(Unit::new("kg").is_none() && Unit::new("K").is_none());
}

#[test]
fn a_missing_quantity_stays_missing() {
    let mut w = World::default();
    w.appear(1, "tea", "garden", kg(10));
    w.carry(2, "tea", ("garden", "shop"), None);
    w.leave(5, "tea", "shop", How::Sold, kg(2));
    let index = w.index();
    let scope = index.scope(index.item_id("tea"), index.place_id("shop"), None, &ScopeOptions::default());
    let shop = row(&index, &scope, "shop");
    assert!(shop.received.quantity_unknown && shop.on_hand.exact().is_none() && shop.may_hold);
    assert!(scope.totals.unaccounted.quantity_unknown);
}

#[test]
fn a_scope_widens_to_an_ingredient_and_to_its_sister_lots() {
    let mut w = World::default();
    w.appear(1, "chili", "farm", None);
    w.make(3, "farm", &["chili"], &["sauce-1", "sauce-2"], None);
    w.make(4, "farm", &["chili"], &["powder"], None);
    w.carry(5, "sauce-1", ("farm", "shop"), None);
    let index = w.index();
    let ask = |options: &ScopeOptions| {
        let scope = index.scope(index.item_id("sauce-1"), index.place_id("shop"), Some(9), options);
        assert_eq!(index.lots(&scope.upstream).len(), 3);
        index.lots(&scope.downstream).len()
    };
    assert_eq!(ask(&ScopeOptions::default()), 2);
    assert_eq!(ask(&ScopeOptions { include_sibling_outputs: true, ..ScopeOptions::default() }), 3);
    let from_item = Some(index.item_id("chili"));
    assert_eq!(ask(&ScopeOptions { from_item, ..ScopeOptions::default() }), 5);
}

#[test]
fn very_long_decimals_stay_exact() {
    let long: Decimal = "0.1234567890123456789012345678".parse().unwrap();
    let mut w = World::default();
    w.appear(1, "spice", "plant", Some(Qty::new(long, Unit::KGM)));
    let index = w.index();
    assert_eq!(index.items_at(index.place_id("plant"))[0].on_hand.exact().unwrap().value, long);
}
