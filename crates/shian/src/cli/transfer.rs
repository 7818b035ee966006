//! `shian transfer` on the command line.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum TransferCommand {
    /// Checks a package handed over to the police or the procuratorate: every paper against the manifest, every signature.
    Check {
        /// The package, .zip.
        package: PathBuf,
        /// Key of an agency as it gave it (`police.620102+…`); repeat for each. Without any only the papers are checked.
        #[arg(long = "key")]
        keys: Vec<String>,
    },
}
