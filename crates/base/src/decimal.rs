//! Measured values as a laboratory reports them, and rounding by GB/T 8170-2008.

use crate::text::halfwidth;
use crate::{Decimal, Text};
use rust_decimal::RoundingStrategy;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How a reported value relates to the number printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Qualifier {
    /// The number itself.
    Exact,
    /// Below the number (`<0.01`, `≤` read as such too): usually a detection or quantification limit.
    LessThan,
    /// Above the number (`>110`).
    GreaterThan,
    /// Not detected (`ND`, 未检出); the number, when printed beside it, is the detection limit.
    NotDetected,
    /// Detected (检出, 阳性) without a number, as qualitative tests report.
    Detected,
}

/// A value as reported: the text is the record, the number is read from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reported {
    /// The text as given, trimmed.
    pub raw: String,
    /// How the value relates to the number.
    pub qualifier: Qualifier,
    /// The number; `None` only for a bare "detected" or "not detected".
    pub value: Option<Decimal>,
    /// Decimal places printed (`0.20` → 2): to how many places a limit is compared. 0 for powers of ten.
    pub digits: u32,
}

/// A text is not a reported value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum ReportedError {
    /// Nothing given.
    Empty,
    /// Not a number, not "not detected"; the text.
    NotANumber(String),
    /// More digits than an exact decimal holds (28).
    TooLarge(String),
}

impl ReportedError {
    /// The message for the person who entered the value.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Empty => {
                Text::of("结果值为空，请填写数值或“未检出”", "the result is empty; give a number or ND")
            }
            Self::NotANumber(raw) => Text::new(
                format!("“{raw}”不是可识别的结果值，请填写数值（如 0.20、<0.01、1.2×10^3）或“未检出”"),
                format!("'{raw}' is not a result; give a number (0.20, <0.01, 1.2×10^3) or ND"),
            ),
            Self::TooLarge(raw) => Text::new(
                format!("“{raw}”的位数超出可精确表示的范围（28 位）"),
                format!("'{raw}' has more digits than can be held exactly (28)"),
            ),
        }
    }
}

const NOT_DETECTED: [&str; 8] = ["未检出", "nd", "n.d.", "n.d", "notdetected", "未检测出", "阴性", "<lod"];

impl FromStr for Reported {
    type Err = ReportedError;

    fn from_str(text: &str) -> Result<Self, ReportedError> {
        let raw = text.trim().to_owned();
        let plain = compact(text);
        if plain.is_empty() {
            return Err(ReportedError::Empty);
        }
        if ["检出", "阳性", "detected", "positive"].contains(&plain.as_str()) {
            return Ok(Self { raw, qualifier: Qualifier::Detected, value: None, digits: 0 });
        }
        if let Some(rest) = NOT_DETECTED.iter().find_map(|word| plain.strip_prefix(word)) {
            let limit = rest.trim_matches(['(', ')', '<', ',', ':', '=']);
            let limit = limit.strip_prefix("lod").or(limit.strip_prefix("检出限")).unwrap_or(limit);
            let limit = limit.trim_matches(['(', ')', '<', ',', ':', '=']);
            let number = if limit.is_empty() { None } else { Some(number(limit, &raw)?) };
            let (value, digits) = number.map_or((None, 0), |(v, d)| (Some(v), d));
            return Ok(Self { raw, qualifier: Qualifier::NotDetected, value, digits });
        }
        let signs = [
            ("<=", Qualifier::LessThan),
            ("<", Qualifier::LessThan),
            ("≤", Qualifier::LessThan),
            ("小于", Qualifier::LessThan),
            (">=", Qualifier::GreaterThan),
            (">", Qualifier::GreaterThan),
            ("≥", Qualifier::GreaterThan),
            ("大于", Qualifier::GreaterThan),
        ];
        let sign = signs.into_iter().find_map(|(sign, q)| plain.strip_prefix(sign).map(|rest| (q, rest)));
        let (qualifier, rest) = sign.unwrap_or((Qualifier::Exact, &plain));
        let (value, digits) = number(rest, &raw)?;
        Ok(Self { raw, qualifier, value: Some(value), digits })
    }
}

/// Half-width, lower case, without spaces except between two digits: `1 2` is no twelve.
fn compact(text: &str) -> String {
    let mut plain = String::new();
    let mut space = false;
    for c in halfwidth(text).to_lowercase().chars() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if space && c.is_ascii_digit() && plain.ends_with(|p: char| p.is_ascii_digit()) {
            plain.push(' ');
        }
        space = false;
        plain.push(c);
    }
    plain
}

