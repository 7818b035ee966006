//! Kulldorff's scan statistic: is there a place, a time, or a place at a time with more (or fewer) cases than chance would
//! put there?
//!
//! Windows of every size around every centre, every interval of time; the window with the greatest log-likelihood ratio;
//! its p-value from random replicates scanned the same way. Purely spatial, purely temporal, space–time retrospective and
//! prospective; discrete Poisson (covariates by indirect standardisation), Bernoulli, space–time permutation (strata),
//! ordinal, multinomial, normal (weighted or not); circles and ellipses. Settings carry SaTScan's names and codes, and
//! the tables of the result its file layout, so that runs can be compared line by line.
//!
//! Sources: Kulldorff, Commun. Statist. Theory Meth. 26:1481 (1997); Kulldorff, JRSS A 164:61 (2001, prospective);
//! Kulldorff et al., PLoS Med. 2:e59 (2005, permutation); Kulldorff et al., Stat. Med. 25:3929 (2006, ellipses); Abrams,
//! Kulldorff, Kleinman, Int. J. Health Geogr. 9:61 (2010, Gumbel); Besag, Clifford, Biometrika 78:301 (1991, sequential).

mod adjust;
mod again;
mod calendar;
mod clusters;
mod engine;
mod exact;
mod inference;
mod input;
mod keys;
mod law;
mod output;
mod places;
mod population;
mod replicates;
mod settings;
mod values;

pub use clusters::{Axes, Cluster, Spread};
pub use inference::Method;
pub use input::Files;
pub use output::Summary;
pub use places::Place;
pub use settings::{
    Again, Analysis, Areas, Criterion, Longest, Model, PValues, Places, Settings, Trend, Unit,
};

use crate::table::{Problem, Table};
use engine::{Engine, Frame};
use input::Panel;
use law::{Law, Sides};
use places::Family;

/// How a run is carried out; nothing here changes a result.
pub struct Run<'a> {
    /// Threads, at least 1.
    pub threads: usize,
    /// Told after every wave of replicates how many of how many are done; `false` stops the run.
    pub progress: &'a (dyn Fn(u32, u32) -> bool + Sync),
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { threads: 1, progress: &|_, _| true }
    }
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The run in figures.
    pub summary: Summary,
    /// Clusters, most likely first.
    pub clusters: Vec<Cluster>,
    /// The greatest ratio of each replicate, in order.
    pub simulated: Vec<f64>,
    /// The files of the run by name (`clusters.csv`, …), in SaTScan's layout.
    pub tables: Vec<(String, Table)>,
}

/// Scans.
///
/// # Errors
/// Input that is missing, unreadable or too small (the message names file, line and column), or a run that was stopped.
pub fn scan(settings: &Settings, files: &Files, run: &Run<'_>) -> Result<Report, Problem> {
    match settings.again {
        Some(rule) => again::scan(settings, rule, files, run),
        None => once(settings, files, run),
    }
}

/// One scan.
fn once(settings: &Settings, files: &Files, run: &Run<'_>) -> Result<Report, Problem> {
    let panel = input::read(files, settings)?;
    let outlines = places::outlines(settings);
    let families = families(settings, files, &panel, &outlines)?;
    if families.is_empty() {
        return Err(Problem::new(
            "没有任何窗口：每个地点单独已超过最大空间规模，请增大 MaxSpatialSizeInPopulationAtRisk",
            "no window is allowed: every place alone exceeds the maximum; raise MaxSpatialSizeInPopulationAtRisk",
        ));
    }
    let subject = |frame: Frame| match settings.model {
        Model::Poisson | Model::Bernoulli | Model::Permutation => {
            let law = match settings.model {
                Model::Bernoulli => Law::bernoulli(panel.cases.iter().sum(), panel.measure.iter().sum()),
                _ => Law::poisson(panel.cases.iter().sum()),
            };
            let sides = Sides {
                high: settings.areas.high(),
                low: settings.areas.low(),
                min_high: settings.min_high,
                min_low: settings.min_low,
            };
            let engine = Engine {
                law,
                frame,
                families: &families,
                outlines: &outlines,
                sides,
                risk: (settings.risk_high, settings.risk_low),
                before: measures(&panel, frame),
                places: panel.places.len(),
            };
            inference::Subject::Counts(Box::new(engine))
        }
        _ => inference::Subject::Values(values::Values::new(&panel, settings, frame, &families, &outlines)),
    };
    let (now, since) = (frame(settings, &panel, false), frame(settings, &panel, true));
    let alive = subject(now);
    let repeated = (since != now).then(|| subject(since));
    let drawn = repeated.as_ref().unwrap_or(&alive);
    let result = inference::infer(&alive, drawn, &panel, settings, run)?;
    let found = clusters::select(&alive, drawn, &panel, settings, &result);
    Ok(output::report(&alive, &panel, settings, found, result))
}

