//! A series of the watch: a hazard at a place, day by day or week by week.

use super::{Detector, Judged, Verdict};
use crate::detect::Series;
use base::Date;
use jiff::Span;
use serde::{Deserialize, Serialize};

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// One day.
    Day,
    /// Seven days.
    Week,
}

impl Step {
    /// Days of a period.
    #[must_use]
    pub const fn days(self) -> usize {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }

    const fn frequency(self) -> usize {
        match self {
            Self::Day => 365,
            Self::Week => 52,
        }
    }
}

/// A hazard at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Place code.
    pub place: String,
    /// Hazard, syndrome or product.
    pub hazard: String,
    /// First day.
    pub first: Date,
    /// Length of its periods.
    pub step: Step,
    /// Whole counts in order of time, none left out; the last is the one to be judged.
    pub counts: Vec<f64>,
    /// Population of each period, where known.
    pub population: Option<Vec<f64>>,
}

/// The day so many days later; the same day beyond the calendar's end.
pub(super) fn later(day: Date, days: usize) -> Date {
    i64::try_from(days).ok().and_then(|d| day.checked_add(Span::new().days(d)).ok()).unwrap_or(day)
}

/// The day so many days earlier; the same day beyond the calendar's beginning.
fn earlier(day: Date, days: usize) -> Date {
    i64::try_from(days).ok().and_then(|d| day.checked_sub(Span::new().days(d)).ok()).unwrap_or(day)
}

impl Stream {
    /// Its last day.
    #[must_use]
    pub fn last(&self) -> Date {
        later(self.first, (self.counts.len() * self.step.days()).saturating_sub(1))
    }

    /// The series in periods of a length: weeks of a daily series are the blocks of seven days that end on its last day
    /// (days before the first whole block are left out); `None` for days of a weekly series, or without a period.
    #[must_use]
    pub fn series(&self, step: Step) -> Option<Series> {
        let (first, counts, population) = match (self.step, step) {
            (Step::Week, Step::Day) => return None,
            (Step::Day, Step::Week) => {
                let skip = self.counts.len() % 7;
                let sums = self.counts[skip..].chunks(7).map(|w| w.iter().sum()).collect();
                let means = |p: &Vec<f64>| {
                    p[skip..].chunks(7).map(|w| w.iter().sum::<f64>() / 7.0).collect::<Vec<_>>()
                };
                (later(self.first, skip), sums, self.population.as_ref().map(means))
            }
            _ => (self.first, self.counts.clone(), self.population.clone()),
        };
        let dates: Vec<Date> = (0..counts.len()).map(|i| later(first, i * step.days())).collect();
        let series = Series::new(counts, step.frequency()).ok()?.with_dates(dates).ok()?;
        let series = match population {
            Some(p) => series.with_population(p).ok()?,
            None => series,
        };
        (!series.is_empty()).then_some(series)
    }

    /// The stream up to a day; `None` when nothing is left.
    #[must_use]
    pub fn until(&self, day: Date) -> Option<Self> {
        let days = day.since(self.first).ok()?.get_days();
        let periods = usize::try_from(days + 1).ok()? / self.step.days();
        let n = periods.min(self.counts.len());
        (n > 0).then(|| Self {
            counts: self.counts[..n].to_vec(),
            population: self.population.as_ref().map(|p| p[..n].to_vec()),
            ..self.clone()
        })
    }

    pub(super) fn verdict(&self, detector: &dyn Detector, row: &Judged, periods: usize) -> Verdict {
        let days = detector.step().days();
        let to = earlier(self.last(), (periods - row.period) * days);
        let from = earlier(to, days - 1);
        Verdict {
            place: self.place.clone(),
            hazard: self.hazard.clone(),
            method: detector.name().to_owned(),
            from,
            to,
            observed: row.observed,
            expected: row.expected,
            bound: row.bound.is_finite().then_some(row.bound),
            statistic: row.statistic,
            p_value: Some(row.p_value).filter(|p| !p.is_nan()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_of_a_daily_series_end_on_its_last_day() {
        let stream = Stream {
            place: "620102".to_owned(),
            hazard: "x".to_owned(),
            first: "2026-01-01".parse().unwrap(),
            step: Step::Day,
            counts: (0..16).map(f64::from).collect(),
            population: None,
        };
        let weeks = stream.series(Step::Week).unwrap();
        assert_eq!(weeks.counts(), [35.0, 84.0]);
        assert_eq!(weeks.dates().unwrap()[0].to_string(), "2026-01-03");
        assert_eq!(stream.last().to_string(), "2026-01-16");
        let cut = stream.until("2026-01-09".parse().unwrap()).unwrap();
        assert_eq!((cut.counts.len(), cut.last().to_string()), (9, "2026-01-09".to_owned()));
        assert!(Stream { step: Step::Week, ..stream }.series(Step::Day).is_none());
    }
}
