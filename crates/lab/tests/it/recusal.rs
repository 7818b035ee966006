//! Strata and recusal of a draw, on every engine at hand.

use crate::sampling::{COUNTY, at, begin, cited, issued};
use crate::{analyst, cadmium, now, signatory, worlds};
use access::testing;
use base::Id;
use lab::{Error, NewDraw, SampleState};

#[tokio::test]
async fn a_declared_relation_keeps_a_sampler_away_before_the_draw_and_sends_the_next_after_it() {
    for world in worlds().await {
        let task = issued(&world, 6).await;
        let (who, desk) = (testing::officer(COUNTY), testing::desk("62"));
        let mut tx = begin(&world).await;
        let cx = world.cx(&who);
        let own = |sampler: Id, operator: i64| lab::NewRecusal {
            sampler,
            operator: Id(operator),
            region: COUNTY.to_owned(),
            agency: "market".to_owned(),
            ground: lab::RecusalGround::Kin,
        };
        let other_id = Id(who.account.0 + 7);
        let foreign = world.lab.declare_recusal(&mut tx, &cx, &who, own(other_id, 3)).await;
        assert!(matches!(foreign, Err(Error::Denied(_))), "only one's own, unless one decides");
        let id = world.lab.declare_recusal(&mut tx, &cx, &who, own(who.account, 3)).await.unwrap();
        let again = world.lab.declare_recusal(&mut tx, &cx, &who, own(who.account, 3)).await;
        assert!(matches!(again, Err(Error::State(_))));
        world.lab.declare_recusal(&mut tx, &world.cx(&desk), &desk, own(other_id, 4)).await.unwrap();
        let ends = world.lab.end_recusal(&mut tx, &cx, &who, id).await;
        assert!(matches!(ends, Err(Error::Denied(_))), "who declared does not end it alone");
        // the same name in the register is decided by who is in charge, of others, once
        let of = |sampler: Id| own(sampler, 5);
        let denied = world.lab.clear_namesake(&mut tx, &cx, &who, of(other_id), Id(70)).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{}", world.name);
        let cx_desk = world.cx(&desk);
        world.lab.clear_namesake(&mut tx, &cx_desk, &desk, of(other_id), Id(70)).await.unwrap();
        for sampler in [other_id, desk.account] {
            let again = world.lab.clear_namesake(&mut tx, &cx_desk, &desk, of(sampler), Id(70)).await;
            assert!(again.is_err(), "{}: {sampler}", world.name);
        }
        let new = NewDraw {
            task,
            count: 6,
            source: "双色球第2026135期".to_owned(),
            source_due: now().plus_seconds(60),
            samplers: Vec::new(),
            by: Some(lab::Strata::Risk),
            take: [("new".to_owned(), 6)].into(),
        };
        let wrong = NewDraw { take: [("new".to_owned(), 2)].into(), ..new.clone() };
        let wrong = world.lab.freeze_draw(&mut tx, &cx, &who, wrong).await;
        assert!(matches!(wrong, Err(Error::Invalid(p)) if p[0].field == "take"));
        let draw = world.lab.freeze_draw(&mut tx, &cx, &who, new).await.unwrap();
        let record = world.lab.perform_draw(&mut tx, &at(&world, &who, 120), &who, draw, "7").await.unwrap();
        assert_eq!(lab::verify(&record), [], "{}", world.name);
        let aside = |id: Id| record.samplers.iter().find(|s| s.id == id).unwrap().recused.clone();
        assert_eq!((aside(who.account), aside(other_id)), (vec![Id(3)], vec![Id(4)]));
        let picks = &record.drawn.as_ref().unwrap().picks;
        assert!(picks.iter().all(|p| p.target != Id(3) && p.target != Id(4)), "two are needed, one was left");
        tx.commit().await.unwrap();

        let all = world
            .lab
            .targets(&world.store, &who, now(), Some(draw), true, None, None, None, 0)
            .await
            .unwrap();
        let target = &all.rows[0];
        let mut tx = begin(&world).await;
        let nobody = world
            .lab
            .stand_aside(
                &mut tx,
                &at(&world, &who, 130),
                &who,
                target.id,
                who.account,
                lab::RecusalGround::Kin,
            )
            .await;
        assert!(matches!(nobody, Err(Error::State(_))), "nobody else is on the frozen list");
        let elsewhere = world
            .lab
            .stand_aside(&mut tx, &at(&world, &desk, 130), &desk, target.id, Id(5), lab::RecusalGround::Kin)
            .await;
        assert!(matches!(elsewhere, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn a_reviewer_keeps_away_from_the_report_of_a_firm_while_the_relation_stands() {
    for world in worlds().await {
        let task = issued(&world, 12).await;
        let sample = cited(&world, task, Id(3), "").await;
        let (a, b, desk) = (analyst(), signatory(), testing::desk("62"));
        let mut tx = begin(&world).await;
        let cx = at(&world, &a, 86_400);
        world.lab.check_in(&mut tx, &cx, &a, sample.id, crate::sampling::accepted()).await.unwrap();
        world.lab.enter_result(&mut tx, &cx, &a, sample.id, cadmium("0.1")).await.unwrap();
        let relation = lab::NewRecusal {
            sampler: b.account,
            operator: Id(3),
            region: COUNTY.to_owned(),
            agency: "market".to_owned(),
            ground: lab::RecusalGround::Employment,
        };
        let id = world.lab.declare_recusal(&mut tx, &world.cx(&desk), &desk, relation).await.unwrap();
        assert_eq!(lab::recused_from(&mut tx, [Id(3), Id(4)]).await.unwrap(), [b.account]);
        assert_eq!(lab::recused_from(&mut tx, [Id(4)]).await.unwrap(), []);
        let later = at(&world, &b, 90_000);
        let refused = world.lab.approve_report(&mut tx, &later, &b, sample.id, "R-1").await;
        assert!(matches!(refused, Err(Error::Denied(_))), "{}: {refused:?}", world.name);
        world.lab.end_recusal(&mut tx, &world.cx(&desk), &desk, id).await.unwrap();
        let approved = world.lab.approve_report(&mut tx, &later, &b, sample.id, "R-1").await.unwrap();
        assert_eq!(approved.state, SampleState::Approved);
    }
}
