//! Ledger rows as an EPCIS document: receiving, shipping, or a sale to a consumer.

use super::row::LedgerRow;
use super::{LEDGER_NAMESPACE, LedgerKind, Other};
use crate::PlaceInfo;
use base::{Instant, Text};
use paper::sheet::RowError;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A row with its other side resolved.
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    pub(crate) row: LedgerRow,
    pub(crate) other: Other,
    /// Whom imported goods went on to.
    pub(crate) buyer: Option<Other>,
}

impl Deal {
    /// Addresses and contacts of the other sides: personal data.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = Value> {
        let own = self.row.side.sealed(self.other.key());
        let buyer = self.row.buyer.as_ref().and_then(|b| b.sealed(self.buyer.as_ref().and_then(Other::key)));
        own.into_iter().chain(buyer)
    }
}

/// The document of a ledger; notes on lots are added.
pub(crate) fn build(
    kind: LedgerKind,
    own: &PlaceInfo,
    deals: &[Deal],
    known: &HashMap<(String, String), Vec<String>>,
    now: Instant,
    notes: &mut Vec<RowError>,
) -> Value {
    let mut events: Vec<Value> = Vec::with_capacity(deals.len());
    let mut same: BTreeMap<String, u32> = BTreeMap::new();
    let mut made: HashSet<String> = HashSet::new();
    for Deal { row, other, buyer } in deals {
        let item = if kind.is_purchase() {
            item_of(row, issuer(other, own), notes)
        } else {
            match from_stock(row, known, notes) {
                Some(item) => item,
                None => {
                    let item = item_of(row, &own.key, notes);
                    let producer = matches!(own.form.as_str(), "producer" | "workshop" | "farm");
                    if producer && made.insert(item.clone()) {
                        events.push(commissioning(row, own, &item));
                    }
                    item
                }
            }
        };
        let mut both = vec![event(kind, kind.is_purchase(), own, row, other, &item)];
        if let Some(buyer) = buyer {
            let mut sold = event(kind, false, own, row, buyer, &item);
            if let (Some(exporter), Value::Object(members)) = (other.key(), &mut sold) {
                members.insert("shian:exporter".to_owned(), exporter.into());
            }
            both.push(sold);
        }
        for mut event in both {
            // rows that agree in every cell are still so many deliveries
            let times = same.entry(event.to_string()).or_insert(0);
            *times += 1;
            if *times > 1 {
                event["shian:repeat"] = (*times).into();
            }
            events.push(event);
        }
    }
    json!({
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            { "shian": LEDGER_NAMESPACE },
        ],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": now.rfc3339(),
        "epcisBody": { "eventList": events },
    })
}

fn event(
    kind: LedgerKind,
    comes: bool,
    own: &PlaceInfo,
    row: &LedgerRow,
    other: &Other,
    item: &str,
) -> Value {
    let step = match (comes, other) {
        (true, _) => "receiving",
        (false, Other::Place { .. }) => "shipping",
        (false, Other::Consumer) => "retail_selling",
    };
    let mut event = frame(row.date, own, step, "OBSERVE", item, Some(row));
    if let Other::Place { key } = other {
        let (from, to) =
            if comes { (key.as_str(), own.key.as_str()) } else { (own.key.as_str(), key.as_str()) };
        event["sourceList"] = json!([{ "type": "location", "source": from }]);
        event["destinationList"] = json!([{ "type": "location", "destination": to }]);
        if let Some(number) = &row.document {
            // numbered by whoever sent the goods, so that both ledgers name the same document
            let document = format!("urn:shian:doc:{}:{}", escape(from), escape(number));
            event["bizTransactionList"] = json!([{ "type": "desadv", "bizTransaction": document }]);
        }
    }
    if !comes && let Value::Object(members) = &mut event {
        members.remove("bizLocation");
        if matches!(other, Other::Consumer) {
            members.insert("bizLocation".to_owned(), json!({ "id": own.key }));
        }
    }
    let side = if comes { Some(&row.side) } else { row.buyer.as_ref().or(Some(&row.side)) };
    let sealed: Vec<&str> = [
        side.and_then(|s| s.address.as_ref()).map(|_| "address"),
        side.and_then(|s| s.contact.as_ref()).map(|_| "contact"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sealed = sealed.join(" ");
    let mut say = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            event[name] = value.into();
        }
    };
    say("shian:record", kind.mark());
    say("shian:productName", Some(&row.name));
    say("shian:specification", row.spec.as_deref());
    say("shian:lotNumber", row.lot_number().as_deref());
    say("shian:productionDate", row.produced.map(|d| d.to_string()).as_deref());
    say("shian:shelfLife", row.shelf_life.as_deref());
    say("shian:certificate", row.certificate.as_deref());
    say("shian:licence", row.licence.as_deref());
    say("shian:quantityReason", row.quantity_reason.as_deref());
    // what is sealed with the capture: only that it was stated is said here
    say("shian:sealed", Some(&sealed));
    event
}

