//! The report: approved by a second person, submitted once, and what a failure then brings about.

use crate::result::{JudgedResult, has_consequence, result_resource, results_in};
use crate::sample::{Conclusion, Sample, SampleKind, SampleState};
use crate::sampling::{Book, recused_from, retract_overturned};
use crate::{Error, Failure, Lab, Nonconformity, NonconformityState};
use access::{Principal, Resource};
use base::{Id, Text};
use ledger::{Context, Entry, Permit};
use limits::Outcome;
use serde::Serialize;
use store::{Store, Tx};

/// What submitting a report did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submitted {
    /// The sample as it stands now.
    pub sample: Sample,
    /// The nonconformity it opened, if any.
    pub nonconformity: Option<Nonconformity>,
}

/// What the record of a report says, for the documents that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// Number of the report, once it has one.
    pub report_no: Option<String>,
    /// Date of sampling, ISO.
    pub sampled: String,
}

/// Number of a sample's report and the date it was taken.
///
/// # Errors
/// Storage; there is no such sample.
pub async fn report_facts(tx: &mut Tx, sample: Id) -> Result<ReportFacts, Error> {
    let row = tx.one("select report_no, sampled from sample where id = $1", &[sample.into()]).await?;
    Ok(ReportFacts { report_no: row.opt_text("report_no")?, sampled: row.text("sampled")? })
}

/// How many supervision samples have a submitted report: a figure for everybody.
///
/// # Errors
/// Storage.
pub async fn reports_submitted(store: &Store) -> Result<i64, Error> {
    let row = store
        .one("select count(*) as n from sample where state = 'submitted' and kind = 'supervision'", &[])
        .await?;
    Ok(row.int("n")?)
}

/// The results of a sample as who reviews them stands to them: whoever keeps away from the firm sampled or from the producer does not.
pub(crate) async fn reviewed(tx: &mut Tx, sample: &Sample) -> Result<Resource, Error> {
    let recused = recused_from(tx, sample.operator.into_iter().chain(sample.producer)).await?;
    Ok(Resource { recused, ..result_resource(sample) })
}

