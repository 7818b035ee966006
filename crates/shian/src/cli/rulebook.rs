//! `shian rulebook` on the command line.

use super::DataArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum RulebookCommand {
    /// Validates limits, procedures, policies, calendar and regions.
    Check {
        /// A rulebook in the file system (`cn/procedures/…`, `cn-62/procedures/…`) whose procedures are checked instead of those built in, against
        /// its own `cn/clocks`: a draft, before it is built.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// The state diagram of a procedure as SVG.
    Draw {
        /// `disposal`, `recall`, …
        procedure: String,
        /// Region whose overlay counts, such as 62; the nation's text when absent or when the region changes nothing.
        #[arg(long)]
        region: Option<String>,
    },
    /// Replays a province's matters under a changed procedure: whose duties would have been late.
    Whatif(WhatIfArgs),
    /// An XLSForm as `forms.toml`; what could not be taken is named on stderr.
    Xlsform {
        /// The XLSForm, .xlsx.
        file: PathBuf,
    },
}

/// `shian rulebook whatif`
#[derive(Debug, Args)]
pub(crate) struct WhatIfArgs {
    /// `disposal`, `recall`, …
    pub(crate) procedure: String,
    /// The changed `procedure.toml`, whole or only what differs.
    #[arg(long)]
    pub(crate) file: PathBuf,
    /// Region code whose matters are replayed; all when absent.
    #[arg(long, default_value = "")]
    pub(crate) region: String,
    /// First day of opening; a year ago when absent.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// First day that is not counted any more; tomorrow when absent.
    #[arg(long)]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}
