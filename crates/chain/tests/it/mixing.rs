//! Mixing by hand, and that nothing is made or lost whatever is mixed.

use chain::mixing::{Interval, Mixed, Mixing, mix};
use proptest::prelude::*;
use serde_json::{Value, json};

fn solve(input: Value) -> Mixed {
    mix(&serde_json::from_value::<Mixing>(input).expect("an input")).expect("a solution")
}

fn share(mixed: &Mixed, lot: &str) -> Interval {
    mixed.lots.iter().find(|l| l.id == lot).expect(lot).share
}

#[track_caller]
fn near(got: Interval, lo: f64, hi: f64) {
    let inside = got.lo <= lo && got.hi >= hi;
    assert!(inside && lo - got.lo < 1e-9 && got.hi - hi < 1e-9, "{got:?} is not [{lo}, {hi}]");
}

#[test]
fn the_share_is_the_mean_by_quantity_and_units_are_converted() {
    let mixed = solve(json!({
        "lots": [{ "id": "a", "share": 1, "quantity": "2 t" }, { "id": "c", "quantity": "1000 L", "density": "0.5" }],
        "processes": [
            { "id": "p", "inputs": [{ "lot": "a", "quantity": "2 t" }, { "lot": "b", "quantity": "5500 kg" }, { "lot": "c", "quantity": "1000 L" }],
              "outputs": [{ "lot": "m", "quantity": "8 t" }] },
            { "id": "q", "inputs": [{ "lot": "m", "quantity": "300 kg" }, { "lot": "b", "quantity": 100 }], "outputs": [{ "lot": "n" }] }
        ]
    }));
    near(share(&mixed, "m"), 0.25, 0.25);
    near(share(&mixed, "n"), 0.1875, 0.1875);
    let order: Vec<&str> = mixed.lots.iter().map(|l| l.id.as_str()).collect();
    assert_eq!(order, ["a", "m", "n", "b", "c"], "recalled in the order of their shares");
}

#[test]
fn a_missing_quantity_widens_the_interval_and_its_bounds_narrow_it() {
    let with = |a: Value, lot: Value, loss: Value| {
        let mixed = solve(json!({
            "lots": [{ "id": "a", "share": 1, "quantity": lot }],
            "processes": [{ "id": "p", "inputs": [{ "lot": "a", "quantity": a }, { "lot": "b", "quantity": "70 kg" }],
                            "outputs": [{ "lot": "m", "quantity": "100 kg" }], "loss": loss }]
        }));
        share(&mixed, "m")
    };
    near(with(json!(null), json!(null), json!(null)), 0.0, 1.0);
    near(with(json!(null), json!("30 kg"), json!(null)), 0.0, 0.3);
    near(with(json!({ "least": "10 kg" }), json!("30 kg"), json!(null)), 0.125, 0.3);
    near(with(json!(null), json!(null), json!(0)), 0.3, 0.3);
    near(with(json!(null), json!(null), json!({ "lo": 0, "hi": 0.2 })), 0.3, 55.0 / 125.0);
}

#[test]
fn equipment_carries_over_and_time_and_cleaning_take_away() {
    let with = |half: Value, cleanings: Value| {
        let batch = |id: &str, at: &str, lot: &str, made: &str| {
            json!({ "id": id, "at": format!("2026-09-01T{at}:00:00+08:00"), "equipment": "mill",
                    "inputs": [{ "lot": lot, "quantity": "90 kg" }], "outputs": [{ "lot": made }] })
        };
        let mixed = solve(json!({
            "lots": [{ "id": "bad", "share": 1 }],
            // given out of order
            "processes": [batch("third", "18", "c", "z"), batch("first", "06", "bad", "x"), batch("second", "10", "b", "y")],
            "equipment": [{ "id": "mill", "residue": "10 kg", "halfLifeHours": half }],
            "cleanings": cleanings
        }));
        [share(&mixed, "x"), share(&mixed, "y"), share(&mixed, "z")]
    };
    let [x, y, z] = with(json!(null), json!([]));
    near(x, 0.9, 0.9);
    near(y, 0.09, 0.09);
    near(z, 0.009, 0.009);
    let [_, y, z] = with(json!(4), json!([]));
    near(y, 0.045, 0.045);
    near(z, 0.001125, 0.001125);
    let [_, y, _] = with(
        json!(null),
        json!([{ "equipment": "mill", "at": "2026-09-01T09:00:00+08:00", "removes": { "lo": 0.5, "hi": 0.9 } }]),
    );
    near(y, 0.009, 0.045);
}

