//! Reading the path of a Digital Link strictly, as a resolver must: what is wrong is named, check digits are demanded.

use super::link::{Form, KEYS, Key};
use super::{DigitalLink, check_digit};
use base::Text;

/// Why a path is no GS1 Digital Link (GS1 Digital Link URI syntax; General Specifications §3 and §7.9).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum LinkError {
    /// It does not begin with a primary identification key.
    NoKey,
    /// The value of an application identifier has another form.
    Value {
        /// Application identifier.
        ai: &'static str,
        /// What its value must be.
        form: Form,
        /// What was given.
        found: String,
    },
    /// The check digit does not match: mistyped.
    CheckDigit {
        /// Application identifier.
        ai: &'static str,
        /// The digits with the wrong check digit.
        found: String,
        /// The digit that would be right.
        right: char,
    },
    /// What follows is no qualifier of this key.
    Qualifier {
        /// Primary key.
        key: &'static str,
        /// What was given as a qualifier.
        found: String,
        /// Qualifiers the key has, comma-separated; may be empty.
        allowed: String,
    },
    /// A qualifier stands twice or before one that must precede it.
    Order {
        /// The qualifier.
        ai: &'static str,
        /// The order of the key's qualifiers.
        order: String,
    },
    /// Two qualifiers that one key never has together.
    Apart {
        /// One.
        ai: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A part of the value breaks the rule of its application identifier.
    Rule {
        /// Application identifier.
        ai: &'static str,
        /// What is asked for.
        rule: Text,
        /// What was given.
        found: String,
    },
    /// The last application identifier has no value.
    Missing {
        /// Application identifier.
        ai: &'static str,
    },
}

impl LinkError {
    /// The message in both languages, naming the remedy.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NoKey => Text::of(
                "链接中没有 GS1 主标识。请写成 /01/商品条码/10/批号、/00/SSCC、/414/位置码 等形式。",
                "The path has no GS1 primary key; write /01/GTIN/10/LOT, /00/SSCC, /414/GLN and so on.",
            ),
            Self::Value { ai, form, found } => Text::new(
                format!("应用标识符 ({ai}) 的值应为{}，实为“{found}”。", form.text().zh),
                format!("The value of ({ai}) must be {}, not \"{found}\".", form.text().en),
            ),
            Self::CheckDigit { ai, found, right } => Text::new(
                format!("({ai}) {found} 的校验位不对，应为 {right}，请对照包装核对。"),
                format!(
                    "The check digit of ({ai}) {found} is wrong, it should be {right}; compare with the package."
                ),
            ),
            Self::Qualifier { key, found, allowed } if allowed.is_empty() => Text::new(
                format!("主标识 ({key}) 之后不能再有“{found}”。"),
                format!("Nothing may follow the key ({key}), but \"{found}\" does."),
            ),
            Self::Qualifier { key, found, allowed } => Text::new(
                format!("“{found}”不是主标识 ({key}) 的限定符；可用：{allowed}。"),
                format!("\"{found}\" is no qualifier of ({key}); those are {allowed}."),
            ),
            Self::Order { ai, order } => Text::new(
                format!("限定符 ({ai}) 重复或顺序不对，应按 {order} 的顺序。"),
                format!("The qualifier ({ai}) is repeated or out of order; the order is {order}."),
            ),
            Self::Apart { ai, other } => Text::new(
                format!("限定符 ({ai}) 与 ({other}) 不能同时使用，请去掉其中一个。"),
                format!("The qualifiers ({ai}) and ({other}) are never used together; leave one out."),
            ),
            Self::Rule { ai, rule, found } => Text::new(
                format!("应用标识符 ({ai}) 的值“{found}”不合规则：{}。", rule.zh),
                format!("The value \"{found}\" of ({ai}) breaks its rule: {}.", rule.en),
            ),
            Self::Missing { ai } => Text::new(
                format!("应用标识符 ({ai}) 后面缺少值。"),
                format!("There is no value after the application identifier ({ai})."),
            ),
        }
    }
}

