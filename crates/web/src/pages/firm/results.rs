//! The firm's samples that failed: what failed, its days for a retest or an objection, and the buttons for both.

use super::operator;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::lab::correct;
use crate::pages::matter_record;
use crate::pages::nonconformities::{failure, failures_text, name_of, state_badge};
use crate::pages::sampling::contest;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Text};
use flow::view::MatterView;
use lab::{Nonconformity, NonconformityFilter, NonconformityState, ReportCorrection};
use maud::{Markup, html};
use std::sync::Arc;

/// `GET /firm/results`. Right: view nonconformity, of the own operator.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let own = operator(&viewer)?;
    let links = ListLinks::read("/firm/results", raw.as_deref(), "created");
    let state = links.get("state").and_then(NonconformityState::read);
    let now = app.now();
    let (app, who) = (&*app, &viewer.who);
    let fetch = move |after: Option<String>, limit: u32| async move {
        let filter = NonconformityFilter {
            operator: Some(own),
            state,
            after,
            limit,
            ..NonconformityFilter::default()
        };
        app.lab.nonconformities(&app.store, who, now, &filter).await
    };
    if let Some(format) = links.get("format") {
        let mut sheet =
            crate::export::sheet("results", &["form_no", "product", "failure", "state", "reported"]);
        for n in fetch(None, 500).await?.rows {
            sheet.rows.push(crate::export::texts([
                n.form_no.clone(),
                name_of(&n),
                failures_text(&n),
                n.state.label().get(lang).to_owned(),
                n.created.rfc3339(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), 50).await?;
    let mut rows: Vec<Vec<Markup>> = Vec::with_capacity(page.rows.len());
    for n in &page.rows {
        let standing = app.lab.contest_standing(&app.store, who, now, n.id).await?;
        let party = standing.party_of(own);
        rows.push(vec![
            html! { a href={ "/firm/results/" (n.id) } { (name_of(n)) } },
            html! { (failures_text(n)) },
            state_badge(lang, n.state),
            html! { @if let Some(p) = party { (contest::days(&viewer, p, now.china_date())) } },
            html! { (n.created.china_date()) },
        ]);
    }
    let title = lang.pick("抽检不合格", "Failed samples");
    let mut states = vec![(String::new(), lang.pick("全部", "All").to_owned())];
    states.extend(
        NonconformityState::ALL.iter().map(|s| (s.word().to_owned(), s.label().get(lang).to_owned())),
    );
    let columns = [
        Column::text("样品", "Sample"),
        Column::text("不合格项目", "Failure"),
        Column::text("状态", "State"),
        Column::text("复检、异议期限", "Days for retest and objection"),
        Column::text("报告日期", "Reported"),
    ];
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        form.filters method="get" {
            (ui::select(&ui::Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..ui::Field::default() }, &states))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有不合格样品", "No failed sample"), lang.pick("本单位被抽样或生产的食品检验不合格时，会出现在这里。", "A sample taken at or made by your firm that fails appears here."))) }
        @else {
            (ui::table(lang, title, &columns, &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

/// The test report, the papers served on the firm, and the matter they belong to.
fn papers(
    viewer: &Viewer,
    n: &Nonconformity,
    matter: Option<&MatterView>,
    corrected: &[ReportCorrection],
) -> Markup {
    let base = format!("/desk/samples/{}/papers", n.sample);
    let corrected: Vec<_> = corrected.iter().collect();
    let lang = viewer.lang();
    let report = format!("/desk/samples/{}/papers/report", n.sample);
    let served = matter.iter().flat_map(|m| &m.documents).filter(|d| d.status != "draft");
    html! { ul {
        li { a href=(report) { (lang.pick("检验报告", "Test report")) } " · " a href={ (report) ".pdf" } { "PDF" } }
        (correct::earlier(lang, &base, &corrected))
        @for d in served { li { (d.title.get(lang)) @if let Some(number) = &d.number { " " span.soft { (number) } }
            " · " a href={ "/desk/documents/" (d.id) "/document.pdf" } { "PDF" } } }
        @if let Some(m) = matter { li { a href=(matter_record::path(viewer, m.id)) { (m.title.get(lang)) } " " (ui::badge(Tone::Info, m.state_title.get(lang))) } }
    } }
}

/// `GET /firm/results/{id}`. Right: view nonconformity, of the own operator.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    operator(&viewer)?;
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("不合格记录", "nonconformity")))?;
    let n = app.lab.nonconformity(&app.store, &viewer.who, app.now(), id).await?;
    let standing = app.lab.contest_standing(&app.store, &viewer.who, app.now(), id).await?;
    let (who, now) = (&viewer.who, app.now());
    let matter = match n.matter {
        Some(m) => flow::view::matter(&app.store, &app.engine, &app.access, who, now, m).await.ok(),
        None => None,
    };
    let corrected = app.lab.corrected_reports(&app.store, &n).await?;
    let title = name_of(&n);
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/firm/results", lang.pick("抽检不合格", "Failed samples")), ("", n.form_no.as_str())]))
            (layout::head(&title, &state_badge(lang, n.state)))
            (correct::told(lang, &corrected))
            div.grid.wide {
                section.card { h2 { (lang.pick("不合格事实", "What failed")) } (failure(&viewer, &n)) }
                section.card { h2 { (lang.pick("报告和文书", "Report and papers")) } (papers(&viewer, &n, matter.as_ref(), &corrected)) }
                (contest::card(&viewer, &n, &standing, app.now().china_date(), &format!("/firm/results/{id}")))
            }
        },
    ))
}
