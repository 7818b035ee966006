//! Fitting: every family with every sensible use of the covariate, the best of each kept; intervals of the accepted.

use super::Error;
use super::curves::{Family, chance, change};
use serde::{Deserialize, Serialize};
use stats::optimise::{Bounds, Point as Minimum, Side, Stop, profile_bound, quasi_newton, simplex};
use stats::special::{gamma_p_inv, ln_norm_cdf};

/// A variance of logs below this is the end of the search, not an estimate: a spread of less than one in ten thousand.
const NO_SPREAD: f64 = 1e-8;

/// Lower and upper end of an interval; `None` where it stays open.
pub type Ends = (Option<f64>, Option<f64>);

/// One row of data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Dose.
    pub dose: f64,
    /// Quantal: how many are affected. Continuous: mean of the logs.
    pub y: f64,
    /// How many animals or values.
    pub n: f64,
    /// Continuous: variance of the logs within the row (0 for a single value).
    pub spread: f64,
    /// Continuous: only known to lie below `y`.
    pub below: bool,
    /// Level of the covariate.
    pub group: usize,
}

/// Data and what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Quantal (true) or continuous.
    pub quantal: bool,
    /// The rows.
    pub points: Vec<Point>,
    /// Names of the covariate's levels, in order of appearance in the alphabet; one without covariate.
    pub groups: Vec<String>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Extra risk (quantal) or relative change (continuous; negative for a fall).
    pub response: f64,
    /// Confidence of the two-sided interval.
    pub confidence: f64,
    /// By how much a simpler model's AIC may be worse and still be kept; also how far from the best a family is accepted.
    pub margin: f64,
}

/// A model: family, order and which parameters differ between groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spec {
    /// Family.
    pub family: Family,
    /// 5 has a plateau.
    pub order: u8,
    /// The background differs.
    pub a: bool,
    /// The benchmark dose differs.
    pub b: bool,
    /// The variance differs (continuous).
    pub var: bool,
}

impl Spec {
    fn simple(family: Family, order: u8) -> Self {
        Self { family, order, a: false, b: false, var: false }
    }

    /// As tables write it: `m3-ab`.
    #[must_use]
    pub fn label(&self) -> String {
        let start =
            if self.family.latent() { format!("m{}", self.order) } else { self.family.label().to_owned() };
        let which: String = [(self.a, "a"), (self.b, "b"), (self.var, "v")]
            .into_iter()
            .filter_map(|(on, name)| on.then_some(name))
            .collect();
        format!("{start}-{which}")
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// The model.
    pub spec: Spec,
    /// Names and values of the parameters on their natural scale.
    pub parameters: Vec<(String, f64)>,
    /// Parameters on the scale they were fitted on.
    #[serde(skip)]
    pub(super) raw: Vec<f64>,
    /// Log-likelihood, without the binomial coefficients (quantal) or the Jacobian of the logs (continuous).
    pub log_likelihood: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Benchmark dose of each group (one when shared).
    pub dose: Vec<f64>,
}

/// A fit with its interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// The fit.
    pub fit: Fit,
    /// Whether it counts for the overall interval: quantal families whose AIC is near enough to the best, all continuous ones.
    pub accepted: bool,
    /// Lower and upper bound of each benchmark dose; `None` where the profile stays open; empty without effect.
    pub interval: Vec<Ends>,
}

/// Everything about a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Rows of data.
    pub rows: usize,
    /// Log-likelihood and parameters of no effect at all.
    pub null: (f64, usize),
    /// Log-likelihood and parameters of a mean for every dose and group.
    pub full: (f64, usize),
    /// The best of each family.
    pub fits: Vec<Fitted>,
    /// Whether some model is better than none by more than the margin.
    pub effect: bool,
    /// Lowest lower and highest upper bound of the accepted.
    pub overall: Option<Ends>,
}

/// Where the parameters of a model stand.
pub(super) struct Layout<'a> {
    data: &'a Data,
    pub(super) spec: Spec,
    response: f64,
}

impl<'a> Layout<'a> {
    pub(super) fn new(data: &'a Data, spec: Spec, response: f64) -> Self {
        Self { data, spec, response }
    }

    fn count(&self, differs: bool) -> usize {
        if differs { self.data.groups.len() } else { 1 }
    }

    /// Start of: variance, background, benchmark dose, plateau, shape; and the number of parameters.
    pub(super) fn starts(&self) -> [usize; 6] {
        let var = 0;
        let a = if self.data.quantal { 0 } else { self.count(self.spec.var) };
        let b = a + self.count(self.spec.a);
        let c = b + self.count(self.spec.b);
        let d = c + usize::from(self.spec.family.latent() && self.spec.order == 5);
        [var, a, b, c, d, d + usize::from(self.spec.family.shaped())]
    }

