//! Ledger rows as an EPCIS document: receiving, shipping, or a sale to a consumer.

use super::row::LedgerRow;
use super::{LEDGER_NAMESPACE, LedgerKind, Other};
use crate::PlaceInfo;
use base::{Instant, Text};
use paper::sheet::RowError;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The document of a ledger; notes on lots are added.
pub(crate) fn build(
    kind: LedgerKind,
    own: &PlaceInfo,
    rows: &[LedgerRow],
    others: &[Other],
    known: &HashMap<(String, String), Vec<String>>,
    now: Instant,
    notes: &mut Vec<RowError>,
) -> Value {
    let mut events: Vec<Value> = Vec::with_capacity(rows.len());
    let mut same: BTreeMap<String, u32> = BTreeMap::new();
    let mut made: HashSet<String> = HashSet::new();
    for (row, other) in rows.iter().zip(others) {
        let item = match kind {
            LedgerKind::Purchase => item_of(row, issuer(other, own), notes),
            LedgerKind::Sales => match from_stock(row, known, notes) {
                Some(item) => item,
                None => {
                    let item = item_of(row, &own.key, notes);
                    let producer = matches!(own.form.as_str(), "producer" | "farm");
                    if producer && made.insert(item.clone()) {
                        events.push(commissioning(row, own, &item));
                    }
                    item
                }
            },
        };
        let mut event = event(kind, own, row, other, &item);
        // rows that agree in every cell are still so many deliveries
        let times = same.entry(event.to_string()).or_insert(0);
        *times += 1;
        if *times > 1 {
            event["shian:repeat"] = (*times).into();
        }
        events.push(event);
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

fn event(kind: LedgerKind, own: &PlaceInfo, row: &LedgerRow, other: &Other, item: &str) -> Value {
    let step = match (kind, other) {
        (LedgerKind::Purchase, _) => "receiving",
        (LedgerKind::Sales, Other::Place { .. }) => "shipping",
        (LedgerKind::Sales, Other::Consumer) => "retail_selling",
    };
    let mut event = frame(row.date, own, step, "OBSERVE", item, Some(row));
    if let Other::Place { key } = other {
        let (from, to) = match kind {
            LedgerKind::Purchase => (key.as_str(), own.key.as_str()),
            LedgerKind::Sales => (own.key.as_str(), key.as_str()),
        };
        event["sourceList"] = json!([{ "type": "location", "source": from }]);
        event["destinationList"] = json!([{ "type": "location", "destination": to }]);
        if let Some(number) = &row.document {
            // numbered by whoever sent the goods, so that both ledgers name the same document
            let document = format!("urn:shian:doc:{}:{}", escape(from), escape(number));
            event["bizTransactionList"] = json!([{ "type": "desadv", "bizTransaction": document }]);
        }
    }
    if kind == LedgerKind::Sales
        && let Value::Object(members) = &mut event
    {
        members.remove("bizLocation");
        if matches!(other, Other::Consumer) {
            members.insert("bizLocation".to_owned(), json!({ "id": own.key }));
        }
    }
    let mut say = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            event[name] = value.into();
        }
    };
    say("shian:productName", Some(&row.name));
    say("shian:specification", row.spec.as_deref());
    say("shian:lotNumber", row.lot_number().as_deref());
    say("shian:productionDate", row.produced.map(|d| d.to_string()).as_deref());
    say("shian:shelfLife", row.shelf_life.as_deref());
    say("shian:certificate", row.certificate.as_deref());
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
    if let Some(gtin) = &row.gtin {
        return epcis::ident::item(gtin, &number)
            .unwrap_or_else(|_| format!("https://id.gs1.org/01/{gtin}/10/{}", escape(&number)));
    }
    let spec = row.spec.as_deref().unwrap_or_default();
    let digest = Sha256::digest(format!("{issuer}\n{}\n{spec}\n{number}", row.name));
    format!("urn:shian:lot:{}", hex::encode(&digest[..16]))
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
