//! Targeting from outside: pages in both languages without script, lists that filter and export, rights, and the same over REST.

use crate::province::{As, Province, now};
use ledger::{Actor, Context};
use serde_json::json;
use target::{Aim, Learnt};

/// A model of the made-up town, and its id.
async fn learnt(p: &Province) -> base::Id {
    let cx = Context {
        now: now(),
        ids: p.app.ids.clone(),
        actor: Actor::system("targeting"),
        lang: base::Lang::Zh,
    };
    match p.app.target.learn(&p.app.store, &cx, Aim::Inspect).await.unwrap() {
        Learnt::New(id) => id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_is_proposed_drawn_and_decided_on_plain_pages() {
    let p = Province::new().await;
    let session = p.session("desk").await;
    let me = As::Session(&session, true);
    let empty = p.get("/desk/targeting", &me).await;
    assert!(empty.status == 200 && empty.text().contains("还没有模型"), "{}", empty.text());
    let model = learnt(&p).await;
    let subject = format!("operator:{}", base::Id(4));
    let of = format!("/desk/targeting/of/inspect/{subject}");
    for path in [
        "/desk/targeting",
        "/desk/targeting?aim=sample",
        "/desk/targeting?region=620102&kind=catering&least=5&sort=region",
        "/desk/targeting/models",
        &format!("/desk/targeting/models/{model}"),
        &of,
        "/desk/targeting/proposals",
        "/desk/targeting/proposals?aim=sample",
        "/desk/targeting/history",
        "/desk/methods/targeting",
    ] {
        for (lang, tag) in [("zh", "zh-CN"), ("en", "en")] {
            let join = if path.contains('?') { '&' } else { '?' };
            let a = p.get(&format!("{path}{join}lang={lang}"), &me).await;
            assert_eq!(a.status, 200, "{path} {}", a.text());
            assert!(a.text().contains(&format!("lang=\"{tag}\"")), "{path}");
        }
    }
    let page = p.get(&format!("/desk/targeting/models/{model}"), &me).await.text();
    for part in ["随机线", "完美线", "公平性", "<svg", "shian risk target", "同一检查人内 AUC"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(p.get(&of, &me).await.text().contains("为什么是这个分值"));
    for (path, start) in [
        ("/desk/targeting?format=csv", &b"\xef\xbb\xbfplace"[..]),
        ("/desk/targeting?format=xlsx", b"PK"),
        ("/desk/targeting/models?format=parquet", b"PAR1"),
        ("/desk/targeting/history?format=xlsx", b"PK"),
    ] {
        let body = p.get(path, &me).await.body;
        assert!(body.starts_with(start) || body.starts_with(b"place"), "{path}");
    }

    let form = |extra: &str| format!("csrf={}&{extra}", access::csrf_token(&session));
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let post =
        async |path: &str, body: String| p.send(axum::http::Method::POST, path, &me, &kind, body).await;
    let few = form("aim=inspect&region=620102&take=10&share=2&source=x&source_due=2026-11-22T12:00");
    let refused = post("/desk/targeting/proposals", few).await;
    assert!(refused.status == 422 && refused.text().contains("5%"), "{} {}", refused.status, refused.text());
    let good =
        form("aim=inspect&region=620102&take=10&share=20&source=%E6%9C%9F&source_due=2026-11-22T12:00");
    let done = post("/desk/targeting/proposals", good).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let path = done.header("location").to_owned();
    let page = p.get(&path, &me).await.text();
    assert!(page.contains("待抽随机份额") && page.contains("预期发现"), "{page}");
    let record = p.get(&format!("{path}/record.json"), &me).await.text();
    let record: target::AuditRecord = serde_json::from_str(&record).unwrap();
    assert_eq!((record.verify(), record.take), (vec![], 2));
    let early = post(&format!("{path}/draw"), form("public=7")).await;
    assert_eq!(early.status, 422, "{}", early.text());
    assert_eq!(
        post(&format!("{path}/accept"), form(&format!("plan={}", base::Id(5)))).await.status,
        403,
        "own proposal"
    );
    let gone = post(&format!("{path}/cancel"), form("reason=x")).await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    assert!(p.get(&path, &me).await.text().contains("已撤销"));
    // another county sees nothing of it, a firm is refused
    let far = p.session("elsewhere").await;
    assert_eq!(p.get(&path, &As::Session(&far, true)).await.status, 404);
    let firm = p.session("firm1").await;
    assert_eq!(p.get("/desk/targeting", &As::Session(&firm, true)).await.status, 403);
}

#[tokio::test]
async fn programs_read_scores_and_propose_with_the_same_rights() {
    let p = Province::new().await;
    let model = learnt(&p).await;
    let (desk, firm) = (p.token("desk").await, p.token("firm1").await);
    let a = p.get("/api/v1/targeting/scores?limit=3&least=0.01", &As::Token(&desk)).await;
    assert_eq!(a.json()["rows"].as_array().unwrap().len(), 3, "{}", a.text());
    assert!(a.json()["rows"][0]["reasons"][0]["feature"].is_string());
    let one = p.get(&format!("/api/v1/targeting/models/{model}"), &As::Token(&desk)).await.json();
    assert!(one["body"]["windows"][0]["averaged"]["randomDays"].is_object(), "{one}");
    assert_eq!(p.get("/api/v1/targeting/scores", &As::Token(&firm)).await.status, 403);
    let new = json!({
        "aim": "inspect", "region": "620102", "take": 10, "share": 0.1, "source": "虚构第 3 期",
        "source_due": "2026-11-25T13:00:00Z",
    });
    let made = p.post("/api/v1/targeting/proposals", &As::Token(&desk), &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let at = made.header("location").to_owned();
    let read = p.get(&at, &As::Token(&desk)).await.json();
    assert_eq!((&read["proposal"]["state"], read["items"].as_array().unwrap().len()), (&"frozen".into(), 9));
    let early = p.post(&format!("{at}/draw"), &As::Token(&desk), &json!({ "public": "7" })).await;
    assert_eq!((early.status.as_u16(), &early.json()["field"]), (422, &"public".into()), "{}", early.text());
    let decided = p
        .post(&format!("{at}/decision"), &As::Token(&desk), &json!({ "accept": false, "reason": "x" }))
        .await;
    assert!(matches!(decided.status.as_u16(), 403 | 409), "{}", decided.text());
    assert_eq!(p.get("/api/v1/targeting/proposals?state=frozen", &As::Token(&desk)).await.json()["total"], 1);
}
