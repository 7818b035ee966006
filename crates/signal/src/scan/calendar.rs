//! Days, study intervals and population in time: intervals are counted back from the last day, populations run straight
//! from one census to the next.

use super::settings::{Settings, Unit};
use base::Date;

/// Reads `2023/1/2`, `2023-01-02`, `2023/1` or `2023`; what is missing is the first (or, with `last`, the last) of its kind.
pub(crate) fn date(text: &str, last: bool) -> Option<Date> {
    let mut parts = text.split(['/', '-']).map(str::trim);
    let year: i16 = parts.next()?.parse().ok()?;
    let month: Option<i8> = parts.next().map(str::parse).transpose().ok()?;
    let day: Option<i8> = parts.next().map(str::parse).transpose().ok()?;
    let month = month.unwrap_or(if last { 12 } else { 1 });
    let first = Date::new(year, month, 1).ok()?;
    match day {
        Some(day) => Date::new(year, month, day).ok(),
        None if last => Some(first.last_of_month()),
        None => Some(first),
    }
}

/// Days since 0000-03-01 or any other fixed day: only differences count.
pub(crate) fn ordinal(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    i64::from((date - epoch).get_days())
}

/// The study period cut into intervals.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    /// First days of the intervals, and the day after the last: ordinals, ascending.
    pub(crate) bounds: Vec<i64>,
    dates: Vec<Date>,
}

impl Calendar {
    /// Intervals of `length` units back from the last day; the first may be shorter.
    pub(crate) fn new(settings: &Settings) -> Self {
        let after = settings.end.tomorrow().unwrap_or(settings.end);
        let mut dates = vec![after];
        let length = i64::from(settings.length);
        for k in 1.. {
            let span = jiff_span(settings.unit, length * k);
            match after.checked_sub(span) {
                Ok(d) if d > settings.start => dates.push(d),
                _ => break,
            }
        }
        dates.push(settings.start);
        dates.reverse();
        Self { bounds: dates.iter().map(|d| ordinal(*d)).collect(), dates }
    }

    /// Number of intervals.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The interval a day falls in, if it is in the study.
    pub(crate) fn interval(&self, day: i64) -> Option<usize> {
        let at = self.bounds.partition_point(|b| *b <= day);
        (at > 0 && at < self.bounds.len()).then(|| at - 1)
    }

    /// First day of an interval.
    pub(crate) fn first(&self, interval: usize) -> Date {
        self.dates[interval]
    }

    /// Last day of an interval.
    pub(crate) fn last(&self, interval: usize) -> Date {
        self.dates[interval + 1].yesterday().unwrap_or(self.dates[interval + 1])
    }
}

fn jiff_span(unit: Unit, n: i64) -> jiff::Span {
    match unit {
        Unit::Year => jiff::Span::new().years(n),
        Unit::Month => jiff::Span::new().months(n),
        Unit::Day => jiff::Span::new().days(n),
    }
}

/// A date as SaTScan prints it.
pub(crate) fn show(date: Date, unit: Unit) -> String {
    match unit {
        Unit::Year => date.year().to_string(),
        Unit::Month => format!("{}/{}", date.year(), date.month()),
        Unit::Day => format!("{}/{}/{}", date.year(), date.month(), date.day()),
    }
}

/// Population-days between two days (`from` inclusive, `to` exclusive) when the population runs straight between the
/// points (day, population) and is level before the first and after the last: the exact integral.
pub(crate) fn population_days(points: &[(i64, f64)], from: i64, to: i64) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "days of a few centuries")]
    let real = |d: i64| d as f64;
    let mut sum = 0.0;
    if from < first.0 {
        sum += real(first.0.min(to) - from) * first.1;
    }
    if to > last.0 {
        sum += real(to - last.0.max(from)) * last.1;
    }
    for pair in points.windows(2) {
        let ((a, p), (b, q)) = (pair[0], pair[1]);
        let (lo, hi) = (from.max(a), to.min(b));
        if lo < hi {
            let at = |x: i64| p + (q - p) * real(x - a) / real(b - a);
            sum += real(hi - lo) * f64::midpoint(at(lo), at(hi));
        }
    }
    sum
}
