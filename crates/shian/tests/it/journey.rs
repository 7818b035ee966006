//! The loop: a failed sample, launched by its officer, done in four counties, recalled, published, proved offline.

use crate::world::{FIELD_COUNTY, MAKER_COUNTY, SCHOOL_COUNTY, SHOP_COUNTY, World, day, gtin, person};
use access::{Principal, Role};
use base::{Decimal, Id};
use flow::view;
use lab::{NewResult, NewSample, Nonconformity, NonconformityState, SampleKind};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The laboratory found everything in order when the sample came.
pub(crate) fn arrived() -> lab::Handover {
    let checks = lab::Book::builtin().checks().iter().map(|c| (c.id.clone(), true)).collect();
    lab::Handover { party: "虚构检验机构".to_owned(), checks, ..lab::Handover::default() }
}

/// A supervision sample of noodles at the shop.
pub(crate) fn noodles(w: &World) -> NewSample {
    NewSample {
        form_no: "SC26620104001".to_owned(),
        kind: SampleKind::Supervision,
        food: "挂面".to_owned(),
        product_name: "虚构挂面".to_owned(),
        gtin: Some(gtin(2)),
        lot_no: Some("N1".to_owned()),
        item: None,
        place: Some(w.shop.place.clone()),
        place_name: "虚构超市".to_owned(),
        uscc: None,
        producer_name: "虚构面业".to_owned(),
        producer_uscc: None,
        produced: Some(day("2026-10-20")),
        sampled: day("2026-11-10"),
        received: Some(day("2026-11-12")),
        arrival: Some(arrived()),
        prepackaged: true,
        base_qty: None,
        region: None,
        agency: "market".to_owned(),
        laboratory: Some(w.laboratory),
        facts: limits::Facts::default(),
        placing: lab::Placing::default(),
    }
}

/// From registration to the submitted report: 0.36 mg/kg of lead.
pub(crate) async fn fail(w: &World, new: NewSample) -> Nonconformity {
    let officer = person(1, Role::Officer, SHOP_COUNTY, None);
    let (first, second) = (
        person(2, Role::Laboratory, "", Some(w.laboratory)),
        person(3, Role::Laboratory, "", Some(w.laboratory)),
    );
    let lab = &w.app.lab;
    let mut tx = w.app.store.begin().await.unwrap();
    let sample = lab.register_sample(&mut tx, &w.cx(&officer), &officer, new).await.unwrap();
    let lead = NewResult {
        analyte: "铅(以Pb计)".to_owned(),
        reported: "0.36".to_owned(),
        unit: "mg/kg".to_owned(),
        lod: Some("0.02".to_owned()),
        method: "GB 5009.12-2023".to_owned(),
        ..NewResult::default()
    };
    let judged = lab.enter_result(&mut tx, &w.cx(&first), &first, sample.id, lead).await.unwrap();
    let verdict = &judged.verdict().unwrap().verdict;
    assert!(verdict.outcome.is_failure(), "{}", verdict.explain(base::Lang::En));
    let own = lab.approve_report(&mut tx, &w.cx(&first), &first, sample.id, "R1").await;
    assert!(matches!(own, Err(lab::Error::FourEyes)), "nobody approves the own result");
    lab.approve_report(&mut tx, &w.cx(&second), &second, sample.id, "R1").await.unwrap();
    let done = lab.submit_report(&mut tx, &w.cx(&second), &second, sample.id).await.unwrap();
    tx.commit().await.unwrap();
    done.nonconformity.unwrap()
}

fn officers() -> BTreeMap<&'static str, Principal> {
    [SHOP_COUNTY, SCHOOL_COUNTY, MAKER_COUNTY, FIELD_COUNTY]
        .into_iter()
        .zip(10..)
        .map(|(county, number)| (county, person(number, Role::Officer, county, None)))
        .collect()
}

