//! Continuous distributions.

use super::{Continuous, ParameterError, check};
use crate::special::{
    LN_SQRT_2PI, beta_inc_inv, beta_inc_q_inv, beta_inc_xy, gamma_p, gamma_p_inv, gamma_q, gamma_q_inv,
    lgamma_1p, ln_beta, ln_poisson_weight, norm_cdf, norm_quantile, norm_sf,
};

const POSITIVE: &str = "a positive number";

/// Normal distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    mean: f64,
    sd: f64,
}

impl Normal {
    /// The standard normal distribution.
    pub const STANDARD: Self = Self { mean: 0.0, sd: 1.0 };

    /// By mean and standard deviation.
    ///
    /// # Errors
    /// The mean is not finite or the standard deviation not positive.
    pub fn new(mean: f64, sd: f64) -> Result<Self, ParameterError> {
        check("normal", "mean", mean, mean.is_finite(), "a finite number")?;
        check("normal", "sd", sd, sd > 0.0 && sd.is_finite(), POSITIVE)?;
        Ok(Self { mean, sd })
    }

    fn z(&self, x: f64) -> f64 {
        (x - self.mean) / self.sd
    }
}

impl Continuous for Normal {
    fn ln_pdf(&self, x: f64) -> f64 {
        let z = self.z(x);
        -0.5 * z * z - LN_SQRT_2PI - self.sd.ln()
    }
    fn cdf(&self, x: f64) -> f64 {
        norm_cdf(self.z(x))
    }
    fn sf(&self, x: f64) -> f64 {
        norm_sf(self.z(x))
    }
    fn quantile(&self, p: f64) -> f64 {
        self.mean + self.sd * norm_quantile(p)
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        self.mean - self.sd * norm_quantile(q)
    }
}

/// Student's t distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentT {
    df: f64,
}

impl StudentT {
    /// By degrees of freedom; infinite ones give the normal distribution.
    ///
    /// # Errors
    /// The degrees of freedom are not positive.
    pub fn new(df: f64) -> Result<Self, ParameterError> {
        check("t", "df", df, df > 0.0, POSITIVE)?;
        Ok(Self { df })
    }

    /// P(T > |t|).
    fn tail(&self, t: f64) -> f64 {
        if self.df.is_infinite() {
            return norm_sf(t.abs());
        }
        let t2 = t * t;
        if t2.is_infinite() {
            return 0.0;
        }
        let (x, y) = (self.df / (self.df + t2), t2 / (self.df + t2));
        0.5 * beta_inc_xy(0.5 * self.df, 0.5, x, y).0
    }

    /// The t ≥ 0 with P(T > t) = q ≤ ½.
    fn tail_quantile(&self, q: f64) -> f64 {
        if self.df.is_infinite() {
            return -norm_quantile(q);
        }
        if q == 0.0 {
            return f64::INFINITY;
        }
        // far out only the leading term of the integral is left, and x = df/(df + t²) may underflow
        let a = 0.5 * self.df;
        let leading = ((2.0 * q).ln() + a.ln() + ln_beta(a, 0.5)) / a;
        if leading < -60.0 {
            return (0.5 * (self.df.ln() - leading)).exp();
        }
        // the smaller of x and y = 1 - x carries the digits
        let x = beta_inc_inv(0.5 * self.df, 0.5, 2.0 * q);
        if x < 0.5 {
            (self.df * (1.0 - x) / x).sqrt()
        } else {
            let y = beta_inc_q_inv(0.5, 0.5 * self.df, 2.0 * q);
            (self.df * y / (1.0 - y)).sqrt()
        }
    }
}

impl Continuous for StudentT {
    fn ln_pdf(&self, x: f64) -> f64 {
        if self.df.is_infinite() {
            return Normal::STANDARD.ln_pdf(x);
        }
        let n = self.df;
        -ln_beta(0.5, 0.5 * n) - 0.5 * n.ln() - 0.5 * (n + 1.0) * (x * x / n).ln_1p()
    }
    fn cdf(&self, x: f64) -> f64 {
        let tail = self.tail(x);
        if x < 0.0 { tail } else { 1.0 - tail }
    }
    fn sf(&self, x: f64) -> f64 {
        self.cdf(-x)
    }
    fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p < 0.5 { -self.tail_quantile(p) } else { self.tail_quantile(1.0 - p) }
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        -self.quantile(q)
    }
}

/// Gamma distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
}

impl Gamma {
    /// By shape and scale (mean = shape · scale).
    ///
    /// # Errors
    /// A parameter is not positive.
    pub fn new(shape: f64, scale: f64) -> Result<Self, ParameterError> {
        check("gamma", "shape", shape, shape > 0.0 && shape.is_finite(), POSITIVE)?;
        check("gamma", "scale", scale, scale > 0.0 && scale.is_finite(), POSITIVE)?;
        Ok(Self { shape, scale })
    }
}

