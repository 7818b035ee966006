//! The regularised incomplete gamma integrals P and Q and their inverses.

use super::{increasing_root, lgamma_1p, ln_poisson_weight, norm_quantile};

const TINY: f64 = 1e-300;

/// P(a, x) = ∫₀ˣ t^(a-1) e^-t dt / Γ(a): the lower integral; a > 0, x ≥ 0. Relative accuracy also where it is tiny.
#[must_use]
pub fn gamma_p(a: f64, x: f64) -> f64 {
    both(a, x).0
}

/// Q(a, x) = 1 - P(a, x): the upper integral; relative accuracy also where it is tiny.
#[must_use]
pub fn gamma_q(a: f64, x: f64) -> f64 {
    both(a, x).1
}

fn both(a: f64, x: f64) -> (f64, f64) {
    if a.is_nan() || x.is_nan() || a < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() || a == 0.0 {
        return (1.0, 0.0);
    }
    if a < 0.5 && x < 1.5 {
        // P = x^a/Γ(1+a) (1 + a Σ (-x)^n/((a+n) n!)): nothing cancels in Q for small a
        let (mut term, mut sum) = (1.0, 0.0);
        for n in 1..200 {
            let n = f64::from(n);
            term *= -x / n;
            let next = sum + term / (a + n);
            if next == sum {
                break;
            }
            sum = next;
        }
        let ln_front = a * x.ln() - lgamma_1p(a);
        let front = ln_front.exp();
        let q = -ln_front.exp_m1() - front * a * sum;
        return (front * (1.0 + a * sum), q);
    }
    let weight = ln_poisson_weight(a, x).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0, 1.0, a);
        loop {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        let p = (weight * sum).min(1.0);
        return (p, 1.0 - p);
    }
    // modified Lentz on the continued fraction 6.5.31
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / if b == 0.0 { TINY } else { b };
    let mut h = d;
    let mut i = 0.0;
    while i < 1e7 {
        i += 1.0;
        let an = -i * (i - a);
        b += 2.0;
        d = an * d + b;
        if d.abs() < TINY {
            d = TINY;
        }
        c = b + an / c;
        if c.abs() < TINY {
            c = TINY;
        }
        d = 1.0 / d;
        let step = d * c;
        h *= step;
        if (step - 1.0).abs() < 2e-16 {
            break;
        }
    }
    let q = (weight * a * h).min(1.0);
    (1.0 - q, q)
}

/// The x with P(a, x) = p; a > 0, 0 ≤ p ≤ 1.
#[must_use]
pub fn gamma_p_inv(a: f64, p: f64) -> f64 {
    inverse(a, p, 1.0 - p, p <= 0.5)
}

/// The x with Q(a, x) = q: exact for tiny q.
#[must_use]
pub fn gamma_q_inv(a: f64, q: f64) -> f64 {
    inverse(a, 1.0 - q, q, q > 0.5)
}

fn inverse(a: f64, p: f64, q: f64, lower: bool) -> f64 {
    if a.is_nan() || a <= 0.0 || !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    if q == 0.0 {
        return f64::INFINITY;
    }
    // start: the leading term for small p, else Wilson and Hilferty
    let small = (p.ln() + lgamma_1p(a)) / a;
    let z = if lower { norm_quantile(p) } else { -norm_quantile(q) };
    let w = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt());
    let start = if w > 0.0 && a > 0.3 { (a * w * w * w).ln().max(small) } else { small };
    if start < -740.0 {
        return small.exp();
    }
    let ln_p = if lower { p.ln() } else { q.ln() };
    let root = increasing_root(start, |u| {
        let x = u.exp();
        let (below, above) = both(a, x);
        let density = (ln_poisson_weight(a, x).exp()) * a; // x times the density
        if lower { (below.ln() - ln_p, density / below) } else { (ln_p - above.ln(), density / above) }
    });
    root.exp()
}
