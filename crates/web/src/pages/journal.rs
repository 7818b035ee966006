//! The record as outsiders see it: checkpoint, tiles, receipts, verification; and the journal list for officers.

use super::{choices, journal_words};
use crate::export;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{SignedIn, urlencoded};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{Id, Text};
use ledger::Receipt;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) const RECORD: Text = Text::of("记录", "record");

/// `GET /log/checkpoint`: the latest signed head (C2SP signed note).
pub(crate) async fn checkpoint(State(app): State<Arc<App>>) -> Answer {
    let note = ledger::checkpoint(&app.store).await.map_err(Fault::internal)?;
    let note = note.ok_or_else(|| Fault::not_found(&Text::of("检查点", "checkpoint")))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// `GET /log/tile/{path}`: hash tiles and entry bundles (C2SP tlog-tiles).
pub(crate) async fn tile(State(app): State<Arc<App>>, viewer: Viewer, Path(path): Path<String>) -> Answer {
    let missing = || Fault::not_found(&Text::of("切片", "tile"));
    let at = ledger::TilePath::parse(&path).ok_or_else(missing)?;
    let bytes = match at.level {
        Some(level) => ledger::tile(&app.store, level, at.index, at.width).await,
        // entry bundles hold the bodies of internal records: each is for those who read it in the journal, and withheld from others
        None if viewer.who.is_anonymous() => return Err(Fault::sign_in()),
        None => ledger::entry_bundle(&app.store, at.index, at.width, &entries_seen(&app, &viewer.who)).await,
    };
    let bytes = bytes.map_err(Fault::internal)?.ok_or_else(missing)?;
    // a full tile never changes; the bodies of a bundle are nobody's but the reader's, in no cache on the way
    let cache = match (at.level, at.width) {
        (None, _) => "private, no-store",
        (Some(_), None) => "public, max-age=31536000, immutable",
        (Some(_), Some(_)) => "no-cache",
    };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, cache)], bytes)
        .into_response())
}

/// Loads the receipt of an entry, saying plainly when the sequencer has not reached it yet.
pub(crate) async fn receipt_of(app: &App, id: Id) -> Answer<Receipt> {
    ledger::receipt(&app.store, id).await.map_err(|e| match e {
        ledger::Error::Unknown(_) => Fault::not_found(&RECORD),
        ledger::Error::NotSequenced(_) => Fault::new(
            StatusCode::ACCEPTED,
            Text::of(
                "记录刚写入，约一秒后即可下载回执，请刷新。",
                "The record was just written; its receipt is ready in about a second. Reload.",
            ),
        ),
        other => Fault::internal(other),
    })
}

/// `GET /desk/journal/{id}/receipt.json`
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&RECORD))?;
    let whose = ledger::whose(&app.store, id).await?.ok_or_else(|| Fault::not_found(&RECORD))?;
    let entry = entry_resource(&whose.region, &whose.agency, whose.classification);
    app.access.check(&viewer.who, "view", &entry, app.now())?;
    Ok(receipt_response(&receipt_of(&app, id).await?))
}

/// An entry as the policies see it: its readers are those of the record it is about.
pub(crate) fn entry_resource(region: &str, agency: &str, classification: u8) -> access::Resource {
    access::Resource::new("journal", region).of_agency(agency).classified(classification)
}

/// The condition on rows of the journal under which somebody reads them.
pub(crate) fn entries_seen(app: &App, who: &access::Principal) -> store::Sql {
    let scope = app.access.scope(who, "view", "journal", app.now()).with_agency("agency");
    scope.sql("region", Some("classification"), None)
}

/// A receipt as a download.
pub(crate) fn receipt_response(receipt: &Receipt) -> Response {
    let body = serde_json::to_string_pretty(receipt).unwrap_or_default();
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.json\""),
        ],
        body,
    )
        .into_response()
}

/// `GET /verify`: check a receipt here, or take the page that checks it offline.
pub(crate) async fn show_verify(State(app): State<Arc<App>>, viewer: Viewer) -> Answer<Markup> {
    let keys = ledger::keys(&app.store).await.map_err(Fault::internal)?;
    Ok(verify_page(&viewer, &keys, None))
}

