//! The index as bytes: a versioned, checksummed image that opens without deriving anything again.
//!
//! Layout, little-endian: magic `SHCHAIN\0`, version u32, zero u32, then sections (u64 length, then the data),
//! then a 64-bit checksum over everything before it.

use crate::derive::{Link, Node};
use crate::facts::{Facts, Line, Said, Seen};
use crate::graph::Sealed;
use crate::{Index, Interner, Names, Unit};
use base::{Decimal, Text};

const MAGIC: &[u8; 8] = b"SHCHAIN\0";
const VERSION: u32 = 1;

/// Why a snapshot could not be opened. In each case the remedy is to build the index anew from the events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes are not a snapshot of this index.
    #[error("not a chain snapshot: rebuild the index from the events")]
    NotASnapshot,
    /// Written by another version of the index.
    #[error(
        "chain snapshot has version {found}, this program reads {VERSION}: rebuild the index from the events"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// Truncated or changed after it was written.
    #[error("chain snapshot is damaged ({what}): rebuild the index from the events")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
}

impl SnapshotError {
    /// The message for the operator, in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::NotASnapshot => "不是追溯索引快照，请由追溯事件重建索引".to_owned(),
            Self::Version { found } => {
                format!("追溯索引快照版本为 {found}，本程序支持版本 {VERSION}，请由追溯事件重建索引")
            }
            Self::Damaged { what } => format!("追溯索引快照已损坏（{what}），请由追溯事件重建索引"),
        };
        Text::new(zh, self.to_string())
    }
}

/// Any single changed word changes the sum: each step is a bijection of the word and of the state.
fn checksum(bytes: &[u8]) -> u64 {
    let mut state = 0x5348_4941_4E43_4841u64 ^ bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    let mut mix = |word: u64| state = (state ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    for word in &mut words {
        let mut le = [0; 8];
        le.copy_from_slice(word);
        mix(u64::from_le_bytes(le));
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    mix(u64::from_le_bytes(last));
    state
}

/// A fixed-width record of the snapshot.
trait Record: Sized {
    const WIDTH: usize;
    fn put(&self, out: &mut Vec<u8>);
    fn get(bytes: &[u8]) -> Option<Self>;
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl Record for $kind {
            const WIDTH: usize = size_of::<$kind>();
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )*};
}
number!(u8, u32, u64, i64);

macro_rules! record {
    ($kind:ty { $($field:ident: $part:ty),* }) => {
        impl Record for $kind {
            const WIDTH: usize = 0 $(+ <$part>::WIDTH)*;
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            #[allow(unused_assignments, reason = "the offset after the last field is not read")]
            fn get(bytes: &[u8]) -> Option<Self> {
                let mut at = 0;
                $(
                    let $field = <$part>::get(bytes.get(at..at + <$part>::WIDTH)?)?;
                    at += <$part>::WIDTH;
                )*
                Some(Self { $($field),* })
            }
        }
    };
}
record!(Seen { id: u64, print: u64 });
record!(Node { since: i64, until: i64, item: u32, place: u32 });
record!(Link { from: u32, to: u32, left: u32, came: u32 });
record!(Line {
    time: i64,
    mantissa: i64,
    event: u32,
    item: u32,
    place: u32,
    other: u32,
    document: u32,
    unit: u8,
    scale: u8,
    said: Said
});

impl Record for Said {
    const WIDTH: usize = 1;
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        Self::ALL.get(usize::from(*bytes.first()?)).copied()
    }
}

impl Record for Unit {
    const WIDTH: usize = 3;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }
}

impl Record for Decimal {
    const WIDTH: usize = 16;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.serialize());
    }
    fn get(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::deserialize)
    }
}

fn put_all<'a, R: Record + 'a>(out: &mut Vec<u8>, records: impl ExactSizeIterator<Item = &'a R>) {
    (records.len() as u64).put(out);
    for record in records {
        record.put(out);
    }
}

