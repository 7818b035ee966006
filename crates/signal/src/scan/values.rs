//! Scans of values instead of counts: normal (weighted or not), ordinal and multinomial.
//!
//! Normal: Kulldorff, Huang, Konty, *Int. J. Health Geogr.* 8:58 (2009); weighted: Huang et al., *JASA* 104:886 (2009).
//! Ordinal: Jung, Kulldorff, Klassen, *Stat. Med.* 26:1594 (2007), order-restricted estimates by pooling adjacent
//! violators. Multinomial: Jung, Kulldorff, Richard, *Stat. Med.* 29:1910 (2010). Replicates permute the values among the
//! observations.

use super::engine::{Found, Frame, greater};
use super::input::{Panel, Point};
use super::places::{Family, Outline};
use super::settings::{Areas, Model, Settings};
use stats::random::Stream;

/// Sums over a set of observations: number, weight and weighted value; or a count per category.
pub(crate) type Sums = Vec<f64>;

/// A scan of values: what stays the same over the replicates.
pub(crate) struct Values<'a> {
    pub(crate) frame: Frame,
    pub(crate) families: &'a [Family],
    pub(crate) outlines: &'a [Outline],
    model: Model,
    areas: Areas,
    min_high: u32,
    min_low: u32,
    places: usize,
    /// Place and column of every observation, the column `u32::MAX` outside the frame.
    at: Vec<(u32, u32)>,
    /// Value and weight of every observation.
    marks: Vec<(f64, f64)>,
    /// Number of sums per cell.
    width: usize,
    all: Sums,
    /// Weighted sum of squares about zero.
    squares: f64,
}

fn entropy(c: f64, n: f64) -> f64 {
    if c > 0.0 { c * (c / n).ln() } else { 0.0 }
}

impl<'a> Values<'a> {
    pub(crate) fn new(
        panel: &Panel,
        settings: &Settings,
        frame: Frame,
        families: &'a [Family],
        outlines: &'a [Outline],
    ) -> Self {
        let column = |p: &Point| {
            let t = p.interval as usize;
            if (frame.first..frame.first + frame.columns).contains(&t) {
                super::places::index(t - frame.first)
            } else {
                u32::MAX
            }
        };
        let width = if settings.model == Model::Normal { 3 } else { panel.categories.len() };
        let mut this = Self {
            frame,
            families,
            outlines,
            model: settings.model,
            areas: settings.areas,
            min_high: settings.min_high,
            min_low: settings.min_low,
            places: panel.places.len(),
            at: panel.points.iter().map(|p| (p.place, column(p))).collect(),
            marks: panel.points.iter().map(|p| (p.value, p.weight)).collect(),
            width,
            all: vec![0.0; width],
            squares: panel.points.iter().map(|p| p.weight * p.value * p.value).sum(),
        };
        let mut all = vec![0.0; width];
        for mark in &this.marks {
            this.add(&mut all, *mark);
        }
        this.all = all;
        this
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a category number")]
    fn add(&self, sums: &mut [f64], (value, weight): (f64, f64)) {
        if self.model == Model::Normal {
            sums[0] += 1.0;
            sums[1] += weight;
            sums[2] += weight * value;
        } else {
            sums[value as usize] += 1.0;
        }
    }

    /// The observed order of the values.
    pub(crate) fn observed(&self) -> Vec<(f64, f64)> {
        self.marks.clone()
    }

    /// The values in random order.
    pub(crate) fn permuted(&self, stream: &mut Stream) -> Vec<(f64, f64)> {
        let mut marks = self.marks.clone();
        stream.shuffle(&mut marks);
        marks
    }

    /// The greatest value over all windows, `None` when no window counts.
    pub(crate) fn maximum(&self, marks: &[(f64, f64)]) -> Option<f64> {
        let mut best = None;
        self.windows(marks, |found| best = greater(best, found.value));
        best
    }

    /// Every window that counts.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of observations")]
    pub(crate) fn windows(&self, marks: &[(f64, f64)], mut each: impl FnMut(&Found)) {
        let (f, w) = (self.frame, self.width);
        let n = f.columns + 1;
        let row = n * w;
        let mut before = vec![0.0; self.places * row];
        for (&(place, column), mark) in self.at.iter().zip(marks) {
            if column != u32::MAX {
                let at = place as usize * row + (column as usize + 1) * w;
                self.add(&mut before[at..at + w], *mark);
            }
        }
        for place in before.chunks_mut(row) {
            for i in w..row {
                place[i] += place[i - w];
            }
        }
        let mut sums = vec![0.0; row];
        let mut inside = vec![0.0; w];
        for (index, family) in self.families.iter().enumerate() {
            let penalty = self.outlines[family.outline as usize].penalty;
            sums.fill(0.0);
            for (size, (&place, &whole)) in family.order.iter().zip(&family.whole).enumerate() {
                for (sum, b) in sums.iter_mut().zip(&before[place as usize * row..]) {
                    *sum += b;
                }
                if !whole {
                    continue;
                }
                let mut look = |from: usize, to: usize| {
                    for k in 0..w {
                        inside[k] = sums[to * w + k] - sums[from * w + k];
                    }
                    if let Some(value) = self.ratio(&inside) {
                        let cases = if self.model == Model::Normal { inside[0] } else { inside.iter().sum() };
                        each(&Found {
                            value: value * penalty,
                            family: index,
                            size: size + 1,
                            from,
                            to,
                            cases: cases as u32,
                            measure: cases,
                        });
                    }
                };
                for to in f.end_from.max(f.shortest)..=f.columns {
                    for length in f.shortest..=f.longest.min(to) {
                        look(to - length, to);
                    }
                }
                if f.whole && f.columns > f.longest {
                    look(0, f.columns);
                }
            }
        }
    }

    /// The log-likelihood ratio of a window from its sums, if the window counts.
    fn ratio(&self, inside: &[f64]) -> Option<f64> {
        match self.model {
            Model::Normal => self.normal(inside),
            Model::Multinomial => self.categories(inside, false, false),
            _ => {
                let high = self.areas.high().then(|| self.categories(inside, true, false)).flatten();
                let low = self.areas.low().then(|| self.categories(inside, true, true)).flatten();
                match (high, low) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                }
            }
        }
    }

