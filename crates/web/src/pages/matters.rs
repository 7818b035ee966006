//! Matters: the list, one matter whole (state, clocks, tasks, documents, timeline, proof), and its steps.

use super::absences::assign_form;
use super::inbox::meant;
use super::lookup::{Settled, settle};
use super::matter_clocks::{clocks, outdated};
use super::matter_record::{People, Relatives, links, operators, path, sent_back, timeline};
use super::sent::{Sent, Why};
use super::show::{agency_name, clock_badge, drill, tone_of};
use super::{choices, documents};
use crate::entered::Entered;
use crate::fault::{Answer, Fault};
use crate::forms;
use crate::layout::{self, Area, Viewer};
use crate::map::region_name;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Decimal, Id, Lang, Text};
use flow::view::{Balance, DocumentView, MatterFilter, MatterOrder, MatterView};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const MATTER: Text = Text::of("办件", "matter");
const PAGE: usize = 50;
/// Procedures whose matters gather cases.
const CASES: [&str; 3] = ["incident", "disposal", "serious_risk"];

/// `GET /desk/matters`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/matters", raw.as_deref(), "due");
    let some = |name: &str| links.get(name).map(ToOwned::to_owned);
    let filter = MatterFilter {
        order: match (links.sort.as_str(), links.desc) {
            ("opened", true) => MatterOrder::Opened,
            ("opened", false) => MatterOrder::Oldest,
            _ => MatterOrder::Due,
        },
        procedure: some("procedure"),
        state: some("state"),
        running: match links.get("running") {
            Some("all") => None,
            Some("closed") => Some(false),
            _ => Some(true),
        },
        overdue: links.get("overdue") == Some("1"),
        drill: links.get("drill").map(|d| d == "1"),
        region: some("region"),
        text: some("q"),
        meant: meant(&app, &viewer, &links).await?,
        operator: links.get("operator").and_then(|o| o.parse().ok()),
        subject: some("subject"),
        parent: links.get("parent").and_then(|p| p.parse().ok()),
        real: links.get("real") == Some("1"),
        ..MatterFilter::default()
    };
    let (now, who) = (app.now(), &viewer.who);
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::matters(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        let mut sheet = crate::export::sheet(
            "matters",
            &["matter", "procedure", "title", "state", "region", "due", "opened", "closed"],
        );
        for m in &rows {
            sheet.rows.push(crate::export::texts([
                m.id.to_string(),
                m.procedure_title.get(lang).to_owned(),
                m.title.get(lang).to_owned(),
                m.state_title.get(lang).to_owned(),
                m.region.clone(),
                m.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
                m.opened_at.rfc3339(),
                m.closed_at.map(|c| c.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|m| {
            vec![
                html! { @if m.closed_at.is_none() { input type="checkbox" form="bulk" name="m" value=(m.id) aria-label={ (lang.pick("选择", "Choose")) " " (m.title.get(lang)) }; } },
                html! { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } },
                html! { (m.procedure_title.get(lang)) },
                html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) },
                html! { (region_name(lang, &m.region)) },
                html! { @if let Some(due) = &m.due { (clock_badge(lang, due)) } @else { "—" } },
                html! { (m.opened_at.china_date()) },
            ]
        })
        .collect();
    let title = lang.pick("办件", "Matters");
    let mut procedures = vec![(String::new(), lang.pick("全部程序", "All procedures").to_owned())];
    procedures.extend(
        app.engine.procedures().map(|p| (p.definition.id.clone(), p.definition.title.get(lang).to_owned())),
    );
    let running: Vec<(String, String)> =
        [("", "在办", "Running"), ("closed", "已结", "Closed"), ("all", "全部", "All")]
            .iter()
            .map(|(v, zh, en)| ((*v).to_owned(), lang.pick(zh, en).to_owned()))
            .collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href="/desk/matters/new" { (lang.pick("发起事项", "Open a matter")) } }))
        form.filters method="get" {
            (ui::input(&ui::Field { name: "q", label: lang.pick("标题、编号、主体或许可证", "Title, number, operator or licence"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            (ui::select(&ui::Field { name: "procedure", label: lang.pick("程序", "Procedure"), value: links.get("procedure").unwrap_or_default(), ..Default::default() }, &procedures))
            (ui::select(&ui::Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Default::default() }, &choices::regions(lang, who, &choices::ALL)))
            (ui::select(&ui::Field { name: "running", label: lang.pick("状态", "State"), value: links.get("running").unwrap_or_default(), ..Default::default() }, &running))
            label.choice { input type="checkbox" name="overdue" value="1" checked[filter.overdue]; (lang.pick("只看逾期", "Overdue only")) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的办件", "No matter fits"), lang.pick("请放宽筛选条件。", "Widen the filter."))) }
        @else {
            (ui::table(lang, title, &[Column::text("选择", "Choose"), Column::text("标题", "Title"), Column::text("程序", "Procedure"), Column::text("环节", "State"),
                Column::text("地区", "Region"), Column::text("时限", "Clock").by("due"), Column::text("立项", "Opened").by("opened")], &rows, Some(&links)))
            form #bulk method="get" action="/desk/bulk" { button.plain { (lang.pick("批量办理所选", "Do one step in those chosen")) } }
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

/// `GET /desk/matters/{id}` and `/firm/duties/{id}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MATTER))?;
    matter_page(&app, &viewer, id, None).await
}

/// A step that came back.
struct Refilled<'a> {
    step: &'a str,
    form: Option<&'a flow::Form>,
    entry: &'a Json,
    why: Why,
}

async fn matter_page(app: &App, viewer: &Viewer, id: Id, again: Option<Refilled<'_>>) -> Answer<Markup> {
    let lang = viewer.lang();
    let now = app.now();
    let m = flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, now, id).await?;
    // goods are counted where there are places to report
    let balance = if m.tasks.is_empty() && m.procedure != "recall" {
        None
    } else {
        flow::view::mass_balance(&app.store, &app.engine, &app.access, &viewer.who, now, id).await.ok()
    };
    let related = Relatives::of(app, viewer, &m).await?;
    let resource = access::Resource::new("matter", m.region.as_str())
        .of_agency(m.agency.as_str())
        .of_operator(m.operator)
        .classified(m.classification);
    let decides = m.closed_at.is_none() && app.access.allows(&viewer.who, "decide", &resource, now);
    let assign = if app.access.allows(&viewer.who, "act", &resource, now) {
        assign_form(app, viewer, &m, decides).await?
    } else {
        html! {}
    };
    let alike = super::alike::section(app, viewer, &m).await?;
    let cases = if viewer.area() == Area::Desk && CASES.contains(&m.procedure.as_str()) {
        let lot = |target: &str| target.strip_prefix("lot:").map(ToOwned::to_owned);
        let lots: Vec<String> =
            m.links.iter().map(|l| l.target.as_str()).chain([m.subject.as_str()]).filter_map(lot).collect();
        super::trace::cases::section(app, viewer, &format!("matter:{id}"), &lots).await?
    } else {
        html! {}
    };
    // who is about to take a step, and who it is given to
    let proposed = if viewer.area() == Area::Desk && m.closed_at.is_none() {
        let staff = super::namesakes::named(app, m.assigned.into_iter().chain([viewer.who.account])).await?;
        let firms: Vec<Id> = m.operator.into_iter().collect();
        super::namesakes::open(app, viewer, super::namesakes::Firms::These(&firms), staff).await?
    } else {
        Vec::new()
    };
    let judges = super::namesakes::decides(app, viewer, &m.region, &m.agency);
    let people = People::of_steps(app, viewer, &m).await?;
    let operators = operators(app, &m).await?;
    let said = match &again {
        Some(r) => r.why.said(app, viewer).await?,
        None => html! {},
    };
    let title = m.title.get(lang).to_owned();
    let (list, list_title) = match viewer.area() {
        Area::Firm => ("/firm/duties", lang.pick("待办义务", "Duties")),
        _ => ("/desk/matters", lang.pick("办件", "Matters")),
    };
    Ok(layout::page(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(list, list_title), ("", m.procedure_title.get(lang))]))
            (drill(lang, m.drill))
            (layout::head(&title, &html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) }))
            (outdated(viewer, &m, decides))
            (said)
            (sent_back(viewer, &m, &operators))
            @if let Some(r) = &again {
                @if m.actions.iter().any(|a| a.id == r.step && a.refusal.is_none()) { p { a href={ "#step-" (r.step) } { (lang.pick("到表单", "To the form")) } } }
                // the step is not to be taken any more: what was typed can still be read and copied
                @else if let Some(typed) = r.entry.as_object() { section.card { h2 { (lang.pick("您填写的内容", "What you typed")) }
                    (Entered { lang, unit: "", files: &m.files, operators: &operators }.all(r.form, typed)) } }
            }
            div.grid.wide {
                section.card { h2 { (m.procedure_title.get(lang)) } (summary(app, lang, &m)) (assign) }
                section.card { h2 { (lang.pick("时限", "Clocks")) } (clocks(viewer, &m, decides)) }
            }
            (super::namesakes::section(viewer, judges, &proposed))
            (alike)
            (cases)
            @if !m.actions.is_empty() { section #actions {
                h2 { (lang.pick("下一步", "Next step")) }
                @for a in &m.actions { (action(viewer, &m, a, again.as_ref().filter(|r| r.step == a.id).map(|r| (r, &said)))) }
            } }
            @if let Some(b) = balance.filter(|b| b.places > 0 || b.total.is_some()) { section.card {
                h2 { (lang.pick("召回数量平衡", "Mass balance of the recall")) } (balance_view(lang, &b))
                p { a href={ "/desk/places?matter=" (m.id) } { (lang.pick("逐个场所查看", "Place by place")) } }
            } }
            @if !m.tasks.is_empty() { section {
                h2 { (lang.pick("各县任务", "Tasks by county")) }
                (task_table(viewer, &m))
            } }
            @if !m.documents.is_empty() { section {
                h2 { (lang.pick("文书", "Documents")) }
                @for d in &m.documents { (document_card(viewer, &m, d)) }
            } }
            div.grid.wide {
                section.card { h2 { (lang.pick("经过", "Timeline")) } (timeline(viewer, &m, &people, &operators)) }
                section.card { h2 { (lang.pick("关联", "Links")) } (links(viewer, &m, &related)) }
            }
        },
    ))
}