/// Reads a plain number: thousands separators, `1.2e3`, `1.2×10^3`, `1.2*10³`; with its printed decimal places.
fn number(text: &str, raw: &str) -> Result<(Decimal, u32), ReportedError> {
    let wrong = || ReportedError::NotANumber(raw.to_owned());
    let (mantissa, power) = match text.split_once(['×', 'x', '*', '·']) {
        Some((mantissa, rest)) => (mantissa, Some(power_of_ten(rest).ok_or_else(wrong)?)),
        None => match text.split_once('e') {
            Some((mantissa, power)) => (mantissa, Some(power.parse::<i32>().map_err(|_| wrong())?)),
            None => (text, None),
        },
    };
    let mantissa = ungroup(mantissa).ok_or_else(wrong)?;
    let value = Decimal::from_str_exact(&mantissa).map_err(|_| {
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
        if digits > 28 { ReportedError::TooLarge(raw.to_owned()) } else { wrong() }
    })?;
    let Some(power) = power else { return Ok((value, value.scale())) };
    let large = || ReportedError::TooLarge(raw.to_owned());
    if power.abs() > 27 {
        return Err(large());
    }
    let factor = ten_to(power.unsigned_abs()).ok_or_else(large)?;
    let scaled = if power < 0 { value.checked_div(factor) } else { value.checked_mul(factor) };
    let scaled = scaled.ok_or_else(large)?.normalize();
    // dividing rounds silently at 28 places: refuse what did not stay exact
    if power < 0 && scaled.checked_mul(factor) != Some(value) {
        return Err(large());
    }
    Ok((scaled, scaled.scale()))
}

/// A power of ten that a decimal holds.
fn ten_to(power: u32) -> Option<Decimal> {
    10i128.checked_pow(power).and_then(|n| Decimal::try_from_i128_with_scale(n, 0).ok())
}

/// `10^3`, `10³`, `10-3` after the multiplication sign.
fn power_of_ten(text: &str) -> Option<i32> {
    let plain: String = text
        .strip_prefix("10")?
        .chars()
        .map(|c| match "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c) {
            Some(digit) => char::from_digit(u32::try_from(digit).unwrap_or(0), 10).unwrap_or(c),
            None if c == '⁻' || c == '−' => '-',
            None => c,
        })
        .collect();
    plain.strip_prefix('^').unwrap_or(&plain).parse().ok()
}

/// Takes out thousands separators that stand where they belong (`1,234.5`); `None` when one does not, or when
/// the text is not digits with at most one point.
fn ungroup(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix(['-', '−']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(w, p)| (w, Some(p)));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if part.is_some_and(|p| p.is_empty() || !digits(p)) {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().filter(|g| digits(g) && !g.is_empty())?;
    let grouped = whole.contains(',');
    // a group of thousands never begins with 0: `0,360` is a decimal comma, and 360 would be a thousand times too much
    if grouped && (first.len() > 3 || first.starts_with('0') || !groups.all(|g| g.len() == 3 && digits(g))) {
        return None;
    }
    Some(format!("{sign}{}{}", whole.replace(',', ""), part.map(|p| format!(".{p}")).unwrap_or_default()))
}

/// Reads an exact decimal from a form or spreadsheet: full-width digits and thousands separators are accepted.
///
/// # Errors
/// When the text is empty, not a number, qualified (`<`), or has more than 28 digits.
pub fn parse(text: &str) -> Result<Decimal, ReportedError> {
    let plain = compact(text);
    if plain.is_empty() { Err(ReportedError::Empty) } else { Ok(number(&plain, text.trim())?.0) }
}

/// Rounds to `places` decimal places by GB/T 8170-2008, 3.2 (round half to even: 四舍六入五成双), keeping trailing
/// zeros: `2.5` to 0 places is `2`, `2.51` is `3`.
#[must_use]
pub fn round_places(value: Decimal, places: u32) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven);
    rounded.rescale(places.min(28));
    rounded
}

/// Rounds to `digits` significant digits by GB/T 8170-2008, 3.2; 0 digits are taken as 1.
#[must_use]
pub fn round_significant(value: Decimal, digits: u32) -> Decimal {
    if value.is_zero() {
        return value;
    }
    let plain = value.abs().normalize();
    let printed = plain.mantissa().to_string().len();
    // exponent of the leading digit: 0 for 1…9, −1 for 0.1…
    let exponent = i64::try_from(printed).unwrap_or(0) - 1 - i64::from(plain.scale());
    let places = i64::from(digits.max(1)) - 1 - exponent;
    match u32::try_from(places) {
        Ok(places) => round_places(value, places.min(28)),
        Err(_) => {
            let unit = u32::try_from(-places).ok().and_then(ten_to);
            round_to_interval(value, unit.unwrap_or(Decimal::ONE))
        }
    }
}

