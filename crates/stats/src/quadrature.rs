//! Integrals: Gauss–Legendre and Gauss–Hermite rules and adaptive Gauss–Kronrod.

/// Nodes and weights of a rule: the integral is Σ wᵢ f(xᵢ).
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where to evaluate, ascending.
    pub nodes: Vec<f64>,
    /// What each value counts.
    pub weights: Vec<f64>,
}

impl Rule {
    /// Applies the rule.
    pub fn sum(&self, mut f: impl FnMut(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(x, w)| w * f(*x)).sum()
    }

    /// The rule of an interval from one on (−1, 1).
    #[must_use]
    pub fn on(&self, a: f64, b: f64) -> Self {
        let (half, mid) = (0.5 * (b - a), 0.5 * (a + b));
        Self {
            nodes: self.nodes.iter().map(|x| mid + half * x).collect(),
            weights: self.weights.iter().map(|w| half * w).collect(),
        }
    }
}

/// Gauss–Legendre with `n` nodes on (−1, 1): exact for polynomials of degree 2n − 1.
#[must_use]
pub fn legendre(n: usize) -> Rule {
    rule(n, 2.0, |k| {
        let k = k as f64;
        k / (4.0 * k * k - 1.0).sqrt()
    })
}

/// Gauss–Hermite with `n` nodes for ∫ f(x) exp(−x²) dx over the whole line.
#[must_use]
pub fn hermite(n: usize) -> Rule {
    rule(n, std::f64::consts::PI.sqrt(), |k| (k as f64 / 2.0).sqrt())
}

/// Gauss–Hermite for the mean of f(Z), Z standard normal; the weights add up to 1.
#[must_use]
pub fn normal(n: usize) -> Rule {
    rule(n, 1.0, |k| (k as f64).sqrt())
}

/// Golub and Welsch (Mathematics of Computation 23, 1969) for a symmetric weight: nodes are the eigenvalues of the Jacobi
/// matrix with zero diagonal and off-diagonal `b(1), b(2) …`, found by bisection and sharpened by Newton; weights are
/// Christoffel numbers from the orthonormal recurrence, which keeps the small ones exact.
fn rule(n: usize, mass: f64, b: impl Fn(usize) -> f64) -> Rule {
    let off: Vec<f64> = (0..=n).map(|k| if k == 0 { 0.0 } else { b(k) }).collect();
    let edge = 2.0 * off.iter().copied().fold(0.0, f64::max) + 1e-9;
    // how many eigenvalues lie below x (Sturm)
    let below = |x: f64| {
        let (mut count, mut q) = (0, 1.0_f64);
        for b in &off[..n] {
            q = -x - b * b / q;
            if q == 0.0 {
                q = 1e-300;
            }
            if q < 0.0 {
                count += 1;
            }
        }
        count
    };
    let mut nodes = vec![0.0; n];
    let mut weights = vec![0.0; n];
    for i in 0..n.div_ceil(2) {
        // the i-th largest
        let (mut low, mut high) = (0.0_f64, edge);
        let x = if n % 2 == 1 && i == n / 2 {
            0.0
        } else {
            for _ in 0..200 {
                let mid = 0.5 * (low + high);
                if mid <= low || mid >= high {
                    break;
                }
                if n - below(mid) > i {
                    low = mid;
                } else {
                    high = mid;
                }
            }
            0.5 * (low + high)
        };
        let (mut before, mut now, mut sum) = (0.0, 1.0, 1.0);
        for k in 0..n.saturating_sub(1) {
            let next = (x * now - off[k] * before) / off[k + 1];
            (before, now) = (now, next);
            sum += now * now;
        }
        nodes[n - 1 - i] = x;
        nodes[i] = -x;
        weights[n - 1 - i] = mass / sum;
        weights[i] = mass / sum;
    }
    Rule { nodes, weights }
}

/// An integral with the estimate of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integral {
    /// The value.
    pub value: f64,
    /// Estimate of the absolute error.
    pub error: f64,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

const KRONROD: [(f64, f64, f64); 8] = [
    (0.991_455_371_120_812_6, 0.022_935_322_010_529_224, 0.0),
    (0.949_107_912_342_758_5, 0.063_092_092_629_978_56, 0.129_484_966_168_869_7),
    (0.864_864_423_359_769_1, 0.104_790_010_322_250_18, 0.0),
    (0.741_531_185_599_394_4, 0.140_653_259_715_525_92, 0.279_705_391_489_276_64),
    (0.586_087_235_467_691_1, 0.169_004_726_639_267_9, 0.0),
    (0.405_845_151_377_397_2, 0.190_350_578_064_785_4, 0.381_830_050_505_118_9),
    (0.207_784_955_007_898_47, 0.204_432_940_075_298_9, 0.0),
    (0.0, 0.209_482_141_084_727_83, 0.417_959_183_673_469_4),
];

