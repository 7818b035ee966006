//! Penalties walked whole: an ordinary case with its papers, its limits and its publication, and the penalty on the spot.

use crate::stories::{due, fact, office, open, refused, state};
use crate::world::{MAKER_COUNTY, SHOP_COUNTY, World, person};
use access::Role;
use base::Instant;
use serde_json::{Value as Json, json};

/// A line of the list of evidence.
pub(crate) fn evidence() -> Json {
    json!({ "items": [{ "name": "现场笔录", "kind": "scene", "proves": "违法事实" }] })
}

#[tokio::test]
async fn a_case_follows_the_bracket_the_discretion_the_level_of_decision_and_ends_published() {
    for (name, mut w) in World::all().await {
        let o = office(MAKER_COUNTY);
        let form = json!({
            "operator": w.maker.operator, "respondent": "虚构面业", "source": "sampling", "what": "铅超标挂面",
        });
        let m = open(&w, &o.officer, "penalty_case", MAKER_COUNTY, form).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "file").await, "2026-12-11", "{name}: fifteen working days");
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        let one = json!({ "reason": "涉嫌违法", "officers": [{ "name": "甲", "certificate": "1" }] });
        let said = refused(&w, &o.desk, m, "file", one).await;
        assert!(said.contains("不得少于两人"), "{said}");
        let twice =
            json!([{ "name": "甲", "certificate": "甘A1" }, { "name": "乙", "certificate": "甘a1 " }]);
        let said = refused(&w, &o.desk, m, "file", json!({ "reason": "涉嫌违法", "officers": twice })).await;
        assert!(said.contains("每行应当不同"), "{name}: two officers are two persons: {said}");
        let form = json!({ "reason": "涉嫌违法", "officers": officers });
        w.step(&o.desk, m, "file", form).await.unwrap();
        // ninety days from 20 November end on 18 February 2027
        assert_eq!(due(&w, &o.officer, m, "decide").await, "2027-02-18");
        let goods = json!([{ "name": "挂面", "quantity": "100", "unit": "kg" }]);
        let form = json!({ "items": goods, "place": "仓库", "reason": "防止转移" });
        w.step(&o.desk, m, "seize", form).await.unwrap();
        assert_eq!(
            due(&w, &o.officer, m, "seizure").await,
            "2026-12-20",
            "{name}: thirty days, a Sunday too"
        );
        let more = json!({ "days": "46", "reason": "复杂" });
        assert!(w.step(&o.desk, m, "seize_longer", more).await.is_err(), "forty-five at most");
        w.step(&o.desk, m, "seize_longer", json!({ "days": "45", "reason": "复杂" })).await.unwrap();

        let assess = |value: &str| {
            json!({
                "article": "a124_1_1", "goods_value": value, "illegal_gain": "0", "serious": "none",
                "crime_signs": false, "small_producer": false,
            })
        };
        w.step(&o.officer, m, "assess", assess("12000")).await.unwrap();
        for (named, yuan) in
            [("fine_min", "120000"), ("fine_max", "240000"), ("light_max", "156000"), ("heavy_min", "204000")]
        {
            assert_eq!(fact(&w, &o.officer, m, named).await, yuan, "{name}: {named}");
        }
        let proposal = |fine: &str, discretion: &str| {
            json!({
                "reason_text": "检验报告证实", "discretion": discretion, "discretion_why": "主动召回", "fine": fine,
                "confiscated": "0", "measure": "none",
                "persons": [{ "role": "法定代表人", "income": "80000", "multiple": "1.5", "why": "主要责任" }],
            })
        };
        // no report without evidence on file, and the page says which step brings it
        let said = refused(&w, &o.officer, m, "report", proposal("160000", "normal")).await;
        assert!(said.contains("证据登记：尚无，由“登记证据”形成"), "{said}");
        w.step(&o.officer, m, "evidence", evidence()).await.unwrap();
        let said = refused(&w, &o.officer, m, "report", proposal("160000", "light")).await;
        assert!(said.contains("从轻"), "{said}");

        // a fine of 300,000 yuan or more is not the county's to decide
        w.step(&o.officer, m, "assess", assess("40000")).await.unwrap();
        w.step(&o.officer, m, "report", proposal("400000", "light")).await.unwrap();
        assert_eq!(fact(&w, &o.officer, m, "persons_fine").await, "120000", "1.5 times the income");
        w.step(&o.desk, m, "notice", json!({})).await.unwrap();
        let view = w.matter(&o.officer, m).await;
        let step = view.actions.iter().find(|a| a.id == "no_hearing").unwrap();
        assert!(step.papers[0].document.is_some() && !step.papers[0].met, "{name}: {:?}", step.papers);
        let said = refused(&w, &o.officer, m, "no_hearing", json!({})).await;
        assert!(said.contains("行政处罚告知书：已起草，尚未送达或公开"), "{name}: {said}");
        w.publish(&o.second, m, "notice").await.unwrap();
        // the file is the authority's: the party sees where it stands and what was served on it, not how the case is made
        let own = w.matter(&person(990, Role::Firm, "", Some(w.maker.operator)), m).await;
        assert!(own.documents.iter().any(|d| d.name == "notice"), "{name}");
        for inner in ["discretion", "discretion_why", "fine_max", "light_max", "source", "crime_signs"] {
            assert!(!own.all_facts.contains_key(inner), "{name}: {inner}");
            assert!(own.facts.iter().all(|f| f.id != inner), "{name}: {inner}");
        }
        assert!(
            own.steps.iter().all(|s| s.form.is_none() && s.note.is_none() && s.login.is_empty()),
            "{name}"
        );
        assert!(
            own.steps.len() < w.matter(&o.officer, m).await.steps.len(),
            "{name}: evidence is no step of its"
        );
        assert!(own.links.is_empty() && own.parent.is_none(), "{name}");
        // five working days from the service, not from the draft: Friday to Friday
        assert_eq!(due(&w, &o.officer, m, "answer").await, "2026-11-27", "{name}");
        let said = refused(&w, &o.officer, m, "no_hearing", json!({})).await;
        assert!(said.contains("到 2026-11-27 止"), "{name}: {said}");
        w.now = Instant::parse("2026-11-30T09:00:00+08:00").unwrap();
        w.step(&o.officer, m, "no_hearing", json!({})).await.unwrap();
        // a decision is not dated before the case stood to be decided
        let back = json!({ "decided_on": "2026-11-20", "outcome": "罚款" });
        let said = refused(&w, &o.desk, m, "decide", back).await;
        assert!(said.contains("不能早于本件进入当前环节之日（2026-11-30）"), "{name}: {said}");
        let decision = json!({ "decided_on": "2026-11-30", "outcome": "罚款" });
        let said = refused(&w, &o.desk, m, "decide", decision.clone()).await;
        assert!(said.contains("三十万元"), "{said}");
        w.step(&o.desk, m, "send_up", json!({ "reason": "超出县级权限" })).await.unwrap();
        assert_eq!(state(&w, &o.desk, m).await, "routed");

        // the smaller case goes its whole way
        let form = json!({
            "operator": w.maker.operator, "respondent": "虚构面业", "source": "inspection", "what": "标签不符",
        });
        let m = open(&w, &o.officer, "penalty_case", MAKER_COUNTY, form).await.unwrap();
        let form = json!({ "reason": "涉嫌违法", "officers": officers });
        w.step(&o.desk, m, "file", form).await.unwrap();
        w.step(&o.officer, m, "assess", assess("9000")).await.unwrap();
        assert_eq!(fact(&w, &o.officer, m, "fine_min").await, "50000", "{name}: below 10,000 yuan of goods");
        w.step(&o.officer, m, "evidence", evidence()).await.unwrap();
        w.step(&o.officer, m, "report", proposal("60000", "light")).await.unwrap();
        w.step(&o.desk, m, "notice", json!({})).await.unwrap();
        w.publish(&o.second, m, "notice").await.unwrap();
        w.now = Instant::parse("2026-12-08T09:00:00+08:00").unwrap();
        w.step(&o.officer, m, "no_hearing", json!({})).await.unwrap();
        let own = w.step(&o.officer, m, "decide", decision).await;
        assert!(own.is_err(), "{name}: who proposed does not decide");
        let decision = json!({ "decided_on": "2026-12-08", "outcome": "罚款" });
        w.step(&o.desk, m, "decide", decision).await.unwrap();
        let file = registry::credit_file(&w.app.store, w.maker.operator).await.unwrap();
        assert_eq!((file[0].kind.as_str(), file[0].text.as_str()), ("penalty", "罚款"), "{name}");
        let grades = registry::grades_of(&w.app.store, w.maker.operator).await.unwrap();
        assert_eq!((grades[0].0.as_str(), grades[0].1.as_str()), ("credit", "B"), "{name}: 20 points");
        let served = |day: &str| json!({ "served_on": day, "method": "direct" });
        let said = refused(&w, &o.officer, m, "serve", served("2026-12-07")).await;
        assert!(said.contains("不能早于决定日期（2026-12-08）"), "{name}: {said}");
        w.step(&o.officer, m, "serve", served("2026-12-08")).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "pay").await, "2026-12-23", "{name}: fifteen days");
        w.step(&o.officer, m, "pay", json!({ "paid": "60000" })).await.unwrap();
        let said = refused(&w, &o.desk, m, "close", json!({})).await;
        assert!(said.contains("行政处罚决定书：已起草，尚未送达或公开"), "{said}");
        let view = w.matter(&o.officer, m).await;
        let paper = view.documents.iter().find(|d| d.name == "decision").unwrap();
        assert!(
            paper.html.zh.contains("处罚依据") && paper.html.zh.contains("违法事实"),
            "{name}: 行政处罚法 59: {}",
            paper.html.zh
        );
        for said in
            ["第一百二十四条第一款第一项", "统一社会信用代码", "罚款 60000 元", "六十日内", "法定代表人处以"]
        {
            assert!(paper.html.zh.contains(said), "{name}: {said}: {}", paper.html.zh);
        }
        w.publish(&o.second, m, "decision").await.unwrap();
        w.step(&o.desk, m, "close", json!({})).await.unwrap();
        assert_eq!(state(&w, &o.desk, m).await, "closed");
    }
}

