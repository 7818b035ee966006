//! What differs from one portion of a food to the next beyond its concentration: how much processing leaves, and how much single
//! units hold more or less than the composite sample they were measured in.
//!
//! After the public documentation of MCRA 10 (RIVM and Wageningen University), processing factors and unit variability.

use super::Words;
use stats::quadrature::normal;
use stats::random::unit;
use stats::special::norm_quantile;

/// The 95 % point of the standard normal.
const Z95: f64 = 1.644_853_626_951_472_6;
/// Its 97.5 % point.
const Z975: f64 = 1.959_963_984_540_054;

/// The distribution of a processing factor about its median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Processing {
    /// Centre on the scale of the logarithm or the logit.
    mu: f64,
    sigma: f64,
    /// Whether the factor cannot exceed 1.
    share: bool,
}

impl Processing {
    /// From the median and the 95th percentile. When both lie below 1 the factor is a share: logit-normal; otherwise log-normal. `None` when
    /// they are not in order above 0.
    #[must_use]
    pub fn new(median: f64, upper: f64) -> Option<Self> {
        if !(median > 0.0 && upper > median && upper.is_finite()) {
            return None;
        }
        let share = upper < 1.0;
        let scale = |x: f64| if share { libm::log(x / (1.0 - x)) } else { libm::log(x) };
        Some(Self { mu: scale(median), sigma: (scale(upper) - scale(median)) / Z95, share })
    }

    /// The factor at a standard normal value.
    fn at(&self, z: f64) -> f64 {
        let x = self.mu + self.sigma * z;
        if self.share { 1.0 / (1.0 + libm::exp(-x)) } else { libm::exp(x) }
    }

    /// The p-quantile.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        self.at(norm_quantile(p))
    }

    /// Mean: what long-term exposure counts.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.share {
            normal(40).sum(|z| self.at(z))
        } else {
            libm::exp(self.mu + self.sigma * self.sigma / 2.0)
        }
    }
}

/// How units differ from the composite they were measured in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Log-normal factors with mean 1 and this standard deviation of the logarithm.
    Lognormal(f64),
    /// All the residue of the composite in one of so many units.
    Bernoulli(f64),
}

/// Units of a food that is eaten in pieces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units {
    /// Weight of one, g.
    pub grams: f64,
    /// How they differ.
    pub spread: Spread,
}

impl Spread {
    /// From the variability factor v, the 97.5th percentile of the units over their mean: the smaller root of
    /// σ²/2 - 1.96 σ + ln v = 0; beyond v = e^(1.96²/2), about 6.8, no log-normal law of that mean has it and σ = 1.96 has the most.
    #[must_use]
    pub fn of_factor(v: f64) -> Self {
        Self::Lognormal(Z975 - (Z975 * Z975 - 2.0 * v.ln()).max(0.0).sqrt())
    }

    /// From the coefficient of variation.
    #[must_use]
    pub fn of_variation(cv: f64) -> Self {
        Self::Lognormal((cv * cv).ln_1p().sqrt())
    }

    fn draw(self, words: &mut Words) -> f64 {
        let u = unit(words.next());
        match self {
            Self::Lognormal(sigma) => {
                let z = norm_quantile(u.clamp(1e-16, 1.0 - 1e-16));
                libm::exp(sigma * z - sigma * sigma / 2.0)
            }
            Self::Bernoulli(units) if u * units < 1.0 => units,
            Self::Bernoulli(_) => 0.0,
        }
    }
}

/// What differs from portion to portion of a food.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Variation {
    /// The processing factor, drawn for each portion.
    pub processing: Option<Processing>,
    /// Units, each drawn for itself; the rest of a portion counts as a piece of one more.
    pub units: Option<Units>,
}

