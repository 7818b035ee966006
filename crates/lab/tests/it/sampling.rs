//! The sampling system from the plan to the published list, on every engine at hand.

use crate::{World, analyst, cadmium, now, signatory, worlds};
use access::{Principal, testing};
use base::{Date, Id, Instant, Text};
use lab::{
    BulletinState, By, Dimension, DrawFilter, Error, FormFields, Handover, Leg, NewDraw, NewForm, NewPlan,
    NewTask, PlanState, PublicFilter, Reached, RowState, SampleFilter, SampleKind, SampleState, Stage,
    StatisticsFilter, TargetState, TaskFilter, Timing,
};
use ledger::Context;
use store::Tx;

pub(crate) const COUNTY: &str = "620102";

/// Another person with the same rights.
pub(crate) fn other(mut who: Principal) -> Principal {
    who.account = Id(who.account.0 + 7);
    who.login.push('2');
    who
}

pub(crate) fn at(world: &World, who: &Principal, seconds: i64) -> Context {
    Context { now: now().plus_seconds(seconds), ..world.cx(who) }
}

pub(crate) fn plan() -> NewPlan {
    NewPlan {
        year: 2026,
        title: "2026年市级监督抽检计划".to_owned(),
        kind: SampleKind::Supervision,
        level: lab::Budget::City,
        region: "6201".to_owned(),
        agency: "market".to_owned(),
    }
}

pub(crate) fn task(class: &str, stage: Stage, quota: u32) -> NewTask {
    NewTask {
        region: COUNTY.to_owned(),
        class: class.to_owned(),
        stage,
        budget: lab::Budget::City,
        analytes: vec!["镉".to_owned()],
        quota,
        laboratory: Some(crate::LABORATORY),
        until: Some(Date::constant(2026, 11, 30)),
        months: vec![11, 12],
    }
}

pub(crate) async fn begin(world: &World) -> Tx {
    world.store.begin().await.unwrap()
}

/// An issued plan with one task; gives the task.
pub(crate) async fn issued(world: &World, quota: u32) -> Id {
    let (drafter, issuer) = (testing::desk("62"), other(testing::desk("62")));
    let mut tx = begin(world).await;
    let cx = world.cx(&drafter);
    let id = world.lab.draft_plan(&mut tx, &cx, &drafter, plan()).await.unwrap();
    let tasks = vec![task("01", Stage::Circulation, quota)];
    world.lab.set_tasks(&mut tx, &cx, &drafter, id, tasks).await.unwrap();
    world.lab.move_plan(&mut tx, &cx, &drafter, id, PlanState::Submitted).await.unwrap();
    let own = world.lab.move_plan(&mut tx, &cx, &drafter, id, PlanState::Issued).await;
    assert!(matches!(own, Err(Error::Denied(_))), "who submitted does not issue");
    world.lab.move_plan(&mut tx, &world.cx(&issuer), &issuer, id, PlanState::Issued).await.unwrap();
    tx.commit().await.unwrap();
    let filter = TaskFilter { plan: Some(id), ..TaskFilter::default() };
    let tasks = world.lab.tasks(&world.store, &testing::officer(COUNTY), now(), &filter).await.unwrap();
    tasks.rows[0].id
}

/// A draw of so many places of a task, done.
pub(crate) async fn drawn(world: &World, task: Id, count: u32) -> Id {
    let who = testing::officer(COUNTY);
    let mut tx = begin(world).await;
    let new = NewDraw {
        task,
        count,
        source: "双色球第2026135期".to_owned(),
        source_due: now().plus_seconds(60),
        samplers: Vec::new(),
        by: None,
        take: std::collections::BTreeMap::new(),
    };
    let id = world.lab.freeze_draw(&mut tx, &world.cx(&who), &who, new.clone()).await.unwrap();
    let again = world.lab.freeze_draw(&mut tx, &world.cx(&who), &who, new).await;
    assert!(matches!(again, Err(Error::State(_))), "one list at a time");
    let early = world.lab.perform_draw(&mut tx, &world.cx(&who), &who, id, "03 07").await;
    assert!(matches!(early, Err(Error::Invalid(_))), "not before the source speaks");
    let cx = at(world, &who, 120);
    let late = world.lab.cancel_draw(&mut tx, &cx, &who, id, "不满意").await;
    assert!(matches!(late, Err(Error::State(_))), "what can be known can no longer be cancelled");
    let record = world.lab.perform_draw(&mut tx, &cx, &who, id, "03 07 11 21 27 30").await.unwrap();
    assert_eq!(lab::verify(&record), []);
    let again = world.lab.perform_draw(&mut tx, &cx, &who, id, "1").await;
    assert!(matches!(again, Err(Error::State(_))), "no second throw");
    tx.commit().await.unwrap();
    id
}

