//! What a laboratory is accredited for: the annex as a list, and a sheet that replaces it.

use super::import::{no_file, refused};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Area, Viewer};
use crate::pages::choices;
use crate::pages::sampling::class_name;
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Text};
use lab::{Acceptance, Accredited, Proficiency, Proficient};
use maud::{Markup, html};
use std::sync::Arc;

const LABORATORY: Text = Text::of("检验机构", "laboratory");

/// What a laboratory can do and how it was tested is for the authorities, whoever sends samples to it, and for itself.
fn sees(viewer: &Viewer, laboratory: Id) -> bool {
    viewer.who.operator == Some(laboratory) || (viewer.area() == Area::Desk && !viewer.is_guest())
}

/// `GET /desk/laboratories`. Right: an office's account; a laboratory sees itself.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/laboratories", raw.as_deref(), "");
    let today = app.now().china_date();
    let all = registry::operators_of_kind(&app.store, registry::OperatorKind::Laboratory).await?;
    let (words, region) =
        (links.get("q").unwrap_or_default().trim(), links.get("region").unwrap_or_default());
    let header = ["id", "name", "region", "annex_lines", "valid", "accepted", "weak_items", "first_to_end"];
    let mut sheet = crate::export::sheet("laboratories", &header);
    let mut rows = Vec::with_capacity(all.len());
    let shown =
        all.iter().filter(|l| sees(&viewer, l.id) && l.name.contains(words) && l.region.starts_with(region));
    for l in shown {
        let scope = lab::accreditation(&app.store, l.id).await?;
        let valid = scope.iter().filter(|r| r.from <= today && today <= r.to).count();
        let accepted = lab::acceptance(&app.store, l.id).await?;
        let weak = lab::weak_items(&lab::proficiency(&app.store, l.id).await?).len();
        let ends = scope.iter().map(|r| r.to).min();
        sheet.rows.push(crate::export::texts([
            l.id.to_string(),
            l.name.clone(),
            l.region.clone(),
            scope.len().to_string(),
            valid.to_string(),
            accepted.as_ref().map(|a| a.at.rfc3339()).unwrap_or_default(),
            weak.to_string(),
            ends.map(|d| d.to_string()).unwrap_or_default(),
        ]));
        rows.push(vec![
            html! { a href={ "/desk/laboratories/" (l.id) } { (l.name) } },
            html! { (crate::map::region_name(lang, &l.region)) },
            html! { @if scope.is_empty() { (ui::badge(Tone::Warn, lang.pick("未载入", "not loaded"))) } @else { (scope.len()) } },
            html! { (valid) },
            html! { @if let Some(a) = &accepted { (ui::badge(Tone::Info, lang.pick("已决定采信", "accepted"))) " " (a.at.china_minute()) } @else if scope.is_empty() { (ui::badge(Tone::Warn, lang.pick("未决定", "undecided"))) } @else { "—" } },
            html! { @if weak > 0 { (ui::badge(Tone::Warn, &weak.to_string())) } @else { "0" } },
            html! { @if let Some(end) = ends { (end) } @else { "—" } },
        ]);
    }
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet);
    }
    let title = lang.pick("检验机构", "Laboratories");
    let value = |name: &'static str, label: &'static str| Field {
        name,
        label,
        value: links.get(name).unwrap_or_default(),
        ..Field::default()
    };
    let columns = [
        Column::text("机构", "Laboratory"),
        Column::text("所在地", "Region"),
        Column::num("能力项", "Lines of the annex"),
        Column::num("有效", "Valid today"),
        Column::text("采信决定", "Accepted without annex"),
        Column::num("能力验证未满意", "Weak items"),
        Column::text("最早到期", "First to end"),
    ];
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            @if viewer.area() == Area::Desk { (crate::pages::sampling::tabs(lang, "/desk/laboratories")) }
            (layout::head(title, &html! { a href="/desk/sampling/statistics" { (lang.pick("时效与一致性", "Turn-around and consistency")) } }))
            form.filters method="get" {
                (ui::input(&Field { kind: "search", ..value("q", lang.pick("机构名称", "Name")) }))
                (ui::select(&value("region", lang.pick("所在地", "Region")), &choices::regions(lang, &viewer.who, &choices::ALL)))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if rows.is_empty() { (ui::empty(lang.pick("没有检验机构", "No laboratory"), lang.pick("请放宽筛选条件，或先在主体登记库登记。", "Widen the filter, or register one first."))) }
            @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, &links, rows.len(), None, None, true)) }
        },
    )
    .into_response())
}

