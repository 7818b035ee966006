//! What must hold for any series: invariances, monotonicity, modes, and errors that say what to do.

use proptest::prelude::*;
use signal::detect::baseline::{Baseline, Overdispersion, Terms};
use signal::detect::frame::Frame;
use signal::detect::manifest::{self, Run};
use signal::detect::{Cell, Error, Mode, Range, Series, Settings, cusum, ears, farrington, glr, outbreak};

fn series(counts: &[u32]) -> Series {
    Series::new(counts.iter().map(|c| f64::from(*c)).collect(), 52).expect("counts")
}

fn last(n: usize) -> Range {
    Range { from: n, to: n }
}

fn flexible(threshold: farrington::Threshold) -> farrington::Flexible {
    farrington::Flexible {
        levels: 10,
        left_out: Some(26),
        p_trend: 1.0,
        threshold,
        ..farrington::Flexible::default()
    }
}

/// Alarm of each detector for the last period.
fn alarms(counts: &[u32], mode: Mode) -> Vec<Option<bool>> {
    let (s, n) = (series(counts), counts.len());
    let plugin = flexible(farrington::Threshold::Plugin);
    let plugin = farrington::Flexible { mode, ..plugin };
    let baseline = Baseline::fit(&s, 200, Terms { harmonics: 1, trend: false }, Overdispersion::Fixed(0.2));
    let value = glr::Control { give: glr::Give::Value, mode, ..glr::Control::default() };
    let c2 = ears::Control { mode, ..ears::Control::new(ears::Kind::C2) };
    let whole = Range { from: n - 20, to: n };
    let classic = farrington::Classic::default();
    vec![
        farrington::flexible(&s, &plugin, last(n)).expect("rows")[0].alarm,
        Some(farrington::classic(&s, &classic, last(n)).expect("rows")[0].alarm),
        ears::run(&s, &c2, last(n)).expect("rows")[0].alarm,
        Some(cusum::run(&s, &cusum::Control::default(), whole).expect("rows")[20].alarm),
        Some(glr::run(&s, &baseline.expect("a baseline"), &value, whole).expect("rows")[20].alarm),
        outbreak::run(
            &s,
            &outbreak::Control { give: outbreak::Give::Value, mode, ..Default::default() },
            last(n),
        )
        .expect("rows")[0]
            .alarm,
    ]
}

fn past() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(1_u32..14, 300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn more_cases_in_the_last_period_never_silence_an_alarm(mut counts in past(), more in 1_u32..60) {
        let fewer = alarms(&counts, Mode::Corrected);
        *counts.last_mut().expect("not empty") += more;
        for (i, (a, b)) in fewer.iter().zip(alarms(&counts, Mode::Corrected)).enumerate() {
            prop_assert!(*a != Some(true) || b == Some(true), "detector {}", i);
        }
    }

    #[test]
    fn a_population_that_does_not_change_changes_nothing(counts in past()) {
        let n = counts.len();
        let plain = series(&counts);
        let people = plain.clone().with_population(vec![5000.0; n]).expect("as long");
        let control = flexible(farrington::Threshold::Delta);
        let with = farrington::Flexible { population_offset: true, ..control.clone() };
        let a = farrington::flexible(&plain, &control, last(n)).expect("rows")[0];
        let b = farrington::flexible(&people, &with, last(n)).expect("rows")[0];
        prop_assert!((a.score - b.score).abs() < 1e-8 && (a.expected - b.expected).abs() < 1e-8 || a.expected.is_nan());
    }

    #[test]
    fn the_judgement_of_a_period_does_not_depend_on_later_ones(counts in past(), tail in prop::collection::vec(0_u32..40, 5)) {
        let n = counts.len();
        let mut longer = counts.clone();
        longer.extend(tail);
        let control = flexible(farrington::Threshold::Muan);
        let a = farrington::flexible(&series(&counts), &control, last(n)).expect("rows")[0];
        let b = farrington::flexible(&series(&longer), &control, last(n)).expect("rows")[0];
        prop_assert_eq!(a.score.to_bits(), b.score.to_bits());
    }

    #[test]
    fn ears_scales_with_the_counts(counts in prop::collection::vec(0_u32..50, 40), factor in 2_u32..9) {
        let scaled: Vec<u32> = counts.iter().map(|c| c * factor).collect();
        for kind in [ears::Kind::C1, ears::Kind::C2] {
            let control = ears::Control::new(kind);
            let range = Range { from: 12, to: 40 };
            let a = ears::run(&series(&counts), &control, range).expect("rows");
            let b = ears::run(&series(&scaled), &control, range).expect("rows");
            for (a, b) in a.iter().zip(&b) {
                prop_assert!((a.bound * f64::from(factor) - b.bound).abs() < 1e-9 * (1.0 + b.bound));
            }
        }
    }

    #[test]
    fn the_screened_maximum_is_the_maximum(counts in prop::collection::vec(0_u32..30, 60), alpha in 0.02..1.0_f64) {
        // a window of one period has nothing to screen; the whole past has
        let s = series(&counts);
        let means = vec![6.0; 60];
        let range = Range { from: 1, to: 60 };
        let control =
            glr::Control { limit: f64::INFINITY, give: glr::Give::Value, mode: Mode::Corrected, ..Default::default() };
        let rows = glr::run_with_means(&s, &means, alpha, &control, range).expect("rows");
        for (n, row) in rows.iter().enumerate() {
            let ratio = |k: usize, kappa: f64| -> f64 {
                counts[k..=n].iter().map(|y| {
                    let y = f64::from(*y);
                    y * kappa - (y + 1.0 / alpha) * ((1.0 + alpha * 6.0 * kappa.exp()) / (1.0 + alpha * 6.0)).ln()
                }).sum()
            };
            let grid = (0..=n).flat_map(|k| (0..60).map(move |g| (k, f64::from(g) * 0.05)));
            let best = grid.map(|(k, kappa)| ratio(k, kappa)).fold(0.0, f64::max);
            prop_assert!(row.bound >= best - 1e-9 && row.bound <= best + 0.6, "{} {}", row.bound, best);
        }
    }
}

