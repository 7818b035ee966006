//! A draw of inspections: frozen, drawn once, verified by anybody; officers kept away; two at least.

use crate::office::{PLAN, REGION, Yard, now};
use access::testing;
use base::{Id, Text};
use field::{DrawFilter, DrawState, Error, GaveUp, NewDraw, StoodBack};

fn new(count: u32) -> NewDraw {
    NewDraw {
        plan: PLAN,
        region: String::new(),
        business: Vec::new(),
        count,
        source: "虚构公开随机数第 7 期".to_owned(),
        source_due: now().plus_seconds(60),
        officers: Vec::new(),
        only: Vec::new(),
    }
}

#[tokio::test]
async fn a_list_is_frozen_before_its_seed_drawn_once_and_opens_inspections_for_two_officers_each() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(REGION);
        let (early, late) = (y.cx(&who, now()), y.cx(&who, now().plus_seconds(61)));
        let mut tx = y.store.begin().await.unwrap();
        let f = &y.field;
        // officer 21 keeps away from everybody with an odd number
        y.desk.recusals.lock().unwrap().insert(Id(21), (1..=11).step_by(2).map(Id).collect());
        let draw = f.freeze_draw(&mut tx, &early, &who, new(6)).await.unwrap();
        assert!(
            matches!(f.freeze_draw(&mut tx, &early, &who, new(6)).await, Err(Error::State(_))),
            "{name}: one waits"
        );
        assert!(matches!(
            f.perform_draw(&mut tx, &early, &who, draw, "7").await,
            Err(Error::Invalid { field: "public", .. })
        ));
        assert!(
            matches!(f.cancel_draw(&mut tx, &late, &who, draw, "x").await, Err(Error::State(_))),
            "too late to give up"
        );
        let record = f.perform_draw(&mut tx, &late, &who, draw, "31 07 12").await.unwrap();
        assert_eq!(ledger::draw::verify(&record), [], "{name}");
        let picks = &record.drawn.as_ref().unwrap().picks;
        assert_eq!(picks.len(), 6);
        assert!(picks.iter().all(|p| p.target != Id(12)), "an open inspection excludes");
        for p in picks {
            assert!(p.target.0 % 2 == 0 || !p.samplers.contains(&Id(21)), "{name}: {p:?}");
        }
        assert!(
            matches!(f.perform_draw(&mut tx, &late, &who, draw, "1").await, Err(Error::State(_))),
            "no second throw"
        );
        assert!(matches!(
            f.open_draw(&mut tx, &late, &testing::officer("620802"), draw).await,
            Err(Error::Denied(_))
        ));
        tx.commit().await.unwrap();

        assert_eq!(y.desk.opened.lock().unwrap().len(), 6, "{name}");
        let (row, _, shown) = f.draw(&y.store, &who, now(), draw).await.unwrap();
        assert_eq!((row.state, row.count), (DrawState::Drawn, 6));
        assert!(shown.iter().all(|p| p.matter.is_some() && p.named.is_some()));
        for p in &shown {
            let sent = field::officers_of(&y.store, p.matter.unwrap()).await.unwrap();
            let mut want = p.officers.to_vec();
            want.sort_unstable();
            assert_eq!(sent.iter().map(|s| s.account).collect::<Vec<_>>(), want);
        }
        // everybody may count it, nobody may read it before it is opened
        let all = field::public_draws(&y.store, &DrawFilter::default()).await.unwrap();
        assert_eq!(all.len(), 1);
        assert!(field::public_draw(&y.store, draw).await.unwrap().1.is_none());
        let mut tx = y.store.begin().await.unwrap();
        f.open_draw(&mut tx, &late, &who, draw).await.unwrap();
        tx.commit().await.unwrap();
        assert!(field::public_draw(&y.store, draw).await.unwrap().1.is_some());
        for kind in ["inspection.draw_frozen", "inspection.draw_done", "inspection.draw_opened"] {
            assert_eq!(y.journal(kind).await, 1, "{name} {kind}");
        }

        let mut tx = y.store.begin().await.unwrap();
        // the year after, nobody goes where he went this year
        let third = f
            .freeze_draw(&mut tx, &late, &who, NewDraw { source_due: now().plus_seconds(90), ..new(4) })
            .await;
        let third = third.unwrap();
        let later = y.cx(&who, now().plus_seconds(91));
        let again = f.perform_draw(&mut tx, &later, &who, third, "5").await.unwrap();
        for p in &again.drawn.as_ref().unwrap().picks {
            let before = shown.iter().find(|s| s.operator == p.target);
            assert!(
                before.is_none_or(|s| s.officers.iter().all(|o| !p.samplers.contains(o))),
                "{name}: {p:?}"
            );
        }
    }
}

#[tokio::test]
async fn officers_are_two_able_and_not_recused_and_drawn_ones_stay() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(REGION);
        let cx = y.cx(&who, now());
        let mut tx = y.store.begin().await.unwrap();
        let (f, tx, m) = (&y.field, &mut tx, crate::office::MATTER);
        y.desk.recusals.lock().unwrap().insert(Id(23), vec![Id(1)]);
        let table: [(&[i64], &str); 4] = [
            (&[21], "one"),
            (&[21, 21], "the same twice"),
            (&[21, 99], "a stranger"),
            (&[21, 23], "recused"),
        ];
        for (accounts, why) in table {
            let accounts: Vec<Id> = accounts.iter().map(|n| Id(*n)).collect();
            let out = f.send(tx, &cx, &who, m, &accounts).await;
            assert!(matches!(out, Err(Error::Invalid { field: "officer", .. })), "{name}: {why}");
        }
        let stranger = testing::officer("620802");
        let out = f.send(tx, &cx, &stranger, m, &[Id(21), Id(22)]).await;
        assert!(matches!(out, Err(Error::Denied(_))), "{name}");
        f.send(tx, &cx, &who, m, &[Id(21), Id(22)]).await.unwrap();
        f.send(tx, &cx, &who, m, &[Id(22), Id(24)]).await.unwrap();
        let text = Error::NotFound(Text::of("抽取", "draw")).text();
        assert!(text.en.contains("draw"));
    }
}

