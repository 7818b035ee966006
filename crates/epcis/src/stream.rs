//! Documents of any size, one event at a time.
//!
//! A [`Stream`] goes through its input twice. The first time it reads everything but the events: the frame, with `@context`
//! and header. JSON members may come in any order and XML may say after the events which fields the hash leaves out;
//! because the frame is complete before the first event is looked at, every event gets its right meaning. The second
//! time it reads the events, one by one. In memory are the frame and one event; each is refused when it is longer than
//! [`Limits::bytes`]. Nothing bounds the number of events but [`Limits::events`]. The input must be able to go
//! back to its beginning (a file, a spooled upload, a cursor over bytes).

mod json;
mod xml;

use crate::context::Context;
use crate::document::Document;
use crate::event::Event;
use crate::json::Reading;
use crate::limits::Limits;
use crate::node::Node;
use crate::pointer::Path;
use crate::problem::{Problem, ProblemType};
use crate::validate::Checker;
use base::Text;
use std::io::{self, BufRead, Seek, SeekFrom};
use std::sync::Arc;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Its number in the document, from 0.
    pub index: usize,
    /// The event; none when it is refused, or the text breaks off here and nothing follows.
    pub event: Option<Event>,
    /// What was found: errors when there is no event, else advice.
    pub problems: Vec<Problem>,
    /// How many errors there were, counted beyond [`Limits::problems`].
    pub errors: usize,
}

/// The events of a document, one by one.
pub struct Stream<R> {
    limits: Limits,
    document: Option<Document>,
    context: Arc<Context>,
    problems: Vec<Problem>,
    errors: usize,
    index: usize,
    list: &'static str,
    rest: Rest<R>,
}

/// Where the events come from.
enum Rest<R> {
    /// Nothing follows.
    Done,
    /// A document small enough to have been read whole: a bare event.
    Whole(std::vec::IntoIter<Checked>),
    Json(json::Events<R>),
    Xml(Box<xml::Events<R>>),
}

impl<R: BufRead + Seek> Stream<R> {
    /// Reads the frame of a JSON or XML document.
    ///
    /// # Errors
    /// When the input cannot be read. What is wrong with the document is found in [`Stream::problems`].
    pub fn open(mut reader: R, limits: Limits) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(0))?;
        let opened = if starts_with_markup(&mut reader)? {
            xml::open(reader, limits)?
        } else {
            json::open(reader, limits)?
        };
        Ok(opened)
    }

    /// A document whose frame could be read.
    fn of_frame(
        frame: Reading,
        limits: Limits,
        list: &'static str,
        context: Arc<Context>,
        rest: Rest<R>,
    ) -> Self {
        Self {
            limits,
            document: frame.document,
            context,
            problems: frame.problems.0,
            errors: frame.errors,
            index: 0,
            list,
            rest,
        }
    }

    /// A document that goes no further.
    fn refused(problem: Problem, limits: Limits) -> Self {
        let context = Arc::new(Context::standard(crate::context::Syntax::Json));
        Self::of_frame(Reading::refused(Box::new(problem)), limits, "", context, Rest::Done)
    }

    /// A document read whole, because it is one bare event.
    fn whole(mut reading: Reading, limits: Limits) -> Self {
        let events = reading.document.as_mut().map(|document| std::mem::take(&mut document.events));
        let one = Checked {
            index: 0,
            event: events.and_then(|mut events| events.pop()),
            problems: std::mem::take(&mut reading.problems.0),
            errors: std::mem::take(&mut reading.errors),
        };
        let context = Arc::new(Context::standard(crate::context::Syntax::Json));
        Self::of_frame(reading, limits, "", context, Rest::Whole(vec![one].into_iter()))
    }

    /// The document without its events; none when the frame is unusable. Then events still come, for what is wrong
    /// with them.
    pub const fn document(&self) -> Option<&Document> {
        self.document.as_ref()
    }

    /// What is wrong with the frame.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many errors the frame has, counted beyond [`Limits::problems`].
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// Validates one event.
    fn check(&mut self, node: Node, context: Arc<Context>, found: Vec<Problem>) -> Checked {
        let base = Path::Fixed(self.list);
        let at = base.index(self.index);
        let own = node.get("@context").map(|extra| {
            let mut own = (*context).clone();
            own.extend(extra);
            Arc::new(own)
        });
        let context = own.unwrap_or(context);
        let mut checker = Checker::new(&self.limits, &context);
        found.into_iter().for_each(|problem| checker.add(problem));
        checker.event(&at, &node, false);
        let (problems, errors) = (checker.problems, checker.errors);
        let event = if errors == 0 { Event::new(node, context) } else { None };
        Checked { index: self.index, event, problems, errors }
    }

    /// The end of a stream that cannot go on.
    fn broken(&mut self, mut problem: Problem) -> Checked {
        self.rest = Rest::Done;
        if problem.pointer.is_empty() {
            problem.pointer = format!("{}/{}", self.list, self.index);
        }
        Checked { index: self.index, event: None, problems: vec![problem], errors: 1 }
    }
}

impl<R: BufRead + Seek> Iterator for Stream<R> {
    type Item = Checked;

    fn next(&mut self) -> Option<Checked> {
        let next = match &mut self.rest {
            Rest::Done => return None,
            Rest::Whole(events) => return events.next(),
            Rest::Json(events) => events
                .next(&self.limits, self.list, self.index)
                .map(|found| found.map(|node| (node, self.context.clone(), None))),
            Rest::Xml(events) => events
                .next()
                .map(|found| found.map(|(node, context, element)| (node, context, Some(element)))),
        };
        let (node, context, element) = match next {
            Err(problem) => return Some(self.broken(*problem)),
            Ok(None) => {
                self.rest = Rest::Done;
                return None;
            }
            Ok(Some(found)) => found,
        };
        if let Err(problem) = self.limits.check_events(self.index + 1, self.list.to_owned()) {
            return Some(self.broken(*problem));
        }
        let pointer = format!("{}/{}", self.list, self.index);
        let order = element.as_ref().map(|element| element.order(&pointer)).unwrap_or_default();
        let mut checked = self.check(node, context, order);
        if let Some(element) = element {
            element.place(&pointer, &mut checked.problems);
        }
        self.index += 1;
        Some(checked)
    }
}

pub(crate) fn unreadable(e: &io::Error) -> Problem {
    Problem::new(
        ProblemType::Implementation,
        "",
        Text::new(format!("读取失败：{e}。"), format!("The text cannot be read: {e}.")),
        Text::of("请重新提交。", "Send it again."),
    )
}

/// Whether the first character other than space is `<`.
fn starts_with_markup<R: BufRead + Seek>(reader: &mut R) -> io::Result<bool> {
    loop {
        let found = reader.fill_buf()?;
        if found.is_empty() || found.iter().any(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(b))
        {
            let is_markup = crate::report::is_xml(found);
            reader.seek(SeekFrom::Start(0))?;
            return Ok(is_markup);
        }
        let count = found.len();
        reader.consume(count);
    }
}
