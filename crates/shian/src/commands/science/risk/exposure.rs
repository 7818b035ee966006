//! `shian risk exposure`: a model file computed, tried with other assumptions, exported.

use super::super::read;
use super::{answer, write};
use crate::cli::ExposureArgs;
use crate::commands::{Outcome, Usage};
use crate::out;
use anyhow::Context as _;
use risk::exposure::model::{Assessment, Change, Factor, Limit, LimitMode, Model, Protect, Tables};
use serde_json::json;
use std::path::Path;

/// Runs the command.
pub(super) fn run(args: &ExposureArgs) -> Outcome {
    let mut model = load(&args.model)?;
    if let Some(seed) = args.seed {
        model.seed = seed;
    }
    // flags come before what the model says of the same food
    for text in args.limit.iter().rev() {
        model.limits.insert(0, limit(text)?);
    }
    for text in args.processing.iter().rev() {
        model.processing.insert(0, factor("--processing", text)?);
    }
    let mut assessment = Assessment::new(model)?;
    for text in args.consumption.iter().rev() {
        assessment = assessment.with(Change::Consumption(factor("--consumption", text)?))?;
    }
    if let Some(path) = &args.export {
        write(path, &(assessment.export().to_json() + "\n"))?;
    }
    if let Some(asked) = &args.protect {
        return protect(&assessment, asked, args.percentile, args.together);
    }
    let report =
        assessment.report(args.threads, &mut |share| out::progress(&format!("{:.0} %", share * 100.0)));
    out::progress("");
    let text = if args.csv { report.table().to_csv() } else { serde_json::to_string_pretty(&report)? };
    answer(args.out.as_deref(), &text)
}

/// Reads a model and the files it names.
fn load(path: &Path) -> anyhow::Result<Model> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let mut model = Model::read(&text).with_context(|| path.display().to_string())?;
    if let Some(files) = model.files.take() {
        let beside = |name: &str| {
            let file = path.parent().unwrap_or(Path::new("")).join(name);
            String::from_utf8(read(&file)?).with_context(|| format!("{} is not UTF-8", file.display()))
        };
        model.tables = Some(Tables {
            persons: beside(&files.persons)?,
            consumption: beside(&files.consumption)?,
            concentrations: beside(&files.concentrations)?,
        });
    }
    Ok(model)
}

fn split(flag: &str, text: &str) -> anyhow::Result<(String, f64)> {
    let wrong = || Usage(format!("{flag} {text}: write NAME=NUMBER, such as rice=0.2"));
    let (name, number) = text.rsplit_once('=').ok_or_else(wrong)?;
    Ok((name.into(), number.parse().map_err(|_| wrong())?))
}

fn factor(flag: &str, text: &str) -> anyhow::Result<Factor> {
    let (food, factor) = split(flag, text)?;
    Ok(Factor { food, substance: None, factor, upper: None })
}

fn limit(text: &str) -> anyhow::Result<Limit> {
    let (name, limit) = split("--limit", text)?;
    let (substance, food) = name
        .split_once(':')
        .map_or((None, name.as_str()), |(substance, food)| (Some(substance.to_owned()), food));
    let food = (!food.is_empty()).then(|| food.to_owned());
    Ok(Limit { food, substance, limit, mode: LimitMode::Enforced })
}

/// One line a group, bound and mode.
fn protect(assessment: &Assessment, asked: &str, percentile: f64, together: bool) -> Outcome {
    if !(0.0..=100.0).contains(&percentile) {
        return Err(Usage(format!("--percentile {percentile}: must lie between 0 and 100")).into());
    }
    let (substance, food) =
        asked.split_once(':').map_or((asked, None), |(substance, food)| (substance, Some(food.to_owned())));
    for group in assessment.group_names() {
        for bound in assessment.bounds() {
            for (mode, name) in [(LimitMode::Enforced, "enforced"), (LimitMode::AtLimit, "atLimit")] {
                let question = Protect {
                    substance: substance.into(),
                    food: food.clone(),
                    group: group.to_owned(),
                    percentile,
                    bound: *bound,
                    mode,
                    together,
                };
                let limit = assessment.protecting_limit(&question)?;
                out::json(&json!({
                    "substance": substance, "food": food, "group": group, "bound": bound.name(), "percentile": percentile, "mode": name, "together": together,
                    "protects": limit.is_some(),
                    "limitMgPerKg": limit.filter(|limit| limit.is_finite()),
                    "noLimitNeeded": limit.is_some_and(f64::is_infinite),
                }));
            }
        }
    }
    Ok(true)
}
