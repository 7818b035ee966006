//! Tables as Apache Parquet, for analysis: exact decimals, dates, text; every column may be empty.
//!
//! Written here and not by a library: one page a column and row group, plain encoding, no compression is all a table of
//! an answer needs, and every reader of the format (version 1) takes it.

use super::write::{Sheet, Value, WriteError};
use base::Date;
use std::collections::HashSet;

/// Rows of a row group.
const GROUP: usize = 65_536;
/// Digits of a decimal column.
const PRECISION: i32 = 38;
const MAGIC: &[u8; 4] = b"PAR1";
const EPOCH: Date = Date::constant(1970, 1, 1);

/// What a column holds, as its values say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// UTF-8 text; also a column of mixed values and one without any.
    Text,
    /// Whole numbers of 64 bits.
    Whole,
    /// Exact decimals with so many places.
    Decimal(u32),
    /// Days.
    Date,
}

impl Holds {
    /// Physical type of the format: INT32, INT64, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY.
    const fn physical(self) -> i32 {
        match self {
            Self::Date => 1,
            Self::Whole => 2,
            Self::Text => 6,
            Self::Decimal(_) => 7,
        }
    }

    /// Converted type of the format, which old and new readers know: UTF8, DECIMAL, DATE, INT_64.
    const fn converted(self) -> i32 {
        match self {
            Self::Text => 0,
            Self::Decimal(_) => 5,
            Self::Date => 6,
            Self::Whole => 18,
        }
    }
}

/// Where a column of a row group lies.
struct Chunk {
    offset: usize,
    bytes: usize,
    values: usize,
}

/// Makes a Parquet file of one sheet: a column is a number, a date or text as all its values are; names given twice get
/// a number.
///
/// # Errors
/// [`WriteError::Io`] when a page is larger than the format can say.
pub fn write_parquet(sheet: &Sheet) -> Result<Vec<u8>, WriteError> {
    let kinds: Vec<Holds> = (0..sheet.header.len()).map(|c| holds(sheet, c)).collect();
    let mut out = MAGIC.to_vec();
    let mut groups: Vec<(usize, Vec<Chunk>)> = Vec::new();
    for rows in sheet.rows.chunks(GROUP) {
        let mut chunks = Vec::with_capacity(kinds.len());
        for (at, kind) in kinds.iter().enumerate() {
            let page = page(*kind, rows, at);
            let head = page_header(page.len(), rows.len())?;
            chunks.push(Chunk { offset: out.len(), bytes: head.len() + page.len(), values: rows.len() });
            out.extend(head);
            out.extend(page);
        }
        groups.push((rows.len(), chunks));
    }
    let footer = footer(sheet, &kinds, &groups)?;
    let length = u32::try_from(footer.len()).map_err(|_| too_large())?;
    out.extend(footer);
    out.extend(length.to_le_bytes());
    out.extend(MAGIC);
    Ok(out)
}

fn too_large() -> WriteError {
    WriteError::Io(std::io::Error::other("a page of more than 2 GiB; narrow the selection"))
}

fn int(value: usize) -> Result<i32, WriteError> {
    i32::try_from(value).map_err(|_| too_large())
}

