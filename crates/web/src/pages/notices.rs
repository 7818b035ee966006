//! What the public reads: published notices with their proof.

use super::journal::{receipt_of, receipt_response};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::state::App;
use crate::ui::{self, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use base::Text;
use flow::view::{Notice, NoticeFilter};
use maud::{Markup, PreEscaped, html};
use std::sync::Arc;

/// `GET /notices`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/notices", raw.as_deref(), "published");
    let filter = NoticeFilter {
        kind: links.get("kind").map(ToOwned::to_owned),
        region: links.get("region").map(ToOwned::to_owned),
        text: links.get("q").map(ToOwned::to_owned),
    };
    let page = flow::view::notices(&app.store, &filter, links.get("after"), 30).await?;
    let title = lang.pick("公告", "Notices");
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            h1 { (title) }
            form.filters method="get" {
                (ui::input(&ui::Field { name: "q", label: lang.pick("标题包含", "Title contains"), value: links.get("q").unwrap_or_default(), kind: "search", ..Default::default() }))
                button { (lang.pick("查找", "Search")) }
            }
            @if page.rows.is_empty() { (ui::empty(lang.pick("没有公告", "No notice"), lang.pick("发布的召回与抽检公告会出现在这里。", "Published recall and sampling notices appear here."))) }
            @else { (lines(&viewer, &page.rows)) (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false)) }
        },
    ))
}

/// Notices as a list, also used on the portal.
pub(crate) fn lines(viewer: &Viewer, notices: &[Notice]) -> Markup {
    let lang = viewer.lang();
    html! { ul.tasks { @for n in notices { li.info {
        h3 { a href={ "/notices/" (n.slug) } { (n.title.get(lang)) } }
        p.soft { time { (n.published_at.china_date()) } " · " (region_name(lang, &n.region)) }
    } } } }
}

/// `GET /notices/{slug}`
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(slug): Path<String>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let n = flow::view::notice(&app.store, &slug).await?;
    let url = format!("{}/notices/{}", app.origin, n.slug);
    let about = about(&app, &viewer, &n).await?;
    Ok(layout::narrow(
        &viewer,
        n.title.get(lang),
        &html! {
            (layout::crumbs(&[("/notices", lang.pick("公告", "Notices")), ("", n.title.get(lang))]))
            @if let Some(at) = n.withdrawn_at { (ui::message(Tone::Warn, &html! { p { (lang.pick("本公告已撤回：", "This notice was withdrawn: ")) (at.china_minute()) } })) }
            article.doc { h1 { (n.title.get(lang)) } (super::documents::numbered(n.number.as_deref())) (PreEscaped(n.html.get(lang))) p.soft { (lang.pick("发布时间 ", "Published ")) (n.published_at.china_minute()) } }
            (about)
            section.card {
                h2 { (lang.pick("存证", "Proof")) }
                p { (lang.pick("下载回执，断网也可验证本公告未被改动。", "Download the receipt to verify, even offline, that this notice was not changed.")) }
                p.small { "SHA-256 " code.break { (n.sha256) } }
                div.actions {
                    a.button href={ "/notices/" (n.slug) "/receipt.json" } download { (lang.pick("下载回执", "Download the receipt")) }
                    a.button.plain href={ "/notices/" (n.slug) "/body.html" } download { (lang.pick("下载原文", "Download the text")) }
                    a.button.plain href={ "/notices/" (n.slug) "/document.pdf" } { "PDF" }
                    a.button.plain href="/verify" { (lang.pick("怎样验证", "How to verify")) }
                }
                figure style="max-width:10rem" { img src={ "/notices/" (n.slug) "/qr.svg" } alt=(lang.pick("本页二维码", "QR code of this page")) loading="lazy" width="160" height="160"; figcaption.break { (url) } }
            }
        },
    ))
}

/// Where a reader goes on: the lots it concerns with their way, the firm, and the look-ups for what stands on the own shelf.
async fn about(app: &App, viewer: &Viewer, n: &Notice) -> Answer<Markup> {
    let lang = viewer.lang();
    let targets = flow::view::notice_targets(&app.store, n.id).await?;
    let lots: Vec<&str> = targets
        .iter()
        .filter_map(|t| t.strip_prefix("lot:https://id.gs1.org"))
        .filter(|path| path.starts_with("/01/"))
        .collect();
    let firm = match n.operator {
        Some(id) => registry::public_operator(&app.store, &app.access, &viewer.who, app.now(), id).await?,
        None => None,
    };
    Ok(html! { section.card {
        h2 { (lang.pick("相关查询", "Look further")) }
        ul {
            @for path in &lots { li { a href={ "/lot" (path) } { (lang.pick("这个批次去过哪里：", "Where this lot has been: ")) (lot_of(path)) } } }
            @if let Some(o) = &firm {
                @let name = if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) };
                li { a href={ "/shops/" (o.id) } { (lang.pick("有关单位：", "The firm concerned: ")) (name) } }
            }
            li { a href="/lot" { (lang.pick("查我买的批次", "Look up the lot I bought")) } }
            li { a href="/shops" { (lang.pick("查店铺或企业", "Look up a shop or producer")) } }
        }
    } })
}

/// The lot number at the end of a lot's path, or the path itself.
fn lot_of(path: &str) -> String {
    epcis::ident::item_key(&format!("https://id.gs1.org{path}"))
        .lot()
        .map_or_else(|| path.to_owned(), |l| l.into_owned())
}

/// `GET /notices/{slug}/receipt.json`
pub(crate) async fn receipt(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Answer {
    let n = flow::view::notice(&app.store, &slug).await?;
    Ok(receipt_response(&receipt_of(&app, n.journal).await?))
}

/// `GET /notices/{slug}/body.html`: exactly the bytes whose SHA-256 the journal holds.
pub(crate) async fn body(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Answer {
    let n = flow::view::notice(&app.store, &slug).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"notice.html\""),
    ];
    Ok((headers, n.html.zh.into_owned()).into_response())
}

/// `GET /notices/{slug}/qr.svg`
pub(crate) async fn qr(State(app): State<Arc<App>>, Path(slug): Path<String>) -> Answer {
    let n = flow::view::notice(&app.store, &slug).await?;
    let svg = paper::qr::svg(&format!("{}/notices/{}", app.origin, n.slug))
        .map_err(|_| Fault::not_found(&Text::of("二维码", "QR code")))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], svg)
        .into_response())
}
