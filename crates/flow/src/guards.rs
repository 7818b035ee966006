//! The expressions of one procedure, compiled once, by the place they stand at.

use rule::Guard;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Compiled expressions by place: `transition.launch`, `clock.start_1`, `form.item.note.when`.
#[derive(Debug, Default)]
pub(crate) struct Guards(BTreeMap<String, Guard>);

impl Guards {
    pub(crate) fn insert(&mut self, place: String, guard: Guard) {
        self.0.insert(place, guard);
    }

    /// `None` when nothing stands there.
    pub(crate) fn holds(&self, place: &str, facts: &Json) -> Result<Option<bool>, rule::Error> {
        self.0.get(place).map(|g| g.allows(facts)).transpose()
    }

    /// As [`Self::holds`] where the expression reads nothing of a form or item: it is decided before either is filled in.
    pub(crate) fn decided(&self, place: &str, facts: &Json) -> Option<bool> {
        let waits = |path: &String| path.starts_with("form.") || path.starts_with("item.");
        let guard = self.0.get(place).filter(|g| !g.reads().any(|path| waits(&path)))?;
        guard.allows(facts).ok()
    }

    /// Whether any expression reads a name that begins so.
    pub(crate) fn read(&self, prefix: &str) -> bool {
        self.0.values().any(|g| g.reads().any(|path| path.starts_with(prefix)))
    }

    /// What the expression there gives.
    pub(crate) fn value(&self, place: &str, facts: &Json) -> Result<Json, rule::Error> {
        self.0.get(place).map_or(Ok(Json::Null), |g| g.value(facts))
    }

    /// Whether the expression there refuses already, whatever the form will say.
    pub(crate) fn refuses_without_form(&self, place: &str, facts: &Json) -> bool {
        let guard = self.0.get(place).filter(|g| g.reads().all(|path| !path.starts_with("form.")));
        guard.is_some_and(|g| g.allows(facts) != Ok(true))
    }

    /// Whether the expression there refuses for good: it reads nothing but a fact that never changes.
    pub(crate) fn never_holds(&self, place: &str, facts: &Json, fixed: &str) -> bool {
        let guard = self.0.get(place).filter(|g| g.reads().all(|path| path == fixed));
        guard.is_some_and(|g| g.allows(facts) != Ok(true))
    }
}
