//! EPCIS XML documents (2.0, and the parts of 1.2 with the same names) to the same [`Document`] as JSON gives.
//!
//! The tree is brought to the JSON model first, so that validation, views and hash are one. What the XSD demands
//! beyond that, the order of elements, is checked here.

mod element;
mod found;
mod hollow;
mod job;
mod model;
mod order;
mod stray;
mod write;

use crate::context::Context;
use crate::document::Document;
use crate::json::{Frame, Reading, read_frame};
use crate::limits::Limits;
use crate::node::Node;
use crate::problem::{Position, Problem, ProblemType, Problems};
use base::Text;
use element::Element;
pub(crate) use element::{Builder, Part};
use found::Found;

pub use write::{write_document, write_events, write_job, write_problem};

/// Reads an XML `EPCISDocument` or `EPCISQueryDocument`; all or nothing.
///
/// # Errors
/// Every problem found (at most [`Limits::problems`]), with line, column, pointer and remedy.
pub fn read_document(bytes: &[u8], limits: Limits) -> Result<Document, Problems> {
    read(bytes, limits).into_document()
}

/// Reads a document and keeps the valid events beside the findings.
#[must_use]
pub fn read(bytes: &[u8], limits: Limits) -> Reading {
    let outline = match outline(bytes, &limits) {
        Ok(outline) => outline,
        Err(problem) => return Reading::refused(problem),
    };
    let mut structural = Vec::new();
    if outline.is_version_2 {
        for (i, event) in outline.events.iter().enumerate() {
            let pointer =
                if outline.list.is_empty() { String::new() } else { format!("{}/{i}", outline.list) };
            structural.extend(out_of_order(event, &pointer).into_iter().map(|problem| (i, problem)));
        }
    }
    let frame = Frame { root: outline.root, context: outline.context, own: outline.found, structural };
    let mut reading = read_frame(frame, limits);
    for problem in reading.problems.0.iter_mut().filter(|problem| problem.position.is_none()) {
        problem.position = locate(&outline.events, outline.list, &problem.pointer);
    }
    reading
}

/// The document in the JSON model, without validation.
pub(crate) fn tree(bytes: &[u8], limits: &Limits) -> Result<(Node, Context), Box<Problem>> {
    outline(bytes, limits).map(|outline| (outline.root, outline.context))
}

/// A document brought to the JSON model, with the elements the events came from.
struct Outline {
    root: Node,
    context: Context,
    events: Vec<Element>,
    list: &'static str,
    is_version_2: bool,
    /// What is wrong with the elements around the events.
    found: Vec<Problem>,
}

fn outline(bytes: &[u8], limits: &Limits) -> Result<Outline, Box<Problem>> {
    let mut root = element::parse(bytes, limits)?;
    let is_version_2 = root_of(&root)?;
    let list = match &*root.local {
        _ if root.is_bare_event() => "",
        "EPCISQueryDocument" => crate::json::QUERY_LIST,
        _ => crate::json::CAPTURE_LIST,
    };
    let found = frame_strays(&root, is_version_2);
    let events = model::take_events(&mut root);
    let (root, context) = model::document(&root, &events);
    Ok(Outline { root, context, events, list, is_version_2, found })
}

/// Whether a root is one of version 2.
///
/// # Errors
/// When it is no document of events or master data, or not in the namespace of the standard's schemas.
pub(crate) fn root_of(root: &Element) -> Result<bool, Box<Problem>> {
    let of = match &*root.local {
        "EPCISDocument" => Some("urn:epcglobal:epcis"),
        "EPCISQueryDocument" => Some("urn:epcglobal:epcis-query"),
        "EPCISMasterDataDocument" => Some("urn:epcglobal:epcis-masterdata"),
        _ => None,
    };
    if let Some(of) = of {
        let named = root.namespace.as_deref().unwrap_or_default();
        return match named.strip_prefix(of) {
            Some(":xsd:1") => Ok(false),
            Some(":xsd:2") => Ok(true),
            _ => Err(foreign_root(root, of, named)),
        };
    }
    let problem = Problem::new(
        ProblemType::Validation,
        "",
        Text::new(
            format!("根元素 {} 不是事件文件。", root.local),
            format!("The root element {} is not a document of events.", root.local),
        ),
        Text::of(
            "请提交 EPCISDocument、EPCISQueryDocument 或 EPCISMasterDataDocument。",
            "Send an EPCISDocument, EPCISQueryDocument or EPCISMasterDataDocument.",
        ),
    );
    Err(problem.at(root.at).into())
}

