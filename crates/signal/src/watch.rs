//! A province's watch: methods over thousands of series, false alarms controlled across all of them, alarms that belong
//! together made one signal, and a record of how good each method's signals proved to be.
//!
//! [`Plan`] says which methods with which settings ([`Plan::builtin`] is the rulebook's), [`input`] reads counts,
//! [`night`] judges the last period of every series ([`Sitting`] of more series than memory should hold), [`rate::raise`] keeps what stands out among all of them, [`signals`]
//! groups. What happens to a signal (assigning, following up) is the office's. [`study`] tries the methods on injected
//! outbreaks.
//!
//! Weekly methods judge the seven days that end on the last day of a series, whatever weekday it is: nothing waits for the
//! end of a calendar week and no begun week is judged as a whole one.

mod group;
pub mod input;
mod methods;
mod neighbours;
mod null;
mod plan;
pub mod rate;
mod series;
pub mod study;

pub use group::{Outcome, Score, Signal, scorecard, signals, wilson};
pub use methods::{Judged, detector};
pub use neighbours::Neighbours;
pub use null::Null;
pub use plan::{Hazard, Method, MethodPlan, Plan, PlanError};
pub use rate::Control;
pub use series::{Step, Stream};

use crate::detect::{Range, Series};
use base::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A method as the watch asks it.
pub trait Detector: Send + Sync {
    /// Its name, as in the plan.
    fn name(&self) -> &str;
    /// Length of the periods it judges.
    fn step(&self) -> Step;
    /// Whether it judges this hazard.
    fn judges(&self, hazard: &str) -> bool;
    /// Periods whose statistics tell what is usual, when the method's own probability cannot be trusted; 0 when it can.
    fn past(&self) -> usize;
    /// Judges the periods of a range; those it cannot decide are left out. With `bounds` also the count above which it
    /// would alarm by itself, which can cost more than the judgement.
    fn judge(&self, series: &Series, range: Range, bounds: bool) -> Vec<Judged>;
}

/// What a method says of the last period of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Place code.
    pub place: String,
    /// Hazard, syndrome or product.
    pub hazard: String,
    /// The method.
    pub method: String,
    /// First day of the period judged.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// Cases counted.
    pub observed: f64,
    /// Cases expected.
    pub expected: f64,
    /// Count above which the method alarms by itself; `None` when it was not asked or cannot say.
    pub bound: Option<f64>,
    /// The method's statistic.
    pub statistic: f64,
    /// Probability of a statistic as high without an outbreak; `None` of a method that counts to a number and tests nothing.
    pub p_value: Option<f64>,
}

/// A verdict that stands out among all of its method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// What the method said.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Smallest false-discovery rate at which this alarm would be raised; `None` where no test was made.
    pub q_value: Option<f64>,
}

/// What was judged in one go.
#[derive(Debug, Clone, Default)]
pub struct Night {
    /// A verdict a series and method that could be decided, by method, then in the order of the series.
    pub verdicts: Vec<Verdict>,
    /// What is usual, by method: of those whose probabilities come from the past of all series.
    pub nulls: BTreeMap<String, Null>,
    /// Series and methods without a verdict: the past is too short.
    pub undecided: usize,
}

/// Judges the last period of every series by every method on `threads` threads; the result does not depend on their number.
///
/// `known`: what is usual as an earlier night found it; without it, it is learnt from the past of these series.
#[must_use]
pub fn night(
    streams: &[Stream],
    detectors: &[Box<dyn Detector>],
    known: Option<&BTreeMap<String, Null>>,
    threads: usize,
) -> Night {
    let mut sitting = Sitting::new(detectors, known);
    sitting.hear(streams, threads);
    sitting.close()
}

/// A judgement whose series come in portions: of a portion that was heard only verdicts and what was learnt stay in memory. Any
/// portions in the same order give the same night.
pub struct Sitting<'a> {
    detectors: &'a [Box<dyn Detector>],
    known: Option<&'a BTreeMap<String, Null>>,
    heard: Vec<Part>,
}

impl<'a> Sitting<'a> {
    /// Begins with nothing heard; `known` as for [`night`].
    #[must_use]
    pub fn new(detectors: &'a [Box<dyn Detector>], known: Option<&'a BTreeMap<String, Null>>) -> Self {
        let heard = detectors.iter().map(|_| Part::default()).collect();
        Self { detectors, known, heard }
    }

