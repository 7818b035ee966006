//! The program `shian`; everything is in the library, so that tests can open a province themselves.

use std::process::ExitCode;

/// Capture and page making allocate many small pieces on several threads: about a quarter less processor time than with
/// the system's allocator (docs/performance.md, "Capture").
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    shian::main()
}