/// A fact of a matter in words: those its procedure has for the value, else those of the form it was chosen in.
pub(super) fn fact_in_words(app: &App, lang: Lang, m: &MatterView, f: &flow::view::FactView) -> String {
    match &f.words {
        Some(words) => words.get(lang).to_owned(),
        None => fact_text(app, lang, m, &f.id, &f.title, &f.value),
    }
}

/// A fact in words: a code chosen in a form is shown as its choice. The choice may have been made in the matter this one
/// follows from, so a procedure that means the same fact by the same title is asked too, after the matter's own.
fn fact_text(app: &App, lang: Lang, m: &MatterView, id: &str, title: &Text, value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Bool(yes) => {
            return (if *yes { lang.pick("是", "Yes") } else { lang.pick("否", "No") }).to_owned();
        }
        Json::Null => return "—".to_owned(),
        Json::Array(all) => {
            let all: Vec<String> = all.iter().map(|v| fact_text(app, lang, m, id, title, v)).collect();
            return all.join(lang.pick("、", ", "));
        }
        // what an effect writes for people it writes in both languages
        Json::Object(words) if words.contains_key("zh") => {
            let said = words.get(lang.pick("zh", "en")).and_then(Json::as_str);
            return said.unwrap_or_default().to_owned();
        }
        other => other.to_string(),
    };
    let same = |p: &&std::sync::Arc<flow::Procedure>| {
        p.definition.facts.iter().any(|f| f.id == id && f.title == *title)
    };
    let own = app.engine.procedure_in(&m.procedure, &m.region).ok();
    let fields = own.into_iter().chain(app.engine.procedures().filter(same));
    let mut fields = fields.flat_map(|p| &p.definition.forms).filter_map(|f| f.field(id));
    let choice = fields.find_map(|f| f.options.iter().find(|o| o.id == text));
    choice.map_or(text.clone(), |o| o.title.get(lang).to_owned())
}

