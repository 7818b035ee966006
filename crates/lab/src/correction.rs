//! Corrections of submitted reports (检验报告更正): one person proposes what was wrong, another issues the corrected report under a number
//! of its own. The report it replaces stays as it was issued; what the changed verdict means elsewhere follows in the same transaction.

use crate::query::one_nonconformity;
use crate::report::{conclude, current, outcome, reviewed};
use crate::reported::{given_twice, known_already, same_analyte};
use crate::result::{
    INTO_RESULT, RESULT_COLUMNS, has_consequence, result_resource, result_values, results_in, store_verdict,
};
use crate::sampling::{correct_published, json};
use crate::{
    Conclusion, CorrectedReport, CorrectionState, Error, IssuedReport, JudgedResult, Lab, NewResult,
    Nonconformity, NonconformityState, Problem, ReportCorrection, ResultChange, Sample, SampleState,
};
use access::Principal;
use base::{Id, Text};
use ledger::{Context, Entry, Permit};
use limits::{Outcome, Verdict};
use store::{Row, Sql, Store, Tx};

/// Most results one correction changes: its journal entry names each.
const MOST: usize = 100;

impl Lab {
    /// Proposes to correct a submitted report: results put right, added or struck out, with the reason. The report stays in force until
    /// another person issues the corrected one.
    ///
    /// # Errors
    /// [`Error::State`] before the report is submitted, or while another correction waits; [`Error::Invalid`] naming the field;
    /// [`Error::Denied`].
    pub async fn propose_correction(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        reason: &str,
        changes: Vec<ResultChange>,
    ) -> Result<ReportCorrection, Error> {
        let sample = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "create", &result_resource(&sample), cx.now)?;
        if sample.state != SampleState::Submitted {
            return Err(not_submitted(&sample));
        }
        let before = corrections_in(tx, sample.id).await?;
        if let Some(open) = before.iter().find(|c| c.state == CorrectionState::Proposed) {
            return Err(Error::State(Text::new(
                format!("该报告已有一项更正待审核签发（{}），请先签发或退回", open.proposed.china_minute()),
                format!(
                    "a correction of {} waits already; issue or drop it first",
                    open.proposed.china_minute()
                ),
            )));
        }
        let mut problems = reasoned(reason);
        let standing = current(results_in(tx, sample.id).await?);
        problems.extend(self.examine_changes(tx, cx, &sample, &standing, &changes).await?.0);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let correction = ReportCorrection {
            id: cx.id(),
            version: 1,
            sample: sample.id,
            seq: before.last().map_or(1, |c| c.seq + 1),
            state: CorrectionState::Proposed,
            reason: reason.trim().to_owned(),
            changes,
            report_no: None,
            conclusion: None,
            replaced: None,
            proposed_by: who.account,
            proposed: cx.now,
            decided_by: None,
            decided: None,
            note: None,
        };
        tx.exec(
            "insert into report_correction (id, version, sample, seq, state, reason, changes, proposed_by, proposed) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                correction.id.into(),
                correction.version.into(),
                sample.id.into(),
                correction.seq.into(),
                correction.state.word().into(),
                correction.reason.as_str().into(),
                json(&correction.changes)?.into(),
                correction.proposed_by.into(),
                correction.proposed.into(),
            ],
        )
        .await?;
        let body = serde_json::json!({
            "form_no": sample.form_no, "report_no": sample.report_no, "correction": correction.seq,
            "reason": correction.reason, "changes": correction.changes,
        });
        note(tx, cx, &permit, &sample, "report.correction_proposed", body).await?;
        Ok(correction)
    }

    /// Does not pursue a proposed correction; the report stays as it is.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::State`] unless it waits; [`Error::NotFound`]; [`Error::Denied`].
    pub async fn drop_correction(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        correction: Id,
        reason: &str,
    ) -> Result<ReportCorrection, Error> {
        let (sample, mut correction) = self.correction_to_decide(tx, correction).await?;
        let permit = self.access.check(who, "act", &reviewed(tx, &sample).await?, cx.now)?;
        waits(&correction)?;
        let problems = reasoned(reason);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        correction.state = CorrectionState::Dropped;
        correction.note = Some(reason.trim().to_owned());
        decide(tx, cx, who, &mut correction).await?;
        let body = serde_json::json!({ "form_no": sample.form_no, "correction": correction.seq, "reason": correction.note });
        note(tx, cx, &permit, &sample, "report.correction_dropped", body).await?;
        Ok(correction)
    }

    /// Issues the corrected report, by another person than who proposed it or entered a result of it. The verdicts are drawn anew. In the
    /// same transaction a sample that fails now becomes a nonconformity, the disposal of one that failed is told and its parties' days begin
    /// anew, and what was published is corrected or taken back.
    ///
    /// # Errors
    /// [`Error::FourEyes`]; [`Error::State`] unless it waits, or when a sample fails whose failure a retest or an objection has overturned:
    /// their conclusion is final; [`Error::Invalid`]; [`Error::Hook`]; [`Error::Denied`].
    pub async fn issue_correction(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        correction: Id,
        report_no: &str,
    ) -> Result<(ReportCorrection, Option<Nonconformity>), Error> {
        let (mut sample, mut correction) = self.correction_to_decide(tx, correction).await?;
        let permit = self.access.check(who, "act", &reviewed(tx, &sample).await?, cx.now)?;
        waits(&correction)?;
        let before = current(results_in(tx, sample.id).await?);
        let (problems, verdicts) =
            self.examine_changes(tx, cx, &sample, &before, &correction.changes).await?;
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let touched = |r: &JudgedResult| correction.changes.iter().any(|c| c.result == Some(r.id));
        let kept = before.iter().filter(|r| !touched(r));
        if correction.proposed_by == who.account
            || kept.into_iter().any(|r| r.entered_by == Some(who.account))
        {
            return Err(Error::FourEyes);
        }
        let all = corrections_in(tx, sample.id).await?;
        let issued = all.iter().filter(|c| c.state == CorrectionState::Issued);
        let last = issued.clone().next_back().and_then(|c| c.decided).or(sample.approved_at);
        let replaced = IssuedReport {
            report_no: sample.report_no.clone().unwrap_or_else(|| sample.blind_no()),
            conclusion: sample.conclusion,
            issued: last,
            results: before.iter().filter_map(|r| Some((r.id, r.verdict()?.id))).collect(),
        };
        let mut taken = issued.filter_map(|c| c.replaced.as_ref()).map(|r| r.report_no.as_str());
        let report_no = own_number(report_no, &replaced.report_no, correction.seq, &mut taken)?;
        self.put_right(tx, cx, &sample, &correction, verdicts).await?;
        let results = current(results_in(tx, sample.id).await?);
        let conclusion = conclude(sample.kind, &results);
        tx.exec_one(
            "update sample set conclusion = $1, report_no = $2, version = version + 1 where id = $3 and version = $4",
            &[conclusion.word().into(), report_no.as_str().into(), sample.id.into(), sample.version.into()],
        )
        .await?;
        sample.version += 1;
        sample.conclusion = Some(conclusion);
        sample.report_no = Some(report_no.clone());
        correction.state = CorrectionState::Issued;
        correction.report_no = Some(report_no);
        correction.conclusion = Some(conclusion);
        correction.replaced = Some(replaced);
        decide(tx, cx, who, &mut correction).await?;
        let verdicts: Vec<_> = results
            .iter()
            .map(|r| serde_json::json!({ "result": r.id, "verdict": outcome(r).map(Outcome::word) }))
            .collect();
        let body = serde_json::json!({
            "form_no": sample.form_no, "report_no": sample.report_no, "correction": correction.seq,
            "replaces": correction.replaced.as_ref().map(|r| r.report_no.as_str()), "reason": correction.reason,
            "was": correction.replaced.as_ref().and_then(|r| r.conclusion).map(Conclusion::word),
            "conclusion": conclusion.word(), "verdicts": verdicts,
        });
        note(tx, cx, &permit, &sample, "report.corrected", body).await?;
        let nonconformity = self.follow(tx, cx, &sample, &results, &correction).await?;
        self.tell_the_public(tx, cx, &sample, &correction).await?;
        Ok((correction, nonconformity))
    }

    async fn correction_to_decide(&self, tx: &mut Tx, id: Id) -> Result<(Sample, ReportCorrection), Error> {
        let none = || Error::NotFound(format!("correction {id}"));
        let row = tx.first("select sample from report_correction where id = $1", &[id.into()]).await?;
        let sample = self.sample_to_change(tx, row.ok_or_else(none)?.id("sample")?).await?;
        let all = corrections_in(tx, sample.id).await?;
        Ok((sample, all.into_iter().find(|c| c.id == id).ok_or_else(none)?))
    }

    /// What is wrong with the changes of a correction, and the verdict of each that gives a result.
    async fn examine_changes(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        standing: &[JudgedResult],
        changes: &[ResultChange],
    ) -> Result<(Vec<Problem>, Vec<Option<Verdict>>), Error> {
        let mut problems = Vec::new();
        let mut wrong = |value: String, zh: &'static str, en: &'static str| {
            problems.push(Problem::new("changes", CHANGES, value, Text::of(zh, en)));
        };
        if changes.is_empty() {
            wrong(
                String::new(),
                "没有任何改动；请改正、补充或删去至少一项结果",
                "nothing changes; put right, add or strike out one result at least",
            );
        }
        if changes.len() > MOST {
            wrong(changes.len().to_string(), "一次更正至多 100 项", "at most 100 results in one correction");
        }
        for (i, change) in changes.iter().enumerate() {
            let named = change.result.map(|id| id.to_string()).unwrap_or_default();
            let old = change.result.and_then(|id| standing.iter().find(|r| r.id == id));
            if change.result.is_some() && old.is_none() {
                wrong(named, "报告中没有这一项结果", "the report has no such result");
            } else if old.is_some() && changes[..i].iter().any(|c| c.result == change.result) {
                wrong(named, "同一项结果改了两次", "the same result is changed twice");
            } else if change.result.is_none() && change.corrected.is_none() {
                wrong(named, "请写明改哪一项、改成什么", "say which result, and what it should be");
            } else if let (Some(old), Some(new)) = (old, &change.corrected)
                && old.reported == *new
            {
                wrong(new.analyte.clone(), "与原结果相同，没有改动", "it is the same as before");
            }
        }
        let touched = |r: &JudgedResult| changes.iter().any(|c| c.result == Some(r.id));
        let kept: Vec<&JudgedResult> = standing.iter().filter(|r| !touched(r)).collect();
        let given: Vec<&NewResult> = changes.iter().filter_map(|c| c.corrected.as_ref()).collect();
        if !changes.is_empty() && kept.is_empty() && given.is_empty() {
            wrong(
                String::new(),
                "不能删去全部结果；整份报告作废的请另行处理",
                "a report keeps one result at least",
            );
        }
        let scope = self.scope_in(tx, sample.laboratory).await?;
        let today = cx.now.china_date();
        let mut verdicts = Vec::with_capacity(changes.len());
        let mut at = 0;
        for change in changes {
            let Some(new) = &change.corrected else {
                verdicts.push(None);
                continue;
            };
            let (found, verdict) = self.examine(sample, new);
            problems.extend(found);
            problems.extend(scope.as_ref().and_then(|s| s.problem(self.rules, sample, new, today)));
            if kept.iter().any(|r| same_analyte(&r.reported.analyte, &new.analyte)) {
                problems.push(known_already(&new.analyte));
            } else if let Some(first) =
                given[..at].iter().position(|g| same_analyte(&g.analyte, &new.analyte))
            {
                problems.push(given_twice(&new.analyte, first + 1));
            }
            at += 1;
            verdicts.push(verdict);
        }
        Ok((problems, verdicts))
    }

    /// Withdraws what was wrong and stores what is right, entered by who proposed it.
    async fn put_right(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        correction: &ReportCorrection,
        verdicts: Vec<Option<Verdict>>,
    ) -> Result<(), Error> {
        let mut judged = Vec::new();
        for (change, verdict) in correction.changes.iter().zip(verdicts) {
            if let Some(old) = change.result {
                tx.exec_one("update result set withdrawn = 1 where id = $1 and withdrawn = 0", &[old.into()])
                    .await?;
            }
            let (Some(new), Some(verdict)) = (&change.corrected, verdict) else { continue };
            let (id, mut values) = (cx.id(), Vec::new());
            result_values(&mut values, cx, correction.proposed_by, sample, id, new);
            tx.insert_many(INTO_RESULT, RESULT_COLUMNS, values, "").await?;
            let record = store_verdict(tx, cx, sample.id, id, verdict, "corrected report").await?;
            judged.push(JudgedResult {
                id,
                sample: sample.id,
                reported: new.clone(),
                entered_by: Some(correction.proposed_by),
                entered: cx.now,
                withdrawn: false,
                verdicts: vec![record],
                declared: None,
            });
        }
        self.judge_declared(tx, cx, &[(sample, &judged)]).await?;
        self.raise_serious(tx, cx, sample, &judged).await
    }

    /// What the corrected report means for the failure of its sample: opened, told to the authority, or none.
    async fn follow(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        results: &[JudgedResult],
        correction: &ReportCorrection,
    ) -> Result<Option<Nonconformity>, Error> {
        let known = tx.first("select id from nonconformity where sample = $1", &[sample.id.into()]).await?;
        let Some(known) = known else { return self.conclude(tx, cx, sample, results).await };
        let id = known.id("id")?;
        tx.lock("nonconformity", &[id]).await?;
        let mut n = one_nonconformity(tx, &Sql::new("1 = 1"), id).await?;
        let failing = results.iter().find(|r| has_consequence(sample.kind) && r.failing().is_some());
        if n.state == NonconformityState::Overturned {
            return match failing {
                None => Ok(Some(n)),
                Some(_) => Err(Error::State(Text::of(
                    "该样品的不合格结论已被推翻，不能再以更正报告作出不合格结论；确有问题的，请重新抽样检验",
                    "the failure of this sample was overturned; a corrected report does not revive it. If in doubt, take a new sample",
                ))),
            };
        }
        if let Some(first) = failing {
            let verdict = first.verdict().map_or(Id(0), |v| v.id);
            tx.exec(
                "update nonconformity set result = $1, verdict = $2, version = version + 1 where id = $3",
                &[first.id.into(), verdict.into(), id.into()],
            )
            .await?;
            (n.result, n.verdict, n.version) = (first.id, verdict, n.version + 1);
            // the parties received another report: their days run from the service of this one
            tx.exec("delete from conclusion_service where nonconformity = $1", &[id.into()]).await?;
        }
        let (Some(replaced), Some(report_no)) = (&correction.replaced, &correction.report_no) else {
            return Ok(Some(n));
        };
        let told = CorrectedReport {
            nonconformity: &n,
            seq: correction.seq,
            report_no,
            replaced,
            reason: &correction.reason,
            fails: failing.is_some(),
        };
        let matter = self.consequence.corrected(tx, cx, &told).await.map_err(Error::Hook)?.or(n.matter);
        let body = serde_json::json!({ "report_no": report_no, "fails": told.fails, "matter": matter });
        let entry = Entry {
            kind: "nonconformity.report_corrected",
            region: n.region.clone(),
            subject: format!("nonconformity:{id}"),
            body,
            private: None,
        };
        ledger::append(tx, cx, &Permit::system("corrected report"), entry).await?;
        tx.exec(
            "update nonconformity set state = 'open', matter = $1 where id = $2",
            &[matter.into(), id.into()],
        )
        .await?;
        (n.state, n.matter) = (NonconformityState::Open, matter);
        Ok(Some(n))
    }

    /// What was published of the sample is put right where it passes; a failure is taken back until it was served and its days are over.
    async fn tell_the_public(
        &self,
        tx: &mut Tx,
        cx: &Context,
        sample: &Sample,
        correction: &ReportCorrection,
    ) -> Result<(), Error> {
        let old = correction.replaced.as_ref().map_or("", |r| r.report_no.as_str());
        let new = correction.report_no.as_deref().unwrap_or_default();
        let passes = sample.conclusion == Some(Conclusion::Qualified);
        let why = if passes {
            format!("检验机构更正检验报告，{old} 由 {new} 替代：{}", correction.reason)
        } else {
            format!(
                "检验机构更正检验报告，{old} 由 {new} 替代，更正后的结论依法送达、期满后另行公布：{}",
                correction.reason
            )
        };
        correct_published(self, tx, cx, &Permit::system("corrected report"), sample, passes, &why).await
    }
}

