//! One signal: why it rang, the series with what was expected, the counts behind it, and its follow-up.

use super::{HOME, badge, list::SIGNAL, places_text, tabs};
use crate::chart;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::absences::colleagues;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;
use watch::{Evidence, FollowUp, Line, SignalDetail, Status};

/// Weeks of the series shown.
const WEEKS: usize = 104;

/// `GET /desk/signals/{id}`. Right: view signal.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&SIGNAL))?;
    let lang = viewer.lang();
    let (now, who) = (app.now(), &viewer.who);
    let links = ListLinks::read(&format!("{HOME}/{id}"), raw.as_deref(), "");
    let s = app.watch.signal(&app.store, who, now, id).await?;
    let chosen: Vec<String> = match links.get("place") {
        Some(place) => s.row.places.iter().filter(|p| *p == place).cloned().collect(),
        None => s.row.places.clone(),
    };
    let chosen = if chosen.is_empty() { s.row.places.clone() } else { chosen };
    let lines = match app.watch.lines(&app.store, who, now, &s.row.hazard, &chosen, WEEKS).await {
        Ok(lines) => lines,
        Err(watch::Error::NotFound) => Vec::new(),
        Err(e) => return Err(e.into()),
    };
    if let Some(format) = links.get("format") {
        if format == "svg" {
            return picture(lang, &app, &s, &lines, links.get("method").unwrap_or_default());
        }
        return crate::export::download(format, &sheet(&lines));
    }
    let from = s.row.from.checked_sub(jiff::Span::new().days(14)).unwrap_or(s.row.from);
    let evidence =
        app.watch.evidence(&app.store, who, now, &s.row.hazard, &s.row.places, from, s.row.to).await?;
    let mut matters = Vec::new();
    for m in &s.matters {
        matters.push((*m, flow::view::matter(&app.store, &app.engine, &app.access, who, now, *m).await.ok()));
    }
    let cases = crate::pages::trace::cases::section(&app, &viewer, &format!("signal:{id}"), &[]).await?;
    let hazard = app.watch.plan.hazard_title(&s.row.hazard);
    let title = format!("{} · {}", hazard.get(lang), places_text(lang, &s.row.places));
    let follow = if s.may_act {
        follow_form(&app, &viewer, &s).await?
    } else {
        html! {}
    };
    Ok(layout::page(&viewer, &title, &html! {
        (tabs(lang, ""))
        (layout::crumbs(&[(HOME, lang.pick("监测信号", "Signals")), ("", &title)]))
        (layout::head(&title, &html! { (badge(lang, s.row.status)) }))
        div.grid.wide {
            section.card { h2 { (lang.pick("为什么报警", "Why it rang")) }
                p { (s.row.because.get(lang)) }
                (alarms(&app, lang, &s))
            }
            section.card { h2 { (lang.pick("核实", "Follow-up")) } (history(lang, &s)) (follow) }
        }
        section { h2 { (lang.pick("序列与预期", "Series and expectation")) }
            @if s.row.places.len() > 1 { nav.tabs aria-label=(lang.pick("地区", "Places")) {
                a href=(links.with(&[("place", "")])) aria-current=[links.get("place").is_none().then_some("true")] { (lang.pick("合计", "Together")) }
                @for p in s.row.places.iter().filter(|p| app.access.allows(who, "view", &access::Resource::new("signal", p.as_str()), now)) { a href=(links.with(&[("place", p)])) aria-current=[(links.get("place") == Some(p)).then_some("true")] { (region_name(lang, p)) } }
            } }
            @if lines.is_empty() { (ui::empty(lang.pick("没有可显示的序列", "No series to show"), lang.pick("这些地区的数据覆盖期没有重叠。", "The sources of these places do not cover the same days."))) }
            @for line in &lines { (series(&app, lang, line, &links)) }
            @if !lines.is_empty() { p { a href=(links.with(&[("format", "csv")])) { (lang.pick("导出序列 CSV", "Export the series as CSV")) } " · "
                a href=(links.with(&[("format", "xlsx")])) { "XLSX" } " · " a href=(links.with(&[("format", "parquet")])) { "Parquet" } } }
        }
        section { h2 { (lang.pick("依据：报警前两周以来的报告", "Evidence: what was reported since two weeks before")) } (counts(&app, lang, &s, &evidence)) }
        (cases)
        section.card { h2 { (lang.pick("办件", "Matters")) }
            @if matters.is_empty() { p.soft { (lang.pick("还没有由此信号发起的办件。", "No matter has been opened from this signal.")) } }
            ul { @for (id, m) in &matters { li { @match m {
                Some(m) => { a href={ "/desk/matters/" (id) } { (m.title.get(lang)) } " " (ui::badge(Tone::Info, m.state_title.get(lang))) }
                None => { (lang.pick("办件", "matter")) " " code { (id) } " " (lang.pick("（您无权查看）", "(not yours to see)")) }
            } } } }
            @if s.may_act { p {
                a.button.plain href={ "/desk/matters/new?procedure=incident&signal=" (id) } { (lang.pick("报告食品安全事件", "Report an incident")) } " "
                a.button.plain href={ "/desk/matters/new?procedure=supervision&signal=" (id) } { (lang.pick("发起督办", "Order a supervision")) }
            } }
        }
    }).into_response())
}

