//! 行刑衔接: what the police and the procuratorate were sent, and nothing else: the list, a transfer with its package, signatures
//! and steps, and the package as one file that is checked without this server.

use super::choices;
use super::matters::{fact_in_words, step_card};
use super::show::clock_badge;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use flow::view::{MatterFilter, MatterView, Package, PackagePaper};
use ledger::Signer as _;
use maud::{Markup, PreEscaped, html};
use serde_json::Value as Json;
use std::sync::Arc;

const TRANSFER: Text = Text::of("移送案件", "transfer");
/// The procedure whose matters are listed.
const PROCEDURE: &str = "criminal_transfer";
const PAGE: usize = 50;
/// The notes: fact that holds one, department that signs (the matter's own when empty), file in the package, words.
const NOTES: [(&str, &str, &str, Text); 3] = [
    ("sent_note", "", "signatures/sent.note", Text::of("移送机关签名", "Signed by the sender")),
    (
        "received_note",
        "police",
        "signatures/received.note",
        Text::of("公安机关签收签名", "Signed by the police"),
    ),
    (
        "copied_note",
        "procuratorate",
        "signatures/copied.note",
        Text::of("检察院签收签名", "Signed by the procuratorate"),
    ),
];

/// `GET /transfers`. Right: view matter, as a department it was brought before or its own.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/transfers", raw.as_deref(), "due");
    let filter = MatterFilter {
        procedure: Some(PROCEDURE.to_owned()),
        region: links.get("region").map(ToOwned::to_owned),
        text: links.get("q").map(ToOwned::to_owned),
        running: match links.get("running") {
            Some("all") => None,
            Some("closed") => Some(false),
            _ => Some(true),
        },
        ..MatterFilter::default()
    };
    let (now, who, app, filter) = (app.now(), &viewer.who, &*app, &filter);
    let fetch = move |after: Option<String>, limit| async move {
        flow::view::matters(&app.store, &app.engine, &app.access, who, now, filter, after.as_deref(), limit)
            .await
    };
    if let Some(format) = links.get("format") {
        let rows = crate::export::every(|after| fetch(after, flow::view::MOST_ROWS)).await?;
        let mut sheet = crate::export::sheet(
            "transfers",
            &["matter", "title", "state", "region", "due", "opened", "closed"],
        );
        for m in &rows {
            sheet.rows.push(crate::export::texts([
                m.id.to_string(),
                m.title.get(lang).to_owned(),
                m.state_title.get(lang).to_owned(),
                m.region.clone(),
                m.due.as_ref().and_then(|d| d.date.clone()).unwrap_or_default(),
                m.opened_at.rfc3339(),
                m.closed_at.map(|c| c.rfc3339()).unwrap_or_default(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let page = fetch(links.get("after").map(ToOwned::to_owned), PAGE).await?;
    let rows: Vec<Vec<Markup>> = page
        .rows
        .iter()
        .map(|m| {
            vec![
                html! { a href={ "/transfers/" (m.id) } { (m.title.get(lang)) } },
                html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) },
                html! { (region_name(lang, &m.region)) },
                html! { @if let Some(due) = &m.due { (clock_badge(lang, due)) } @else { "—" } },
                html! { (m.opened_at.china_date()) },
            ]
        })
        .collect();
    let title = lang.pick("移送案件", "Transfers");
    let running: Vec<(String, String)> =
        [("", "在办", "Running"), ("closed", "已结", "Closed"), ("all", "全部", "All")]
            .iter()
            .map(|(v, zh, en)| ((*v).to_owned(), lang.pick(zh, en).to_owned()))
            .collect();
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! {}))
        p.soft { (lang.pick("仅列出移送、抄送给您所在机关的案件，以及本机关移送的案件。", "Only what was sent or copied to your agency, and what your agency sent.")) }
        form.filters method="get" {
            (ui::input(&ui::Field { name: "q", label: lang.pick("标题或编号", "Title or number"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
            (ui::select(&ui::Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Default::default() }, &choices::regions(lang, who, &choices::ALL)))
            (ui::select(&ui::Field { name: "running", label: lang.pick("状态", "State"), value: links.get("running").unwrap_or_default(), ..Default::default() }, &running))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有移送案件", "No transfer"), lang.pick("有移送时会列在这里。", "What is sent to you appears here."))) }
        @else {
            (ui::table(lang, title, &[Column::text("案件", "Case"), Column::text("环节", "State"), Column::text("地区", "Region"),
                Column::text("时限", "Clock"), Column::text("立项", "Opened")], &rows, Some(&links)))
            (ui::pager(lang, &links, rows.len(), None, page.next.as_deref(), true))
        }
    }).into_response())
}

/// The transfer and its package, for whoever may see it.
async fn found(app: &App, viewer: &Viewer, id: &str) -> Answer<(MatterView, Package)> {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&TRANSFER))?;
    let (who, now) = (&viewer.who, app.now());
    let m = flow::view::matter(&app.store, &app.engine, &app.access, who, now, id).await?;
    if m.procedure != PROCEDURE {
        return Err(Fault::not_found(&TRANSFER));
    }
    let package = flow::view::package(&app.store, &app.engine, &app.access, who, now, id).await?;
    Ok((m, package))
}

