//! What the EPCIS 2.0 XSD refuses although every element stands in its place: lists with nothing in them, elements inside a value,
//! content without a namespace where only content of one's own belongs, elements said to be of a type that is not theirs.

use super::element::Element;
use super::found::Found;
use super::order;
use super::write::markup::XSI;
use base::Text;

/// Lists that hold at least one item, and the item.
const AT_LEAST_ONE: [(&str, &str); 4] = [
    ("bizTransactionList", "bizTransaction"),
    ("sourceList", "source"),
    ("destinationList", "destination"),
    ("sensorElementList", "sensorElement"),
];

/// Elements of an event that are made of elements; every other one is a value.
const PARTS: [&str; 16] = [
    "epcList",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "readPoint",
    "bizLocation",
    "persistentDisposition",
    "errorDeclaration",
];

/// Items of lists that are made of elements or attributes.
const ITEMS: [&str; 3] = ["quantityElement", "sensorElement", "correctiveEventIDs"];

/// What is wrong with the contents of an event of one of the types of the standard.
pub(super) fn event(event: &Element, found: &mut Found<'_>) {
    let Some(fields) = order::sequence(&event.local) else { return };
    typed(event, found);
    bare(event, found);
    wrappers(event, &fields, found);
    for part in event.flat().filter(|part| part.namespace.is_none()) {
        let name = &*part.local;
        if name == "ilmd" {
            own_content(part, &[], found);
        } else if PARTS.contains(&name) {
            if let Some((_, item)) = AT_LEAST_ONE.iter().find(|(list, _)| *list == name) {
                // of an empty array of JSON the writer says so by instruction
                if part.hints().is_none() && part.flat().next().is_none() {
                    empty(part, item, found);
                }
            }
            bare(part, found);
            items(part, found);
        } else if fields.contains(&name) {
            value(part, found);
        }
    }
}

/// The type the XSD gives an element of an event or a capture job; for the others it is the name of the element and `Type`.
fn type_of(local: &str) -> Option<&'static str> {
    Some(match local {
        "epc" => "EPC",
        "eventTime" | "recordTime" | "declarationTime" => "DateTimeStamp",
        "eventTimeZoneOffset" => "string",
        "quantity" => "decimal",
        "createdAt" | "finishedAt" => "DateTimeStamp",
        "captureErrorBehaviour" => "EPCISCaptureErrorBehaviourType",
        "errors" => "EPCISCaptureDocumentErrorListType",
        "error" => "RFC7807ProblemResponseBodyType",
        "title" | "detail" => "string",
        "status" => "int",
        "certificationInfo" | "errorFile" | "type" | "instance" => "anyURI",
        "unset" | "set" | "disposition" => "DispositionIDType",
        "bizStep" => "BusinessStepIDType",
        "bizLocation" => "BusinessLocationType",
        "bizTransaction" => "BusinessTransactionType",
        "bizTransactionList" => "BusinessTransactionListType",
        "source" | "destination" => "SourceDestType",
        "correctiveEventID" => "EventIDType",
        "reason" => "ErrorReasonIDType",
        "childEPCs" | "inputEPCList" | "outputEPCList" => "EPCListType",
        "childQuantityList" | "inputQuantityList" | "outputQuantityList" => "QuantityListType",
        _ => return None,
    })
}

/// `xsi:type` names the type of its element, which none of the standard lets be replaced, and nothing may be nil.
pub(super) fn typed(element: &Element, found: &mut Found<'_>) {
    for attribute in element.attributes.iter().filter(|a| a.namespace.as_deref() == Some(XSI)) {
        let said = attribute.value.trim();
        let said = said.rsplit_once(':').map_or(said, |(_, local)| local);
        let fits = match &*attribute.local {
            "schemaLocation" | "noNamespaceSchemaLocation" => true,
            "type" if element.is_wrapper() || &*element.local == "id" => said.ends_with("Type"),
            "type" => match type_of(&element.local) {
                Some(name) => said == name,
                None => said.strip_suffix("Type").is_some_and(|s| s.eq_ignore_ascii_case(&element.local)),
            },
            _ => false,
        };
        if !fits {
            found.add(element,
Text::new(
                    format!(
                        "元素 {} 的 xsi:{} 与标准不符：{}。",
                        element.local, attribute.local, attribute.value
                    ),
                    format!(
                        "The element {} may not have xsi:{}=\"{}\".",
                        element.local, attribute.local, attribute.value
                    ),
                ),
                Text::of(
                    "请删去该属性；标准元素的类型由标准规定，不能替换或为空。",
                    "Leave the attribute out: the standard fixes the types of its elements; none is replaced or nil.",
                ),
            );
        }
    }
    let standard = |child: &&Element| child.namespace.is_none() && &*element.local != "ilmd";
    element.children.iter().filter(standard).for_each(|child| typed(child, found));
}

