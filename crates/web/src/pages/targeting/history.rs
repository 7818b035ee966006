//! Past inspections from a file: what other systems kept before this platform.

use super::{HISTORY, HOME, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::{choices, upload};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::Text;
use maud::html;
use std::sync::Arc;

/// `GET /desk/targeting/history`. Right: view figure; the template is for everybody who sees figures.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    app.target.may_view(&viewer.who, app.now())?;
    let lang = viewer.lang();
    let links = ListLinks::read(HISTORY, raw.as_deref(), "");
    if let Some(format) = links.get("format") {
        let columns = target::history_columns().template();
        return crate::export::download(format, &crate::export::sheet("past-inspections", &columns));
    }
    let title = lang.pick("导入历史检查结果", "Import past inspections");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HISTORY)) h1 { (title) }
        @if let Some(n) = links.get("done") { (ui::message(Tone::Ok, &html! { p { (lang.pick("已导入，新增记录：", "Imported; new records: ")) (n) (lang.pick("。下一夜训练时使用。", ". The next night learns from them.")) } })) }
        (upload::form(&viewer, &upload::Import {
            title: Text::of("平台启用前的检查结果", "Results from before this platform"),
            action: HISTORY,
            template: HISTORY,
            hint: Text::of("每行一次检查：统一社会信用代码、日期、是否发现问题，可附重点项和一般项不合格数、检查组代号。只用于学习和评分，不成为办件；已有的同一单位、同日、同组记录不重复导入。检查组请用代号，不要写姓名。",
                "A row an inspection: credit code, day, whether something was found; key and general points failed and the team may be added. They teach the scores and become no matters; a row of the same operator, day and team is taken once. Give teams codes, not names."),
            more: html! { (ui::select(&Field { name: "region", label: lang.pick("文件涉及的地区", "Region of the file"), required: true, ..Field::default() }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose")))) },
        }))
    }).into_response())
}

/// `POST /desk/targeting/history`. Right: import operator.
pub(super) async fn import(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let Some(file) = posted.files.first() else {
        return Err(Fault::bad("file", Text::of("请选择要导入的文件", "choose the file to import")));
    };
    let cx = context(&app, viewer);
    let book = sheets::read(file).await?.map_err(|text| Fault::bad("file", text))?;
    let mut tx = app.store.begin().await?;
    let region = posted.get("region");
    match app.target.import_history(&mut tx, &cx, &viewer.who, region, &book).await {
        Ok(done) => {
            tx.commit().await?;
            Ok(Redirect::to(&format!("{HISTORY}?done={}", done.new)).into_response())
        }
        Err(target::Error::Rows(rows)) => {
            tx.rollback().await?;
            let text = Text::of(
                "没有导入：请更正下列单元格后重新上传。",
                "Nothing was imported: correct these cells and upload again.",
            );
            let title = lang.pick("没有导入", "Nothing was imported");
            let page = layout::page(
                viewer,
                title,
                &html! {
                    (layout::crumbs(&[(HOME, lang.pick("风险导向", "Targeting")), (HISTORY, lang.pick("历史检查", "Past inspections")), ("", title)]))
                    h1 { (title) } (upload::refused(viewer, &text, &rows))
                },
            );
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(e) => Err(e.into()),
    }
}
