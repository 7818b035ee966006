//! Lots: what one is, where it came from and went, who holds it, and the lots of a place or operator.

use crate::event::EventRow;
use crate::view::{Legend, LotInfo, place_key, record};
use crate::{Error, Supply};
use access::{Principal, Resource};
use base::{Id, Instant};
use chain::{Amount, Gap, GapKind, LinkKind, NodeKind, Qty};
use ledger::Context;
use serde::Serialize;
use std::collections::BTreeSet;

/// A lot at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldingView {
    /// The lot.
    pub lot: LotInfo,
    /// Site key; empty when the records name no place.
    pub place: String,
    /// First event there.
    pub since: Instant,
    /// Last event there.
    pub until: Instant,
    /// What should be on hand.
    pub on_hand: Amount,
}

/// A neighbour of a lot, one step up or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeighbourView {
    /// Its lot; another one across a transformation.
    pub item: Option<String>,
    /// Its site.
    pub place: String,
    /// How it is connected.
    pub kind: LinkKind,
    /// When the goods moved.
    pub at: Option<Instant>,
    /// How much.
    pub quantity: Option<Qty>,
    /// The events that prove it.
    pub events: Vec<Id>,
}

/// Everything about one lot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LotView {
    /// The lot.
    pub lot: LotInfo,
    /// Every place with a record of it, with what should be there.
    pub holdings: Vec<HoldingView>,
    /// One step up from the places the reader may see.
    pub suppliers: Vec<NeighbourView>,
    /// One step down.
    pub customers: Vec<NeighbourView>,
    /// Sites where the lot, or what it was made from, begins; for authorities only.
    pub origins: Vec<String>,
    /// Its events, newest first, at most 200.
    pub events: Vec<EventRow>,
    /// The names behind the keys.
    pub legend: Legend,
}

/// One page of holdings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// The rows, newest arrival first.
    pub rows: Vec<HoldingView>,
    /// How many there are in all.
    pub total: usize,
    /// Names of the places.
    pub legend: Legend,
}

/// A record that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapView {
    /// What does not fit.
    pub kind: GapKind,
    /// The place whose records are asked.
    pub place: String,
    /// The lot.
    pub lot: LotInfo,
    /// The other party's site, when named.
    pub other: Option<String>,
    /// When.
    pub time: Instant,
    /// How much, when reported.
    pub quantity: Option<Qty>,
    /// The event.
    pub event: Id,
}

