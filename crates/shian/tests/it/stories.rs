//! Stories a practitioner would recognise: the procedures of the rulebook, run by the people who run them.

use crate::world::{MAKER_COUNTY, SHOP_COUNTY, World, person};
use access::{Principal, Role};
use base::Id;
use flow::{Authority, Request};
use serde_json::{Value as Json, json};
use sha2::Digest as _;

pub(crate) async fn open(
    w: &World,
    who: &Principal,
    procedure: &str,
    region: &str,
    form: Json,
) -> Result<Id, flow::Error> {
    let mut tx = w.app.store.begin().await.unwrap();
    let authority = Authority::Person { access: &w.app.access, who };
    let request = Request { region: region.to_owned(), form, ..Request::default() };
    let cx = w.cx(who);
    let opened = flow::open_by_form(&mut tx, &cx, &w.app.engine, authority, procedure, request).await?.matter;
    tx.commit().await.unwrap();
    Ok(opened)
}

/// What is said when a step is refused.
pub(crate) async fn refused(w: &World, who: &Principal, matter: Id, step: &str, form: Json) -> String {
    let said = w.step(who, matter, step, form).await.unwrap_err();
    said.user_text().unwrap_or_else(|| panic!("{said:?}")).zh.into_owned()
}

pub(crate) async fn fact(w: &World, who: &Principal, matter: Id, name: &str) -> String {
    let view = w.matter(who, matter).await;
    match &view.all_facts[name] {
        Json::String(s) => s.clone(),
        other => other.to_string(),
    }
}

pub(crate) async fn due(w: &World, who: &Principal, matter: Id, rule: &str) -> String {
    let view = w.matter(who, matter).await;
    let clock = view.clocks.iter().find(|c| c.rule == rule && c.met_at.is_none()).unwrap();
    clock.due.date.clone().unwrap()
}

pub(crate) async fn state(w: &World, who: &Principal, matter: Id) -> String {
    w.matter(who, matter).await.state
}

pub(crate) struct Office {
    pub(crate) officer: Principal,
    pub(crate) desk: Principal,
    pub(crate) second: Principal,
}

pub(crate) fn office(county: &str) -> Office {
    Office {
        officer: person(20, Role::Officer, county, None),
        desk: person(21, Role::Desk, county, None),
        second: person(22, Role::Desk, county, None),
    }
}

#[tokio::test]
async fn a_complaint_is_accepted_in_seven_working_days_mediated_in_sixty_and_told() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let form = json!({
            "respondent": "虚构超市", "respondent_address": "虚构路1号", "county": SHOP_COUNTY, "what": "买到过期挂面",
            "claim": "refund", "living": true, "elsewhere": false, "amount": "12.50",
        });
        let m = open(&w, &o.officer, "complaint", SHOP_COUNTY, form).await.unwrap();
        assert_eq!(w.matter(&o.officer, m).await.title.zh, "投诉：虚构超市", "{name}");
        // Friday 20 November 2026 and seven working days
        assert_eq!(due(&w, &o.officer, m, "accept").await, "2026-12-01");
        w.step(&o.officer, m, "accept", json!({})).await.unwrap();
        // sixty days end on 19 January 2027, whose holiday notice is not out
        assert_eq!(due(&w, &o.officer, m, "mediate").await, "2027-01-19");
        w.step(&o.officer, m, "test", json!({ "reason": "送检" })).await.unwrap();
        let view = w.matter(&o.officer, m).await;
        let clock = view.clocks.iter().find(|c| c.rule == "mediate").unwrap();
        assert_eq!(clock.due.state, base::clock::State::Suspended, "{name}: testing does not count");
        w.step(&o.officer, m, "tested", json!({})).await.unwrap();
        let form = json!({ "ground": "no_agreement", "explanation": "双方分歧较大" });
        w.step(&o.officer, m, "terminate", form).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "tell").await, "2026-12-01");
        let said = refused(&w, &o.officer, m, "told", json!({})).await;
        assert!(said.contains("投诉终止调解决定书：已起草"), "{said}");
        w.publish(&o.second, m, "termination").await.unwrap();
        w.step(&o.officer, m, "told", json!({})).await.unwrap();
        assert_eq!(state(&w, &o.officer, m).await, "closed");
    }
}

