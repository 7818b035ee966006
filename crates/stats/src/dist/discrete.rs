//! Distributions of counts.

use super::{Discrete, ParameterError, check};
use crate::special::{
    beta_inc_xy, gamma_p, gamma_q, lgamma, ln_beta, ln_binomial_weight, ln_choose, ln_poisson_weight,
    norm_quantile,
};

fn whole(k: f64) -> bool {
    k >= 0.0 && k.is_finite() && k == k.floor()
}

/// Smallest k that reaches probability p (q = 1 - p), searched from the normal approximation.
pub(super) fn quantile<D: Discrete>(d: &D, p: f64, q: f64, lower: bool) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    if p == 0.0 && q == 1.0 {
        return 0.0;
    }
    if q == 0.0 {
        return d.largest();
    }
    let (mean, sd) = (d.mean(), d.variance().sqrt());
    if !mean.is_finite() {
        return if mean.is_nan() { f64::NAN } else { f64::INFINITY };
    }
    const FUZZ: f64 = 64.0 * f64::EPSILON;
    let (p, q) = (p * (1.0 - FUZZ), q * (1.0 + FUZZ));
    let reached = |k: f64| if lower { d.cdf(k) >= p } else { d.sf(k) <= q };
    let z = if lower { norm_quantile(p) } else { -norm_quantile(q.min(1.0)) };
    let largest = d.largest();
    let start = (mean + sd * z).round().clamp(0.0, largest.min(1e300));
    if sd > 1e5 && mean > 1e6 * sd {
        // an exact tail takes more than a million terms here; the normal law with its first correction for skewness, whose
        // third moment is that of binomial, Poisson and negative binomial alike, is as near as a double of this size
        let skewness = (z * z - 1.0) / 6.0 * (2.0 * sd * sd / mean - 1.0);
        return (mean + sd * z + skewness).ceil().clamp(0.0, largest);
    }
    // bracket (lo, hi]: lo does not reach, hi does
    let (mut lo, mut hi, mut step) = (-1.0, start, 1.0_f64.max((sd * 0.05).floor()));
    if reached(start) {
        loop {
            let k = hi - step;
            if k < 0.0 {
                break;
            }
            if reached(k) {
                hi = k;
                step *= 2.0;
            } else {
                lo = k;
                break;
            }
        }
    } else {
        lo = start;
        loop {
            hi = (lo + step).min(largest);
            if hi >= largest || reached(hi) {
                break;
            }
            if hi == lo {
                return hi;
            }
            lo = hi;
            step *= 2.0;
        }
    }
    while hi - lo > 1.0 {
        let mid = ((lo + hi) * 0.5).floor();
        if mid <= lo || mid >= hi {
            break;
        }
        if reached(mid) {
            hi = mid;
        } else {
            lo = mid;
        }
    }
    hi
}

/// Poisson distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson {
    mean: f64,
}

impl Poisson {
    /// By its mean, zero included.
    ///
    /// # Errors
    /// The mean is negative or not a number.
    pub fn new(mean: f64) -> Result<Self, ParameterError> {
        check("Poisson", "mean", mean, mean >= 0.0, "a number that is not negative")?;
        Ok(Self { mean })
    }
}

impl Discrete for Poisson {
    fn ln_pmf(&self, k: f64) -> f64 {
        if whole(k) { ln_poisson_weight(k, self.mean) } else { f64::NEG_INFINITY }
    }
    fn cdf(&self, k: f64) -> f64 {
        if k < 0.0 { 0.0 } else { gamma_q(k.floor() + 1.0, self.mean) }
    }
    fn sf(&self, k: f64) -> f64 {
        if k < 0.0 { 1.0 } else { gamma_p(k.floor() + 1.0, self.mean) }
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        self.mean
    }
}

/// Binomial distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binomial {
    n: f64,
    p: f64,
}

impl Binomial {
    /// n trials with probability p.
    ///
    /// # Errors
    /// n is not a whole number or p not a probability.
    pub fn new(n: f64, p: f64) -> Result<Self, ParameterError> {
        check("binomial", "n", n, whole(n), "a whole number")?;
        check("binomial", "p", p, (0.0..=1.0).contains(&p), "a probability")?;
        Ok(Self { n, p })
    }

    fn both(&self, k: f64) -> (f64, f64) {
        if k < 0.0 {
            return (0.0, 1.0);
        }
        let k = k.floor();
        if k >= self.n {
            return (1.0, 0.0);
        }
        let (above, below) = beta_inc_xy(k + 1.0, self.n - k, self.p, 1.0 - self.p);
        (below, above)
    }
}

impl Discrete for Binomial {
    fn ln_pmf(&self, k: f64) -> f64 {
        if !whole(k) || k > self.n {
            return f64::NEG_INFINITY;
        }
        ln_binomial_weight(k, self.n - k, self.p, 1.0 - self.p)
    }
    fn cdf(&self, k: f64) -> f64 {
        self.both(k).0
    }
    fn sf(&self, k: f64) -> f64 {
        self.both(k).1
    }
    fn mean(&self) -> f64 {
        self.n * self.p
    }
    fn variance(&self) -> f64 {
        self.n * self.p * (1.0 - self.p)
    }
    fn largest(&self) -> f64 {
        self.n
    }
}

