//! Recall scope and traces as reports: places resolved, quantities summed, and a stable copy kept for a matter.

use crate::view::{Legend, TraceView, place_key, record, view};
use crate::{Error, Supply};
use access::{Denied, Principal, Resource};
use base::{Id, Instant};
use chain::{Amount, Bounds, Index, PlaceId, Role, Totals};
use ledger::{Context, Entry, Permit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

/// How wide a scope is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScopeOptions {
    /// Start from this upstream lot instead of the sampled one.
    pub from_item: Option<String>,
    /// Also suspect the other outputs of the transformations the lot came out of.
    pub include_sibling_outputs: bool,
    /// Limits of the search; `None`: those of the index.
    pub bounds: Option<Bounds>,
}

/// One item at one place within a scope; quantities as in [`chain::ScopeRow`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRow {
    /// Item key.
    pub item: String,
    /// Site key; empty when the records name no place.
    pub place: String,
    /// Region code of the place; empty when it is in no register.
    pub region: String,
    /// One of the suspect lots itself, not something made from it.
    pub culprit: bool,
    /// Part the place plays.
    pub role: Role,
    /// Links from the suspect lot.
    pub depth: u32,
    /// First and last arrival.
    pub arrived: Option<(Instant, Instant)>,
    /// Stock of this item before the suspect goods came.
    pub opening: Amount,
    /// Made, grown or first recorded here.
    pub produced: Amount,
    /// Received from others.
    pub received: Amount,
    /// Shipped here, no receipt recorded.
    pub expected: Amount,
    /// Passed on to other places.
    pub passed_on: Amount,
    /// Made into other items.
    pub made_into: Amount,
    /// Sold to consumers.
    pub sold: Amount,
    /// Used up.
    pub consumed: Amount,
    /// Destroyed under control.
    pub destroyed: Amount,
    /// Lost, stolen or spoilt.
    pub lost: Amount,
    /// What should be here now.
    pub on_hand: Amount,
    /// An officer may find some of it here.
    pub may_hold: bool,
    /// Site keys it came from.
    pub suppliers: Vec<String>,
    /// Site keys it went to.
    pub customers: Vec<String>,
    /// The events by which it came here.
    pub evidence: Vec<Id>,
}

/// The scope within one county.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionTotal {
    /// County code (six digits); empty for places in no register.
    pub region: String,
    /// Distinct places.
    pub places: usize,
    /// Of these, places that may still hold some.
    pub holders: usize,
    /// Should be on hand.
    pub on_hand: Amount,
    /// On the way there.
    pub expected: Amount,
    /// Sold to consumers there.
    pub sold: Amount,
}

/// Everything a failed sample of one lot puts under suspicion, with names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeReport {
    /// The sampled item.
    pub item: String,
    /// Site key of the place sampled.
    pub place: Option<String>,
    /// Time of sampling; `None`: whenever.
    pub at: Option<Instant>,
    /// Capture position of the index when the scope was drawn.
    pub position: i64,
    /// The options.
    pub options: ScopeOptions,
    /// The suspect lots.
    pub culprits: Vec<String>,
    /// Origins and route.
    pub upstream: TraceView,
    /// Where it went.
    pub downstream: TraceView,
    /// One row for each item at each place downstream, nearest first.
    pub rows: Vec<ScopeRow>,
    /// Totals of the suspect lots alone.
    pub totals: Totals,
    /// Totals of the products made from them.
    pub derived: Totals,
    /// By county, in order of code.
    pub regions: Vec<RegionTotal>,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
    /// The names behind the keys.
    pub legend: Legend,
}

impl ScopeReport {
    /// Distinct places in the scope.
    #[must_use]
    pub fn places(&self) -> usize {
        self.rows.iter().map(|r| r.place.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// The stable JSON text: same scope, same bytes.
    ///
    /// # Errors
    /// When it does not serialise (never for a report made here).
    pub fn stable(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|e| store::Error::Setup(format!("a scope does not serialise: {e}")).into())
    }
}

/// A trace with the names behind its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceReport {
    /// The trace.
    pub trace: TraceView,
    /// The names.
    pub legend: Legend,
}

