//! Random replicates under the null hypothesis, each from the random stream of its own number.

use super::engine::{Cases, Frame};
use super::input::Panel;
use super::settings::{Model, Places, Settings, Trend};
use stats::random::{Alias, Multinomial, Purpose, Stream};
use std::ops::Range;

/// Crowded replicates drawn side by side.
const ABREAST: usize = 4;
const PURPOSE: Purpose = Purpose::of("signal/scan");

/// The stream of a replicate.
pub(crate) fn stream(seed: u64, replicate: usize) -> Stream {
    Stream::new(seed, PURPOSE, replicate as u64)
}

/// How replicates of a map of counts come about.
pub(crate) enum Simulator {
    /// Cases fall into cells in proportion to their expectation.
    Poisson {
        /// Draws a cell; the last one is everything outside the frame.
        alias: Alias,
        /// Place and column of every cell.
        cells: Vec<(u32, u32)>,
        /// Cases to draw.
        cases: u32,
    },
    /// The cases of every stratum (interval or place) fall into its own cells.
    Within(Vec<Self>),
    /// The same where cells get several cases each.
    Crowded {
        /// Shares the cases among the cells; the last one is everything outside the frame.
        shares: Multinomial,
        /// Place and column of every cell.
        cells: Vec<(u32, u32)>,
    },
    /// Cases are drawn from cases and controls without replacement.
    Bernoulli {
        /// Cell of every case and control; `cells.len()` stands for outside the frame.
        points: Vec<u32>,
        /// Place and column of every cell.
        cells: Vec<(u32, u32)>,
        /// Cases to draw.
        cases: u32,
    },
    /// Times are dealt anew to the cases, stratum by stratum.
    Permutation {
        /// By stratum: the place of every case, and the columns of the cases in the frame.
        strata: Vec<(Vec<u32>, Vec<u32>)>,
    },
}

impl Simulator {
    /// The simulator of a panel; `None` when the measure is empty.
    pub(crate) fn new(panel: &Panel, settings: &Settings, frame: Frame) -> Option<Self> {
        let t = panel.intervals;
        let n = panel.places.len();
        let kept = |interval: usize| {
            (frame.first..frame.first + frame.columns)
                .contains(&interval)
                .then(|| super::places::index(interval - frame.first))
        };
        let all = || {
            (0..n * t).filter_map(|cell| {
                kept(cell % t).map(|column| (cell, (super::places::index(cell / t), column)))
            })
        };
        match settings.model {
            Model::Permutation => Some(Self::Permutation {
                strata: panel
                    .strata
                    .iter()
                    .map(|list| {
                        (
                            list.iter().map(|c| c.0).collect(),
                            list.iter().filter_map(|c| kept(c.1 as usize)).collect(),
                        )
                    })
                    .collect(),
            }),
            Model::Bernoulli => {
                let mut points = Vec::new();
                let mut cells = Vec::new();
                let mut inside = 0.0;
                for (cell, at) in all() {
                    let m = panel.measure[cell];
                    inside += m;
                    points.extend(std::iter::repeat_n(super::places::index(cells.len()), count(m)));
                    cells.push(at);
                }
                let outside = panel.measure.iter().sum::<f64>() - inside;
                points.extend(std::iter::repeat_n(super::places::index(cells.len()), count(outside)));
                Some(Self::Bernoulli { points, cells, cases: panel.cases.iter().sum() })
            }
            _ => {
                let draw = |here: &dyn Fn(usize) -> bool, crowded: bool| {
                    let (cells, mut weights): (Vec<_>, Vec<f64>) = all()
                        .filter(|(cell, _)| here(*cell) && panel.measure[*cell] > 0.0)
                        .map(|(cell, at)| (at, panel.measure[cell]))
                        .unzip();
                    let inside: f64 = weights.iter().sum();
                    let of = |all: &mut dyn Iterator<Item = f64>| all.sum::<f64>();
                    let all = of(&mut panel.measure.iter().enumerate().filter(|m| here(m.0)).map(|m| *m.1));
                    weights.push((all - inside).max(0.0));
                    if weights.last().is_some_and(|w| *w <= all * 1e-12) {
                        weights.pop();
                    }
                    let cases = panel.cases.iter().enumerate().filter(|c| here(c.0)).map(|c| *c.1).sum();
                    let alias = Alias::new(&weights)?;
                    Some(if crowded && cases as usize > 4 * weights.len() {
                        Self::Crowded { shares: Multinomial::new(u64::from(cases), &weights), cells }
                    } else {
                        Self::Poisson { alias, cells, cases }
                    })
                };
                let (groups, of): (usize, &dyn Fn(usize) -> usize) =
                    match (settings.trend, settings.place_risk) {
                        (Trend::Stratified, _) => (t, &|cell| cell % t),
                        (_, Places::Stratified) => (n, &|cell| cell / t),
                        _ => return draw(&|_| true, true),
                    };
                // a stratum without cases draws none
                let some = |g: &usize| (0..n * t).any(|cell| of(cell) == *g && panel.cases[cell] > 0);
                let strata = (0..groups).filter(some).map(|g| draw(&|cell| of(cell) == g, false));
                strata.collect::<Option<_>>().map(Self::Within)
            }
        }
    }

