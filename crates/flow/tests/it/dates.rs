//! Days in a matter: none comes sooner than the party was told of it, a wrong one is put right, and who keeps away takes no step.

use crate::generated::{engine, whole};
use crate::support::{FIRM, PAPER, World, desk, firm, officer};
use access::Principal;
use base::{Id, Instant, Text};
use flow::NewMatter;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use store::Tx;

/// A penalty case that stands where a test begins, its 90 days running.
pub(crate) async fn case(w: &World, state: &str) -> Id {
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
        let contest =
            json!({ "document": "decision", "claimed_on": "2026-09-30", "reason": "三十日才收到邮件" });
        w.step(&firm(), m, "contest_service", contest).await.unwrap();
        for who in [&two, &three] {
            let mut tx = w.store.begin().await.unwrap();
            w.send_papers(&mut tx, who).await;
            tx.commit().await.unwrap();
        }
        let right = |day: &str| json!({ "document": "decision", "result": "corrected", "served_on": day, "reason": "回证载明三十日签收", "evidence": [PAPER.1] });
        let own = said(&w.step(&two, m, "answer_service", right("2026-09-30")).await.unwrap_err());
        assert!(own.contains("由您本人送达"), "{name}: {own}");
        let same = said(&w.step(&three, m, "answer_service", right("2026-09-28")).await.unwrap_err());
        assert!(same.contains("无需更正"), "{name}: {same}");
        let mut bare = right("2026-09-30");
        bare["evidence"] = Json::Null;
        let no = w.step(&three, m, "answer_service", bare).await;
        assert!(matches!(no, Err(flow::Error::Form { .. })), "{name}: {no:?}");
        let done = w.step(&three, m, "answer_service", right("2026-09-30")).await.unwrap();
        assert_eq!(
            done.done["clocks"][0]["instead_of"], "pay",
            "{name}: the journal holds both days: {:?}",
            done.done
        );
        let why =
            "更正或维持文书送达日期（回证载明三十日签收）：“送达日期”由 2026-09-28 改为 2026-09-30，重新计算";
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

#[tokio::test]
async fn the_day_any_paper_was_served_is_contested_and_put_right_and_what_counts_from_it_follows() {
    let all = flow::shipped().unwrap();
    for d in whole(&all).filter(|d| !d.unseen) {
        let serves = d.documents.iter().any(|p| p.publication == flow::Publication::Party);
        assert_eq!(serves, d.transition("answer_service").is_some(), "{}", d.id);
        assert_eq!(serves, d.transition("contest_service").is_some(), "{}", d.id);
    }
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine(&all));
        let (two, three) = (desk(2, "620102"), desk(3, "620102"));
        let began = w.now;
        let mut shown = 0;
        for d in whole(&all).filter(|d| d.transition("answer_service").is_some()) {
            let served = |c: &&flow::ClockUse| c.start.starts_with("document:") && c.since.is_none();
            for c in d.clocks.iter().filter(served) {
                w.now = began;
                let at = format!("{name}: {} {}", d.id, c.id);
                let paper = c.start.strip_prefix("document:").unwrap();
                let contest = d.transition("contest_service").unwrap();
                let state = contest.from.iter().find(|s| !c.stop.contains(&format!("enter:{s}"))).unwrap();
                let new = NewMatter::new("620102", "operator:1", Text::of("虚构办件", "fictitious"))
                    .of_operator(Some(FIRM));
                let mut tx = w.store.begin().await.unwrap();
                let cx = w.cx(&Principal::anonymous());
                let by = flow::Authority::System("test");
                let m = flow::open_as(&mut tx, &cx, &w.engine, by, &d.id, new).await.unwrap().matter;
                tx.exec("update matter set state = $2 where id = $1", &[m.into(), state.as_str().into()])
                    .await
                    .unwrap();
                tx.exec(
                    "insert into document (id, matter, name, kind, region, agency, operator, classification, title_zh, title_en, html_zh, \
                     html_en, sha256, status, audience, slug, created_at, version) \
                     values ($1, $2, $3, 'paper', '620102', 'market', $4, 1, '', '', '', '', '', 'draft', 'party', $5, $6, 1)",
                    &[
                        w.ids.next(w.now).into(),
                        m.into(),
                        paper.into(),
                        FIRM.into(),
                        format!("slug-{m}").into(),
                        w.now.into(),
                    ],
                )
                .await
                .unwrap();
                for who in [&two, &three, &firm()] {
                    w.send_papers(&mut tx, who).await;
                }
                tx.commit().await.unwrap();
                serve(&w, &two, m, paper).await.unwrap();
                let (before, _) = ends(&w, m, &c.id).await;
                // two days later the party says when it came, and the authority finds it right
                w.now = china(9, 30);
                let contest =
                    json!({ "document": paper, "claimed_on": "2026-09-29", "reason": "次日才收到" });
                w.step(&firm(), m, "contest_service", contest).await.unwrap();
                let open = |v: &flow::view::MatterView| {
                    v.documents.iter().find(|p| p.name == paper).unwrap().contested.clone()
                };
                assert_eq!(open(&w.view(&two, m).await).unwrap().claimed_on, "2026-09-29", "{at}");
                let right = json!({ "document": paper, "result": "corrected", "served_on": "2026-09-29", "reason": "回证载明", "evidence": [PAPER.1] });
                let own = said(&w.step(&two, m, "answer_service", right.clone()).await.unwrap_err());
                assert!(own.contains("由您本人送达"), "{at}: {own}");
                let done = w.step(&three, m, "answer_service", right).await.unwrap().done;
                assert_eq!(
                    (&done["served"][0]["was"], &done["served"][0]["is"]),
                    (&json!("2026-09-28"), &json!("2026-09-29")),
                    "{at}"
                );
                let (after, why) = ends(&w, m, &c.id).await;
                let why = why.unwrap();
                assert!(
                    after > before && why.contains("2026-09-28 改为 2026-09-29，重新计算"),
                    "{at}: {before:?} {after:?} {why}"
                );
                let view = w.view(&firm(), m).await;
                let v = view.documents.iter().find(|p| p.name == paper).unwrap();
                assert_eq!(
                    v.served_on,
                    Some(base::Date::constant(2026, 9, 29)),
                    "{at}: the paper bears the day"
                );
                assert!(v.contested.is_none(), "{at}: answered");
                assert!(
                    view.clocks.iter().any(|k| k.rule == c.id && k.void_at.is_some()),
                    "{at}: as it was stays on record"
                );
                shown += 1;
            }
        }
        assert!(shown >= 3, "{name}: {shown}");
    }
}

