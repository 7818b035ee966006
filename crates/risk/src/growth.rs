//! Growth of micro-organisms along a temperature history, and the mean kinetic temperature.
//!
//! Secondary models (rate at a temperature): square root (Ratkowsky et al., J. Bacteriology 149, 1982, 1; full form 154, 1983, 1222) and
//! cardinal (Rosso et al., J. Theoretical Biology 162, 1993, 447; pH Rosso et al., Applied and Environmental Microbiology 61,
//! 1995, 610), multiplied by pH and water-activity factors (gamma concept, Zwietering et al. 1992). Primary models:
//! Baranyi and Roberts (Int. J. Food Microbiology 23, 1994, 277) and three phases (Buchanan et al., Food Microbiology 14, 1997, 313).
//! A prediction is not a measurement: it names its model and carries the interval of its parameters. The mean kinetic temperature
//! (Haynes 1971) is a pharmaceutical convention; it does not judge food.

use crate::table::{Row, Table, TableError};
use serde::{Deserialize, Serialize};
use stats::random::{Purpose, Stream};
use stats::special::norm_quantile;

const DRAWS: Purpose = Purpose::of("risk growth parameters");

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The table cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A parameter is out of range.
    #[error("{0}: {1}")]
    Parameter(&'static str, &'static str),
    /// There is nothing to follow.
    #[error(
        "the temperature history is empty: give hours (or duration_h) and temperature, at least one reading with a duration"
    )]
    Empty,
}

/// A stretch of constant temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Hours.
    pub hours: f64,
    /// °C.
    pub temperature: f64,
}

/// Reads a history: `duration_h,temperature`, or `hours,temperature` where each reading holds until the next and the last one
/// only marks the end.
///
/// # Errors
/// Missing columns, times that do not rise, nothing left.
pub fn history(table: &Table) -> Result<Vec<Stretch>, Error> {
    table.require(&["duration_h|hours", "temperature"])?;
    let mut out = Vec::new();
    if table.has("duration_h") {
        for row in table.rows() {
            let hours =
                row.optional("duration_h")?.ok_or_else(|| row.fault("duration_h", "a number is needed"))?;
            let temperature =
                row.optional("temperature")?.ok_or_else(|| row.fault("temperature", "a number is needed"))?;
            if hours < 0.0 {
                return Err(row.fault("duration_h", "must not be negative").into());
            }
            out.push(Stretch { hours, temperature: real(&row, temperature)? });
        }
    } else {
        let mut before: Option<(f64, f64)> = None;
        for row in table.rows() {
            let hours = row.optional("hours")?.ok_or_else(|| row.fault("hours", "a number is needed"))?;
            let now =
                row.optional("temperature")?.ok_or_else(|| row.fault("temperature", "a number is needed"))?;
            let now = real(&row, now)?;
            if let Some((start, temperature)) = before {
                if hours < start {
                    return Err(row.fault("hours", "must not go back").into());
                }
                out.push(Stretch { hours: hours - start, temperature });
            }
            before = Some((hours, now));
        }
    }
    if out.iter().map(|s| s.hours).sum::<f64>() > 0.0 { Ok(out) } else { Err(Error::Empty) }
}

/// A temperature above absolute zero.
fn real(row: &Row<'_>, celsius: f64) -> Result<f64, Error> {
    if celsius > -273.15 {
        Ok(celsius)
    } else {
        Err(row.fault("temperature", "must lie above −273.15 °C").into())
    }
}

/// The mean kinetic temperature in °C: T = (ΔH/R)/−ln(Σ wᵢ exp(−ΔH/(R Tᵢ))), weighted by duration; `enthalpy` in kJ/mol (83.144 by
/// convention).
///
/// # Errors
/// An empty history, an enthalpy that is not positive.
pub fn mean_kinetic(history: &[Stretch], enthalpy: f64) -> Result<f64, Error> {
    if enthalpy <= 0.0 || !enthalpy.is_finite() {
        return Err(Error::Parameter("enthalpy", "must be above 0 kJ/mol; 83.144 by convention"));
    }
    let hours: f64 = history.iter().map(|s| s.hours).sum();
    if hours <= 0.0 {
        return Err(Error::Empty);
    }
    let ratio = enthalpy / 8.314_462_618e-3;
    let mean: f64 = history.iter().map(|s| s.hours / hours * (-ratio / (s.temperature + 273.15)).exp()).sum();
    Ok(ratio / -mean.ln() - 273.15)
}