/// `POST /verify`: the receipt pasted into the form.
pub(crate) async fn verify(State(app): State<Arc<App>>, viewer: Viewer, body: Bytes) -> Answer<Markup> {
    let fields = urlencoded(&body);
    let text = fields.iter().find(|(k, _)| k == "receipt").map_or("", |(_, v)| v.as_str());
    let keys = ledger::keys(&app.store).await.map_err(Fault::internal)?;
    let lang = viewer.lang();
    let result = match serde_json::from_str::<Receipt>(text) {
        Err(_) => ui::message(
            Tone::Bad,
            &html! { p { (lang.pick(
            "这不是一份回执。请粘贴下载的 receipt.json 的全部内容。",
            "This is not a receipt. Paste the whole content of the downloaded receipt.json.")) } },
        ),
        Ok(receipt) => {
            // any key this province has used is trusted here; outsiders compare with a printed one
            let known = keys.iter().find_map(|k| ledger::verify_receipt(&receipt, Some(k)).ok());
            match known.map_or_else(|| ledger::verify_receipt(&receipt, None), Ok) {
                Err(e) => ui::message(Tone::Bad, &html! { p { "✘ " (e.text().get(lang)) } }),
                Ok(v) if !v.trusted => ui::message(
                    Tone::Warn,
                    &html! { p { (lang.pick(
                    "回执自洽，但签名公钥不是本省日志的公钥。",
                    "The receipt agrees with itself, but its key is not a key of this province's log.")) } },
                ),
                Ok(v) => html! {
                    (ui::message(Tone::Ok, &html! { p { "✔ " (lang.pick("已验证：记录未被改动。", "Verified: the record was not changed.")) } }))
                    (ui::facts(lang, &[
                        (Text::of("日志", "Log"), html! { (v.origin) }),
                        (Text::of("位置", "Position"), html! { (v.index) " / " (v.size) }),
                        (Text::of("签署时间", "Signed"), html! { (v.signed_at.china_minute()) }),
                        (Text::of("记录", "Record"), html! { pre.break { (serde_json::to_string_pretty(&v.entry).unwrap_or_default()) } }),
                    ]))
                },
            }
        }
    };
    Ok(verify_page(&viewer, &keys, Some(result)))
}

fn verify_page(viewer: &Viewer, keys: &[String], result: Option<Markup>) -> Markup {
    let lang = viewer.lang();
    let title = lang.pick("验证存证", "Verify a proof");
    layout::narrow(
        viewer,
        title,
        &html! {
            h1 { (title) }
            @if let Some(result) = result { div.card { (result) } }
            form.card method="post" action="/verify" {
                div.field { label for="receipt" { (lang.pick("粘贴回执 (receipt.json)", "Paste a receipt (receipt.json)")) }
                    textarea id="receipt" name="receipt" required spellcheck="false" {} }
                button { (lang.pick("验证", "Verify")) }
            }
            div.card {
                h2 { (lang.pick("离线验证", "Offline")) }
                p { (lang.pick("下载下面的页面，断网后打开也能验证；或使用命令行：", "Download the page below: it verifies without a network. Or use the command line:")) }
                p { a.button download="shian-verify.html" href="/verify.html" { (lang.pick("下载离线验证页", "Download the offline page")) } }
                p { code { "shian journal verify --receipt receipt.json --key 'KEY'" } " " (lang.pick("（KEY 为右侧所列、并经其他渠道核对过的日志公钥）", "(KEY: one of the keys listed here, compared with one obtained elsewhere)")) }
            }
            div.card {
                h2 { (lang.pick("本省日志公钥", "Keys of this log")) }
                @for key in keys { p { code.break { (key) } } }
                p { a href="/log/checkpoint" { (lang.pick("最新检查点", "Latest checkpoint")) } }
            }
        },
    )
}

/// `GET /verify.html`: the self-contained verifier; it alone may run an inline script.
pub(crate) async fn offline_page() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'",
            ),
        ],
        crate::assets::VERIFIER,
    )
        .into_response()
}