fn form() -> NewForm {
    NewForm {
        food: "大米".to_owned(),
        product_name: "虚构大米".to_owned(),
        gtin: Some(base::Gtin::with_check("0690000000001").unwrap().to_string()),
        lot_no: Some("L1".to_owned()),
        producer_name: "虚构米业".to_owned(),
        produced: Some(Date::constant(2026, 10, 1)),
        prepackaged: true,
        base_qty: Some("50 kg".to_owned()),
        fields: FormFields {
            quantity: "2".to_owned(),
            backup: "1".to_owned(),
            unit: "kg".to_owned(),
            paid: "36.5".to_owned(),
            seal_no: "F-001".to_owned(),
            notice_shown: true,
            signed: true,
            ..FormFields::default()
        },
        contact: "张三 13900000000".to_owned(),
        ..NewForm::default()
    }
}

pub(crate) fn accepted() -> Handover {
    let checks = lab::Book::builtin().checks().iter().map(|c| (c.id.clone(), true)).collect();
    Handover {
        party: "虚构检验机构".to_owned(),
        temperature: "4.5".to_owned(),
        checks,
        ..Handover::default()
    }
}

/// A sample taken at one firm of a draw of everybody, whose form names this standard.
pub(crate) async fn cited(world: &World, task: Id, operator: Id, standard: &str) -> lab::Sample {
    let draw = drawn(world, task, 12).await;
    let who = testing::officer(COUNTY);
    let all = world
        .lab
        .targets(&world.store, &who, now(), Some(draw), true, Some(TargetState::Waiting), None, None, 0)
        .await
        .unwrap();
    let target = all.rows.iter().find(|t| t.operator == operator).unwrap();
    let cx = at(world, &who, 200);
    let mut tx = begin(world).await;
    world.lab.list_products(&mut tx, &cx, &who, target.id, vec!["虚构大米".to_owned()]).await.unwrap();
    let fields = FormFields { standard: standard.to_owned(), ..form().fields };
    let sample =
        world.lab.take_sample(&mut tx, &cx, &who, target.id, NewForm { fields, ..form() }).await.unwrap();
    tx.commit().await.unwrap();
    sample
}

/// Takes a sample at the first place of a draw and brings it to a submitted report.
pub(crate) async fn reported(world: &World, draw: Id, seq: usize, value: &str) -> lab::Sample {
    let who = testing::officer(COUNTY);
    let all = world
        .lab
        .targets(&world.store, &who, now(), Some(draw), true, Some(TargetState::Waiting), None, None, 0)
        .await
        .unwrap();
    let target = &all.rows[seq];
    let cx = at(world, &who, 200);
    let mut tx = begin(world).await;
    let products = vec!["虚构大米".to_owned(), "虚构挂面".to_owned()];
    world.lab.list_products(&mut tx, &cx, &who, target.id, products.clone()).await.unwrap();
    let again = world.lab.list_products(&mut tx, &cx, &who, target.id, products).await;
    assert!(matches!(again, Err(Error::State(_))), "the products are picked once");
    let empty = NewForm { fields: FormFields::default(), ..form() };
    match world.lab.take_sample(&mut tx, &cx, &who, target.id, empty).await {
        Err(Error::Invalid(p)) => {
            let fields: Vec<_> = p.iter().map(|p| p.field.as_str()).collect();
            assert_eq!(fields, ["quantity", "backup", "unit", "paid", "seal_no", "notice_shown", "note"]);
        }
        other => panic!("{other:?}"),
    }
    let sample = world.lab.take_sample(&mut tx, &cx, &who, target.id, form()).await.unwrap();
    let sent = Handover { party: "顺达冷链".to_owned(), ..Handover::default() };
    world.lab.hand_over(&mut tx, &cx, &who, sample.id, Leg::Sent, sent).await.unwrap();
    let (a, b) = (analyst(), signatory());
    let hours = at(world, &a, 86_400);
    let half = Handover { checks: [("seal".to_owned(), true)].into(), ..Handover::default() };
    let refused = world.lab.check_in(&mut tx, &hours, &a, sample.id, half).await;
    assert!(matches!(refused, Err(Error::Invalid(p)) if p.len() == 4), "every check is answered");
    let state = world.lab.check_in(&mut tx, &hours, &a, sample.id, accepted()).await.unwrap();
    assert_eq!(state, SampleState::Received);
    world.lab.enter_result(&mut tx, &hours, &a, sample.id, cadmium(value)).await.unwrap();
    world.lab.approve_report(&mut tx, &at(world, &b, 90_000), &b, sample.id, "R-1").await.unwrap();
    let done = world.lab.submit_report(&mut tx, &at(world, &b, 90_000), &b, sample.id).await.unwrap();
    tx.commit().await.unwrap();
    done.sample
}