fn put_names(out: &mut Vec<u8>, names: &Interner) {
    (names.len() as u64).put(out);
    for name in names.iter() {
        (name.len() as u64).put(out);
        out.extend_from_slice(name.as_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

const SHORT: SnapshotError = SnapshotError::Damaged { what: "too short" };
const BAD_VALUE: SnapshotError = SnapshotError::Damaged { what: "impossible value" };

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], SnapshotError> {
        let (head, rest) = self.bytes.split_at_checked(n).ok_or(SHORT)?;
        self.bytes = rest;
        Ok(head)
    }

    fn one<R: Record>(&mut self) -> Result<R, SnapshotError> {
        R::get(self.take(R::WIDTH)?).ok_or(BAD_VALUE)
    }

    fn length(&mut self) -> Result<usize, SnapshotError> {
        usize::try_from(self.one::<u64>()?).map_err(|_| BAD_VALUE)
    }

    fn all<R: Record>(&mut self) -> Result<Vec<R>, SnapshotError> {
        let count = self.length()?;
        let bytes = self.take(count.checked_mul(R::WIDTH).ok_or(SHORT)?)?;
        bytes.chunks_exact(R::WIDTH).map(|chunk| R::get(chunk).ok_or(BAD_VALUE)).collect()
    }

    fn names(&mut self) -> Result<Interner, SnapshotError> {
        let mut names = Interner::default();
        for _ in 0..self.length()? {
            let length = self.length()?;
            let name = std::str::from_utf8(self.take(length)?).map_err(|_| BAD_VALUE)?;
            names.intern(name);
        }
        Ok(names)
    }
}

impl Index {
    /// The index as bytes, merged first. Opening them again gives the same answers.
    #[must_use]
    pub fn to_bytes(&mut self) -> Vec<u8> {
        self.merge();
        let (facts, sealed, names) = (&self.facts, &self.graph.sealed, self.names());
        let mut out = Vec::with_capacity(facts.lines.len() * 42 + sealed.links.len() * 24 + 4096);
        out.extend_from_slice(MAGIC);
        VERSION.put(&mut out);
        0u32.put(&mut out);
        self.position().put(&mut out);
        [&names.items, &names.places, &names.documents, &names.joins]
            .iter()
            .for_each(|n| put_names(&mut out, n));
        put_all(&mut out, facts.events.iter());
        let mut withdrawn: Vec<u64> = facts.withdrawn.iter().copied().collect();
        withdrawn.sort_unstable();
        put_all(&mut out, withdrawn.iter());
        put_all(&mut out, facts.lines.iter());
        put_all(&mut out, facts.starts.iter());
        put_all(&mut out, facts.processes.iter());
        put_all(&mut out, facts.units.iter());
        put_all(&mut out, facts.wide.iter());
        put_all(&mut out, sealed.nodes.iter());
        put_all(&mut out, sealed.links.iter());
        put_all(&mut out, sealed.derived.iter());
        for array in [
            &sealed.item_starts,
            &sealed.out_starts,
            &sealed.in_starts,
            &sealed.into,
            &sealed.place_starts,
            &sealed.place_nodes,
        ] {
            put_all(&mut out, array.iter());
        }
        let sum = checksum(&out);
        sum.put(&mut out);
        out
    }

    /// Opens a snapshot.
    ///
    /// # Errors
    /// When the bytes are no snapshot, of another version, or not as they were written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let body = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NotASnapshot)?;
        let found = body.get(..4).and_then(u32::get).ok_or(SHORT)?;
        if found != VERSION {
            return Err(SnapshotError::Version { found });
        }
        let (content, sum) = bytes.split_at_checked(bytes.len().saturating_sub(8)).ok_or(SHORT)?;
        if u64::get(sum) != Some(checksum(content)) {
            return Err(SnapshotError::Damaged { what: "checksum" });
        }
        let mut reader = Reader { bytes: content.get(16..).ok_or(SHORT)? };
        let position = reader.one()?;
        let names = Names {
            items: reader.names()?,
            places: reader.names()?,
            documents: reader.names()?,
            joins: reader.names()?,
        };
        let mut facts = Facts { events: reader.all()?, ..Facts::default() };
        facts.sealed_events = facts.events.len();
        facts.withdrawn = reader.all::<u64>()?.into_iter().collect();
        facts.lines = reader.all()?;
        facts.starts = reader.all()?;
        facts.processes = reader.all()?;
        facts.units = reader.all()?;
        facts.wide = reader.all()?;
        for (process, &join) in (0..).zip(&facts.processes) {
            if join != crate::facts::NONE {
                facts.joined.insert(join, process);
            }
        }
        let sealed = Sealed {
            nodes: reader.all()?,
            links: reader.all()?,
            derived: reader.all()?,
            item_starts: reader.all()?,
            out_starts: reader.all()?,
            in_starts: reader.all()?,
            into: reader.all()?,
            place_starts: reader.all()?,
            place_nodes: reader.all()?,
        };
        if !reader.bytes.is_empty() {
            return Err(SnapshotError::Damaged { what: "bytes left over" });
        }
        Ok(Self::assemble(names, facts, sealed, position))
    }
}
