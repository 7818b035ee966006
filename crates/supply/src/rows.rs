//! Events into rows: duplicates and conflicts found in the transaction that stores.

use crate::capture::{Load, Placing, Standing, exists};
use crate::claim::{Claims, Order};
use crate::outcome::{Duplicate, StoredEvent};
use crate::prepare::{Prepared, hash_id};
use crate::said::{Sayings, Speaker, take_back};
use crate::term::Terms;
use crate::{Error, ItemFact, PlaceInfo, site_key};
use base::{Id, Instant, Text};
use epcis::{Problem, ProblemType};
use ledger::Context;
use std::collections::{BTreeSet, HashMap, HashSet};
use store::{Sql, Tx, Value};

/// Parameters of one `in (…)` list.
const CHUNK: usize = 400;

/// How many places a list of `n` gets, so that few texts of statements are ever prepared; the last value fills them up.
fn places(n: usize) -> usize {
    n.next_power_of_two().min(CHUNK)
}

/// Takes events out that are stored already, or stand twice in the document, by content.
pub(crate) fn take_out_duplicates(known: &Known, prepared: &mut Vec<Prepared>) -> Vec<Duplicate> {
    let mut seen: HashSet<([u8; 32], String)> = HashSet::with_capacity(prepared.len());
    let mut duplicates = Vec::new();
    prepared.retain(|p| {
        let key = (p.hash, p.declared.clone());
        let existing = known.stored.get(&key).copied();
        if existing.is_none() && seen.insert(key) {
            return true;
        }
        let hash = hash_id(&p.hash);
        let event_id = p.event_id.clone().unwrap_or_else(|| hash.clone());
        duplicates.push(Duplicate { event_id, hash, existing });
        false
    });
    duplicates
}

/// An event that a new one meets: stored before, or earlier in the document.
pub(crate) struct Met {
    id: Id,
    operator: Option<Id>,
}

/// What is known under the event ids and hashes of a document.
#[derive(Default)]
pub(crate) struct Known {
    /// Everything stored, by hash and time of declaration.
    stored: HashMap<([u8; 32], String), Id>,
    /// Events proper by `eventID`.
    by_id: HashMap<String, Met>,
    /// Events proper by hash.
    by_hash: HashMap<[u8; 32], Met>,
    /// `eventID`s and hashes an error declaration exists for; the times of declaration of each `eventID`.
    declared_ids: HashMap<String, Vec<String>>,
    declared_hashes: HashSet<[u8; 32]>,
    /// `eventID`s kept free for documents found good and not yet stored.
    claims: Claims,
    /// Verdicts on such documents when the claims were read; none when no event has an `eventID`.
    pub(crate) verdicts: Option<i64>,
}

