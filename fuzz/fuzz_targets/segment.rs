//! libFuzzer's entry to the check of the same name.
#![no_main]

#[path = "../checks/segment.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|edits: &[u8]| check::check(edits));
