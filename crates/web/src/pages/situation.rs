//! The situation of a region for those who answer for it: every figure opens to its records.

use super::places::{cases_of, matter_of, region_of};
use super::sampling::goals;
use super::scope::{Shade, shaded};
use crate::fault::Answer;
use crate::layout::{self, Fragment, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Stat, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::region::{RegionCode, Regions};
use base::{Id, Lang};
use flow::view::{Balance, Cases, Figures, InHand, MatterFilter, MatterLine, Situation};
use maud::{Markup, html};
use std::sync::Arc;

const PLACES: &str = "/desk/places";
const TASKS: &str = "/desk/tasks";
/// Running cases looked through for sums above their lot, those due first.
const CASES: usize = 50;

/// What of the situation is asked for.
struct Asked {
    region: String,
    matter: Option<Id>,
    cases: Cases,
}

fn asked(viewer: &Viewer, links: &ListLinks) -> Asked {
    let mut region = region_of(viewer, links);
    if region.is_empty() {
        // the nation has one province here
        region = "62".to_owned();
    }
    Asked { region, matter: matter_of(links), cases: cases_of(links) }
}

/// `GET /desk/situation`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/situation", raw.as_deref(), "region");
    let Asked { region, matter, cases } = asked(&viewer, &links);
    let now = app.now();
    let s = flow::view::situation(&app.store, &app.access, &viewer.who, now, &region, matter, cases).await?;
    let goals = goals::goals(&app, &viewer, &region).await?;
    let kinds = flow::view::in_hand(&app.store, &app.engine, &app.access, &viewer.who, now, &region).await?;
    if let Some(format) = links.get("format") {
        let sheet = match links.get("table") {
            Some("goals") => goals::sheet(lang, &goals),
            Some("kinds") => kinds_sheet(lang, &kinds),
            _ => sheet(lang, &s),
        };
        return crate::export::download(format, &sheet);
    }
    let mine = MatterFilter {
        running: Some(true),
        drill: Some(false),
        region: Some(region.clone()),
        ..MatterFilter::default()
    };
    let running =
        flow::view::matters(&app.store, &app.engine, &app.access, &viewer.who, now, &mine, None, 20).await?;
    let over = beyond(&app, &viewer, &region).await?;
    let title = format!("{} · {}", lang.pick("态势", "Situation"), region_name(lang, &region));
    let map = ListLinks { path: "/desk/situation/map".to_owned(), ..links.clone() };
    Ok(layout::page(&viewer, &title, &html! {
        (crumbs(lang, &region, &links))
        (layout::head(&title, &html! {
            a.button.plain href="/desk/supervised" { (lang.pick("督办、约谈结果", "Supervision, interviews")) } " "
        }))
        (goals::table(lang, &goals, now.china_date().year())) (files(lang, &links, "goals"))
        (in_hand(lang, &kinds, &region)) (files(lang, &links, "kinds"))
        h2 { (lang.pick("核查处置进度", "Progress of disposals")) }
        @match matter {
            Some(m) => p { (ui::badge(Tone::Info, lang.pick("仅一件", "one case only"))) " "
                a href={ "/desk/matters/" (m) } { (lang.pick("打开办件", "Open the matter")) } " · " a href=(links.with(&[("matter", "")])) { (lang.pick("查看全部", "show all")) } },
            None => (chosen_cases(lang, cases, &links)),
        }
        @for (m, b) in &over { (ui::message(Tone::Bad, &html! { p { a href={ "/desk/matters/" (m.id) } { strong { (m.title.get(lang)) } } } (super::matters::beyond(lang, b)) })) }
        (figures(lang, &s.total, &links))
        @if s.total.places == 0 { (ui::empty(lang.pick("没有相应的处置", "No disposal here"), lang.pick("启动核查处置后，各县进度会显示在这里；已办结的可在上方选择查看。", "Once a disposal is launched, the counties' progress shows here; ended ones can be chosen above."))) }
        @else {
            div.grid.wide {
                @if !s.regions.is_empty() { section { h3 { (lang.pick("分地区", "By region")) } (region_table(lang, &s, &links)) (files(lang, &links, "")) } }
                section.card { h3 { (lang.pick("各县涉及场所", "Places by county")) }
                    (ui::island(lang, &map.with(&[]), lang.pick("地图", "map"))) }
            }
        }
        section { h2 { (lang.pick("最先到期的办件", "Matters due first")) }
            @if running.rows.is_empty() { p.soft { (lang.pick("没有在办事项。", "None.")) } }
            @else { ul.tasks { @for m in &running.rows { li class=(m.due.as_ref().map_or(Tone::Idle, super::show::tone_of).class()) {
                h3 { a href={ "/desk/matters/" (m.id) } { (m.title.get(lang)) } }
                p { (ui::badge(Tone::Info, m.state_title.get(lang))) " " @if let Some(d) = &m.due { (super::show::clock_badge(lang, d)) } " "
                    a href=(links.with(&[("matter", &m.id.to_string())])) { (lang.pick("只看此件", "this one only")) } }
            } } } }
        }
    }).into_response())
}

