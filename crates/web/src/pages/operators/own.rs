//! What a firm looks up about itself: its licences, and what its credit file says of it.

use super::credit;
use super::records::licences;
use super::show::visible;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::SignedIn;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use base::Text;
use maud::{Markup, html};
use registry::Operator;
use std::sync::Arc;

async fn own(app: &App, viewer: &Viewer) -> Answer<Operator> {
    let id = viewer.who.operator.ok_or_else(|| {
        Fault::new(
            StatusCode::FORBIDDEN,
            Text::of(
                "此页面供企业账号使用；您的账号没有关联经营主体，请联系管理员。",
                "This page is for accounts of firms; yours belongs to no operator. Ask the administrator.",
            ),
        )
    })?;
    visible(app, viewer, &id.to_string()).await
}

/// `GET /firm/licences`. Right: view operator, the own one.
pub(super) async fn show_licences(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let o = own(&app, &viewer).await?;
    let held = registry::licences_of(&app.store, o.id).await?;
    let title = lang.pick("证照", "Licences");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! { a.button href="/firm/matters/new" { (lang.pick("申请、变更、备案", "Apply, change, file")) } }))
            section.card { (licences(lang, &held, app.now().china_date())) }
            p { a href={ "/desk/operators/" (o.id) } { (lang.pick("本单位在监管部门的登记信息", "What the authorities have on register about you")) } }
        },
    ))
}

/// `GET /firm/credit`. Right: view operator, the own one.
pub(super) async fn show_credit(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    let lang = viewer.lang();
    let o = own(&app, &viewer).await?;
    let today = app.now().china_date();
    let lines = registry::credit_file(&app.store, o.id).await?;
    let grades = registry::grades_of(&app.store, o.id).await?;
    let bans = registry::bans_on(&mut app.store.snapshot().await?, o.id, today).await?;
    let title = lang.pick("我的信用", "My credit");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (layout::head(title, &html! { a.button.plain href="/firm/matters/new?procedure=credit_repair" { (lang.pick("申请信用修复", "Ask for credit repair")) } }))
            (credit::bans(lang, &bans))
            section.card { (credit::file(lang, &lines, &grades, today)) }
        },
    ))
}
