//! A firm's ledger for a period: rows read from the events, each with what the law asks and is missing.

use super::{Course, RecordField, shelf_life_end};
use crate::certificate::misfit;
use crate::event::EventDetail;
use crate::{
    Certificate, Dossier, Error, EventFilter, LedgerKind, LotInfo, PlaceInfo, Supply, certificate_number,
    site_key,
};
use access::{Principal, Resource};
use base::{Date, Decimal, Id, Instant, Text};
use ledger::Context;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Events read for one ledger at most; what lies beyond is said, not hidden.
pub(super) const MOST: usize = 20_000;
/// Business steps of goods that come.
pub(super) const COME: [&str; 2] = ["receiving", "accepting"];
/// Business steps of goods that leave.
pub(super) const LEAVE: [&str; 2] = ["shipping", "retail_selling"];

/// Which ledger of whom, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordQuery {
    /// Whose.
    pub operator: Id,
    /// Which.
    pub kind: LedgerKind,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// What is known of a certificate a row names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CertificateCheck {
    /// Issued here, and covers the row.
    Fits,
    /// Issued elsewhere: only its number is known.
    Elsewhere,
    /// It does not cover the row, and why.
    Misfit(Text),
}

/// One row of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordRow {
    /// The event it is read from.
    pub event: Id,
    /// The capture that brought it.
    pub capture: Id,
    /// Goods came (`true`) or left.
    pub comes: bool,
    /// Key of the firm's place.
    pub place: String,
    /// Day in China.
    pub date: Date,
    /// The lot, with name, specification, dates.
    pub lot: LotInfo,
    /// How much.
    pub quantity: Option<Decimal>,
    /// UN/ECE Rec 20 code.
    pub unit: Option<String>,
    /// Shelf life as stated, else its last day.
    pub shelf_life: Option<String>,
    /// Last day of shelf life, where it can be told.
    pub shelf_life_end: Option<Date>,
    /// Key of the other side's place; `None` for a consumer or where the records name nobody.
    pub partner: Option<String>,
    /// Its name: of the register, or as written.
    pub partner_name: String,
    /// Its operator, when registered.
    pub partner_operator: Option<Id>,
    /// Its address by the register; `Some("")` when it is sealed with the capture.
    pub address: Option<String>,
    /// A contact is sealed with the capture.
    pub contact: bool,
    /// Number of its licence: by the register when in force on the day, else as written.
    pub licence: Option<String>,
    /// Certificate number as written.
    pub certificate: Option<String>,
    /// What is known of that certificate.
    pub check: Option<CertificateCheck>,
    /// Number of the voucher.
    pub document: Option<String>,
    /// Sold to a consumer: the customer need not be named.
    pub consumer: bool,
    /// Ids of the fields the law asks for that the row lacks.
    pub missing: Vec<String>,
    /// The day until which it is kept at least.
    pub keep_until: Date,
}

impl RecordRow {
    /// Whether anything is to be mended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && !matches!(self.check, Some(CertificateCheck::Misfit(_)))
    }

    /// The quantity with its unit.
    #[must_use]
    pub fn amount(&self) -> String {
        match (self.quantity, self.unit.as_deref()) {
            (Some(q), Some(u)) => crate::certificate::amount(q, u),
            (Some(q), None) => q.normalize().to_string(),
            (None, _) => String::new(),
        }
    }

    fn has(&self, field: &str) -> bool {
        let given = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
        match field {
            "name" => given(&self.lot.name),
            "spec" => given(&self.lot.spec),
            "quantity" => self.quantity.is_some(),
            "lot" => given(&self.lot.lot) || given(&self.lot.produced),
            "shelf_life" => given(&self.shelf_life),
            "partner" => self.consumer || !self.partner_name.is_empty(),
            "address" => self.consumer || self.address.is_some(),
            "contact" => self.consumer || self.contact,
            "licence" => given(&self.licence),
            "certificate" => given(&self.certificate),
            "document" => given(&self.document),
            _ => true,
        }
    }
}

/// A ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Records {
    /// Its rows, newest first.
    pub rows: Vec<RecordRow>,
    /// There were more events than are read at once; the oldest are left out.
    pub cut: bool,
}

/// What rows are read with.
pub(super) struct Reader<'a> {
    pub(super) owners: &'a HashMap<String, PlaceInfo>,
    pub(super) dossiers: &'a HashMap<Id, Dossier>,
    pub(super) certificates: &'a HashMap<String, Certificate>,
    pub(super) lots: &'a BTreeMap<String, LotInfo>,
}

/// A field a ledger adds to its events.
pub(super) fn said<'a>(event: &'a EventDetail, name: &str) -> Option<&'a str> {
    let found = event.body.get(format!("shian:{name}"))?;
    found.as_str().filter(|t| !t.trim().is_empty())
}