/// The running cases of a region whose reports add up to more than their lot was declared to hold.
async fn beyond(app: &App, viewer: &Viewer, region: &str) -> Answer<Vec<(MatterLine, Balance)>> {
    let (store, engine, access, who, now) = (&app.store, &app.engine, &app.access, &viewer.who, app.now());
    let mut found = Vec::new();
    for p in engine.procedures().filter(|p| p.definition.balance.is_some()) {
        let filter = MatterFilter {
            procedure: Some(p.definition.id.clone()),
            running: Some(true),
            drill: Some(false),
            region: Some(region.to_owned()),
            ..MatterFilter::default()
        };
        for m in flow::view::matters(store, engine, access, who, now, &filter, None, CASES).await?.rows {
            let balance = flow::view::mass_balance(store, engine, access, who, now, m.id).await?;
            if balance.unaccounted < base::Decimal::ZERO {
                found.push((m, balance));
            }
        }
    }
    Ok(found)
}

/// Matters in hand in all and by kind, those late beside them.
fn in_hand(lang: Lang, kinds: &[InHand], region: &str) -> Markup {
    let title = lang.pick("在办事项", "Matters in hand");
    let open = |n: i64, procedure: &str, extra: &str, tone: Tone| {
        let to = format!("/desk/matters?real=1&region={region}{extra}{procedure}");
        html! { @if n == 0 { "0" } @else { a href=(to) { @if tone == Tone::Bad { (ui::badge(tone, &n.to_string())) } @else { (n) } } } }
    };
    let sum = |pick: fn(&InHand) -> i64| kinds.iter().map(pick).sum::<i64>();
    let (all, late) = (sum(|k| k.running), sum(|k| k.late));
    let to = |extra: &str| Some(format!("/desk/matters?real=1&region={region}{extra}"));
    let drills = sum(|k| k.drills);
    let total = [
        Stat {
            figure: all.to_string(),
            label: lang.pick("在办合计", "in hand in all").to_owned(),
            href: to("&drill=0"),
            tone: Tone::Info,
        },
        Stat {
            figure: late.to_string(),
            label: lang.pick("其中逾期", "of these late").to_owned(),
            href: to("&overdue=1&drill=0"),
            tone: if late > 0 { Tone::Bad } else { Tone::Ok },
        },
    ];
    let rows: Vec<Vec<Markup>> = kinds
        .iter()
        .filter(|k| k.running > 0)
        .map(|k| {
            let procedure = format!("&procedure={}", ui::encode(&k.procedure));
            vec![
                html! { (k.title.get(lang)) },
                open(k.running, &procedure, "&drill=0", Tone::Info),
                open(k.late, &procedure, "&overdue=1&drill=0", Tone::Bad),
            ]
        })
        .collect();
    let columns = [Column::text("事项", "Kind"), Column::num("在办", "In hand"), Column::num("逾期", "Late")];
    html! { section { h2 { (title) } (ui::stats(&total))
    @if drills > 0 { p.soft { (lang.pick("另有演练（不计入以上数字）：", "Drills, in none of these figures: "))
        a href=(to("&drill=1").unwrap_or_default()) { (drills) } } }
    (ui::table(lang, title, &columns, &rows, None)) } }
}