fn kronrod(f: &mut impl FnMut(f64) -> f64, a: f64, b: f64) -> (f64, f64) {
    let (mid, half) = (0.5 * (a + b), 0.5 * (b - a));
    let (mut fine, mut coarse) = (0.0, 0.0);
    for (x, k, g) in KRONROD {
        let y = if x > 0.0 { f(mid - half * x) + f(mid + half * x) } else { f(mid) };
        fine += k * y;
        coarse += g * y;
    }
    (fine * half, ((fine - coarse) * half).abs())
}

/// ∫ f over (a, b), either end may be infinite, to the larger of the absolute and the relative tolerance: 15-point
/// Gauss–Kronrod, the worst part halved until all is well or 2,000 parts are reached. The ends themselves are never asked.
pub fn integrate(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, absolute: f64, relative: f64) -> Integral {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => parts(&mut f, a, b, absolute, relative),
        (true, false) => parts(
            &mut |t: f64| {
                let u = 1.0 - t;
                f(a + t / u) / (u * u)
            },
            0.0,
            1.0,
            absolute,
            relative,
        ),
        (false, true) => parts(
            &mut |t: f64| {
                let u = 1.0 - t;
                f(b - t / u) / (u * u)
            },
            0.0,
            1.0,
            absolute,
            relative,
        ),
        (false, false) => parts(
            &mut |t: f64| {
                let u = 1.0 - t * t;
                f(t / u) * (1.0 + t * t) / (u * u)
            },
            -1.0,
            1.0,
            absolute,
            relative,
        ),
    }
}

fn parts(f: &mut impl FnMut(f64) -> f64, a: f64, b: f64, absolute: f64, relative: f64) -> Integral {
    let (value, error) = kronrod(f, a, b);
    let mut list = vec![(error, value, a, b)];
    loop {
        let value: f64 = list.iter().map(|p| p.1).sum();
        let error: f64 = list.iter().map(|p| p.0).sum();
        let converged = error <= absolute.max(relative * value.abs());
        if converged || list.len() >= 2_000 || !error.is_finite() {
            return Integral { value, error, converged };
        }
        let worst = (0..list.len()).max_by(|i, j| list[*i].0.total_cmp(&list[*j].0)).unwrap_or(0);
        let (_, _, low, high) = list.swap_remove(worst);
        let mid = 0.5 * (low + high);
        for (low, high) in [(low, mid), (mid, high)] {
            let (value, error) = kronrod(f, low, high);
            list.push((error, value, low, high));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn a_rule_of_n_nodes_is_exact_to_degree_2n_minus_1() {
        for n in 1..=40_usize {
            let rule = legendre(n);
            assert!((rule.weights.iter().sum::<f64>() - 2.0).abs() < 1e-13);
            for degree in (0..2 * n).step_by(2).take(20) {
                let power = i32::try_from(degree).unwrap();
                let want = 2.0 / (degree as f64 + 1.0);
                let got = rule.sum(|x| x.powi(power));
                assert!((got - want).abs() < 1e-13, "n {n} degree {degree}: {got} {want}");
            }
        }
        // moments of the normal: 1, 1, 3, 15, 105
        for n in 5..=120 {
            let rule = normal(n);
            for (power, want) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
                let got = rule.sum(|x| x.powi(power));
                assert!((got / want - 1.0).abs() < 1e-11, "n {n} moment {power}: {got}");
            }
        }
    }

    #[test]
    fn tabled_nodes_are_met() {
        // Abramowitz and Stegun, tables 25.4 and 25.10
        let l = legendre(5);
        assert!((l.nodes[4] - 0.906_179_845_938_664).abs() < 1e-14);
        assert!((l.weights[4] - 0.236_926_885_056_189_1).abs() < 1e-14);
        let h = hermite(20);
        assert!((h.nodes[19] - 5.387_480_890_011_233).abs() < 1e-13);
        assert!((h.weights[19] / 2.229_393_645_534_151e-13 - 1.0).abs() < 1e-11);
        assert!((hermite(3).weights[1] - 1.181_635_900_603_677_4).abs() < 1e-13);
    }

    #[test]
    fn integrals_over_finite_and_infinite_ranges_meet_their_tolerance() {
        type Case = (fn(f64) -> f64, f64, f64, f64);
        let inf = f64::INFINITY;
        let cases: [Case; 6] = [
            (f64::exp, 0.0, 1.0, std::f64::consts::E - 1.0),
            (|x| 1.0 / x.sqrt(), 0.0, 1.0, 2.0),
            (|x| (-x * x).exp(), -inf, inf, PI.sqrt()),
            (|x| (-x).exp(), 0.0, inf, 1.0),
            (|x| x.exp(), -inf, 0.0, 1.0),
            (|x| 1.0 / (1e-4 + x * x), -1.0, 1.0, 2.0 * 100.0_f64.atan() * 100.0),
        ];
        for (f, a, b, want) in cases {
            let got = integrate(f, a, b, 1e-12, 1e-11);
            assert!(got.converged && (got.value - want).abs() < 1e-9 * want, "{a} {b}: {got:?} {want}");
        }
    }

    #[test]
    fn a_rule_moved_to_an_interval_integrates_there() {
        let got = legendre(12).on(2.0, 5.0).sum(|x| x * x);
        assert!((got - 39.0).abs() < 1e-12);
    }
}
