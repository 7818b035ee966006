//! Ledgers as spreadsheets.

use crate::{World, firm, gtin, site, worlds};
use base::Id;
use paper::sheet::RowError;
use supply::{Error, LedgerKind, LedgerOptions, LedgerOutcome, ScopeOptions};

async fn upload(world: &World, operator: i64, kind: LedgerKind, csv: &str) -> Result<LedgerOutcome, Error> {
    let who = firm(operator);
    let options = LedgerOptions::default();
    world
        .supply
        .upload_ledger(
            &world.cx(&who),
            &who,
            kind,
            &paper::sheet::Workbook::read(csv.as_bytes(), "台账.csv").unwrap(),
            &options,
        )
        .await
}

#[tokio::test]
async fn two_firms_ledgers_meet_in_one_trace() {
    for world in worlds().await {
        let code = gtin(7);
        let sales = format!(
            "名称,规格,数量,单位,生产日期,批号,保质期,销售日期,购货者名称,地址,联系方式,商品条码\n\
             虚构面粉,25kg,100,公斤,2026-09-01,F1,12个月,2026-09-02,虚构经营者3,某路1号,13900000000,{code}\n"
        );
        let sold = upload(&world, 2, LedgerKind::Sales, &sales).await.unwrap();
        // the producer's release ledger also says that the lot was made
        assert_eq!((sold.rows, sold.capture.stored.len()), (1, 2), "{}", world.name);
        let purchase = format!(
            "product,spec,quantity,unit,lot,date received,supplier,gtin\n\
             虚构面粉,25kg,200,斤,F1,2026-09-03,虚构经营者2,{code}\n"
        );
        upload(&world, 3, LedgerKind::Purchase, &purchase).await.unwrap();
        let item = format!("https://id.gs1.org/01/{code}/10/F1");
        let report = world.supply.draw_scope(&item, None, None, ScopeOptions::default()).await.unwrap();
        let shop = report.rows.iter().find(|r| r.place == site(3)).unwrap();
        assert_eq!(supply::amount_text(&shop.received), "100 kg");
        assert_eq!(shop.suppliers, [site(2)]);
        assert_eq!(report.legend.lots[&item].name.as_deref(), Some("虚构面粉"));
        // contact details stay out of events and out of the leaf
        let leaks = world
            .count(
                "select (select count(*) from event where body like '%13900000000%') + \
                    (select count(*) from journal where canonical like '%13900000000%') as n",
            )
            .await;
        assert_eq!(leaks, 0);
        assert_eq!(world.count("select count(*) as n from journal_private").await, 1);
        // the same file again: nothing twice
        let again = upload(&world, 3, LedgerKind::Purchase, &purchase).await.unwrap();
        assert_eq!((again.capture.stored.len(), again.capture.duplicates.len()), (0, 1));
    }
}

#[tokio::test]
async fn every_wrong_cell_is_listed_and_nothing_is_imported() {
    for world in worlds().await {
        let csv = "名称,数量,单位,生产日期,批号,进货日期,供货者名称\n\
                   虚构面粉,100,公斤,2026-09-01,F1,2026-09-02,虚构经营者2\n\
                   ,-5,度量,2026-09-09,F2,2026-09-02,虚构经营者2\n\
                   虚构油,3,瓶,2026-13-01,,2027-01-01,\n";
        let Err(Error::Rows(errors)) = upload(&world, 3, LedgerKind::Purchase, csv).await else { panic!() };
        let cells: Vec<(usize, &str)> = errors.iter().map(|e| (e.line, e.column.as_str())).collect();
        for wanted in [
            (3, "名称"),
            (3, "数量"),
            (3, "单位"),
            (3, "生产日期"),
            (4, "生产日期"),
            (4, "进货日期"),
            (4, "供货者名称"),
        ] {
            assert!(cells.contains(&wanted), "{wanted:?} in {cells:?}");
        }
        assert!(errors.iter().all(|e: &RowError| !e.message.zh.is_empty() && !e.message.en.is_empty()));
        assert_eq!(world.count("select count(*) as n from event").await, 0);
        assert_eq!(world.count("select count(*) as n from journal").await, 0);
        let header = upload(&world, 3, LedgerKind::Purchase, "名称,数量\nx,1\n").await;
        assert!(matches!(header, Err(Error::Sheet(_))));
    }
}

#[tokio::test]
async fn an_unknown_partner_is_recorded_and_said_so() {
    for world in worlds().await {
        let csv = "名称,数量,单位,进货日期,供货者名称\n虚构百合,10,公斤,2026-09-02,外省虚构公司\n";
        let outcome = upload(&world, 3, LedgerKind::Purchase, csv).await.unwrap();
        let columns: Vec<&str> = outcome.notes.iter().map(|n| n.column.as_str()).collect();
        assert_eq!(columns, ["供货者名称", "批号"]);
        assert_eq!(outcome.capture.stored.len(), 1);
    }
}

#[tokio::test]
async fn a_sale_without_barcode_finds_the_lot_in_stock() {
    for world in worlds().await {
        let purchase =
            "名称,数量,单位,批号,进货日期,供货者名称\n虚构百合,10,公斤,L1,2026-09-02,虚构经营者1\n";
        upload(&world, 3, LedgerKind::Purchase, purchase).await.unwrap();
        let sales = "名称,数量,单位,批号,销售日期,购货者名称\n\
                     虚构百合,4,公斤,L1,2026-09-02,虚构经营者4\n\
                     虚构百合,1,公斤,L1,2026-09-03,散客\n\
                     虚构百合,1,公斤,L1,2026-09-03,散客\n";
        let outcome = upload(&world, 3, LedgerKind::Sales, sales).await.unwrap();
        assert_eq!((outcome.capture.stored.len(), outcome.notes.len()), (3, 0), "{:?}", outcome.notes);
        let who = firm(3);
        let page = world.supply.lots_of(&world.cx(&who), &who, Id(3), None, 0, 10).await.unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(supply::amount_text(&page.rows[0].on_hand), "4 kg");
    }
}
