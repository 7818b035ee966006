//! `shian limits`: judging sheets, showing and explaining rules, loading and exporting tables.

use super::read;
use crate::cli::{LimitsArgs, LimitsCommand};
use crate::commands::{Outcome, Usage};
use crate::out;
use crate::province::now;
use anyhow::{Context as _, anyhow};
use base::{Date, Decimal, HeadingError, Lang};
use limits::{Case, Edition, Judge, Rules, Table};
use paper::sheet::{self, Sheet, SheetError, Value};
use serde_json::json;
use std::path::Path;

/// `shian limits`
pub(crate) fn run(args: LimitsArgs) -> Outcome {
    if args.guard < Decimal::ZERO {
        return Err(Usage(format!("--guard {}: a percentage from 0", args.guard)).into());
    }
    let extra = args.rules.as_deref().map(folder).transpose()?.unwrap_or_default();
    let loaded = if extra.is_empty() { None } else { Some(overlaid(&extra)?) };
    let rules = loaded.as_ref().unwrap_or_else(|| Rules::builtin());
    match args.command {
        LimitsCommand::Judge { file } => {
            let bytes = read(&file)?;
            let name = file.display().to_string();
            limits::judge_csv(rules, args.guard, &name, bytes.as_slice())?.for_each(|line| out::line(&line));
            Ok(true)
        }
        LimitsCommand::Rejudge { file, edition } => {
            let edition = named(rules, &edition)?;
            let bytes = read(&file)?;
            let name = file.display().to_string();
            limits::rejudge_csv(rules, edition, &name, bytes.as_slice())?
                .iter()
                .for_each(|line| out::line(line));
            Ok(true)
        }
        LimitsCommand::Coverage => {
            for line in rules.coverage() {
                out::json(&serde_json::to_value(line)?);
            }
            Ok(true)
        }
        LimitsCommand::Show { food, analyte, date } => show(rules, &food, &analyte, day(date.as_deref())?),
        LimitsCommand::Compare { food, analyte, date } => {
            let lines = rules.side_by_side(&food, &analyte, day(date.as_deref())?);
            for line in &lines {
                out::json(&serde_json::to_value(line)?);
            }
            if lines.is_empty() {
                out::note(&format!("no loaded edition deals with “{analyte}”"));
            }
            Ok(!lines.is_empty())
        }
        LimitsCommand::Explain { food, analyte, value, unit, lod, date, lang } => {
            let lang = match lang.as_str() {
                "zh" => Lang::Zh,
                "en" => Lang::En,
                other => return Err(Usage(format!("--lang {other}: use zh or en")).into()),
            };
            let mut case = Case::new(food, analyte, value, unit, day(date.as_deref())?);
            case.lod = lod;
            out::line(&Judge::new(rules).guard(args.guard).verdict(&case).explain(lang));
            Ok(true)
        }
        LimitsCommand::Check { first, second } => {
            let differences = table(&first)?.differences(&table(&second)?);
            for difference in &differences {
                out::json(&serde_json::to_value(difference)?);
            }
            out::note(&format!("{} differences", differences.len()));
            Ok(differences.is_empty())
        }
        LimitsCommand::Load { header, first, second, by, and, out } => {
            load(&header, (&by, &first), (&and, &second), &out)
        }
        LimitsCommand::Export { edition, format, out } => {
            export(named(rules, &edition)?, &extra, &format, &out)
        }
    }
}

fn show(rules: &Rules, food: &str, analyte: &str, date: Date) -> Outcome {
    let found = rules.show(food, Some(analyte), date);
    for (edition, rule) in &found {
        out::json(&json!({
            "standard": edition.standard, "edition": edition.edition, "title": edition.title,
            "status": edition.status, "from": edition.from.to_string(), "to": edition.to.map(|d| d.to_string()),
            "clause": rule.clause, "row": rule.id, "food": rule.food, "analyte": rule.analyte,
            "limit": rule.printed, "unit": rule.unit, "notes": rule.notes,
        }));
    }
    if found.is_empty() {
        out::note(&format!(
            "no loaded rule names this food and analyte on {date}; run `shian limits explain` for the reasons"
        ));
    }
    Ok(!found.is_empty())
}

