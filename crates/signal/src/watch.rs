//! A province's watch: methods over thousands of series, false alarms controlled across all of them, alarms that belong
//! together made one signal, and a record of how good each method's signals proved to be.
//!
//! The methods come from outside through [`Detector`]; what happens to a signal (assigning, following up) is the office's.
//! False discovery rate: Benjamini, Hochberg, JRSS B 57:289 (1995); under dependence Benjamini, Yekutieli, Ann. Statist.
//! 29:1165 (2001); of groups before members with Simes' p-value: Benjamini, Bogomolov, JRSS B 76:297 (2014).

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a method says of the last period of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verdict {
    /// Expected count.
    pub expected: f64,
    /// Count above which the method alarms by itself.
    pub bound: f64,
    /// Probability of a count as high without an outbreak.
    pub p_value: f64,
}

/// A method: counts in order, the last one judged. `None` when the past does not suffice.
pub trait Detector: Sync {
    /// Its name.
    fn name(&self) -> &str;
    /// Judges the last count.
    fn judge(&self, counts: &[f64]) -> Option<Verdict>;
}

/// A series: a hazard at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Place code.
    pub place: String,
    /// Hazard, syndrome or product.
    pub hazard: String,
    /// Counts in order of time, the last one to be judged.
    pub counts: Vec<f64>,
}

/// How false discoveries are controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Benjamini–Hochberg over all series.
    Independent,
    /// Benjamini–Yekutieli: under any dependence.
    Dependent,
    /// First hazards (Simes), then places within a hazard found, at a share of the rate.
    Hierarchical,
}

/// A judged series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// Place code.
    pub place: String,
    /// Hazard.
    pub hazard: String,
    /// The method.
    pub method: String,
    /// Count judged.
    pub observed: f64,
    /// What the method said.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Smallest false-discovery rate at which this alarm would be raised.
    pub q_value: f64,
}

/// Alarms of one hazard at neighbouring places.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// Hazard.
    pub hazard: String,
    /// Places, ascending.
    pub places: Vec<String>,
    /// Methods that alarmed, ascending.
    pub methods: Vec<String>,
    /// Cases at these places.
    pub observed: f64,
    /// Cases expected there, by the method that expects most.
    pub expected: f64,
    /// Smallest q-value.
    pub q_value: f64,
    /// Why, in Chinese and English.
    pub because: base::Text,
    /// The alarms.
    pub alarms: Vec<Alarm>,
}

/// Benjamini–Hochberg q-values; with `dependent` Benjamini–Yekutieli ones. In the order of the input.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of tests")]
pub fn q_values(p: &[f64], dependent: bool) -> Vec<f64> {
    let n = p.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let factor = if dependent { (1..=n).map(|k| 1.0 / k as f64).sum() } else { 1.0 };
    let (mut least, mut q) = (1.0, vec![1.0; n]);
    for (k, &i) in order.iter().enumerate() {
        least = f64::min(least, factor * p[i] * n as f64 / (n - k) as f64);
        q[i] = least;
    }
    q
}

/// Simes' p-value of a family: the smallest of its Benjamini–Hochberg q-values.
#[must_use]
pub fn simes(p: &[f64]) -> f64 {
    q_values(p, false).into_iter().fold(1.0, f64::min)
}

/// Runs every method over every series on `threads` threads; alarms at the false-discovery rate `rate`, each method for
/// itself, in the order of the series.
#[must_use]
pub fn run(
    streams: &[Stream],
    detectors: &[&dyn Detector],
    control: Control,
    rate: f64,
    threads: usize,
) -> Vec<Alarm> {
    let part = streams.len().div_ceil(threads.max(1)).max(1);
    let mut alarms = Vec::new();
    for detector in detectors {
        let verdicts: Vec<Option<Verdict>> = std::thread::scope(|scope| {
            let judge = |list: &[Stream]| list.iter().map(|s| detector.judge(&s.counts)).collect::<Vec<_>>();
            let workers: Vec<_> = streams.chunks(part).map(|list| scope.spawn(move || judge(list))).collect();
            workers.into_iter().flat_map(|w| w.join().unwrap_or_default()).collect()
        });
        let judged: Vec<(usize, Verdict)> =
            verdicts.into_iter().enumerate().filter_map(|(i, v)| Some((i, v?))).collect();
        let p: Vec<f64> = judged.iter().map(|(_, v)| v.p_value).collect();
        let q = match control {
            Control::Independent => q_values(&p, false),
            Control::Dependent => q_values(&p, true),
            Control::Hierarchical => hierarchical(streams, &judged, rate),
        };
        alarms.extend(judged.iter().zip(q).filter(|(_, q)| *q <= rate).map(|((i, verdict), q_value)| {
            Alarm {
                place: streams[*i].place.clone(),
                hazard: streams[*i].hazard.clone(),
                method: detector.name().to_owned(),
                observed: streams[*i].counts.last().copied().unwrap_or(0.0),
                verdict: *verdict,
                q_value,
            }
        }));
    }
    alarms
}

