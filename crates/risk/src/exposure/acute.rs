//! Short-term exposure by Monte Carlo: person-days are drawn by their weights, every food eaten meets a concentration of
//! its own, the sum is divided by the person's own body weight.
//!
//! The draws come in parts of [`PART`] person-days, each with the stream of its own number, so that the answer has the same bits for every
//! number of threads. One word of 64 random bits serves several draws from small sets in turn (the fraction left by one
//! draw is the next one's number) as long as the product of the sets' sizes stays below 2³²: no value is more than
//! 2⁻³² off its probability.
//!
//! Foods whose processing factor has a distribution, or whose units differ from the composite measured ([`Variation`]), take words of their
//! own after all others of a day, so that the draws of the rest stay what they are without.

mod variation;

pub use variation::{Processing, Spread, Units, Variation};

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
    /// One of those, times what differs from portion to portion.
    Varied(Box<Self>, Variation),
}

impl Source {
    /// Mean concentration; units have mean 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Samples(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
            Self::Model(model, factor) => model.mean() * factor,
            Self::Varied(source, variation) => {
                source.mean() * variation.processing.map_or(1.0, |law| law.mean())
            }
        }
    }

    /// How it is drawn from; `None`: nothing to draw from.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Samples(samples) if samples.is_empty() => None,
            Self::Samples(_) => Some(Kind::Samples),
            Self::Model(..) => Some(Kind::Model),
            Self::Varied(source, _) => source.kind().map(|_| Kind::Varied),
        }
    }
}

/// How a source is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Samples,
    Model,
    Varied,
}

/// What a varied source is drawn from: values or a model of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    Set(u32),
    Model(u32),
}

