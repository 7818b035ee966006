//! What was known of a visit before it: the record of the place, of its neighbours and namesakes, always up to a cut-off day.
//!
//! A finding counts against the finding inspector's own mean, so that strict inspectors do not make bad places. Effects are
//! one-step estimates of a log-odds, Σ(y − p)/(Σp(1 − p) + k), which shrink to zero where little is known. The cut-off of a visit to score
//! is the first day of its window; visits to learn from get cut-offs as far before them.

use super::groups::{group_record, groupings, word_record};
use super::hands::Hands;
use super::roles::Roles;
use super::visits::{Visit, Visits};
use std::collections::HashMap;

/// A feature: its name for reasons and what policy demands of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) name: String,
    /// +1: a higher value may never lower the score.
    pub(super) monotone: i8,
}

/// Features of visits: one column each.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub(super) features: Vec<Feature>,
    /// Values by feature.
    pub(super) columns: Vec<Vec<f64>>,
}

impl Matrix {
    pub(super) fn row(&self, i: usize) -> Vec<f64> {
        self.columns.iter().map(|c| c[i]).collect()
    }
}

/// A finding against expectation, with the curvature it weighs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effect {
    pub(super) sum: f64,
    pub(super) weight: f64,
}

impl Effect {
    pub(super) fn add(&mut self, residual: f64, weight: f64) {
        self.sum += residual;
        self.weight += weight;
    }

    pub(super) fn less(self, other: Self) -> Self {
        Self { sum: self.sum - other.sum, weight: (self.weight - other.weight).max(0.0) }
    }

    pub(super) fn shrunk(self, k: f64) -> f64 {
        // what is left of a difference of equal sums is rounding, and rounding would tell the label
        if self.weight < 1e-9 { 0.0 } else { self.sum / (self.weight + k) }
    }
}

/// A result as compared: the fourth of a kind says less than the first.
fn scaled(value: f64) -> f64 {
    value.signum() * value.abs().ln_1p()
}

/// A past visit against what its inspector is used to find.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    /// Found or not, less the inspector's own chance.
    pub(super) residual: f64,
    /// Curvature of the log-odds there.
    pub(super) weight: f64,
    /// The inspector's own chance.
    pub(super) chance: f64,
    /// Each result against the inspector's own mean, in his spreads, within three; NaN unknown.
    pub(super) results: Vec<f64>,
}

fn finding(habits: &[Habits], hands: &Hands<'_>, visit: &Visit) -> Finding {
    let own = expected(habits, hands, visit);
    let (p, found) = (own.chance, f64::from(u8::from(visit.found == Some(true))));
    let results = visit
        .results
        .iter()
        .zip(&own.results)
        .map(|(v, (mean, spread))| ((scaled(*v) - mean) / spread).clamp(-3.0, 3.0))
        .collect();
    Finding { residual: found - p, weight: p * (1.0 - p), chance: p, results }
}

/// How an inspector finds: chance of an outcome, mean and spread of each result.
#[derive(Debug, Clone)]
pub(super) struct Habits {
    pub(super) chance: f64,
    results: Vec<(f64, f64)>,
}

/// Means of every inspector over what is past, drawn towards the mean of all; the last one is for an unknown inspector.
pub(super) fn habits(past: &[&Visit], inspectors: usize, results: usize) -> Vec<Habits> {
    let all = |filter: &dyn Fn(&Visit) -> bool, prior: Option<&Habits>| {
        let list: Vec<&&Visit> = past.iter().filter(|v| filter(v)).collect();
        let found = list.iter().filter(|v| v.found == Some(true)).count() as f64;
        let k = if prior.is_some() { 20.0 } else { 1.0 };
        let base = prior.map_or(0.5, |p| p.chance);
        let results = (0..results)
            .map(|r| {
                let values: Vec<f64> =
                    list.iter().map(|v| scaled(v.results[r])).filter(|v| v.is_finite()).collect();
                let n = values.len() as f64;
                let (mean0, spread0) = prior.map_or((0.0, 1.0), |p| p.results[r]);
                let mean = (values.iter().sum::<f64>() + k * mean0) / (n + k);
                let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
                (mean, ((square + k * spread0 * spread0) / (n + k)).sqrt().max(1e-6))
            })
            .collect();
        Habits { chance: (found + k * base) / (list.len() as f64 + k), results }
    };
    let common = all(&|_| true, None);
    let mut out: Vec<Habits> = (0..inspectors)
        .map(|i| all(&|v| v.inspector.is_some_and(|n| n as usize == i), Some(&common)))
        .collect();
    out.push(common);
    out
}