/// q-values within the hazards that are found at the rate; elsewhere 1. Within them the rate shrinks by the share of hazards
/// found, so that the expected share of false alarms over the hazards found stays at the rate.
#[expect(clippy::cast_precision_loss, reason = "numbers of hazards")]
fn hierarchical(streams: &[Stream], judged: &[(usize, Verdict)], rate: f64) -> Vec<f64> {
    let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (k, (i, _)) in judged.iter().enumerate() {
        families.entry(&streams[*i].hazard).or_default().push(k);
    }
    let of = |list: &[usize]| list.iter().map(|k| judged[*k].1.p_value).collect::<Vec<f64>>();
    let heads: Vec<f64> = families.values().map(|list| simes(&of(list))).collect();
    let found: Vec<bool> = q_values(&heads, false).into_iter().map(|q| q <= rate).collect();
    let share = found.iter().filter(|f| **f).count() as f64 / found.len().max(1) as f64;
    let mut q = vec![1.0; judged.len()];
    for (list, _) in families.values().zip(&found).filter(|(_, f)| **f) {
        for (k, value) in list.iter().zip(q_values(&of(list), false)) {
            q[*k] = (value / share).min(1.0);
        }
    }
    q
}

/// Makes one signal of the alarms of a hazard at places that are neighbours of one another (`neighbours` by pairs, either
/// order). Most urgent first.
#[must_use]
pub fn signals(alarms: &[Alarm], neighbours: &BTreeSet<(String, String)>) -> Vec<Signal> {
    let near = |a: &str, b: &str| {
        a == b
            || neighbours.contains(&(a.to_owned(), b.to_owned()))
            || neighbours.contains(&(b.to_owned(), a.to_owned()))
    };
    let mut by_hazard: BTreeMap<&str, Vec<&Alarm>> = BTreeMap::new();
    for alarm in alarms {
        by_hazard.entry(&alarm.hazard).or_default().push(alarm);
    }
    let mut out = Vec::new();
    for (hazard, mut rest) in by_hazard {
        while let Some(first) = rest.pop() {
            let mut group = vec![first];
            let mut at = 0;
            while at < group.len() {
                let place = group[at].place.as_str();
                let (with, without) = rest.into_iter().partition(|a| near(place, &a.place));
                let with: Vec<&Alarm> = with;
                group.extend(with);
                rest = without;
                at += 1;
            }
            out.push(signal(hazard, &group));
        }
    }
    out.sort_by(|a, b| {
        a.q_value
            .total_cmp(&b.q_value)
            .then_with(|| a.hazard.cmp(&b.hazard))
            .then_with(|| a.places.cmp(&b.places))
    });
    out
}

fn signal(hazard: &str, group: &[&Alarm]) -> Signal {
    let mut places: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for alarm in group {
        let known = places.entry(&alarm.place).or_insert((alarm.observed, 0.0));
        known.1 = known.1.max(alarm.verdict.expected);
    }
    let methods: BTreeSet<String> = group.iter().map(|a| a.method.clone()).collect();
    let (observed, expected) = places.values().fold((0.0, 0.0), |(o, e), (x, y)| (o + x, e + y));
    let q_value = group.iter().map(|a| a.q_value).fold(1.0, f64::min);
    let (n, m, q) = (places.len(), methods.len(), q_value);
    let mut alarms: Vec<Alarm> = group.iter().map(|a| (*a).clone()).collect();
    alarms.sort_by(|a, b| (&a.place, &a.method).cmp(&(&b.place, &b.method)));
    Signal {
        hazard: hazard.to_owned(),
        places: places.keys().map(|p| (*p).to_owned()).collect(),
        methods: methods.into_iter().collect(),
        observed,
        expected,
        q_value,
        because: base::Text::new(
            format!(
                "{n} 个相邻地区报告 {observed:.0} 例，按其历史至多预期 {expected:.1} 例；{m} 种方法报警，错误发现率 {q:.2e}"
            ),
            format!(
                "{n} neighbouring places report {observed:.0} cases where their past explains at most {expected:.1}; {m} methods alarm, false-discovery rate {q:.2e}"
            ),
        ),
        alarms,
    }
}

/// What follow-up made of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There was an outbreak.
    Verified,
    /// An explanation without an outbreak was found.
    Explained,
    /// Nothing was found.
    False,
}

/// How good a method's signals proved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The method.
    pub method: String,
    /// Signals followed up.
    pub closed: u32,
    /// Signals verified.
    pub verified: u32,
    /// Share verified.
    pub precision: f64,
    /// 95 % interval of the share (Wilson 1927).
    pub interval: (f64, f64),
}