fn kinds_sheet(lang: Lang, kinds: &[InHand]) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet("in_hand", &["procedure", "title", "in_hand", "late"]);
    for k in kinds {
        sheet.rows.push(crate::export::texts([
            k.procedure.clone(),
            k.title.get(lang).to_owned(),
            k.running.to_string(),
            k.late.to_string(),
        ]));
    }
    sheet
}

/// One of the tables of the page as a file.
fn files(lang: Lang, links: &ListLinks, table: &str) -> Markup {
    let to = |format| links.with(&[("table", table), ("format", format)]);
    html! { p.small { a href=(to("xlsx")) download { (lang.pick("导出 XLSX", "Export XLSX")) } " · " a href=(to("csv")) download { "CSV" } } }
}

/// Running, ended or all cases: which ones the figures count.
fn chosen_cases(lang: Lang, cases: Cases, links: &ListLinks) -> Markup {
    let all = [
        (Cases::Running, "", lang.pick("在办", "Running")),
        (Cases::Ended, "ended", lang.pick("已办结", "Ended")),
        (Cases::Any, "all", lang.pick("全部", "All")),
    ];
    html! { nav.tabs aria-label=(lang.pick("统计范围", "Cases counted")) {
        span.soft { (lang.pick("统计范围：", "Cases counted: ")) }
        @for (which, word, label) in all {
            a href=(links.with(&[("cases", word)])) aria-current=[(which == cases).then_some("true")] { (label) }
        }
    } }
}

/// `GET /desk/situation/map`: the counties, as a part of the situation page or as a page of its own.
pub(crate) async fn map(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    fragment: Fragment,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/situation", raw.as_deref(), "region");
    let Asked { region, matter, cases } = asked(&viewer, &links);
    let (store, who) = (&app.store, &viewer.who);
    let s =
        flow::view::situation_by_county(store, &app.access, who, app.now(), &region, matter, cases).await?;
    let shades: Vec<Shade> = s
        .regions
        .iter()
        .map(|r| Shade {
            region: r.region.clone(),
            value: r.figures.places,
            href: links.with(&[("region", &r.region)]),
        })
        .collect();
    let body = html! {
        (shaded(lang, lang.pick("各县涉及场所数", "Places concerned by county"), &shades))
        @let table = region_table(lang, &s, &links);
        @if fragment.0 { details { summary { (lang.pick("各县数据表", "The counties as a table")) } (table) } } @else { (table) }
    };
    let title = format!("{} · {}", lang.pick("各县涉及场所", "Places by county"), region_name(lang, &region));
    Ok(fragment.answer(&viewer, &title, &[(&links.with(&[]), lang.pick("态势", "Situation"))], &body))
}

fn crumbs(lang: Lang, region: &str, links: &ListLinks) -> Markup {
    let mut trail: Vec<(String, String)> = Vec::new();
    let mut code: Option<RegionCode> = region.parse().ok();
    while let Some(c) = code {
        if c.as_str().is_empty() {
            break;
        }
        trail.push((links.with(&[("region", c.as_str())]), Regions::builtin().name(&c).get(lang).to_owned()));
        code = c.parent();
    }
    // the page itself is named, not linked
    if let Some(here) = trail.first_mut() {
        here.0.clear();
    }
    trail.reverse();
    let pairs: Vec<(&str, &str)> = trail.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    layout::crumbs(&pairs)
}

/// The list behind a figure: places, or tasks; region, matter and choice of cases go with it.
fn behind(path: &str, links: &ListLinks, extra: &[(&str, &str)]) -> String {
    let mut to = ListLinks { path: path.to_owned(), ..links.clone() };
    to.query.retain(|(k, _)| matches!(k.as_str(), "region" | "matter" | "cases"));
    if path == TASKS {
        // a task list says which case by another name than which matter, and which cases by all of its own
        for (k, _) in to.query.iter_mut().filter(|(k, _)| k == "matter") {
            "case".clone_into(k);
        }
        let cases = links.get("cases").unwrap_or(if matter_of(links).is_some() { "all" } else { "running" });
        return to.with(&[&[("whose", "all"), ("cases", cases)], extra].concat());
    }
    to.with(extra)
}

