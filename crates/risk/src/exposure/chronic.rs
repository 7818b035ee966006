//! Long-term exposure as observed individual means (OIM): the mean of a person's days. It overestimates the tails of
//! usual intake; a model (`usual`) belongs beside it.

use super::survey::Survey;
use stats::quantile::{self, Kind};

/// What a gram of each food carries for one estimate: mg/kg (that is µg/g) times the processing factor; `None`: no data, a gap.
pub type Contents = Vec<Option<f64>>;

/// Exposure of each person, µg per kg body weight and day: the mean over the days.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
pub fn individual_means(survey: &Survey, contents: &Contents) -> Vec<f64> {
    let days = survey.days().max(1) as f64;
    let persons = survey.persons().iter().enumerate();
    persons.map(|(at, person)| total(survey.all_days(at), contents) / days / person.body_weight_kg).collect()
}

/// Exposure of each person on each day, µg per kg body weight.
#[must_use]
pub fn daily(survey: &Survey, contents: &Contents) -> Vec<Vec<f64>> {
    let persons = survey.persons().iter().enumerate();
    persons
        .map(|(at, person)| {
            (0..survey.days())
                .map(|day| total(survey.day(at, day), contents) / person.body_weight_kg)
                .collect()
        })
        .collect()
}

pub(super) fn total(events: &[(u32, f64)], contents: &Contents) -> f64 {
    events.iter().fold(0.0, |sum, &(food, grams)| sum + grams * contents[food as usize].unwrap_or(0.0))
}

/// Mean and percentiles of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Mean of the people as they are.
    pub mean: f64,
    /// Mean by the weights.
    pub mean_weighted: f64,
    /// Percentiles without weights (linear interpolation, type 7), in the order asked.
    pub percentiles: Vec<f64>,
    /// Percentiles with weights: the smallest value whose share of the weight reaches p.
    pub percentiles_weighted: Vec<f64>,
}

/// Mean and percentiles of those members; `None` when there is none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a number of people")]
pub fn distribution(values: &[f64], weights: &[f64], probabilities: &[f64]) -> Option<Distribution> {
    let total: f64 = weights.iter().sum();
    if values.is_empty() || total <= 0.0 {
        return None;
    }
    let mut pairs: Vec<(f64, f64)> = values.iter().copied().zip(weights.iter().copied()).collect();
    let mean_weighted = pairs.iter().map(|(value, weight)| value * weight).sum::<f64>() / total;
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sorted: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    Some(Distribution {
        mean: values.iter().sum::<f64>() / values.len() as f64,
        mean_weighted,
        percentiles: probabilities.iter().map(|&p| quantile::of_sorted(&sorted, p, Kind::Seven)).collect(),
        percentiles_weighted: probabilities
            .iter()
            .map(|&p| quantile::weighted_of_sorted(&pairs, p))
            .collect(),
    })
}

/// Share of each food in the mean exposure of those members, in the order of the foods: of the people as they are, and by their
/// weights; zeros when there is no exposure.
#[must_use]
pub fn contributions(survey: &Survey, contents: &Contents, members: &[usize]) -> [Vec<f64>; 2] {
    let contents: Vec<f64> = contents.iter().map(|content| content.unwrap_or(0.0)).collect();
    let mut both = vec![[0.0; 2]; survey.foods().len()];
    for &at in members {
        let person = &survey.persons()[at];
        let scales = [1.0 / person.body_weight_kg, person.weight / person.body_weight_kg];
        for &(food, grams) in survey.all_days(at) {
            let food = food as usize;
            let amount = grams * contents[food];
            both[food][0] += amount * scales[0];
            both[food][1] += amount * scales[1];
        }
    }
    [0, 1].map(|which| {
        let total: f64 = both.iter().map(|shares| shares[which]).sum();
        both.iter().map(|shares| if total > 0.0 { shares[which] / total } else { 0.0 }).collect()
    })
}
