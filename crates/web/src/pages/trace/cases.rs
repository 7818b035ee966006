//! Cases of an outbreak kept with a matter or signal: its page shows the last ranking and leads back to the workbench, and
//! the workbench keeps what it was opened for.

use super::unclear;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use base::{Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{CaseLine, CaseSet, KeptCases, Question};

/// The page of what cases are kept with.
fn address(about: &str) -> Option<String> {
    match about.split_once(':')? {
        ("matter", id) => Some(format!("/desk/matters/{}", ui::encode(id))),
        ("signal", id) => Some(format!("/desk/signals/{}", ui::encode(id))),
        _ => None,
    }
}

fn name(lang: Lang, about: &str) -> String {
    let (kind, id) = about.split_once(':').unwrap_or(("", about));
    let word = match kind {
        "matter" => lang.pick("办件", "matter"),
        "signal" => lang.pick("监测信号", "signal"),
        _ => "",
    };
    format!("{word} {id}")
}

/// Above a question that was opened for a matter or signal: what it is for and, with an answer, the way to keep it there.
pub(super) fn bar(viewer: &Viewer, links: &ListLinks, question: Question, answered: bool) -> Markup {
    let lang = viewer.lang();
    let Some((about, href)) = links.get("about").and_then(|about| Some((about, address(about)?))) else {
        return html! {};
    };
    html! { section.card #about {
        p { (lang.pick("为此查询：", "Asked for: ")) a href=(href) { (name(lang, about)) } }
        @if answered && question == Question::Source {
            form method="post" action="/trace/cases" {
                (layout::csrf(viewer))
                @for (k, v) in links.query.iter().filter(|(k, _)| matches!(k.as_str(), "about" | "nodes" | "depth")) { input type="hidden" name=(k) value=(v); }
                textarea name="case" hidden { (super::form::lines(links, "case")) }
                button { (lang.pick("把这些病例和排名保存到该处", "Keep these cases and the ranking there")) }
            }
        }
    } }
}

/// `POST /trace/cases`: ranks the cases and keeps them. Right: act on the matter or signal, view lot where the lots are.
pub(super) async fn keep(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let about = posted.get("about");
    let to = address(about).ok_or_else(|| {
        Fault::bad(
            "about",
            Text::of("应如 matter:编号 或 signal:编号。", "It looks like matter:ID or signal:ID."),
        )
    })?;
    let parameters: Vec<(String, String)> =
        ["case", "nodes", "depth"].map(|name| (name.to_owned(), posted.get(name).to_owned())).into();
    match app.supply.save_cases(&context(&app, viewer), &viewer.who, about, &parameters).await? {
        KeptCases::Saved(_) => Ok(Redirect::to(&format!("{to}#cases")).into_response()),
        KeptCases::Choose(choices) => Err(unclear(&choices)),
    }
}

/// The question with cases filled in, for a matter or signal.
fn open(about: &str, lines: &[String]) -> String {
    let cases = lines.join("\n");
    ListLinks { path: "/trace/source".to_owned(), ..ListLinks::default() }
        .with(&[("about", about), ("case", &cases)])
}

/// What a matter's or signal's page says of its cases; nothing for who may not see them. `lots` are offered as first cases.
pub(crate) async fn section(app: &App, viewer: &Viewer, about: &str, lots: &[String]) -> Answer<Markup> {
    let lang = viewer.lang();
    let sets = match app.supply.case_sets(&viewer.who, app.now(), about).await {
        Ok(sets) => sets,
        Err(supply::Error::NotFound(_) | supply::Error::Denied(_)) => return Ok(html! {}),
        Err(e) => return Err(e.into()),
    };
    let offered: Vec<String> =
        lots.iter().map(|lot| CaseLine { lot: lot.clone(), ..CaseLine::default() }.line()).collect();
    Ok(html! { section.card #cases { h2 { (lang.pick("病例与共同来源", "Cases and their common source")) }
        @match sets.first() {
            None => {
                p.soft { (lang.pick("还没有保存病例。病例是有人食用或检出问题的批次与场所。", "No cases are kept yet. A case is a lot eaten or failed somewhere.")) }
                p { a.button.plain href=(open(about, &offered)) { (lang.pick("在追溯工作台录入病例", "Enter cases at the workbench")) } }
            }
            Some(last) => { (latest(lang, about, last)) }
        }
        @if sets.len() > 1 { details { summary { (lang.pick("以前保存的", "Kept before")) " " (sets.len() - 1) }
            ul { @for set in &sets[1..] { li { a href=(open(about, &set.lines)) { (set.saved_at.china_minute()) } " · " (set.lines.len()) (lang.pick(" 个病例", " cases")) " · " (set.summary.get(lang)) } } }
        } }
    } })
}

fn latest(lang: Lang, about: &str, set: &CaseSet) -> Markup {
    let rows: Vec<Vec<Markup>> = set
        .suspects
        .iter()
        .enumerate()
        .map(|(n, s)| {
            vec![
                html! { (n + 1) },
                html! { (s.name) div.small.soft.break { (s.place) } },
                html! { (format!("{:.0}", s.posterior * 100.0)) },
                html! { (format!("{:.2}", s.score)) },
                html! { (s.cases) },
            ]
        })
        .collect();
    let columns = [
        Column::num("名次", "Rank"),
        Column::text("嫌疑场所", "Suspect"),
        Column::num("可能性 %", "Likelihood %"),
        Column::num("关联分", "FCL score"),
        Column::num("可解释病例", "Cases explained"),
    ];
    let title = lang.pick("嫌疑场所排名", "Suspects ranked");
    let again = open(about, &set.lines);
    html! {
        p { strong { (set.summary.get(lang)) } }
        @if set.truncated { (ui::message(Tone::Warn, &html! { p { (lang.pick("查询在设定的上限处截断，实际还有更多。", "The search stopped at its bounds: there is more.")) } })) }
        (ui::table(lang, title, &columns, &rows, None))
        p.small.soft { (set.lines.len()) (lang.pick(" 个病例 · ", " cases · ")) (set.saved_at.china_minute()) " · " (set.saved_by) " · " (lang.pick("记录位置", "position")) " " (set.position) }
        p { a.button.plain href=(&again) { (lang.pick("在追溯工作台打开，补充病例", "Open at the workbench, add cases")) } " "
            a href={ (&again) "&format=fcl" } download { "FoodChain-Lab JSON" } }
    }
}
