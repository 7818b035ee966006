//! The quasi-Poisson regression of one baseline: factor levels and, if asked, a line in time, with prior weights.
//!
//! Iteratively reweighted least squares from µ = y + 0.1 until the deviance settles to 1e-8, at most 25 steps, as
//! R's `glm`. Within a level the weighted mean is taken out, so the normal equations are one number: the slope.

const STEPS: usize = 25;
const EPSILON: f64 = 1e-8;

/// The rows of a baseline, by series position.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) y: Vec<f64>,
    /// Time, in periods or weeks.
    pub(super) x: Vec<f64>,
    /// Factor level, from 0; not every level need occur.
    pub(super) level: Vec<usize>,
    /// ln population, or nothing.
    pub(super) offset: Vec<f64>,
    pub(super) levels: usize,
}

/// Reused memory of the fits of one series.
#[derive(Debug, Default)]
pub(super) struct Work {
    mu: Vec<f64>,
    /// Working weights of the last step.
    w: Vec<f64>,
    z: Vec<f64>,
    /// Per level: Σw, weighted means of x and z.
    sum: Vec<f64>,
    mean_x: Vec<f64>,
    mean_z: Vec<f64>,
}

/// A fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    pub(super) slope: Option<f64>,
    /// max(1, Σ w r²/(n-p)).
    pub(super) phi: f64,
    /// Σ w r²/(n-p).
    pub(super) raw: f64,
    /// With which standard errors are scaled: Σ w r²/(n-p), after reweighting Σ ω r²/(n-p) (prior instead of working
    /// weights: so the reference).
    pub(super) scale: f64,
    pub(super) freedom: f64,
    pub(super) sxx: f64,
}

impl Work {
    /// Fits; `None` when the steps do not converge.
    pub(super) fn fit(&mut self, rows: &Rows, weights: &[f64], trend: bool, reweighted: bool) -> Option<Fit> {
        let n = rows.y.len();
        let with_offset = !rows.offset.is_empty();
        self.mu.clear();
        self.mu.extend(rows.y.iter().map(|y| y + 0.1));
        self.w.resize(n, 0.0);
        self.z.resize(n, 0.0);
        let mut eta: Vec<f64> = self.mu.iter().map(|m| m.ln()).collect();
        // Σ y ln y part of the deviance is fixed
        let fixed: f64 =
            rows.y.iter().zip(weights).map(|(y, w)| if *y > 0.0 { w * (y * y.ln() - y) } else { 0.0 }).sum();
        let deviance = |mu: &[f64], eta: &[f64]| {
            let mut sum = fixed;
            for i in 0..n {
                sum += weights[i] * (mu[i] - rows.y[i] * eta[i]);
            }
            2.0 * sum
        };
        let mut before = deviance(&self.mu, &eta);
        let mut slope = 0.0;
        let mut sxx = 0.0;
        let mut converged = false;
        for _ in 0..STEPS {
            self.sum.clear();
            self.sum.resize(rows.levels, 0.0);
            self.mean_x.clear();
            self.mean_x.resize(rows.levels, 0.0);
            self.mean_z.clear();
            self.mean_z.resize(rows.levels, 0.0);
            for i in 0..n {
                let off = if with_offset { rows.offset[i] } else { 0.0 };
                let w = weights[i] * self.mu[i];
                let z = eta[i] - off + (rows.y[i] - self.mu[i]) / self.mu[i];
                self.w[i] = w;
                self.z[i] = z;
                let l = rows.level[i];
                self.sum[l] += w;
                self.mean_x[l] += w * rows.x[i];
                self.mean_z[l] += w * z;
            }
            for l in 0..rows.levels {
                if self.sum[l] > 0.0 {
                    self.mean_x[l] /= self.sum[l];
                    self.mean_z[l] /= self.sum[l];
                }
            }
            slope = 0.0;
            sxx = 0.0;
            if trend {
                let mut sxz = 0.0;
                for i in 0..n {
                    let l = rows.level[i];
                    let dx = rows.x[i] - self.mean_x[l];
                    sxx += self.w[i] * dx * dx;
                    sxz += self.w[i] * dx * (self.z[i] - self.mean_z[l]);
                }
                if sxx.is_nan() || sxx <= 0.0 {
                    return None;
                }
                slope = sxz / sxx;
            }
            for (i, e) in eta.iter_mut().enumerate() {
                let off = if with_offset { rows.offset[i] } else { 0.0 };
                let l = rows.level[i];
                *e = self.mean_z[l] + slope * (rows.x[i] - self.mean_x[l]) + off;
                self.mu[i] = e.exp().max(f64::EPSILON);
            }
            let now = deviance(&self.mu, &eta);
            if !now.is_finite() {
                return None;
            }
            if (now - before).abs() / (now.abs() + 0.1) < EPSILON {
                converged = true;
                break;
            }
            before = now;
        }
        if !converged {
            return None;
        }
        let levels = self.sum.iter().filter(|s| **s > 0.0).count();
        let freedom = n as f64 - levels as f64 - f64::from(u8::from(trend));
        let (mut working, mut prior) = (0.0, 0.0);
        for (i, weight) in weights.iter().enumerate() {
            let r = (rows.y[i] - self.mu[i]) / self.mu[i];
            working += self.w[i] * r * r;
            prior += weight * r * r;
        }
        Some(Fit {
            slope: trend.then_some(slope),
            phi: (working / freedom).max(1.0),
            raw: working / freedom,
            scale: if reweighted { prior } else { working } / freedom,
            freedom,
            sxx,
        })
    }