fn summary(app: &App, lang: Lang, m: &MatterView) -> Markup {
    let mut rows = vec![
        (Text::of("编号", "Number"), html! { code { (m.id) } }),
        (
            Text::of("承办", "Held by"),
            html! { (region_name(lang, &m.region)) " · " (agency_name(lang, &m.agency)) },
        ),
        (Text::of("立项时间", "Opened"), html! { (m.opened_at.china_minute()) }),
    ];
    if let Some(closed) = m.closed_at {
        rows.push((Text::of("办结时间", "Closed"), html! { (closed.china_minute()) }));
    }
    for f in &m.facts {
        rows.push((f.title.clone(), html! { (fact_in_words(app, lang, m, f)) }));
    }
    let basis = html! { @for b in &m.basis { div { (b.document) " " (b.clause)
    @if b.status != base::clock::Status::Verified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) } } } };
    rows.push((Text::of("依据", "Basis"), basis));
    ui::facts(lang, &rows)
}

/// One step as a button or, where it asks something, its form.
pub(crate) fn step_card(viewer: &Viewer, m: &MatterView, a: &flow::view::Action) -> Markup {
    action(viewer, m, a, None)
}

/// Whether the form of a step stands open: the only step there is, the one a disposal begins with, and the first a party has,
/// who need not know that a line can be unfolded.
fn awaited(viewer: &Viewer, m: &MatterView, a: &flow::view::Action) -> bool {
    let asked = || m.actions.iter().filter(|x| !x.quiet);
    let first = asked().find(|x| x.refusal.is_none() && x.form.is_some());
    asked().count() == 1 && !a.quiet
        || a.id == "launch"
        || (viewer.who.operator.is_some() && first.is_some_and(|x| x.id == a.id && x.id != "withdraw"))
}

