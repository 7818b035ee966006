//! Results as reported, before they are judged: what can be read and what is wrong.

use crate::{NewResult, Problem};
use base::Text;

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