/// What was to be expected of whoever made a visit: the habits of all who may have, by their shares.
pub(super) fn expected(habits: &[Habits], hands: &Hands<'_>, visit: &Visit) -> Habits {
    let shares = hands.shares(visit);
    let (Some((first, _)), Some(common)) = (shares.first(), habits.last()) else {
        return habits[habits.len() - 1].clone();
    };
    if shares.len() == 1 {
        return habits.get(*first).unwrap_or(common).clone();
    }
    let mut out = Habits { chance: 0.0, results: vec![(0.0, 0.0); common.results.len()] };
    for (inspector, share) in shares {
        let own = habits.get(inspector).unwrap_or(common);
        out.chance += share * own.chance;
        for (sum, (mean, spread)) in out.results.iter_mut().zip(&own.results) {
            *sum = (sum.0 + share * mean, sum.1 + share * (spread * spread + mean * mean));
        }
    }
    out.results.iter_mut().for_each(|r| r.1 = (r.1 - r.0 * r.0).max(1e-12).sqrt());
    out
}

const KINDS: usize = 20;
const CODES: u32 = 150;

/// Works out the features of `wanted`, each with its cut-off day, from past visits before that day. The groupings and dummies come
/// from all visits, the numbers only from days before the cut-off.
pub(super) fn features(
    visits: &Visits,
    roles: &Roles,
    wanted: &[(&Visit, i32)],
    habits: &[Habits],
    hands: &Hands<'_>,
) -> Matrix {
    let past = &visits.past;
    let findings: Vec<Finding> = past.iter().map(|v| finding(habits, hands, v)).collect();
    let mut table = Builder::default();
    own_record(&mut table, past, wanted, &findings, roles, &visits.codes);
    for grouping in groupings(visits, roles) {
        group_record(&mut table, past, wanted, &findings, &grouping, &roles.results);
    }
    for column in 0..roles.texts.len() {
        word_record(&mut table, visits, wanted, &findings, column, roles);
    }
    if roles.position.is_some() {
        neighbours(&mut table, past, wanted, &findings);
    }
    for (i, name) in roles.numbers.iter().enumerate() {
        table.add(name, 0, wanted.iter().map(|(v, _)| v.numbers.get(i).copied().unwrap_or(f64::NAN)));
    }
    for (column, name) in roles.texts.iter().enumerate() {
        if visits.spellings[column].len() <= KINDS {
            for (k, spelling) in visits.spellings[column].iter().enumerate() {
                let is = |v: &Visit| v.texts[column].is_some_and(|t| t as usize == k);
                table.add(
                    &format!("{name} = {spelling}"),
                    0,
                    wanted.iter().map(|(v, _)| f64::from(u8::from(is(v)))),
                );
            }
        }
    }
    table.done()
}

#[derive(Default)]
pub(super) struct Builder {
    features: Vec<Feature>,
    columns: Vec<Vec<f64>>,
}

impl Builder {
    pub(super) fn add(&mut self, name: &str, monotone: i8, values: impl Iterator<Item = f64>) {
        let values: Vec<f64> = values.collect();
        let first = values.iter().find(|v| v.is_finite()).copied();
        // a column that never varies says nothing
        if first.is_some_and(|f| values.iter().any(|v| (v - f).abs() > 1e-12 || v.is_nan())) {
            self.features.push(Feature { name: name.to_owned(), monotone });
            self.columns.push(values);
        }
    }

    fn done(self) -> Matrix {
        Matrix { features: self.features, columns: self.columns }
    }
}

