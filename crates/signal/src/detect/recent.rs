//! RKI 1–3 and Bayes 1–3: a count against the same weeks of few years, without a regression.
//!
//! The baseline of a period are the `recent` periods just before it (if `this_year`) and, for each of `years` years back, the
//! periods within ± `recent` of the same one. RKI: mean plus two standard deviations, for means up to 20 the upper limit of a 95 %
//! interval of a Poisson mean (Crow and Gardner, *Biometrika* 1959) at the mean rounded down. Bayes: the predictive
//! distribution under Jeffreys' prior, negative binomial with size Σy + ½ and probability n/(n+1) (Riebler 2004; Höhle 2007).
//!
//! **Modes.** None differ.

use super::{Error, Range, Series, Verdict};
use stats::dist::{Discrete as _, NegativeBinomial};

/// Which rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Mean and two standard deviations.
    Rki,
    /// The 1 - alpha quantile of the predictive distribution.
    Bayes {
        /// Probability of a false alarm.
        alpha: f64,
    },
}

/// Settings. RKI 1 and Bayes 1 are (0, 6, true), 2 are (1, 6, true), 3 are (2, 4, false).
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Which rule.
    pub rule: Rule,
    /// Years back.
    pub years: usize,
    /// Half width of the windows.
    pub recent: usize,
    /// The periods just before count too.
    pub this_year: bool,
}

impl Control {
    /// Periods needed before the first one judged.
    #[must_use]
    pub fn history(&self, frequency: usize) -> usize {
        self.years * frequency + self.recent
    }
}

/// Upper limits of Crow and Gardner's 95 % intervals for 0, 1, … 20 cases.
const LIMITS: [f64; 21] = [
    3.285, 5.323, 6.686, 8.102, 9.598, 11.177, 12.817, 13.765, 14.921, 16.768, 17.633, 19.05, 20.335, 21.364,
    22.945, 23.762, 25.4, 26.306, 27.735, 28.966, 30.017,
];

/// Judges the periods of a range.
///
/// # Errors
/// The range lies outside, the history is too short, or a setting is out of range.
pub fn run(series: &Series, control: &Control, range: Range) -> Result<Vec<Verdict>, Error> {
    series.check(range)?;
    if let Rule::Bayes { alpha } = control.rule
        && !(alpha > 0.0 && alpha < 1.0)
    {
        return Err(Error::setting("alpha", alpha, "a probability"));
    }
    if control.years == 0 && !control.this_year {
        return Err(Error::setting("b", 0, "at least one year, or actY = TRUE"));
    }
    if control.recent == 0 && control.this_year && control.years == 0 {
        return Err(Error::setting("w", 0, "at least one period"));
    }
    let f = series.frequency();
    let needed = control.history(f);
    if range.from <= needed {
        return Err(Error::History {
            method: "RKI/Bayes",
            period: range.from,
            needed,
            there: range.from - 1,
        });
    }
    let y = series.counts();
    let mut past: Vec<f64> = Vec::new();
    let mut out = Vec::with_capacity(range.len());
    for period in range.periods() {
        let t = period - 1;
        past.clear();
        if control.this_year {
            past.extend(&y[t - control.recent..t]);
        }
        for year in 1..=control.years {
            let centre = t - year * f;
            past.extend(&y[centre - control.recent..=(centre + control.recent).min(t - 1)]);
        }
        let n = past.len() as f64;
        let sum: f64 = past.iter().sum();
        let bound = match control.rule {
            Rule::Bayes { alpha } => NegativeBinomial::from_probability(sum + 0.5, n / (n + 1.0))
                .map_or(f64::NAN, |d| d.quantile(1.0 - alpha)),
            Rule::Rki => {
                let mean = sum / n;
                if mean > 20.0 {
                    let squares: f64 = past.iter().map(|v| (v - mean) * (v - mean)).sum();
                    mean + 2.0 * (squares / (n - 1.0)).sqrt()
                } else {
                    let at = LIMITS.iter().zip(0_u8..).find(|(_, i)| mean < f64::from(*i) + 1.0);
                    at.map_or(f64::NAN, |(limit, _)| *limit)
                }
            }
        };
        out.push(Verdict { period, observed: y[t], bound, alarm: Some(y[t] > bound) });
    }
    Ok(out)
}
