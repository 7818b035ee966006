//! Surveillance: signals on map and list, one signal with its series, evidence and follow-up, the methods' scorecard, events
//! entered by hand, counts from files, and complaints that tell the same.

mod counts;
mod list;
mod methods;
mod reports;
mod show;
mod texts;

use crate::fault::Answer;
use crate::map::region_name;
use crate::state::App;
use crate::ui::{self, Tone};
use axum::Router;
use axum::routing::{get, post};
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use watch::Status;

pub(crate) use list::SIGNAL;

const HOME: &str = "/desk/signals";

/// Routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/signals", get(list::list))
        .route("/desk/signals/map", get(list::map))
        .route("/desk/signals/methods", get(methods::show))
        .route("/desk/signals/counts", get(counts::show).post(counts::import))
        .route("/desk/signals/reports", get(reports::list).post(reports::enter))
        .route("/desk/signals/reports/{id}/withdraw", post(reports::withdraw))
        .route("/desk/signals/texts", get(texts::show))
        .route("/desk/signals/{id}", get(show::show).post(show::follow))
}

/// Refuses whoever may see no signal at all; what of them may be seen is cut by the watch.
pub(crate) fn may_view(app: &App, who: &access::Principal) -> Answer<()> {
    let now = app.now();
    if app.watch.access.scope(who, "view", "signal", now).is_empty() {
        app.watch.access.check(who, "view", &access::Resource::new("signal", ""), now)?;
    }
    Ok(())
}

/// A probability or rate; where no test was made, that.
fn chance(lang: Lang, value: Option<f64>) -> Markup {
    match value {
        Some(value) => html! { (format!("{value:.1e}")) },
        None => html! { span.small.soft { (lang.pick("按例数即报，不作检验", "rings by count, no test")) } },
    }
}

/// The pages of surveillance beside one another.
fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        (HOME, Text::of("信号", "Signals")),
        ("/desk/signals/texts", Text::of("相似投诉", "Complaints alike")),
        ("/desk/signals/methods", Text::of("方法成绩", "Methods' record")),
        ("/desk/signals/reports", Text::of("登记事件", "Enter an event")),
        ("/desk/signals/counts", Text::of("导入计数", "Import counts")),
    ];
    html! { nav.tabs aria-label=(lang.pick("监测", "Surveillance")) {
        @for (href, label) in &all { a href=(href) aria-current=[(*href == here).then_some("page")] { (label.get(lang)) } }
    } }
}

fn badge(lang: Lang, status: Status) -> Markup {
    let tone = match status {
        Status::New => Tone::Bad,
        Status::Assigned => Tone::Warn,
        Status::Verified => Tone::Info,
        Status::Explained => Tone::Ok,
        Status::False => Tone::Idle,
    };
    ui::badge(tone, status.label().get(lang))
}

/// Up to three places by name, the others counted.
fn places_text(lang: Lang, places: &[String]) -> String {
    let names: Vec<String> = places.iter().take(3).map(|p| region_name(lang, p)).collect();
    let text = names.join(lang.pick("、", ", "));
    match (places.len(), lang) {
        (0..=3, _) => text,
        (n, Lang::Zh) => format!("{text}等 {n} 个县区"),
        (n, Lang::En) => format!("{text} and {} more", n - 3),
    }
}
