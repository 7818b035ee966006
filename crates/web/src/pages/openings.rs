//! Matters opened by hand: the procedures a person may begin, their forms, and a spreadsheet of many at once.

use super::brought::{Who, guarded, keep, receipt};
use super::lookup::{Settled, settle};
use super::sent::Sent;
use super::{choices, upload};
use crate::fault::{Answer, Fault};
use crate::forms;
use crate::layout::{self, Area, Viewer};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text, Uscc};
use flow::{Authority, Error, FieldError, FieldType, Form, Procedure, Request, Side};
use maud::{Markup, html};
use paper::sheet::{RowError, RowErrors};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const PROCEDURE: Text = Text::of("程序", "procedure");
/// Most rows of one spreadsheet.
const ROWS: usize = 500;

/// The side somebody stands on.
fn side(viewer: &Viewer) -> Side {
    if viewer.who.operator.is_some() { Side::Operator } else { Side::Agency }
}

/// Where the viewer's matters are, and where they are opened.
fn places(viewer: &Viewer) -> (&'static str, &'static str) {
    match viewer.area() {
        Area::Firm => ("/firm/duties", "/firm/matters/new"),
        _ => ("/desk/matters", "/desk/matters/new"),
    }
}

/// The system's reason in the journal for keeping who came to the counter or called.
const BY: &str = "opening.brought";

/// Whether somebody else brings what an officer opens: a complaint at the counter, a report by telephone.
fn is_brought(viewer: &Viewer, p: &Procedure) -> bool {
    side(viewer) == Side::Agency && p.definition.opening.as_ref().is_some_and(|o| o.allows(Side::Citizen))
}

/// The procedure of that name, as the viewer's region has it, if the viewer's side may open its matters.
fn openable(app: &App, viewer: &Viewer, id: &str, region: &str) -> Answer<Arc<Procedure>> {
    let found = app.engine.procedure_in(id, region).map_err(|_| Fault::not_found(&PROCEDURE))?;
    let allowed = found.definition.opening.as_ref().is_some_and(|o| o.allows(side(viewer)));
    if allowed { Ok(found.clone()) } else { Err(Fault::not_found(&PROCEDURE)) }
}

/// The region a matter is opened in unless its form says otherwise.
async fn home_region(app: &App, viewer: &Viewer) -> Answer<String> {
    if let Some(operator) = viewer.who.operator {
        let found = registry::operator(&app.store, operator).await?;
        return Ok(found.map(|o| o.region).unwrap_or_default());
    }
    Ok(viewer.who.grants.first().map(|g| g.region.clone()).unwrap_or_default())
}

/// Turns social credit codes of operator fields into the register's numbers, where the register knows them.
pub(crate) async fn resolve_operators(app: &App, form: &Form, entry: &mut Json) -> Answer<()> {
    for field in form.leaves().into_iter().filter(|f| f.kind == FieldType::Operator) {
        let code = entry.get(&field.id).and_then(Json::as_str).and_then(|t| t.trim().parse::<Uscc>().ok());
        if let Some(code) = code
            && let Some(found) = registry::operator_by_uscc(&app.store, &code).await?
        {
            entry[&field.id] = json!(found.id);
        }
    }
    Ok(())
}

/// `GET /desk/matters/new` and `/firm/matters/new`. Right: create matter.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let (_, here) = places(&viewer);
    let links = ListLinks::read(here, raw.as_deref(), "");
    let region = home_region(&app, &viewer).await?;
    if let Some(id) = links.get("procedure") {
        let procedure = openable(&app, &viewer, id, &region)?;
        if let Some(format) = links.get("format") {
            return template(&procedure, format);
        }
        let (prefill, _) = from_signal(&app, &viewer, &links).await?;
        return Ok(form_page(
            &viewer,
            &procedure,
            &region,
            (&prefill, &Who::default()),
            &[],
            None,
            links.get("signal"),
        )
        .into_response());
    }
    let title = lang.pick("发起事项", "Open a matter");
    let all = app
        .engine
        .procedures()
        .filter_map(|p| app.engine.procedure_in(&p.definition.id, &region).ok())
        .filter(|p| p.definition.opening.as_ref().is_some_and(|o| o.allows(side(&viewer))));
    let all: Vec<_> = all.collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        @if all.is_empty() { (ui::empty(lang.pick("没有可发起的事项", "Nothing can be opened here"), "")) }
        ul.tasks { @for p in &all { li { h3 { a href={ (here) "?procedure=" (p.definition.id) } { (p.definition.title.get(lang)) } }
            p.small.soft { @for b in &p.definition.basis { (b.document) " " (b.clause) " " } } } } }
    }).into_response())
}

