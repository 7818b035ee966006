//! JSON text member by member.

use super::{Rest, Stream, unreadable};
use crate::document::DocumentType;
use crate::json::{CAPTURE_LIST, Frame, QUERY_LIST, document_context, read_frame, read_node};
use crate::limits::Limits;
use crate::node::Node;
use crate::parse::parse;
use crate::problem::{Position, Problem, ProblemType};
use crate::source::Counted;
use crate::validate::{Shape, shape};
use base::Text;
use std::io::{self, BufRead, Seek};
use std::sync::Arc;

/// A place in the input to come back to.
#[derive(Debug, Clone, Copy)]
struct Mark {
    offset: u64,
    at: Position,
}

/// What ends a scan.
enum Stop {
    Io(io::Error),
    Wrong(Box<Problem>),
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<Box<Problem>> for Stop {
    fn from(problem: Box<Problem>) -> Self {
        Self::Wrong(problem)
    }
}

/// Walks through JSON text value by value.
struct Scanner<R> {
    reader: Counted<R>,
    offset: u64,
    limits: Limits,
    /// Where the list of events begins, after its bracket.
    list: Option<Mark>,
    /// Bytes of the frame so far.
    used: usize,
}

/// Reads the frame and goes back to the events.
pub(super) fn open<R: BufRead + Seek>(reader: R, limits: Limits) -> io::Result<Stream<R>> {
    let mut scanner = Scanner { reader: Counted::new(reader), offset: 0, limits, list: None, used: 0 };
    let root = match scanner.document() {
        Ok(root) => root,
        Err(Stop::Io(e)) => return Err(e),
        Err(Stop::Wrong(problem)) => return Ok(Stream::refused(*problem, limits)),
    };
    let Shape::Known(kind) = shape(&root) else { return Ok(Stream::whole(read_node(root, limits), limits)) };
    if kind == DocumentType::Event {
        return Ok(Stream::whole(read_node(root, limits), limits));
    }
    let list = if kind == DocumentType::Query { QUERY_LIST } else { CAPTURE_LIST };
    let context = document_context(&root);
    let shared = Arc::new(context.clone());
    let mut frame = read_frame(Frame { root, context, own: Vec::new(), structural: Vec::new() }, limits);
    let shared = match &mut frame.document {
        Some(document) => document.context.clone(),
        None => shared,
    };
    let rest = match scanner.list {
        Some(mark) => Rest::Json(scanner.events(mark)?),
        None => Rest::Done,
    };
    Ok(Stream::of_frame(frame, limits, list, shared, rest))
}

impl<R: BufRead + Seek> Scanner<R> {
    /// Goes to the first event.
    fn events(mut self, mark: Mark) -> io::Result<Events<R>> {
        self.reader.go_to(mark.offset, mark.at)?;
        self.offset = mark.offset;
        Ok(Events { scanner: self, is_first: true, span: Vec::new() })
    }
}

impl<R: BufRead> Scanner<R> {
    fn document(&mut self) -> Result<Node, Stop> {
        if self.reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            self.skip(3);
            self.reader.at = Position::START;
        }
        self.space()?;
        let root = match self.peek()? {
            Some(b'{') => self.object("", 0)?,
            _ => self.value("")?,
        };
        self.space()?;
        if self.peek()?.is_some() {
            return Err(self.wrong(
                "",
                Text::of("JSON 结束之后还有内容。", "There is text after the end of the JSON."),
                Text::of("请删除多余内容。", "Remove it."),
            ));
        }
        Ok(root)
    }

    /// An object on the way to the events; `level` counts from the root.
    fn object(&mut self, pointer: &str, level: usize) -> Result<Node, Stop> {
        self.skip(1);
        self.space()?;
        let mut members: Vec<(Box<str>, Node)> = Vec::new();
        if self.peek()? == Some(b'}') {
            self.skip(1);
            return Ok(Node::Object(members));
        }
        loop {
            if self.peek()? != Some(b'"') {
                return Err(self.unexpected(pointer, "带引号的字段名", "a quoted field name"));
            }
            let Node::String(name) = self.value(pointer)? else {
                return Err(self.unexpected(pointer, "带引号的字段名", "a quoted field name"));
            };
            let mut inner = pointer.to_owned();
            crate::pointer::push_name(&mut inner, &name);
            if members.iter().any(|(known, _)| *known == name) {
                return Err(self.wrong(
                    &inner,
                    Text::new(
                        format!("字段“{name}”出现两次。"),
                        format!("The field \"{name}\" is given twice."),
                    ),
                    Text::of("请只保留一个，多个值请用数组。", "Keep one; use an array for several values."),
                ));
            }
            self.space()?;
            if self.peek()? != Some(b':') {
                return Err(self.unexpected(&inner, "冒号", "a colon"));
            }
            self.skip(1);
            self.space()?;
            let value = match (level, &*name, self.peek()?) {
                (0, "epcisBody", Some(b'{'))
                | (1, "queryResults", Some(b'{'))
                | (2, "resultsBody", Some(b'{')) => self.object(&inner, level + 1)?,
                (1 | 3, "eventList", Some(b'[')) => self.event_list(&inner)?,
                _ => self.value(&inner)?,
            };
            members.push((name, value));
            self.space()?;
            match self.peek()? {
                Some(b',') => self.skip(1),
                Some(b'}') => {
                    self.skip(1);
                    return Ok(Node::Object(members));
                }
                _ => return Err(self.unexpected(pointer, "逗号或右花括号", "a comma or a closing brace")),
            }
            self.space()?;
        }
    }

    /// Remembers where the events are and passes over them.
    fn event_list(&mut self, pointer: &str) -> Result<Node, Stop> {
        self.list = Some(Mark { offset: self.offset + 1, at: self.reader.at.after(b"[") });
        self.span(None, pointer)?;
        Ok(Node::Array(Vec::new()))
    }

