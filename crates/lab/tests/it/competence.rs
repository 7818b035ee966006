//! Serious results, proficiency tests and the decision to accept a laboratory, on every engine at hand.

use crate::{LABORATORY, analyst, cadmium, form, now, worlds};
use access::testing;
use base::Id;
use base::clock::State;
use lab::{Error, NewResult, NewSample, SampleKind, SeriousFilter};

#[tokio::test]
async fn a_result_of_grave_risk_is_told_at_once_and_runs_a_clock_of_24_hours() {
    for world in worlds().await {
        let new = NewSample { food: "花生".to_owned(), ..form("XC1", SampleKind::Monitoring) };
        let sample = world.register(new).await.unwrap();
        world.enter(&analyst(), sample.id, cadmium("0.9")).await.unwrap();
        let (officer, bench) = (testing::officer("620102"), analyst());
        let all = SeriousFilter::default();
        let none = world.lab.serious_findings(&world.store, &officer, now(), &all).await.unwrap();
        assert!(none.rows.is_empty(), "cadmium is no such analyte");
        let peanuts = |value: &str| NewResult {
            analyte: "黄曲霉毒素B1".to_owned(),
            reported: value.to_owned(),
            unit: "μg/kg".to_owned(),
            ..NewResult::default()
        };
        world.enter(&bench, sample.id, peanuts("40")).await.unwrap();
        let found = world.lab.serious_findings(&world.store, &officer, now(), &all).await.unwrap().rows;
        assert_eq!((found.len(), found[0].rule.as_str(), found[0].matter), (1, "acute", Some(Id(78))));
        let clock = found[0].clock(now().plus_seconds(23 * 3600)).unwrap();
        assert_eq!((clock.law.as_str(), clock.state), ("SAM-25", State::Running));
        assert_eq!(found[0].clock(now().plus_seconds(25 * 3600)).unwrap().state, State::Overdue);
        let blind = world.lab.serious_findings(&world.store, &bench, now(), &all).await.unwrap().rows;
        assert_eq!((blind[0].form_no.as_str(), blind[0].region.as_str()), (sample.blind_no().as_str(), ""));

        let mut tx = world.store.begin().await.unwrap();
        let permit = ledger::Permit::system("serious_risk.report");
        world.lab.settle_serious(&mut tx, &world.cx(&officer), &permit, sample.id).await.unwrap();
        tx.commit().await.unwrap();
        let open = SeriousFilter { open: true, ..all };
        let rest = world.lab.serious_findings(&world.store, &officer, now(), &open).await.unwrap();
        assert!(rest.rows.is_empty(), "{}", world.name);
    }
}

#[tokio::test]
async fn proficiency_goes_in_by_sheet_and_the_latest_round_counts() {
    for world in worlds().await {
        let (desk, bench) = (testing::desk("62"), analyst());
        let mut tx = world.store.begin().await.unwrap();
        let csv = "能力验证计划,轮次,检验项目,z值,结果评价,报告日期\nCNAS T0001,2026-1,镉,3.4,,2026-05-01\nCNAS T0001,2025-1,镉,0.4,,2025-05-01\nCNAS T0002,2026-1,铅,,满意,2026-06-01\n";
        let denied = world
            .lab
            .import_proficiency(
                &mut tx,
                &world.cx(&bench),
                &bench,
                LABORATORY,
                &paper::sheet::Workbook::read(csv.as_bytes(), "p.csv").unwrap(),
            )
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))), "not by the laboratory itself");
        let cx = world.cx(&desk);
        for _ in 0..2 {
            let rows = world
                .lab
                .import_proficiency(
                    &mut tx,
                    &cx,
                    &desk,
                    LABORATORY,
                    &paper::sheet::Workbook::read(csv.as_bytes(), "p.csv").unwrap(),
                )
                .await;
            assert_eq!(rows.unwrap(), 3);
        }
        let wrong = "能力验证计划,轮次,检验项目,报告日期\nA,1,镉,2026-05-01\n";
        let wrong = world
            .lab
            .import_proficiency(
                &mut tx,
                &cx,
                &desk,
                LABORATORY,
                &paper::sheet::Workbook::read(wrong.as_bytes(), "p.csv").unwrap(),
            )
            .await;
        assert!(matches!(wrong, Err(Error::Rows(r)) if r.len() == 1));
        tx.commit().await.unwrap();
        let all = lab::proficiency(&world.store, LABORATORY).await.unwrap();
        assert_eq!(all.len(), 3, "{}", world.name);
        assert_eq!(lab::weak_items(&all).iter().map(|p| p.item.as_str()).collect::<Vec<_>>(), ["镉"]);
    }
}

#[tokio::test]
async fn a_laboratory_without_its_annex_is_accepted_by_name_once() {
    for world in worlds().await {
        let (desk, officer) = (testing::desk("62"), testing::officer("620102"));
        let mut tx = world.store.begin().await.unwrap();
        let cx = world.cx(&desk);
        let by = world.lab.accept_laboratory(&mut tx, &world.cx(&officer), &officer, LABORATORY, "x").await;
        assert!(matches!(by, Err(Error::Denied(_))), "an officer does not decide");
        let bare = world.lab.accept_laboratory(&mut tx, &cx, &desk, LABORATORY, " ").await;
        assert!(matches!(bare, Err(Error::Invalid(_))));
        world.lab.accept_laboratory(&mut tx, &cx, &desk, LABORATORY, "证书已核对").await.unwrap();
        let twice = world.lab.accept_laboratory(&mut tx, &cx, &desk, LABORATORY, "证书已核对").await;
        assert!(matches!(twice, Err(Error::State(_))));
        tx.commit().await.unwrap();
        let stands = lab::acceptance(&world.store, LABORATORY).await.unwrap().unwrap();
        assert_eq!((stands.by, stands.at), (desk.account, now()), "{}", world.name);
        let mut tx = world.store.begin().await.unwrap();
        world.lab.end_acceptance(&mut tx, &cx, &desk, LABORATORY).await.unwrap();
        let none = world.lab.end_acceptance(&mut tx, &cx, &desk, LABORATORY).await;
        assert!(matches!(none, Err(Error::State(_))));
    }
}
