//! Alarms that belong together made one signal, and what became of signals.

use super::{Alarm, Plan};
use base::{Date, Text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Alarms of one hazard at neighbouring places at about the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Hazard.
    pub hazard: String,
    /// Places, ascending.
    pub places: Vec<String>,
    /// Methods that alarmed, ascending.
    pub methods: Vec<String>,
    /// First day of the periods that alarmed.
    pub from: Date,
    /// Their last day.
    pub to: Date,
    /// Cases at these places, the largest count a method judged at each.
    pub observed: f64,
    /// Cases expected there by the same judgement.
    pub expected: f64,
    /// Smallest q-value; `None` when only numbers that always ring were reached.
    pub q_value: Option<f64>,
    /// Why, in Chinese and English.
    pub because: Text,
    /// The alarms, by place and method.
    pub alarms: Vec<Alarm>,
}

/// Makes one signal of the alarms of a hazard at places that are the same or neighbours (`near`, asked in either order) and
/// whose periods lie at most `gap` days apart. Most urgent first.
#[must_use]
pub fn signals(alarms: &[Alarm], plan: &Plan, near: impl Fn(&str, &str) -> bool) -> Vec<Signal> {
    let close = |a: &Alarm, b: &Alarm| {
        let (a, b) = (&a.verdict, &b.verdict);
        let apart = |x: Date, y: Date| y.since(x).map_or(i32::MAX, |s| s.get_days());
        (a.place == b.place || near(&a.place, &b.place) || near(&b.place, &a.place))
            && apart(a.to, b.from) <= plan.gap
            && apart(b.to, a.from) <= plan.gap
    };
    let mut by_hazard: BTreeMap<&str, Vec<&Alarm>> = BTreeMap::new();
    for alarm in alarms {
        by_hazard.entry(&alarm.verdict.hazard).or_default().push(alarm);
    }
    let mut out = Vec::new();
    for (hazard, mut rest) in by_hazard {
        while let Some(first) = rest.pop() {
            let mut group = vec![first];
            let mut at = 0;
            while at < group.len() {
                let here = group[at];
                let (with, without): (Vec<&Alarm>, Vec<&Alarm>) =
                    rest.into_iter().partition(|a| close(here, a));
                group.extend(with);
                rest = without;
                at += 1;
            }
            out.push(Signal::of(hazard, &group, plan));
        }
    }
    out.sort_by(|a, b| {
        a.urgency()
            .total_cmp(&b.urgency())
            .then_with(|| a.hazard.cmp(&b.hazard))
            .then_with(|| a.places.cmp(&b.places))
    });
    out
}

impl Signal {
    /// By what signals are ordered: the smallest q-value, before all of them what rings whatever the past.
    #[must_use]
    pub fn urgency(&self) -> f64 {
        if self.alarms.iter().any(|a| a.q_value.is_none()) { 0.0 } else { self.q_value.unwrap_or(1.0) }
    }

    fn of(hazard: &str, group: &[&Alarm], plan: &Plan) -> Self {
        let mut places: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for Alarm { verdict: v, .. } in group {
            let known = places.entry(&v.place).or_insert((v.observed, v.expected));
            if v.observed > known.0 {
                *known = (v.observed, v.expected);
            }
        }
        let methods: BTreeSet<String> = group.iter().map(|a| a.verdict.method.clone()).collect();
        let (observed, expected) = places.values().fold((0.0, 0.0), |(o, e), (x, y)| (o + x, e + y));
        let q_value = group.iter().filter_map(|a| a.q_value).reduce(f64::min);
        let mut alarms: Vec<Alarm> = group.iter().map(|a| (*a).clone()).collect();
        alarms.sort_by(|a, b| {
            (&a.verdict.place, &a.verdict.method, a.verdict.to).cmp(&(
                &b.verdict.place,
                &b.verdict.method,
                b.verdict.to,
            ))
        });
        let days = || group.iter().map(|a| &a.verdict);
        let methods: Vec<String> = methods.into_iter().collect();
        let from = days().map(|v| v.from).min().unwrap_or_default();
        let to = days().map(|v| v.to).max().unwrap_or_default();
        let because = explain(plan, &methods, (from, to), places.len(), (observed, expected, q_value));
        Self {
            hazard: hazard.to_owned(),
            places: places.keys().map(|p| (*p).to_owned()).collect(),
            methods,
            from,
            to,
            observed,
            expected,
            q_value,
            because,
            alarms,
        }
    }
}

/// What was seen, what was expected, and how sure it is.
fn explain(
    plan: &Plan,
    methods: &[String],
    (from, to): (Date, Date),
    places: usize,
    (observed, expected, q_value): (f64, f64, Option<f64>),
) -> Text {
    let titles = methods.iter().map(|m| plan.method_title(m));
    let (zh_names, en_names): (Vec<String>, Vec<String>) =
        titles.map(|t| (t.zh.to_string(), t.en.to_string())).unzip();
    let (zh_where, en_where) = match places {
        1 => ("1 个地区".to_owned(), "one place".to_owned()),
        n => (format!("相邻 {n} 个地区"), format!("{n} neighbouring places")),
    };
    let Some(q_value) = q_value else {
        // a number that always rings learns nothing from a past: there is no expectation and no rate to claim
        return Text::new(
            format!(
                "{from} 至 {to}，{zh_where}报告 {observed:.0} 例，达到即报警的例数（不比较历史，也不作统计检验）"
            ),
            format!(
                "{from} to {to}: {observed:.0} cases in {en_where}, as many as always ring (no past is compared, no test made)"
            ),
        );
    };
    Text::new(
        format!(
            "{from} 至 {to}，{zh_where}报告 {observed:.0} 例，按历史预期 {expected:.1} 例；{}报警，在全部序列中错误发现率 {q_value:.1e}",
            zh_names.join("、")
        ),
        format!(
            "{from} to {to}: {observed:.0} cases in {en_where} where the past makes {expected:.1} expected; alarm by {}; false-discovery rate among all series {q_value:.1e}",
            en_names.join(", ")
        ),
    )
}

