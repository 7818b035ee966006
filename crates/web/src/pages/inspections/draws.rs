//! Draws of operators and officers: the list, one draw with its outcome, and its steps.

use super::{businesses, names, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::sampling::draws::{DRAW, chances, facts, file, replaced, verdict};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use field::{Draw, DrawFilter, DrawState, GaveUp, Pick};
use flow::view::MatterFilter;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: u32 = 50;

/// How a draw's state is meant.
pub(crate) fn state_badge(lang: Lang, state: DrawState) -> Markup {
    let tone = match state {
        DrawState::Frozen => Tone::Warn,
        DrawState::Drawn => Tone::Ok,
        DrawState::Cancelled => Tone::Idle,
    };
    ui::badge(tone, state.label().get(lang))
}

/// The filter a query asks for, and one row more than a page to know whether there is another.
pub(crate) fn filter(links: &ListLinks, limit: u32) -> DrawFilter {
    DrawFilter {
        region: links.get("region").map(ToOwned::to_owned),
        state: links.get("state").and_then(|s| s.parse().ok()),
        after: links.get("after").and_then(|a| a.parse().ok()),
        limit: limit + 1,
    }
}

/// Cuts the row too many off: the cursor of the next page.
pub(crate) fn cut(rows: &mut Vec<Draw>, limit: u32) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    (rows.len() > limit).then(|| {
        rows.truncate(limit);
        rows.last().map(|d| d.id.to_string()).unwrap_or_default()
    })
}

/// `GET /desk/inspections`: draws, and the running plans a draw is made from. Right: view matter.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/inspections", raw.as_deref(), "");
    if let Some(format) = links.get("format") {
        let rows = app.field.draws(&app.store, &viewer.who, app.now(), &filter(&links, 500)).await?;
        return crate::export::download(format, &sheet(lang, &rows));
    }
    let mut rows = app.field.draws(&app.store, &viewer.who, app.now(), &filter(&links, PAGE)).await?;
    let next = cut(&mut rows, PAGE);
    let running = MatterFilter {
        procedure: Some("inspection_plan".to_owned()),
        state: Some("running".to_owned()),
        acting: true,
        ..MatterFilter::default()
    };
    let plans =
        flow::view::matters(&app.store, &app.engine, &app.access, &viewer.who, app.now(), &running, None, 50)
            .await?
            .rows;
    let title = lang.pick("双随机检查", "Double-random inspections");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/inspections"))
        h1 { (title) }
        p.soft { (lang.pick("检查对象和检查人员都由随机抽取确定：名录先固定并存证，再等待公开随机数；每次固定都必须抽取或说明理由撤销。", "Operators and officers are both drawn at random: the list is frozen and journalled first, then the public value is awaited; every frozen list is drawn, or cancelled with a reason.")) }
        section.card { h2 { (lang.pick("实施中的年度计划", "Plans of the year that run")) }
            @if plans.is_empty() { p { (lang.pick("没有实施中的年度检查计划。", "No yearly plan runs. ")) a href="/desk/matters/new?procedure=inspection_plan" { (lang.pick("制定计划", "Draft one")) } } }
            ul { @for p in &plans { li { a href={ "/desk/inspections/plans/" (p.id) } { (p.title.get(lang)) } " · " (region_name(lang, &p.region)) } } }
        }
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &choices::any(lang, &choices::ALL, DrawState::ALL.iter().map(|s| (s.word(), s.label())))))
            button { (lang.pick("筛选", "Filter")) }
        }
        (table(lang, "/desk/inspections/draws/", &rows))
        (ui::pager(lang, &links, rows.len(), None, next.as_deref(), true))
    }).into_response())
}

