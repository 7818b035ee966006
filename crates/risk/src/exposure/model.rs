//! A whole assessment as one file: who ate what, what was found in it, assumptions, settings and seed. The same file gives the
//! same figures anywhere; its hash stands on each of them.
//!
//! The format is described in `docs/exposure-model.md`.

mod assessment;
mod bootstrap;
mod figures;
mod live;

pub use assessment::{Assessment, Change, NewResult};
pub use figures::{Figure, Gap, Report};
pub use live::{Live, Protect};

use super::concentration::Bound;
use crate::table::TableError;
use base::Text;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What `format` must say.
pub const FORMAT: &str = "shian-exposure-1";

/// A model. Amounts are grams, kilograms body weight and mg/kg food; exposures µg per kg body weight and day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Model {
    /// [`FORMAT`].
    pub format: String,
    /// What it is about.
    #[serde(default)]
    pub title: String,
    /// Seed of every random number.
    #[serde(default)]
    pub seed: u64,
    /// Names of CSV files beside the model that take the place of `tables`; read by the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Tables>,
    /// The tables themselves as CSV text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Tables>,
    /// Substances; when empty those of the table of concentrations, with potency 1 and without reference values.
    #[serde(default)]
    pub substances: Vec<Substance>,
    /// Processing factors.
    #[serde(default)]
    pub processing: Vec<Factor>,
    /// Foods eaten in units that differ; counts for drawn days alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitWeight>,
    /// Assumptions on consumption: grams of a food times a factor.
    #[serde(default)]
    pub consumption: Vec<Factor>,
    /// Limits that are assumed to hold.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// Groups of people; everybody (`all`) when empty.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// What to compute.
    #[serde(default)]
    pub settings: Settings,
}

/// The three tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tables {
    /// `person`, `body_weight_kg`, and `age`, `sex`, `weight` where there are.
    pub persons: String,
    /// `person`, `day`, `food`, `grams`.
    pub consumption: String,
    /// `food`, `value_mg_per_kg` (empty: not detected), `lod_mg_per_kg`, and `loq_mg_per_kg`, `detected` (0 or 1), `substance`, `sample` where there are.
    pub concentrations: String,
}

/// A substance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Substance {
    /// As in the table of concentrations; empty when it has no such column.
    #[serde(default)]
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Potency relative to the index substance.
    #[serde(default = "one")]
    pub potency: f64,
    /// Health-based guidance value for long-term exposure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Reference dose for one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acute_reference: Option<Reference>,
    /// Reference point (such as a BMDL10) that margins of exposure are taken from, µg per kg body weight and day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_point: Option<f64>,
}

fn one() -> f64 {
    1.0
}

/// A reference value with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reference {
    /// µg per kg body weight and period.
    pub value: f64,
    /// The period it is for.
    #[serde(default)]
    pub period: Period,
    /// TDI, ADI, PTWI, PTMI, ARfD …
    #[serde(default)]
    pub kind: String,
    /// Who set it.
    #[serde(default)]
    pub authority: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
}

impl Reference {
    /// µg per kg body weight and day: a week has 7, a month 30.4375 days.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        match self.period {
            Period::Day => self.value,
            Period::Week => self.value / 7.0,
            Period::Month => self.value / 30.4375,
        }
    }
}

/// Period of a reference value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Period {
    /// A day.
    #[default]
    Day,
    /// A week.
    Week,
    /// A month of 30.4375 days.
    Month,
}

/// A factor for a food.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Factor {
    /// The food.
    pub food: String,
    /// The substance; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<String>,
    /// The factor, 0 or more; of a processing factor with a distribution its median.
    pub factor: f64,
    /// Processing factors only: 95th percentile of the factor from portion to portion; the factor is fixed when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// A food that is eaten in units which hold more or less than the composite sample they were measured in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnitWeight {
    /// The food.
    pub food: String,
    /// Weight of a unit, g, 1 or more.
    pub grams: f64,
    /// How units differ: `{"variability": v}` (97.5th percentile over the mean, 1 or more), `{"cv": c}` (standard deviation over the mean, above
    /// 0) or `{"composite": n}` (all residue may be in one of n units).
    pub spread: UnitSpread,
}

/// How units differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnitSpread {
    /// Log-normal with this variability factor.
    Variability(f64),
    /// Log-normal with this coefficient of variation.
    Cv(f64),
    /// One of so many units holds everything.
    Composite(f64),
}

/// A limit that is assumed to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// The food; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub food: Option<String>,
    /// The substance; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<String>,
    /// mg/kg.
    pub limit: f64,
    /// How it works.
    #[serde(default)]
    pub mode: LimitMode,
}

/// How a limit works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitMode {
    /// What is above it leaves the market: its results are left out.
    #[default]
    Enforced,
    /// Everything is at the limit.
    AtLimit,
}

/// A group of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// Name in the figures.
    pub id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Youngest age in full years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_from: Option<f64>,
    /// Oldest age in full years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_to: Option<f64>,
    /// As the table of persons spells it; both when empty.
    #[serde(default)]
    pub sex: String,
}

