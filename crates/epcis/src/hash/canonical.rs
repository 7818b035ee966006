//! Canonical text of single values: times, numbers, vocabulary URIs, identifiers.

use crate::ident;
use crate::time::Moment;
use std::borrow::Cow;

/// Whether a known field holds a date-time.
pub(super) fn is_time(name: &str) -> bool {
    matches!(name, "eventTime" | "time" | "startTime" | "endTime")
}

/// UTC with three decimals; text that is no date-time as it is.
pub(super) fn time(text: &str) -> Cow<'_, str> {
    Moment::parse(text).map_or(Cow::Borrowed(text), |moment| Cow::Owned(moment.utc_millis()))
}

/// How URN forms of CBV terms begin.
const CBV: &str = "urn:epcglobal:cbv:";

/// What follows, and the web URI instead of both.
const TERMS: [(&str, &str); 5] = [
    ("bizstep:", "https://ref.gs1.org/cbv/BizStep-"),
    ("disp:", "https://ref.gs1.org/cbv/Disp-"),
    ("btt:", "https://ref.gs1.org/cbv/BTT-"),
    ("sdt:", "https://ref.gs1.org/cbv/SDT-"),
    ("er:", "https://ref.gs1.org/cbv/ER-"),
];

/// The text with URN forms of CBV terms, wherever they stand, as web URIs; `None` when there are none.
fn with_web_terms(text: &str) -> Option<String> {
    if text.len() < CBV.len() {
        return None;
    }
    let (mut out, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(CBV) {
        let rest = &text[at + CBV.len()..];
        if let Some((urn, web)) = TERMS.iter().find(|(urn, _)| rest.starts_with(urn)) {
            out.push_str(&text[from..at]);
            out.push_str(web);
            from = at + CBV.len() + urn.len();
        }
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Any other value.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    if ident::is_canonical(text) {
        return Cow::Borrowed(text);
    }
    if let Some(web) = with_web_terms(text) {
        return ident::canonical(&web).unwrap_or(web).into();
    }
    if is_short_whole(text) {
        return Cow::Borrowed(text);
    }
    if let Some(number) = number(text) {
        return number.into();
    }
    ident::canonical_form(text).unwrap_or(Cow::Borrowed(text))
}

/// Digits that are the text of their own double.
fn is_short_whole(text: &str) -> bool {
    let digits = text.as_bytes();
    (1..=15).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit)
}

/// The shortest text of the double nearest to a decimal number; `None` when `text` is no finite number.
pub(super) fn number(text: &str) -> Option<String> {
    if !is_number(text) {
        return None;
    }
    let value: f64 = if text.contains('_') { text.replace('_', "").parse() } else { text.parse() }.ok()?;
    if !value.is_finite() {
        return None;
    }
    if value == 0.0 {
        return Some("0".to_owned());
    }
    if value.fract() == 0.0 {
        return Some(format!("{value:.0}"));
    }
    if value.abs() >= 1e-4 {
        return Some(value.to_string());
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once("e-")?;
    Some(format!("{digits}e-{exponent:0>2}"))
}

/// Sign, digits with single underscores between them, one point, exponent.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let group = |part: &str| {
        part.is_empty()
            || part.split('_').all(|run| !run.is_empty() && run.bytes().all(|b| b.is_ascii_digit()))
    };
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && group(e)
    });
    has_digits && group(whole) && group(fraction) && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{BIZ_STEP, DISPOSITION, PARTY_TYPE, TRANSACTION_TYPE};

    #[test]
    fn uris_of_words_are_canonical() {
        for vocabulary in [&BIZ_STEP, &DISPOSITION, &PARTY_TYPE, &TRANSACTION_TYPE] {
            for word in vocabulary.words {
                let uri = format!("{}{word}", vocabulary.base);
                assert_eq!(value(&uri), uri);
            }
        }
    }

    #[test]
    fn urns_of_terms_become_web_uris_wherever_they_stand() {
        for (given, want) in [
            ("urn:epcglobal:cbv:bizstep:shipping", "https://ref.gs1.org/cbv/BizStep-shipping"),
            ("urn:epcglobal:cbv:bt:0614141073467:1152", "urn:epcglobal:cbv:bt:0614141073467:1152"),
            (
                "a urn:epcglobal:cbv:sdt:location urn:epcglobal:cbv:er:x b",
                "a https://ref.gs1.org/cbv/SDT-location https://ref.gs1.org/cbv/ER-x b",
            ),
        ] {
            assert_eq!(value(given), want);
        }
    }

    #[test]
    fn numbers_lose_what_carries_no_value() {
        for (given, want) in [
            ("26.0", "26"),
            ("0.180", "0.18"),
            ("+7", "7"),
            ("007", "7"),
            ("-0.0", "0"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e2", "100"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("1.25E-10", "1.25e-10"),
            ("340123453111111115", "340123453111111104"),
            ("1e22", "10000000000000000000000"),
            ("2020_07", "202007"),
            ("999999999999999", "999999999999999"),
        ] {
            assert_eq!(number(given).as_deref(), Some(want), "{given}");
            assert_eq!(value(given), want);
        }
        for text in
            ["2014-02-10", "+01:00", "AB-12", "", ".", "1e", "P3Y", "1__0", "inf", "nan", "1e999", "0x10"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
