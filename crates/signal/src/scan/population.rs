//! Expected cases by indirect standardisation: every stratum's rate over the whole study times its population in time.

use super::calendar::{ordinal, population_days};
use super::input::{Files, Panel, censuses};
use super::settings::Settings;
use crate::table::Problem;
use std::collections::{BTreeMap, HashMap};

/// Fills `measure` (sums to the cases) and `population` (average over the study) of a Poisson panel.
///
/// # Errors
/// A place of the population file without coordinates; a stratum with cases but without population.
#[expect(clippy::cast_precision_loss, reason = "cases and days below 2⁵³")]
pub(crate) fn expectations(
    panel: &mut Panel,
    files: &Files,
    settings: &Settings,
    covariates: &[(String, usize)],
    cases: &BTreeMap<Vec<String>, u64>,
) -> Result<(), Problem> {
    let (n, t) = (panel.places.len(), panel.intervals);
    let bounds = panel.calendar.bounds.clone();
    let (first, last) = (bounds[0], bounds[bounds.len() - 1]);
    let study = (last - first) as f64;
    // people in time by stratum and place
    let mut people: BTreeMap<Vec<String>, HashMap<usize, BTreeMap<i64, f64>>> = BTreeMap::new();
    match &files.population {
        Some(table) => {
            let names: HashMap<&str, usize> =
                panel.places.iter().enumerate().map(|(i, p)| (p.id.as_str(), i)).collect();
            for census in censuses(table, settings, covariates)? {
                let place = if settings.analysis.time_only() {
                    0
                } else {
                    *names.get(census.place.as_str()).ok_or_else(|| {
                        let id = &census.place;
                        Problem::new(
                            format!("人口文件中的地点 {id} 不在坐标文件中"),
                            format!("place {id} of the population file is not in the file of coordinates"),
                        )
                    })?
                };
                let day = census.date.map_or(first, ordinal);
                *people
                    .entry(census.stratum)
                    .or_default()
                    .entry(place)
                    .or_default()
                    .entry(day)
                    .or_insert(0.0) += census.people;
            }
        }
        None if settings.analysis.time_only() => {
            let everybody =
                cases.keys().map(|k| (k.clone(), HashMap::from([(0, BTreeMap::from([(first, 1.0)]))])));
            people.extend(everybody);
        }
        None => return Err(Problem::new("缺少人口文件 population", "the file of populations is missing")),
    }
    panel.measure = vec![0.0; n * t];
    panel.population = if files.population.is_some() { vec![0.0; n] } else { Vec::new() };
    let mut days = vec![0.0; n * t];
    for (stratum, by_place) in &people {
        days.fill(0.0);
        let mut total = 0.0;
        for (place, points) in by_place {
            let points: Vec<(i64, f64)> = points.iter().map(|(d, p)| (*d, *p)).collect();
            for i in 0..t {
                let (from, to) = if t == 1 { (first, last) } else { (bounds[i], bounds[i + 1]) };
                days[place * t + i] = population_days(&points, from, to);
            }
        }
        // summed in the order of the cells, so that the result does not depend on a hash
        for d in &days {
            total += d;
        }
        if !panel.population.is_empty() {
            for (population, d) in panel.population.iter_mut().zip(days.chunks(t)) {
                *population += d.iter().sum::<f64>() / study;
            }
        }
        let count = cases.get(stratum).copied().unwrap_or(0) as f64;
        if count > 0.0 {
            if total <= 0.0 {
                return Err(without(stratum));
            }
            for (m, d) in panel.measure.iter_mut().zip(&days) {
                *m += d * (count / total);
            }
        }
    }
    if let Some(stratum) = cases.iter().find(|(k, c)| **c > 0 && !people.contains_key(*k)).map(|(k, _)| k) {
        return Err(without(stratum));
    }
    Ok(())
}

/// Whether cases are expected wherever there are any.
///
/// # Errors
/// The first place where there are none.
pub(crate) fn all_have_some(panel: &Panel) -> Result<(), Problem> {
    let t = panel.intervals;
    for (cell, (m, c)) in panel.measure.iter().zip(&panel.cases).enumerate() {
        if *m <= 0.0 && *c > 0 {
            let id = &panel.places[cell / t].id;
            return Err(Problem::new(
                format!("地点 {id} 有病例而人口（或已知相对危险度）为零"),
                format!("place {id} has cases but no population (or a known relative risk of 0)"),
            ));
        }
    }
    Ok(())
}

fn without(stratum: &[String]) -> Problem {
    let name = stratum.join("/");
    Problem::new(
        format!("协变量层 {name} 有病例而无人口"),
        format!("the stratum {name} has cases but no population"),
    )
}
