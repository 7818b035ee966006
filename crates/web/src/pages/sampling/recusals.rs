//! Declared relations of samplers, reviewers and those who lead cases to firms (回避): who keeps away from whom, and the forms that
//! declare and end it.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::namesakes::{self, Firms, PATH};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use access::Resource;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use lab::{NewRecusal, Recusal, RecusalGround};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET /desk/sampling/recusals`. Right: act sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    let all = links.get("all") == Some("1");
    let found = app.lab.recusals(&app.store, &viewer.who, app.now(), links.get("region"), all).await?;
    let mut firms = BTreeMap::new();
    for r in &found {
        if let Some(o) = registry::operator(&app.store, r.operator).await? {
            firms.insert(r.operator, o.name);
        }
    }
    let names: BTreeMap<Id, String> =
        namesakes::named(&app, found.iter().map(|r| r.sampler)).await?.into_iter().collect();
    let named = |id: Id| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    if let Some(format) = links.get("format") {
        let mut sheet =
            crate::export::sheet("recusals", &["sampler", "operator", "ground", "declared", "ended"]);
        for r in &found {
            sheet.rows.push(crate::export::texts([
                named(r.sampler),
                firms.get(&r.operator).cloned().unwrap_or_default(),
                r.ground.label().get(lang).to_owned(),
                r.declared.rfc3339(),
                r.ended.map(|e| e.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let staff = staff(&app, &viewer).await?;
    let proposed = match &staff {
        Some((region, all)) => namesakes::open(&app, &viewer, Firms::Of(region), all.clone()).await?,
        None => Vec::new(),
    };
    let mut who = vec![(String::new(), lang.pick("本人", "myself").to_owned())];
    let others = staff.into_iter().flat_map(|(_, all)| all).filter(|(id, _)| *id != viewer.who.account);
    who.extend(others.map(|(id, name)| (id.to_string(), name)));
    let rows: Vec<Vec<Markup>> = found.iter().map(|r| line(&viewer, r, &firms, named(r.sampler))).collect();
    let title = lang.pick("回避登记", "Declared relations");
    let columns = [
        Column::text("人员", "Who"),
        Column::text("单位", "Firm"),
        Column::text("地区", "Region"),
        Column::text("事由", "Ground"),
        Column::text("登记", "Declared"),
        Column::text("状态", "State"),
    ];
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, PATH))
        h1 { (title) }
        p.soft { (lang.pick("登记后固定的名录，均不把该人员派往该单位，该人员也不得批准、退回或报送该单位样品的检验报告；抽取之后才登记的，在抽样场所页面办理，由随机排定的下一人顶替并记入抽取记录。",
            "In every list frozen after the declaration the person is not sent to the firm, nor approves, returns or submits the report of a sample from there. A relation found after the draw is declared on the page of the place: the next in the random order goes instead, and the record says so.")) }
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "all", label: lang.pick("状态", "State"), value: links.get("all").unwrap_or_default(), ..Field::default() },
                &[(String::new(), lang.pick("现行", "in force").to_owned()), ("1".to_owned(), lang.pick("含已解除", "ended too").to_owned())]))
            button { (lang.pick("查看", "Show")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有登记的回避", "Nothing declared"), lang.pick("抽样人员可为本人登记。", "Samplers declare their own relations."))) }
        @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, &links, rows.len(), None, None, true)) }
        (namesakes::section(&viewer, true, &proposed))
        section.card { h2 { (lang.pick("登记回避", "Declare a relation")) }
            form method="post" action=(PATH) { (layout::csrf(&viewer))
                (ui::input(&Field { name: "operator", label: lang.pick("单位（名称或记录号）", "Firm (name or record)"), required: true, ..Field::default() }))
                (ui::select(&Field { name: "region", id: "recused-region", label: lang.pick("地区", "Region"), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
                (ui::select(&Field { name: "ground", label: lang.pick("事由", "Ground"), ..Field::default() },
                    &RecusalGround::ALL.iter().map(|g| (g.word().to_owned(), g.label().get(lang).to_owned())).collect::<Vec<_>>()))
                (ui::select(&Field { name: "sampler", label: lang.pick("人员", "Who keeps away"), ..Field::default() }, &who))
                button { (lang.pick("登记", "Declare")) }
            } }
    }).into_response())
}

