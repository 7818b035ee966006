//! How many cases of the last periods will there be once all reports are in: from a reporting triangle.
//!
//! A triangle holds, for period t and delay d, the cases of t reported d periods later. Two predictive laws of the final
//! number given what period t has so far:
//!
//! * [`Law::Lawless`] (Lawless, *Canadian Journal of Statistics* 1994): reverse-time hazards g(d) = n₍d₎ / N₍≤d₎ give the reported
//!   share F; normal with mean n/F and variance n(1 - F)/F², cut into whole numbers not below n.
//! * [`Law::BetaNegativeBinomial`] (Höhle and an der Heiden, *Biometrics* 2014): F is a beta law by a Dirichlet prior over
//!   the delays, the final number less n is beta negative binomial (n + 1, a, b).
//!
//! **Modes.** The reference's beta law counts the delays reported so far as if all reports were in, which makes F too large where
//! counts rise; its normal law leaves out that F is estimated; its support ends at a number chosen beforehand, and beyond it a bound reads 0.
//! Corrected takes for the beta law the mean and variance that the hazards give under a beta law of each, adds the variance of
//! F to the normal law, and carries the support on until the bound is reached.

use super::{Error, Mode};
use base::Date;
use stats::dist::{Continuous as _, Normal};
use stats::special::lgamma;

/// A reporting triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Triangle {
    /// First days of the periods, if the periods have dates.
    pub dates: Option<Vec<Date>>,
    /// Cases by period and delay; `None` where no report can have come yet.
    pub cells: Vec<Vec<Option<f64>>>,
}

/// Predictive law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Discretised normal.
    Lawless,
    /// Beta negative binomial; the number is the prior weight of each delay.
    BetaNegativeBinomial {
        /// Prior weight of a delay.
        kappa: f64,
    },
}

/// Which cells tell of the delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// All.
    All,
    /// Periods that began at most so many periods ago.
    Periods(usize),
    /// For each delay as many periods (Lawless 1994): those whose report of that delay came at most so many periods ago.
    Reports(usize),
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Predictive law.
    pub law: Law,
    /// Longest delay; later reports count as coming then.
    pub delays: usize,
    /// First period used, 1-based.
    pub from: usize,
    /// Which of them tell of the delays.
    pub window: Window,
    /// The interval holds 1 - α.
    pub alpha: f64,
    /// Largest number considered (`Compatible`), or where the support begins to be carried on (`Corrected`).
    pub most: usize,
    /// Defects of the reference kept or mended.
    pub mode: Mode,
}

/// What is expected of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// 1-based period.
    pub period: usize,
    /// Median of the final number.
    pub median: f64,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Reported so far.
    pub reported: f64,
}

const LARGEST: usize = 10_000_000;

/// Counts by delay and, for each, the cases with at most that delay among the same periods.
struct Delays {
    at: Vec<f64>,
    up_to: Vec<f64>,
}

impl Delays {
    fn count(rows: &[Vec<f64>], now: usize, control: &Control) -> Self {
        let longest = control.delays;
        let mut out = Self { at: vec![0.0; longest + 1], up_to: vec![0.0; longest + 1] };
        for (t, row) in rows.iter().enumerate().take(now).skip(control.from - 1) {
            let mut sum = 0.0;
            for (d, cases) in row.iter().enumerate().take(now - t) {
                sum += cases;
                let recent = match control.window {
                    Window::All => true,
                    Window::Periods(m) => t + m + 1 >= now,
                    Window::Reports(m) => t + d + m + 1 >= now,
                };
                if recent {
                    out.at[d] += cases;
                    out.up_to[d] += sum;
                }
            }
        }
        out
    }

    fn hazard(&self, d: usize) -> f64 {
        if self.up_to[d] > 0.0 { self.at[d] / self.up_to[d] } else { 0.0 }
    }

    /// Share reported by delay d, and the relative variance of its estimate (Greenwood).
    fn share(&self, d: usize) -> (f64, f64) {
        let (mut share, mut variance) = (1.0, 0.0);
        for x in d + 1..self.at.len() {
            let g = self.hazard(x);
            share *= 1.0 - g;
            if g > 0.0 && g < 1.0 {
                variance += g / (self.up_to[x] * (1.0 - g));
            }
        }
        (share, variance)
    }

    /// The beta law of the share reported by delay d.
    fn beta(&self, d: usize, kappa: f64, mode: Mode) -> (f64, f64) {
        if mode == Mode::Compatible {
            let weight = |range: &[f64]| range.iter().map(|n| n + kappa).sum::<f64>();
            return (weight(&self.at[..=d]), weight(&self.at[d + 1..]));
        }
        // independent beta laws of the hazards (generalised Dirichlet): first and second moment of the product of 1 - g
        let (mut first, mut second) = (1.0, 1.0);
        for x in d + 1..self.at.len() {
            let a = self.at[x] + kappa;
            let b = self.up_to[x] - self.at[x] + kappa * x as f64;
            first *= b / (a + b);
            second *= b * (b + 1.0) / ((a + b) * (a + b + 1.0));
        }
        let spread = second - first * first;
        if spread <= 0.0 {
            return (first, 1.0 - first);
        }
        let size = first * (1.0 - first) / spread - 1.0;
        (first * size, (1.0 - first) * size)
    }
}

