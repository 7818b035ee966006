//! `shian sampling …`: sizes, allocation, rates, plans by attributes, draws.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `shian sampling …`
#[derive(Debug, Subcommand)]
pub(crate) enum SamplingCommand {
    /// How many samples: to detect, to show freedom, to estimate; or the cases of a table.
    Size(SizeArgs),
    /// Shares a plan out among the strata of a table; the answer is the table with the columns of the allocation.
    ///
    /// Columns: stratum, N, and S (standard deviation) or p_violation, or positives and n of past results; unit_cost, min, max,
    /// group where wanted; weight and p_detect_per_sample for `detection`. The sharpness reached is told on stderr.
    Allocate(AllocateArgs),
    /// Rates of small areas by empirical Bayes: CSV with unit, n (or expected), positives (or cases).
    Rates(RatesArgs),
    /// The rate of the whole from a stratified sample: CSV with stratum, N, n, positives.
    Estimate {
        /// What was found in each stratum.
        file: PathBuf,
        /// Confidence of the interval.
        #[arg(long, default_value_t = 0.95)]
        confidence: f64,
    },
    /// The operating characteristic of a plan n, c, m, M: what it accepts at each mean concentration.
    Plan(PlanArgs),
    /// Draws from a roster by a public seed; prints the record that `verify --draw` repeats.
    Draw(DrawArgs),
    /// Works a draw out again: list, seed, outcome and pairing. Needs no province and no network.
    Verify {
        /// The record of a province's draw as downloaded (`record.json`).
        #[arg(required_unless_present = "draw")]
        file: Option<PathBuf>,
        /// The record `shian sampling draw` printed; needs the roster.
        #[arg(long, requires = "roster", conflicts_with = "file")]
        draw: Option<PathBuf>,
        /// The roster it was drawn from.
        #[arg(long)]
        roster: Option<PathBuf>,
        #[command(flatten)]
        columns: RosterColumns,
    },
}

/// `shian sampling size`
#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// A table of cases instead of options: population, prevalence, confidence (exact sizes in finite populations), or
    /// population_share, relative_risk, sampling_share, design_prevalence, test_sensitivity, target_sse (risk-based; lists separated by spaces).
    pub(crate) file: Option<PathBuf>,
    /// Design prevalence, such as 0.01; with --margin the expected proportion.
    #[arg(long, required_unless_present = "file")]
    pub(crate) prevalence: Option<f64>,
    /// Wished confidence.
    #[arg(long, default_value_t = 0.95)]
    pub(crate) confidence: f64,
    /// Units in the population; very many when absent.
    #[arg(long)]
    pub(crate) population: Option<u64>,
    /// Sensitivity of the test.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) sensitivity: f64,
    /// Specificity of the test; below 1 the answer has a cut-point.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) specificity: f64,
    /// Chance that a free population passes (with a specificity below 1).
    #[arg(long, default_value_t = 0.95)]
    pub(crate) power: f64,
    /// Estimate to within this margin instead of detecting.
    #[arg(long)]
    pub(crate) margin: Option<f64>,
    /// Design effect (with --margin).
    #[arg(long, default_value_t = 1.0)]
    pub(crate) design_effect: f64,
    /// Two stages: share of clusters infected; --prevalence is then that within an infected cluster.
    #[arg(long)]
    pub(crate) between: Option<f64>,
    /// Clusters in the population (with --between); --population is then the units of a cluster.
    #[arg(long)]
    pub(crate) clusters: Option<u64>,
    /// Cost of visiting a cluster, relative to one sample.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) visit: f64,
}

/// How a plan is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AllocateMethod {
    /// By size.
    Proportional,
    /// By size times standard deviation, real numbers.
    Neyman,
    /// The best whole numbers within floors and caps.
    Exact,
    /// By cost, for a budget, real numbers.
    Cost,
    /// Whole numbers for a budget.
    Budget,
    /// The largest weighted chance of detection.
    Detection,
}

/// `shian sampling allocate`
#[derive(Debug, Args)]
pub(crate) struct AllocateArgs {
    /// The strata.
    pub(crate) file: PathBuf,
    /// How.
    #[arg(long, value_enum, default_value = "exact")]
    pub(crate) method: AllocateMethod,
    /// Samples in all.
    #[arg(long, required_unless_present = "budget", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) total: Option<u32>,
    /// Money in all (methods cost and budget).
    #[arg(long)]
    pub(crate) budget: Option<f64>,
    /// Every value of the column `group` gets at least this many.
    #[arg(long)]
    pub(crate) cover: Option<u32>,
}

/// Which model shrinks the rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RatesMethod {
    /// Positives among samples.
    BetaBinomial,
    /// Cases over expected cases.
    GammaPoisson,
    /// Moments only.
    Marshall,
}

/// `shian sampling rates`
#[derive(Debug, Args)]
pub(crate) struct RatesArgs {
    /// The areas.
    pub(crate) file: PathBuf,
    /// Model.
    #[arg(long, value_enum, default_value = "beta-binomial")]
    pub(crate) method: RatesMethod,
    /// The rate not to be exceeded.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) limit: f64,
    /// Level of the funnel limits added to each area.
    #[arg(long, default_value_t = 0.95)]
    pub(crate) level: f64,
}

/// `shian sampling plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Samples from a lot.
    #[arg(short)]
    pub(crate) n: u32,
    /// Results above m allowed.
    #[arg(short)]
    pub(crate) c: u32,
    /// m, in CFU/g.
    #[arg(short)]
    pub(crate) m: f64,
    /// M, in CFU/g; absent in a two-class plan.
    #[arg(short = 'M')]
    pub(crate) cap: Option<f64>,
    /// Standard deviation of log₁₀ concentrations within a lot.
    #[arg(long, default_value_t = 0.8)]
    pub(crate) deviation: f64,
}

/// Which columns of a roster mean what.
#[derive(Debug, Clone, Args)]
pub(crate) struct RosterColumns {
    /// Column that identifies a line; the first one when absent.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Column of weights, whole numbers from 1; all 1 when absent.
    #[arg(long)]
    pub(crate) weight: Option<String>,
}

/// `shian sampling draw`
#[derive(Debug, Args)]
pub(crate) struct DrawArgs {
    /// The roster, CSV with a header.
    #[arg(long)]
    pub(crate) roster: PathBuf,
    /// The seed, hexadecimal: named before the draw, known after the roster was fixed.
    #[arg(long)]
    pub(crate) seed: String,
    /// How many to draw; with --strata in each stratum.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) take: u32,
    /// Column that separates strata.
    #[arg(long)]
    pub(crate) strata: Option<String>,
    /// Draw --take in all, shared among the strata in proportion to their lines.
    #[arg(long, requires = "strata")]
    pub(crate) proportional: bool,
    #[command(flatten)]
    pub(crate) columns: RosterColumns,
}
