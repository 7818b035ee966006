//! The table of units: what each measures, its size, its codes and names.

use crate::Text;

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
    /// 温度, counted in ninths of a kelvin, so that Celsius and Fahrenheit are both exact.
    Temperature,
    /// 能量
    Energy,
    /// 过氧化值 by amount of substance per mass.
    AmountPerMass,
    /// 长度
    Length,
    /// 面积
    Area,
    /// 时间
    Time,
    /// 压力
    Pressure,
    /// 速度
    Speed,
    /// 加速度
    Acceleration,
    /// 角度
    Angle,
    /// 频率
    Frequency,
    /// 力
    Force,
    /// 功率
    Power,
    /// 电流
    ElectricCurrent,
    /// 电压
    Voltage,
    /// 电阻
    Resistance,
    /// 照度
    Illuminance,
    /// 体积流量
    VolumeFlow,
    /// 物质的量
    AmountOfSubstance,
    /// 放射性活度
    Activity,
    /// 吸收剂量
    AbsorbedDose,
    /// 剂量当量
    DoseEquivalent,
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

            pub(super) const fn factor_text(self) -> &'static str {
                match self { $(Self::$name => $factor,)* }
            }

            pub(super) const fn aliases(self) -> &'static [&'static str] {
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
    Celsius Temperature "9" "℃" "CEL" ("摄氏度", "degree Celsius") ["°C", "摄氏度"];
    Kelvin Temperature "9" "K" "KEL" ("开尔文", "kelvin") [];
    Fahrenheit Temperature "5" "°F" "FAH" ("华氏度", "degree Fahrenheit") ["℉"];
    Kilojoule Energy "1" "kJ" "KJO" ("千焦", "kilojoule") ["千焦"];
    Joule Energy "0.001" "J" "JOU" ("焦耳", "joule") [];
    KilowattHour Energy "3600" "kW·h" "KWH" ("千瓦时", "kilowatt hour") ["kWh"];
    Kilocalorie Energy "4.184" "kcal" "" ("千卡", "kilocalorie") ["千卡", "大卡"];
    Decitonne Mass "100000" "dt" "DTN" ("百千克", "decitonne") ["公担"];
    Hectogram Mass "100" "hg" "HGM" ("百克", "hectogram") [];
    LongTon Mass "1016046.9088" "ton (UK)" "LTN" ("长吨", "long ton") [];
    ShortTon Mass "907184.74" "ton (US)" "STN" ("短吨", "short ton") [];
    Centilitre Volume "10" "cL" "CLT" ("厘升", "centilitre") [];
    Decilitre Volume "100" "dL" "DLT" ("分升", "decilitre") [];
    GallonUs Volume "3785.411784" "gal (US)" "GLL" ("美制加仑", "gallon (US)") [];
    GallonUk Volume "4546.09" "gal (UK)" "GLI" ("英制加仑", "gallon (UK)") [];
    KilogramPerCubicMetre MassPerVolume "1000" "kg/m³" "KMQ" ("千克每立方米", "kilograms per cubic metre") ["kg/m3"];
    GramPerCubicMetre MassPerVolume "1" "g/m³" "A93" ("克每立方米", "grams per cubic metre") ["g/m3"];
    MilligramPerCubicMetre MassPerVolume "0.001" "mg/m³" "GP" ("毫克每立方米", "milligrams per cubic metre") ["mg/m3"];
    MicrogramPerCubicMetre MassPerVolume "0.000001" "μg/m³" "GQ" ("微克每立方米", "micrograms per cubic metre") ["μg/m3"];
    GramPerCubicCentimetre MassPerVolume "1000000" "g/cm³" "23" ("克每立方厘米", "grams per cubic centimetre") ["g/cm3"];
    Metre Length "1" "m" "MTR" ("米", "metre") [];
    Decimetre Length "0.1" "dm" "DMT" ("分米", "decimetre") [];
    Centimetre Length "0.01" "cm" "CMT" ("厘米", "centimetre") [];
    Millimetre Length "0.001" "mm" "MMT" ("毫米", "millimetre") [];
    Micrometre Length "0.000001" "μm" "4H" ("微米", "micrometre") [];
    Nanometre Length "0.000000001" "nm" "C45" ("纳米", "nanometre") [];
    Kilometre Length "1000" "km" "KMT" ("千米", "kilometre") [];
    Inch Length "0.0254" "in" "INH" ("英寸", "inch") [];
    Foot Length "0.3048" "ft" "FOT" ("英尺", "foot") [];
    Yard Length "0.9144" "yd" "YRD" ("码", "yard") [];
    Mile Length "1609.344" "mi" "SMI" ("英里", "mile") [];
    NauticalMile Length "1852" "n mile" "NMI" ("海里", "nautical mile") [];
    SquareMetre Area "1" "m²" "MTK" ("平方米", "square metre") ["m2"];
    SquareCentimetre Area "0.0001" "cm²" "CMK" ("平方厘米", "square centimetre") ["cm2"];
    SquareKilometre Area "1000000" "km²" "KMK" ("平方千米", "square kilometre") ["km2"];
    Hectare Area "10000" "hm²" "HAR" ("公顷", "hectare") ["ha"];
    Second Time "1" "s" "SEC" ("秒", "second") [];
    Millisecond Time "0.001" "ms" "C26" ("毫秒", "millisecond") [];
    Minute Time "60" "min" "MIN" ("分钟", "minute") [];
    Hour Time "3600" "h" "HUR" ("小时", "hour") [];
    Day Time "86400" "d" "DAY" ("天", "day") [];
    Week Time "604800" "wk" "WEE" ("周", "week") [];
    Pascal Pressure "1" "Pa" "PAL" ("帕", "pascal") [];
    Hectopascal Pressure "100" "hPa" "A97" ("百帕", "hectopascal") [];
    Kilopascal Pressure "1000" "kPa" "KPA" ("千帕", "kilopascal") [];
    Megapascal Pressure "1000000" "MPa" "MPA" ("兆帕", "megapascal") [];
    Bar Pressure "100000" "bar" "BAR" ("巴", "bar") [];
    Millibar Pressure "100" "mbar" "MBR" ("毫巴", "millibar") [];
    Atmosphere Pressure "101325" "atm" "ATM" ("标准大气压", "standard atmosphere") [];
    PoundPerSquareInch Pressure "6894.757293168361" "psi" "PS" ("磅每平方英寸", "pounds per square inch") [];
    MillimetreOfMercury Pressure "133.322387415" "mmHg" "HN" ("毫米汞柱", "millimetre of mercury") [];
    MetrePerSecond Speed "3.6" "m/s" "MTS" ("米每秒", "metres per second") [];
    KilometrePerHour Speed "1" "km/h" "KMH" ("千米每小时", "kilometres per hour") [];
    MilePerHour Speed "1.609344" "mile/h" "HM" ("英里每小时", "miles per hour") [];
    Knot Speed "1.852" "knot" "KNT" ("节", "knot") [];
    MetrePerSecondSquared Acceleration "1" "m/s²" "MSK" ("米每二次方秒", "metres per second squared") ["m/s2"];
    StandardGravity Acceleration "9.80665" "gn" "K40" ("标准重力加速度", "standard acceleration of free fall") [];
    AngleDegree Angle "3600" "°" "DD" ("角度", "degree of angle") [];
    AngleMinute Angle "60" "′" "D61" ("角分", "minute of angle") [];
    AngleSecond Angle "1" "″" "D62" ("角秒", "second of angle") [];
    Hertz Frequency "1" "Hz" "HTZ" ("赫兹", "hertz") [];
    Kilohertz Frequency "1000" "kHz" "KHZ" ("千赫", "kilohertz") [];
    Megahertz Frequency "1000000" "MHz" "MHZ" ("兆赫", "megahertz") [];
    Newton Force "1" "N" "NEW" ("牛顿", "newton") [];
    Kilonewton Force "1000" "kN" "B47" ("千牛", "kilonewton") [];
    Watt Power "1" "W" "WTT" ("瓦", "watt") [];
    Kilowatt Power "1000" "kW" "KWT" ("千瓦", "kilowatt") [];
    Ampere ElectricCurrent "1" "A" "AMP" ("安培", "ampere") [];
    Milliampere ElectricCurrent "0.001" "mA" "4K" ("毫安", "milliampere") [];
    Volt Voltage "1" "V" "VLT" ("伏特", "volt") [];
    Millivolt Voltage "0.001" "mV" "2Z" ("毫伏", "millivolt") [];
    Kilovolt Voltage "1000" "kV" "KVT" ("千伏", "kilovolt") [];
    Ohm Resistance "1" "Ω" "OHM" ("欧姆", "ohm") [];
    Kiloohm Resistance "1000" "kΩ" "B49" ("千欧", "kiloohm") [];
    Lux Illuminance "1" "lx" "LUX" ("勒克斯", "lux") [];
    Kilolux Illuminance "1000" "klx" "KLX" ("千勒克斯", "kilolux") [];
    CubicMetrePerHour VolumeFlow "1" "m³/h" "MQH" ("立方米每小时", "cubic metres per hour") ["m3/h"];
    CubicMetrePerSecond VolumeFlow "3600" "m³/s" "MQS" ("立方米每秒", "cubic metres per second") ["m3/s"];
    LitrePerMinute VolumeFlow "0.06" "L/min" "L2" ("升每分钟", "litres per minute") [];
    Mole AmountOfSubstance "1" "mol" "C34" ("摩尔", "mole") [];
    Millimole AmountOfSubstance "0.001" "mmol" "C18" ("毫摩尔", "millimole") [];
    Becquerel Activity "1" "Bq" "BQL" ("贝可", "becquerel") [];
    Kilobecquerel Activity "1000" "kBq" "2Q" ("千贝可", "kilobecquerel") [];
    Gray AbsorbedDose "1" "Gy" "A95" ("戈瑞", "gray") [];
    Kilogray AbsorbedDose "1000" "kGy" "A21" ("千戈瑞", "kilogray") [];
    Sievert DoseEquivalent "1" "Sv" "D13" ("希沃特", "sievert") [];
    Millisievert DoseEquivalent "0.001" "mSv" "C28" ("毫希沃特", "millisievert") [];
    MillimolePerKilogram AmountPerMass "1" "mmol/kg" "" ("毫摩尔每千克", "millimoles per kilogram") [];
}
