//! Corrections of submitted reports: what stays, who may, and what a changed verdict brings about.

use crate::{World, analyst, cadmium, form, now, signatory, worlds};
use access::{Principal, testing};
use base::{Id, Text};
use lab::{
    Conclusion, CorrectionState, Error, NonconformityState, Party, PublicFilter, ReportCorrection,
    ResultChange, RowState, SampleKind,
};

async fn submitted(world: &World, no: &str, kind: SampleKind, value: &str) -> (Id, Id) {
    let sample = world.register(form(no, kind)).await.unwrap();
    let result = world.enter(&analyst(), sample.id, cadmium(value)).await.unwrap();
    world.approve(&signatory(), sample.id).await.unwrap();
    world.submit(&signatory(), sample.id).await.unwrap();
    (sample.id, result.id)
}

fn instead(result: Id, value: &str) -> Vec<ResultChange> {
    vec![ResultChange { result: Some(result), corrected: Some(cadmium(value)) }]
}

async fn propose(
    world: &World,
    who: &Principal,
    sample: Id,
    reason: &str,
    changes: Vec<ResultChange>,
) -> Result<ReportCorrection, Error> {
    let mut tx = world.store.begin().await.unwrap();
    let made = world.lab.propose_correction(&mut tx, &world.cx(who), who, sample, reason, changes).await?;
    tx.commit().await.unwrap();
    Ok(made)
}

async fn issue(
    world: &World,
    who: &Principal,
    correction: Id,
    number: &str,
) -> Result<(ReportCorrection, Option<lab::Nonconformity>), Error> {
    let mut tx = world.store.begin().await.unwrap();
    let done = world.lab.issue_correction(&mut tx, &world.cx(who), who, correction, number).await?;
    tx.commit().await.unwrap();
    Ok(done)
}

#[tokio::test]
async fn a_corrected_report_has_its_own_number_and_reason_and_the_one_it_replaces_stays_as_it_was() {
    for world in worlds().await {
        let (sample, result) = submitted(&world, "GC001", SampleKind::Supervision, "0.35").await;
        let made =
            propose(&world, &analyst(), sample, "读数录入有误", instead(result, "0.035")).await.unwrap();
        let desk = testing::officer("6201");
        let during = world.lab.sample(&world.store, &desk, now(), sample).await.unwrap();
        assert_eq!(during.sample.conclusion, Some(Conclusion::Unqualified), "in force until it is issued");
        let (issued, _) = issue(&world, &signatory(), made.id, "").await.unwrap();
        assert_eq!((issued.state, issued.report_no.as_deref()), (CorrectionState::Issued, Some("R-1-G1")));
        let d = world.lab.sample(&world.store, &desk, now(), sample).await.unwrap();
        assert_eq!(
            (d.sample.conclusion, d.sample.report_no.as_deref()),
            (Some(Conclusion::Qualified), Some("R-1-G1")),
            "{}",
            world.name
        );
        let (first, second) = (d.as_reported(1).unwrap(), d.as_reported(2).unwrap());
        assert_eq!(
            (first.sample.report_no.as_deref(), first.sample.conclusion),
            (Some("R-1"), Some(Conclusion::Unqualified))
        );
        assert_eq!((first.results.len(), first.results[0].reported.reported.as_str()), (1, "0.35"));
        assert!(first.results[0].failing().is_some() && !first.results[0].withdrawn);
        let standing: Vec<_> = second.results.iter().filter(|r| !r.withdrawn).collect();
        assert_eq!((standing.len(), standing[0].reported.reported.as_str()), (1, "0.035"));
        assert!(d.as_reported(3).is_none() && d.as_reported(0).is_none());
        // the second correction is numbered after the first report, and replaces the first correction
        let again = instead(standing[0].id, "0.040");
        let made = propose(&world, &analyst(), sample, "再次核对", again).await.unwrap();
        let taken = issue(&world, &signatory(), made.id, "R-1").await;
        assert!(matches!(&taken, Err(Error::Invalid(p)) if p[0].field == "report_no"), "{taken:?}");
        let (issued, _) = issue(&world, &signatory(), made.id, "").await.unwrap();
        assert_eq!(issued.report_no.as_deref(), Some("R-1-G2"));
        assert_eq!(issued.replaced.unwrap().report_no, "R-1-G1");
        assert_eq!(world.count("select count(*) as n from journal where kind = 'report.corrected'").await, 2);
    }
}

