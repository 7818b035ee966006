//! What is wrong with an input, where, and how to put it right: RFC 9457 problem values with the EPCIS problem types.

use base::{Lang, Text};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The problem types of the EPCIS 2.0 REST binding (OpenAPI 2.0.0, `components/responses`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemType {
    /// 400: the document or event breaks the EPCIS rules.
    Validation,
    /// 400: a named query is not well formed.
    QueryValidation,
    /// 400: a query parameter is unknown or has an unusable value.
    QueryParameter,
    /// 400: a subscription's schedule or trigger is not usable.
    SubscriptionControls,
    /// 401: nobody is signed in.
    Unauthorized,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: no resource of that name.
    NoSuchName,
    /// 406: no representation the client accepts.
    NotAcceptable,
    /// 409: the resource exists already.
    ResourceAlreadyExists,
    /// 413: more events or bytes than one capture may carry.
    CaptureLimitExceeded,
    /// 413: the answer would be larger than allowed.
    QueryTooLarge,
    /// 413: the query needs more work than allowed.
    QueryTooComplex,
    /// 414: the address is too long.
    UriTooLong,
    /// 415: the body is in a format that is not read.
    UnsupportedMediaType,
    /// 500: a fault on this side.
    Implementation,
    /// 501: an optional part of the standard that is not offered.
    NotImplemented,
}

/// One row of the table: uri suffix, HTTP status, title in both languages.
type Row = (&'static str, u16, &'static str, &'static str);

impl ProblemType {
    const fn row(self) -> Row {
        match self {
            Self::Validation => {
                ("ValidationException", 400, "数据不符合 EPCIS 规则", "The data break the EPCIS rules")
            }
            Self::QueryValidation => {
                ("QueryValidationException", 400, "查询定义不正确", "The query definition is not valid")
            }
            Self::QueryParameter => {
                ("QueryParameterException", 400, "查询参数不正确", "A query parameter is not valid")
            }
            Self::SubscriptionControls => (
                "SubscriptionControlsException",
                400,
                "订阅计划不正确",
                "The subscription controls are not valid",
            ),
            Self::Unauthorized => ("SecurityException", 401, "请先登录", "Please sign in"),
            Self::Forbidden => ("SecurityException", 403, "没有权限", "Not allowed"),
            Self::NoSuchName => {
                ("NoSuchNameException", 404, "没有这个名称的资源", "No resource of that name")
            }
            Self::NotAcceptable => {
                ("NotAcceptableException", 406, "无法提供所要求的格式", "No acceptable representation")
            }
            Self::ResourceAlreadyExists => {
                ("ResourceAlreadyExistsException", 409, "资源已存在", "The resource exists already")
            }
            Self::CaptureLimitExceeded => (
                "CaptureLimitExceededException",
                413,
                "超出一次采集的上限",
                "More than one capture may carry",
            ),
            Self::QueryTooLarge => {
                ("QueryTooLargeException", 413, "查询结果过大", "The query result is too large")
            }
            Self::QueryTooComplex => {
                ("QueryTooComplexException", 413, "查询过于复杂", "The query is too complex")
            }
            Self::UriTooLong => ("URITooLongException", 414, "地址过长", "The address is too long"),
            Self::UnsupportedMediaType => {
                ("UnsupportedMediaTypeException", 415, "不支持这种格式", "The format is not supported")
            }
            Self::Implementation => ("ImplementationException", 500, "系统内部错误", "A fault on this side"),
            Self::NotImplemented => ("ImplementationException", 501, "未提供此项功能", "Not offered here"),
        }
    }

    /// `epcisException:…`, the `type` member of the problem document.
    #[must_use]
    pub fn uri(self) -> String {
        format!("epcisException:{}", self.row().0)
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// The `title` member, the same for every problem of this type.
    #[must_use]
    pub const fn title(self) -> Text {
        let row = self.row();
        Text::of(row.2, row.3)
    }
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is taken; the sender should know.
    Advice,
}

/// Adds a finding to a list that holds so many at most. Advice gives way to errors: whoever is told of no error may take
/// the input.
pub(crate) fn keep(problems: &mut Vec<Problem>, problem: Problem, most: usize) {
    if problems.len() >= most {
        let is_advice = |kept: &Problem| kept.severity == Severity::Advice;
        let Some(at) = problems.iter().rposition(is_advice).filter(|_| !is_advice(&problem)) else { return };
        problems.remove(at);
    }
    problems.push(problem);
}

/// A place in an XML text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Position {
    /// The beginning of a text.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place after `bytes` that begin here.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        // a byte that begins a character; the others are 10xxxxxx
        let characters = |part: &[u8]| part.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Self {
                line: self.line + bytes.iter().filter(|byte| **byte == b'\n').count(),
                column: 1 + characters(&bytes[last + 1..]),
            },
            None => Self { line: self.line, column: self.column + characters(bytes) },
        }
    }

    /// A place within a text that begins here.
    pub(crate) const fn within(self, inner: Self) -> Self {
        if inner.line == 1 {
            Self { line: self.line, column: self.column + inner.column - 1 }
        } else {
            Self { line: self.line + inner.line - 1, column: inner.column }
        }
    }
}

