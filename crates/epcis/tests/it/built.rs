//! Events made by the builders.

use base::{Decimal, Instant};
use epcis::build::{self, Deal, Draft, Frame, Lot};
use epcis::{Action, Limits, Role, ident, json};

const PLACE: &str = "https://id.gs1.org/414/6901234500004";

fn drafts() -> Vec<Draft> {
    let at = Frame { time: Instant(1_788_307_200_000_000), zone_minutes: 480, place: PLACE };
    let lot = Lot::new("https://id.gs1.org/01/06901234500011/10/A1", "120.5".parse().unwrap(), Some("KGM"));
    let boxes = Lot::new("https://id.gs1.org/01/06901234500028/10/B1", Decimal::from(40), None);
    let deal = Deal {
        from: Some("https://id.gs1.org/417/6901234500004"),
        to: Some("https://id.gs1.org/417/6901234500103"),
        paper: Some(("desadv", "urn:epcglobal:cbv:bt:6901234500004:D1")),
    };
    let (one, two) = ([lot.clone()], [boxes.clone()]);
    let unit = "https://id.gs1.org/00/069012345000000011";
    vec![
        build::commission(&at, &lot)
            .with_lot_number("A1")
            .with_production_date("2026-09-01")
            .with_best_before("2027-03-01"),
        build::ship(&at, &one, &deal).with_id("urn:uuid:0f1e2d3c-0000-4000-8000-000000000001"),
        build::receive(&at, &one, &deal),
        build::transform(&at, &one, &two).with_lot_number("B1"),
        build::pack(&at, unit, &two),
        build::unpack(&at, unit, &two),
        build::sell(&at, &two),
        build::destroy(&at, &one),
    ]
}

#[test]
fn built_events_are_valid_in_strict_mode() {
    let text = build::document(drafts(), Instant(1_788_400_000_000_000)).to_string();
    let limits = Limits { strict: true, ..Limits::default() };
    let document = json::read_document(text.as_bytes(), limits).unwrap();
    assert_eq!(document.events.len(), 8);
    let made = &document.events[0];
    assert_eq!(made.event_time(), Instant(1_788_307_200_000_000));
    assert_eq!(made.zone_minutes(), 480);
    assert_eq!(made.action(), Some(Action::Add));
    assert_eq!(made.ilmd_value("urn:epcglobal:cbv:mda:", "lotNumber").and_then(|n| n.as_str()), Some("A1"));
    let thing = made.things().next().unwrap();
    assert_eq!((thing.amount, thing.unit), (Some("120.5".parse().unwrap()), Some("KGM")));
    assert_eq!(ident::item_key(thing.id).lot().as_deref(), Some("A1"));
    let roles: Vec<Role> = document.events[3].things().map(|thing| thing.role).collect();
    assert_eq!(roles, [Role::Input, Role::Output]);
    assert_eq!(document.events[1].destinations().next().unwrap().id, "https://id.gs1.org/417/6901234500103");
}

#[test]
fn a_built_event_stands_alone() {
    for draft in drafts() {
        let text = draft.into_bare_event().to_string();
        json::read_event(text.as_bytes(), Limits::default()).unwrap();
    }
}
