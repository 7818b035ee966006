//! Results and samples from spreadsheets: row by row what is wrong, or what was imported.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::Text;
use lab::{Error, ResultsImported, SamplesImported};
use maud::{Markup, html};
use std::sync::Arc;

const RESULTS: &str = "/lab/import";
const SAMPLES: &str = "/desk/samples/import";

fn template(raw: Option<&str>, name: &str, columns: &paper::sheet::Columns) -> Option<Answer> {
    let links = ListLinks::read("", raw, "");
    let format = links.get("format")?;
    Some(crate::export::download(format, &crate::export::sheet(name, &columns.template())))
}

/// `GET /lab/import`; with `?format=` the template.
pub(crate) async fn show_results(SignedIn(viewer): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    if let Some(file) = template(raw.as_deref(), "results-template", &lab::result_columns(false)) {
        return file;
    }
    Ok(results_page(&viewer, &html! {}).into_response())
}

fn results_page(viewer: &Viewer, outcome: &Markup) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("导入检验结果", "Import results");
    layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/lab/samples", lang.pick("样品", "Samples")), ("", title)]))
            h1 { (title) }
            (outcome)
            (upload::form(viewer, &Import {
                title: Text::of("上传结果表", "Upload a sheet of results"),
                action: RESULTS,
                template: RESULTS,
                hint: Text::of(
                    "一行一项结果，可含多个抽样单；逐项立即判定。任何一行有误则整份不导入，并逐行说明。",
                    "One result a row, any number of samples; each is judged at once. One wrong row and nothing is imported; every wrong row is named.",
                ),
                more: html! { p { a href="/lab/files" { (lang.pick("超过 20 万行的文件（如全年结果）在这里发送", "Send files of more than 200,000 rows, such as a whole year, here")) } } },
            }))
        },
    )
}

/// `POST /lab/import`
pub(crate) async fn results(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let file = posted.files.first().ok_or_else(no_file)?;
    let cx = context(&app, viewer);
    let book = match sheets::read(file).await? {
        Ok(book) => book,
        Err(text) => {
            let (status, shown) = refused(viewer, Error::Sheet(text))?;
            return Ok((status, results_page(viewer, &shown)).into_response());
        }
    };
    let mut tx = app.store.begin().await?;
    match app.lab.import_results(&mut tx, &cx, &viewer.who, &book, None).await {
        Ok(done) => {
            tx.commit().await?;
            Ok(results_page(viewer, &results_done(lang, &done)).into_response())
        }
        Err(e) => {
            tx.rollback().await?;
            let (status, shown) = refused(viewer, e)?;
            Ok((status, results_page(viewer, &shown)).into_response())
        }
    }
}

fn results_done(lang: base::Lang, done: &ResultsImported) -> Markup {
    let rows: Vec<Vec<Markup>> = done
        .outcomes
        .iter()
        .map(|(word, n)| {
            let bad = matches!(word.as_str(), "nonconform" | "prohibited");
            let label = outcome_label(word);
            vec![
                ui::badge(
                    if bad {
                        Tone::Bad
                    } else if word == "conform" {
                        Tone::Ok
                    } else {
                        Tone::Warn
                    },
                    label.get(lang),
                ),
                html! { (n) },
            ]
        })
        .collect();
    html! {
        (ui::message(Tone::Ok, &html! { p { (lang.pick("已导入 ", "Imported ")) b { (done.rows) } (lang.pick(" 项结果，涉及样品 ", " results of ")) b { (done.samples.len()) } (lang.pick(" 份。", " samples.")) } }))
        (ui::table(lang, lang.pick("判定汇总", "Outcomes"), &[Column::text("判定", "Outcome"), Column::num("项数", "Results")], &rows, None))
        p { @for id in done.samples.iter().take(50) { a href={ "/lab/samples/" (id) } { (id) } " " } }
    }
}

