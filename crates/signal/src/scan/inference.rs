//! Replicates, p-values, the Gumbel approximation and recurrence intervals.

use super::Run;
use super::engine::{Cases, Engine, Level, greater};
use super::exact::Limits;
use super::input::Panel;
use super::replicates::{Simulator, stream};
use super::settings::{Model, PValues, Settings, Unit};
use super::values::Values;
use crate::table::Problem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is scanned: counts or values.
pub(crate) enum Subject<'a> {
    Counts(Box<Engine<'a>>),
    Values(Values<'a>),
}

/// The observed maximum and those of the replicates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inference {
    /// Greatest observed value, 0 when no window counts.
    pub(crate) observed: f64,
    /// Greatest value of each replicate.
    pub(crate) simulated: Vec<f64>,
    /// Whether sequential stopping ended the simulation.
    pub(crate) stopped: bool,
}

/// How a p-value came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Rank among the replicates.
    MonteCarlo,
    /// Extreme-value distribution fitted to the replicates.
    Gumbel,
    /// Sum of the exact chances of all windows, where they are few or contradict the fit.
    Bound,
}

/// The smallest p-value stated.
const FLOOR: f64 = 1e-17;
/// Rank below which the default prefers Gumbel.
const FEW: usize = 10;
/// Windows up to which the law of the greatest of *many* is not asked.
const FEW_WINDOWS: usize = 50;
/// Replicates worked on together, so that the tables of a centre serve all of them while they are in the cache.
const BATCH: usize = 32;

/// Whether a replicate reaches an observed value; values equal but for rounding do.
pub(crate) fn reaches(simulated: f64, observed: f64) -> bool {
    simulated >= observed - 1e-9 * observed.abs().max(1.0)
}

/// The levels a replicate is looked at with, each lower than the one before; the last finds everything.
struct Ladder {
    levels: Vec<(f64, OnceLock<Level>)>,
}

impl Ladder {
    fn new(top: f64) -> Self {
        let mut levels = Vec::new();
        let mut value = top;
        while value > 0.05 {
            levels.push((value, OnceLock::new()));
            value *= 0.55;
        }
        levels.push((1e-9, OnceLock::new()));
        Self { levels }
    }

    fn maxima(&self, engine: &Engine<'_>, replicates: Vec<Cases>) -> Vec<f64> {
        let mut out = vec![0.0; replicates.len()];
        let mut waiting: Vec<(usize, Cases)> = replicates.into_iter().enumerate().collect();
        for (value, level) in &self.levels {
            let level = level.get_or_init(|| engine.level(*value));
            let cases: Vec<Cases> = waiting.iter_mut().map(|(_, c)| std::mem::take(c)).collect();
            let found = engine.maxima(&cases, level);
            let mut rest = Vec::new();
            for (((at, _), value), cases) in waiting.into_iter().zip(found).zip(cases) {
                match value {
                    Some(value) => out[at] = value,
                    None => rest.push((at, cases)),
                }
            }
            waiting = rest;
            if waiting.is_empty() {
                break;
            }
        }
        out
    }
}

/// The cases observed in the frame.
pub(crate) fn observed_cases(engine: &Engine<'_>, panel: &Panel) -> Cases {
    let (f, t) = (engine.frame, panel.intervals);
    let mut out = Cases::new();
    for (cell, &count) in panel.cases.iter().enumerate() {
        let (place, interval) = (cell / t, cell % t);
        if count > 0 && (f.first..f.first + f.columns).contains(&interval) {
            out.push((super::places::index(place), super::places::index(interval - f.first), count));
        }
    }
    out
}

