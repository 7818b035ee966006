//! The workbench of the science: exposure from the province's own results, the sampling designer, one help page a method.

pub(crate) mod acute;
pub(crate) mod asked;
pub(crate) mod design;
mod design_tables;
pub(crate) mod exposure;
mod exposure_parts;
mod methods;
pub(crate) mod runs;
mod surveys;

use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::Lang;
use maud::{Markup, html};
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/exposure", get(exposure::show))
        .route("/desk/exposure/figures", get(exposure::moving))
        .route("/desk/exposure/runs", get(runs::list).post(runs::begin))
        .route("/desk/exposure/runs/new", get(runs::ask))
        .route("/desk/exposure/runs/{id}", get(runs::show).post(runs::act))
        .route("/desk/exposure/runs/{id}/model.json", get(runs::model))
        .route("/desk/exposure/runs/{id}/plot.svg", get(runs::plot))
        .route("/desk/exposure/model.json", get(exposure::model))
        .route("/desk/exposure/plot.svg", get(exposure::plot))
        .route("/desk/exposure/acute", get(acute::show))
        .route("/desk/exposure/surveys", get(surveys::list).post(surveys::upload))
        .route("/desk/exposure/surveys/{id}", get(surveys::download))
        .route("/desk/design", get(design::show))
        .route("/desk/design/table", post(design_tables::uploaded))
        .route("/desk/methods", get(methods::desk_list))
        .route("/desk/methods/{name}", get(methods::desk_one))
        .route("/methods", get(methods::list))
        .route("/methods/{name}", get(methods::one))
}

/// The pages of the workbench, above each of them.
fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        ("/desk/exposure", "膳食暴露", "Exposure"),
        ("/desk/exposure/acute", "短期暴露", "Short-term"),
        ("/desk/exposure/runs", "任务", "Runs"),
        ("/desk/exposure/surveys", "膳食调查", "Surveys"),
        ("/desk/design", "抽样设计", "Sampling design"),
        ("/desk/methods", "方法说明", "Methods"),
    ];
    html! { nav.tabs aria-label=(lang.pick("评估", "Assessment")) { @for (href, zh, en) in all {
        a href=(href) aria-current=[(href == here).then_some("page")] { (lang.pick(zh, en)) } " "
    } } }
}
