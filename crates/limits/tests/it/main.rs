//! Integration tests of the adjudication engine.

mod cases;
mod observed;
mod properties;
mod rulebook;
