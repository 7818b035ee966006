//! `shian limits …`: what the law allows in a food.

use clap::Subcommand;
use std::path::PathBuf;

/// `shian limits`
#[derive(Debug, clap::Args)]
pub(crate) struct LimitsArgs {
    /// A folder of rule files (headers `*.toml`, tables `*.csv`) used beside, or by the same name instead of, the built-in ones.
    #[arg(long, global = true)]
    pub(crate) rules: Option<PathBuf>,
    /// Results within this percentage of the limit are flagged as near it; the verdict never depends on it.
    #[arg(long, global = true, default_value = "10")]
    pub(crate) guard: base::Decimal,
    #[command(subcommand)]
    pub(crate) command: LimitsCommand,
}

/// `shian limits …`
#[derive(Debug, Subcommand)]
pub(crate) enum LimitsCommand {
    /// What is loaded, from where, and how far it may be relied on: a line an edition.
    Coverage,
    /// Judges a file by the law of each date and by one edition: whose verdict would be another, and why.
    Rejudge {
        /// The file, as for `judge`.
        file: PathBuf,
        /// Id of the edition, as `coverage` lists it: `gb2762-2025`.
        #[arg(long)]
        edition: String,
    },
    /// Compares two readings of one table (CSV or XLSX) field by field; exit 1 when they differ.
    Check {
        /// The first reading.
        first: PathBuf,
        /// The second, by another person.
        second: PathBuf,
    },
    /// Makes a draft an edition in use: two readings without a difference, by two people.
    Load {
        /// The header of the draft (`*.toml` with `draft = true`).
        header: PathBuf,
        #[arg(long)]
        first: PathBuf,
        #[arg(long)]
        second: PathBuf,
        /// Who made the first reading.
        #[arg(long)]
        by: String,
        /// Who made the second.
        #[arg(long)]
        and: String,
        /// Where header and table are written; give it to `--rules` to use them.
        #[arg(long)]
        out: PathBuf,
    },
    /// The table of an edition as a spreadsheet.
    Export {
        edition: String,
        /// `csv` or `xlsx`.
        #[arg(long, default_value = "csv")]
        format: String,
        #[arg(long)]
        out: PathBuf,
    },
    /// Judges the rows of a CSV file (case_id, food, analyte, value, unit, lod, sample_date).
    Judge {
        /// The file.
        file: PathBuf,
    },
    /// The rules for a food and an analyte on a date.
    Show {
        #[arg(long)]
        food: String,
        #[arg(long)]
        analyte: String,
        /// `YYYY-MM-DD`; today when absent.
        #[arg(long)]
        date: Option<String>,
    },
    /// The limits of a food and an analyte in every jurisdiction loaded, side by side: stricter, looser or not comparable, and why. For
    /// reading; no verdict uses it.
    Compare {
        #[arg(long)]
        food: String,
        #[arg(long)]
        analyte: String,
        /// `YYYY-MM-DD`; today when absent.
        #[arg(long)]
        date: Option<String>,
    },
    /// The derivation of one verdict, in words.
    Explain {
        #[arg(long)]
        food: String,
        #[arg(long)]
        analyte: String,
        #[arg(long)]
        value: String,
        #[arg(long, default_value = "mg/kg")]
        unit: String,
        #[arg(long)]
        lod: Option<String>,
        #[arg(long)]
        date: Option<String>,
        /// `zh` or `en`.
        #[arg(long, default_value = "zh")]
        lang: String,
    },
}
