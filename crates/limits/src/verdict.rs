//! A verdict: what was decided, by which row, and the derivation that led there.

use crate::facts::Fact;
use base::{Decimal, Lang, Text};
use serde::{Deserialize, Serialize};

/// The decision. Every combination the engine cannot decide is an outcome of its own, never a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Outcome {
    /// Within the limit.
    Conform,
    /// Beyond the limit.
    Nonconform,
    /// The standard is loaded whole for this analyte and sets no limit for this food.
    NotLimited,
    /// A fact is missing without which the answer could go either way.
    NeedsConfirmation {
        /// The missing fact.
        fact: Fact,
        /// The question to put to the sampler, the laboratory or the firm.
        question: Text,
    },
    /// A substance that must not be present was detected.
    Prohibited,
    /// The standard exempts the substance from limits.
    Exempt,
    /// The part of the standard that would answer is not in the rule book.
    NotLoaded,
    /// Two rows apply and neither is more specific.
    Ambiguous,
    /// The result was measured on another basis or part than the limit.
    NotComparable {
        /// What does not match.
        reason: Text,
    },
    /// The row contradicts itself or cannot be read.
    DataError {
        /// The field at fault and the remedy.
        reason: Text,
    },
}

impl Outcome {
    /// The word in the command-line contract: `conform`, `nonconform`, …
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Conform => "conform",
            Self::Nonconform => "nonconform",
            Self::NotLimited => "not_limited",
            Self::NeedsConfirmation { .. } => "needs_confirmation",
            Self::Prohibited => "prohibited",
            Self::Exempt => "exempt",
            Self::NotLoaded => "not_loaded",
            Self::Ambiguous => "ambiguous",
            Self::NotComparable { .. } => "not_comparable",
            Self::DataError { .. } => "data_error",
        }
    }

    /// The word shown to people.
    #[must_use]
    pub const fn label(&self) -> Text {
        match self {
            Self::Conform => Text::of("合格", "Conforms"),
            Self::Nonconform => Text::of("不合格", "Does not conform"),
            Self::NotLimited => Text::of("未规定限量", "No limit set"),
            Self::NeedsConfirmation { .. } => Text::of("需补充信息", "Needs confirmation"),
            Self::Prohibited => Text::of("检出不得使用的物质", "Prohibited substance found"),
            Self::Exempt => Text::of("豁免制定限量", "Exempt from limits"),
            Self::NotLoaded => Text::of("标准未载入", "Standard not loaded"),
            Self::Ambiguous => Text::of("条款冲突,待裁定", "Ambiguous: two rows apply"),
            Self::NotComparable { .. } => Text::of("结果与限量不可比", "Not comparable"),
            Self::DataError { .. } => Text::of("数据有误", "Data error"),
        }
    }

    /// Whether this outcome opens a disposal: `nonconform` or `prohibited`.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Nonconform | Self::Prohibited)
    }
}

/// How far a rule, an edition or a verdict may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Read from the official text.
    Verified,
    /// Inferred, partial or from a third-party copy: usable, and every verdict says so.
    Unverified,
}

/// A limit as applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// As printed in the row: `0.2`, `1.0`, `n=5,c=2,m=100,M=1000`.
    pub printed: String,
    /// Exact value; absent for plans.
    pub value: Option<Decimal>,
    /// Unit as printed in the row.
    pub unit: String,
    /// The qualification shown beside it: basis, species, temporary.
    pub qualifier: Option<Text>,
}

impl Limit {
    /// `0.2 mg/kg`, `1.0 mg/kg (甲基汞)`.
    #[must_use]
    pub fn show(&self, lang: Lang) -> String {
        let mut out = self.printed.clone();
        if !self.unit.is_empty() {
            out.push(' ');
            out.push_str(&self.unit);
        }
        if let Some(q) = &self.qualifier {
            out.push_str(" (");
            out.push_str(q.get(lang));
            out.push(')');
        }
        out
    }
}

/// One step of the derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Stable machine word: `analyte`, `food`, `edition`, `row`, `carve_out`, `condition`, `convert`, `compare`, …
    pub code: String,
    /// The step in both languages.
    pub text: Text,
}

/// A rule that was considered and lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loser {
    /// Row id.
    pub rule: String,
    /// Why it does not apply.
    pub reason: Text,
}

/// A decision with its derivation. Immutable: judging again makes another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The case judged.
    pub case_id: String,
    /// The decision.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The limit applied, or the one that would apply once the missing fact is known.
    pub limit: Option<Limit>,
    /// Standard number, e.g. `GB 2762`; empty when none was reached.
    pub standard: String,
    /// Edition, e.g. `2025`.
    pub edition: String,
    /// Clause and table of the row, e.g. `4.2 表2`.
    pub clause: String,
    /// The food as the row prints it.
    pub row_food: String,
    /// Id of the row.
    pub rule: String,
    /// Trust in the edition and row.
    pub status: Status,
    /// Canonical analyte.
    pub analyte: String,
    /// Where the food was placed, e.g. `04.02.02 大米(粉)`.
    pub position: String,
    /// Footnotes of the row, as printed.
    pub footnotes: Vec<String>,
    /// The value that was compared, in the unit of the limit.
    pub compared: Option<Decimal>,
    /// The derivation, in order.
    pub why: Vec<Step>,
    /// Rows considered and not applied.
    pub losers: Vec<Loser>,
    /// Within the guard band of the limit, on either side. Never changes the outcome.
    pub near_limit: bool,
    /// Version of this engine.
    pub engine: String,
    /// SHA-256 over the rule files, first 16 hexadecimal digits.
    pub rules: String,
}

impl Verdict {
    /// The whole derivation as lines of text.
    #[must_use]
    pub fn explain(&self, lang: Lang) -> String {
        let mut out = format!("{}: {}", lang.pick("结论", "Verdict"), self.outcome.label().get(lang));
        if self.status == Status::Unverified && !self.standard.is_empty() {
            out.push_str(lang.pick("(依据未核实)", " (basis unverified)"));
        }
        match &self.outcome {
            Outcome::NeedsConfirmation { question, .. } => line(&mut out, question.get(lang)),
            Outcome::NotComparable { reason } | Outcome::DataError { reason } => {
                line(&mut out, reason.get(lang));
            }
            _ => {}
        }
        if let Some(limit) = &self.limit {
            line(&mut out, &format!("{}: {}", lang.pick("限量", "Limit"), limit.show(lang)));
        }
        if !self.standard.is_empty() {
            let basis = format!(
                "{}: {}-{} {} {} [{}]",
                lang.pick("依据", "Basis"),
                self.standard,
                self.edition,
                self.clause,
                self.row_food,
                self.rule
            );
            line(&mut out, &basis);
        }
        for (i, step) in self.why.iter().enumerate() {
            line(&mut out, &format!("{}. {}", i + 1, step.text.get(lang)));
        }
        for note in &self.footnotes {
            line(&mut out, &format!("{}: {note}", lang.pick("注", "Note")));
        }
        for loser in &self.losers {
            line(&mut out, &format!("✗ {}: {}", loser.rule, loser.reason.get(lang)));
        }
        if self.near_limit {
            line(&mut out, lang.pick("接近限量", "Near the limit"));
        }
        line(&mut out, &format!("{} {} · {}", lang.pick("引擎", "engine"), self.engine, self.rules));
        out
    }
}

fn line(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
}
