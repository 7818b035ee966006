//! From scores to a proposal: the highest chances, and a random share among the rest so that rates stay estimable.

use super::model::Scored;
use serde::Serialize;
use stats::random::{Purpose, Stream};

const AUDIT: Purpose = Purpose::of("risk target audit");

/// The smallest share of a proposal that is drawn at random.
pub const LEAST_AUDIT: f64 = 0.05;

/// Why a visit is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its chance is among the highest.
    Score,
    /// Drawn at random among all others.
    Audit,
}

/// A proposed visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposed {
    /// Position among the scored.
    pub at: usize,
    /// Why.
    pub why: Why,
    /// Chance it had to be drawn at random; 1 when chosen by score. One over it weighs the visit in estimates.
    pub inclusion: f64,
}

/// Proposes `take` of the scored: by chance, but for a share of at least [`LEAST_AUDIT`] (rounded up) that is drawn at random
/// from those not chosen. A share below that is raised to it.
#[must_use]
pub fn propose(scores: &[Scored], take: usize, audit: f64, seed: u64) -> Vec<Proposed> {
    let take = take.min(scores.len());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the list")]
    let drawn = ((audit.clamp(LEAST_AUDIT, 1.0) * take as f64 - 1e-9).ceil() as usize).min(take);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].chance.total_cmp(&scores[*a].chance).then(a.cmp(b)));
    let mut rest = order.split_off(take - drawn);
    let inclusion = drawn as f64 / rest.len().max(1) as f64;
    rest.sort_unstable();
    Stream::new(seed, AUDIT, 0).shuffle(&mut rest);
    let chosen = order.into_iter().map(|at| Proposed { at, why: Why::Score, inclusion: 1.0 });
    chosen.chain(rest.into_iter().take(drawn).map(|at| Proposed { at, why: Why::Audit, inclusion })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_share_is_always_kept_and_everybody_has_a_chance() {
        let scores: Vec<Scored> = (0..50)
            .map(|i| Scored { id: i.to_string(), chance: f64::from(i) / 50.0, reasons: Vec::new() })
            .collect();
        let mut seen = [false; 50];
        for seed in 0..400 {
            let list = propose(&scores, 20, 0.0, seed);
            assert_eq!(list.len(), 20);
            assert_eq!(list.iter().filter(|p| p.why == Why::Audit).count(), 1);
            assert!(list.iter().filter(|p| p.why == Why::Score).all(|p| p.at >= 31));
            list.iter().for_each(|p| seen[p.at] = true);
        }
        assert!(seen.iter().all(|s| *s));
        assert_eq!(propose(&scores, 20, 0.25, 1).iter().filter(|p| p.why == Why::Audit).count(), 5);
        assert_eq!(propose(&scores, 99, 0.1, 1).len(), 50);
    }
}
