//! Where ledgers have gaps: firm by firm of a region, for the officer who checks.

use super::view::{COME, LEAVE, MOST, belongs, period};
use crate::{CertificateCheck, Error, EventFilter, LedgerKind, Supply, site_key};
use access::Principal;
use base::{Date, Id};
use chain::GapKind;
use ledger::Context;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Firms whose links with others are looked through for one answer at most.
const FIRMS: usize = 500;

/// What is missing in the ledgers of one firm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FirmGaps {
    /// The firm.
    pub operator: Option<Id>,
    /// Its name.
    pub name: String,
    /// Region code of the place.
    pub region: String,
    /// Rows of goods that came or left.
    pub rows: usize,
    /// Rows that lack something.
    pub incomplete: usize,
    /// Rows without each field the law asks for.
    pub missing: BTreeMap<String, usize>,
    /// Rows whose certificate does not cover them.
    pub certificate: usize,
    /// Lots it says it received from a registered sender who never shipped them.
    pub received_unshipped: usize,
    /// Lots it shipped that it never received or made.
    pub shipped_unreceived: usize,
    /// Other records that do not fit.
    pub other: usize,
}

impl FirmGaps {
    /// Everything that is to be mended.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.incomplete + self.received_unshipped + self.shipped_unreceived + self.other
    }
}

/// The gaps of a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RegionGaps {
    /// Firms with records in the period, most gaps first.
    pub firms: Vec<FirmGaps>,
    /// There were more events than are read at once: the figures are of the newest.
    pub cut: bool,
}

impl Supply {
    /// What the ledgers of a region's firms lack, for a period: fields the law asks for by the business form of each
    /// place, certificates that do not cover their goods, and links that one side only records.
    ///
    /// # Errors
    /// Storage; a reader without rights sees nothing.
    pub async fn record_gaps(
        &self,
        cx: &Context,
        who: &Principal,
        region: &str,
        from: Date,
        to: Date,
    ) -> Result<RegionGaps, Error> {
        let (mut events, mut cut) = (Vec::new(), false);
        for step in COME.iter().chain(&LEAVE) {
            let filter = EventFilter {
                region: Some(region.to_owned()),
                biz_step: Some((*step).to_owned()),
                ..period(from, to)
            };
            let (mut some, more) = self.all(who, cx.now, filter, MOST / 4).await?;
            cut |= more;
            events.append(&mut some);
        }
        events.retain(|e| !e.event.withdrawn && !e.event.declaration);
        let known = self.known(&events).await?;
        let mut firms: BTreeMap<Id, FirmGaps> = BTreeMap::new();
        for event in &events {
            let e = &event.event;
            let here = e.biz_location.as_deref().or(e.read_point.as_deref()).map(site_key);
            let Some(place) = here.and_then(|k| known.owners.get(k)) else { continue };
            let Some(operator) = place.operator.filter(|_| place.region.starts_with(region)) else {
                continue;
            };
            // the record that the business form of the place asks for
            let asked = LedgerKind::ALL.into_iter().rfind(|k| {
                let marked = k.rule().forms.is_empty() || k.mark().is_some();
                belongs(*k, event) && (marked || k.rule().forms.contains(&place.form))
            });
            let Some(kind) = asked else { continue };
            let own = HashSet::from([site_key(&place.key).to_owned()]);
            let firm = firms.entry(operator).or_insert_with(|| FirmGaps {
                operator: Some(operator),
                name: place.operator_name.clone(),
                region: place.region.clone(),
                ..FirmGaps::default()
            });
            for row in known.reader().rows(kind, event, &own) {
                firm.rows += 1;
                firm.incomplete += usize::from(!row.is_complete());
                firm.certificate += usize::from(matches!(row.check, Some(CertificateCheck::Misfit(_))));
                for field in row.missing {
                    *firm.missing.entry(field).or_default() += 1;
                }
            }
        }
        let mut firms: Vec<FirmGaps> = firms.into_values().collect();
        firms.sort_by(|a, b| (b.incomplete, &a.name).cmp(&(a.incomplete, &b.name)));
        cut |= firms.len() > FIRMS;
        let until = period(from, to);
        for firm in firms.iter_mut().take(FIRMS) {
            let Some(operator) = firm.operator else { continue };
            for gap in self.gaps(cx, who, operator).await? {
                if until.from.is_some_and(|t| gap.time < t) || until.until.is_some_and(|t| gap.time >= t) {
                    continue;
                }
                match gap.kind {
                    GapKind::ReceivedUnshipped | GapKind::ShipmentMissing => firm.received_unshipped += 1,
                    GapKind::SentUnreceived | GapKind::SeenUnreceived | GapKind::Overdrawn => {
                        firm.shipped_unreceived += 1
                    }
                    _ => firm.other += 1,
                }
            }
        }
        firms.sort_by(|a, b| (b.total(), &a.name).cmp(&(a.total(), &b.name)));
        Ok(RegionGaps { firms, cut })
    }
}