/// The number of a day written `2023/1/2` or `2023-01-02` (also `2023/1`, `2023`), counted from 1970-01-01.
#[must_use]
pub fn day(text: &str) -> Option<i64> {
    calendar::date(text, false).map(calendar::ordinal)
}

/// The intervals that make windows; with `earlier` also those of the analyses since surveillance began.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number of intervals"
)]
fn frame(settings: &Settings, panel: &Panel, earlier: bool) -> Frame {
    let t = panel.intervals;
    if t == 1 {
        return Frame { first: 0, columns: 1, end_from: 1, shortest: 1, longest: 1, whole: false };
    }
    let longest = match settings.longest {
        Longest::Percent(p) => (t as f64 * p / 100.0 + 1e-9) as usize,
        Longest::Units(u) => (u / f64::from(settings.length) + 1e-9) as usize,
    };
    let longest = longest.clamp(1, t);
    let shortest = (settings.shortest.div_ceil(settings.length) as usize).min(longest);
    let end_from = if settings.analysis.alive() {
        if earlier { t + 1 - panel.analyses(settings) } else { t }
    } else {
        shortest
    };
    let whole = settings.include_spatial;
    let first = if whole { 0 } else { end_from.saturating_sub(longest) };
    Frame { first, columns: t - first, end_from: end_from - first, shortest, longest, whole }
}

/// The windows of the run: circles and ellipses by size at risk, or everything when time alone is scanned.
fn families(
    settings: &Settings,
    files: &Files,
    panel: &Panel,
    outlines: &[places::Outline],
) -> Result<Vec<Family>, Problem> {
    let n = panel.places.len();
    let everywhere = Family {
        centre: places::index(n),
        outline: 0,
        order: (0..n).map(places::index).collect(),
        whole: (1..=n).map(|k| k == n).collect(),
    };
    if settings.analysis.time_only() {
        return Ok(vec![everywhere]);
    }
    let weight: Vec<f64> = if !panel.at_risk.is_empty() {
        panel.at_risk.clone()
    } else if panel.measure.is_empty() {
        panel.cases.chunks(panel.intervals).map(|c| c.iter().map(|n| f64::from(*n)).sum()).collect()
    } else {
        panel.measure.chunks(panel.intervals).map(|m| m.iter().sum()).collect()
    };
    let share = |weight: Vec<f64>, percent: f64| {
        let limit = weight.iter().sum::<f64>() * percent / 100.0;
        (weight, limit)
    };
    let mut limits = vec![share(weight, settings.max_population)];
    if let Some(percent) = settings.max_circle {
        limits.push(share(input::circle_weights(files, &panel.places)?, percent));
    }
    let mut all = places::families(&panel.places, &limits, settings, outlines);
    if settings.include_temporal && panel.intervals > 1 {
        all.push(everywhere);
    }
    Ok(all)
}

/// The measure before each column of the frame, by place.
fn measures(panel: &Panel, frame: Frame) -> Vec<f64> {
    let (n, t) = (panel.places.len(), panel.intervals);
    let cells = if panel.measure.is_empty() { permutation_measure(panel) } else { panel.measure.clone() };
    let mut before = Vec::with_capacity(n * (frame.columns + 1));
    for place in 0..n {
        let mut sum = 0.0;
        before.push(sum);
        for m in &cells[place * t + frame.first..place * t + frame.first + frame.columns] {
            sum += m;
            before.push(sum);
        }
    }
    before
}

/// Expected cases of a cell under independence of place and time: cases of the place times cases of the interval over
/// all cases, summed over the strata.
fn permutation_measure(panel: &Panel) -> Vec<f64> {
    let (n, t) = (panel.places.len(), panel.intervals);
    let mut cells = vec![0.0; n * t];
    for stratum in &panel.strata {
        let (mut by_place, mut by_time) = (vec![0.0; n], vec![0.0; t]);
        for &(place, interval) in stratum {
            by_place[place as usize] += 1.0;
            by_time[interval as usize] += 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "cases below 2³²")]
        let all = stratum.len() as f64;
        for (place, x) in by_place.iter().enumerate().filter(|(_, x)| **x > 0.0) {
            for (cell, y) in cells[place * t..(place + 1) * t].iter_mut().zip(&by_time) {
                *cell += x * y / all;
            }
        }
    }
    cells
}
