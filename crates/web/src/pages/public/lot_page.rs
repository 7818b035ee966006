//! The consumer's page of a lot, product, item or logistic unit: where a scanned code leads.

use super::lot::search;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::notices;
use crate::pages::operators::{licence_badge, licence_class};
use crate::pages::records::state_badge;
use crate::resolver::{LinkView, registered};
use crate::state::App;
use crate::ui::{self, Column, ListLinks, Tone};
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base::region::Regions;
use base::{Date, Lang, Text};
use epcis::ident::{self, DigitalLink};
use flow::view::{About, Notice};
use maud::{Markup, html};
use registry::{Licence, LicenceStatus};
use std::sync::Arc;
use supply::{Certificate, PublicLot};

/// Notices shown on a page.
pub(super) const NOTICES: usize = 20;

/// What is known of the thing behind a code.
struct Known {
    link: DigitalLink,
    product: Option<registry::Product>,
    site: Option<registry::Site>,
    operator: Option<registry::PublicOperator>,
    licences: Vec<Licence>,
    trace: Option<PublicLot>,
    notices: Vec<Notice>,
    certificates: Vec<Certificate>,
    links: Vec<LinkView>,
    /// Of a lot without records: the lots that are written almost the same and have some.
    near: Vec<Near>,
}

/// A lot whose number differs from what was typed only in capitals or width of its signs.
struct Near {
    lot: String,
    path: String,
    recalled: bool,
}

impl Known {
    /// A lot or item nobody reported, certified or named in a notice.
    fn unheard_of(&self) -> bool {
        !self.is_class()
            && self.site.is_none()
            && self.trace.is_none()
            && self.notices.is_empty()
            && self.certificates.is_empty()
    }

    fn nothing(&self) -> bool {
        self.product.is_none() && self.site.is_none() && self.trace.is_none() && self.notices.is_empty()
    }

    fn gtin(&self) -> Option<&str> {
        match self.link.key {
            "01" => Some(&self.link.value),
            "8006" => self.link.value.get(..14),
            _ => None,
        }
    }

