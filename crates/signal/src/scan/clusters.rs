//! From windows to clusters: the best of every centre, and which of them are reported.

use super::engine::Found;
use super::exact;
use super::inference::{Inference, Method, Subject, observed_cases};
use super::input::Panel;
use super::places::{distance, reach};
use super::settings::{Criterion, Settings};
use base::Date;
use serde::Serialize;

/// An ellipse around the centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Axes {
    /// Half the short axis, units of the coordinates.
    pub minor: f64,
    /// Half the long axis.
    pub major: f64,
    /// Angle of the long axis against the x axis, degrees.
    pub angle: f64,
    /// Long axis over short.
    pub shape: f64,
}

/// Means and variance of a normal cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean inside; weighted when weights are given.
    pub mean_in: f64,
    /// Mean outside.
    pub mean_out: f64,
    /// Variance about the two means.
    pub variance: f64,
}

/// A reported cluster.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cluster {
    /// Identifier of the centre, `All` when time alone is scanned.
    pub centre: String,
    /// Identifiers of the places in order of distance.
    pub places: Vec<String>,
    /// Radius: distance from the centre to the farthest place, kilometres or units of the coordinates.
    pub radius: f64,
    /// Greatest distance between two places of the cluster.
    pub span: f64,
    /// The ellipse, when ellipses are scanned.
    pub ellipse: Option<Axes>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Log-likelihood ratio, times the compactness penalty of an ellipse.
    pub ratio: f64,
    /// p-value; absent without replicates.
    pub p_value: Option<f64>,
    /// How the p-value was made.
    pub method: Option<Method>,
    /// Days in which a signal as strong is expected once by chance (prospective runs).
    pub recurrence_days: Option<f64>,
    /// Cases.
    pub observed: u32,
    /// Expected cases; absent for values.
    pub expected: Option<f64>,
    /// Observed over expected inside, divided by the same outside; infinite when all cases are inside.
    pub relative_risk: Option<f64>,
    /// Population (average over the study), or cases and controls.
    pub population: Option<f64>,
    /// Means and variance (normal model).
    pub spread: Option<Spread>,
}

/// A window that is reported, with its members.
pub(crate) struct Chosen {
    pub(crate) found: Found,
    pub(crate) centre: usize,
    pub(crate) members: Vec<u32>,
    pub(crate) p: Option<(f64, Method)>,
}

/// Ratios that are equal but for rounding compare equal.
#[expect(clippy::cast_possible_truncation, reason = "ratios are far below 2⁶³ billionths")]
fn rounded(value: f64) -> i64 {
    (value * 1e9).round() as i64
}

/// The clusters to report: of every centre the best window and then the best that share no time with a better one; among
/// these the criterion of the settings; none that every replicate reaches, except the first. `drawn` is what replicates were scanned as.
pub(crate) fn select(
    subject: &Subject<'_>,
    drawn: &Subject<'_>,
    panel: &Panel,
    settings: &Settings,
    result: &Inference,
) -> Vec<Chosen> {
    let cut = result.cut();
    let families = match subject {
        Subject::Counts(engine) => engine.families,
        Subject::Values(values) => values.families,
    };
    let mut by_centre: Vec<Vec<Found>> = vec![Vec::new(); panel.places.len() + 1];
    let mut keep = |found: &Found| {
        if found.value >= cut * (1.0 - 1e-9) && found.value > 0.0 {
            by_centre[families[found.family].centre as usize].push(*found);
        }
    };
    match subject {
        Subject::Counts(engine) => {
            engine.plain(
                &observed_cases(engine, panel),
                &engine.level((cut * (1.0 - 1e-9)).max(1e-9)),
                &mut keep,
            );
        }
        Subject::Values(values) => values.windows(&values.observed(), &mut keep),
    }
    let order = |a: &Found, b: &Found| {
        rounded(b.value)
            .cmp(&rounded(a.value))
            .then(families[a.family].centre.cmp(&families[b.family].centre))
            .then(a.family.cmp(&b.family))
            .then(a.size.cmp(&b.size))
            .then((a.to - a.from).cmp(&(b.to - b.from)))
            .then(a.from.cmp(&b.from))
    };
    let mut candidates: Vec<Found> = Vec::new();
    for list in &mut by_centre {
        list.sort_unstable_by(order);
        let mut kept: Vec<Found> = Vec::new();
        for found in list.iter() {
            if kept.iter().all(|k| found.to <= k.from || k.to <= found.from) {
                kept.push(*found);
            }
        }
        candidates.append(&mut kept);
    }
    candidates.sort_unstable_by(order);
    let mut chosen: Vec<Chosen> = Vec::new();
    for found in candidates {
        if !chosen.is_empty() && result.hopeless(found.value) {
            break;
        }
        let family = &families[found.family];
        let mut members = family.order[..found.size].to_vec();
        let centre = family.centre as usize;
        let reported = members.clone();
        members.sort_unstable();
        let clash = chosen.iter().enumerate().any(|(rank, other)| {
            let in_time = found.from < other.found.to && other.found.from < found.to;
            let here =
                |p: usize, list: &[u32]| p == panel.places.len() || list.contains(&super::places::index(p));
            let mine_in_other = here(centre, &other.members);
            let other_in_mine = members.binary_search(&super::places::index(other.centre)).is_ok()
                || other.centre == panel.places.len();
            in_time
                && match settings.criterion {
                    Criterion::NoOverlap => other.members.iter().any(|p| members.binary_search(p).is_ok()),
                    Criterion::NoCentresInOther => mine_in_other || other_in_mine,
                    Criterion::NoCentresInMostLikely => rank == 0 && mine_in_other,
                    Criterion::NoCentresInLessLikely => other_in_mine,
                    Criterion::NoPairsOfCentres => mine_in_other && other_in_mine,
                    Criterion::All => false,
                }
        });
        if !clash {
            let p = result.p_value(found.value, settings, || match (subject, drawn) {
                (Subject::Counts(here), Subject::Counts(all)) => {
                    exact::limits(&found, here, all, panel, settings)
                }
                _ => None,
            });
            chosen.push(Chosen { found, centre, members: reported, p });
        }
    }
    chosen
}

/// Radius (or ellipse) and span of a cluster.
pub(crate) fn extent(
    chosen: &Chosen,
    subject: &Subject<'_>,
    panel: &Panel,
    settings: &Settings,
) -> (f64, f64, Option<Axes>) {
    if chosen.centre >= panel.places.len() {
        return (0.0, 0.0, None);
    }
    let (families, outlines) = match subject {
        Subject::Counts(e) => (e.families, e.outlines),
        Subject::Values(v) => (v.families, v.outlines),
    };
    let outline = outlines[families[chosen.found.family].outline as usize];
    let centre = &panel.places[chosen.centre];
    let member = |i: &u32| &panel.places[*i as usize];
    let far = chosen
        .members
        .iter()
        .map(|i| reach(centre, member(i), outline, settings.geographic))
        .fold(0.0, f64::max);
    let span = chosen
        .members
        .iter()
        .enumerate()
        .flat_map(|(k, i)| chosen.members[..k].iter().map(move |j| (i, j)))
        .map(|(i, j)| distance(member(i), member(j), settings.geographic))
        .fold(0.0, f64::max);
    let axes = (!settings.ellipses.is_empty()).then(|| Axes {
        minor: far / outline.shape,
        major: far,
        angle: outline.angle.to_degrees(),
        shape: outline.shape,
    });
    (far, span, axes)
}
