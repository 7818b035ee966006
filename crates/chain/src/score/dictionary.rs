//! Numbers of names, looked up by the million: the table is small, short names are compared as two words, and names are
//! looked up many at a time, so that memory answers them together.

use super::links::small;
use crate::names::hash;
use std::hash::{BuildHasher, RandomState};

/// Names looked up at once.
const TOGETHER: usize = 64;
/// Longest name whose bytes are its key.
const SHORT: usize = 15;
/// In the last byte of a key: the name is longer.
const LONG: u64 = 0xFF << 56;

/// What stands for a name: the bytes of a short one and their number, or the hash of a longer one.
type Key = [u64; 2];

/// Eight or four bytes of a name from `at`.
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn half(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, |b| u64::from(u32::from_le_bytes(b)))
}

/// The key of a name: different for different short names, because its parts cover every byte.
#[inline]
fn key(seed: u64, name: &str) -> Key {
    let bytes = name.as_bytes();
    let length = (bytes.len() as u64) << 56;
    match bytes.len() {
        0 => [0, 0],
        // first, middle and last
        n @ 1..4 => [u64::from_le_bytes([bytes[0], bytes[n / 2], bytes[n - 1], 0, 0, 0, 0, 0]), length],
        n @ 4..8 => [half(bytes, 0) | (half(bytes, n - 4) << 32), length],
        // the last word begins within the first; seven of its bytes are new at most
        n @ 8..=SHORT => [word(bytes, 0), length | (word(bytes, n - 8) >> 8)],
        _ => [hash(seed, name), LONG],
    }
}

/// A name with its number.
#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    /// What the name is meant within: names of different groups do not meet.
    group: u32,
    number: u32,
}

/// Where the entry of a name is, and some bits of its hash; few bytes, because it is looked for anywhere in memory,
/// while the entries of names that are told together lie together.
#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    /// [`NOBODY`] when the slot is free.
    entry: u32,
}

const NOBODY: u32 = u32::MAX;
const FREE: Slot = Slot { tag: 0, entry: NOBODY };

/// Names of any number of groups with a number each.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary<'a> {
    seed: u64,
    /// A power of two of them, at most half used.
    slots: Vec<Slot>,
    /// In the order of their entering.
    entries: Vec<Entry>,
    /// Names whose bytes are not their key, which holds their place in this list.
    long: Vec<&'a str>,
}

/// A name on its way to its slot.
#[derive(Clone, Copy)]
struct Sought<'n> {
    hash: u64,
    group: u32,
    key: Key,
    name: &'n str,
}

