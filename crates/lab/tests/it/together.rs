//! Two at once: what the second decides rests on what the first has done. On PostgreSQL both are under way together; SQLite lets one
//! writer in after the other.

use crate::sampling::{COUNTY, begin, drawn, issued, other, reported};
use crate::{World, analyst, cadmium, form, now, signatory, worlds};
use access::{Principal, testing};
use base::Text;
use lab::{Conclusion, Error, NewDraw, NewResult, NonconformityState, SampleKind};
use ledger::Context;
use std::time::Duration;
use store::Tx;

/// What becomes of `second`, which begins while `first` has written and not yet committed.
async fn meanwhile<T>(first: Tx, second: impl Future<Output = T>) -> T {
    let first = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        first.commit().await.unwrap();
    };
    tokio::join!(first, second).1
}

#[tokio::test]
async fn a_report_is_approved_with_the_results_as_a_correction_made_at_the_same_moment_left_them() {
    for world in worlds().await {
        let sample = world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        let first = world.enter(&analyst(), sample.id, cadmium("0.1")).await.unwrap();
        let mut tx = begin(&world).await;
        let who = analyst();
        world.lab.correct_result(&mut tx, &world.cx(&who), &who, first.id, cadmium("0.35")).await.unwrap();
        let approved = meanwhile(tx, world.approve(&signatory(), sample.id)).await.unwrap();
        assert_eq!(approved.conclusion, Some(Conclusion::Unqualified), "{}", world.name);
    }
}

#[tokio::test]
async fn a_result_does_not_come_into_a_report_that_was_approved_meanwhile() {
    for world in worlds().await {
        let sample = world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.1")).await.unwrap();
        let mut tx = begin(&world).await;
        let who = signatory();
        world.lab.approve_report(&mut tx, &world.cx(&who), &who, sample.id, "R-1").await.unwrap();
        let lead = NewResult { analyte: "铅(以Pb计)".to_owned(), ..cadmium("9") };
        let late = meanwhile(tx, world.enter(&analyst(), sample.id, lead)).await;
        assert!(matches!(late, Err(Error::State(_))), "{}", world.name);
        assert_eq!(world.count("select count(*) as n from result").await, 1);
    }
}

#[tokio::test]
async fn an_analyte_has_one_standing_result_however_it_is_entered() {
    for world in worlds().await {
        let sample = world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        let mut tx = begin(&world).await;
        let who = analyst();
        world.lab.enter_result(&mut tx, &world.cx(&who), &who, sample.id, cadmium("0.1")).await.unwrap();
        let twice = meanwhile(tx, world.enter(&analyst(), sample.id, cadmium("0.2"))).await;
        assert!(matches!(twice, Err(Error::Invalid(_))), "{}: entered at the same moment", world.name);
        let lead = NewResult { analyte: "铅(以Pb计)".to_owned(), ..cadmium("0.05") };
        let lead = world.enter(&analyst(), sample.id, lead).await.unwrap();
        let mut tx = begin(&world).await;
        let renamed =
            world.lab.correct_result(&mut tx, &world.cx(&who), &who, lead.id, cadmium("0.05")).await;
        assert!(matches!(renamed, Err(Error::Invalid(_))), "{}: corrected into another's name", world.name);
        drop(tx);
        let standing = "select count(*) as n from result where withdrawn = 0";
        assert_eq!(world.count(standing).await, 2);
    }
}

/// A failure whose days for retest and objection are over, and the draft of the list it stands in.
async fn drafted(world: &World, days: i64) -> (base::Id, base::Id) {
    let task = issued(world, 3).await;
    let draw = drawn(world, task, 3).await;
    let bad = reported(world, draw, 0, "0.35").await;
    let drafter = testing::desk("62");
    let detail = world.lab.sample(&world.store, &drafter, later(0), bad.id).await.unwrap();
    let failure = detail.nonconformity.unwrap().id;
    let permit = ledger::Permit::system("test");
    let mut tx = begin(world).await;
    let cx = on(world, &drafter, 0);
    world.lab.accept_laboratory(&mut tx, &cx, &drafter, crate::LABORATORY, "证书已核对").await.unwrap();
    let today = cx.now.china_date();
    world.lab.record_service(&mut tx, &cx, &permit, failure, None, today).await.unwrap();
    let title = Text::of("公告", "List");
    let cx = on(world, &drafter, days);
    let list = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await.unwrap();
    tx.commit().await.unwrap();
    (failure, list)
}

