//! From the facts of an event to what the trace index is told.
//!
//! The place of a thing is the site: the extension of a location number (a door, a shelf) is cut, so that goods
//! shipped from a dock are the goods stored in the hall behind it.

use crate::fact::{EventFact, ItemFact, Role};
use chain::{How, Items, Kind, Names, Phase, PlaceId, Qty, Step, Unit};

/// The key of the site a place key belongs to: without the location extension (AI 254).
#[must_use]
pub fn site_key(place: &str) -> &str {
    if place.starts_with("https://id.gs1.org/414/") {
        place.split_once("/254/").map_or(place, |(site, _)| site)
    } else {
        place
    }
}

/// The steps an event gives, none for associations and withdrawn events. A declaration gives the withdrawal of its
/// event.
#[must_use]
pub fn steps(fact: &EventFact, names: &mut Names) -> Vec<Step> {
    let step = |kind| Step { event: event_number(fact.id), time: fact.time.0, record: fact.recorded.0, kind };
    if fact.declaration {
        return fact.withdraws.map(|w| step(Kind::Withdraw { event: event_number(w) })).into_iter().collect();
    }
    if fact.withdrawn {
        return Vec::new();
    }
    kinds(fact, names).into_iter().map(step).collect()
}

/// Record ids are positive: the number in the index is the id.
pub(crate) const fn event_number(id: base::Id) -> u64 {
    id.0.unsigned_abs()
}

fn kinds(fact: &EventFact, names: &mut Names) -> Vec<Kind> {
    match fact.kind.as_str() {
        "ObjectEvent" | "TransactionEvent" => object(fact, names).into_iter().collect(),
        "AggregationEvent" => aggregation(fact, names),
        "TransformationEvent" => {
            let place = place(names, here(fact));
            let inputs = items(fact, Role::Input, names);
            let outputs = items(fact, Role::Output, names);
            let id = fact.join.as_deref().map(|j| names.join(j));
            vec![Kind::Transform { place, inputs, outputs, id }]
        }
        _ => Vec::new(),
    }
}

/// What one `bizStep` says of goods that already exist.
enum Sense {
    Shipped,
    Received,
    Left(How),
    Seen,
}

fn sense(fact: &EventFact) -> Sense {
    let named = |place: &Option<String>| place.is_some();
    match fact.biz_step.as_deref().unwrap_or_default() {
        "shipping" => Sense::Shipped,
        "departing" if named(&fact.destination) => Sense::Shipped,
        "receiving" => Sense::Received,
        "arriving" | "accepting" if named(&fact.source) => Sense::Received,
        "retail_selling" | "dispensing" => Sense::Left(How::Sold),
        "destroying" => Sense::Left(How::Destroyed),
        _ => Sense::Seen,
    }
}

fn object(fact: &EventFact, names: &mut Names) -> Option<Kind> {
    let mut things = items(fact, Role::Epc, names);
    if fact.kind == "TransactionEvent" {
        things.extend(items(fact, Role::Parent, names));
    }
    if things.is_empty() {
        return None;
    }
    let sense = sense(fact);
    if fact.kind == "ObjectEvent" {
        match fact.action.as_deref() {
            // goods first recorded on arrival from a named sender came from there; they were not made here
            Some("ADD") if !(matches!(sense, Sense::Received) && fact.source.is_some()) => {
                return Some(Kind::Appear { place: place(names, here(fact)), items: things });
            }
            Some("DELETE") => {
                let how = if let Sense::Left(how) = sense { how } else { how_it_left(fact) };
                return Some(Kind::Leave { place: place(names, here(fact)), items: things, how });
            }
            _ => {}
        }
    }
    Some(moved(fact, names, things, &sense))
}

fn aggregation(fact: &EventFact, names: &mut Names) -> Vec<Kind> {
    let parent = fact.items.iter().find(|i| i.role == Role::Parent).map(|i| names.item(&i.item));
    let children = items(fact, Role::Child, names);
    let at = place(names, here(fact));
    let sense = sense(fact);
    match (fact.action.as_deref(), parent) {
        (Some("ADD"), Some(parent)) => {
            let mut out = vec![Kind::Pack { place: at, parent, children }];
            if matches!(sense, Sense::Shipped) {
                out.push(moved(fact, names, vec![(parent, None)], &sense));
            }
            out
        }
        (Some("DELETE"), Some(parent)) => vec![Kind::Unpack { place: at, parent, children }],
        // seen as a whole: what moves is the parent, with whatever is in it
        (_, Some(parent)) => vec![moved(fact, names, vec![(parent, None)], &sense)],
        (_, None) if !children.is_empty() => vec![moved(fact, names, children, &sense)],
        _ => Vec::new(),
    }
}

fn moved(fact: &EventFact, names: &mut Names, items: Items, sense: &Sense) -> Kind {
    let document = fact.document.as_deref().map(|d| names.document(d));
    match sense {
        Sense::Shipped => {
            let from = fact.read_point.as_deref().or(fact.source.as_deref()).or(fact.biz_location.as_deref());
            let from = from.map(|p| names.place(site_key(p)));
            let to = fact.destination.as_deref().map(|p| names.place(site_key(p)));
            Kind::Move { from, to, items, phase: Phase::Shipped, document }
        }
        Sense::Received => {
            let from = fact.source.as_deref().map(|p| names.place(site_key(p)));
            let to = here(fact).or(fact.destination.as_deref()).map(|p| names.place(site_key(p)));
            Kind::Move { from, to, items, phase: Phase::Received, document }
        }
        Sense::Left(how) => Kind::Leave { place: place(names, here(fact)), items, how: *how },
        Sense::Seen => Kind::Observe { place: place(names, here(fact)), items },
    }
}

/// Where the things are after the event; failing that, where it was observed.
fn here(fact: &EventFact) -> Option<&str> {
    fact.biz_location.as_deref().or(fact.read_point.as_deref())
}

fn place(names: &mut Names, key: Option<&str>) -> PlaceId {
    key.map_or(PlaceId::UNKNOWN, |k| names.place(site_key(k)))
}

fn items(fact: &EventFact, role: Role, names: &mut Names) -> Items {
    fact.items.iter().filter(|i| i.role == role).map(|i| (names.item(&i.item), quantity(i))).collect()
}

/// The reported quantity; `None` when there is none or its unit is no code.
pub(crate) fn quantity(item: &ItemFact) -> Option<Qty> {
    let unit = Unit::new(item.uom.as_deref().unwrap_or_default())?;
    Some(Qty::new(item.qty?, unit))
}

/// What a DELETE without a telling business step means, by its disposition.
fn how_it_left(fact: &EventFact) -> How {
    match fact.disposition.as_deref().unwrap_or_default() {
        "retail_sold" | "dispensed" => How::Sold,
        "destroyed" | "disposed" => How::Destroyed,
        "stolen" | "damaged" | "expired" | "unknown" => How::Lost,
        _ => How::Consumed,
    }
}