impl Sought<'_> {
    fn tag(&self) -> u32 {
        let [.., a, b, c, d] = self.hash.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

impl<'a> Dictionary<'a> {
    /// With room for so many names.
    pub(crate) fn with_capacity(names: usize) -> Self {
        let slots = vec![FREE; (names * 2 + 2).next_power_of_two()];
        let seed = RandomState::new().hash_one(0);
        Self { seed, slots, entries: Vec::with_capacity(names), long: Vec::new() }
    }

    #[inline]
    fn sought<'n>(&self, group: u32, name: &'n str) -> Sought<'n> {
        let key = key(self.seed, name);
        Sought { hash: self.mix(group, key), group, key, name }
    }

    #[inline]
    fn mix(&self, group: u32, key: Key) -> u64 {
        let mixed = (key[0] ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ (key[1] ^ u64::from(group)).wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(32);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    }

    /// Where a name is looked for first.
    #[inline]
    fn begin(&self, hash: u64) -> usize {
        usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0) & (self.slots.len() - 1)
    }

    /// The slot of a name with its entry, or the free one where it would be.
    #[inline]
    fn slot(&self, sought: &Sought<'_>) -> (usize, Option<usize>) {
        let (mut at, tag) = (self.begin(sought.hash), sought.tag());
        loop {
            let slot = self.slots[at];
            if slot.entry == NOBODY {
                return (at, None);
            }
            if slot.tag == tag && self.is(&self.entries[slot.entry as usize], sought) {
                return (at, Some(slot.entry as usize));
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    fn is(&self, entry: &Entry, sought: &Sought<'_>) -> bool {
        if entry.key[0] != sought.key[0] || entry.group != sought.group {
            return false;
        }
        if sought.key[1] != LONG {
            return entry.key[1] == sought.key[1];
        }
        let place = usize::try_from(entry.key[1] & !LONG).unwrap_or(usize::MAX);
        entry.key[1] & LONG == LONG && self.long.get(place).is_some_and(|known| *known == sought.name)
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.slot(&self.sought(0, name)).1.map(|entry| self.entries[entry].number)
    }

    /// Calls `then` with each name in their order; what memory must bring for many names is asked for before any is
    /// looked at: their slots, then their entries.
    fn each<'n>(
        &mut self,
        names: impl Iterator<Item = (u32, &'n str)>,
        mut then: impl FnMut(&mut Self, &Sought<'n>),
    ) {
        let mut names = names;
        let mut batch: Vec<Sought<'n>> = Vec::with_capacity(TOGETHER);
        loop {
            batch.clear();
            batch.extend(names.by_ref().take(TOGETHER).map(|(group, name)| self.sought(group, name)));
            if batch.is_empty() {
                return;
            }
            let slots = batch.iter().map(|sought| self.slots[self.begin(sought.hash)].entry);
            std::hint::black_box(slots.fold(0, |sum: u32, entry| sum.wrapping_add(entry)));
            let entry = |sought: &Sought<'_>| self.slots[self.begin(sought.hash)].entry as usize;
            let numbers = batch.iter().filter_map(|sought| Some(self.entries.get(entry(sought))?.number));
            std::hint::black_box(numbers.fold(0, u32::wrapping_add));
            batch.iter().for_each(|sought| then(self, sought));
        }
    }

    /// The numbers of names, in their order.
    pub(crate) fn get_all<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
        mut found: impl FnMut(Option<u32>),
    ) {
        self.each(names.map(|name| (0, name)), |all, sought| {
            found(all.slot(sought).1.map(|entry| all.entries[entry].number));
        });
    }

    /// The numbers of names of groups, in their order; a name that has none gets what `fresh` gives.
    pub(crate) fn number_all(
        &mut self,
        names: impl Iterator<Item = (u32, &'a str)>,
        mut fresh: impl FnMut(&'a str) -> u32,
        mut found: impl FnMut(u32),
    ) {
        self.each(names, |all, sought| match all.slot(sought) {
            (_, Some(entry)) => found(all.entries[entry].number),
            (at, None) => {
                let number = fresh(sought.name);
                all.enter(at, sought, number);
                found(number);
            }
        });
    }

    /// Numbers names by their order; of two that are the same the later counts.
    pub(crate) fn set_all(&mut self, names: impl Iterator<Item = &'a str>) {
        let mut number = 0;
        self.each(names.map(|name| (0, name)), |all, sought| {
            match all.slot(sought) {
                (_, Some(entry)) => all.entries[entry].number = number,
                (at, None) => all.enter(at, sought, number),
            }
            number += 1;
        });
    }

    fn enter(&mut self, at: usize, sought: &Sought<'a>, number: u32) {
        let mut key = sought.key;
        if key[1] == LONG {
            key[1] |= self.long.len() as u64;
            self.long.push(sought.name);
        }
        self.slots[at] = Slot { tag: sought.tag(), entry: small(self.entries.len()) };
        self.entries.push(Entry { key, group: sought.group, number });
        if self.entries.len() * 2 > self.slots.len() {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        let mask = self.slots.len() - 1;
        for (number, entry) in (0..).zip(&self.entries) {
            // the place in the list of long names is no part of what is looked for
            let long = entry.key[1] & LONG == LONG;
            let key = if long { [entry.key[0], LONG] } else { entry.key };
            let name = Sought { hash: self.mix(entry.group, key), group: entry.group, key, name: "" };
            let mut at = self.begin(name.hash);
            while self.slots[at].entry != NOBODY {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { tag: name.tag(), entry: number };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<'a>(dictionary: &mut Dictionary<'a>, names: &'a [String], group: u32, from: u32) -> Vec<u32> {
        let (mut next, mut all) = (from, Vec::new());
        let fresh = |_: &str| {
            next += 1;
            next - 1
        };
        dictionary.number_all(names.iter().map(|n| (group, n.as_str())), fresh, |n| all.push(n));
        all
    }

    #[test]
    fn a_name_keeps_its_first_number_unless_it_is_set_and_groups_do_not_meet() {
        let names: Vec<String> = (0..500)
            .map(|n| match n % 3 {
                0 => format!("{n}"),
                1 => format!("name number {n}"),
                _ => format!("https://id.example.org/414/69000000{n:05}"),
            })
            .collect();
        let mut dictionary = Dictionary::with_capacity(0);
        let first: Vec<u32> = (0..500).collect();
        assert_eq!(numbers(&mut dictionary, &names, 0, 0), first);
        assert_eq!(numbers(&mut dictionary, &names, 0, 9999), first);
        assert_eq!(numbers(&mut dictionary, &names, 7, 1), (1..501).collect::<Vec<u32>>());
        assert!((0..).zip(&names).all(|(number, name)| dictionary.get(name) == Some(number)));
        assert_eq!(dictionary.get("unknown"), None);
        let twice = ["n0", "n1", "n0"];
        let mut set = Dictionary::with_capacity(3);
        set.set_all(twice.into_iter());
        assert_eq!((set.get("n0"), set.get("n1")), (Some(2), Some(1)));
    }

    #[test]
    fn different_names_have_different_keys_of_any_length() {
        let mut names: Vec<String> = vec![String::new(), "\0".to_owned(), "\0\0".to_owned()];
        for length in 1..=20 {
            for at in 0..length {
                let mut bytes = vec![b'a'; length];
                names.push(String::from_utf8(bytes.clone()).unwrap_or_default());
                bytes[at] = b'b';
                names.push(String::from_utf8(bytes).unwrap_or_default());
            }
        }
        names.sort();
        names.dedup();
        let mut dictionary = Dictionary::with_capacity(2);
        let count = u32::try_from(names.len()).unwrap_or(0);
        assert_eq!(numbers(&mut dictionary, &names, 0, 0), (0..count).collect::<Vec<u32>>());
    }
}
