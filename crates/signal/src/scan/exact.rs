//! What a p-value must lie between, without a replicate: the chance of one window, and of all windows added up.
//!
//! Given the number of cases, the cases of a window are binomial (Poisson model), hypergeometric (Bernoulli) or a sum of
//! hypergeometric numbers, one a stratum (permutation). That *this* window reaches a value is part of *any* window reaching
//! it, so its chance is a bound from below; the sum over all different windows is Bonferroni's bound from above, nearly
//! exact where windows are few and overlap little.

use super::engine::{Engine, Found};
use super::inference::reaches;
use super::input::Panel;
use super::settings::{Model, Settings};
use stats::dist::{Binomial, Discrete as _};
use stats::special::ln_choose;
use std::collections::BTreeSet;

/// Windows beyond which the sum over all of them is not made.
const MANY: usize = 2000;

/// Bounds of a p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    /// The chance that this window reaches the value.
    pub(crate) least: f64,
    /// The sum of these chances over all different windows, at most 1; `None` where they are many.
    pub(crate) most: Option<f64>,
    /// Different windows; `None` where they are many.
    pub(crate) windows: Option<usize>,
}

/// A set of places over a span of columns.
struct Window<'a> {
    /// Ascending.
    members: &'a [u32],
    from: usize,
    to: usize,
    measure: f64,
    penalty: f64,
}

struct Null<'a> {
    engine: &'a Engine<'a>,
    panel: &'a Panel,
    model: Model,
}

/// The bounds of the p-value of a window found; `all` holds the windows replicates are scanned with. `None` where the law of a
/// window's cases has no closed form (randomisation within strata of the Poisson model).
pub(crate) fn limits(
    found: &Found,
    engine: &Engine<'_>,
    all: &Engine<'_>,
    panel: &Panel,
    settings: &Settings,
) -> Option<Limits> {
    if settings.stratified() {
        return None;
    }
    let family = &engine.families[found.family];
    let mut members = family.order[..found.size].to_vec();
    members.sort_unstable();
    let penalty = engine.outlines[family.outline as usize].penalty;
    let window =
        Window { members: &members, from: found.from, to: found.to, measure: found.measure, penalty };
    let least = Null { engine, panel, model: settings.model }.chance(&window, found.value);
    let (mut most, mut windows) = (None, None);
    if let Some(different) = different(all) {
        let null = Null { engine: all, panel, model: settings.model };
        let sum: f64 = different
            .iter()
            .map(|(members, penalty, from, to)| {
                let measure = members.iter().map(|p| all.measure(*p, *from, *to)).sum();
                let penalty = f64::from_bits(*penalty);
                null.chance(&Window { members, from: *from, to: *to, measure, penalty }, found.value)
            })
            .sum();
        most = Some(sum.min(1.0));
        windows = Some(different.len());
    }
    Some(Limits { least, most, windows })
}

/// What tells windows apart: places, bits of the penalty, first column and one past the last.
type Key = (Vec<u32>, u64, usize, usize);

/// The windows that differ, if they are few enough.
fn different(engine: &Engine<'_>) -> Option<BTreeSet<Key>> {
    let spans = engine.frame.spans();
    let mut all = BTreeSet::new();
    for family in engine.families {
        let penalty = engine.outlines[family.outline as usize].penalty.to_bits();
        for size in (1..=family.order.len()).filter(|k| family.whole[k - 1]) {
            let mut members = family.order[..size].to_vec();
            members.sort_unstable();
            for &(from, to) in &spans {
                all.insert((members.clone(), penalty, from, to));
            }
            if all.len() > MANY {
                return None;
            }
        }
    }
    Some(all)
}

impl Null<'_> {
    /// The chance that the window reaches the value.
    fn chance(&self, window: &Window<'_>, value: f64) -> f64 {
        let (law, m) = (&self.engine.law, window.measure);
        let cases = law.cases();
        let counts = |c: u32| self.engine.value(c, m, window.penalty).is_some_and(|v| reaches(v, value));
        if self.model != Model::Poisson {
            return (0..)
                .zip(self.weights(window))
                .filter(|(c, w)| *w > 0.0 && counts(*c))
                .map(|c| c.1)
                .sum();
        }
        let Ok(binomial) = Binomial::new(f64::from(cases), (m / law.total()).clamp(0.0, 1.0)) else {
            return 0.0;
        };
        // the ratio falls to the even number of cases and rises from there
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the cases"
        )]
        let even = (law.expected(m).floor() as u32).min(cases);
        let enough = first(even + 1, cases + 1, counts);
        let too_many = first(0, even + 1, |c| !counts(c));
        let mut chance = 0.0;
        if enough <= cases {
            chance += binomial.sf(f64::from(enough) - 1.0);
        }
        if too_many > 0 {
            chance += binomial.cdf(f64::from(too_many) - 1.0);
        }
        chance
    }

    /// The chance of 0, 1, … cases in the window.
    fn weights(&self, window: &Window<'_>) -> Vec<f64> {
        let law = &self.engine.law;
        if self.model == Model::Bernoulli {
            return hypergeometric(law.total().round(), window.measure.round(), f64::from(law.cases()));
        }
        let first = self.engine.frame.first;
        let time = first + window.from..first + window.to;
        let mut sum = vec![1.0];
        for stratum in &self.panel.strata {
            let count = |of: &dyn Fn(&(u32, u32)) -> bool| {
                f64::from(super::places::index(stratum.iter().filter(|case| of(case)).count()))
            };
            let here = count(&|case| window.members.binary_search(&case.0).is_ok());
            let then = count(&|case| time.contains(&(case.1 as usize)));
            let next = hypergeometric(f64::from(super::places::index(stratum.len())), here, then);
            let mut wider = vec![0.0; sum.len() + next.len() - 1];
            for (i, a) in sum.iter().enumerate() {
                for (j, b) in next.iter().enumerate() {
                    wider[i + j] += a * b;
                }
            }
            sum = wider;
        }
        sum
    }
}

/// The first number of a range from which on the answer is yes.
fn first(mut from: u32, mut to: u32, yes: impl Fn(u32) -> bool) -> u32 {
    while from < to {
        let middle = u32::midpoint(from, to);
        if yes(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

/// The chances of 0, 1, … marked ones among `drawn` of `all`, of which `marked` are marked.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers below 2³²")]
fn hypergeometric(all: f64, marked: f64, drawn: f64) -> Vec<f64> {
    let whole = ln_choose(all, drawn);
    (0..=marked.min(drawn) as u32)
        .map(|k| {
            let k = f64::from(k);
            if drawn - k > all - marked {
                return 0.0;
            }
            (ln_choose(marked, k) + ln_choose(all - marked, drawn - k) - whole).exp()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_from_an_urn_has_the_chances_of_counting() {
        // 2 of 5 marked, 3 drawn: 1, 6 and 3 of the 10 ways hold none, one and both
        for (w, ways) in hypergeometric(5.0, 2.0, 3.0).into_iter().zip([1.0, 6.0, 3.0]) {
            assert!((w - ways / 10.0).abs() < 1e-12);
        }
        // 4 of 5 marked: three drawn hold two at least
        assert!(hypergeometric(5.0, 4.0, 3.0)[..2].iter().all(|w| *w == 0.0));
    }
}
