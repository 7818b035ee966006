//! Documents and events as JSON-LD text: members in the order they came, numbers digit by digit.

use crate::build::CONTEXT;
use crate::context::Syntax;
use crate::document::DocumentType;
use crate::event::Event;
use crate::node::{Node, quote};
use crate::write::{Head, Outgoing, Plan, WriteOptions, plan};
use base::Instant;

/// A document: the head with the events in its list. Events from several documents may be mixed; each keeps the
/// meaning of its prefixes, by a `@context` of its own where theirs differ.
#[must_use]
pub fn write_document<'e>(
    head: &Head,
    events: impl IntoIterator<Item = &'e Event>,
    options: &WriteOptions<'_>,
) -> String {
    let plan = plan(head, events, Syntax::Json, options);
    let mut out = String::with_capacity(1024 * (plan.events.len() + 1));
    let path: &[&str] = match head.kind {
        DocumentType::Event => {
            if let Some(event) = plan.events.first() {
                bare(event, &plan, &mut out);
            }
            return out;
        }
        DocumentType::Capture | DocumentType::MasterData => &["epcisBody", "eventList"],
        DocumentType::Query => &["epcisBody", "queryResults", "resultsBody", "eventList"],
    };
    frame(&head.frame, path, &plan, &mut out);
    out
}

/// One event that stands alone, with its `@context`.
#[must_use]
pub fn write_event(event: &Event, options: &WriteOptions<'_>) -> String {
    let plan = plan(&Head::capture(Instant(0)), [event], Syntax::Json, options);
    let mut out = String::with_capacity(1024);
    if let Some(event) = plan.events.first() {
        bare(event, &plan, &mut out);
    }
    out
}

/// A JSON array of events that stand alone, each with its `@context`.
#[must_use]
pub fn write_events<'e>(events: impl IntoIterator<Item = &'e Event>, options: &WriteOptions<'_>) -> String {
    let mut out = String::from("[");
    for (i, event) in events.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&write_event(event, options));
    }
    out.push(']');
    out
}

/// The frame, with the events where `path` ends.
fn frame(node: &Node, path: &[&str], plan: &Plan<'_>, out: &mut String) {
    let [step, rest @ ..] = path else {
        out.push('[');
        for (i, event) in plan.events.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            members(event, event.own.as_ref(), out);
        }
        out.push(']');
        return;
    };
    let Node::Object(list) = node else { return node.write(out) };
    out.push('{');
    for (i, (name, value)) in list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote(name, out);
        out.push(':');
        if &**name == *step {
            frame(value, rest, plan, out);
        } else if &**name == "@context" {
            plan.json_context().write(out);
        } else {
            value.write(out);
        }
    }
    out.push('}');
}

fn bare(event: &Outgoing<'_>, plan: &Plan<'_>, out: &mut String) {
    let context = match (&event.own, plan.json_context()) {
        (Some(own), _) if event.node.get("@context").is_some() => own.clone(),
        (Some(own), Node::Array(mut items)) => {
            items.push(own.clone());
            Node::Array(items)
        }
        (_, Node::Null) => Node::Array(vec![Node::text(CONTEXT)]),
        (_, context) => context,
    };
    members(event, Some(&context), out);
}

fn members(event: &Outgoing<'_>, context: Option<&Node>, out: &mut String) {
    out.push('{');
    let mut first = true;
    if let Some(context) = context {
        out.push_str("\"@context\":");
        context.write(out);
        first = false;
    }
    for (name, value) in event.node.members().iter().filter(|(name, _)| &**name != "@context") {
        if !first {
            out.push(',');
        }
        first = false;
        quote(name, out);
        out.push(':');
        value.write(out);
    }
    out.push('}');
}
