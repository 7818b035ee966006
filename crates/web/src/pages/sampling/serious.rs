//! Results that may gravely harm health: who must report what by when, and the rules that raise them.

use super::{sample, tabs};
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::{Lang, Text};
use lab::{Book, SeriousFilter, SeriousFinding};
use maud::{Markup, html};
use std::sync::Arc;

const PATH: &str = "/desk/sampling/serious";

fn rule(lang: Lang, id: &str) -> String {
    let found = Book::builtin().serious_rules().iter().find(|r| r.id == id);
    found.map_or_else(|| id.to_owned(), |r| r.title.get(lang).to_owned())
}

/// Said above a sample with such a result.
pub(super) fn message(lang: Lang, x: &SeriousFinding) -> Markup {
    ui::message(
        Tone::Bad,
        &html! { p {
            strong { (lang.pick("可能严重危害健康：", "It may gravely harm health: ")) } (x.analyte) " · " (rule(lang, &x.rule)) " · "
            (lang.pick("已于 ", "the authority was told at ")) (x.found.china_minute()) (lang.pick(" 通知监管部门，24 小时内逐级报告。", " and reports upwards within 24 hours."))
            @if let Some(m) = x.matter { " " a href={ "/desk/matters/" (m) } { (lang.pick("办件", "matter")) } }
        } },
    )
}

fn line(viewer: &Viewer, x: &SeriousFinding, now: base::Instant) -> Vec<Markup> {
    let lang = viewer.lang();
    vec![
        html! { a href={ "/desk/samples/" (x.sample) } { (x.form_no) } div.small.soft { (x.kind.label().get(lang)) } },
        html! { (x.food) },
        html! { (region_name(lang, &x.region)) },
        html! { (x.analyte) div.small.soft { (rule(lang, &x.rule)) } },
        html! { (x.found.china_minute()) },
        html! { @if let Some(c) = x.clock(now) { (sample::clock(lang, &c)) } },
        html! { @match x.matter { Some(m) => a href={ "/desk/matters/" (m) } { (lang.pick("打开", "open")) }, None => "—" } },
    ]
}

/// `GET /desk/sampling/serious`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let (lang, now) = (viewer.lang(), app.now());
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    let mut f = SeriousFilter {
        region: links.get("region").map(ToOwned::to_owned),
        open: links.get("open") == Some("1"),
        after: links.get("after").map(ToOwned::to_owned),
        ..SeriousFilter::default()
    };
    let mut page = app.lab.serious_findings(&app.store, &viewer.who, now, &f).await?;
    if let Some(format) = links.get("format") {
        while page.next.is_some() {
            f.after = page.next;
            let more = app.lab.serious_findings(&app.store, &viewer.who, now, &f).await?;
            page.rows.extend(more.rows);
            page.next = more.next;
        }
        let header = ["form_no", "food", "region", "analyte", "rule", "found", "due", "reported"];
        let mut sheet = crate::export::sheet("serious", &header);
        for x in &page.rows {
            let due = x.clock(now).and_then(|c| c.due).map(|d| d.at.rfc3339()).unwrap_or_default();
            sheet.rows.push(crate::export::texts([
                x.form_no.clone(),
                x.food.clone(),
                x.region.clone(),
                x.analyte.clone(),
                x.rule.clone(),
                x.found.rfc3339(),
                due,
                x.reported.map(|r| r.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let rows: Vec<Vec<Markup>> = page.rows.iter().map(|x| line(&viewer, x, now)).collect();
    let title = lang.pick("严重风险结果", "Results of grave risk");
    let columns = [
        Column::text("抽样单", "Form"),
        Column::text("食品", "Food"),
        Column::text("县区", "County"),
        Column::text("检出", "Found"),
        Column::text("检出时间", "Found at"),
        Column::text("24 小时报告", "Report within 24 hours"),
        Column::text("办件", "Matter"),
    ];
    let open = [("1", Text::of("未报告", "not yet reported"))];
    Ok(layout::page(&viewer, title, &html! {
        (tabs(lang, PATH))
        h1 { (title) }
        p.soft { (lang.pick("结果一经判定即通知当地监管部门并开始 24 小时时限；逾期按统一督办阶梯逐级上报。风险监测样品同样适用。", "The authority is told the moment the result is judged and 24 hours begin; an overdue one climbs the common ladder. Risk monitoring is no exception.")) }
        form.filters method="get" {
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::select(&Field { name: "open", label: lang.pick("状态", "State"), value: links.get("open").unwrap_or_default(), ..Field::default() }, &choices::any(lang, &choices::ALL, open)))
            button { (lang.pick("查看", "Show")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有严重风险结果", "No result of grave risk"), lang.pick("检出后会立即出现在这里。", "It appears here the moment it is judged."))) }
        @else { (ui::table(lang, title, &columns, &rows, None)) (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true)) }
        details { summary { (lang.pick("触发规则", "What raises one")) }
            ul { @for r in Book::builtin().serious_rules() { li { strong { (r.title.get(lang)) } " " (r.analytes.join("、")) div.small.soft { (r.basis) } } } } }
    }).into_response())
}