#[tokio::test]
async fn a_penalty_on_the_spot_keeps_its_limits_and_counts_in_the_credit_file() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        let form = |party: &str, fine: &str, officers: &Json| {
            json!({
                "operator": w.shop.operator, "respondent": "虚构超市", "party": party, "officers": officers, "what": "未公示检查结果",
                "article": "食品安全法一百二十六条", "warning": false, "fine": fine, "decided_on": "2026-11-20",
            })
        };
        for (party, fine, said) in [
            ("unit", "3000.01", "当场处罚的限额"),
            ("citizen", "200.01", "当场处罚的限额"),
            ("unit", "0", "警告或者填写罚款"),
        ] {
            let no = open(&w, &o.officer, "summary_penalty", SHOP_COUNTY, form(party, fine, &officers)).await;
            let no = no.unwrap_err().user_text().unwrap();
            assert!(no.zh.contains(said), "{name}: {party} {fine}: {no:?}");
        }
        let alone = json!([{ "name": "甲", "certificate": "1" }]);
        assert!(
            open(&w, &o.officer, "summary_penalty", SHOP_COUNTY, form("unit", "100", &alone)).await.is_err()
        );
        let m = open(&w, &o.officer, "summary_penalty", SHOP_COUNTY, form("unit", "3000", &officers))
            .await
            .unwrap();
        let file = registry::credit_file(&w.app.store, w.shop.operator).await.unwrap();
        assert_eq!(file.len(), 1, "{name}: it counts from the decision");
        assert_eq!(
            due(&w, &o.officer, m, "pay").await,
            "2026-12-07",
            "{name}: fifteen days end on a Saturday"
        );
        let said = refused(&w, &o.officer, m, "warned", json!({})).await;
        assert!(said.contains("缴款"), "{said}");
        w.step(&o.officer, m, "pay", json!({ "paid_on": "2026-11-20", "how": "bank" })).await.unwrap();
        w.step(&o.officer, m, "file", json!({})).await.unwrap();
        let file = registry::credit_file(&w.app.store, w.shop.operator).await.unwrap();
        assert_eq!((file[0].kind.as_str(), file[0].text.as_str()), ("penalty", "未公示检查结果"), "{name}");
    }
}

