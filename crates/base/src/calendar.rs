//! The State Council's working-day calendar: which day is worked, and dates so many working days away.

use crate::{Date, Text};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// Working days: Monday to Friday, corrected by the yearly holiday notices. A year whose notice is still to come is counted by weekends and
/// by the holidays whose date stands in the law itself; what rests on it is provisional.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Exceptions in order of day: day number, change to the count of working days so far.
    exceptions: Vec<(i64, i64)>,
    /// Years with a notice, first to last.
    declared: RangeInclusive<i16>,
}

/// A computed date and whether it may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDate {
    /// The date in China.
    pub date: Date,
    /// True when days of a year without a holiday notice were counted.
    pub provisional: bool,
}

/// Why a calendar cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// Not CSV of the expected shape.
    #[error("working-day calendar: {0}")]
    Csv(#[from] csv::Error),
    /// The dates are not in ascending order.
    #[error("working-day calendar: {0} stands before an earlier or equal date; sort the rows")]
    Order(Date),
    /// A year between the first and the last has no row.
    #[error("working-day calendar: the year {0} is missing")]
    Gap(i16),
    /// No row at all.
    #[error("working-day calendar: no rows")]
    Empty,
}

#[derive(Deserialize)]
struct Line {
    date: Date,
    r#type: Kind,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Holiday,
    Makeup,
}

/// Holidays with a date of their own, month and day: 全国年节及纪念日放假办法 (as amended from 2025-01-01), art. 2. Those of the lunar calendar and
/// Qingming follow from astronomy and are left to the notice, like the days made up for.
const FIXED: [(i8, i8); 6] = [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)];

/// How many years after the last notice are counted so.
const AHEAD: i16 = 60;

const DAY_ZERO: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01.
fn number(date: Date) -> i64 {
    date.duration_since(DAY_ZERO).as_hours() / 24
}

/// The date of a day number; beyond the years −9999 to 9999 the nearest that exists.
fn date_of(number: i64) -> Date {
    let span = jiff::SignedDuration::from_hours(number.saturating_mul(24));
    DAY_ZERO.saturating_add(span)
}

/// Mondays to Fridays up to and including a day, counted from Monday 1969-12-29.
fn weekdays_until(number: i64) -> i64 {
    let day = number + 3;
    day.div_euclid(7) * 5 + (day.rem_euclid(7) + 1).min(5)
}