/// Draws as a table whose lines lead to `path`.
pub(crate) fn table(lang: Lang, path: &str, rows: &[Draw]) -> Markup {
    if rows.is_empty() {
        return ui::empty(
            lang.pick("没有抽取记录", "No draw"),
            lang.pick("固定名录后会出现在这里。", "A frozen list appears here."),
        );
    }
    let line = |d: &Draw| {
        vec![
            html! { a href={ (path) (d.id) } { (region_name(lang, &d.region)) } },
            html! { (d.frozen.china_minute()) },
            html! { (d.count) },
            html! { (d.source) },
            html! { (state_badge(lang, d.state)) @if let Some(why) = &d.reason { div.small.soft { (why) } } },
            html! { code.small { (&d.root[..16.min(d.root.len())]) "…" } },
        ]
    };
    let lines: Vec<Vec<Markup>> = rows.iter().map(line).collect();
    let columns = [
        Column::text("地区", "Region"),
        Column::text("名录固定", "Frozen"),
        Column::num("抽取数", "Drawn"),
        Column::text("随机来源", "Source"),
        Column::text("状态", "State"),
        Column::text("名录校验码", "Check code of the list"),
    ];
    ui::table(lang, lang.pick("抽取记录", "Draws"), &columns, &lines, None)
}

fn sheet(lang: Lang, rows: &[Draw]) -> paper::sheet::Sheet {
    let head = ["id", "plan", "region", "frozen", "count", "source", "state", "root", "reason"];
    let mut sheet = crate::export::sheet("draws", &head);
    for d in rows {
        sheet.rows.push(crate::export::texts([
            d.id.to_string(),
            d.plan.to_string(),
            d.region.clone(),
            d.frozen.rfc3339(),
            d.count.to_string(),
            d.source.clone(),
            d.state.label().get(lang).to_owned(),
            d.root.clone(),
            d.reason.clone().unwrap_or_default(),
        ]));
    }
    sheet
}

/// `GET /desk/inspections/draws/{id}`. Right: view matter.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let now = app.now();
    let (d, record, picks) = app.field.draw(&app.store, &viewer.who, now, id).await?;
    let people = names(&app, &viewer.who, &d.region, &d.agency).await?;
    let firms: BTreeMap<Id, &str> =
        picks.iter().filter_map(|p| Some((p.operator, p.named.as_ref()?.name.as_str()))).collect();
    let called = |id: Id| people.get(&id).cloned().or_else(|| firms.get(&id).map(|n| (*n).to_owned()));
    let title = lang.pick("双随机抽取记录", "Draw of inspections");
    let path = format!("/desk/inspections/draws/{id}");
    let kinds: BTreeMap<String, String> = businesses(&app, lang).into_iter().collect();
    Ok(layout::page(
        &viewer,
        title,
        &html! {
            (tabs(lang, ""))
            (layout::crumbs(&[("/desk/inspections", lang.pick("双随机检查", "Inspections")), ("", title)]))
            (layout::head(title, &html! { (state_badge(lang, d.state)) }))
            section.card { (facts(&app, lang, &record)) (verdict(lang, &record, &path)) (chances(&app, lang, &record))
                p { a href={ "/desk/matters/" (d.plan) } { (lang.pick("年度计划", "The plan")) } " · " a href={ (path) "/record.json" } download { (lang.pick("完整记录", "The whole record")) } } }
            @if d.state == DrawState::Frozen { (next_step(&viewer, &d, now, &path)) }
            @if d.state == DrawState::Drawn {
                h2 { (lang.pick("抽中的单位和检查人员", "Operators and officers drawn")) }
                (outcome(lang, &path, &picks, &people, &kinds))
                (replaced(lang, &record, &called))
                @if !d.open { form method="post" action={ (path) "/open" } { (layout::csrf(&viewer))
                    p { (lang.pick("公开完整抽取记录，供任何人核验（名录以主体编号列出）。", "Publish the whole record for anybody to verify; operators stand in it by number.")) }
                    button { (lang.pick("公开抽取记录", "Publish the record")) } } }
                @else { p { a href={ "/draws/" (id) } { (lang.pick("公开页面", "Public page")) } } }
            }
        },
    ))
}

