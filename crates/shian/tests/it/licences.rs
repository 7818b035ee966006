//! Licences, registrations and filings as applicants and officers meet them: silence that accepts, windows that close, certificates.

use crate::stories::{due, fact, office, open, refused, state};
use crate::world::{SHOP_COUNTY, World, person};
use access::{Principal, Role};
use base::{Id, Instant};
use serde_json::{Value as Json, json};

fn owner(w: &World) -> Principal {
    person(30, Role::Firm, "62", Some(w.shop.operator))
}

fn application(request: &str, number: &str, name: &str, papers: &Json) -> Json {
    json!({
        "request": request, "licence_number": number, "site_name": name, "address": "虚构路1号", "class_code": "1",
        "items": "散装和预包装食品销售", "track": "ordinary", "papers": papers,
    })
}

/// What is said when an opening is refused.
async fn unopened(w: &World, who: &Principal, procedure: &str, form: Json) -> String {
    let said = open(w, who, procedure, SHOP_COUNTY, form).await.unwrap_err();
    said.user_text().unwrap_or_else(|| panic!("{said:?}")).zh.into_owned()
}

/// From acceptance to the certificate, without a check on site.
async fn certificate(w: &World, m: Id) -> String {
    let o = office(SHOP_COUNTY);
    w.step(&o.officer, m, "accept", json!({})).await.unwrap();
    w.step(&o.officer, m, "review", json!({ "note": "齐全" })).await.unwrap();
    w.step(&o.desk, m, "grant", json!({})).await.unwrap();
    w.step(&o.officer, m, "issue", json!({})).await.unwrap();
    fact(w, &o.officer, m, "number").await
}

async fn sweep(w: &World) -> flow::Swept {
    flow::sweep(&w.app.store, &w.app.engine, &w.app.ids, w.now).await.unwrap()
}

#[tokio::test]
async fn an_application_nobody_answered_in_five_working_days_counts_as_accepted_from_its_receipt() {
    for (name, mut w) in World::all().await {
        let (o, owner) = (office(SHOP_COUNTY), owner(&w));
        let papers = w.paper(&owner).await;
        let m =
            open(&w, &owner, "licence_operation", SHOP_COUNTY, application("new", "", "虚构超市", &papers));
        let m = m.await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "accept").await, "2026-11-27", "{name}");
        w.now = Instant::parse("2026-11-27T23:00:00+08:00").unwrap();
        assert_eq!(sweep(&w).await.lapsed, 0, "{name}: the last day is not over");
        w.now = Instant::parse("2026-11-28T00:10:00+08:00").unwrap();
        assert_eq!((sweep(&w).await.lapsed, sweep(&w).await.lapsed), (1, 0), "{name}: once");
        assert_eq!(state(&w, &o.officer, m).await, "accepted", "{name}");
        assert_eq!(fact(&w, &o.officer, m, "accepted_on").await, "2026-11-20", "{name}");
        // ten working days from the receipt, not from the lapse
        assert_eq!(due(&w, &o.officer, m, "decide").await, "2026-12-04", "{name}");
        let view = w.matter(&o.officer, m).await;
        let paper = view.documents.iter().find(|d| d.name == "acceptance").unwrap();
        assert!(paper.html.zh.contains("视为受理") && paper.html.en.contains("deemed accepted"), "{name}");
        assert!(view.steps.last().unwrap().login != o.officer.login, "{name}: nobody pressed for it");
        // asked once for what is missing, the time counts from the completion
        let again =
            open(&w, &owner, "licence_operation", SHOP_COUNTY, application("new", "", "虚构二店", &papers));
        let again = again.await.unwrap();
        w.step(&o.officer, again, "ask", json!({ "correction": "缺布局图" })).await.unwrap();
        w.now = Instant::parse("2026-12-07T10:00:00+08:00").unwrap();
        assert_eq!(sweep(&w).await.lapsed, 0, "{name}: the firm has the papers");
        w.step(&owner, again, "complete", json!({ "papers": papers })).await.unwrap();
        w.now = Instant::parse("2026-12-15T10:00:00+08:00").unwrap();
        assert_eq!(sweep(&w).await.lapsed, 1, "{name}");
        assert_eq!(fact(&w, &o.officer, again, "accepted_on").await, "2026-12-07", "{name}");
    }
}

