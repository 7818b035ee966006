//! Statutory clocks: when a duty falls due, whether it is running, suspended, met or overdue, and what remains.
//!
//! How days are counted (Civil Code arts. 200–204, and the law each rule names):
//! - the day of the event is not counted, the first counted day is the next one;
//! - a month or year ends on the same-numbered day, or on the last day of a shorter month;
//! - a period in calendar days, months or years whose last day is not a working day runs to the end of the next
//!   working day when the rule says so ([`ClockRule::roll_over`]; off for retention and validity periods);
//! - a period in days, months or years ends at the last microsecond of its last day in China;
//! - hours run from the moment, through nights and holidays, and never roll over.
//!
//! Suspensions: a day any part of which lies in a suspension `[from, to)` is not counted, so a day suspended at
//! 17:00 and one resumed at 09:00 both fall out; hours leave out exactly the interval. A period that would end in a
//! suspension still open has no due date until it is lifted. Extensions run on from the last day of the
//! period before them, unrolled.

mod count;
mod rules;

pub use rules::{Rules, RulesError, StatutoryClock};

use crate::calendar::{Calendar, DueDate};
use crate::{Date, Instant, Text};
use count::Period;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};

/// In what a period is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 工作日
    WorkingDay,
    /// 自然日
    CalendarDay,
    /// 小时
    Hour,
    /// 月
    Month,
    /// 年
    Year,
}

impl Unit {
    /// The name, singular.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::WorkingDay => Text::of("个工作日", "working day"),
            Self::CalendarDay => Text::of("日", "calendar day"),
            Self::Hour => Text::of("小时", "hour"),
            Self::Month => Text::of("个月", "month"),
            Self::Year => Text::of("年", "year"),
        }
    }

    /// A length in this unit: `5 个工作日 / 5 working days`.
    #[must_use]
    pub fn length(self, amount: u64) -> Text {
        let name = self.name();
        let plural = if amount == 1 { "" } else { "s" };
        Text::new(format!("{amount} {}", name.zh), format!("{amount} {}{plural}", name.en))
    }
}

/// A length of time as a rule states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// How many; at most 100,000 are meaningful.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// Whether the text of the law was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Read in the text of the law.
    Verified,
    /// From memory: to be verified before it is relied on.
    Unverified,
}

/// Which way a clock counts from its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Within so long after the event.
    #[default]
    After,
    /// At least so long before the event (七日前通知): due so that the whole period lies clear between the two.
    /// Suspensions and extensions do not move it. Reading 前 as clear days is the stricter reading, unverified.
    Before,
}

/// What a rule of law says about one duty. A running clock keeps its own copy: the rule of its day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRule {
    /// The id in the rulebook: `RCL-01`.
    pub id: String,
    /// How many units.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Document and clause, as cited in Chinese.
    pub basis: String,
    /// Whether the text was seen.
    pub status: Status,
    /// Whether a last day that is not a working day moves the end to the next one.
    #[serde(default)]
    pub roll_over: bool,
    /// Which way it counts.
    #[serde(default)]
    pub direction: Direction,
}

impl ClockRule {
    /// For a length that must lie clear before an event (七日前通知): the first day the event may fall on when the other side is told on
    /// `told`. The inverse of a clock of [`Direction::Before`]; hours count as whole days.
    #[must_use]
    pub fn first_day(&self, told: Date, calendar: &Calendar) -> DueDate {
        let n = i64::from(self.amount.min(100_000));
        let (last, provisional) = match self.unit {
            Unit::WorkingDay => {
                let due = calendar.add_working_days(told, self.amount);
                (due.date, due.provisional)
            }
            Unit::Hour => (told.saturating_add(((n + 23) / 24).days()), false),
            Unit::CalendarDay => (told.saturating_add(n.days()), false),
            Unit::Month => (told.saturating_add(n.min(9999).months()), false),
            Unit::Year => (told.saturating_add(n.min(9999).years()), false),
        };
        DueDate { date: last.tomorrow().unwrap_or(last), provisional }
    }
}

/// Time that does not count, from `from` up to but not including `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it began.
    pub from: Instant,
    /// When it was lifted; `None` while it lasts.
    pub to: Option<Instant>,
    /// Why (检验、听证、专家评审 …).
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
}

/// Time added to the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// How many units.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
}

/// One running duty. The due date is always computed from these facts and never typed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The rule of its day.
    pub rule: ClockRule,
    /// When the event happened that started it.
    pub start: Instant,
    /// In order of `from`; they may overlap.
    #[serde(default)]
    pub suspensions: Vec<Suspension>,
    /// In order of approval.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// When the duty was done.
    #[serde(default)]
    pub met_at: Option<Instant>,
}

/// When a clock falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The last moment in time.
    pub at: Instant,
    /// Its date in China.
    pub date: Date,
    /// Whether a year without a holiday notice was counted; [`Calendar::provisional_reason`] says why.
    pub provisional: bool,
}

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Time is left.
    Running,
    /// A suspension is in force.
    Suspended,
    /// Done in time.
    Met,
    /// Done too late.
    MetLate,
    /// Not done and too late.
    Overdue,
}

impl State {
    /// The word on the badge.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::Running => Text::of("计时中", "Running"),
            Self::Suspended => Text::of("中止", "Suspended"),
            Self::Met => Text::of("按期完成", "Done in time"),
            Self::MetLate => Text::of("逾期完成", "Done late"),
            Self::Overdue => Text::of("逾期", "Overdue"),
        }
    }
}

