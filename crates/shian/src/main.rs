//! The one binary.

mod demo;

fn main() {}