    fn lot(&self) -> Option<String> {
        let text = self.link.qualifier("10")?;
        Some(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
    }

    /// A product without lot or serial number.
    fn is_class(&self) -> bool {
        self.gtin().is_some() && self.link.qualifier("10").is_none() && self.link.qualifier("21").is_none()
    }
}

async fn look(app: &App, viewer: &Viewer, link: DigitalLink) -> Answer<Known> {
    let key = ident::item_key(&format!("{}{}", ident::DOMAIN, link.path()));
    let trace = app.supply.public_lot(&viewer.who, app.now(), &key.uri).await?;
    let gtin = match link.key {
        "01" => Some(link.value.clone()),
        "8006" => link.value.get(..14).map(ToOwned::to_owned),
        _ => None,
    };
    let product = match &gtin {
        Some(gtin) => registry::products_by_gtin(&app.store, &[gtin]).await?.remove(gtin),
        None => None,
    };
    let site = match link.key {
        "414" | "417" => registry::sites_by_gln(&app.store, &[&link.value]).await?.remove(&link.value),
        _ => None,
    };
    let operator = match product.as_ref().map(|p| p.operator).or(site.as_ref().map(|s| s.operator)) {
        Some(id) => registry::public_operator(&app.store, &app.access, &viewer.who, app.now(), id).await?,
        None => None,
    };
    let licences = match &operator {
        Some(o) => registry::licences_of(&app.store, o.id).await?,
        None => Vec::new(),
    };
    let notices = notices_of(app, &key.uri).await?;
    let links = registered(app, &link).await?;
    let certificates = app.supply.certificates_of_lot(&key.uri).await?;
    let mut known = Known {
        link,
        product,
        site,
        operator,
        licences,
        trace,
        notices,
        certificates,
        links,
        near: Vec::new(),
    };
    if known.unheard_of() {
        known.near = near(app, viewer, &known).await?;
    }
    Ok(known)
}

async fn notices_of(app: &App, item: &str) -> Answer<Vec<Notice>> {
    let about = About {
        fact: Some(("item".to_owned(), item.to_owned())),
        target: Some(format!("lot:{item}")),
        operator: None,
    };
    Ok(flow::view::notices_about(&app.store, &about, NOTICES).await?)
}

/// Lots of the product that are meant, perhaps: a lot number distinguishes capitals, people copying it do not.
async fn near(app: &App, viewer: &Viewer, k: &Known) -> Answer<Vec<Near>> {
    let (Some(gtin), Some(lot)) = (k.gtin(), k.lot()) else { return Ok(Vec::new()) };
    let plain: String = lot.chars().filter(|c| !c.is_whitespace()).map(narrow).collect();
    let mut spellings = vec![plain.to_uppercase(), plain.to_lowercase(), plain];
    spellings.dedup();
    let mut found = Vec::new();
    for spelling in spellings.into_iter().filter(|s| *s != lot) {
        let path = format!("/01/{gtin}/10/{}", ui::encode(&spelling));
        let Ok(link) = DigitalLink::read(&path) else { continue };
        let item = ident::item_key(&format!("{}{}", ident::DOMAIN, link.path())).uri;
        let notices = notices_of(app, &item).await?;
        let known = app.supply.public_lot(&viewer.who, app.now(), &item).await?.is_some();
        if known || !notices.is_empty() {
            let recalled = notices.iter().any(is_recall);
            found.push(Near { lot: spelling, path: format!("/lot{}", link.path()), recalled });
        }
    }
    Ok(found)
}

/// A full-width sign as the printed code has it.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// `GET /lot/01/{gtin}/10/{lot}` and every other path of a Digital Link: public. 404 when nothing is known of it.
pub(crate) async fn show(State(app): State<Arc<App>>, viewer: Viewer, uri: Uri) -> Answer {
    let path = uri.path().strip_prefix("/lot").unwrap_or_default();
    let known = look(&app, &viewer, DigitalLink::read(path)?).await?;
    let status = if known.nothing() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    Ok((status, page(&app, &viewer, &known)).into_response())
}

/// `GET /lot/qr.svg?link=/01/…`: the code that leads to this lot, on this server.
pub(crate) async fn qr(State(app): State<Arc<App>>, RawQuery(raw): RawQuery) -> Answer<Response> {
    let asked = ListLinks::read("", raw.as_deref(), "");
    let link = DigitalLink::read(asked.get("link").unwrap_or_default())?;
    let svg = paper::qr::svg(&format!("{}{}", app.origin, link.path())).map_err(Fault::internal)?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")], svg)
        .into_response())
}

/// The code of an item as it is printed, with the link in words; empty for things without a GS1 key.
pub(crate) fn code(app: &App, lang: Lang, item: &str) -> Markup {
    let Some(link) = item.strip_prefix(ident::DOMAIN).and_then(|path| DigitalLink::read(path).ok()) else {
        return html! {};
    };
    let path = link.path();
    html! { figure style="max-width:12rem" {
        img src={ "/lot/qr.svg?link=" (ui::encode(&path)) } alt=(lang.pick("GS1 二维码，内容为下面的网址", "GS1 QR code of the address below")) loading="lazy" width="192" height="192";
        figcaption.break.small { (app.origin) (path) }
    } }
}