    /// Any value, in memory.
    fn value(&mut self, pointer: &str) -> Result<Node, Stop> {
        let at = self.reader.at;
        let mut span = Vec::new();
        self.span(Some(&mut span), pointer)?;
        self.used += span.len();
        self.limits.check_bytes(self.used)?;
        parse(&span, &self.limits).map_err(|problem| Stop::Wrong(moved(problem, at, pointer)))
    }

    /// One value from its first to its last byte, copied when wanted. What is inside is not looked at.
    fn span(&mut self, mut copy: Option<&mut Vec<u8>>, pointer: &str) -> Result<(), Stop> {
        let (mut depth, mut in_text, mut is_escaped, mut begun) = (0usize, false, false, false);
        loop {
            let found = self.reader.fill_buf()?;
            if found.is_empty() {
                if begun && depth == 0 && !in_text {
                    return Ok(());
                }
                return Err(self.unexpected(pointer, "完整的值", "the rest of the value"));
            }
            let mut taken = found.len();
            let mut done = false;
            for (i, byte) in found.iter().enumerate() {
                if in_text {
                    match byte {
                        _ if is_escaped => is_escaped = false,
                        b'\\' => is_escaped = true,
                        b'"' => {
                            in_text = false;
                            done = depth == 0;
                        }
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        b',' | b'}' | b']' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => {
                            taken = i;
                            break;
                        }
                        _ => {}
                    }
                    begun = true;
                }
                if done {
                    taken = i + 1;
                    break;
                }
            }
            let ends = done || taken < found.len();
            if let Some(copy) = &mut copy {
                if copy.len() + taken > self.limits.bytes {
                    return Err(Stop::Wrong(too_long(&self.limits, pointer)));
                }
                copy.extend_from_slice(&found[..taken]);
            }
            self.skip(taken);
            if ends {
                return Ok(());
            }
        }
    }

    fn skip(&mut self, count: usize) {
        self.reader.consume(count);
        self.offset += count as u64;
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.reader.fill_buf()?.first().copied())
    }

    fn space(&mut self) -> io::Result<()> {
        loop {
            let found = self.reader.fill_buf()?;
            let count = found.iter().take_while(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t')).count();
            let all = count == found.len() && count > 0;
            self.skip(count);
            if !all {
                return Ok(());
            }
        }
    }

    fn unexpected(&mut self, pointer: &str, zh: &str, en: &str) -> Stop {
        let (found_zh, found_en) = match self.peek() {
            Ok(Some(byte)) if byte.is_ascii_graphic() => {
                let c = char::from(byte);
                (format!("JSON 格式错误：遇到“{c}”。"), format!("Not well-formed JSON: found '{c}'."))
            }
            Ok(None) => ("JSON 不完整。".to_owned(), "The JSON ends too early.".to_owned()),
            _ => ("JSON 格式错误。".to_owned(), "Not well-formed JSON.".to_owned()),
        };
        let remedy = Text::new(format!("此处应为{zh}。"), format!("Expected {en} here."));
        self.wrong(pointer, Text::new(found_zh, found_en), remedy)
    }

    fn wrong(&self, pointer: &str, detail: Text, remedy: Text) -> Stop {
        let problem = Problem::new(ProblemType::Validation, pointer, detail, remedy);
        Stop::Wrong(Box::new(problem.at(self.reader.at)))
    }
}

/// A problem inside a value, told as one of the whole text.
fn moved(mut problem: Box<Problem>, at: Position, pointer: &str) -> Box<Problem> {
    problem.position = problem.position.map(|inner| at.within(inner));
    problem.pointer.insert_str(0, pointer);
    problem
}

fn too_long(limits: &Limits, pointer: &str) -> Box<Problem> {
    Problem::new(
        ProblemType::CaptureLimitExceeded,
        pointer,
        Text::new(
            format!("此处超过 {} 字节。", limits.bytes),
            format!("There are more than {} bytes here.", limits.bytes),
        ),
        Text::of("请把内容分开提交。", "Send the content in parts."),
    )
    .into()
}

/// The events of a JSON document.
pub(super) struct Events<R> {
    scanner: Scanner<R>,
    is_first: bool,
    span: Vec<u8>,
}

impl<R: BufRead> Events<R> {
    /// The next event as a tree; `None` at the end of the list.
    pub(super) fn next(
        &mut self,
        limits: &Limits,
        list: &str,
        index: usize,
    ) -> Result<Option<Node>, Box<Problem>> {
        self.step(limits, &format!("{list}/{index}")).map_err(|stop| match stop {
            Stop::Wrong(problem) => problem,
            Stop::Io(e) => Box::new(unreadable(&e)),
        })
    }

    fn step(&mut self, limits: &Limits, pointer: &str) -> Result<Option<Node>, Stop> {
        let scanner = &mut self.scanner;
        scanner.space()?;
        match scanner.peek()? {
            Some(b']') if self.is_first => return Ok(None),
            Some(_) if self.is_first => self.is_first = false,
            Some(b']') => return Ok(None),
            Some(b',') => {
                scanner.skip(1);
                scanner.space()?;
            }
            _ => return Err(scanner.unexpected(pointer, "逗号或右方括号", "a comma or a closing bracket")),
        }
        let at = scanner.reader.at;
        self.span.clear();
        scanner.span(Some(&mut self.span), pointer)?;
        // three levels are open already: document, body, list
        let inner = Limits { depth: limits.depth.saturating_sub(3), ..*limits };
        let node = parse(&self.span, &inner).map_err(|problem| Stop::Wrong(moved(problem, at, pointer)))?;
        Ok(Some(node))
    }
}
