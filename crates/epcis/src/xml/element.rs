//! XML text to a tree of elements with resolved namespaces and byte offsets.

use super::write::markup::TARGET;
use crate::limits::Limits;
use crate::node::Node;
use crate::problem::{Position, Problem, ProblemType};
use crate::source::{Counted, Utf8};
use base::Text;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::HashSet;
use std::io::BufRead;
use std::sync::Arc;

/// More differently named children, or a longer start tag, are no honest document.
const MOST_NAMES: usize = 1000;
const LONGEST_TAG: usize = 64 << 10;

/// Namespaces of the root, in the versions that are read.
const EPCIS: [&str; 2] = ["urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis:xsd:2"];

/// One element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(super) prefix: Box<str>,
    pub(crate) local: Box<str>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
    /// Where its start tag begins.
    pub(super) at: Position,
    /// What processing instructions say about it.
    hints: Option<Box<Hints>>,
}

/// What the writer of an XML document tells about the JSON it came from (module `write::markup`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Hints {
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
pub(crate) enum Sort {
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
pub(crate) struct Attribute {
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

    /// Whether the document stands for one bare event.
    pub(crate) fn is_bare_event(&self) -> bool {
        self.hints().is_some_and(|hints| hints.is_event)
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

fn fault(at: Position, detail: Text, remedy: Text) -> Box<Problem> {
    Problem::new(ProblemType::Validation, "", detail, remedy).at(at).into()
}

fn broken(at: Position, reason: &dyn std::fmt::Display) -> Box<Problem> {
    fault(
        at,
        Text::new(format!("XML 格式错误：{reason}。"), format!("Not well-formed XML: {reason}.")),
        Text::of("请用 XML 编辑器检查此处。", "Check this place with an XML editor."),
    )
}

/// Reads one document.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, Box<Problem>> {
    limits.check_bytes(bytes.len())?;
    Builder::new(bytes, Part::Whole, limits).root()
}

/// What a [`Builder`] is to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole tree.
    Whole,
    /// The tree without what is in the `EventList`.
    Frame,
    /// The elements of the `EventList`, one by one.
    Events,
}

/// Makes elements of text, in memory that one part at a time takes.
pub(crate) struct Builder<R> {
    reader: Reader<Counted<Utf8<R>>>,
    part: Part,
    limits: Limits,
    open: Vec<Element>,
    marks: Vec<usize>,
    scopes: Scopes,
    /// Bytes since the last element that was given away.
    used: u64,
}

impl<R: BufRead> Builder<R> {
    pub(crate) fn new(reader: R, part: Part, limits: &Limits) -> Self {
        Self {
            reader: Reader::from_reader(Counted::new(Utf8::new(reader))),
            part,
            limits: *limits,
            open: Vec::new(),
            marks: Vec::new(),
            scopes: Scopes::default(),
            used: 0,
        }
    }

    /// The root element.
    pub(crate) fn root(mut self) -> Result<Element, Box<Problem>> {
        let root = self.next()?;
        if let Some(element) = self.open.last() {
            return Err(broken(element.at, &format!("<{}> is not closed", element.local)));
        }
        root.ok_or_else(|| broken(Position::START, &"no root element"))
    }