    /// Linear predictor and its standard error at a level and time (without offset).
    pub(super) fn predict(&self, fit: &Fit, level: usize, x: f64) -> Option<(f64, f64)> {
        let sum = *self.sum.get(level)?;
        if sum.is_nan() || sum <= 0.0 {
            return None;
        }
        let dx = x - self.mean_x[level];
        let mut variance = 1.0 / sum;
        if fit.slope.is_some() {
            variance += dx * dx / fit.sxx;
        }
        Some((self.mean_z[level] + fit.slope.unwrap_or(0.0) * dx, (variance * fit.scale).sqrt()))
    }

    /// Two-sided p-value of the slope.
    pub(super) fn p_of_slope(fit: &Fit) -> f64 {
        use stats::dist::{Continuous as _, StudentT};
        let Some(slope) = fit.slope else { return f64::NAN };
        let t = slope.abs() / (fit.scale / fit.sxx).sqrt();
        StudentT::new(fit.freedom).map_or(f64::NAN, |d| 2.0 * d.sf(t))
    }

    /// New weights: 1 up to the threshold, 1/a² above, scaled to add up to the number of rows.
    pub(super) fn reweighted(&self, rows: &Rows, fit: &Fit, threshold: f64, weights: &mut Vec<f64>) {
        let n = rows.y.len();
        let mut out = Vec::with_capacity(n);
        let mut total = 0.0;
        for i in 0..n {
            let l = rows.level[i];
            let mut leverage = 1.0 / self.sum[l];
            if fit.slope.is_some() {
                let dx = rows.x[i] - self.mean_x[l];
                leverage += dx * dx / fit.sxx;
            }
            leverage *= self.w[i];
            let mu = self.mu[i];
            let sixth = mu.powf(1.0 / 6.0);
            let y23 = {
                let c = rows.y[i].cbrt();
                c * c
            };
            let a = 1.5 * (y23 / sixth - mu.sqrt()) / (fit.phi * (1.0 - leverage)).sqrt();
            let w = if a > threshold { 1.0 / (a * a) } else { 1.0 };
            total += w;
            out.push(w);
        }
        let gamma = n as f64 / total;
        weights.clear();
        weights.extend(out.into_iter().map(|w| w * gamma));
    }
}
