//! Sharing a plan out among strata: in proportion, after Neyman, by cost, by what a sample may detect.
//!
//! Whole numbers are exact optima, not rounded ones: Wright (The American Statistician 66, 2012, 217) gives the next sample to
//! the stratum where it lowers the variance most, which for a separable convex aim is the best that any choice can do.

use crate::{Error, whole};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Shares `total` out in proportion to the weights, by largest remainders: the parts add up exactly, ties go to the first.
#[must_use]
pub fn shares(total: u32, weights: &[f64]) -> Vec<u32> {
    let sum: f64 = weights.iter().filter(|s| **s > 0.0).sum();
    if sum <= 0.0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<f64> = weights.iter().map(|s| f64::from(total) * s.max(0.0) / sum).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the total")]
    let mut out: Vec<u32> = exact.iter().map(|x| x.floor() as u32).collect();
    let left = total.saturating_sub(out.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).filter(|i| weights[*i] > 0.0).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    for i in order.into_iter().take(left as usize) {
        out[i] += 1;
    }
    out
}

/// The standard deviation of pass or fail in a stratum of which `failed` out of `judged` results are known, with one failure
/// in fifty supposed before anything is known.
#[must_use]
pub fn deviation(failed: i64, judged: i64) -> f64 {
    let p = (failed.max(0) as f64 + 0.5) / (judged.max(0) as f64 + 25.0);
    (p * (1.0 - p)).max(0.0).sqrt()
}

/// A stratum of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Units in it (N).
    pub size: f64,
    /// Standard deviation of what is measured (S); √(p(1 − p)) for a share.
    pub deviation: f64,
    /// Cost of one sample; 1 when all cost the same.
    pub cost: f64,
    /// Samples at least: what law or coverage demand.
    pub least: u32,
    /// Samples at most.
    pub most: u32,
}

impl Stratum {
    /// A stratum without cost and bounds.
    #[must_use]
    pub const fn new(size: f64, deviation: f64) -> Self {
        Self { size, deviation, cost: 1.0, least: 0, most: u32::MAX }
    }

    fn weight(&self) -> f64 {
        self.size * self.deviation
    }
}

fn check(strata: &[Stratum]) -> Result<(), Error> {
    if strata.is_empty() {
        return Err(Error::new("strata", "没有任何层", "there is no stratum"));
    }
    for (i, s) in strata.iter().enumerate() {
        let row = i + 1;
        if !(s.size >= 0.0) || !(s.deviation >= 0.0) || !(s.cost > 0.0) {
            return Err(Error::new(
                "strata",
                format!("第 {row} 层：数量与标准差不能为负，单价须大于 0"),
                format!("stratum {row}: size and deviation may not be negative, the cost must be above 0"),
            ));
        }
        if s.least > s.most {
            return Err(Error::new(
                "min",
                format!("第 {row} 层：最少 {} 大于最多 {}", s.least, s.most),
                format!("stratum {row}: the minimum {} is above the maximum {}", s.least, s.most),
            ));
        }
    }
    Ok(())
}

/// In proportion to size: n·N_h/N, real numbers.
#[must_use]
pub fn proportional(total: f64, strata: &[Stratum]) -> Vec<f64> {
    let sum: f64 = strata.iter().map(|s| s.size).sum();
    strata.iter().map(|s| if sum > 0.0 { total * s.size / sum } else { 0.0 }).collect()
}

/// Neyman's allocation in real numbers: n·N_h S_h/ΣNS, which makes the estimate sharpest for a total.
#[must_use]
pub fn neyman(total: f64, strata: &[Stratum]) -> Vec<f64> {
    let sum: f64 = strata.iter().map(Stratum::weight).sum();
    strata.iter().map(|s| if sum > 0.0 { total * s.weight() / sum } else { 0.0 }).collect()
}

