//! What follows a failed sample besides its disposal: the firm's objection, its retest by another laboratory, and the report of a grave risk.

use crate::journey::{fail, noodles, state as of_failure};
use crate::stories::{due, fact, office, refused, state};
use crate::world::{SHOP_COUNTY, World, person};
use access::{Principal, Role};
use base::{Id, RegionCode, Text, Uscc};
use lab::{ContestKind, NonconformityState, Party};
use registry::{Code, NewOperator, OperatorKind};
use serde_json::json;

/// The notice of the result is drafted, issued by another person and handed over today.
async fn serve(w: &World, matter: Id) {
    let o = office(SHOP_COUNTY);
    w.publish(&o.second, matter, "result_notice").await.unwrap();
    let served = json!({ "served_on": "2026-11-20", "method": "direct" });
    w.step(&o.officer, matter, "serve", served).await.unwrap();
}

/// The failure was served on shop and producer today; the shop asks.
async fn ask(w: &World, owner: &Principal, kind: ContestKind) -> (Id, Id) {
    let failed = fail(w, noodles(w)).await;
    w.step(&office(SHOP_COUNTY).officer, failed.matter.unwrap(), "draft_notice", json!({})).await.unwrap();
    serve(w, failed.matter.unwrap()).await;
    let mut tx = w.app.store.begin().await.unwrap();
    let cx = w.cx(owner);
    let m = w.app.lab.ask_contest(&mut tx, &cx, owner, failed.id, kind, Party::Sampled).await.unwrap();
    tx.commit().await.unwrap();
    (failed.id, m)
}

#[tokio::test]
async fn an_objection_against_the_method_is_reviewed_in_thirty_days_and_overturns_the_failure() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let (failure, m) = ask(&w, &owner, ContestKind::Objection).await;
        let form = json!({ "ground": "method", "reason": "检验方法不适用", "contact": "虚构联系人" });
        w.step(&owner, m, "file", form).await.unwrap();
        assert_eq!(fact(&w, &o.officer, m, "late").await, "false", "{name}");
        assert_eq!(due(&w, &o.officer, m, "accept").await, "2026-11-27", "{name}");
        w.step(&o.desk, m, "accept", json!({})).await.unwrap();
        assert_eq!(
            due(&w, &o.officer, m, "review_other").await,
            "2027-01-04",
            "{name}: thirty working days, none on New Year's Day"
        );
        let by_officer = w.step(&o.officer, m, "sustain", json!({ "finding": "方法不适用" })).await;
        assert!(by_officer.is_err(), "{name}: a desk decides");
        assert_eq!(of_failure(&w, failure).await, NonconformityState::Open, "{name}");
        w.step(&o.desk, m, "sustain", json!({ "finding": "方法不适用" })).await.unwrap();
        assert_eq!(of_failure(&w, failure).await, NonconformityState::Overturned, "{name}");
    }
}