pub(crate) async fn state(w: &World, id: Id) -> NonconformityState {
    let desk = person(900, Role::Desk, "62", None);
    w.app.lab.nonconformity(&w.app.store, &desk, w.now, id).await.unwrap().state
}

#[tokio::test]
async fn from_the_failed_sample_to_the_last_shop_and_the_proof_in_a_citizens_hand() {
    for (name, w) in World::all().await {
        let nonconformity = fail(&w, noodles(&w)).await;
        let matter = nonconformity.matter.unwrap();
        let officers = officers();
        let officer = &officers[SHOP_COUNTY];

        // the matter has what the report says
        let view = w.matter(officer, matter).await;
        assert_eq!(
            (view.procedure.as_str(), view.region.as_str(), view.agency.as_str()),
            ("disposal", SHOP_COUNTY, "market")
        );
        assert_eq!(view.operator, Some(w.shop.operator), "{name}");
        assert_eq!(view.all_facts["producer"], json!(w.maker.operator));
        assert_eq!(view.all_facts["item"], json!(w.noodles));
        assert!(
            view.all_facts["failures"].as_str().unwrap().contains("0.36 mg/kg（限量 0.2 mg/kg，GB 2762-2025")
        );
        assert!(view.all_facts["failures_en"].as_str().unwrap().starts_with("Lead: 0.36 mg/kg"));

        // cases are kept with the matter by whoever may act on it and see the lots
        let (about, province) = (format!("matter:{matter}"), person(900, Role::Desk, "62", None));
        let case = vec![("case".to_owned(), format!("{} | | | 1 | 1", w.noodles))];
        w.app.supply.save_cases(&w.cx(&province), &province, &about, &case).await.unwrap();
        let sets = w.app.supply.case_sets(officer, w.now, &about).await.unwrap();
        assert_eq!((sets.len(), sets[0].suspects.is_empty()), (1, false), "{name}");
        let elsewhere = person(901, Role::Officer, "620802", None);
        let refused = w.app.supply.case_sets(&elsewhere, w.now, &about).await;
        assert!(matches!(refused, Err(supply::Error::Denied(_))), "{refused:?}");

        // one press: tasks for each county and kind, one item a place, exact quantities
        let done = w.step(officer, matter, "launch", json!({"harm": "general"})).await.unwrap();
        let made: BTreeSet<(String, String, u64)> = done.done["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| {
                let text = |n: &str| t[n].as_str().unwrap().to_owned();
                (text("kind"), text("region"), t["items"].as_u64().unwrap())
            })
            .collect();
        let want: BTreeSet<(String, String, u64)> = [
            ("seal", MAKER_COUNTY),
            ("seal", SHOP_COUNTY),
            ("seal", SCHOOL_COUNTY),
            ("recall_check", MAKER_COUNTY),
            ("recall_check", SHOP_COUNTY),
            ("recall_check", SCHOOL_COUNTY),
            ("source_inquiry", MAKER_COUNTY),
            ("source_inquiry", FIELD_COUNTY),
        ]
        .into_iter()
        .map(|(kind, region)| (kind.to_owned(), region.to_owned(), 1))
        .collect();
        assert_eq!(
            made, want,
            "{name}: nothing for the dealer who passed all on, nor for the shop that had another lot"
        );
        let view = w.matter(officer, matter).await;
        for (fact, value) in [
            ("shipped", json!("300")),
            ("produced", json!("300")),
            ("unit", json!("kg")),
            ("places", json!(4)),
        ] {
            assert_eq!(view.all_facts[fact], value, "{name} {fact}");
        }
        let scope = view.links.iter().find(|l| l.kind == "scope").unwrap();
        let frozen: Id = scope.target.strip_prefix("scope:").unwrap().parse().unwrap();
        let kept = w.app.supply.frozen(frozen).await.unwrap();
        assert!(
            kept.rows.iter().all(|r| r.place != w.spared.place)
                && kept.rows.iter().any(|r| r.place == w.dealer.place)
        );
        let (recall, procedure, ..) = view.children[0].clone();
        assert_eq!(procedure, "recall");
        let maker = &officers[MAKER_COUNTY];
        let duty = w.matter(maker, recall).await;
        assert_eq!((duty.operator, duty.region.as_str()), (Some(w.maker.operator), MAKER_COUNTY), "{name}");

        // pressing again where nothing is new adds nothing
        let again = w.step(officer, matter, "widen", json!({})).await.unwrap();
        assert!(!again.done.contains_key("tasks") && !again.done.contains_key("opened"), "{:?}", again.done);

        // every county does its work
        let found = |found: &str, sealed: &str, sold: &str| -> Json {
            json!({"outcome": "open", "found": found, "sealed": sealed, "sold": sold})
        };
        let places = [
            (w.maker.place.as_str(), found("100", "100", "0")),
            (w.shop.place.as_str(), found("70", "70", "50")),
            (w.school.place.as_str(), found("80", "80", "0")),
        ];
        let mut reported = 0;
        for who in officers.values() {
            for task in w.tasks(who).await {
                for item in &task.items {
                    let form = if task.line.kind == "source_inquiry" {
                        json!({"outcome": "confirmed", "note": "记录齐全"})
                    } else {
                        places.iter().find(|(p, _)| *p == item.subject).unwrap().1.clone()
                    };
                    w.report(who, item, form).await;
                    reported += 1;
                }
            }
        }
        assert_eq!(reported, 8, "{name}");

        // the balance closes to the gram
        let desk = person(20, Role::Desk, "62", None);
        let app = &w.app;
        let balance =
            view::mass_balance(&app.store, &app.engine, &app.access, &desk, w.now, recall).await.unwrap();
        assert_eq!(balance.total, Some(Decimal::from(300)), "{name} {balance:?}");
        assert_eq!((balance.sealed, balance.sold), (Decimal::from(250), Decimal::from(50)));
        assert_eq!(balance.unaccounted, Decimal::ZERO, "{name} {balance:?}");

        // a second person publishes; a citizen checks the receipt with nothing but the key
        let own = w.publish(officer, matter, "notice").await;
        assert!(own.is_err(), "who drafted it does not publish it");
        let published = w.publish(&desk, matter, "notice").await.unwrap();
        w.sequence().await;
        let receipt = ledger::receipt(&app.store, published.journal.id).await.unwrap();
        let verified = ledger::verify_receipt(&receipt, Some(&w.key())).unwrap();
        assert_eq!(verified.entry["kind"], "document.published");
        offline(&receipt, &w.key());
        let report = ledger::verify_journal(&app.store, Some(&w.key())).await.unwrap();
        assert!(report.intact() && report.waiting == 0, "{name} {report:?}");

        close(&w, matter, recall, &officers, &desk).await;
        assert_eq!(state(&w, nonconformity.id).await, NonconformityState::Closed, "{name}");
    }
}

