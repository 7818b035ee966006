//! The model file: the same figures from any order of rows, number of threads and way of arrival.

use proptest::prelude::*;
use risk::exposure::concentration::{Bound, Observation};
use risk::exposure::model::{
    Assessment, Change, Factor, Figure, Limit, LimitMode, Live, Model, ModelError, NewResult, Protect, Report,
};

const EXAMPLE: &str = include_str!("../../testdata/exposure-model.json");

fn example() -> Model {
    Model::read(EXAMPLE).unwrap()
}

fn quick() -> Model {
    let mut model = example();
    model.settings.acute = 5_000;
    model.settings.replicates = 0;
    model
}

fn report(model: Model, threads: usize) -> Report {
    Assessment::new(model).unwrap().report(threads, &mut |_| {})
}

fn bits(figures: &[Figure]) -> Vec<(String, [u64; 3])> {
    let number = |value: Option<f64>| value.map_or(0, f64::to_bits);
    let one = |f: &Figure| {
        let name = format!("{} {} {} {} {}", f.substance, f.bound.name(), f.group, f.model, f.quantity);
        (name, [f.value.to_bits(), number(f.low), number(f.high)])
    };
    figures.iter().map(one).collect()
}

fn reversed(csv: &str) -> String {
    let mut lines: Vec<&str> = csv.lines().collect();
    lines[1..].reverse();
    lines.join("\n")
}

#[test]
fn threads_repetition_and_the_order_of_rows_change_no_bit() {
    let one = report(example(), 1);
    assert_eq!(bits(&one.figures), bits(&report(example(), 3).figures));
    let mut other = example();
    let tables = other.tables.as_mut().unwrap();
    for table in [&mut tables.persons, &mut tables.consumption, &mut tables.concentrations] {
        *table = reversed(table);
    }
    let other = report(other, 2);
    assert_eq!(bits(&one.figures), bits(&other.figures));
    assert_ne!(one.recipe, other.recipe);
    assert!(one.figures.iter().any(|figure| figure.substance == "cumulative"));
}

#[test]
fn the_exported_file_gives_the_same_figures() {
    let assessment = Assessment::new(quick()).unwrap();
    let export = assessment.export().to_json();
    let again = report(Model::read(&export).unwrap(), 1);
    assert_eq!(bits(&assessment.report(1, &mut |_| {}).figures), bits(&again.figures));
    assert_eq!(again.recipe, Model::read(&export).unwrap().recipe());
}

#[test]
fn why_a_model_gives_no_answer_is_said_in_chinese_and_english() {
    let mut model = quick();
    model.settings.chronic = vec![risk::exposure::model::Chronic::Bbn];
    model.settings.acute = 0;
    // one day of everybody
    let tables = model.tables.as_mut().unwrap();
    let first: Vec<&str> =
        tables.consumption.lines().filter(|row| row.split(',').nth(1) != Some("2")).collect();
    tables.consumption = first.join("\n");
    let report = report(model, 1);
    assert!(!report.notes.is_empty());
    for note in &report.notes {
        assert!(note.contains("请记录两天") && note.contains("record two days"), "{note}");
    }
}

#[test]
fn bounds_are_in_order_and_intervals_enclose_most_figures() {
    let report = report(example(), 2);
    let find = |like: &Figure, bound: Bound| {
        let same = |f: &&Figure| {
            f.bound == bound
                && f.substance == like.substance
                && f.group == like.group
                && f.model == like.model
                && f.quantity == like.quantity
        };
        report.figures.iter().find(same).unwrap().value
    };
    let (mut inside, mut all) = (0, 0);
    for figure in &report.figures {
        if figure.bound == Bound::Lower
            && (figure.quantity.starts_with('p') || figure.quantity.starts_with("mean"))
        {
            let [lower, middle, upper] = Bound::ALL.map(|bound| find(figure, bound));
            assert!(lower <= middle && middle <= upper, "{figure:?}");
        }
        if let (Some(low), Some(high)) = (figure.low, figure.high) {
            assert!(low <= high);
            all += 1;
            inside += usize::from(low <= figure.value && figure.value <= high);
        }
    }
    assert!(all > 100 && inside * 10 > all * 8, "{inside} of {all}");
}

