//! The index: takes steps in any order and keeps the graph up to date.

use crate::derive::{Link, PROCESS};
use crate::facts::{Facts, NONE};
use crate::graph::{Graph, Sealed};
use crate::line::{Line, Said};
use crate::pack::dependants;
use crate::reach::Pool;
use crate::{Amount, ItemId, LinkKind, Names, NodeKey, PlaceId, Qty, Step};
use serde::Serialize;
use std::borrow::Borrow;

/// Lines in the delta from which a merge is worth its time.
const MERGE_AFTER: usize = 200_000;

/// The trace index. Answers depend on the set of steps applied, not on their order or repeats.
#[derive(Debug, Clone, Default)]
pub struct Index {
    names: Names,
    pub(crate) facts: Facts,
    pub(crate) graph: Graph,
    pub(crate) pool: Pool,
    position: i64,
    /// Bytes of the file the sealed part lies in.
    mapped: usize,
}

/// Size of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Distinct steps.
    pub steps: usize,
    /// Items it has a name for.
    pub items: usize,
    /// Nodes: an item at a place from a time.
    pub nodes: usize,
    /// Links, beginnings and ends of the records included.
    pub links: usize,
    /// Links derived after the last merge.
    pub fresh_links: usize,
    /// Approximate bytes held in memory of our own, names included.
    pub bytes: usize,
    /// Bytes of the mapped segment; memory the system may take back at any time.
    pub mapped_bytes: usize,
    /// Bytes a walk reads: who leads to whom both ways, and the places.
    pub kernel_bytes: usize,
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds an index in bulk: the fast way to load many steps. The result answers as if each step had been
    /// applied alone.
    #[must_use]
    pub fn build<S: Borrow<Step>>(names: Names, steps: impl IntoIterator<Item = S>) -> Self {
        let mut index = Self { names, ..Self::default() };
        for step in steps {
            index.facts.load(step.borrow());
        }
        index.seal();
        index
    }

    pub(crate) fn assemble(names: Names, facts: Facts, sealed: Sealed, position: i64, mapped: usize) -> Self {
        Self { names, facts, graph: Graph::new(sealed), pool: Pool::default(), position, mapped }
    }

    /// Takes one step. Late, repeated and withdrawn steps are welcome; only the items the step touches, and
    /// what was packed in them, are derived again.
    pub fn apply(&mut self, step: &Step) {
        self.apply_all([step]);
    }

    /// Takes several steps and derives each item they touch once: cheaper than one by one.
    pub fn apply_all<S: Borrow<Step>>(&mut self, steps: impl IntoIterator<Item = S>) {
        let steps: Vec<S> = steps.into_iter().collect();
        let touched = self.facts.add(steps.iter().map(Borrow::borrow));
        if touched.is_empty() {
            return;
        }
        let items = dependants(&self.facts, touched);
        self.graph.refresh(&mut self.facts, &items);
    }

    /// Some items and everything whose records depend on theirs: what was packed in them at any time, and in turn.
    #[must_use]
    pub fn carried_by(&self, items: impl IntoIterator<Item = ItemId>) -> Vec<ItemId> {
        let found = dependants(&self.facts, items.into_iter().map(|i| i.0));
        let mut all: Vec<ItemId> = found.into_iter().map(ItemId).collect();
        all.sort_unstable();
        all
    }

    /// Whether so much was applied since the last merge that another is worth its time. The caller decides when:
    /// [`Self::merge`] derives everything again.
    #[must_use]
    pub fn wants_merge(&self) -> bool {
        let sealed = self.graph.sealed.links.len();
        self.facts.tail_len() > MERGE_AFTER.max(sealed / 8)
            || self.graph.fresh_links() > 4 * MERGE_AFTER.max(sealed / 4)
    }

    /// Lines of records that came since the last merge.
    #[must_use]
    pub fn delta(&self) -> usize {
        self.facts.tail_len()
    }

    /// Seals what was applied since the last merge into the compact arrays. Answers do not change.
    pub fn merge(&mut self) {
        if self.facts.tail_len() > 0 || self.graph.fresh_links() > 0 {
            self.seal();
        }
    }

    fn seal(&mut self) {
        self.graph = Graph::default();
        self.facts.seal();
        self.graph = Graph::new(Sealed::build(&mut self.facts));
        self.mapped = 0;
    }

    pub(crate) fn seal_names(&mut self) {
        self.names.seal();
    }

    /// The names of items, places and documents.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The names, to intern those of new steps.
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// How far the caller's journal has been applied: kept in the snapshot, never read by the index.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Notes how far the caller's journal has been applied.
    pub fn set_position(&mut self, position: i64) {
        self.position = position;
    }

    /// Size of the index.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let names = [&self.names.items, &self.names.places, &self.names.documents, &self.names.joins];
        Stats {
            steps: self.facts.steps(),
            items: self.names.items.len(),
            nodes: self.graph.live_nodes(),
            links: self.graph.sealed.links.len(),
            fresh_links: self.graph.fresh_links(),
            bytes: self.facts.bytes() + self.graph.bytes() + names.map(|n| n.bytes()).iter().sum::<usize>(),
            mapped_bytes: self.mapped,
            kernel_bytes: self.graph.sealed.kernel.bytes(),
        }
    }

    pub(crate) fn key(&self, node: u32) -> NodeKey {
        let node = self.graph.node(node);
        NodeKey { item: crate::ItemId(node.item), place: PlaceId(node.place), since: node.since }
    }

    pub(crate) fn left(&self, link: &Link) -> Option<Line> {
        self.graph.line(&self.facts, link.left)
    }

    pub(crate) fn came(&self, link: &Link) -> Option<Line> {
        self.graph.line(&self.facts, link.came)
    }

    /// What a link between two nodes is; `None` where the records begin or end.
    pub(crate) fn link_kind(&self, link: &Link) -> Option<LinkKind> {
        if link.from == NONE || link.to == NONE {
            return None;
        }
        Some(match (link.left == NONE, link.came == NONE) {
            (true, true) => LinkKind::Carried,
            (false, true) if link.to & PROCESS != 0 => LinkKind::Input,
            (true, false) if link.from & PROCESS != 0 => LinkKind::Output,
            (false, false) => LinkKind::Moved,
            (false, true) => LinkKind::Shipped,
            (true, false) => LinkKind::Received,
        })
    }

    /// When goods on this link left and when they arrived, as far as recorded.
    pub(crate) fn link_times(&self, link: &Link) -> (Option<i64>, Option<i64>) {
        (self.left(link).map(|l| l.time), self.came(link).map(|l| l.time))
    }

    pub(crate) fn quantity(&self, line: Option<Line>) -> Option<Qty> {
        line.and_then(|line| self.facts.quantity(&line))
    }

    /// Whether a link brings goods into its target: not a mere sighting.
    pub(crate) fn brings(&self, link: &Link) -> bool {
        let sighting = |line: Line| !matches!(line.said(), Said::Appear | Said::Output | Said::Received);
        !(link.from == NONE && link.left == NONE && self.came(link).is_none_or(sighting))
    }

    /// What should be on hand of an item at a place after all its recorded flows.
    pub(crate) fn balance(&self, nodes: impl Iterator<Item = u32>) -> Amount {
        let mut sum = crate::stock::Stock::default();
        for node in nodes {
            sum.count(self, node);
        }
        sum.on_hand()
    }
}
