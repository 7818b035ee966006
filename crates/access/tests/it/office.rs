//! A small office: a store, a clock and an administrator.

use access::{Access, Grant, NewAccount, Principal, Role, account, testing};
use base::{Date, Id, IdGen, Instant, Lang};
use ledger::{Actor, Context};
use std::sync::Arc;
use store::Store;

pub(crate) const PASSWORD: &str = "Lanzhou-2026-x";

pub(crate) struct Office {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) admin: Principal,
    ids: Arc<IdGen>,
}

/// 2026-09-01 09:00 in China and some seconds.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::china(Date::constant(2026, 9, 1), 9, 0).plus_seconds(seconds)
}

impl Office {
    /// One office for each store, with an administrator of Gansu.
    pub(crate) async fn all() -> Vec<Self> {
        let mut out = Vec::new();
        for (name, store) in store::testing::stores().await {
            let access = testing::access();
            let ids = Arc::new(IdGen::new(1));
            let mut office = Self { name, store, access, admin: Principal::anonymous(), ids };
            let cx = office.cx(0);
            let new = office.new_account("root.admin", "62");
            let mut tx = office.store.begin().await.unwrap();
            account::create_first_account(&mut tx, &cx, &office.access, new).await.unwrap();
            tx.commit().await.unwrap();
            office.admin = office.principal("root.admin", 0).await;
            out.push(office);
        }
        out
    }

    pub(crate) fn cx(&self, seconds: i64) -> Context {
        let actor = if self.admin.is_anonymous() { Actor::system("test") } else { self.admin.actor() };
        Context { now: at(seconds), ids: Arc::clone(&self.ids), actor, lang: Lang::Zh }
    }

    pub(crate) fn new_account(&self, login: &str, region: &str) -> NewAccount {
        NewAccount {
            login: login.to_owned(),
            password: self.access.hash_password(login, PASSWORD).unwrap(),
            name: "张三丰".to_owned(),
            phone: Some("13800000000".to_owned()),
            region: region.to_owned(),
            operator: None,
            must_change: false,
        }
    }

    pub(crate) async fn open(&self, login: &str, region: &str) -> Id {
        let mut tx = self.store.begin().await.unwrap();
        let new = self.new_account(login, region);
        let id = account::create_account(&mut tx, &self.cx(0), &self.access, &self.admin, new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn principal(&self, login: &str, seconds: i64) -> Principal {
        account::principal_by_login(&self.store, &self.access, login, at(seconds)).await.unwrap().unwrap()
    }

    pub(crate) async fn journal(&self, kind: &'static str) -> Vec<String> {
        let rows = self
            .store
            .query("select canonical from journal where kind = $1 order by id", &[kind.into()])
            .await
            .unwrap();
        rows.iter().map(|r| r.text("canonical").unwrap()).collect()
    }
}

pub(crate) fn grant(role: Role, region: &str, agency: &str) -> Grant {
    Grant {
        role,
        region: region.to_owned(),
        agency: agency.to_owned(),
        ceiling: 1,
        from: Date::constant(2026, 1, 1),
        to: None,
    }
}
