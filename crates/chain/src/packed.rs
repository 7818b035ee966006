//! Records of whole numbers packed into as few bits as their neighbours allow, each readable alone.
//!
//! Sixty-four records are a block. For each of the `C` numbers of a record a block holds the least value, and what each
//! record has more, in so many bits as the largest needs, divided by a round number when all are multiples of it (times
//! in whole seconds). [`NOTHING`] stands for "none" and costs no width. The words of a block lie together, so that
//! one record is read from a kilobyte of memory.

use crate::column::Column;
use std::sync::Arc;

/// No value; written and read back as such.
pub(crate) const NOTHING: u64 = u64::MAX;
/// Records of a block.
pub(crate) const BLOCK: usize = 64;
/// Words of a part; blocks do not lie across two.
const PART: usize = 1 << 18;
/// What differences are divided by when all are multiples: none, milliseconds, seconds, minutes.
const ROUND: [u64; 4] = [1, 1_000, 1_000_000, 60_000_000];
const WIDTH: u64 = 0x7f;
const HAS_NOTHING: u64 = 0x80;
const ROUND_SHIFT: u32 = 8;
/// Bits of the note on one number of the records; four notes are a word.
const NOTE: usize = 16;

/// Words, owned in parts of one size (the last may be shorter) or mapped in one piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    pub(crate) mapped: Column<u64>,
    parts: Vec<Arc<Vec<u64>>>,
}

impl Words {
    fn from(&self, at: usize) -> &[u64] {
        match self.parts.get(at / PART) {
            Some(part) => part.get(at % PART..).unwrap_or_default(),
            None => self.mapped.get(at..).unwrap_or_default(),
        }
    }

    /// The words in order, in pieces of which all but the last are of one size.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u64]> {
        self.parts.iter().map(|part| part.as_slice()).chain(std::iter::once(&*self.mapped))
    }
}

/// Records packed; read by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packed<const C: usize> {
    /// Where each block begins, and at last how many records there are.
    pub(crate) starts: Column<u64>,
    pub(crate) words: Words,
}

/// Words before the numbers of a block: the least values, then the notes.
const fn head(columns: usize) -> usize {
    columns + columns.div_ceil(64 / NOTE)
}

fn wide(word: u64) -> usize {
    usize::try_from(word).unwrap_or(usize::MAX)
}

/// One number of the records of a block: where its bits begin, and how they are to be read.
#[derive(Clone, Copy)]
struct Lane {
    least: u64,
    from: usize,
    width: usize,
    note: u64,
}

impl Lane {
    #[inline]
    fn value(self, block: &[u64], row: usize) -> u64 {
        let mut raw = 0;
        if self.width > 0 {
            let bit = row * self.width;
            let (at, shift) = (self.from + bit / 64, bit % 64);
            let word = |at: usize| block.get(at).copied().unwrap_or_default();
            raw = word(at) >> shift;
            if shift + self.width > 64 {
                raw |= word(at + 1) << (64 - shift);
            }
            raw &= u64::MAX >> (64 - self.width.min(64));
        }
        if self.note & HAS_NOTHING != 0 {
            if raw == 0 {
                return NOTHING;
            }
            raw -= 1;
        }
        let times = ROUND[wide(self.note >> ROUND_SHIFT) & 3];
        self.least.wrapping_add(raw.wrapping_mul(times))
    }
}

