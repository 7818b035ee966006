//! libFuzzer's entry to the check of the same name.
#![no_main]

#[path = "../checks/identifiers.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|text: &str| check::check(text));