impl Supply {
    /// Everything about one lot. A firm sees its own places and its direct partners; an authority sees all of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no event names the lot or the reader may see none of its places.
    pub async fn lots(&self, cx: &Context, who: &Principal, item: &str) -> Result<LotView, Error> {
        self.index.catch_up(&self.store).await?;
        let keys = self.places_with(item);
        if keys.is_empty() {
            return Err(Error::NotFound(item.to_owned()));
        }
        let owners = self.directory.owners(&keys).await.map_err(Error::Directory)?;
        let wide = keys.iter().any(|k| {
            let region = owners.get(k).map_or_else(
                || who.grants.first().map(|g| g.region.clone()).unwrap_or_default(),
                |p| p.region.clone(),
            );
            self.access.allows(who, "view", &Resource::new("lot", region), cx.now)
        });
        let own: BTreeSet<&String> = keys
            .iter()
            .filter(|k| {
                owners.get(*k).is_some_and(|p| {
                    let lot = Resource::new("lot", p.region.clone()).of_operator(p.operator);
                    self.access.allows(who, "view", &lot, cx.now)
                })
            })
            .collect();
        if !wide && own.is_empty() {
            return Err(Error::NotFound(item.to_owned()));
        }
        let seen = |place: &str| wide || own.iter().any(|k| k.as_str() == place);
        let (mut holdings, suppliers, customers, origins) = self.index.read(|index| {
            let Some(number) = index.names().find_item(item) else { return Default::default() };
            let (mut holdings, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
            for h in index.places_of(number) {
                let place = place_key(index, h.node.place);
                if !seen(&place) {
                    continue;
                }
                neighbours(index, number, h.node.place, &mut up, &mut down);
                holdings.push(HoldingView {
                    lot: LotInfo::default(),
                    place,
                    since: Instant(h.node.since),
                    until: Instant(h.until),
                    on_hand: h.on_hand,
                });
            }
            let mut origins = BTreeSet::new();
            if wide {
                let back = index.trace_back(number, None, None, chain::Bounds::default());
                origins.extend(back.nodes.iter().filter(|n| n.origin).filter_map(|n| match n.kind {
                    NodeKind::Lot(key) => Some(place_key(index, key.place)),
                    NodeKind::Process { .. } => None,
                }));
            }
            (holdings, up, down, origins.into_iter().collect::<Vec<_>>())
        });
        let places = holdings
            .iter()
            .map(|h: &HoldingView| &h.place)
            .chain(suppliers.iter().chain(&customers).map(|n: &NeighbourView| &n.place))
            .chain(&origins)
            .cloned()
            .collect();
        let items = suppliers
            .iter()
            .chain(&customers)
            .filter_map(|n: &NeighbourView| n.item.clone())
            .chain([item.to_owned()])
            .collect();
        let legend = self.legend(places, items).await?;
        let lot = legend.lots.get(item).cloned().unwrap_or_default();
        for holding in &mut holdings {
            holding.lot = lot.clone();
        }
        let events = self.events_of_item(who, cx.now, item, 200).await?;
        Ok(LotView { lot, holdings, suppliers, customers, origins, events, legend })
    }

    /// The lots with records at an operator's places, or at one of them, newest arrival first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an operator not in the register; [`Error::Denied`].
    pub async fn lots_of(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Id,
        place: Option<&str>,
        skip: usize,
        take: usize,
    ) -> Result<Holdings, Error> {
        let keys = self.places_of(cx, who, operator).await?;
        self.index.catch_up(&self.store).await?;
        let mut all = self.index.read(|index| {
            let wanted = |k: &&String| place.is_none_or(|p| crate::site_key(p) == k.as_str());
            let mut all: Vec<(i64, i64, String, String, Amount)> = Vec::new();
            for key in keys.iter().filter(wanted) {
                let Some(number) = index.names().find_place(key) else { continue };
                all.extend(index.items_at(number).into_iter().map(|h| {
                    let item = index.names().item_key(h.node.item).to_owned();
                    (h.node.since, h.until, item, key.clone(), h.on_hand)
                }));
            }
            all
        });
        all.sort_unstable_by(|a, b| (b.0, &a.2, &a.3).cmp(&(a.0, &b.2, &b.3)));
        let total = all.len();
        let page: Vec<_> = all.into_iter().skip(skip).take(take.clamp(1, 500)).collect();
        let legend = self
            .legend(page.iter().map(|r| r.3.clone()).collect(), page.iter().map(|r| r.2.clone()).collect())
            .await?;
        let rows = page
            .into_iter()
            .map(|(since, until, item, place, on_hand)| HoldingView {
                lot: legend.lots.get(&item).cloned().unwrap_or_default(),
                place,
                since: Instant(since),
                until: Instant(until),
                on_hand,
            })
            .collect();
        Ok(Holdings { rows, total, legend })
    }

    /// What the records of an operator's places do not explain, oldest first.
    ///
    /// # Errors
    /// As [`Supply::lots_of`].
    pub async fn gaps(&self, cx: &Context, who: &Principal, operator: Id) -> Result<Vec<GapView>, Error> {
        let keys = self.places_of(cx, who, operator).await?;
        self.index.catch_up(&self.store).await?;
        let mut gaps: Vec<(String, String, Option<String>, Gap)> = self.index.read(|index| {
            let mut out = Vec::new();
            for key in &keys {
                let Some(number) = index.names().find_place(key) else { continue };
                out.extend(index.gaps(number).into_iter().map(|g| {
                    let item = index.names().item_key(g.item).to_owned();
                    (key.clone(), item, g.other.map(|p| place_key(index, p)), g)
                }));
            }
            out
        });
        gaps.sort_by_key(|(.., g)| g.time);
        let lots = self.lot_infos(gaps.iter().map(|g| g.1.clone()).collect()).await?;
        Ok(gaps
            .into_iter()
            .map(|(place, item, other, g)| GapView {
                kind: g.kind,
                place,
                lot: lots.get(&item).cloned().unwrap_or_default(),
                other,
                time: Instant(g.time),
                quantity: g.quantity,
                event: record(g.event),
            })
            .collect())
    }

    /// Site keys of an operator whose lots the reader may see.
    pub(crate) async fn places_of(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Id,
    ) -> Result<Vec<String>, Error> {
        let found = self.directory.operator(operator).await.map_err(Error::Directory)?;
        let found = found.ok_or_else(|| Error::NotFound(format!("operator {operator}")))?;
        let lot = Resource::new("lot", found.region.clone()).of_operator(Some(operator));
        self.access.check(who, "view", &lot, cx.now)?;
        let keys: BTreeSet<String> =
            found.places.iter().map(|p| crate::site_key(&p.key).to_owned()).collect();
        Ok(keys.into_iter().collect())
    }
}

/// The neighbours of an item at a place: whom it came from and went to; across a transformation, what it was made from
/// and into.
fn neighbours(
    index: &chain::Index,
    item: chain::ItemId,
    place: chain::PlaceId,
    up: &mut Vec<NeighbourView>,
    down: &mut Vec<NeighbourView>,
) {
    // a transformation counts two links
    let near = chain::Bounds { max_depth: 2, ..chain::Bounds::default() };
    let back = index.trace_back(item, Some(place), None, near);
    adjacent(index, &back, (item, place), |l| (l.to, l.from), up);
    let forward = index.trace_forward(item, Some(place), None, near);
    adjacent(index, &forward, (item, place), |l| (l.from, l.to), down);
}

/// What a trace says stands next to an item at a place; `ends` gives the near and the far end of a link.
fn adjacent(
    index: &chain::Index,
    trace: &chain::Trace,
    (item, place): (chain::ItemId, chain::PlaceId),
    ends: impl Fn(&chain::TraceLink) -> (usize, usize),
    out: &mut Vec<NeighbourView>,
) {
    let kind = |i: usize| trace.nodes.get(i).map(|n| n.kind);
    let own =
        |i: usize| matches!(kind(i), Some(NodeKind::Lot(key)) if key.item == item && key.place == place);
    let mut push = |link: &chain::TraceLink, far: usize| {
        let (other, at) = match kind(far) {
            Some(NodeKind::Lot(key)) => (Some(index.names().item_key(key.item).to_owned()), key.place),
            Some(NodeKind::Process { place, .. }) => (None, place),
            None => return,
        };
        out.push(NeighbourView {
            item: other,
            place: place_key(index, at),
            kind: link.kind,
            at: link.depart.or(link.arrive).map(Instant),
            quantity: link.received.or(link.sent),
            events: link.events.iter().copied().map(record).collect(),
        });
    };
    for link in &trace.links {
        let (near, far) = ends(link);
        if !own(near) || own(far) {
            continue;
        }
        if !matches!(kind(far), Some(NodeKind::Process { .. })) {
            push(link, far);
            continue;
        }
        let mut beyond = trace.links.iter().filter(|l| ends(l).0 == far).peekable();
        if beyond.peek().is_none() {
            push(link, far);
        }
        beyond.for_each(|l| push(l, ends(l).1));
    }
}
