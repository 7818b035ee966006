//! Two yes-or-no streams watched together (bivariate Bernoulli): a CUSUM for the first, one for the second given the first.
//!
//! Steiner, Cook, Farewell, *Stat. Med.* 1999: logit P(x₁) = θ₁ and logit P(x₂ | x₁) = θ₂ + θ₃ x₁, before and after the change. An
//! alarm rings when S₁ > h₁, when S₂ > h₂, or when both exceed the lower limits h₁₁ and h₂₂; then both begin anew.
//!
//! **Modes.** None differ.

use super::Error;

/// θ₁, θ₂, θ₃.
pub type Logits = [f64; 3];

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// In control.
    pub before: Logits,
    /// Out of control.
    pub after: Logits,
    /// Limits of S₁ and S₂ alone.
    pub single: [f64; 2],
    /// Limits of S₁ and S₂ together.
    pub joint: [f64; 2],
}

/// What the method says of one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// 1-based position.
    pub position: usize,
    /// The pair.
    pub pair: [bool; 2],
    /// S₁ and S₂.
    pub sums: [f64; 2],
    /// Alarms of the first and the second.
    pub alarms: [bool; 2],
}

/// ln P(x) for a logit.
fn ln_share(logit: f64, x: bool) -> f64 {
    let signed = if x { -logit } else { logit };
    if signed > 30.0 { -signed } else { -signed.exp().ln_1p() }
}

/// Watches pairs in order.
///
/// # Errors
/// The streams differ in length, or a limit is not a positive number.
pub fn run(first: &[bool], second: &[bool], control: &Control) -> Result<Vec<Row>, Error> {
    if first.len() != second.len() {
        return Err(Error::Value {
            row: first.len().min(second.len()) + 1,
            column: "x2".to_owned(),
            value: format!("{} values", second.len()),
            wanted: "as long as x1",
        });
    }
    for (name, value) in [
        ("h1", control.single[0]),
        ("h2", control.single[1]),
        ("h11", control.joint[0]),
        ("h22", control.joint[1]),
    ] {
        if value.is_nan() || value <= 0.0 {
            return Err(Error::setting(name, value, "a positive number"));
        }
    }
    let (a, b) = (control.after, control.before);
    let mut sums = [0.0_f64; 2];
    let mut out = Vec::with_capacity(first.len());
    for (i, (x1, x2)) in first.iter().zip(second).enumerate() {
        let with = f64::from(u8::from(*x1));
        let llr = [
            ln_share(a[0], *x1) - ln_share(b[0], *x1),
            ln_share(a[1] + a[2] * with, *x2) - ln_share(b[1] + b[2] * with, *x2),
        ];
        for (sum, llr) in sums.iter_mut().zip(llr) {
            *sum = (*sum + llr).max(0.0);
        }
        let both = sums[0] > control.joint[0] && sums[1] > control.joint[1];
        let alarms = [both || sums[0] > control.single[0], both || sums[1] > control.single[1]];
        out.push(Row { position: i + 1, pair: [*x1, *x2], sums, alarms });
        if alarms[0] || alarms[1] {
            sums = [0.0; 2];
        }
    }
    Ok(out)
}
