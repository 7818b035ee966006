//! Capture jobs: what was sent, by whom, and how it ended.

use crate::{CaptureState, Error, Supply};
use access::Principal;
use base::{Id, Instant};
use serde::Serialize;
use store::{Row, Sql};

/// One capture job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureJob {
    /// Record id.
    pub id: Id,
    /// The account that sent it.
    pub account: Option<Id>,
    /// In whose name.
    pub operator: Option<Id>,
    /// Region code.
    pub region: String,
    /// `json`, `xml`, `ledger.purchase`, `ledger.sales`.
    pub format: String,
    /// SHA-256 hex of what was received.
    pub bytes_hash: String,
    /// Events in the document.
    pub events: i64,
    /// Of these, stored by this job.
    pub stored: i64,
    /// Of these, stored before.
    pub duplicates: i64,
    /// Merkle root over the stored events.
    pub events_root: Option<String>,
    /// `rollback` or `proceed`.
    pub error_behaviour: String,
    /// How it ended.
    pub state: CaptureState,
    /// Problem documents, in the sender's language.
    pub problems: serde_json::Value,
    /// When it came.
    pub created: Instant,
    /// When it ended; `None` while it is at work.
    pub finished: Option<Instant>,
    /// The journal entry of its end, or of its arrival while it is at work.
    pub journal: Id,
}

impl CaptureJob {
    /// Still at work.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.state, CaptureState::Running | CaptureState::Failing)
    }

    /// No event was refused, so far.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.state, CaptureState::Stored | CaptureState::Running)
    }
}

/// Portions of a document are no jobs of their own.
const COLUMNS: &str = "select c.* from capture c where c.part_of is null and ";

impl Supply {
    /// One capture job.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn capture_job(&self, who: &Principal, now: Instant, id: Id) -> Result<CaptureJob, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.visible_jobs(who, now)).push(" and c.id = ").bind(id);
        let row = self.store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("capture {id}")))
    }

    /// Capture jobs the reader may see, newest first, at most `limit` after the given one.
    ///
    /// # Errors
    /// Storage.
    pub async fn capture_jobs(
        &self,
        who: &Principal,
        now: Instant,
        after: Option<Id>,
        limit: u32,
    ) -> Result<Vec<CaptureJob>, Error> {
        let mut sql = Sql::new(COLUMNS);
        sql.append(&self.visible_jobs(who, now));
        if let Some(after) = after {
            sql.push(" and c.id < ").bind(after);
        }
        sql.push(" order by c.id desc limit ").bind(i64::from(limit.clamp(1, 500)));
        let rows = self.store.select(&sql).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    fn visible_jobs(&self, who: &Principal, now: Instant) -> Sql {
        let scope = self.access.scope(who, "view", "event", now);
        let mut sql = Sql::new("(");
        sql.append(&scope.sql("c.region", None, Some("c.operator")));
        if !who.is_anonymous() {
            sql.push(" or c.account = ").bind(who.account);
        }
        sql.push(")");
        sql
    }
}

fn read(row: &Row) -> Result<CaptureJob, store::Error> {
    Ok(CaptureJob {
        id: row.id("id")?,
        account: row.opt_id("account")?,
        operator: row.opt_id("operator")?,
        region: row.text("region")?,
        format: row.text("format")?,
        bytes_hash: row.text("bytes_hash")?,
        events: row.int("events")?,
        stored: row.int("stored")?,
        duplicates: row.int("duplicates")?,
        events_root: row.opt_text("events_root")?,
        error_behaviour: row.text("error_behaviour")?,
        state: row.parsed("state")?,
        problems: row.json("problems")?,
        created: row.instant("created")?,
        finished: Some(row.instant("finished")?).filter(|at| at.0 > 0),
        journal: row.id("journal")?,
    })
}
