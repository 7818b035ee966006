//! Distributions and special functions against values of R 4.2.2, and against each other.
//!
//! Quantiles of t and F and upper tails of the negative binomial with mean 10,000 and its weights at size 1e9 come from 40-digit arithmetic instead: R loses
//! up to ten digits there.

use proptest::prelude::*;
use stats::dist::{
    Beta, BetaBinomial, Binomial, ChiSquared, Continuous, Discrete, FisherF, Gamma, NegativeBinomial,
    Poisson, StudentT,
};
use stats::{quantile, special};
use std::collections::BTreeMap;

/// function, three parameters, argument, value with 17 digits.
const REFERENCE: &str = include_str!("reference.csv");
const SAMPLE: [f64; 9] = [3.1, 0.2, 9.0, 4.4, 4.4, 7.5, 1.25, 8.0, 2.0];

fn continuous(d: &impl Continuous, what: &str, x: f64) -> f64 {
    match what {
        "pdf" => d.pdf(x),
        "cdf" => d.cdf(x),
        "sf" => d.sf(x),
        "quantile" => d.quantile(x),
        "upper" => d.upper_quantile(x),
        _ => panic!("{what}"),
    }
}

fn discrete(d: &impl Discrete, what: &str, x: f64) -> f64 {
    match what {
        "pmf" => d.pmf(x),
        "cdf" => d.cdf(x),
        "sf" => d.sf(x),
        "quantile" => d.quantile(x),
        _ => panic!("{what}"),
    }
}

fn compute(function: &str, a: f64, b: f64, c: f64, x: f64) -> f64 {
    let (family, what) = function.split_once('_').unwrap_or((function, ""));
    match (family, what) {
        ("lgamma", _) => special::lgamma(x),
        ("digamma", _) => special::digamma(x),
        ("trigamma", _) => special::trigamma(x),
        ("lbeta", _) => special::ln_beta(a, b),
        ("norm", "cdf") => special::norm_cdf(x),
        ("norm", "quantile") => special::norm_quantile(x),
        ("ln", "norm_cdf") => special::ln_norm_cdf(x),
        ("t", _) => continuous(&StudentT::new(a).expect("a valid parameter"), what, x),
        ("gamma", _) => continuous(&Gamma::new(a, b).expect("a valid parameter"), what, x),
        ("chisq", _) => continuous(&ChiSquared::new(a).expect("a valid parameter"), what, x),
        ("beta", _) => continuous(&Beta::new(a, b).expect("a valid parameter"), what, x),
        ("f", _) => continuous(&FisherF::new(a, b).expect("a valid parameter"), what, x),
        ("poisson", _) => discrete(&Poisson::new(a).expect("a valid parameter"), what, x),
        ("binomial", _) => discrete(&Binomial::new(a, b).expect("a valid parameter"), what, x),
        ("nb", _) => discrete(&NegativeBinomial::new(a, b).expect("a valid parameter"), what, x),
        ("bb", _) => discrete(&BetaBinomial::new(a, b, c).expect("a valid parameter"), what, x),
        ("quantile6", _) => quantile::of(&SAMPLE, &[x], quantile::Kind::Six)[0],
        ("quantile7", _) => quantile::of(&SAMPLE, &[x], quantile::Kind::Seven)[0],
        _ => panic!("{function}"),
    }
}

#[test]
fn every_value_of_the_reference_is_reproduced() {
    let mut worst: BTreeMap<&str, (f64, &str)> = BTreeMap::new();
    let mut off = Vec::new();
    for line in REFERENCE.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let number = |i: usize| f[i].parse().unwrap_or(f64::NAN);
        let (found, expected) = (compute(f[0], number(1), number(2), number(3), number(4)), number(5));
        let scale = if f[0].contains("gamma") && !f[0].contains('_') { 1.0 } else { 0.0 };
        let deviation = if found.total_cmp(&expected).is_eq() {
            0.0
        } else {
            (found - expected).abs() / expected.abs().max(scale)
        };
        let entry = worst.entry(f[0]).or_insert((0.0, line));
        if deviation > entry.0 || deviation.is_nan() {
            *entry = (deviation, line);
        }
        if deviation.is_nan() || deviation > 1e-12 {
            off.push(format!("{line}: {found:e} off by {deviation:e}"));
        }
    }
    for (function, (deviation, line)) in worst {
        println!("{function}: {deviation:.1e} at {line}");
    }
    assert!(off.is_empty(), "{} values\n{}", off.len(), off.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quantiles_invert_probabilities(shape in 0.05..200.0_f64, other in 0.05..200.0_f64, p in 1e-6..0.999_f64) {
        let close = |q: f64| (q - p).abs() <= 1e-11 * p;
        let g = Gamma::new(shape, other).unwrap();
        prop_assert!(close(g.cdf(g.quantile(p))) && close(g.sf(g.upper_quantile(p))));
        let f = FisherF::new(shape, other).unwrap();
        prop_assert!(close(f.cdf(f.quantile(p))));
        let b = Beta::new(shape, other).unwrap();
        let x = b.quantile(p);
        // where the quantile is next to one the nearest number is what there is
        prop_assert!(x > 1.0 - 1e-4 || close(b.cdf(x)), "{} {}", x, b.cdf(x));
    }

    #[test]
    fn a_discrete_quantile_is_the_smallest_that_reaches(size in 0.01..500.0_f64, mean in 0.001..5000.0_f64, p in 0.0001..0.9999_f64) {
        let d = NegativeBinomial::new(size, mean).unwrap();
        let k = d.quantile(p);
        prop_assert!(d.cdf(k) >= p * (1.0 - 1e-13));
        prop_assert!(k == 0.0 || d.cdf(k - 1.0) < p);
        prop_assert!((d.cdf(k) + d.sf(k) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn weights_add_up(size in 0.1..50.0_f64, mean in 0.001..50.0_f64, k in 0_u32..60) {
        let d = NegativeBinomial::new(size, mean).unwrap();
        let sum: f64 = (0..=k).map(|i| d.pmf(f64::from(i))).sum();
        prop_assert!((sum - d.cdf(f64::from(k))).abs() < 1e-13);
    }
}

#[test]
fn quantiles_of_means_beyond_counting_come_at_once_and_meet_the_exact_ones_where_they_begin() {
    // R 4.2.2: qpois(0.995, 1e12), qpois(0.025, 1e12)
    for (p, expected) in [(0.995, 1_000_002_575_830.0), (0.025, 999_998_040_037.0)] {
        for mean in [1e12, 1.000_001e12] {
            let found = Poisson::new(mean).unwrap().quantile(p);
            assert!(
                (found - (expected + (mean - 1e12) * 1.0)).abs() < 3.0 + (mean - 1e12) * 2e-6,
                "{p} {mean}: {found}"
            );
        }
    }
    for mean in [1.8e20, 4e30] {
        let found = Poisson::new(mean).unwrap().quantile(0.995);
        assert!((found / mean - 1.0).abs() < 1e-9, "{mean}: {found}");
    }
}
