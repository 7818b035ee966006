//! Integration tests of `access`, on every store at hand.

mod accounts;
mod golden;
mod office;
mod refusals;
mod scopes;
mod sessions;