impl Continuous for Gamma {
    fn ln_pdf(&self, x: f64) -> f64 {
        if x < 0.0 {
            return f64::NEG_INFINITY;
        }
        if x == 0.0 {
            return match self.shape {
                s if s < 1.0 => f64::INFINITY,
                s if s > 1.0 => f64::NEG_INFINITY,
                _ => -self.scale.ln(),
            };
        }
        let x = x / self.scale;
        if self.shape < 1.0 {
            // lgamma_1p(a) - ln a = ln Γ(a)
            return (self.shape - 1.0) * x.ln() - x - lgamma_1p(self.shape) + self.shape.ln()
                - self.scale.ln();
        }
        ln_poisson_weight(self.shape - 1.0, x) - self.scale.ln()
    }
    fn cdf(&self, x: f64) -> f64 {
        gamma_p(self.shape, x / self.scale)
    }
    fn sf(&self, x: f64) -> f64 {
        gamma_q(self.shape, x / self.scale)
    }
    fn quantile(&self, p: f64) -> f64 {
        self.scale * gamma_p_inv(self.shape, p)
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        self.scale * gamma_q_inv(self.shape, q)
    }
}

/// χ² distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared(Gamma);

impl ChiSquared {
    /// By degrees of freedom, not necessarily whole.
    ///
    /// # Errors
    /// The degrees of freedom are not positive.
    pub fn new(df: f64) -> Result<Self, ParameterError> {
        check("chi-squared", "df", df, df > 0.0 && df.is_finite(), POSITIVE)?;
        Ok(Self(Gamma { shape: 0.5 * df, scale: 2.0 }))
    }
}

impl Continuous for ChiSquared {
    fn ln_pdf(&self, x: f64) -> f64 {
        self.0.ln_pdf(x)
    }
    fn cdf(&self, x: f64) -> f64 {
        self.0.cdf(x)
    }
    fn sf(&self, x: f64) -> f64 {
        self.0.sf(x)
    }
    fn quantile(&self, p: f64) -> f64 {
        self.0.quantile(p)
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        self.0.upper_quantile(q)
    }
}

/// Beta distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    /// By its two shapes (mean a/(a+b)).
    ///
    /// # Errors
    /// A shape is not positive.
    pub fn new(a: f64, b: f64) -> Result<Self, ParameterError> {
        check("beta", "a", a, a > 0.0 && a.is_finite(), POSITIVE)?;
        check("beta", "b", b, b > 0.0 && b.is_finite(), POSITIVE)?;
        Ok(Self { a, b })
    }
}

impl Continuous for Beta {
    fn ln_pdf(&self, x: f64) -> f64 {
        if !(0.0..=1.0).contains(&x) {
            return f64::NEG_INFINITY;
        }
        let side = |shape: f64, ln: f64| if shape == 1.0 { 0.0 } else { (shape - 1.0) * ln };
        side(self.a, x.ln()) + side(self.b, (-x).ln_1p()) - ln_beta(self.a, self.b)
    }
    fn cdf(&self, x: f64) -> f64 {
        beta_inc_xy(self.a, self.b, x, 1.0 - x).0
    }
    fn sf(&self, x: f64) -> f64 {
        beta_inc_xy(self.a, self.b, x, 1.0 - x).1
    }
    fn quantile(&self, p: f64) -> f64 {
        beta_inc_inv(self.a, self.b, p)
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        beta_inc_q_inv(self.a, self.b, q)
    }
}

/// Fisher's F distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FisherF {
    df1: f64,
    df2: f64,
}

impl FisherF {
    /// By the degrees of freedom of numerator and denominator.
    ///
    /// # Errors
    /// One of them is not positive.
    pub fn new(df1: f64, df2: f64) -> Result<Self, ParameterError> {
        check("F", "df1", df1, df1 > 0.0 && df1.is_finite(), POSITIVE)?;
        check("F", "df2", df2, df2 > 0.0 && df2.is_finite(), POSITIVE)?;
        Ok(Self { df1, df2 })
    }

    fn both(&self, x: f64) -> (f64, f64) {
        if x <= 0.0 {
            return (0.0, 1.0);
        }
        if x.is_infinite() {
            return (1.0, 0.0);
        }
        let (n, m) = (self.df1 * x, self.df2);
        beta_inc_xy(0.5 * self.df1, 0.5 * self.df2, n / (n + m), m / (n + m))
    }

    fn of(&self, x: f64, y: f64) -> f64 {
        if y == 0.0 { f64::INFINITY } else { self.df2 * x / (self.df1 * y) }
    }
}

impl Continuous for FisherF {
    fn ln_pdf(&self, x: f64) -> f64 {
        if x < 0.0 {
            return f64::NEG_INFINITY;
        }
        let (a, b) = (0.5 * self.df1, 0.5 * self.df2);
        let ratio = self.df1 / self.df2;
        let power = if a == 1.0 { 0.0 } else { (a - 1.0) * x.ln() };
        power + a * ratio.ln() - (a + b) * (ratio * x).ln_1p() - ln_beta(a, b)
    }
    fn cdf(&self, x: f64) -> f64 {
        self.both(x).0
    }
    fn sf(&self, x: f64) -> f64 {
        self.both(x).1
    }
    fn quantile(&self, p: f64) -> f64 {
        let (a, b) = (0.5 * self.df1, 0.5 * self.df2);
        let x = beta_inc_inv(a, b, p);
        if x < 0.5 {
            return self.of(x, 1.0 - x);
        }
        let y = beta_inc_q_inv(b, a, p);
        self.of(1.0 - y, y)
    }
    fn upper_quantile(&self, q: f64) -> f64 {
        let (a, b) = (0.5 * self.df1, 0.5 * self.df2);
        let y = beta_inc_inv(b, a, q);
        if y < 0.5 {
            return self.of(1.0 - y, y);
        }
        let x = beta_inc_q_inv(a, b, q);
        self.of(x, 1.0 - x)
    }
}
