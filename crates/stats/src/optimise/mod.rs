//! Roots and minima of functions without derivatives, and intervals by profiling.
//!
//! Every routine is deterministic. A function may answer with infinity or NaN outside its domain: that point is never taken.

mod brent;
mod profile;
mod quasi_newton;
mod simplex;

pub use brent::{minimum, root};
pub use profile::{Side, profile_bound};
pub use quasi_newton::{gradient, quasi_newton};
pub use simplex::simplex;

/// Why no answer is given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The function has the same sign at both ends.
    #[error("no change of sign between {a} (value {fa}) and {b} (value {fb}): widen the interval")]
    NoBracket {
        /// Left end.
        a: f64,
        /// Value there.
        fa: f64,
        /// Right end.
        b: f64,
        /// Value there.
        fb: f64,
    },
    /// The function is not finite where the search starts.
    #[error("the function is not finite at the start: give a start inside its domain")]
    Start,
    /// Lengths of start and bounds differ.
    #[error("{given} bounds for {wanted} parameters")]
    Shape {
        /// Bounds given.
        given: usize,
        /// Parameters.
        wanted: usize,
    },
}

/// A point and the function's value there.
#[derive(Debug, Clone, PartialEq)]
pub struct Point<T> {
    /// Where.
    pub x: T,
    /// The value.
    pub value: f64,
    /// Whether the tolerance was reached before the limit of iterations.
    pub converged: bool,
}

/// When a search of several parameters ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Relative change of the value that counts as none.
    pub value: f64,
    /// Change of the parameters, relative to their size, that counts as none.
    pub step: f64,
    /// Iterations at most.
    pub iterations: usize,
}

impl Default for Stop {
    fn default() -> Self {
        Self { value: 1e-12, step: 1e-9, iterations: 2_000 }
    }
}

/// An interval a parameter must stay in; either end may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest value allowed.
    pub low: f64,
    /// Largest value allowed.
    pub high: f64,
}

impl Bounds {
    /// No bound.
    pub const FREE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// The nearest value inside.
    #[must_use]
    pub fn clamp(self, x: f64) -> f64 {
        x.max(self.low).min(self.high)
    }
}

/// The value as a minimiser sees it: what is not a number is worst.
fn seen(y: f64) -> f64 {
    if y.is_nan() { f64::INFINITY } else { y }
}

#[cfg(test)]
mod tests;