fn alarms(app: &App, lang: Lang, s: &SignalDetail) -> Markup {
    let rows: Vec<Vec<Markup>> = s
        .alarms
        .iter()
        .map(|a| {
            let v = &a.verdict;
            vec![
                html! { (region_name(lang, &v.place)) },
                html! { (app.watch.plan.method_title(&v.method).get(lang)) },
                html! { @if v.from == v.to { (v.to) } @else { (v.from) " – " (v.to) } },
                html! { (chart::figure(v.observed)) },
                html! { @if v.p_value.is_some() { (chart::figure(v.expected)) } @else { "—" } },
                html! { @match v.bound { Some(b) => (chart::figure(b)), None => "—" } },
                super::chance(lang, v.p_value),
                super::chance(lang, a.q_value),
            ]
        })
        .collect();
    let columns = [
        Column::text("地区", "Place"),
        Column::text("方法", "Method"),
        Column::text("时段", "Period"),
        Column::num("报告数", "Counted"),
        Column::num("预期", "Expected"),
        Column::num("方法自身上限", "The method's own bound"),
        Column::num("无暴发时的概率", "Probability without an outbreak"),
        Column::num("错误发现率", "False-discovery rate"),
    ];
    ui::table(lang, lang.pick("报警", "Alarms"), &columns, &rows, None)
}

/// One method's view of the series: picture, then the same numbers.
fn series(app: &App, lang: Lang, line: &Line, links: &ListLinks) -> Markup {
    let method = app.watch.plan.method_title(&line.method);
    let number = |v: Option<f64>| v.map_or_else(|| "—".to_owned(), chart::figure);
    let rows: Vec<Vec<Markup>> = line
        .marks
        .iter()
        .rev()
        .map(|m| {
            vec![
                html! { (chart::period(m)) },
                html! { (chart::figure(m.observed)) },
                html! { (number(m.expected)) },
                html! { (number(m.bound)) },
                html! { @if m.alarm { (ui::badge(Tone::Bad, lang.pick("超过", "above"))) } },
            ]
        })
        .collect();
    let columns = [
        Column::text("时段", "Period"),
        Column::num("报告数", "Counted"),
        Column::num("预期", "Expected"),
        Column::num("上限", "Bound"),
        Column::text("", ""),
    ];
    let title = method.get(lang);
    html! { figure.card {
        figcaption { strong { (title) } " · " (lang.pick("柱为报告数，阴影为预期至上限，▼ 为超过方法自身上限", "bars: counted; shade: from expected to bound; ▼: above the method's own bound")) }
        div.scroll tabindex="0" role="region" aria-label=(title) { (PreEscaped(chart::series(lang, title, line))) }
        p.small { a href=(links.with(&[("format", "svg"), ("method", &line.method)])) download { (lang.pick("下载图（SVG）", "Download the chart (SVG)")) } }
        details { summary { (lang.pick("同样的数字", "The same numbers")) } (ui::table(lang, title, &columns, &rows, None)) }
    } }
}

/// The chart of one method as a file.
fn picture(lang: Lang, app: &App, s: &SignalDetail, lines: &[Line], method: &str) -> Answer {
    let line = lines.iter().find(|l| l.method == method).ok_or_else(|| Fault::not_found(&SIGNAL))?;
    let title = format!(
        "{} · {} · {}",
        app.watch.plan.hazard_title(&s.row.hazard).get(lang),
        places_text(lang, &s.row.places),
        app.watch.plan.method_title(method).get(lang)
    );
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"signal.svg\""),
    ];
    Ok((headers, chart::file(lang, &title, line)).into_response())
}

fn counts(app: &App, lang: Lang, s: &SignalDetail, evidence: &[Evidence]) -> Markup {
    let kind = app.watch.plan.hazard(&s.row.hazard).map_or("", |h| h.kind.as_str());
    let rows: Vec<Vec<Markup>> = evidence
        .iter()
        .map(|e| {
            vec![
                html! { (e.day) },
                html! { (region_name(lang, &e.place)) },
                html! { (e.cases) },
                html! { (e.source) },
                html! { (e.recorded) },
            ]
        })
        .collect();
    let columns = [
        Column::text("日期", "Day"),
        Column::text("地区", "Place"),
        Column::num("例数", "Cases"),
        Column::text("来源", "Source"),
        Column::text("报入日期", "Recorded on"),
    ];
    html! {
        @if kind == "complaint" { p { a href={ "/desk/signals/texts?region=" (s.row.places.first().map_or("", String::as_str)) } { (lang.pick("查看这些投诉举报的内容", "Read these complaints and reports")) } } }
        @if kind == "failure" { p { a href={ "/desk/nonconformities?region=" (s.row.places.first().map_or("", String::as_str)) } { (lang.pick("查看不合格样品", "See the failed samples")) } } }
        @if rows.is_empty() { p.soft { (lang.pick("没有逐日计数。", "No daily counts.")) } }
        @else { details open[rows.len() <= 30] { summary { (rows.len()) " " (lang.pick("条计数", "counts")) } (ui::table(lang, lang.pick("逐日计数", "Daily counts"), &columns, &rows, None)) } }
    }
}

