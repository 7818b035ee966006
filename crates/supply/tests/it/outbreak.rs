//! From events to the science of an outbreak: the network scores its source, shares follow quantities, books balance.

use crate::trace::incident;
use crate::{firm, lot, site, worlds};
use access::testing;
use base::{Date, Decimal, Id, Instant};
use chain::Bounds;
use chain::balance::FindingKind;
use chain::score::score;
use supply::{Error, OutbreakCase, Period};

fn case(name: &str, item: &str, place: i64) -> OutbreakCase {
    OutbreakCase { name: name.into(), item: item.into(), place: Some(site(place)), at: None, weight: 1.0 }
}

#[tokio::test]
async fn the_farm_behind_a_shop_and_a_caterer_explains_both_cases() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("62");
        let cx = world.cx(&officer);
        let cases = [case("shop", &lot(1, "A"), 4), case("caterer", &lot(2, "P"), 6)];
        let found = world.supply.outbreak_network(&cx, &officer, &cases, Bounds::default()).await.unwrap();
        let scores = score(&found.network);
        let of = |id: &str| scores.stations.iter().find(|s| s.id == id).map(|s| s.score.score).unwrap();
        assert!(of(&site(1)) > 0.999, "{} {scores:?}", world.name);
        assert!((of(&site(2)) - 0.5).abs() < 1e-9 && (of(&site(3)) - 0.5).abs() < 1e-9);
        assert!(!found.truncated && found.evidence.values().all(|e| !e.is_empty()));
        assert!(
            chain::outbreak::check(&found.network).is_empty(),
            "{:?}",
            chain::outbreak::check(&found.network)
        );
        let own = firm(4);
        let denied = world.supply.outbreak_network(&world.cx(&own), &own, &cases, Bounds::default()).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}

#[tokio::test]
async fn what_is_cooked_of_one_lot_alone_is_all_of_it() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("62");
        let cx = world.cx(&officer);
        let (raw, product) = (lot(1, "A"), lot(2, "P"));
        let problem =
            world.supply.mixing_of(&cx, &officer, &raw, None, None, Bounds::default()).await.unwrap();
        let mixed = chain::mixing::mix(&problem.mixing).unwrap();
        let shares: Vec<f64> = mixed
            .lots
            .iter()
            .filter(|l| problem.lots.get(&l.id).is_some_and(|(item, _)| *item == product))
            .map(|l| l.share.lo)
            .collect();
        assert!(!shares.is_empty() && shares.iter().all(|s| *s > 0.999), "{shares:?}");
    }
}

#[tokio::test]
async fn books_that_ship_more_than_came_in_are_found() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("62");
        let cx = world.cx(&officer);
        let day = |m: i8| Instant::china(Date::constant(2026, m, 1), 0, 0);
        let period = Period { from: day(9), until: day(10) };
        for operator in [1, 3] {
            let books = world
                .supply
                .balance_of(&cx, &officer, Id(operator), period, &[], Decimal::ZERO)
                .await
                .unwrap();
            assert!(chain::balance::check(&books).unwrap().feasible, "{operator} {books:?}");
        }
        world.capture(3, vec![crate::shipped("2026-09-09", 3, 5, &lot(1, "A"), 50)]).await;
        let books = world.supply.balance_of(&cx, &officer, Id(3), period, &[], Decimal::ZERO).await.unwrap();
        let report = chain::balance::check(&books).unwrap();
        assert_eq!(report.findings[0].kind, FindingKind::Oversold);
        assert_eq!(report.findings[0].excess.normalize().to_string(), "45");
    }
}
