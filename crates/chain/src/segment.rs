//! The index as one file of columns: opened by mapping it, with nothing derived, parsed or copied.
//!
//! Layout, little-endian. Header of 64 bytes: magic `SHCHAIN\0`, version u32, number of sections u32, position i64,
//! mark i64, length of the file u64, seed of the name tables u64, checksum of header and table u64, zero u64. Table:
//! for each section its number u64, offset u64, length u64 and checksum u64 (over the section and the zeros that
//! fill it up). Sections start at multiples of 64 bytes, so that every record is aligned.

use crate::column::{Bytes, Column, Plain};
use crate::facts::{Facts, SealedFacts};
use crate::graph::Sealed;
use crate::packed::Words;
use crate::{Index, Names, Unit};
use base::{Decimal, Text};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const MAGIC: [u8; 8] = *b"SHCHAIN\0";
const VERSION: u32 = 3;
const ALIGN: usize = 64;

/// Why a segment could not be opened. In each case the remedy is to build the index anew from the events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// The bytes are not a segment of this index.
    #[error("not a chain segment: rebuild the index from the events")]
    NotASegment,
    /// Written by another version of the index.
    #[error(
        "chain segment has version {found}, this program reads {VERSION}: rebuild the index from the events"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// Truncated or changed after it was written.
    #[error("chain segment is damaged ({what}): rebuild the index from the events")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// Columns are read where they lie, in the byte order of this machine.
    #[error("chain segments are little-endian and this machine is not: use a little-endian machine")]
    ByteOrder,
}

impl SegmentError {
    /// The message for the operator, in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::NotASegment => "不是追溯索引文件，请由追溯事件重建索引".to_owned(),
            Self::Version { found } => {
                format!("追溯索引文件版本为 {found}，本程序支持版本 {VERSION}，请由追溯事件重建索引")
            }
            Self::Damaged { what } => format!("追溯索引文件已损坏（{what}），请由追溯事件重建索引"),
            Self::ByteOrder => "追溯索引文件为小端字节序，请在小端机器上运行".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}

const fn damaged(what: &'static str) -> SegmentError {
    SegmentError::Damaged { what }
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    version: u32,
    sections: u32,
    position: i64,
    mark: i64,
    length: u64,
    seed: u64,
    sum: u64,
    zero: u64,
}

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Entry {
    number: u64,
    offset: u64,
    length: u64,
    sum: u64,
}

