//! How far a matter has come, for whoever holds its receipt: states and days, the papers addressed to them, nobody's name.

use super::state_title;
use crate::live::Live;
use crate::{Engine, Error};
use base::{Id, Instant, Text};
use serde::Serialize;
use store::Store;

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
    /// Papers served.
    pub papers: Vec<Paper>,
}

/// The progress of a matter. No right is checked here: show it only to who proved to have opened it.
///
/// # Errors
/// [`Error::NotFound`] or storage.
pub async fn progress(store: &Store, engine: &Engine, matter: Id) -> Result<Progress, Error> {
    let mut tx = store.snapshot().await?;
    let live = Live::read(&mut tx, engine, matter).await?;
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
    Ok(Progress {
        procedure: procedure.definition.title.clone(),
        state: state_title(&procedure, &live.draft.state),
        opened_at: live.opened_at,
        closed_at: live.closed_at,
        steps,
        papers,
    })
}
