//! Recall scope: the suspect lots wherever they are, everything made from them, and the balance of each place.

use crate::answer::leave_field;
use crate::derive::PROCESS;
use crate::facts::NONE;
use crate::pack::contents;
use crate::stock::Stock;
use crate::trace::{Reach, Start, Way};
use crate::{Amount, Index, ItemId, LinkKind, PlaceId, Role, Scope, ScopeOptions, ScopeRow, Totals};

impl Index {
    /// What a failed sample of an item at a place puts under suspicion: the whole lot from its origin on,
    /// wherever it is, and everything made from it; and upstream the origins and route of what was sampled.
    #[must_use]
    pub fn scope(&self, item: ItemId, place: PlaceId, at: Option<i64>, options: &ScopeOptions) -> Scope {
        let upstream = self.trace_back(item, Some(place), at, options.bounds);
        let culprits = self.culprits(options.from_item.unwrap_or(item), options.include_sibling_outputs);
        let starts: Vec<Start> = culprits
            .iter()
            .flat_map(|lot| self.graph.nodes_of(lot.0))
            .map(|node| Start { node, at: None })
            .collect();
        let reach = self.walk(&starts, Way::Forward, options.bounds);
        let rows = self.rows(&reach, &culprits);
        let (mut totals, mut derived) = (Totals::default(), Totals::default());
        for (row, unreceived, outside) in &rows {
            let sums = if row.culprit { &mut totals } else { &mut derived };
            count(sums, row, unreceived, outside);
        }
        totals.close();
        derived.close();
        Scope {
            culprits,
            truncated: upstream.truncated || reach.truncated,
            upstream,
            downstream: self.describe(&reach, Some(Way::Forward)),
            rows: rows.into_iter().map(|(row, ..)| row).collect(),
            totals,
            derived,
        }
    }

    /// The suspect lots: the lot, what is packed in it, and by option what came out of the same
    /// transformations.
    fn culprits(&self, item: ItemId, siblings: bool) -> Vec<ItemId> {
        let mut out = vec![item];
        out.extend(contents(&self.facts, item.0, i64::MIN).into_iter().map(ItemId));
        if siblings {
            for at in 0..out.len() {
                for node in self.graph.nodes_of(out[at].0) {
                    let makers = self.graph.inward(node).map(|l| self.graph.link(l).from);
                    for maker in makers.filter(|&m| m != NONE && m & PROCESS != 0) {
                        let made = self.graph.outward(maker).map(|l| self.graph.link(l).to);
                        out.extend(made.filter(|&n| n != NONE).map(|n| ItemId(self.graph.node(n).item)));
                    }
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        out.retain(|lot| seen.insert(*lot));
        out
    }

    fn rows(&self, reach: &Reach, culprits: &[ItemId]) -> Vec<(ScopeRow, Amount, Amount)> {
        let mut stocks: Vec<(u32, u32, u32, u32)> = Vec::with_capacity(reach.nodes.len());
        for &(id, depth) in reach.nodes.iter().filter(|(id, _)| id & PROCESS == 0) {
            let node = self.graph.node(id);
            stocks.push((node.item, node.place, id, depth));
        }
        stocks.sort_unstable();
        stocks.dedup_by(|next, first| {
            let same = (next.0, next.1) == (first.0, first.1);
            if same {
                first.3 = first.3.min(next.3);
            }
            same
        });
        stocks
            .sort_by_cached_key(|&(item, place, id, depth)| (depth, self.graph.node(id).since, item, place));
        stocks
            .into_iter()
            .map(|(item, place, id, depth)| {
                self.row(reach, ItemId(item), PlaceId(place), id, depth, culprits.contains(&ItemId(item)))
            })
            .collect()
    }

    fn row(
        &self,
        reach: &Reach,
        item: ItemId,
        place: PlaceId,
        first: u32,
        depth: u32,
        culprit: bool,
    ) -> (ScopeRow, Amount, Amount) {
        let nodes = self.graph.nodes_of(item.0);
        let here = |id: &u32| self.graph.node(*id).place == place.0;
        let before = (nodes.start..first).rev().take_while(here);
        let mut stock = Stock { opening: self.balance(before), ..Stock::default() };
        (first..nodes.end).take_while(here).for_each(|id| stock.count(self, id));
        let mut outside = std::mem::take(&mut stock.unexplained);
        if !culprit {
            (first..nodes.end).take_while(here).for_each(|id| self.add_outside(reach, id, &mut outside));
        }
        let on_hand = stock.on_hand();
        let empty = Amount::default();
        let expected_only = stock.received == empty && stock.made() == &empty && stock.expected != empty;
        let may_hold = on_hand.may_be_positive() || stock.expected.may_be_positive();
        let role = if expected_only && !stock.anything_out() {
            Role::Expected
        } else if stock.made_here {
            Role::Origin
        } else if on_hand.may_be_positive() {
            Role::Holder
        } else if stock.passed_on != empty || stock.made_into != empty {
            Role::Intermediate
        } else {
            Role::SoldOut
        };
        let mut row = ScopeRow {
            item,
            place,
            culprit,
            role,
            depth,
            arrived: stock.arrived,
            produced: stock.made().clone(),
            opening: stock.opening,
            received: stock.received,
            expected: stock.expected,
            passed_on: stock.passed_on,
            made_into: stock.made_into,
            sold: Amount::default(),
            consumed: Amount::default(),
            destroyed: Amount::default(),
            lost: Amount::default(),
            on_hand,
            may_hold,
            suppliers: distinct(stock.suppliers),
            customers: distinct(stock.customers),
            evidence: distinct(stock.evidence),
        };
        for (how, amount) in stock.left {
            *leave_field(&mut row, how) = amount;
        }
        (row, stock.unreceived, outside)
    }

    /// Adds what a node received from nodes that are not in the scope.
    fn add_outside(&self, reach: &Reach, node: u32, sum: &mut Amount) {
        for number in self.graph.inward(node) {
            let link = self.graph.link(number);
            let received = matches!(self.link_kind(&link), Some(LinkKind::Moved | LinkKind::Received));
            if received && !reach.position.contains_key(&link.from) {
                sum.add(self.quantity(self.came(&link)));
            }
        }
    }
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

fn count(sums: &mut Totals, row: &ScopeRow, unreceived: &Amount, outside: &Amount) {
    sums.produced.add_all(&row.produced);
    sums.produced.add_all(&row.opening);
    sums.produced.add_all(outside);
    sums.in_transit.add_all(unreceived);
    sums.held.add_all(&row.on_hand);
    sums.made_into.add_all(&row.made_into);
    sums.sold.add_all(&row.sold);
    sums.consumed.add_all(&row.consumed);
    sums.destroyed.add_all(&row.destroyed);
    sums.lost.add_all(&row.lost);
}

impl Totals {
    fn close(&mut self) {
        let mut rest = self.produced.clone();
        for part in [
            &self.in_transit,
            &self.held,
            &self.made_into,
            &self.sold,
            &self.consumed,
            &self.destroyed,
            &self.lost,
        ] {
            rest.subtract_all(part);
        }
        self.unaccounted = rest;
    }
}