/// A scope kept as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frozen {
    /// Record id.
    pub id: Id,
    /// SHA-256 hex of the stable JSON.
    pub hash: String,
}

impl Supply {
    /// The scope of a failed sample, for an authority that sees the lot there.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`] when no event names the item; storage.
    pub async fn scope(
        &self,
        cx: &Context,
        who: &Principal,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        options: ScopeOptions,
    ) -> Result<ScopeReport, Error> {
        self.may_trace(cx, who, item, place).await?;
        self.draw_scope(item, place, at, options).await
    }

    /// The scope without a question of rights: for effects of a transition that was authorised.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no event names the item; storage.
    pub async fn draw_scope(
        &self,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        options: ScopeOptions,
    ) -> Result<ScopeReport, Error> {
        self.index.catch_up(&self.store).await?;
        let unknown = || Error::NotFound(item.to_owned());
        let drawn = self.index.read(|index| draw(index, item, place, at, &options));
        let mut report = drawn.ok_or_else(unknown)?;
        let places: BTreeSet<String> = report
            .rows
            .iter()
            .flat_map(|r| std::iter::once(&r.place).chain(&r.suppliers).chain(&r.customers))
            .chain(report.upstream.nodes.iter().chain(&report.downstream.nodes).map(|n| &n.place))
            .chain(&report.place)
            .cloned()
            .collect();
        let items = report
            .rows
            .iter()
            .map(|r| &r.item)
            .chain(
                report.upstream.nodes.iter().chain(&report.downstream.nodes).filter_map(|n| n.item.as_ref()),
            )
            .chain(&report.culprits)
            .cloned()
            .collect();
        report.legend = self.legend(places, items).await?;
        for row in &mut report.rows {
            row.region = report.legend.places.get(&row.place).map(|p| p.region.clone()).unwrap_or_default();
        }
        report.regions = by_region(&report.rows);
        Ok(report)
    }

    /// Where a lot came from.
    ///
    /// # Errors
    /// As [`Supply::scope`].
    pub async fn trace_back(
        &self,
        cx: &Context,
        who: &Principal,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        bounds: Bounds,
    ) -> Result<TraceReport, Error> {
        self.may_trace(cx, who, item, place).await?;
        self.trace(item, place, at, bounds, true).await
    }

    /// Where a lot went.
    ///
    /// # Errors
    /// As [`Supply::scope`].
    pub async fn trace_forward(
        &self,
        cx: &Context,
        who: &Principal,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        bounds: Bounds,
    ) -> Result<TraceReport, Error> {
        self.may_trace(cx, who, item, place).await?;
        self.trace(item, place, at, bounds, false).await
    }

    /// A trace in either direction without a question of rights: the caller has asked.
    pub(crate) async fn trace(
        &self,
        item: &str,
        place: Option<&str>,
        at: Option<Instant>,
        bounds: Bounds,
        back: bool,
    ) -> Result<TraceReport, Error> {
        self.index.catch_up(&self.store).await?;
        let trace = self.index.read(|index| {
            let names = index.names();
            let number = names.find_item(item)?;
            let place = place.and_then(|p| names.find_place(crate::site_key(p)));
            let at = at.map(|a| a.0);
            let trace = if back {
                index.trace_back(number, place, at, bounds)
            } else {
                index.trace_forward(number, place, at, bounds)
            };
            Some(view(index, &trace))
        });
        let trace = trace.ok_or_else(|| Error::NotFound(item.to_owned()))?;
        let places = trace.nodes.iter().map(|n| n.place.clone()).collect();
        let items = trace.nodes.iter().filter_map(|n| n.item.clone()).collect();
        let legend = self.legend(places, items).await?;
        Ok(TraceReport { trace, legend })
    }

