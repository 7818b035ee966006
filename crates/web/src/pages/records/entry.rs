//! One row of a ledger by hand, on a phone: barcode, goods, the other side.

use super::{fault_of, operator, units};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base::{Id, Lang, Text};
use maud::{Markup, html};
use paper::sheet::RowError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use supply::{LedgerKind, LedgerOptions, LedgerOutcome, RecordQuery, RecordRow};

/// Days back from which names and partners are offered.
const BACK: i64 = 180;
/// Names offered.
const OFFERED: usize = 60;

/// An input of the form: column of the ledger, English label, HTML type, what is offered.
struct Input {
    column: &'static str,
    label: Text,
    kind: &'static str,
    offers: &'static str,
    required: bool,
}

const fn input(column: &'static str, label: Text, kind: &'static str) -> Input {
    Input { column, label, kind, offers: "", required: false }
}

const fn needed(column: &'static str, label: Text, kind: &'static str) -> Input {
    Input { column, label, kind, offers: "", required: true }
}

const fn offered(column: &'static str, label: Text, offers: &'static str, required: bool) -> Input {
    Input { column, label, kind: "text", offers, required }
}

const GOODS: [Input; 7] = [
    offered("名称", Text::of("名称", "Name"), "names", true),
    input("规格", Text::of("规格", "Specification"), "text"),
    needed("数量", Text::of("数量", "Quantity"), "decimal"),
    input("批号", Text::of("批号", "Lot"), "text"),
    input("生产日期", Text::of("生产日期", "Production date"), "date"),
    input(
        "保质期",
        Text::of("保质期（如 12个月，或到期日）", "Shelf life (12 months, or its last day)"),
        "text",
    ),
    input("商品条码", Text::of("商品条码", "Barcode number"), "text"),
];

const CERTIFICATE: Input =
    input("检验合格证号", Text::of("合格证明或承诺达标合格证号", "Certificate number"), "text");
const DOCUMENT: Input = input("单据号", Text::of("单据号", "Voucher number"), "text");
const ADDRESS: Input = input("地址", Text::of("对方地址", "Their address"), "text");
const CONTACT: Input = input("联系方式", Text::of("对方联系方式", "Their contact"), "text");

/// The inputs of a ledger, in parts with their headings.
fn inputs(kind: LedgerKind) -> Vec<(Text, Vec<Input>)> {
    let mut goods = Vec::from(GOODS);
    let code = Text::of("统一社会信用代码", "Social credit code");
    let paper = vec![CERTIFICATE, DOCUMENT];
    let deal = match kind {
        LedgerKind::Materials | LedgerKind::Purchase | LedgerKind::Produce => {
            goods.insert(0, needed("进货日期", Text::of("进货日期", "Purchase date"), "date"));
            vec![(
                Text::of("供货者", "Supplier"),
                vec![
                    offered("供货者名称", Text::of("供货者名称", "Supplier"), "partners", true),
                    input("供货者代码", code, "text"),
                    input("供货者许可证号", Text::of("供货者许可证号", "Supplier's licence"), "text"),
                    ADDRESS,
                    CONTACT,
                ],
            )]
        }
        LedgerKind::Release | LedgerKind::Sales => {
            goods.insert(0, needed("销售日期", Text::of("销售日期", "Sales date"), "date"));
            vec![(
                Text::of("购货者（售给个人填“消费者”）", "Customer (for persons write 消费者)"),
                vec![
                    offered("购货者名称", Text::of("购货者名称", "Customer"), "partners", true),
                    input("购货者代码", code, "text"),
                    ADDRESS,
                    CONTACT,
                ],
            )]
        }
        LedgerKind::Import => {
            goods.insert(0, needed("交货日期", Text::of("交货日期", "Delivery date"), "date"));
            vec![
                (
                    Text::of("境外出口商", "Exporter abroad"),
                    vec![
                        offered("境外出口商名称", Text::of("名称", "Name"), "partners", true),
                        ADDRESS,
                        CONTACT,
                    ],
                ),
                (
                    Text::of("购货者（已售出时填写）", "Customer (when sold on)"),
                    vec![
                        offered("购货者名称", Text::of("名称", "Name"), "partners", false),
                        input("购货者代码", code, "text"),
                        input("购货者地址", Text::of("地址", "Address"), "text"),
                        input("购货者联系方式", Text::of("联系方式", "Contact"), "text"),
                    ],
                ),
            ]
        }
    };
    let mut all = vec![(Text::of("货物", "Goods"), goods)];
    all.extend(deal);
    all.push((Text::of("证明与凭证", "Certificates and vouchers"), paper));
    all
}

