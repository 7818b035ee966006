//! The yearly plans.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, SortKey, Tone};
use access::{Resource, Role};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Lang, Text};
use lab::{Book, Budget, NewPlan, Plan, PlanState, SampleKind};
use maud::{Markup, html};
use std::sync::Arc;

/// How a plan's state is meant.
pub(super) fn state_badge(lang: Lang, state: PlanState) -> Markup {
    let tone = match state {
        PlanState::Draft => Tone::Idle,
        PlanState::Submitted => Tone::Warn,
        PlanState::Issued => Tone::Ok,
        PlanState::Closed => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

/// Whether the viewer may decide on samples of a region and department.
pub(super) fn decides(app: &App, viewer: &Viewer, region: &str, agency: &str) -> bool {
    app.access.allows(&viewer.who, "decide", &Resource::new("sample", region).of_agency(agency), app.now())
}

/// `GET /desk/sampling`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/sampling", raw.as_deref(), "");
    let year = links.get("year").and_then(|y| y.parse().ok());
    let mut plans = app.lab.plans(&app.store, &viewer.who, app.now(), year).await?;
    ui::sort_rows(&links, &mut plans, |p, column| {
        Some(match column {
            "title" => SortKey::Text(p.plan.title.clone()),
            "of" => SortKey::count(p.plan.year.into()),
            "kind" => SortKey::Text(p.plan.kind.word().to_owned()),
            "level" => SortKey::Text(p.plan.level.word().to_owned()),
            "region" => SortKey::Text(p.plan.region.clone()),
            "tasks" => SortKey::count(p.tasks),
            "batches" => SortKey::count(p.quota),
            "state" => SortKey::Text(p.state.word().to_owned()),
            _ => return None,
        })
    });
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(lang, &plans));
    }
    let rows: Vec<Vec<Markup>> = plans.iter().map(|p| line(lang, p)).collect();
    let this = app.now().china_date().year();
    let years: Vec<(String, String)> =
        std::iter::once((String::new(), lang.pick("全部年度", "all years").to_owned()))
            .chain((this - 3..=this + 1).rev().map(|y| (y.to_string(), y.to_string())))
            .collect();
    let title = lang.pick("抽检计划", "Sampling plans");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/sampling"))
        (layout::head(title, &html! {}))
        form.filters method="get" {
            (ui::select(&Field { name: "year", label: lang.pick("年度", "Year"), value: links.get("year").unwrap_or_default(), ..Field::default() }, &years))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("还没有计划", "No plan yet"), lang.pick("在下面草拟年度计划；下达后各县区和承检机构即可看到自己的任务。", "Draft the yearly plan below; once issued, counties and laboratories see their tasks."))) }
        @else {
            (ui::table(lang, title, &[Column::text("计划", "Plan").by("title"), Column::num("年度", "Year").by("of"), Column::text("类别", "Kind").by("kind"), Column::text("级别", "Level").by("level"),
                Column::text("地区", "Region").by("region"), Column::num("任务", "Tasks").by("tasks"), Column::num("批次", "Batches").by("batches"), Column::text("状态", "State").by("state")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, None, true))
        }
        @if viewer.is(Role::Desk) { (form(&viewer, this)) }
        section.card { h2 { (lang.pick("目标与依据", "Targets and their basis")) }
            (targets(lang))
        }
    }).into_response())
}

fn form(viewer: &Viewer, this: i16) -> Markup {
    let lang = viewer.lang();
    let own = viewer.who.grants.iter().find(|g| g.role == Role::Desk);
    let (region, agency) = own.map_or(("", "market"), |g| (g.region.as_str(), g.agency.as_str()));
    let words = |all: Vec<(&'static str, Text)>| -> Vec<(String, String)> {
        all.into_iter().map(|(w, t)| (w.to_owned(), t.get(lang).to_owned())).collect()
    };
    let kinds = words(SampleKind::ALL.iter().map(|k| (k.word(), k.label())).collect());
    let levels = words(Budget::ALL.iter().map(|k| (k.word(), k.label())).collect());
    let level = match region.len() {
        0..=2 => "provincial",
        3..=4 => "city",
        _ => "county",
    };
    let years: Vec<(String, String)> =
        (this - 1..=this + 1).map(|y| (y.to_string(), y.to_string())).collect();
    html! { details.card { summary { (lang.pick("草拟计划", "Draft a plan")) }
        form method="post" action="/desk/sampling" {
            (layout::csrf(viewer))
            input type="hidden" name="agency" value=(agency);
            (ui::input(&Field { name: "title", label: lang.pick("计划名称", "Name"), required: true, ..Field::default() }))
            (ui::select(&Field { name: "year", id: "draft-year", label: lang.pick("年度", "Year"), value: &this.to_string(), ..Field::default() }, &years))
            (ui::select(&Field { name: "kind", label: lang.pick("抽检类别（三类分开）", "Kind (kept apart)"), value: "supervision", ..Field::default() }, &kinds))
            (ui::select(&Field { name: "level", label: lang.pick("计划级别", "Level"), value: level, ..Field::default() }, &levels))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: region, ..Field::default() },
                &choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"))))
            button { (lang.pick("草拟", "Draft")) }
        }
    } }
}

/// The targets of the rulebook, each with its basis and whether that was seen.
pub(super) fn targets(lang: Lang) -> Markup {
    html! { ul { @for t in Book::builtin().targets() { li {
        strong { (t.title.get(lang)) "：" @if t.value < base::Decimal::ONE || t.id == "completion" { (t.value * base::Decimal::from(100)) " %" } @else { (t.value) } }
        @if t.status == base::clock::Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
        div.small.soft { (t.basis) " · " (t.note.get(lang)) }
    } } } }
}

fn line(lang: Lang, p: &Plan) -> Vec<Markup> {
    vec![
        html! { a href={ "/desk/sampling/plans/" (p.id) } { (p.plan.title) } },
        html! { (p.plan.year) },
        html! { (p.plan.kind.label().get(lang)) },
        html! { (p.plan.level.label().get(lang)) },
        html! { (region_name(lang, &p.plan.region)) },
        html! { (p.tasks) },
        html! { (p.quota) },
        state_badge(lang, p.state),
    ]
}

fn sheet(lang: Lang, plans: &[Plan]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "plans",
        &["id", "title", "year", "kind", "level", "region", "tasks", "batches", "state"],
    );
    for p in plans {
        sheet.rows.push(crate::export::texts([
            p.id.to_string(),
            p.plan.title.clone(),
            p.plan.year.to_string(),
            p.plan.kind.word().to_owned(),
            p.plan.level.word().to_owned(),
            p.plan.region.clone(),
            p.tasks.to_string(),
            p.quota.to_string(),
            p.state.label().get(lang).to_owned(),
        ]));
    }
    sheet
}

/// `POST /desk/sampling`. Right: decide sample.
pub(super) async fn draft(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let cx = context(&app, viewer);
    let new = NewPlan {
        year: posted.get("year").parse().unwrap_or(0),
        title: posted.get("title").to_owned(),
        kind: SampleKind::read(posted.get("kind")).unwrap_or(SampleKind::Supervision),
        level: Budget::read(posted.get("level")).unwrap_or(Budget::Provincial),
        region: posted.get("region").to_owned(),
        agency: posted.get("agency").to_owned(),
    };
    let mut tx = app.store.begin().await?;
    let id = app.lab.draft_plan(&mut tx, &cx, &viewer.who, new).await.map_err(Fault::from)?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/sampling/plans/{id}")).into_response())
}
