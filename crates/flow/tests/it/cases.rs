//! The leader's figures: each place once a case, and every figure as long as the list it opens.

use crate::support::{World, desk, found, officer};
use base::{Decimal, Id, Text};
use flow::NewMatter;
use flow::view::{self, Cases, ItemFilter, PlaceFilter, Reach, TaskFilter, TaskState, Whose};
use serde_json::json;

const REACHES: [Reach; 6] =
    [Reach::Any, Reach::Reached, Reach::Waiting, Reach::Recovered, Reach::Sealed, Reach::Sold];

/// All places of a filter, page by page.
async fn places(w: &World, who: &access::Principal, filter: &PlaceFilter) -> Vec<view::PlaceLine> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let (store, now) = (&w.store, w.now);
        let page =
            view::places(store, &w.engine, &w.access, who, now, filter, after.as_deref(), 2).await.unwrap();
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn tasks(w: &World, who: &access::Principal, filter: &TaskFilter) -> usize {
    view::tasks_for(&w.store, &w.engine, &w.access, who, w.now, filter, None, 200).await.unwrap().rows.len()
}

/// Every figure equals the length (or sum) of the list it opens.
async fn figures_open_to_their_records(
    w: &World,
    region: &str,
    matter: Option<Id>,
    cases: Cases,
) -> view::Situation {
    let leader = desk(9, "62");
    let s = view::situation(&w.store, &w.access, &leader, w.now, region, matter, cases).await.unwrap();
    let mut shown = vec![(region.to_owned(), &s.total)];
    shown.extend(s.regions.iter().map(|r| (r.region.clone(), &r.figures)));
    for (region, f) in shown {
        let items = ItemFilter { region: region.clone(), matter, cases, ..ItemFilter::default() };
        for reach in REACHES {
            let list = places(w, &leader, &PlaceFilter { items: items.clone(), reach }).await;
            let kg =
                |part: fn(&view::PlaceLine) -> Option<Decimal>| list.iter().filter_map(part).sum::<Decimal>();
            let sums = f.quantities.get("kg").copied().unwrap_or_default();
            let length = i64::try_from(list.len()).unwrap();
            match reach {
                Reach::Any => assert_eq!(f.places, length, "{region} {cases:?}"),
                Reach::Reached => assert_eq!(f.reached, length, "{region} {cases:?}"),
                Reach::Waiting => assert_eq!(f.waiting, length, "{region} {cases:?}"),
                Reach::Sealed => assert_eq!(sums[1], kg(|p| p.sealed), "{region} {cases:?}"),
                Reach::Recovered => assert_eq!(sums[2], kg(|p| p.recovered), "{region} {cases:?}"),
                Reach::Sold => assert_eq!(sums[3], kg(|p| p.sold), "{region} {cases:?}"),
            }
        }
        let all = TaskFilter {
            whose: Whose::All,
            region: Some(region),
            case: matter,
            cases,
            ..TaskFilter::default()
        };
        let of = |state, overdue| TaskFilter { state, overdue, ..all.clone() };
        for (figure, filter) in [
            (f.tasks_open, of(TaskState::Open, false)),
            (f.tasks_done, of(TaskState::Done, false)),
            (f.tasks_overdue, of(TaskState::Open, true)),
        ] {
            assert_eq!(figure, i64::try_from(tasks(w, &leader, &filter).await).unwrap(), "{filter:?}");
        }
    }
    s
}

async fn launched(w: &World, n: u8) -> Id {
    let one = officer(1, "620102");
    let title = Text::new(format!("虚构面粉 {n}"), format!("fictitious flour {n}"));
    let new = NewMatter::new("620102", format!("nonconformity:{n}"), title)
        .fact("product", "虚构面粉")
        .fact("item", format!("https://id.gs1.org/01/06900000000017/10/L{n}"))
        .fact("harm", "general");
    let matter = w.open(&one, "disposal", new).await.unwrap();
    w.step(&one, matter, "launch", json!({})).await.unwrap();
    matter
}

#[tokio::test]
async fn a_place_reached_in_one_case_waits_in_the_next_and_each_figure_opens_its_records() {
    for (name, mut w) in World::all().await {
        let (old, new) = (launched(&w, 1).await, launched(&w, 2).await);
        let there = officer(3, "620104");
        let list = TaskFilter { matter: Some(old), ..TaskFilter::default() };
        let (store, now) = (&w.store, w.now);
        let own =
            view::tasks_for(store, &w.engine, &w.access, &there, now, &list, None, 50).await.unwrap().rows;
        for task in &own {
            let item = w.task(&there, task.id).await.items[0].clone();
            w.report(&there, item.id, item.version, found("60", "50", "40")).await.unwrap();
        }
        assert_eq!(own.len(), 2, "{name}: seal and recall check of the same place");

        // four shops and the mill, in each of two cases
        let both = figures_open_to_their_records(&w, "62", None, Cases::Any).await.total;
        assert_eq!((both.places, both.reached, both.waiting), (10, 1, 9), "{name}");
        let f = figures_open_to_their_records(&w, "62", Some(new), Cases::Any).await.total;
        assert_eq!((f.places, f.reached), (5, 0), "{name}: the old case says nothing of the new one");
        // the recall belongs to the same case
        let recall = w.view(&desk(9, "62"), old).await.children[0].0;
        let f = figures_open_to_their_records(&w, "62", Some(recall), Cases::Any).await.total;
        assert_eq!((f.places, f.reached), (5, 1), "{name}");

        w.after_hours(24 * 40);
        assert!(figures_open_to_their_records(&w, "6201", None, Cases::Any).await.total.tasks_overdue > 0);

        // ended cases are counted only when asked for
        let form = json!({"retest_no": "FJ-1", "retest_on": "2026-09-28"});
        w.step(&desk(2, "620102"), old, "retest_overturned", form).await.unwrap();
        let running = figures_open_to_their_records(&w, "62", None, Cases::Running).await.total;
        assert_eq!((running.places, running.reached), (5, 0), "{name}");
        let ended = figures_open_to_their_records(&w, "62", None, Cases::Ended).await.total;
        assert_eq!(
            (ended.places, ended.reached, ended.tasks_open),
            (1, 1, 0),
            "{name}: what was done remains"
        );
    }
}

#[tokio::test]
async fn the_second_report_on_a_place_begins_with_the_first() {
    for (name, w) in World::all().await {
        launched(&w, 1).await;
        let there = officer(3, "620104");
        let all = TaskFilter::default();
        let list = view::tasks_for(&w.store, &w.engine, &w.access, &there, w.now, &all, None, 50);
        let list = list.await.unwrap().rows;
        let kinds: Vec<&str> = list.iter().map(|t| t.kind.as_str()).collect();
        assert_eq!(kinds, ["seal", "recall_check"], "{name}");
        let [seal, check] = [list[0].id, list[1].id];
        assert_eq!(w.task(&there, check).await.items[0].earlier, None, "{name}");
        let item = w.task(&there, seal).await.items[0].clone();
        let form = json!({"outcome": "open", "found": "60", "sealed": "60", "note": "后院库房"});
        w.report(&there, item.id, item.version, form.clone()).await.unwrap();

        let item = w.task(&there, check).await.items[0].clone();
        let earlier = item.earlier.expect("what the seal said");
        assert_eq!((json!(earlier.report), earlier.kind_title.zh.as_ref()), (form, "封存"), "{name}");
        // as good as typed: it is accepted as it stands
        w.report(&there, item.id, item.version, json!(earlier.report)).await.unwrap();
        assert_eq!(w.task(&there, check).await.items[0].earlier, None, "{name}: reported now");
    }
}
