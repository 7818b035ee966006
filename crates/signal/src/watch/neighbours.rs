//! Which places lie next to each other.

use crate::table::{Problem, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of Gansu's counties that share a border, from the outlines of the map the product ships.
const GANSU: &str = include_str!("../../../../rulebook/cn-62/surveillance/neighbours.csv");

/// Neighbours of places by code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Neighbours(BTreeMap<String, BTreeSet<String>>);

impl Neighbours {
    /// The counties of Gansu.
    #[must_use]
    pub fn gansu() -> Self {
        Table::parse("neighbours.csv", GANSU)
            .and_then(|t| Self::read("neighbours.csv", &t))
            .unwrap_or_default()
    }

    /// Pairs from a table with the columns a and b.
    ///
    /// # Errors
    /// A column is missing.
    pub fn read(name: &str, table: &Table) -> Result<Self, Problem> {
        let [a, b] = table.need(name, [&["a"], &["b"]])?;
        let mut out = Self::default();
        for row in &table.rows {
            out.0.entry(row[a].clone()).or_default().insert(row[b].clone());
            out.0.entry(row[b].clone()).or_default().insert(row[a].clone());
        }
        Ok(out)
    }

    /// Whether two places are neighbours: by the table when it knows one of them; otherwise codes of six digits of the same
    /// prefecture are.
    #[must_use]
    pub fn near(&self, a: &str, b: &str) -> bool {
        match self.0.get(a).or_else(|| self.0.get(b)) {
            Some(_) => self.0.get(a).is_some_and(|list| list.contains(b)),
            None => {
                let code = |c: &str| c.len() == 6 && c.bytes().all(|d| d.is_ascii_digit());
                code(a) && code(b) && a[..4] == b[..4]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_count_where_they_are_known_and_prefectures_elsewhere() {
        let gansu = Neighbours::gansu();
        for (a, b, near) in [
            ("620102", "620103", true),
            ("620103", "620102", true),
            ("620102", "620902", false),
            ("610102", "610103", true),
            ("610102", "610202", false),
            ("620102", "610102", false),
            ("s1", "s2", false),
        ] {
            assert_eq!(gansu.near(a, b), near, "{a} {b}");
        }
    }
}