#[tokio::test]
async fn a_shop_gets_its_licence_loses_it_and_cannot_come_back_for_five_years() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let mut form = json!({
            "request": "new", "site_name": "虚构超市", "address": "虚构路1号", "class_code": "1",
            "items": "散装和预包装食品销售", "track": "ordinary",
        });
        let bare = open(&w, &owner, "licence_operation", SHOP_COUNTY, form.clone()).await;
        assert!(
            matches!(&bare, Err(flow::Error::Form { faults }) if faults[0].field == "papers"),
            "{bare:?}"
        );
        let papers = w.paper(&owner).await;
        form["papers"] = papers.clone();
        let m = open(&w, &owner, "licence_operation", SHOP_COUNTY, form).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "accept").await, "2026-11-27", "{name}");
        w.step(&o.officer, m, "accept", json!({})).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "decide").await, "2026-12-04");
        let examiners = json!([{ "name": "甲" }, { "name": "乙" }]);
        w.step(&o.officer, m, "send_check", json!({ "examiners": examiners })).await.unwrap();
        let found = json!({ "check_on": "2026-11-20", "check_result": "pass" });
        w.step(&o.officer, m, "check", found).await.unwrap();
        w.step(&o.desk, m, "grant", json!({})).await.unwrap();
        w.step(&o.officer, m, "issue", json!({})).await.unwrap();
        let number = fact(&w, &o.officer, m, "number").await;
        assert!(number.starts_with("JY1620104") && number.len() == 16, "{name}: {number}");
        assert_eq!(fact(&w, &o.officer, m, "expires").await, "2031-11-19");
        let held = registry::licences_by_number(&w.app.store, &number).await.unwrap().remove(0);
        assert_eq!(held.operator, w.shop.operator);
        assert!(held.in_force(w.now.china_date()) && held.check.warning().is_none(), "{name}");

        // given back: no certificate is made of it, and nothing more can be done with it
        let asked = |request: &str, number: &str| {
            json!({
                "request": request, "licence_number": number, "site_name": "虚构超市", "address": "虚构路1号", "class_code": "1",
                "items": "预包装食品销售", "track": "ordinary", "papers": papers,
            })
        };
        let spare = open(&w, &owner, "licence_operation", SHOP_COUNTY, asked("new", "")).await.unwrap();
        let given_back = |m| {
            let (w, o) = (&w, &o);
            async move {
                w.step(&o.officer, m, "accept", json!({})).await.unwrap();
                w.step(&o.officer, m, "review", json!({ "note": "齐全" })).await.unwrap();
                w.step(&o.desk, m, "grant", json!({})).await.unwrap();
            }
        };
        given_back(spare).await;
        w.step(&o.officer, spare, "issue", json!({})).await.unwrap();
        let second = fact(&w, &o.officer, spare, "number").await;
        let end = open(&w, &owner, "licence_operation", SHOP_COUNTY, asked("cancel", &second)).await.unwrap();
        given_back(end).await;
        let said = refused(&w, &o.officer, end, "issue", json!({})).await;
        assert!(said.contains("准予注销"), "{name}: {said}");
        w.step(&o.officer, end, "strike", json!({})).await.unwrap();
        let view = w.matter(&o.officer, end).await;
        assert_eq!(view.state, "struck", "{name}");
        assert!(view.documents.iter().all(|d| d.name != "certificate"), "{name}: {:?}", view.documents);
        let held = registry::licences_by_number(&w.app.store, &second).await.unwrap().remove(0);
        assert!(!held.in_force(w.now.china_date()), "{name}");
        let said =
            open(&w, &owner, "licence_operation", SHOP_COUNTY, asked("change", &second)).await.unwrap_err();
        assert!(said.user_text().unwrap().zh.contains("已经注销"), "{name}: {said}");

        // revoked: nothing may be granted to this operator for five years
        let form = json!({
            "operator": w.shop.operator, "licence_number": number, "kind": "revoked", "grounds": "情节严重", "case_no": "虚构罚〔2026〕1号",
        });
        let end = open(&w, &o.officer, "licence_end", SHOP_COUNTY, form).await.unwrap();
        w.step(&o.officer, end, "notice", json!({})).await.unwrap();
        w.publish(&o.second, end, "notice").await.unwrap();
        w.step(&owner, end, "answer", json!({ "answer": "无异议" })).await.unwrap();
        let decision = json!({ "decided_on": "2026-11-20" });
        let said = refused(&w, &o.desk, end, "cancel", decision.clone()).await;
        assert!(said.contains("不是注销"), "{said}");
        w.step(&o.desk, end, "revoke", decision).await.unwrap();
        let held = registry::licences_by_number(&w.app.store, &number).await.unwrap().remove(0);
        assert!(!held.in_force(w.now.china_date()), "{name}");
        let form = json!({
            "request": "new", "site_name": "虚构超市二店", "address": "虚构路2号", "class_code": "1",
            "items": "预包装食品销售", "track": "promise", "promise": true, "papers": papers,
        });
        let again = open(&w, &owner, "licence_operation", SHOP_COUNTY, form).await.unwrap();
        w.step(&o.officer, again, "accept", json!({})).await.unwrap();
        assert!(fact(&w, &o.officer, again, "screen_hits").await.contains("2031-11-20"), "{name}");
        let said = refused(&w, &o.desk, again, "trust", json!({})).await;
        assert!(said.contains("从业禁止"), "{said}");
    }
}

