//! Traces with names: the numbers of the index turned back into keys, places and lots.

use crate::{Error, PlaceInfo, Supply};
use base::{Id, Instant};
use chain::{Amount, Index, LinkKind, NodeKind, PlaceId, Qty, Trace};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::Sql;

/// A node of a trace: a lot at a place from a time, or a transformation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceNode {
    /// Item key; `None` for a transformation.
    pub item: Option<String>,
    /// Site key; empty when the records name no place.
    pub place: String,
    /// First event of this stretch of time.
    pub since: Instant,
    /// Last event of it.
    pub until: Instant,
    /// Links from the start.
    pub depth: u32,
    /// Nothing leads in: the goods begin here as far as the records go.
    pub origin: bool,
    /// Nothing leads on.
    pub end: bool,
    /// Of a transformation: its first event.
    pub event: Option<Id>,
}

/// A link of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLink {
    /// Index of the earlier node.
    pub from: usize,
    /// Index of the later node.
    pub to: usize,
    /// What it is.
    pub kind: LinkKind,
    /// When the goods left.
    pub depart: Option<Instant>,
    /// When they arrived.
    pub arrive: Option<Instant>,
    /// Quantity that left.
    pub sent: Option<Qty>,
    /// Quantity that arrived.
    pub received: Option<Qty>,
    /// The events that prove it.
    pub events: Vec<Id>,
    /// The document that travelled with the goods.
    pub document: Option<String>,
}

/// A trace with names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceView {
    /// Nodes, the start first.
    pub nodes: Vec<TraceNode>,
    /// Links between them.
    pub links: Vec<TraceLink>,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// A lot as the records describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotInfo {
    /// Item key.
    pub item: String,
    /// Key of the product class.
    pub class: Option<String>,
    /// GTIN, 14 digits.
    pub gtin: Option<String>,
    /// Lot number.
    pub lot: Option<String>,
    /// Product name as stated.
    pub name: Option<String>,
    /// Package size as stated.
    pub spec: Option<String>,
    /// Production date as stated.
    pub produced: Option<String>,
    /// Last day of shelf life as stated.
    pub expires: Option<String>,
}

/// The names behind the keys of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legend {
    /// Registered places by site key; one that is absent is in no register.
    pub places: BTreeMap<String, PlaceInfo>,
    /// Lots by item key.
    pub lots: BTreeMap<String, LotInfo>,
}

impl LotInfo {
    /// Product and lot number, or what is known of them.
    #[must_use]
    pub fn shown(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        match (&self.lot, name) {
            (Some(lot), "") => lot.clone(),
            (Some(lot), name) => format!("{name} {lot}"),
            (None, "") => self.item.clone(),
            (None, name) => name.to_owned(),
        }
    }
}

impl Legend {
    /// The name of a place: of its site, else of its operator; its key where no register knows it.
    #[must_use]
    pub fn place_name(&self, key: &str) -> String {
        if key.is_empty() {
            return "—".to_owned();
        }
        self.places.get(key).map_or_else(
            || key.to_owned(),
            |p| if p.name.is_empty() { p.operator_name.clone() } else { p.name.clone() },
        )
    }

    /// A lot in words: product and lot number.
    #[must_use]
    pub fn lot_name(&self, key: &str) -> String {
        self.lots.get(key).map_or_else(|| key.to_owned(), LotInfo::shown)
    }
}

/// Ids of the index are record ids.
pub(crate) fn record(event: u64) -> Id {
    Id(i64::try_from(event).unwrap_or_default())
}

pub(crate) fn place_key(index: &Index, place: PlaceId) -> String {
    index.names().place_key(place).to_owned()
}

