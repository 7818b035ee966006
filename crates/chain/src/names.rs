//! Interned names: items, places, documents and transformations are `u32` inside the index and text outside.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
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

/// A table of distinct strings, numbered from 0 in order of first sight.
///
/// Text lives in one buffer; the hash index keeps numbers only, so a million lot identifiers cost little more
/// than their letters.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    text: String,
    ends: Vec<usize>,
    index: HashMap<u64, Vec<u32>>,
    hasher: RandomState,
}

impl Interner {
    /// The number of `name`, given on first sight.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(found) = self.find(name) {
            return found;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.text.push_str(name);
        self.ends.push(self.text.len());
        self.index.entry(self.hasher.hash_one(name)).or_default().push(number);
        number
    }

    /// The number of `name` when it has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        let bucket = self.index.get(&self.hasher.hash_one(name))?;
        bucket.iter().copied().find(|&n| self.name(n) == Some(name))
    }

    /// The name with this number.
    #[must_use]
    pub fn name(&self, number: u32) -> Option<&str> {
        let at = number as usize;
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        self.text.get(start..end)
    }

    /// How many distinct names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no name was interned yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All names in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|n| u32::try_from(n).ok().and_then(|n| self.name(n)))
    }

    /// Approximate bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * 8 + self.index.capacity() * 40 + self.ends.len() * 4
    }
}

/// The four tables of names the index speaks in.
#[derive(Debug, Clone, Default)]
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

impl Names {
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
