//! What the methods are worth: outbreaks of known size and shape put on generated series, and what each method makes of them.
//!
//! A series is daily for three years: negative binomial around exp(level + trend + season) times a weekday factor (Noufaily et
//! al. 2013, made daily). In its last year one outbreak begins: its cases are Poisson with a mean of so many standard deviations of a
//! week's count, spread over its days by its shape. Weekly methods judge the seven days that end on each day, daily ones each day,
//! as the watch does every night. Two rules make an alarm: the method's own bound, or a probability (calibrated on the year
//! before, see [`super::Null`]) of at most [`LEVEL`].

use super::{Detector, Judged, Null, Plan, Step, Stream, wilson};
use crate::detect::Range;
use base::Date;
use serde::Serialize;
use stats::random::{Purpose, Stream as Random};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;

/// Days of a series.
const DAYS: usize = 3 * 364;
/// Days judged: the last year.
const YEAR: usize = 364;
/// Probability that makes an alarm under the rule `probability`.
pub const LEVEL: f64 = 0.001;
/// Mean outbreak sizes, in standard deviations of a week's count.
const SIZES: [f64; 4] = [2.0, 4.0, 8.0, 16.0];
/// Days after the end of an outbreak in which an alarm still counts as its detection.
const AFTER: usize = 6;
const RULES: [&str; 2] = ["bound", "probability"];

/// Course of an outbreak: share of its cases on each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// One meal: most fall ill within three days.
    Point,
    /// The same number every day for three weeks.
    Steady,
    /// More every day for three weeks.
    Rising,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Point, Self::Steady, Self::Rising];

    const fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Steady => "steady",
            Self::Rising => "rising",
        }
    }

    fn shares(self) -> Vec<f64> {
        let weights: Vec<f64> = match self {
            Self::Point => vec![2.0, 5.0, 3.0, 1.5, 0.8, 0.4, 0.2],
            Self::Steady => vec![1.0; 21],
            Self::Rising => (1..=21).map(f64::from).collect(),
        };
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / total).collect()
    }
}

/// What a method under a rule made of the outbreaks of a shape and size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The method.
    pub method: String,
    /// `bound` or `probability`.
    pub rule: &'static str,
    /// Shape of the outbreaks; `all` for the false alarms.
    pub shape: &'static str,
    /// Their mean size in standard deviations of a week's count; 0 for the false alarms.
    pub size: f64,
    /// Outbreaks, or series-years without one.
    pub of: u32,
    /// Outbreaks found, or false alarms.
    pub found: u32,
    /// Share found, or false alarms a series-year.
    pub value: f64,
    /// 95 % interval: Wilson, or of a Poisson count (Byar).
    pub interval: (f64, f64),
    /// Days from the first day of the outbreak to the alarm, mean over those found.
    pub days: Option<f64>,
    /// 95 % interval of that mean.
    pub days_interval: Option<(f64, f64)>,
}

#[derive(Debug, Default, Clone)]
struct Tally {
    of: u32,
    days: Vec<f64>,
}

/// By method, rule, shape and bits of the size.
type Tallies = BTreeMap<(usize, usize, &'static str, u64), Tally>;

/// Result of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Rows by method, rule, shape and size.
    pub rows: Vec<Row>,
}

struct Made {
    stream: Stream,
    shape: Shape,
    size: f64,
    /// First day of the outbreak, counted from the first day of the series.
    start: usize,
    length: usize,
}