#[tokio::test]
async fn from_the_draw_to_the_published_list() {
    for world in worlds().await {
        let task = issued(&world, 10).await;
        let draw = drawn(&world, task, 4).await;
        let officer = testing::officer(COUNTY);
        let good = reported(&world, draw, 0, "0.1").await;
        assert_eq!(good.form_no, "DC26620102000000001");
        let bad = reported(&world, draw, 0, "0.35").await;
        assert_eq!(bad.form_no, "DC26620102000000002");
        let later = now().plus_seconds(200_000);
        // the rest: one refuses, one is closed
        let cx = at(&world, &officer, 300);
        let mut tx = begin(&world).await;
        let targets = world
            .lab
            .targets(
                &world.store,
                &officer,
                later,
                Some(draw),
                true,
                Some(TargetState::Waiting),
                None,
                None,
                0,
            )
            .await
            .unwrap()
            .rows;
        let unsaid = world.lab.miss_target(&mut tx, &cx, &officer, targets[0].id, "refused", "").await;
        assert!(matches!(unsaid, Err(Error::Invalid(_))));
        assert!(matches!(world.lab.open_draw(&mut tx, &cx, &officer, draw).await, Err(Error::State(_))));
        world
            .lab
            .miss_target(&mut tx, &cx, &officer, targets[0].id, "refused", "店主拒绝，见证人李四")
            .await
            .unwrap();
        world.lab.miss_target(&mut tx, &cx, &officer, targets[1].id, "closed", "").await.unwrap();
        world.lab.open_draw(&mut tx, &cx, &officer, draw).await.unwrap();
        tx.commit().await.unwrap();
        let (_, record) = lab::public_draw(&world.store, draw).await.unwrap();
        assert_eq!(lab::verify(&record.unwrap()), []);
        let counted = lab::public_draws(&world.store, &DrawFilter::default()).await.unwrap();
        assert_eq!(counted.rows.len(), 1);
        // form, custody, clocks
        let form = world.lab.form(&world.store, &officer, later, &good).await.unwrap().unwrap();
        assert_eq!((form.contact.as_deref(), form.fields.samplers.len()), (Some("张三 13900000000"), 2));
        let bench = world.lab.form(&world.store, &analyst(), later, &good).await.unwrap().unwrap();
        assert_eq!(bench.contact, None, "the laboratory needs no telephone of the shop");
        let chain = world.lab.custody(&world.store, &good).await.unwrap();
        let legs: Vec<_> = chain.iter().map(|c| c.leg).collect();
        assert_eq!(legs, [Leg::Sealed, Leg::Sent, Leg::Received]);
        let known = lab::milestones(&world.store, &[bad.id]).await.unwrap()[&bad.id];
        let clocks = lab::sample_clocks(&bad, &known, later);
        let laws: Vec<_> = clocks.iter().map(|c| c.law.as_str()).collect();
        assert_eq!(laws, ["SAM-01", "SAM-03", "SAM-07", "SAM-05", "SAM-26"]);
        clock_lists(&world, &bad, later).await;
        assert!(clocks[..3].iter().all(|c| c.met_at.is_some()));
        progress_and_rates(&world, later).await;
        publication(&world, &bad, later).await;
    }
}

