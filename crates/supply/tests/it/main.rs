//! Supply on every engine at hand: capture, index, lots, scope, ledgers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;
mod capture;
mod examples;
mod gaps;
mod kept;
mod long;
mod outbreak;
mod query;
mod record;
mod seeds;
mod trace;
mod upload;

use access::{Principal, testing};
use async_trait::async_trait;
use base::{Date, Id, IdGen, Instant, Lang};
use ledger::Context;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use store::Store;
use supply::{
    CaptureOptions, CaptureOutcome, DirectoryError, Format, OperatorInfo, Partner, PlaceDirectory, PlaceInfo,
    Supply,
};

/// A fictitious register: operators 1… with one site each, GLNs counted up.
pub(crate) struct Register(Vec<PlaceInfo>);

/// Site key of operator `n`.
pub(crate) fn site(n: i64) -> String {
    let gln = base::Gln::with_check(&format!("69900000{n:04}")).unwrap();
    format!("https://id.gs1.org/414/{gln}")
}

/// A lot key; GTIN of product `p`.
pub(crate) fn lot(p: u32, lot: &str) -> String {
    format!("https://id.gs1.org/01/{}/10/{lot}", gtin(p))
}

pub(crate) fn gtin(p: u32) -> base::Gtin {
    base::Gtin::with_check(&format!("0690000{p:06}")).unwrap()
}

/// The product registered to operator `n`; the register knows no other.
pub(crate) fn owned(n: i64) -> base::Gtin {
    gtin(900 + u32::try_from(n).unwrap())
}

impl Register {
    pub(crate) fn new() -> Self {
        let forms = ["farm", "producer", "wholesale", "retail", "retail", "catering"];
        let places = (1..=forms.len()).map(|n| {
            let id = i64::try_from(n).unwrap();
            PlaceInfo {
                key: site(id),
                operator: Some(Id(id)),
                operator_name: format!("虚构经营者{n}"),
                site: Some(Id(id + 100)),
                name: format!("虚构场所{n}"),
                region: format!("6201{:02}", 1 + n),
                form: forms[n - 1].to_owned(),
            }
        });
        Self(places.collect())
    }
}

#[async_trait]
impl PlaceDirectory for Register {
    async fn owners(&self, keys: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        Ok(self.0.iter().filter(|p| keys.contains(&p.key)).map(|p| (p.key.clone(), p.clone())).collect())
    }

    async fn stewards(&self, keys: &[String]) -> Result<HashMap<String, (Id, String)>, DirectoryError> {
        let of = |n: i64| {
            let class = format!("https://id.gs1.org/01/{}", owned(n));
            keys.contains(&class).then(|| (class, (Id(n), format!("虚构经营者{n}"))))
        };
        Ok((1..=6).filter_map(of).collect())
    }

    async fn operator(&self, id: Id) -> Result<Option<OperatorInfo>, DirectoryError> {
        let places: Vec<_> = self.0.iter().filter(|p| p.operator == Some(id)).cloned().collect();
        Ok(places.first().cloned().map(|p| OperatorInfo {
            id,
            name: p.operator_name,
            region: p.region,
            places,
        }))
    }

    async fn partners(&self, partners: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError> {
        let one = |partner: &Partner| {
            let fits = |p: &&PlaceInfo| match partner {
                Partner::Gln(gln) => p.key.ends_with(gln.as_str()),
                Partner::Uscc(_) => false,
                Partner::Name(name) => p.operator_name == *name,
            };
            self.0.iter().filter(fits).cloned().collect()
        };
        Ok(partners.iter().map(one).collect())
    }
}

/// One store with supply on it.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) store: Store,
    pub(crate) supply: Supply,
    ids: Arc<IdGen>,
}

pub(crate) const NOW: &str = "2026-11-21T09:00:00+08:00";

impl World {
    pub(crate) fn cx(&self, who: &Principal) -> Context {
        Context {
            now: Instant::parse(NOW).unwrap(),
            ids: self.ids.clone(),
            actor: who.actor(),
            lang: Lang::Zh,
        }
    }

    pub(crate) async fn capture(&self, operator: i64, events: Vec<Value>) -> CaptureOutcome {
        let who = firm(operator);
        let bytes = document(&events);
        self.supply
            .capture(&self.cx(&who), &who, bytes, Format::Detect, &CaptureOptions::default())
            .await
            .unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.store.one(sql, &[]).await.unwrap().int("n").unwrap()
    }
}

pub(crate) async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for (name, store) in store::testing::stores().await {
        let supply = Supply::open(store.clone(), testing::access(), Arc::new(Register::new())).await.unwrap();
        worlds.push(World { name, store, supply, ids: Arc::new(IdGen::new(1)) });
    }
    worlds
}

/// The account of operator `n`.
pub(crate) fn firm(n: i64) -> Principal {
    testing::firm(Id(n))
}

pub(crate) fn document(events: &[Value]) -> Vec<u8> {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                     { "cbvmda": "urn:epcglobal:cbv:mda:" }],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-21T00:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
    .into_bytes()
}

pub(crate) fn at(day: &str) -> String {
    let date: Date = day.parse().unwrap();
    format!("{date}T12:00:00.000+08:00")
}

fn object(day: &str, action: &str, step: &str, place: i64, item: &str, kg: i64) -> Value {
    json!({
        "type": "ObjectEvent", "action": action, "bizStep": step,
        "eventTime": at(day), "eventTimeZoneOffset": "+08:00",
        "readPoint": { "id": site(place) }, "bizLocation": { "id": site(place) },
        "quantityList": [{ "epcClass": item, "quantity": kg, "uom": "KGM" }],
    })
}

pub(crate) fn made(day: &str, place: i64, item: &str, kg: i64) -> Value {
    let mut event = object(day, "ADD", "commissioning", place, item, kg);
    event["ilmd"] =
        json!({ "cbvmda:descriptionShort": "虚构百合", "cbvmda:itemExpirationDate": "2027-01-01" });
    event
}

pub(crate) fn shipped(day: &str, from: i64, to: i64, item: &str, kg: i64) -> Value {
    let mut event = object(day, "OBSERVE", "shipping", from, item, kg);
    event.as_object_mut().unwrap().remove("bizLocation");
    event["sourceList"] = json!([{ "type": "location", "source": site(from) }]);
    event["destinationList"] = json!([{ "type": "location", "destination": site(to) }]);
    event
}

pub(crate) fn received(day: &str, from: i64, to: i64, item: &str, kg: i64) -> Value {
    let mut event = object(day, "OBSERVE", "receiving", to, item, kg);
    event["sourceList"] = json!([{ "type": "location", "source": site(from) }]);
    event["destinationList"] = json!([{ "type": "location", "destination": site(to) }]);
    event
}

pub(crate) fn sold(day: &str, place: i64, item: &str, kg: i64) -> Value {
    object(day, "OBSERVE", "retail_selling", place, item, kg)
}
