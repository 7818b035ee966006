//! Draws, officers sent, and the logs of phones, on every engine there is.

mod draws;
mod log;
mod office;
mod sync;
