//! Procedures and register behind inspections outside: `field::Office`.

use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, Instant, Text};
use field::{Candidate, HookError, Inspection, Office, Plan, Refused};
use flow::{Engine, MatterDraft, NewMatter};
use ledger::Context;
use registry::{Kinds, OperatorKind};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::{Store, Tx};

/// The procedures this stands between.
const INSPECTION: &str = "inspection";
const PLAN: &str = "inspection_plan";
/// The form that records an inspection, and its step.
const FORM: &str = "record";
const STEP: &str = "check";
/// The step that ends one as not done.
const SKIP: &str = "skip";
/// A penalty doubles the chance for so long.
const MARK_SECONDS: i64 = 2 * 365 * 86_400;
/// Findings of earlier inspections taken along.
const EARLIER: usize = 5;

/// The checklist for what an operator does.
pub(crate) fn business(kinds: Kinds) -> &'static str {
    let is = |k: OperatorKind| kinds.has(k);
    if is(OperatorKind::Producer) {
        "production"
    } else if is(OperatorKind::Workshop) {
        "workshop"
    } else if is(OperatorKind::Canteen) {
        "canteen"
    } else if is(OperatorKind::Caterer) || is(OperatorKind::Kitchen) {
        "catering"
    } else if is(OperatorKind::Market) {
        "market"
    } else {
        "sales"
    }
}

/// The engine, the register and the accounts, asked for inspections.
#[derive(Debug, Clone)]
pub struct Inspections {
    store: Store,
    access: access::Access,
    engine: Arc<Engine>,
}

impl Inspections {
    /// Over a province.
    #[must_use]
    pub const fn new(store: Store, access: access::Access, engine: Arc<Engine>) -> Self {
        Self { store, access, engine }
    }

    async fn matter(
        &self,
        tx: &mut Tx,
        id: Id,
        procedure: &str,
    ) -> Result<Option<(Arc<flow::Procedure>, MatterDraft, i64)>, HookError> {
        match flow::peek(tx, &self.engine, id).await {
            Ok(found) => Ok((found.1.procedure == procedure).then_some(found)),
            Err(flow::Error::NotFound(_)) => Ok(None),
            Err(e) => Err(told(e)),
        }
    }

    async fn inspection_matter(
        &self,
        tx: &mut Tx,
        id: Id,
    ) -> Result<(Arc<flow::Procedure>, MatterDraft, i64), HookError> {
        let missing = || Refused(Text::of("没有这件检查", "there is no such inspection"));
        Ok(self.matter(tx, id, INSPECTION).await?.ok_or_else(missing)?)
    }
}

/// How often the common frequency by credit class, as the table in force last has it.
fn credit_times() -> BTreeMap<String, f64> {
    let edition = registry::credit::editions().last();
    let classes = edition.into_iter().flat_map(|e| &e.classes);
    classes.filter_map(|c| Some((c.grade.clone(), c.times.to_string().parse().ok()?))).collect()
}

/// A failure of a step, with what the person may be told kept apart from what is ours.
fn told(e: flow::Error) -> HookError {
    match e {
        flow::Error::Denied(denied) => denied.into(),
        other => match other.user_text() {
            Some(text) => Refused(text).into(),
            None => other.into(),
        },
    }
}

#[async_trait]
impl Office for Inspections {
    async fn plan(&self, tx: &mut Tx, matter: Id) -> Result<Option<Plan>, HookError> {
        let Some((_, draft, _)) = self.matter(tx, matter, PLAN).await? else { return Ok(None) };
        let visits = |grade: &str| draft.fact(&format!("per_{grade}")).parse::<f64>().ok();
        let visits: BTreeMap<String, f64> = ["a", "b", "c", "d"]
            .into_iter()
            .filter_map(|g| Some((g.to_ascii_uppercase(), visits(g)?)))
            .collect();
        Ok(Some(Plan {
            matter,
            year: draft.fact("year").to_owned(),
            running: draft.state == "running",
            visits,
            times: credit_times(),
            region: draft.region,
            agency: draft.agency,
        }))
    }

    async fn roster(&self, tx: &mut Tx, region: &str, now: Instant) -> Result<Vec<Candidate>, HookError> {
        let since = now.plus_seconds(-MARK_SECONDS).china_date();
        let found = registry::inspectable(tx, region, since).await?;
        let mut busy = BTreeSet::new();
        let rows = tx
            .query(
                "select distinct operator from matter where procedure = $1 and closed_at is null and operator is not null \
                 and region >= $2 and region < $3",
                &[INSPECTION.into(), region.into(), format!("{region}:").into()],
            )
            .await?;
        for row in rows {
            busy.insert(row.id("operator")?);
        }
        Ok(found
            .into_iter()
            .map(|o| Candidate {
                busy: busy.contains(&o.id),
                operator: o.id,
                name: o.name,
                region: o.region,
                business: business(o.kinds).to_owned(),
                grade: o.grade,
                credit: o.credit,
                marked: o.marked,
                inspected: o.inspected,
            })
            .collect())
    }

