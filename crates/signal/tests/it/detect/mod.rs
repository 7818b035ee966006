//! Detectors of single series.

mod reference;
mod rules;
