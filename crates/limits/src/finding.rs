//! The outcome of one line of reasoning, before it becomes a verdict.

use crate::number::Reading;
use crate::rule::Rule;
use crate::verdict::{Loser, Outcome, Step};
use base::{Decimal, Text};

/// A result ready to compare.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) reading: Reading,
    pub(crate) lod: Option<Decimal>,
    pub(crate) loq: Option<Decimal>,
    /// How much the components that were not detected could add, at their detection limits.
    pub(crate) hidden: Decimal,
}

/// What an evaluation looks at beside the row: the result, the guard band, and whether to keep the derivation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'m> {
    pub(crate) measured: &'m Measured,
    pub(crate) guard: Decimal,
    pub(crate) explain: bool,
}

impl Look<'_> {
    /// Adds a step, built only when somebody will read it.
    pub(crate) fn note(&self, steps: &mut Vec<Step>, code: &'static str, text: impl FnOnce() -> Text) {
        if self.explain {
            steps.push(step(code, text()));
        }
    }
}

pub(crate) fn step(code: &str, text: Text) -> Step {
    Step { code: code.to_owned(), text }
}

#[derive(Debug, Clone)]
pub(crate) struct Finding<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) rule: Option<&'a Rule>,
    /// The limit applied; absent for kinds without one number.
    pub(crate) limit: Option<Decimal>,
    pub(crate) qualifier: Option<Text>,
    pub(crate) compared: Option<Decimal>,
    pub(crate) steps: Vec<Step>,
    pub(crate) losers: Vec<Loser>,
    pub(crate) near: bool,
}

impl<'a> Finding<'a> {
    pub(crate) const fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            rule: None,
            limit: None,
            qualifier: None,
            compared: None,
            steps: Vec::new(),
            losers: Vec::new(),
            near: false,
        }
    }

    pub(crate) const fn under(rule: &'a Rule, outcome: Outcome) -> Self {
        let mut found = Self::of(outcome);
        found.rule = Some(rule);
        found
    }
}
