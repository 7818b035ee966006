//! Quantities with units: trade (UN/ECE Recommendation 20), and the units of food chemistry and microbiology.

mod unit;

pub use unit::{Dimension, Unit};

use crate::text::halfwidth;
use crate::{Decimal, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Why a quantity cannot be read, added or converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum QuantityError {
    /// No unit of this name.
    UnknownUnit(String),
    /// The two units measure different things.
    Incompatible(Unit, Unit),
    /// The result needs more than 28 digits.
    Overflow,
}

impl QuantityError {
    /// The message for the person who entered the quantity.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::UnknownUnit(name) => Text::new(
                format!("未知计量单位“{name}”，请使用法定计量单位，如 kg、mg/kg、L、个"),
                format!("unknown unit '{name}'; use a unit such as kg, mg/kg, L or pc"),
            ),
            Self::Incompatible(a, b) => Text::new(
                format!("单位“{}”与“{}”不能换算", a.symbol(), b.symbol()),
                format!("'{}' cannot be converted to '{}'", a.symbol(), b.symbol()),
            ),
            Self::Overflow => {
                Text::of("数值超出可精确表示的范围", "the number is too large to be held exactly")
            }
        }
    }
}

/// Brings the spellings of one unit together: half-width, no spaces, one micro sign, `ug` for `μg`.
fn fold(text: &str) -> String {
    let plain: String = halfwidth(text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '\u{b5}' | '\u{3bc}' => 'u',
            other => other,
        })
        .collect();
    let forms = [("℃", "°c"), ("㎎", "mg"), ("㎏", "kg"), ("mcg", "ug")];
    forms.iter().fold(plain.to_lowercase(), |text, (from, to)| text.replace(from, to))
}

impl Unit {
    /// The unit spelled as `text`: a Rec 20 code, a symbol, a Chinese name or a usual spelling.
    ///
    /// # Errors
    /// When no unit is spelled so.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let given = halfwidth(text);
        if let Some(unit) = Self::from_rec20(&given) {
            return Ok(unit);
        }
        let folded = fold(text);
        let named = |u: &&Self| {
            fold(u.symbol()) == folded
                || u.name().zh == given
                || u.aliases().iter().any(|a| fold(a) == folded)
        };
        Self::ALL.iter().find(named).copied().ok_or(QuantityError::UnknownUnit(given))
    }

    /// The unit of a Rec 20 (or 21) code, in capitals: `KGM`, `C62`, `EA`.
    #[must_use]
    pub fn from_rec20(code: &str) -> Option<Self> {
        // codes that name the same size: "59" is parts per million, "NX" per mille, "DMQ" the cubic decimetre
        let synonyms = [
            ("EA", Self::Piece),
            ("H87", Self::Piece),
            ("PCE", Self::Piece),
            ("NAR", Self::Piece),
            ("CMQ", Self::Millilitre),
            ("DMQ", Self::Litre),
            ("59", Self::MilligramPerKilogram),
            ("61", Self::MicrogramPerKilogram),
            ("NX", Self::GramPerKilogram),
        ];
        let known = Self::ALL.iter().find(|u| u.rec20() == Some(code)).copied();
        known.or_else(|| synonyms.into_iter().find(|(c, _)| *c == code).map(|(_, u)| u))
    }

    /// How many of the dimension's base unit one is, exactly.
    #[must_use]
    pub fn factor(self) -> Decimal {
        Decimal::from_str_exact(self.factor_text()).unwrap_or(Decimal::ONE)
    }

    /// What is added to an amount before it is multiplied by the factor: how far the unit's zero lies above the
    /// dimension's. Nothing but for Celsius and Fahrenheit.
    #[must_use]
    pub fn shift(self) -> Decimal {
        match self {
            Self::Celsius => Decimal::new(27_315, 2),
            Self::Fahrenheit => Decimal::new(45_967, 2),
            _ => Decimal::ZERO,
        }
    }

    /// Whether a quantity in this unit can be told in `other`.
    #[must_use]
    pub fn converts_to(self, other: Self) -> bool {
        self == other || self.dimension() == other.dimension() && self.dimension() != Dimension::Package
    }
}

impl FromStr for Unit {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.symbol())
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// An exact amount of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantity {
    /// How many.
    pub amount: Decimal,
    /// Of what.
    pub unit: Unit,
}

