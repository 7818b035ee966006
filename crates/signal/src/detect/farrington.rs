//! Farrington's method, in its form of 1996 and in the flexible form of Noufaily et al. (2013).
//!
//! The count of a week is compared with the same season of earlier years by an overdispersed Poisson regression with trend,
//! in which past outbreaks are weighted down by their Anscombe residuals.
//!
//! Farrington, Andrews, Beale, Catchpole, *JRSS A* 1996; Noufaily, Enki, Farrington, Garthwaite, Andrews, Charlett, *Stat.
//! Med.* 2013. The regression has one factor and a line, so each step of the fit is a handful of weighted sums
//! within factor levels (`fit`), not a factorisation.

mod classic;
mod fit;
mod flexible;
pub(crate) mod plan;

pub use classic::{Classic, ClassicRow, run as classic};
pub use flexible::{Flexible, FlexibleRow, Threshold, run as flexible};

use super::Error;

/// Power to which counts are raised before the normal approximation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Power {
    /// 2/3: removes skewness.
    #[default]
    TwoThirds,
    /// 1/2: steadies the variance.
    Half,
    /// None.
    One,
}

impl Power {
    /// Reads `2/3`, `1/2` or `none`.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "2/3" => Ok(Self::TwoThirds),
            "1/2" => Ok(Self::Half),
            "none" => Ok(Self::One),
            _ => Err(Error::setting("powertrans", text, "2/3, 1/2 or none")),
        }
    }

    /// The exponent.
    #[must_use]
    pub fn exponent(self) -> f64 {
        match self {
            Self::TwoThirds => 2.0 / 3.0,
            Self::Half => 0.5,
            Self::One => 1.0,
        }
    }

    /// Upper limit of a prediction interval around a mean with dispersion and standard error of the mean.
    fn bound(self, mean: f64, dispersion: f64, se: f64, z: f64) -> f64 {
        let sd = self.sd(mean, dispersion, se);
        let power = self.exponent();
        let base = mean.powf(power) + z * sd;
        if base < 0.0 { 0.0 } else { base.powf(1.0 / power) }
    }

    /// Standard deviation of the transformed prediction error.
    fn sd(self, mean: f64, dispersion: f64, se: f64) -> f64 {
        let tau = dispersion + se * se / mean;
        match self {
            Self::TwoThirds => (4.0 / 9.0 * mean.cbrt() * tau).sqrt(),
            Self::Half => (0.25 * tau).sqrt(),
            Self::One => (mean * tau).sqrt(),
        }
    }
}

/// Fewer than `cases` in the last `periods` (the judged one included): no alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minimum {
    /// Cases needed.
    pub cases: f64,
    /// Periods over which they are counted.
    pub periods: usize,
}

impl Default for Minimum {
    fn default() -> Self {
        Self { cases: 5.0, periods: 4 }
    }
}

impl Minimum {
    fn reached(self, y: &[f64], t: usize) -> bool {
        let from = (t + 1).saturating_sub(self.periods);
        y[from..=t].iter().sum::<f64>() >= self.cases
    }
}
