//! Departments that hold duties in food safety, as the agencies of a region carry them.

use crate::Text;
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
}
