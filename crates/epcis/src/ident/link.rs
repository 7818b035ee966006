//! GS1 Digital Link URIs: reading the application identifiers, and the constrained canonical form.

use super::{DOMAIN, canonical_text, is_digits};
use base::Text;

/// A Digital Link taken apart. Values are as in the canonical form (escapes normalised, GTINs padded to 14 digits).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitalLink {
    /// Application identifier of the primary key: `01`, `00`, `414` …
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Qualifiers in the path, in order: application identifier and value.
    pub qualifiers: Vec<(&'static str, String)>,
}

/// What may stand as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// GTIN of 8, 12, 13 or 14 digits.
    Gtin,
    /// Exactly so many digits.
    Digits(usize),
    /// So many digits, then up to so many further characters.
    Then(usize, usize),
    /// So many digits, then up to so many further digits.
    ThenDigits(usize, usize),
    /// 1 to so many characters.
    Text(usize),
    /// 1 to so many characters, the first four digits (company prefix).
    Prefixed(usize),
    /// 0 to so many digits.
    UpTo(usize),
}

/// Primary keys: application identifier, short name, value, qualifiers.
pub(super) type Key = (&'static str, &'static str, Form, &'static [Qualifier]);
/// Qualifiers: application identifier, short name, value.
pub(super) type Qualifier = (&'static str, &'static str, Form);

const CPV: Qualifier = ("22", "cpv", Form::Text(20));
const LOT: Qualifier = ("10", "lot", Form::Text(20));
const SERIAL: Qualifier = ("21", "ser", Form::Text(20));
const THIRD_PARTY: Qualifier = ("235", "tpx", Form::Text(28));
const SERVICE: Qualifier = ("8019", "srin", Form::UpTo(10));
const UNIT_ID: Qualifier = ("7040", "uic", Form::Text(4));

pub(super) static KEYS: [Key; 15] = [
    ("00", "sscc", Form::Digits(18), &[]),
    ("01", "gtin", Form::Gtin, &[CPV, LOT, SERIAL, THIRD_PARTY]),
    ("253", "gdti", Form::Then(13, 17), &[]),
    ("255", "gcn", Form::ThenDigits(13, 12), &[]),
    ("401", "ginc", Form::Prefixed(30), &[]),
    ("402", "gsin", Form::Digits(17), &[]),
    ("414", "gln", Form::Digits(13), &[("254", "glnx", Form::Text(20)), UNIT_ID]),
    ("417", "party", Form::Digits(13), &[UNIT_ID]),
    ("8003", "grai", Form::Then(14, 16), &[]),
    ("8004", "giai", Form::Prefixed(30), &[UNIT_ID]),
    ("8006", "itip", Form::Digits(18), &[CPV, LOT, SERIAL]),
    ("8010", "cpid", Form::Prefixed(30), &[("8011", "cpsn", Form::UpTo(12))]),
    ("8017", "gsrnp", Form::Digits(18), &[SERVICE]),
    ("8018", "gsrn", Form::Digits(18), &[SERVICE]),
    ("8013", "gmn", Form::Prefixed(25), &[]),
];

impl Form {
    /// The value in canonical form.
    pub(super) fn read(self, text: &str) -> Option<String> {
        match self {
            Self::Gtin => {
                let fits = is_digits(text) && matches!(text.len(), 8 | 12 | 13 | 14);
                fits.then(|| format!("{text:0>14}"))
            }
            Self::Digits(count) => (text.len() == count && is_digits(text)).then(|| text.to_owned()),
            Self::Then(count, more) => {
                let (head, tail) = text.split_at_checked(count)?;
                let tail = if tail.is_empty() { String::new() } else { canonical_text(tail, more)? };
                is_digits(head).then(|| format!("{head}{tail}"))
            }
            Self::ThenDigits(count, more) => {
                let fits = is_digits(text) && (count..=count + more).contains(&text.len());
                fits.then(|| text.to_owned())
            }
            Self::Text(longest) => canonical_text(text, longest),
            Self::Prefixed(longest) => {
                let prefixed = text.get(..4).is_some_and(is_digits) && text.len() > 4;
                if prefixed { canonical_text(text, longest) } else { None }
            }
            Self::UpTo(longest) => (is_digits(text) && text.len() <= longest).then(|| text.to_owned()),
        }
    }
}

impl Form {
    /// The form in words.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Gtin => Text::of("8、12、13 或 14 位数字", "8, 12, 13 or 14 digits"),
            Self::Digits(n) => Text::new(format!("{n} 位数字"), format!("{n} digits")),
            Self::Then(n, more) => Text::new(
                format!("{n} 位数字加至多 {more} 个字符"),
                format!("{n} digits and up to {more} characters"),
            ),
            Self::ThenDigits(n, more) => Text::new(
                format!("{n} 位数字加至多 {more} 位数字"),
                format!("{n} digits and up to {more} more digits"),
            ),
            Self::Text(n) => Text::new(
                format!("1 至 {n} 个英文字母、数字或 GS1 允许的符号"),
                format!("1 to {n} Latin letters, digits or signs of the GS1 set"),
            ),
            Self::Prefixed(n) => Text::new(
                format!("厂商识别代码开头的 5 至 {n} 个字符"),
                format!("5 to {n} characters that begin with a company prefix"),
            ),
            Self::UpTo(n) => Text::new(format!("至多 {n} 位数字"), format!("up to {n} digits")),
        }
    }
}

