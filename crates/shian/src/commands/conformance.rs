//! `shian epcis conformance`: the walk through the EPCIS 2.0 REST binding, printed and written down.

use super::Outcome;
use crate::out;
use crate::province::now;
use anyhow::Context as _;
use serde_json::json;
use std::path::PathBuf;
use web::conformance::{KNOWN, OPERATIONS, walk};
use web::outbound::Outbound;

/// Walks the server and reports. `Ok(false)` when a requirement is not met and not known.
pub(super) async fn run(url: String, token: String, file: Option<PathBuf>) -> Outcome {
    // whoever runs the program chooses the server
    let client = Outbound::new(Vec::new(), true);
    let run = format!("{:x}", now().0);
    let report =
        walk(&client, &url, &token, &run).await.with_context(|| format!("{url} cannot be reached"))?;
    for line in &report.lines {
        out::json(&json!({
            "pass": line.pass, "requirement": line.requirement, "operation": line.operation,
            "request": line.request, "expected": line.expected, "got": line.got,
        }));
    }
    if let Some(file) = &file {
        std::fs::write(file, report.markdown("URL", KNOWN))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let failed = report.failures().count();
    let new = report.failures().filter(|l| !KNOWN.iter().any(|(k, _)| *k == l.requirement)).count();
    out::note(&format!(
        "{} of {} operations walked, {} requirements, {failed} not met, {new} of them not known before",
        report.covered(),
        OPERATIONS.len(),
        report.lines.len(),
    ));
    Ok(new == 0)
}