impl Known {
    /// What the database knows of the events of a document; `own` is the job they are a portion of.
    pub(crate) async fn read<'a>(
        tx: &mut Tx,
        prepared: impl Iterator<Item = &'a Prepared>,
        own: Option<Id>,
    ) -> Result<Self, Error> {
        let mut known = Self::default();
        let prepared: Vec<&Prepared> = prepared.collect();
        let ids: Vec<&str> = prepared.iter().filter_map(|p| p.event_id.as_deref()).collect();
        if !ids.is_empty() {
            let order = Order::read(tx).await?;
            known.verdicts = Some(order.verdicts);
            if order.holding > 0 {
                known.claims = Claims::of_others(tx, &ids, own).await?;
            }
        }
        for part in ids.chunks(CHUNK) {
            let mut sql = Sql::new("select id, event_id, declared, operator from event where event_id in ");
            let last = part.iter().copied().next_back().into_iter().cycle();
            sql.bind_list(part.iter().copied().chain(last).take(places(part.len())));
            for row in tx.select(&sql).await? {
                let (event_id, declared) = (row.text("event_id")?, row.text("declared")?);
                if declared.is_empty() {
                    let met = Met { id: row.id("id")?, operator: row.opt_id("operator")? };
                    known.by_id.insert(event_id, met);
                } else {
                    known.declared_ids.entry(event_id).or_default().push(declared);
                }
            }
        }
        // an event proper and its declaration share the hash, so only these can meet by hash alone
        for part in prepared.chunks(CHUNK) {
            let mut sql = Sql::new("select e.id, e.hash, e.declared, e.operator from (values ");
            let last = part.iter().next_back().into_iter().cycle();
            for (n, p) in part.iter().chain(last).take(places(part.len())).enumerate() {
                sql.push(if n == 0 { "(" } else { ", (" }).bind((p.fact.time.0 + 500) / 1000);
                sql.push(", ").bind(p.hash).push(")");
            }
            sql.push(
                ") as v cross join event e where (e.event_time + 500) / 1000 = v.column1 and e.hash = v.column2",
            );
            for row in tx.select(&sql).await? {
                let Ok(hash) = <[u8; 32]>::try_from(row.bytes("hash")?) else { continue };
                let declared = row.text("declared")?;
                known.stored.insert((hash, declared.clone()), row.id("id")?);
                if declared.is_empty() {
                    let met = Met { id: row.id("id")?, operator: row.opt_id("operator")? };
                    known.by_hash.insert(hash, met);
                } else {
                    known.declared_hashes.insert(hash);
                }
            }
        }
        Ok(known)
    }

    /// The event a declaration speaks of.
    fn original(&self, p: &Prepared) -> Option<&Met> {
        p.event_id.as_ref().and_then(|id| self.by_id.get(id)).or_else(|| self.by_hash.get(&p.hash))
    }

    fn is_declared_wrong(&self, p: &Prepared) -> bool {
        self.declared_hashes.contains(&p.hash)
            || p.event_id.as_ref().is_some_and(|id| self.declared_ids.contains_key(id))
    }

    /// Whether the name of an event stands for something else, or is kept free for it.
    fn is_taken(&self, p: &Prepared) -> bool {
        let Some(id) = &p.event_id else { return false };
        let is_stored = match p.fact.declaration {
            true => self.declared_ids.get(id).is_some_and(|times| times.contains(&p.declared)),
            false => self.by_id.contains_key(id),
        };
        is_stored || self.claims.refuse(p)
    }

    fn add(&mut self, p: &Prepared, operator: Option<Id>) {
        self.stored.insert((p.hash, p.declared.clone()), p.fact.id);
        if p.fact.declaration {
            self.declared_hashes.insert(p.hash);
            if let Some(id) = &p.event_id {
                self.declared_ids.entry(id.clone()).or_default().push(p.declared.clone());
            }
        } else {
            self.by_hash.insert(p.hash, Met { id: p.fact.id, operator });
            if let Some(id) = &p.event_id {
                self.by_id.insert(id.clone(), Met { id: p.fact.id, operator });
            }
        }
    }
}

/// Takes what cannot be stored out of a load, as storing it would, and what is stored already; nothing is written.
pub(crate) async fn judge(
    tx: &mut Tx,
    cx: &Context,
    standing: &Standing,
    load: &mut Load,
    own: Id,
) -> Result<(), Error> {
    let mut known = Known::read(tx, load.prepared.iter(), Some(own)).await?;
    take_out_duplicates(&known, &mut load.prepared);
    link(&mut known, cx, standing, load, false);
    Ok(())
}

/// Refuses an `eventID` that stands for other content already, and an error declaration on somebody else's event (unless the
/// declaration was found good before that event was there); links declarations with the events they withdraw. Gives every event its
/// record id.
pub(crate) fn link(known: &mut Known, cx: &Context, standing: &Standing, load: &mut Load, is_judged: bool) {
    let problems = &mut load.problems;
    load.prepared.retain_mut(|p| {
        p.fact.id = cx.id();
        if let Some(id) = p.event_id.as_deref().filter(|_| known.is_taken(p)) {
            problems.push(exists(p.pointer.clone(), id));
            return false;
        }
        if p.fact.declaration {
            match known.original(p) {
                Some(original) if original.operator != standing.operator && !is_judged => {
                    problems.push(foreign_declaration(p));
                    return false;
                }
                original => p.fact.withdraws = original.map(|o| o.id),
            }
        } else {
            p.fact.withdrawn = known.is_declared_wrong(p);
        }
        known.add(p, standing.operator);
        true
    });
    // an event that its own document withdraws is stored as withdrawn
    let withdrawn: HashSet<Id> = load.prepared.iter().filter_map(|p| p.fact.withdraws).collect();
    for p in &mut load.prepared {
        p.fact.withdrawn |= withdrawn.contains(&p.fact.id);
    }
}

fn foreign_declaration(p: &Prepared) -> Problem {
    Problem::new(
        ProblemType::Forbidden,
        format!("{}/errorDeclaration", p.pointer),
        Text::of(
            "被声明有误的事件由另一经营者报送。",
            "The event declared wrong was captured by another operator.",
        ),
        Text::of("请联系报送方自行更正。", "Ask whoever captured it to correct it."),
    )
}

const EVENT: &str = "insert into event (id, hash, declared, event_id, capture, leaf, type, action, biz_step, \
    disposition, event_time, tz, record_time, read_point, biz_location, source, destination, document, join_id, \
    operator, region, body, withdrawn, withdraws, items)";

