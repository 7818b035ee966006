//! What the records of a place do not explain: the list an inspector takes along.

use crate::derive::Link;
use crate::facts::NONE;
use crate::line::{Line, Said};
use crate::{Gap, GapKind, Index, ItemId, LinkKind, PlaceId, Qty};

impl Index {
    /// The gaps in the records about a place: received what nobody shipped, sent what it never received,
    /// shipments and receipts that lack their other half, stock seen without an arrival, more out than in.
    /// In order of time.
    #[must_use]
    pub fn gaps(&self, place: PlaceId) -> Vec<Gap> {
        let mut out = Vec::new();
        let mut nodes = self.graph.nodes_at(place.0);
        nodes.sort_unstable();
        for &node in &nodes {
            self.gaps_in(node, &mut out);
            self.gaps_out(node, &mut out);
        }
        let item = |id: &u32| self.graph.node(*id).item;
        for stock in nodes.chunk_by(|a, b| item(a) == item(b)) {
            self.overdrawn(stock, &mut out);
        }
        out.sort_by_key(|gap| (gap.time, gap.event, gap.kind, gap.item));
        out
    }

    fn gap(&self, kind: GapKind, node: u32, other: u32, line: &Line) -> Gap {
        Gap {
            kind,
            item: ItemId(self.graph.node(node).item),
            other: (other != NONE).then(|| PlaceId(self.graph.node(other).place)),
            time: line.time,
            quantity: self.facts.quantity(line),
            event: self.facts.event_id(line),
        }
    }

    fn gaps_in(&self, node: u32, out: &mut Vec<Gap>) {
        let mut sighting: Option<Line> = None;
        let mut explained = false;
        let links: Vec<Link> = self.graph.inward(node).map(|l| self.graph.link(l)).collect();
        for link in &links {
            explained |= self.brings(link);
            match (self.left(link), self.came(link)) {
                (None, Some(line)) if line.said() == Said::Received => {
                    out.push(self.gap(GapKind::ReceivedUnshipped, node, link.from, &line));
                }
                (Some(line), None) => out.push(self.gap(GapKind::ReceiptMissing, node, link.from, &line)),
                (None, Some(line)) if line.said() == Said::Observe => {
                    let when = |l: &Line| (l.time, self.facts.event_id(l));
                    let earlier = |l: Line| when(&line) < when(&l);
                    if sighting.is_none_or(earlier) {
                        sighting = Some(line);
                    }
                }
                _ => {}
            }
        }
        if let (false, Some(line)) = (explained, sighting) {
            out.push(self.gap(GapKind::SeenUnreceived, node, NONE, &line));
        }
    }

    fn gaps_out(&self, node: u32, out: &mut Vec<Gap>) {
        let explained = self.graph.inward(node).any(|l| self.brings(&self.graph.link(l)));
        for number in self.graph.outward(node) {
            let link = self.graph.link(number);
            let kind = self.link_kind(&link);
            let other = if matches!(kind, Some(LinkKind::Input)) { NONE } else { link.to };
            match (self.left(&link), self.came(&link)) {
                (None, Some(line)) => out.push(self.gap(GapKind::ShipmentMissing, node, other, &line)),
                (Some(line), None) if line.said() == Said::Shipped => {
                    out.push(self.gap(GapKind::NotReceived, node, other, &line));
                }
                _ => {}
            }
            if let (false, Some(line)) = (explained, self.left(&link)) {
                out.push(self.gap(GapKind::SentUnreceived, node, other, &line));
            }
        }
    }

    fn overdrawn(&self, stock: &[u32], out: &mut Vec<Gap>) {
        let balance = self.balance(stock.iter().copied());
        let explained =
            stock.iter().any(|&node| self.graph.inward(node).any(|l| self.brings(&self.graph.link(l))));
        let missing = balance.sums.iter().find(|q| q.value < base::Decimal::ZERO);
        let (Some(missing), true, false) = (missing, explained, balance.quantity_unknown) else { return };
        let last = stock
            .iter()
            .flat_map(|&node| self.graph.outward(node).map(move |l| (node, self.graph.link(l))))
            .filter_map(|(node, link)| {
                self.left(&link).map(|line| (line.time, self.facts.event_id(&line), node, line))
            })
            .max_by_key(|&(time, event, ..)| (time, event));
        if let Some((.., node, line)) = last {
            let quantity = Some(Qty::new(-missing.value, missing.unit));
            out.push(Gap { quantity, ..self.gap(GapKind::Overdrawn, node, NONE, &line) });
        }
    }
}