fn kind_of(word: &str) -> Answer<LedgerKind> {
    LedgerKind::of(word).ok_or_else(|| Fault::not_found(&Text::of("台账", "ledger")))
}

/// What the form shows.
#[derive(Default)]
struct Filled {
    /// The event of the row to be mended.
    mends: Option<Id>,
    values: BTreeMap<String, String>,
    faults: Vec<RowError>,
    message: Markup,
}

/// `GET /firm/records/{kind}/new`. Right: capture event, for the own operator.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(kind): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let kind = kind_of(&kind)?;
    let links = ListLinks::read("", raw.as_deref(), "");
    let filled = match links.get("mend") {
        Some(event) => mended(&app, &viewer, kind, event).await?,
        None => Filled::default(),
    };
    page(&app, &viewer, kind, filled).await
}

/// The form with a row that is to be mended.
async fn mended(app: &App, viewer: &Viewer, kind: LedgerKind, event: &str) -> Answer<Filled> {
    let missing = || Fault::not_found(&Text::of("台账记录", "row of a ledger"));
    let event: Id = event.parse().map_err(|_| missing())?;
    let to = app.now().china_date();
    let from = to.saturating_sub(jiff::Span::new().days(super::MOST_DAYS));
    let query = RecordQuery { operator: operator(viewer)?, kind, from, to };
    let rows = app.supply.records(&context(app, viewer), &viewer.who, &query).await?.rows;
    let r = rows.into_iter().find(|r| r.event == event).ok_or_else(missing)?;
    let date = match kind {
        LedgerKind::Materials | LedgerKind::Purchase | LedgerKind::Produce => "进货日期",
        LedgerKind::Release | LedgerKind::Sales => "销售日期",
        LedgerKind::Import => "交货日期",
    };
    let partner = match kind {
        LedgerKind::Import => "境外出口商名称",
        kind if kind.is_purchase() => "供货者名称",
        _ => "购货者名称",
    };
    let other = if r.consumer { "消费者".to_owned() } else { r.partner_name };
    let values = [
        ("名称", r.lot.name),
        ("规格", r.lot.spec),
        ("数量", r.quantity.map(|q| q.normalize().to_string())),
        ("单位", r.unit),
        ("批号", r.lot.lot),
        ("生产日期", r.lot.produced),
        ("保质期", r.shelf_life),
        ("商品条码", r.lot.gtin),
        ("检验合格证号", r.certificate),
        ("单据号", r.document),
        ("供货者许可证号", r.licence),
        (date, Some(r.date.to_string())),
        (partner, Some(other)),
    ];
    let values = values.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect();
    Ok(Filled { mends: Some(event), values, ..Filled::default() })
}

/// `POST /firm/records/{kind}/withdraw`: a row that should not be there is declared wrong. Right: capture event, for the own
/// operator.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    let (kind, lang) = (kind_of(&kind)?, viewer.lang());
    let filled = mended(&app, viewer, kind, posted.get("mend")).await?;
    let event = filled.mends.ok_or_else(|| Fault::not_found(&Text::of("台账记录", "row of a ledger")))?;
    let done =
        app.supply.withdraw_row(&context(&app, viewer), &viewer.who, event, posted.get("reason")).await;
    match done {
        Ok(_) => Ok(Redirect::to(&format!("/firm/records?kind={}", kind.word())).into_response()),
        Err(supply::Error::Rows(faults)) => {
            let message =
                ui::message(Tone::Bad, &html! { @for f in &faults { p { (f.message.get(lang)) } } });
            let state = Filled { message, ..filled };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, viewer, kind, state).await?).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

