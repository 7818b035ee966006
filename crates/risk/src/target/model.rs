//! The model: offset, trees and ridge; its proof on earlier windows; calibration and reasons.

use super::Error;
use super::features::{Habits, Matrix, expected, features, habits};
use super::hands::Hands;
use super::measure::{Judged, Reliability, Worth, reliability, worth};
use super::ridge::Ridge;
use super::roles::{Named, Roles};
use super::trees::{Bins, Forest, Growth, logistic};
use super::visits::{Visit, Visits};
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Columns named by the caller.
    pub named: Named,
    /// Seed of everything random.
    pub seed: u64,
    /// Windows of the past to prove the model on.
    pub windows: u32,
    /// Days of a window when the visits to score have no days of their own yet (a list of candidates); absent: from the
    /// first to the last day to score.
    pub horizon: Option<i32>,
    /// Resamples for intervals.
    pub resamples: u32,
    /// How trees are grown.
    pub growth: Growth,
    /// Forests averaged.
    pub forests: u32,
    /// Weight of the trees against the ridge, 0 to 1.
    pub share_of_trees: f64,
    /// Penalty of the ridge.
    pub penalty: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            named: Named::default(),
            seed: 1,
            windows: 5,
            horizon: None,
            resamples: 400,
            growth: Growth::default(),
            forests: 4,
            share_of_trees: 0.5,
            penalty: 600.0,
        }
    }
}

/// A scored visit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    /// Its id.
    pub id: String,
    /// Calibrated chance that an inspector of mean strictness finds something.
    pub chance: f64,
    /// What moved the log-odds most, largest first: feature, its value, by how much.
    pub reasons: Vec<(String, f64, f64)>,
}

/// A window of the past the model was proven on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// First day, days since 1970.
    pub from: i32,
    /// Last day.
    pub to: i32,
    /// Scored without the inspector: usable for planning.
    pub averaged: Worth,
    /// The same with the inspector who came: for comparison with published figures only.
    pub with_inspector: Worth,
}

/// How a group fares under the score, over the windows of the proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fair {
    /// Column.
    pub column: String,
    /// Group.
    pub group: String,
    /// Visits.
    pub visits: usize,
    /// Mean chance stated.
    pub stated: f64,
    /// Share found.
    pub found: f64,
    /// Share of the visits that lie in the better half of their window's order.
    pub selected: f64,
    /// Share found among those selected.
    pub found_of_selected: f64,
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Columns as used.
    pub roles: Roles,
    /// Visits learnt from, and of these from the history alone.
    pub learnt_from: (usize, usize),
    /// Names of the features.
    pub features: Vec<String>,
    /// The windows of the proof, oldest first.
    pub windows: Vec<Window>,
    /// Stated chance against share found over all windows.
    pub reliability: Vec<Reliability>,
    /// How groups fare: kinds of places and the inspectors' own groups.
    pub fairness: Vec<Fair>,
    /// The scored visits in the order of their table.
    pub scores: Vec<Scored>,
}

/// A fitted model.
struct Model {
    forests: Vec<Forest>,
    ridge: Ridge,
    share: f64,
}

impl Model {
    fn score(&self, row: &[f64]) -> f64 {
        let trees = self.forests.iter().map(|f| f.score(row)).sum::<f64>() / self.forests.len().max(1) as f64;
        self.share * trees + (1.0 - self.share) * self.ridge.score(row)
    }

    /// The features that moved a row most, at most five, with their values.
    fn reasons(&self, table: &Matrix, row: &[f64]) -> Vec<(String, f64, f64)> {
        let mut moved: Vec<f64> = self.ridge.parts(row).map(|p| (1.0 - self.share) * p).collect();
        for forest in &self.forests {
            let weight = self.share / self.forests.len() as f64;
            for (m, part) in moved.iter_mut().zip(forest.reasons(row).1) {
                *m += weight * part;
            }
        }
        let mut order: Vec<usize> = (0..moved.len()).collect();
        order.sort_by(|a, b| moved[*b].abs().total_cmp(&moved[*a].abs()).then(a.cmp(b)));
        let named = |i: usize| (table.features[i].name.clone(), row[i], moved[i]);
        order.into_iter().take(5).filter(|i| moved[*i].abs() > 0.005).map(named).collect()
    }
}

