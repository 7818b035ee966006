//! Blocks of terms: sorted terms, each with the events that name it, front-coded, just under two kilobytes a block.
//!
//! A block begins with a base (8 bytes, little end first). An entry is: bytes shared with the term before, length of the
//! rest, the rest, number of events, and for each event the distance from the one before (of the first from the base,
//! with its sign) and a byte of the parts the term plays. Numbers are LEB128. The events of one term lie in one block, or, when they
//! are too many, in blocks of their own that all begin with it.

/// Bytes after which a block is full: rows of this size stay in a leaf of SQLite and out of PostgreSQL's TOAST.
const FULL: usize = 1_750;
/// Most bytes of one event in an entry.
const POSTING: usize = 11;

/// An event that names a term, and the parts the term plays in it.
pub(super) type Posting = (i64, u8);

/// A block is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// A block ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Its first term.
    pub(super) first: String,
    pub(super) body: Vec<u8>,
}

/// Writes terms in their order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    blocks: Vec<Block>,
    first: String,
    last: Vec<u8>,
    base: i64,
    body: Vec<u8>,
}

impl Writer {
    /// Adds a term, greater than the one before, with its events in their order.
    pub(super) fn push(&mut self, term: &str, postings: &[Posting]) {
        let most = term.len() + POSTING * postings.len() + 12;
        if self.body.len() + most <= FULL {
            self.entry(term, postings);
            return;
        }
        self.close();
        let mut rest = postings;
        let room = FULL.saturating_sub(term.len() + 20) / POSTING;
        while rest.len() > room.max(1) {
            let (part, more) = rest.split_at(room.max(1));
            self.entry(term, part);
            self.close();
            rest = more;
        }
        self.entry(term, rest);
        if rest.len() < postings.len() {
            self.close();
        }
    }

    fn entry(&mut self, term: &str, postings: &[Posting]) {
        let Some((start, _)) = postings.first() else { return };
        if self.body.is_empty() {
            self.body.reserve(FULL);
            self.first.clear();
            self.first.push_str(term);
            self.last.clear();
            self.base = *start;
            self.body.extend(start.to_le_bytes());
        }
        let term = term.as_bytes();
        let shared = term.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        number(&mut self.body, shared as u64);
        number(&mut self.body, (term.len() - shared) as u64);
        self.body.extend_from_slice(&term[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&term[shared..]);
        number(&mut self.body, postings.len() as u64);
        let mut at = self.base;
        for (n, (event, parts)) in postings.iter().enumerate() {
            let far = event.wrapping_sub(at);
            // only the first may lie before the base
            let coded = if n == 0 { (far << 1) ^ (far >> 63) } else { far };
            number(&mut self.body, coded.cast_unsigned());
            self.body.push(*parts);
            at = *event;
        }
    }

    fn close(&mut self) {
        if !self.body.is_empty() {
            let (first, body) = (std::mem::take(&mut self.first), std::mem::take(&mut self.body));
            self.blocks.push(Block { first, body });
        }
    }

    /// All blocks.
    pub(super) fn finish(mut self) -> Vec<Block> {
        self.close();
        self.blocks
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Reads the terms of blocks that follow one another.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    blocks: std::vec::IntoIter<Vec<u8>>,
    body: Vec<u8>,
    at: usize,
    base: i64,
    /// The term it stands at.
    pub(super) term: Vec<u8>,
    /// Its events in this entry.
    pub(super) postings: Vec<Posting>,
}

impl Cursor {
    pub(super) fn new(blocks: Vec<Vec<u8>>) -> Self {
        Self { blocks: blocks.into_iter(), ..Self::default() }
    }

    /// Goes to the next entry; false at the end. A term of several blocks has an entry in each.
    pub(super) fn advance(&mut self) -> Result<bool, Damaged> {
        if self.at >= self.body.len() {
            let Some(body) = self.blocks.next() else { return Ok(false) };
            let base = body.first_chunk::<8>().ok_or(Damaged)?;
            self.base = i64::from_le_bytes(*base);
            (self.body, self.at) = (body, 8);
            self.term.clear();
        }
        let (shared, rest) = (self.size()?, self.size()?);
        let end = self.at.checked_add(rest).filter(|end| *end <= self.body.len()).ok_or(Damaged)?;
        if shared > self.term.len() {
            return Err(Damaged);
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(&self.body[self.at..end]);
        self.at = end;
        let count = self.size()?;
        self.postings.clear();
        let mut event = self.base;
        for n in 0..count {
            let coded = self.number()?;
            let far = if n == 0 { (coded >> 1) ^ (coded & 1).wrapping_neg() } else { coded };
            event = event.wrapping_add(far.cast_signed());
            let parts = *self.body.get(self.at).ok_or(Damaged)?;
            self.at += 1;
            self.postings.push((event, parts));
        }
        Ok(true)
    }

    fn size(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.number()?).map_err(|_| Damaged)
    }

    fn number(&mut self) -> Result<u64, Damaged> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = *self.body.get(self.at).ok_or(Damaged)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(Damaged);
            }
        }
    }
}