/// Header and table of a draft two people read alike, written where `--rules` finds them.
fn load(header: &Path, first: (&str, &Path), second: (&str, &Path), into: &Path) -> Outcome {
    let text = String::from_utf8(read(header)?).context("the header is not UTF-8")?;
    let (one, two) = (table(first.1)?, table(second.1)?);
    let (active, rows) = match limits::activate(&text, (first.0, &one), (second.0, &two), now().china_date())
    {
        Ok(done) => done,
        Err(refusal) => {
            for difference in one.differences(&two) {
                out::json(&serde_json::to_value(difference)?);
            }
            out::note(&refusal.text().to_string());
            return Ok(false);
        }
    };
    let name = name_of(header)?;
    let rows_name = format!("{}.csv", name.trim_end_matches(".toml"));
    let files = [(name.clone(), active), (rows_name.clone(), rows)];
    // Nothing is written that would not load: names, classes, units and the rows file are checked here.
    let rules = overlaid(&files)?;
    let edition = rules
        .editions()
        .iter()
        .find(|e| e.table == rows_name)
        .ok_or_else(|| anyhow!("the header must name its table `rows = \"{rows_name}\"`"))?;
    if Rules::builtin().edition(&edition.id).is_some() {
        out::note(&format!("{} takes the place of the built-in edition", edition.id));
    }
    std::fs::create_dir_all(into).with_context(|| format!("{} cannot be made", into.display()))?;
    for (name, text) in &files {
        let path = into.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    out::json(&serde_json::to_value(edition.coverage())?);
    Ok(true)
}

fn export(edition: &Edition, extra: &[(String, String)], format: &str, to: &Path) -> Outcome {
    let built_in = limits::FILES.iter().map(|(name, text)| (*name, *text));
    let own = extra.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let (_, text) = own
        .chain(built_in)
        .find(|(name, _)| *name == edition.table)
        .ok_or_else(|| anyhow!("{} is not among the rule files", edition.table))?;
    let table = Table::read(&edition.table, text)?;
    let sheet = Sheet {
        name: edition.id.clone(),
        header: limits::second::COLUMNS.map(str::to_owned).to_vec(),
        rows: table.rows().map(|row| row.map(Value::from).to_vec()).collect(),
    };
    let bytes = match format {
        "csv" => table.to_csv().into_bytes(),
        "xlsx" => sheet::write_xlsx(std::slice::from_ref(&sheet))?,
        other => return Err(Usage(format!("--format {other}: use csv or xlsx")).into()),
    };
    std::fs::write(to, bytes).with_context(|| format!("{} cannot be written", to.display()))?;
    out::note(&format!("{} rows of {}", table.len(), edition.id));
    Ok(true)
}

/// A reading: the first sheet of an XLSX, or a CSV.
fn table(path: &Path) -> anyhow::Result<Table> {
    let name = name_of(path)?;
    let bytes = read(path)?;
    let sheets = match sheet::read(&bytes, &name, &sheet::Limits::default()) {
        Err(SheetError::NoRows) => Vec::new(),
        sheets => sheets?,
    };
    let Some(first) = sheets.into_iter().next() else {
        // a heading alone: if it is the wrong one, that comes first
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        if !text.trim().is_empty() {
            Table::read(&name, text)?;
            return Err(HeadingError::NoRows { file: name }.into());
        }
        return Err(HeadingError::Empty { file: name }.into());
    };
    let width = first.header.len();
    let rows = first.rows.into_iter().map(|row| {
        let mut cells: Vec<String> = row.cells.into_iter().map(|c| c.text).collect();
        cells.resize(width, String::new());
        cells
    });
    Ok(Table::from_rows(&name, &first.header, rows)?)
}

fn named<'r>(rules: &'r Rules, id: &str) -> anyhow::Result<&'r Edition> {
    rules.edition(id).ok_or_else(|| {
        Usage(format!("no edition “{id}” is loaded; `shian limits coverage` lists them")).into()
    })
}

fn name_of(path: &Path) -> anyhow::Result<String> {
    let name = path.file_name().and_then(|n| n.to_str());
    name.map(str::to_owned).ok_or_else(|| anyhow!("{} is no file name", path.display()))
}

/// The rule files of a folder.
fn folder(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml" || e == "csv") {
            let text = String::from_utf8(read(&path)?)
                .with_context(|| format!("{} is not UTF-8", path.display()))?;
            files.push((name_of(&path)?, text));
        }
    }
    Ok(files)
}

/// The built-in rule book with these files beside or instead of its own.
fn overlaid(extra: &[(String, String)]) -> anyhow::Result<Rules> {
    let mut files: Vec<(&str, &str)> =
        limits::FILES.into_iter().filter(|(name, _)| extra.iter().all(|(own, _)| own != name)).collect();
    files.extend(extra.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    Ok(Rules::load(&files)?)
}

fn day(text: Option<&str>) -> anyhow::Result<Date> {
    match text {
        None => Ok(now().china_date()),
        Some(text) => {
            text.parse().map_err(|_| anyhow::Error::new(Usage(format!("--date {text}: write YYYY-MM-DD"))))
        }
    }
}
