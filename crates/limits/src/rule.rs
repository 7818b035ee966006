//! Editions of standards and their rows.

use crate::facts::{Fact, Facts};
use crate::tree::NodeIx;
use crate::verdict::Status;
use base::{Date, Decimal, Text};
use std::collections::HashMap;

/// What the silence of a standard means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// No row, no limit.
    NotLimited,
    /// The part that would tell is not loaded.
    NotLoaded,
}

/// What the value must be brought to before it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Edible part, as the standard says in general.
    AsIs,
    /// Dry weight (干重计).
    Dry,
    /// Fat (以脂肪中的残留量计).
    Fat,
    /// Viscera removed (去除内脏).
    VisceraRemoved,
    /// The solid product; liquids at this fraction of the limit where one is printed (8:1).
    Solid(Option<Decimal>),
    /// The nitrite or nitrate ion instead of the sodium salt.
    Ion,
}

/// A fact a row demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The fact has one of these values.
    Is(Fact, Vec<String>),
    /// Fat content below (`true`) or not below this percentage.
    Fat {
        /// Below, or at and above.
        below: bool,
        /// Percent.
        percent: Decimal,
    },
}

impl Condition {
    /// The fact in question.
    #[must_use]
    pub const fn fact(&self) -> Fact {
        match self {
            Self::Is(fact, _) => *fact,
            Self::Fat { .. } => Fact::Fat,
        }
    }

    /// Whether the facts satisfy it; `None` when the fact is unknown.
    #[must_use]
    pub fn holds(&self, facts: &Facts) -> Option<bool> {
        let value = facts.get(self.fact())?;
        match self {
            Self::Is(_, allowed) => Some(allowed.iter().any(|a| a == value)),
            Self::Fat { below, percent } => Some((value.parse::<Decimal>().ok()? < *percent) == *below),
        }
    }
}

/// The kind of limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Highest permitted level.
    Maximum(Decimal),
    /// Sampling plan.
    Plan(Plan),
}

/// A microbiological sampling plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Sub-samples to test.
    pub n: usize,
    /// Sub-samples allowed above `m`.
    pub c: usize,
    /// Acceptable level.
    pub m: Decimal,
    /// Level no sub-sample may exceed; absent in two-class plans.
    pub upper: Option<Decimal>,
}

/// One row of a table.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Row id.
    pub id: String,
    /// Clause and table.
    pub clause: String,
    /// Canonical analyte.
    pub analyte: String,
    /// The food as printed.
    pub food: String,
    /// Classes the row covers.
    pub include: Vec<NodeIx>,
    /// Classes it leaves out.
    pub exclude: Vec<NodeIx>,
    /// Demands beside the food class.
    pub conditions: Vec<Condition>,
    /// Basis of the value.
    pub basis: Basis,
    /// The limit.
    pub kind: Kind,
    /// The limit as printed.
    pub printed: String,
    /// Unit as printed.
    pub unit: String,
    /// `temporary`, `extraneous`, `observed` or empty.
    pub flag: String,
    /// Footnotes as printed.
    pub notes: String,
}

/// Classes in which silence about an analyte means "not loaded".
#[derive(Debug, Clone)]
pub struct Gap {
    /// Canonical analyte.
    pub analyte: String,
    /// Classes concerned.
    pub under: Vec<NodeIx>,
    /// The standard that would answer, or empty when this edition's own text was not read.
    pub standard: String,
}

/// What an edition says of one analyte.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Rows, by index.
    pub rules: Vec<usize>,
    /// Residue definition, as printed.
    pub definition: String,
    /// The table is loaded only in part.
    pub partial: bool,
}

/// One edition of a standard.
#[derive(Debug)]
pub struct Edition {
    /// Id, e.g. `gb2762-2025`.
    pub id: String,
    /// Standard number.
    pub standard: String,
    /// Edition.
    pub edition: String,
    /// Title.
    pub title: Text,
    /// Document and clauses the rows were read from.
    pub basis: String,
    /// First day in force.
    pub from: Date,
    /// Last day in force.
    pub to: Option<Date>,
    /// Trust.
    pub status: Status,
    /// Index of its food tree.
    pub tree: usize,
    /// What no row means.
    pub absence: Absence,
    /// Comparison rule.
    pub comparison: Text,
    /// Clause on dried goods and the product classes it covers.
    pub dried: Option<(String, Vec<NodeIx>)>,
    /// Classes where silence means "not loaded".
    pub gaps: Vec<Gap>,
    /// Rows.
    pub rules: Vec<Rule>,
    /// Rows by canonical analyte.
    pub analytes: HashMap<String, Coverage>,
}

impl Edition {
    /// Whether it is in force on a date.
    #[must_use]
    pub fn in_force(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date <= to)
    }
}
