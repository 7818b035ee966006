//! National trace codes beside GS1 keys, and what a scanner reads of a GS1 symbol.
//!
//! GB/T 33993 and GB/T 40204 symbols hold element strings of GS1 application identifiers: they give a Digital Link like
//! any GS1 code. Codes of other standards (`rulebook/cn/codes/schemes.csv`) become `urn:x-cntrace:SCHEME:CODE`, a URI that
//! events can carry as it stands.

use super::{DigitalLink, LinkError, encode};
use base::Text;
use std::sync::LazyLock;

/// What a national code's URI begins with.
pub const NATIONAL: &str = "urn:x-cntrace:";
/// The separator of element strings (FNC1).
const SEPARATOR: char = '\u{1d}';

/// A kind of national code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// `nyt1431` …
    pub name: &'static str,
    /// The standard's number: `NY/T 1431`.
    pub standard: &'static str,
    /// What it names: `lot` or `place`.
    pub kind: &'static str,
    /// Name of such a code.
    pub title: Text,
    /// Document the rule rests on.
    pub basis: &'static str,
    /// Whether the document was seen.
    pub verified: bool,
    digits: bool,
    least: usize,
    most: usize,
    parts: Vec<(&'static str, Option<usize>)>,
}

/// The schemes of the rulebook.
pub fn schemes() -> &'static [Scheme] {
    static ALL: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
        let table: &'static str = include_str!("../../../../rulebook/cn/codes/schemes.csv");
        table.lines().skip(1).filter_map(Scheme::read).collect()
    });
    &ALL
}

/// A national code, checked as far as its standard's rule is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NationalCode {
    /// Its scheme.
    pub scheme: &'static Scheme,
    /// The code, upper case.
    pub code: String,
}

/// What a code on a package or paper turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// A GS1 key.
    Gs1(DigitalLink),
    /// A code of a national standard.
    National(NationalCode),
}

/// Why a text is no code that is known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum CodeError {
    /// A GS1 code with a mistake.
    Gs1(#[from] LinkError),
    /// A national code of the wrong length or with other characters.
    Form {
        /// The scheme.
        scheme: &'static Scheme,
        /// What was given.
        found: String,
    },
    /// Nothing that is known.
    Unknown,
}

impl CodeError {
    /// The message in both languages, naming the remedy.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Gs1(error) => error.text(),
            Self::Form { scheme, found } => {
                let (zh, en) = if scheme.digits {
                    ("数字", "digits")
                } else {
                    ("字母、数字或 - . _", "letters, digits or - . _")
                };
                let (least, most, standard) = (scheme.least, scheme.most, scheme.standard);
                let (from, to) = match least == most {
                    true => (format!("{most} 位"), format!("{most}")),
                    false => (format!("{least} 至 {most} 位"), format!("{least} to {most}")),
                };
                Text::new(
                    format!("{standard} {}应为 {from}{zh}，实为“{found}”。", scheme.title.zh),
                    format!("A {} ({standard}) has {to} {en}, not \"{found}\".", scheme.title.en),
                )
            }
            Self::Unknown => Text::of(
                "无法识别这个编码。请扫描包装上的二维码，或输入商品条码和批号；国家标准追溯码请写成 nyt1431:代码。",
                "This code is not understood. Scan the code on the package, or enter barcode and lot number; write a code of a national standard as nyt1431:CODE.",
            ),
        }
    }
}

impl Scheme {
    fn read(line: &'static str) -> Option<Self> {
        let mut cells = line.split(',');
        let mut next = || cells.next();
        let (name, standard, kind) = (next()?, next()?, next()?);
        let digits = next()? == "digits";
        let (least, most) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let parts = next()?
            .split(' ')
            .filter_map(|p| p.split_once(':'))
            .map(|(part, length)| (part, length.parse().ok()))
            .collect();
        let title = Text::of(next()?, next()?);
        let (basis, verified) = (next()?, next()? == "verified");
        Some(Self { name, standard, kind, title, basis, verified, digits, least, most, parts })
    }

    /// A code of this scheme; spaces and hyphens between digits are passed over.
    fn code(&'static self, text: &str) -> Result<NationalCode, CodeError> {
        let keep = |c: &char| !(c.is_whitespace() || (self.digits && *c == '-'));
        let code: String = text.chars().filter(keep).collect::<String>().to_ascii_uppercase();
        let fits = |c: u8| {
            if self.digits { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() || b"-._".contains(&c) }
        };
        if (self.least..=self.most).contains(&code.len()) && code.bytes().all(fits) {
            Ok(NationalCode { scheme: self, code })
        } else {
            Err(CodeError::Form { scheme: self, found: text.chars().take(60).collect() })
        }
    }
}

