//! Making events: the few sorts that ledgers, spreadsheets and the demo need, as valid EPCIS 2.0 JSON.
//!
//! ```
//! use epcis::build::{Deal, Lot, Frame, commission, document, ship};
//! use base::Instant;
//! let at = Frame { time: Instant(1_788_307_200_000_000), zone_minutes: 480, place: "https://id.gs1.org/414/6901234500004" };
//! let lot = Lot::new("https://id.gs1.org/01/06901234500011/10/A1", "120.5".parse().unwrap(), Some("KGM"));
//! let made = commission(&at, &lot).with_lot_number("A1").with_production_date("2026-09-01");
//! let sent = ship(&at, &[lot], &Deal { from: Some("https://id.gs1.org/417/6901234500004"), to: None, paper: None });
//! let text = document([made, sent], at.time).to_string();
//! assert!(epcis::json::read_document(text.as_bytes(), epcis::Limits::default()).is_ok());
//! ```

use base::{Decimal, Instant};
use serde_json::{Map, Number, Value, json};

/// The address of the standard's JSON-LD context.
pub const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// When and where.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The time of the event.
    pub time: Instant,
    /// Minutes east of UTC on the wall clock there; China 480.
    pub zone_minutes: i16,
    /// Read point and business location: a place URI.
    pub place: &'a str,
}

/// An amount of a lot or product class.
#[derive(Debug, Clone)]
pub struct Lot<'a> {
    /// The class URI, usually `https://id.gs1.org/01/{GTIN}/10/{lot}`.
    pub class: &'a str,
    /// How much.
    pub amount: Decimal,
    /// Unit by UN/ECE Recommendation 20 (`KGM`); none for pieces.
    pub unit: Option<&'a str>,
}

impl<'a> Lot<'a> {
    /// An amount of a class.
    #[must_use]
    pub const fn new(class: &'a str, amount: Decimal, unit: Option<&'a str>) -> Self {
        Self { class, amount, unit }
    }

    fn value(&self) -> Value {
        let mut out = Map::new();
        out.insert("epcClass".into(), self.class.into());
        out.insert("quantity".into(), number(self.amount));
        if let Some(unit) = self.unit {
            out.insert("uom".into(), unit.into());
        }
        Value::Object(out)
    }
}

/// Who hands over to whom, and on which paper.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deal<'a> {
    /// The giving party (`possessing_party`).
    pub from: Option<&'a str>,
    /// The taking party.
    pub to: Option<&'a str>,
    /// Type (`desadv`, `inv`, `po` …) and URI of the business transaction.
    pub paper: Option<(&'a str, &'a str)>,
}

/// An event in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft(Map<String, Value>);

impl Draft {
    /// Any event type and fields; the caller answers for their validity.
    #[must_use]
    pub fn new(kind: &str, frame: &Frame<'_>) -> Self {
        let mut out = Map::new();
        out.insert("type".into(), kind.into());
        out.insert("eventTime".into(), local_time(frame.time, frame.zone_minutes).into());
        out.insert("eventTimeZoneOffset".into(), zone(frame.zone_minutes).into());
        out.insert("readPoint".into(), json!({ "id": frame.place }));
        out.insert("bizLocation".into(), json!({ "id": frame.place }));
        Self(out)
    }

    /// Sets a field of the standard or a prefixed extension field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Sets `eventID`.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        self.with("eventID", id)
    }

    /// Adds an ILMD field; `name` has a prefix of the standard (`cbvmda:…`) or one defined in the document.
    #[must_use]
    pub fn with_ilmd(mut self, name: &str, value: impl Into<Value>) -> Self {
        let ilmd = self.0.entry("ilmd").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(fields) = ilmd {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// ILMD lot number (`cbvmda:lotNumber`).
    #[must_use]
    pub fn with_lot_number(self, lot: &str) -> Self {
        self.with_ilmd("cbvmda:lotNumber", lot)
    }

    /// ILMD production date (`cbvmda:productionDate`), `2026-09-01`.
    #[must_use]
    pub fn with_production_date(self, date: &str) -> Self {
        self.with_ilmd("cbvmda:productionDate", date)
    }

    /// ILMD best-before date (`cbvmda:bestBeforeDate`), `2027-03-01`.
    #[must_use]
    pub fn with_best_before(self, date: &str) -> Self {
        self.with_ilmd("cbvmda:bestBeforeDate", date)
    }

    /// The event as JSON, for a place inside a document.
    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The event as JSON that stands alone, with its `@context`.
    #[must_use]
    pub fn into_bare_event(self) -> Value {
        let mut out = Map::new();
        out.insert("@context".into(), json!([CONTEXT]));
        out.extend(self.0);
        Value::Object(out)
    }

    fn with_deal(mut self, deal: &Deal<'_>) -> Self {
        if let Some((kind, uri)) = deal.paper {
            self.0.insert("bizTransactionList".into(), json!([{ "type": kind, "bizTransaction": uri }]));
        }
        if let Some(from) = deal.from {
            self.0.insert("sourceList".into(), json!([{ "type": "possessing_party", "source": from }]));
        }
        if let Some(to) = deal.to {
            self.0
                .insert("destinationList".into(), json!([{ "type": "possessing_party", "destination": to }]));
        }
        self
    }
}

/// A lot comes into being: object event ADD, `commissioning`. Say what is known of it with the `with_…` functions.
#[must_use]
pub fn commission(frame: &Frame<'_>, lot: &Lot<'_>) -> Draft {
    object(frame, "ADD", "commissioning", "active", std::slice::from_ref(lot))
}

/// Lots leave: object event OBSERVE, `shipping`, `in_transit`.
#[must_use]
pub fn ship(frame: &Frame<'_>, lots: &[Lot<'_>], deal: &Deal<'_>) -> Draft {
    object(frame, "OBSERVE", "shipping", "in_transit", lots).with_deal(deal)
}