#[tokio::test]
async fn a_report_becomes_a_case_and_a_reward_by_the_national_scale() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let form = json!({
            "respondent": "虚构超市", "county": SHOP_COUNTY, "what": "更改生产日期", "named": true, "evidence": "direct",
        });
        let m = open(&w, &o.officer, "report", SHOP_COUNTY, form).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "check").await, "2026-12-11", "{name}: fifteen working days");
        w.step(&o.desk, m, "open_case", json!({ "outcome": "涉嫌违法" })).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "tell_opened").await, "2026-11-27");
        let case = w.matter(&o.desk, m).await.children[0].0;
        assert_eq!(w.matter(&o.desk, case).await.procedure, "penalty_case");
        assert_eq!(fact(&w, &o.desk, case, "respondent").await, "虚构超市");
        w.step(&o.officer, m, "tell_opened", json!({})).await.unwrap();

        // the reward: five per cent of 300,000 yuan
        let form = json!({ "respondent": "虚构超市", "what": "更改生产日期" });
        let r = open(&w, &o.officer, "reward", SHOP_COUNTY, form).await.unwrap();
        let assessment = |scheme: &str, level: &str, fine: &str| {
            json!({
                "in_scope": true, "concrete": true, "unknown_before": true, "verified": true, "excluded": "none",
                "scheme": scheme, "level": level, "fine": fine, "case_no": "1", "local_amount": "800000",
            })
        };
        w.step(&o.officer, r, "assess", assessment("national", "1", "300000")).await.unwrap();
        assert_eq!(fact(&w, &o.officer, r, "amount").await, "15000", "{name}");
        // never below the floor, never above the cap
        for (scheme, level, fine, amount) in [
            ("national", "3", "0", "1000"),
            ("national", "2", "50000", "3000"),
            ("national", "1", "50000000", "1000000"),
            ("gansu", "1", "0", "500000"),
        ] {
            w.step(&o.desk, r, "return", json!({ "reason": "重评" })).await.unwrap();
            w.step(&o.officer, r, "assess", assessment(scheme, level, fine)).await.unwrap();
            assert_eq!(fact(&w, &o.officer, r, "amount").await, amount, "{name}: {scheme} {level} {fine}");
        }
        let said = refused(&w, &o.desk, r, "approve", json!({})).await;
        assert!(said.contains("财政"), "{said}");
        w.step(&o.officer, r, "consult", json!({ "finance": "agrees" })).await.unwrap();
        w.step(&o.desk, r, "approve", json!({})).await.unwrap();
        assert_eq!(due(&w, &o.officer, r, "tell").await, "2026-12-11");
        let form = json!({ "respondent": "虚构超市", "what": "另一人举报同一案" });
        let late = open(&w, &o.officer, "reward", SHOP_COUNTY, form).await.unwrap();
        w.step(&o.officer, late, "assess", assessment("national", "1", "0")).await.unwrap();
        let said = refused(&w, &o.desk, late, "approve", json!({})).await;
        assert!(said.contains("不重复办理"), "{name}: one case is rewarded once: {said}");
    }
}