impl Quantity {
    /// An amount of a unit.
    #[must_use]
    pub const fn new(amount: Decimal, unit: Unit) -> Self {
        Self { amount, unit }
    }

    /// The same quantity in another unit, exactly: `0.02 %` is `200 mg/kg`. A conversion that has no finite decimal
    /// (pounds from kilograms) is rounded at 28 digits.
    ///
    /// # Errors
    /// When the units measure different things, or the number grows too large.
    pub fn to(self, unit: Unit) -> Result<Self, QuantityError> {
        if self.unit == unit {
            return Ok(self);
        }
        if !self.unit.converts_to(unit) {
            return Err(QuantityError::Incompatible(self.unit, unit));
        }
        let amount = self.base()?.checked_div(unit.factor()).ok_or(QuantityError::Overflow)?;
        let amount = amount.checked_sub(unit.shift()).ok_or(QuantityError::Overflow)?;
        Ok(Self { amount: amount.normalize(), unit })
    }

    /// The amount in the dimension's base unit, from its zero.
    fn base(self) -> Result<Decimal, QuantityError> {
        let from_zero = self.amount.checked_add(self.unit.shift()).ok_or(QuantityError::Overflow)?;
        from_zero.checked_mul(self.unit.factor()).ok_or(QuantityError::Overflow)
    }

    /// The sum, in the unit of the first.
    ///
    /// # Errors
    /// As [`Self::to`].
    pub fn plus(self, other: Self) -> Result<Self, QuantityError> {
        let amount = self.amount.checked_add(other.to(self.unit)?.amount).ok_or(QuantityError::Overflow)?;
        Ok(Self { amount, unit: self.unit })
    }

    /// The difference, in the unit of the first; it may be negative.
    ///
    /// # Errors
    /// As [`Self::to`].
    pub fn minus(self, other: Self) -> Result<Self, QuantityError> {
        self.plus(Self { amount: -other.amount, unit: other.unit })
    }

    /// Which of two quantities is greater.
    ///
    /// # Errors
    /// As [`Self::to`].
    pub fn compare(self, other: Self) -> Result<Ordering, QuantityError> {
        if !self.unit.converts_to(other.unit) {
            return Err(QuantityError::Incompatible(self.unit, other.unit));
        }
        Ok(self.base()?.cmp(&other.base()?))
    }

