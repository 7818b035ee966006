//! What an operator does, its state, and who belongs to it: the short lists of the registry.

use crate::Error;
use base::Text;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $field:literal, $( $(#[$vdoc:meta])* $variant:ident = $code:literal, $zh:literal, $en:literal; )+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $( $(#[$vdoc])* $variant, )+ }

        impl $name {
            /// All of them, in the order shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code in storage and the API.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The name on screen.
            #[must_use]
            pub const fn label(self) -> Text {
                match self { $(Self::$variant => Text::of($zh, $en)),+ }
            }

            /// Reads the code or the name in either language, as spreadsheets have it.
            ///
            /// # Errors
            /// [`Error::Invalid`] naming what is possible.
            pub fn read(text: &str) -> Result<Self, Error> {
                let text = text.trim();
                let same = |x: &Self| x.code() == text || x.label().zh == text || x.label().en.eq_ignore_ascii_case(text);
                Self::ALL.iter().copied().find(same).ok_or_else(|| Error::Invalid {
                    field: $field,
                    text: {
                        let zh: Vec<String> = Self::ALL.iter().map(|x| x.label().zh.into_owned()).collect();
                        let en: Vec<&str> = Self::ALL.iter().map(|x| x.code()).collect();
                        Text::new(
                            format!("“{text}”不在可选范围内，请填写：{}", zh.join("、")),
                            format!("'{text}' is not known; use one of {}", en.join(", ")),
                        )
                    },
                })
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(code: &str) -> Result<Self, Error> {
                Self::read(code)
            }
        }
    };
}

codes! {
    /// A kind of food business; an operator may be several.
    OperatorKind, "kinds",
    /// Grows or raises.
    Farm = "farm", "种植养殖", "Farm";
    /// Licensed food production.
    Producer = "producer", "食品生产", "Producer";
    /// 小作坊: registered small workshop.
    Workshop = "workshop", "小作坊", "Small workshop";
    /// Keeps for others: cold stores, warehouses.
    Storage = "storage", "仓储", "Storage";
    /// Carries for others.
    Carrier = "carrier", "运输", "Carrier";
    /// Sells to sellers.
    Wholesaler = "wholesaler", "批发", "Wholesaler";
    /// Opens a market in which others sell.
    Market = "market", "集中交易市场", "Market operator";
    /// Sells to consumers.
    Retailer = "retailer", "零售", "Retailer";
    /// 小经营店: registered small shop or small caterer.
    SmallShop = "small_shop", "小经营店", "Small shop";
    /// 小摊点: stall with a registration card.
    Stall = "stall", "小摊点", "Stall";
    /// Serves meals.
    Caterer = "caterer", "餐饮服务", "Caterer";
    /// Canteen of a school, works or office.
    Canteen = "canteen", "单位食堂", "Canteen";
    /// Central kitchen or delivery of group meals.
    Kitchen = "kitchen", "中央厨房与集体配餐", "Central kitchen";
    /// Platform on which others sell food.
    Platform = "platform", "网络平台", "Platform";
    /// Imports food.
    Importer = "importer", "进口", "Importer";
    /// Tests food.
    Laboratory = "laboratory", "检验机构", "Laboratory";
}

codes! {
    /// Whether an operator or site is in business.
    Status, "status",
    /// In business.
    Active = "active", "在业", "Active";
    /// Suspended by itself or by order.
    Suspended = "suspended", "停业", "Suspended";
    /// Closed for good.
    Closed = "closed", "注销", "Closed";
}

codes! {
    /// The part a person has at an operator.
    PersonRole, "role",
    /// 法定代表人.
    LegalRepresentative = "legal_representative", "法定代表人", "Legal representative";
    /// 主要负责人.
    Head = "head", "主要负责人", "Head";
    /// 食品安全总监.
    SafetyDirector = "safety_director", "食品安全总监", "Food safety director";
    /// 食品安全员.
    SafetyOfficer = "safety_officer", "食品安全员", "Food safety officer";
    /// 从业人员 with a health certificate.
    Handler = "handler", "从业人员", "Handler";
}

codes! {
    /// The state of a licence.
    LicenceStatus, "status",
    /// In force until its date.
    Valid = "valid", "有效", "Valid";
    /// Suspended by order.
    Suspended = "suspended", "暂扣", "Suspended";
    /// Revoked as a penalty.
    Revoked = "revoked", "吊销", "Revoked";
    /// Given back or lapsed.
    Cancelled = "cancelled", "注销", "Cancelled";
}

/// The kinds of one operator, kept as a bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kinds(i64);

impl Kinds {
    /// From a list.
    #[must_use]
    pub fn of(kinds: &[OperatorKind]) -> Self {
        Self(kinds.iter().fold(0, |bits, k| bits | 1 << *k as u8))
    }
    /// From storage.
    pub(crate) const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }
    /// For storage.
    pub(crate) const fn bits(self) -> i64 {
        self.0
    }
    /// Whether the kind is among them.
    #[must_use]
    pub const fn has(self, kind: OperatorKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
    /// As a list, in the order shown.
    #[must_use]
    pub fn list(self) -> Vec<OperatorKind> {
        OperatorKind::ALL.iter().copied().filter(|k| self.has(*k)).collect()
    }
    /// Codes joined by commas.
    pub(crate) fn codes(self) -> Vec<&'static str> {
        self.list().into_iter().map(OperatorKind::code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_both_languages_and_codes_are_read() {
        for text in ["餐饮服务", "caterer", " Caterer "] {
            assert_eq!(OperatorKind::read(text).unwrap(), OperatorKind::Caterer);
        }
        let e = OperatorKind::read("餐厅").unwrap_err().user_text().unwrap();
        assert!(e.zh.contains("餐饮服务") && e.en.contains("small_shop"), "{e}");
    }

    #[test]
    fn kinds_go_through_their_bits() {
        for kind in OperatorKind::ALL {
            assert_eq!(Kinds::from_bits(Kinds::of(&[*kind]).bits()).list(), [*kind]);
        }
        assert_eq!(Kinds::of(OperatorKind::ALL).list(), OperatorKind::ALL);
    }
}
