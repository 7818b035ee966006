//! What differs from portion to portion: processing factors with a distribution, units of composite samples, the foods of the upper tail.

use risk::exposure::acute::Processing;
use risk::exposure::concentration::Bound;
use risk::exposure::model::{Assessment, Figure, Model, Report, UnitSpread, UnitWeight};

fn example() -> Model {
    let mut model = Model::read(include_str!("../../testdata/exposure-model.json")).unwrap();
    model.settings.acute = 40_000;
    model.settings.replicates = 0;
    model.settings.percentiles = vec![50.0, 97.5, 99.9];
    model
}

fn report(model: Model, threads: usize) -> Report {
    Assessment::new(model).unwrap().report(threads, &mut |_| {})
}

fn find<'a>(report: &'a Report, model: &str, quantity: &str) -> &'a Figure {
    let fits = |f: &&Figure| {
        f.substance == "cadmium"
            && f.group == "all"
            && f.bound == Bound::Upper
            && f.model == model
            && f.quantity == quantity
    };
    report.figures.iter().find(fits).unwrap_or_else(|| panic!("{model} {quantity}"))
}

fn unit(food: &str, spread: UnitSpread) -> UnitWeight {
    UnitWeight { food: food.into(), grams: 40.0, spread }
}

#[test]
fn units_leave_the_mean_and_raise_the_tail() {
    let plain = report(example(), 1);
    let mean = find(&plain, "acute", "mean");
    for spread in [UnitSpread::Variability(5.0), UnitSpread::Cv(2.0), UnitSpread::Composite(10.0)] {
        let mut model = example();
        model.units = ["rice", "leafy", "pork", "milk", "mussel"].map(|food| unit(food, spread)).to_vec();
        let other = report(model.clone(), 1);
        let varied = find(&other, "acute", "mean");
        let slack = |f: &Figure| (f.high.unwrap() - f.low.unwrap()) / 3.92;
        let error = slack(mean).hypot(slack(varied));
        assert!((varied.value - mean.value).abs() < 4.0 * error, "{spread:?} {varied:?} {mean:?}");
        let (before, after) = (find(&plain, "acute", "p99.9").value, find(&other, "acute", "p99.9").value);
        assert!(after > before * 1.05, "{spread:?}: {after} {before}");
        // long-term exposure has no units
        assert_eq!(find(&other, "OIM", "mean"), find(&plain, "OIM", "mean"));
        // neither threads nor a repetition change a bit
        assert_eq!(report(model, 3), other);
    }
}

#[test]
fn a_processing_factor_with_a_distribution_counts_with_its_mean_in_the_long_term_and_is_drawn_on_a_day() {
    let law = Processing::new(0.3, 0.8).unwrap();
    let with = |factor: f64, upper: Option<f64>| {
        let mut model = example();
        (model.processing[0].factor, model.processing[0].upper) = (factor, upper);
        report(model, 1)
    };
    let (drawn, fixed) = (with(0.3, Some(0.8)), with(law.mean(), None));
    for quantity in ["mean", "mean_weighted", "p97.5_type7"] {
        let (a, b) = (find(&drawn, "OIM", quantity).value, find(&fixed, "OIM", quantity).value);
        assert!((a / b - 1.0).abs() < 1e-12, "{quantity}: {a} {b}");
    }
    let (a, b) = (find(&drawn, "acute", "mean"), find(&fixed, "acute", "mean"));
    let error = (a.high.unwrap() - a.low.unwrap()).hypot(b.high.unwrap() - b.low.unwrap()) / 3.92;
    assert!((a.value - b.value).abs() < 4.0 * error, "{a:?} {b:?}");
    assert_ne!(drawn.recipe, fixed.recipe);
}

#[test]
fn the_foods_of_the_upper_tail_share_all_of_it_and_from_nothing_up_are_those_of_all_days() {
    let share = |tail: f64| {
        let mut model = example();
        (model.settings.tail, model.settings.contributions) = (Some(tail), 99);
        let report = report(model, 1);
        let prefix = format!("contribution_pct_from_p{tail}_");
        let foods: Vec<(String, f64)> = report
            .figures
            .iter()
            .filter(|f| f.substance == "cadmium" && f.group == "all" && f.bound == Bound::Upper)
            .filter_map(|f| f.quantity.strip_prefix(&prefix).map(|food| (food.to_owned(), f.value)))
            .collect();
        let all: f64 = foods.iter().map(|(_, share)| share).sum();
        assert!((all - 100.0).abs() < 1e-9, "{tail}: {foods:?}");
        assert!(foods.is_sorted_by(|a, b| a.1 >= b.1), "{foods:?}");
        (foods, report)
    };
    let (all, report) = share(0.0);
    // drawn days weigh people as the weighted long-term contributions do
    for (food, value) in &all {
        let long = find(&report, "OIM", &format!("contribution_pct_weighted_{food}")).value;
        assert!((value - long).abs() < 3.0, "{food}: {value} {long}");
    }
    let (high, _) = share(99.0);
    assert_ne!(high, all);
    // asking changes no other figure
    let plain: Vec<Figure> = self::report(example(), 1).figures;
    for figure in plain.iter().filter(|f| f.model == "acute") {
        assert!(report.figures.contains(figure), "{figure:?}");
    }
}

#[test]
fn what_cannot_vary_so_is_named() {
    type Change = fn(&mut Model);
    let cases: [(Change, &str); 5] = [
        (|m| m.processing[0].upper = Some(0.5), "processing.upper of rice"),
        (|m| m.processing[0].upper = Some(f64::INFINITY), "processing.upper of rice"),
        (|m| m.units = vec![unit("tea", UnitSpread::Cv(1.0))], "units.food"),
        (|m| m.units = vec![unit("rice", UnitSpread::Variability(0.9))], "units of rice"),
        (|m| m.settings.tail = Some(101.0), "settings.tail"),
    ];
    for (change, part) in cases {
        let mut model = example();
        change(&mut model);
        let error = Assessment::new(model).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}