/// What to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Bounds for what was not detected.
    pub bounds: Vec<Bound>,
    /// Percentiles, 0 to 100.
    pub percentiles: Vec<f64>,
    /// Which concentrations a food can have on one day.
    pub concentrations: Concentrations,
    /// Models of long-term exposure.
    pub chronic: Vec<Chronic>,
    /// Person-days drawn for short-term exposure; 0: none.
    pub acute: usize,
    /// Foods told with their contributions; the largest ones.
    pub contributions: usize,
    /// Percentile (0 to 100) of drawn days at or above which the foods' contributions are told too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<f64>,
    /// Bootstrap of people and samples: replicates; 0: none.
    pub replicates: usize,
    /// Person-days drawn in each replicate; 0: long-term exposure alone.
    pub replicate_draws: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bounds: Bound::ALL.to_vec(),
            percentiles: vec![50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.9],
            concentrations: Concentrations::Samples,
            chronic: vec![Chronic::Oim],
            acute: 100_000,
            contributions: 5,
            tail: None,
            replicates: 0,
            replicate_draws: 0,
        }
    }
}

/// Which concentrations a food can have on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Concentrations {
    /// The results themselves, not detected ones by the bound.
    #[default]
    Samples,
    /// A log-normal of all by censored maximum likelihood; foods with too few values keep their results.
    CensoredLognormal,
    /// True zeros and a censored log-normal.
    SpikedLognormal,
    /// Not detected is zero, the rest log-normal.
    NondetectSpike,
}

/// A model of long-term exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Chronic {
    /// Observed individual means.
    #[serde(rename = "OIM")]
    Oim,
    /// Beta-binomial frequency, log-normal amounts.
    #[serde(rename = "BBN")]
    Bbn,
    /// The same after a Box–Cox transformation.
    #[serde(rename = "BBN_power")]
    BbnPower,
    /// Logistic-normal frequency, log-normal amounts, uncorrelated.
    #[serde(rename = "LNN0")]
    Lnn0,
    /// The same, correlated.
    #[serde(rename = "LNN")]
    Lnn,
    /// Without families of distributions, after the Iowa State method for foods.
    #[serde(rename = "ISUF")]
    Isuf,
}

/// Why a model is not computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The file is no model.
    #[error("no model of the form shian-exposure-1: {0}")]
    Form(String),
    /// A table is not as it must be.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A field is not as it must be.
    #[error("{field}: {reason}")]
    Field {
        /// The field.
        field: String,
        /// What it should be.
        reason: String,
    },
}

/// The error of a field.
pub(super) fn field(name: impl Into<String>, reason: impl Into<String>) -> ModelError {
    ModelError::Field { field: name.into(), reason: reason.into() }
}

impl Model {
    /// Reads a model.
    ///
    /// # Errors
    /// [`ModelError::Form`] with the place in the text.
    pub fn read(text: &str) -> Result<Self, ModelError> {
        let model: Self = serde_json::from_str(text).map_err(|error| ModelError::Form(error.to_string()))?;
        if model.format != FORMAT {
            return Err(ModelError::Form(format!("format is {:?}; {FORMAT:?} is needed", model.format)));
        }
        Ok(model)
    }

    /// The model as text; with tables in it this is the one file that reproduces the figures.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The hash that stands on every figure: SHA-256 of the engine's version, the model without its tables, and the SHA-256 of each table.
    #[must_use]
    pub fn recipe(&self) -> String {
        let tables = self.tables.as_ref();
        self.recipe_over(tables.map(|t| [&t.persons, &t.consumption, &t.concentrations].map(|t| digest(t))))
    }

    /// The same with the digests of the tables at hand.
    pub(super) fn recipe_over(&self, tables: Option<[[u8; 32]; 3]>) -> String {
        let text = serde_json::to_string(&self.without_tables()).unwrap_or_default();
        let mut hash = Sha256::new();
        hash.update(ENGINE.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
        for table in tables.iter().flatten() {
            hash.update([0]);
            hash.update(table);
        }
        let digest = hash.finalize();
        digest.iter().fold(String::from("sha256:"), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Everything but the tables.
    pub(super) fn without_tables(&self) -> Self {
        Self {
            format: self.format.clone(),
            title: self.title.clone(),
            seed: self.seed,
            files: self.files.clone(),
            tables: None,
            substances: self.substances.clone(),
            processing: self.processing.clone(),
            units: self.units.clone(),
            consumption: self.consumption.clone(),
            limits: self.limits.clone(),
            groups: self.groups.clone(),
            settings: self.settings.clone(),
        }
    }
}

/// SHA-256 of a table.
pub(super) fn digest(table: &str) -> [u8; 32] {
    Sha256::digest(table.as_bytes()).into()
}

/// The engine that figures name: it changes when figures of the same model may change.
pub const ENGINE: &str = "shian-exposure engine 3";
