//! Clocks of matters: dates over holidays, pauses, extensions, and the order of the inbox.

use crate::support::{World, desk, engine_with, officer};
use base::Text;
use base::clock::State;
use flow::view::{self, MatterFilter};
use serde_json::json;
use std::collections::BTreeMap;

/// A licence-like procedure whose clock pauses for an expert review and may be extended once.
const LICENCE: &str = r#"
id = "licence"
title = { zh = "许可", en = "Licence" }
valid_from = "2020-01-01"
subject = "operator"
agency = "market"
classification = 1
party_sees = []
basis = [{ document = "行政许可法", clause = "四十二条", status = "verified" }]
[[state]]
id = "accepted"
title = { zh = "已受理", en = "Accepted" }
initial = true
[[state]]
id = "decided"
title = { zh = "已决定", en = "Decided" }
final = true
[[transition]]
id = "decide"
title = { zh = "决定", en = "Decide" }
from = ["accepted"]
to = "decided"
action = "decide"
[[clock]]
id = "decide"
law = "LIC-02"
title = { zh = "作出许可决定", en = "Decide" }
basis = { document = "行政许可法", clause = "四十二条", status = "verified" }
start = "enter:accepted"
stop = ["transition:decide"]
amount = 20
unit = "working_day"
pauses = [{ cause = "review", title = { zh = "专家评审", en = "expert review" } }]
[clock.extension]
at_most = 10
unit = "working_day"
times = 1
basis = { document = "行政许可法", clause = "四十二条", status = "verified" }
"#;

#[tokio::test]
async fn a_clock_pauses_resumes_and_is_extended_within_its_rule() {
    let licence =
        flow::load("licence", &BTreeMap::from([("procedure.toml".to_owned(), LICENCE.to_owned())])).unwrap();
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine_with(vec![licence.clone()]));
        let (one, chief) = (officer(1, "620102"), desk(2, "620102"));
        let title = Text::of("甲店许可", "Licence of shop A");
        let matter =
            w.open(&one, "licence", flow::NewMatter::new("620102", "operator:1", title)).await.unwrap();
        let c = w.view(&chief, matter).await.clocks.remove(0);
        // from Monday 28 September 2026: 29, 30, then 8 to 10 October (the 10th is worked), …
        assert_eq!((c.due.date.as_deref(), c.due.state), (Some("2026-10-30"), State::Running), "{name}");
        assert_eq!(c.due.text.zh, "剩 20 个工作日");

        macro_rules! change {
            ($who:expr, $f:ident, $($arg:expr),*) => {{
                let mut tx = w.store.begin().await.unwrap();
                let cx = w.cx($who);
                let out = flow::$f(&mut tx, &cx, &w.engine, &w.access, $who, c.id, $($arg),*).await;
                if out.is_ok() { tx.commit().await.unwrap() }
                out
            }};
        }
        assert!(matches!(change!(&one, suspend_clock, 1, "review", "组织评审"), Err(flow::Error::Denied(_))));
        let said = change!(&chief, suspend_clock, 1, "holiday", "休假").unwrap_err().user_text().unwrap();
        assert!(said.zh.contains("专家评审"), "{said}");
        assert!(change!(&chief, suspend_clock, 1, "review", " ").is_err(), "a pause needs its reason");
        change!(&chief, suspend_clock, 1, "review", "组织评审").unwrap();
        let stale = change!(&chief, resume_clock, 1, "评审结束").unwrap_err();
        assert!(matches!(stale, flow::Error::Conflict { .. }), "{stale}");
        let standing = w.view(&chief, matter).await.clocks.remove(0);
        assert_eq!((standing.due.at, standing.due.state), (None, State::Suspended), "{name}");
        w.after_hours(48); // Wednesday 30 September
        change!(&chief, resume_clock, 2, "评审结束").unwrap();
        // 29 and 30 September fall out
        assert_eq!(
            w.view(&chief, matter).await.clocks.remove(0).due.date.as_deref(),
            Some("2026-11-03"),
            "{name}"
        );
        assert!(change!(&chief, extend_clock, 3, 11, "复杂").is_err(), "ten at most");
        change!(&chief, extend_clock, 3, 10, "复杂").unwrap();
        let c2 = w.view(&chief, matter).await.clocks.remove(0);
        assert_eq!(c2.due.date.as_deref(), Some("2026-11-17"), "{name}");
        assert_eq!(
            (c2.suspensions[0].reason.as_str(), c2.extensions[0].approved_by.as_str()),
            ("review: 组织评审", "desk2")
        );
        let said = change!(&chief, extend_clock, 4, 5, "再延").unwrap_err().user_text().unwrap();
        assert!(said.en.contains("all used"), "{said}");
        // the list orders by the date computed
        let page =
            view::matters(&w.store, &w.engine, &w.access, &one, w.now, &MatterFilter::default(), None, 5)
                .await
                .unwrap();
        assert_eq!(page.rows[0].due.as_ref().unwrap().date.as_deref(), Some("2026-11-17"));
        w.step(&chief, matter, "decide", json!(null)).await.unwrap();
        assert_eq!(w.view(&chief, matter).await.clocks.remove(0).due.state, State::Met, "{name}");
    }
}

#[tokio::test]
async fn calendar_days_end_on_a_working_day_and_hours_run_through_the_night() {
    for (name, mut w) in World::all().await {
        w.now = base::Instant::china(base::Date::constant(2026, 7, 5), 20, 30);
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        let view = w.view(&one, matter).await;
        let due = |rule: &str| view.clocks.iter().find(|c| c.rule == rule).unwrap().due.clone();
        // 90 days from 5 July end on 3 October, a holiday: 8 October
        assert_eq!(due("complete").date.as_deref(), Some("2026-10-08"), "{name}");
        assert_eq!(due("serve").date.as_deref(), Some("2026-07-10"), "{name}");
        w.step(&one, matter, "launch", json!({"harm": "serious"})).await.unwrap();
        let recall = w.view(&one, matter).await.children[0].0;
        let view = w.view(&desk(3, "62"), recall).await;
        let start = view.clocks.iter().find(|c| c.rule == "start_1").unwrap();
        assert_eq!(
            start.due.at,
            Some(base::Instant::china(base::Date::constant(2026, 7, 6), 20, 30)),
            "{name}"
        );
        assert_eq!(view.clocks.len(), 1, "the other levels' clocks do not run");
    }
}

#[tokio::test]
async fn an_extension_through_a_step_moves_the_group_that_runs() {
    for (name, w) in World::all().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        let form = json!({"days": "30", "reason": "复检"});
        w.step(&two, matter, "extend", form.clone()).await.unwrap();
        let view = w.view(&one, matter).await;
        let complete = view.clocks.iter().find(|c| c.rule == "complete").unwrap();
        // 28 September + 120 days = 26 January 2027, whose holiday notice is not out yet
        assert_eq!(
            (complete.due.date.as_deref(), complete.due.provisional),
            (Some("2027-01-26"), true),
            "{name}"
        );
        assert_eq!(complete.extensions[0].reason, "复检");
        let bad = w.step(&two, matter, "extend", json!({"days": "1.5", "reason": "x"})).await.unwrap_err();
        assert!(bad.user_text().unwrap().zh.contains("请填整数"), "{bad}");
    }
}