#[test]
fn a_rework_loop_settles_where_fresh_and_returned_balance() {
    // 20 of 100 come back into the next batch of the same: s = (80·0.3 + 20·s)/100 → s = 0.3
    let mixed = solve(json!({
        "lots": [{ "id": "fresh", "share": 0.3 }],
        "processes": [
            { "id": "cook", "inputs": [{ "lot": "fresh", "quantity": "80 kg" }, { "lot": "scrap", "quantity": "20 kg" }], "outputs": [{ "lot": "food", "quantity": "100 kg" }] },
            { "id": "trim", "inputs": [{ "lot": "food", "quantity": "50 kg" }, { "lot": "clean", "quantity": "50 kg" }], "outputs": [{ "lot": "scrap", "quantity": "100 kg" }] }
        ]
    }));
    // food = 0.8·0.3 + 0.2·scrap, scrap = food/2 → food = 0.24/0.9
    near(share(&mixed, "food"), 0.24 / 0.9, 0.24 / 0.9);
    near(share(&mixed, "scrap"), 0.12 / 0.9, 0.12 / 0.9);
    assert_eq!(mixed.loops[0].processes, ["cook", "trim"]);
    assert!(mixed.loops[0].bound < 1e-12, "{:?}", mixed.loops);
    // nothing fresh: anything is possible, and that is said
    let closed = solve(
        json!({ "processes": [{ "id": "p", "inputs": [{ "lot": "a", "quantity": "1 kg" }], "outputs": [{ "lot": "a", "quantity": "1 kg" }] }] }),
    );
    assert_eq!(share(&closed, "a"), Interval { lo: 0.0, hi: 1.0 });
}

