//! Learning, proposals and what came of them, on every engine there is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod learning;
mod lists;

use access::{Principal, testing};
use base::{Date, Id, IdGen, Instant, Lang};
use ledger::{Actor, Context};
use std::sync::Arc;
use store::Store;
use target::testing::Town;
use target::{Aim, Learnt, Target};

pub(crate) fn now() -> Instant {
    Instant::china(Date::constant(2026, 11, 21), 9, 0)
}

pub(crate) struct Yard {
    pub(crate) store: Store,
    pub(crate) target: Target,
    pub(crate) town: Town,
    ids: Arc<IdGen>,
}

impl Yard {
    pub(crate) async fn all() -> Vec<(&'static str, Self)> {
        let make = |(name, store): (&'static str, Store)| {
            let town = Town::default();
            let target = Target::new(testing::access(), Arc::new(town.clone()), "62");
            (name, Self { store, target, town, ids: Arc::new(IdGen::new(1)) })
        };
        store::testing::stores().await.into_iter().map(make).collect()
    }

    pub(crate) fn system(&self, at: Instant) -> Context {
        Context { now: at, ids: self.ids.clone(), actor: Actor::system("targeting"), lang: Lang::Zh }
    }

    pub(crate) fn cx(&self, who: &Principal, at: Instant) -> Context {
        let actor = Actor { account: Some(who.account), login: who.login.clone() };
        Context { actor, ..self.system(at) }
    }

    pub(crate) async fn learn(&self, aim: Aim) -> Id {
        match self.target.learn(&self.store, &self.system(now()), aim).await.unwrap() {
            Learnt::New(id) => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn journal(&self, kind: &str) -> i64 {
        let row = self.store.one("select count(*) as n from journal where kind = $1", &[kind.into()]).await;
        row.unwrap().int("n").unwrap()
    }
}