/// The items of a list, or the elements of a place: values, or quantities of which a unit alone says nothing.
fn items(part: &Element, found: &mut Found<'_>) {
    for item in part.flat().filter(|item| item.namespace.is_none()) {
        if !ITEMS.contains(&&*item.local) {
            value(item, found);
            continue;
        }
        bare(item, found);
        if &*item.local == "sensorElement" {
            for inner in item.flat().filter(|inner| inner.namespace.is_none()) {
                // what is measured stands in attributes
                bare(inner, found);
                own_content(inner, &[], found);
            }
            continue;
        }
        item.flat().filter(|inner| inner.namespace.is_none()).for_each(|inner| value(inner, found));
        if let (Some(unit), None) = (item.child("uom"), item.child("quantity")) {
            found.add(
                unit,
                Text::of("有计量单位 uom，没有数量 quantity。", "There is a unit (uom) and no quantity."),
                Text::of(
                    "请在 uom 之前写出 quantity；没有数量时不写 uom。",
                    "Write the quantity before the uom; without a quantity leave the uom out.",
                ),
            );
        }
    }
}

/// Wrappers of the standard itself hold something, and nothing without a namespace that the standard does not know.
fn wrappers(parent: &Element, fields: &[&str], found: &mut Found<'_>) {
    for wrapper in parent.children.iter().filter(|child| child.is_wrapper()) {
        if wrapper.children.is_empty() && wrapper.hints().is_none() {
            found.add(
                wrapper,
                Text::new(
                    format!("元素 {} 是空的。", wrapper.local),
                    format!("The element {} is empty.", wrapper.local),
                ),
                Text::of(
                    "请删去，或写入带命名空间的元素。",
                    "Leave it out, or put elements with a namespace into it.",
                ),
            );
        }
        bare(wrapper, found);
        own_content(wrapper, fields, found);
        wrappers(wrapper, fields, found);
    }
}

/// Elements without a namespace where only those of one's own belong.
fn own_content(part: &Element, fields: &[&str], found: &mut Found<'_>) {
    let own = |child: &&Element| {
        child.namespace.is_none() && !child.is_wrapper() && !fields.contains(&&*child.local)
    };
    if let Some(child) = part.children.iter().find(own) {
        found.add(child,
Text::new(
                format!("{} 中的元素 {} 没有命名空间。", part.local, child.local),
                format!("The element {} in {} has no namespace.", child.local, part.local),
            ),
            Text::of(
                "请为自定义元素声明命名空间并加前缀，例如 xmlns:ex=\"https://…\" 和 <ex:…>。",
                "Declare a namespace for elements of your own and use its prefix: xmlns:ex=\"https://…\" and <ex:…>.",
            ),
        );
    }
}

/// Text beside the elements of a part that is made of elements would be passed over.
pub(super) fn bare(part: &Element, found: &mut Found<'_>) {
    let text = part.text.trim();
    if text.is_empty() {
        return;
    }
    let shown: String = text.chars().take(40).collect();
    found.add(
        part,
        Text::new(
            format!("元素 {} 中有多余的文字“{shown}”。", part.local),
            format!("There is text in the element {}, which holds elements only: \"{shown}\".", part.local),
        ),
        Text::of(
            "请删去这些文字，或写入相应的元素。",
            "Take the text out, or put it into the element it belongs to.",
        ),
    );
}

/// A value holds text; an element in it would be passed over.
pub(super) fn value(part: &Element, found: &mut Found<'_>) {
    let Some(child) = part.children.first() else { return };
    found.add(
        child,
        Text::new(
            format!("元素 {} 只含文字，不能含元素 {}。", part.local, child.local),
            format!("The element {} holds text, no element {}.", part.local, child.local),
        ),
        Text::new(
            format!("请把 {} 移到标准元素之后，并使用自己的命名空间。", child.local),
            format!("Put {} after the elements of the standard, in a namespace of its own.", child.local),
        ),
    );
}

fn empty(list: &Element, item: &str, found: &mut Found<'_>) {
    found.add(
        list,
        Text::new(
            format!("{} 中没有 {item}。", list.local),
            format!("There is no {item} in {}.", list.local),
        ),
        Text::new(
            format!("请至少写一个 {item}，或删去 {}。", list.local),
            format!("Write at least one {item}, or leave {} out.", list.local),
        ),
    );
}
