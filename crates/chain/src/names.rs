//! Interned names: items, places, documents and transformations are `u32` inside the index and text outside.

use crate::column::Column;
use crate::derive::index;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, RandomState};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
    };
}

id! {
    /// An item: a lot (GTIN + lot), a serialised piece, or a logistic unit (SSCC), by its canonical identifier.
    ItemId
}
id! {
    /// A place: a site by its canonical identifier (GLN as Digital Link, or the URI as given).
    PlaceId
}
id! {
    /// A business document that travels with goods (despatch advice, bill of lading).
    DocId
}
id! {
    /// A transformation identifier that joins several transformation events.
    JoinId
}

impl PlaceId {
    /// The place was not recorded. Stock at an unknown place is kept apart from every known place.
    pub const UNKNOWN: Self = Self(u32::MAX);
}

/// Names one after the other, where each ends, and a hash table of their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) text: Column<u8>,
    pub(crate) ends: Column<u64>,
    /// Number + 1 of a name, 0 where there is none; a power of two of them, at most two thirds used.
    pub(crate) slots: Column<u32>,
}

/// A view of a table.
#[derive(Clone, Copy)]
struct View<'a> {
    text: &'a [u8],
    ends: &'a [u64],
    slots: &'a [u32],
}

impl<'a> View<'a> {
    fn name(&self, number: usize) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(number)?).ok()
    }

    fn bytes(&self, number: usize) -> Option<&'a [u8]> {
        let end = usize::try_from(*self.ends.get(number)?).ok()?;
        let start = if number == 0 { 0 } else { usize::try_from(self.ends[number - 1]).ok()? };
        self.text.get(start..end)
    }

    fn find(&self, hash: u64, name: &str) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let first = spot(hash, mask);
        // a damaged table may have no end of its own
        for at in 0..=mask {
            let number = self.slots[(first + at) & mask].checked_sub(1)?;
            if self.bytes(number as usize) == Some(name.as_bytes()) {
                return Some(number);
            }
        }
        None
    }
}

fn spot(hash: u64, mask: usize) -> usize {
    usize::try_from(hash >> 20).unwrap_or_default() & mask
}

/// A keyed hash that is the same in every run and release: it is stored by its results.
pub(crate) fn hash(seed: u64, name: &str) -> u64 {
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        u64::try_from((wide >> 64) & u128::from(u64::MAX)).unwrap_or_default()
            ^ u64::try_from(wide & u128::from(u64::MAX)).unwrap_or_default()
    };
    let key = seed | 1;
    let mut state = seed ^ (name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for chunk in name.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = fold(state ^ u64::from_le_bytes(word), 0xD6E8_FEB8_6659_FD93 ^ key).wrapping_add(key);
    }
    fold(state, 0x2545_F491_4F6C_DD1D)
}

fn enter(slots: &mut [u32], hash: u64, number: u32) {
    let mask = slots.len() - 1;
    let mut at = spot(hash, mask);
    while slots[at] != 0 {
        at = (at + 1) & mask;
    }
    slots[at] = number + 1;
}

/// A table of distinct strings, numbered from 0 in order of first sight: the sealed ones, mapped when the index was
/// opened from a file, then those that came since.
#[derive(Debug, Clone)]
pub struct Interner {
    pub(crate) sealed: Table,
    text: Vec<u8>,
    ends: Vec<u64>,
    slots: Vec<u32>,
    seed: u64,
}

impl Default for Interner {
    fn default() -> Self {
        Self::with_seed(RandomState::new().hash_one(0))
    }
}

impl Interner {
    fn with_seed(seed: u64) -> Self {
        Self { sealed: Table::default(), text: Vec::new(), ends: Vec::new(), slots: Vec::new(), seed }
    }