#[tokio::test]
async fn who_reported_is_opened_by_two_persons_only_and_each_look_is_journalled() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let form =
            json!({ "respondent": "虚构超市", "county": SHOP_COUNTY, "what": "更改生产日期", "named": true });
        let m = open(&w, &o.officer, "report", SHOP_COUNTY, form).await.unwrap();
        let (store, access) = (&w.app.store, &w.app.access);
        let identity =
            registry::Identity { name: "虚构举报人".to_owned(), ..registry::Identity::default() };
        let new = registry::NewReporter {
            matter: m,
            region: SHOP_COUNTY.to_owned(),
            agency: "market".to_owned(),
            guarded: true,
            code: "0123456789".to_owned(),
            identity: identity.clone(),
        };
        let mut tx = store.begin().await.unwrap();
        let permit = ledger::Permit::system("test");
        registry::keep_reporter(&mut tx, &w.cx(&o.officer), access, &permit, new).await.unwrap();
        tx.commit().await.unwrap();
        assert!(registry::is_reporter(store, access, m, "0123456789").await.unwrap(), "{name}");
        assert!(!registry::is_reporter(store, access, m, "0123456780").await.unwrap());

        let secret = |mut p: Principal| {
            for g in &mut p.grants {
                g.ceiling = access::CONFIDENTIAL;
            }
            p
        };
        let (asks, grants) = (secret(o.desk.clone()), secret(o.second.clone()));
        let mut tx = store.begin().await.unwrap();
        let denied = registry::ask_identity(&mut tx, &w.cx(&o.officer), access, &o.officer, m, "好奇").await;
        assert!(matches!(denied, Err(registry::Error::Denied(_))), "{name}: not for the officer of the case");
        let early = registry::read_identity(&mut tx, &w.cx(&asks), access, &asks, m).await;
        assert!(early.is_err(), "{name}: not before a grant");
        let asking =
            registry::ask_identity(&mut tx, &w.cx(&asks), access, &asks, m, "核发奖励").await.unwrap();
        let own = registry::grant_identity(&mut tx, &w.cx(&asks), access, &asks, m, asking).await;
        assert!(matches!(own, Err(registry::Error::Denied(_))), "{name}: nobody grants the own asking");
        registry::grant_identity(&mut tx, &w.cx(&grants), access, &grants, m, asking).await.unwrap();
        let other = registry::read_identity(&mut tx, &w.cx(&grants), access, &grants, m).await;
        assert!(other.is_err(), "{name}: a grant opens it to who asked");
        let read = registry::read_identity(&mut tx, &w.cx(&asks), access, &asks, m).await.unwrap();
        assert_eq!(read, identity, "{name}");
        tx.commit().await.unwrap();
        let sql = "select count(*) as n from journal where kind in ('reporter.kept', 'reporter.asked', 'reporter.granted', 'reporter.read')";
        assert_eq!(store.one(sql, &[]).await.unwrap().int("n").unwrap(), 4, "{name}");
        let leak = "select count(*) as n from journal where canonical like '%虚构举报人%'";
        assert_eq!(store.one(leak, &[]).await.unwrap().int("n").unwrap(), 0, "{name}");
    }
}