#[tokio::test]
async fn days_people_set_go_along_to_a_new_version_and_into_a_replay() {
    let all = flow::shipped().unwrap();
    let mut before = all.clone();
    let of = |all: &mut Vec<flow::Definition>, id: &str| all.iter().position(|d| d.id == id).unwrap();
    // the version before gave thirty days by itself, and asked for no days before a hearing
    let (inspection, penalty) = (of(&mut before, "inspection"), of(&mut before, "penalty_case"));
    let correct = before[inspection].clocks.iter_mut().find(|c| c.id == "correct").unwrap();
    (correct.until, correct.amount) = (None, 30);
    before[penalty].earliest.clear();
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine(&before));
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let new = NewMatter::new("620102", "operator:1", Text::of("虚构检查", "fictitious inspection"))
            .of_operator(Some(FIRM))
            .fact("result", "correct");
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&Principal::anonymous());
        let by = flow::Authority::System("test");
        let visit = flow::open_as(&mut tx, &cx, &w.engine, by, "inspection", new).await.unwrap().matter;
        tx.exec("update matter set state = 'served' where id = $1", &[visit.into()]).await.unwrap();
        tx.commit().await.unwrap();
        w.step(&one, visit, "order", json!({ "correct_by": "2026-10-15", "reason": "清洗消毒" }))
            .await
            .unwrap();
        assert_eq!(ends(&w, visit, "correct").await.0.as_deref(), Some("2026-10-28"), "{name}");
        let hearing = case(&w, "hearing").await;
        let call = |day: &str| json!({ "hearing_on": day, "place": "虚构会议室", "chair": "丙" });
        w.step(&one, hearing, "call_hearing", call("2026-10-08")).await.unwrap();

        w.engine = engine(&all);
        for m in [visit, hearing] {
            let version = w.version(m).await;
            let mut tx = w.store.begin().await.unwrap();
            flow::migrate(&mut tx, &w.cx(&two), &w.engine, &w.access, &two, m, version, "新规")
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(
            ends(&w, visit, "correct").await.0.as_deref(),
            Some("2026-10-15"),
            "{name}: the day that was ordered"
        );
        let early = said(&w.step(&one, hearing, "postpone_hearing", call("2026-10-09")).await.unwrap_err());
        assert!(early.contains("最早为 2026-10-14"), "{name}: {early}");

        // five days at the most, as a replay would have it: over the holidays to the eighth
        w.now = china(10, 10);
        let d = &w.engine.procedure("inspection").unwrap().definition;
        let changed = flow::changed(d, "[[clock]]\nid = \"correct\"\namount = 5\n").unwrap();
        let span = flow::Span { region: "62".into(), from: w.now.plus_seconds(-86_400 * 30), to: w.now };
        let replay = flow::whatif(&w.store, &w.engine, &changed, &span, w.now).await.unwrap();
        let [late] = replay.changed.as_slice() else { panic!("{name}: {replay:?}") };
        assert_eq!((late.clock.as_str(), late.late, late.would_be_late), ("correct", false, true), "{name}");
        let days = [late.due, late.would_be_due].map(|at| at.unwrap().china_date().to_string());
        assert_eq!(days, ["2026-10-15", "2026-10-08"], "{name}");
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
        w.enrol(&one).await;
        w.enrol(&other).await;
        assert!(said(&give(1).await.unwrap_err()).contains("回避"), "{name}");
        give(4).await.unwrap();
        assert_eq!(said(&give(4).await.unwrap_err()), "已由该人员承办，无需转交", "{name}");
        w.step(&other, m, "evidence", evidence).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_kept_away_from_one_matter_takes_no_step_in_it_and_works_on_in_others() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let w = World::new(store, engine(&all));
        let (one, two, three) = (officer(1, "620102"), desk(2, "620102"), desk(3, "620102"));
        for who in [&one, &two, &three, &firm()] {
            w.enrol(who).await;
        }
        let (m, other) = (case(&w, "investigating").await, case(&w, "investigating").await);
        // the party asks; the head decides, and nobody does who only acts
        let asked = json!({ "who": "承办人甲", "reason": "与举报人有亲属关系" });
        w.step(&firm(), m, "ask_recusal", asked).await.unwrap();
        let recuse = async |who: &Principal, account: Id, ground: &str| {
            let version = w.version(m).await;
            let mut tx = w.store.begin().await?;
            let cx = w.cx(who);
            flow::recuse(&mut tx, &cx, &w.engine, &w.access, who, m, version, (account, ground)).await?;
            Ok::<_, flow::Error>(tx.commit().await?)
        };
        let version = w.version(m).await;
        let mut tx = w.store.begin().await.unwrap();
        flow::assign_matter(&mut tx, &w.cx(&two), &w.engine, &w.access, &two, m, version, Some(Id(1)))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(recuse(&one, Id(2), "利害关系").await, Err(flow::Error::Denied(_))), "{name}");
        assert!(said(&recuse(&two, Id(1), " ").await.unwrap_err()).contains("回避理由"), "{name}");
        assert!(
            said(&recuse(&two, firm().account, "利害关系").await.unwrap_err()).contains("监管部门"),
            "{name}"
        );
        recuse(&two, Id(1), "与举报人有亲属关系").await.unwrap();
        let view = w.view(&one, m).await;
        assert_eq!(view.assigned, None, "{name}: it is not theirs any more");
        assert!(
            view.actions.iter().all(|a| a.refusal.as_ref().is_some_and(|r| r.zh.contains("已决定回避本件"))),
            "{name}"
        );
        let evidence = json!({ "items": [{ "name": "现场笔录", "kind": "scene", "proves": "违法事实" }] });
        let no = said(&w.step(&one, m, "evidence", evidence.clone()).await.unwrap_err());
        assert!(no.contains("已决定回避本件（与举报人有亲属关系）"), "{name}: {no}");
        w.step(&one, other, "evidence", evidence.clone()).await.unwrap();
        let version = w.version(m).await;
        let mut tx = w.store.begin().await.unwrap();
        let given =
            flow::assign_matter(&mut tx, &w.cx(&two), &w.engine, &w.access, &two, m, version, Some(Id(1)))
                .await;
        assert!(said(&given.unwrap_err()).contains("回避"), "{name}");
        tx.rollback().await.unwrap();
        // one's own word is enough
        recuse(&three, Id(3), "本人配偶在该单位任职").await.unwrap();
        assert!(said(&recuse(&three, Id(3), "再次").await.unwrap_err()).contains("已回避"), "{name}");
        assert!(
            said(&w.step(&three, m, "suspend", json!({ "reason": "x" })).await.unwrap_err()).contains("回避"),
            "{name}"
        );
        let kinds = "select count(*) as n from journal where kind = 'matter.recused'";
        assert_eq!(w.store.one(kinds, &[]).await.unwrap().int("n").unwrap(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_mediation_is_not_called_for_a_day_gone_by() {
    for (name, w) in crate::support::World::all().await {
        let one = crate::support::officer(1, "620102");
        let title = base::Text::of("虚构投诉", "A fictitious complaint");
        let new = flow::NewMatter::new("620102", "complaint:1", title).fact("respondent", "虚构商店");
        let m = w.open(&one, "complaint", new).await.unwrap();
        w.step(&one, m, "accept", serde_json::json!({})).await.unwrap();
        let call = |day: base::Date| serde_json::json!({"meeting_on": day.to_string(), "meeting_place": "虚构市场监管所", "mediator": "甲"});
        let today = w.now.china_date();
        let said = w.step(&one, m, "call", call(today.yesterday().unwrap())).await.unwrap_err();
        assert!(said.user_text().unwrap().zh.contains("不能早于今天"), "{name}: {said}");
        w.step(&one, m, "call", call(today)).await.unwrap();
    }
}
