//! Settings of the scan on maps small enough to reckon by hand.

use signal::scan::{Files, Method, Report, Run, Settings, scan};
use signal::table::Table;

/// Places A, B, … one kilometre apart on a line, all with the same population; cases as (place, day, number).
fn line(places: usize, cases: &[(usize, &str, u32)]) -> Files {
    let mut locations = Table::with(["location", "x", "y"]);
    let mut population = Table::with(["location", "year", "population"]);
    let name = |p: usize| char::from(b'A' + u8::try_from(p).expect("few places")).to_string();
    for p in 0..places {
        // growing gaps, so that no two neighbours are equally far
        locations.push([name(p), (p * p + p).to_string(), "0".to_owned()]);
        population.push([name(p), "2024".to_owned(), "100".to_owned()]);
    }
    let mut table = Table::with(["location", "cases", "date"]);
    for (p, day, n) in cases {
        table.push([name(*p), n.to_string(), (*day).to_owned()]);
    }
    Files { locations: Some(locations), cases: table, population: Some(population), ..Files::default() }
}

fn read(more: &str) -> Result<Settings, String> {
    let text = format!("key,value\nCoordinatesType,0\nMonteCarloReps,99\n{more}");
    Settings::parse(&Table::parse("settings", &text).expect("a table")).map_err(|e| e.to_string())
}

fn run(more: &str, files: &Files) -> Report {
    scan(&read(more).expect("settings"), files, &Run::default()).expect("a scan")
}

const SPATIAL: &str = "AnalysisType,1\nStartDate,2024/2/1\nEndDate,2024/2/28\n";
/// Four weeks, windows of one week.
const WEEKS: &str = "AnalysisType,3\nStartDate,2024/2/1\nEndDate,2024/2/28\nTimeAggregationUnits,3\n\
                     TimeAggregationLength,7\nMaxTemporalSizeInterpretation,1\nMaxTemporalSize,7\n";
/// The first days of the four weeks.
const DAYS: [&str; 4] = ["2024/2/1", "2024/2/8", "2024/2/15", "2024/2/22"];

#[test]
fn with_two_places_the_p_value_is_the_chance_of_tossing_a_coin() {
    let day = DAYS[0];
    let report = run(SPATIAL, &line(2, &[(0, day, 12)]));
    // all twelve at A or all twelve at B
    let cluster = &report.clusters[0];
    assert!((cluster.p_value.expect("a p-value") - 2.0 / 4096.0).abs() < 1e-12, "{cluster:?}");
    assert_eq!(cluster.method, Some(Method::Bound));
    // what the reference does when told to is still to be had
    let report = run(&format!("{SPATIAL}PValueReportType,3\n"), &line(2, &[(0, day, 12)]));
    assert_eq!(report.clusters[0].method, Some(Method::Gumbel));
}

#[test]
fn of_cases_and_controls_the_bound_counts_the_ways_to_draw_them() {
    let day = DAYS[0];
    let mut files = line(2, &[(0, day, 6)]);
    files.population = None;
    files.controls =
        Some(Table::parse("controls", "location,controls,date\nB,6,2024/2/1\n").expect("a table"));
    let p = run(&format!("{SPATIAL}ModelType,1\n"), &files).clusters[0].p_value.expect("a p-value");
    // 924 ways to draw six of twelve; one puts all cases at A, one all at B
    assert!((p - 2.0 / 924.0).abs() < 1e-12, "{p}");
}

#[test]
fn of_the_permutation_model_the_bound_adds_windows_that_are_one_event() {
    let mut files = line(2, &[(0, DAYS[0], 6), (1, DAYS[1], 6)]);
    files.population = None;
    let two = WEEKS.replace("2024/2/28", "2024/2/14");
    let cluster = &run(&format!("{two}ModelType,2\n"), &files).clusters[0];
    // all of A in the first week is all of B in the second: 1 of 924 ways; with the reverse four windows, two events
    assert!((cluster.p_value.expect("a p-value") - 4.0 / 924.0).abs() < 1e-12, "{cluster:?}");
    assert_eq!(cluster.method, Some(Method::Bound));
}

#[test]
fn many_windows_keep_the_gumbel_tail() {
    let cases: Vec<(usize, &str, u32)> =
        (0..25).map(|p| (p, DAYS[p % 4], if p == 3 { 40 } else { 10 })).collect();
    let cluster = &run(&format!("{WEEKS}ModelType,0\n"), &line(25, &cases)).clusters[0];
    assert_eq!((cluster.method, cluster.places.as_slice()), (Some(Method::Gumbel), &["D".to_owned()][..]));
}

