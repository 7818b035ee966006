//! Model averaging: one curve from all families by Akaike weights, its benchmark dose, and a parametric bootstrap.
//!
//! After Wheeler and Bailer, Environmental and Ecological Statistics 16 (2009) 37, and EFSA 2017.

use super::fit::{Data, Fitted, Layout, Point, Report, Settings};
use serde::Serialize;
use stats::optimise::root;
use stats::random::{Purpose, Stream};
use stats::special::{gamma_p_inv, norm_quantile};

const REDRAW: Purpose = Purpose::of("risk dose bootstrap");

/// The averaged benchmark dose of each group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Average {
    /// Group.
    pub group: String,
    /// Weight of each family.
    pub weights: Vec<(&'static str, f64)>,
    /// Benchmark dose of the averaged curve.
    pub dose: f64,
    /// Bounds at the settings' confidence.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Redrawn sets that could be fitted.
    pub rounds: usize,
}

fn weights(fits: &[Fitted]) -> Vec<f64> {
    let best = fits.iter().map(|f| f.fit.aic).fold(f64::INFINITY, f64::min);
    let raw: Vec<f64> = fits.iter().map(|f| (-(f.fit.aic - best) / 2.0).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum).collect()
}

/// Where the averaged curve of a group has the wished effect.
fn dose_of(data: &Data, fits: &[Fitted], w: &[f64], response: f64, group: usize) -> Option<f64> {
    let top = data.points.iter().map(|q| q.dose).fold(0.0, f64::max);
    let layouts: Vec<Layout<'_>> = fits.iter().map(|f| Layout::new(data, f.fit.spec, response)).collect();
    let mean = |x: f64| -> f64 {
        let each = layouts.iter().zip(fits).zip(w);
        each.map(|((l, f), w)| {
            let m = l.mean(&f.fit.raw, x, group);
            w * if data.quantal { m } else { m.exp() }
        })
        .sum()
    };
    let zero = mean(0.0);
    let effect = |log_x: f64| {
        let y = mean(log_x.exp());
        if data.quantal {
            (y - zero) / (1.0 - zero) - response
        } else {
            (y / zero - 1.0 - response) * response.signum()
        }
    };
    root(effect, (top * 1e-10).ln(), (top * 1e3).ln(), 1e-9).ok().map(f64::exp)
}

fn redraw(data: &Data, fits: &[Fitted], w: &[f64], response: f64, s: &mut Stream) -> Data {
    let layouts: Vec<Layout<'_>> = fits.iter().map(|f| Layout::new(data, f.fit.spec, response)).collect();
    let points = data.points.iter().map(|q| {
        let each = || layouts.iter().zip(fits).zip(w);
        if data.quantal {
            let p: f64 = each().map(|((l, f), w)| w * l.mean(&f.fit.raw, q.dose, q.group)).sum();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of animals"
            )]
            let n = q.n as u64;
            let y = (0..n).filter(|_| s.uniform() < p).count() as f64;
            return Point { y, ..*q };
        }
        let mean: f64 =
            each().map(|((l, f), w)| w * l.mean(&f.fit.raw, q.dose, q.group).exp()).sum::<f64>().ln();
        let variance: f64 = each().map(|((l, f), w)| w * l.variance(&f.fit.raw, q.group)).sum();
        let y = mean + (variance / q.n).sqrt() * norm_quantile(s.uniform());
        let freedom = q.n - 1.0;
        let spread =
            if freedom > 0.0 { variance * 2.0 * gamma_p_inv(freedom / 2.0, s.uniform()) / q.n } else { 0.0 };
        Point { y, spread, below: false, ..*q }
    });
    Data { points: points.collect(), ..data.clone() }
}

/// Averages the families of a report; the interval comes from `rounds` sets redrawn from the averaged curve with `seed`, every
/// family fitted again from its first answer. Empty when there is no effect.
#[must_use]
pub fn average(data: &Data, report: &Report, settings: Settings, rounds: u32, seed: u64) -> Vec<Average> {
    if !report.effect {
        return Vec::new();
    }
    let (fits, r) = (&report.fits, settings.response);
    let w = weights(fits);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); data.groups.len()];
    for round in 0..rounds {
        let again = redraw(data, fits, &w, r, &mut Stream::new(seed, REDRAW, u64::from(round)));
        let refit: Option<Vec<Fitted>> = fits
            .iter()
            .map(|f| {
                let fit = Layout::new(&again, f.fit.spec, r).fit(Some(&f.fit.raw))?;
                Some(Fitted { fit, accepted: true, interval: Vec::new() })
            })
            .collect();
        let Some(refit) = refit else { continue };
        let weights = weights(&refit);
        for (group, list) in drawn.iter_mut().enumerate() {
            list.extend(dose_of(&again, &refit, &weights, r, group));
        }
    }
    let tail = (1.0 - settings.confidence) / 2.0;
    drawn
        .into_iter()
        .enumerate()
        .filter_map(|(group, mut list)| {
            let dose = dose_of(data, fits, &w, r, group)?;
            list.sort_by(f64::total_cmp);
            let at = |q: f64| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "within the list"
                )]
                let i = (q * (list.len().max(1) - 1) as f64).round() as usize;
                list.get(i).copied().unwrap_or(f64::NAN)
            };
            Some(Average {
                group: data.groups[group].clone(),
                weights: fits.iter().zip(&w).map(|(f, w)| (f.fit.spec.family.label(), *w)).collect(),
                dose,
                low: at(tail),
                high: at(1.0 - tail),
                rounds: list.len(),
            })
        })
        .collect()
}
