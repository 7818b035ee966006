//! Certificates as consequences of licensing procedures: found, screened, issued, renewed, ended.
//!
//! The procedures keep their facts under common names: `request` (`new`, `change`, `renew`, `replace`, `cancel`),
//! `licence_number` (the number held), `licence` (its record), `class_code`, `number`, `issued`, `expires`.

use super::{permit, subject_operator, text};
use async_trait::async_trait;
use base::clock::{ClockRule, Direction, Rules, Unit};
use base::licence::LicenceKind;
use base::{Calendar, Date, Id};
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft, NewLink};
use jiff::ToSpan;
use registry::{Issue, LicenceStatus};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::Tx;

pub(crate) const FIND: &str = "registry.find_licence";
pub(crate) const SCREEN: &str = "registry.screen";
pub(crate) const GRANT: &str = "registry.grant_licence";
pub(crate) const END: &str = "registry.set_licence";

type Params = BTreeMap<String, Json>;

/// The clock of the rulebook a parameter names.
pub(super) fn clock(effect: &str, id: &str) -> Result<&'static ClockRule, EffectError> {
    let found = Rules::builtin().get(id).map(|c| &c.rule);
    Ok(found
        .ok_or_else(|| flow::Error::Procedure(format!("{effect}: rulebook/cn/clocks has no row `{id}`")))?)
}

/// A day so long after another, by the civil calendar; the day before it when `last` (a term's last day).
pub(super) fn after(day: Date, rule: &ClockRule) -> Option<Date> {
    let n = i32::try_from(rule.amount).ok()?;
    match rule.unit {
        Unit::Year => day.checked_add(n.years()).ok(),
        Unit::Month => day.checked_add(n.months()).ok(),
        Unit::CalendarDay => day.checked_add(n.days()).ok(),
        Unit::WorkingDay => Some(Calendar::builtin().add_working_days(day, rule.amount).date),
        Unit::Hour => None,
    }
}

/// Finds the certificate held under `licence_number`: sets `licence`, `issued`, `expires` and, with the parameter `law` (a row
/// of the clocks that counts before the end), `renew_until`; a renewal asked for later is refused, and with `first` (such a row) one
/// asked for too early. `granted` (`state`, `facts`): for a replacement these facts are taken from the matter that last ended in
/// that state with this certificate, so that a replacement says what was granted and not what is typed. Without a number it does nothing.
#[derive(Debug, Clone, Copy)]
pub struct FindLicence;

#[async_trait]
impl Effect for FindLicence {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let number = matter.fact("licence_number").to_owned();
        if number.is_empty() {
            return Ok(EffectOut::default());
        }
        let operator = subject_operator(matter)?;
        let Some(held) = registry::licence_held(tx, operator, &number).await? else {
            return Err(flow::Error::refused(
                "登记库中没有该单位的这个证书编号，请核对",
                "the register has no certificate of that number for this operator; check it",
            )
            .into());
        };
        if matches!(held.status, LicenceStatus::Revoked | LicenceStatus::Cancelled) {
            return Err(flow::Error::refused(
                "该证书已经注销或者吊销，不能再办理；需要经营的请申请新证",
                "this certificate was cancelled or revoked; nothing can be done with it. Apply for a new one",
            )
            .into());
        }
        matter.set("licence", held.id.to_string());
        if let Some(day) = held.issued {
            matter.set("issued", day.to_string());
        }
        if let Some(day) = held.expires {
            matter.set("expires", day.to_string());
            let (first, last) = (before(params, "first", day)?, before(params, "law", day)?);
            if let Some(last) = last {
                matter.set("renew_until", last.to_string());
            }
            if matter.fact("request") == "renew" {
                in_window(cx.context.now.china_date(), first, last)?;
            }
        }
        if matter.fact("request") == "replace"
            && let Some(granted) = params.get("granted")
        {
            let state = granted.get("state").and_then(Json::as_str).unwrap_or_default();
            let target = format!("licence:{}", held.id);
            let was = flow::last_linked(tx, &target, &matter.procedure, state, matter.id).await?;
            let place = registry::place_of(tx, &held).await?;
            let names = granted.get("facts").and_then(Json::as_array).into_iter().flatten();
            for name in names.filter_map(Json::as_str) {
                let known = was.as_ref().and_then(|facts| facts.get(name).cloned());
                let known = known.or_else(|| match (name, &place) {
                    ("site_name", Some((name, _))) => Some(Json::from(name.as_str())),
                    ("address", Some((_, address))) => Some(Json::from(address.as_str())),
                    _ => None,
                });
                if let Some(value) = known {
                    matter.set(name, value);
                }
            }
        }
        Ok(EffectOut { links: vec![link(held.id, &held.number)], ..EffectOut::default() })
    }
}