#[tokio::test]
async fn an_inspection_by_two_officers_is_published_and_its_grade_says_why() {
    for (name, w) in World::all().await {
        let o = office(SHOP_COUNTY);
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        let form = |officers: &Json| {
            json!({
                "operator": w.shop.operator, "kind": "daily", "business": "sales", "scope_all": true,
                "officers": officers,
            })
        };
        let alone = json!([{ "name": "甲", "certificate": "1" }]);
        assert!(
            open(&w, &o.officer, "inspection", SHOP_COUNTY, form(&alone)).await.is_err(),
            "{name}: two at least"
        );
        let m = open(&w, &o.officer, "inspection", SHOP_COUNTY, form(&officers)).await.unwrap();
        // nobody hears of an inspection before the officers stand at the door
        let owner = person(30, Role::Firm, "62", Some(w.shop.operator));
        let filter = flow::view::MatterFilter::default();
        let sees = async || {
            let (a, now) = (&w.app, w.app.now());
            let one = flow::view::matter(&a.store, &a.engine, &a.access, &owner, now, m).await.is_ok();
            let list =
                flow::view::matters(&a.store, &a.engine, &a.access, &owner, now, &filter, None, 50).await;
            let listed = list.unwrap().rows.iter().any(|line| line.id == m);
            assert_eq!(one, listed, "{name}: the list shows what can be opened");
            one
        };
        assert!(!sees().await, "{name}: announced to the shop");
        let definition = w.app.engine.procedure("inspection").unwrap().definition.clone();
        let items = &definition.form("record").unwrap().field("sales").unwrap().items;
        let answers: Vec<Json> = items
            .iter()
            .map(|i| match i.id.as_str() {
                "storage" => json!({ "item": i.id, "result": "fail", "note": "离墙不足" }),
                "label" => json!({ "item": i.id, "result": "minor", "note": "字迹不清" }),
                _ => json!({ "item": i.id, "result": "pass" }),
            })
            .collect();
        let record = json!({ "checked_on": "2026-11-20", "business": "sales", "sales": answers });
        w.step(&o.officer, m, "check", record).await.unwrap();
        assert!(sees().await, "{name}: recorded in the shop's presence");
        let view = w.matter(&o.officer, m).await;
        assert_eq!(view.all_facts["general_failed"], json!(1), "{name}");
        assert_eq!(view.all_facts["key_failed"], json!(0));
        assert_eq!(view.all_facts["result"], json!("correct"));
        assert_eq!(due(&w, &o.officer, m, "publish").await, "2026-12-18", "{name}: twenty working days");
        w.step(&o.officer, m, "serve", json!({ "handling": "written", "correct_by": "2026-12-01" }))
            .await
            .unwrap();
        w.step(&o.officer, m, "order", json!({ "correct_by": "2026-12-01", "reason": "改正贮存" }))
            .await
            .unwrap();
        assert_eq!(due(&w, &o.officer, m, "correct").await, "2026-12-01", "{name}: the day of the order");
        w.step(&owner, m, "reply", json!({ "reply": "已在整改" })).await.unwrap();
        let mut done = json!({ "reported": "货架已移位", "photos": [] });
        let said = w.step(&o.officer, m, "record_done", done.clone()).await.unwrap_err();
        assert!(
            matches!(&said, flow::Error::Form { faults } if faults[0].field == "photos"),
            "{name}: what was put right is shown: {said:?}"
        );
        done["photos"] = w.paper(&o.officer).await;
        w.step(&o.officer, m, "record_done", done).await.unwrap();

        // grade: the table of sellers and the failed points
        let form =
            json!({ "operator": w.shop.operator, "business": "sales", "occasion": "yearly", "year": "2026" });
        let g = open(&w, &o.officer, "risk_grade", SHOP_COUNTY, form).await.unwrap();
        let points = json!({
            "business": "sales", "area": "300", "packed": "1500", "chilled": "80", "bulk_chilled": "20", "suppliers": "60",
            "livestock": true, "made": "5", "key_failed": "1", "general_failed": "2", "minor": "2",
            "raises": ["failed_sample"],
        });
        w.step(&o.officer, g, "score", points).await.unwrap();
        // 2 + 0.5 + 0.5 + 1 + 2 + 4 + 3
        assert_eq!(fact(&w, &o.officer, g, "static").await, "13", "{name}");
        assert_eq!(fact(&w, &o.officer, g, "dynamic").await, "11");
        w.step(&o.officer, g, "grade", json!({ "raise_reasons": "国家抽检一批次不合格" })).await.unwrap();
        assert_eq!(fact(&w, &o.officer, g, "base_grade").await, "A");
        assert_eq!(fact(&w, &o.officer, g, "grade").await, "B", "{name}: raised one level");
        w.step(&o.desk, g, "decide", json!({})).await.unwrap();
        let grades = registry::grades_of(&w.app.store, w.shop.operator).await.unwrap();
        assert_eq!((grades[0].0.as_str(), grades[0].1.as_str()), ("risk", "B"), "{name}");
    }
}

