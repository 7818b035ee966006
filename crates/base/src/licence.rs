//! Numbers of food licences and filings: SC (production), JY (business), YB (filing of pre-packaged food sellers).

use crate::text::halfwidth;
use crate::{RegionCode, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// What a number licenses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LicenceKind {
    /// 食品生产许可: production, `SC`.
    #[serde(rename = "SC")]
    Production,
    /// 食品经营许可: sales, catering, canteens, `JY`.
    #[serde(rename = "JY")]
    Business,
    /// 仅销售预包装食品备案: filing by a seller of pre-packaged food only, `YB`.
    #[serde(rename = "YB")]
    Filing,
}

impl LicenceKind {
    /// The two letters printed before the digits.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Production => "SC",
            Self::Business => "JY",
            Self::Filing => "YB",
        }
    }

    /// The name of the licence.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::Production => Text::of("食品生产许可", "Food production licence"),
            Self::Business => Text::of("食品经营许可", "Food business licence"),
            Self::Filing => Text::of("仅销售预包装食品备案", "Pre-packaged food seller filing"),
        }
    }

    /// How many digits the class or business form takes before the region: 3 for SC, 1 for JY and YB.
    const fn class_len(self) -> usize {
        match self {
            Self::Production => 3,
            Self::Business | Self::Filing => 1,
        }
    }
}

/// A named class of licence.
#[derive(Debug, Deserialize)]
struct Class {
    kind: LicenceKind,
    class: String,
    zh: String,
    en: String,
}

static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let table = include_str!("../../../rulebook/cn/licences/classes.csv");
    csv::Reader::from_reader(table.as_bytes()).deserialize().filter_map(Result::ok).collect()
});

/// What a class of licences is called (`101` of SC: 粮食加工品); `None` for a class the rulebook does not list.
#[must_use]
pub fn class_name(kind: LicenceKind, class: &str) -> Option<Text> {
    let found = CLASSES.iter().find(|c| c.kind == kind && c.class == class)?;
    Some(Text::new(found.zh.as_str(), found.en.as_str()))
}

/// A number of the right shape: prefix and 14 digits. Its check digit may be wrong; see [`CheckState`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenceNo {
    kind: LicenceKind,
    digits: [u8; 14],
}

/// Whether the check digit (ISO 7064 MOD 11,10, GB/T 17710) matches. Misprinted genuine licences exist,
/// so a failure is flagged and never a reason to refuse the number. That YB numbers use the same check is unverified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// The check digit matches.
    Ok,
    /// It does not.
    Failed {
        /// The digit (0–9) that the first thirteen require.
        expected: u8,
    },
}

impl CheckState {
    /// The warning to show beside a number that fails.
    #[must_use]
    pub fn warning(self) -> Option<Text> {
        match self {
            Self::Ok => None,
            Self::Failed { expected } => Some(Text::new(
                format!("许可证编号校验位不符（应为 {expected}），可能误录、误印或伪造，请核验原件"),
                format!(
                    "the licence number fails its check digit (should be {expected}): mistyped, misprinted or forged; verify against the original"
                ),
            )),
        }
    }
}

/// Why a text is not a licence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum LicenceError {
    /// Does not begin with SC, JY or YB.
    Prefix,
    /// Not 14 digits after the prefix (the number of characters found).
    Length(usize),
    /// Something other than a digit after the prefix.
    Digit {
        /// 1 to 14, counted after the prefix.
        position: usize,
        /// The character found.
        found: char,
    },
}

impl LicenceError {
    /// The message for the person who typed the number.
    #[must_use]
    pub fn text(&self) -> Text {
        match *self {
            Self::Prefix => Text::of(
                "许可证编号应以 SC（生产）、JY（经营）或 YB（备案）开头",
                "a licence number begins with SC (production), JY (business) or YB (filing)",
            ),
            Self::Length(n) => Text::new(
                format!("许可证编号字母后应为 14 位数字，现为 {n} 位"),
                format!("a licence number has 14 digits after its letters, found {n}"),
            ),
            Self::Digit { position, found } => Text::new(
                format!("许可证编号第 {position} 位“{found}”应为数字"),
                format!("character {position} '{found}' of the licence number must be a digit"),
            ),
        }
    }
}

fn check_digit(first: &[u8]) -> u8 {
    let mut p = 10u8;
    for d in first {
        p = (p + d) % 10;
        if p == 0 {
            p = 10;
        }
        p = 2 * p % 11;
    }
    (11 - p) % 10
}

impl LicenceNo {
    /// Reads a number; spaces, full-width and lower-case letters are accepted. The check state comes with it.
    ///
    /// # Errors
    /// Only when the shape is wrong: prefix, length, a non-digit.
    pub fn parse(text: &str) -> Result<(Self, CheckState), LicenceError> {
        let number: Self = text.parse()?;
        Ok((number, number.check()))
    }

    /// Whether the check digit matches.
    #[must_use]
    pub fn check(&self) -> CheckState {
        let expected = check_digit(&self.digits[..13]);
        if expected == self.digits[13] { CheckState::Ok } else { CheckState::Failed { expected } }
    }

    /// What it licenses.
    #[must_use]
    pub const fn kind(&self) -> LicenceKind {
        self.kind
    }

    fn digits(&self) -> String {
        self.digits.iter().map(|d| char::from(b'0' + d)).collect()
    }

    /// The class digits: for SC three (first digit 1 food, 2 additive; then the class), for JY and YB one
    /// (the business form).
    #[must_use]
    pub fn class(&self) -> String {
        self.digits()[..self.kind.class_len()].to_owned()
    }

