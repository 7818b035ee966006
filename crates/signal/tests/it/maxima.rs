//! The greatest ratio of the fast search against every window looked at, on maps of so many places that it bounds several at a time;
//! and the rank of a p-value.

use signal::scan::{Files, Report, Run, Settings, scan};
use signal::table::Table;
use stats::random::{Alias, Purpose, Stream};

const PLACES: usize = 160;
const DAYS: usize = 28;
const LONGEST: usize = 7;

struct Map {
    at: Vec<(f64, f64)>,
    people: Vec<f64>,
    /// Place and day of each case.
    cases: Vec<(usize, usize)>,
}

impl Map {
    fn new(seed: u64, cases: usize) -> Self {
        let mut stream = Stream::new(seed, Purpose::of("test: maxima"), 0);
        let at = (0..PLACES).map(|_| (stream.uniform() * 100.0, stream.uniform() * 100.0)).collect();
        let people: Vec<f64> = (0..PLACES).map(|_| (1000.0 * stream.log_normal(0.0, 0.5)).round()).collect();
        let alias = Alias::new(&people).expect("weights");
        let cases = (0..cases).map(|_| (alias.draw(&mut stream), stream.index(DAYS))).collect();
        Self { at, people, cases }
    }

    fn files(&self) -> Files {
        let mut locations = Table::with(["location", "x", "y"]);
        let mut population = Table::with(["location", "year", "population"]);
        let mut cases = Table::with(["location", "cases", "date"]);
        for (p, ((x, y), people)) in self.at.iter().zip(&self.people).enumerate() {
            locations.push([format!("P{p}"), x.to_string(), y.to_string()]);
            population.push([format!("P{p}"), "2023".to_owned(), people.to_string()]);
        }
        for (place, day) in &self.cases {
            cases.push([format!("P{place}"), "1".to_owned(), format!("2023/2/{}", day + 1)]);
        }
        Files { locations: Some(locations), cases, population: Some(population), ..Files::default() }
    }

    /// Kulldorff's ratio of every circle of at most half the people over the last days (or all of them), high and low.
    fn greatest(&self, alive: bool) -> f64 {
        let (all, total) = (self.people.iter().sum::<f64>(), self.cases.len() as f64);
        let lengths = if alive { 1..=LONGEST } else { DAYS..=DAYS };
        let mut best = 0.0_f64;
        for length in lengths {
            let mut counts = vec![0.0; PLACES];
            for (place, _) in self.cases.iter().filter(|(_, day)| day + length >= DAYS) {
                counts[*place] += 1.0;
            }
            for (x, y) in &self.at {
                let mut order: Vec<usize> = (0..PLACES).collect();
                let far = |p: usize| (self.at[p].0 - x).hypot(self.at[p].1 - y);
                order.sort_by(|a, b| far(*a).total_cmp(&far(*b)));
                let (mut c, mut people) = (0.0, 0.0);
                for p in order {
                    (c, people) = (c + counts[p], people + self.people[p]);
                    if people > all / 2.0 {
                        break;
                    }
                    let e = total * people / all * length as f64 / DAYS as f64;
                    let part = |n: f64, of: f64| if n > 0.0 { n * (n / of).ln() } else { 0.0 };
                    best = best.max(part(c, e) + part(total - c, total - e));
                }
            }
        }
        best
    }
}

fn run(map: &Map, more: &str) -> Report {
    let text = format!(
        "key,value\nModelType,0\nScanAreas,3\nTimeAggregationUnits,3\nStartDate,2023/2/1\nEndDate,2023/2/28\nCoordinatesType,0\n\
         MaxTemporalSizeInterpretation,1\nMaxTemporalSize,{LONGEST}\nMaxSpatialSizeInPopulationAtRisk,50\nPValueReportType,1\n{more}"
    );
    let settings = Settings::parse(&Table::parse("settings", &text).expect("a table")).expect("settings");
    scan(&settings, &map.files(), &Run::default()).expect("a scan")
}

#[test]
fn the_fast_search_finds_the_greatest_of_all_windows() {
    for seed in 0..30 {
        let map = Map::new(seed, 240 + 40 * usize::try_from(seed % 5).expect("small"));
        for (kind, alive) in
            [("AnalysisType,1\n", false), ("AnalysisType,4\nProspectiveStartDate,2023/2/28\n", true)]
        {
            let found = run(&map, &format!("{kind}MonteCarloReps,0\n")).summary.maximum;
            let wanted = map.greatest(alive);
            assert!(
                (found - wanted).abs() < 1e-9 * wanted.max(1.0),
                "seed {seed} {kind}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn a_ratio_no_replicate_reaches_has_the_rank_one_of_all() {
    let mut map = Map::new(1, 200);
    map.cases.extend((0..60).map(|n| (0, n % DAYS)));
    let report = run(&map, "AnalysisType,1\nMonteCarloReps,99\n");
    let p = report.clusters[0].p_value.expect("replicates were made");
    assert!((p - 0.01).abs() < 1e-12, "one of a hundred, not none of 99: {p}");
}
