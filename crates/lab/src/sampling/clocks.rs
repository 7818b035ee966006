//! The clocks of a sample, computed from what happened to it: none of them is stored.

use super::custody::Leg;
use crate::query::{Page, SampleRow};
use crate::sample_filter::SampleFilter;
use crate::{Conclusion, Error, Lab, Sample, SampleKind, SampleState};
use access::Principal;
use base::clock::{Clock, Due, Rules, State, Status};
use base::{Calendar, Date, Id, Instant, Text};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use store::{Sql, Store};

/// Clocks a list of samples may be cut to: the duties of the way, in order.
pub const SAMPLE_LAWS: [&str; 5] = ["SAM-01", "SAM-03", "SAM-07", "SAM-06", "SAM-26"];
/// Most samples whose clocks one list looks at: beyond them the filter must be narrower.
const MOST: usize = 20_000;

/// A clock of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleClock {
    /// Id in the table of clocks (`SAM-03`).
    pub law: String,
    /// The duty.
    pub what: Text,
    /// Who must act.
    pub actor: Text,
    /// Document and article.
    pub basis: String,
    /// Whether the clause was seen.
    pub status: Status,
    /// When it started.
    pub start: Instant,
    /// When it ends.
    pub due: Option<Due>,
    /// When it was met.
    pub met_at: Option<Instant>,
    /// How it stands.
    pub state: State,
}

/// What happened to a sample, as far as its clocks ask; the recorded dates count where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Milestones {
    /// Sealed on the spot.
    pub sealed: Option<Instant>,
    /// Accepted by the laboratory.
    pub received: Option<Instant>,
    /// Refused by the laboratory.
    pub refused: Option<Instant>,
    /// Last day of the shelf life, from the form.
    pub expires: Option<Date>,
    /// First published in a list that stands.
    pub published: Option<Instant>,
    /// A retest or an objection is under way: publication waits.
    pub held: bool,
}

/// Which clocks to list; empty fields do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ClockFilter {
    /// Of these samples.
    pub samples: SampleFilter,
    /// Only this law.
    pub law: Option<String>,
    /// Only overdue ones (`Some(true)`), or only those with time left.
    pub overdue: Option<bool>,
    /// Due within this many days from now, or overdue.
    pub within: Option<u16>,
    /// The least pressing first.
    pub desc: bool,
    /// Number of rows before the page.
    pub after: Option<String>,
    /// Rows a page, 1–500; 0 means 50.
    pub limit: u32,
}

/// A running clock with its sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clocked {
    /// The sample.
    pub sample: Sample,
    /// The clock.
    pub clock: SampleClock,
}

/// The clocks that apply to a sample, in the order in which they start.
#[must_use]
pub fn sample_clocks(sample: &Sample, known: &Milestones, now: Instant) -> Vec<SampleClock> {
    let day = |d: Date| Instant::china(d, 12, 0);
    let taken = known.sealed.unwrap_or_else(|| day(sample.sampled));
    // recorded on a later day than that of arrival: the day counts
    let recorded = known.received.filter(|at| sample.received.is_none_or(|d| d == at.china_date()));
    let received = recorded.or_else(|| sample.received.map(day));
    let arrived = received.or(known.refused);
    let mut out = Vec::new();
    let mut add =
        |law: &str, start: Instant, met: Option<Instant>| out.extend(clock_of(law, start, met, now));
    add("SAM-01", taken, arrived);
    if let Some(received) = received {
        add("SAM-03", received, sample.approved_at.or(sample.submitted_at));
    }
    if let (Some(concluded), Some(conclusion)) = (sample.approved_at, sample.conclusion) {
        let fails = matches!(conclusion, Conclusion::Unqualified | Conclusion::ProblemFound);
        add(if fails { "SAM-07" } else { "SAM-06" }, concluded, sample.submitted_at);
        if let Some(keep) = clock_of(if fails { "SAM-05" } else { "SAM-04" }, concluded, None, now) {
            out.push(until_shelf_life(keep, known.expires, now));
        }
    }
    if let (Some(submitted), false) = (sample.submitted_at, known.held)
        && sample.kind != SampleKind::Monitoring
        && sample.conclusion.is_some_and(|c| c != Conclusion::Undecided)
    {
        out.extend(clock_of("SAM-26", submitted, known.published, now));
    }
    out
}

