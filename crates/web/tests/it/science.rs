//! The workbench of the science: pages in both languages from real results, assumptions side by side, files that repeat the figures.

use crate::province::{As, LABORATORY, Province, now, site};
use axum::http::Method;
use risk::exposure::model::{Assessment, Model};
use serde_json::json;
use std::sync::Arc;
use store::jobs::Runner;

/// Twelve submitted samples of rice with cadmium.
async fn with_results(p: &Province) {
    let (officer, one, two) = (p.token("officer").await, p.token("lab1").await, p.token("lab2").await);
    for n in 0..12 {
        let sample = json!({
            "form_no": format!("XC266201020000{n:02}"), "kind": if n % 2 == 0 { "evaluation" } else { "supervision" },
            "food": "大米", "product_name": "虚构大米", "gtin": "06900000000014", "lot_no": "L1", "place": site(4),
            "place_name": "虚构经营者4", "produced": "2026-10-01", "sampled": "2026-11-20", "received": "2026-11-20", "arrival": crate::arrival(), "prepackaged": true,
            "region": "620102", "agency": "market", "laboratory": LABORATORY,
        });
        let a = p.post("/api/v1/samples", &As::Token(&officer), &sample).await;
        assert_eq!(a.status, 201, "{}", a.text());
        let path = a.header("location").to_owned();
        let reported = if n % 4 == 3 { "未检出".to_owned() } else { format!("0.0{}", n + 1) };
        let result = json!({ "analyte": "镉(以Cd计)", "reported": reported, "unit": "mg/kg", "lod": "0.002", "method": "GB 5009.15-2023" });
        let a = p.post(&format!("{path}/results"), &As::Token(&one), &result).await;
        assert_eq!(a.status, 201, "{}", a.text());
        let a = p
            .post(&format!("{path}/approve"), &As::Token(&two), &json!({ "report_no": format!("R{n}") }))
            .await;
        assert_eq!(a.status, 200, "{}", a.text());
        let a = p.post(&format!("{path}/submit"), &As::Token(&two), &json!({})).await;
        assert_eq!(a.status, 200, "{}", a.text());
    }
}

fn runner(p: &Province) -> Runner {
    web::background(&p.app, Runner::new(p.app.store.clone(), Arc::new(now), "science"))
}

#[tokio::test]
async fn substances_count_together_and_what_only_drawn_days_show_is_on_the_page() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let me = As::Session(&session, true);
    with_results(&p).await;
    let query = "substance=cadmium&replicates=0&with_1=lead&potency_1=0.5&unit_food=*&unit_value=3&processing_food=rice\
                 &processing=0.5&processing_upper=0.9&tail=95&protect_food=rice";
    let page = p.get(&format!("/desk/exposure?{query}"), &me).await.text();
    for part in
        ["累积暴露量", "各物质对累积暴露均值的贡献", "高端人日的食物来源", "其余物质按现状计入", "P95 (单日)"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = p.get(&format!("/desk/exposure?{query}&lang=en"), &me).await.text();
    assert!(page.contains("Cumulative exposure") && page.contains("Foods of the highest days"), "{page}");
    // the file repeats them on the command line, which reads it the same way
    let file = p.get(&format!("/desk/exposure/model.json?{query}"), &me).await.text();
    let model = Model::read(&file).unwrap();
    assert!(model.units.len() > 1 && model.settings.tail == Some(95.0) && model.substances.len() == 2);
    assert_eq!(model.processing[0].upper, Some(0.9));
    let token = p.token("officer").await;
    let told = p.get(&format!("/api/v1/exposure?{query}"), &As::Token(&token)).await;
    let figures = Assessment::new(model).unwrap().report(1, &mut |_| {}).figures;
    let figures = serde_json::to_string(&figures).unwrap();
    assert!(told.text().contains(&format!("\"figures\":{figures}")), "{}", told.text());
}

