//! Microbiological sampling plans.

use crate::facts::Fact;
use crate::finding::Finding;
use crate::judge::step;
use crate::number::Reading;
use crate::rule::Plan;
use crate::verdict::Outcome;
use base::{Decimal, Text};

/// What one sub-sample shows against a level: above it, not above it, or cannot be told.
fn above(reading: &Reading, level: Decimal) -> Option<bool> {
    match reading {
        Reading::Exact(v) => Some(*v > level),
        Reading::NotDetected(_) => Some(false),
        Reading::Below(v) if *v <= level || level.is_zero() => Some(false),
        Reading::Above(v) if *v >= level => Some(true),
        Reading::Detected if level.is_zero() => Some(true),
        _ => None,
    }
}

/// Judges sub-samples: a failure may be certain before all are known, a pass never.
pub(crate) fn judge<'a>(plan: Plan, reading: &Reading) -> Finding<'a> {
    let one = std::slice::from_ref(reading);
    let samples = if let Reading::Several(list) = reading { list.as_slice() } else { one };
    if samples.contains(&Reading::Unreadable) || samples.len() > plan.n {
        return Finding::of(Outcome::DataError {
            reason: Text::new(
                format!("应为{}个样本单位的结果,以|分隔(value)", plan.n),
                format!("expected {} sub-samples separated by | (field value)", plan.n),
            ),
        });
    }
    let beyond = samples.iter().filter(|s| plan.upper.is_some_and(|u| above(s, u) == Some(true))).count();
    let over = samples.iter().filter(|s| above(s, plan.m) == Some(true)).count();
    let unsure = samples.iter().filter(|s| above(s, plan.m).is_none()).count();
    let text = Text::new(
        format!(
            "{}/{}个样本:超过m={}的{over}个(允许{}个),超过M的{beyond}个",
            samples.len(),
            plan.n,
            plan.m,
            plan.c
        ),
        format!(
            "{}/{} sub-samples: {over} above m={} (allowed {}), {beyond} above M",
            samples.len(),
            plan.n,
            plan.m,
            plan.c
        ),
    );
    let outcome = if beyond > 0 || over > plan.c {
        Outcome::Nonconform
    } else if samples.len() < plan.n || unsure > 0 {
        Outcome::NeedsConfirmation {
            fact: Fact::Subsamples,
            question: Text::new(
                format!("采样方案要求{}个样本,仅有{}个可判结果", plan.n, samples.len() - unsure),
                format!("the plan needs {} sub-samples, {} are usable", plan.n, samples.len() - unsure),
            ),
        }
    } else {
        Outcome::Conform
    };
    Finding { steps: vec![step("plan", text)], ..Finding::of(outcome) }
}
