//! Enterprise standards: checked, published with proof, withdrawn; and the second verdict of a sample that cites one.

use crate::sampling::{accepted, at, begin, cited, issued};
use crate::{World, analyst, cadmium, day, now, worlds};
use access::testing;
use base::Id;
use lab::{
    By, DeclaredFilter, DeclaredState, Declarer, Error, Finding, NewDeclared, NonconformityState, Reached,
    SampleFilter, StatisticsFilter, declared_standards, public_declared,
};
use limits::DeclaredRow;

const FIRM: Id = Id(3);
const NUMBER: &str = "Q/XGSD 0001S-2026";

fn declarer() -> Declarer {
    Declarer { operator: FIRM, name: "虚构商店3".to_owned(), region: "620102".to_owned() }
}

fn standard(limit: &str) -> NewDeclared {
    NewDeclared {
        number: NUMBER.to_owned(),
        title: "虚构大米".to_owned(),
        effective: day("2026-09-01"),
        rows: vec![DeclaredRow {
            food: "大米".to_owned(),
            analyte: "镉".to_owned(),
            limit: limit.to_owned(),
            unit: "mg/kg".to_owned(),
            method: "GB 5009.15".to_owned(),
        }],
    }
}

async fn published(world: &World, limit: &str) -> Id {
    let who = testing::firm(FIRM);
    let cx = world.cx(&who);
    let mut tx = begin(world).await;
    let id = world.lab.draft_declared(&mut tx, &cx, &who, &declarer(), standard(limit)).await.unwrap();
    world.lab.publish_declared(&mut tx, &cx, &who, id).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn only_what_is_no_looser_than_the_law_is_declared_and_history_stays() {
    for world in worlds().await {
        let who = testing::firm(FIRM);
        let cx = world.cx(&who);
        let mut tx = begin(&world).await;
        let foreign = testing::firm(Id(5));
        let denied = world.lab.draft_declared(&mut tx, &cx, &foreign, &declarer(), standard("0.1")).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "only the own firm declares");
        let wrong = NewDeclared { number: "GB 1".to_owned(), ..standard("约") };
        match world.lab.draft_declared(&mut tx, &cx, &who, &declarer(), wrong).await {
            Err(Error::Invalid(p)) => {
                let fields: Vec<_> = p.iter().map(|p| p.field.as_str()).collect();
                assert_eq!(fields, ["number", "rows.1.limit"]);
            }
            other => panic!("{other:?}"),
        }
        let loose = world.lab.draft_declared(&mut tx, &cx, &who, &declarer(), standard("0.3")).await.unwrap();
        match world.lab.publish_declared(&mut tx, &cx, &who, loose).await {
            Err(Error::Invalid(p)) => assert_eq!(p[0].field, "rows.1.limit"),
            other => panic!("{other:?}"),
        }
        tx.commit().await.unwrap();

        let hidden = public_declared(&world.store, loose).await;
        assert!(matches!(hidden, Err(Error::NotFound(_))), "a draft is nobody else's");
        let id = published(&world, "0.1").await;
        let d = public_declared(&world.store, id).await.unwrap();
        assert_eq!((d.state, d.rows[0].checked.standing.word()), (DeclaredState::Published, "stricter"));
        assert!(d.sha256.is_some() && d.journal.is_some(), "{}", world.name);

        let mut tx = begin(&world).await;
        let twin = world.lab.draft_declared(&mut tx, &cx, &who, &declarer(), standard("0.15")).await.unwrap();
        let again = world.lab.publish_declared(&mut tx, &cx, &who, twin).await;
        assert!(matches!(again, Err(Error::State(_))), "one of a number at a time");
        let silent = world.lab.withdraw_declared(&mut tx, &cx, &who, id, " ").await;
        assert!(matches!(silent, Err(Error::Invalid(_))));
        world.lab.withdraw_declared(&mut tx, &cx, &who, id, "修订").await.unwrap();
        world.lab.publish_declared(&mut tx, &cx, &who, twin).await.unwrap();
        tx.commit().await.unwrap();

        let all = |f: DeclaredFilter| {
            let store = world.store.clone();
            async move { declared_standards(&store, &f).await.unwrap() }
        };
        assert_eq!(all(DeclaredFilter::default()).await.rows.len(), 2, "the old one stays readable");
        let own = DeclaredFilter { operator: Some(FIRM), ..DeclaredFilter::default() };
        assert_eq!(all(own).await.rows.len(), 3, "the firm sees its draft too");
        for (text, n) in [("镉", 2), ("虚构大米 0001S", 2), ("铅", 0)] {
            let f = DeclaredFilter { text: Some(text.to_owned()), ..DeclaredFilter::default() };
            assert_eq!(all(f).await.rows.len(), n, "{text}");
        }
        let standing =
            DeclaredFilter { state: Some(DeclaredState::Published), limit: 1, ..DeclaredFilter::default() };
        assert_eq!(all(standing).await.rows[0].id, twin);
    }
}

