//! Settings of a method as text: `b=5; w=3; limit54=5|4`, or the same keys as a JSON object.

use super::{Error, Range};
use std::collections::BTreeMap;

/// Named values of a run. `|` separates the parts of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads `key=value; key=value`. A part without `=` is kept under its own name with an empty value, so that a mere
    /// label does no harm.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut map = BTreeMap::new();
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            map.insert(key.trim().to_owned(), value.trim().to_owned());
        }
        Self(map)
    }

    /// Reads a JSON object; arrays become parts.
    ///
    /// # Errors
    /// It is no object, or a value is an object.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, Error> {
        fn text(name: &str, value: &serde_json::Value) -> Result<String, Error> {
            Ok(match value {
                serde_json::Value::Null => "NULL".to_owned(),
                serde_json::Value::Bool(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
                serde_json::Value::Number(n) => n.to_string(),
                serde_json::Value::String(s) => s.clone(),
                serde_json::Value::Array(parts) => {
                    parts.iter().map(|p| text(name, p)).collect::<Result<Vec<_>, _>>()?.join("|")
                }
                serde_json::Value::Object(_) => {
                    return Err(Error::setting(
                        name,
                        value,
                        "a number, a word, true, false or a list of them",
                    ));
                }
            })
        }
        let object = value.as_object().ok_or_else(|| Error::setting("settings", value, "a JSON object"))?;
        object.iter().map(|(k, v)| Ok((k.clone(), text(k, v)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Adds or replaces a value.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// The value as written; `None` if it is absent or `NULL`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| *v != "NULL" && !v.is_empty())
    }

    /// The names of all values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A number.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.text(name).map(|v| number(name, v)).transpose()
    }

    /// A number, or the default.
    ///
    /// # Errors
    /// It is none.
    pub fn number_or(&self, name: &str, default: f64) -> Result<f64, Error> {
        Ok(self.number(name)?.unwrap_or(default))
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// It is none.
    pub fn count(&self, name: &str) -> Result<Option<usize>, Error> {
        self.text(name).map(|v| count(name, v)).transpose()
    }

    /// A whole number, or the default.
    ///
    /// # Errors
    /// It is none.
    pub fn count_or(&self, name: &str, default: usize) -> Result<usize, Error> {
        Ok(self.count(name)?.unwrap_or(default))
    }

    /// Yes or no, or the default.
    ///
    /// # Errors
    /// It is neither.
    pub fn flag_or(&self, name: &str, default: bool) -> Result<bool, Error> {
        self.text(name).map_or(Ok(default), |v| flag(name, v))
    }

    /// The parts of a value.
    #[must_use]
    pub fn parts(&self, name: &str) -> Option<Vec<&str>> {
        self.text(name).map(|v| v.split('|').map(str::trim).collect())
    }

    /// The parts of a value as numbers.
    ///
    /// # Errors
    /// One is none.
    pub fn numbers(&self, name: &str) -> Result<Option<Vec<f64>>, Error> {
        self.parts(name).map(|parts| parts.iter().map(|p| number(name, p)).collect()).transpose()
    }

    /// `range=265:312 (n=48)`; `None` if absent.
    ///
    /// # Errors
    /// It has another form.
    pub fn range(&self) -> Result<Option<Range>, Error> {
        let Some(text) = self.text("range") else { return Ok(None) };
        let wanted = || Error::setting("range", text, "FIRST:LAST, 1-based");
        let text_ = text.split_whitespace().next().unwrap_or(text);
        let (from, to) = text_.split_once(':').unwrap_or((text_, text_));
        let parse = |s: &str| s.trim().parse::<usize>().map_err(|_| wanted());
        Ok(Some(Range { from: parse(from)?, to: parse(to)? }))
    }
}

pub(crate) fn number(name: &str, text: &str) -> Result<f64, Error> {
    let parsed = match text.trim() {
        "Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        other => other.parse::<f64>(),
    };
    parsed.ok().filter(|v| !v.is_nan()).ok_or_else(|| Error::setting(name, text, "a number"))
}

pub(crate) fn count(name: &str, text: &str) -> Result<usize, Error> {
    let value = number(name, text)?;
    if value < 0.0 || value.fract().abs() > 0.0 || value > 1e15 {
        return Err(Error::setting(name, text, "a whole number"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(value as usize)
}

pub(crate) fn flag(name: &str, text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(Error::setting(name, text, "TRUE or FALSE")),
    }
}
