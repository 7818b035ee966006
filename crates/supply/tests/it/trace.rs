//! Lots, scope, gaps; the followed index equals the rebuilt one.

use crate::{World, firm, lot, made, received, shipped, site, sold, worlds};
use access::testing;
use chain::Role;
use serde_json::json;
use supply::{Error, ScopeOptions, Supply, TraceIndex};

/// A farm's lot goes to a producer and a wholesaler; the wholesaler splits it between two shops; the producer makes
/// another product of it for a caterer.
pub(crate) async fn incident(world: &World) {
    let (raw, product) = (lot(1, "A"), lot(2, "P"));
    world
        .capture(
            1,
            vec![
                made("2026-09-01", 1, &raw, 100),
                shipped("2026-09-02", 1, 2, &raw, 40),
                shipped("2026-09-02", 1, 3, &raw, 60),
            ],
        )
        .await;
    let cooked = json!({
        "type": "TransformationEvent", "eventTime": crate::at("2026-09-04"), "eventTimeZoneOffset": "+08:00",
        "bizStep": "commissioning",
        "readPoint": { "id": site(2) }, "bizLocation": { "id": site(2) },
        "inputQuantityList": [{ "epcClass": raw, "quantity": 40, "uom": "KGM" }],
        "outputQuantityList": [{ "epcClass": product, "quantity": 30, "uom": "KGM" }],
    });
    world
        .capture(
            2,
            vec![received("2026-09-03", 1, 2, &raw, 40), cooked, shipped("2026-09-05", 2, 6, &product, 30)],
        )
        .await;
    world
        .capture(
            3,
            vec![
                received("2026-09-03", 1, 3, &raw, 60),
                shipped("2026-09-06", 3, 4, &raw, 25),
                shipped("2026-09-06", 3, 5, &raw, 30),
            ],
        )
        .await;
    world.capture(4, vec![received("2026-09-07", 3, 4, &raw, 25), sold("2026-09-08", 4, &raw, 5)]).await;
    world.capture(5, vec![received("2026-09-07", 3, 5, &raw, 30)]).await;
    world.capture(6, vec![received("2026-09-06", 2, 6, &product, 30)]).await;
}

