//! The counts behind a signal as they were reported, for somebody who may see the places.

use crate::{Error, Watch};
use access::Principal;
use base::{Date, Instant};
use serde::Serialize;
use store::{Sql, Store};

/// Most rows given.
const ROWS: i64 = 2000;

/// One count as a source reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// County code.
    pub place: String,
    /// Day of the event.
    pub day: Date,
    /// Whose count.
    pub source: String,
    /// Cases.
    pub cases: i64,
    /// Day it was recorded on.
    pub recorded: Date,
}

impl Watch {
    /// Counts of a hazard at places between two days, newest day first; corrections stand beside what they correct.
    ///
    /// # Errors
    /// [`Error::Denied`] when none of the places may be seen; storage.
    #[allow(clippy::too_many_arguments)]
    pub async fn evidence(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        hazard: &str,
        places: &[String],
        from: Date,
        to: Date,
    ) -> Result<Vec<Evidence>, Error> {
        self.permit(who, "view", places, now)?;
        let mut sql = Sql::new("select place, day, source, cases, recorded from watch_count where hazard = ");
        sql.bind(hazard).push(" and place in ").bind_list(places.iter());
        sql.push(" and day >= ").bind(from).push(" and day <= ").bind(to);
        sql.push(" order by day desc, place, source, recorded limit ").bind(ROWS);
        store
            .select(&sql)
            .await?
            .iter()
            .map(|r| {
                Ok(Evidence {
                    place: r.text("place")?,
                    day: r.date("day")?,
                    source: r.text("source")?,
                    cases: r.int("cases")?,
                    recorded: r.date("recorded")?,
                })
            })
            .collect::<Result<_, store::Error>>()
            .map_err(Into::into)
    }
}
