//! Which date selects the edition: a rule in the rule book, by kind of food.

use crate::error::LoadError;
use crate::rules::Rules;
use base::{Date, Text};
use serde::{Deserialize, Serialize};

/// The file of the rule.
pub(crate) const DATES: &str = "dates.toml";

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

/// A date a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The day it was made.
    Production,
    /// The day it was taken or bought.
    Sampling,
}

impl Which {
    /// The word stored with a sample: `production` or `sampling`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sampling => "sampling",
        }
    }
}

/// One rule on dates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateRule {
    /// The foods it is for.
    pub kinds: Vec<FoodKind>,
    /// The date that counts.
    pub date: Which,
    /// The rule in words.
    pub text: Text,
    /// Where it comes from.
    pub basis: String,
}

/// The rules on dates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dates {
    rule: Vec<DateRule>,
}

impl Dates {
    /// Reads `dates.toml`.
    ///
    /// # Errors
    /// When it is malformed or leaves a kind of food out.
    pub(crate) fn read(text: &str) -> Result<Self, LoadError> {
        let syntax = |problem: String| LoadError::Syntax { file: DATES.to_owned(), problem };
        let dates: Self = toml::from_str(text).map_err(|e| syntax(e.to_string()))?;
        for kind in [FoodKind::Prepackaged, FoodKind::FarmProduce, FoodKind::Catering, FoodKind::Bulk] {
            if dates.rule.iter().filter(|r| r.kinds.contains(&kind)).count() != 1 {
                return Err(syntax(format!("{kind:?} must stand in exactly one rule")));
            }
        }
        Ok(dates)
    }
}

impl Rules {
    /// The governing date of a sample and the rule that chose it. `None` when the date the rule asks for is unknown:
    /// ask, never substitute.
    #[must_use]
    pub fn governing_date(
        &self,
        kind: FoodKind,
        production: Option<Date>,
        sampling: Option<Date>,
    ) -> Option<(Date, &DateRule)> {
        let rule = self.dates.rule.iter().find(|r| r.kinds.contains(&kind))?;
        let date = match rule.date {
            Which::Production => production,
            Which::Sampling => sampling,
        };
        Some((date?, rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepackaged_food_is_judged_by_the_law_of_its_production_day() {
        let day = |t: &str| t.parse::<Date>().unwrap();
        let (made, taken) = (Some(day("2026-08-30")), Some(day("2026-09-10")));
        let date = |kind, made, taken| Rules::builtin().governing_date(kind, made, taken).map(|d| d.0);
        assert_eq!(date(FoodKind::Prepackaged, made, taken), made);
        assert_eq!(date(FoodKind::Bulk, made, taken), made);
        assert_eq!(date(FoodKind::FarmProduce, made, taken), taken);
        assert_eq!(date(FoodKind::Catering, None, taken), taken);
        assert_eq!(date(FoodKind::Prepackaged, None, taken), None);
    }
}
