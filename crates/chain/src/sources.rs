//! Common source: which nodes lead to most of several cases.

use crate::derive::PROCESS;
use crate::facts::NONE;
use crate::trace::{ByNode, Way};
use crate::{Bounds, Index, ItemId, PlaceId, Source};
use serde::{Deserialize, Serialize};

/// A case: an item someone fell ill from, or a failed sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The item.
    pub item: ItemId,
    /// Where, when known.
    pub place: Option<PlaceId>,
    /// When, UTC microseconds, when known.
    pub at: Option<i64>,
}

/// The answer to a question for a common source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sources {
    /// Nodes that lead to at least one case: most cases first, then the nearest, then the latest.
    pub ranked: Vec<Source>,
    /// The bounds stopped one of the searches, or there are more than asked for.
    pub truncated: bool,
}

impl Index {
    /// Ranks the nodes upstream of several cases by how many of them they could explain; at most `take` of
    /// them. Each case is traced back under the time rule.
    #[must_use]
    pub fn common_source(&self, cases: &[Case], take: usize, bounds: Bounds) -> Sources {
        let mut led: ByNode<(Vec<usize>, u32)> = ByNode::default();
        let mut truncated = false;
        for (number, case) in cases.iter().enumerate() {
            let reach = self.walk(&self.starts(case.item, case.place, case.at, Way::Back), Way::Back, bounds);
            truncated |= reach.truncated;
            for &(node, depth) in reach.nodes.iter().filter(|(id, _)| id & PROCESS == 0) {
                let (cases, nearest) = led.entry(node).or_insert((Vec::new(), depth));
                cases.push(number);
                *nearest = (*nearest).min(depth);
            }
        }
        let mut order: Vec<(usize, u32, u32)> =
            led.iter().map(|(&node, (cases, nearest))| (cases.len(), *nearest, node)).collect();
        let rank = |&(cases, nearest, node): &(usize, u32, u32)| {
            let key = self.key(node);
            (std::cmp::Reverse(cases), nearest, std::cmp::Reverse(key.since), key.item, key.place)
        };
        if order.len() > take && take > 0 {
            truncated = true;
            order.select_nth_unstable_by_key(take - 1, rank);
            order.truncate(take);
        }
        order.sort_by_key(rank);
        let ranked = order
            .into_iter()
            .take(take)
            .map(|(_, nearest, node)| Source {
                node: self.key(node),
                cases: led.remove(&node).map(|(cases, _)| cases).unwrap_or_default(),
                nearest,
                origin: !self.graph.inward(node).any(|l| self.graph.link(l).from != NONE),
            })
            .collect();
        Sources { ranked, truncated }
    }
}
