//! The unified social credit code of a legal person or other organisation (统一社会信用代码, GB 32100-2015).

use crate::text::halfwidth;
use crate::{RegionCode, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The 31 characters of GB 32100-2015, 4.1: no I, O, S, V, Z.
const LETTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights of positions 1 to 17: powers of 3 mod 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Weights of the first eight characters of an organisation code (GB 11714-1997).
const ORGANISATION_WEIGHTS: [usize; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A well-formed code: 18 characters with a correct check character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc([u8; 18]);

/// Why a text is not a unified social credit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum UsccError {
    /// Not 18 characters (the number found).
    Length(usize),
    /// A character outside the alphabet.
    Character {
        /// 1 to 18.
        position: usize,
        /// The character found.
        found: char,
    },
    /// Positions 3 to 8 are not all digits.
    Region {
        /// 3 to 8.
        position: usize,
        /// The character found.
        found: char,
    },
    /// The last character does not match the first seventeen.
    Check {
        /// What the first seventeen characters require.
        expected: char,
        /// The character found.
        found: char,
    },
}

impl UsccError {
    /// The message for the person who typed the code: what is wrong and what to do.
    #[must_use]
    pub fn text(&self) -> Text {
        match *self {
            Self::Length(n) => Text::new(
                format!("统一社会信用代码应为 18 位，现为 {n} 位，请对照营业执照核对"),
                format!(
                    "a unified social credit code has 18 characters, found {n}; compare with the business licence"
                ),
            ),
            Self::Character { position, found } => Text::new(
                format!("统一社会信用代码第 {position} 位“{found}”无效（不使用 I、O、S、V、Z），请核对"),
                format!(
                    "character {position} '{found}' of the unified social credit code is not allowed (I, O, S, V and Z are not used)"
                ),
            ),
            Self::Region { position, found } => Text::new(
                format!(
                    "统一社会信用代码第 {position} 位“{found}”应为数字（第 3 至 8 位为登记机关行政区划码）"
                ),
                format!(
                    "character {position} '{found}' of the unified social credit code must be a digit (positions 3 to 8 are the registering region)"
                ),
            ),
            Self::Check { expected, found } => Text::new(
                format!("统一社会信用代码校验位应为“{expected}”，现为“{found}”，请核对是否有误录"),
                format!(
                    "the check character of the unified social credit code should be '{expected}', found '{found}'; look for a typing error"
                ),
            ),
        }
    }
}

fn value(letter: u8) -> Option<usize> {
    LETTERS.iter().position(|l| *l == letter)
}

fn check_letter(first: &[u8]) -> u8 {
    let sum: usize = first.iter().zip(WEIGHTS).map(|(l, w)| value(*l).unwrap_or(0) * w).sum();
    LETTERS[(31 - sum % 31) % 31]
}

/// The check character of an organisation code (GB 11714-1997) from its first eight.
fn organisation_check(first: &[u8]) -> u8 {
    let digit = |b: u8| if b.is_ascii_digit() { usize::from(b - b'0') } else { usize::from(b - b'A') + 10 };
    let sum: usize = first.iter().zip(ORGANISATION_WEIGHTS).map(|(b, w)| digit(*b) * w).sum();
    b"0X987654321"[sum % 11]
}

impl Uscc {
    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Character 1: the registering department (9 market regulation, 5 civil affairs, 1 establishment office, …).
    #[must_use]
    pub fn department(&self) -> char {
        char::from(self.0[0])
    }

    /// Character 2: the kind of body within its department (91 a firm, 92 an individual business, 93 a farmers' co-operative).
    #[must_use]
    pub fn category(&self) -> char {
        char::from(self.0[1])
    }

    /// Positions 3 to 8: the division of the registering body as it was at registration; it may be a code of
    /// a past edition of GB/T 2260. `None` when it is no region at all (`000000`-like codes of other bodies).
    #[must_use]
    pub fn region(&self) -> Option<RegionCode> {
        self.as_str()[2..8].parse().ok()
    }

    /// Positions 9 to 17: the organisation code.
    #[must_use]
    pub fn organisation_code(&self) -> &str {
        &self.as_str()[8..17]
    }

    /// Whether the organisation code inside has its own correct check character (GB 11714-1997).
    /// Some genuine codes fail it, so a failure is a warning and never a refusal.
    #[must_use]
    pub fn organisation_code_holds(&self) -> bool {
        organisation_check(&self.0[8..16]) == self.0[16]
    }

    /// The warning to show when [`Self::organisation_code_holds`] is false.
    #[must_use]
    pub fn warning(&self) -> Option<Text> {
        (!self.organisation_code_holds()).then(|| {
            Text::of(
                "统一社会信用代码中的组织机构代码（第 9 至 17 位）校验不符，请核对",
                "the organisation code inside the unified social credit code (positions 9 to 17) fails its check; please compare",
            )
        })
    }

    /// Whether the holder is an individual business (个体工商户, `92`).
    #[must_use]
    pub fn is_individual_business(&self) -> bool {
        &self.0[..2] == b"92"
    }

    /// Makes a fictitious but well-formed code of a firm registered in `region`, for tests and the demo:
    /// the same arguments give the same code, different `seq` (below 10⁸) different codes.
    #[must_use]
    pub fn issue(region: &RegionCode, seq: u32) -> Self {
        let mut code = [b'0'; 18];
        code[..2].copy_from_slice(b"91");
        code[2..8].copy_from_slice(region.six().as_bytes());
        code[8..16].copy_from_slice(format!("{:08}", seq % 100_000_000).as_bytes());
        code[16] = organisation_check(&code[8..16]);
        code[17] = check_letter(&code[..17]);
        Self(code)
    }
}

impl FromStr for Uscc {
    type Err = UsccError;

    /// Reads a code; full-width and lower-case letters are accepted, spaces inside are not.
    fn from_str(text: &str) -> Result<Self, UsccError> {
        let text = halfwidth(text).to_uppercase();
        let count = text.chars().count();
        if count != 18 {
            return Err(UsccError::Length(count));
        }
        let mut code = [b'0'; 18];
        for (i, found) in text.chars().enumerate() {
            let letter = u8::try_from(found).ok().filter(|l| value(*l).is_some());
            code[i] = letter.ok_or(UsccError::Character { position: i + 1, found })?;
            if (2..8).contains(&i) && !found.is_ascii_digit() {
                return Err(UsccError::Region { position: i + 1, found });
            }
        }
        let expected = check_letter(&code[..17]);
        if expected != code[17] {
            return Err(UsccError::Check { expected: char::from(expected), found: char::from(code[17]) });
        }
        Ok(Self(code))
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uscc({self})")
    }
}

impl Serialize for Uscc {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Uscc {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_printed_on_real_licences_are_read() {
        for code in ["911101083303521997", "91440300708461136T", "91110000802100433B", "91350100M000100Y43"] {
            let read: Uscc = code.parse().unwrap();
            assert_eq!(read.to_string(), code);
            assert!(read.organisation_code_holds(), "{code}");
            assert_eq!(read.warning(), None);
        }
        let code: Uscc = "９１４４０３００７０８４６１１３６ｔ".parse().unwrap();
        assert_eq!(code.region().unwrap().as_str(), "4403");
    }

    #[test]
    fn a_wrong_code_says_what_is_wrong_and_where() {
        for (code, expected) in [
            ("91110108330352199", UsccError::Length(17)),
            ("911101083303521998", UsccError::Check { expected: '7', found: '8' }),
            ("9111010833O3521997", UsccError::Character { position: 11, found: 'O' }),
            ("91A101083303521997", UsccError::Region { position: 3, found: 'A' }),
            ("甘肃", UsccError::Length(2)),
        ] {
            assert_eq!(code.parse::<Uscc>(), Err(expected), "{code}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn issued_codes_hold_and_one_wrong_character_is_refused(seq in 0u32..100_000_000, at in 8usize..18, with in 0usize..31) {
            let code = Uscc::issue(&"620102".parse().unwrap(), seq);
            prop_assert_eq!(code.as_str().parse::<Uscc>(), Ok(code));
            prop_assert!(code.organisation_code_holds());
            prop_assert_eq!(code.region(), Some("620102".parse().unwrap()));
            let mut bad = code.0;
            bad[at] = LETTERS[with];
            prop_assume!(bad != code.0);
            prop_assert!(std::str::from_utf8(&bad).unwrap().parse::<Uscc>().is_err());
        }
    }
}
