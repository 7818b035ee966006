//! How good an order is: days earlier, area under the curve within one inspector, reliability, and the lines to hold them against.

use serde::{Deserialize, Serialize};
use stats::random::{Purpose, Stream};

const RANDOM: Purpose = Purpose::of("risk target random order");
const RESAMPLE: Purpose = Purpose::of("risk target bootstrap");

/// A visit with its outcome and the score it got beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Day of the visit (any count of days).
    pub day: i32,
    /// Whether something was found.
    pub found: bool,
    /// The score.
    pub score: f64,
    /// Number of the inspector or group of inspectors; `None` unknown.
    pub inspector: Option<u32>,
}

/// The chance that a found one scores above a clean one; ties count half. `None` when there is only one kind.
#[must_use]
pub fn auc(list: &[(f64, bool)]) -> Option<f64> {
    let (area, pairs) = area(list);
    (pairs > 0.0).then(|| area / pairs)
}

/// Pairs in the right order, and pairs.
fn area(list: &[(f64, bool)]) -> (f64, f64) {
    let mut sorted = list.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let found = sorted.iter().filter(|s| s.1).count() as f64;
    let clean = sorted.len() as f64 - found;
    let (mut below, mut sum, mut at) = (0.0, 0.0, 0);
    while at < sorted.len() {
        let same = sorted[at..].iter().take_while(|s| s.0.to_bits() == sorted[at].0.to_bits()).count();
        let hits = sorted[at..at + same].iter().filter(|s| s.1).count() as f64;
        let misses = same as f64 - hits;
        sum += hits * (below + 0.5 * misses);
        below += misses;
        at += same;
    }
    (sum, found * clean)
}

/// [`auc`] counting only pairs visited by the same inspector.
#[must_use]
pub fn auc_within(list: &[Judged]) -> Option<f64> {
    let mut names: Vec<u32> = list.iter().filter_map(|j| j.inspector).collect();
    names.sort_unstable();
    names.dedup();
    let (mut sum, mut pairs) = (0.0, 0.0);
    for name in names {
        let part: Vec<(f64, bool)> =
            list.iter().filter(|j| j.inspector == Some(name)).map(|j| (j.score, j.found)).collect();
        let (s, p) = area(&part);
        sum += s;
        pairs += p;
    }
    (pairs > 0.0).then(|| sum / pairs)
}

/// Mean days by which the found ones come earlier when the window's visits are done in order of score on the window's dates
/// (Schenk et al. 2015). Equal scores keep the order given.
#[must_use]
pub fn days_earlier(list: &[Judged]) -> Option<f64> {
    let mut days: Vec<i32> = list.iter().map(|j| j.day).collect();
    days.sort_unstable();
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by(|a, b| list[*b].score.total_cmp(&list[*a].score));
    let (mut sum, mut found) = (0.0, 0.0);
    for (day, i) in days.iter().zip(order) {
        if list[i].found {
            sum += f64::from(list[i].day - day);
            found += 1.0;
        }
    }
    (found > 0.0).then(|| sum / found)
}

/// A figure with the 95 % interval of its bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// 2.5 % quantile.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
}

/// What a score is worth in a window, always beside the lines of chance and of perfect foresight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worth {
    /// Visits.
    pub visits: usize,
    /// Visits that found something.
    pub found: usize,
    /// Days earlier, bootstrapped over visits.
    pub days: Figure,
    /// Area under the curve.
    pub auc: Figure,
    /// The same within one inspector; `None` without inspectors.
    pub auc_within: Option<Figure>,
    /// Share of what was found that lies in the better half of the order.
    pub first_half: f64,
    /// The line of chance: mean and 95 % range of days earlier over random orders.
    pub random_days: Figure,
    /// The line of perfect foresight.
    pub perfect_days: f64,
    /// Share found in the first half as it happened.
    pub happened_first_half: f64,
}

fn quantiles(mut values: Vec<f64>) -> (f64, f64) {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let at = |q: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
        let i = (q * (values.len().max(1) - 1) as f64).round() as usize;
        values.get(i).copied().unwrap_or(f64::NAN)
    };
    (at(0.025), at(0.975))
}