/// The recall runs to its end, then the disposal.
async fn close(w: &World, matter: Id, recall: Id, officers: &BTreeMap<&str, Principal>, desk: &Principal) {
    let maker = &officers[MAKER_COUNTY];
    let plan = json!({
        "stopped": "yes", "areas": "甘肃省", "quantity": "300", "unit": "kg", "procedure": "七日内", "goods": "destroy",
        "ends_on": "2026-12-10", "contact": "某人", "contact_phone": "0936-0000000",
    });
    w.step(maker, recall, "record_plan", plan).await.unwrap();
    w.step(maker, recall, "assess", json!({})).await.unwrap();
    w.publish(desk, recall, "notice").await.unwrap();
    let outcome = json!({
        "firm_recovered": "250", "firm_disposed": "250", "missing": "50", "gap_why": "五十公斤已售出", "note": "已全部销毁",
    });
    w.step(maker, recall, "record_outcome", outcome).await.unwrap();
    let early = w.step(desk, matter, "close", json!({})).await;
    assert!(early.is_err(), "the disposal is not concluded yet");
    let checked =
        json!({"checked_on": "2026-11-20", "checked_places": "3", "told": "3", "still_on_sale": "0"});
    w.step(maker, recall, "effect_check", checked).await.unwrap();
    let evaluation = json!({"evaluation": "有效", "open_ends": "余量已售出"});
    w.step(desk, recall, "close", evaluation).await.unwrap();
    let findings = json!({"cause": "原料污染", "responsible": "production", "measures": "停产整改", "case_opened": "no"});
    w.step(&officers[SHOP_COUNTY], matter, "conclude", findings).await.unwrap();
    w.step(desk, matter, "close", json!({})).await.unwrap();
}