/// The sharpest allocation for a budget in real numbers: n_h ∝ N_h S_h/√c_h.
#[must_use]
pub fn cost_optimal(budget: f64, strata: &[Stratum]) -> Vec<f64> {
    let spent: f64 = strata.iter().map(|s| s.weight() * s.cost.sqrt()).sum();
    strata
        .iter()
        .map(|s| if spent > 0.0 { budget * s.weight() / s.cost.sqrt() / spent } else { 0.0 })
        .collect()
}

/// The variance of the estimated mean of the whole: Σ (N_h/N)² S_h²/n_h, with `finite` times 1 − n_h/N_h. Infinite when a
/// stratum that varies has no sample.
#[must_use]
pub fn variance(strata: &[Stratum], n: &[f64], finite: bool) -> f64 {
    let all: f64 = strata.iter().map(|s| s.size).sum();
    strata
        .iter()
        .zip(n)
        .filter(|(s, _)| s.weight() > 0.0)
        .map(|(s, n)| {
            let correction = if finite { (1.0 - n / s.size).max(0.0) } else { 1.0 };
            if *n > 0.0 { (s.weight() / all).powi(2) / n * correction } else { f64::INFINITY }
        })
        .sum()
}

/// By what factor Neyman's allocation lowers the variance of the estimate against a proportional one; 1 means no gain.
#[must_use]
pub fn gain(strata: &[Stratum]) -> f64 {
    let size: f64 = strata.iter().map(|s| s.size).sum();
    if size <= 0.0 {
        return 1.0;
    }
    let mean = strata.iter().map(|s| s.size / size * s.deviation).sum::<f64>();
    let square = strata.iter().map(|s| s.size / size * s.deviation.powi(2)).sum::<f64>();
    if mean > 0.0 { square / (mean * mean) } else { 1.0 }
}

/// A candidate for the next sample in the heap: the largest gain first, the earlier stratum when equal.
#[derive(PartialEq)]
struct Next(f64, usize);

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

/// A finished allocation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Allocation {
    /// Samples of each stratum.
    pub n: Vec<u32>,
    /// The aim's value: variance of the mean (lower is better), or weighted detection (higher is better).
    pub aim: f64,
    /// What one more sample would gain; 0 when all are full.
    pub price: f64,
    /// What each floor costs: how much the aim would gain by one sample moved from it to the best free place; 0 where the
    /// floor does not bind.
    pub floors: Vec<f64>,
    /// Cost in all.
    pub cost: f64,
}

/// Gives samples one by one to where `gain(stratum, samples so far)` is largest: exact when gains never rise with the number.
fn greedy(
    total: u32,
    strata: &[Stratum],
    gain: impl Fn(usize, u32) -> f64,
) -> Result<(Vec<u32>, f64, Vec<f64>), Error> {
    check(strata)?;
    let mut n: Vec<u32> = strata.iter().map(|s| s.least).collect();
    let floor: u64 = n.iter().map(|v| u64::from(*v)).sum();
    let room: u64 = strata.iter().map(|s| u64::from(s.most)).sum();
    if floor > u64::from(total) || room < u64::from(total) {
        return Err(Error::new(
            "total",
            format!("总数 {total} 须在各层下限之和 {floor} 与上限之和 {room} 之间"),
            format!(
                "the total {total} must lie between the sum of the minima {floor} and of the maxima {room}"
            ),
        ));
    }
    let mut heap: BinaryHeap<Next> =
        (0..strata.len()).filter(|i| n[*i] < strata[*i].most).map(|i| Next(gain(i, n[i]), i)).collect();
    for _ in floor..u64::from(total) {
        let Some(Next(_, i)) = heap.pop() else { break };
        n[i] += 1;
        if n[i] < strata[i].most {
            heap.push(Next(gain(i, n[i]), i));
        }
    }
    let price = heap.peek().map_or(0.0, |next| next.0.max(0.0));
    let floors = (0..strata.len())
        .map(|i| {
            let bound = n[i] == strata[i].least && n[i] > 0;
            if bound { (price - gain(i, n[i] - 1)).max(0.0) } else { 0.0 }
        })
        .collect();
    Ok((n, price, floors))
}

