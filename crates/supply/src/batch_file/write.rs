//! Events as rows of batch files.

use crate::event::EventDetail;
use crate::{Dossier, Error, EventFilter, LotInfo, PlaceInfo, Role, Supply, site_key};
use access::{Principal, Resource};
use base::{Date, Id};
use ledger::Context;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A batch that came in, as a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InBatch {
    /// Its number here.
    pub batch: String,
    /// Day.
    pub date: Option<Date>,
    /// Product name.
    pub product: String,
    /// Exact decimal.
    pub quantity: String,
    /// Symbol of the unit.
    pub unit: String,
    /// Package size.
    pub spec: String,
    /// Barcode.
    pub gtin: String,
    /// Certificate number.
    pub certificate: String,
    /// 生产 for a batch that begins here, else as stated.
    pub stage: String,
    /// Name of the source.
    pub source: String,
    /// Its 统一社会信用代码.
    pub source_code: String,
    /// GLN of its place.
    pub source_gln: String,
    /// Its batch number.
    pub source_batch: String,
}

/// A batch that went out, as a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OutBatch {
    /// Its number.
    pub batch: String,
    /// Day.
    pub date: Option<Date>,
    /// Product name.
    pub product: String,
    /// Exact decimal.
    pub quantity: String,
    /// Symbol of the unit.
    pub unit: String,
    /// Package size.
    pub spec: String,
    /// Barcode.
    pub gtin: String,
    /// Certificate number.
    pub certificate: String,
    /// `R1=100;R2=50`.
    pub inputs: String,
    /// Name of the destination; 消费者 for a sale to consumers.
    pub target: String,
    /// Its 统一社会信用代码.
    pub target_code: String,
    /// GLN of its place.
    pub target_gln: String,
}

/// What names stand behind the keys.
struct Names {
    owners: HashMap<String, PlaceInfo>,
    dossiers: HashMap<Id, Dossier>,
    lots: BTreeMap<String, LotInfo>,
}

impl Names {
    /// Name, code and GLN of a place.
    fn party(&self, key: Option<&str>) -> (String, String, String) {
        let Some(key) = key.map(site_key) else { return Default::default() };
        let gln = key.strip_prefix("https://id.gs1.org/414/").unwrap_or_default().to_owned();
        match self.owners.get(key) {
            Some(p) => {
                let code = p.operator.and_then(|o| self.dossiers.get(&o)).map(|d| d.code.clone());
                (p.operator_name.clone(), code.unwrap_or_default(), gln)
            }
            None => (crate::record::written_name(key), String::new(), gln),
        }
    }

    /// The number of a batch: as stated here, else the lot number, else its key.
    fn number(&self, event: Option<&EventDetail>, item: &str) -> String {
        let stated = event.and_then(|e| e.body["shian:batch"].as_str()).map(str::to_owned);
        let lot = self.lots.get(item).and_then(|l| l.lot.clone());
        stated.or(lot).unwrap_or_else(|| item.to_owned())
    }
}

fn symbol(code: Option<&str>) -> String {
    let code = code.unwrap_or("C62");
    base::quantity::Unit::from_rec20(code).map_or_else(|| code.to_owned(), |u| u.symbol().to_owned())
}

