//! Certificates: lists, one to print, and declaring one void.

use super::operator;
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Column, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use std::sync::Arc;
use supply::{Certificate, CertificateFilter, CertificateRule};

const PAGE: i64 = 50;

/// `GET /firm/certificates`: the own ones. Right: view lot, of the own operator.
pub(super) async fn own(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    let id = operator(&viewer)?;
    list(&app, &viewer, "/firm/certificates", Some(id), raw.as_deref()).await
}

/// `GET /desk/certificates`: those of the own regions. Right: view lot.
pub(super) async fn all(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer {
    list(&app, &viewer, "/desk/certificates", None, raw.as_deref()).await
}

async fn list(app: &App, viewer: &Viewer, path: &str, own: Option<Id>, raw: Option<&str>) -> Answer {
    let lang = viewer.lang();
    let links = ListLinks::read(path, raw, "");
    let skip: i64 = links.get("after").and_then(|a| a.parse().ok()).unwrap_or(0);
    let filter = CertificateFilter {
        operator: own,
        region: links.get("region").unwrap_or_default().to_owned(),
        text: links.get("q").unwrap_or_default().to_owned(),
        state: links.get("state").filter(|s| matches!(*s, "valid" | "void")).map(ToOwned::to_owned),
        from: choices::day("from", links.get("from"))?,
        to: choices::day("to", links.get("to"))?,
        sort: links.sort.clone(),
        desc: links.desc,
        skip,
        take: PAGE,
    };
    if let Some(format) = links.get("format") {
        let filter = CertificateFilter { skip: 0, take: crate::export::MOST, ..filter };
        let (rows, total) = app.supply.certificates(&viewer.who, app.now(), &filter).await?;
        if total > crate::export::MOST {
            return Err(crate::export::too_many());
        }
        return crate::export::download(format, &sheet(lang, &app.origin, &rows));
    }
    let (rows, total) = app.supply.certificates(&viewer.who, app.now(), &filter).await?;
    let shown = i64::try_from(rows.len()).unwrap_or(PAGE);
    let next = (skip + shown < total).then(|| (skip + shown).to_string());
    let title = lang.pick("承诺达标合格证", "Commitment certificates");
    let states = choices::any(
        lang,
        &choices::ALL,
        [("valid", Text::of("有效", "Valid")), ("void", Text::of("已作废", "Void"))],
    );
    Ok(layout::page(viewer, title, &html! {
        (layout::head(title, &html! { @if own.is_some() { a.button href="/firm/certificates/new" { (lang.pick("开具合格证", "Issue one")) } } }))
        form.filters method="get" {
            (ui::input(&Field { name: "q", label: lang.pick("编号、产品或单位", "Number, product or firm"), value: links.get("q").unwrap_or_default(), kind: "search", ..Field::default() }))
            (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or_default(), ..Field::default() }, &states))
            @if own.is_none() { (ui::select(&Field { name: "region", label: lang.pick("地区", "Region"), value: links.get("region").unwrap_or_default(), ..Field::default() }, &choices::regions(lang, &viewer.who, &choices::ALL))) }
            (ui::input(&Field { name: "from", label: lang.pick("自", "From"), value: links.get("from").unwrap_or_default(), kind: "date", ..Field::default() }))
            (ui::input(&Field { name: "to", label: lang.pick("至", "To"), value: links.get("to").unwrap_or_default(), kind: "date", ..Field::default() }))
            button { (lang.pick("筛选", "Filter")) }
        }
        @if rows.is_empty() { (ui::empty(lang.pick("没有符合条件的合格证", "No certificate fits"), lang.pick("请放宽筛选条件；种植养殖者和收购者可在手机上开具。", "Widen the filter. Growers and collectors issue them on the phone."))) }
        @else {
            (table(lang, path, &rows, &links, own.is_some()))
            (ui::pager(lang, &links, rows.len(), Some(total), next.as_deref(), true))
        }
    }).into_response())
}

/// Valid or void, with a word.
pub(crate) fn state_badge(lang: Lang, c: &Certificate) -> Markup {
    if c.is_valid() {
        ui::badge(Tone::Ok, lang.pick("有效", "valid"))
    } else {
        ui::badge(Tone::Bad, lang.pick("已作废", "void"))
    }
}

