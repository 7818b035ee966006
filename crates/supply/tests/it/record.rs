//! Ledgers as views of the events, and certificates.

use crate::{World, firm, gtin, received, site, worlds};
use access::testing;
use base::quantity::Unit;
use base::{Date, Decimal, Id};
use supply::{
    CertificateCheck, CertificateFault, CertificateFilter, CitedCertificate, Error, GapOrder, GapQuery,
    LedgerKind, LedgerOptions, NewCertificate, NewLot, Part, RecordQuery, Records,
};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

async fn upload(world: &World, operator: i64, kind: LedgerKind, csv: &str) -> supply::LedgerOutcome {
    let who = firm(operator);
    let options = LedgerOptions::default();
    let bytes = csv.as_bytes().to_vec();
    world
        .supply
        .upload_ledger(
            &world.cx(&who),
            &who,
            kind,
            &paper::sheet::Workbook::read(&bytes, "台账.csv").unwrap(),
            &options,
        )
        .await
        .unwrap()
}

async fn records(world: &World, operator: i64, kind: LedgerKind) -> Records {
    let who = firm(operator);
    let query = RecordQuery { operator: Id(operator), kind, from: day("2026-09-01"), to: day("2026-11-21") };
    world.supply.records(&world.cx(&who), &who, &query).await.unwrap()
}

fn certificate(quantity: i64, cited: &[(&str, Option<&str>, Option<i64>)]) -> NewCertificate {
    NewCertificate {
        operator: None,
        place: None,
        item: None,
        product: "虚构百合".to_owned(),
        lot: Some("L1".to_owned()),
        gtin: None,
        quantity: Decimal::from(quantity),
        unit: Unit::Kilogram,
        origin: "兰州市七里河区西果园镇".to_owned(),
        issued: Some(day("2026-11-10")),
        basis: vec!["control".to_owned(), "own_test".to_owned()],
        contact: "张三 13800000000".to_owned(),
        cited: cited
            .iter()
            .map(|(number, item, quantity)| CitedCertificate {
                number: (*number).to_owned(),
                item: item.map(str::to_owned),
                quantity: quantity.map(Decimal::from),
            })
            .collect(),
    }
}

#[tokio::test]
async fn a_ledger_is_a_view_of_the_events_and_says_what_each_row_lacks() {
    for world in worlds().await {
        let csv = "名称,规格,数量,单位,生产日期,批号,保质期,进货日期,供货者名称,地址,联系方式,供货者许可证号,检验合格证号,单据号\n\
            虚构面粉,25kg,100,公斤,2026-09-01,F1,12个月,2026-09-03,虚构经营者2,某路1号,13900000000,SC10162010200001,HG-1,S-7\n\
            虚构糖,,5,箱,,,,2026-09-04,外省虚构公司,,,,,\n";
        upload(&world, 4, LedgerKind::Purchase, csv).await;
        // an event from the firm's own software is a row as well
        let lot = format!("https://id.gs1.org/01/{}/10/X", gtin(3));
        world.capture(4, vec![received("2026-09-05", 2, 4, &lot, 12)]).await;
        let found = records(&world, 4, LedgerKind::Purchase).await;
        let rows: Vec<(String, Vec<&str>, String)> = found
            .rows
            .iter()
            .map(|r| (r.amount(), r.missing.iter().map(String::as_str).collect(), r.keep_until.to_string()))
            .collect();
        let all = ["name", "spec", "shelf_life", "address", "contact", "licence", "certificate"];
        assert_eq!(
            rows,
            [
                ("12 kg".to_owned(), all.to_vec(), "2028-09-05".to_owned()),
                ("5 case".to_owned(), [&["spec", "lot"], &all[2..]].concat(), "2028-09-04".to_owned()),
                ("100 kg".to_owned(), vec![], "2028-03-01".to_owned()),
            ],
            "{}",
            world.name
        );
        let full = &found.rows[2];
        assert_eq!(full.partner_name, "虚构经营者2");
        assert_eq!(
            (full.document.as_deref(), &full.check),
            (Some("S-7"), &Some(CertificateCheck::Elsewhere))
        );
        assert!(!found.cut && full.is_complete());
        // nobody else's ledger, and no ledger of goods that left
        assert!(records(&world, 4, LedgerKind::Sales).await.rows.is_empty());
        let who = firm(3);
        let query = RecordQuery {
            operator: Id(4),
            kind: LedgerKind::Purchase,
            from: day("2026-09-01"),
            to: day("2026-09-30"),
        };
        let other = world.supply.records(&world.cx(&who), &who, &query).await;
        assert!(matches!(other, Err(Error::Denied(_))));
        // the officer sees the firm among those with gaps
        let officer = testing::officer("6201");
        world.follow().await;
        let asked = GapQuery {
            region: "6201".to_owned(),
            from: day("2026-09-01"),
            to: day("2026-09-30"),
            name: String::new(),
            lack: None,
            order: GapOrder::Gaps,
            reversed: false,
            skip: 0,
            take: 50,
        };
        let gaps = world.supply.record_gaps(&officer, world.cx(&officer).now, &asked).await.unwrap();
        let gap = gaps.firms.iter().find(|f| f.operator == Id(4)).unwrap();
        assert_eq!((gap.rows, gap.incomplete, gap.missing["licence"]), (3, 2, 2));
        assert_eq!(gap.received_unshipped, 3, "{gap:?}");
    }
}

