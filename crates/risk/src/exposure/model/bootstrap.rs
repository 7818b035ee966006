//! Uncertainty apart from variability: people and samples are drawn again in an outer loop, exposures in an inner one.
//!
//! Each replicate draws as many people as the group has, each with equal chance, and as many results of every food as there are. Equal
//! positions are drawn for all substances of a food, so that results of one sample stay together. The interval of a figure is
//! from 2.5 to 97.5 % of its replicates.

use super::Assessment;
use super::assessment::Sampled;
use super::figures::{Figure, Of, purpose, spelt};
use crate::exposure::acute::summary;
use crate::exposure::chronic::individual_means;
use crate::exposure::concentration::Bound;
use stats::quantile::{self, Kind};
use stats::random::{Purpose, Stream};

const PEOPLE: Purpose = Purpose::of("exposure: people of a replicate");
const SAMPLES: Purpose = Purpose::of("exposure: samples of a replicate");

/// Replicates between two questions whether to go on.
const PORTION: usize = 16;

/// Quantities of one replicate with their values.
type Replicate = Vec<((&'static str, String), f64)>;

impl Assessment {
    /// Puts the ends of the bootstrap interval on the figures it covers: mean and percentiles of OIM and of drawn days. `go_on` is asked
    /// from time to time; `false`: it was told to stop, and nothing more was done.
    pub(super) fn add_intervals(
        &self,
        of: Of,
        bound: Bound,
        threads: usize,
        figures: &mut [Figure],
        go_on: &mut dyn FnMut() -> bool,
    ) -> bool {
        let replicates = self.model.settings.replicates;
        if replicates < 2 {
            return true;
        }
        for (group, members) in self.groups.iter() {
            let mut found = vec![];
            while found.len() < replicates {
                let portion = found.len()..(found.len() + PORTION).min(replicates);
                found.extend(self.replicates(of, bound, members, portion, threads));
                if !go_on() {
                    return false;
                }
            }
            let Some(first) = found.first() else { continue };
            for (at, (key, _)) in first.iter().enumerate() {
                let values: Vec<f64> = found.iter().map(|replicate| replicate[at].1).collect();
                let ends = quantile::of(&values, &[0.025, 0.975], Kind::Seven);
                let fits = |figure: &&mut Figure| {
                    figure.group == *group && figure.model == key.0 && figure.quantity == key.1
                };
                if let Some(figure) = figures.iter_mut().find(fits) {
                    (figure.low, figure.high) = (Some(ends[0]), Some(ends[1]));
                }
            }
        }
        true
    }

    /// Portions of replicates in a whole run of one target and bound.
    pub(super) fn portions(&self) -> usize {
        match self.model.settings.replicates {
            0 | 1 => 0,
            n => n.div_ceil(PORTION) * self.groups.len(),
        }
    }

    /// Replicates of these numbers in their order; they are shared out among threads by their numbers.
    fn replicates(
        &self,
        of: Of,
        bound: Bound,
        members: &[usize],
        numbers: std::ops::Range<usize>,
        threads: usize,
    ) -> Vec<Replicate> {
        let count = numbers.len();
        let threads = threads.clamp(1, 64).min(count.max(1));
        let work = |thread: usize| {
            (numbers.start + thread..numbers.end)
                .step_by(threads)
                .map(|at| self.replicate(of, bound, members, at))
                .collect::<Vec<_>>()
        };
        let mut parts: Vec<std::vec::IntoIter<Replicate>> = if threads == 1 {
            vec![work(0).into_iter()]
        } else {
            std::thread::scope(|scope| {
                let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
                // a panic of a thread goes on here
                handles
                    .into_iter()
                    .map(|handle| {
                        handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).into_iter()
                    })
                    .collect()
            })
        };
        (0..count).filter_map(|at| parts[at % threads].next()).collect()
    }

    fn replicate(&self, of: Of, bound: Bound, members: &[usize], at: usize) -> Replicate {
        let settings = &self.model.settings;
        let other = self.with_samples_drawn_again(at);
        let mut stream = Stream::new(self.model.seed, PEOPLE, at as u64);
        let mut times = vec![0.0; members.len()];
        for _ in members {
            times[stream.index(members.len())] += 1.0;
        }
        let people: Vec<(usize, f64)> =
            members.iter().copied().zip(times).filter(|(_, times)| *times > 0.0).collect();
        let means = individual_means(&other.survey, &other.contents_of(of, bound));
        let mut repeated = vec![];
        let mut weighted = vec![];
        for &(person, times) in &people {
            let weight = other.survey.persons()[person].weight;
            weighted.push((means[person], weight * times));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
            repeated.extend(std::iter::repeat_n(means[person], times as usize));
        }
        let probabilities: Vec<f64> = settings.percentiles.iter().map(|p| p / 100.0).collect();
        #[expect(clippy::cast_precision_loss, reason = "a number of people")]
        let mean = repeated.iter().sum::<f64>() / repeated.len() as f64;
        let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        let mean_weighted = weighted.iter().map(|(value, weight)| value * weight).sum::<f64>() / total;
        let mut out =
            vec![(("OIM", "mean".to_owned()), mean), (("OIM", "mean_weighted".to_owned()), mean_weighted)];
        let plain = quantile::of(&repeated, &probabilities, Kind::Seven);
        let by_weight = quantile::weighted(&weighted, &probabilities);
        for (at, &p) in settings.percentiles.iter().enumerate() {
            out.push((("OIM", format!("{}_type7", spelt(p))), plain[at]));
            out.push((("OIM", format!("{}_weighted_invcdf", spelt(p))), by_weight[at]));
        }
        if settings.acute > 0
            && settings.replicate_draws > 0
            && let Some(draws) = other.draws(of, bound, &people)
        {
            let (purpose, first) = purpose(of);
            let first = first | (at as u64 + 1) << 24;
            let drawn = draws.run(self.model.seed, purpose, first, settings.replicate_draws, 1);
            let found = summary(&drawn[0], &probabilities);
            out.push((("acute", "mean".to_owned()), found.mean));
            for (&p, one) in settings.percentiles.iter().zip(found.percentiles) {
                out.push((("acute", spelt(p)), one.value));
            }
        }
        out
    }

    fn with_samples_drawn_again(&self, at: usize) -> Self {
        let mut other = self.clone();
        for food in 0..self.survey.foods().len() {
            for (cells, again) in self.cells.iter().zip(&mut other.cells) {
                let index = (at * self.survey.foods().len() + food) as u64;
                let mut stream = Stream::new(self.model.seed, SAMPLES, index);
                let list = &cells[food];
                // a sample drawn twice is two samples, in all substances alike
                let draw = |draw: usize| {
                    let one = &list[stream.index(list.len())];
                    let sample = match one.sample.as_str() {
                        "" => String::new(),
                        name => format!("{draw} {name}"),
                    };
                    Sampled { sample, result: one.result }
                };
                again[food] = (0..list.len()).map(draw).collect();
            }
        }
        other
    }
}
