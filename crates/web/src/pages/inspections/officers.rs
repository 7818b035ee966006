//! Who is sent to an inspection, and what is mine to do.

use super::{names, tabs};
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::map::region_name;
use crate::pages::show::clock_badge;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use maud::{Markup, html};
use std::sync::Arc;

const INSPECTION: Text = Text::of("检查", "inspection");

/// `GET /desk/inspections/mine`: inspections the person is sent to. Right: act matter.
pub(super) async fn mine(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let mut lines = Vec::new();
    for id in app.field.sent_to(&app.store, viewer.who.account).await? {
        let (now, who) = (app.now(), &viewer.who);
        // rights may have ended since
        if let Ok(m) = flow::view::matter(&app.store, &app.engine, &app.access, who, now, id).await {
            lines.push(m);
        }
    }
    let title = lang.pick("我的检查", "My inspections");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/desk/inspections/mine"))
            h1 { (title) }
            @if lines.is_empty() { (ui::empty(lang.pick("没有派给您的检查", "No inspection is yours"), lang.pick("随机抽取或指派给您的检查会出现在这里。", "Inspections drawn or given to you appear here."))) }
            ul.tasks { @for m in &lines { li {
                h3 { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } }
                p { (m.state_title.get(lang)) " · " (region_name(lang, &m.region)) }
                @for c in m.clocks.iter().filter(|c| c.met_at.is_none() && c.void_at.is_none()) { p { (clock_badge(lang, &c.due)) } }
            } } }
        },
    ))
}

/// `GET /desk/inspections/send/{id}`: who is sent, and the form to send others. Right: act matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let m = super::record::matter(&app, &viewer.who, &id).await?;
    let id = m.id;
    let people = names(&app, &viewer.who, &m.region, &m.agency).await?;
    let sent = field::officers_of(&app.store, id).await?;
    let drawn = sent.iter().any(|s| s.draw.is_some());
    let title = lang.pick("检查人员", "Officers");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[(&format!("/desk/matters/{id}"), m.title.get(lang)), ("", title)]))
            h1 { (title) }
            @if sent.is_empty() { p { (lang.pick("尚未派人。", "Nobody is sent yet.")) } }
            ul { @for s in &sent { li { (people.get(&s.account).cloned().unwrap_or_else(|| s.account.to_string()))
                @if let Some(d) = s.draw { " · " a href={ "/desk/inspections/draws/" (d) } { (lang.pick("随机抽取", "drawn at random")) } } } } }
            @if m.state == "assigned" && !drawn && !people.is_empty() {
                form.card method="post" action={ "/desk/inspections/send/" (id) } { (layout::csrf(&viewer))
                    fieldset { legend { (lang.pick("选派（不少于两人）", "Send (two at least)")) }
                        @for (account, name) in &people { label.choice { input type="checkbox" name="officer" value=(account) checked[sent.iter().any(|s| s.account == *account)]; (name) } } }
                    button { (lang.pick("选派", "Send")) }
                }
            }
        },
    ))
}

/// `POST /desk/inspections/send/{id}`. Right: act matter.
pub(super) async fn send(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&INSPECTION))?;
    let accounts: Vec<Id> =
        posted.fields.iter().filter(|(k, _)| k == "officer").filter_map(|(_, v)| v.parse().ok()).collect();
    let mut tx = app.store.begin().await?;
    app.field.send(&mut tx, &context(&app, viewer), &viewer.who, id, &accounts).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/inspections/send/{id}")).into_response())
}
