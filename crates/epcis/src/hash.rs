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
mod plain;

use crate::context::Context;
use crate::event::Event;
use crate::node::Node;
use items::Item;
use sha2::{Digest, Sha256};

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
///
/// Known fields of the usual shape are written straight from the tree ([`plain`]); what has any other shape becomes
/// [`Item`]s first.
pub(crate) fn node_prehash(node: &Node, context: &Context) -> String {
    let mut out = String::with_capacity(1536);
    out.push_str("eventType=");
    out.push_str(&context.expand_name(node.str("type").unwrap_or_default()));
    let mut known: [Option<&Node>; EVENT.len()] = [None; EVENT.len()];
    // what comes after the known fields
    let (mut last, mut odd) = (plain::Texts::default(), Vec::new());
    for (name, value) in node.members() {
        if let Some(at) = EVENT.iter().position(|(known, _)| **known == **name) {
            if !items::is_ignored(name, context) {
                known[at] = Some(value);
            }
        } else if !plain::links(name, value, context, &mut last) {
            items::push(&mut odd, name, value, context);
        }
    }
    // only an event without time, which no valid one is, writes extensions before the rest
    let mut early = Vec::new();
    let is_timed =
        node.members().iter().any(|(name, _)| name.contains("eventTime") || name.contains("action"));
    let fields = known.iter().flatten().count() + odd.len() + last.len();
    if !is_timed && fields > 1 {
        early.extend(odd.extract_if(.., |field| is_extension(field)));
    }
    for ((name, inner), value) in EVENT.iter().zip(known) {
        let Some(value) = value else { continue };
        if plain::known(name, value, context, &mut out) {
            continue;
        }
        let mut fields = Vec::new();
        items::push(&mut fields, name, value, context);
        in_order(&mut fields, &[(*name, *inner)], &mut out);
        odd.append(&mut fields);
    }
    generic(&early, &mut out);
    for field in &odd {
        last.add(|text| whole(field, text));
    }
    last.write_sorted(&mut out);
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
    in_order(fields, order, out);
    generic(&extensions, out);
}

fn in_order(fields: &mut Vec<Item<'_>>, order: &[(&'static str, Option<Inner>)], out: &mut String) {
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
                let mut texts = plain::Texts::default();
                for field in [first, second].into_iter().chain(matching) {
                    texts.add(|text| write(field, text));
                }
                texts.write_sorted(out);
            }
        }
        fields.retain(|field| field.name != *name || !field.fields.is_empty());
    }
}

fn is_extension(field: &Item<'_>) -> bool {
    // most names have no brace, and looking for one byte is quicker than for a text
    field.name.bytes().any(|b| b == b'{') && field.name.contains("/}")
}

/// Extensions of a nested standard element that are written at its own end.
fn take_extensions<'a>(fields: &mut Vec<Item<'a>>) -> Vec<Item<'a>> {
    let skips = |field: &Item<'_>| field.name.contains("eventTime") || field.name.contains("action");
    if fields.len() <= 1 || !fields.iter().any(is_extension) || fields.iter().any(skips) {
        return Vec::new();
    }
    fields.extract_if(.., |field| is_extension(field)).collect()
}

/// Writes fields in byte order of their text; the pair of a typed link keeps its order.
fn generic(fields: &[Item<'_>], out: &mut String) {
    let is_pair = |field: &Item<'_>| matches!(&*field.name, "bizTransaction" | "source" | "destination");
    match fields {
        [] => {}
        [alone] => whole(alone, out),
        _ if fields.iter().any(is_pair) => fields.iter().for_each(|field| whole(field, out)),
        _ => {
            let mut texts = plain::Texts::default();
            fields.iter().for_each(|field| texts.add(|text| whole(field, text)));
            texts.write_sorted(out);
        }
    }
}

/// Writes a field with its value and everything in it.
fn whole(field: &Item<'_>, out: &mut String) {
    out.push_str(&field.name);
    field.write_value(false, out);
    generic(&field.fields, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{CAPTURE_LIST, QUERY_LIST, document_context, take};
    use crate::{Limits, parse::parse};

    /// The same text with every field made an item first.
    fn through_items(node: &Node, context: &Context) -> String {
        let mut fields = Vec::new();
        for (name, value) in node.members() {
            items::push(&mut fields, name, value, context);
        }
        let mut out = format!("eventType={}", context.expand_name(node.str("type").unwrap_or_default()));
        ordered(&mut fields, EVENT, &mut out);
        generic(&fields, &mut out);
        out
    }

    #[test]
    fn what_is_written_straight_is_what_items_give() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hash");
        let mut events = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| !e.to_string_lossy().starts_with("json")) {
                continue;
            }
            let Ok(mut root) = parse(&std::fs::read(&path).unwrap(), &Limits::default()) else { continue };
            let context = document_context(&root);
            for list in [CAPTURE_LIST, QUERY_LIST] {
                for event in take(&mut root, list) {
                    events += 1;
                    assert_eq!(node_prehash(&event, &context), through_items(&event, &context), "{path:?}");
                }
            }
        }
        assert!(events > 20, "{events}");
    }

    #[test]
    fn odd_shapes_are_written_as_items_are() {
        let context = Context::standard(crate::Syntax::Json);
        for text in [
            r#"{"type":"ObjectEvent"}"#,
            r#"{"type":"ObjectEvent","eventTime":" ","action":"","epcList":[""],"quantityList":[{}]}"#,
            r#"{"type":"ObjectEvent","eventTime":"2020-01-01T00:00:00Z","epcList":["urn:a:b",7,{"x":"y"},["z"]]}"#,
            r#"{"type":"ObjectEvent","eventTime":7,"action":["b","a"],"bizStep":["shipping","x:y"],"disposition":{"id":"q"}}"#,
            r#"{"type":"ObjectEvent","eventTime":"x","readPoint":{"id":"urn:a:b","cbv:x":"1"},"bizLocation":"urn:q:r"}"#,
            r#"{"type":"ObjectEvent","eventTime":"x","quantityList":[{"epcClass":"urn:b:b","quantity":2.50,"uom":"KGM"},{"quantity":"1","gs1:x":3},{"uom":" "}]}"#,
            r#"{"type":"ObjectEvent","eventTime":"x","bizTransactionList":[{"bizTransaction":"urn:b:b"},{"type":"po","bizTransaction":"urn:a:b"},{"type":""},3]}"#,
            r#"{"type":"ObjectEvent","eventTime":"x","sourceList":[{"type":7,"source":"urn:a:b"}],"destinationList":"x"}"#,
            r#"{"type":"ObjectEvent","gs1:one":"1","gs1:two":["b","a"],"readPoint":{"id":"urn:a:b"}}"#,
        ] {
            let node = parse(text.as_bytes(), &Limits::default()).unwrap();
            assert_eq!(node_prehash(&node, &context), through_items(&node, &context), "{text}");
        }
    }
}
