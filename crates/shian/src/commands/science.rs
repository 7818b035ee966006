//! Commands of the science: they read files and print answers, without a province.

mod outbreak;

mod chain_bench;

use super::{Outcome, Usage};
use crate::cli::{ChainCommand, LimitsCommand};
use crate::out;
use crate::province::now;
use anyhow::Context as _;
use base::{Date, Lang};
use limits::{Case, Rules};
use serde_json::json;
use std::path::Path;

pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// `shian chain`
pub(crate) fn chain(command: ChainCommand) -> Outcome {
    match command {
        ChainCommand::Bench(args) => chain_bench::run(&args),
        ChainCommand::Score { file, bench, seed } => outbreak::score(file.as_deref(), bench, seed),
        ChainCommand::Convert { file, to, scores, out } => {
            outbreak::convert(&file, to, scores, out.as_deref())
        }
        ChainCommand::Rank { file, top } => outbreak::rank(&file, top),
        ChainCommand::Study { outbreaks, seed, out } => outbreak::study(outbreaks, seed, &out),
        ChainCommand::Mix { file } => outbreak::mix(&file),
        ChainCommand::Balance { file } => outbreak::balance(&file),
    }
}

/// `shian limits`
pub(crate) fn limits(command: LimitsCommand) -> Outcome {
    let rules = Rules::builtin();
    match command {
        LimitsCommand::Judge { file } => {
            let bytes = read(&file)?;
            limits::judge_csv(rules, bytes.as_slice()).for_each(|line| out::line(&line));
            Ok(true)
        }
        LimitsCommand::Show { food, analyte, date } => {
            let date = day(date.as_deref())?;
            let found = rules.show(&food, Some(&analyte), date);
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
        LimitsCommand::Explain { food, analyte, value, unit, lod, date, lang } => {
            let lang = match lang.as_str() {
                "zh" => Lang::Zh,
                "en" => Lang::En,
                other => return Err(Usage(format!("--lang {other}: use zh or en")).into()),
            };
            let mut case = Case::new(food, analyte, value, unit, day(date.as_deref())?);
            case.lod = lod;
            out::line(&rules.judge(&case).explain(lang));
            Ok(true)
        }
    }
}

fn day(text: Option<&str>) -> anyhow::Result<Date> {
    match text {
        None => Ok(now().china_date()),
        Some(text) => {
            text.parse().map_err(|_| anyhow::Error::new(Usage(format!("--date {text}: write YYYY-MM-DD"))))
        }
    }
}