fn make(seed: u64, index: usize) -> Made {
    let mut random = Random::new(seed, Purpose::of("signal.study"), index as u64);
    let level = random.uniform().mul_add(5.0, -2.5);
    let trend = (random.uniform() - 0.3) * 0.6 / 364.0;
    let (wave, phase) = (random.uniform() * 0.8, random.uniform() * TAU);
    let phi = 1.0 + random.uniform() * 2.0;
    let weekend = random.uniform().mul_add(0.6, 0.4);
    let mean = |t: usize| {
        let season = wave * (TAU * t as f64 / 364.0 + phase).sin();
        (level + trend * t as f64 + season).exp() * if t % 7 >= 5 { weekend } else { 1.0 }
    };
    let mut counts: Vec<f64> = (0..DAYS)
        .map(|t| {
            let mu = mean(t);
            let rate = if phi > 1.001 { random.gamma(mu / (phi - 1.0)) * (phi - 1.0) } else { mu };
            random.poisson(rate) as f64
        })
        .collect();
    let (shape, size) = (Shape::ALL[index % 3], SIZES[index / 3 % 4]);
    let shares = shape.shares();
    let room = YEAR - shares.len() - AFTER - 1;
    let start = DAYS - YEAR + random.index(room);
    let weekly: f64 = (start..start + 7).map(mean).sum();
    let cases = random.poisson(size * (phi * weekly).sqrt().max(1.0)).max(1);
    for (t, n) in random.multinomial(cases, &shares).into_iter().enumerate() {
        counts[start + t] += n as f64;
    }
    let stream = Stream {
        place: format!("s{index}"),
        hazard: "study".to_owned(),
        first: Date::constant(2023, 1, 2),
        step: Step::Day,
        counts,
        population: None,
    };
    Made { stream, shape, size, start, length: shares.len() }
}

/// A method's judgement of each of the last days; `None` where it had none. Index 0 is the first day of the last year.
fn days(stream: &Stream, detector: &dyn Detector) -> Vec<Option<Judged>> {
    let step = detector.step().days();
    let n = stream.counts.len();
    let mut out = vec![None; YEAR];
    for offset in 0..step {
        let cut = Stream { counts: stream.counts[..n - offset].to_vec(), ..stream.clone() };
        let Some(series) = cut.series(detector.step()) else { continue };
        let to = series.len();
        let range = Range { from: to + 1 - (YEAR / step).min(to), to };
        for row in detector.judge(&series, range, true) {
            let end = n - 1 - offset - (to - row.period) * step;
            if let Some(slot) = end.checked_sub(n - YEAR).and_then(|i| out.get_mut(i)) {
                *slot = Some(row);
            }
        }
    }
    out
}

/// Runs the study on `series` generated series; `each` is told how many are done. The result depends on the seed alone.
#[must_use]
pub fn run(seed: u64, series: usize, plan: &Plan, threads: usize, each: impl Fn(usize) + Sync) -> Study {
    let detectors: Vec<Box<dyn Detector>> =
        plan.detectors().into_iter().filter(|d| d.judges("study")).collect();
    let part = series.div_ceil(threads.max(1)).max(1);
    let ranges: Vec<(usize, usize)> =
        (0..series).step_by(part).map(|a| (a, (a + part).min(series))).collect();
    // what is usual: the year before
    let learn = |(a, b): (usize, usize)| {
        let mut nulls = vec![Null::default(); detectors.len()];
        for i in a..b {
            let mut before = make(seed, i).stream;
            let level = Null::level(&before.counts);
            before.counts.truncate(DAYS - YEAR);
            for (d, null) in detectors.iter().zip(&mut nulls).filter(|(d, _)| d.past() > 0) {
                if let Some(s) = before.series(d.step()) {
                    let from = (s.len() + 1).saturating_sub(d.past()).max(1);
                    let rows = d.judge(&s, Range { from, to: s.len() }, false);
                    rows.iter().for_each(|r| null.add(level, r.statistic));
                }
            }
        }
        nulls
    };
    let mut nulls = vec![Null::default(); detectors.len()];
    for learnt in parallel(&ranges, learn) {
        nulls.iter_mut().zip(&learnt).for_each(|(a, b)| a.merge(b));
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let judge = |(a, b): (usize, usize)| {
        let mut found: Tallies = BTreeMap::new();
        for i in a..b {
            let made = make(seed, i);
            let level = Null::level(&made.stream.counts);
            for (m, d) in detectors.iter().enumerate() {
                let rows = days(&made.stream, d.as_ref());
                for (r, rule) in RULES.iter().enumerate() {
                    let rings: Vec<bool> = rows
                        .iter()
                        .map(|row| {
                            row.as_ref().is_some_and(|j| alarm(rule, j, &nulls[m], level, d.past() > 0))
                        })
                        .collect();
                    tally(&made, &rings, (m, r), &mut found);
                }
            }
            each(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        }
        found
    };
    let mut all: Tallies = BTreeMap::new();
    for part in parallel(&ranges, judge) {
        for (key, tally) in part {
            let entry = all.entry(key).or_default();
            entry.of += tally.of;
            entry.days.extend(tally.days);
        }
    }
    let rows = all
        .into_iter()
        .map(|((m, r, shape, size), tally)| {
            row(detectors[m].name(), RULES[r], shape, f64::from_bits(size), &tally)
        })
        .collect();
    Study { rows }
}

fn parallel<T: Send>(ranges: &[(usize, usize)], work: impl Fn((usize, usize)) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = ranges.iter().map(|r| scope.spawn(move || work(*r))).collect();
        workers.into_iter().filter_map(|w| w.join().ok()).collect()
    })
}

