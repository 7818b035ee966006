//! The severe-violation list walked whole: case, hearing, listing, what it does to licences and inspections, publication, repair.

use crate::inspections::plan;
use crate::penalties::evidence;
use crate::stories::{fact, office, open, refused, state};
use crate::world::{SHOP_COUNTY, World, person};
use access::{Principal, Role};
use base::{Id, Instant};
use serde_json::{Value as Json, json};

/// A penalty case whose fine asks for a hearing, heard, decided and published.
async fn case(w: &mut World, owner: &Principal) -> Id {
    let o = office(SHOP_COUNTY);
    let form = json!({ "operator": w.shop.operator, "respondent": "虚构超市", "source": "report", "what": "销售过期食品" });
    let m = open(w, &o.officer, "penalty_case", SHOP_COUNTY, form).await.unwrap();
    let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
    w.step(&o.desk, m, "file", json!({ "reason": "涉嫌违法", "officers": officers })).await.unwrap();
    let assessed = json!({
        "article": "a124_1_5", "goods_value": "12000", "illegal_gain": "0", "serious": "none",
        "crime_signs": false, "small_producer": false,
    });
    w.step(&o.officer, m, "assess", assessed).await.unwrap();
    let proposal = json!({
        "reason_text": "现场检查证实", "discretion": "light", "discretion_why": "配合调查", "fine": "150000",
        "confiscated": "0", "measure": "none",
        "persons": [{ "role": "法定代表人", "income": "80000", "multiple": "1.5", "why": "主要责任" }],
    });
    w.step(&o.officer, m, "evidence", evidence()).await.unwrap();
    w.step(&o.officer, m, "report", proposal).await.unwrap();
    w.step(&o.desk, m, "notice", json!({})).await.unwrap();
    w.publish(&o.second, m, "notice").await.unwrap();
    w.step(owner, m, "ask_hearing", json!({ "answer": "请求听证" })).await.unwrap();
    let call = json!({ "hearing_on": "2026-12-04", "place": "虚构会议室", "chair": "丙" });
    w.step(&o.officer, m, "call_hearing", call).await.unwrap();
    w.publish(&o.second, m, "hearing_notice").await.unwrap();
    let said = refused(w, &o.officer, m, "heard", json!({ "report": "维持拟处罚意见" })).await;
    assert!(said.contains("“听证日期”为 2026-12-04，该日之前不能办理"), "{said}");
    w.now = Instant::parse("2026-12-04T15:00:00+08:00").unwrap();
    w.step(&o.officer, m, "heard", json!({ "report": "维持拟处罚意见" })).await.unwrap();
    let mut decision =
        json!({ "decided_on": "2026-12-04", "outcome": "罚款", "review": "听证意见不采纳，事实清楚" });
    let said = w.step(&o.desk, m, "decide", decision.clone()).await.unwrap_err();
    assert!(said.user_text().unwrap().zh.contains("法制审核"), "after a hearing: {said}");
    decision["legal_review"] = json!(true);
    w.step(&o.desk, m, "decide", decision).await.unwrap();
    w.publish(&o.second, m, "decision").await.unwrap();
    m
}

/// Asks for a licence on the ordinary track up to its decision: what the screening found, and the matter.
async fn licence(w: &World, owner: &Principal, papers: &Json, site: &str) -> (Id, Json) {
    let o = office(SHOP_COUNTY);
    let form = json!({
        "request": "new", "site_name": site, "address": "虚构路1号", "class_code": "1", "items": "预包装食品销售",
        "track": "ordinary", "papers": papers,
    });
    let m = open(w, owner, "licence_operation", SHOP_COUNTY, form).await.unwrap();
    w.step(&o.officer, m, "accept", json!({})).await.unwrap();
    let hits = w.matter(&o.officer, m).await.all_facts.get("screen_hits").cloned().unwrap_or(Json::Null);
    let examiners = json!([{ "name": "甲" }, { "name": "乙" }]);
    w.step(&o.officer, m, "send_check", json!({ "examiners": examiners })).await.unwrap();
    let found = json!({ "check_on": w.now.china_date().to_string(), "check_result": "pass" });
    w.step(&o.officer, m, "check", found).await.unwrap();
    (m, hits)
}

async fn class(w: &World) -> String {
    let grades = registry::grades_of(&w.app.store, w.shop.operator).await.unwrap();
    grades.into_iter().find(|g| g.0 == "credit").map(|g| g.1).unwrap_or_default()
}

/// How often operators of the shop's county in class D are visited, as many times as the common frequency.
async fn visits(w: &World, desk: &Principal, plan: Id) -> Option<f64> {
    let mut tx = w.app.store.begin().await.unwrap();
    let all = w.app.field.frequencies(&mut tx, desk, w.now, plan).await.unwrap();
    all.into_iter().find(|f| f.credit == "D").and_then(|f| f.times)
}

async fn public(w: &World) -> usize {
    let filter = flow::view::NoticeFilter { kind: Some("severe_decision".to_owned()), ..Default::default() };
    flow::view::notices(&w.app.store, &filter, None, 10).await.unwrap().rows.len()
}

