//! The steps every procedure has: a recusal asked for, the day of a paper contested and put right. Data beside the folders, like the ladder
//! of reminders; here only what differs from file to file is filled in.

use super::{LoadError, parse};
use crate::definition::{Definition, DocumentRule, Publication, Transition};
use crate::form::{Choice, Form};
use crate::paper;
use serde::Deserialize;

/// The steps and forms, beside the folders.
pub(super) const COMMON: &str = "common.toml";

/// The field that names the paper.
const DOCUMENT: &str = "document";

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Common {
    #[serde(default, rename = "transition")]
    transitions: Vec<Transition>,
    #[serde(default, rename = "form")]
    forms: Vec<Form>,
}

impl Common {
    /// # Errors
    /// [`LoadError`] naming line and key.
    pub(super) fn read(text: &str) -> Result<Self, LoadError> {
        parse(COMMON, text)
    }

    /// Adds the steps to a procedure whose matters the operator concerned sees, those about a paper where papers are served, unless it has
    /// them already.
    pub(super) fn complete(&self, d: &mut Definition) {
        let served: Vec<DocumentRule> = d.documents.iter().filter(|p| d.serves(p)).cloned().collect();
        if d.unseen {
            return;
        }
        let guard = served.iter().map(|p| match &p.served {
            Some(fact) => format!("facts.{fact} != null"),
            None => format!("documents.{}.published > 0", p.id),
        });
        let guard = guard.collect::<Vec<_>>().join(" || ");
        let options: Vec<Choice> = served
            .iter()
            .map(|p| Choice { id: p.id.clone(), title: paper::plain(&p.title, &p.kind) })
            .collect();
        for step in
            self.transitions.iter().filter(|t| d.transition(&t.id).is_none()).cloned().collect::<Vec<_>>()
        {
            let form = self.forms.iter().find(|f| step.form.as_ref() == Some(&f.id));
            let about = form.is_some_and(|f| f.field(DOCUMENT).is_some());
            if about && served.is_empty() {
                continue;
            }
            let party = step.by == crate::Side::Operator;
            let from = d.states.iter().filter(|s| !(s.r#final || party && s.unseen));
            let from: Vec<String> = from.map(|s| s.id.clone()).collect();
            let mut form = form.filter(|f| d.form(&f.id).is_none()).cloned();
            for field in form.iter_mut().flat_map(|f| &mut f.fields).filter(|f| f.id == DOCUMENT) {
                field.options.clone_from(&options);
            }
            d.forms.extend(form);
            let guard = if about { Some(guard.clone()) } else { step.guard.clone() };
            d.transitions.push(Transition { from, guard, ..step });
        }
    }
}

impl Definition {
    /// Whether the day a paper was served is put right here: it is served as it is published, or a time of this procedure counts since
    /// the day a step enters. Where neither does, the day is entered by taking that step again.
    fn serves(&self, paper: &DocumentRule) -> bool {
        match &paper.served {
            Some(fact) => self.clocks.iter().any(|c| c.since.as_ref() == Some(fact)),
            None => paper.publication == Publication::Party,
        }
    }
}
