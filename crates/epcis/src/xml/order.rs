//! The order of elements that the EPCIS 2.0 XSD demands.

use super::element::Element;
use super::found::Found;
use base::Text;

const HEAD: [&str; 7] = [
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
    "baseExtension",
];
const OBJECT: &[&str] = &[
    "epcList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "quantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "ilmd",
    "extension",
];
const AGGREGATION: &[&str] = &[
    "parentID",
    "childEPCs",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "childQuantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "extension",
];
const TRANSACTION: &[&str] = &[
    "bizTransactionList",
    "parentID",
    "epcList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "quantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "extension",
];
const TRANSFORMATION: &[&str] = &[
    "inputEPCList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "transformationID",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "ilmd",
    "extension",
];
const ASSOCIATION: &[&str] = &[
    "parentID",
    "childEPCs",
    "childQuantityList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "extension",
];

/// The fields of an event type in the order of the XSD; `None` for types outside the standard.
pub(super) fn sequence(kind: &str) -> Option<Vec<&'static str>> {
    let own = match kind {
        "ObjectEvent" => OBJECT,
        "AggregationEvent" => AGGREGATION,
        "TransactionEvent" => TRANSACTION,
        "TransformationEvent" => TRANSFORMATION,
        "AssociationEvent" => ASSOCIATION,
        _ => return None,
    };
    Some(HEAD.iter().chain(own).copied().collect())
}

/// The fields of all event types, for types outside the standard.
pub(super) fn every_field() -> Vec<&'static str> {
    let mut fields: Vec<&str> = HEAD.to_vec();
    for own in [TRANSFORMATION, OBJECT, AGGREGATION] {
        for name in own {
            if !fields.contains(name) {
                fields.push(name);
            }
        }
    }
    fields
}

/// The first element out of order in each part of an event.
pub(super) fn check(event: &Element, found: &mut Found<'_>) {
    let Some(sequence) = sequence(&event.local) else { return };
    sequence_of(event, &sequence, &["certificationInfo"], found);
    for part in &event.children {
        match &*part.local {
            "readPoint" | "bizLocation" => sequence_of(part, &["id", "extension"], &[], found),
            "persistentDisposition" => sequence_of(part, &["unset", "set"], &["unset", "set"], found),
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                for element in &part.children {
                    sequence_of(element, &["epcClass", "quantity", "uom"], &[], found);
                }
            }
            "sensorElementList" => {
                for element in &part.children {
                    sequence_of(
                        element,
                        &["sensorMetadata", "sensorReport", "extension"],
                        &["sensorReport"],
                        found,
                    );
                }
            }
            _ => {}
        }
    }
}

/// Elements of the standard in sequence, each once unless it may repeat; elements of other namespaces at the end.
fn sequence_of(parent: &Element, sequence: &[&str], repeating: &[&str], found: &mut Found<'_>) {
    let mut reached = 0;
    for child in &parent.children {
        let name = &*child.local;
        if child.namespace.is_some() {
            reached = sequence.len();
            continue;
        }
        let Some(place) = sequence.iter().position(|known| *known == name) else {
            return found.add(
                child,
                Text::new(
                    format!("{} 中没有元素 {name}。", parent.local),
                    format!("{} has no element {name}.", parent.local),
                ),
                Text::of(
                    "请检查拼写；自定义元素须有自己的命名空间。",
                    "Check the spelling; an element of your own needs a namespace of its own.",
                ),
            );
        };
        if place < reached {
            let later = sequence.get(reached..).unwrap_or_default().join(", ");
            let (zh, en) = if later.is_empty() {
                (
                    "自定义元素须放在标准元素之后。".to_owned(),
                    "Elements of your own come after those of the standard.".to_owned(),
                )
            } else {
                (format!("此处之后只能是：{later}。"), format!("Only these may follow here: {later}."))
            };
            return found.add(
                child,
                Text::new(
                    format!("元素 {name} 的位置不对或重复。"),
                    format!("The element {name} is out of order or repeated."),
                ),
                Text::new(zh, en),
            );
        }
        reached = if repeating.contains(&name) { place } else { place + 1 };
    }
}
