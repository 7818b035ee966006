//! Purchase and sales ledgers as spreadsheets: template, upload, errors row by row, and the lots they gave.

use super::operator;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::upload::{self, Import};
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::sheets;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::{Lang, Text};
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::sync::Arc;
use supply::{EventFilter, LedgerKind, LedgerOptions, LedgerOutcome};

const PATH: &str = "/firm/upload";
/// Lots shown after an upload.
const SHOWN: usize = 100;

fn kind_of(word: &str) -> Answer<LedgerKind> {
    LedgerKind::of(word)
        .ok_or_else(|| Fault::bad("kind", Text::of("请选择一种台账。", "Choose one of the ledgers.")))
}

/// `GET /firm/upload`. Right: capture event, for the own operator.
pub(super) async fn show(State(app): State<Arc<App>>, SignedIn(viewer): SignedIn) -> Answer<Markup> {
    page(&app, &viewer, &html! {}).await
}

async fn page(app: &App, viewer: &Viewer, outcome: &Markup) -> Answer<Markup> {
    let lang = viewer.lang();
    let own = operator(viewer)?;
    let found = app.supply.directory.operator(own).await.map_err(Fault::internal)?;
    let places = found.map(|o| o.places).unwrap_or_default();
    let kinds = LedgerKind::of_forms(places.iter().map(|p| p.form.as_str()));
    let places: Vec<(String, String)> = places.into_iter().map(|p| (p.key, p.name)).collect();
    let title = lang.pick("上传台账", "Upload a ledger");
    let form = |ledger: LedgerKind| {
        let (kind, rule) = (ledger.word(), ledger.rule());
        let title = rule.title();
        let fields = |lang: Lang| {
            let asked = rule.fields.iter().filter(|f| f.is_asked());
            asked.map(|f| f.title().get(lang).to_owned()).collect::<Vec<_>>().join(lang.pick("、", ", "))
        };
        let (zh, en) = (&rule.document.zh, &rule.document.en);
        let hint = Text::new(
            format!("{}（{zh}{}）。整份导入，有错则一行不入。", fields(Lang::Zh), rule.clause),
            format!("{} ({en}, {}). All rows or none.", fields(Lang::En), rule.clause),
        );
        let id = format!("place-{kind}");
        let place =
            ui::Field { name: "place", id: &id, label: lang.pick("场所", "Place"), ..ui::Field::default() };
        let more = html! {
            input type="hidden" name="kind" value=(kind);
            @if places.len() > 1 { (ui::select(&place, &places)) }
        };
        let template = format!("{PATH}/template?kind={kind}");
        let action = format!("{PATH}?kind={kind}");
        upload::form(viewer, &Import { title, action: &action, template: &template, hint, more })
    };
    Ok(layout::narrow(
        viewer,
        title,
        &html! {
            (layout::crumbs(&[("/firm", lang.pick("首页", "Home")), ("", title)]))
            h1 { (title) }
            (outcome)
            nav.tabs aria-label=(lang.pick("台账种类", "Ledgers")) { @for k in &kinds { a href={ "#" (k.word()) } { (k.rule().short().get(lang)) } } }
            @for k in &kinds { div id=(k.word()) { (form(*k)) } }
            p { a href="/firm/batches" { (lang.pick("出入库批次文件", "Files of in- and out-batches")) } }
            p.soft { (lang.pick("您的进销存系统也可直接报送：", "Your own system can report directly: ")) a href="/api" { "EPCIS 2.0 API" } " · " a href="/firm/tokens" { (lang.pick("访问令牌", "access tokens")) } }
        },
    ))
}

/// `GET /firm/upload/template?kind=`: an empty sheet with the legal columns. Right: an account.
pub(super) async fn template(SignedIn(_): SignedIn, RawQuery(raw): RawQuery) -> Answer {
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    let word = links.get("kind").unwrap_or("purchase");
    let kind = kind_of(word)?;
    let sheet = crate::export::sheet(&format!("ledger-{word}"), &kind.columns().template());
    crate::export::download(links.get("format").unwrap_or("xlsx"), &sheet)
}

