//! The pages of a firm.

use crate::province::{Answer, As, LABORATORY, ORIGIN, PASSWORD, Province, document, lot, made, site};
use axum::http::Method;
use serde_json::json;

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

/// A failed sample taken at the first firm: its sample and its record.
async fn failed(p: &Province) -> (String, String) {
    let (officer, one, two) = (p.token("officer").await, p.token("lab1").await, p.token("lab2").await);
    let sample = json!({
        "form_no": "XC26620102000077", "kind": "supervision", "food": "大米", "product_name": "虚构大米", "gtin": "06900000000014",
        "lot_no": "L77", "place": site(1), "place_name": "虚构经营者1", "produced": "2026-10-01", "sampled": "2026-11-20",
        "received": "2026-11-20", "arrival": crate::arrival(), "prepackaged": true, "region": "620102", "agency": "market", "laboratory": LABORATORY,
    });
    let a = p.post("/api/v1/samples", &As::Token(&officer), &sample).await;
    assert_eq!(a.status, 201, "{}", a.text());
    let path = a.header("location").to_owned();
    let result =
        json!({ "analyte": "镉(以Cd计)", "reported": "0.9", "unit": "mg/kg", "method": "GB 5009.15-2023" });
    let report = json!({ "report_no": "R-77" });
    for (step, who, body) in
        [("results", &one, result), ("approve", &two, report), ("submit", &two, json!({}))]
    {
        let a = p.post(&format!("{path}/{step}"), &As::Token(who), &body).await;
        assert!(a.status.is_success(), "{step}: {}", a.text());
    }
    let all = p.get("/desk/nonconformities?format=csv", &As::Session(&p.session("desk").await, true)).await;
    let record = all.text().lines().nth(1).and_then(|l| l.split(',').next().map(str::to_owned)).unwrap();
    (path.rsplit('/').next().unwrap_or_default().to_owned(), record)
}

#[tokio::test]
async fn a_firm_that_disagrees_finds_its_failure_report_and_application_without_leaving_its_own_pages() {
    let p = Province::new().await;
    let (sample, record) = failed(&p).await;
    let session = p.session("firm1").await;
    let me = As::Session(&session, true);
    let page = |path: String| {
        let (p, me) = (&p, &me);
        async move {
            let a = p.get(&path, me).await;
            assert_eq!(a.status, 200, "{path}: {}", a.text());
            a.text()
        }
    };
    assert!(
        page("/firm?lang=zh".to_owned()).await.contains("/firm/results?state=open"),
        "told on the first page"
    );
    let failure = format!("/firm/results/{record}");
    let shown = page(format!("{failure}?lang=zh")).await;
    assert!(
        shown.contains(&format!("/desk/samples/{sample}/papers/report")),
        "the report it disagrees with: {shown}"
    );
    assert!(shown.contains("L77") && !shown.contains(">https://id.gs1.org"), "the lot by its number");
    page(format!("/desk/samples/{sample}/papers/report?lang=zh")).await;

    let csrf = access::csrf_token(&session);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let ask = |path: String, body: String| {
        let (p, me) = (&p, &me);
        async move { p.send(Method::POST, &path, me, &form, body).await }
    };
    let asked = ask(format!("{failure}/retest"), format!("csrf={csrf}&party=sampled")).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let matter = asked.header("location").to_owned();
    assert!(matter.starts_with("/firm/duties/"), "{matter}");
    let shown = page(format!("{matter}?lang=zh")).await;
    assert!(shown.contains(&failure) && !shown.contains("/desk/nonconformities/"), "{shown}");
    assert!(shown.contains("虚构firm1") && !shown.contains("> firm1"), "people by name, not by login");
    assert!(shown.contains("<details open"), "the application stands open");

    let apply = format!(
        "csrf={csrf}&version=1&items=%E9%95%89&reason=%E5%BC%82%E8%AE%AE&contact=%E5%BA%97%E4%B8%BB&advance=true"
    );
    let id = matter.rsplit('/').next().unwrap_or_default();
    let sent = ask(format!("/desk/matters/{id}/apply"), apply).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, &*matter), "{}", sent.text());

    // what is refused leads back to the page its form stood on, and to no other site
    let other = p.session("firm2").await;
    for (from, back) in [(format!("{ORIGIN}{failure}"), true), ("https://example.org/firm".to_owned(), false)]
    {
        let head = [("content-type", "application/x-www-form-urlencoded"), ("referer", from.as_str())];
        let body = format!("csrf={}&party=sampled", access::csrf_token(&other));
        let path = format!("{failure}/retest");
        let refused = p.send(Method::POST, &path, &As::Session(&other, true), &head, body).await;
        assert!(refused.status.is_client_error(), "{}", refused.status);
        assert_eq!(
            refused.text().contains(&format!("href=\"{failure}\"")),
            back,
            "{from}: {}",
            refused.text()
        );
        assert!(!refused.text().contains("example.org"));
    }
}

#[tokio::test]
async fn a_party_reads_who_acted_as_what_they_are_and_the_authority_reads_names() {
    let p = Province::new().await;
    let (_, record) = failed(&p).await;
    let desk = p.session("desk").await;
    let a = p.get(&format!("/desk/nonconformities/{record}?lang=zh"), &As::Session(&desk, true)).await.text();
    let from = a.find("/desk/matters/").unwrap();
    let matter: String = a[from..].split('"').next().unwrap_or_default().to_owned();
    let seen = p.get(&format!("{matter}?lang=zh"), &As::Session(&desk, true)).await.text();
    assert!(seen.contains("虚构lab2"), "{seen}");
    assert!(seen.contains(&format!("/desk/nonconformities/{record}")), "the record by its name: {seen}");
    let id = matter.rsplit('/').next().unwrap_or_default();
    let firm = p.session("firm1").await;
    let seen = p.get(&format!("/firm/duties/{id}?lang=zh"), &As::Session(&firm, true)).await;
    if seen.status == 200 {
        assert!(!seen.text().contains("虚构lab2"), "a laboratory's people are named to the authority alone");
    } else {
        assert_eq!(seen.status, 403, "{}", seen.text());
    }
}