/// Probabilities of the final numbers n, n + 1, …, one after the other.
enum Predictive {
    Point,
    Normal { law: Normal, reported: f64, scale: f64 },
    Beta { r: f64, a: f64, b: f64 },
}

impl Predictive {
    fn probability(&self, reported: usize, k: usize) -> f64 {
        match self {
            Self::Point => f64::from(u8::from(k == 0)),
            Self::Normal { law, reported: n, scale } => {
                let x = n + k as f64;
                let below = if k == 0 { 0.0 } else { law.cdf(x - 1.0) };
                (law.cdf(x) - below) * scale
            }
            Self::Beta { r, a, b } => {
                debug_assert!((*r - reported as f64 - 1.0).abs() < 1e-9);
                let k = k as f64;
                let ln_beta = |a: f64, b: f64| lgamma(a) + lgamma(b) - lgamma(a + b);
                (lgamma(r + k) - lgamma(k + 1.0) - lgamma(*r) + ln_beta(a + r, b + k) - ln_beta(*a, *b)).exp()
            }
        }
    }
}

/// Expects the final numbers of the last `delays` + 1 periods up to `now` (1-based): what was reported by then is used, nothing
/// later.
///
/// # Errors
/// A cell is no whole number, a period lies outside, or a setting is out of range.
pub fn run(triangle: &Triangle, control: &Control, now: usize) -> Result<Vec<Row>, Error> {
    let periods = triangle.cells.len();
    if now == 0 || now > periods {
        return Err(Error::Range { from: now, to: now, length: periods });
    }
    if control.from == 0 || control.from > now {
        return Err(Error::Range { from: control.from, to: now, length: periods });
    }
    if !(control.alpha > 0.0 && control.alpha < 1.0) {
        return Err(Error::setting("alpha", control.alpha, "a share between 0 and 1"));
    }
    if let Law::BetaNegativeBinomial { kappa } = control.law
        && !(kappa > 0.0 && kappa.is_finite())
    {
        return Err(Error::setting("gd.prior.kappa", kappa, "a positive number"));
    }
    let mut rows = Vec::with_capacity(now);
    for (t, cells) in triangle.cells.iter().enumerate().take(now) {
        rows.push(visible(cells, t, now, control.delays)?);
    }
    let delays = Delays::count(&rows, now, control);
    let begin = now.saturating_sub(control.delays).max(control.from);
    (begin..=now).map(|period| judge(&rows[period - 1], period, now, &delays, control)).collect()
}

/// The cells of a period that count: those reported by `now`, delays beyond the longest put into it.
fn visible(cells: &[Option<f64>], t: usize, now: usize, longest: usize) -> Result<Vec<f64>, Error> {
    let mut row = vec![0.0; longest + 1];
    for (d, cell) in cells.iter().enumerate() {
        if t + d >= now {
            break;
        }
        let wrong = |value: String| Error::Value {
            row: t + 1,
            column: format!("delay {d}"),
            value,
            wanted: "a whole number that is not negative (reports of that delay have come)",
        };
        let n = cell.ok_or_else(|| wrong("nothing".to_owned()))?;
        if !(n >= 0.0 && n.fract() == 0.0 && n < 1e9) {
            return Err(wrong(n.to_string()));
        }
        row[d.min(longest)] += n;
    }
    Ok(row)
}

