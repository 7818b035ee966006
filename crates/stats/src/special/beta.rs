//! The regularised incomplete beta integral, its inverse, ln B and ln of binomial coefficients.

use super::{LN_SQRT_2PI, increasing_root, lgamma_1p, ln_binomial_weight, stirling_rest};

const TINY: f64 = 1e-300;

/// ln Γ(a)Γ(b)/Γ(a+b), a, b > 0; no cancellation for large arguments.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small <= 0.0 {
        return f64::INFINITY;
    }
    if large.is_infinite() {
        return f64::NEG_INFINITY;
    }
    if large < 0.5 {
        return lgamma_1p(a) + lgamma_1p(b) - lgamma_1p(a + b) + ((a + b) / a / b).ln();
    }
    // Γ(x) = x^(x-½) e^-x √(2π) e^rest(x)
    let ratio = small / large;
    if small < 0.5 {
        // ln Γ(b) - ln Γ(a+b) by Stirling, ln Γ(a) exactly
        let rest = stirling_rest(large) - stirling_rest(small + large);
        return lgamma_1p(small) - small.ln() + rest
            - (large + small - 0.5) * ratio.ln_1p()
            - small * large.ln()
            + small;
    }
    LN_SQRT_2PI + stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b) - 0.5 * large.ln()
        + (small - 0.5) * (ratio / (1.0 + ratio)).ln()
        - large * ratio.ln_1p()
}

/// ln of n over k for real n ≥ k ≥ 0.
#[must_use]
pub fn ln_choose(n: f64, k: f64) -> f64 {
    if k < 0.0 || k > n {
        return f64::NEG_INFINITY;
    }
    if k == 0.0 || k == n {
        return 0.0;
    }
    -ln_beta(k + 1.0, n - k + 1.0) - n.ln_1p()
}

/// I_x(a, b), the lower regularised integral; a, b > 0, 0 ≤ x ≤ 1. Relative accuracy also where it is tiny.
#[must_use]
pub fn beta_inc(a: f64, b: f64, x: f64) -> f64 {
    beta_inc_xy(a, b, x, 1.0 - x).0
}

/// 1 - I_x(a, b), relative accuracy also where it is tiny.
#[must_use]
pub fn beta_inc_q(a: f64, b: f64, x: f64) -> f64 {
    beta_inc_xy(a, b, x, 1.0 - x).1
}

/// I_x(a, b) and its complement, given x and y = 1 - x both to full precision.
#[must_use]
pub fn beta_inc_xy(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if a.is_nan() || b.is_nan() || x.is_nan() || a < 0.0 || b < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 || (a.is_infinite() && b.is_finite()) {
        return (0.0, 1.0);
    }
    if y <= 0.0 || b.is_infinite() || a == 0.0 {
        return (1.0, 0.0);
    }
    if b == 0.0 {
        return (0.0, 1.0);
    }
    if a < 0.5 && b * x < 0.7 && x < 0.5 {
        return series(a, b, x);
    }
    if b < 0.5 && a * y < 0.7 && y < 0.5 {
        let (q, p) = series(b, a, y);
        return (p, q);
    }
    if x * (a + b + 2.0) < a + 1.0 {
        let p = fraction(a, b, x, y);
        (p, 1.0 - p)
    } else {
        let q = fraction(b, a, y, x);
        (1.0 - q, q)
    }
}

/// x^a / (a B(a,b)) (1 + a Σ (1-b)…(n-b) x^n / (n! (a+n))): small a and b x, where nothing cancels in the complement.
fn series(a: f64, b: f64, x: f64) -> (f64, f64) {
    let (mut term, mut sum, mut n) = (1.0, 0.0, 0.0);
    while n < 2000.0 {
        n += 1.0;
        term *= (n - b) / n * x;
        let next = sum + term / (a + n);
        if next == sum {
            break;
        }
        sum = next;
    }
    // ln of 1/(a B(a,b)) = ln Γ(a+b)/Γ(b) - ln Γ(1+a)
    let ln_front = a * x.ln() + ln_gamma_ratio(b, a) - lgamma_1p(a);
    let front = ln_front.exp();
    let p = front * (1.0 + a * sum);
    (p, -ln_front.exp_m1() - front * a * sum)
}