/// A backup is kept no longer than the food keeps (抽检办法 25): the shelf life ends the clock when it ends first.
fn until_shelf_life(mut keep: SampleClock, expires: Option<Date>, now: Instant) -> SampleClock {
    if let (Some(expires), Some(due)) = (expires, keep.due)
        && expires < due.date
    {
        let at = Instant::china(expires, 0, 0).plus_seconds(86_400 - 1);
        keep.due = Some(Due { at, date: expires, provisional: false });
        keep.state = if at < now { State::Overdue } else { State::Running };
    }
    keep
}

pub(crate) fn clock_of(
    law: &str,
    start: Instant,
    met_at: Option<Instant>,
    now: Instant,
) -> Option<SampleClock> {
    let rule = Rules::builtin().get(law)?;
    let mut clock = Clock::start(rule.rule.clone(), start);
    clock.met_at = met_at;
    let calendar = Calendar::builtin();
    Some(SampleClock {
        law: law.to_owned(),
        what: rule.what.clone(),
        actor: rule.actor.clone(),
        basis: rule.rule.basis.clone(),
        status: rule.rule.status,
        start,
        due: clock.due(calendar),
        met_at,
        state: clock.state(calendar, now),
    })
}

/// What happened to samples, for their clocks.
///
/// # Errors
/// Storage.
pub async fn milestones(store: &Store, samples: &[Id]) -> Result<HashMap<Id, Milestones>, Error> {
    let mut out: HashMap<Id, Milestones> = samples.iter().map(|id| (*id, Milestones::default())).collect();
    for part in samples.chunks(500) {
        let mut sql = Sql::new(
            "select sample, kind, min(at) as at from custody where kind in ('sealed', 'received', 'refused') and sample in ",
        );
        sql.bind_list(part.iter().copied()).push(" group by sample, kind");
        for row in store.select(&sql).await? {
            let Some(known) = out.get_mut(&row.id("sample")?) else { continue };
            let at = row.opt_instant("at")?;
            match row.parsed::<Leg>("kind")? {
                Leg::Sealed => known.sealed = at,
                Leg::Received => known.received = at,
                _ => known.refused = at,
            }
        }
        let mut sql = Sql::new("select sample, body from sample_form where sample in ");
        sql.bind_list(part.iter().copied());
        for row in store.select(&sql).await? {
            let form: super::form::FormFields = row.json("body")?;
            if let Some(known) = out.get_mut(&row.id("sample")?) {
                known.expires = form.expires;
            }
        }
        let mut sql = Sql::new(
            "select b.sample, min(u.published) as at from bulletin_row b join bulletin u on u.id = b.bulletin \
             where u.state = 'published' and b.state <> 'retracted' and b.sample in ",
        );
        sql.bind_list(part.iter().copied()).push(" group by b.sample");
        for row in store.select(&sql).await? {
            if let Some(known) = out.get_mut(&row.id("sample")?) {
                known.published = row.opt_instant("at")?;
            }
        }
        let mut sql = Sql::new(
            "select n.sample from nonconformity n join contest c on c.nonconformity = n.id \
             where c.ended is null and n.sample in ",
        );
        sql.bind_list(part.iter().copied());
        for row in store.select(&sql).await? {
            if let Some(known) = out.get_mut(&row.id("sample")?) {
                known.held = true;
            }
        }
    }
    Ok(out)
}

/// The clock of a sample that runs and falls due first.
#[must_use]
pub fn next_clock(sample: &Sample, known: &Milestones, now: Instant) -> Option<SampleClock> {
    sample_clocks(sample, known, now)
        .into_iter()
        .filter(|c| c.met_at.is_none() && SAMPLE_LAWS.contains(&c.law.as_str()))
        .min_by_key(|c| c.due.map_or(Instant(i64::MAX), |d| d.at))
}

