//! Dietary exposure: how much of a substance people take in with food.
//!
//! [`iesti`] and [`primo`] are the deterministic equations for pesticides; [`concentration`] turns results with
//! non-detects into concentrations; [`tds`] multiplies mean diets by mean occurrence; [`survey`] holds who ate what, from
//! which come [`chronic`] (observed individual means), [`usual`] (models of usual intake) and [`acute`] (drawn
//! person-days). [`model`] puts all of it into one file that gives the same figures anywhere.

pub mod acute;
pub mod chronic;
pub mod concentration;
pub mod iesti;
pub mod model;
pub mod primo;
pub mod survey;
pub mod tds;
pub mod usual;
