//! Linear algebra and regression.

use proptest::prelude::*;
use stats::glm::{self, Family, Model};
use stats::linear::{Cholesky, Matrix, Qr};

fn hilbert_like(n: usize, p: usize) -> Matrix {
    Matrix::from_fn(n, p, |i, j| 1.0 / (1.0 + i as f64 + 2.0 * j as f64) + f64::from(u8::from(i == j)))
}

#[test]
fn least_squares_leave_out_the_later_dependent_column() {
    // the third column is the sum of the first two
    let x = Matrix::from_fn(6, 4, |i, j| match j {
        0 => 1.0,
        1 => i as f64,
        2 => 1.0 + i as f64,
        _ => (i * i) as f64,
    });
    let qr = Qr::new(x, 1e-11);
    assert_eq!((qr.rank(), qr.pivot()), (3, &[0, 1, 3, 2][..]));
    let y: Vec<f64> = (0..6).map(|i| 2.0 + 3.0 * f64::from(i) - 0.5 * f64::from(i * i)).collect();
    let b = qr.solve(&y);
    assert!(b[2].is_nan());
    for (b, expected) in [b[0], b[1], b[3]].iter().zip([2.0, 3.0, -0.5]) {
        assert!((b - expected).abs() < 1e-12);
    }
    assert!((qr.leverage().iter().sum::<f64>() - 3.0).abs() < 1e-12);
}

#[test]
fn cholesky_refuses_what_is_not_positive_definite() {
    let m = Matrix::from_fn(2, 2, |i, j| if i == j { 1.0 } else { 2.0 });
    assert!(Cholesky::new(&m).is_none());
}

#[test]
fn gram_inverse_by_both_factorisations_agrees() {
    let x = hilbert_like(7, 4);
    let gram = x.transposed().product(&x);
    let (a, b) = (Qr::new(x, 1e-11).inverse_gram(), Cholesky::new(&gram).unwrap().inverse());
    for i in 0..4 {
        for j in 0..4 {
            assert!((a.at(i, j) - b.at(i, j)).abs() < 1e-10);
        }
    }
}

// R 4.2.2: glm and MASS::glm.nb on the same twelve values
const Y: [f64; 12] = [2.0, 5.0, 1.0, 9.0, 14.0, 3.0, 8.0, 30.0, 12.0, 6.0, 25.0, 21.0];

fn line() -> Matrix {
    Matrix::from_fn(12, 2, |i, j| if j == 0 { 1.0 } else { i as f64 + 1.0 })
}

#[test]
fn regressions_equal_the_reference() {
    let x = line();
    let shares: Vec<f64> = Y.iter().map(|y| y / 40.0).collect();
    let forty = [40.0; 12];
    let base =
        Model { family: Family::Poisson, design: &x, response: &Y, weights: None, offset: None, start: None };
    let poisson = glm::fit(&base);
    let binomial = glm::fit(&Model {
        family: Family::Binomial,
        response: &shares,
        weights: Some(&forty),
        ..base.clone()
    });
    let sized = glm::fit_negative_binomial(&x, &Y, None, None);
    let cases = [
        ("poisson", &poisson, POISSON),
        ("binomial", &binomial, BINOMIAL),
        ("negative binomial", &sized.fit, NEGATIVE),
    ];
    for (name, fit, expected) in cases {
        let found = [
            fit.coefficients[0],
            fit.coefficients[1],
            fit.covariance.at(0, 0).sqrt(),
            fit.covariance.at(1, 1).sqrt(),
            fit.deviance,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9 * expected.abs(), "{name}: {found} for {expected}");
        }
        assert!(fit.converged, "{name}");
    }
    assert!((sized.size / SIZE - 1.0).abs() < 1e-8 && sized.converged, "{}", sized.size);
}
const POISSON: [f64; 5] =
    [1.230826513807897, 0.1610656235590349, 0.2413987692366943, 0.02715854412684946, 47.40468262075183];
const BINOMIAL: [f64; 5] =
    [-2.574792761302736, 0.2326131322930635, 0.279001811611339, 0.03379359578472013, 70.5777733177558];
const NEGATIVE: [f64; 5] =
    [1.097232941678454, 0.1790942087905157, 0.4253427159065237, 0.05432326041936513, 12.29310521986308];
const SIZE: f64 = 3.444546110147759;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_does_not_matter(seed in 0_usize..12) {
        let x = line();
        let turned = Matrix::from_fn(12, 2, |i, j| x.at((i + seed) % 12, j));
        let y: Vec<f64> = (0..12).map(|i| Y[(i + seed) % 12]).collect();
        let base = Model { family: Family::Poisson, design: &x, response: &Y, weights: None, offset: None, start: None };
        let (a, b) = (glm::fit(&base), glm::fit(&Model { design: &turned, response: &y, ..base }));
        prop_assert!((a.coefficients[1] - b.coefficients[1]).abs() < 1e-12);
        prop_assert!((a.deviance - b.deviance).abs() < 1e-11);
    }
}