impl Lab {
    /// Running clocks of the samples the reader sees, the most pressing first.
    ///
    /// # Errors
    /// [`Error::State`] when there are so many samples that the filter must be narrower; storage.
    pub async fn clocked(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &ClockFilter,
    ) -> Result<Page<Clocked>, Error> {
        let mut found = self.running(store, who, now, filter).await?;
        if filter.desc {
            found.reverse();
        }
        let cut = cut(found, filter);
        let rows = cut.rows.into_iter().map(|(row, clock)| Clocked { sample: row.sample, clock }).collect();
        Ok(Page { rows, next: cut.next })
    }

    /// The samples the reader sees that have a running clock, each once with the one that falls due first, by that day.
    ///
    /// # Errors
    /// [`Error::State`] when there are so many samples that the filter must be narrower; storage.
    pub async fn samples_by_due(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &ClockFilter,
    ) -> Result<Page<(SampleRow, SampleClock)>, Error> {
        let mut found = self.running(store, who, now, filter).await?;
        let mut seen = HashSet::new();
        found.retain(|(row, _)| seen.insert(row.sample.id));
        if filter.desc {
            found.reverse();
        }
        Ok(cut(found, filter))
    }

    /// Every running clock that fits, the most pressing first.
    async fn running(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        filter: &ClockFilter,
    ) -> Result<Vec<(SampleRow, SampleClock)>, Error> {
        let mut samples = SampleFilter { clocked: true, limit: 500, after: None, ..filter.samples.clone() };
        let mut found = Vec::new();
        let mut looked = 0;
        let soon = filter.within.map(|days| now.plus_seconds(i64::from(days) * 86_400));
        loop {
            let page = self.samples(store, who, now, &samples).await?;
            looked += page.rows.len();
            if looked > MOST {
                return Err(Error::State(Text::of(
                    "样品超过 2 万份，请按地区、状态或检验机构缩小范围",
                    "more than 20,000 samples: narrow by region, state or laboratory",
                )));
            }
            let ids: Vec<Id> = page.rows.iter().map(|r| r.sample.id).collect();
            let known = milestones(store, &ids).await?;
            for row in page.rows {
                let of = known.get(&row.sample.id).copied().unwrap_or_default();
                let clocks = sample_clocks(&row.sample, &of, now).into_iter().filter(|c| {
                    c.met_at.is_none()
                        && SAMPLE_LAWS.contains(&c.law.as_str())
                        && filter.law.as_ref().is_none_or(|l| *l == c.law)
                        && filter.overdue.is_none_or(|o| o == (c.state == State::Overdue))
                        && soon.is_none_or(|soon| c.due.is_some_and(|d| d.at <= soon))
                        && (c.law != "SAM-01" || row.sample.state != SampleState::Refused)
                });
                found.extend(clocks.map(|clock| (row.clone(), clock)));
            }
            samples.after = page.next;
            if samples.after.is_none() {
                break;
            }
        }
        found.sort_by_key(|(row, c)| (c.due.map_or(Instant(i64::MAX), |d| d.at), row.sample.id));
        Ok(found)
    }
}

/// The page of a list in memory that the filter asks for; its cursor counts rows.
fn cut<T>(found: Vec<T>, filter: &ClockFilter) -> Page<T> {
    let skip: usize = filter.after.as_deref().and_then(|t| t.parse().ok()).unwrap_or(0);
    let limit = crate::query::limit(filter.limit) as usize;
    let next = (found.len() > skip + limit).then(|| (skip + limit).to_string());
    Page { rows: found.into_iter().skip(skip).take(limit).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_kept_to_its_time_or_to_the_end_of_the_shelf_life() {
        let start = Instant::china(Date::constant(2026, 6, 1), 9, 0);
        let now = Instant::china(Date::constant(2026, 7, 15), 9, 0);
        for (expires, due, state) in [
            (None, "2026-09-01", State::Running),
            (Some(Date::constant(2027, 1, 1)), "2026-09-01", State::Running),
            (Some(Date::constant(2026, 7, 31)), "2026-07-31", State::Running),
            (Some(Date::constant(2026, 7, 10)), "2026-07-10", State::Overdue),
        ] {
            let keep = clock_of("SAM-04", start, None, now).unwrap();
            let kept = until_shelf_life(keep, expires, now);
            assert_eq!(
                (kept.due.unwrap().date.to_string().as_str(), kept.state),
                (due, state),
                "{expires:?}"
            );
        }
    }
}