#[tokio::test]
async fn a_result_is_judged_by_the_standard_its_form_cites_apart_from_the_law() {
    for world in worlds().await {
        let standard = published(&world, "0.1").await;
        let task = issued(&world, 12).await;
        // within the law and above what the firm declared
        let sample = cited(&world, task, FIRM, NUMBER).await;
        let a = analyst();
        let cx = at(&world, &a, 90_000);
        let mut tx = begin(&world).await;
        world.lab.check_in(&mut tx, &cx, &a, sample.id, accepted()).await.unwrap();
        let judged = world.lab.enter_result(&mut tx, &cx, &a, sample.id, cadmium("0.15")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(judged.verdict().unwrap().verdict.outcome.word(), "conform");
        let second = world.lab.declared_verdicts(&world.store, &sample).await.unwrap();
        assert_eq!(second.len(), 1, "{}", world.name);
        assert_eq!((second[0].standard, second[0].verdict.outcome.word()), (standard, "nonconform"));
        let blind = lab::Sample { blind: true, ..sample.clone() };
        assert_eq!(
            world.lab.declared_verdicts(&world.store, &blind).await.unwrap(),
            [],
            "the number names the firm"
        );

        let mut tx = begin(&world).await;
        let fixed = world.lab.correct_result(&mut tx, &cx, &a, judged.id, cadmium("0.09")).await.unwrap();
        tx.commit().await.unwrap();
        let second = world.lab.declared_verdicts(&world.store, &sample).await.unwrap();
        let of = second.iter().find(|v| v.result == fixed.id).unwrap();
        assert_eq!((second.len(), of.verdict.outcome.word()), (2, "conform"), "both stay on record");
        assert!(now() < cx.now);
        assert_eq!(
            concluded(&world, sample.id).await.nonconformity,
            None,
            "what was corrected no longer counts"
        );
    }
}

/// Approves and submits the report of a sample.
async fn concluded(world: &World, sample: Id) -> lab::Submitted {
    let b = crate::signatory();
    let cx = at(world, &b, 100_000);
    let mut tx = begin(world).await;
    world.lab.approve_report(&mut tx, &cx, &b, sample, "R-1").await.unwrap();
    let done = world.lab.submit_report(&mut tx, &cx, &b, sample).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[tokio::test]
async fn what_fails_only_the_standard_its_firm_declares_is_nonconforming_and_its_disposal_cites_the_declaration()
 {
    for world in worlds().await {
        published(&world, "0.1").await;
        let task = issued(&world, 12).await;
        let sample = cited(&world, task, FIRM, NUMBER).await;
        let a = analyst();
        let mut tx = begin(&world).await;
        let cx = at(&world, &a, 90_000);
        world.lab.check_in(&mut tx, &cx, &a, sample.id, accepted()).await.unwrap();
        world.lab.enter_result(&mut tx, &cx, &a, sample.id, cadmium("0.15")).await.unwrap();
        tx.commit().await.unwrap();
        let done = concluded(&world, sample.id).await;
        assert_eq!(done.sample.conclusion, Some(lab::Conclusion::Unqualified), "{}", world.name);
        let opened = done.nonconformity.expect("a nonconformity");
        assert_eq!((opened.failures.len(), opened.matter), (1, Some(Id(77))), "one disposal");
        let failure = &opened.failures[0];
        assert_eq!((failure.reported.as_str(), failure.limit.as_str()), ("0.15", "0.1 mg/kg"));
        assert!(failure.basis.contains(NUMBER) && failure.basis.contains("第七十四条"), "{}", failure.basis);
        // read again it says the same, and the verdict by the law stands
        let who = testing::officer("62");
        let read = world.lab.nonconformity(&world.store, &who, cx.now, opened.id).await.unwrap();
        assert_eq!(read.failures, opened.failures);
        let detail = world.lab.sample(&world.store, &who, cx.now, sample.id).await.unwrap();
        assert_eq!(detail.results[0].verdict().unwrap().verdict.outcome.word(), "conform");
        counted_apart(&world, cx.now, sample.id, opened.id).await;
    }
}

/// The statistics tell it from a failure by the law, open to the same sample, and forget it once it is overturned.
async fn counted_apart(world: &World, at: base::Instant, sample: Id, failure: Id) {
    let (who, all) = (testing::desk("62"), StatisticsFilter::default());
    let (store, lab) = (&world.store, &world.lab);
    let cells = lab.hazards(store, &who, at, &all).await.unwrap();
    let figures: Vec<_> = cells.iter().map(|c| (c.judged, c.failed, c.declared)).collect();
    assert_eq!(figures, [(1, 0, 1)], "{}", world.name);
    let rates = lab.rates(store, &who, at, By::Analyte, &all).await.unwrap();
    assert_eq!((rates[0].judged, rates[0].failed), (1, 1));
    for (finding, found) in [
        (Finding::Judged, true),
        (Finding::Failed, true),
        (Finding::Declared, true),
        (Finding::Law, false),
        (Finding::NotDetected, false),
    ] {
        let f = SampleFilter {
            analyte: Some(cells[0].analyte.clone()),
            finding: Some(finding),
            counted: true,
            ..SampleFilter::default()
        };
        let rows = lab.samples(store, &who, at, &f).await.unwrap().rows;
        assert_eq!(rows.iter().any(|r| r.sample.id == sample), found, "{}: {finding:?}", world.name);
    }
    let failed = async || {
        let rate = lab.rates(store, &who, at, By::All, &all).await.unwrap();
        let labs = lab.laboratories(store, &who, at, &all).await.unwrap();
        let f = SampleFilter { reached: Some(Reached::Failed), ..SampleFilter::default() };
        let listed = lab.samples(store, &who, at, &f).await.unwrap().rows.len();
        (rate[0].judged, rate[0].failed, labs[0].overturned, listed)
    };
    assert_eq!(failed().await, (1, 1, 0, 1));
    let mut tx = begin(world).await;
    let permit = ledger::Permit::system("the retest passed");
    lab.settle_nonconformity(&mut tx, &world.cx(&who), &permit, failure, NonconformityState::Overturned)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(failed().await, (1, 0, 1, 0), "{}: overturned is no failure", world.name);
}
