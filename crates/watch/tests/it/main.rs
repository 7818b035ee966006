//! The watch over a store of its own: counts come in, an outbreak is found, followed up, and counted in the record.
#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use access::testing::access;
use access::{Grant, Principal, Role};
use base::{Date, Id, IdGen, Instant, Lang};
use ledger::{Actor, Context};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Store;
use watch::{
    Cover, Error, Filter, FollowUp, NewCount, NewReport, ReportFilter, SentCount, Status, Wanted, Watch,
};

const NOW: &str = "2026-11-20";

fn now() -> Instant {
    Instant::china(NOW.parse().unwrap(), 9, 0)
}

fn person(login: &str, role: Role, region: &str) -> Principal {
    let grant = Grant {
        role,
        region: region.to_owned(),
        agency: "market".to_owned(),
        ceiling: 1,
        from: Date::constant(2020, 1, 1),
        to: None,
    };
    Principal {
        account: Id(i64::try_from(login.len()).unwrap()),
        login: login.to_owned(),
        name: login.to_owned(),
        grants: vec![grant],
        ..Principal::anonymous()
    }
}

fn cx(ids: &Arc<IdGen>) -> Context {
    Context { now: now(), ids: ids.clone(), actor: Actor::system("test"), lang: Lang::En }
}

/// Two years of a quiet prefecture: two cases a week in each county, on changing days.
fn quiet(first: Date, last: Date) -> Vec<NewCount> {
    let mut out = Vec::new();
    for (i, day) in first.series(jiff::Span::new().days(1)).take_while(|d| *d <= last).enumerate() {
        for (k, place) in ["620102", "620103", "620104", "620105"].iter().enumerate() {
            if (i * 7 + k * 3 + i / 5) % 11 < 3 {
                let cases = 1 + i64::from((i + k) % 13 == 0);
                out.push(NewCount {
                    place: (*place).to_owned(),
                    hazard: "salmonella".to_owned(),
                    day,
                    cases,
                });
            }
        }
    }
    out
}

