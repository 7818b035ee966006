//! `shian signal watch | study`: the province's watch on files, and what its methods are worth.

use super::{Outcome, read};
use crate::cli::SignalWatchArgs;
use crate::out;
use anyhow::Context as _;
use base::{Date, HeadingError};
use jiff::Span;
use serde_json::json;
use signal::table::Table;
use signal::watch::input::{self, Truth};
use signal::watch::{
    Neighbours, Plan, Signal, Step, Stream, bounds, night, rate, signals, study as trial, wilson,
};
use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::Path;

/// Days after the end of an outbreak in which a signal still counts as its detection.
const AFTER: i64 = 7;

fn table(path: &Path) -> anyhow::Result<Table> {
    let text =
        String::from_utf8(read(path)?).with_context(|| format!("{} is no UTF-8 text", path.display()))?;
    Ok(Table::parse(&path.display().to_string(), &text)?)
}

fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

fn plan(path: Option<&Path>) -> anyhow::Result<Plan> {
    let Some(path) = path else { return Ok(Plan::builtin()) };
    let text =
        String::from_utf8(read(path)?).with_context(|| format!("{} is no UTF-8 text", path.display()))?;
    Plan::parse(&text).with_context(|| path.display().to_string())
}

/// `shian signal watch`: exit 0 with and without signals; they are the answer.
pub(super) fn run(args: &SignalWatchArgs) -> Outcome {
    let plan = plan(args.settings.as_deref())?;
    let name = args.input.display().to_string();
    let streams = input::read(&name, &table(&args.input)?)?;
    let truths = match &args.truth {
        Some(path) => input::truth(&path.display().to_string(), &table(path)?)?,
        None => Vec::new(),
    };
    let neighbours = match &args.neighbours {
        Some(path) => Neighbours::read(&path.display().to_string(), &table(path)?)?,
        None => Neighbours::gansu(),
    };
    let detectors = plan.detectors();
    let (Some(last), step) =
        (streams.first().map(Stream::last), streams.first().map_or(Step::Day, |s| s.step))
    else {
        return Err(HeadingError::NoRows { file: name }.into());
    };
    let first = args.from.or_else(|| truths.iter().map(|t| t.first).min()).unwrap_or(last).min(last);
    let nights = nights(first, last, step);
    let terminal = std::io::stderr().is_terminal();
    let (mut alarms, mut verdicts, mut undecided) = (Vec::new(), 0, 0);
    for (i, day) in nights.iter().enumerate() {
        if terminal && nights.len() > 1 {
            out::progress(&format!("{day} {}/{}", i + 1, nights.len()));
        }
        let cut: Vec<Stream> = streams.iter().filter_map(|s| s.until(*day)).collect();
        let done = night(&cut, &detectors, None, threads(args.threads));
        let mut raised = rate::raise(&done.verdicts, plan.control, plan.rate, |m| plan.least(m));
        bounds(&mut raised, &cut, &detectors);
        (verdicts, undecided) = (verdicts + done.verdicts.len(), undecided + done.undecided);
        alarms.extend(raised);
    }
    if terminal {
        out::progress("");
    }
    let found = signals(&alarms, &plan, |a, b| neighbours.near(a, b));
    for signal in &found {
        out::json(&json!(signal));
    }
    let mut figures = json!({
        "series": streams.len(), "nights": nights.len(), "first": first, "last": last, "verdicts": verdicts,
        "undecided": undecided, "alarms": alarms.len(), "signals": found.len(), "rate": plan.rate,
    });
    if args.truth.is_some() {
        figures["truth"] = against(&found, &truths, streams.len(), nights.len() * step.days());
    }
    out::json(&figures);
    Ok(true)
}

/// The days judged: every period's last day from the one that holds `first`.
fn nights(first: Date, last: Date, step: Step) -> Vec<Date> {
    let days = i64::try_from(step.days()).unwrap_or(1);
    let mut out = vec![last];
    while let Some(before) = out.last().and_then(|d| d.checked_sub(Span::new().days(days)).ok())
        && before >= first
    {
        out.push(before);
    }
    out.reverse();
    out
}

/// Outbreaks found, after how many days, and signals that touch none.
#[expect(clippy::cast_precision_loss, reason = "numbers of series and days")]
fn against(found: &[Signal], truths: &[Truth], series: usize, days: usize) -> serde_json::Value {
    let mut right = BTreeSet::new();
    let mut delays = Vec::new();
    for truth in truths {
        let end = truth.last.checked_add(Span::new().days(AFTER)).unwrap_or(truth.last);
        let first = found
            .iter()
            .enumerate()
            .filter(|(_, s)| s.hazard == truth.hazard)
            .flat_map(|(i, s)| s.alarms.iter().map(move |a| (i, &a.verdict)))
            .filter(|(_, v)| v.place == truth.place && v.to >= truth.first && v.to <= end)
            .inspect(|(i, _)| {
                right.insert(*i);
            })
            .map(|(_, v)| v.to)
            .min();
        if let Some(day) = first {
            delays.push(f64::from(day.since(truth.first).map_or(0, |s| s.get_days())));
        }
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let years = series as f64 * days as f64 / 365.25;
    let wrong = found.len() - right.len();
    json!({
        "outbreaks": truths.len(),
        "found": delays.len(),
        "sensitivity": delays.len() as f64 / truths.len().max(1) as f64,
        "interval": wilson(count(delays.len()), count(truths.len())),
        "mean_days": (!delays.is_empty()).then(|| delays.iter().sum::<f64>() / delays.len() as f64),
        "false_signals": wrong,
        "false_signals_a_series_year": wrong as f64 / years.max(1e-9),
    })
}

/// `shian signal study`
pub(super) fn study(seed: u64, series: usize, dir: &Path) -> Outcome {
    let terminal = std::io::stderr().is_terminal();
    let each = |done: usize| {
        if terminal && done.is_multiple_of(20) {
            out::progress(&format!("{done}/{series}"));
        }
    };
    let study = trial::run(seed, series, &Plan::builtin(), threads(None), each);
    if terminal {
        out::progress("");
    }
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be created", dir.display()))?;
    for (name, text) in [("watch-study.csv", study.csv()), ("watch-study.svg", study.svg())] {
        let path = dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    for row in &study.rows {
        out::json(&serde_json::to_value(row)?);
    }
    Ok(true)
}
