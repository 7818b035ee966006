//! What a `MATCH_…` value stands for: one thing, everything of a product, or a pattern of EPCs.

use super::name;
use crate::context::Context;
use crate::ident::DOMAIN;

/// Exactly one character.
const ONE: char = '\u{1}';
/// Any run of characters, none included.
const RUN: char = '\u{2}';

/// A `MATCH_…` value (EPCIS 2.0 §8.2.7.1.1), compared with keys ([`super::key`]).
///
/// A class is a pattern over what is of that class: `urn:epc:idpat:sgtin:4012345.066666.*` and its Digital Link
/// `https://id.gs1.org/01/04012345666663` mean the product itself, its instances and its lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Only what has this key.
    Exact(Box<str>),
    /// This class, or a key that goes on after it; the second part is what must follow the class (`/` or nothing).
    Class(Box<str>, &'static str),
    /// Any of these masks.
    Masks(Vec<Box<str>>),
}

impl Pattern {
    /// Reads a value: an EPC, a class, a Digital Link, another URI, or a pattern with `*`.
    #[must_use]
    pub fn parse(context: &Context, value: &str) -> Self {
        if let Some(masks) = masks(value) {
            return Self::Masks(masks.into_iter().map(String::into_boxed_str).collect());
        }
        let key = name::key(context, value).into_owned();
        match class_end(&key) {
            Some(end) => Self::Class(key.into(), end),
            None => Self::Exact(key.into()),
        }
    }

    /// Whether a key is meant.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        match self {
            Self::Exact(wanted) => **wanted == *key,
            Self::Class(class, end) => {
                key.strip_prefix(&**class).is_some_and(|rest| rest.is_empty() || rest.starts_with(end))
            }
            Self::Masks(masks) => masks.iter().any(|mask| fits(mask, key)),
        }
    }

    /// The one key that is meant by itself, if there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Exact(key) | Self::Class(key, "/") => Some(key),
            Self::Class(..) | Self::Masks(_) => None,
        }
    }

    /// Ranges, first key included and last excluded: nothing outside of them and of [`Self::key`] matches, within them
    /// not everything may. All keys that match are ASCII.
    #[must_use]
    pub fn ranges(&self) -> Vec<(String, String)> {
        let mut starts: Vec<String> = match self {
            Self::Exact(_) => Vec::new(),
            Self::Class(class, end) => vec![format!("{class}{end}")],
            Self::Masks(masks) => masks.iter().flat_map(|mask| starts(mask)).collect(),
        };
        starts.sort_unstable();
        // a range whose start goes on from the one before lies inside it
        starts.dedup_by(|later, kept| later.starts_with(&**kept));
        let range = |start: String| {
            let end = format!("{start}\u{7f}");
            (start, end)
        };
        starts.into_iter().map(range).collect()
    }
}

/// What a key must go on with to name something of the class; `None` when the key is no class.
fn class_end(key: &str) -> Option<&'static str> {
    let (ai, value) = key.strip_prefix(DOMAIN)?.strip_prefix('/')?.split_once('/')?;
    match ai {
        "01" | "8010" if !value.contains('/') => Some("/"),
        "8006" if !value.contains('/') => Some("/"),
        "8003" if value.len() == 14 => Some(""),
        "253" | "255" if value.len() == 13 => Some(""),
        _ => None,
    }
}

/// The literal starts of a mask: up to its first wildcard, but through a single unknown digit (the indicator of a GTIN).
fn starts(mask: &str) -> Vec<String> {
    let wild = |c: char| c == ONE || c == RUN;
    let Some(at) = mask.find(wild) else { return vec![mask.to_owned()] };
    let (head, rest) = mask.split_at(at);
    if let Some(after) = rest.strip_prefix(ONE)
        && !after.starts_with(wild)
    {
        let literal = &after[..after.find(wild).unwrap_or(after.len())];
        return (0..10).map(|digit| format!("{head}{digit}{literal}")).collect();
    }
    vec![head.to_owned()]
}

fn fits(mask: &str, text: &str) -> bool {
    let mut mask = mask.chars();
    let Some(first) = mask.next() else { return text.is_empty() };
    let rest = mask.as_str();
    if first == RUN {
        return (0..=text.len()).filter(|i| text.is_char_boundary(*i)).any(|i| fits(rest, &text[i..]));
    }
    let mut chars = text.chars();
    chars.next().is_some_and(|c| (first == ONE || first == c) && fits(rest, chars.as_str()))
}

