//! Master data: what the identifiers in events stand for (EPCIS 2.0 §9.4, CBV 2.0 §9).

use crate::document::Document;
use crate::node::Node;
use std::collections::{HashMap, HashSet};

/// The master data of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MasterData {
    /// One table for each vocabulary, in document order.
    pub tables: Vec<MasterTable>,
}

/// One vocabulary: what sort of thing, and the things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterTable {
    /// The URI of the vocabulary, such as `urn:epcglobal:epcis:vtype:BusinessLocation`.
    pub kind: String,
    /// Its elements in document order.
    pub elements: Vec<MasterElement>,
}

/// One identified thing with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterElement {
    /// Its URI.
    pub id: String,
    /// Attribute URI and value: text, number or a structure; an attribute may be given several times.
    pub attributes: Vec<(String, Node)>,
    /// The things directly below it; one thing may stand below several.
    pub children: Vec<String>,
}

impl MasterElement {
    /// The first value of an attribute.
    #[must_use]
    pub fn attribute(&self, id: &str) -> Option<&Node> {
        self.attributes.iter().find(|(known, _)| known == id).map(|(_, value)| value)
    }
}

impl MasterData {
    /// From a `vocabularyList`; entries without type or id are passed over (validation reports them).
    #[must_use]
    pub fn from_list(list: &Node) -> Self {
        let tables = list.items().iter().filter_map(|table| {
            let elements = table.get("vocabularyElementList").map(Node::items).unwrap_or_default();
            let elements = elements.iter().filter_map(element).collect();
            Some(MasterTable { kind: table.str("type")?.to_owned(), elements })
        });
        Self { tables: tables.collect() }
    }

    /// The `epcisHeader` that carries these data.
    #[must_use]
    pub fn to_header(&self) -> Node {
        Node::object([("epcisMasterData", Node::object([("vocabularyList", self.to_list())]))])
    }

    /// The `vocabularyList`.
    #[must_use]
    pub fn to_list(&self) -> Node {
        let table = |table: &MasterTable| {
            let mut members = vec![(Box::from("type"), Node::text(&table.kind))];
            if !table.elements.is_empty() {
                let elements = table.elements.iter().map(to_node).collect();
                members.push(("vocabularyElementList".into(), Node::Array(elements)));
            }
            Node::Object(members)
        };
        Node::Array(self.tables.iter().map(table).collect())
    }

    /// The id itself and everything below it, through any number of levels (`WD_` queries); loops end.
    #[must_use]
    pub fn with_descendants<'a>(&'a self, id: &'a str) -> HashSet<&'a str> {
        let mut below: HashMap<&str, Vec<&str>> = HashMap::new();
        for element in self.tables.iter().flat_map(|table| &table.elements) {
            below.entry(&element.id).or_default().extend(element.children.iter().map(String::as_str));
        }
        let mut found = HashSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for child in below.get(id).into_iter().flatten() {
                if found.insert(child) {
                    open.push(child);
                }
            }
        }
        found
    }
}

fn element(node: &Node) -> Option<MasterElement> {
    let attributes = node.get("attributes").map(Node::items).unwrap_or_default();
    let children = node.get("children").map(Node::items).unwrap_or_default();
    Some(MasterElement {
        id: node.str("id")?.to_owned(),
        attributes: attributes
            .iter()
            .filter_map(|one| Some((one.str("id")?.to_owned(), one.get("attribute")?.clone())))
            .collect(),
        children: children.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
    })
}

fn to_node(element: &MasterElement) -> Node {
    let mut members = vec![(Box::from("id"), Node::text(&element.id))];
    if !element.attributes.is_empty() {
        let one = |(id, value): &(String, Node)| {
            Node::object([("id", Node::text(id)), ("attribute", value.clone())])
        };
        members.push(("attributes".into(), Node::Array(element.attributes.iter().map(one).collect())));
    }
    if !element.children.is_empty() {
        let children = element.children.iter().map(|id| Node::text(id)).collect();
        members.push(("children".into(), Node::Array(children)));
    }
    Node::Object(members)
}

impl Document {
    /// The master data in the header, or in the answer to a master data query.
    #[must_use]
    pub fn master_data(&self) -> MasterData {
        let header = self.header.as_ref().and_then(|header| header.get("epcisMasterData"));
        let results = self.frame.get("epcisBody").and_then(|body| body.get("queryResults"));
        let parts = [header, results.and_then(|results| results.get("resultsBody"))];
        let lists = parts.into_iter().flatten().filter_map(|part| part.get("vocabularyList"));
        MasterData { tables: lists.flat_map(|list| MasterData::from_list(list).tables).collect() }
    }
}