fn action(
    viewer: &Viewer,
    m: &MatterView,
    a: &flow::view::Action,
    again: Option<(&Refilled<'_>, &Markup)>,
) -> Markup {
    let lang = viewer.lang();
    html! { div.card id={ "step-" (a.id) } {
        @if let Some(refusal) = &a.refusal {
            // the papers missing are listed with where they come from
            p { strong { (a.title.get(lang)) } @if a.papers.iter().all(|p| p.met) { " — " span.soft { (refusal.get(lang)) } } }
            (papers(lang, m, a))
        } @else {
            @let body = html! { form method="post" action={ "/desk/matters/" (m.id) "/" (a.id) } enctype="multipart/form-data" {
                (layout::csrf(viewer))
                (papers(lang, m, a))
                input type="hidden" name="version" value=(m.version);
                @if let Some(form) = &a.form {
                    (forms::fields(lang, &format!("{}-", a.id), form, again.map_or(&Json::Object(a.entered.clone()), |(r, _)| r.entry), again.map_or(&[], |(r, _)| &r.why.faults), ""))
                }
                button { (a.title.get(lang)) }
            } };
            @if a.form.is_some() {
                details open[again.is_some() || awaited(viewer, m, a)] { summary { strong { (a.title.get(lang)) } }
                    @if let Some((_, said)) = again { (said) }
                    (body) }
            } @else { (body) }
        }
    } }
}

/// What a step asks to be on file: missing papers lead to the draft that waits or to the step that makes them.
fn papers(lang: Lang, m: &MatterView, a: &flow::view::Action) -> Markup {
    let missing = a.papers.iter().filter(|p| !p.met).count();
    let offered = |id: &str| m.actions.iter().any(|x| x.id == id && x.refusal.is_none());
    let line = |p: &flow::PaperView| {
        let document = p.document.filter(|id| m.documents.iter().any(|d| d.id == *id));
        let basis = format!("{} {}", p.basis.document, p.basis.clause);
        html! { li {
            @if p.met { (ui::badge(Tone::Ok, lang.pick("已在卷", "on file"))) } @else { (ui::badge(Tone::Warn, lang.pick("缺", "missing"))) } " "
            @match document {
                Some(id) => a href={ "/desk/matters/" (m.id) "#document-" (id) } { (p.title.get(lang)) },
                None => (p.title.get(lang)),
            }
            @if !p.met && p.document.is_some() { (lang.pick("（已起草，尚未送达或公开）", " (drafted, not yet served or published)")) }
            @if !p.met && p.document.is_none() && !p.steps.is_empty() { (lang.pick("，由 ", "; it comes with "))
                @for (n, (id, words)) in p.steps.iter().enumerate() { @if n > 0 { (lang.pick("、", ", ")) }
                    @if offered(id) { a href={ "/desk/matters/" (m.id) "#step-" (id) } { (words.get(lang)) } } @else { "“" (words.get(lang)) "”" } }
                (lang.pick(" 形成", "")) }
            span.small.soft { " " (basis) }
            @if p.basis.status != base::clock::Status::Verified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
        } }
    };
    html! { @if !a.papers.is_empty() {
        p.small { @if missing > 0 { (lang.pick("办理前须在卷：", "On file before this step: ")) } @else { (lang.pick("办理前须在卷的材料已齐：", "The papers asked for are on file: ")) } }
        ul.small { @for p in &a.papers { (line(p)) } }
    } }
}

/// The balance as a bar of parts and a sentence.
pub(crate) fn balance_view(lang: Lang, b: &Balance) -> Markup {
    let part = |zh: &str, en: &str, d: Decimal, class: &'static str| {
        let share: f64 = d.to_string().parse().unwrap_or(0.0);
        (lang.pick(zh, en).to_owned(), share, class, format!("{} {}", d.normalize(), b.unit))
    };
    let of = b.total.unwrap_or(b.expected).normalize();
    html! {
        p { (lang.pick("应追回", "To account for")) " " b { (of) " " (b.unit) } " · "
            (lang.pick("场所", "places")) " " b { (b.reached) " / " (b.places) } }
        (ui::stack(&[
            part("已召回", "recovered", b.recovered, "c1"),
            part("已封存", "sealed", b.sealed, "c2"),
            part("已销毁", "destroyed", b.destroyed, "c3"),
            part("已售出", "sold", b.sold, "c4"),
            part("尚未查明", "unaccounted", b.unaccounted, "c5"),
        ]))
        @for (unit, n) in &b.other_units { p.small.soft { (n) " " (lang.pick("处以其他单位上报：", "reports in another unit: ")) (unit) } }
        @if b.unaccounted < Decimal::ZERO { (ui::message(Tone::Bad, &beyond(lang, b))) }
        @if b.unaccounted.is_zero() && b.reached == b.places {
            (ui::message(Tone::Ok, &html! { p { (lang.pick("数量已全部查明，平衡闭合。", "Everything is accounted for: the balance closes.")) } }))
        }
    }
}