impl Supply {
    /// The batches that came to and left a firm's places in a period, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an operator not in the register; [`Error::Denied`].
    pub async fn export_batches(
        &self,
        cx: &Context,
        who: &Principal,
        operator: Id,
        from: Date,
        to: Date,
    ) -> Result<(Vec<InBatch>, Vec<OutBatch>), Error> {
        let found = self.directory.operator(operator).await.map_err(Error::Directory)?;
        let found = found.ok_or_else(|| Error::NotFound(format!("operator {operator}")))?;
        let resource = Resource::new("event", found.region.clone()).of_operator(Some(operator));
        self.access.check(who, "view", &resource, cx.now)?;
        let sites: BTreeSet<&str> = found.places.iter().map(|p| site_key(&p.key)).collect();
        let mut events = Vec::new();
        for place in &sites {
            let filter = EventFilter { place: Some((*place).to_owned()), ..crate::record::period(from, to) };
            events.extend(self.all_events(who, cx.now, filter).await?.0);
        }
        events.retain(|e| !e.event.withdrawn && !e.event.declaration);
        events.sort_by_key(|e| (e.event.time, e.event.id));
        events.dedup_by_key(|e| e.event.id);
        let known = self.known(&events).await?;
        let names = Names { owners: known.owners, dossiers: known.dossiers, lots: known.lots };
        let mut came: HashMap<&str, &EventDetail> = HashMap::new();
        let mut made: HashMap<&str, &EventDetail> = HashMap::new();
        let (mut ins, mut outs) = (Vec::new(), Vec::new());
        for event in &events {
            let e = &event.event;
            let step = e.biz_step.as_deref().unwrap_or_default();
            if e.kind == "TransformationEvent" {
                let outputs = e.items.iter().filter(|i| i.role == Role::Output);
                made.extend(outputs.map(|i| (i.item.as_str(), event)));
                continue;
            }
            if e.kind != "ObjectEvent" {
                continue;
            }
            let begins = e.action.as_deref() == Some("ADD") && step == "commissioning";
            let text = |name: &str| event.body[name].as_str().unwrap_or_default().to_owned();
            for item in &e.items {
                let lot = names.lots.get(&item.item).cloned().unwrap_or_default();
                let quantity = item.qty.map(|q| q.normalize().to_string()).unwrap_or_default();
                if step == "receiving" || begins {
                    came.insert(&item.item, event);
                    let (source, source_code, source_gln) = names.party(e.source.as_deref());
                    ins.push(InBatch {
                        batch: names.number(Some(event), &item.item),
                        date: Some(e.time.china_date()),
                        product: lot.name.clone().unwrap_or_default(),
                        quantity,
                        unit: symbol(item.uom.as_deref()),
                        spec: lot.spec.clone().unwrap_or_default(),
                        gtin: lot.gtin.clone().unwrap_or_default(),
                        certificate: text("shian:certificate"),
                        stage: if begins { "生产".to_owned() } else { text("shian:stage") },
                        source,
                        source_code,
                        source_gln,
                        source_batch: if begins {
                            String::new()
                        } else {
                            lot.lot.clone().unwrap_or_default()
                        },
                    });
                } else if step == "shipping" || step == "retail_selling" {
                    let (target, target_code, target_gln) = match step {
                        "retail_selling" => ("消费者".to_owned(), String::new(), String::new()),
                        _ => names.party(e.destination.as_deref()),
                    };
                    let inputs = match made.get(item.item.as_str()) {
                        Some(process) => process
                            .event
                            .items
                            .iter()
                            .filter(|i| i.role == Role::Input)
                            .map(|i| {
                                let number = names.number(came.get(i.item.as_str()).copied(), &i.item);
                                i.qty
                                    .map_or_else(|| number.clone(), |q| format!("{number}={}", q.normalize()))
                            })
                            .collect::<Vec<_>>()
                            .join(";"),
                        None => came
                            .get(item.item.as_str())
                            .map(|e| names.number(Some(e), &item.item))
                            .unwrap_or_default(),
                    };
                    let batch = match made.get(item.item.as_str()) {
                        None if !inputs.is_empty() => inputs.clone(),
                        _ => names.number(Some(event), &item.item),
                    };
                    outs.push(OutBatch {
                        batch,
                        date: Some(e.time.china_date()),
                        product: lot.name.clone().unwrap_or_default(),
                        quantity,
                        unit: symbol(item.uom.as_deref()),
                        spec: lot.spec.clone().unwrap_or_default(),
                        gtin: lot.gtin.clone().unwrap_or_default(),
                        certificate: text("shian:certificate"),
                        inputs,
                        target,
                        target_code,
                        target_gln,
                    });
                }
            }
        }
        Ok((ins, outs))
    }
}
