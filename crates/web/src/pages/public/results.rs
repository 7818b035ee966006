//! Published results of sampling, and the draws behind them, for everybody: search, open data, receipts.

use crate::assets;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::pages::journal::{receipt_of, receipt_response};
use crate::pages::sampling::{bulletins, class_name, classes};
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::{Lang, Text};
use lab::{Listed, PublicFilter, RowState};
use maud::{Markup, html};
use std::sync::Arc;

const LIST: Text = Text::of("公示", "published list");
/// Rows fetched at a time for an exported list, and how often at most.
const EXPORT: (u32, usize) = (500, 40);

/// Whether the address asks for what passed or for what failed.
pub(crate) fn qualified(links: &ListLinks) -> Option<bool> {
    match links.get("result") {
        Some("qualified") => Some(true),
        Some("unqualified") => Some(false),
        _ => None,
    }
}

fn filter(links: &ListLinks) -> Answer<PublicFilter> {
    let text = |name: &str| links.get(name).map(ToOwned::to_owned);
    Ok(PublicFilter {
        text: text("q"),
        region: text("region"),
        class: text("class"),
        qualified: qualified(links),
        all: links.get("all") == Some("true"),
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
        after: text("after"),
        ..PublicFilter::default()
    })
}

/// `GET /results`: search over everything published, newest first. Public.
pub(super) async fn search(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(raw): RawQuery) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read("/results", raw.as_deref(), "");
    let mut f = filter(&links)?;
    if let Some(format) = links.get("format") {
        f.limit = EXPORT.0;
        let mut rows = Vec::new();
        for _ in 0..EXPORT.1 {
            let page = lab::published_rows(&app.store, &f).await?;
            rows.extend(page.rows);
            f.after = page.next;
            if f.after.is_none() {
                break;
            }
        }
        if format == "json" {
            return Ok(axum::Json(rows).into_response());
        }
        return crate::export::download(format, &sheet(lang, &rows));
    }
    let page = lab::published_rows(&app.store, &f).await?;
    let newest = lab::public_bulletins(&app.store, None, 5).await?;
    let value = |name: &str| links.get(name).unwrap_or_default().to_owned();
    let (q, region, class, result) = (value("q"), value("region"), value("class"), value("result"));
    let everywhere = access::Principal::anonymous();
    let title = lang.pick("抽检结果查询", "Test results");
    Ok(layout::page(&viewer, title, &html! {
        h1 { (title) }
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("食品、企业、店铺、批号或不合格项目", "Food, firm, shop, lot or what failed"), value: &q, kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "result", label: lang.pick("结果", "Result"), value: &result, ..Field::default() },
                &choices::any(lang, &choices::ALL, [("unqualified", Text::of("不合格", "unqualified")), ("qualified", Text::of("合格", "qualified"))])))
            (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: &region, ..Field::default() }, &choices::regions(lang, &everywhere, &Text::of("全省", "whole province"))))
            (ui::select(&Field { name: "class", label: lang.pick("食品大类", "Class"), value: &class, ..Field::default() }, &classes(lang)))
            (ui::input(&Field { name: "from", label: lang.pick("公布日期自", "Published from"), value: links.get("from").unwrap_or_default(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "to"), value: links.get("to").unwrap_or_default(), kind: "date", ..Field::default() }))
            button { (lang.pick("查询", "Search")) }
        }
        @if page.rows.is_empty() { (ui::empty(lang.pick("没有符合条件的结果", "Nothing fits"), lang.pick("换个关键词，或放宽地区和类别。", "Try other words, or a wider region and class."))) }
        @else { (rows(lang, &page.rows, |_| html! {})) (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), true))
            p.small { a href=(links.with(&[("format", "json"), ("after", "")])) { (lang.pick("开放数据 JSON", "Open data, JSON")) }
                " · " a href=(links.with(&[("format", "json"), ("all", "true"), ("after", "")])) { (lang.pick("含已更正、撤回的（附终止时间）", "with what was corrected or withdrawn, and when")) }
                " · " a href="/results/schema.json" { (lang.pick("数据格式（JSON Schema）", "JSON schema")) } " · " (lang.pick("抽样单编号为稳定标识", "the form number is the stable id")) } }
        section.card { h2 { (lang.pick("最近的公告", "Latest lists")) }
            @if newest.rows.is_empty() { p.soft { (lang.pick("还没有公告。", "None yet.")) } }
            ul { @for b in &newest.rows { li { a href={ "/results/" (b.slug) } { (b.title.get(lang)) } " " (bulletins_badge(lang, b)) } } }
            p { a href="/draws" { (lang.pick("抽检对象是怎样随机抽取的", "How the places were drawn")) } }
        }
    }).into_response())
}