/// What is said when more was reported than went out.
pub(crate) fn beyond(lang: Lang, b: &Balance) -> Markup {
    let of = b.total.unwrap_or(b.expected).normalize();
    let more = (-b.unaccounted).normalize();
    html! { p { @match lang {
        Lang::Zh => { "上报数量合计比申报的应追回数量 " (of) " " (b.unit) " 多 " strong { (more) " " (b.unit) } "：请核对有无重复上报、单位有误，或申报数量偏小。" }
        Lang::En => { "The reports add up to " strong { (more) " " (b.unit) } " more than the declared " (of) " " (b.unit) ": look for reports made twice, a wrong unit, or a declared quantity that is too small." }
    } } }
}

fn task_table(viewer: &Viewer, m: &MatterView) -> Markup {
    let lang = viewer.lang();
    let within = |region: &str| viewer.who.grants.iter().any(|g| region.starts_with(&g.region));
    let rows: Vec<Vec<Markup>> = m
        .tasks
        .iter()
        .map(|t| {
            vec![
                html! { @if within(&t.region) { a href={ "/desk/tasks/" (t.id) } { (t.kind_title.get(lang)) } } @else { (t.kind_title.get(lang)) } },
                html! { (region_name(lang, &t.region)) },
                html! { @match (t.state.as_str(), &t.due) {
                    ("void", _) => (ui::badge(Tone::Idle, lang.pick("已撤销", "cancelled"))),
                    (_, Some(due)) => (clock_badge(lang, due)),
                    _ => "—",
                } },
                html! { (ui::meter(t.items_done, t.items_total)) },
            ]
        })
        .collect();
    let overdue = m.tasks.iter().filter(|t| t.due.as_ref().is_some_and(|d| tone_of(d) == Tone::Bad)).count();
    html! {
        @if overdue > 0 { (ui::message(Tone::Warn, &html! { p { (overdue) " " (lang.pick("项任务逾期", "task(s) overdue")) } })) }
        (ui::table(lang, lang.pick("各县任务", "Tasks by county"), &[Column::text("任务", "Task"), Column::text("县区", "County"),
            Column::text("时限", "Clock"), Column::text("进度", "Progress")], &rows, None))
    }
}

