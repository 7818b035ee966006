//! Compressed GS1 Digital Links: the shorter form some QR codes carry, turned back into the plain one.
//!
//! GS1 Digital Link Standard: URI Syntax, release 1.1, section 6 (compression): the application identifiers and their
//! values as a string of bits in the URL-safe base 64 alphabet, alone in the path or behind a primary key that was left
//! as it is. The lengths of values are those of the General Specifications.

use super::{link::KEYS, strict::qualifiers_of};
use std::fmt::Write as _;

/// A part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// So many digits.
    Digits(u32),
    /// Up to so many digits.
    UpToDigits(u32),
    /// So many characters.
    Text(u32),
    /// Up to so many characters.
    UpToText(u32),
}
use Part::{Digits as D, Text as T, UpToDigits as Ds, UpToText as Ts};

/// Parts of the values of application identifiers, by first and last identifier.
const FORMS: &[(u16, u16, &[Part])] = &[
    (0, 0, &[D(18)]),
    (1, 2, &[D(14)]),
    (10, 10, &[Ts(20)]),
    (11, 13, &[D(6)]),
    (15, 17, &[D(6)]),
    (20, 20, &[D(2)]),
    (21, 22, &[Ts(20)]),
    (30, 30, &[Ds(8)]),
    (37, 37, &[Ds(8)]),
    (90, 90, &[Ts(30)]),
    (91, 99, &[Ts(90)]),
    (235, 235, &[Ts(28)]),
    (240, 241, &[Ts(30)]),
    (242, 242, &[Ds(6)]),
    (243, 243, &[Ts(20)]),
    (250, 251, &[Ts(30)]),
    (253, 253, &[D(13), Ts(17)]),
    (254, 254, &[Ts(20)]),
    (255, 255, &[D(13), Ds(12)]),
    (400, 401, &[Ts(30)]),
    (402, 402, &[D(17)]),
    (403, 403, &[Ts(30)]),
    (410, 417, &[D(13)]),
    (420, 420, &[Ts(20)]),
    (421, 421, &[D(3), Ts(9)]),
    (422, 422, &[D(3)]),
    (423, 423, &[D(3), Ds(12)]),
    (424, 424, &[D(3)]),
    (425, 425, &[D(3), Ds(12)]),
    (426, 426, &[D(3)]),
    (427, 427, &[Ts(3)]),
    (710, 714, &[Ts(20)]),
    (3100, 3169, &[D(6)]),
    (3200, 3379, &[D(6)]),
    (3400, 3579, &[D(6)]),
    (3600, 3699, &[D(6)]),
    (3900, 3909, &[Ds(15)]),
    (3910, 3919, &[D(3), Ds(15)]),
    (3920, 3929, &[Ds(15)]),
    (3930, 3939, &[D(3), Ds(15)]),
    (3940, 3943, &[D(4)]),
    (3950, 3959, &[D(6)]),
    (4300, 4301, &[Ts(35)]),
    (4302, 4306, &[Ts(70)]),
    (4307, 4307, &[T(2)]),
    (4308, 4308, &[Ts(30)]),
    (4310, 4311, &[Ts(35)]),
    (4312, 4316, &[Ts(70)]),
    (4317, 4317, &[T(2)]),
    (4318, 4318, &[Ts(20)]),
    (4319, 4319, &[Ts(30)]),
    (4320, 4320, &[Ts(35)]),
    (4321, 4323, &[D(1)]),
    (4324, 4325, &[D(10)]),
    (4326, 4326, &[D(6)]),
    (7001, 7001, &[D(13)]),
    (7002, 7002, &[Ts(30)]),
    (7003, 7003, &[D(10)]),
    (7004, 7004, &[Ds(4)]),
    (7005, 7005, &[Ts(12)]),
    (7006, 7006, &[D(6)]),
    (7007, 7007, &[D(6), Ds(6)]),
    (7008, 7008, &[Ts(3)]),
    (7009, 7009, &[Ts(10)]),
    (7010, 7010, &[Ts(2)]),
    (7020, 7022, &[Ts(20)]),
    (7023, 7023, &[Ts(30)]),
    (7030, 7039, &[D(3), Ts(27)]),
    (7040, 7040, &[D(1), T(3)]),
    (7230, 7239, &[Ts(30)]),
    (7240, 7240, &[Ts(20)]),
    (8001, 8001, &[D(14)]),
    (8002, 8002, &[Ts(20)]),
    (8003, 8003, &[D(14), Ts(16)]),
    (8004, 8004, &[Ts(30)]),
    (8005, 8005, &[D(6)]),
    (8006, 8006, &[D(18)]),
    (8007, 8007, &[Ts(24)]),
    (8008, 8008, &[D(8), Ds(4)]),
    (8009, 8009, &[Ts(50)]),
    (8010, 8010, &[Ts(30)]),
    (8011, 8011, &[Ds(12)]),
    (8012, 8012, &[Ts(20)]),
    (8013, 8013, &[Ts(30)]),
    (8017, 8018, &[D(18)]),
    (8019, 8019, &[Ds(10)]),
    (8020, 8020, &[Ts(25)]),
    (8026, 8026, &[D(18)]),
    (8110, 8110, &[Ts(70)]),
    (8111, 8111, &[D(4)]),
    (8112, 8112, &[Ts(70)]),
    (8200, 8200, &[Ts(70)]),
];