#[tokio::test]
async fn a_transfer_is_signed_for_by_police_and_procuratorate_refused_and_opened_on_the_procuratorates_order()
{
    for (name, w) in World::all().await {
        let o = office(MAKER_COUNTY);
        let police = access::testing::principal(40, Role::Desk, MAKER_COUNTY, "police", None);
        let officers = json!([{ "name": "甲", "certificate": "1" }, { "name": "乙", "certificate": "2" }]);
        let prosecutor = access::testing::principal(41, Role::Desk, MAKER_COUNTY, "procuratorate", None);
        let files = w.paper(&o.officer).await;
        let form = json!({
            "respondent": "虚构面业", "what": "有毒有害食品", "crime": "c144", "officers": officers, "files": files,
        });
        let m = open(&w, &o.officer, "criminal_transfer", MAKER_COUNTY, form).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "head").await, "2026-11-23", "{name}: three days, calendar");
        w.step(&o.desk, m, "approve", json!({})).await.unwrap();
        assert_eq!(fact(&w, &o.desk, m, "manifest").await.len(), 64, "{name}");
        let sees = |who: &Principal| {
            let (who, w) = (who.clone(), &w);
            async move {
                let (app, now) = (&w.app, w.now);
                flow::view::package(&app.store, &app.engine, &app.access, &who, now, m).await
            }
        };
        assert!(sees(&police).await.is_err(), "{name}: not before it was delivered");
        let view = w.matter(&o.desk, m).await;
        let clock = view.clocks.iter().find(|c| c.rule == "deliver").unwrap();
        assert_eq!(clock.due.at, Some(w.now.plus_seconds(24 * 3600)), "{name}: hours through the night");
        let alone =
            refused(&w, &o.officer, m, "deliver", json!({ "delivered_on": "2026-11-20", "copied": false }))
                .await;
        assert!(alone.contains("抄送"), "{alone}");
        let form = json!({ "delivered_on": "2026-11-20", "copied": true });
        w.step(&o.officer, m, "deliver", form).await.unwrap();
        let sign = json!({ "police_no": "公受1", "manifest_matches": true, "signer": { "name": "丙" } });
        assert!(
            w.step(&o.desk, m, "sign", sign.clone()).await.is_err(),
            "{name}: the police sign, nobody else"
        );
        w.step(&police, m, "sign", sign.clone()).await.unwrap();
        let copy = json!({ "manifest_matches": true, "signer": { "name": "丁" } });
        assert!(
            w.step(&police, m, "take_copy", copy.clone()).await.is_err(),
            "{name}: the copy is not theirs"
        );
        w.step(&prosecutor, m, "take_copy", copy).await.unwrap();
        let package = sees(&prosecutor).await.unwrap();
        assert_eq!(sees(&police).await.unwrap(), package, "{name}");
        assert!(package.papers.iter().any(|p| files[0] == p.sha256.as_str() && p.text.is_none()), "{name}");
        for (note, department) in
            [("sent_note", "market"), ("received_note", "police"), ("copied_note", "procuratorate")]
        {
            let signed = fact(&w, &o.desk, m, note).await;
            let signer = w.app.access.vault().agency_signer(department, MAKER_COUNTY);
            let text = ledger::note::signed_text(&signed, &ledger::Signer::verifier_key(&signer)).unwrap();
            let manifest = hex::encode(sha2::Sha256::digest(package.manifest.as_bytes()));
            assert!(text.contains(&format!("manifest {manifest}\n")), "{name}: {note}");
        }
        w.step(&police, m, "decline", json!({ "police_reason": "证据不足" })).await.unwrap();
        w.step(&o.officer, m, "ask_review", json!({ "reason": "有新证据" })).await.unwrap();
        w.step(&police, m, "uphold", json!({ "police_reason": "证据仍不足" })).await.unwrap();
        w.step(&o.officer, m, "ask_supervision", json!({ "reason": "应当立案" })).await.unwrap();
        let early = refused(&w, &prosecutor, m, "order_open", json!({ "order": "检通1" })).await;
        assert!(early.contains("说明不立案理由"), "{name}: {early}");
        w.step(&prosecutor, m, "ask_reasons", json!({ "reasons_asked": "检要1" })).await.unwrap();
        w.step(&police, m, "state_reasons", json!({ "police_reason": "见卷" })).await.unwrap();
        w.step(&prosecutor, m, "order_open", json!({ "order": "检通1" })).await.unwrap();
        assert_eq!(
            due(&w, &o.officer, m, "ordered").await,
            "2026-12-07",
            "{name}: fifteen days end on a Saturday"
        );
        w.step(&police, m, "open", json!({ "decision": "公立1" })).await.unwrap();
        assert_eq!(due(&w, &o.officer, m, "hand_over").await, "2026-11-23", "{name}");
    }
}

