//! Results: entered as reported, judged at once, judged again without losing the first verdict.

use crate::accreditation::Scope;
use crate::reported::{
    REPORTED, beyond_the_whole, check, foreign_unit, given_twice, known_already, open_for_results,
    same_analyte, tidied,
};
use crate::sample::{Sample, SampleKind, SampleState};
use crate::{Error, Lab, Problem};
use access::{Principal, Resource};
use base::{Id, Instant};
use ledger::{Context, Entry};
use limits::{Case, Outcome, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, hash_map};
use store::{Row, Sql, Tx, Value};

/// A result as the laboratory reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewResult {
    /// The analyte, basis wording allowed: `镉(以Cd计)`.
    pub analyte: String,
    /// The value as reported: `0.20`, `ND`, `<0.01`. Empty when there are sub-samples.
    #[serde(default)]
    pub reported: String,
    /// Unit as reported.
    #[serde(default)]
    pub unit: String,
    /// Limit of detection in the same unit.
    #[serde(default)]
    pub lod: Option<String>,
    /// Limit of quantification in the same unit.
    #[serde(default)]
    pub loq: Option<String>,
    /// Test method, e.g. `GB 5009.15-2023`.
    #[serde(default)]
    pub method: String,
    /// Values of the sub-samples of a plan, in order.
    #[serde(default)]
    pub subsamples: Vec<String>,
}

/// A stored verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictRecord {
    /// Record id.
    pub id: Id,
    /// The whole verdict.
    pub verdict: Verdict,
    /// Time of judgement.
    pub judged: Instant,
    /// Why it was judged: `entered`, or the reason given for judging again.
    pub reason: String,
    /// The verdict that replaced it.
    pub superseded_by: Option<Id>,
}

/// A stored result with every verdict on it, the one in force last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedResult {
    /// Record id.
    pub id: Id,
    /// The sample.
    pub sample: Id,
    /// As reported.
    #[serde(flatten)]
    pub reported: NewResult,
    /// Account that entered it.
    pub entered_by: Option<Id>,
    /// Time of entry.
    pub entered: Instant,
    /// A correction replaced it, before approval or with a corrected report.
    pub withdrawn: bool,
    /// Verdicts, oldest first; never empty.
    pub verdicts: Vec<VerdictRecord>,
    /// The verdict by the enterprise standard the sample's form cites, of the record as stored; `None` when none is cited. Not sent along,
    /// because its number names the firm.
    #[serde(skip)]
    pub declared: Option<Verdict>,
}

impl JudgedResult {
    /// The verdict in force.
    #[must_use]
    pub fn verdict(&self) -> Option<&VerdictRecord> {
        self.verdicts.last()
    }

    /// The verdict by which the result fails: the one by the law, else the one by the standard the firm declares.
    #[must_use]
    pub fn failing(&self) -> Option<&Verdict> {
        let law = self.verdict().map(|v| &v.verdict);
        [law, self.declared.as_ref()].into_iter().flatten().find(|v| v.outcome.is_failure())
    }
}

impl Lab {
    /// Enters one result of a sample and judges it at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`] once the report is approved; [`Error::Denied`].
    pub async fn enter_result(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        new: NewResult,
    ) -> Result<JudgedResult, Error> {
        let mut all = self.enter_results(tx, cx, who, sample, vec![new], "create").await?;
        all.pop().ok_or_else(|| Error::NotFound("result".to_owned()))
    }

