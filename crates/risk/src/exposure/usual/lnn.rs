//! Logistic-normal frequency with log-normal amounts, which may go together.

use super::amount::{Groups, fitted, groups};
use super::{Days, Transform, Usual, UsualError, normal_panels};
use stats::optimise::{Bounds, Stop, quasi_newton};
use stats::quadrature::{Rule, normal};
use stats::special::norm_cdf;

/// A fitted model: logit of a person's probability of a day α + v, logarithm of the amount µ + b + w, where v and b correlate by ρ.
#[derive(Debug, Clone, PartialEq)]
pub struct Lnn {
    /// α.
    pub alpha: f64,
    /// Standard deviation of v.
    pub frequency_sd: f64,
    /// µ.
    pub mu: f64,
    /// Standard deviation of b.
    pub between_sd: f64,
    /// Standard deviation of w.
    pub within_sd: f64,
    /// ρ; 0 in LNN0.
    pub rho: f64,
    /// Joint log-likelihood: of days without binomial coefficients, of amounts on the scale of logarithms.
    pub log_likelihood: f64,
    nodes: Vec<(f64, f64)>,
}

/// Nodes of the Gauss–Hermite rule that the person's effect is integrated with.
const NODES: usize = 80;

fn share(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// Minus the log-likelihood of the days alone.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn days_value(counts: &[(usize, usize, f64)], rule: &Rule, alpha: f64, sd: f64) -> f64 {
    let terms = counts.iter().map(|&(d, k, people)| {
        let chance = rule.sum(|x| {
            let p = share(alpha + sd * x);
            p.powf(k as f64) * (1.0 - p).powf((d - k) as f64)
        });
        people * chance.ln()
    });
    -terms.sum::<f64>()
}

/// Positive days of a person: of how many days, how many positive, their mean logarithm.
struct Eater {
    days: usize,
    positive: usize,
    mean: f64,
}

struct Joint<'a> {
    eaters: &'a [Eater],
    never: &'a [(usize, f64)],
    groups: &'a Groups,
    rule: &'a Rule,
}

impl Joint<'_> {
    /// Minus the joint log-likelihood at (α, log σ_v, µ, log σ_b, log σ_w, atanh ρ).
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "a number of days"
    )]
    fn value(&self, at: &[f64]) -> f64 {
        let (alpha, sd, mu, rho) = (at[0], at[1].exp(), at[2], at[5].tanh());
        let (between, within) = ((2.0 * at[3]).exp(), (2.0 * at[4]).exp());
        let left = between * (1.0 - rho * rho);
        let nodes: Vec<(f64, f64, f64)> = self
            .rule
            .nodes
            .iter()
            .zip(&self.rule.weights)
            .map(|(&x, &weight)| (share(alpha + sd * x), mu + rho * between.sqrt() * x, weight))
            .collect();
        let power = |p: f64, n: usize| p.powi(n as i32);
        let mut sum = 0.0;
        for &(days, people) in self.never {
            sum +=
                people * nodes.iter().map(|&(p, _, weight)| weight * power(1.0 - p, days)).sum::<f64>().ln();
        }
        // weights of nodes with the chance of the days, once for each pattern of days
        let mut patterns: Vec<((usize, usize), Vec<f64>)> = vec![];
        for eater in self.eaters {
            let pattern = (eater.days, eater.positive);
            let found = patterns.iter().position(|(key, _)| *key == pattern).unwrap_or_else(|| {
                let chance = |&(p, _, weight): &(f64, f64, f64)| {
                    weight * power(p, eater.positive) * power(1.0 - p, eater.days - eater.positive)
                };
                patterns.push((pattern, nodes.iter().map(chance).collect()));
                patterns.len() - 1
            });
            let n = eater.positive as f64;
            let spread = within + n * left;
            let scale = n / (2.0 * spread);
            let chance: f64 = nodes
                .iter()
                .zip(&patterns[found].1)
                .map(|(&(_, centre, _), weight)| {
                    let off = eater.mean - centre;
                    weight * (-scale * off * off).exp()
                })
                .sum();
            sum += chance.ln() - ((n - 1.0) * within.ln() + spread.ln()) / 2.0;
        }
        self.groups.squares / (2.0 * within) + self.groups.days * std::f64::consts::TAU.ln() / 2.0 - sum
    }
}

