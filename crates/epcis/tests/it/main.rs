//! Integration tests of `epcis`, one binary.

mod documents;
mod files;
mod hashes;
