//! The root of an increasing function on the line, by Newton steps kept inside a bracket.

/// The root of an increasing function given as value and slope. Starts at `start`, widens a bracket when a Newton step leaves
/// it, and ends when the step is below the last digit. Infinite values steer the bracket; slopes may be zero.
pub(crate) fn increasing_root(start: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut lo, mut hi) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut x = start;
    let mut reach = 1.0_f64.max(start.abs() * 0.1);
    let mut before = f64::INFINITY;
    for _ in 0..400 {
        let (value, slope) = f(x);
        if value == 0.0 {
            return x;
        }
        if value > 0.0 {
            hi = x;
        } else {
            lo = x;
        }
        let newton = x - value / slope;
        let inside = newton.is_finite() && newton > lo && newton < hi;
        let slow = value.abs() > 0.5 * before;
        before = value.abs();
        let next = if lo.is_infinite() || hi.is_infinite() {
            // no bracket yet: go on in the same direction, further each time
            reach *= 2.0;
            let wanted = if inside { newton } else { x - reach * value.signum() };
            wanted.clamp(x - reach, x + reach)
        } else if inside && (!slow || value.abs() < 1e-9) {
            newton
        } else {
            0.5 * (lo + hi)
        };
        let step = (next - x).abs();
        x = next;
        if step <= 1e-16 * x.abs().max(1e-290) || (hi - lo).abs() <= 2e-16 * x.abs() {
            break;
        }
    }
    x
}
