//! What citizens and platforms do without an account: report, follow, look up and verify a licence.

use crate::province::{As, Province};
use axum::http::Method;

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// The text of an element by its id.
fn element<'a>(html: &'a str, id: &str) -> &'a str {
    let start = html.find(&format!("id=\"{id}\"")).unwrap();
    let open = html[start..].find('>').unwrap() + start + 1;
    &html[open..open + html[open..].find('<').unwrap()]
}

#[tokio::test]
async fn a_citizen_reports_without_an_account_and_follows_with_number_and_code_alone() {
    let p = Province::new().await;
    let list = p.get("/petitions", &As::Nobody).await.text();
    for offered in ["/petitions/complaint", "/petitions/report", "/petitions/rural_banquet"] {
        assert!(list.contains(offered), "{offered}");
    }
    assert!(!list.contains("/petitions/penalty_case"));
    assert_eq!(p.get("/petitions/penalty_case", &As::Nobody).await.status, 404);
    let page = p.get("/petitions/report", &As::Nobody).await;
    assert_eq!(page.status, 200, "{}", page.text());

    // a name is asked for only of who wants to give one
    let named = "respondent=%E8%99%9A%E6%9E%84%E5%BA%97&county=620102&what=seen&named=true";
    let again = p.send(Method::POST, "/petitions/report", &As::Nobody, &FORM, named).await;
    assert_eq!(again.status, 422);
    let anonymous = named.replace("named=true", "named=false&concerns_staff=true");
    let sent = p.send(Method::POST, "/petitions/report", &As::Nobody, &FORM, anonymous).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let html = sent.text();
    let (number, code) = (element(&html, "number").to_owned(), element(&html, "code").to_owned());
    assert_eq!(code.len(), 10);
    // what concerns officials of a county begins at the prefecture
    let row =
        p.app.store.one("select region, state from matter where procedure = 'report'", &[]).await.unwrap();
    assert_eq!(
        (row.text("region").unwrap().as_str(), row.text("state").unwrap().as_str()),
        ("6201", "received")
    );

    let follow = |code: &str| format!("number={number}&code={code}");
    let wrong = p.send(Method::POST, "/follow", &As::Nobody, &FORM, follow("0000000000")).await;
    assert_eq!(wrong.status, 422);
    let seen = p.send(Method::POST, "/follow", &As::Nobody, &FORM, follow(&code)).await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert!(seen.text().contains("核查中"), "{}", seen.text());
    // what is next, and by when
    assert!(
        seen.text().contains("下一步") && seen.text().contains("核查线索并决定是否立案"),
        "{}",
        seen.text()
    );
}

/// A report with a photo, as a browser sends it; `what` is what happened, which the form asks for.
async fn with_photo(p: &Province, what: &str, name: &str) -> crate::province::Answer {
    let mut body = String::new();
    for (field, value) in [("respondent", "虚构店"), ("county", "620102"), ("what", what), ("named", "false")]
    {
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"p.webp\"\r\nContent-Type: image/webp\r\n\r\n\
         RIFF\u{10}\u{0}\u{0}\u{0}WEBPVP8 \r\n--b--\r\n"
    );
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    p.send(Method::POST, "/petitions/report", &As::Nobody, &kind, body).await
}

#[tokio::test]
async fn what_somebody_without_an_account_sends_with_a_refused_form_is_not_kept() {
    let p = Province::new().await;
    let root = p.app.attachments.root().to_owned();
    let kept = || walk(&root);
    assert_eq!(with_photo(&p, "", "photos").await.status, 422, "nothing said");
    assert_eq!(kept(), 0);
    let sent = with_photo(&p, "看见了", "smuggled").await;
    assert_eq!((sent.status.as_u16(), kept()), (200, 0), "a file the form does not ask for: {}", sent.text());
    let sent = with_photo(&p, "看见了", "photos").await;
    assert_eq!((sent.status.as_u16(), kept()), (200, 1), "{}", sent.text());
}

/// Pictures below a folder.
fn walk(root: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(root) else { return 0 };
    let paths = entries.map(|e| e.unwrap().path());
    paths
        .map(|p| if p.is_dir() { walk(&p) } else { usize::from(std::fs::metadata(&p).unwrap().len() > 0) })
        .sum()
}