const CHANGES: Text = Text::of("更正内容", "what changes");

fn not_submitted(sample: &Sample) -> Error {
    let no = sample.blind_no();
    Error::State(if sample.state == SampleState::Approved {
        Text::new(
            format!("样品 {no} 的报告已批准、尚未报送，无需更正：请退回检验，改正后重新批准"),
            format!("the report of {no} is approved and not submitted yet: return it to testing instead"),
        )
    } else {
        Text::new(
            format!("样品 {no} 尚未报送报告，无需更正报告：请直接更正结果"),
            format!("the report of {no} is not submitted; correct the result itself"),
        )
    })
}

fn waits(correction: &ReportCorrection) -> Result<(), Error> {
    if correction.state == CorrectionState::Proposed {
        return Ok(());
    }
    let now = correction.state.label();
    Err(Error::State(Text::new(
        format!("这项更正{}，不能再办理", now.zh),
        format!("this correction is decided: {}", now.en.to_lowercase()),
    )))
}

fn reasoned(reason: &str) -> Vec<Problem> {
    if !reason.trim().is_empty() {
        return Vec::new();
    }
    let text =
        Text::of("请填写更正原因，原因将写入更正后的报告", "give the reason; the corrected report says it");
    vec![Problem::new("reason", Text::of("更正原因", "reason"), "", text)]
}