#[tokio::test]
async fn a_banquet_above_a_hundred_diners_needs_a_visit_and_a_drill_never_reaches_the_public() {
    for (name, w) in World::all().await {
        let o = office("620802");
        let banquet = |diners: &str| {
            json!({
                "county": "620802", "place": "虚构村", "host": { "name": "主家" }, "cook": { "name": "厨师" },
                "held_on": "2026-11-28", "diners": diners, "meals": "2", "menu": "八大碗", "water": "mains",
                "cook_certified": true, "retention": true,
            })
        };
        let m = open(&w, &o.officer, "rural_banquet", "620802", banquet("120")).await.unwrap();
        assert_eq!(fact(&w, &o.officer, m, "care").await, "visit", "{name}");
        w.step(&o.officer, m, "accept", json!({})).await.unwrap();
        let closing = json!({ "retained": "每菜留样", "outcome": "无异常" });
        let said = refused(&w, &o.officer, m, "close_unvisited", closing.clone()).await;
        assert!(said.contains("百人以上"), "{said}");
        w.step(&o.officer, m, "guide", json!({ "visited_on": "2026-11-20", "advice": "烧熟煮透" }))
            .await
            .unwrap();
        w.step(&o.officer, m, "close", closing).await.unwrap();
        let small = open(&w, &o.officer, "rural_banquet", "620802", banquet("60")).await.unwrap();
        assert_eq!(fact(&w, &o.officer, small, "care").await, "guidance");

        let form = json!({
            "drill": true, "county": "620802", "place": "虚构学校", "happened_on": "2026-11-20", "ill": "35", "dead": "0",
            "symptoms": "腹泻", "reporter": "校医",
        });
        let mut tomorrow = form.clone();
        tomorrow["happened_on"] = json!("2026-11-21");
        let said = open(&w, &o.officer, "incident", "620802", tomorrow).await.unwrap_err();
        assert!(said.user_text().unwrap().zh.contains("发生日期：不能晚于今天"), "{name}: {said}");
        let m = open(&w, &o.officer, "incident", "620802", form).await.unwrap();
        let view = w.matter(&o.desk, m).await;
        assert!(view.drill && view.title.zh.starts_with("【演练 DRILL】"), "{name}: {:?}", view.title);
        assert!(view.title.en.starts_with("[DRILL 演练]"), "{name}");
        let figures = json!({ "verified": "核实", "ill": "55", "dead": "0", "counties": "1", "cities": "1", "school": true });
        w.step(&o.officer, m, "verify", figures).await.unwrap();
        assert_eq!(fact(&w, &o.desk, m, "level").await, "II", "{name}: fifty ill at a school");
        let said = refused(&w, &o.desk, m, "respond", json!({})).await;
        assert!(said.contains("食品安全事件报告：尚无"), "{name}: {said}");
        let told = json!({ "kind": "first", "to": "上级和同级政府", "note": "三十五人发病，正在救治" });
        w.step(&o.officer, m, "report_up", told).await.unwrap();
        w.step(&o.desk, m, "respond", json!({})).await.unwrap();
        let said = refused(&w, &o.officer, m, "release", json!({ "release": "通报" })).await;
        assert!(said.contains("演练"), "{said}");
        // every paper says so, none is for the public, and none is published
        w.step(&o.officer, m, "release_drill", json!({ "release": "通报" })).await.unwrap();
        let view = w.matter(&o.desk, m).await;
        assert!(view.documents.len() >= 2, "{name}");
        for d in &view.documents {
            assert!(d.title.zh.starts_with("【演练 DRILL】") && d.audience == "internal", "{name}: {d:?}");
            assert!(d.html.zh.matches("演练 DRILL").count() >= 2 && d.html.en.contains("DRILL"), "{name}");
        }
        let said = w.publish(&o.second, m, "response").await.unwrap_err();
        assert!(said.user_text().is_some_and(|t| t.zh.contains("演练")), "{name}: {said:?}");
        // lists and the journal say so; a real incident beside it does not
        let filter =
            flow::view::MatterFilter { procedure: Some("incident".to_owned()), ..Default::default() };
        let app = &w.app;
        let list =
            flow::view::matters(&app.store, &app.engine, &app.access, &o.desk, w.now, &filter, None, 10);
        assert!(
            list.await.unwrap().rows.iter().all(|l| l.drill && l.title.zh.contains("演练 DRILL")),
            "{name}"
        );
        let said = "select canonical from journal where subject = $1";
        for row in app.store.query(said, &[format!("matter:{m}").into()]).await.unwrap() {
            assert!(row.text("canonical").unwrap().contains("\"drill\":true"), "{name}");
        }
        let real = json!({
            "drill": false, "county": "620802", "place": "虚构食堂", "happened_on": "2026-11-20", "ill": "3", "dead": "0",
            "symptoms": "腹泻", "reporter": "校医",
        });
        let m = open(&w, &o.officer, "incident", "620802", real).await.unwrap();
        let view = w.matter(&o.desk, m).await;
        assert!(!view.drill && !view.title.zh.contains("演练"), "{name}");
    }
}