#[tokio::test]
async fn a_retest_is_drawn_among_other_laboratories_and_its_result_is_final() {
    for (name, w) in World::all().await {
        let (o, province) = (office(SHOP_COUNTY), person(900, Role::Desk, "62", None));
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let mut tx = w.app.store.begin().await.unwrap();
        for n in [91, 92] {
            let region: RegionCode = "620102".parse().unwrap();
            let new = NewOperator {
                code: Code::Uscc(Uscc::issue(&region, n)),
                name: format!("虚构检测{n}"),
                name_en: String::new(),
                kinds: vec![OperatorKind::Laboratory],
                region: "620102".to_owned(),
            };
            registry::create_operator(&mut tx, &w.cx(&province), &w.app.access, &province, new)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let (failure, m) = ask(&w, &owner, ContestKind::Retest).await;
        let form =
            json!({ "items": "铅", "reason": "对结论有异议", "contact": "虚构联系人", "advance": true });
        w.step(&owner, m, "apply", form).await.unwrap();
        w.step(&o.desk, m, "accept", json!({})).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "draw").await, "2026-11-27", "{name}: five working days");
        assert!(
            w.step(&o.officer, m, "draw", json!({})).await.is_err(),
            "{name}: the list is not signed yet"
        );
        w.sequence().await;
        w.step(&o.officer, m, "draw", json!({})).await.unwrap();
        let drawn = fact(&w, &o.officer, m, "retest_laboratory_name").await;
        assert!(drawn.starts_with("虚构检测9"), "{name}: not the first laboratory: {drawn}");
        let broken = json!({ "received_on": "2026-11-20", "seal_whole": false });
        assert!(w.step(&o.officer, m, "hand_over", broken).await.is_err(), "{name}");
        let whole = json!({ "received_on": "2026-11-20", "seal_whole": true });
        w.step(&o.officer, m, "hand_over", whole).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "result").await, "2026-12-04", "{name}: ten working days");
        let result = json!({
            "report_no": "FJ-1", "concluded_on": "2026-11-20", "outcome": "overturned", "values": "铅 0.12 mg/kg",
        });
        w.step(&o.officer, m, "record_result", result).await.unwrap();
        let said = refused(&w, &o.desk, m, "uphold", json!({})).await;
        assert!(!said.is_empty(), "{name}: the retest passed");
        w.step(&o.desk, m, "overturn", json!({})).await.unwrap();
        assert_eq!(of_failure(&w, failure).await, NonconformityState::Overturned, "{name}");
        let view = w.matter(&o.officer, m).await;
        let bearer = view.facts.iter().find(|f| f.id == "cost_bearer").unwrap();
        assert_eq!(bearer.words, Some(Text::of("抽样检验部门承担", "the authority")), "{name}");
        let paper = view.documents.iter().find(|d| d.name == "conclusion").unwrap();
        assert!(
            paper.html.zh.contains("抽样检验部门承担") && paper.html.en.contains("the authority"),
            "{name}"
        );
        let shop = registry::operator(&w.app.store, w.shop.operator).await.unwrap().unwrap();
        assert!(paper.html.zh.contains(&shop.name), "{name}: told to whoever asked: {}", paper.html.zh);
    }
}

#[tokio::test]
async fn a_grave_risk_is_reported_upwards_within_a_day_nights_included() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let title = Text::of("虚构食品检出严重风险", "grave risk in fictitious food");
        let new = flow::NewMatter::new(SHOP_COUNTY, "sample:1", title).fact("product", "虚构食品");
        let mut tx = w.app.store.begin().await.unwrap();
        let authority = flow::Authority::System("lab.serious_result");
        let cx = w.cx(&o.officer);
        let m =
            flow::open_as(&mut tx, &cx, &w.app.engine, authority, "serious_risk", new).await.unwrap().matter;
        tx.commit().await.unwrap();
        let view = w.matter(&o.officer, m).await;
        let clock = view.clocks.iter().find(|c| c.rule == "report").unwrap();
        assert_eq!(
            clock.due.at,
            Some(w.now.plus_seconds(86_400)),
            "{name}: from the minute, Saturday or not"
        );
        let form = json!({ "reported_to": "省市场监管局", "measures": "暂停销售、封存" });
        w.step(&o.officer, m, "report", form).await.unwrap();
        assert!(w.step(&o.officer, m, "close", json!({})).await.is_err(), "{name}: a desk closes");
        w.step(&o.desk, m, "close", json!({})).await.unwrap();
        assert_eq!(state(&w, &o.desk, m).await, "closed", "{name}");
    }
}

