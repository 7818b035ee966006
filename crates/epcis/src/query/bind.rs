//! A query prepared to be asked of many events.

use super::Query;
use super::condition::Condition;
use super::master::MasterDataView;
use crate::event::Event;
use std::collections::HashSet;

/// A query with the master data it looks up.
pub struct Matcher<'a> {
    query: &'a Query,
    view: &'a dyn MasterDataView,
    /// For each condition, the places a `WD_…` stands for.
    places: Vec<Option<HashSet<String>>>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(query: &'a Query, view: &'a dyn MasterDataView) -> Self {
        let places = query.conditions.iter().map(|condition| match condition {
            Condition::Place { any, descendants: true, .. } => Some(descendants(any, view)),
            _ => None,
        });
        Self { query, view, places: places.collect() }
    }

    /// The query.
    #[must_use]
    pub const fn query(&self) -> &'a Query {
        self.query
    }

    /// Each condition with the place keys it stands for when it is a `WD_…`.
    pub fn conditions(&self) -> impl Iterator<Item = (&'a Condition, Option<&HashSet<String>>)> {
        self.query.conditions.iter().zip(self.places.iter().map(Option::as_ref))
    }

    /// Whether an event meets every condition.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        self.conditions().all(|(condition, places)| condition.holds(event, places, self.view))
    }
}

impl std::fmt::Debug for Matcher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher").field("query", self.query).finish_non_exhaustive()
    }
}

/// The places and everything below them; a place may have several parents, and a loop ends.
fn descendants(roots: &[Box<str>], view: &dyn MasterDataView) -> HashSet<String> {
    let mut all: HashSet<String> = HashSet::new();
    let mut open: Vec<String> = roots.iter().map(|root| root.to_string()).collect();
    while let Some(place) = open.pop() {
        if all.insert(place.clone()) {
            open.extend(view.children(&place));
        }
    }
    all
}