/// Lots arrive: object event OBSERVE, `receiving`, `in_progress`.
#[must_use]
pub fn receive(frame: &Frame<'_>, lots: &[Lot<'_>], deal: &Deal<'_>) -> Draft {
    object(frame, "OBSERVE", "receiving", "in_progress", lots).with_deal(deal)
}

/// Lots are sold to consumers: object event OBSERVE, `retail_selling`, `retail_sold`.
#[must_use]
pub fn sell(frame: &Frame<'_>, lots: &[Lot<'_>]) -> Draft {
    object(frame, "OBSERVE", "retail_selling", "retail_sold", lots)
}

/// Lots are destroyed: object event DELETE, `destroying`, `destroyed`.
#[must_use]
pub fn destroy(frame: &Frame<'_>, lots: &[Lot<'_>]) -> Draft {
    object(frame, "DELETE", "destroying", "destroyed", lots)
}

fn object(frame: &Frame<'_>, action: &str, step: &str, disposition: &str, lots: &[Lot<'_>]) -> Draft {
    Draft::new("ObjectEvent", frame)
        .with("action", action)
        .with("bizStep", step)
        .with("disposition", disposition)
        .with("quantityList", list(lots))
}

/// Inputs become outputs: transformation event, `commissioning`.
#[must_use]
pub fn transform(frame: &Frame<'_>, inputs: &[Lot<'_>], outputs: &[Lot<'_>]) -> Draft {
    Draft::new("TransformationEvent", frame)
        .with("bizStep", "commissioning")
        .with("disposition", "active")
        .with("inputQuantityList", list(inputs))
        .with("outputQuantityList", list(outputs))
}

/// Lots are packed into a logistic unit: aggregation event ADD, `packing`.
#[must_use]
pub fn pack(frame: &Frame<'_>, parent: &str, lots: &[Lot<'_>]) -> Draft {
    aggregate(frame, parent, "ADD", "packing", lots)
}

/// Lots are taken out of a logistic unit: aggregation event DELETE, `unpacking`.
#[must_use]
pub fn unpack(frame: &Frame<'_>, parent: &str, lots: &[Lot<'_>]) -> Draft {
    aggregate(frame, parent, "DELETE", "unpacking", lots)
}

fn aggregate(frame: &Frame<'_>, parent: &str, action: &str, step: &str, lots: &[Lot<'_>]) -> Draft {
    Draft::new("AggregationEvent", frame)
        .with("parentID", parent)
        .with("action", action)
        .with("bizStep", step)
        .with("disposition", "in_progress")
        .with("childQuantityList", list(lots))
}

/// An `EPCISDocument` of events, created at `created`.
#[must_use]
pub fn document(events: impl IntoIterator<Item = Draft>, created: Instant) -> Value {
    document_with_prefixes(events, created, &[])
}

/// An `EPCISDocument` whose events use extension prefixes.
#[must_use]
pub fn document_with_prefixes(
    events: impl IntoIterator<Item = Draft>,
    created: Instant,
    prefixes: &[(&str, &str)],
) -> Value {
    let mut context = vec![Value::from(CONTEXT)];
    context.extend(prefixes.iter().map(|(prefix, namespace)| {
        Value::Object(Map::from_iter([((*prefix).to_owned(), Value::from(*namespace))]))
    }));
    let events: Vec<Value> = events.into_iter().map(Draft::into_value).collect();
    json!({
        "@context": context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created.rfc3339(),
        "epcisBody": { "eventList": events },
    })
}

fn list(lots: &[Lot<'_>]) -> Value {
    Value::Array(lots.iter().map(Lot::value).collect())
}

/// A decimal as a JSON number: whole numbers exactly, others to the 15 digits a double keeps.
fn number(amount: Decimal) -> Value {
    let amount = amount.normalize();
    let text = amount.to_string();
    let number = text.parse::<i64>().map(Number::from).ok().or_else(|| Number::from_f64(text.parse().ok()?));
    number.map_or(Value::Null, Value::Number)
}

/// `+08:00`.
fn zone(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The instant on the wall clock there, with milliseconds and offset.
fn local_time(time: Instant, minutes: i16) -> String {
    let shown = time.plus_seconds(i64::from(minutes) * 60).rfc3339();
    format!("{}{}", shown.trim_end_matches('Z'), zone(minutes))
}