/// `POST /firm/records/{kind}/new`: reads a barcode into the form, or records the row. Right: capture event, for the own
/// operator.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer<Response> {
    let viewer = &posted.viewer;
    let own = operator(viewer)?;
    let kind = kind_of(&kind)?;
    let lang = viewer.lang();
    let values = entered(kind, &posted);
    if posted.get("do") == "read" {
        let state = scanned(&app, viewer, own, kind, posted.get("code"), values).await?;
        let state = Filled { mends: posted.get("mend").parse().ok(), ..state };
        return Ok(page(&app, viewer, kind, state).await?.into_response());
    }
    let cells: Vec<(&str, &str)> =
        values.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.as_str(), v.as_str())).collect();
    // required columns must stand in the header even when nothing was entered
    let mut cells = cells;
    for input in inputs(kind).into_iter().flat_map(|(_, i)| i).filter(|i| i.required) {
        if !cells.iter().any(|(name, _)| *name == input.column) {
            cells.push((input.column, ""));
        }
    }
    if !cells.iter().any(|(name, _)| *name == "单位") {
        cells.push(("单位", ""));
    }
    let place = Some(posted.get("place").to_owned()).filter(|p| !p.is_empty());
    // a row that cannot be told would be recorded a second time instead of mended
    let missing = || Fault::not_found(&Text::of("台账记录", "row of a ledger"));
    let mends = Some(posted.get("mend")).filter(|m| !m.is_empty());
    let mends: Option<Id> = mends.map(str::parse).transpose().map_err(|_| missing())?;
    let options = LedgerOptions { operator: None, place, replaces: mends };
    let done = app.supply.record_row(&context(&app, viewer), &viewer.who, kind, &cells, &options).await;
    match done {
        Ok(outcome) => {
            let message = receipt(lang, kind, &outcome);
            let kept = ["单位", "供货者名称", "购货者名称", "境外出口商名称"];
            let values = values.into_iter().filter(|(k, _)| kept.contains(&k.as_str())).collect();
            let state = Filled { mends: None, values, message, faults: Vec::new() };
            Ok(page(&app, viewer, kind, state).await?.into_response())
        }
        Err(supply::Error::Rows(faults)) => {
            let text =
                lang.pick("有几处需要更正，未记录。", "A few fields need correction; nothing was recorded.");
            let message = ui::message(
                Tone::Bad,
                &html! { p { (text) }
                ul { @for f in &faults { li { (f.column) "：" (f.message.get(lang)) } } } },
            );
            let state = Filled { mends, values, faults, message };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, viewer, kind, state).await?).into_response())
        }
        Err(e @ (supply::Error::Sheet(_) | supply::Error::Refused(_))) => {
            let message = ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) } });
            let state = Filled { mends, values, message, faults: Vec::new() };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, viewer, kind, state).await?).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

fn entered(kind: LedgerKind, posted: &Posted) -> BTreeMap<String, String> {
    let columns = kind.columns().template();
    let known = |name: &str| columns.contains(&name);
    posted.fields.iter().filter(|(k, _)| known(k)).map(|(k, v)| (k.clone(), v.trim().to_owned())).collect()
}

/// The recent rows of the ledger: what is offered again.
async fn recent(app: &App, viewer: &Viewer, own: Id, kind: LedgerKind) -> Answer<Vec<RecordRow>> {
    let to = app.now().china_date();
    let from = to.saturating_sub(jiff::Span::new().days(BACK));
    let query = RecordQuery { operator: own, kind, from, to };
    Ok(app.supply.records(&context(app, viewer), &viewer.who, &query).await?.rows)
}

/// The form with what a barcode says, and what the firm recorded of the product last.
async fn scanned(
    app: &App,
    viewer: &Viewer,
    own: Id,
    kind: LedgerKind,
    code: &str,
    mut values: BTreeMap<String, String>,
) -> Answer<Filled> {
    let lang = viewer.lang();
    let Some(scan) = epcis::ident::scan(code) else {
        let text = lang.pick(
            "没有读出条码：应为 EAN-13 等条码数字、GS1 编码或 GS1 二维码网址，且校验位正确。也可直接填写下面的表格。",
            "No code was read: an EAN or other barcode number, a GS1 element string or a GS1 Digital Link with a right check digit. Or fill in the form below.",
        );
        let message = ui::message(Tone::Bad, &html! { p { (text) } });
        return Ok(Filled { mends: None, values, message, faults: Vec::new() });
    };
    let mut put = |column: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            values.insert(column.to_owned(), value);
        }
    };
    put("商品条码", scan.gtin.clone());
    put("批号", scan.lot.clone());
    put("生产日期", scan.produced.map(|d| d.to_string()));
    put("保质期", scan.expires.map(|d| d.to_string()));
    if let Some(kg) = scan.kilograms.clone() {
        put("数量", Some(kg));
        put("单位", Some("kg".to_owned()));
    }
    let mut name = None;
    if let Some(gtin) = scan.gtin.as_deref() {
        let last = recent(app, viewer, own, kind).await?;
        let last = last.into_iter().find(|r| r.lot.gtin.as_deref() == Some(gtin));
        let product = registry::products_by_gtin(&app.store, &[gtin]).await?.remove(gtin);
        name = product.map(|p| p.name).or_else(|| last.as_ref().and_then(|r| r.lot.name.clone()));
        put("名称", name.clone());
        if let Some(row) = last {
            put("规格", row.lot.spec.clone());
            let partner = if kind == LedgerKind::Import {
                "境外出口商名称"
            } else if kind.is_purchase() {
                "供货者名称"
            } else {
                "购货者名称"
            };
            put(partner, Some(row.partner_name.clone()));
        }
    }
    let read = [scan.gtin.as_deref(), scan.lot.as_deref(), name.as_deref()];
    let read: Vec<&str> = read.into_iter().flatten().collect();
    let message =
        ui::message(Tone::Ok, &html! { p { (lang.pick("已读出：", "Read: ")) (read.join(" · ")) } });
    Ok(Filled { mends: None, values, message, faults: Vec::new() })
}

