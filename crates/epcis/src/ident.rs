//! Identifiers of things, places and parties: EPC URN and GS1 Digital Link, brought to one canonical form.
//!
//! The canonical form is the *constrained canonical Digital Link* of CBV 2.0 §8.9: domain `https://id.gs1.org`, numeric
//! application identifiers, the primary key with its finest qualifier, nothing else. Two spellings of one thing have one
//! canonical form, so it is the key of everything in the trace index. Check digits are computed when a URN is turned
//! round and are demanded when an identifier is *made* here; identifiers that arrive with a wrong check digit are kept
//! as they are, for the event must not be changed.

mod compressed;
mod link;
mod make;
mod national;
mod scan;
mod strict;
mod translate;
mod urn;

pub use compressed::decompress;
pub use link::{DigitalLink, Form};
pub use make::{IdentError, instance, item, logistic_unit, party, place, product};
pub use national::{CodeError, NATIONAL, NationalCode, Scanned, Scheme, schemes};
pub use scan::{Scan, scan};
pub use strict::{LinkError, primary_keys};
pub(crate) use translate::Translator;
pub use translate::{EpcFormat, PrefixLengths};
pub use urn::to_urn;

use base::Text;
use std::borrow::Cow;

/// The domain of the canonical form.
pub const DOMAIN: &str = "https://id.gs1.org";

/// The constrained canonical Digital Link of an EPC URN, class URN, pattern URN or Digital Link on any domain; `None`
/// when `uri` is none of these.
#[must_use]
pub fn canonical(uri: &str) -> Option<String> {
    canonical_form(uri).map(Cow::into_owned)
}

/// As [`canonical`], without a copy of what has that form already.
pub(crate) fn canonical_form(uri: &str) -> Option<Cow<'_, str>> {
    if is_canonical(uri) {
        return Some(Cow::Borrowed(uri));
    }
    let form = if let Some(rest) = uri.strip_prefix("urn:epc:") {
        urn::to_link(rest)
    } else {
        DigitalLink::parse(uri)?.canonical()
    };
    form.map(Cow::Owned)
}

/// Whether a Digital Link stands in canonical form, told without taking it apart, of the keys met most; for others false.
pub(crate) fn is_canonical(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix(DOMAIN).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let Some((key, rest)) = rest.split_once('/') else { return false };
    let (digits, qualifiers): (usize, &[&str]) = match key {
        "00" => (18, &[]),
        "01" => (14, &["10", "21"]),
        "414" => (13, &["254"]),
        "417" => (13, &[]),
        _ => return false,
    };
    let Some((value, rest)) = rest.split_at_checked(digits) else { return false };
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let qualifier = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    let is_whole = match qualifier {
        Some((ai, text)) => qualifiers.contains(&ai) && (1..=20).contains(&text.len()) && is_plain(text),
        None => rest.is_empty(),
    };
    is_digits(value) && is_whole
}

/// What is wrong with a URI that means to be a GS1 identifier: an EPC URN of a scheme with a fixed number of digits that
/// has another number, or a Digital Link of GS1's own domain with a wrong value, order or check digit; `None` for
/// every other URI.
#[must_use]
pub fn fault(uri: &str) -> Option<Text> {
    if let Some(rest) = uri.strip_prefix("urn:epc:") {
        return urn::fault(rest);
    }
    let path = uri.strip_prefix(DOMAIN)?;
    if is_canonical(uri) {
        // what is met most is told without taking it apart
        let digits = path.split('/').nth(2)?;
        let (body, check) = digits.split_at(digits.len().saturating_sub(1));
        if check_digit(body).is_some_and(|right| check.starts_with(right)) {
            return None;
        }
    }
    let path = path.split(['?', '#']).next()?;
    match DigitalLink::read(path) {
        Ok(_) | Err(LinkError::NoKey) => None,
        Err(e) => Some(e.text()),
    }
}

/// What sort of thing a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// One serialised thing.
    Instance,
    /// One lot of a product.
    Lot,
    /// A product without lot.
    Class,
    /// A logistic unit (SSCC).
    LogisticUnit,
    /// A returnable asset or other thing with a GS1 key.
    Asset,
    /// A URI outside GS1.
    Other,
}

/// The key of a thing in the trace index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey {
    /// Canonical Digital Link, or the URI as given.
    pub uri: String,
    /// What it names.
    pub kind: ItemKind,
}

