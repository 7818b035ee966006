//! `shian signal scan`: clusters in space and time from files.

use super::{Outcome, read};
use crate::cli::SignalScanArgs;
use crate::out;
use anyhow::{Context as _, anyhow};
use serde_json::json;
use signal::scan::{Files, Run, Settings, scan};
use signal::table::Table;
use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Component, Path, PathBuf};

pub(crate) fn run(args: &SignalScanArgs) -> Outcome {
    if let Some(manifest) = &args.manifest {
        return all(manifest, args);
    }
    let Some(settings) = &args.settings else {
        return Err(super::super::Usage("--settings, or --manifest and --out".to_owned()).into());
    };
    let inputs = args.inputs.clone().map_or_else(|| inputs_of(settings), Ok)?;
    let answer = one(settings, &inputs, args.out.as_deref(), args)?;
    out::json(&answer);
    Ok(true)
}

fn table(path: &Path) -> anyhow::Result<Table> {
    let text =
        String::from_utf8(read(path)?).with_context(|| format!("{} is no UTF-8 text", path.display()))?;
    Table::parse(&path.display().to_string(), &text).map_err(Into::into)
}

fn optional(path: &Path) -> anyhow::Result<Option<Table>> {
    if path.is_file() { table(path).map(Some) } else { Ok(None) }
}

fn one(
    settings: &Path,
    inputs: &Path,
    folder: Option<&Path>,
    args: &SignalScanArgs,
) -> anyhow::Result<serde_json::Value> {
    let mut settings = Settings::parse(&table(settings)?).with_context(|| settings.display().to_string())?;
    if let Some(seed) = args.seed {
        settings.seed = seed;
    }
    let files = Files {
        locations: optional(&inputs.join("locations.csv"))?,
        cases: table(&inputs.join("cases.csv"))?,
        controls: optional(&inputs.join("controls.csv"))?,
        population: optional(&inputs.join("population.csv"))?,
        adjustments: optional(&inputs.join("adjustments.csv"))?,
        max_circle: optional(&inputs.join("max_circle.csv"))?,
    };
    let terminal = std::io::stderr().is_terminal();
    let progress = |done: u32, wanted: u32| {
        if terminal {
            out::progress(&format!("{done}/{wanted}"));
        }
        true
    };
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let report = scan(&settings, &files, &Run { threads, progress: &progress })
        .with_context(|| inputs.display().to_string());
    if terminal {
        out::progress("");
    }
    let report = report?;
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for (name, table) in &report.tables {
            let path = folder.join(name);
            std::fs::write(&path, table.to_csv())
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(json!({ "summary": report.summary, "clusters": report.clusters }))
}

/// The inputs of a run: beside its settings, or under `inputs` beside the folder of runs, by the beginning of its name.
fn inputs_of(settings: &Path) -> anyhow::Result<PathBuf> {
    let folder = settings.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.join("cases.csv").is_file() {
        return Ok(folder.to_owned());
    }
    let folder = folder.canonicalize().with_context(|| format!("{} cannot be found", folder.display()))?;
    let run = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let inputs = folder.ancestors().skip(1).take(3).map(|a| a.join("inputs")).find(|p| p.is_dir());
    let inputs =
        inputs.ok_or_else(|| anyhow!("no folder of inputs near {}: say --inputs DIR", settings.display()))?;
    let mut names: Vec<String> = std::fs::read_dir(&inputs)
        .with_context(|| format!("{} cannot be read", inputs.display()))?
        .filter_map(|e| {
            e.ok().filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    let word = run.split('_').next().unwrap_or(&run);
    // the longest name that begins the run's, else the only one that the run's first word begins
    let longest =
        names.iter().filter(|n| run == **n || run.starts_with(&format!("{n}_"))).max_by_key(|n| n.len());
    let begun: Vec<&String> = names.iter().filter(|n| n.starts_with(word)).collect();
    let only = if let [name] = begun.as_slice() { Some(*name) } else { None };
    longest.or(only).map(|name| inputs.join(name)).ok_or_else(|| {
        anyhow!("which of {} belongs to the run {run} is not clear: say --inputs DIR", names.join(", "))
    })
}

fn all(manifest: &Path, args: &SignalScanArgs) -> Outcome {
    let Some(folder) = &args.out else {
        return Err(super::super::Usage("--manifest needs --out".to_owned()).into());
    };
    let list = table(manifest)?;
    let [file, run] = list.need(&manifest.display().to_string(), [&["file"], &["run"]])?;
    // runs have results; the inputs are listed too
    let runs: BTreeSet<(PathBuf, String)> = list
        .rows
        .iter()
        .filter_map(|row| Path::new(&row[file]).parent().map(|p| (p.to_owned(), row[run].clone())))
        .filter(|(path, run)| {
            path.ends_with(run) && path.components().all(|c| matches!(c, Component::Normal(_)))
        })
        .collect();
    let base = manifest.parent().unwrap_or(Path::new("."));
    let (mut done, mut failed) = (0_usize, 0_usize);
    for (path, _) in &runs {
        let settings = base.join(path).join("settings.csv");
        if !settings.is_file() {
            continue;
        }
        match inputs_of(&settings).and_then(|inputs| one(&settings, &inputs, Some(&folder.join(path)), args))
        {
            Ok(_) => done += 1,
            Err(reason) => {
                failed += 1;
                out::note(&format!("{}: {reason:#}", path.display()));
            }
        }
    }
    out::json(&json!({ "computed": done, "failed": failed }));
    Ok(failed == 0)
}
