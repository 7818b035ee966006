//! Targeting: traps that must stay shut, on a made-up town; order of magnitude on the public benchmark when it is there.

use risk::table::Table;
use risk::target::{Error, Options, Outcome, run};
use stats::random::{Purpose, Stream};

const TOWN: Purpose = Purpose::of("test town");

fn options() -> Options {
    let mut o = Options { windows: 1, resamples: 20, forests: 1, ..Options::default() };
    o.growth.trees = 60;
    o
}

/// Places of differing risk visited by inspectors of differing strictness; the last 60 days are open.
fn town(past_column: &str) -> (String, String) {
    let mut s = Stream::new(11, TOWN, 0);
    let header = "id,date,place,inspector,outcome,minor,kind,temperatureMax,pastCritical\n";
    let (mut train, mut score) = (header.to_owned(), header.to_owned());
    for i in 0..2400 {
        let place = s.below(120);
        let inspector = s.below(3);
        let risk = if place.is_multiple_of(4) { 1.6 } else { -0.4 }
            + [-1.5, 0.0, 1.5][usize::try_from(inspector).unwrap()];
        let found = u8::from(s.uniform() < 1.0 / (1.0 + (-(risk - 1.2_f64)).exp()));
        let (month, day) = (1 + i / 200, 1 + i / 8 % 25);
        let open = month >= 11;
        let told = if open { String::new() } else { found.to_string() };
        let minor = if open { String::new() } else { s.below(4).to_string() };
        let row = format!(
            "v{i},2024-{month:02}-{day:02},p{place},i{inspector},{told},{minor},{},{},{past_column}\n",
            if place.is_multiple_of(2) { "bakery" } else { "canteen" },
            s.below(30)
        );
        if open { score.push_str(&row) } else { train.push_str(&row) }
    }
    (train, score)
}

fn table(text: &str) -> Table {
    Table::read("town", text.as_bytes()).unwrap()
}

fn scored(past_column: &str) -> Outcome {
    let (train, score) = town(past_column);
    run(&table(&train), None, &table(&score), &options()).unwrap()
}

#[test]
fn risky_places_come_first_whoever_visits_and_the_run_repeats_to_the_bit() {
    let found = scored("0");
    assert_eq!(found, scored("0"));
    let (_, score) = town("0");
    let of = |risky: bool| {
        let table = table(&score);
        let list: Vec<f64> = table
            .rows()
            .zip(&found.scores)
            .filter(|(row, _)| {
                (row.text("place").unwrap()[1..].parse::<u32>().unwrap().is_multiple_of(4)) == risky
            })
            .map(|(_, s)| s.chance)
            .collect();
        list.iter().sum::<f64>() / list.len() as f64
    };
    assert!(of(true) > of(false) * 1.5, "{} {}", of(true), of(false));
    let w = &found.windows[0];
    assert!(w.averaged.auc_within.unwrap().value > 0.62, "{w:?}");
    // the inspector who came makes a better order of what happened, which is no use for planning
    assert!(w.with_inspector.days.value > w.averaged.days.value);
    assert!(w.averaged.random_days.low < 0.5 && w.averaged.perfect_days > w.with_inspector.days.value);
    assert!(found.scores.iter().any(|s| s.reasons.iter().any(|r| r.0.contains("found here"))));
    assert!(found.fairness.iter().any(|f| f.group == "BAKERY") && found.reliability.len() == 10);
}

#[test]
fn columns_that_tell_what_is_not_known_when_planning_change_nothing() {
    let (a, b) = (scored("0"), scored("1"));
    assert_eq!(a.scores, b.scores);
    let left: Vec<&str> = a.roles.left_out.iter().map(|l| l.0.as_str()).collect();
    assert_eq!(left, ["temperatureMax", "pastCritical"]);
    assert_eq!(a.roles.results, ["minor"]);
}

#[test]
fn a_place_never_visited_is_known_by_the_words_of_its_name() {
    let mut s = Stream::new(12, TOWN, 0);
    let header = "id,date,place,name,outcome,minor\n";
    let (mut train, mut score) = (header.to_owned(), header.to_owned());
    let letter = |n: u64| char::from(b'A' + u8::try_from(n % 26).unwrap());
    // every name stands once: only the words FISH and BREAD are shared, and fish goes bad
    let name = |place: u64| {
        let kind = if place.is_multiple_of(2) { "FISH" } else { "BREAD" };
        format!("{}{}X {kind} No {place}", letter(place), letter(place / 26))
    };
    for i in 0..1200 {
        let place = s.below(120);
        let found = u8::from(s.uniform() < if place.is_multiple_of(2) { 0.5 } else { 0.1 });
        let (month, day) = (1 + i / 120, 1 + i % 25);
        train.push_str(&format!("v{i},2024-{month:02}-{day:02},p{place},{},{found},1\n", name(place)));
    }
    for place in 120..140 {
        score.push_str(&format!("n{place},2024-12-01,p{place},{},,\n", name(place)));
    }
    let options = Options { windows: 0, ..options() };
    let found = run(&table(&train), None, &table(&score), &options).unwrap();
    let of = |odd: usize| found.scores.iter().skip(odd).step_by(2).map(|s| s.chance).sum::<f64>() / 10.0;
    assert!(of(0) > 1.5 * of(1), "{} {}", of(0), of(1));
    assert!(found.features.iter().any(|f| f == "others with a word of the name"), "{:?}", found.features);
}

#[test]
fn what_cannot_be_learnt_from_is_refused_by_name() {
    let (train, score) = town("0");
    let scores = table(&score);
    // the outcome of a visit to score must not stand in the history
    let leak = format!(
        "id,date,place,outcome\n{},2024-11-01,p1,1\n",
        score.lines().nth(1).unwrap().split(',').next().unwrap()
    );
    let error = run(&table(&train), Some(&table(&leak)), &scores, &options()).unwrap_err();
    assert!(error.to_string().contains("must not stand in the history"), "{error}");
    let error = run(&table("id,date\n1,2024-01-01\n"), None, &scores, &options()).unwrap_err();
    assert!(error.to_string().contains("lacks the column criticalFound|outcome|found"), "{error}");
    let few = "id,date,place,outcome\n1,2024-01-01,p,1\n";
    assert!(matches!(run(&table(few), None, &scores, &options()), Err(Error::TooFew { found: 1, clean: 0 })));
    assert!(matches!(
        run(&table(&train), None, &table(&train), &options()),
        Err(Error::NothingToScore { .. })
    ));
}

#[test]
fn the_public_benchmark_is_met_on_the_last_window_of_its_training_period() {
    let Some(folder) = crate::shared::folder("../public/chicago") else { return };
    let read = |name: &str| crate::shared::table(&folder.join(name));
    let model = read("model_table.csv");
    let mut o = Options { windows: 1, resamples: 20, forests: 1, ..Options::default() };
    o.growth.trees = 100;
    let found = run(&model, Some(&read("canvass_history.csv")), &model, &o).unwrap();
    assert_eq!(found.scores.len(), 1637);
    for w in &found.windows {
        println!(
            "days {:.2} auc {:.3} within {:.3} with {:.2}",
            w.averaged.days.value,
            w.averaged.auc.value,
            w.averaged.auc_within.unwrap().value,
            w.with_inspector.days.value
        );
    }
    let w = found.windows.last().unwrap();
    assert!(w.averaged.days.value > 5.0 && w.averaged.auc_within.unwrap().value > 0.6, "{w:?}");
    assert!(w.averaged.days.value < 0.6 * w.averaged.perfect_days, "too good to be true: a label leaks");
}
