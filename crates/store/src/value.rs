//! Parameters and rows: the four storage classes both engines share.

use crate::Error;
use base::{Date, Id, Instant};
use std::sync::Arc;

/// A parameter or a stored value. `Null` keeps its kind because PostgreSQL types untyped nulls as text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// 64-bit integer: ids, instants, counts, fen, booleans.
    Int(Option<i64>),
    /// Binary float: for statistics only, never for a limit or an amount the law fixes.
    Real(Option<f64>),
    /// UTF-8 text: names, codes, dates, decimals as reported, JSON.
    Text(Option<String>),
    /// Bytes: hashes, signatures, attachments' small parts.
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($t:ty => $variant:ident, $map:expr;)*) => {$(
        impl From<$t> for Value { fn from(v: $t) -> Self { Self::$variant(Some($map(v))) } }
        impl From<Option<$t>> for Value { fn from(v: Option<$t>) -> Self { Self::$variant(v.map($map)) } }
    )*};
}
from! {
    i64 => Int, |v| v;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    bool => Int, i64::from;
    Id => Int, |v: Id| v.0;
    Instant => Int, |v: Instant| v.0;
    f64 => Real, |v| v;
    String => Text, |v| v;
    &str => Text, str::to_owned;
    Date => Text, |v: Date| v.to_string();
    base::Decimal => Text, |v: base::Decimal| v.to_string();
    Vec<u8> => Bytes, |v| v;
    &[u8] => Bytes, <[u8]>::to_vec;
    [u8; 32] => Bytes, |v: [u8; 32]| v.to_vec();
}
impl Value {
    /// Whether this is SQL null, of whatever kind.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Real(None) | Self::Text(None) | Self::Bytes(None))
    }
}
impl From<&String> for Value {
    fn from(v: &String) -> Self {
        Self::Text(Some(v.clone()))
    }
}

/// One result row; columns by name.
#[derive(Debug, Clone)]
pub struct Row {
    pub(crate) names: Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $opt:ident, $variant:ident, $t:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// When the column is missing, null or of another kind.
        pub fn $name(&self, column: &str) -> Result<$t, Error> {
            self.$opt(column)?.ok_or_else(|| Error::Column { column: column.into(), problem: "is null".into() })
        }
        /// As the getter of the same name, `None` for null.
        ///
        /// # Errors
        /// When the column is missing or of another kind.
        pub fn $opt(&self, column: &str) -> Result<Option<$t>, Error> {
            match self.value(column)? {
                Value::$variant(v) => Ok(v.clone()),
                // an engine types a bare null as it likes
                other if other.is_null() => Ok(None),
                other => Err(Error::Column { column: column.into(), problem: format!("is {other:?}") }),
            }
        }
    };
}

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// When the statement selected no such column.
    pub fn value(&self, column: &str) -> Result<&Value, Error> {
        let at = self.names.iter().position(|n| n == column);
        at.and_then(|i| self.values.get(i))
            .ok_or_else(|| Error::Column { column: column.into(), problem: "was not selected".into() })
    }

    getter!(/// An integer.
        int, opt_int, Int, i64);
    getter!(/// A float, for statistics.
        real, opt_real, Real, f64);
    getter!(/// A text.
        text, opt_text, Text, String);
    getter!(/// Bytes.
        bytes, opt_bytes, Bytes, Vec<u8>);

    /// A record id.
    ///
    /// # Errors
    /// When the column is missing, null or not an integer.
    pub fn id(&self, column: &str) -> Result<Id, Error> {
        self.int(column).map(Id)
    }
    /// A record id or null.
    ///
    /// # Errors
    /// When the column is missing or not an integer.
    pub fn opt_id(&self, column: &str) -> Result<Option<Id>, Error> {
        Ok(self.opt_int(column)?.map(Id))
    }
    /// An instant.
    ///
    /// # Errors
    /// When the column is missing, null or not an integer.
    pub fn instant(&self, column: &str) -> Result<Instant, Error> {
        self.int(column).map(Instant)
    }
    /// An instant or null.
    ///
    /// # Errors
    /// When the column is missing or not an integer.
    pub fn opt_instant(&self, column: &str) -> Result<Option<Instant>, Error> {
        Ok(self.opt_int(column)?.map(Instant))
    }
    /// A boolean stored as 0/1.
    ///
    /// # Errors
    /// When the column is missing, null or not an integer.
    pub fn flag(&self, column: &str) -> Result<bool, Error> {
        self.int(column).map(|v| v != 0)
    }
    /// A statutory date stored as `YYYY-MM-DD`, or null.
    ///
    /// # Errors
    /// When the column is missing or not a date.
    pub fn opt_date(&self, column: &str) -> Result<Option<Date>, Error> {
        self.opt_text(column)?.map(|t| self.parse(column, &t)).transpose()
    }
    /// A statutory date.
    ///
    /// # Errors
    /// When the column is missing, null or not a date.
    pub fn date(&self, column: &str) -> Result<Date, Error> {
        let text = self.text(column)?;
        self.parse(column, &text)
    }
    /// JSON kept as text.
    ///
    /// # Errors
    /// When the column is missing, null or not the JSON of a `T`.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, Error> {
        serde_json::from_str(&self.text(column)?).map_err(|e| Error::Column {
            column: column.into(),
            problem: format!("is not the JSON expected: {e}"),
        })
    }
    /// A text parsed as `T` (decimals, codes, enums).
    ///
    /// # Errors
    /// When the column is missing, null or does not parse.
    pub fn parsed<T: std::str::FromStr>(&self, column: &str) -> Result<T, Error>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(column)?;
        self.parse(column, &text)
    }

    fn parse<T: std::str::FromStr>(&self, column: &str, text: &str) -> Result<T, Error>
    where
        T::Err: std::fmt::Display,
    {
        text.parse().map_err(|e: T::Err| Error::Column { column: column.into(), problem: e.to_string() })
    }
}