/// Whether an event belongs to a ledger.
pub(super) fn belongs(kind: LedgerKind, event: &EventDetail) -> bool {
    let comes = event.event.biz_step.as_deref().is_some_and(|s| COME.contains(&s));
    let leaves = event.event.biz_step.as_deref().is_some_and(|s| LEAVE.contains(&s));
    let mark = said(event, "record");
    match kind.rule().direction {
        Course::Both => mark == kind.mark() && (comes || leaves),
        Course::In => comes && mark == kind.mark(),
        Course::Out => leaves && mark.is_none(),
    }
}

impl Reader<'_> {
    /// The rows of an event: one for each lot it names.
    pub(super) fn rows(
        &self,
        kind: LedgerKind,
        event: &EventDetail,
        own: &HashSet<String>,
    ) -> Vec<RecordRow> {
        let e = &event.event;
        let comes = e.biz_step.as_deref().is_some_and(|s| COME.contains(&s));
        let consumer = e.biz_step.as_deref() == Some("retail_selling");
        let here = [&e.biz_location, &e.read_point, &e.destination, &e.source];
        let place =
            here.into_iter().flatten().find(|k| own.contains(site_key(k))).cloned().unwrap_or_default();
        let partner = if comes { e.source.clone() } else { e.destination.clone() };
        let partner = partner.filter(|p| !consumer && !own.contains(site_key(p)));
        let registered = partner.as_deref().and_then(|p| self.owners.get(site_key(p)));
        let dossier = registered.and_then(|p| p.operator).and_then(|o| self.dossiers.get(&o));
        let date = e.time.china_date();
        let sealed = said(event, "sealed").unwrap_or_default();
        let address = match dossier.map(|d| d.address.clone()).filter(|a| !a.is_empty()) {
            Some(address) => Some(address),
            None => sealed.contains("address").then(String::new),
        };
        let licence = dossier
            .and_then(|d| d.licence_on(date).map(ToOwned::to_owned))
            .or_else(|| said(event, "licence").map(ToOwned::to_owned));
        let document = e.document.as_deref().map(|d| {
            let last = d.rsplit([':', '/']).next().unwrap_or(d);
            if d.starts_with("urn:shian:doc:") { crate::upload::unescape(last) } else { d.to_owned() }
        });
        let certificate = said(event, "certificate").map(ToOwned::to_owned);
        let items = e.items.iter().filter(|i| i.role != crate::Role::Parent);
        let whole = e.items.iter().filter(|i| i.role == crate::Role::Parent);
        let count = e.items.iter().filter(|i| i.role != crate::Role::Parent).count();
        let items: Vec<_> = if count == 0 { whole.collect() } else { items.collect() };
        items
            .into_iter()
            .map(|item| {
                let mut lot = self.lots.get(&item.item).cloned().unwrap_or_default();
                // what the row itself states goes before what another record said of the lot last
                for (mine, name) in [
                    (&mut lot.name, "productName"),
                    (&mut lot.spec, "specification"),
                    (&mut lot.produced, "productionDate"),
                ] {
                    if let Some(text) = said(event, name) {
                        *mine = Some(text.to_owned());
                    }
                }
                let produced: Option<Date> = lot.produced.as_deref().and_then(|d| d.get(..10)?.parse().ok());
                let stated = said(event, "shelfLife").map(ToOwned::to_owned).or_else(|| lot.expires.clone());
                let end = stated.as_deref().and_then(|t| shelf_life_end(produced, t));
                let unit = item.uom.clone();
                let check = certificate.as_deref().map(|text| {
                    let Some(number) = certificate_number(text) else { return CertificateCheck::Elsewhere };
                    let Some(c) = self.certificates.get(&number) else { return CertificateCheck::Elsewhere };
                    let name = lot.name.as_deref().unwrap_or(&c.product);
                    let quantity = item.qty.unwrap_or_default();
                    misfit(c, name, quantity, unit.as_deref().unwrap_or(&c.unit))
                        .map_or(CertificateCheck::Fits, CertificateCheck::Misfit)
                });
                let mut row = RecordRow {
                    event: e.id,
                    capture: e.capture,
                    comes,
                    place: place.clone(),
                    date,
                    quantity: item.qty,
                    unit,
                    shelf_life: stated,
                    shelf_life_end: end,
                    partner: partner.clone(),
                    partner_name: registered.map_or_else(
                        || partner.as_deref().map(written_name).unwrap_or_default(),
                        |p| p.operator_name.clone(),
                    ),
                    partner_operator: registered.and_then(|p| p.operator),
                    address: address.clone(),
                    contact: sealed.contains("contact") || dossier.is_some_and(|d| d.reachable),
                    licence: licence.clone(),
                    certificate: certificate.clone(),
                    check,
                    document: document.clone(),
                    consumer,
                    missing: Vec::new(),
                    keep_until: kind.rule().keep.until(date, end),
                    lot,
                };
                let asked = kind.rule().fields.iter().filter(|f| RecordField::is_asked(f));
                row.missing = asked.filter(|f| !row.has(&f.id)).map(|f| f.id.clone()).collect();
                row
            })
            .collect()
    }
}

