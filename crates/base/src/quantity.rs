//! Quantities with units: trade (UN/ECE Recommendation 20), and the units of food chemistry and microbiology.

use crate::text::halfwidth;
use crate::{Decimal, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// What a unit measures. Only units of one dimension convert into each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// 质量
    Mass,
    /// 体积
    Volume,
    /// 数量: pieces.
    Count,
    /// 包装: cases, bags, bottles … whose content differs, so that none converts into another.
    Package,
    /// 质量分数: mass per mass.
    MassFraction,
    /// 质量浓度: mass per volume.
    MassPerVolume,
    /// 单位面积质量: migration from contact materials and clean surfaces.
    MassPerArea,
    /// 体积分数: alcohol by volume.
    VolumeFraction,
    /// 单位质量菌落数: colony-forming units per mass.
    ColoniesPerMass,
    /// 单位体积菌落数: colony-forming units per volume.
    ColoniesPerVolume,
    /// 单位质量最可能数: most probable number per mass.
    ProbablePerMass,
    /// 单位体积最可能数: most probable number per volume.
    ProbablePerVolume,
    /// 单位面积计数: coliforms on tableware.
    CountPerArea,
    /// 剂量: an intake per body weight (acute).
    Dose,
    /// 日剂量: an intake per body weight and day.
    DosePerDay,
    /// 倍数: a sum of shares of limits (combined use of additives).
    Ratio,
    /// 放射性比活度: becquerel per mass.
    ActivityPerMass,
    /// 温度
    Temperature,
    /// 能量
    Energy,
    /// 过氧化值 by amount of substance per mass.
    AmountPerMass,
}

macro_rules! units {
    ($($name:ident $dimension:ident $factor:literal $symbol:literal $code:literal ($zh:literal, $en:literal) [$($alias:literal),*];)*) => {
        /// A unit of measurement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Unit {
            $(#[doc = concat!($zh, " `", $symbol, "`")] $name,)*
        }

        impl Unit {
            /// All units.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What it measures.
            #[must_use]
            pub const fn dimension(self) -> Dimension {
                match self { $(Self::$name => Dimension::$dimension,)* }
            }

            /// The symbol as written in standards: `mg/kg`. Also the stored and JSON form.
            #[must_use]
            pub const fn symbol(self) -> &'static str {
                match self { $(Self::$name => $symbol,)* }
            }

            /// The common code of UN/ECE Recommendation 20 (or 21 for packages) that EPCIS quantities use, where there is one.
            #[must_use]
            pub const fn rec20(self) -> Option<&'static str> {
                let code = match self { $(Self::$name => $code,)* };
                if code.is_empty() { None } else { Some(code) }
            }

            /// The name in both languages.
            #[must_use]
            pub const fn name(self) -> Text {
                match self { $(Self::$name => Text::of($zh, $en),)* }
            }

            const fn factor_text(self) -> &'static str {
                match self { $(Self::$name => $factor,)* }
            }

            const fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($alias),*],)* }
            }
        }
    };
}