#[tokio::test]
async fn every_penalty_proposed_is_told_and_a_licence_is_revoked_only_in_serious_circumstances() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let form = json!({
            "operator": w.shop.operator, "respondent": "张冠李戴有限公司", "source": "inspection", "what": "销售超过保质期的食品",
        });
        let m = open(&w, &o.officer, "penalty_case", SHOP_COUNTY, form).await.unwrap();
        let known = registry::operator(&w.app.store, w.shop.operator).await.unwrap().unwrap().name;
        assert_eq!(fact(&w, &o.officer, m, "respondent").await, known, "{name}: the name is the register's");
        assert!(w.matter(&o.officer, m).await.title.zh.starts_with(&known), "{name}");
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        w.step(&o.desk, m, "file", json!({ "reason": "涉嫌违法", "officers": officers })).await.unwrap();
        let assess = |serious: &str| {
            json!({
                "article": "a124_1_5", "goods_value": "9000", "illegal_gain": "500", "serious": serious,
                "crime_signs": false, "small_producer": false,
            })
        };
        w.step(&o.officer, m, "assess", assess("none")).await.unwrap();
        w.step(&o.officer, m, "evidence", evidence()).await.unwrap();
        let report = json!({
            "reason_text": "现场查获", "evidence_text": "现场笔录、照片", "discretion": "normal", "discretion_why": "无从轻情节", "fine": "80000",
            "confiscated": "500", "measure": "revoke",
        });
        let said = refused(&w, &o.officer, m, "report", report.clone()).await;
        assert!(said.contains("情节严重的才可以吊销许可证"), "{name}: {said}");
        w.step(&o.officer, m, "assess", assess("again")).await.unwrap();
        w.step(&o.officer, m, "report", report).await.unwrap();
        w.step(&o.desk, m, "notice", json!({})).await.unwrap();
        let view = w.matter(&o.officer, m).await;
        let paper = &view.documents.iter().find(|d| d.name == "notice").unwrap().html.zh;
        for told in [
            "罚款 80000 元",
            "没收违法所得 500 元",
            "吊销许可证",
            "五年内不得",
            "第一百二十四条第一款第五项",
            "现场笔录、照片",
            &known,
        ] {
            assert!(paper.contains(told), "{name}: {told}: {paper}");
        }
    }
}