/// Fits the model by maximum likelihood, the person's effect integrated with 80 Gauss–Hermite nodes; without correlation when
/// `correlated` is false. |ρ| above 0.95 counts as not converged: use LNN0.
///
/// # Errors
/// [`UsualError::NoMaximum`].
pub fn lnn(days: &Days, correlated: bool) -> Result<Lnn, UsualError> {
    let rule = normal(NODES);
    let counts = days.counts();
    let stop = Stop { value: 1e-14, step: 1e-8, iterations: 300 };
    let bounds = [Bounds::new(-30.0, 30.0), Bounds::new(-8.0, 4.0)];
    let often = |at: &[f64]| days_value(&counts, &rule, at[0], at[1].exp());
    let frequency = quasi_newton(often, &[0.0, 0.0], &bounds, stop).map_err(|_| UsualError::NoMaximum)?;
    let amounts = fitted(days, Transform::Log, false)?;
    let nodes = normal_panels();
    let plain = Lnn {
        alpha: frequency.x[0],
        frequency_sd: frequency.x[1].exp(),
        mu: amounts.mu,
        between_sd: amounts.between.sqrt(),
        within_sd: amounts.within.sqrt(),
        rho: 0.0,
        log_likelihood: amounts.log_likelihood - frequency.value,
        nodes,
    };
    if !correlated {
        return Ok(plain);
    }
    let groups = groups(days, Transform::Log);
    let mut means = groups.people.iter();
    let mut eaters = vec![];
    for person in &days.amounts {
        let positive = person.iter().filter(|&&amount| amount > 0.0).count();
        if positive > 0
            && let Some(&(_, mean)) = means.next()
        {
            eaters.push(Eater { days: person.len(), positive, mean });
        }
    }
    let never: Vec<(usize, f64)> =
        counts.iter().filter(|(_, k, _)| *k == 0).map(|&(d, _, people)| (d, people)).collect();
    let joint = Joint { eaters: &eaters, never: &never, groups: &groups, rule: &rule };
    let start =
        [plain.alpha, plain.frequency_sd.ln(), plain.mu, plain.between_sd.ln(), plain.within_sd.ln(), 0.1];
    let bounds = [
        Bounds::new(-30.0, 30.0),
        Bounds::new(-8.0, 4.0),
        Bounds::FREE,
        Bounds::new(-12.0, 6.0),
        Bounds::new(-12.0, 6.0),
        Bounds::new(-4.0, 4.0),
    ];
    let best =
        quasi_newton(|at| joint.value(at), &start, &bounds, stop).map_err(|_| UsualError::NoMaximum)?;
    let rho = best.x[5].tanh();
    if rho.abs() > 0.95 {
        return Err(UsualError::NoMaximum);
    }
    Ok(Lnn {
        alpha: best.x[0],
        frequency_sd: best.x[1].exp(),
        mu: best.x[2],
        between_sd: best.x[3].exp(),
        within_sd: best.x[4].exp(),
        rho,
        log_likelihood: -best.value,
        nodes: plain.nodes,
    })
}

impl Usual for Lnn {
    fn share_below(&self, u: f64) -> f64 {
        if u <= 0.0 {
            return 0.0;
        }
        let spread = self.between_sd * (1.0 - self.rho * self.rho).sqrt();
        let centre = self.mu + self.within_sd * self.within_sd / 2.0;
        let below = |x: f64| {
            let p = share(self.alpha + self.frequency_sd * x);
            norm_cdf(((u / p).ln() - centre - self.rho * self.between_sd * x) / spread)
        };
        self.nodes.iter().map(|&(x, weight)| weight * below(x)).sum()
    }

    fn mean(&self) -> f64 {
        let left = self.between_sd * self.between_sd * (1.0 - self.rho * self.rho);
        let centre = self.mu + (left + self.within_sd * self.within_sd) / 2.0;
        let one = |x: f64| {
            share(self.alpha + self.frequency_sd * x) * (centre + self.rho * self.between_sd * x).exp()
        };
        self.nodes.iter().map(|&(x, weight)| weight * one(x)).sum()
    }
}
