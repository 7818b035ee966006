//! `shian sampling …`: how many, where, who, and what the results say; draws repeated without asking any server.

mod roster;
mod tables;

use super::{Outcome, Usage};
use crate::cli::{PlanArgs, SamplingCommand, SizeArgs};
use crate::out;
use anyhow::Context as _;
use sampling::{attributes, size};
use serde_json::json;
use std::path::Path;

/// Runs a command on sampling. `Ok(false)` when a record does not hold.
pub(super) fn run(command: &SamplingCommand) -> Outcome {
    match command {
        SamplingCommand::Size(args) => sizes(args),
        SamplingCommand::Allocate(args) => tables::allocate(args),
        SamplingCommand::Rates(args) => tables::rates(args),
        SamplingCommand::Estimate { file, confidence } => tables::estimate(file, *confidence),
        SamplingCommand::Plan(args) => plan(args),
        SamplingCommand::Draw(args) => roster::draw(args),
        SamplingCommand::Verify { draw: Some(draw), roster: Some(list), columns, .. } => {
            roster::verify(draw, list, columns)
        }
        SamplingCommand::Verify { file: Some(file), .. } => verify(file),
        SamplingCommand::Verify { .. } => {
            Err(Usage("give the record of a draw, or --draw with --roster".into()).into())
        }
    }
}

fn sizes(args: &SizeArgs) -> Outcome {
    if let Some(file) = &args.file {
        return tables::sizes(file);
    }
    let prevalence = args.prevalence.context("--prevalence is missing")?;
    if let Some(margin) = args.margin {
        let found =
            size::estimation(prevalence, margin, args.confidence, args.population, args.design_effect)?;
        out::json(&json!({"aim": "estimate", "n": found.n, "real": found.real}));
    } else if let Some(between) = args.between {
        let found = size::two_stage(size::Stages {
            clusters: args.clusters,
            units: args.population,
            between,
            within: prevalence,
            sensitivity: args.sensitivity,
            confidence: args.confidence,
            visit: args.visit,
            test: 1.0,
        })?;
        out::json(&json!({"aim": "two-stage", "design": found}));
    } else if args.specificity < 1.0 {
        let test = (args.sensitivity, args.specificity);
        let found = size::freedom(args.population, prevalence, test, args.confidence, args.power)?;
        out::json(&json!({"aim": "freedom", "design": found}));
    } else if let Some(population) = args.population {
        let positive = size::diseased(population, prevalence);
        let found = size::detection_finite(population, positive, args.confidence, args.sensitivity)?;
        if let Some(why) = found.shortfall(population) {
            anyhow::bail!("{why}");
        }
        out::json(&json!({"aim": "detect", "population": population, "design": found}));
    } else {
        let found = size::detection(prevalence, args.confidence, args.sensitivity)?;
        out::json(&json!({"aim": "detect", "n": found.n, "real": found.real}));
    }
    Ok(true)
}

fn plan(args: &PlanArgs) -> Outcome {
    let usable = |v: f64| v.is_finite() && v > 0.0;
    if !usable(args.m) || !args.cap.is_none_or(usable) {
        return Err(Usage("m and M must be above 0 (CFU/g)".into()).into());
    }
    let plan = attributes::Plan { n: args.n, c: args.c, m: args.m.log10(), cap: args.cap.map(f64::log10) };
    let (good, bad) = (plan.mean_accepted(0.95, args.deviation)?, plan.mean_accepted(0.05, args.deviation)?);
    let step = (bad - good + 2.0) / 40.0;
    let curve: Vec<attributes::Point> = (0..=40)
        .map(|i| plan.at(good - 1.0 + f64::from(i) * step, args.deviation))
        .collect::<Result<_, _>>()?;
    out::json(&json!({
        "plan": plan,
        "deviation": args.deviation,
        "log10MeanAccepted95": good,
        "log10MeanAccepted5": bad,
        "geometricMeanAccepted95": 10_f64.powf(good),
        "geometricMeanAccepted5": 10_f64.powf(bad),
        "curve": curve,
    }));
    Ok(true)
}

fn verify(file: &Path) -> Outcome {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    if let Ok(record) = serde_json::from_str::<lab::RetestRecord>(&text) {
        return Ok(retest(&record));
    }
    let record: lab::DrawRecord =
        serde_json::from_str(&text).with_context(|| format!("{} is no draw record", file.display()))?;
    let found = lab::verify(&record);
    out::json(&json!({
        "draw": record.draw,
        "root": record.root,
        "targets": record.targets.len(),
        "excluded": record.targets.iter().filter(|t| t.excluded.is_some()).count(),
        "strata": record.take,
        "chances": lab::chances(&record),
        "replaced": record.drawn.as_ref().map(|d| d.replaced.len()),
        "picked": record.drawn.as_ref().map(|d| d.picks.len()),
        "holds": found.is_empty(),
        "findings": found.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>(),
    }));
    Ok(found.is_empty())
}

/// The draw of a retest laboratory.
fn retest(record: &lab::RetestRecord) -> bool {
    let found = record.verify();
    out::json(&json!({
        "draw": record.draw,
        "root": record.root,
        "laboratories": record.laboratories.len(),
        "drawn": record.drawn.as_ref().map(|d| d.laboratory),
        "checkpoint": record.drawn.as_ref().map(|d| d.size),
        "holds": found.is_empty(),
        "findings": found.iter().map(|f| f.en.to_string()).collect::<Vec<_>>(),
    }));
    found.is_empty()
}