#[tokio::test]
async fn a_renewal_keeps_its_window_and_a_replacement_says_what_was_granted() {
    for (name, mut w) in World::all().await {
        let (o, owner) = (office(SHOP_COUNTY), owner(&w));
        let papers = w.paper(&owner).await;
        let m =
            open(&w, &owner, "licence_operation", SHOP_COUNTY, application("new", "", "虚构超市", &papers));
        let number = certificate(&w, m.await.unwrap()).await;
        let renew = application("renew", &number, "虚构超市", &papers);
        let said = unopened(&w, &owner, "licence_operation", renew.clone()).await;
        assert!(said.contains("最早自 2031-"), "{name}: {said}");
        // lost: whatever is typed, the new certificate says what was granted
        let mut lost = application("replace", &number, "另一家店", &papers);
        lost["address"] = json!("别处2号");
        lost["items"] = json!("生食类制售");
        let m = open(&w, &owner, "licence_operation", SHOP_COUNTY, lost).await.unwrap();
        for (fact_name, granted) in
            [("site_name", "虚构超市"), ("address", "虚构路1号"), ("items", "散装和预包装食品销售")]
        {
            assert_eq!(fact(&w, &o.officer, m, fact_name).await, granted, "{name}");
        }
        assert_eq!(certificate(&w, m).await, number, "{name}: the same number");
        let view = w.matter(&o.officer, m).await;
        let paper = view.documents.iter().find(|d| d.name == "certificate").unwrap();
        let holder = registry::operator(&w.app.store, w.shop.operator).await.unwrap().unwrap();
        assert!(
            paper.html.zh.contains(&holder.name) && paper.html.zh.contains(&holder.code),
            "{name}: a certificate names its holder: {}",
            paper.html.zh
        );
        assert!(paper.html.zh.contains("虚构路1号") && !paper.html.zh.contains("别处2号"), "{name}");
        // five years on: inside the window, and after it
        w.now = Instant::parse("2031-09-15T09:00:00+08:00").unwrap();
        let m = open(&w, &owner, "licence_operation", SHOP_COUNTY, renew.clone()).await.unwrap();
        assert_eq!(certificate(&w, m).await, number, "{name}");
        assert_eq!(fact(&w, &o.officer, m, "expires").await, "2036-11-19", "{name}: from the old end");
        w.now = Instant::parse("2036-11-18T09:00:00+08:00").unwrap();
        let said = unopened(&w, &owner, "licence_operation", renew).await;
        assert!(said.contains("现已逾期"), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_producer_is_checked_on_site_in_five_days_and_gets_its_number_of_the_class() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let papers = w.paper(&o.officer).await;
        let mut form = application("new", "", "虚构面业", &papers);
        form["operator"] = json!(w.maker.operator);
        form["class_code"] = json!("101");
        let m = open(&w, &o.officer, "licence_production", SHOP_COUNTY, form).await.unwrap();
        w.step(&o.officer, m, "accept", json!({})).await.unwrap();
        let alone = json!({ "examiners": [{ "name": "甲" }] });
        assert!(w.step(&o.officer, m, "send_check", alone).await.is_err(), "{name}: two at least");
        let two = json!({ "examiners": [{ "name": "甲" }, { "name": "乙" }] });
        w.step(&o.officer, m, "send_check", two).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "site_check").await, "2026-11-27", "{name}");
        let more = |days: &str| json!({ "days": days, "reason": "复杂" });
        assert!(w.step(&o.desk, m, "extend", more("6")).await.is_err(), "{name}: five at most");
        w.step(&o.desk, m, "extend", more("5")).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "decide").await, "2026-12-11", "{name}: ten and five");
        let found = json!({ "check_on": "2026-11-20", "check_result": "pass" });
        w.step(&o.officer, m, "check", found).await.unwrap();
        assert!(w.step(&o.officer, m, "grant", json!({})).await.is_err(), "{name}: a desk decides");
        w.step(&o.desk, m, "grant", json!({})).await.unwrap();
        w.step(&o.officer, m, "issue", json!({})).await.unwrap();
        let number = fact(&w, &o.officer, m, "number").await;
        assert!(number.starts_with("SC101620104") && number.len() == 16, "{name}: {number}");
        let held = registry::licences_by_number(&w.app.store, &number).await.unwrap().remove(0);
        assert!(held.check.warning().is_none() && held.operator == w.maker.operator, "{name}");
    }
}

