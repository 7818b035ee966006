//! `shian risk target|bmd|growth|mkt`: targeting, benchmark doses and growth on files.

use super::{answer, table, write};
use crate::cli::{BmdArgs, GrowthArgs, TargetArgs};
use crate::commands::science::read;
use crate::commands::{Outcome, Usage};
use crate::out;
use anyhow::Context as _;
use risk::table::Table;
use risk::target::proposal::{Why, propose};
use risk::target::{Named, Options, Outcome as Targeted};
use risk::{dose, growth, target};
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A file `*_history.csv` beside the training table.
fn beside(train: &Path) -> Option<PathBuf> {
    let folder = train.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| {
            p.file_name().is_some_and(|n| n.to_string_lossy().ends_with("_history.csv")) && p != train
        })
        .collect();
    found.sort();
    found.into_iter().next()
}

/// `shian risk target`
pub(super) fn targeting(args: TargetArgs) -> Outcome {
    let path = if args.no_history { None } else { args.history.clone().or_else(|| beside(&args.train)) };
    if let (Some(path), None) = (&path, &args.history) {
        out::note(&format!(
            "history: {} (beside the training table; --no-history leaves it out)",
            path.display()
        ));
    }
    let history = path.as_deref().map(table).transpose()?;
    let options = Options {
        named: Named {
            id: args.id,
            date: args.date,
            outcome: args.outcome,
            place: args.place,
            inspector: args.inspector,
            codes: args.codes,
            ignore: args.ignore,
            ..Named::default()
        },
        seed: args.seed,
        windows: args.windows,
        horizon: args.horizon,
        forests: args.forests,
        ..Options::default()
    };
    let found = target::run(&table(&args.train)?, history.as_ref(), &table(&args.score)?, &options)?;
    let id = found.roles.id.as_str();
    let mut scores = Table::with_header("scores", &[id, "score"]);
    for s in &found.scores {
        scores.push(vec![s.id.clone(), s.chance.to_string()]);
    }
    write(&args.out, &scores.to_csv())?;
    if let Some(path) = &args.reasons {
        let mut reasons = Table::with_header("reasons", &[id, "rank", "feature", "value", "change"]);
        for s in &found.scores {
            for (rank, (name, value, change)) in s.reasons.iter().enumerate() {
                let rank = (rank + 1).to_string();
                reasons.push(vec![s.id.clone(), rank, name.clone(), value.to_string(), change.to_string()]);
            }
        }
        write(path, &reasons.to_csv())?;
    }
    if let (Some(path), Some(take)) = (&args.proposal, args.take) {
        proposal(path, &found, take, args.audit, args.seed)?;
    }
    let Targeted { roles, learnt_from, features, windows, reliability, fairness, scores } = &found;
    out::json(&json!({
        "roles": roles,
        "learntFrom": {"visits": learnt_from.0, "fromHistoryAlone": learnt_from.1},
        "features": features.len(),
        "windows": windows,
        "reliability": reliability,
        "fairness": fairness,
        "scored": scores.len(),
    }));
    Ok(true)
}

fn proposal(path: &Path, found: &Targeted, take: usize, audit: f64, seed: u64) -> anyhow::Result<()> {
    let mut list = Table::with_header("proposal", &[&found.roles.id, "score", "why", "inclusion", "reasons"]);
    for p in propose(&found.scores, take, audit, seed) {
        let s = &found.scores[p.at];
        let reasons: Vec<String> = s
            .reasons
            .iter()
            .map(|(name, value, change)| format!("{name} = {value:.3} ({change:+.2})"))
            .collect();
        let why = if p.why == Why::Score { "score" } else { "audit" };
        let cells = [&s.id, &s.chance.to_string(), why, &p.inclusion.to_string(), &reasons.join("; ")];
        list.push(cells.map(ToString::to_string).to_vec());
    }
    write(path, &list.to_csv())
}

/// The settings of a benchmark dose, in the words of the manifest.
#[derive(Debug, Deserialize)]
struct BmdSettings {
    /// `quantal` or `continuous`; recognised from the columns when absent.
    #[serde(rename = "type", default)]
    kind: Option<String>,
    /// Extra risk, or relative change; when absent 0.1 for quantal and 0.05 for continuous data (EFSA Scientific Committee, 2017).
    #[serde(default)]
    ces_or_bmr: Option<f64>,
    #[serde(default = "ninety")]
    conf_level: f64,
    /// How much AIC a parameter must gain, and how far from the best a family is accepted.
    #[serde(default = "two")]
    aic_margin: f64,
    #[serde(flatten)]
    columns: dose::Columns,
}

fn ninety() -> f64 {
    0.9
}

fn two() -> f64 {
    2.0
}

