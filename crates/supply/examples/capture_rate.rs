//! Capture rate: `cargo run --release -p supply --example capture_rate -- [EVENTS] [BATCH]` captures that many events in
//! documents of that size into a fresh SQLite file (WAL, synchronous=FULL) and prints events per second.
#![expect(clippy::print_stdout, reason = "prints its figures")]

use access::testing;
use async_trait::async_trait;
use base::{Id, IdGen, Instant, Lang};
use ledger::Context;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use store::Store;
use supply::{
    CaptureOptions, DirectoryError, Format, OperatorInfo, Partner, PlaceDirectory, PlaceInfo, Supply,
    TraceIndex,
};

/// A register that knows no place.
struct Empty;

#[async_trait]
impl PlaceDirectory for Empty {
    async fn owners(&self, _: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        Ok(HashMap::new())
    }
    async fn operator(&self, _: Id) -> Result<Option<OperatorInfo>, DirectoryError> {
        Ok(None)
    }
    async fn partners(&self, asked: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError> {
        Ok(vec![Vec::new(); asked.len()])
    }
}

fn document(batch: usize, size: usize) -> Vec<u8> {
    let place = |n: usize| format!("https://id.gs1.org/414/{:013}", 6_900_000_000_000u64 + n as u64 % 20_000);
    let events: Vec<_> = (0..size)
        .map(|i| {
            let n = batch * size + i;
            let lot = format!("https://id.gs1.org/01/{:014}/10/L{}", 6_900_000 + n % 500, n / 4);
            let (from, to) = (place(n * 7), place(n * 13 + 1));
            json!({
                "type": "ObjectEvent", "action": "OBSERVE",
                "bizStep": if n.is_multiple_of(2) { "shipping" } else { "receiving" },
                "disposition": "in_transit",
                "eventTime": format!("2026-{:02}-{:02}T{:02}:00:00.000+08:00", 1 + n % 11, 1 + n % 28, n % 24),
                "eventTimeZoneOffset": "+08:00",
                "readPoint": { "id": from }, "bizLocation": { "id": from },
                "quantityList": [{ "epcClass": lot, "quantity": 1 + n % 900, "uom": "KGM" }],
                "bizTransactionList": [{ "type": "desadv", "bizTransaction": format!("urn:example:doc:{n}") }],
                "sourceList": [{ "type": "location", "source": from }],
                "destinationList": [{ "type": "location", "destination": to }],
            })
        })
        .collect();
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-21T00:00:00Z",
        "epcisBody": { "eventList": events },
    })
    .to_string()
    .into_bytes()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<usize>());
    let events = args.next().transpose()?.unwrap_or(100_000);
    let size = args.next().transpose()?.unwrap_or(1000);
    let folder = tempfile::tempdir()?;
    let store = Store::sqlite(&folder.path().join("rate.sqlite")).await?;
    let now = Instant::parse("2026-11-21T00:00:00Z")?;
    store.migrate(now).await?;
    let supply = Supply::open(store.clone(), testing::access(), Arc::new(Empty)).await?;
    let who = testing::firm(Id(1));
    let cx = Context { now, ids: Arc::new(IdGen::new(0)), actor: who.actor(), lang: Lang::Zh };
    let documents: Vec<_> = (0..events.div_ceil(size)).map(|b| document(b, size)).collect();
    let start = std::time::Instant::now();
    let mut stored = 0;
    for bytes in documents {
        let outcome = supply.capture(&cx, &who, bytes, Format::Json, &CaptureOptions::default()).await?;
        stored += outcome.stored.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "captured {stored} events in {seconds:.2} s: {:.0} events/s, documents of {size}",
        stored as f64 / seconds
    );
    let start = std::time::Instant::now();
    let index = TraceIndex::open(&store).await?;
    println!("index of {} captures rebuilt in {:.2} s", index.position(), start.elapsed().as_secs_f64());
    Ok(())
}
