//! Searches for terms: every segment is asked once for what it holds.

use super::block::{Cursor, Posting};
use super::{Kind, damaged, hash_term};
use crate::Error;
use base::Id;
use std::collections::BTreeMap;
use store::{Row, Sql, Store, Tx};

/// Terms looked for with one statement.
const CHUNK: usize = 20;
/// Blocks of terms whose events are few: about thirty thousand events at most.
pub(crate) const FEW: i64 = 250;
/// Blocks of a segment read at first when terms are listed.
const BLOCKS: i64 = 4;

/// Terms looked for: one, or a range of them, in some of its parts.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    from: String,
    /// The end of a range, itself left out; none for one term.
    to: Option<String>,
    parts: u8,
}

impl Wanted {
    /// One term.
    pub(crate) fn one(kind: Kind, term: &str, parts: i64) -> Self {
        Self { from: format!("{}{term}", kind.mark()), to: None, parts: mask(parts) }
    }

    /// An event hash, and all that start as it does.
    pub(crate) fn hash(hash: &[u8; 32]) -> Self {
        Self::one(Kind::Hash, &hash_term(hash), 1)
    }

    /// The terms from one up to, without, another.
    pub(crate) fn range(kind: Kind, from: &str, to: &str, parts: i64) -> Self {
        let key = |term: &str| format!("{}{term}", kind.mark());
        Self { from: key(from), to: Some(key(to)), parts: mask(parts) }
    }

    /// A word.
    pub(crate) fn word(letter: char, word: &str) -> Self {
        Self { from: word_term(letter, word), to: None, parts: 1 }
    }

    /// All words of a letter that begin so.
    pub(crate) fn words(letter: char, start: &str) -> Self {
        // no word has the sign that ends the range
        Self { from: word_term(letter, start), to: Some(word_term(letter, &format!("{start}~"))), parts: 1 }
    }

    /// The terms that go on with a slash after `key`.
    pub(crate) fn inside(kind: Kind, key: &str, parts: i64) -> Self {
        // the character after the slash ends the range
        Self::range(kind, &format!("{key}/"), &format!("{key}0"), parts)
    }

    /// The last key a block with such terms may begin with.
    fn end(&self) -> &str {
        self.to.as_ref().unwrap_or(&self.from)
    }

    fn holds(&self, term: &[u8]) -> bool {
        match &self.to {
            None => term == self.from.as_bytes(),
            Some(to) => term >= self.from.as_bytes() && term < to.as_bytes(),
        }
    }
}

fn word_term(letter: char, word: &str) -> String {
    format!("{}{letter}{word}", Kind::Word.mark())
}

fn mask(parts: i64) -> u8 {
    u8::try_from(parts).unwrap_or(u8::MAX)
}

/// The events with any of the terms, in the order of their ids.
pub(crate) async fn events(store: &Store, wanted: &[Wanted]) -> Result<Vec<Id>, Error> {
    Ok(few(store, wanted, i64::MAX).await?.unwrap_or_default())
}

/// As [`events`], with those a transaction under way has stored.
pub(crate) async fn events_in(tx: &mut Tx, wanted: &[Wanted]) -> Result<Vec<Id>, Error> {
    let mut found = Vec::new();
    for chunk in wanted.chunks(CHUNK) {
        for row in tx.select(&holding(chunk)).await? {
            postings(&row, chunk, &mut found)?;
        }
    }
    Ok(in_order(found))
}

/// As [`events`], none when more than `most` blocks would have to be read: the events are then many.
pub(crate) async fn few(store: &Store, wanted: &[Wanted], most: i64) -> Result<Option<Vec<Id>>, Error> {
    let mut found: Vec<Id> = Vec::new();
    let mut left = most;
    for chunk in wanted.chunks(CHUNK) {
        let mut sql = holding(chunk);
        if most < i64::MAX {
            sql.push(" limit ").bind(left + 1);
        }
        let rows = store.select(&sql).await?;
        left = left.saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
        if left < 0 {
            return Ok(None);
        }
        for row in rows {
            postings(&row, chunk, &mut found)?;
        }
    }
    Ok(Some(in_order(found)))
}

