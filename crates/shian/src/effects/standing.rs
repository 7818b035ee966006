//! Bans, the credit file and grades as consequences of procedures.

use super::licences::{after, clock};
use super::{permit, subject_operator, text};
use async_trait::async_trait;
use base::{Date, Text};
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft, NewMatter};
use jiff::ToSpan;
use registry::{Banned, NewBan, NewCreditEntry};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::Tx;

pub(crate) const BAN: &str = "registry.ban";
pub(crate) const NOTE: &str = "registry.note_credit";
pub(crate) const CLOSE: &str = "registry.close_credit";
pub(crate) const COUNT: &str = "registry.count_credit";
pub(crate) const REPAIR: &str = "registry.check_repair";
pub(crate) const GRADE: &str = "registry.set_grade";
pub(crate) const PLAN: &str = "registry.plan_inspections";

type Params = BTreeMap<String, Json>;

fn shown(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    }
}

/// A fact as the file of an operator says it: in words where the procedure has words for its codes.
fn said(cx: &EffectCx<'_>, matter: &MatterDraft, fact: &str) -> Result<String, EffectError> {
    let value = matter.facts.get(fact);
    let d = &cx.engine.procedure_in(&matter.procedure, &matter.region)?.definition;
    let words = d.fact(fact).zip(value).and_then(|(f, v)| d.words(f, v));
    Ok(words.map_or_else(|| shown(value), |t| t.zh.into_owned()))
}

/// The day a ban begins: that of the decision, else today.
fn decided(matter: &MatterDraft, cx: &EffectCx<'_>) -> Date {
    matter.fact("decided_on").parse().unwrap_or_else(|_| cx.context.now.china_date())
}

/// Lays a professional ban. Parameters: `years` (0: for life), `whom` (`operator`, `head`), `basis`. A matter without an operator
/// on the register bans nobody here, and says so.
#[derive(Debug, Clone, Copy)]
pub struct LayBan;

#[async_trait]
impl Effect for LayBan {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let operator = subject_operator(matter)?;
        let years = params
            .get("years")
            .and_then(Json::as_i64)
            .ok_or_else(|| flow::Error::Procedure(format!("{BAN} needs the number `years` (0 for life)")))?;
        let from = decided(matter, cx);
        let to = match i32::try_from(years) {
            Ok(0) => None,
            Ok(n) => from.checked_add(n.years()).ok(),
            Err(_) => None,
        };
        let whom = params.get("whom").and_then(Json::as_array).cloned().unwrap_or_default();
        let mut laid = 0;
        for word in &whom {
            let whom = match word.as_str() {
                Some("operator") => Banned::Operator,
                Some("head") => Banned::Heads,
                _ => {
                    return Err(flow::Error::Procedure(format!(
                        "{BAN}: `{word}` is neither operator nor head"
                    ))
                    .into());
                }
            };
            let basis = text(params, BAN, "basis")?.to_owned();
            let ban = NewBan { operator, whom, basis, from, to, matter: Some(matter.id) };
            laid += registry::lay_ban(tx, cx.context, &permit(matter, cx), ban).await?;
        }
        if laid == 0 {
            return Err(flow::Error::refused(
                "登记库中没有可以登记从业禁止的人员（法定代表人、主要负责人的身份证件号码），请先补登人员",
                "the register has nobody to ban (no legal representative or head with an identity number); enter the persons first",
            )
            .into());
        }
        Ok(EffectOut::default())
    }
}

/// Writes a line of the operator's credit file: parameters `kind`, `text` (a fact in words) and `law` (row of the clocks that says
/// how long it counts), and `on`, the fact with its day (else the decision's). Without an operator on the register there is no file to write in.
#[derive(Debug, Clone, Copy)]
pub struct NoteCredit;

#[async_trait]
impl Effect for NoteCredit {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let Some(operator) = matter.operator else { return Ok(EffectOut::default()) };
        let on = params.get("on").and_then(Json::as_str).and_then(|fact| matter.fact(fact).parse().ok());
        let happened = on.unwrap_or_else(|| decided(matter, cx));
        let until = match params.get("law").and_then(Json::as_str) {
            Some(row) => after(happened, clock(NOTE, row)?),
            None => None,
        };
        let words = params.get("text").and_then(Json::as_str).map(|f| said(cx, matter, f)).transpose()?;
        let entry = NewCreditEntry {
            operator,
            kind: text(params, NOTE, "kind")?.to_owned(),
            happened,
            text: words.unwrap_or_default().chars().take(500).collect(),
            until,
            matter: Some(matter.id),
        };
        registry::note_credit(tx, cx.context, &permit(matter, cx), entry).await?;
        Ok(EffectOut::default())
    }
}

/// The kind of line a class of record stands in.
fn credit_kind(class: &str) -> &'static str {
    if class == "severe" { "severe" } else { "penalty" }
}

/// Closes the lines of a kind: parameter `kind`, or `by`, the fact that names it.
#[derive(Debug, Clone, Copy)]
pub struct CloseCredit;

