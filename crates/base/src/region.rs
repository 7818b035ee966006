//! Administrative divisions of China (GB/T 2260 and the nine- and twelve-digit codes below the county).

use crate::Text;
use crate::text::halfwidth;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// A division as a prefix without trailing zero groups: `""` the nation, `62`, `6201`, `620102`, `620102001`
/// (township), `620102001001` (village). A region contains exactly the codes that begin with its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RegionCode(String);

/// Why a text is not a region code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum RegionError {
    /// Not 2, 4, 6, 9 or 12 digits, or not digits; the text given.
    Shape(String),
    /// The text is a code but no row of the table.
    Unknown(String),
}

impl RegionError {
    /// The message for the person who typed the code.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Shape(given) => Text::new(
                format!("行政区划代码“{given}”应为 2、4、6、9 或 12 位数字"),
                format!("region code '{given}' must have 2, 4, 6, 9 or 12 digits"),
            ),
            Self::Unknown(given) => Text::new(
                format!("行政区划代码“{given}”不在区划表中，请核对"),
                format!("region code '{given}' is not in the table of divisions; please check it"),
            ),
        }
    }
}

/// A level of government.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// 国家
    Nation,
    /// 省级
    Province,
    /// 市州级
    Prefecture,
    /// 县区级
    County,
    /// 乡镇街道
    Township,
    /// 村社区
    Village,
}

impl Level {
    /// The name of the level.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::Nation => Text::of("国家", "Nation"),
            Self::Province => Text::of("省级", "Province"),
            Self::Prefecture => Text::of("市州级", "Prefecture"),
            Self::County => Text::of("县区级", "County"),
            Self::Township => Text::of("乡镇街道", "Township"),
            Self::Village => Text::of("村社区", "Village"),
        }
    }
}

impl RegionCode {
    /// The whole nation: the empty prefix.
    #[must_use]
    pub const fn nation() -> Self {
        Self(String::new())
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The level by the length of the code.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.0.len() {
            0 => Level::Nation,
            2 => Level::Province,
            4 => Level::Prefecture,
            6 => Level::County,
            9 => Level::Township,
            _ => Level::Village,
        }
    }

    /// Whether `other` is this region or lies in it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The region one level up by code; `None` for the nation.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let shorter = match self.0.len() {
            0 => return None,
            2 => 0,
            4 => 2,
            6 => 4,
            9 => 6,
            _ => 9,
        };
        Some(Self(self.0[..shorter].to_owned()))
    }

    /// The same region or the one above it that has at most the county's six digits.
    #[must_use]
    pub fn county(&self) -> Self {
        Self(self.0.chars().take(6).collect())
    }

    /// The six digits of GB/T 2260 (`620000`); below the county, those of the county; the nation is `000000`.
    #[must_use]
    pub fn six(&self) -> String {
        format!("{:0<6}", self.county().0)
    }

    /// The half-open range `low <= code < high` of normal forms inside this region, for an index search in SQL.
    /// Both ends hold under every collation that orders digits by value and letters after digits.
    #[must_use]
    pub fn range(&self) -> (String, String) {
        let mut high = self.0.trim_end_matches('9').to_owned();
        match high.pop().and_then(|c| c.to_digit(10)).and_then(|d| char::from_digit(d + 1, 10)) {
            Some(next) => high.push(next),
            None => high.push('z'),
        }
        (self.0.clone(), high)
    }
}

impl FromStr for RegionCode {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let text = halfwidth(text);
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if !digits || !matches!(text.len(), 0 | 2 | 4 | 6 | 9 | 12) {
            return Err(RegionError::Shape(text));
        }
        let mut code = text.as_str();
        for (len, group) in [(12, "000"), (9, "000"), (6, "00"), (4, "00"), (2, "00")] {
            if code.len() == len {
                code = code.strip_suffix(group).unwrap_or(code);
            }
        }
        Ok(Self(code.to_owned()))
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegionCode({})", self.0)
    }
}

impl Serialize for RegionCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RegionCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What stands behind a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionKind {
    /// A unit of GB/T 2260.
    Gb,
    /// A development zone with a statistics-only code that acts as a jurisdiction of its own (兰州新区).
    StatArea,
    /// A row without government of its own: 市辖区, 省直辖县级行政区划.
    Placeholder,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The code in normal form.
    pub code: RegionCode,
    /// The name; in English the Chinese name where the table has no English one.
    pub name: Text,
    /// The level as the table states it.
    pub level: Level,
    /// The region above it; `None` for a province and the nation.
    pub parent: Option<RegionCode>,
    /// Resident population of the 2020 census, where published.
    pub pop2020: Option<u64>,
    /// What stands behind the code.
    pub kind: RegionKind,
}