#[tokio::test]
async fn what_is_only_checked_or_planned_is_not_shown_to_the_firm_it_names() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        let clue = json!({
            "operator": w.shop.operator, "respondent": "虚构超市", "source": "report", "what": "销售过期食品",
        });
        let visit = json!({
            "operator": w.shop.operator, "kind": "flying", "business": "sales", "scope_all": true, "officers": officers,
        });
        let clue = open(&w, &o.officer, "penalty_case", SHOP_COUNTY, clue).await.unwrap();
        let visit = open(&w, &o.officer, "inspection", SHOP_COUNTY, visit).await.unwrap();
        let app = &w.app;
        let own = flow::view::MatterFilter { operator: Some(w.shop.operator), ..Default::default() };
        let listed = async || {
            let page =
                flow::view::matters(&app.store, &app.engine, &app.access, &owner, w.now, &own, None, 9);
            page.await.unwrap().rows.into_iter().map(|m| m.id).collect::<Vec<_>>()
        };
        let seen = async |id| {
            flow::view::matter(&app.store, &app.engine, &app.access, &owner, w.now, id).await.is_ok()
        };
        assert!(listed().await.is_empty() && !seen(clue).await && !seen(visit).await, "{name}");
        let form = json!({ "reason": "涉嫌违法", "officers": officers });
        w.step(&o.desk, clue, "file", form).await.unwrap();
        assert_eq!((listed().await, seen(clue).await), (vec![clue], true), "{name}: the case is no secret");
    }
}