impl NationalCode {
    /// The code as an identifier of events: `urn:x-cntrace:nyt1431:6201…`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{NATIONAL}{}:{}", self.scheme.name, self.code)
    }

    /// Reads scheme and code apart.
    ///
    /// # Errors
    /// An unknown scheme, or a code of another form.
    pub fn read(scheme: &str, code: &str) -> Result<Self, CodeError> {
        let plain = |name: &str| {
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
        };
        let wanted = plain(scheme);
        let found = schemes().iter().find(|s| s.name == wanted || plain(s.standard) == wanted);
        found.ok_or(CodeError::Unknown)?.code(code)
    }

    /// The named parts of the code: `county` → `620102`.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, &str)> {
        let mut rest = &*self.code;
        let mut out = Vec::new();
        for (name, length) in &self.scheme.parts {
            let (part, after) = rest.split_at(length.unwrap_or(rest.len()).min(rest.len()));
            out.push((*name, part));
            rest = after;
        }
        out
    }
}

/// A full-width sign as a printed code has it.
const fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => match char::from_u32(c as u32 - 0xfee0) {
            Some(plain) => plain,
            None => c,
        },
        c => c,
    }
}

impl Scanned {
    /// The key under which the trace index knows it.
    #[must_use]
    pub fn uri(&self) -> String {
        match self {
            Self::Gs1(link) => super::item_key(&format!("{}{}", super::DOMAIN, link.path())).uri,
            Self::National(code) => code.uri(),
        }
    }

    /// Reads what a scanner or a person gives: a Digital Link on any domain or its path, an EPC URN, GS1 element strings
    /// with or without brackets, a bare barcode number, or a national code with its scheme before it.
    ///
    /// # Errors
    /// What is wrong, with the remedy.
    pub fn read(text: &str) -> Result<Self, CodeError> {
        // input methods here write brackets, colons and digits in full width
        let text: String = text.trim().chars().map(half_width).collect();
        let text = text.as_str();
        if let Some(rest) = text.strip_prefix(NATIONAL) {
            let (scheme, code) = rest.split_once(':').ok_or(CodeError::Unknown)?;
            return NationalCode::read(scheme, code).map(Self::National);
        }
        if text.starts_with("urn:") {
            let link = super::canonical(text).ok_or(CodeError::Unknown)?;
            let path = link.strip_prefix(super::DOMAIN).ok_or(CodeError::Unknown)?;
            return Ok(Self::Gs1(DigitalLink::read(path)?));
        }
        if let Some(path) = text.strip_prefix('/') {
            return of_path(path);
        }
        if let Some((_, rest)) = text.split_once("://") {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            if let Some((_, path)) = rest.split_once("/cn/") {
                return of_path(&format!("cn/{path}"));
            }
            let link = DigitalLink::parse(text).ok_or(CodeError::Unknown)?;
            return Ok(Self::Gs1(DigitalLink::read(&link.path())?));
        }
        if let Some(found) = elements(text) {
            return Ok(Self::Gs1(found?));
        }
        if matches!(text.len(), 8 | 12 | 13 | 14) && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::Gs1(DigitalLink::read(&format!("/01/{text}"))?));
        }
        match text.split_once([':', '：']) {
            Some((scheme, code)) => NationalCode::read(scheme, code).map(Self::National),
            None => Err(CodeError::Unknown),
        }
    }
}

fn of_path(path: &str) -> Result<Scanned, CodeError> {
    if let Some(rest) = path.strip_prefix("cn/") {
        let (scheme, code) = rest.trim_end_matches('/').split_once('/').ok_or(CodeError::Unknown)?;
        let code = percent_encoding::percent_decode_str(code).decode_utf8_lossy();
        return NationalCode::read(scheme, &code).map(Scanned::National);
    }
    Ok(Scanned::Gs1(DigitalLink::read(path)?))
}

/// Length of the value of an application identifier where it is fixed (General Specifications, figure 7.8.5-2).
fn fixed(ai: &str) -> Option<usize> {
    Some(match ai.get(..2)? {
        "00" => 18,
        "01" | "02" | "03" => 14,
        "11" | "12" | "13" | "15" | "16" | "17" | "18" | "19" => 6,
        "20" => 2,
        "31" | "32" | "33" | "34" | "35" | "36" => 6,
        "41" => 13,
        _ => return None,
    })
}

/// How many digits the application identifier at the beginning has.
fn identifier(text: &str) -> Option<&str> {
    let length = match text.get(..2)? {
        "00" | "01" | "02" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21" | "22" | "30"
        | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" | "71" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "72" | "80" | "81" | "82" => 4,
        _ => return None,
    };
    text.get(..length).filter(|ai| ai.bytes().all(|b| b.is_ascii_digit()))
}