    fn at(differs: bool, start: usize, group: usize) -> usize {
        start + if differs { group } else { 0 }
    }

    /// The chance (quantal) or the mean of the logs (continuous) at a dose.
    pub(super) fn mean(&self, p: &[f64], x: f64, group: usize) -> f64 {
        let [_, a, b, c, d, _] = self.starts();
        let a = p[Self::at(self.spec.a, a, group)];
        let b = p[Self::at(self.spec.b, b, group)].exp();
        let plateau = (self.spec.family.latent() && self.spec.order == 5).then(|| p[c]);
        let shape = if self.spec.family.shaped() { p[d] } else { 1.0 };
        if self.data.quantal {
            let plain = !self.spec.family.latent() && self.spec.family.shaped();
            let a = if plain { 1.0 / (1.0 + (-a).exp()) } else { a };
            chance(self.spec.family, x, a, b, shape, plateau, self.response)
        } else {
            a + change(self.spec.family, x, b, shape, self.response.ln_1p(), plateau)
        }
    }

    pub(super) fn variance(&self, p: &[f64], group: usize) -> f64 {
        p[Self::at(self.spec.var, 0, group)].exp()
    }

    fn minus(&self, p: &[f64]) -> f64 {
        let mut sum = 0.0;
        for q in &self.data.points {
            let mean = self.mean(p, q.dose, q.group);
            sum += if self.data.quantal {
                let m = mean.clamp(1e-12, 1.0 - 1e-12);
                q.y * m.ln() + (q.n - q.y) * (-m).ln_1p()
            } else {
                normal(q, mean, self.variance(p, q.group))
            };
        }
        if sum.is_nan() { f64::INFINITY } else { -sum }
    }

    fn bounds(&self) -> Vec<Bounds> {
        let [_, a, b, c, d, n] = self.starts();
        let top = self.data.points.iter().map(|q| q.dose).fold(0.0, f64::max);
        (0..n)
            .map(|i| {
                if i < a {
                    Bounds::new(-20.0, 12.0)
                } else if i < b {
                    if !self.data.quantal {
                        Bounds::FREE
                    } else if self.spec.family.latent() {
                        Bounds::new(0.01, 1.5)
                    } else {
                        Bounds::new(-14.0, 6.0)
                    }
                } else if i < c {
                    Bounds::new((top * 1e-12).ln(), (top * 1e4).ln())
                } else if i < d {
                    // the log of the plateau, beyond the benchmark response on its side
                    let fall = self.data.quantal || self.response < 0.0;
                    if fall { Bounds::new(-12.0, -1e-3) } else { Bounds::new(1e-3, 12.0) }
                } else {
                    self.shape()
                }
            })
            .collect()
    }

    fn shape(&self) -> Bounds {
        match self.spec.family {
            Family::TwoStage => Bounds::new(1e-6, 1e6),
            Family::Exponential | Family::Hill => {
                Bounds::new(0.25, if self.data.quantal { 20.0 } else { 4.0 })
            }
            _ => Bounds::new(0.1, 50.0),
        }
    }

    /// The best of several starts.
    pub(super) fn fit(&self, warm: Option<&[f64]>) -> Option<Fit> {
        let bounds = self.bounds();
        let mut best: Option<Minimum<Vec<f64>>> = None;
        let starts = warm.map_or_else(|| self.guesses(), |w| vec![w.to_vec()]);
        for start in starts {
            let stop = Stop { value: 1e-10, step: 1e-7, iterations: 600 };
            let Ok(rough) = simplex(|p| self.minus(p), &start, &bounds, stop) else { continue };
            let fine = quasi_newton(|p| self.minus(p), &rough.x, &bounds, Stop::default()).unwrap_or(rough);
            if best.as_ref().is_none_or(|b| fine.value < b.value) {
                best = Some(fine);
            }
        }
        let best = best?;
        let [_, a, b, c, d, n] = self.starts();
        let name = |i: usize| -> (String, f64) {
            let value = best.x[i];
            let group = |from: usize, many: bool| {
                if many { format!("-{}", self.data.groups[i - from]) } else { String::from("-") }
            };
            if i < a {
                (format!("var{}", group(0, self.spec.var)), value.exp())
            } else if i < b {
                let plain = self.data.quantal && !self.spec.family.latent() && self.spec.family.shaped();
                let shown = if plain {
                    1.0 / (1.0 + (-value).exp())
                } else if self.spec.family.shaped() {
                    value.exp()
                } else {
                    value
                };
                (format!("a{}", group(a, self.spec.a)), shown)
            } else if i < c {
                (format!("BMD{}", group(b, self.spec.b)), value.exp())
            } else if i < d {
                ("c".into(), value.exp())
            } else {
                (if self.spec.family.latent() { "d".into() } else { "c".into() }, value)
            }
        };
        let dose = best.x[b..c].iter().map(|v| v.exp()).collect();
        let aic = 2.0 * best.value + 2.0 * n as f64;
        Some(Fit {
            spec: self.spec,
            parameters: (0..n).map(name).collect(),
            log_likelihood: -best.value,
            aic,
            dose,
            raw: best.x,
        })
    }