/// Publication is due for both samples; the lists filter and sort by it.
async fn clock_lists(world: &World, bad: &lab::Sample, later: Instant) {
    let who = testing::desk("62");
    let list = |f: lab::ClockFilter, now: Instant| {
        let (world, who) = (world, who.clone());
        async move { world.lab.clocked(&world.store, &who, now, &f).await.unwrap() }
    };
    let all = list(lab::ClockFilter::default(), later).await;
    let laws: Vec<_> = all.rows.iter().map(|c| c.clock.law.as_str()).collect();
    assert_eq!(laws, ["SAM-26", "SAM-26"]);
    let overdue = lab::ClockFilter { overdue: Some(true), ..lab::ClockFilter::default() };
    assert!(list(overdue.clone(), later).await.rows.is_empty());
    let far = later.plus_seconds(60 * 86_400);
    assert_eq!(list(overdue, far).await.rows.len(), 2);
    let other = lab::ClockFilter { law: Some("SAM-03".to_owned()), ..lab::ClockFilter::default() };
    assert!(list(other, later).await.rows.is_empty());
    let first = lab::ClockFilter { limit: 1, ..lab::ClockFilter::default() };
    let page = list(first.clone(), later).await;
    let next = list(lab::ClockFilter { after: page.next.clone(), ..first.clone() }, later).await;
    assert_ne!(page.rows[0].sample.id, next.rows[0].sample.id);
    let last = list(lab::ClockFilter { desc: true, ..first }, later).await;
    assert_eq!(last.rows[0].sample.id, next.rows[0].sample.id);
    let narrow = SampleFilter { text: Some(bad.form_no.clone()), ..SampleFilter::default() };
    let of = lab::ClockFilter { samples: narrow, ..lab::ClockFilter::default() };
    assert_eq!(list(of, later).await.rows.len(), 1);
}

async fn progress_and_rates(world: &World, later: Instant) {
    let who = testing::desk("62");
    for by in Dimension::ALL {
        let p =
            world.lab.progress(&world.store, &who, later, *by, 2026, &TaskFilter::default()).await.unwrap();
        let t = &p.total;
        assert_eq!(
            (t.planned, t.taken, t.missed, t.tested, t.failed, t.published),
            (10, 2, 2, 2, 1, 0),
            "{by:?}"
        );
        assert_eq!(p.rows.len(), 1);
    }
    for (reached, n) in [
        (Reached::Taken, 2),
        (Reached::Tested, 2),
        (Reached::Concluded, 2),
        (Reached::Failed, 1),
        (Reached::Published, 0),
    ] {
        let f =
            SampleFilter { reached: Some(reached), class: Some("01".to_owned()), ..SampleFilter::default() };
        // the figures of a plan's year open to what was taken for its tasks, and nothing else
        for (planned, n) in [(None, n), (Some(2026), n), (Some(2025), 0)] {
            let f = SampleFilter { planned, ..f.clone() };
            assert_eq!(
                world.lab.samples(&world.store, &who, later, &f).await.unwrap().rows.len(),
                n,
                "{reached:?} {planned:?}"
            );
        }
    }
    let f = StatisticsFilter::default();
    for by in
        [By::All, By::Analyte, By::Month, By::Dimension(Dimension::Stage), By::Dimension(Dimension::Class)]
    {
        let rates = world.lab.rates(&world.store, &who, later, by, &f).await.unwrap();
        assert_eq!((rates.len(), rates[0].judged, rates[0].failed), (1, 2, 1), "{by:?}");
        assert!(rates[0].low < 0.5 && rates[0].high > 0.5);
    }
    let produce = StatisticsFilter { produce: Some(true), ..f.clone() };
    assert_eq!(world.lab.rates(&world.store, &who, later, By::All, &produce).await.unwrap(), []);
    let labs = world.lab.laboratories(&world.store, &who, later, &f).await.unwrap();
    assert_eq!((labs.len(), labs[0].samples, labs[0].late, labs[0].results), (1, 2, 0, 2));
    late_reports(world, &who, later).await;
    let per = world.lab.per_thousand(&world.store, COUNTY, 2026).await.unwrap();
    assert_eq!((per[0].planned, per[0].reported), (10, 2));
    for (year, n) in [(2026, 2), (2025, 0)] {
        let f = SampleFilter { reported: Some(year), ..SampleFilter::default() };
        assert_eq!(world.lab.samples(&world.store, &who, later, &f).await.unwrap().rows.len(), n, "{year}");
    }
}

