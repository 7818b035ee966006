//! Files of in-batches and out-batches: import and export.

use super::{operator, period};
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Id, Text};
use maud::{Markup, html};
use paper::sheet::{RowError, Sheet};
use std::sync::Arc;
use supply::{BatchOutcome, InBatch, LedgerOptions, OutBatch, in_columns, out_columns};

const PATH: &str = "/firm/batches";

/// `GET /firm/batches`: the page; with `format` the batches of a period as a workbook (`xlsx`) or, one table at a time,
/// as CSV (`table=in` or `out`). Right: view event, of the own operator.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let own = operator(&viewer)?;
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    if let Some(format) = links.get("format") {
        return export(&app, &viewer, own, &links, format).await;
    }
    Ok(page(&app, &viewer, &links, &html! {}).await?.into_response())
}

async fn export(app: &App, viewer: &Viewer, own: Id, links: &ListLinks, format: &str) -> Answer {
    let (from, to) = period(links, app.now().china_date())?;
    let cx = context(app, viewer);
    let (came, left) = app.supply.export_batches(&cx, &viewer.who, own, from, to).await?;
    let sheets = [in_sheet(&came), out_sheet(&left)];
    if format != "xlsx" {
        let one = if links.get("table") == Some("out") { &sheets[1] } else { &sheets[0] };
        let named = Sheet {
            name: if links.get("table") == Some("out") { "out-batches" } else { "in-batches" }.to_owned(),
            ..one.clone()
        };
        return crate::export::download(format, &named);
    }
    let bytes = paper::sheet::write_xlsx(&sheets).map_err(crate::fault::Fault::internal)?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let name = HeaderValue::from_static("attachment; filename=\"batches.xlsx\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// In-batches under the headings an import reads.
fn in_sheet(rows: &[InBatch]) -> Sheet {
    let mut sheet = crate::export::sheet("入库批次", &in_columns().template());
    for b in rows {
        let date = b.date.map(|d| d.to_string()).unwrap_or_default();
        sheet.rows.push(crate::export::texts([
            &b.batch,
            &date,
            &b.product,
            &b.quantity,
            &b.unit,
            &b.spec,
            &b.gtin,
            &b.certificate,
            &b.stage,
            &b.source,
            &b.source_code,
            &b.source_gln,
            &b.source_batch,
        ]));
    }
    sheet
}

/// Out-batches under the headings an import reads.
fn out_sheet(rows: &[OutBatch]) -> Sheet {
    let mut sheet = crate::export::sheet("出库批次", &out_columns().template());
    for b in rows {
        let date = b.date.map(|d| d.to_string()).unwrap_or_default();
        sheet.rows.push(crate::export::texts([
            &b.batch,
            &date,
            &b.product,
            &b.quantity,
            &b.unit,
            &b.spec,
            &b.gtin,
            &b.certificate,
            &b.inputs,
            &b.target,
            &b.target_code,
            &b.target_gln,
        ]));
    }
    sheet
}

/// `GET /firm/batches/template`: an empty workbook; `format=csv&table=out` for one table. Right: an account.
pub(super) async fn template(SignedIn(_): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    let sheet = match links.get("table") {
        Some("out") => Sheet { name: "out-batches".to_owned(), ..out_sheet(&[]) },
        _ => Sheet { name: "in-batches".to_owned(), ..in_sheet(&[]) },
    };
    crate::export::download(links.get("format").unwrap_or("xlsx"), &sheet)
}

/// `POST /firm/batches`. Right: capture event, for the own operator.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    operator(viewer)?;
    let links = ListLinks::read(PATH, None, "");
    let Some(file) = posted.files.iter().find(|f| f.field == "file") else {
        let text = Text::of("请选择要上传的文件。", "Choose the file to upload.");
        let shown = page(&app, viewer, &links, &upload::refused(viewer, &text, &[])).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    };
    let cx = context(&app, viewer);
    let options = LedgerOptions::default();
    let refused = |text: Text, rows: Vec<RowError>| upload::refused(viewer, &text, &rows);
    let done = match sheets::read(file).await? {
        Ok(book) => app.supply.import_batches(&cx, &viewer.who, &book, &options).await,
        Err(text) => Err(supply::Error::Sheet(text)),
    };
    let shown = match done {
        Ok(outcome) => {
            return Ok(page(&app, viewer, &links, &taken(viewer, &outcome)).await?.into_response());
        }
        Err(supply::Error::Rows(rows)) => refused(supply::Error::Rows(rows.clone()).text(), rows),
        Err(e @ (supply::Error::Sheet(_) | supply::Error::Refused(_))) => refused(e.text(), Vec::new()),
        Err(e) => return Err(e.into()),
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, viewer, &links, &shown).await?).into_response())
}