impl DigitalLink {
    /// Reads a Digital Link on any domain, with any path before the key; query and fragment are passed over.
    /// Both numeric identifiers and the older short names (`gtin`, `lot`, `ser`) are understood.
    #[must_use]
    pub fn parse(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("https://").or_else(|| uri.strip_prefix("http://"))?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/')?;
        if authority.is_empty() {
            return None;
        }
        let mut tail = path;
        loop {
            let (step, after) = tail.split_once('/')?;
            if let Some(key) = KEYS.iter().find(|(ai, name, ..)| *ai == step || *name == step)
                && let Some(link) = Self::from_key(key, after)
            {
                return Some(link);
            }
            tail = after;
        }
    }

    fn from_key(key: &Key, path: &str) -> Option<Self> {
        let (ai, _, form, allowed) = key;
        let mut steps = path.split('/');
        let value = form.read(steps.next()?)?;
        let mut qualifiers = Vec::new();
        while let Some(step) = steps.next() {
            let (ai, _, form) = allowed.iter().find(|(ai, name, _)| *ai == step || *name == step)?;
            qualifiers.push((*ai, form.read(steps.next()?)?));
        }
        Some(Self { key: ai, value, qualifiers })
    }

    /// The value of a qualifier.
    #[must_use]
    pub fn qualifier(&self, ai: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(q, _)| *q == ai).map(|(_, value)| &**value)
    }

    /// The constrained canonical form: the finest qualifier only. `None` when the link says something that form cannot
    /// (service instances, manufacturer models …).
    #[must_use]
    pub fn canonical(&self) -> Option<String> {
        let finest: &[&str] = match self.key {
            "01" => &["21", "235", "10"],
            "8006" => &["21", "10"],
            "414" => &["254"],
            "8010" => &["8011"],
            "8013" => return None,
            _ => &[],
        };
        let known = |ai: &str| ai == "22" || finest.contains(&ai);
        if !self.qualifiers.iter().all(|(ai, _)| known(ai)) {
            return None;
        }
        let chosen = finest.iter().find_map(|ai| self.qualifier(ai).map(|value| (ai, value)));
        let (key, value) = (self.key, &self.value);
        Some(match chosen {
            Some((ai, finer)) => format!("{DOMAIN}/{key}/{value}/{ai}/{finer}"),
            None => format!("{DOMAIN}/{key}/{value}"),
        })
    }
}
