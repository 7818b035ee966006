//! The arithmetic of a period: counted days and hours with suspensions left out.

use super::{Clock, Direction, Due, Remaining, Unit};
use crate::calendar::Calendar;
use crate::{Date, Instant};
use jiff::ToSpan;

const HOUR: i64 = 3_600_000_000;

/// A clock with its suspensions in the two forms counting needs.
pub(super) struct Period<'a> {
    clock: &'a Clock,
    calendar: &'a Calendar,
    /// Disjoint, in order; the last may have no end.
    intervals: Vec<(Instant, Option<Instant>)>,
    /// First and last day touched, disjoint, in order.
    days: Vec<(Date, Option<Date>)>,
}

impl<'a> Period<'a> {
    /// With `lifted`, open suspensions are taken to end then.
    pub(super) fn of(clock: &'a Clock, calendar: &'a Calendar, lifted: Option<Instant>) -> Self {
        let mut given: Vec<(Instant, Option<Instant>)> = clock
            .suspensions
            .iter()
            .map(|s| (s.from, s.to.or_else(|| lifted.map(|l| l.max(s.from)))))
            .filter(|(from, to)| to.is_none_or(|to| to > *from))
            .collect();
        given.sort_by_key(|(from, _)| *from);
        let touched = |(from, to): &(Instant, Option<Instant>)| {
            (from.china_date(), to.map(|to| Instant(to.0 - 1).china_date()))
        };
        let days = merge(given.iter().map(touched).collect());
        Self { clock, calendar, intervals: merge(given), days }
    }

    /// See [`Clock::due`].
    pub(super) fn due(&self) -> Option<Due> {
        let rule = &self.clock.rule;
        if rule.direction == Direction::Before {
            return Some(self.before());
        }
        let mut at = self.clock.start;
        let mut last = (rule.amount, rule.unit);
        let mut parts = Vec::new();
        for extension in &self.clock.extensions {
            if extension.unit == last.1 {
                last.0 = last.0.saturating_add(extension.amount);
            } else {
                parts.push(last);
                last = (extension.amount, extension.unit);
            }
        }
        parts.push(last);
        let mut provisional = false;
        for (amount, unit) in parts {
            let from = at;
            at = self.add(at, amount, unit)?;
            provisional |= unit == Unit::WorkingDay && !self.declared(from.china_date(), at.china_date());
        }
        if rule.roll_over && !matches!(last.1, Unit::Hour | Unit::WorkingDay) {
            let from = at.china_date();
            let rolled = self.roll(from)?;
            at = end_of(rolled);
            provisional |= !self.declared(from, rolled);
        }
        Some(Due { at, date: at.china_date(), provisional })
    }

    fn declared(&self, from: Date, to: Date) -> bool {
        self.calendar.is_declared(from) && self.calendar.is_declared(to)
    }

    fn before(&self) -> Due {
        let rule = &self.clock.rule;
        let event = self.clock.start.china_date();
        let first = match rule.unit {
            Unit::Hour => {
                let at = Instant(self.clock.start.0.saturating_sub(i64::from(rule.amount) * HOUR));
                return Due { at, date: at.china_date(), provisional: false };
            }
            Unit::WorkingDay => self.calendar.subtract_working_days(event, rule.amount).date,
            Unit::CalendarDay => event.saturating_sub(i64::from(rule.amount).days()),
            Unit::Month => event.saturating_sub(i64::from(rule.amount.min(9999)).months()),
            Unit::Year => event.saturating_sub(i64::from(rule.amount.min(9999)).years()),
        };
        let date = first.yesterday().unwrap_or(first);
        let provisional = rule.unit == Unit::WorkingDay && !self.declared(date, event);
        Due { at: end_of(date), date, provisional }
    }

    /// The end of a length that begins at `from`; `None` when it runs into an open suspension.
    fn add(&self, from: Instant, amount: u32, unit: Unit) -> Option<Instant> {
        let day = from.china_date();
        let date =
            match unit {
                Unit::Hour => return self.add_hours(from, amount),
                Unit::WorkingDay => {
                    self.add_days(day, |n| self.calendar.add_working_days(day, n).date, amount, true)?
                }
                Unit::CalendarDay => self.add_calendar(day, amount)?,
                Unit::Month => self
                    .add_calendar(day, span(day, day.saturating_add(i64::from(amount.min(9999)).months())))?,
                Unit::Year => self
                    .add_calendar(day, span(day, day.saturating_add(i64::from(amount.min(9999)).years())))?,
            };
        Some(end_of(date))
    }