async fn filled(store: &Store, watch: &Watch, ids: &Arc<IdGen>) {
    let (first, last) = (Date::constant(2024, 10, 1), Date::constant(2026, 11, 19));
    let mut counts = quiet(first, last);
    for (place, cases) in [("620102", 9), ("620103", 8)] {
        for day in 17..=19 {
            let day = Date::constant(2026, 11, day);
            counts.push(NewCount { place: place.to_owned(), hazard: "salmonella".to_owned(), day, cases });
        }
    }
    let cover = Cover { region: "6201".to_owned(), first, last };
    let mut tx = store.begin().await.unwrap();
    let touched =
        watch.note_counts(&mut tx, &cx(ids), "test", &["salmonella"], &cover, &counts).await.unwrap();
    assert_eq!(touched.len(), 4);
    let again = watch.note_counts(&mut tx, &cx(ids), "test", &["salmonella"], &cover, &counts).await.unwrap();
    assert!(again.is_empty(), "what is known already changes nothing: {again:?}");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_night_heard_hazard_by_hazard_is_the_night_of_all_series_at_once() {
    for (name, store) in store::testing::stores().await {
        let (watch, ids) = (Watch::new(access()), Arc::new(IdGen::new(1)));
        filled(&store, &watch, &ids).await;
        let (first, last) = (Date::constant(2024, 10, 1), Date::constant(2026, 11, 19));
        let other = |c: NewCount| NewCount { hazard: "norovirus".to_owned(), cases: c.cases + 1, ..c };
        let counts: Vec<NewCount> = quiet(first, last).into_iter().map(other).collect();
        let cover = Cover { region: "6201".to_owned(), first, last };
        let mut tx = store.begin().await.unwrap();
        watch.note_counts(&mut tx, &cx(&ids), "test", &["norovirus"], &cover, &counts).await.unwrap();
        tx.commit().await.unwrap();
        let judged = watch.judge_all(&store, &cx(&ids), 2).await.unwrap();
        let all = watch.streams(&store, Wanted::All, now().china_date()).await.unwrap();
        let whole = signal::watch::night(&all, &signal::watch::Plan::builtin().detectors(), None, 1);
        assert_eq!((judged.series, judged.undecided), (all.len(), whole.undecided), "{name}");
        let told = |v: &signal::watch::Verdict| {
            let number = |n: f64| n.to_bits();
            let key = (v.method.clone(), v.hazard.clone(), v.place.clone());
            (key, number(v.expected), number(v.statistic), number(v.p_value.unwrap_or(0.0)))
        };
        let mut wanted: Vec<_> = whole.verdicts.iter().map(told).collect();
        wanted.sort();
        let sql = "select method, hazard, place, expected, statistic, p_value from watch_verdict";
        let mut kept = Vec::new();
        for row in store.query(sql, &[]).await.unwrap() {
            let text = |column: &str| row.text(column).unwrap();
            let number = |column: &str| row.real(column).unwrap().to_bits();
            let key = (text("method"), text("hazard"), text("place"));
            kept.push((key, number("expected"), number("statistic"), number("p_value")));
        }
        kept.sort();
        assert!(kept.len() > 8 && kept == wanted, "{name}");
    }
}

#[tokio::test]
async fn an_outbreak_in_two_neighbouring_counties_is_one_signal_that_is_followed_to_the_record() {
    for (name, store) in store::testing::stores().await {
        let (watch, ids) = (Watch::new(access()), Arc::new(IdGen::new(1)));
        filled(&store, &watch, &ids).await;
        let judged = watch.judge_all(&store, &cx(&ids), 2).await.unwrap();
        assert_eq!(judged.raised, 1, "{name} {judged:?}");
        let officer = person("officer", Role::Officer, "620102");
        let all = watch.signals(&store, &officer, now(), &Filter::default()).await.unwrap();
        let s = &all.rows[0];
        assert_eq!(
            (all.total, &s.places[..2]),
            (1, &["620102".to_owned(), "620103".to_owned()][..]),
            "{s:?}"
        );
        assert!(s.observed > 40.0 && s.expected < 10.0, "{s:?}");
        // the same night again raises nothing new, nor does a touched series
        let again = watch.judge_all(&store, &cx(&ids), 1).await.unwrap();
        assert_eq!((again.raised, again.grown), (0, 0), "{name}");
        let key = BTreeSet::from([("salmonella".to_owned(), "620102".to_owned())]);
        let touched = watch.judge_touched(&store, &cx(&ids), &key, 1).await.unwrap();
        assert_eq!((touched.series, touched.raised), (1, 0), "{name} {touched:?}");

        let step = |version, status, comment: &str| FollowUp {
            version,
            status,
            assignee: None,
            comment: comment.to_owned(),
        };
        let elsewhere = person("elsewhere", Role::Officer, "620802");
        let leader = person("the leader", Role::Leader, "62");
        for (who, denied) in [(&elsewhere, true), (&leader, true), (&officer, false)] {
            let mut tx = store.begin().await.unwrap();
            let done = watch.follow_up(&mut tx, &cx(&ids), who, s.id, step(1, Status::Assigned, "")).await;
            assert_eq!(matches!(done, Err(Error::Denied(_))), denied, "{} {done:?}", who.login);
            tx.commit().await.unwrap();
        }
        assert!(matches!(watch.signal(&store, &elsewhere, now(), s.id).await, Err(Error::NotFound)));
        let mut tx = store.begin().await.unwrap();
        let bare = watch.follow_up(&mut tx, &cx(&ids), &officer, s.id, step(2, Status::Verified, " ")).await;
        assert!(matches!(bare, Err(Error::Invalid { field: "comment", .. })), "{bare:?}");
        let stale = watch.follow_up(&mut tx, &cx(&ids), &officer, s.id, step(1, Status::Verified, "x")).await;
        assert!(matches!(stale, Err(Error::Store(store::Error::Stale))), "{stale:?}");
        watch
            .follow_up(&mut tx, &cx(&ids), &officer, s.id, step(2, Status::Verified, "one meal"))
            .await
            .unwrap();
        watch.link_matter(&mut tx, &cx(&ids), &officer, s.id, Id(77)).await.unwrap();
        tx.commit().await.unwrap();
        let whole = watch.signal(&store, &leader, now(), s.id).await.unwrap();
        assert_eq!((whole.notes.len(), whole.matters, whole.may_act), (2, vec![Id(77)], false));
        let scores = watch.scores(&store, &officer, now()).await.unwrap();
        for method in &s.methods {
            let score = scores.iter().find(|m| m.score.method == *method).unwrap();
            assert_eq!((score.score.closed, score.score.verified, score.open), (1, 1, 0), "{name} {method}");
        }
        // closed, the same excess stays quiet
        let later = watch.judge_all(&store, &cx(&ids), 1).await.unwrap();
        assert_eq!((later.raised, later.grown), (0, 0), "{name}");
    }
}

#[tokio::test]
async fn counts_are_refused_whole_corrected_by_a_later_file_and_tell_their_past() {
    let (_, store) = store::testing::stores().await.swap_remove(0);
    let (watch, ids) = (Watch::new(access()), Arc::new(IdGen::new(1)));
    let desk = person("desk", Role::Desk, "6201");
    let head = "日期,县区代码,危害,例数\n";
    for (file, wrong) in [
        ("2026-11-18,620102,salmonella,3\n2026-11-18,620802,salmonella,1\n", "县区代码"),
        ("2026-11-18,620102,plague,3\n", "危害"),
        ("2026-12-18,620102,salmonella,3\n", "日期"),
        ("2026-11-18,620102,salmonella,-3\n", "例数"),
    ] {
        let mut tx = store.begin().await.unwrap();
        let bytes = format!("{head}{file}");
        let done = watch
            .import_counts(
                &mut tx,
                &cx(&ids),
                &desk,
                "6201",
                "hospital",
                &paper::sheet::Workbook::read(bytes.as_bytes(), "f.csv").unwrap(),
            )
            .await;
        let Err(Error::Rows(rows)) = done else { panic!("{done:?}") };
        assert_eq!(rows[0].column, wrong, "{rows:?}");
    }
    let send = |file: &'static str| format!("{head}{file}");
    for (file, changed) in [
        (send("2026-11-17,城关区,沙门氏菌感染,2\n2026-11-18,620102,salmonella,3\n"), 1),
        (send("2026-11-17,620102,salmonella,2\n2026-11-18,620102,salmonella,3\n"), 0),
        (send("2026-11-17,620102,salmonella,4\n2026-11-18,620103,salmonella,1\n"), 2),
    ] {
        let mut tx = store.begin().await.unwrap();
        let done = watch
            .import_counts(
                &mut tx,
                &cx(&ids),
                &desk,
                "6201",
                "hospital",
                &paper::sheet::Workbook::read(file.as_bytes(), "f.csv").unwrap(),
            )
            .await
            .unwrap();
        assert_eq!(done.touched.len(), changed, "{file}");
        tx.commit().await.unwrap();
    }
    // the third file no longer names three cases of the 18th in 城关: they are zero now
    let streams = watch.streams(&store, Wanted::All, now().china_date()).await.unwrap();
    let here = streams.iter().find(|s| s.place == "620102").unwrap();
    assert_eq!(here.counts, [4.0, 0.0]);
    let officer = person("officer", Role::Officer, "620102");
    let sent = [SentCount {
        date: "2026-11-19".parse().unwrap(),
        county: "620102".to_owned(),
        hazard: "norovirus".to_owned(),
        count: 1,
    }];
    for (region, denied) in [("620102", false), ("6201", true)] {
        let mut tx = store.begin().await.unwrap();
        let done = watch.send_counts(&mut tx, &cx(&ids), &officer, region, "clinic", &sent).await;
        assert_eq!(matches!(done, Err(Error::Denied(_))), denied, "{region} {done:?}");
    }
}

#[tokio::test]
async fn events_are_entered_by_those_of_the_county_counted_and_withdrawn_with_a_reason() {
    for (name, store) in store::testing::stores().await {
        let (watch, ids) = (Watch::new(access()), Arc::new(IdGen::new(1)));
        let officer = person("officer", Role::Officer, "620102");
        let elsewhere = person("elsewhere", Role::Officer, "620802");
        let good = NewReport {
            hazard: "cold-chain".to_owned(),
            county: "城关区".to_owned(),
            day: "2026-11-18".parse().unwrap(),
            cases: 2,
            told: "a cold store without power for six hours".to_owned(),
            heard: "the firm".to_owned(),
        };
        let wrong = |f: fn(&mut NewReport)| {
            let mut new = good.clone();
            f(&mut new);
            new
        };
        assert_eq!(watch.reported_since(&store, good.day).await.unwrap(), None, "unknown, not zero");
        let mut tx = store.begin().await.unwrap();
        for (new, field) in [
            (wrong(|n| n.hazard = "salmonella".to_owned()), "hazard"),
            (wrong(|n| n.county = "6201".to_owned()), "county"),
            (wrong(|n| n.day = Date::constant(2026, 12, 1)), "day"),
            (wrong(|n| n.day = Date::constant(2024, 12, 1)), "day"),
            (wrong(|n| n.cases = 0), "cases"),
            (wrong(|n| n.told = " ".to_owned()), "told"),
            (wrong(|n| n.heard = String::new()), "heard"),
        ] {
            let refused = watch.enter_report(&mut tx, &cx(&ids), &officer, &new).await;
            assert!(
                matches!(&refused, Err(Error::Invalid { field: f, .. }) if *f == field),
                "{field} {refused:?}"
            );
        }
        let denied = watch.enter_report(&mut tx, &cx(&ids), &elsewhere, &good).await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
        let id = watch.enter_report(&mut tx, &cx(&ids), &officer, &good).await.unwrap();
        tx.commit().await.unwrap();
        let counts = |cases: i64| {
            (
                good.day,
                vec![NewCount {
                    place: "620102".to_owned(),
                    hazard: good.hazard.clone(),
                    day: good.day,
                    cases,
                }],
            )
        };
        assert_eq!(watch.reported_since(&store, good.day).await.unwrap(), Some(counts(2)), "{name}");
        let filter = ReportFilter { limit: 10, ..ReportFilter::default() };
        for (who, seen) in [(&officer, 1), (&elsewhere, 0)] {
            assert_eq!(
                watch.reports(&store, who, now(), &filter).await.unwrap().0.len(),
                seen,
                "{}",
                who.login
            );
        }
        let mut tx = store.begin().await.unwrap();
        let denied = watch.withdraw_report(&mut tx, &cx(&ids), &elsewhere, id, "wrong").await;
        assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
        watch.withdraw_report(&mut tx, &cx(&ids), &officer, id, "entered twice").await.unwrap();
        let again = watch.withdraw_report(&mut tx, &cx(&ids), &officer, id, "entered twice").await;
        assert!(matches!(again, Err(Error::Invalid { .. })), "{again:?}");
        tx.commit().await.unwrap();
        assert_eq!(watch.reported_since(&store, good.day).await.unwrap(), Some((good.day, vec![])), "{name}");
        let (rows, _) = watch.reports(&store, &officer, now(), &filter).await.unwrap();
        assert_eq!(rows[0].withdrawn, "entered twice");
    }
}