/// Stores events, what leads to them, and lots, in their captures; marks what the declarations among them
/// withdraw. Gives what was stored for each capture.
pub(crate) async fn insert(
    tx: &mut Tx,
    placings: &mut [Placing<'_>],
) -> Result<Vec<Vec<StoredEvent>>, Error> {
    let count = placings.iter().map(|p| p.load.prepared.len()).sum::<usize>();
    let mut events = Vec::with_capacity(count * 25);
    // one register speaks for all placings of a transaction
    let register = placings.first().map(|p| p.owners);
    let mut lots = Sayings::default();
    let mut withdrawn = Vec::new();
    let mut partners: Vec<(Id, Instant, Id, Instant)> = Vec::new();
    let mut stored = Vec::with_capacity(placings.len());
    let mut terms = Terms::default();
    for placing in placings {
        let (standing, owners, capture) = (placing.standing, placing.owners, placing.slot.id);
        let mut of_it = Vec::with_capacity(placing.load.prepared.len());
        for (leaf, p) in placing.load.prepared.iter_mut().enumerate() {
            let body = std::mem::take(&mut p.body);
            let p = &*p;
            let f = &p.fact;
            let at = f.biz_location.as_deref().or(f.read_point.as_deref());
            let region =
                at.and_then(|k| owners.get(site_key(k))).map_or(standing.region.as_str(), |o| &o.region);
            events.extend([
                f.id.into(),
                p.hash.into(),
                p.declared.as_str().into(),
                p.event_id.as_deref().into(),
                capture.into(),
                number(leaf),
                f.kind.as_str().into(),
                f.action.as_deref().into(),
                f.biz_step.as_deref().into(),
                f.disposition.as_deref().into(),
                f.time.into(),
                p.tz.as_str().into(),
                f.recorded.into(),
                f.read_point.as_deref().into(),
                f.biz_location.as_deref().into(),
                f.source.as_deref().into(),
                f.destination.as_deref().into(),
                f.document.as_deref().into(),
                f.join.as_deref().into(),
                standing.operator.into(),
                region.into(),
                body.into(),
                f.withdrawn.into(),
                f.withdraws.into(),
                ItemFact::row_text(&f.items).into(),
            ]);
            terms.add(&p.hash, f, &p.links, region);
            // what is declared wrong is not said
            for lot in p.lots.iter().filter(|_| !f.declaration && !f.withdrawn) {
                let by = Speaker { operator: standing.operator, event: f.id, region };
                lots.add(lot.clone(), by, owners);
            }
            withdrawn.extend(f.withdraws);
            partners.extend(
                partners_of(f, standing.operator, owners)
                    .into_iter()
                    .map(|operator| (operator, f.time, f.id, f.recorded)),
            );
            let hash = hash_id(&p.hash);
            of_it.push(StoredEvent {
                id: f.id,
                event_id: p.event_id.clone().unwrap_or_else(|| hash.clone()),
                hash,
            });
        }
        stored.push(of_it);
    }
    tx.insert_many(EVENT, 25, events, "").await?;
    terms.insert(tx).await?;
    lots.insert(tx).await?;
    partners.sort_unstable();
    let partners = partners
        .into_iter()
        .flat_map(|(operator, time, event, at)| [operator.into(), time.into(), event.into(), at.into()]);
    let into = "insert into event_partner (operator, event_time, event, record_time)";
    tx.insert_many(into, 4, partners.collect(), "").await?;
    for part in withdrawn.chunks(CHUNK) {
        let mut sql = Sql::new("update event set withdrawn = 1 where id in ");
        sql.bind_list(part.iter().copied());
        tx.execute(&sql).await?;
    }
    if let Some(owners) = register.filter(|_| !withdrawn.is_empty()) {
        take_back(tx, &withdrawn, owners).await?;
    }
    Ok(stored)
}

/// The operators, other than who captured it, that an event names by their places: who sends, who receives, where it
/// happened. By law (food safety law 50, 53: purchase and sales records) the records of an exchange are open to both.
fn partners_of(
    fact: &crate::EventFact,
    own: Option<Id>,
    owners: &HashMap<String, PlaceInfo>,
) -> BTreeSet<Id> {
    let places = [&fact.source, &fact.destination, &fact.read_point, &fact.biz_location];
    partners(places.into_iter().filter_map(|k| k.as_deref()), own, owners)
}

/// The operators of places, other than one's own.
pub(crate) fn partners<'p>(
    places: impl Iterator<Item = &'p str>,
    own: Option<Id>,
    owners: &HashMap<String, PlaceInfo>,
) -> BTreeSet<Id> {
    places
        .filter_map(|place| owners.get(site_key(place))?.operator)
        .filter(|operator| Some(*operator) != own)
        .collect()
}

fn number(n: usize) -> Value {
    Value::Int(i64::try_from(n).ok())
}
