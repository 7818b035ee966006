//! Tries are limited in a window, each address by itself, and the address stands nowhere.

use access::throttle::{Limit, count, count_try, give_back, reached};
use base::Instant;

#[tokio::test]
async fn the_fourth_try_waits_for_the_next_window_and_another_address_does_not() {
    let limit = Limit { what: "petition", most: 3, seconds: 3600 };
    let other = Limit { what: "guess", ..limit };
    let start = Instant::parse("2026-11-20T10:00:00+08:00").unwrap();
    for (name, store) in store::testing::stores().await {
        let access = access::testing::access();
        let tries = |limit: Limit, whom: &'static str, at: Instant| {
            let (store, access) = (store.clone(), access.clone());
            async move {
                let mut tx = store.begin().await.unwrap();
                let allowed = count_try(&mut tx, &access, &limit, whom, at).await.unwrap();
                tx.commit().await.unwrap();
                allowed
            }
        };
        for n in 1..=4 {
            let full = reached(&store, &access, &limit, "198.51.100.7", start).await.unwrap();
            assert_eq!(full, n > 3, "{name}: {n}");
            assert_eq!(tries(limit, "198.51.100.7", start).await, n <= 3, "{name}: {n}");
        }
        assert!(tries(limit, "198.51.100.8", start).await, "{name}: another address");
        assert!(tries(other, "198.51.100.7", start).await, "{name}: another thing");
        let keys = store.query("select key from attempt", &[]).await.unwrap();
        assert!(keys.iter().all(|r| !r.text("key").unwrap().contains("198")), "{name}");
        assert!(tries(limit, "198.51.100.7", start.plus_seconds(3601)).await, "{name}: the next window");
        let left = store.one("select count(*) as n from attempt", &[]).await.unwrap().int("n").unwrap();
        assert_eq!(left, 1, "{name}: what is over is forgotten");
    }
}

#[tokio::test]
async fn a_right_try_is_given_back_and_uses_nothing_up() {
    let limit = Limit { what: "guess", most: 2, seconds: 3600 };
    let now = Instant::parse("2026-11-20T10:00:00+08:00").unwrap();
    for (name, store) in store::testing::stores().await {
        let access = access::testing::access();
        for n in 0..5 {
            let mut tx = store.begin().await.unwrap();
            assert!(count_try(&mut tx, &access, &limit, "one", now).await.unwrap(), "{name}: {n}");
            give_back(&mut tx, &access, &limit, "one").await.unwrap();
            give_back(&mut tx, &access, &limit, "never tried").await.unwrap();
            tx.commit().await.unwrap();
        }
        assert!(!reached(&store, &access, &limit, "one", now).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn what_is_measured_counts_by_its_amount() {
    let limit = Limit { what: "upload", most: 10, seconds: 3600 };
    let now = Instant::parse("2026-11-20T10:00:00+08:00").unwrap();
    for (name, store) in store::testing::stores().await {
        let access = access::testing::access();
        let mut tx = store.begin().await.unwrap();
        for (amount, within) in [(7, true), (3, true), (1, false)] {
            assert_eq!(
                count(&mut tx, &access, &limit, "one", amount, now).await.unwrap(),
                within,
                "{name}: {amount}"
            );
        }
        assert!(count(&mut tx, &access, &limit, "another", 10, now).await.unwrap(), "{name}");
        tx.commit().await.unwrap();
    }
}