/// `GET /lab/scope`: the own page of a laboratory. Right: an account of the laboratory.
pub(crate) async fn own(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let id = viewer.who.operator.filter(|_| viewer.area() == Area::Laboratory);
    let id = id.ok_or_else(|| Fault::not_found(&LABORATORY))?;
    page(&app, &viewer, id, &html! {}).await
}

/// `GET /desk/laboratories/{id}`; with `?format=` the annex, or the empty template, as a file. Right: an office's account, or the
/// laboratory's own.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LABORATORY))?;
    if !sees(&viewer, id) {
        return Err(Fault::not_found(&LABORATORY));
    }
    if let Some(format) = ListLinks::read("", raw.as_deref(), "").get("format") {
        if ListLinks::read("", raw.as_deref(), "").get("list") == Some("proficiency") {
            let mut sheet = crate::export::sheet("proficiency", &lab::proficiency_columns().template());
            for p in lab::proficiency(&app.store, id).await? {
                let z = p.z.unwrap_or_default();
                let grade = p.outcome.label().zh.into_owned();
                sheet.rows.push(crate::export::texts([
                    p.scheme,
                    p.round,
                    p.item,
                    z,
                    grade,
                    p.held.to_string(),
                ]));
            }
            return crate::export::download(format, &sheet);
        }
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
    let may_decide = app.access.allows(&viewer.who, "decide", &resource, app.now());
    let accepted = lab::acceptance(&app.store, id).await?;
    let rounds = lab::proficiency(&app.store, id).await?;
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
            @if viewer.area() == Area::Desk { (layout::crumbs(&[("/desk/laboratories", lang.pick("检验机构", "Laboratories")), ("", operator.name.as_str())])) }
            (layout::head(&operator.name, &html! {}))
            (outcome)
            (decision(viewer, may_decide, &path, scope.is_empty(), accepted.as_ref()))
            h2 { (title) " " span.soft { (scope.len()) } }
            @if rows.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("能力附表未载入：该机构的结果不核对资质，未决定采信前不公示。", "The annex is not loaded: results are not checked against it, and not published until somebody decides to accept them.")) } })) }
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
            (proficiency(viewer, may, &path, &rounds))
        },
    ))
}

/// The decision to take results without the annex: who, when and why; or the form that makes it.
fn decision(viewer: &Viewer, may: bool, path: &str, bare: bool, stands: Option<&Acceptance>) -> Markup {
    let lang = viewer.lang();
    match stands {
        Some(a) => html! { section.card { h2 { (lang.pick("采信决定", "Accepted by decision")) }
            p { (lang.pick("决定人 ", "by ")) code { (a.by) } " · " (a.at.china_minute()) " · " (a.reason) }
            @if may { form method="post" action=(path) { (layout::csrf(viewer)) input type="hidden" name="decision" value="end"; button.plain { (lang.pick("终止采信", "End it")) } } }
        } },
        None if bare && may => {
            html! { section.card { h2 { (lang.pick("决定采信（能力附表未载入）", "Accept without the annex")) }
                p.soft { (lang.pick("实名决定，写入存证日志；载入附表后不再需要。", "A decision by name, kept in the journal; not needed once the annex is loaded.")) }
                form method="post" action=(path) { (layout::csrf(viewer)) input type="hidden" name="decision" value="accept";
                    (ui::input(&Field { name: "reason", label: lang.pick("理由（证书编号、核对方式）", "Reason: certificate seen, how checked"), required: true, ..Field::default() }))
                    button { (lang.pick("决定采信", "Accept")) } }
            } }
        }
        None => html! {},
    }
}