/// How many leading characters of a key's value end in a check digit.
fn checked_length(ai: &str, value: &str) -> Option<usize> {
    match ai {
        "00" | "01" | "402" | "414" | "417" | "8017" | "8018" => Some(value.len()),
        "253" | "255" => Some(13),
        "8003" | "8006" => Some(14),
        _ => None,
    }
}

/// The primary keys: application identifier and the older short name.
pub fn primary_keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().map(|(ai, name, ..)| (*ai, *name))
}

/// The qualifiers of a primary key, in order.
pub(super) fn qualifiers_of(key: &str) -> impl Iterator<Item = &'static str> {
    find(&KEYS, key).into_iter().flat_map(|(_, _, _, allowed)| allowed.iter().map(|(ai, ..)| *ai))
}

impl DigitalLink {
    /// Reads a path that begins with a primary key: `/01/06901234567892/10/LOT1`. Short names (`gtin`, `lot`) are
    /// understood, a slash at the end is passed over; percent escapes are resolved.
    ///
    /// # Errors
    /// What is wrong with it, and the check digit that would be right.
    pub fn read(path: &str) -> Result<Self, LinkError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let (step, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some((ai, _, form, allowed)) = find(&KEYS, step) else { return Err(LinkError::NoKey) };
        let mut steps = rest.split('/');
        let first = steps.next().filter(|v| !v.is_empty()).ok_or(LinkError::Missing { ai })?;
        let value = read(ai, *form, first)?;
        // the digits as given: a GTIN-13 is padded in front, which changes no check digit
        if let Some(digits) = checked_length(ai, &value).and_then(|length| value.get(..length)) {
            verify(ai, digits)?;
        }
        obeys(ai, &value)?;
        let order = || allowed.iter().map(|(q, ..)| *q).collect::<Vec<_>>().join(", ");
        let mut qualifiers: Vec<(&'static str, String)> = Vec::new();
        let mut least = 0;
        while let Some(step) = steps.next() {
            let at = allowed.iter().position(|(q, name, _)| *q == step || *name == step);
            let Some(at) = at else {
                return Err(LinkError::Qualifier { key: ai, found: step.to_owned(), allowed: order() });
            };
            let (q, _, form) = allowed[at];
            if at < least {
                return Err(LinkError::Order { ai: q, order: order() });
            }
            least = at + 1;
            // GS1 syntax dictionary, `dlpkey`: 01 has 22, 10, 21 or 235; 414 has 254 or 7040
            let alone = |ai: &str| matches!((ai, q), ("22" | "10" | "21", "235") | ("254", "7040"));
            if let Some((other, _)) = qualifiers.iter().find(|(before, _)| alone(before)) {
                return Err(LinkError::Apart { ai: q, other });
            }
            let given = steps.next().filter(|v| !v.is_empty()).ok_or(LinkError::Missing { ai: q })?;
            let value = read(q, form, given)?;
            obeys(q, &value)?;
            qualifiers.push((q, value));
        }
        Ok(Self { key: ai, value, qualifiers })
    }

    /// The path with every qualifier, in the order of the standard: `/01/06901234567892/22/A/10/LOT1/21/7`.
    #[must_use]
    pub fn path(&self) -> String {
        self.path_of(&self.qualifiers)
    }

    /// The paths a resolver looks at for links, this one first, the primary key alone last: with ever fewer qualifiers, the
    /// finest of them kept longest.
    #[must_use]
    pub fn levels(&self) -> Vec<String> {
        let count = self.qualifiers.len().min(8);
        // the highest bit is the finest qualifier: counting down drops coarse ones before it
        (0..1usize << count)
            .rev()
            .map(|kept| {
                let chosen: Vec<_> =
                    (0..count).filter(|i| kept >> i & 1 == 1).map(|i| self.qualifiers[i].clone()).collect();
                self.path_of(&chosen)
            })
            .collect()
    }

    fn path_of(&self, qualifiers: &[(&'static str, String)]) -> String {
        let mut out = format!("/{}/{}", self.key, self.value);
        for (ai, value) in qualifiers {
            out.push('/');
            out.push_str(ai);
            out.push('/');
            out.push_str(value);
        }
        out
    }
}

/// The rules of single application identifiers beyond length, characters and check digit (GS1 syntax dictionary: `zero`,
/// `pieceoftotal`, `csumalpha`, `nozeroprefix`, character set 39).
fn obeys(ai: &'static str, value: &str) -> Result<(), LinkError> {
    // values are canonical: what a path must escape is escaped in them
    let plain = || percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    let rule = match ai {
        "8003" if !value.starts_with('0') => Text::of("第一位应为 0", "the first digit is 0"),
        "8006" if !is_piece_of_total(value) => Text::of(
            "末四位为第几件与总件数，件序应在总数之内",
            "the last four digits are piece and total, such as 0102",
        ),
        "8010" if !plain().bytes().all(|b| matches!(b, b'#' | b'-' | b'/' | b'0'..=b'9' | b'A'..=b'Z')) => {
            Text::of("只用大写字母、数字和 # - /", "capital letters, digits and # - / only")
        }
        "8011" if value.len() > 1 && value.starts_with('0') => {
            Text::of("不以 0 开头", "it does not begin with a zero")
        }
        "7040" if value.len() != 4 || !value.starts_with(|c: char| c.is_ascii_digit()) => {
            Text::of("一位数字加三个字符", "a digit and three characters")
        }
        "8013" => match model_check(&plain()) {
            Some(right) if !plain().ends_with(&right) => Text::new(
                format!("末两位校验字符应为 {right}"),
                format!("its last two characters, the check pair, should be {right}"),
            ),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    Err(LinkError::Rule { ai, rule, found: plain().into_owned() })
}

/// Whether the last four digits are a piece, from 01, and the total it is one of.
fn is_piece_of_total(value: &str) -> bool {
    let Some((piece, total)) = value.get(14..18).map(|pair| pair.split_at(2)) else { return false };
    piece != "00" && piece <= total
}

/// The check pair of a Global Model Number (General Specifications §7.9.5): weighted by primes, the greatest first, modulo 1021.
fn model_check(value: &str) -> Option<String> {
    const SIGNS: &str = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const PAIR: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    const PRIMES: [usize; 23] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];
    let body = value.get(..value.len().checked_sub(2)?)?;
    let mut sum = 0;
    for (sign, prime) in body.chars().rev().zip(PRIMES) {
        sum += SIGNS.find(sign)? * prime;
    }
    let sum = sum % 1021;
    Some([sum >> 5, sum & 31].map(|n| char::from(PAIR[n])).iter().collect())
}

fn find(keys: &'static [Key], step: &str) -> Option<&'static Key> {
    keys.iter().find(|(ai, name, ..)| *ai == step || *name == step)
}

fn read(ai: &'static str, form: Form, text: &str) -> Result<String, LinkError> {
    form.read(text).ok_or_else(|| LinkError::Value { ai, form, found: text.chars().take(60).collect() })
}

fn verify(ai: &'static str, digits: &str) -> Result<(), LinkError> {
    let (body, last) = digits.split_at(digits.len().saturating_sub(1));
    match check_digit(body) {
        Some(right) if !last.starts_with(right) => {
            Err(LinkError::CheckDigit { ai, found: digits.to_owned(), right })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_to_its_canonical_one() {
        for (path, canonical) in [
            ("/01/06901234567892", "/01/06901234567892"),
            ("/01/6901234567892/", "/01/06901234567892"),
            ("/gtin/6901234567892/lot/A%2f1", "/01/06901234567892/10/A%2F1"),
            ("/01/06901234567892/22/2A/10/L1/21/7", "/01/06901234567892/22/2A/10/L1/21/7"),
            ("/01/96385074", "/01/00000096385074"),
            ("/00/106141412345678908", "/00/106141412345678908"),
            ("/414/0614141000005/254/7A", "/414/0614141000005/254/7A"),
            ("/8006/069012345678920102/21/9", "/8006/069012345678920102/21/9"),
            ("/8003/00614141234561ABC", "/8003/00614141234561ABC"),
            ("/8004/4012345ABC345", "/8004/4012345ABC345"),
            ("/253/4012345000092PO-4711", "/253/4012345000092PO-4711"),
            ("/01/06901234567892/235/TP%2FX", "/01/06901234567892/235/TP%2FX"),
            ("/414/0614141000005/7040/1ABC", "/414/0614141000005/7040/1ABC"),
            ("/8006/069012345678920202", "/8006/069012345678920202"),
            ("/8010/4012345%23A-1/8011/12", "/8010/4012345%23A-1/8011/12"),
            ("/8013/1987654Ad4X4bL5ttr2310c2K", "/8013/1987654Ad4X4bL5ttr2310c2K"),
        ] {
            assert_eq!(DigitalLink::read(path).map(|l| l.path()).as_deref(), Ok(canonical), "{path}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_remedy() {
        for (path, says) in [
            ("/", "no GS1 primary key"),
            ("/nothing/here", "no GS1 primary key"),
            ("/01", "no value after the application identifier (01)"),
            ("/01/06901234567891", "it should be 2"),
            ("/01/notagtin", "8, 12, 13 or 14 digits"),
            ("/01/06901234567892/8011/5", "those are 22, 10, 21, 235"),
            ("/01/06901234567892/10", "no value after the application identifier (10)"),
            ("/01/06901234567892/10/", "no value after the application identifier (10)"),
            ("/01/06901234567892/21/7/10/A", "the order is 22, 10, 21, 235"),
            ("/01/06901234567892/10/A/10/B", "repeated"),
            ("/01/06901234567892/10/ABCDEFGHIJKLMNOPQRSTU", "1 to 20"),
            ("/01/06901234567892/10/%E6%89%B9", "1 to 20"),
            ("/00/106141412345678900", "it should be 8"),
            ("/00/106141412345678908/10/A", "Nothing may follow"),
            ("/414/0614141000006", "it should be 5"),
            ("/8003/00614141234560ABC", "it should be 1"),
            ("/8017/000000000000000001", "it should be 0"),
            ("/01/06901234567892/10/L/235/T", "(235) and (10) are never used together"),
            ("/01/06901234567892/22/A/235/T", "(235) and (22) are never used together"),
            ("/414/0614141000005/254/1/7040/1ABC", "(7040) and (254) are never used together"),
            ("/414/0614141000005/7040/AABC", "a digit and three characters"),
            ("/417/0614141000005/7040/1AB", "a digit and three characters"),
            ("/8003/10614141234568", "the first digit is 0"),
            ("/8006/069012345678920302", "piece and total"),
            ("/8006/069012345678920000", "piece and total"),
            ("/8010/4012345abc", "capital letters"),
            ("/8010/4012345ABC/8011/0012", "does not begin with a zero"),
            ("/8013/1987654Ad4X4bL5ttr2310c2X", "should be 2K"),
        ] {
            let error = DigitalLink::read(path).unwrap_err();
            assert!(error.to_string().contains(says), "{path}: {error}");
            assert!(!error.text().zh.is_empty());
        }
    }

    #[test]
    fn a_resolver_walks_up_from_the_serial_number_over_the_lot_to_the_product() {
        let link = DigitalLink::read("/01/06901234567892/10/L1/21/7").unwrap();
        assert_eq!(
            link.levels(),
            [
                "/01/06901234567892/10/L1/21/7",
                "/01/06901234567892/21/7",
                "/01/06901234567892/10/L1",
                "/01/06901234567892",
            ]
        );
        assert_eq!(DigitalLink::read("/00/106141412345678908").unwrap().levels().len(), 1);
    }
}
