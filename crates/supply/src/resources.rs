//! The resources of a repository: which event types, things, steps, places and dispositions its events name, as far as
//! the reader may see the events.

use crate::term::{self, BIZ_LOCATION, Kind, READ_POINT, Wanted};
use crate::{Error, Supply};
use access::Principal;
use base::{Id, Instant};
use std::collections::{BTreeSet, HashSet};
use store::Sql;

/// A top-level resource of the EPCIS 2.0 REST binding whose members are values found in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// `eventTypes`
    EventTypes,
    /// `epcs`: instances, lots and classes, canonical.
    Epcs,
    /// `bizSteps`
    BizSteps,
    /// `bizLocations`, canonical.
    BizLocations,
    /// `readPoints`, canonical.
    ReadPoints,
    /// `dispositions`
    Dispositions,
}

/// The event types every repository knows, in order of their names.
pub const EVENT_TYPES: [&str; 5] =
    ["AggregationEvent", "AssociationEvent", "ObjectEvent", "TransactionEvent", "TransformationEvent"];

impl Collection {
    /// The value as it is stored.
    #[must_use]
    pub fn key(self, value: &str) -> String {
        use epcis::vocabulary::{BIZ_STEP, DISPOSITION};
        match self {
            Self::EventTypes => value.to_owned(),
            Self::Epcs => epcis::ident::item_key(value).uri,
            Self::BizSteps => BIZ_STEP.bare(value).into_owned(),
            Self::Dispositions => DISPOSITION.bare(value).into_owned(),
            Self::BizLocations | Self::ReadPoints => epcis::ident::place_key(value),
        }
    }

    /// The kind of word it is, and the column that holds it.
    const fn word(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::EventTypes => Some(("type", "e.type")),
            Self::BizSteps => Some(("biz_step", "e.biz_step")),
            Self::Dispositions => Some(("disposition", "e.disposition")),
            Self::Epcs | Self::BizLocations | Self::ReadPoints => None,
        }
    }

    /// Where its terms are, and the parts they play.
    const fn terms(self) -> (Kind, i64) {
        match self {
            Self::BizLocations => (Kind::Place, BIZ_LOCATION),
            Self::ReadPoints => (Kind::Place, READ_POINT),
            _ => (Kind::Item, i64::MAX),
        }
    }
}

impl Supply {
    /// Members of a collection in order, after the one given, at most `limit`.
    ///
    /// # Errors
    /// Storage.
    pub async fn members(
        &self,
        who: &Principal,
        now: Instant,
        collection: Collection,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, Error> {
        let Some((kind, column)) = collection.word() else {
            return self.terms(who, now, collection, after, limit).await;
        };
        let mut sql = Sql::new("select w.word as member from event_word w where w.kind = ");
        sql.bind(kind).push(" and w.word > ").bind(after);
        sql.push(" and exists (select 1 from event e where ").push(column).push(" = w.word and ");
        sql.append(&self.visible(who, now)).push(") order by w.word limit ").bind(i64::from(limit));
        let rows = self.store.select(&sql).await?;
        let mut members: Vec<String> = rows.iter().map(|r| r.text("member")).collect::<Result<_, _>>()?;
        if collection == Collection::EventTypes {
            members.extend(EVENT_TYPES.iter().filter(|t| **t > after).map(|t| (*t).to_owned()));
            members.sort();
            members.dedup();
            members.truncate(limit as usize);
        }
        Ok(members)
    }

    /// Members that are terms of events: those of which the reader may see an event.
    async fn terms(
        &self,
        who: &Principal,
        now: Instant,
        collection: Collection,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, Error> {
        let (kind, parts) = collection.terms();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut members, mut after) = (Vec::new(), after.to_owned());
        while members.len() < limit {
            let found = term::following(&self.store, kind, &after).await?;
            let Some((last, _)) = found.last_key_value() else { break };
            after.clone_from(last);
            let ids: BTreeSet<Id> = found.values().flatten().map(|(event, _)| Id(*event)).collect();
            let mut sql = Sql::new("select e.id from event e where e.id in ");
            sql.bind_ids(&ids.into_iter().collect::<Vec<_>>()).push(" and ").append(&self.visible(who, now));
            let rows = self.store.select(&sql).await?;
            let visible: HashSet<i64> = rows.iter().map(|r| r.int("id")).collect::<Result<_, _>>()?;
            let is_named = |event: &i64, of: u8| i64::from(of) & parts != 0 && visible.contains(event);
            members.extend(
                found
                    .into_iter()
                    .filter(|(_, events)| events.iter().any(|(event, of)| is_named(event, *of)))
                    .map(|(term, _)| term),
            );
        }
        members.truncate(limit);
        Ok(members)
    }

    /// Whether a collection has a member, for this reader.
    ///
    /// # Errors
    /// Storage.
    pub async fn has_member(
        &self,
        who: &Principal,
        now: Instant,
        collection: Collection,
        key: &str,
    ) -> Result<bool, Error> {
        if collection == Collection::EventTypes && EVENT_TYPES.contains(&key) {
            return Ok(true);
        }
        let mut sql = Sql::new("select 1 as one from event e where ");
        sql.append(&self.visible(who, now));
        if let Some((_, column)) = collection.word() {
            sql.push(" and ").push(column).push(" = ").bind(key);
        } else {
            let (kind, parts) = collection.terms();
            let events = term::events(&self.store, &[Wanted::one(kind, key, parts)]).await?;
            sql.push(" and e.id in ").bind_ids(&events);
        }
        sql.push(" limit 1");
        Ok(!self.store.select(&sql).await?.is_empty())
    }
}
