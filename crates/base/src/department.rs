//! Departments that hold duties in food safety, as the agencies of a region carry them.

use crate::{Level, RegionCode, Regions, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// A department of government. With a region it names an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Department {
    /// 市场监管
    Market,
    /// 农业农村
    Agri,
    /// 卫生健康
    Health,
    /// 粮食和储备
    Grain,
    /// 海关
    Customs,
    /// 教育
    Edu,
    /// 公安
    Police,
    /// 检察院
    Procuratorate,
    /// 食安办: the office of the food-safety committee
    Office,
}

/// A text is not a department code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a department; use one of market, agri, health, grain, customs, edu, police, procuratorate, office"
)]
pub struct UnknownDepartment(pub String);

impl Department {
    /// All departments, in the order shown.
    pub const ALL: [Self; 9] = [
        Self::Market,
        Self::Agri,
        Self::Health,
        Self::Grain,
        Self::Customs,
        Self::Edu,
        Self::Police,
        Self::Procuratorate,
        Self::Office,
    ];

    /// The code stored and used in grants.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Agri => "agri",
            Self::Health => "health",
            Self::Grain => "grain",
            Self::Customs => "customs",
            Self::Edu => "edu",
            Self::Police => "police",
            Self::Procuratorate => "procuratorate",
            Self::Office => "office",
        }
    }

    /// The name shown.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::Market => Text::of("市场监管", "Market regulation"),
            Self::Agri => Text::of("农业农村", "Agriculture"),
            Self::Health => Text::of("卫生健康", "Health"),
            Self::Grain => Text::of("粮食和储备", "Grain reserves"),
            Self::Customs => Text::of("海关", "Customs"),
            Self::Edu => Text::of("教育", "Education"),
            Self::Police => Text::of("公安", "Police"),
            Self::Procuratorate => Text::of("检察院", "Procuratorate"),
            Self::Office => Text::of("食安办", "Food safety office"),
        }
    }

    /// The name of the organ of this department in a region, as it signs its papers: `崇信县市场监督管理局`,
    /// `兰州市公安局城关分局`. The usual name; an organ that was merged or renamed bears another. Customs have areas of their own and are
    /// named by the region they serve.
    #[must_use]
    pub fn organ(self, region: &RegionCode) -> Text {
        let regions = Regions::builtin();
        let name = regions.name(region);
        let level = region.level();
        let province = level == Level::Province;
        // a district is named with its city
        let parent = region.parent().filter(|_| name.zh.ends_with('区') && level == Level::County);
        let city = parent.as_ref().map(|p| regions.name(p).zh).unwrap_or_default();
        let zh = match self {
            Self::Market => "市场监督管理局",
            Self::Agri if province => "农业农村厅",
            Self::Agri => "农业农村局",
            Self::Health if level == Level::County => "卫生健康局",
            Self::Health => "卫生健康委员会",
            Self::Grain => "粮食和物资储备局",
            Self::Customs => "主管海关",
            Self::Edu if province => "教育厅",
            Self::Edu => "教育局",
            Self::Police if province => "公安厅",
            Self::Police => "公安局",
            Self::Procuratorate => "人民检察院",
            Self::Office => "食品安全委员会办公室",
        };
        let zh = match (self, parent) {
            (Self::Police, Some(_)) => format!("{city}{zh}{}分局", name.zh.trim_end_matches('区')),
            _ => format!("{city}{}{zh}", name.zh),
        };
        Text::new(zh, format!("{}, {}", self.name().en, regions.full_name(region).en))
    }

    /// The sign that stands before the numbers of this department's papers (发文机关代字) as long as the organ has entered none of its own: the
    /// province by its one-sign name, other regions by their names without `市`, `县`, `区`: `甘市监`, `兰州市监`, `兰州城关市监`.
    #[must_use]
    pub fn sign(self, region: &RegionCode) -> String {
        let name = Regions::builtin().name(region).zh;
        let level = region.level();
        let place = match NAMES.provinces.get(region.as_str()).filter(|_| level == Level::Province) {
            Some(sign) => (*sign).to_owned(),
            None => stem(&name).to_owned(),
        };
        // a district is named with its city; a county that shares the name of its prefecture keeps what kind of place it is
        let parent =
            region.parent().filter(|_| level == Level::County).map(|p| Regions::builtin().name(&p).zh);
        let above = parent.as_deref().map(stem).unwrap_or_default();
        let (city, place) = match name.ends_with('区') {
            _ if place == above => ("", name.to_string()),
            true if !name.ends_with("新区") => (above, place),
            _ => ("", place),
        };
        let word = match self {
            Self::Market => "市监",
            Self::Agri => "农",
            Self::Health => "卫",
            Self::Grain => "粮",
            Self::Customs => "关",
            Self::Edu => "教",
            Self::Police => "公",
            Self::Procuratorate => "检",
            Self::Office => "食安办",
        };
        format!("{city}{place}{word}")
    }
}

