//! A proposal: frozen, its random share drawn once, accepted by a second person, handed over, and judged by its random share.

use crate::{Yard, now};
use access::testing;
use base::{Id, Instant};
use target::testing::{COUNTY, PLAN};
use target::{Aim, Done, Error, NewProposal, ProposalFilter, State, Why};

fn new(take: u32, share: f64) -> NewProposal {
    NewProposal {
        aim: Aim::Inspect,
        region: COUNTY.to_owned(),
        kind: String::new(),
        take,
        share,
        quota: 1,
        source: "虚构公开随机数第 9 期".to_owned(),
        source_due: now().plus_seconds(60),
    }
}

#[tokio::test]
async fn a_list_is_frozen_drawn_accepted_by_another_and_judged() {
    for (name, y) in Yard::all().await {
        y.learn(Aim::Inspect).await;
        let (one, mut two) = (testing::desk(COUNTY), testing::desk(COUNTY));
        two.account = Id(one.account.0 + 7);
        let late = now().plus_seconds(61);
        let (early_cx, late_cx, two_cx) = (y.cx(&one, now()), y.cx(&one, late), y.cx(&two, late));
        let mut tx = y.store.begin().await.unwrap();
        let (t, x) = (&y.target, &mut tx);
        let id = t.propose(x, &early_cx, &one, new(12, 0.25)).await.unwrap();
        let early = t.draw_audit(x, &early_cx, &one, id, "7").await;
        assert!(matches!(early, Err(Error::Invalid { field: "public", .. })), "{name}");
        let unready = t.decide(x, &two_cx, &two, id, &[], PLAN, ("s", late), "").await;
        assert!(matches!(unready, Err(Error::State(_))), "{name}: not drawn");
        assert!(
            matches!(t.cancel(x, &late_cx, &one, id, "r").await, Err(Error::State(_))),
            "too late to give up"
        );
        let record = t.draw_audit(x, &late_cx, &one, id, "31 07 12").await.unwrap();
        assert_eq!(record.verify(), [], "{name}");
        assert_eq!((record.chosen.len(), record.rest.len(), record.take), (9, 51, 3), "{name}");
        assert!(
            matches!(t.draw_audit(x, &late_cx, &one, id, "1").await, Err(Error::State(_))),
            "no second throw"
        );
        tx.commit().await.unwrap();

        let (p, _, items, none) = t.proposal(&y.store, &one, late, id).await.unwrap();
        assert_eq!((p.state, items.len(), none), (State::Drawn, 12, None), "{name}");
        assert!(p.expected > 1.5 * p.by_chance, "{name}: {p:?}");
        assert!(items.iter().all(|i| (i.why == Why::Score) == (i.inclusion > 0.99)));
        let mut keep: Vec<String> =
            items.iter().filter(|i| i.why == Why::Score).map(|i| i.subject.clone()).collect();
        let dropped = keep.pop().unwrap();

        let mut tx = y.store.begin().await.unwrap();
        let x = &mut tx;
        let due = late.plus_seconds(100);
        let own = t.decide(x, &late_cx, &one, id, &keep, PLAN, ("s", due), "r").await;
        assert!(matches!(own, Err(Error::Denied(_))), "{name}: who proposed does not accept");
        let silent = t.decide(x, &two_cx, &two, id, &keep, PLAN, ("s", due), " ").await;
        assert!(matches!(silent, Err(Error::Invalid { field: "reason", .. })), "{name}");
        let foreign = t.decide(x, &two_cx, &two, id, &["operator:x".into()], PLAN, ("s", due), "r").await;
        assert!(matches!(foreign, Err(Error::Invalid { field: "keep", .. })), "{name}");
        let refused = t.decide(x, &two_cx, &two, id, &keep, Id(1), ("s", due), "r").await;
        assert!(matches!(refused, Err(Error::State(_))), "{name}: what the plan refuses is told");
        t.decide(x, &two_cx, &two, id, &keep, PLAN, ("第 10 期", due), "已停业").await.unwrap();
        tx.commit().await.unwrap();
        {
            let delivered = y.town.delivered.lock().unwrap();
            let d = &delivered[0];
            assert_eq!((d.chosen.len(), d.source.as_str(), d.source_due), (11, "第 10 期", due), "{name}");
            assert!(d.chosen.iter().all(|c| c.0 != dropped && c.1.is_some()));
        }
        // all of the targeted and one of three at random were found
        let audit: Vec<String> =
            items.iter().filter(|i| i.why == Why::Audit).map(|i| i.subject.clone()).collect();
        let mut done: Vec<Done> =
            keep.iter().map(|s| Done { subject: s.clone(), done: 1, found: 1 }).collect();
        done.extend(audit.iter().enumerate().map(|(i, s)| Done {
            subject: s.clone(),
            done: 1,
            found: u32::from(i == 0),
        }));
        *y.town.done.lock().unwrap() = done;
        let (p, _, items, achieved) = t.proposal(&y.store, &one, late, id).await.unwrap();
        let a = achieved.unwrap();
        assert_eq!((p.state, p.plan), (State::Accepted, Some(PLAN)), "{name}");
        assert_eq!(
            (a.targeted.lines, a.targeted.found, a.random.done, a.random.found),
            (8, 8, 3, 1),
            "{name}"
        );
        // 51 of 60 stand for the rest at a third, 9 for themselves
        assert!((a.whole.unwrap() - (51.0 / 3.0 + 9.0) / 60.0).abs() < 1e-12, "{name}: {a:?}");
        assert!(a.lift.unwrap() > 2.0, "{name}");
        assert!(items.iter().any(|i| i.subject == dropped && i.accepted == Some(false)), "{name}");
        for kind in ["targeting.proposed", "targeting.audit_drawn", "targeting.accepted"] {
            assert_eq!(y.journal(kind).await, 1, "{name} {kind}");
        }
        let listed = t.proposals(&y.store, &one, late, &ProposalFilter::default()).await.unwrap();
        assert_eq!((listed.total, listed.rows[0].id), (1, id), "{name}");
        let far = testing::officer("620802");
        assert!(matches!(t.proposal(&y.store, &far, late, id).await, Err(Error::NotFound(_))), "{name}");
        assert_eq!(t.proposed_before(&y.store, &one, late, &dropped).await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_proposed_is_refused_by_name() {
    for (name, y) in Yard::all().await {
        let who = testing::desk(COUNTY);
        let cx = y.cx(&who, now());
        let t = &y.target;
        let mut tx = y.store.begin().await.unwrap();
        let nothing = t.propose(&mut tx, &cx, &who, new(10, 0.1)).await;
        assert!(matches!(nothing, Err(Error::State(_))), "{name}: there is no model");
        tx.rollback().await.unwrap();
        y.learn(Aim::Inspect).await;
        let mut tx = y.store.begin().await.unwrap();
        let x = &mut tx;
        let table: [(NewProposal, &str); 6] = [
            (new(10, 0.04), "share"),
            (new(1, 0.1), "take"),
            (new(61, 0.1), "take"),
            (NewProposal { region: "x".into(), ..new(10, 0.1) }, "region"),
            (NewProposal { source: " ".into(), ..new(10, 0.1) }, "source"),
            (NewProposal { source_due: Instant(1), ..new(10, 0.1) }, "source_due"),
        ];
        for (bad, field) in table {
            let out = t.propose(x, &cx, &who, bad).await;
            assert!(
                matches!(&out, Err(Error::Invalid { field: f, .. }) if *f == field),
                "{name} {field}: {out:?}"
            );
        }
        let stranger = testing::officer("620802");
        let out = t.propose(x, &y.cx(&stranger, now()), &stranger, new(10, 0.1)).await;
        assert!(matches!(out, Err(Error::Denied(_))), "{name}");
        // a small list still has one at random, and one given up stays on record
        let id = t.propose(x, &cx, &who, new(4, 0.05)).await.unwrap();
        assert!(matches!(t.cancel(x, &cx, &who, id, "").await, Err(Error::Invalid { field: "reason", .. })));
        t.cancel(x, &cx, &who, id, "改期").await.unwrap();
        tx.commit().await.unwrap();
        let (p, record, ..) = t.proposal(&y.store, &who, now(), id).await.unwrap();
        assert_eq!((p.state, record.take, p.reason.as_str()), (State::Cancelled, 1, "改期"), "{name}");
    }
}
