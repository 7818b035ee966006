//! Editions of standards and their rows.

use crate::facts::{Fact, Facts};
use crate::tree::NodeIx;
use crate::verdict::Status;
use base::{Date, Decimal, Text};
use std::collections::HashMap;

/// What the silence of a standard means: a property of the standard and its jurisdiction.
#[derive(Debug, Clone)]
pub enum Absence {
    /// No row, no limit (contaminants and pesticides in China).
    NotLimited,
    /// The part that would tell is not loaded.
    NotLoaded,
    /// What no row permits is judged by this row: not permitted at all (additives), or a default limit (pesticides in the
    /// European Union and Japan).
    Row(Box<Rule>),
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
    /// As consumed (以即饮状态计): solid drinks and concentrates at the limit times their dilution.
    AsConsumed,
}

impl Basis {
    /// What it is called.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::AsIs => Text::of("以可食部分计", "the edible part"),
            Self::Dry => Text::of("以干重计", "dry weight"),
            Self::Fat => Text::of("以脂肪计", "fat"),
            Self::VisceraRemoved => Text::of("去除内脏", "viscera removed"),
            Self::Solid(_) => Text::of("以固态产品计", "the solid product"),
            Self::Ion => Text::of("以离子计", "the ion"),
            Self::AsConsumed => Text::of("以即饮状态计", "as consumed"),
        }
    }
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
    /// Lowest permitted level.
    Minimum(Decimal),
    /// Lowest and highest permitted level.
    Range(Decimal, Decimal),
    /// As much as production needs (按生产需要适量使用): no number.
    AsNeeded,
    /// Not permitted, must not be detected (不得使用、不得检出).
    Prohibited,
    /// No limit needed (豁免制定限量).
    Exempt,
    /// Sampling plan.
    Plan(Plan),
}

impl Kind {
    /// The kind a printed limit states: `0.2`, `≥0.5`, `10~30`, `按生产需要适量使用`, `不得检出`, `n=5,c=2,m=100,M=1000`.
    #[must_use]
    pub fn read(printed: &str) -> Option<Self> {
        let number = |t: &str| t.trim().parse::<Decimal>().ok();
        match printed {
            "按生产需要适量使用" => return Some(Self::AsNeeded),
            "不得使用" | "不得检出" => return Some(Self::Prohibited),
            "豁免" | "不需要制定" => return Some(Self::Exempt),
            _ => {}
        }
        if let Some(value) = number(printed) {
            return Some(Self::Maximum(value));
        }
        if let Some(value) = printed.strip_prefix('≥').and_then(number) {
            return Some(Self::Minimum(value));
        }
        if let Some((low, high)) = printed.split_once('~') {
            return Some(Self::Range(number(low)?, number(high)?)).filter(|_| number(low) < number(high));
        }
        let part = |key: &str| {
            printed.split(',').find_map(|p| p.strip_prefix(key).and_then(|v| v.strip_prefix('=')))
        };
        let (n, c, m) = (part("n")?.parse().ok()?, part("c")?.parse().ok()?, number(part("m")?)?);
        let upper = match part("M") {
            Some(text) => Some(number(text).filter(|upper| *upper >= m)?),
            None => None,
        };
        (c <= n && n > 0).then_some(Self::Plan(Plan { n, c, m, upper }))
    }
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
    /// `temporary`, `extraneous`, `observed`, `background` (natural occurrence or fermentation must be weighed) or empty.
    pub flag: String,
    /// Footnotes as printed.
    pub notes: String,
    /// First day of the row, when an amendment brought it after the edition.
    pub from: Option<Date>,
    /// Last day of the row, when an amendment took it back.
    pub to: Option<Date>,
}

impl Rule {
    /// Whether the row stands on a date on which its edition is in force.
    #[must_use]
    pub fn stands(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

/// A dated change of an edition (修改单).
#[derive(Debug, Clone)]
pub struct Amendment {
    /// Its name, e.g. `第1号修改单`.
    pub title: Text,
    /// Where it was published.
    pub basis: String,
    /// First day in force.
    pub from: Date,
    /// How many rows it brings.
    pub brings: usize,
    /// Ids of the rows it takes back.
    pub withdraws: Vec<String>,
}

/// A reading of a table by one person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Who read it.
    pub reader: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
    /// SHA-256 over the rows as read, in hexadecimal.
    pub sha256: String,
}

/// The rule on combined use of additives of one function.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combined {
    /// Clause.
    pub clause: String,
    /// Highest sum of the ratios to the maximum use levels.
    pub limit: Decimal,
    /// The rule in words.
    pub text: Text,
    /// Additives of one function (colours: of one hue), group by group.
    #[serde(default)]
    pub functions: Vec<Vec<String>>,
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
    /// The standard exempts the substance from limits (GB 2763 附录B).
    pub exempt: bool,
}

/// One edition of a standard.
#[derive(Debug)]
pub struct Edition {
    /// Id, e.g. `gb2762-2025`.
    pub id: String,
    /// The file its rows stand in.
    pub table: String,
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
    /// Compared after rounding to the places of the limit (GB/T 8170 修约值比较法) instead of in full.
    pub rounded: bool,
    /// Whose law it is: `cn`, `eu`, `jp`, `codex`.
    pub jurisdiction: String,
    /// Not in use before two people have read it alike.
    pub draft: bool,
    /// Who read it.
    pub readings: Vec<Reading>,
    /// Amendments, in force from their own dates.
    pub amendments: Vec<Amendment>,
    /// The rule on combined use, where the standard has one.
    pub combined: Option<Combined>,
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
        !self.draft && self.from <= date && self.to.is_none_or(|to| date <= to)
    }
}