fn own_record(
    table: &mut Builder,
    past: &[Visit],
    wanted: &[(&Visit, i32)],
    findings: &[Finding],
    roles: &Roles,
    codes: &[String],
) {
    let mut of_place: HashMap<u32, Vec<usize>> = HashMap::new();
    for (i, v) in past.iter().enumerate() {
        of_place.entry(v.place).or_default().push(i);
    }
    let records: Vec<&[usize]> = wanted
        .iter()
        .map(|(v, cut)| {
            let list = of_place.get(&v.place).map_or(&[][..], Vec::as_slice);
            &list[..list.partition_point(|i| past[*i].day < *cut)]
        })
        .collect();
    let each = |f: &dyn Fn(&[usize], i32) -> f64| -> Vec<f64> {
        records.iter().zip(wanted).map(|(r, (_, cut))| f(r, *cut)).collect()
    };
    let fade = |i: usize, cut: i32, half: f64| 0.5_f64.powf(f64::from(cut - past[i].day) / half);
    table.add("earlier visits", 0, each(&|r, _| r.len() as f64).into_iter());
    table.add(
        "days since the last visit",
        0,
        each(&|r, cut| r.last().map_or(f64::NAN, |i| f64::from(cut - past[*i].day))).into_iter(),
    );
    let effect = |r: &[usize], cut: i32, half: f64, k: f64| {
        let mut e = Effect::default();
        for i in r {
            let w = if half > 0.0 { fade(*i, cut, half) } else { 1.0 };
            e.add(w * findings[*i].residual, w * findings[*i].weight);
        }
        e.shrunk(k)
    };
    table.add("found here before", 1, each(&|r, cut| effect(r, cut, 0.0, 0.5)).into_iter());
    table.add("found here lately", 1, each(&|r, cut| effect(r, cut, 300.0, 0.5)).into_iter());
    // as a rate: what was found over what these inspectors find elsewhere, both drawn to one by one expected finding
    let ratio = |r: &[usize], cut: i32| {
        let (mut found, mut expected) = (0.0, 0.0);
        for i in r {
            let w = fade(*i, cut, 400.0);
            found += w * (findings[*i].residual + findings[*i].chance);
            expected += w * findings[*i].chance;
        }
        ((found + 1.0) / (expected + 1.0)).ln()
    };
    table.add("rate found here lately", 1, each(&|r, cut| ratio(r, cut)).into_iter());
    let last = |k: usize| {
        each(&|r, _| r.len().checked_sub(k).map_or(f64::NAN, |i| findings[r[i]].residual)).into_iter()
    };
    table.add("found at the last visit", 1, last(1));
    table.add("found at the visit before", 1, last(2));
    for (k, name) in roles.results.iter().enumerate() {
        let score = |i: usize| findings[i].results[k];
        table.add(
            &format!("{name} here before"),
            0,
            each(&|r, cut| {
                let (mut sum, mut weight) = (0.0, 0.0);
                for i in r.iter().filter(|i| score(**i).is_finite()) {
                    let w = fade(*i, cut, 500.0);
                    sum += w * score(*i);
                    weight += w;
                }
                if r.is_empty() { f64::NAN } else { sum / (weight + 0.7) }
            })
            .into_iter(),
        );
        table.add(
            &format!("{name} at the last visit"),
            0,
            each(&|r, _| {
                let last = r.iter().rev().find(|i| score(**i).is_finite());
                last.map_or(f64::NAN, |i| score(*i))
            })
            .into_iter(),
        );
    }
    let mut cited = vec![0_u32; codes.len()];
    for c in past.iter().flat_map(|v| &v.codes) {
        cited[*c as usize] += 1;
    }
    for (code, name) in codes.iter().enumerate().filter(|(c, _)| cited[*c] >= CODES) {
        let has = |i: usize| past[i].codes.iter().any(|c| *c as usize == code);
        table.add(
            &format!("code {name} cited before"),
            0,
            each(&|r, cut| r.iter().filter(|i| has(**i)).map(|i| fade(*i, cut, 400.0)).sum()).into_iter(),
        );
    }
}

/// Findings at other places around, faded with distance: Gaussian kernels of 300 m and 1 km, within three widths.
fn neighbours(table: &mut Builder, past: &[Visit], wanted: &[(&Visit, i32)], findings: &[Finding]) {
    const KM: f64 = 111.2;
    // cells of a kilometre and a half by degree of latitude
    #[expect(clippy::cast_possible_truncation, reason = "degrees on earth")]
    let cell = |p: (f64, f64)| ((p.0 * KM / 1.5).floor() as i32, (p.1 * KM / 1.5 * 0.7).floor() as i32);
    let mut grid: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
    for (i, v) in past.iter().enumerate() {
        if let Some(at) = v.at {
            grid.entry(cell(at)).or_default().push(i);
        }
    }
    for (name, width) in [("found within 300 m", 0.3_f64), ("found within 1 km", 1.0)] {
        let values = wanted.iter().map(|(visit, cut)| {
            let Some(at) = visit.at else { return f64::NAN };
            let (x, y) = cell(at);
            let east = at.0.to_radians().cos();
            let mut e = Effect::default();
            for near in (x - 2..=x + 2).flat_map(|a| (y - 2..=y + 2).map(move |b| (a, b))) {
                for i in grid.get(&near).into_iter().flatten() {
                    let other = &past[*i];
                    let Some(p) = other.at else { continue };
                    if other.day >= *cut || other.place == visit.place {
                        continue;
                    }
                    let d2 = ((p.0 - at.0) * KM).powi(2) + ((p.1 - at.1) * KM * east).powi(2);
                    if d2 < 9.0 * width * width {
                        let w = (-d2 / (2.0 * width * width)).exp()
                            * 0.5_f64.powf(f64::from(cut - other.day) / 500.0);
                        e.add(w * findings[*i].residual, w * findings[*i].weight);
                    }
                }
            }
            e.shrunk(2.0)
        });
        table.add(name, 0, values);
    }
}
