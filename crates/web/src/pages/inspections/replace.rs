//! After a draw of inspections: the next operator for one that closed or moved, the next officer for one who is ill.

use super::draws::standing;
use super::{names, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::sampling::draws::DRAW;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use field::{GaveUp, StoodBack};
use maud::{Markup, html};
use std::sync::Arc;

static OPERATOR: Text = Text::of("被检查单位", "operator");
const FOUND: Text = Text::of("核实情况", "What was found");

fn ids(id: &str, operator: &str) -> Answer<(Id, Id)> {
    let draw = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    Ok((draw, operator.parse().map_err(|_| Fault::not_found(&OPERATOR))?))
}

/// `GET /desk/inspections/draws/{id}/replace/{operator}`. Right: view matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, operator)): Path<(String, String)>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let (id, operator) = ids(&id, &operator)?;
    let (d, _, picks) = app.field.draw(&app.store, &viewer.who, app.now(), id).await?;
    let pick = picks.into_iter().find(|p| p.operator == operator);
    let pick = pick.ok_or_else(|| Fault::not_found(&OPERATOR))?;
    let people = names(&app, &viewer.who, &d.region, &d.agency).await?;
    let name = |id: &Id| people.get(id).cloned().unwrap_or_else(|| id.to_string());
    let title = lang.pick("递补与更换", "Replace after the draw");
    let path = format!("/desk/inspections/draws/{id}");
    let here = format!("{path}/replace/{operator}");
    let chosen = |all: Vec<(&'static str, Text)>| -> Vec<(String, String)> {
        all.into_iter().map(|(w, l)| (w.to_owned(), l.get(lang).to_owned())).collect()
    };
    let gave_up = chosen(GaveUp::ALL.iter().map(|r| (r.word(), r.label())).collect());
    let stood_back = chosen(StoodBack::ALL.iter().map(|r| (r.word(), r.label())).collect());
    let officers: Vec<(String, String)> = pick.officers.iter().map(|o| (o.to_string(), name(o))).collect();
    let label = pick.named.as_ref().map_or_else(|| operator.to_string(), |n| n.name.clone());
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/inspections", lang.pick("双随机检查", "Inspections")), (&path, lang.pick("抽取记录", "The draw")), ("", title)]))
            h1 { (title) "：" (label) }
            p { (lang.pick("由同一次抽取的下一签递补，任何人都可以验证，不得另行挑选。原因记入抽取记录并存证。", "The next ticket of the same draw takes the place, as anybody can verify; nobody is chosen freely. The reason goes into the record of the draw and the journal.")) }
            (standing(lang, &pick))
            @if pick.given_up.is_none() {
                section.card { h2 { (lang.pick("该单位无法检查", "The operator cannot be inspected")) }
                    form method="post" action=(here) { (layout::csrf(&viewer))
                        (ui::select(&Field { name: "why", label: lang.pick("原因", "Reason"), required: true, ..Field::default() }, &gave_up))
                        (ui::input(&Field { name: "reason", label: FOUND.get(lang), hint: lang.pick("例如：现场核实已停业，门面转租", "for instance: out of business, the shop is let to somebody else"), required: true, ..Field::default() }))
                        button { (lang.pick("由同层下一名单位递补", "Take the next of its stratum")) } } }
                section.card { h2 { (lang.pick("检查人员不能前往", "An officer cannot go")) }
                    @if let Some(matter) = pick.matter {
                        form method="post" action={ (here) "/officer" } { (layout::csrf(&viewer))
                            input type="hidden" name="matter" value=(matter);
                            (ui::select(&Field { name: "officer", label: lang.pick("检查人员", "Officer"), required: true, ..Field::default() }, &officers))
                            (ui::select(&Field { name: "why", label: lang.pick("原因", "Reason"), required: true, ..Field::default() }, &stood_back))
                            button { (lang.pick("由种子排定的下一名人员顶替", "Send the next in the order of the seed")) } }
                    } @else { p { (lang.pick("尚未下达检查。", "No inspection was opened.")) } } }
            }
        },
    ))
}

/// `POST /desk/inspections/draws/{id}/replace/{operator}`: the next operator. Right: decide matter.
pub(super) async fn target(
    State(app): State<Arc<App>>,
    Path((id, operator)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer: &Viewer = &posted.viewer;
    let of = ids(&id, &operator)?;
    let why: GaveUp = posted.get("why").parse()?;
    let mut tx = app.store.begin().await?;
    let cx = context(&app, viewer);
    let done = app.field.substitute(&mut tx, &cx, &viewer.who, of, why, posted.get("reason")).await;
    done.map_err(|e| Fault::from(e).called("reason", FOUND))?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/inspections/draws/{id}")).into_response())
}

/// `POST /desk/inspections/draws/{id}/replace/{operator}/officer`: the next officer. Right: act matter for oneself, decide
/// for others.
pub(super) async fn officer(
    State(app): State<Arc<App>>,
    Path((id, _)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer: &Viewer = &posted.viewer;
    let number = |field: &str| posted.get(field).parse::<Id>();
    let matter = number("matter").map_err(|_| Fault::not_found(&OPERATOR))?;
    let out = number("officer").map_err(|_| Fault::not_found(&Text::of("检查人员", "officer")))?;
    let why: StoodBack = posted.get("why").parse()?;
    let mut tx = app.store.begin().await?;
    app.field.stand_back(&mut tx, &context(&app, viewer), &viewer.who, matter, out, why).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/inspections/draws/{id}")).into_response())
}
