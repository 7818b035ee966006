//! Departments that hold duties in food safety, as the agencies of a region carry them.

use crate::{Level, RegionCode, Regions, Text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

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
}
