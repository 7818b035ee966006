//! Integration tests of the adjudication engine.

mod abroad;
mod as_written;
mod cases;
mod declared;
mod kinds;
mod observed;
mod properties;
mod rulebook;
