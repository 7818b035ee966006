//! What the operator concerned sees of a matter, and what it says of the papers served on it.

use super::matter::{Contested, DocumentView, MatterView, StepView};
use crate::definition::{Definition, Side};
use base::Id;
use serde_json::Value as Json;
use std::collections::BTreeSet;

impl MatterView {
    /// What the operator concerned sees: what it did itself and has to do, where the matter stands and by when, the facts its
    /// procedure declares for it, and what was said to it. Not the evidence as it is gathered, not what is proposed and why, not
    /// whence the matter came, who works on it, and what others are to do.
    pub(super) fn for_party(mut self, party: Id, d: &Definition) -> Self {
        let declared = |name: &String| d.party_sees.as_ref().is_some_and(|all| all.contains(name));
        self.facts.retain(|f| declared(&f.id));
        self.all_facts.retain(|name, _| declared(name));
        self.steps.retain(|s| s.moved || s.by_party || s.returned);
        for step in self.steps.iter_mut().filter(|s| !s.by_party) {
            (step.target, step.acting_for) = (None, None);
            step.login.clear();
            // why something was sent back is said to whoever is to correct it
            if !step.returned {
                (step.note, step.form) = (None, None);
            }
        }
        self.tasks.retain(|t| t.operator == Some(party));
        self.clocks.retain(|c| c.task.is_none_or(|of| self.tasks.iter().any(|t| t.id == of)));
        for clock in &mut self.clocks {
            // that a clock stands still, for what cause and how long; not in whose words and by whom
            for pause in &mut clock.suspensions {
                pause.approved_by.clear();
                pause.reason = pause.reason.split(": ").next().unwrap_or_default().to_owned();
            }
            for more in &mut clock.extensions {
                (more.reason, more.approved_by) = (String::new(), String::new());
            }
            if d.clock(&clock.rule).is_none_or(|rule| rule.by != Side::Operator) {
                clock.reason = None;
            }
        }
        (self.parent, self.assigned) = (None, None);
        self.links.clear();
        self
    }
}

/// Notes at the newest served paper of a name that its day of service is contested: by the last step about it.
pub(super) fn contests(documents: &mut [DocumentView], steps: &[StepView]) {
    let said = |name: &str| {
        let about = |s: &&StepView| {
            s.form.as_ref().is_some_and(|(form, body)| {
                SERVICE_FORMS.contains(&form.as_str()) && body["document"] == name
            })
        };
        let (_, body) = steps.iter().rev().find(about)?.form.as_ref()?;
        let text = |field: &str| body.get(field).and_then(Json::as_str).map(ToOwned::to_owned);
        Some(Contested { claimed_on: text("claimed_on")?, reason: text("reason")? })
    };
    let mut seen = BTreeSet::new();
    for d in documents.iter_mut().filter(|d| d.status == "published") {
        if seen.insert(d.name.clone()) {
            d.contested = said(&d.name);
        }
    }
}

/// The forms of the common steps about a day of service.
const SERVICE_FORMS: [&str; 2] = ["service_contest", "day_of_service"];
