//! What a scanner reads off a package: GS1 element strings, Digital Links and plain barcodes.

use super::{DOMAIN, DigitalLink, canonical_text};
use base::{Date, Gtin, Sscc};

/// What a code says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// GTIN-14, its check digit right.
    pub gtin: Option<String>,
    /// Lot number (AI 10).
    pub lot: Option<String>,
    /// Serial number (AI 21).
    pub serial: Option<String>,
    /// Serial shipping container code (AI 00).
    pub sscc: Option<String>,
    /// Production date (AI 11), else packaging date (AI 13).
    pub produced: Option<Date>,
    /// Expiration date (AI 17), else best before (AI 15).
    pub expires: Option<Date>,
    /// Net weight in kilograms as printed (AI 310n), with its decimal point.
    pub kilograms: Option<String>,
}

/// Digits of a value of fixed length, by the first two digits of its identifier; `None` for one that ends with a
/// separator (General Specifications, figure 7.8.5-2).
fn fixed(ai: &str) -> Option<usize> {
    Some(match ai.get(..2)? {
        "00" => 18,
        "01" | "02" | "03" => 14,
        "04" => 16,
        "11" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "19" => 6,
        "20" => 2,
        "31" | "32" | "33" | "34" | "35" | "36" => 6,
        "41" => 13,
        _ => return None,
    })
}

/// Digits of an identifier that begins so.
fn width(text: &str) -> Option<usize> {
    Some(match text.get(..2)? {
        "00" | "01" | "02" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21" | "22" | "30"
        | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" | "71" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "72" | "80" | "81" | "82" => 4,
        _ => return None,
    })
}

/// Reads a code: `(01)…(10)…`, the same with separators (GS, also written as `␝` or `<GS>`), a GS1 Digital Link on any
/// domain, or the digits of an EAN, UPC, ITF-14 or SSCC. `None` when it is none of these or a check digit is wrong.
///
/// ```
/// let scan = epcis::ident::scan("(01)06901234567892(17)270301(10)A-7").unwrap();
/// assert_eq!(scan.lot.as_deref(), Some("A-7"));
/// ```
#[must_use]
pub fn scan(text: &str) -> Option<Scan> {
    let text = text.trim();
    if text.starts_with("http://") || text.starts_with("https://") {
        return of_link(text);
    }
    if text.len() >= 8 && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit()) {
        let sscc = (text.len() == 18).then(|| text.parse::<Sscc>().ok()).flatten();
        if let Some(sscc) = sscc {
            return Some(Scan { sscc: Some(sscc.to_string()), ..Scan::default() });
        }
        if matches!(text.len(), 8 | 12 | 13 | 14) {
            let gtin: Gtin = text.parse().ok()?;
            return Some(Scan { gtin: Some(gtin.to_string()), ..Scan::default() });
        }
    }
    let mut out = Scan::default();
    if text.starts_with('(') {
        for part in text.split('(').skip(1) {
            let (ai, value) = part.split_once(')')?;
            out.take(ai.trim(), value.trim())?;
        }
    } else {
        let plain = text.replace("<GS>", "\u{1d}").replace('␝', "\u{1d}");
        // the symbology identifier a scanner may put in front
        let mut rest = match plain.strip_prefix(']') {
            Some(after) => after.get(2..)?,
            None => &plain,
        };
        rest = rest.trim_start_matches('\u{1d}');
        while !rest.is_empty() {
            let (ai, after) = rest.split_at_checked(width(rest)?)?;
            let (value, after) = match fixed(ai) {
                Some(count) => after.split_at_checked(count)?,
                None => after.split_once('\u{1d}').unwrap_or((after, "")),
            };
            out.take(ai, value)?;
            rest = after.trim_start_matches('\u{1d}');
        }
    }
    out.is_something().then_some(out)
}

fn of_link(text: &str) -> Option<Scan> {
    let link = DigitalLink::parse(text)?;
    let plain = |v: &str| percent_encoding::percent_decode_str(v).decode_utf8().ok().map(|t| t.into_owned());
    let mut out = Scan::default();
    out.take(link.key, &plain(&link.value)?)?;
    for ai in ["10", "21"] {
        if let Some(value) = link.qualifier(ai) {
            out.take(ai, &plain(value)?)?;
        }
    }
    let query = text.split_once('?').map_or("", |(_, q)| q).split('#').next().unwrap_or_default();
    for (ai, value) in query.split('&').filter_map(|p| p.split_once('=')) {
        if ai.bytes().all(|b| b.is_ascii_digit()) {
            out.take(ai, &plain(value)?)?;
        }
    }
    out.is_something().then_some(out)
}