    /// The six region digits as printed: those of the day of issue, not always of today's GB/T 2260.
    #[must_use]
    pub fn region(&self) -> String {
        let at = self.kind.class_len();
        self.digits()[at..at + 6].to_owned()
    }

    /// Makes a fictitious but well-formed number, for tests and the demo. `class` is taken modulo 1000 for SC
    /// and modulo 10 otherwise, `seq` modulo 10⁴ for SC and 10⁶ otherwise.
    #[must_use]
    pub fn issue(kind: LicenceKind, class: u16, region: &RegionCode, seq: u32) -> Self {
        let text = match kind {
            LicenceKind::Production => format!("{:03}{}{:04}", class % 1000, region.six(), seq % 10_000),
            LicenceKind::Business | LicenceKind::Filing => {
                format!("{}{}{:06}", class % 10, region.six(), seq % 1_000_000)
            }
        };
        let mut digits = [0u8; 14];
        for (slot, b) in digits.iter_mut().zip(text.bytes()) {
            *slot = b.wrapping_sub(b'0') % 10;
        }
        digits[13] = check_digit(&digits[..13]);
        Self { kind, digits }
    }
}

impl FromStr for LicenceNo {
    type Err = LicenceError;

    fn from_str(text: &str) -> Result<Self, LicenceError> {
        let text: String = halfwidth(text).to_uppercase().chars().filter(|c| !c.is_whitespace()).collect();
        let kinds = [LicenceKind::Production, LicenceKind::Business, LicenceKind::Filing];
        let (kind, rest) = kinds
            .into_iter()
            .find_map(|k| text.strip_prefix(k.prefix()).map(|rest| (k, rest)))
            .ok_or(LicenceError::Prefix)?;
        let mut digits = [0u8; 14];
        let count = rest.chars().count();
        if count != 14 {
            return Err(LicenceError::Length(count));
        }
        for (i, found) in rest.chars().enumerate() {
            let digit = found.to_digit(10).and_then(|d| u8::try_from(d).ok());
            digits[i] = digit.ok_or(LicenceError::Digit { position: i + 1, found })?;
        }
        Ok(Self { kind, digits })
    }
}

impl fmt::Display for LicenceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.prefix(), self.digits())
    }
}

impl fmt::Debug for LicenceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LicenceNo({self})")
    }
}

impl Serialize for LicenceNo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LicenceNo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_class_has_its_name_in_both_languages() {
        assert_eq!(CLASSES.len(), 40);
        let of = |kind, class| class_name(kind, class).map(|t| (t.zh.into_owned(), t.en.into_owned()));
        let grain = Some(("粮食加工品".to_owned(), "Grain products".to_owned()));
        assert_eq!(of(LicenceKind::Production, "101"), grain);
        assert_eq!(of(LicenceKind::Business, "3").unwrap().0, "集中用餐单位食堂");
        assert_eq!(of(LicenceKind::Business, "101"), None);
        assert!(CLASSES.iter().all(|c| !c.zh.is_empty() && !c.en.is_empty()));
    }

    #[test]
    fn numbers_on_public_labels_pass_or_are_flagged_but_never_refused() {
        let passing = [
            "SC10741018302531",
            "SC10744030704994",
            "SC11351090100010",
            "SC12434017430075",
            "SC12336098200173",
            "SC11435078213641",
            "SC12744040400094",
            "JY11108071215650",
            "JY23506230105266",
        ];
        for number in passing {
            assert_eq!(LicenceNo::parse(number).unwrap().1, CheckState::Ok, "{number}");
        }
    }

    #[test]
    fn parts_are_read_as_printed() {
        let (sc, _) = LicenceNo::parse("sc 10741018302531").unwrap();
        assert_eq!(
            (sc.kind(), sc.class(), sc.region()),
            (LicenceKind::Production, "107".into(), "410183".into())
        );
        let (jy, _) = LicenceNo::parse("ＪＹ11108071215650").unwrap();
        assert_eq!((jy.class().as_str(), jy.region().as_str()), ("1", "110807")); // Beijing's own code, kept
    }

    #[test]
    fn a_wrong_shape_is_refused_by_name() {
        for (number, expected) in [
            ("QS620106010001", LicenceError::Prefix),
            ("10741018302531", LicenceError::Prefix),
            ("SC1074101830253", LicenceError::Length(13)),
            ("SC1074101830253A", LicenceError::Digit { position: 14, found: 'A' }),
        ] {
            assert_eq!(LicenceNo::parse(number), Err(expected), "{number}");
        }
        assert_eq!(LicenceNo::parse("SC10741018302532").unwrap().1, CheckState::Failed { expected: 1 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn issued_numbers_pass_and_one_wrong_digit_is_flagged(class in 0u16..1000, seq in 0u32..1_000_000, at in 2usize..16, with in 0u8..10) {
            for kind in [LicenceKind::Production, LicenceKind::Business, LicenceKind::Filing] {
                let number = LicenceNo::issue(kind, class, &"620102".parse().unwrap(), seq);
                prop_assert_eq!(number.region(), "620102");
                prop_assert_eq!(LicenceNo::parse(&number.to_string()), Ok((number, CheckState::Ok)));
                let mut bad = number.to_string().into_bytes();
                bad[at] = b'0' + with;
                let bad = String::from_utf8(bad).unwrap();
                prop_assume!(bad != number.to_string());
                prop_assert_ne!(LicenceNo::parse(&bad).unwrap().1, CheckState::Ok);
            }
        }
    }
}
