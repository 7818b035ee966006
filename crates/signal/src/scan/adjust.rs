//! What is known of time and place beforehand, so that the scan does not find it again: expected cases of the Poisson model
//! are shared out anew, their sum staying the number of cases.
//!
//! Sources: Kulldorff, Athas, Feuer, Miller, Key, *Am. J. Public Health* 88:1377 (1998: time trends); Kulldorff et al.
//! (1997); SaTScan's user guide, “Spatial and temporal adjustments”.

use super::calendar::{date, ordinal};
use super::input::{Files, IDS, Panel, find_place};
use super::settings::{Places, Settings, Trend, Unit};
use crate::table::{Problem, number};
use stats::glm::{self, Family};
use stats::linear::Matrix;

/// Shares the expected cases of a Poisson panel out anew.
///
/// # Errors
/// A file of relative risks that is missing or unreadable; a trend that cannot be fitted.
pub(crate) fn adjust(panel: &mut Panel, files: &Files, settings: &Settings) -> Result<(), Problem> {
    if settings.known_risks {
        known_risks(panel, files)?;
    }
    let t = panel.intervals;
    let n = panel.places.len();
    match settings.trend {
        Trend::None => {}
        Trend::Nonparametric | Trend::Stratified => {
            scale(panel, |cell| cell % t, t);
        }
        Trend::Percent(percent) => follow(panel, settings, &[(percent / 100.0).ln_1p() * years(settings)]),
        Trend::LogLinear | Trend::LogQuadratic => {
            let terms = if settings.trend == Trend::LogLinear { 1 } else { 2 };
            let slopes = fitted(panel, terms)?;
            follow(panel, settings, &slopes);
        }
    }
    if settings.place_risk != Places::None {
        scale(panel, |cell| cell / t, n);
    }
    if settings.weekly {
        let days: Vec<usize> = panel.calendar.bounds.iter().map(|day| weekday(*day)).collect();
        scale(panel, |cell| days[cell % t], 7);
    }
    whole(panel);
    Ok(())
}

/// The day of the week by number; which day is 0 does not matter.
pub(crate) fn weekday(day: i64) -> usize {
    usize::try_from(day.rem_euclid(7)).unwrap_or(0)
}

/// Years in an interval.
fn years(settings: &Settings) -> f64 {
    let unit = match settings.unit {
        Unit::Year => 1.0,
        Unit::Month => 1.0 / 12.0,
        Unit::Day => 1.0 / 365.2425,
    };
    unit * f64::from(settings.length)
}

/// Makes the expected cases of every group those it has.
fn scale(panel: &mut Panel, group: impl Fn(usize) -> usize, groups: usize) {
    let (mut cases, mut expected) = (vec![0.0; groups], vec![0.0; groups]);
    for (cell, (c, m)) in panel.cases.iter().zip(&panel.measure).enumerate() {
        cases[group(cell)] += f64::from(*c);
        expected[group(cell)] += m;
    }
    for (cell, m) in panel.measure.iter_mut().enumerate() {
        let g = group(cell);
        if expected[g] > 0.0 {
            *m *= cases[g] / expected[g];
        }
    }
}

/// Makes the sum of the expected cases the number of cases.
fn whole(panel: &mut Panel) {
    scale(panel, |_| 0, 1);
}

/// Multiplies by exp(Σ slope × intervalᵏ) and notes the yearly change of a straight trend.
#[expect(clippy::cast_precision_loss, reason = "a number of intervals")]
fn follow(panel: &mut Panel, settings: &Settings, slopes: &[f64]) {
    let t = panel.intervals;
    let middle = (t as f64 - 1.0) / 2.0;
    for (cell, m) in panel.measure.iter_mut().enumerate() {
        let x = (cell % t) as f64 - middle;
        *m *= slopes.iter().rev().fold(0.0, |sum, s| (sum + s) * x).exp();
    }
    if let [slope] = slopes {
        panel.annual_trend = Some((slope / years(settings)).exp_m1() * 100.0);
    }
}

