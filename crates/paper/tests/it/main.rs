//! Spreadsheets as users send them, and documents from templates.

#![expect(clippy::unwrap_used, reason = "a helper of a test may panic like the test")]
#![expect(clippy::print_stdout, reason = "what this machine lacks is said, not hidden")]

mod document;
#[cfg(feature = "pdf")]
mod pdf;
mod sheet_in;
mod sheet_out;
