//! Record identifiers: 63-bit, ordered by time, made in process without a database sequence, printed with a
//! check character so that a mistyped one is refused instead of finding another record.

use crate::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// A record id: 42 bits of milliseconds since 2020-01-01Z, 15 bits of sequence, 6 bits of node.
///
/// Printed as 13 Crockford base-32 digits and one check character (value mod 37), e.g. `01J8ZK3M0P5Q7R`. Every value can be
/// printed and read; [`IdGen`] makes only those whose check character is a letter or a digit, so that an id is one word: a
/// double click takes the whole of it, and a chat that makes a link of an address does not cut it off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub i64);

/// 2020-01-01T00:00:00Z in Unix milliseconds.
const EPOCH_MS: i64 = 1_577_836_800_000;
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 14 characters.
    #[error("an id has 14 characters")]
    Length,
    /// A character outside the alphabet.
    #[error("not a base-32 character at position {0}")]
    Character(usize),
    /// The check character does not match: mistyped.
    #[error("the check character does not match; please check the id for a typing error")]
    Check,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.unsigned_abs();
        let mut out = [0u8; 14];
        for (i, slot) in out.iter_mut().take(13).enumerate() {
            *slot = DIGITS[(value >> (60 - 5 * i) & 31) as usize];
        }
        out[13] = CHECKS[(value % 37) as usize];
        f.write_str(std::str::from_utf8(&out).unwrap_or_default())
    }
}

/// Whether the id prints as letters and digits alone.
const fn is_word(value: i64) -> bool {
    CHECKS[(value.unsigned_abs() % 37) as usize].is_ascii_alphanumeric()
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if bytes.len() != 14 {
            return Err(IdError::Length);
        }
        let mut value = 0u64;
        for (i, b) in bytes[..13].iter().enumerate() {
            let upper = match b.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let digit = DIGITS.iter().position(|d| *d == upper).ok_or(IdError::Character(i + 1))?;
            if i == 0 && digit > 7 {
                return Err(IdError::Character(1)); // more than 63 bits
            }
            value = value << 5 | digit as u64;
        }
        if CHECKS[(value % 37) as usize] != bytes[13].to_ascii_uppercase() {
            return Err(IdError::Check);
        }
        i64::try_from(value).map(Self).map_err(|_| IdError::Character(1))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes ids. One per process; `node` (0–63) tells processes that share a database apart.
#[derive(Debug)]
pub struct IdGen {
    node: i64,
    last: AtomicI64,
}

impl IdGen {
    /// A generator for one node; `node` is taken mod 64.
    #[must_use]
    pub const fn new(node: u8) -> Self {
        Self { node: (node & 63) as i64, last: AtomicI64::new(0) }
    }

    /// The next id: strictly greater than every id this generator made before, whatever the clock does.
    pub fn next(&self, now: Instant) -> Id {
        let ms = (now.0.div_euclid(1000) - EPOCH_MS).clamp(0, (1 << 42) - 1);
        let floor = ms << 15;
        let mut seen = self.last.load(Ordering::Relaxed);
        loop {
            let mut next = floor.max(seen + 1);
            // one step further moves the remainder by 64 mod 37, out of the four signs
            while !is_word(next << 6 | self.node) {
                next += 1;
            }
            match self.last.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Id(next << 6 | self.node),
                Err(other) => seen = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_grow_even_when_the_clock_stands_still_or_goes_back() {
        let ids = IdGen::new(3);
        let (now, before) = (Instant(1_800_000_000_000_000), Instant(1_700_000_000_000_000));
        let (a, b, c) = (ids.next(now), ids.next(now), ids.next(before));
        assert!(a < b && b < c);
        assert_eq!(c.0 & 63, 3);
    }

    #[test]
    fn made_ids_are_one_word() {
        let now = Instant(1_800_000_000_000_000);
        for node in 0..64 {
            let ids = IdGen::new(node);
            for _ in 0..1_000 {
                let id = ids.next(now).to_string();
                assert!(id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
            }
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(value in 0i64..i64::MAX) {
            prop_assert_eq!(Id(value).to_string().parse::<Id>(), Ok(Id(value)));
        }

        #[test]
        fn one_mistyped_character_is_refused(value in 0i64..i64::MAX, at in 0usize..13, with in 0usize..32) {
            let good = Id(value).to_string();
            let mut bad = good.clone().into_bytes();
            bad[at] = DIGITS[with];
            let bad = String::from_utf8(bad).unwrap();
            prop_assume!(bad != good);
            prop_assert_ne!(bad.parse::<Id>(), Ok(Id(value)));
            prop_assert!(bad.parse::<Id>().is_err());
        }
    }
}
