//! Who stands in for whom while away, everything of one person handed to another, and matters given to a person.

use super::choices;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use flow::Absence;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const ABSENCE: Text = Text::of("代理", "absence");

const NO_COLLEAGUE: Text =
    Text::of("请选择本辖区、本部门的人员", "choose a colleague of your region and department");

/// Colleagues of the region and department by account.
pub(super) async fn colleagues(app: &App, viewer: &Viewer) -> Answer<BTreeMap<Id, String>> {
    let mut all = BTreeMap::new();
    for g in viewer.who.grants.iter().filter(|g| !g.agency.is_empty()) {
        let found =
            access::colleagues_of(&app.store, &app.access, &g.region, &g.agency, app.now().china_date())
                .await?;
        all.extend(found);
    }
    Ok(all)
}

/// `GET /desk/absences`: who stands in for whom; everything of one person handed to another. Right: own account.
pub(crate) async fn absences(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ui::ListLinks::read("/desk/absences", raw.as_deref(), "");
    let kept: usize = links.get("kept").and_then(|n| n.parse().ok()).unwrap_or(0);
    let today = app.now().china_date();
    let all = flow::absences(&app.store, viewer.who.account, today).await?;
    let people = colleagues(&app, &viewer).await?;
    let name = |id: Id| people.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let mut others = vec![(String::new(), lang.pick("请选择", "Choose").to_owned())];
    others.extend(
        people.iter().filter(|(id, _)| **id != viewer.who.account).map(|(id, n)| (id.to_string(), n.clone())),
    );
    let mut everybody = vec![(viewer.who.account.to_string(), lang.pick("本人", "Myself").to_owned())];
    everybody.extend(others.iter().skip(1).cloned());
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|a| {
            vec![
                html! { (if a.account == viewer.who.account { lang.pick("本人", "Myself").to_owned() } else { name(a.account) }) },
                html! { (if a.deputy == viewer.who.account { lang.pick("本人", "Myself").to_owned() } else { name(a.deputy) }) },
                html! { (a.from) " – " (a.to) },
                html! { (a.reason) },
                html! { @if a.account == viewer.who.account { form method="post" action={ "/desk/absences/" (a.id) "/end" } { (layout::csrf(&viewer)) button.plain { (lang.pick("结束", "End")) } } } },
            ]
        })
        .collect();
    let title = lang.pick("代理与移交", "Deputies and hand-over");
    let field =
        |name: &'static str, label: &'static str| Field { name, label, required: true, ..Default::default() };
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/inbox", lang.pick("待办", "Inbox")), ("", title)]))
            h1 { (title) }
            @if kept > 0 { (ui::message(ui::Tone::Warn, &html! { p { @match lang {
                base::Lang::Zh => { "有 " (kept) " 件未移交，仍由原承办人承办：接收人无权办理，或应当回避。请另选接收人。" }
                base::Lang::En => { (kept) " stayed with who holds them: the receiver has no right there, or keeps away. Choose somebody else for them." }
            } } })) }
            @if rows.is_empty() { (ui::empty(lang.pick("目前无人请假", "Nobody is away"), "")) }
            @else { (ui::table(lang, title, &[Column::text("离岗", "Away"), Column::text("代理人", "Deputy"), Column::text("期间", "Time"),
                Column::text("事由", "Why"), Column::text("操作", "Do")], &rows, None)) }
            div.grid.wide {
                section.card { h2 { (lang.pick("我将离岗", "I shall be away")) }
                    p.soft { (lang.pick("离岗期间，指派给您的事项同时出现在代理人的待办中；代理人按自己的权限办理，记录注明代您办理；到期自动结束。", "While you are away your work appears in your deputy's inbox as well; the deputy acts by the own rights, the record says it was for you, and it ends by itself.")) }
                    form method="post" action="/desk/absences" { (layout::csrf(&viewer))
                        (ui::select(&field("deputy", lang.pick("代理人", "Deputy")), &others))
                        (ui::input(&Field { kind: "date", ..field("from", lang.pick("自", "From")) }))
                        (ui::input(&Field { kind: "date", ..field("to", lang.pick("至", "To")) }))
                        (ui::input(&Field { name: "reason", label: lang.pick("事由", "Why"), ..Default::default() }))
                        button { (lang.pick("登记", "Record")) } } }
                section.card { h2 { (lang.pick("移交全部在办事项", "Hand everything over")) }
                    p.soft { (lang.pick("将一人的全部在办件和任务转给另一人，逐件存证。", "Gives all running matters and tasks of one person to another; each is journalled.")) }
                    form method="post" action="/desk/hand-over" { (layout::csrf(&viewer))
                        (ui::select(&Field { id: "giver", ..field("from", lang.pick("移交人", "From")) }, &everybody))
                        (ui::select(&Field { id: "taker", ..field("to", lang.pick("接收人", "To")) }, &others))
                        button { (lang.pick("移交", "Hand over")) } } }
            }
        },
    ))
}

fn person(text: &str, field: &str) -> Answer<Id> {
    text.parse().map_err(|_| Fault::bad(field, Text::of("请选择人员", "choose a person")))
}