impl Lane {
    /// All numbers of the block.
    fn values(self, block: &[u64], out: &mut [u64; BLOCK]) {
        let nothing = self.note & HAS_NOTHING != 0;
        if self.width == 0 {
            out.fill(if nothing { NOTHING } else { self.least });
            return;
        }
        let mut words = [0; BLOCK + 1];
        let packed = block.get(self.from..).unwrap_or_default();
        let count = self.width.min(packed.len());
        words[..count].copy_from_slice(&packed[..count]);
        let (mask, width) = (u64::MAX >> (64 - self.width), shift(self.width));
        let (together, step) = together(self.width);
        let mut bit = 0;
        for values in out.chunks_exact_mut(together) {
            let (at, by) = (bit / 64 % BLOCK, bit % 64);
            let mut bits = words[at] >> by | words[at + 1] << 1 << (63 - by);
            for value in values {
                *value = bits & mask;
                bits = bits.wrapping_shr(width);
            }
            bit += step;
        }
        let times = ROUND[wide(self.note >> ROUND_SHIFT) & 3];
        match (nothing, times) {
            (false, 1) => out.iter_mut().for_each(|raw| *raw = raw.wrapping_add(self.least)),
            (false, _) => {
                out.iter_mut().for_each(|raw| *raw = raw.wrapping_mul(times).wrapping_add(self.least));
            }
            (true, _) => out.iter_mut().for_each(|raw| {
                let value = raw.wrapping_sub(1).wrapping_mul(times).wrapping_add(self.least);
                *raw = if *raw == 0 { NOTHING } else { value };
            }),
        }
    }
}

/// How many numbers of a width are read and written as one, and how wide that is: narrow ones by twos, fours, …
const fn together(width: usize) -> (usize, usize) {
    let (mut count, mut wide) = (1, width);
    while wide * 2 <= 64 {
        (count, wide) = (count * 2, wide * 2);
    }
    (count, wide)
}

/// A width as what is shifted by; that of a whole word is no shift, and then nothing comes after.
fn shift(width: usize) -> u32 {
    u32::try_from(width % 64).unwrap_or(0)
}

fn lanes<const C: usize>(block: &[u64]) -> [Lane; C] {
    let mut from = head(C);
    std::array::from_fn(|c| {
        let word = |at: usize| block.get(at).copied().unwrap_or_default();
        let per_word = 64 / NOTE;
        let note = word(C + c / per_word) >> (NOTE * (c % per_word));
        let lane = Lane { least: word(c), from, width: wide(note & WIDTH).min(64), note: note & 0xffff };
        from += lane.width;
        lane
    })
}

impl<const C: usize> Packed<C> {
    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.last().map_or(0, |&count| wide(count))
    }

    fn block(&self, number: usize) -> &[u64] {
        self.starts.get(number).map_or(&[], |&start| self.words.from(wide(start)))
    }

    /// The record with this number; nothing but [`NOTHING`] beyond the end.
    pub(crate) fn get(&self, at: usize) -> [u64; C] {
        if at >= self.len() {
            return [NOTHING; C];
        }
        let block = self.block(at / BLOCK);
        lanes::<C>(block).map(|lane| lane.value(block, at % BLOCK))
    }

    /// One number of a record.
    #[inline]
    pub(crate) fn one(&self, at: usize, column: usize) -> u64 {
        if at >= self.len() {
            return NOTHING;
        }
        let block = self.block(at / BLOCK);
        lanes::<C>(block)[column].value(block, at % BLOCK)
    }

    /// All records from a number on, in order.
    pub(crate) fn rows_from(&self, first: usize) -> Rows<'_, C> {
        let mut columns = Box::new([[0; BLOCK]; C]);
        if !first.is_multiple_of(BLOCK) {
            decode(self.block(first / BLOCK), &mut columns);
        }
        Rows { packed: self, at: first, len: self.len(), columns }
    }

    /// All records in order.
    pub(crate) fn rows(&self) -> Rows<'_, C> {
        self.rows_from(0)
    }

    /// All records from the last to the first.
    pub(crate) fn rows_back(&self) -> impl Iterator<Item = [u64; C]> {
        (0..self.len().div_ceil(BLOCK)).rev().flat_map(|number| {
            let mut columns = Box::new([[0; BLOCK]; C]);
            decode(self.block(number), &mut columns);
            (0..BLOCK.min(self.len() - number * BLOCK)).rev().map(move |at| row(&columns, at))
        })
    }

    /// The first record that does not pass, when those that pass come first.
    pub(crate) fn partition_point(&self, pass: impl Fn(usize) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if pass(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The records of which one number is among those `wanted`, which are sorted; a block that cannot hold any is not
    /// read further than its head.
    pub(crate) fn find(&self, column: usize, wanted: &[u64]) -> Vec<usize> {
        let mut found = Vec::new();
        for number in 0..if wanted.is_empty() { 0 } else { self.len().div_ceil(BLOCK) } {
            let block = self.block(number);
            let lane = lanes::<C>(block)[column];
            let times = ROUND[wide(lane.note >> ROUND_SHIFT) & 3];
            let span = if lane.width >= 64 { u64::MAX } else { (1 << lane.width) - 1 };
            let most = lane.least.saturating_add(span.saturating_mul(times));
            if wanted.get(wanted.partition_point(|&w| w < lane.least)).is_some_and(|&w| w <= most) {
                let rows = number * BLOCK..self.len().min((number + 1) * BLOCK);
                let hit = |at: &usize| wanted.binary_search(&lane.value(block, at % BLOCK)).is_ok();
                found.extend(rows.filter(hit));
            }
        }
        found
    }

    /// Bytes, owned or mapped.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + self.words.pieces().map(size_of_val).sum::<usize>()
    }

    /// Bytes held in memory of our own.
    pub(crate) fn owned_bytes(&self) -> usize {
        let parts: usize = self.words.parts.iter().map(|part| part.capacity() * 8).sum();
        self.starts.owned_bytes() + self.words.mapped.owned_bytes() + parts
    }
}

