//! Short-term exposure by Monte Carlo: person-days are drawn by their weights, every food eaten meets a concentration of
//! its own, the sum is divided by the person's own body weight.
//!
//! The draws come in parts of [`PART`] person-days, each with the stream of its own number, so that the answer has the same bits for every
//! number of threads. One word of 64 random bits serves several draws from small sets in turn (the fraction left by one
//! draw is the next one's number) as long as the product of the sets' sizes stays below 2³²: no value is more than
//! 2⁻³² off its probability.

use super::concentration::SpikedLognormal;
use super::survey::Survey;
use stats::random::{Alias, Purpose, Stream, unit};
use stats::select::order_statistics;
use stats::special::norm_quantile;
use std::sync::Arc;

/// Person-days in a part of the work.
pub const PART: usize = 4096;

/// The concentrations a food can have, mg/kg, processing factor included.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Each result is as likely as any other.
    Samples(Vec<f64>),
    /// A fitted distribution with a share of zeros, times a factor.
    Model(SpikedLognormal, f64),
}

impl Source {
    /// Mean concentration.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Samples(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
            Self::Model(model, factor) => model.mean() * factor,
        }
    }
}

/// An event of eating: grams per kg body weight and which set its concentration is drawn from.
#[derive(Debug, Clone, Copy)]
struct Event {
    amount: f64,
    set: u32,
}

/// Where the concentrations of a set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    count: u32,
}

/// The days of a group of people, laid out flat: it depends on who eats what and on how many sources each food has,
/// not on the concentrations, and so outlives them.
#[derive(Debug, Clone)]
pub struct Layout {
    /// For each food whether its sources are fitted models.
    pattern: Vec<Vec<bool>>,
    days: Alias,
    events: Vec<Event>,
    event_starts: Vec<u32>,
    fitted: Vec<Event>,
    fitted_starts: Vec<u32>,
}

/// What is drawn from: person-days with the concentrations of everything eaten. Several sets of concentrations (the bounds) may share
/// one pass when they are of equal sizes: the same days, samples and random numbers, so the same bits as one pass for each.
#[derive(Debug, Clone)]
pub struct Draws {
    layout: Arc<Layout>,
    spans: Vec<Span>,
    /// The values of all sets, those of one position side by side.
    values: Vec<f64>,
    sets: usize,
    fitted: Vec<(SpikedLognormal, f64)>,
    in_a_word: usize,
}

/// Random words taken from whole blocks.
struct Words {
    stream: Stream,
    buffer: [u64; 128],
    at: usize,
}

impl Words {
    fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self { stream: Stream::new(seed, purpose, index), buffer: [0; 128], at: 128 }
    }

    #[inline(always)]
    fn next(&mut self) -> u64 {
        if self.at == self.buffer.len() {
            self.stream.fill_u64(&mut self.buffer);
            self.at = 0;
        }
        let word = self.buffer[self.at];
        self.at += 1;
        word
    }
}

impl Layout {
    /// Lays out the days of those people (with how often each counts) for foods with those sources. `None` when nobody counts.
    #[must_use]
    pub fn new(survey: &Survey, members: &[(usize, f64)], sources: &[Vec<Source>]) -> Option<Self> {
        let pattern = pattern(sources);
        let (mut sets, mut models) = (0_u32, 0_u32);
        let slots: Vec<Vec<(bool, u32)>> = pattern
            .iter()
            .map(|food| {
                let number = |&fitted: &bool| {
                    let next = if fitted { &mut models } else { &mut sets };
                    *next += 1;
                    (fitted, *next - 1)
                };
                food.iter().map(number).collect()
            })
            .collect();
        let weights = members
            .iter()
            .flat_map(|&(at, times)| std::iter::repeat_n(survey.persons()[at].weight * times, survey.days()));
        let mut out = Self {
            days: Alias::new(&weights.collect::<Vec<f64>>())?,
            events: vec![],
            event_starts: vec![0],
            fitted: vec![],
            fitted_starts: vec![0],
            pattern,
        };
        for &(at, _) in members {
            let body_weight = survey.persons()[at].body_weight_kg;
            for day in 0..survey.days() {
                for &(food, grams) in survey.day(at, day) {
                    for &(fitted, set) in &slots[food as usize] {
                        let event = Event { amount: grams / body_weight, set };
                        if fitted { &mut out.fitted } else { &mut out.events }.push(event);
                    }
                }
                out.event_starts.push(u32::try_from(out.events.len()).ok()?);
                out.fitted_starts.push(u32::try_from(out.fitted.len()).ok()?);
            }
        }
        Some(out)
    }