    /// Which of two differences is greater: a spread of 1 K is one of 1 ℃, whatever their zeros.
    ///
    /// # Errors
    /// As [`Self::to`].
    pub fn compare_spans(self, other: Self) -> Result<Ordering, QuantityError> {
        if !self.unit.converts_to(other.unit) {
            return Err(QuantityError::Incompatible(self.unit, other.unit));
        }
        let span = |q: Self| q.amount.checked_mul(q.unit.factor()).ok_or(QuantityError::Overflow);
        Ok(span(self)?.cmp(&span(other)?))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if matches!(self.unit, Unit::Percent | Unit::PercentByVolume) { "" } else { " " };
        write!(f, "{}{space}{}", self.amount, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(amount: &str, unit: &str) -> Quantity {
        Quantity::new(amount.parse().unwrap(), Unit::parse(unit).unwrap())
    }

    #[test]
    fn units_are_read_in_every_usual_spelling() {
        for (text, unit) in [
            ("KGM", Unit::Kilogram),
            ("KG", Unit::Kilogram),
            ("公斤", Unit::Kilogram),
            ("C62", Unit::Piece),
            ("EA", Unit::Piece),
            ("头", Unit::Head),
            ("ML", Unit::Millilitre),
            ("mg/kg", Unit::MilligramPerKilogram),
            ("ＭＧ／ＫＧ", Unit::MilligramPerKilogram),
            ("mg/Kg", Unit::MilligramPerKilogram),
            ("\u{b5}g/kg", Unit::MicrogramPerKilogram),
            ("\u{3bc}g/kg", Unit::MicrogramPerKilogram),
            ("ug/kg", Unit::MicrogramPerKilogram),
            ("μg/g", Unit::MilligramPerKilogram),
            ("微克/千克", Unit::MicrogramPerKilogram),
            ("g/100 g", Unit::GramPer100Gram),
            ("％", Unit::Percent),
            ("%vol", Unit::PercentByVolume),
            ("mg/100cm2", Unit::MilligramPer100SquareCentimetre),
            ("mg/g", Unit::MilligramPerGram),
            ("cfu/ml", Unit::ColoniesPerMillilitre),
            ("MPN/100g", Unit::ProbablePer100Gram),
            ("°C", Unit::Celsius),
        ] {
            assert_eq!(Unit::parse(text), Ok(unit), "{text}");
        }
        for text in ["", "mg/furlong", "公里"] {
            assert!(Unit::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_spelling_names_two_units() {
        for unit in Unit::ALL {
            assert_eq!(Unit::parse(unit.symbol()), Ok(*unit));
            assert_eq!(Unit::parse(&unit.name().zh), Ok(*unit), "{}", unit.name().zh);
            for alias in unit.aliases() {
                assert_eq!(Unit::parse(alias), Ok(*unit), "{alias}");
            }
            if let Some(code) = unit.rec20() {
                assert_eq!(Unit::from_rec20(code), Some(*unit));
            }
            assert!(unit.factor() > Decimal::ZERO);
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.symbol());
        }
    }

    #[test]
    fn conversions_inside_a_dimension_are_exact() {
        for (from, unit, expected) in [
            (q("0.02", "%"), "mg/kg", "200"),
            (q("0.5", "mg/kg"), "μg/kg", "500"),
            (q("1", "g/100g"), "g/kg", "10"),
            (q("20", "μg/kg"), "mg/kg", "0.02"),
            (q("1", "mg/100g"), "mg/kg", "10"),
            (q("3", "pg/g"), "ng/kg", "3"),
            (q("1.5", "t"), "kg", "1500"),
            (q("3", "斤"), "kg", "1.5"),
            (q("2", "打"), "个", "24"),
            (q("0.3", "g/L"), "mg/L", "300"),
            (q("2", "lb"), "g", "907.18474"),
            (q("4", "CEL"), "KEL", "277.15"),
            (q("-40", "CEL"), "FAH", "-40"),
            (q("41", "FAH"), "CEL", "5"),
            (q("1013.25", "A97"), "ATM", "1"),
            (q("2.5", "KMT"), "CMT", "250000"),
        ] {
            assert_eq!(
                from.to(Unit::parse(unit).unwrap()).unwrap().amount,
                expected.parse().unwrap(),
                "{from}"
            );
        }
    }

    #[test]
    fn different_measures_never_mix() {
        for (a, b) in
            [("mg/kg", "mg/L"), ("kg", "L"), ("箱", "袋"), ("箱", "个"), ("CFU/g", "MPN/g"), ("%", "%vol")]
        {
            let (a, b) = (q("1", a), q("1", b));
            let error = QuantityError::Incompatible(a.unit, b.unit);
            assert_eq!((a.to(b.unit), a.compare(b)), (Err(error.clone()), Err(error)));
            assert!(a.plus(b).is_err());
        }
        assert_eq!(q("2", "箱").plus(q("3", "箱")).unwrap(), q("5", "箱"));
        assert_eq!(q("1", "kg").minus(q("250", "g")).unwrap(), q("0.75", "kg"));
        assert_eq!(q("4", "CEL").compare(q("277.15", "KEL")), Ok(Ordering::Equal));
        assert_eq!(q("1", "CEL").compare_spans(q("1.8", "FAH")), Ok(Ordering::Equal));
        assert_eq!(q("0.2", "mg/kg").compare(q("200", "ug/kg")), Ok(Ordering::Equal));
        assert_eq!(q("1", "kg").plus(Quantity::new(Decimal::MAX, Unit::Tonne)), Err(QuantityError::Overflow));
        assert_eq!(q("1.50", "kg").to_string(), "1.50 kg");
        assert_eq!(q("3", "%").to_string(), "3%");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn there_and_back_is_the_same_quantity(
            mantissa in -1_000_000i64..1_000_000, scale in 0u32..4,
            from in prop::sample::select(Unit::ALL), to in prop::sample::select(Unit::ALL),
        ) {
            let quantity = Quantity::new(Decimal::new(mantissa, scale), from);
            match quantity.to(to) {
                Ok(other) => {
                    prop_assert!(from.converts_to(to));
                    let back = other.to(from).unwrap();
                    prop_assert!((back.amount - quantity.amount).abs() < Decimal::new(1, 12));
                }
                Err(error) => prop_assert_eq!(error, QuantityError::Incompatible(from, to)),
            }
        }
    }
}