/// Any single changed word changes the sum: each step is a bijection of the word and of the state. Four words at a
/// time, so that it runs as fast as memory. Every part but the last must be whole blocks of 32 bytes.
fn checksum(parts: &[&[u8]]) -> u64 {
    let mut states =
        [0x5348_4941_4E43_4841u64, 0x9AD5_6B51_C1F0_3E27, 0x2545_F491_4F6C_DD1D, 0xD6E8_FEB8_6659_FD93];
    let mix = |state: &mut u64, word: u64| {
        *state = (*state ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    };
    let word = |bytes: &[u8]| {
        let mut le = [0; 8];
        le[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(le)
    };
    for part in parts {
        let mut blocks = part.chunks_exact(32);
        for block in &mut blocks {
            for (state, bytes) in states.iter_mut().zip(block.chunks_exact(8)) {
                mix(state, word(bytes));
            }
        }
        for (state, bytes) in states.iter_mut().zip(blocks.remainder().chunks(8)) {
            mix(state, word(bytes));
        }
    }
    let [mut sum, rest @ ..] = states;
    rest.into_iter().for_each(|state| mix(&mut sum, state));
    mix(&mut sum, parts.iter().map(|part| part.len() as u64).sum());
    sum
}

/// A column as the file sees it.
trait Section {
    /// Its bytes, in pieces of which all but the last are whole blocks of 64.
    fn pieces(&self) -> Vec<&[u8]>;
    fn map(&mut self, bytes: &Bytes, range: Range<usize>) -> bool;
}

impl<T: Plain> Section for Column<T> {
    fn pieces(&self) -> Vec<&[u8]> {
        vec![self.bytes()]
    }
    fn map(&mut self, bytes: &Bytes, range: Range<usize>) -> bool {
        Self::mapped(bytes, range).map(|column| *self = column).is_some()
    }
}

impl Section for Words {
    fn pieces(&self) -> Vec<&[u8]> {
        self.pieces().filter(|words| !words.is_empty()).map(IntoBytes::as_bytes).collect()
    }
    fn map(&mut self, bytes: &Bytes, range: Range<usize>) -> bool {
        self.mapped.map(bytes, range)
    }
}

/// The few records that are copied when an index is opened.
#[derive(Debug, Default)]
struct Small {
    withdrawn: Column<u64>,
    units: Column<[u8; 3]>,
    wide: Column<[u8; 16]>,
}

/// The one list of sections, for writing (`&`) and for mapping (`&mut`).
macro_rules! sections {
    ($facts:expr, $graph:expr, $names:expr, $small:expr, $($r:tt)+) => {
        [
            (1u64, $($r)+ $graph.kernel.out.words as $($r)+ dyn Section),
            (2, $($r)+ $graph.kernel.out.runs),
            (3, $($r)+ $graph.kernel.into.words),
            (4, $($r)+ $graph.kernel.into.runs),
            (5, $($r)+ $graph.kernel.places),
            (6, $($r)+ $graph.held.came),
            (7, $($r)+ $graph.held.gone),
            (8, $($r)+ $graph.held.codes),
            (9, $($r)+ $graph.held.units),
            (10, $($r)+ $graph.nodes.starts),
            (11, $($r)+ $graph.nodes.words),
            (12, $($r)+ $graph.ranks.starts),
            (13, $($r)+ $graph.ranks.words),
            (14, $($r)+ $graph.starts.starts),
            (15, $($r)+ $graph.starts.words),
            (16, $($r)+ $graph.links.starts),
            (17, $($r)+ $graph.links.words),
            (18, $($r)+ $graph.link_starts.starts),
            (19, $($r)+ $graph.link_starts.words),
            (20, $($r)+ $graph.into.starts),
            (21, $($r)+ $graph.into.words),
            (22, $($r)+ $graph.place_starts),
            (24, $($r)+ $graph.place_nodes.starts),
            (25, $($r)+ $graph.place_nodes.words),
            (26, $($r)+ $graph.derived.0.starts),
            (27, $($r)+ $graph.derived.0.words),
            (30, $($r)+ $facts.events.starts),
            (31, $($r)+ $facts.events.words),
            (32, $($r)+ $facts.lines.0.starts),
            (33, $($r)+ $facts.lines.0.words),
            (34, $($r)+ $facts.starts.starts),
            (35, $($r)+ $facts.starts.words),
            (36, $($r)+ $facts.processes.starts),
            (37, $($r)+ $facts.processes.words),
            (38, $($r)+ $facts.joined),
            (40, $($r)+ $small.withdrawn),
            (41, $($r)+ $small.units),
            (42, $($r)+ $small.wide),
            (50, $($r)+ $names.items.sealed.text),
            (51, $($r)+ $names.items.sealed.ends),
            (52, $($r)+ $names.items.sealed.slots),
            (53, $($r)+ $names.places.sealed.text),
            (54, $($r)+ $names.places.sealed.ends),
            (55, $($r)+ $names.places.sealed.slots),
            (56, $($r)+ $names.documents.sealed.text),
            (57, $($r)+ $names.documents.sealed.ends),
            (58, $($r)+ $names.documents.sealed.slots),
            (59, $($r)+ $names.joins.sealed.text),
            (60, $($r)+ $names.joins.sealed.ends),
            (61, $($r)+ $names.joins.sealed.slots),
        ]
    };
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGN)
}

/// A buffer whose start is aligned for every record.
struct Aligned {
    words: Vec<u64>,
    length: usize,
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        self.words.as_bytes().get(..self.length).unwrap_or_default()
    }
}

fn header_and_table(bytes: &[u8]) -> Result<(Header, &[Entry]), SegmentError> {
    if cfg!(target_endian = "big") {
        return Err(SegmentError::ByteOrder);
    }
    let (header, rest) = Header::read_from_prefix(bytes).map_err(|_| SegmentError::NotASegment)?;
    if header.magic != MAGIC {
        return Err(SegmentError::NotASegment);
    }
    if header.version != VERSION {
        return Err(SegmentError::Version { found: header.version });
    }
    if header.length != bytes.len() as u64 {
        return Err(damaged("length"));
    }
    let table = rest.get(..header.sections as usize * size_of::<Entry>()).ok_or(damaged("table"))?;
    if header.sum != checksum(&[Header { sum: 0, ..header }.as_bytes(), table]) {
        return Err(damaged("header"));
    }
    let table = <[Entry]>::ref_from_bytes(table).map_err(|_| damaged("alignment"))?;
    Ok((header, table))
}

fn range_of(entry: &Entry, length: usize) -> Option<Range<usize>> {
    let from = usize::try_from(entry.offset).ok()?;
    let to = from.checked_add(usize::try_from(entry.length).ok()?)?;
    (to <= length).then_some(from..to)
}

/// Reads every byte of a segment and compares it with its checksums: some seconds for the largest. An index opened
/// from bytes that do not pass must be thrown away.
///
/// # Errors
/// When the bytes are no segment, of another version, or not as they were written.
pub fn verify_segment(bytes: &[u8]) -> Result<(), SegmentError> {
    let (header, table) = header_and_table(bytes)?;
    let mut next = padded(size_of_val(&header) + size_of_val(table));
    for entry in table {
        let range = range_of(entry, bytes.len()).ok_or(damaged("table"))?;
        let end = range.start + padded(range.len());
        if range.start != next {
            return Err(damaged("table"));
        }
        next = end;
        let content = bytes.get(range.start..end).ok_or(damaged("length"))?;
        if checksum(&[content]) != entry.sum {
            return Err(damaged("checksum"));
        }
    }
    let gap = bytes
        .get(size_of_val(&header) + size_of_val(table)..padded(size_of_val(&header) + size_of_val(table)));
    if next != bytes.len() || gap.is_none_or(|gap| gap.iter().any(|&b| b != 0)) {
        return Err(damaged("length"));
    }
    Ok(())
}