fn alarm(rule: &str, j: &Judged, null: &Null, level: u8, learnt: bool) -> bool {
    if rule == "bound" {
        return j.bound.is_finite() && j.observed > j.bound && j.observed > 0.0;
    }
    let p = if learnt { null.p_value(level, j.statistic) } else { Some(j.p_value) };
    p.is_some_and(|p| p <= LEVEL) && j.observed > j.expected
}

/// Counts the outbreak (found, after how many days) and the false alarms: runs of alarm days less than a week apart that lie
/// outside it.
fn tally(made: &Made, rings: &[bool], (m, r): (usize, usize), all: &mut Tallies) {
    let start = made.start - (DAYS - YEAR);
    let end = (start + made.length + AFTER).min(YEAR - 1);
    let outbreak = all.entry((m, r, made.shape.name(), made.size.to_bits())).or_default();
    outbreak.of += 1;
    if let Some(day) = (start..=end).find(|d| rings[*d]) {
        outbreak.days.push((day - start) as f64);
    }
    let quiet = all.entry((m, r, "all", 0)).or_default();
    quiet.of += 1;
    let mut last: Option<usize> = None;
    for (day, _) in rings.iter().enumerate().filter(|(d, r)| **r && !(start..=end).contains(d)) {
        if last.is_none_or(|l| day - l > 7) {
            quiet.days.push(0.0);
        }
        last = Some(day);
    }
}

fn row(method: &str, rule: &'static str, shape: &'static str, size: f64, tally: &Tally) -> Row {
    let found = u32::try_from(tally.days.len()).unwrap_or(u32::MAX);
    let (hits, of) = (f64::from(found), f64::from(tally.of));
    let quiet = shape == "all";
    let interval = if quiet { byar(hits, of) } else { wilson(found, tally.of) };
    let mean = tally.days.iter().sum::<f64>() / hits.max(1.0);
    let spread = tally.days.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (hits - 1.0).max(1.0);
    let half = 1.96 * (spread / hits.max(1.0)).sqrt();
    let told = !quiet && found > 1;
    Row {
        method: method.to_owned(),
        rule,
        shape,
        size,
        of: tally.of,
        found,
        value: hits / of,
        interval,
        days: told.then_some(mean),
        days_interval: told.then_some((mean - half, mean + half)),
    }
}

/// Byar's 95 % interval of a Poisson rate (Breslow and Day 1987, p. 69).
fn byar(count: f64, exposure: f64) -> (f64, f64) {
    let side = |x: f64, z: f64| {
        if x <= 0.0 { 0.0 } else { x * (1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt())).powi(3).max(0.0) }
    };
    (side(count, -1.96) / exposure, side(count + 1.0, 1.96) / exposure)
}

