//! What each method's signals proved to be worth, with its settings, and how far the last judgements reached.

use super::tabs;
use crate::fault::Answer;
use crate::layout;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use ::signal::watch::{Method, Step};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Lang;
use maud::{Markup, html};
use std::sync::Arc;
use watch::MethodScore;

/// Nights shown.
const NIGHTS: i64 = 14;
const HERE: &str = "/desk/signals/methods";

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn settings(method: Method) -> String {
    match method {
        Method::FarringtonFlexible { years, window, levels, left_out, alpha } => {
            format!("b={years} w={window} levels={levels} left_out={left_out} α={alpha}")
        }
        Method::EarsC3 { baseline, alpha, past } => format!("baseline={baseline} α={alpha} past={past}"),
        Method::GlrNegativeBinomial { limit, reach, past } => format!("c={limit} M={reach} past={past}"),
        Method::Threshold { cases } => format!("cases={cases}"),
    }
}

/// `GET /desk/signals/methods`. Right: view signal.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HERE, raw.as_deref(), "");
    let scores = app.watch.scores(&app.store, &viewer.who, app.now()).await?;
    let methods: Vec<String> =
        app.watch.plan.methods.iter().map(|m| format!("{:?} {}", m.step, settings(m.method))).collect();
    let made_with: Vec<&str> =
        methods.iter().map(String::as_str).chain([app.watch.plan.id.as_str()]).collect();
    let recipe = crate::export::recipe(&made_with, &sheet(&scores));
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &crate::export::stamped(sheet(&scores), &recipe));
    }
    let nights = app.watch.nights(&app.store, NIGHTS).await?;
    let plan = &app.watch.plan;
    let title = lang.pick("方法成绩", "The methods' record");
    let rows: Vec<Vec<Markup>> = plan
        .methods
        .iter()
        .filter_map(|m| Some((m, scores.iter().find(|s| s.score.method == m.method.id())?)))
        .map(|(m, s)| {
            let step = match m.step {
                Step::Day => lang.pick("日", "daily"),
                Step::Week => lang.pick("周", "weekly"),
            };
            vec![
                html! { strong { (m.title.get(lang)) } div.small.soft { (m.basis) } div.small { code { (settings(m.method)) } } },
                html! { (step) },
                html! { (s.open) },
                html! { (s.score.closed) },
                html! { (s.score.verified) },
                html! { (s.score.explained) },
                html! { (s.score.closed - s.score.verified - s.score.explained) },
                html! { @if s.score.closed > 0 { (percent(s.score.precision)) div.small.soft { (percent(s.score.interval.0)) " – " (percent(s.score.interval.1)) } } @else { "—" } },
            ]
        })
        .collect();
    let columns = [
        Column::text("方法、来源、参数", "Method, source, settings"),
        Column::text("序列", "Series"),
        Column::num("未办结", "Open"),
        Column::num("已办结", "Closed"),
        Column::num("属实", "Verified"),
        Column::num("可解释", "Explained"),
        Column::num("误报", "False"),
        Column::num("属实率及 95% 区间", "Share verified, 95 % interval"),
    ];
    let control = format!("{:?}", plan.control);
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        (layout::head(title, &html! { a href="/desk/methods/watch" { (lang.pick("方法说明", "About the method")) } }))
        p.soft { (lang.pick("按您可见的信号统计；一个信号可由多种方法同时发出。区间为 Wilson 区间，办结越多越可信。", "Of the signals you may see; one signal can come from several methods. Wilson's interval: the more closed, the surer.")) }
        (ui::table(lang, title, &columns, &rows, None))
        p { a href=(links.with(&[("format", "csv")])) { (lang.pick("导出 CSV", "Export CSV")) } " · " a href=(links.with(&[("format", "xlsx")])) { "XLSX" } " · " a href=(links.with(&[("format", "parquet")])) { "Parquet" } }
        (ui::recipe(lang, &recipe))
        section.card { h2 { (lang.pick("怎样控制误报", "How false alarms are controlled")) }
            p { (lang.pick("每种方法各自在全部县区和危害的序列中控制错误发现率，不高于 ", "Each method for itself keeps the false-discovery rate over all counties and hazards at most ")) strong { (percent(plan.rate)) }
                " (" (control) ")" (lang.pick("；至少 ", "; at least ")) (plan.minimum) (lang.pick(" 例；相邻县区、间隔不超过 ", " cases; alarms of neighbouring counties at most ")) (plan.gap) (lang.pick(" 天的报警合为一个信号。", " days apart are one signal."))
                " " (lang.pick("按例数即报的规则不是检验：不计入错误发现率，也不给概率。", "A rule that rings at a number of cases is no test: it is no part of that rate and claims no probability.")) }
            p.small.soft { (plan.basis) " " @if plan.status != "verified" { (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) } " · " code { (plan.id) } }
        }
        section { h2 { (lang.pick("最近的判定", "The last judgements")) } (judgements(lang, &nights)) }
    }).into_response())
}

fn judgements(lang: Lang, nights: &[watch::Night]) -> Markup {
    if nights.is_empty() {
        return ui::empty(
            lang.pick("还没有判定过", "Nothing has been judged yet"),
            lang.pick(
                "每天凌晨三点后判定一次；有新计数时立即判定受影响的序列。",
                "Once a night after three; series with new counts are judged at once.",
            ),
        );
    }
    let rows: Vec<Vec<Markup>> = nights
        .iter()
        .map(|n| {
            vec![
                html! { (n.day) },
                html! { (n.series) },
                html! { (n.verdicts) },
                html! { (n.undecided) },
                html! { (n.alarms) },
                html! { (n.raised) },
                html! { (n.grown) },
            ]
        })
        .collect();
    let columns = [
        Column::text("日期", "Day"),
        Column::num("序列", "Series"),
        Column::num("判定", "Verdicts"),
        Column::num("历史不足", "Past too short"),
        Column::num("报警", "Alarms"),
        Column::num("新信号", "Raised"),
        Column::num("扩大的信号", "Grown"),
    ];
    ui::table(lang, lang.pick("最近的判定", "The last judgements"), &columns, &rows, None)
}

fn sheet(scores: &[MethodScore]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "methods",
        &["method", "open", "closed", "verified", "explained", "precision", "low", "high"],
    );
    for s in scores {
        sheet.rows.push(crate::export::texts([
            s.score.method.clone(),
            s.open.to_string(),
            s.score.closed.to_string(),
            s.score.verified.to_string(),
            s.score.explained.to_string(),
            format!("{:.4}", s.score.precision),
            format!("{:.4}", s.score.interval.0),
            format!("{:.4}", s.score.interval.1),
        ]));
    }
    sheet
}
