//! 文号: the numbers papers bear once they are issued.

use crate::features::{file, filled, worlds};
use crate::support::{World, desk, officer};
use flow::Error;
use serde_json::{Value as Json, json};

/// Files a banquet in a county and drafts its paper; gives the paper.
async fn drafted(w: &World, county: &str) -> base::Id {
    let one = officer(1, county);
    let form = json!({"place": county});
    let mut all = filled();
    if let (Json::Object(all), Json::Object(own)) = (&mut all, form) {
        all.extend(own);
    }
    let matter = file(w, &one, all, None).await.unwrap().matter;
    w.step(&one, matter, "guide", Json::Null).await.unwrap();
    w.view(&one, matter).await.documents[0].id
}

/// Issues a paper; `keep`: commits it.
async fn issued(w: &World, county: &str, paper: base::Id, keep: bool) -> String {
    let two = desk(2, county);
    let mut tx = w.store.begin().await.unwrap();
    let cx = w.cx(&two);
    let out = flow::publish_document(&mut tx, &cx, &w.engine, &w.access, &two, paper, 1).await.unwrap();
    if keep {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await.unwrap();
    }
    out.number.unwrap()
}

#[tokio::test]
async fn each_organ_counts_its_papers_without_gaps_from_the_moment_they_are_issued() {
    for (name, w) in worlds().await {
        let year = w.now.china_date().year();
        for (county, keep, number) in [
            ("620102", true, "兰州城关市监备告〔Y〕1号"),
            ("620103", true, "兰州七里河市监备告〔Y〕1号"),
            ("620102", false, "兰州城关市监备告〔Y〕2号"),
            ("620102", true, "兰州城关市监备告〔Y〕2号"),
            ("620102", true, "兰州城关市监备告〔Y〕3号"),
        ] {
            let paper = drafted(&w, county).await;
            let got = issued(&w, county, paper, keep).await;
            assert_eq!(got, number.replace('Y', &year.to_string()), "{name}");
            let read =
                flow::view::document(&w.store, &w.access, &desk(2, county), w.now, paper).await.unwrap();
            assert_eq!(read.number, keep.then_some(got), "{name}");
        }
        let admin = access::testing::admin("6201");
        for (region, agency, sign, taken) in [
            ("620102", "market", "城市监", true),
            ("620103", "market", "城市监", false),
            ("620103", "market", "兰州城关市监", false),
            ("620103", "market", "", false),
            ("620103", "market", "七〔市监", false),
            ("620103", "navy", "七市监", false),
            ("999999", "market", "七市监", false),
            ("620102", "market", "城关市监", true),
        ] {
            let mut tx = w.store.begin().await.unwrap();
            let cx = w.cx(&admin);
            let done = flow::set_organ_sign(&mut tx, &cx, &w.access, &admin, region, agency, sign).await;
            assert_eq!(done.is_ok(), taken, "{name}: {region} {agency} {sign}");
            tx.commit().await.unwrap();
        }
        let mut tx = w.store.begin().await.unwrap();
        let one = officer(1, "620102");
        let denied =
            flow::set_organ_sign(&mut tx, &w.cx(&one), &w.access, &one, "620102", "market", "甲").await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{name}");
        tx.rollback().await.unwrap();
        let paper = drafted(&w, "620102").await;
        let got = issued(&w, "620102", paper, true).await;
        assert_eq!(got, format!("城关市监备告〔{year}〕1号"), "{name}: a new sign counts anew");
        let signs = flow::organ_signs(&w.store, "62").await.unwrap();
        assert_eq!(signs.len(), 1, "{name}");
    }
}