/// One finding: an RFC 9457 problem value.
///
/// Serialises to the members of `application/problem+json` with both languages in `title` and `detail`;
/// [`Problem::to_json`] gives one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem.
    pub kind: ProblemType,
    /// Error or advice.
    pub severity: Severity,
    /// JSON pointer (RFC 6901) of the offending value, from the root of the document; empty for the root.
    pub pointer: String,
    /// Line and column, known when the input was XML or was not well formed.
    pub position: Option<Position>,
    /// What is wrong.
    pub detail: Text,
    /// How to put it right.
    pub remedy: Text,
}

impl Problem {
    /// An error of type `kind` at `pointer`.
    #[must_use]
    pub fn new(kind: ProblemType, pointer: impl Into<String>, detail: Text, remedy: Text) -> Self {
        Self { kind, severity: Severity::Error, pointer: pointer.into(), position: None, detail, remedy }
    }

    /// The same with a place in the text.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Detail and remedy as one sentence pair.
    #[must_use]
    pub fn message(&self) -> Text {
        Text::new(
            format!("{}{}", self.detail.zh, self.remedy.zh),
            format!("{} {}", self.detail.en, self.remedy.en),
        )
    }

    /// The problem document in one language.
    #[must_use]
    pub fn to_json(&self, lang: Lang) -> serde_json::Value {
        let mut out = serde_json::json!({
            "type": self.kind.uri(),
            "title": self.kind.title().get(lang),
            "status": self.kind.status(),
            "detail": self.message().get(lang),
            "pointer": self.pointer,
        });
        if let Some(at) = self.position {
            out["line"] = at.line.into();
            out["column"] = at.column.into();
        }
        out
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(at) = self.position {
            write!(f, "{}:{}: ", at.line, at.column)?;
        }
        write!(f, "{}: {}", if self.pointer.is_empty() { "/" } else { &self.pointer }, self.message())
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.kind.uri())?;
        map.serialize_entry("title", &self.kind.title().to_string())?;
        map.serialize_entry("status", &self.kind.status())?;
        map.serialize_entry("detail", &self.message().to_string())?;
        map.serialize_entry("pointer", &self.pointer)?;
        if let Some(at) = self.position {
            map.serialize_entry("line", &at.line)?;
            map.serialize_entry("column", &at.column)?;
        }
        if self.severity == Severity::Advice {
            map.serialize_entry("severity", "advice")?;
        }
        map.end()
    }
}

/// Every finding about one input; as an error it holds at least one [`Severity::Error`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// The errors alone, without the advice.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|p| p.severity == Severity::Error)
    }

    /// Whether nothing forbids taking the input.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        self.errors().next().is_none()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Box<Problem>> for Problems {
    fn from(problem: Box<Problem>) -> Self {
        Self(vec![*problem])
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
