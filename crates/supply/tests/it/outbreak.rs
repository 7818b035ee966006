//! From events to the science of an outbreak: the network scores its source, shares follow quantities, books balance.

use crate::trace::incident;
use crate::{firm, lot, site, worlds};
use access::testing;
use base::{Date, Decimal, Id, Instant};
use chain::Bounds;
use chain::balance::FindingKind;
use chain::score::score;
use std::sync::Arc;
use supply::{CaseFiles, Error, KeptCases, OutbreakCase, Period};

/// One matter of a county, open to whoever the policies let act on it.
struct OneMatter;

#[async_trait::async_trait]
impl CaseFiles for OneMatter {
    async fn permit(
        &self,
        who: &access::Principal,
        action: &'static str,
        about: &str,
        now: Instant,
    ) -> Result<(ledger::Permit, String), Error> {
        if about != "matter:1" {
            return Err(Error::NotFound(about.to_owned()));
        }
        let matter = access::Resource::new("matter", "620102").of_agency("market");
        Ok((testing::access().check(who, action, &matter, now)?, "620102".to_owned()))
    }
}

#[tokio::test]
async fn cases_are_kept_with_their_matter_set_by_set_and_sealed() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("62");
        let cx = world.cx(&officer);
        let supply = world.supply.clone().with_case_files(Arc::new(OneMatter));
        let line = |item: &str, place: i64, name: &str| format!("{item} | {} | | 1 | {name}", site(place));
        let two = format!("{}\n{}", line(&lot(1, "A"), 4, "张三"), line(&lot(2, "P"), 6, "李四"));
        let first = vec![("case".to_owned(), line(&lot(1, "A"), 4, "张三"))];
        let both = vec![("case".to_owned(), two)];
        for given in [&first, &both] {
            let kept = supply.save_cases(&cx, &officer, "matter:1", given).await.unwrap();
            assert!(matches!(kept, KeptCases::Saved(_)), "{} {kept:?}", world.name);
        }
        let sets = supply.case_sets(&officer, cx.now, "matter:1").await.unwrap();
        assert_eq!(sets.iter().map(|s| s.lines.len()).collect::<Vec<_>>(), [2, 1], "newest first");
        assert_eq!((&*sets[0].suspects[0].place, sets[0].suspects[0].cases), (&*site(1), 2));
        assert!(sets[0].suspects[0].score > 0.999 && sets[0].summary.en.contains("2 of 2"));
        // who a case is called after stands neither in the row nor in the public part of the journal
        let row = world.store.one("select lines from case_set order by id limit 1", &[]).await.unwrap();
        assert!(!String::from_utf8_lossy(&row.bytes("lines").unwrap()).contains("张三"));
        assert_eq!(world.count("select count(*) as n from journal where kind = 'cases.saved'").await, 2);
        let unclear = vec![("case".to_owned(), "没有这种东西".to_owned())];
        let asked = supply.save_cases(&cx, &officer, "matter:1", &unclear).await.unwrap();
        assert!(matches!(asked, KeptCases::Choose(_)), "{asked:?}");
        let other = testing::officer("6208");
        let denied = supply.save_cases(&world.cx(&other), &other, "matter:1", &both).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
        assert!(matches!(supply.case_sets(&other, cx.now, "matter:1").await, Err(Error::Denied(_))));
        let unknown = world.supply.save_cases(&cx, &officer, "matter:1", &both).await;
        assert!(matches!(unknown, Err(Error::NotFound(_))), "nobody keeps matters here");
    }
}

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
