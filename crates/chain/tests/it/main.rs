//! The trace engine by worked examples, against a naive simulation, and under any order of arrival.

mod balance;
mod closure;
mod examples;
mod mixing;
mod network;
mod oracle;
mod outbreak_files;
mod packing;
mod picture;
mod quantities;
mod ranking;
mod replay;
mod scores;
mod seeds;
mod spread;
mod world;