/// The trend of the cases of each interval against what is expected there: Poisson regression with that as offset.
#[expect(clippy::cast_precision_loss, reason = "a number of intervals")]
fn fitted(panel: &Panel, terms: usize) -> Result<Vec<f64>, Problem> {
    let t = panel.intervals;
    let middle = (t as f64 - 1.0) / 2.0;
    let (mut powers, mut counts, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..t {
        let of = |m: &dyn Fn(usize) -> f64| (0..panel.places.len()).map(|p| m(p * t + i)).sum::<f64>();
        let expected = of(&|cell| panel.measure[cell]);
        if expected > 0.0 {
            let x = i as f64 - middle;
            powers.push(x);
            counts.push(of(&|cell| f64::from(panel.cases[cell])));
            offsets.push(expected.ln());
        }
    }
    let design =
        Matrix::from_fn(powers.len(), terms + 1, |row, k| (0..k).fold(1.0, |power, _| power * powers[row]));
    let model = glm::Model {
        family: Family::Poisson,
        design: &design,
        response: &counts,
        weights: None,
        offset: Some(&offsets),
        start: None,
    };
    let fit = glm::fit(&model);
    if powers.len() <= terms || !fit.converged || fit.rank <= terms {
        return Err(Problem::new(
            "时间趋势无法拟合（时间间隔太少或病例集中于一端）；请改用 TimeTrendAdjustmentType=2 给定趋势",
            "the trend in time cannot be fitted (too few intervals, or all cases at one end); give one with TimeTrendAdjustmentType=2",
        ));
    }
    Ok(fit.coefficients[1..].to_vec())
}

/// Relative risks that are known: columns `location` (`All` for every place), `rr` and, where they hold for a time only, `from`
/// and `to`. Rows that meet multiply. An interval that is covered in part takes its part.
fn known_risks(panel: &mut Panel, files: &Files) -> Result<(), Problem> {
    const NAME: &str = "adjustments";
    let table = files.adjustments.as_ref().ok_or_else(|| {
        Problem::new("缺少相对危险度文件 adjustments", "the file of relative risks (adjustments) is missing")
    })?;
    let [place, risk] = table.need(NAME, [&IDS, &["rr", "relative_risk"]])?;
    let (from, to) =
        (table.column(&["from", "start", "start_date"]), table.column(&["to", "end", "end_date"]));
    let (t, n) = (panel.intervals, panel.places.len());
    let bounds = if t == 1 {
        vec![panel.calendar.bounds[0], panel.calendar.bounds[panel.calendar.len()]]
    } else {
        panel.calendar.bounds.clone()
    };
    for row in 0..table.rows.len() {
        let rr = number(NAME, table, row, risk)?;
        if rr < 0.0 {
            let line = row + 2;
            return Err(Problem::new(
                format!("文件 {NAME} 第 {line} 行：相对危险度为负"),
                format!("file {NAME}, line {line}: a negative relative risk"),
            ));
        }
        let id = &table.rows[row][place];
        let places = if id.eq_ignore_ascii_case("all") || n == 1 && panel.places[0].id == "All" {
            0..n
        } else {
            let at = find_place(&panel.places, NAME, row, id)?;
            at..at + 1
        };
        let day = |column: Option<usize>, last: bool| -> Result<Option<i64>, Problem> {
            let Some(text) = column.map(|c| table.rows[row][c].as_str()).filter(|t| !t.is_empty()) else {
                return Ok(None);
            };
            let line = row + 2;
            date(text, last).map(|d| Some(ordinal(d))).ok_or_else(|| {
                Problem::new(
                    format!("文件 {NAME} 第 {line} 行：“{text}”不是日期"),
                    format!("file {NAME}, line {line}: “{text}” is not a date"),
                )
            })
        };
        let first = day(from, false)?.unwrap_or(i64::MIN);
        let after = day(to, true)?.map_or(i64::MAX, |d| d + 1);
        for (i, span) in bounds.windows(2).enumerate() {
            let days = (span[1].min(after) - span[0].max(first)).max(0);
            #[expect(clippy::cast_precision_loss, reason = "days of a few centuries")]
            let share = days as f64 / (span[1] - span[0]) as f64;
            for p in places.clone() {
                panel.measure[p * t + i] *= 1.0 + (rr - 1.0) * share;
            }
        }
    }
    whole(panel);
    Ok(())
}
