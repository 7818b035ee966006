//! JSON text (RFC 8259) to [`Node`]: refuses duplicate names, deep nesting and text that is not UTF-8, with the place.

use crate::limits::Limits;
use crate::node::{Node, plain_length};
use crate::problem::{Position, Problem, ProblemType};
use base::Text;
use std::collections::HashSet;

/// Up to so many members of an object, repeated names are looked for one by one.
const FEW: usize = 32;

/// Reads one JSON text.
///
/// # Errors
/// One problem with line, column and, where known, the JSON pointer.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Node, Box<Problem>> {
    limits.check_bytes(bytes.len())?;
    let text = std::str::from_utf8(bytes).map_err(|e| {
        problem(
            bytes,
            e.valid_up_to(),
            String::new(),
            Text::of("文件不是 UTF-8 编码。", "The text is not UTF-8."),
            Text::of(
                "请另存为 UTF-8（如 Excel 的“CSV UTF-8”、编辑器的“UTF-8”）后再试。",
                "Save it as UTF-8 and try again.",
            ),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, at: 0, depth: limits.depth, path: Vec::new() };
    reader.space();
    let node = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.fault(
            Text::of("JSON 结束之后还有内容。", "There is text after the end of the JSON."),
            Text::of("请删除多余内容。", "Remove it."),
        ));
    }
    Ok(node)
}

/// Line and column, from 1, of a byte offset.
fn position(bytes: &[u8], offset: usize) -> Position {
    Position::START.after(&bytes[..offset.min(bytes.len())])
}

fn problem(bytes: &[u8], offset: usize, pointer: String, detail: Text, remedy: Text) -> Box<Problem> {
    Problem::new(ProblemType::Validation, pointer, detail, remedy).at(position(bytes, offset)).into()
}

enum Step {
    Name(Box<str>),
    Index(usize),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    path: Vec<Step>,
}

impl<'a> Reader<'a> {
    fn fault(&self, detail: Text, remedy: Text) -> Box<Problem> {
        let mut pointer = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) => crate::pointer::push_name(&mut pointer, name),
                Step::Index(index) => crate::pointer::push_index(&mut pointer, *index),
            }
        }
        problem(self.text.as_bytes(), self.at, pointer, detail, remedy)
    }

    fn broken(&self, expected_zh: &str, expected_en: &str) -> Box<Problem> {
        let found = self.text[self.at..].chars().next();
        let (zh, en) = match found {
            Some(c) => (format!("JSON 格式错误：遇到“{c}”。"), format!("Not well-formed JSON: found '{c}'.")),
            None => ("JSON 不完整。".to_owned(), "The JSON ends too early.".to_owned()),
        };
        self.fault(
            Text::new(zh, en),
            Text::new(format!("此处应为{expected_zh}。"), format!("Expected {expected_en} here.")),
        )
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node, Box<Problem>> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, node) in
                    [("true", Node::Bool(true)), ("false", Node::Bool(false)), ("null", Node::Null)]
                {
                    if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                        self.at += word.len();
                        return Ok(node);
                    }
                }
                Err(self.broken("一个值", "a value"))
            }
        }
    }

    fn enter(&mut self) -> Result<(), Box<Problem>> {
        if self.depth == 0 {
            return Err(self.fault(
                Text::of("嵌套层次过深。", "The nesting is too deep."),
                Text::of("请减少扩展字段的嵌套层数。", "Use fewer levels of nested extension fields."),
            ));
        }
        self.depth -= 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    fn object(&mut self) -> Result<Node, Box<Problem>> {
        self.enter()?;
        let mut members: Vec<(Box<str>, Node)> = Vec::with_capacity(4);
        let mut seen: HashSet<Box<str>> = HashSet::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.broken("带引号的字段名", "a quoted field name"));
                }
                let name = self.string()?;
                // few members: a scan is quicker than a set
                let known = if members.len() < FEW {
                    members.iter().any(|(other, _)| *other == name)
                } else {
                    if seen.is_empty() {
                        seen.extend(members.iter().map(|(other, _)| other.clone()));
                    }
                    !seen.insert(name.clone())
                };
                if known {
                    self.path.push(Step::Name(name.clone()));
                    return Err(self.fault(
                        Text::new(
                            format!("字段“{name}”出现两次。"),
                            format!("The field \"{name}\" is given twice."),
                        ),
                        Text::of(
                            "请只保留一个，多个值请用数组。",
                            "Keep one; use an array for several values.",
                        ),
                    ));
                }
                self.space();
                if self.peek() != Some(b':') {
                    return Err(self.broken("冒号", "a colon"));
                }
                self.at += 1;
                self.space();
                self.path.push(Step::Name(name));
                let value = self.value()?;
                if let Some(Step::Name(name)) = self.path.pop() {
                    members.push((name, value));
                }
                self.space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(self.broken("逗号或右花括号", "a comma or a closing brace")),
                }
                self.space();
            }
        }
        self.depth += 1;
        Ok(Node::Object(members))
    }

    fn array(&mut self) -> Result<Node, Box<Problem>> {
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.path.push(Step::Index(items.len()));
                let value = self.value()?;
                self.path.pop();
                items.push(value);
                self.space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(self.broken("逗号或右方括号", "a comma or a closing bracket")),
                }
                self.space();
            }
        }
        self.depth += 1;
        Ok(Node::Array(items))
    }

    fn number(&mut self) -> Result<Node, Box<Problem>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.broken("数字", "a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(Node::Number(self.text[start..self.at].into()))
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Box<Problem>> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.broken("数字", "a digit"));
        }
        self.digits();
        Ok(())
    }

    /// Passes over what stands for itself in a string.
    fn plain(&mut self) {
        self.at += plain_length(&self.text.as_bytes()[self.at..]);
    }

    fn string(&mut self) -> Result<Box<str>, Box<Problem>> {
        self.at += 1;
        let start = self.at;
        self.plain();
        match self.peek() {
            Some(b'"') => {
                let text: Box<str> = self.text[start..self.at].into();
                self.at += 1;
                return Ok(text);
            }
            Some(b'\\') => {}
            _ => {
                return Err(
                    self.broken("右引号（换行须写作 \\n）", "a closing quote (a line break is written \\n)")
                );
            }
        }
        let mut out = String::from(&self.text[start..self.at]);
        loop {
            let plain = self.at;
            self.plain();
            out.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => {
                    return Err(self.broken(
                        "右引号（换行须写作 \\n）",
                        "a closing quote (a line break is written \\n)",
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Box<Problem>> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.broken("转义字符", "an escape such as \\n or \\u4e2d")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, Box<Problem>> {
        let high = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.text.as_bytes()[self.at..].starts_with(b"\\u")
        {
            self.at += 1;
            let low = self.hex4()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.broken("成对的代理字符", "the second half of a surrogate pair"));
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.broken("成对的代理字符", "a pair of surrogates"))
    }

    /// Four hexadecimal digits after the `u` at the cursor.
    fn hex4(&mut self) -> Result<u32, Box<Problem>> {
        self.at += 1;
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let mut value = 0;
        for digit in digits {
            let Some(d) = char::from(*digit).to_digit(16) else {
                return Err(self.broken("四位十六进制数", "four hexadecimal digits"));
            };
            value = value * 16 + d;
        }
        if digits.len() < 4 {
            return Err(self.broken("四位十六进制数", "four hexadecimal digits"));
        }
        self.at += 4;
        Ok(value)
    }
}
