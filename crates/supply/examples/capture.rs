//! `capture`: events captured in process, durably, by request size; processor time is that of the whole process, the
//! making of the documents left out. `capture [EVENTS] [sqlite:FILE | postgres://…] [random] [SIZExCLIENTS]`; without an
//! address the SQLite file lies in the temporary folder, `random` spreads the event times over nine months instead of the
//! hour before, and `1500x1` takes requests of that size from so many clients alone. A file that stays is what `benches/peers/capture.py --rows FILE` copies into bare SQLite for comparison.

use access::testing;
use async_trait::async_trait;
use base::{Id, IdGen, Instant, Lang};
use ledger::Context;
use serde_json::json;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use store::{Config, Store};
use supply::{
    CaptureOptions, CaptureState, DirectoryError, Format, OperatorInfo, Partner, PlaceDirectory, PlaceInfo,
    Supply,
};

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A register in which nobody stands.
struct Nobody;

#[async_trait]
impl PlaceDirectory for Nobody {
    async fn owners(&self, _: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        Ok(HashMap::new())
    }
    async fn operator(&self, _: Id) -> Result<Option<OperatorInfo>, DirectoryError> {
        Ok(None)
    }
    async fn partners(&self, partners: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError> {
        Ok(vec![Vec::new(); partners.len()])
    }
}

/// Numbers that look random and come the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn with_check(body: &str) -> String {
    let sum: u32 =
        (body.bytes().rev().zip([3, 1].into_iter().cycle()).map(|(b, w)| u32::from(b - b'0') * w)).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// When event `n` happened: ten a second, told up to an hour later; or at random.
fn time(n: u64, dice: &mut Dice, is_random: bool) -> String {
    let ago = if is_random { dice.below(24_000_000_000) } else { dice.below(3_600_000) };
    let millis = 1_790_000_000_000 + n * 100 - ago;
    i64::try_from(millis * 1000).map(|micros| Instant(micros).timestamp().to_string()).unwrap_or_default()
}

/// A shipment of two to five lots or cases of plainly fictitious goods, the event of `benches/peers/capture.py`.
fn event(n: u64, dice: &mut Dice, is_random: bool) -> serde_json::Value {
    let gln = |n: u64| format!("https://id.gs1.org/414/{}", with_check(&format!("6980000{n:05}")));
    let gtin = |n: u64| format!("https://id.gs1.org/01/{}", with_check(&format!("0698{n:09}")));
    let (sender, taker) = (gln(dice.below(4000)), gln(dice.below(4000)));
    let lots: Vec<_> = (0..=dice.below(3))
        .map(|i| json!({ "epcClass": format!("{}/10/P{n}{i}", gtin(dice.below(900))), "quantity": 1 + dice.below(899), "uom": "KGM" }))
        .collect();
    let cases: Vec<_> = (0..=dice.below(2)).map(|i| format!("{}/21/{n}{i}", gtin(dice.below(900)))).collect();
    json!({
        "type": "ObjectEvent",
        "eventTime": time(n, dice, is_random),
        "eventTimeZoneOffset": "+08:00",
        "epcList": cases,
        "quantityList": lots,
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": { "id": sender },
        "bizLocation": { "id": sender },
        "bizTransactionList": [{ "type": "desadv", "bizTransaction": format!("urn:epcglobal:cbv:bt:{}:D{n}", &sender[23..]) }],
        "sourceList": [{ "type": "location", "source": sender }],
        "destinationList": [{ "type": "location", "destination": taker }],
    })
}

fn document(numbers: std::ops::Range<u64>, dice: &mut Dice, is_random: bool) -> Vec<u8> {
    let events: Vec<_> = numbers.map(|n| event(n, dice, is_random)).collect();
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-10-01T08:00:00.000+08:00",
        "epcisBody": { "eventList": events },
    })
    .to_string()
    .into_bytes()
}

/// Ticks of a hundredth of a second of processor this process has used.
fn ticks() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let total: u64 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let mut rest: Vec<String> = arguments.collect();
    let is_random = rest.iter().any(|text| text == "random");
    let one = |text: &String| {
        text.split_once('x').and_then(|(size, clients)| Some((size.parse().ok()?, clients.parse().ok()?)))
    };
    let chosen: Option<(u64, usize)> = rest.iter().find_map(one);
    rest.retain(|text| text != "random" && one(text).is_none());
    let url = rest.pop().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("a.db").display()));
    let store = Store::open(&Config { url }).await?;
    let now = Instant::parse("2026-11-21T09:00:00+08:00")?;
    store.migrate(now).await?;
    let supply = Supply::open(store, testing::access(), Arc::new(Nobody)).await?;
    let who = testing::desk("62");
    let ids = Arc::new(IdGen::new(1));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut next = 1_000_000;
    let mut out = std::io::stdout();
    writeln!(out, "| events a request | clients | events | events/s | events a processor-second |")?;
    let all = [(100, 1), (500, 1), (1500, 1), (1, 1), (1, 64)];
    let all: Vec<(u64, usize)> = chosen.map_or_else(|| all.to_vec(), |one| vec![one]);
    for (size, clients) in all {
        let count = if chosen.is_some() { total } else { total.min(size * 400) }.max(size) / size * size;
        let count = if clients > 1 && chosen.is_none() { total / 2 } else { count };
        let mut documents = Vec::new();
        for at in (next..next + count).step_by(usize::try_from(size)?) {
            documents.push(document(at..at + size, &mut dice, is_random));
        }
        next += count;
        let queue = Arc::new(std::sync::Mutex::new(documents));
        let (started, used) = (std::time::Instant::now(), ticks()?);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..clients {
            let (supply, who, ids, queue) = (supply.clone(), who.clone(), ids.clone(), queue.clone());
            tasks.spawn(async move {
                let cx = Context { now, ids, actor: who.actor(), lang: Lang::En };
                loop {
                    let Some(bytes) = queue.lock().map_err(|e| e.to_string())?.pop() else { return Ok(()) };
                    let options = CaptureOptions::default();
                    let done = supply.capture(&cx, &who, bytes, Format::Json, &options).await;
                    match done {
                        Ok(done) if done.state == CaptureState::Stored && done.duplicates.is_empty() => {}
                        other => return Err(format!("{other:?}")),
                    }
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        let rate = |ms: u64| count * 1000 / ms.max(1);
        let wall = rate(u64::try_from(started.elapsed().as_millis())?);
        let cpu = rate((ticks()? - used) * 10);
        writeln!(out, "| {size} | {clients} | {count} | {wall} | {cpu} |")?;
    }
    Ok(())
}
