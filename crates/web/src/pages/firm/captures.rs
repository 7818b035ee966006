//! What the firm told: capture jobs, their problems, their events with receipts.

use crate::fault::{Answer, Fault};
use crate::layout;
use crate::pages::journal::receipt_response;
use crate::pages::show::step_name;
use crate::session::SignedIn;
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{CaptureJob, CaptureState, EventFilter};

const PATH: &str = "/firm/captures";
const PAGE: u32 = 50;
const JOB: Text = Text::of("采集记录", "capture");

fn state(lang: Lang, state: CaptureState) -> Markup {
    match state {
        CaptureState::Stored => ui::badge(Tone::Ok, lang.pick("已保存", "stored")),
        CaptureState::Part => ui::badge(Tone::Warn, lang.pick("部分保存", "partly stored")),
        CaptureState::Refused => ui::badge(Tone::Bad, lang.pick("已拒绝", "refused")),
        CaptureState::Running | CaptureState::Failing => {
            ui::badge(Tone::Info, lang.pick("处理中", "at work"))
        }
    }
}

fn source(lang: Lang, format: &str) -> &str {
    match format {
        "json" => "EPCIS JSON",
        "xml" => "EPCIS XML",
        "ledger.purchase" => lang.pick("进货台账", "purchase ledger"),
        "ledger.sales" => lang.pick("销售台账", "sales ledger"),
        other => other,
    }
}

/// Jobs as a table.
pub(super) fn table(lang: Lang, jobs: &[CaptureJob], links: Option<&ListLinks>) -> Markup {
    let rows: Vec<Vec<Markup>> = jobs
        .iter()
        .map(|j| {
            vec![
                html! { a href={ "/firm/captures/" (j.id) } { (j.created.china_minute()) } },
                html! { (source(lang, &j.format)) },
                html! { (state(lang, j.state)) },
                html! { (j.events) },
                html! { (j.stored) },
                html! { (j.duplicates) },
            ]
        })
        .collect();
    let columns = [
        Column::text("时间", "When"),
        Column::text("来源", "Source"),
        Column::text("结果", "Outcome"),
        Column::num("事件", "Events"),
        Column::num("新保存", "Stored"),
        Column::num("重复", "Duplicates"),
    ];
    ui::table(lang, lang.pick("采集记录", "Captures"), &columns, &rows, links)
}

/// `GET /firm/captures`. Right: view event.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(PATH, raw.as_deref(), "at");
    let after = links.get("after").and_then(|a| a.parse::<Id>().ok());
    let limit = if links.get("format").is_some() { 500 } else { PAGE + 1 };
    let mut jobs = app.supply.capture_jobs(&viewer.who, app.now(), after, limit).await?;
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet(
            "captures",
            &["capture", "at", "source", "state", "events", "stored", "duplicates"],
        );
        for j in &jobs {
            sheet.rows.push(crate::export::texts([
                j.id.to_string(),
                j.created.rfc3339(),
                j.format.clone(),
                j.state.word().to_owned(),
                j.events.to_string(),
                j.stored.to_string(),
                j.duplicates.to_string(),
            ]));
        }
        return crate::export::download(format, &sheet);
    }
    let more = jobs.len() > PAGE as usize;
    jobs.truncate(PAGE as usize);
    let next = jobs.last().filter(|_| more).map(|j| j.id.to_string());
    let title = lang.pick("采集记录", "Captures");
    Ok(layout::page(&viewer, title, &html! {
        (layout::head(title, &html! { a.button href="/firm/upload" { (lang.pick("上传台账", "Upload a ledger")) } " " a.button.plain href="/firm/tokens" { (lang.pick("访问令牌", "Access tokens")) } }))
        @if jobs.is_empty() { (ui::empty(lang.pick("还没有采集记录", "Nothing captured yet"), lang.pick("上传台账，或用访问令牌通过 EPCIS 接口报送。", "Upload a ledger, or send EPCIS with an access token."))) }
        @else {
            (table(lang, &jobs, Some(&links)))
            (ui::pager(lang, &links, jobs.len(), None, next.as_deref(), true))
        }
    }).into_response())
}