#[tokio::test]
async fn an_importers_row_is_the_import_and_the_sale() {
    for world in worlds().await {
        let csv = "名称,规格,数量,单位,批号,保质期,交货日期,境外出口商名称,地址,联系方式,购货者名称,购货者地址,购货者联系方式\n\
            虚构奶粉,900g,40,箱,NZ7,24个月,2026-10-02,Fictional Dairy Ltd,Auckland,+64 0000,虚构经营者4,某路,139\n\
            虚构奶酪,1kg,10,箱,NZ8,,2026-10-03,Fictional Dairy Ltd,,,,,\n";
        let done = upload(&world, 3, LedgerKind::Import, csv).await;
        assert_eq!((done.rows, done.capture.stored.len()), (2, 3));
        let rows = records(&world, 3, LedgerKind::Import).await.rows;
        let sides: Vec<(bool, &str)> = rows.iter().map(|r| (r.comes, r.partner_name.as_str())).collect();
        assert_eq!(rows.len(), 3);
        assert!(sides.contains(&(true, "Fictional Dairy Ltd")) && sides.contains(&(false, "虚构经营者4")));
        assert!(records(&world, 3, LedgerKind::Purchase).await.rows.is_empty());
    }
}

#[tokio::test]
async fn a_certificate_is_issued_cited_after_mixing_and_voided() {
    for world in worlds().await {
        let (grower, trader) = (firm(1), firm(3));
        let cx = world.cx(&grower);
        let mut wrong = certificate(0, &[]);
        wrong.basis.clear();
        wrong.contact = " ".to_owned();
        let Err(Error::Rows(errors)) = world.supply.issue_certificate(&cx, &grower, &wrong).await else {
            panic!()
        };
        let fields: Vec<&str> = errors.iter().map(|e| e.column.as_str()).collect();
        assert_eq!(fields, ["contact", "quantity", "basis"]);
        assert_eq!(world.count("select count(*) as n from event").await, 0);

        let (first, notes) =
            world.supply.issue_certificate(&cx, &grower, &certificate(100, &[])).await.unwrap();
        assert_eq!((notes.len(), first.issuer.as_str(), first.reissued), (0, "虚构经营者1", false));
        let mut again = certificate(60, &[]);
        again.lot = Some("L2".to_owned());
        let (second, _) = world.supply.issue_certificate(&cx, &grower, &again).await.unwrap();
        assert_ne!(first.number, second.number);

        // bought with the certificates: checked against what was issued
        let csv = format!(
            "名称,数量,单位,批号,进货日期,供货者名称,地址,联系方式,承诺达标合格证号\n\
             虚构百合,100,公斤,L1,2026-11-11,虚构经营者1,某村,139,{}\n\
             虚构苹果,10,公斤,L3,2026-11-11,虚构经营者1,某村,139,{}\n",
            first.number, second.number
        );
        let bought = upload(&world, 3, LedgerKind::Produce, &csv).await;
        assert_eq!(bought.notes.iter().filter(|n| n.column == "检验合格证号").count(), 1);
        let rows = records(&world, 3, LedgerKind::Produce).await.rows;
        let checks: Vec<bool> =
            rows.iter().map(|r| matches!(r.check, Some(CertificateCheck::Fits))).collect();
        assert_eq!(checks.iter().filter(|c| **c).count(), 1);
        assert!(rows.iter().all(|r| r.missing.is_empty()), "{:?}", rows[0].missing);

        // mixed: the trader's own certificate cites both and a third on paper
        let cx = world.cx(&trader);
        let mut mixed = certificate(
            150,
            &[
                (&first.number, None, Some(100)),
                (&second.number, None, Some(70)),
                ("甘农 0001", Some("urn:shian:lot:paper"), None),
            ],
        );
        mixed.lot = Some("MIX".to_owned());
        let (reissued, notes) = world.supply.issue_certificate(&cx, &trader, &mixed).await.unwrap();
        assert!(reissued.reissued);
        // one on paper, two lots never recorded here (the second and the paper's), one cited beyond its quantity
        assert_eq!(notes.len(), 4, "{notes:?}");
        let citizen = access::Principal::anonymous();
        let (chain, faults) =
            world.supply.public_certificate(&citizen, cx.now, &reissued.number).await.unwrap().unwrap();
        let shape: Vec<(u32, bool)> = chain.iter().map(|n| (n.depth, n.certificate.is_some())).collect();
        assert_eq!(shape, [(0, true), (1, true), (1, true), (1, false)]);
        assert!(matches!(faults.as_slice(), [CertificateFault::Overused(_)]), "{faults:?}");
        // the trace goes through the mixing
        let back = world.supply.draw_scope(&first.item, None, None, Default::default()).await.unwrap();
        assert!(back.rows.iter().any(|r| r.place == site(3)));
        let of_lot = world.supply.certificates_of_lot(&reissued.item).await.unwrap();
        assert_eq!(of_lot.len(), 1);

        // only who issued it may declare it void, with a reason, once
        let no = world.supply.void_certificate(&cx, &trader, &first.number, "误开").await;
        assert!(matches!(no, Err(Error::NotFound(_) | Error::Denied(_))));
        let cx = world.cx(&grower);
        assert!(matches!(
            world.supply.void_certificate(&cx, &grower, &first.number, "").await,
            Err(Error::Rows(_))
        ));
        let void = world.supply.void_certificate(&cx, &grower, &first.number, "数量误填").await.unwrap();
        assert!(!void.is_valid());
        assert!(world.supply.void_certificate(&cx, &grower, &first.number, "再次").await.is_err());
        let (_, faults) =
            world.supply.public_certificate(&citizen, cx.now, &reissued.number).await.unwrap().unwrap();
        assert!(faults.contains(&CertificateFault::SourceVoid(first.number.clone())));
        let cite = certificate(10, &[(&first.number, None, None)]);
        assert!(matches!(world.supply.issue_certificate(&cx, &grower, &cite).await, Err(Error::Rows(_))));

        // the contact is sealed: for the issuer and authorities only, in no event and no leaf
        let contact = world.supply.certificate_contact(&grower, cx.now, &second.number).await.unwrap();
        assert_eq!(contact.as_deref(), Some("张三 13800000000"));
        assert!(world.supply.certificate_contact(&trader, cx.now, &second.number).await.is_err());
        let leaks = world
            .count(
                "select (select count(*) from event where body like '%13800000000%') + \
                    (select count(*) from journal where canonical like '%13800000000%') as n",
            )
            .await;
        assert_eq!(leaks, 0);
        let filter = CertificateFilter { take: 10, state: Some("valid".to_owned()), ..Default::default() };
        let officer = testing::officer("6201");
        let (all, total) = world.supply.certificates(&officer, cx.now, &filter).await.unwrap();
        assert_eq!((all.len(), total), (2, 2));
    }
}

