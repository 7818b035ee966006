//! The journal on screen: in words, filtered by what it is about; one entry with its proof; personal data erased with a reason.

use crate::province::{As, Province};
use axum::http::Method;

#[tokio::test]
async fn the_journal_speaks_in_words_and_filters_by_what_it_is_about() {
    let p = Province::new().await;
    let session = p.session("admin").await;
    let who = As::Session(&session, true);
    let all = p.get("/desk/journal", &who).await;
    assert_eq!(all.status, 200);
    assert!(all.text().contains("授权：新增") && all.text().contains("登录"), "words of grants and sessions");
    let grants = p.get("/desk/journal?about=grant", &who).await.text();
    assert!(grants.contains("grant.added") && !grants.contains("session.opened"));
    let none = p.get("/desk/journal?about=grant&from=2030-01-01", &who).await.text();
    assert!(
        none.contains("没有记录") && none.contains("name=\"about\""),
        "the filter stays on an empty list"
    );
    let sheet = p.get("/desk/journal?about=grant&format=csv", &who).await.text();
    assert!(sheet.lines().skip(1).all(|line| line.contains("grant.")) && sheet.lines().count() > 3);
}

#[tokio::test]
async fn an_export_of_the_journal_is_the_whole_list_and_not_its_first_page() {
    let p = Province::new().await;
    let session = p.session("admin").await;
    let who = As::Session(&session, true);
    let cx = p.cx("admin");
    for n in 0..60 {
        let mut tx = p.app.store.begin().await.unwrap();
        let entry = ledger::Entry {
            kind: "demo.noted",
            region: "62".to_owned(),
            subject: format!("demo:{n}"),
            body: serde_json::json!({ "n": n }),
            private: None,
        };
        ledger::append(&mut tx, &cx, &ledger::Permit::system("test"), entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    let sheet = p.get("/desk/journal?about=demo&format=csv", &who).await.text();
    assert_eq!(sheet.lines().count(), 61, "a line of headings and every entry");
}

#[tokio::test]
async fn the_bodies_of_internal_records_are_kept_by_no_cache_and_tiles_of_hashes_are() {
    let p = Province::new().await;
    let session = p.session("admin").await;
    p.sequence().await;
    let n = p.app.store.one("select count(*) as n from journal", &[]).await.unwrap().int("n").unwrap();
    for (path, cache) in [
        (format!("/log/tile/entries/000.p/{}", n % 256), "private, no-store"),
        (format!("/log/tile/0/000.p/{}", n % 256), "no-cache"),
    ] {
        let a = p.get(&path, &As::Session(&session, true)).await;
        assert_eq!(a.status, 200, "{path}");
        assert_eq!(a.header("cache-control"), cache, "{path}");
    }
}

#[tokio::test]
async fn a_bundle_of_entries_is_cut_as_the_journal_page_is() {
    let p = Province::new().await;
    let cx = p.cx("admin");
    for (region, word) in [("630102", "elsewhere"), ("620102", "near-at-hand")] {
        let mut tx = p.app.store.begin().await.unwrap();
        let entry = ledger::Entry {
            kind: "demo.noted",
            region: region.to_owned(),
            subject: format!("demo:{word}"),
            body: serde_json::json!({}),
            private: None,
        };
        ledger::append(&mut tx, &cx, &ledger::Permit::system("test"), entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    p.sequence().await;
    let n = p.app.store.one("select count(*) as n from journal", &[]).await.unwrap().int("n").unwrap();
    let path = format!("/log/tile/entries/000.p/{}", n % 256);
    let session = p.session("officer").await;
    let a = p.get(&path, &As::Session(&session, true)).await;
    assert_eq!(a.status, 200);
    assert!(a.text().contains("near-at-hand"), "an entry of the own county is in the bundle");
    assert!(!a.text().contains("elsewhere"), "one of another province is withheld");
    assert_eq!(p.get(&path, &As::Nobody).await.status, 303, "and nobody reads bodies without an account");
}

#[tokio::test]
async fn an_entry_shows_its_record_and_an_administrator_erases_its_personal_part_with_a_reason() {
    let p = Province::new().await;
    p.sequence().await;
    let sql = "select id from journal where kind = 'account.created' and subject = $1";
    let subject = format!("account:{}", p.account("officer"));
    let id = p.app.store.first(sql, &[subject.into()]).await.unwrap().unwrap().id("id").unwrap();
    let (path, form) =
        (format!("/desk/journal/{id}"), [("content-type", "application/x-www-form-urlencoded")]);
    let session = p.session("admin").await;
    let admin = As::Session(&session, true);
    let page = p.get(&path, &admin).await;
    assert_eq!(page.status, 200);
    for part in ["账号：登记", "account.created", "receipt.json", "删除个人信息", "officer"] {
        assert!(page.text().contains(part), "{part}");
    }
    let clerk = p.session("leader").await;
    let leader = As::Session(&clerk, true);
    assert!(
        !p.get(&path, &leader).await.text().contains("删除个人信息"),
        "who may not erase is not offered it"
    );
    let csrf = access::csrf_token(&clerk);
    let body = format!("csrf={csrf}&reason=request+2026-17");
    let refused = p.send(Method::POST, &format!("{path}/erase"), &leader, &form, body).await;
    assert_eq!(refused.status, 403);
    let csrf = access::csrf_token(&session);
    for (reason, status) in [("", 422), ("request+2026-17", 303)] {
        let body = format!("csrf={csrf}&reason={reason}");
        let answer = p.send(Method::POST, &format!("{path}/erase"), &admin, &form, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let page = p.get(&path, &admin).await.text();
    assert!(page.contains("已删除") && !page.contains("删除个人信息</h2>"));
    assert!(p.get("/desk/journal?about=journal", &admin).await.text().contains("擦除个人信息"));
    assert_eq!(p.get("/desk/journal/nonsense", &admin).await.status, 404);
}
