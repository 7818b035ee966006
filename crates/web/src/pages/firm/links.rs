//! The firm's links: where those are sent who scan its products' codes; with the codes to print.

use super::operator;
use crate::api::links::anchor;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::pages::public::code;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Text};
use maud::{Markup, html};
use registry::link::LINK_TYPES;
use registry::{NewLink, Product, ResolverLink, link_type_text};
use std::sync::Arc;

const PATH: &str = "/firm/links";
const PAGE: usize = 50;
/// Products whose codes are shown.
const CODES: usize = 60;

/// `GET /firm/links`. Right: an account of a firm; its own links.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let links = ListLinks::read(PATH, raw.as_deref(), "");
    let operator = operator(&viewer)?;
    if let Some(format) = links.get("format") {
        let mut sheet = crate::export::sheet(
            "links",
            &["anchor", "link_type", "href", "title_zh", "title_en", "lang", "media", "context", "updated"],
        );
        for l in registry::links_of(&app.store, operator, None, None, usize::MAX).await? {
            let cells = [
                l.anchor,
                l.link_type,
                l.href,
                l.title.zh.into_owned(),
                l.title.en.into_owned(),
                l.lang,
                l.media,
                l.context,
                l.updated_at.rfc3339(),
            ];
            sheet.rows.push(crate::export::texts(cells));
        }
        return crate::export::download(format, &sheet);
    }
    Ok(page(&app, &viewer, operator, &links, None).await?.into_response())
}

/// What was entered and what is wrong with it.
struct Refused<'a> {
    posted: &'a crate::session::Posted,
    fault: &'a Fault,
}

async fn page(
    app: &App,
    viewer: &Viewer,
    operator: Id,
    links: &ListLinks,
    refused: Option<Refused<'_>>,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let at = links.get("anchor").map(anchor).transpose()?;
    let before = links.get("after").and_then(|a| a.parse().ok());
    let found = registry::links_of(&app.store, operator, at.as_deref(), before, PAGE + 1).await?;
    let shown = &found[..found.len().min(PAGE)];
    let next = (found.len() > PAGE).then(|| shown.last().map(|l| l.id.to_string())).flatten();
    let products = registry::products_of(&app.store, operator).await?;
    let products: Vec<Product> = products.into_iter().filter(|p| p.active && p.gtin.is_some()).collect();
    let title = lang.pick("扫码链接", "Links behind codes");
    Ok(layout::page(
        viewer,
        title,
        &html! {
            (layout::head(title, &html! {}))
            p { (lang.pick("消费者扫描包装上的 GS1 二维码时先看到本站的批次页面；您登记的网页列在其中，也可由程序按链接类型直接取得。召回状态以公告为准，不能由企业指定。",
                "Who scans the GS1 code on a package first sees the page of the lot here; the pages you enter are listed on it, and programs reach them by link type. Whether a lot is recalled is told by the notices alone.")) }
            form.filters method="get" {
                (ui::input(&Field { name: "anchor", id: "find", label: lang.pick("编码", "Code"), hint: "/01/…", value: links.get("anchor").unwrap_or_default(), kind: "search", ..Field::default() }))
                button { (lang.pick("筛选", "Filter")) }
            }
            @if shown.is_empty() { (ui::empty(lang.pick("还没有链接", "No links yet"), lang.pick("在下面登记一条，例如产品介绍或食用方法。", "Enter one below, such as product information or instructions."))) }
            @else { (table(viewer, shown)) (ui::pager(lang, links, shown.len(), None, next.as_deref(), true)) }
            (form(viewer, &products, refused))
            section.card { h2 { (lang.pick("厂商识别代码", "Company prefix")) }
                p.small.soft { (lang.pick("登记本单位在中国物品编码中心的厂商识别代码，别的系统即可用 EPC URN 查询贵单位的产品。", "Enter the company prefix the numbering organisation gave you; others can then ask for your products as EPC URNs.")) }
                form method="post" action={ (PATH) "/prefix" } {
                    (layout::csrf(viewer))
                    (ui::input(&Field { name: "prefix", label: lang.pick("厂商识别代码（6–12 位数字）", "Company prefix (6–12 digits)"), required: true, ..Field::default() }))
                    button.plain { (lang.pick("登记", "Enter")) }
                }
            }
            section { h2 { (lang.pick("包装用二维码", "Codes for packages")) }
                @if products.is_empty() { p.soft { (lang.pick("没有登记商品条码的产品。", "No product with a barcode is registered.")) } }
                p.small.soft { (lang.pick("印在包装上时可在网址后加 /10/批号，每批一码；批次页面上有该批的二维码。", "For one code a lot add /10/LOT to the address; the page of a lot has its code.")) }
                div.grid { @for p in products.iter().take(CODES) { section.card { h3 { (p.name) }
                    (code(app, lang, &format!("https://id.gs1.org/01/{}", p.gtin.as_deref().unwrap_or_default())))
                } } }
            }
        },
    ))
}

fn table(viewer: &Viewer, shown: &[ResolverLink]) -> Markup {
    let lang = viewer.lang();
    let rows: Vec<Vec<Markup>> = shown
        .iter()
        .map(|l| {
            let kind = link_type_text(&l.link_type).map_or(l.link_type.as_str(), |t| t.get(lang));
            vec![
                html! { a href={ (l.anchor) "?linkType=linkset" } { code.break { (l.anchor) } } },
                html! { (kind) div.small.soft { (l.link_type) } },
                html! { a.break href=(l.href) rel="noopener" { (l.title.get(lang)) } div.small.soft.break { (l.href) } },
                html! { @if l.lang.is_empty() { "—" } @else { (l.lang) } " " span.small.soft { (l.media) @if !l.context.is_empty() { " · " (l.context) } } },
                html! { form method="post" action={ (PATH) "/" (l.id) "/remove" } {
                    (layout::csrf(viewer)) input type="hidden" name="version" value=(l.version); button.plain { (lang.pick("删除", "Remove")) }
                } },
            ]
        })
        .collect();
    let columns = [
        Column::text("编码", "Code"),
        Column::text("类型", "Type"),
        Column::text("网页", "Page"),
        Column::text("语言", "Language"),
        Column::text("操作", "Action"),
    ];
    ui::table(lang, lang.pick("扫码链接", "Links behind codes"), &columns, &rows, None)
}