/// The day so many working days before another, by the row of the clocks a parameter names.
fn before(params: &Params, name: &str, end: Date) -> Result<Option<Date>, EffectError> {
    if !params.contains_key(name) {
        return Ok(None);
    }
    let rule = clock(FIND, text(params, FIND, name)?)?;
    if (rule.direction, rule.unit) != (Direction::Before, Unit::WorkingDay) {
        return Err(
            flow::Error::Procedure(format!("{FIND}: `{name}` is no row of working days before")).into()
        );
    }
    Ok(Some(Calendar::builtin().subtract_working_days(end, rule.amount).date))
}

/// Refuses a renewal asked for before the window opens or after it closes.
fn in_window(today: Date, first: Option<Date>, last: Option<Date>) -> Result<(), EffectError> {
    if let Some(first) = first.filter(|first| today < *first) {
        return Err(flow::Error::Refused(base::Text::new(
            format!("延续申请最早自 {first} 起提出，请届时再申请"),
            format!("a renewal may be asked for from {first}; apply then"),
        ))
        .into());
    }
    if let Some(last) = last.filter(|last| today > *last) {
        return Err(flow::Error::Refused(base::Text::new(
            format!("延续申请应当在 {last} 前提出，现已逾期；需要继续经营的，请申请新办"),
            format!("a renewal had to be asked for by {last}; to go on in business apply for a new licence"),
        ))
        .into());
    }
    Ok(())
}

fn link(id: Id, number: &str) -> NewLink {
    NewLink { kind: "licence".to_owned(), target: format!("licence:{id}"), label: number.to_owned() }
}

/// Screens the operator and its people against bans in force and the severe list: sets `screened_on` and `screen_hits` (in
/// words, without a name). With `refuse = true` a hit refuses the step: no decision in favour of somebody banned. With
/// `promise = true` the credit class must leave licences on undertaking open.
#[derive(Debug, Clone, Copy)]
pub struct Screen;

#[async_trait]
impl Effect for Screen {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let operator = subject_operator(matter)?;
        let day = cx.context.now.china_date();
        let mut hits = Vec::new();
        for ban in registry::bans_on(tx, operator, day).await? {
            let whom = if ban.person { "任职人员" } else { "本单位" };
            let until = ban.to.map_or_else(|| "终身".to_owned(), |d| format!("至 {d}"));
            hits.push(format!("{whom}从业禁止（{}，{until}）", ban.basis));
        }
        for entry in registry::credit_standing(tx, operator, "severe", day).await? {
            hits.push(format!("严重违法失信名单（{} 列入）", entry.happened));
        }
        let undertaking = params.get("promise").and_then(Json::as_bool) == Some(true);
        let class = registry::credit::credit_class(tx, operator, day).await?;
        if let Some(c) = class.filter(|c| undertaking && !c.class.promise) {
            return Err(flow::Error::Refused(base::Text::new(
                format!("信用等级 {}（{} 分），不适用告知承诺，请按一般程序办理", c.class.grade, c.points),
                format!(
                    "credit class {} ({} points): no licence on undertaking; take the ordinary track",
                    c.class.grade, c.points
                ),
            ))
            .into());
        }
        matter.set("screened_on", cx.context.now.china_minute());
        matter.facts.remove("screen_hits");
        let ending = matter.fact("request") == "cancel";
        if !hits.is_empty() {
            let words = hits.join("；");
            if params.get("refuse").and_then(Json::as_bool) == Some(true) && !ending {
                return Err(flow::Error::Refused(base::Text::new(
                    format!("筛查命中，不能作出准予决定：{words}。请核实后作出不予决定，或者待禁止期满"),
                    format!("the screening hit, so nothing can be granted: {} entries of bans or the severe list are in force; deny, or wait for their end", hits.len()),
                ))
                .into());
            }
            matter.set("screen_hits", words);
        }
        Ok(EffectOut::default())
    }
}

/// Does what was asked for: issues (`new`), renews from the old end (`renew`), keeps (`change`, `replace`) or cancels. Parameters:
/// `kind` (`SC`, `JY`, `YB`, or `local` with `number` in the facts), `law` (row of the clocks that says how long it is valid), or
/// `laws` by the fact `law_by`.
#[derive(Debug, Clone, Copy)]
pub struct GrantLicence;

fn term(matter: &MatterDraft, params: &Params) -> Result<Option<&'static ClockRule>, EffectError> {
    if let Some(by) = params.get("law_by").and_then(Json::as_str) {
        let row = params.get("laws").and_then(|l| l.get(matter.fact(by))).and_then(Json::as_str);
        let row = row.ok_or_else(|| {
            flow::Error::Procedure(format!("{GRANT}: `laws` has no row for {by} = {}", matter.fact(by)))
        })?;
        return clock(GRANT, row).map(Some);
    }
    match params.get("law").and_then(Json::as_str) {
        Some(row) => clock(GRANT, row).map(Some),
        None => Ok(None),
    }
}