fn history(lang: Lang, s: &SignalDetail) -> Markup {
    let mut items =
        vec![(s.row.created.china_minute(), html! { (lang.pick("系统报警", "raised by the watch")) })];
    items.extend(s.notes.iter().map(|n| {
        let body = html! { strong { (n.name) } " " (badge(lang, n.status)) @if !n.body.is_empty() { div { (n.body) } } };
        (n.at.china_minute(), body)
    }));
    html! {
        @if !s.row.assigned.is_empty() { p { (lang.pick("核实人：", "Checked by: ")) strong { (s.row.assigned) } } }
        (ui::timeline(&items))
    }
}

async fn follow_form(app: &App, viewer: &Viewer, s: &SignalDetail) -> Answer<Markup> {
    let lang = viewer.lang();
    let mut people = vec![(String::new(), viewer.who.name.clone())];
    people.extend(
        colleagues(app, viewer)
            .await?
            .into_iter()
            .filter(|(id, _)| *id != viewer.who.account)
            .map(|(id, name)| (id.to_string(), name)),
    );
    let hidden = html! { (layout::csrf(viewer)) input type="hidden" name="version" value=(s.row.version); };
    let outcomes: Vec<(String, String)> = Status::ALL
        .iter()
        .filter(|o| o.is_closed())
        .map(|o| (o.word().to_owned(), o.label().get(lang).to_owned()))
        .collect();
    Ok(html! {
        form method="post" class="filters" { (hidden) input type="hidden" name="status" value="assigned";
            (ui::select(&Field { name: "assignee", label: lang.pick("交给谁核实", "Who checks"), ..Field::default() }, &people))
            @if s.row.status.is_closed() { (ui::input(&Field { name: "comment", id: "again", label: lang.pick("为何重新核实", "Why again"), required: true, ..Field::default() })) }
            button.plain { (if s.row.status.is_closed() { lang.pick("重新核实", "Check again") } else { lang.pick("交办", "Assign") }) }
        }
        @if s.row.status.is_closed() {
            form method="post" { (hidden) input type="hidden" name="status" value=(s.row.status.word());
                (ui::input(&Field { name: "comment", label: lang.pick("补充说明", "Add a comment"), kind: "textarea", required: true, ..Field::default() }))
                button.plain { (lang.pick("保存", "Save")) } }
        } @else {
            form method="post" { (hidden)
                (ui::select(&Field { name: "status", label: lang.pick("核实结果", "Outcome"), required: true, ..Field::default() }, &outcomes))
                (ui::input(&Field { name: "comment", label: lang.pick("核实情况和依据", "What was found, on what ground"), kind: "textarea", required: true, ..Field::default() }))
                button { (lang.pick("办结", "Close")) } }
        }
    })
}

/// `POST /desk/signals/{id}`. Right: act signal.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&SIGNAL))?;
    let status: Status = posted
        .get("status")
        .parse()
        .map_err(|_| Fault::bad("status", Text::of("请选择核实结果", "choose an outcome")))?;
    let assignee = match posted.get("assignee") {
        "" => None,
        given => {
            let to: Option<Id> = given.parse().ok();
            let people = colleagues(&app, viewer).await?;
            let named = to.and_then(|to| people.get(&to).map(|name| (to, name.clone())));
            Some(named.ok_or_else(|| {
                Fault::bad(
                    "assignee",
                    Text::of(
                        "请选择本辖区、本部门的人员",
                        "choose a colleague of your region and department",
                    ),
                )
            })?)
        }
    };
    let step =
        FollowUp { version: posted.version()?, status, assignee, comment: posted.get("comment").to_owned() };
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    app.watch.follow_up(&mut tx, &cx, &viewer.who, id, step).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HOME}/{id}")).into_response())
}

fn sheet(lines: &[Line]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "series",
        &["method", "from", "to", "counted", "expected", "bound", "above_bound"],
    );
    let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.4}"));
    for line in lines {
        for m in &line.marks {
            sheet.rows.push(crate::export::texts([
                line.method.clone(),
                m.from.to_string(),
                m.to.to_string(),
                chart::figure(m.observed),
                number(m.expected),
                number(m.bound),
                m.alarm.to_string(),
            ]));
        }
    }
    sheet
}
