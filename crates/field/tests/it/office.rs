//! An office in memory: a running plan, twelve operators, four officers, inspections that are only numbers.

use access::{Principal, Role, testing};
use async_trait::async_trait;
use base::{Date, Id, IdGen, Instant, Lang, Text};
use field::{Candidate, Field, HookError, Inspection, Office, Plan, Refused};
use ledger::{Actor, Context};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use store::{Store, Tx};

pub(crate) const REGION: &str = "620102";
pub(crate) const PLAN: Id = Id(500);
/// The first inspection of this office.
pub(crate) const MATTER: Id = Id(1000);

pub(crate) fn now() -> Instant {
    Instant::china(Date::constant(2026, 11, 21), 9, 0)
}

/// Officer `n` of the county: accounts 21 to 24.
pub(crate) fn officer(n: i64) -> Principal {
    testing::principal(20 + n, Role::Officer, REGION, "market", None)
}

#[derive(Default)]
pub(crate) struct Desk {
    /// Forms the phones' work became.
    pub(crate) recorded: Mutex<Vec<(Id, Json)>>,
    /// Inspections opened from draws.
    pub(crate) opened: Mutex<Vec<(Id, Id)>>,
    /// Inspections given up.
    pub(crate) called_off: Mutex<Vec<Id>>,
    /// Declared relations.
    pub(crate) recusals: Mutex<HashMap<Id, Vec<Id>>>,
    /// What the procedure says instead of taking the step.
    pub(crate) refusal: Mutex<Option<Text>>,
}

#[async_trait]
impl Office for Desk {
    async fn plan(&self, _: &mut Tx, matter: Id) -> Result<Option<Plan>, HookError> {
        let visits = [("A", 1.0), ("B", 1.5), ("C", 2.5), ("D", 3.5)].map(|(g, n)| (g.to_owned(), n));
        Ok((matter == PLAN).then(|| Plan {
            matter,
            region: REGION.to_owned(),
            agency: "market".to_owned(),
            year: "2026".to_owned(),
            running: true,
            visits: visits.into(),
            times: [].into(),
        }))
    }

    async fn roster(&self, _: &mut Tx, region: &str, _: Instant) -> Result<Vec<Candidate>, HookError> {
        let one = |n: i64| Candidate {
            operator: Id(n),
            name: format!("虚构餐馆{n}"),
            region: region.to_owned(),
            business: if n % 2 == 0 { "catering" } else { "sales" }.to_owned(),
            grade: ["A", "B", "C", "D"][usize::try_from(n % 4).unwrap()].to_owned(),
            credit: String::new(),
            marked: n == 3,
            inspected: None,
            busy: n == 12,
        };
        Ok((1..=12).map(one).collect())
    }

    async fn officers(&self, _: &mut Tx, _: &str, _: &str, _: Date) -> Result<Vec<(Id, String)>, HookError> {
        Ok((21..=24).map(|n| (Id(n), format!("虚构检查员{n}"))).collect())
    }

    async fn recused(&self, _: &mut Tx, _: &[Id]) -> Result<HashMap<Id, Vec<Id>>, HookError> {
        Ok(self.recusals.lock().unwrap().clone())
    }

    async fn open(
        &self,
        _: &mut Tx,
        cx: &Context,
        _: &Principal,
        _: &Plan,
        (candidate, _, officers): (&Candidate, Id, &[Id]),
    ) -> Result<Id, HookError> {
        assert_eq!(officers.len(), 2);
        let id = cx.id();
        self.opened.lock().unwrap().push((id, candidate.operator));
        Ok(id)
    }

    async fn call_off(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        matter: Id,
        _: (&str, &str),
    ) -> Result<(), HookError> {
        self.called_off.lock().unwrap().push(matter);
        Ok(())
    }

    async fn inspection(&self, _: &mut Tx, matter: Id) -> Result<Option<Inspection>, HookError> {
        let over = self.recorded.lock().unwrap().iter().any(|(m, _)| *m == matter);
        let called_off = self.called_off.lock().unwrap().contains(&matter);
        let opened = self.opened.lock().unwrap();
        let operator = opened.iter().find(|(m, _)| *m == matter).map(|(_, o)| *o);
        let known = operator.is_some() || (MATTER..=Id(MATTER.0 + 9)).contains(&matter);
        Ok(known.then(|| Inspection {
            matter,
            region: REGION.to_owned(),
            agency: "market".to_owned(),
            title: Text::of("虚构检查", "fictitious inspection"),
            waiting: !over && !called_off,
            called_off,
            operator: operator.or(Some(Id(1))),
            business: "catering".to_owned(),
        }))
    }

    async fn give(&self, _: &mut Tx, _: &Context, _: &Principal, _: Id, _: Id) -> Result<(), HookError> {
        Ok(())
    }

    async fn sheet(&self, _: &mut Tx, matter: Id) -> Result<Json, HookError> {
        Ok(json!({ "title": matter }))
    }

    async fn record(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        matter: Id,
        form: &Json,
    ) -> Result<(), HookError> {
        if let Some(text) = self.refusal.lock().unwrap().clone() {
            return Err(Refused(text).into());
        }
        self.recorded.lock().unwrap().push((matter, form.clone()));
        Ok(())
    }
}

/// One office over one engine.
pub(crate) struct Yard {
    pub(crate) store: Store,
    pub(crate) field: Field,
    pub(crate) desk: Arc<Desk>,
    ids: Arc<IdGen>,
}

impl Yard {
    pub(crate) async fn all() -> Vec<(&'static str, Self)> {
        let make = |(name, store): (&'static str, Store)| {
            let desk = Arc::new(Desk::default());
            let field = Field::new(testing::access(), desk.clone());
            (name, Self { store, field, desk, ids: Arc::new(IdGen::new(1)) })
        };
        store::testing::stores().await.into_iter().map(make).collect()
    }

    pub(crate) fn cx(&self, who: &Principal, at: Instant) -> Context {
        let actor = Actor { account: Some(who.account), login: who.login.clone() };
        Context { now: at, ids: self.ids.clone(), actor, lang: Lang::Zh }
    }

    /// Sends officers 1 and 2 to the first `n` inspections.
    pub(crate) async fn send(&self, n: i64) {
        let who = testing::desk(REGION);
        let mut tx = self.store.begin().await.unwrap();
        let cx = self.cx(&who, now());
        for i in 0..n {
            self.field.send(&mut tx, &cx, &who, Id(MATTER.0 + i), &[Id(21), Id(22)]).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    pub(crate) async fn journal(&self, kind: &str) -> i64 {
        let row = self.store.one("select count(*) as n from journal where kind = $1", &[kind.into()]).await;
        row.unwrap().int("n").unwrap()
    }
}