/// Why a table of regions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RegionsError {
    /// Not CSV, or a column is missing or of the wrong type.
    #[error("regions table: {0}")]
    Csv(#[from] csv::Error),
    /// A code is malformed.
    #[error("regions table: {0}")]
    Code(#[from] RegionError),
}

/// The table of divisions down to the county.
#[derive(Debug, Default)]
pub struct Regions {
    rows: Vec<Region>,
    by_code: HashMap<RegionCode, usize>,
}

#[derive(Deserialize)]
struct Line {
    code: RegionCode,
    name: String,
    name_en: String,
    level: Level,
    parent_code: RegionCode,
    kind: RegionKind,
    pop2020: Option<u64>,
}

impl Regions {
    /// The table of the rulebook: the nation, with the rows of Gansu replacing the national ones.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static TABLE: OnceLock<Regions> = OnceLock::new();
        TABLE.get_or_init(|| {
            let nation = include_str!("../../../rulebook/cn/regions/china.csv");
            let gansu = include_str!("../../../rulebook/cn/regions/gansu.csv");
            Self::parse(&[nation, gansu]).unwrap_or_default()
        })
    }

    /// Reads tables with columns code, name, name_en, level, parent_code, kind, pop2020; a later row replaces
    /// an earlier one of the same code. Rows are kept in order of code.
    ///
    /// # Errors
    /// When a table is not CSV of that shape or a code is malformed.
    pub fn parse(tables: &[&str]) -> Result<Self, RegionsError> {
        let nation = Region {
            code: RegionCode::nation(),
            name: Text::of("全国", "China"),
            level: Level::Nation,
            parent: None,
            pop2020: None,
            kind: RegionKind::Gb,
        };
        let mut rows = std::collections::BTreeMap::from([(nation.code.clone(), nation)]);
        for table in tables {
            for line in csv::Reader::from_reader(table.as_bytes()).deserialize::<Line>() {
                let line = line?;
                let en = if line.name_en.is_empty() { line.name.clone() } else { line.name_en };
                let region = Region {
                    code: line.code.clone(),
                    name: Text::new(line.name, en),
                    level: line.level,
                    parent: Some(line.parent_code).filter(|p| !p.as_str().is_empty()),
                    pop2020: line.pop2020,
                    kind: line.kind,
                };
                rows.insert(line.code, region);
            }
        }
        let rows: Vec<Region> = rows.into_values().collect();
        let by_code = rows.iter().enumerate().map(|(i, r)| (r.code.clone(), i)).collect();
        Ok(Self { rows, by_code })
    }

    /// The row of a code.
    #[must_use]
    pub fn get(&self, code: &RegionCode) -> Option<&Region> {
        self.by_code.get(code).and_then(|i| self.rows.get(*i))
    }

    /// Reads a code and finds its row.
    ///
    /// # Errors
    /// When the text is no code, or the code is not in the table.
    pub fn find(&self, text: &str) -> Result<&Region, RegionError> {
        let code: RegionCode = text.parse()?;
        self.get(&code).ok_or_else(|| RegionError::Unknown(text.to_owned()))
    }

    /// The name of a region; below the county, that of the county; the code itself when it is unknown.
    #[must_use]
    pub fn name(&self, code: &RegionCode) -> Text {
        let known = self.get(code).or_else(|| self.get(&code.county()));
        known.map_or_else(|| Text::new(code.as_str(), code.as_str()), |r| r.name.clone())
    }

    /// The name with those above it, placeholders left out: 甘肃省兰州市城关区 / Chengguan District, Lanzhou, Gansu.
    #[must_use]
    pub fn full_name(&self, code: &RegionCode) -> Text {
        let (mut zh, mut en) = (String::new(), Vec::new());
        let mut at = Some(code.county());
        while let Some(here) = at {
            if let Some(region) = self.get(&here)
                && region.kind != RegionKind::Placeholder
                && region.level != Level::Nation
            {
                zh.insert_str(0, &region.name.zh);
                en.push(region.name.en.to_string());
            }
            at = here.parent();
        }
        if zh.is_empty() { self.name(code) } else { Text::new(zh, en.join(", ")) }
    }

    /// All rows inside a region, itself included, in order of code.
    pub fn within(&self, code: &RegionCode) -> impl Iterator<Item = &Region> {
        let start = self.rows.partition_point(|r| r.code < *code);
        let code = code.clone();
        self.rows[start..].iter().take_while(move |r| code.contains(&r.code))
    }

    /// The rows one level below, in order of code.
    #[must_use]
    pub fn children(&self, code: &RegionCode) -> Vec<&Region> {
        self.within(code).filter(|r| r.code.parent().as_ref() == Some(code)).collect()
    }

    /// The leaf jurisdictions inside a region, in order of code: its counties and zones, and every prefecture or
    /// province that has none (嘉峪关, 东莞). Their populations are disjoint.
    #[must_use]
    pub fn leaf_units(&self, code: &RegionCode) -> Vec<&Region> {
        let inside: Vec<&Region> = self.within(code).collect();
        let mut leaves = Vec::new();
        for (i, region) in inside.iter().enumerate() {
            // rows are in order of code, so what a row contains follows it at once
            let parent = inside.get(i + 1).is_some_and(|next| region.code.contains(&next.code));
            if !parent && region.kind != RegionKind::Placeholder && region.level != Level::Nation {
                leaves.push(*region);
            }
        }
        leaves
    }

    /// The same as [`Self::leaf_units`], from a prefix as text.
    ///
    /// # Errors
    /// When the text is no region code.
    pub fn counties_of(&self, prefix: &str) -> Result<Vec<&Region>, RegionError> {
        Ok(self.leaf_units(&prefix.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> RegionCode {
        text.parse().unwrap()
    }

    #[test]
    fn every_printed_form_has_one_normal_form() {
        for (text, normal, level) in [
            ("", "", Level::Nation),
            ("000000", "", Level::Nation),
            ("620000", "62", Level::Province),
            ("50", "50", Level::Province),
            ("621000", "6210", Level::Prefecture),
            ("6201", "6201", Level::Prefecture),
            ("620102", "620102", Level::County),
            ("620171", "620171", Level::County),
            ("620102001", "620102001", Level::Township),
            ("620102001000", "620102001", Level::Township),
            ("620102000000", "620102", Level::County),
            ("620102001001", "620102001001", Level::Village),
            ("６２０１０２", "620102", Level::County),
        ] {
            assert_eq!((code(text).as_str(), code(text).level()), (normal, level), "{text}");
        }
        for bad in ["6", "620", "62010", "62010x", "62-01", "6201020"] {
            assert!(bad.parse::<RegionCode>().is_err(), "{bad}");
        }
        assert_eq!(code("62").six(), "620000");
        assert_eq!(code("620102001").six(), "620102");
    }

    #[test]
    fn gansu_has_88_leaf_units_that_sum_to_the_province() {
        let regions = Regions::builtin();
        let leaves = regions.counties_of("62").unwrap();
        assert_eq!(leaves.len(), 88);
        assert_eq!(leaves.iter().filter_map(|r| r.pop2020).sum::<u64>(), 25_019_831);
        let counties = leaves.iter().filter(|r| r.level == Level::County && r.kind == RegionKind::Gb);
        assert_eq!(counties.count(), 86);
        let prefectures = regions.children(&code("62"));
        assert_eq!(prefectures.len(), 14);
        assert_eq!(prefectures.iter().filter_map(|r| r.pop2020).sum::<u64>(), 25_019_831);
        assert!(
            regions.within(&code("62")).all(|r| r.name.en != r.name.zh),
            "each region of Gansu has an English name"
        );
    }

    #[test]
    fn jiayuguan_is_its_own_leaf_and_the_new_area_stands_beside_its_counties() {
        let regions = Regions::builtin();
        let jiayuguan = regions.counties_of("6202").unwrap();
        assert_eq!(jiayuguan.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(), ["6202"]);
        let lanzhou = regions.counties_of("620100").unwrap();
        assert!(lanzhou.iter().any(|r| r.code.as_str() == "620171" && r.kind == RegionKind::StatArea));
        assert_eq!(lanzhou.iter().filter_map(|r| r.pop2020).sum::<u64>(), 4_359_446);
    }

    #[test]
    fn the_nation_has_31_counted_provinces_and_placeholders_are_no_leaves() {
        let regions = Regions::builtin();
        let provinces = regions.children(&RegionCode::nation());
        assert_eq!(provinces.len(), 34);
        assert_eq!(provinces.iter().filter_map(|r| r.pop2020).sum::<u64>(), 1_409_778_724);
        let leaves = regions.leaf_units(&RegionCode::nation());
        assert!(leaves.iter().all(|r| r.kind != RegionKind::Placeholder));
        assert!(leaves.iter().any(|r| r.code.as_str() == "4419"), "东莞");
    }

    #[test]
    fn names_are_given_in_full_without_placeholders() {
        let regions = Regions::builtin();
        let chengguan = regions.full_name(&code("620102"));
        assert_eq!(
            (&*chengguan.zh, &*chengguan.en),
            ("甘肃省兰州市城关区", "Chengguan District, Lanzhou, Gansu")
        );
        assert_eq!(regions.full_name(&code("110105")).zh, "北京市朝阳区");
        assert_eq!(regions.full_name(&code("620102001")).zh, "甘肃省兰州市城关区");
        assert_eq!(regions.full_name(&RegionCode::nation()).zh, "全国");
        assert!(matches!(regions.find("629999"), Err(RegionError::Unknown(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn the_range_holds_exactly_the_codes_inside(a in "([0-9]{2}){0,3}", b in "([0-9]{2}){0,3}") {
            let (a, b) = (code(&a), code(&b));
            let (low, high) = a.range();
            let inside = low.as_str() <= b.as_str() && b.as_str() < high.as_str();
            prop_assert_eq!(inside, a.contains(&b));
            prop_assert_eq!(code(a.as_str()), a);
        }
    }
}