/// The signal a matter is opened from, with what is known of it already; nothing when the address names none.
async fn from_signal(app: &App, viewer: &Viewer, links: &ListLinks) -> Answer<(Json, Option<Id>)> {
    let Some(id) = links.get("signal") else { return Ok((json!({}), None)) };
    let id: Id = id.parse().map_err(|_| Fault::not_found(&super::signals::SIGNAL))?;
    let s = app.watch.signal(&app.store, &viewer.who, app.now(), id).await?.row;
    let lang = viewer.lang();
    let places: Vec<String> = s.places.iter().map(|p| crate::map::region_name(lang, p)).collect();
    let hazard = app.watch.plan.hazard_title(&s.hazard);
    let what = format!("{} {}", hazard.get(lang), places.join(lang.pick("、", ", ")));
    let prefill = json!({
        "county": s.places.first(), "place": places.join(lang.pick("、", ", ")), "happened_on": s.from.to_string(),
        "ill": crate::chart::figure(s.observed), "counties": s.places.len().to_string(), "task": what,
        "reason": s.because.get(lang), "measures": s.because.get(lang),
    });
    Ok((prefill, Some(id)))
}

/// The columns of a procedure's form as a spreadsheet to fill.
fn template(procedure: &Procedure, format: &str) -> Answer {
    let d = &procedure.definition;
    let form = d.opening.as_ref().and_then(|o| o.form.as_deref()).and_then(|f| d.form(f));
    let Some(form) = form else { return Err(Fault::not_found(&PROCEDURE)) };
    let columns = form.sheet_columns();
    let keys: Vec<&str> = columns.iter().map(|c| c.key.as_str()).collect();
    let mut sheet = crate::export::sheet(&d.id, &keys);
    // a first row that says what belongs where; the import leaves rows that begin with # out
    let said = columns.iter().enumerate().map(|(n, c)| {
        let mark = if n == 0 { "# " } else { "" };
        let needed = if c.required { "（必填）" } else { "" };
        format!("{mark}{}{needed} {}", c.title.zh, c.hint.zh)
    });
    sheet.rows.push(crate::export::texts(said));
    crate::export::download(format, &sheet)
}

