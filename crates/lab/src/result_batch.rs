//! Results of many samples in one request of a laboratory's system: every row is answered, the good ones are stored.

use crate::import::ResultRow;
use crate::reported::open_for_results;
use crate::result::Batch;
use crate::{Error, Lab, NewResult, Problem};
use access::Principal;
use base::{Id, Text};
use ledger::Context;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::Tx;

/// Most rows of one request.
pub const MOST_SENT: usize = 1000;

/// A result with the sample it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentResult {
    /// Form number, or blind number.
    pub sample: String,
    /// The result.
    #[serde(flatten)]
    pub new: NewResult,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SentRow {
    /// Its place in the request, from 1.
    pub row: usize,
    /// The sample as sent.
    pub sample: String,
    /// Record id of the result; absent when the row was refused.
    pub result: Option<Id>,
    /// The word of its verdict; absent when the row was refused.
    pub verdict: Option<&'static str>,
    /// Why it was refused: every field with its remedy.
    pub problems: Vec<Problem>,
}

const SAMPLE: Text = Text::of("样品编号", "sample");

impl Lab {
    /// Enters results of many samples. A wrong row is refused with its problems and the others are stored; rows of one sample stand under
    /// one journal entry. A sample that does not exist and one the sender may not enter results of are told alike.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none or more than [`MOST_SENT`] rows; storage.
    pub async fn send_results(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sent: Vec<SentResult>,
    ) -> Result<Vec<SentRow>, Error> {
        if sent.is_empty() || sent.len() > MOST_SENT {
            let text = Text::of("一次 1 至 1000 条，请分批发送", "send 1 to 1000 rows at once");
            let label = Text::of("结果", "results");
            return Err(Error::Invalid(vec![Problem::new("results", label, sent.len().to_string(), text)]));
        }
        let mut answers: Vec<SentRow> = sent
            .iter()
            .enumerate()
            .map(|(i, s)| SentRow {
                row: i + 1,
                sample: s.sample.clone(),
                result: None,
                verdict: None,
                problems: Vec::new(),
            })
            .collect();
        let rows: Vec<ResultRow> = sent
            .into_iter()
            .enumerate()
            .map(|(line, s)| ResultRow { line, form_no: Some(s.sample), new: s.new })
            .collect();
        let named = self.samples_named(tx, cx, who, "create", &rows).await?;
        let mut batches: Vec<Batch<'_>> = Vec::new();
        let mut lines: Vec<Vec<usize>> = Vec::new();
        let mut places: HashMap<Id, usize> = HashMap::new();
        for row in rows {
            let Some(sample) = row.form_no.as_deref().and_then(|n| named.get(n)) else {
                let text = Text::of(
                    "没有这一编号的样品，或不由本机构检验；请核对编号",
                    "there is no sample of this number, or it is not yours to test; check the number",
                );
                answers[row.line].problems.push(Problem::new(
                    "sample",
                    SAMPLE,
                    row.form_no.unwrap_or_default(),
                    text,
                ));
                continue;
            };
            if let Err(Error::State(text)) = open_for_results(sample) {
                answers[row.line].problems.push(Problem::new(
                    "sample",
                    SAMPLE,
                    row.form_no.unwrap_or_default(),
                    text,
                ));
                continue;
            }
            let place = *places.entry(sample.id).or_insert_with(|| {
                batches.push(Batch { sample, new: Vec::new() });
                lines.push(Vec::new());
                batches.len() - 1
            });
            batches[place].new.push(row.new);
            lines[place].push(row.line);
        }
        let (wrong, _) = self.examine_all(tx, cx, &batches).await?;
        for w in wrong {
            answers[lines[w.batch][w.result]].problems.push(w.problem);
        }
        for (batch, lines) in batches.iter_mut().zip(&mut lines) {
            let mut good = lines.iter().map(|line| answers[*line].problems.is_empty());
            batch.new.retain(|_| good.next().unwrap_or(false));
            lines.retain(|line| answers[*line].problems.is_empty());
        }
        let (batches, lines): (Vec<_>, Vec<_>) =
            batches.into_iter().zip(lines).filter(|(b, _)| !b.new.is_empty()).unzip();
        let (_, verdicts) = self.examine_all(tx, cx, &batches).await?;
        let stored = self.store_all(tx, cx, who, batches, verdicts, "create").await?;
        for (line, judged) in lines.iter().flatten().zip(stored.iter().flatten()) {
            let answer = &mut answers[*line];
            answer.result = Some(judged.id);
            answer.verdict = judged.verdict().map(|v| v.verdict.outcome.word());
        }
        Ok(answers)
    }
}
