//! Total diet studies and model diets: mean consumption of each food times its mean occurrence.

use super::concentration::{Bound, Observation, mean};
use crate::table::{Table, TableError, digits12};
use std::collections::BTreeMap;

/// Results of one composite food or commodity.
pub type Results = BTreeMap<String, Vec<Observation>>;

/// What stands for a limit of detection that is given as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroLimit {
    /// 0 as it is written: the non-detect is 0 in the upper bound too. As Health Canada's tool and the reference set have it.
    AsWritten,
    /// The limit of quantification: the upper bound stays one.
    Quantification,
}

/// Names of the columns of results; amounts may carry their unit in the name.
const CODE: [&str; 2] = ["code", "food"];
const VALUE: [&str; 3] = ["value", "value_mg_per_kg", "value_ug_per_kg"];
const LOD: [&str; 3] = ["lod", "lod_mg_per_kg", "lod_ug_per_kg"];
const LOQ: [&str; 3] = ["loq", "loq_mg_per_kg", "loq_ug_per_kg"];

/// What the heading of results must hold when foods are told apart; the first may lack when they are not.
pub const HEADING: [&str; 3] = [
    "code|food",
    "value|value_mg_per_kg|value_ug_per_kg",
    "lod|lod_mg_per_kg|lod_ug_per_kg|loq|loq_mg_per_kg|loq_ug_per_kg",
];

/// The unit that the name of a column states.
fn unit_of(column: &str) -> Option<&'static str> {
    match column {
        _ if column.ends_with("_mg_per_kg") => Some("mg/kg"),
        _ if column.ends_with("_ug_per_kg") => Some("ng/g"),
        _ => None,
    }
}