/// Scans the data, and the replicates in the windows of `drawn`.
///
/// # Errors
/// No measure to draw from, or a run that was stopped.
pub(crate) fn infer(
    subject: &Subject<'_>,
    drawn: &Subject<'_>,
    panel: &Panel,
    settings: &Settings,
    run: &Run<'_>,
) -> Result<Inference, Problem> {
    let wanted = settings.replicates as usize;
    let sequential = matches!(settings.p_values, PValues::Default | PValues::Sequential)
        .then_some(settings.stop_after as usize);
    let observed = match subject {
        Subject::Values(values) => values.maximum(&values.observed()).unwrap_or(0.0),
        Subject::Counts(engine) => {
            let ladder = Ladder::new(0.25 * windows(engine).max(2.0).ln());
            ladder.maxima(engine, vec![observed_cases(engine, panel)])[0]
        }
    };
    match drawn {
        Subject::Values(values) => {
            let one = |replicates: std::ops::Range<usize>| -> Vec<f64> {
                replicates
                    .map(|r| values.maximum(&values.permuted(&mut stream(settings.seed, r))).unwrap_or(0.0))
                    .collect()
            };
            simulate(observed, wanted, 0, sequential, run, &one, Vec::new())
        }
        Subject::Counts(engine) => {
            let simulator = Simulator::new(panel, settings, engine.frame)
                .ok_or_else(|| Problem::new("期望值全部为零", "every expected number is zero"))?;
            let first = Ladder::new(0.25 * windows(engine).max(2.0).ln());
            let draw = |replicates: std::ops::Range<usize>| simulator.draws(settings.seed, replicates);
            // a few replicates tell a good level, unless the search finds one for each by itself
            let pilots = if engine.rises() { 0 } else { wanted.min(8) };
            let known = first.maxima(engine, draw(0..pilots));
            let least = known.iter().copied().fold(f64::INFINITY, f64::min);
            let ladder = if least.is_finite() { Ladder::new(least * 0.87) } else { first };
            let one = |replicates: std::ops::Range<usize>| ladder.maxima(engine, draw(replicates));
            simulate(observed, wanted, pilots, sequential, run, &one, known)
        }
    }
}

/// Number of windows.
#[expect(clippy::cast_precision_loss, reason = "only its logarithm counts")]
fn windows(engine: &Engine<'_>) -> f64 {
    let f = engine.frame;
    let circles: usize = engine.families.iter().map(|family| family.order.len()).sum();
    let ends = f.columns + 1 - f.end_from;
    (circles * ends * (f.longest + 1 - f.shortest)) as f64
}

/// The replicates from `from` on, in waves over the threads; what each gives depends on its number alone.
fn simulate(
    observed: f64,
    wanted: usize,
    from: usize,
    sequential: Option<usize>,
    run: &Run<'_>,
    work: &(dyn Fn(std::ops::Range<usize>) -> Vec<f64> + Sync),
    known: Vec<f64>,
) -> Result<Inference, Problem> {
    let threads = run.threads.max(1);
    let mut simulated = known;
    let mut next = from;
    let stop_at = |list: &[f64]| -> Option<usize> {
        let limit = sequential?;
        list.iter().enumerate().filter(|(_, v)| reaches(**v, observed)).nth(limit - 1).map(|(at, _)| at + 1)
    };
    while next < wanted && stop_at(&simulated).is_none() {
        let parts: Vec<std::ops::Range<usize>> = (0..threads)
            .map(|k| (next + k * BATCH).min(wanted)..(next + (k + 1) * BATCH).min(wanted))
            .filter(|r| !r.is_empty())
            .collect();
        next = parts.last().map_or(wanted, |r| r.end);
        if parts.len() == 1 {
            simulated.extend(work(parts[0].clone()));
        } else {
            let turn = AtomicUsize::new(0);
            let mut done: Vec<(usize, Vec<f64>)> = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut mine = Vec::new();
                            while let Some(part) = parts.get(turn.fetch_add(1, Ordering::Relaxed)) {
                                mine.push((part.start, work(part.clone())));
                            }
                            mine
                        })
                    })
                    .collect();
                workers.into_iter().flat_map(|w| w.join().unwrap_or_default()).collect()
            });
            done.sort_unstable_by_key(|part| part.0);
            simulated.extend(done.into_iter().flat_map(|part| part.1));
        }
        let (now, all) =
            (u32::try_from(simulated.len()).unwrap_or(u32::MAX), u32::try_from(wanted).unwrap_or(u32::MAX));
        if !(run.progress)(now, all) {
            return Err(Problem::new("扫描已中止", "the scan was stopped"));
        }
    }
    let end = stop_at(&simulated).filter(|end| *end < wanted);
    if let Some(end) = end {
        simulated.truncate(end);
    }
    Ok(Inference { observed, stopped: end.is_some(), simulated })
}