fn long(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn holds(sheet: &Sheet, column: usize) -> Holds {
    let mut kind = None;
    for value in sheet.rows.iter().filter_map(|row| row.get(column)) {
        let this = match value {
            Value::Empty => continue,
            Value::Text(_) => return Holds::Text,
            Value::Date(_) => Holds::Date,
            Value::Number(n) if n.scale() == 0 && i64::try_from(n.mantissa()).is_ok() => Holds::Whole,
            Value::Number(n) => Holds::Decimal(n.scale()),
        };
        kind = Some(match (kind, this) {
            (None, this) => this,
            (Some(Holds::Decimal(a)), Holds::Decimal(b)) => Holds::Decimal(a.max(b)),
            (Some(Holds::Decimal(a)), Holds::Whole) | (Some(Holds::Whole), Holds::Decimal(a)) => {
                Holds::Decimal(a)
            }
            (Some(before), this) if before == this => this,
            _ => return Holds::Text,
        });
    }
    kind.unwrap_or(Holds::Text)
}

/// One page: which rows have a value (run lengths of bit width 1), then the values.
fn page(kind: Holds, rows: &[Vec<Value>], at: usize) -> Vec<u8> {
    let cell = |row: &'_ Vec<Value>| row.get(at).cloned().unwrap_or(Value::Empty);
    let mut levels = Vec::new();
    let mut values = Vec::new();
    let mut run: Option<(bool, u64)> = None;
    let mut close = |run: Option<(bool, u64)>| {
        if let Some((present, count)) = run {
            varint(&mut levels, count << 1);
            levels.push(u8::from(present));
        }
    };
    for row in rows {
        let value = cell(row);
        let present = !matches!(value, Value::Empty);
        run = match run {
            Some((same, count)) if same == present => Some((same, count + 1)),
            other => {
                close(other);
                Some((present, 1))
            }
        };
        if present {
            plain(kind, &value, &mut values);
        }
    }
    close(run);
    let mut page = Vec::with_capacity(4 + levels.len() + values.len());
    page.extend(u32::try_from(levels.len()).unwrap_or(u32::MAX).to_le_bytes());
    page.extend(levels);
    page.extend(values);
    page
}

fn plain(kind: Holds, value: &Value, out: &mut Vec<u8>) {
    match (kind, value) {
        (Holds::Whole, Value::Number(n)) => {
            out.extend(i64::try_from(n.mantissa()).unwrap_or_default().to_le_bytes());
        }
        (Holds::Decimal(scale), Value::Number(n)) => {
            let unscaled = n.mantissa() * 10i128.pow(scale.saturating_sub(n.scale()));
            out.extend(unscaled.to_be_bytes());
        }
        (Holds::Date, Value::Date(day)) => out.extend((*day - EPOCH).get_days().to_le_bytes()),
        (_, value) => {
            let text = value.to_text();
            out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend(text.into_bytes());
        }
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

/// A structure in Thrift's compact protocol: fields in order, each by its distance from the one before.
#[derive(Default)]
struct Thrift {
    out: Vec<u8>,
    last: u8,
}

impl Thrift {
    const I32: u8 = 5;
    const I64: u8 = 6;
    const BINARY: u8 = 8;
    const LIST: u8 = 9;
    const STRUCT: u8 = 12;

    /// Fields here are never more than fifteen apart.
    fn field(&mut self, id: u8, kind: u8) {
        self.out.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    fn zigzag(&mut self, value: i64) {
        varint(&mut self.out, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn i32(mut self, id: u8, value: i32) -> Self {
        self.field(id, Self::I32);
        self.zigzag(value.into());
        self
    }

    fn i64(mut self, id: u8, value: i64) -> Self {
        self.field(id, Self::I64);
        self.zigzag(value);
        self
    }

    fn text(mut self, id: u8, value: &str) -> Self {
        self.field(id, Self::BINARY);
        self.bytes(value);
        self
    }

    fn bytes(&mut self, value: &str) {
        varint(&mut self.out, value.len() as u64);
        self.out.extend(value.as_bytes());
    }

    fn nested(mut self, id: u8, value: Self) -> Self {
        self.field(id, Self::STRUCT);
        self.out.extend(value.close());
        self
    }

    fn list(mut self, id: u8, kind: u8, count: usize) -> Self {
        self.field(id, Self::LIST);
        match u8::try_from(count) {
            Ok(few) if few < 15 => self.out.push(few << 4 | kind),
            _ => {
                self.out.push(0xf0 | kind);
                varint(&mut self.out, count as u64);
            }
        }
        self
    }

    fn structs(self, id: u8, all: Vec<Self>) -> Self {
        let mut out = self.list(id, Self::STRUCT, all.len());
        for one in all {
            out.out.extend(one.close());
        }
        out
    }

    fn close(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}

/// A data page, plain encoding, definition levels as run lengths.
fn page_header(bytes: usize, values: usize) -> Result<Vec<u8>, WriteError> {
    let data = Thrift::default().i32(1, int(values)?).i32(2, 0).i32(3, 3).i32(4, 3);
    Ok(Thrift::default().i32(1, 0).i32(2, int(bytes)?).i32(3, int(bytes)?).nested(5, data).close())
}

fn footer(sheet: &Sheet, kinds: &[Holds], groups: &[(usize, Vec<Chunk>)]) -> Result<Vec<u8>, WriteError> {
    let names = names(sheet);
    let mut schema = vec![Thrift::default().text(4, "rows").i32(5, int(kinds.len())?)];
    for (name, kind) in names.iter().zip(kinds) {
        let mut element = Thrift::default().i32(1, kind.physical());
        if let Holds::Decimal(_) = kind {
            element = element.i32(2, 16);
        }
        // repetition 1: optional
        element = element.i32(3, 1).text(4, name).i32(6, kind.converted());
        if let Holds::Decimal(scale) = kind {
            element = element.i32(7, i32::try_from(*scale).unwrap_or(0)).i32(8, PRECISION);
        }
        schema.push(element);
    }
    let mut written = Vec::with_capacity(groups.len());
    for (rows, chunks) in groups {
        let mut columns = Vec::with_capacity(chunks.len());
        for ((chunk, kind), name) in chunks.iter().zip(kinds).zip(&names) {
            let mut data = Thrift::default().i32(1, kind.physical()).list(2, Thrift::I32, 2);
            data.zigzag(0);
            data.zigzag(3);
            data = data.list(3, Thrift::BINARY, 1);
            data.bytes(name);
            let data = data
                .i32(4, 0)
                .i64(5, long(chunk.values))
                .i64(6, long(chunk.bytes))
                .i64(7, long(chunk.bytes))
                .i64(9, long(chunk.offset));
            columns.push(Thrift::default().i64(2, long(chunk.offset)).nested(3, data));
        }
        let bytes: usize = chunks.iter().map(|c| c.bytes).sum();
        written.push(Thrift::default().structs(1, columns).i64(2, long(bytes)).i64(3, long(*rows)));
    }
    let footer = Thrift::default().i32(1, 1).structs(2, schema).i64(3, long(sheet.rows.len()));
    Ok(footer.structs(4, written).text(6, "shian").close())
}

/// Names of the columns, each once.
fn names(sheet: &Sheet) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |heading: &String| {
        let mut name = heading.clone();
        let mut again = 1;
        while !taken.insert(name.clone()) {
            again += 1;
            name = format!("{heading}_{again}");
        }
        name
    };
    sheet.header.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Decimal;

    fn sheet() -> Sheet {
        let cell = |n: &str| Value::Number(n.parse::<Decimal>().unwrap());
        Sheet {
            name: "scope".into(),
            header: ["place", "kg", "n", "day", "kg", "nothing"].map(ToOwned::to_owned).to_vec(),
            rows: vec![
                vec![
                    "兰州".into(),
                    cell("12.50"),
                    Value::from(3),
                    Value::Date(Date::constant(2026, 11, 22)),
                    cell("1"),
                    Value::Empty,
                ],
                vec!["=1+1".into(), cell("-0.125"), Value::Empty, Value::Empty, cell("2"), Value::Empty],
            ],
        }
    }

    #[test]
    fn a_column_is_what_all_its_values_are() {
        let kinds: Vec<Holds> = (0..6).map(|c| holds(&sheet(), c)).collect();
        let expected = [Holds::Text, Holds::Decimal(3), Holds::Whole, Holds::Date, Holds::Whole, Holds::Text];
        assert_eq!(kinds, expected);
        assert_eq!(names(&sheet())[4], "kg_2");
    }

    /// The bytes were read back with two other programs (DuckDB and PyArrow) when this was written.
    #[test]
    fn the_file_is_the_one_other_readers_took() {
        let file = write_parquet(&sheet()).unwrap();
        assert!(file.starts_with(MAGIC) && file.ends_with(MAGIC));
        let digest = file.iter().fold(0u64, |sum, b| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*b));
        assert_eq!((file.len(), digest), (521, 622_863_370_118_432_709));
        let empty = write_parquet(&Sheet { rows: Vec::new(), ..sheet() }).unwrap();
        assert!(empty.len() > 100 && empty.ends_with(MAGIC));
    }
}