fn form(viewer: &Viewer, products: &[Product], refused: Option<Refused<'_>>) -> Markup {
    let lang = viewer.lang();
    let value = |name: &str| refused.as_ref().map_or("", |r| r.posted.get(name));
    let why = |name: &str| {
        refused.as_ref().filter(|r| r.fault.field.as_deref() == Some(name)).map(|r| r.fault.text.get(lang))
    };
    let first = products.first().and_then(|p| p.gtin.as_deref()).map(|g| format!("/01/{g}"));
    let at = if value("anchor").is_empty() { first.as_deref().unwrap_or_default() } else { value("anchor") };
    let types: Vec<(String, String)> = LINK_TYPES
        .iter()
        .filter(|(name, _)| *name != "recallStatus")
        .map(|(name, text)| (format!("gs1:{name}"), format!("{} · gs1:{name}", text.get(lang))))
        .collect();
    let languages = [("", lang.pick("不限", "any")), ("zh", "中文"), ("en", "English")]
        .map(|(v, t)| (v.to_owned(), t.to_owned()));
    html! { section.card #new { h2 { (lang.pick("登记链接", "Enter a link")) }
        @if let Some(r) = refused.as_ref().filter(|r| r.fault.field.is_none()) { (ui::message(Tone::Bad, &html! { p { (r.fault.text.get(lang)) } })) }
        form method="post" action=(PATH) {
            (layout::csrf(viewer))
            (ui::input(&Field { name: "anchor", label: lang.pick("编码", "Code"), hint: lang.pick("/01/商品条码，可加 /10/批号；场所为 /414/位置码", "/01/GTIN, with /10/LOT if for one lot; a place is /414/GLN"), value: at, required: true, error: why("anchor"), ..Field::default() }))
            (ui::select(&Field { name: "link_type", label: lang.pick("类型", "Type"), value: value("link_type"), required: true, error: why("link_type"), ..Field::default() }, &types))
            (ui::input(&Field { name: "href", label: lang.pick("网址", "Address"), hint: "https://…", value: value("href"), required: true, kind: "url", error: why("href"), ..Field::default() }))
            (ui::input(&Field { name: "title_zh", label: lang.pick("中文文字（可不填）", "Words in Chinese (optional)"), value: value("title_zh"), error: why("title"), ..Field::default() }))
            (ui::input(&Field { name: "title_en", label: lang.pick("英文文字（可不填）", "Words in English (optional)"), value: value("title_en"), ..Field::default() }))
            (ui::select(&Field { name: "lang", label: lang.pick("网页语言", "Language of the page"), value: value("lang"), error: why("lang"), ..Field::default() }, &languages))
            (ui::input(&Field { name: "context", label: lang.pick("适用对象（可不填）", "For whom (optional)"), hint: lang.pick("程序以 context= 选取，如 CN", "programs choose by context=, such as CN"), value: value("context"), error: why("context"), ..Field::default() }))
            button { (lang.pick("登记", "Enter")) }
        }
    } }
}

/// `POST /firm/links`. Right: act product.
pub(super) async fn create(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let viewer = &posted.viewer;
    let operator = operator(viewer)?;
    match entered(&app, &posted).await {
        Ok(()) => Ok(Redirect::to(PATH).into_response()),
        Err(fault) if fault.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let links = ListLinks::read(PATH, None, "");
            let refused = Refused { posted: &posted, fault: &fault };
            let body = page(&app, viewer, operator, &links, Some(refused)).await?;
            Ok((fault.status, body).into_response())
        }
        Err(fault) => Err(fault),
    }
}

async fn entered(app: &App, posted: &crate::session::Posted) -> Answer<()> {
    let text = |name: &str| posted.get(name).to_owned();
    let new = NewLink {
        anchor: anchor(posted.get("anchor"))?,
        link_type: text("link_type"),
        href: text("href"),
        title: Text::new(text("title_zh"), text("title_en")),
        lang: text("lang"),
        media: String::new(),
        context: text("context"),
    };
    let cx = context(app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    registry::create_link(&mut tx, &cx, &app.access, &posted.viewer.who, new).await?;
    tx.commit().await?;
    Ok(())
}

/// `POST /firm/links/prefix`: how long the own company prefix is. Right: act product.
pub(super) async fn prefix(State(app): State<Arc<App>>, PostedSignedIn(posted): PostedSignedIn) -> Answer {
    let operator = operator(&posted.viewer)?;
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    let (who, text) = (&posted.viewer.who, posted.get("prefix"));
    registry::set_own_prefix(&mut tx, &cx, &app.access, who, operator, text).await?;
    tx.commit().await?;
    app.prefixes.load(&app.store).await?;
    Ok(Redirect::to(PATH).into_response())
}

/// `POST /firm/links/{id}/remove`. Right: act product.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let id: Id = id.parse().map_err(|_| Fault::not_found(&Text::of("链接", "link")))?;
    let cx = context(&app, &posted.viewer);
    let mut tx = app.store.begin().await?;
    registry::remove_link(&mut tx, &cx, &app.access, &posted.viewer.who, id, posted.version()?).await?;
    tx.commit().await?;
    Ok(Redirect::to(PATH).into_response())
}
