//! Days in a matter: none comes sooner than the party was told of it, a wrong one is put right, and who keeps away takes no step.

use crate::generated::engine;
use crate::support::{FIRM, PAPER, World, desk, firm, officer};
use access::Principal;
use base::{Id, Instant, Text};
use flow::NewMatter;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Tx;

/// A penalty case that stands where a test begins, its 90 days running.
async fn case(w: &World, state: &str) -> Id {
    let new = NewMatter::new("620102", "operator:1", Text::of("虚构案件", "fictitious case"))
        .of_operator(Some(FIRM))
        .fact("respondent", "虚构超市");
    let mut tx = w.store.begin().await.unwrap();
    let cx = w.cx(&Principal::anonymous());
    let by = flow::Authority::System("test");
    let m = flow::open_as(&mut tx, &cx, &w.engine, by, "penalty_case", new).await.unwrap().matter;
    tx.exec("update matter set state = $2 where id = $1", &[m.into(), state.into()]).await.unwrap();
    tx.exec(
        "insert into clock (id, matter, rule, started_at, suspensions, extensions, due, provisional, version) \
         values ($1, $2, 'decide', $3, '[]', '[]', $3, 0, 1)",
        &[w.ids.next(w.now).into(), m.into(), w.now.into()],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    m
}

fn china(month: i8, day: i8) -> Instant {
    Instant::china(base::Date::constant(2026, month, day), 9, 0)
}

fn said(error: &flow::Error) -> String {
    error.user_text().unwrap_or_else(|| panic!("{error:?}")).zh.into_owned()
}

/// Serves the draft of a document.
async fn serve(w: &World, who: &Principal, m: Id, name: &str) -> Result<(), flow::Error> {
    let view = w.view(who, m).await;
    let draft = view.documents.iter().find(|d| d.name == name && d.status == "draft").unwrap();
    let mut tx = w.store.begin().await?;
    let cx = w.cx(who);
    flow::publish_document(&mut tx, &cx, &w.engine, &w.access, who, draft.id, draft.version).await?;
    Ok(tx.commit().await?)
}

/// When a clock that stands ends, and why it took another's place.
async fn ends(w: &World, m: Id, rule: &str) -> (Option<String>, Option<String>) {
    let view = w.view(&desk(2, "620102"), m).await;
    let clock = view.clocks.into_iter().find(|c| c.rule == rule && c.void_at.is_none()).unwrap();
    (clock.due.date, clock.reason.map(|r| r.zh.into_owned()))
}

#[tokio::test]
async fn the_party_is_told_seven_working_days_before_the_hearing() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine(&all));
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let m = case(&w, "hearing").await;
        let call = |day: &str| json!({ "hearing_on": day, "place": "虚构会议室", "chair": "丙" });
        // told on Monday 28 September: seven working days, over the holidays with a Saturday made up, end on 13 October
        let early = w.step(&one, m, "call_hearing", call("2026-10-13")).await.unwrap_err();
        let early = said(&early);
        assert!(
            early.contains("不少于 7 个工作日") && early.contains("最早为 2026-10-14"),
            "{name}: {early}"
        );
        w.step(&one, m, "call_hearing", call("2026-10-14")).await.unwrap();
        // served a day later, the notice comes too late, and another day is named
        w.now = china(9, 29);
        let late = said(&serve(&w, &two, m, "hearing_notice").await.unwrap_err());
        assert!(late.contains("最早为 2026-10-15"), "{name}: {late}");
        w.step(&one, m, "postpone_hearing", call("2026-10-15")).await.unwrap();
        serve(&w, &two, m, "hearing_notice").await.unwrap();
        let report = json!({ "report": "维持拟处罚意见" });
        let waits = said(&w.step(&one, m, "heard", report.clone()).await.unwrap_err());
        assert!(waits.contains("“听证日期”为 2026-10-15，该日之前不能办理"), "{name}: {waits}");
        let view = w.view(&one, m).await;
        let action = view.actions.iter().find(|a| a.id == "heard").unwrap();
        assert_eq!(action.refusal.as_ref().unwrap().zh, waits, "{name}: the page says so beforehand");
        w.now = china(10, 15);
        w.step(&one, m, "heard", report).await.unwrap();
        assert_eq!(w.view(&one, m).await.state, "deliberating", "{name}");
    }
}

