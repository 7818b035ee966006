//! The study: how far up each method puts the true source, as cases become known.

use super::rank::Locator;
use super::simulate::simulate;
use crate::score::{Engine, Evidence};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Numbers of cases at which the ranks are taken.
pub const CASES: [usize; 8] = [1, 2, 3, 5, 8, 12, 16, 20];

/// A method of ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// FoodChain-Lab score: part of the cases that can be reached.
    Score,
    /// Likelihood over all paths.
    Likelihood,
    /// The same, with ten places checked and found clean.
    LikelihoodChecked,
    /// Effective distance.
    Distance,
    /// Drawing lots: the middle of the list.
    Chance,
}

impl Method {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::Score, Self::Likelihood, Self::LikelihoodChecked, Self::Distance, Self::Chance];

    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Score => "fcl_score",
            Self::Likelihood => "likelihood",
            Self::LikelihoodChecked => "likelihood_checked",
            Self::Distance => "effective_distance",
            Self::Chance => "chance",
        }
    }

    /// Name in pictures.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Score => "FoodChain-Lab score",
            Self::Likelihood => "likelihood, all paths",
            Self::LikelihoodChecked => "likelihood + 10 clean places",
            Self::Distance => "effective distance",
            Self::Chance => "chance",
        }
    }
}

/// Rank of the true source in one outbreak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Number of the outbreak.
    pub outbreak: usize,
    /// Cases known.
    pub cases: usize,
    /// Method.
    pub method: Method,
    /// Rank, 1 the best; sources with the same value share the middle of their ranks.
    pub rank: f64,
    /// Sources to choose from.
    pub candidates: usize,
}

/// What the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Method.
    pub method: Method,
    /// Cases known.
    pub cases: usize,
    /// Part of the outbreaks in which the true source is first (alone or as one of two).
    pub first: f64,
    /// Part in which it is among the first five.
    pub five: f64,
    /// Median rank.
    pub median: f64,
    /// Mean rank.
    pub mean: f64,
}

/// Rows and what they say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Study {
    /// Every rank.
    pub rows: Vec<Row>,
    /// By method and number of cases.
    pub summary: Vec<Summary>,
}

/// Middle rank of the candidate `of` among values of which more is better.
fn rank(values: &[f64], of: usize) -> f64 {
    let own = values[of];
    // values that differ in the last places only are the same
    let near = 1e-9 * own.abs().max(1e-300);
    let better = values.iter().filter(|v| **v > own + near).count();
    let same = values.iter().filter(|v| (**v - own).abs() <= near).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of stations")]
    let rank = better as f64 + (same as f64 + 1.0) / 2.0;
    rank
}

/// Runs the study.
#[must_use]
pub fn study(outbreaks: usize, seed: u64) -> Study {
    let mut rows = Vec::with_capacity(outbreaks * CASES.len() * Method::ALL.len());
    let most = CASES[CASES.len() - 1];
    for number in 0..outbreaks {
        let one = simulate(seed.wrapping_add(1_000_003 * number as u64), most);
        let Some(truth) = one.candidates.iter().position(|c| *c == one.source) else { continue };
        let mut engine = Engine::new(&one.network);
        let mut plain = Locator::new(&one.network);
        let mut checked = plain.clone();
        for place in &one.clean {
            checked.observe(&Evidence::Station(place.clone(), -1.0));
        }
        let index: BTreeMap<&str, usize> =
            plain.station_names().iter().enumerate().map(|(n, s)| (s.as_str(), n)).collect();
        let at: Vec<usize> = one.candidates.iter().map(|c| index[c.as_str()]).collect();
        for (k, case) in one.cases.iter().enumerate() {
            let evidence = Evidence::Station(case.clone(), 1.0);
            engine.observe(std::slice::from_ref(&evidence));
            plain.observe(&evidence);
            checked.observe(&evidence);
            if !CASES.contains(&(k + 1)) {
                continue;
            }
            let scores = engine.scores();
            let by_name: BTreeMap<&str, f64> =
                scores.stations.iter().map(|s| (s.id.as_str(), s.score.score)).collect();
            let distances = plain.effective_distances();
            let (likely, surely) = (plain.station_posterior(), checked.station_posterior());
            for method in Method::ALL {
                let value = |c: usize| match method {
                    Method::Score => by_name[one.candidates[c].as_str()],
                    Method::Likelihood => likely[at[c]],
                    Method::LikelihoodChecked => surely[at[c]],
                    // a case that cannot be reached counts as very far
                    Method::Distance => -distances[at[c]].0,
                    Method::Chance => 0.0,
                };
                let values: Vec<f64> = (0..at.len()).map(value).collect();
                let row = Row {
                    outbreak: number,
                    cases: k + 1,
                    method,
                    rank: rank(&values, truth),
                    candidates: at.len(),
                };
                rows.push(row);
            }
        }
    }
    let summary = summarise(&rows);
    Study { rows, summary }
}