#[tokio::test]
async fn who_proposed_a_correction_does_not_issue_it_and_a_dropped_one_changes_nothing() {
    for world in worlds().await {
        let waiting = world.register(form("GC000", SampleKind::Supervision)).await.unwrap();
        let early = propose(&world, &analyst(), waiting.id, "有误", instead(Id(1), "0.1")).await;
        assert!(matches!(early, Err(Error::State(_))), "{early:?}");
        let (sample, result) = submitted(&world, "GC001", SampleKind::Supervision, "0.1").await;
        for (reason, changes, field) in [
            (" ", instead(result, "0.2"), "reason"),
            ("有误", Vec::new(), "changes"),
            ("有误", instead(result, "0.1"), "changes"),
            ("有误", instead(Id(5), "0.2"), "changes"),
            ("有误", vec![ResultChange { result: Some(result), corrected: None }], "changes"),
            ("有误", vec![ResultChange { result: None, corrected: Some(cadmium("0.2")) }], "analyte"),
            ("有误", instead(result, "很多"), "reported"),
        ] {
            let refused = propose(&world, &analyst(), sample, reason, changes).await;
            assert!(matches!(&refused, Err(Error::Invalid(p)) if p[0].field == field), "{refused:?}");
        }
        let stranger = propose(&world, &testing::firm(Id(4)), sample, "有误", instead(result, "0.2")).await;
        assert!(matches!(stranger, Err(Error::Denied(_))), "{stranger:?}");
        let made = propose(&world, &signatory(), sample, "有误", instead(result, "0.2")).await.unwrap();
        let twice = propose(&world, &analyst(), sample, "有误", instead(result, "0.3")).await;
        assert!(matches!(twice, Err(Error::State(_))), "{twice:?}");
        assert!(matches!(issue(&world, &signatory(), made.id, "").await, Err(Error::FourEyes)));
        let mut tx = world.store.begin().await.unwrap();
        let (a, cx) = (analyst(), world.cx(&analyst()));
        assert!(world.lab.drop_correction(&mut tx, &cx, &a, made.id, "").await.is_err());
        world.lab.drop_correction(&mut tx, &cx, &a, made.id, "原始记录无误").await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(issue(&world, &a, made.id, "").await, Err(Error::State(_))));
        let d = world.lab.sample(&world.store, &a, now(), sample).await.unwrap();
        assert_eq!((d.sample.report_no.as_deref(), d.corrections.len()), (Some("R-1"), 1), "{}", world.name);
        assert!(!d.results[0].withdrawn && d.as_reported(2).is_none());
    }
}

#[tokio::test]
async fn a_report_corrected_to_a_failure_opens_the_nonconformity_with_its_matter() {
    for world in worlds().await {
        let (sample, result) = submitted(&world, "GC001", SampleKind::Supervision, "0.1").await;
        let made =
            propose(&world, &analyst(), sample, "稀释倍数漏乘", instead(result, "0.35")).await.unwrap();
        world.opens.fails.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(matches!(issue(&world, &signatory(), made.id, "").await, Err(Error::Hook(_))));
        assert_eq!(world.count("select count(*) as n from nonconformity").await, 0, "all or nothing");
        world.opens.fails.store(false, std::sync::atomic::Ordering::Relaxed);
        let (_, opened) = issue(&world, &signatory(), made.id, "").await.unwrap();
        let opened = opened.unwrap();
        assert_eq!((opened.matter, opened.failures[0].reported.as_str()), (Some(Id(77)), "0.35"));
        // monitoring never becomes one
        let (sample, result) = submitted(&world, "GC002", SampleKind::Monitoring, "0.1").await;
        let made =
            propose(&world, &analyst(), sample, "稀释倍数漏乘", instead(result, "0.35")).await.unwrap();
        let (issued, none) = issue(&world, &signatory(), made.id, "").await.unwrap();
        assert_eq!((issued.conclusion, none), (Some(Conclusion::ProblemFound), None), "{}", world.name);
    }
}