fn next_step(viewer: &Viewer, d: &Draw, now: base::Instant, path: &str) -> Markup {
    let lang = viewer.lang();
    html! { section.card { h2 { (lang.pick("下一步", "Next")) }
        @if now < d.source_due {
            p { (lang.pick("随机数将于 ", "The value is known at ")) b { (d.source_due.china_minute()) } (lang.pick(" 公布，届时再抽取。", "; draw then.")) }
            details { summary { (lang.pick("撤销（须说明理由，计入公开次数）", "Cancel (with a reason; it is counted)")) }
                form method="post" action={ (path) "/cancel" } { (layout::csrf(viewer))
                    (ui::input(&Field { name: "reason", label: lang.pick("理由", "Reason"), required: true, ..Field::default() }))
                    button.plain { (lang.pick("撤销", "Cancel the draw")) } } }
        } @else {
            form method="post" action={ (path) "/perform" } { (layout::csrf(viewer))
                (ui::input(&Field { name: "public", label: lang.pick("公布的随机数", "The value announced"), hint: &d.source, required: true, ..Field::default() }))
                button { (lang.pick("抽取并下达检查（仅此一次）", "Draw and open the inspections (once only)")) } }
        }
    } }
}

/// How an operator drawn stands now: given up, in another's place, or as drawn.
pub(super) fn standing(lang: Lang, p: &Pick) -> Markup {
    html! {
        @if let Some(why) = &p.given_up {
            (ui::badge(Tone::Idle, lang.pick("已递补", "replaced"))) " "
            @if let Ok(why) = why.parse::<GaveUp>() { span.small.soft { (why.label().get(lang)) } }
        }
        @if p.instead_of.is_some() { (ui::badge(Tone::Info, lang.pick("递补", "in another's place"))) }
    }
}

fn outcome(
    lang: Lang,
    path: &str,
    picks: &[Pick],
    people: &BTreeMap<Id, String>,
    kinds: &BTreeMap<String, String>,
) -> Markup {
    if picks.is_empty() {
        return ui::empty(
            lang.pick("没有抽中的单位", "No operator"),
            lang.pick("名录中没有可抽取的主体。", "Nobody on the list could be drawn."),
        );
    }
    let name = |id: &Id| people.get(id).cloned().unwrap_or_else(|| id.to_string());
    let line = |(n, p): (usize, &Pick)| {
        let named = p.named.as_ref();
        let label = named.map_or_else(|| p.operator.to_string(), |x| x.name.clone());
        vec![
            html! { (n + 1) },
            html! { @if let Some(m) = p.matter { a href={ "/desk/matters/" (m) } { (label) } } @else { (label) } },
            html! { @if let Some(x) = named { (kinds.get(&x.business).unwrap_or(&x.business)) " " (x.grade) } },
            standing(lang, p),
            html! { @for (i, o) in p.officers.iter().enumerate() { @if i > 0 { (lang.pick("、", ", ")) } (name(o)) }
            @if p.given_up.is_none() { " " a.small href={ (path) "/replace/" (p.operator) } { (lang.pick("递补、更换", "replace")) } } },
        ]
    };
    let lines: Vec<Vec<Markup>> = picks.iter().enumerate().map(line).collect();
    let columns = [
        Column::num("序号", "No."),
        Column::text("被检查单位", "Operator"),
        Column::text("业态、等级", "Business, grade"),
        Column::text("变动", "Changes"),
        Column::text("检查人员", "Officers"),
    ];
    ui::table(lang, lang.pick("抽中的单位", "Operators drawn"), &columns, &lines, None)
}

/// `GET /desk/inspections/draws/{id}/record.json`. Right: view matter.
pub(super) async fn record(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let (_, record, _) = app.field.draw(&app.store, &viewer.who, app.now(), id).await?;
    Ok(file(id, &record))
}

/// `POST /desk/inspections/draws/{id}/{action}`. Right: act or publish matter.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer: &Viewer = &posted.viewer;
    let draw: Id = id.parse().map_err(|_| Fault::not_found(&DRAW))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let (t, field, who) = (&mut tx, &app.field, &viewer.who);
    match action.as_str() {
        "perform" => field.perform_draw(t, &cx, who, draw, posted.get("public")).await.map(drop)?,
        "cancel" => field.cancel_draw(t, &cx, who, draw, posted.get("reason")).await?,
        "open" => field.open_draw(t, &cx, who, draw).await?,
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/desk/inspections/draws/{draw}")).into_response())
}
