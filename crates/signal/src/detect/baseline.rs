//! The in-control mean of CUSUM and GLR detectors: a Poisson or negative binomial regression of the periods before the range on
//! time and harmonics of the year.

use super::{Error, Series};
use stats::glm::{self, Family, Model};
use stats::linear::Matrix;
use std::f64::consts::TAU;

/// Terms of the regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Pairs of sine and cosine.
    pub harmonics: usize,
    /// A line in time.
    pub trend: bool,
}

/// A fitted baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    terms: Terms,
    frequency: f64,
    /// Intercept, trend if any, then sine and cosine of each harmonic.
    pub coefficients: Vec<f64>,
    /// 1/size of the negative binomial; 0 for Poisson.
    pub alpha: f64,
}

impl Terms {
    fn row(self, t: f64, frequency: f64) -> Vec<f64> {
        let mut row = vec![1.0];
        if self.trend {
            row.push(t);
        }
        for s in 1..=self.harmonics {
            let angle = TAU * s as f64 * t / frequency;
            row.push(angle.sin());
            row.push(angle.cos());
        }
        row
    }
}

/// How the overdispersion of the baseline is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Overdispersion {
    /// None: Poisson.
    None,
    /// Known: variance µ + α µ².
    Fixed(f64),
    /// By maximum likelihood.
    Estimated,
}

impl Baseline {
    /// Fits the first `until` periods.
    ///
    /// # Errors
    /// There are too few periods, or the fit does not converge.
    pub fn fit(series: &Series, until: usize, terms: Terms, alpha: Overdispersion) -> Result<Self, Error> {
        let y = &series.counts()[..until.min(series.len())];
        let columns = 1 + usize::from(terms.trend) + 2 * terms.harmonics;
        if y.len() <= columns {
            return Err(Error::History {
                method: "the baseline",
                period: until + 1,
                needed: columns + 1,
                there: y.len(),
            });
        }
        let frequency = series.frequency() as f64;
        let rows: Vec<Vec<f64>> = (1..=y.len()).map(|t| terms.row(t as f64, frequency)).collect();
        let design = Matrix::from_fn(y.len(), columns, |i, j| rows[i][j]);
        let model = Model {
            family: Family::Poisson,
            design: &design,
            response: y,
            weights: None,
            offset: None,
            start: None,
        };
        let (fit, converged, alpha) = match alpha {
            Overdispersion::None => {
                let fit = glm::fit(&model);
                let converged = fit.converged;
                (fit, converged, 0.0)
            }
            Overdispersion::Fixed(alpha) => {
                let fit =
                    glm::fit(&Model { family: Family::NegativeBinomial { size: 1.0 / alpha }, ..model });
                let converged = fit.converged;
                (fit, converged, alpha)
            }
            Overdispersion::Estimated => {
                let sized = glm::fit_negative_binomial(&design, y, None, None);
                // a size that grows without end is a Poisson baseline: the fit is good, only the size does not settle
                let converged = sized.fit.converged;
                (sized.fit, converged, 1.0 / sized.size)
            }
        };
        if !converged || fit.coefficients.iter().any(|c| !c.is_finite()) {
            return Err(Error::Fit {
                method: "the baseline",
                reason: "the regression of the periods before the range does not converge; use fewer harmonics, no trend, or \
                         a longer past"
                    .to_owned(),
            });
        }
        Ok(Self { terms, frequency, coefficients: fit.coefficients, alpha })
    }

    /// The mean of a 1-based period; at least 2⁻⁵², as the reference's inverse of the logarithm gives it.
    #[must_use]
    pub fn mean(&self, period: usize) -> f64 {
        let row = self.terms.row(period as f64, self.frequency);
        row.iter().zip(&self.coefficients).map(|(x, b)| x * b).sum::<f64>().exp().max(f64::EPSILON)
    }
}
