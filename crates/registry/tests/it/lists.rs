//! Lists, search and the timeline.

use crate::office::{Office, new_operator, now};
use access::{Principal, testing};
use base::Id;
use registry::import::{self, Batch};
use registry::{Code, OperatorKind, Query, Sort, Status};

/// Thirty shops over three counties and one producer in Jinchang.
async fn filled() -> Vec<(Office, Vec<Id>)> {
    let mut out = Vec::new();
    for office in Office::all().await {
        let who = testing::officer("62");
        let mut rows = Vec::new();
        for n in 0..30 {
            let region = ["620102", "620103", "6202"][n as usize % 3];
            rows.push(new_operator(
                n,
                &format!("兰州{}号便民超市", ["甲", "乙", "丙"][n as usize % 3]),
                region,
            ));
        }
        let mut last = new_operator(30, "金昌牧星食品有限公司", "620302");
        last.kinds = vec![OperatorKind::Producer, OperatorKind::Retailer];
        last.name_en = "Jinchang Muxing Foods".to_owned();
        rows.push(last);
        let mut stall = new_operator(31, "老张牛肉面_100%", "620102");
        stall.code = Code::read("11010519491231002X").unwrap();
        rows.push(stall);
        let mut tx = office.store.begin().await.unwrap();
        let done =
            import::import_operators(&mut tx, &office.cx(&who), &office.access, &who, Batch::of(rows)).await;
        tx.commit().await.unwrap();
        out.push((office, done.unwrap().records));
    }
    out
}

async fn names(office: &Office, who: &Principal, query: &Query) -> (Vec<String>, i64) {
    let page = registry::list_operators(&office.store, &office.access, who, now(), query).await.unwrap();
    (page.rows.into_iter().map(|o| o.name).collect(), page.total)
}

#[tokio::test]
async fn names_are_found_by_fragment_initials_english_and_code() {
    for (office, _) in filled().await {
        let who = testing::officer("62");
        for (text, total) in [
            ("牧星", 1),
            ("jcmxsp", 1),
            ("MXSP", 1),
            ("muxing foods", 1),
            ("乙号", 10),
            ("便民 乙号", 10),
            ("lz bmcs", 30),
            ("面_1", 1),
            ("0%", 1),
            ("面%1", 0),
            ("ｌｚｊｈ", 10),
            ("没有这家", 0),
            ("1101051949", 0),
        ] {
            let query = Query { text: text.to_owned(), ..Query::default() };
            assert_eq!(names(&office, &who, &query).await.1, total, "{text} on {}", office.name);
        }
        let code = crate::office::uscc(30).as_str().to_owned();
        let query = Query { text: code[6..].to_lowercase(), ..Query::default() };
        assert_eq!(names(&office, &who, &query).await.0, ["金昌牧星食品有限公司"]);
    }
}

#[tokio::test]
async fn a_list_shows_the_own_region_and_filters_narrow_it() {
    for (office, ids) in filled().await {
        let total = async |who: &Principal, query: Query| names(&office, who, &query).await.1;
        assert_eq!(total(&testing::officer("62"), Query::default()).await, 32);
        assert_eq!(total(&testing::officer("6201"), Query::default()).await, 21);
        assert_eq!(
            total(&testing::officer("6201"), Query { region: "6203".into(), ..Query::default() }).await,
            0
        );
        assert_eq!(
            total(&testing::officer("62"), Query { region: "6203".into(), ..Query::default() }).await,
            1
        );
        assert_eq!(total(&Principal::anonymous(), Query::default()).await, 0);
        assert_eq!(total(&testing::firm(ids[0]), Query::default()).await, 1);
        let producers = Query { kind: Some(OperatorKind::Producer), ..Query::default() };
        assert_eq!(total(&testing::officer("62"), producers).await, 1);
        let closed = Query { status: Some(Status::Closed), ..Query::default() };
        assert_eq!(total(&testing::officer("62"), closed).await, 0);
        let counts = registry::operators_in(&office.store, "62").await.unwrap();
        assert_eq!(
            counts,
            [("620102", 11), ("620103", 10), ("6202", 10), ("620302", 1)].map(|(c, n)| (c.to_owned(), n))
        );
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    for (office, _) in filled().await {
        let who = testing::officer("62");
        for sort in [Sort::Newest, Sort::Name] {
            let mut query = Query { sort, limit: 7, ..Query::default() };
            let (mut seen, mut order) = (Vec::new(), Vec::new());
            loop {
                let page = registry::list_operators(&office.store, &office.access, &who, now(), &query)
                    .await
                    .unwrap();
                assert_eq!(page.total, 32);
                seen.extend(page.rows.iter().map(|o| o.id));
                order.extend(page.rows.iter().map(|o| registry::search::initials(&o.name)));
                query.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            let mut distinct = seen.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!((seen.len(), distinct.len()), (32, 32), "{sort:?} on {}", office.name);
            if sort == Sort::Name {
                assert!(order.is_sorted(), "{order:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_public_finds_shops_but_no_identity_numbers() {
    for (office, _) in filled().await {
        let nobody = Principal::anonymous();
        let find = async |text: &str| {
            registry::public_search(&office.store, &office.access, &nobody, now(), "62", text).await
        };
        let found = find("牛肉面").await.unwrap();
        assert_eq!((found.len(), found[0].uscc.clone()), (1, None));
        assert!(find("牧星").await.unwrap()[0].uscc.is_some());
        assert!(find("牧").await.unwrap_err().user_text().unwrap().zh.contains("两个字"));
        assert_eq!(find("便民").await.unwrap().len(), 20);
    }
}

#[tokio::test]
async fn the_timeline_gathers_an_operator_and_what_belongs_to_it() {
    for (office, ids) in filled().await {
        let who = testing::officer("62");
        let (cx, access) = (office.cx(&who), &office.access);
        let new = registry::NewLicence {
            operator: ids[30].into(),
            site: None,
            number: "甘登字 00123".to_owned(),
            class: "食品生产".to_owned(),
            issued: Some(base::Date::constant(2020, 1, 1)),
            expires: Some(base::Date::constant(2024, 12, 31)),
        };
        let mut tx = office.store.begin().await.unwrap();
        registry::create_licence(&mut tx, &cx, access, &who, new).await.unwrap();
        let matter = ledger::Entry {
            kind: "matter.opened",
            region: "620302".to_owned(),
            subject: "matter:X".to_owned(),
            body: serde_json::json!({}),
            private: None,
        };
        ledger::append(&mut tx, &cx, &ledger::Permit::system("test"), matter).await.unwrap();
        tx.commit().await.unwrap();
        let more = ["matter:X".to_owned()];
        let all =
            registry::operator_timeline(&office.store, access, &who, now(), ids[30], &more).await.unwrap();
        let kinds: Vec<&str> = all.iter().map(|m| m.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["matter.opened", "licence.created", "operator.imported", "licence.expired", "licence.issued"],
            "{}",
            office.name
        );
        assert!(all[0].entry.is_some() && all[3].entry.is_none());
        let outside = testing::officer("620102");
        assert!(
            registry::operator_timeline(&office.store, access, &outside, now(), ids[30], &[]).await.is_err()
        );
    }
}
