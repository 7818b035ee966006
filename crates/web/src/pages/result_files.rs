//! Files of results too long for one answer: sent, worked off in the background, their progress and what is wrong by row.

use super::upload::{self, Import};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{Identity, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use crate::uploads;
use axum::Router;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, Multipart, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use base::{Id, Lang, Text};
use lab::ResultFile;
use maud::{Markup, html};
use std::sync::Arc;

const FILE: Text = Text::of("结果文件", "file of results");
const PATH: &str = "/lab/files";
/// Bytes of a file at most.
const MOST: usize = 2 << 30;
/// Files listed; errors shown on the page, and in the file of errors.
const LISTED: i64 = 100;
const SHOWN: i64 = 50;
const WRITTEN: i64 = 100_000;

/// Routes of this subject.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(PATH, get(list).post(send).layer(DefaultBodyLimit::max(MOST)))
        .route("/lab/files/{id}", get(show))
        .route("/lab/files/{id}/errors", get(errors))
}

/// `GET /lab/files`: those of the person and their laboratory. Right: whoever sent them, and the laboratory.
async fn list(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let files = app.lab.result_files(&app.store, &viewer.who, LISTED).await?;
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    if let Some(format) = links.get("format") {
        let columns =
            ["id", "file", "sha256", "state", "rows", "stored", "repeated", "wrong", "sent", "finished"];
        let mut sheet = crate::export::sheet("result-files", &columns);
        for f in &files {
            sheet.rows.push(crate::export::texts([
                f.id.to_string(),
                f.file_name.clone(),
                f.document.clone(),
                f.state.clone(),
                f.reached.to_string(),
                f.stored.to_string(),
                f.repeated.to_string(),
                f.wrong.to_string(),
                f.created.rfc3339(),
                f.finished.map(|t| t.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let title = lang.pick("大批结果文件", "Large files of results");
    let rows: Vec<Vec<Markup>> = files
        .iter()
        .map(|f| {
            vec![
                html! { a href={ (PATH) "/" (f.id) } { (f.file_name) } },
                html! { (f.created.china_minute()) },
                state_badge(lang, f),
                html! { (f.reached) },
                html! { (f.stored) },
                html! { (f.wrong) },
            ]
        })
        .collect();
    let columns = [
        Column::text("文件", "File"),
        Column::text("发送时间", "Sent"),
        Column::text("状态", "State"),
        Column::num("已处理行", "Rows done"),
        Column::num("已存", "Stored"),
        Column::num("有误", "Wrong"),
    ];
    Ok(layout::page(&viewer, title, &html! {
        (layout::crumbs(&[("/lab/import", lang.pick("导入检验结果", "Import results")), ("", title)]))
        h1 { (title) }
        (upload::form(&viewer, &Import {
            title: Text::of("发送结果文件", "Send a file of results"),
            action: PATH,
            template: "/lab/import",
            hint: Text::of(
                "一行一项结果，行数不限（CSV 最大 2 GB；XLSX 每张表至多 1,048,576 行）。文件在后台分批入库，有误的行单独列出，其余照常保存；同一文件可以重复发送，不会重复入库。",
                "One result a row, any number of rows (CSV up to 2 GB; XLSX at most 1,048,576 rows a sheet). The file is stored in portions in the background; wrong rows are listed, the others kept. The same file may be sent again: nothing is stored twice.",
            ),
            more: html! {},
        }))
        @if files.is_empty() { (ui::empty(lang.pick("还没有文件", "No file yet"), lang.pick("发送后在这里查看进度。", "Its progress will be shown here."))) }
        @else {
            (ui::table(lang, title, &columns, &rows, None))
            (ui::pager(lang, &links, rows.len(), None, None, true))
        }
    })
    .into_response())
}

fn state_badge(lang: Lang, f: &ResultFile) -> Markup {
    let (tone, word) = match f.state.as_str() {
        "running" => (Tone::Info, lang.pick("处理中", "at work")),
        "stored" => (Tone::Ok, lang.pick("全部入库", "stored")),
        "part" => (Tone::Warn, lang.pick("部分入库", "stored in part")),
        _ => (Tone::Bad, lang.pick("未入库", "refused")),
    };
    ui::badge(tone, word)
}

/// `POST /lab/files`: the file is written to disk as it comes. Right: import result, of the own laboratory.
async fn send(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    identity: Identity,
    mut parts: Multipart,
) -> Answer {
    app.lab.may_send_results(&viewer.who, app.now())?;
    let mut agreed = identity.token.is_empty();
    while let Some(mut part) = parts.next_field().await.map_err(|e| broken(&e))? {
        let Some(name) = part.file_name().map(ToOwned::to_owned) else {
            if part.name() == Some("csrf") {
                let token = part.text().await.map_err(|e| broken(&e))?;
                agreed |= access::csrf_matches(&identity.token, &token);
            }
            continue;
        };
        // the token stands before the file in the form: nothing is kept for a stranger
        if !agreed {
            let text = Text::of(
                "页面已过期，请刷新后重新提交。",
                "The page has expired; reload it and submit again.",
            );
            return Err(Fault::new(StatusCode::FORBIDDEN, text));
        }
        let mut spool = app.attachments.spool().await?;
        while let Some(chunk) = part.chunk().await.map_err(|e| broken(&e))? {
            spool = spool.write(chunk.to_vec()).await?;
        }
        if spool.size() == 0 {
            break;
        }
        uploads::admit(&app, &viewer.who, usize::try_from(spool.size()).unwrap_or(usize::MAX)).await?;
        let kept = app.attachments.keep_spooled(spool, "application/octet-stream").await?;
        let cx = context(&app, &viewer);
        let mut tx = app.store.begin().await?;
        let id = app.lab.receive_results(&mut tx, &cx, &viewer.who, &app.attachments, &kept, &name).await?;
        tx.commit().await?;
        return Ok(Redirect::to(&format!("{PATH}/{id}")).into_response());
    }
    Err(Fault::bad("file", Text::of("请选择要上传的文件。", "Choose the file to upload.")))
}

fn broken(e: &MultipartError) -> Fault {
    if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let text = Text::of(
            "文件超过 2 GB，请拆分后发送。",
            "The file is larger than 2 GB; split it and send the parts.",
        );
        return Fault::new(StatusCode::PAYLOAD_TOO_LARGE, text);
    }
    Fault::bad("file", Text::of("上传中断，请重新发送。", "The upload was cut off; send it again."))
}

async fn file_of(app: &App, viewer: &Viewer, id: &str) -> Answer<ResultFile> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&FILE))?;
    Ok(app.lab.result_file(&app.store, &viewer.who, id).await?)
}

/// `GET /lab/files/{id}`: how far the work is. Right: who sent it, and their laboratory.
async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let f = file_of(&app, &viewer, &id).await?;
    let wrong = app.lab.result_file_errors(&app.store, &viewer.who, f.id, 0, SHOWN).await?;
    let title = f.file_name.as_str();
    let outcomes: Vec<Vec<Markup>> = f
        .outcomes
        .iter()
        .map(|(word, n)| vec![html! { (super::lab::outcome_label(word).get(lang)) }, html! { (n) }])
        .collect();
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("大批结果文件", "Large files of results")), ("", title)]))
            (layout::head(title, &state_badge(lang, &f)))
            @if f.finished.is_none() {
                // without a script too: the page asks again by itself
                meta http-equiv="refresh" content="3";
                (ui::message(Tone::Info, &html! { p { (lang.pick("正在处理，本页每 3 秒刷新；可以离开，处理不会中断。", "At work; this page renews itself every 3 seconds. You may leave: the work goes on.")) } }))
            }
            @if let Some(problem) = &f.problem { (ui::message(Tone::Bad, &html! { p { (problem.get(lang)) } })) }
            (ui::facts(lang, &[
                (Text::of("已处理行", "Rows done"), html! { (f.reached) }),
                (Text::of("已存结果", "Results stored"), html! { (f.stored) }),
                (Text::of("以前已存（相同）", "Stored before, the same"), html! { (f.repeated) }),
                (Text::of("有误的行", "Rows refused"), html! { (f.wrong) }),
                (Text::of("发送时间", "Sent"), html! { (f.created.china_minute()) }),
                (Text::of("完成时间", "Finished"), html! { @match f.finished { Some(at) => (at.china_minute()), None => "—" } }),
                (Text::of("文件 SHA-256", "SHA-256 of the file"), html! { code.break { (f.document) } }),
            ]))
            @if !outcomes.is_empty() { (ui::table(lang, lang.pick("判定汇总", "Outcomes"), &[Column::text("判定", "Outcome"), Column::num("项数", "Results")], &outcomes, None)) }
            @if !wrong.is_empty() {
                p { (lang.pick("全部有误的行：", "All rows refused: "))
                    a href={ (PATH) "/" (f.id) "/errors?format=csv" } download { "CSV" } " · "
                    a href={ (PATH) "/" (f.id) "/errors?format=xlsx" } download { "XLSX" } }
                (upload::refused(&viewer, &Text::of("下列行没有入库（先列前 50 处），更正后可连同整个文件重新发送。", "These rows were not stored (the first 50 are shown); correct them and send the whole file again."), &wrong))
            }
        },
    ))
}

/// `GET /lab/files/{id}/errors?format=csv`: what is wrong, by row. Right: who sent it, and their laboratory.
async fn errors(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let f = file_of(&app, &viewer, &id).await?;
    let links = ListLinks::read("", raw.as_deref(), "");
    let header: Vec<&str> =
        lang.pick("行,列,内容,问题与办法", "row,column,content,problem").split(',').collect();
    let mut sheet = crate::export::sheet(&format!("errors-{}", f.id), &header);
    for e in app.lab.result_file_errors(&app.store, &viewer.who, f.id, 0, WRITTEN).await? {
        let line = e.line.to_string();
        sheet.rows.push(crate::export::texts([line, e.column, e.value, e.message.get(lang).to_owned()]));
    }
    crate::export::download(links.get("format").unwrap_or("csv"), &sheet)
}
