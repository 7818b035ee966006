//! `pages`: how long a page of 1,000 events takes in process, by what is asked and by whom, over a store that is there:
//! `pages sqlite:FILE|postgres://… [firm:ID]… [region:CODE]… -- QUERY…`, where a query is written as in an address
//! (`EQ_bizStep=shipping&orderBy=eventTime`). Each is asked four times; the shortest and the second longest are told, with
//! the number of events and `+` when more follow.

use access::{Principal, testing};
use async_trait::async_trait;
use base::{Id, Instant};
use epcis::query::Query;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use store::{Config, Store};
use supply::{DirectoryError, OperatorInfo, Page, Partner, PlaceDirectory, PlaceInfo, Supply};

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

/// A query as an address has it; no value here needs escapes.
fn query(text: &str) -> Result<Query, Failure> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let context = epcis::query::extensions("ex=https://example.org/ns/").map_err(|p| format!("{p:?}"))?;
    Query::from_pairs(pairs, &context).map_err(|problems| format!("{text}: {problems:?}").into())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("name a store")?;
    let mut readers: Vec<(String, Principal)> = Vec::new();
    for text in arguments.by_ref().take_while(|text| text != "--") {
        match text.split_once(':') {
            Some(("firm", id)) => readers.push((text.clone(), testing::firm(Id(id.parse()?)))),
            Some(("region", code)) => readers.push((text.clone(), testing::officer(code))),
            _ => return Err(format!("{text}: firm:ID or region:CODE").into()),
        }
    }
    let store = Store::open(&Config { url }).await?;
    let now = Instant::parse("2026-11-23T09:00:00+08:00")?;
    let opened = std::time::Instant::now();
    store.migrate(now).await?;
    let supply = Supply::open(store, testing::access(), Arc::new(Nobody)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "opened in {} ms", opened.elapsed().as_millis())?;
    for text in arguments {
        let query = query(&text)?;
        for (name, who) in &readers {
            let (mut times, mut told) = (Vec::new(), String::new());
            for _ in 0..4 {
                let started = std::time::Instant::now();
                let page = Page { per_page: 1000, token: None };
                told = match supply.query_events(who, now, &query, &page).await {
                    Ok(page) => {
                        let bytes: usize = page.events.iter().map(|e| e.node().to_json().len()).sum();
                        let more = if page.next.is_some() { "+" } else { "" };
                        format!("{}{more} | {bytes}", page.events.len())
                    }
                    Err(error) => error.to_string(),
                };
                times.push(started.elapsed().as_secs_f64() * 1000.0);
            }
            times.sort_by(f64::total_cmp);
            writeln!(out, "| {text} | {name} | {:.1} | {:.1} | {told} |", times[0], times[2])?;
        }
    }
    Ok(())
}