    /// The key of the hash tables.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    fn sealed(&self) -> View<'_> {
        View { text: &self.sealed.text, ends: &self.sealed.ends, slots: &self.sealed.slots }
    }

    fn fresh(&self) -> View<'_> {
        View { text: &self.text, ends: &self.ends, slots: &self.slots }
    }

    /// The number of `name`, given on first sight.
    pub fn intern(&mut self, name: &str) -> u32 {
        let hash = hash(self.seed, name);
        if let Some(found) = self.find_hashed(hash, name) {
            return found;
        }
        self.text.extend_from_slice(name.as_bytes());
        self.ends.push(self.text.len() as u64);
        if self.ends.len() * 3 > self.slots.len() * 2 {
            self.slots = self.table(&self.fresh());
        } else {
            enter(&mut self.slots, hash, index(self.ends.len() - 1));
        }
        index(self.len() - 1)
    }

    /// The hash table of a view.
    fn table(&self, view: &View<'_>) -> Vec<u32> {
        let mut slots = vec![0; (view.ends.len() * 2).next_power_of_two().max(16)];
        for number in 0..view.ends.len() {
            if let Some(name) = view.name(number) {
                enter(&mut slots, hash(self.seed, name), index(number));
            }
        }
        slots
    }

    /// The number of `name` when it has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        self.find_hashed(hash(self.seed, name), name)
    }

    fn find_hashed(&self, hash: u64, name: &str) -> Option<u32> {
        let sealed = self.sealed();
        sealed
            .find(hash, name)
            .or_else(|| self.fresh().find(hash, name).map(|number| index(sealed.ends.len()) + number))
    }

    /// The name with this number.
    #[must_use]
    pub fn name(&self, number: u32) -> Option<&str> {
        let (at, sealed) = (number as usize, self.sealed());
        if at < sealed.ends.len() { sealed.name(at) } else { self.fresh().name(at - sealed.ends.len()) }
    }

    /// How many distinct names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sealed.ends.len() + self.ends.len()
    }

    /// Whether no name was interned yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..index(self.len())).filter_map(|n| self.name(n))
    }

    /// Bytes held in memory of our own: not those that are mapped.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sealed = &self.sealed;
        sealed.text.owned_bytes()
            + sealed.ends.owned_bytes()
            + sealed.slots.owned_bytes()
            + self.text.capacity()
            + self.ends.capacity() * 8
            + self.slots.capacity() * 4
    }

    /// Puts the names that came since to the sealed ones; numbers stay.
    pub(crate) fn seal(&mut self) {
        if self.ends.is_empty() {
            return;
        }
        let before = self.sealed.text.len() as u64;
        let mut text = std::mem::take(&mut self.sealed.text).to_vec();
        text.append(&mut self.text);
        let mut ends = std::mem::take(&mut self.sealed.ends).to_vec();
        ends.extend(self.ends.drain(..).map(|end| end + before));
        let slots = self.table(&View { text: &text, ends: &ends, slots: &[] });
        self.sealed = Table { text: text.into(), ends: ends.into(), slots: slots.into() };
        self.slots = Vec::new();
    }
}

/// The four tables of names the index speaks in.
#[derive(Debug, Clone)]
pub struct Names {
    /// Item identifiers.
    pub items: Interner,
    /// Place identifiers.
    pub places: Interner,
    /// Document identifiers.
    pub documents: Interner,
    /// Transformation identifiers.
    pub joins: Interner,
}

impl Default for Names {
    fn default() -> Self {
        Self::with_seed(RandomState::new().hash_one(0))
    }
}

impl Names {
    /// Empty tables with a key of their hashes.
    pub(crate) fn with_seed(seed: u64) -> Self {
        let [items, places, documents, joins] = [(); 4].map(|()| Interner::with_seed(seed));
        Self { items, places, documents, joins }
    }

    /// Seals all four.
    pub(crate) fn seal(&mut self) {
        for table in [&mut self.items, &mut self.places, &mut self.documents, &mut self.joins] {
            table.seal();
        }
    }

    /// The item with this identifier, interned when new.
    pub fn item(&mut self, key: &str) -> ItemId {
        ItemId(self.items.intern(key))
    }

    /// The place with this identifier, interned when new.
    pub fn place(&mut self, key: &str) -> PlaceId {
        PlaceId(self.places.intern(key))
    }

    /// The document with this identifier, interned when new.
    pub fn document(&mut self, key: &str) -> DocId {
        DocId(self.documents.intern(key))
    }

    /// The transformation identifier, interned when new.
    pub fn join(&mut self, key: &str) -> JoinId {
        JoinId(self.joins.intern(key))
    }

    /// The item with this identifier when the index knows it.
    #[must_use]
    pub fn find_item(&self, key: &str) -> Option<ItemId> {
        self.items.find(key).map(ItemId)
    }

    /// The place with this identifier when the index knows it.
    #[must_use]
    pub fn find_place(&self, key: &str) -> Option<PlaceId> {
        self.places.find(key).map(PlaceId)
    }

    /// The identifier of an item; empty when the number was never interned.
    #[must_use]
    pub fn item_key(&self, item: ItemId) -> &str {
        self.items.name(item.0).unwrap_or_default()
    }

    /// The identifier of a place; empty for [`PlaceId::UNKNOWN`].
    #[must_use]
    pub fn place_key(&self, place: PlaceId) -> &str {
        self.places.name(place.0).unwrap_or_default()
    }

    /// The identifier of a document.
    #[must_use]
    pub fn document_key(&self, document: DocId) -> &str {
        self.documents.name(document.0).unwrap_or_default()
    }
}
