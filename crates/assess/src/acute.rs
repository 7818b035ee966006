//! Large portions times residues: the IESTI equations food by food, from the survey's own portions and the province's own results.

use crate::foods::Foods;
use crate::reading::Gathered;
use crate::survey::Survey;
use risk::exposure::concentration::Bound;
use risk::exposure::iesti::{Case, Portion, primo_variability};
use risk::exposure::survey::Survey as Days;
use risk::table::{Table, TableError};
use serde::Serialize;
use stats::quantile::{self, Kind};

/// Which factor of unit-to-unit variability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variability {
    /// 3 (JMPR).
    Jmpr,
    /// 7 from 25 to 250 g, 5 above (PRIMo).
    Primo,
}

/// Eaters from which a portion of the 97.5th percentile is told (JMPR asks 120).
pub const ENOUGH_EATERS: usize = 120;

/// One food.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The food of the survey.
    pub food: String,
    /// Person-days on which it was eaten.
    pub eaters: usize,
    /// Which percentile of the eaters' portions the large portion is: 97.5, or what the number of eaters allows.
    pub percentile: f64,
    /// Large portion, g.
    pub portion: f64,
    /// Mean body weight of the group, kg.
    pub body_weight: f64,
    /// Equation.
    pub case: Case,
    /// Variability factor used.
    pub variability: f64,
    /// Residue the equation takes (the highest; the median for case 3), mg/kg; `None`: no result, a gap.
    pub residue: Option<f64>,
    /// Highest residue, mg/kg; what was not detected counts at its limit.
    pub highest: Option<f64>,
    /// Median residue, mg/kg.
    pub median: Option<f64>,
    /// Intake, µg per kg body weight and day.
    pub intake: Option<f64>,
    /// Per cent of the acute reference dose.
    pub percent: Option<f64>,
    /// Residue at which the dose is used up, mg/kg.
    pub threshold: Option<f64>,
}

/// The table of a group: every food somebody ate, largest intake first, gaps last. `dose` is the acute reference dose in µg per kg body weight.
///
/// # Errors
/// A survey that cannot be read.
pub fn table(
    survey: &Survey,
    group: &str,
    gathered: &Gathered,
    variability: Variability,
    dose: Option<f64>,
) -> Result<Vec<Line>, TableError> {
    let days = Days::read(
        &Table::read("persons", survey.people.as_bytes())?,
        &Table::read("consumption", survey.consumption.as_bytes())?,
    )?;
    let (_, from, to, _) =
        crate::exposure::GROUPS.iter().find(|(w, ..)| *w == group).unwrap_or(&crate::exposure::GROUPS[0]);
    let members = days.members(*from, *to, "");
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let body_weight =
        members.iter().map(|&at| days.persons()[at].body_weight_kg).sum::<f64>() / members.len() as f64;
    let mut portions: Vec<Vec<f64>> = vec![Vec::new(); days.foods().len()];
    for &at in &members {
        for day in 0..days.days() {
            let mut sums = vec![0.0; days.foods().len()];
            for &(food, grams) in days.day(at, day) {
                sums[food as usize] += grams;
            }
            for (list, sum) in portions.iter_mut().zip(sums) {
                if sum > 0.0 {
                    list.push(sum);
                }
            }
        }
    }
    let mut out: Vec<Line> = Vec::new();
    for (id, list) in days.foods().iter().zip(&portions) {
        let (Some(food), false) = (Foods::builtin().named(id), list.is_empty()) else { continue };
        // EFSA: 181 for P97.5, 61 for P95, 30 for P90, 12 for P75; JMPR's 120 for P97.5 is taken here
        let percentile = match list.len() {
            n if n >= ENOUGH_EATERS => 97.5,
            61.. => 95.0,
            30.. => 90.0,
            12.. => 75.0,
            _ => 50.0,
        };
        let grams = quantile::of(list, &[percentile / 100.0], Kind::Seven)[0];
        let unit = (food.unit > 0.0).then_some(food.unit);
        let case = Case::of(food.bulked, grams, unit, unit);
        let factor = match (case, variability) {
            (Case::One | Case::Three, _) => 1.0,
            (_, Variability::Jmpr) => 3.0,
            (_, Variability::Primo) => primo_variability(food.unit),
        };
        let portion =
            Portion { case, grams, unit_g: food.unit, variability: factor, body_weight_kg: body_weight };
        let values: Option<Vec<f64>> = gathered
            .foods
            .iter()
            .find(|f| f.food == *id && !f.list.is_empty())
            .map(|f| f.list.iter().map(|(_, v)| v.substituted(Bound::Upper)).collect());
        let highest = values.as_ref().map(|v| v.iter().copied().fold(0.0, f64::max));
        let median = values.as_ref().map(|v| quantile::of(v, &[0.5], Kind::Seven)[0]);
        let residue = if case == Case::Three { median } else { highest };
        let intake = residue.map(|residue| portion.intake(residue, 1.0));
        out.push(Line {
            food: id.clone(),
            eaters: list.len(),
            percentile,
            portion: grams,
            body_weight,
            case,
            variability: factor,
            residue,
            highest,
            median,
            intake,
            percent: intake.zip(dose).map(|(intake, dose)| intake / dose * 100.0),
            threshold: dose.and_then(|dose| portion.threshold(dose / 1000.0, 1.0)),
        });
    }
    out.sort_by(|a, b| b.intake.unwrap_or(-1.0).total_cmp(&a.intake.unwrap_or(-1.0)));
    Ok(out)
}
