//! The inbox: matters and tasks of the person by clock, and what was reminded; what its cards and filters share with the list of tasks.

use super::choices;
use super::show::{agency_name, clock_badge, tone_of};
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang};
use flow::view::{Due, InboxFilter, InboxLine, ReminderLine, TaskLine, Whose};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: usize = 50;
const REMINDED: usize = 20;

/// Whose work a list is asked for.
pub(super) fn whose(links: &ListLinks) -> Whose {
    match links.get("whose") {
        Some("all") => Whose::All,
        Some("mine") => Whose::Mine,
        _ => Whose::Doable,
    }
}

/// The choice of [`whose`].
pub(super) fn whose_field(lang: Lang, links: &ListLinks) -> Markup {
    let all = [
        ("", lang.pick("我可办理", "I can do")),
        ("mine", lang.pick("指派给我（含代理）", "Given to me or whom I stand in for")),
        ("all", lang.pick("辖区全部", "All in my region")),
    ];
    let all: Vec<_> = all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let value = links.get("whose").unwrap_or_default();
    ui::select(&Field { name: "whose", label: lang.pick("范围", "Whose"), value, ..Default::default() }, &all)
}

/// The operators a text of search may mean, among those the reader may see.
pub(super) async fn meant(app: &App, viewer: &Viewer, links: &ListLinks) -> Answer<Vec<Id>> {
    let text = links.get("q").unwrap_or_default();
    Ok(registry::operators_meant(&app.store, &app.access, &viewer.who, app.now(), text).await?)
}

/// Those for whom the reader stands in today, by account.
pub(super) async fn stands_for(app: &App, viewer: &Viewer) -> Answer<BTreeMap<Id, String>> {
    let today = app.now().china_date();
    let all = flow::absences(&app.store, viewer.who.account, today).await?;
    let away: Vec<Id> =
        all.iter().filter(|a| a.deputy == viewer.who.account && a.from <= today).map(|a| a.account).collect();
    if away.is_empty() {
        return Ok(BTreeMap::new());
    }
    let people = super::absences::colleagues(app, viewer).await?;
    Ok(away.into_iter().map(|id| (id, people.get(&id).cloned().unwrap_or_else(|| id.to_string()))).collect())
}

fn filter(links: &ListLinks, meant: Vec<Id>) -> InboxFilter {
    let some = |name: &str| links.get(name).map(ToOwned::to_owned);
    InboxFilter {
        whose: whose(links),
        procedure: some("procedure"),
        overdue: links.get("overdue") == Some("1"),
        region: some("region"),
        text: some("q"),
        meant,
    }
}