/// The name a key holds that no register knows.
pub(crate) fn written_name(key: &str) -> String {
    match key.strip_prefix("urn:shian:name:") {
        Some("-") => String::new(),
        Some(name) => crate::upload::unescape(name),
        None => key.strip_prefix("urn:shian:uscc:").unwrap_or(key).to_owned(),
    }
}

impl Supply {
    /// A firm's ledger for a period, newest row first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an operator not in the register; [`Error::Denied`].
    pub async fn records(
        &self,
        cx: &Context,
        who: &Principal,
        query: &RecordQuery,
    ) -> Result<Records, Error> {
        let found = self.directory.operator(query.operator).await.map_err(Error::Directory)?;
        let found = found.ok_or_else(|| Error::NotFound(format!("operator {}", query.operator)))?;
        let resource = Resource::new("event", found.region.clone()).of_operator(Some(query.operator));
        self.access.check(who, "view", &resource, cx.now)?;
        let sites: BTreeSet<&str> = found.places.iter().map(|p| site_key(&p.key)).collect();
        let steps: Vec<&str> = match query.kind.rule().direction {
            Course::In => COME.to_vec(),
            Course::Out => LEAVE.to_vec(),
            Course::Both => COME.iter().chain(&LEAVE).copied().collect(),
        };
        let (mut events, mut cut) = (Vec::new(), false);
        for place in &sites {
            for step in &steps {
                let filter = EventFilter {
                    place: Some((*place).to_owned()),
                    biz_step: Some((*step).to_owned()),
                    ..period(query.from, query.to)
                };
                let (mut some, more) = self.all(who, cx.now, filter, MOST).await?;
                cut |= more;
                events.append(&mut some);
            }
        }
        events.retain(|e| belongs(query.kind, e) && !e.event.withdrawn && !e.event.declaration);
        events.sort_by_key(|e| std::cmp::Reverse((e.event.time, e.event.id)));
        events.dedup_by_key(|e| e.event.id);
        let own: HashSet<String> = sites.into_iter().map(str::to_owned).collect();
        let known = self.known(&events).await?;
        let rows = events.iter().flat_map(|e| known.reader().rows(query.kind, e, &own)).collect();
        Ok(Records { rows, cut })
    }

    /// Every event of a filter, with its body, up to what one answer may read.
    pub(crate) async fn all_events(
        &self,
        who: &Principal,
        now: Instant,
        filter: EventFilter,
    ) -> Result<(Vec<EventDetail>, bool), Error> {
        self.all(who, now, filter, MOST).await
    }

    pub(super) async fn all(
        &self,
        who: &Principal,
        now: Instant,
        filter: EventFilter,
        most: usize,
    ) -> Result<(Vec<EventDetail>, bool), Error> {
        let mut filter = EventFilter { limit: 1000, ..filter };
        let mut all = Vec::new();
        loop {
            let (mut events, next) = self.event_bodies(who, now, &filter).await?;
            all.append(&mut events);
            match next {
                Some(_) if all.len() >= most => return Ok((all, true)),
                Some(next) => filter.after = Some(next),
                None => return Ok((all, false)),
            }
        }
    }

    /// What the register, the lots and the certificates say of a list of events.
    pub(crate) async fn known(&self, events: &[EventDetail]) -> Result<Known, Error> {
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for e in events.iter().map(|e| &e.event) {
            let places = [&e.source, &e.destination, &e.biz_location, &e.read_point];
            keys.extend(places.into_iter().flatten().map(|k| site_key(k)));
        }
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let mut owners = HashMap::new();
        for part in keys.chunks(500) {
            owners.extend(self.directory.owners(part).await.map_err(Error::Directory)?);
        }
        let operators: BTreeSet<Id> = owners.values().filter_map(|p| p.operator).collect();
        let operators: Vec<Id> = operators.into_iter().collect();
        let dossiers = self.directory.dossiers(&operators).await.map_err(Error::Directory)?;
        let items = events.iter().flat_map(|e| e.event.items.iter().map(|i| i.item.clone())).collect();
        let lots = self.lot_infos(items).await?;
        let numbers: BTreeSet<String> =
            events.iter().filter_map(|e| certificate_number(said(e, "certificate")?)).collect();
        let certificates = self.certificates_numbered(numbers).await?;
        Ok(Known { owners, dossiers, certificates, lots })
    }
}

/// What is known of the events of a list.
pub(crate) struct Known {
    pub(crate) owners: HashMap<String, PlaceInfo>,
    pub(crate) dossiers: HashMap<Id, Dossier>,
    certificates: HashMap<String, Certificate>,
    pub(crate) lots: BTreeMap<String, LotInfo>,
}

impl Known {
    pub(super) const fn reader(&self) -> Reader<'_> {
        Reader {
            owners: &self.owners,
            dossiers: &self.dossiers,
            certificates: &self.certificates,
            lots: &self.lots,
        }
    }
}

/// Events of these days, in China.
pub(crate) fn period(from: Date, to: Date) -> EventFilter {
    let day = |d: Date| Instant::china(d, 0, 0);
    EventFilter {
        from: Some(day(from)),
        until: Some(day(to.tomorrow().unwrap_or(to))),
        ..EventFilter::default()
    }
}