/// A root of the right name in a namespace that is not the standard's.
fn foreign_root(root: &Element, of: &str, named: &str) -> Box<Problem> {
    let (zh, en) = if named.is_empty() {
        (
            format!("根元素 {} 没有命名空间。", root.local),
            format!("The root element {} has no namespace.", root.local),
        )
    } else {
        (
            format!("根元素 {} 的命名空间 {named} 不是 EPCIS 的。", root.local),
            format!(
                "The root element {} is in the namespace {named}, which is not that of EPCIS.",
                root.local
            ),
        )
    };
    let remedy = Text::new(
        format!("请写 xmlns:epcis=\"{of}:xsd:2\"（1.2 版为 {of}:xsd:1），并在根元素使用这个前缀。"),
        format!(
            "Write xmlns:epcis=\"{of}:xsd:2\" ({of}:xsd:1 for version 1.2) and use its prefix on the root."
        ),
    );
    Problem::new(ProblemType::Validation, "", Text::new(zh, en), remedy).at(root.at).into()
}

/// What of the frame would be lost; earlier versions are not held to it.
pub(crate) fn frame_strays(root: &Element, is_version_2: bool) -> Vec<Problem> {
    let mut found = Found::at("");
    if is_version_2 {
        stray::frame(root, &mut found);
    }
    found.into_problems()
}

/// Name of the root of a capture job.
pub(crate) const JOB: &str = "EPCISCaptureJob";

/// What is wrong with a capture job, the one document of the standard that holds no events; `None` when it is another.
pub(crate) fn job_problems(bytes: &[u8], limits: &Limits) -> Option<Vec<Problem>> {
    let root = element::parse(bytes, limits).ok()?;
    (&*root.local == JOB).then(|| job::check(&root))
}

/// What is wrong with the elements of an event: their order, what has no place, what holds nothing or too much.
fn out_of_order(event: &Element, pointer: &str) -> Vec<Problem> {
    let mut found = Found::at(pointer);
    for check in [order::check, stray::event, hollow::event] {
        if found.is_empty() {
            check(event, &mut found);
        }
    }
    found.into_problems()
}

/// Brings the events of a document into the JSON model one by one.
pub(crate) struct EventModel(model::Model);

impl EventModel {
    /// The document without its events, and the model for them.
    pub(crate) fn of_frame(root: &Element) -> (Node, Self) {
        let (node, model) = model::frame(root);
        (node, Self(model))
    }

    pub(crate) fn event(&mut self, element: &Element) -> Node {
        self.0.event(element)
    }

    pub(crate) const fn context(&self) -> &Context {
        &self.0.context
    }
}

/// The element an event came from, to say where in the text its problems are.
pub(crate) struct EventElement {
    pub(crate) element: Element,
    pub(crate) is_version_2: bool,
}

impl EventElement {
    /// What is wrong with the order of its elements; earlier versions are not held to it.
    pub(crate) fn order(&self, pointer: &str) -> Vec<Problem> {
        if self.is_version_2 { out_of_order(&self.element, pointer) } else { Vec::new() }
    }

    /// Gives the problems below `pointer` their line and column.
    pub(crate) fn place(&self, pointer: &str, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|problem| problem.position.is_none()) {
            let inner = problem.pointer.strip_prefix(pointer).unwrap_or_default();
            problem.position = locate(std::slice::from_ref(&self.element), "", inner);
        }
    }
}

/// The place of the element a pointer leads to, or of the last one on the way.
fn locate(events: &[Element], list: &str, pointer: &str) -> Option<Position> {
    let mut steps = pointer.strip_prefix(list)?.split('/').skip(1).peekable();
    let index = if list.is_empty() { 0 } else { steps.next()?.parse::<usize>().ok()? };
    let mut at = events.get(index)?;
    while let Some(step) = steps.next() {
        let name = step.replace("~1", "/").replace("~0", "~");
        let mut named = at.flat().filter(|child| *child.local == name || child.is_named(&name));
        if let Ok(index) = step.parse::<usize>() {
            let Some(child) = at.flat().nth(index) else { break };
            at = child;
        } else if name == "sensorReport" || name == "certificationInfo" {
            let index = steps.next().and_then(|step| step.parse().ok()).unwrap_or(0);
            let Some(child) = named.nth(index) else { break };
            at = child;
        } else if let Some(child) = named.next() {
            at = child;
        } else {
            break;
        }
    }
    Some(at.at)
}