/// The program itself checks the receipt, in a directory without any province.
fn offline(receipt: &ledger::Receipt, key: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("receipt.json");
    let mut text = serde_json::to_string(receipt).unwrap();
    std::fs::write(&file, &text).unwrap();
    let run = |key: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shian"));
        command.current_dir(dir.path()).args(["journal", "verify", "--key", key, "--receipt"]).arg(&file);
        command.output().unwrap()
    };
    let out = run(key);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let line: Json = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&line["valid"], &line["verified"]["trusted"]), (&json!(true), &json!(true)));
    text = text.replace("document.published", "document.publishes");
    std::fs::write(&file, text).unwrap();
    assert_eq!(run(key).status.code(), Some(1), "a changed word is found");
}

#[tokio::test]
async fn a_lot_no_event_names_is_checked_where_it_was_sampled_and_the_matter_says_so() {
    for (name, w) in World::all().await {
        let loose =
            NewSample { gtin: None, lot_no: None, form_no: "SC26620104002".to_owned(), ..noodles(&w) };
        let matter = fail(&w, loose).await.matter.unwrap();
        let officer = person(1, Role::Officer, SHOP_COUNTY, None);
        let done = w.step(&officer, matter, "launch", json!({"harm": "general"})).await.unwrap();
        let tasks = done.done["tasks"].as_array().unwrap();
        assert!(tasks.iter().all(|t| t["region"] == SHOP_COUNTY && t["items"] == 1), "{name} {tasks:?}");
        let view = w.matter(&officer, matter).await;
        assert!(view.all_facts["truncated"].as_str().unwrap().contains("追溯记录中没有该批次"), "{name}");
        assert!(!view.all_facts.contains_key("shipped"), "nothing is known of quantities");
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let seen = w.matter(&owner, matter).await;
        assert!(
            !view.tasks.is_empty() && seen.tasks.is_empty(),
            "{name}: where else goods are looked for is no concern of a party"
        );
        for task in w.tasks(&officer).await {
            assert_eq!(task.items[0].subject, w.shop.place, "{name}");
        }
        // the producer on the label has its duty all the same
        assert_eq!(view.children.len(), 1);
    }
}

#[tokio::test]
async fn a_retest_that_passes_ends_disposal_and_recall_and_overturns_the_nonconformity() {
    for (name, w) in World::all().await {
        let nonconformity = fail(&w, noodles(&w)).await;
        let matter = nonconformity.matter.unwrap();
        let (officer, desk) =
            (person(1, Role::Officer, SHOP_COUNTY, None), person(20, Role::Desk, "62", None));
        w.step(&officer, matter, "launch", json!({"harm": "serious"})).await.unwrap();
        let retest = json!({"retest_no": "FJ-1", "retest_on": "2026-11-19"});
        w.step(&desk, matter, "retest_overturned", retest).await.unwrap();
        assert_eq!(state(&w, nonconformity.id).await, NonconformityState::Overturned, "{name}");
        let view = w.matter(&desk, matter).await;
        let recall = w.matter(&desk, view.children[0].0).await;
        assert_eq!(recall.state, "cancelled", "{name}");
        assert!(w.tasks(&officer).await.is_empty(), "{name}: no task is open in a finished matter");
    }
}
