//! XML text to a tree of elements with resolved namespaces and byte offsets.

use super::write::markup::TARGET;
use crate::limits::Limits;
use crate::node::Node;
use crate::parse::position;
use crate::problem::{Problem, ProblemType};
use base::Text;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::HashSet;
use std::sync::Arc;

/// More differently named children, or a longer start tag, are no honest document.
const MOST_NAMES: usize = 1000;
const LONGEST_TAG: usize = 64 << 10;

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) prefix: Box<str>,
    pub(super) local: Box<str>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
    /// Where its start tag begins.
    pub(super) offset: usize,
    /// What processing instructions say about it.
    hints: Option<Box<Hints>>,
}

/// What the writer of an XML document tells about the JSON it came from (module `write::markup`).
#[derive(Debug, Clone, Default)]
pub(super) struct Hints {
    pub(super) context: Option<Node>,
    pub(super) members: Vec<(Box<str>, Node)>,
    pub(super) value: Option<Node>,
    pub(super) name: Option<Box<str>>,
    pub(super) absent: Vec<Node>,
    pub(super) sort: Option<Sort>,
    pub(super) is_array: bool,
    pub(super) is_event: bool,
}

/// What a value is in JSON when its text does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Boolean,
    Null,
    Object,
    Empty,
}

impl Hints {
    /// Takes one instruction; false when it is not understood.
    fn take(&mut self, instruction: &str, limits: &Limits) -> bool {
        let instruction = instruction.trim();
        let (what, rest) = instruction.split_once(' ').unwrap_or((instruction, ""));
        let json = || crate::parse::parse(rest.as_bytes(), limits).ok();
        match what {
            "number" => self.sort = Some(Sort::Number),
            "boolean" => self.sort = Some(Sort::Boolean),
            "null" => self.sort = Some(Sort::Null),
            "object" => self.sort = Some(Sort::Object),
            "empty" => self.sort = Some(Sort::Empty),
            "array" => self.is_array = true,
            "event" => self.is_event = true,
            "context" => self.context = json(),
            "value" => self.value = json(),
            "name" => match json() {
                Some(Node::String(name)) => self.name = Some(name),
                _ => return false,
            },
            "members" => match json() {
                Some(Node::Object(members)) => self.members = members,
                _ => return false,
            },
            "absent" => match json() {
                Some(Node::Array(names)) => self.absent = names,
                _ => return false,
            },
            _ => return false,
        }
        !(what == "context" && self.context.is_none() || what == "value" && self.value.is_none())
    }
}

/// One attribute; namespace declarations are not among them.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) prefix: Box<str>,
    pub(super) local: Box<str>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) value: String,
}

impl Element {
    /// Children, with the wrappers `extension` and `baseExtension` opened.
    pub(super) fn flat(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        Box::new(self.children.iter().flat_map(|child| {
            if child.is_wrapper() { child.flat() } else { Box::new(std::iter::once(child)) }
        }))
    }

    /// An `extension` element of the standard itself.
    pub(super) fn is_wrapper(&self) -> bool {
        self.namespace.is_none() && matches!(&*self.local, "extension" | "baseExtension")
    }

    /// The first child of that local name, wrappers opened.
    pub(super) fn child(&self, local: &str) -> Option<&Self> {
        self.flat().find(|child| &*child.local == local)
    }

    /// Whether its qualified name is `name`.
    pub(super) fn is_named(&self, name: &str) -> bool {
        name.split_once(':').is_some_and(|(prefix, local)| *self.prefix == *prefix && *self.local == *local)
    }

    /// What instructions say about it.
    pub(super) fn hints(&self) -> Option<&Hints> {
        self.hints.as_deref()
    }

    /// Whether instructions say that the JSON had no such member.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.hints().is_some_and(|hints| hints.absent.iter().any(|absent| absent.as_str() == Some(name)))
    }

    /// Members told by instruction take their places.
    pub(super) fn complete(&self, out: &mut Vec<(Box<str>, Node)>) {
        for (name, value) in self.hints().map(|hints| &*hints.members).unwrap_or_default() {
            match out.iter_mut().find(|(known, _)| known == name) {
                Some((_, slot)) => *slot = value.clone(),
                None => out.push((name.clone(), value.clone())),
            }
        }
    }

    /// An attribute without prefix.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.prefix.is_empty() && &*a.local == local).map(|a| &*a.value)
    }
}

fn fault(bytes: &[u8], offset: usize, detail: Text, remedy: Text) -> Box<Problem> {
    Problem::new(ProblemType::Validation, "", detail, remedy).at(position(bytes, offset)).into()
}

fn broken(bytes: &[u8], offset: usize, reason: &dyn std::fmt::Display) -> Box<Problem> {
    fault(
        bytes,
        offset,
        Text::new(format!("XML 格式错误：{reason}。"), format!("Not well-formed XML: {reason}.")),
        Text::of("请用 XML 编辑器检查此处。", "Check this place with an XML editor."),
    )
}