fn judge(row: &[f64], period: usize, now: usize, delays: &Delays, control: &Control) -> Result<Row, Error> {
    let d = (now - period).min(control.delays);
    let n: f64 = row[..=d].iter().sum();
    let law = match control.law {
        Law::Lawless => {
            let (share, relative) = delays.share(d);
            if share <= 0.0 && n > 0.0 {
                return Err(Error::Fit {
                    method: "nowcast",
                    reason: format!(
                        "no case of the past was reported within {d} periods, so the {n} cases of period {period} say nothing; \
                         use more periods (from, m) or the beta law"
                    ),
                });
            }
            let mean = if n > 0.0 { n / share } else { 0.0 };
            let mut variance = if n > 0.0 { n * (1.0 - share) / (share * share) } else { 0.0 };
            if control.mode == Mode::Corrected {
                variance += mean * mean * relative;
            }
            match Normal::new(mean, variance.sqrt()) {
                Ok(law) => {
                    let beyond = law.sf(n);
                    // the reference divides by the mass above n only
                    let scale = match control.mode {
                        Mode::Compatible => 1.0 / beyond,
                        Mode::Corrected => 1.0,
                    };
                    Predictive::Normal { law, reported: n, scale }
                }
                Err(_) => Predictive::Point,
            }
        }
        Law::BetaNegativeBinomial { .. } if d == control.delays => Predictive::Point,
        Law::BetaNegativeBinomial { kappa } => {
            let (a, b) = delays.beta(d, kappa, control.mode);
            Predictive::Beta { r: n + 1.0, a, b }
        }
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and below 1e9")]
    let reported = n as usize;
    let quantile = Quantiles::new(&law, reported, control);
    let median = quantile.median;
    Ok(Row { period, median, lower: quantile.lower, upper: quantile.upper, reported: n })
}

struct Quantiles {
    median: f64,
    lower: f64,
    upper: f64,
}

impl Quantiles {
    fn new(law: &Predictive, reported: usize, control: &Control) -> Self {
        let levels = [control.alpha / 2.0, 0.5, 1.0 - control.alpha / 2.0];
        // a bound that is not reached within the support reads 0 in the reference
        let mut found = [0.0; 3];
        let end = match control.mode {
            Mode::Compatible => control.most,
            Mode::Corrected => LARGEST,
        };
        let (mut sum, mut next) = (0.0, 0);
        for number in reported..=end.max(reported) {
            sum += law.probability(reported, number - reported);
            while next < 3 && sum >= levels[next] {
                found[next] = number as f64;
                next += 1;
            }
            if next == 3 {
                break;
            }
        }
        if control.mode == Mode::Corrected {
            // a law whose tail is heavier than can be walked has no upper bound to tell
            for value in &mut found[next..] {
                *value = f64::INFINITY;
            }
        }
        let [lower, median, upper] = found;
        Self { median, lower, upper }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(law: Law, mode: Mode) -> Control {
        Control { law, delays: 2, from: 1, window: Window::All, alpha: 0.05, most: 300, mode }
    }

    /// Half of the cases are reported at once, a quarter after one period, a quarter after two.
    fn steady(periods: usize) -> Triangle {
        let cells = (0..periods)
            .map(|t| {
                [40.0, 20.0, 20.0].iter().enumerate().map(|(d, n)| (t + d < periods).then_some(*n)).collect()
            })
            .collect();
        Triangle { dates: None, cells }
    }

    #[test]
    fn what_half_is_reported_of_is_doubled_and_what_is_complete_stays() {
        for law in [Law::Lawless, Law::BetaNegativeBinomial { kappa: 0.1 }] {
            let rows = run(&steady(60), &control(law, Mode::Corrected), 60).expect("rows");
            let medians: Vec<f64> = rows.iter().map(|r| r.median).collect();
            assert_eq!(rows.iter().map(|r| r.reported).collect::<Vec<_>>(), [80.0, 60.0, 40.0]);
            assert!((medians[2] - 80.0).abs() <= 1.0 && (medians[1] - 80.0).abs() <= 1.0, "{medians:?}");
            assert_eq!((rows[0].lower, rows[0].median, rows[0].upper), (80.0, 80.0, 80.0));
        }
    }

    #[test]
    fn reports_after_the_day_of_the_nowcast_are_not_seen() {
        let whole = run(&steady(60), &control(Law::Lawless, Mode::Compatible), 50).expect("rows");
        let mut cut = steady(60);
        cut.cells.truncate(50);
        for (t, row) in cut.cells.iter_mut().enumerate() {
            for (d, cell) in row.iter_mut().enumerate() {
                *cell = cell.filter(|_| t + d < 50);
            }
        }
        assert_eq!(whole, run(&cut, &control(Law::Lawless, Mode::Compatible), 50).expect("rows"));
    }

    #[test]
    fn corrected_bounds_are_not_narrower_and_not_cut_off() {
        let law = Law::BetaNegativeBinomial { kappa: 0.1 };
        let mut few = control(law, Mode::Compatible);
        few.most = 60;
        let compatible = run(&steady(8), &few, 8).expect("rows");
        assert!(compatible[2].upper.abs() < 0.5, "the reference's bound beyond its support");
        few.mode = Mode::Corrected;
        let corrected = run(&steady(8), &few, 8).expect("rows");
        assert!(corrected[2].upper > 80.0 && corrected[2].upper.is_finite());
        let normal = |mode| run(&steady(8), &control(Law::Lawless, mode), 8).expect("rows")[2];
        assert!(normal(Mode::Corrected).upper >= normal(Mode::Compatible).upper);
    }

    #[test]
    fn a_missing_cell_that_should_be_there_is_named() {
        let mut triangle = steady(10);
        triangle.cells[3][1] = None;
        let error = run(&triangle, &control(Law::Lawless, Mode::Compatible), 10).expect_err("a gap");
        assert!(error.to_string().contains("row 4") && error.to_string().contains("delay 1"), "{error}");
    }
}