fn bmd_of(data: &Table, settings: BmdSettings, args: &BmdArgs) -> anyhow::Result<String> {
    let quantal = match settings.kind.as_deref() {
        Some("quantal") => true,
        Some("continuous") => false,
        Some(other) => return Err(Usage(format!("type is {other:?}: quantal or continuous")).into()),
        None => dose::is_quantal(data, &settings.columns)?,
    };
    let response = settings.ces_or_bmr.unwrap_or(if quantal { 0.1 } else { 0.05 });
    if settings.kind.is_none() || settings.ces_or_bmr.is_none() {
        let kind = if quantal { "quantal" } else { "continuous" };
        out::note(&format!("type {kind}, ces_or_bmr {response}: say otherwise with --settings"));
    }
    let points = dose::data(data, &dose::Columns { quantal, ..settings.columns })?;
    let asked = dose::Settings { response, confidence: settings.conf_level, margin: settings.aic_margin };
    let found = dose::run(&points, asked)?;
    if !found.effect {
        out::note(
            "没有模型优于“无剂量反应”：不应据此给出基准剂量 / no model is better than none at all: these data support no benchmark dose",
        );
    }
    let mut table = dose::report(&found);
    if args.average > 0 {
        for a in dose::average(&points, &found, asked, args.average, args.seed) {
            let weights: Vec<String> = a.weights.iter().map(|(name, w)| format!("{name}={w:.4}")).collect();
            let mut row = vec!["average".to_owned(), a.group, weights.join(" ")];
            row.resize(7, String::new());
            row.extend([a.dose, a.low, a.high].map(|v| v.to_string()));
            table.push(row);
        }
    }
    Ok(table.to_csv())
}

/// Settings of a benchmark dose; one that is not known is an error, so that a misspelt one is not lost.
fn bmd_settings(text: &[u8]) -> anyhow::Result<BmdSettings> {
    const KNOWN: [&str; 10] = [
        "type",
        "ces_or_bmr",
        "conf_level",
        "aic_margin",
        "quantal",
        "dose",
        "response",
        "number",
        "deviation",
        "covariate",
    ];
    let given: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text)?;
    if let Some(unknown) = given.keys().find(|k| !KNOWN.contains(&k.as_str())) {
        anyhow::bail!(
            "“{unknown}”不是设置项，可用：{0} / {unknown:?} is no setting; known: {0}",
            KNOWN.join(", ")
        );
    }
    Ok(serde_json::from_value(given.into())?)
}

/// `shian risk bmd`
pub(super) fn bmd(args: &BmdArgs) -> Outcome {
    let (Some(manifest), Some(folder)) = (&args.manifest, &args.out) else {
        let file = args.file.as_ref().context("the data are missing")?;
        let settings = match &args.settings {
            Some(path) => bmd_settings(&read(path)?)
                .with_context(|| format!("{}: settings of a benchmark dose", path.display()))?,
            None => serde_json::from_value(json!({}))?,
        };
        return answer(args.out.as_deref(), &bmd_of(&table(file)?, settings, args)?);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let sets = table(manifest)?;
    sets.require(&["set", "type"])?;
    for row in sets.rows() {
        let set = row.word("set")?;
        let number = |column: &str, other: f64| row.optional(column).map(|v| v.unwrap_or(other));
        let settings = BmdSettings {
            kind: Some(row.word("type")?.to_owned()),
            ces_or_bmr: Some(number("ces_or_bmr", 0.1)?),
            conf_level: number("conf_level", 0.9)?,
            aic_margin: number("aic_margin", 2.0)?,
            columns: dose::Columns::default(),
        };
        out::progress(set);
        let data = table(&manifest.with_file_name(format!("{set}_data.csv")))?;
        let text = bmd_of(&data, settings, args).with_context(|| set.to_owned())?;
        write(&folder.join(format!("{set}_bmd.csv")), &text)?;
        out::progress("");
        out::json(&json!({"set": set, "done": true}));
    }
    Ok(true)
}

/// `shian risk growth`
pub(super) fn growth(args: &GrowthArgs) -> Outcome {
    let history = growth::history(&table(&args.file)?)?;
    let model: growth::Model = serde_json::from_slice(&read(&args.model)?)
        .with_context(|| format!("{}: a growth model", args.model.display()))?;
    let path = growth::predict(&model, &history, args.draws, args.seed)?;
    out::json(
        &json!({"model": model, "draws": args.draws, "seed": args.seed, "end": path.last(), "path": path}),
    );
    Ok(true)
}

/// `shian risk mkt`
pub(super) fn mkt(file: &Path, enthalpy: f64) -> Outcome {
    let history = growth::history(&table(file)?)?;
    let hours: f64 = history.iter().map(|s| s.hours).sum();
    let mean = history.iter().map(|s| s.hours * s.temperature).sum::<f64>() / hours;
    out::json(&json!({
        "meanKineticTemperature": growth::mean_kinetic(&history, enthalpy)?,
        "arithmeticMean": mean,
        "hours": hours,
        "enthalpy": enthalpy,
    }));
    Ok(true)
}
