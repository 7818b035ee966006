//! `shian sampling verify`: repeats a draw from its public record, without asking any server.

use super::Outcome;
use crate::cli::SamplingCommand;
use crate::out;
use anyhow::Context as _;
use serde_json::json;

/// Runs a command on sampling. `Ok(false)` when the record does not hold.
pub(super) fn run(command: &SamplingCommand) -> Outcome {
    let SamplingCommand::Verify { file } = command;
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let record: lab::DrawRecord =
        serde_json::from_str(&text).with_context(|| format!("{} is no draw record", file.display()))?;
    let found = lab::verify(&record);
    out::json(&json!({
        "draw": record.draw,
        "root": record.root,
        "targets": record.targets.len(),
        "excluded": record.targets.iter().filter(|t| t.excluded.is_some()).count(),
        "picked": record.drawn.as_ref().map(|d| d.picks.len()),
        "holds": found.is_empty(),
        "findings": found.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>(),
    }));
    Ok(found.is_empty())
}