impl ItemKey {
    /// GTIN-14, for products, lots and serialised items.
    #[must_use]
    pub fn gtin(&self) -> Option<&str> {
        self.uri.strip_prefix("https://id.gs1.org/01/")?.get(..14)
    }

    /// Lot number, percent escapes resolved.
    #[must_use]
    pub fn lot(&self) -> Option<Cow<'_, str>> {
        if self.kind != ItemKind::Lot {
            return None;
        }
        let (_, lot) = self.uri.rsplit_once("/10/")?;
        percent_encoding::percent_decode_str(lot).decode_utf8().ok()
    }
}

/// The key of an EPC, EPC class or other item URI.
#[must_use]
pub fn item_key(uri: &str) -> ItemKey {
    let Some(uri) = canonical(uri) else {
        let kind = if uri.starts_with(NATIONAL) { ItemKind::Lot } else { ItemKind::Other };
        return ItemKey { uri: uri.to_owned(), kind };
    };
    let path = &uri[DOMAIN.len()..];
    let kind = if path.starts_with("/00/") {
        ItemKind::LogisticUnit
    } else if path.starts_with("/01/") || path.starts_with("/8006/") {
        if path.contains("/21/") || path.contains("/235/") {
            ItemKind::Instance
        } else if path.contains("/10/") {
            ItemKind::Lot
        } else {
            ItemKind::Class
        }
    } else {
        ItemKind::Asset
    };
    ItemKey { uri, kind }
}

/// The key of a place: `https://id.gs1.org/414/{GLN}` with `/254/{extension}` when there is one; other URIs as given.
#[must_use]
pub fn place_key(uri: &str) -> String {
    canonical(uri).unwrap_or_else(|| uri.to_owned())
}

/// Characters of serial numbers, lots and the like: the GS1 82-character set (General Specifications, figure 7.11-1).
fn is_ai82(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!\"%&'()*+,-./:;<=>?_".contains(&c)
}

/// Resolves percent escapes and writes them as the canonical form has them; `None` when a character is outside the set
/// or there are not 1 to `longest` of them.
fn canonical_text(text: &str, longest: usize) -> Option<String> {
    let plain: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    if plain.is_empty() || plain.len() > longest || !plain.iter().all(|c| is_ai82(*c) || *c == b'#') {
        return None;
    }
    Some(encode(&plain))
}

/// Percent-encodes what a Digital Link may not carry plainly (Digital Link URI syntax, table 7-1).
pub(crate) fn encode(plain: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(plain.len() + 6);
    for c in plain {
        if c.is_ascii_alphanumeric() || b"-._';=".contains(c) {
            out.push(char::from(*c));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(c >> 4)]));
            out.push(char::from(HEX[usize::from(c & 15)]));
        }
    }
    out
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The GS1 check digit over the digits before it (General Specifications §7.9.1).
fn check_digit(digits: &str) -> Option<char> {
    base::gs1::check_digit(digits).and_then(|digit| char::from_digit(digit.into(), 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_canonical_is_its_own_canonical_form() {
        let yes = [
            "https://id.gs1.org/01/06901234500011",
            "https://id.gs1.org/01/06901234500011/10/L-1.2_x",
            "https://id.gs1.org/01/06901234500011/21/7",
            "https://id.gs1.org/00/069012345000000018",
            "https://id.gs1.org/414/6901234500004",
            "https://id.gs1.org/414/6901234500004/254/A",
            "https://id.gs1.org/417/6901234500004",
        ];
        for uri in yes {
            assert!(is_canonical(uri), "{uri}");
            assert_eq!(DigitalLink::parse(uri).and_then(|link| link.canonical()).as_deref(), Some(uri));
        }
        for uri in [
            "https://id.gs1.org/01/6901234500011",
            "https://id.gs1.org/01/06901234500011/",
            "https://id.gs1.org/01/06901234500011/10/",
            "https://id.gs1.org/01/06901234500011/10/L%2F1",
            "https://id.gs1.org/01/06901234500011/10/A/21/B",
            "https://id.gs1.org/01/06901234500011/22/A",
            "https://id.gs1.org/414/6901234500004/254",
            "https://id.gs1.org/417/6901234500004/254/A",
            "https://id.gs1.org/01/06901234500011?x=1",
            "https://example.com/01/06901234500011",
            "urn:epc:id:sgtin:690123450.0001.7",
        ] {
            assert!(!is_canonical(uri), "{uri}");
        }
    }
}