fn later(days: i64) -> base::Instant {
    now().plus_seconds(100_000 + days * 86_400)
}

fn on(world: &World, who: &Principal, days: i64) -> Context {
    Context { now: later(days), ..world.cx(who) }
}

async fn publish(world: &World, list: base::Id) -> Result<(), Error> {
    let publisher = other(testing::desk("62"));
    let mut tx = begin(world).await;
    world.lab.publish_bulletin(&mut tx, &on(world, &publisher, 30), &publisher, list).await?;
    tx.commit().await.unwrap();
    Ok(())
}

#[tokio::test]
async fn a_failure_contested_or_overturned_while_its_list_is_published_is_not_published() {
    for overturned in [false, true] {
        for world in worlds().await {
            let (failure, list) = drafted(&world, 30).await;
            let permit = ledger::Permit::system("test");
            let cx = on(&world, &testing::desk("62"), 30);
            let mut tx = begin(&world).await;
            if overturned {
                let state = NonconformityState::Overturned;
                world.lab.settle_nonconformity(&mut tx, &cx, &permit, failure, state).await.unwrap();
            } else {
                let (kind, today) = (lab::ContestKind::Retest, cx.now.china_date());
                world
                    .lab
                    .file_contest(&mut tx, &cx, &permit, base::Id(80), failure, kind, None, false, today)
                    .await
                    .unwrap();
            }
            let published = meanwhile(tx, publish(&world, list)).await;
            assert!(matches!(published, Err(Error::State(_))), "{}: {overturned}", world.name);
        }
    }
}

#[tokio::test]
async fn a_failure_overturned_while_its_list_is_published_is_taken_back_from_it() {
    for world in worlds().await {
        let (failure, list) = drafted(&world, 30).await;
        let publisher = other(testing::desk("62"));
        let mut tx = begin(&world).await;
        world.lab.publish_bulletin(&mut tx, &on(&world, &publisher, 30), &publisher, list).await.unwrap();
        let settling = async {
            let mut tx = begin(&world).await;
            let cx = on(&world, &testing::desk("62"), 30);
            let permit = ledger::Permit::system("test");
            let state = NonconformityState::Overturned;
            world.lab.settle_nonconformity(&mut tx, &cx, &permit, failure, state).await.unwrap();
            tx.commit().await.unwrap();
        };
        meanwhile(tx, settling).await;
        let standing = "select count(*) as n from bulletin_row where state = 'standing'";
        assert_eq!(world.count(standing).await, 0, "{}", world.name);
    }
}

#[tokio::test]
async fn one_list_of_a_task_waits_for_its_draw_even_when_two_freeze_at_once() {
    for world in worlds().await {
        let task = issued(&world, 3).await;
        let who = testing::officer(COUNTY);
        let new = NewDraw {
            task,
            count: 3,
            source: "双色球第2026135期".to_owned(),
            source_due: now().plus_seconds(60),
            samplers: Vec::new(),
            by: None,
            take: std::collections::BTreeMap::new(),
        };
        let mut tx = begin(&world).await;
        world.lab.freeze_draw(&mut tx, &world.cx(&who), &who, new.clone()).await.unwrap();
        let second = async {
            let mut tx = begin(&world).await;
            world.lab.freeze_draw(&mut tx, &world.cx(&who), &who, new).await
        };
        let second = meanwhile(tx, second).await;
        assert!(matches!(second, Err(Error::State(_))), "{}: {second:?}", world.name);
    }
}