    async fn officers(
        &self,
        _tx: &mut Tx,
        region: &str,
        agency: &str,
        on: Date,
    ) -> Result<Vec<(Id, String)>, HookError> {
        Ok(access::officers_for(&self.store, &self.access, region, agency, on).await?)
    }

    async fn recused(&self, tx: &mut Tx, accounts: &[Id]) -> Result<HashMap<Id, Vec<Id>>, HookError> {
        // one register of declared relations, whatever an officer is sent for
        Ok(lab::recused(tx, accounts).await?)
    }

    async fn open(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        plan: &Plan,
        (candidate, draw, officers): (&Candidate, Id, &[Id]),
    ) -> Result<Id, HookError> {
        let name = candidate.name.as_str();
        let title = Text::new(format!("双随机抽查：{name}"), format!("Double-random inspection: {name}"));
        let region = candidate.region.get(..6).unwrap_or(&candidate.region);
        let mut new = NewMatter::new(region, format!("operator:{}", candidate.operator), title)
            .of_operator(Some(candidate.operator))
            .with_key(format!("inspection:draw:{draw}:{}", candidate.operator))
            .fact("name", name)
            .fact("kind", "random")
            .fact("business", candidate.business.as_str())
            .fact("scope_all", true)
            .fact("plan_no", format!("{} / {draw}", plan.year));
        new.agency = Some(plan.agency.clone());
        new.parent = Some(plan.matter);
        let (engine, access) = (&self.engine, &self.access);
        let opened = flow::open(tx, cx, engine, access, who, INSPECTION, new).await.map_err(told)?;
        for lead in officers.iter().filter(|_| opened.created) {
            // the first of them who can hold it leads
            match flow::assign_matter(tx, cx, engine, access, who, opened.matter, 1, Some(*lead)).await {
                Err(flow::Error::Refused(_)) => {}
                Err(e) => return Err(told(e)),
                Ok(_) => break,
            }
        }
        Ok(opened.matter)
    }

    async fn call_off(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        (why, reason): (&str, &str),
    ) -> Result<(), HookError> {
        let (_, _, version) = self.inspection_matter(tx, matter).await?;
        let (engine, access) = (&self.engine, &self.access);
        let form = json!({ "why": why, "reason": reason });
        flow::transition(tx, cx, engine, access, who, matter, version, SKIP, &form).await.map_err(told)?;
        Ok(())
    }

    async fn inspection(&self, tx: &mut Tx, matter: Id) -> Result<Option<Inspection>, HookError> {
        let found = self.matter(tx, matter, INSPECTION).await?;
        Ok(found.map(|(_, draft, _)| Inspection {
            matter,
            waiting: draft.state == "assigned",
            called_off: draft.state == "not_done",
            business: draft.fact("business").to_owned(),
            region: draft.region,
            agency: draft.agency,
            title: draft.title,
            operator: draft.operator,
        }))
    }

    async fn give(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        account: Id,
    ) -> Result<(), HookError> {
        let (_, _, version) = self.inspection_matter(tx, matter).await?;
        let (engine, access) = (&self.engine, &self.access);
        flow::assign_matter(tx, cx, engine, access, who, matter, version, Some(account))
            .await
            .map_err(told)?;
        Ok(())
    }

    async fn sheet(&self, tx: &mut Tx, matter: Id) -> Result<Json, HookError> {
        let (procedure, draft, _) = self.inspection_matter(tx, matter).await?;
        let business = draft.fact("business").to_owned();
        let form = procedure.definition.form(FORM);
        let items = form.and_then(|f| f.field(&business)).map(|f| f.items.clone()).unwrap_or_default();
        let mut facts = json!({"name": draft.fact("name")});
        if let Some(operator) = draft.operator {
            let sites = registry::sites_of(&self.store, operator).await?;
            let licences = registry::licences_of(&self.store, operator).await?;
            let grades = registry::grades_of(&self.store, operator).await?;
            let earlier = registry::credit_file(&self.store, operator).await?;
            facts["address"] = json!(sites.first().map(|s| s.address.as_str()).unwrap_or_default());
            facts["licences"] = json!(licences.iter().map(|l| l.number.as_str()).collect::<Vec<_>>());
            facts["grade"] =
                json!(grades.iter().find(|g| g.0 == "risk").map(|g| g.1.as_str()).unwrap_or_default());
            facts["earlier"] = earlier
                .iter()
                .filter(|e| matches!(e.kind.as_str(), "inspection" | "penalty"))
                .take(EARLIER)
                .map(|e| json!({"on": e.happened.to_string(), "kind": e.kind, "text": e.text}))
                .collect();
        }
        Ok(json!({
            "title": draft.title,
            "kind": draft.fact("kind"),
            "business": business,
            "facts": facts,
            "items": items,
        }))
    }

    async fn record(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        form: &Json,
    ) -> Result<(), HookError> {
        let (_, _, version) = self.inspection_matter(tx, matter).await?;
        let (engine, access) = (&self.engine, &self.access);
        flow::transition(tx, cx, engine, access, who, matter, version, STEP, form).await.map_err(told)?;
        Ok(())
    }
}
