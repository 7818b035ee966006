//! Master data as a query sees them, and `SimpleMasterDataQuery`.

use super::compare::number;
use super::condition::same_attribute;
use super::given::{Checked, Given};
use super::name::key;
use crate::context::Context;
use crate::node::Node;
use crate::problem::{Problem, ProblemType, Problems};
use base::Text;
use std::collections::{BTreeMap, BTreeSet};

/// What a query asks of master data. Ids are in the form [`key`] gives.
pub trait MasterDataView: Send + Sync {
    /// The ids directly below an id.
    fn children(&self, id: &str) -> Vec<String>;

    /// The attributes of an id: full name and value.
    fn attributes(&self, id: &str) -> Vec<(String, Node)>;
}

/// No master data: a `WD_…` stands for the places it names.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMasterData;

impl MasterDataView for NoMasterData {
    fn children(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn attributes(&self, _: &str) -> Vec<(String, Node)> {
        Vec::new()
    }
}

/// One vocabulary element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Attributes: full name and value; a name may come several times.
    pub attributes: Vec<(String, Node)>,
    /// Ids directly below it.
    pub children: BTreeSet<String>,
}

/// Master data in memory: vocabulary (type URI) → id → element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterData {
    vocabularies: BTreeMap<String, BTreeMap<String, Element>>,
}

impl MasterData {
    /// Adds an element, or replaces it; ids are brought to the form [`key`] gives.
    pub fn insert(&mut self, context: &Context, vocabulary: &str, id: &str, element: Element) {
        let children = element.children.iter().map(|child| key(context, child).into_owned()).collect();
        let element = Element { children, ..element };
        self.vocabularies
            .entry(vocabulary.to_owned())
            .or_default()
            .insert(key(context, id).into_owned(), element);
    }

    /// Reads an `epcisMasterData` or `vocabularyList` node (EPCIS 2.0 §9.5.3); parts without type or id are left out.
    #[must_use]
    pub fn from_node(context: &Context, node: &Node) -> Self {
        let mut data = Self::default();
        let list = node.get("vocabularyList").unwrap_or(node);
        for vocabulary in list.items() {
            let Some(name) = vocabulary.str("type") else { continue };
            let elements = vocabulary.get("vocabularyElementList").map(Node::items).unwrap_or_default();
            for element in elements {
                let Some(id) = element.str("id") else { continue };
                let attributes = element.get("attributes").map(Node::items).unwrap_or_default().iter();
                let attributes = attributes
                    .filter_map(|a| {
                        let name = context.expand_value(a.str("id")?).into_owned();
                        Some((name, a.get("attribute").cloned().unwrap_or(Node::Null)))
                    })
                    .collect();
                let children = element.get("children").map(Node::items).unwrap_or_default().iter();
                let children = children.filter_map(|c| c.as_str().map(str::to_owned)).collect();
                data.insert(context, name, id, Element { attributes, children });
            }
        }
        data
    }

    /// The vocabularies by type with their elements by id.
    #[must_use]
    pub const fn vocabularies(&self) -> &BTreeMap<String, BTreeMap<String, Element>> {
        &self.vocabularies
    }
}

impl MasterDataView for MasterData {
    fn children(&self, id: &str) -> Vec<String> {
        let elements = self.vocabularies.values().filter_map(|elements| elements.get(id));
        elements.flat_map(|element| element.children.iter().cloned()).collect()
    }

    fn attributes(&self, id: &str) -> Vec<(String, Node)> {
        let elements = self.vocabularies.values().filter_map(|elements| elements.get(id));
        elements.flat_map(|element| element.attributes.iter().cloned()).collect()
    }
}

/// Whether an attribute's value, or one of them, is among those asked for; numbers compare as numbers.
pub(super) fn has_value(value: &Node, any: &[Box<str>]) -> bool {
    match value {
        Node::String(text) => any
            .iter()
            .any(|wanted| **wanted == **text || number(wanted).is_some_and(|n| number(text) == Some(n))),
        Node::Number(_) => {
            any.iter().any(|wanted| number(wanted).is_some_and(|n| value.decimal() == Some(n)))
        }
        Node::Bool(flag) => any.iter().any(|wanted| **wanted == *flag.to_string()),
        Node::Array(items) => items.iter().any(|item| has_value(item, any)),
        Node::Object(_) => ["@value", "@id", "#text"]
            .into_iter()
            .filter_map(|member| value.get(member))
            .any(|inner| has_value(inner, any)),
        Node::Null => false,
    }
}

/// A `SimpleMasterDataQuery` (EPCIS 2.0 §8.2.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MasterDataQuery {
    /// `vocabularyName`; empty: every vocabulary.
    pub vocabularies: Vec<Box<str>>,
    /// `includeAttributes`
    pub include_attributes: bool,
    /// `includeChildren`
    pub include_children: bool,
    /// `attributeNames`; empty: all.
    pub attribute_names: Vec<Box<str>>,
    /// `EQ_name`; empty: any.
    pub names: Vec<Box<str>>,
    /// `WD_name`; empty: any.
    pub within: Vec<Box<str>>,
    /// `HASATTR`; empty: any.
    pub has: Vec<Box<str>>,
    /// `EQATTR_attribute`: name and values.
    pub equal: Vec<(Box<str>, Vec<Box<str>>)>,
    /// `maxElementCount`
    pub at_most: Option<u64>,
}