/// The blocks of one segment that holds what several held.
pub(super) fn merge(segments: Vec<Vec<Vec<u8>>>) -> Result<Vec<Block>, Damaged> {
    use std::cmp::Reverse;
    let mut cursors: Vec<Cursor> = segments.into_iter().map(Cursor::new).collect();
    let mut heads = std::collections::BinaryHeap::with_capacity(cursors.len());
    for (n, cursor) in cursors.iter_mut().enumerate() {
        if cursor.advance()? {
            heads.push(Reverse((cursor.term.clone(), n)));
        }
    }
    let (mut writer, mut postings): (Writer, Vec<Posting>) = (Writer::default(), Vec::new());
    let mut term: Vec<u8> = Vec::new();
    while let Some(Reverse((mut key, n))) = heads.pop() {
        if key != term {
            write(&mut writer, &term, &mut postings)?;
            term.clone_from(&key);
        }
        let cursor = &mut cursors[n];
        postings.append(&mut cursor.postings);
        if cursor.advance()? {
            key.clone_from(&cursor.term);
            heads.push(Reverse((key, n)));
        }
    }
    write(&mut writer, &term, &mut postings)?;
    Ok(writer.finish())
}

fn write(writer: &mut Writer, term: &[u8], postings: &mut Vec<Posting>) -> Result<(), Damaged> {
    if !postings.is_empty() {
        postings.sort_unstable();
        writer.push(std::str::from_utf8(term).map_err(|_| Damaged)?, postings);
        postings.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Terms = BTreeMap<String, BTreeMap<i64, u8>>;

    fn blocks(terms: &Terms) -> Vec<Block> {
        let mut writer = Writer::default();
        for (term, events) in terms {
            writer.push(term, &events.iter().map(|(e, p)| (*e, *p)).collect::<Vec<_>>());
        }
        writer.finish()
    }

    fn bodies(blocks: Vec<Block>) -> Vec<Vec<u8>> {
        blocks.into_iter().map(|b| b.body).collect()
    }

    fn read(bodies: Vec<Vec<u8>>) -> Result<Terms, Damaged> {
        let (mut cursor, mut out) = (Cursor::new(bodies), Terms::new());
        while cursor.advance()? {
            let term = String::from_utf8(cursor.term.clone()).map_err(|_| Damaged)?;
            out.entry(term).or_default().extend(cursor.postings.iter().copied());
        }
        Ok(out)
    }

    fn terms() -> impl Strategy<Value = Terms> {
        let events = proptest::collection::btree_map(0..i64::MAX, 1u8..32, 1..40);
        proptest::collection::btree_map(
            "[ip](https://id.gs1.org/01/0698[0-9]{0,3}|[麦粉é]{0,3})",
            events,
            0..60,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn terms_come_back_and_a_merge_holds_what_its_segments_held(parts in proptest::collection::vec(terms(), 1..4)) {
            let mut all = Terms::new();
            for part in &parts {
                prop_assert_eq!(&read(bodies(blocks(part))).unwrap(), part);
                for (term, events) in part {
                    all.entry(term.clone()).or_default().extend(events);
                }
            }
            let merged = merge(parts.iter().map(|p| bodies(blocks(p))).collect()).unwrap();
            for block in &merged {
                prop_assert!(block.body.len() <= FULL);
                let own = read(vec![block.body.clone()]).unwrap();
                prop_assert_eq!(own.keys().next(), Some(&block.first));
            }
            prop_assert_eq!(read(bodies(merged)).unwrap(), all);
        }

        #[test]
        fn a_block_of_any_bytes_is_read_or_found_damaged(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(vec![bytes]);
        }
    }

    #[test]
    fn a_term_of_many_events_has_blocks_of_its_own() {
        let events: BTreeMap<i64, u8> = (0..5_000).map(|n| (n << 40, 3)).collect();
        let few: BTreeMap<i64, u8> = [(1, 1)].into();
        let terms: Terms =
            [("pa".to_owned(), few.clone()), ("pb".to_owned(), events), ("pc".to_owned(), few)].into();
        let made = blocks(&terms);
        let own: Vec<&str> = made.iter().map(|b| b.first.as_str()).collect();
        assert_eq!((own[0], own[1], own[own.len() - 1]), ("pa", "pb", "pc"));
        assert!(own.len() > 10 && own[1..own.len() - 1].iter().all(|first| *first == "pb"));
        assert_eq!(read(bodies(made)).unwrap(), terms);
    }
}