fn arrivals() -> impl Strategy<Value = Vec<NewResult>> {
    let one = (
        0..2_usize,
        0..5_usize,
        0..30_u32,
        prop_oneof![
            (0.001..2.0_f64).prop_map(Observation::Value),
            (0.001..0.02_f64).prop_map(Observation::Below)
        ],
    );
    prop::collection::vec(one, 1..6).prop_map(|list| {
        list.into_iter()
            .map(|(substance, food, sample, result)| NewResult {
                substance: ["cadmium", "lead"][substance].into(),
                food: ["rice", "leafy", "pork", "milk", "squid"][food].into(),
                sample: format!("new-{sample}"),
                result,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn figures_that_follow_arrivals_equal_computing_all_again(arrivals in arrivals()) {
        let mut model = quick();
        model.settings.acute = 500;
        let mut live = Live::new(Assessment::new(model).unwrap(), 1);
        for arrival in arrivals {
            let before = bits(&live.figures().cloned().collect::<Vec<_>>());
            let changed = live.add(arrival.clone()).unwrap();
            let after = bits(&live.figures().cloned().collect::<Vec<_>>());
            let differing: Vec<_> = after.iter().filter(|figure| !before.contains(figure)).cloned().collect();
            prop_assert_eq!(bits(&changed), differing);
            prop_assert!(arrival.food != "squid" || changed.is_empty());
        }
        let again = report(live.assessment().export(), 1);
        prop_assert_eq!(bits(&live.figures().cloned().collect::<Vec<_>>()), bits(&again.figures));
    }

    #[test]
    fn another_unit_of_mass_scales_every_exposure(k in 0.01..100.0_f64) {
        let mut model = quick();
        model.settings.acute = 500;
        let one = report(model.clone(), 1);
        for food in ["rice", "leafy", "pork", "milk", "mussel"] {
            model.consumption.push(Factor { food: food.into(), substance: None, factor: k, upper: None });
        }
        let two = report(model, 1);
        for figure in &one.figures {
            let plain = figure.quantity.starts_with("mean") || figure.quantity.ends_with("type7") || figure.quantity.ends_with("invcdf");
            if plain {
                let same = |f: &&Figure| (&f.substance, f.bound, &f.group, &f.model, &f.quantity) == (&figure.substance, figure.bound, &figure.group, &figure.model, &figure.quantity);
                let other = two.figures.iter().find(same).unwrap();
                prop_assert!((other.value - figure.value * k).abs() <= 1e-12 * (figure.value * k).abs());
            }
        }
    }
}

fn percentile(assessment: &Assessment, asked: &Protect) -> f64 {
    let report = assessment.report(1, &mut |_| {});
    let wanted = format!("p{}_weighted_invcdf", asked.percentile);
    let fits = |f: &&Figure| {
        f.substance == asked.substance
            && f.bound == asked.bound
            && f.group == asked.group
            && f.quantity == wanted
    };
    report.figures.iter().find(fits).unwrap().value
}

#[test]
fn the_limit_that_protects_is_the_highest_that_does() {
    let assessment = Assessment::new(quick()).unwrap();
    let mut protected = 0;
    for mode in [LimitMode::AtLimit, LimitMode::Enforced] {
        for food in [Some("rice".to_owned()), Some("mussel".to_owned()), None] {
            let asked = Protect {
                substance: "cadmium".into(),
                food: food.clone(),
                group: "children".into(),
                percentile: 97.5,
                bound: Bound::Upper,
                mode,
                together: false,
            };
            let Some(limit) = assessment.protecting_limit(&asked).unwrap().filter(|limit| limit.is_finite())
            else {
                continue;
            };
            let reference = 25.0 / 30.4375;
            let at = |limit: f64| {
                let limit = Limit { food: food.clone(), substance: Some("cadmium".into()), limit, mode };
                percentile(&assessment.with(Change::Limit(limit)).unwrap(), &asked)
            };
            assert!(at(limit) <= reference * (1.0 + 1e-9), "{mode:?} {food:?} {limit}");
            if mode == LimitMode::AtLimit {
                assert!(at(limit * 1.001) > reference, "{mode:?} {food:?} {limit}");
            }
            protected += 1;
        }
    }
    assert!(protected > 0);
}

#[test]
fn a_result_at_the_limit_stays_on_the_market_and_one_above_it_leaves() {
    let mean = |limit: Option<f64>| {
        let mut model = quick();
        model.settings.acute = 0;
        let results = "substance,food,sample,value_mg_per_kg,lod_mg_per_kg\ncadmium,rice,a,0.1,\ncadmium,rice,b,0.2,\ncadmium,rice,c,0.6,\n";
        model.tables.as_mut().unwrap().concentrations = results.into();
        let assessment = Assessment::new(model).unwrap();
        let assessment = match limit {
            None => assessment,
            Some(limit) => {
                let limit =
                    Limit { food: Some("rice".into()), substance: None, limit, mode: LimitMode::Enforced };
                assessment.with(Change::Limit(limit)).unwrap()
            }
        };
        let figures = assessment.report(1, &mut |_| {}).figures;
        figures
            .iter()
            .find(|f| f.substance == "cadmium" && f.model == "OIM" && f.quantity == "mean")
            .unwrap()
            .value
    };
    // means of what stays: 0.3, 0.15, 0.1
    for (limit, share) in [(0.6, 1.0), (0.2, 0.5), (0.199, 1.0 / 3.0)] {
        let found = mean(Some(limit)) / mean(None);
        assert!((found - share).abs() < 1e-12, "{limit}: {found}");
    }
}

#[test]
fn what_a_model_says_wrongly_is_named() {
    let cases: [(&str, &str, &str); 6] = [
        ("\"shian-exposure-1\"", "\"other\"", "shian-exposure-1"),
        ("\"seed\"", "\"sead\"", "unknown field `sead`"),
        ("\"food\": \"rice\",\n   \"factor\"", "\"food\": \"tea\",\n   \"factor\"", "processing.food"),
        ("\"ageFrom\": 0,\n   \"ageTo\": 14", "\"ageFrom\": 90,\n   \"ageTo\": 95", "groups.children"),
        ("\"factor\": 0.9", "\"factor\": -0.9", "processing.factor of rice"),
        (
            "person,day,food,grams\\n1,1,rice,",
            "person,day,food,grams\\n1,1,rice,x",
            "row 2, column \"grams\"",
        ),
    ];
    for (from, to, part) in cases {
        assert!(EXAMPLE.contains(from), "{from}");
        let found =
            Model::read(&EXAMPLE.replacen(from, to, 1)).and_then(|model| Assessment::new(model).map(|_| ()));
        let error = found.unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(!matches!(error, ModelError::Form(ref text) if text.is_empty()));
    }
}

#[test]
fn a_table_of_results_without_the_column_substance_is_of_the_only_substance_of_the_model() {
    let text = |substances: &str| {
        format!(
            r#"{{"format":"shian-exposure-1","title":"t","seed":1,"substances":[{substances}],"settings":{{"acute":0}},"tables":{{
            "persons":"person,body_weight_kg\na,50\n","consumption":"person,day,food,grams\na,1,rice,100\n",
            "concentrations":"food,value_mg_per_kg,lod_mg_per_kg\nrice,0.1,0.02\n"}}}}"#
        )
    };
    let model = |substances: &str| Assessment::new(serde_json::from_str(&text(substances)).unwrap());
    let one = r#"{"id":"cd","name":{"zh":"镉","en":"cadmium"}}"#;
    let figures = model(one).unwrap().report(1, &mut |_| {}).figures;
    let mean = figures.iter().find(|f| f.quantity == "mean").unwrap();
    assert!(mean.substance == "cd" && (mean.value - 0.2).abs() < 1e-12, "{mean:?}");
    let two = format!(r#"{one},{{"id":"pb","name":{{"zh":"铅","en":"lead"}}}}"#);
    assert!(model(&two).unwrap_err().to_string().contains("substance"));
}