/// `GET /firm/captures/{id}`. Right: view event, or being who captured.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&JOB))?;
    let job = app.supply.capture_job(&viewer.who, app.now(), id).await?;
    let links = ListLinks::read(&format!("{PATH}/{id}"), raw.as_deref(), "");
    let after = links.get("after").map(ToOwned::to_owned);
    let filter = EventFilter { capture: Some(id), after, limit: PAGE, ..EventFilter::default() };
    let events = app.supply.events(&viewer.who, app.now(), &filter).await?;
    let title = format!("{} {}", lang.pick("采集", "Capture"), job.created.china_minute());
    let facts = [
        (Text::of("编号", "Number"), html! { code { (job.id) } }),
        (Text::of("来源", "Source"), html! { (source(lang, &job.format)) }),
        (Text::of("结果", "Outcome"), state(lang, job.state)),
        (
            Text::of("事件", "Events"),
            html! { (job.events) " · " (lang.pick("新保存 ", "stored ")) (job.stored) " · " (lang.pick("重复 ", "duplicates ")) (job.duplicates) },
        ),
        (Text::of("文件摘要", "Digest of the file"), html! { code.break.small { (job.bytes_hash) } }),
        (
            Text::of("事件树根", "Root of the events"),
            html! { code.break.small { (job.events_root.as_deref().unwrap_or("—")) } },
        ),
    ];
    let problems: Vec<Vec<Markup>> = job
        .problems
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| {
            let text = |name: &str| p[name].as_str().unwrap_or_default().to_owned();
            vec![
                html! { code.break { (text("pointer")) } },
                html! { (text("title")) },
                html! { (text("detail")) },
            ]
        })
        .collect();
    let rows: Vec<Vec<Markup>> = events
        .rows
        .iter()
        .map(|e| {
            let items: Vec<&str> = e.items.iter().map(|i| i.item.as_str()).take(3).collect();
            vec![
                html! { (e.time.china_minute()) },
                html! { (step_name(lang, e.biz_step.as_deref(), &e.kind)) },
                html! { @for item in &items { div { a.break href={ "/firm/lots/view?item=" (ui::encode(item)) } { (super::decoded(item)) } } } @if e.items.len() > 3 { "… " (e.items.len()) } },
                html! { a href={ "/firm/events/" (e.id) "/receipt.json" } { (lang.pick("回执", "receipt")) } },
            ]
        })
        .collect();
    Ok(layout::page(
        &viewer,
        &title,
        &html! {
            (layout::crumbs(&[(PATH, lang.pick("采集记录", "Captures")), ("", &title)]))
            h1 { (title) }
            (ui::facts(lang, &facts))
            @if !problems.is_empty() { section { h2 { (lang.pick("被拒绝的原因", "Why it was refused")) }
                (ui::table(lang, lang.pick("问题", "Problems"), &[Column::text("位置", "Where"), Column::text("问题", "Problem"), Column::text("说明与办法", "What is wrong and what to do")], &problems, None)) } }
            @if !rows.is_empty() { section { h2 { (lang.pick("事件", "Events")) }
                (ui::table(lang, lang.pick("事件", "Events"), &[Column::text("时间", "Time"), Column::text("业务步骤", "Step"), Column::text("批次", "Lots"), Column::text("存证", "Proof")], &rows, None))
                (ui::pager(lang, &links, rows.len(), Some(job.stored), events.next.as_deref(), false)) } }
        },
    ))
}

/// `GET /firm/events/{id}/receipt.json`. Right: view event.
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("事件", "event")))?;
    let receipt = app.supply.event_receipt(&viewer.who, app.now(), id).await.map_err(|e| match e {
        supply::Error::Ledger(ledger::Error::NotSequenced(_)) => Fault::conflict(Text::of(
            "记录刚写入，约一秒后即可下载回执，请刷新。",
            "The record was just written; its receipt is ready in about a second. Reload.",
        )),
        other => other.into(),
    })?;
    Ok(receipt_response(&receipt))
}
