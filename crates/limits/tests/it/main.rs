//! Integration tests of the adjudication engine.

mod abroad;
mod cases;
mod declared;
mod kinds;
mod observed;
mod properties;
mod rulebook;
