//! Golden values and properties of growth.

use super::*;
use proptest::prelude::*;

const DAY: [Stretch; 3] = [
    Stretch { hours: 2.0, temperature: 20.0 },
    Stretch { hours: 4.0, temperature: 2.0 },
    Stretch { hours: 1.0, temperature: 25.0 },
];

fn listeria() -> Model {
    Model {
        name: "test".into(),
        rate: Rate::SquareRoot { b: 0.02, tmin: -1.18 },
        ph: None,
        aw: None,
        primary: Primary::Baranyi,
        h0: 1.0,
        start: 2.0,
        highest: 8.5,
        rate_cv: 0.2,
        tmin_sd: 0.5,
        h0_cv: 0.3,
    }
}

#[test]
fn the_mean_kinetic_temperature_has_its_golden_values() {
    for (enthalpy, want) in [(83.144, 15.7), (60.0, 14.3), (100.0, 16.5)] {
        let got = mean_kinetic(&DAY, enthalpy).unwrap();
        assert!((got - want).abs() < 0.05, "{enthalpy}: {got}");
    }
    assert!(mean_kinetic(&[], 83.144).is_err() && mean_kinetic(&DAY, 0.0).is_err());
}

#[test]
fn eight_degrees_doubles_the_rate_of_listeria_at_five() {
    // ((8 + 1.18)/6.18)² = 2.21
    let rate = listeria().rate;
    assert!((rate.at(8.0, 0.0) / rate.at(5.0, 0.0) - 2.21).abs() < 0.005);
    assert!(rate.at(-5.0, 0.0).abs() < 1e-15);
}

#[test]
fn the_cardinal_model_is_one_at_its_best_and_zero_at_its_ends() {
    let rate = Rate::Cardinal { mu_opt: 1.2, tmin: 3.0, topt: 37.0, tmax: 45.0 };
    assert!((rate.at(37.0, 0.0) - 1.2).abs() < 1e-12);
    for t in [2.0, 3.0, 45.0, 50.0] {
        assert!(rate.at(t, 0.0).abs() < 1e-12, "{t}");
    }
    let acid = Acidity { value: 7.0, min: 4.4, opt: 7.0, max: 9.4 };
    assert!((acid.factor() - 1.0).abs() < 1e-12);
    assert!(
        Acidity { value: 4.0, ..acid }.factor().abs() < 1e-12
            && Acidity { value: 5.5, ..acid }.factor() < 1.0
    );
    assert!((Water { value: 0.96, min: 0.92 }.factor() - 0.5).abs() < 1e-12);
}

#[test]
fn with_a_constant_temperature_both_primary_models_lag_grow_and_stop() {
    for primary in [Primary::Baranyi, Primary::Trilinear] {
        let model = Model { primary, ..listeria() };
        let mu = model.rate.at(10.0, 0.0);
        let hour =
            |h: f64| predict(&model, &[Stretch { hours: h, temperature: 10.0 }], 0, 1).unwrap()[0].log10;
        // well into exponential growth: y0 + µt − h0
        let t = 5.0 / mu;
        assert!((hour(t) - (2.0 + (mu * t - 1.0) / std::f64::consts::LN_10)).abs() < 0.02, "{primary:?}");
        assert!((hour(1000.0 / mu) - 8.5).abs() < 1e-6 && hour(0.1 / mu) - 2.0 < 0.03);
    }
}

#[test]
fn a_wrong_model_or_history_is_refused_by_name() {
    let bad = Model { rate: Rate::Cardinal { mu_opt: 1.0, tmin: 0.0, topt: 10.0, tmax: 45.0 }, ..listeria() };
    assert!(matches!(predict(&bad, &DAY, 0, 1), Err(Error::Parameter("rate", _))));
    let table = Table::read("t", "hours,temperature\n0,5\n-1,6\n".as_bytes()).unwrap();
    assert!(history(&table).unwrap_err().to_string().contains("go back"));
    for text in ["hours,temperature\n0,-300\n3,6\n", "duration_h,temperature\n3,-273.15\n"] {
        let table = Table::read("t", text.as_bytes()).unwrap();
        assert!(history(&table).unwrap_err().to_string().contains("−273.15"), "{text}");
    }
    let table = Table::read("t", "hours,temperature\n0,5\n3,6\n".as_bytes()).unwrap();
    assert_eq!(history(&table).unwrap(), [Stretch { hours: 3.0, temperature: 5.0 }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn warmer_or_longer_never_means_fewer_and_splitting_a_stretch_changes_nothing(
        stretches in proptest::collection::vec((0.5..20.0_f64, -3.0..20.0_f64), 1..6),
        warmer in 0.0..5.0_f64,
    ) {
        let list: Vec<Stretch> = stretches.iter().map(|s| Stretch { hours: s.0, temperature: s.1 }).collect();
        let last = |l: &[Stretch]| predict(&listeria(), l, 0, 1).unwrap().last().unwrap().log10;
        let base = last(&list);
        let hot: Vec<Stretch> = list.iter().map(|s| Stretch { temperature: s.temperature + warmer, ..*s }).collect();
        prop_assert!(last(&hot) >= base - 1e-9);
        let split: Vec<Stretch> = list.iter().flat_map(|s| [Stretch { hours: s.hours / 3.0, ..*s }, Stretch { hours: s.hours * 2.0 / 3.0, ..*s }]).collect();
        prop_assert!((last(&split) - base).abs() < 1e-9);
    }
}
