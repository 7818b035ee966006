//! Reading and writing.

use store::testing::stores;

#[tokio::test]
async fn a_fresh_store_answers_and_has_its_tables() {
    for (name, store) in stores().await {
        store.ping().await.unwrap();
        let n = store.one("select count(*) as n from journal", &[]).await.unwrap().int("n").unwrap();
        assert_eq!(n, 0, "{name}");
    }
}