#[expect(clippy::cast_precision_loss, reason = "counts of outbreaks")]
fn summarise(rows: &[Row]) -> Vec<Summary> {
    let mut groups: BTreeMap<(Method, usize), Vec<f64>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.method, row.cases)).or_default().push(row.rank);
    }
    let one = |((method, cases), mut ranks): ((Method, usize), Vec<f64>)| {
        ranks.sort_by(f64::total_cmp);
        let count = ranks.len() as f64;
        let within = |most: f64| ranks.iter().filter(|r| **r <= most).count() as f64 / count;
        Summary {
            method,
            cases,
            first: within(1.5),
            five: within(5.0),
            median: ranks[ranks.len() / 2],
            mean: ranks.iter().sum::<f64>() / count,
        }
    };
    groups.into_iter().map(one).collect()
}

impl Study {
    /// The rows as CSV.
    #[must_use]
    pub fn rows_csv(&self) -> String {
        let mut out = String::from("outbreak,cases,method,rank,candidates\n");
        for r in &self.rows {
            let _ =
                writeln!(out, "{},{},{},{},{}", r.outbreak, r.cases, r.method.name(), r.rank, r.candidates);
        }
        out
    }

    /// The summary as CSV.
    #[must_use]
    pub fn summary_csv(&self) -> String {
        let mut out = String::from("method,cases,first,among_five,median_rank,mean_rank\n");
        for s in &self.summary {
            let name = s.method.name();
            let _ =
                writeln!(out, "{name},{},{:.3},{:.3},{},{:.2}", s.cases, s.first, s.five, s.median, s.mean);
        }
        out
    }

    /// Two charts side by side: how often the true source is first, and its mean rank.
    #[must_use]
    pub fn svg(&self) -> String {
        let line = |method: Method, value: fn(&Summary) -> f64| super::plot::Line {
            name: method.label(),
            points: (self.summary.iter().filter(|s| s.method == method))
                .map(|s| (f64::from(u32::try_from(s.cases).unwrap_or(0)), value(s)))
                .collect(),
        };
        let lines =
            |value: fn(&Summary) -> f64| Method::ALL.iter().map(|m| line(*m, value)).collect::<Vec<_>>();
        let outbreaks = self.rows.iter().map(|r| r.outbreak).max().map_or(0, |n| n + 1);
        super::plot::charts(
            &format!("真实来源的名次 · rank of the true source ({outbreaks} simulated outbreaks)"),
            &[
                super::plot::Chart {
                    title: "居首的比例 · share of outbreaks with the true source first",
                    lines: lines(|s| s.first),
                    logarithmic: false,
                },
                super::plot::Chart {
                    title: "平均名次 · mean rank (log scale)",
                    lines: lines(|s| s.mean),
                    logarithmic: true,
                },
            ],
            "已知病例数 · cases known",
        )
    }
}
