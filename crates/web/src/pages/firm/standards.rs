//! The firm's enterprise standards: drafted by form or sheet, checked against the national limits, declared in public, withdrawn.

use super::operator;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::choices;
use crate::pages::public::declared::{facts, lines, state_badge};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use lab::{DeclaredFilter, DeclaredState, Declarer, Error, NewDeclared};
use limits::DeclaredRow;
use maud::{Markup, html};
use paper::sheet::Workbook;
use std::sync::Arc;

const PATH: &str = "/firm/standards";
const STANDARD: Text = Text::of("企业标准", "enterprise standard");
/// Rows of the form; a sheet holds more.
const ROWS: usize = 8;

/// `GET /firm/standards`. Right: view document, of the own operator.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let mut links = ListLinks::read(PATH, raw.as_deref(), "created");
    if links.get("sort").is_none() {
        links.desc = true;
    }
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    let f = DeclaredFilter {
        operator: Some(own),
        text: text("q"),
        state: links.get("state").and_then(DeclaredState::read),
        oldest: links.sort == "created" && !links.desc,
        after: text("after"),
        limit: if links.get("format").is_some() { 500 } else { 0 },
        ..DeclaredFilter::default()
    };
    let page = lab::declared_standards(&app.store, &f).await?;
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet(
            "standards",
            &["number", "title", "effective", "state", "rows", "published", "withdrawn", "reason"],
        );
        let day = |at: Option<base::Instant>| at.map(|a| a.china_date().to_string()).unwrap_or_default();
        for d in &page.rows {
            sheet.rows.push(crate::export::texts([
                d.number.clone(),
                d.title.clone(),
                d.effective.to_string(),
                d.state.word().to_owned(),
                d.rows.len().to_string(),
                day(d.published),
                day(d.withdrawn),
                d.reason.clone().unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|d| {
            vec![
                html! { a href={ (PATH) "/" (d.id) } { code { (d.number) } } div { (d.title) } },
                html! { (d.rows.len()) },
                html! { (d.effective) },
                html! { (d.created.china_date()) },
                state_badge(lang, d.state),
            ]
        })
        .collect();
    let title = lang.pick("企业标准公开承诺", "Enterprise standards, declared");
    let columns = [
        Column::text("编号和名称", "Number and title"),
        Column::num("指标", "Rows"),
        Column::text("生效日期", "In force from"),
        Column::text("起草日期", "Drafted").by("created"),
        Column::text("状态", "State"),
    ];
    let states: Vec<(String, String)> = std::iter::once((String::new(), lang.pick("全部", "All").to_owned()))
        .chain(DeclaredState::ALL.iter().map(|s| (s.word().to_owned(), s.label().get(lang).to_owned())))
        .collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href={ (PATH) "/new" } { (lang.pick("声明一项标准", "Declare a standard")) } }))
        p.soft { (lang.pick("公开后对本单位有约束力：抽样单“执行标准”填写该编号的样品，除按国家标准判定外，还按本标准另行判定。", "Once public it binds your firm: samples whose form names this number are judged by it too, beside the national standard.")) }
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("编号、名称、食品或项目", "Number, title, food or analyte"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &states))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("还没有企业标准", "No standard yet"), lang.pick("严于国家标准的企业标准，公开后由社会监督。", "A standard stricter than the law, open to everybody's eyes."))) }
        @else { (ui::table(lang, title, &columns, &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true)) }
    }).into_response())
}

/// `GET /firm/standards/new`. Right: create document, of the own operator.
pub(super) async fn new(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    operator(&viewer)?;
    Ok(form(&app, &viewer, None, None))
}

