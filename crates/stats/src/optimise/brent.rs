//! One variable: Brent's root finder and minimiser (R. P. Brent, Algorithms for Minimization without Derivatives, 1973).

use super::{Error, Point, seen};

/// A zero of `f` between `a` and `b`, to an absolute width of `tol` (0 gives the last bits), by Brent's zeroin.
///
/// # Errors
/// [`Error::NoBracket`] when `f` has the same sign at both ends or is not a number there.
pub fn root(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, tol: f64) -> Result<f64, Error> {
    let (mut a, mut b) = (a, b);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    if fa.is_nan() || fb.is_nan() || (fa > 0.0) == (fb > 0.0) {
        return Err(Error::NoBracket { a, fa, b, fb });
    }
    let (mut c, mut fc) = (a, fa);
    let mut d = b - a;
    let mut e = d;
    for _ in 0..500 {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tolerance = 2.0 * f64::EPSILON * b.abs() + 0.5 * tol;
        let m = 0.5 * (c - b);
        if m.abs() <= tolerance || fb == 0.0 {
            return Ok(b);
        }
        if e.abs() >= tolerance && fa.abs() > fb.abs() && fa.is_finite() {
            let s = fb / fa;
            let (mut p, mut q) = if same(a, c) {
                (2.0 * m * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * m * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            } else {
                p = -p;
            }
            if 2.0 * p < (3.0 * m * q - (tolerance * q).abs()).min((e * q).abs()) {
                e = d;
                d = p / q;
            } else {
                d = m;
                e = m;
            }
        } else {
            d = m;
            e = m;
        }
        a = b;
        fa = fb;
        b += if d.abs() > tolerance { d } else { tolerance.copysign(m) };
        fb = f(b);
        if (fb > 0.0) == (fc > 0.0) {
            c = a;
            fc = fa;
            d = b - a;
            e = d;
        }
    }
    Ok(b)
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

/// A local minimum of `f` between `a` and `b` by golden section and parabolas, to about `tol` relative to its place
/// (never finer than the square root of the machine's precision, below which values no longer differ).
#[must_use]
pub fn minimum(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, tol: f64) -> Point<f64> {
    const GOLD: f64 = 0.381_966_011_250_105_1;
    let (mut a, mut b) = (a.min(b), a.max(b));
    let mut x = a + GOLD * (b - a);
    let (mut w, mut v) = (x, x);
    let mut fx = seen(f(x));
    let (mut fw, mut fv) = (fx, fx);
    let (mut d, mut e) = (0.0_f64, 0.0_f64);
    let fine = tol.max(1.5e-8);
    for _ in 0..500 {
        let m = 0.5 * (a + b);
        let t = fine * x.abs() + 1e-12;
        if (x - m).abs() <= 2.0 * t - 0.5 * (b - a) {
            return Point { x, value: fx, converged: true };
        }
        let mut parabola = None;
        if e.abs() > t && fw.is_finite() && fv.is_finite() {
            let r = (x - w) * (fx - fv);
            let mut q = (x - v) * (fx - fw);
            let mut p = (x - v) * q - (x - w) * r;
            q = 2.0 * (q - r);
            if q > 0.0 {
                p = -p;
            }
            q = q.abs();
            let before = e;
            e = d;
            if p.abs() < (0.5 * q * before).abs() && p > q * (a - x) && p < q * (b - x) {
                parabola = Some(p / q);
            }
        }
        if let Some(step) = parabola {
            d = step;
            let u = x + d;
            if u - a < 2.0 * t || b - u < 2.0 * t {
                d = t.copysign(m - x);
            }
        } else {
            e = if x < m { b - x } else { a - x };
            d = GOLD * e;
        }
        let u = x + if d.abs() >= t { d } else { t.copysign(d) };
        let fu = seen(f(u));
        if fu <= fx {
            if u < x {
                b = x;
            } else {
                a = x;
            }
            (v, w, x) = (w, x, u);
            (fv, fw, fx) = (fw, fx, fu);
        } else {
            if u < x {
                a = u;
            } else {
                b = u;
            }
            if fu <= fw || same(w, x) {
                (v, w) = (w, u);
                (fv, fw) = (fw, fu);
            } else if fu <= fv || same(v, x) || same(v, w) {
                v = u;
                fv = fu;
            }
        }
    }
    Point { x, value: fx, converged: false }
}
