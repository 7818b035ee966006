//! Inspections of the small province: none is planned.

use access::Principal;
use async_trait::async_trait;
use base::{Date, Id, Instant};
use ledger::Context;
use serde_json::Value;
use std::collections::HashMap;
use store::Tx;

/// Every matter of the small province takes cases, by the rights on matters of its county.
pub(crate) struct AnyMatter(pub(crate) access::Access);

#[async_trait]
impl supply::CaseFiles for AnyMatter {
    async fn permit(
        &self,
        who: &Principal,
        action: &'static str,
        about: &str,
        now: Instant,
    ) -> Result<(ledger::Permit, String), supply::Error> {
        if !about.starts_with("matter:") {
            return Err(supply::Error::NotFound(about.to_owned()));
        }
        let matter = access::Resource::new("matter", "620102").of_agency("market");
        Ok((self.0.check(who, action, &matter, now)?, "620102".to_owned()))
    }
}

/// An office in which no inspection is planned.
pub(crate) struct Quiet;

#[async_trait]
impl field::Office for Quiet {
    async fn plan(&self, _: &mut Tx, _: Id) -> Result<Option<field::Plan>, field::HookError> {
        Ok(None)
    }

    async fn roster(
        &self,
        _: &mut Tx,
        _: &str,
        _: Instant,
    ) -> Result<Vec<field::Candidate>, field::HookError> {
        Ok(Vec::new())
    }

    async fn officers(
        &self,
        _: &mut Tx,
        _: &str,
        _: &str,
        _: Date,
    ) -> Result<Vec<(Id, String)>, field::HookError> {
        Ok(Vec::new())
    }

    async fn recused(&self, _: &mut Tx, _: &[Id]) -> Result<HashMap<Id, Vec<Id>>, field::HookError> {
        Ok(HashMap::new())
    }

    async fn open(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        _: &field::Plan,
        _: (&field::Candidate, Id, &[Id]),
    ) -> Result<Id, field::HookError> {
        Err("no procedure".into())
    }

    async fn call_off(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        _: Id,
        _: (&str, &str),
    ) -> Result<(), field::HookError> {
        Err("no procedure".into())
    }

    async fn inspection(&self, _: &mut Tx, _: Id) -> Result<Option<field::Inspection>, field::HookError> {
        Ok(None)
    }

    async fn give(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        _: Id,
        _: Id,
    ) -> Result<(), field::HookError> {
        Err("no procedure".into())
    }

    async fn sheet(&self, _: &mut Tx, _: Id) -> Result<Value, field::HookError> {
        Err("no procedure".into())
    }

    async fn record(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &Principal,
        _: Id,
        _: &Value,
    ) -> Result<(), field::HookError> {
        Err("no procedure".into())
    }
}
