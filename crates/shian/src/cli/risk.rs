//! `shian risk …`: exposure, dose–response, targeting.

use clap::Subcommand;
use std::path::PathBuf;

/// `shian risk …`
#[derive(Debug, Subcommand)]
pub(crate) enum RiskCommand {
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
}
