//! The clocks of a matter on its page: each with its clause, its pauses and their reasons, and what a desk may change; the move to
//! the procedure in force.

use super::show::clock_badge;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, Tone};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use flow::view::{ClockView, MatterView};
use maud::{Markup, html};
use std::sync::Arc;

/// The clocks that stand; `changes` offers what a desk may change.
pub(super) fn clocks(viewer: &Viewer, m: &MatterView, changes: bool) -> Markup {
    let lang = viewer.lang();
    let all: Vec<&ClockView> = m.clocks.iter().filter(|c| c.task.is_none() && c.void_at.is_none()).collect();
    if all.is_empty() {
        return html! { p.soft { (lang.pick("此环节没有时限。", "No clock runs here.")) } };
    }
    html! { ul { @for c in all { li {
        (c.due.title.get(lang)) " " (clock_badge(lang, &c.due))
        div.small.soft { (lang.pick("自 ", "from ")) (c.started_at.china_minute())
            @if let Some(met) = c.met_at { (lang.pick("，办结于 ", ", done ")) (met.china_minute()) }
            @else if let Some(end) = c.due.at { (lang.pick("，截止 ", ", ends ")) (end.china_minute()) }
            @if let Some(fact) = &c.until { (lang.pick("（以“", " (as \"")) (fact.get(lang)) (lang.pick("”为准）", "\" says)")) }
            " · " (c.basis.document) " " (c.basis.clause)
            @if c.basis.status != base::clock::Status::Verified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
            @if c.due.provisional { " " (ui::badge(Tone::Warn, lang.pick("暂定：节假日安排未公布", "provisional: holidays not announced"))) } }
        @for s in &c.suspensions { div.small { (lang.pick("中止：", "Suspended: ")) (cause(lang, c, &s.reason)) " · "
            (s.from.china_minute()) " – " @if let Some(to) = s.to { (to.china_minute()) } @else { (lang.pick("至今", "now")) }
            " · " (lang.pick("批准 ", "approved by ")) (s.approved_by) } }
        @if let Some(why) = &c.reason { div.small { (why.get(lang)) } }
        @for e in &c.extensions { div.small { (lang.pick("延长：", "Extended: ")) (e.unit.length(e.amount.into()).get(lang)) " " (e.reason)
            " · " (lang.pick("批准 ", "approved by ")) (e.approved_by) } }
        @if changes && c.met_at.is_none() && (!c.pauses.is_empty() || c.extensible) { (change_forms(viewer, c)) }
    } } } }
}

/// A recorded pause in words: its cause by name, then what was written.
fn cause(lang: Lang, c: &ClockView, reason: &str) -> String {
    let (code, words) = reason.split_once(": ").unwrap_or((reason, ""));
    match c.pauses.iter().find(|(cause, _)| cause == code) {
        Some((_, title)) if words.is_empty() => title.get(lang).to_owned(),
        Some((_, title)) => format!("{}：{words}", title.get(lang)),
        None => reason.to_owned(),
    }
}

fn change_forms(viewer: &Viewer, c: &ClockView) -> Markup {
    let lang = viewer.lang();
    let stands = c.suspensions.iter().any(|s| s.to.is_none());
    let id = |name: &str| format!("{name}-{}", c.id);
    let (cause_id, why_id, amount_id, extend_id) = (id("cause"), id("why"), id("amount"), id("extend"));
    let why = |id: &str| {
        ui::input(&Field {
            name: "reason",
            id,
            label: lang.pick("理由", "Why"),
            required: true,
            ..Default::default()
        })
    };
    html! { details.small { summary { (lang.pick("变更时限", "Change this clock")) }
        @if stands {
            form.filters method="post" action={ "/desk/clocks/" (c.id) "/resume" } { (layout::csrf(viewer)) input type="hidden" name="version" value=(c.version);
                (why(&why_id)) button.plain { (lang.pick("恢复计时", "Let it run on")) } }
        } @else if !c.pauses.is_empty() {
            form.filters method="post" action={ "/desk/clocks/" (c.id) "/suspend" } { (layout::csrf(viewer)) input type="hidden" name="version" value=(c.version);
                (ui::select(&Field { name: "cause", id: &cause_id, label: lang.pick("中止事由", "Cause"), required: true, ..Default::default() },
                    &c.pauses.iter().map(|(code, title)| (code.clone(), title.get(lang).to_owned())).collect::<Vec<_>>()))
                (why(&why_id)) button.plain { (lang.pick("中止", "Suspend")) } }
        }
        @if c.extensible && !stands {
            form.filters method="post" action={ "/desk/clocks/" (c.id) "/extend" } { (layout::csrf(viewer)) input type="hidden" name="version" value=(c.version);
                (ui::input(&Field { name: "amount", id: &amount_id, label: lang.pick("延长（按规定的单位）", "Extend by (in the unit of the rule)"), kind: "number", required: true, ..Default::default() }))
                (why(&extend_id)) button.plain { (lang.pick("延长", "Extend")) } }
        }
    } }
}

/// `POST /desk/clocks/{id}/{change}`: suspend, resume, extend. Right: decide matter.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Path((id, change)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let clock = Text::of("时限", "clock");
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&clock))?;
    let (version, reason) = (posted.version()?, posted.get("reason"));
    let cx = context(&app, viewer);
    let (engine, access, who) = (&app.engine, &app.access, &viewer.who);
    let mut tx = app.store.begin().await?;
    match change.as_str() {
        "suspend" => {
            let cause = posted.get("cause");
            flow::suspend_clock(&mut tx, &cx, engine, access, who, id, version, cause, reason).await?
        }
        "resume" => flow::resume_clock(&mut tx, &cx, engine, access, who, id, version, reason).await?,
        "extend" => {
            let amount = posted
                .get("amount")
                .parse()
                .map_err(|_| Fault::bad("amount", Text::of("请填整数", "give a whole number")))?;
            flow::extend_clock(&mut tx, &cx, engine, access, who, id, version, amount, reason).await?
        }
        _ => return Err(Fault::not_found(&clock)),
    };
    let row = tx.one("select matter from clock where id = $1", &[id.into()]).await?;
    let matter = row.id("matter")?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/matters/{matter}")).into_response())
}

/// Says that new matters begin under another version, with the form that moves this one.
pub(super) fn outdated(viewer: &Viewer, m: &MatterView, decides: bool) -> Markup {
    let lang = viewer.lang();
    if !m.outdated {
        return html! {};
    }
    ui::message(
        Tone::Info,
        &html! {
            p { (lang.pick("本办件按立项时的程序版本办理；该程序已有新版。", "This matter runs under the version of its procedure it began with; there is a newer one.")) }
            @if decides { details { summary { (lang.pick("改用新版程序", "Move it to the new version")) }
                form.filters method="post" action={ "/desk/migrate/" (m.id) } { (layout::csrf(viewer)) input type="hidden" name="version" value=(m.version);
                    (ui::input(&Field { name: "reason", id: "migrate-reason", label: lang.pick("理由", "Why"), required: true, ..Default::default() }))
                    button.plain { (lang.pick("改用新版程序", "Move it to the new version")) } } } }
        },
    )
}

/// `POST /desk/migrate/{id}`. Right: decide matter.
pub(crate) async fn migrate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("办件", "matter")))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let (version, reason) = (posted.version()?, posted.get("reason"));
    flow::migrate(&mut tx, &cx, &app.engine, &app.access, &viewer.who, id, version, reason).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/matters/{id}")).into_response())
}