#[test]
fn a_trend_that_is_known_or_fitted_is_not_found_again() {
    let years = "AnalysisType,2\nStartDate,2020/1/1\nEndDate,2022/12/31\nTimeAggregationUnits,1\n";
    let doubling = line(1, &[(0, "2020/5/1", 10), (0, "2021/5/1", 20), (0, "2022/5/1", 40)]);
    let plain = run(years, &doubling);
    assert!(plain.summary.maximum > 3.0 && plain.summary.annual_trend.is_none());
    for (code, annual) in [("2\nTimeTrendPercentage,100", Some(100.0)), ("3", Some(100.0)), ("5", None)] {
        let report = run(&format!("{years}TimeTrendAdjustmentType,{code}\n"), &doubling);
        // the fit starts from populations that differ by leap days
        assert!(report.summary.maximum < 1e-3, "{code}: {}", report.summary.maximum);
        match (report.summary.annual_trend, annual) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 0.5, "{code}: {a}"),
            (a, b) => assert_eq!(a, b),
        }
    }
    // a hill is no straight line and is a parabola
    let hill = line(1, &[(0, "2020/5/1", 10), (0, "2021/5/1", 60), (0, "2022/5/1", 10)]);
    let of = |code: u32| run(&format!("{years}TimeTrendAdjustmentType,{code}\n"), &hill).summary.maximum;
    assert!(of(3) > 3.0 && of(5) < 1e-6, "{} {}", of(3), of(5));
}

#[test]
fn adjusted_for_each_interval_a_place_is_measured_against_the_others_of_that_week() {
    // two cases a place in the first week; five in the second, but seventeen at D
    let mut cases: Vec<(usize, &str, u32)> = (0..4).map(|p| (p, DAYS[0], 2)).collect();
    cases.extend((0..4).map(|p| (p, DAYS[1], if p == 3 { 17 } else { 5 })));
    let two = WEEKS.replace("2024/2/28", "2024/2/14");
    for code in [1, 4] {
        let report = run(&format!("{two}TimeTrendAdjustmentType,{code}\n"), &line(4, &cases));
        let first = &report.clusters[0];
        assert_eq!((first.places.as_slice(), first.observed), (&["D".to_owned()][..], 17));
        assert!((first.expected.expect("counts") - 32.0 / 4.0).abs() < 1e-9);
        let ratio = 17.0 * (17.0_f64 / 8.0).ln() + 23.0 * (23.0_f64 / 32.0).ln();
        assert!((first.ratio - ratio).abs() < 1e-9, "{} {ratio}", first.ratio);
    }
}

#[test]
fn adjusted_for_each_place_one_that_always_has_more_is_no_cluster() {
    let cases: Vec<(usize, &str, u32)> =
        (0..4).flat_map(|p| DAYS.map(|day| (p, day, if p == 3 { 12 } else { 3 }))).collect();
    let files = line(4, &cases);
    assert!(run(WEEKS, &files).summary.maximum > 1.0);
    for code in [1, 2] {
        let report = run(&format!("{WEEKS}SpatialAdjustmentType,{code}\n"), &files);
        assert!(report.summary.maximum < 1e-9, "{code}");
    }
}

#[test]
fn adjusted_for_the_day_of_the_week_busy_mondays_are_no_cluster() {
    let days: Vec<String> = (1..=28).map(|d| format!("2024/2/{d}")).collect();
    // the fifth of February 2024 is a Monday
    let of = |d: usize| if d % 7 == 5 { 6 } else { 1 };
    let cases: Vec<(usize, &str, u32)> =
        (0..3).flat_map(|p| days.iter().zip(1..).map(move |(day, d)| (p, day.as_str(), of(d)))).collect();
    let daily = WEEKS.replace("TimeAggregationLength,7", "TimeAggregationLength,1");
    assert!(run(&daily, &line(3, &cases)).summary.maximum > 1.0);
    assert!(run(&format!("{daily}AdjustForWeeklyTrends,y\n"), &line(3, &cases)).summary.maximum < 1e-9);

    // A sees cases on Mondays only, the others every day: within each weekday nothing is left to find
    let some: Vec<_> = cases.into_iter().filter(|(p, day, _)| *p > 0 || of_day(day) == 5).collect();
    let permuted = format!("{daily}ModelType,2\n");
    let files = Files { population: None, ..line(3, &some) };
    assert!(run(&permuted, &files).summary.maximum > 0.5);
    assert!(run(&format!("{permuted}AdjustForWeeklyTrends,y\n"), &files).summary.maximum < 1e-9);
}