/// Reads one document.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, Box<Problem>> {
    limits.check_bytes(bytes.len())?;
    let text = std::str::from_utf8(bytes).map_err(|e| {
        fault(
            bytes,
            e.valid_up_to(),
            Text::of("文件不是 UTF-8 编码。", "The text is not UTF-8."),
            Text::of("请另存为 UTF-8 后再试。", "Save it as UTF-8 and try again."),
        )
    })?;
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    let text = &text[skipped..];
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut scopes = Scopes::default();
    let mut marks: Vec<usize> = Vec::new();
    let mut root = None;
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(text.len()) + skipped;
        let event = reader.read_event().map_err(|e| {
            broken(bytes, usize::try_from(reader.error_position()).unwrap_or(0) + skipped, &e)
        })?;
        match event {
            Event::Start(tag) => {
                if open.len() >= limits.depth {
                    return Err(fault(
                        bytes,
                        start,
                        Text::of("嵌套层次过深。", "The nesting is too deep."),
                        Text::of(
                            "请减少扩展元素的嵌套层数。",
                            "Use fewer levels of nested extension elements.",
                        ),
                    ));
                }
                marks.push(scopes.open.len());
                open.push(element(&tag, start, &mut scopes, bytes)?);
            }
            Event::Empty(tag) => {
                let mark = scopes.open.len();
                let element = element(&tag, start, &mut scopes, bytes)?;
                scopes.open.truncate(mark);
                close(element, &mut open, &mut root, bytes)?;
            }
            Event::End(_) => {
                scopes.open.truncate(marks.pop().unwrap_or(0));
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root, bytes)?;
                }
            }
            Event::Text(part) => append(&mut open, &part.xml10_content()),
            Event::CData(part) => append(&mut open, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned),
                    Err(_) => None,
                };
                let Some(resolved) = resolved else {
                    return Err(fault(
                        bytes,
                        start,
                        Text::new(
                            format!("实体 &{};没有定义。", &*reference),
                            format!("The entity &{}; is not defined.", &*reference),
                        ),
                        Text::of(
                            "请直接写出字符，或用 &amp; &lt; &gt;。",
                            "Write the character itself, or use &amp; &lt; &gt;.",
                        ),
                    ));
                };
                append(&mut open, &resolved);
            }
            Event::Eof => break,
            Event::PI(instruction) if instruction.target() == TARGET => {
                let depth = limits.depth.saturating_sub(open.len());
                if let Some(element) = open.last_mut() {
                    let hints = element.hints.get_or_insert_default();
                    if !hints.take(instruction.content(), &Limits { depth, ..*limits }) {
                        return Err(broken(bytes, start, &format!("<?{TARGET}?> says nothing known")));
                    }
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (open.last(), root) {
        (None, Some(root)) => Ok(root),
        (Some(element), _) => {
            Err(broken(bytes, element.offset, &format!("<{}> is not closed", element.local)))
        }
        (None, None) => Err(broken(bytes, 0, &"no root element")),
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(
    element: Element,
    open: &mut [Element],
    root: &mut Option<Element>,
    bytes: &[u8],
) -> Result<(), Box<Problem>> {
    if element.children.len() > MOST_NAMES {
        let names: HashSet<_> = element.children.iter().map(|child| (&child.prefix, &child.local)).collect();
        if names.len() > MOST_NAMES {
            return Err(broken(bytes, element.offset, &"too many different elements in one"));
        }
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_some() => return Err(broken(bytes, element.offset, &"a second root element")),
        None => *root = Some(element),
    }
    Ok(())
}

/// Namespace declarations in force, innermost last, and every namespace seen.
#[derive(Default)]
struct Scopes {
    open: Vec<(Box<str>, Arc<str>)>,
    seen: HashSet<Arc<str>>,
}

impl Scopes {
    /// More distinct namespaces, or more declarations in force at once, are no honest document.
    const MOST: usize = 1000;

    fn declare(&mut self, prefix: &str, namespace: &str) -> Result<(), &'static str> {
        let shared = match self.seen.get(namespace) {
            Some(known) => known.clone(),
            None => Arc::from(namespace),
        };
        self.seen.insert(shared.clone());
        self.open.push((prefix.into(), shared));
        if self.seen.len() > Self::MOST || self.open.len() > Self::MOST {
            return Err("too many namespace declarations");
        }
        Ok(())
    }
}

fn element(
    tag: &BytesStart<'_>,
    offset: usize,
    scopes: &mut Scopes,
    bytes: &[u8],
) -> Result<Element, Box<Problem>> {
    if tag.len() > LONGEST_TAG {
        return Err(broken(bytes, offset, &"a start tag of more than 64 KiB"));
    }
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| broken(bytes, offset, &e))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| broken(bytes, offset, &e))?
            .into_owned();
        let name = attribute.key.into_inner();
        if name == "xmlns" {
            scopes.declare("", &value).map_err(|e| broken(bytes, offset, &e))?;
        } else if let Some(prefix) = name.strip_prefix("xmlns:") {
            scopes.declare(prefix, &value).map_err(|e| broken(bytes, offset, &e))?;
        } else {
            let (prefix, local) = name.split_once(':').unwrap_or(("", name));
            attributes.push(Attribute { prefix: prefix.into(), local: local.into(), namespace: None, value });
        }
    }
    let resolve = |prefix: &str| match prefix {
        "xml" => Some(Arc::from("http://www.w3.org/XML/1998/namespace")),
        _ => scopes
            .open
            .iter()
            .rev()
            .find(|(p, ns)| **p == *prefix && !ns.is_empty())
            .map(|(_, ns)| ns.clone()),
    };
    let name = tag.name().into_inner();
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    for attribute in attributes.iter_mut().filter(|a| !a.prefix.is_empty()) {
        attribute.namespace = resolve(&attribute.prefix);
    }
    let namespace = resolve(prefix);
    let unbound = attributes
        .iter()
        .map(|a| (&*a.prefix, a.namespace.is_none()))
        .chain([(prefix, namespace.is_none())])
        .find(|(prefix, unbound)| !prefix.is_empty() && *unbound);
    if let Some((prefix, _)) = unbound {
        return Err(broken(bytes, offset, &format!("the prefix {prefix} is not declared (xmlns:{prefix})")));
    }
    Ok(Element {
        prefix: prefix.into(),
        local: local.into(),
        namespace,
        attributes,
        children: Vec::new(),
        text: String::new(),
        offset,
        hints: None,
    })
}
