//! Draws, officers sent, and the logs of phones, on every engine there is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod draws;
mod log;
mod office;
mod sync;