/// The words of an outcome that is stored as its code.
pub(in crate::pages) fn outcome_label(word: &str) -> Text {
    match word {
        "conform" => Text::of("合格", "Conforms"),
        "nonconform" => Text::of("不合格", "Does not conform"),
        "not_limited" => Text::of("未规定限量", "No limit set"),
        "needs_confirmation" => Text::of("需补充信息", "Needs confirmation"),
        "prohibited" => Text::of("检出不得使用的物质", "Prohibited substance found"),
        "exempt" => Text::of("豁免制定限量", "Exempt from limits"),
        "not_loaded" => Text::of("标准未载入", "Standard not loaded"),
        "ambiguous" => Text::of("条款冲突，待裁定", "Ambiguous: two rows apply"),
        "not_comparable" => Text::of("结果与限量不可比", "Not comparable"),
        _ => Text::new(word, word),
    }
}

/// `GET /desk/samples/import`; with `?format=` the template.
pub(crate) async fn show_samples(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    if let Some(file) = template(raw.as_deref(), "samples-template", &lab::sample_columns()) {
        return file;
    }
    Ok(samples_page(&app, &viewer, &html! {}).await?.into_response())
}

async fn samples_page(app: &App, viewer: &Viewer, outcome: &Markup) -> Answer<Markup> {
    let lang = viewer.lang();
    let title = lang.pick("导入抽样单", "Import samples");
    let laboratories = super::register::laboratories(app, lang).await?;
    let field =
        Field { name: "laboratory", label: lang.pick("承检机构", "Laboratory"), ..Field::default() };
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/samples", lang.pick("抽检样品", "Samples")), ("", title)]))
            h1 { (title) }
            (outcome)
            (upload::form(viewer, &Import {
                title: Text::of("上传抽样单表", "Upload a sheet of samples"),
                action: SAMPLES,
                template: SAMPLES,
                hint: Text::of(
                    "一行一份抽样单，列名同国家抽样单。任何一行有误则整份不导入，并逐行说明。",
                    "One sampling form a row, columns as in the national form. One wrong row and nothing is imported; every wrong row is named.",
                ),
                more: ui::select(&field, &laboratories),
            }))
        },
    ))
}

/// `POST /desk/samples/import`
pub(crate) async fn samples(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let file = posted.files.first().ok_or_else(no_file)?;
    let laboratory = posted.get("laboratory").parse().ok();
    let cx = context(&app, viewer);
    let book = match sheets::read(file).await? {
        Ok(book) => book,
        Err(text) => {
            let (status, shown) = refused(viewer, Error::Sheet(text))?;
            return Ok((status, samples_page(&app, viewer, &shown).await?).into_response());
        }
    };
    let mut tx = app.store.begin().await?;
    match app.lab.import_samples(&mut tx, &cx, &viewer.who, &book, laboratory).await {
        Ok(done) => {
            tx.commit().await?;
            let shown = samples_done(viewer, &done);
            Ok(samples_page(&app, viewer, &shown).await?.into_response())
        }
        Err(e) => {
            tx.rollback().await?;
            let (status, shown) = refused(viewer, e)?;
            Ok((status, samples_page(&app, viewer, &shown).await?).into_response())
        }
    }
}

fn samples_done(viewer: &Viewer, done: &SamplesImported) -> Markup {
    let lang = viewer.lang();
    html! {
        (ui::message(Tone::Ok, &html! { p { (lang.pick("已登记样品 ", "Registered samples: ")) b { (done.samples.len()) } " · " a href="/desk/samples" { (lang.pick("查看", "Open the list")) } } }))
        @if !done.lot_unknown.is_empty() {
            (ui::message(Tone::Warn, &html! { p { (lang.pick("追溯记录中没有这些抽样单的批次：", "The trace record does not know the lots of: ")) (done.lot_unknown.join("、")) } }))
        }
    }
}

pub(super) fn no_file() -> Fault {
    Fault::bad("file", Text::of("请选择要上传的文件。", "Choose the file to upload."))
}

/// The refusal as part of the page; what the user cannot mend stays a fault.
pub(super) fn refused(viewer: &Viewer, e: Error) -> Answer<(StatusCode, Markup)> {
    let text = e.text();
    let rows = match &e {
        Error::Rows(rows) => rows.clone(),
        _ => Vec::new(),
    };
    let fault = Fault::from(e);
    if fault.status.is_server_error() {
        return Err(fault);
    }
    Ok((fault.status, upload::refused(viewer, &text, &rows)))
}
