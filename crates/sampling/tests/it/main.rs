//! The cases of the reference set, exact; absent, they are passed over and said to be.
#![allow(clippy::print_stdout)] // says what is absent

use sampling::{allocate, rates, size};
use std::collections::BTreeMap;

type Row = BTreeMap<String, String>;

fn shared(name: &str) -> Vec<Row> {
    let path = format!("{}/../../../shared/data/surveillance/sampling/{name}", env!("CARGO_MANIFEST_DIR"));
    let Ok(mut reader) = csv::Reader::from_path(path) else {
        println!("{name} is absent");
        return Vec::new();
    };
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().expect("a number")
}

fn list(row: &Row, column: &str) -> Vec<f64> {
    row[column].split(' ').map(|v| v.parse().expect("a number")).collect()
}

fn near(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs(), "{what}: {got} instead of {want}");
}

#[test]
fn sizes_in_finite_populations_are_exact() {
    for row in shared("freedom_finite.csv") {
        let (population, confidence) = (row["population"].parse().unwrap(), number(&row, "confidence"));
        let d = size::diseased(population, number(&row, "prevalence"));
        assert_eq!(d.to_string(), row["diseased"]);
        let got = size::detection_finite(population, d, confidence, 1.0).unwrap();
        assert_eq!(got.n.unwrap().to_string(), row["n_exact_hypergeometric"], "{row:?}");
        near(got.cannon.unwrap(), number(&row, "n_cannon"), 1e-11, "Cannon");
    }
}

#[test]
fn risk_based_designs_are_exact() {
    for row in shared("risk_based_detection.csv") {
        let (population, relative, sampling) =
            (list(&row, "population_share"), list(&row, "relative_risk"), list(&row, "sampling_share"));
        let groups: Vec<size::RiskGroup> = (0..population.len())
            .map(|i| size::RiskGroup {
                population: population[i],
                relative: relative[i],
                sampling: sampling[i],
            })
            .collect();
        let got = size::risk_based(
            &groups,
            number(&row, "design_prevalence"),
            number(&row, "test_sensitivity"),
            number(&row, "target_sse"),
        )
        .unwrap();
        for (i, want) in list(&row, "adjusted_risk").into_iter().enumerate() {
            near(got.adjusted[i], want, 1e-10, "adjusted risk");
        }
        for (i, want) in list(&row, "epi").into_iter().enumerate() {
            near(got.epi[i], want, 1e-10, "EPI");
        }
        near(got.size.real, number(&row, "n_real"), 1e-9, "n");
        assert_eq!(got.size.n.to_string(), row["n_ceil"]);
        near(got.reached, number(&row, "sse_at_nceil_real_split"), 1e-10, "reached");
        assert_eq!(got.representative.to_string(), row["n_representative"]);
    }
}

#[test]
fn allocations_are_exact() {
    let rows = shared("neyman.csv");
    let strata: Vec<allocate::Stratum> = rows
        .iter()
        .map(|r| {
            let p = number(r, "p_violation");
            near((p * (1.0 - p)).sqrt(), number(r, "S"), 1e-10, "S");
            allocate::Stratum {
                cost: number(r, "unit_cost"),
                ..allocate::Stratum::new(number(r, "N"), (p * (1.0 - p)).sqrt())
            }
        })
        .collect();
    if strata.is_empty() {
        return;
    }
    let neyman = allocate::neyman(400.0, &strata);
    let proportional = allocate::proportional(400.0, &strata);
    let by_cost = allocate::cost_optimal(120_000.0, &strata);
    let exact = allocate::exact(400, &strata).unwrap();
    for (i, row) in rows.iter().enumerate() {
        near(neyman[i], number(row, "neyman_n400"), 1e-10, "Neyman");
        near(proportional[i], number(row, "proportional_n400"), 1e-10, "proportional");
        near(by_cost[i], number(row, "cost_optimal_budget120000"), 1e-10, "by cost");
        assert_eq!(exact.n[i].to_string(), row["exact_integer_n400"], "{row:?}");
    }
    let whole: Vec<f64> = exact.n.iter().map(|n| f64::from(*n)).collect();
    let figures: BTreeMap<String, f64> =
        shared("neyman_summary.csv").iter().map(|r| (r["quantity"].clone(), number(r, "value"))).collect();
    for (name, n) in [
        ("var_mean_neyman", &neyman),
        ("var_mean_exact_integer", &whole),
        ("var_mean_proportional", &proportional),
        ("var_mean_cost_optimal", &by_cost),
    ] {
        near(allocate::variance(&strata, n, true), figures[name], 1e-10, name);
    }
    near(by_cost.iter().sum(), figures["n_cost_optimal"], 1e-10, "samples by cost");
}

#[test]
fn weighted_detection_is_the_optimum() {
    let rows = shared("weighted_detection.csv");
    let (strata, last): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|r| r["stratum"] != "objective");
    if strata.is_empty() {
        return;
    }
    let detect: Vec<(f64, f64)> =
        strata.iter().map(|r| (number(r, "weight"), number(r, "p_detect_per_sample"))).collect();
    let plain = vec![allocate::Stratum::new(1.0, 1.0); detect.len()];
    let got = allocate::detection(150, &plain, &detect).unwrap();
    for (n, row) in got.n.iter().zip(&strata) {
        assert_eq!(n.to_string(), row["n_optimal_total150"], "{row:?}");
    }
    near(got.aim, number(last[0], "n_optimal_total150"), 1e-11, "objective");
}

#[test]
fn empirical_bayes_rates_meet_the_reference() {
    let rows = shared("empirical_bayes.csv");
    if rows.is_empty() {
        return;
    }
    let (rows, prior): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|r| !r["unit"].starts_with("hyper"));
    let data: Vec<(f64, f64)> = rows.iter().map(|r| (number(r, "positives"), number(r, "n"))).collect();
    let (found, got) = rates::beta_binomial(&data, 0.05).unwrap();
    let rates::Prior::BetaBinomial { alpha, beta } = found else { panic!("another prior") };
    near(alpha, number(&prior[0], "posterior_mean"), 1e-5, "alpha");
    near(beta, number(&prior[1], "posterior_mean"), 1e-5, "beta");
    let mut worst: f64 = 0.0;
    for (rate, row) in got.iter().zip(&rows) {
        for (value, column) in [
            (rate.mean, "posterior_mean"),
            (rate.above.unwrap(), "p_gt_5pct"),
            (rate.low.unwrap(), "ci_low"),
            (rate.high.unwrap(), "ci_high"),
        ] {
            let want = number(row, column);
            worst = worst.max((value / want - 1.0).abs());
            near(value, want, 2e-5, column);
        }
    }
    println!("largest relative deviation {worst:e}");
}