/// The rate of growth at a temperature, natural logs per hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rate {
    /// √µ = b(T − T_min); no upper end.
    SquareRoot {
        /// Slope, √(1/h)/°C.
        b: f64,
        /// °C.
        tmin: f64,
    },
    /// √µ = b(T − T_min)(1 − exp(c(T − T_max))).
    Ratkowsky {
        /// Slope.
        b: f64,
        /// °C.
        tmin: f64,
        /// 1/°C.
        c: f64,
        /// °C.
        tmax: f64,
    },
    /// µ_opt·CM₂(T): the cardinal model with inflection.
    Cardinal {
        /// Rate at the best temperature, 1/h.
        mu_opt: f64,
        /// °C.
        tmin: f64,
        /// °C.
        topt: f64,
        /// °C.
        tmax: f64,
    },
}

impl Rate {
    /// µ at a temperature, its least temperature moved by `shift`.
    #[must_use]
    pub fn at(&self, t: f64, shift: f64) -> f64 {
        match *self {
            Self::SquareRoot { b, tmin } => (b * (t - tmin - shift).max(0.0)).powi(2),
            Self::Ratkowsky { b, tmin, c, tmax } => {
                if t <= tmin + shift || t >= tmax {
                    return 0.0;
                }
                (b * (t - tmin - shift) * -(c * (t - tmax)).exp_m1()).powi(2)
            }
            Self::Cardinal { mu_opt, tmin, topt, tmax } => {
                let tmin = tmin + shift;
                if t <= tmin || t >= tmax {
                    return 0.0;
                }
                let below =
                    (topt - tmin) * ((topt - tmin) * (t - topt) - (topt - tmax) * (topt + tmin - 2.0 * t));
                (mu_opt * (t - tmax) * (t - tmin).powi(2) / below).max(0.0)
            }
        }
    }
}

/// Least, best and highest value of pH.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acidity {
    /// pH of the food.
    pub value: f64,
    /// No growth below.
    pub min: f64,
    /// Fastest.
    pub opt: f64,
    /// No growth above.
    pub max: f64,
}

impl Acidity {
    /// The factor 0 to 1: (pH − min)(pH − max)/((pH − min)(pH − max) − (pH − opt)²).
    #[must_use]
    pub fn factor(&self) -> f64 {
        if self.value <= self.min || self.value >= self.max {
            return 0.0;
        }
        let span = (self.value - self.min) * (self.value - self.max);
        span / (span - (self.value - self.opt).powi(2))
    }
}

/// Water activity of the food and the least at which the organism grows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Water {
    /// Water activity of the food.
    pub value: f64,
    /// No growth below.
    pub min: f64,
}

impl Water {
    /// The factor 0 to 1: (a_w − min)/(1 − min).
    #[must_use]
    pub fn factor(&self) -> f64 {
        ((self.value - self.min) / (1.0 - self.min)).clamp(0.0, 1.0)
    }
}

/// The shape of growth in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Primary {
    /// Baranyi and Roberts.
    #[default]
    Baranyi,
    /// Lag, exponential, stationary.
    Trilinear,
}

/// An organism in a food.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Organism, food and source of the parameters: shown with every prediction.
    pub name: String,
    /// Rate at a temperature.
    pub rate: Rate,
    /// Factor of pH.
    #[serde(default)]
    pub ph: Option<Acidity>,
    /// Factor of water activity.
    #[serde(default)]
    pub aw: Option<Water>,
    /// Shape in time.
    #[serde(default)]
    pub primary: Primary,
    /// Work to be done before growth starts (µ times lag); 0 without lag.
    #[serde(default)]
    pub h0: f64,
    /// log₁₀ of the number at the start, per g.
    pub start: f64,
    /// log₁₀ of the highest number.
    pub highest: f64,
    /// Relative standard deviation of the rate (lognormal).
    #[serde(default)]
    pub rate_cv: f64,
    /// Standard deviation of the least temperature, °C.
    #[serde(default)]
    pub tmin_sd: f64,
    /// Relative standard deviation of h0 (lognormal).
    #[serde(default)]
    pub h0_cv: f64,
}