impl Variation {
    /// Nothing differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.processing.is_none() && self.units.is_none()
    }

    /// What the concentration of a portion of so many grams is multiplied with.
    pub(super) fn draw(&self, grams: f64, words: &mut Words) -> f64 {
        let mut factor = 1.0;
        if let Some(processing) = &self.processing {
            factor *= processing.quantile(unit(words.next()).clamp(1e-16, 1.0 - 1e-16));
        }
        if let Some(Units { grams: each, spread }) = self.units
            && grams > 0.0
        {
            let (mut left, mut sum) = (grams, 0.0);
            while left > 0.0 {
                let piece = left.min(each);
                sum += piece * spread.draw(words);
                left -= piece;
            }
            factor *= sum / grams;
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::random::Purpose;

    #[test]
    fn a_processing_factor_has_its_median_its_upper_percentile_and_its_mean() {
        for (median, upper, share) in
            [(0.2, 0.6, true), (0.9, 0.95, true), (0.5, 1.4, false), (3.0, 8.0, false)]
        {
            let law = Processing::new(median, upper).unwrap();
            assert!((law.quantile(0.5) - median).abs() < 1e-12 && (law.quantile(0.95) - upper).abs() < 1e-12);
            assert_eq!(law.quantile(1.0 - 1e-12) < 1.0, share);
            let n = 20_000;
            let middle =
                (0..n).map(|k| law.quantile((f64::from(k) + 0.5) / f64::from(n))).sum::<f64>() / f64::from(n);
            assert!((middle / law.mean() - 1.0).abs() < 1e-3, "{median} {upper}: {middle} {}", law.mean());
        }
        for (median, upper) in [(0.0, 0.5), (0.5, 0.5), (0.5, 0.4), (1.0, f64::INFINITY), (f64::NAN, 1.0)] {
            assert_eq!(Processing::new(median, upper), None, "{median} {upper}");
        }
    }

    #[test]
    fn units_have_mean_one_and_the_variability_factor_asked() {
        let mut words = Words::new(5, Purpose::of("unit test"), 0);
        let n = 200_000;
        for (spread, v) in [
            (Spread::of_factor(3.0), Some(3.0)),
            (Spread::of_factor(5.0), Some(5.0)),
            (Spread::of_variation(0.5), None),
            (Spread::Bernoulli(8.0), None),
        ] {
            let mut drawn: Vec<f64> = (0..n).map(|_| spread.draw(&mut words)).collect();
            let mean = drawn.iter().sum::<f64>() / f64::from(n);
            let sd = (drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
            assert!((mean - 1.0).abs() < 5.0 * sd / f64::from(n).sqrt(), "{spread:?}: {mean}");
            drawn.sort_by(f64::total_cmp);
            let upper = drawn[drawn.len() * 975 / 1000];
            assert!(v.is_none_or(|v| (upper / v - 1.0).abs() < 0.03), "{spread:?}: {upper}");
            if spread == Spread::of_variation(0.5) {
                assert!((sd - 0.5).abs() < 0.01, "{sd}");
            }
        }
        // beyond 6.8 the widest law there is
        assert_eq!(Spread::of_factor(7.0), Spread::Lognormal(Z975));
    }

    #[test]
    fn more_units_in_a_portion_even_out() {
        let mut words = Words::new(6, Purpose::of("unit test"), 0);
        let units = Some(Units { grams: 100.0, spread: Spread::of_factor(3.0) });
        let variation = Variation { processing: None, units };
        let mut variance = |grams: f64| {
            let drawn: Vec<f64> = (0..100_000).map(|_| variation.draw(grams, &mut words)).collect();
            drawn.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / 1e5
        };
        // a portion within a unit varies as one does, four units a quarter, one and a half as (1² + ½²)/1.5² of it
        let one = variance(100.0);
        for (grams, share) in [(30.0, 1.0), (400.0, 0.25), (150.0, 1.25 / 2.25)] {
            let found = variance(grams) / one;
            assert!((found / share - 1.0).abs() < 0.1, "{grams}: {found}");
        }
    }
}
