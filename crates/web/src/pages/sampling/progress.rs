//! Progress of the plans by every dimension; each figure opens its records.

use super::{class_name, classes, laboratories, tabs};
use crate::fault::Answer;
use crate::layout;
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, SortKey, Stat, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang};
use lab::{Budget, Dimension, ProgressRow, SampleKind, Stage, TaskFilter};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key of a dimension as people read it.
pub(super) fn key_name(lang: Lang, by: Dimension, key: &str, labs: &BTreeMap<Id, String>) -> String {
    let none = || lang.pick("未填写", "not stated").to_owned();
    match by {
        Dimension::Region | Dimension::Prefecture => region_name(lang, key),
        Dimension::Class => class_name(lang, key),
        Dimension::Stage => Stage::read(key).map_or_else(none, |s| s.label().get(lang).to_owned()),
        Dimension::Budget => Budget::read(key).map_or_else(none, |s| s.label().get(lang).to_owned()),
        Dimension::Kind => SampleKind::read(key).map_or_else(none, |s| s.label().get(lang).to_owned()),
        Dimension::Laboratory => {
            key.parse::<i64>().ok().and_then(|n| labs.get(&Id(n)).cloned()).unwrap_or_else(none)
        }
    }
}

/// The parameter by which the list of samples is cut to a key.
pub(super) fn key_query(by: Dimension, key: &str) -> String {
    match by {
        Dimension::Region | Dimension::Prefecture => format!("region={key}"),
        Dimension::Laboratory => format!("laboratory={}", Id(key.parse().unwrap_or(0))),
        other => format!("{}={key}", other.word()),
    }
}

