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

/// An event of eating: grams per kg body weight and where its concentrations are.
#[derive(Debug, Clone, Copy)]
struct Event {
    amount: f64,
    start: u32,
    count: u32,
}

#[derive(Debug, Clone, Copy)]
struct Fitted {
    amount: f64,
    zero: f64,
    mu: f64,
    sigma: f64,
}

/// What is drawn from: person-days with the concentrations of everything eaten, laid out flat.
#[derive(Debug, Clone)]
pub struct Draws {
    days: Alias,
    events: Vec<Event>,
    event_starts: Vec<u32>,
    values: Vec<f64>,
    fitted: Vec<Fitted>,
    fitted_starts: Vec<u32>,
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

impl Draws {
    /// Prepares the days of those people (with how often each counts) and the sources of each food; a food may have
    /// several (one a substance), which add up. Foods without a source count nothing. `None` when nobody counts.
    #[must_use]
    pub fn new(survey: &Survey, members: &[(usize, f64)], sources: &[Vec<Source>]) -> Option<Self> {
        let mut values = vec![];
        let mut spans = vec![];
        let mut largest = 2_u32;
        for list in sources {
            let mut food = vec![];
            for source in list {
                match source {
                    Source::Samples(samples) if !samples.is_empty() => {
                        let start = u32::try_from(values.len()).ok()?;
                        let count = u32::try_from(samples.len()).ok()?;
                        largest = largest.max(count);
                        values.extend_from_slice(samples);
                        food.push(Ok((start, count)));
                    }
                    Source::Samples(_) => {}
                    Source::Model(model, factor) => food.push(Err((*model, *factor))),
                }
            }
            spans.push(food);
        }
        let mut draws = Self {
            days: Alias::new(
                &members
                    .iter()
                    .flat_map(|&(at, times)| {
                        let weight = survey.persons()[at].weight * times;
                        std::iter::repeat_n(weight, survey.days())
                    })
                    .collect::<Vec<f64>>(),
            )?,
            events: vec![],
            event_starts: vec![0],
            values,
            fitted: vec![],
            fitted_starts: vec![0],
            in_a_word: 32 / (u32::BITS - (largest - 1).leading_zeros()) as usize,
        };
        draws.in_a_word = draws.in_a_word.max(1);
        for &(at, _) in members {
            let body_weight = survey.persons()[at].body_weight_kg;
            for day in 0..survey.days() {
                for &(food, grams) in survey.day(at, day) {
                    let amount = grams / body_weight;
                    for span in &spans[food as usize] {
                        match *span {
                            Ok((start, count)) => draws.events.push(Event { amount, start, count }),
                            Err((model, factor)) => draws.fitted.push(Fitted {
                                amount: amount * factor,
                                zero: model.zero,
                                mu: model.rest.mu,
                                sigma: model.rest.sigma,
                            }),
                        }
                    }
                }
                draws.event_starts.push(u32::try_from(draws.events.len()).ok()?);
                draws.fitted_starts.push(u32::try_from(draws.fitted.len()).ok()?);
            }
        }
        Some(draws)
    }

    /// One part of the work: fills `out` with exposures, µg per kg body weight.
    fn part(&self, seed: u64, purpose: Purpose, index: u64, out: &mut [f64]) {
        let mut words = Words::new(seed, purpose, index);
        for value in out {
            let day = self.days.pick(words.next());
            let events = &self.events[self.event_starts[day] as usize..self.event_starts[day + 1] as usize];
            let mut sum = 0.0;
            for group in events.chunks(self.in_a_word) {
                let mut bits = words.next();
                for event in group {
                    let wide = u128::from(bits) * u128::from(event.count);
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the high half is below the count, the low half goes on"
                    )]
                    let (index, rest) = ((wide >> 64) as usize, wide as u64);
                    bits = rest;
                    sum += event.amount * self.values[event.start as usize + index];
                }
            }
            let fitted = &self.fitted[self.fitted_starts[day] as usize..self.fitted_starts[day + 1] as usize];
            for event in fitted {
                // the share of zeros and the quantile of the rest from one uniform number
                let u = unit(words.next());
                if u > event.zero {
                    let rest = ((u - event.zero) / (1.0 - event.zero)).clamp(1e-16, 1.0 - 1e-16);
                    sum += event.amount * libm::exp(event.mu + event.sigma * norm_quantile(rest));
                }
            }
            *value = sum;
        }
    }

    /// Exposures of `iterations` person-days drawn, µg per kg body weight, in the order of the draws. `threads` changes nothing but the time.
    #[must_use]
    pub fn run(
        &self,
        seed: u64,
        purpose: Purpose,
        first_part: u64,
        iterations: usize,
        threads: usize,
    ) -> Vec<f64> {
        let mut out = vec![0.0; iterations];
        let parts = iterations.div_ceil(PART);
        let each = parts.div_ceil(threads.clamp(1, 64)).max(1) * PART;
        let work = |from: usize, slice: &mut [f64]| {
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
        out
    }

    /// How many person-days there are to draw from.
    #[must_use]
    pub fn person_days(&self) -> usize {
        self.days.len()
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