/// The last day of a term that begins on a day.
fn last_day(first: Date, rule: Option<&ClockRule>) -> Option<Date> {
    after(first, rule?)?.checked_sub(1.day()).ok()
}

#[async_trait]
impl Effect for GrantLicence {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let permit = permit(matter, cx);
        let today = cx.context.now.china_date();
        let rule = term(matter, params)?;
        let held = matter.fact("licence").parse::<Id>().ok();
        let request = matter.fact("request").to_owned();
        let (id, number) = match (request.as_str(), held) {
            ("new", _) => {
                let kind = match text(params, GRANT, "kind")? {
                    "SC" => Some(LicenceKind::Production),
                    "JY" => Some(LicenceKind::Business),
                    "YB" => Some(LicenceKind::Filing),
                    _ => None,
                };
                let own = matter.fact(if kind.is_none() { "category" } else { "class_code" }).to_owned();
                let new = Issue {
                    operator: subject_operator(matter)?,
                    kind,
                    class: own,
                    region: matter.region.clone(),
                    number: Some(matter.fact("number").to_owned()).filter(|n| !n.is_empty()),
                    issued: today,
                    expires: last_day(today, rule),
                };
                if let Some(last) = new.expires {
                    matter.set("expires", last.to_string());
                }
                matter.set("issued", today.to_string());
                registry::issue_licence(tx, cx.context, &permit, new).await?
            }
            (_, None) => {
                return Err(flow::Error::refused(
                    "没有找到原证书，不能办理变更、延续、补办或者注销",
                    "the certificate held was not found; nothing can be changed, renewed, replaced or cancelled",
                )
                .into());
            }
            (what, Some(id)) => {
                let old = matter.fact("expires").parse::<Date>().ok();
                let status = (what == "cancel").then_some(LicenceStatus::Cancelled);
                let first =
                    old.filter(|d| *d >= today).and_then(|d| d.checked_add(1.day()).ok()).unwrap_or(today);
                let expires = if what == "renew" { last_day(first, rule) } else { None };
                let kept = registry::amend_licence(tx, cx.context, &permit, id, expires, status).await?;
                if let Some(last) = kept.expires {
                    matter.set("expires", last.to_string());
                }
                (id, kept.number)
            }
        };
        matter.set("licence", id.to_string());
        matter.set("number", number.as_str());
        if let Some(holder) = registry::operator_in(tx, subject_operator(matter)?).await? {
            matter.set("holder", holder.name);
            // the identity number of a person stands on no paper
            if !holder.natural {
                matter.set("holder_code", holder.code);
            }
        }
        Ok(EffectOut { links: vec![link(id, &number)], ..EffectOut::default() })
    }
}

/// Ends or suspends the certificate of the matter: parameter `state` (`revoked`, `cancelled`, `suspended`).
#[derive(Debug, Clone, Copy)]
pub struct SetLicence;

#[async_trait]
impl Effect for SetLicence {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let word = text(params, END, "state")?;
        let status = LicenceStatus::read(word).map_err(|e| flow::Error::Procedure(format!("{END}: {e}")))?;
        let Ok(id) = matter.fact("licence").parse::<Id>() else {
            return Err(flow::Error::refused(
                "没有找到许可记录，请先核对证书编号",
                "the record of the licence was not found; check its number first",
            )
            .into());
        };
        let permit = permit(matter, cx);
        registry::amend_licence(tx, cx.context, &permit, id, None, Some(status)).await?;
        Ok(EffectOut::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_renewal_is_asked_for_inside_its_window() {
        let end = date(2027, 3, 31);
        let row = |id: &str| -> Params { [("law".to_owned(), Json::from(id))].into() };
        let last = before(&row("LIC-08"), "law", end).unwrap();
        let first = before(&row("LIC-08E"), "law", end).unwrap();
        assert!(first < last && last < Some(end), "{first:?} {last:?}");
        assert_eq!(before(&row("LIC-08"), "first", end).unwrap(), None);
        assert!(before(&row("LIC-10"), "law", end).is_err(), "five years after is no window before");
        for (day, open) in [(first, true), (last, true), (Some(date(2026, 9, 1)), false), (Some(end), false)]
        {
            assert_eq!(in_window(day.unwrap(), first, last).is_ok(), open, "{day:?}");
        }
    }

    #[test]
    fn a_licence_of_five_years_ends_the_day_before_its_fifth_anniversary() {
        let five = clock(GRANT, "LIC-10").unwrap();
        assert_eq!(last_day(date(2026, 11, 22), Some(five)), Some(date(2031, 11, 21)));
        assert_eq!(
            last_day(date(2026, 11, 22), Some(clock(GRANT, "LIC-15").unwrap())),
            Some(date(2027, 11, 21))
        );
        assert_eq!(last_day(date(2026, 11, 22), None), None);
        assert!(clock(GRANT, "LIC-99").is_err());
    }
}