/// `GET /desk/sampling/progress`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/sampling/progress", raw.as_deref(), "key");
    let by = links.get("by").and_then(Dimension::read).unwrap_or(Dimension::Prefecture);
    let year =
        links.get("year").and_then(|y| y.parse().ok()).unwrap_or_else(|| app.now().china_date().year());
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    let f = TaskFilter {
        plan: links.get("plan").and_then(|p| p.parse().ok()),
        region: text("region"),
        class: text("class"),
        stage: links.get("stage").and_then(Stage::read),
        ..TaskFilter::default()
    };
    let labs = laboratories(&app).await?;
    let mut p = app.lab.progress(&app.store, &viewer.who, app.now(), by, year, &f).await?;
    ui::sort_rows(&links, &mut p.rows, |r, column| {
        Some(match column {
            "key" => SortKey::Text(r.key.clone()),
            "planned" => SortKey::count(r.planned),
            "taken" => SortKey::count(r.taken),
            "missed" => SortKey::count(r.missed),
            "tested" => SortKey::count(r.tested),
            "published" => SortKey::count(r.published),
            "failed" => SortKey::count(r.failed),
            "done" => SortKey::share(r.tested, r.planned),
            _ => return None,
        })
    });
    if let Some(format) = links.get("format") {
        let header = ["key", "name", "planned", "taken", "not_taken", "tested", "published", "failed"];
        let mut sheet = crate::export::sheet("progress", &header);
        for r in &p.rows {
            let figures =
                [r.planned, r.taken, r.missed, r.tested, r.published, r.failed].map(|n| n.to_string());
            sheet.rows.push(crate::export::texts(
                [r.key.clone(), key_name(lang, by, &r.key, &labs)].into_iter().chain(figures),
            ));
        }
        return crate::export::download(format, &sheet);
    }
    // what else cuts the figures; a row's own key takes the place of the filter it refines
    let cut = |own: Option<Dimension>| {
        let region =
            text("region").filter(|_| !matches!(own, Some(Dimension::Region | Dimension::Prefecture)));
        let class = text("class").filter(|_| own != Some(Dimension::Class));
        let stage = f.stage.filter(|_| own != Some(Dimension::Stage)).map(|s| s.word().to_owned());
        let plan = f.plan.map(|p| p.to_string());
        let all = [("plan", plan), ("region", region), ("class", class), ("stage", stage)];
        all.into_iter()
            .filter_map(|(name, v)| Some(format!("&{name}={}", ui::encode(&v?))))
            .collect::<String>()
    };
    let (more, own) = (cut(None), cut(Some(by)));
    // tasks are listed by plan; over several plans the list of plans leads to them
    let tasks = |query: &str| match f.plan {
        Some(plan) => format!("/desk/sampling/plans/{plan}?{}", query.trim_start_matches('&')),
        None => format!("/desk/sampling?year={year}"),
    };
    let rows: Vec<Vec<Markup>> =
        p.rows.iter().map(|r| line(lang, by, r, &labs, (&own, &tasks), year)).collect();
    let t = &p.total;
    let stat = |figure: i64, label: &str, reached: &str, tone| Stat {
        figure: figure.to_string(),
        label: label.to_owned(),
        href: Some(format!("/desk/samples?reached={reached}&planned={year}{more}")),
        tone,
    };
    let field = |name: &'static str,
                 label: &'static str,
                 value: &str|
     -> (String, &'static str, &'static str) { (value.to_owned(), name, label) };
    let (by_now, year_now) = (
        field("by", lang.pick("按", "By"), by.word()),
        field("year", lang.pick("年度", "Year"), &year.to_string()),
    );
    let this = app.now().china_date().year();
    let years: Vec<(String, String)> =
        (this - 3..=this + 1).rev().map(|y| (y.to_string(), y.to_string())).collect();
    let dims: Vec<(String, String)> =
        Dimension::ALL.iter().map(|d| (d.word().to_owned(), d.label().get(lang).to_owned())).collect();
    let title = lang.pick("抽检进度", "Progress of sampling");
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, "/desk/sampling/progress"))
        h1 { (title) }
        form.filters method="get" {
            @if let Some(plan) = f.plan { input type="hidden" name="plan" value=(plan); }
            @for (value, name, label) in [&year_now, &by_now] {
                (ui::select(&Field { name, label, value, ..Field::default() }, if *name == "by" { &dims } else { &years }))
            }
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "class", label: lang.pick("食品大类", "Class"), value: links.get("class").unwrap_or_default(), ..Field::default() }, &classes(lang)))
            (ui::select(&Field { name: "stage", label: lang.pick("环节", "Stage"), value: links.get("stage").unwrap_or_default(), ..Field::default() }, &choices::any(lang, &choices::ALL, Stage::ALL.iter().map(|s| (s.word(), s.label())))))
            button { (lang.pick("查看", "Show")) }
        }
        (ui::stats(&[
            Stat { figure: t.planned.to_string(), label: lang.pick("计划批次", "planned").to_owned(), href: Some(tasks(&more)), tone: Tone::Info },
            stat(t.taken, lang.pick("已抽样", "taken"), "taken", Tone::Info),
            stat(t.tested, lang.pick("已检验", "tested"), "tested", Tone::Info),
            stat(t.published, lang.pick("已公示", "published"), "published", Tone::Ok),
            stat(t.failed, lang.pick("不合格/问题", "failed"), "failed", Tone::Bad),
        ]))
        p.soft { (lang.pick("完成率 ", "Completion ")) b { (share(t.tested, t.planned)) } " · " (lang.pick("问题发现率 ", "problem-finding rate ")) b { (share(t.failed, t.tested)) }
            " · " (lang.pick("未抽到 ", "not taken ")) (t.missed) }
        @if rows.is_empty() { (ui::empty(lang.pick("该年度没有已下达的计划", "No issued plan in this year"), lang.pick("计划下达后，进度会出现在这里。", "Progress appears once a plan is issued."))) }
        @else {
            (ui::table(lang, title, &[Column { title: by.label(), sort: Some("key"), num: false }, Column::num("计划", "Planned").by("planned"), Column::num("已抽", "Taken").by("taken"), Column::num("未抽到", "Not taken").by("missed"),
                Column::num("已检", "Tested").by("tested"), Column::num("已公示", "Published").by("published"), Column::num("不合格", "Failed").by("failed"), Column::num("完成率", "Completion").by("done")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, None, true))
        }
    }).into_response())
}

fn share(part: i64, of: i64) -> String {
    if of == 0 { "—".to_owned() } else { super::percent(part as f64 / of as f64) }
}

fn line(
    lang: Lang,
    by: Dimension,
    r: &ProgressRow,
    labs: &BTreeMap<Id, String>,
    (more, tasks): (&str, &dyn Fn(&str) -> String),
    year: i16,
) -> Vec<Markup> {
    let query = key_query(by, &r.key);
    let open = |reached: &str, n: i64| {
        html! { @if n == 0 { "0" } @else { a href={ "/desk/samples?" (query) "&reached=" (reached) "&planned=" (year) (more) } { (n) } } }
    };
    vec![
        html! { (key_name(lang, by, &r.key, labs)) },
        html! { a href=(tasks(&format!("{query}{more}"))) { (r.planned) } },
        open("taken", r.taken),
        html! { (r.missed) },
        open("tested", r.tested),
        open("published", r.published),
        open("failed", r.failed),
        html! { (share(r.tested, r.planned)) },
    ]
}