fn document_card(viewer: &Viewer, m: &MatterView, d: &DocumentView) -> Markup {
    let lang = viewer.lang();
    html! { article.card id={ "document-" (d.id) } {
        p { strong { (d.title.get(lang)) } @if let Some(number) = &d.number { " " span.soft { (number) } } " " (documents::state_badge(lang, &d.status)) }
        @if let Some(day) = d.served_on { p.small { (lang.pick("送达日期（更正后）：", "Served on (put right): ")) (day) } }
        @if let Some(c) = &d.contested { (ui::message(Tone::Warn, &html! { p {
            (lang.pick("当事人对送达日期有异议，主张为 ", "The party contests the day of service; it says ")) (c.claimed_on) (lang.pick("：", ": ")) (c.reason)
            @if m.actions.iter().any(|a| a.id == "answer_service") { " " a href="#step-answer_service" { (lang.pick("更正或维持", "correct or keep it")) } }
        } })) }
        details { summary { (lang.pick("查看正文", "Read")) } div.doc { (PreEscaped(d.html.get(lang))) } }
        @if d.status == "published" && d.audience == "public" { p { a href={ "/notices/" (d.slug) } { (lang.pick("公开页面", "Public page")) } } }
        @if d.status == "published" { p { a href={ "/desk/documents/" (d.id) "/document.pdf" } { "PDF" } } }
        @if viewer.area() == Area::Desk { p { a href={ "/desk/documents/" (d.id) } {
            (if d.may_revise { lang.pick("修改草稿与历次版本", "Change the draft, versions") } else { lang.pick("历次版本", "Versions") })
        } } }
        (documents::publish_form(viewer, d))
    } }
}

/// `GET /desk/matters/{id}/{step}`: where a step that came back stands; opened by itself, it leads to the matter.
pub(crate) async fn at_step(
    SignedIn(viewer): SignedIn,
    Path((id, step)): Path<(String, String)>,
) -> Answer<Redirect> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MATTER))?;
    Ok(Redirect::to(&format!("{}#step-{}", path(&viewer, id), ui::encode(&step))))
}

/// `POST /desk/matters/{id}/{step}`
pub(crate) async fn step(
    State(app): State<Arc<App>>,
    Path((id, step)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&MATTER))?;
    let m = flow::view::matter(&app.store, &app.engine, &app.access, &viewer.who, app.now(), id).await?;
    let form = match m.actions.iter().find(|a| a.id == step) {
        Some(offered) => offered.form.as_ref(),
        // somebody moved the matter on meanwhile: what was typed is still read
        None => {
            let rules = app.engine.procedure_in(&m.procedure, &m.region).ok();
            let name = rules.and_then(|p| p.definition.transition(&step)?.form.clone());
            name.and_then(|name| m.forms.iter().find(|f| f.id == name))
        }
    };
    let sent = Sent::keep(&app, &posted, form).await?;
    let entry = form.map_or_else(|| json!({}), |f| forms::entry(f, &posted, &sent.hashes()));
    let mut settled = match form {
        Some(form) => settle(&app, viewer, form, &posted, entry).await?,
        None => Settled::plain(entry),
    };
    settled.faults.extend(sent.faults.iter().cloned());
    let cx = context(&app, viewer);
    let why = if settled.faults.is_empty() {
        let version = posted.version()?;
        let mut tx = app.store.begin().await?;
        sent.record(&mut tx, &cx, &app).await?;
        let (engine, access) = (&app.engine, &app.access);
        let entry = &settled.entry;
        match flow::transition(&mut tx, &cx, engine, access, &viewer.who, id, version, &step, entry).await {
            Ok(_) => {
                tx.commit().await?;
                return Ok(Redirect::to(&path(viewer, id)).into_response());
            }
            Err(e) => {
                tx.rollback().await?;
                Why::of(e)?
            }
        }
    } else {
        Why::faults(settled.faults)
    };
    sent.remain(&cx, &app).await?;
    let status = why.status();
    let again = Refilled { step: &step, form, entry: &settled.again, why };
    Ok((status, matter_page(&app, viewer, id, Some(again)).await?).into_response())
}
