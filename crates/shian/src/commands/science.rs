//! Commands of the science: they read files and print answers, without a province.

mod chain_bench;
mod outbreak;
mod risk;
mod scan;
mod signal;
mod tables;
mod watch;

use super::Outcome;
use crate::cli::ChainCommand;
use anyhow::Context as _;
use std::path::Path;

pub(crate) use risk::{run as risk, table};
pub(crate) use signal::run as signal;
pub(crate) use tables::run as limits;

pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// `shian chain`
pub(crate) fn chain(command: ChainCommand) -> Outcome {
    match command {
        ChainCommand::Bench(args) => chain_bench::run(&args),
        ChainCommand::Score { file, bench, seed } => outbreak::score(file.as_deref(), bench, seed),
        ChainCommand::Convert { file, to, scores, out } => {
            outbreak::convert(&file, to, scores, out.as_deref())
        }
        ChainCommand::Rank { file, top } => outbreak::rank(&file, top),
        ChainCommand::Study { outbreaks, seed, out } => outbreak::study(outbreaks, seed, &out),
        ChainCommand::Mix { file } => outbreak::mix(&file),
        ChainCommand::Balance { file } => outbreak::balance(&file),
    }
}
