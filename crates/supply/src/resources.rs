//! The resources of a repository: which event types, things, steps, places and dispositions its events name, as far as
//! the reader may see the events.

use crate::{Error, Supply};
use access::Principal;
use base::Instant;
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

    const fn word(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::EventTypes => Some(("type", "e.type")),
            Self::BizSteps => Some(("biz_step", "e.biz_step")),
            Self::Dispositions => Some(("disposition", "e.disposition")),
            Self::Epcs | Self::BizLocations | Self::ReadPoints => None,
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::EventTypes => "e.type",
            Self::Epcs => "i.item",
            Self::BizSteps => "e.biz_step",
            Self::BizLocations => "e.biz_location",
            Self::ReadPoints => "e.read_point",
            Self::Dispositions => "e.disposition",
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
        let mut sql;
        if let Some((kind, column)) = collection.word() {
            sql = Sql::new("select w.word as member from event_word w where w.kind = ");
            sql.bind(kind).push(" and w.word > ").bind(after);
            sql.push(" and exists (select 1 from event e where ").push(column).push(" = w.word and ");
            sql.append(&self.visible(who, now)).push(") order by w.word limit ");
        } else {
            sql = Sql::new("select distinct ");
            sql.push(collection.column()).push(" as member from ");
            sql.push(match collection {
                Collection::Epcs => "event_item i join event e on e.id = i.event",
                _ => "event e",
            });
            sql.push(" where ").push(collection.column()).push(" is not null and ");
            sql.push(collection.column()).push(" > ").bind(after).push(" and ");
            sql.append(&self.visible(who, now)).push(" order by ").push(collection.column()).push(" limit ");
        }
        sql.bind(i64::from(limit));
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
        let mut sql = Sql::new("select 1 as one from ");
        sql.push(match collection {
            Collection::Epcs => "event_item i join event e on e.id = i.event",
            _ => "event e",
        });
        sql.push(" where ").push(collection.column()).push(" = ").bind(key).push(" and ");
        sql.append(&self.visible(who, now)).push(" limit 1");
        Ok(!self.store.select(&sql).await?.is_empty())
    }
}
