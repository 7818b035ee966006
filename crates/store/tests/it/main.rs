//! The store through its public door, on every engine at hand.

mod facade;
