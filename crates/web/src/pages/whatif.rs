//! What if a procedure had been another: a desk changes a clock on paper and sees whose duties would have been late.

use super::choices;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::{PostedSignedIn, SignedIn};
use crate::state::App;
use crate::ui::{self, Column, Field, Tone};
use access::Resource;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use base::{Instant, Text};
use flow::WhatIf;
use maud::{Markup, html};
use std::sync::Arc;

/// Duties on a page; the file holds all.
const SHOWN: usize = 100;

struct Asked<'a> {
    procedure: &'a str,
    region: &'a str,
    text: &'a str,
}

/// `GET /desk/rulebook/whatif`. Right: export matter.
pub(crate) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    may(&app, &viewer)?;
    let region = viewer.who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    Ok(page(&app, &viewer, &Asked { procedure: "", region: &region, text: "" }, None, None))
}

/// Only a desk or leader of the region asks.
fn may(app: &App, viewer: &Viewer) -> Answer<()> {
    let region = viewer.who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
    let agency = viewer.who.grants.first().map(|g| g.agency.clone()).unwrap_or_default();
    app.access.check(&viewer.who, "export", &Resource::new("matter", region).of_agency(agency), app.now())?;
    Ok(())
}

/// `POST /desk/rulebook/whatif`. Right: export matter of the region asked for.
pub(crate) async fn ask(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let asked =
        Asked { procedure: posted.get("procedure"), region: posted.get("region"), text: posted.get("text") };
    let procedure = app
        .engine
        .procedure_in(asked.procedure, asked.region)
        .map_err(|_| Fault::bad("procedure", Text::of("请选择程序", "choose a procedure")))?;
    let d = &procedure.definition;
    let resource =
        Resource::new("matter", asked.region).of_agency(d.agency.as_str()).classified(d.classification);
    app.access.check(&viewer.who, "export", &resource, app.now())?;
    let words = flow::Vocabulary {
        // the effects and children of the file are those in force: only what it says of itself is checked here
        effects: d.transitions.iter().flat_map(|t| &t.effects).map(|e| e.run.clone()).collect(),
        procedures: app
            .engine
            .procedures()
            .map(|p| (p.definition.id.clone(), p.definition.jurisdiction.clone()))
            .collect(),
        ..flow::Vocabulary::default()
    };
    let changed = match flow::changed(d, asked.text) {
        Ok(changed) => changed,
        Err(e) => {
            let said = vec![e.to_string()];
            let page = page(&app, viewer, &asked, None, Some(&said));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let before = flow::check(d, &words);
    let faults: Vec<String> = flow::check(&changed, &words)
        .into_iter()
        // a clock that departs from the table of the law is what is being tried
        .filter(|f| !before.contains(f) && !f.departs_from_law())
        .map(|f| f.to_string())
        .collect();
    if !faults.is_empty() {
        let page = page(&app, viewer, &asked, None, Some(&faults));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let now = app.now();
    let year = now.china_date().saturating_sub(jiff::ToSpan::years(1));
    let span = flow::Span { region: asked.region.to_owned(), from: Instant::china(year, 0, 0), to: now };
    let what = flow::whatif(&app.store, &app.engine, &changed, &span, now).await?;
    match posted.get("format") {
        "" => {}
        format => return crate::export::download(format, &sheet(viewer, &what)),
    }
    let from = posted.get("page").parse::<usize>().unwrap_or(1).max(1);
    Ok(page(&app, viewer, &asked, Some((&what, from)), None).into_response())
}

fn page(
    app: &App,
    viewer: &Viewer,
    asked: &Asked<'_>,
    what: Option<(&WhatIf, usize)>,
    faults: Option<&[String]>,
) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("程序推演", "What if");
    let mut procedures = vec![(String::new(), lang.pick("请选择", "Choose").to_owned())];
    procedures.extend(
        app.engine.procedures().map(|p| (p.definition.id.clone(), p.definition.title.get(lang).to_owned())),
    );
    let example = "[[clock]]\nid = \"finish_2\"\namount = 15\n";
    let hint = lang.pick(
        "只写与现行程序不同之处（TOML），例如：",
        "Only what differs from the procedure in force (TOML), for example: ",
    );
    layout::page(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/desk/rulebook", lang.pick("规则", "Rules")), ("", title)]))
            h1 { (title) }
            p { (lang.pick("把去年的办件放到修改后的程序中重算时限：谁会逾期，谁不再逾期。不改动任何办件。", "Last year's matters counted again under a changed procedure: who would have been late, and who no longer. Nothing is changed.")) }
            @if let Some(faults) = faults { (ui::message(Tone::Bad, &html! { ul { @for f in faults { li { (f) } } } })) }
            form.card method="post" action="/desk/rulebook/whatif" { (layout::csrf(viewer))
                (ui::select(&Field { name: "procedure", label: lang.pick("程序", "Procedure"), value: asked.procedure, required: true, ..Default::default() }, &procedures))
                (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: asked.region, required: true, ..Default::default() }, &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose"))))
                (ui::input(&Field { name: "text", label: lang.pick("修改", "The change"), hint: &format!("{hint}{example}"), kind: "textarea", value: asked.text, required: true, ..Default::default() }))
                button { (lang.pick("推演", "Replay")) }
            }
            @if let Some((what, from)) = what {
                (outcome(app, viewer, asked, what, from))
                @if !what.changed.is_empty() { (turning(viewer, asked, what.changed.len(), from)) }
            }
        },
    )
}

/// The same question again, for another page or as a file: nothing of an answer is kept, so what was asked is sent again.
fn turning(viewer: &Viewer, asked: &Asked<'_>, count: usize, at: usize) -> Markup {
    let lang = viewer.lang();
    let last = count.div_ceil(SHOWN);
    html! { form method="post" action="/desk/rulebook/whatif" { (layout::csrf(viewer))
        @for (name, value) in [("procedure", asked.procedure), ("region", asked.region), ("text", asked.text)] { input type="hidden" name=(name) value=(value); }
        p { (count) " " (lang.pick("项，第 ", "duties, page ")) (at.min(last)) " / " (last) }
        @if at > 1 { button.plain name="page" value=(at - 1) { (lang.pick("上一页", "Previous")) } " " }
        @if at < last { button.plain name="page" value=(at + 1) { (lang.pick("下一页", "Next")) } " " }
        button.plain name="format" value="csv" { "CSV" } " "
        button.plain name="format" value="xlsx" { "XLSX" }
    } }
}

/// Every duty whose outcome differs.
fn sheet(viewer: &Viewer, what: &WhatIf) -> paper::sheet::Sheet {
    let lang = viewer.lang();
    let columns = ["matter", "title", "region", "duty", "due", "would_be_due", "done", "would_be_late"];
    let mut sheet = crate::export::sheet("whatif", &columns);
    let day = |at: Option<Instant>| at.map(|a| a.china_date().to_string()).unwrap_or_default();
    for c in &what.changed {
        sheet.rows.push(crate::export::texts([
            c.matter.to_string(),
            c.title.get(lang).to_owned(),
            c.region.clone(),
            c.duty.get(lang).to_owned(),
            day(c.due),
            day(c.would_be_due),
            day(c.met_at),
            c.would_be_late.to_string(),
        ]));
    }
    sheet
}

fn outcome(app: &App, viewer: &Viewer, asked: &Asked<'_>, what: &WhatIf, at: usize) -> Markup {
    let lang = viewer.lang();
    let procedure = app.engine.procedure_in(asked.procedure, asked.region).ok();
    let duty = |clock: &str| procedure.and_then(|p| p.definition.clock(clock)).map(|c| c.title.get(lang));
    let sums: Vec<Vec<Markup>> = what
        .clocks
        .iter()
        .map(|(clock, t)| {
            vec![
                html! { @if let Some(duty) = duty(clock) { (duty) " " } code { (clock) } },
                html! { (t.ran) },
                html! { (t.late) },
                html! { (t.would_run) },
                html! { (t.would_be_late) },
            ]
        })
        .collect();
    let day = |at: Option<Instant>| at.map_or_else(|| "—".to_owned(), |a| a.china_date().to_string());
    let rows: Vec<Vec<Markup>> = what
        .changed
        .iter()
        .skip((at - 1).saturating_mul(SHOWN))
        .take(SHOWN)
        .map(|c| {
            let badge = if c.would_be_late {
                ui::badge(Tone::Bad, lang.pick("将逾期", "would be late"))
            } else {
                ui::badge(Tone::Ok, lang.pick("不再逾期", "no longer late"))
            };
            vec![
                html! { a href={ "/desk/matters/" (c.matter) } { (c.title.get(lang)) } },
                html! { (region_name(lang, &c.region)) },
                html! { (c.duty.get(lang)) },
                html! { (day(c.due)) },
                html! { (day(c.would_be_due)) },
                html! { (day(c.met_at)) },
                badge,
            ]
        })
        .collect();
    let (heading, by) =
        (lang.pick("按时限", "By clock"), lang.pick("结果不同的办件", "Whose outcome differs"));
    html! {
        p { b { (what.matters) } " " (lang.pick("件办件重算。", "matters counted again.")) }
        @for (step, n) in &what.missing_steps { p.soft { (lang.pick("修改后的程序没有步骤 ", "The changed procedure has no step ")) code { (step) } " × " (n) } }
        (ui::table(lang, heading, &[Column::text("时限", "Clock"), Column::num("原有", "Ran"), Column::num("原逾期", "Late"), Column::num("推演", "Would run"), Column::num("推演逾期", "Would be late")], &sums, None))
        @if rows.is_empty() { (ui::empty(lang.pick("没有办件的结果不同", "No matter's outcome differs"), "")) }
        @else { (ui::table(lang, by, &[Column::text("办件", "Matter"), Column::text("地区", "Region"), Column::text("事项", "Duty"),
            Column::text("原到期", "Was due"), Column::text("推演到期", "Would be due"), Column::text("完成", "Done"), Column::text("结果", "Outcome")], &rows, None)) }
    }
}