/// The number of the corrected report: never that of one before.
fn own_number<'a>(
    asked: &str,
    replaced: &str,
    seq: i64,
    taken: &mut impl Iterator<Item = &'a str>,
) -> Result<String, Error> {
    let asked = asked.trim();
    if asked.is_empty() {
        let first = taken.next().unwrap_or(replaced);
        return Ok(format!("{first}-G{seq}"));
    }
    if asked == replaced || taken.any(|t| t == asked) {
        let label = Text::of("报告书编号", "report number");
        let text = Text::of(
            "更正后的报告须有自己的编号，不能沿用原编号；不填则在原编号后加 -G 和序号",
            "the corrected report needs a number of its own; left empty, -G and a number follow the first one",
        );
        return Err(Error::Invalid(vec![Problem::new("report_no", label, asked, text)]));
    }
    Ok(asked.to_owned())
}

async fn decide(
    tx: &mut Tx,
    cx: &Context,
    who: &Principal,
    correction: &mut ReportCorrection,
) -> Result<(), Error> {
    correction.decided_by = Some(who.account);
    correction.decided = Some(cx.now);
    let replaced = correction.replaced.as_ref().map(json).transpose()?;
    tx.exec_one(
        "update report_correction set state = $1, report_no = $2, conclusion = $3, replaced = $4, decided_by = $5, decided = $6, \
         note = $7, version = version + 1 where id = $8 and version = $9",
        &[
            correction.state.word().into(),
            correction.report_no.clone().into(),
            correction.conclusion.map(Conclusion::word).into(),
            replaced.into(),
            correction.decided_by.into(),
            correction.decided.into(),
            correction.note.clone().into(),
            correction.id.into(),
            correction.version.into(),
        ],
    )
    .await?;
    correction.version += 1;
    Ok(())
}

