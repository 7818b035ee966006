//! The tables of results of a scenario.

use super::{AcuteFood, POPULATIONS, ProcessedFood, Reference, Scenario, Tables};
use crate::exposure::iesti::Portion;
use crate::table::{Table, digits};

/// Named tables of results: `acute_children`, `acute_adults`, `processed_children`, `processed_adults`, `chronic`.
pub type Portions = Vec<(String, Table)>;

const ACUTE: [&str; 13] = [
    "code",
    "name",
    "level",
    "applied_mrl",
    "case",
    "vf",
    "iesti1_mg_per_kg_bw",
    "pct_ref1",
    "alt_vf",
    "iesti2_mg_per_kg_bw",
    "pct_ref2",
    "threshold_mrl1",
    "threshold_mrl2",
];
const PROCESSED: [&str; 6] =
    ["raw_code", "processed", "residue_mg_per_kg", "iesti_mg_per_kg_bw", "pct_ref", "threshold"];
const CHRONIC: [&str; 9] =
    ["diet", "tmdi_pct_adi", "loq_mrl_pct_adi", "top1_pct", "top1", "top2_pct", "top2", "top3_pct", "top3"];

/// Computes every table of a scenario.
#[must_use]
pub fn report(tables: &Tables, scenario: &Scenario) -> Portions {
    let mut out = vec![];
    for (at, population) in POPULATIONS.iter().enumerate() {
        let mut acute = Table::with_header("acute", &ACUTE);
        let mut processed = Table::with_header("processed", &PROCESSED);
        if let Reference::Dose(reference) = scenario.arfd {
            let applied = |code: &str| tables.orders.get(code).and_then(|order| scenario.acute(order));
            for food in &tables.acute[at] {
                if let Some(limit) = applied(&food.code) {
                    acute.push(acute_row(food, limit, reference));
                }
            }
            for food in &tables.processed[at] {
                if let Some(limit) = applied(&food.raw) {
                    processed.push(processed_row(food, limit, reference));
                }
            }
        }
        out.push((format!("acute_{population}"), acute));
        out.push((format!("processed_{population}"), processed));
    }
    out.push(("chronic".into(), chronic(tables, scenario)));
    out
}

/// The limit at which the result would be 100 %, where it is 100 % or more.
fn threshold(limit: f64, percent: f64) -> Option<f64> {
    (percent >= 100.0).then(|| limit * 100.0 / percent)
}

fn acute_row(food: &AcuteFood, limit: f64, reference: f64) -> Vec<String> {
    let other = Portion { variability: food.alternative, ..food.portion };
    let [first, second] = [food.portion, other].map(|portion| portion.intake(limit, 1.0) / 1000.0);
    let [percent1, percent2] = [first, second].map(|intake| intake / reference * 100.0);
    let number = |value| digits(Some(value));
    vec![
        food.code.clone(),
        food.name.clone(),
        food.level.clone(),
        number(limit),
        food.portion.case.to_string(),
        number(food.portion.variability),
        number(first),
        number(percent1),
        number(food.alternative),
        number(second),
        number(percent2),
        digits(threshold(limit, percent1)),
        digits(threshold(limit, percent2)),
    ]
}

fn processed_row(food: &ProcessedFood, limit: f64, reference: f64) -> Vec<String> {
    let intake = limit * food.kg_per_kg;
    let percent = intake / reference * 100.0;
    vec![
        food.raw.clone(),
        food.name.clone(),
        digits(Some(limit)),
        digits(Some(intake)),
        digits(Some(percent)),
        digits(threshold(limit, percent)),
    ]
}

fn chronic(tables: &Tables, scenario: &Scenario) -> Table {
    let mut out = Table::with_header("chronic", &CHRONIC);
    let Some(adi) = scenario.adi else { return out };
    let limits: Vec<f64> = tables
        .codes
        .iter()
        .map(|(code, _)| tables.orders.get(code).and_then(|order| scenario.chronic(order)).unwrap_or(0.0))
        .collect();
    for diet in &tables.diets {
        let shares: Vec<f64> = limits
            .iter()
            .zip(&diet.grams)
            .map(|(limit, grams)| limit * grams / 1000.0 / adi * 100.0)
            .collect();
        let at_loq = limits.iter().zip(&shares).filter(|&(&limit, _)| limit <= scenario.loq);
        let mut order: Vec<usize> = (0..shares.len()).filter(|&at| shares[at] > 0.0).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        let mut row = vec![
            diet.name.clone(),
            digits(Some(shares.iter().sum())),
            digits(Some(at_loq.fold(0.0, |sum, (_, share)| sum + share))),
        ];
        for at in order.into_iter().take(3) {
            row.extend([digits(Some(shares[at])), tables.codes[at].1.clone()]);
        }
        out.push(row);
    }
    out
}
