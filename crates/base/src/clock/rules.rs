//! The statutory clocks of the rulebook.

use super::{Amount, ClockRule, Direction, Status, Unit};
use crate::{Date, Text};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One clock of the law: its rule and what the screen says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatutoryClock {
    /// What a running clock copies.
    pub rule: ClockRule,
    /// The field of work: 抽检, 召回, …
    pub process: Text,
    /// The duty.
    pub what: Text,
    /// The event that starts it (for [`Direction::Before`], that it must precede).
    pub starts: Text,
    /// Who must act.
    pub actor: Text,
    /// The longest single extension the law allows, where it names one.
    pub extension: Option<Amount>,
    /// Whether the law lets time be suspended.
    pub suspendable: bool,
    /// From when the rule is in force, where recorded.
    pub valid_from: Option<Date>,
}

/// Why the table of clocks cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not CSV of the expected shape.
    #[error("clocks table: {0}")]
    Csv(#[from] csv::Error),
    /// A cell that must be filled is empty.
    #[error("clocks table, {id}: column {column} is empty")]
    Empty {
        /// The rule.
        id: String,
        /// The column.
        column: &'static str,
    },
    /// An extension that is not `number unit`.
    #[error("clocks table, {0}: the extension must read like '10 working_day'")]
    Extension(String),
    /// Two rows of one id.
    #[error("clocks table: {0} stands twice")]
    Twice(String),
}

/// The clocks by id.
#[derive(Debug, Clone, Default)]
pub struct Rules(BTreeMap<String, StatutoryClock>);

#[derive(Deserialize)]
struct Line {
    id: String,
    process: String,
    process_en: String,
    what: String,
    what_en: String,
    starts: String,
    starts_en: String,
    amount: u32,
    unit: Unit,
    direction: Direction,
    extension: String,
    suspendable: bool,
    roll_over: bool,
    actor: String,
    actor_en: String,
    basis: String,
    status: Status,
    valid_from: Option<Date>,
}

impl Rules {
    /// The national clocks of the rulebook.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| {
            Self::parse(include_str!("../../../../rulebook/cn/clocks/deadlines.csv")).unwrap_or_default()
        })
    }

    /// Reads the table; its columns are those of `rulebook/cn/clocks/deadlines.csv`.
    ///
    /// # Errors
    /// When a row is malformed, a text or the basis is missing in either language, or an id stands twice.
    pub fn parse(table: &str) -> Result<Self, RulesError> {
        let mut rules = BTreeMap::new();
        for line in csv::Reader::from_reader(table.as_bytes()).deserialize::<Line>() {
            let line = line?;
            let id = line.id.clone();
            let clock = line.check()?;
            if rules.insert(id.clone(), clock).is_some() {
                return Err(RulesError::Twice(id));
            }
        }
        Ok(Self(rules))
    }

    /// The clock of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&StatutoryClock> {
        self.0.get(id)
    }

    /// All clocks, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = &StatutoryClock> {
        self.0.values()
    }
}

impl Line {
    fn check(self) -> Result<StatutoryClock, RulesError> {
        let id = self.id.clone();
        let both = |zh: String, en: String, column: &'static str| {
            if zh.is_empty() || en.is_empty() {
                return Err(RulesError::Empty { id: id.clone(), column });
            }
            Ok(Text::new(zh, en))
        };
        if self.basis.is_empty() {
            return Err(RulesError::Empty { id, column: "basis" });
        }
        let extension = match self.extension.split_once(' ') {
            None if self.extension.is_empty() => None,
            Some((amount, unit)) => {
                let amount = amount.parse().map_err(|_| RulesError::Extension(id.clone()))?;
                let unit = match unit {
                    "working_day" => Unit::WorkingDay,
                    "calendar_day" => Unit::CalendarDay,
                    "month" => Unit::Month,
                    _ => return Err(RulesError::Extension(id)),
                };
                Some(Amount { amount, unit })
            }
            None => return Err(RulesError::Extension(id)),
        };
        Ok(StatutoryClock {
            process: both(self.process, self.process_en, "process")?,
            what: both(self.what, self.what_en, "what")?,
            starts: both(self.starts, self.starts_en, "starts")?,
            actor: both(self.actor, self.actor_en, "actor")?,
            extension,
            suspendable: self.suspendable,
            valid_from: self.valid_from,
            rule: ClockRule {
                id: self.id,
                amount: self.amount,
                unit: self.unit,
                basis: self.basis,
                status: self.status,
                roll_over: self.roll_over,
                direction: self.direction,
            },
        })
    }
}
