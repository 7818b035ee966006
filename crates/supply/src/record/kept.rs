//! What the ledgers lack, kept in rows that follow the journal: pages read sums instead of events.
//!
//! A row is a function of its event and of what the register, the lots and the certificates say now. Whatever an entry
//! changes of these names the events and places to be judged again: a capture its own events, those it withdraws and
//! those that name a lot it describes; a certificate the events that cite it; an entry about an operator everything at
//! its places and everything that names them. What links lack is read from the trace index for every place the lots of a
//! capture, and whatever was packed in them, have been at.

use super::gaps::FIELDS;
use super::view::{COME, Known, LEAVE, belongs, said};
use crate::event::EventDetail;
use crate::term::{self, Kind, Wanted};
use crate::{CertificateCheck, Error, LedgerKind, Role, Supply, certificate_number, site_key};
use base::{Date, Id, Instant};
use chain::GapKind;
use ledger::{JournalRow, projection};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::{Sql, Tx, Value};

/// Its name among the projections.
pub(super) const NAME: &str = "record_gaps";
/// Entries followed at once.
const BATCH: u32 = 200;
/// Events judged at once.
const PART: usize = 1_000;
/// Parameters of a list in a statement.
const LIST: usize = 500;

/// What one event says of a ledger.
struct Judged {
    event: Id,
    operator: Id,
    region: String,
    day: Date,
    certificate: Option<String>,
    total: i64,
    incomplete: i64,
    misfit: i64,
    missing: BTreeMap<String, i64>,
}

/// What links lack at a place on a day: received and never sent, sent and never received, other.
#[derive(Default)]
struct Lacking {
    received: i64,
    shipped: i64,
    other: i64,
}

/// What is to be judged again.
#[derive(Default)]
struct Touched {
    events: BTreeSet<Id>,
    places: BTreeSet<String>,
}

/// Rows that take the place of older ones.
#[derive(Default)]
struct Fresh {
    events: Vec<Judged>,
    links: Vec<(String, Date, Id, String, Lacking)>,
    names: BTreeMap<Id, String>,
}

impl Supply {
    /// Brings the kept figures of ledgers up to the end of the journal; the first time, or after
    /// [`Supply::forget_records`], from all events. Returns how many entries it followed. Several processes may try at
    /// once: each batch is taken over by one of them.
    ///
    /// # Errors
    /// Storage, or the register; what was followed before stays.
    pub async fn follow_records(&self, now: Instant) -> Result<u64, Error> {
        let mut followed = 0;
        loop {
            let position = projection::reached(&self.store, NAME).await?;
            if position == 0 {
                let last = self.rebuild_records(now).await?;
                if last == 0 {
                    return Ok(followed);
                }
                followed += u64::try_from(last).unwrap_or_default();
                continue;
            }
            let entries = ledger::feed(&self.store, position, BATCH, "").await?;
            let Some(last) = entries.last() else { return Ok(followed) };
            let touched = self.touched(&entries).await?;
            let fresh = self.judged(&touched).await?;
            let mut tx = self.store.begin().await?;
            if projection::advance(&mut tx, NAME, position, last.position + 1, now).await? {
                replace(&mut tx, &touched, fresh).await?;
                tx.commit().await?;
                followed += entries.len() as u64;
            }
        }
    }

