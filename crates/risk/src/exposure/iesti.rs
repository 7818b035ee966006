//! Short-term intake of one food from one large portion: the IESTI equations of JMPR, old and new.
//!
//! Source: FAO/WHO JMPR, *Submission and evaluation of pesticide residues data* (FAO Plant Production and Protection
//! Paper 225), chapter on the international estimate of short-term intake; the new equations as proposed by the
//! international workshop of 2015 (EFSA Supporting Publication 2015:EN-907).

use crate::table::{Row, Table, TableError, digits12};
use std::fmt;

/// Which equation holds for a food.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Case {
    /// A unit of the raw commodity weighs less than 25 g: a composite sample shows what one meal holds.
    #[serde(rename = "1")]
    One,
    /// Units of 25 g or more, and the large portion is more than one: the first unit may carry more than the mean.
    #[serde(rename = "2a")]
    TwoA,
    /// Units of 25 g or more, and the large portion is at most one unit.
    #[serde(rename = "2b")]
    TwoB,
    /// Bulked or blended: the median residue.
    #[serde(rename = "3")]
    Three,
}

impl Case {
    /// The case of a food: `unit_raw_g` is the weight of a unit of the raw commodity (none: below 25 g), `unit_edible_g`
    /// of its edible part. A portion as large as the unit is case 2b.
    #[must_use]
    pub fn of(
        bulked: bool,
        large_portion_g: f64,
        unit_raw_g: Option<f64>,
        unit_edible_g: Option<f64>,
    ) -> Self {
        match unit_raw_g {
            _ if bulked => Self::Three,
            Some(raw) if raw >= 25.0 => {
                if large_portion_g > unit_edible_g.unwrap_or(raw) {
                    Self::TwoA
                } else {
                    Self::TwoB
                }
            }
            _ => Self::One,
        }
    }

    /// The case spelt `1`, `2a`, `2b` or `3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::One, Self::TwoA, Self::TwoB, Self::Three].into_iter().find(|case| case.name() == text)
    }

    /// `1`, `2a`, `2b` or `3`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::TwoA => "2a",
            Self::TwoB => "2b",
            Self::Three => "3",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Variability factor of PRIMo for a unit weight of the raw commodity in grams: 7 from 25 to 250 g, 5 above, 1 below.
/// JMPR uses 3 instead.
#[must_use]
pub fn primo_variability(unit_raw_g: f64) -> f64 {
    match unit_raw_g {
        weight if weight < 25.0 => 1.0,
        weight if weight <= 250.0 => 7.0,
        _ => 5.0,
    }
}

/// A large portion of a food.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Portion {
    /// Which equation holds.
    pub case: Case,
    /// Large portion, g.
    pub grams: f64,
    /// Weight of the edible part of a unit, g; matters in case 2a alone.
    pub unit_g: f64,
    /// Variability factor: how much more a single unit may carry than the mean of a composite sample.
    pub variability: f64,
    /// Body weight, kg.
    pub body_weight_kg: f64,
}

impl Portion {
    /// Grams that count: in case 2a the first unit v times, in case 2b the whole portion v times.
    #[must_use]
    pub fn weighted_grams(&self) -> f64 {
        match self.case {
            Case::One | Case::Three => self.grams,
            Case::TwoA => self.unit_g * self.variability + (self.grams - self.unit_g),
            Case::TwoB => self.grams * self.variability,
        }
    }

    /// Intake by the equations in force, µg per kg body weight and day: `residue` mg/kg is the highest residue (cases 1, 2a, 2b) or
    /// the median (case 3); `processing` the processing factor.
    #[must_use]
    pub fn intake(&self, residue: f64, processing: f64) -> f64 {
        self.weighted_grams() * residue * processing / self.body_weight_kg
    }

    /// Intake by the proposed new equations, µg/kg bw: the limit instead of residues, with the factor from the residue
    /// of enforcement to that of assessment; in cases 2a and 2b the whole portion v times, whatever the unit.
    #[must_use]
    pub fn intake_new(&self, limit: f64, conversion: f64, processing: f64) -> f64 {
        let factor = if matches!(self.case, Case::TwoA | Case::TwoB) { self.variability } else { 1.0 };
        self.grams * limit * conversion * processing * factor / self.body_weight_kg
    }

    /// The residue in mg/kg at which the intake reaches the reference dose (`mg/kg` body weight); `None` when nothing is eaten.
    #[must_use]
    pub fn threshold(&self, reference: f64, processing: f64) -> Option<f64> {
        let grams = self.weighted_grams() * processing;
        (grams > 0.0).then(|| reference * 1000.0 * self.body_weight_kg / grams)
    }
}

