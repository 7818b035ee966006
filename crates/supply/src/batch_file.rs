//! Files of batches that came in and went out (入库批次、出库批次), as agricultural trace systems exchange them.
//!
//! The shape follows NY/T 4712-2025: subjects named by 统一社会信用代码, stages, and a chain of in-batches and out-batches
//! with source and destination. The headings are ours: the standard's own element names were not at hand. Both ways:
//! rows become events through the one capture, events become rows.

mod read;
mod write;

pub use write::{InBatch, OutBatch};

use crate::batch::{NewLot, Part, commissioned, document, lot_key, made_from, noon};
use crate::upload::Other;
use crate::{CaptureOutcome, Error, EventFilter, LedgerOptions, PlaceInfo, Supply, site_key};
use access::Principal;
use base::{Date, Text};
use epcis::build::{Deal, Draft, Frame, Lot, receive, ship};
use ledger::Context;
use paper::sheet::{RowError, RowErrors, Workbook};
use read::{InRow, OutRow};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use read::{in_columns, out_columns};

/// What an import of batches did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchOutcome {
    /// In-batches read.
    pub came: usize,
    /// Out-batches read.
    pub left: usize,
    /// The capture.
    pub capture: CaptureOutcome,
    /// What should be known though the rows were taken.
    pub notes: Vec<RowError>,
}

/// Days back in which in-batches are looked up by their own number.
const BACK: i32 = 730;

impl Supply {
    /// Imports a workbook or CSV of in-batches, out-batches or both.
    ///
    /// # Errors
    /// [`Error::Sheet`] when the file or its header cannot be used; [`Error::Rows`] with every wrong cell, nothing is
    /// stored then; [`Error::Denied`].
    pub async fn import_batches(
        &self,
        cx: &Context,
        who: &Principal,
        book: &Workbook,
        options: &LedgerOptions,
    ) -> Result<BatchOutcome, Error> {
        let standing = self.standing(cx, who, options.operator).await?;
        let own = self.own_place(standing.operator, options.place.as_deref()).await?;
        let (came, left, mut errors) = read::rows(&book.tables, cx.now.china_date())?;
        let mut notes = Vec::new();
        let sources = self.others(came.iter().filter_map(InRow::side), &mut errors, &mut notes).await?;
        let targets = self.others(left.iter().filter_map(OutRow::side), &mut errors, &mut notes).await?;
        let stored = self.stored_batches(cx, who, &own, &left).await?;
        let events = self.batch_events(&own, &came, &left, (&sources, &targets), &stored, &mut errors);
        errors.into_result(()).map_err(Error::Rows)?;
        if events.is_empty() {
            return Err(Error::Sheet(Text::of("文件没有数据行", "the file has no rows")));
        }
        let document = document(events, cx.now);
        let capture =
            self.capture_made(cx, &standing, "batches", &document, &book.sha256, None, None).await?;
        Ok(BatchOutcome { came: came.len(), left: left.len(), capture, notes })
    }

