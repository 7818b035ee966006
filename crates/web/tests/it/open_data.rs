//! Open data: the files hold to the schema that is served, say when a row ceased to stand, and never hold risk monitoring; the
//! enterprise standards of firms, and limits side by side, for everybody.

use crate::doors::{filled, public, routes};
use crate::province::{As, LABORATORY, Province, site};
use axum::http::Method;
use base::Text;
use serde_json::{Value, json};

/// Words that stand on the record of the monitored sample alone.
const SECRET: [&str; 4] = ["FX26620102000099", "虚构秘密米", "虚构监测经营者", "LM99"];

/// A submitted sample of this kind.
pub(crate) async fn submitted(
    p: &Province,
    form_no: &str,
    kind: &str,
    product: &str,
    place: &str,
    lot: &str,
    value: &str,
) -> String {
    let (officer, one, two) = (p.token("officer").await, p.token("lab1").await, p.token("lab2").await);
    let sample = json!({
        "form_no": form_no, "kind": kind, "food": "大米", "product_name": product, "gtin": "06900000000014", "lot_no": lot,
        "place": site(4), "place_name": place, "produced": "2026-10-01", "sampled": "2026-11-20", "received": "2026-11-20", "arrival": crate::arrival(), "prepackaged": true,
        "region": "620102", "agency": "market", "laboratory": LABORATORY,
    });
    let a = p.post("/api/v1/samples", &As::Token(&officer), &sample).await;
    assert_eq!(a.status, 201, "{}", a.text());
    let path = a.header("location").to_owned();
    let result = json!({ "analyte": "镉(以Cd计)", "reported": value, "unit": "mg/kg", "lod": "0.002", "method": "GB 5009.15-2023" });
    let steps = [
        ("results", &one, result, 201),
        ("approve", &two, json!({ "report_no": format!("R-{form_no}") }), 200),
        ("submit", &two, json!({}), 200),
    ];
    for (step, who, body, status) in steps {
        let a = p.post(&format!("{path}/{step}"), &As::Token(who), &body).await;
        assert_eq!(a.status, status, "{form_no} {step}: {}", a.text());
    }
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A published list of every sample that may be published.
async fn published(p: &Province, title: &str) -> (base::Id, String) {
    let (drafter, publisher) = (p.principal("officer").await, p.principal("desk").await);
    let mut tx = p.app.store.begin().await.unwrap();
    let cx = p.cx("desk");
    p.app.lab.accept_laboratory(&mut tx, &cx, &publisher, LABORATORY, "证书已核对").await.unwrap();
    let title = Text::new(title.to_owned(), String::new());
    let id = p
        .app
        .lab
        .draft_bulletin(&mut tx, &p.cx("officer"), &drafter, "620102", "market", &title)
        .await
        .unwrap();
    p.app.lab.publish_bulletin(&mut tx, &cx, &publisher, id).await.unwrap();
    tx.commit().await.unwrap();
    let all = lab::public_bulletins(&p.app.store, None, 10).await.unwrap();
    (id, all.rows[0].slug.clone())
}

#[tokio::test]
async fn open_data_hold_to_their_schema_and_never_hold_risk_monitoring() {
    let p = Province::new().await;
    submitted(&p, "XC26620102000001", "evaluation", "虚构大米", "虚构经营者4", "L1", "0.05").await;
    submitted(&p, SECRET[0], "monitoring", SECRET[1], SECRET[2], SECRET[3], "0.36").await;
    let (list, slug) = published(&p, "2026年第1期").await;

    let schema = p.get("/results/schema.json", &As::Nobody).await;
    assert_eq!(schema.status, 200);
    let validator = jsonschema::validator_for(&schema.json()).unwrap();
    let holds = |what: &str, data: &Value| {
        let wrong: Vec<String> =
            validator.iter_errors(data).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{what}: {wrong:?}");
        assert!(!data.as_array().unwrap().is_empty(), "{what}");
    };
    let file = p.get(&format!("/results/{slug}/rows.json"), &As::Nobody).await.json();
    holds("the file of a list", &file);
    holds("a search", &p.get("/results?format=json", &As::Nobody).await.json());
    holds("the API", &p.get("/api/v1/sampling/results", &As::Nobody).await.json()["rows"]);
    assert!(!validator.is_valid(&json!([{ "form_no": "X" }])), "the schema refuses what lacks its columns");
    let page = p.get("/results", &As::Nobody).await.text();
    assert!(page.contains("/results/schema.json"), "the schema is linked");

    // a row taken back keeps its place in the data, with its end
    let row: base::Id =
        p.get("/results?format=json", &As::Nobody).await.json()[0]["id"].as_str().unwrap().parse().unwrap();
    let desk = p.principal("desk").await;
    let mut tx = p.app.store.begin().await.unwrap();
    let to = lab::RowState::Retracted;
    p.app.lab.amend_row(&mut tx, &p.cx("desk"), &desk, row, to, "重复公布").await.unwrap();
    p.app.lab.withdraw_bulletin(&mut tx, &p.cx("desk"), &desk, list, "编号有误").await.unwrap();
    tx.commit().await.unwrap();
    let standing = p.get("/results?format=json", &As::Nobody).await.json();
    assert_eq!(standing, json!([]), "what no longer stands is not among what does");
    let all = p.get("/results?format=json&all=true", &As::Nobody).await.json();
    holds("with what was taken back", &all);
    assert_eq!((&all[0]["state"], &all[0]["reason"]), (&json!("retracted"), &json!("重复公布")));
    assert!(all[0]["ended"].is_string(), "{all}");

    // over every door that is open to all, with the words that would find it
    let mut doors: Vec<String> = routes().iter().filter(|r| public(r)).map(|r| filled(r)).collect();
    for base in ["/results", "/results?format=json", "/results?format=csv", "/api/v1/sampling/results"] {
        for word in SECRET {
            let join = if base.contains('?') { '&' } else { '?' };
            let word = percent_encoding::utf8_percent_encode(word, percent_encoding::NON_ALPHANUMERIC);
            doors.push(format!("{base}{join}q={word}&all=true"));
        }
        doors.push(base.to_owned());
    }
    doors.extend([
        format!("/results/{slug}"),
        format!("/results/{slug}/rows.json"),
        "/api/v1/sampling/bulletins".to_owned(),
    ]);
    for door in doors {
        let a = p.send(Method::GET, &door, &As::Nobody, &[], String::new()).await;
        let text = a.text();
        // the words asked for stand in the form again, nowhere else
        let shown = text.replace("value=\"", "\u{1}");
        for word in SECRET {
            let found = shown.match_indices(word).any(|(at, _)| !shown[..at].ends_with('\u{1}'));
            let asked = door.contains("q=") && text.contains("<form");
            assert!(!found || asked, "{door} shows {word}");
        }
        if door.contains("q=") && !text.contains("<form") {
            assert!(SECRET.iter().all(|word| !text.contains(word)), "{door}: {text}");
        }
    }
}

#[tokio::test]
async fn limits_elsewhere_and_the_standards_of_firms_are_open_to_all() {
    let p = Province::new().await;
    let enc =
        |t: &str| percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string();
    let query = format!("food={}&analyte={}", enc("大米"), enc("镉"));
    let rows = p.get(&format!("/api/v1/limits?{query}"), &As::Nobody).await.json();
    let eu = rows["rows"].as_array().unwrap().iter().find(|r| r["jurisdiction"] == "eu").unwrap();
    assert_eq!((&eu["limit"], &eu["relation"]), (&json!("0.15"), &json!("stricter")));
    let page = p.get(&format!("/limits?{query}"), &As::Nobody).await.text();
    assert!(page.contains("欧盟") && page.contains("更严"), "{page}");
    let file = p.get(&format!("/limits/compare?{query}&format=csv"), &As::Nobody).await;
    assert!(file.status == 200 && file.text().contains("stricter"), "{}", file.text());
    assert_eq!(p.get("/limits/compare?food=x", &As::Nobody).await.status, 422);

    let mut tx = p.app.store.begin().await.unwrap();
    let firm = "insert into operator (id, version, code, code_key, name, name_en, kinds, region, status, initials, search, created_at, \
                updated_at) values (1, 1, '91620102MA00000000', 'x', '虚构经营者1', 'Fictitious 1', 1, '620102', 'active', '', '', 0, 0)";
    tx.exec(firm, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let session = p.session("firm1").await;
    let who = As::Session(&session, true);
    let csrf = access::csrf_token(&session);
    let drafted = |limit: &str| {
        format!(
            "csrf={csrf}&number={}&title={}&effective=2026-09-01&row.1.food={}&row.1.analyte={}&row.1.limit={limit}&row.1.unit={}",
            enc("Q/XGSD 0001S-2026"),
            enc("虚构大米"),
            enc("大米"),
            enc("镉"),
            enc("mg/kg"),
        )
    };
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let post = |path: String, body: String| {
        let (p, who) = (&p, &who);
        async move { p.send(Method::POST, &path, who, &form, body).await }
    };
    let refused = post("/firm/standards".to_owned(), drafted("oops")).await;
    assert!(refused.status == 422 && refused.text().contains("限量无法识别"), "{}", refused.text());
    let loose = post("/firm/standards".to_owned(), drafted("0.5")).await;
    assert_eq!(loose.status, 303, "{}", loose.text());
    let loose = loose.header("location").to_owned();
    assert!(p.get(&loose, &who).await.text().contains("宽于国家标准"));
    assert_eq!(post(format!("{loose}/publish"), format!("csrf={csrf}")).await.status, 422);
    let id = loose.rsplit('/').next().unwrap().to_owned();
    assert_eq!(p.get(&format!("/declared/{id}"), &As::Nobody).await.status, 404, "a draft is the firm's own");

    let strict = post("/firm/standards".to_owned(), drafted("0.1")).await.header("location").to_owned();
    assert_eq!(post(format!("{strict}/publish"), format!("csrf={csrf}")).await.status, 303);
    let id = strict.rsplit('/').next().unwrap();
    let page = p.get(&format!("/declared/{id}"), &As::Nobody).await.text();
    assert!(page.contains("严于国家标准") && page.contains("Q/XGSD 0001S-2026"), "{page}");
    let list = p.get("/api/v1/declared", &As::Nobody).await.json();
    assert_eq!(list["rows"][0]["rows"][0]["standing"], "stricter", "{list}");
    let csv = p.get("/declared?format=csv", &As::Nobody).await.text();
    assert!(csv.contains("stricter") && csv.contains("GB 2762-2025"), "{csv}");
    p.sequence().await;
    let receipt = p.get(&format!("/declared/{id}/receipt.json"), &As::Nobody).await;
    assert_eq!(receipt.status, 200, "{}", receipt.text());
    assert_eq!(
        post(format!("{strict}/withdraw"), format!("csrf={csrf}&reason={}", enc("修订"))).await.status,
        303
    );
    let page = p.get(&format!("/declared/{id}"), &As::Nobody).await.text();
    assert!(page.contains("已废止") && page.contains("修订"), "withdrawn stays readable: {page}");
}
