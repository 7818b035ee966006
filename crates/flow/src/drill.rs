//! Drills (演练): matters that are exercises and cannot be taken for anything else.
//!
//! A procedure that names a fact as its `drill`, and whose opening sets it, can be exercised. What is opened so, and everything
//! that follows from it, bears the mark in its title, hence in its tasks, documents, reminders, lists and answers; it is never published,
//! reaches nothing outside the engine, never becomes real again, and no statistic counts it.

use crate::effect::MatterDraft;
use crate::live::Live;
use crate::{Error, definition::Definition};
use base::Text;
use serde_json::{Value as Json, json};
use store::Tx;

/// What every title of a drill begins with.
pub(crate) const MARK: Text = Text::of("【演练 DRILL】", "[DRILL 演练] ");

/// A text with the mark before it, once.
pub(crate) fn marked(text: &Text) -> Text {
    let with = |mark: &str, text: &str| {
        if text.starts_with(mark) { text.to_owned() } else { format!("{mark}{text}") }
    };
    Text::new(with(&MARK.zh, &text.zh), with(&MARK.en, &text.en))
}

/// What stands above and below the body of every paper of a drill.
const SAID: Text = Text::of(
    "演练 DRILL：本文书为演练所用，不是真实事件，不得对外发布。",
    "DRILL 演练: this paper belongs to an exercise; nothing in it is real, and it is not published.",
);

/// A body with the mark above and below it.
pub(crate) fn marked_body(html: &Text) -> Text {
    let with = |said: &str, html: &str| {
        let said = format!("<p><strong>{said}</strong></p>");
        let (above, below) = (html.trim_start().starts_with(&said), html.trim_end().ends_with(&said));
        match (above, below) {
            (true, true) => html.to_owned(),
            (true, false) => format!("{html}\n{said}"),
            (false, true) => format!("{said}\n{html}"),
            (false, false) => format!("{said}\n{html}\n{said}"),
        }
    };
    Text::new(with(&SAID.zh, &html.zh), with(&SAID.en, &html.en))
}

/// A text without the lines that mark it: what somebody edits is between them.
pub(crate) fn unmarked(text: &Text) -> Text {
    let own = |text: &str, said: &str| {
        let lines: Vec<&str> = text.lines().filter(|line| line.trim() != said).collect();
        lines.join("\n").trim().to_owned()
    };
    Text::new(own(&text.zh, &SAID.zh), own(&text.en, &SAID.en))
}

/// Whether a matter about to be opened is a drill: by its own fact, or because it follows from one.
pub(crate) async fn is_drill(tx: &mut Tx, d: &Definition, draft: &MatterDraft) -> Result<bool, Error> {
    let own = d.drill.as_ref().and_then(|fact| draft.facts.get(fact));
    if own == Some(&Json::Bool(true)) {
        return Ok(true);
    }
    let Some(parent) = draft.parent else { return Ok(false) };
    let row = tx.first("select drill from matter where id = $1", &[parent.into()]).await?;
    Ok(row.map(|r| r.flag("drill")).transpose()?.unwrap_or(false))
}

/// What a drill does not do.
pub(crate) fn refused() -> Error {
    Error::refused(
        "这是演练：不得对外公布，也不影响登记、信用、许可等真实记录",
        "this is a drill: nothing of it is published, and no real record is changed by it",
    )
}

impl Live {
    /// Keeps a drill a drill and what is real real, whatever a step sets.
    pub(crate) fn hold_drill(&mut self) {
        let fact = self.procedure.definition.drill.as_ref();
        if let Some(fact) = fact.filter(|f| self.drill || self.draft.facts.contains_key(*f)) {
            self.draft.facts.insert(fact.clone(), json!(self.drill));
        }
        if self.drill {
            self.draft.title = marked(&self.draft.title);
        }
    }
}