    fn guesses(&self) -> Vec<Vec<f64>> {
        let [_, a, b, c, d, n] = self.starts();
        let points = &self.data.points;
        let top = points.iter().map(|q| q.dose).fold(0.0, f64::max);
        let least = points.iter().map(|q| q.dose).fold(f64::INFINITY, f64::min);
        let control: Vec<&Point> = points.iter().filter(|q| q.dose <= least).collect();
        let weight: f64 = control.iter().map(|q| q.n).sum();
        let level = if self.data.quantal {
            let p = (control.iter().map(|q| q.y).sum::<f64>() + 0.25) / (weight + 0.5);
            match self.spec.family {
                Family::Exponential | Family::Hill | Family::Probit => {
                    let z = stats::special::norm_quantile(p);
                    if self.spec.family.latent() { (-z * 0.25).max(0.02) } else { z }
                }
                _ => (p / (1.0 - p)).ln(),
            }
        } else {
            control.iter().map(|q| q.n * q.y).sum::<f64>() / weight
        };
        let spread = {
            let all: f64 = points.iter().map(|q| q.n).sum();
            let mean = points.iter().map(|q| q.n * q.y).sum::<f64>() / all;
            (points.iter().map(|q| q.n * ((q.y - mean).powi(2) + q.spread)).sum::<f64>() / all).max(1e-6)
        };
        let steep = if self.spec.family == Family::TwoStage { [0.01, 5.0] } else { [0.7, 1.8] };
        let mut out = Vec::new();
        for part in [0.003, 0.05, 0.4] {
            for shape in steep {
                let mut p = vec![0.0; n];
                p[..a].fill((spread / 3.0).ln());
                p[a..b].fill(level);
                p[b..c].fill((top * part).ln());
                let fall = self.data.quantal || self.response < 0.0;
                p[c..d].fill(if fall { -1.2 } else { 1.5 });
                p[d..].fill(shape);
                out.push(p);
            }
        }
        out
    }

    fn interval(&self, fit: &Fit, confidence: f64) -> Vec<Ends> {
        let [_, _, b, c, ..] = self.starts();
        let bounds = self.bounds();
        // half the quantile of chi-square with one degree
        let rise = gamma_p_inv(0.5, confidence);
        let best = Minimum { x: fit.raw.clone(), value: -fit.log_likelihood, converged: true };
        let end = |i: usize, side| {
            profile_bound(|p| self.minus(p), &best, &bounds, i, side, 0.2, rise).map(f64::exp)
        };
        (b..c).map(|i| (end(i, Side::Low), end(i, Side::High))).collect()
    }
}

fn normal(q: &Point, mean: f64, variance: f64) -> f64 {
    if q.below {
        return q.n * ln_norm_cdf((q.y - mean) / variance.sqrt());
    }
    let tau = std::f64::consts::TAU;
    -0.5 * q.n * ((tau * variance).ln() + (q.spread + (q.y - mean).powi(2)) / variance)
}

/// All uses of the covariate to try, simplest first.
fn uses(data: &Data, family: Family, order: u8) -> Vec<Spec> {
    let plain = Spec::simple(family, order);
    if data.groups.len() < 2 {
        return vec![plain];
    }
    let mut out =
        vec![plain, Spec { a: true, ..plain }, Spec { b: true, ..plain }, Spec { a: true, b: true, ..plain }];
    if !data.quantal {
        let with: Vec<Spec> = out.iter().map(|s| Spec { var: true, ..*s }).collect();
        out.extend(with);
    }
    out
}

