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

/// URN forms of CBV terms and their web URIs.
const TERMS: [(&str, &str); 5] = [
    ("urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-"),
    ("urn:epcglobal:cbv:disp:", "https://ref.gs1.org/cbv/Disp-"),
    ("urn:epcglobal:cbv:btt:", "https://ref.gs1.org/cbv/BTT-"),
    ("urn:epcglobal:cbv:sdt:", "https://ref.gs1.org/cbv/SDT-"),
    ("urn:epcglobal:cbv:er:", "https://ref.gs1.org/cbv/ER-"),
];

/// Any other value.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    if ident::is_canonical(text) {
        return Cow::Borrowed(text);
    }
    if text.contains("urn:epcglobal:cbv:") {
        let web = TERMS.iter().fold(text.to_owned(), |text, (urn, web)| text.replace(urn, web));
        return ident::canonical(&web).unwrap_or(web).into();
    }
    if let Some(number) = number(text) {
        return number.into();
    }
    ident::canonical_form(text).unwrap_or(Cow::Borrowed(text))
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
        ] {
            assert_eq!(number(given).as_deref(), Some(want), "{given}");
        }
        for text in
            ["2014-02-10", "+01:00", "AB-12", "", ".", "1e", "P3Y", "1__0", "inf", "nan", "1e999", "0x10"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