/// A trace of the index with names.
pub(crate) fn view(index: &Index, trace: &Trace) -> TraceView {
    let nodes = trace.nodes.iter().map(|n| {
        let (item, place, since, event) = match n.kind {
            NodeKind::Lot(key) => {
                (Some(index.names().item_key(key.item).to_owned()), key.place, key.since, None)
            }
            NodeKind::Process { place, since, event } => (None, place, since, Some(record(event))),
        };
        TraceNode {
            item,
            place: place_key(index, place),
            since: Instant(since),
            until: Instant(n.until),
            depth: n.depth,
            origin: n.origin,
            end: n.end,
            event,
        }
    });
    let links = trace.links.iter().map(|l| TraceLink {
        from: l.from,
        to: l.to,
        kind: l.kind,
        depart: l.depart.map(Instant),
        arrive: l.arrive.map(Instant),
        sent: l.sent,
        received: l.received,
        events: l.events.iter().copied().map(record).collect(),
        document: l.document.map(|d| index.names().document_key(d).to_owned()),
    });
    TraceView { nodes: nodes.collect(), links: links.collect(), truncated: trace.truncated }
}

/// A sum as text: `120 kg + 3` (pieces without unit), `?` added when a part is unknown.
#[must_use]
pub fn amount_text(amount: &Amount) -> String {
    let mut out = String::new();
    for q in &amount.sums {
        if !out.is_empty() {
            out.push_str(" + ");
        }
        out.push_str(&q.value.normalize().to_string());
        let code = q.unit.as_str();
        if !code.is_empty() {
            out.push(' ');
            match base::quantity::Unit::from_rec20(code) {
                Some(unit) => out.push_str(unit.symbol()),
                None => out.push_str(code),
            }
        }
    }
    if amount.quantity_unknown {
        out.push_str(if out.is_empty() { "?" } else { " + ?" });
    }
    if out.is_empty() {
        out.push('0');
    }
    out
}

impl Supply {
    /// The names of the places and lots of an event.
    ///
    /// # Errors
    /// Storage, or the register.
    pub async fn names_of(&self, event: &crate::EventRow) -> Result<Legend, Error> {
        let places = [&event.read_point, &event.biz_location, &event.source, &event.destination];
        let places = places.into_iter().flatten().map(|p| crate::site_key(p).to_owned()).collect();
        self.legend(places, event.items.iter().map(|i| i.item.clone()).collect()).await
    }

    /// Looks up the places and lots of an answer.
    pub(crate) async fn legend(
        &self,
        places: BTreeSet<String>,
        items: BTreeSet<String>,
    ) -> Result<Legend, Error> {
        let keys: Vec<String> = places.into_iter().filter(|k| !k.is_empty()).collect();
        let mut legend = Legend::default();
        for part in keys.chunks(500) {
            legend.places.extend(self.directory.owners(part).await.map_err(Error::Directory)?);
        }
        legend.lots = self.lot_infos(items).await?;
        Ok(legend)
    }

    /// What is known of each lot; every item asked for is in the answer.
    pub(crate) async fn lot_infos(
        &self,
        items: BTreeSet<String>,
    ) -> Result<BTreeMap<String, LotInfo>, Error> {
        let mut lots: BTreeMap<String, LotInfo> =
            items.into_iter().map(|item| (item.clone(), bare(item))).collect();
        let keys: Vec<String> = lots.keys().cloned().collect();
        for part in keys.chunks(500) {
            let mut sql =
                Sql::new("select item, class, lot_no, name, spec, produced, expires from lot where item in ");
            sql.bind_list(part.iter().map(String::as_str));
            for row in self.store.select(&sql).await? {
                if let Some(lot) = lots.get_mut(&row.text("item")?) {
                    if lot.lot.is_none() {
                        lot.lot = row.opt_text("lot_no")?;
                    }
                    lot.name = row.opt_text("name")?;
                    lot.spec = row.opt_text("spec")?;
                    lot.produced = row.opt_text("produced")?;
                    lot.expires = row.opt_text("expires")?;
                }
            }
        }
        Ok(lots)
    }
}

/// What the key of an item says by itself.
fn bare(item: String) -> LotInfo {
    let key = epcis::ident::item_key(&item);
    LotInfo {
        class: crate::prepare::class_key(&key.uri),
        gtin: key.gtin().map(str::to_owned),
        lot: key.lot().map(std::borrow::Cow::into_owned),
        item,
        ..LotInfo::default()
    }
}