    fn normal(&self, inside: &[f64]) -> Option<f64> {
        let (n, all) = (inside[0], self.all[0]);
        if n < 1.0 || all - n < 1.0 {
            return None;
        }
        let (mean_in, mean_out) =
            (inside[2] / inside[1], (self.all[2] - inside[2]) / (self.all[1] - inside[1]));
        let high = self.areas.high() && mean_in > mean_out && n >= f64::from(self.min_high);
        let low = self.areas.low() && mean_in < mean_out && n >= f64::from(self.min_low.max(1));
        if !high && !low {
            return None;
        }
        let null = self.squares - self.all[2] * self.all[2] / self.all[1];
        let rest = self.squares - inside[2] * mean_in - (self.all[2] - inside[2]) * mean_out;
        Some((0.5 * all * (null / rest.max(f64::MIN_POSITIVE)).ln()).max(0.0))
    }

    /// Blocks of categories that share one ratio of inside to outside: rising from category to category for high
    /// clusters, falling for low ones, every category for itself without order.
    pub(crate) fn blocks(&self, inside: &[f64], ordered: bool, falling: bool) -> Vec<(usize, usize)> {
        let (c, total): (f64, f64) = (inside.iter().sum(), self.all.iter().sum());
        let d = total - c;
        let mut blocks: Vec<(usize, usize, f64, f64)> = Vec::with_capacity(inside.len());
        for (k, (&x, all)) in inside.iter().zip(&self.all).enumerate() {
            let mut block = (k, k + 1, x, all - x);
            while let Some(last) = blocks.last().filter(|_| ordered) {
                // ratio of the earlier block above (below) that of the later one breaks the order
                let (a, b) = (last.2 / c * (block.3 / d), block.2 / c * (last.3 / d));
                let broken = if falling { a < b } else { a > b };
                if !broken {
                    break;
                }
                block = (last.0, block.1, last.2 + block.2, last.3 + block.3);
                blocks.pop();
            }
            blocks.push(block);
        }
        blocks.into_iter().map(|b| (b.0, b.1)).collect()
    }

    fn categories(&self, inside: &[f64], ordered: bool, falling: bool) -> Option<f64> {
        let (c, total): (f64, f64) = (inside.iter().sum(), self.all.iter().sum());
        let d = total - c;
        let least = if falling { self.min_low } else { self.min_high };
        if c < f64::from(least.max(1)) || d < 1.0 {
            return None;
        }
        let blocks = self.blocks(inside, ordered, falling);
        if blocks.len() < 2 {
            return None;
        }
        let value: f64 = blocks
            .iter()
            .map(|&(a, b)| {
                let (x, all): (f64, f64) = (inside[a..b].iter().sum(), self.all[a..b].iter().sum());
                entropy(x, c) + entropy(all - x, d) - entropy(all, total)
            })
            .sum();
        Some(value.max(0.0))
    }

    /// Sums of a window.
    pub(crate) fn sums(&self, found: &Found) -> Sums {
        let mut sums = vec![0.0; self.width];
        let members = &self.families[found.family].order[..found.size];
        for (&(place, column), mark) in self.at.iter().zip(&self.marks) {
            if column != u32::MAX
                && (found.from..found.to).contains(&(column as usize))
                && members.contains(&place)
            {
                self.add(&mut sums, *mark);
            }
        }
        sums
    }

    /// Sums of all observations.
    pub(crate) fn all(&self) -> &[f64] {
        &self.all
    }

    /// Variance about the means inside and outside, with one degree of freedom fewer than observations.
    pub(crate) fn variance(&self, s: &[f64]) -> f64 {
        let rest = self.squares - s[2] * s[2] / s[1] - (self.all[2] - s[2]).powi(2) / (self.all[1] - s[1]);
        rest / (self.all[0] - 1.0)
    }
}
