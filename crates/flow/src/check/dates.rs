//! Days people set: every clock that ends on one finds it set when it begins, and what may not come too soon is a day.

use super::Report;
use crate::definition::{ClockUse, Transition};
use crate::form::{FieldType, Form};
use base::clock::Unit;

/// Whether a form asks for a date of that name and does not let it be left out.
fn asks(form: Option<&Form>, fact: &str) -> bool {
    let field = form.and_then(|f| f.field(fact));
    field.is_some_and(|f| f.kind == FieldType::Date && f.required && f.when.is_none())
}

impl Report<'_> {
    /// A clock that ends on a day a person sets: whatever begins it sets the day.
    pub(super) fn until(&mut self, place: &str, clock: &ClockUse, fact: &str) {
        let d = self.d;
        if d.fact(fact).is_none() {
            self.say(place, format!("until names no fact: `{fact}`"));
            return;
        }
        if clock.unit == Unit::Hour {
            self.say(place, "hours end at a moment, not on a day; remove until");
        }
        let starts = |t: &&Transition| match clock.start.split_once(':') {
            Some(("enter", state)) => t.to.as_deref() == Some(state) && t.from.iter().any(|f| f != state),
            Some(("transition", step)) => t.id == step,
            Some(("document", paper)) => t.documents.iter().any(|n| n == paper),
            _ => clock.task.as_ref().is_some_and(|k| t.tasks.contains(k)),
        };
        for t in d.transitions.iter().filter(starts) {
            let dated = t.effects.iter().any(|e| {
                e.run == "flow.set_date" && e.with.get("fact").and_then(|f| f.as_str()) == Some(fact)
            });
            let form = t.form.as_deref().and_then(|f| d.form(f));
            let asked = t.sets.iter().any(|s| s == fact) && asks(form, fact);
            if !dated && !asked {
                self.say(
                    format!("transition.{}", t.id),
                    format!(
                        "begins the clock `{}`, which ends on `{fact}`; let its form ask for that date (required) and list it in sets",
                        clock.id
                    ),
                );
            }
        }
        let opens = d.initial().is_some_and(|s| clock.start == format!("enter:{}", s.id));
        let asked = d.opening.as_ref().is_some_and(|o| {
            o.sets.iter().any(|s| s == fact) && asks(o.form.as_deref().and_then(|f| d.form(f)), fact)
        });
        if opens && !asked {
            self.say(place, format!("it begins with the opening, whose form does not set `{fact}`"));
        }
    }

    /// Days that may not come too soon.
    pub(super) fn earliest(&mut self) {
        let d = self.d;
        for rule in &d.earliest {
            let place = format!("earliest.{}", rule.id);
            self.cited(&place, &rule.basis);
            if rule.amount == 0 {
                self.say(&place, "amount must be at least 1");
            }
            if !matches!(rule.unit, Unit::WorkingDay | Unit::CalendarDay) {
                self.say(&place, "it counts in working_day or calendar_day");
            }
            if d.fact(&rule.fact).is_none() {
                self.say(&place, format!("there is no fact `{}`", rule.fact));
            } else if !d.transitions.iter().any(|t| t.sets.contains(&rule.fact)) {
                self.say(&place, format!("no step sets `{}`; list it in sets of one", rule.fact));
            }
            if let Some(name) = rule.document.as_ref().filter(|n| d.document(n).is_none()) {
                self.say(&place, format!("there is no document `{name}`"));
            }
            for step in rule.steps.iter().filter(|s| d.transition(s).is_none()) {
                self.say(&place, format!("there is no step `{step}`"));
            }
            if let Some(law) = &rule.law {
                self.law(&place, &rule.law(), law);
            }
        }
    }
}
