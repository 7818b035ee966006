//! How many samples, where, and what their results say: sample sizes, allocation of a plan, rates of small areas.
//!
//! Pure functions. The published draw lives in `lab`, where its record is kept.
