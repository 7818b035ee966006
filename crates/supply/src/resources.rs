//! The resources of a repository: which event types, things, steps, places and dispositions its events name, as far as
//! the reader may see the events.

use crate::sight::{Order, Reach, Sight};
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

    /// The kind of word it is, the letter of its terms, and the condition of the column that holds it.
    const fn word(self) -> Option<(&'static str, char, &'static str)> {
        match self {
            Self::EventTypes => Some(("type", term::TYPE, " and e.type = ")),
            Self::BizSteps => Some(("biz_step", term::BIZ_STEP, " and e.biz_step = ")),
            Self::Dispositions => Some(("disposition", term::DISPOSITION, " and e.disposition = ")),
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
        let Some((kind, letter, column)) = collection.word() else {
            return self.terms(who, now, collection, after, limit).await;
        };
        let words = "select word from event_word where kind = $1 and word > $2 order by word";
        let (sight, mut members) = (self.sight(who, now), Vec::new());
        for row in self.store.query(words, &[kind.into(), after.into()]).await? {
            if members.len() == limit as usize {
                break;
            }
            let word = row.text("word")?;
            if self.sees_word(&sight, letter, column, &word).await? {
                members.push(word);
            }
        }
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
        if let Some((_, letter, column)) = collection.word() {
            return self.sees_word(&self.sight(who, now), letter, column, key).await;
        }
        let (kind, parts) = collection.terms();
        let events = term::events(&self.store, &[Wanted::one(kind, key, parts)]).await?;
        self.sees_one(&self.sight(who, now), &events).await
    }

    /// Whether the reader sees an event with a word: the events of a rare one are looked at, those of a common one are met soon on
    /// the reader's way.
    async fn sees_word(
        &self,
        sight: &Sight,
        letter: char,
        column: &'static str,
        word: &str,
    ) -> Result<bool, Error> {
        if let Some(events) = term::few(&self.store, &[Wanted::word(letter, word)], self.strides.few).await? {
            return self.sees_one(sight, &events).await;
        }
        let mut filter = Sql::new(column);
        filter.bind(word);
        let order = Order { by_record: false, is_ascending: false };
        Ok(!self.store.select(&sight.keys(order, &Reach::default(), &filter, 1)).await?.is_empty())
    }

    /// Whether the reader sees one of these events.
    async fn sees_one(&self, sight: &Sight, events: &[Id]) -> Result<bool, Error> {
        for part in events.chunks(1000) {
            let mut sql = Sql::new("select 1 as one from event e where e.id in ");
            sql.bind_ids(part).push(" and ").append(&sight.row).push(" limit 1");
            if !self.store.select(&sql).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