fn quantity(f: &Figures, which: usize) -> String {
    let parts: Vec<String> = f
        .quantities
        .iter()
        .filter(|(_, q)| !q[which].is_zero())
        .map(|(unit, q)| format!("{} {unit}", q[which].normalize()))
        .collect();
    if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") }
}

fn figures(lang: Lang, f: &Figures, links: &ListLinks) -> Markup {
    let stat = |figure: String, zh, en, path: &str, extra: &[(&str, &str)], tone| Stat {
        figure,
        label: lang.pick(zh, en).to_owned(),
        href: Some(behind(path, links, extra)),
        tone,
    };
    let waiting = if f.waiting > 0 { Tone::Warn } else { Tone::Ok };
    let overdue = if f.tasks_overdue > 0 { Tone::Bad } else { Tone::Ok };
    ui::stats(&[
        stat(f.places.to_string(), "涉及场所", "places concerned", PLACES, &[], Tone::Info),
        stat(f.reached.to_string(), "已核查", "reached", PLACES, &[("reach", "reached")], Tone::Ok),
        stat(f.waiting.to_string(), "待核查", "waiting", PLACES, &[("reach", "waiting")], waiting),
        stat(quantity(f, 2), "已召回", "recovered", PLACES, &[("reach", "recovered")], Tone::Ok),
        stat(quantity(f, 1), "已封存", "sealed", PLACES, &[("reach", "sealed")], Tone::Info),
        stat(quantity(f, 3), "已售出", "sold already", PLACES, &[("reach", "sold")], Tone::Warn),
        stat(f.tasks_open.to_string(), "在办任务", "open tasks", TASKS, &[], Tone::Info),
        stat(f.tasks_overdue.to_string(), "逾期任务", "overdue tasks", TASKS, &[("overdue", "1")], overdue),
    ])
}

fn region_table(lang: Lang, s: &Situation, links: &ListLinks) -> Markup {
    let rows: Vec<Vec<Markup>> = s
        .regions
        .iter()
        .map(|r| {
            let f = &r.figures;
            let open = |path: &str, extra: &[(&str, &str)]| {
                behind(path, links, &[&[("region", r.region.as_str())], extra].concat())
            };
            vec![
                html! { a href=(links.with(&[("region", &r.region)])) { (region_name(lang, &r.region)) } },
                html! { a href=(open(PLACES, &[])) { (f.places) } },
                html! { a href=(open(PLACES, &[("reach", "reached")])) { (f.reached) } },
                html! { a href=(open(PLACES, &[("reach", "recovered")])) { (quantity(f, 2)) } },
                html! { a href=(open(TASKS, &[("overdue", "1")])) { @if f.tasks_overdue > 0 { (ui::badge(Tone::Bad, &f.tasks_overdue.to_string())) } @else { "0" } } },
                html! { (ui::meter(f.reached, f.places)) },
            ]
        })
        .collect();
    ui::table(
        lang,
        lang.pick("分地区进度", "Progress by region"),
        &[
            Column::text("地区", "Region"),
            Column::num("场所", "Places"),
            Column::num("已核查", "Reached"),
            Column::num("已召回", "Recovered"),
            Column::num("逾期", "Overdue"),
            Column::text("进度", "Progress"),
        ],
        &rows,
        None,
    )
}

fn sheet(lang: Lang, s: &Situation) -> paper::sheet::Sheet {
    let mut sheet = crate::export::sheet(
        "situation",
        &["region", "name", "places", "reached", "waiting", "recovered", "sealed", "sold", "open", "overdue"],
    );
    for r in &s.regions {
        let f = &r.figures;
        sheet.rows.push(crate::export::texts([
            r.region.clone(),
            region_name(lang, &r.region),
            f.places.to_string(),
            f.reached.to_string(),
            f.waiting.to_string(),
            quantity(f, 2),
            quantity(f, 1),
            quantity(f, 3),
            f.tasks_open.to_string(),
            f.tasks_overdue.to_string(),
        ]));
    }
    sheet
}
