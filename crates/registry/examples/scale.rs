//! Measures import, search and lists at the size of a province:
//! `cargo run --release -p registry --example scale -- 300000` (PostgreSQL too when `SHIAN_TEST_PG` names a database).
#![allow(clippy::print_stdout, clippy::unwrap_used)] // an example talks to the terminal

use access::testing;
use base::{Date, IdGen, Instant, Lang, RegionCode, Uscc};
use ledger::Context;
use registry::import::{self, Batch};
use registry::{Code, NewOperator, OperatorKind, Query, Sort};
use std::sync::Arc;
use std::time::Instant as Clock;

const SYLLABLES: [&str; 16] =
    ["陇", "兰", "甘", "河", "山", "牧", "星", "云", "泉", "丰", "禾", "瑞", "祥", "福", "源", "盛"];
const TRADES: [&str; 8] =
    ["食品有限公司", "便民超市", "牛肉面馆", "农产品合作社", "冷链物流", "小作坊", "调味品厂", "学校食堂"];

fn operator(n: u32) -> NewOperator {
    let pick = |k: u32| SYLLABLES[(n / k % 16) as usize];
    let county = ["620102", "620103", "620302", "620502", "620702", "621102"][(n % 6) as usize];
    let region: RegionCode = county.parse().unwrap();
    NewOperator {
        code: Code::Uscc(Uscc::issue(&region, n)),
        name: format!("{}{}{}{}{}", pick(1), pick(16), pick(256), pick(4096), TRADES[(n / 7 % 8) as usize]),
        name_en: String::new(),
        kinds: vec![OperatorKind::ALL[(n % 15) as usize]],
        region: county.to_owned(),
    }
}

#[tokio::main]
async fn main() {
    let n: u32 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(20_000);
    let (access, who) = (testing::access(), testing::officer("62"));
    let now = Instant::china(Date::constant(2026, 9, 1), 9, 0);
    let cx = Context { now, ids: Arc::new(IdGen::new(1)), actor: who.actor(), lang: Lang::Zh };
    for (name, store) in store::testing::stores().await {
        let rows: Vec<NewOperator> = (0..n).map(operator).collect();
        let start = Clock::now();
        let mut tx = store.begin().await.unwrap();
        import::import_operators(&mut tx, &cx, &access, &who, Batch::of(rows)).await.unwrap();
        tx.commit().await.unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {n} operators imported in {seconds:.1} s, {:.0} a second", f64::from(n) / seconds);
        for (what, query) in [
            ("first page", Query::default()),
            ("first page by name", Query { sort: Sort::Name, ..Query::default() }),
            ("rare fragment", Query { text: "牧星云泉".into(), ..Query::default() }),
            ("common fragment", Query { text: "超市".into(), ..Query::default() }),
            ("initials", Query { text: "mxyqbmcs".into(), ..Query::default() }),
            ("nothing", Query { text: "没有这家".into(), ..Query::default() }),
            (
                "county and fragment",
                Query { text: "牧星".into(), region: "620302".into(), ..Query::default() },
            ),
            ("kind", Query { kind: Some(OperatorKind::Canteen), ..Query::default() }),
        ] {
            let mut best = f64::MAX;
            let mut total = 0;
            for _ in 0..5 {
                let start = Clock::now();
                total = registry::list_operators(&store, &access, &who, now, &query).await.unwrap().total;
                best = best.min(start.elapsed().as_secs_f64() * 1e3);
            }
            println!("{name}: {what}: {total} rows, {best:.1} ms");
        }
        let start = Clock::now();
        registry::operators_in(&store, "62").await.unwrap();
        println!("{name}: counts by county {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}
