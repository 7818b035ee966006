//! outbreakP: is the mean still constant, or has it begun to rise? No parameter of the outbreak is assumed.
//!
//! Frisén, Andersson, Schiöler, *Stat. Med.* 2009: the likelihood ratio of a rising mean (isotonic regression of all counts so far,
//! by pooling adjacent violators) to a constant one; alarm above k.
//!
//! **Modes.** The reference multiplies the factors and overflows on long series of large counts; then it writes nothing and
//! decides nothing; its mean is carried from count to count, with the rounding of that. Asked for cases it writes nothing where even none would ring. Corrected works with logarithms throughout and writes infinity.

use super::{Error, Mode, Range, Series, Verdict};

/// What the bound is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Give {
    /// The statistic.
    Value,
    /// The fewest cases that would have rung, up to a limit.
    Cases {
        /// The largest number tried.
        limit: f64,
    },
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Alarm limit of the ratio.
    pub k: f64,
    /// What the bound is.
    pub give: Give,
    /// How overflow is treated.
    pub mode: Mode,
}

impl Default for Control {
    fn default() -> Self {
        Self { k: 100.0, give: Give::Cases { limit: 1e5 }, mode: Mode::Compatible }
    }
}

/// Blocks of the non-decreasing fit: sum and length.
#[derive(Debug, Clone, Default)]
struct Isotonic {
    blocks: Vec<(f64, f64)>,
    sum: f64,
    n: f64,
    /// The mean carried along.
    running: f64,
}

impl Isotonic {
    fn push(&mut self, y: f64) {
        self.sum += y;
        self.n += 1.0;
        self.running += (y - self.running) / self.n;
        let mut block = (y, 1.0);
        while let Some((s, n)) = self.blocks.last().copied() {
            // pool while the mean before is larger
            if s * block.1 <= block.0 * n {
                break;
            }
            block = (block.0 + s, block.1 + n);
            self.blocks.pop();
        }
        self.blocks.push(block);
    }

    /// ln of the product of (fit/mean)^count. Within a block the counts add up to its sum.
    fn ln_ratio(&self) -> f64 {
        self.ln_ratio_to(self.sum / self.n)
    }

    fn ln_ratio_to(&self, mean: f64) -> f64 {
        self.blocks.iter().filter(|b| b.0 > 0.0).map(|(s, n)| s * (s / n / mean).ln()).sum()
    }
}

/// Judges the periods of a range from all counts of the series so far.
///
/// # Errors
/// The range lies outside.
pub fn run(series: &Series, control: &Control, range: Range) -> Result<Vec<Verdict>, Error> {
    series.check(range)?;
    let y = series.counts();
    let mut fit = Isotonic::default();
    y[..range.from - 1].iter().for_each(|v| fit.push(*v));
    let mut out = Vec::with_capacity(range.len());
    let limit = control.k.ln();
    for period in range.periods() {
        let observed = y[period - 1];
        let before = fit.clone();
        fit.push(observed);
        let ln = fit.ln_ratio();
        let with = |cases: f64| {
            let mut tried = before.clone();
            tried.push(cases);
            tried.ln_ratio()
        };
        if control.mode == Mode::Compatible {
            let value = multiplied(&fit, &y[..period]);
            if value.is_nan() {
                out.push(Verdict { period, observed, bound: value, alarm: None });
                continue;
            }
            let alarm = value > control.k;
            // lost to underflow, it rings for no number of cases
            let lost = alarm != (ln > limit);
            if matches!(control.give, Give::Value) || lost {
                let bound = if lost && !matches!(control.give, Give::Value) { f64::NAN } else { value };
                out.push(Verdict { period, observed, bound, alarm: Some(alarm) });
                continue;
            }
        }
        let bound = match control.give {
            Give::Value => ln.exp(),
            Give::Cases { limit: most } => {
                let fewest = fewest(&with, limit, most);
                // the reference says nothing where no case at all would ring
                if fewest <= 0.0 && control.mode == Mode::Compatible { f64::NAN } else { fewest }
            }
        };
        out.push(Verdict { period, observed, bound, alarm: Some(ln > limit) });
    }
    Ok(out)
}

/// The product of the factors one by one, each and all a double: it overflows and underflows as the reference does.
fn multiplied(fit: &Isotonic, y: &[f64]) -> f64 {
    let mean = fit.running;
    let mut counts = y.iter();
    let mut product = 1.0;
    let mut ordinary = true;
    for (sum, n) in &fit.blocks {
        let ratio = sum / n / mean;
        let mut left = *n;
        while left > 0.0 {
            left -= 1.0;
            let Some(count) = counts.next() else { break };
            product *= ratio.powf(*count);
            ordinary &= product > 1e-290 && product < 1e290;
        }
    }
    // in the ordinary range logarithms lose fewer digits
    if ordinary { fit.ln_ratio_to(mean).exp() } else { product }
}

/// The smallest number of cases above the limit; the ratio grows with the last count once it is above the mean.
fn fewest(ln_ratio: &dyn Fn(f64) -> f64, limit: f64, most: f64) -> f64 {
    let mut cases = 0.0;
    while cases <= most {
        if ln_ratio(cases) > limit {
            return cases;
        }
        cases += 1.0;
    }
    f64::NAN
}