    fn batch_events(
        &self,
        own: &PlaceInfo,
        came: &[InRow],
        left: &[OutRow],
        (sources, targets): (&[Other], &[Other]),
        stored: &HashMap<String, String>,
        errors: &mut RowErrors,
    ) -> Vec<Draft> {
        let mut events = Vec::new();
        let mut known: HashMap<&str, String> = HashMap::new();
        let mut sources = sources.iter();
        for row in came {
            let source = row.side().and_then(|_| sources.next()).and_then(Other::key);
            let lot = row.lot();
            let item = match source {
                Some(from) => {
                    let number = row.source_batch.as_deref().unwrap_or(&row.batch);
                    lot_key(row.gtin.as_deref(), from, &row.product, row.spec.as_deref(), number)
                }
                None => lot.item(&own.key),
            };
            known.insert(&row.batch, item.clone());
            let event = match source {
                Some(from) => {
                    let parts = [Lot::new(&item, row.quantity, Some(row.unit))];
                    let deal = Deal { from: Some(from), to: Some(&own.key), paper: None };
                    let frame = Frame { time: noon(row.date), zone_minutes: 480, place: &own.key };
                    located(
                        receive(&frame, &parts, &Deal { paper: None, ..deal }),
                        Some(from),
                        Some(&own.key),
                    )
                    .with("shian:productName", row.product.as_str())
                    .with("shian:lotNumber", row.source_batch.as_deref().unwrap_or(&row.batch))
                }
                None => commissioned(own, row.date, &lot, &item),
            };
            let event = event.with("shian:batch", row.batch.as_str());
            let event = said(event, "shian:specification", row.spec.as_deref());
            let event = said(event, "shian:stage", row.stage.as_deref());
            events.push(said(event, "shian:certificate", row.certificate.as_deref()));
        }
        let mut totals: BTreeMap<(&str, Date), base::Decimal> = BTreeMap::new();
        for row in left {
            *totals.entry((&row.batch, row.date)).or_default() += row.quantity;
        }
        let mut made: BTreeSet<(&str, Date)> = BTreeSet::new();
        let mut targets = targets.iter();
        for row in left {
            let target = row.side().and_then(|_| targets.next());
            let mut parts = Vec::new();
            for (number, quantity) in &row.inputs {
                match known.get(number.as_str()).or_else(|| stored.get(number)) {
                    Some(item) => {
                        parts.push(Part { item: item.clone(), quantity: *quantity, unit: row.unit })
                    }
                    None => errors.push(row.input_error(number)),
                }
            }
            let same = parts.len() == 1 && row.inputs.first().is_some_and(|(n, _)| *n == row.batch);
            let first = parts.first().map(|p| p.item.clone());
            let item = match first {
                Some(item) if same => item,
                _ => row.lot(row.quantity).item(&own.key),
            };
            if !same && !parts.is_empty() && made.insert((&row.batch, row.date)) {
                let total = totals.get(&(row.batch.as_str(), row.date)).copied().unwrap_or(row.quantity);
                events.push(made_from(own, row.date, &parts, &row.lot(total), &item));
            }
            let frame = Frame { time: noon(row.date), zone_minutes: 480, place: &own.key };
            let parts = [Lot::new(&item, row.quantity, Some(row.unit))];
            let event = match target {
                Some(Other::Place { key }) => {
                    let event =
                        ship(&frame, &parts, &Deal::default()).with("shian:batch", row.batch.as_str());
                    located(event, Some(&own.key), Some(key)).without("bizLocation")
                }
                Some(Other::Consumer) => epcis::build::sell(&frame, &parts),
                None => continue,
            };
            let event = event.with("shian:productName", row.product.as_str());
            // a lot passed on keeps the number its maker gave it
            let event =
                said(event, "shian:lotNumber", Some(&row.batch).filter(|_| !same).map(String::as_str));
            let event = said(event, "shian:specification", row.spec.as_deref());
            events.push(said(event, "shian:certificate", row.certificate.as_deref()));
        }
        events
    }

    /// In-batches recorded before that out-batches name.
    async fn stored_batches(
        &self,
        cx: &Context,
        who: &Principal,
        own: &PlaceInfo,
        left: &[OutRow],
    ) -> Result<HashMap<String, String>, Error> {
        let wanted: BTreeSet<&str> =
            left.iter().flat_map(|r| &r.inputs).map(|(number, _)| number.as_str()).collect();
        let mut found = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let today = cx.now.china_date();
        let from = today.saturating_sub(jiff::Span::new().days(BACK));
        let place = Some(site_key(&own.key).to_owned());
        for step in ["receiving", "commissioning"] {
            let filter = EventFilter {
                place: place.clone(),
                biz_step: Some(step.to_owned()),
                ..crate::record::period(from, today)
            };
            let (events, _) = self.all_events(who, cx.now, filter).await?;
            let lots =
                self.lot_infos(events.iter().flat_map(outcome_items).map(str::to_owned).collect()).await?;
            for event in events.iter().filter(|e| !e.event.withdrawn) {
                let batch = event.body["shian:batch"].as_str();
                for item in outcome_items(event) {
                    let stated = lots.get(item).and_then(|l| l.lot.as_deref());
                    for number in [batch, stated].into_iter().flatten().filter(|n| wanted.contains(n)) {
                        // the newest of a number wins
                        found.entry(number.to_owned()).or_insert_with(|| item.to_owned());
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The lots an event leaves behind.
fn outcome_items(event: &crate::EventDetail) -> impl Iterator<Item = &str> {
    let items = event.event.items.iter().filter(|i| matches!(i.role, crate::Role::Epc | crate::Role::Output));
    items.map(|i| i.item.as_str())
}

/// Places the goods came from and go to.
fn located(event: Draft, from: Option<&str>, to: Option<&str>) -> Draft {
    let list = |name: &str, key: &str| serde_json::json!([{ "type": "location", name: key }]);
    let event = match from {
        Some(key) => event.with("sourceList", list("source", key)),
        None => event,
    };
    match to {
        Some(key) => event.with("destinationList", list("destination", key)),
        None => event,
    }
}

fn said(event: Draft, name: &str, value: Option<&str>) -> Draft {
    match value.filter(|v| !v.trim().is_empty()) {
        Some(value) => event.with(name, value),
        None => event,
    }
}

impl NewLot {
    fn of_row(product: &str, spec: Option<&String>, number: &str, gtin: Option<&str>, date: Date) -> Self {
        Self {
            product: product.to_owned(),
            spec: spec.cloned(),
            number: number.to_owned(),
            gtin: gtin.and_then(|g| g.parse().ok()),
            produced: Some(date),
            expires: None,
            quantity: base::Decimal::ZERO,
            unit: "KGM",
        }
    }
}