/// A source of a day's event: the number among those of its kind.
#[derive(Debug, Clone, Copy)]
struct Slot(Kind, u32);

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
    /// How the sources of each food are drawn from.
    pattern: Vec<Vec<Kind>>,
    days: Alias,
    /// Events by kind of source, with where each day starts.
    events: Vec<Event>,
    event_starts: Vec<u32>,
    fitted: Vec<Event>,
    fitted_starts: Vec<u32>,
    varied: Vec<(Event, f64)>,
    varied_starts: Vec<u32>,
    /// The food of each source, by kind.
    foods: [Vec<u32>; 3],
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
    varied: Vec<(Inner, Variation)>,
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
        let mut foods = [vec![], vec![], vec![]];
        let slots: Vec<Vec<Slot>> = pattern
            .iter()
            .zip(0_u32..)
            .map(|(kinds, food)| {
                let number = |&kind: &Kind| {
                    let list: &mut Vec<u32> = &mut foods[kind as usize];
                    list.push(food);
                    u32::try_from(list.len() - 1).ok().map(|at| Slot(kind, at))
                };
                kinds.iter().filter_map(number).collect()
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
            varied: vec![],
            varied_starts: vec![0],
            foods,
            pattern,
        };
        for &(at, _) in members {
            let body_weight = survey.persons()[at].body_weight_kg;
            for day in 0..survey.days() {
                for &(food, grams) in survey.day(at, day) {
                    for &Slot(kind, set) in &slots[food as usize] {
                        let event = Event { amount: grams / body_weight, set };
                        match kind {
                            Kind::Samples => out.events.push(event),
                            Kind::Model => out.fitted.push(event),
                            Kind::Varied => out.varied.push((event, grams)),
                        }
                    }
                }
                out.varied_starts.push(u32::try_from(out.varied.len()).ok()?);
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

/// How the sources of each food are drawn from; a source without samples is none.
fn pattern(sources: &[Vec<Source>]) -> Vec<Vec<Kind>> {
    sources.iter().map(|food| food.iter().filter_map(Source::kind).collect()).collect()
}

/// The sources of one set in order, as draws keep them.
#[derive(Default)]
struct Gathered<'a> {
    spans: Vec<Span>,
    values: Vec<&'a [f64]>,
    count: u32,
    fitted: Vec<(SpikedLognormal, f64)>,
    varied: Vec<(Inner, Variation)>,
}

impl<'a> Gathered<'a> {
    /// Takes plain sources first, those that vary after them, so that the numbers of the plain ones are those of the layout.
    fn new(sources: &'a [Vec<Source>]) -> Option<Self> {
        let mut out = Self::default();
        let all = || sources.iter().flatten().filter(|source| source.kind().is_some());
        for source in all() {
            out.plain(source)?;
        }
        for source in all() {
            if let Source::Varied(source, variation) = source {
                let inner = out.plain(source)?;
                out.varied.push((inner, *variation));
            }
        }
        Some(out)
    }

    /// The number of a source that does not vary itself.
    fn plain(&mut self, source: &'a Source) -> Option<Inner> {
        match source {
            Source::Samples(samples) => {
                let count = u32::try_from(samples.len()).ok()?;
                self.spans.push(Span { start: self.count, count });
                self.values.push(samples);
                self.count = self.count.checked_add(count)?;
                u32::try_from(self.spans.len() - 1).ok().map(Inner::Set)
            }
            Source::Model(model, factor) => {
                self.fitted.push((*model, *factor));
                u32::try_from(self.fitted.len() - 1).ok().map(Inner::Model)
            }
            // stands among the plain ones for nothing
            Source::Varied(..) => Some(Inner::Set(0)),
        }
    }
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
            varied: vec![],
            in_a_word: 1,
        };
        let mut largest = 2_u32;
        for (at, sources) in sets.iter().enumerate() {
            if !layout.fits(sources) {
                return None;
            }
            let found = Gathered::new(sources)?;
            largest = found.spans.iter().fold(largest, |most, span| most.max(span.count));
            if at == 0 {
                out.values = vec![0.0; found.count as usize * sets.len()];
                (out.spans, out.fitted, out.varied) = (found.spans, found.fitted, found.varied);
            } else if found.spans != out.spans || found.fitted != out.fitted || found.varied != out.varied {
                return None;
            }
            for (place, &value) in found.values.into_iter().flatten().enumerate() {
                out.values[place * sets.len() + at] = value;
            }
        }
        out.in_a_word = (32 / (u32::BITS - (largest - 1).leading_zeros()) as usize).max(1);
        Some(out)
    }

    /// Draws a person-day and tells what each of its events adds, µg per kg body weight, one of each set.
    #[inline(always)]
    fn day<const SETS: usize>(&self, words: &mut Words, mut add: impl FnMut(Slot, [f64; SETS])) {
        let layout = &*self.layout;
        let day = layout.days.pick(words.next());
        let of = |starts: &[u32]| starts[day] as usize..starts[day + 1] as usize;
        for group in layout.events[of(&layout.event_starts)].chunks(self.in_a_word) {
            let mut bits = words.next();
            for event in group {
                let values: [f64; SETS] = self.sample(event.set, &mut bits);
                add(Slot(Kind::Samples, event.set), values.map(|value| event.amount * value));
            }
        }
        for event in &layout.fitted[of(&layout.fitted_starts)] {
            if let Some((factor, drawn)) = self.modelled(event.set, words) {
                add(Slot(Kind::Model, event.set), [event.amount * factor * drawn; SETS]);
            }
        }
        for (event, grams) in &layout.varied[of(&layout.varied_starts)] {
            let (inner, variation) = &self.varied[event.set as usize];
            let drawn: [f64; SETS] = match inner {
                Inner::Set(set) => {
                    let mut bits = words.next();
                    self.sample(*set, &mut bits)
                }
                Inner::Model(model) => {
                    [self.modelled(*model, words).map_or(0.0, |(factor, drawn)| factor * drawn); SETS]
                }
            };
            let factor = event.amount * variation.draw(*grams, words);
            add(Slot(Kind::Varied, event.set), drawn.map(|value| value * factor));
        }
    }

    /// The values of all sets at a position drawn with the high end of some random bits, which leaves the rest to go on with.
    #[inline(always)]
    fn sample<const SETS: usize>(&self, set: u32, bits: &mut u64) -> [f64; SETS] {
        let span = self.spans[set as usize];
        let wide = u128::from(*bits) * u128::from(span.count);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the high half is below the count, the low half goes on"
        )]
        let (index, rest) = ((wide >> 64) as usize, wide as u64);
        *bits = rest;
        let at = (span.start as usize + index) * SETS;
        let values = &self.values[at..at + SETS];
        std::array::from_fn(|k| values[k])
    }

    /// The factor of a model and a value of it; `None` for a true zero. The share of zeros and the quantile of the rest come from one number.
    fn modelled(&self, model: u32, words: &mut Words) -> Option<(f64, f64)> {
        let u = unit(words.next());
        let (model, factor) = &self.fitted[model as usize];
        (u > model.zero).then(|| {
            let rest = ((u - model.zero) / (1.0 - model.zero)).clamp(1e-16, 1.0 - 1e-16);
            (*factor, libm::exp(model.rest.mu + model.rest.sigma * norm_quantile(rest)))
        })
    }

    /// One part of the work: fills `out` with exposures, µg per kg body weight, one of each set.
    fn part<const SETS: usize>(&self, seed: u64, purpose: Purpose, index: u64, out: &mut [[f64; SETS]]) {
        let mut words = Words::new(seed, purpose, index);
        for place in out {
            let mut sums = [0.0; SETS];
            self.day::<SETS>(&mut words, |_, values| {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value;
                }
            });
            *place = sums;
        }
    }

    /// Share of each food in the exposure of the draws at or above a threshold, for each set: the same days are drawn once more. `exposures`
    /// are those of [`Draws::run`] with the same seed, purpose and first part; foods as the sources were given.
    #[must_use]
    pub fn tail(
        &self,
        (seed, purpose, first_part): (u64, Purpose, u64),
        exposures: &[Vec<f64>],
        thresholds: &[f64],
    ) -> Vec<Vec<f64>> {
        match self.sets {
            1 => self.tail_sets::<1>((seed, purpose, first_part), exposures, thresholds),
            2 => self.tail_sets::<2>((seed, purpose, first_part), exposures, thresholds),
            3 => self.tail_sets::<3>((seed, purpose, first_part), exposures, thresholds),
            _ => vec![],
        }
    }

    fn tail_sets<const SETS: usize>(
        &self,
        (seed, purpose, first_part): (u64, Purpose, u64),
        exposures: &[Vec<f64>],
        thresholds: &[f64],
    ) -> Vec<Vec<f64>> {
        let layout = &*self.layout;
        let mut sums = vec![vec![0.0; layout.pattern.len()]; SETS];
        let draws = exposures.first().map_or(0, Vec::len);
        let reaches = |set: usize, place: usize| exposures[set][place] >= thresholds[set];
        for from in (0..draws).step_by(PART) {
            let mut words = Words::new(seed, purpose, first_part + (from / PART) as u64);
            for place in from..(from + PART).min(draws) {
                let high: [bool; SETS] = std::array::from_fn(|set| reaches(set, place));
                self.day::<SETS>(&mut words, |Slot(kind, at), values| {
                    let food = layout.foods[kind as usize][at as usize] as usize;
                    for (set, sums) in sums.iter_mut().enumerate().filter(|(set, _)| high[*set]) {
                        sums[food] += values[set];
                    }
                });
            }
        }
        for shares in &mut sums {
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share = if all > 0.0 { *share / all } else { 0.0 });
        }
        sums
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
