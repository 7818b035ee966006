//! One holder at a time.

use crate::NOW;
use store::testing::stores;
use store::{Error, lease};

#[tokio::test]
async fn a_lease_has_one_holder_until_it_ends_or_is_given_up() {
    for (name, store) in stores().await {
        let take = async |holder: &str, after| {
            lease::acquire(&store, "scheduler", holder, 10, NOW.plus_seconds(after)).await.unwrap()
        };
        let first = take("a", 0).await.unwrap();
        assert!(take("b", 5).await.is_none(), "{name}: still held");
        let mut again = take("a", 5).await.unwrap();
        assert_eq!((again.fence, again.until), (first.fence, NOW.plus_seconds(15)), "{name}: renewed");
        lease::renew(&store, &mut again, 10, NOW.plus_seconds(10)).await.unwrap();
        assert!(take("b", 19).await.is_none(), "{name}");
        let second = take("b", 20).await.unwrap();
        assert!(second.fence > first.fence, "{name}: the fence grows");
        let lost = lease::renew(&store, &mut again, 10, NOW.plus_seconds(21)).await;
        assert!(matches!(lost, Err(Error::Stale)), "{name}");
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(lease::guard(&mut tx, &again).await, Err(Error::Stale)), "{name}");
        lease::guard(&mut tx, &second).await.unwrap();
        tx.commit().await.unwrap();
        lease::release(&store, again).await.unwrap();
        assert!(take("a", 22).await.is_none(), "{name}: only the holder can give it up");
        lease::release(&store, second).await.unwrap();
        assert!(take("a", 22).await.is_some(), "{name}");
    }
}

#[tokio::test]
async fn of_many_that_ask_at_once_one_gets_it() {
    for (name, store) in stores().await {
        let asks = (0..6).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { lease::acquire(&store, "s", &format!("h{n}"), 10, NOW).await })
        });
        let mut won = 0;
        for ask in asks.collect::<Vec<_>>() {
            won += usize::from(ask.await.unwrap().unwrap().is_some());
        }
        assert_eq!(won, 1, "{name}");
    }
}

#[tokio::test]
async fn what_a_wrong_clock_took_waits_for_nobody() {
    for (name, store) in stores().await {
        let at = |holder: &'static str, after: i64| {
            let store = store.clone();
            async move { lease::acquire(&store, "sequencer", holder, 10, NOW.plus_seconds(after)).await.unwrap() }
        };
        // a process two days ahead, killed before it gave up
        at("ahead", 2 * 86_400).await.unwrap();
        let taken = at("right", 0).await;
        assert_eq!(taken.map(|l| l.fence), Some(2), "{name}");
        // clocks a little apart take nothing from each other
        assert!(at("behind", -60).await.is_none(), "{name}");
    }
}