impl Scan {
    /// Takes an element over; `None` when it is wrong. Identifiers this reader has no use for are passed over.
    fn take(&mut self, ai: &str, value: &str) -> Option<()> {
        let text = || canonical_text(value, 20).map(|_| value.to_owned());
        match ai {
            "00" => self.sscc = Some(value.parse::<Sscc>().ok()?.to_string()),
            "01" | "02" => self.gtin = Some(value.parse::<Gtin>().ok()?.to_string()),
            "10" => self.lot = Some(text()?),
            "21" => self.serial = Some(text()?),
            "11" => self.produced = Some(date(value)?),
            "13" => self.produced = self.produced.or(Some(date(value)?)),
            "17" => self.expires = Some(date(value)?),
            "15" => self.expires = self.expires.or(Some(date(value)?)),
            _ if ai.len() == 4 && ai.starts_with("310") => {
                let places: u32 = ai.get(3..)?.parse().ok()?;
                let n: i64 = value.parse().ok()?;
                self.kilograms = Some(base::Decimal::new(n, places).normalize().to_string());
            }
            _ => {}
        }
        Some(())
    }

    const fn is_something(&self) -> bool {
        self.gtin.is_some() || self.sscc.is_some() || self.lot.is_some()
    }

    /// The Digital Link of the lot or logistic unit, when the code names one.
    #[must_use]
    pub fn link(&self) -> Option<String> {
        if let (Some(gtin), Some(lot)) = (&self.gtin, &self.lot) {
            return super::item(gtin, lot).ok();
        }
        self.sscc.as_ref().map(|s| format!("{DOMAIN}/00/{s}"))
    }
}

/// `YYMMDD`; day 00 is the last of the month, years up to 50 lie in this century.
fn date(text: &str) -> Option<Date> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    let (yy, month, day) = (i16::from(number(0)?), number(2)?, number(4)?);
    let year = if yy <= 50 { 2000 + yy } else { 1900 + yy };
    let first = Date::new(year, month, 1).ok()?;
    if day == 0 { Some(first.last_of_month()) } else { Date::new(year, month, day).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_scanners_give_them() {
        let full = Scan {
            gtin: Some("06901234567892".to_owned()),
            lot: Some("A-7".to_owned()),
            expires: "2027-03-31".parse().ok(),
            produced: "2026-09-01".parse().ok(),
            ..Scan::default()
        };
        for text in [
            "(01)06901234567892(11)260901(17)270300(10)A-7",
            "010690123456789211260901172703\u{30}\u{30}10A-7",
            "]C1010690123456789210A-7\u{1d}1126090117270331",
            "]d20106901234567892 ".trim(),
            "https://example.org/01/06901234567892/10/A-7?11=260901&17=270331",
            "https://id.gs1.org/gtin/6901234567892/lot/A-7?17=270331&11=260901&linkType=x",
        ] {
            let read = scan(text).unwrap_or_else(|| panic!("{text}"));
            if read.lot.is_some() {
                assert_eq!(read, full, "{text}");
                assert_eq!(read.link().as_deref(), Some("https://id.gs1.org/01/06901234567892/10/A-7"));
            } else {
                assert_eq!(read.gtin, full.gtin);
            }
        }
        assert_eq!(scan("6901234567892").unwrap().gtin, full.gtin);
        let weighed = scan("(01)06901234567892(3103)001250(10)B").unwrap();
        assert_eq!(weighed.kilograms.as_deref(), Some("1.25"));
    }

    #[test]
    fn what_is_no_code_or_has_a_slip_is_refused() {
        for text in [
            "",
            "hello",
            "6901234567890",
            "(01)06901234567890",
            "(17)271301(01)06901234567892",
            "https://example.org/",
            "0106901234567892171",
            "]",
            "(01",
            "12345",
        ] {
            assert_eq!(scan(text), None, "{text}");
        }
    }
}