fn form_page(
    viewer: &Viewer,
    procedure: &Procedure,
    region: &str,
    (entry, who): (&Json, &Who),
    faults: &[FieldError],
    refusal: Option<&Text>,
    signal: Option<&str>,
) -> Markup {
    let lang = viewer.lang();
    let d = &procedure.definition;
    let (list, here) = places(viewer);
    let title = d.title.get(lang);
    let opening = d.opening.as_ref();
    let form = opening.and_then(|o| o.form.as_deref()).and_then(|f| d.form(f));
    let asks_region = opening.is_some_and(|o| o.region.is_none()) && viewer.who.operator.is_none();
    let from = signal.map_or_else(String::new, |s| format!("&signal={}", ui::encode(s)));
    let action = format!("{here}?procedure={}{from}", d.id);
    layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[(list, lang.pick("办件", "Matters")), (here, lang.pick("发起事项", "Open a matter")), ("", title)]))
            h1 { (title) }
            p.small.soft { @for b in &d.basis { (b.document) " " (b.clause)
                @if b.status != base::clock::Status::Verified { " " (ui::badge(Tone::Warn, lang.pick("待核", "unverified"))) } " " } }
            @if let Some(text) = refusal { (ui::message(Tone::Bad, &html! { p { (text.get(lang)) } })) }
            @if !faults.is_empty() { (ui::message(Tone::Bad, &html! { p { (lang.pick("有内容需要更正，尚未保存。", "Something needs correction; nothing was saved yet.")) }
                ul { @for f in faults { li { (f.title.get(lang)) "：" (f.text.get(lang)) } } } })) }
            form.card method="post" action=(action) enctype="multipart/form-data" {
                (layout::csrf(viewer))
                @if asks_region { (ui::select(&Field { name: "_region", label: lang.pick("地区", "Region"), value: region, required: true, ..Default::default() },
                    &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose")))) }
                @if let Some(form) = form { (forms::fields(lang, "new-", form, entry, faults, "")) }
                @if is_brought(viewer, procedure) { fieldset { legend { (lang.pick("提出人", "Who brings it")) }
                    p.soft { @if guarded(procedure) {
                        (lang.pick("来访、来电人的身份单独加密保存，提交后不再显示；匿名的不填。", "Kept sealed and apart and not shown again after sending; leave it empty for the anonymous."))
                    } @else {
                        (lang.pick("来访、来电人的联系方式，单独加密保存。", "How to reach who came or called; kept sealed and apart."))
                    } }
                    (who.fields(lang, faults, false))
                } }
                button { (lang.pick("提交", "Submit")) }
            }
            @if let (Some(_), true) = (form, viewer.area() == Area::Desk) {
                (upload::form(viewer, &upload::Import {
                    title: Text::of("批量提交", "Many at once"),
                    action: &format!("{here}/import?procedure={}", d.id),
                    template: &action,
                    hint: Text::of("每行一件；以 # 开头的行不导入。任何一行有误则全部不导入。", "One matter a row; rows that begin with # are left out. One faulty row and none is imported."),
                    more: html! { @if asks_region { (ui::select(&Field { name: "_region", id: "import-region", label: lang.pick("地区", "Region"), value: region, required: true, ..Default::default() },
                        &choices::regions(lang, &viewer.who, &Text::of("请选择", "Choose")))) } },
                }))
            }
        },
    )
}

