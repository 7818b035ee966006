//! What leads to an event from outside: the things, places, documents and words it names, and its hash.
//!
//! Terms are kept in segments: what one transaction stores is one, and small ones are merged in the background into
//! larger ones ([`merge`]). A segment never changes; its terms lie in order in blocks, rows of just under two kilobytes
//! found by their first term. So a term costs a capture a few bytes at the end of two trees instead of a row at a random
//! place, and a search asks each segment once. Everything here can be made again from the events.

mod block;
mod carry;
mod find;
mod merge;

use crate::Error;
use crate::fact::{EventFact, Role};
use base::Id;
use block::Block;
use epcis::query::LinkList;
use std::collections::BTreeMap;
use store::{Store, Tx};

pub(crate) use carry::complete;
pub(crate) use find::{FEW, Wanted, common, events, events_in, few, following};
pub(crate) use merge::Merging;

/// What sort of thing a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The start of an event hash.
    Hash,
    /// Instances, lots and classes.
    Item,
    /// Business transactions and transformations.
    Link,
    /// Places, and the parties goods come from and go to.
    Place,
    /// Words, each after the letter of what it says: [`TYPE`] and its like.
    Word,
}

impl Kind {
    /// What its terms begin with in a block.
    const fn mark(self) -> char {
        match self {
            Self::Hash => 'h',
            Self::Item => 'i',
            Self::Link => 'l',
            Self::Place => 'p',
            Self::Word => 'w',
        }
    }
}

/// What a place is in an event.
pub(crate) const READ_POINT: i64 = 1;
/// What a place is in an event.
pub(crate) const BIZ_LOCATION: i64 = 2;
/// What a place or party is in an event.
pub(crate) const SOURCE: i64 = 4;
/// What a place or party is in an event.
pub(crate) const DESTINATION: i64 = 8;
/// What a link is in an event.
pub(crate) const BIZ_TRANSACTION: i64 = 1;
/// What a link is in an event.
pub(crate) const TRANSFORMATION: i64 = 2;

/// What a word says: the type of the event.
pub(crate) const TYPE: char = 't';
/// What a word says: the action.
pub(crate) const ACTION: char = 'a';
/// What a word says: the business step.
pub(crate) const BIZ_STEP: char = 's';
/// What a word says: the disposition.
pub(crate) const DISPOSITION: char = 'd';
/// What a word says: the region of the event.
pub(crate) const REGION: char = 'r';

impl Role {
    /// The part an item plays, as a bit.
    pub(crate) const fn bit(self) -> i64 {
        match self {
            Self::Epc => 1,
            Self::Parent => 2,
            Self::Child => 4,
            Self::Input => 8,
            Self::Output => 16,
        }
    }
}

