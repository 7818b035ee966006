//! The form that freezes the list of a draw from a plan of the year.

use super::{businesses, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Fragment};
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, Tone};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Instant, Text};
use field::{Frequency, NewDraw};
use maud::{Markup, html};
use std::sync::Arc;

const PLAN: Text = Text::of("年度检查计划", "yearly inspection plan");

/// `GET /desk/inspections/plans/{id}`. Right: act matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PLAN))?;
    let m = flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), id).await?;
    if m.procedure != "inspection_plan" {
        return Err(Fault::not_found(&PLAN));
    }
    let mut tx = app.store.begin().await?;
    let officers = app.field.sendable(&mut tx, &viewer.who, app.now(), &m.region, &m.agency).await;
    tx.rollback().await?;
    let officers = officers?;
    let due = app.now().plus_seconds(86_400).china_minute().replace(' ', "T");
    let regions: Vec<(String, String)> =
        choices::regions(lang, &viewer.who, &Text::of("计划全部地区", "All of the plan"))
            .into_iter()
            .filter(|(code, _)| code.is_empty() || code.starts_with(&m.region))
            .collect();
    let title = format!("{} · {}", lang.pick("双随机抽取", "Draw"), m.title.get(lang));
    Ok(layout::narrow(
        &viewer,
        &title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/inspections", lang.pick("双随机检查", "Inspections")), ("", &title)]))
            h1 { (title) }
            p { (lang.pick("系统按登记库列出全部在业主体（说明排除理由），按县区、业态和风险等级分层，频次以计划为准；连同检查人员及其回避一起固定并存证，随机数公布后再抽取。", "Everybody in business on the register is listed (exclusions with their reason), in strata of county, business and risk grade weighted by the plan's visits a year; list, officers and whom they keep away from are frozen and journalled, and the draw follows when the public value is known.")) }
            section { h2 { (lang.pick("检查频次及理由", "How often, and why")) }
                (ui::island(lang, &format!("/desk/inspections/plans/{id}/frequency"), lang.pick("检查频次", "frequencies"))) }
            form.card method="post" action={ "/desk/inspections/plans/" (id) } { (layout::csrf(&viewer))
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), ..Field::default() }, &regions))
                fieldset { legend { (lang.pick("业态（不选为全部）", "Businesses (none chosen: all)")) }
                    @for (code, words) in businesses(&app, lang) { label.choice { input type="checkbox" name="business" value=(code); (words) } } }
                (ui::input(&Field { name: "count", label: lang.pick("抽取单位数", "Operators to draw"), value: "10", kind: "number", required: true, ..Field::default() }))
                (ui::input(&Field { name: "source", label: lang.pick("公开随机来源及期号", "Public source and its round"), hint: lang.pick("例如：福彩双色球第 2026136 期红球；drand quicknet 第 N 轮", "for example a numbered lottery draw, or a round of drand quicknet"), required: true, ..Field::default() }))
                (ui::input(&Field { name: "source_due", label: lang.pick("公布时间（北京时间）", "Known at (China time)"), value: &due, kind: "datetime-local", required: true, ..Field::default() }))
                fieldset { legend { (lang.pick("检查人员（回避和上年检查过的单位自动避开）", "Officers (recusals and last year's operators are avoided by themselves)")) }
                    @if officers.is_empty() { p.soft { (lang.pick("没有可派人员。", "Nobody can be sent.")) } }
                    @for (id, name) in officers.iter().take(200) { label.choice { input type="checkbox" name="officer" value=(id) checked; (name) } } }
                button { (lang.pick("固定名录并存证", "Freeze and journal")) }
            }
        },
    ))
}

/// `GET /desk/inspections/plans/{id}/frequency`: how often the operators of each risk grade and credit class are visited, with the
/// reasons. Right: view matter.
pub(super) async fn frequency(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    Path(id): Path<String>,
) -> Answer {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PLAN))?;
    let mut tx = app.store.snapshot().await?;
    let all = app.field.frequencies(&mut tx, &viewer.who, app.now(), id).await?;
    let number = |n: f64| crate::chart::figure(n);
    let line = |f: &Frequency| {
        let by_grade = match f.by_grade {
            Some(n) => format!("{} {}", lang.pick("计划：", "plan: "), number(n)),
            None => lang.pick("未评级，按一年一次", "not graded: once a year").to_owned(),
        };
        let by_class = match f.times {
            Some(n) => format!("× {}", number(n)),
            None => lang.pick("尚无信用等级，按通常频次", "no class yet: the common frequency").to_owned(),
        };
        let least = lang.pick("两年全覆盖底线", "at least once in two years");
        let floor = f.by_grade.unwrap_or(1.0) * f.times.unwrap_or(1.0) < f.visits;
        vec![
            html! { (if f.grade.is_empty() { "—" } else { &f.grade }) },
            html! { (if f.credit.is_empty() { "—" } else { &f.credit }) },
            html! { (f.operators) },
            html! { (by_grade) " " (by_class) @if floor { " · " (least) } },
            html! { b { (number(f.visits)) } },
            html! { (number(f.visits * f64::from(f.operators))) },
        ]
    };
    let rows: Vec<Vec<Markup>> = all.iter().map(line).collect();
    let columns = [
        Column::text("风险等级", "Risk grade"),
        Column::text("信用等级", "Credit class"),
        Column::num("单位数", "Operators"),
        Column::text("理由", "Why"),
        Column::num("每年次数", "Visits a year"),
        Column::num("全年检查数", "Visits in all"),
    ];
    let title = lang.pick("检查频次及理由", "How often, and why");
    let edition = registry::credit::editions().last();
    let body = html! {
        @if rows.is_empty() { (ui::empty(lang.pick("登记库中没有在业主体", "Nobody in business on the register"), "")) }
        @else { (ui::table(lang, title, &columns, &rows, None)) }
        p.small.soft { (lang.pick("风险等级的次数取自计划；信用等级的倍数依据：", "Visits by grade are the plan's; the multiples of the class rest on: "))
            @if let Some(e) = edition { (e.document) @if e.status != base::clock::Status::Verified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) } } }
    };
    let plan = format!("/desk/inspections/plans/{id}");
    Ok(fragment.answer(&viewer, title, &[(&plan, lang.pick("双随机抽取", "Draw"))], &body))
}

/// `POST /desk/inspections/plans/{id}`. Right: create matter.
pub(super) async fn freeze(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let plan: Id = id.parse().map_err(|_| Fault::not_found(&PLAN))?;
    let all = |name: &'static str| {
        posted.fields.iter().filter(move |(k, _)| k == name).map(|(_, v)| v.trim().to_owned())
    };
    let due = format!("{}:00+08:00", posted.get("source_due"));
    let new = NewDraw {
        plan,
        region: posted.get("region").to_owned(),
        business: all("business").collect(),
        count: posted.get("count").parse().unwrap_or(0),
        source: posted.get("source").to_owned(),
        source_due: Instant::parse(&due).unwrap_or(Instant(0)),
        officers: all("officer").filter_map(|o| o.parse().ok()).collect(),
        only: Vec::new(),
    };
    let mut tx = app.store.begin().await?;
    let draw = app.field.freeze_draw(&mut tx, &context(&app, viewer), &viewer.who, new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/inspections/draws/{draw}")).into_response())
}