    /// Forgets the kept figures: [`Supply::follow_records`] makes them again from all events.
    ///
    /// # Errors
    /// Storage.
    pub async fn forget_records(&self) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        clear(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes all rows from the events; returns the position of the journal they stand for, 0 while it is empty.
    async fn rebuild_records(&self, now: Instant) -> Result<i64, Error> {
        // what is committed later has a later position and is followed then
        let last = self.store.one("select coalesce(max(position), -1) as n from journal", &[]).await?;
        let until = last.int("n")? + 1;
        if until == 0 {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        clear(&mut tx).await?;
        tx.commit().await?;
        let mut after = Id(i64::MIN);
        loop {
            let mut sql = Sql::new("select id from event where id > ");
            sql.bind(after).push(" and biz_step in ").bind_list(COME.iter().chain(&LEAVE).copied());
            sql.push(" order by id limit ").bind(i64::try_from(PART).unwrap_or(i64::MAX));
            let events: BTreeSet<Id> =
                self.store.select(&sql).await?.iter().map(|r| r.id("id")).collect::<Result<_, _>>()?;
            let Some(last) = events.last() else { break };
            after = *last;
            self.write_fresh(Touched { events, places: BTreeSet::new() }).await?;
        }
        self.index.catch_up(&self.store).await?;
        let places: BTreeSet<String> =
            self.index.read(|index| index.names().places.iter().map(|k| site_key(k).to_owned()).collect());
        let places: Vec<String> = places.into_iter().collect();
        for part in places.chunks(LIST) {
            let places = part.iter().cloned().collect();
            self.write_fresh(Touched { events: BTreeSet::new(), places }).await?;
        }
        let mut tx = self.store.begin().await?;
        if projection::advance(&mut tx, NAME, 0, until, now).await? {
            tx.commit().await?;
        }
        Ok(until)
    }

    async fn write_fresh(&self, touched: Touched) -> Result<(), Error> {
        let fresh = self.judged(&touched).await?;
        let mut tx = self.store.begin().await?;
        replace(&mut tx, &touched, fresh).await?;
        Ok(tx.commit().await?)
    }

    /// What some entries of the journal make worth judging again.
    async fn touched(&self, entries: &[JournalRow]) -> Result<Touched, Error> {
        let (mut captures, mut numbers, mut operators) = (Vec::new(), Vec::new(), BTreeSet::new());
        for entry in entries {
            let about = entry.subject.split_once(':').map_or("", |(_, rest)| rest);
            match entry.kind.as_str() {
                "capture.accepted" => captures.extend(about.parse::<Id>()),
                "certificate.issued" | "certificate.voided" => numbers.push(about.to_owned()),
                _ => operators.extend(self.directory.concerned(entry).await.map_err(Error::Directory)?),
            }
        }
        let mut touched = Touched::default();
        self.touched_by_captures(&captures, &mut touched).await?;
        for part in numbers.chunks(LIST) {
            let mut sql = Sql::new("select event from record_event where certificate in ");
            sql.bind_list(part.iter().map(String::as_str));
            self.add_events(&sql, &mut touched).await?;
        }
        for operator in operators {
            let mut sql = Sql::new("select event from record_event where operator = ");
            sql.bind(operator);
            self.add_events(&sql, &mut touched).await?;
            let mut sql = Sql::new("select place from record_link where operator = ");
            sql.bind(operator);
            for row in self.store.select(&sql).await? {
                touched.places.insert(row.text("place")?);
            }
            let Some(found) = self.directory.operator(operator).await.map_err(Error::Directory)? else {
                continue;
            };
            for place in &found.places {
                let key = site_key(&place.key);
                let named =
                    [Wanted::one(Kind::Place, key, i64::MAX), Wanted::inside(Kind::Place, key, i64::MAX)];
                touched.events.extend(term::events(&self.store, &named).await?);
                touched.places.insert(key.to_owned());
            }
        }
        Ok(touched)
    }

    async fn add_events(&self, sql: &Sql, touched: &mut Touched) -> Result<(), Error> {
        for row in self.store.select(sql).await? {
            touched.events.insert(row.id("event")?);
        }
        Ok(())
    }

    async fn touched_by_captures(&self, captures: &[Id], touched: &mut Touched) -> Result<(), Error> {
        if captures.is_empty() {
            return Ok(());
        }
        let (mut brought, mut withdrawn) = (Vec::new(), Vec::new());
        for part in captures.chunks(LIST) {
            let mut sql = Sql::new("select id, withdraws from event where capture in ");
            sql.bind_list(part.iter().copied());
            for row in self.store.select(&sql).await? {
                brought.push(row.id("id")?);
                withdrawn.extend(row.opt_id("withdraws")?);
            }
        }
        touched.events.extend(brought.iter().chain(&withdrawn));
        let (mut items, mut described) = (BTreeSet::new(), BTreeSet::new());
        brought.append(&mut withdrawn);
        for part in brought.chunks(PART) {
            for detail in self.details_of(part).await? {
                let e = &detail.event;
                let places = [&e.read_point, &e.biz_location, &e.source, &e.destination];
                touched.places.extend(places.into_iter().flatten().map(|k| site_key(k).to_owned()));
                let describes = describes(&detail);
                for item in &e.items {
                    if describes && matches!(item.role, Role::Epc | Role::Output) {
                        described.insert(item.item.clone());
                    }
                    items.insert(item.item.clone());
                }
            }
        }
        let named: Vec<Wanted> = described.iter().map(|i| Wanted::one(Kind::Item, i, i64::MAX)).collect();
        touched.events.extend(term::events(&self.store, &named).await?);
        self.index.catch_up(&self.store).await?;
        self.index.read(|index| {
            let known = items.iter().filter_map(|item| index.names().find_item(item));
            for item in index.carried_by(known) {
                for held in index.places_of(item) {
                    touched.places.insert(crate::view::place_key(index, held.node.place));
                }
            }
        });
        Ok(())
    }

    /// The rows of what was touched, as everything stands now.
    async fn judged(&self, touched: &Touched) -> Result<Fresh, Error> {
        let mut fresh = Fresh::default();
        let events: Vec<Id> = touched.events.iter().copied().collect();
        for part in events.chunks(PART) {
            let mut details = self.details_of(part).await?;
            details.retain(|d| {
                let step = d.event.biz_step.as_deref().unwrap_or_default();
                let trade = COME.contains(&step) || LEAVE.contains(&step);
                trade && !d.event.withdrawn && !d.event.declaration
            });
            let known = self.known(&details).await?;
            for detail in &details {
                fresh.events.extend(judge(&known, detail, &mut fresh.names));
            }
        }
        let places: Vec<String> = touched.places.iter().cloned().collect();
        for part in places.chunks(LIST) {
            let owners = self.directory.owners(part).await.map_err(Error::Directory)?;
            for place in part {
                let Some(owner) = owners.get(place) else { continue };
                let Some(operator) = owner.operator else { continue };
                for (day, lacking) in self.lacking(place) {
                    fresh.links.push((place.clone(), day, operator, owner.region.clone(), lacking));
                    fresh.names.insert(operator, owner.operator_name.clone());
                }
            }
        }
        Ok(fresh)
    }

    /// What the links of a place lack, by the day of the record.
    fn lacking(&self, place: &str) -> BTreeMap<Date, Lacking> {
        let gaps = self
            .index
            .read(|index| index.names().find_place(place).map(|n| index.gaps(n)))
            .unwrap_or_default();
        let mut days: BTreeMap<Date, Lacking> = BTreeMap::new();
        for gap in gaps {
            let day = days.entry(Instant(gap.time).china_date()).or_default();
            match gap.kind {
                GapKind::ReceivedUnshipped | GapKind::ShipmentMissing => day.received += 1,
                GapKind::SentUnreceived | GapKind::SeenUnreceived | GapKind::Overdrawn => day.shipped += 1,
                GapKind::NotReceived | GapKind::ReceiptMissing => day.other += 1,
            }
        }
        days
    }
}

/// Whether an event may say something of its lots: in their master data, or in fields of its own.
fn describes(detail: &EventDetail) -> bool {
    let Some(members) = detail.body.as_object() else { return false };
    members.keys().any(|k| k == "ilmd" || k.contains(':'))
}

/// What an event says of the ledger of the place where it happened.
fn judge(known: &Known, event: &EventDetail, names: &mut BTreeMap<Id, String>) -> Option<Judged> {
    let e = &event.event;
    let place = known.owners.get(site_key(e.biz_location.as_deref().or(e.read_point.as_deref())?))?;
    let operator = place.operator?;
    // the record that the business form of the place asks for
    let kind = LedgerKind::ALL.into_iter().rfind(|k| {
        let marked = k.rule().forms.is_empty() || k.mark().is_some();
        belongs(*k, event) && (marked || k.rule().forms.contains(&place.form))
    })?;
    let own = HashSet::from([site_key(&place.key).to_owned()]);
    names.insert(operator, place.operator_name.clone());
    let mut judged = Judged {
        event: e.id,
        operator,
        region: place.region.clone(),
        day: e.time.china_date(),
        certificate: said(event, "certificate").and_then(certificate_number),
        total: 0,
        incomplete: 0,
        misfit: 0,
        missing: BTreeMap::new(),
    };
    for row in known.reader().rows(kind, event, &own) {
        judged.total += 1;
        judged.incomplete += i64::from(!row.is_complete());
        judged.misfit += i64::from(matches!(row.check, Some(CertificateCheck::Misfit(_))));
        for field in row.missing {
            *judged.missing.entry(field).or_default() += 1;
        }
    }
    Some(judged)
}

async fn clear(tx: &mut Tx) -> Result<(), Error> {
    tx.exec("delete from record_event", &[]).await?;
    tx.exec("delete from record_link", &[]).await?;
    tx.exec("delete from record_firm", &[]).await?;
    tx.exec("delete from projection where name = $1", &[NAME.into()]).await?;
    Ok(())
}

/// Puts fresh rows in the place of those of what was touched.
async fn replace(tx: &mut Tx, touched: &Touched, fresh: Fresh) -> Result<(), Error> {
    let events: Vec<Id> = touched.events.iter().copied().collect();
    for part in events.chunks(LIST) {
        let mut sql = Sql::new("delete from record_event where event in ");
        sql.bind_list(part.iter().copied());
        tx.execute(&sql).await?;
    }
    let places: Vec<&str> = touched.places.iter().map(String::as_str).collect();
    for part in places.chunks(LIST) {
        let mut sql = Sql::new("delete from record_link where place in ");
        sql.bind_list(part.iter().copied());
        tx.execute(&sql).await?;
    }
    let mut values: Vec<Value> = Vec::new();
    for j in fresh.events {
        values.extend([j.event.into(), j.operator.into(), j.region.into(), j.day.to_string().into()]);
        values.extend([j.certificate.into(), j.total.into(), j.incomplete.into(), j.misfit.into()]);
        values.extend(FIELDS.iter().map(|f| j.missing.get(f.id).copied().unwrap_or_default().into()));
    }
    tx.insert_many(
        "insert into record_event (event, operator, region, day, certificate, total, incomplete, misfit, no_name, \
         no_spec, no_quantity, no_lot, no_shelf_life, no_partner, no_address, no_contact, no_licence, no_certificate, \
         no_document)",
        8 + FIELDS.len(),
        values,
        "",
    )
    .await?;
    let mut links: HashMap<(String, Date), (Id, String, Lacking)> = HashMap::new();
    for (place, day, operator, region, lacking) in fresh.links {
        links.insert((place, day), (operator, region, lacking));
    }
    let mut values: Vec<Value> = Vec::new();
    for ((place, day), (operator, region, l)) in links {
        values.extend([place.into(), day.to_string().into(), operator.into(), region.into()]);
        values.extend([Value::from(l.received), l.shipped.into(), l.other.into()]);
    }
    tx.insert_many(
        "insert into record_link (place, day, operator, region, received, shipped, other)",
        7,
        values,
        "",
    )
    .await?;
    let values = fresh.names.into_iter().flat_map(|(id, name)| [id.into(), name.into()]).collect();
    tx.insert_many(
        "insert into record_firm (operator, name)",
        2,
        values,
        "on conflict (operator) do update set name = excluded.name",
    )
    .await?;
    Ok(())
}
