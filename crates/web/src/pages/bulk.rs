//! One step taken in many matters at once: each in its own transaction, each answer shown.

use crate::fault::{Answer, Fault};
use crate::forms;
use crate::layout;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Text};
use flow::FieldType;
use flow::view::{Action, MatterView};
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;

/// Most matters at once.
const MOST: usize = 100;

fn chosen(fields: &[(String, String)]) -> Answer<Vec<Id>> {
    let mut ids: Vec<Id> =
        fields.iter().filter(|(k, _)| k == "m").filter_map(|(_, v)| v.parse().ok()).collect();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        return Err(Fault::bad(
            "m",
            Text::new(format!("请勾选 1 至 {MOST} 个办件"), format!("tick 1 to {MOST} matters")),
        ));
    }
    Ok(ids)
}

async fn views(app: &App, viewer: &layout::Viewer, ids: &[Id]) -> Answer<Vec<MatterView>> {
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        all.push(
            flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), *id).await?,
        );
    }
    Ok(all)
}

/// The steps that may be taken now in every one of them by the same form; one that asks for files is taken one by one.
fn shared(all: &[MatterView]) -> Vec<&Action> {
    let Some((first, rest)) = all.split_first() else { return Vec::new() };
    let plain = |a: &&Action| {
        a.refusal.is_none()
            && a.form.as_ref().is_none_or(|f| {
                f.leaves().iter().all(|f| {
                    !f.kind.is_file() && !matches!(f.kind, FieldType::Signature | FieldType::Checklist)
                })
            })
    };
    let in_all = |a: &&Action| {
        rest.iter().all(|m| {
            m.procedure == first.procedure
                && m.actions.iter().any(|b| b.id == a.id && b.refusal.is_none() && b.form == a.form)
        })
    };
    first.actions.iter().filter(plain).filter(in_all).collect()
}

/// `GET /desk/bulk?m=ID&m=ID`: the matters chosen and what can be done in all of them. Right: view matter.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let ids = chosen(&crate::session::urlencoded(raw.unwrap_or_default().as_bytes()))?;
    let all = views(&app, &viewer, &ids).await?;
    let actions = shared(&all);
    let title = lang.pick("批量办理", "Many at once");
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/matters", lang.pick("办件", "Matters")), ("", title)]))
            h1 { (title) }
            ul { @for m in &all { li { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } " " (ui::badge(Tone::Info, m.state_title.get(lang))) } } }
            @if actions.is_empty() { (ui::empty(lang.pick("没有可一并办理的步骤", "No step is possible in all of them"), lang.pick("请选择同一程序、同一环节的办件；需上传文件或签名的步骤须逐件办理。", "Choose matters of one procedure at one state; steps that ask for files or signatures are taken one by one."))) }
            @for a in &actions { details.card { summary { strong { (a.title.get(lang)) } " × " (all.len()) }
                form method="post" action="/desk/bulk" { (layout::csrf(&viewer))
                    input type="hidden" name="step" value=(a.id);
                    @for m in &all { input type="hidden" name="m" value=(m.id); input type="hidden" name="v" value=(m.version); }
                    @if let Some(form) = &a.form { (forms::fields(lang, &format!("{}-", a.id), form, &json!({}), &[], "")) }
                    button { (a.title.get(lang)) } } } }
        },
    ))
}

/// `POST /desk/bulk`: takes the step in each. Right: act or decide matter, as the procedure says.
pub(crate) async fn take(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let ids = chosen(&posted.fields)?;
    let versions: Vec<i64> =
        posted.fields.iter().filter(|(k, _)| k == "v").filter_map(|(_, v)| v.parse().ok()).collect();
    if versions.len() != ids.len() {
        return Err(Fault::bad(
            "v",
            Text::of("表单缺少版本号，请刷新页面。", "The form lacks its versions; reload the page."),
        ));
    }
    let step = posted.get("step").to_owned();
    let all = views(&app, viewer, &ids).await?;
    let form =
        all.first().and_then(|m| m.actions.iter().find(|a| a.id == step)).and_then(|a| a.form.as_ref());
    let entry = form.map_or_else(|| json!({}), |f| forms::entry(f, &posted, &[]));
    let mut rows: Vec<Vec<Markup>> = Vec::with_capacity(ids.len());
    for (m, version) in all.iter().zip(versions) {
        let cx = context(&app, viewer);
        let mut tx = app.store.begin().await?;
        let who = &viewer.who;
        let done =
            flow::transition(&mut tx, &cx, &app.engine, &app.access, who, m.id, version, &step, &entry).await;
        let said = match done {
            Ok(_) => match tx.commit().await {
                Ok(()) => ui::badge(Tone::Ok, lang.pick("已办理", "done")),
                Err(e) => {
                    html! { (ui::badge(Tone::Bad, lang.pick("未办理", "not done"))) " " (Fault::from(e).text.get(lang)) }
                }
            },
            Err(e) => {
                drop(tx);
                // those before it are done: what is wrong with this one is said in its row, never as a page of its own
                let text = e.user_text().unwrap_or_else(|| Fault::from(e).text);
                html! { (ui::badge(Tone::Bad, lang.pick("未办理", "not done"))) " " (text.get(lang)) }
            }
        };
        rows.push(vec![html! { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } }, said]);
    }
    let title = lang.pick("批量办理结果", "What was done");
    Ok(layout::page(viewer, title, &html! {
        (layout::crumbs(&[("/desk/matters", lang.pick("办件", "Matters")), ("", title)]))
        h1 { (title) }
        (ui::table(lang, title, &[Column::text("办件", "Matter"), Column::text("结果", "Outcome")], &rows, None))
    }).into_response())
}
