//! Tests of the crate from outside.

mod distributions;
mod models;
