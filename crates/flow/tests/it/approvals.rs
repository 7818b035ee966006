//! An approval is of the file as whoever approves it saw it: its papers and the reports in it too.

use crate::dates::case;
use crate::generated::engine;
use crate::support::{World, desk, found, officer};
use base::Text;
use flow::{Change, Error, Revision};
use serde_json::json;

fn changes(done: Result<flow::Outcome, Error>) -> Vec<Change> {
    match done {
        Err(Error::Conflict { changes }) => changes,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_decides_is_told_what_changed_in_the_papers_since_they_looked() {
    let all = flow::shipped().unwrap();
    for (name, store) in store::testing::stores().await {
        let w = World::new(store, engine(&all));
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let m = case(&w, "reviewing").await;
        let draft = w.ids.next(w.now);
        let mut tx = w.store.begin().await.unwrap();
        tx.exec(
            "insert into document (id, matter, name, kind, region, agency, classification, title_zh, title_en, html_zh, html_en, \
             sha256, status, audience, submitter, slug, created_at, version) \
             values ($1, $2, 'report', 'case_report', '620102', 'market', 1, '甲', 'a', '乙', 'b', '', 'draft', 'internal', 1, 'r', $3, 1)",
            &[draft.into(), m.into(), w.now.into()],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let seen = w.view(&two, m).await.version;
        let new = Revision {
            title: Text::of("甲", "a"),
            body: Text::of("改写", "new"),
            note: "补充证据".to_owned(),
        };
        let mut tx = w.store.begin().await.unwrap();
        flow::revise_document(&mut tx, &w.cx(&one), &w.engine, &w.access, &one, draft, 1, &new)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let reason = json!({ "reason": "违法事实不成立" });
        let told = changes(w.step_at(&two, m, seen, "drop", reason.clone()).await);
        let [change] = told.as_slice() else { panic!("{name}: {told:?}") };
        assert_eq!(change.what.zh, "文书：案件调查终结报告（补充证据）", "{name}");
        assert_eq!(change.login, one.login, "{name}");
        // a step that approves nothing is of the matter itself, which stands as it was
        w.step_at(&one, m, seen, "to_police", json!({ "reason": "涉嫌犯罪" })).await.unwrap();
        // and that one changed the matter: for everybody
        let told = changes(w.step_at(&one, m, seen, "to_police", json!({ "reason": "再次" })).await);
        assert!(told.iter().any(|c| c.what.zh.contains("启动移送")), "{name}: {told:?}");
        let now = w.view(&two, m).await.version;
        w.step_at(&two, m, now, "drop", reason).await.unwrap();
    }
}

#[tokio::test]
async fn who_decides_is_told_what_was_reported_since_they_looked() {
    for (name, w) in World::all().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let m = w.disposal(&one).await;
        w.step(&one, m, "launch", json!({})).await.unwrap();
        let seen = w.view(&two, m).await;
        let task = w.task(&one, seen.tasks[0].id).await;
        w.report(&one, task.items[0].id, task.items[0].version, found("1", "0", "0")).await.unwrap();
        let harm = json!({ "harm": "serious", "reason": "危害升级" });
        let told = changes(w.step_at(&two, m, seen.version, "reassess", harm).await);
        assert!(told[0].what.zh.starts_with("填报："), "{name}: {told:?}");
        // to whom a place is reported does not stand in the way of a note
        w.step_at(
            &one,
            m,
            seen.version,
            "notify_origin",
            json!({ "origin_authority": "虚构县市场监督管理局" }),
        )
        .await
        .unwrap();
    }
}