impl<const C: usize> FromIterator<[u64; C]> for Packed<C> {
    fn from_iter<I: IntoIterator<Item = [u64; C]>>(rows: I) -> Self {
        let mut packing = Packing::default();
        rows.into_iter().for_each(|row| packing.push(row));
        packing.close()
    }
}

/// A column of numbers of which the largest means none.
pub(crate) fn small(values: impl IntoIterator<Item = u32>) -> Packed<1> {
    values.into_iter().map(|value| [up(value)]).collect()
}

/// A 32-bit number, its largest as [`NOTHING`].
#[inline]
pub(crate) fn up(value: u32) -> u64 {
    if value == u32::MAX { NOTHING } else { u64::from(value) }
}

/// Back from [`up`].
#[inline]
pub(crate) fn down(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The numbers of a block, one array for each.
type Decoded<const C: usize> = [[u64; BLOCK]; C];

fn decode<const C: usize>(block: &[u64], columns: &mut Decoded<C>) {
    for (lane, out) in lanes::<C>(block).into_iter().zip(columns) {
        lane.values(block, out);
    }
}

fn row<const C: usize>(columns: &Decoded<C>, at: usize) -> [u64; C] {
    std::array::from_fn(|c| columns[c][at % BLOCK])
}

/// Records one after the other.
pub(crate) struct Rows<'a, const C: usize> {
    packed: &'a Packed<C>,
    at: usize,
    len: usize,
    columns: Box<Decoded<C>>,
}

impl<const C: usize> Iterator for Rows<'_, C> {
    type Item = [u64; C];

    #[inline]
    fn next(&mut self) -> Option<[u64; C]> {
        if self.at >= self.len {
            return None;
        }
        if self.at.is_multiple_of(BLOCK) {
            decode(self.packed.block(self.at / BLOCK), &mut self.columns);
        }
        let row = row(&self.columns, self.at);
        self.at += 1;
        Some(row)
    }
}

impl<const C: usize> Clone for Rows<'_, C> {
    fn clone(&self) -> Self {
        Self { columns: self.columns.clone(), ..*self }
    }
}

/// Records on their way into blocks.
#[derive(Debug, Clone)]
pub(crate) struct Packing<const C: usize> {
    starts: Vec<u64>,
    parts: Vec<Vec<u64>>,
    /// The numbers of the block at hand.
    pending: Box<Decoded<C>>,
    len: usize,
}

impl<const C: usize> Default for Packing<C> {
    fn default() -> Self {
        Self { starts: Vec::new(), parts: Vec::new(), pending: Box::new([[0; BLOCK]; C]), len: 0 }
    }
}

