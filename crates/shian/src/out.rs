//! The only place that writes to stdout: JSON lines and text of the command-line contract.

use std::io::{self, Write};

/// Writes one line. A closed pipe ends the program quietly, as other tools do.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Writes one JSON value as a line.
pub(crate) fn json(value: &serde_json::Value) {
    line(&value.to_string());
}

/// Writes one large JSON value as a line, as it is made. A closed pipe ends the program quietly.
pub(crate) fn serialized(value: &impl serde::Serialize) -> serde_json::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match serde_json::to_writer(&mut out, value) {
        Err(error) if !error.is_io() => return Err(error),
        written => {
            if written.is_err() || writeln!(out).and_then(|()| out.flush()).is_err() {
                std::process::exit(0);
            }
        }
    }
    Ok(())
}

/// Writes a message for people to stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Rewrites the current line of the terminal with the progress of a long work.
pub(crate) fn progress(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "\r\x1b[K{text}");
    let _ = err.flush();
}
