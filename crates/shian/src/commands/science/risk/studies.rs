//! `shian risk tds|concentration|usual`: total diet studies, censored results, usual intake.

use super::{answer, table};
use crate::commands::Outcome;
use crate::out;
use risk::exposure::concentration::{Observation, informative, models};
use risk::exposure::tds::{self, ZeroLimit};
use risk::exposure::usual;
use std::path::Path;

/// A total diet study.
pub(super) fn tds(
    occurrence: &Path,
    consumption: &Path,
    who: &str,
    corrected: bool,
    to: Option<&Path>,
) -> Outcome {
    let zero = if corrected { ZeroLimit::Quantification } else { ZeroLimit::AsWritten };
    let found = table(occurrence)?;
    found.require(&tds::HEADING)?;
    let (results, dropped) = tds::results(&found, zero)?;
    let eaten = table(consumption)?;
    let diets =
        if eaten.has("cluster") { tds::cluster_diets(&eaten)? } else { tds::study_diets(&eaten, who)? };
    if dropped > 0 {
        out::note(&format!("{dropped} non-detects without a limit are left out"));
    }
    answer(to, &tds::table(&tds::exposure(&diets, &results)).to_csv())
}

/// Models of censored results.
pub(super) fn concentration(file: &Path, prefix: &str, to: Option<&Path>) -> Outcome {
    let (results, _) = tds::results(&table(file)?, ZeroLimit::AsWritten)?;
    let chosen = results.into_iter().filter(|(code, _)| code.starts_with(prefix));
    let all: Vec<Observation> = chosen.flat_map(|(_, list)| list).collect();
    if all.is_empty() {
        anyhow::bail!("{}: no result whose code begins with {prefix:?}", file.display());
    }
    let known = informative(&all);
    if known.len() < all.len() {
        out::note(&format!("{} non-detects without a limit are left out", all.len() - known.len()));
    }
    let (found, notes) = models(&known);
    notes.iter().for_each(|note| out::note(note));
    answer(to, &found.to_csv())
}

/// Models of usual intake.
pub(super) fn usual(file: &Path, to: Option<&Path>) -> Outcome {
    let (found, notes) = usual::models(&table(file)?)?;
    notes.iter().for_each(|note| out::note(note));
    answer(to, &found.to_csv())
}