impl<const C: usize> Packing<C> {
    /// How many records were pushed.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a record.
    #[inline]
    pub(crate) fn push(&mut self, row: [u64; C]) {
        let at = self.len % BLOCK;
        for (values, value) in self.pending.iter_mut().zip(row) {
            values[at] = value;
        }
        self.len += 1;
        if at == BLOCK - 1 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // the block may not lie across two parts; what stays free at the end of one is filled with zeros
        let most = head(C) + C * BLOCK;
        if self.parts.last().is_none_or(|part| part.len() + most > PART) {
            if let Some(part) = self.parts.last_mut() {
                part.resize(PART, 0);
            }
            self.parts.push(Vec::new());
        }
        let before = (self.parts.len() - 1) * PART;
        let Some(part) = self.parts.last_mut() else { return };
        let start = part.len();
        self.starts.push((before + start) as u64);
        part.resize(start + head(C), 0);
        for (c, values) in self.pending.iter_mut().enumerate() {
            let (least, note) = pack(values, part);
            part[start + c] = least;
            part[start + C + c / (64 / NOTE)] |= note << (NOTE * (c % (64 / NOTE)));
        }
    }

    /// The records, packed.
    pub(crate) fn close(mut self) -> Packed<C> {
        if self.len == 0 {
            return Packed::default();
        }
        let filled = self.len % BLOCK;
        if filled > 0 {
            for values in self.pending.iter_mut() {
                let last = values[filled - 1];
                values[filled..].fill(last);
            }
            self.flush();
        }
        self.starts.push(self.len as u64);
        self.parts.iter_mut().for_each(Vec::shrink_to_fit);
        let parts = self.parts.into_iter().map(Arc::new).collect();
        Packed { starts: self.starts.into(), words: Words { mapped: Column::default(), parts } }
    }
}

/// Packs one number of 64 records: the least value and the note on it. The values are used up.
fn pack(values: &mut [u64; BLOCK], words: &mut Vec<u64>) -> (u64, u64) {
    let first = values[0];
    if values.iter().fold(0, |differ, value| differ | (value ^ first)) == 0 {
        // no bits; where there is none at all every record reads as zero, which means none
        return if first == NOTHING { (0, HAS_NOTHING) } else { (first, 0) };
    }
    // one more than a value is zero for none, so that it counts as the least here and as the most there
    let (mut least, mut above, mut greatest) = (u64::MAX, 0, 0);
    for &value in values.iter() {
        least = least.min(value);
        above = above.max(value.wrapping_add(1));
        greatest = greatest.max(value);
    }
    let nothing = greatest == NOTHING;
    let range = above - 1 - least;
    let round = if range < ROUND[1] { 0 } else { roundest(values, least) };
    let one = u64::from(nothing);
    let less = |value: u64| if value == NOTHING { 0 } else { value - least + one };
    match round {
        0 if !nothing => values.iter_mut().for_each(|value| *value -= least),
        0 => values.iter_mut().for_each(|value| *value = less(*value)),
        1 => divide::<{ ROUND[1] }>(values, least, one),
        2 => divide::<{ ROUND[2] }>(values, least, one),
        _ => divide::<{ ROUND[3] }>(values, least, one),
    }
    let width = (64 - (range / ROUND[round] + one).leading_zeros()) as usize;
    let (together, step) = together(width);
    let mut packed = [0u64; BLOCK + 1];
    let (mut bit, by) = (0, shift(width));
    for values in values.chunks_exact(together) {
        let bits = values.iter().rev().fold(0u64, |bits, value| bits.wrapping_shl(by) | value);
        let (at, shift) = (bit / 64 % BLOCK, bit % 64);
        packed[at] |= bits << shift;
        packed[at + 1] |= bits >> 1 >> (63 - shift);
        bit += step;
    }
    words.extend_from_slice(&packed[..width]);
    let flag = if nothing { HAS_NOTHING } else { 0 };
    (least, width as u64 | flag | (round as u64) << ROUND_SHIFT)
}

/// How many times `BY` each value is more than the least, one more where some are none.
fn divide<const BY: u64>(values: &mut [u64; BLOCK], least: u64, one: u64) {
    for value in values {
        *value = if *value == NOTHING { 0 } else { (*value - least) / BY + one };
    }
}