/// What is left of a clock, or by how much it is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Units left after today (0: today is the last day; within the last hour) or, when overdue, units past due.
    pub amount: u64,
    /// [`Unit::WorkingDay`], [`Unit::CalendarDay`] or [`Unit::Hour`]: months and years are told in calendar days.
    pub unit: Unit,
    /// Whether the due moment has passed.
    pub overdue: bool,
}

impl Remaining {
    /// `剩 3 个工作日 / 3 working days left`, `逾期 2 日 / 2 calendar days overdue`, `今日到期 / due today`.
    #[must_use]
    pub fn text(&self) -> Text {
        let length = self.unit.length(self.amount);
        match (self.overdue, self.amount, self.unit) {
            (true, 0, _) => Text::of("已逾期", "overdue"),
            (true, ..) => Text::new(format!("逾期 {}", length.zh), format!("{} overdue", length.en)),
            (false, 0, Unit::Hour) => Text::of("不足 1 小时", "less than an hour left"),
            (false, 0, _) => Text::of("今日到期", "due today"),
            (false, ..) => Text::new(format!("剩 {}", length.zh), format!("{} left", length.en)),
        }
    }
}

/// Why a clock cannot be suspended, resumed or extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub enum ClockError {
    /// A suspension is in force already.
    AlreadySuspended,
    /// No suspension is in force.
    NotSuspended,
    /// The end lies before the beginning.
    Backwards,
    /// The duty is done.
    Met,
}

impl ClockError {
    /// The message for the person who asked.
    #[must_use]
    pub const fn text(&self) -> Text {
        match self {
            Self::AlreadySuspended => {
                Text::of("时限已处于中止状态，请先恢复", "the clock is suspended already; resume it first")
            }
            Self::NotSuspended => {
                Text::of("时限未中止，无需恢复", "the clock is not suspended; nothing to resume")
            }
            Self::Backwards => Text::of(
                "恢复时间早于中止时间，请核对",
                "the clock would resume before it was suspended; check the times",
            ),
            Self::Met => {
                Text::of("事项已完成，时限不再变动", "the duty is done; its clock no longer changes")
            }
        }
    }
}

impl Clock {
    /// Starts a clock.
    #[must_use]
    pub const fn start(rule: ClockRule, start: Instant) -> Self {
        Self { rule, start, suspensions: Vec::new(), extensions: Vec::new(), met_at: None }
    }

    /// Begins a suspension.
    ///
    /// # Errors
    /// When one is open already or the duty is done.
    pub fn suspend(&mut self, from: Instant, reason: &str, approved_by: &str) -> Result<(), ClockError> {
        if self.met_at.is_some() {
            return Err(ClockError::Met);
        }
        if self.suspensions.iter().any(|s| s.to.is_none()) {
            return Err(ClockError::AlreadySuspended);
        }
        let (reason, approved_by) = (reason.to_owned(), approved_by.to_owned());
        self.suspensions.push(Suspension { from, to: None, reason, approved_by });
        Ok(())
    }

    /// Lifts the open suspension.
    ///
    /// # Errors
    /// When none is open or `to` lies before its beginning.
    pub fn resume(&mut self, to: Instant) -> Result<(), ClockError> {
        let open = self.suspensions.iter_mut().find(|s| s.to.is_none()).ok_or(ClockError::NotSuspended)?;
        if to < open.from {
            return Err(ClockError::Backwards);
        }
        open.to = Some(to);
        Ok(())
    }

    /// Adds time.
    ///
    /// # Errors
    /// When the duty is done.
    pub fn extend(&mut self, by: Amount, reason: &str, approved_by: &str) -> Result<(), ClockError> {
        if self.met_at.is_some() {
            return Err(ClockError::Met);
        }
        let (reason, approved_by) = (reason.to_owned(), approved_by.to_owned());
        self.extensions.push(Extension { amount: by.amount, unit: by.unit, reason, approved_by });
        Ok(())
    }

    /// When the clock falls due; `None` while the period runs into a suspension that is still open.
    #[must_use]
    pub fn due(&self, calendar: &Calendar) -> Option<Due> {
        Period::of(self, calendar, None).due()
    }

    /// When it would fall due if an open suspension were lifted at `now`.
    #[must_use]
    pub fn due_if_resumed(&self, calendar: &Calendar, now: Instant) -> Due {
        let due = Period::of(self, calendar, Some(now)).due();
        due.unwrap_or(Due { at: self.start, date: self.start.china_date(), provisional: true })
    }

    /// Where the clock stands at `now`.
    #[must_use]
    pub fn state(&self, calendar: &Calendar, now: Instant) -> State {
        let due = self.due(calendar);
        let late = |at: Instant| due.is_some_and(|d| at > d.at);
        match self.met_at {
            Some(at) if late(at) => State::MetLate,
            Some(_) => State::Met,
            None if late(now) => State::Overdue,
            None if self.is_suspended(now) => State::Suspended,
            None => State::Running,
        }
    }

    /// Whether a suspension is in force at `now`.
    #[must_use]
    pub fn is_suspended(&self, now: Instant) -> bool {
        self.suspensions.iter().any(|s| s.from <= now && s.to.is_none_or(|to| now < to))
    }

    /// What is left at `now`, in the unit of the rule; a suspended clock keeps what it had.
    #[must_use]
    pub fn remaining(&self, calendar: &Calendar, now: Instant) -> Remaining {
        Period::of(self, calendar, Some(now)).remaining(now)
    }
}

#[cfg(test)]
mod tests;
