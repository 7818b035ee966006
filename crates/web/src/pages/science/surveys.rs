//! Surveys of consumption: the generated one, and those a province uploads.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use access::Resource;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect};
use base::Text;
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /desk/exposure/surveys`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/exposure/surveys", raw.as_deref(), "created");
    let all = assess::survey::uploaded(&app.store, &app.access, &viewer.who, app.now()).await?;
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet(
            "surveys",
            &["id", "title", "region", "persons", "days", "rows", "sha256", "uploaded"],
        );
        for s in &all {
            sheet.rows.push(crate::export::texts([
                s.id.to_string(),
                s.title.clone(),
                s.region.clone(),
                s.persons.to_string(),
                s.days.to_string(),
                s.eaten.to_string(),
                s.sha256.clone(),
                s.created.china_date().to_string(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let demo = assess::survey::Survey::generated();
    let mut rows: Vec<Vec<Markup>> = vec![vec![
        html! { a href="/desk/exposure?survey=demo" { (demo.title.get(lang)) } " " (ui::badge(Tone::Warn, lang.pick("生成", "generated"))) },
        html! { "—" },
        html! { (demo.persons) },
        html! { (demo.days) },
        html! { (demo.consumption.lines().count() - 1) },
        html! { span.mono { (&demo.sha256[..12]) } },
        html! { a href="/desk/exposure/surveys/demo" download { "CSV" } },
    ]];
    rows.extend(all.iter().map(|s| {
        vec![
            html! { a href={ "/desk/exposure?survey=" (s.id) } { (s.title) } },
            html! { (region_name(lang, &s.region)) },
            html! { (s.persons) },
            html! { (s.days) },
            html! { (s.eaten) },
            html! { span.mono { (&s.sha256[..12]) } },
            html! { a href={ "/desk/exposure/surveys/" (s.id) } download { "CSV" } },
        ]
    }));
    let columns = [
        Column::text("调查", "Survey"),
        Column::text("地区", "Region"),
        Column::num("人数", "People"),
        Column::num("每人天数", "Days each"),
        Column::num("记录", "Rows"),
        Column::text("散列", "Hash"),
        Column::text("下载", "Download"),
    ];
    let title = lang.pick("膳食调查", "Surveys of consumption");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/exposure/surveys"))
        h1 { (title) }
        p { (lang.pick(
            "没有可公开使用的中国个体膳食调查；默认的一份由程序按公开的分组均值生成，只供演示。",
            "No person-level Chinese survey is open to use; the default one is generated from published group means, for demonstration only.")) }
        (ui::table(lang, title, &columns, &rows, None))
        (ui::pager(lang, &links, rows.len(), None, None, true))
        (form(&app, &viewer))
    }).into_response())
}

fn form(app: &App, viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let region = viewer.who.grants.first().map_or("", |g| g.region.as_str());
    if !app.access.allows(&viewer.who, "create", &Resource::new("sample", region), app.now()) {
        return html! {};
    }
    html! { section.card { h2 { (lang.pick("上传本省调查", "Upload a survey")) }
        p { (lang.pick("CSV（UTF-8），一行一种食物：", "CSV (UTF-8), a row a food eaten: "))
            code { "person,day,body_weight_kg,age,sex,weight,region,food,grams" } }
        ul.small {
            li { (lang.pick("person 只用于区分人，入库时重新编号，不要填姓名。", "person only tells people apart; it is numbered anew and not kept. Give no names.")) }
            li { (lang.pick("age 可改为 age_group（如 18-59）；sex、weight、region 可省。", "age may be age_group (such as 18-59); sex, weight and region may be left out.")) }
            li { (lang.pick("food 用下表的编号、名称，或食品目录认得的名称；某天没吃留空 food。", "food: an id or name below, or any name the food tree knows; leave it empty for a day without.")) }
        }
        form method="post" enctype="multipart/form-data" {
            (layout::csrf(viewer))
            (ui::input(&Field { name: "title", id: "survey-title", label: lang.pick("名称", "Name"), required: true, ..Field::default() }))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"))))
            div.field { label.req for="file" { (lang.pick("文件", "File")) } input #file type="file" name="file" accept=".csv,text/csv" required; }
            button { (lang.pick("上传", "Upload")) }
        }
        details { summary { (lang.pick("食物编号与归类", "Ids of foods and their classes")) }
            ul.small { @for f in &assess::foods::Foods::builtin().all { li { code { (f.id) } " " (f.title.get(lang)) " · GB 2762: " (f.nodes.join(" ")) } } } }
    } }
}

/// `POST /desk/exposure/surveys`. Right: create sample.
pub(super) async fn upload(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let file = posted.files.iter().find(|f| f.field == "file").ok_or_else(|| {
        Fault::bad("file", Text::of("请选择要上传的 CSV 文件", "choose the CSV file to upload"))
    })?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let target = (posted.get("region"), posted.get("title"));
    let id = assess::survey::upload(&mut tx, &cx, &app.access, &viewer.who, target, &file.bytes).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/exposure?survey={id}")).into_response())
}

/// `GET /desk/exposure/surveys/{id}`: the survey as it could be uploaded again. Right: view sample.
pub(super) async fn download(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let survey = assess::survey::find(&app.store, &app.access, &viewer.who, app.now(), &id).await?;
    let mut response = survey.joined().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers
        .insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"survey.csv\""));
    Ok(response)
}
