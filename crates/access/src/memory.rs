//! Answers remembered: the same question gets Cedar's answer without asking again.

use crate::policy::Seat;
use crate::{Grant, Resource};
use base::{Date, Id};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// Answers kept before all are forgotten.
const MAX_ANSWERS: usize = 100_000;

/// The ids of the permitting policies, or `None` when it is not allowed.
pub(crate) type Answer = Option<Arc<[String]>>;

/// Answers by question.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    answers: RwLock<HashMap<Question, Answer>>,
}

/// Everything a policy can see. Accounts and operators can only be compared with each other, because policies hold no
/// such numbers (see [`holds_large_number`]): how they relate stands for them.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Question {
    grant: Grant,
    has_operator: bool,
    action: String,
    kind: &'static str,
    region: String,
    agency: String,
    classification: u8,
    operator: Relation,
    recused: Relation,
    submitter: Relation,
    today: Date,
}

/// How a number of the record relates to that of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Relation {
    Absent,
    Same,
    Other,
}

impl Relation {
    fn of(theirs: Option<Id>, mine: Option<Id>) -> Self {
        match theirs {
            None => Self::Absent,
            Some(_) if theirs == mine => Self::Same,
            Some(_) => Self::Other,
        }
    }
}

impl Question {
    fn new(seat: &Seat, action: &str, res: &Resource, today: Date) -> Self {
        Self {
            grant: seat.grant.clone(),
            has_operator: seat.operator.is_some(),
            action: action.to_owned(),
            kind: res.kind,
            region: res.region.clone(),
            agency: res.agency.clone(),
            classification: res.classification,
            operator: Relation::of(res.operator, seat.operator),
            recused: match res.recused.as_slice() {
                [] => Relation::Absent,
                accounts if accounts.contains(&seat.account) => Relation::Same,
                _ => Relation::Other,
            },
            submitter: Relation::of(res.submitter, Some(seat.account)),
            today,
        }
    }
}

impl Memory {
    /// The answer remembered, or the one that `ask` gives.
    pub(crate) fn answer(
        &self,
        seat: &Seat,
        action: &str,
        res: &Resource,
        today: Date,
        ask: impl FnOnce() -> Answer,
    ) -> Answer {
        let question = Question::new(seat, action, res, today);
        if let Some(known) = self.answers.read().ok().and_then(|answers| answers.get(&question).cloned()) {
            return known;
        }
        let answer = ask();
        if let Ok(mut answers) = self.answers.write() {
            if answers.len() >= MAX_ANSWERS {
                answers.clear();
            }
            answers.insert(question, answer.clone());
        }
        answer
    }
}

/// Whether a policy (as JSON) holds a number that can be an account, an operator or a date: classifications go to 2.
pub(crate) fn holds_large_number(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Number(n) => n.as_i64().is_none_or(|n| n.unsigned_abs() > 9),
        serde_json::Value::Array(list) => list.iter().any(holds_large_number),
        serde_json::Value::Object(map) => map.values().any(holds_large_number),
        _ => false,
    }
}