/// The roundest number that divides how much more than the least each value is.
fn roundest(values: &[u64; BLOCK], least: u64) -> usize {
    fn divides<const BY: u64>(values: &[u64; BLOCK], least: u64) -> bool {
        values.iter().all(|&value| value == NOTHING || (value - least).is_multiple_of(BY))
    }
    if !divides::<{ ROUND[1] }>(values, least) {
        0
    } else if !divides::<{ ROUND[2] }>(values, least) {
        1
    } else if !divides::<{ ROUND[3] }>(values, least) {
        2
    } else {
        3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = u64> {
        prop_oneof![
            Just(NOTHING),
            Just(0),
            Just(u64::MAX - 1),
            0..70u64,
            any::<u64>(),
            (0..5000u64).prop_map(|n| 1_700_000_000_000_000 + n * 1_000_000),
            (0..5000u64).prop_map(|n| 1_700_000_000_000_000 + n * 1000),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_packed_is_read_back_alone_in_order_and_backwards(
            mut rows in proptest::collection::vec([value(), value(), value()], 0..150), alike in 0usize..100,
        ) {
            if let Some(&last) = rows.last() {
                rows.extend(std::iter::repeat_n(last, alike));
            }
            let packed: Packed<3> = rows.iter().copied().collect();
            prop_assert_eq!(packed.len(), rows.len());
            prop_assert_eq!(packed.rows().collect::<Vec<_>>(), rows.clone());
            for (at, row) in rows.iter().enumerate() {
                prop_assert_eq!(packed.get(at), *row);
                prop_assert_eq!(packed.one(at, 1), row[1]);
            }
            prop_assert_eq!(packed.get(rows.len()), [NOTHING; 3]);
            let mut wanted: Vec<u64> = rows.iter().map(|r| r[2]).filter(|&n| n != NOTHING).step_by(3).collect();
            wanted.sort_unstable();
            let found: Vec<usize> = (0..rows.len()).filter(|&at| wanted.contains(&rows[at][2])).collect();
            prop_assert_eq!(packed.find(2, &wanted), found);
            let from = rows.len() / 2;
            prop_assert_eq!(packed.rows_from(from).collect::<Vec<_>>(), rows[from..].to_vec());
            rows.reverse();
            prop_assert_eq!(packed.rows_back().collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn numbers_of_every_width_are_read_back_with_and_without_gaps() {
        let mix = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
        for width in 1..=64u32 {
            let most = u64::MAX >> (64 - width);
            for (least, gap) in [(0, 65), (0, 5), (7, 5), (7, 65)] {
                // the least and the most are both there, so that the width is this one
                let value = |n: u64| match n % 64 {
                    at if at % gap == gap - 1 => NOTHING,
                    0 => least,
                    1 => most.max(least),
                    _ => least.max(mix(n) & most).min(NOTHING - 1),
                };
                let rows: Vec<[u64; 1]> = (0..200).map(|n| [value(n)]).collect();
                let packed: Packed<1> = rows.iter().copied().collect();
                assert_eq!(packed.rows().collect::<Vec<_>>(), rows, "{width} bits from {least}");
                assert!((0..200).all(|at| packed.get(at) == rows[at]), "{width} bits from {least}, alone");
                let words = packed.words.pieces().map(<[u64]>::len).sum::<usize>();
                let limit = 4 * (head(1) + width as usize + usize::from(gap == 5));
                assert!(words <= limit.max(4 * (head(1) + 1)), "{width} bits take {words} words");
            }
        }
    }

    #[test]
    fn many_parts_read_like_one() {
        let mix = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1;
        let packed: Packed<2> = (0..400_000).map(|n| [mix(n), n]).collect();
        assert!(packed.words.parts.len() > 1);
        assert!((0..400_000).all(|n| packed.get(wide(n)) == [mix(n), n]));
        assert!((0..400_000).zip(packed.rows()).all(|(n, row)| row == [mix(n), n]));
    }

    #[test]
    fn equal_records_take_next_to_nothing_and_whole_seconds_no_more_bits_than_seconds() {
        let alike: Packed<3> = (0..6400).map(|_| [7, NOTHING, 1 << 50]).collect();
        assert!(alike.bytes() < 6400);
        let seconds: Packed<1> = (0..6400u64).map(|n| [n % 64 * 1_000_000]).collect();
        assert!(seconds.bytes() < 6400 * 2);
    }
}
