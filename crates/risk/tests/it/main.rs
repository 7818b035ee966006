//! Exposure against reference files and published figures.
#![allow(clippy::unwrap_used, clippy::print_stderr)] // helpers of tests

mod concentrations;
mod dose;
mod model_file;
mod monte_carlo;
mod primo;
mod shared;
mod target;
mod together;
mod usual;
mod variation;