#[tokio::test]
async fn a_case_leads_to_the_list_the_list_to_its_effects_and_repair_out_of_it() {
    for (name, mut w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let year = plan(&w, &o.officer, &o.desk, &o.second).await;
        assert_eq!(visits(&w, &o.desk, year).await, None, "{name}: nobody is in class D yet");
        let decided = case(&mut w, &owner).await;
        let papers = w.paper(&owner).await;

        let proposal =
            |case: String| json!({ "operator": w.shop.operator, "case_no": case, "grounds": "情节严重" });
        let no = open(&w, &o.officer, "severe_list", SHOP_COUNTY, proposal("不存在的案号".to_owned()))
            .await
            .unwrap_err();
        assert!(no.user_text().unwrap().zh.contains("没有找到该当事人已作出决定的案件"), "{name}: {no}");
        let form = proposal(decided.to_string());
        let m = open(&w, &o.officer, "severe_list", SHOP_COUNTY, form).await.unwrap();
        w.step(&o.officer, m, "notice", json!({ "grounds": "销售过期食品，情节严重" })).await.unwrap();
        w.publish(&o.second, m, "notice").await.unwrap();
        assert_eq!(public(&w).await, 0, "{name}: the notice is for the party alone");
        // the party's days are not given away by an empty form
        let empty = w.step(&owner, m, "answer", json!({})).await.unwrap_err().user_text().unwrap();
        assert!(empty.zh.contains("放弃陈述申辩"), "{name}: {empty:?}");
        w.step(&owner, m, "answer", json!({ "answer": "已整改，请求从轻" })).await.unwrap();
        let listing = json!({ "listed_on": "2026-12-04" });
        let own = w.step(&o.officer, m, "list", listing.clone()).await;
        assert!(matches!(own, Err(flow::Error::Denied(_))), "{name}: who proposed does not list");
        w.step(&o.desk, m, "list", listing).await.unwrap();
        assert_eq!(
            (state(&w, &o.desk, m).await.as_str(), class(&w).await.as_str()),
            ("listed", "D"),
            "{name}"
        );
        let line = registry::credit_file(&w.app.store, w.shop.operator).await.unwrap();
        let until = line.iter().find(|l| l.kind == "severe").and_then(|l| l.until).map(|d| d.to_string());
        assert_eq!(until, Some(fact(&w, &o.officer, m, "ends_on").await), "{name}: one end of one listing");

        // published for three years
        w.publish(&o.second, m, "decision").await.unwrap();
        assert_eq!(public(&w).await, 1, "{name}");
        // no licence, and three times the common visits
        let (application, hits) = licence(&w, &owner, &papers, "虚构超市二店").await;
        assert!(hits.as_str().is_some_and(|h| h.contains("严重违法失信名单")), "{name}: {hits}");
        let said = refused(&w, &o.desk, application, "grant", json!({})).await;
        assert!(said.contains("严重违法失信名单"), "{name}: {said}");
        assert_eq!(visits(&w, &o.desk, year).await, Some(3.0), "{name}");

        // repair: not before the shortest publication is over
        let repair = json!({
            "operator": w.shop.operator, "kind": "severe",
            "performed": true, "corrected": true, "clean": true, "promise": true,
        });
        let early = open(&w, &owner, "credit_repair", SHOP_COUNTY, repair.clone()).await.unwrap();
        assert_eq!(fact(&w, &o.officer, early, "too_early").await, "true", "{name}");
        let said = refused(&w, &o.officer, early, "accept", json!({})).await;
        assert!(said.contains("最短公示期"), "{name}: {said}");
        w.step(&o.officer, early, "refuse", json!({ "reason": "未满一年" })).await.unwrap();
        w.now = Instant::parse("2027-12-20T09:00:00+08:00").unwrap();
        let late = open(&w, &owner, "credit_repair", SHOP_COUNTY, repair).await.unwrap();
        w.step(&o.officer, late, "accept", json!({})).await.unwrap();
        // the three years are not over: only the repair leads out, nobody by hand
        let said = refused(&w, &o.desk, m, "remove", json!({ "removal": "term" })).await;
        assert!(said.contains("尚未期满"), "{name}: {said}");
        let said = refused(&w, &o.desk, m, "repaired", json!({})).await;
        assert!(said.contains("系统自动办理"), "{name}: {said}");
        // who listed repairs: another county cannot
        let other = office("620102");
        let elsewhere = open(
            &w,
            &owner,
            "credit_repair",
            "620102",
            json!({
                "operator": w.shop.operator, "kind": "severe",
                "performed": true, "corrected": true, "clean": true, "promise": true,
            }),
        );
        let elsewhere = elsewhere.await.unwrap();
        w.step(&other.officer, elsewhere, "accept", json!({})).await.unwrap();
        let said = refused(&w, &other.desk, elsewhere, "grant", json!({ "verified": "义务已履行" })).await;
        assert!(said.contains("由另一机关决定"), "{name}: {said}");
        // off the list with the grant: the publication ends, and stays in the file
        w.step(&o.desk, late, "grant", json!({ "verified": "义务已履行" })).await.unwrap();
        assert_ne!(class(&w).await, "D", "{name}");
        assert_eq!((state(&w, &o.desk, m).await.as_str(), public(&w).await), ("removed", 0), "{name}");
        let view = w.matter(&o.desk, m).await;
        let kept = view.documents.iter().find(|d| d.name == "decision").unwrap();
        assert_eq!(kept.status, "ended", "{name}");
        assert_eq!(visits(&w, &o.desk, year).await, None, "{name}");
        let (application, hits) = licence(&w, &owner, &papers, "虚构超市三店").await;
        assert_eq!(hits, Json::Null, "{name}");
        w.step(&o.desk, application, "grant", json!({})).await.unwrap();
    }
}
