//! How many matters are in hand, by kind, and how many of them are late.

use super::inside;
use super::lists::matters_of;
use crate::{Engine, Error};
use access::{Access, Principal};
use base::{Instant, Text};
use serde::Serialize;
use store::{Sql, Store};

/// The matters of one procedure that run; the lists of the same filter hold them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InHand {
    /// Procedure.
    pub procedure: String,
    /// Procedure on screen.
    pub title: Text,
    /// Matters that run.
    pub running: i64,
    /// Of these, with a clock past due.
    pub late: i64,
    /// Drills that run beside them; in no other figure.
    pub drills: i64,
}

/// Matters in hand in a region, drills apart, by procedure, most first, as far as the person may see them.
///
/// # Errors
/// Storage.
pub async fn in_hand(
    store: &Store,
    engine: &Engine,
    access: &Access,
    who: &Principal,
    now: Instant,
    region: &str,
) -> Result<Vec<InHand>, Error> {
    let mut sql = Sql::new(
        "select m.procedure, sum(case when m.drill = 0 then 1 else 0 end) as n, \
         sum(case when m.drill = 1 then 1 else 0 end) as drills, sum(case when m.drill = 0 and m.next_due < ",
    );
    sql.bind(now).push(" then 1 else 0 end) as late from matter m where m.closed_at is null and ");
    sql.append(&matters_of(engine, access, who, "view", now, "m.region"));
    inside(&mut sql, "m.region", region);
    sql.push(" group by m.procedure order by n desc, m.procedure");
    let mut out = Vec::new();
    for row in store.select(&sql).await? {
        let procedure = row.text("procedure")?;
        let known = engine.procedures().find(|p| p.definition.id == procedure);
        let title = known.map_or_else(|| Text::new(&*procedure, &*procedure), |p| p.definition.title.clone());
        let (running, late, drills) = (row.int("n")?, row.int("late")?, row.int("drills")?);
        out.push(InHand { title, running, late, drills, procedure });
    }
    Ok(out)
}