fn page(app: &App, viewer: &Viewer, k: &Known) -> Markup {
    let lang = viewer.lang();
    let stated = k.trace.as_ref().and_then(|t| t.lot.name.clone());
    let name = k.product.as_ref().map(|p| p.name.clone()).or(k.site.as_ref().map(|s| s.name.clone()));
    let name = name.or(stated).unwrap_or_else(|| k.link.value.clone());
    let title = k.lot().map_or_else(|| name.clone(), |lot| format!("{name} {lot}"));
    layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[("/lot", lang.pick("查批次", "Look up a lot")), ("", &title)]))
            h1 { (title) }
            @if k.nothing() { (ui::message(Tone::Warn, &html! {
                p { strong { (lang.pick("编码有效，但这里没有它的任何记录。", "The code is valid, but there is no record of it here.")) } }
                p { (lang.pick("请核对条码和批号；企业尚未报送的批次在这里查不到，可向销售者索要追溯凭证。", "Compare barcode and lot number. A lot no firm has reported yet is not here; ask the seller for its trace document.")) }
            })) }
            (recall(viewer, k))
            section.card { (facts(lang, app.now().china_date(), k)) }
            @if k.is_class() { section.card { h2 { (lang.pick("查这种产品的一个批次", "Look up a lot of this product")) } (search(lang, k.gtin().unwrap_or_default(), "")) } }
            @if !k.is_class() && k.site.is_none() { section #way {
                h2 { (lang.pick("这批食品去过哪里", "Where this lot has been")) }
                @match &k.trace {
                    Some(t) => (route(lang, t)),
                    None => (ui::empty(lang.pick("没有追溯记录", "No trace record"), lang.pick("企业尚未报送这个批次。", "No firm has reported this lot yet."))),
                }
            } }
            (certificates(lang, &k.certificates))
            (inspections(viewer, k))
            (more(lang, &k.links))
            (complain(lang, k.operator.as_ref()))
            @if !k.unheard_of() { section.card { h2 { (lang.pick("本页二维码", "Code of this page")) }
                (code(app, lang, &format!("{}{}", ident::DOMAIN, k.link.path())))
                p.small { a href={ (k.link.path()) "?linkType=linkset" } { (lang.pick("供程序使用的全部链接", "All links, for programs")) } }
            } }
            p { a href="/lot" { (lang.pick("再查一个批次", "Look up another lot")) } }
        },
    )
}

/// Whether published notices recall the lot: the first thing a consumer wants to know.
fn recall(viewer: &Viewer, k: &Known) -> Markup {
    let lang = viewer.lang();
    if k.is_class() || k.site.is_some() {
        return html! {};
    }
    if k.unheard_of() {
        return html! { section #recall {
            @if !k.nothing() { (ui::message(Tone::Warn, &html! {
                p { strong { (lang.pick("没有这个批次的记录，无法判断它是否被召回。", "There is no record of this lot, so nothing can be said about recalls.")) } }
                p { (lang.pick("请逐位核对批号，注意大小写；仍查不到的，可向销售者索要追溯凭证。", "Compare the lot number sign by sign, capitals too; if it is still not found, ask the seller for its trace document.")) }
            })) }
            @for n in &k.near { (ui::message(if n.recalled { Tone::Bad } else { Tone::Info }, &html! { p {
                (lang.pick("您要找的是不是批次 ", "Did you mean lot ")) a href=(n.path) { code { (n.lot) } } (lang.pick("？", "?"))
                @if n.recalled { " " strong { (lang.pick("这个批次正在召回，请停止食用。", "That lot is being recalled: do not eat it.")) } }
            } })) }
        } };
    }
    let recalls: Vec<Notice> = k.notices.iter().filter(|n| is_recall(n)).cloned().collect();
    html! { section #recall {
        @if !recalls.is_empty() {
            (ui::message(Tone::Bad, &html! { p { strong { (lang.pick("这个批次正在召回：请停止食用，退回销售者。", "This lot is being recalled: do not eat it, return it to the seller.")) } } }))
            (notices::lines(viewer, &recalls))
        } @else if !k.notices.is_empty() {
            (ui::message(Tone::Bad, &html! { p { strong { (lang.pick("有公告涉及这个批次，请先阅读。", "A notice concerns this lot; read it first.")) } } }))
        } @else {
            (ui::message(Tone::Info, &html! { p { (lang.pick("目前没有涉及这个批次的召回或抽检公告。", "No recall or sampling notice concerns this lot at present.")) } }))
        }
    } }
}

fn is_recall(notice: &Notice) -> bool {
    notice.kind.starts_with("recall")
}

