//! The generated survey: chronic means exact, acute percentiles within four standard errors.

use crate::shared::{close, folder, table};
use risk::exposure::acute::{Draws, Source, summary};
use risk::exposure::chronic::{contributions, distribution, individual_means};
use risk::exposure::concentration::{Bound, Observation, mean};
use risk::exposure::survey::Survey;
use stats::random::Purpose;
use std::path::Path;

const PROBABILITIES: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.999];

fn survey(dir: &Path) -> (Survey, Vec<Vec<Observation>>) {
    let survey =
        Survey::read(&table(&dir.join("persons.csv")), &table(&dir.join("consumption.csv"))).unwrap();
    let mut results = vec![vec![]; survey.foods().len()];
    for row in table(&dir.join("concentrations.csv")).rows() {
        let value = (row.text("detected") == Ok("1")).then(|| row.number("value_mg_per_kg").unwrap());
        let result = Observation::reported(value, row.optional("lod_mg_per_kg").unwrap(), None).unwrap();
        results[survey.food(row.text("food").unwrap()).unwrap()].push(result);
    }
    (survey, results)
}

#[test]
fn observed_individual_means_are_exact() {
    let Some(dir) = folder("monte_carlo") else { return };
    let (survey, results) = survey(&dir);
    let weights: Vec<f64> = survey.persons().iter().map(|person| person.weight).collect();
    let everybody: Vec<usize> = (0..weights.len()).collect();
    for bound in Bound::ALL {
        let contents = results.iter().map(|list| mean(list, bound)).collect();
        let means = individual_means(&survey, &contents);
        let found = distribution(&means, &weights, &PROBABILITIES).unwrap();
        let shares = contributions(&survey, &contents, &everybody)[0].clone();
        for row in table(&dir.join("expected_chronic_oim.csv"))
            .rows()
            .filter(|row| row.text("bound") == Ok(bound.name()))
        {
            let quantity = row.text("quantity").unwrap();
            let at = |text: &str| {
                PROBABILITIES
                    .iter()
                    .position(|p| format!("p{}", (p * 1000.0).round() / 10.0) == text)
                    .unwrap()
            };
            let value = match (quantity, quantity.split_once('_')) {
                ("mean", _) => found.mean,
                ("mean_weighted", _) => found.mean_weighted,
                (_, Some((p, "type7"))) => found.percentiles[at(p)],
                (_, Some((p, "weighted_invcdf"))) => found.percentiles_weighted[at(p)],
                _ => shares[survey.food(quantity.trim_start_matches("contribution_pct_")).unwrap()] * 100.0,
            };
            let expected = row.number("value_ug_per_kg_bw_day").unwrap();
            assert!(
                close(value, expected, 1e-10),
                "{} {quantity}: {value} instead of {expected}",
                bound.name()
            );
        }
    }
}

#[test]
fn drawn_person_days_agree_within_four_standard_errors_and_threads_change_no_bit() {
    let Some(dir) = folder("monte_carlo") else { return };
    let (survey, results) = survey(&dir);
    let members: Vec<(usize, f64)> = (0..survey.persons().len()).map(|at| (at, 1.0)).collect();
    for bound in [Bound::Lower, Bound::Upper] {
        let sources: Vec<Vec<Source>> = results
            .iter()
            .map(|list| vec![Source::Samples(list.iter().map(|result| result.substituted(bound)).collect())])
            .collect();
        let draws = Draws::new(&survey, &members, &sources).unwrap();
        let started = std::time::Instant::now();
        let exposures = draws.run(1, Purpose::of("test"), 0, 1_000_000, 1).remove(0);
        let half = started.elapsed();
        let found = summary(&exposures, &PROBABILITIES);
        eprintln!("{} {half:?} {:?}", bound.name(), started.elapsed());
        for row in table(&dir.join("expected_acute_monte_carlo.csv"))
            .rows()
            .filter(|row| row.text("bound") == Ok(bound.name()))
        {
            let quantity = row.text("quantity").unwrap();
            let (value, error) = if quantity == "mean" {
                (found.mean, found.standard_error)
            } else {
                let p: f64 = quantity[1..].parse().unwrap();
                let found =
                    found.percentiles.iter().find(|found| (found.p * 100.0 - p).abs() < 1e-9).unwrap();
                (found.value, (found.interval[1] - found.interval[0]) / 2.0 / 1.96)
            };
            let (expected, se) = (row.number("value_ug_per_kg_bw_day").unwrap(), row.number("se").unwrap());
            let combined = error.hypot(se);
            assert!(
                (value - expected).abs() < 4.0 * combined,
                "{} {quantity}: {value} instead of {expected}",
                bound.name()
            );
        }
        let few = draws.run(1, Purpose::of("test"), 0, 50_000, 3).remove(0);
        assert!(few.iter().zip(&exposures).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
