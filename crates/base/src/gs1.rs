//! GS1 identification keys and their check digits (GS1 General Specifications, section 7.9).

use crate::Text;
use crate::text::halfwidth;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a GS1 key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum KeyError {
    /// The number of digits is not one the key has.
    Length {
        /// The key: `GTIN`, `GLN`, …
        key: &'static str,
        /// The lengths it may have, as shown: `8, 12, 13, 14`.
        allowed: &'static str,
        /// The number of characters found.
        found: usize,
    },
    /// Something other than a digit.
    Digit {
        /// The key.
        key: &'static str,
        /// From 1.
        position: usize,
        /// The character found.
        found: char,
    },
    /// The check digit does not match.
    Check {
        /// The key.
        key: &'static str,
        /// The digit the others require.
        expected: u8,
        /// The digit found.
        found: u8,
    },
}

impl KeyError {
    /// The message for the person who typed or sent the key.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Length { key, allowed, found } => Text::new(
                format!("{key} 应为 {allowed} 位数字，现为 {found} 位"),
                format!("a {key} has {allowed} digits, found {found}"),
            ),
            Self::Digit { key, position, found } => Text::new(
                format!("{key} 第 {position} 位“{found}”应为数字"),
                format!("character {position} '{found}' of the {key} must be a digit"),
            ),
            Self::Check { key, expected, found } => Text::new(
                format!("{key} 校验位应为 {expected}，现为 {found}，请核对"),
                format!(
                    "the check digit of the {key} should be {expected}, found {found}; look for a typing error"
                ),
            ),
        }
    }
}

/// The check digit (0–9) for digits that lack it, or `None` when something else than ASCII digits is given:
/// weights 3, 1, 3, … from the right.
#[must_use]
pub fn check_digit(payload: &str) -> Option<u8> {
    let mut sum = 0u64;
    for (i, b) in payload.bytes().rev().enumerate() {
        if !b.is_ascii_digit() {
            return None;
        }
        sum += u64::from(b - b'0') * if i % 2 == 0 { 3 } else { 1 };
    }
    u8::try_from((10 - sum % 10) % 10).ok()
}

/// Checks digits, length and check digit of a numeric key; returns it without surrounding space, full-width
/// digits made narrow. Serves the keys without a type of their own (GRAI 14, GDTI 13, GSRN 18, GSIN 17).
///
/// # Errors
/// When the length, a character or the check digit is wrong.
pub fn verify(
    key: &'static str,
    lengths: &[usize],
    allowed: &'static str,
    text: &str,
) -> Result<String, KeyError> {
    let text = halfwidth(text);
    if let Some((i, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
        return Err(KeyError::Digit { key, position: i + 1, found });
    }
    if !lengths.contains(&text.len()) {
        return Err(KeyError::Length { key, allowed, found: text.len() });
    }
    let (payload, last) = text.split_at(text.len() - 1);
    let found = last.bytes().next().map_or(0, |b| b - b'0');
    match check_digit(payload) {
        Some(expected) if expected != found => Err(KeyError::Check { key, expected, found }),
        _ => Ok(text),
    }
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $key:literal, $width:literal, $lengths:expr, $allowed:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Makes the key from its digits without check digit.
            ///
            /// # Errors
            /// When the number of digits is wrong or a character is not a digit.
            pub fn with_check(payload: &str) -> Result<Self, KeyError> {
                let text = halfwidth(payload);
                match check_digit(&text) {
                    Some(d) => format!("{text}{d}").parse(),
                    None => text.parse(),
                }
            }

            /// The key as a number, for compact storage; at most 18 digits.
            #[must_use]
            pub const fn value(self) -> u64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                let digits = verify($key, $lengths, $allowed, text)?;
                let key = KeyError::Length { key: $key, allowed: $allowed, found: digits.len() };
                digits.parse().map(Self).map_err(|_| key)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0width$}", self.0, width = $width)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

key!(
    /// A trade item: GTIN-8, -12, -13 or -14 read, normalised to 14 digits (`06901234567892`).
    Gtin, "GTIN", 14, &[8, 12, 13, 14], "8, 12, 13, 14"
);
key!(
    /// A place or party: 13 digits.
    Gln, "GLN", 13, &[13], "13"
);
key!(
    /// A logistic unit: 18 digits.
    Sscc, "SSCC", 18, &[18], "18"
);

impl Gtin {
    /// The 13-digit form printed as a bar code, when the first digit is 0 (not a grouping of trade items).
    #[must_use]
    pub fn thirteen(self) -> Option<String> {
        self.to_string().strip_prefix('0').map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_of_every_length_are_read_to_one_form() {
        for (text, expected) in [
            ("96385074", "00000096385074"),
            ("036000291452", "00036000291452"),
            ("6901234567892", "06901234567892"),
            ("10614141453280", "10614141453280"),
            (" ６９０1234567892 ", "06901234567892"),
        ] {
            assert_eq!(text.parse::<Gtin>().unwrap().to_string(), expected);
        }
        assert_eq!("0614141000005".parse::<Gln>().unwrap().to_string(), "0614141000005");
        assert_eq!("106141412345678908".parse::<Sscc>().unwrap().value(), 106_141_412_345_678_908);
        assert_eq!(Gtin::with_check("690123456789").unwrap().thirteen().unwrap(), "6901234567892");
        assert!(verify("GRAI", &[14], "14", "00614141234562").is_err());
        assert!(verify("GDTI", &[13], "13", "0614141000005").is_ok());
    }

    #[test]
    fn a_wrong_key_says_what_is_wrong() {
        for (text, expected) in [
            ("6901234567891", KeyError::Check { key: "GTIN", expected: 2, found: 1 }),
            ("690123456789O", KeyError::Digit { key: "GTIN", position: 13, found: 'O' }),
            ("690123", KeyError::Length { key: "GTIN", allowed: "8, 12, 13, 14", found: 6 }),
            ("", KeyError::Length { key: "GTIN", allowed: "8, 12, 13, 14", found: 0 }),
        ] {
            assert_eq!(text.parse::<Gtin>(), Err(expected), "{text}");
        }
        assert!(Gln::with_check("12345").is_err());
        assert!(Gln::with_check("12345678901x").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_made_key_reads_back_and_one_wrong_digit_is_refused(payload in "[0-9]{17}", at in 0usize..18, with in 0u8..10) {
            let key = Sscc::with_check(&payload).unwrap();
            let text = key.to_string();
            prop_assert_eq!(text.parse::<Sscc>(), Ok(key));
            let mut bad = text.clone().into_bytes();
            bad[at] = b'0' + with;
            let bad = String::from_utf8(bad).unwrap();
            prop_assume!(bad != text);
            prop_assert!(bad.parse::<Sscc>().is_err());
        }
    }
}
