//! Forms and results: what is refused, and what the limits say at once.

use crate::{analyst, cadmium, day, form, worlds};
use access::testing;
use lab::{Error, NewSample, SampleKind, SampleState};
use limits::Outcome;

#[tokio::test]
async fn a_result_is_judged_at_once_with_standard_edition_and_clause() {
    for world in worlds().await {
        let sample = world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        assert_eq!((sample.region.as_str(), sample.lot_unknown), ("620102", false));
        assert_eq!((sample.governing_on, sample.governing_rule.as_str()), (day("2026-10-01"), "production"));
        for (value, outcome) in [("0.20", Outcome::Conform), ("0.21", Outcome::Nonconform)] {
            let no = format!("GC-{}", value.replace('.', ""));
            let sample = world.register(form(&no, SampleKind::Supervision)).await.unwrap();
            let judged = world.enter(&analyst(), sample.id, cadmium(value)).await.unwrap();
            let verdict = &judged.verdict().unwrap().verdict;
            assert_eq!(verdict.outcome, outcome, "{} {value}", world.name);
            assert_eq!((verdict.standard.as_str(), verdict.edition.as_str()), ("GB 2762", "2025"));
            assert!(!verdict.clause.is_empty() && !verdict.why.is_empty());
        }
        let detail = world.lab.sample(&world.store, &analyst(), crate::now(), sample.id).await.unwrap();
        assert_eq!(detail.sample.state, SampleState::Received);
    }
}

#[tokio::test]
async fn impossible_dates_and_missing_fields_are_refused_by_name() {
    type Change = fn(&mut NewSample);
    let cases: [(&str, Change); 9] = [
        ("produced", |s| s.produced = Some(day("2026-11-11"))),
        ("produced", |s| s.produced = None),
        ("sampled", |s| s.sampled = day("2026-11-22")),
        ("received", |s| s.received = Some(day("2026-11-09"))),
        ("received", |s| s.received = Some(day("2026-12-01"))),
        ("gtin", |s| s.gtin = Some("6901234567890".to_owned())),
        ("form_no", |s| s.form_no = "编号".to_owned()),
        ("region", |s| s.place_name = "无名小店".to_owned()),
        ("food", |s| s.food = " ".to_owned()),
    ];
    for world in worlds().await {
        for (field, change) in cases {
            let mut new = form("GC001", SampleKind::Supervision);
            change(&mut new);
            let Err(Error::Invalid(problems)) = world.register(new).await else { panic!("{field}") };
            assert!(problems.iter().any(|p| p.field == field), "{field}: {problems:?}");
        }
        world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        let Err(Error::Invalid(problems)) = world.register(form("GC001", SampleKind::Supervision)).await
        else {
            panic!("taken")
        };
        assert_eq!(problems[0].field, "form_no");
        assert_eq!(world.count("select count(*) as n from sample").await, 1);
    }
}

#[tokio::test]
async fn an_unknown_lot_is_accepted_and_said_so() {
    for world in worlds().await {
        let mut new = form("GC002", SampleKind::Supervision);
        new.lot_no = Some("nowhere".to_owned());
        let sample = world.register(new).await.unwrap();
        assert!(sample.lot_unknown);
        assert!(sample.item.unwrap().ends_with("/10/nowhere"));
    }
}

