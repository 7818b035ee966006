//! Matters an assessment counts (督办, 约谈): one line a matter beside it, with the outcome its file names, so that counts are sums and not
//! readings of every matter.

use crate::definition::Assessed;
use crate::live::Live;
use crate::{Engine, Error};
use base::{Id, Instant};
use serde_json::{Map, Value as Json};
use store::{Sql, Store, Tx};

impl Assessed {
    /// The outcome of a matter that ended in a state: the first that fits.
    fn outcome(&self, state: &str, facts: &Map<String, Json>) -> Option<&str> {
        let fits = |(name, value): (&String, &String)| {
            facts.get(name).and_then(Json::as_str) == Some(value.as_str())
        };
        self.outcomes.iter().find(|o| o.state == state && o.when.iter().all(fits)).map(|o| o.id.as_str())
    }

    /// Region code of who is assessed: those named by the fact, or those who hold the matter.
    fn region<'a>(&self, own: &'a str, facts: &'a Map<String, Json>) -> &'a str {
        let named = self.region.as_ref().and_then(|f| facts.get(f)).and_then(Json::as_str);
        named.filter(|r| !r.is_empty()).unwrap_or(own)
    }
}

/// What stands beside a matter.
struct Line<'a> {
    matter: Id,
    procedure: &'a str,
    region: &'a str,
    agency: &'a str,
    outcome: Option<&'a str>,
    opened: Instant,
}

async fn write(tx: &mut Tx, line: &Line<'_>) -> Result<(), Error> {
    tx.exec(
        "insert into matter_assessed (matter, procedure, region, agency, outcome, opened_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (matter) do update set region = excluded.region, agency = excluded.agency, outcome = excluded.outcome",
        &[
            line.matter.into(),
            line.procedure.into(),
            line.region.into(),
            line.agency.into(),
            line.outcome.into(),
            line.opened.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Brings the line of a matter in line with it. The outcome follows the file in force, whatever version the matter runs under; a
/// drill is not counted.
pub(crate) async fn keep(tx: &mut Tx, engine: &Engine, live: &Live) -> Result<(), Error> {
    let d = &live.draft;
    let Ok(current) = engine.procedure_in(&d.procedure, &d.region) else { return Ok(()) };
    let Some(rule) = current.definition.assessed.as_ref().filter(|_| !live.drill) else { return Ok(()) };
    let line = Line {
        matter: d.id,
        procedure: &d.procedure,
        region: rule.region(&d.region, &d.facts),
        agency: &d.agency,
        outcome: rule.outcome(&d.state, &d.facts).filter(|_| live.closed_at.is_some()),
        opened: live.opened_at,
    };
    write(tx, &line).await
}

/// Matters read in one transaction.
const PORTION: i64 = 500;

/// Writes the lines of matters that have none: those from before a file said that its matters are counted. Repeatable; tells how many.
///
/// # Errors
/// Storage.
pub async fn fill_assessed(store: &Store, engine: &Engine) -> Result<usize, Error> {
    let counted: Vec<&str> = engine
        .procedures()
        .filter(|p| p.definition.assessed.is_some())
        .map(|p| p.definition.id.as_str())
        .collect();
    let mut filled = 0;
    loop {
        let mut tx = store.begin().await?;
        let mut sql = Sql::new(
            "select m.id, m.procedure, m.region, m.agency, m.state, m.facts, m.opened_at, m.closed_at from matter m where m.drill = 0 and m.procedure in ",
        );
        sql.bind_list(counted.iter().copied());
        sql.push(
            " and not exists (select 1 from matter_assessed a where a.matter = m.id) order by m.id limit ",
        )
        .bind(PORTION);
        let rows = tx.select(&sql).await?;
        for row in &rows {
            let (procedure, region) = (row.text("procedure")?, row.text("region")?);
            let (agency, state, facts) = (row.text("agency")?, row.text("state")?, row.json("facts")?);
            let current = engine.procedure_in(&procedure, &region)?;
            let Some(rule) = current.definition.assessed.as_ref() else { continue };
            let ended = row.opt_instant("closed_at")?.is_some();
            let line = Line {
                matter: row.id("id")?,
                procedure: &procedure,
                region: rule.region(&region, &facts),
                agency: &agency,
                outcome: rule.outcome(&state, &facts).filter(|_| ended),
                opened: row.instant("opened_at")?,
            };
            write(&mut tx, &line).await?;
        }
        tx.commit().await?;
        filled += rows.len();
        if rows.is_empty() {
            return Ok(filled);
        }
    }
}
