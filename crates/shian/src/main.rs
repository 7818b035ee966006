//! The program `shian`; everything is in the library, so that tests can open a province themselves.

use std::process::ExitCode;

fn main() -> ExitCode {
    shian::main()
}