impl Lab {
    /// Approves the report of a sample. The conclusion is drawn from the verdicts in force.
    ///
    /// # Errors
    /// [`Error::FourEyes`] when the person entered one of the results; [`Error::State`] without results or out of order;
    /// [`Error::Denied`], also to who keeps away from the firm sampled or from the producer.
    pub async fn approve_report(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        report_no: &str,
    ) -> Result<Sample, Error> {
        let mut sample = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "act", &reviewed(tx, &sample).await?, cx.now)?;
        if sample.state != SampleState::Testing {
            return Err(out_of_order(&sample, SampleState::Testing));
        }
        let results = current(results_in(tx, sample.id).await?);
        if results.is_empty() {
            return Err(Error::State(Text::new(
                format!("样品 {} 还没有检验结果，不能批准", sample.blind_no()),
                format!("sample {} has no results yet; enter them first", sample.blind_no()),
            )));
        }
        if results.iter().any(|r| r.entered_by == Some(who.account)) {
            return Err(Error::FourEyes);
        }
        let conclusion = conclude(sample.kind, &results);
        let report_no = report_no.trim();
        let report_no = if report_no.is_empty() { sample.blind_no() } else { report_no.to_owned() };
        tx.exec_one(
            "update sample set state = 'approved', approved_by = $1, conclusion = $2, report_no = $3, \
             approved_at = $4, version = version + 1 where id = $5 and version = $6",
            &[
                who.account.into(),
                conclusion.word().into(),
                report_no.as_str().into(),
                cx.now.into(),
                sample.id.into(),
                sample.version.into(),
            ],
        )
        .await?;
        sample.version += 1;
        sample.state = SampleState::Approved;
        sample.approved_by = Some(who.account);
        sample.approved_at = Some(cx.now);
        sample.conclusion = Some(conclusion);
        sample.report_no = Some(report_no);
        record(tx, cx, &permit, &sample, "report.approved", &results).await?;
        Ok(self.shown(who, cx.now, sample))
    }

    /// Gives an approved report back to testing, so that a result can be corrected.
    ///
    /// # Errors
    /// [`Error::State`] unless it is approved and not yet submitted; [`Error::Denied`].
    pub async fn return_report(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        reason: &str,
    ) -> Result<Sample, Error> {
        let mut sample = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "act", &reviewed(tx, &sample).await?, cx.now)?;
        if sample.state != SampleState::Approved {
            return Err(out_of_order(&sample, SampleState::Approved));
        }
        tx.exec_one(
            "update sample set state = 'testing', approved_by = null, approved_at = null, conclusion = null, version = version + 1 \
             where id = $1 and version = $2",
            &[sample.id.into(), sample.version.into()],
        )
        .await?;
        sample.version += 1;
        sample.state = SampleState::Testing;
        sample.approved_by = None;
        sample.approved_at = None;
        sample.conclusion = None;
        let entry = Entry {
            kind: "report.returned",
            region: sample.region.clone(),
            subject: format!("sample:{}", sample.id),
            body: serde_json::json!({ "form_no": sample.form_no, "reason": reason }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(self.shown(who, cx.now, sample))
    }

    /// Submits an approved report to the authority. A failed supervision sample becomes a nonconformity and its
    /// consequence follows in the same transaction.
    ///
    /// # Errors
    /// [`Error::State`] unless approved; [`Error::Hook`] when the consequence fails: nothing is submitted then.
    pub async fn submit_report(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
    ) -> Result<Submitted, Error> {
        let mut sample = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "act", &reviewed(tx, &sample).await?, cx.now)?;
        if sample.state != SampleState::Approved {
            return Err(out_of_order(&sample, SampleState::Approved));
        }
        tx.exec_one(
            "update sample set state = 'submitted', submitted_by = $1, submitted_at = $2, version = version + 1 \
             where id = $3 and version = $4",
            &[who.account.into(), cx.now.into(), sample.id.into(), sample.version.into()],
        )
        .await?;
        sample.version += 1;
        sample.state = SampleState::Submitted;
        sample.submitted_at = Some(cx.now);
        let results = current(results_in(tx, sample.id).await?);
        record(tx, cx, &permit, &sample, "report.submitted", &results).await?;
        let nonconformity = self.conclude(tx, cx, &sample, &results).await?;
        Ok(Submitted { sample, nonconformity })
    }

    /// Opens the nonconformity of a submitted supervision sample that fails, unless it has one.
    pub(crate) async fn conclude(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        results: &[JudgedResult],
    ) -> Result<Option<Nonconformity>, Error> {
        let failing: Vec<&JudgedResult> =
            results.iter().filter(|r| !r.withdrawn && r.failing().is_some()).collect();
        let (true, Some(first)) = (has_consequence(sample.kind), failing.first()) else { return Ok(None) };
        let known = tx.query("select id from nonconformity where sample = $1", &[sample.id.into()]).await?;
        if !known.is_empty() {
            return Ok(None);
        }
        let mut nonconformity = Nonconformity {
            id: cx.id(),
            version: 1,
            sample: sample.id,
            form_no: sample.form_no.clone(),
            food: sample.food.clone(),
            product_name: sample.product_name.clone(),
            result: first.id,
            verdict: first.verdict().map_or(Id(0), |v| v.id),
            failures: failing.iter().map(|r| failure(r)).collect(),
            state: NonconformityState::Open,
            item: sample.item.clone(),
            lot_no: sample.lot_no.clone(),
            place: sample.place.clone(),
            place_name: sample.place_name.clone(),
            operator: sample.operator,
            producer: sample.producer,
            producer_name: sample.producer_name.clone(),
            region: sample.region.clone(),
            agency: sample.agency.clone(),
            created: cx.now,
            matter: None,
        };
        insert(tx, &nonconformity).await?;
        let permit = Permit::system("nonconforming report");
        let entry = Entry {
            kind: "nonconformity.opened",
            region: nonconformity.region.clone(),
            subject: format!("nonconformity:{}", nonconformity.id),
            body: serde_json::json!({
                "sample": nonconformity.sample,
                "form_no": nonconformity.form_no,
                "lot": nonconformity.item,
                "place": nonconformity.place,
                "failures": nonconformity.failures,
            }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        let matter = self.consequence.nonconforming(tx, cx, &nonconformity).await.map_err(Error::Hook)?;
        if matter.is_some() {
            tx.exec(
                "update nonconformity set matter = $1 where id = $2",
                &[matter.into(), nonconformity.id.into()],
            )
            .await?;
            nonconformity.matter = matter;
        }
        Ok(Some(nonconformity))
    }

    /// Moves a nonconformity to another state; called by the end of its disposal (`system` work of a procedure).
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage.
    pub async fn settle_nonconformity(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        id: Id,
        state: NonconformityState,
    ) -> Result<(), Error> {
        tx.lock("nonconformity", &[id]).await?;
        let rows = tx.query("select region, sample from nonconformity where id = $1", &[id.into()]).await?;
        let row = rows.first().ok_or_else(|| Error::NotFound(format!("nonconformity {id}")))?;
        tx.exec(
            "update nonconformity set state = $1, version = version + 1 where id = $2",
            &[state.word().into(), id.into()],
        )
        .await?;
        let entry = Entry {
            kind: "nonconformity.settled",
            region: row.text("region")?,
            subject: format!("nonconformity:{id}"),
            body: serde_json::json!({ "state": state.word() }),
            private: None,
        };
        ledger::append(tx, cx, permit, entry).await?;
        if state == NonconformityState::Overturned {
            retract_overturned(self, tx, cx, permit, row.id("sample")?).await?;
        }
        Ok(())
    }
}

pub(crate) fn current(mut results: Vec<JudgedResult>) -> Vec<JudgedResult> {
    results.retain(|r| !r.withdrawn);
    results
}

pub(crate) fn outcome(result: &JudgedResult) -> Option<&Outcome> {
    result.verdict().map(|v| &v.verdict.outcome)
}

/// The conclusion of a report: a failure, by the law or by the standard the firm declares for its product, outweighs everything, and
/// what is undecided by the law is never a pass.
pub(crate) fn conclude(kind: SampleKind, results: &[JudgedResult]) -> Conclusion {
    let failed = results.iter().any(|r| r.failing().is_some());
    let decided =
        |o: &Outcome| matches!(o, Outcome::Conform | Outcome::NotLimited | Outcome::Exempt) || o.is_failure();
    let undecided = !results.iter().all(|r| outcome(r).is_some_and(decided));
    match (kind, failed, undecided) {
        (SampleKind::Monitoring, true, _) => Conclusion::ProblemFound,
        (_, true, _) => Conclusion::Unqualified,
        (_, false, true) => Conclusion::Undecided,
        (SampleKind::Monitoring, false, false) => Conclusion::NoProblem,
        (_, false, false) => Conclusion::Qualified,
    }
}

/// A failing result in words. What fails only the standard the firm declares cites that declaration and the clause that binds the firm to it.
pub(crate) fn failure(result: &JudgedResult) -> Failure {
    let law = result.verdict().map(|v| &v.verdict);
    let verdict = result.failing().or(law);
    let declared =
        verdict.filter(|v| law.is_none_or(|law| !law.outcome.is_failure()) && v.outcome.is_failure());
    let limit = verdict.and_then(|v| v.limit.as_ref()).map_or_else(String::new, |l| l.show(base::Lang::Zh));
    let basis = verdict.filter(|v| !v.standard.is_empty()).map_or_else(String::new, |v| match declared {
        Some(v) => format!("企业标准 {} 明示指标；{}", v.standard, Book::builtin().declared_basis()),
        None => format!("{}-{} {}", v.standard, v.edition, v.clause),
    });
    let reported = if result.reported.subsamples.is_empty() {
        result.reported.reported.clone()
    } else {
        result.reported.subsamples.join(" | ")
    };
    Failure {
        result: result.id,
        analyte: result.reported.analyte.clone(),
        reported,
        unit: result.reported.unit.clone(),
        limit,
        basis,
    }
}

fn out_of_order(sample: &Sample, needed: SampleState) -> Error {
    let (now, needed) = (sample.state.label(), needed.label());
    Error::State(Text::new(
        format!("样品 {} 当前状态为“{}”，该操作要求“{}”", sample.blind_no(), now.zh, needed.zh),
        format!("sample {} is in state \"{}\"; this needs \"{}\"", sample.blind_no(), now.en, needed.en),
    ))
}

async fn record(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    sample: &Sample,
    kind: &'static str,
    results: &[JudgedResult],
) -> Result<(), Error> {
    let verdicts: Vec<_> = results
        .iter()
        .map(|r| {
            let mut said = serde_json::json!({ "result": r.id, "verdict": outcome(r).map(Outcome::word) });
            if let Some(declared) = &r.declared {
                said["declared"] = declared.outcome.word().into();
            }
            said
        })
        .collect();
    let entry = Entry {
        kind,
        region: sample.region.clone(),
        subject: format!("sample:{}", sample.id),
        body: serde_json::json!({
            "form_no": sample.form_no,
            "report_no": sample.report_no,
            "conclusion": sample.conclusion.map(Conclusion::word),
            "verdicts": verdicts,
        }),
        private: None,
    };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, n: &Nonconformity) -> Result<(), Error> {
    tx.exec(
        "insert into nonconformity (id, version, sample, result, verdict, state, item, place, operator, producer, \
         region, agency, created, matter) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            n.id.into(),
            n.version.into(),
            n.sample.into(),
            n.result.into(),
            n.verdict.into(),
            n.state.word().into(),
            n.item.clone().into(),
            n.place.clone().into(),
            n.operator.into(),
            n.producer.into(),
            n.region.as_str().into(),
            n.agency.as_str().into(),
            n.created.into(),
            n.matter.into(),
        ],
    )
    .await?;
    Ok(())
}