/// What was recorded, with the way to its proof.
pub(super) fn receipt(lang: Lang, kind: LedgerKind, outcome: &LedgerOutcome) -> Markup {
    let c = &outcome.capture;
    html! {
        (ui::message(Tone::Ok, &html! { p {
            @if c.stored.is_empty() { (lang.pick("这一笔以前已经记录，没有重复。", "This was recorded before; nothing is twice.")) }
            @else { (kind.rule().title().get(lang)) "：" (lang.pick("已记录。", "recorded. "))
                @for e in &c.stored { a href={ "/firm/events/" (e.id) "/receipt.json" } download { (lang.pick("下载回执", "receipt")) } " " } }
            " " a href={ "/firm/captures/" (c.id) } { (lang.pick("采集记录", "the capture")) }
            " · " a href={ "/firm/records?kind=" (kind.word()) } { (lang.pick("查看台账", "the ledger")) }
        } }))
        @if !outcome.notes.is_empty() { (ui::message(Tone::Warn, &html! { ul { @for n in &outcome.notes { li { (n.column) "：" (n.message.get(lang)) } } } })) }
    }
}

async fn page(app: &App, viewer: &Viewer, kind: LedgerKind, state: Filled) -> Answer<Markup> {
    let lang = viewer.lang();
    let own = operator(viewer)?;
    let found = app.supply.directory.operator(own).await.map_err(Fault::internal)?;
    let places: Vec<(String, String)> =
        found.map(|o| o.places).unwrap_or_default().into_iter().map(|p| (p.key, p.name)).collect();
    let rows = recent(app, viewer, own, kind).await?;
    let names: BTreeSet<&str> = rows.iter().filter_map(|r| r.lot.name.as_deref()).take(OFFERED).collect();
    let partners: BTreeSet<&str> =
        rows.iter().map(|r| r.partner_name.as_str()).filter(|n| !n.is_empty()).take(OFFERED).collect();
    let today = app.now().china_date().to_string();
    let value = |column: &str| -> String {
        match state.values.get(column) {
            Some(v) => v.clone(),
            None if column.ends_with("日期") && column != "生产日期" => today.clone(),
            None => String::new(),
        }
    };
    let rule = kind.rule();
    let title = rule.title().get(lang).to_owned();
    let back = format!("/firm/records?kind={}", kind.word());
    Ok(layout::narrow(
        viewer,
        &title,
        &html! {
            (layout::crumbs(&[(&back, lang.pick("台账", "Ledgers")), ("", &title)]))
            h1 { (title) }
            (state.message)
            @if state.mends.is_some() { (ui::message(Tone::Info, &html! { p { (lang.pick("正在补正已记录的一笔：提交后原记录声明有误并保留，以本次填写的为准。已封存的地址和联系方式请重新填写。",
                "You are mending a recorded row: the old one is declared wrong and stays on record, this one takes its place. Sealed address and contact are to be entered again.")) } })) }
            form method="post" action={ "/firm/records/" (kind.word()) "/new" } {
                (layout::csrf(viewer))
                @if let Some(event) = state.mends { input type="hidden" name="mend" value=(event); }
                section.card {
                    (ui::input(&Field { name: "code", label: lang.pick("扫码或输入条码", "Scan or type a code"),
                        hint: lang.pick("商品条码、GS1 编码或二维码网址；读出后自动填写下表", "barcode number, GS1 code or the address in a QR code; it fills in what it says"), ..Field::default() }))
                    div.actions {
                        button.plain name="do" value="read" formnovalidate { (lang.pick("读出", "Read it")) }
                        button.plain type="button" data-scan="code" hidden { (lang.pick("用摄像头扫码", "Scan with the camera")) }
                    }
                }
                @for (heading, part) in inputs(kind) { fieldset { legend { (heading.get(lang)) }
                    @for i in part {
                        @let text = value(i.column);
                        @let mark = mark(lang, kind, i.column);
                        @let list = if i.offers.is_empty() { String::new() } else { format!("offer-{}", i.column) };
                        (ui::input(&Field { name: i.column, label: i.label.get(lang), hint: mark, value: &text, required: i.required, kind: i.kind, list: &list, error: fault_of(lang, &state.faults, i.column), ..Field::default() }))
                        @if !i.offers.is_empty() { (offer(i.column, if i.offers == "names" { &names } else { &partners })) }
                        @if i.column == "数量" && asks_why(&state) { (ui::input(&Field { name: WHY, label: lang.pick("数量属实说明", "Why this quantity is true"), hint: lang.pick("数量确属实时写明原因", "only when the quantity is true"), value: &value(WHY), error: fault_of(lang, &state.faults, WHY), ..Field::default() })) }
                        @if i.column == "数量" { (ui::select(&Field { name: "单位", label: lang.pick("单位", "Unit"), value: &symbol(&value("单位")), error: fault_of(lang, &state.faults, "单位"), ..Field::default() }, &units(lang))) }
                    }
                } }
                @if places.len() > 1 { (ui::select(&Field { name: "place", label: lang.pick("场所", "Place"), ..Field::default() }, &places)) }
                p.soft { (lang.pick("地址和联系方式封存保管，不写入公开记录。", "Address and contact are sealed; no public record holds them.")) }
                button { (if state.mends.is_some() { lang.pick("更正这一笔", "Mend this row") } else { lang.pick("记录", "Record") }) }
            }
            @if let Some(event) = state.mends { section.card { h2 { (lang.pick("撤回", "Withdraw")) }
                p.soft { (lang.pick("这一笔没有发生时撤回：它声明有误，保留在记录中，不再计入台账。", "When it did not take place: it is declared wrong, stays on record and leaves the ledger.")) }
                form method="post" action={ "/firm/records/" (kind.word()) "/withdraw" } { (layout::csrf(viewer))
                    input type="hidden" name="mend" value=(event);
                    (ui::input(&Field { name: "reason", label: lang.pick("撤回原因", "Reason"), required: true, ..Field::default() }))
                    button.danger { (lang.pick("撤回这一笔", "Withdraw this row")) }
                } } }
        },
    ))
}

