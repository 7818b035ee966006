//! The scan on small maps of its own: what must not change a result, and what must.

use signal::scan::{Files, Report, Run, Settings, scan};
use signal::table::Table;

/// Nine places on a grid, six weeks of days, an excess at places 0 and 1 in the last week.
const PLACES: [(f64, f64); 9] = [
    (0.0, 0.0),
    (1.0, 0.1),
    (2.1, 0.0),
    (0.0, 1.2),
    (1.1, 1.0),
    (2.0, 1.3),
    (0.2, 2.1),
    (1.0, 2.2),
    (2.2, 2.0),
];

fn files(order: &[usize], extra: usize) -> Files {
    let mut locations = Table::with(["location", "x", "y"]);
    let mut population = Table::with(["location", "year", "population"]);
    for &p in order {
        locations.push([format!("P{p}"), PLACES[p].0.to_string(), PLACES[p].1.to_string()]);
        population.push([format!("P{p}"), "2024".to_owned(), (100 + 10 * p).to_string()]);
    }
    let mut cases = Table::with(["location", "cases", "date"]);
    for day in 1..=28 {
        for p in 0..9 {
            if (day * 7 + p * 5) % 11 == 0 {
                cases.push([format!("P{p}"), "1".to_owned(), format!("2024/2/{day}")]);
            }
        }
    }
    for k in 0..extra {
        cases.push([format!("P{}", k % 2), "1".to_owned(), format!("2024/2/{}", 23 + k % 6)]);
    }
    Files { locations: Some(locations), cases, population: Some(population), ..Files::default() }
}

fn settings(more: &str) -> Settings {
    let text = format!(
        "key,value\nScanAreas,1\nTimeAggregationUnits,3\nStartDate,2024/2/1\nEndDate,2024/2/28\nCoordinatesType,0\nMaxTemporalSizeInterpretation,1\n\
         MaxTemporalSize,7\nMonteCarloReps,99\n{more}"
    );
    Settings::parse(&Table::parse("settings", &text).expect("a table")).expect("settings")
}

fn run(settings: &Settings, files: &Files, threads: usize) -> Report {
    scan(settings, files, &Run { threads, progress: &|_, _| true }).expect("a scan")
}

const KINDS: [&str; 4] = [
    "AnalysisType,1\nModelType,0\n",
    "AnalysisType,3\nModelType,0\n",
    "AnalysisType,4\nModelType,2\nProspectiveStartDate,2024/2/28\n",
    "AnalysisType,3\nModelType,2\n",
];

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    for kind in KINDS {
        let settings = settings(kind);
        let files = files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 8);
        assert_eq!(run(&settings, &files, 1), run(&settings, &files, 5), "{kind}");
    }
}

#[test]
fn the_order_of_places_does_not_matter() {
    for kind in KINDS {
        let settings = settings(kind);
        let members = |report: &Report| {
            let first = &report.clusters[0];
            let mut places = first.places.clone();
            places.sort();
            (places, first.from, first.to, first.observed)
        };
        let (a, b) = (
            run(&settings, &files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 8), 1),
            run(&settings, &files(&[4, 8, 1, 0, 6, 2, 7, 3, 5], 8), 1),
        );
        assert_eq!(members(&a), members(&b), "{kind}");
        assert!((a.summary.maximum - b.summary.maximum).abs() < 1e-9, "{kind}");
    }
}

#[test]
fn more_cases_in_the_cluster_raise_its_ratio() {
    for kind in KINDS {
        let settings = settings(kind);
        let ratio = |extra| run(&settings, &files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], extra), 1).summary.maximum;
        assert!(ratio(6) < ratio(12) && ratio(12) < ratio(24), "{kind}");
    }
}

#[test]
fn an_ellipse_of_shape_one_is_the_circle_and_a_penalty_never_raises_a_ratio() {
    let circle = run(&settings("AnalysisType,1\nModelType,0\n"), &files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 8), 1);
    let with = |shape: &str, penalty: u32| {
        let text = format!(
            "AnalysisType,1\nModelType,0\nSpatialWindowShapeType,1\nEllipseShapes,{shape}\nEllipseAngles,4\nNonCompactnessPenalty,{penalty}\n"
        );
        run(&settings(&text), &files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 8), 1)
    };
    assert!((with("1", 2).summary.maximum - circle.summary.maximum).abs() < 1e-9);
    assert!(with("3", 0).summary.maximum >= with("3", 1).summary.maximum);
    assert!(with("3", 1).summary.maximum >= circle.summary.maximum - 1e-9);
    let table = &with("3", 1).tables[0].1;
    assert!(table.columns.contains(&"e_major".to_owned()), "{:?}", table.columns);
}

