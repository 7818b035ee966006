//! Work on events older than what is kept of each: whom an event concerns beside its capturer was not kept before
//! migration 0011, so that partners did not see the older records of their exchange.

use crate::rows::partners;
use crate::{Error, Supply};
use base::{Id, Instant};
use std::collections::BTreeSet;
use store::jobs::{Failure, Job, NewJob, enqueue};

/// The job that does it, part by part.
pub const BACKFILL_JOB: &str = "supply.backfill";

/// Captures dealt with in one transaction.
const PART: i64 = 200;

impl Supply {
    /// Puts the job where older events wait for it; nothing happens when none do or one waits already.
    ///
    /// # Errors
    /// Storage.
    pub async fn plan_backfill(&self, id: Id, now: Instant) -> Result<bool, Error> {
        let waiting = "select name from backfill where name = 'event_partner' and reached < until";
        if self.store.query(waiting, &[]).await?.is_empty() {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let mut job = NewJob::new(BACKFILL_JOB, serde_json::json!({}), now);
        job.dedup = Some(BACKFILL_JOB.to_owned());
        let planned = enqueue(&mut tx, id, now, job).await?;
        tx.commit().await?;
        Ok(planned)
    }

    /// The handler of [`BACKFILL_JOB`]: each part is one transaction that notes how far it has come, so that a process that
    /// dies is followed by one that goes on.
    ///
    /// # Errors
    /// Worth another attempt.
    pub async fn backfill(&self, _: &Job) -> Result<(), Failure> {
        while self.backfill_part().await? {}
        Ok(())
    }

    /// One part; false when nothing is left.
    async fn backfill_part(&self) -> Result<bool, Error> {
        let state = "select reached, until from backfill where name = 'event_partner' and reached < until";
        let Some(row) = self.store.first(state, &[]).await? else { return Ok(false) };
        let (reached, until) = (row.int("reached")?, row.int("until")?);
        let captures = self
            .store
            .query(
                "select id from capture where id > $1 and id <= $2 order by id limit $3",
                &[reached.into(), until.into(), PART.into()],
            )
            .await?;
        let last = captures.last().map(|r| r.int("id")).transpose()?.unwrap_or(until);
        let rows = self
            .store
            .query(
                "select id, event_time, record_time, operator, source, destination, read_point, biz_location from event \
                 where capture > $1 and capture <= $2",
                &[reached.into(), last.into()],
            )
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        let mut keys = BTreeSet::new();
        for row in &rows {
            let mut places = Vec::new();
            for column in ["source", "destination", "read_point", "biz_location"] {
                places.extend(row.opt_text(column)?);
            }
            keys.extend(places.iter().map(|p| crate::site_key(p).to_owned()));
            let times = (row.instant("event_time")?, row.instant("record_time")?);
            events.push((row.id("id")?, times, row.opt_id("operator")?, places));
        }
        let keys: Vec<String> = keys.into_iter().collect();
        let owners = self.directory.owners(&keys).await.map_err(Error::Directory)?;
        let mut values = Vec::new();
        for (id, (time, recorded), own, places) in &events {
            for operator in partners(places.iter().map(String::as_str), *own, &owners) {
                values.extend([operator.into(), (*time).into(), (*id).into(), (*recorded).into()]);
            }
        }
        let mut tx = self.store.begin().await?;
        tx.insert_many(
            "insert into event_partner (operator, event_time, event, record_time)",
            4,
            values,
            "on conflict (operator, event_time, event) do nothing",
        )
        .await?;
        // another process that did the same part has moved the mark already
        tx.exec_one(
            "update backfill set reached = $2 where name = 'event_partner' and reached = $1",
            &[reached.into(), last.into()],
        )
        .await?;
        tx.commit().await?;
        Ok(last < until)
    }
}