fn cost(strata: &[Stratum], n: &[u32]) -> f64 {
    strata.iter().zip(n).map(|(s, n)| s.cost * f64::from(*n)).sum()
}

/// The whole numbers with the smallest variance for a total, within the floors and caps. A stratum without a sample would
/// make the variance infinite, so every stratum that varies gets one first (unless its cap is zero or the total is too small).
///
/// # Errors
/// No stratum, a negative figure, a total outside what floors and caps allow.
pub fn exact(total: u32, strata: &[Stratum]) -> Result<Allocation, Error> {
    let all: f64 = strata.iter().map(|s| s.size).sum();
    let gain = |i: usize, n: u32| {
        let w = strata[i].weight() / all;
        // the first sample of all is worth more than any later one: ordered by weight among themselves
        if n == 0 { if w > 0.0 { 1e30 * w } else { 0.0 } } else { w * w / (f64::from(n) * f64::from(n + 1)) }
    };
    let (n, price, floors) = greedy(total, strata, gain)?;
    let real: Vec<f64> = n.iter().map(|v| f64::from(*v)).collect();
    Ok(Allocation { aim: variance(strata, &real, false), price, floors, cost: cost(strata, &n), n })
}

/// The whole numbers with the largest weighted chance of detection Σ w_h(1 − (1 − q_h)^n_h) for a total, within floors and
/// caps; `detect` holds (w_h, q_h).
///
/// # Errors
/// As [`exact`]; a chance outside 0 to 1.
pub fn detection(total: u32, strata: &[Stratum], detect: &[(f64, f64)]) -> Result<Allocation, Error> {
    if detect.len() != strata.len() || detect.iter().any(|(w, q)| !(*w >= 0.0) || !(0.0..=1.0).contains(q)) {
        return Err(Error::new(
            "p_detect_per_sample",
            "每层须有非负权重及 0 至 1 之间的检出概率",
            "each stratum needs a weight of at least 0 and a chance of detection from 0 to 1",
        ));
    }
    let gain = |i: usize, n: u32| detect[i].0 * detect[i].1 * (1.0 - detect[i].1).powf(f64::from(n));
    let (n, price, floors) = greedy(total, strata, gain)?;
    let aim = detect.iter().zip(&n).map(|((w, q), n)| w * (1.0 - (1.0 - q).powf(f64::from(*n)))).sum();
    Ok(Allocation { aim, price, floors, cost: cost(strata, &n), n })
}

/// Whole numbers of small variance for a budget: from the floors, the next sample goes where it lowers the variance most for
/// its cost, until nothing more can be paid. Exact when all costs are equal; otherwise within one sample of the bound.
///
/// # Errors
/// As [`exact`]; the floors alone cost more than the budget.
pub fn within_budget(budget: f64, strata: &[Stratum]) -> Result<Allocation, Error> {
    check(strata)?;
    let all: f64 = strata.iter().map(|s| s.size).sum();
    let start: Vec<u32> =
        strata.iter().map(|s| if s.weight() > 0.0 { s.least.max(1).min(s.most) } else { s.least }).collect();
    let mut left = budget - cost(strata, &start);
    if left < 0.0 {
        return Err(Error::new(
            "budget",
            format!("经费 {budget} 不足以支付各层下限 {}", cost(strata, &start)),
            format!("the budget {budget} does not pay the minima, which cost {}", cost(strata, &start)),
        ));
    }
    let mut n = start;
    let worth = |i: usize, n: u32| {
        let w = strata[i].weight() / all;
        w * w / (f64::from(n) * f64::from(n + 1)) / strata[i].cost
    };
    let mut heap: BinaryHeap<Next> = (0..strata.len())
        .filter(|i| n[*i] < strata[*i].most && strata[*i].weight() > 0.0)
        .map(|i| Next(worth(i, n[i]), i))
        .collect();
    while let Some(Next(_, i)) = heap.pop() {
        if strata[i].cost <= left {
            left -= strata[i].cost;
            n[i] += 1;
            if n[i] < strata[i].most {
                heap.push(Next(worth(i, n[i]), i));
            }
        }
    }
    let real: Vec<f64> = n.iter().map(|v| f64::from(*v)).collect();
    let price =
        (0..n.len()).filter(|i| n[*i] < strata[*i].most).map(|i| worth(i, n[i].max(1))).fold(0.0, f64::max);
    let floors = vec![0.0; n.len()];
    Ok(Allocation { aim: variance(strata, &real, false), price, floors, cost: cost(strata, &n), n })
}

