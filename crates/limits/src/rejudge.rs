//! Judging history again: whose verdict would be another under an edition, and why.

use crate::case::Case;
use crate::judge::Judge;
use crate::rule::Edition;
use crate::rules::Rules;
use crate::verdict::Verdict;
use base::{Lang, Text};

/// A result whose verdict would be another.
#[derive(Debug, Clone)]
pub struct Flip {
    /// The result.
    pub case: Case,
    /// As judged by the edition in force on its date.
    pub was: Verdict,
    /// As it would be judged by the edition asked for.
    pub would_be: Verdict,
    /// What changed.
    pub why: Text,
}

/// Judges results twice, by the law of their date and by one edition, and keeps those whose outcome differs.
#[derive(Debug)]
pub struct Rejudge<'r> {
    now: Judge<'r>,
    then: Judge<'r>,
    /// How many results were compared.
    pub compared: usize,
    /// How many flipped.
    pub flipped: usize,
}

impl<'r> Rejudge<'r> {
    /// Compares the law of the day with an edition.
    #[must_use]
    pub fn new(rules: &'r Rules, edition: &'r Edition) -> Self {
        Self { now: Judge::new(rules), then: Judge::new(rules).under(edition), compared: 0, flipped: 0 }
    }

    /// The flip of one result, if its outcome would be another.
    pub fn flip(&mut self, case: &Case) -> Option<Flip> {
        self.compared += 1;
        if self.now.decide(case).outcome.word() == self.then.decide(case).outcome.word() {
            return None;
        }
        self.flipped += 1;
        let (was, would_be) = (self.now.verdict(case), self.then.verdict(case));
        let why = reason(&was, &would_be);
        Some(Flip { case: case.clone(), was, would_be, why })
    }
}

fn reason(was: &Verdict, would_be: &Verdict) -> Text {
    let shown = |v: &Verdict, lang| v.limit.as_ref().map(|l| l.show(lang));
    match (shown(was, Lang::Zh), shown(would_be, Lang::Zh)) {
        (Some(a), Some(b)) if a != b => {
            let en = |v| shown(v, Lang::En).unwrap_or_default();
            Text::new(
                format!("限量由{a}({})变为{b}({})", was.rule, would_be.rule),
                format!(
                    "the limit goes from {} ({}) to {} ({})",
                    en(was),
                    was.rule,
                    en(would_be),
                    would_be.rule
                ),
            )
        }
        (Some(a), None) => {
            Text::new(format!("限量{a}({})不再适用", was.rule), format!("row {} no longer applies", was.rule))
        }
        (None, Some(b)) => Text::new(
            format!("新适用限量{b}({})", would_be.rule),
            format!("row {} applies now", would_be.rule),
        ),
        _ => Text::new(
            format!("适用条款由{}变为{}", was.rule, would_be.rule),
            format!("the row that applies goes from {} to {}", was.rule, would_be.rule),
        ),
    }
}
