//! One laboratory result to be judged.

use crate::facts::Facts;
use base::Date;
use serde::{Deserialize, Serialize};

/// A result as a laboratory reports it: texts are kept as written and read by the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The caller's reference; copied to the verdict.
    pub id: String,
    /// The food in people's words, product facts in brackets: `干香菇(鲜干比10:1)`.
    pub food: String,
    /// Positions fixed by a person, which outweigh the name: one node per food tree.
    #[serde(default)]
    pub placed: Vec<Placed>,
    /// Known facts about the product, beside those in the name.
    #[serde(default)]
    pub facts: Facts,
    /// The analyte in Chinese, English or as a CAS number, basis wording allowed: `镉(以Cd计)`.
    pub analyte: String,
    /// The value as reported: `0.20`, `ND`, `<0.01`, `50|120|300|80|90`, `21 (sum)`.
    pub value: String,
    /// The unit as reported; empty means the unit of the limit.
    pub unit: String,
    /// Limit of detection in the same unit, as reported.
    #[serde(default)]
    pub lod: Option<String>,
    /// Limit of quantification in the same unit, as reported.
    #[serde(default)]
    pub loq: Option<String>,
    /// The date that selects the edition (see `governing_date`).
    #[serde(with = "crate::date")]
    pub date: Date,
}

impl Case {
    /// A case with nothing but the columns every sheet has.
    #[must_use]
    pub fn new(
        food: impl Into<String>,
        analyte: impl Into<String>,
        value: impl Into<String>,
        unit: impl Into<String>,
        date: Date,
    ) -> Self {
        Self {
            id: String::new(),
            food: food.into(),
            placed: Vec::new(),
            facts: Facts::default(),
            analyte: analyte.into(),
            value: value.into(),
            unit: unit.into(),
            lod: None,
            loq: None,
            date,
        }
    }
}

/// A position in one standard's food tree, fixed by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The tree, e.g. `gb2762`.
    pub tree: String,
    /// Code of the node in that tree, e.g. `04.02.02`.
    pub node: String,
}