async fn note(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    sample: &Sample,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let subject = format!("sample:{}", sample.id);
    let entry = Entry { kind, region: sample.region.clone(), subject, body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

const OF_SAMPLE: &str = "select * from report_correction where sample = $1 order by seq";

async fn corrections_in(tx: &mut Tx, sample: Id) -> Result<Vec<ReportCorrection>, Error> {
    Ok(tx.query(OF_SAMPLE, &[sample.into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

/// The corrections of a sample's report, oldest first; for who may see the sample.
pub(crate) async fn corrections_of(store: &Store, sample: Id) -> Result<Vec<ReportCorrection>, Error> {
    Ok(store.query(OF_SAMPLE, &[sample.into()]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &Row) -> Result<ReportCorrection, store::Error> {
    Ok(ReportCorrection {
        id: row.id("id")?,
        version: row.int("version")?,
        sample: row.id("sample")?,
        seq: row.int("seq")?,
        state: row.parsed("state")?,
        reason: row.text("reason")?,
        changes: row.json("changes")?,
        report_no: row.opt_text("report_no")?,
        conclusion: row.opt_text("conclusion")?.map(|_| row.parsed("conclusion")).transpose()?,
        replaced: row.opt_text("replaced")?.map(|_| row.json("replaced")).transpose()?,
        proposed_by: row.id("proposed_by")?,
        proposed: row.instant("proposed")?,
        decided_by: row.opt_id("decided_by")?,
        decided: row.opt_instant("decided")?,
        note: row.opt_text("note")?,
    })
}