fn form(app: &App, viewer: &Viewer, posted: Option<&Posted>, error: Option<&Error>) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("声明一项企业标准", "Declare an enterprise standard");
    let get = |name: &str| posted.map(|p| p.get(name).to_owned()).unwrap_or_default();
    let today = app.now().china_date().to_string();
    let effective = if posted.is_some() { get("effective") } else { today };
    let (number, name) = (get("number"), get("title"));
    let cell = |i: usize, column: &str, label: &str, required: bool| {
        let field = format!("row.{i}.{column}");
        let value = get(&field);
        ui::input(&Field {
            name: &field,
            label,
            value: &value,
            required: required && i == 1,
            ..Field::default()
        })
    };
    layout::page(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("企业标准", "Enterprise standards")), ("", title)]))
            h1 { (title) }
            @if let Some(e) = error { (ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) }
                @if let Error::Invalid(problems) = e { ul { @for p in problems { li { (p.label.get(lang)) "：" (p.message.get(lang)) } } } }
                @if let Error::Rows(rows) = e { ul { @for r in rows.iter().take(50) { li { (lang.pick("行 ", "row ")) (r.line) " " (r.column) " " code { (r.value) } " " (r.message.get(lang)) } } } } })) }
            form.card method="post" action=(PATH) enctype="multipart/form-data" {
                (layout::csrf(viewer))
                (ui::input(&Field { name: "number", label: lang.pick("标准编号", "Number"), hint: "Q/ABC 0001S-2026", value: &number, required: true, ..Field::default() }))
                (ui::input(&Field { name: "title", label: lang.pick("标准名称", "Title"), value: &name, required: true, ..Field::default() }))
                (ui::input(&Field { name: "effective", label: lang.pick("生效日期", "In force from"), value: &effective, kind: "date", required: true, ..Field::default() }))
                h2 { (lang.pick("指标", "Rows")) }
                p.hint { (lang.pick("限量填数字、≥数字、低~高、不得检出或 n=5,c=1,m=100,M=1000；空行不计。也可以上传表格，表格和下面各行一并采用。", "A limit is a number, ≥number, low~high, 不得检出 or n=5,c=1,m=100,M=1000; empty rows do not count. A sheet may be uploaded too; both are taken.")) }
                @for i in 1..=ROWS { fieldset { legend { (lang.pick("第 ", "Row ")) (i) (lang.pick(" 条", "")) }
                    (cell(i, "food", lang.pick("食品", "Food"), false)) (cell(i, "analyte", lang.pick("项目", "Analyte"), false))
                    (cell(i, "limit", lang.pick("限量", "Limit"), false)) (cell(i, "unit", lang.pick("单位", "Unit"), false)) (cell(i, "method", lang.pick("检验方法", "Method"), false)) } }
                div.field { label for="file" { (lang.pick("表格（XLSX 或 CSV，可不传）", "Sheet (XLSX or CSV, optional)")) }
                    p.hint { a href={ (PATH) "/template" } download { (lang.pick("下载模板", "Download the template")) } }
                    input id="file" type="file" name="file" accept=".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"; }
                button { (lang.pick("保存草稿并与国家标准比对", "Save the draft and compare with the law")) }
            }
        },
    )
}

/// `GET /firm/standards/template`: an empty sheet. Right: an account.
pub(super) async fn template(SignedIn(_): SignedIn) -> Answer {
    crate::export::download("xlsx", &crate::export::sheet("standard", &lab::declared_columns().template()))
}

fn rows_of(posted: &Posted, book: Option<Result<Workbook, Text>>) -> Result<Vec<DeclaredRow>, Error> {
    let mut rows = Vec::new();
    for i in 1..=ROWS {
        let get = |column: &str| posted.get(&format!("row.{i}.{column}")).to_owned();
        let row = DeclaredRow {
            food: get("food"),
            analyte: get("analyte"),
            limit: get("limit"),
            unit: get("unit"),
            method: get("method"),
        };
        if row != DeclaredRow::default() {
            rows.push(row);
        }
    }
    if let Some(book) = book {
        rows.extend(lab::declared_rows(&book.map_err(Error::Sheet)?)?);
    }
    Ok(rows)
}

