//! `shian chain score | convert | rank | study | mix | balance`: the science of an outbreak on files, without a province.

use super::read;
use crate::cli::CaseFormat;
use crate::commands::{Outcome, Usage};
use crate::out;
use anyhow::Context as _;
use base::{Decimal, Text};
use chain::outbreak::{self, Case, CaseFile, FormatError, Keep, Table};
use paper::sheet::{self, Sheet, SheetTable};
use serde_path_to_error::Segment;
use std::path::Path;

/// Reads a case file of any layout and says on stderr what is wrong with it; `None` when it cannot be used.
fn case_file(path: &Path, keep: Keep) -> anyhow::Result<Option<CaseFile>> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    let found = if bytes.starts_with(b"PK\x03\x04") {
        match sheet::read(&bytes, &name, &sheet::Limits::default()) {
            Ok(tables) => outbreak::read_tables(&tables.iter().map(table).collect::<Vec<_>>()),
            Err(e) => {
                say(&name, &e.text());
                return Ok(None);
            }
        }
    } else {
        outbreak::read(&bytes, keep)
    };
    Ok(match found {
        Ok(file) => {
            file.cases.iter().flat_map(|c| &c.notes).for_each(|note| say(&name, note));
            Some(file)
        }
        Err(FormatError(problems)) => {
            problems.iter().for_each(|(at, text)| say(&format!("{name}: {at}"), text));
            None
        }
    })
}

fn say(at: &str, text: &Text) {
    out::note(&format!("{at}: {} / {}", text.zh, text.en));
}

fn table(from: &SheetTable) -> Table {
    let mut rows = vec![(from.header_line, from.header.clone())];
    rows.extend(from.rows.iter().map(|r| (r.line, r.cells.iter().map(|c| c.text.clone()).collect())));
    Table { name: from.name.clone(), rows }
}

/// `shian chain score`
pub(super) fn score(file: Option<&Path>, bench: Option<usize>, seed: u64) -> Outcome {
    if let Some(deliveries) = bench {
        let report = chain::score::bench(deliveries, 100, seed, &super::chain_bench::processor_seconds);
        out::json(&serde_json::to_value(report)?);
        return Ok(true);
    }
    let Some(file) = file else { return Err(Usage("give a FILE or --bench DELIVERIES".to_owned()).into()) };
    let Some(found) = case_file(file, Keep::Network)? else { return Ok(false) };
    for case in &found.cases {
        let scores = chain::score::score(&case.network);
        if found.list {
            out::serialized(&Line { case: case.name.as_deref(), scores: &scores })?;
        } else {
            out::serialized(&scores)?;
        }
    }
    Ok(true)
}

/// The scores of one of several cases.
#[derive(serde::Serialize)]
struct Line<'a> {
    case: Option<&'a str>,
    #[serde(flatten)]
    scores: &'a chain::score::Scores,
}

