//! Special functions: Γ and its relatives, the error function, incomplete gamma and beta integrals and their inverses.

mod beta;
mod gamma;
mod invert;
mod normal;

pub use beta::{beta_inc, beta_inc_inv, beta_inc_q, beta_inc_q_inv, beta_inc_xy, ln_beta, ln_choose};
pub use gamma::{gamma_p, gamma_p_inv, gamma_q, gamma_q_inv};
pub use normal::{erf, erfc, ln_norm_cdf, norm_cdf, norm_pdf, norm_quantile, norm_sf};

pub(crate) use invert::increasing_root;

/// ln √(2π).
pub const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Euler's constant γ.
pub const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// ln |Γ(x)|; infinite at zero and the negative integers.
#[must_use]
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ζ(k) - 1 for k = 2, 3, …
const ZETA_MINUS_ONE: [f64; 30] = [
    0.644_934_066_848_226_4,
    0.202_056_903_159_594_3,
    0.082_323_233_711_138_19,
    0.036_927_755_143_369_93,
    0.017_343_061_984_449_14,
    0.008_349_277_381_922_827,
    0.004_077_356_197_944_34,
    0.002_008_392_826_082_214_3,
    0.000_994_575_127_818_085_3,
    0.000_494_188_604_119_464_5,
    0.000_246_086_553_308_048_3,
    0.000_122_713_347_578_489_15,
    6.124_813_505_870_483e-5,
    3.058_823_630_702_049e-5,
    1.528_225_940_865_187e-5,
    7.637_197_637_899_763e-6,
    3.817_293_264_999_84e-6,
    1.908_212_716_553_939e-6,
    9.539_620_338_727_962e-7,
    4.769_329_867_878_064e-7,
    2.384_505_027_277_33e-7,
    1.192_199_259_653_110_6e-7,
    5.960_818_905_125_948e-8,
    2.980_350_351_465_228e-8,
    1.490_155_482_836_504_3e-8,
    7.450_711_789_835_43e-9,
    3.725_334_024_788_457e-9,
    1.862_659_723_513_049e-9,
    9.313_274_324_196_682e-10,
    4.656_629_065_033_784e-10,
];

/// ln Γ(1 + a) without loss of digits near a = 0; a > -1.
#[must_use]
pub fn lgamma_1p(a: f64) -> f64 {
    if a.abs() > 0.5 {
        return lgamma(1.0 + a);
    }
    // Abramowitz and Stegun 6.1.33
    let mut power = a;
    let mut sum = 0.0;
    for (i, z) in ZETA_MINUS_ONE.iter().enumerate() {
        power *= -a;
        // (-1)^k a^k = -power_{k} with this recursion
        sum -= z * power / (i as f64 + 2.0);
    }
    a * (1.0 - EULER_GAMMA) - a.ln_1p() + sum
}

/// Digamma ψ(x) = d ln Γ(x)/dx; NaN at zero and the negative integers.
///
/// Recurrence to x ≥ 10, then the asymptotic series (Abramowitz and Stegun 6.3.18); absolute error about 1e-15.
#[must_use]
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        return digamma(1.0 - x) - std::f64::consts::PI / (std::f64::consts::PI * x).tan();
    }
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let tail = r
        * (1.0 / 12.0
            - r * (1.0 / 120.0
                - r * (1.0 / 252.0
                    - r * (1.0 / 240.0
                        - r * (1.0 / 132.0
                            - r * (691.0 / 32_760.0 - r * (1.0 / 12.0 - r * 3617.0 / 8160.0)))))));
    shift + x.ln() - 0.5 / x - tail
}