/// Computes a table of single foods: the columns `lp_g`, `unit_weight_rac_g`, `unit_weight_edible_g`, `bulked` (0 or 1),
/// `variability_factor`, `hr_mg_per_kg`, `stmr_mg_per_kg`, `processing_factor`, `body_weight_kg`, `arfd_mg_per_kg_bw` and, for the
/// new equations, `mrl_mg_per_kg` and `conversion_factor`. Fills in `case`, `iesti_ug_per_kg_bw`, `pct_arfd`,
/// `iesti_new_ug_per_kg_bw`, `pct_arfd_new` and `threshold_mg_per_kg` with twelve digits and keeps every other column.
///
/// # Errors
/// The column or cell that is missing or no number of its range.
pub fn table(cases: &Table) -> Result<Table, TableError> {
    cases.require(&["lp_g", "bulked", "body_weight_kg", "hr_mg_per_kg|stmr_mg_per_kg"])?;
    let mut out = cases.clone();
    for row in cases.rows() {
        let portion = portion(&row)?;
        let processing = optional_amount(&row, "processing_factor")?.unwrap_or(1.0);
        let residue =
            row.amount(if portion.case == Case::Three { "stmr_mg_per_kg" } else { "hr_mg_per_kg" })?;
        let reference = optional_positive(&row, "arfd_mg_per_kg_bw")?;
        let intake = portion.intake(residue, processing);
        let percent = |intake: f64| reference.map(|reference| intake / (reference * 1000.0) * 100.0);
        let limit = optional_amount(&row, "mrl_mg_per_kg")?;
        let conversion = optional_amount(&row, "conversion_factor")?.unwrap_or(1.0);
        let new = limit.map(|limit| portion.intake_new(limit, conversion, processing));
        let threshold = reference.and_then(|reference| portion.threshold(reference, processing));
        out.set(row.at(), "case", portion.case.to_string());
        for (column, value) in [
            ("iesti_ug_per_kg_bw", Some(intake)),
            ("pct_arfd", percent(intake)),
            ("iesti_new_ug_per_kg_bw", new),
            ("pct_arfd_new", new.and_then(percent)),
            ("threshold_mg_per_kg", threshold),
        ] {
            out.set(row.at(), column, digits12(value));
        }
    }
    Ok(out)
}

fn portion(row: &Row<'_>) -> Result<Portion, TableError> {
    let bulked = match row.word("bulked")? {
        "0" | "false" => false,
        "1" | "true" => true,
        _ => return Err(row.fault("bulked", "must be 0 or 1")),
    };
    let grams = row.amount("lp_g")?;
    let raw = optional_amount(row, "unit_weight_rac_g")?;
    let edible = optional_amount(row, "unit_weight_edible_g")?;
    let case = Case::of(bulked, grams, raw, edible);
    let variability = match case {
        Case::TwoA | Case::TwoB => row.positive("variability_factor")?,
        Case::One | Case::Three => 1.0,
    };
    if variability < 1.0 {
        return Err(
            row.fault("variability_factor", "must be 1 or more: the unit with most over the mean of the lot")
        );
    }
    let unit_g = edible.or(raw).unwrap_or(0.0);
    Ok(Portion { case, grams, unit_g, variability, body_weight_kg: row.positive("body_weight_kg")? })
}

fn optional_amount(row: &Row<'_>, column: &str) -> Result<Option<f64>, TableError> {
    row.optional(column)?.map(|_| row.amount(column)).transpose()
}

fn optional_positive(row: &Row<'_>, column: &str) -> Result<Option<f64>, TableError> {
    row.optional(column)?.map(|_| row.positive(column)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_unit_decides_the_case_and_equality_is_2b() {
        let cases = [
            (true, 100.0, Some(300.0), Some(300.0), Case::Three),
            (false, 100.0, None, None, Case::One),
            (false, 100.0, Some(24.99), Some(24.99), Case::One),
            (false, 100.0, Some(25.0), Some(25.0), Case::TwoA),
            (false, 80.0, Some(80.0), Some(80.0), Case::TwoB),
            (false, 183.0, Some(270.5), Some(124.43), Case::TwoA),
            (false, 250.01, Some(250.0), None, Case::TwoA),
        ];
        for (bulked, grams, raw, edible, expected) in cases {
            assert_eq!(
                Case::of(bulked, grams, raw, edible),
                expected,
                "{grams} g of units {raw:?}, {edible:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_threshold_residue_uses_up_the_reference_dose(
            grams in 1.0..900.0_f64, raw in 1.0..900.0_f64, bulked: bool, v in 1.0..10.0_f64, bw in 5.0..90.0_f64, pf in 0.01..3.0_f64,
        ) {
            let case = Case::of(bulked, grams, Some(raw), None);
            let portion = Portion { case, grams, unit_g: raw, variability: v, body_weight_kg: bw };
            let residue = portion.threshold(0.05, pf).unwrap();
            prop_assert!((portion.intake(residue, pf) / 50.0 - 1.0).abs() < 1e-12);
            // the same food told in other units of mass for residue and dose
            prop_assert!((portion.intake(residue * 1000.0, pf) / portion.intake(residue, pf) - 1000.0).abs() < 1e-9);
            prop_assert!(portion.intake(residue, pf) <= portion.intake_new(residue, 1.0, pf) * (1.0 + 1e-12));
        }
    }
}