/// Fits all families to the data.
///
/// # Errors
/// A setting out of range; fewer than three doses.
pub fn run(data: &Data, settings: Settings) -> Result<Report, Error> {
    let r = settings.response;
    if data.quantal && !(0.0 < r && r < 1.0)
        || !data.quantal && (r <= -1.0 || r.abs() < 1e-9 || !r.is_finite())
    {
        let remedy = "give an extra risk between 0 and 1, or a relative change above −1 that is not 0";
        return Err(Error::Setting { field: "ces_or_bmr", value: r, remedy });
    }
    if !(0.0 < settings.confidence && settings.confidence < 1.0) {
        let remedy = "give a confidence between 0 and 1, such as 0.9";
        return Err(Error::Setting { field: "conf_level", value: settings.confidence, remedy });
    }
    let mut doses: Vec<f64> = data.points.iter().map(|q| q.dose).collect();
    doses.sort_by(f64::total_cmp);
    doses.dedup();
    if doses.len() < 3 {
        return Err(Error::Doses(doses.len()));
    }
    let families: &[Family] =
        if data.quantal { &Family::QUANTAL } else { &[Family::Exponential, Family::Hill] };
    let null = reference(data, &|_| 0);
    let full = reference(data, &|q| q.dose.to_bits() ^ (q.group as u64));
    let mut fits = Vec::new();
    for family in families {
        let orders: &[u8] = if family.latent() { &[3, 5] } else { &[3] };
        let mut best: Option<Fit> = None;
        for order in orders {
            for spec in uses(data, *family, *order) {
                let Some(fit) = Layout::new(data, spec, r).fit(None) else { continue };
                // a model with more parameters must earn them
                let size = |f: &Fit| f.raw.len();
                let better = best.as_ref().is_none_or(|b| {
                    if size(&fit) > size(b) { fit.aic < b.aic - settings.margin } else { fit.aic < b.aic }
                });
                if better {
                    best = Some(fit);
                }
            }
        }
        fits.extend(best);
    }
    let exact = |f: &Fit| f.parameters.iter().any(|(name, v)| name.starts_with("var") && *v < NO_SPREAD);
    if !data.quantal && fits.iter().any(exact) {
        return Err(Error::NoSpread);
    }
    let lowest = fits.iter().map(|f| f.aic).fold(f64::INFINITY, f64::min);
    let effect = lowest < 2.0 * (null.1 as f64 - null.0) - settings.margin;
    let fits: Vec<Fitted> = fits
        .into_iter()
        .map(|fit| {
            // quantal families compete; of the continuous ones, which say nearly the same, both count
            let accepted = effect && (!data.quantal || fit.aic <= lowest + settings.margin + 0.005);
            let layout = Layout::new(data, fit.spec, r);
            let interval = if effect { layout.interval(&fit, settings.confidence) } else { Vec::new() };
            Fitted { fit, accepted, interval }
        })
        .collect();
    let ends: Vec<Ends> = fits.iter().filter(|f| f.accepted).flat_map(|f| f.interval.clone()).collect();
    let overall = (!ends.is_empty()).then(|| {
        let all = |side: &dyn Fn(&Ends) -> Option<f64>, pick: &dyn Fn(f64, f64) -> f64| {
            ends.iter().map(side).collect::<Option<Vec<f64>>>()?.into_iter().reduce(pick)
        };
        (all(&|e| e.0, &f64::min), all(&|e| e.1, &f64::max))
    });
    Ok(Report { rows: data.points.len(), null, full, fits, effect, overall })
}

/// Log-likelihood and parameters when every class of rows has a mean of its own (and all one variance).
fn reference(data: &Data, class: &dyn Fn(&Point) -> u64) -> (f64, usize) {
    let mut classes: Vec<u64> = data.points.iter().map(class).collect();
    classes.sort_unstable();
    classes.dedup();
    let mean = |c: u64| {
        let part = data.points.iter().filter(|q| class(q) == c);
        let (x, n) =
            part.fold((0.0, 0.0), |s, q| (s.0 + if data.quantal { q.y } else { q.n * q.y }, s.1 + q.n));
        x / n
    };
    let means: Vec<f64> = classes.iter().map(|c| mean(*c)).collect();
    let of = |q: &Point| classes.binary_search(&class(q)).map_or(f64::NAN, |i| means[i]);
    if data.quantal {
        let part = |k: f64, p: f64| if k > 0.0 { k * p.ln() } else { 0.0 };
        let sum = data.points.iter().map(|q| part(q.y, of(q)) + part(q.n - q.y, 1.0 - of(q))).sum();
        return (sum, classes.len());
    }
    if data.points.iter().any(|q| q.below) {
        // with values below a limit the means are no longer sums: fitted
        let start: Vec<f64> = std::iter::once(0.0).chain(means.iter().copied()).collect();
        let f = |p: &[f64]| {
            let at = |q: &Point| classes.binary_search(&class(q)).map_or(f64::NAN, |i| p[i + 1]);
            -data.points.iter().map(|q| normal(q, at(q), p[0].exp())).sum::<f64>()
        };
        let bounds: Vec<Bounds> = start
            .iter()
            .enumerate()
            .map(|(i, m)| if i == 0 { Bounds::new(-12.0, 12.0) } else { Bounds::new(m - 8.0, m + 8.0) })
            .collect();
        let found = quasi_newton(f, &start, &bounds, Stop::default());
        return (found.map_or(f64::NAN, |p| -p.value), classes.len() + 1);
    }
    let all: f64 = data.points.iter().map(|q| q.n).sum();
    let variance = data.points.iter().map(|q| q.n * (q.spread + (q.y - of(q)).powi(2))).sum::<f64>() / all;
    (data.points.iter().map(|q| normal(q, of(q), variance)).sum(), classes.len() + 1)
}