/// A late report is counted, and the figure opens to exactly the samples it counts, as the median does.
async fn late_reports(world: &World, who: &Principal, at: Instant) {
    let listed = async |timing| {
        let f = SampleFilter { timing: Some(timing), counted: true, ..SampleFilter::default() };
        world.lab.samples(&world.store, who, at, &f).await.unwrap().rows
    };
    assert_eq!((listed(Timing::Timed).await.len(), listed(Timing::Late).await.len()), (2, 0));
    let sample = listed(Timing::Timed).await.remove(0).sample;
    let due = lab::report_due(sample.received.unwrap()).unwrap();
    let approve = async |moment: Instant| {
        let mut tx = begin(world).await;
        let set = "update sample set approved_at = $1 where id = $2";
        tx.exec_one(set, &[moment.into(), sample.id.into()]).await.unwrap();
        tx.commit().await.unwrap();
    };
    for (moment, late) in [(due, 0), (due.plus_seconds(1), 1)] {
        approve(moment).await;
        let labs = world.lab.laboratories(&world.store, who, at, &StatisticsFilter::default()).await.unwrap();
        let found = listed(Timing::Late).await;
        assert_eq!((labs[0].late, found.len()), (late, usize::try_from(late).unwrap()), "{}", world.name);
        assert!(found.iter().all(|r| r.sample.id == sample.id));
    }
    approve(sample.approved_at.unwrap()).await;
}

async fn publication(world: &World, bad: &lab::Sample, later: Instant) {
    let (drafter, publisher) = (testing::desk("62"), other(testing::desk("62")));
    let mut tx = begin(world).await;
    let cx = Context { now: later, ..world.cx(&drafter) };
    let permit = ledger::Permit::system("test");
    let n = world.lab.sample(&world.store, &drafter, later, bad.id).await.unwrap().nonconformity.unwrap();
    let today = later.china_date();
    let title = Text::of("食品安全抽检信息公告（2026年第1期）", "Results 2026 No. 1");
    let unknown = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await;
    assert!(matches!(unknown, Err(Error::State(_))), "neither an annex nor a decision");
    world.lab.accept_laboratory(&mut tx, &cx, &drafter, crate::LABORATORY, "证书已核对").await.unwrap();
    let first = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await.unwrap();
    let none = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await;
    assert!(matches!(none, Err(Error::State(_))), "a failure not served yet waits");
    // served today: its days are over after seven working days, and later while a retest is open
    world.lab.record_service(&mut tx, &cx, &permit, n.id, None, today).await.unwrap();
    // told again of an earlier day: the later one counts, or the days of the firm would be shortened
    let before = Context { now: later.plus_seconds(86_400), ..world.cx(&drafter) };
    let earlier = today;
    let next = today.tomorrow().unwrap();
    world.lab.record_service(&mut tx, &before, &permit, n.id, None, next).await.unwrap();
    world.lab.record_service(&mut tx, &before, &permit, n.id, None, earlier).await.unwrap();
    let served = tx.query("select served_on from conclusion_service", &[]).await.unwrap();
    assert!(served.iter().all(|r| r.date("served_on").unwrap() == next), "{}", world.name);
    tx.exec("update conclusion_service set served_on = $1", &[today.into()]).await.unwrap();
    let future = world.lab.record_service(&mut tx, &cx, &permit, n.id, None, today.tomorrow().unwrap()).await;
    assert!(matches!(future, Err(Error::Invalid(_))), "nobody is served tomorrow");
    let after = |days: i64| Context { now: later.plus_seconds(days * 86_400), ..world.cx(&drafter) };
    let early = world.lab.draft_bulletin(&mut tx, &after(5), &drafter, "62", "market", &title).await;
    assert!(matches!(early, Err(Error::State(_))), "within the days for a retest");
    let (id, kind) = (n.id, lab::ContestKind::Retest);
    let (until, late) =
        world.lab.file_contest(&mut tx, &cx, &permit, Id(80), id, kind, None, false, today).await.unwrap();
    assert!(until.is_some_and(|u| u > today) && !late);
    let held = world.lab.draft_bulletin(&mut tx, &after(30), &drafter, "62", "market", &title).await;
    assert!(matches!(held, Err(Error::State(_))), "under retest");
    world.lab.end_contest(&mut tx, &after(29), &permit, Id(80), id).await.unwrap();
    let cx = after(30);
    let second = world.lab.draft_bulletin(&mut tx, &cx, &drafter, "62", "market", &title).await.unwrap();
    let own = world.lab.publish_bulletin(&mut tx, &cx, &drafter, first).await;
    assert!(matches!(own, Err(Error::Denied(_))), "who drafted does not publish");
    let cx = Context { now: cx.now, ..world.cx(&publisher) };
    world.lab.publish_bulletin(&mut tx, &cx, &publisher, first).await.unwrap();
    tx.commit().await.unwrap();
    // a draft is for who may draft or publish; the firm, the laboratory and another department read what is public
    for who in [testing::firm(Id(4)), analyst(), testing::desk("61")] {
        let seen = world.lab.bulletins(&world.store, &who, later).await.unwrap();
        assert_eq!(seen.iter().map(|b| b.id).collect::<Vec<_>>(), [first], "{}", who.login);
        assert!(world.lab.bulletin(&world.store, &who, later, second).await.is_err(), "{}", who.login);
    }
    let mut tx = begin(world).await;
    world.lab.publish_bulletin(&mut tx, &cx, &publisher, second).await.unwrap();
    tx.commit().await.unwrap();
    let rows = async |f: PublicFilter| lab::published_rows(&world.store, &f).await.unwrap().rows;
    assert_eq!(rows(PublicFilter::default()).await.len(), 2);
    let failed = rows(PublicFilter {
        text: Some("大米 镉".to_owned()),
        qualified: Some(false),
        ..PublicFilter::default()
    })
    .await;
    assert_eq!(failed.len(), 1);
    let row = &failed[0];
    assert_eq!((row.row.failures[0].reported.as_str(), row.row.risks.len()), ("0.35", 1));
    assert!(!serde_json::json!(row).to_string().contains("13900000000"), "no personal data");
    let list = lab::public_bulletin(&world.store, &row.slug).await.unwrap();
    assert_eq!(list.bulletin.unqualified, 1);
    assert!(list.bulletin.journal.is_some() && list.rows.contains(&bad.form_no));
    // correction and retraction leave their trace
    let mut tx = begin(world).await;
    let mute = world.lab.amend_row(&mut tx, &cx, &publisher, row.id, RowState::Corrected, " ").await;
    assert!(matches!(mute, Err(Error::Invalid(_))));
    world.lab.amend_row(&mut tx, &cx, &publisher, row.id, RowState::Corrected, "更正规格").await.unwrap();
    tx.commit().await.unwrap();
    let all = rows(PublicFilter { bulletin: Some(second), all: true, ..PublicFilter::default() }).await;
    assert_eq!(all.iter().map(|r| r.state).collect::<Vec<_>>(), [RowState::Standing, RowState::Corrected]);
    assert_eq!(all[0].row.remark, "更正规格");
    let mut tx = begin(world).await;
    world.lab.amend_row(&mut tx, &cx, &publisher, all[0].id, RowState::Retracted, "复检合格").await.unwrap();
    world.lab.withdraw_bulletin(&mut tx, &cx, &publisher, first, "数据有误").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows(PublicFilter::default()).await.len(), 0);
    let seen = world.lab.bulletins(&world.store, &drafter, later).await.unwrap();
    assert_eq!(
        seen.iter().map(|b| b.state).collect::<Vec<_>>(),
        [BulletinState::Published, BulletinState::Withdrawn]
    );
}

