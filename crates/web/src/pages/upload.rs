//! The page of an import: template, file, and what is wrong row by row when nothing was imported.

use crate::layout::{self, Viewer};
use crate::ui::{self, Column, Tone};
use base::Text;
use maud::{Markup, html};
use paper::sheet::RowError;

/// Errors shown; a file with more has one cause.
const SHOWN: usize = 200;

/// One import a page offers.
#[derive(Debug)]
pub(crate) struct Import<'a> {
    /// Heading.
    pub(crate) title: Text,
    /// Path that takes the file.
    pub(crate) action: &'a str,
    /// Path of the template, to which `?format=` is added; it may carry a query already.
    pub(crate) template: &'a str,
    /// What the sheet holds and what becomes of it.
    pub(crate) hint: Text,
    /// Further inputs of the form.
    pub(crate) more: Markup,
}

/// The form with its templates.
pub(crate) fn form(viewer: &Viewer, import: &Import<'_>) -> Markup {
    let lang = viewer.lang();
    let join = if import.template.contains('?') { "&" } else { "?" };
    html! { section.card {
        h2 { (import.title.get(lang)) }
        p { (import.hint.get(lang)) }
        p { (lang.pick("模板：", "Template: "))
            a href={ (import.template) (join) "format=xlsx" } download { "XLSX" } " · "
            a href={ (import.template) (join) "format=csv" } download { "CSV" } }
        form method="post" action=(import.action) enctype="multipart/form-data" {
            (layout::csrf(viewer))
            (import.more)
            div.field { label for={ "file-" (import.action) } class="req" { (lang.pick("文件", "File")) }
                p.hint { (lang.pick("XLSX 或 CSV（UTF-8、GBK 均可）", "XLSX, or CSV in UTF-8 or GBK")) }
                input id={ "file-" (import.action) } type="file" name="file" required accept=".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"; }
            button { (lang.pick("上传并检查", "Upload and check")) }
        }
    } }
}

/// What is wrong, row by row: nothing was imported.
pub(crate) fn refused(viewer: &Viewer, text: &Text, rows: &[RowError]) -> Markup {
    let lang = viewer.lang();
    let lines: Vec<Vec<Markup>> = rows
        .iter()
        .take(SHOWN)
        .map(|r| {
            vec![
                html! { (r.line) },
                html! { (r.column) },
                html! { code.break { (r.value) } },
                html! { (r.message.get(lang)) },
            ]
        })
        .collect();
    html! {
        (ui::message(Tone::Bad, &html! { p { (text.get(lang)) } }))
        @if !lines.is_empty() {
            (ui::table(lang, lang.pick("需要更正的单元格", "Cells to correct"), &[Column::num("行", "Row"), Column::text("列", "Column"),
                Column::text("内容", "Content"), Column::text("问题与办法", "What is wrong and what to do")], &lines, None))
            @if rows.len() > SHOWN { p.soft { (lang.pick("仅显示前 200 处。", "The first 200 are shown.")) } }
        }
    }
}