/// `POST /desk/matters/new` and `/firm/matters/new`. Right: create matter.
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let (list, here) = places(viewer);
    let links = ListLinks::read(here, raw.as_deref(), "");
    let region = match posted.get("_region") {
        "" => home_region(&app, viewer).await?,
        given => given.to_owned(),
    };
    let procedure = openable(&app, viewer, links.get("procedure").unwrap_or_default(), &region)?;
    let d = &procedure.definition;
    let form = d.opening.as_ref().and_then(|o| o.form.as_deref()).and_then(|f| d.form(f));
    let (_, signal) = from_signal(&app, viewer, &links).await?;
    let sent = Sent::keep(&app, &posted, form).await?;
    let entry = form.map_or_else(|| json!({}), |f| forms::entry(f, &posted, &sent.hashes()));
    let mut settled = match form {
        Some(form) => settle(&app, viewer, form, &posted, entry).await?,
        None => Settled::plain(entry),
    };
    let brought = is_brought(viewer, &procedure);
    let who = if brought { Who::read(&posted) } else { Who::default() };
    settled.faults.extend(who.faults(false));
    settled.faults.extend(sent.faults.iter().cloned());
    let cx = context(&app, viewer);
    if !settled.faults.is_empty() {
        sent.remain(&cx, &app).await?;
        let again = (&settled.again, &who);
        let page = form_page(viewer, &procedure, &region, again, &settled.faults, None, links.get("signal"));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (entry, shown) = (settled.entry, settled.again);
    let mut tx = app.store.begin().await?;
    sent.record(&mut tx, &cx, &app).await?;
    let request = Request {
        region: region.clone(),
        operator: viewer.who.operator,
        form: entry,
        subject: signal.map(|s| format!("signal:{s}")),
        ..Request::default()
    };
    let authority = Authority::Person { access: &app.access, who: &viewer.who };
    match flow::open_by_form(&mut tx, &cx, &app.engine, authority, &d.id, request).await {
        Ok(opened) => {
            if let Some(signal) = signal {
                app.watch.link_matter(&mut tx, &cx, &viewer.who, signal, opened.matter).await?;
            }
            let page = format!("{list}/{}", opened.matter);
            if who.is_empty() {
                tx.commit().await?;
                return Ok(Redirect::to(&page).into_response());
            }
            let code = keep(&mut tx, &cx, &app, (BY, &procedure), opened.matter, who).await?;
            tx.commit().await?;
            Ok(receipt(viewer, &procedure, opened.matter, &code, Some(&page)).into_response())
        }
        Err(Error::Form { faults }) => {
            tx.rollback().await?;
            sent.remain(&cx, &app).await?;
            let page =
                form_page(viewer, &procedure, &region, (&shown, &who), &faults, None, links.get("signal"));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(Error::Refused(text)) => {
            tx.rollback().await?;
            sent.remain(&cx, &app).await?;
            let page =
                form_page(viewer, &procedure, &region, (&shown, &who), &[], Some(&text), links.get("signal"));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `POST /desk/matters/new/import`: a spreadsheet of matters, all or none. Right: create matter.
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let (list, here) = places(viewer);
    let links = ListLinks::read(here, raw.as_deref(), "");
    let region = match posted.get("_region") {
        "" => home_region(&app, viewer).await?,
        given => given.to_owned(),
    };
    let procedure = openable(&app, viewer, links.get("procedure").unwrap_or_default(), &region)?;
    let d = &procedure.definition;
    let form = d.opening.as_ref().and_then(|o| o.form.as_deref()).and_then(|f| d.form(f));
    let (Some(form), Some(file)) = (form, posted.files.first()) else {
        return Err(Fault::bad("file", Text::of("请选择要导入的文件", "choose the file to import")));
    };
    let book = sheets::read(file).await?.map_err(|text| Fault::bad("file", text))?;
    let Some(table) = book.tables.first().filter(|t| t.rows.len() <= ROWS + 2) else {
        let text = Text::new(
            format!("一次最多 {ROWS} 行，请拆分"),
            format!("at most {ROWS} rows at a time; split the file"),
        );
        return Err(Fault::bad("file", text));
    };
    let mut errors = RowErrors::default();
    let cx = context(&app, viewer);
    let mut tx = app.store.begin().await?;
    let mut opened = 0;
    for row in &table.rows {
        let cells = row.cells.iter().map(|c| c.text.as_str());
        if row.cells.first().is_none_or(|c| c.text.starts_with('#')) {
            continue;
        }
        let cells: BTreeMap<String, String> =
            table.header.iter().map(|h| h.trim().to_owned()).zip(cells.map(ToOwned::to_owned)).collect();
        let mut entry = form.sheet_entry(&cells);
        resolve_operators(&app, form, &mut entry).await?;
        let request = Request {
            region: region.clone(),
            operator: viewer.who.operator,
            form: entry,
            ..Request::default()
        };
        let authority = Authority::Person { access: &app.access, who: &viewer.who };
        match flow::open_by_form(&mut tx, &cx, &app.engine, authority, &d.id, request).await {
            Ok(_) => opened += 1,
            Err(Error::Form { faults }) => {
                for f in faults {
                    let value = cells.get(&f.field).cloned().unwrap_or_default();
                    errors.push(RowError { line: row.line, column: f.field, value, message: f.text });
                }
            }
            Err(e) => {
                let Some(message) = e.user_text() else { return Err(e.into()) };
                errors.push(RowError {
                    line: row.line,
                    column: String::new(),
                    value: String::new(),
                    message,
                });
            }
        }
    }
    if !errors.as_slice().is_empty() || opened == 0 {
        tx.rollback().await?;
        let text = Text::of(
            "没有导入：请更正下列各行后重新上传。",
            "Nothing was imported: correct these rows and upload again.",
        );
        let page = upload::refused(viewer, &text, errors.as_slice());
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("{list}?procedure={}", d.id)).into_response())
}