#[tokio::test]
async fn a_batch_made_by_form_joins_the_trace() {
    for world in worlds().await {
        let who = firm(2);
        let cx = world.cx(&who);
        let row = [
            ("名称", "虚构小麦"),
            ("数量", "100"),
            ("单位", "公斤"),
            ("批号", "W1"),
            ("进货日期", "2026-09-02"),
            ("供货者名称", "虚构经营者1"),
        ];
        let options = LedgerOptions::default();
        let bought = world.supply.record_row(&cx, &who, LedgerKind::Materials, &row, &options).await.unwrap();
        assert_eq!(bought.capture.stored.len(), 1);
        let wheat = records(&world, 2, LedgerKind::Materials).await.rows[0].lot.item.clone();
        let flour = NewLot {
            product: "虚构面粉".to_owned(),
            spec: Some("25kg".to_owned()),
            number: "F9".to_owned(),
            gtin: Some(gtin(7)),
            produced: Some(day("2026-09-03")),
            expires: Some(day("2027-09-02")),
            quantity: Decimal::from(75),
            unit: "KGM",
        };
        let part = Part { item: wheat.clone(), quantity: Some(Decimal::from(100)), unit: "KGM" };
        let made = |lot: NewLot, parts: Vec<Part>| {
            let (world, cx, who, options) = (&world, &cx, &who, &options);
            async move { world.supply.record_batch(cx, who, day("2026-09-03"), &parts, &lot, options).await }
        };
        let (item, _) = made(flour.clone(), vec![part.clone()]).await.unwrap();
        assert_eq!(item, format!("https://id.gs1.org/01/{}/10/F9", gtin(7)));
        let report = world.supply.draw_scope(&wheat, None, None, Default::default()).await.unwrap();
        assert!(report.legend.lots.contains_key(&item) || report.rows.iter().any(|r| r.place == site(2)));
        let Err(Error::Rows(errors)) =
            made(NewLot { quantity: Decimal::ZERO, number: String::new(), ..flour }, vec![part]).await
        else {
            panic!()
        };
        assert_eq!(errors.len(), 2);
    }
}

