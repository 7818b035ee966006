//! Capture: a document is validated, its places and rights are checked, and its events are stored with one journal
//! entry in one transaction.

use crate::certificate::Draft;
use crate::masterdata::Statement;
use crate::outcome::{
    CaptureOptions, CaptureOutcome, CaptureState, Duplicate, ErrorBehaviour, Format, StoredEvent,
};
use crate::prepare::{self, Prepared};
use crate::{DirectoryError, Error, PlaceInfo, Supply, recorded, rows};
use access::{Principal, Resource};
use base::{Id, Text};
use epcis::{Event, Problem, ProblemType};
use ledger::{Context, Entry, Permit};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Engine, Sql, Tx};

/// Raised when events were stored ([`store::Store::listen`]): subscribers look.
pub const CAPTURED: &str = "supply.captured";

/// Bytes of a document read where it is taken in.
const SHORT: usize = 16 << 10;

/// Times a capture is tried when another process stores the same events at the same moment.
const ATTEMPTS: usize = 3;

/// Who sends a load, for whom, and what is to happen when something is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) who: &'a Principal,
    pub(crate) operator: Option<Id>,
    pub(crate) behaviour: ErrorBehaviour,
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
    /// Its place in the order of commits, once it is known.
    pub(crate) position: Option<i64>,
    /// The verdicts on long documents after which claims on the names of its events were read; none without such names.
    pub(crate) verdicts: Option<i64>,
}

impl Slot {
    /// A capture of its own, or a portion of a job.
    pub(crate) fn new(cx: &Context, part_of: Option<Id>) -> Self {
        Self { id: cx.id(), part_of, position: None, verdicts: None }
    }
}

/// A load on its way into the tables, and what it needs there.
pub(crate) struct Placing<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) standing: &'a Standing,
    pub(crate) owners: &'a HashMap<String, PlaceInfo>,
    pub(crate) load: &'a mut Load,
    pub(crate) behaviour: ErrorBehaviour,
    pub(crate) slot: Slot,
    /// It is a portion of a document that was found good as a whole before ([`crate::claim`]).
    pub(crate) is_judged: bool,
}