fn bulletins_badge(lang: Lang, b: &lab::Bulletin) -> Markup {
    html! { span.soft { @if let Some(at) = b.published { (at.china_date()) } } @if b.state == lab::BulletinState::Withdrawn { " " (bulletins::state_badge(lang, b.state)) } }
}

/// Published rows as cards that say what failed and what that means; `tail` adds to each.
pub(crate) fn rows(lang: Lang, rows: &[Listed], tail: impl Fn(&Listed) -> Markup) -> Markup {
    html! { ul.tasks { @for l in rows { @let r = &l.row; li class=(if r.qualified { "info" } else { "bad" }) id={ "r" (l.id) } {
        h3 { (r.product) @if !r.spec.is_empty() { " " span.soft { (r.spec) } } " "
            (ui::badge(if r.qualified { Tone::Ok } else { Tone::Bad }, if r.qualified { lang.pick("合格", "Qualified") } else { lang.pick("不合格", "Unqualified") }))
            @if l.state != RowState::Standing { " " (ui::badge(Tone::Warn, l.state.label().get(lang))) }
            @if l.withdrawn { " " (ui::badge(Tone::Warn, lang.pick("所在公告已撤回", "its list is withdrawn"))) } }
        @if let Some(why) = &l.reason { p.small { (lang.pick("更正或撤回理由：", "Why: ")) (why) @if let Some(at) = l.changed { " (" (at.china_date()) ")" } } }
        @for f in &r.failures { p { strong { (f.analyte) " " (f.reported) " " (f.unit) } @if !f.limit.is_empty() { " — " (lang.pick("标准值 ", "limit ")) (f.limit) } @if !f.basis.is_empty() { " " span.small.soft { (f.basis) } } } }
        @for risk in &r.risks { p.small { (lang.pick("风险解读：", "What it means: ")) (risk.get(lang)) } }
        p.small.soft {
            @if !r.producer.is_empty() { (lang.pick("标称生产企业 ", "Producer ")) (r.producer) " " (r.producer_address) " · " }
            (lang.pick("被抽样单位 ", "Sampled at ")) (r.place) " " (r.place_address) " · " (region_name(lang, &r.region))
            @if !r.class.is_empty() { " · " (class_name(lang, &r.class)) }
        }
        p.small.soft {
            @if !r.trademark.is_empty() { (lang.pick("商标 ", "Trade mark ")) (r.trademark) " · " }
            @if !r.produced.is_empty() { (lang.pick("生产日期 ", "Produced ")) (r.produced) " · " }
            @if !r.lot.is_empty() { (lang.pick("批号 ", "Lot ")) @match r.item.as_deref().and_then(|i| i.strip_prefix("https://id.gs1.org/01/")) { Some(path) => { a href={ "/01/" (path) } { (r.lot) } } None => (r.lot) } " · " }
            (lang.pick("抽样 ", "Sampled ")) (r.sampled) " · " (lang.pick("检验机构 ", "Laboratory ")) (r.laboratory) " · " code { (r.form_no) }
            @if let Some(at) = l.published { " · " a href={ "/results/" (l.slug) } { (lang.pick("公告 ", "list ")) (at.china_date()) } }
        }
        @if !r.remark.is_empty() { p.small { (lang.pick("备注：", "Note: ")) (r.remark) } }
        (tail(l))
    } } } }
}

