//! What a proposal found: the targeted part, the random part, and the rate of the whole list without bias.
//!
//! The part chosen by score is a census of itself; the random part is a simple random sample of all others, each drawn with the same
//! known chance. The rate of the whole weighs each result by one over its chance to be visited (Horvitz–Thompson in the
//! form of Hájek), which for these two parts is the mean of their rates by size. The interval is that of Wilson for the random
//! part, the only one that estimates anything.

use crate::Why;
use serde::Serialize;

/// What one part gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Part {
    /// Lines accepted.
    pub lines: usize,
    /// Visits or samples with a result.
    pub done: u32,
    /// Of these, those that found something.
    pub found: u32,
    /// Found per result; `None` without results.
    pub rate: Option<f64>,
    /// 95 % interval of the rate (Wilson).
    pub interval: Option<(f64, f64)>,
}

/// Both parts and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Achieved {
    /// Chosen by score.
    pub targeted: Part,
    /// Drawn at random.
    pub random: Part,
    /// The rate of the whole list (targeted and not), weighed by one over the chance of each to be visited; `None` before the random
    /// part has results.
    pub whole: Option<f64>,
    /// Its 95 % interval.
    pub whole_interval: Option<(f64, f64)>,
    /// Rate of the targeted part over the rate of the whole.
    pub lift: Option<f64>,
}

/// The 95 % interval of a share after Wilson (1927).
fn wilson(hits: u32, of: u32) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let (n, z) = (f64::from(of), 1.959_963_984_540_054_f64);
    let p = f64::from(hits) / n;
    let scale = 1.0 + z * z / n;
    let middle = (p + z * z / (2.0 * n)) / scale;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / scale;
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}

/// Works out what was achieved from lines `(why, done, found)`; `targeted` and `rest` are how many the list had of each kind.
#[must_use]
pub fn achieved(lines: &[(Why, u32, u32)], targeted: usize, rest: usize) -> Achieved {
    let part = |why: Why| {
        let of: Vec<_> = lines.iter().filter(|l| l.0 == why).collect();
        let (done, found) = of.iter().fold((0, 0), |(d, f), l| (d + l.1, f + l.2));
        let rate = (done > 0).then(|| f64::from(found) / f64::from(done));
        Part { lines: of.len(), done, found, rate, interval: wilson(found, done) }
    };
    let (by_score, random) = (part(Why::Score), part(Why::Audit));
    let share = rest as f64 / (targeted + rest).max(1) as f64;
    let mix = |r: f64| {
        let own = by_score.rate.unwrap_or(r);
        share * r + (1.0 - share) * own
    };
    let whole = random.rate.map(mix);
    Achieved {
        targeted: by_score,
        random,
        whole,
        whole_interval: random.interval.map(|(low, high)| (mix(low), mix(high))),
        lift: by_score.rate.zip(whole).filter(|(_, w)| *w > 0.0).map(|(t, w)| t / w),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_rate_of_the_whole_is_right_on_average_although_the_targeted_part_finds_more() {
        // a list of 60: the 10 chosen by score find in 8, of the others 5 would
        let truth: Vec<bool> = (0..60).map(|i| i < 8 || (10..15).contains(&i)).collect();
        let share = 13.0 / 60.0;
        let (mut sum, mut naive, mut inside) = (0.0, 0.0, 0);
        let rounds = 400_u32;
        for round in 0..rounds {
            let rest: Vec<String> = (10..60).map(|i| format!("{i:02}")).collect();
            let mut tickets: Vec<(u64, usize)> = rest
                .iter()
                .enumerate()
                .map(|(i, _)| {
                    let mut x = u64::from(round) * 1_000 + i as u64 + 1;
                    x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    x ^= x >> 31;
                    (x.wrapping_mul(0xbf58_476d_1ce4_e5b9), i + 10)
                })
                .collect();
            tickets.sort_unstable();
            let drawn: BTreeSet<usize> = tickets.iter().take(10).map(|t| t.1).collect();
            let mut lines: Vec<(Why, u32, u32)> =
                (0..10).map(|i| (Why::Score, 1, u32::from(truth[i]))).collect();
            lines.extend(drawn.iter().map(|i| (Why::Audit, 1, u32::from(truth[*i]))));
            let a = achieved(&lines, 10, 50);
            sum += a.whole.unwrap();
            naive += f64::from(a.targeted.found + a.random.found) / 20.0;
            let (low, high) = a.whole_interval.unwrap();
            inside += u32::from((low..=high).contains(&share));
        }
        let (mean, naive) = (sum / f64::from(rounds), naive / f64::from(rounds));
        assert!((mean - share).abs() < 0.012, "{mean} {share}");
        assert!(naive > 2.0 * share, "the plain share misleads: {naive}");
        assert!(inside > rounds * 9 / 10, "{inside}");
    }

    #[test]
    fn without_results_of_the_random_part_nothing_is_said_of_the_whole() {
        let a = achieved(&[(Why::Score, 4, 3), (Why::Audit, 0, 0)], 4, 96);
        assert_eq!((a.whole, a.lift, a.random.rate), (None, None, None));
        assert_eq!((a.targeted.lines, a.targeted.found), (1, 3));
    }
}
