//! One night of the watch: 86 counties × 40 hazards, and with `nation` 2,850 × 40, three methods, on generated daily counts of five
//! years and some weeks.
//!
//! `cargo bench -p signal --bench watch [-- nation]`. Times are CPU seconds of one thread.
#![allow(clippy::print_stdout, missing_docs)]

use signal::watch::{Neighbours, Plan, Step, Stream, bounds, night, rate, signals};
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

fn main() {
    let nation = std::env::args().any(|a| a == "nation");
    let counties = if nation { 2850 } else { 86 };
    let plan = Plan::builtin();
    let detectors = plan.detectors();
    let streams: Vec<Stream> = (0..counties).flat_map(county).collect();
    for detector in plan.detectors() {
        let start = cpu();
        let one = night(&streams[..streams.len().min(3440)], &[detector], None, 1);
        let name = one.verdicts.first().map_or("-", |v| v.method.as_str());
        println!("{name}: {:.2} s a 3,440 series, {} undecided", cpu() - start, one.undecided);
    }
    let start = cpu();
    let done = night(&streams, &detectors, None, 1);
    let mut alarms = rate::raise(&done.verdicts, plan.control, plan.rate, |m| plan.least(m));
    bounds(&mut alarms, &streams, &detectors);
    let neighbours = Neighbours::gansu();
    let found = signals(&alarms, &plan, |a, b| neighbours.near(a, b));
    println!(
        "{counties} counties × {HAZARDS} hazards: {} verdicts, {} alarms, {} signals in {:.2} CPU s",
        done.verdicts.len(),
        alarms.len(),
        found.len(),
        cpu() - start
    );
}
