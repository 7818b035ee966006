//! The consumer's page of a lot or place named by a code of a national standard.

use super::lot_page::{NOTICES, complain, full_region, route};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::notices;
use crate::state::App;
use crate::ui::{self, Tone};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::Text;
use epcis::ident::NationalCode;
use flow::view::{About, Notice};
use maud::html;
use std::sync::Arc;
use supply::PublicLot;

/// What is known here of a code: its records, and the notices about it.
pub(crate) async fn known(
    app: &App,
    viewer: &Viewer,
    code: &NationalCode,
) -> Answer<(Option<PublicLot>, Vec<Notice>)> {
    let uri = code.uri();
    let trace = app.supply.public_lot(&viewer.who, app.now(), &uri).await?;
    let about = About {
        fact: Some(("item".to_owned(), uri.clone())),
        target: Some(format!("lot:{uri}")),
        operator: None,
    };
    Ok((trace, flow::view::notices_about(&app.store, &about, NOTICES).await?))
}

/// `GET /lot/cn/{scheme}/{code}`: public. 404 when nothing is known of it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path((scheme, code)): Path<(String, String)>,
) -> Answer {
    let lang = viewer.lang();
    let code =
        NationalCode::read(&scheme, &code).map_err(|e| Fault::new(StatusCode::BAD_REQUEST, e.text()))?;
    let (trace, found) = known(&app, &viewer, &code).await?;
    let name = trace.as_ref().and_then(|t| t.lot.name.clone());
    let title = name.unwrap_or_else(|| code.scheme.title.get(lang).to_owned());
    let mut facts = vec![
        (code.scheme.title.clone(), html! { code.break { (code.code) } }),
        (
            Text::of("标准", "Standard"),
            html! { (code.scheme.standard)
            @if !code.scheme.verified { " " (ui::badge(Tone::Idle, lang.pick("编码规则待核", "rule of the code not verified"))) } },
        ),
    ];
    if let Some((_, county)) = code.parts().into_iter().find(|(part, _)| *part == "county")
        && county.parse::<base::RegionCode>().is_ok()
    {
        facts.push((Text::of("编码中的县区", "County in the code"), html! { (full_region(lang, county)) }));
    }
    if let Some(t) = &trace {
        for (label, value) in [
            (Text::of("规格", "Package"), &t.lot.spec),
            (Text::of("生产日期", "Produced"), &t.lot.produced),
            (Text::of("保质期至", "Best before"), &t.lot.expires),
        ] {
            if let Some(v) = value {
                facts.push((label, html! { (v) }));
            }
        }
    }
    let nothing = trace.is_none() && found.is_empty();
    let body = html! {
        (layout::crumbs(&[("/lot", lang.pick("查批次", "Look up a lot")), ("", &title)]))
        h1 { (title) }
        @if nothing { (ui::message(Tone::Warn, &html! {
            p { strong { (lang.pick("编码的格式正确，但这里没有它的任何记录。", "The code is well formed, but there is no record of it here.")) } }
            p { (lang.pick("请核对编码，或在印有它的平台上查询。", "Compare the code, or ask the platform that printed it.")) }
        })) }
        @if !found.is_empty() {
            (ui::message(Tone::Bad, &html! { p { strong { (lang.pick("有公告涉及它，请先阅读。", "A notice concerns it; read it first.")) } } }))
            (notices::lines(&viewer, &found))
        }
        section.card { (ui::facts(lang, &facts)) }
        @if let Some(t) = &trace { section { h2 { (lang.pick("这批食品去过哪里", "Where this lot has been")) } (route(lang, t)) } }
        (complain(lang, None))
        p.small.soft { (lang.pick("在事件中使用的标识：", "Identifier in events: ")) code.break { (code.uri()) } }
        p { a href="/lot" { (lang.pick("再查一个批次", "Look up another lot")) } }
    };
    let status = if nothing { StatusCode::NOT_FOUND } else { StatusCode::OK };
    Ok((status, layout::narrow(&viewer, &title, &body)).into_response())
}
