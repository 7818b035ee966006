//! XML text event by event.

use super::{Rest, Stream};
use crate::context::Context;
use crate::json::{CAPTURE_LIST, Frame, QUERY_LIST, read_frame};
use crate::limits::Limits;
use crate::node::Node;
use crate::problem::Problem;
use crate::xml::{Builder, EventElement, EventModel, Part, frame_strays, root_of};
use std::io::{self, BufRead, Seek, SeekFrom};
use std::sync::Arc;

/// Reads the frame and goes back to the events.
pub(super) fn open<R: BufRead + Seek>(mut reader: R, limits: Limits) -> io::Result<Stream<R>> {
    let root = match Builder::new(&mut reader, Part::Frame, &limits).root() {
        Ok(root) => root,
        Err(problem) => return Ok(Stream::refused(*problem, limits)),
    };
    let is_version_2 = match root_of(&root) {
        Ok(is_version_2) => is_version_2,
        Err(problem) => return Ok(Stream::refused(*problem, limits)),
    };
    reader.seek(SeekFrom::Start(0))?;
    if root.is_bare_event() {
        let mut bytes = Vec::new();
        let most = u64::try_from(limits.bytes).unwrap_or(u64::MAX).saturating_add(1);
        io::Read::read_to_end(&mut io::Read::take(&mut reader, most), &mut bytes)?;
        return Ok(Stream::whole(crate::xml::read(&bytes, limits), limits));
    }
    let list = if &*root.local == "EPCISQueryDocument" { QUERY_LIST } else { CAPTURE_LIST };
    let own = frame_strays(&root, is_version_2);
    let (tree, model) = EventModel::of_frame(&root);
    let context = model.context().clone();
    let shared = Arc::new(context.clone());
    let frame = read_frame(Frame { root: tree, context, own, structural: Vec::new() }, limits);
    let builder = Builder::new(reader, Part::Events, &limits);
    let events = Events { builder, model, context: shared.clone(), is_version_2 };
    Ok(Stream::of_frame(frame, limits, list, shared, Rest::Xml(Box::new(events))))
}

/// The events of an XML document.
pub(super) struct Events<R> {
    builder: Builder<R>,
    model: EventModel,
    /// What the model's context was when last looked at; names bring new prefixes.
    context: Arc<Context>,
    is_version_2: bool,
}

/// An event as a tree, what its prefixes mean, and the element it came from.
type Found = (Node, Arc<Context>, EventElement);

impl<R: BufRead> Events<R> {
    /// The next event; `None` at the end of the list.
    pub(super) fn next(&mut self) -> Result<Option<Found>, Box<Problem>> {
        let Some(element) = self.builder.next()? else { return Ok(None) };
        let node = self.model.event(&element);
        if *self.model.context() != *self.context {
            self.context = Arc::new(self.model.context().clone());
        }
        let element = EventElement { element, is_version_2: self.is_version_2 };
        Ok(Some((node, self.context.clone(), element)))
    }
}
