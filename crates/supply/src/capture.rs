//! Capture: a document is validated, its places and rights are checked, and its events are stored with one journal
//! entry in one transaction.

use crate::masterdata::Statement;
use crate::prepare::{self, Prepared};
use crate::{DirectoryError, Error, PlaceInfo, Supply, rows};
use access::{Principal, Resource};
use base::{Id, Text};
use epcis::{Problem, ProblemType};
use ledger::{Context, Entry, Permit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::Tx;

/// Raised when events were stored ([`store::Store::listen`]): subscribers look.
pub const CAPTURED: &str = "supply.captured";

/// Times a capture is tried when another process stores the same events at the same moment.
const ATTEMPTS: usize = 3;

/// What happens to the good events of a document that also has bad ones (GS1-Capture-Error-Behaviour).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorBehaviour {
    /// Nothing is stored.
    #[default]
    Rollback,
    /// The good ones are stored.
    Proceed,
}

impl ErrorBehaviour {
    /// The word of the header and the job.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Proceed => "proceed",
        }
    }
}

impl std::str::FromStr for ErrorBehaviour {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "rollback" => Ok(Self::Rollback),
            "proceed" => Ok(Self::Proceed),
            other => Err(format!("{other} is neither rollback nor proceed")),
        }
    }
}

/// The syntax of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told by the first character: `<` is XML.
    #[default]
    Detect,
    /// EPCIS 2.0 JSON or JSON-LD.
    Json,
    /// EPCIS 1.2 or 2.0 XML.
    Xml,
}

/// How to capture.
#[derive(Debug, Clone, Default)]
pub struct CaptureOptions {
    /// Good events of a document with bad ones.
    pub error_behaviour: ErrorBehaviour,
    /// In whose name; `None`: the caller's operator. An authority may capture in nobody's name.
    pub operator: Option<Id>,
}

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureState {
    /// Every event is stored (or was before).
    Stored,
    /// Some are, some were refused (`proceed`).
    Part,
    /// None is.
    Refused,
    /// The document is kept and still to be worked off.
    Running,
    /// It is at work, and at least one event was refused.
    Failing,
}

impl CaptureState {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Part => "part",
            Self::Refused => "refused",
            Self::Running => "running",
            Self::Failing => "failing",
        }
    }
}

impl std::str::FromStr for CaptureState {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Stored, Self::Part, Self::Refused, Self::Running, Self::Failing]
            .into_iter()
            .find(|s| s.word() == word)
            .ok_or_else(|| format!("{word} is no capture state"))
    }
}

/// An event that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// Record id.
    pub id: Id,
    /// `eventID` as given, else the hash id.
    pub event_id: String,
    /// CBV 2.0 event hash id, `ni:///sha-256;…?ver=CBV2.0`.
    pub hash: String,
}

/// An event that was stored before: same content, not stored twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// `eventID` as given, else the hash id.
    pub event_id: String,
    /// CBV 2.0 event hash id.
    pub hash: String,
    /// The event stored before; `None` when it is in the same document.
    pub existing: Option<Id>,
}

/// What a capture did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureOutcome {
    /// The capture job.
    pub id: Id,
    /// How it ended.
    pub state: CaptureState,
    /// Events in the document, good and bad.
    pub events: usize,
    /// What was stored, in document order.
    pub stored: Vec<StoredEvent>,
    /// What was stored before.
    pub duplicates: Vec<Duplicate>,
    /// Why events, or the whole, were refused.
    pub problems: Vec<Problem>,
    /// `sha-256:` and the hex Merkle root over the hash ids of the stored events, in document order.
    pub events_root: Option<String>,
    /// The journal entry.
    pub journal: Id,
    /// The document as a whole could not be read; its problems say why.
    pub unusable: bool,
}

/// Who captures, for whom, and what the register says of it.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) operator: Option<Id>,
    pub(crate) region: String,
    pub(crate) permit: Permit,
}

/// A document ready to be stored.
pub(crate) struct Load {
    pub(crate) format: &'static str,
    pub(crate) bytes_hash: String,
    pub(crate) context: String,
    pub(crate) events: usize,
    pub(crate) prepared: Vec<Prepared>,
    pub(crate) problems: Vec<Problem>,
    /// Personal data that came with it (contact persons of a ledger).
    pub(crate) private: Option<serde_json::Value>,
    /// Master data of its header.
    pub(crate) vocabulary: Vec<Statement>,
    /// The frame itself cannot be used: there is nothing to be taken in part.
    pub(crate) unusable: bool,
}