/// The masks of a pattern URN with a wildcard somewhere; `None` for everything else, and for the patterns that name a
/// class, which have a canonical form.
fn masks(value: &str) -> Option<Vec<String>> {
    let rest = value.strip_prefix("urn:epc:")?;
    let (space, rest) = rest.split_once(':')?;
    let (scheme, body) = rest.split_once(':')?;
    if !matches!(space, "idpat" | "classpat" | "class") || !body.split('.').any(|part| part == "*") {
        return None;
    }
    if space == "idpat" && crate::ident::canonical(value).is_some() {
        return None;
    }
    let (prefix, rest) = body.split_once('.')?;
    let run = RUN.to_string();
    let ones = |count: usize| ONE.to_string().repeat(count);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    // company prefix and reference, `length` digits together, with the wildcard as unknown digits
    let joined = |reference: &str, length: usize| match (prefix, reference) {
        ("*", _) => Some(ones(length)),
        (p, "*") if digits(p) && p.len() <= length => Some(format!("{p}{}", ones(length - p.len()))),
        (p, r) if digits(p) && digits(r) && p.len() + r.len() == length => Some(format!("{p}{r}")),
        _ => None,
    };
    // indicator, company prefix, item reference, check digit
    let gtin = |item: &str| {
        let (indicator, item) = if item == "*" { ("*", "*") } else { item.split_at_checked(1)? };
        let indicator = if indicator == "*" { ones(1) } else { indicator.to_owned() };
        Some(format!("{indicator}{}{}", joined(item, 12)?, ones(1)))
    };
    let tail = |text: &str| if text == "*" { run.clone() } else { encoded(text) };
    let paths = match scheme {
        "sgtin" => {
            let (item, serial) = rest.split_once('.')?;
            let gtin = gtin(item)?;
            let mut all = vec![format!("01/{gtin}/21/{}", tail(serial))];
            if serial == "*" {
                all.extend([format!("01/{gtin}"), format!("01/{gtin}/10/{run}")]);
            }
            all
        }
        "upui" => rest
            .split_once('.')
            .and_then(|(item, serial)| Some(vec![format!("01/{}/235/{}", gtin(item)?, tail(serial))]))?,
        "lgtin" => rest
            .split_once('.')
            .and_then(|(item, lot)| Some(vec![format!("01/{}/10/{}", gtin(item)?, tail(lot))]))?,
        "itip" => {
            let item = rest.split('.').next()?;
            vec![format!("8006/{}{run}", gtin(item)?)]
        }
        "sscc" => {
            let (extension, serial) = if rest == "*" { ("*", "*") } else { rest.split_at_checked(1)? };
            let extension = if extension == "*" { ones(1) } else { extension.to_owned() };
            vec![format!("00/{extension}{}{}", joined(serial, 16)?, ones(1))]
        }
        "sgln" => {
            let (location, extension) = rest.split_once('.')?;
            let gln = format!("414/{}{}", joined(location, 12)?, ones(1));
            match extension {
                "*" => vec![gln.clone(), format!("{gln}/254/{run}")],
                "0" => vec![gln],
                text => vec![format!("{gln}/254/{}", encoded(text))],
            }
        }
        "pgln" => vec![format!("417/{}{}", joined(rest, 12)?, ones(1))],
        "gsin" => vec![format!("402/{}{}", joined(rest, 16)?, ones(1))],
        "gsrn" => vec![format!("8018/{}{}", joined(rest, 17)?, ones(1))],
        "gsrnp" => vec![format!("8017/{}{}", joined(rest, 17)?, ones(1))],
        "grai" => {
            let (asset, serial) = rest.split_once('.')?;
            vec![format!("8003/0{}{}{}", joined(asset, 12)?, ones(1), tail(serial))]
        }
        "gdti" | "sgcn" => {
            let (kind, serial) = rest.split_once('.')?;
            let ai = if scheme == "gdti" { "253" } else { "255" };
            vec![format!("{ai}/{}{}{}", joined(kind, 12)?, ones(1), tail(serial))]
        }
        "giai" | "ginc" | "cpi" if rest == "*" || scheme == "cpi" => {
            let ai = match scheme {
                "giai" => "8004",
                "ginc" => "401",
                _ => "8010",
            };
            let prefix = if prefix == "*" { run.clone() } else { prefix.to_owned() };
            vec![format!("{ai}/{prefix}{run}")]
        }
        // a scheme without Digital Link keeps its URN as key
        other => {
            let space = if space == "idpat" { "id" } else { "class" };
            return Some(vec![format!("urn:epc:{space}:{other}:{}", body.replace('*', &run))]);
        }
    };
    Some(paths.into_iter().map(|path| format!("{DOMAIN}/{path}")).collect())
}

/// A serial, lot or extension as the canonical form writes it.
fn encoded(text: &str) -> String {
    let plain: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    crate::ident::encode(&plain)
}
