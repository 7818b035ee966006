//! Options of `shian risk target|bmd|growth|mkt`.

use clap::Args;
use std::path::PathBuf;

/// `shian risk target`
///
/// Learns from the rows whose outcome is known, proves itself on earlier windows in time order, and scores the rows whose outcome is
/// empty. The inspector is fitted and averaged out. Prints one JSON object: roles of the columns, worth on each
/// window beside the lines of chance and of perfect foresight with bootstrap intervals, reliability, fairness.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Past visits with their outcome, CSV.
    #[arg(long)]
    pub(crate) train: PathBuf,
    /// More past visits with fewer columns; a file *_history.csv beside the training table when absent.
    #[arg(long)]
    pub(crate) history: Option<PathBuf>,
    /// Use no history but the training table.
    #[arg(long, conflicts_with = "history")]
    pub(crate) no_history: bool,
    /// Visits to score; their outcome is empty. May be the training table itself.
    #[arg(long)]
    pub(crate) score: PathBuf,
    /// CSV to write: the id column and score, the calibrated chance that an inspector of mean strictness finds something.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// CSV of the reasons of every score: id, rank, feature, value, change of the log-odds.
    #[arg(long)]
    pub(crate) reasons: Option<PathBuf>,
    /// CSV of a proposal of --take visits, a random share of them for estimation.
    #[arg(long, requires = "take")]
    pub(crate) proposal: Option<PathBuf>,
    /// Visits to propose.
    #[arg(long)]
    pub(crate) take: Option<usize>,
    /// Share of the proposal drawn at random; never less than 0.05.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) audit: f64,
    /// Column that identifies a visit.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Column of the day.
    #[arg(long)]
    pub(crate) date: Option<String>,
    /// Column of the outcome, 0 or 1.
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Column that identifies the place.
    #[arg(long)]
    pub(crate) place: Option<String>,
    /// Column of the inspector or the group of inspectors.
    #[arg(long)]
    pub(crate) inspector: Option<String>,
    /// Column of codes cited, separated by semicolons.
    #[arg(long)]
    pub(crate) codes: Option<String>,
    /// Column not to be used; may repeat. Weather of the day is left out anyway.
    #[arg(long)]
    pub(crate) ignore: Vec<String>,
    /// Windows of the past to prove the model on.
    #[arg(long, default_value_t = 5)]
    pub(crate) windows: u32,
    /// Days of a window; from the first to the last day to score when absent. A list of candidates, all of one day, needs it.
    #[arg(long)]
    pub(crate) horizon: Option<i32>,
    /// Forests averaged.
    #[arg(long, default_value_t = 4)]
    pub(crate) forests: u32,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `shian risk bmd`
///
/// FILE is CSV with a dose column, the response after it, and N (animals), SD (of means) and sex where they are; data with N and no SD are
/// affected among so many (quantal). Settings, an object, say otherwise: {"type": "quantal"|"continuous", "ces_or_bmr": 0.1 (0.05 for
/// continuous), "conf_level": 0.9, "aic_margin": 2} and the columns dose, response, number, deviation, covariate. The answer has the columns family, model, param_names,
/// param_values, npar, loglik, aic, ced_bmd, bmdl, bmdu.
#[derive(Debug, Args)]
pub(crate) struct BmdArgs {
    /// Dose–response data.
    #[arg(required_unless_present = "manifest")]
    pub(crate) file: Option<PathBuf>,
    /// Settings, JSON.
    #[arg(long)]
    pub(crate) settings: Option<PathBuf>,
    /// All sets of a manifest (columns set, type, ces_or_bmr, conf_level) with SET_data.csv beside it.
    #[arg(long, conflicts_with_all = ["file", "settings"], requires = "out")]
    pub(crate) manifest: Option<PathBuf>,
    /// File, or with --manifest folder for SET_bmd.csv; stdout when absent.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Sets redrawn for the model average; 0 leaves it out.
    #[arg(long, default_value_t = 0)]
    pub(crate) average: u32,
    /// Seed of the redrawn sets.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `shian risk growth`
#[derive(Debug, Args)]
pub(crate) struct GrowthArgs {
    /// Temperature history, CSV: hours,temperature or duration_h,temperature.
    pub(crate) file: PathBuf,
    /// The organism in the food, JSON: name, rate (kind square-root, ratkowsky or cardinal), ph, aw, primary, h0, start, highest, rate_cv,
    /// tmin_sd, h0_cv.
    #[arg(long)]
    pub(crate) model: PathBuf,
    /// Draws for the interval.
    #[arg(long, default_value_t = 2000)]
    pub(crate) draws: u32,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
