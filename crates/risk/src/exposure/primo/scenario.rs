//! What one assessment of a substance gives: reference values and limits.

use super::Order;
use crate::table::{Row, Table, TableError};
use std::collections::HashMap;

/// A reference dose for one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// mg per kg body weight.
    Dose(f64),
    /// Not necessary (`n.n.`): no acute assessment.
    NotNecessary,
}

/// A substance: its reference values and its limits by code of food or group.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Acceptable daily intake, mg per kg body weight; none: no chronic assessment.
    pub adi: Option<f64>,
    /// Acute reference dose; when it was empty the ADI stands in for it.
    pub arfd: Reference,
    /// Limit of quantification, mg/kg: limits up to it count as "at the LOQ".
    pub loq: f64,
    limits: HashMap<String, f64>,
}

impl Scenario {
    /// Reads `key,value` rows: `adi_mg_per_kg_bw`, `arfd_mg_per_kg_bw` (empty: the ADI; `n.n.`: none necessary), `loq_mg_per_kg`,
    /// and `mrl:CODE` with the limit in mg/kg.
    ///
    /// # Errors
    /// The row that is not understood, or that neither reference value is given.
    pub fn read(table: &Table) -> Result<Self, TableError> {
        table.require(&["key", "value"])?;
        let (mut adi, mut arfd, mut loq, mut limits) = (None, None, 0.0, HashMap::new());
        for row in table.rows() {
            match row.word("key")? {
                "adi_mg_per_kg_bw" => adi = value(&row)?,
                "arfd_mg_per_kg_bw" if row.text("value")?.starts_with("n.n") => {
                    arfd = Some(Reference::NotNecessary)
                }
                "arfd_mg_per_kg_bw" => arfd = value(&row)?.map(Reference::Dose),
                "loq_mg_per_kg" => loq = value(&row)?.unwrap_or(0.0),
                key => {
                    let Some(code) = key.strip_prefix("mrl:") else {
                        let reason = "is not known: use adi_mg_per_kg_bw, arfd_mg_per_kg_bw, loq_mg_per_kg or mrl:CODE";
                        return Err(row.fault("key", reason));
                    };
                    if let Some(limit) = value(&row)? {
                        limits.insert(code.to_owned(), limit);
                    }
                }
            }
        }
        let arfd = arfd.or(adi.map(Reference::Dose)).unwrap_or(Reference::NotNecessary);
        Ok(Self { adi, arfd, loq, limits })
    }

    fn first(&self, codes: &[String]) -> Option<f64> {
        codes.iter().filter_map(|code| self.limits.get(code)).copied().find(|&limit| limit > 0.0)
    }

    /// The limit that holds for one day's portion: the first positive one from the highest group down.
    pub(super) fn acute(&self, order: &Order) -> Option<f64> {
        self.first(&order.acute)
    }

    /// The limit that holds for lifelong consumption; none when a higher group has one and counts instead.
    pub(super) fn chronic(&self, order: &Order) -> Option<f64> {
        if self.first(&order.zero).is_some() { None } else { self.first(&order.chronic) }
    }
}

/// A value of 0 or more, or nothing.
fn value(row: &Row<'_>) -> Result<Option<f64>, TableError> {
    match row.optional("value")? {
        Some(number) if number < 0.0 => Err(row.fault("value", "must be 0 or more")),
        Some(number) if number == 0.0 && row.word("key")?.ends_with("_bw") => {
            Err(row.fault("value", "a reference value must be above 0; leave it empty when there is none"))
        }
        other => Ok(other),
    }
}
