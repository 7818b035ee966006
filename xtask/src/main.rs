//! House rules as a program: `cargo xtask tidy` proves the dependency rule and the habits that a compiler cannot.

mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => {
            let findings = tidy::run(&root);
            for f in &findings {
                say(f);
            }
            say(&format!("tidy: {} finding(s)", findings.len()));
            if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => {
            say("usage: cargo xtask tidy");
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is the program's output")]
fn say(line: &str) {
    println!("{line}");
}
