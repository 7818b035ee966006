//! Numbers of names, looked up by the million: short names lie in the table itself, and names are looked up many at a
//! time, so that memory answers them together.

use crate::names::hash;
use std::hash::{BuildHasher, RandomState};

/// Names looked up at once.
const TOGETHER: usize = 64;
/// Longest name that lies in the table.
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

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    /// What the name is meant within: names of different groups do not meet.
    group: u32,
    number: u32,
}

/// A slot nobody uses: no short name has this key, and no list of long names is so long.
const FREE: Entry = Entry { key: [0, u64::MAX], group: 0, number: 0 };

/// Names of any number of groups with a number each.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary<'a> {
    seed: u64,
    /// A power of two of them, at most half used.
    slots: Vec<Entry>,
    used: usize,
    /// Names that do not lie in the table; the key of their entry holds the place in this list.
    long: Vec<&'a str>,
}

impl<'a> Dictionary<'a> {
    /// With room for so many names.
    pub(crate) fn with_capacity(names: usize) -> Self {
        let slots = (names * 2 + 2).next_power_of_two();
        Self { seed: RandomState::new().hash_one(0), slots: vec![FREE; slots], used: 0, long: Vec::new() }
    }

    /// Where a key is looked for first.
    #[inline]
    fn begin(&self, group: u32, key: Key) -> usize {
        let mixed = (key[0] ^ self.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ (key[1] ^ u64::from(group)).wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(32);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        usize::try_from(mixed >> 24).unwrap_or(0) & (self.slots.len() - 1)
    }

    /// The slot of a name, or the free one where it would be, from where it is looked for first.
    #[inline]
    fn slot(&self, mut at: usize, group: u32, key: Key, name: &str) -> usize {
        let mask = self.slots.len() - 1;
        loop {
            let entry = &self.slots[at];
            if entry.key[0] == key[0] && entry.group == group {
                let same = if key[1] == LONG { self.is_long(entry, name) } else { entry.key[1] == key[1] };
                if same {
                    return at;
                }
            }
            if entry.key[1] == u64::MAX {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn is_long(&self, entry: &Entry, name: &str) -> bool {
        let place = usize::try_from(entry.key[1] & !LONG).unwrap_or(usize::MAX);
        entry.key[1] & LONG == LONG && self.long.get(place).is_some_and(|known| *known == name)
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        let key = key(self.seed, name);
        let entry = &self.slots[self.slot(self.begin(0, key), 0, key, name)];
        (entry.key[1] != u64::MAX).then_some(entry.number)
    }

    /// Calls `then` with each name of its group, its key and where to look for it, in their order; what memory must
    /// bring for many names is asked for before any is looked at.
    fn each<'n>(
        &mut self,
        names: impl Iterator<Item = (u32, &'n str)>,
        mut then: impl FnMut(&mut Self, usize, u32, Key, &'n str),
    ) {
        let mut names = names;
        let mut batch: Vec<(usize, u32, Key, &'n str)> = Vec::with_capacity(TOGETHER);
        loop {
            batch.clear();
            for (group, name) in names.by_ref().take(TOGETHER) {
                let key = key(self.seed, name);
                batch.push((self.begin(group, key), group, key, name));
            }
            if batch.is_empty() {
                return;
            }
            let brought = batch.iter().fold(0, |sum: u32, (at, ..)| sum.wrapping_add(self.slots[*at].number));
            std::hint::black_box(brought);
            let width = self.slots.len();
            for &(at, group, key, name) in &batch {
                let at = if self.slots.len() == width { at } else { self.begin(group, key) };
                then(self, at, group, key, name);
            }
        }
    }

    /// The numbers of names, in their order.
    pub(crate) fn get_all<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
        mut found: impl FnMut(Option<u32>),
    ) {
        self.each(names.map(|name| (0, name)), |all, at, group, key, name| {
            let entry = &all.slots[all.slot(at, group, key, name)];
            found((entry.key[1] != u64::MAX).then_some(entry.number));
        });
    }

    /// The numbers of names of groups, in their order; a name that has none gets what `fresh` gives.
    pub(crate) fn number_all(
        &mut self,
        names: impl Iterator<Item = (u32, &'a str)>,
        mut fresh: impl FnMut(&'a str) -> u32,
        mut found: impl FnMut(u32),
    ) {
        self.each(names, |all, at, group, key, name| {
            let at = all.slot(at, group, key, name);
            if all.slots[at].key[1] != u64::MAX {
                return found(all.slots[at].number);
            }
            let number = fresh(name);
            all.enter(at, Entry { key, group, number }, name);
            found(number);
        });
    }

    /// Numbers names by their order; of two that are the same the later counts.
    pub(crate) fn set_all(&mut self, names: impl Iterator<Item = &'a str>) {
        let mut number = 0;
        self.each(names.map(|name| (0, name)), |all, at, group, key, name| {
            let at = all.slot(at, group, key, name);
            if all.slots[at].key[1] == u64::MAX {
                all.enter(at, Entry { key, group, number }, name);
            } else {
                all.slots[at].number = number;
            }
            number += 1;
        });
    }

    fn enter(&mut self, at: usize, mut entry: Entry, name: &'a str) {
        if entry.key[1] == LONG {
            entry.key[1] |= self.long.len() as u64;
            self.long.push(name);
        }
        self.slots[at] = entry;
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let wider = vec![FREE; self.slots.len() * 2];
            let old = std::mem::replace(&mut self.slots, wider);
            let mask = self.slots.len() - 1;
            for entry in old.into_iter().filter(|entry| entry.key[1] != u64::MAX) {
                // the list of long names is no part of what is looked for
                let long = entry.key[1] & LONG == LONG;
                let key = if long { [entry.key[0], LONG] } else { entry.key };
                let mut at = self.begin(entry.group, key);
                while self.slots[at].key[1] != u64::MAX {
                    at = (at + 1) & mask;
                }
                self.slots[at] = entry;
            }
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
    fn different_names_have_different_keys_up_to_the_length_that_lies_in_the_table() {
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
