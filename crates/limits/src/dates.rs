//! Which date selects the edition.

use base::{Date, Text};
use serde::{Deserialize, Serialize};

/// The kinds of food the rule distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoodKind {
    /// Prepackaged food with a production date.
    Prepackaged,
    /// Farm produce sold loose.
    FarmProduce,
    /// Made and served by a caterer.
    Catering,
    /// Processed food sold loose.
    Bulk,
}

/// The governing date of a sample and why: production date for prepackaged and bulk processed food (it must meet the
/// standard in force when it was made), sampling date for farm produce and catering, whose making no label dates.
/// `None` when the date the rule asks for is unknown: ask, never substitute.
#[must_use]
pub fn governing_date(
    kind: FoodKind,
    production: Option<Date>,
    sampling: Option<Date>,
) -> Option<(Date, Text)> {
    match kind {
        FoodKind::Prepackaged | FoodKind::Bulk => Some((
            production?,
            Text::of(
                "预包装及散装加工食品以生产日期确定适用版本",
                "the production date selects the edition for processed food",
            ),
        )),
        FoodKind::FarmProduce | FoodKind::Catering => Some((
            sampling?,
            Text::of(
                "食用农产品和餐饮食品以抽样(购进)日期确定适用版本",
                "the sampling date selects the edition for farm produce and catering",
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepackaged_food_is_judged_by_the_law_of_its_production_day() {
        let day = |t: &str| t.parse::<Date>().unwrap();
        let both = (Some(day("2026-08-30")), Some(day("2026-09-10")));
        assert_eq!(governing_date(FoodKind::Prepackaged, both.0, both.1).unwrap().0, day("2026-08-30"));
        assert_eq!(governing_date(FoodKind::FarmProduce, both.0, both.1).unwrap().0, day("2026-09-10"));
        assert!(governing_date(FoodKind::Prepackaged, None, both.1).is_none());
    }
}