#[tokio::test]
async fn only_the_assigned_laboratory_enters_and_nobody_else_sees_it_before_the_report() {
    for world in worlds().await {
        let sample = world.register(form("GC003", SampleKind::Supervision)).await.unwrap();
        let other = testing::laboratory(base::Id(901));
        let denied = world.enter(&other, sample.id, cadmium("0.1")).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let far = testing::officer("6202");
        let shop = testing::firm(base::Id(4));
        for who in [&other, &far, &shop] {
            let hidden = world.lab.sample(&world.store, who, crate::now(), sample.id).await;
            assert!(matches!(hidden, Err(Error::NotFound(_))), "{}", who.login);
        }
        let denied = {
            let mut tx = world.store.begin().await.unwrap();
            let new = form("GC004", SampleKind::Supervision);
            world.lab.register_sample(&mut tx, &world.cx(&far), &far, new).await
        };
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}

#[tokio::test]
async fn unreadable_and_repeated_results_are_refused_and_a_correction_keeps_the_old_one() {
    for world in worlds().await {
        let sample = world.register(form("GC005", SampleKind::Supervision)).await.unwrap();
        for bad in ["abc", "", "0.1?"] {
            let refused = world.enter(&analyst(), sample.id, cadmium(bad)).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{bad}");
        }
        let first = world.enter(&analyst(), sample.id, cadmium("0.3")).await.unwrap();
        let again = world.enter(&analyst(), sample.id, cadmium("0.1")).await;
        assert!(matches!(again, Err(Error::Invalid(_))));
        let who = analyst();
        let mut tx = world.store.begin().await.unwrap();
        let corrected = world
            .lab
            .correct_result(&mut tx, &world.cx(&who), &who, first.id, cadmium("0.03"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(corrected.verdict().unwrap().verdict.outcome, Outcome::Conform);
        let detail = world.lab.sample(&world.store, &who, crate::now(), sample.id).await.unwrap();
        assert_eq!(detail.results.iter().map(|r| r.withdrawn).collect::<Vec<_>>(), [true, false]);
    }
}

#[tokio::test]
async fn judging_again_adds_a_verdict_and_keeps_the_first() {
    for world in worlds().await {
        let sample = world.register(form("GC006", SampleKind::Supervision)).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.1")).await.unwrap();
        let who = analyst();
        let mut tx = world.store.begin().await.unwrap();
        let judged =
            world.lab.rejudge(&mut tx, &world.cx(&who), &who, sample.id, "rules reloaded").await.unwrap();
        tx.commit().await.unwrap();
        let verdicts = &judged[0].verdicts;
        assert_eq!(verdicts.len(), 2);
        assert_eq!(verdicts[0].superseded_by, Some(verdicts[1].id));
        assert_eq!(world.count("select count(*) as n from verdict").await, 2);
    }
}

#[tokio::test]
async fn of_many_results_sent_at_once_the_wrong_ones_are_named_and_the_others_stored() {
    for world in worlds().await {
        let one = world.register(form("XC1", SampleKind::Supervision)).await.unwrap();
        let two = world.register(form("XC2", SampleKind::Supervision)).await.unwrap();
        let who = analyst();
        let lead = |value: &str| lab::NewResult { analyte: "铅".to_owned(), ..cadmium(value) };
        let of = |sample: &str, new: lab::NewResult| lab::SentResult { sample: sample.to_owned(), new };
        let sent = vec![
            of(&one.blind_no(), cadmium("0.05")),
            of("XC9", cadmium("0.05")),
            of("XC2", cadmium("约0.05")),
            of("XC2", lead("0.36")),
            of(&one.blind_no(), cadmium("0.06")),
        ];
        let mut tx = world.store.begin().await.unwrap();
        let rows = world.lab.send_results(&mut tx, &world.cx(&who), &who, sent.clone()).await.unwrap();
        tx.commit().await.unwrap();
        let words: Vec<_> = rows.iter().map(|r| r.verdict.unwrap_or("refused")).collect();
        assert_eq!(words, ["conform", "refused", "refused", "nonconform", "refused"], "{}", world.name);
        let fields: Vec<_> = rows.iter().filter_map(|r| Some(r.problems.first()?.field.as_str())).collect();
        assert_eq!(fields, ["sample", "reported", "analyte"], "no sample, no number, given twice");
        assert_eq!(world.count("select count(*) as n from result").await, 2);
        let mut tx = world.store.begin().await.unwrap();
        let again = world.lab.send_results(&mut tx, &world.cx(&who), &who, sent).await.unwrap();
        assert!(again.iter().all(|r| r.result.is_none()), "nothing is entered twice: {again:?}");
        let foreign = access::testing::laboratory(base::Id(901));
        let row = vec![of(&two.blind_no(), cadmium("0.05"))];
        let told = world.lab.send_results(&mut tx, &world.cx(&foreign), &foreign, row).await.unwrap();
        assert_eq!(told[0].problems[0].field, "sample", "another laboratory's sample is not there");
        let none = world.lab.send_results(&mut tx, &world.cx(&who), &who, Vec::new()).await;
        assert!(matches!(none, Err(lab::Error::Invalid(_))));
    }
}