/// What follow-up made of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Signals explained without an outbreak.
    pub explained: u32,
    /// Share verified.
    pub precision: f64,
    /// 95 % interval of the share (Wilson 1927).
    pub interval: (f64, f64),
}

/// The scorecard of the methods from closed signals (method, outcome), by name.
#[must_use]
pub fn scorecard<'a>(closed: impl IntoIterator<Item = (&'a str, Outcome)>) -> Vec<Score> {
    let mut counts: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for (method, outcome) in closed {
        let entry = counts.entry(method).or_default();
        entry.0 += 1;
        entry.1 += u32::from(outcome == Outcome::Verified);
        entry.2 += u32::from(outcome == Outcome::Explained);
    }
    counts
        .into_iter()
        .map(|(method, (closed, verified, explained))| Score {
            method: method.to_owned(),
            closed,
            verified,
            explained,
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
    use super::super::Verdict;
    use super::*;

    fn alarm(place: &str, hazard: &str, method: &str, to: &str, observed: f64) -> Alarm {
        let to: Date = to.parse().unwrap();
        Alarm {
            verdict: Verdict {
                place: place.to_owned(),
                hazard: hazard.to_owned(),
                method: method.to_owned(),
                from: to.checked_sub(jiff::Span::new().days(6)).unwrap(),
                to,
                observed,
                expected: 2.0,
                bound: Some(5.0),
                statistic: 3.0,
                p_value: (method != "threshold").then_some(1e-6),
            },
            q_value: (method != "threshold").then_some(0.01),
        }
    }

    #[test]
    fn neighbouring_alarms_of_one_hazard_at_one_time_are_one_signal_and_say_why() {
        let alarms = [
            alarm("a", "salmonella", "ears-c3", "2026-03-07", 9.0),
            alarm("a", "salmonella", "farrington-flexible", "2026-03-08", 14.0),
            alarm("b", "salmonella", "ears-c3", "2026-03-12", 12.0),
            alarm("c", "salmonella", "ears-c3", "2026-03-12", 13.0),
            alarm("a", "salmonella", "ears-c3", "2026-05-12", 8.0),
            alarm("a", "lead", "ears-c3", "2026-03-07", 15.0),
        ];
        let near = |a: &str, b: &str| (a, b) == ("b", "a");
        let found = signals(&alarms, &Plan::builtin(), near);
        let mut short: Vec<String> = found
            .iter()
            .map(|s| format!("{} {} {} {:.0}", s.hazard, s.places.join("+"), s.methods.len(), s.observed))
            .collect();
        short.sort();
        assert_eq!(short, ["lead a 1 15", "salmonella a 1 8", "salmonella a+b 2 26", "salmonella c 1 13"]);
        let joint = found.iter().find(|s| s.places.len() == 2).unwrap();
        assert!(joint.because.en.contains("26 cases") && joint.because.zh.contains("26 例"));
        assert!(joint.because.zh.contains("Farrington"));
    }

    #[test]
    fn a_count_that_always_rings_claims_no_expectation_and_no_rate() {
        let because = |methods: &[&str]| {
            let alarms: Vec<Alarm> =
                methods.iter().map(|m| alarm("a", "botulism", m, "2026-03-07", 2.0)).collect();
            signals(&alarms, &Plan::builtin(), |_, _| false).remove(0).because.en.to_string()
        };
        let alone = because(&["threshold"]);
        assert!(alone.contains("2 cases") && alone.contains("always ring"), "{alone}");
        assert!(!alone.contains("rate among") && !alone.contains("expected"), "{alone}");
        assert!(because(&["threshold", "ears-c3"]).contains("false-discovery rate"));
        let list = [
            alarm("a", "salmonella", "ears-c3", "2026-03-07", 9.0),
            alarm("a", "botulism", "threshold", "2026-03-07", 1.0),
        ];
        let found = signals(&list, &Plan::builtin(), |_, _| false);
        assert_eq!(
            (found[0].hazard.as_str(), found[0].q_value),
            ("botulism", None),
            "first, and without a rate"
        );
        assert_eq!(found[1].q_value, Some(0.01));
    }

    #[test]
    fn the_scorecard_counts_what_follow_up_verified() {
        let closed = [
            ("m", Outcome::Verified),
            ("m", Outcome::False),
            ("m", Outcome::Verified),
            ("n", Outcome::Explained),
        ];
        let scores = scorecard(closed);
        assert_eq!((scores[0].closed, scores[0].verified, scores[1].explained), (3, 2, 1));
        assert!(scores[0].interval.0 < 2.0 / 3.0 && scores[0].interval.1 > 2.0 / 3.0);
        assert!((wilson(0, 10).1 - 0.277_532_8).abs() < 1e-6);
    }
}