/// A statement: literal text, or text built from parts with parameters numbered as they come.
///
/// ```
/// let mut sql = store::Sql::new("select id from operator where region >= ");
/// sql.bind("6201").push(" and region < ").bind("6202");
/// assert_eq!(sql.text(), "select id from operator where region >= $1 and region < $2");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sql {
    text: String,
    params: Vec<Value>,
}

impl Sql {
    /// Starts a statement.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }
    /// Appends literal text. Only `'static` text: what a user typed can never become SQL.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }
    /// Appends names read from the database's own catalogue.
    pub(crate) fn push_raw(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }
    /// Appends a parameter.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.params.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.params.len().to_string());
        self
    }
    /// Appends `(… , …)` with one parameter a value, for `in`; an empty list becomes `(null)`, which matches nothing.
    pub fn bind_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.text.push('(');
        let mut any = false;
        for v in values {
            if any {
                self.text.push_str(", ");
            }
            any = true;
            self.bind(v);
        }
        self.text.push_str(if any { ")" } else { "null)" });
        self
    }
    /// Appends a list of ids, for `in`, as one parameter: however many there are, the statement keeps its text.
    pub fn bind_ids(&mut self, ids: &[Id]) -> &mut Self {
        let mut list = String::with_capacity(ids.len() * 20 + 2);
        list.push('[');
        for (n, id) in ids.iter().enumerate() {
            if n > 0 {
                list.push(',');
            }
            list.push_str(&id.0.to_string());
        }
        list.push(']');
        self.push("{ids ").bind(list).push(" ids}")
    }
    /// Appends another built part, renumbering its parameters.
    pub fn append(&mut self, part: &Self) -> &mut Self {
        let mut rest = part.text.as_str();
        while let Some(at) = rest.find('$') {
            self.text.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let n: usize = rest[at + 1..at + 1 + digits].parse().unwrap_or(0);
            match part.params.get(n.wrapping_sub(1)) {
                Some(v) => {
                    self.bind(v.clone());
                }
                None => self.text.push('$'),
            }
            rest = &rest[at + 1 + digits..];
        }
        self.text.push_str(rest);
        self
    }
    /// The statement so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
    /// The statement as an engine reads it fastest. Parameters stand in order, so SQLite gets them without numbers:
    /// it looks every name up in a list, which for a thousand of them costs more than the statement.
    pub(crate) fn for_engine(&self, engine: crate::Engine) -> String {
        if engine == crate::Engine::Postgres {
            let of_ids = "(select unnest(cast(string_to_array(trim(both '[]' from ";
            return self.text.replace("{ids ", of_ids).replace(" ids}", "), ',') as bigint[])))");
        }
        let mut parts = self.text.split('$');
        let mut out = String::with_capacity(self.text.len());
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            out.push('?');
            out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        out.replace("{ids ? ids}", "(select value from json_each(?))")
    }
    /// The parameters so far.
    #[must_use]
    pub fn params(&self) -> &[Value] {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_appended_keeps_its_parameters_in_order() {
        let mut part = Sql::new("b = ");
        part.bind(2i64).push(" or c in ").bind_list([3i64, 4]);
        let mut all = Sql::new("a = ");
        all.bind(1i64).push(" and (").append(&part).push(") and d in ").bind_list(Vec::<i64>::new());
        assert_eq!(all.text(), "a = $1 and (b = $2 or c in ($3, $4)) and d in (null)");
        assert_eq!(all.params(), [Value::from(1i64), 2i64.into(), 3i64.into(), 4i64.into()]);
    }
}
