//! The engine: the procedures in force, the effects they may call, and the calendar their clocks count by.

use crate::{Effects, Error, Procedure, Render};
use base::calendar::Calendar;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::Tx;

/// Everything the functions of this crate need besides the transaction. One per process; share it in an `Arc`.
pub struct Engine {
    current: BTreeMap<String, Arc<Procedure>>,
    versions: RwLock<BTreeMap<String, Arc<Procedure>>>,
    pub(crate) effects: Effects,
    pub(crate) render: Arc<dyn Render>,
    pub(crate) calendar: &'static Calendar,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("procedures", &self.current.keys())
            .field("effects", &self.effects)
            .finish()
    }
}

impl Engine {
    /// An engine over compiled procedures.
    #[must_use]
    pub fn new(procedures: Vec<Procedure>, effects: Effects, render: Arc<dyn Render>) -> Self {
        let current: BTreeMap<_, _> =
            procedures.into_iter().map(|p| (p.definition.id.clone(), Arc::new(p))).collect();
        let versions = current.values().map(|p| (p.hash.clone(), Arc::clone(p))).collect();
        Self { current, versions: RwLock::new(versions), effects, render, calendar: Calendar::builtin() }
    }

    /// Counts by another calendar than the rulebook's.
    #[must_use]
    pub const fn with_calendar(mut self, calendar: &'static Calendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// The procedure new matters begin under.
    ///
    /// # Errors
    /// [`Error::Procedure`] naming the ones there are.
    pub fn procedure(&self, id: &str) -> Result<&Arc<Procedure>, Error> {
        self.current.get(id).ok_or_else(|| {
            let known = self.current.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Error::Procedure(format!("there is no procedure `{id}` (there are: {known})"))
        })
    }

    /// All procedures in force, by id.
    pub fn procedures(&self) -> impl Iterator<Item = &Arc<Procedure>> {
        self.current.values()
    }

    /// The calendar clocks count by.
    #[must_use]
    pub const fn calendar(&self) -> &'static Calendar {
        self.calendar
    }

    fn cached(&self, hash: &str) -> Option<Arc<Procedure>> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    fn keep(&self, json: &str, hash: &str) -> Result<Arc<Procedure>, Error> {
        let fault = |e: &dyn std::fmt::Display| Error::Procedure(format!("stored procedure {hash}: {e}"));
        let definition = serde_json::from_str(json).map_err(|e| fault(&e))?;
        let procedure = Arc::new(Procedure::compile(definition).map_err(|e| fault(&e))?);
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(versions.entry(hash.to_owned()).or_insert(procedure)))
    }

    /// The procedure a matter runs under, inside a transaction.
    pub(crate) async fn version(&self, tx: &mut Tx, hash: &str) -> Result<Arc<Procedure>, Error> {
        if let Some(found) = self.cached(hash) {
            return Ok(found);
        }
        let row = tx.one("select definition from procedure_version where hash = $1", &[hash.into()]).await?;
        self.keep(&row.text("definition")?, hash)
    }
}