impl Inference {
    /// The p-value of an observed value and how it was made; `None` without replicates.
    ///
    /// Few windows, and values that no smooth law follows, make the fitted tail far too small: where the exact `limits` say
    /// so, or windows are few, the smaller of the rank and the bound over all windows stands instead.
    pub(crate) fn p_value(
        &self,
        value: f64,
        settings: &Settings,
        limits: impl FnOnce() -> Option<Limits>,
    ) -> Option<(f64, Method)> {
        if self.simulated.is_empty() {
            return None;
        }
        let above = self.simulated.iter().filter(|s| reaches(**s, value)).count();
        let allowed = matches!(settings.model, Model::Poisson | Model::Bernoulli | Model::Permutation)
            && !settings.analysis.time_only();
        let gumbel = match settings.p_values {
            PValues::Gumbel => true,
            PValues::Default => allowed && above + 1 < FEW && !self.stopped,
            PValues::Standard | PValues::Sequential => false,
        };
        #[expect(clippy::cast_precision_loss, reason = "a number of replicates")]
        let (above, n) = (above as f64, self.simulated.len() as f64);
        let rank = if self.stopped { above / n } else { (above + 1.0) / (n + 1.0) };
        let Some(fitted) = gumbel_tail(&self.simulated, value).filter(|_| gumbel) else {
            return Some((rank, Method::MonteCarlo));
        };
        let exact = if settings.p_values == PValues::Gumbel { None } else { limits() };
        let doubt = exact.filter(|x| x.windows.is_some_and(|n| n <= FEW_WINDOWS) || fitted < x.least);
        Some(match doubt.map(|x| x.most.filter(|m| *m < rank)) {
            None => (fitted, Method::Gumbel),
            Some(Some(most)) => (most.max(FLOOR), Method::Bound),
            Some(None) => (rank, Method::MonteCarlo),
        })
    }

    /// Whether every replicate reaches the value: such clusters are not reported.
    pub(crate) fn hopeless(&self, value: f64) -> bool {
        !self.simulated.is_empty() && self.simulated.iter().all(|s| reaches(*s, value))
    }

    /// The least value worth collecting.
    pub(crate) fn cut(&self) -> f64 {
        let least = self.simulated.iter().copied().fold(None, greater_least).unwrap_or(self.observed * 0.5);
        least.min(self.observed)
    }
}

fn greater_least(known: Option<f64>, value: f64) -> Option<f64> {
    Some(-greater(known.map(|k| -k), -value).unwrap_or(-value))
}

/// The upper tail of the Gumbel distribution with the mean and the (population) variance of the replicates.
fn gumbel_tail(simulated: &[f64], value: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a number of replicates")]
    let n = simulated.len() as f64;
    let mean = simulated.iter().sum::<f64>() / n;
    let variance = simulated.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n;
    if n < 2.0 || variance <= 0.0 {
        return None;
    }
    let beta = variance.sqrt() * 6f64.sqrt() / std::f64::consts::PI;
    let mode = mean - 0.577_215_664_901_532_9 * beta;
    Some((-(-((mode - value) / beta).exp()).exp_m1()).max(FLOOR))
}

