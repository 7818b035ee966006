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
    /// Looks for clusters in space and time with Kulldorff's scan statistic.
    ///
    /// F.csv has the columns key,value with SaTScan's names (AnalysisType, ModelType, StartDate, …). The inputs are locations.csv,
    /// cases.csv and, by model, population.csv or controls.csv; where the settings ask for it adjustments.csv (location or All, rr,
    /// from, to) and max_circle.csv (location, population). Tables in SaTScan's layout go to --out; the answer is JSON: the run in
    /// figures and the clusters, each with how its p-value was made (monte_carlo, gumbel, or bound: the sum of the exact chances of
    /// all windows, where they are few or contradict the Gumbel fit).
    ///
    /// With --manifest every run of a manifest (columns file,run) is repeated into --out; its settings are expected/RUN/settings.csv
    /// and its inputs inputs/NAME beside the manifest.
    Scan(SignalScanArgs),
    /// Groups reports that tell of the same thing: near duplicates and topics, with the evidence of each group.
    ///
    /// F.csv has the column text and, where known, id, product, place, date. The answer is a JSON line a group.
    Text {
        /// The reports (CSV).
        #[arg(long)]
        input: PathBuf,
    },
    /// Watches many series at once: every place × hazard × method, false alarms controlled over all of them, alarms of neighbouring
    /// places made one signal.
    ///
    /// F.csv has the columns place,hazard,date,count and, where known, population; a day without a row counts zero; dates whole
    /// weeks apart make weekly series. The answer is a JSON line a signal, most urgent first, then one line of figures. The settings
    /// are those of the rulebook (rulebook/cn/surveillance/watch.toml) unless --settings gives others of the same shape.
    Watch(SignalWatchArgs),
    /// Tries the methods of the watch on generated series with injected outbreaks: share found, days to detection, false
    /// alarms, with intervals. Tables and a picture go to --out.
    Study {
        /// Seed; the result depends on it and the number of series alone.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Series to generate.
        #[arg(long, default_value_t = 1200)]
        series: usize,
        /// Folder for watch-study.csv and watch-study.svg.
        #[arg(long)]
        out: PathBuf,
    },
}

/// `shian signal watch`
#[derive(Debug, Args)]
pub(crate) struct SignalWatchArgs {
    /// The counts (CSV).
    #[arg(long)]
    pub(crate) input: PathBuf,
    /// Methods, rate and grouping (TOML); the rulebook's when absent.
    #[arg(long)]
    pub(crate) settings: Option<PathBuf>,
    /// Neighbours (CSV with the columns a,b); when absent counties of Gansu by their borders, others by the same first four
    /// digits of the code.
    #[arg(long)]
    pub(crate) neighbours: Option<PathBuf>,
    /// Judge each day (with weekly series each week) from this one on, not only the last.
    #[arg(long)]
    pub(crate) from: Option<base::Date>,
    /// Outbreaks that happened (CSV: place,hazard,first,last): the last line then tells how many were found, after how many
    /// days, and the false signals. Judges the days since the first of them unless --from says otherwise.
    #[arg(long)]
    pub(crate) truth: Option<PathBuf>,
    /// Threads; the result does not depend on them.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

/// `shian signal scan`
#[derive(Debug, Args)]
pub(crate) struct SignalScanArgs {
    /// The settings (CSV).
    #[arg(long, required_unless_present = "manifest", conflicts_with = "manifest")]
    pub(crate) settings: Option<PathBuf>,
    /// Folder of the inputs. When absent: the folder of the settings if it holds cases.csv, else the folder under
    /// ../../inputs whose name begins the run's.
    #[arg(long, conflicts_with = "manifest")]
    pub(crate) inputs: Option<PathBuf>,
    /// Every run of this manifest.
    #[arg(long, requires = "out")]
    pub(crate) manifest: Option<PathBuf>,
    /// Folder for the tables; none are written when absent.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Seed of the replicates; that of the settings when absent.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Threads; the result does not depend on them.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
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
    /// With --manifest: a setting its entries of a method leave unsaid, such as `nowcast.from=2010-01-04`; may be repeated.
    #[arg(long, requires = "manifest", value_name = "METHOD.SETTING=VALUE")]
    pub(crate) set: Vec<String>,
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
