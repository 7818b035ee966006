//! The families: the response at a dose when the benchmark dose is a parameter.

use serde::Serialize;
use stats::special::{gamma_p, gamma_p_inv, norm_cdf, norm_quantile};

/// A family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Continuous: y = a·exp(b·x^d) (model 3), y = a·c^(1 − exp(−(bx)^d)) (model 5). Quantal: the latent variable follows it.
    Exponential,
    /// Continuous: y = a/(1 + s·x^d) (model 3), log y = log a + log c·t/(1 + t), t = (bx)^d (model 5). Quantal: likewise.
    Hill,
    /// 1 − exp(−x/b − c(x/b)²).
    TwoStage,
    /// logit⁻¹(α + c·log x).
    LogLogistic,
    /// 1 − exp(−β·x^c).
    Weibull,
    /// Φ(α + c·log x).
    LogProbit,
    /// Incomplete gamma integral of shape c.
    Gamma,
    /// logit⁻¹(a + b·x).
    Logistic,
    /// Φ(a + b·x).
    Probit,
}

impl Family {
    /// All for quantal data.
    pub const QUANTAL: [Self; 9] = [
        Self::Exponential,
        Self::Hill,
        Self::TwoStage,
        Self::LogLogistic,
        Self::Weibull,
        Self::LogProbit,
        Self::Gamma,
        Self::Logistic,
        Self::Probit,
    ];

    /// What tables call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Exponential => "EXP",
            Self::Hill => "HILL",
            Self::TwoStage => "two.stage",
            Self::LogLogistic => "log.logist",
            Self::Weibull => "Weibull",
            Self::LogProbit => "log.prob",
            Self::Gamma => "gamma",
            Self::Logistic => "logistic",
            Self::Probit => "probit",
        }
    }

    /// Whether the shape is a parameter (all but logistic and probit).
    #[must_use]
    pub const fn shaped(self) -> bool {
        !matches!(self, Self::Logistic | Self::Probit)
    }

    /// Whether it is a continuous curve (in quantal data: of the latent variable).
    #[must_use]
    pub const fn latent(self) -> bool {
        matches!(self, Self::Exponential | Self::Hill)
    }
}

/// Standard deviation of the latent variable (PROAST's fixed value).
const SIGMA: f64 = 0.25;

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The change of log y at a dose `x` when it is `k` at the dose `b`: with `c` (log of the plateau) a model 5, without a
/// model 3. NaN where the plateau does not reach `k`.
pub(super) fn change(family: Family, x: f64, b: f64, d: f64, k: f64, c: Option<f64>) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let times = (x / b).powf(d);
    match (family, c) {
        (Family::Hill, None) => -(((-k).exp_m1() * times).ln_1p()),
        (Family::Hill, Some(c)) => {
            let q = k / c;
            let t = if q > 0.0 && q < 1.0 { q / (1.0 - q) * times } else { f64::NAN };
            c * if t.is_infinite() { 1.0 } else { t / (1.0 + t) }
        }
        (_, None) => k * times,
        (_, Some(c)) => {
            let q = k / c;
            if q > 0.0 && q < 1.0 { -c * (times * (-q).ln_1p()).exp_m1() } else { f64::NAN }
        }
    }
}

/// The chance of an effect at dose `x`: `a` is the background chance (latent families: log of the background value; logistic and
/// probit: their intercept), `b` the benchmark dose for extra risk `r`, `c` the shape, `plateau` the log plateau of a latent model 5.
pub(super) fn chance(family: Family, x: f64, a: f64, b: f64, c: f64, plateau: Option<f64>, r: f64) -> f64 {
    let rise = |f: f64| a + (1.0 - a) * f;
    let line = |inverse: &dyn Fn(f64) -> f64, quantile: &dyn Fn(f64) -> f64| {
        let p0 = inverse(a);
        inverse(a + (quantile(p0 + (1.0 - p0) * r) - a) * x / b)
    };
    match family {
        Family::Exponential | Family::Hill => {
            let p0 = norm_cdf(-a / SIGMA);
            let k = -SIGMA * norm_quantile(p0 + (1.0 - p0) * r) - a;
            norm_cdf(-(a + change(family, x, b, c, k, plateau)) / SIGMA)
        }
        Family::Logistic => line(&expit, &logit),
        Family::Probit => line(&norm_cdf, &norm_quantile),
        _ if x <= 0.0 => a,
        Family::TwoStage => {
            let k = -(-r).ln_1p();
            let u = if c > 1e-9 { ((1.0 + 4.0 * c * k).sqrt() - 1.0) / (2.0 * c) } else { k };
            let t = u * x / b;
            rise(-(-t - c * t * t).exp_m1())
        }
        Family::LogLogistic => rise(expit(logit(r) + c * (x / b).ln())),
        Family::Weibull => rise(-((-r).ln_1p() * (x / b).powf(c)).exp_m1()),
        Family::LogProbit => rise(norm_cdf(norm_quantile(r) + c * (x / b).ln())),
        Family::Gamma => rise(gamma_p(c, x * gamma_p_inv(c, r) / b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_benchmark_dose_every_family_has_the_wished_extra_risk() {
        for family in Family::QUANTAL {
            for plateau in if family.latent() { vec![None, Some(-1.0)] } else { vec![None] } {
                let a = if family.latent() {
                    0.5
                } else if family.shaped() {
                    0.03
                } else {
                    -1.9
                };
                let p0 = chance(family, 0.0, a, 3.0, 1.3, plateau, 0.1);
                let p = chance(family, 3.0, a, 3.0, 1.3, plateau, 0.1);
                assert!(((p - p0) / (1.0 - p0) - 0.1).abs() < 1e-9, "{family:?} {p0} {p}");
                let mut before = p0;
                for i in 1..40 {
                    let now = chance(family, f64::from(i) * 0.5, a, 3.0, 1.3, plateau, 0.1);
                    assert!(now >= before - 1e-12, "{family:?} {i}");
                    before = now;
                }
            }
        }
    }

    #[test]
    fn at_the_benchmark_dose_a_continuous_curve_has_changed_by_the_wished_part() {
        for family in [Family::Exponential, Family::Hill] {
            for (k, c) in [(0.05_f64, 2.0_f64), (-0.05, -1.0)] {
                for plateau in [None, Some(c)] {
                    assert!((change(family, 7.0, 7.0, 1.7, k, plateau) - k).abs() < 1e-12, "{family:?} {k}");
                }
                assert!((change(family, 1e9, 7.0, 1.7, k, Some(c)) - c).abs() < 1e-6);
            }
        }
    }
}