/// The day of February modulo 7.
fn of_day(day: &str) -> usize {
    day.rsplit('/').next().and_then(|d| d.parse::<usize>().ok()).expect("a day") % 7
}

#[test]
fn a_relative_risk_that_is_known_is_expected() {
    let mut files = line(2, &[(0, DAYS[0], 20), (1, DAYS[1], 10)]);
    let risks = |text: &str| Some(Table::parse("adjustments", text).expect("a table"));
    files.adjustments = risks("location,rr\nA,2\n");
    let with = format!("{SPATIAL}UseAdjustmentsByRRFile,y\n");
    assert!(run(SPATIAL, &files).summary.maximum > 1.0);
    assert!(run(&with, &files).summary.maximum < 1e-9);
    // twice the risk for half the time is once and a half: 18 of 30 cases expected at A
    files.adjustments = risks("location,rr,from,to\nA,2,2024/2/1,2024/2/14\n");
    let cluster = &run(&with, &files).clusters[0];
    assert!((cluster.expected.expect("counts") - 18.0).abs() < 1e-9, "{cluster:?}");
    // nothing was looked for in the week, so nothing can have been found
    files.adjustments = risks("location,rr,from,to\nAll,0,2024/2/8,2024/2/14\n");
    let weeks = read(&format!("{WEEKS}UseAdjustmentsByRRFile,y\n")).expect("settings");
    let error = scan(&weeks, &files, &Run::default()).expect_err("cases").to_string();
    assert!(error.contains("B has cases but no population (or a known relative risk of 0)"), "{error}");
    files.adjustments = None;
    let error =
        scan(&read(&with).expect("settings"), &files, &Run::default()).expect_err("no file").to_string();
    assert!(error.contains("adjustments"), "{error}");
}

#[test]
fn a_population_of_its_own_bounds_the_greatest_circle() {
    let cases = [(0, DAYS[0], 9), (1, DAYS[0], 9), (2, DAYS[0], 1), (3, DAYS[0], 1)];
    let mut files = line(4, &cases);
    assert_eq!(run(SPATIAL, &files).clusters[0].places, ["A", "B"]);
    files.max_circle =
        Some(Table::parse("m", "location,population\nA,40\nB,40\nC,10\nD,10\n").expect("a table"));
    let own = format!("{SPATIAL}UseMaxCirclePopulationFileOption,y\n");
    assert_eq!(run(&own, &files).clusters[0].places.len(), 1);
    // B and C together are half of it; A and B never are
    let wide = format!("{own}MaxSpatialSizeInMaxCirclePopulationFile,90\n");
    assert_eq!(run(&wide, &files).clusters[0].places, ["A", "B"]);
}

#[test]
fn a_prospective_scan_looks_at_what_lives_at_the_end_whenever_surveillance_began() {
    let mut cases: Vec<(usize, &str, u32)> = (0..6).flat_map(|p| DAYS.map(|day| (p, day, 3))).collect();
    // one outbreak that is over and a weaker one that is not
    cases.extend([(0, DAYS[1], 20), (5, DAYS[3], 9)]);
    let files = Files { population: None, ..line(6, &cases) };
    let alive = WEEKS.replace("AnalysisType,3", "AnalysisType,4") + "ModelType,2\n";
    let now = run(&alive, &files);
    let began = run(&format!("{alive}ProspectiveStartDate,2024/2/8\n"), &files);
    assert_eq!(now, began);
    assert_eq!((now.clusters[0].places.as_slice(), now.clusters[0].observed), (&["F".to_owned()][..], 12));

    let since = run(&format!("{alive}ProspectiveStartDate,2024/2/8\nAdjustForEarlierAnalyses,y\n"), &files);
    assert_eq!(since.clusters[0].places, ["F"]);
    assert!((since.clusters[0].ratio - now.clusters[0].ratio).abs() < 1e-12);
    // the greatest of three weeks is greater than that of one
    let mean = |r: &Report| {
        r.simulated.iter().sum::<f64>() / f64::from(u32::try_from(r.simulated.len()).expect("few"))
    };
    assert!(mean(&since) > mean(&now));
    assert!(since.clusters[0].p_value > now.clusters[0].p_value);
}