/// Selects the blocks that may hold terms, each with the number of the term: one statement sees the segments as they are at
/// one moment.
fn holding(chunk: &[Wanted]) -> Sql {
    let mut sql = Sql::new("select w.column1 as n, b.body from (values ");
    for (n, one) in (0i64..).zip(chunk) {
        sql.push(if n == 0 { "(" } else { ", (" }).bind(n).push(", ").bind(one.from.as_str());
        sql.push(", ").bind(one.end()).push(")");
    }
    sql.push(
        ") as w cross join term_segment s cross join term_block b where b.segment = s.id and b.first >= \
         coalesce((select max(x.first) from term_block x where x.segment = s.id and x.first <= w.column2), w.column2) \
         and b.first <= w.column3",
    );
    sql
}

/// Adds the events a block has under its term.
fn postings(row: &Row, chunk: &[Wanted], found: &mut Vec<Id>) -> Result<(), Error> {
    let one = usize::try_from(row.int("n")?).ok().and_then(|n| chunk.get(n)).ok_or_else(damaged)?;
    let mut cursor = Cursor::new(vec![row.bytes("body")?]);
    while cursor.advance().map_err(|_| damaged())? {
        if one.holds(&cursor.term) {
            let playing = cursor.postings.iter().filter(|(_, parts)| parts & one.parts != 0);
            found.extend(playing.map(|(event, _)| Id(*event)));
        }
    }
    Ok(())
}

fn in_order(mut found: Vec<Id>) -> Vec<Id> {
    found.sort_unstable();
    found.dedup();
    found
}

/// The ids of the second list that the first, when there is one, has too; both in order.
pub(crate) fn common(first: Option<Vec<Id>>, mut second: Vec<Id>) -> Vec<Id> {
    if let Some(first) = first {
        let mut others = first.into_iter().peekable();
        second.retain(|id| {
            while others.next_if(|other| other < id).is_some() {}
            others.peek() == Some(id)
        });
    }
    second
}

/// Terms of a kind after one, in order, with their events: some of them, all that there are up to the last; nothing when
/// none is left.
pub(crate) async fn following(
    store: &Store,
    kind: Kind,
    after: &str,
) -> Result<BTreeMap<String, Vec<Posting>>, Error> {
    let mark = kind.mark();
    let key = format!("{mark}{after}");
    let end: String = char::from_u32(u32::from(mark) + 1).into_iter().collect();
    let mut limit = BLOCKS;
    loop {
        let (mut terms, mut horizon): (BTreeMap<String, Vec<Posting>>, Option<String>) = Default::default();
        for segment in store.query("select id from term_segment order by id", &[]).await? {
            let rows = store
                .query(
                    "select b.first, b.body from term_block b where b.segment = $1 and b.first >= \
                     coalesce((select max(x.first) from term_block x where x.segment = $2 and x.first <= $3), $4) \
                     and b.first < $5 order by b.first, b.n limit $6",
                    &[
                        segment.id("id")?.into(),
                        segment.id("id")?.into(),
                        key.as_str().into(),
                        key.as_str().into(),
                        end.as_str().into(),
                        (limit + 1).into(),
                    ],
                )
                .await?;
            let whole = usize::try_from(limit).unwrap_or(usize::MAX);
            if let Some(next) = rows.get(whole) {
                let next = next.text("first")?;
                horizon = Some(horizon.map_or(next.clone(), |held| held.min(next)));
            }
            let bodies = rows.iter().take(whole).map(|r| r.bytes("body")).collect::<Result<_, _>>()?;
            let mut cursor = Cursor::new(bodies);
            while cursor.advance().map_err(|_| damaged())? {
                if cursor.term.as_slice() > key.as_bytes() && cursor.term.as_slice() < end.as_bytes() {
                    let term = std::str::from_utf8(&cursor.term[1..]).map_err(|_| damaged())?;
                    terms.entry(term.to_owned()).or_default().append(&mut cursor.postings);
                }
            }
        }
        let Some(horizon) = horizon else { return Ok(terms) };
        drop(terms.split_off(&horizon[1..]));
        if !terms.is_empty() {
            return Ok(terms);
        }
        // one term fills the blocks
        limit *= 4;
    }
}
