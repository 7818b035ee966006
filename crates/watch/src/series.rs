//! Series from the counts, and what the methods make of one, period by period, for the eye.

use crate::{Error, Watch};
use base::Date;
use base::region::{RegionCode, Regions};
use jiff::Span;
use serde::Serialize;
use signal::detect::Range;
use signal::watch::{Step, Stream};
use std::collections::{BTreeMap, BTreeSet};
use store::{Sql, Store};

/// A period of a series as one method sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mark {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Cases counted.
    pub observed: f64,
    /// Cases expected; `None` where the method could not say.
    pub expected: Option<f64>,
    /// Count above which the method alarms by itself.
    pub bound: Option<f64>,
    /// Whether it was crossed.
    pub alarm: bool,
}

/// A series as one method sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The method.
    pub method: String,
    /// Length of its periods.
    pub step: Step,
    /// Its last periods, oldest first.
    pub marks: Vec<Mark>,
}

/// Which series are wanted.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Every one that some source covers.
    All,
    /// Those of one hazard.
    Hazard(&'a str),
    /// These hazards and places.
    Keys(&'a BTreeSet<(String, String)>),
}

impl Wanted<'_> {
    fn hazard(self, hazard: &str) -> bool {
        match self {
            Self::All => true,
            Self::Hazard(one) => one == hazard,
            Self::Keys(keys) => keys.iter().any(|(h, _)| h == hazard),
        }
    }

    fn leaves_out(self, hazard: &str, place: &str) -> bool {
        match self {
            Self::All | Self::Hazard(_) => false,
            Self::Keys(keys) => !keys.contains(&(hazard.to_owned(), place.to_owned())),
        }
    }
}

#[derive(Default)]
struct Known {
    /// Region prefix → first and last day.
    covers: Vec<(String, Date, Date)>,
    /// Place → day → source → cases, the source's last word.
    cells: BTreeMap<String, BTreeMap<Date, BTreeMap<String, i64>>>,
}

fn days_between(a: Date, b: Date) -> usize {
    b.since(a).ok().and_then(|s| usize::try_from(s.get_days()).ok()).unwrap_or(0)
}

/// Every county of a region, in six digits.
fn counties(region: &str) -> Vec<String> {
    let Ok(code) = region.parse::<RegionCode>() else { return Vec::new() };
    let units = Regions::builtin().leaf_units(&code);
    let counties: BTreeSet<String> = units.into_iter().map(|r| r.code.six()).collect();
    counties.into_iter().collect()
}

impl Watch {
    /// The daily series of the hazards and counties wanted that some source covers, by hazard and place, as known at the end of a day. All
    /// end on their cover's last day, at most on `until`.
    ///
    /// # Errors
    /// Storage.
    pub async fn streams(
        &self,
        store: &Store,
        wanted: Wanted<'_>,
        until: Date,
    ) -> Result<Vec<Stream>, Error> {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let covers = store
            .query("select hazard, region, first_day, last_day from watch_cover order by hazard, region", &[])
            .await?;
        for row in covers {
            let hazard = row.text("hazard")?;
            if wanted.hazard(&hazard) {
                let cover = (row.text("region")?, row.date("first_day")?, row.date("last_day")?.min(until));
                known.entry(hazard).or_default().covers.push(cover);
            }
        }
        let mut sql =
            Sql::new("select hazard, place, day, source, cases from watch_count where recorded <= ");
        sql.bind(until);
        match wanted {
            Wanted::All => {}
            Wanted::Hazard(one) => {
                sql.push(" and hazard = ").bind(one);
            }
            Wanted::Keys(keys) => {
                let hazards: BTreeSet<&str> = keys.iter().map(|k| k.0.as_str()).collect();
                let places: BTreeSet<&str> = keys.iter().map(|k| k.1.as_str()).collect();
                if hazards.is_empty() {
                    return Ok(Vec::new());
                }
                sql.push(" and hazard in ").bind_list(hazards).push(" and place in ").bind_list(places);
            }
        }
        sql.push(" order by hazard, place, day, source, recorded");
        for row in store.select(&sql).await? {
            let known = known.entry(row.text("hazard")?).or_default();
            let days = known.cells.entry(row.text("place")?).or_default();
            days.entry(row.date("day")?).or_default().insert(row.text("source")?, row.int("cases")?);
        }
        let mut out = Vec::new();
        for (hazard, known) in &known {
            let mut spans: BTreeMap<String, (Date, Date)> = BTreeMap::new();
            for (region, first, last) in &known.covers {
                for place in counties(region) {
                    let span = spans.entry(place).or_insert((*first, *last));
                    *span = (span.0.min(*first), span.1.max(*last));
                }
            }
            for (place, (first, last)) in spans {
                if last < first || wanted.leaves_out(hazard, &place) {
                    continue;
                }
                let mut counts = vec![0.0; days_between(first, last) + 1];
                for (day, sources) in known.cells.get(&place).into_iter().flatten() {
                    if *day >= first && *day <= last {
                        #[expect(clippy::cast_precision_loss, reason = "cases of a day")]
                        let cases = sources.values().sum::<i64>() as f64;
                        counts[days_between(first, *day)] = cases;
                    }
                }
                out.push(Stream {
                    place,
                    hazard: hazard.clone(),
                    first,
                    step: Step::Day,
                    counts,
                    population: None,
                });
            }
        }
        Ok(out)
    }

