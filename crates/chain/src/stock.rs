//! What came in, what went out and what should be left of a stock.

use crate::derive::{Link, PROCESS};
use crate::facts::NONE;
use crate::line::Said;
use crate::{Amount, How, Index, LinkKind, PlaceId};

/// Sums over some stretches of one item at one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stock {
    pub(crate) opening: Amount,
    pub(crate) produced: Amount,
    pub(crate) received: Amount,
    pub(crate) expected: Amount,
    pub(crate) passed_on: Amount,
    pub(crate) unreceived: Amount,
    pub(crate) made_into: Amount,
    pub(crate) left: Vec<(How, Amount)>,
    pub(crate) unexplained: Amount,
    pub(crate) arrived: Option<(i64, i64)>,
    pub(crate) made_here: bool,
    pub(crate) suppliers: Vec<PlaceId>,
    pub(crate) customers: Vec<PlaceId>,
    pub(crate) evidence: Vec<u64>,
    pub(crate) appeared: Amount,
}

impl Stock {
    /// Counts the links of one stretch.
    pub(crate) fn count(&mut self, index: &Index, node: u32) {
        for link in index.graph.inward(node) {
            self.count_in(index, &index.graph.link(link));
        }
        for link in index.graph.outward(node) {
            self.count_out(index, &index.graph.link(link));
        }
    }

    fn count_in(&mut self, index: &Index, link: &Link) {
        let place = |end: u32| PlaceId(index.graph.node(end).place);
        let came = index.came(link);
        let quantity = index.quantity(came);
        let time = came.or(index.left(link)).map(|line| line.time);
        match (index.link_kind(link), came.map(|line| line.said())) {
            (Some(LinkKind::Carried), _) => return,
            (Some(LinkKind::Moved | LinkKind::Received), _) => {
                self.received.add(quantity);
                self.suppliers.push(place(link.from));
            }
            (Some(LinkKind::Shipped), _) => {
                self.expected.add(index.quantity(index.left(link)));
                self.suppliers.push(place(link.from));
            }
            (Some(LinkKind::Output), _) => {
                self.produced.add(quantity);
                self.made_here = true;
            }
            (_, Some(Said::Appear)) => {
                self.appeared.add(quantity);
                self.made_here = true;
            }
            (_, Some(Said::Received)) => {
                self.received.add(quantity);
                self.unexplained.add(quantity);
            }
            (None, None) if link.left != NONE => self.expected.add(index.quantity(index.left(link))),
            _ => return,
        }
        if let Some(time) = time {
            let (first, last) = self.arrived.unwrap_or((time, time));
            self.arrived = Some((first.min(time), last.max(time)));
        }
        let lines = [came, index.left(link)];
        self.evidence.extend(lines.into_iter().flatten().map(|line| index.facts.event_id(&line)));
    }

    fn count_out(&mut self, index: &Index, link: &Link) {
        let left = index.left(link);
        let quantity = index.quantity(left.or(index.came(link)));
        match index.link_kind(link) {
            Some(LinkKind::Carried | LinkKind::Output) => {}
            Some(LinkKind::Input) => self.made_into.add(quantity),
            Some(kind) => {
                self.passed_on.add(quantity);
                if kind == LinkKind::Shipped {
                    self.unreceived.add(quantity);
                }
                if link.to & PROCESS == 0 {
                    self.customers.push(PlaceId(index.graph.node(link.to).place));
                }
            }
            None => match left.and_then(|line| line.said().how()) {
                Some(how) => match self.left.iter_mut().find(|(h, _)| *h == how) {
                    Some((_, sum)) => sum.add(quantity),
                    None => {
                        let mut sum = Amount::default();
                        sum.add(quantity);
                        self.left.push((how, sum));
                    }
                },
                None => {
                    self.passed_on.add(quantity);
                    self.unreceived.add(quantity);
                }
            },
        }
    }

    /// Made here: what transformations put out, else what was declared to appear. A lot both commissioned and
    /// put out by a transformation is one lot, not two.
    pub(crate) fn made(&self) -> &Amount {
        if self.produced == Amount::default() { &self.appeared } else { &self.produced }
    }

    /// What should be left.
    pub(crate) fn on_hand(&self) -> Amount {
        let mut sum = self.opening.clone();
        sum.add_all(self.made());
        sum.add_all(&self.received);
        let out = [&self.passed_on, &self.made_into].into_iter().chain(self.left.iter().map(|(_, a)| a));
        for amount in out {
            sum.subtract_all(amount);
        }
        sum
    }

    /// Whether anything is recorded to have gone out.
    pub(crate) fn anything_out(&self) -> bool {
        self.passed_on != Amount::default() || self.made_into != Amount::default() || !self.left.is_empty()
    }
}