/// `POST /firm/upload`. Right: capture event, for the own operator.
pub(super) async fn upload(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    operator(viewer)?;
    let kind = kind_of(posted.get("kind"))?;
    let Some(file) = posted.files.iter().find(|f| f.field == "file") else {
        let text = Text::of("请选择要上传的文件。", "Choose the file to upload.");
        return refused(&app, viewer, StatusCode::UNPROCESSABLE_ENTITY, &text, &[]).await;
    };
    let place = Some(posted.get("place").to_owned()).filter(|p| !p.is_empty());
    let options = LedgerOptions { operator: None, place, replaces: None };
    let cx = context(&app, viewer);
    let done = match sheets::read(file).await? {
        Ok(book) => app.supply.upload_ledger(&cx, &viewer.who, kind, &book, &options).await,
        Err(text) => Err(supply::Error::Sheet(text)),
    };
    match done {
        Ok(outcome) => {
            let shown = captured(&app, viewer, kind, &outcome).await?;
            Ok(page(&app, viewer, &shown).await?.into_response())
        }
        Err(supply::Error::Rows(rows)) => {
            let text = supply::Error::Rows(rows.clone()).text();
            refused(&app, viewer, StatusCode::UNPROCESSABLE_ENTITY, &text, &rows).await
        }
        Err(e @ (supply::Error::Sheet(_) | supply::Error::Refused(_))) => {
            refused(&app, viewer, StatusCode::UNPROCESSABLE_ENTITY, &e.text(), &[]).await
        }
        Err(e) => Err(e.into()),
    }
}

async fn refused(
    app: &App,
    viewer: &Viewer,
    status: StatusCode,
    text: &Text,
    rows: &[paper::sheet::RowError],
) -> Answer<Response> {
    Ok((status, page(app, viewer, &upload::refused(viewer, text, rows)).await?).into_response())
}

/// What was captured: counts, notes, and the lots with links.
async fn captured(app: &App, viewer: &Viewer, kind: LedgerKind, outcome: &LedgerOutcome) -> Answer<Markup> {
    let lang = viewer.lang();
    let c = &outcome.capture;
    let filter = EventFilter { capture: Some(c.id), limit: 1000, ..EventFilter::default() };
    let events = app.supply.events(&viewer.who, app.now(), &filter).await?;
    let items: BTreeSet<&str> = events.rows.iter().flat_map(|e| &e.items).map(|i| i.item.as_str()).collect();
    let notes: Vec<Vec<Markup>> = outcome
        .notes
        .iter()
        .map(|n| {
            vec![
                html! { (n.line) },
                html! { (n.column) },
                html! { (n.value) },
                html! { (n.message.get(lang)) },
            ]
        })
        .collect();
    Ok(html! {
        (ui::message(Tone::Ok, &html! { p {
            (kind.label().get(lang)) "：" (outcome.rows) " " (lang.pick("行，采集事件 ", "row(s), events captured ")) (c.stored.len())
            @if !c.duplicates.is_empty() { " · " (lang.pick("以前已采集 ", "captured before ")) (c.duplicates.len()) }
            " · " a href={ "/firm/captures/" (c.id) } { (lang.pick("采集记录", "the capture")) }
        } }))
        @if !items.is_empty() { section { h2 { (lang.pick("涉及的批次", "Lots")) " (" (items.len()) ")" }
            ul { @for item in items.iter().take(SHOWN) { li { a.break href={ "/firm/lots/view?item=" (ui::encode(item)) } { (short(item)) } } } } } }
        @if !notes.is_empty() { section { h2 { (lang.pick("已导入，但请留意", "Imported, but please note")) }
            (ui::table(lang, lang.pick("提示", "Notes"), &[Column::num("行", "Row"), Column::text("列", "Column"), Column::text("内容", "Content"), Column::text("说明", "Note")], &notes, None)) } }
    })
}

/// A lot key as GTIN and lot number, where it has them.
fn short(item: &str) -> String {
    let key = epcis::ident::item_key(item);
    match (key.gtin(), key.lot()) {
        (Some(gtin), Some(lot)) => format!("{gtin} · {lot}"),
        _ => super::decoded(item),
    }
}