#[tokio::test]
async fn batch_files_go_in_and_come_out_the_same() {
    for world in worlds().await {
        let who = firm(2);
        let cx = world.cx(&who);
        let options = LedgerOptions::default();
        let import = |csv: &str| {
            let (world, cx, who, options, bytes) = (&world, &cx, &who, &options, csv.as_bytes().to_vec());
            async move {
                world
                    .supply
                    .import_batches(
                        cx,
                        who,
                        &paper::sheet::Workbook::read(&bytes, "批次.csv").unwrap(),
                        options,
                    )
                    .await
            }
        };
        let came = "入库批次号,入库日期,产品名称,数量,单位,来源主体名称,来源批次号,合格证编号\n\
                    R1,2026-09-02,虚构胡麻,100,公斤,虚构经营者1,H1,HG-7\n\
                    R2,2026-09-02,虚构胡麻,50,公斤,虚构经营者1,H2,\n";
        let done = import(came).await.unwrap();
        assert_eq!((done.came, done.left, done.capture.stored.len()), (2, 0, 2));
        let left = "出库批次号,出库日期,产品名称,规格,数量,单位,入库批次号,去向主体名称\n\
                    C1,2026-09-05,虚构胡麻油,5L,20,公斤,R1=100;R2=50,虚构经营者3\n\
                    C1,2026-09-05,虚构胡麻油,5L,10,公斤,R1=100;R2=50,虚构经营者4\n\
                    R2,2026-09-06,虚构胡麻,,1,公斤,R2,虚构经营者4\n";
        // one making for the batch, three deliveries
        assert_eq!(import(left).await.unwrap().capture.stored.len(), 4);
        assert_eq!(import(left).await.unwrap().capture.duplicates.len(), 4);
        let missing = "出库批次号,出库日期,产品名称,数量,单位,入库批次号\nC9,2026-09-05,油,1,公斤,R9\n";
        assert!(matches!(import(missing).await, Err(Error::Rows(e)) if e.len() == 1 && e[0].value == "R9"));

        let (ins, outs) = world
            .supply
            .export_batches(&cx, &who, Id(2), day("2026-09-01"), day("2026-09-30"))
            .await
            .unwrap();
        let ins: Vec<(&str, &str, &str)> =
            ins.iter().map(|b| (b.batch.as_str(), b.source.as_str(), b.source_batch.as_str())).collect();
        assert_eq!(ins, [("R1", "虚构经营者1", "H1"), ("R2", "虚构经营者1", "H2")]);
        let outs: Vec<(&str, &str, &str)> =
            outs.iter().map(|b| (b.batch.as_str(), b.inputs.as_str(), b.target.as_str())).collect();
        assert_eq!(
            outs,
            [
                ("C1", "R1=100;R2=50", "虚构经营者3"),
                ("C1", "R1=100;R2=50", "虚构经营者4"),
                ("R2", "R2", "虚构经营者4")
            ]
        );
    }
}

