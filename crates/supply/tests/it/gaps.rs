//! What ledgers lack, kept in rows: whatever was captured, in whatever order, the rows are those made anew from all events.

use crate::{World, firm, lot, made, received, shipped, site, sold, worlds};
use access::testing;
use base::Instant;
use ledger::{FileSigner, Sequencer};
use serde_json::{Value, json};
use std::sync::Arc;
use supply::{GapOrder, GapQuery, Lack, LedgerKind, LedgerOptions};

impl World {
    /// Gives entries their positions and follows them.
    pub(crate) async fn follow(&self) -> u64 {
        let signer = Arc::new(FileSigner::from_seed("test.shian", &[9; 32]));
        let now = Instant::parse(crate::NOW).unwrap();
        Sequencer::new(signer, "test").run_once(&self.store, now).await.unwrap();
        self.supply.follow_records(now).await.unwrap()
    }

    async fn rows(&self) -> Vec<String> {
        let mut all = Vec::new();
        for sql in [
            "select * from record_event order by event",
            "select * from record_link order by place, day",
            "select * from record_firm order by operator",
        ] {
            all.extend(self.store.query(sql, &[]).await.unwrap().iter().map(|r| format!("{r:?}")));
        }
        all
    }
}

fn query(order: GapOrder, lack: Option<Lack>) -> GapQuery {
    GapQuery {
        region: "6201".to_owned(),
        from: "2026-08-01".parse().unwrap(),
        to: "2026-11-21".parse().unwrap(),
        name: String::new(),
        lack,
        order,
        reversed: false,
        skip: 0,
        take: 50,
    }
}

/// Numbers without a pattern; the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn place(&mut self) -> i64 {
        1 + i64::try_from(self.below(6)).unwrap()
    }
}

/// A pallet packed at a place, or unpacked.
fn packing(dice: &mut Dice, day: &str, place: i64, item: &str, kg: i64) -> Value {
    json!({
        "type": "AggregationEvent", "action": if dice.below(3) > 0 { "ADD" } else { "DELETE" },
        "bizStep": "packing", "parentID": "https://id.gs1.org/00/069000000000000014",
        "eventTime": crate::at(day), "eventTimeZoneOffset": "+08:00",
        "readPoint": { "id": site(place) }, "bizLocation": { "id": site(place) },
        "childQuantityList": [{ "epcClass": item, "quantity": kg, "uom": "KGM" }],
    })
}

fn pallet(mut event: Value) -> Value {
    event.as_object_mut().unwrap().remove("quantityList");
    event["epcList"] = json!(["https://id.gs1.org/00/069000000000000014"]);
    event
}

#[tokio::test]
async fn the_rows_are_those_of_a_recomputation_after_any_history() {
    for (seed, world) in (1..).zip(worlds().await) {
        let mut dice = Dice(seed);
        let mut told: Vec<(i64, Value)> = Vec::new();
        for round in 0..18 {
            // days go back and forth: much comes late
            let day = format!("2026-09-{:02}", 1 + dice.below(28));
            let (from, to, kg) = (dice.place(), dice.place(), 1 + i64::try_from(dice.below(90)).unwrap());
            let item = lot(1, ["A", "B", "C"][usize::try_from(dice.below(3)).unwrap()]);
            match dice.below(8) {
                0 if !told.is_empty() => {
                    let n = usize::try_from(dice.below(told.len() as u64)).unwrap();
                    let (whose, mut event) = told.swap_remove(n);
                    event["errorDeclaration"] =
                        json!({ "declarationTime": "2026-11-03T00:00:00Z", "reason": "incorrect_data" });
                    world.capture(whose, vec![event]).await;
                }
                1 => {
                    let csv = format!(
                        "名称,规格,数量,单位,批号,保质期,进货日期,供货者名称,供货者许可证号,检验合格证号\n虚构面粉,25kg,{kg},公斤,A,12个月,{day},虚构经营者2,,\n"
                    );
                    let (who, options) = (firm(4), LedgerOptions::default());
                    world
                        .supply
                        .upload_ledger(
                            &world.cx(&who),
                            &who,
                            LedgerKind::Purchase,
                            &paper::sheet::Workbook::read(csv.as_bytes(), "台账.csv").unwrap(),
                            &options,
                        )
                        .await
                        .unwrap();
                }
                n => {
                    let (whose, mut event) = match n {
                        2 => (from, made(&day, from, &item, kg)),
                        3 => (from, packing(&mut dice, &day, from, &item, kg)),
                        4 => (from, pallet(shipped(&day, from, to, &item, kg))),
                        5 => (from, sold(&day, from, &item, kg)),
                        6 => (to, received(&day, from, to, &item, kg)),
                        _ => (from, shipped(&day, from, to, &item, kg)),
                    };
                    event["eventID"] = json!(format!("urn:uuid:374d95fc-9457-4a51-bd6a-{round:012}"));
                    let outcome = world.capture(whose, vec![event.clone()]).await;
                    assert!(outcome.problems.is_empty(), "{n} {event}: {:?}", outcome.problems);
                    told.push((whose, event));
                }
            }
            if dice.below(3) == 0 {
                world.follow().await;
            }
        }
        world.follow().await;
        let kept = world.rows().await;
        world.supply.forget_records().await.unwrap();
        assert!(world.rows().await.is_empty());
        assert!(world.follow().await > 0);
        assert_eq!(kept, world.rows().await, "{} seed {seed}", world.name);
        assert!(kept.len() > 8, "{kept:?}");
        assert_eq!(world.follow().await, 0);

        // pages are parts of the whole, sorted and counted by the database
        let (officer, now) = (testing::officer("6201"), Instant::parse(crate::NOW).unwrap());
        let all = world.supply.record_gaps(&officer, now, &query(GapOrder::Gaps, None)).await.unwrap();
        assert!(all.count >= 2 && all.as_of.is_some(), "{all:?}");
        assert_eq!(all.count, i64::try_from(all.firms.len()).unwrap());
        assert!(all.incomplete == all.firms.iter().map(|f| f.incomplete).sum::<i64>());
        let gaps =
            |f: &supply::FirmGaps| f.incomplete + f.received_unshipped + f.shipped_unreceived + f.other;
        assert!(all.firms.is_sorted_by_key(|f| std::cmp::Reverse(gaps(f))));
        let second = GapQuery { skip: 1, take: 1, ..query(GapOrder::Gaps, None) };
        let second = world.supply.record_gaps(&officer, now, &second).await.unwrap();
        assert_eq!((&second.firms[..], second.count), (&all.firms[1..2], all.count));
        let links =
            world.supply.record_gaps(&officer, now, &query(GapOrder::Name, Some(Lack::Link))).await.unwrap();
        assert!(links.firms.iter().all(|f| f.received_unshipped + f.shipped_unreceived > 0));
        let named = GapQuery { name: all.firms[0].name.clone(), ..query(GapOrder::Rows, None) };
        assert_eq!(world.supply.record_gaps(&officer, now, &named).await.unwrap().count, 1);
        // another prefecture's officer sees none of them, and a firm only itself
        let elsewhere = testing::officer("6202");
        assert_eq!(
            world.supply.record_gaps(&elsewhere, now, &query(GapOrder::Gaps, None)).await.unwrap().count,
            0
        );
        let own = world.supply.record_gaps(&firm(4), now, &query(GapOrder::Gaps, None)).await.unwrap();
        assert!(own.firms.iter().all(|f| f.operator == base::Id(4)), "{own:?}");
    }
}
