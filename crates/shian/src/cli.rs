//! The command-line contract: JSON lines on stdout unless said otherwise, messages on stderr; exit 0 ok,
//! 1 refused or failed, 2 usage.

mod limits;
mod risk;
mod risk_models;
mod rulebook;
mod sampling;
mod signal;
mod targeting;
mod transfer;

pub(crate) use limits::{LimitsArgs, LimitsCommand};
pub(crate) use risk::{ExposureArgs, RiskCommand};
pub(crate) use risk_models::{BmdArgs, GrowthArgs, TargetArgs};
pub(crate) use rulebook::{RulebookCommand, WhatIfArgs};
pub(crate) use sampling::{
    AllocateArgs, AllocateMethod, DrawArgs, PlanArgs, RatesArgs, RatesMethod, RosterColumns, SamplingCommand,
    SizeArgs,
};
pub(crate) use signal::{SignalCommand, SignalMode, SignalRunArgs, SignalScanArgs, SignalWatchArgs};
pub(crate) use targeting::TargetingCommand;
pub(crate) use transfer::TransferCommand;

use crate::config::LogFormat;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// 食安 Shian: the food-safety system of a province.
#[derive(Debug, Parser)]
#[command(name = "shian", version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the data are.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Configuration file (TOML); flags win over it.
    #[arg(long, env = "SHIAN_CONFIG")]
    pub config: Option<PathBuf>,
    /// Data directory: keys, attachments and, by default, the SQLite database.
    #[arg(long, env = "SHIAN_DATA")]
    pub data: Option<PathBuf>,
    /// Database: `postgres://…`; SQLite in the data directory when absent.
    #[arg(long, env = "SHIAN_DATABASE")]
    pub database: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The embedded demo province: creates it when absent, serves it, prints the address and the accounts.
    Demo(DemoArgs),
    /// Serves a province.
    Serve(ServeArgs),
    /// EPCIS documents: validate, hash.
    #[command(subcommand)]
    Epcis(EpcisCommand),
    /// The trace engine by itself.
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Questions to the trace of a province: origins, scope, common source, gaps, …
    Trace(TraceArgs),
    /// Limits: judge a file, show the rules, explain a verdict, load a table.
    Limits(LimitsArgs),
    /// The journal: verify a data directory or a receipt, replay the projections.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Sampling: sizes, allocation, rates, plans n/c/m/M, draws and their repetition.
    #[command(subcommand)]
    Sampling(SamplingCommand),
    /// Exposure, dose–response, targeting: the science on files.
    #[command(subcommand)]
    Risk(RiskCommand),
    /// Surveillance: aberration detection on series of counts, on files.
    #[command(subcommand)]
    Signal(SignalCommand),
    /// The rulebook: check everything, draw a procedure.
    #[command(subcommand)]
    Rulebook(RulebookCommand),
    /// Criminal transfers: check a package handed over.
    #[command(subcommand)]
    Transfer(TransferCommand),
    /// Whom to inspect and what to sample: learn from the record, repeat a draw.
    #[command(subcommand)]
    Targeting(TargetingCommand),
    /// Imports a spreadsheet: operators, samples, results.
    Import(ImportArgs),
    /// Exports records.
    Export(ExportArgs),
    /// Connectors to other EPCIS repositories: list, add, pause, resume, remove, run what is due. With SQLite the server
    /// must be stopped meanwhile; while it runs use the page Connectors.
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Copies a running province into an empty directory.
    Backup {
        /// Target directory; must be empty or absent.
        dir: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Restores a backup into an empty data directory or database.
    Restore {
        /// Directory a backup wrote.
        dir: PathBuf,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Creates the first administrator of a new province, or confirms at the machine what the second one was granted.
    Admin {
        /// Login name.
        login: String,
        /// Confirm the grants of this account that wait for a second administrator: for the time when there is only one.
        #[arg(long)]
        confirm: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Measures a part on this machine: capture, judge, scope, pages, journal, flow, results.
    Bench {
        /// `capture`, `judge`, `scope`, `pages`, `journal`, `flow` or `results`.
        name: String,
        /// For `results`: how many, ten a sample (a province's year: 1500000).
        #[arg(long, default_value_t = 40_000)]
        size: usize,
        #[command(flatten)]
        data: DataArgs,
    },
}

/// `shian demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Number of operators in the province.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) operators: usize,
    /// Seed; the same seed gives the same province.
    #[arg(long, default_value_t = 62)]
    pub(crate) seed: u64,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8620")]
    pub(crate) listen: String,
    /// Create the province and stop, without serving.
    #[arg(long)]
    pub(crate) create_only: bool,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `shian serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on.
    #[arg(long, env = "SHIAN_LISTEN")]
    pub listen: Option<String>,
    /// Roles of this process; all by default. With PostgreSQL several processes may run, one `sequencer` by lease.
    #[arg(long, value_enum)]
    pub role: Vec<Role>,
    /// `https://HOST` by which the public reaches this province; for QR codes and receipts.
    #[arg(long, env = "SHIAN_ORIGIN")]
    pub origin: Option<String>,
    /// Cookies only over TLS; implied by an `https` origin.
    #[arg(long, env = "SHIAN_SECURE_COOKIES")]
    pub secure_cookies: bool,
    /// Form of the log on stderr.
    #[arg(long, env = "SHIAN_LOG_FORMAT", value_enum)]
    pub log: Option<LogFormat>,
    /// Where the data are.
    #[command(flatten)]
    pub data: DataArgs,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Pages and APIs.
    Web,
    /// Background jobs.
    Worker,
    /// Positions and checkpoints of the journal; one by lease.
    Sequencer,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorCommand {
    /// All connectors, one JSON object a line.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Adds a connector that works with the rights of an account.
    Add {
        /// Its name.
        name: String,
        /// `pull` (events come here) or `push` (events go there).
        #[arg(long)]
        direction: String,
        /// Base of the other's REST binding: `https://epcis.example.org/epcis`.
        #[arg(long)]
        url: String,
        /// Login of the account whose rights it has.
        #[arg(long)]
        login: String,
        /// Named query; everything when absent.
        #[arg(long, default_value = "")]
        query: String,
        /// Seconds between turns.
        #[arg(long, default_value_t = 300)]
        every: i64,
        /// Only what was recorded from this instant on (RFC 3339).
        #[arg(long)]
        since: Option<String>,
        /// Bearer token for the other; kept sealed.
        #[arg(long, env = "SHIAN_CONNECTOR_TOKEN", hide_env_values = true)]
        token: Option<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Pauses a connector.
    Pause {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Lets a paused connector go on at once.
    Resume {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Removes a connector with its token.
    Remove {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Runs every turn that is due now and says what each did; exit 1 if one failed.
    Run {
        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EpcisCommand {
    /// A line a file: {"file","valid","problems"}; exit 1 if any is invalid.
    Validate {
        /// JSON or XML documents.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// One event hash id a line, in document order.
    Hash {
        /// A JSON or XML document.
        file: PathBuf,
    },
    /// How many digits GS1 company prefixes have, one a line; imports GS1's list or adopts the rulebook's.
    Prefixes {
        /// GS1's `GCPPrefixFormatList` (XML or JSON) to take in first.
        #[arg(long)]
        import: Option<PathBuf>,
        /// Take in what the rulebook proposes (unverified).
        #[arg(long)]
        adopt: bool,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Walks every operation of the EPCIS 2.0 REST binding on a running server and reports; exit 1 if a requirement is
    /// not met that is not known before.
    Conformance {
        /// Where `/capture` and the others lie, such as `http://127.0.0.1:8620/epcis`.
        #[arg(long)]
        url: String,
        /// An access token that may capture and view events.
        #[arg(long, env = "SHIAN_TOKEN", hide_env_values = true)]
        token: String,
        /// File for the report as Markdown; stdout gets one JSON line a requirement either way.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// A document in the other syntax: JSON-LD or XML 2.0, from either of them or from XML 1.2.
    Convert {
        /// The syntax to write.
        #[arg(long)]
        to: Syntax,
        /// Identifiers as GS1 Digital Links or as EPC URNs; as they are when absent. A Digital Link becomes a URN only
        /// when a URN of the same document shows the length of its company prefix.
        #[arg(long)]
        epc_format: Option<EpcFormat>,
        /// A JSON or XML document.
        file: PathBuf,
    },
}

/// Syntaxes of EPCIS documents.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Syntax {
    /// XML 2.0.
    Xml,
    /// JSON-LD.
    Json,
}

/// Spellings of identifiers.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum EpcFormat {
    /// GS1 Digital Link.
    Uri,
    /// EPC URN.
    Urn,
}

/// Layouts of outbreak cases that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CaseFormat {
    /// FoodChain-Lab JSON 1.2.1.
    Fcl,
    /// The all-in-one spreadsheet.
    Xlsx,
    /// UTX core JSON.
    Utx,
    /// The plain case layout.
    Case,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// Outbreak scores of a case: one JSON object with stations and deliveries; of a list of cases, one a line.
    ///
    /// Read are the plain case layout (settings, stations, deliveries, relations), FoodChain-Lab JSON, its all-in-one
    /// spreadsheet and UTX core JSON. What contradicts itself is said on stderr.
    Score {
        /// The case.
        #[arg(required_unless_present = "bench")]
        file: Option<PathBuf>,
        /// Instead of a file: score a generated network of so many deliveries with 100 cases and print the times.
        #[arg(long, value_name = "DELIVERIES")]
        bench: Option<usize>,
        /// Seed of the generated network.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Writes a case in another layout; a FoodChain-Lab file keeps its view settings and unknown columns.
    Convert {
        /// The case, in any layout `score` reads.
        file: PathBuf,
        /// The layout to write.
        #[arg(long, value_enum)]
        to: CaseFormat,
        /// With `fcl`: add the scores as result columns.
        #[arg(long)]
        scores: bool,
        /// File to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Sources of a case by likelihood over all paths, with reasons, and the firms whose records to fetch next.
    ///
    /// Weights are evidence: a positive one counts cases at a station or positive samples of a delivery, a negative one says that it
    /// was checked and nothing was found. Amounts weigh the paths where they are given.
    Rank {
        /// The case, in any layout `score` reads.
        file: PathBuf,
        /// Sources told with reasons, lots and firms listed.
        #[arg(long, default_value_t = 10)]
        top: usize,
    },
    /// Simulated outbreaks: rank of the true source by each method against the number of cases, as CSV and SVG.
    Study {
        /// Outbreaks.
        #[arg(long, default_value_t = 500)]
        outbreaks: usize,
        /// Seed; the same seed gives the same study.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Directory to write source-ranking.csv, source-ranking-summary.csv and source-ranking.svg into.
        #[arg(long)]
        out: PathBuf,
    },
    /// Contamination shares of lots through mixing, by quantity, with bounds where quantities are missing.
    ///
    /// FILE is JSON: {"lots":[{"id","share","quantity","density"}], "processes":[{"id","at","equipment","inputs":
    /// [{"lot","quantity"}],"outputs":[…],"loss"}], "equipment":[{"id","residue","halfLifeHours","share"}],
    /// "cleanings":[{"equipment","at","removes"}]}. A quantity is "12.4 t", {"least":"10 kg","most":"12 kg"} or absent; a share is a
    /// number or {"lo","hi"}. Prints one object: lots by share, the highest possible first. An unbounded upper
    /// end is null.
    Mix {
        /// The mixing problem.
        file: PathBuf,
    },
    /// Mass balance over firms, products and periods: what was shipped but cannot have been there.
    ///
    /// FILE is JSON: {"tolerance":"0.02", "accounts":[{"id","firm","product","period","lot","opening","closing","waste",
    /// "stockUnknown","harvest":{"areaMu","yieldPerMu"}}], "flows":[{"id","from","to","kind":"shipment|process|carry|
    /// certificate","quantity","made"}], "yields":[{"from","to","yield","basis"}]}. Quantities as for `mix`. Prints
    /// {"feasible","findings","notes"}; findings are no failure: exit 0.
    Balance {
        /// The accounts and flows.
        file: PathBuf,
    },
    /// Builds a synthetic network and prints build and query figures.
    Bench(ChainBenchArgs),
}

/// What `shian chain bench` measures.
#[derive(Debug, Args)]
pub(crate) struct ChainBenchArgs {
    /// Links of the network.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) links: u64,
    /// Seed; the same seed gives the same network.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// One JSON object with everything, instead of a line for the build and a line for each class of questions.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the network and the questions for others to answer: slots.bin, links.bin (pairs of little-endian u32) and
    /// questions.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) export: Option<PathBuf>,
    /// Folder for the file of the index; removed afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
}

/// `shian trace`
///
/// A lot is given in any notation: Digital Link, URN, (01)…(10)…, 'GTIN lot', SSCC, a lot number or a product name. One
/// JSON object on stdout, or a file with --out. Exit 1 when what was given means nothing or several things: they are listed.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// `origins`, `forward`, `spread`, `scope`, `source`, `path`, `hop`, `changes`, `gaps`, `mixing`, `balance` or `records`.
    pub(crate) question: String,
    /// Lots asked about.
    pub(crate) lots: Vec<String>,
    /// A parameter of the question, as in the API: `place=…`, `to=…`, `case=LOT|PLACE|DATE|WEIGHT|NAME`, `since=…`,
    /// `operator=…`, `region=…`, `from=…`, `until=…`, `sort=…`, `q=…`, `nodes=…`. May repeat.
    #[arg(short = 'p', long = "with", value_name = "NAME=VALUE")]
    pub(crate) with: Vec<String>,
    /// `json`, `csv`, `xlsx`, `parquet` or, for `source`, `fcl`.
    #[arg(long, default_value = "json")]
    pub(crate) format: String,
    /// File to write; stdout when absent (not for XLSX and Parquet).
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Login of the account whose view it is.
    #[arg(long = "as", value_name = "LOGIN")]
    pub(crate) login: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Verifies every entry, the tree and all checkpoints of a data directory, or one receipt.
    Verify {
        /// A receipt file instead of the data directory.
        #[arg(long)]
        receipt: Option<PathBuf>,
        /// The verifier key to trust (C2SP note key); the one in the receipt when absent.
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Rebuilds the projections from the journal.
    Replay {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Makes a new signing key in place of one that is lost (never over one that is there) and prints its verifier key, to be
    /// published. Old receipts stay good under the old one.
    NewKey {
        #[command(flatten)]
        data: DataArgs,
    },
}

/// `shian import`
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// `operators`, `samples`, `results` or `events`.
    pub(crate) kind: String,
    /// CSV, XLSX or, for events, EPCIS JSON/XML.
    pub(crate) file: PathBuf,
    /// Login of the account in whose name it is done.
    #[arg(long = "as", value_name = "LOGIN")]
    pub(crate) login: Option<String>,
    /// Form number of the sample, when a file of results is about one sample and does not name it.
    #[arg(long)]
    pub(crate) sample: Option<String>,
    /// Unified social credit code of the laboratory that a file of samples goes to.
    #[arg(long, value_name = "USCC")]
    pub(crate) laboratory: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `shian export`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// `operators`, `samples`, `events`, `journal`, or `gain`: the sharpness a stored sampling plan is expected to reach.
    pub(crate) kind: String,
    /// The plan, for `gain`.
    #[arg(long)]
    pub(crate) plan: Option<base::Id>,
    /// `csv`, `xlsx` or `json`.
    #[arg(long, default_value = "csv")]
    pub(crate) format: String,
    /// File to write; stdout when absent (not for XLSX).
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Login of the account whose view it is.
    #[arg(long = "as", value_name = "LOGIN")]
    pub(crate) login: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_command_of_the_science_has_a_help_page_and_every_page_a_command() {
        let cli = Cli::command();
        let mut commands = Vec::new();
        for top in ["risk", "sampling", "signal", "targeting"] {
            let of = cli.find_subcommand(top).unwrap();
            commands.extend(of.get_subcommands().map(|sub| format!("{top} {}", sub.get_name())));
        }
        let told: Vec<&String> = assess::methods::builtin().iter().flat_map(|m| &m.commands).collect();
        for command in &commands {
            assert!(told.contains(&command), "{command} has no page in rulebook/cn/methods");
        }
        for command in told {
            assert!(commands.contains(command), "{command} is no command");
        }
    }
}