/// Raises the floors so that every one of the `groups` (a county, a class: the label of each stratum) has at least `least`
/// samples, placed where they gain most: coverage before sharpness.
///
/// # Errors
/// As [`exact`]; a group whose caps do not allow its floor.
pub fn cover(strata: &[Stratum], groups: &[&str], least: u32) -> Result<Vec<Stratum>, Error> {
    let mut out = strata.to_vec();
    let mut names: Vec<&str> = groups.to_vec();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let members: Vec<usize> = (0..strata.len()).filter(|i| groups.get(*i) == Some(&name)).collect();
        let part: Vec<Stratum> = members.iter().map(|i| strata[*i]).collect();
        let have: u64 = part.iter().map(|s| u64::from(s.least)).sum();
        if have < u64::from(least) {
            let n = exact(least, &part)
                .map_err(|e| {
                    Error::new("cover", format!("{name}：{}", e.text.zh), format!("{name}: {}", e.text.en))
                })?
                .n;
            for (i, n) in members.iter().zip(n) {
                out[*i].least = n;
            }
        }
    }
    Ok(out)
}

/// How many samples in all reach a wished standard error of the mean under Neyman's allocation, finite populations taken into
/// account: (ΣWS)²/(V + ΣWS²/N).
///
/// # Errors
/// As [`exact`]; a standard error that is not positive.
pub fn total_for(error: f64, strata: &[Stratum]) -> Result<u64, Error> {
    check(strata)?;
    if !(error > 0.0) {
        return Err(Error::new("error", "标准误须大于 0", "the standard error must be above 0"));
    }
    let all: f64 = strata.iter().map(|s| s.size).sum();
    let mean: f64 = strata.iter().map(|s| s.weight() / all).sum();
    let square: f64 = strata.iter().map(|s| s.weight() * s.deviation / all).sum();
    Ok(whole((mean * mean / (error * error + square / all) - 1e-9).ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_add_up_and_differ_from_the_exact_part_by_less_than_one() {
        for total in [0_u32, 1, 7, 100, 100_080] {
            for sizes in
                [vec![1.0], vec![1.0, 1.0, 1.0], vec![0.0, 3.5, 0.1, 9.9], vec![712_271.0, 1_484_016.0, 3.0]]
            {
                let out = shares(total, &sizes);
                assert_eq!(out.iter().sum::<u32>(), total);
                let sum: f64 = sizes.iter().sum();
                for (n, s) in out.iter().zip(&sizes) {
                    assert!(
                        (f64::from(*n) - f64::from(total) * s / sum).abs() < 1.0,
                        "{total} {sizes:?} {out:?}"
                    );
                }
            }
        }
        assert_eq!(shares(5, &[0.0, 0.0]), [0, 0]);
    }

    #[test]
    fn neyman_is_its_closed_form_and_gains_only_where_parts_differ() {
        let same = [Stratum::new(2.0, 0.1), Stratum::new(1.0, 0.1)];
        assert!((gain(&same) - 1.0).abs() < 1e-12);
        let calm = Stratum::new(1.0, deviation(0, 975));
        let wild = Stratum::new(1.0, deviation(500, 975));
        let out = neyman(1000.0, &[calm, wild]);
        assert!((out[0] / out[1] - calm.deviation / wild.deviation).abs() < 1e-12);
        assert!((out[0] + out[1] - 1000.0).abs() < 1e-9 && gain(&[calm, wild]) > 1.5);
        // variance under Neyman is (ΣWS)²/n, and proportional is worse by exactly the gain
        let v = variance(&[calm, wild], &out, false);
        let p = variance(&[calm, wild], &proportional(1000.0, &[calm, wild]), false);
        assert!((p / v - gain(&[calm, wild])).abs() < 1e-9);
        assert_eq!(
            total_for((v).sqrt(), &[Stratum { size: 1e12, ..calm }, Stratum { size: 1e12, ..wild }]).unwrap(),
            1000
        );
    }

    #[test]
    fn a_floor_that_binds_has_a_price_and_coverage_raises_floors() {
        let strata = [Stratum { least: 50, ..Stratum::new(10.0, 0.1) }, Stratum::new(1000.0, 0.3)];
        let out = exact(100, &strata).unwrap();
        assert_eq!(out.n, [50, 50]);
        assert!(out.floors[0] > 0.0 && out.floors[1].abs() < 1e-300);
        assert_eq!(exact(20, &strata).unwrap_err().field, "total");
        let raised = cover(
            &[Stratum::new(10.0, 0.1), Stratum::new(20.0, 0.3), Stratum::new(9.0, 0.2)],
            &["a", "a", "b"],
            4,
        )
        .unwrap();
        assert_eq!(raised[0].least + raised[1].least, 4);
        assert_eq!(raised[2].least, 4);
    }

    #[test]
    fn a_budget_is_kept_and_equal_costs_give_the_exact_optimum() {
        let strata = [Stratum::new(40.0, 0.2), Stratum::new(70.0, 0.4), Stratum::new(5.0, 0.5)];
        assert_eq!(within_budget(30.5, &strata).unwrap().n, exact(30, &strata).unwrap().n);
        let dear = [Stratum { cost: 9.0, ..strata[0] }, strata[1], Stratum { cost: 2.5, ..strata[2] }];
        let out = within_budget(100.0, &dear).unwrap();
        assert!(out.cost <= 100.0 && out.cost > 97.0);
        assert_eq!(within_budget(3.0, &dear).unwrap_err().field, "budget");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_other_choice_of_whole_numbers_is_better(
            parts in proptest::collection::vec((1.0..50.0_f64, 0.05..0.5_f64, 0_u32..3, 4_u32..12), 3),
            extra in 0_u32..8,
        ) {
            let strata: Vec<Stratum> = parts
                .iter()
                .map(|(size, deviation, least, most)| Stratum { size: *size, deviation: *deviation, cost: 1.0, least: *least, most: *most })
                .collect();
            let total = strata.iter().map(|s| s.least.max(1)).sum::<u32>() + extra;
            let room: u32 = strata.iter().map(|s| s.most).sum();
            prop_assume!(total <= room);
            let got = exact(total, &strata).unwrap();
            let detect: Vec<(f64, f64)> = parts.iter().map(|p| (p.0, p.1)).collect();
            let found = detection(total, &strata, &detect).unwrap();
            for a in strata[0].least..=strata[0].most {
                for b in strata[1].least..=strata[1].most {
                    let Some(c) = total.checked_sub(a + b) else { continue };
                    if c < strata[2].least || c > strata[2].most {
                        continue;
                    }
                    let n = [a, b, c];
                    let v = variance(&strata, &n.map(f64::from), false);
                    prop_assert!(got.aim <= v * (1.0 + 1e-12), "{got:?} {n:?} {v}");
                    let d: f64 = detect.iter().zip(n).map(|((w, q), n)| w * (1.0 - (1.0 - q).powf(f64::from(n)))).sum();
                    prop_assert!(found.aim >= d - 1e-12, "{found:?} {n:?} {d}");
                }
            }
        }
    }
}