impl Calendar {
    /// The calendar of the rulebook.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static CALENDAR: OnceLock<Calendar> = OnceLock::new();
        CALENDAR.get_or_init(|| {
            let table = include_str!("../../../rulebook/cn/calendar/workdays.csv");
            Self::parse(table).unwrap_or(Self { exceptions: Vec::new(), declared: 0..=0 })
        })
    }

    /// Reads rows of `date,type,name` with type `holiday` or `makeup`, in order of date.
    ///
    /// # Errors
    /// When the table is malformed, out of order, empty, or skips a year.
    pub fn parse(table: &str) -> Result<Self, CalendarError> {
        let mut exceptions = Vec::new();
        let (mut last, mut sum) = (None::<Date>, 0);
        let mut declared: Option<RangeInclusive<i16>> = None;
        for line in csv::Reader::from_reader(table.as_bytes()).deserialize::<Line>() {
            let Line { date, r#type } = line?;
            if last.is_some_and(|l| l >= date) {
                return Err(CalendarError::Order(date));
            }
            let first = declared.as_ref().map_or(date.year(), |years| *years.start());
            if last.is_some_and(|l| date.year() > l.year() + 1) {
                return Err(CalendarError::Gap(date.year() - 1));
            }
            declared = Some(first..=date.year());
            last = Some(date);
            let day = number(date);
            let weekday = weekdays_until(day) > weekdays_until(day - 1);
            match (r#type, weekday) {
                (Kind::Holiday, true) => sum -= 1,
                (Kind::Makeup, false) => sum += 1,
                _ => continue,
            }
            exceptions.push((day, sum));
        }
        let declared = declared.ok_or(CalendarError::Empty)?;
        for year in *declared.end() + 1..=*declared.end() + AHEAD {
            for day in FIXED.iter().filter_map(|(m, d)| Date::new(year, *m, *d).ok()).map(number) {
                if weekdays_until(day) > weekdays_until(day - 1) {
                    sum -= 1;
                    exceptions.push((day, sum));
                }
            }
        }
        Ok(Self { exceptions, declared })
    }

    /// Working days up to and including a day, from a fixed far origin.
    fn count(&self, day: i64) -> i64 {
        let after = self.exceptions.partition_point(|(d, _)| *d <= day);
        let correction = after.checked_sub(1).map_or(0, |i| self.exceptions[i].1);
        weekdays_until(day) + correction
    }

    /// Whether the holiday notice of this date's year is known.
    #[must_use]
    pub fn is_declared(&self, date: Date) -> bool {
        self.declared.contains(&date.year())
    }

    /// The years whose notices are known, first to last.
    #[must_use]
    pub const fn declared(&self) -> &RangeInclusive<i16> {
        &self.declared
    }

    /// Why a provisional date is provisional, for the screen.
    #[must_use]
    pub fn provisional_reason(&self) -> Text {
        let (first, last) = (self.declared.start(), self.declared.end());
        Text::new(
            format!(
                "暂定：仅掌握 {first}—{last} 年国务院放假安排，其后年份按周末和元旦、劳动节、国庆节推算，公布后重新计算"
            ),
            format!(
                "provisional: holiday notices are known for {first}–{last} only; later years count weekends, 1 January, 1–2 May and 1–3 October, and will be recomputed"
            ),
        )
    }

    /// Whether a date is a working day.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        let day = number(date);
        self.count(day) > self.count(day - 1)
    }

    /// Working days after `from` up to and including `to`; negative when `to` is earlier.
    #[must_use]
    pub fn working_days_between(&self, from: Date, to: Date) -> i64 {
        self.count(number(to)) - self.count(number(from))
    }

    /// The `n`-th working day after `date`, which itself is not counted; `n` = 0 gives `date`.
    #[must_use]
    pub fn add_working_days(&self, date: Date, n: u32) -> DueDate {
        let start = number(date);
        let wanted = self.count(start) + i64::from(n);
        let (mut low, mut high) = (start, start + 2 * i64::from(n) + 40);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.count(middle) >= wanted { high = middle } else { low = middle + 1 }
        }
        self.due(date, date_of(low))
    }

    /// The `n`-th working day before `date`, which itself is not counted; `n` = 0 gives `date`.
    #[must_use]
    pub fn subtract_working_days(&self, date: Date, n: u32) -> DueDate {
        if n == 0 {
            return self.due(date, date);
        }
        let start = number(date);
        let wanted = self.count(start - 1) - i64::from(n) + 1;
        let (mut low, mut high) = (start - 2 * i64::from(n) - 40, start);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.count(middle) >= wanted { high = middle } else { low = middle + 1 }
        }
        self.due(date_of(low), date_of(low))
    }

    /// The first working day after `date`.
    #[must_use]
    pub fn next_working_day(&self, date: Date) -> DueDate {
        self.add_working_days(date, 1)
    }

    /// `date` itself when it is a working day, else the first working day after it.
    #[must_use]
    pub fn roll_forward(&self, date: Date) -> DueDate {
        if self.is_working_day(date) { self.due(date, date) } else { self.next_working_day(date) }
    }

    /// The number of working days of a year.
    #[must_use]
    pub fn working_days_in(&self, year: i16) -> i64 {
        match (Date::new(year - 1, 12, 31), Date::new(year, 12, 31)) {
            (Ok(before), Ok(end)) => self.working_days_between(before, end),
            _ => 0,
        }
    }

    fn due(&self, from: Date, date: Date) -> DueDate {
        DueDate { date, provisional: !(self.is_declared(from) && self.is_declared(date)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_years_have_the_working_days_of_their_notices() {
        let calendar = Calendar::builtin();
        let totals = [
            (2019, 250),
            (2020, 249),
            (2021, 250),
            (2022, 249),
            (2023, 249),
            (2024, 251),
            (2025, 248),
            (2026, 248),
        ];
        for (year, days) in totals {
            assert_eq!(calendar.working_days_in(year), days, "{year}");
        }
    }

    #[test]
    fn working_days_skip_holidays_and_count_make_up_days() {
        let calendar = Calendar::builtin();
        for (from, n, expected) in [
            ("2026-02-13", 1, "2026-02-14"), // a Saturday made up before the Spring Festival
            ("2026-02-14", 1, "2026-02-24"), // over the festival
            ("2026-02-13", 5, "2026-02-27"),
            ("2026-02-27", 1, "2026-02-28"), // a Saturday made up after it
            ("2026-09-30", 1, "2026-10-08"), // over National Day
            ("2026-09-30", 3, "2026-10-10"), // a Saturday made up
            ("2025-12-31", 1, "2026-01-04"), // a Sunday made up after New Year
            ("2026-06-05", 0, "2026-06-05"),
        ] {
            let due = calendar.add_working_days(date(from), n);
            assert_eq!((due.date, due.provisional), (date(expected), false), "{from} + {n}");
        }
        assert_eq!(calendar.subtract_working_days(date("2026-10-10"), 3).date, date("2026-09-30"));
        assert_eq!(calendar.subtract_working_days(date("2026-02-24"), 1).date, date("2026-02-14"));
        assert_eq!(calendar.roll_forward(date("2026-10-03")).date, date("2026-10-08"));
        assert_eq!(calendar.roll_forward(date("2026-10-09")).date, date("2026-10-09"));
    }

    #[test]
    fn a_year_without_notice_is_provisional_and_says_so() {
        let calendar = Calendar::builtin();
        let due = calendar.add_working_days(date("2026-12-30"), 5);
        assert_eq!((due.date, due.provisional), (date("2027-01-07"), true));
        assert!(!calendar.add_working_days(date("2026-12-30"), 1).provisional);
        assert!(calendar.add_working_days(date("2018-12-28"), 5).provisional);
        assert!(calendar.provisional_reason().en.contains("2019–2026"));
    }

    #[test]
    fn holidays_with_a_date_in_the_law_are_not_worked_before_their_year_is_declared() {
        let calendar = Calendar::builtin();
        for day in
            ["2027-01-01", "2028-05-01", "2028-05-02", "2027-10-01", "2030-10-01", "2030-10-02", "2030-10-03"]
        {
            assert!(!calendar.is_working_day(date(day)), "{day}");
            let due = calendar.roll_forward(date(day));
            assert!(due.date > date(day) && due.provisional, "{day}: {due:?}");
        }
        // 2027-02-05 is the eve of the Spring Festival, known to astronomy and left to the notice
        for day in ["2027-01-04", "2027-05-03", "2027-10-04", "2027-02-05"] {
            assert!(calendar.is_working_day(date(day)), "{day}");
        }
        assert_eq!(calendar.roll_forward(date("2027-01-01")).date, date("2027-01-04"));
    }

    #[test]
    fn a_wrong_table_is_refused_by_name() {
        let head = "date,type,name\n";
        for (rows, expected) in [
            ("2026-01-02,holiday,x\n2026-01-01,holiday,x\n", "2026-01-01 stands before"),
            ("2024-01-01,holiday,x\n2026-01-01,holiday,x\n", "year 2025 is missing"),
            ("", "no rows"),
            ("2026-01-01,feast,x\n", "unknown variant"),
        ] {
            let error = Calendar::parse(&format!("{head}{rows}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn adding_agrees_with_counting_day_by_day(offset in 0i64..4500, n in 1u32..60) {
            let calendar = Calendar::builtin();
            let start = date_of(number(date("2017-06-01")) + offset);
            let (mut day, mut left) = (start, n);
            while left > 0 {
                day = day.tomorrow().unwrap();
                if calendar.is_working_day(day) { left -= 1 }
            }
            prop_assert_eq!(calendar.add_working_days(start, n).date, day);
            prop_assert_eq!(calendar.working_days_between(start, day), i64::from(n));
            let back = calendar.subtract_working_days(day, n).date;
            prop_assert_eq!(back, calendar.subtract_working_days(start.tomorrow().unwrap(), 1).date);
        }
    }
}
