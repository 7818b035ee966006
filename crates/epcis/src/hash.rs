//! The event hash of CBV 2.0 §8.9: one id for one event, whatever the syntax, order, prefixes or spelling.
//!
//! Where the text of the specification and its reference program part, the published test vectors decide, and they come
//! from the program: `parentID` before `epcList`; the type of a business transaction, source or destination before
//! its value; those three lists, ILMD and extensions after everything else in byte order; `certificationInfo` takes
//! part; what a nested standard element says beyond its known fields (`sensorReport.bizRules`, extensions whose namespace
//! does not end in `/`) comes last too; numbers are IEEE 754 doubles; a JSON boolean prints as `True`, an XML one
//! as `true`. Left out: `eventID`, `recordTime`, `errorDeclaration`, comments, `@context`, ignored fields.

mod canonical;
mod items;

use crate::context::Context;
use crate::event::Event;
use crate::node::Node;
use items::Item;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The id of an event: `ni:///sha-256;{hex}?ver=CBV2.0`.
#[must_use]
pub fn event_hash(event: &Event) -> String {
    id_of(&prehash(event))
}

/// The text that is hashed, for looking into a difference.
#[must_use]
pub fn prehash(event: &Event) -> String {
    node_prehash(event.node(), event.context())
}

/// The digest alone, 32 bytes.
#[must_use]
pub fn event_digest(event: &Event) -> [u8; 32] {
    Sha256::digest(prehash(event).as_bytes()).into()
}

/// The `ni` URI (RFC 6920) over a pre-hash text.
pub(crate) fn id_of(prehash: &str) -> String {
    format!("ni:///sha-256;{}?ver=CBV2.0", hex::encode(Sha256::digest(prehash.as_bytes())))
}

/// The pre-hash text of a tree that need not be valid.
pub(crate) fn node_prehash(node: &Node, context: &Context) -> String {
    let mut out = String::with_capacity(1024);
    out.push_str("eventType=");
    out.push_str(&context.expand_name(node.str("type").unwrap_or_default()));
    let mut fields = items::event_fields(node, context);
    ordered(&mut fields, EVENT, &mut out);
    generic(&fields, &mut out);
    out
}

/// Known fields in canonical order, each with the order inside it.
type Order = &'static [(&'static str, Option<Inner>)];

/// The order inside a field; wrapped because a type may not contain itself.
#[derive(Clone, Copy)]
struct Inner(Order);

const EPCS: Option<Inner> = Some(Inner(&[("epc", None)]));
const QUANTITIES: Option<Inner> = Some(Inner(&[(
    "quantityElement",
    Some(Inner(&[("epcClass", None), ("quantity", None), ("uom", None)])),
)]));
const PLACE: Option<Inner> = Some(Inner(&[("id", None)]));

const EVENT: Order = &[
    ("eventTime", None),
    ("eventTimeZoneOffset", None),
    ("certificationInfo", None),
    ("parentID", None),
    ("epcList", EPCS),
    ("inputEPCList", EPCS),
    ("childEPCs", EPCS),
    ("quantityList", QUANTITIES),
    ("childQuantityList", QUANTITIES),
    ("inputQuantityList", QUANTITIES),
    ("outputEPCList", EPCS),
    ("outputQuantityList", QUANTITIES),
    ("action", None),
    ("transformationID", None),
    ("bizStep", None),
    ("disposition", None),
    ("persistentDisposition", Some(Inner(&[("set", None), ("unset", None)]))),
    ("readPoint", PLACE),
    ("bizLocation", PLACE),
    ("sensorElementList", Some(Inner(&[("sensorElement", Some(Inner(SENSOR_ELEMENT)))]))),
];

const SENSOR_ELEMENT: Order =
    &[("sensorMetadata", Some(Inner(SENSOR_METADATA))), ("sensorReport", Some(Inner(SENSOR_REPORT)))];

const SENSOR_METADATA: Order = &[
    ("time", None),
    ("startTime", None),
    ("endTime", None),
    ("deviceID", None),
    ("deviceMetadata", None),
    ("rawData", None),
    ("dataProcessingMethod", None),
    ("bizRules", None),
];

const SENSOR_REPORT: Order = &[
    ("type", None),
    ("exception", None),
    ("deviceID", None),
    ("deviceMetadata", None),
    ("rawData", None),
    ("dataProcessingMethod", None),
    ("time", None),
    ("microorganism", None),
    ("chemicalSubstance", None),
    ("value", None),
    ("component", None),
    ("stringValue", None),
    ("booleanValue", None),
    ("hexBinaryValue", None),
    ("uriValue", None),
    ("minValue", None),
    ("maxValue", None),
    ("meanValue", None),
    ("sDev", None),
    ("percRank", None),
    ("percValue", None),
    ("uom", None),
    ("coordinateReferenceSystem", None),
];

/// Writes the known fields in their order and takes them out of `fields`; what stays is written generically later.
fn ordered(fields: &mut Vec<Item<'_>>, order: Order, out: &mut String) {
    let extensions = take_extensions(fields);
    for (name, inner) in order {
        let mut matching = fields.iter_mut().filter(|field| field.name == *name);
        let Some(first) = matching.next() else { continue };
        let write = |field: &mut Item<'_>, out: &mut String| {
            let start = out.len();
            out.push_str(name);
            field.write_value(canonical::is_time(name), out);
            if let Some(Inner(order)) = inner {
                ordered(&mut field.fields, order, out);
            }
            if out.len() == start + name.len() {
                out.truncate(start);
            }
        };
        match matching.next() {
            // most fields stand alone: there is nothing to sort
            None => write(first, out),
            Some(second) => {
                let mut texts: Vec<String> = Vec::new();
                for field in [first, second].into_iter().chain(matching) {
                    let mut text = String::with_capacity(128);
                    write(field, &mut text);
                    texts.push(text);
                }
                texts.sort_unstable();
                texts.iter().for_each(|text| out.push_str(text));
            }
        }
        fields.retain(|field| field.name != *name || !field.fields.is_empty());
    }
    generic(&extensions, out);
}

/// Extensions of a nested standard element that are written at its own end.
fn take_extensions<'a>(fields: &mut Vec<Item<'a>>) -> Vec<Item<'a>> {
    let skips = |field: &Item<'_>| field.name.contains("eventTime") || field.name.contains("action");
    // most names have no brace, and looking for one byte is quicker than for a text
    let is_extension = |field: &Item<'_>| field.name.bytes().any(|b| b == b'{') && field.name.contains("/}");
    if fields.len() <= 1 || !fields.iter().any(is_extension) || fields.iter().any(skips) {
        return Vec::new();
    }
    fields.extract_if(.., |field| is_extension(field)).collect()
}

/// Writes fields in byte order of their text; the pair of a typed link keeps its order.
fn generic(fields: &[Item<'_>], out: &mut String) {
    let mut texts: Vec<Cow<'_, str>> = Vec::with_capacity(fields.len());
    for field in fields {
        let mut text = String::from(&*field.name);
        field.write_value(false, &mut text);
        generic(&field.fields, &mut text);
        texts.push(text.into());
    }
    if !fields.iter().any(|field| matches!(&*field.name, "bizTransaction" | "source" | "destination")) {
        texts.sort_unstable();
    }
    texts.iter().for_each(|text| out.push_str(text));
}