/// Negative binomial distribution by size (not necessarily whole) and mean: variance mean + mean²/size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NegativeBinomial {
    size: f64,
    mean: f64,
}

impl NegativeBinomial {
    /// By size and mean. An infinite size is the Poisson distribution; an infinite mean puts everything at infinity.
    ///
    /// # Errors
    /// The size is not positive or the mean negative.
    pub fn new(size: f64, mean: f64) -> Result<Self, ParameterError> {
        check("negative binomial", "size", size, size > 0.0, "a positive number")?;
        check("negative binomial", "mean", mean, mean >= 0.0, "a number that is not negative")?;
        Ok(Self { size, mean })
    }

    /// By size and probability of a success: failures before the size-th success.
    ///
    /// # Errors
    /// The size is not positive or the probability outside (0, 1].
    pub fn from_probability(size: f64, p: f64) -> Result<Self, ParameterError> {
        check("negative binomial", "probability", p, p > 0.0 && p <= 1.0, "a probability above zero")?;
        Self::new(size, size * (1.0 - p) / p)
    }

    fn both(&self, k: f64) -> (f64, f64) {
        if k < 0.0 || self.mean.is_infinite() {
            return (0.0, 1.0);
        }
        let k = k.floor();
        if self.size.is_infinite() {
            let p = Poisson { mean: self.mean };
            return (p.cdf(k), p.sf(k));
        }
        let sum = self.size + self.mean;
        beta_inc_xy(self.size, k + 1.0, self.size / sum, self.mean / sum)
    }
}

impl Discrete for NegativeBinomial {
    fn ln_pmf(&self, k: f64) -> f64 {
        if !whole(k) || self.mean.is_infinite() {
            return f64::NEG_INFINITY;
        }
        let (n, m) = (self.size, self.mean);
        if m == 0.0 {
            return if k == 0.0 { 0.0 } else { f64::NEG_INFINITY };
        }
        if n.is_infinite() {
            return ln_poisson_weight(k, m);
        }
        if k == 0.0 {
            return -n * (m / n).ln_1p();
        }
        if k < 1e-10 * n {
            // Γ(n+k)/Γ(n) ≈ n^k (1 + k(k-1)/2n): Stirling cancels there
            let p = if n < m { (n / (1.0 + n / m)).ln() } else { (m / (1.0 + m / n)).ln() };
            return k * p - m * (1.0 + m / n).ln() * (n / m) - lgamma(k + 1.0)
                + (k * (k - 1.0) / (2.0 * n)).ln_1p();
        }
        let sum = n + m;
        ln_binomial_weight(n, k, n / sum, m / sum) + (n / (n + k)).ln()
    }
    fn cdf(&self, k: f64) -> f64 {
        self.both(k).0
    }
    fn sf(&self, k: f64) -> f64 {
        self.both(k).1
    }
    fn mean(&self) -> f64 {
        self.mean
    }
    fn variance(&self) -> f64 {
        self.mean * (1.0 + self.mean / self.size)
    }
}

/// Beta-binomial distribution: binomial with a probability drawn from Beta(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    n: f64,
    a: f64,
    b: f64,
}

impl BetaBinomial {
    /// n trials, shapes a and b of the beta distribution (mean n a/(a+b)).
    ///
    /// # Errors
    /// n is not a whole number or a shape not positive.
    pub fn new(n: f64, a: f64, b: f64) -> Result<Self, ParameterError> {
        check("beta-binomial", "n", n, whole(n), "a whole number")?;
        check("beta-binomial", "a", a, a > 0.0 && a.is_finite(), "a positive number")?;
        check("beta-binomial", "b", b, b > 0.0 && b.is_finite(), "a positive number")?;
        Ok(Self { n, a, b })
    }

    /// Σ of the weights at `from`, `from + step`, … until they no longer count.
    fn sum(&self, from: f64, to: f64) -> f64 {
        let mut k = from;
        let mut sum = 0.0;
        while k <= to {
            sum += self.pmf(k);
            k += 1.0;
        }
        sum
    }
}

impl Discrete for BetaBinomial {
    fn ln_pmf(&self, k: f64) -> f64 {
        if !whole(k) || k > self.n {
            return f64::NEG_INFINITY;
        }
        ln_choose(self.n, k) + ln_beta(k + self.a, self.n - k + self.b) - ln_beta(self.a, self.b)
    }
    fn cdf(&self, k: f64) -> f64 {
        if k >= self.n { 1.0 } else { self.sum(0.0, k.floor()).min(1.0) }
    }
    fn sf(&self, k: f64) -> f64 {
        if k < 0.0 { 1.0 } else { self.sum(k.floor() + 1.0, self.n).min(1.0) }
    }
    fn mean(&self) -> f64 {
        self.n * self.a / (self.a + self.b)
    }
    fn variance(&self) -> f64 {
        let s = self.a + self.b;
        self.n * self.a * self.b * (s + self.n) / (s * s * (s + 1.0))
    }
    fn largest(&self) -> f64 {
        self.n
    }
}