/// The part of the log-odds that is nobody's record: inspector, slow trend and season.
struct Offset {
    inspectors: Vec<f64>,
    season: Ridge,
}

fn waves(day: i32) -> Vec<f64> {
    let turn = std::f64::consts::TAU * f64::from(day) / 365.25;
    vec![turn.sin(), turn.cos(), (2.0 * turn).sin(), (2.0 * turn).cos(), f64::from(day) / 365.25]
}

impl Offset {
    fn fit(past: &[&Visit], habits: &[Habits], hands: &Hands<'_>) -> Self {
        let waves: Vec<Vec<f64>> = past.iter().map(|v| waves(v.day)).collect();
        let columns: Vec<Vec<f64>> = (0..5).map(|j| waves.iter().map(|w| w[j]).collect()).collect();
        let outcome: Vec<f64> = past.iter().map(|v| f64::from(u8::from(v.found == Some(true)))).collect();
        let own: Vec<f64> = past.iter().map(|v| log_odds(&expected(habits, hands, v))).collect();
        let season = Ridge::fit(&columns, &outcome, &own, &vec![1.0; past.len()], 5.0);
        Self { inspectors: habits.iter().map(log_odds).collect(), season }
    }

    fn of(&self, visit: &Visit, by: &Habits) -> f64 {
        log_odds(by) + self.season.score(&waves(visit.day))
    }
}

fn log_odds(habits: &Habits) -> f64 {
    let p = habits.chance.clamp(1e-4, 0.9999);
    (p / (1.0 - p)).ln()
}

fn inspector(chances: &[f64], visit: &Visit) -> f64 {
    let last = chances.len() - 1;
    chances[visit.inspector.map_or(last, |i| (i as usize).min(last))]
}

/// Scores for a window from what was known before its first day.
struct Prepared {
    wanted: Matrix,
    model: Model,
    offset: Offset,
}

/// Learns from all visits before `start` and works out the features of `wanted` as of that day.
fn prepare(visits: &Visits, roles: &Roles, wanted: &[&Visit], start: i32, options: &Options) -> Prepared {
    // windows as long as the one to score end at its first day, so that visits to learn from were as far from what was known
    let last = wanted.iter().map(|v| v.day).max().unwrap_or(start);
    let length = options.horizon.unwrap_or(last - start + 1).clamp(7, 92);
    let known: Vec<&Visit> = visits.past.iter().filter(|v| v.day < start).collect();
    let habits = habits(&known, visits.inspectors.len(), roles.results.len());
    let hands = Hands::of(&known, visits.inspectors.len());
    // visits known from the history alone teach too when the place is known from the table
    let places: BTreeSet<u32> = known.iter().filter(|v| v.tabled).map(|v| v.place).collect();
    let learn: Vec<&Visit> =
        known.iter().filter(|v| v.tabled || places.contains(&v.place)).copied().collect();
    // where nothing is on record of the last days before the window, visits to learn from do without theirs as well
    let silent = known.last().map_or(0, |v| start - 1 - v.day);
    let mut all: Vec<(&Visit, i32)> =
        learn.iter().map(|v| (*v, start - silent - ((start - 1 - v.day) / length + 1) * length)).collect();
    all.extend(wanted.iter().map(|v| (*v, start - silent)));
    let table = features(visits, roles, &all, &habits, &hands);
    let part = |from: usize, to: usize| Matrix {
        features: table.features.clone(),
        columns: table.columns.iter().map(|c| c[from..to].to_vec()).collect(),
    };
    let (train, wanted) = (part(0, learn.len()), part(learn.len(), all.len()));
    let offset = Offset::fit(&known, &habits, &hands);
    let outcome: Vec<f64> = learn.iter().map(|v| f64::from(u8::from(v.found == Some(true)))).collect();
    let before: Vec<f64> = learn.iter().map(|v| offset.of(v, &expected(&habits, &hands, v))).collect();
    let counts = vec![1.0; learn.len()];
    let monotone: Vec<i8> = train.features.iter().map(|f| f.monotone).collect();
    let bins = Bins::cut(&train.columns, 48);
    let forests = (0..options.forests)
        .map(|k| {
            let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(k));
            Forest::grow(&bins, &outcome, &before, &counts, &monotone, options.growth, seed)
        })
        .collect();
    let ridge = Ridge::fit_monotone(&train.columns, &outcome, &before, &counts, options.penalty, &monotone);
    Prepared { wanted, model: Model { forests, ridge, share: options.share_of_trees }, offset }
}

