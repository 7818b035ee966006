//! What a stratified sample says about the whole, with finite-population correction and an interval.

use crate::{Error, open_share};
use serde::Serialize;
use stats::special::{beta_inc_inv, beta_inc_q_inv};

/// What was found in a stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Units in the stratum.
    pub size: f64,
    /// Samples judged.
    pub n: f64,
    /// Positive among them.
    pub positives: f64,
}

/// A rate of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Σ W_h p_h.
    pub rate: f64,
    /// Standard error, Σ W_h²(1 − f_h) p_h(1 − p_h)/(n_h − 1), root.
    pub error: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Variance against that of a simple random sample of the same size.
    pub design_effect: f64,
    /// Samples of a simple random sample that would say as much.
    pub effective: f64,
    /// The rate as counted, without weights.
    pub raw: f64,
    /// Share of the units that lies in strata without a sample: nothing is said about them.
    pub uncovered: f64,
}

/// The rate of all strata that have samples. The interval is Clopper and Pearson's for the effective number of samples (Korn and
/// Graubard, Survey Methodology 24, 1998, 193), which keeps its confidence when few are positive.
///
/// # Errors
/// More positives than samples, more samples than units, nothing sampled, a confidence outside 0 to 1.
pub fn estimate(strata: &[Found], confidence: f64) -> Result<Estimate, Error> {
    open_share("confidence", confidence)?;
    for (i, s) in strata.iter().enumerate() {
        if !(s.positives >= 0.0) || s.positives > s.n || s.n > s.size {
            let row = i + 1;
            return Err(Error::new(
                "strata",
                format!("第 {row} 层：须满足 0 ≤ 阳性 ≤ 样本 ≤ 总体"),
                format!("stratum {row}: 0 ≤ positives ≤ samples ≤ units does not hold"),
            ));
        }
    }
    let all: f64 = strata.iter().map(|s| s.size).sum();
    let used: Vec<&Found> = strata.iter().filter(|s| s.n > 0.0).collect();
    let covered: f64 = used.iter().map(|s| s.size).sum();
    if used.is_empty() || covered <= 0.0 {
        return Err(Error::new("strata", "没有任何样本", "there is no sample"));
    }
    let (n, x): (f64, f64) = used.iter().fold((0.0, 0.0), |a, s| (a.0 + s.n, a.1 + s.positives));
    let rate: f64 = used.iter().map(|s| s.size / covered * s.positives / s.n).sum();
    let variance: f64 = used
        .iter()
        .map(|s| {
            let p = s.positives / s.n;
            let w = s.size / covered;
            // one sample alone shows no spread: the common rate stands in
            let each = if s.n > 1.0 { p * (1.0 - p) / (s.n - 1.0) } else { rate * (1.0 - rate) };
            w * w * (1.0 - s.n / s.size) * each
        })
        .sum();
    let simple = rate * (1.0 - rate) / n;
    let effective = if variance > 0.0 { rate * (1.0 - rate) / variance } else { n };
    let design_effect = if simple > 0.0 { variance / simple } else { 1.0 };
    let (k, tail) = (effective * rate, (1.0 - confidence) / 2.0);
    let census = used.iter().all(|s| s.n >= s.size);
    let (low, high) = if census {
        (rate, rate)
    } else {
        (
            if k > 0.0 { beta_inc_inv(k, effective - k + 1.0, tail) } else { 0.0 },
            if effective - k > 0.0 { beta_inc_q_inv(k + 1.0, effective - k, tail) } else { 1.0 },
        )
    };
    Ok(Estimate {
        rate,
        error: variance.sqrt(),
        low,
        high,
        design_effect,
        effective,
        raw: x / n,
        uncovered: if all > 0.0 { 1.0 - covered / all } else { 0.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_undo_an_uneven_sample_and_a_census_is_certain() {
        // nine tenths of the units are clean but only half the samples came from there
        let strata = [
            Found { size: 9000.0, n: 100.0, positives: 1.0 },
            Found { size: 1000.0, n: 100.0, positives: 20.0 },
        ];
        let e = estimate(&strata, 0.95).unwrap();
        assert!((e.rate - 0.029).abs() < 1e-12 && (e.raw - 0.105).abs() < 1e-12);
        let by_hand: f64 = 0.81 * (1.0 - 100.0 / 9000.0) * 0.01 * 0.99 / 99.0 + 0.01 * 0.9 * 0.2 * 0.8 / 99.0;
        assert!((e.error - by_hand.sqrt()).abs() < 1e-12);
        assert!(e.low < e.rate && e.rate < e.high && e.uncovered.abs() < 1e-12);
        let census = [Found { size: 40.0, n: 40.0, positives: 3.0 }];
        let e = estimate(&census, 0.95).unwrap();
        assert!(e.error.abs() < 1e-12 && (e.low - 0.075).abs() < 1e-12 && (e.high - 0.075).abs() < 1e-12);
    }

    #[test]
    fn one_stratum_is_clopper_and_pearson() {
        // 2 of 50 in a very large population: 0.49 % to 13.71 %; n − 1 in the variance makes 49 effective samples
        let e = estimate(&[Found { size: 1e12, n: 50.0, positives: 2.0 }], 0.95).unwrap();
        assert!(
            (e.effective - 49.0).abs() < 1e-6
                && (e.low - 0.0049).abs() < 3e-4
                && (e.high - 0.1371).abs() < 2e-3,
            "{e:?}"
        );
        let none = estimate(&[Found { size: 1e9, n: 60.0, positives: 0.0 }], 0.95).unwrap();
        assert!(none.low.abs() < 1e-15 && (none.high - 0.0596).abs() < 1e-3, "{none:?}");
    }

    #[test]
    fn impossible_counts_are_refused_and_gaps_are_said() {
        assert_eq!(
            estimate(&[Found { size: 5.0, n: 9.0, positives: 1.0 }], 0.95).unwrap_err().field,
            "strata"
        );
        assert!(estimate(&[Found { size: 5.0, n: 0.0, positives: 0.0 }], 0.95).is_err());
        let gap =
            [Found { size: 75.0, n: 10.0, positives: 1.0 }, Found { size: 25.0, n: 0.0, positives: 0.0 }];
        assert!((estimate(&gap, 0.95).unwrap().uncovered - 0.25).abs() < 1e-12);
    }
}
