//! Cold-chain breaks and rumours: entered one by one, listed, withdrawn with a reason.

use super::tabs;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use watch::{NewReport, Report, ReportFilter};

const HERE: &str = "/desk/signals/reports";
const REPORT: Text = Text::of("登记的事件", "report");

/// `GET /desk/signals/reports`. Right: view signal; the form is for those who may import.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    super::may_view(&app, &viewer.who)?;
    let lang = viewer.lang();
    let links = ListLinks::read(HERE, raw.as_deref(), "entered");
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    let filter = ReportFilter {
        hazard: text("hazard"),
        region: text("region"),
        after: links.get("after").and_then(|a| a.parse().ok()),
        limit: if links.get("format").is_some() { 5000 } else { 50 },
    };
    let (rows, next) = app.watch.reports(&app.store, &viewer.who, app.now(), &filter).await?;
    if let Some(format) = links.get("format") {
        return crate::export::download(format, &sheet(&rows));
    }
    let may = !app.watch.access.scope(&viewer.who, "import", "signal", app.now()).is_empty();
    let title = lang.pick("登记事件", "Enter an event");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, HERE))
        (layout::head(title, &html! { a href="/desk/methods/watch" { (lang.pick("方法说明", "About the method")) } }))
        p.soft { (lang.pick(
            "冷链中断和网络舆情逐件登记，平台每分钟按县区和日期计数并判定。自首件登记起，没有登记的日子计为零。不得填写个人信息。",
            "Cold-chain breaks and rumours are entered one by one; every minute the platform counts them by county and day and judges. From the first entry on, a day without one counts zero. No personal data.")) }
        @if links.get("done").is_some() { (ui::message(Tone::Ok, &html! { p { (lang.pick("已保存，一分钟内计入序列。", "Saved; it enters the series within a minute.")) } })) }
        @if may { (form(&app, &viewer)) }
        section { h2 { (lang.pick("已登记", "Entered so far")) }
            (filters(&app, &viewer, &links))
            (table(&app, &viewer, &links, &rows, next, may))
        }
    }).into_response())
}

fn hazards(app: &App, lang: Lang, none: &str) -> Vec<(String, String)> {
    let all = app.watch.entered_hazards().map(|h| (h.id.clone(), h.title.get(lang).to_owned()));
    std::iter::once((String::new(), none.to_owned())).chain(all).collect()
}

fn form(app: &App, viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let choose = lang.pick("请选择", "choose");
    let field = |name, label| Field { name, label, required: true, ..Field::default() };
    let today = app.now().china_date().to_string();
    html! { form.card method="post" action=(HERE) { (layout::csrf(viewer))
        (ui::select(&field("hazard", lang.pick("危害", "Hazard")), &hazards(app, lang, choose)))
        (ui::select(&Field { hint: lang.pick("请选到县（市、区）", "a county"), ..field("county", lang.pick("发生地", "Where")) }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "choose"))))
        (ui::input(&Field { kind: "date", value: &today, ..field("day", lang.pick("发生日期", "On which day")) }))
        (ui::input(&Field { kind: "number", value: "1", ..field("cases", lang.pick("件数", "How many")) }))
        (ui::input(&Field { kind: "textarea", hint: lang.pick("如：某冷库 −18 ℃ 断电 6 小时，涉及冻肉约 3 吨", "such as: a cold store at −18 °C without power for 6 hours, about 3 t of frozen meat"), ..field("told", lang.pick("发生了什么", "What happened")) }))
        (ui::input(&Field { hint: lang.pick("如：企业报告、巡查、网络平台", "such as: the firm, an inspection, a web platform"), ..field("heard", lang.pick("来源", "Where it was heard")) }))
        button { (lang.pick("登记", "Enter")) }
    } }
}

