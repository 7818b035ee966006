//! One night of the watch: 86 counties × 40 hazards, and with `nation` 2,850 × 40, three methods, on generated daily counts of five
//! years and some weeks.
//!
//! `cargo bench -p signal --bench watch [-- nation]`. Times are CPU seconds of one thread, the making of the series left out; the nation is
//! heard county by county, so that memory holds one portion of the series.
#![allow(clippy::print_stdout, missing_docs)]

use signal::watch::{Neighbours, Plan, Sitting, Step, Stream, bounds, night, rate, signals};
use stats::random::{Purpose, Stream as Random};
use std::f64::consts::TAU;

const DAYS: usize = 5 * 366 + 60;
const HAZARDS: usize = 40;

/// CPU seconds of this thread so far, from the kernel's accounts; wall time elsewhere.
fn cpu() -> f64 {
    let wall = || std::time::UNIX_EPOCH.elapsed().map_or(0.0, |d| d.as_secs_f64());
    let Ok(stat) = std::fs::read_to_string("/proc/self/schedstat") else { return wall() };
    stat.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or_else(wall, |ns| ns * 1e-9)
}

/// The series of a county: levels from one case a month to several a day, a season, a weekend, overdispersion 1.5.
fn county(place: usize) -> Vec<Stream> {
    (0..HAZARDS)
        .map(|h| {
            let mut random = Random::new(62, Purpose::of("bench.watch"), (place * HAZARDS + h) as u64);
            let level = random.uniform() * 4.5 - 3.5;
            let (wave, phase) = (random.uniform() * 0.7, random.uniform() * TAU);
            let counts = (0..DAYS)
                .map(|t| {
                    let season = wave * (TAU * t as f64 / 365.0 + phase).sin();
                    let mean = (level + season).exp() * if t % 7 > 4 { 0.7 } else { 1.0 };
                    let rate = random.gamma(2.0 * mean) / 2.0;
                    random.poisson(rate) as f64
                })
                .collect();
            Stream {
                place: format!("{:06}", 100_000 + place),
                hazard: format!("h{h:02}"),
                first: "2021-01-01".parse().expect("a date"),
                step: Step::Day,
                counts,
                population: None,
            }
        })
        .collect()
}

/// Most memory this process has had, megabytes.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Counties heard in one portion.
const PORTION: usize = 43;

fn main() {
    let nation = std::env::args().any(|a| a == "nation");
    let counties = if nation { 2850 } else { 86 };
    let plan = Plan::builtin();
    let detectors = plan.detectors();
    if !nation {
        let streams: Vec<Stream> = (0..counties).flat_map(county).collect();
        for detector in plan.detectors() {
            let start = cpu();
            let one = night(&streams, &[detector], None, 1);
            let name = one.verdicts.first().map_or("-", |v| v.method.as_str());
            println!("{name}: {:.2} s, {} undecided", cpu() - start, one.undecided);
        }
    }
    let (wall, mut spent) = (std::time::Instant::now(), 0.0);
    let mut sitting = Sitting::new(&detectors, None);
    for from in (0..counties).step_by(PORTION) {
        let streams: Vec<Stream> = (from..(from + PORTION).min(counties)).flat_map(county).collect();
        let start = cpu();
        sitting.hear(&streams, 1);
        spent += cpu() - start;
    }
    let start = cpu();
    let done = sitting.close();
    let mut alarms = rate::raise(&done.verdicts, plan.control, plan.rate, |m| plan.least(m));
    spent += cpu() - start;
    // the bounds of what stands out need their series once more
    let places: std::collections::BTreeSet<String> = alarms.iter().map(|a| a.verdict.place.clone()).collect();
    let numbers = places.iter().filter_map(|code| code.parse::<usize>().ok()).map(|code| code - 100_000);
    let again: Vec<Stream> = numbers.flat_map(county).collect();
    let start = cpu();
    bounds(&mut alarms, &again, &detectors);
    let neighbours = Neighbours::gansu();
    let found = signals(&alarms, &plan, |a, b| neighbours.near(a, b));
    spent += cpu() - start;
    println!(
        "{counties} counties × {HAZARDS} hazards: {} verdicts, {} alarms, {} signals in {spent:.2} CPU s of one thread \
         ({:.0} s by the clock with the making of the series), {:.0} MB at most",
        done.verdicts.len(),
        alarms.len(),
        found.len(),
        wall.elapsed().as_secs_f64(),
        peak(),
    );
}
