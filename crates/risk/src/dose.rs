//! Benchmark doses: families of curves, the dose of a wished effect with its profile-likelihood interval, model averaging.
//!
//! Quantal data (k of n affected): two-stage, log-logistic, Weibull, log-probit, gamma, logistic, probit and the latent-variable
//! exponential and Hill models; the benchmark response is extra risk. Continuous data (lognormal, single values or means with
//! standard deviations): exponential and Hill models 3 and 5; the benchmark response is a relative change. The benchmark dose is
//! itself a parameter, so that its interval is a profile. After EFSA, Guidance on the benchmark dose approach (2017 and 2022), and
//! Slob, Toxicological Sciences 66 (2002) 298; figures agree with PROAST where that has converged.
//!
//! A continuous value of zero has no logarithm: it counts as below the smallest positive value.

mod average;
mod curves;
mod fit;
mod table;

pub use average::{Average, average};
pub use curves::Family;
pub use fit::{Data, Ends, Fit, Fitted, Point, Report, Settings, Spec, run};
pub use table::{Columns, data, is_quantal, report};

/// Why no benchmark dose is given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The table cannot be used.
    #[error(transparent)]
    Table(#[from] crate::table::TableError),
    /// A setting is out of range.
    #[error("{field} is {value}: {remedy}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What it should be.
        remedy: &'static str,
    },
    /// A curve runs through every value: nothing is left to judge its uncertainty by.
    #[error(
        "the curve runs through every value, so no interval can be given: give single values, or the standard deviation and number of \
         each dose (at least two values at some dose)"
    )]
    NoSpread,
    /// There are fewer doses than a curve has parameters.
    #[error("{0} different dose(s): at least three are needed")]
    Doses(usize),
}
