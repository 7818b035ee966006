//! The whole program: its command line, its record, and the loop from a failed sample to the last shop.

#![allow(clippy::unwrap_used)] // a test may stop at the first surprise

mod commands;
mod contests;
mod headings;
mod inspections;
mod journey;
mod licences;
mod limits;
mod penalties;
mod record;
mod rulebook;
mod severe;
mod stories;
mod world;