/// Frequent sequences of identifiers and the byte that stands for them, in the order in which GS1's own toolkit writes
/// their values, which sorts them; the standard lists two otherwise ([`LISTED`]).
const SEQUENCES: &[(u8, &[&str])] = &[
    (0x0A, &["01", "22"]),
    (0x0B, &["01", "10"]),
    (0x0C, &["01", "21"]),
    (0x0D, &["01", "17"]),
    (0x0E, &["01", "7003"]),
    (0x0F, &["01", "30"]),
    (0x1A, &["01", "10", "17", "21"]),
    (0x1B, &["01", "15"]),
    (0x1C, &["01", "11"]),
    (0x1D, &["01", "16"]),
    (0x1E, &["01", "91"]),
    (0x1F, &["01", "10", "15"]),
    (0x2A, &["01", "3100"]),
    (0x2B, &["01", "3101"]),
    (0x2C, &["01", "3102"]),
    (0x2D, &["01", "3103"]),
    (0x2E, &["01", "3104"]),
    (0x2F, &["01", "3105"]),
    (0x3A, &["01", "3200"]),
    (0x3B, &["01", "3201"]),
    (0x3C, &["01", "3202"]),
    (0x3D, &["01", "3203"]),
    (0x3E, &["01", "3204"]),
    (0x3F, &["01", "3205"]),
    (0x9A, &["8010", "8011"]),
    (0x9B, &["8017", "8019"]),
    (0x9C, &["8018", "8019"]),
    (0x9D, &["254", "414"]),
    (0xA0, &["01", "3920"]),
    (0xA1, &["01", "3921"]),
    (0xA2, &["01", "3922"]),
    (0xA3, &["01", "3923"]),
    (0xA4, &["01", "3924"]),
    (0xA5, &["01", "3925"]),
    (0xA6, &["01", "3926"]),
    (0xA7, &["01", "3927"]),
    (0xA8, &["01", "3928"]),
    (0xA9, &["01", "3929"]),
    (0xC0, &["255", "3900"]),
    (0xC1, &["255", "3901"]),
    (0xC2, &["255", "3902"]),
    (0xC3, &["255", "3903"]),
    (0xC4, &["255", "3904"]),
    (0xC5, &["255", "3905"]),
    (0xC6, &["255", "3906"]),
    (0xC7, &["255", "3907"]),
    (0xC8, &["255", "3908"]),
    (0xC9, &["255", "3909"]),
    (0xCA, &["255", "3940"]),
    (0xCB, &["255", "3941"]),
    (0xCC, &["255", "3942"]),
    (0xCD, &["255", "3943"]),
];

/// Sequences the standard lists in another order: read so when the toolkit's order gives no valid link.
const LISTED: &[(u8, &[&str])] = &[(0x1A, &["01", "10", "21", "17"]), (0x9D, &["414", "254"])];

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Longest compressed segment that is looked at: no code on a package is so long.
const LONGEST: usize = 1000;

/// Bits read from the left.
struct Bits {
    bits: Vec<bool>,
    at: usize,
}

impl Bits {
    fn of(segment: &str) -> Option<Self> {
        let mut bits = Vec::with_capacity(segment.len() * 6);
        for byte in segment.bytes() {
            let six = ALPHABET.iter().position(|known| *known == byte)?;
            bits.extend((0..6).rev().map(|shift| six >> shift & 1 == 1));
        }
        Some(Self { bits, at: 0 })
    }

    const fn left(&self) -> usize {
        self.bits.len() - self.at
    }

