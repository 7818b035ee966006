//! Detectors over 1,000 generated weekly series of ten years, beside the R package surveillance in the same run when `Rscript` has it.
//!
//! `cargo bench -p signal --bench detect [-- SERIES]`. Times are CPU seconds of this one thread; the peer does a part of
//! the work and is scaled to the same number of units. Series follow Noufaily et al. 2013: log-linear trend, yearly wave,
//! dispersion 1 to 5.
#![allow(clippy::print_stdout, missing_docs)]

use signal::detect::baseline::{Baseline, Overdispersion, Terms};
use signal::detect::farrington::{self, Flexible, Threshold};
use signal::detect::{Mode, Range, Series, cusum, ears, glr};
use stats::random::{Purpose, Stream};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::hint::black_box;

const WEEKS: usize = 520;

/// CPU seconds of this process so far (user and system), from the kernel's accounts; wall time elsewhere.
fn cpu() -> f64 {
    let wall = || std::time::UNIX_EPOCH.elapsed().map_or(0.0, |d| d.as_secs_f64());
    let Ok(stat) = std::fs::read_to_string("/proc/self/schedstat") else { return wall() };
    stat.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or_else(wall, |ns| ns * 1e-9)
}

fn seconds(mut work: impl FnMut()) -> f64 {
    let start = cpu();
    work();
    cpu() - start
}

fn generate(count: usize) -> Vec<Series> {
    let start: base::Date = "2016-01-04".parse().expect("a date");
    let dates: Vec<base::Date> = start.series(jiff::Span::new().weeks(1)).take(WEEKS).collect();
    (0..count)
        .map(|i| {
            let mut stream = Stream::new(62, Purpose::of("bench.series"), i as u64);
            let level = stream.uniform() * 4.0;
            let (trend, wave) = (stream.uniform() * 0.002, stream.uniform() * 0.6);
            let phi = 1.01 + stream.uniform() * 4.0;
            let counts = (0..WEEKS)
                .map(|t| {
                    let t = t as f64;
                    let mean = (level + trend * t + wave * (TAU * t / 52.0).sin()).exp();
                    let size = mean / (phi - 1.0);
                    let rate = stream.gamma(size) * (phi - 1.0);
                    stream.poisson(rate) as f64
                })
                .collect();
            Series::new(counts, 52).and_then(|s| s.with_dates(dates.clone())).expect("a series")
        })
        .collect()
}

/// name → CPU seconds a unit; empty without R.
fn peer(series: &[Series]) -> BTreeMap<String, f64> {
    let mut csv = "date".to_owned();
    let shown = &series[..series.len().min(50)];
    for i in 0..shown.len() {
        let _ = write!(csv, ",s{i}");
    }
    csv.push('\n');
    for (t, date) in series[0].dates().unwrap_or_default().iter().enumerate() {
        let _ = write!(csv, "{date}");
        for s in shown {
            let _ = write!(csv, ",{}", s.counts()[t]);
        }
        csv.push('\n');
    }
    let file = std::env::temp_dir().join(format!("signal-bench-{}.csv", std::process::id()));
    if std::fs::write(&file, csv).is_err() {
        return BTreeMap::new();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.R");
    let output = std::process::Command::new("Rscript").arg(script).arg(&file).output();
    let _ = std::fs::remove_file(&file);
    let Ok(output) = output else { return BTreeMap::new() };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            let (name, units, seconds) = (parts.next()?, parts.next()?, parts.next()?);
            Some((name.to_owned(), seconds.parse::<f64>().ok()? / units.parse::<f64>().ok()?))
        })
        .collect()
}

fn main() {
    let count = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1000);
    let series = generate(count);
    let peers = peer(&series);
    if peers.is_empty() {
        println!("the R package surveillance is not here: no peer in this run");
    }
    let line = |name: &str, what: &str, units: usize, ours: f64| {
        let scaled = peers.get(name).map(|s| s * units as f64);
        let beside =
            scaled.map_or(String::new(), |p| format!("   surveillance {p:>9.2} s   {:.0} : 1", p / ours));
        println!("{what:<58} ours {ours:>8.3} s{beside}");
    };
    let control = Flexible {
        levels: 10,
        left_out: Some(26),
        p_trend: 1.0,
        threshold: Threshold::Plugin,
        ..Flexible::default()
    };
    let judge = |from: usize| {
        seconds(|| {
            for s in &series {
                black_box(farrington::flexible(s, &control, Range { from, to: WEEKS }).expect("rows"));
            }
        })
    };
    line(
        "farrington_latest",
        &format!("Farrington flexible, {count} series, latest week"),
        count,
        judge(WEEKS),
    );
    line(
        "farrington_all",
        &format!("Farrington flexible, {count} series, 256 weeks"),
        count * 256,
        judge(WEEKS - 255),
    );
    let c3 = ears::Control::new(ears::Kind::C3);
    let ours = seconds(|| {
        for s in &series {
            black_box(ears::run(s, &c3, Range { from: 12, to: WEEKS }).expect("rows"));
        }
    });
    line("ears_c3", &format!("EARS C3, {count} series × 509 weeks"), count * 509, ours);
    let range = Range { from: 261, to: WEEKS };
    let terms = Terms { harmonics: 1, trend: false };
    for mode in [Mode::Compatible, Mode::Corrected] {
        let control = glr::Control { give: glr::Give::Value, mode, ..glr::Control::default() };
        let ours = seconds(|| {
            for s in &series {
                let baseline = Baseline::fit(s, 260, terms, Overdispersion::Fixed(0.25)).expect("a baseline");
                black_box(glr::run(s, &baseline, &control, range).expect("rows"));
            }
        });
        line("glr_nb", &format!("GLR negative binomial, {count} × 260 weeks, {mode:?}"), count * 260, ours);
    }
    let rossi = cusum::Control {
        mean: cusum::Mean::Regression(terms),
        transform: cusum::Transform::Rossi,
        ..cusum::Control::default()
    };
    let ours = seconds(|| {
        for s in &series {
            black_box(cusum::run(s, &rossi, range).expect("rows"));
        }
    });
    line("cusum", &format!("CUSUM with harmonic baseline, {count} × 260 weeks"), count * 260, ours);
}
