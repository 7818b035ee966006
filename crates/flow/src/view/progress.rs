//! How far a matter has come, for whoever holds its receipt: states and days, what is next and by when, the papers addressed to
//! them, what they may do about the outcome; nobody's name.

use super::{Due, state_title};
use crate::live::{ClockRow, Live, clock_columns};
use crate::{Engine, Error, Remedy};
use base::{Id, Instant, Text};
use serde::Serialize;
use store::{Store, Tx};

/// A paper addressed to the person, as published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paper {
    /// Heading.
    pub title: Text,
    /// Body.
    pub html: Text,
    /// When.
    pub at: Instant,
}

/// How far a matter has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Progress {
    /// Of what kind.
    pub procedure: Text,
    /// Where it stands.
    pub state: Text,
    /// When it began.
    pub opened_at: Instant,
    /// When it ended.
    pub closed_at: Option<Instant>,
    /// States it entered, in order, with the day.
    pub steps: Vec<(Instant, Text)>,
    /// What must be done next, first due first, and by when.
    pub next: Vec<Due>,
    /// Why no period runs where it stands; `None` where one does, and at the end.
    pub waits: Option<Text>,
    /// Papers served.
    pub papers: Vec<Paper>,
    /// What may be done about where it stands.
    pub remedies: Vec<Remedy>,
    /// What came of it and is followed with the same receipt: the reward of a report.
    pub followed: Vec<Progress>,
}

/// The progress of a matter. No right is checked here: show it only to who proved to have opened it.
///
/// # Errors
/// [`Error::NotFound`] or storage.
pub async fn progress(store: &Store, engine: &Engine, matter: Id, now: Instant) -> Result<Progress, Error> {
    let mut tx = store.snapshot().await?;
    let mut found = of_one(&mut tx, engine, matter, now).await?;
    let rows =
        tx.query("select id, hash from matter where parent = $1 order by id", &[matter.into()]).await?;
    for row in &rows {
        if engine.version(&mut tx, &row.text("hash")?).await?.definition.followed {
            found.followed.push(of_one(&mut tx, engine, row.id("id")?, now).await?);
        }
    }
    Ok(found)
}

async fn of_one(tx: &mut Tx, engine: &Engine, matter: Id, now: Instant) -> Result<Progress, Error> {
    let live = Live::read(tx, engine, matter).await?;
    let procedure = live.procedure.clone();
    let rows = tx
        .query(
            "select at, to_state from matter_step where matter = $1 and kind = 'transition' and to_state <> from_state order by id",
            &[matter.into()],
        )
        .await?;
    let mut steps = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(to) = row.opt_text("to_state")? {
            steps.push((row.instant("at")?, state_title(&procedure, &to)));
        }
    }
    let rows = tx
        .query(
            "select title_zh, title_en, html_zh, html_en, published_at from document where matter = $1 and \
             status = 'published' and audience in ('party', 'public') order by id",
            &[matter.into()],
        )
        .await?;
    let mut papers = Vec::with_capacity(rows.len());
    for row in &rows {
        papers.push(Paper {
            title: Text::new(row.text("title_zh")?, row.text("title_en")?),
            html: Text::new(row.text("html_zh")?, row.text("html_en")?),
            at: row.opt_instant("published_at")?.unwrap_or(live.opened_at),
        });
    }
    let rows = tx
        .query(
            concat!(
                "select ",
                clock_columns!(),
                " from clock \
             where matter = $1 and task is null and met_at is null and void_at is null order by due, id"
            ),
            &[matter.into()],
        )
        .await?;
    let mut next = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(rule) = procedure.definition.clock(&row.text("rule")?) {
            next.push(Due::of(&rule.title, &ClockRow::read(row, rule)?.clock, engine.calendar(), now));
        }
    }
    let state = live.draft.state.as_str();
    let told = |r: &&Remedy| r.states.iter().any(|s| s == state);
    Ok(Progress {
        procedure: procedure.definition.title.clone(),
        state: state_title(&procedure, state),
        opened_at: live.opened_at,
        closed_at: live.closed_at,
        steps,
        waits: procedure
            .definition
            .state(state)
            .and_then(|s| s.open_ended.clone())
            .filter(|_| next.is_empty()),
        next,
        papers,
        remedies: procedure.definition.remedies.iter().filter(told).cloned().collect(),
        followed: Vec::new(),
    })
}
