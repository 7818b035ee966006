//! The sampling system: plans and their progress, draws, the sampler's phone pages, published lists, statistics.

pub(crate) mod bulletins;
mod clocks;
pub(crate) mod contest;
pub(crate) mod draws;
mod figures;
pub(crate) mod goals;
mod plan;
mod plans;
mod progress;
mod recusals;
pub(crate) mod sample;
mod serious;
mod statistics;
mod tables;
mod targets;

pub(crate) use clocks::{DUE, due};

use crate::fault::Answer;
use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::{Id, Lang, Text};
use lab::Book;
use maud::{Markup, html};
use registry::OperatorKind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/sampling", get(plans::list).post(plans::draft))
        .route("/desk/sampling/plans/{id}", get(plan::show))
        .route("/desk/sampling/plans/{id}/{action}", post(plan::act))
        .route("/desk/sampling/progress", get(progress::show))
        .route("/desk/sampling/statistics", get(statistics::show))
        .route("/desk/sampling/draws", get(draws::list))
        .route("/desk/sampling/tasks/{id}", get(draws::task).post(draws::freeze))
        .route("/desk/sampling/draws/{id}", get(draws::show))
        .route("/desk/sampling/draws/{id}/record.json", get(draws::record))
        .route("/desk/sampling/draws/{id}/{action}", post(draws::act))
        .route("/desk/sampling/mine", get(targets::list))
        .route("/desk/sampling/targets/{id}", get(targets::show))
        .route("/desk/sampling/targets/{id}/{action}", post(targets::act))
        .route("/desk/sampling/recusals", get(recusals::list).post(recusals::post))
        .route("/desk/sampling/serious", get(serious::list))
        .route("/desk/sampling/clocks", get(clocks::desk))
        .route("/lab/clocks", get(clocks::bench))
        .route("/desk/sampling/bulletins", get(bulletins::list).post(bulletins::draft))
        .route("/desk/sampling/bulletins/{id}", get(bulletins::show))
        .route("/desk/sampling/bulletins/{id}/{action}", post(bulletins::act))
        .route("/desk/samples/{id}/custody/{leg}", post(sample::hand_over))
        .route("/lab/samples/{id}/custody/check_in", post(sample::check_in))
        .route("/desk/samples/{id}/photos/{sha256}", get(sample::photo))
        .route("/desk/nonconformities/{id}/open/{procedure}", post(contest::ask))
}

pub(crate) const PLAN: Text = Text::of("计划", "plan");

/// The pages of the system, above each of them.
pub(crate) fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        ("/desk/sampling", "年度计划", "Plans"),
        ("/desk/sampling/progress", "进度", "Progress"),
        ("/desk/sampling/draws", "双随机抽取", "Draws"),
        ("/desk/sampling/mine", "我的抽样", "My places"),
        ("/desk/sampling/clocks", "时限", "Clocks"),
        ("/desk/sampling/serious", "严重风险", "Grave risk"),
        ("/desk/sampling/bulletins", "结果公示", "Publication"),
        ("/desk/sampling/statistics", "统计", "Statistics"),
        ("/desk/laboratories", "检验机构", "Laboratories"),
        ("/desk/sampling/recusals", "回避", "Recusals"),
    ];
    html! { nav.tabs aria-label=(lang.pick("抽检", "Sampling")) { @for (href, zh, en) in all {
        a href=(href) aria-current=[(href == here).then_some("page")] { (lang.pick(zh, en)) } " "
    } } }
}

/// Name of a food class.
pub(crate) fn class_name(lang: Lang, code: &str) -> String {
    Book::builtin()
        .class(code)
        .map_or_else(|| lang.pick("未分类", "no class").to_owned(), |c| c.name.get(lang).to_owned())
}

/// All food classes as choices behind an open one.
pub(crate) fn classes(lang: Lang) -> Vec<(String, String)> {
    let mut out = vec![(String::new(), lang.pick("全部", "All").to_owned())];
    out.extend(Book::builtin().classes().iter().map(|c| (c.code.clone(), c.name.get(lang).to_owned())));
    out
}

/// The laboratories of the register by record.
async fn laboratories(app: &App) -> Answer<BTreeMap<Id, String>> {
    let found = registry::operators_of_kind(&app.store, OperatorKind::Laboratory).await?;
    Ok(found.into_iter().map(|o| (o.id, o.name)).collect())
}

/// A share as a percentage with two decimals.
fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
