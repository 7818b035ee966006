//! A procedure rehearsed: the file says which fact makes a drill, and what is said of it says so.

use crate::features::{file, files, filled};
use crate::support::{World, desk, engine_with, officer};
use access::{Principal, Role};
use base::Instant;
use flow::view;
use flow::{Definition, Error, Request};
use serde_json::json;

/// The banquet as a province would exercise it: a fact of its own name says so, and what is overdue is supervised.
fn rehearsed() -> Definition {
    let mut files = files();
    let change = |text: &mut String, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
    };
    if let Some(text) = files.get_mut("procedure.toml") {
        change(text, "classification = 1\n", "classification = 1\ndrill = \"rehearsal\"\n");
        change(text, "sets = [\"name\"", "sets = [\"rehearsal\", \"name\"");
        change(text, "does = \"escalate\"\nup = 1", "does = \"escalate\"\nup = 1\nopens = \"supervision\"");
        text.push_str("\n[[fact]]\nid = \"rehearsal\"\ntitle = { zh = \"演练\", en = \"Rehearsal\" }\n");
    }
    if let Some(text) = files.get_mut("forms.toml") {
        let field = "[[form.field]]\nid = \"rehearsal\"\ntitle = { zh = \"演练\", en = \"Rehearsal\" }\ntype = \"yes_no\"\n";
        change(text, "[[form.field]]", &format!("{field}[[form.field]]"));
    }
    flow::load("banquet", &files).unwrap()
}

/// The first page of what the assessment counts.
async fn supervised(
    w: &World,
    who: &Principal,
    filter: &view::SupervisedFilter,
) -> Vec<view::SupervisedLine> {
    view::supervised(&w.store, &w.access, who, w.now, filter, None, 50).await.unwrap().rows
}

