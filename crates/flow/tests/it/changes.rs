//! What changes after the launch: the recall level with its clocks, and the words of a draft.

use crate::support::{World, desk, officer};
use access::Principal;
use base::{Id, Text};
use flow::view;
use flow::{Error, Revision};
use serde_json::json;

#[tokio::test]
async fn another_recall_level_counts_its_clocks_anew_from_the_same_start_and_says_why() {
    for (name, mut w) in World::all().await {
        let (one, chief) = (officer(1, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let recall = w.view(&chief, matter).await.children[0].0;
        w.after_hours(30);

        let form = |harm: &str| json!({"harm": harm, "reason": "出现病例"});
        assert!(
            matches!(w.step(&one, matter, "reassess", form("serious")).await, Err(Error::Denied(_))),
            "{name}"
        );
        let same = w.step(&chief, matter, "reassess", form("general")).await.unwrap_err();
        assert!(same.user_text().unwrap().en.contains("already"), "{name}: {same}");
        let out = w.step(&chief, matter, "reassess", form("serious")).await.unwrap();
        assert_eq!(out.done["told"], json!([recall]), "{name}");

        // the firm had 48 hours from the launch and has 24 now: it is late
        let seen = w.view(&desk(9, "62"), recall).await;
        assert_eq!(
            (seen.all_facts["harm"].as_str(), seen.all_facts["level"].as_str()),
            (Some("serious"), Some("1"))
        );
        let clock = |rule: &str| seen.clocks.iter().find(|c| c.rule == rule).unwrap();
        let (old, new) = (clock("start_2"), clock("start_1"));
        assert!(old.void_at.is_some() && new.void_at.is_none(), "{name}");
        assert_eq!(old.started_at, new.started_at, "{name}");
        assert_eq!(new.due.state, base::clock::State::Overdue, "{name}");
        for c in [old, new] {
            let why = c.reason.as_ref().unwrap();
            assert!(
                why.zh.contains("出现病例") && why.zh.contains("一级") && why.en.contains("level 1"),
                "{name}: {why}"
            );
        }
        // the counties' checks follow: ten working days instead of twenty
        let seen = w.view(&chief, matter).await;
        let checks: Vec<_> =
            seen.clocks.iter().filter(|c| c.rule.starts_with("check_") && c.void_at.is_none()).collect();
        assert!(!checks.is_empty() && checks.iter().all(|c| c.rule == "check_1"), "{name}");
        let due = checks[0].due.at.unwrap();
        let task = seen.tasks.iter().find(|t| Some(t.id) == checks[0].task).unwrap();
        assert_eq!(task.due.as_ref().unwrap().at, Some(due), "{name}: the inbox goes by the new clock");
        // clocks of no level run on
        assert!(
            seen.clocks.iter().any(|c| c.rule == "complete" && c.void_at.is_none() && c.reason.is_none()),
            "{name}"
        );
    }
}

async fn revise(w: &World, who: &Principal, id: Id, version: i64, zh: &str) -> Result<i64, Error> {
    let new = Revision {
        title: Text::new("风险提示（修改）", "Consumer notice (changed)"),
        body: Text::new(zh, "Do not eat it."),
        note: "补充退货办法".to_owned(),
    };
    let mut tx = w.store.begin().await?;
    let (_, version) =
        flow::revise_document(&mut tx, &w.cx(who), &w.engine, &w.access, who, id, version, &new).await?;
    tx.commit().await?;
    Ok(version)
}

#[tokio::test]
async fn who_drafted_a_notice_may_change_it_and_another_person_publishes_what_it_says_now() {
    for (name, w) in World::all().await {
        let (one, other, chief) = (officer(1, "620102"), officer(3, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let notice = |who: Principal| {
            let w = &w;
            async move { w.view(&who, matter).await.documents[0].clone() }
        };
        let draft = notice(one.clone()).await;
        assert_eq!((draft.version, draft.may_revise, draft.may_publish), (1, true, false), "{name}");
        assert!(!notice(other.clone()).await.may_revise, "{name}: another officer's draft");

        assert!(matches!(revise(&w, &other, draft.id, 1, "x").await, Err(Error::Refused(_))), "{name}");
        let said = revise(&w, &one, draft.id, 1, " ").await.unwrap_err();
        assert!(matches!(&said, Error::Form { faults } if faults[0].field == "body_zh"), "{name}: {said}");
        let long = "长".repeat(20_001);
        assert!(matches!(revise(&w, &one, draft.id, 1, &long).await, Err(Error::Form { .. })), "{name}");
        assert_eq!(revise(&w, &one, draft.id, 1, "请勿食用。").await.unwrap(), 2, "{name}");
        assert!(
            matches!(revise(&w, &one, draft.id, 2, "请勿食用。").await, Err(Error::Refused(_))),
            "{name}: the same"
        );
        assert!(matches!(revise(&w, &one, draft.id, 1, "旧版").await, Err(Error::Conflict { .. })), "{name}");

        let (store, now) = (&w.store, w.now);
        let versions = view::document_versions(store, &w.access, &one, now, draft.id).await.unwrap();
        let told: Vec<_> = versions.iter().map(|v| (v.version, v.note.as_deref())).collect();
        assert_eq!(told, [(2, Some("补充退货办法")), (1, None)], "{name}");
        assert_eq!(versions[1].html, draft.html, "{name}: the first text stays on record");

        // who publishes must have read this version
        let publish = |who: Principal, version| {
            let w = &w;
            async move {
                let mut tx = w.store.begin().await?;
                let cx = w.cx(&who);
                let out = flow::publish_document(&mut tx, &cx, &w.engine, &w.access, &who, draft.id, version)
                    .await?;
                tx.commit().await?;
                Ok::<_, Error>(out)
            }
        };
        assert!(matches!(publish(chief.clone(), 1).await, Err(Error::Conflict { .. })), "{name}");
        assert!(publish(one.clone(), 2).await.is_err(), "{name}: four eyes");
        let published = publish(chief.clone(), 2).await.unwrap();
        let public = view::notice(&w.store, &published.slug).await.unwrap();
        assert_eq!(public.html.zh, "请勿食用。", "{name}");
        assert!(matches!(revise(&w, &one, draft.id, 3, "再改").await, Err(Error::Refused(_))), "{name}");
        let rows = w.store.query("select kind from journal order by id", &[]).await.unwrap();
        let kinds: Vec<String> = rows.iter().map(|r| r.text("kind").unwrap()).collect();
        assert_eq!(kinds.iter().filter(|k| *k == "document.revised").count(), 1, "{name}");
    }
}