/// Learns, proves, calibrates and scores.
///
/// # Errors
/// Tables that cannot be used; see [`Error`].
pub fn run(
    train: &Table,
    history: Option<&Table>,
    score: &Table,
    options: &Options,
) -> Result<Outcome, Error> {
    let roles = Roles::find(train, score, &options.named)?;
    let visits = Visits::read(train, history, score, &options.named, &roles)?;
    let windows = prove(&visits, &roles, options);
    let calibration = calibrate(&windows);
    let stated = |log_odds: f64| logistic(calibration.as_ref().map_or(log_odds, |c| c.score(&[log_odds])));
    let checks: Vec<(f64, bool)> =
        windows.iter().flat_map(|w| &w.averaged).map(|j| (stated(j.score), j.found)).collect();
    let fairness = fairness(&visits, &roles, &windows, &stated);
    let shown = windows
        .iter()
        .filter_map(|w| {
            Some(Window {
                from: w.from,
                to: w.to,
                averaged: worth(&w.averaged, options.resamples, options.seed)?,
                with_inspector: worth(&w.with_inspector, options.resamples, options.seed)?,
            })
        })
        .collect();
    let start = visits.score.iter().map(|v| v.day).min().unwrap_or_default();
    let wanted: Vec<&Visit> = visits.score.iter().collect();
    let ready = prepare(&visits, &roles, &wanted, start, options);
    let scores = (0..wanted.len())
        .map(|i| {
            let row = ready.wanted.row(i);
            let reasons = ready.model.reasons(&ready.wanted, &row);
            Scored { id: wanted[i].id.clone(), chance: stated(ready.model.score(&row)), reasons }
        })
        .collect();
    Ok(Outcome {
        roles,
        learnt_from: (visits.past.len(), visits.history_only),
        features: ready.wanted.features.iter().map(|f| f.name.clone()).collect(),
        windows: shown,
        reliability: reliability(&checks, 10),
        fairness,
        scores,
    })
}