/// The terms of events about to be stored.
#[derive(Debug, Default)]
pub(crate) struct Terms<'a> {
    terms: Vec<(Kind, Start, &'a str, Id, i64)>,
    hashes: Vec<([u8; 8], Id)>,
    /// Few, each of many events.
    words: BTreeMap<(char, &'a str), Vec<Id>>,
    events: i64,
}

impl<'a> Terms<'a> {
    pub(crate) fn add(
        &mut self,
        hash: &[u8; 32],
        f: &'a EventFact,
        links: &'a [(LinkList, String)],
        region: &'a str,
    ) {
        self.events += 1;
        self.hashes.push((start_of(hash), f.id));
        let term = |kind, key: &'a str, part| (kind, Start::of(key), key, f.id, part);
        self.terms.extend(f.items.iter().map(|i| term(Kind::Item, i.item.as_str(), i.role.bit())));
        for (place, part) in [
            (&f.read_point, READ_POINT),
            (&f.biz_location, BIZ_LOCATION),
            (&f.source, SOURCE),
            (&f.destination, DESTINATION),
        ] {
            self.terms.extend(place.as_deref().map(|key| term(Kind::Place, key, part)));
        }
        for (link, part) in [(&f.document, BIZ_TRANSACTION), (&f.join, TRANSFORMATION)] {
            self.terms.extend(link.as_deref().map(|key| term(Kind::Link, key, part)));
        }
        self.terms.extend(links.iter().map(|(list, value)| match list {
            LinkList::BizTransaction => term(Kind::Link, value.as_str(), BIZ_TRANSACTION),
            LinkList::Source => term(Kind::Place, value.as_str(), SOURCE),
            LinkList::Destination => term(Kind::Place, value.as_str(), DESTINATION),
        }));
        for (letter, word) in [
            (ACTION, f.action.as_deref()),
            (DISPOSITION, f.disposition.as_deref()),
            (REGION, Some(region)),
            (BIZ_STEP, f.biz_step.as_deref()),
            (TYPE, Some(f.kind.as_str())),
        ] {
            if let Some(word) = word {
                self.words.entry((letter, word)).or_default().push(f.id);
            }
        }
    }

    /// Stores them as one segment; its id is that of the first event.
    pub(crate) async fn insert(self, tx: &mut Tx) -> Result<(), Error> {
        let Some(id) = self.hashes.iter().map(|(_, event)| *event).min() else { return Ok(()) };
        let events = self.events;
        write(tx, id, events, self.blocks()).await
    }

    fn blocks(mut self) -> Vec<Block> {
        let mut writer = block::Writer::default();
        let (mut key, mut postings): (String, Vec<block::Posting>) = (String::new(), Vec::new());
        // hashes come before the other kinds
        self.hashes.sort_unstable();
        for same in self.hashes.chunk_by(|a, b| a.0 == b.0) {
            let [(hash, _), ..] = same else { continue };
            key.clear();
            key.push(Kind::Hash.mark());
            crate::prepare::push_hex(&mut key, hash);
            postings.clear();
            postings.extend(same.iter().map(|(_, event)| (event.0, 1)));
            writer.push(&key, &postings);
        }
        let mut terms = self.terms;
        terms.sort_unstable();
        for same in terms.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            let [(kind, _, term, ..), ..] = same else { continue };
            key.clear();
            key.push(kind.mark());
            key.push_str(term);
            postings.clear();
            for (.., event, part) in same {
                let part = u8::try_from(*part).unwrap_or(u8::MAX);
                match postings.last_mut() {
                    Some((last, parts)) if *last == event.0 => *parts |= part,
                    _ => postings.push((event.0, part)),
                }
            }
            writer.push(&key, &postings);
        }
        // words come after the other kinds
        for ((letter, word), mut events) in self.words {
            key.clear();
            key.extend([Kind::Word.mark(), letter]);
            key.push_str(word);
            events.sort_unstable();
            postings.clear();
            postings.extend(events.iter().map(|event| (event.0, 1)));
            writer.push(&key, &postings);
        }
        writer.finish()
    }
}

/// Events that name an instance, lot or class, in any part: for checks of a database beside its server.
///
/// # Errors
/// Storage.
pub async fn events_naming(store: &Store, item: &str) -> Result<Vec<Id>, Error> {
    events(store, &[Wanted::one(Kind::Item, item, i64::MAX)]).await
}

/// The start of an event hash: enough to find it among all events.
fn start_of(hash: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|n| hash[n])
}

/// The start of an event hash as a term.
fn hash_term(hash: &[u8; 32]) -> String {
    hex::encode(start_of(hash))
}

/// The beginning of a term as numbers that sort as the text does: most terms share the first twenty letters, and numbers
/// are compared faster than texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    /// Before, with or after [`epcis::ident::DOMAIN`].
    side: std::cmp::Ordering,
    /// The sixteen bytes that follow it.
    next: u128,
}

impl Start {
    fn of(term: &str) -> Self {
        const DOMAIN: &str = epcis::ident::DOMAIN;
        let Some(rest) = term.strip_prefix(DOMAIN) else { return Self { side: term.cmp(DOMAIN), next: 0 } };
        let mut next = [0; 16];
        let length = rest.len().min(16);
        next[..length].copy_from_slice(&rest.as_bytes()[..length]);
        Self { side: std::cmp::Ordering::Equal, next: u128::from_be_bytes(next) }
    }
}

/// Stores a segment.
async fn write(tx: &mut Tx, id: Id, events: i64, blocks: Vec<Block>) -> Result<(), Error> {
    tx.exec("insert into term_segment (id, events) values ($1, $2)", &[id.into(), events.into()]).await?;
    let mut values = Vec::with_capacity(blocks.len() * 4);
    for (n, block) in (0i64..).zip(blocks) {
        values.extend([id.into(), block.first.into(), n.into(), block.body.into()]);
    }
    tx.insert_many("insert into term_block (segment, first, n, body)", 4, values, "").await?;
    Ok(())
}

fn damaged() -> Error {
    store::Error::Corrupt { what: "an index of events by their terms".to_owned() }.into()
}
