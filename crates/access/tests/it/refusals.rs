//! A refusal names the missing right and who could do it; policies that cannot be trusted do not load.

use access::{Access, Principal, Reason, Resource, Role, Vault, testing};
use base::{Date, Id, Instant};
use std::ops::Add;

fn now() -> Instant {
    Instant::china(Date::constant(2026, 9, 1), 9, 0)
}

#[test]
fn a_refusal_names_what_is_missing_in_both_languages() {
    let access = testing::access();
    let matter = || Resource::new("matter", "620102").of_agency("market");
    let submitted = Resource { submitter: Some(Id(12)), ..matter() };
    let recused = Resource { recused: vec![Id(11)], ..matter() };
    let low = |mut p: Principal| {
        p.grants[0].ceiling = 1;
        p
    };
    let gone = |mut p: Principal| {
        p.grants[0].to = Some(Date::constant(2026, 1, 1));
        p
    };
    let cases = [
        (Principal::anonymous(), "view", matter(), Reason::NoGrant, "请先登录", "log in"),
        (
            gone(testing::officer("620102")),
            "view",
            matter(),
            Reason::NoGrant,
            "没有有效的授权",
            "no grant in force",
        ),
        (testing::officer("620103"), "act", matter(), Reason::Region, "城关区", "outside your region"),
        (
            testing::principal(1, Role::Officer, "620102", "agri", None),
            "act",
            matter(),
            Reason::Agency,
            "市场监管",
            "Market regulation",
        ),
        (
            low(testing::officer("620102")),
            "view",
            matter().classified(2),
            Reason::Ceiling,
            "密级",
            "classified above",
        ),
        (testing::officer("620102"), "act", recused, Reason::Recused, "回避", "stand aside"),
        (testing::desk("620102"), "decide", submitted, Reason::OwnSubmission, "他人审批", "somebody else"),
        (
            testing::firm(Id(5)),
            "view",
            matter().of_operator(Some(Id(6))),
            Reason::Operator,
            "其他单位",
            "another operator",
        ),
        (testing::officer("620102"), "decide", matter(), Reason::Role, "业务主管", "done by: desk"),
        (testing::officer("620102"), "fly", matter(), Reason::Role, "任何角色均不能", "no role"),
    ];
    for (who, action, res, reason, zh, en) in cases {
        let denied = access.check(&who, action, &res, now()).unwrap_err();
        assert_eq!(denied.reason, reason, "{action}: {denied}");
        assert!(denied.text.zh.contains(zh), "{}", denied.text.zh);
        assert!(denied.text.en.contains(en), "{}", denied.text.en);
    }
    assert!(access.check(&testing::officer("62"), "view", &Resource::new("unicorn", "62"), now()).is_err());
}

#[test]
fn a_permit_names_the_policies_that_allowed_it() {
    let access = testing::access();
    let permit = access.check(
        &testing::desk("62"),
        "decide",
        &Resource::new("matter", "620102").of_agency("market"),
        now(),
    );
    assert_eq!(permit.unwrap().policies, ["desk-decides"]);
}

#[test]
fn policies_with_a_fault_do_not_load() {
    let schema = include_str!("../../../../rulebook/cn/policies/schema.cedarschema");
    let head = |id: &str| format!("@id({id:?}) @basis(\"x\") @status(\"verified\") @zh(\"甲\") @en(\"a\") ");
    let rule = "permit (principal, action == Action::\"view\", resource) when { principal.role == Role::\"leader\" };";
    let load = |text: &str| Access::with_policies(Vault::from_key([1; 32]), schema, &[("p.cedar", text)]);
    assert!(load(&(head("a") + rule)).is_ok());
    let twice = head("a") + rule + &head("a") + rule;
    let bad_role = head("a") + &rule.replace("leader", "king");
    let bad_attribute = head("a") + &rule.replace("principal.role", "principal.rank");
    for (text, says) in [
        ("permit (", "p.cedar"),
        (rule, "@id"),
        (&head("a").replace("@basis(\"x\")", "").add(rule), "@basis"),
        (&head("a").replace("verified", "maybe").add(rule), "status"),
        (&twice, "duplicate"),
        (&bad_role, "king"),
        (&bad_attribute, "rank"),
        (&head("a").add(&rule.replace("};", "&& principal.account == 123456 };")), "by number"),
    ] {
        let e = load(text).unwrap_err().to_string();
        assert!(e.contains(says), "{text}: {e}");
    }
}

#[test]
fn a_remembered_answer_is_the_answer_of_the_same_question_only() {
    let access = testing::access();
    let officer = testing::officer("620102");
    let ask = |who: &Principal, res: &Resource, now: Instant| access.allows(who, "act", res, now);
    let matter = Resource::new("matter", "620102").of_agency("market");
    for _ in 0..2 {
        assert!(ask(&officer, &matter, now()));
        assert!(!ask(&testing::officer("620103"), &matter, now()));
        assert!(!ask(&officer, &Resource { region: "620103".into(), ..matter.clone() }, now()));
        assert!(!ask(&officer, &Resource { recused: vec![Id(3), officer.account], ..matter.clone() }, now()));
        assert!(ask(&officer, &Resource { recused: vec![Id(3)], ..matter.clone() }, now()));
        assert!(ask(&testing::firm(Id(5)), &matter.clone().of_operator(Some(Id(5))), now()));
        assert!(!ask(&testing::firm(Id(6)), &matter.clone().of_operator(Some(Id(5))), now()));
        assert!(!ask(&testing::firm(Id(6)), &matter, now()));
    }
    let mut leaving = officer;
    leaving.grants[0].to = Some(Date::constant(2026, 9, 1));
    assert!(ask(&leaving, &matter, now()));
    assert!(!ask(&leaving, &matter, now().plus_seconds(86_400)), "the grant ended overnight");
}
