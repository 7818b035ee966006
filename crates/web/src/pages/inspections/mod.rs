//! Inspections: double-random draws, who is sent, phones without signal and what they bring back.

mod api;
mod devices;
pub(crate) mod draws;
mod freeze;
mod officers;
mod papers;
mod phone;
mod record;
mod replace;

use crate::state::App;
use axum::Router;
use axum::routing::{get, post};
use base::{Id, Lang};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Routes of this subject.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/desk/inspections", get(draws::list))
        .route("/desk/inspections/plans/{id}/frequency", get(freeze::frequency))
        .route("/desk/inspections/plans/{id}", get(freeze::show).post(freeze::freeze))
        .route("/desk/inspections/draws/{id}", get(draws::show))
        .route("/desk/inspections/draws/{id}/record.json", get(draws::record))
        .route("/desk/inspections/draws/{id}/{action}", post(draws::act))
        .route("/desk/inspections/draws/{id}/replace/{operator}", get(replace::show).post(replace::target))
        .route("/desk/inspections/draws/{id}/replace/{operator}/officer", post(replace::officer))
        .route("/desk/inspections/mine", get(officers::mine))
        .route("/desk/inspections/send/{id}", get(officers::show).post(officers::send))
        .route("/desk/inspections/log/{id}", get(record::log))
        .route("/desk/inspections/log/{id}/photos/{sha256}", get(api::picture))
        .route("/desk/inspections/sheet/{id}/{paper}", get(papers::show))
        .route("/desk/inspections/devices", get(devices::list))
        .route("/desk/inspections/devices/{id}/revoke", post(devices::end))
        .route("/desk/inspections/missing", get(devices::missing))
        .route("/desk/field/me", get(api::me))
        .route("/desk/field/devices", post(api::enrol))
        .route("/desk/field/take/{device}", post(api::take))
        .route("/desk/field/back/{device}/{matter}", post(api::give_back))
        .route("/desk/field/log/{device}", post(api::log))
        .route("/desk/field/photos/{device}/{sha256}/{start}", post(api::photo))
        .route("/field/app", get(phone::shell))
        .route("/field/manifest.webmanifest", get(phone::manifest))
        .route("/field/sw.js", get(phone::worker))
}

/// The pages of the subject, above each of them.
fn tabs(lang: Lang, here: &str) -> Markup {
    let all = [
        ("/desk/inspections", "双随机抽取", "Draws"),
        ("/desk/inspections/mine", "我的检查", "My inspections"),
        ("/desk/inspections/devices", "外勤设备", "Phones"),
        ("/desk/inspections/missing", "未提交记录", "Missing submissions"),
        ("/desk/sampling/recusals", "回避登记", "Recusals"),
    ];
    html! { nav.tabs aria-label=(lang.pick("检查", "Inspections")) { @for (href, zh, en) in all {
        a href=(href) aria-current=[(href == here).then_some("page")] { (lang.pick(zh, en)) } " "
    } } }
}

/// The checklists by business: code and words, as the procedure that records an inspection has them.
pub(crate) fn businesses(app: &App, lang: Lang) -> Vec<(String, String)> {
    let form = app.engine.procedure("inspection").ok().and_then(|p| p.definition.form("record").cloned());
    let options = form.as_ref().and_then(|f| f.field("business")).map(|f| f.options.clone());
    options.unwrap_or_default().into_iter().map(|o| (o.id, o.title.get(lang).to_owned())).collect()
}

/// Names of accounts, as far as the register of officers gives them to the reader.
async fn names(
    app: &App,
    who: &access::Principal,
    region: &str,
    agency: &str,
) -> crate::fault::Answer<BTreeMap<Id, String>> {
    let mut tx = app.store.begin().await?;
    let found = app.field.sendable(&mut tx, who, app.now(), region, agency).await;
    tx.rollback().await?;
    match found {
        Ok(all) => Ok(all.into_iter().collect()),
        // who only reads sees numbers
        Err(field::Error::Denied(_)) => Ok(BTreeMap::new()),
        Err(e) => Err(e.into()),
    }
}