#[tokio::test]
async fn a_small_shop_is_registered_on_its_promise_and_a_workshop_is_checked_first() {
    for (name, w) in World::all().await {
        let (o, owner) = (office(SHOP_COUNTY), owner(&w));
        let papers = w.paper(&owner).await;
        let form = |category: &str, area: &str| {
            json!({
                "request": "new", "category": category, "site_name": "虚构小店", "address": "虚构路1号", "area": area, "items": "预包装食品",
                "licence_held": true, "health": papers, "promise": true,
            })
        };
        for (category, area) in [("caterer", "60.5"), ("shop", "30.5")] {
            let large = open(&w, &owner, "small_registration", SHOP_COUNTY, form(category, area)).await;
            assert!(large.is_err(), "{name}: {category} of {area} m² is no small one");
        }
        let m = open(&w, &owner, "small_registration", SHOP_COUNTY, form("shop", "30")).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "decide").await, "2026-12-04", "{name}: ten working days in Gansu");
        w.step(&o.desk, m, "trust", json!({})).await.unwrap();
        assert_eq!(fact(&w, &o.officer, m, "expires").await, "2029-11-19", "{name}: three years");
        assert_eq!(
            due(&w, &o.officer, m, "inspect").await,
            "2027-01-04",
            "{name}: thirty working days, none on New Year's Day"
        );
        let found = json!({ "check_on": "2026-11-20", "check_result": "fail" });
        let said = refused(&w, &o.officer, m, "inspect_ok", found).await;
        assert!(said.contains("责令改正"), "{name}: {said}");
        w.step(&o.officer, m, "order", json!({ "reason": "无防蝇设施" })).await.unwrap();
        w.step(&o.desk, m, "revoke", json!({ "grounds": "逾期未改" })).await.unwrap();
        assert_eq!(state(&w, &o.officer, m).await, "revoked", "{name}");
        let workshop =
            open(&w, &owner, "small_registration", SHOP_COUNTY, form("workshop", "80")).await.unwrap();
        let said = refused(&w, &o.desk, workshop, "trust", json!({})).await;
        assert!(said.contains("小作坊须先现场核查"), "{name}: {said}");
        let found = json!({ "check_on": "2026-11-20", "check_result": "pass" });
        w.step(&o.officer, workshop, "check", found).await.unwrap();
        w.step(&o.desk, workshop, "register", json!({})).await.unwrap();
        assert_eq!(fact(&w, &o.officer, workshop, "expires").await, "2029-11-19", "{name}");
    }
}

#[tokio::test]
async fn a_filing_is_completed_once_and_bears_its_number() {
    for (name, w) in World::all().await {
        let (o, owner) = (office(SHOP_COUNTY), owner(&w));
        for (procedure, class, number) in
            [("filing_prepackaged", "2", "YB2620104"), ("filing_additive", "additive", "甘添备2026")]
        {
            let form = json!({
                "request": "new", "site_name": "虚构超市", "address": "虚构路1号", "class_code": class, "items": "预包装食品",
            });
            let m = open(&w, &owner, procedure, SHOP_COUNTY, form.clone()).await.unwrap();
            assert_eq!(due(&w, &o.officer, m, "register").await, "2026-11-27", "{name}: {procedure}");
            w.step(&o.officer, m, "return", json!({ "correction": "缺营业执照" })).await.unwrap();
            let papers = w.paper(&owner).await;
            w.step(&owner, m, "complete", json!({ "papers": papers })).await.unwrap();
            w.step(&o.officer, m, "register", json!({})).await.unwrap();
            let given = fact(&w, &o.officer, m, "number").await;
            assert!(given.starts_with(number), "{name}: {procedure}: {given}");
            // given back: the number ends, and nothing more is made of it
            let mut end = form;
            end["request"] = json!("cancel");
            end["licence_number"] = json!(given);
            let end = open(&w, &owner, procedure, SHOP_COUNTY, end).await.unwrap();
            let said = refused(&w, &o.officer, end, "register", json!({})).await;
            assert!(said.contains("准予注销"), "{name}: {said}");
            w.step(&o.officer, end, "strike", json!({})).await.unwrap();
            let held = registry::licences_by_number(&w.app.store, &given).await.unwrap().remove(0);
            assert!(!held.in_force(w.now.china_date()), "{name}: {procedure}");
        }
    }
}

