//! What everybody may know of a lot: product, dates, and its way by county with counts; never a name of a buyer.

use crate::{Error, LotInfo, Supply};
use access::{PUBLIC, Principal, Resource};
use base::Instant;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One county on the way of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicStop {
    /// County code of six digits; empty for places in no register.
    pub region: String,
    /// First record of the lot there.
    pub since: Instant,
    /// Places there with a record of it.
    pub places: usize,
    /// The same by business form as the register has it (`farm`, `producer`, …; empty when not known).
    pub forms: BTreeMap<String, usize>,
}

/// The public view of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicLot {
    /// The lot.
    pub lot: LotInfo,
    /// The counties it came through, in order of time.
    pub stops: Vec<PublicStop>,
}

impl Supply {
    /// The public view of a lot; `None` when no event names it.
    ///
    /// # Errors
    /// [`Error::Denied`] when the public view is closed; storage.
    pub async fn public_lot(
        &self,
        who: &Principal,
        now: Instant,
        item: &str,
    ) -> Result<Option<PublicLot>, Error> {
        self.access.check(who, "view", &Resource::new("lot", "").classified(PUBLIC), now)?;
        self.index.catch_up(&self.store).await?;
        let found: BTreeMap<String, i64> = self.index.read(|index| {
            let Some(number) = index.names().find_item(item) else { return BTreeMap::new() };
            let mut first = BTreeMap::new();
            for h in index.places_of(number) {
                let since: &mut i64 =
                    first.entry(crate::view::place_key(index, h.node.place)).or_insert(h.node.since);
                *since = h.node.since.min(*since);
            }
            first
        });
        if found.is_empty() {
            return Ok(None);
        }
        let keys: Vec<String> = found.keys().filter(|k| !k.is_empty()).cloned().collect();
        let owners = self.directory.owners(&keys).await.map_err(Error::Directory)?;
        let mut counties: BTreeMap<String, PublicStop> = BTreeMap::new();
        for (key, since) in &found {
            let owner = owners.get(key);
            let region = owner.map_or_else(String::new, |p| p.region.chars().take(6).collect());
            let stop = counties.entry(region.clone()).or_insert_with(|| PublicStop {
                region,
                since: Instant(*since),
                places: 0,
                forms: BTreeMap::new(),
            });
            stop.since = stop.since.min(Instant(*since));
            stop.places += 1;
            *stop.forms.entry(owner.map(|p| p.form.clone()).unwrap_or_default()).or_default() += 1;
        }
        let mut stops: Vec<PublicStop> = counties.into_values().collect();
        stops.sort_by_key(|s| s.since);
        let lot = self.lot_infos(BTreeSet::from([item.to_owned()])).await?.remove(item).unwrap_or_default();
        Ok(Some(PublicLot { lot, stops }))
    }
}
