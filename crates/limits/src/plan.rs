//! Microbiological sampling plans.

use crate::facts::Fact;
use crate::finding::Look;
use crate::number::Reading;
use crate::rule::Plan;
use crate::verdict::{Outcome, Step};
use base::{Decimal, Text};

/// What one sub-sample shows against a level: above it, not above it, or cannot be told.
fn above(reading: &Reading, level: Decimal, lod: Option<Decimal>) -> Option<bool> {
    match reading {
        Reading::Exact(v) => Some(*v > level),
        // Not seen by a method that sees nothing below 200 is no count of at most 100.
        Reading::NotDetected(own) if !level.is_zero() && own.or(lod).is_some_and(|l| l > level) => None,
        Reading::NotDetected(_) => Some(false),
        Reading::Below(v) if *v <= level || level.is_zero() => Some(false),
        Reading::AtMost(v) if *v <= level => Some(false),
        Reading::Above(v) if *v >= level => Some(true),
        Reading::AtLeast(v) if *v > level => Some(true),
        Reading::Detected if level.is_zero() => Some(true),
        _ => None,
    }
}

/// Judges sub-samples: a failure may be certain before all are known, a pass never.
pub(crate) fn judge(
    plan: Plan,
    reading: &Reading,
    factor: Option<Decimal>,
    look: &Look<'_>,
    steps: &mut Vec<Step>,
) -> Outcome {
    let one = std::slice::from_ref(reading);
    let samples = if let Reading::Several(list) = reading { list.as_slice() } else { one };
    if samples.contains(&Reading::Unreadable) || samples.len() > plan.n {
        return Outcome::DataError {
            reason: Text::new(
                format!("应为{}个样本单位的结果,以|分隔(value)", plan.n),
                format!("expected {} sub-samples separated by | (field value)", plan.n),
            ),
        };
    }
    // The levels go to the unit of the results, so that a level of zero stays zero.
    let factor = factor.filter(|f| !f.is_zero()).unwrap_or(Decimal::ONE);
    let level = |l: Decimal| l.checked_div(factor).unwrap_or(Decimal::MAX);
    let (m, upper) = (level(plan.m), plan.upper.map(level));
    let above = |s: &Reading, l: Decimal| above(s, l, look.measured.lod);
    let beyond = samples.iter().filter(|s| upper.is_some_and(|u| above(s, u) == Some(true))).count();
    let over = samples.iter().filter(|s| above(s, m) == Some(true)).count();
    let maybe_over = samples.iter().filter(|s| above(s, m).is_none()).count();
    let maybe_beyond = samples.iter().filter(|s| upper.is_some_and(|u| above(s, u).is_none())).count();
    let unsure = samples
        .iter()
        .filter(|s| above(s, m).is_none() || upper.is_some_and(|u| above(s, u).is_none()))
        .count();
    look.note(steps, "plan", || {
        let (len, Plan { n, c, m, .. }) = (samples.len(), plan);
        Text::new(
            format!("{len}/{n}个样本:超过m={m}的{over}个(允许{c}个),超过M的{beyond}个"),
            format!("{len}/{n} sub-samples: {over} above m={m} (allowed {c}), {beyond} above M"),
        )
    });
    if beyond > 0 || over > plan.c {
        Outcome::Nonconform
    } else if samples.len() < plan.n || maybe_beyond > 0 || over + maybe_over > plan.c {
        let usable = samples.len().saturating_sub(unsure);
        Outcome::NeedsConfirmation {
            fact: Fact::Subsamples,
            question: Text::new(
                format!("采样方案要求{}个样本,仅有{usable}个可判结果", plan.n),
                format!("the plan needs {} sub-samples, {usable} are usable", plan.n),
            ),
        }
    } else {
        Outcome::Conform
    }
}

/// Whether a sub-sample shows that something is there.
pub(crate) fn detected(reading: &Reading) -> bool {
    match reading {
        Reading::Several(all) => all.iter().any(detected),
        other => above(other, Decimal::ZERO, None) == Some(true),
    }
}
