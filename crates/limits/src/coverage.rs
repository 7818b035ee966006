//! What is loaded, from where, and how far it may be relied on.

use crate::rule::{Absence, Edition};
use crate::rules::Rules;
use crate::verdict::Status;
use base::Text;
use serde::Serialize;

/// One edition in the coverage listing.
#[derive(Debug, Clone, Serialize)]
pub struct Loaded<'r> {
    /// Id of the edition.
    pub id: &'r str,
    /// Standard number.
    pub standard: &'r str,
    /// Edition.
    pub edition: &'r str,
    /// Title.
    pub title: &'r Text,
    /// Whose law it is.
    pub jurisdiction: &'r str,
    /// First day in force.
    pub from: String,
    /// Last day in force.
    pub to: Option<String>,
    /// Verified against the official text, or not.
    pub status: Status,
    /// Document and clauses the rows were read from.
    pub basis: &'r str,
    /// What no row means: `not_limited`, `not_loaded`, or the limit that then applies.
    pub no_row: &'r str,
    /// Rows.
    pub rows: usize,
    /// Analytes whose table is loaded whole: a food no row names has no limit.
    pub whole: usize,
    /// Analytes loaded in part: a food no row names answers `not_loaded`.
    pub part: usize,
    /// Substances exempt from limits.
    pub exempt: usize,
    /// Amendments.
    pub amendments: Vec<&'r Text>,
    /// Not in use yet.
    pub draft: bool,
    /// Who read the table, where two readings are recorded.
    pub readers: Vec<&'r str>,
}

impl Rules {
    /// Every edition with its extent and origin.
    pub fn coverage(&self) -> impl Iterator<Item = Loaded<'_>> {
        self.editions.iter().map(Edition::coverage)
    }
}

impl Edition {
    /// Its line in the coverage listing.
    #[must_use]
    pub fn coverage(&self) -> Loaded<'_> {
        let exempt = self.analytes.values().filter(|c| c.exempt).count();
        let part = self
            .analytes
            .values()
            .filter(|c| !c.exempt && (c.partial || matches!(self.absence, Absence::NotLoaded)))
            .count();
        Loaded {
            id: &self.id,
            standard: &self.standard,
            edition: &self.edition,
            title: &self.title,
            jurisdiction: &self.jurisdiction,
            from: self.from.to_string(),
            to: self.to.map(|d| d.to_string()),
            status: self.status,
            basis: &self.basis,
            no_row: match &self.absence {
                Absence::NotLimited => "not_limited",
                Absence::NotLoaded => "not_loaded",
                Absence::Row(rule) => &rule.printed,
            },
            rows: self.rules.len(),
            whole: self.analytes.len() - part - exempt,
            part,
            exempt,
            amendments: self.amendments.iter().map(|a| &a.title).collect(),
            draft: self.draft,
            readers: self.readings.iter().map(|r| r.reader.as_str()).collect(),
        }
    }
}
