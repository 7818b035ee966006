//! Tables in the manner of EFSA's PRIMo, revision 2: acute intake of children and adults, processed food, chronic intake of every diet.
//!
//! Acute: the first positive limit among the groups and the food itself (`acute_lookup_order`) is applied to the large portion; a second
//! figure uses the alternative variability factor. Chronic (TMDI): where a higher group carries a limit its own row of
//! consumption counts and its members count nothing. All percentages are of the reference value; a threshold limit is
//! told where a result reaches 100 %.
//!
//! Source: EFSA, *Reasoned opinion on the potential chronic and acute risk … proposed temporary EU MRLs* (2007) and the public workbook,
//! revision 2.0. The tables are not part of this program: they are read from a folder.

mod output;
mod scenario;

pub use output::{Portions, report};
pub use scenario::{Reference, Scenario};

use super::iesti::{Case, Portion};
use crate::table::{Table, TableError};
use std::collections::HashMap;

/// A food of the acute table.
#[derive(Debug, Clone, PartialEq)]
struct AcuteFood {
    code: String,
    level: String,
    name: String,
    portion: Portion,
    alternative: f64,
}

/// A processed commodity made of a raw one.
#[derive(Debug, Clone, PartialEq)]
struct ProcessedFood {
    raw: String,
    name: String,
    /// kg of the raw commodity's residue basis per kg body weight and day.
    kg_per_kg: f64,
}

/// How limits of groups stand in for a food.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Order {
    acute: Vec<String>,
    zero: Vec<String>,
    chronic: Vec<String>,
}

/// A diet: grams per kg body weight and day of every code, in the order of the table.
#[derive(Debug, Clone, PartialEq)]
struct Diet {
    name: String,
    grams: Vec<f64>,
}

/// The fixed tables: portions, diets and the tree of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    acute: [Vec<AcuteFood>; 2],
    processed: [Vec<ProcessedFood>; 2],
    codes: Vec<(String, String)>,
    diets: Vec<Diet>,
    orders: HashMap<String, Order>,
    gaps: Vec<String>,
}

/// The files of the tables, as text.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `acute_children.csv`, `acute_adults.csv`.
    pub acute: [String; 2],
    /// `processed_children.csv`, `processed_adults.csv`.
    pub processed: [String; 2],
    /// `chronic_diets_g_per_kg_bw.csv`.
    pub diets: String,
    /// `mrl_hierarchy.csv`.
    pub hierarchy: String,
}

/// The two groups of the acute tables, as the files spell them.
pub const POPULATIONS: [&str; 2] = ["children", "adults"];

impl Tables {
    /// Reads the tables.
    ///
    /// # Errors
    /// The file, column or cell that is not as it must be.
    pub fn read(sources: &Sources) -> Result<Self, TableError> {
        let mut gaps = vec![];
        let (codes, diets) = diets(&Table::read("chronic_diets_g_per_kg_bw.csv", sources.diets.as_bytes())?)?;
        let [children, adults] = [0, 1].map(|at| {
            let name = format!("acute_{}.csv", POPULATIONS[at]);
            acute(&Table::read(&name, sources.acute[at].as_bytes())?, &mut gaps)
        });
        let [processed_children, processed_adults] = [0, 1].map(|at| {
            let name = format!("processed_{}.csv", POPULATIONS[at]);
            processed(&Table::read(&name, sources.processed[at].as_bytes())?)
        });
        let mut orders = HashMap::new();
        let hierarchy = Table::read("mrl_hierarchy.csv", sources.hierarchy.as_bytes())?;
        hierarchy.require(&[
            "code",
            "acute_lookup_order",
            "chronic_zero_if_positive",
            "chronic_lookup_order",
        ])?;
        for row in hierarchy.rows() {
            let words = |column| {
                Ok::<_, TableError>(row.text(column)?.split_whitespace().map(str::to_owned).collect())
            };
            let order = Order {
                acute: words("acute_lookup_order")?,
                zero: words("chronic_zero_if_positive")?,
                chronic: words("chronic_lookup_order")?,
            };
            orders.insert(row.word("code")?.to_owned(), order);
        }
        Ok(Self {
            acute: [children?, adults?],
            processed: [processed_children?, processed_adults?],
            codes,
            diets,
            orders,
            gaps,
        })
    }