/// The key and qualifiers of element strings: `(01)06901234567892(10)L1`, or as the symbol has them with separators.
/// `None`: these are no element strings.
fn elements(text: &str) -> Option<Result<DigitalLink, LinkError>> {
    let bracketed = text.starts_with('(');
    // what readers put before the data: ]C1 GS1-128, ]d2 Data Matrix, ]Q3 QR, ]e0 DataBar, ]J1 DotCode
    let symbol = ["]C1", "]d2", "]Q3", "]e0", "]J1"].iter().find_map(|s| text.strip_prefix(s));
    if !bracketed && symbol.is_none() && !(text.contains(SEPARATOR) || text.starts_with("01")) {
        return None;
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    if bracketed {
        for piece in text.split('(').skip(1) {
            let (ai, value) = piece.split_once(')')?;
            pairs.push((ai.trim().to_owned(), value.trim().to_owned()));
        }
    } else {
        let mut rest = symbol.unwrap_or(text).trim_start_matches(SEPARATOR);
        if symbol.is_none() && rest.len() <= 16 {
            return None;
        }
        while !rest.is_empty() {
            let ai = identifier(rest)?;
            let value = rest.get(ai.len()..)?;
            let end = fixed(ai).unwrap_or_else(|| value.find(SEPARATOR).unwrap_or(value.len()));
            pairs.push((ai.to_owned(), value.get(..end)?.to_owned()));
            rest = value.get(end..)?.trim_start_matches(SEPARATOR);
        }
    }
    let key = super::primary_keys().find_map(|(ai, _)| pairs.iter().find(|(p, _)| p == ai))?;
    let mut path = format!("/{}/{}", key.0, encode(key.1.as_bytes()));
    for qualifier in super::strict::qualifiers_of(&key.0) {
        if let Some((_, value)) = pairs.iter().find(|(p, _)| p == qualifier) {
            path.push_str(&format!("/{qualifier}/{}", encode(value.as_bytes())));
        }
    }
    Some(DigitalLink::read(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_or_scanned_becomes_one_key() {
        let lot = "https://id.gs1.org/01/06901234567892/10/L1";
        for (text, uri) in [
            ("https://id.gs1.org/01/06901234567892/10/L1", lot),
            ("https://firm.example/a/01/6901234567892/10/L1?17=261231", lot),
            ("/gtin/6901234567892/lot/L1", lot),
            ("urn:epc:class:lgtin:6901234.056789.L1", lot),
            ("(01)06901234567892(17)261231(10)L1", lot),
            ("]Q301069012345678921726123110L1", lot),
            ("]d2010690123456789210L1\u{1d}17261231", lot),
            ("01069012345678921726123110L1", lot),
            ("6901234567892", "https://id.gs1.org/01/06901234567892"),
            ("(00)106141412345678908", "https://id.gs1.org/00/106141412345678908"),
            ("（01）０６９０１２３４５６７８９２（10）L1", lot),
            ("nyt1431:62010200100100112345", "urn:x-cntrace:nyt1431:62010200100100112345"),
            ("NY/T 1431：6201 0200 1001 0011 2345", "urn:x-cntrace:nyt1431:62010200100100112345"),
            ("urn:x-cntrace:nyt1431:62010200100100112345", "urn:x-cntrace:nyt1431:62010200100100112345"),
            ("https://trace.example/cn/gbt38574/abc-123456", "urn:x-cntrace:gbt38574:ABC-123456"),
            ("/cn/GBT40204/AB12345678", "urn:x-cntrace:gbt40204:AB12345678"),
        ] {
            assert_eq!(Scanned::read(text).map(|s| s.uri()).as_deref(), Ok(uri), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_why() {
        for (text, says) in [
            ("6901234567890", "should be 2"),
            ("(01)06901234567890(10)L1", "should be 2"),
            ("nyt1431:6201", "20 to 40 digits"),
            ("nyt1431:ABCDEFGHIJKLMNOPQRST", "20 to 40 digits"),
            ("nyt9999:62010200100100112345", "not understood"),
            ("hello", "not understood"),
            ("https://example.org/", "not understood"),
            ("", "not understood"),
        ] {
            let error = Scanned::read(text).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_code_is_taken_apart_as_its_scheme_says() {
        let code = NationalCode::read("nyt1430", "62010200100100112345").unwrap();
        let parts = code.parts();
        assert_eq!((parts[0], parts[5]), (("county", "620102"), ("check", "5")));
        assert!(
            schemes().len() >= 4 && schemes().iter().all(|s| !s.title.zh.is_empty() && !s.basis.is_empty())
        );
    }
}