/// `GET /desk/journal`: what happened in the viewer's regions, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/journal", raw.as_deref(), "at");
    let mut sql =
        store::Sql::new("select id, at, kind, region, subject, actor, position from journal where ");
    sql.append(&entries_seen(&app, &viewer.who));
    if let Some(kind) = links.get("kind") {
        sql.push(" and kind = ").bind(kind);
    }
    // every kind about one thing: those that begin with its noun and a dot
    if let Some(about) = links.get("about") {
        sql.push(" and kind >= ").bind(format!("{about}.")).push(" and kind < ").bind(format!("{about}/"));
    }
    if let Some(region) = links.get("region") {
        sql.push(" and region like ").bind(format!("{region}%"));
    }
    if let Some(subject) = links.get("subject") {
        sql.push(" and subject = ").bind(subject);
    }
    if let Some(day) = choices::day("from", links.get("from"))? {
        sql.push(" and at >= ").bind(base::Instant::china(day, 0, 0));
    }
    if let Some(day) = choices::day("to", links.get("to"))? {
        sql.push(" and at < ").bind(base::Instant::china(day.tomorrow().unwrap_or(day), 0, 0));
    }
    if let Some(format) = links.get("format") {
        sql.push(" order by id desc limit ").bind(export::MOST + 1);
        let rows = app.store.select(&sql).await?;
        if i64::try_from(rows.len()).is_ok_and(|n| n > export::MOST) {
            return Err(export::too_many());
        }
        return export::download(format, &export_rows(&rows)?);
    }
    if let Some(after) = links.get("after").and_then(|a| a.parse::<Id>().ok()) {
        sql.push(" and id < ").bind(after);
    }
    sql.push(" order by id desc limit 51");
    let mut rows = app.store.select(&sql).await?;
    let next = (rows.len() > 50)
        .then(|| rows.truncate(50))
        .and_then(|()| rows.last()?.id("id").ok())
        .map(|i| i.to_string());
    let mut cells = Vec::new();
    for r in &rows {
        let id = r.id("id")?;
        cells.push(vec![
            html! { (r.instant("at")?.china_minute()) },
            html! { a href={ "/desk/journal/" (id) } { (journal_words::words(&r.text("kind")?).get(lang)) } br; code.small.soft { (r.text("kind")?) } },
            html! { (crate::map::region_name(lang, &r.text("region")?)) },
            html! { a href=(links.with(&[("subject", &r.text("subject")?), ("after", "")])) { (r.text("subject")?) } },
            html! { (r.text("actor")?) },
            html! { @match r.opt_int("position")? {
                Some(p) => { a href={ "/desk/journal/" (id) "/receipt.json" } { "#" (p) } }
                None => { (ui::badge(Tone::Idle, lang.pick("排队中", "waiting"))) }
            } },
        ]);
    }
    let title = lang.pick("存证记录", "Journal");
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button.plain href="/verify" { (lang.pick("验证回执", "Verify a receipt")) } }))
        form.filters method="get" {
            (ui::select(&Field { name: "about", label: lang.pick("事项", "About"), value: links.get("about").unwrap_or_default(), ..Field::default() },
                &choices::any(lang, &choices::ALL, []).into_iter().chain(journal_words::nouns(lang)).collect::<Vec<_>>()))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL)))
            (ui::input(&Field { name: "subject", label: lang.pick("对象", "Subject"), hint: lang.pick("类别:编号", "kind:id"), value: links.get("subject").unwrap_or_default(), ..Field::default() }))
            (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: links.get("from").unwrap_or_default(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: links.get("to").unwrap_or_default(), kind: "date", ..Field::default() }))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if cells.is_empty() { (ui::empty(lang.pick("没有记录", "No record"), lang.pick("您所管辖的区域发生的每次改动都会出现在这里。", "Every change in your regions appears here."))) }
        @else {
            (ui::table(lang, title, &[
                Column::text("时间", "When"), Column::text("事项", "What"), Column::text("地区", "Region"),
                Column::text("对象", "Subject"), Column::text("操作者", "Actor"), Column::text("回执", "Receipt"),
            ], &cells, Some(&links)))
            (ui::pager(lang, &links, cells.len(), None, next.as_deref(), true))
        }
    }).into_response())
}

fn export_rows(rows: &[store::Row]) -> Answer<paper::sheet::Sheet> {
    let mut sheet = export::sheet("journal", &["at", "kind", "region", "subject", "actor", "position"]);
    for r in rows {
        sheet.rows.push(export::texts([
            r.instant("at")?.rfc3339(),
            r.text("kind")?,
            r.text("region")?,
            r.text("subject")?,
            r.text("actor")?,
            r.opt_int("position")?.map(|p| p.to_string()).unwrap_or_default(),
        ]));
    }
    Ok(sheet)
}
