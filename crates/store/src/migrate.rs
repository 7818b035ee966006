//! Numbered schema steps: each applied once, in order, in its own transaction, and never edited afterwards.

use crate::{Engine, Error, Store};
use base::Instant;
use sha2::{Digest, Sha256};

/// One schema step, as the repository holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Every step of this program.
pub(crate) const STEPS: &[Step] = include!(concat!(env!("OUT_DIR"), "/steps.rs"));

const TABLE: &str = "create table if not exists schema_migration (
    number {int} primary key, name text not null, sha256 text not null, at {int} not null
);";

impl Step {
    fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.sql))
    }
}

impl Store {
    /// Brings the schema to the state this program expects. Processes that start together wait for each other; the
    /// second finds nothing to do.
    ///
    /// # Errors
    /// [`Error::Setup`] when a step that was applied has another text now, or the database was written by a newer
    /// program; the driver's error when a step fails (that step is then rolled back whole).
    pub async fn migrate(&self, now: Instant) -> Result<(), Error> {
        self.migrate_with(STEPS, now).await
    }

    /// Applies the steps up to a number: the schema an older backup was made under.
    pub(crate) async fn migrate_to(&self, last: i64, now: Instant) -> Result<(), Error> {
        let end = STEPS.iter().take_while(|step| step.number <= last).count();
        self.migrate_with(&STEPS[..end], now).await
    }

    pub(crate) async fn migrate_with(&self, steps: &[Step], now: Instant) -> Result<(), Error> {
        while self.next_step(steps, now).await? {}
        Ok(())
    }

    /// Applies the first step that is missing; false when none is.
    async fn next_step(&self, steps: &[Step], now: Instant) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if tx.engine() == Engine::Postgres {
            tx.script("select pg_advisory_xact_lock(7341, hashtext(current_schema()))").await?;
        }
        tx.script(&for_engine(TABLE, tx.engine())).await?;
        let applied =
            tx.query("select number, name, sha256 from schema_migration order by number", &[]).await?;
        for (i, row) in applied.iter().enumerate() {
            let (number, name) = (row.int("number")?, row.text("name")?);
            match steps.get(i) {
                None => {
                    return Err(Error::Setup(format!(
                        "the database was written by a newer program (step {number:04}_{name}); start that version"
                    )));
                }
                Some(step) if step.number != number || step.sha256() != row.text("sha256")? => {
                    return Err(Error::Setup(format!(
                        "schema step {number:04}_{name} was applied with another text than this program's \
                         {:04}_{}; restore that file and put the change into a new step",
                        step.number, step.name
                    )));
                }
                Some(_) => {}
            }
        }
        let Some(step) = steps.get(applied.len()) else {
            tx.commit().await?;
            return Ok(false);
        };
        tx.script(&for_engine(step.sql, tx.engine())).await?;
        tx.exec(
            "insert into schema_migration (number, name, sha256, at) values ($1, $2, $3, $4)",
            &[step.number.into(), step.name.into(), step.sha256().into(), now.into()],
        )
        .await?;
        tx.commit().await?;
        tracing::info!(step = step.number, name = step.name, "schema step applied");
        Ok(true)
    }
}