fn table(lang: Lang, path: &str, rows: &[Certificate], links: &ListLinks, is_own: bool) -> Markup {
    let mut columns = vec![
        Column::text("编号", "Number").by("number"),
        Column::text("产品", "Product").by("product"),
        Column::num("数量", "Quantity"),
        Column::text("产地", "Origin"),
        Column::text("开具日期", "Issued").by("issued"),
        Column::text("状态", "State"),
    ];
    if !is_own {
        columns.insert(1, Column::text("承诺主体", "Issuer").by("issuer"));
    }
    let cells: Vec<Vec<Markup>> = rows.iter().map(|c| {
        let mut row = vec![
            html! { a.break href={ (path) "/" (c.number) } { (c.number) } },
            html! { (c.product) @if let Some(lot) = &c.lot { " " span.small.soft { (lot) } } },
            html! { (c.amount()) },
            html! { (c.origin) },
            html! { (c.issued) },
            html! { (state_badge(lang, c)) @if c.reissued { " " (ui::badge(Tone::Info, lang.pick("混装分装重开", "re-issued"))) } },
        ];
        if !is_own {
            row.insert(1, html! { (c.issuer) " " span.small.soft { (region_name(lang, &c.region.chars().take(6).collect::<String>())) } });
        }
        row
    }).collect();
    ui::table(lang, lang.pick("承诺达标合格证", "Commitment certificates"), &columns, &cells, Some(links))
}

fn sheet(lang: Lang, origin: &str, rows: &[Certificate]) -> paper::sheet::Sheet {
    let header: Vec<&str> = lang.pick(
        "合格证编号,产品名称,数量,单位,批号,产地,承诺主体,开具日期,承诺依据,重新开具,状态,作废原因,查验网址,批次编码",
        "number,product,quantity,unit,lot,origin,issuer,issued,basis,reissued,state,void_reason,check_at,lot_key",
    ).split(',').collect();
    let mut sheet = crate::export::sheet("certificates", &header);
    let rule = CertificateRule::builtin().ok();
    for c in rows {
        let basis: Vec<String> =
            c.basis.iter().filter_map(|b| Some(rule?.basis(b)?.get(lang).to_owned())).collect();
        let amount = c.amount();
        let (quantity, unit) = amount.split_once(' ').unwrap_or((&amount, ""));
        sheet.rows.push(crate::export::texts([
            c.number.clone(),
            c.product.clone(),
            quantity.to_owned(),
            unit.to_owned(),
            c.lot.clone().unwrap_or_default(),
            c.origin.clone(),
            c.issuer.clone(),
            c.issued.to_string(),
            basis.join(lang.pick("、", ", ")),
            if c.reissued { lang.pick("是", "yes") } else { lang.pick("否", "no") }.to_owned(),
            if c.is_valid() { lang.pick("有效", "valid") } else { lang.pick("已作废", "void") }.to_owned(),
            c.void_reason.clone().unwrap_or_default(),
            format!("{origin}/cert/{}", c.number),
            c.item.clone(),
        ]));
    }
    sheet
}

/// `GET /firm/certificates/{number}` and `/desk/certificates/{number}`: the certificate to print. Right: view lot.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(number): Path<String>,
) -> Answer<Markup> {
    page(&app, &viewer, &number, "", None).await
}