    /// Whether it also serves those sources.
    #[must_use]
    pub fn fits(&self, sources: &[Vec<Source>]) -> bool {
        self.pattern == pattern(sources)
    }
}

/// For each food whether its sources are fitted models; a source without samples is none.
fn pattern(sources: &[Vec<Source>]) -> Vec<Vec<bool>> {
    let of = |source: &Source| match source {
        Source::Samples(samples) if samples.is_empty() => None,
        Source::Samples(_) => Some(false),
        Source::Model(..) => Some(true),
    };
    sources.iter().map(|food| food.iter().filter_map(of).collect()).collect()
}

impl Draws {
    /// Prepares the days of those people (with how often each counts) and the sources of each food; a food may have
    /// several (one a substance), which add up. Foods without a source count nothing. `None` when nobody counts.
    #[must_use]
    pub fn new(survey: &Survey, members: &[(usize, f64)], sources: &[Vec<Source>]) -> Option<Self> {
        let layout = Layout::new(survey, members, sources)?;
        Self::over(&Arc::new(layout), std::slice::from_ref(&sources))
    }

    /// The same over days laid out before, for several sets of sources at once. `None` when a set is not of the layout, or
    /// the sets differ in sizes or models and so cannot share a pass.
    #[must_use]
    pub fn over(layout: &Arc<Layout>, sets: &[&[Vec<Source>]]) -> Option<Self> {
        let mut out = Self {
            layout: layout.clone(),
            spans: vec![],
            values: vec![],
            sets: sets.len(),
            fitted: vec![],
            in_a_word: 1,
        };
        let mut largest = 2_u32;
        for (at, sources) in sets.iter().enumerate() {
            if !layout.fits(sources) {
                return None;
            }
            let (mut spans, mut fitted, mut start) = (vec![], vec![], 0_u32);
            for source in sources.iter().flatten() {
                match source {
                    Source::Samples(samples) if !samples.is_empty() => {
                        let count = u32::try_from(samples.len()).ok()?;
                        largest = largest.max(count);
                        spans.push(Span { start, count });
                        start = start.checked_add(count)?;
                    }
                    Source::Samples(_) => {}
                    Source::Model(model, factor) => fitted.push((*model, *factor)),
                }
            }
            if at == 0 {
                out.values = vec![0.0; start as usize * sets.len()];
                (out.spans, out.fitted) = (spans, fitted);
            } else if spans != out.spans || fitted != out.fitted {
                return None;
            }
            let values = sources.iter().flatten().filter_map(|source| match source {
                Source::Samples(samples) => Some(samples),
                Source::Model(..) => None,
            });
            for (place, &value) in values.flatten().enumerate() {
                out.values[place * sets.len() + at] = value;
            }
        }
        out.in_a_word = (32 / (u32::BITS - (largest - 1).leading_zeros()) as usize).max(1);
        Some(out)
    }