/// The column that says why a quantity beyond the usual is true.
const WHY: &str = "数量属实说明";

/// Whether the form asks why the quantity is true: once it was doubted.
fn asks_why(state: &Filled) -> bool {
    state.values.get(WHY).is_some_and(|v| !v.is_empty())
        || state.faults.iter().any(|f| f.column == "数量" && f.message.zh.contains(WHY))
}

/// The names offered for a field.
fn offer(column: &str, names: &BTreeSet<&str>) -> Markup {
    html! { @if !names.is_empty() { datalist id={ "offer-" (column) } { @for n in names { option value=(n) {} } } } }
}

/// What the law asks of the field, as its hint.
fn mark(lang: Lang, kind: LedgerKind, column: &str) -> &'static str {
    let id = match column {
        "规格" => "spec",
        "批号" => "lot",
        "保质期" => "shelf_life",
        "地址" => "address",
        "联系方式" => "contact",
        "供货者许可证号" => "licence",
        "检验合格证号" => "certificate",
        _ => return "",
    };
    match kind.rule().field(id).map(|f| f.duty) {
        Some(supply::Duty::Record) => lang.pick("依法应当记录", "the law asks for it"),
        Some(supply::Duty::Check) => lang.pick("依法应当查验", "the law asks to check it"),
        _ => "",
    }
}

fn symbol(text: &str) -> String {
    base::quantity::Unit::parse(text).map_or_else(|_| "kg".to_owned(), |u| u.symbol().to_owned())
}
