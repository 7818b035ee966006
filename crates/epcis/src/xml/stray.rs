//! Elements and attributes that have no place in the EPCIS 2.0 XSD and would be passed over in silence.

use super::element::{Attribute, Element};
use super::found::Found;
use super::hollow;
use super::write::markup::XSI;
use base::Text;

/// Namespace of `xml:lang` and the like.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How the namespaces of the standard begin, those of queries too.
const EPCIS: &str = "urn:epcglobal:epcis";

/// The lists of an event and what they are made of.
const LISTS: [(&str, &str); 12] = [
    ("epcList", "epc"),
    ("childEPCs", "epc"),
    ("inputEPCList", "epc"),
    ("outputEPCList", "epc"),
    ("quantityList", "quantityElement"),
    ("childQuantityList", "quantityElement"),
    ("inputQuantityList", "quantityElement"),
    ("outputQuantityList", "quantityElement"),
    ("bizTransactionList", "bizTransaction"),
    ("sourceList", "source"),
    ("destinationList", "destination"),
    ("sensorElementList", "sensorElement"),
];

/// Parts of an event whose attributes are free: what is in them is data.
const FREE: [&str; 4] = ["ilmd", "errorDeclaration", "extension", "baseExtension"];

/// What of an event would be lost: foreign items in a list, attributes of the standard's own elements.
pub(super) fn event(event: &Element, found: &mut Found<'_>) {
    for part in event.flat().filter(|part| part.namespace.is_none() && !FREE.contains(&&*part.local)) {
        attributes(part, &[], found);
        let Some((_, item)) = LISTS.iter().find(|(list, _)| *list == &*part.local) else {
            for inner in part.flat().filter(|inner| inner.namespace.is_none()) {
                attributes(inner, &[], found);
            }
            continue;
        };
        for child in part.flat() {
            if child.namespace.is_some() || &*child.local != *item {
                stray(child, &part.local, &[item], found);
            } else {
                let known: &[&str] = if matches!(*item, "bizTransaction" | "source" | "destination") {
                    &["type"]
                } else {
                    &[]
                };
                attributes(child, known, found);
                // what is measured stands in attributes
                let inner = child.flat().filter(|_| *item == "quantityElement");
                inner.for_each(|part| attributes(part, &[], found));
            }
        }
    }
}

/// What of the frame would be lost: a second header, body or list of events, elements nobody knows.
pub(super) fn frame(root: &Element, found: &mut Found<'_>) {
    known(root, &["EPCISHeader", "EPCISBody"], found);
    for body in root.children.iter().filter(|child| &*child.local == "EPCISBody") {
        let inner: &[&str] = match &*root.local {
            "EPCISDocument" => &["EventList"],
            "EPCISMasterDataDocument" => &["VocabularyList"],
            _ => &["QueryResults"],
        };
        known(body, inner, found);
        for results in body.children.iter().filter(|child| &*child.local == "QueryResults") {
            known(results, &["queryName", "subscriptionID", "resultsBody"], found);
            for list in results.children.iter().filter(|child| &*child.local == "resultsBody") {
                known(list, &["EventList", "VocabularyList"], found);
            }
        }
    }
}

/// Each known child once, no other that has no namespace.
fn known(parent: &Element, names: &[&str], found: &mut Found<'_>) {
    hollow::bare(parent, found);
    let mut seen: Vec<&str> = Vec::new();
    for child in &parent.children {
        let name = &*child.local;
        let is_foreign = child.namespace.as_deref().is_some_and(|n| !n.starts_with(EPCIS));
        if names.contains(&name) && is_foreign {
            stray(child, &parent.local, names, found);
        } else if names.contains(&name) {
            if seen.contains(&name) {
                found.add(
                    child,
                    Text::new(
                        format!("{} 中的元素 {name} 出现了不止一次。", parent.local),
                        format!("The element {name} stands more than once in {}.", parent.local),
                    ),
                    Text::of(
                        "请合并为一个，或分成几个文件提交。",
                        "Make one of them, or send several documents.",
                    ),
                );
            }
            seen.push(name);
        } else if child.namespace.is_none() && !child.is_wrapper() {
            stray(child, &parent.local, names, found);
        }
    }
}

fn stray(child: &Element, parent: &str, names: &[&str], found: &mut Found<'_>) {
    let names = names.join(", ");
    found.add(
        child,
        Text::new(
            format!("{parent} 中没有元素 {}。", child.local),
            format!("{parent} has no element {}.", child.local),
        ),
        Text::new(
            format!("此处只能是：{names}；请检查拼写和位置。"),
            format!("Only these may stand here: {names}. Check spelling and place."),
        ),
    );
}

pub(super) fn attributes(element: &Element, names: &[&str], found: &mut Found<'_>) {
    let is_known = |a: &Attribute| match a.namespace.as_deref() {
        None => names.contains(&&*a.local),
        Some(namespace) => [XSI, XML].contains(&namespace),
    };
    let Some(attribute) = element.attributes.iter().find(|a| !is_known(a)) else { return };
    found.add(element,
Text::new(
            format!("元素 {} 没有属性 {}。", element.local, attribute.local),
            format!("The element {} has no attribute {}.", element.local, attribute.local),
        ),
        Text::of(
            "请检查拼写；自定义内容请写成带命名空间的元素，放在标准元素之后。",
            "Check the spelling; content of your own goes into an element with a namespace, after those of the standard.",
        ),
    );
}