impl Index {
    /// Writes the index as a segment, merged first. `mark` is the caller's: it comes back when the segment is opened.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_segment(&mut self, mark: i64, out: &mut impl Write) -> io::Result<()> {
        self.merge();
        self.seal_names();
        let mut withdrawn: Vec<u64> = self.facts.withdrawn.iter().copied().collect();
        withdrawn.sort_unstable();
        let small = Small {
            withdrawn: withdrawn.into(),
            units: self.facts.units.iter().map(|unit| unit.bytes()).collect::<Vec<_>>().into(),
            wide: self.facts.wide.iter().map(Decimal::serialize).collect::<Vec<_>>().into(),
        };
        let (facts, graph, names) = (&self.facts.sealed, &self.graph.sealed, self.names());
        let sections = sections!(facts, graph, names, small, &);
        let zeros = [0u8; ALIGN];
        let fill = |length: usize| &zeros[..padded(length) - length];
        let head = size_of::<Header>() + sections.len() * size_of::<Entry>();
        let mut offset = padded(head);
        let mut table = Vec::with_capacity(sections.len());
        let sections = sections.map(|(number, section)| (number, section.pieces()));
        for (number, pieces) in &sections {
            let length = pieces.iter().map(|piece| piece.len()).sum();
            let (last, whole) = pieces.split_last().map_or((&[][..], &[][..]), |(l, w)| (*l, w));
            let (blocks, rest) = last.split_at(last.len() / 32 * 32);
            let rest = [rest, fill(length)].concat();
            let sum = checksum(&[whole, &[blocks, &rest]].concat());
            table.push(Entry { number: *number, offset: offset as u64, length: length as u64, sum });
            offset += padded(length);
        }
        let mut header = Header {
            magic: MAGIC,
            version: VERSION,
            sections: crate::derive::index(sections.len()),
            position: self.position(),
            mark,
            length: offset as u64,
            seed: names.items.seed(),
            sum: 0,
            zero: 0,
        };
        header.sum = checksum(&[header.as_bytes(), table.as_bytes()]);
        out.write_all(header.as_bytes())?;
        out.write_all(table.as_bytes())?;
        out.write_all(fill(head))?;
        for (_, pieces) in &sections {
            pieces.iter().try_for_each(|piece| out.write_all(piece))?;
            out.write_all(fill(pieces.iter().map(|piece| piece.len()).sum()))?;
        }
        Ok(())
    }

    /// Opens a segment where it lies: the header is checked, nothing else is read ([`verify_segment`] reads all). The
    /// bytes must start at a multiple of 8, as mapped files do. Returns the caller's mark too.
    ///
    /// # Errors
    /// When the bytes are no segment, of another version, or of another length than was written.
    pub fn open_segment(bytes: Bytes) -> Result<(Self, i64), SegmentError> {
        let content = (*bytes).as_ref();
        let (header, table) = header_and_table(content)?;
        let (mut facts, mut graph, mut small) = (SealedFacts::default(), Sealed::default(), Small::default());
        let mut names = Names::with_seed(header.seed);
        let mut sections = sections!(facts, graph, names, small, &mut);
        if table.len() != sections.len() {
            return Err(damaged("table"));
        }
        for ((number, section), entry) in sections.iter_mut().zip(table) {
            let range =
                range_of(entry, content.len()).filter(|_| entry.number == *number).ok_or(damaged("table"))?;
            if !section.map(&bytes, range) {
                return Err(damaged("alignment"));
            }
        }
        facts.ranks = graph.ranks.clone();
        let units = small.units.iter().map(|&bytes| Unit::from_bytes(bytes)).collect();
        let wide = small.wide.iter().map(|&bytes| Decimal::deserialize(bytes)).collect();
        let facts = Facts::opened(facts, &small.withdrawn, units, wide);
        Ok((Self::assemble(names, facts, graph, header.position, content.len()), header.mark))
    }

    /// The index as bytes, merged first.
    #[must_use]
    pub fn to_bytes(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        match self.write_segment(0, &mut out) {
            Ok(()) => out,
            Err(_) => Vec::new(),
        }
    }

    /// Opens a copy of a segment's bytes after reading and checking all of them.
    ///
    /// # Errors
    /// As [`verify_segment`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SegmentError> {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        words.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
        let bytes = Aligned { words, length: bytes.len() };
        verify_segment(bytes.as_ref())?;
        Self::open_segment(Arc::new(bytes)).map(|(index, _)| index)
    }
}
