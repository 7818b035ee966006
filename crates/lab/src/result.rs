//! Results: entered as reported, judged at once, judged again without losing the first verdict.

use crate::sample::{Sample, SampleKind, SampleState};
use crate::{Error, Lab, Problem};
use access::{Principal, Resource};
use base::{Id, Instant, Text};
use ledger::{Context, Entry};
use limits::{Case, Outcome, Verdict};
use serde::{Deserialize, Serialize};
use store::{Row, Tx, Value};

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
    /// A correction replaced it before approval.
    pub withdrawn: bool,
    /// Verdicts, oldest first; never empty.
    pub verdicts: Vec<VerdictRecord>,
}

impl JudgedResult {
    /// The verdict in force.
    #[must_use]
    pub fn verdict(&self) -> Option<&VerdictRecord> {
        self.verdicts.last()
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
        let sample = self.sample_in(tx, sample).await?;
        let permit = self.access.check(who, action, &result_resource(&sample), cx.now)?;
        open_for_results(&sample)?;
        let known = results_in(tx, sample.id).await?;
        let mut problems = Vec::new();
        for (i, one) in new.iter().enumerate() {
            problems.extend(self.examine(&sample, one));
            let again = new[..i].iter().any(|n| same_analyte(&n.analyte, &one.analyte))
                || known.iter().any(|r| !r.withdrawn && same_analyte(&r.reported.analyte, &one.analyte));
            if again {
                problems.push(given_twice(&one.analyte));
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let mut judged = Vec::with_capacity(new.len());
        for one in new {
            judged.push(self.store_result(tx, cx, who, &sample, one).await?);
        }
        begin_testing(tx, cx, &sample).await?;
        let body = serde_json::json!({
            "form_no": sample.form_no,
            "governing_on": sample.governing_on.to_string(),
            "results": judged.iter().map(summary).collect::<Vec<_>>(),
        });
        let entry = Entry {
            kind: "result.entered",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body,
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(judged)
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
            .query("select id, sample from result where id = $1 and withdrawn = 0", &[result.into()])
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| Error::NotFound(format!("result {result}")))?;
        let sample = self.sample_in(tx, old.id("sample")?).await?;
        let permit = self.access.check(who, "create", &result_resource(&sample), cx.now)?;
        open_for_results(&sample)?;
        let problems = self.examine(&sample, &new);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        tx.exec_one("update result set withdrawn = 1 where id = $1 and withdrawn = 0", &[result.into()])
            .await?;
        let judged = self.store_result(tx, cx, who, &sample, new).await?;
        let entry = Entry {
            kind: "result.corrected",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({ "withdrawn": result, "result": summary(&judged) }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
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
        let sample = self.sample_in(tx, sample).await?;
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
        if sample.state == SampleState::Submitted {
            self.conclude(tx, cx, &sample, &judged).await?;
        }
        Ok(judged)
    }

    /// What is wrong with a result: fields, and whatever the limits cannot read.
    pub(crate) fn examine(&self, sample: &Sample, new: &NewResult) -> Vec<Problem> {
        let mut problems = check(new);
        if problems.is_empty()
            && let Outcome::DataError { reason } = self.judge(sample, new).outcome
        {
            problems.push(Problem::new("reported", REPORTED, new.reported.as_str(), reason));
        }
        problems
    }

    /// What the limits say of a result of this sample.
    pub(crate) fn judge(&self, sample: &Sample, new: &NewResult) -> Verdict {
        let value = if new.subsamples.is_empty() { new.reported.clone() } else { new.subsamples.join("|") };
        let case = Case {
            id: sample.form_no.clone(),
            food: sample.food.clone(),
            placed: Vec::new(),
            facts: sample.facts.clone(),
            analyte: new.analyte.clone(),
            value,
            unit: new.unit.clone(),
            lod: new.lod.clone(),
            loq: new.loq.clone(),
            date: sample.governing_on,
        };
        // a session that panicked is only a cache: what it knows is as good as before
        self.judge.lock().unwrap_or_else(std::sync::PoisonError::into_inner).verdict(&case)
    }

    async fn store_result(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: &Sample,
        new: NewResult,
    ) -> Result<JudgedResult, Error> {
        let id = cx.id();
        tx.exec(
            "insert into result (id, sample, analyte, reported, unit, lod, loq, method, subsamples, value, \
             entered_by, entered, withdrawn) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)",
            &[
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
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let verdict = self.judge(sample, &new);
        let record = store_verdict(tx, cx, sample.id, id, verdict, "entered").await?;
        Ok(JudgedResult {
            id,
            sample: sample.id,
            reported: new,
            entered_by: Some(who.account),
            entered: cx.now,
            withdrawn: false,
            verdicts: vec![record],
        })
    }
}

/// Results belong to the laboratory the sample is assigned to.
pub(crate) fn result_resource(sample: &Sample) -> Resource {
    Resource::new("result", sample.region.clone())
        .of_agency(sample.agency.clone())
        .of_operator(sample.laboratory)
}

fn open_for_results(sample: &Sample) -> Result<(), Error> {
    match sample.state {
        SampleState::Sealed | SampleState::Sent | SampleState::Received | SampleState::Testing => Ok(()),
        SampleState::Refused => Err(Error::State(Text::new(
            format!("抽样单 {} 已被拒收，不能录入结果", sample.form_no),
            format!("sample {} was refused; it has no results", sample.form_no),
        ))),
        SampleState::Approved | SampleState::Submitted => Err(Error::State(Text::new(
            format!("抽样单 {} 的报告已批准，结果不能再改；如需更正请先退回报告", sample.form_no),
            format!(
                "the report of {} is approved; its results no longer change. Return the report first",
                sample.form_no
            ),
        ))),
    }
}

/// The first result moves the sample to testing; a sample not yet received is received with it.
async fn begin_testing(tx: &mut Tx, cx: &Context, sample: &Sample) -> Result<(), Error> {
    if sample.state != SampleState::Testing {
        let received = sample.received.unwrap_or_else(|| cx.now.china_date());
        tx.exec_one(
            "update sample set state = 'testing', received = $1, version = version + 1 \
             where id = $2 and version = $3",
            &[received.into(), sample.id.into(), sample.version.into()],
        )
        .await?;
    }
    Ok(())
}

async fn store_verdict(
    tx: &mut Tx,
    cx: &Context,
    sample: Id,
    result: Id,
    verdict: Verdict,
    reason: &str,
) -> Result<VerdictRecord, Error> {
    let id = cx.id();
    let none_if_empty = |t: &str| (!t.is_empty()).then(|| t.to_owned());
    let limit = verdict.limit.as_ref().map(|l| l.show(base::Lang::Zh));
    tx.exec(
        "insert into verdict (id, result, sample, outcome, standard, edition, clause, rule, limit_text, near_limit, \
         body, engine, judged, superseded_by, reason) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, null, $14)",
        &[
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
        ],
    )
    .await?;
    Ok(VerdictRecord { id, verdict, judged: cx.now, reason: reason.to_owned(), superseded_by: None })
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

pub(crate) const RESULTS: &str = "select id, sample, analyte, reported, unit, lod, loq, method, subsamples, \
    entered_by, entered, withdrawn from result where sample = $1 order by id";
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

/// Whether two names as reported are the same text.
pub(crate) fn same_analyte(a: &str, b: &str) -> bool {
    a.trim() == b.trim()
}

/// Said of an analyte that has a result already.
pub(crate) fn given_twice(analyte: &str) -> Problem {
    Problem::new(
        "analyte",
        ANALYTE,
        analyte,
        Text::of(
            "该样品已有这一项目的结果；如需更正请用“更正结果”",
            "the sample has a result for this analyte already; use \"correct result\" to change it",
        ),
    )
}

/// What is wrong with a result before it is judged.
pub(crate) fn check(new: &NewResult) -> Vec<Problem> {
    let mut problems = Vec::new();
    let required = |field: &str, label: Text, zh: &'static str, en: &'static str| {
        Problem::new(field, label, "", Text::of(zh, en))
    };
    if new.analyte.trim().is_empty() {
        problems.push(required("analyte", ANALYTE, "请填写检验项目", "state the analyte"));
    }
    if new.reported.trim().is_empty() && new.subsamples.is_empty() {
        problems.push(required(
            "reported",
            REPORTED,
            "请填写检验结果；未检出请填 ND 并给出检出限",
            "state the result; for not detected write ND and give the detection limit",
        ));
    }
    let texts = [("reported", REPORTED, new.reported.as_str())]
        .into_iter()
        .chain(new.lod.as_deref().map(|t| ("lod", LOD, t)))
        .chain(new.loq.as_deref().map(|t| ("loq", LOQ, t)))
        .chain(new.subsamples.iter().map(|t| ("subsamples", REPORTED, t.as_str())));
    for (field, label, text) in texts {
        if !readable(text) {
            problems.push(Problem::new(
                field,
                label,
                text,
                Text::of(
                    "无法识别的数值；请填数字、<数字、>数字、数字×10^n 或 ND(未检出)",
                    "not a value; write a number, <number, >number, number×10^n or ND",
                ),
            ));
        }
    }
    problems
}

pub(crate) const ANALYTE: Text = Text::of("检验项目", "analyte");
pub(crate) const REPORTED: Text = Text::of("检验结果", "result");
pub(crate) const LOD: Text = Text::of("检出限", "detection limit");
pub(crate) const LOQ: Text = Text::of("定量限", "quantification limit");

/// Whether a reported text has a digit or says not detected; the finer reading is the limits' business.
fn readable(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["nd", "n.d.", "未检出", "不得检出", "检出", "阴性", "阳性", "not detected", "detected"];
    let text = text.trim().to_lowercase();
    if text.is_empty() || WORDS.iter().any(|w| text.starts_with(w)) {
        return true;
    }
    let number = text.trim_start_matches(['<', '>', '≤', '≥', '＜', '＞', '=', ' ', '±', '-']);
    number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains(['#', '?', '!'])
}

/// Whether results of this kind of sample may become a nonconformity.
pub(crate) const fn has_consequence(kind: SampleKind) -> bool {
    matches!(kind, SampleKind::Supervision)
}