async fn page(app: &App, viewer: &Viewer, number: &str, reason: &str, why: Option<&str>) -> Answer<Markup> {
    let lang = viewer.lang();
    let c = app.supply.certificate(&viewer.who, app.now(), number).await?;
    let contact = app.supply.certificate_contact(&viewer.who, app.now(), number).await?;
    let chain = app.supply.public_certificate(&viewer.who, app.now(), number).await?;
    let is_own = viewer.who.operator == Some(c.operator);
    let list = if is_own { "/firm/certificates" } else { "/desk/certificates" };
    let title = format!("{} {}", CertificateRule::builtin()?.title().get(lang), c.number);
    Ok(layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(list, lang.pick("合格证", "Certificates")), ("", &c.number)]))
            (paper(lang, &app.origin, &c, contact.as_deref())?)
            div.actions {
                @if is_own { a.button href={ "/firm/certificates/new?cite=" (c.number) } { (lang.pick("据此重新开具", "Re-issue from this")) } }
                a.button.plain href={ "/cert/" (c.number) } { (lang.pick("公开查验页", "Public check page")) }
                a.button.plain href={ "/firm/captures/" (c.capture) } { (lang.pick("采集记录与回执", "Capture and receipt")) }
            }
            p.soft { (lang.pick("用浏览器的“打印”即可打印或存为 PDF。", "Print it, or save it as PDF, with the browser's print command.")) }
            @if let Some((chain, faults)) = &chain { (super::check::chain(lang, chain, faults)) }
            @if is_own && c.is_valid() {
                section.card { h2 { (lang.pick("作废", "Declare void")) }
                    form method="post" action={ "/firm/certificates/" (c.number) "/void" } { (layout::csrf(viewer))
                        (ui::input(&Field { name: "reason", label: lang.pick("作废原因（公开显示）", "Reason (shown to the public)"), value: reason, required: true, error: why, ..Field::default() }))
                        button.danger { (lang.pick("作废此合格证", "Declare it void")) }
                    } }
            }
        },
    ))
}

/// The certificate as it is printed. The contact is for who issued it and for authorities.
pub(super) fn paper(lang: Lang, origin: &str, c: &Certificate, contact: Option<&str>) -> Answer<Markup> {
    let rule = CertificateRule::builtin()?;
    let mut rows = vec![
        (Text::of("产品名称", "Product"), html! { (c.product) }),
        (Text::of("数量", "Quantity"), html! { (c.amount()) }),
        (Text::of("产地", "Origin"), html! { (c.origin) }),
    ];
    if let Some(lot) = &c.lot {
        rows.push((Text::of("批号", "Lot"), html! { (lot) }));
    }
    rows.push((Text::of("承诺主体", "Issued by"), html! { (c.issuer) }));
    if let Some(contact) = contact {
        rows.push((Text::of("联系方式", "Contact"), html! { (contact) }));
    }
    rows.push((Text::of("开具日期", "Date"), html! { (c.issued) }));
    rows.push((Text::of("编号", "Number"), html! { code.break { (c.number) } }));
    Ok(html! { article.doc {
        h1 { (rule.title().get(lang)) }
        @if let (Some(at), reason) = (c.voided, c.void_reason.as_deref().unwrap_or_default()) {
            (ui::message(Tone::Bad, &html! { p { strong { (lang.pick("已作废", "VOID")) } " " (at.china_date()) " " (reason) } })) }
        p { (lang.pick("我承诺对产品质量安全以及合格证真实性负责：", "The issuer answers for the safety of the goods and the truth of this certificate:")) }
        ul { @for p in rule.promises() { li { (p.get(lang)) } } }
        p { (lang.pick("承诺依据：", "Resting on: "))
            @for (id, text) in rule.bases() { span.nowrap { (if c.basis.iter().any(|b| b == id) { "☑ " } else { "☐ " }) (text.get(lang)) "　" } } }
        (ui::facts(lang, &rows))
        figure style="max-width:11rem" {
            img src={ "/cert/" (c.number) "/qr.svg" } alt=(lang.pick("承诺达标合格证查验二维码", "QR code to check this certificate")) width="170" height="170";
            figcaption.break { (rule.title().get(lang)) " " (origin) "/cert/" (c.number) }
        }
        @if c.item.starts_with("https://id.gs1.org/") { p.small.soft { (lang.pick("批次 GS1 数字链接：", "GS1 Digital Link of the lot: ")) code.break { (c.item) } } }
    } })
}

/// `POST /firm/certificates/{number}/void`. Right: capture event, for the own operator.
pub(super) async fn void(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let reason = posted.get("reason");
    match app.supply.void_certificate(&context(&app, viewer), &viewer.who, &number, reason).await {
        Ok(_) => Ok(Redirect::to(&format!("/firm/certificates/{number}")).into_response()),
        Err(supply::Error::Rows(faults)) => {
            let why = faults.first().map_or("", |f| f.message.get(lang)).to_owned();
            let shown = page(&app, viewer, &number, reason, Some(&why)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(e) => Err(Fault::from(e)),
    }
}