// name, dimension, how many of the dimension's first unit one is (exact), symbol, Rec 20/21 code, names, other spellings
units! {
    Gram Mass "1" "g" "GRM" ("克", "gram") ["克"];
    Kilogram Mass "1000" "kg" "KGM" ("千克", "kilogram") ["千克", "公斤", "kgs"];
    Tonne Mass "1000000" "t" "TNE" ("吨", "tonne") ["吨", "公吨", "mt"];
    Milligram Mass "0.001" "mg" "MGM" ("毫克", "milligram") ["毫克"];
    Microgram Mass "0.000001" "μg" "MC" ("微克", "microgram") ["微克"];
    Jin Mass "500" "斤" "" ("斤", "jin") ["市斤"];
    Liang Mass "50" "两" "" ("两", "liang") [];
    Dan Mass "50000" "担" "" ("担", "dan") [];
    Pound Mass "453.59237" "lb" "LBR" ("磅", "pound") ["磅", "lbs"];
    Ounce Mass "28.349523125" "oz" "ONZ" ("盎司", "ounce") ["盎司"];
    Millilitre Volume "1" "mL" "MLT" ("毫升", "millilitre") ["毫升", "cm3", "cm³", "CMQ"];
    Litre Volume "1000" "L" "LTR" ("升", "litre") ["升"];
    Hectolitre Volume "100000" "hL" "HLT" ("百升", "hectolitre") ["百升"];
    Kilolitre Volume "1000000" "kL" "K6" ("千升", "kilolitre") ["千升"];
    CubicMetre Volume "1000000" "m³" "MTQ" ("立方米", "cubic metre") ["立方米", "m3"];
    Piece Count "1" "pc" "C62" ("个", "piece") ["EA", "H87", "PCE", "个", "只", "件", "枚", "支", "根", "块", "粒", "片", "条", "pcs", "piece", "each", "个/件"];
    Dozen Count "12" "dz" "DZN" ("打", "dozen") ["打", "dozen"];
    Head Count "1" "head" "HEA" ("头", "head") ["头", "匹", "羽"];
    Case Package "1" "case" "XCS" ("箱", "case") ["CS", "箱"];
    Box Package "1" "box" "XBX" ("盒", "box") ["BX", "盒"];
    Bag Package "1" "bag" "XBG" ("袋", "bag") ["BG", "袋", "包"];
    Bottle Package "1" "bottle" "XBO" ("瓶", "bottle") ["BO", "瓶"];
    Can Package "1" "can" "XCX" ("罐", "can") ["罐", "听"];
    Barrel Package "1" "barrel" "XBA" ("桶", "barrel") ["桶"];
    Pallet Package "1" "pallet" "XPX" ("托", "pallet") ["PX", "托", "托盘", "板"];
    MilligramPerKilogram MassFraction "1" "mg/kg" "NA" ("毫克每千克", "milligrams per kilogram") ["ppm", "mg.kg-1", "mg·kg-1", "μg/g", "毫克/千克", "毫克/公斤"];
    MicrogramPerKilogram MassFraction "0.001" "μg/kg" "J33" ("微克每千克", "micrograms per kilogram") ["ppb", "ng/g", "微克/千克", "微克/公斤"];
    NanogramPerKilogram MassFraction "0.000001" "ng/kg" "" ("纳克每千克", "nanograms per kilogram") ["ppt", "pg/g", "纳克/千克"];
    GramPerKilogram MassFraction "1000" "g/kg" "GK" ("克每千克", "grams per kilogram") ["‰", "克/千克", "克/公斤"];
    MilligramPerGram MassFraction "1000" "mg/g" "" ("毫克每克", "milligrams per gram") ["毫克/克"];
    MilligramPer100Gram MassFraction "10" "mg/100g" "" ("毫克每百克", "milligrams per 100 grams") ["mg/(100g)", "毫克/100克"];
    MicrogramPer100Gram MassFraction "0.01" "μg/100g" "" ("微克每百克", "micrograms per 100 grams") ["μg/(100g)"];
    GramPer100Gram MassFraction "10000" "g/100g" "" ("克每百克", "grams per 100 grams") ["g/(100g)", "克/100克"];
    Percent MassFraction "10000" "%" "P1" ("百分比", "percent by mass") ["%(m/m)", "%(w/w)", "百分之"];
    MilligramPerLitre MassPerVolume "1" "mg/L" "M1" ("毫克每升", "milligrams per litre") ["μg/mL", "毫克/升"];
    MicrogramPerLitre MassPerVolume "0.001" "μg/L" "H29" ("微克每升", "micrograms per litre") ["ng/mL", "微克/升"];
    NanogramPerLitre MassPerVolume "0.000001" "ng/L" "" ("纳克每升", "nanograms per litre") ["pg/mL"];
    GramPerLitre MassPerVolume "1000" "g/L" "GL" ("克每升", "grams per litre") ["mg/mL", "克/升"];
    MilligramPer100Millilitre MassPerVolume "10" "mg/100mL" "" ("毫克每百毫升", "milligrams per 100 millilitres") ["mg/(100mL)"];
    GramPer100Millilitre MassPerVolume "10000" "g/100mL" "" ("克每百毫升", "grams per 100 millilitres") ["g/(100mL)", "%(m/v)", "%(w/v)"];
    MilligramPer100SquareCentimetre MassPerArea "1" "mg/100cm²" "" ("毫克每百平方厘米", "milligrams per 100 square centimetres") ["mg/100cm2", "mg/(100cm²)", "mg/(100cm2)"];
    MilligramPerSquareDecimetre MassPerArea "1" "mg/dm²" "" ("毫克每平方分米", "milligrams per square decimetre") ["mg/dm2"];
    Per50SquareCentimetre CountPerArea "1" "/50cm²" "" ("每50平方厘米", "per 50 square centimetres") ["/50cm2", "CFU/50cm²"];
    PercentByVolume VolumeFraction "1" "%vol" "" ("体积百分比", "percent by volume") ["%(v/v)", "vol%", "%v/v", "度"];
    ColoniesPerGram ColoniesPerMass "1" "CFU/g" "" ("菌落形成单位每克", "colony-forming units per gram") ["个/g", "cfu/克"];
    ColoniesPer25Gram ColoniesPerMass "0.04" "CFU/25g" "" ("菌落形成单位每25克", "colony-forming units per 25 grams") ["/25g"];
    ColoniesPerMillilitre ColoniesPerVolume "1" "CFU/mL" "" ("菌落形成单位每毫升", "colony-forming units per millilitre") ["个/mL"];
    ColoniesPer100Millilitre ColoniesPerVolume "0.01" "CFU/100mL" "" ("菌落形成单位每百毫升", "colony-forming units per 100 millilitres") [];
    ColoniesPer250Millilitre ColoniesPerVolume "0.004" "CFU/250mL" "" ("菌落形成单位每250毫升", "colony-forming units per 250 millilitres") [];
    ProbablePerGram ProbablePerMass "1" "MPN/g" "" ("最可能数每克", "most probable number per gram") [];
    ProbablePer100Gram ProbablePerMass "0.01" "MPN/100g" "" ("最可能数每百克", "most probable number per 100 grams") [];
    ProbablePerMillilitre ProbablePerVolume "1" "MPN/mL" "" ("最可能数每毫升", "most probable number per millilitre") [];
    ProbablePer100Millilitre ProbablePerVolume "0.01" "MPN/100mL" "" ("最可能数每百毫升", "most probable number per 100 millilitres") [];
    BecquerelPerKilogram ActivityPerMass "1" "Bq/kg" "A18" ("贝可每千克", "becquerels per kilogram") [];
    MilligramPerBodyMass Dose "1" "mg/kg bw" "" ("毫克每千克体重", "milligrams per kilogram of body weight") [];
    MicrogramPerBodyMass Dose "0.001" "μg/kg bw" "" ("微克每千克体重", "micrograms per kilogram of body weight") [];
    MilligramPerBodyMassDay DosePerDay "1" "mg/kg bw/day" "" ("毫克每千克体重每日", "milligrams per kilogram of body weight and day") ["mg/kg bw/d"];
    MicrogramPerBodyMassDay DosePerDay "0.001" "μg/kg bw/day" "" ("微克每千克体重每日", "micrograms per kilogram of body weight and day") ["μg/kg bw/d"];
    Times Ratio "1" "倍" "" ("倍", "times") [];
    Celsius Temperature "1" "℃" "CEL" ("摄氏度", "degree Celsius") ["°C", "摄氏度"];
    Kilojoule Energy "1" "kJ" "KJO" ("千焦", "kilojoule") ["千焦"];
    Kilocalorie Energy "4.184" "kcal" "" ("千卡", "kilocalorie") ["千卡", "大卡"];
    MillimolePerKilogram AmountPerMass "1" "mmol/kg" "" ("毫摩尔每千克", "millimoles per kilogram") [];
}

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
        let synonyms =
            [("EA", Self::Piece), ("H87", Self::Piece), ("PCE", Self::Piece), ("CMQ", Self::Millilitre)];
        let known = Self::ALL.iter().find(|u| u.rec20() == Some(code)).copied();
        known.or_else(|| synonyms.into_iter().find(|(c, _)| *c == code).map(|(_, u)| u))
    }

    /// How many of the dimension's base unit one is, exactly.
    #[must_use]
    pub fn factor(self) -> Decimal {
        Decimal::from_str_exact(self.factor_text()).unwrap_or(Decimal::ONE)
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
        let base = self.amount.checked_mul(self.unit.factor()).ok_or(QuantityError::Overflow)?;
        let amount = base.checked_div(unit.factor()).ok_or(QuantityError::Overflow)?;
        Ok(Self { amount: amount.normalize(), unit })
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
        let base = |q: Self| q.amount.checked_mul(q.unit.factor()).ok_or(QuantityError::Overflow);
        Ok(base(self)?.cmp(&base(other)?))
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
