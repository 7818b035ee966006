//! Times a million drawn person-days of the generated survey: `person_days FOLDER [DRAWS]` (release build), CPU seconds on stdout.
//! `benches/peers/person_days.py` does the same with numpy, so that both run on one machine one after the other.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use risk::exposure::acute::{Draws, Source, summary};
use risk::exposure::concentration::{Bound, Observation};
use risk::exposure::survey::Survey;
use risk::table::Table;
use stats::random::Purpose;

/// Seconds of processor time of this process (Linux: user and system ticks).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn main() {
    let mut args = std::env::args().skip(1);
    let dir = std::path::PathBuf::from(args.next().unwrap());
    let draws: usize = args.next().map_or(1_000_000, |text| text.parse().unwrap());
    let table = |name: &str| Table::read(name, std::fs::File::open(dir.join(name)).unwrap()).unwrap();
    let survey = Survey::read(&table("persons.csv"), &table("consumption.csv")).unwrap();
    let mut samples = vec![vec![]; survey.foods().len()];
    for row in table("concentrations.csv").rows() {
        let value = (row.text("detected") == Ok("1")).then(|| row.number("value_mg_per_kg").unwrap());
        let result = Observation::reported(value, row.optional("lod_mg_per_kg").unwrap(), None).unwrap();
        samples[survey.food(row.text("food").unwrap()).unwrap()].push(result.substituted(Bound::Lower));
    }
    let sources: Vec<Vec<Source>> = samples.into_iter().map(|list| vec![Source::Samples(list)]).collect();
    let members: Vec<(usize, f64)> = (0..survey.persons().len()).map(|at| (at, 1.0)).collect();
    let mut best = f64::INFINITY;
    let mut last = vec![];
    for _ in 0..5 {
        let started = cpu();
        let prepared = Draws::new(&survey, &members, &sources).unwrap();
        let exposures = prepared.run(1, Purpose::of("acute"), 0, draws, 1);
        last = summary(&exposures, &[0.5, 0.95, 0.99, 0.999]).percentiles;
        best = best.min(cpu() - started);
    }
    let values: Vec<f64> = last.iter().map(|percentile| percentile.value).collect();
    println!("{best:.4} CPU s, percentiles {values:?}");
}