    /// Keeps a scope as it was when a decision was taken on it, with its hash in the journal.
    ///
    /// # Errors
    /// Storage.
    pub async fn freeze(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        region: &str,
        report: &ScopeReport,
    ) -> Result<Frozen, Error> {
        let body = report.stable()?;
        let hash = hex::encode(Sha256::digest(&body));
        let id = cx.id();
        let entry = Entry {
            kind: "scope.frozen",
            region: region.to_owned(),
            subject: format!("scope:{id}"),
            body: serde_json::json!({
                "item": report.item,
                "place": report.place,
                "position": report.position,
                "places": report.places(),
                "rows": report.rows.len(),
                "truncated": report.truncated,
                "sha256": hash,
            }),
            private: None,
        };
        let journal = ledger::append(tx, cx, permit, entry).await?.id;
        tx.exec(
            "insert into frozen_scope (id, item, place, at, body, hash, journal) values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                id.into(),
                report.item.as_str().into(),
                report.place.as_deref().into(),
                cx.now.into(),
                body.into(),
                hash.as_str().into(),
                journal.into(),
            ],
        )
        .await?;
        Ok(Frozen { id, hash })
    }

    /// A kept scope, checked against its hash.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage, also when the text no longer has the hash it was kept under.
    pub async fn frozen(&self, id: Id) -> Result<ScopeReport, Error> {
        let row = self.store.first("select body, hash from frozen_scope where id = $1", &[id.into()]).await?;
        let row = row.ok_or_else(|| Error::NotFound(format!("scope {id}")))?;
        if hex::encode(Sha256::digest(row.text("body")?)) != row.text("hash")? {
            let problem = format!("the kept scope {id} was changed: its text no longer has its hash");
            return Err(store::Error::Setup(problem).into());
        }
        Ok(row.json("body")?)
    }

    /// A scope crosses regions and firms, so it is for those who may see lots of a region the lot was in, whosever they
    /// are: authorities, not the firm itself.
    pub(crate) async fn may_trace(
        &self,
        cx: &Context,
        who: &Principal,
        item: &str,
        place: Option<&str>,
    ) -> Result<(), Error> {
        let mut denied = None;
        if let Some(place) = place {
            denied = self.may_trace_at(cx, who, &[crate::site_key(place).to_owned()]).await?;
            if denied.is_none() {
                return Ok(());
            }
        }
        // who may ask for the lot wherever it was may ask for it at one of its places; its counties are at hand
        for county in self.counties_of(item).await? {
            let lot = Resource::new("lot", county.clone());
            if !county.is_empty() && self.access.allows(who, "view", &lot, cx.now) {
                return Ok(());
            }
        }
        if denied.is_none() {
            denied = self.may_trace_at(cx, who, &self.places_with(item)).await?;
        }
        denied.map_or(Ok(()), |denied| Err(denied.into()))
    }

    /// Why none of the places allows it; `None` when one does, or when no place was given.
    async fn may_trace_at(
        &self,
        cx: &Context,
        who: &Principal,
        keys: &[String],
    ) -> Result<Option<Denied>, Error> {
        let mut regions = BTreeSet::new();
        if !keys.is_empty() {
            let owners = self.directory.owners(keys).await.map_err(Error::Directory)?;
            regions.extend(owners.into_values().map(|p| p.region));
        }
        if regions.is_empty() {
            // a place in no register: whoever may see lots in a region of their own may ask
            regions.extend(who.grants.iter().map(|g| g.region.clone()));
        }
        if regions.is_empty() {
            regions.insert(String::new());
        }
        let mut denied = None;
        for region in regions {
            match self.access.check(who, "view", &Resource::new("lot", region), cx.now) {
                Ok(_) => return Ok(None),
                Err(e) => denied = Some(e),
            }
        }
        Ok(denied)
    }

    /// Site keys of every place with a record of an item.
    pub(crate) fn places_with(&self, item: &str) -> Vec<String> {
        self.index.read(|index| {
            let Some(number) = index.names().find_item(item) else { return Vec::new() };
            let places: BTreeSet<String> =
                index.places_of(number).iter().map(|h| place_key(index, h.node.place)).collect();
            places.into_iter().filter(|k| !k.is_empty()).collect()
        })
    }
}