impl Placing<'_> {
    /// Something is wrong with it, and so with all of it.
    fn is_refused(&self) -> bool {
        self.behaviour == ErrorBehaviour::Rollback && !self.is_judged && !self.load.problems.is_empty()
    }
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
        let (limits, now) = (self.limits, cx.now);
        let read = move |bytes: &[u8]| prepare::document(bytes, format, limits, now);
        let bytes: Arc<[u8]> = bytes.into();
        let first = read_apart(&bytes, read).await?;
        let sender = Sender { who, operator: options.operator, behaviour: options.error_behaviour };
        self.store_tried(cx, sender, first, || read_apart(&bytes, read)).await
    }

    /// Stores a load together with others that come at the same time, else alone, read again.
    async fn store_tried<F: Future<Output = Result<Load, Error>>>(
        &self,
        cx: &Context,
        sender: Sender<'_>,
        first: Load,
        again: impl Fn() -> F,
    ) -> Result<CaptureOutcome, Error> {
        match self.store_shared(cx, sender, first).await {
            Ok(Some(outcome)) => return Ok(outcome),
            // another process stored one of the events meanwhile: now it is seen as a duplicate
            Ok(None) | Err(Error::Store(store::Error::Conflict { .. })) => {}
            Err(error) => return Err(error),
        }
        let standing = self.standing(cx, sender.who, sender.operator).await?;
        for attempt in 2..=ATTEMPTS {
            match self.store_load(cx, &standing, again().await?, sender.behaviour).await {
                Err(Error::Store(store::Error::Conflict { .. })) if attempt < ATTEMPTS => {}
                done => return done,
            }
        }
        Err(Error::Interrupted)
    }

    /// Checks a document as [`Supply::capture`] would, and stores nothing: the problems it would have.
    #[must_use]
    pub fn check(&self, bytes: &[u8], format: Format) -> Vec<Problem> {
        prepare::document(bytes, format, self.limits, base::Instant(0)).problems
    }

    /// Captures one bare event (`POST /events`): what was stored, and the event as the repository has it from now on.
    ///
    /// # Errors
    /// [`Error::Refused`] with the problems; one of type `ResourceAlreadyExists` (409) when it is stored already.
    pub async fn capture_event(
        &self,
        cx: &Context,
        who: &Principal,
        bytes: Vec<u8>,
        operator: Option<Id>,
    ) -> Result<(StoredEvent, Event), Error> {
        let (limits, now) = (self.limits, cx.now);
        let read = move |bytes: &[u8]| prepare::bare_event(bytes, limits, now);
        let bytes: Arc<[u8]> = bytes.into();
        let first = read_apart(&bytes, read).await?;
        // the answer is made of what is stored, without asking the tables for it
        let kept = first.prepared.first().map(|p| (p.body.clone(), first.context.clone()));
        let sender = Sender { who, operator, behaviour: ErrorBehaviour::Rollback };
        let outcome = self.store_tried(cx, sender, first, || read_apart(&bytes, read)).await?;
        if let Some(duplicate) = outcome.duplicates.first() {
            return Err(Error::Refused(vec![exists(String::new(), &duplicate.event_id)]));
        }
        let stored = outcome.stored.into_iter().next().ok_or(Error::Refused(outcome.problems))?;
        let (body, context) = kept.ok_or(Error::Interrupted)?;
        let context = recorded::context(&context).ok_or(Error::Interrupted)?;
        let event = Event::recorded(&body, &context, &stored.event_id, now).ok_or(Error::Interrupted)?;
        Ok((stored, event))
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
        let asked: Vec<Id> = operator.into_iter().collect();
        let regions = self.directory.regions(&asked).await.map_err(Error::Directory)?;
        self.standing_in(cx, who, operator, &regions)
    }

    /// The same, with the regions of operators known.
    pub(crate) fn standing_in(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Option<Id>,
        regions: &HashMap<Id, String>,
    ) -> Result<Standing, Error> {
        let region = operator.and_then(|id| regions.get(&id));
        let region = region.or_else(|| who.grants.first().map(|g| &g.region)).cloned().unwrap_or_default();
        let resource = Resource::new("event", region.clone()).of_operator(operator);
        let permit = self.access.check(who, "capture", &resource, cx.now)?;
        Ok(Standing { operator, region, permit })
    }

    pub(crate) async fn store_load(
        &self,
        cx: &Context,
        standing: &Standing,
        load: Load,
        behaviour: ErrorBehaviour,
    ) -> Result<CaptureOutcome, Error> {
        self.store_load_with(cx, standing, load, behaviour, None).await
    }

    /// As [`Supply::store_load`], and the certificate the events tell of, in the same transaction.
    pub(crate) async fn store_load_with(
        &self,
        cx: &Context,
        standing: &Standing,
        mut load: Load,
        behaviour: ErrorBehaviour,
        certificate: Option<&Draft>,
    ) -> Result<CaptureOutcome, Error> {
        let owners = self.look_up(standing, &mut load).await?;
        let slot = Slot::new(cx, None);
        let mut tx = self.store.begin().await?;
        let placing =
            Placing { cx, standing, owners: &owners, load: &mut load, behaviour, slot, is_judged: false };
        let (outcome, slot) = self.place_one(&mut tx, placing).await?;
        if let Some(certificate) = certificate.filter(|_| outcome.problems.is_empty()) {
            certificate.write(&mut tx, cx, standing, &outcome).await?;
        }
        let position = number(&mut tx, slot.as_slice()).await?;
        tx.commit().await?;
        if let Some(position) = position {
            self.words.settle(load.prepared.iter());
            self.merge_terms_if_due();
            let facts: Vec<_> = load.prepared.into_iter().map(|p| p.fact).collect();
            self.index.follow(&self.store, position, 1, &facts).await?;
        }
        Ok(outcome)
    }

    /// What the register knows of the places of a load; takes out what is not the sender's to tell.
    pub(crate) async fn look_up(
        &self,
        standing: &Standing,
        load: &mut Load,
    ) -> Result<HashMap<String, PlaceInfo>, Error> {
        let owners = self.owners(std::slice::from_ref(&*load)).await.map_err(Error::Directory)?;
        own_only(standing, &owners, load);
        Ok(owners)
    }

    /// Stores a load as one capture with its journal entry; [`number`] must follow for the slot, which comes back when
    /// events were stored.
    pub(crate) async fn place_one(
        &self,
        tx: &mut Tx,
        placing: Placing<'_>,
    ) -> Result<(CaptureOutcome, Option<Slot>), Error> {
        let mut placings = [placing];
        let outcome = self.place(tx, &mut placings).await?.pop().ok_or(Error::Interrupted)?;
        let slot = (!outcome.stored.is_empty()).then_some(placings[0].slot);
        Ok((outcome, slot))
    }

    /// Stores loads as captures of their own: the first of them, as many as there are outcomes; [`number`] must follow
    /// for those that stored events. It ends early behind one that is refused for what it meets in the database.
    pub(crate) async fn place(
        &self,
        tx: &mut Tx,
        placings: &mut [Placing<'_>],
    ) -> Result<Vec<CaptureOutcome>, Error> {
        for p in placings.iter_mut().filter(|p| p.is_refused()) {
            p.load.prepared.clear();
        }
        let own = placings.first().and_then(|p| p.slot.part_of);
        let mut known = rows::Known::read(tx, placings.iter().flat_map(|p| &p.load.prepared), own).await?;
        let mut duplicates = Vec::with_capacity(placings.len());
        for p in &mut *placings {
            let was_refused = p.is_refused();
            p.slot.verdicts = known.verdicts;
            duplicates.push(rows::take_out_duplicates(&known, &mut p.load.prepared));
            rows::link(&mut known, p.cx, p.standing, p.load, p.is_judged);
            if p.is_refused() {
                p.load.prepared.clear();
                p.load.vocabulary.clear();
                duplicates.last_mut().into_iter().for_each(Vec::clear);
                if !was_refused {
                    // its events, never to be stored, are among the known
                    break;
                }
            }
        }
        let taken = duplicates.len();
        self.write(tx, &mut placings[..taken], duplicates).await
    }

    async fn write(
        &self,
        tx: &mut Tx,
        placings: &mut [Placing<'_>],
        duplicates: Vec<Vec<Duplicate>>,
    ) -> Result<Vec<CaptureOutcome>, Error> {
        take_positions(tx, placings).await?;
        let mut outcomes = Vec::with_capacity(placings.len());
        let mut entries = Vec::with_capacity(placings.len());
        for (p, duplicates) in placings.iter_mut().zip(duplicates) {
            let (id, load) = (p.slot.id, &mut *p.load);
            let leaves: Vec<String> = load.prepared.iter().map(Prepared::leaf_text).collect();
            let root = (!leaves.is_empty()).then(|| ledger::events_root(&leaves));
            let state = match (load.problems.is_empty(), leaves.is_empty() && duplicates.is_empty()) {
                (true, _) => CaptureState::Stored,
                (false, false) => CaptureState::Part,
                (false, true) => CaptureState::Refused,
            };
            let entry = Entry {
                kind: if state == CaptureState::Refused { "capture.refused" } else { "capture.accepted" },
                region: p.standing.region.clone(),
                subject: format!("capture:{id}"),
                body: serde_json::json!({
                    "operator": p.standing.operator,
                    "format": load.format,
                    "bytes": load.bytes_hash,
                    "events": load.events,
                    "stored": leaves.len(),
                    "duplicates": duplicates.len(),
                    "refused": load.problems.len(),
                    "error_behaviour": p.behaviour.word(),
                    "events_root": root,
                    "part_of": p.slot.part_of,
                    "master_data": load.vocabulary.len(),
                }),
                private: load.private.take(),
            };
            entries.push((p.cx, &p.standing.permit, entry));
            outcomes.push(CaptureOutcome {
                id,
                state,
                events: load.events,
                stored: Vec::new(),
                duplicates,
                problems: std::mem::take(&mut load.problems),
                events_root: root,
                journal: Id(0),
                unusable: load.unusable,
            });
        }
        let appended = ledger::append_many(tx, entries).await?;
        let mut captures = Vec::with_capacity(placings.len() * 19);
        for ((p, outcome), appended) in placings.iter().zip(&mut outcomes).zip(appended) {
            outcome.journal = appended.id;
            let problems: Vec<_> =
                outcome.problems.iter().map(|problem| problem.to_json(p.cx.lang)).collect();
            captures.extend([
                outcome.id.into(),
                p.cx.actor.account.into(),
                p.standing.operator.into(),
                p.standing.region.as_str().into(),
                p.load.format.into(),
                p.load.bytes_hash.as_str().into(),
                count(outcome.events),
                count(p.load.prepared.len()),
                count(outcome.duplicates.len()),
                outcome.events_root.clone().into(),
                p.behaviour.word().into(),
                p.load.context.as_str().into(),
                outcome.state.word().into(),
                serde_json::Value::from(problems).to_string().into(),
                p.cx.now.into(),
                p.cx.now.into(),
                outcome.journal.into(),
                p.slot.part_of.into(),
                p.slot.position.into(),
            ]);
        }
        tx.insert_many(
            "insert into capture (id, account, operator, region, format, bytes_hash, events, stored, duplicates, \
             events_root, error_behaviour, context, state, problems, created, finished, journal, part_of, position)",
            19,
            captures,
            "",
        )
        .await?;
        if placings.iter().any(|p| !p.load.prepared.is_empty()) {
            let stored = rows::insert(tx, placings).await?;
            for (outcome, stored) in outcomes.iter_mut().zip(stored) {
                outcome.stored = stored;
            }
            self.words.add(tx, placings.iter().flat_map(|p| &p.load.prepared)).await?;
            tx.raise(CAPTURED);
        }
        for p in placings.iter().filter(|p| !p.load.vocabulary.is_empty()) {
            crate::masterdata::store(tx, p.cx, p.standing, p.slot.id, &p.load.vocabulary).await?;
        }
        Ok(outcomes)
    }

    /// What the register knows of the places the events and master data of loads name, and whose the products are whose lots they
    /// tell of.
    pub(crate) async fn owners<'l>(
        &self,
        loads: impl IntoIterator<Item = &'l Load> + Clone + Send,
    ) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        let places =
            loads.clone().into_iter().flat_map(|l| &l.prepared).flat_map(|p| {
                [&p.fact.read_point, &p.fact.biz_location, &p.fact.source, &p.fact.destination]
            });
        let mut keys: BTreeSet<&str> = places.filter_map(|k| k.as_deref().map(crate::site_key)).collect();
        let mut stated: BTreeSet<&str> =
            loads.clone().into_iter().flat_map(|l| &l.vocabulary).map(|s| crate::site_key(&s.key)).collect();
        keys.extend(&stated);
        let lots = loads.into_iter().flat_map(|l| &l.prepared).flat_map(|p| &p.lots);
        stated.extend(lots.filter_map(|lot| lot.class.as_deref()));
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let mut owners = HashMap::new();
        for part in keys.chunks(500) {
            owners.extend(self.directory.owners(part).await?);
        }
        let stated: Vec<String> = stated.into_iter().map(str::to_owned).collect();
        for part in stated.chunks(500) {
            for (key, (operator, name)) in self.directory.stewards(part).await? {
                owners.entry(key).or_insert_with_key(|key| PlaceInfo::product(key, operator, name));
            }
        }
        Ok(owners)
    }
}