#[tokio::test]
async fn a_form_sent_again_shows_the_first_receipt_and_opens_nothing_more() {
    let p = Province::new().await;
    let page = p.get("/petitions/report", &As::Nobody).await.text();
    let at = page.find("name=\"once\" value=\"").unwrap() + "name=\"once\" value=\"".len();
    let once = &page[at..at + page[at..].find('"').unwrap()];
    let body =
        format!("once={once}&respondent=%E8%99%9A%E6%9E%84%E5%BA%97&county=620102&what=seen&named=false");
    let send = async |body: &str| {
        let a = p.send(Method::POST, "/petitions/report", &As::Nobody, &FORM, body.to_owned()).await;
        assert_eq!(a.status, 200, "{}", a.text());
        let html = a.text();
        (element(&html, "number").to_owned(), element(&html, "code").to_owned())
    };
    let first = send(&body).await;
    assert_eq!(send(&body).await, first, "the page reloaded");
    let other = send(&body.replace("what=seen", "what=seen+twice")).await;
    assert_ne!(other, first, "who goes back and writes something else reports something else");
    let n =
        p.app.store.one("select count(*) as n from matter where procedure = 'report'", &[]).await.unwrap();
    assert_eq!(n.int("n").unwrap(), 2);
}

#[tokio::test]
async fn every_fault_of_a_complaint_is_said_at_once_and_nothing_typed_is_lost() {
    let p = Province::new().await;
    let body = "what=kept+text&who_name=&who_phone=abc&who_number=123";
    let a = p.send(Method::POST, "/petitions/complaint", &As::Nobody, &FORM, body).await;
    let html = a.text();
    assert_eq!(a.status, 422, "{html}");
    for said in ["kept text", "7 至 15 位", "居民身份证为 18 位", "姓名：请填写"] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let body = "--b\r\nContent-Disposition: form-data; name=\"what\"\r\n\r\nkept text\r\n\
                --b\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.exe\"\r\n\r\nMZ\u{0}\r\n--b--\r\n";
    let a = p.send(Method::POST, "/petitions/report", &As::Nobody, &kind, body).await;
    assert_eq!(a.status, 422);
    assert!(a.text().contains("kept text") && a.text().contains("程序文件不接收"), "{}", a.text());
}

#[tokio::test]
async fn an_address_that_takes_forms_says_so_when_it_is_opened_by_itself() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let who = As::Session(&session, true);
    let a = p.get("/logout", &who).await;
    assert_eq!(a.status, 405);
    assert!(a.text().contains("只接收提交的表单"), "{}", a.text());
    let account = p.get("/account", &who).await.text();
    for link in ["/password", "/account/totp", "/desk/absences"] {
        assert!(account.contains(&format!("href=\"{link}\"")), "{link}");
    }
    assert_eq!(p.get("/account", &As::Nobody).await.status, 303);
}

#[tokio::test]
async fn after_a_refused_form_the_change_of_language_leads_back_to_the_form() {
    let p = Province::new().await;
    let headers = [FORM[0], ("referer", "http://shian.example/petitions/report?x=1")];
    let a = p.send(Method::POST, "/petitions/report", &As::Nobody, &headers, "what=").await;
    assert_eq!(a.status, 422);
    assert!(a.text().contains("name=\"back\" value=\"/petitions/report?x=1\""), "{}", a.text());
    let elsewhere = [FORM[0], ("referer", "http://evil.example/x")];
    let a = p.send(Method::POST, "/petitions/report", &As::Nobody, &elsewhere, "what=").await;
    assert!(a.text().contains("name=\"back\" value=\"/\""), "{}", a.text());
}

#[tokio::test]
async fn a_platform_learns_that_an_unknown_number_is_no_licence() {
    let p = Province::new().await;
    let a = p.get("/api/v1/licences/verify?number=JY16201020000012", &As::Nobody).await;
    assert_eq!(a.status, 200, "{}", a.text());
    let body = a.json();
    assert_eq!(body["matches"], false);
    assert!(body["reasons"][0]["en"].as_str().unwrap().contains("no such number"), "{body}");
    assert_eq!(p.get("/api/v1/licences/verify", &As::Nobody).await.status, 422);
    let page = p.get("/licences?q=JY16201020000012", &As::Nobody).await;
    assert!(page.text().contains("/petitions/report"));
    assert_eq!(p.get("/licences/JY16201020000012", &As::Nobody).await.status, 404);
}
