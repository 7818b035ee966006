//! Dietary exposure: how much of a substance people take in with food.
//!
//! [`iesti`] and [`primo`] are the deterministic equations for pesticides; [`concentration`] turns results with
//! non-detects into concentrations.

pub mod iesti;
pub mod primo;
