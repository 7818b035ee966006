//! Making canonical identifiers from the numbers people know: GTIN, lot, serial, GLN, SSCC.

use super::{DOMAIN, check_digit, encode, is_ai82, is_digits};
use base::Text;

/// Why an identifier cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentError {
    /// Not the right number of digits.
    #[error("{name} must have {wanted} digits, not \"{found}\"")]
    Digits {
        /// GTIN, GLN or SSCC.
        name: &'static str,
        /// How many digits it has.
        wanted: &'static str,
        /// What was given.
        found: String,
    },
    /// The check digit does not match: mistyped.
    #[error("the check digit of {name} {found} is wrong; it should end in {right}")]
    Check {
        /// GTIN, GLN or SSCC.
        name: &'static str,
        /// What was given.
        found: String,
        /// The digit that would be right.
        right: char,
    },
    /// A lot, serial or extension that is empty, too long, or outside the GS1 character set.
    #[error("{name} \"{found}\" must have 1 to 20 Latin letters, digits or punctuation marks of the GS1 set")]
    Characters {
        /// Lot, serial number or extension.
        name: &'static str,
        /// What was given.
        found: String,
    },
}

impl IdentError {
    /// The message in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Digits { name, wanted, found } => format!("{name} 应为 {wanted} 位数字，实为“{found}”。"),
            Self::Check { name, found, right } => {
                format!("{name} {found} 的校验位不对，末位应为 {right}，请核对。")
            }
            Self::Characters { name, found } => {
                let name = match *name {
                    "lot" => "批号",
                    "serial number" => "序列号",
                    _ => "扩展码",
                };
                format!("{name}“{found}”须为 1 至 20 个英文字母、数字或 GS1 允许的符号。")
            }
        };
        Text::new(zh, self.to_string())
    }
}

/// A product: `https://id.gs1.org/01/{GTIN-14}`.
///
/// # Errors
/// Wrong number of digits or wrong check digit.
pub fn product(gtin: &str) -> Result<String, IdentError> {
    if !matches!(gtin.len(), 8 | 12 | 13 | 14) || !is_digits(gtin) {
        return Err(IdentError::Digits { name: "GTIN", wanted: "8, 12, 13, 14", found: gtin.to_owned() });
    }
    check("GTIN", gtin)?;
    Ok(format!("{DOMAIN}/01/{gtin:0>14}"))
}

/// A lot of a product: `https://id.gs1.org/01/{GTIN-14}/10/{lot}`.
///
/// # Errors
/// As [`product`]; or a lot that GS1 does not allow.
pub fn item(gtin: &str, lot: &str) -> Result<String, IdentError> {
    Ok(format!("{}/10/{}", product(gtin)?, text("lot", lot)?))
}

/// A serialised item: `https://id.gs1.org/01/{GTIN-14}/21/{serial}`.
///
/// # Errors
/// As [`product`]; or a serial number that GS1 does not allow.
pub fn instance(gtin: &str, serial: &str) -> Result<String, IdentError> {
    Ok(format!("{}/21/{}", product(gtin)?, text("serial number", serial)?))
}

/// A logistic unit: `https://id.gs1.org/00/{SSCC}`.
///
/// # Errors
/// Not 18 digits, or a wrong check digit.
pub fn logistic_unit(sscc: &str) -> Result<String, IdentError> {
    digits("SSCC", "18", 18, sscc)?;
    Ok(format!("{DOMAIN}/00/{sscc}"))
}

/// A place: `https://id.gs1.org/414/{GLN}` or with `/254/{extension}`.
///
/// # Errors
/// Not 13 digits, a wrong check digit, or an extension that GS1 does not allow.
pub fn place(gln: &str, extension: Option<&str>) -> Result<String, IdentError> {
    digits("GLN", "13", 13, gln)?;
    Ok(match extension {
        Some(extension) => format!("{DOMAIN}/414/{gln}/254/{}", text("extension", extension)?),
        None => format!("{DOMAIN}/414/{gln}"),
    })
}

/// A party: `https://id.gs1.org/417/{GLN}`.
///
/// # Errors
/// Not 13 digits, or a wrong check digit.
pub fn party(gln: &str) -> Result<String, IdentError> {
    digits("GLN", "13", 13, gln)?;
    Ok(format!("{DOMAIN}/417/{gln}"))
}

fn digits(name: &'static str, wanted: &'static str, count: usize, found: &str) -> Result<(), IdentError> {
    if found.len() != count || !is_digits(found) {
        return Err(IdentError::Digits { name, wanted, found: found.to_owned() });
    }
    check(name, found)
}

fn check(name: &'static str, found: &str) -> Result<(), IdentError> {
    let (body, last) = found.split_at(found.len() - 1);
    match check_digit(body) {
        Some(right) if !last.starts_with(right) => {
            Err(IdentError::Check { name, found: found.to_owned(), right })
        }
        _ => Ok(()),
    }
}

fn text(name: &'static str, found: &str) -> Result<String, IdentError> {
    if (1..=20).contains(&found.len()) && found.bytes().all(is_ai82) {
        return Ok(encode(found.as_bytes()));
    }
    Err(IdentError::Characters { name, found: found.to_owned() })
}
