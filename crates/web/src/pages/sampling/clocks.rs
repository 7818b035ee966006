//! The running clocks of samples: every duty of the way with its last day, filtered, sorted and exported.

use super::sample::clock;
use super::tabs;
use crate::fault::Answer;
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks};
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use base::clock::Rules;
use lab::{ClockFilter, SAMPLE_LAWS, SampleFilter, SampleKind, SampleState};
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /desk/sampling/clocks`. Right: view sample.
pub(super) async fn desk(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    list(&app, &viewer, raw.as_deref(), "/desk/sampling/clocks", "/desk/samples").await
}

/// `GET /lab/clocks`. Right: view sample, of the laboratory.
pub(super) async fn bench(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    list(&app, &viewer, raw.as_deref(), "/lab/clocks", "/lab/samples").await
}

fn filter(links: &ListLinks) -> ClockFilter {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    ClockFilter {
        samples: SampleFilter {
            text: text("q"),
            region: text("region"),
            state: links.get("state").and_then(SampleState::read),
            kind: links.get("kind").and_then(SampleKind::read),
            laboratory: links.get("laboratory").and_then(|o| o.parse().ok()),
            ..SampleFilter::default()
        },
        law: text("law").filter(|l| SAMPLE_LAWS.contains(&l.as_str())),
        desc: links.desc,
        after: text("after"),
        ..due(links)
    }
}

/// When a clock falls due, as a list is cut by it.
pub(crate) const DUE: [(&str, Text); 3] = [
    ("overdue", Text::of("已逾期", "overdue")),
    ("soon", Text::of("3 日内到期", "due within 3 days")),
    ("left", Text::of("未到期", "time left")),
];

/// The part of a filter that [`DUE`] chooses.
pub(crate) fn due(links: &ListLinks) -> ClockFilter {
    let due = links.get("due");
    ClockFilter {
        overdue: match due {
            Some("overdue") => Some(true),
            Some("soon" | "left") => Some(false),
            _ => None,
        },
        within: (due == Some("soon")).then_some(3),
        ..ClockFilter::default()
    }
}

async fn list(app: &App, viewer: &Viewer, raw: Option<&str>, path: &str, samples: &str) -> Answer {
    let lang = viewer.lang();
    let now = app.now();
    let links = ListLinks::read(path, raw, "due");
    let mut f = filter(&links);
    if let Some(format) = links.get("format") {
        f.limit = 500;
        let columns =
            ["form_no", "product", "region", "state", "law", "duty", "actor", "started", "due", "standing"];
        let mut sheet = crate::export::sheet("clocks", &columns);
        loop {
            let page = app.lab.clocked(&app.store, &viewer.who, now, &f).await?;
            for c in &page.rows {
                sheet.rows.push(crate::export::texts([
                    c.sample.form_no.clone(),
                    c.sample.product_name.clone(),
                    c.sample.region.clone(),
                    c.sample.state.label().get(lang).to_owned(),
                    c.clock.law.clone(),
                    c.clock.what.get(lang).to_owned(),
                    c.clock.actor.get(lang).to_owned(),
                    c.clock.start.china_date().to_string(),
                    c.clock.due.map(|d| d.date.to_string()).unwrap_or_default(),
                    c.clock.state.name().get(lang).to_owned(),
                ]));
            }
            f.after = page.next;
            if f.after.is_none() {
                return crate::export::download(format, &sheet);
            }
        }
    }
    let page = app.lab.clocked(&app.store, &viewer.who, now, &f).await?;
    let lines: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|c| {
            let s = &c.sample;
            vec![
                html! { a href={ (samples) "/" (s.id) } { (s.form_no) } },
                html! { (s.product_name) },
                html! { @if s.blind { "—" } @else { (region_name(lang, &s.region)) } },
                crate::pages::lab::verdict::state_badge(lang, s.state),
                clock(lang, &c.clock),
            ]
        })
        .collect();
    let title = lang.pick("抽检时限", "Clocks of samples");
    let columns = [
        Column::text("抽样单", "Form"),
        Column::text("样品", "Sample"),
        Column::text("县区", "County"),
        Column::text("状态", "State"),
        Column::text("时限", "Clock").by("due"),
    ];
    let value = |name: &str| links.get(name).unwrap_or_default();
    let laws: Vec<(String, String)> = std::iter::once((String::new(), lang.pick("全部", "All").to_owned()))
        .chain(SAMPLE_LAWS.iter().filter_map(|law| {
            let rule = Rules::builtin().get(law)?;
            Some(((*law).to_owned(), rule.what.get(lang).to_owned()))
        }))
        .collect();
    let desk = path.starts_with("/desk");
    Ok(layout::page(viewer, title, &html! {
        @if desk { (tabs(lang, path)) }
        h1 { (title) }
        p.soft { (lang.pick("送样、检验、报送、公布各环节，按办案日历计算，最紧的在前；复检、异议期间公布时限不起算。", "Sending, testing, reporting and publication, computed by the working-day calendar, the most pressing first; during a retest or objection no publication falls due.")) }
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("编号或食品", "Number or food"), value: value("q"), kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "law", label: lang.pick("环节", "Duty"), value: value("law"), ..Field::default() }, &laws))
            (ui::select(&Field { name: "due", label: lang.pick("到期", "Due"), value: value("due"), ..Field::default() }, &choices::any(lang, &choices::ALL, DUE)))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: value("state"), ..Field::default() }, &choices::any(lang, &choices::ALL, SampleState::ALL.iter().map(|s| (s.word(), s.label())))))
            @if desk { (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: value("region"), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL))) }
            button { (lang.pick("筛选", "Filter")) }
        }
        @if lines.is_empty() { (ui::empty(lang.pick("没有符合条件的时限", "No clock fits"), lang.pick("抽样后，各环节时限会出现在这里。", "Once a sample is taken, the clocks of each leg appear here."))) }
        @else { (ui::table(lang, title, &columns, &lines, Some(&links)))
            (ui::pager(lang, &links, lines.len(), None, page.next.as_deref(), true)) }
    }).into_response())
}