#[tokio::test]
async fn the_file_says_which_fact_makes_a_drill_and_what_is_said_of_it_says_so() {
    for (name, store) in store::testing::stores().await {
        let mut w = World::new(store, engine_with(vec![rehearsed()]));
        let one = officer(1, "620102");
        let mut exercise = filled();
        exercise["rehearsal"] = json!(true);
        let drill = file(&w, &one, exercise, None).await.unwrap().matter;
        let real = file(&w, &one, filled(), None).await.unwrap().matter;
        // before the last day and after it, to the county and to the level above
        w.now = Instant::china(base::Date::constant(2026, 10, 12), 9, 0);
        assert_eq!(flow::sweep(&w.store, &w.engine, &w.ids, w.now).await.unwrap().reminders, 6, "{name}");
        for who in [&one, &access::testing::principal(8, Role::Desk, "6201", "market", None)] {
            let lines = view::reminders(&w.store, &w.access, who, w.now, 50).await.unwrap();
            assert!(
                lines.iter().any(|l| l.matter == drill) && lines.iter().any(|l| l.matter == real),
                "{name}"
            );
            for l in lines {
                let marked = [&l.title, &l.matter_title]
                    .map(|t| t.zh.starts_with("【演练 DRILL】") && t.en.starts_with("[DRILL 演练]"));
                assert_eq!(marked, [l.matter == drill; 2], "{name}: {l:?}");
            }
        }
        let entries = "select canonical from journal where kind = 'clock.rung' and subject = $1";
        for row in w.store.query(entries, &[format!("matter:{drill}").into()]).await.unwrap() {
            assert!(row.text("canonical").unwrap().contains("\"drill\":true"), "{name}");
        }
        // what is overdue is supervised with the agency that is late; of a drill it is a drill, and no assessment counts it
        for (of, exercise) in [(drill, true), (real, false)] {
            let supervised = w.view(&one, w.view(&one, of).await.children[0].0).await;
            assert_eq!((supervised.drill, supervised.region.as_str()), (exercise, "620102"), "{name}");
            assert_eq!(supervised.all_facts["matter_no"], json!(of.to_string()), "{name}");
            assert_eq!(supervised.title.zh.starts_with("【演练 DRILL】"), exercise, "{name}");
        }
        let head = access::testing::principal(8, Role::Desk, "6201", "market", None);
        let all = view::SupervisedFilter::default();
        let counted = supervised(&w, &head, &all).await;
        let outcomes: Vec<_> = counted.iter().map(|l| (l.procedure.as_str(), l.outcome.as_str())).collect();
        assert_eq!(outcomes, [("supervision", view::RUNNING)], "{name}");
        let order = counted[0].matter;
        w.step(&one, order, "receive", json!({})).await.unwrap();
        w.step(&one, order, "answer", json!({"answer": "已办结"})).await.unwrap();
        let own = desk(2, "620102");
        let said = w.step(&own, order, "clear", json!({"result": "in_time"})).await;
        assert!(matches!(said, Err(Error::Denied(_))), "{name}: who is supervised does not clear it");
        assert!(w.view(&own, order).await.actions.is_empty(), "{name}");
        w.step(&head, order, "clear", json!({"result": "late"})).await.unwrap();
        let day = w.now.china_date();
        for (from, to, want) in [
            (None, None, Some("late")),
            (Some(day), Some(day), Some("late")),
            (day.tomorrow().ok(), None, None),
            (None, day.yesterday().ok(), None),
        ] {
            let filter = view::SupervisedFilter {
                region: "6201".into(),
                from,
                to,
                ..view::SupervisedFilter::default()
            };
            let found = supervised(&w, &head, &filter).await;
            assert_eq!(found.first().map(|l| l.outcome.as_str()), want, "{name}: {from:?} to {to:?}");
        }
        // what climbs to an interview is held by the level above, and counts where those called work
        let order = json!({"task": "二次督办", "county": "620102", "degree": "important", "reason": "逾期", "demand": "办结"});
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&head);
        let authority = flow::Authority::Person { access: &w.access, who: &head };
        let request = Request { region: "6201".into(), form: order, ..Request::default() };
        let order = flow::open_by_form(&mut tx, &cx, &w.engine, authority, "supervision", request);
        let order = order.await.unwrap().matter;
        tx.commit().await.unwrap();
        w.step(&head, order, "escalate", json!({"reason": "仍未办结"})).await.unwrap();
        let county = view::SupervisedFilter { region: "620102".into(), ..view::SupervisedFilter::default() };
        let found = supervised(&w, &head, &county).await;
        let outcomes: Vec<_> = found.iter().map(|l| l.outcome.as_str()).collect();
        let want = [view::RUNNING, "escalated", "late"];
        assert_eq!(outcomes, want, "{name}: {found:?}");
        assert_eq!(w.view(&head, found[0].matter).await.region, "6201", "{name}");
        // page by page the same, every count as long as its list, and the lines come back from the matters alone
        let first = view::supervised(&w.store, &w.access, &head, w.now, &county, None, 2).await.unwrap();
        let rest = view::supervised(&w.store, &w.access, &head, w.now, &county, first.next.as_deref(), 2)
            .await
            .unwrap();
        assert_eq!([first.rows, rest.rows].concat(), found, "{name}");
        let counts = view::supervised_counts(&w.store, &w.access, &head, w.now, &county).await.unwrap();
        for c in &counts {
            let filter = view::SupervisedFilter {
                procedure: Some(c.procedure.clone()),
                outcome: Some(c.outcome.clone()),
                ..county.clone()
            };
            assert_eq!(
                supervised(&w, &head, &filter).await.len(),
                usize::try_from(c.matters).unwrap(),
                "{name}"
            );
        }
        let mut tx = w.store.begin().await.unwrap();
        tx.exec("delete from matter_assessed", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(flow::fill_assessed(&w.store, &w.engine).await.unwrap(), 3, "{name}: no drill");
        assert_eq!(supervised(&w, &head, &county).await, found, "{name}");
        assert!(supervised(&w, &officer(9, "620802"), &all).await.is_empty(), "{name}");
    }
}

/// An incident of a school canteen with so many ill, verified.
async fn incident(w: &World, drill: bool, ill: &str) -> base::Id {
    let who = officer(1, "620102");
    let form = json!({
        "drill": drill, "county": "620102", "place": "虚构学校", "happened_on": "2026-09-27", "ill": ill, "dead": "0",
        "symptoms": "腹泻", "reporter": "校医",
    });
    let mut tx = w.store.begin().await.unwrap();
    let authority = flow::Authority::Person { access: &w.access, who: &who };
    let request = Request { region: "620102".into(), form, ..Request::default() };
    let opened = flow::open_by_form(&mut tx, &w.cx(&who), &w.engine, authority, "incident", request).await;
    let matter = opened.unwrap().matter;
    tx.commit().await.unwrap();
    w.step(&who, matter, "verify", figures(ill)).await.unwrap();
    matter
}

fn figures(ill: &str) -> serde_json::Value {
    json!({"verified": "核实", "ill": ill, "dead": "0", "counties": "1", "cities": "1", "school": true})
}