/// Trigamma ψ′(x); NaN at zero and the negative integers. As [`digamma`] (6.4.12).
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        let s = (std::f64::consts::PI * x).sin();
        return std::f64::consts::PI * std::f64::consts::PI / (s * s) - trigamma(1.0 - x);
    }
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let tail = r
        * (1.0 / 6.0
            - r * (1.0 / 30.0
                - r * (1.0 / 42.0
                    - r * (1.0 / 30.0
                        - r * (5.0 / 66.0 - r * (691.0 / 2730.0 - r * (7.0 / 6.0 - r * 3617.0 / 510.0)))))));
    shift + 1.0 / x + 0.5 * r + tail / x
}

/// Stirling's remainder: ln Γ(n+1) - [(n + ½) ln n - n + ln √(2π)], n > 0 (Loader 2000).
#[must_use]
pub(crate) fn stirling_rest(n: f64) -> f64 {
    let (mut n, mut sum) = (n, 0.0);
    while n < 16.0 {
        // rest(n) = rest(n+1) + (n+½) ln(1 + 1/n) - 1
        sum += if n < 1e-300 { -0.5 * n.ln() - 1.0 } else { (n + 0.5) * (1.0 / n).ln_1p() - 1.0 };
        n += 1.0;
    }
    let r = 1.0 / (n * n);
    sum + (1.0 / 12.0
        - r * (1.0 / 360.0
            - r * (1.0 / 1260.0
                - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0 - r * (1.0 / 156.0)))))))
        / n
}

/// The deviance term x ln(x/m) + m - x, exact where x is near m (Loader 2000).
#[must_use]
pub(crate) fn deviance_term(x: f64, m: f64) -> f64 {
    if (x - m).abs() < 0.1 * (x + m) {
        let v = (x - m) / (x + m);
        let mut sum = (x - m) * v;
        let mut e = 2.0 * x * v;
        let v2 = v * v;
        for j in 1..1000 {
            e *= v2;
            let next = sum + e / f64::from(2 * j + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        return sum;
    }
    if x == 0.0 {
        return m;
    }
    x * (x / m).ln() + m - x
}

/// ln of the Poisson weight m^x e^-m / Γ(x+1), x ≥ 0 not necessarily whole.
#[must_use]
pub(crate) fn ln_poisson_weight(x: f64, m: f64) -> f64 {
    if m == 0.0 {
        return if x == 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if m.is_infinite() || x.is_infinite() {
        return f64::NEG_INFINITY;
    }
    if x < 0.5 {
        // near zero Stirling's form cancels
        return x * m.ln() - m - lgamma_1p(x);
    }
    -stirling_rest(x) - deviance_term(x, m) - LN_SQRT_2PI - 0.5 * x.ln()
}

/// ln of the binomial weight Γ(n+1)/(Γ(x+1)Γ(n-x+1)) p^x q^(n-x), q = 1 - p, arguments not necessarily whole.
#[must_use]
pub(crate) fn ln_binomial_weight(x: f64, rest: f64, p: f64, q: f64) -> f64 {
    let n = x + rest;
    if p == 0.0 {
        return if x == 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if q == 0.0 {
        return if rest == 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    // ln of q^n, also where q is next to one
    let none = |q: f64, p: f64| if p < 0.1 { -deviance_term(n, n * q) - n * p } else { n * q.ln() };
    if n == 0.0 {
        return 0.0;
    }
    if x == 0.0 {
        return none(q, p);
    }
    if rest == 0.0 {
        return none(p, q);
    }
    if x < 0.5 || rest < 0.5 {
        let choose = -ln_beta(x + 1.0, rest + 1.0) - n.ln_1p();
        let (lp, lq) =
            (if p < 0.5 { p.ln() } else { (-q).ln_1p() }, if q < 0.5 { q.ln() } else { (-p).ln_1p() });
        return choose + x * lp + rest * lq;
    }
    let c = stirling_rest(n)
        - stirling_rest(x)
        - stirling_rest(rest)
        - deviance_term(x, n * p)
        - deviance_term(rest, n * q);
    c - LN_SQRT_2PI - 0.5 * (x.ln() + (rest / n).ln())
}
