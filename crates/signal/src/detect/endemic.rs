//! Endemic–epidemic model of one series: µ_t = e^a y₍t-1₎ + exp(b₀ + b₁ t + harmonics), Poisson or negative binomial.
//!
//! Held, Höhle, Hofmann, *Stat. Modelling* 2005; Paul and Held, *Stat. Med.* 2011 (`hhh4`). Maximum likelihood by Newton steps with
//! the exact second derivatives; standard errors from the observed information. Time counts from 0, the first period judged is
//! the second.
//!
//! **Modes.** None differ.

use super::{Error, Series};
use stats::linear::{Cholesky, Matrix};
use stats::special::{digamma, lgamma, trigamma};
use std::f64::consts::TAU;

/// Which terms the model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The epidemic part (the count before).
    pub epidemic: bool,
    /// A line in time in the endemic part.
    pub trend: bool,
    /// Pairs of sine and cosine in the endemic part.
    pub harmonics: usize,
    /// Negative binomial with one overdispersion; Poisson otherwise.
    pub overdispersed: bool,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Name, estimate and standard error of each coefficient; the overdispersion last.
    pub coefficients: Vec<(String, f64, f64)>,
    /// ln likelihood.
    pub ln_likelihood: f64,
    /// Fitted means from the second period on.
    pub means: Vec<f64>,
}

/// The data of the likelihood: count, count before, endemic design.
struct Data {
    y: Vec<f64>,
    before: Vec<f64>,
    design: Vec<Vec<f64>>,
    control: Control,
}

/// ln likelihood, gradient and negative second derivatives.
struct Local {
    value: f64,
    gradient: Vec<f64>,
    information: Matrix,
}

impl Data {
    fn parameters(&self) -> usize {
        usize::from(self.control.epidemic) + self.design[0].len() + usize::from(self.control.overdispersed)
    }

    fn mean(&self, at: &[f64], i: usize) -> (f64, f64) {
        let e = usize::from(self.control.epidemic);
        let epidemic = if self.control.epidemic { at[0].exp() * self.before[i] } else { 0.0 };
        let endemic: f64 = self.design[i].iter().zip(&at[e..]).map(|(x, b)| x * b).sum();
        (epidemic, endemic.exp())
    }

    /// The overdispersion stands on the log scale, last.
    fn local(&self, at: &[f64]) -> Local {
        let (p, e, d) = (self.parameters(), usize::from(self.control.epidemic), self.design[0].len());
        let mut value = 0.0;
        let mut gradient = vec![0.0; p];
        let mut information = Matrix::zeros(p, p);
        let size = if self.control.overdispersed { (-at[p - 1]).exp() } else { f64::INFINITY };
        let mut first = vec![0.0; e + d];
        for i in 0..self.y.len() {
            let (epidemic, endemic) = self.mean(at, i);
            let (y, m) = (self.y[i], epidemic + endemic);
            let ln_m = if y > 0.0 { y * m.ln() } else { 0.0 };
            if self.control.epidemic {
                first[0] = epidemic;
            }
            for (j, x) in self.design[i].iter().enumerate() {
                first[e + j] = endemic * x;
            }
            let (slope, curve);
            if size.is_finite() {
                let (s, sum) = (size, size + m);
                value +=
                    lgamma(y + s) - lgamma(s) - lgamma(y + 1.0) + ln_m - y * sum.ln() - s * (m / s).ln_1p();
                slope = y / m - (y + s) / sum;
                curve = -y / (m * m) + (y + s) / (sum * sum);
                let by_size = digamma(y + s) - digamma(s) - (m / s).ln_1p() + 1.0 - (y + s) / sum;
                let twice = trigamma(y + s) - trigamma(s) + 1.0 / s - 2.0 / sum + (y + s) / (sum * sum);
                gradient[p - 1] -= s * by_size;
                information.set(p - 1, p - 1, information.at(p - 1, p - 1) - (s * s * twice + s * by_size));
                let mixed = s * (y - m) / (sum * sum);
                for (j, f) in first.iter().enumerate() {
                    information.set(p - 1, j, information.at(p - 1, j) + mixed * f);
                    information.set(j, p - 1, information.at(p - 1, j));
                }
            } else {
                value += ln_m - m - lgamma(y + 1.0);
                slope = y / m - 1.0;
                curve = -y / (m * m);
            }
            for a in 0..e + d {
                gradient[a] += slope * first[a];
                for b in 0..=a {
                    // second derivatives of the mean: diagonal for the epidemic part, x x' for the endemic one
                    let second = match (a < e, b < e) {
                        (true, true) => epidemic,
                        (false, false) => endemic * self.design[i][a - e] * self.design[i][b - e],
                        _ => 0.0,
                    };
                    let entry = information.at(a, b) - curve * first[a] * first[b] - slope * second;
                    information.set(a, b, entry);
                    information.set(b, a, entry);
                }
            }
        }
        Local { value, gradient, information }
    }
}