/// Days until a signal as strong is expected once by chance when the analysis is repeated every interval; `analyses` are those the
/// p-value allows for.
pub(crate) fn recurrence_days(p: f64, settings: &Settings, analyses: usize) -> f64 {
    let unit = match settings.unit {
        Unit::Day => 1.0,
        Unit::Month => 365.25 / 12.0,
        Unit::Year => 365.25,
    };
    // the p-value of one analysis that makes p of so many; p itself when there was one
    #[expect(clippy::cast_precision_loss, reason = "a number of intervals")]
    let once = if analyses > 1 { -((-p).ln_1p() / analyses as f64).exp_m1() } else { p };
    unit * f64::from(settings.length) / once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gumbel_tail_has_the_moments_of_the_replicates() {
        // mean 0.5772, variance π²/6: the standard Gumbel distribution, whose tail at 3 is 1 - exp(-exp(-3))
        let (m, s) = (0.577_215_664_901_532_9, std::f64::consts::PI / 6f64.sqrt());
        let p = gumbel_tail(&[m - s, m + s], 3.0).unwrap();
        assert!((p - (1.0 - (-(-3f64).exp()).exp())).abs() < 1e-12);
        assert!((gumbel_tail(&[m - s, m + s], 1e3).unwrap() - FLOOR).abs() < 1e-30);
    }

    fn settings(more: &str) -> Settings {
        let text = format!("key,value\nStartDate,2024/2/1\nEndDate,2024/2/28\n{more}");
        Settings::parse(&crate::table::Table::parse("settings", &text).expect("a table")).expect("settings")
    }

    #[test]
    fn a_rank_counts_ties_and_the_observed_map_unless_the_simulation_was_stopped() {
        let standard = settings("PValueReportType,1\n");
        let of = |stopped| Inference { observed: 3.0, simulated: vec![1.0, 3.0, 4.0, 2.0], stopped };
        // 3 and 4 reach 3; the observed map is a fifth
        let p = |stopped| of(stopped).p_value(3.0, &standard, || None).expect("replicates").0;
        assert!((p(false) - 3.0 / 5.0).abs() < 1e-12);
        // Besag and Clifford 1991: after stopping at the last of them the share itself
        assert!((p(true) - 2.0 / 4.0).abs() < 1e-12);
        assert!(reaches(3.0 - 1e-12, 3.0), "rounding alone does not tell a tie apart");
    }

    #[test]
    fn the_fitted_tail_gives_way_where_exact_chances_contradict_it_or_windows_are_few() {
        let found = Inference { observed: 20.0, simulated: vec![1.0, 3.0, 4.0, 2.0], stopped: false };
        let standard = settings("");
        let fitted = gumbel_tail(&found.simulated, 20.0).expect("a fit");
        let p = |settings: &Settings, limits| found.p_value(20.0, settings, || limits).expect("replicates");
        let limits = |least: f64, most, windows| Some(Limits { least, most, windows });
        assert_eq!(p(&standard, None), (fitted, Method::Gumbel));
        assert_eq!(p(&standard, limits(fitted / 2.0, Some(0.5), Some(400))), (fitted, Method::Gumbel));
        assert_eq!(p(&standard, limits(fitted / 2.0, None, None)), (fitted, Method::Gumbel));
        // this window alone is likelier than the fit says any is
        assert_eq!(p(&standard, limits(fitted * 2.0, Some(0.01), Some(400))), (0.01, Method::Bound));
        // none of five is greater than the observed map: 1 in 5, and the sum says no better
        assert_eq!(p(&standard, limits(fitted * 2.0, Some(0.3), Some(400))), (0.2, Method::MonteCarlo));
        assert_eq!(p(&standard, limits(fitted * 2.0, None, None)), (0.2, Method::MonteCarlo));
        // a fit that is too great errs on the safe side, as the reference does
        assert_eq!(
            p(&standard, limits(fitted / 9.0, Some(fitted / 2.0), Some(400))),
            (fitted, Method::Gumbel)
        );
        // two windows are not many
        assert_eq!(p(&standard, limits(fitted / 2.0, Some(0.01), Some(2))), (0.01, Method::Bound));
        // what is asked for by its code is given
        assert_eq!(
            p(&settings("PValueReportType,3\n"), limits(0.1, Some(0.2), Some(2))),
            (fitted, Method::Gumbel)
        );
    }

    #[test]
    fn a_value_is_hopeless_only_when_every_replicate_reaches_it() {
        let found = Inference { observed: 9.0, simulated: vec![2.0, 3.0], stopped: false };
        assert!(found.hopeless(2.0) && !found.hopeless(2.5));
        assert!(!Inference { simulated: Vec::new(), ..found }.hopeless(0.0), "without replicates nothing is");
    }

    #[test]
    fn the_simulation_stops_at_the_replicate_that_reaches_the_observed_value_for_the_last_time_asked() {
        // every third reaches it: 2, 5, 8, …
        let work = |replicates: std::ops::Range<usize>| -> Vec<f64> {
            replicates.map(|r| if r % 3 == 2 { 5.0 } else { 1.0 }).collect()
        };
        for threads in [1, 3] {
            let run = Run { threads, ..Run::default() };
            let found =
                simulate(5.0, 999, 0, Some(50), &run, &work, Vec::new()).expect("not stopped by hand");
            assert!(found.stopped);
            assert_eq!(found.simulated.len(), 150);
            let all = simulate(5.0, 999, 0, None, &run, &work, Vec::new()).expect("not stopped by hand");
            assert_eq!((all.simulated.len(), all.stopped), (999, false));
        }
    }

    #[test]
    fn an_interval_recurs_once_in_one_over_its_chance() {
        let days = |more: &str| recurrence_days(0.01, &settings(more), 1);
        // 0.01 over ten analyses is 0.0010045 each: one interval of a day in 995.5
        assert!((recurrence_days(0.01, &settings(""), 10) - 1.0 / (1.0 - 0.99f64.powf(0.1))).abs() < 1e-6);
        assert!((days("TimeAggregationUnits,3\nTimeAggregationLength,7\n") - 700.0).abs() < 1e-9);
        assert!((days("TimeAggregationUnits,1\n") - 36_525.0).abs() < 1e-9);
    }
}
