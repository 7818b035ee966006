//! A small office: a store, a clock and officers.

use access::{Access, Principal, testing};
use base::{Date, Id, IdGen, Instant, Lang, RegionCode, Uscc};
use ledger::Context;
use registry::{Code, NewOperator, OperatorKind};
use std::sync::Arc;
use store::Store;

pub(crate) struct Office {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) access: Access,
    ids: Arc<IdGen>,
}

pub(crate) fn now() -> Instant {
    Instant::china(Date::constant(2026, 9, 1), 9, 0)
}

/// The code number `n` of Chengguan in Lanzhou.
pub(crate) fn uscc(n: u32) -> Uscc {
    Uscc::issue(&"620102".parse::<RegionCode>().unwrap(), n)
}

pub(crate) fn new_operator(n: u32, name: &str, region: &str) -> NewOperator {
    NewOperator {
        code: Code::Uscc(uscc(n)),
        name: name.to_owned(),
        name_en: String::new(),
        kinds: vec![OperatorKind::Retailer],
        region: region.to_owned(),
    }
}

impl Office {
    pub(crate) async fn all() -> Vec<Self> {
        let stores = store::testing::stores().await.into_iter();
        stores
            .map(|(name, store)| Self {
                name,
                store,
                access: testing::access(),
                ids: Arc::new(IdGen::new(1)),
            })
            .collect()
    }

    pub(crate) fn cx(&self, who: &Principal) -> Context {
        Context { now: now(), ids: Arc::clone(&self.ids), actor: who.actor(), lang: Lang::Zh }
    }

    /// Enters an operator as the officer of Lanzhou.
    pub(crate) async fn enter(&self, n: u32, name: &str, region: &str) -> Id {
        let who = testing::officer("6201");
        let mut tx = self.store.begin().await.unwrap();
        let new = new_operator(n, name, region);
        let id = registry::create_operator(&mut tx, &self.cx(&who), &self.access, &who, new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.store.one(sql, &[]).await.unwrap().int("n").unwrap()
    }
}