    /// The next element of the part: the root at the end of the text, or one event; `None` when there is no more.
    pub(crate) fn next(&mut self) -> Result<Option<Element>, Box<Problem>> {
        let mut buffer = Vec::new();
        let mut root: Option<Element> = None;
        loop {
            buffer.clear();
            let before = self.reader.buffer_position();
            let at = self.reader.get_ref().at;
            let most = u64::try_from(self.limits.bytes).unwrap_or(u64::MAX);
            self.reader.get_mut().allowance = most.saturating_sub(self.used);
            let event = self.reader.read_event_into(&mut buffer).map_err(|e| {
                let at = self.reader.get_ref().at;
                if self.reader.get_ref().allowance == 0 {
                    return self
                        .limits
                        .check_bytes(self.limits.bytes + 1)
                        .err()
                        .unwrap_or_else(|| broken(at, &e));
                }
                broken(at, &e)
            })?;
            self.used += self.reader.buffer_position() - before;
            let closed = match event {
                Event::Start(tag) => {
                    if self.open.len() >= self.limits.depth {
                        return Err(fault(
                            at,
                            Text::of("嵌套层次过深。", "The nesting is too deep."),
                            Text::of(
                                "请减少扩展元素的嵌套层数。",
                                "Use fewer levels of nested extension elements.",
                            ),
                        ));
                    }
                    let mark = self.scopes.open.len();
                    let made = element(&tag, at, !self.open.is_empty(), &mut self.scopes)?;
                    if self.part == Part::Frame && is_list(&made) && self.leads_to_events(self.open.len()) {
                        let name = tag.to_end().into_owned();
                        let used = self.used;
                        self.reader.get_mut().allowance = u64::MAX;
                        let mut skipped = Vec::new();
                        self.reader
                            .read_to_end_into(name.name(), &mut skipped)
                            .map_err(|e| broken(self.reader.get_ref().at, &e))?;
                        self.used = used;
                        self.scopes.open.truncate(mark);
                        Some(made)
                    } else {
                        self.marks.push(mark);
                        self.open.push(made);
                        if self.in_list() {
                            self.used = 0;
                        }
                        None
                    }
                }
                Event::Empty(tag) => {
                    let mark = self.scopes.open.len();
                    let made = element(&tag, at, !self.open.is_empty(), &mut self.scopes)?;
                    self.scopes.open.truncate(mark);
                    Some(made)
                }
                Event::End(_) => {
                    self.scopes.open.truncate(self.marks.pop().unwrap_or(0));
                    self.open.pop()
                }
                Event::Text(part) => {
                    append(&mut self.open, &part.xml10_content(), at)?;
                    None
                }
                Event::CData(part) => {
                    append(&mut self.open, &part.xml10_content(), at)?;
                    None
                }
                Event::GeneralRef(reference) => {
                    let Some(resolved) = resolve(&reference) else {
                        return Err(fault(
                            at,
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
                    append(&mut self.open, &resolved, at)?;
                    None
                }
                Event::PI(instruction) if instruction.target() == TARGET => {
                    let depth = self.limits.depth.saturating_sub(self.open.len());
                    if let Some(element) = self.open.last_mut() {
                        let hints = element.hints.get_or_insert_default();
                        if !hints.take(instruction.content(), &Limits { depth, ..self.limits }) {
                            return Err(broken(at, &format!("<?{TARGET}?> says nothing known")));
                        }
                    }
                    None
                }
                Event::Eof => return Ok(root.filter(|_| self.part != Part::Events)),
                Event::Decl(declaration) => {
                    encoding(&declaration, self.reader.get_ref().inner().encoding(), at)?;
                    None
                }
                Event::Comment(_) | Event::PI(_) | Event::DocType(_) => None,
            };
            let Some(element) = closed else { continue };
            if self.part == Part::Events && is_list(&element) && self.leads_to_events(self.open.len()) {
                return Ok(None);
            }
            if self.part == Part::Events && self.in_list() && !element.is_wrapper() {
                self.used = 0;
                return Ok(Some(element));
            }
            too_many_names(&element)?;
            match self.open.last_mut() {
                Some(parent) => parent.children.push(element),
                None if root.is_some() => return Err(broken(element.at, &"a second root element")),
                None => root = Some(element),
            }
        }
    }

    /// Whether what is open now is the list of events, or a wrapper in it.
    fn in_list(&self) -> bool {
        let outer = self.open.iter().rposition(|element| !element.is_wrapper());
        self.part == Part::Events
            && outer.is_some_and(|at| is_list(&self.open[at]) && self.leads_to_events(at))
    }

    /// Whether below the root the first so many open elements are those that frame the list of events.
    fn leads_to_events(&self, count: usize) -> bool {
        // an EventList within the list is an event of a wrong name, not the list
        let is_frame = |e: &Element| FRAME.contains(&&*e.local) && !is_list(e);
        self.open[..count].iter().skip(1).all(is_frame)
    }
}

/// Elements between the root and the list of events.
pub(super) const FRAME: [&str; 5] = ["EPCISBody", "QueryResults", "resultsBody", "EventList", "extension"];

fn is_list(element: &Element) -> bool {
    element.namespace.is_none() && &*element.local == "EventList"
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Some(c.to_string()),
        Ok(None) => quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

/// Text in another encoding would be read as other characters than were meant.
fn encoding(
    declaration: &BytesDecl<'_>,
    decoded: Option<&'static Encoding>,
    at: Position,
) -> Result<(), Box<Problem>> {
    let Some(named) = declaration.encoding() else { return Ok(()) };
    let named = named.map_err(|e| broken(at, &e))?;
    let known: &[&str] = match decoded {
        None => &["UTF-8", "UTF8", "US-ASCII", "ASCII"],
        Some(encoding) if encoding == UTF_16BE || encoding == UTF_16LE => &["UTF-16", "UTF-16LE", "UTF-16BE"],
        // what the declaration names is what it was decoded from
        Some(_) => return Ok(()),
    };
    if known.iter().any(|known| named.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(fault(
        at,
        Text::new(
            format!("文件声明的编码为 {named}，只读取 UTF-8、UTF-16 与 GB 18030（GBK、GB 2312）。"),
            format!(
                "The document says it is encoded in {named}; only UTF-8, UTF-16 and GB 18030 (GBK, GB 2312) are read."
            ),
        ),
        Text::of(
            "请另存为 UTF-8，并在首行写 encoding=\"UTF-8\"。",
            "Save it as UTF-8 and write encoding=\"UTF-8\" in the first line.",
        ),
    ))
}

fn append(open: &mut [Element], text: &str, at: Position) -> Result<(), Box<Problem>> {
    only_characters(text, at)?;
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
    Ok(())
}

/// Control characters are no characters of XML, however they are written (XML 1.0 §2.2).
fn only_characters(text: &str, at: Position) -> Result<(), Box<Problem>> {
    match text.bytes().find(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) {
        Some(byte) => Err(broken(at, &format!("the control character U+{byte:04X}"))),
        None => Ok(()),
    }
}

fn too_many_names(element: &Element) -> Result<(), Box<Problem>> {
    if element.children.len() > MOST_NAMES {
        let names: HashSet<_> = element.children.iter().map(|child| (&child.prefix, &child.local)).collect();
        if names.len() > MOST_NAMES {
            return Err(broken(element.at, &"too many different elements in one"));
        }
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
    at: Position,
    inner: bool,
    scopes: &mut Scopes,
) -> Result<Element, Box<Problem>> {
    if tag.len() > LONGEST_TAG {
        return Err(broken(at, &"a start tag of more than 64 KiB"));
    }
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| broken(at, &e))?;
        if attribute.value.contains('<') {
            return Err(broken(at, &"a < in the value of an attribute, where it is written &lt;"));
        }
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| broken(at, &e))?.into_owned();
        only_characters(&value, at)?;
        let name = attribute.key.into_inner();
        if name == "xmlns" {
            scopes.declare("", &value).map_err(|e| broken(at, &e))?;
        } else if let Some(prefix) = name.strip_prefix("xmlns:") {
            scopes.declare(prefix, &value).map_err(|e| broken(at, &e))?;
        } else {
            let (prefix, local) = name.split_once(':').unwrap_or(("", name));
            attributes.push(Attribute { prefix: prefix.into(), local: local.into(), namespace: None, value });
        }
    }
    // the innermost declaration counts, and xmlns="" takes the default away
    let resolve = |prefix: &str| match prefix {
        "xml" => Some(Arc::from("http://www.w3.org/XML/1998/namespace")),
        _ => (scopes.open.iter().rev().find(|(p, _)| **p == *prefix))
            .filter(|(_, ns)| !ns.is_empty())
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
        return Err(broken(at, &format!("the prefix {prefix} is not declared (xmlns:{prefix})")));
    }
    // below the root the standard's own elements have no namespace; writers that give them the root's mean the same
    let own = inner && namespace.as_deref().is_some_and(|ns| EPCIS.contains(&ns));
    Ok(Element {
        prefix: if own { Box::default() } else { prefix.into() },
        local: local.into(),
        namespace: namespace.filter(|_| !own),
        attributes,
        children: Vec::new(),
        text: String::new(),
        at,
        hints: None,
    })
}