#[tokio::test]
async fn the_disposal_is_told_and_a_report_that_still_fails_is_served_anew() {
    for world in worlds().await {
        let (sample, result) = submitted(&world, "GC001", SampleKind::Supervision, "0.35").await;
        let officer = testing::officer("6201");
        let n = world.lab.sample(&world.store, &officer, now(), sample).await.unwrap().nonconformity.unwrap();
        let permit = ledger::Permit::system("test");
        let mut tx = world.store.begin().await.unwrap();
        let today = now().china_date();
        world.lab.record_service(&mut tx, &world.cx(&officer), &permit, n.id, None, today).await.unwrap();
        tx.commit().await.unwrap();
        let served = async || {
            let s = world.lab.contest_standing(&world.store, &officer, now(), n.id).await.unwrap();
            s.parties.iter().find(|p| p.party == Party::Sampled).unwrap().served_on
        };
        assert_eq!(served().await, Some(today));
        let made = propose(&world, &analyst(), sample, "读数有误", instead(result, "0.31")).await.unwrap();
        let (_, still) = issue(&world, &signatory(), made.id, "").await.unwrap();
        let still = still.unwrap();
        assert_eq!((still.id, still.failures[0].reported.as_str()), (n.id, "0.31"));
        assert_eq!(
            served().await,
            None,
            "{}: the days run from the service of the corrected report",
            world.name
        );
        let result = still.result;
        let made = propose(&world, &analyst(), sample, "样品混淆", instead(result, "0.1")).await.unwrap();
        let (_, passes) = issue(&world, &signatory(), made.id, "").await.unwrap();
        let passes = passes.unwrap();
        assert_eq!(
            (passes.state, passes.failures.len()),
            (NonconformityState::Open, 0),
            "the authority ends it"
        );
        let told = world.opens.told.lock().unwrap().clone();
        assert_eq!(told, [("R-1-G1".to_owned(), true), ("R-1-G2".to_owned(), false)], "{}", world.name);
        // once overturned, a corrected report does not revive the failure
        let mut tx = world.store.begin().await.unwrap();
        let cx = world.cx(&officer);
        let over = NonconformityState::Overturned;
        world.lab.settle_nonconformity(&mut tx, &cx, &permit, n.id, over).await.unwrap();
        tx.commit().await.unwrap();
        let d = world.lab.sample(&world.store, &officer, now(), sample).await.unwrap();
        let result = d.results.iter().find(|r| !r.withdrawn).unwrap().id;
        let made = propose(&world, &analyst(), sample, "又有误", instead(result, "0.4")).await.unwrap();
        assert!(matches!(issue(&world, &signatory(), made.id, "").await, Err(Error::State(_))));
    }
}

#[tokio::test]
async fn what_was_published_is_corrected_where_it_passes_and_taken_back_where_it_fails() {
    for world in worlds().await {
        let (good, of_good) = submitted(&world, "GC001", SampleKind::Supervision, "0.1").await;
        let (worse, of_worse) = submitted(&world, "GC002", SampleKind::Supervision, "0.1").await;
        let (drafter, publisher) = (testing::desk("62"), {
            let mut other = testing::desk("62");
            other.account = Id(4141);
            other
        });
        let mut tx = world.store.begin().await.unwrap();
        let cx = world.cx(&drafter);
        let admin = testing::desk("62");
        world
            .lab
            .accept_laboratory(&mut tx, &cx, &admin, crate::LABORATORY, "附表正在录入，先行采信")
            .await
            .unwrap();
        let title = Text::of("抽检信息公告", "Results");
        let list = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await.unwrap();
        world.lab.publish_bulletin(&mut tx, &cx, &publisher, list).await.unwrap();
        tx.commit().await.unwrap();
        for (sample, result, value) in [(good, of_good, "0.12"), (worse, of_worse, "0.35")] {
            let made = propose(&world, &analyst(), sample, "读数有误", instead(result, value)).await.unwrap();
            issue(&world, &signatory(), made.id, "").await.unwrap();
        }
        let all = PublicFilter { all: true, ..PublicFilter::default() };
        let rows = lab::published_rows(&world.store, &all).await.unwrap().rows;
        let mut said: Vec<_> = rows.iter().map(|r| (r.row.form_no.as_str(), r.state)).collect();
        said.sort_unstable();
        assert_eq!(
            said,
            [("GC001", RowState::Standing), ("GC001", RowState::Corrected), ("GC002", RowState::Retracted)],
            "{}",
            world.name
        );
        let stands = rows.iter().find(|r| r.state == RowState::Standing).unwrap();
        assert_eq!(stands.row.report_no, "R-1-G1");
        assert!(stands.row.remark.contains("R-1 由 R-1-G1 替代"), "{}", stands.row.remark);
        let entries =
            world.count("select count(*) as n from journal where kind = 'sampling.row_amended'").await;
        assert_eq!(entries, 2, "{}", world.name);
    }
}
