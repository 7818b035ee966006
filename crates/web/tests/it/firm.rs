//! The pages of a firm.

use crate::province::{Answer, As, PASSWORD, Province, document, lot, made};
use axum::http::Method;

const BOUNDARY: &str = "----boundary";

/// A posted form with one file.
async fn upload(p: &Province, session: &str, kind: &str, name: &str, bytes: &str) -> Answer {
    let csrf = access::csrf_token(session);
    let mut body = String::new();
    for (field, value) in [("csrf", csrf.as_str()), ("kind", kind)] {
        body +=
            &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n{bytes}\r\n--{BOUNDARY}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    p.send(Method::POST, "/firm/upload", &As::Session(session, true), &[("content-type", &kind)], body).await
}

#[tokio::test]
async fn every_page_opens_in_both_languages() {
    let p = Province::new().await;
    let token = p.token("firm1").await;
    let a = p.post("/epcis/capture", &As::Token(&token), &document(&[made(1, 1, &lot("A"))])).await;
    let job = a.header("location").rsplit('/').next().unwrap().to_owned();
    let session = p.session("firm1").await;
    let mut tx = p.app.store.begin().await.unwrap();
    let sql = "insert into operator (id, version, code, code_key, name, name_en, kinds, region, status, initials, search, \
               created_at, updated_at) values (1, 1, '1', '1', '虚构经营者1', '', 1, '620102', 'active', 'XG', '虚构', 0, 0)";
    tx.exec(sql, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let item = lot("A").replace(':', "%3A").replace('/', "%2F");
    for path in [
        "/firm".to_owned(),
        "/firm/lots".to_owned(),
        "/firm/lots?q=A&held=1".to_owned(),
        format!("/firm/lots/view?item={item}"),
        "/firm/upload".to_owned(),
        "/firm/captures".to_owned(),
        format!("/firm/captures/{job}"),
        "/firm/duties".to_owned(),
        "/firm/results".to_owned(),
        "/firm/duties?running=closed".to_owned(),
        "/firm/tokens".to_owned(),
        "/firm/licences".to_owned(),
        "/firm/credit".to_owned(),
        "/firm/records?way=in".to_owned(),
        "/firm/records?way=out".to_owned(),
    ] {
        for (lang, tag) in [("zh", "zh-CN"), ("en", "en")] {
            let join = if path.contains('?') { '&' } else { '?' };
            let a = p.get(&format!("{path}{join}lang={lang}"), &As::Session(&session, true)).await;
            assert_eq!(a.status, 200, "{path} {}", a.text());
            assert!(a.text().contains(&format!("lang=\"{tag}\"")), "{path}");
            assert!(a.body.len() < 100_000, "{path}: {} bytes", a.body.len());
        }
    }
    let a = p.get("/firm/lots?format=csv", &As::Session(&session, true)).await;
    assert!(a.text().contains(&lot("A")), "{}", a.text());
    let a = p.get("/firm/lots?format=xlsx", &As::Session(&session, true)).await;
    assert!(a.body.starts_with(b"PK"));
    // another firm finds nothing of it
    let other = p.session("firm2").await;
    assert_eq!(p.get(&format!("/firm/captures/{job}"), &As::Session(&other, true)).await.status, 404);
    assert_eq!(p.get(&format!("/firm/lots/view?item={item}"), &As::Session(&other, true)).await.status, 404);
    let officer = p.session("officer").await;
    assert_eq!(p.get("/firm/lots", &As::Session(&officer, true)).await.status, 403);
}

#[tokio::test]
async fn a_ledger_is_taken_whole_or_every_wrong_cell_is_named() {
    let p = Province::new().await;
    let session = p.session("firm2").await;
    for kind in ["purchase", "sales"] {
        let template = p
            .get(&format!("/firm/upload/template?kind={kind}&format=csv"), &As::Session(&session, true))
            .await;
        assert_eq!(template.status, 200);
        assert!(template.text().contains("数量"), "{}", template.text());
    }
    let header = "名称,规格,数量,单位,生产日期,批号,进货日期,供货者名称,联系方式";
    let bad = format!(
        "{header}\n虚构面粉,25kg,多少,kg,2026-11-01,L1,2026-11-02,虚构经营者1,0931-0000000\n虚构面粉,25kg,5,kg,2026-11-01,L1,2027-13-02,虚构经营者1,0931-0000000\n"
    );
    let a = upload(&p, &session, "purchase", "进货.csv", &bad).await;
    assert_eq!(a.status, 422);
    for wanted in ["多少", "数量", "2027-13-02", "进货日期"] {
        assert!(a.text().contains(wanted), "{wanted}: {}", a.text());
    }
    let none = p.get("/firm/captures?format=csv", &As::Session(&session, true)).await;
    assert_eq!(none.text().trim().lines().count(), 1, "nothing half imported: {}", none.text());

    let good = format!("{header}\n虚构面粉,25kg,100,kg,2026-11-01,L1,2026-11-02,虚构经营者1,0931-0000000\n");
    let a = upload(&p, &session, "purchase", "进货.csv", &good).await;
    assert_eq!(a.status, 200, "{}", a.text());
    assert!(a.text().contains("/firm/lots/view?item="), "{}", a.text());
    let home = p.get("/firm", &As::Session(&session, true)).await.text();
    assert!(home.contains("虚构面粉") && home.contains("收到了无人报送发货的货物"), "{home}");
    let again = upload(&p, &session, "purchase", "进货.csv", &good).await;
    assert!(again.text().contains("以前已采集"), "a repeat stores nothing: {}", again.text());
}

#[tokio::test]
async fn a_token_is_shown_once() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let csrf = access::csrf_token(&session);
    let who = As::Session(&session, true);
    let refused = p.send(Method::POST, "/firm/tokens", &who, &form, "name=ERP&days=30&csrf=forged").await;
    assert_eq!(refused.status, 403);
    let body = format!("name=ERP&days=30&csrf={csrf}&old=");
    let unasked = p.send(Method::POST, "/firm/tokens", &who, &form, body.clone()).await;
    assert_eq!(unasked.status, 422, "the password is asked again");
    let body = format!("{body}{PASSWORD}");
    let a = p.send(Method::POST, "/firm/tokens", &who, &form, body).await;
    let page = a.text();
    let at = page.find("shian_").filter(|_| a.status == 200).unwrap_or_else(|| panic!("{page}"));
    let token: String =
        page[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '-').collect();
    assert_eq!(p.get("/epcis/events", &As::Token(&token)).await.status, 200);
    let list = p.get("/firm/tokens", &who).await.text();
    assert!(list.contains("ERP") && !list.contains(&token));
    let id = list.split("/firm/tokens/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let a =
        p.send(Method::POST, &format!("/firm/tokens/{id}/revoke"), &who, &form, format!("csrf={csrf}")).await;
    assert_eq!(a.status, 303, "{}", a.text());
    assert_eq!(p.get("/epcis/events", &As::Token(&token)).await.status, 401);
}