/// Reads results: columns `value` and `lod` (or `loq`; the unit may stand in their names: `value_mg_per_kg`) and, where there are,
/// `code` or `food`, `operator` (`<…` marks a non-detect) or `detected` (0 does), `loq`, `unit`. Without a mark a value below the limit of
/// detection or an empty one is a non-detect. A non-detect without a limit is left out and counted. Without codes all results are of one
/// food without a name.
///
/// # Errors
/// The column or cell that is not as it must be; units of different size in one table.
pub fn results(table: &Table, zero: ZeroLimit) -> Result<(Results, usize), TableError> {
    table.require(&HEADING[1..])?;
    let known = |names: &[&'static str]| names.iter().copied().find(|name| table.has(name));
    let code = known(&CODE);
    let [value_in, lod_in, loq_in] = [&VALUE, &LOD, &LOQ].map(|names| known(names).unwrap_or(names[0]));
    let (mut out, mut dropped, mut size) = (Results::new(), 0, None);
    for column in [value_in, lod_in, loq_in].into_iter().filter(|column| table.has(column)) {
        let (told, here) = (unit_of(value_in), unit_of(column));
        if told != here {
            let first = table.rows().next();
            let reason = "and the value must be in one unit: give both columns the same ending";
            return Err(
                first.map_or_else(|| table.lacks(&[value_in], &[value_in]), |row| row.fault(column, reason))
            );
        }
        size = here;
    }
    for row in table.rows() {
        if table.has("unit") {
            let text = row.text("unit")?;
            let this = match text.to_lowercase().as_str() {
                "ng/g" | "ng/ml" | "µg/kg" | "ug/kg" | "μg/kg" => "ng/g",
                "mg/kg" | "µg/g" | "ug/g" | "mg/l" => "mg/kg",
                _ => return Err(row.fault("unit", "must be ng/g, ng/ml, µg/kg, mg/kg or mg/l")),
            };
            if *size.get_or_insert(this) != this {
                return Err(
                    row.fault("unit", "differs in size from the rows before: use one unit in a table")
                );
            }
        }
        let (value, lod, loq) = (row.optional(value_in)?, row.optional(lod_in)?, row.optional(loq_in)?);
        for (column, number) in [(value_in, value), (lod_in, lod), (loq_in, loq)] {
            if number.is_some_and(|number| number < 0.0) {
                return Err(row.fault(column, "must be 0 or more"));
            }
        }
        let censored = if table.has("operator") {
            row.text("operator")?.starts_with('<')
        } else if table.has("detected") {
            match row.text("detected")?.to_lowercase().as_str() {
                "1" | "true" | "y" | "yes" => false,
                "0" | "false" | "n" | "no" => true,
                _ => return Err(row.fault("detected", "must be 1 (detected) or 0 (not detected)")),
            }
        } else {
            value.is_none_or(|value| lod.is_some_and(|lod| value < lod))
        };
        let found = match (value, lod) {
            (Some(value), _) if !censored => Some(Observation::Value(value)),
            (_, Some(limit)) if limit > 0.0 || zero == ZeroLimit::AsWritten => {
                Some(Observation::Below(limit))
            }
            _ => Observation::reported(None, None, loq),
        };
        let food = code.map_or(Ok(""), |code| row.word(code))?;
        let list = out.entry(food.to_owned()).or_default();
        match found {
            Some(found) => list.push(found),
            None => dropped += 1,
        }
    }
    out.retain(|_, list| !list.is_empty());
    Ok((out, dropped))
}

/// Mean consumption of a group of people.
#[derive(Debug, Clone, PartialEq)]
pub struct Diet {
    /// The group.
    pub name: String,
    /// Foods with g per kg body weight and day; foods whose figure is suppressed are absent.
    pub amounts: Vec<(String, f64)>,
}

/// Reads the consumption of a total diet study: `who`, `group`, `code`, `mean_g_per_kg_bw_day` (empty: suppressed), of one kind
/// of people (`all` or `consumers`).
///
/// # Errors
/// The column or cell that is not as it must be.
pub fn study_diets(table: &Table, who: &str) -> Result<Vec<Diet>, TableError> {
    table.require(&["who", "group", "code", "mean_g_per_kg_bw_day"])?;
    let mut diets: Vec<Diet> = vec![];
    for row in table.rows() {
        if row.text("who")? != who {
            continue;
        }
        if let Some(grams) = row.optional("mean_g_per_kg_bw_day")? {
            add(&mut diets, row.word("group")?, row.word("code")?, grams);
        }
    }
    Ok(diets)
}

/// Reads the cluster diets of GEMS/Food: `cluster`, `proxy_commodity`, `chronic_kg_per_day`, `body_weight_kg`.
///
/// # Errors
/// The column or cell that is not as it must be.
pub fn cluster_diets(table: &Table) -> Result<Vec<Diet>, TableError> {
    table.require(&["cluster", "proxy_commodity", "chronic_kg_per_day", "body_weight_kg"])?;
    let mut diets: Vec<Diet> = vec![];
    for row in table.rows() {
        let grams = row.amount("chronic_kg_per_day")? * 1000.0 / row.positive("body_weight_kg")?;
        add(&mut diets, row.word("cluster")?, row.word("proxy_commodity")?, grams);
    }
    Ok(diets)
}

fn add(diets: &mut Vec<Diet>, group: &str, code: &str, grams: f64) {
    if let Some(diet) = diets.iter_mut().find(|diet| diet.name == group) {
        diet.amounts.push((code.into(), grams));
    } else {
        diets.push(Diet { name: group.into(), amounts: vec![(code.into(), grams)] });
    }
}

/// Exposure of one group; the unit is that of the results per kg body weight and day, thousandfold smaller (ng/g give ng/kg bw).
#[derive(Debug, Clone, PartialEq)]
pub struct GroupExposure {
    /// The group.
    pub group: String,
    /// Foods eaten for which there are results.
    pub foods: usize,
    /// Lower, middle and upper bound.
    pub exposure: [f64; 3],
    /// Foods by their share of the middle bound, largest first.
    pub contributions: Vec<(String, f64)>,
    /// Foods eaten without results: gaps, not zeros.
    pub gaps: Vec<String>,
}

/// Exposure of every diet: Σ mean occurrence × consumption.
#[must_use]
pub fn exposure(diets: &[Diet], results: &Results) -> Vec<GroupExposure> {
    diets
        .iter()
        .map(|diet| {
            let mut out = GroupExposure {
                group: diet.name.clone(),
                foods: 0,
                exposure: [0.0; 3],
                contributions: vec![],
                gaps: vec![],
            };
            for (code, grams) in &diet.amounts {
                let Some(list) = results.get(code) else {
                    out.gaps.push(code.clone());
                    continue;
                };
                let means = Bound::ALL.map(|bound| mean(list, bound).unwrap_or(0.0));
                out.foods += 1;
                out.exposure.iter_mut().zip(means).for_each(|(sum, mean)| *sum += grams * mean);
                out.contributions.push((code.clone(), grams * means[1]));
            }
            out.contributions.iter_mut().for_each(|(_, share)| *share /= out.exposure[1]);
            out.contributions.sort_by(|a, b| b.1.total_cmp(&a.1));
            out
        })
        .collect()
}

/// The exposures as a table: group, number of composites, the three bounds in ng per kg body weight and day, three foods
/// with their percentage of the middle bound.
#[must_use]
pub fn table(exposures: &[GroupExposure]) -> Table {
    let columns = [
        "group",
        "n_composites",
        "lb_ng_per_kg_bw_day",
        "mb_ng_per_kg_bw_day",
        "ub_ng_per_kg_bw_day",
        "top1",
        "top1_pct_mb",
        "top2",
        "top2_pct_mb",
        "top3",
        "top3_pct_mb",
    ];
    let mut out = Table::with_header("exposure", &columns);
    for one in exposures {
        let mut row = vec![one.group.clone(), one.foods.to_string()];
        row.extend(one.exposure.map(|value| digits12(Some(value))));
        for (code, share) in one.contributions.iter().take(3) {
            row.extend([code.clone(), digits12(Some(share * 100.0))]);
        }
        out.push(row);
    }
    out
}

/// The means of every composite as a table: code, the three bounds, number of results, of non-detects.
#[must_use]
pub fn means(results: &Results) -> Table {
    let mut out = Table::with_header("means", &["code", "lb", "mb", "ub", "n", "n_nd"]);
    for (code, list) in results {
        let mut row = vec![code.clone()];
        row.extend(Bound::ALL.map(|bound| digits12(mean(list, bound))));
        let missing = list.iter().filter(|result| !result.is_value()).count();
        row.extend([list.len().to_string(), missing.to_string()]);
        out.push(row);
    }
    out
}