/// Where and for which department the viewer decides about samples.
fn seat(app: &App, viewer: &Viewer) -> Option<(String, String)> {
    let may = |g: &&access::Grant| {
        let resource = Resource::new("sample", g.region.clone()).of_agency(g.agency.clone());
        app.access.allows(&viewer.who, "decide", &resource, app.now())
    };
    viewer.who.grants.iter().find(may).map(|g| (g.region.clone(), g.agency.clone()))
}

/// Those who may be sent out, review or lead a case in the seat where the viewer decides, and its region: officers, desks and leaders.
async fn staff(app: &App, viewer: &Viewer) -> Answer<Option<(String, Vec<(Id, String)>)>> {
    let Some((region, agency)) = seat(app, viewer) else { return Ok(None) };
    let today = app.now().china_date();
    let all = access::colleagues_of(&app.store, &app.access, &region, &agency, today).await?;
    Ok(Some((region, all)))
}

fn line(viewer: &Viewer, r: &Recusal, firms: &BTreeMap<Id, String>, name: String) -> Vec<Markup> {
    let lang = viewer.lang();
    vec![
        html! { (name) },
        html! { a href={ "/desk/operators/" (r.operator) } { (firms.get(&r.operator).map_or("—", String::as_str)) } },
        html! { (region_name(lang, &r.region)) },
        html! { (r.ground.label().get(lang)) },
        html! { (r.declared.china_minute()) },
        html! { @match r.ended {
            Some(at) => { (lang.pick("已解除 ", "ended ")) (at.china_minute()) }
            None => form method="post" action=(PATH) { (layout::csrf(viewer)) input type="hidden" name="end" value=(r.id); button.plain { (lang.pick("解除", "End")) } }
        } },
    ]
}

/// `POST /desk/sampling/recusals`. Right: act sample for an own relation, decide sample for another's and to end one.
pub(super) async fn post(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    if let Ok(id) = posted.get("end").parse::<Id>() {
        app.lab.end_recusal(&mut tx, &cx, &viewer.who, id).await?;
    } else {
        let asked = posted.get("operator").trim();
        let operator = match asked.parse::<Id>() {
            Ok(id) => Some(id),
            Err(_) => {
                let meant = lab::Asked { place: None, uscc: None, name: asked.to_owned() };
                let found = app.lab.surroundings.find(&mut tx, &meant).await;
                found.map_err(lab::Error::Hook)?.and_then(|f| f.operator)
            }
        };
        let operator = operator.ok_or_else(|| {
            Fault::bad(
                "operator",
                Text::of(
                    "登记库中没有这一名称的单位，或不止一家；请填记录号",
                    "the register has no firm of this name, or more than one; give its record",
                ),
            )
        })?;
        let grant = viewer.who.grants.first();
        let region = match posted.get("region") {
            "" => grant.map(|g| g.region.clone()).unwrap_or_default(),
            code => code.to_owned(),
        };
        let new = NewRecusal {
            sampler: posted.get("sampler").parse().unwrap_or(viewer.who.account),
            operator,
            region,
            agency: grant.map(|g| g.agency.clone()).unwrap_or_default(),
            ground: RecusalGround::read(posted.get("ground")).unwrap_or(RecusalGround::Other),
        };
        match posted.get("clear").parse::<Id>() {
            Ok(person) => app.lab.clear_namesake(&mut tx, &cx, &viewer.who, new, person).await?,
            Err(_) => app.lab.declare_recusal(&mut tx, &cx, &viewer.who, new).await.map(|_| ())?,
        }
    }
    tx.commit().await?;
    Ok(Redirect::to(PATH).into_response())
}