/// A producer's release ledger is the first record of a lot: it says that the lot was made, not how much of it.
fn commissioning(row: &LedgerRow, own: &PlaceInfo, item: &str) -> Value {
    let mut event = frame(row.produced.unwrap_or(row.date), own, "commissioning", "ADD", item, None);
    event["shian:productName"] = row.name.as_str().into();
    if let Some(lot) = row.lot_number() {
        event["shian:lotNumber"] = lot.into();
    }
    event
}

/// A ledger states days, not hours: every event of a day stands at noon, so that none is earlier than another.
fn frame(
    date: base::Date,
    own: &PlaceInfo,
    step: &str,
    action: &str,
    item: &str,
    amount: Option<&LedgerRow>,
) -> Value {
    let mut quantity = json!({ "epcClass": item });
    if let Some(row) = amount {
        quantity["quantity"] = serde_json::from_str(&row.qty.to_string()).unwrap_or(Value::Null);
        quantity["uom"] = row.uom.into();
    }
    json!({
        "type": "ObjectEvent",
        "eventTime": format!("{date}T12:00:00.000+08:00"),
        "eventTimeZoneOffset": "+08:00",
        "action": action,
        "bizStep": step,
        "readPoint": { "id": own.key },
        "bizLocation": { "id": own.key },
        "quantityList": [quantity],
    })
}

/// Whose lots they are: the lot number of goods without GTIN means something only with who sent them.
fn issuer<'a>(other: &'a Other, own: &'a PlaceInfo) -> &'a str {
    match other {
        Other::Place { key } => key,
        Other::Consumer => &own.key,
    }
}

/// The key of the lot a row is about.
fn item_of(row: &LedgerRow, issuer: &str, notes: &mut Vec<RowError>) -> String {
    let number = row.lot_number().unwrap_or_else(|| {
        notes.push(note(
            row,
            Text::of(
                "未填生产日期或批号，按本行日期作为批次；食用农产品以外的食品依法应填写",
                "neither production date nor lot number: the date of the row stands for the lot. The law asks for one, except for farm produce",
            ),
        ));
        row.date.strftime("%Y%m%d").to_string()
    });
    crate::batch::lot_key(row.gtin.as_deref(), issuer, &row.name, row.spec.as_deref(), &number)
}

/// The lot in stock that a sales row without GTIN means: same name and number, or the latest of that name.
fn from_stock(
    row: &LedgerRow,
    known: &HashMap<(String, String), Vec<String>>,
    notes: &mut Vec<RowError>,
) -> Option<String> {
    if row.gtin.is_some() {
        return None;
    }
    let items = match row.lot_number() {
        Some(number) => known.get(&(row.name.clone(), number))?,
        None => known.iter().find(|((name, _), _)| *name == row.name).map(|(_, items)| items)?,
    };
    if items.len() > 1 {
        notes.push(note(
            row,
            Text::of(
                "库存中有多个来源的同名同批货物，已按最近一次进货记录；填写商品条码可区分",
                "several suppliers delivered goods of this name and lot; the latest delivery is taken. A barcode (GTIN) tells them apart",
            ),
        ));
    }
    items.first().cloned()
}

fn note(row: &LedgerRow, message: Text) -> RowError {
    RowError {
        line: row.line,
        column: "批号".to_owned(),
        value: row.lot.clone().unwrap_or_default(),
        message,
    }
}

/// What [`escape`] made, read back.
pub(crate) fn unescape(text: &str) -> String {
    let (mut out, bytes) = (Vec::with_capacity(text.len()), text.as_bytes());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let two = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match two.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes everything but unreserved characters.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
