//! Detectors of single series.

mod reference;
