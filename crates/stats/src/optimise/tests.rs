//! Known roots, minima and intervals.

use super::*;
use proptest::prelude::*;

#[test]
fn roots_are_found_to_the_last_bits() {
    // function, ends, root, and how far a flat crossing lets it be
    type Case = (fn(f64) -> f64, f64, f64, f64, f64);
    let cases: [Case; 5] = [
        (|x| x * x - 2.0, 0.0, 2.0, std::f64::consts::SQRT_2, 0.0),
        (|x| x.cos() - x, 0.0, 1.0, 0.739_085_133_215_160_7, 0.0),
        (|x| (x - 1.0).powi(3), -4.0, 5.5, 1.0, 1e-5),
        (|x| x.exp() - 1e-9, -100.0, 1.0, -20.723_265_836_946_41, 0.0),
        (|x| 1.0 / x - 1e6, 1e-12, 3.0, 1e-6, 0.0),
    ];
    for (f, a, b, want, tol) in cases {
        let x = root(f, a, b, 0.0).unwrap();
        assert!((x - want).abs() <= tol + 1e-13 * want.abs(), "{x} {want}");
    }
    assert!(matches!(root(|x| x * x + 1.0, -1.0, 1.0, 0.0), Err(Error::NoBracket { .. })));
}

#[test]
fn a_minimum_of_one_variable_is_found() {
    let p = minimum(|x| (x - 3.0).powi(2) + 1.0, -10.0, 50.0, 1e-10);
    assert!(p.converged && (p.x - 3.0).abs() < 1e-6 && (p.value - 1.0).abs() < 1e-12);
    let p = minimum(|x| if x < 1.0 { f64::NAN } else { x.ln().powi(2) }, 0.5, 9.0, 1e-9);
    assert!((p.x - 1.0).abs() < 1e-3, "{p:?}");
}

fn banana(x: &[f64]) -> f64 {
    100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
}

#[test]
fn rosenbrock_and_its_bounded_form_end_where_they_must() {
    for start in [[-1.2, 1.0], [5.0, -5.0], [0.0, 0.0]] {
        let a = simplex(banana, &start, &[], Stop::default()).unwrap();
        let b = quasi_newton(banana, &start, &[], Stop::default()).unwrap();
        for p in [a, b] {
            assert!((p.x[0] - 1.0).abs() < 1e-4 && (p.x[1] - 1.0).abs() < 1e-4, "{start:?} {p:?}");
        }
        // the first parameter may not pass 0.5: the minimum lies on that bound, at its square
        let bounds = [Bounds::new(-9.0, 0.5), Bounds::FREE];
        let p = quasi_newton(banana, &start, &bounds, Stop::default()).unwrap();
        assert!((p.x[0] - 0.5).abs() < 1e-6 && (p.x[1] - 0.25).abs() < 1e-4, "{start:?} {p:?}");
        let p = simplex(banana, &start, &bounds, Stop::default()).unwrap();
        assert!((p.value - 0.25).abs() < 1e-6, "{start:?} {p:?}");
    }
    assert_eq!(quasi_newton(|_| f64::NAN, &[1.0], &[], Stop::default()), Err(Error::Start));
    assert_eq!(
        simplex(banana, &[1.0, 1.0], &[Bounds::FREE], Stop::default()),
        Err(Error::Shape { given: 1, wanted: 2 })
    );
}

#[test]
fn a_profile_of_a_normal_likelihood_is_its_interval() {
    // n = 10, mean 2, sum of squares about the mean 9: −ℓ = n log σ + (9 + n(2 − µ)²)/(2σ²)
    let f = |p: &[f64]| 10.0 * p[1].ln() + (9.0 + 10.0 * (2.0 - p[0]).powi(2)) / (2.0 * p[1] * p[1]);
    let bounds = [Bounds::FREE, Bounds::new(1e-6, f64::INFINITY)];
    let best = quasi_newton(f, &[1.0, 2.0], &bounds, Stop::default()).unwrap();
    let rise: f64 = 1.920_729_410_347_062;
    // the profile is (n/2) log((9 + n d²)/9)
    let d = (0.9 * ((2.0 * rise / 10.0).exp() - 1.0)).sqrt();
    let low = profile_bound(f, &best, &bounds, 0, Side::Low, 0.1, rise).unwrap();
    let high = profile_bound(f, &best, &bounds, 0, Side::High, 0.1, rise).unwrap();
    assert!((low - (2.0 - d)).abs() < 1e-6 && (high - (2.0 + d)).abs() < 1e-6, "{low} {high} {d}");
    let flat = Point { x: vec![0.0], value: 0.0, converged: true };
    assert_eq!(profile_bound(|x| -x[0].abs(), &flat, &[], 0, Side::High, 1.0, 1.0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn shifting_and_scaling_a_bowl_moves_its_minimum_along(at in -50.0..50.0_f64, scale in 0.01..100.0_f64, tilt in -0.9..0.9_f64) {
        let f = |x: &[f64]| {
            let (u, v) = ((x[0] - at) / scale, x[1] - 1.0);
            u * u + v * v + tilt * u * v
        };
        let p = quasi_newton(f, &[0.0, 0.0], &[], Stop::default()).unwrap();
        prop_assert!((p.x[0] - at).abs() < 1e-4 * scale.max(1.0) && (p.x[1] - 1.0).abs() < 1e-4, "{p:?}");
    }
}
