//! Plans: proposed by population, corrected, issued by a second person, taken in and out as a sheet.

use crate::sampling::{COUNTY, begin, issued, plan, task};
use crate::{now, worlds};
use access::testing;
use base::Id;
use lab::{Error, Method, NewPlan, NewTask, PlanState, Stage, TaskFilter};

#[tokio::test]
async fn a_plan_is_proposed_by_population_and_issued_by_a_second_person() {
    for world in worlds().await {
        let who = testing::desk("62");
        let cx = world.cx(&who);
        let mut tx = begin(&world).await;
        let id = world.lab.draft_plan(&mut tx, &cx, &who, plan()).await.unwrap();
        let nothing = world.lab.move_plan(&mut tx, &cx, &who, id, PlanState::Submitted).await;
        assert!(matches!(nothing, Err(Error::State(_))));
        let wish = |method, least| lab::Wish {
            method,
            share: 1.into(),
            least,
            laboratories: vec![Id(900), Id(901)],
        };
        let many = world.lab.propose(&mut tx, id, &wish(Method::Risk, 900)).await;
        assert!(matches!(many, Err(Error::Invalid(p)) if p[0].field == "least"));
        for share in ["0", "-1", "1.01", "32767"] {
            let wish = lab::Wish { share: share.parse().unwrap(), ..wish(Method::Neyman, 0) };
            let none = world.lab.propose(&mut tx, id, &wish).await;
            assert!(matches!(none, Err(Error::Invalid(p)) if p[0].field == "share"), "{share}");
        }
        for method in [Method::Proportional, Method::Neyman, Method::Risk] {
            let tasks = world.lab.propose(&mut tx, id, &wish(method, 1)).await.unwrap();
            let total: u32 = tasks.iter().map(|t| t.quota).sum();
            // Lanzhou: 4,359,446 people, 4 a thousand, rounded up
            assert_eq!(total, 17_438);
            let chengguan: u32 = tasks.iter().filter(|t| t.region == COUNTY).map(|t| t.quota).sum();
            assert_eq!(chengguan, 5936);
            assert!(tasks.iter().all(|t| t.laboratory.is_some() && t.quota > 0));
            if method == Method::Proportional {
                world.lab.set_tasks(&mut tx, &cx, &who, id, tasks).await.unwrap();
                let expected = world.lab.expected(&mut tx, id).await.unwrap();
                assert_eq!((expected.total, expected.rows.len()), (17_438, 68));
                assert!((expected.gain.unwrap() - 1.0).abs() < 0.01, "in proportion but for rounding");
            }
        }
        let wrong = vec![
            task("01", Stage::Catering, 1),
            task("99", Stage::Circulation, 1),
            task("02", Stage::Circulation, 0),
            NewTask { region: "620202".to_owned(), ..task("02", Stage::Circulation, 1) },
        ];
        match world.lab.set_tasks(&mut tx, &cx, &who, id, wrong).await {
            Err(Error::Invalid(p)) => {
                let fields: Vec<_> = p.iter().map(|p| p.field.as_str()).collect();
                assert_eq!(fields, ["stage.0", "class.1", "quota.2", "region.3"]);
            }
            other => panic!("{other:?}"),
        }
        tx.commit().await.unwrap();
        let officer = testing::officer(COUNTY);
        let filter = TaskFilter { plan: Some(id), ..TaskFilter::default() };
        let seen = world.lab.tasks(&world.store, &officer, now(), &filter).await.unwrap();
        assert_eq!(seen.rows.len(), 0, "a draft is not for the counties yet");
        let per = world.lab.per_thousand(&world.store, "6201", 2026).await.unwrap();
        assert!(per.iter().all(|c| c.planned == 0), "{}", world.name);
    }
}

#[tokio::test]
async fn a_sheet_of_tasks_goes_in_as_it_came_out() {
    for world in worlds().await {
        issued(&world, 12).await;
        let who = testing::desk("62");
        let filter = TaskFilter::default();
        let tasks = world.lab.tasks(&world.store, &who, now(), &filter).await.unwrap().rows;
        let names = [(crate::LABORATORY, "虚构检验机构".to_owned())].into();
        let csv = paper::sheet::write_csv(&lab::plan_sheet(&tasks, &names)).unwrap();
        let mut tx = begin(&world).await;
        let new = NewPlan { title: "又一份".to_owned(), ..plan() };
        let id = world.lab.draft_plan(&mut tx, &world.cx(&who), &who, new).await.unwrap();
        let cx = world.cx(&who);
        // the column of what was taken is for reading only
        let total = world
            .lab
            .import_plan(
                &mut tx,
                &cx,
                &who,
                id,
                &paper::sheet::Workbook::read(&csv, "plan.csv").unwrap(),
                &names,
            )
            .await
            .unwrap();
        assert_eq!(total, 12);
        let bad = b"region,class,stage,budget,batches\n620102,\xe5\xa4\xa7,production,city,x\n";
        match world
            .lab
            .import_plan(
                &mut tx,
                &cx,
                &who,
                id,
                &paper::sheet::Workbook::read(bad, "plan.csv").unwrap(),
                &names,
            )
            .await
        {
            Err(Error::Rows(rows)) => assert_eq!(rows.len(), 2),
            other => panic!("{other:?}"),
        }
        tx.commit().await.unwrap();
        let again = TaskFilter { plan: Some(id), ..TaskFilter::default() };
        let again = world.lab.tasks(&world.store, &who, now(), &again).await.unwrap().rows;
        assert_eq!(again[0].task.months, [11, 12], "the season too");
        for (today, n) in [("2026-10-31", 0), ("2026-11-15", 2), ("2026-11-30", 5), ("2026-12-31", 12)] {
            assert_eq!(again[0].should_have(today.parse().unwrap()), Some(n), "{today}");
        }
        let seen = world.lab.overlaps(&world.store, &who, now(), id).await.unwrap();
        assert_eq!((seen.len(), seen[0].quota, seen[0].plans.len()), (1, 24, 1));
        let matrix = world.lab.coverage(&world.store, &who, now(), id).await.unwrap();
        let own = matrix.iter().find(|c| c.class == "01" && c.stage == Stage::Circulation).unwrap();
        assert_eq!((own.levels, own.by()), ([0, 0, 24, 0], 1));
        assert!(matrix.iter().filter(|c| c.by() == 0).count() > 37, "gaps stand in it");
        assert!(world.lab.gain(&world.store, &who, now(), id).await.is_ok());
        assert_eq!(world.lab.classes_left_out(&world.store, id).await.unwrap().len(), 37);
    }
}
