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
    assert!(sheet.lines().skip(1).all(|line| line.contains("grant.added")) && sheet.lines().count() > 3);
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