/// Intercept and slope that make the log-odds of the windows say what was found there; `None` without windows.
fn calibrate(windows: &[Checked<'_>]) -> Option<Ridge> {
    let all: Vec<&Judged> = windows.iter().flat_map(|w| &w.averaged).collect();
    if all.is_empty() {
        return None;
    }
    let scores: Vec<f64> = all.iter().map(|j| j.score).collect();
    let outcome: Vec<f64> = all.iter().map(|j| f64::from(u8::from(j.found))).collect();
    Some(Ridge::fit(&[scores], &outcome, &vec![0.0; all.len()], &vec![1.0; all.len()], 1.0))
}

fn fairness(
    visits: &Visits,
    roles: &Roles,
    windows: &[Checked<'_>],
    stated: &impl Fn(f64) -> f64,
) -> Vec<Fair> {
    // (chance, found, selected) of every visit of the windows
    let mut rows: Vec<(&Visit, f64, bool, bool)> = Vec::new();
    for w in windows {
        let mut order: Vec<usize> = (0..w.visits.len()).collect();
        order.sort_by(|a, b| w.averaged[*b].score.total_cmp(&w.averaged[*a].score));
        let chosen: BTreeSet<usize> = order[..w.visits.len() / 2].iter().copied().collect();
        for (i, v) in w.visits.iter().enumerate() {
            rows.push((v, stated(w.averaged[i].score), w.averaged[i].found, chosen.contains(&i)));
        }
    }
    let mut out = Vec::new();
    let mut group = |column: &str, name: &str, member: &dyn Fn(&Visit) -> bool| {
        let part: Vec<_> = rows.iter().filter(|r| member(r.0)).collect();
        let (n, chosen) = (part.len() as f64, part.iter().filter(|r| r.3).count() as f64);
        if part.len() >= 20 {
            out.push(Fair {
                column: column.to_owned(),
                group: name.to_owned(),
                visits: part.len(),
                stated: part.iter().map(|r| r.1).sum::<f64>() / n,
                found: part.iter().filter(|r| r.2).count() as f64 / n,
                selected: chosen / n,
                found_of_selected: part.iter().filter(|r| r.2 && r.3).count() as f64 / chosen.max(1.0),
            });
        }
    };
    for (c, column) in roles.texts.iter().enumerate().filter(|(c, _)| visits.spellings[*c].len() <= 60) {
        for (k, name) in visits.spellings[c].iter().enumerate() {
            group(column, name, &|v| v.texts[c].is_some_and(|t| t as usize == k));
        }
    }
    for (k, name) in visits.inspectors.iter().enumerate() {
        let column = roles.inspector.as_deref().unwrap_or_default();
        group(column, name, &|v| v.inspector.is_some_and(|i| i as usize == k));
    }
    out
}

/// A window of the past with its scores.
struct Checked<'a> {
    from: i32,
    to: i32,
    visits: Vec<&'a Visit>,
    averaged: Vec<Judged>,
    with_inspector: Vec<Judged>,
}

/// The model on windows of the past, each learnt only from what came before.
fn prove<'a>(visits: &'a Visits, roles: &Roles, options: &Options) -> Vec<Checked<'a>> {
    let table: Vec<&Visit> = visits.past.iter().filter(|v| v.tabled).collect();
    let (Some(first), Some(last)) = (table.first().map(|v| v.day), table.last().map(|v| v.day)) else {
        return Vec::new();
    };
    // windows as long as the one to score; at least half of the time is left to learn from
    let open = visits.score.iter().map(|v| v.day);
    let span = open.clone().max().unwrap_or(0) - open.min().unwrap_or(0) + 1;
    let length = options.horizon.unwrap_or(span).clamp(14, 92);
    let most = ((last - first) / 2 / length)
        .min((last - first - visits.lag()) / length - 1)
        .min(i32::try_from(options.windows).unwrap_or(0));
    let mut out = Vec::new();
    for k in (0..most).rev() {
        let (from, to) = (last - (k + 1) * length + 1, last - k * length);
        let wanted: Vec<&Visit> = table.iter().filter(|v| (from..=to).contains(&v.day)).copied().collect();
        let ready = prepare(&visits.as_known_before(from), roles, &wanted, from, options);
        let judge = |with: bool| -> Vec<Judged> {
            let one = |(i, v): (usize, &&Visit)| Judged {
                day: v.day,
                found: v.found == Some(true),
                score: ready.model.score(&ready.wanted.row(i))
                    + if with { inspector(&ready.offset.inspectors, v) } else { 0.0 },
                inspector: v.inspector,
            };
            wanted.iter().enumerate().map(one).collect()
        };
        let (averaged, with_inspector) = (judge(false), judge(true));
        out.push(Checked { from, to, visits: wanted, averaged, with_inspector });
    }
    out
}
