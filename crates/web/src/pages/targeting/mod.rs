//! Targeting: scores with their reasons, models with their proof, proposals and what came of them, past results from files.

mod history;
mod models;
mod proposal;
mod proposals;
mod scores;

use crate::pages::inspections::businesses;
use crate::pages::sampling::class_name;
use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::{Lang, Text};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use target::{Aim, Reason};

const HOME: &str = "/desk/targeting";
const PROPOSALS: &str = "/desk/targeting/proposals";
const MODELS: &str = "/desk/targeting/models";
const HISTORY: &str = "/desk/targeting/history";

/// What a proposal is called.
pub(crate) const PROPOSAL: Text = Text::of("提案", "proposal");
/// What a model is called.
pub(crate) const MODEL: Text = Text::of("模型", "model");

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/targeting", get(scores::list))
        .route("/desk/targeting/of/{aim}/{subject}", get(scores::show))
        .route("/desk/targeting/models", get(models::list))
        .route("/desk/targeting/models/{id}", get(models::show))
        .route("/desk/targeting/models/{id}/{file}", get(models::file))
        .route("/desk/targeting/proposals", get(proposals::list).post(proposals::propose))
        .route("/desk/targeting/proposals/{id}", get(proposal::show))
        .route("/desk/targeting/proposals/{id}/record.json", get(proposal::record))
        .route("/desk/targeting/proposals/{id}/{action}", post(proposal::act))
        .route("/desk/targeting/history", get(history::show).post(history::import))
}

/// The pages of the subject, above each of them.
fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        (HOME, "评分", "Scores"),
        (PROPOSALS, "提案", "Proposals"),
        (MODELS, "模型", "Models"),
        (HISTORY, "历史检查", "Past inspections"),
        ("/desk/methods/targeting", "方法说明", "Method"),
    ];
    html! { nav.tabs aria-label=(lang.pick("风险导向", "Targeting")) { @for (href, zh, en) in all {
        a href=(href) aria-current=[(href == here).then_some("page")] { (lang.pick(zh, en)) } " "
    } } }
}

/// Businesses or food classes by code, as people call them.
struct Kinds(BTreeMap<String, String>);

impl Kinds {
    fn of(app: &App, lang: Lang) -> Self {
        Self(businesses(app, lang).into_iter().collect())
    }

    fn name(&self, lang: Lang, aim: Aim, kind: &str) -> String {
        match aim {
            _ if kind.is_empty() => lang.pick("全部", "all").to_owned(),
            Aim::Inspect => self.0.get(kind).cloned().unwrap_or_else(|| kind.to_owned()),
            Aim::Sample => class_name(lang, kind),
        }
    }
}

/// Address of a subject's reasons.
fn subject_path(aim: Aim, subject: &str) -> String {
    format!("{HOME}/of/{}/{}", aim.word(), crate::ui::encode(subject))
}

/// A share as people read it.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// An interval beside a figure.
fn between(low: f64, high: f64, show: impl Fn(f64) -> String) -> String {
    format!("{} … {}", show(low), show(high))
}

/// What moved a score, in a few words: the first reasons and whether they raised or lowered it.
fn in_short(lang: Lang, reasons: &[Reason], most: usize) -> Markup {
    html! { ul.plain.small { @for r in reasons.iter().take(most) { li {
        (if r.change > 0.0 { "↑ " } else { "↓ " }) (target::meaning(&r.feature).get(lang)) " = " (target::value(r.value))
    } } } }
}

/// The reasons as one text of an export.
fn reasons_text(lang: Lang, reasons: &[Reason]) -> String {
    let line = |r: &Reason| {
        format!("{} = {} ({:+.2})", target::meaning(&r.feature).get(lang), target::value(r.value), r.change)
    };
    reasons.iter().map(line).collect::<Vec<_>>().join("; ")
}
