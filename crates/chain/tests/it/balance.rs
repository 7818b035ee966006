//! Balances by hand: each kind of finding, the tiers behind a finding, and that honest books are never accused.

use chain::balance::{Balance, FindingKind, Report, check};
use proptest::prelude::*;
use serde_json::{Value, json};

fn solve(input: Value) -> Report {
    check(&serde_json::from_value::<Balance>(input).expect("an input")).expect("a report")
}

fn account(id: &str) -> Value {
    json!({ "id": id, "firm": format!("firm {id}"), "product": "oil" })
}

#[test]
fn the_example_holds_each_finding_with_its_numbers() {
    let report = solve(serde_json::from_str(include_str!("../../testdata/balance-oil.json")).expect("JSON"));
    let found: Vec<(FindingKind, &str)> =
        report.findings.iter().map(|f| (f.kind, f.text.en.as_ref())).collect();
    let expected = [
        (FindingKind::OverHarvest, "certified 270 t, could have had at most 204 t: harvest at most 200 t"),
        (FindingKind::OverYield, "made 12 t, could have had at most 8.568 t: "),
        (FindingKind::Oversold, "shipped 12.4 t, could have had at most 9.282 t: opening 3.1 t"),
        (FindingKind::LotTwice, "shipped 1.4 t, could have had at most 816 kg: received 800 kg"),
        (FindingKind::FromNowhere, "shipped 300 kg, could have had at most 0 kg: nothing on record"),
    ];
    for (kind, text) in expected {
        assert!(found.iter().any(|(k, t)| *k == kind && t.contains(text)), "{kind:?} {text}: {found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(report.findings.iter().all(|f| !f.text.zh.is_empty() && !f.firms.is_empty()));
}

#[test]
fn a_contradiction_over_several_tiers_is_found_where_no_firm_shows_it_alone() {
    // c sells 100 of what b sent without a number; b had it from a, a had 40
    let chain = |bought: &str| {
        solve(json!({
            "accounts": [account("a"), account("b"), account("c")],
            "flows": [
                { "id": "buy", "to": "a", "quantity": bought },
                { "id": "ab", "from": "a", "to": "b" }, { "id": "bc", "from": "b", "to": "c" },
                { "id": "sale", "from": "c", "quantity": "100 kg" }
            ]
        }))
    };
    assert!(chain("100 kg").feasible);
    let report = chain("40 kg");
    assert_eq!(report.findings.len(), 1);
    let finding = &report.findings[0];
    assert_eq!(finding.accounts, ["a", "b", "c"]);
    assert_eq!(finding.excess.normalize().to_string(), "60");
    assert!(
        finding.text.en.contains("shipped 100 kg, could have had at most 40 kg: received 40 kg"),
        "{}",
        finding.text.en
    );
    assert!(finding.text.zh.contains("最多只能有 40 kg"), "{}", finding.text.zh);
}

#[test]
fn what_is_not_declared_is_no_accusation() {
    let mut unknown = account("a");
    unknown["stockUnknown"] = json!(true);
    assert!(
        solve(json!({ "accounts": [unknown], "flows": [{ "id": "s", "from": "a", "quantity": "9 t" }] }))
            .feasible
    );
    let open = json!({ "accounts": [account("a")], "flows": [{ "id": "r", "to": "a", "quantity": "9 t" }] });
    assert!(solve(open).feasible, "stock may still be there");
    let mut closed = account("a");
    closed["closing"] = json!("1 t");
    closed["waste"] = json!("0 kg");
    let report = solve(
        json!({ "accounts": [closed], "flows": [{ "id": "r", "to": "a", "quantity": "9 t" }, { "id": "s", "from": "a", "quantity": "5 t" }] }),
    );
    assert_eq!(report.findings[0].kind, FindingKind::Vanished);
    assert!(report.findings[0].text.en.contains("3 t is unaccounted for"), "{}", report.findings[0].text.en);
}

#[test]
fn the_tolerance_is_allowed_on_both_sides() {
    let with = |tolerance: &str, shipped: &str| {
        solve(json!({ "tolerance": tolerance, "accounts": [account("a")],
            "flows": [{ "id": "r", "to": "a", "quantity": "100 kg" }, { "id": "s", "from": "a", "quantity": shipped }] }))
        .feasible
    };
    assert!(with("0", "100 kg") && !with("0", "100.1 kg"));
    assert!(with("0.02", "104 kg") && !with("0.02", "104.2 kg"));
}

#[test]
fn two_firms_that_oversell_are_two_findings() {
    let report = solve(json!({
        "accounts": [account("a"), account("b"), account("c")],
        "flows": [
            { "id": "r", "to": "a", "quantity": "10 kg" }, { "id": "ab", "from": "a", "to": "b", "quantity": "30 kg" },
            { "id": "bc", "from": "b", "to": "c", "quantity": "35 kg" }, { "id": "s", "from": "c", "quantity": "35 kg" }
        ]
    }));
    let who: Vec<&str> = report.findings.iter().map(|f| f.firms[0].as_str()).collect();
    assert_eq!(who, ["firm a", "firm b"]);
}

#[test]
fn what_cannot_be_balanced_is_refused_with_the_remedy() {
    let two =
        json!([{ "id": "a", "firm": "f", "product": "seed" }, { "id": "b", "firm": "f", "product": "oil" }]);
    for (input, said) in [
        (json!({ "accounts": [account("a"), account("a")] }), "given twice"),
        (
            json!({ "accounts": [], "flows": [{ "id": "x", "from": "q", "quantity": "1 kg" }] }),
            "no account q",
        ),
        (
            json!({ "accounts": two, "flows": [{ "id": "x", "from": "a", "to": "b", "kind": "process" }] }),
            "yield from seed to oil",
        ),
        (json!({ "accounts": two, "flows": [{ "id": "x", "from": "a", "to": "b" }] }), "two products"),
        (json!({ "accounts": [], "tolerance": "2" }), "between 0 and 1"),
        (
            json!({ "accounts": two, "yields": [{ "from": "seed", "to": "oil", "yield": 2 }, { "from": "oil", "to": "seed", "yield": 1 }] }),
            "circle",
        ),
    ] {
        let input: Balance = serde_json::from_value(input).expect("an input");
        let error = check(&input).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Books written by a simulation that moves and presses real goods, some numbers left out, others off by up to 2 %: no finding;
    /// with goods invented on top: a finding.
    #[test]
    fn honest_books_are_feasible_and_invented_goods_are_not(
        moves in prop::collection::vec((0usize..6, 0usize..6, 1u32..100, 0u8..4), 1..30),
        bought in prop::collection::vec(1000u32..50_000, 6),
        invented in 0usize..6,
    ) {
        let product = |n: usize| if n < 3 { "seed" } else { "oil" };
        let mut stock: Vec<f64> = bought.iter().enumerate().map(|(n, b)| if n < 3 { f64::from(*b) } else { 0.0 }).collect();
        let mut flows: Vec<Value> = (0..3).map(|n| json!({ "id": format!("b{n}"), "to": n.to_string(), "quantity": bought[n] })).collect();
        for (k, (from, to, percent, told)) in moves.iter().enumerate() {
            let amount = (stock[*from] * f64::from(*percent) / 100.0).floor();
            if from == to || (*from >= 3 && *to < 3) {
                continue;
            }
            stock[*from] -= amount;
            let off = [1.0, 1.0, 0.985, 1.015][usize::from(*told)];
            let quantity = if *told == 0 { Value::Null } else { json!(amount * off) };
            if product(*from) == product(*to) {
                stock[*to] += amount;
                flows.push(json!({ "id": format!("m{k}"), "from": from.to_string(), "to": to.to_string(), "quantity": quantity }));
            } else {
                let made = amount * 0.38;
                stock[*to] += made;
                flows.push(json!({ "id": format!("p{k}"), "kind": "process", "from": from.to_string(), "to": to.to_string(), "quantity": quantity, "made": made }));
            }
        }
        let accounts: Vec<Value> = (0..6).map(|n| json!({ "id": n.to_string(), "firm": n.to_string(), "product": product(n), "closing": stock[n] })).collect();
        let mut input = json!({ "tolerance": "0.02", "accounts": accounts, "flows": flows,
            "yields": [{ "from": "seed", "to": "oil", "yield": { "lo": 0.3, "hi": 0.42 } }] });
        let report = solve(input.clone());
        prop_assert!(report.feasible, "{:?}", report.findings);
        let all: f64 = bought[..3].iter().map(|b| f64::from(*b)).sum();
        input["flows"].as_array_mut().unwrap().push(json!({ "id": "invented", "from": invented.to_string(), "quantity": all * 1.2 }));
        let report = solve(input);
        prop_assert!(!report.feasible);
        prop_assert!(report.findings.iter().any(|f| f.demanded.iter().any(|t| t.id == "invented")));
    }
}