impl Study {
    /// All rows as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = "method,rule,shape,size,of,found,value,low,high,days,days_low,days_high\n".to_owned();
        let shown = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.3}"));
        for r in &self.rows {
            let (low, high) = r.interval;
            let _ = writeln!(
                out,
                "{},{},{},{},{},{},{:.4},{low:.4},{high:.4},{},{},{}",
                r.method,
                r.rule,
                r.shape,
                r.size,
                r.of,
                r.found,
                r.value,
                shown(r.days),
                shown(r.days_interval.map(|i| i.0)),
                shown(r.days_interval.map(|i| i.1)),
            );
        }
        out
    }

    /// Share of outbreaks found by size, a panel a shape, a line a method, under the rule of equal probability.
    #[must_use]
    pub fn svg(&self) -> String {
        const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#2e7d32", "#7b4fa3"];
        let mut methods: Vec<&str> = self.rows.iter().map(|r| r.method.as_str()).collect();
        methods.dedup();
        methods.sort_unstable();
        methods.dedup();
        let mut out = String::from(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 330\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\"><title>Share of outbreaks found by size</title><rect width=\"900\" height=\"330\" fill=\"#fff\"/>",
        );
        for (p, shape) in Shape::ALL.iter().enumerate() {
            let left = 50.0 + p as f64 * 285.0;
            let x = |size: f64| left + (size.log2() - 1.0) / 3.0 * 220.0;
            let y = |share: f64| 250.0 - share * 200.0;
            let _ = write!(out, "<text x=\"{left}\" y=\"30\" font-weight=\"bold\">{}</text>", shape.name());
            for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
                let _ = write!(
                    out,
                    "<path d=\"M{left} {0}h220\" stroke=\"#ddd\"/><text x=\"{1}\" y=\"{2}\" text-anchor=\"end\">{3:.0}%</text>",
                    y(tick),
                    left - 5.0,
                    y(tick) + 4.0,
                    tick * 100.0
                );
            }
            for size in SIZES {
                let _ = write!(out, "<text x=\"{}\" y=\"270\" text-anchor=\"middle\">{size}</text>", x(size));
            }
            for (m, method) in methods.iter().enumerate() {
                let colour = COLOURS[m % COLOURS.len()];
                let mut line = String::new();
                for r in self
                    .rows
                    .iter()
                    .filter(|r| r.method == *method && r.rule == "probability" && r.shape == shape.name())
                {
                    let shift = (m as f64 - 1.0) * 3.0;
                    let (cx, cy) = (x(r.size) + shift, y(r.value));
                    let _ = write!(line, "{}{cx:.1} {cy:.1}", if line.is_empty() { "M" } else { "L" });
                    let _ = write!(
                        out,
                        "<path d=\"M{cx:.1} {:.1}V{:.1}\" stroke=\"{colour}\"/><circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\" fill=\"{colour}\"/>",
                        y(r.interval.0),
                        y(r.interval.1)
                    );
                }
                let _ =
                    write!(out, "<path d=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            }
        }
        for (m, method) in methods.iter().enumerate() {
            let x = 50.0 + m as f64 * 220.0;
            let colour = COLOURS[m % COLOURS.len()];
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"297\" width=\"14\" height=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"304\">{method}</text>",
                x + 20.0
            );
        }
        out.push_str("<text x=\"450\" y=\"288\" text-anchor=\"middle\" font-size=\"11\">mean size of the outbreak, standard deviations of a week's count</text></svg>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_study_is_the_same_on_any_number_of_threads_and_finds_large_outbreaks_more_often() {
        let plan = Plan::builtin();
        let study = run(5, 48, &plan, 3, |_| {});
        assert_eq!(study, run(5, 48, &plan, 1, |_| {}));
        let share = |size: f64| {
            let rows = study.rows.iter().filter(|r| r.rule == "probability" && (r.size - size).abs() < 0.1);
            let (found, of) = rows.fold((0, 0), |(f, o), r| (f + r.found, o + r.of));
            f64::from(found) / f64::from(of)
        };
        assert!(share(16.0) > share(2.0), "{}", study.csv());
        assert!(study.rows.iter().any(|r| r.shape == "all" && r.of == 48));
        assert!(study.svg().contains("farrington-flexible"));
    }
}