/// ln Γ(b + a) - ln Γ(b) for small a ≥ 0.
fn ln_gamma_ratio(b: f64, a: f64) -> f64 {
    if b < 0.5 {
        return lgamma_1p(a + b) - lgamma_1p(b) - (a / b).ln_1p();
    }
    stirling_rest(a + b) - stirling_rest(b) + (b + a - 0.5) * (a / b).ln_1p() + a * b.ln() - a
}

/// The continued fraction of DiDonato and Morris (ACM TOMS 708, 1992, equation 9): all terms positive below the mean, and
/// the distance to the mean computed from whichever of x and y keeps it.
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let front = ln_binomial_weight(a, b, x, y).exp() * (a / (a + b)) * b;
    let distance = if a > b { (a + b) * y - b } else { a - (a + b) * x };
    let beta = |n: f64| {
        n + n * (b - n) * x / (a + 2.0 * n - 1.0)
            + (a + n) * (distance + 1.0 + n * (1.0 + y)) / (a + 2.0 * n + 1.0)
    };
    let first = a / (a + 1.0) * (distance + 1.0);
    // modified Lentz
    let (mut h, mut c, mut d) = (first, first, 0.0);
    let mut n = 0.0;
    while n < 1e7 {
        n += 1.0;
        let at = a + 2.0 * n - 1.0;
        let alpha = (a + n - 1.0) / at * ((a + b + n - 1.0) / at) * n * (b - n) * x * x;
        let next = beta(n);
        d = next + alpha * d;
        if d.abs() < TINY {
            d = TINY;
        }
        c = next + alpha / c;
        if c.abs() < TINY {
            c = TINY;
        }
        d = 1.0 / d;
        let step = c * d;
        h *= step;
        if (step - 1.0).abs() < 2e-16 {
            break;
        }
    }
    (front / h).min(1.0)
}

/// The x with I_x(a, b) = p.
#[must_use]
pub fn beta_inc_inv(a: f64, b: f64, p: f64) -> f64 {
    inverse(a, b, p, 1.0 - p)
}

/// The x with 1 - I_x(a, b) = q: exact for tiny q.
#[must_use]
pub fn beta_inc_q_inv(a: f64, b: f64, q: f64) -> f64 {
    inverse(a, b, 1.0 - q, q)
}

fn inverse(a: f64, b: f64, p: f64, q: f64) -> f64 {
    let valid = a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q);
    if !valid {
        return f64::NAN;
    }
    if p == 0.0 {
        return 0.0;
    }
    if q == 0.0 {
        return 1.0;
    }
    let (below, above) = beta_inc_xy(a, b, 0.5, 0.5);
    // compare on the side that carries the digits
    if if p < q { p <= below } else { q >= above } {
        lower_half(a, b, p, q)
    } else {
        1.0 - lower_half(b, a, q, p)
    }
}

/// The root in (0, ½], on the scale of ln x.
fn lower_half(a: f64, b: f64, p: f64, q: f64) -> f64 {
    let leading = (p.ln() + a.ln() + ln_beta(a, b)) / a;
    if leading < -740.0 {
        return leading.exp();
    }
    let lower = p <= q;
    let target = if lower { p.ln() } else { q.ln() };
    let mean = (a / (a + b)).min(0.5).ln();
    let start = leading.min(mean).min(-std::f64::consts::LN_2);
    let root = increasing_root(start, |u| {
        let x = u.exp();
        if x >= 1.0 {
            return (f64::INFINITY, 0.0);
        }
        let (below, above) = beta_inc_xy(a, b, x, 1.0 - x);
        let density = ln_binomial_weight(a, b, x, 1.0 - x).exp() * a * b / (a + b) / (1.0 - x);
        if lower { (below.ln() - target, density / below) } else { (target - above.ln(), density / above) }
    });
    root.exp()
}