#[tokio::test]
async fn an_accepted_list_is_inspected_whole_and_only_its_officers_are_left_to_chance() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(REGION);
        let mut tx = y.store.begin().await.unwrap();
        let listed = NewDraw { only: vec![Id(2), Id(5), Id(12), Id(99)], ..new(1) };
        let draw = y.field.freeze_draw(&mut tx, &y.cx(&who, now()), &who, listed).await.unwrap();
        let late = y.cx(&who, now().plus_seconds(61));
        let record = y.field.perform_draw(&mut tx, &late, &who, draw, "7").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ledger::draw::verify(&record), [], "{name}");
        let mut picked: Vec<Id> = record.drawn.unwrap().picks.iter().map(|p| p.target).collect();
        picked.sort_unstable();
        assert_eq!(picked, [Id(2), Id(5)], "{name}: an open inspection and a stranger are left out");
    }
}

#[tokio::test]
async fn who_closed_or_is_ill_gives_way_to_the_next_of_the_same_draw_with_the_reason_on_record() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(REGION);
        let mut tx = y.store.begin().await.unwrap();
        let f = &y.field;
        let draw = f.freeze_draw(&mut tx, &y.cx(&who, now()), &who, new(2)).await.unwrap();
        let late = y.cx(&who, now().plus_seconds(61));
        let closed = |reason| (GaveUp::Closed, reason);
        let (why, reason) = closed("门面已拆除");
        let early = f.substitute(&mut tx, &late, &who, (draw, Id(1)), why, reason).await;
        assert!(matches!(early, Err(Error::State(_))), "{name}: nothing is drawn");
        let record = f.perform_draw(&mut tx, &late, &who, draw, "31 07 12").await.unwrap();
        let picks = record.drawn.as_ref().unwrap().picks.clone();
        let out = picks[0].target;
        let officer = testing::officer(REGION);
        let denied = f.substitute(&mut tx, &late, &officer, (draw, out), why, reason).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{name}: who inspects does not decide it");
        let empty = f.substitute(&mut tx, &late, &who, (draw, out), why, " ").await;
        assert!(matches!(empty, Err(Error::Invalid { field: "reason", .. })), "{name}");
        let by = f.substitute(&mut tx, &late, &who, (draw, out), why, reason).await.unwrap();
        assert!(picks.iter().all(|p| p.target != by.target), "{name}");
        let again = f.substitute(&mut tx, &late, &who, (draw, out), why, reason).await;
        assert!(matches!(again, Err(Error::State(_))), "{name}: given up once");
        tx.commit().await.unwrap();

        let (_, record, shown) = f.draw(&y.store, &who, late.now, draw).await.unwrap();
        assert_eq!(ledger::draw::verify(&record), [], "{name}");
        assert_eq!(shown.iter().find(|p| p.operator == out).unwrap().given_up.as_deref(), Some("closed"));
        let new = shown.iter().find(|p| p.operator == by.target).unwrap();
        assert_eq!((new.instead_of, new.officers), (Some(out), by.samplers), "{name}");
        let old = shown.iter().find(|p| p.operator == out).unwrap().matter.unwrap();
        assert_eq!(*y.desk.called_off.lock().unwrap(), [old], "{name}");
        assert!(field::officers_of(&y.store, old).await.unwrap().is_empty(), "{name}");

        // an officer falls ill: the next of the seed goes, whoever is asked
        let (matter, ill) = (new.matter.unwrap(), by.samplers[0]);
        let mut tx = y.store.begin().await.unwrap();
        let stranger = f.stand_back(&mut tx, &late, &who, matter, Id(999), StoodBack::Ill).await;
        assert!(matches!(stranger, Err(Error::Invalid { field: "officer", .. })), "{name}");
        let denied = f.stand_back(&mut tx, &late, &officer, matter, ill, StoodBack::Ill).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{name}: of somebody else it takes a decision");
        let next = ledger::draw::replacement(&record, by.target).unwrap();
        let goes = f.stand_back(&mut tx, &late, &who, matter, ill, StoodBack::Ill).await.unwrap();
        assert_eq!(goes, next, "{name}");
        tx.commit().await.unwrap();
        let mut want = vec![goes, by.samplers[1]];
        want.sort_unstable();
        let sent = field::officers_of(&y.store, matter).await.unwrap();
        assert_eq!(sent.iter().map(|s| s.account).collect::<Vec<_>>(), want, "{name}");
        let (_, record, _) = f.draw(&y.store, &who, late.now, draw).await.unwrap();
        assert_eq!(ledger::draw::verify(&record), [], "{name}");
        for kind in ["inspection.target_replaced", "inspection.officer_replaced"] {
            assert_eq!(y.journal(kind).await, 1, "{name} {kind}");
        }
    }
}
