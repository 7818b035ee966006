//! Ledgers, their forms, batch files and certificates.

use crate::province::{Answer, As, Province};
use axum::http::Method;

async fn post(p: &Province, session: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = access::csrf_token(session);
    let encode = |t: &str| -> String { t.bytes().map(|b| format!("%{b:02X}")).collect() };
    let mut body = format!("csrf={csrf}");
    for (name, value) in fields {
        body += &format!("&{}={}", encode(name), encode(value));
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    p.send(Method::POST, path, &As::Session(session, true), &form, body).await
}

const CERTIFICATE: [(&str, &str); 9] = [
    ("product", "虚构百合"),
    ("gtin", "06900000000014"),
    ("lot", "L1"),
    ("quantity", "80"),
    ("unit", "kg"),
    ("origin", "七里河区西果园镇"),
    ("issued", "2026-11-20"),
    ("basis", "control"),
    ("contact", "13900000009"),
];

#[tokio::test]
async fn a_row_by_hand_is_in_the_ledger_and_in_the_officers_list() {
    let p = Province::new().await;
    let session = p.session("firm2").await;
    let form = "/firm/records/materials/new";
    let read =
        post(&p, &session, form, &[("do", "read"), ("code", "(01)06900000000014(10)S-1(17)271231")]).await;
    assert_eq!(read.status, 200, "{}", read.text());
    assert!(read.text().contains("value=\"S-1\"") && read.text().contains("2027-12-31"), "{}", read.text());
    let bad = post(&p, &session, form, &[("do", "read"), ("code", "hello")]).await;
    assert!(bad.text().contains("role=\"alert\""));
    let wrong = post(&p, &session, form, &[("名称", "虚构小麦"), ("数量", "x"), ("单位", "kg")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("供货者名称") && wrong.text().contains("虚构小麦"));
    let row = [
        ("名称", "虚构小麦"),
        ("数量", "100"),
        ("单位", "kg"),
        ("批号", "W1"),
        ("进货日期", "2026-11-19"),
        ("供货者名称", "虚构经营者1"),
        ("联系方式", "13900000001"),
    ];
    let done = post(&p, &session, form, &row).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("receipt.json"));
    let me = As::Session(&session, true);
    let csv = p.get("/firm/records?kind=materials&format=csv", &me).await.text();
    assert!(
        csv.contains("虚构小麦") && csv.contains("供货者许可证") && !csv.contains("13900000001"),
        "{csv}"
    );
    assert!(p.get("/firm/records?kind=materials&format=xlsx", &me).await.body.starts_with(b"PK"));
    let item = csv.lines().nth(1).is_some();
    assert!(item, "{csv}");
    let officer = p.session("officer").await;
    let me = As::Session(&officer, true);
    p.sequence().await;
    p.app.supply.follow_records(p.app.now()).await.unwrap();
    let gaps = p.get("/desk/ledgers?lang=zh", &me).await.text();
    assert!(gaps.contains("虚构经营者2") && gaps.contains("供货者许可证"), "{gaps}");
    let firm = p.get(&format!("/desk/ledgers/{}?only=gaps", base::Id(2)), &me).await;
    assert_eq!(firm.status, 200);
    assert!(firm.text().contains("虚构小麦"));
    assert!(p.get("/desk/ledgers?format=csv", &me).await.text().contains("虚构经营者2"));
    // the row is mended in its place, and a start that is cut is said
    let me = As::Session(&session, true);
    let list = p.get("/firm/records?kind=materials&lang=zh", &me).await.text();
    let mend =
        list.split("new?mend=").nth(1).expect("a way to mend it").split('"').next().unwrap().to_owned();
    let shown = p.get(&format!("{form}?mend={mend}&lang=zh"), &me).await.text();
    assert!(
        shown.contains("value=\"W1\"") && shown.contains("更正这一笔") && shown.contains("撤回"),
        "{shown}"
    );
    let mut mended = Vec::from(row);
    mended.extend([("mend", mend.as_str()), ("规格", "25kg")]);
    let done = post(&p, &session, form, &mended).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let csv = p.get("/firm/records?kind=materials&format=csv", &me).await.text();
    assert!(csv.matches("虚构小麦").count() == 1 && csv.contains("25kg"), "{csv}");
    let early = p.get("/firm/records?kind=materials&from=2020-01-01&lang=zh", &me).await.text();
    assert!(early.contains("一次最多显示 366 天"), "{early}");
    let late = p.get("/firm/records?kind=materials&from=2026-11-01&lang=zh", &me).await.text();
    assert!(!late.contains("一次最多显示"), "{late}");
    // another firm has no business with it
    let other = p.session("firm1").await;
    assert_eq!(
        p.get(&format!("/desk/ledgers/{}", base::Id(2)), &As::Session(&other, true)).await.status,
        403
    );
    assert_eq!(p.get("/firm/records", &As::Session(&officer, true)).await.status, 403);
}

#[tokio::test]
async fn a_certificate_is_issued_checked_by_anybody_and_voided() {
    let p = Province::new().await;
    let session = p.session("firm1").await;
    let me = As::Session(&session, true);
    let wrong = post(&p, &session, "/firm/certificates/new", &CERTIFICATE[..7]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("虚构百合") && wrong.text().contains("承诺依据"), "what was typed stays");
    let done = post(&p, &session, "/firm/certificates/new", &CERTIFICATE).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let number = done.header("location").rsplit('/').next().unwrap().to_owned();
    let printed = p.get(&format!("/firm/certificates/{number}"), &me).await.text();
    assert!(printed.contains("13900000009") && printed.contains("七里河区"));
    let public = p.get(&format!("/cert/{number}?lang=zh"), &As::Nobody).await;
    assert_eq!(public.status, 200);
    assert!(public.text().contains("真实有效") && !public.text().contains("13900000009"));
    let qr = p.get(&format!("/cert/{number}/qr.svg"), &As::Nobody).await;
    assert_eq!(qr.header("content-type"), "image/svg+xml");
    let found = p.get(&format!("/cert?number={number}"), &As::Nobody).await;
    assert_eq!((found.status.as_u16(), found.header("location")), (303, &*format!("/cert/{number}")));
    for path in ["/cert/12345678901234567890", "/cert/x", "/cert/x/qr.svg"] {
        assert_eq!(p.get(path, &As::Nobody).await.status, 404, "{path}");
    }
    // the consumer's page of the lot and the resolver lead to it
    let text = public.text();
    let path = format!("/01/{}", text.split("href=\"/01/").nth(1).unwrap().split('"').next().unwrap());
    assert!(p.get(&format!("/lot{path}"), &As::Nobody).await.text().contains(&format!("/cert/{number}")));
    let to = p.get(&format!("{path}?linkType=gs1:certificationInfo"), &As::Nobody).await;
    assert!(to.header("location").contains(&format!("/cert/{number}")), "{}", to.header("location"));
    let list = p.get("/firm/certificates?format=csv", &me).await.text();
    assert!(list.contains(&number) && list.contains("虚构百合"));
    // re-issued by a trader after mixing: the chain is shown
    let trader = p.session("firm2").await;
    let cite = "cite.0.number";
    let mut fields = Vec::from(CERTIFICATE);
    fields[2].1 = "MIX";
    fields.extend([(cite, number.as_str()), ("cite.0.quantity", "80")]);
    let again = post(&p, &trader, "/firm/certificates/new", &fields).await;
    // it never recorded the purchase: issued, and told so
    assert_eq!(again.status, 200, "{}", again.text());
    let text = again.text();
    let is_number = |number: &&str| number.len() == 20 && number.bytes().all(|b| b.is_ascii_alphanumeric());
    let linked = text.split("/firm/certificates/").skip(1).filter_map(|rest| rest.get(..20));
    let second = linked.filter(is_number).find(|found| *found != number).unwrap().to_owned();
    let public = p.get(&format!("/cert/{second}"), &As::Nobody).await.text();
    assert!(public.contains(&number), "cites {number}");
    assert_eq!(
        post(&p, &trader, &format!("/firm/certificates/{number}/void"), &[("reason", "x y")]).await.status,
        404
    );
    let path = format!("/firm/certificates/{number}/void");
    assert_eq!(post(&p, &session, &path, &[("reason", "")]).await.status, 422);
    assert_eq!(post(&p, &session, &path, &[("reason", "数量误填")]).await.status, 303);
    assert!(p.get(&format!("/cert/{number}?lang=zh"), &As::Nobody).await.text().contains("数量误填"));
}

#[tokio::test]
async fn every_page_of_records_opens_in_both_languages() {
    let p = Province::new().await;
    let session = p.session("firm2").await;
    let officer = p.session("officer").await;
    let made =
        [("date", "2026-11-20"), ("product", "虚构面粉"), ("lot", "F1"), ("quantity", "75"), ("unit", "kg")];
    let done = post(&p, &session, "/firm/batch", &made).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(post(&p, &session, "/firm/batch", &made[..2]).await.status, 422);
    let mut firm: Vec<String> =
        ["/firm/batch", "/firm/batches", "/firm/certificates", "/firm/certificates/new", "/firm/upload"]
            .map(str::to_owned)
            .to_vec();
    for kind in supply::LedgerKind::ALL {
        firm.push(format!("/firm/records?kind={}&sort=partner&dir=desc&q=x", kind.word()));
        firm.push(format!("/firm/records/{}/new", kind.word()));
        let template = format!("/firm/upload/template?kind={}&format=csv", kind.word());
        assert!(p.get(&template, &As::Session(&session, true)).await.text().contains("数量"));
    }
    let desk = [
        "/desk/ledgers?only=licence&sort=name".to_owned(),
        "/desk/certificates?state=void".to_owned(),
        format!("/desk/ledgers/{}?kind=release", base::Id(2)),
    ];
    let all = firm.into_iter().map(|f| (f, &session)).chain(desk.map(|d| (d, &officer)));
    for (path, who) in all {
        for (lang, tag) in [("zh", "zh-CN"), ("en", "en")] {
            let join = if path.contains('?') { '&' } else { '?' };
            let a = p.get(&format!("{path}{join}lang={lang}"), &As::Session(who, true)).await;
            assert_eq!(a.status, 200, "{path} {}", a.text());
            assert!(a.text().contains(&format!("lang=\"{tag}\"")), "{path}");
            assert!(a.body.len() < 100_000, "{path}: {} bytes", a.body.len());
        }
    }
    let me = As::Session(&session, true);
    for path in ["/firm/batches?format=xlsx", "/firm/batches/template"] {
        assert!(p.get(path, &me).await.body.starts_with(b"PK"), "{path}");
    }
    let ins = p.get("/firm/batches?format=csv&table=in", &me).await.text();
    assert!(ins.contains("F1") && ins.contains("生产"), "{ins}");
    assert_eq!(p.get("/firm/records/nothing/new", &me).await.status, 404);
}