/// The reference's way through the beginnings, period by period and without any short cut: Newton steps for κ from where the beginning
/// before ended (the first from ±½, after one that ended at none or diverged from 0), none of them guarded.
fn steps_of_the_reference(counts: &[f64], mean: f64, alpha: f64, sign: f64) -> f64 {
    let slopes = |y: &[f64], kappa: f64| {
        y.iter().fold((0.0, 0.0), |(first, second), y| {
            let out = alpha * mean * kappa.exp();
            let pull = (y + 1.0 / alpha) * out / (1.0 + out);
            (first + y - pull, second - pull / (1.0 + out))
        })
    };
    let ratio = |y: &[f64], kappa: f64| -> f64 {
        let ln = (alpha * mean * kappa.exp_m1() / (1.0 + alpha * mean)).ln_1p();
        y.iter().map(|y| y * kappa - (y + 1.0 / alpha) * ln).sum()
    };
    let (mut kappa, mut best) = (0.5 * sign, 0.0_f64);
    for k in 0..counts.len() {
        let y = &counts[k..];
        for _ in 0..100 {
            if kappa <= -18.0 {
                break;
            }
            let (slope, curve) = slopes(y, kappa);
            let next = kappa - slope / curve;
            let settled = (next - kappa).abs() < 1e-6;
            kappa = next;
            if settled || !kappa.is_finite() {
                break;
            }
        }
        if kappa.is_finite() && kappa * sign > 0.0 {
            best = best.max(ratio(y, kappa));
        } else {
            kappa = 0.0;
        }
    }
    best
}

#[test]
fn passing_over_beginnings_changes_no_step_of_the_reference() {
    let (mut compared, mut above) = (0, 0);
    for number in 0..60 {
        let mut random = stats::random::Stream::new(9, stats::random::Purpose::of("glr steps"), number);
        let (mean, alpha) = ((random.uniform() * 5.0 - 1.0).exp(), 0.02 + random.uniform());
        let counts: Vec<f64> = (0..90)
            .map(|t| {
                let jump = if t > 70 && number % 3 == 0 { 1.8 } else { 1.0 };
                let rate = random.gamma(1.0 / alpha) * alpha * mean * jump;
                random.poisson(rate) as f64
            })
            .collect();
        let s = Series::new(counts.clone(), 52).expect("counts");
        for (direction, sign) in [(glr::Direction::Increase, 1.0), (glr::Direction::Decrease, -1.0)] {
            let control = glr::Control {
                limit: f64::INFINITY,
                give: glr::Give::Value,
                mode: Mode::Compatible,
                direction,
                ..Default::default()
            };
            let range = Range { from: 1, to: counts.len() };
            let rows =
                glr::run_with_means(&s, &vec![mean; counts.len()], alpha, &control, range).expect("rows");
            for t in (4..counts.len()).step_by(5) {
                let expected = steps_of_the_reference(&counts[..=t], mean, alpha, sign);
                let found = rows[t].bound;
                assert!(
                    (found - expected).abs() <= 1e-7 * expected.max(1.0),
                    "{number} {sign} {t}: {found} {expected}"
                );
                compared += 1;
                above += usize::from(expected > 1.0);
            }
        }
    }
    assert!(above * 4 > compared, "{above} of {compared} say something");
}