/// Where the events of a load go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// The capture to be made.
    pub(crate) id: Id,
    /// The job it is a portion of.
    pub(crate) part_of: Option<Id>,
}

impl Supply {
    /// Captures a document.
    ///
    /// # Errors
    /// [`Error::Denied`] when the caller may not capture at all. A document that is refused is an outcome with its
    /// problems, not an error; its job is on record.
    pub async fn capture(
        &self,
        cx: &Context,
        who: &Principal,
        bytes: Vec<u8>,
        format: Format,
        options: &CaptureOptions,
    ) -> Result<CaptureOutcome, Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let bytes: Arc<[u8]> = bytes.into();
        for _ in 1..ATTEMPTS {
            match self.try_capture(cx, &standing, bytes.clone(), format, options).await {
                // another process stored one of the events meanwhile: now it is seen as a duplicate
                Err(Error::Store(store::Error::Conflict { .. })) => {}
                done => return done,
            }
        }
        self.try_capture(cx, &standing, bytes, format, options).await
    }

    async fn try_capture(
        &self,
        cx: &Context,
        standing: &Standing,
        bytes: Arc<[u8]>,
        format: Format,
        options: &CaptureOptions,
    ) -> Result<CaptureOutcome, Error> {
        let (limits, now) = (self.limits, cx.now);
        let load = tokio::task::spawn_blocking(move || prepare::document(&bytes, format, limits, now))
            .await
            .map_err(|_| Error::Interrupted)?;
        self.store_load(cx, standing, load, options.error_behaviour).await
    }

    /// Checks a document as [`Supply::capture`] would, and stores nothing: the problems it would have.
    #[must_use]
    pub fn check(&self, bytes: &[u8], format: Format) -> Vec<Problem> {
        prepare::document(bytes, format, self.limits, base::Instant(0)).problems
    }

    /// Captures one bare event (`POST /events`).
    ///
    /// # Errors
    /// [`Error::Refused`] with the problems; one of type `ResourceAlreadyExists` (409) when it is stored already.
    pub async fn capture_event(
        &self,
        cx: &Context,
        who: &Principal,
        bytes: Vec<u8>,
        operator: Option<Id>,
    ) -> Result<StoredEvent, Error> {
        let standing = self.standing(cx, who, operator).await?;
        let (limits, now) = (self.limits, cx.now);
        let load = tokio::task::spawn_blocking(move || prepare::bare_event(&bytes, limits, now))
            .await
            .map_err(|_| Error::Interrupted)?;
        if !load.problems.is_empty() {
            return Err(Error::Refused(load.problems));
        }
        let outcome = self.store_load(cx, &standing, load, ErrorBehaviour::Rollback).await?;
        if let Some(duplicate) = outcome.duplicates.first() {
            return Err(Error::Refused(vec![exists(String::new(), &duplicate.event_id)]));
        }
        outcome.stored.into_iter().next().ok_or(Error::Refused(outcome.problems))
    }

    /// Whether somebody may capture at all, before anything is read.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn may_capture(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Option<Id>,
    ) -> Result<(), Error> {
        self.standing(cx, who, operator).await.map(|_| ())
    }

    /// The right to capture, asked once for the operator in whose name it is done.
    pub(crate) async fn standing(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Option<Id>,
    ) -> Result<Standing, Error> {
        let operator = operator.or(who.operator);
        let region = match operator {
            Some(id) => self.directory.operator(id).await.map_err(Error::Directory)?.map(|o| o.region),
            None => None,
        };
        let region = region.or_else(|| who.grants.first().map(|g| g.region.clone())).unwrap_or_default();
        let resource = Resource::new("event", region.clone()).of_operator(operator);
        let permit = self.access.check(who, "capture", &resource, cx.now)?;
        Ok(Standing { operator, region, permit })
    }

    pub(crate) async fn store_load(
        &self,
        cx: &Context,
        standing: &Standing,
        mut load: Load,
        behaviour: ErrorBehaviour,
    ) -> Result<CaptureOutcome, Error> {
        let owners = self.look_up(standing, &mut load).await?;
        let slot = Slot { id: cx.id(), part_of: None };
        let mut tx = self.store.begin().await?;
        let outcome = self.place(&mut tx, cx, standing, &owners, &mut load, behaviour, slot).await?;
        let position = if outcome.stored.is_empty() { None } else { number(&mut tx, &[slot.id]).await? };
        tx.commit().await?;
        if let Some(position) = position {
            self.words.settle(&load.prepared);
            let facts: Vec<_> = load.prepared.into_iter().map(|p| p.fact).collect();
            self.index.follow(&self.store, position, &facts).await?;
        }
        Ok(outcome)
    }

    /// What the register knows of the places of a load; takes out what is not the sender's to tell.
    pub(crate) async fn look_up(
        &self,
        standing: &Standing,
        load: &mut Load,
    ) -> Result<HashMap<String, PlaceInfo>, Error> {
        let owners = self.owners(load).await.map_err(Error::Directory)?;
        own_places_only(standing, &owners, load);
        crate::masterdata::own_elements_only(standing, &owners, load);
        Ok(owners)
    }

    /// Stores a load as one capture with its journal entry, without its position.
    #[expect(clippy::too_many_arguments, reason = "the parts of one capture, each with its own lifetime")]
    pub(crate) async fn place(
        &self,
        tx: &mut Tx,
        cx: &Context,
        standing: &Standing,
        owners: &HashMap<String, PlaceInfo>,
        load: &mut Load,
        behaviour: ErrorBehaviour,
        slot: Slot,
    ) -> Result<CaptureOutcome, Error> {
        let all_or_nothing = behaviour == ErrorBehaviour::Rollback;
        if !load.problems.is_empty() && all_or_nothing {
            load.prepared.clear();
        }
        let known = rows::Known::read(tx, &load.prepared).await?;
        let mut duplicates = rows::take_out_duplicates(&known, &mut load.prepared);
        rows::link(known, cx, standing, load);
        if !load.problems.is_empty() && all_or_nothing {
            load.prepared.clear();
            load.vocabulary.clear();
            duplicates.clear();
        }
        self.write(tx, cx, standing, owners, load, duplicates, behaviour, slot).await
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one capture, each with its own lifetime")]
    async fn write(
        &self,
        tx: &mut Tx,
        cx: &Context,
        standing: &Standing,
        owners: &HashMap<String, PlaceInfo>,
        load: &mut Load,
        duplicates: Vec<Duplicate>,
        behaviour: ErrorBehaviour,
        slot: Slot,
    ) -> Result<CaptureOutcome, Error> {
        let id = slot.id;
        let leaves: Vec<String> = load.prepared.iter().map(Prepared::leaf_text).collect();
        let root = (!leaves.is_empty()).then(|| ledger::events_root(&leaves));
        let state = match (load.problems.is_empty(), leaves.is_empty() && duplicates.is_empty()) {
            (true, _) => CaptureState::Stored,
            (false, false) => CaptureState::Part,
            (false, true) => CaptureState::Refused,
        };
        let entry = Entry {
            kind: if state == CaptureState::Refused { "capture.refused" } else { "capture.accepted" },
            region: standing.region.clone(),
            subject: format!("capture:{id}"),
            body: serde_json::json!({
                "operator": standing.operator,
                "format": load.format,
                "bytes": load.bytes_hash,
                "events": load.events,
                "stored": leaves.len(),
                "duplicates": duplicates.len(),
                "refused": load.problems.len(),
                "error_behaviour": behaviour.word(),
                "events_root": root,
                "part_of": slot.part_of,
                "master_data": load.vocabulary.len(),
            }),
            private: load.private.take(),
        };
        let journal = ledger::append(tx, cx, &standing.permit, entry).await?.id;
        let problems: Vec<_> = load.problems.iter().map(|p| p.to_json(cx.lang)).collect();
        tx.exec(
            "insert into capture (id, position, account, operator, region, format, bytes_hash, events, stored, \
             duplicates, events_root, error_behaviour, context, state, problems, created, finished, journal, part_of) \
             values ($1, null, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16, $17)",
            &[
                id.into(),
                cx.actor.account.into(),
                standing.operator.into(),
                standing.region.as_str().into(),
                load.format.into(),
                load.bytes_hash.as_str().into(),
                count(load.events),
                count(leaves.len()),
                count(duplicates.len()),
                root.clone().into(),
                behaviour.word().into(),
                load.context.as_str().into(),
                state.word().into(),
                serde_json::Value::from(problems).to_string().into(),
                cx.now.into(),
                journal.into(),
                slot.part_of.into(),
            ],
        )
        .await?;
        let epoch = match load.prepared.len() {
            0 => 0,
            events => self.epochs.take(tx, events).await?,
        };
        let stored = rows::insert(tx, (id, epoch), standing, owners, &mut load.prepared).await?;
        self.words.add(tx, &load.prepared).await?;
        if !load.vocabulary.is_empty() {
            crate::masterdata::store(tx, cx, standing, id, &load.vocabulary).await?;
        }
        if !stored.is_empty() {
            tx.raise(CAPTURED);
        }
        Ok(CaptureOutcome {
            id,
            state,
            events: load.events,
            stored,
            duplicates,
            problems: std::mem::take(&mut load.problems),
            events_root: root,
            journal,
            unusable: load.unusable,
        })
    }

    /// What the register knows of the places the events and master data name.
    async fn owners(&self, load: &Load) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        let places = load
            .prepared
            .iter()
            .flat_map(|p| [&p.fact.read_point, &p.fact.biz_location, &p.fact.source, &p.fact.destination]);
        let mut keys: BTreeSet<&str> = places.filter_map(|k| k.as_deref().map(crate::site_key)).collect();
        keys.extend(load.vocabulary.iter().map(|s| crate::site_key(&s.key)));
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let mut owners = HashMap::new();
        for part in keys.chunks(500) {
            owners.extend(self.directory.owners(part).await?);
        }
        Ok(owners)
    }
}

