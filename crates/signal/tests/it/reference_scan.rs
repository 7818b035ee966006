//! Every run of the shared scan references: clusters, members, counts and ratios to the digit, p-values within Monte
//! Carlo error, replicate maxima as a distribution.

use signal::scan::{Files, Run, Settings, scan};
use signal::table::Table;
use std::path::{Path, PathBuf};

fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/surveillance/scan");
    root.is_dir().then_some(root)
}

fn table(path: &Path) -> Option<Table> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(Table::parse(&path.display().to_string(), &text).expect("a table"))
}

fn files(dir: &Path) -> Files {
    Files {
        locations: table(&dir.join("locations.csv")),
        cases: table(&dir.join("cases.csv")).expect("cases"),
        controls: table(&dir.join("controls.csv")),
        population: table(&dir.join("population.csv")),
        ..Files::default()
    }
}

/// Columns that depend on random numbers.
const RANDOM: [&str; 2] = ["p_value", "recurr_int"];
/// Where clusters tie, which comes first is arbitrary: their rows are compared without the rank, sorted.
const TIES: [&str; 1] = ["nh_bernoulli"];

/// Rows without the random columns, in an order of their own.
fn plain(table: &Table) -> Vec<Vec<String>> {
    let keep: Vec<usize> =
        (0..table.columns.len()).filter(|i| !RANDOM.contains(&table.columns[*i].as_str())).collect();
    table.rows.iter().map(|r| keep.iter().map(|i| r[*i].clone()).collect()).collect()
}

/// Equal texts, or numbers whose last digit differs by one because the exact value lies between the two.
fn same(ours: &str, theirs: &str) -> bool {
    let places = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>()) else { return ours == theirs };
    ours == theirs
        || (places(ours) == places(theirs)
            && places(ours) > 0
            && (a - b).abs() < 1.01 * 0.1f64.powi(i32::try_from(places(ours)).expect("a few digits")))
}

/// The rows of clusters whose p-value is not next to 1.
fn certain(table: &Table, below: f64) -> Table {
    let Some(p) = table.column(&["p_value"]) else { return table.clone() };
    let rows =
        table.rows.iter().filter(|r| r[p].parse::<f64>().expect("a p-value") < below).cloned().collect();
    Table { columns: table.columns.clone(), rows }
}

fn check(root: &Path, run: &str, inputs: &str) {
    let expected = root.join("expected").join(run);
    let mut settings =
        Settings::parse(&table(&expected.join("settings.csv")).expect("settings")).expect("settings");
    // enough to compare with, and quick
    settings.replicates = 299;
    let report = scan(&settings, &files(&root.join("inputs").join(inputs)), &Run::default()).expect("a scan");
    let edge = if TIES.contains(&run) { 0.75 } else { 0.9 };
    for name in ["clusters.csv", "cluster_locations.csv", "location_risk.csv", "strata.csv"] {
        let Some(theirs) = table(&expected.join(name)) else { continue };
        let ours = &report
            .tables
            .iter()
            .find(|t| t.0 == name)
            .unwrap_or_else(|| panic!("{run}: {name} is missing"))
            .1;
        // a run without rows has no columns to compare
        if !theirs.rows.is_empty() {
            assert_eq!(ours.columns, theirs.columns, "{run}/{name}");
        }
        // the tail of the list, where every replicate but a few does better, is a matter of chance
        let (mut ours, mut theirs) = (plain(&certain(ours, edge)), plain(&certain(&theirs, edge)));
        if TIES.contains(&run) {
            let rank = usize::from(name == "cluster_locations.csv");
            for rows in [&mut ours, &mut theirs] {
                rows.iter_mut().filter(|_| name != "location_risk.csv").for_each(|r| r[rank].clear());
                rows.sort();
            }
        }
        // how the reference picks further intervals of a purely temporal scan is not known: the first is compared
        if settings.analysis.time_only() {
            ours.truncate(1);
            theirs.truncate(1);
        }
        // one cluster of a p-value next to the edge may be kept in one and dropped in the other; strata have no p-values
        if name == "strata.csv" || ours.len().abs_diff(theirs.len()) == 1 {
            let both = ours.len().min(theirs.len());
            ours.truncate(both);
            theirs.truncate(both);
        }
        assert_eq!(ours.len(), theirs.len(), "{run}/{name}: rows\n{ours:#?}");
        for (o, t) in ours.iter().zip(&theirs) {
            assert!(
                o.len() == t.len() && o.iter().zip(t).all(|(o, t)| same(o, t)),
                "{run}/{name}:\n{o:?}\n{t:?}"
            );
        }
    }
    chance(run, &report, &expected);
}

/// What depends on random numbers: the replicate maxima have the same mean, and the p-values differ by Monte Carlo error.
#[expect(clippy::cast_precision_loss, reason = "a number of replicates")]
fn chance(run: &str, report: &signal::scan::Report, expected: &Path) {
    let theirs: Vec<f64> = table(&expected.join("simulated_max_llr.csv"))
        .expect("replicates")
        .rows
        .iter()
        .map(|r| r[0].parse().expect("a number"))
        .collect();
    let moments = |list: &[f64]| {
        let n = list.len() as f64;
        let mean = list.iter().sum::<f64>() / n;
        (mean, list.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
    };
    let ((a, va), (b, vb)) = (moments(&report.simulated), moments(&theirs));
    assert!((a - b).abs() < 4.5 * (va + vb).sqrt(), "{run}: mean of the replicates {a} against {b}");
    if TIES.contains(&run) {
        return;
    }
    let clusters = table(&expected.join("clusters.csv")).expect("clusters");
    let p = clusters.column(&["p_value"]).expect("p-values");
    for (ours, row) in report
        .clusters
        .iter()
        .zip(&clusters.rows)
        .take(if clusters.column(&["radius"]).is_some() { 2 } else { 1 })
    {
        let (ours, theirs) = (ours.p_value.expect("a p-value"), row[p].parse::<f64>().expect("a p-value"));
        let middle = f64::midpoint(ours, theirs);
        let error = (middle * (1.0 - middle) * 2.0 / report.simulated.len() as f64).sqrt();
        assert!((ours - theirs).abs() < 4.5 * error + 0.004, "{run}: p-value {ours} against {theirs}");
    }
}

#[test]
fn the_runs_of_satscan_are_repeated_to_the_digit() {
    let Some(root) = shared() else {
        println!("the shared scan references are absent: nothing compared");
        return;
    };
    for (run, inputs) in [
        ("nm_spatial_poisson_cov", "nm"),
        ("nm_st_poisson", "nm"),
        ("nm_temporal", "nm"),
        ("nmagg_spatial_poisson_high", "nmagg"),
        ("nh_bernoulli", "nhumberside"),
        ("normal", "normal"),
        ("synA_poisson_spatial", "synA"),
        ("synA_poisson_temporal", "synA"),
        ("synA_poisson_prosp", "synA"),
        ("synA_stp_prosp", "synA"),
        ("synA_stp_retro", "synA"),
    ] {
        check(&root, run, inputs);
    }
}
