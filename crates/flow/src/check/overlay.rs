//! An overlay may tighten what the nation's procedure fixes, never loosen it, unless it says by what right.

use super::Finding;
use crate::definition::Definition;
use base::clock::Unit;

/// The longest a period can be, in hours: for comparing periods of different units the stricter way.
fn hours(amount: u32, unit: Unit) -> u64 {
    let each = match unit {
        Unit::Hour => 1,
        // two rest days in seven
        Unit::WorkingDay => 34,
        Unit::CalendarDay => 24,
        Unit::Month => 24 * 31,
        Unit::Year => 24 * 366,
    };
    u64::from(amount) * each
}

/// What an overlay loosens without saying why.
#[must_use]
pub fn check_overlay(nation: &Definition, overlay: &Definition) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |place: String, problem: &str| found.push(Finding { place, problem: problem.to_owned() });
    for clock in &nation.clocks {
        let place = format!("clock.{}", clock.id);
        let Some(own) = overlay.clock(&clock.id) else {
            say(place, "the nation's clock is left out; keep it, or tighten it");
            continue;
        };
        if own.loosens.as_ref().is_some_and(rule::Basis::is_named) {
            continue;
        }
        if own.until.is_some() && own.amount == 0 && (clock.until.is_none() || clock.amount > 0) {
            say(
                place,
                "leaves its end to a person without the nation's limit; give amount, or cite the right in loosens",
            );
            continue;
        }
        let unlimited = clock.until.is_some() && clock.amount == 0;
        let longer = if unlimited {
            false
        } else if own.unit == clock.unit {
            own.amount > clock.amount
        } else {
            hours(own.amount, own.unit) > hours(clock.amount, clock.unit)
        };
        if longer {
            say(place, "gives more time than the nation's rule; tighten it, or cite the right in loosens");
            continue;
        }
        let most = |c: &crate::ClockUse| c.extension.as_ref().map_or(0, |e| hours(e.at_most, e.unit));
        if most(own) > most(clock) {
            say(
                place,
                "allows a longer extension than the nation's rule; tighten it, or cite the right in loosens",
            );
        } else if own.pauses.iter().any(|p| clock.pauses.iter().all(|q| q.cause != p.cause)) {
            say(
                place,
                "pauses for a cause the nation's rule does not know; remove it, or cite the right in loosens",
            );
        }
    }
    for rule in &nation.earliest {
        let own = overlay.earliest.iter().find(|o| o.id == rule.id);
        if own.is_none_or(|o| hours(o.amount, o.unit) < hours(rule.amount, rule.unit)) {
            say(
                format!("earliest.{}", rule.id),
                "gives less time than the nation's rule, or leaves it out; keep it",
            );
        }
    }
    for t in &nation.transitions {
        let Some(own) = overlay.transition(&t.id) else { continue };
        if t.not_by.is_some() && own.not_by.is_none() {
            say(format!("transition.{}", t.id), "drops the second pair of eyes (not_by); keep it");
        }
        if t.action == "decide" && own.action == "act" {
            say(format!("transition.{}", t.id), "lets anybody act where a desk decides; keep the action");
        }
    }
    found
}
