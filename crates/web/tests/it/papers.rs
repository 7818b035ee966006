//! Papers as PDF and files of results: who gets them, the same bytes each time, and what a machine without a font says.

use crate::open_data::submitted;
use crate::province::{As, Province};
use axum::http::Method;

#[tokio::test]
async fn a_report_is_a_pdf_for_those_who_see_the_sample_and_the_same_one_each_time() {
    let p = Province::new().await;
    let id = submitted(&p, "XC26620102000001", "evaluation", "虚构大米", "虚构经营者4", "L1", "0.05").await;
    let (officer, lab) = (p.session("officer").await, p.session("lab1").await);
    let elsewhere = p.session("elsewhere").await;
    for (path, who) in [
        (format!("/desk/samples/{id}/papers/report.pdf"), &officer),
        (format!("/lab/samples/{id}/papers/report.pdf"), &lab),
    ] {
        let who = As::Session(who, true);
        let first = p.get(&path, &who).await;
        if first.status == 503 {
            assert!(first.text().contains("字体") || first.text().contains("font"), "{}", first.text());
            println!("no Chinese font on this machine: {path} is not proved");
            continue;
        }
        assert_eq!((first.status.as_u16(), first.header("content-type")), (200, "application/pdf"), "{path}");
        assert!(first.body.starts_with(b"%PDF-"), "{path}");
        assert_eq!(first.body, p.get(&path, &who).await.body, "{path}: a paper that is final is issued once");
        assert_ne!(p.get(&path, &As::Session(&elsewhere, true)).await.status, 200, "{path}");
        assert_ne!(p.get(&path, &As::Nobody).await.status, 200, "{path}");
    }
    let page = p.get(&format!("/desk/samples/{id}"), &As::Session(&officer, true)).await.text();
    assert!(page.contains(&format!("/desk/samples/{id}/papers/report.pdf")), "the PDF is linked");
    // a sample of a sheet has no sampling form: what is linked is there
    let links: Vec<&str> = page.split("href=\"").filter_map(|l| l.split('"').next()).collect();
    for link in links.into_iter().filter(|l| l.contains("/papers/")) {
        let status = p.get(link, &As::Session(&officer, true)).await.status.as_u16();
        assert!(matches!(status, 200 | 503), "{link}: {status}");
    }
}

#[tokio::test]
async fn every_table_of_the_statistics_can_be_taken_along_and_samples_stand_by_what_falls_due() {
    let p = Province::new().await;
    let number = "XC26620102000001";
    submitted(&p, number, "evaluation", "虚构大米", "虚构经营者4", "L1", "0.05").await;
    let officer = p.session("officer").await;
    let who = As::Session(&officer, true);
    for (table, head) in [
        ("kinds", "kind,concluded"),
        ("hazards", "class,name,analyte"),
        ("per_thousand", "region,name,year"),
        ("laboratories", "laboratory,name,samples"),
        ("steadied", "region,name,concluded"),
    ] {
        let path = format!("/desk/sampling/statistics?by=region&table={table}&format=csv");
        let a = p.get(&path, &who).await;
        assert_eq!(a.status, 200, "{path}");
        assert!(a.text().trim_start_matches('\u{feff}').starts_with(head), "{path}: {}", a.text());
    }
    assert_eq!(p.get("/desk/sampling/statistics?table=none&format=csv", &who).await.status, 404);
    let page = p.get("/desk/sampling/statistics?by=region", &who).await.text();
    assert!(page.contains("table=laboratories"), "the file is offered below the table");
    // its report waits for publication
    for path in ["/desk/samples?sort=due", "/desk/samples?due=left&format=csv"] {
        assert!(p.get(path, &who).await.text().contains(number), "{path}");
    }
    assert!(!p.get("/desk/samples?due=overdue&format=csv", &who).await.text().contains(number));
}

#[tokio::test]
async fn a_file_of_results_is_the_senders_and_their_laboratorys() {
    let p = Province::new().await;
    let session = p.session("lab1").await;
    let who = As::Session(&session, true);
    let csrf = access::csrf_token(&session);
    let sheet = "抽样单编号,检验项目,检验结果,结果单位\nXC404,镉,0.05,mg/kg\n";
    let part =
        |head: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let post = |csrf: &str| {
        let body =
            part("name=\"csrf\"", csrf) + &part("name=\"file\"; filename=\"y.csv\"", sheet) + "--b--\r\n";
        let (p, who) = (&p, &who);
        async move {
            let kind = [("content-type", "multipart/form-data; boundary=b")];
            p.send(Method::POST, "/lab/files", who, &kind, body).await
        }
    };
    assert_eq!(post("forged").await.status, 403, "nothing is kept for a stranger");
    let sent = post(&csrf).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let path = sent.header("location").to_owned();
    assert_eq!(p.get(&path, &who).await.status, 200);
    assert!(p.get("/lab/files", &who).await.text().contains("y.csv"));
    assert!(p.get("/lab/files?format=csv", &who).await.text().contains("y.csv"));
    assert_eq!(p.get(&format!("{path}/errors?format=csv"), &who).await.status, 200);
    let officer = p.session("officer").await;
    let other = As::Session(&officer, true);
    assert_ne!(p.get(&path, &other).await.status, 200);
    assert!(!p.get("/lab/files", &other).await.text().contains("y.csv"));
}