fn filters(app: &App, viewer: &Viewer, links: &ListLinks) -> Markup {
    let lang = viewer.lang();
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let [h, r] = ["hazard", "region"].map(value);
    html! { form.filters method="get" {
        (ui::select(&Field { name: "hazard", id: "filter-hazard", label: lang.pick("危害", "Hazard"), value: &h, ..Field::default() }, &hazards(app, lang, choices::ALL.get(lang))))
        (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: &r, ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
        button { (lang.pick("筛选", "Filter")) }
    } }
}

fn table(
    app: &App,
    viewer: &Viewer,
    links: &ListLinks,
    rows: &[Report],
    next: Option<Id>,
    may: bool,
) -> Markup {
    let lang = viewer.lang();
    if rows.is_empty() {
        return ui::empty(
            lang.pick("没有登记的事件", "No event was entered"),
            lang.pick("用上面的表登记第一件。", "Enter the first with the form above."),
        );
    }
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|r| {
            vec![
                html! { (r.day) },
                html! { (app.watch.plan.hazard_title(&r.hazard).get(lang)) },
                html! { (region_name(lang, &r.place)) },
                html! { (r.cases) },
                html! { (r.told) div.small.soft { (r.heard) } },
                html! { (r.entered.china_minute()) div.small.soft { (r.name) } },
                html! {
                    @if !r.withdrawn.is_empty() { (ui::badge(Tone::Idle, lang.pick("已撤回", "withdrawn"))) div.small.soft { (r.withdrawn) } }
                    @else if may { details { summary { (lang.pick("撤回", "Withdraw")) }
                        form method="post" action={ (HERE) "/" (r.id) "/withdraw" } { (layout::csrf(viewer))
                            (ui::input(&Field { name: "why", id: &format!("why-{}", r.id), label: lang.pick("原因", "Why"), required: true, ..Field::default() }))
                            button.plain { (lang.pick("撤回", "Withdraw")) } } } }
                },
            ]
        })
        .collect();
    let columns = [
        Column::text("日期", "Day"),
        Column::text("危害", "Hazard"),
        Column::text("地区", "Where"),
        Column::num("件数", "How many"),
        Column::text("情况、来源", "What, and where heard"),
        Column::text("登记", "Entered"),
        Column::text("", ""),
    ];
    let next = next.map(|id| id.to_string());
    html! {
        (ui::table(lang, lang.pick("登记的事件", "Events entered"), &columns, &cells, Some(links)))
        (ui::pager(lang, links, rows.len(), None, next.as_deref(), true))
    }
}

/// `POST /desk/signals/reports`. Right: import signal.
pub(super) async fn enter(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let day = choices::day("day", posted.get("day"))?
        .ok_or_else(|| Fault::bad("day", Text::of("请填写日期", "write a date")))?;
    let cases = posted
        .get("cases")
        .trim()
        .parse()
        .map_err(|_| Fault::bad("cases", Text::of("件数应为整数", "write a whole number")))?;
    let new = NewReport {
        hazard: posted.get("hazard").to_owned(),
        county: posted.get("county").to_owned(),
        day,
        cases,
        told: posted.get("told").to_owned(),
        heard: posted.get("heard").to_owned(),
    };
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    app.watch.enter_report(&mut tx, &cx, &viewer.who, &new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HERE}?done=1")).into_response())
}

/// `POST /desk/signals/reports/{id}/withdraw`. Right: import signal.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&REPORT))?;
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    app.watch.withdraw_report(&mut tx, &cx, &viewer.who, id, posted.get("why")).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HERE}?done=1")).into_response())
}

fn sheet(rows: &[Report]) -> paper::sheet::Sheet {
    let columns =
        ["id", "day", "hazard", "county", "cases", "told", "heard", "entered", "by", "withdrawn_because"];
    let mut sheet = crate::export::sheet("reports", &columns);
    for r in rows {
        sheet.rows.push(crate::export::texts([
            r.id.to_string(),
            r.day.to_string(),
            r.hazard.clone(),
            r.place.clone(),
            r.cases.to_string(),
            r.told.clone(),
            r.heard.clone(),
            r.entered.rfc3339(),
            r.name.clone(),
            r.withdrawn.clone(),
        ]));
    }
    sheet
}
