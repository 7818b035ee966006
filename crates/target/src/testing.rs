//! A made-up town behind targeting, for the tests of this crate and of the doors.

use crate::{Aim, Delivery, Done, Facts, Ground, HookError, Refused, Seen, Subject};
use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, Text};
use ledger::Context;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::Tx;

/// County of the town.
pub const COUNTY: &str = "620102";
/// Operators of the town; every fourth is a bad one.
pub const OPERATORS: i64 = 60;
/// The plan that takes deliveries.
pub const PLAN: Id = Id(500);

/// Sixty restaurants and shops visited for two years by two teams, one strict and one lenient; food classes sampled as often.
#[derive(Debug, Clone, Default)]
pub struct Town {
    /// What was handed over.
    pub delivered: Arc<Mutex<Vec<Delivery>>>,
    /// What came of it.
    pub done: Arc<Mutex<Vec<Done>>>,
}

/// Whether operator or class `n` is a bad one.
#[must_use]
pub const fn bad(n: i64) -> bool {
    n % 4 == 0
}

fn subject(aim: Aim, n: i64) -> Subject {
    let day = |back: i64| {
        Date::constant(2026, 11, 1).checked_sub(jiff::Span::new().days(back)).unwrap_or(Date::MIN)
    };
    let (key, operator, kind, stage) = match aim {
        Aim::Inspect => {
            (format!("operator:{}", Id(n)), Some(Id(n)), if n % 2 == 0 { "catering" } else { "sales" }, "")
        }
        Aim::Sample => (format!("{COUNTY}~{n:02}~circulation"), None, "01", "circulation"),
    };
    Subject {
        key,
        operator,
        name: format!("虚构对象{n:02}"),
        region: COUNTY.to_owned(),
        kind: kind.to_owned(),
        stage: stage.to_owned(),
        active: true,
        licensed: Some(day(2000 - n)),
        complaints: if bad(n) { vec![day(500), day(200), day(40)] } else { Vec::new() },
        partners: (0..n % 7).map(|p| day(600 - p)).collect(),
        ..Subject::default()
    }
}

fn visits(aim: Aim) -> Vec<Seen> {
    let start = Date::constant(2024, 11, 20);
    (0..900_i64)
        .map(|i| {
            // a fixed mixture that looks random: no generator is needed for a town
            let mixed = (i * 7919 + 13) % 1000;
            let n = 1 + (i * 37) % OPERATORS;
            let strict = (i / 3) % 2 == 0;
            let chance = match (bad(n), strict) {
                (true, true) => 700,
                (true, false) => 400,
                (false, true) => 150,
                (false, false) => 40,
            };
            let found = mixed < chance;
            Seen {
                id: format!("visit:{i:04}"),
                subject: subject(aim, n).key,
                on: start.checked_add(jiff::Span::new().days(i * 8 / 10)).unwrap_or(start),
                found,
                key_points: Some(u32::from(found && mixed % 3 == 0)),
                general_points: Some(u32::from(found)),
                who: if strict { "team 1" } else { "team 2" }.to_owned(),
            }
        })
        .collect()
}

#[async_trait]
impl Ground for Town {
    async fn facts(&self, aim: Aim, _region: &str, _today: Date) -> Result<Facts, HookError> {
        Ok(Facts { subjects: (1..=OPERATORS).map(|n| subject(aim, n)).collect(), visits: visits(aim) })
    }

    async fn operators(
        &self,
        _tx: &mut Tx,
        codes: &[String],
    ) -> Result<HashMap<String, (Id, String)>, HookError> {
        let known = |code: &String| {
            let n: i64 = code.strip_prefix("CODE")?.parse().ok()?;
            (1..=OPERATORS).contains(&n).then(|| (code.clone(), (Id(n), COUNTY.to_owned())))
        };
        Ok(codes.iter().filter_map(known).collect())
    }

    async fn deliver(
        &self,
        _tx: &mut Tx,
        cx: &Context,
        _who: &Principal,
        delivery: &Delivery,
    ) -> Result<Id, HookError> {
        if delivery.plan != PLAN {
            return Err(Refused(Text::of("该计划未在实施", "the plan does not run")).into());
        }
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.clone());
        Ok(cx.id())
    }

    async fn done(&self, _aim: Aim, _delivery: Id) -> Result<Vec<Done>, HookError> {
        Ok(self.done.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
