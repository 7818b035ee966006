//! What a walk found, as a table for readers.

use super::OPERATIONS;
use std::collections::BTreeSet;
use std::fmt::Write;

/// One requirement and how the server met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is required.
    pub requirement: String,
    /// The operation of the binding it concerns.
    pub operation: &'static str,
    /// What was asked.
    pub request: String,
    /// What should come back.
    pub expected: String,
    /// What came back.
    pub got: String,
    /// Whether it was that.
    pub pass: bool,
}

/// A walk, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Every line, in the order of the walk.
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// The lines that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|l| !l.pass)
    }

    /// Operations that were asked at least once.
    #[must_use]
    pub fn covered(&self) -> usize {
        let asked: BTreeSet<&str> = self.lines.iter().map(|l| l.operation).collect();
        OPERATIONS.iter().filter(|o| asked.contains(*o)).count()
    }

    /// Adds a line for each operation that was never asked.
    pub(super) fn cover(&mut self) {
        let asked: BTreeSet<&str> = self.lines.iter().map(|l| l.operation).collect();
        let missing: Vec<&'static str> = OPERATIONS.iter().copied().filter(|o| !asked.contains(o)).collect();
        for operation in missing {
            self.lines.push(Line {
                requirement: "every operation of the binding is walked".to_owned(),
                operation,
                request: "none".to_owned(),
                expected: "asked at least once".to_owned(),
                got: "not asked".to_owned(),
                pass: false,
            });
        }
    }

    /// The report as Markdown; `known` gives reasons for failures that are known.
    #[must_use]
    pub fn markdown(&self, server: &str, known: &[(&str, &str)]) -> String {
        let failed = self.failures().count();
        let mut out = String::from("# EPCIS 2.0 conformance\n\n");
        let _ = writeln!(
            out,
            "Written by the conformance program, never by hand: `shian epcis conformance --url {server} --token … --out FILE`, or\n\
             against the tests' server `UPDATE_CONFORMANCE=1 cargo nextest run -p web every_operation`. It walks the REST\n\
             binding (OpenAPI 2.0.0) over HTTP and WebSocket.\n\n\
             {} of {} operations walked, {} requirements checked, {} met, {failed} not met.\n",
            self.covered(),
            OPERATIONS.len(),
            self.lines.len(),
            self.lines.len() - failed,
        );
        if failed > 0 {
            out.push_str("## Not met\n\n");
            for line in self.failures() {
                let reason = known.iter().find(|(r, _)| *r == line.requirement).map(|(_, reason)| *reason);
                let _ = writeln!(
                    out,
                    "* {} ({}): {}",
                    cell(&line.requirement),
                    line.operation,
                    reason.unwrap_or("not known before")
                );
            }
            out.push('\n');
        }
        out.push_str(
            "## Every requirement\n\n| | requirement | request | expected | got |\n|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let _ = writeln!(
                out,
                "| {} | {} | `{}` | {} | {} |",
                if line.pass { "pass" } else { "**fail**" },
                cell(&line.requirement),
                cell(&line.request),
                cell(&line.expected),
                cell(&line.got)
            );
        }
        out
    }
}

/// Text that breaks no table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r', '`'], " ")
}
