//! `shian risk …`: exposure, targeting, benchmark doses and growth on files.

mod exposure;
mod models;
mod studies;

use super::read;
use crate::cli::RiskCommand;
use crate::commands::Outcome;
use crate::out;
use anyhow::Context as _;
use risk::exposure::iesti;
use risk::exposure::primo::{POPULATIONS, Scenario, Sources, Tables, report};
use risk::table::Table;
use serde_json::json;
use std::path::Path;

/// `shian risk`
pub(crate) fn run(command: RiskCommand) -> Outcome {
    match command {
        RiskCommand::Exposure(args) => exposure::run(&args),
        RiskCommand::Tds { occurrence, consumption, who, corrected, out } => {
            studies::tds(&occurrence, &consumption, &who, corrected, out.as_deref())
        }
        RiskCommand::Concentration { file, prefix, out } => {
            studies::concentration(&file, &prefix, out.as_deref())
        }
        RiskCommand::Usual { file, out } => studies::usual(&file, out.as_deref()),
        RiskCommand::Iesti { file, out, json } => {
            let found = iesti::table(&table(&file)?)?;
            answer(out.as_deref(), &if json { lines(&found) } else { found.to_csv() })
        }
        RiskCommand::Target(args) => models::targeting(args),
        RiskCommand::Bmd(args) => models::bmd(&args),
        RiskCommand::Growth(args) => models::growth(&args),
        RiskCommand::Mkt { file, enthalpy } => models::mkt(&file, enthalpy),
        RiskCommand::Primo { input, data, out } => primo(&input, &data, &out),
    }
}

fn lines(table: &Table) -> String {
    table.to_json().iter().map(|row| format!("{row}\n")).collect()
}

/// Writes an answer to a file or to stdout.
fn answer(out: Option<&Path>, text: &str) -> Outcome {
    match out {
        Some(path) => write(path, text)?,
        None => out::line(text.trim_end()),
    }
    Ok(true)
}

/// Reads a CSV file; messages call it by its path.
pub(crate) fn table(path: &Path) -> anyhow::Result<Table> {
    Ok(Table::read(&path.display().to_string(), read(path)?.as_slice())?)
}

/// Writes a file of text.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn primo(input: &Path, data: &Path, out: &Path) -> Outcome {
    let scenario = Scenario::read(&table(input)?)?;
    let tables = primo_tables(data)?;
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut summary = serde_json::Map::new();
    for (name, found) in report(&tables, &scenario) {
        write(&out.join(format!("{name}.csv")), &found.to_csv())?;
        let percent = if name == "chronic" {
            "tmdi_pct_adi"
        } else if name.starts_with("acute") {
            "pct_ref1"
        } else {
            "pct_ref"
        };
        let highest = found.rows().filter_map(|row| row.optional(percent).ok().flatten()).reduce(f64::max);
        summary.insert(name, json!({"rows": found.len(), "highestPercent": highest}));
    }
    if !tables.gaps().is_empty() {
        out::note(&format!("no case in the tables, not computed: {}", tables.gaps().join("; ")));
    }
    out::json(&summary.into());
    Ok(true)
}

fn primo_tables(data: &Path) -> anyhow::Result<Tables> {
    let text = |name: &str| {
        let bytes = read(&data.join(name))?;
        String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
    };
    let mut tables = Tables::read(&Sources {
        acute: [text("acute_children.csv")?, text("acute_adults.csv")?],
        processed: [text("processed_children.csv")?, text("processed_adults.csv")?],
        diets: text("chronic_diets_g_per_kg_bw.csv")?,
        hierarchy: text("mrl_hierarchy.csv")?,
    })?;
    let Ok(entries) = std::fs::read_dir(data.join("scenarios")) else { return Ok(tables) };
    let mut folders: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    for folder in folders {
        for (population, who) in POPULATIONS.iter().enumerate() {
            let path = folder.join(format!("expected_processed_{who}.csv"));
            if path.is_file() {
                tables.complete(population, &table(&path)?)?;
            }
        }
    }
    Ok(tables)
}
