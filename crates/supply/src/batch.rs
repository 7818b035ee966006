//! Batches made: a lot that comes into being or is made from others, as an event.

use crate::upload::LEDGER_NAMESPACE;
use crate::{CaptureOutcome, Error, LedgerOptions, PlaceInfo, Supply, prepare};
use access::Principal;
use base::{Date, Decimal, Gtin, Instant, Text};
use epcis::build::{Draft, Frame, Lot};
use ledger::Context;
use paper::sheet::RowError;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Inputs of a batch at most.
const INPUTS: usize = 200;

/// A lot that comes into being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLot {
    /// Product name.
    pub product: String,
    /// Package size.
    pub spec: Option<String>,
    /// Lot number.
    pub number: String,
    /// Barcode of the product.
    pub gtin: Option<Gtin>,
    /// Production or harvest date.
    pub produced: Option<Date>,
    /// Last day of shelf life.
    pub expires: Option<Date>,
    /// How much.
    pub quantity: Decimal,
    /// UN/ECE Rec 20 code.
    pub unit: &'static str,
}

impl NewLot {
    /// Its key, when it is made at `place`: a lot without barcode means something only with who made it.
    #[must_use]
    pub fn item(&self, place: &str) -> String {
        lot_key(
            self.gtin.map(|g| g.to_string()).as_deref(),
            place,
            &self.product,
            self.spec.as_deref(),
            &self.number,
        )
    }
}

/// The key of a lot: a Digital Link with barcode, else a digest of issuer, name, specification and number.
pub(crate) fn lot_key(
    gtin: Option<&str>,
    issuer: &str,
    name: &str,
    spec: Option<&str>,
    number: &str,
) -> String {
    if let Some(gtin) = gtin {
        return epcis::ident::item(gtin, number).unwrap_or_else(|_| {
            format!("https://id.gs1.org/01/{gtin}/10/{}", crate::upload::escape(number))
        });
    }
    let spec = spec.unwrap_or_default();
    let digest = Sha256::digest(format!("{issuer}\n{name}\n{spec}\n{number}"));
    format!("urn:shian:lot:{}", hex::encode(&digest[..16]))
}

/// What goes into a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Key of the lot.
    pub item: String,
    /// How much, when it is known.
    pub quantity: Option<Decimal>,
    /// UN/ECE Rec 20 code.
    pub unit: &'static str,
}

/// Noon in China: records state days, not hours, and none of a day is earlier than another.
pub(crate) fn noon(day: Date) -> Instant {
    Instant::china(day, 12, 0)
}

fn frame(own: &PlaceInfo, day: Date) -> Frame<'_> {
    Frame { time: noon(day), zone_minutes: 480, place: &own.key }
}

fn named(draft: Draft, lot: &NewLot) -> Draft {
    let draft =
        draft.with("shian:productName", lot.product.as_str()).with("shian:lotNumber", lot.number.as_str());
    let draft = match &lot.spec {
        Some(spec) => draft.with("shian:specification", spec.as_str()),
        None => draft,
    };
    let draft = match lot.produced {
        Some(day) => draft.with("shian:productionDate", day.to_string()),
        None => draft,
    };
    match lot.expires {
        Some(day) => draft.with("shian:expirationDate", day.to_string()),
        None => draft,
    }
}

/// A lot that begins here.
pub(crate) fn commissioned(own: &PlaceInfo, day: Date, lot: &NewLot, item: &str) -> Draft {
    named(epcis::build::commission(&frame(own, day), &Lot::new(item, lot.quantity, Some(lot.unit))), lot)
}

/// A lot made from others.
pub(crate) fn made_from(own: &PlaceInfo, day: Date, parts: &[Part], lot: &NewLot, item: &str) -> Draft {
    let list: Vec<Value> = parts
        .iter()
        .map(|p| match p.quantity {
            Some(q) => serde_json::json!({
                "epcClass": p.item,
                "quantity": serde_json::from_str::<Value>(&q.to_string()).unwrap_or(Value::Null),
                "uom": p.unit,
            }),
            None => serde_json::json!({ "epcClass": p.item }),
        })
        .collect();
    let out = [Lot::new(item, lot.quantity, Some(lot.unit))];
    named(epcis::build::transform(&frame(own, day), &[], &out).with("inputQuantityList", list), lot)
}