#[tokio::test]
async fn an_interview_is_called_held_answered_and_kept_in_the_credit_file() {
    for (name, w) in World::all().await {
        let (o, owner) = (office(SHOP_COUNTY), owner(&w));
        let form = json!({
            "object": "虚构超市负责人", "kind": "firm", "operator": w.shop.operator, "reason": "隐患未消除",
        });
        let m = open(&w, &o.officer, "interview", SHOP_COUNTY, form).await.unwrap();
        let call = |day: &str| json!({ "meeting_on": day, "place": "虚构会议室", "chair": "丙" });
        let said = refused(&w, &o.officer, m, "call", call("2026-11-19")).await;
        assert!(said.contains("“约谈日期”不能早于 2026-11-20"), "{name}: {said}");
        w.step(&o.officer, m, "call", call("2026-11-25")).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "hold").await, "2026-11-25", "{name}: the day it is called for");
        let minutes = json!({ "demand": "三十日内整改", "due_on": "2026-12-20" });
        let said = refused(&w, &o.officer, m, "hold", minutes.clone()).await;
        assert!(said.contains("尚未送达"), "{name}: {said}");
        w.publish(&o.second, m, "call").await.unwrap();
        w.step(&o.officer, m, "hold", minutes).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "answer").await, "2026-12-20", "{name}: a Sunday, as was written");
        let file = registry::credit_file(&w.app.store, w.shop.operator).await.unwrap();
        assert_eq!((file[0].kind.as_str(), file[0].text.as_str()), ("interview", "隐患未消除"), "{name}");
        // the firm's own time is on its page of duties, the authority's is not
        let duties = |turn| {
            let (w, owner) = (&w, &owner);
            async move {
                let filter = flow::view::MatterFilter {
                    operator: Some(w.shop.operator),
                    running: Some(true),
                    turn: Some(turn),
                    ..flow::view::MatterFilter::default()
                };
                let app = &w.app;
                let page =
                    flow::view::matters(&app.store, &app.engine, &app.access, owner, w.now, &filter, None, 9);
                let rows = page.await.unwrap().rows;
                rows.into_iter().map(|r| (r.id, r.due.map(|d| d.title.zh.into_owned()))).collect::<Vec<_>>()
            }
        };
        use flow::view::Turn;
        assert_eq!(duties(Turn::Operator).await, [(m, Some("反馈整改情况".to_owned()))], "{name}");
        assert!(duties(Turn::Authority).await.is_empty(), "{name}");
        w.step(&owner, m, "answer", json!({ "feedback": "已整改" })).await.unwrap();
        assert!(duties(Turn::Operator).await.is_empty(), "{name}");
        assert_eq!(duties(Turn::Authority).await, [(m, Some("核查整改".to_owned()))], "{name}");
        let said = w.step(&o.officer, m, "return", json!({ "reason": "不到位" })).await.unwrap_err();
        assert!(
            matches!(&said, flow::Error::Form { faults } if faults[0].field == "due_on"),
            "{name}: {said:?}"
        );
        let again = json!({ "reason": "不到位", "due_on": "2027-01-15" });
        w.step(&o.officer, m, "return", again).await.unwrap();
        assert_eq!(
            due(&w, &o.officer, m, "answer").await,
            "2027-01-15",
            "{name}: a new day with each return"
        );
        w.step(&owner, m, "answer", json!({ "feedback": "再整改" })).await.unwrap();
        assert!(w.step(&o.officer, m, "close", json!({})).await.is_err(), "{name}: a desk decides");
        w.step(&o.desk, m, "close", json!({})).await.unwrap();
        assert_eq!(state(&w, &o.desk, m).await, "closed", "{name}");
    }
}