    /// What each method makes of the last `weeks` weeks of the sum of some places' series (a sixth of them day by day), for somebody
    /// who may see one of the places.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`] when nobody reports on it; storage.
    pub async fn lines(
        &self,
        store: &Store,
        who: &access::Principal,
        now: base::Instant,
        hazard: &str,
        places: &[String],
        weeks: usize,
    ) -> Result<Vec<Line>, Error> {
        self.permit(who, "view", places, now)?;
        let keys: BTreeSet<(String, String)> =
            places.iter().map(|p| (hazard.to_owned(), p.clone())).collect();
        let streams = self.streams(store, Wanted::Keys(&keys), now.china_date()).await?;
        let stream = summed(&streams).ok_or(Error::NotFound)?;
        let mut out = Vec::new();
        for detector in self.plan.detectors().iter().filter(|d| d.judges(hazard)) {
            let Some(series) = stream.series(detector.step()) else { continue };
            let step = detector.step().days();
            let to = series.len();
            let periods = if step == 1 { weeks * 7 / 6 } else { weeks };
            let range = Range { from: (to + 1).saturating_sub(periods).max(1), to };
            let judged = detector.judge(&series, range, true);
            let last = stream.last();
            let back = |n: usize| {
                let n = i64::try_from(n).unwrap_or(0);
                last.checked_sub(Span::new().days(n)).unwrap_or(last)
            };
            let marks = range.periods().map(|period| {
                let row = judged.iter().find(|j| j.period == period);
                let bound = row.map(|j| j.bound).filter(|b| b.is_finite());
                let observed = series.counts()[period - 1];
                Mark {
                    from: back((to - period) * step + step - 1),
                    to: back((to - period) * step),
                    observed,
                    expected: row.map(|j| j.expected).filter(|e| e.is_finite()),
                    bound,
                    alarm: bound.is_some_and(|b| observed > b),
                }
            });
            out.push(Line {
                method: detector.name().to_owned(),
                step: detector.step(),
                marks: marks.collect(),
            });
        }
        Ok(out)
    }
}

/// Several places as one series over the days all of them have.
fn summed(streams: &[Stream]) -> Option<Stream> {
    let first = streams.iter().map(|s| s.first).max()?;
    let last = streams.iter().map(Stream::last).min()?;
    let mut counts = vec![0.0; if last < first { return None } else { days_between(first, last) + 1 }];
    for s in streams {
        let skip = days_between(s.first, first);
        counts.iter_mut().zip(&s.counts[skip..]).for_each(|(sum, c)| *sum += c);
    }
    Some(Stream { first, counts, ..streams[0].clone() })
}
