//! Operators, sites, licences and products from spreadsheets.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use maud::{Markup, html};
use registry::Error;
use registry::import::{self, Imported};
use std::sync::Arc;

/// What can be imported: path part, heading, what the sheet holds.
const PARTS: [(&str, Text, Text); 4] = [
    (
        "operators",
        Text::of("主体", "Operators"),
        Text::of(
            "统一社会信用代码、名称、经营类别、行政区划。先导入主体，再导入其余三种。",
            "Social credit code, name, kinds, region. Operators come first, the other three after them.",
        ),
    ),
    (
        "sites",
        Text::of("场所", "Sites"),
        Text::of(
            "所属主体代码、场所名称、地址、行政区划、全球位置码。",
            "Operator's code, name, address, region, location number.",
        ),
    ),
    (
        "licences",
        Text::of("许可证", "Licences"),
        Text::of(
            "所属主体代码、许可证编号、发证日期、有效期。校验位不符的照收并标注。",
            "Operator's code, number, dates. Numbers that fail their check digit are taken and flagged.",
        ),
    ),
    (
        "products",
        Text::of("产品", "Products"),
        Text::of(
            "所属主体代码、商品条码、产品名称、食品类别。",
            "Operator's code, trade item number, name, food category.",
        ),
    ),
];

fn page(viewer: &Viewer, outcome: &Markup) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("批量导入", "Import");
    layout::page(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), ("", title)]))
            h1 { (title) }
            p { (lang.pick("任何一行有误则整份不导入，并逐行说明原因和改法。", "One wrong row and nothing is imported; every wrong row is named with its remedy.")) }
            (outcome)
            div.grid.wide { @for (what, name, hint) in &PARTS { @let path = format!("/desk/operators/import/{what}");
                (upload::form(viewer, &Import { title: name.clone(), action: &path, template: &path, hint: hint.clone(), more: html! {} }))
            } }
        },
    )
}

/// `GET /desk/operators/import`
pub(crate) async fn show(SignedIn(viewer): SignedIn) -> Markup {
    page(&viewer, &html! {})
}

/// `GET /desk/operators/import/{what}`: the template.
pub(crate) async fn template(
    SignedIn(viewer): SignedIn,
    Path(what): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let columns = match what.as_str() {
        "operators" => import::operator_columns(),
        "sites" => import::site_columns(),
        "licences" => import::licence_columns(),
        "products" => import::product_columns(),
        _ => return Err(Fault::not_found(&Text::of("模板", "template"))),
    };
    match ListLinks::read("", raw.as_deref(), "").get("format") {
        Some(format) => crate::export::download(
            format,
            &crate::export::sheet(&format!("{what}-template"), &columns.template()),
        ),
        None => Ok(page(&viewer, &html! {}).into_response()),
    }
}

/// `POST /desk/operators/import/{what}`
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Path(what): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let file = posted
        .files
        .first()
        .ok_or_else(|| Fault::bad("file", Text::of("请选择要上传的文件。", "Choose the file to upload.")))?;
    match run(&app, viewer, &what, &file.name, file.bytes.to_vec()).await? {
        Ok(done) => {
            let shown = html! { (ui::message(Tone::Ok, &html! {
                p { (lang.pick("已导入 ", "Imported ")) b { (done.records.len()) } (lang.pick(" 条。", " records."))
                    @if done.flagged > 0 { " " (lang.pick("其中许可证编号校验位不符：", "licence numbers that fail their check digit: ")) b { (done.flagged) } } }
                p.small { (lang.pick("存证根 ", "Root in the journal ")) code.break { (done.root) } }
                p { a href="/desk/operators" { (lang.pick("查看主体", "Open the list")) } }
            })) };
            Ok(page(viewer, &shown).into_response())
        }
        Err(e) => {
            let text = e.user_text();
            let rows = match &e {
                Error::Rows(rows) => rows.clone(),
                _ => Vec::new(),
            };
            let fault = Fault::from(e);
            match text {
                Some(text) if !fault.status.is_server_error() => {
                    Ok((fault.status, page(viewer, &upload::refused(viewer, &text, &rows))).into_response())
                }
                _ => Err(fault),
            }
        }
    }
}

/// Reads the file beside the event loop, then enters it in one transaction.
async fn run(
    app: &App,
    viewer: &Viewer,
    what: &str,
    name: &str,
    bytes: Vec<u8>,
) -> Answer<Result<Imported, Error>> {
    let (cx, who, access) = (context(app, viewer), &viewer.who, &app.access);
    let name = name.to_owned();
    macro_rules! enter {
        ($read:path, $import:path) => {{
            let read = tokio::task::spawn_blocking(move || $read(&name, &bytes));
            let batch = match read.await.map_err(Fault::internal)? {
                Ok(batch) => batch,
                Err(e) => return Ok(Err(e)),
            };
            let mut tx = app.store.begin().await?;
            let done = $import(&mut tx, &cx, access, who, batch).await;
            if done.is_ok() {
                tx.commit().await?;
            }
            Ok(done)
        }};
    }
    match what {
        "operators" => enter!(import::read_operators, import::import_operators),
        "sites" => enter!(import::read_sites, import::import_sites),
        "licences" => enter!(import::read_licences, import::import_licences),
        "products" => enter!(import::read_products, import::import_products),
        _ => Err(Fault::not_found(&Text::of("导入", "import"))),
    }
}
