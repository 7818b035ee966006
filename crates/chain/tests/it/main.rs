//! The trace engine by worked examples, against a naive simulation, and under any order of arrival.

mod examples;
mod oracle;
mod packing;
mod picture;
mod quantities;
mod replay;
mod scores;
mod world;
