//! How many samples, where, and what their results say: sample sizes, allocation of a plan, rates of small areas.
//!
//! * [`size`]: detecting, showing freedom, estimating; finite populations, imperfect tests, two stages, risk-based designs.
//! * [`allocate`]: sharing a plan out: in proportion, after Neyman, by cost, by what a sample may detect, with floors and caps.
//! * [`stratified`]: what a stratified sample says about the whole, with interval.
//! * [`rates`]: rates of small counties shrunk towards what all of them say.
//! * [`funnel`]: limits within which a rate may lie by chance.
//! * [`inclusion`]: with what chance a line of a roster is drawn.
//! * [`attributes`]: what a plan n, c, m, M accepts and refuses.
//!
//! Pure functions. The published draw lives in `lab`, where its record is kept. A wrong input is an [`Error`] that names the
//! field and the remedy, never a silent number.

#![expect(clippy::neg_cmp_op_on_partial_ord, reason = "what is not a number must fail a check")]

pub mod allocate;
pub mod attributes;
pub mod funnel;
pub mod inclusion;
pub mod rates;
pub mod size;
pub mod stratified;

use base::Text;

/// A question that cannot be answered as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {}", text.en)]
pub struct Error {
    /// The input in question.
    pub field: &'static str,
    /// What is wrong and what to do, in both languages.
    pub text: Text,
}

impl Error {
    fn new(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field, text: Text::new(zh, en) }
    }
}

/// A share must lie strictly between 0 and 1.
fn open_share(field: &'static str, value: f64) -> Result<f64, Error> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(Error::new(
            field,
            format!("{value} 不在 0 与 1 之间，请填写小数，如 0.05"),
            format!("{value} is not between 0 and 1; give a fraction such as 0.05"),
        ))
    }
}

/// A share above 0 and at most 1.
fn full_share(field: &'static str, value: f64) -> Result<f64, Error> {
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(Error::new(
            field,
            format!("{value} 应大于 0 且不超过 1"),
            format!("{value} must lie above 0 and at most at 1"),
        ))
    }
}

/// A finite count as a whole number; callers have checked that it is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn whole(x: f64) -> u64 {
    x.clamp(0.0, 9e15) as u64
}