/// `shian chain convert`
pub(super) fn convert(file: &Path, to: CaseFormat, scores: bool, target: Option<&Path>) -> Outcome {
    let Some(found) = case_file(file, Keep::Document)? else { return Ok(false) };
    let [case] = found.cases.as_slice() else {
        return Err(Usage(format!(
            "{} holds {} cases; convert one at a time",
            file.display(),
            found.cases.len()
        ))
        .into());
    };
    if to != CaseFormat::Case {
        let notes = outbreak::not_held(&case.network, to == CaseFormat::Fcl);
        notes.iter().for_each(|note| say(&file.display().to_string(), note));
    }
    let bytes = match to {
        CaseFormat::Xlsx => {
            if target.is_none() {
                return Err(Usage("--to xlsx needs --out FILE.xlsx".to_owned()).into());
            }
            spreadsheet(case)?
        }
        json => {
            let value = match json {
                CaseFormat::Fcl => {
                    let mut document = case.document().into_owned();
                    if scores {
                        document.set_scores(&chain::score::score(&case.network));
                    }
                    document.value().clone()
                }
                CaseFormat::Utx => outbreak::write_utx(&case.document()),
                _ => serde_json::to_value(&case.network)?,
            };
            value.to_string().into_bytes()
        }
    };
    match target {
        Some(path) => {
            std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        None => out::line(&String::from_utf8_lossy(&bytes)),
    }
    Ok(true)
}

fn spreadsheet(case: &Case) -> anyhow::Result<Vec<u8>> {
    let cell = |text: &String| -> sheet::Value {
        // a number only when it would be read back as the same text
        match text.parse::<Decimal>() {
            Ok(number) if number.to_string() == *text => number.into(),
            _ if text.is_empty() => sheet::Value::Empty,
            _ => text.clone().into(),
        }
    };
    let sheets: Vec<Sheet> = outbreak::write_tables(&case.document())
        .into_iter()
        .map(|t| {
            let mut rows = t.rows.into_iter().map(|(_, cells)| cells);
            Sheet {
                name: t.name,
                header: rows.next().unwrap_or_default(),
                rows: rows.map(|r| r.iter().map(cell).collect()).collect(),
            }
        })
        .collect();
    Ok(sheet::write_xlsx(&sheets)?)
}

/// `shian chain rank`
pub(super) fn rank(file: &Path, top: usize) -> Outcome {
    let Some(found) = case_file(file, Keep::Network)? else { return Ok(false) };
    for case in &found.cases {
        out::json(&serde_json::to_value(outbreak::Locator::new(&case.network).ranking(top))?);
    }
    Ok(true)
}

/// `shian chain study`
pub(super) fn study(outbreaks: usize, seed: u64, dir: &Path) -> Outcome {
    let study = outbreak::study(outbreaks, seed);
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    for (name, text) in [
        ("source-ranking.csv", study.rows_csv()),
        ("source-ranking-summary.csv", study.summary_csv()),
        ("source-ranking.svg", study.svg()),
    ] {
        let path = dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    for line in &study.summary {
        out::json(&serde_json::to_value(line)?);
    }
    Ok(true)
}

/// `shian chain mix`
pub(super) fn mix(file: &Path) -> Outcome {
    let Some(input) = parsed::<chain::mixing::Mixing>(file)? else { return Ok(false) };
    match chain::mixing::mix(&input) {
        Ok(mixed) => {
            mixed.notes.iter().for_each(|note| say(&file.display().to_string(), note));
            out::json(&serde_json::to_value(&mixed)?);
            Ok(true)
        }
        Err(e) => {
            e.0.iter().for_each(|(at, text)| say(&format!("{}: {at}", file.display()), text));
            Ok(false)
        }
    }
}

/// `shian chain balance`: exit 0 also with findings; they are the answer.
pub(super) fn balance(file: &Path) -> Outcome {
    let Some(input) = parsed::<chain::balance::Balance>(file)? else { return Ok(false) };
    match chain::balance::check(&input) {
        Ok(report) => {
            out::json(&serde_json::to_value(&report)?);
            Ok(true)
        }
        Err(e) => {
            e.0.iter().for_each(|(at, text)| say(&format!("{}: {at}", file.display()), text));
            Ok(false)
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(file: &Path) -> anyhow::Result<Option<T>> {
    let bytes = read(file)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes)) {
        Ok(input) => Ok(Some(input)),
        Err(e) => {
            let steps = e.path().iter().map(|step| match step {
                Segment::Seq { index } => format!("/{index}"),
                Segment::Map { key } => format!("/{key}"),
                Segment::Enum { .. } | Segment::Unknown => String::new(),
            });
            let at = format!("{}: {}", file.display(), steps.collect::<String>());
            let inner = e.inner();
            say(
                &at,
                &Text::new(
                    format!("无法识别：{inner}；写法见 shian chain mix --help 与 balance --help"),
                    format!(
                        "this cannot be read: {inner}; shian chain mix --help and balance --help show the layout"
                    ),
                ),
            );
            Ok(None)
        }
    }
}