#[async_trait]
impl Effect for CloseCredit {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let kind = match params.get("by").and_then(Json::as_str) {
            Some(fact) => credit_kind(matter.fact(fact)).to_owned(),
            None => text(params, CLOSE, "kind")?.to_owned(),
        };
        let Some(operator) = matter.operator else { return Ok(EffectOut::default()) };
        registry::close_credit(tx, cx.context, &permit(matter, cx), operator, &kind).await?;
        Ok(EffectOut::default())
    }
}

/// Counts the lines of a kind within the year before today into a fact: parameters `kind`, `fact`. Nothing without an operator.
#[derive(Debug, Clone, Copy)]
pub struct CountCredit;

#[async_trait]
impl Effect for CountCredit {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let Some(operator) = matter.operator else { return Ok(EffectOut::default()) };
        let today = cx.context.now.china_date();
        let since = today.checked_sub(1.year()).unwrap_or(today);
        let n = registry::credit_count(tx, operator, text(params, COUNT, "kind")?, since).await?;
        matter.set(text(params, COUNT, "fact")?, n.to_string());
        Ok(EffectOut::default())
    }
}

/// Whether the shortest publication is over: from the last line of that kind in the credit file and the row of the clocks that `laws`
/// gives for `kind`; sets `published_on`, `earliest` and `too_early`. Without a line there is nothing to repair.
#[derive(Debug, Clone, Copy)]
pub struct CheckRepair;

#[async_trait]
impl Effect for CheckRepair {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let operator = subject_operator(matter)?;
        let row = params.get("laws").and_then(|l| l.get(matter.fact("kind"))).and_then(Json::as_str);
        let row = row.ok_or_else(|| {
            flow::Error::Procedure(format!("{REPAIR}: `laws` has no row for {}", matter.fact("kind")))
        })?;
        let today = cx.context.now.china_date();
        let lines = registry::credit_standing(tx, operator, credit_kind(matter.fact("kind")), today).await?;
        let Some(from) = lines.first().map(|line| line.happened) else {
            return Err(flow::Error::refused(
                "信用记录中没有公示中的此类失信信息，无需修复；请核对类别",
                "the credit file has no such record in force, so there is nothing to repair; check the class",
            )
            .into());
        };
        matter.set("published_on", from.to_string());
        if let Some(earliest) = after(from, clock(REPAIR, row)?) {
            matter.set("earliest", earliest.to_string());
            matter.set("too_early", today < earliest);
        }
        Ok(EffectOut::default())
    }
}

/// Gives the operator its grade: parameters `kind` and `fact`.
#[derive(Debug, Clone, Copy)]
pub struct SetGrade;

#[async_trait]
impl Effect for SetGrade {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let operator = subject_operator(matter)?;
        let grade = matter.fact(text(params, GRADE, "fact")?).to_owned();
        let kind = text(params, GRADE, "kind")?;
        let by = permit(matter, cx);
        registry::set_grade(tx, cx.context, &by, operator, kind, &grade, Some(matter.id)).await?;
        Ok(EffectOut::default())
    }
}

/// Opens inspections for the operators of the region that had none for two years (the floor of Order 49, art. 22), worst grade
/// first: parameters `procedure`, `most` (at one press). Each operator once a year; sets `planned`.
#[derive(Debug, Clone, Copy)]
pub struct PlanInspections;

#[async_trait]
impl Effect for PlanInspections {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &Params,
    ) -> Result<EffectOut, EffectError> {
        let most =
            params.get("most").and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(50);
        let today = cx.context.now.china_date();
        let floor = clock(PLAN, "INS-01")?;
        let years = i32::try_from(floor.amount).unwrap_or(2);
        let since = today.checked_sub(years.years()).unwrap_or(today);
        let before: u64 = matter.fact("planned").parse().unwrap_or(0);
        let skip = u32::try_from(before).unwrap_or(0);
        // those opened before keep their key, so the next press reaches further down the list
        let due = registry::due_for_inspection(tx, &matter.region, since, most.saturating_add(skip)).await?;
        let procedure = text(params, PLAN, "procedure")?.to_owned();
        let year = shown(matter.facts.get("year"));
        let mut out = EffectOut::default();
        for o in due.iter().skip(usize::try_from(skip).unwrap_or(0)) {
            let title = Text::new(format!("监督检查：{}", o.name), format!("Inspection: {}", o.name));
            let region = o.region.get(..6).unwrap_or(&o.region).to_owned();
            let new = NewMatter::new(region, format!("operator:{}", o.id), title)
                .of_operator(Some(o.id))
                .with_key(format!("inspection:{}:{year}", o.id))
                .fact("name", o.name.as_str())
                .fact("kind", "daily")
                .fact("business", crate::wiring::business(o.kinds))
                .fact("scope_all", true)
                .fact("plan_no", matter.id.to_string());
            out.matters.push((procedure.clone(), new));
        }
        matter.set("planned", (before + u64::try_from(out.matters.len()).unwrap_or(0)).to_string());
        Ok(out)
    }
}