/// `rulebook/cn/regions/names.csv`: the one-sign names of the provinces by code, and the names of peoples in those of autonomous places.
struct Names {
    provinces: BTreeMap<&'static str, &'static str>,
    peoples: Vec<&'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { provinces: BTreeMap::new(), peoples: Vec::new() };
    for line in include_str!("../../../rulebook/cn/regions/names.csv").lines().skip(1) {
        let mut cells = line.split(',');
        match (cells.next(), cells.next(), cells.next()) {
            (Some("province"), Some(code), Some(name)) => drop(names.provinces.insert(code, name)),
            (Some("people"), _, Some(name)) => names.peoples.push(name),
            _ => {}
        }
    }
    names
});

/// The name of a place without what kind of place it is: 兰州市 → 兰州, 积石山保安族东乡族撒拉族自治县 → 积石山.
fn stem(name: &str) -> &str {
    if name.ends_with("新区") {
        return name;
    }
    let cut = ["自治州", "自治县", "自治旗", "地区", "市", "县", "区", "旗", "盟"]
        .iter()
        .find_map(|k| name.strip_suffix(k));
    let Some(mut rest) = cut.filter(|r| r.chars().count() > 1) else { return name };
    while let Some(shorter) =
        NAMES.peoples.iter().find_map(|p| rest.strip_suffix(p)).filter(|r| r.chars().count() > 1)
    {
        rest = shorter;
    }
    rest.strip_suffix('族').filter(|r| r.chars().count() > 1).unwrap_or(rest)
}

impl fmt::Display for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Department {
    type Err = UnknownDepartment;

    fn from_str(text: &str) -> Result<Self, UnknownDepartment> {
        Self::ALL.into_iter().find(|d| d.code() == text).ok_or_else(|| UnknownDepartment(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_match_their_json() {
        for department in Department::ALL {
            assert_eq!(department.code().parse(), Ok(department));
            assert_eq!(serde_json::to_value(department).unwrap(), department.code());
        }
        assert!("military".parse::<Department>().is_err());
    }

    #[test]
    fn an_organ_bears_the_name_it_signs_with() {
        for (department, region, name) in [
            (Department::Market, "62", "甘肃省市场监督管理局"),
            (Department::Market, "6201", "兰州市市场监督管理局"),
            (Department::Market, "620102", "兰州市城关区市场监督管理局"),
            (Department::Market, "620823", "崇信县市场监督管理局"),
            (Department::Agri, "62", "甘肃省农业农村厅"),
            (Department::Agri, "620823", "崇信县农业农村局"),
            (Department::Health, "6201", "兰州市卫生健康委员会"),
            (Department::Police, "62", "甘肃省公安厅"),
            (Department::Police, "620102", "兰州市公安局城关分局"),
            (Department::Procuratorate, "620102", "兰州市城关区人民检察院"),
            (Department::Office, "620823", "崇信县食品安全委员会办公室"),
        ] {
            assert_eq!(department.organ(&region.parse().unwrap()).zh, name);
        }
    }

    #[test]
    fn every_province_with_a_code_of_the_mainland_has_a_one_sign_name() {
        let nation = RegionCode::nation();
        let provinces = Regions::builtin().within(&nation);
        let missing: Vec<&str> = provinces
            .filter(|r| r.level == Level::Province && !["71", "81", "82"].contains(&r.code.as_str()))
            .map(|r| r.code.as_str())
            .filter(|code| NAMES.provinces.get(code).is_none_or(|name| name.chars().count() != 1))
            .collect();
        assert!(missing.is_empty() && NAMES.provinces.len() == 31, "{missing:?}");
        assert!(NAMES.peoples.iter().all(|p| p.chars().count() > 1));
    }

    #[test]
    fn the_sign_before_a_number_names_one_organ() {
        for (department, region, sign) in [
            (Department::Market, "62", "甘市监"),
            (Department::Market, "6201", "兰州市监"),
            (Department::Market, "620102", "兰州城关市监"),
            (Department::Market, "620823", "崇信市监"),
            (Department::Market, "620402", "白银区市监"),
            (Department::Market, "622901", "临夏市市监"),
            (Department::Market, "622926", "东乡市监"),
            (Department::Market, "622927", "积石山市监"),
            (Department::Agri, "6229", "临夏农"),
            (Department::Office, "62", "甘食安办"),
        ] {
            assert_eq!(department.sign(&region.parse().unwrap()), sign);
        }
        let market = |r: &crate::region::Region| Department::Market.sign(&r.code);
        let all: Vec<String> = Regions::builtin().within(&"62".parse().unwrap()).map(market).collect();
        let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
        let twice: Vec<&String> = all.iter().filter(|s| all.iter().filter(|t| t == s).count() > 1).collect();
        assert_eq!(distinct.len(), all.len(), "{twice:?}");
    }
}
