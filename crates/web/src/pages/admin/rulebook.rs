//! The rulebook as people read it: procedures with their state diagrams, standards and their coverage, rights.

use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::public::coverage;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Tone};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::clock::Status;
use base::{Lang, Text};
use flow::{Basis, Procedure};
use limits::rule::Absence;
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /desk/rulebook`
pub(crate) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("规则与权限", "Rules and rights");
    let policies: Vec<Vec<Markup>> = app
        .access
        .policies()
        .iter()
        .map(|p| {
            vec![
                html! { (p.text.get(lang)) },
                html! { code { (p.id) } },
                html! { (p.basis) },
                html! { (status(lang, p.status == "verified")) },
            ]
        })
        .collect();
    layout::page(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            p.soft { (lang.pick("系统按这些规则运行；每条都写明依据，尚未对照官方文本的标“待核”。", "The system runs by these rules; each names its basis, and what was not checked against the official text says so.")) }
            nav.actions { a.button.plain href="#procedures" { (lang.pick("程序", "Procedures")) } a.button.plain href="#standards" { (lang.pick("标准", "Standards")) } a.button.plain href="#rights" { (lang.pick("权限", "Rights")) } }
            h2 id="procedures" { (lang.pick("程序", "Procedures")) }
            @for p in app.engine.procedures() { (procedure(lang, p)) }
            h2 id="standards" { (lang.pick("标准", "Standards")) }
            (standards(lang, &app))
            (coverage(lang, app.rules, app.now().china_date()))
            h2 id="rights" { (lang.pick("谁可以做什么", "Who may do what")) }
            (ui::table(lang, lang.pick("授权规则", "Policies"), &[Column::text("规则", "Rule"), Column::text("编号", "Id"), Column::text("依据", "Basis"), Column::text("状态", "Status")], &policies, None))
        },
    )
}

fn status(lang: Lang, verified: bool) -> Markup {
    if verified {
        ui::badge(Tone::Ok, lang.pick("已核", "verified"))
    } else {
        ui::badge(Tone::Warn, lang.pick("待核", "unverified"))
    }
}

fn basis(lang: Lang, b: &Basis) -> Markup {
    html! { (b.document) " " (b.clause) " " (status(lang, b.status == Status::Verified)) }
}

fn procedure(lang: Lang, p: &Procedure) -> Markup {
    let d = &p.definition;
    let picture = format!("/desk/rulebook/{}.svg", d.id);
    let name = |id: &str| d.state(id).map_or_else(|| id.to_owned(), |s| s.title.get(lang).to_owned());
    let steps: Vec<Vec<Markup>> = d
        .transitions
        .iter()
        .map(|t| {
            let from: Vec<String> = t.from.iter().map(|f| name(f)).collect();
            vec![
                html! { (t.title.get(lang)) },
                html! { (from.join(lang.pick("、", ", "))) },
                html! { (t.to.as_deref().map_or_else(|| lang.pick("不变", "stays").to_owned(), name)) },
            ]
        })
        .collect();
    let clocks: Vec<Vec<Markup>> = d
        .clocks
        .iter()
        .map(|c| {
            vec![
                html! { (c.title.get(lang)) },
                html! {
                    @if let Some(fact) = c.until.as_deref().and_then(|f| d.fact(f)) {
                        (lang.pick("到“", "until \"")) (fact.title.get(lang)) (lang.pick("”之日", "\""))
                        @if c.amount > 0 { (lang.pick("，最长 ", ", at most ")) (c.unit.length(u64::from(c.amount)).get(lang)) }
                    } @else { (c.unit.length(u64::from(c.amount)).get(lang)) }
                },
                html! { (basis(lang, &c.basis)) },
            ]
        })
        .chain(d.earliest.iter().map(|e| {
            let length = e.unit.length(u64::from(e.amount));
            vec![
                html! { (e.title.get(lang)) },
                html! { (lang.pick("不少于 ", "at least ")) (length.get(lang)) },
                html! { (basis(lang, &e.basis)) },
            ]
        }))
        .collect();
    html! { section.card id={ "p-" (d.id) } {
        h3 { (d.title.get(lang)) }
        p.small.soft { (lang.pick("版本 ", "Version ")) code { (p.hash.get(..16).unwrap_or(&p.hash)) } }
        ul.small { @for b in &d.basis { li { (basis(lang, b)) } } }
        div.graph tabindex="0" role="region" aria-label={ (lang.pick("状态图：", "State diagram: ")) (d.title.get(lang)) } {
            a href=(picture) { img src=(picture) alt=(lang.pick("状态图，内容同下表", "State diagram; the table below says the same")) loading="lazy" style="max-width:none;background:#fff"; }
        }
        details { summary { (lang.pick("步骤", "Steps")) " (" (steps.len()) ")" }
            (ui::table(lang, lang.pick("步骤", "Steps"), &[Column::text("步骤", "Step"), Column::text("自", "From"), Column::text("至", "To")], &steps, None)) }
        details { summary { (lang.pick("法定时限", "Statutory clocks")) " (" (clocks.len()) ")" }
            (ui::table(lang, lang.pick("时限", "Clocks"), &[Column::text("事项", "Duty"), Column::text("期限", "Time"), Column::text("依据", "Basis")], &clocks, None)) }
    } }
}

fn standards(lang: Lang, app: &App) -> Markup {
    let rows: Vec<Vec<Markup>> = app
        .rules
        .editions()
        .iter()
        .map(|e| {
            let partial = e.analytes.values().filter(|c| c.partial).count();
            vec![
                html! { strong { (e.standard) "-" (e.edition) } div.small { (e.title.get(lang)) } },
                html! { (e.from) "–" @if let Some(to) = e.to { (to) } },
                html! { (e.analytes.len()) },
                html! { (e.rules.len()) },
                html! { @match &e.absence {
                    Absence::NotLimited => (ui::badge(Tone::Ok, lang.pick("完整：无条款即无限量", "whole: no row, no limit"))),
                    Absence::Row(row) => (ui::badge(Tone::Ok, &format!("{} {}", lang.pick("无条款时：", "no row:"), row.printed))),
                    Absence::NotLoaded => (ui::badge(Tone::Warn, lang.pick("部分：无条款不等于无限量", "in part: no row decides nothing"))),
                } @if partial > 0 { " " small { (partial) (lang.pick(" 个项目仅部分载入", " analytes in part")) } } },
                html! { (status(lang, e.status == limits::Status::Verified)) },
            ]
        })
        .collect();
    let columns = [
        Column::text("标准", "Standard"),
        Column::text("有效期", "In force"),
        Column::num("项目", "Analytes"),
        Column::num("条款", "Rows"),
        Column::text("覆盖", "Coverage"),
        Column::text("状态", "Status"),
    ];
    ui::table(lang, lang.pick("已载入的标准", "Standards loaded"), &columns, &rows, None)
}

/// `GET /desk/rulebook/{procedure}.svg`
pub(crate) async fn diagram(
    State(app): State<Arc<App>>,
    SignedIn(_): SignedIn,
    Path(file): Path<String>,
) -> Answer {
    let missing = || Fault::not_found(&Text::of("程序", "procedure"));
    let id = file.strip_suffix(".svg").ok_or_else(missing)?;
    let p = app.engine.procedure(id).map_err(|_| missing())?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    Ok((headers, flow::draw(&p.definition)).into_response())
}
