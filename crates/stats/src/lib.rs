//! What `signal`, `risk` and `sampling` compute with: special functions and distributions, counter-based random numbers,
//! quantiles, small dense linear algebra, optimisers and quadrature.
//!
//! Every function is pure and gives the same bits on every run and for every number of threads. Nothing here knows a
//! food, a place, a clock or a file.

pub mod optimise;
pub mod quadrature;
pub mod random;
