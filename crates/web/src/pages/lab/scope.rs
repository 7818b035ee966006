//! What a laboratory is accredited for: the annex as a list, and a sheet that replaces it.

use super::import::{no_file, refused};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::sampling::class_name;
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Text};
use lab::Accredited;
use maud::{Markup, html};
use std::sync::Arc;

const LABORATORY: Text = Text::of("检验机构", "laboratory");

/// `GET /desk/laboratories`. Right: view operator.
pub(crate) async fn list(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let today = app.now().china_date();
    let all = registry::operators_of_kind(&app.store, registry::OperatorKind::Laboratory).await?;
    let mut rows = Vec::with_capacity(all.len());
    for l in &all {
        let scope = lab::accreditation(&app.store, l.id).await?;
        let valid = scope.iter().filter(|r| r.from <= today && today <= r.to).count();
        rows.push(vec![
            html! { a href={ "/desk/laboratories/" (l.id) } { (l.name) } },
            html! { (crate::map::region_name(lang, &l.region)) },
            html! { @if scope.is_empty() { (ui::badge(Tone::Warn, lang.pick("未载入", "not loaded"))) } @else { (scope.len()) } },
            html! { (valid) },
            html! { @if let Some(end) = scope.iter().map(|r| r.to).min() { (end) } @else { "—" } },
        ]);
    }
    let title = lang.pick("检验机构", "Laboratories");
    let columns = [
        Column::text("机构", "Laboratory"),
        Column::text("所在地", "Region"),
        Column::num("能力项", "Lines of the annex"),
        Column::num("有效", "Valid today"),
        Column::text("最早到期", "First to end"),
    ];
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! { a href="/desk/sampling/statistics" { (lang.pick("时效与一致性", "Turn-around and consistency")) } }))
            @if rows.is_empty() { (ui::empty(lang.pick("登记库中没有检验机构", "The register has no laboratory"), lang.pick("请先登记。", "Register one first."))) }
            @else { (ui::table(lang, title, &columns, &rows, None)) }
        },
    ))
}

/// `GET /desk/laboratories/{id}`; with `?format=` the annex, or the empty template, as a file. Right: view operator.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LABORATORY))?;
    if let Some(format) = ListLinks::read("", raw.as_deref(), "").get("format") {
        let scope = lab::accreditation(&app.store, id).await?;
        let mut sheet = crate::export::sheet("accreditation", &lab::scope_columns().template());
        for r in &scope {
            sheet.rows.push(crate::export::texts([
                r.analyte.clone(),
                r.method.clone(),
                r.class.clone().unwrap_or_default(),
                r.qualification.word().to_uppercase(),
                r.certificate.clone(),
                r.from.to_string(),
                r.to.to_string(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    Ok(page(&app, &viewer, id, &html! {}).await?.into_response())
}

async fn page(app: &App, viewer: &Viewer, id: Id, outcome: &Markup) -> Answer<Markup> {
    let lang = viewer.lang();
    let operator = registry::operator(&app.store, id).await?.ok_or_else(|| Fault::not_found(&LABORATORY))?;
    let scope = lab::accreditation(&app.store, id).await?;
    let today = app.now().china_date();
    let path = format!("/desk/laboratories/{id}");
    let resource = access::Resource::new("operator", operator.region.clone()).of_operator(Some(id));
    let may = app.access.allows(&viewer.who, "act", &resource, app.now());
    let rows: Vec<Vec<Markup>> = scope.iter().take(2000).map(|r| line(viewer, r, today)).collect();
    let columns = [
        Column::text("检验项目", "Analyte"),
        Column::text("检验方法", "Method"),
        Column::text("食品大类", "Food class"),
        Column::text("资质", "Approval"),
        Column::text("证书编号", "Certificate"),
        Column::text("有效期", "Valid"),
    ];
    let title = lang.pick("检验能力附表", "Accreditation");
    Ok(layout::page(
        viewer,
        &operator.name,
        &html! {
            (layout::crumbs(&[("/desk/laboratories", lang.pick("检验机构", "Laboratories")), ("", operator.name.as_str())]))
            (layout::head(&operator.name, &html! {}))
            (outcome)
            h2 { (title) " " span.soft { (scope.len()) } }
            @if rows.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("能力附表未载入：该机构的结果暂不核对资质。", "The annex is not loaded: results of this laboratory are not checked against it.")) } })) }
            @else { p.soft { (lang.pick("附表之外的结果不予接收。", "Results outside it are refused.")) " "
                    a href={ (path) "?format=xlsx" } { "XLSX" } " · " a href={ (path) "?format=csv" } { "CSV" } }
                (ui::table(lang, title, &columns, &rows, None)) }
            @if may { (upload::form(viewer, &Import {
                title: Text::of("上传能力附表", "Upload the annex"),
                action: &path,
                template: &path,
                hint: Text::of(
                    "整份替换原附表。检验方法不写年号表示适用其任一版本，不填表示不限方法；食品大类不填表示不限。",
                    "Replaces the annex whole. A method without its year means every edition of it, none means any; no food class means all.",
                ),
                more: html! {},
            })) }
        },
    ))
}

fn line(viewer: &Viewer, r: &Accredited, today: base::Date) -> Vec<Markup> {
    let lang = viewer.lang();
    vec![
        html! { (r.analyte) },
        html! { @if r.method.is_empty() { "—" } @else { (r.method) } },
        html! { @match &r.class { Some(c) => (class_name(lang, c)), None => "—" } },
        html! { (r.qualification.label().get(lang)) },
        html! { (r.certificate) },
        html! { (r.from) " – " (r.to) @if r.to < today { " " (ui::badge(Tone::Bad, lang.pick("已过期", "ended"))) } },
    ]
}

/// `POST /desk/laboratories/{id}`. Right: act operator.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LABORATORY))?;
    let file = posted.files.first().ok_or_else(no_file)?;
    let mut tx = app.store.begin().await?;
    let cx = context(&app, viewer);
    match app.lab.import_scope(&mut tx, &cx, &viewer.who, id, &file.name, &file.bytes).await {
        Ok(rows) => {
            tx.commit().await?;
            let done = ui::message(
                Tone::Ok,
                &html! { p { (lang.pick("已载入能力项 ", "Lines loaded: ")) b { (rows) } } },
            );
            Ok(page(&app, viewer, id, &done).await?.into_response())
        }
        Err(e) => {
            tx.rollback().await?;
            let (status, shown) = refused(viewer, e)?;
            Ok((status, page(&app, viewer, id, &shown).await?).into_response())
        }
    }
}
