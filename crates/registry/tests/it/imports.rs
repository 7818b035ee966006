//! Imports: every wrong row is named, nothing is half imported, one journal entry stands for all rows.

use crate::office::{Office, new_operator, uscc};
use access::testing;
use registry::import::{self, Batch};
use registry::{Error, NewSite, OperatorKind, Owner};

fn csv(rows: &[String]) -> Vec<u8> {
    let mut text = String::from("统一社会信用代码,名称,经营类别,行政区划\n");
    text.push_str(&rows.join("\n"));
    text.into_bytes()
}

fn row(n: u32, name: &str, kinds: &str, region: &str) -> String {
    format!("{},{name},{kinds},{region}", uscc(n))
}

#[tokio::test]
async fn a_file_is_entered_whole_with_one_journal_entry() {
    for office in Office::all().await {
        let who = testing::officer("62");
        let bytes = csv(&[
            row(1, "兰州牧星食品", "食品生产、零售", "620102"),
            row(2, "嘉峪关雄关面馆", "caterer", "620200"),
            row(3, "天水麦积粮油", "批发", "620503"),
        ]);
        let batch = import::read_operators("名单.csv", &bytes).unwrap();
        let mut tx = office.store.begin().await.unwrap();
        let done =
            import::import_operators(&mut tx, &office.cx(&who), &office.access, &who, batch).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(done.records.len(), 3);
        let o = registry::operator(&office.store, done.records[1]).await.unwrap().unwrap();
        assert_eq!(
            (o.region.as_str(), o.kinds.list()),
            ("6202", vec![OperatorKind::Caterer]),
            "{}",
            office.name
        );
        let rows = office.store.query("select kind, region, canonical from journal", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].text("region").unwrap(), "62");
        let entry = rows[0].text("canonical").unwrap();
        for part in [&done.file, &done.root, "officer-imports", "\"rows\":3"] {
            assert!(entry.contains(part), "{part} in {entry}");
        }
    }
}

#[tokio::test]
async fn every_wrong_cell_is_named_and_nothing_is_entered() {
    let mut bad = uscc(4).as_str().to_owned();
    bad.replace_range(0..1, "Z");
    let bytes = csv(&[
        row(1, "好店", "零售", "620102"),
        format!("{bad},坏码,零售,620102"),
        row(3, "坏类", "杂货铺", "620102"),
        row(5, "坏区", "零售", "629999"),
        row(6, "", "零售", "620102"),
    ]);
    let Err(Error::Rows(rows)) = import::read_operators("名单.csv", &bytes) else { panic!("wrong rows") };
    let places: Vec<(usize, &str)> = rows.iter().map(|r| (r.line, r.column.as_str())).collect();
    assert_eq!(places, [(3, "统一社会信用代码"), (4, "经营类别"), (5, "行政区划"), (6, "名称")]);
    assert!(rows.iter().all(|r| r.message.zh.chars().any(|c| c >= '\u{4e00}') && !r.message.en.is_empty()));
    assert!(matches!(import::read_operators("x.csv", b"a,b\n1,2\n"), Err(Error::Header(_))));
    assert!(import::read_operators("x.csv", &csv(&[])).is_err());
}

#[tokio::test]
async fn rows_known_twice_or_out_of_reach_stop_the_import() {
    for office in Office::all().await {
        office.enter(1, "已登记", "620102").await;
        let who = testing::officer("6201");
        let batch = || {
            Batch::of(vec![
                new_operator(1, "重复登记", "620102"),
                new_operator(2, "新店", "620102"),
                new_operator(2, "文件内重复", "620102"),
                new_operator(3, "外地", "620302"),
                new_operator(4, " ", "620102"),
            ])
        };
        let mut tx = office.store.begin().await.unwrap();
        let e = import::import_operators(&mut tx, &office.cx(&who), &office.access, &who, batch())
            .await
            .unwrap_err();
        drop(tx);
        let Error::Rows(rows) = e else { panic!("{e}") };
        let lines: Vec<usize> = rows.iter().map(|r| r.line).collect();
        assert_eq!(lines, [1, 3, 4, 5], "{}", office.name);
        assert!(rows[2].message.zh.contains("金川区"), "{}", rows[2].message);
        assert_eq!(office.count("select count(*) as n from operator").await, 1);
        assert_eq!(office.count("select count(*) as n from journal").await, 1);
    }
}

