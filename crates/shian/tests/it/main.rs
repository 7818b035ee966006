//! The whole program: its command line, its record, and the loop from a failed sample to the last shop.

mod commands;
mod journey;
mod record;
mod rulebook;
mod world;
