//! The command-line contract of `shian limits judge`: a laboratory sheet in, a JSON line a row out.

use crate::case::Case;
use crate::facts::Facts;
use crate::rules::Rules;
use crate::verdict::{Outcome, Verdict};
use base::{Date, Lang, Text};
use serde::Deserialize;
use serde_json::json;
use std::io::Read;

#[derive(Deserialize)]
struct Row {
    case_id: String,
    food: String,
    analyte: String,
    value: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    lod: Option<String>,
    #[serde(default)]
    loq: Option<String>,
    sample_date: String,
}

/// Judges a CSV sheet with the columns case_id, food, analyte, value, unit, lod, sample_date (further columns are
/// ignored; `sample_date` is the governing date). One JSON object a row, in order; a row that cannot be read gives an object with the verdict
/// `data_error` and does not stop the rest.
pub fn judge_csv<R: Read>(rules: &Rules, sheet: R) -> impl Iterator<Item = String> {
    let reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(sheet);
    reader.into_deserialize::<Row>().enumerate().map(move |(i, row)| match row {
        Ok(row) => judge_row(rules, row),
        Err(e) => refused(
            &format!("line {}", i + 2),
            &Text::new(format!("第{}行无法读取:{e}", i + 2), format!("line {} cannot be read: {e}", i + 2)),
        ),
    })
}

fn judge_row(rules: &Rules, row: Row) -> String {
    let Some(date) = date(&row.sample_date) else {
        return refused(
            &row.case_id,
            &Text::new(
                format!("日期“{}”无效,请用YYYY-MM-DD(sample_date)", row.sample_date),
                format!("date “{}” is not valid: use YYYY-MM-DD (sample_date)", row.sample_date),
            ),
        );
    };
    if row.food.is_empty() || row.analyte.is_empty() {
        return refused(&row.case_id, &Text::of("缺少食品或项目(food、analyte)", "food or analyte is empty"));
    }
    let full = |t: Option<String>| t.filter(|t| !t.is_empty());
    let case = Case {
        id: row.case_id,
        food: row.food,
        placed: Vec::new(),
        facts: Facts::default(),
        analyte: row.analyte,
        value: row.value,
        unit: row.unit,
        lod: full(row.lod),
        loq: full(row.loq),
        date,
    };
    json_line(&rules.judge(&case))
}

/// `2026-10-08`, also with `/`.
fn date(text: &str) -> Option<Date> {
    let text = text.trim().replace('/', "-");
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() { None } else { Date::new(y, m, d).ok() }
}

/// One verdict in the form of the command line.
#[must_use]
pub fn json_line(verdict: &Verdict) -> String {
    let mut why: Vec<String> = verdict.why.iter().map(|s| s.text.to_string()).collect();
    why.extend(verdict.losers.iter().map(|l| format!("{} — {}", l.rule, l.reason)));
    match &verdict.outcome {
        Outcome::NeedsConfirmation { question, .. } => why.push(question.to_string()),
        Outcome::NotComparable { reason } | Outcome::DataError { reason } => why.push(reason.to_string()),
        _ => {}
    }
    let clause = [verdict.clause.as_str(), verdict.row_food.as_str()].join(" ").trim().to_owned();
    let fact = match &verdict.outcome {
        Outcome::NeedsConfirmation { fact, .. } => json!(fact),
        _ => serde_json::Value::Null,
    };
    json!({
        "case_id": verdict.case_id,
        "verdict": verdict.outcome.word(),
        "limit": verdict.limit.as_ref().map(|l| l.show(Lang::Zh)),
        "unit": verdict.limit.as_ref().map(|l| l.unit.clone()),
        "standard": verdict.standard,
        "edition": verdict.edition,
        "clause": clause,
        "rule": verdict.rule,
        "status": verdict.status,
        "missing": fact,
        "near_limit": verdict.near_limit,
        "why": why,
    })
    .to_string()
}

fn refused(case_id: &str, reason: &Text) -> String {
    json!({
        "case_id": case_id, "verdict": "data_error", "limit": null, "unit": null,
        "standard": "", "edition": "", "clause": "", "why": [reason.to_string()],
    })
    .to_string()
}
