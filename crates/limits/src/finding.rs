//! The outcome of one line of reasoning, before it becomes a verdict.

use crate::rule::Rule;
use crate::verdict::{Limit, Loser, Outcome, Step};
use base::{Decimal, Text};

#[derive(Debug, Clone)]
pub(crate) struct Finding<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) limit: Option<Limit>,
    pub(crate) compared: Option<Decimal>,
    pub(crate) steps: Vec<Step>,
    pub(crate) losers: Vec<Loser>,
    pub(crate) near: bool,
}

impl Finding<'_> {
    pub(crate) const fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            rule: None,
            limit: None,
            compared: None,
            steps: Vec::new(),
            losers: Vec::new(),
            near: false,
        }
    }

    pub(crate) fn with(outcome: Outcome, code: &str, text: Text) -> Self {
        Self { steps: vec![Step { code: code.to_owned(), text }], ..Self::of(outcome) }
    }
}
