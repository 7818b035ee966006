//! Limits of other jurisdictions beside those at home: for reading, never for a verdict.

use crate::fault::{Answer, Fault};
use crate::pages::choices;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Date, Lang, Text};
use limits::abroad::{HOME, Line, Relation};
use limits::{Rules, Status};
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /limits/compare?food=&analyte=&date=&format=`: the table as a file. Public.
pub(super) async fn file(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer {
    let links = ListLinks::read("/limits/compare", raw.as_deref(), "");
    let need = |name: &str, zh: &'static str, en: &'static str| {
        links.get(name).ok_or_else(|| Fault::bad(name, Text::of(zh, en)))
    };
    let food = need("food", "请填写食品（food）", "name the food (food)")?;
    let analyte = need("analyte", "请填写项目（analyte）", "name the analyte (analyte)")?;
    let date = choices::day("date", links.get("date"))?.unwrap_or_else(|| app.now().china_date());
    let lines = app.rules.side_by_side(food, analyte, date);
    if links.get("format") == Some("json") {
        return Ok(Json(lines).into_response());
    }
    let columns = [
        "jurisdiction",
        "standard",
        "edition",
        "status",
        "answer",
        "clause",
        "analyte",
        "food",
        "limit",
        "unit",
        "measured_on",
        "notes",
        "row",
        "beside",
        "relation",
        "reason",
        "scope",
        "origin",
    ];
    let mut sheet = crate::export::sheet("limits", &columns);
    sheet.rows = lines
        .iter()
        .map(|l| {
            let reason = match &l.relation {
                Some(Relation::NotComparable { reason }) => reason.zh.to_string(),
                _ => String::new(),
            };
            crate::export::texts([
                l.jurisdiction.to_owned(),
                l.standard.to_owned(),
                l.edition.to_owned(),
                if l.status == Status::Verified { "verified" } else { "unverified" }.to_owned(),
                l.answer.to_owned(),
                l.clause.to_owned(),
                l.analyte.to_owned(),
                l.food.to_owned(),
                l.limit.to_owned(),
                l.unit.to_owned(),
                l.measured_on.as_ref().map_or_else(String::new, |m| m.zh.to_string()),
                l.notes.to_owned(),
                l.row.to_owned(),
                l.beside.unwrap_or_default().to_owned(),
                l.relation.as_ref().map_or("", Relation::word).to_owned(),
                reason,
                l.scope.map_or_else(String::new, |s| s.label().zh.to_string()),
                l.origin.to_owned(),
            ])
        })
        .collect();
    crate::export::download(links.get("format").unwrap_or("csv"), &sheet)
}

/// The section of the search page.
pub(super) fn section(
    lang: Lang,
    rules: &Rules,
    food: &str,
    analyte: &str,
    date: Date,
    files: &ListLinks,
) -> Markup {
    let title = lang.pick("其他国家和组织的限量对照", "Limits elsewhere, side by side");
    if analyte.is_empty() {
        return html! { section.card { h2 { (title) } p.soft { (lang.pick("填写项目后，可与食品法典、欧盟等已载入的限量对照。", "Name an analyte to compare with Codex, the European Union and others where loaded.")) } } };
    }
    let lines = rules.side_by_side(food, analyte, date);
    let abroad = lines.iter().filter(|l| l.jurisdiction != HOME).count();
    let rows: Vec<Vec<Markup>> = lines.iter().map(|l| row(lang, l, &lines)).collect();
    let columns = [
        Column::text("国家或组织", "Whose"),
        Column::text("条款中的食品", "Food as printed"),
        Column::num("限量", "Limit"),
        Column::text("与中国限量相比", "Beside the limit in China"),
        Column::text("依据", "Basis"),
    ];
    html! { section.card { h2 { (title) }
        p.small.soft { (lang.pick("仅供阅读和出口准备，不用于判定；国外食品名称与中国食品分类的对应由本平台作出，请核对原文。", "For reading and for export; no verdict uses it. The mapping of foreign foods to Chinese classes is our own: check the original.")) }
        @if abroad == 0 { p { (lang.pick("没有载入其他国家或组织对该项目的规定；这不说明那里没有限量。", "No rule from elsewhere is loaded for this analyte; that does not mean there is none.")) } }
        @if !rows.is_empty() {
            (ui::table(lang, title, &columns, &rows, None))
            p.small { @for (format, name) in [("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON")] { a href=(files.with(&[("format", format)])) { (name) } " " } }
        }
    } }
}

fn row(lang: Lang, l: &Line<'_>, all: &[Line<'_>]) -> Vec<Markup> {
    vec![
        html! { strong { (l.jurisdiction_name.get(lang)) } },
        html! { (l.food) @if !l.notes.is_empty() { div.small.soft { (l.notes) } } },
        html! { @match l.answer {
            "row" => { strong { (l.limit) " " (l.unit) } div.small.soft { (l.analyte) @if let Some(on) = &l.measured_on { " · " (on.get(lang)) } }
                @if !l.depends_on.is_empty() { div.small { (lang.pick("取决于：", "Depends on: ")) (facts(lang, l)) } } }
            "not_limited" => (lang.pick("未规定限量", "no limit set")),
            "exempt" => (lang.pick("豁免制定限量", "exempt from limits")),
            "unplaced" => (lang.pick("食品未能归类", "the food stands in no class")),
            _ => span.soft { (lang.pick("未载入", "not loaded")) },
        } },
        html! { @if let Some(relation) = &l.relation {
            (ui::badge(tone(relation), relation.label().get(lang)))
            @if let Some(home) = all.iter().find(|h| h.jurisdiction == HOME && Some(h.row) == l.beside) { div.small { (lang.pick("对 ", "against ")) (home.limit) " " (home.unit) " (" (home.food) ")" } }
            @if let Relation::NotComparable { reason } = relation { div.small { (reason.get(lang)) } }
            @if let Some(scope) = l.scope { div.small.soft { (scope.label().get(lang)) } }
        } },
        html! { (l.standard) @if !l.edition.is_empty() { "-" (l.edition) } " " (l.clause)
        @if l.status == Status::Unverified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) }
        div.small.soft { (l.origin) } },
    ]
}

fn facts(lang: Lang, l: &Line<'_>) -> String {
    l.depends_on
        .iter()
        .map(|f| f.label().get(lang).to_owned())
        .collect::<Vec<_>>()
        .join(lang.pick("、", ", "))
}

const fn tone(relation: &Relation) -> Tone {
    match relation {
        Relation::Same => Tone::Ok,
        Relation::Stricter => Tone::Warn,
        Relation::Looser => Tone::Info,
        Relation::NotComparable { .. } => Tone::Idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_between_jurisdictions_are_named_with_both_limits_and_the_reason() {
        let day = Date::constant(2026, 11, 22);
        let links = ListLinks::read("/limits/compare", Some("food=x&analyte=y"), "");
        let shown = section(Lang::Zh, Rules::builtin(), "大米", "镉", day, &links).into_string();
        for part in
            ["欧盟", "0.15 mg/kg", "更严", "国际食品法典", "更宽", "对 0.2 mg/kg", "不用于判定", "format=csv"]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let shown = section(Lang::En, Rules::builtin(), "牡蛎", "镉", day, &links).into_string();
        assert!(shown.contains("not comparable") && shown.contains("another basis"), "{shown}");
        let none = section(Lang::En, Rules::builtin(), "牡蛎", "", day, &links).into_string();
        assert!(none.contains("Name an analyte"), "{none}");
    }
}