fn taken(viewer: &Viewer, outcome: &BatchOutcome) -> Markup {
    let lang = viewer.lang();
    let c = &outcome.capture;
    let notes: Vec<Vec<Markup>> = outcome
        .notes
        .iter()
        .map(|n| {
            vec![
                html! { (n.line) },
                html! { (n.column) },
                html! { (n.value) },
                html! { (n.message.get(lang)) },
            ]
        })
        .collect();
    html! {
        (ui::message(Tone::Ok, &html! { p {
            (lang.pick("入库批次 ", "in-batches ")) (outcome.came) " · " (lang.pick("出库批次 ", "out-batches ")) (outcome.left)
            " · " (lang.pick("采集事件 ", "events captured ")) (c.stored.len())
            @if !c.duplicates.is_empty() { " · " (lang.pick("以前已采集 ", "captured before ")) (c.duplicates.len()) }
            " · " a href={ "/firm/captures/" (c.id) } { (lang.pick("采集记录", "the capture")) } } }))
        @if !notes.is_empty() { (ui::table(lang, lang.pick("请留意", "Please note"), &[Column::num("行", "Row"), Column::text("列", "Column"), Column::text("内容", "Content"), Column::text("说明", "Note")], &notes, None)) }
    }
}

async fn page(app: &App, viewer: &Viewer, links: &ListLinks, outcome: &Markup) -> Answer<Markup> {
    let lang = viewer.lang();
    let (from, to) = period(links, app.now().china_date())?;
    let title = lang.pick("出入库批次", "Batch files");
    let import = Import {
        title: Text::of("导入", "Import"),
        action: PATH,
        template: "/firm/batches/template",
        hint: Text::of(
            "按 NY/T 4712 的思路：入库批次记来源，出库批次记去向和所用入库批次（如“R1=100;R2=50”）。一个工作簿可含“入库批次”“出库批次”两张表。整份导入，有错则一行不入。",
            "After the model of NY/T 4712: in-batches name their source, out-batches their destination and the in-batches used ('R1=100;R2=50'). A workbook may hold both tables. All rows or none.",
        ),
        more: html! { p { (lang.pick("出库批次模板：", "Out-batch template: ")) a href="/firm/batches/template?table=out&format=xlsx" download { "XLSX" } " · " a href="/firm/batches/template?table=out&format=csv" download { "CSV" } } },
    };
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/firm/records", lang.pick("台账", "Ledgers")), ("", title)]))
            h1 { (title) }
            (outcome)
            section.card { h2 { (lang.pick("导出", "Export")) }
                form method="get" {
                    (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: &from.to_string(), kind: "date", ..Field::default() }))
                    (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: &to.to_string(), kind: "date", ..Field::default() }))
                    div.actions {
                        button name="format" value="xlsx" { (lang.pick("导出工作簿 XLSX", "Export the workbook (XLSX)")) }
                        a.button.plain href=(links.with(&[("format", "csv"), ("table", "in")])) download { (lang.pick("入库 CSV", "In-batches CSV")) }
                        a.button.plain href=(links.with(&[("format", "csv"), ("table", "out")])) download { (lang.pick("出库 CSV", "Out-batches CSV")) }
                    }
                }
            }
            (upload::form(viewer, &import))
            p.soft { (lang.pick("标准的数据元名称未能核对，表头为本系统所用名称。", "The element names of the standard could not be compared; the headings are ours.")) }
        },
    ))
}