fn table(csv: &str, method: &str, settings: &str, mode: Mode) -> Result<Vec<Vec<Cell>>, Error> {
    let frame = Frame::parse("series", csv)?;
    let names = frame.names();
    let run = Run { frame: &frame, triangle: None, names, frequency: Some(52), rows: None, mode };
    manifest::compute(method, &run, &Settings::parse(settings)).map(|t| t.rows)
}

#[test]
fn equal_baseline_counts_leave_c3_undecided_only_in_compatible_mode() {
    let s = series(&[3; 30]);
    let control = |mode| ears::Control { mode, ..ears::Control::new(ears::Kind::C3) };
    let row = |mode| ears::run(&s, &control(mode), last(30)).expect("rows")[0];
    assert_eq!(row(Mode::Compatible).alarm, None);
    assert_eq!(row(Mode::Corrected).alarm, Some(false));
}

#[test]
fn c3_depends_on_the_judged_count_only_in_corrected_mode() {
    let mut counts = [4, 5, 6, 5, 4, 6, 5, 4, 5, 6, 5, 4, 6, 5, 4].to_vec();
    counts.push(90);
    let control = |mode| ears::Control { mode, ..ears::Control::new(ears::Kind::C3) };
    let alarm = |mode| ears::run(&series(&counts), &control(mode), last(16)).expect("rows")[0].alarm;
    assert_eq!((alarm(Mode::Compatible), alarm(Mode::Corrected)), (Some(false), Some(true)));
}

#[test]
fn a_large_jump_rings_in_corrected_mode() {
    // the reference's search diverges here and sees nothing
    let s = series(&[0, 60]);
    let control = |mode| glr::Control { give: glr::Give::Value, mode, ..glr::Control::default() };
    let alarm = |mode| {
        let rows = glr::run_with_means(&s, &[0.5, 0.5], 0.05, &control(mode), Range { from: 2, to: 2 });
        rows.map_err(|e| e.to_string())
    };
    assert!(alarm(Mode::Compatible).is_err(), "one mean a period judged");
    let one = |mode| {
        glr::run_with_means(&s, &[0.5], 0.05, &control(mode), Range { from: 2, to: 2 }).expect("rows")[0]
    };
    assert!(!one(Mode::Compatible).alarm && one(Mode::Corrected).alarm);
}

#[test]
fn a_cusum_that_is_reset_starts_again_at_zero_after_an_alarm() {
    // mean 4: a count of 12 stands 4 deviations above it, one of 4 none
    let s = series(&[12, 4, 12, 12]);
    let of = |reset| {
        let control = cusum::Control { mean: cusum::Mean::Known(4.0), reset, ..cusum::Control::default() };
        let rows = cusum::run(&s, &control, Range { from: 1, to: 4 }).expect("rows");
        rows.into_iter().map(|r| r.statistic).collect::<Vec<f64>>()
    };
    for (found, wanted) in [(of(false), [2.96, 1.92, 4.88, 7.84]), (of(true), [2.96, 0.0, 2.96, 2.96])] {
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }
}

#[test]
fn errors_name_the_field_and_the_remedy() {
    let short = "t,observed\n1,4\n2,5\n";
    let cases = [
        (short, "ears", "range=2:2", "period 2: EARS needs the 7 periods before it, the series has 1"),
        (short, "ears", "range=9:12", "range 9:12 lies outside the series of 2 periods"),
        (short, "ears", "method=C9", "setting method = C9: C1, C2 or C3 is needed"),
        (short, "farrington-flexible", "limit54=five", "setting limit54 = five: a number is needed"),
        (short, "cusum", "trans=cube", "setting trans = cube"),
        (short, "nothing", "", "setting method = nothing: one of"),
        // what the reference has and this has not is refused rather than passed over
        (short, "cusum", "reset=maybe", "setting reset = maybe: TRUE or FALSE"),
        (short, "farrington", "fitFun=mine", "setting fitFun = mine"),
        (short, "endemic", "ar1_ne1_S1_NegBinM", "setting model = ar1_ne1_S1_NegBinM"),
        ("t,obs_a,obs_b\n1,4,2\n2,5,3\n", "endemic", "ar1_Poisson", "one series"),
        (short, "categorical-cusum", "phase1=1:1 probit", "setting phase1 = 1:1 probit"),
        ("t,observed\n1,4\n2,x\n", "ears", "", "row 2, column observed: x is not a number"),
        ("t,observed\n1,4\n2,-3\n", "ears", "", "row 2, column observed: -3 is not a whole number of cases"),
        (
            "t,date,observed\n1,2026-01-05,4\n2,2026-01-05,3\n",
            "ears",
            "",
            "row 2, column date: 2026-01-05 is not after the date before it",
        ),
    ];
    for (csv, method, settings, expected) in cases {
        let error = table(csv, method, settings, Mode::Compatible).expect_err(method).to_string();
        assert!(error.contains(expected), "{error} does not say: {expected}");
    }
}