#[tokio::test]
async fn service_is_recorded_only_of_a_notice_that_was_issued() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let m = fail(&w, noodles(&w)).await.matter.unwrap();
        let served = json!({ "served_on": "2026-11-20", "method": "direct" });
        let said = refused(&w, &o.officer, m, "serve", served.clone()).await;
        assert!(said.contains("检验结果通知书：尚无，由“制作检验结果通知书”形成"), "{name}: {said}");
        w.step(&o.officer, m, "draft_notice", json!({})).await.unwrap();
        let said = refused(&w, &o.officer, m, "draft_notice", json!({})).await;
        assert!(said.contains("请先发布"), "{name}: {said}");
        let said = refused(&w, &o.officer, m, "serve", served.clone()).await;
        assert!(said.contains("须先由另一名有权限的人员在文书页发布"), "{name}: {said}");
        assert!(w.publish(&o.officer, m, "result_notice").await.is_err(), "{name}: who drafted it");
        serve(&w, m).await;
        assert_eq!(fact(&w, &o.officer, m, "served_on").await, "2026-11-20", "{name}");
    }
}

/// The laboratory puts the lead of the noodles right; the county hears of it.
async fn correct(w: &World, sample: Id, value: &str) -> Option<lab::Nonconformity> {
    let [first, second] = [2, 3].map(|n| person(n, Role::Laboratory, "", Some(w.laboratory)));
    let lab = &w.app.lab;
    let mut tx = w.app.store.begin().await.unwrap();
    let cx = w.cx(&first);
    let d = lab.sample(&w.app.store, &first, w.now, sample).await.unwrap();
    let old = d.results.iter().find(|r| !r.withdrawn).unwrap();
    let corrected = Some(lab::NewResult { reported: value.to_owned(), ..old.reported.clone() });
    let change = vec![lab::ResultChange { result: Some(old.id), corrected }];
    let made = lab.propose_correction(&mut tx, &cx, &first, sample, "读数录入有误", change).await.unwrap();
    let done = lab.issue_correction(&mut tx, &w.cx(&second), &second, made.id, "").await.unwrap();
    tx.commit().await.unwrap();
    done.1
}

#[tokio::test]
async fn a_corrected_report_is_served_anew_and_one_that_passes_ends_the_disposal_after_the_parties_are_told()
{
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let failed = fail(&w, noodles(&w)).await;
        let m = failed.matter.unwrap();
        w.step(&o.officer, m, "draft_notice", json!({})).await.unwrap();
        serve(&w, m).await;
        let still = correct(&w, failed.sample, "0.31").await.unwrap();
        assert_eq!((still.id, still.matter), (failed.id, Some(m)), "{name}");
        assert!(fact(&w, &o.officer, m, "failures").await.contains("0.31 mg/kg"), "{name}");
        assert_eq!(fact(&w, &o.officer, m, "report_no").await, "R1-G1", "{name}");
        assert_eq!(
            due(&w, &o.officer, m, "serve_corrected").await,
            "2026-11-27",
            "{name}: five working days"
        );
        let served = json!({ "served_on": "2026-11-20", "method": "direct" });
        let said = refused(&w, &o.officer, m, "serve", served).await;
        assert!(said.contains("已起草"), "{name}: the new notice is a draft: {said}");
        let view = w.matter(&o.officer, m).await;
        let notice =
            view.documents.iter().rfind(|d| d.name == "result_notice" && d.status == "draft").unwrap();
        assert!(notice.html.zh.contains("原检验报告 R1") && notice.html.zh.contains("0.31"), "{name}");
        let early = refused(&w, &o.desk, m, "end_corrected", json!({})).await;
        assert!(!early.is_empty(), "{name}: it still fails");
        let passes = correct(&w, failed.sample, "0.1").await.unwrap();
        assert!(passes.failures.is_empty() && passes.state == NonconformityState::Open, "{name}");
        let early = refused(&w, &o.desk, m, "end_corrected", json!({})).await;
        assert!(early.contains("检验报告更正告知书：已起草"), "{name}: {early}");
        w.publish(&o.second, m, "correction_notice").await.unwrap();
        assert!(w.step(&o.officer, m, "end_corrected", json!({})).await.is_err(), "{name}: a desk decides");
        w.step(&o.desk, m, "end_corrected", json!({})).await.unwrap();
        assert_eq!(state(&w, &o.desk, m).await, "overturned", "{name}");
        assert_eq!(of_failure(&w, failed.id).await, NonconformityState::Overturned, "{name}");
    }
}