#[tokio::test]
async fn a_firm_asks_for_a_retest_of_its_own_failure_within_its_days_and_never_of_microbes() {
    use lab::{ContestKind, Party};
    for world in worlds().await {
        let new = crate::form("GC010", SampleKind::Supervision);
        let sample = world.register(new).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.35")).await.unwrap();
        world.approve(&signatory(), sample.id).await.unwrap();
        let n = world.submit(&signatory(), sample.id).await.unwrap().nonconformity.unwrap();
        let (own, other) = (testing::firm(Id(4)), testing::firm(Id(5)));
        let mut tx = begin(&world).await;
        let permit = ledger::Permit::system("test");
        let ask = async |tx: &mut Tx, who: &Principal, seconds: i64, party: Party| {
            let cx = at(&world, who, seconds);
            world.lab.ask_contest(tx, &cx, who, n.id, ContestKind::Retest, party).await
        };
        let stranger = ask(&mut tx, &other, 0, Party::Sampled).await;
        assert!(matches!(stranger, Err(Error::NotFound(_))), "{stranger:?}");
        assert_eq!(ask(&mut tx, &own, 0, Party::Producer).await.unwrap(), Id(80), "whatever party it names");
        let officer = testing::officer("6201");
        assert!(ask(&mut tx, &officer, 0, Party::Producer).await.is_err(), "the register knows no producer");
        let today = now().china_date();
        world.lab.record_service(&mut tx, &world.cx(&officer), &permit, n.id, None, today).await.unwrap();
        assert!(ask(&mut tx, &own, 3 * 86_400, Party::Sampled).await.is_ok());
        let late = ask(&mut tx, &own, 20 * 86_400, Party::Sampled).await;
        assert!(matches!(late, Err(Error::State(_))), "{late:?}");
        assert!(ask(&mut tx, &officer, 20 * 86_400, Party::Sampled).await.is_ok(), "refused in writing then");
        tx.commit().await.unwrap();
        let standing = world.lab.contest_standing(&world.store, &own, now(), n.id).await.unwrap();
        assert_eq!((standing.parties.len(), standing.microbial), (1, false));
    }
}

