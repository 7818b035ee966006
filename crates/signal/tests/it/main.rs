//! Tests of the crate from outside.

mod detect;
mod maxima;
mod reference_scan;
mod rumours;
mod scan;
mod scan_settings;
mod watch;