fn draw(
    index: &Index,
    item: &str,
    place: Option<&str>,
    at: Option<Instant>,
    options: &ScopeOptions,
) -> Option<ScopeReport> {
    let names = index.names();
    let number = names.find_item(item)?;
    let site = place.map(|p| crate::site_key(p).to_owned());
    let spot = site.as_deref().and_then(|p| names.find_place(p)).unwrap_or(PlaceId::UNKNOWN);
    let from_item = match &options.from_item {
        Some(key) => Some(names.find_item(key)?),
        None => None,
    };
    let bounds = options.bounds.unwrap_or_default();
    let wide =
        chain::ScopeOptions { from_item, include_sibling_outputs: options.include_sibling_outputs, bounds };
    let mut scope = index.scope(number, spot, at.map(|a| a.0), &wide);
    if scope.upstream.nodes.is_empty() {
        // the place sampled has no record of the lot: its origins are those of the lot anywhere
        scope.upstream = index.trace_back(number, None, None, bounds);
        scope.truncated |= scope.upstream.truncated;
    }
    let rows = scope.rows.iter().map(|r| row(index, r)).collect();
    Some(ScopeReport {
        item: item.to_owned(),
        place: site,
        at,
        position: index.position(),
        options: options.clone(),
        culprits: scope.culprits.iter().map(|i| names.item_key(*i).to_owned()).collect(),
        upstream: view(index, &scope.upstream),
        downstream: view(index, &scope.downstream),
        rows,
        totals: scope.totals,
        derived: scope.derived,
        regions: Vec::new(),
        truncated: scope.truncated,
        legend: Legend::default(),
    })
}

fn row(index: &Index, r: &chain::ScopeRow) -> ScopeRow {
    let places = |ids: &[PlaceId]| ids.iter().map(|p| place_key(index, *p)).collect();
    ScopeRow {
        item: index.names().item_key(r.item).to_owned(),
        place: place_key(index, r.place),
        region: String::new(),
        culprit: r.culprit,
        role: r.role,
        depth: r.depth,
        arrived: r.arrived.map(|(a, b)| (Instant(a), Instant(b))),
        opening: r.opening.clone(),
        produced: r.produced.clone(),
        received: r.received.clone(),
        expected: r.expected.clone(),
        passed_on: r.passed_on.clone(),
        made_into: r.made_into.clone(),
        sold: r.sold.clone(),
        consumed: r.consumed.clone(),
        destroyed: r.destroyed.clone(),
        lost: r.lost.clone(),
        on_hand: r.on_hand.clone(),
        may_hold: r.may_hold,
        suppliers: places(&r.suppliers),
        customers: places(&r.customers),
        evidence: r.evidence.iter().copied().map(record).collect(),
    }
}

/// Sums by county: the first six digits of the region.
fn by_region(rows: &[ScopeRow]) -> Vec<RegionTotal> {
    let mut totals: BTreeMap<&str, (RegionTotal, BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for row in rows {
        let county = row.region.get(..6).unwrap_or(&row.region);
        let (total, places, holders) = totals.entry(county).or_default();
        places.insert(&row.place);
        if row.may_hold {
            holders.insert(&row.place);
        }
        total.on_hand.add_all(&row.on_hand);
        total.expected.add_all(&row.expected);
        total.sold.add_all(&row.sold);
    }
    totals
        .into_iter()
        .map(|(region, (total, places, holders))| RegionTotal {
            region: region.to_owned(),
            places: places.len(),
            holders: holders.len(),
            ..total
        })
        .collect()
}