/// `GET /desk/inbox`. Right: act matter, act task.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/inbox", raw.as_deref(), "due");
    let filter = filter(&links, meant(&app, &viewer, &links).await?);
    let (now, who) = (app.now(), &viewer.who);
    let (app, filter) = (&*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::inbox(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        let mut sheet = crate::export::sheet("inbox", &["kind", "id", "title", "state", "region", "due"]);
        for line in &rows {
            sheet.rows.push(crate::export::texts(match line {
                InboxLine::Matter(m) => [
                    "matter".to_owned(),
                    m.id.to_string(),
                    m.title.get(lang).to_owned(),
                    m.state_title.get(lang).to_owned(),
                    m.region.clone(),
                    m.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
                ],
                InboxLine::Task(t) => [
                    "task".to_owned(),
                    t.id.to_string(),
                    t.title.get(lang).to_owned(),
                    t.kind_title.get(lang).to_owned(),
                    t.region.clone(),
                    t.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
                ],
            }));
        }
        return crate::export::download(format, &sheet);
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let reminded = flow::view::reminders(&app.store, &app.access, who, now, REMINDED).await?;
    let title = lang.pick("待办", "Inbox");
    let away = stands_for(app, &viewer).await?;
    let mut procedures = vec![(String::new(), lang.pick("全部程序", "All procedures").to_owned())];
    procedures.extend(
        app.engine.procedures().map(|p| (p.definition.id.clone(), p.definition.title.get(lang).to_owned())),
    );
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href="/desk/matters/new" { (lang.pick("发起事项", "Open a matter")) } " " a href="/desk/absences" { (lang.pick("代理与移交", "Deputies, hand-over")) } }))
        (reminders(lang, &reminded))
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("标题、编号、主体或许可证", "Title, number, operator or licence"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            (ui::select(&Field { name: "procedure", label: lang.pick("程序", "Procedure"), value: links.get("procedure").unwrap_or_default(), ..Default::default() }, &procedures))
            (whose_field(lang, &links))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Default::default() }, &choices::regions(lang, who, &choices::ALL)))
            label.choice { input type="checkbox" name="overdue" value="1" checked[filter.overdue]; (lang.pick("只看逾期", "Overdue only")) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if page.rows.is_empty() { (ui::empty(lang.pick("没有待办", "Nothing to do"), lang.pick("新办件和任务按时限出现在这里。", "New matters and tasks appear here, soonest clock first."))) }
        @else {
            ul.tasks { @for line in &page.rows { (card(lang, &away, line)) } }
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

fn card(lang: Lang, away: &BTreeMap<Id, String>, line: &InboxLine) -> Markup {
    match line {
        InboxLine::Matter(m) => {
            let place = html! { (ui::badge(Tone::Info, m.state_title.get(lang))) " " (region_name(lang, &m.region)) " · " (agency_name(lang, &m.agency)) };
            let title = html! { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } };
            work(lang, m.due.as_ref(), &title, &html! { (stand_in(lang, away, m.assigned)) (place) }, None)
        }
        InboxLine::Task(t) => task_card(lang, away, t),
    }
}

/// A task among others.
pub(super) fn task_card(lang: Lang, away: &BTreeMap<Id, String>, t: &TaskLine) -> Markup {
    let title = html! { a href={ "/desk/tasks/" (t.id) } {
    @if !t.title.get(lang).starts_with(t.kind_title.get(lang)) { (t.kind_title.get(lang)) " · " } (t.title.get(lang)) } };
    let place = html! { (stand_in(lang, away, t.assigned)) (region_name(lang, &t.region)) " · " (agency_name(lang, &t.agency)) };
    work(lang, t.due.as_ref(), &title, &place, Some((t.items_done, t.items_total)))
}

fn work(lang: Lang, due: Option<&Due>, title: &Markup, place: &Markup, done: Option<(i64, i64)>) -> Markup {
    html! { li class=(due.map_or(Tone::Idle, tone_of).class()) {
        h3 { (title) }
        p { @if let Some(due) = due { (clock_badge(lang, due)) " " } (place) }
        @if let Some((done, of)) = done { (ui::meter(done, of)) }
    } }
}

/// Whose work it is, where the reader stands in for that person.
fn stand_in(lang: Lang, away: &BTreeMap<Id, String>, assigned: Option<Id>) -> Markup {
    let name = assigned.and_then(|id| away.get(&id));
    html! { @if let Some(name) = name { (ui::badge(Tone::Warn, &format!("{}{name}", lang.pick("代 ", "for ")))) " " } }
}

fn reminders(lang: Lang, all: &[ReminderLine]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    html! { details.card open { summary { strong { (lang.pick("时限提醒", "Reminders of clocks")) } " " (all.len()) }
        ul { @for r in all { li {
            (if r.act == "escalate" { ui::badge(Tone::Bad, lang.pick("上报", "escalated")) } else { ui::badge(Tone::Warn, lang.pick("提醒", "reminder")) }) " "
            a href={ "/desk/matters/" (r.matter) } { (r.matter_title.get(lang)) } " — " (r.title.get(lang)) " "
            span.soft { (lang.pick("到期 ", "due ")) (r.due.china_date()) " · " (region_name(lang, &r.region)) }
        } } }
    } }
}
