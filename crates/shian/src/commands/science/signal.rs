//! `shian signal …`: surveillance of counts on files.

use super::{Outcome, read};
use crate::cli::{SignalCommand, SignalMode, SignalRunArgs};
use crate::out;
use anyhow::Context as _;
use base::HeadingError;
use serde_json::json;
use signal::detect::frame::Frame;
use signal::detect::manifest::{self, Manifest, Run};
use signal::detect::{Mode, Settings};
use std::io::IsTerminal as _;
use std::path::{Component, Path};

pub(crate) fn run(command: SignalCommand) -> Outcome {
    match command {
        SignalCommand::Run(args) => match &args.manifest {
            Some(path) => all(path, &args),
            None => one(&args),
        },
        SignalCommand::Scan(args) => super::scan::run(&args),
        SignalCommand::Text { input } => groups(&input),
        SignalCommand::Watch(args) => super::watch::run(&args),
        SignalCommand::Study { seed, series, out } => super::watch::study(seed, series, &out),
    }
}

fn groups(input: &Path) -> Outcome {
    let name = input.display().to_string();
    let reports = signal::text::read(&name, &signal::table::Table::parse(&name, &text(input)?)?)?;
    if reports.is_empty() {
        return Err(HeadingError::NoRows { file: name }.into());
    }
    for group in signal::text::group(&reports, &signal::text::Options::default()) {
        out::json(&json!(group));
    }
    Ok(true)
}

fn mode(args: &SignalRunArgs) -> Mode {
    match args.mode {
        SignalMode::Compatible => Mode::Compatible,
        SignalMode::Corrected => Mode::Corrected,
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{} is no UTF-8 text", path.display()))
}

fn one(args: &SignalRunArgs) -> Outcome {
    let (Some(method), Some(input)) = (&args.method, &args.input) else {
        return Err(super::super::Usage("METHOD and --input, or --manifest and --out".to_owned()).into());
    };
    let file = input.display().to_string();
    let frame = Frame::parse(&file, &text(input)?)?;
    if frame.names().is_empty() {
        frame.require(&["observed|obs_NAME|NAME"])?;
    }
    if frame.is_empty() {
        return Err(HeadingError::NoRows { file }.into());
    }
    let settings = match &args.settings {
        None => Settings::default(),
        Some(path) => {
            let value: serde_json::Value = serde_json::from_slice(&read(path)?)
                .with_context(|| format!("{} is no JSON", path.display()))?;
            Settings::from_json(&value).with_context(|| path.display().to_string())?
        }
    };
    let names = if args.series.is_empty() { frame.names() } else { args.series.clone() };
    manifest::find(method)?.refuse_unknown(&settings).with_context(|| "the settings".to_owned())?;
    let frequency = settings.count("freq")?;
    let run = Run { frame: &frame, triangle: None, names, frequency, rows: None, mode: mode(args) };
    let table = manifest::compute(method, &run, &settings).with_context(|| input.display().to_string())?;
    match &args.out {
        None => out::line(table.csv().trim_end()),
        Some(path) => {
            std::fs::write(path, table.csv())
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(true)
}

fn all(path: &Path, args: &SignalRunArgs) -> Outcome {
    let Some(folder) = &args.out else {
        return Err(super::super::Usage("--manifest needs --out".to_owned()).into());
    };
    let mut manifest = Manifest::parse(&text(path)?).with_context(|| path.display().to_string())?;
    for setting in &args.set {
        manifest.set(setting).context("--set")?;
    }
    let base = path.parent().unwrap_or(Path::new("."));
    let find = |file: &str| text(&base.join(file)).map_err(|e| format!("{e:#}"));
    let (mut done, mut failed) = (0_usize, 0_usize);
    let terminal = std::io::stderr().is_terminal();
    for (i, entry) in manifest.runs.iter().enumerate() {
        if terminal {
            out::progress(&format!("{}/{} {}", i + 1, manifest.runs.len(), entry.file));
        }
        let result = manifest.compute(entry, mode(args), &find).and_then(|table| {
            let target = Path::new(&entry.file);
            if !target.components().all(|c| matches!(c, Component::Normal(_))) {
                return Err("the path leads out of the folder".to_owned());
            }
            let target = folder.join(target);
            let parent = target.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&target, table.csv()))
                .map_err(|e| format!("{} cannot be written: {e}", target.display()))
        });
        match result {
            Ok(()) => done += 1,
            Err(reason) => {
                failed += 1;
                if terminal {
                    out::progress("");
                }
                out::note(&format!("{}: {reason}", entry.file));
            }
        }
    }
    if terminal {
        out::progress("");
    }
    out::json(&json!({ "computed": done, "failed": failed }));
    Ok(failed == 0)
}
