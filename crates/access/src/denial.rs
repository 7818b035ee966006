//! The words of a refusal: what right is missing and who could do it, found by asking the policies again with one
//! fact changed at a time.

use crate::policy::{Policies, Seat, seats};
use crate::{
    CONFIDENTIAL, Denied, Grant, PUBLIC, Principal, Reason, Resource, Role, action_label, kind_label,
};
use base::region::Regions;
use base::{Date, Department, Id, Text};

/// Explains a refusal.
pub(crate) fn explain(
    policies: &Policies,
    who: &Principal,
    action: &str,
    res: &Resource,
    today: Date,
) -> Denied {
    let reason = reason(policies, who, action, res, today);
    let (what, kind) = (action_label(action), kind_label(res.kind));
    let region = region_name(&res.region);
    let (why_zh, why_en) = match reason {
        Reason::NoGrant if who.is_anonymous() => ("请先登录".to_owned(), "please log in".to_owned()),
        Reason::NoGrant => ("您没有有效的授权".to_owned(), "your account has no grant in force".to_owned()),
        Reason::Recused => ("您应当回避本事项".to_owned(), "you must stand aside in this matter".to_owned()),
        Reason::OwnSubmission => (
            "本人提交的事项须由他人审批或者发布".to_owned(),
            "what you submitted must be decided or published by somebody else".to_owned(),
        ),
        Reason::Region => (
            format!("该记录属于{}，不在您的辖区", region.zh),
            format!("the record belongs to {}, outside your region", region.en),
        ),
        Reason::Agency => (
            format!("该记录属于 {} 部门", agency_name(&res.agency).zh),
            format!("the record belongs to the {} department", agency_name(&res.agency).en),
        ),
        Reason::Ceiling => {
            ("该记录的密级高于您的授权".to_owned(), "the record is classified above your grant".to_owned())
        }
        Reason::Operator => {
            ("该记录属于其他单位".to_owned(), "the record belongs to another operator".to_owned())
        }
        Reason::Role => ("您的角色没有这项权限".to_owned(), "your role does not have this right".to_owned()),
    };
    let able = who_could(policies, action, res, today);
    let (can_zh, can_en) = if able.is_empty() {
        ("任何角色均不能办理此项".to_owned(), "no role can do this".to_owned())
    } else {
        let zh: Vec<String> = able.iter().map(|r| r.label().zh.into_owned()).collect();
        let en: Vec<String> = able.iter().map(|r| r.label().en.into_owned()).collect();
        let of = agency_name(&res.agency);
        let (place_zh, place_en) = match (res.region.as_str(), res.agency.as_str()) {
            ("", _) => (String::new(), String::new()),
            (_, "") => (format!("（{}）", region.zh), format!(" in {}", region.en)),
            _ => (
                format!("（{} {}）", region.zh, of.zh),
                format!(" of the {} department in {}", of.en, region.en),
            ),
        };
        (
            format!("可办理的角色：{}{place_zh}", zh.join("、")),
            format!("it can be done by: {}{place_en}", en.join(", ")),
        )
    };
    let text = Text::new(
        format!("不能{}{}：{why_zh}。{can_zh}。", what.zh, kind.zh),
        format!("You cannot {} this {}: {why_en}; {can_en}.", what.en, kind.en),
    );
    Denied { action: action.to_owned(), kind: res.kind, reason, text }
}

/// A region by name, or its code where the table lacks it.
fn region_name(code: &str) -> Text {
    code.parse().map_or_else(|_| Text::new(code, code), |c| Regions::builtin().name(&c))
}

/// One fact changed for the sake of the question.
type Change<'a> = &'a dyn Fn(&Seat, &mut Resource);

fn reason(policies: &Policies, who: &Principal, action: &str, res: &Resource, today: Date) -> Reason {
    let current: Vec<Seat> = seats(who).filter(|s| s.grant.is_current(today)).collect();
    if current.iter().all(|s| s.grant.role == Role::Citizen) {
        return Reason::NoGrant;
    }
    let able = |change: Change<'_>| {
        current.iter().any(|seat| {
            let mut other = res.clone();
            change(seat, &mut other);
            policies.ask(seat, action, &other, today).is_some()
        })
    };
    // one fact at a time, then together: the first that would have made it possible is what is missing
    let steps: [(Reason, Change<'_>); 6] = [
        (Reason::Recused, &|_, r| r.recused.clear()),
        (Reason::OwnSubmission, &|_, r| r.submitter = None),
        (Reason::Ceiling, &|_, r| r.classification = PUBLIC),
        (Reason::Region, &|s, r| r.region.clone_from(&s.grant.region)),
        (Reason::Agency, &|s, r| r.agency.clone_from(&s.grant.agency)),
        (Reason::Operator, &|s, r| r.operator = s.operator),
    ];
    for (reason, change) in &steps {
        if able(change) {
            return *reason;
        }
    }
    for (i, (reason, _)) in steps.iter().enumerate() {
        let up_to = &steps[..=i];
        if able(&|s, r| up_to.iter().for_each(|(_, change)| change(s, r))) {
            return *reason;
        }
    }
    Reason::Role
}

/// Roles that could do it from the right seat.
fn who_could(policies: &Policies, action: &str, res: &Resource, today: Date) -> Vec<Role> {
    let stranger = Id(-1);
    Role::ALL
        .into_iter()
        .filter(|role| {
            let ceiling = if *role == Role::Citizen { PUBLIC } else { CONFIDENTIAL };
            let grant = Grant {
                role: *role,
                region: crate::policy::prefixes(&res.region).last().unwrap_or_default().to_owned(),
                agency: res.agency.clone(),
                ceiling,
                from: today,
                to: None,
            };
            let seat = Seat { account: stranger, operator: res.operator.or(Some(stranger)), grant };
            let mut other = res.clone();
            other.operator = other.operator.or(seat.operator);
            policies.ask(&seat, action, &other, today).is_some()
        })
        .collect()
}

/// The name of a department on screen; an unknown code as it is.
fn agency_name(code: &str) -> Text {
    code.parse().map_or_else(|_| Text::new(code, code), Department::name)
}
