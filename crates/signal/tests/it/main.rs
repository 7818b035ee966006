//! Tests of the crate from outside.

mod detect;
mod reference_scan;
mod rumours;
mod scan;
mod watch;
