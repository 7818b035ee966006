//! Which periods of the past form the baseline of a period, and to which factor level each belongs.

use super::super::{Error, Series};
use base::Date;

/// The baseline of one period: 0-based positions with levels from 0; the last level is that of the period itself.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) at: Vec<usize>,
    pub(super) level: Vec<usize>,
}

/// The same season of `b` years back: 0-based positions, nearest first, the period itself at the head.
fn references(series: &Series, t: usize, b: usize) -> Result<Vec<usize>, Error> {
    let f = series.frequency();
    let mut out = vec![t];
    let short = || Error::History { method: "Farrington", period: t + 1, needed: b * f, there: t };
    match series.dates() {
        None => {
            for i in 1..=b {
                out.push(t.checked_sub(i * f).ok_or_else(short)?);
            }
        }
        Some(dates) => {
            let monthly = f <= 12;
            for i in 1..=b {
                let wanted = years_before(dates[t], i, !monthly).ok_or_else(short)?;
                if wanted < dates[0] {
                    return Err(short());
                }
                // the period that holds the day
                let at = dates.partition_point(|d| *d <= wanted);
                out.push(at - 1);
            }
        }
    }
    Ok(out)
}

/// How many periods must lie before the first that can be judged: with dates a year has now 52 weeks and now 53.
pub(crate) fn history(series: &Series, b: usize, w: usize) -> usize {
    let plain = b * series.frequency() + w;
    let enough = |t: &usize| references(series, *t, b).is_ok_and(|at| at[b] >= w);
    (plain.saturating_sub(b)..series.len()).find(enough).unwrap_or(plain)
}

/// The day `years` back; with `same_weekday` moved to the nearest equal weekday (a tie goes to the same week counted from
/// Sunday). 29 February becomes 1 March.
fn years_before(date: Date, years: usize, same_weekday: bool) -> Option<Date> {
    let year = date.year() - i16::try_from(years).ok()?;
    let back = Date::new(year, date.month(), date.day()).or_else(|_| Date::new(year, 3, 1)).ok()?;
    if !same_weekday {
        return Some(back);
    }
    let day = |d: Date| i64::from(d.weekday().to_sunday_zero_offset());
    let shift = day(date) - day(back);
    let other = if shift > 0 { shift - 7 } else { shift + 7 };
    let chosen = if other.abs() < shift.abs() { other } else { shift };
    back.checked_add(jiff::Span::new().days(chosen)).ok()
}

/// The baseline of the flexible method: seasonal levels over the whole past, or only the windows when `levels` is 1.
pub(super) fn flexible(
    series: &Series,
    t: usize,
    b: usize,
    w: usize,
    levels: usize,
    left_out: usize,
) -> Result<Plan, Error> {
    let refs = references(series, t, b)?;
    let oldest = refs[b];
    if oldest < w {
        return Err(Error::History { method: "Farrington", period: t + 1, needed: t - oldest + w, there: t });
    }
    let mut plan = Plan::default();
    let mut push = |at: usize, level: usize| {
        // the current period and those just before it are no baseline
        if at + left_out < t {
            plan.at.push(at);
            plan.level.push(level);
        }
    };
    for i in (0..=b).rev() {
        let centre = refs[i];
        for at in centre - w..=(centre + w).min(t) {
            push(at, levels - 1);
        }
        if i == 0 || levels == 1 {
            continue;
        }
        // between this window and the next one nearer to now
        let next = refs[i - 1];
        let gap = (next - centre).saturating_sub(2 * w + 1);
        let (size, more) = (gap / (levels - 1), gap % (levels - 1));
        let mut at = centre + w + 1;
        for block in 0..levels - 1 {
            for _ in 0..size + usize::from(block < more) {
                push(at, block);
                at += 1;
            }
        }
    }
    Ok(plan)
}

/// The baseline of the method of 1996: windows around the same period of earlier years, counted in periods.
pub(super) fn classic(series: &Series, t: usize, b: usize, w: usize) -> Result<Plan, Error> {
    let refs = references(series, t, b)?;
    if refs[b] < w {
        return Err(Error::History {
            method: "Farrington",
            period: t + 1,
            needed: t - refs[b] + w,
            there: t,
        });
    }
    let mut plan = Plan::default();
    for centre in refs[1..].iter().rev() {
        for at in centre - w..=centre + w {
            plan.at.push(at);
            plan.level.push(0);
        }
    }
    Ok(plan)
}