#[tokio::test]
async fn the_scope_of_a_failed_sample_reaches_every_place_with_its_quantity() {
    for world in worlds().await {
        incident(&world).await;
        let officer = testing::officer("6201");
        let cx = world.cx(&officer);
        let report = world
            .supply
            .scope(&cx, &officer, &lot(1, "A"), Some(&site(4)), None, ScopeOptions::default())
            .await
            .unwrap();
        let row = |n: i64| report.rows.iter().find(|r| r.place == site(n)).unwrap();
        assert_eq!(report.places(), 6, "{}", world.name);
        assert_eq!(row(1).role, Role::Origin);
        assert_eq!(supply::amount_text(&row(4).on_hand), "20 kg");
        assert_eq!(supply::amount_text(&row(5).on_hand), "30 kg");
        assert_eq!(supply::amount_text(&row(3).on_hand), "5 kg");
        assert!(!row(6).culprit && row(6).may_hold);
        assert_eq!(supply::amount_text(&report.totals.produced), "100 kg");
        assert_eq!(report.legend.places[&site(4)].name, "虚构场所4");
        assert_eq!(report.legend.lots[&lot(1, "A")].name.as_deref(), Some("虚构百合"));
        let regions: Vec<_> = report.regions.iter().map(|r| (r.region.as_str(), r.holders)).collect();
        assert!(regions.contains(&("620105", 1)) && regions.contains(&("620107", 1)), "{regions:?}");
        assert!(report.upstream.nodes.iter().any(|n| n.place == site(1) && n.origin));

        // a kept scope is the same bytes again, and says so when it was changed
        let (item, place) = (lot(1, "A"), site(4));
        let again =
            world.supply.draw_scope(&item, Some(&place), None, ScopeOptions::default()).await.unwrap();
        assert_eq!(again.stable().unwrap(), report.stable().unwrap());
        let mut tx = world.store.begin().await.unwrap();
        let permit = ledger::Permit::system("test");
        let frozen = world.supply.freeze(&mut tx, &cx, &permit, "6201", &report).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.supply.frozen(frozen.id).await.unwrap(), report);
        let mut tx = world.store.begin().await.unwrap();
        tx.exec("update frozen_scope set body = replace(body, '100', '900')", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(world.supply.frozen(frozen.id).await.is_err());

        let unknown = world.supply.draw_scope(&lot(9, "Z"), None, None, ScopeOptions::default()).await;
        assert!(matches!(unknown, Err(Error::NotFound(_))));
        // a firm is not shown the chain of others
        let own = firm(4);
        let denied = world
            .supply
            .scope(&world.cx(&own), &own, &lot(1, "A"), Some(&site(4)), None, ScopeOptions::default())
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}

#[tokio::test]
async fn a_firm_sees_its_lots_and_partners_and_an_authority_all_of_it() {
    for world in worlds().await {
        incident(&world).await;
        let shop = firm(4);
        let view = world.supply.lots(&world.cx(&shop), &shop, &lot(1, "A")).await.unwrap();
        assert_eq!(view.holdings.iter().map(|h| h.place.clone()).collect::<Vec<_>>(), [site(4)]);
        assert_eq!(view.suppliers.iter().map(|s| s.place.clone()).collect::<Vec<_>>(), [site(3)]);
        assert!(view.origins.is_empty());
        let officer = testing::officer("62");
        let all = world.supply.lots(&world.cx(&officer), &officer, &lot(1, "A")).await.unwrap();
        assert_eq!(all.origins, [site(1)]);
        assert_eq!(all.holdings.len(), 5);
        let stranger = firm(6);
        let none = world.supply.lots(&world.cx(&stranger), &stranger, &lot(1, "A")).await;
        assert!(matches!(none, Err(Error::NotFound(_))));

        let page = world.supply.lots_of(&world.cx(&shop), &shop, base::Id(4), None, 0, 10).await.unwrap();
        assert_eq!((page.total, page.rows[0].lot.lot.as_deref()), (1, Some("A")));
        let denied = world.supply.lots_of(&world.cx(&shop), &shop, base::Id(3), None, 0, 10).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}

#[tokio::test]
async fn a_receipt_without_shipment_is_a_gap() {
    for world in worlds().await {
        world.capture(4, vec![received("2026-09-07", 3, 4, &lot(1, "A"), 25)]).await;
        let shop = firm(4);
        let gaps = world.supply.gaps(&world.cx(&shop), &shop, base::Id(4)).await.unwrap();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!((gaps[0].kind, gaps[0].other.clone()), (chain::GapKind::ReceivedUnshipped, Some(site(3))));
    }
}

#[tokio::test]
async fn restart_and_a_second_process_give_the_same_answers() {
    for world in worlds().await {
        let second = TraceIndex::open(&world.store).await.unwrap();
        incident(&world).await;
        let mut wrong = sold("2026-09-09", 5, &lot(1, "A"), 30);
        wrong["eventID"] = "urn:uuid:00000000-0000-4000-8000-000000000001".into();
        world.capture(5, vec![wrong.clone()]).await;
        wrong["errorDeclaration"] = json!({ "declarationTime": "2026-09-10T00:00:00Z" });
        world.capture(5, vec![wrong]).await;
        second.catch_up(&world.store).await.unwrap();
        assert_eq!(second.position(), world.supply.index.position());
        let rebuilt = Supply::open(world.store.clone(), testing::access(), world.supply.directory.clone());
        let rebuilt = rebuilt.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.index");
        world.supply.index.save(&world.store, &file).await.unwrap();
        let mut reopened = rebuilt.clone();
        reopened.index = TraceIndex::open_with(&world.store, &file).await.unwrap().into();
        let mut followed = rebuilt.clone();
        followed.index = std::sync::Arc::new(second);
        let scope = async |supply: &Supply| {
            let report = supply.draw_scope(&lot(1, "A"), Some(&site(4)), None, ScopeOptions::default()).await;
            report.unwrap().stable().unwrap()
        };
        let live = scope(&world.supply).await;
        assert_eq!(live, scope(&rebuilt).await, "{}", world.name);
        assert_eq!(live, scope(&followed).await, "{}", world.name);
        assert_eq!(live, scope(&reopened).await, "{}", world.name);
    }
}

/// Puts other bytes under the name of the index, as a failing disk or a copy cut short would.
fn spoil(file: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::remove_file(file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_torn_damaged_or_foreign_index_file_is_not_used_and_the_rows_give_the_same_answers() {
    for world in worlds().await {
        incident(&world).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.index");
        let position = world.supply.index.position();
        let steps = world.supply.index.read(|index| index.stats().steps);
        let write = async || world.supply.index.save(&world.store, &file).await.unwrap();
        let open = async || {
            let index = TraceIndex::open_with(&world.store, &file).await.unwrap();
            let stats = index.read(chain::Index::stats);
            assert_eq!((index.position(), stats.steps), (position, steps), "{}", world.name);
            stats.mapped_bytes > 0
        };
        assert!(!open().await, "there is no file yet");
        write().await;
        assert!(open().await, "the file is used");
        spoil(&file, |bytes| bytes.truncate(bytes.len() / 2));
        assert!(!open().await, "torn");
        write().await;
        spoil(&file, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
        });
        assert!(!open().await, "damaged");
        write().await;
        // the mark of another database: the capture at this position is not the one the file was written after
        let mut foreign = world.supply.index.read(Clone::clone);
        store::map::publish(&file, |out| foreign.write_segment(-1, out)).unwrap();
        assert!(!open().await, "of another database");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part of a file stays");
    }
}

#[tokio::test]
async fn a_merge_keeps_the_answers_and_what_is_captured_after_it_is_seen() {
    for world in worlds().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace.index");
        let mut supply = world.supply.clone();
        supply.index = TraceIndex::open_with(&world.store, &file).await.unwrap().into();
        incident(&world).await;
        supply.index.catch_up(&world.store).await.unwrap();
        let scope = async |supply: &Supply| {
            let report = supply.draw_scope(&lot(1, "A"), Some(&site(4)), None, ScopeOptions::default()).await;
            report.unwrap().stable().unwrap()
        };
        let before = scope(&supply).await;
        supply.index.merge(&world.store).await.unwrap();
        let stats = supply.index.read(chain::Index::stats);
        assert!(stats.mapped_bytes > 0 && stats.fresh_links == 0, "{stats:?}");
        assert_eq!(before, scope(&supply).await, "{}", world.name);
        world.capture(5, vec![sold("2026-09-09", 5, &lot(1, "A"), 30)]).await;
        let after = scope(&supply).await;
        assert_ne!(before, after, "a sale changes the scope");
        assert_eq!(after, scope(&world.supply).await, "{}", world.name);
        let again = TraceIndex::open_with(&world.store, &file).await.unwrap();
        assert_eq!(again.position(), supply.index.position(), "the file and the rows after it");
    }
}

#[tokio::test]
async fn everybody_sees_the_way_of_a_lot_by_county_and_no_names() {
    for world in worlds().await {
        incident(&world).await;
        let now = world.cx(&testing::officer("6201")).now;
        let everybody = access::Principal::anonymous();
        let seen = world.supply.public_lot(&everybody, now, &lot(1, "A")).await.unwrap().unwrap();
        assert_eq!(seen.stops.iter().map(|s| s.places).sum::<usize>(), 5, "{seen:?}");
        assert!(seen.stops.iter().all(|s| s.region.len() == 6), "{seen:?}");
        let text = serde_json::to_string(&seen).unwrap();
        assert!(!text.contains("/414/"), "a place shows: {text}");
        assert_eq!(world.supply.public_lot(&everybody, now, &lot(1, "NONE")).await.unwrap(), None);
    }
}