/// The notes signed so far: file, words, note, key that checks it.
fn notes<'a>(app: &App, m: &'a MatterView) -> Vec<(&'static str, Text, &'a str, String)> {
    let signed = |(fact, department, file, words): &(&str, &'static str, &'static str, Text)| {
        let note = m.all_facts.get(*fact).and_then(Json::as_str)?;
        let department = if department.is_empty() { m.agency.as_str() } else { department };
        let key = app.access.vault().agency_signer(department, &m.region).verifier_key();
        Some((*file, words.clone(), note, key))
    };
    NOTES.iter().filter_map(signed).collect()
}

/// `GET /transfers/{id}`. Right: view matter.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let (m, package) = found(&app, &viewer, &id).await?;
    let title = m.title.get(lang).to_owned();
    let facts: Vec<(Text, Markup)> =
        m.facts.iter().map(|f| (f.title.clone(), html! { (fact_in_words(&app, lang, &m, f)) })).collect();
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/transfers", lang.pick("移送案件", "Transfers")), ("", &title)]))
            (layout::head(&title, &html! { (ui::badge(if m.closed_at.is_some() { Tone::Idle } else { Tone::Info }, m.state_title.get(lang))) }))
            div.grid.wide {
                section.card { h2 { (lang.pick("案情", "The case")) } (ui::facts(lang, &facts)) }
                section.card { h2 { (lang.pick("时限", "Clocks")) }
                    ul { @for c in m.clocks.iter().filter(|c| c.void_at.is_none()) { li { (c.due.title.get(lang)) " " (clock_badge(lang, &c.due)) } } }
                }
            }
            (package_section(lang, &m, &package))
            (signature_section(&app, lang, &m))
            @if !m.actions.is_empty() { section #actions {
                h2 { (lang.pick("下一步", "Next step")) }
                @for a in &m.actions { (step_card(&viewer, &m, a)) }
            } }
            @if !m.documents.is_empty() { section { h2 { (lang.pick("文书", "Documents")) }
                @for d in &m.documents { article.card { details { summary { strong { (d.title.get(lang)) } } div.doc { (PreEscaped(d.html.get(lang))) } } } }
            } }
            section.card { h2 { (lang.pick("经过", "Timeline")) }
                (ui::timeline(&m.steps.iter().rev().map(|s| (s.at.china_minute(), html! { (s.title.get(lang)) @if let Some(note) = &s.note { div.small { (note) } } })).collect::<Vec<_>>()))
            }
        },
    ))
}

