//! Two people at once: one wins, the other learns who changed what and when, nothing is lost or doubled.

use crate::support::{World, found, officer};
use flow::view::{self, TaskFilter};
use serde_json::json;

#[tokio::test]
async fn two_officers_finish_the_same_item_at_once() {
    for (name, w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let list =
            view::tasks_for(&w.store, &w.engine, &w.access, &one, w.now, &TaskFilter::default(), None, 9)
                .await
                .unwrap();
        for item in w.task(&one, list.rows[0].id).await.items {
            let (a, b) = (officer(21, "620102"), officer(22, "620102"));
            let both = tokio::join!(
                w.report(&a, item.id, item.version, found("3", "3", "0")),
                w.report(&b, item.id, item.version, found("4", "4", "0")),
            );
            let (won, lost) = match both {
                (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
                other => panic!("{name}: {other:?}"),
            };
            let said = lost.user_text().unwrap();
            assert!(
                matches!(lost, flow::Error::Conflict { ref changes } if changes.len() == 1),
                "{name}: {lost:?}"
            );
            assert!(said.zh.contains("officer2") && said.en.contains("Recall check"), "{name}: {said}");
            assert_eq!(won.version, item.version + 1);
        }
        let task = w.task(&one, list.rows[0].id).await;
        assert_eq!(
            (task.line.state.as_str(), task.line.items_done, task.line.items_total),
            ("done", 2, 2),
            "{name}"
        );
        let reports = "select count(*) as n from form_entry where matter = $1 and form = 'place_check'";
        assert_eq!(w.count(reports, matter).await, 2, "{name}");
    }
}

#[tokio::test]
async fn a_step_on_an_old_version_says_what_happened_since() {
    for (name, w) in World::all().await {
        let (one, other) = (officer(1, "620102"), officer(2, "620102"));
        let matter = w.disposal(&one).await;
        w.step_at(&one, matter, 1, "launch", json!({})).await.unwrap();
        let late = w.step_at(&other, matter, 1, "launch", json!({})).await.unwrap_err();
        let said = late.user_text().unwrap();
        assert!(said.zh.contains("officer1") && said.zh.contains("启动核查处置"), "{name}: {said}");
        assert!(said.en.contains("2026-09-28 09:00") && said.en.contains("Launch"), "{name}: {said}");
        let twice = w.step(&other, matter, "launch", json!({})).await.unwrap_err().user_text().unwrap();
        assert!(twice.en.contains("not possible now") && twice.en.contains("Widen"), "{name}: {twice}");
        let unknown = w.step(&other, matter, "lanch", json!({})).await.unwrap_err().user_text().unwrap();
        assert!(unknown.zh.contains("没有步骤"), "{name}: {unknown}");
        let stranger = officer(3, "620502");
        let refused = w.step(&stranger, matter, "lanch", json!({})).await.unwrap_err();
        assert!(
            matches!(refused, flow::Error::Denied(_)),
            "{name}: what is possible is said to its readers only: {refused:?}"
        );
    }
}

#[tokio::test]
async fn many_officers_at_once_lose_and_double_nothing() {
    for (name, w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let rows = w
            .store
            .query("select i.id, t.region, i.kind from task_item i join task t on t.id = i.task where i.matter = $1", &[matter.into()])
            .await
            .unwrap();
        let work = rows.iter().enumerate().map(|(n, row)| {
            let who = officer(100 + i64::try_from(n).unwrap(), &row.text("region").unwrap());
            let (id, source) = (row.id("id").unwrap(), row.text("kind").unwrap() == "source_inquiry");
            let w = &w;
            async move {
                let form =
                    if source { json!({"outcome": "denied", "note": "无"}) } else { found("1", "1", "0") };
                w.report(&who, id, 1, form).await.unwrap()
            }
        });
        let outcomes = join_all(work).await;
        assert_eq!(
            outcomes.iter().filter(|o| o.task_done).count(),
            5,
            "{name}: each task is completed by exactly one"
        );
        let journal = w.store.query("select id from journal where kind = 'task.item'", &[]).await.unwrap();
        assert_eq!(journal.len(), rows.len(), "{name}");
    }
}

async fn join_all<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (slot, future) in done.iter_mut().zip(&mut waiting) {
            if slot.is_none()
                && let std::task::Poll::Ready(out) = future.as_mut().poll(cx)
            {
                *slot = Some(out);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