#[tokio::test]
async fn sites_licences_and_products_find_their_operator_by_code() {
    for office in Office::all().await {
        let id = office.enter(1, "兰州牧星食品", "620102").await;
        let who = testing::officer("6201");
        let (cx, access) = (office.cx(&who), &office.access);
        let gln = base::gs1::Gln::with_check("690123400001").unwrap();
        let sites = format!(
            "uscc,gln,name,address,region,lat,lon\n{},{gln},一厂,某路,620102,36.06,103.83\n",
            uscc(1)
        );
        let licence = base::LicenceNo::issue(
            base::licence::LicenceKind::Production,
            106,
            &"620102".parse().unwrap(),
            7,
        );
        let last = licence.to_string().pop().unwrap();
        let forged = format!("{}{}", &licence.to_string()[..15], if last == '0' { '1' } else { '0' });
        let licences = format!(
            "uscc,number,issued,expires\n{0},{licence},2024-01-01,2028年12月31日\n{0},{forged},,\n",
            uscc(1)
        );
        let products = format!("uscc,gtin,name,category\n{},6901234567892,酸奶,发酵乳\n", uscc(1));
        let mut tx = office.store.begin().await.unwrap();
        let batch = import::read_sites("a.csv", sites.as_bytes()).unwrap();
        assert_eq!(
            import::import_sites(&mut tx, &cx, access, &who, batch.clone()).await.unwrap().records.len(),
            1
        );
        let again = import::import_sites(&mut tx, &cx, access, &who, batch).await;
        assert!(matches!(again, Err(Error::Rows(r)) if r[0].column == "全球位置码"));
        let batch = import::read_licences("b.csv", licences.as_bytes()).unwrap();
        assert_eq!(import::import_licences(&mut tx, &cx, access, &who, batch).await.unwrap().flagged, 1);
        let batch = import::read_products("c.csv", products.as_bytes()).unwrap();
        import::import_products(&mut tx, &cx, access, &who, batch).await.unwrap();
        let stray = NewSite {
            operator: Owner::Uscc(uscc(9)),
            gln: None,
            name: "无主".to_owned(),
            address: String::new(),
            region: "620102".to_owned(),
            position: None,
            form: String::new(),
        };
        let e = import::import_sites(&mut tx, &cx, access, &who, Batch::of(vec![stray])).await;
        assert!(matches!(e, Err(Error::Rows(r)) if r[0].message.zh.contains("尚未登记")));
        tx.commit().await.unwrap();
        assert_eq!(registry::sites_of(&office.store, id).await.unwrap()[0].position, Some((36.06, 103.83)));
        assert_eq!(registry::licences_of(&office.store, id).await.unwrap().len(), 2);
        assert_eq!(
            registry::products_of(&office.store, id).await.unwrap()[0].gtin.as_deref(),
            Some("06901234567892")
        );
    }
}

#[tokio::test]
async fn a_firm_imports_its_own_sites_only() {
    for office in Office::all().await {
        let id = office.enter(1, "自家", "620102").await;
        let other = office.enter(2, "别家", "620102").await;
        let who = testing::firm(id);
        let site = |operator: base::Id| NewSite {
            operator: Owner::Id(operator),
            gln: None,
            name: "分店".to_owned(),
            address: String::new(),
            region: "620102".to_owned(),
            position: None,
            form: String::new(),
        };
        let mut tx = office.store.begin().await.unwrap();
        let (cx, access) = (office.cx(&who), &office.access);
        let done = import::import_sites(&mut tx, &cx, access, &who, Batch::of(vec![site(id), site(id)]))
            .await
            .unwrap();
        assert_eq!(done.records.len(), 2);
        let e =
            import::import_sites(&mut tx, &cx, access, &who, Batch::of(vec![site(id), site(other)])).await;
        assert!(matches!(e, Err(Error::Rows(r)) if r.len() == 1 && r[0].line == 2));
    }
}