#[test]
fn scanning_again_without_the_place_found_shows_the_weaker_one_against_the_rest() {
    let mut cases: Vec<(usize, &str, u32)> = (0..8).map(|p| (p, DAYS[0], 5)).collect();
    cases.extend([(0, DAYS[0], 55), (7, DAYS[0], 25)]);
    let files = line(8, &cases);
    let report = run(&format!("{SPATIAL}IterativeScan,y\n"), &files);
    let found: Vec<&[String]> = report.clusters.iter().map(|c| c.places.as_slice()).collect();
    assert_eq!(found[..2], [&["A".to_owned()][..], &["H".to_owned()][..]]);
    // of 65 cases that are left a seventh is expected at H; at A it was an eighth of 120
    assert!((report.clusters[0].expected.expect("counts") - 120.0 / 8.0).abs() < 1e-9);
    assert!((report.clusters[1].expected.expect("counts") - 60.0 / 7.0).abs() < 1.0);
    let ranks: Vec<&str> = report.tables[0].1.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(ranks[..2], ["1", "2"]);
    // the six that are left have five each
    assert_eq!(report.clusters.len(), 2);
    // a p-value above the one of the settings is the last
    let until = run(&format!("{SPATIAL}IterativeScan,y\nIterativeScanMaxPValue,0\n"), &files);
    assert_eq!(until.clusters.len(), 1);
    let once = run(&format!("{SPATIAL}IterativeScan,y\nIterativeScanMaxIterations,1\n"), &files);
    assert_eq!(once.clusters.len(), 1);
}

#[test]
fn the_shortest_window_is_told_in_units_and_not_in_intervals() {
    let cases: Vec<(usize, &str, u32)> = (0..4)
        .flat_map(|p| DAYS.map(|day| (p, day, if p == 3 && day == DAYS[3] { 20 } else { 2 })))
        .collect();
    let settings = WEEKS.replace("MaxTemporalSize,7", "MaxTemporalSize,21\nMinimumTemporalClusterSize,14");
    let first = &run(&settings, &line(4, &cases)).clusters[0];
    assert_eq!(
        (first.from.to_string(), first.to.to_string()),
        ("2024-02-15".to_owned(), "2024-02-28".to_owned())
    );
}

#[test]
fn an_adjustment_that_the_model_cannot_make_is_refused() {
    let all = "StartDate,2024/2/1\nEndDate,2024/2/28\n";
    for (text, part) in [
        ("AnalysisType,1\nTimeTrendAdjustmentType,3", "TimeTrendAdjustmentType"),
        ("AnalysisType,2\nTimeTrendAdjustmentType,1", "space and time"),
        ("AnalysisType,3\nModelType,2\nTimeTrendAdjustmentType,2", "Poisson"),
        ("AnalysisType,3\nTimeTrendAdjustmentType,2\nTimeTrendPercentage,-100", "above -100"),
        ("AnalysisType,3\nTimeTrendAdjustmentType,6", "0, 1, 2, 3, 4, 5"),
        ("AnalysisType,1\nSpatialAdjustmentType,1", "SpatialAdjustmentType"),
        ("AnalysisType,3\nSpatialAdjustmentType,1\nTimeTrendAdjustmentType,1", "permutation model"),
        ("AnalysisType,3\nTimeAggregationLength,7\nAdjustForWeeklyTrends,y", "single days"),
        ("AnalysisType,3\nAdjustForWeeklyTrends,y\nTimeTrendAdjustmentType,1", "days of the week"),
        ("AnalysisType,1\nModelType,1\nUseAdjustmentsByRRFile,y", "Poisson"),
        ("AnalysisType,3\nIterativeScan,y", "IterativeScan"),
        ("AnalysisType,1\nIterativeScan,y\nIterativeScanMaxPValue,2", "IterativeScanMaxPValue"),
        ("AnalysisType,3\nAdjustForEarlierAnalyses,y", "prospective"),
        ("AnalysisType,4\nAdjustForEarlierAnalyses,y\nProspectiveStartDate,2023/1/1", "2023-01-01"),
    ] {
        let error = read(&format!("{all}{text}\n")).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}
