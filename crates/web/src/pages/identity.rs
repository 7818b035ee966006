//! Who complained or reported, for the few who may see it: asked for with a reason, granted by another, read with a trace.

use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, Tone};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use registry::{Asking, Identity, Reporter};
use std::sync::Arc;

const MATTER: Text = Text::of("办件", "matter");

/// `GET /desk/matters/{id}/reporter`. Right: view reporter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MATTER))?;
    let found = registry::reporter_of(&app.store, &app.access, &viewer.who, app.now(), id).await?;
    Ok(page(&app, &viewer, id, found.as_ref(), None))
}

fn page(
    app: &App,
    viewer: &Viewer,
    matter: Id,
    found: Option<&(Reporter, Vec<Asking>)>,
    open: Option<&Identity>,
) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("投诉举报人身份", "Who complained or reported");
    layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[(&format!("/desk/matters/{matter}"), &matter.to_string()), ("", title)]))
            h1 { (title) }
            @match found {
                None => (ui::empty(lang.pick("此件没有留存身份信息", "No identity is kept"), lang.pick("由部门立项的办件没有投诉举报人。", "A matter opened by the office has no complainant."))),
                Some((reporter, askings)) => {
                    @if let Some(who) = open { section.card { (identity(lang, who)) } }
                    @if !reporter.named { (ui::message(Tone::Info, &html! { p { (lang.pick("匿名，未留姓名。", "Anonymous: no name was given.")) } })) }
                    @if reporter.guarded { (guarded(app, viewer, matter, askings)) } @else { (button(viewer, matter, "read", lang.pick("查看身份（留痕）", "Open the identity (leaves a trace)"))) }
                }
            }
        },
    )
}

fn identity(lang: Lang, who: &Identity) -> Markup {
    let row = |zh: &'static str, en: &'static str, value: &str| {
        let value = if value.is_empty() { "—" } else { value }.to_owned();
        (Text::of(zh, en), html! { (value) })
    };
    ui::facts(
        lang,
        &[
            row("姓名", "Name", &who.name),
            row("电话", "Telephone", &who.phone),
            row("身份证件号码", "Identity number", &who.number),
            row("地址", "Address", &who.address),
        ],
    )
}

fn button(viewer: &Viewer, matter: Id, act: &str, label: &str) -> Markup {
    html! { form method="post" action={ "/desk/matters/" (matter) "/reporter" } {
        (layout::csrf(viewer))
        input type="hidden" name="act" value=(act);
        button { (label) }
    } }
}

fn guarded(app: &App, viewer: &Viewer, matter: Id, askings: &[Asking]) -> Markup {
    let lang = viewer.lang();
    let since = app.now().plus_seconds(-24 * 3600);
    let own = askings
        .iter()
        .any(|a| a.asked_by == viewer.who.account && a.granted_at.is_some_and(|at| at >= since));
    let rows: Vec<Vec<Markup>> = askings
        .iter()
        .map(|a| {
            vec![
                html! { (a.asked_at.china_minute()) },
                html! { (a.reason) },
                html! { @if let Some(at) = a.granted_at { (at.china_minute()) } @else if a.asked_by == viewer.who.account { (lang.pick("待他人批准", "another must grant it")) } @else {
                    form method="post" action={ "/desk/matters/" (matter) "/reporter" } {
                        (layout::csrf(viewer))
                        input type="hidden" name="act" value="grant";
                        input type="hidden" name="asking" value=(a.id);
                        button { (lang.pick("批准", "Grant")) }
                    }
                } },
                html! { @if let Some(at) = a.read_at { (at.china_minute()) } @else { "—" } },
            ]
        })
        .collect();
    html! {
        p { (lang.pick("举报人身份须一人申请、另一人批准，批准后二十四小时内由申请人查看；申请、批准、查看全部留痕。", "A reporter's identity is asked for by one person and granted by another; who asked may read it for a day. All of it leaves a trace.")) }
        @if own { (button(viewer, matter, "read", lang.pick("查看身份（留痕）", "Open the identity (leaves a trace)"))) }
        section.card { form method="post" action={ "/desk/matters/" (matter) "/reporter" } {
            (layout::csrf(viewer))
            input type="hidden" name="act" value="ask";
            (ui::input(&Field { name: "reason", label: lang.pick("查看理由", "Why you must see it"), kind: "textarea", required: true, ..Field::default() }))
            button { (lang.pick("申请查看", "Ask")) }
        } }
        @if !rows.is_empty() {
            (ui::table(lang, lang.pick("查看记录", "Trace"), &[Column::text("申请", "Asked"), Column::text("理由", "Reason"), Column::text("批准", "Granted"), Column::text("查看", "Read")], &rows, None))
        }
    }
}

/// `POST /desk/matters/{id}/reporter`. Right: view reporter; to grant: decide reporter.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MATTER))?;
    let viewer = &posted.viewer;
    let (cx, access, who) = (context(&app, viewer), &app.access, &viewer.who);
    let mut tx = app.store.begin().await?;
    let mut open = None;
    match posted.get("act") {
        "ask" => drop(registry::ask_identity(&mut tx, &cx, access, who, id, posted.get("reason")).await?),
        "grant" => {
            let asking = posted.get("asking").parse().map_err(|_| Fault::not_found(&MATTER))?;
            registry::grant_identity(&mut tx, &cx, access, who, id, asking).await?;
        }
        _ => open = Some(registry::read_identity(&mut tx, &cx, access, who, id).await?),
    }
    tx.commit().await?;
    if open.is_none() {
        return Ok(Redirect::to(&format!("/desk/matters/{id}/reporter")).into_response());
    }
    let found = registry::reporter_of(&app.store, access, who, app.now(), id).await?;
    Ok(page(&app, viewer, id, found.as_ref(), open.as_ref()).into_response())
}