impl Model {
    fn check(&self) -> Result<(), Error> {
        let ordered = match self.rate {
            Rate::SquareRoot { b, .. } => b > 0.0,
            Rate::Ratkowsky { b, tmin, c, tmax } => b > 0.0 && c > 0.0 && tmin < tmax,
            Rate::Cardinal { mu_opt, tmin, topt, tmax } => {
                // below this the curve of the cardinal model is no longer bell-shaped
                mu_opt > 0.0 && tmin < topt && topt < tmax && topt > 0.5 * (tmin + tmax)
            }
        };
        if !ordered {
            return Err(Error::Parameter(
                "rate",
                "the rate must be above 0 and the temperatures in order, the best nearer to the highest than to the least",
            ));
        }
        if self.h0 < 0.0 || self.rate_cv < 0.0 || self.tmin_sd < 0.0 || self.h0_cv < 0.0 {
            return Err(Error::Parameter("h0, rate_cv, tmin_sd, h0_cv", "must not be negative"));
        }
        if self.highest <= self.start {
            return Err(Error::Parameter("highest", "must lie above start"));
        }
        Ok(())
    }

    /// log₁₀ numbers after each stretch for one draw of the parameters.
    fn follow(&self, history: &[Stretch], scale: f64, shift: f64, h0: f64) -> Vec<f64> {
        let gamma = self.ph.map_or(1.0, |p| p.factor()) * self.aw.map_or(1.0, |w| w.factor());
        let ten = std::f64::consts::LN_10;
        let (mut y, top) = (self.start * ten, self.highest * ten);
        // Baranyi: log of the physiological state, q = 1/(e^h0 − 1); three phases: work still to do
        let mut state = if h0 > 0.0 { -(h0.exp_m1()).ln() } else { f64::INFINITY };
        let mut left = h0;
        history
            .iter()
            .map(|s| {
                let work = scale * gamma * self.rate.at(s.temperature, shift) * s.hours;
                let grown = match self.primary {
                    Primary::Trilinear => {
                        let used = left.min(work);
                        left -= used;
                        work - used
                    }
                    Primary::Baranyi if state.is_infinite() => work,
                    // µA = log((1 + q e^w)/(1 + q)), exact for a constant rate
                    Primary::Baranyi => {
                        let grown = softplus(state + work) - softplus(state);
                        state += work;
                        grown
                    }
                };
                y = match self.primary {
                    Primary::Trilinear => (y + grown).min(top),
                    // log(1 + (e^g − 1)·e^(y − top)), which must not overflow after long growth
                    Primary::Baranyi if grown > 30.0 => y + grown - softplus(grown + y - top),
                    Primary::Baranyi => y + grown - (grown.exp_m1() * (y - top).exp()).ln_1p(),
                };
                y / ten
            })
            .collect()
    }
}

fn softplus(x: f64) -> f64 {
    if x > 30.0 { x } else { x.exp().ln_1p() }
}

/// What is predicted at the end of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Predicted {
    /// Hours since the start.
    pub hours: f64,
    /// °C of the stretch.
    pub temperature: f64,
    /// log₁₀ number with the parameters as given.
    pub log10: f64,
    /// Growth since the start, log₁₀.
    pub growth: f64,
    /// 2.5 % of the growth under the parameters' uncertainty.
    pub low: f64,
    /// 97.5 % of it.
    pub high: f64,
}

/// Growth along a history with a 95 % interval from `draws` draws of the uncertain parameters.
///
/// # Errors
/// A parameter out of range, an empty history.
pub fn predict(model: &Model, history: &[Stretch], draws: u32, seed: u64) -> Result<Vec<Predicted>, Error> {
    model.check()?;
    if history.iter().map(|s| s.hours).sum::<f64>() <= 0.0 {
        return Err(Error::Empty);
    }
    let mean = model.follow(history, 1.0, 0.0, model.h0);
    let spread = |cv: f64, z: f64| {
        let s2 = (cv * cv).ln_1p();
        (s2.sqrt() * z - s2 / 2.0).exp()
    };
    let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); history.len()];
    for i in 0..draws {
        let mut s = Stream::new(seed, DRAWS, u64::from(i));
        let [a, b, c] = [(); 3].map(|()| norm_quantile(s.uniform()));
        let h0 = model.h0 * spread(model.h0_cv, c);
        let path = model.follow(history, spread(model.rate_cv, a), model.tmin_sd * b, h0);
        for (list, y) in drawn.iter_mut().zip(path) {
            list.push(y - model.start);
        }
    }
    let mut hours = 0.0;
    let out = history.iter().zip(mean).zip(drawn).map(|((s, log10), mut list)| {
        hours += s.hours;
        list.sort_by(f64::total_cmp);
        let at = |q: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
            let i = (q * (list.len().max(1) - 1) as f64).round() as usize;
            list.get(i).copied().unwrap_or(log10 - model.start)
        };
        let (low, high) = (at(0.025), at(0.975));
        Predicted { hours, temperature: s.temperature, log10, growth: log10 - model.start, low, high }
    });
    Ok(out.collect())
}

#[cfg(test)]
mod tests;
