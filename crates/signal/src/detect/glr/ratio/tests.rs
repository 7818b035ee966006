//! The reference's way, taken step by step at every beginning, against the search that passes most of them over.

use super::super::sums::Sums;
use super::*;
use stats::random::{Purpose, Stream};

/// Newton steps for κ without any guard, the periods summed at each.
fn steps(points: &[Point], alpha: f64, start: f64) -> f64 {
    let mut theta = start;
    for _ in 0..100 {
        if theta <= FLOOR {
            break;
        }
        let (slope, curve) = slopes(points, alpha, theta);
        let next = theta - slope / curve;
        let settled = (next - theta).abs() < 1e-6;
        theta = next;
        if settled || !theta.is_finite() {
            break;
        }
    }
    theta
}

/// Every beginning in turn, each from where the one before ended.
fn every(points: &[Point], alpha: f64, sign: f64) -> f64 {
    let (mut theta, mut at_none, mut best) = (0.5 * sign, false, 0.0_f64);
    for k in 0..points.len() {
        let rest = &points[k..];
        if std::mem::take(&mut at_none) && slopes(rest, alpha, 0.0).0 * sign <= 0.0 {
            at_none = true;
            continue;
        }
        let kappa = steps(rest, alpha, theta);
        if kappa.is_finite() && kappa * sign > 0.0 {
            theta = kappa;
            best = best.max(value(rest, alpha, kappa));
        } else {
            (theta, at_none) = (0.0, true);
        }
    }
    best
}

#[test]
fn what_is_passed_over_would_not_have_changed_the_way_of_the_reference() {
    let mut lost = 0;
    for seed in 0..160_u64 {
        let mut stream = Stream::new(seed, Purpose::of("test: likelihood ratio"), 0);
        let alpha = [0.02, 0.2, 1.0, 4.0][stream.index(4)];
        let direction = if seed % 3 == 0 { Direction::Decrease } else { Direction::Increase };
        let control = Control { direction, ..Control::default() };
        let safe = Control { mode: Mode::Corrected, ..control };
        let (mut points, mut sums, mut level) = (Vec::new(), Sums::new(alpha, direction), 1.0);
        let mut other = Sums::new(alpha, direction);
        for _ in 0..36 {
            if stream.index(6) == 0 {
                // the level jumps, to nothing and to many times the mean
                level = [0.0, 0.1, 1.0, 1.0, 4.0, 15.0, 60.0][stream.index(7)];
            }
            let mean = (stream.normal() * 0.8 + 0.5).exp();
            let y = stream.poisson((level * mean).min(400.0)) as f64;
            points.push(Point { y, mean, before: 0.0 });
            sums.push(Point { y, mean, before: 0.0 });
            other.push(Point { y, mean, before: 0.0 });
            let found = statistic(&points, &control, alpha, Some(&mut sums));
            let wanted = every(&points, alpha, direction.sign());
            assert!(
                (found - wanted).abs() <= 1e-6 * wanted.max(1.0),
                "seed {seed}, {} periods, α {alpha}: {found} for {wanted}",
                points.len()
            );
            let all = statistic(&points, &safe, alpha, Some(&mut other));
            assert!(all >= found - 1e-6 * found.max(1.0), "the safe search finds no less");
            lost += usize::from(all > found + 0.1);
        }
    }
    assert!(lost > 20, "the reference loses some beginnings, else nothing is tested: {lost}");
}
