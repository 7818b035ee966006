//! An event as a repository gives it back: what was captured, with its id and record time.

use crate::context::Context;
use crate::event::Event;
use crate::limits::Limits;
use crate::node::Node;
use base::Instant;
use std::sync::Arc;

impl Event {
    /// An event from its stored JSON text, which was validated when it was captured, with the event id (unless it has its
    /// own) and the record time the repository gave it. `context` is that of the document it came in. `None` when the
    /// text is no event.
    #[must_use]
    pub fn recorded(body: &str, context: &Arc<Context>, event_id: &str, recorded: Instant) -> Option<Self> {
        let unbounded = Limits { bytes: usize::MAX, ..Limits::default() };
        let mut node = crate::parse(body.as_bytes(), &unbounded).ok()?;
        let own = node.get("@context").map(|more| {
            let mut own = (**context).clone();
            own.extend(more);
            Arc::new(own)
        });
        let Node::Object(members) = &mut node else { return None };
        members.retain(|(name, _)| &**name != "recordTime");
        if !members.iter().any(|(name, _)| &**name == "eventID") {
            members.push(("eventID".into(), Node::text(event_id)));
        }
        members.push(("recordTime".into(), Node::text(&microseconds(recorded))));
        Self::new(node, own.unwrap_or_else(|| context.clone()))
    }
}

/// RFC 3339 in UTC, to the microsecond when there are any.
fn microseconds(time: Instant) -> String {
    let text = time.rfc3339();
    match time.0.rem_euclid(1000) {
        0 => text,
        rest => format!("{}{rest:03}Z", text.trim_end_matches('Z')),
    }
}
