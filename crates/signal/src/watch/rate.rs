//! False alarms controlled across thousands of series.
//!
//! False discovery rate: Benjamini, Hochberg, JRSS B 57:289 (1995); under dependence Benjamini, Yekutieli, Ann. Statist.
//! 29:1165 (2001); of groups before members with Simes' p-value: Benjamini, Bogomolov, JRSS B 76:297 (2014).

use super::{Alarm, Verdict};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How false discoveries are controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// Benjamini–Hochberg over all series.
    Independent,
    /// Benjamini–Yekutieli: under any dependence.
    Dependent,
    /// First hazards (Simes), then places within a hazard found, at a share of the rate.
    Hierarchical,
}

/// Benjamini–Hochberg q-values; with `dependent` Benjamini–Yekutieli ones. In the order of the input.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of tests")]
pub fn q_values(p: &[f64], dependent: bool) -> Vec<f64> {
    let n = p.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let factor = if dependent { (1..=n).map(|k| 1.0 / k as f64).sum() } else { 1.0 };
    let (mut least, mut q) = (1.0, vec![1.0; n]);
    for (k, &i) in order.iter().enumerate() {
        least = f64::min(least, factor * p[i] * n as f64 / (n - k) as f64);
        q[i] = least;
    }
    q
}

/// Simes' p-value of a family: the smallest of its Benjamini–Hochberg q-values.
#[must_use]
pub fn simes(p: &[f64]) -> f64 {
    q_values(p, false).into_iter().fold(1.0, f64::min)
}

/// What stands out at the false-discovery rate, each method for itself, in the order of the verdicts. `minimum` gives the fewest
/// cases of an alarm by method. The rate holds for what is found before the minimum is asked. A verdict without a probability
/// belongs to no family: it stands out by its minimum alone, and claims no rate.
#[must_use]
pub fn raise(verdicts: &[Verdict], control: Control, rate: f64, minimum: impl Fn(&str) -> f64) -> Vec<Alarm> {
    let mut methods: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, v) in verdicts.iter().enumerate() {
        methods.entry(&v.method).or_default().push(i);
    }
    let mut found: Vec<(usize, Option<f64>)> = Vec::new();
    for (method, list) in methods {
        let least = minimum(method);
        let enough = |v: &Verdict| v.observed >= least && v.observed > v.expected;
        let (list, counted): (Vec<usize>, Vec<usize>) =
            list.into_iter().partition(|i| verdicts[*i].p_value.is_some());
        found.extend(counted.into_iter().filter(|i| enough(&verdicts[*i])).map(|i| (i, None)));
        let p: Vec<f64> = list.iter().filter_map(|i| verdicts[*i].p_value).collect();
        let q = match control {
            Control::Independent => q_values(&p, false),
            Control::Dependent => q_values(&p, true),
            Control::Hierarchical => hierarchical(verdicts, &list, rate),
        };
        let ringing = list.into_iter().zip(q).filter(|(i, q)| *q <= rate && enough(&verdicts[*i]));
        found.extend(ringing.map(|(i, q)| (i, Some(q))));
    }
    found.sort_by_key(|f| f.0);
    found.into_iter().map(|(i, q_value)| Alarm { verdict: verdicts[i].clone(), q_value }).collect()
}

/// q-values within the hazards that are found at the rate; elsewhere 1. Within them the rate shrinks by the share of hazards
/// found, so that the expected share of false alarms over the hazards found stays at the rate.
#[expect(clippy::cast_precision_loss, reason = "numbers of hazards")]
fn hierarchical(verdicts: &[Verdict], judged: &[usize], rate: f64) -> Vec<f64> {
    let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (k, i) in judged.iter().enumerate() {
        families.entry(&verdicts[*i].hazard).or_default().push(k);
    }
    let of = |list: &[usize]| list.iter().filter_map(|k| verdicts[judged[*k]].p_value).collect::<Vec<f64>>();
    let heads: Vec<f64> = families.values().map(|list| simes(&of(list))).collect();
    let found: Vec<bool> = q_values(&heads, false).into_iter().map(|q| q <= rate).collect();
    let share = found.iter().filter(|f| **f).count() as f64 / found.len().max(1) as f64;
    let mut q = vec![1.0; judged.len()];
    for (list, _) in families.values().zip(&found).filter(|(_, f)| **f) {
        for (k, value) in list.iter().zip(q_values(&of(list), false)) {
            q[*k] = (value / share).min(1.0);
        }
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_those_of_the_published_procedures() {
        let p = [0.01, 0.04, 0.03, 0.005];
        let q = q_values(&p, false);
        for (a, b) in q.iter().zip([0.02, 0.04, 0.04, 0.02]) {
            assert!((a - b).abs() < 1e-12, "{q:?}");
        }
        let harmonic = 1.0 + 0.5 + 1.0 / 3.0 + 0.25;
        assert!((q_values(&p, true)[3] - 0.02 * harmonic).abs() < 1e-12);
        assert!((simes(&p) - 0.02).abs() < 1e-12);
    }

    fn verdict(method: &str, place: usize, hazard: &str, observed: f64, p_value: Option<f64>) -> Verdict {
        Verdict {
            place: format!("p{place}"),
            hazard: hazard.to_owned(),
            method: method.to_owned(),
            from: "2026-01-01".parse().unwrap(),
            to: "2026-01-07".parse().unwrap(),
            observed,
            expected: if p_value.is_some() { 1.0 } else { 0.0 },
            bound: None,
            statistic: 0.0,
            p_value,
        }
    }

    #[test]
    fn a_number_that_always_rings_belongs_to_no_family_and_claims_no_rate() {
        // one case is enough; among a hundred counties without any it neither borrows from a family nor thins one out
        let mut list: Vec<Verdict> = (0..100)
            .map(|i| verdict("threshold", i, "botulism", f64::from(u8::from(i == 7)), None))
            .collect();
        list.extend((0..4).map(|i| verdict("m", i, "lead", 9.0, Some(if i == 0 { 0.01 } else { 0.9 }))));
        for control in [Control::Independent, Control::Dependent, Control::Hierarchical] {
            let alarms = raise(&list, control, 0.1, |method| if method == "threshold" { 1.0 } else { 3.0 });
            let told: Vec<(&str, bool)> =
                alarms.iter().map(|a| (a.verdict.place.as_str(), a.q_value.is_some())).collect();
            assert_eq!(told, [("p7", false), ("p0", true)], "{control:?}");
        }
    }

    #[test]
    fn every_control_keeps_the_one_that_stands_out_and_the_minimum_drops_few_cases() {
        let verdict = |place, hazard, observed, p_value| verdict("m", place, hazard, observed, Some(p_value));
        let mut list: Vec<Verdict> = (0..50).map(|i| verdict(i, "lead", 1.0, 0.5)).collect();
        list.push(verdict(1, "salmonella", 14.0, 1e-9));
        list.push(verdict(2, "salmonella", 2.0, 1e-9));
        for control in [Control::Independent, Control::Dependent, Control::Hierarchical] {
            let alarms = raise(&list, control, 0.05, |_| 3.0);
            let places: Vec<&str> = alarms.iter().map(|a| a.verdict.place.as_str()).collect();
            assert_eq!(places, ["p1"], "{control:?}");
        }
    }
}
