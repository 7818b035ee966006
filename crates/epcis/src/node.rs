//! A JSON tree that loses nothing: members in their order, numbers as they were written.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// One JSON value. XML input is turned into the same tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number in the digits of the sender, so that no decimal place is lost or made up.
    Number(Box<str>),
    /// A string, escapes resolved.
    String(Box<str>),
    /// An array.
    Array(Vec<Node>),
    /// An object; names are unique, order is the sender's.
    Object(Vec<(Box<str>, Node)>),
}

impl Node {
    /// A string node.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self::String(value.into())
    }

    /// An object of these members.
    pub(crate) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }

    /// The members of an object; empty for anything else.
    #[must_use]
    pub fn members(&self) -> &[(Box<str>, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// The items of an array; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The string member `name`.
    #[must_use]
    pub fn str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::as_str)
    }

    /// The exact decimal of a number; `None` when it is no number or exceeds 28 digits.
    #[must_use]
    pub fn decimal(&self) -> Option<base::Decimal> {
        let Self::Number(text) = self else { return None };
        text.parse().ok().or_else(|| base::Decimal::from_scientific(text).ok())
    }

    /// What it is, in both languages, for messages.
    pub(crate) const fn sort(&self) -> base::Text {
        match self {
            Self::Null => base::Text::of("空值", "null"),
            Self::Bool(_) => base::Text::of("布尔值", "a boolean"),
            Self::Number(_) => base::Text::of("数字", "a number"),
            Self::String(_) => base::Text::of("文本", "a text"),
            Self::Array(_) => base::Text::of("数组", "an array"),
            Self::Object(_) => base::Text::of("对象", "an object"),
        }
    }

    /// Compact JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1280);
        self.write(&mut out);
        out
    }

    /// Appends the JSON text.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => quote(text, out),
            Self::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Bytes at the start that stand for themselves in a JSON string, eight at a time: neither control characters, quotes nor
/// backslashes.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let is_plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // the high bit of a byte below some number; what a borrow adds lies behind a true find
        let below = |word: u64, number: u64| word.wrapping_sub(ONES * number) & !word;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH;
        if found != 0 {
            return n * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let start = words.len() * 8;
    start + rest.iter().position(|b| !is_plain(*b)).unwrap_or(rest.len())
}

/// Writes a JSON string literal.
pub(crate) fn quote(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, more) = rest.split_at(plain_length(rest.as_bytes()));
        out.push_str(plain);
        let Some(byte) = more.bytes().next() else { break };
        rest = &more[1..];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
    out.push('"');
}

impl From<&Node> for Value {
    fn from(node: &Node) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(value) => Self::Bool(*value),
            Node::Number(text) => serde_json::from_str(text).unwrap_or(Self::Null),
            Node::String(text) => Self::String(text.to_string()),
            Node::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Node::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.to_string(), Self::from(value))).collect(),
            ),
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.as_str().into(), Self::from(value))).collect(),
            ),
        }
    }
}

impl Serialize for Node {
    /// Like the JSON text, but a number goes through `f64` when it has decimals; [`Node::to_json`] is exact.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(_) => Value::from(self).serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_itself_ends_at_the_first_byte_that_does_not() {
        for special in [0u8, 0x1f, b'"', b'\\'] {
            for at in 0..20 {
                let mut bytes = "~ 谷雨é!x[]".repeat(2).into_bytes();
                bytes[at] = special;
                assert_eq!(plain_length(&bytes), at);
                bytes.truncate(at);
                assert_eq!(plain_length(&bytes), at);
            }
        }
        assert_eq!(plain_length(&[0x80, 0xff, 0x7f, 0x20, 0x21, 0x23, 0x5b, 0x5d, 0xa2, 0xdc]), 10);
    }

    #[test]
    fn a_quoted_text_is_read_back() {
        for text in ["", "谷雨", "a\"b\\c\n\r\t\u{1}\u{1f}\u{7f}", "\"\"", "12345678\\"] {
            let mut out = String::new();
            quote(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