/// Takes the next positions: the last of them.
///
/// # Errors
/// A conflict when a long document was found good since claims were read: one of the events may bear a name it claims.
async fn advance(tx: &mut Tx, by: usize, verdicts: Option<i64>) -> Result<i64, Error> {
    let sql = "update capture_position set last = last + $1 \
        where id = 1 and verdicts = coalesce($2, verdicts) returning last";
    match tx.first(sql, &[count(by), store::Value::Int(verdicts)]).await? {
        Some(row) => Ok(row.int("last")?),
        None => Err(store::Error::Conflict { constraint: "capture_position.verdicts".to_owned() }.into()),
    }
}

/// Gives captures that store events their positions before their rows are written, where nobody else can be waiting for the
/// counter: SQLite has one writer, and each row is written once.
async fn take_positions(tx: &mut Tx, placings: &mut [Placing<'_>]) -> Result<(), Error> {
    let storing = placings.iter().filter(|p| !p.load.prepared.is_empty()).count();
    if tx.engine() == Engine::Sqlite && storing > 0 {
        // here the claims were read in a transaction that lets no other write
        let last = advance(tx, storing, None).await?;
        let first = last + 1 - i64::try_from(storing).unwrap_or(i64::MAX);
        let storing = placings.iter_mut().filter(|p| !p.load.prepared.is_empty());
        storing.zip(first..).for_each(|(placing, position)| placing.slot.position = Some(position));
    }
    Ok(())
}

/// Gives captures the next positions, in their order, where they have none yet: the last statement before the commit, so
/// that PostgreSQL's row of the counter is locked only until then. Returns the last position; none without captures.
pub(crate) async fn number(tx: &mut Tx, captures: &[Slot]) -> Result<Option<i64>, Error> {
    let Some(newest) = captures.last() else { return Ok(None) };
    if newest.position.is_some() {
        return Ok(newest.position);
    }
    let last = advance(tx, captures.len(), newest.verdicts).await?;
    let first = last + 1 - i64::try_from(captures.len()).unwrap_or(i64::MAX);
    let numbered: Vec<_> = (first..).zip(captures).collect();
    for part in numbered.chunks(250) {
        let mut sql = Sql::new("update capture set position = v.column2 from (values ");
        for (n, (position, slot)) in part.iter().enumerate() {
            sql.push(if n == 0 { "" } else { ", " }).bind_list([slot.id.0, *position]);
        }
        sql.push(") as v where capture.id = v.column1");
        tx.execute(&sql).await?;
    }
    Ok(Some(last))
}

pub(crate) fn count(n: usize) -> store::Value {
    store::Value::Int(i64::try_from(n).ok())
}

/// Takes out what is not the sender's to tell.
pub(crate) fn own_only(standing: &Standing, owners: &HashMap<String, PlaceInfo>, load: &mut Load) {
    own_places_only(standing, owners, load);
    crate::masterdata::own_elements_only(standing, owners, load);
}

/// Reads a document where it does not hold up others.
async fn read_apart(bytes: &Arc<[u8]>, read: impl Fn(&[u8]) -> Load + Send + 'static) -> Result<Load, Error> {
    if bytes.len() < SHORT {
        // shorter than the way to another thread and back
        return Ok(read(bytes));
    }
    let bytes = bytes.clone();
    tokio::task::spawn_blocking(move || read(&bytes)).await.map_err(|_| Error::Interrupted)
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