#[tokio::test]
async fn exposure_follows_the_results_and_its_file_repeats_the_figures() {
    let p = Province::new().await;
    let session = p.session("officer").await;
    let me = As::Session(&session, true);
    let empty = p.get("/desk/exposure?substance=cadmium", &me).await;
    assert!(empty.status == 200 && empty.text().contains("没有可用的检验结果"), "{}", empty.text());
    with_results(&p).await;
    let query =
        "substance=cadmium&replicates=2&limit_food=rice&limit=0.05&consumption_food=wheat&consumption=2";
    let page = p.get(&format!("/desk/exposure?{query}"), &me).await.text();
    for part in ["→", "<svg", "大米", "含风险导向样品", "缺口", "sha256:", "演示调查"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let token = p.token("officer").await;
    let told = p.get(&format!("/api/v1/exposure?{query}&model=true"), &As::Token(&token)).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let (text, told) = (told.text(), told.json());
    let file = p.get(&format!("/desk/exposure/model.json?{query}"), &me).await.text();
    let model = Model::read(&file).unwrap();
    assert_eq!(told["recipe"], model.recipe());
    assert!(page.contains(&model.recipe()), "the page names the recipe of its file");
    let model_recipe = model.recipe();
    let again = Assessment::new(model).unwrap().report(1, &mut |_| {});
    let figures = serde_json::to_string(&again.figures).unwrap();
    assert!(text.contains(&format!("\"figures\":{figures}")), "the same digits: {text}");
    assert_eq!((&told["generated_survey"], told["before"] == told["figures"]), (&true.into(), false));
    for (path, start) in [
        (format!("/desk/exposure?{query}&format=xlsx"), &b"PK"[..]),
        (format!("/desk/exposure/plot.svg?{query}"), b"<?xml"),
        (format!("/desk/exposure/plot.svg?plot=contributions&{query}"), b"<?xml"),
    ] {
        assert!(p.get(&path, &me).await.body.starts_with(start), "{path}");
    }
    // the figures move without their intervals, with a model of usual intake beside the observed means
    let moved = p.get(&format!("/desk/exposure/figures?{query}&usual=BBN"), &me).await;
    assert!(moved.header("cache-control").contains("no-store"), "a new result counts at once");
    let moved = moved.text();
    // everybody eats rice every day here: the model says that it does not converge instead of giving a figure
    assert!(
        moved.contains("BBN: 模型在这些数据上不收敛") && moved.contains("the model does not converge"),
        "{moved}"
    );
    assert!(!moved.contains("<span class=\"small soft nowrap\">["), "no intervals: {moved}");
    // the same question as a job
    let form = p.get(&format!("/desk/exposure/runs/new?{query}"), &me).await.text();
    assert!(form.contains("name=\"question\""), "{form}");
    let question = query.replace('=', "%3D").replace('&', "%26");
    let body = format!("csrf={}&question={question}", access::csrf_token(&session));
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let begun = p.send(Method::POST, "/desk/exposure/runs", &me, &kind, body).await;
    let run = begun.header("location").to_owned();
    assert!(run.starts_with("/desk/exposure/runs/"), "{run} {}", begun.text());
    assert!(!p.get(&run, &me).await.header("refresh").is_empty(), "it waits");
    let act = async |run: &str, word: &str| {
        let body = format!("csrf={}&action={word}", access::csrf_token(&session));
        assert_eq!(p.send(Method::POST, run, &me, &kind, body).await.status, 303);
    };
    // one that is stopped before anybody takes it up is not computed, and can be begun again
    act(&run, "stop").await;
    assert_eq!(runner(&p).run_due().await.unwrap(), 1);
    let stopped = p.get(&run, &me).await;
    assert!(stopped.header("refresh").is_empty() && stopped.text().contains("已停止"), "{}", stopped.text());
    act(&run, "again").await;
    assert_eq!(runner(&p).run_due().await.unwrap(), 1);
    let done = p.get(&run, &me).await.text();
    assert!(done.contains(&model_recipe), "the run answers with the same recipe: {done}");
    // its answer is the stored one: with its own files, to the same bits
    let file = p.get(&format!("{run}/model.json"), &me).await.text();
    let kept = Model::read(&file).unwrap();
    assert_eq!(kept.recipe(), model_recipe);
    assert_eq!(Assessment::new(kept).unwrap().report(1, &mut |_| {}).figures, again.figures);
    assert!(p.get(&format!("{run}/plot.svg?plot=contributions"), &me).await.body.starts_with(b"<?xml"));
    assert!(p.get(&format!("{run}?format=csv"), &me).await.text().contains(&model_recipe));
    assert!(p.get("/desk/exposure/runs?state=done&format=csv", &me).await.text().contains(&model_recipe));
    let far = p.session("elsewhere").await;
    for path in [run.clone(), format!("{run}/model.json"), format!("{run}/plot.svg")] {
        let answer = p.get(&path, &As::Session(&far, true)).await;
        assert_eq!(answer.status, 404, "{path}: a run is its owner's");
    }
    // a process that dies leaves a run without a sign of life: it is interrupted, and can be begun again
    let body = format!("csrf={}&question={question}", access::csrf_token(&session));
    let cut =
        p.send(Method::POST, "/desk/exposure/runs", &me, &kind, body).await.header("location").to_owned();
    let mut tx = p.app.store.begin().await.unwrap();
    let dead = "update exposure_run set state = 'running', seen = seen - 60000000 where state = 'waiting'";
    tx.exec(dead, &[]).await.unwrap();
    tx.exec("update job set state = 'dead' where state = 'waiting'", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let page = p.get(&cut, &me).await;
    assert!(page.header("refresh").is_empty() && page.text().contains("已中断"), "{}", page.text());
    assert!(p.get("/desk/exposure/runs?state=interrupted", &me).await.text().contains(&cut));
    act(&cut, "again").await;
    assert_eq!(runner(&p).run_due().await.unwrap(), 1);
    assert!(p.get(&cut, &me).await.text().contains(&model_recipe));
    for (query, field) in [
        ("limit=x", "limit"),
        ("processing=2", "processing_food"),
        ("reference=0", "reference"),
        ("with_1=cadmium&potency_1=1", "with_1"),
        ("with_1=lead", "potency_1"),
        ("unit_food=fruit", "unit_value"),
        ("unit_food=oil&unit_value=3", "unit_grams"),
        ("processing_food=rice&processing_upper=0.9", "processing"),
        ("tail=101", "tail"),
    ] {
        let a = p
            .get(&format!("/api/v1/exposure?substance=cadmium&replicates=0&{query}"), &As::Token(&token))
            .await;
        assert_eq!((a.status.as_u16(), &a.json()["field"]), (422, &field.into()), "{query} {}", a.text());
    }
}

#[tokio::test]
async fn every_page_of_the_workbench_opens_in_both_languages() {
    let p = Province::new().await;
    let session = p.session("desk").await;
    let me = As::Session(&session, true);
    let pages = [
        "/desk/exposure/acute?substance=lead&variability=primo&dose=5",
        "/desk/exposure/surveys",
        "/desk/design",
        "/desk/design?aim=detect&prevalence=0.01&population=500",
        "/desk/design?aim=freedom&prevalence=0.05&specificity=0.98",
        "/desk/design?aim=estimate&prevalence=0.03&margin=0.01",
        "/desk/design?aim=two_stage&prevalence=0.2",
        "/desk/design?aim=risk&population_share=0.9+0.1&relative_risk=1+3&sampling_share=0.5+0.5",
        "/desk/design?aim=allocate&total=100",
        "/desk/design?aim=rates",
        "/desk/methods",
        "/desk/methods/exposure",
        "/methods",
        "/methods/bmd",
    ];
    for path in pages {
        for (lang, tag) in [("zh", "zh-CN"), ("en", "en")] {
            let join = if path.contains('?') { '&' } else { '?' };
            let a = p.get(&format!("{path}{join}lang={lang}"), &me).await;
            assert_eq!(a.status, 200, "{path} {}", a.text());
            assert!(a.text().contains(&format!("lang=\"{tag}\"")), "{path}");
        }
    }
    assert_eq!(p.get("/methods/astrology", &As::Nobody).await.status, 404);
    assert!(p.get("/desk/design?aim=detect&prevalence=0.01&format=csv", &me).await.text().contains("299"));
    // every file of figures names the recipe of its figures
    for path in [
        "/desk/design?aim=allocate&",
        "/desk/design?aim=rates&",
        "/desk/sampling/statistics?",
        "/desk/sampling/statistics?table=kinds&",
    ] {
        let file = p.get(&format!("{path}format=csv"), &me).await.text();
        assert!(file.lines().next().is_some_and(|line| line.contains("recipe")), "{path} {file}");
    }
    let token = p.token("desk").await;
    let a = p.get("/api/v1/design?prevalence=0.01", &As::Token(&token)).await.json();
    assert_eq!(a["facts"][0]["value"], "299", "{a}");
}

#[tokio::test]
async fn an_uploaded_survey_is_used_and_a_wrong_one_says_where() {
    let p = Province::new().await;
    let session = p.session("desk").await;
    let post = async |csv: &str| {
        let csrf = access::csrf_token(&session);
        let field = |name: &str, value: &str| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = format!(
            "{}{}{}--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"s.csv\"\r\ncontent-type: text/csv\r\n\r\n{csv}\r\n--b--\r\n",
            field("csrf", &csrf),
            field("title", "试验调查"),
            field("region", "620102"),
        );
        let kind = [("content-type", "multipart/form-data; boundary=b")];
        p.send(Method::POST, "/desk/exposure/surveys", &As::Session(&session, true), &kind, body).await
    };
    let head = "person,day,body_weight_kg,age,food,grams\n";
    let wrong = post(&format!("{head}1,1,60,30,水泥,5\n")).await;
    assert!(wrong.status == 422 && wrong.text().contains("水泥"), "{} {}", wrong.status, wrong.text());
    let done = post(&format!("{head}1,1,60,30,挂面,120\n2,1,20,5,大米,80\n")).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let me = As::Session(&session, true);
    let page = p.get(done.header("location"), &me).await.text();
    assert!(page.contains("试验调查") && !page.contains("演示调查，不代表"), "{page}");
    let survey = done.header("location").split("survey=").nth(1).unwrap().to_owned();
    let csv = p.get(&format!("/desk/exposure/surveys/{survey}"), &me).await.text();
    assert!(csv.contains("wheat") && !csv.contains("挂面"), "{csv}");
    let far = p.session("elsewhere").await;
    assert_eq!(
        p.get(&format!("/desk/exposure/surveys/{survey}"), &As::Session(&far, true)).await.status,
        404
    );
}
