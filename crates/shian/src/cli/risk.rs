//! `shian risk …`: exposure, dose–response, targeting.

use super::risk_models::{BmdArgs, GrowthArgs, TargetArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `shian risk …`
#[derive(Debug, Subcommand)]
pub(crate) enum RiskCommand {
    /// Exposure of a population from one model file: long-term and drawn days, by group, with contributions and intervals.
    Exposure(ExposureArgs),
    /// A total diet study: mean occurrence × mean consumption of each group, a row a group.
    Tds {
        /// Results: code (or food), value, lod or loq (or value_mg_per_kg, lod_mg_per_kg …), operator (`<…` for not detected) or
        /// detected (0 or 1), unit.
        #[arg(long)]
        occurrence: PathBuf,
        /// Consumption: who, group, code, mean_g_per_kg_bw_day; or the cluster diets of GEMS: cluster, proxy_commodity,
        /// chronic_kg_per_day, body_weight_kg.
        #[arg(long)]
        consumption: PathBuf,
        /// `all` people or `consumers` only.
        #[arg(long, default_value = "all")]
        who: String,
        /// A limit of detection of 0 is replaced by the limit of quantification, so that the upper bound is one.
        #[arg(long)]
        corrected: bool,
        /// CSV file to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Models of results with non-detects: rows model,quantity,value.
    Concentration {
        /// Results: value, lod or loq (or value_mg_per_kg, lod_mg_per_kg …), and where there are code or food, operator (`<…` for not
        /// detected) or detected (0 or 1), unit.
        file: PathBuf,
        /// Only codes (or foods) that begin so.
        #[arg(long, default_value = "")]
        prefix: String,
        /// CSV file to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Usual intake from two or more days: observed means, BBN, LNN0, LNN, ISUF; rows model,quantity,value.
    Usual {
        /// Days: person, body_weight_kg, day1_g, day2_g …, and weight where there is.
        file: PathBuf,
        /// CSV file to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Short-term intake of single foods (IESTI, old and new equations), a row a food.
    ///
    /// FILE is CSV with the columns lp_g, unit_weight_rac_g, unit_weight_edible_g, bulked, variability_factor, hr_mg_per_kg,
    /// stmr_mg_per_kg, processing_factor, body_weight_kg, arfd_mg_per_kg_bw, and mrl_mg_per_kg, conversion_factor for the new
    /// equations. The answer is the same table with case, iesti_ug_per_kg_bw, pct_arfd, iesti_new_ug_per_kg_bw,
    /// pct_arfd_new and threshold_mg_per_kg.
    Iesti {
        /// The foods.
        file: PathBuf,
        /// CSV file to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
        /// JSON objects, one a line, instead of CSV.
        #[arg(long)]
        json: bool,
    },
    /// Acute and chronic intake in the manner of PRIMo 2 from its tables and one substance's limits.
    ///
    /// Writes acute_children.csv, acute_adults.csv, processed_children.csv, processed_adults.csv and chronic.csv; prints one object with
    /// the number of rows and the highest percentages. What the tables lack is told on stderr.
    Primo {
        /// The substance: rows key,value with adi_mg_per_kg_bw, arfd_mg_per_kg_bw (empty: the ADI; n.n.: not necessary),
        /// loq_mg_per_kg and mrl:CODE.
        #[arg(long)]
        input: PathBuf,
        /// Folder of the tables (acute_*.csv, processed_*.csv, chronic_diets_g_per_kg_bw.csv, mrl_hierarchy.csv); portions of processed
        /// food that they lack are taken from its scenarios/*/expected_processed_*.csv.
        #[arg(long)]
        data: PathBuf,
        /// Folder to write into; made when absent.
        #[arg(long)]
        out: PathBuf,
    },
    /// Whom to inspect next: scores learnt from past visits, the inspector averaged out, proven in time order.
    Target(TargetArgs),
    /// Benchmark doses with profile-likelihood intervals and model averaging.
    Bmd(BmdArgs),
    /// Growth of an organism along a temperature history, with interval.
    Growth(GrowthArgs),
    /// Mean kinetic temperature of a history (hours,temperature or duration_h,temperature).
    Mkt {
        /// The history.
        file: PathBuf,
        /// Activation enthalpy, kJ/mol.
        #[arg(long, default_value_t = 83.144)]
        enthalpy: f64,
    },
}

/// `shian risk exposure`
///
/// The model is described in docs/exposure-model.md. Prints one JSON object with recipe, gaps and figures.
#[derive(Debug, Args)]
pub(crate) struct ExposureArgs {
    /// The model (shian-exposure-1); its `files` are sought beside it.
    #[arg(long)]
    pub(crate) model: PathBuf,
    /// Seed instead of the model's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Threads; they change the time and nothing else.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// CSV rows substance,bound,group,model,quantity,value,low,high,recipe instead of JSON.
    #[arg(long)]
    pub(crate) csv: bool,
    /// File to write; stdout when absent.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Also writes the one file that gives these figures elsewhere: model, data and seed.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    /// Tries a limit: `[SUBSTANCE:][FOOD]=MG_PER_KG`; what is above it leaves the market. May repeat.
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit: Vec<String>,
    /// Tries a processing factor: `FOOD=FACTOR`. May repeat.
    #[arg(long, value_name = "FACTOR")]
    pub(crate) processing: Vec<String>,
    /// Tries another consumption: `FOOD=FACTOR`. May repeat.
    #[arg(long, value_name = "FACTOR")]
    pub(crate) consumption: Vec<String>,
    /// Instead of figures: the highest limit of `SUBSTANCE[:FOOD]` at which the percentile stays at or below the guidance value, for
    /// every group and bound, enforced and with everything at the limit.
    #[arg(long, value_name = "SUBSTANCE")]
    pub(crate) protect: Option<String>,
    /// The percentile that --protect protects.
    #[arg(long, default_value_t = 97.5)]
    pub(crate) percentile: f64,
    /// With `--protect`: the percentile is that of all substances together, against the reference value of the index substance.
    #[arg(long)]
    pub(crate) together: bool,
}
