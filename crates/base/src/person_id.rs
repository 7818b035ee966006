//! The citizen's identity number (公民身份号码, GB 11643): its check and the masked form shown on documents.

use crate::text::halfwidth;
use crate::{Date, Text};
use std::fmt;
use std::str::FromStr;

/// A well-formed identity number. It prints masked; the full number leaves only through [`PersonId::expose`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonId(String);

/// Why a text is not an identity number. The text itself is never repeated: it is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum PersonIdError {
    /// Not 18 characters (the number found).
    Length(usize),
    /// Not a digit (or X at the end) at this position, from 1.
    Character(usize),
    /// Positions 7 to 14 are not a date.
    Birth,
    /// The check character does not match.
    Check,
}

impl PersonIdError {
    /// The message for the person who typed the number.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Length(n) => Text::new(
                format!("身份证号码应为 18 位，现为 {n} 位"),
                format!("an identity number has 18 characters, found {n}"),
            ),
            Self::Character(n) => Text::new(
                format!("身份证号码第 {n} 位应为数字（末位可为 X）"),
                format!("character {n} of the identity number must be a digit (the last may be X)"),
            ),
            Self::Birth => Text::of(
                "身份证号码第 7 至 14 位不是有效的出生日期",
                "positions 7 to 14 of the identity number are not a date of birth",
            ),
            Self::Check => Text::of(
                "身份证号码校验位不符，请核对是否误录",
                "the identity number fails its check character; look for a typing error",
            ),
        }
    }
}

impl PersonId {
    /// The full number, for storage in the private part of a record only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form for inspection records and screens: positions 11 to 14 (month and day of birth) hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..10], &self.0[14..])
    }

    /// The date of birth.
    #[must_use]
    pub fn birth(&self) -> Option<Date> {
        Date::strptime("%Y%m%d", &self.0[6..14]).ok()
    }
}

impl FromStr for PersonId {
    type Err = PersonIdError;

    fn from_str(text: &str) -> Result<Self, PersonIdError> {
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let text = halfwidth(text).to_uppercase();
        let count = text.chars().count();
        if count != 18 {
            return Err(PersonIdError::Length(count));
        }
        let wrong = |(i, c): (usize, char)| !(c.is_ascii_digit() || i == 17 && c == 'X');
        if let Some(i) = text.chars().enumerate().position(wrong) {
            return Err(PersonIdError::Character(i + 1));
        }
        let id = Self(text);
        if id.birth().is_none() {
            return Err(PersonIdError::Birth);
        }
        let sum: u32 = id.0.bytes().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
        match id.0.as_bytes().last() {
            Some(last) if *last == b"10X98765432"[usize::try_from(sum % 11).unwrap_or(0)] => Ok(id),
            _ => Err(PersonIdError::Check),
        }
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonId({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_checked_and_only_shown_masked() {
        // the example of GB 11643 itself
        let id: PersonId = "11010519491231002x".parse().unwrap();
        assert_eq!(id.masked(), "1101051949****002X");
        assert_eq!(format!("{id} {id:?}"), "1101051949****002X PersonId(1101051949****002X)");
        assert_eq!(id.birth().unwrap().to_string(), "1949-12-31");
        for (text, error) in [
            ("11010519491231002", PersonIdError::Length(17)),
            ("110105194912310021", PersonIdError::Check),
            ("1101051949X2310021", PersonIdError::Character(11)),
            ("110105194913310020", PersonIdError::Birth),
        ] {
            assert_eq!(text.parse::<PersonId>(), Err(error), "{text}");
        }
    }
}
