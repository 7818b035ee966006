//! What `signal`, `risk` and `sampling` compute with: special functions and distributions, counter-based random numbers,
//! quantiles, small dense linear algebra, generalised linear models, optimisers and quadrature.
//!
//! [`special`] gives Γ, ψ, erf, the regularised incomplete integrals and their inverses; [`dist`] the distributions built on
//! them, density and both tails and quantiles; [`quantile`] sample quantiles; [`linear`] least squares and Cholesky;
//! [`glm`] regression of counts and shares.
//!
//! Every function is pure and gives the same bits on every run and for every number of threads. Nothing here knows a
//! food, a place, a clock or a file.
//!
//! **Accuracy.** Densities and tail probabilities are within 1e-12 relative of R 4.2 over the grids of the tests, in the far
//! tails too (Loader's saddle-point form of the densities; series and continued fractions that always work on the small side).
//! `erf`, `erfc` and `lgamma` are those of the `libm` crate (errors below one unit in the last place). The rest is
//! written here because agreement to the last digits in both tails is the point; the tests prove it.

#![expect(clippy::float_cmp, reason = "numerics compares with exact zeros, ones and infinities on purpose")]

pub mod dist;
pub mod glm;
pub mod linear;
pub mod optimise;
pub mod quadrature;
pub mod quantile;
pub mod random;
pub mod select;
pub mod special;