    fn add_calendar(&self, day: Date, amount: u32) -> Option<Date> {
        self.add_days(day, |n| day.saturating_add(i64::from(n).days()), amount, false)
    }

    /// The `amount`-th counted day after `day`, where `step(n)` is the n-th day when nothing is suspended.
    fn add_days(&self, day: Date, step: impl Fn(u32) -> Date, amount: u32, working: bool) -> Option<Date> {
        let mut lost = 0;
        loop {
            let end = step(amount.saturating_add(lost));
            let now_lost = self.lost(day, end, working)?;
            if now_lost <= lost {
                return Some(end);
            }
            lost = now_lost;
        }
    }

    /// Days after `from` up to and including `to` that a suspension touches; `None` when an open one does.
    fn lost(&self, from: Date, to: Date, working: bool) -> Option<u32> {
        let mut lost = 0;
        for (first, last) in &self.days {
            if *first > to {
                break;
            }
            let last = (*last)?;
            let low = from.max(first.yesterday().unwrap_or(*first));
            let high = to.min(last);
            if high > low {
                lost += match working {
                    true => u32::try_from(self.calendar.working_days_between(low, high)).unwrap_or(0),
                    false => span(low, high),
                };
            }
        }
        Some(lost)
    }

    fn add_hours(&self, from: Instant, amount: u32) -> Option<Instant> {
        let (mut at, mut left) = (from.0, i64::from(amount) * HOUR);
        for (begin, end) in &self.intervals {
            if begin.0 >= at.saturating_add(left) {
                break;
            }
            let end = (*end)?;
            if end.0 > at {
                left -= (begin.0 - at).max(0);
                at = end.0;
            }
        }
        Some(Instant(at.saturating_add(left)))
    }

    /// The first working day from `date` on that no suspension touches.
    fn roll(&self, mut date: Date) -> Option<Date> {
        loop {
            date = self.calendar.roll_forward(date).date;
            let inside =
                |(first, last): &&(Date, Option<Date>)| *first <= date && last.is_none_or(|l| date <= l);
            match self.days.iter().find(inside) {
                None => return Some(date),
                Some((_, last)) => date = (*last)?.tomorrow().ok()?,
            }
        }
    }

    /// See [`Clock::remaining`].
    pub(super) fn remaining(&self, now: Instant) -> Remaining {
        let unit = match self.clock.rule.unit {
            Unit::Month | Unit::Year => Unit::CalendarDay,
            other => other,
        };
        let due = self.due().map_or(self.clock.start, |d| d.at);
        let overdue = now > due;
        let (low, high) = if overdue { (due, now) } else { (now, due) };
        let amount = if unit == Unit::Hour {
            let lost: i64 =
                self.intervals.iter().map(|(f, t)| overlap(*f, t.unwrap_or(high), low, high)).sum();
            (high.0 - low.0 - lost) / HOUR
        } else {
            let (low, high) = (low.china_date(), high.china_date());
            let all = match unit {
                Unit::WorkingDay => self.calendar.working_days_between(low, high),
                _ => i64::from(span(low, high)),
            };
            let lost = if overdue { None } else { self.lost(low, high, unit == Unit::WorkingDay) };
            all - i64::from(lost.unwrap_or(0))
        };
        Remaining { amount: u64::try_from(amount).unwrap_or(0), unit, overdue }
    }
}

fn overlap(from: Instant, to: Instant, low: Instant, high: Instant) -> i64 {
    (to.0.min(high.0) - from.0.max(low.0)).max(0)
}

/// Calendar days from `low` to `high`; 0 when `high` is earlier.
fn span(low: Date, high: Date) -> u32 {
    u32::try_from(high.duration_since(low).as_hours() / 24).unwrap_or(0)
}

/// The last microsecond of a day in China.
fn end_of(date: Date) -> Instant {
    Instant(Instant::china(date, 0, 0).0 + 24 * HOUR - 1)
}

/// Joins overlapping intervals that are sorted by their beginning.
fn merge<T: Ord + Copy>(given: Vec<(T, Option<T>)>) -> Vec<(T, Option<T>)> {
    let mut joined: Vec<(T, Option<T>)> = Vec::new();
    for (from, to) in given {
        match joined.last_mut() {
            Some((_, end)) if end.is_none_or(|e| from <= e) => {
                *end = match (*end, to) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    _ => None,
                };
            }
            _ => joined.push((from, to)),
        }
    }
    joined
}