    /// Foods of the acute tables for which the tables hold no case: they are not computed.
    #[must_use]
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// Adds portions of processed food that the tables lack but a report of the workbook shows (`expected_processed_*.csv` of a computed
    /// scenario): the shortest decimal of g per kg body weight whose intake is printed as the report has it.
    ///
    /// # Errors
    /// The column or cell that is not as it must be.
    pub fn complete(&mut self, population: usize, report: &Table) -> Result<(), TableError> {
        for row in report.rows() {
            let (raw, name) = (row.word("raw_code")?, row.word("processed")?);
            let (residue, intake) = (row.positive("residue_mg_per_kg")?, row.amount("iesti_mg_per_kg_bw")?);
            let Some(foods) = self.processed.get_mut(population) else { continue };
            let known = foods.iter().any(|food| food.raw == raw && food.name == name);
            if !known && let Some(grams) = shortest(intake / residue * 1000.0, 5e-13 / residue * 1000.0) {
                let kg_per_kg = grams / 1000.0;
                foods.push(ProcessedFood { raw: raw.into(), name: name.into(), kg_per_kg });
            }
        }
        Ok(())
    }
}

/// The decimal with the fewest places within `slack` of a value; `None` when even nine places do not pin it down.
fn shortest(value: f64, slack: f64) -> Option<f64> {
    (0..=9_usize).find_map(|places| {
        let decimal: f64 = format!("{value:.places$}").parse().ok()?;
        ((decimal - value).abs() <= slack * 1.01 && 0.5 * 0.1_f64.powi(i32::try_from(places).ok()?) > slack)
            .then_some(decimal)
    })
}

fn acute(table: &Table, gaps: &mut Vec<String>) -> Result<Vec<AcuteFood>, TableError> {
    table.require(&[
        "code",
        "level",
        "name",
        "case",
        "large_portion_g",
        "variability_factor",
        "body_weight_kg",
        "alt_variability_factor",
    ])?;
    let mut foods = vec![];
    for row in table.rows() {
        let case = row.text("case")?;
        if case.is_empty() {
            gaps.push(row.word("name")?.to_owned());
            continue;
        }
        let case = Case::parse(case).ok_or_else(|| row.fault("case", "must be 1, 2a, 2b or 3"))?;
        let unit_g = match case {
            Case::TwoA => row.positive("unit_weight_g")?,
            _ => row.optional("unit_weight_g")?.unwrap_or(0.0),
        };
        let portion = Portion {
            case,
            grams: row.amount("large_portion_g")?,
            unit_g,
            variability: row.positive("variability_factor")?,
            body_weight_kg: row.positive("body_weight_kg")?,
        };
        foods.push(AcuteFood {
            code: row.word("code")?.into(),
            level: row.text("level")?.into(),
            name: row.word("name")?.into(),
            portion,
            alternative: row.positive("alt_variability_factor")?,
        });
    }
    Ok(foods)
}

fn processed(table: &Table) -> Result<Vec<ProcessedFood>, TableError> {
    table.require(&["raw_code", "processed", "consumption_g_per_day", "body_weight_kg"])?;
    table
        .rows()
        .map(|row| {
            let grams = row.amount("consumption_g_per_day")?;
            Ok(ProcessedFood {
                raw: row.word("raw_code")?.into(),
                name: row.word("processed")?.into(),
                kg_per_kg: grams / 1000.0 / row.positive("body_weight_kg")?,
            })
        })
        .collect()
}

type Codes = Vec<(String, String)>;

fn diets(table: &Table) -> Result<(Codes, Vec<Diet>), TableError> {
    table.require(&["code", "name"])?;
    let mut codes = vec![];
    let names = table.header().iter().filter(|name| !["code", "level", "name"].contains(&name.as_str()));
    let mut diets: Vec<Diet> = names.map(|name| Diet { name: name.clone(), grams: vec![] }).collect();
    for row in table.rows() {
        codes.push((row.word("code")?.to_owned(), row.word("name")?.to_owned()));
        for diet in &mut diets {
            diet.grams.push(row.optional(&diet.name)?.unwrap_or(0.0));
        }
    }
    Ok((codes, diets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_portion_is_the_shortest_decimal_that_prints_as_reported() {
        for (residue, grams) in [(0.01, 0.4819), (2.0, 1.1419), (0.2, 0.4098), (0.01, 2.6351)] {
            let printed: f64 = format!("{:.12}", grams / 1000.0 * residue).parse().unwrap();
            assert_eq!(shortest(printed / residue * 1000.0, 5e-13 / residue * 1000.0), Some(grams));
        }
        assert_eq!(shortest(1.0 / 3.0, 1e-14), None);
    }
}