    /// One part of the work: fills `out` with exposures, µg per kg body weight, one of each set.
    fn part<const SETS: usize>(&self, seed: u64, purpose: Purpose, index: u64, out: &mut [[f64; SETS]]) {
        let mut words = Words::new(seed, purpose, index);
        let layout = &*self.layout;
        for place in out {
            let day = layout.days.pick(words.next());
            let events =
                &layout.events[layout.event_starts[day] as usize..layout.event_starts[day + 1] as usize];
            let mut sums = [0.0; SETS];
            for group in events.chunks(self.in_a_word) {
                let mut bits = words.next();
                for event in group {
                    let span = self.spans[event.set as usize];
                    let wide = u128::from(bits) * u128::from(span.count);
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the high half is below the count, the low half goes on"
                    )]
                    let (index, rest) = ((wide >> 64) as usize, wide as u64);
                    bits = rest;
                    let at = (span.start as usize + index) * SETS;
                    for (sum, value) in sums.iter_mut().zip(&self.values[at..at + SETS]) {
                        *sum += event.amount * value;
                    }
                }
            }
            let fitted =
                &layout.fitted[layout.fitted_starts[day] as usize..layout.fitted_starts[day + 1] as usize];
            for event in fitted {
                // the share of zeros and the quantile of the rest from one uniform number
                let u = unit(words.next());
                let (model, factor) = &self.fitted[event.set as usize];
                if u > model.zero {
                    let rest = ((u - model.zero) / (1.0 - model.zero)).clamp(1e-16, 1.0 - 1e-16);
                    let drawn = libm::exp(model.rest.mu + model.rest.sigma * norm_quantile(rest));
                    sums.iter_mut().for_each(|sum| *sum += event.amount * factor * drawn);
                }
            }
            *place = sums;
        }
    }

    /// Exposures of `iterations` person-days drawn, µg per kg body weight, in the order of the draws, for each set. `threads` changes nothing
    /// but the time.
    #[must_use]
    pub fn run(
        &self,
        seed: u64,
        purpose: Purpose,
        first_part: u64,
        iterations: usize,
        threads: usize,
    ) -> Vec<Vec<f64>> {
        let from = (seed, purpose, first_part);
        match self.sets {
            1 => self.run_sets::<1>(from, iterations, threads),
            2 => self.run_sets::<2>(from, iterations, threads),
            3 => self.run_sets::<3>(from, iterations, threads),
            _ => vec![],
        }
    }

    fn run_sets<const SETS: usize>(
        &self,
        (seed, purpose, first_part): (u64, Purpose, u64),
        iterations: usize,
        threads: usize,
    ) -> Vec<Vec<f64>> {
        let mut out = vec![[0.0; SETS]; iterations];
        let parts = iterations.div_ceil(PART);
        let each = parts.div_ceil(threads.clamp(1, 64)).max(1) * PART;
        let work = |from: usize, slice: &mut [[f64; SETS]]| {
            for (at, part) in slice.chunks_mut(PART).enumerate() {
                self.part(seed, purpose, first_part + (from * each / PART + at) as u64, part);
            }
        };
        if threads <= 1 {
            work(0, &mut out);
        } else {
            std::thread::scope(|scope| {
                for (from, slice) in out.chunks_mut(each).enumerate() {
                    scope.spawn(move || work(from, slice));
                }
            });
        }
        (0..SETS).map(|set| out.iter().map(|sums| sums[set]).collect()).collect()
    }

    /// How many person-days there are to draw from.
    #[must_use]
    pub fn person_days(&self) -> usize {
        self.layout.days.len()
    }
}

/// A percentile of simulated exposures with its 95 % interval from the binomial distribution of its rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentile {
    /// The probability.
    pub p: f64,
    /// The value.
    pub value: f64,
    /// Lower and upper end.
    pub interval: [f64; 2],
}

/// Mean of simulated exposures, its standard error, and percentiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// Mean.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Percentiles in the order asked.
    pub percentiles: Vec<Percentile>,
}

/// Summarises simulated exposures.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ranks within the number of draws"
)]
pub fn summary(exposures: &[f64], probabilities: &[f64]) -> Simulated {
    let n = exposures.len() as f64;
    let mean = parts_sum(exposures, |value| value) / n;
    let spread = parts_sum(exposures, |value| (value - mean) * (value - mean));
    let mut ranks = vec![];
    for &p in probabilities {
        let centre = (n - 1.0) * p;
        let slack = 1.959_963_985 * (n * p * (1.0 - p)).sqrt();
        ranks.push(centre.floor() as usize);
        ranks.push(centre.ceil() as usize);
        ranks.push((centre - slack).floor().max(0.0) as usize);
        ranks.push((centre + slack).ceil().min(n - 1.0) as usize);
    }
    let found = order_statistics(exposures, &ranks);
    let percentiles = probabilities.iter().zip(found.chunks(4)).map(|(&p, found)| {
        let fraction = (n - 1.0) * p - ((n - 1.0) * p).floor();
        let value = found[0] + fraction * (found[1] - found[0]);
        Percentile { p, value, interval: [found[2], found[3]] }
    });
    Simulated { mean, standard_error: (spread / (n - 1.0) / n).sqrt(), percentiles: percentiles.collect() }
}

/// A sum over parts of a fixed size, so that it never depends on how the work was shared.
fn parts_sum(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    values.chunks(PART).map(|part| part.iter().map(|&value| f(value)).sum::<f64>()).sum()
}
