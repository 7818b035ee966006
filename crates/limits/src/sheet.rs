//! The command-line contract of `shian limits judge`: a laboratory sheet in, a JSON line a row out.

use crate::case::Case;
use crate::dates::FoodKind;
use crate::facts::Facts;
use crate::judge::Judge;
use crate::rejudge::Rejudge;
use crate::rule::Edition;
use crate::rules::Rules;
use crate::verdict::{Outcome, Verdict};
use base::{Date, Decimal, HeadingError, Lang, Text, heading};
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
    #[serde(default)]
    production_date: Option<String>,
    #[serde(default)]
    food_kind: Option<FoodKind>,
}

/// A row that is no case: its reference and why.
type Unread = (String, Text);

/// The columns of a sheet that must be there.
const NEEDED: [&str; 5] = ["case_id", "food", "analyte", "value", "sample_date"];

/// The cases of a sheet that messages call `name`.
fn cases<R: Read>(
    rules: &Rules,
    name: &str,
    sheet: R,
) -> Result<impl Iterator<Item = Result<Case, Unread>>, HeadingError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(sheet);
    let found: Vec<String> = match reader.headers() {
        Ok(head) => head.iter().map(str::to_owned).collect(),
        Err(e) => return Err(HeadingError::Unreadable { file: name.to_owned(), reason: e.to_string() }),
    };
    heading::require(name, &found, &NEEDED, str::eq)?;
    let mut rows = reader.into_deserialize::<Row>().enumerate().peekable();
    if rows.peek().is_none() {
        return Err(HeadingError::NoRows { file: name.to_owned() });
    }
    Ok(rows.map(move |(i, row)| match row {
        Ok(row) => case(rules, row),
        Err(e) => Err((
            format!("line {}", i + 2),
            Text::new(format!("第{}行无法读取:{e}", i + 2), format!("line {} cannot be read: {e}", i + 2)),
        )),
    }))
}

/// Judges a CSV sheet with the columns case_id, food, analyte, value, unit, lod, sample_date (further columns are
/// ignored). `sample_date` is the governing date, unless the sheet says `food_kind` (prepackaged, bulk, farm_produce, catering) and
/// `production_date`, from which the rule on dates chooses. One JSON object a row, in order; a row that cannot be read gives an
/// object with the verdict `data_error` and does not stop the rest. Results within `guard` percent of the limit are flagged.
///
/// # Errors
/// The sheet, which messages call `name`, is empty or lacks columns.
pub fn judge_csv<R: Read>(
    rules: &Rules,
    guard: Decimal,
    name: &str,
    sheet: R,
) -> Result<impl Iterator<Item = String>, HeadingError> {
    let mut judge = Judge::new(rules).guard(guard);
    Ok(cases(rules, name, sheet)?.map(move |case| match case {
        Ok(case) => json_line(&judge.verdict(&case)),
        Err((id, reason)) => refused(&id, &reason),
    }))
}

/// Judges a sheet by the law of each date and by one edition: a JSON object for each result whose verdict would be another,
/// and a last one with the counts.
///
/// # Errors
/// The sheet, which messages call `name`, is empty or lacks columns.
pub fn rejudge_csv<R: Read>(
    rules: &Rules,
    edition: &Edition,
    name: &str,
    sheet: R,
) -> Result<Vec<String>, HeadingError> {
    let mut rejudge = Rejudge::new(rules, edition);
    let side = |v: &Verdict| {
        json!({
            "verdict": v.outcome.word(), "limit": v.limit.as_ref().map(|l| l.show(Lang::Zh)),
            "standard": v.standard, "edition": v.edition, "clause": v.clause, "rule": v.rule,
        })
    };
    let (mut out, mut unread) = (Vec::new(), 0usize);
    for case in cases(rules, name, sheet)? {
        match case {
            Ok(case) => out.extend(rejudge.flip(&case).map(|flip| {
                json!({
                    "case_id": flip.case.id, "food": flip.case.food, "analyte": flip.case.analyte,
                    "value": flip.case.value, "unit": flip.case.unit, "date": flip.case.date.to_string(),
                    "was": side(&flip.was), "would_be": side(&flip.would_be), "why": flip.why.to_string(),
                })
                .to_string()
            })),
            Err((id, reason)) => {
                unread += 1;
                out.push(refused(&id, &reason));
            }
        }
    }
    out.push(
        json!({
            "edition": edition.id, "compared": rejudge.compared, "flipped": rejudge.flipped, "unread": unread,
        })
        .to_string(),
    );
    Ok(out)
}

fn case(rules: &Rules, row: Row) -> Result<Case, Unread> {
    let wrong = |field: &str, text: &str| {
        let zh = format!("日期“{text}”无效,请用YYYY-MM-DD({field})");
        (row.case_id.clone(), Text::new(zh, format!("date “{text}” is not valid: use YYYY-MM-DD ({field})")))
    };
    let sampled = date(&row.sample_date).ok_or_else(|| wrong("sample_date", &row.sample_date))?;
    let governing = match row.food_kind {
        None => sampled,
        Some(kind) => {
            let made = row.production_date.as_deref().filter(|t| !t.is_empty());
            let made = made.map(|t| date(t).ok_or_else(|| wrong("production_date", t))).transpose()?;
            rules.governing_date(kind, made, Some(sampled)).ok_or_else(|| wrong("production_date", ""))?.0
        }
    };
    if row.food.is_empty() || row.analyte.is_empty() {
        return Err((row.case_id, Text::of("缺少食品或项目(food、analyte)", "food or analyte is empty")));
    }
    let full = |t: Option<String>| t.filter(|t| !t.is_empty());
    Ok(Case {
        id: row.case_id,
        food: row.food,
        placed: Vec::new(),
        facts: Facts::default(),
        analyte: row.analyte,
        value: row.value,
        unit: row.unit,
        lod: full(row.lod),
        loq: full(row.loq),
        date: governing,
    })
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
