//! Speed of the scan statistic on the tasks of the reference measurements: generated provinces, one thread, CPU seconds.
//!
//! `cargo bench -p signal --bench scan [-- NAME]`

use signal::scan::{Files, Run, Settings, scan};
use signal::table::Table;
use stats::random::{Purpose, Stream};
use std::fmt::Write as _;

/// Places on a plane of 500 × 500 km and cases spread over 364 days in proportion to a skewed population.
fn province(places: usize, cases: usize) -> Files {
    let mut stream = Stream::new(7, Purpose::of("signal/bench"), places as u64);
    let mut locations = String::from("location,lat,lon\n");
    let mut population = String::from("location,year,population\n");
    let mut weights = Vec::new();
    for i in 0..places {
        let (lat, lon) = (27.0 + 4.5 * stream.uniform(), 118.0 + 4.5 * stream.uniform());
        let people = (150_000.0 * stream.log_normal(0.0, 0.6)).round();
        let _ = writeln!(locations, "P{i},{lat:.5},{lon:.5}");
        let _ = writeln!(population, "P{i},2023,{people}");
        weights.push(people);
    }
    let alias = stats::random::Alias::new(&weights).expect("weights");
    let mut rows = String::from("location,cases,date\n");
    let start = base::Date::constant(2023, 1, 2);
    for _ in 0..cases {
        let (place, day) = (alias.draw(&mut stream), stream.index(364));
        let date =
            start.checked_add(jiff::Span::new().days(i64::try_from(day).expect("a day"))).expect("a date");
        let _ = writeln!(rows, "P{place},1,{}/{}/{}", date.year(), date.month(), date.day());
    }
    let table = |name: &str, text: &str| Table::parse(name, text).expect("a table");
    Files {
        locations: Some(table("locations", &locations)),
        cases: table("cases", &rows),
        population: Some(table("population", &population)),
        ..Files::default()
    }
}

fn cpu() -> f64 {
    // user time of this process in clock ticks of 1/100 s
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields.get(11).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0) / 100.0
}

#[expect(clippy::print_stdout, reason = "a bench says what it measured")]
fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    // name, places, cases, analysis, model, temporal size in days, spatial percent, seconds of the reference
    let tasks = [
        ("spatial-poisson-1000", 1000, 20_068, 1, 0, 28, 50, 0.6),
        ("prospective-permutation-100", 100, 2_669, 4, 2, 28, 50, 0.90),
        ("prospective-permutation-1000", 1000, 20_068, 4, 2, 28, 50, 71.8),
        ("prospective-permutation-1000-10%", 1000, 20_068, 4, 2, 28, 10, 17.3),
        ("retrospective-permutation-100", 100, 2_669, 3, 2, 28, 50, 153.2),
    ];
    for (name, places, cases, analysis, model, days, percent, reference) in tasks {
        if wanted.as_ref().is_some_and(|w| !name.contains(w.as_str())) {
            continue;
        }
        let files = province(places, cases);
        let text = format!(
            "key,value\nAnalysisType,{analysis}\nModelType,{model}\nScanAreas,1\nTimeAggregationUnits,3\nTimeAggregationLength,1\n\
             StartDate,2023/1/2\nEndDate,2023/12/31\nProspectiveStartDate,2023/12/31\nCoordinatesType,1\n\
             MaxSpatialSizeInPopulationAtRisk,{percent}\nMaxTemporalSizeInterpretation,1\nMaxTemporalSize,{days}\nMonteCarloReps,999\nPValueReportType,1\n"
        );
        let settings =
            Settings::parse(&Table::parse("settings", &text).expect("settings")).expect("settings");
        let before = cpu();
        let report = scan(&settings, &files, &Run::default()).expect("a scan");
        let ours = cpu() - before;
        println!(
            "{{\"task\":\"{name}\",\"cpu_seconds\":{ours:.2},\"reference_cpu_seconds\":{reference},\"ratio\":{:.1},\"maximum\":{:.6},\"median_replicate\":{:.6},\"digest\":\"{:016x}\"}}",
            reference / ours,
            report.summary.maximum,
            median(&report.simulated),
            digest(&report.simulated)
        );
    }
}

/// FNV-1a over the bits of all greatest ratios: two runs agree in it only if they agree in every bit.
fn digest(values: &[f64]) -> u64 {
    let bytes = values.iter().flat_map(|v| v.to_bits().to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
