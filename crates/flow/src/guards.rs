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
}