#[tokio::test]
async fn the_retest_laboratory_comes_from_the_checkpoint_that_covers_the_list_whenever_it_is_drawn() {
    for world in worlds().await {
        let officer = testing::officer("6201");
        let (cx, permit) = (world.cx(&officer), ledger::Permit::system("test"));
        let mut tx = begin(&world).await;
        let frozen = world
            .lab
            .freeze_retest(&mut tx, &cx, &permit, Id(80), COUNTY, &[crate::LABORATORY])
            .await
            .unwrap();
        assert_eq!(frozen.laboratories, [Id(901), Id(902)], "the first laboratory is not among them");
        let early = world.lab.draw_retest(&mut tx, &cx, &permit, Id(80)).await;
        assert!(matches!(early, Err(Error::State(_))), "not signed yet");
        tx.commit().await.unwrap();
        let signer = std::sync::Arc::new(ledger::FileSigner::from_seed("test/log", &[7; 32]));
        let sequencer = ledger::Sequencer::new(signer, "test");
        sequencer.run_once(&world.store, now()).await.unwrap();
        let mut first = None;
        for press in 0..2 {
            let mut tx = begin(&world).await;
            let later = at(&world, &officer, 10 + press * 500);
            let (record, _) = world.lab.draw_retest(&mut tx, &later, &permit, Id(80)).await.unwrap();
            assert_eq!(record.verify(), []);
            let drawn = record.drawn.clone().unwrap();
            assert_eq!(
                *first.get_or_insert(drawn.laboratory),
                drawn.laboratory,
                "the moment changes nothing"
            );
            if press == 1 {
                tx.commit().await.unwrap();
                let shown = lab::retest_draw(&world.store, record.draw).await.unwrap();
                assert_eq!((shown.region.as_str(), &shown.record), (COUNTY, &record));
                let listed = lab::retest_draws(&world.store, Some(COUNTY), None, 50).await.unwrap();
                assert_eq!(listed.rows, [shown], "{}", world.name);
                let elsewhere = lab::retest_draws(&world.store, Some("6208"), None, 50).await.unwrap();
                assert!(elsewhere.rows.is_empty(), "{}", world.name);
            }
        }
        let mut tx = begin(&world).await;
        assert!(
            world.lab.draw_retest(&mut tx, &cx, &permit, Id(80)).await.is_err(),
            "there is no second throw"
        );
    }
}

#[tokio::test]
async fn a_refused_sample_ends_and_says_why() {
    for world in worlds().await {
        let new = crate::form("GC009", SampleKind::Supervision);
        let sample = world.register(lab::NewSample { received: None, arrival: None, ..new }).await.unwrap();
        let a = analyst();
        let mut tx = begin(&world).await;
        let mut broken = accepted();
        broken.checks.insert("seal".to_owned(), false);
        let unsaid = world.lab.check_in(&mut tx, &world.cx(&a), &a, sample.id, broken.clone()).await;
        assert!(matches!(unsaid, Err(Error::Invalid(_))));
        broken.note = "封条破损".to_owned();
        let state = world.lab.check_in(&mut tx, &world.cx(&a), &a, sample.id, broken).await.unwrap();
        assert_eq!(state, SampleState::Refused);
        let result = world.lab.enter_result(&mut tx, &world.cx(&a), &a, sample.id, cadmium("0.1")).await;
        assert!(matches!(result, Err(Error::State(_))));
        let hot = Handover { temperature: "400".to_owned(), ..accepted() };
        assert!(world.lab.check_in(&mut tx, &world.cx(&a), &a, sample.id, hot).await.is_err());
        tx.commit().await.unwrap();
    }
}