#[tokio::test]
async fn a_wrong_day_of_service_is_put_right_with_evidence_and_the_clock_counts_anew() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine(&all));
        let (two, three) = (desk(2, "620102"), desk(3, "620102"));
        let m = case(&w, "decided").await;
        w.step(&two, m, "serve", json!({ "served_on": "2026-09-28", "method": "post" })).await.unwrap();
        assert_eq!(ends(&w, m, "pay").await, (Some("2026-10-13".to_owned()), None), "{name}");
        w.now = china(10, 8);
        let contest = json!({ "claimed_on": "2026-09-30", "reason": "三十日才收到邮件" });
        w.step(&firm(), m, "contest_service", contest).await.unwrap();
        for who in [&two, &three] {
            let mut tx = w.store.begin().await.unwrap();
            w.send_papers(&mut tx, who).await;
            tx.commit().await.unwrap();
        }
        let right =
            |day: &str| json!({ "served_on": day, "reason": "回证载明三十日签收", "evidence": [PAPER.1] });
        let own = said(&w.step(&two, m, "correct_service", right("2026-09-30")).await.unwrap_err());
        assert!(own.contains("本人提交的事项须由他人"), "{name}: {own}");
        let mut bare = right("2026-09-30");
        bare["evidence"] = Json::Null;
        for form in [bare, right("2026-09-28")] {
            let no = w.step(&three, m, "correct_service", form).await;
            assert!(matches!(no, Err(flow::Error::Form { .. })), "{name}: {no:?}");
        }
        let done = w.step(&three, m, "correct_service", right("2026-09-30")).await.unwrap();
        assert_eq!(
            done.done["clocks"][0]["instead_of"], "pay",
            "{name}: the journal holds both days: {:?}",
            done.done
        );
        let why =
            "更正决定书送达日期（回证载明三十日签收）：“送达日期”由 2026-09-28 改为 2026-09-30，重新计算";
        assert_eq!(ends(&w, m, "pay").await, (Some("2026-10-15".to_owned()), Some(why.to_owned())), "{name}");
        let view = w.view(&two, m).await;
        let old = view.clocks.iter().find(|c| c.rule == "pay" && c.void_at.is_some()).unwrap();
        assert_eq!(
            old.due.date.as_deref(),
            Some("2026-10-13"),
            "{name}: the clock as it was stays on record"
        );
    }
}

/// The officer with account 1 keeps away from every firm.
struct Kin;

#[async_trait::async_trait]
impl flow::Recusals for Kin {
    async fn ground(&self, _: &mut Tx, account: Id, _: Id) -> Result<Option<Text>, store::Error> {
        Ok((account == Id(1)).then(|| Text::of("近亲属", "kin")))
    }
}

#[tokio::test]
async fn who_keeps_away_from_a_firm_takes_no_step_in_its_matters_and_is_given_none() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let w = World::new(store, engine(&all).with_recusals(Arc::new(Kin)));
        let (one, two, other) = (officer(1, "620102"), desk(2, "620102"), officer(4, "620102"));
        let m = case(&w, "clue").await;
        let evidence = json!({ "items": [{ "name": "现场笔录", "kind": "scene", "proves": "违法事实" }] });
        w.step(&two, m, "file", json!({ "reason": "涉嫌违法", "officers": [{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }] }))
            .await
            .unwrap();
        let no = said(&w.step(&one, m, "evidence", evidence.clone()).await.unwrap_err());
        assert!(no.contains("已对该单位回避（近亲属）"), "{name}: {no}");
        let view = w.view(&one, m).await;
        let refused = |a: &flow::view::Action| a.refusal.as_ref().is_some_and(|r| r.zh.contains("回避"));
        assert!(!view.actions.is_empty() && view.actions.iter().all(refused), "{name}: the page says why");
        let give = async |to: i64| {
            let version = w.version(m).await;
            let mut tx = w.store.begin().await?;
            let (cx, to) = (w.cx(&two), Some(Id(to)));
            flow::assign_matter(&mut tx, &cx, &w.engine, &w.access, &two, m, version, to).await?;
            Ok::<_, flow::Error>(tx.commit().await?)
        };
        assert!(said(&give(1).await.unwrap_err()).contains("回避"), "{name}");
        give(4).await.unwrap();
        assert_eq!(said(&give(4).await.unwrap_err()), "已由该人员承办，无需转交", "{name}");
        w.step(&other, m, "evidence", evidence).await.unwrap();
    }
}