#[tokio::test]
async fn a_certificate_covers_no_more_of_a_lot_than_there_was() {
    for world in worlds().await {
        let grower = firm(1);
        let cx = world.cx(&grower);
        let lot = NewLot {
            product: "虚构白菜".to_owned(),
            spec: None,
            number: "B1".to_owned(),
            gtin: Some(gtin(7)),
            produced: Some(day("2026-11-10")),
            expires: None,
            quantity: Decimal::from(85),
            unit: "KGM",
        };
        let options = LedgerOptions::default();
        let made = world.supply.record_batch(&cx, &grower, day("2026-11-10"), &[], &lot, &options).await;
        let (item, _) = made.unwrap();
        // the product of a lot on record is not asked again
        let of_lot = |quantity| NewCertificate {
            item: Some(item.clone()),
            product: String::new(),
            lot: None,
            ..certificate(quantity, &[])
        };
        let issue = async |new: NewCertificate| world.supply.issue_certificate(&cx, &grower, &new).await;
        let Err(Error::Rows(faults)) = issue(of_lot(50_000)).await else { panic!("{}", world.name) };
        assert_eq!(faults[0].column, "quantity");
        assert!(faults[0].message.zh.contains("85"), "{faults:?}");
        let (first, _) = issue(of_lot(60)).await.unwrap();
        assert_eq!(first.product, "虚构白菜");
        let Err(Error::Rows(faults)) = issue(of_lot(30)).await else { panic!("{}", world.name) };
        assert!(faults[0].message.en.contains("25 kg left"), "{faults:?}");
        // written out instead of chosen, with its barcode or without, it is the same lot
        for gtin in [Some(gtin(7)), None] {
            let typed = NewCertificate {
                product: "虚构白菜".to_owned(),
                lot: Some("B1".to_owned()),
                gtin,
                ..certificate(30, &[])
            };
            let Err(Error::Rows(faults)) = issue(typed).await else { panic!("{}: {gtin:?}", world.name) };
            assert!(faults[0].message.en.contains("25 kg left"), "{faults:?}");
        }
        // without a number of its own each is a lot of its own
        let unnumbered = || NewCertificate { lot: None, ..certificate(30, &[]) };
        let lots = [issue(unnumbered()).await.unwrap().0.item, issue(unnumbered()).await.unwrap().0.item];
        assert_ne!(lots[0], lots[1], "{}", world.name);
        // what was declared void covers nothing any more
        world.supply.void_certificate(&cx, &grower, &first.number, "数量误填").await.unwrap();
        issue(of_lot(85)).await.unwrap();
        let nobody = NewCertificate { contact: "abc".to_owned(), ..certificate(10, &[]) };
        let Err(Error::Rows(faults)) = issue(nobody).await else { panic!("{}", world.name) };
        assert_eq!(faults[0].column, "contact");
    }
}