impl MasterDataQuery {
    /// Reads the parameters of an address, already decoded, as [`super::Query::from_pairs`] does.
    ///
    /// # Errors
    /// Every unusable parameter.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        context: &Context,
    ) -> Result<Self, Problems> {
        let mut query = Self::default();
        let mut problems = Vec::new();
        for (name, value) in pairs {
            let values = value.split('|').map(Node::text).collect();
            let given = Given { name, pointer: name.to_owned(), values, is_text: true, context };
            if let Err(problem) = query.take(&given) {
                problems.push(*problem);
            }
        }
        if !query.attribute_names.is_empty() && !query.include_attributes {
            problems.push(Problem::new(
                ProblemType::QueryParameter,
                "attributeNames",
                Text::of(
                    "attributeNames 须与 includeAttributes=true 一起使用。",
                    "attributeNames needs includeAttributes=true.",
                ),
                Text::of("请加上 includeAttributes=true。", "Add includeAttributes=true."),
            ));
        }
        if problems.is_empty() { Ok(query) } else { Err(Problems(problems)) }
    }

    fn take(&mut self, given: &Given<'_>) -> Checked<()> {
        let full = |texts: Vec<Box<str>>| -> Vec<Box<str>> {
            texts.iter().map(|text| key(given.context, text).into()).collect()
        };
        match given.name {
            "vocabularyName" => self.vocabularies.extend(full(given.texts()?)),
            "includeAttributes" => self.include_attributes = given.boolean()?,
            "includeChildren" => self.include_children = given.boolean()?,
            "attributeNames" => self.attribute_names.extend(full(given.texts()?)),
            "EQ_name" => self.names.extend(given.keys()?),
            "WD_name" => self.within.extend(given.keys()?),
            "HASATTR" => self.has.extend(full(given.texts()?)),
            "maxElementCount" => self.at_most = Some(given.count(0)?),
            other => match other.strip_prefix("EQATTR_").filter(|attribute| !attribute.is_empty()) {
                Some(attribute) => {
                    let attribute = key(given.context, attribute).into();
                    self.equal.push((attribute, given.texts()?));
                }
                None => {
                    return Err(given.problem(
                        Text::new(format!("没有参数 {other}。"), format!("There is no parameter {other}.")),
                        Text::of(
                            "可用：vocabularyName、includeAttributes、includeChildren、attributeNames、EQ_name、WD_name、\
                             HASATTR、EQATTR_属性、maxElementCount。",
                            "There are vocabularyName, includeAttributes, includeChildren, attributeNames, EQ_name, \
                             WD_name, HASATTR, EQATTR_attribute and maxElementCount.",
                        ),
                    ));
                }
            },
        }
        Ok(())
    }

    /// The answer over master data in memory: what matches, with the attributes and children asked for.
    ///
    /// # Errors
    /// [`ProblemType::QueryTooLarge`] when there is more than `maxElementCount`.
    pub fn select(&self, data: &MasterData) -> Result<MasterData, Box<Problem>> {
        let within: Option<BTreeSet<String>> = (!self.within.is_empty()).then(|| {
            let mut all = BTreeSet::new();
            let mut open: Vec<String> = self.within.iter().map(|id| id.to_string()).collect();
            while let Some(id) = open.pop() {
                if all.insert(id.clone()) {
                    open.extend(data.children(&id));
                }
            }
            all
        });
        let mut answer = MasterData::default();
        let mut count = 0u64;
        for (vocabulary, elements) in &data.vocabularies {
            if !self.vocabularies.is_empty() && !self.vocabularies.iter().any(|v| **v == **vocabulary) {
                continue;
            }
            for (id, element) in elements {
                if !self.takes(id, element) || within.as_ref().is_some_and(|all| !all.contains(id)) {
                    continue;
                }
                count += 1;
                answer
                    .vocabularies
                    .entry(vocabulary.clone())
                    .or_default()
                    .insert(id.clone(), self.shown(element));
            }
        }
        match self.at_most.filter(|most| count > *most) {
            Some(most) => Err(Box::new(Problem::new(
                ProblemType::QueryTooLarge,
                "maxElementCount",
                Text::new(
                    format!("符合条件的主数据超过 {most} 条。"),
                    format!("More than {most} elements match the query."),
                ),
                Text::of(
                    "请缩小查询范围或提高 maxElementCount。",
                    "Narrow the query or raise maxElementCount.",
                ),
            ))),
            None => Ok(answer),
        }
    }

    fn takes(&self, id: &str, element: &Element) -> bool {
        let values = |wanted: &str| -> Vec<&Node> {
            let named = element.attributes.iter().filter(|(name, _)| same_attribute(wanted, name));
            named.map(|(_, value)| value).collect()
        };
        (self.names.is_empty() || self.names.iter().any(|name| **name == *id))
            && (self.has.is_empty() || self.has.iter().any(|wanted| !values(wanted).is_empty()))
            && self
                .equal
                .iter()
                .all(|(wanted, any)| values(wanted).into_iter().any(|value| has_value(value, any)))
    }

    fn shown(&self, element: &Element) -> Element {
        let wanted = |name: &str| {
            self.attribute_names.is_empty()
                || self.attribute_names.iter().any(|wanted| same_attribute(wanted, name))
        };
        Element {
            attributes: if self.include_attributes {
                element.attributes.iter().filter(|(name, _)| wanted(name)).cloned().collect()
            } else {
                Vec::new()
            },
            children: if self.include_children { element.children.clone() } else { BTreeSet::new() },
        }
    }
}
