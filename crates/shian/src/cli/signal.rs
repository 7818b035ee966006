//! `shian signal …`: surveillance of counts.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `shian signal …`
#[derive(Debug, Subcommand)]
pub(crate) enum SignalCommand {
    /// Judges series of counts: is this period above what its own past explains?
    ///
    /// METHOD is one of farrington-flexible, farrington, ears, rki, bayes, cusum, glr-poisson, glr-negative-binomial, outbreak-p,
    /// categorical-cusum, paired-cusum, run-length, endemic, endemic-fitted, or the reference's name. F.csv has a row a period:
    /// observed (or obs_NAME, or a column NAME), and where known date, population (or pop_NAME, n), outbreak_flag. F.json is one object
    /// with the settings by their usual names ({"b": 5, "w": 3, "range": "265:312", …}); what is absent has the published
    /// default. The answer is CSV, a row a period.
    ///
    /// With --manifest every entry of a manifest (file, dataset, series, method, settings, rows) is computed into --out; inputs
    /// are found relative to the manifest. What cannot be computed is listed with the reason, exit 1.
    Run(SignalRunArgs),
}

/// `shian signal run`
#[derive(Debug, Args)]
pub(crate) struct SignalRunArgs {
    /// The method; not with --manifest.
    #[arg(required_unless_present = "manifest", conflicts_with = "manifest")]
    pub(crate) method: Option<String>,
    /// The series (CSV).
    #[arg(long, required_unless_present = "manifest", conflicts_with = "manifest")]
    pub(crate) input: Option<PathBuf>,
    /// The settings (JSON); the defaults when absent.
    #[arg(long, conflicts_with = "manifest")]
    pub(crate) settings: Option<PathBuf>,
    /// The series to judge by name; all of the file when absent.
    #[arg(long, conflicts_with = "manifest")]
    pub(crate) series: Vec<String>,
    /// Every entry of this manifest.
    #[arg(long, requires = "out")]
    pub(crate) manifest: Option<PathBuf>,
    /// File to write, stdout when absent; with --manifest the folder.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// `compatible` repeats the known defects of the R package surveillance 1.20.3, `corrected` mends them.
    #[arg(long, value_enum, default_value_t = SignalMode::Compatible)]
    pub(crate) mode: SignalMode,
}

/// Whether the defects of the reference are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignalMode {
    /// Its numbers.
    Compatible,
    /// Mended.
    Corrected,
}