/// Gives captures the next positions, in their order; the last statement before the commit, so that the row is locked
/// only until then. Returns the last position.
pub(crate) async fn number(tx: &mut Tx, captures: &[Id]) -> Result<Option<i64>, Error> {
    let count = i64::try_from(captures.len()).unwrap_or(i64::MAX);
    let row = tx
        .query("update capture_position set last = last + $1 where id = 1 returning last", &[count.into()])
        .await?;
    let Some(last) = row.first().map(|r| r.int("last")).transpose()? else { return Ok(None) };
    for (position, id) in (last - count + 1..).zip(captures) {
        tx.exec("update capture set position = $1 where id = $2", &[position.into(), (*id).into()]).await?;
    }
    Ok(Some(last))
}

pub(crate) fn count(n: usize) -> store::Value {
    store::Value::Int(i64::try_from(n).ok())
}

/// A firm tells what happened at its own places: an event read, or leaving goods, at a place registered to another
/// operator is refused. Places nobody registered are accepted.
fn own_places_only(standing: &Standing, owners: &HashMap<String, PlaceInfo>, load: &mut Load) {
    let Some(own) = standing.operator else { return };
    let problems = &mut load.problems;
    load.prepared.retain(|p| {
        let before = problems.len();
        for (field, key) in [("readPoint", &p.fact.read_point), ("bizLocation", &p.fact.biz_location)] {
            let Some(place) = key.as_deref().and_then(|k| owners.get(crate::site_key(k))) else { continue };
            if place.operator.is_some_and(|o| o != own) {
                problems.push(Problem::new(
                    ProblemType::Forbidden,
                    format!("{}/{field}/id", p.pointer),
                    Text::new(
                        format!("场所 {} 登记在另一经营者“{}”名下，不能由您报送在该处发生的事件。", place.key, place.operator_name),
                        format!("The place {} is registered to another operator, {}; what happens there is theirs to report.", place.key, place.operator_name),
                    ),
                    Text::of(
                        "请改用本单位的场所编码；如场所已转让，请先更新登记。",
                        "Use a place of your own; if it changed hands, update the register first.",
                    ),
                ));
            }
        }
        problems.len() == before
    });
}

/// 409: an event with this id is stored already.
pub(crate) fn exists(pointer: String, event_id: &str) -> Problem {
    Problem::new(
        ProblemType::ResourceAlreadyExists,
        pointer,
        Text::new(format!("事件 {event_id} 已经存在。"), format!("The event {event_id} exists already.")),
        Text::of(
            "如内容相同无需再报；如内容不同请换用新的 eventID，更正请用错误声明(errorDeclaration)。",
            "If it is the same event, nothing is to be done; otherwise give it a new eventID, or correct it with an error declaration.",
        ),
    )
}

/// 409: a query of this name exists already.
pub(crate) fn exists_named(name: &str) -> Problem {
    Problem::new(
        ProblemType::ResourceAlreadyExists,
        "/name",
        Text::new(format!("名为“{name}”的查询已存在。"), format!("A query named '{name}' exists already.")),
        Text::of("请换用新的名称，或先删除原查询。", "Choose another name, or delete the query first."),
    )
}