/// Measures a scored window; `None` when nothing or everything was found. `rounds` random orders and resamples are drawn
/// from `seed`.
#[must_use]
pub fn worth(list: &[Judged], rounds: u32, seed: u64) -> Option<Worth> {
    let plain = |l: &[Judged]| auc(&l.iter().map(|j| (j.score, j.found)).collect::<Vec<_>>());
    let (days, area) = (days_earlier(list)?, plain(list)?);
    let within = auc_within(list);
    let found = list.iter().filter(|j| j.found).count();
    let mut samples: [Vec<f64>; 3] = Default::default();
    let mut chance = Vec::new();
    for round in 0..rounds {
        let mut s = Stream::new(seed, RESAMPLE, u64::from(round));
        let again: Vec<Judged> = (0..list.len()).map(|_| list[s.index(list.len())]).collect();
        if let (Some(d), Some(a)) = (days_earlier(&again), plain(&again)) {
            samples[0].push(d);
            samples[1].push(a);
            samples[2].extend(auc_within(&again));
        }
        let mut s = Stream::new(seed, RANDOM, u64::from(round));
        let mut order = list.to_vec();
        order.iter_mut().for_each(|j| j.score = s.uniform());
        chance.extend(days_earlier(&order));
    }
    let figure = |value: f64, list: Vec<f64>| {
        let (low, high) = quantiles(list);
        Figure { value, low, high }
    };
    let mean = chance.iter().sum::<f64>() / chance.len().max(1) as f64;
    let perfect: Vec<Judged> =
        list.iter().map(|j| Judged { score: f64::from(u8::from(j.found)), ..*j }).collect();
    let half = |key: &dyn Fn(&Judged) -> f64| {
        let mut order: Vec<&Judged> = list.iter().collect();
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        order[..list.len() / 2].iter().filter(|j| j.found).count() as f64 / found as f64
    };
    let [d, a, w] = samples;
    Some(Worth {
        visits: list.len(),
        found,
        days: figure(days, d),
        auc: figure(area, a),
        auc_within: within.map(|v| figure(v, w)),
        first_half: half(&|j| j.score),
        random_days: figure(mean, chance),
        perfect_days: days_earlier(&perfect)?,
        happened_first_half: half(&|j| -f64::from(j.day)),
    })
}

/// A row of the reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Visits in the group.
    pub visits: usize,
    /// Mean chance stated.
    pub stated: f64,
    /// Share found.
    pub found: f64,
    /// Half the width of the 95 % interval of the share.
    pub margin: f64,
}

/// Stated chance against share found, in `groups` of equal size by stated chance.
#[must_use]
pub fn reliability(list: &[(f64, bool)], groups: usize) -> Vec<Reliability> {
    let mut sorted = list.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = groups.max(1);
    (0..groups)
        .map(|g| &sorted[g * sorted.len() / groups..(g + 1) * sorted.len() / groups])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let n = part.len() as f64;
            let found = part.iter().filter(|s| s.1).count() as f64 / n;
            Reliability {
                visits: part.len(),
                stated: part.iter().map(|s| s.0).sum::<f64>() / n,
                found,
                margin: 1.96 * (found * (1.0 - found) / n).sqrt(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(day: i32, found: bool, score: f64) -> Judged {
        Judged { day, found, score, inspector: Some(0) }
    }

    #[test]
    fn days_earlier_is_the_mean_gain_of_those_found() {
        // found on days 3 and 4 of 1..4; the score brings them to days 1 and 3
        let list = [judged(1, false, 0.1), judged(2, false, 0.8), judged(3, true, 0.9), judged(4, true, 0.5)];
        assert!((days_earlier(&list).unwrap() - 1.5).abs() < 1e-12);
        let perfect = worth(&list, 50, 1).unwrap();
        assert!((perfect.perfect_days - 2.0).abs() < 1e-12 && (perfect.auc.value - 0.75).abs() < 1e-12);
        assert_eq!(days_earlier(&[judged(1, false, 0.0)]), None);
    }

    #[test]
    fn within_one_inspector_only_his_own_pairs_count() {
        let mut list =
            vec![judged(1, true, 0.9), judged(1, false, 0.8), judged(1, true, 0.2), judged(1, false, 0.1)];
        for j in &mut list[2..] {
            j.inspector = Some(1);
        }
        assert_eq!(auc_within(&list), Some(1.0));
        assert_eq!(auc(&list.iter().map(|j| (j.score, j.found)).collect::<Vec<_>>()), Some(0.75));
        assert_eq!(auc(&[(0.5, true), (0.5, false)]), Some(0.5));
    }

    #[test]
    fn a_calibrated_score_is_found_reliable() {
        let mut s = Stream::new(1, RANDOM, 0);
        let list: Vec<(f64, bool)> = (0..20_000)
            .map(|_| {
                let p = s.uniform();
                (p, s.uniform() < p)
            })
            .collect();
        for r in reliability(&list, 10) {
            assert!((r.stated - r.found).abs() < 2.0 * r.margin, "{r:?}");
        }
    }
}
