//! One place of business: what it is, whose, and the lots with records there.

use super::list::status_badge;
use super::show::lot_table;
use crate::fault::{Answer, Fault};
use crate::layout;
use crate::map::region_name;
use crate::session::{SignedIn, context};
use crate::state::App;
use crate::ui;
use axum::extract::{Path, State};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;

const SITE: Text = Text::of("场所", "site");

/// `GET /desk/sites/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&SITE))?;
    let s = registry::site(&app.store, id).await?.ok_or_else(|| Fault::not_found(&SITE))?;
    app.access.check(&viewer.who, "view", &s.resource(), app.now())?;
    let owner = registry::operator(&app.store, s.operator).await?;
    let key = app.supply.directory.operator(s.operator).await.map_err(Fault::internal)?;
    let key = key.and_then(|o| o.places.into_iter().find(|p| p.site == Some(id))).map(|p| p.key);
    let lots = match &key {
        None => None,
        Some(key) => {
            match app
                .supply
                .lots_of(&context(&app, &viewer), &viewer.who, s.operator, Some(key), 0, 100)
                .await
            {
                Ok(lots) => Some(lots),
                Err(supply::Error::Denied(_) | supply::Error::NotFound(_)) => None,
                Err(e) => return Err(e.into()),
            }
        }
    };
    let owner_name = owner.map_or_else(|| s.operator.to_string(), |o| o.title().get(lang).to_owned());
    let back = format!("/desk/operators/{}", s.operator);
    Ok(layout::page(
        &viewer,
        &s.name,
        &html! {
            (layout::crumbs(&[("/desk/operators", lang.pick("主体", "Operators")), (&back, &owner_name), ("", &s.name)]))
            (layout::head(&s.name, &status_badge(lang, s.status)))
            section.card { (ui::facts(lang, &[
                (Text::of("所属主体", "Operator"), html! { a href=(back) { (owner_name) } }),
                (Text::of("地址", "Address"), html! { (region_name(lang, &s.region)) " " (s.address) }),
                (Text::of("业态", "Business form"), html! { (form_name(lang, &s.form)) }),
                (Text::of("全球位置码", "Location number"), html! { @match &s.gln { Some(gln) => { code { (gln) } } None => "—" } }),
                (Text::of("坐标", "Position"), html! { @match s.position { Some((lat, lon)) => { (format!("{lat:.5}, {lon:.5}")) } None => "—" } }),
                (Text::of("登记时间", "Entered"), html! { (s.created_at.china_minute()) }),
            ])) }
            h2 { (lang.pick("批次", "Lots")) @if let Some(l) = &lots { " " span.soft { (l.total) } } }
            @match &lots { Some(l) => (lot_table(&viewer, l)), None => p.soft { (lang.pick("没有记录，或您无权查看。", "None, or none you may see.")) } }
        },
    ))
}

/// The business form of a place in words; the code itself where the register has no name for it.
fn form_name(lang: Lang, code: &str) -> String {
    match code {
        "" => "—".to_owned(),
        code => registry::OperatorKind::read(code)
            .map_or_else(|_| code.to_owned(), |k| k.label().get(lang).to_owned()),
    }
}