/// The official columns as a sheet.
fn sheet(lang: Lang, rows: &[Listed]) -> paper::sheet::Sheet {
    let header = [
        "抽样单编号",
        "结果",
        "标称生产企业名称",
        "标称生产企业地址",
        "被抽样单位名称",
        "被抽样单位地址",
        "食品名称",
        "规格型号",
        "商标",
        "生产日期",
        "批号",
        "不合格项目║检验结果║标准值",
        "食品大类",
        "检验机构",
        "检验报告编号",
        "抽样日期",
        "公告日期",
        "状态",
        "备注",
    ];
    let mut sheet = crate::export::sheet("results", &header);
    for l in rows {
        let r = &l.row;
        let failed: Vec<String> = r
            .failures
            .iter()
            .map(|f| format!("{}║{} {}║{}", f.analyte, f.reported, f.unit, f.limit))
            .collect();
        sheet.rows.push(crate::export::texts([
            r.form_no.clone(),
            if r.qualified {
                lang.pick("合格", "qualified")
            } else {
                lang.pick("不合格", "unqualified")
            }
            .to_owned(),
            r.producer.clone(),
            r.producer_address.clone(),
            r.place.clone(),
            r.place_address.clone(),
            r.product.clone(),
            r.spec.clone(),
            r.trademark.clone(),
            r.produced.clone(),
            r.lot.clone(),
            failed.join("；"),
            class_name(lang, &r.class),
            r.laboratory.clone(),
            r.report_no.clone(),
            r.sampled.clone(),
            l.published.map(|p| p.china_date().to_string()).unwrap_or_default(),
            l.state.label().get(lang).to_owned(),
            r.remark.clone(),
        ]));
    }
    sheet
}

/// `GET /results/{slug}`: one list with its proof. Public.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(slug): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let list = lab::public_bulletin(&app.store, &slug).await?;
    let b = &list.bulletin;
    let path = format!("/results/{slug}");
    let links = ListLinks::read(&path, raw.as_deref(), "");
    let f = PublicFilter { bulletin: Some(b.id), all: true, ..filter(&links)? };
    let page = lab::published_rows(&app.store, &f).await?;
    Ok(layout::page(
        &viewer,
        b.title.get(lang),
        &html! {
            (layout::crumbs(&[("/results", lang.pick("抽检结果", "Test results")), ("", b.title.get(lang))]))
            h1 { (b.title.get(lang)) }
            @if let Some(why) = &b.reason { (ui::message(Tone::Bad, &html! { p { (lang.pick("本公告已撤回：", "This list was withdrawn: ")) (why) } })) }
            p { @if let Some(at) = b.published { (lang.pick("发布 ", "Published ")) (at.china_minute()) " · " } (region_name(lang, &b.region)) " · "
                (lang.pick("合格 ", "qualified ")) a href=(links.with(&[("result", "qualified"), ("after", "")])) { (b.qualified) } " · "
                (lang.pick("不合格 ", "unqualified ")) a href=(links.with(&[("result", "unqualified"), ("after", "")])) { (b.unqualified) } }
            (rows(lang, &page.rows, |_| html! {}))
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false))
            section.card { h2 { (lang.pick("存证", "Proof")) }
                p { (lang.pick("下载数据和回执，断网也可验证：数据文件的 SHA-256 写在回执的记录里。", "Download data and receipt and verify offline: the SHA-256 of the file stands in the receipt's entry.")) }
                @if let Some(sha) = &b.sha256 { p.small { "SHA-256 " code.break { (sha) } } }
                div.actions {
                    a.button href={ (path) "/rows.json" } download { (lang.pick("下载数据", "Download the data")) }
                    a.button.plain href="/results/schema.json" { (lang.pick("数据格式", "Schema")) }
                    a.button.plain href={ (path) "/receipt.json" } download { (lang.pick("下载回执", "Download the receipt")) }
                    a.button.plain href="/verify" { (lang.pick("怎样验证", "How to verify")) }
                }
            }
        },
    ))
}

/// `GET /results/schema.json`: the JSON schema of the open data. Public.
pub(super) async fn schema() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/schema+json")], assets::RESULTS_SCHEMA)
}

/// `GET /results/{slug}/rows.json`: byte for byte what the journal holds the SHA-256 of. Public.
pub(super) async fn data(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Answer {
    let list = lab::public_bulletin(&app.store, &slug).await?;
    let name = format!("attachment; filename=\"results-{slug}.json\"");
    Ok((
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)],
        list.rows,
    )
        .into_response())
}

/// `GET /results/{slug}/receipt.json`. Public.
pub(super) async fn receipt(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Answer {
    let list = lab::public_bulletin(&app.store, &slug).await?;
    let journal = list.bulletin.journal.ok_or_else(|| Fault::not_found(&LIST))?;
    Ok(receipt_response(&receipt_of(&app, journal).await?))
}