fn facts(lang: Lang, today: Date, k: &Known) -> Markup {
    let mut rows = Vec::new();
    if let Some(gtin) = k.gtin() {
        rows.push((Text::of("商品条码", "Barcode"), html! { code { (gtin) } }));
    } else {
        rows.push((Text::of("编码", "Code"), html! { code.break { "(" (k.link.key) ") " (k.link.value) } }));
    }
    if let Some(lot) = k.lot() {
        rows.push((Text::of("批号", "Lot"), html! { code { (lot) } }));
    }
    if let Some(serial) = k.link.qualifier("21") {
        rows.push((Text::of("序列号", "Serial number"), html! { code { (serial) } }));
    }
    if let Some(category) = k.product.as_ref().map(|p| &p.category).filter(|c| !c.is_empty()) {
        rows.push((Text::of("食品类别", "Food category"), html! { (category) }));
    }
    if let Some(o) = &k.operator {
        let name = if o.name_en.is_empty() { &o.name } else { lang.pick(&o.name, &o.name_en) };
        let label = if k.site.is_some() {
            Text::of("经营者", "Operator")
        } else {
            Text::of("生产者", "Producer")
        };
        rows.push((label, html! { a href={ "/shops/" (o.id) } { (name) } }));
        let valid: Vec<&Licence> =
            k.licences.iter().filter(|l| l.status != LicenceStatus::Cancelled).take(3).collect();
        rows.push((
            Text::of("许可证", "Licence"),
            html! {
                @if valid.is_empty() { span.soft { (lang.pick("没有登记", "none entered")) } }
                @for l in valid { div { a href={ "/shops/" (o.id) } { code { (l.number) } } " " (licence_badge(lang, l, today)) (licence_class(lang, l)) } }
            },
        ));
        rows.push((Text::of("产地", "Region"), html! { (full_region(lang, &o.region)) }));
    }
    if let Some(t) = &k.trace {
        for (title, value) in [
            (Text::of("规格", "Package"), &t.lot.spec),
            (Text::of("生产日期", "Produced"), &t.lot.produced),
            (Text::of("保质期至", "Best before"), &t.lot.expires),
        ] {
            if let Some(v) = value.as_deref().filter(|v| !v.is_empty()) {
                rows.push((title, html! { (v) }));
            }
        }
        let made = t.stops.iter().find(|s| s.forms.keys().any(|f| makes(f)));
        if let Some(stop) = made.filter(|s| !s.region.is_empty()) {
            rows.push((
                Text::of("生产或种养地", "Made or grown in"),
                html! { (full_region(lang, &stop.region)) },
            ));
        }
    }
    ui::facts(lang, &rows)
}

/// `甘肃省兰州市城关区`.
pub(super) fn full_region(lang: Lang, code: &str) -> String {
    code.parse().map_or_else(
        |_| region_name(lang, code),
        |code| Regions::builtin().full_name(&code).get(lang).to_owned(),
    )
}

/// A business form in the words of a consumer.
fn form_words(form: &str) -> Text {
    // business forms of the register are free words
    const WORDS: [(&[&str], Text); 7] = [
        (&["farm", "种养", "种植", "养殖"], Text::of("种植养殖", "grown or raised")),
        (&["collect", "收购"], Text::of("收购", "collected")),
        (&["produc", "works", "pack", "factory", "生产", "加工"], Text::of("生产加工", "made or packed")),
        (&["wholesal", "批发"], Text::of("批发", "wholesale")),
        (&["distribut", "logist", "stor", "配送", "仓储"], Text::of("储运配送", "stored or moved")),
        (&["retail", "grocer", "shop", "market", "零售", "超市"], Text::of("零售", "shops")),
        (&["cater", "restaurant", "canteen", "餐", "食堂"], Text::of("餐饮", "kitchens")),
    ];
    let form = form.to_lowercase();
    WORDS
        .iter()
        .find(|(marks, _)| marks.iter().any(|m| form.contains(m)))
        .map_or(Text::of("其他场所", "other places"), |(_, text)| text.clone())
}

/// Whether goods come into being in such a business.
fn makes(form: &str) -> bool {
    matches!(&*form_words(form).en, "grown or raised" | "made or packed")
}

