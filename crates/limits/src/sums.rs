//! Limits on sums: which components count, with which factor, and what a component not detected counts as.

use crate::analytes::{Analyte, Analytes};
use crate::error::LoadError;
use crate::load::csv_rows;
use crate::number::{self, Reading};
use base::Decimal;
use serde::Deserialize;
use std::collections::HashMap;

/// What a component that was not detected counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonDetect {
    /// Zero: the lower bound, for enforcement.
    Zero,
    /// Half its detection limit.
    Half,
    /// Its detection limit.
    Whole,
}

/// A sum a limit is set on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Component and the factor that expresses it as the named substance (ratio of molar masses; 1 where the sum is of masses).
    pub components: Vec<(String, Decimal)>,
    /// What a component not detected counts as.
    pub non_detect: NonDetect,
    /// A report must show every component, else a pass must wait.
    pub complete: bool,
    /// The clause, or how the factor was found.
    pub basis: String,
}

#[derive(Deserialize)]
struct Row {
    analyte: String,
    components: String,
    non_detect: String,
    complete: String,
    basis: String,
}

/// The sums by analyte.
#[derive(Debug, Default)]
pub struct Sums(HashMap<String, Sum>);

/// The parts of a report added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) value: Decimal,
    /// The same without factors, as some laboratories print it.
    pub(crate) plain: Decimal,
    /// What the parts not detected could add.
    pub(crate) hidden: Decimal,
    pub(crate) any: bool,
    /// Parts that are no components of the sum.
    pub(crate) outside: Vec<String>,
}

impl Sums {
    /// Reads `sums.csv` (columns analyte, components `name*factor|…`, non_detect `zero|half|whole`, complete `yes|no`, basis).
    ///
    /// # Errors
    /// When the file is no CSV or a field is not understood.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, LoadError> {
        let mut out = Self::default();
        for row in csv_rows::<Row>(file, text)? {
            let bad = |field: &'static str, value: &str| LoadError::Field {
                file: file.to_owned(),
                row: row.analyte.clone(),
                field,
                value: value.to_owned(),
            };
            let components = row
                .components
                .split('|')
                .map(|c| match c.rsplit_once('*') {
                    None => Some((c.to_owned(), Decimal::ONE)),
                    Some((name, factor)) => Some((name.to_owned(), factor.parse().ok()?)),
                })
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| bad("components", &row.components))?;
            let non_detect = match row.non_detect.as_str() {
                "zero" => NonDetect::Zero,
                "half" => NonDetect::Half,
                "whole" => NonDetect::Whole,
                other => return Err(bad("non_detect", other)),
            };
            let complete = match row.complete.as_str() {
                "yes" => true,
                "no" => false,
                other => return Err(bad("complete", other)),
            };
            out.0.insert(row.analyte.clone(), Sum { components, non_detect, complete, basis: row.basis });
        }
        Ok(out)
    }

    /// The sum defined for an analyte.
    #[must_use]
    pub fn of(&self, analyte: &str) -> Option<&Sum> {
        self.0.get(analyte)
    }

    /// Every analyte that has a sum, with each of its components.
    pub(crate) fn components(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|(name, sum)| sum.components.iter().map(move |(c, _)| (name.as_str(), c.as_str())))
    }

    /// The components a report leaves out though the definition demands each of them, or though it reports but one by itself.
    pub(crate) fn missing(&self, analyte: &Analyte, names: &Analytes) -> Vec<&str> {
        let asked = |s: &&Sum| analyte.lone.is_some() || (s.complete && !analyte.parts.is_empty());
        let Some(sum) = self.of(&analyte.name).filter(asked) else {
            return Vec::new();
        };
        let reported = || analyte.parts.iter().map(|(name, _)| name).chain(&analyte.lone);
        let shown = |component: &str| reported().any(|name| same(name, component, names));
        sum.components.iter().map(|(c, _)| c.as_str()).filter(|c| !shown(c)).collect()
    }

    /// Adds the parts of a label up; `None` when there are none or the numbers are too large.
    pub(crate) fn add(&self, analyte: &Analyte, names: &Analytes, lod: Option<Decimal>) -> Option<Added> {
        if analyte.parts.is_empty() {
            return None;
        }
        let sum = self.of(&analyte.name);
        let policy = sum.map_or(NonDetect::Zero, |s| s.non_detect);
        let mut out = Added {
            value: Decimal::ZERO,
            plain: Decimal::ZERO,
            hidden: Decimal::ZERO,
            any: false,
            outside: Vec::new(),
        };
        for (name, text) in &analyte.parts {
            // An eighth congener, another substance: on record, and no part of what is limited.
            let outside = sum.is_some_and(|s| {
                !s.components.iter().any(|(c, _)| same(name, c, names))
                    && (s.complete || names.canonical(name).is_some())
            });
            // A label that says "expressed as" has applied the factors already.
            let factor = sum
                .filter(|_| analyte.expressed_as.is_empty())
                .and_then(|s| s.components.iter().find(|(c, _)| same(name, c, names)))
                .map_or(Decimal::ONE, |(_, factor)| *factor);
            let (found, bound) = match number::reading(text) {
                Reading::Exact(v) => (v, Decimal::ZERO),
                Reading::Below(v) | Reading::AtMost(v) => (Decimal::ZERO, v),
                Reading::NotDetected(own) => (Decimal::ZERO, own.or(lod).unwrap_or_default()),
                _ => return None,
            };
            if outside {
                out.plain = out.plain.checked_add(found)?;
                out.outside.push(name.clone());
                continue;
            }
            out.any |= !found.is_zero();
            let counted = match policy {
                NonDetect::Zero => Decimal::ZERO,
                NonDetect::Half => bound.checked_div(Decimal::TWO)?,
                NonDetect::Whole => bound,
            };
            let add = |to: Decimal, v: Decimal| to.checked_add(v.checked_mul(factor)?);
            out.value = add(out.value, found.checked_add(counted)?)?;
            out.hidden = add(out.hidden, bound.checked_sub(counted)?)?;
            out.plain = out.plain.checked_add(found)?.checked_add(counted)?;
        }
        Some(out)
    }
}

/// Whether a part as a laboratory names it is a component.
fn same(name: &str, component: &str, names: &Analytes) -> bool {
    let bare = |t: &str| {
        number::plain(t).chars().filter(|c| !matches!(c, '-' | ' ' | '_')).collect::<String>().to_lowercase()
    };
    bare(name) == bare(component)
        || names.canonical(name).is_some_and(|n| Some(n) == names.canonical(component))
}