/// `POST /firm/standards`. Right: create document, of the own operator.
pub(super) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let own = operator(viewer)?;
    let firm = registry::operator(&app.store, own)
        .await?
        .ok_or_else(|| Fault::not_found(&Text::of("经营主体", "operator")))?;
    let effective = choices::day("effective", posted.get("effective"))?.ok_or_else(|| {
        Fault::bad("effective", Text::of("请填写生效日期", "give the day it comes into force"))
    })?;
    let declarer = Declarer { operator: own, name: firm.name, region: firm.region };
    let book = match posted.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty()) {
        Some(file) => Some(sheets::read(file).await?),
        None => None,
    };
    let drafted = match rows_of(&posted, book) {
        Ok(rows) => {
            let new = NewDeclared {
                number: posted.get("number").to_owned(),
                title: posted.get("title").to_owned(),
                effective,
                rows,
            };
            let cx = context(&app, viewer);
            let mut tx = app.store.begin().await?;
            match app.lab.draft_declared(&mut tx, &cx, &viewer.who, &declarer, new).await {
                Ok(id) => {
                    tx.commit().await?;
                    Ok(id)
                }
                Err(e) => Err(e),
            }
        }
        Err(e) => Err(e),
    };
    match drafted {
        Ok(id) => Ok(Redirect::to(&format!("{PATH}/{id}")).into_response()),
        Err(e @ (Error::Invalid(_) | Error::Rows(_) | Error::Sheet(_))) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, form(&app, viewer, Some(&posted), Some(&e)))
                .into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `GET /firm/standards/{id}`. Right: view document, of the own operator.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    operator(&viewer)?;
    page(&app, &viewer, &id, None).await
}

async fn page(app: &App, viewer: &Viewer, id: &str, error: Option<&Error>) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&STANDARD))?;
    let d = app.lab.declared(&app.store, &viewer.who, app.now(), id).await?;
    let looser = d.rows.iter().filter(|l| l.checked.standing.forbids()).count();
    Ok(layout::page(
        viewer,
        &d.title,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("企业标准", "Enterprise standards")), ("", &d.number)]))
            (layout::head(&format!("{} {}", d.number, d.title), &state_badge(lang, d.state)))
            @if let Some(e) = error { (ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) }
                @if let Error::Invalid(problems) = e { ul { @for p in problems { li { (p.label.get(lang)) "：" (p.message.get(lang)) } } } } })) }
            section.card { (facts(lang, &d)) }
            (lines(lang, &d.rows))
            @match d.state {
                DeclaredState::Draft => section.card { h2 { (lang.pick("公开", "Make it public")) }
                    @if looser > 0 { (ui::message(Tone::Bad, &html! { p { (lang.pick("有 ", "")) (looser) (lang.pick(" 条宽于国家标准，不能公开；请废止本草稿后更正重报。", " row(s) are looser than the national standard: drop this draft and enter it corrected.")) } })) }
                    @else { p { (lang.pick("公开后任何人可见，记入存证，废止后仍可查阅。", "Once public everybody sees it; it is journalled and stays readable after it is withdrawn.")) }
                        form method="post" action={ (PATH) "/" (d.id) "/publish" } { (layout::csrf(viewer)) button { (lang.pick("声明并公开", "Declare it in public")) } } } },
                DeclaredState::Published => p { a href={ "/declared/" (d.id) } { (lang.pick("公开页面", "The public page")) } },
                DeclaredState::Withdrawn => {},
            }
            @if d.state != DeclaredState::Withdrawn { details { summary { (lang.pick("废止", "Withdraw")) }
                form method="post" action={ (PATH) "/" (d.id) "/withdraw" } { (layout::csrf(viewer))
                    (ui::input(&Field { name: "reason", label: lang.pick("理由", "Reason"), required: true, ..Field::default() }))
                    button.plain { (lang.pick("废止", "Withdraw")) } } } }
        },
    ))
}

/// `POST /firm/standards/{id}/publish`. Right: act document, of the own operator.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let of: Id = id.parse().map_err(|_| Fault::not_found(&STANDARD))?;
    let mut tx = app.store.begin().await?;
    match app.lab.publish_declared(&mut tx, &context(&app, viewer), &viewer.who, of).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("{PATH}/{of}")).into_response())
        }
        Err(e @ Error::Invalid(_)) => {
            drop(tx);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, viewer, &id, Some(&e)).await?).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `POST /firm/standards/{id}/withdraw`. Right: act document, of the own operator.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let of: Id = id.parse().map_err(|_| Fault::not_found(&STANDARD))?;
    let mut tx = app.store.begin().await?;
    app.lab.withdraw_declared(&mut tx, &context(&app, viewer), &viewer.who, of, posted.get("reason")).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{PATH}/{of}")).into_response())
}