/// The step's text for an engine: tokens replaced; SQLite tables made `STRICT`, so that a column refuses a value of
/// another kind as PostgreSQL does.
pub(crate) fn for_engine(sql: &str, engine: Engine) -> String {
    let (int, real, bytes, clustered) = match engine {
        Engine::Sqlite => ("integer", "real", "blob", "without rowid"),
        Engine::Postgres => ("bigint", "double precision", "bytea", ""),
    };
    let mut text = String::new();
    for line in sql.lines().map(|l| l.split("--").next().unwrap_or_default()) {
        let line = match line.strip_prefix("{postgres}") {
            Some(own) if engine == Engine::Postgres => own,
            Some(_) => "",
            None => line,
        };
        if !line.trim().is_empty() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    let text = text
        .replace("{int}", int)
        .replace("{real}", real)
        .replace("{bytes}", bytes)
        .replace("{text}", "text")
        .replace("{clustered}", clustered);
    if engine == Engine::Postgres {
        return text;
    }
    let mut out = String::new();
    for statement in text.split_inclusive(';') {
        let body = statement.trim_end().trim_end_matches(';');
        if body.trim_start().to_ascii_lowercase().starts_with("create table") {
            out.push_str(body);
            out.push_str(if body.ends_with(')') { " strict;" } else { ", strict;" });
        } else {
            out.push_str(statement);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::testing::empty_stores;
    use base::Instant;

    #[tokio::test]
    async fn what_leads_to_events_is_carried_over_into_epochs() {
        for (engine, store) in empty_stores().await {
            store.migrate_to(16, Instant(0)).await.unwrap();
            let mut tx = store.begin().await.unwrap();
            tx.script(
                "insert into capture (id, region, format, bytes_hash, events, stored, duplicates, error_behaviour, \
                 context, state, problems, created, finished) \
                 values (1, '', 'json', '', 2, 2, 0, 'rollback', '[]', 'stored', '[]', 0, 0)",
            )
            .await
            .unwrap();
            for (id, hash) in [(5i64, [5u8; 32]), (7, [7; 32])] {
                tx.exec(
                    "insert into event (id, hash, declared, capture, leaf, type, event_time, tz, record_time, \
                     read_point, biz_location, source, destination, document, join_id, region, body, withdrawn) \
                     values ($1, $2, '', 1, $1, 'ObjectEvent', 0, '+08:00', 0, 'urn:a', 'urn:a', 'urn:a', 'urn:b', \
                     'urn:d', 'urn:t', '', '{}', 0)",
                    &[id.into(), hash.into()],
                )
                .await
                .unwrap();
            }
            tx.script(
                "insert into event_item (event, n, role, item, class, qty, uom, kg) values \
                 (7, 1, 'output', 'urn:y', null, null, null, null), (7, 0, 'input', 'urn:x', 'urn:x', '1.50', 'KGM', 1.5), \
                 (7, 2, 'output', 'urn:x', null, '2', null, null)",
            )
            .await
            .unwrap();
            tx.script("insert into event_link (event, list, value) values (5, 'source', 'urn:p'), (5, 'bizTransaction', 'urn:e')")
                .await
                .unwrap();
            tx.script("insert into event_partner (operator, event) values (3, 5)").await.unwrap();
            tx.script("insert into lot (item, name, first_event, region) values ('urn:x', '面', 7, '62')")
                .await
                .unwrap();
            tx.commit().await.unwrap();
            store.migrate_to(17, Instant(0)).await.unwrap();

            let items = store.query("select items from event order by id", &[]).await.unwrap();
            let items: Vec<String> = items.iter().map(|r| r.text("items").unwrap()).collect();
            assert_eq!(items, ["", "input 1.50 KGM urn:x|output - - urn:y|output 2 - urn:x"], "{engine}");
            let terms = |sql: &'static str| {
                let store = store.clone();
                async move {
                    let rows = store.query(sql, &[]).await.unwrap();
                    let term = |r: &crate::Row| {
                        (r.text("term").unwrap(), r.int("event").unwrap(), r.int("parts").unwrap())
                    };
                    rows.iter().map(term).map(|(t, e, p)| format!("{t} {e} {p}")).collect::<Vec<_>>()
                }
            };
            let found =
                terms("select item as term, event, parts from event_item order by epoch, item, event");
            assert_eq!(found.await, ["urn:x 7 24", "urn:y 7 16"], "{engine}");
            let found =
                terms("select place as term, event, parts from event_place order by epoch, place, event");
            assert_eq!(
                found.await,
                ["urn:a 5 7", "urn:a 7 7", "urn:b 5 8", "urn:b 7 8", "urn:p 5 4"],
                "{engine}"
            );
            let found =
                terms("select value as term, event, parts from event_link order by epoch, value, event");
            let all = ["urn:d 5 1", "urn:d 7 1", "urn:e 5 1", "urn:t 5 2", "urn:t 7 2"];
            assert_eq!(found.await, all, "{engine}");
            let kept = "select (select count(*) from event_epoch) + (select count(*) from event_partner) + \
                        (select count(*) from lot where name = '面') as n";
            assert_eq!(store.one(kept, &[]).await.unwrap().int("n").unwrap(), 3, "{engine}");
        }
    }
}