    /// What an earlier night found usual for a method.
    fn usual(&self, detector: &dyn Detector) -> Option<&'a Null> {
        self.known.and_then(|known| known.get(detector.name()))
    }

    /// Judges a portion of the series.
    pub fn hear(&mut self, streams: &[Stream], threads: usize) {
        let part = streams.len().div_ceil(threads.max(1)).max(1);
        for (at, detector) in self.detectors.iter().enumerate() {
            let detector = detector.as_ref();
            let learn = detector.past() > 0 && self.usual(detector).is_none();
            let parts: Vec<Part> = if threads < 2 {
                vec![judge_part(streams, detector, learn)]
            } else {
                std::thread::scope(|scope| {
                    let judge = |list| scope.spawn(move || judge_part(list, detector, learn));
                    let workers: Vec<_> = streams.chunks(part).map(judge).collect();
                    workers.into_iter().filter_map(|w| w.join().ok()).collect()
                })
            };
            let heard = &mut self.heard[at];
            for (verdicts, learnt, undecided) in parts {
                heard.0.extend(verdicts);
                heard.1.merge(&learnt);
                heard.2 += undecided;
            }
        }
    }

    /// The night, now that what is usual is learnt from everything heard.
    #[must_use]
    pub fn close(mut self) -> Night {
        let mut out = Night::default();
        for (detector, heard) in self.detectors.iter().zip(std::mem::take(&mut self.heard)) {
            let (verdicts, null, undecided) = heard;
            let detector = detector.as_ref();
            let learn = detector.past() > 0 && self.usual(detector).is_none();
            out.undecided += undecided;
            let usual = if learn { Some(&null) } else { self.usual(detector) };
            for (level, mut verdict) in verdicts {
                if detector.past() > 0 {
                    let Some(p) = usual.and_then(|n| n.p_value(level, verdict.statistic)) else {
                        out.undecided += 1;
                        continue;
                    };
                    verdict.p_value = Some(p);
                }
                out.verdicts.push(verdict);
            }
            if learn {
                out.nulls.insert(detector.name().to_owned(), null);
            }
        }
        out
    }
}

/// Verdicts with the size class of their series, what was learnt, and how many could not be decided.
type Part = (Vec<(u8, Verdict)>, Null, usize);

fn judge_part(list: &[Stream], detector: &dyn Detector, learn: bool) -> Part {
    let (mut verdicts, mut null, mut undecided) = (Vec::with_capacity(list.len()), Null::default(), 0);
    for stream in list.iter().filter(|s| detector.judges(&s.hazard)) {
        let Some(series) = stream.series(detector.step()) else {
            undecided += 1;
            continue;
        };
        let to = series.len();
        let from = if learn { to.saturating_sub(detector.past()).max(1) } else { to };
        let level = Null::level(series.counts());
        let mut rows = detector.judge(&series, Range { from, to }, false);
        match rows.pop() {
            Some(last) if last.period == to => {
                verdicts.push((level, stream.verdict(detector, &last, to)));
            }
            _ => undecided += 1,
        }
        rows.iter().for_each(|row| null.add(level, row.statistic));
    }
    (verdicts, null, undecided)
}

/// Fills in the bounds of verdicts that are to be shown; the rest keep none.
pub fn bounds(verdicts: &mut [Alarm], streams: &[Stream], detectors: &[Box<dyn Detector>]) {
    let by_key: BTreeMap<(&str, &str), &Stream> =
        streams.iter().map(|s| ((s.place.as_str(), s.hazard.as_str()), s)).collect();
    for Alarm { verdict, .. } in verdicts {
        let stream = by_key.get(&(verdict.place.as_str(), verdict.hazard.as_str()));
        let detector = detectors.iter().find(|d| d.name() == verdict.method);
        if let (Some(stream), Some(detector)) = (stream, detector)
            && let Some(series) = stream.series(detector.step())
        {
            let to = series.len();
            let judged = detector.judge(&series, Range { from: to, to }, true);
            verdict.bound = judged.last().map(|j| j.bound).filter(|b| b.is_finite());
        }
    }
}