/// Proficiency tests, the latest first, with a warning where the latest round of an item was not satisfactory.
fn proficiency(viewer: &Viewer, may: bool, path: &str, rounds: &[Proficiency]) -> Markup {
    let lang = viewer.lang();
    let weak = lab::weak_items(rounds);
    let tone = |o: Proficient| match o {
        Proficient::Satisfactory => Tone::Ok,
        Proficient::Questionable => Tone::Warn,
        Proficient::Unsatisfactory => Tone::Bad,
    };
    let rows: Vec<Vec<Markup>> = rounds
        .iter()
        .map(|p| {
            vec![
                html! { (p.scheme) },
                html! { (p.round) },
                html! { (p.item) },
                html! { (p.z.as_deref().unwrap_or("—")) },
                ui::badge(tone(p.outcome), p.outcome.label().get(lang)),
                html! { (p.held) },
            ]
        })
        .collect();
    let columns = [
        Column::text("能力验证计划", "Scheme"),
        Column::text("轮次", "Round"),
        Column::text("检验项目", "Item"),
        Column::num("z 值", "z-score"),
        Column::text("评价", "Grade"),
        Column::text("报告日期", "Reported"),
    ];
    html! {
        h2 { (lang.pick("能力验证", "Proficiency tests")) " " span.soft { (rounds.len()) } }
        @if !weak.is_empty() { (ui::message(Tone::Warn, &html! { p { (lang.pick("最近一轮未获满意的项目，分配检验任务时注意：", "Not satisfactory in the latest round; mind when assigning: "))
            @for (i, p) in weak.iter().enumerate() { @if i > 0 { "、" } (p.item) } } })) }
        @if rows.is_empty() { p.soft { (lang.pick("没有能力验证记录。", "No proficiency test on record.")) } }
        @else { p { a href={ (path) "?format=xlsx&list=proficiency" } { "XLSX" } " · " a href={ (path) "?format=csv&list=proficiency" } { "CSV" } }
            (ui::table(lang, lang.pick("能力验证", "Proficiency tests"), &columns, &rows, None)) }
        @if may { (upload::form(viewer, &Import {
            title: Text::of("上传能力验证结果", "Upload results of proficiency tests"),
            action: path,
            template: &format!("{path}?list=proficiency"),
            hint: Text::of("同一计划、轮次、项目的结果会被替换；只填 z 值时按 |z|≤2 满意、2<|z|<3 有问题、|z|≥3 不满意评价。",
                "Replaces results of the same scheme, round and item; with a z-score alone |z| up to 2 is satisfactory, 3 or more unsatisfactory."),
            more: html! { input type="hidden" name="list" value="proficiency"; },
        })) }
    }
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

/// `POST /desk/laboratories/{id}`. Right: act operator for the sheets, decide operator to accept without the annex.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&LABORATORY))?;
    let (cx, who) = (context(&app, viewer), &viewer.who);
    let book = match posted.files.first() {
        Some(file) if posted.get("decision").is_empty() => Some(sheets::read(file).await?),
        _ => None,
    };
    let mut tx = app.store.begin().await?;
    match posted.get("decision") {
        "accept" => app.lab.accept_laboratory(&mut tx, &cx, who, id, posted.get("reason")).await?,
        "end" => app.lab.end_acceptance(&mut tx, &cx, who, id).await?,
        _ => {}
    }
    if !posted.get("decision").is_empty() {
        tx.commit().await?;
        return Ok(page(&app, viewer, id, &html! {}).await?.into_response());
    }
    let done = match book.ok_or_else(no_file)? {
        Err(text) => Err(lab::Error::Sheet(text)),
        Ok(book) if posted.get("list") == "proficiency" => {
            app.lab.import_proficiency(&mut tx, &cx, who, id, &book).await
        }
        Ok(book) => app.lab.import_scope(&mut tx, &cx, who, id, &book).await,
    };
    match done {
        Ok(rows) => {
            tx.commit().await?;
            let done = ui::message(
                Tone::Ok,
                &html! { p { (lang.pick("已载入行数 ", "Lines loaded: ")) b { (rows) } } },
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
