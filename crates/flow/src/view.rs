//! What people see: inboxes, lists, one matter whole, the situation of a region, published documents.

mod actions;
mod alike;
mod decided;
mod documents;
mod inbox;
mod items;
mod lists;
mod matter;
mod package;
mod party;
mod places;
mod progress;
mod situation;
mod supervised;
mod tally;
mod task;
mod told;

pub use alike::{Candidate, candidates};
pub use decided::{Decided, decided};
pub use documents::{
    About, DocumentVersion, Notice, NoticeFilter, document, document_versions, notice, notice_targets,
    notices, notices_about,
};
pub use inbox::{InboxFilter, InboxLine, ReminderLine, inbox, reminders};
pub(crate) use items::balance_of;
pub use items::{Balance, Cases, ItemFilter, ItemLine, items, mass_balance};
pub use lists::{
    MatterFilter, MatterLine, MatterOrder, TaskFilter, TaskLine, TaskState, Turn, Whose, matters, tasks_for,
};
pub use matter::{
    Action, ClockView, Contested, DocumentView, FactView, LinkView, MatterView, StepView, matter,
};
pub use package::{Package, PackagePaper, package};
pub use places::{PlaceFilter, PlaceLine, PlaceTask, Reach, places};
pub use progress::{Paper, Progress, progress};
pub use situation::{Figures, RegionFigures, Situation, situation, situation_by_county};
pub use supervised::{
    Figure, OVERDUE, RUNNING, SupervisedCount, SupervisedFilter, SupervisedLine, assessed_figures,
    supervised, supervised_counts,
};
pub use tally::{InHand, in_hand};
pub use task::{Earlier, ItemView, TaskView, task};
pub use told::{Told, complained_of, facts_of, told, told_all};

use crate::{Error, Procedure};
use base::calendar::Calendar;
use base::clock::{Clock, Remaining, State};
use base::{Id, Instant, Text};
use serde::Serialize;
use store::Sql;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page<T> {
    /// Rows in order.
    pub rows: Vec<T>,
    /// Give it back as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

/// Most rows a page gives.
pub const MOST_ROWS: usize = 200;

/// A clock as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Due {
    /// The duty.
    pub title: Text,
    /// The last moment; `None` while it stands still.
    pub at: Option<Instant>,
    /// Its date in China, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Whether a year without a holiday notice was counted.
    pub provisional: bool,
    /// Running, suspended, met, late, overdue.
    pub state: State,
    /// What is left, or by how much it is overdue.
    pub left: Remaining,
    /// The same in words.
    pub text: Text,
}

impl Due {
    pub(crate) fn of(title: &Text, clock: &Clock, calendar: &Calendar, now: Instant) -> Self {
        let due = clock.due(calendar);
        let state = clock.state(calendar, now);
        let left = clock.remaining(calendar, clock.met_at.unwrap_or(now));
        let text = match state {
            State::Running | State::Overdue => left.text(),
            _ => state.name(),
        };
        Self {
            title: title.clone(),
            at: due.map(|d| d.at),
            date: due.map(|d| d.date.to_string()),
            provisional: due.is_some_and(|d| d.provisional),
            state,
            left,
            text,
        }
    }
}

/// Position after the last row of a page: sort key and id.
fn cursor(text: Option<&str>) -> Result<Option<(i64, Id)>, Error> {
    let Some(text) = text else { return Ok(None) };
    let parsed = text.split_once('.').and_then(|(key, id)| Some((key.parse().ok()?, id.parse().ok()?)));
    parsed.map(Some).ok_or_else(|| {
        Error::refused(
            "翻页参数无效，请从第一页重新打开",
            "the page mark is not valid; open the list from its first page",
        )
    })
}

/// Cuts the row read beyond the page and tells where the next begins.
fn page<T>(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> (i64, Id)) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more {
        rows.last().map(|r| {
            let (k, id) = key(r);
            format!("{k}.{id}")
        })
    } else {
        None
    };
    Page { rows, next }
}

fn limited(limit: usize) -> usize {
    limit.clamp(1, MOST_ROWS)
}

/// `column` lies in the region whose code is `prefix`.
fn inside(sql: &mut Sql, column: &'static str, prefix: &str) {
    if prefix.is_empty() {
        return;
    }
    sql.push(" and ").push(column).push(" >= ").bind(prefix);
    // codes are digits; ':' follows '9' under every collation in use
    sql.push(" and ").push(column).push(" < ").bind(format!("{prefix}:"));
}
/// A task kind on screen.
fn kind_title(procedure: &Procedure, kind: &str) -> Text {
    procedure.definition.task(kind).map_or_else(|| Text::new(kind, kind), |t| t.title.clone())
}

/// A state on screen.
fn state_title(procedure: &Procedure, state: &str) -> Text {
    procedure.definition.state(state).map_or_else(|| Text::new(state, state), |s| s.title.clone())
}