    /// The cases of replicates in the frame.
    pub(crate) fn draws(&self, seed: u64, replicates: Range<usize>) -> Vec<Cases> {
        let (mut out, mut deck) = (Vec::with_capacity(replicates.len()), Vec::new());
        let mut next = replicates.start;
        if let Self::Crowded { shares, cells } = self {
            while next + ABREAST <= replicates.end {
                let mut some: [Cases; ABREAST] = std::array::from_fn(|_| Cases::with_capacity(cells.len()));
                shares.draw(
                    std::array::from_fn::<_, ABREAST, _>(|k| stream(seed, next + k)),
                    |k, cell, n| {
                        fill(&mut some[k], cells, cell, n);
                    },
                );
                out.extend(some);
                next += ABREAST;
            }
        }
        out.extend((next..replicates.end).map(|r| {
            let mut cases = Cases::new();
            self.draw(&mut stream(seed, r), &mut deck, &mut cases);
            cases
        }));
        out
    }

    /// Adds the cases of a replicate in the frame. `deck` is kept between calls for its memory only.
    fn draw(&self, stream: &mut Stream, deck: &mut Vec<u32>, out: &mut Cases) {
        match self {
            Self::Within(strata) => strata.iter().for_each(|s| s.draw(stream, deck, out)),
            Self::Crowded { shares, cells } => {
                shares.draw([stream.clone()], |_, cell, count| fill(out, cells, cell, count));
            }
            Self::Poisson { alias, cells, cases } => {
                for _ in 0..*cases {
                    if let Some(at) = cells.get(alias.draw(stream)) {
                        out.push((at.0, at.1, 1));
                    }
                }
            }
            Self::Bernoulli { points, cells, cases } => {
                deal(points, *cases as usize, stream, deck, |_, cell| {
                    if let Some(at) = cells.get(cell as usize) {
                        out.push((at.0, at.1, 1));
                    }
                });
            }
            Self::Permutation { strata } => {
                for (places, columns) in strata {
                    deal(places, columns.len(), stream, deck, |k, place| out.push((place, columns[k], 1)));
                }
            }
        }
    }
}

/// Adds the cases of a cell, if it lies in the frame.
fn fill(out: &mut Cases, cells: &[(u32, u32)], cell: usize, count: u64) {
    if let Some(at) = cells.get(cell) {
        // no more than there are cases
        out.push((at.0, at.1, u32::try_from(count).unwrap_or(u32::MAX)));
    }
}

/// Draws `count` items without replacement: the first steps of a Fisher–Yates shuffle of a fresh copy.
fn deal(
    items: &[u32],
    count: usize,
    stream: &mut Stream,
    deck: &mut Vec<u32>,
    mut each: impl FnMut(usize, u32),
) {
    deck.clear();
    deck.extend_from_slice(items);
    for k in 0..count.min(items.len()) {
        let other = k + stream.index(items.len() - k);
        deck.swap(k, other);
        each(k, deck[k]);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number of cases and controls"
)]
fn count(m: f64) -> usize {
    m.round().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_dealt_equally_often() {
        let (mut stream, mut deck) = (stream(1, 0), Vec::new());
        let mut counts = [0_u32; 27];
        for _ in 0..6000 {
            let mut code = 0;
            deal(&[0, 1, 2], 3, &mut stream, &mut deck, |_, item| code = 3 * code + item as usize);
            counts[code] += 1;
        }
        let seen: Vec<u32> = counts.into_iter().filter(|n| *n > 0).collect();
        assert_eq!(seen.len(), 6, "each item once");
        // five degrees of freedom: 20.5 is passed once in a thousand
        let chi2: f64 = seen.iter().map(|n| (f64::from(*n) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 20.5, "{seen:?}");
    }

    #[test]
    fn within_strata_every_one_keeps_its_cases() {
        let stratum = |column: u32, cases| Simulator::Poisson {
            alias: Alias::new(&[1.0, 2.0]).expect("weights"),
            cells: vec![(0, column), (1, column)],
            cases,
        };
        let simulator = Simulator::Within(vec![stratum(0, 3), stratum(1, 5)]);
        let drawn = simulator.draws(7, 0..20);
        for cases in &drawn {
            let of = |column| cases.iter().filter(|c| c.1 == column).map(|c| c.2).sum::<u32>();
            assert_eq!([of(0), of(1)], [3, 5]);
        }
        assert!(drawn.iter().any(|cases| *cases != drawn[0]));
    }

    #[test]
    fn a_replicate_depends_on_its_number_alone() {
        let weights: Vec<f64> = (1..=9).map(f64::from).collect();
        let cells: Vec<(u32, u32)> = (0..9).map(|place| (place, 0)).collect();
        let crowded = Simulator::Crowded { shares: Multinomial::new(400, &weights), cells: cells.clone() };
        let alias = Alias::new(&weights).expect("weights");
        let sparse = Simulator::Poisson { alias, cells, cases: 20 };
        for simulator in [crowded, sparse] {
            let all = simulator.draws(5, 0..11);
            assert_ne!(all[0], all[1]);
            for from in [0, 3, 10] {
                assert_eq!(simulator.draws(5, from..11), all[from..], "however they are grouped");
            }
        }
    }
}