/// Fits the model.
///
/// # Errors
/// The series is too short, has no case, or the likelihood has no maximum within reach.
pub fn run(series: &Series, control: &Control) -> Result<Fit, Error> {
    let y = series.counts();
    let columns = 1 + usize::from(control.trend) + 2 * control.harmonics;
    let wanted = columns + 3;
    if y.len() <= wanted {
        return Err(Error::History {
            method: "the endemic model",
            period: y.len(),
            needed: wanted,
            there: y.len(),
        });
    }
    let frequency = series.frequency() as f64;
    let design: Vec<Vec<f64>> = (1..y.len())
        .map(|t| {
            let t = t as f64;
            let mut row = vec![1.0];
            if control.trend {
                row.push(t);
            }
            for s in 1..=control.harmonics {
                let angle = TAU * s as f64 * t / frequency;
                row.extend([angle.sin(), angle.cos()]);
            }
            row
        })
        .collect();
    let data = Data { y: y[1..].to_vec(), before: y[..y.len() - 1].to_vec(), design, control: *control };
    let level = data.y.iter().sum::<f64>() / data.y.len() as f64;
    if level <= 0.0 {
        return Err(Error::Fit { method: "the endemic model", reason: "the series has no case".to_owned() });
    }
    let p = data.parameters();
    let e = usize::from(control.epidemic);
    let mut at = vec![0.0; p];
    if control.epidemic {
        at[0] = -1.0;
    }
    at[e] = (0.7 * level).ln();
    if control.overdispersed {
        at[p - 1] = -1.0;
    }
    let mut here = data.local(&at);
    let mut settled = false;
    for _ in 0..200 {
        // a ridge where the information is not positive definite
        let mut ridge = 0.0;
        let step = loop {
            let mut matrix = here.information.clone();
            for j in 0..p {
                matrix.set(j, j, matrix.at(j, j) + ridge * (1.0 + matrix.at(j, j).abs()));
            }
            if let Some(factor) = Cholesky::new(&matrix) {
                break factor.solve(&here.gradient);
            }
            ridge = if ridge > 0.0 { ridge * 4.0 } else { 1e-3 };
            if ridge > 1e12 {
                return Err(lost());
            }
        };
        let mut share = 1.0;
        let mut moved = None;
        for _ in 0..40 {
            let next: Vec<f64> = at.iter().zip(&step).map(|(a, s)| a + share * s).collect();
            let there = data.local(&next);
            if there.value.is_finite() && there.value >= here.value - 1e-12 * here.value.abs() {
                moved = Some((next, there));
                break;
            }
            share *= 0.5;
        }
        let Some((next, there)) = moved else { break };
        let largest =
            step.iter().zip(&at).map(|(s, a)| (s * share).abs() / (1.0 + a.abs())).fold(0.0, f64::max);
        at = next;
        here = there;
        if largest < 1e-12 {
            settled = true;
            break;
        }
    }
    let flat = here.gradient.iter().all(|g| g.abs() < 1e-6 * here.value.abs().max(1.0));
    if !settled && !flat {
        return Err(lost());
    }
    let covariance = Cholesky::new(&here.information).ok_or_else(lost)?.inverse();
    let mut names = Vec::new();
    if control.epidemic {
        names.push("ar.1".to_owned());
    }
    names.push("end.1".to_owned());
    if control.trend {
        names.push("end.t".to_owned());
    }
    for s in 1..=control.harmonics {
        for wave in ["sin", "cos"] {
            names.push(format!("end.{wave}({} * pi * t/{})", 2 * s, series.frequency()));
        }
    }
    let mut coefficients: Vec<(String, f64, f64)> =
        names.into_iter().enumerate().map(|(j, name)| (name, at[j], covariance.at(j, j).sqrt())).collect();
    if control.overdispersed {
        let psi = at[p - 1].exp();
        coefficients.push(("overdisp".to_owned(), psi, psi * covariance.at(p - 1, p - 1).sqrt()));
    }
    let means = (0..data.y.len()).map(|i| data.mean(&at, i)).map(|(a, b)| a + b).collect();
    Ok(Fit { coefficients, ln_likelihood: here.value, means })
}

fn lost() -> Error {
    Error::Fit {
        method: "the endemic model",
        reason: "the likelihood has no maximum within reach; drop the epidemic part, the trend or harmonics"
            .to_owned(),
    }
}
