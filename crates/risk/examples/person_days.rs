//! Times a million drawn person-days of the generated survey: `person_days FOLDER [DRAWS]` (release build), CPU seconds on stdout; then twenty
//! bootstrap replicates of 100,000 and what one more result costs: of this survey, and of one of 20,000 people made by repeating it.
//! `benches/peers/person_days.py` does the same with numpy, so that both run on one machine one after the other.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use risk::exposure::acute::{Draws, Source, summary};
use risk::exposure::concentration::{Bound, Observation};
use risk::exposure::model::{Assessment, Live, Model, NewResult, Settings, Tables};
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
        let exposures = prepared.run(1, Purpose::of("acute"), 0, draws, 1).remove(0);
        last = summary(&exposures, &[0.5, 0.95, 0.99, 0.999]).percentiles;
        best = best.min(cpu() - started);
    }
    let values: Vec<f64> = last.iter().map(|percentile| percentile.value).collect();
    println!("{best:.4} CPU s, percentiles {values:?}");
    let text = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let tables = Tables {
        persons: text("persons.csv"),
        consumption: text("consumption.csv"),
        concentrations: text("concentrations.csv"),
    };
    let mut model = Model::read(r#"{"format":"shian-exposure-1","seed":1}"#).unwrap();
    model.tables = Some(tables.clone());
    model.settings.bounds = vec![Bound::Lower];
    model.settings.acute = 100_000;
    (model.settings.replicates, model.settings.replicate_draws) = (20, 100_000);
    let assessment = Assessment::new(model.clone()).unwrap();
    let started = cpu();
    let report = assessment.report(1, &mut |_| {});
    println!(
        "{:.4} CPU s for 20 replicates of 100,000 person-days: {} figures",
        cpu() - started,
        report.figures.len()
    );
    model.settings = Settings::default();
    arrival("1,000 people", model.clone());
    model.tables = Some(repeated(&tables, 20));
    arrival("20,000 people", model);
}

/// The survey so many times over, with other names.
fn repeated(tables: &Tables, times: usize) -> Tables {
    let again = |csv: &str| {
        let (header, rows) = csv.split_once('\n').unwrap();
        let all = (0..times).flat_map(|copy| rows.lines().map(move |row| format!("{copy}-{row}\n")));
        format!("{header}\n{}", all.collect::<String>())
    };
    Tables {
        persons: again(&tables.persons),
        consumption: again(&tables.consumption),
        concentrations: tables.concentrations.clone(),
    }
}

/// Prints what one more result costs with the default settings: three bounds, observed means, 100,000 drawn person-days each.
fn arrival(name: &str, model: Model) {
    let started = cpu();
    let mut live = Live::new(Assessment::new(model).unwrap(), 1);
    let first = cpu() - started;
    let mut worst: f64 = 0.0;
    for at in 0..5 {
        let new = NewResult {
            substance: String::new(),
            food: "F15".into(),
            sample: format!("new {at}"),
            result: Observation::Value(0.4 + f64::from(at) / 10.0),
        };
        let started = cpu();
        let changed = live.add(new).unwrap();
        worst = worst.max(cpu() - started);
        assert!(!changed.is_empty());
    }
    println!("{name}: all at first {first:.4} CPU s, one more result {worst:.4} CPU s at most");
}
