//! Surveillance: does a series of counts, a map of counts or a heap of reports hold more than chance would put there?
//!
//! `detect` watches one series at a time, `scan` looks for clusters in space and time, `text` groups reports that tell of
//! the same thing, `watch` runs methods over a province and groups their alarms. All are pure: series in, alarms out; no
//! clock, file or network. Nothing here decides that there is an outbreak: a person does, from the evidence given.

pub mod detect;
pub mod scan;
pub mod table;
pub mod text;
pub mod watch;
