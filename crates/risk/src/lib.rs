//! Dietary exposure, dose–response and targeting.
//!
//! `exposure` combines consumption with concentrations (acute and chronic), `dose` fits benchmark doses, `growth` predicts
//! micro-organisms along a temperature history, `target` ranks what to inspect or sample next. Pure functions of their input and
//! a seed: the same bits for every number of threads. Nothing here sets a limit or accuses a firm.

pub mod dose;
pub mod exposure;
pub mod growth;
pub mod table;
pub mod target;
