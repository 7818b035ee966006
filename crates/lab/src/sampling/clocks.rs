//! The clocks of a sample, computed from what happened to it: none of them is stored.

use super::custody::{CustodyEntry, Leg};
use crate::{Conclusion, Sample};
use base::clock::{Clock, Due, Rules, State, Status};
use base::{Calendar, Instant, Text};
use serde::Serialize;

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

/// The clocks that apply to a sample, in the order in which they start. `custody` may be empty: then the recorded dates
/// count.
#[must_use]
pub fn sample_clocks(sample: &Sample, custody: &[CustodyEntry], now: Instant) -> Vec<SampleClock> {
    let at = |leg: Leg| custody.iter().find(|c| c.leg == leg).map(|c| c.at);
    let day = |d: base::Date| Instant::china(d, 12, 0);
    let taken = at(Leg::Sealed).unwrap_or_else(|| day(sample.sampled));
    let received = at(Leg::Received).or_else(|| sample.received.map(day));
    let arrived = received.or_else(|| at(Leg::Refused));
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
            out.push(keep);
        }
    }
    out
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