#[test]
fn each_source_has_its_own_part() {
    let mixed = solve(json!({
        "lots": [{ "id": "a", "share": 1 }, { "id": "b", "share": 0.5 }],
        "processes": [{ "id": "p", "inputs": [{ "lot": "a", "quantity": "10 kg" }, { "lot": "b", "quantity": "20 kg" }, { "lot": "c", "quantity": "70 kg" }], "outputs": [{ "lot": "m" }] }]
    }));
    let m = mixed.lots.iter().find(|l| l.id == "m").expect("m");
    assert_eq!(m.from.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    near(m.from[0].1, 0.1, 0.1);
    near(m.from[1].1, 0.1, 0.1);
    near(m.share, 0.2, 0.2);
}

#[test]
fn the_example_file_is_solved() {
    let mixed = solve(serde_json::from_str(include_str!("../../testdata/mixing-flour.json")).expect("JSON"));
    near(share(&mixed, "flour-1"), 6000.0 / 20_050.0, 6000.0 / 20_050.0);
    let second = share(&mixed, "flour-2");
    assert!(second.lo > 0.0 && second.hi < 0.001, "{second:?}");
    let noodles = share(&mixed, "noodles-1");
    assert!(noodles.lo > 0.0997 && noodles.hi < 0.129, "{noodles:?}");
}

#[test]
fn what_cannot_be_solved_is_refused_with_the_remedy() {
    for (input, said) in [
        (json!({ "lots": [{ "id": "a", "quantity": "3 L" }], "processes": [] }), "density"),
        (json!({ "lots": [{ "id": "a", "share": 1.2 }], "processes": [] }), "between 0 and 1"),
        (
            json!({ "lots": [{ "id": "a", "quantity": { "least": "3 kg", "most": "2 kg" } }], "processes": [] }),
            "exchange",
        ),
        (
            json!({ "processes": [{ "id": "p", "equipment": "mill", "inputs": [], "outputs": [] }] }),
            "not listed",
        ),
        (
            json!({ "processes": [{ "id": "p", "equipment": "m", "inputs": [], "outputs": [] }], "equipment": [{ "id": "m", "residue": "1 kg" }] }),
            "give its time",
        ),
    ] {
        let input: Mixing = serde_json::from_value(input).expect("an input");
        let error = mix(&input).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every quantity known, nothing lost in processing, one mill that is filled by its first batch and exchanges its residue
    /// afterwards: what came in contaminated is in the lots that are left and on the mill.
    #[test]
    fn contaminated_mass_is_neither_made_nor_lost(
        first in prop::collection::vec((100u32..1000, 0u32..=10), 3..5),
        batches in prop::collection::vec((prop::collection::vec((0usize..20, 1u32..60), 1..4), any::<bool>()), 1..12),
        residue in 0u32..50,
    ) {
        let mut left: Vec<(String, u32)> = Vec::new();
        let mut lots = Vec::new();
        // a mill that holds clean matter from the beginning takes and gives the same mass in every batch
        let mut bad = 0.0;
        for (n, (kilograms, tenths)) in first.iter().enumerate() {
            let share = f64::from(*tenths) / 10.0;
            lots.push(json!({ "id": format!("f{n}"), "share": share, "quantity": kilograms }));
            left.push((format!("f{n}"), *kilograms));
            bad += share * f64::from(*kilograms);
        }
        let mut processes = Vec::new();
        for (n, (takes, mill)) in batches.iter().enumerate() {
            let (mut inputs, mut sum) = (Vec::new(), 0);
            for (which, percent) in takes {
                let at = which % left.len();
                let take = left[at].1 * percent / 100;
                left[at].1 -= take;
                sum += take;
                inputs.push(json!({ "lot": left[at].0, "quantity": take }));
            }
            let mut process = json!({
                "id": format!("p{n}"), "at": format!("2026-09-01T00:{n:02}:00Z"), "inputs": inputs,
                "outputs": [{ "lot": format!("m{n}"), "quantity": sum }]
            });
            if *mill {
                process["equipment"] = json!("mill");
            }
            left.push((format!("m{n}"), sum));
            processes.push(process);
        }
        let mixed = solve(json!({ "lots": lots, "processes": processes, "equipment": [{ "id": "mill", "residue": residue }] }));
        let on_mill = mixed.equipment[0].1;
        let (mut lo, mut hi) = (f64::from(residue) * on_mill.lo, f64::from(residue) * on_mill.hi);
        for (id, kilograms) in &left {
            if let Some(lot) = mixed.lots.iter().find(|l| l.id == *id) {
                lo += f64::from(*kilograms) * lot.share.lo;
                hi += f64::from(*kilograms) * lot.share.hi;
            }
        }
        prop_assert!(lo <= bad + 1e-6 && hi >= bad - 1e-6, "{bad}: {lo} to {hi}");
        prop_assert!(hi - lo < 1e-6, "nothing is missing, so the bounds meet: {lo} {hi}");
    }

    #[test]
    fn the_order_of_processes_does_not_matter_and_less_knowledge_never_narrows(
        quantities in prop::collection::vec(1u32..100, 6),
        hide in 0usize..6,
        turn in any::<bool>(),
    ) {
        let build = |hidden: Option<usize>, turned: bool| {
            let q = |n: usize| if hidden == Some(n) { Value::Null } else { json!(quantities[n]) };
            let mut processes = vec![
                json!({ "id": "1", "inputs": [{ "lot": "a", "quantity": q(0) }, { "lot": "b", "quantity": q(1) }], "outputs": [{ "lot": "x", "quantity": 200 }] }),
                json!({ "id": "2", "inputs": [{ "lot": "x", "quantity": q(2) }, { "lot": "c", "quantity": q(3) }], "outputs": [{ "lot": "y", "quantity": 200 }] }),
                json!({ "id": "3", "inputs": [{ "lot": "y", "quantity": q(4) }, { "lot": "x", "quantity": q(5) }], "outputs": [{ "lot": "z", "quantity": 200 }] }),
            ];
            if turned {
                processes.reverse();
            }
            solve(json!({ "lots": [{ "id": "a", "share": 1 }, { "id": "c", "share": 0.5 }], "processes": processes }))
        };
        let known = build(None, false);
        let turned = build(None, turn);
        let less = build(Some(hide), turn);
        for lot in ["x", "y", "z"] {
            prop_assert_eq!(share(&known, lot), share(&turned, lot));
            let (a, b) = (share(&known, lot), share(&less, lot));
            prop_assert!(b.lo <= a.lo && b.hi >= a.hi, "{} {:?} {:?}", lot, a, b);
        }
    }
}