/// The scorecard of the methods from closed signals, by name.
#[must_use]
pub fn scorecard(closed: &[(Signal, Outcome)]) -> Vec<Score> {
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (signal, outcome) in closed {
        for method in &signal.methods {
            let entry = counts.entry(method).or_default();
            entry.0 += 1;
            entry.1 += u32::from(*outcome == Outcome::Verified);
        }
    }
    counts
        .into_iter()
        .map(|(method, (closed, verified))| Score {
            method: method.to_owned(),
            closed,
            verified,
            precision: f64::from(verified) / f64::from(closed),
            interval: wilson(verified, closed),
        })
        .collect()
}

/// Wilson's 95 % interval of a share; (0, 1) without observations.
#[must_use]
pub fn wilson(hits: u32, of: u32) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (z, n) = (1.959_963_984_540_054_f64, f64::from(of));
    let share = f64::from(hits) / n;
    let (middle, half) =
        (share + z * z / (2.0 * n), z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt());
    (((middle - half) / (1.0 + z * z / n)).max(0.0), ((middle + half) / (1.0 + z * z / n)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Poisson with the mean of the past.
    struct Mean;

    impl Detector for Mean {
        fn name(&self) -> &str {
            "mean"
        }

        fn judge(&self, counts: &[f64]) -> Option<Verdict> {
            let (last, past) = counts.split_last()?;
            let mean = past.iter().sum::<f64>() / f64::from(u32::try_from(past.len()).ok()?);
            let (mut term, mut below, mut k) = ((-mean).exp(), 0.0, 0.0);
            while k < *last {
                below += term;
                k += 1.0;
                term *= mean / k;
            }
            Some(Verdict {
                expected: mean,
                bound: mean + 2.0 * mean.sqrt(),
                p_value: (1.0 - below).clamp(0.0, 1.0),
            })
        }
    }

    #[test]
    fn q_values_are_those_of_the_published_procedures() {
        let p = [0.01, 0.04, 0.03, 0.005];
        let q = q_values(&p, false);
        for (a, b) in q.iter().zip([0.02, 0.04, 0.04, 0.02]) {
            assert!((a - b).abs() < 1e-12, "{q:?}");
        }
        let harmonic = 1.0 + 0.5 + 1.0 / 3.0 + 0.25;
        assert!((q_values(&p, true)[3] - 0.02 * harmonic).abs() < 1e-12);
        assert!((simes(&p) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn neighbouring_alarms_of_one_hazard_are_one_signal_and_say_why() {
        let stream = |place: &str, hazard: &str, last: f64| Stream {
            place: place.to_owned(),
            hazard: hazard.to_owned(),
            counts: [vec![2.0; 20], vec![last]].concat(),
        };
        let mut streams: Vec<Stream> = (0..50).map(|i| stream(&format!("p{i}"), "lead", 2.0)).collect();
        streams.extend([
            stream("a", "salmonella", 14.0),
            stream("b", "salmonella", 12.0),
            stream("c", "salmonella", 13.0),
            stream("a", "lead", 15.0),
        ]);
        let pairs = BTreeSet::from([("b".to_owned(), "a".to_owned())]);
        for control in [Control::Independent, Control::Dependent, Control::Hierarchical] {
            let alarms = run(&streams, &[&Mean], control, 0.05, 3);
            assert_eq!(alarms, run(&streams, &[&Mean], control, 0.05, 1));
            let signals = signals(&alarms, &pairs);
            let mut found: Vec<(String, Vec<String>)> =
                signals.iter().map(|s| (s.hazard.clone(), s.places.clone())).collect();
            found.sort();
            let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            let wanted =
                [("lead", names(&["a"])), ("salmonella", names(&["a", "b"])), ("salmonella", names(&["c"]))];
            assert_eq!(found, wanted.map(|(h, p)| (h.to_owned(), p)), "{control:?}");
            assert!(
                signals.iter().any(|s| s.because.en.contains("26 cases") && s.because.zh.contains("26 例"))
            );
        }
    }

    #[test]
    fn the_scorecard_counts_what_follow_up_verified() {
        let alarm = Alarm {
            place: "a".to_owned(),
            hazard: "h".to_owned(),
            method: "mean".to_owned(),
            observed: 9.0,
            verdict: Verdict { expected: 2.0, bound: 5.0, p_value: 1e-4 },
            q_value: 0.01,
        };
        let one = signals(&[alarm], &BTreeSet::new()).remove(0);
        let closed =
            [(one.clone(), Outcome::Verified), (one.clone(), Outcome::False), (one, Outcome::Verified)];
        let score = &scorecard(&closed)[0];
        assert_eq!((score.closed, score.verified), (3, 2));
        assert!(score.interval.0 < 2.0 / 3.0 && score.interval.1 > 2.0 / 3.0);
        assert!((wilson(0, 10).1 - 0.277_532_8).abs() < 1e-6);
    }
}
