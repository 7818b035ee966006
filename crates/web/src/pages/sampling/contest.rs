//! Retest and objection: the card with its clock and buttons, on the desk's page of a failure and on the firm's.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, context};
use crate::state::App;
use crate::ui::{self, Tone};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Date, Id, Text};
use lab::{ContestKind, ContestStanding, Nonconformity, NonconformityState, Party, PartyStanding};
use maud::{Markup, html};
use std::sync::Arc;

/// The days of a party, as a badge with the last of them.
pub(crate) fn days(viewer: &Viewer, p: &PartyStanding, today: Date) -> Markup {
    let lang = viewer.lang();
    html! { @match (&p.served_on, &p.until) {
        (Some(served), Some(due)) => {
            @if due.date < today { (ui::badge(Tone::Idle, lang.pick("期限已满", "days over"))) }
            @else { (ui::badge(Tone::Info, lang.pick("期限内", "within its days"))) }
            " " (lang.pick("送达 ", "served ")) (served) " · " (lang.pick("截止 ", "until ")) b { (due.date) }
            @if due.provisional { " " (ui::badge(Tone::Warn, lang.pick("日历待公布", "calendar not yet announced"))) }
        }
        _ => { (ui::badge(Tone::Warn, lang.pick("尚未送达", "not served yet"))) " "
            (lang.pick("期限自收到检验结论之日起算", "the days run from the receipt of the result")) }
    } }
}

/// Parties and their days, what was applied for, and the buttons this viewer has; `base` is the address that takes the
/// buttons.
pub(crate) fn card(
    viewer: &Viewer,
    n: &Nonconformity,
    s: &ContestStanding,
    today: Date,
    base: &str,
) -> Markup {
    let lang = viewer.lang();
    let own = viewer.who.operator;
    let area = if own.is_some() { "/firm/duties/" } else { "/desk/matters/" };
    let parties: Vec<&PartyStanding> =
        s.parties.iter().filter(|p| own.is_none() || p.operator == own).collect();
    // asked for once: from then on its matter is the way
    let asked = |kind| own.is_some() && s.contests.iter().any(|c| c.kind == kind && c.operator == own);
    let button = |kind: ContestKind, p: &PartyStanding, label: Text| {
        html! { form method="post" action={ (base) "/" (kind.word()) } { (layout::csrf(viewer))
        input type="hidden" name="party" value=(p.party.word());
        button.plain { (label.get(lang)) } } }
    };
    html! { section.card { h2 { (lang.pick("复检和异议", "Retest and objection")) }
        p.soft { (lang.pick(
            "收到检验结论之日起 7 个工作日内可申请复检，或对样品真实性、检验方法、标准适用提出异议；对抽样过程的异议自抽样之日起 7 个工作日内提出。期间不停止风险控制，不合格信息暂不公布。",
            "Within 7 working days of receiving the result a retest may be asked for, or identity, method or standard objected to; the sampling itself within 7 working days of it. The goods stay under control and nothing is published meanwhile.")) }
        @for p in &parties {
            h3 { (p.party.label().get(lang)) " · " (p.name) }
            p { (days(viewer, p, today)) }
            @if n.state == NonconformityState::Open { div.actions {
                @if own.is_some() {
                    @if s.microbial { (ui::badge(Tone::Warn, lang.pick("微生物项目不予复检", "no retest of microbes"))) }
                    @else if !p.over(today) && !asked(ContestKind::Retest) { (button(ContestKind::Retest, p, Text::of("申请复检", "Ask for a retest"))) }
                    @if !p.over(today) && !asked(ContestKind::Objection) { (button(ContestKind::Objection, p, Text::of("提出异议", "Object"))) }
                } @else {
                    (button(ContestKind::Retest, p, Text::of("代录纸质复检申请", "Enter a retest application on paper")))
                    (button(ContestKind::Objection, p, Text::of("代录纸质异议", "Enter an objection on paper")))
                }
            } }
        }
        @if !s.contests.is_empty() { ul.plain { @for c in &s.contests { @if own.is_none() || c.operator == own { li {
            a href={ (area) (c.matter) } { (c.kind.label().get(lang)) } " " (c.filed.china_minute()) " "
            @match c.ended { Some(at) => (ui::badge(Tone::Idle, &format!("{} {}", lang.pick("已结束", "ended"), at.china_date()))),
                None => (ui::badge(Tone::Warn, lang.pick("办理中，暂不公布", "under way, not published meanwhile"))) }
        } } } } }
    } }
}

/// `POST /desk/nonconformities/{id}/open/{procedure}` and `POST /firm/results/{id}/{procedure}`: a retest or an objection, by
/// the firm concerned or entered for it by an officer. Right: create matter.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path((id, procedure)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("不合格记录", "nonconformity")))?;
    let kind = ContestKind::read(&procedure)
        .filter(|k| k.word() == procedure)
        .ok_or_else(|| Fault::not_found(&Text::of("程序", "procedure")))?;
    let party = Party::read(posted.get("party")).unwrap_or(Party::Sampled);
    let mut tx = app.store.begin().await?;
    let matter = app.lab.ask_contest(&mut tx, &context(&app, viewer), &viewer.who, id, kind, party).await?;
    tx.commit().await?;
    let area = if viewer.who.operator.is_some() { "/firm/duties" } else { "/desk/matters" };
    Ok(Redirect::to(&format!("{area}/{matter}")).into_response())
}