/// `POST /desk/absences`. Right: own account.
pub(crate) async fn begin(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let date = |name: &str| {
        choices::day(name, posted.get(name))?
            .ok_or_else(|| Fault::bad(name, Text::of("请填日期", "give a date")))
    };
    let absence = Absence {
        id: Id(0),
        account: viewer.who.account,
        deputy: person(posted.get("deputy"), "deputy")?,
        from: date("from")?,
        to: date("to")?,
        reason: posted.get("reason").chars().take(200).collect(),
    };
    if !colleagues(&app, viewer).await?.contains_key(&absence.deputy) {
        return Err(Fault::bad("deputy", NO_COLLEAGUE));
    }
    let region = viewer.who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    flow::begin_absence(&mut tx, &cx, &app.access, &viewer.who, &region, &absence).await?;
    tx.commit().await?;
    Ok(Redirect::to("/desk/absences").into_response())
}

/// `POST /desk/absences/{id}/end`. Right: own account.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&ABSENCE))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    flow::end_absence(&mut tx, &cx, &app.access, &viewer.who, id).await?;
    tx.commit().await?;
    Ok(Redirect::to("/desk/absences").into_response())
}

/// `POST /desk/hand-over`: all of one person's work to another. Right: act matter, act task.
pub(crate) async fn hand_over(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let (from, to) = (person(posted.get("from"), "from")?, person(posted.get("to"), "to")?);
    // only to a colleague of the own region and department
    if to != viewer.who.account && !colleagues(&app, viewer).await?.contains_key(&to) {
        return Err(Fault::bad("to", NO_COLLEAGUE));
    }
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let moved = flow::hand_over(&mut tx, &cx, &app.engine, &app.access, &viewer.who, from, to).await?;
    tx.commit().await?;
    if moved.kept > 0 {
        return Ok(Redirect::to(&format!("/desk/absences?kept={}", moved.kept)).into_response());
    }
    Ok(Redirect::to("/desk/inbox").into_response())
}

/// `POST /desk/assign/{id}`: given to a person, or back to the agency. Right: act matter.
pub(crate) async fn assign(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("办件", "matter")))?;
    let to = match posted.get("account") {
        "" => None,
        text => Some(person(text, "account")?),
    };
    if let Some(to) = to.filter(|t| *t != viewer.who.account)
        && !colleagues(&app, viewer).await?.contains_key(&to)
    {
        return Err(Fault::bad("account", NO_COLLEAGUE));
    }
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let version = posted.version()?;
    flow::assign_matter(&mut tx, &cx, &app.engine, &app.access, &viewer.who, id, version, to).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/matters/{id}")).into_response())
}

/// `POST /desk/recuse/{id}`: somebody keeps away from one matter. Right: decide matter; about oneself act matter.
pub(crate) async fn recuse(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("办件", "matter")))?;
    let about = (person(posted.get("account"), "account")?, posted.get("ground"));
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let version = posted.version()?;
    flow::recuse(&mut tx, &cx, &app.engine, &app.access, &viewer.who, id, version, about).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/matters/{id}")).into_response())
}

/// The form that keeps somebody away from a matter: oneself, and for who `decides` anybody of the office.
fn recusal_form(
    viewer: &Viewer,
    m: &flow::view::MatterView,
    people: &[(String, String)],
    decides: bool,
) -> Markup {
    let lang = viewer.lang();
    let offered: Vec<(String, String)> = people
        .iter()
        .filter(|(id, _)| !id.is_empty() && (decides || *id == viewer.who.account.to_string()))
        .cloned()
        .collect();
    html! { details { summary { (lang.pick("回避本件", "Keep somebody away from this matter")) }
    p.small.soft { (lang.pick("本人有利害关系的，应当申明回避；当事人申请回避的，由负责人决定。决定后，该人员不得再办理本件。", "Who has an interest in it says so; where the party asks for it, the head decides. From then on every step of the matter is refused to that person.")) }
    form method="post" action={ "/desk/recuse/" (m.id) } { (layout::csrf(viewer))
        input type="hidden" name="version" value=(m.version);
        (ui::select(&Field { id: "recused", name: "account", label: lang.pick("人员", "Who"), required: true, ..Default::default() }, &offered))
        (ui::input(&Field { name: "ground", label: lang.pick("理由", "Ground"), required: true, ..Default::default() }))
        button.plain { (lang.pick("回避", "Keep away")) } } } }
}

/// The form that gives a matter to a person.
pub(super) async fn assign_form(
    app: &App,
    viewer: &Viewer,
    m: &flow::view::MatterView,
    decides: bool,
) -> Answer<Markup> {
    let lang = viewer.lang();
    if m.closed_at.is_some() || viewer.who.operator.is_some() {
        return Ok(html! {});
    }
    let mut people =
        vec![(String::new(), lang.pick("本部门（未指派）", "The agency (nobody in particular)").to_owned())];
    people.push((viewer.who.account.to_string(), lang.pick("本人", "Myself").to_owned()));
    let colleagues = colleagues(app, viewer).await?;
    people.extend(
        colleagues.into_iter().filter(|(id, _)| *id != viewer.who.account).map(|(id, n)| (id.to_string(), n)),
    );
    let value = m.assigned.map(|a| a.to_string()).unwrap_or_default();
    Ok(html! { form.filters method="post" action={ "/desk/assign/" (m.id) } { (layout::csrf(viewer))
    input type="hidden" name="version" value=(m.version);
    (ui::select(&Field { name: "account", label: lang.pick("承办人", "Given to"), value: &value, ..Default::default() }, &people))
    button.plain { (lang.pick("转交", "Hand over")) } }
    (recusal_form(viewer, m, &people, decides)) })
}