    fn take(&mut self, count: u32) -> Option<&[bool]> {
        let end = self.at + count as usize;
        let taken = self.bits.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// A number of at most 32 bits.
    fn number(&mut self, count: u32) -> Option<u32> {
        self.take(count).map(|bits| bits.iter().fold(0, |n, bit| n << 1 | u32::from(*bit)))
    }

    /// So many decimal digits, zeros in front kept; `None` when the bits say a larger number.
    fn digits(&mut self, count: u32) -> Option<String> {
        let mut digits = vec![0u8; count as usize];
        for bit in self.take(value_bits(count))? {
            let mut carry = u8::from(*bit);
            for digit in digits.iter_mut().rev() {
                let twice = *digit * 2 + carry;
                (*digit, carry) = (twice % 10, twice / 10);
            }
            if carry != 0 {
                return None;
            }
        }
        Some(digits.iter().map(|digit| char::from(b'0' + digit)).collect())
    }

    /// So many characters, in the encoding that is told first.
    fn text(&mut self, encoding: u32, count: u32) -> Option<String> {
        let digit = |n| char::from_digit(n, 16);
        let width = match encoding {
            0 => return self.digits(count),
            1 | 2 => 4,
            3 => 6,
            4 => 7,
            _ => return None,
        };
        (0..count)
            .map(|_| {
                let n = self.number(width)?;
                match encoding {
                    1 => digit(n),
                    2 => digit(n).map(|c| c.to_ascii_uppercase()),
                    3 => ALPHABET.get(n as usize).map(|b| char::from(*b)),
                    _ => char::from_u32(n).filter(|c| c.is_ascii_graphic() || *c == ' '),
                }
            })
            .collect()
    }

    fn value(&mut self, ai: &str) -> Option<String> {
        let mut value = String::new();
        for part in form(ai)? {
            value += &match *part {
                D(count) => self.digits(count)?,
                Ds(most) => {
                    let count = self.number(length_bits(most)).filter(|n| *n <= most)?;
                    self.digits(count)?
                }
                T(count) => {
                    let encoding = self.number(3)?;
                    self.text(encoding, count)?
                }
                Ts(most) => {
                    let encoding = self.number(3)?;
                    let count = self.number(length_bits(most)).filter(|n| *n <= most)?;
                    self.text(encoding, count)?
                }
            };
        }
        Some(value)
    }
}

/// Bits of a number of so many decimal digits.
const fn value_bits(digits: u32) -> u32 {
    (digits * 3_321_928 + 10_000).div_ceil(1_000_000)
}

/// Bits that tell a length of at most so much.
const fn length_bits(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

/// Digits of an application identifier that begins so.
const fn width(first: u32) -> Option<u32> {
    match first {
        0..=2 | 10..=13 | 15..=17 | 20..=22 | 30 | 37 | 90..=99 => Some(2),
        23..=25 | 40..=42 | 71 => Some(3),
        31..=36 | 39 | 43 | 70 | 72 | 80..=82 => Some(4),
        _ => None,
    }
}

/// The parts of an identifier's value. Leading zeros count: `01` is not `1`.
fn form(ai: &str) -> Option<&'static [Part]> {
    let number: u16 = ai.parse().ok()?;
    let (.., parts) = FORMS.iter().find(|(first, last, _)| (*first..=*last).contains(&number))?;
    Some(parts)
}

/// Every identifier with its value, and pairs of no GS1 identifier, in the order they were written.
fn elements(segment: &str, listed: bool) -> Option<Vec<(String, String)>> {
    let mut bits = Bits::of(segment)?;
    let mut out = Vec::new();
    let sequences = || LISTED.iter().filter(|_| listed).chain(SEQUENCES);
    while bits.left() > 8 {
        let first = bits.number(4)?;
        let second = bits.number(4)?;
        let byte = u8::try_from(first << 4 | second).ok()?;
        if first < 10 && second < 10 {
            let mut ai = first * 10 + second;
            let width = width(ai)?;
            for _ in 2..width {
                ai = ai * 10 + bits.number(4).filter(|digit| *digit < 10)?;
            }
            let ai = format!("{ai:0width$}", width = width as usize);
            let value = bits.value(&ai)?;
            out.push((ai, value));
        } else if let Some((_, sequence)) = sequences().find(|(code, _)| *code == byte) {
            for ai in *sequence {
                let value = bits.value(ai)?;
                out.push(((*ai).to_owned(), value));
            }
        } else if first == 0xF {
            let length = second << 3 | bits.number(3)?;
            let key = bits.text(3, length)?;
            let encoding = bits.number(3)?;
            let count = bits.number(7)?;
            let value = bits.text(encoding, count)?;
            out.push((key, value));
        } else {
            return None;
        }
    }
    // what is left fills the last character
    bits.bits[bits.at..].iter().all(|bit| !bit).then_some(out)
}

fn escaped(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The plain path and query of a compressed path: `/DwnYUc1gmiGyBhQ…` alone, or behind a primary key as in
/// `/01/09520123456788/EGIhBhQ`. `None` when it is no compressed Digital Link.
///
/// ```
/// assert_eq!(epcis::ident::decompress("/about"), None);
/// ```
#[must_use]
pub fn decompress(path: &str) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (before, segment) = path.rsplit_once('/').map_or((None, path), |(before, last)| (Some(before), last));
    if segment.is_empty() || segment.len() > LONGEST {
        return None;
    }
    [false, true].into_iter().find_map(|listed| plain(before, elements(segment, listed)?))
}

/// Whether a date is none: `YYMMDD`, the day may be 00.
fn no_date((ai, value): &(String, String)) -> bool {
    let number = |at: std::ops::Range<usize>| value.get(at).and_then(|digits| digits.parse::<u32>().ok());
    matches!(&**ai, "11" | "12" | "13" | "15" | "16" | "17")
        && !(number(2..4).is_some_and(|month| (1..=12).contains(&month))
            && number(4..6).is_some_and(|day| day <= 31))
}

/// The path and query of elements, when they are those of a valid link.
fn plain(before: Option<&str>, mut all: Vec<(String, String)>) -> Option<String> {
    if all.is_empty() || all.iter().any(no_date) {
        return None;
    }
    if let Some(before) = before {
        let (key, value) = before.split_once('/').filter(|(_, value)| !value.contains('/'))?;
        all.insert(0, (key.to_owned(), value.to_owned()));
    }
    let (key, name) = all
        .iter()
        .find_map(|(ai, _)| KEYS.iter().find(|(key, name, ..)| key == ai || name == ai))
        .map(|(key, name, ..)| (*key, *name))?;
    let take = |all: &mut Vec<(String, String)>, ai: &str, name: &str| {
        let at = all.iter().position(|(found, _)| *found == ai || *found == name)?;
        Some(all.remove(at).1)
    };
    let mut out = String::new();
    let mut step = |ai: &str, value: &str| {
        out.push('/');
        out.push_str(ai);
        out.push('/');
        escaped(&mut out, value);
    };
    let value = take(&mut all, key, name)?;
    step(key, &value);
    for ai in qualifiers_of(key) {
        if let Some(value) = take(&mut all, ai, ai) {
            step(ai, &value);
        }
    }
    super::DigitalLink::read(&out).ok()?;
    for (n, (ai, value)) in all.iter().enumerate() {
        out.push(if n == 0 { '?' } else { '&' });
        escaped(&mut out, ai);
        out.push('=');
        escaped(&mut out, value);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::decompress;

    // written by GS1DigitalLinkToolkit.js of GS1 (Apache-2.0, commit 52dc9ce), with and without its optimisations
    #[test]
    fn compressed_links_of_the_toolkit_become_the_links_they_were() {
        for (compressed, plain) in [
            ("/GhFRJydaKIlXglgZQKMDk", "/01/09520123456788/10/ABC1/21/12345?17=180426"),
            ("/ARFRJydaKCCJV4IuWBlEIKMDk", "/01/09520123456788/10/ABC1/21/12345?17=180426"),
            ("/ARFRJydaKA", "/01/09520123456788"),
            ("/01/09520123456788/EESrwRcsDK", "/01/09520123456788/10/ABC1?17=180426"),
            // by hand: the toolkit computes with floating numbers and loses the last digits of an SSCC
            ("/AEuFx6gneNyw", "/00/340123453111111115"),
            ("/nSMyqKiTk60U", "/414/9520123456788/254/32a"),
            ("/JUIzKkFIqJOTrRQ", "/414/9520123456788/254/32a"),
            ("/ChFRJydaKIRUIA4lrQ5gQzwUmrBX6g", "/01/09520123456788/22/2A/10/1234567?30=12&k1=v1"),
            ("/ARFRJydaKCAOJa0ORIRUYEM8FJqwV-o", "/01/09520123456788/22/2A/10/1234567?30=12&k1=v1"),
            ("/DBFRJydaKJFXm94k", "/01/09520123456788/21/ABCDEF12"),
            ("/DBFRJydaKFFXm94lIwXoy7Nm9f338tmQ", "/01/09520123456788/21/abcdef12?91=hello%2Fworld"),
        ] {
            assert_eq!(decompress(compressed).as_deref(), Some(plain), "{compressed}");
        }
        let all = decompress("/AQyNo0UVqCDMWcn920Kn-N4ug_ukLLjln_6YgYAF6").unwrap_or_default();
        let (path, query) = all.split_once('?').unwrap_or_default();
        assert_eq!(path, "/01/06901234567892/10/LOT-7a/21/xyz_9");
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        assert_eq!(query, ["15=261231", "17=270301", "3103=000189"]);
    }

    #[test]
    fn what_is_no_compressed_link_is_none() {
        for path in [
            "/",
            "/about",
            "/desk",
            "/01/09520123456788",
            "/01/09520123456788/10/LOT1",
            "/notices",
            // a wrong check digit
            "/ARFRJydaKQ",
            "/ARFRJydaLA",
            "/A",
            "/AAAA",
            "/____________",
            "/ARFRJydaKA=",
            "/a b",
        ] {
            assert_eq!(decompress(path), None, "{path}");
        }
    }
}