#[test]
fn categories_out_of_order_are_pooled_and_all_models_of_values_run() {
    let mut cases = Table::with(["location", "cases", "category"]);
    let mut values = Table::with(["location", "value", "weight"]);
    for p in 0..9 {
        for k in 0..6 {
            let category = if p < 2 { 1 + k % 3 + usize::from(k % 2 == 0) } else { 1 + k % 3 };
            cases.push([format!("P{p}"), "2".to_owned(), category.to_string()]);
            let value = if p < 2 { 5.0 } else { 1.0 } + f64::from(u8::try_from(k).expect("small"));
            values.push([format!("P{p}"), value.to_string(), "2".to_owned()]);
        }
    }
    let base = files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 0);
    for (model, table) in [(3, &cases), (7, &cases), (5, &values)] {
        let report = run(
            &settings(&format!("AnalysisType,1\nModelType,{model}\n")),
            &Files { cases: table.clone(), ..base.clone() },
            2,
        );
        let mut places = report.clusters[0].places.clone();
        places.sort();
        assert_eq!(places, ["P0", "P1"], "model {model}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let all = files(&[0, 1, 2, 3, 4, 5, 6, 7, 8], 0);
    let poisson = settings("AnalysisType,1\nModelType,0\n");
    let cases = [
        (Files { locations: None, ..all.clone() }, "locations"),
        (Files { population: None, ..all.clone() }, "populations"),
        (
            Files {
                cases: Table::parse("c", "location,cases,date\nX,1,2024/2/3\n").expect("a table"),
                ..all.clone()
            },
            "place X",
        ),
        (
            Files {
                cases: Table::parse("c", "location,cases,date\nP1,1.5,2024/2/3\n").expect("a table"),
                ..all.clone()
            },
            "whole number",
        ),
        (
            Files { cases: Table::parse("c", "location,n\nP1,1\n").expect("a table"), ..all.clone() },
            "fewer than 2",
        ),
    ];
    for (files, part) in cases {
        let error = scan(&poisson, &files, &Run::default()).expect_err("an error").to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_the_engine_lacks_is_refused_and_not_passed_over() {
    let read = |more: &str| {
        let text = format!("key,value\nStartDate,2024/2/1\nEndDate,2024/2/28\nAnalysisType,3\n{more}\n");
        Settings::parse(&Table::parse("settings", &text).expect("a table"))
    };
    for lacking in [
        "UseNeighborsFile,y",
        "UseGridFile,y",
        "UseMetaLocationsFile,y",
        "IsotonicScan,1",
        "TimeTrendAdjustmentType,6",
        "SpatialAdjustmentType,3",
        "IncludeClusters,2",
        "PrecisionCaseTimes,4",
        "SpatialWindowShapeType,2",
        "MaxSpatialSizeInPopulationAtRisk,60",
        "MaxTemporalSize,95",
        "IncludePurelySpatial,perhaps",
        "MaxTemporalSize,NaN",
    ] {
        let key = lacking.split(',').next().unwrap_or_default();
        let error = read(lacking).expect_err(lacking).to_string();
        assert!(error.contains(key), "{lacking}: {error}");
    }
    for neutral in ["UseNeighborsFile,n", "IsotonicScan,0", "IncludeClusters,0", "PrecisionCaseTimes,3", ""] {
        assert!(read(neutral).is_ok(), "{neutral}");
    }
}

#[test]
fn a_latitude_no_place_on_earth_has_is_refused() {
    let mut files = files(&[0, 1, 2], 0);
    let locations = "location,lat,lon\nP0,95,0\nP1,1,0\nP2,2,2\n";
    files.locations = Some(Table::parse("locations", locations).expect("a table"));
    let run = Run { threads: 1, progress: &|_, _| true };
    let problem = scan(&settings("AnalysisType,1\nModelType,0\n"), &files, &run).map(|_| ()).unwrap_err();
    assert!(problem.0.en.contains("line 2: latitude 95"), "{problem}");
}