#[test]
fn a_gap_is_refused_with_its_row_and_never_read_as_none() {
    let header = "t,date,observed,population,outbreak_flag";
    let good = "1,2026-01-05,4,100,0\n2,2026-01-12,3,100,0";
    assert!(table(&format!("{header}\n{good}\n"), "ears", "range=2:2", Mode::Compatible).is_err());
    for (column, at) in [("observed", 2), ("population", 3), ("outbreak_flag", 4), ("date", 1)] {
        for gap in ["", "NA", "NaN", "inf", "-"] {
            let mut fields = ["3", "2026-01-19", "5", "100", "0"];
            fields[at] = gap;
            let frame =
                Frame::parse("f.csv", &format!("{header}\n{good}\n{}\n", fields.join(","))).expect("rows");
            let error = frame.series("observed", None).expect_err(column).to_string();
            assert!(error.contains(&format!("row 3, column {column}")), "{gap:?}: {error}");
        }
    }
}

#[test]
fn settings_from_text_and_json_are_the_same() {
    let json = serde_json::json!({"b": 5, "limit54": [5, 4], "reweight": true, "alpha": 0.05, "m": null});
    let (a, b) = (
        Settings::from_json(&json).expect("an object"),
        Settings::parse("b=5; limit54=5|4; reweight=TRUE; alpha=0.05; m=NULL"),
    );
    for name in ["b", "limit54", "reweight", "alpha", "m"] {
        assert_eq!(a.text(name), b.text(name));
    }
}

/// So many weeks from a Monday, each with `count(i)` cases.
fn weeks(n: i32, count: impl Fn(i32) -> i32) -> String {
    let start = jiff::civil::date(2014, 12, 29);
    let day = |i: i32| start + jiff::Span::new().days(7 * i);
    let rows: String = (0..n).map(|i| format!("{},{}\n", day(i), count(i))).collect();
    format!("date,observed\n{rows}")
}

#[test]
fn without_a_range_every_period_with_enough_history_is_judged_whatever_weeks_its_years_had() {
    for method in ["farrington-flexible", "farrington"] {
        let rows = table(&weeks(330, |i| i % 7), method, "", Mode::Compatible).unwrap();
        assert_eq!(rows[0][0], Cell::Number(265.0), "{method}");
        assert_eq!(rows.len(), 66, "{method}");
    }
}

#[test]
fn a_week_without_a_row_is_refused_and_never_closed_up() {
    let holed: String = weeks(330, |i| i % 7)
        .lines()
        .enumerate()
        .filter(|(i, _)| *i != 101)
        .map(|(_, l)| format!("{l}\n"))
        .collect();
    let error = table(&holed, "ears", "", Mode::Compatible).unwrap_err().to_string();
    assert!(error.contains("row 101, column date") && error.contains("a row of 0"), "{error}");
}

#[test]
fn a_past_without_spread_has_a_poisson_baseline() {
    for counts in ["7", "0"] {
        let csv = format!("observed\n{}", format!("{counts}\n").repeat(150));
        let of = |method: &str| table(&csv, method, "ret=value", Mode::Corrected).unwrap();
        assert_eq!(of("glr-negative-binomial"), of("glr-poisson"), "{counts}");
    }
}

#[test]
fn one_number_for_mu0_is_the_mean_itself() {
    let csv = format!("observed\n{}9\n", "5\n".repeat(120));
    let rows = table(&csv, "glr-poisson", "mu0=6.5; ret=value; range=105:121", Mode::Corrected).unwrap();
    assert!(rows.iter().all(|r| r[4] == Cell::Number(6.5)), "{rows:?}");
}

#[test]
fn a_setting_that_can_judge_nothing_is_refused_by_name() {
    let csv = format!("observed\n{}", "1\n2\n5\n0\n".repeat(40));
    for (method, settings, field) in [
        ("cusum", "k=-1", "k"),
        ("cusum", "h=0", "h"),
        ("ears", "minSigma=-1", "minSigma"),
        ("glr-poisson", "c.ARL=0", "c.ARL"),
        ("glr-poisson", "theta=0", "theta"),
        ("glr-poisson", "M=3; Mtilde=5", "Mtilde"),
        ("glr-negative-binomial", "M=0", "Mtilde"),
    ] {
        let error = table(&csv, method, settings, Mode::Compatible).unwrap_err().to_string();
        assert!(error.contains(&format!("setting {field} =")), "{method} {settings}: {error}");
    }
}
