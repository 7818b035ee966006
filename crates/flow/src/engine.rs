//! The engine: the procedures in force, the effects they may call, and the calendar their clocks count by.

use crate::{EffectError, Effects, Error, Procedure, Render};
use access::Vault;
use async_trait::async_trait;
use base::calendar::Calendar;
use base::{Id, Regions, Text};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use store::Tx;

/// The key of a sealed value.
const SEALED: &str = "sealed";

/// Who keeps away from an operator (回避), as the domain knows it in which that is declared and decided.
#[async_trait]
pub trait Recusals: Send + Sync {
    /// Why an account keeps away from an operator, in words; `None` when nothing keeps it away.
    async fn ground(&self, tx: &mut Tx, account: Id, operator: Id) -> Result<Option<Text>, store::Error>;
}

/// What the register says of an operator, as papers name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Party {
    /// Registered name.
    pub name: String,
    /// Unified social credit code; `None` of a person.
    pub code: Option<String>,
    /// Address of its only site; `None` where it has several or none.
    pub address: Option<String>,
}

/// The register of operators, as the domain keeps it.
#[async_trait]
pub trait Register: Send + Sync {
    /// What papers say of an operator; `None` when the register does not know it.
    async fn party(&self, tx: &mut Tx, operator: Id) -> Result<Option<Party>, EffectError>;
}

/// Everything the functions of this crate need besides the transaction. One per process; share it in an `Arc`.
pub struct Engine {
    /// By id: the overlays first, the narrower jurisdiction before the wider, the nation's last.
    current: BTreeMap<String, Vec<Arc<Procedure>>>,
    /// Departments that take steps in matters of others.
    pub(crate) guests: BTreeSet<String>,
    vault: Vault,
    versions: RwLock<BTreeMap<String, Arc<Procedure>>>,
    pub(crate) effects: Effects,
    pub(crate) render: Arc<dyn Render>,
    pub(crate) calendar: &'static Calendar,
    recusals: Option<Arc<dyn Recusals>>,
    pub(crate) register: Option<Arc<dyn Register>>,
}

/// A jurisdiction by name.
fn place(code: &str) -> Text {
    code.parse().map_or_else(|_| Text::new(code, code), |code| Regions::builtin().full_name(&code))
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
    pub fn new(procedures: Vec<Procedure>, effects: Effects, render: Arc<dyn Render>, vault: Vault) -> Self {
        let mut current: BTreeMap<String, Vec<Arc<Procedure>>> = BTreeMap::new();
        let mut guests = BTreeSet::new();
        for p in procedures {
            guests.extend(p.definition.guests().map(ToOwned::to_owned));
            current.entry(p.definition.id.clone()).or_default().push(Arc::new(p));
        }
        for all in current.values_mut() {
            all.sort_by_key(|p| std::cmp::Reverse(p.definition.jurisdiction.len()));
        }
        let versions = current.values().flatten().map(|p| (p.hash.clone(), Arc::clone(p))).collect();
        let versions = RwLock::new(versions);
        Self {
            current,
            guests,
            vault,
            versions,
            effects,
            render,
            calendar: Calendar::builtin(),
            recusals: None,
            register: None,
        }
    }

    /// Counts by another calendar than the rulebook's.
    #[must_use]
    pub const fn with_calendar(mut self, calendar: &'static Calendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// Asks of each step who keeps away from the operator concerned.
    #[must_use]
    pub fn with_recusals(mut self, recusals: Arc<dyn Recusals>) -> Self {
        self.recusals = Some(recusals);
        self
    }

    /// Names operators as the register does.
    #[must_use]
    pub fn with_register(mut self, register: Arc<dyn Register>) -> Self {
        self.register = Some(register);
        self
    }

    /// Why an account keeps away from the operator of a matter: said instead of the step.
    pub(crate) async fn kept_away(
        &self,
        tx: &mut Tx,
        account: Id,
        operator: Option<Id>,
    ) -> Result<Option<Text>, Error> {
        let (Some(recusals), Some(operator)) = (&self.recusals, operator) else { return Ok(None) };
        let ground = recusals.ground(tx, account, operator).await?;
        Ok(ground.map(|ground| {
            Text::new(
                format!("已对该单位回避（{}），不得办理，请转交他人", ground.zh),
                format!("kept away from this firm ({}); the work goes to somebody else", ground.en),
            )
        }))
    }

    /// The procedure of that name without any overlay: the nation's, or that of the one jurisdiction that has it.
    ///
    /// # Errors
    /// [`Error::Procedure`] naming the ones there are.
    pub fn procedure(&self, id: &str) -> Result<&Arc<Procedure>, Error> {
        self.current.get(id).and_then(|all| all.last()).ok_or_else(|| self.unknown(id))
    }

    /// The procedure new matters of a region begin under: the overlay of the narrowest jurisdiction, or the nation's.
    ///
    /// # Errors
    /// [`Error::Procedure`] naming the ones there are.
    pub fn procedure_in(&self, id: &str, region: &str) -> Result<&Arc<Procedure>, Error> {
        let all = self.current.get(id).ok_or_else(|| self.unknown(id))?;
        all.iter().find(|p| region.starts_with(&p.definition.jurisdiction)).ok_or_else(|| {
            let Some(p) = all.last() else { return self.unknown(id) };
            let (title, place) = (&p.definition.title, place(&p.definition.jurisdiction));
            Error::Refused(Text::new(
                format!("“{}”是{}的程序，其他地区不适用", title.zh, place.zh),
                format!("\"{}\" is a procedure of {}; it does not apply elsewhere", title.en, place.en),
            ))
        })
    }

    fn unknown(&self, id: &str) -> Error {
        let known = self.current.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Error::Procedure(format!("there is no procedure `{id}` (there are: {known})"))
    }

    /// The procedures in force without their overlays, by id.
    pub fn procedures(&self) -> impl Iterator<Item = &Arc<Procedure>> {
        self.current.values().filter_map(|all| all.last())
    }

    /// Every procedure in force, overlays included.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Arc<Procedure>> {
        self.current.values().flatten()
    }

    /// Seals a private value of a record.
    pub(crate) fn seal(&self, record: Id, value: &Json) -> Result<Json, Error> {
        let sealed = self.vault.seal(&format!("form:{record}"), &value.to_string()).map_err(Error::Vault)?;
        Ok(serde_json::json!({ SEALED: hex::encode(sealed) }))
    }

    /// Opens what [`Engine::seal`] sealed; other values are given back as they are.
    pub(crate) fn unseal(&self, record: Id, value: &Json) -> Result<Json, Error> {
        let Some(text) = value.get(SEALED).and_then(Json::as_str) else { return Ok(value.clone()) };
        let bytes = hex::decode(text).unwrap_or_default();
        let text = self.vault.open_text(&format!("form:{record}"), &bytes).map_err(Error::Vault)?;
        serde_json::from_str(&text)
            .map_err(|e| Error::Procedure(format!("sealed value of form {record}: {e}")))
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