/// Counties and counts, in order of time.
pub(super) fn route(lang: Lang, t: &PublicLot) -> Markup {
    let rows: Vec<Vec<Markup>> = t
        .stops
        .iter()
        .map(|s| {
            let county = if s.region.is_empty() {
                lang.pick("未登记的场所", "unregistered places").to_owned()
            } else {
                full_region(lang, &s.region)
            };
            let forms: Vec<String> = s
                .forms
                .iter()
                .map(|(form, count)| format!("{} {count}", form_words(form).get(lang)))
                .collect();
            vec![
                html! { (s.since.china_date()) },
                html! { (county) },
                html! { (forms.join(lang.pick("、", ", "))) },
                html! { (s.places) },
            ]
        })
        .collect();
    let columns = [
        Column::text("最早记录", "First record"),
        Column::text("县区", "County"),
        Column::text("环节", "Stage"),
        Column::num("场所数", "Places"),
    ];
    ui::table(
        lang,
        lang.pick(
            "按时间先后，只列县区和数量，不公开买卖双方名称",
            "In order of time; counties and counts only, no names of buyers",
        ),
        &columns,
        &rows,
        None,
    )
}

/// The commitment certificates issued for the lot; anybody who holds one may check it.
fn certificates(lang: Lang, issued: &[Certificate]) -> Markup {
    if issued.is_empty() {
        return html! {};
    }
    html! { section #certificates {
        h2 { (lang.pick("承诺达标合格证", "Commitment certificates")) }
        ul { @for c in issued { li {
            a href={ "/cert/" (c.number) } { code { (c.number) } } " " (state_badge(lang, c)) " "
            (c.issued) " · " (c.issuer) " · " (c.amount())
        } } }
    } }
}

/// Published results of inspection: every notice about the lot that is no recall.
fn inspections(viewer: &Viewer, k: &Known) -> Markup {
    let lang = viewer.lang();
    if k.nothing() || k.site.is_some() {
        return html! {};
    }
    let results: Vec<Notice> = k.notices.iter().filter(|n| !is_recall(n)).cloned().collect();
    html! { section {
        h2 { (lang.pick("公布的检验结果", "Published results of inspection")) }
        @if results.is_empty() { p.soft { (lang.pick("没有公布涉及它的抽检结果。", "No result of sampling has been published about it.")) } }
        @else { (notices::lines(viewer, &results)) }
    } }
}

/// What the firm itself offers about its product.
fn more(lang: Lang, links: &[LinkView]) -> Markup {
    if links.is_empty() {
        return html! {};
    }
    html! { section {
        h2 { (lang.pick("企业提供的信息", "From the firm")) }
        p.small.soft { (lang.pick("以下网页由企业提供，不是本站内容。", "These pages are the firm's, not ours.")) }
        ul { @for l in links.iter().filter(|l| l.lang.is_empty() || l.lang == lang.pick("zh", "en")) {
            li { a href=(l.href) rel="noopener nofollow" { (l.title.get(lang)) } " " span.small.soft.break { (l.host()) } @if l.media != "text/html" { " " span.small.soft { (l.media) } } }
        } }
    } }
}

pub(super) fn complain(lang: Lang, operator: Option<&registry::PublicOperator>) -> Markup {
    html! { section.card { h2 { (lang.pick("发现问题怎样投诉", "How to complain")) }
        ol {
            li { (lang.pick("不要食用，留下包装、剩余食品和购物凭证。", "Do not eat it; keep the package, what is left and the receipt.")) }
            li { (lang.pick("拨打 ", "Call ")) a href="tel:12315" { "12315" } (lang.pick("（市场监管投诉举报），并说出商品条码和批号。", " (market regulation hotline) and tell the barcode and the lot number.")) }
            @if let Some(o) = operator { li { (lang.pick("也可直接联系", "Or turn to ")) a href={ "/shops/" (o.id) } { (o.name) } (lang.pick("或销售者。", " or to the seller.")) } }
            li { (lang.pick("因食品受到损害，可依《食品安全法》第一百四十八条向经营者或生产者要求赔偿。", "Who was harmed may claim damages from seller or producer (Food Safety Law, article 148).")) }
        }
    } }
}