/// A lot that is looked at and stays.
pub(crate) fn inspected(own: &PlaceInfo, day: Date, item: &str, quantity: Decimal, unit: &str) -> Draft {
    Draft::new("ObjectEvent", &frame(own, day)).with("action", "OBSERVE").with("bizStep", "inspecting").with(
        "quantityList",
        serde_json::json!([{
            "epcClass": item,
            "quantity": serde_json::from_str::<Value>(&quantity.to_string()).unwrap_or(Value::Null),
            "uom": unit,
        }]),
    )
}

/// The document of events made here.
pub(crate) fn document(events: impl IntoIterator<Item = Draft>, now: Instant) -> Value {
    epcis::build::document_with_prefixes(events, now, &[("shian", LEDGER_NAMESPACE)])
}

impl Supply {
    /// Records a batch: a harvest when nothing goes in, else what was made from what. Returns the key of the lot.
    ///
    /// # Errors
    /// [`Error::Rows`] with every wrong field; [`Error::Denied`].
    pub async fn record_batch(
        &self,
        cx: &Context,
        who: &Principal,
        day: Date,
        parts: &[Part],
        lot: &NewLot,
        options: &LedgerOptions,
    ) -> Result<(String, CaptureOutcome), Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let own = self.own_place(standing.operator, options.place.as_deref()).await?;
        let item = lot.item(&own.key);
        let mut errors = Vec::new();
        let mut say = |field: &str, value: &str, message: Text| {
            errors.push(RowError { line: 1, column: field.to_owned(), value: value.to_owned(), message });
        };
        if lot.product.trim().is_empty() {
            say("product", "", Text::of("请填写产品名称", "give the name of the product"));
        }
        if lot.number.trim().is_empty() {
            say("lot", "", Text::of("请填写批号", "give the lot number"));
        }
        if lot.quantity <= Decimal::ZERO {
            say(
                "quantity",
                &lot.quantity.to_string(),
                Text::of("数量应大于 0", "the quantity must be more than 0"),
            );
        }
        if day > cx.now.china_date() {
            say(
                "date",
                &day.to_string(),
                Text::of("日期晚于今天，请核对", "the date is after today; check it"),
            );
        }
        if lot.produced.zip(lot.expires).is_some_and(|(made, end)| end < made) {
            let text =
                Text::of("保质期早于生产日期，请核对", "the shelf life ends before production; check it");
            say("expires", "", text);
        }
        if parts.len() > INPUTS {
            let text =
                Text::new(format!("一个批次最多 {INPUTS} 个投入批次"), format!("{INPUTS} inputs at most"));
            say("inputs", "", text);
        }
        for part in parts {
            if part.item == item {
                let text = Text::of(
                    "产出批次与投入批次相同，请使用新的批号",
                    "the batch has the key of an input; give it a lot number of its own",
                );
                say("lot", &lot.number, text);
            }
            if part.quantity.is_some_and(|q| q <= Decimal::ZERO) {
                let text = Text::of("投入数量应大于 0", "the quantity that goes in must be more than 0");
                say("inputs", &part.item, text);
            }
        }
        if !errors.is_empty() {
            return Err(Error::Rows(errors));
        }
        let event = if parts.is_empty() {
            commissioned(&own, day, lot, &item)
        } else {
            made_from(&own, day, parts, lot, &item)
        };
        let document = document([event], cx.now);
        let events = document["epcisBody"]["eventList"].to_string().into_bytes();
        let outcome = self
            .capture_made(cx, &standing, "batch", &document, &prepare::sha256(&events), None, None)
            .await?;
        Ok((item, outcome))
    }
}
