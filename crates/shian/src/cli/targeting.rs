//! `shian targeting` on the command line.

use super::DataArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum TargetingCommand {
    /// Learns from the province's own record now, as the server does each night. With SQLite the server must be stopped meanwhile.
    Learn {
        /// `inspect` (whom) or `sample` (what); both when absent.
        #[arg(long)]
        aim: Option<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Repeats the draw of a proposal's random share from its record, without asking any server.
    Verify {
        /// The record, as downloaded from the page of the proposal.
        file: PathBuf,
    },
}