fn package_section(lang: Lang, m: &MatterView, package: &Package) -> Markup {
    let rows: Vec<Vec<Markup>> = package
        .papers
        .iter()
        .map(|p| {
            vec![
                html! { a href={ "/transfers/" (m.id) "/papers/" (p.sha256) } { (p.path) } },
                html! { code.break.small { (p.sha256) } },
            ]
        })
        .collect();
    html! { section.card #package {
        h2 { (lang.pick("移送材料", "The package")) }
        @if rows.is_empty() { p.soft { (lang.pick("批准移送时固定材料清单。", "The manifest is frozen when the transfer is approved.")) } }
        @else {
            p { (lang.pick("材料清单在批准移送时固定，每份材料以 SHA-256 标识；清单摘要：", "The manifest was frozen at the approval, each paper by its SHA-256; digest of the manifest: "))
                code.break { (m.all_facts.get("manifest").and_then(Json::as_str).unwrap_or_default()) } }
            p { a.button href={ "/transfers/" (m.id) "/package.zip" } download { (lang.pick("下载全部材料（ZIP）", "Download all (ZIP)")) } " "
                a href={ "/transfers/" (m.id) "/manifest.txt" } download { (lang.pick("下载清单", "Download the manifest")) } }
            (ui::table(lang, lang.pick("移送材料", "The package"), &[Column::text("材料", "Paper"), Column::text("SHA-256", "SHA-256")], &rows, None))
        }
    } }
}

fn signature_section(app: &App, lang: Lang, m: &MatterView) -> Markup {
    let signed = notes(app, m);
    html! { section.card #signatures {
        h2 { (lang.pick("签名与核验", "Signatures")) }
        @if signed.is_empty() { p.soft { (lang.pick("送达、签收时由各机关签名。", "Each agency signs when it sends or receives.")) } }
        @for (_, words, note, key) in &signed {
            h3 { (words.get(lang)) }
            pre.small { (note) }
            p.small { (lang.pick("验证公钥：", "Key: ")) code.break { (key) } }
        }
        @if !signed.is_empty() { p.soft {
            (lang.pick("离线核验：解压后运行 sha256sum -c manifest.txt；或者运行 shian transfer check package.zip 并用 --key 给出各机关公钥（公钥应当由各机关另行提供）。", "Offline: unpack and run sha256sum -c manifest.txt; or run shian transfer check package.zip with --key for each agency's key, which the agency should give you by another way."))
        } }
    } }
}

/// A paper's bytes, checked against its hash: what was damaged or changed is not handed out.
async fn bytes(app: &App, paper: &PackagePaper) -> Answer<Vec<u8>> {
    match &paper.text {
        Some(text) => Ok(text.clone().into_bytes()),
        None => Ok(app.attachments.get(&paper.sha256).await?),
    }
}

fn download(bytes: Vec<u8>, media: &'static str, name: &str) -> Answer {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let shown =
        HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(Fault::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, shown);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

/// `GET /transfers/{id}/manifest.txt`. Right: view matter.
pub(crate) async fn manifest(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let (_, package) = found(&app, &viewer, &id).await?;
    download(package.manifest.into_bytes(), "text/plain; charset=utf-8", "manifest.txt")
}

/// `GET /transfers/{id}/papers/{sha256}`: a paper of the package, named by it. Right: view matter.
pub(crate) async fn paper(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path((id, sha256)): Path<(String, String)>,
) -> Answer {
    let (_, package) = found(&app, &viewer, &id).await?;
    let missing = || Fault::not_found(&Text::of("材料", "paper"));
    let paper = package.papers.iter().find(|p| p.sha256 == sha256).ok_or_else(missing)?;
    let name = paper.path.rsplit('/').next().unwrap_or("paper");
    download(bytes(&app, paper).await?, "application/octet-stream", name)
}

/// `GET /transfers/{id}/package.zip`: papers, manifest, signed notes and the keys. Right: view matter.
pub(crate) async fn archive(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let (m, package) = found(&app, &viewer, &id).await?;
    let mut files = vec![("manifest.txt".to_owned(), package.manifest.clone().into_bytes())];
    let mut keys = String::new();
    for (file, _, note, key) in notes(&app, &m) {
        files.push((file.to_owned(), note.as_bytes().to_vec()));
        keys.push_str(&key);
        keys.push('\n');
    }
    files.push(("keys.txt".to_owned(), keys.into_bytes()));
    for paper in &package.papers {
        files.push((paper.path.clone(), bytes(&app, paper).await?));
    }
    let packed = paper::archive::write(&files).map_err(Fault::internal)?;
    download(packed, "application/zip", &format!("transfer-{}.zip", m.id))
}