    /// Enters several results of one sample under one journal entry.
    ///
    /// # Errors
    /// As [`Lab::enter_result`]; one wrong result refuses all.
    pub async fn enter_results(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        new: Vec<NewResult>,
        action: &'static str,
    ) -> Result<Vec<JudgedResult>, Error> {
        let sample = self.sample_to_change(tx, sample).await?;
        self.access.check(who, action, &result_resource(&sample), cx.now)?;
        open_for_results(&sample)?;
        let batch = [Batch { sample: &sample, new }];
        let (wrong, verdicts) = self.examine_all(tx, cx, &batch).await?;
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong.into_iter().map(|w| w.problem).collect()));
        }
        let mut all = self.store_all(tx, cx, who, Vec::from(batch), verdicts, action).await?;
        Ok(all.pop().unwrap_or_default())
    }

    /// What is wrong with results before anything is stored, and their verdicts: each is judged once.
    pub(crate) async fn examine_all(
        &self,
        tx: &mut Tx,
        cx: &Context,
        all: &[Batch<'_>],
    ) -> Result<(Vec<Wrong>, Vec<Vec<Verdict>>), Error> {
        let mut known: HashMap<Id, Vec<String>> = HashMap::new();
        for part in all.chunks(500) {
            let mut sql = Sql::new("select sample, analyte from result where withdrawn = 0 and sample in ");
            sql.bind_list(part.iter().map(|b| b.sample.id));
            for row in tx.select(&sql).await? {
                known.entry(row.id("sample")?).or_default().push(row.text("analyte")?);
            }
        }
        let mut scopes: HashMap<Option<Id>, Option<Scope>> = HashMap::new();
        let (mut wrong, mut verdicts) = (Vec::new(), Vec::with_capacity(all.len()));
        for (batch, Batch { sample, new }) in all.iter().enumerate() {
            if let hash_map::Entry::Vacant(unknown) = scopes.entry(sample.laboratory) {
                unknown.insert(self.scope_in(tx, sample.laboratory).await?);
            }
            let scope = scopes.get(&sample.laboratory).and_then(Option::as_ref);
            let had = known.get(&sample.id).map_or(&[][..], Vec::as_slice);
            let mut judged = Vec::with_capacity(new.len());
            for (result, one) in new.iter().enumerate() {
                let (mut problems, verdict) = self.examine(sample, one);
                let today = cx.now.china_date();
                problems.extend(scope.and_then(|s| s.problem(self.rules, sample, one, today)));
                if had.iter().any(|h| same_analyte(h, &one.analyte)) {
                    problems.push(known_already(&one.analyte));
                } else if let Some(first) =
                    new[..result].iter().position(|n| same_analyte(&n.analyte, &one.analyte))
                {
                    problems.push(given_twice(&one.analyte, first + 1));
                }
                wrong.extend(problems.into_iter().map(|problem| Wrong { batch, result, problem }));
                judged.extend(verdict);
            }
            verdicts.push(judged);
        }
        Ok((wrong, verdicts))
    }

    /// Stores results with their verdicts, each sample under one journal entry (more where it has very many), with few statements.
    pub(crate) async fn store_all(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        all: Vec<Batch<'_>>,
        verdicts: Vec<Vec<Verdict>>,
        action: &'static str,
    ) -> Result<Vec<Vec<JudgedResult>>, Error> {
        let (mut results, mut rows, mut permits, mut bodies) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut done = Vec::with_capacity(all.len());
        let samples: Vec<&Sample> = all.iter().map(|b| b.sample).collect();
        for (Batch { sample, new }, verdicts) in all.into_iter().zip(verdicts) {
            let permit = self.access.check(who, action, &result_resource(sample), cx.now)?;
            open_for_results(sample)?;
            let mut judged = Vec::with_capacity(new.len());
            for (new, verdict) in new.into_iter().zip(verdicts) {
                let id = cx.id();
                result_values(&mut results, cx, who.account, sample, id, &new);
                let record = verdict_values(&mut rows, cx, sample.id, id, verdict, "entered")?;
                judged.push(JudgedResult {
                    id,
                    sample: sample.id,
                    reported: new,
                    entered_by: Some(who.account),
                    entered: cx.now,
                    withdrawn: false,
                    verdicts: vec![record],
                    declared: None,
                });
            }
            changed(tx, sample).await?;
            let parts = judged.chunks(RESULTS_AN_ENTRY);
            for part in parts.chain(judged.is_empty().then_some(&[][..])) {
                let body = serde_json::json!({
                    "form_no": sample.form_no,
                    "governing_on": sample.governing_on.to_string(),
                    "results": part.iter().map(summary).collect::<Vec<_>>(),
                });
                permits.push(permit.clone());
                bodies.push(Entry {
                    kind: "result.entered",
                    region: sample.region.clone(),
                    subject: format!("sample:{}", sample.id),
                    body,
                    private: None,
                });
            }
            done.push(judged);
        }
        tx.insert_many(INTO_RESULT, RESULT_COLUMNS, results, "").await?;
        tx.insert_many(INTO_VERDICT, VERDICT_COLUMNS, rows, "").await?;
        let entries = permits.iter().zip(bodies).map(|(permit, entry)| (cx, permit, entry)).collect();
        ledger::append_many(tx, entries).await?;
        let pairs: Vec<(&Sample, &[JudgedResult])> =
            samples.iter().copied().zip(done.iter().map(Vec::as_slice)).collect();
        self.judge_declared(tx, cx, &pairs).await?;
        for (sample, judged) in samples.into_iter().zip(&done) {
            self.raise_serious(tx, cx, sample, judged).await?;
        }
        Ok(done)
    }

    /// Replaces a result that was entered wrongly, while the report is not approved. The old one stays on record.
    ///
    /// # Errors
    /// As [`Lab::enter_result`]; [`Error::NotFound`] for an unknown or withdrawn result.
    pub async fn correct_result(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        result: Id,
        new: NewResult,
    ) -> Result<JudgedResult, Error> {
        let old = tx
            .first("select sample from result where id = $1", &[result.into()])
            .await?
            .ok_or_else(|| Error::NotFound(format!("result {result}")))?;
        let sample = self.sample_to_change(tx, old.id("sample")?).await?;
        let permit = self.access.check(who, "create", &result_resource(&sample), cx.now)?;
        open_for_results(&sample)?;
        let mut standing = results_in(tx, sample.id).await?;
        standing.retain(|r| !r.withdrawn);
        if !standing.iter().any(|r| r.id == result) {
            return Err(Error::NotFound(format!("result {result}")));
        }
        let (mut problems, verdict) = self.examine(&sample, &new);
        if standing.iter().any(|r| r.id != result && same_analyte(&r.reported.analyte, &new.analyte)) {
            problems.push(known_already(&new.analyte));
        }
        let scope = self.scope_in(tx, sample.laboratory).await?;
        let today = cx.now.china_date();
        problems.extend(scope.and_then(|s| s.problem(self.rules, &sample, &new, today)));
        let (Some(verdict), true) = (verdict, problems.is_empty()) else {
            return Err(Error::Invalid(problems));
        };
        tx.exec_one("update result set withdrawn = 1 where id = $1 and withdrawn = 0", &[result.into()])
            .await?;
        changed(tx, &sample).await?;
        let (id, mut values) = (cx.id(), Vec::new());
        result_values(&mut values, cx, who.account, &sample, id, &new);
        tx.insert_many(INTO_RESULT, RESULT_COLUMNS, values, "").await?;
        let record = store_verdict(tx, cx, sample.id, id, verdict, "entered").await?;
        let judged = JudgedResult {
            id,
            sample: sample.id,
            reported: new,
            entered_by: Some(who.account),
            entered: cx.now,
            withdrawn: false,
            verdicts: vec![record],
            declared: None,
        };
        let entry = Entry {
            kind: "result.corrected",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({ "withdrawn": result, "result": summary(&judged) }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        self.judge_declared(tx, cx, &[(&sample, std::slice::from_ref(&judged))]).await?;
        self.raise_serious(tx, cx, &sample, std::slice::from_ref(&judged)).await?;
        Ok(judged)
    }

    /// Judges every current result of a sample again under the limits loaded now; each gets a new verdict row and
    /// the old one points to it. A submitted supervision sample that fails now becomes a nonconformity.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`], storage.
    pub async fn rejudge(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        reason: &str,
    ) -> Result<Vec<JudgedResult>, Error> {
        let sample = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "create", &result_resource(&sample), cx.now)?;
        let mut judged = results_in(tx, sample.id).await?;
        judged.retain(|r| !r.withdrawn);
        let mut changes = Vec::new();
        for result in &mut judged {
            let verdict = self.judge(&sample, &result.reported);
            let record = store_verdict(tx, cx, sample.id, result.id, verdict, reason).await?;
            if let Some(old) = result.verdicts.last_mut() {
                tx.exec(
                    "update verdict set superseded_by = $1 where id = $2",
                    &[record.id.into(), old.id.into()],
                )
                .await?;
                old.superseded_by = Some(record.id);
                changes.push(serde_json::json!({
                    "result": result.id,
                    "was": old.verdict.outcome.word(),
                    "is": record.verdict.outcome.word(),
                    "rules": record.verdict.rules,
                }));
            }
            result.verdicts.push(record);
        }
        let entry = Entry {
            kind: "result.rejudged",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({ "reason": reason, "changes": changes }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        self.raise_serious(tx, cx, &sample, &judged).await?;
        if sample.state == SampleState::Submitted {
            self.conclude(tx, cx, &sample, &judged).await?;
        }
        Ok(judged)
    }

    /// What is wrong with a result: fields, and whatever the limits cannot read; and its verdict once it can be judged.
    pub(crate) fn examine(&self, sample: &Sample, new: &NewResult) -> (Vec<Problem>, Option<Verdict>) {
        let new = &*tidied(new);
        let mut problems = check(new);
        problems.extend(beyond_the_whole(new));
        if !problems.is_empty() {
            return (problems, None);
        }
        let verdict = self.judge(sample, new);
        problems.extend(foreign_unit(&self.units_of(&new.analyte), new));
        if let Outcome::DataError { reason } = &verdict.outcome {
            problems.push(Problem::new("reported", REPORTED, new.reported.as_str(), reason.clone()));
        }
        (problems, Some(verdict))
    }

    /// What the limits say of a result of this sample.
    pub(crate) fn judge(&self, sample: &Sample, new: &NewResult) -> Verdict {
        let case = case_of(sample, new);
        // a session that panicked is only a cache: what it knows is as good as before
        self.judge.lock().unwrap_or_else(std::sync::PoisonError::into_inner).verdict(&case)
    }
}

/// A result of a sample as the limits are asked.
pub(crate) fn case_of(sample: &Sample, new: &NewResult) -> Case {
    let value = if new.subsamples.is_empty() { new.reported.clone() } else { new.subsamples.join("|") };
    Case {
        id: sample.blind_no(),
        food: sample.food.clone(),
        placed: Vec::new(),
        facts: sample.facts.clone(),
        analyte: new.analyte.clone(),
        value,
        unit: new.unit.clone(),
        lod: new.lod.clone(),
        loq: new.loq.clone(),
        date: sample.governing_on,
    }
}

/// Results of one sample to be entered.
pub(crate) struct Batch<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) new: Vec<NewResult>,
}

/// What is wrong with which result.
pub(crate) struct Wrong {
    pub(crate) batch: usize,
    pub(crate) result: usize,
    pub(crate) problem: Problem,
}

/// Results one journal entry holds, which may have 65,535 bytes: a screening for 500 pesticides has several entries.
const RESULTS_AN_ENTRY: usize = 120;

pub(crate) const INTO_RESULT: &str = "insert into result (id, sample, analyte, reported, unit, lod, loq, method, subsamples, value, \
    entered_by, entered, withdrawn)";
pub(crate) const RESULT_COLUMNS: usize = 13;

pub(crate) fn result_values(
    values: &mut Vec<Value>,
    cx: &Context,
    entered_by: Id,
    sample: &Sample,
    id: Id,
    new: &NewResult,
) {
    let new = tidied(new);
    values.extend([
        id.into(),
        sample.id.into(),
        new.analyte.as_str().into(),
        new.reported.as_str().into(),
        new.unit.as_str().into(),
        new.lod.clone().into(),
        new.loq.clone().into(),
        new.method.as_str().into(),
        serde_json::json!(new.subsamples).to_string().into(),
        Value::Real(new.reported.trim().parse().ok()),
        entered_by.into(),
        cx.now.into(),
        false.into(),
    ]);
}

/// Results belong to the laboratory the sample is assigned to.
pub(crate) fn result_resource(sample: &Sample) -> Resource {
    Resource::new("result", sample.region.clone())
        .of_agency(sample.agency.clone())
        .of_operator(sample.laboratory)
}

/// A result changes its sample: who decides on what was read before is refused. The first one moves it to testing.
async fn changed(tx: &mut Tx, sample: &Sample) -> Result<(), Error> {
    tx.exec_one(
        "update sample set state = 'testing', version = version + 1 where id = $1 and version = $2",
        &[sample.id.into(), sample.version.into()],
    )
    .await?;
    Ok(())
}

const INTO_VERDICT: &str = "insert into verdict (id, result, sample, outcome, standard, edition, clause, rule, limit_text, \
    near_limit, body, engine, judged, reason)";
const VERDICT_COLUMNS: usize = 14;

fn verdict_values(
    values: &mut Vec<Value>,
    cx: &Context,
    sample: Id,
    result: Id,
    verdict: Verdict,
    reason: &str,
) -> Result<VerdictRecord, Error> {
    let id = cx.id();
    let none_if_empty = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    let limit = verdict.limit.as_ref().map(|l| l.show(base::Lang::Zh));
    values.extend([
        id.into(),
        result.into(),
        sample.into(),
        verdict.outcome.word().into(),
        none_if_empty(&verdict.standard).into(),
        none_if_empty(&verdict.edition).into(),
        none_if_empty(&verdict.clause).into(),
        none_if_empty(&verdict.rule).into(),
        limit.into(),
        verdict.near_limit.into(),
        serde_json::to_string(&verdict).map_err(store_json)?.into(),
        verdict.engine.as_str().into(),
        cx.now.into(),
        reason.into(),
    ]);
    Ok(VerdictRecord { id, verdict, judged: cx.now, reason: reason.to_owned(), superseded_by: None })
}

pub(crate) async fn store_verdict(
    tx: &mut Tx,
    cx: &Context,
    sample: Id,
    result: Id,
    verdict: Verdict,
    reason: &str,
) -> Result<VerdictRecord, Error> {
    let mut values = Vec::with_capacity(VERDICT_COLUMNS);
    let record = verdict_values(&mut values, cx, sample, result, verdict, reason)?;
    tx.insert_many(INTO_VERDICT, VERDICT_COLUMNS, values, "").await?;
    Ok(record)
}

fn store_json(e: serde_json::Error) -> Error {
    Error::Store(store::Error::Setup(format!("a verdict does not serialise: {e}")))
}

/// Every result of a sample with all its verdicts, in order of entry.
pub(crate) async fn results_in(tx: &mut Tx, sample: Id) -> Result<Vec<JudgedResult>, Error> {
    let results = tx.query(RESULTS, &[sample.into()]).await?;
    let verdicts = tx.query(VERDICTS, &[sample.into()]).await?;
    assemble(&results, &verdicts)
}

pub(crate) const RESULTS: &str = "select r.id, r.sample, r.analyte, r.reported, r.unit, r.lod, r.loq, r.method, r.subsamples, \
    r.entered_by, r.entered, r.withdrawn, (select d.body from declared_verdict d where d.sample = r.sample and d.result = r.id \
    order by d.id desc limit 1) as declared from result r where r.sample = $1 order by r.id";
pub(crate) const VERDICTS: &str =
    "select id, result, body, judged, reason, superseded_by from verdict where sample = $1 order by id";

pub(crate) fn assemble(results: &[Row], verdicts: &[Row]) -> Result<Vec<JudgedResult>, Error> {
    let mut all = Vec::with_capacity(results.len());
    for row in results {
        let id = row.id("id")?;
        let mut of = Vec::new();
        for v in verdicts {
            if v.id("result")? == id {
                of.push(VerdictRecord {
                    id: v.id("id")?,
                    verdict: v.json("body")?,
                    judged: v.instant("judged")?,
                    reason: v.text("reason")?,
                    superseded_by: v.opt_id("superseded_by")?,
                });
            }
        }
        all.push(JudgedResult {
            id,
            sample: row.id("sample")?,
            reported: NewResult {
                analyte: row.text("analyte")?,
                reported: row.text("reported")?,
                unit: row.text("unit")?,
                lod: row.opt_text("lod")?,
                loq: row.opt_text("loq")?,
                method: row.text("method")?,
                subsamples: row.json("subsamples")?,
            },
            entered_by: row.opt_id("entered_by")?,
            entered: row.instant("entered")?,
            withdrawn: row.flag("withdrawn")?,
            verdicts: of,
            declared: row.opt_text("declared")?.map(|_| row.json("declared")).transpose()?,
        });
    }
    Ok(all)
}

fn summary(result: &JudgedResult) -> serde_json::Value {
    let verdict = result.verdict().map(|v| &v.verdict);
    serde_json::json!({
        "id": result.id,
        "analyte": result.reported.analyte,
        "reported": result.reported.reported,
        "subsamples": result.reported.subsamples,
        "unit": result.reported.unit,
        "verdict": verdict.map(|v| v.outcome.word()),
        "rule": verdict.map(|v| v.rule.as_str()),
        "rules": verdict.map(|v| v.rules.as_str()),
    })
}

/// Whether results of this kind of sample may become a nonconformity.
pub(crate) const fn has_consequence(kind: SampleKind) -> bool {
    matches!(kind, SampleKind::Supervision)
}
