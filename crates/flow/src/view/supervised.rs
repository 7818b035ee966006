//! What came of supervision (督办) and interviews (约谈), for the assessment of those who were supervised: one line a matter,
//! each with one outcome, so that every count is as long as the list it opens.

use crate::Error;
use access::{Access, Principal};
use base::{Date, Id, Instant, Text};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use store::{Row, Sql, Store};

/// The procedure of a supervision.
pub const SUPERVISION: &str = "supervision";
/// The procedure of an interview.
pub const INTERVIEW: &str = "interview";

/// Where a supervision or an interview stands, as the assessment counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Under way, no clock past due.
    Running,
    /// Under way, a clock past due.
    Overdue,
    /// A supervision cleared as done in time.
    InTime,
    /// A supervision cleared as done late.
    Late,
    /// A supervision that climbed to an interview.
    Escalated,
    /// An interview whose demands were checked as met.
    Done,
    /// An interview that was called off.
    Dropped,
}

impl Outcome {
    /// Those a supervision may have, in the order of its table.
    pub const OF_SUPERVISION: [Self; 5] =
        [Self::Running, Self::Overdue, Self::InTime, Self::Late, Self::Escalated];
    /// Those an interview may have.
    pub const OF_INTERVIEW: [Self; 4] = [Self::Running, Self::Overdue, Self::Done, Self::Dropped];

    /// Word in addresses and files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Overdue => "overdue",
            Self::InTime => "in_time",
            Self::Late => "late",
            Self::Escalated => "escalated",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }

    /// On screen.
    #[must_use]
    pub const fn label(self) -> Text {
        match self {
            Self::Running => Text::of("在办", "Under way"),
            Self::Overdue => Text::of("逾期未办结", "Overdue"),
            Self::InTime => Text::of("按期办结", "Done in time"),
            Self::Late => Text::of("逾期办结", "Done late"),
            Self::Escalated => Text::of("升级约谈", "Climbed to an interview"),
            Self::Done => Text::of("整改办结", "Corrected and closed"),
            Self::Dropped => Text::of("取消", "Called off"),
        }
    }
}

/// Which to count.
#[derive(Debug, Clone, Default)]
pub struct SupervisedFilter {
    /// Region code prefix of those supervised; empty: all.
    pub region: String,
    /// Department supervised.
    pub agency: Option<String>,
    /// First day of the period, by the day of opening.
    pub from: Option<Date>,
    /// Last day of the period.
    pub to: Option<Date>,
}

/// A supervision or an interview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SupervisedLine {
    /// The matter.
    pub matter: Id,
    /// [`SUPERVISION`] or [`INTERVIEW`].
    pub procedure: String,
    /// On screen.
    pub title: Text,
    /// Region code of who is supervised.
    pub region: String,
    /// Department of who is supervised.
    pub agency: String,
    /// When it was opened.
    pub opened: Instant,
    /// When it ended.
    pub closed: Option<Instant>,
    /// As the assessment counts it.
    pub outcome: Outcome,
}

fn line(row: &Row, now: Instant) -> Result<SupervisedLine, store::Error> {
    let (procedure, state) = (row.text("procedure")?, row.text("state")?);
    let facts: Map<String, Json> = row.json("facts")?;
    let closed = row.opt_instant("closed_at")?;
    let outcome = match (closed, state.as_str()) {
        (None, _) if row.instant("next_due")? < now => Outcome::Overdue,
        (None, _) => Outcome::Running,
        (Some(_), "escalated") => Outcome::Escalated,
        (Some(_), "dropped") => Outcome::Dropped,
        (Some(_), _) if procedure == INTERVIEW => Outcome::Done,
        // who cleared it said whether it was in time
        (Some(_), _) if facts.get("result").and_then(Json::as_str) == Some("late") => Outcome::Late,
        (Some(_), _) => Outcome::InTime,
    };
    // an interview is held by the level above and counts where those called work
    let called = facts.get("of_region").and_then(Json::as_str).filter(|r| !r.is_empty());
    let region = called.map_or_else(|| row.text("region"), |r| Ok(r.to_owned()))?;
    Ok(SupervisedLine {
        matter: row.id("id")?,
        procedure,
        title: Text::new(row.text("title_zh")?, row.text("title_en")?),
        region,
        agency: row.text("agency")?,
        opened: row.instant("opened_at")?,
        closed,
        outcome,
    })
}

/// Supervisions and interviews the person may see, newest first; no drill is among them.
///
/// # Errors
/// Storage.
pub async fn supervised(
    store: &Store,
    access: &Access,
    who: &Principal,
    now: Instant,
    filter: &SupervisedFilter,
) -> Result<Vec<SupervisedLine>, Error> {
    let mut sql = Sql::new(
        "select m.id, m.procedure, m.state, m.title_zh, m.title_en, m.region, m.agency, m.facts, m.opened_at, m.closed_at, m.next_due \
         from matter m where m.procedure in ",
    );
    sql.bind_list([SUPERVISION, INTERVIEW]).push(" and m.drill = 0 and ");
    let scope = access.scope(who, "view", "matter", now).with_agency("m.agency");
    sql.append(&scope.sql("m.region", Some("m.classification"), Some("m.party")));
    if let Some(agency) = &filter.agency {
        sql.push(" and m.agency = ").bind(agency);
    }
    if let Some(from) = filter.from {
        sql.push(" and m.opened_at >= ").bind(Instant::china(from, 0, 0));
    }
    if let Some(after) = filter.to.and_then(|to| to.tomorrow().ok()) {
        sql.push(" and m.opened_at < ").bind(Instant::china(after, 0, 0));
    }
    sql.push(" order by m.opened_at desc, m.id desc");
    let rows = store.select(&sql).await?;
    let mut lines: Vec<_> = rows.iter().map(|row| line(row, now)).collect::<Result<_, _>>()?;
    lines.retain(|l| l.region.starts_with(&filter.region));
    Ok(lines)
}