/// Rounds to a multiple of `interval` by GB/T 8170-2008, 3.4 (0.5- and 0.2-unit rounding) with the half-to-even rule;
/// an interval of zero leaves the value as it is.
#[must_use]
pub fn round_to_interval(value: Decimal, interval: Decimal) -> Decimal {
    match value.checked_div(interval) {
        Some(ratio) => ratio.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven) * interval,
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_read_as_laboratories_print_them() {
        for (raw, qualifier, value, digits) in [
            ("0.20", Qualifier::Exact, Some("0.20"), 2),
            (" 12 ", Qualifier::Exact, Some("12"), 0),
            ("-1.5", Qualifier::Exact, Some("-1.5"), 1),
            ("<0.01", Qualifier::LessThan, Some("0.01"), 2),
            ("＜０．０１", Qualifier::LessThan, Some("0.01"), 2),
            ("≤0.5", Qualifier::LessThan, Some("0.5"), 1),
            ("小于10", Qualifier::LessThan, Some("10"), 0),
            (">110", Qualifier::GreaterThan, Some("110"), 0),
            ("ND", Qualifier::NotDetected, None, 0),
            ("未检出", Qualifier::NotDetected, None, 0),
            ("未检出（<0.005）", Qualifier::NotDetected, Some("0.005"), 3),
            ("ND(LOD=0.01)", Qualifier::NotDetected, Some("0.01"), 2),
            ("N.D.", Qualifier::NotDetected, None, 0),
            ("检出", Qualifier::Detected, None, 0),
            ("1.2×10^3", Qualifier::Exact, Some("1200"), 0),
            ("1.2×10³", Qualifier::Exact, Some("1200"), 0),
            ("3.6 x 10^-2", Qualifier::Exact, Some("0.036"), 3),
            ("1.2E4", Qualifier::Exact, Some("12000"), 0),
            ("<1.0×10¹", Qualifier::LessThan, Some("10"), 0),
            ("1,234.50", Qualifier::Exact, Some("1234.50"), 2),
        ] {
            let read: Reported = raw.parse().unwrap_or_else(|e| panic!("{raw}: {e}"));
            assert_eq!((read.qualifier, read.value, read.digits), (qualifier, value.map(d), digits), "{raw}");
            assert_eq!(read.raw, raw.trim());
        }
    }

    #[test]
    fn what_is_no_value_is_refused_with_a_remedy() {
        for raw in [
            "", "  ", "合格", "1.2.3", "1,23", "0,360", "00,500", "0..2", "12mg", "--", "<", "1e", "×10^3",
            "NDx", "1e99", "1 2", ".", "5.",
        ] {
            assert!(raw.parse::<Reported>().is_err(), "{raw}");
        }
        let long = "1".repeat(40);
        assert_eq!(long.parse::<Reported>(), Err(ReportedError::TooLarge(long)));
        assert!(parse("<1").is_err());
        assert_eq!(parse("１，２３４．５"), Ok(d("1234.5")));
    }

    #[test]
    fn rounding_follows_gb_t_8170() {
        for (value, places, expected) in [
            ("12.1498", 1, "12.1"),
            ("12.1498", 0, "12"),
            ("1268", 0, "1268"),
            ("1.050", 1, "1.0"),
            ("0.35", 1, "0.4"),
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("2.5001", 0, "3"),
            ("10.5002", 0, "11"),
            ("-0.365", 2, "-0.36"),
            ("15.4546", 0, "15"), // not step by step: 15.455, 15.46, 15.5, 16
            ("0.2", 2, "0.20"),
        ] {
            assert_eq!(round_places(d(value), places).to_string(), expected, "{value} to {places} places");
        }
        for (value, digits, expected) in [
            ("2500", 1, "2000"),
            ("3500", 1, "4000"),
            ("1268", 2, "1300"),
            ("0.0325", 2, "0.032"),
            ("32500", 2, "32000"),
            ("0.20449", 2, "0.20"),
            ("-355", 2, "-360"),
            ("-0.029", 1, "-0.03"),
            ("0", 3, "0"),
        ] {
            assert_eq!(round_significant(d(value), digits), d(expected), "{value} to {digits} digits");
        }
        for (value, interval, expected) in [
            ("60.25", "0.5", "60.0"),
            ("60.38", "0.5", "60.5"),
            ("60.28", "0.5", "60.5"),
            ("-60.75", "0.5", "-61.0"),
            ("830", "20", "840"),
            ("842", "20", "840"),
            ("832", "20", "840"),
            ("-930", "20", "-920"),
            ("1", "0", "1"),
        ] {
            assert_eq!(round_to_interval(d(value), d(interval)), d(expected), "{value} by {interval}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn printed_decimals_read_back_with_their_places(mantissa in -1_000_000i64..1_000_000, scale in 0u32..9) {
            let value = Decimal::new(mantissa, scale);
            let read: Reported = value.to_string().parse().unwrap();
            prop_assert_eq!((read.value, read.digits), (Some(value), scale));
        }

        #[test]
        fn rounding_moves_a_value_by_at_most_half_a_unit(mantissa in -1_000_000i64..1_000_000, scale in 0u32..9, places in 0u32..6) {
            let value = Decimal::new(mantissa, scale);
            let rounded = round_places(value, places);
            prop_assert!((rounded - value).abs() <= Decimal::new(5, places + 1));
            prop_assert_eq!(round_places(rounded, places), rounded);
        }

        #[test]
        fn nothing_typed_brings_the_reader_down(text in ".{0,24}") {
            let _ = text.parse::<Reported>();
            let _ = parse(&text);
        }
    }
}
