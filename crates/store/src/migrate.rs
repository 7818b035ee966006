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
    let text: String = sql.lines().map(|l| l.split("--").next().unwrap_or_default()).fold(
        String::new(),
        |mut text, line| {
            if !line.trim().is_empty() {
                text.push_str(line.trim_end());
                text.push('\n');
            }
            text
        },
    );
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
