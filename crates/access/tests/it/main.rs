//! Integration tests of `access`, on every store at hand.
#![allow(clippy::unwrap_used)] // helpers of tests

mod accounts;
mod erasure;
mod golden;
mod office;
mod refusals;
mod scopes;
mod sessions;
mod throttle;