#[tokio::test]
async fn an_incident_of_a_level_is_not_handled_as_an_ordinary_event_and_none_starts_no_response() {
    for (name, w) in World::all().await {
        let (one, head) = (officer(1, "620102"), desk(2, "62"));
        let grave = incident(&w, false, "52").await;
        let level =
            |m: &view::MatterView| m.facts.iter().find(|f| f.id == "level").unwrap().words.clone().unwrap();
        assert_eq!(level(&w.view(&head, grave).await).zh, "Ⅱ级（重大）", "{name}");
        let said = w.step(&one, grave, "below", json!({})).await;
        assert!(matches!(&said, Err(Error::Refused(t)) if t.zh.contains("已达分级标准")), "{name}: {said:?}");
        // nor does the officer lower it by verifying anew: that is decided
        let said = w.step(&one, grave, "verify_again", figures("3")).await;
        assert!(matches!(said, Err(Error::Denied(_))), "{name}: {said:?}");
        let small = incident(&w, false, "3").await;
        assert_eq!(level(&w.view(&head, small).await).zh, "未达分级", "{name}");
        w.step(&one, small, "below", json!({})).await.unwrap();
        assert!(w.step(&head, small, "adjust", figures("4")).await.is_err(), "{name}: there is no response");
        w.step(&head, small, "verify_again", figures("4")).await.unwrap();
        assert_eq!(w.view(&head, small).await.state, "verified", "{name}");
        let said = w.step(&head, small, "respond", json!({})).await;
        assert!(said.is_err(), "{name}: a finding that there is none starts nothing");
    }
}

#[tokio::test]
async fn a_paper_of_a_drill_bears_its_mark_whatever_is_written_in_it_and_drills_are_in_no_figure() {
    for (name, w) in World::all().await {
        let (one, head) = (officer(1, "620102"), desk(2, "62"));
        let (drill, real) = (incident(&w, true, "52").await, incident(&w, false, "52").await);
        let told = json!({"kind": "first", "to": "上级和同级政府", "note": "正在救治"});
        w.step(&one, drill, "report_up", told).await.unwrap();
        let m = w.view(&one, drill).await;
        let paper = &m.documents[0];
        let new = flow::Revision {
            title: base::Text::new("食品安全事件报告", "Incident report"),
            body: base::Text::new("发生食品安全事件，发病52人。", "An incident; 52 ill."),
            note: String::new(),
        };
        let mut tx = w.store.begin().await.unwrap();
        let cx = w.cx(&one);
        let (id, version) = (paper.id, paper.version);
        flow::revise_document(&mut tx, &cx, &w.engine, &w.access, &one, id, version, &new).await.unwrap();
        tx.commit().await.unwrap();
        let m = w.view(&head, drill).await;
        let paper = &m.documents[0];
        assert!(paper.title.zh.starts_with("【演练 DRILL】"), "{name}: {:?}", paper.title);
        assert_eq!(paper.html.zh.matches("演练 DRILL").count(), 2, "{name}: {}", paper.html.zh);
        assert!(paper.html.zh.contains("发病52人") && paper.html.en.contains("DRILL"), "{name}");
        // nothing of it can be published, so nobody is asked to; what only the other kind does is not offered
        assert!(!paper.may_publish, "{name}");
        let in_hand = view::in_hand(&w.store, &w.engine, &w.access, &head, w.now, "62").await.unwrap();
        let of = in_hand.iter().find(|k| k.procedure == "incident").unwrap();
        assert_eq!((of.running, of.drills), (1, 1), "{name}");
        for (asked, want) in [(true, drill), (false, real)] {
            let filter = view::MatterFilter { drill: Some(asked), ..view::MatterFilter::default() };
            let list = view::matters(&w.store, &w.engine, &w.access, &head, w.now, &filter, None, 10).await;
            let ids: Vec<_> = list.unwrap().rows.iter().map(|l| l.id).collect();
            assert_eq!(ids, [want], "{name}");
        }
        w.step(&head, real, "verify_again", figures("3")).await.unwrap();
        for (matter, shown, hidden) in
            [(drill, "release_drill", "release"), (real, "release", "release_drill")]
        {
            if matter == drill {
                w.step(&head, matter, "respond", json!({})).await.unwrap();
            } else {
                w.step(&one, matter, "below", json!({})).await.unwrap();
            }
            let actions = w.view(&one, matter).await.actions;
            let has = |id: &str| actions.iter().any(|a| a.id == id);
            assert!(has(shown) && !has(hidden), "{name}: {shown}");
        }
    }
}
