//! From the code on a package to what there is to know, as the GS1-Conformant Resolver standard has it.

use crate::province::{As, ORIGIN, Province, lot, made};
use crate::service::{capture, shipped};
use axum::http::Method;
use serde_json::Value;

const GTIN: &str = "06900000000014";

/// A registered product of operator 1 and its link.
async fn with_links(p: &Province) {
    let mut tx = p.app.store.begin().await.unwrap();
    tx.exec(
        "insert into operator (id, version, code, code_key, name, name_en, kinds, region, status, \
         initials, search, created_at, updated_at) \
         values (1, 1, '91620102MA00000000', 'x', '虚构经营者1', 'Fictitious 1', 1, '620102', 'active', '', '', 0, 0)",
        &[],
    )
    .await
    .unwrap();
    tx.exec(
        "insert into product (id, version, operator, gtin, name, category, status, created_at) \
         values (1, 1, 1, $1, '虚构挂面', '干面条', 'active', 0)",
        &[GTIN.into()],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn enter(p: &Province, token: &str, body: Value) -> u16 {
    let json = [("content-type", "application/json")];
    let a = p.send(Method::POST, "/api/v1/links", &As::Token(token), &json, body.to_string()).await;
    a.status.as_u16()
}

#[tokio::test]
async fn a_scanned_code_leads_to_the_consumers_page_and_a_wrong_one_is_told_why() {
    let p = Province::new().await;
    let path = format!("/01/{GTIN}/10/L1");
    for (asked, to) in [
        (path.clone(), format!("{ORIGIN}/lot{path}")),
        (format!("/gtin/{}/lot/L1/", &GTIN[1..]), format!("{ORIGIN}/lot{path}")),
        (format!("{path}?17=270101"), format!("{ORIGIN}/lot{path}?17=270101")),
        (format!("{path}?linkType=gs1:defaultLink"), format!("{ORIGIN}/lot{path}")),
        ("/00/106141412345678908".to_owned(), format!("{ORIGIN}/lot/00/106141412345678908")),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let a = p.send(method, &asked, &As::Nobody, &[], "").await;
            assert_eq!((a.status.as_u16(), a.header("location")), (307, to.as_str()), "{asked}");
            assert!(a.header("link").contains("rel=\"linkset\""), "{}", a.header("link"));
            assert_eq!(a.header("access-control-allow-origin"), "*");
        }
    }
    // compressed, whole or behind its key
    for (asked, to) in [
        ("/ARFRJydaKCCJV4IuWBlEIKMDk", "/01/09520123456788/10/ABC1/21/12345?17=180426"),
        ("/01/09520123456788/EESrwRcsDK?linkType=all", "/01/09520123456788/10/ABC1?17=180426&linkType=all"),
    ] {
        let a = p.get(asked, &As::Nobody).await;
        assert_eq!((a.status.as_u16(), a.header("location")), (307, to), "{asked}");
    }
    assert_eq!(p.get("/ARFRJydaKQ", &As::Nobody).await.status, 404, "a wrong check digit");
    for (asked, says) in [
        ("/01/06900000000015", "it should be 4"),
        ("/01/notagtin", "8, 12, 13 or 14 digits"),
        ("/01", "no value"),
        ("/00/106141412345678908/10/A", "Nothing may follow"),
    ] {
        let a = p.get(&format!("{asked}?lang=en"), &As::Nobody).await;
        assert_eq!(a.status, 400, "{asked}");
        assert!(a.text().contains(says), "{asked}: {}", a.text());
        assert_eq!(a.header("access-control-allow-origin"), "*");
    }
    let a = p.send(Method::OPTIONS, &path, &As::Nobody, &[], "").await;
    assert_eq!((a.status.as_u16(), a.header("allow")), (204, "GET, HEAD, OPTIONS"));
    let about = p.get("/.well-known/gs1resolver", &As::Nobody).await.json();
    assert_eq!(about["resolverRoot"], ORIGIN);
    assert!(about["supportedPrimaryKeys"].as_array().unwrap().iter().any(|k| k == "8006"));
}

#[tokio::test]
async fn a_firm_enters_links_of_its_own_products_and_the_resolver_walks_up_to_them() {
    let p = Province::new().await;
    with_links(&p).await;
    let (one, two) = (p.token("firm1").await, p.token("firm2").await);
    let link = |anchor: &str, kind: &str, href: &str, lang: &str| serde_json::json!({ "anchor": anchor, "link_type": kind, "href": href, "lang": lang });
    let key = format!("/01/{GTIN}");
    for (token, body, status) in [
        (&one, link(&key, "gs1:recipeInfo", "https://firm.example/zh", "zh"), 201),
        (&one, link(&key, "gs1:recipeInfo", "https://firm.example/en", "en"), 201),
        (
            &one,
            link(&format!("/01/{}/10/L1", &GTIN[1..]), "gs1:certificationInfo", "https://firm.example/c", ""),
            201,
        ),
        (&two, link(&key, "gs1:recipeInfo", "https://other.example/", ""), 403),
        (&one, link(&key, "gs1:recipeInfo", "http://firm.example/", ""), 422),
        (&one, link("/01/06900000000021", "gs1:pip", "https://firm.example/", ""), 422),
        (&one, link("/01/1", "gs1:pip", "https://firm.example/", ""), 422),
    ] {
        assert_eq!(enter(&p, token, body.clone()).await, status, "{body}");
    }
    let lot = format!("/01/{GTIN}/10/L1/21/7");
    for (query, language, to) in [
        ("linkType=gs1:recipeInfo", "zh-CN", "https://firm.example/zh"),
        ("linkType=gs1:recipeInfo", "en-GB,en;q=0.9", "https://firm.example/en"),
        ("linkType=https%3A%2F%2Fgs1.org%2Fvoc%2FrecipeInfo&utm=1", "en", "https://firm.example/en?utm=1"),
        ("linkType=gs1:certificationInfo", "zh", "https://firm.example/c"),
    ] {
        let a = p
            .send(Method::GET, &format!("{lot}?{query}"), &As::Nobody, &[("accept-language", language)], "")
            .await;
        assert_eq!((a.status.as_u16(), a.header("location")), (307, to), "{query} {language}");
    }
    // a person is told first whose page it is, and that it is not the authority's; scripts and programs are led on as before
    let asked = format!("{lot}?linkType=gs1:certificationInfo&utm=1&lang=en");
    for (headers, status) in [
        (&[("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")][..], 200),
        (&[("user-agent", "Mozilla/5.0"), ("accept", "text/html,*/*;q=0.8")], 200),
        (&[("sec-fetch-mode", "cors"), ("accept", "*/*")], 307),
        (&[("user-agent", "curl/8.5.0")], 307),
    ] {
        let a = p.send(Method::GET, &asked, &As::Nobody, headers, "").await;
        assert_eq!(a.status.as_u16(), status, "{headers:?}: {}", a.text());
        assert!(a.header("link").contains("rel=\"linkset\""), "{headers:?}");
        if status == 200 {
            let page = a.text();
            assert!(
                page.contains("You are leaving this site")
                    && page.contains("<code class=\"break\">firm.example</code>"),
                "{page}"
            );
            assert!(page.contains("href=\"https://firm.example/c?utm=1&amp;lang=en\""), "{page}");
        }
    }
    // its own pages are nobody else's
    let own = [("sec-fetch-mode", "navigate"), ("accept", "text/html")];
    let a = p.send(Method::GET, &key, &As::Nobody, &own, "").await;
    assert_eq!(a.status, 307);
    // a context that is asked for wins, is told in the linkset, and goes along
    let mut meant = link(&key, "gs1:recipeInfo", "https://firm.example/cn", "zh");
    meant["context"] = "CN".into();
    assert_eq!(enter(&p, &one, meant.clone()).await, 201);
    meant["context"] = "C N".into();
    assert_eq!(enter(&p, &one, meant).await, 422);
    let a = p.get(&format!("{key}?linkType=gs1:recipeInfo&context=CN"), &As::Nobody).await;
    assert_eq!(a.header("location"), "https://firm.example/cn?context=CN");
    let a = p.send(Method::GET, &key, &As::Nobody, &[("accept", "application/ld+json")], "").await;
    assert_eq!(a.header("content-type"), "application/ld+json");
    assert!(a.json()["@context"].is_string() && a.text().contains("\"context\":[\"CN\"]"), "{}", a.text());
    let none = p.get(&format!("{key}?linkType=gs1:promotion&lang=en"), &As::Nobody).await;
    assert_eq!(none.status, 404);
    assert!(none.text().contains("gs1:recipeInfo"), "{}", none.text());
    // the linkset: one object an anchor, the finest first; every link with address and title
    for (query, accept) in
        [("?linkType=linkset", "*/*"), ("?linkType=all", "*/*"), ("", "application/linkset+json")]
    {
        let a = p.send(Method::GET, &format!("{lot}{query}"), &As::Nobody, &[("accept", accept)], "").await;
        assert_eq!((a.status.as_u16(), a.header("content-type")), (200, "application/linkset+json"));
        let set = a.json();
        let anchors: Vec<&str> =
            set["linkset"].as_array().unwrap().iter().filter_map(|o| o["anchor"].as_str()).collect();
        assert_eq!(anchors.len(), 3, "{anchors:?}");
        assert!(anchors.contains(&&*format!("{ORIGIN}{key}")));
        for object in set["linkset"].as_array().unwrap() {
            for (relation, targets) in object.as_object().unwrap().iter().filter(|(n, _)| *n != "anchor") {
                assert!(relation.starts_with("https://gs1.org/voc/"), "{relation}");
                for t in targets.as_array().unwrap() {
                    assert!(t["href"].as_str().unwrap().starts_with("https://"), "{t}");
                    assert!(!t["title"].as_str().unwrap().is_empty(), "{t}");
                }
            }
        }
    }
    // what is entered is listed for the firm, and goes when it is taken away
    let rows = p.get("/api/v1/links", &As::Token(&one)).await.json();
    let rows = serde_json::json!({ "rows": rows["rows"].as_array().unwrap().iter().filter(|r| r["context"] == "").collect::<Vec<_>>() });
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
    let (id, version) = (rows["rows"][0]["id"].as_str().unwrap(), &rows["rows"][0]["version"]);
    let at = format!("/api/v1/links/{id}?version={version}");
    assert_eq!(p.send(Method::DELETE, &at, &As::Token(&two), &[], "").await.status, 403);
    assert_eq!(p.send(Method::DELETE, &at, &As::Token(&one), &[], "").await.status, 204);
    assert_eq!(p.get(&format!("{lot}?linkType=gs1:certificationInfo"), &As::Nobody).await.status, 404);
}

#[tokio::test]
async fn the_consumers_page_tells_what_is_public_and_says_when_nothing_is_known() {
    let p = Province::new().await;
    with_links(&p).await;
    let one = p.token("firm1").await;
    capture(&p, &one, &[made(1, 1, &lot("A")), shipped(1, 2, &lot("A"))]).await;
    let path = lot("A").replace("https://id.gs1.org", "");
    for lang in ["zh", "en"] {
        let a = p.get(&format!("/lot{path}?lang={lang}"), &As::Nobody).await;
        assert_eq!(a.status, 200, "{}", a.text());
        let text = a.text();
        for part in ["虚构挂面", "12315", "/lot/qr.svg?link="] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("虚构经营者2"), "no name of a buyer");
        assert!(a.body.len() < 100_000);
    }
    let code = p.get(&format!("/lot/qr.svg?link={}", path.replace('/', "%2F")), &As::Nobody).await;
    assert_eq!((code.status.as_u16(), code.header("content-type")), (200, "image/svg+xml"));
    // a lot with a code of a national standard is captured and found under it
    let national = "urn:x-cntrace:nyt1431:62010200100100112345";
    capture(&p, &one, &[made(1, 1, national)]).await;
    let a = p.get("/cn/nyt1431/6201%200200%201001%200011%202345", &As::Nobody).await;
    assert_eq!(
        (a.status.as_u16(), a.header("location")),
        (307, &*format!("{ORIGIN}/lot/cn/nyt1431/62010200100100112345"))
    );
    // a link type is heard beside other parameters, as for every other code
    let code = "/cn/nyt1431/62010200100100112345";
    let unheard = code.replace("2345", "9999");
    assert_eq!(p.get(&format!("{unheard}?linkType=linkset"), &As::Nobody).await.status, 404);
    let a = p.get(&format!("{code}?utm=1&linkType=linkset"), &As::Nobody).await;
    assert_eq!((a.status.as_u16(), a.header("content-type")), (200, "application/linkset+json"));
    let a = p.get(&format!("{code}?utm=1&linkType=gs1:pip"), &As::Nobody).await;
    assert_eq!(a.status, 307);
    assert!(a.header("location").starts_with(&format!("{ORIGIN}/lot{code}?lang=zh&utm=1")));
    assert_eq!(p.get(&format!("{code}?linkType=gs1:recipeInfo"), &As::Nobody).await.status, 404);
    let a = p.get("/lot/cn/nyt1431/62010200100100112345?lang=en", &As::Nobody).await;
    assert!(a.status == 200 && a.text().contains("Where this lot has been"), "{} {}", a.status, a.text());
    assert_eq!(p.get("/lot/cn/nyt1431/62010200100100112346", &As::Nobody).await.status, 404);
    assert_eq!(p.get("/cn/nyt1431/x", &As::Nobody).await.status, 400);
    // a lot number typed in small letters is another lot: nothing is said of recalls, and the one meant is offered
    let small = p.get(&format!("/lot{}", path.replace("/10/A", "/10/a")), &As::Nobody).await.text();
    assert!(small.contains("无法判断它是否被召回") && !small.contains("目前没有涉及"), "{small}");
    assert!(small.contains(&format!("href=\"/lot{path}\"")), "{small}");
    let nothing = p.get("/lot/01/06901234567892/10/NONE?lang=en", &As::Nobody).await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("there is no record of it here"));
    assert_eq!(p.get("/01/06901234567892/10/NONE?linkType=linkset", &As::Nobody).await.status, 404);
    let set = p.get(&format!("{path}?linkType=gs1:traceability"), &As::Nobody).await;
    assert!(set.header("location").contains("#way"), "{}", set.header("location"));
}
