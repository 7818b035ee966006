//! Numbers of names, looked up by the million: one line of memory for the entry and one for the name.

use crate::names::hash;
use std::hash::{BuildHasher, RandomState};

#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    name: &'a str,
    /// What the name is meant within: names of different groups do not meet.
    group: u32,
    number: u32,
}

/// Names of any number of groups with a number each.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary<'a> {
    seed: u64,
    /// A power of two of them, at most two thirds used.
    slots: Vec<Option<Entry<'a>>>,
    used: usize,
}

impl<'a> Dictionary<'a> {
    /// With room for so many names.
    pub(crate) fn with_capacity(names: usize) -> Self {
        let slots = (names * 3 / 2 + 2).next_power_of_two();
        Self { seed: RandomState::new().hash_one(0), slots: vec![None; slots], used: 0 }
    }

    /// The slot of a name, or the free one where it would be.
    #[inline]
    fn slot(&self, group: u32, name: &str) -> usize {
        let mask = self.slots.len() - 1;
        let hash = hash(self.seed ^ u64::from(group).wrapping_mul(0x9E37_79B9_7F4A_7C15), name);
        let mut at = usize::try_from(hash >> 16).unwrap_or(0) & mask;
        while let Some(entry) = &self.slots[at] {
            if entry.group == group && entry.name == name {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    /// The number of a name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.slots[self.slot(0, name)].map(|entry| entry.number)
    }

    /// The number of a name of a group; `fresh` becomes it when the name has none.
    pub(crate) fn number(&mut self, group: u32, name: &'a str, fresh: u32) -> u32 {
        let at = self.slot(group, name);
        match self.slots[at] {
            Some(entry) => entry.number,
            None => {
                self.enter(at, Entry { name, group, number: fresh });
                fresh
            }
        }
    }

    /// Gives a name a number, whichever it had.
    pub(crate) fn set(&mut self, name: &'a str, number: u32) {
        let at = self.slot(0, name);
        match &mut self.slots[at] {
            Some(entry) => entry.number = number,
            None => self.enter(at, Entry { name, group: 0, number }),
        }
    }

    fn enter(&mut self, at: usize, entry: Entry<'a>) {
        self.slots[at] = Some(entry);
        self.used += 1;
        if self.used * 3 > self.slots.len() * 2 {
            let wider = vec![None; self.slots.len() * 2];
            let old = std::mem::replace(&mut self.slots, wider);
            for entry in old.into_iter().flatten() {
                let at = self.slot(entry.group, entry.name);
                self.slots[at] = Some(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_first_number_unless_it_is_set_and_groups_do_not_meet() {
        let names: Vec<String> = (0..500).map(|n| format!("n{n}")).collect();
        let mut dictionary = Dictionary::with_capacity(0);
        for (number, name) in (0..).zip(&names) {
            assert_eq!(dictionary.number(0, name, number), number);
            assert_eq!(dictionary.number(0, name, 9999), number);
            assert_eq!(dictionary.number(7, name, number + 1), number + 1);
        }
        assert!((0..).zip(&names).all(|(number, name)| dictionary.get(name) == Some(number)));
        dictionary.set("n3", 77);
        assert_eq!((dictionary.get("n3"), dictionary.get("unknown")), (Some(77), None));
    }
}
