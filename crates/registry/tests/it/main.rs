//! Integration tests of `registry`, on every store at hand.
#![allow(clippy::unwrap_used)] // helpers of tests

mod imports;
mod lists;
mod merges;
mod office;
mod records;
