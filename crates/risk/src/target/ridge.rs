//! Logistic regression with a ridge penalty and an offset: the plain half of the model.

use super::trees::logistic;
use stats::linear::{Cholesky, Matrix};

/// A fitted ridge: columns are centred and scaled by what was learnt from; missing values count as the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Intercept first.
    weights: Vec<f64>,
}

impl Ridge {
    /// Fits by Newton's method. `penalty` is on the standardised coefficients, the intercept is free.
    #[must_use]
    pub fn fit(columns: &[Vec<f64>], outcome: &[f64], offset: &[f64], counts: &[f64], penalty: f64) -> Self {
        let rows = outcome.len();
        let (mut mean, mut scale, mut flat) = (Vec::new(), Vec::new(), Vec::new());
        for c in columns {
            let known: Vec<f64> = c.iter().copied().filter(|v| v.is_finite()).collect();
            let n = known.len().max(1) as f64;
            let m = known.iter().sum::<f64>() / n;
            let s = (known.iter().map(|v| (v - m).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
            flat.push(c.iter().map(|v| standard(*v, m, s)).collect::<Vec<f64>>());
            mean.push(m);
            scale.push(s);
        }
        let width = columns.len() + 1;
        let at = |j: usize, i: usize| if j == 0 { 1.0 } else { flat[j - 1][i] };
        let mut weights = vec![0.0; width];
        for _ in 0..12 {
            let mut gradient: Vec<f64> =
                weights.iter().enumerate().map(|(j, w)| if j == 0 { 0.0 } else { -penalty * w }).collect();
            let mut hessian =
                Matrix::from_fn(
                    width,
                    width,
                    |i, j| if i == j { if i == 0 { 1e-9 } else { penalty } } else { 0.0 },
                );
            let mut curve = vec![0.0; rows];
            let mut slope = vec![0.0; rows];
            for i in 0..rows {
                let eta = offset[i] + (0..width).map(|j| weights[j] * at(j, i)).sum::<f64>();
                let p = logistic(eta);
                slope[i] = counts[i] * (outcome[i] - p);
                curve[i] = counts[i] * p * (1.0 - p);
            }
            for (j, g) in gradient.iter_mut().enumerate() {
                *g += (0..rows).map(|i| slope[i] * at(j, i)).sum::<f64>();
                for k in 0..=j {
                    let sum: f64 = (0..rows).map(|i| curve[i] * at(j, i) * at(k, i)).sum();
                    hessian.set(j, k, hessian.at(j, k) + sum);
                    hessian.set(k, j, hessian.at(j, k));
                }
            }
            let Some(factor) = Cholesky::new(&hessian) else { break };
            let step = factor.solve(&gradient);
            for (w, s) in weights.iter_mut().zip(&step) {
                *w += s.clamp(-2.0, 2.0);
            }
            if step.iter().all(|s| s.abs() < 1e-7) {
                break;
            }
        }
        Self { mean, scale, weights }
    }

    /// As [`Ridge::fit`], but a column whose coefficient has the sign its constraint (+1 or −1) forbids is left out.
    #[must_use]
    pub fn fit_monotone(
        columns: &[Vec<f64>],
        outcome: &[f64],
        offset: &[f64],
        counts: &[f64],
        penalty: f64,
        monotone: &[i8],
    ) -> Self {
        let mut used = columns.to_vec();
        loop {
            let fit = Self::fit(&used, outcome, offset, counts, penalty);
            let wrong =
                |j: usize| f64::from(monotone.get(j).copied().unwrap_or(0)) * fit.weights[j + 1] < -1e-12;
            let bad: Vec<usize> = (0..used.len()).filter(|j| wrong(*j)).collect();
            if bad.is_empty() {
                return fit;
            }
            for j in bad {
                used[j].fill(0.0);
            }
        }
    }

    /// What each column adds to the log-odds of a row.
    pub fn parts(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        row.iter().enumerate().map(|(j, v)| self.weights[j + 1] * standard(*v, self.mean[j], self.scale[j]))
    }

    /// The log-odds a row adds, intercept included.
    #[must_use]
    pub fn score(&self, row: &[f64]) -> f64 {
        self.weights[0] + self.parts(row).sum::<f64>()
    }
}

fn standard(value: f64, mean: f64, scale: f64) -> f64 {
    if value.is_finite() { ((value - mean) / scale).clamp(-5.0, 5.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::random::{Purpose, Stream};

    #[test]
    fn known_coefficients_are_recovered_and_a_penalty_draws_them_to_zero() {
        let mut s = Stream::new(3, Purpose::of("test"), 0);
        let columns: Vec<Vec<f64>> =
            (0..2).map(|_| (0..8000).map(|_| s.uniform() * 2.0 - 1.0).collect()).collect();
        let outcome: Vec<f64> = (0..8000)
            .map(|i| {
                f64::from(u8::from(s.uniform() < logistic(1.5 * columns[0][i] - 0.5 * columns[1][i] - 1.0)))
            })
            .collect();
        let (zero, one) = (vec![0.0; 8000], vec![1.0; 8000]);
        let fit = Ridge::fit(&columns, &outcome, &zero, &one, 1e-6);
        let slope = fit.score(&[1.0, 0.0]) - fit.score(&[0.0, 0.0]);
        assert!((slope - 1.5).abs() < 0.2, "{slope}");
        let strong = Ridge::fit(&columns, &outcome, &zero, &one, 1e5);
        assert!((strong.score(&[1.0, 0.0]) - strong.score(&[0.0, 0.0])).abs() < 0.1);
        assert!((fit.score(&[f64::NAN, 0.0]) - fit.score(&[0.0, 0.0])).abs() < 0.05);
    }
}