#[tokio::test]
async fn a_row_is_mended_by_another_in_its_place_or_withdrawn_and_stays_on_record() {
    for world in worlds().await {
        let who = firm(2);
        let cx = world.cx(&who);
        let row = |quantity: &'static str, licence: &'static str| {
            [
                ("名称", "虚构面粉"),
                ("数量", quantity),
                ("单位", "公斤"),
                ("批号", "W1"),
                ("进货日期", "2026-09-02"),
                ("供货者名称", "虚构经营者1"),
                ("供货者许可证号", licence),
            ]
        };
        let kind = LedgerKind::Materials;
        let put = async |cells: &[(&str, &str)], replaces: Option<Id>| {
            let options = LedgerOptions { replaces, ..LedgerOptions::default() };
            world.supply.record_row(&cx, &who, kind, cells, &options).await
        };
        put(&row("100", ""), None).await.unwrap();
        let old = records(&world, 2, kind).await.rows.remove(0);
        let Err(Error::Rows(_)) = put(&row("100", ""), Some(old.event)).await else {
            panic!("nothing changed")
        };
        put(&row("90", "SC1"), Some(old.event)).await.unwrap();
        let rows = records(&world, 2, kind).await.rows;
        assert_eq!(rows.len(), 1, "{}", world.name);
        assert_eq!((rows[0].quantity, rows[0].licence.as_deref()), (Some(Decimal::from(90)), Some("SC1")));
        assert_eq!(world.count("select count(*) as n from event where withdrawn = 1").await, 1);
        let again = put(&row("80", "SC1"), Some(old.event)).await;
        assert!(matches!(again, Err(Error::Rows(_))), "a row is mended once");
        let foreign = world.supply.withdraw_row(&world.cx(&firm(3)), &firm(3), rows[0].event, "误记").await;
        assert!(matches!(foreign, Err(Error::NotFound(_))), "only who recorded it");
        let unsaid = world.supply.withdraw_row(&cx, &who, rows[0].event, " ").await;
        assert!(matches!(unsaid, Err(Error::Rows(_))));
        world.supply.withdraw_row(&cx, &who, rows[0].event, "重复记录").await.unwrap();
        assert!(records(&world, 2, kind).await.rows.is_empty());
        assert_eq!(world.count("select count(*) as n from event where withdrawn = 1").await, 2);
    }
}

#[tokio::test]
async fn a_quantity_beyond_a_delivery_is_recorded_with_its_reason_only() {
    for world in worlds().await {
        let who = firm(2);
        let cx = world.cx(&who);
        let mut row = vec![
            ("名称", "虚构小麦"),
            ("数量", "5000000000000"),
            ("单位", "公斤"),
            ("批号", "W2"),
            ("进货日期", "2026-09-02"),
            ("供货者名称", "虚构经营者1"),
        ];
        let options = LedgerOptions::default();
        let kind = LedgerKind::Materials;
        let Err(Error::Rows(faults)) = world.supply.record_row(&cx, &who, kind, &row, &options).await else {
            panic!("{}", world.name)
        };
        assert_eq!(faults[0].column, "数量");
        assert!(faults[0].message.zh.contains("数量属实说明"), "the remedy is named: {faults:?}");
        row[1].1 = "20000000";
        row.push(("数量属实说明", "一船到港"));
        world.supply.record_row(&cx, &who, kind, &row, &options).await.unwrap();
    }
}
