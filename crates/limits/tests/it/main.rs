//! Integration tests of the adjudication engine.

mod cases;
mod kinds;
mod observed;
mod properties;
mod rulebook;
