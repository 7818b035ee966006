//! The sampler's pages, made for a phone: my places, what is on sale, the sampling form, nothing taken.

use super::{class_name, tabs};
use crate::fault::{Answer, Fault};
use crate::layout::{self, Viewer};
use crate::map::region_name;
use crate::pages::choices;
use crate::session::{Posted, PostedSignedIn, SignedIn, context};
use crate::state::App;
use crate::ui::{self, Field, ListLinks, Tone};
use crate::uploads;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use base::{Id, Lang, Text};
use lab::{DrawTarget, Error, FormFields, NewForm, REASONS, RecusalGround, TargetState};
use maud::{Markup, html};
use std::sync::Arc;

const PLACE: Text = Text::of("抽样场所", "place drawn");

/// How a place's state is meant, with the reason when nothing was taken.
pub(super) fn state_badge(lang: Lang, t: &DrawTarget) -> Markup {
    let tone = match t.state {
        TargetState::Waiting => Tone::Warn,
        TargetState::Sampled => Tone::Ok,
        TargetState::NotSampled => Tone::Idle,
    };
    html! {
        (ui::badge(tone, t.state.label().get(lang)))
        @if let Some((word, note)) = t.reason.as_deref().and_then(|r| r.split_once('|')) {
            @let label = REASONS.iter().find(|(w, _)| *w == word).map(|(_, l)| l.get(lang));
            div.small.soft { (label.unwrap_or(word)) @if !note.is_empty() { "：" (note) } }
        }
        @if let Some(s) = t.sample { " " a href={ "/desk/samples/" (s) } { (lang.pick("样品", "sample")) } }
    }
}

/// `GET /desk/sampling/mine`. Right: view sample.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    RawQuery(raw): RawQuery,
) -> Answer<Markup> {
    let lang = viewer.lang();
    let links = ListLinks::read("/desk/sampling/mine", raw.as_deref(), "");
    let state = match links.get("state") {
        Some("all") => None,
        Some(word) => TargetState::read(word),
        None => Some(TargetState::Waiting),
    };
    let after = links.get("after");
    let page =
        app.lab.targets(&app.store, &viewer.who, app.now(), None, true, state, None, after, 50).await?;
    let title = lang.pick("我的抽样", "My places");
    let states: Vec<(String, String)> =
        std::iter::once(("all".to_owned(), choices::ALL.get(lang).to_owned()))
            .chain(TargetState::ALL.iter().map(|s| (s.word().to_owned(), s.label().get(lang).to_owned())))
            .collect();
    Ok(layout::narrow(
        &viewer,
        title,
        &html! {
            (tabs(lang, "/desk/sampling/mine"))
            h1 { (title) }
            form.filters method="get" {
                (ui::select(&Field { name: "state", label: lang.pick("状态", "State"), value: links.get("state").unwrap_or("waiting"), ..Field::default() }, &states))
                button { (lang.pick("查看", "Show")) }
            }
            @if page.rows.is_empty() { (ui::empty(lang.pick("没有待抽样的场所", "No place to visit"), lang.pick("随机抽取派到您的场所会出现在这里。", "Places the draw sends you to appear here."))) }
            ul.tasks { @for t in &page.rows { li {
                h3 { a href={ "/desk/sampling/targets/" (t.id) } { (t.label) } }
                p { (class_name(lang, &t.class)) " · " (region_name(lang, &t.region)) @if let Some(d) = t.until { " · " (lang.pick("期限 ", "until ")) (d) } }
                p { (state_badge(lang, t)) }
            } } }
            (ui::pager(lang, &links, page.rows.len(), None, page.next.as_deref(), false))
        },
    ))
}

/// `GET /desk/sampling/targets/{id}`. Right: view sample.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(viewer): SignedIn,
    Path(id): Path<String>,
) -> Answer<Markup> {
    let posted = Posted { viewer, fields: Vec::new(), files: Vec::new() };
    page(&app, &posted, &id, None).await
}

async fn page(app: &App, posted: &Posted, id: &str, error: Option<&Error>) -> Answer<Markup> {
    let viewer = &posted.viewer;
    let lang = viewer.lang();
    let id: Id = id.parse().map_err(|_| Fault::not_found(&PLACE))?;
    let t = app.lab.target(&app.store, &viewer.who, app.now(), id).await?;
    let mine = t.samplers.contains(&viewer.who.account);
    let chosen = t.chosen.and_then(|c| t.products.get(c));
    Ok(layout::narrow(
        viewer,
        &t.label,
        &html! {
            (layout::crumbs(&[("/desk/sampling/mine", lang.pick("我的抽样", "My places")), ("", &t.label)]))
            h1 { (t.label) }
            @if let Some(e) = error { (ui::message(Tone::Bad, &html! { p { (e.text().get(lang)) }
                @if let Error::Invalid(problems) = e { ul { @for p in problems { li { (p.label.get(lang)) "：" (p.message.get(lang)) } } } } })) }
            p { (class_name(lang, &t.class)) " · " (region_name(lang, &t.region)) " · " a href={ "/desk/operators/" (t.operator) } { (lang.pick("主体档案", "register")) }
                " · " a href={ "/desk/sampling/draws/" (t.draw) } { (lang.pick("抽取记录", "draw")) } }
            p { (state_badge(lang, &t)) }
            @if t.state == TargetState::Waiting && t.chosen.is_none() { (aside(viewer, &t, mine)) }
            @if t.state == TargetState::Waiting && !mine { (ui::message(Tone::Info, &html! { p { (lang.pick("该处由随机抽取的两名抽样人员办理。", "Two samplers were drawn for this place; it is theirs.")) } })) }
            @if t.state == TargetState::Waiting && mine {
                @match chosen {
                    None => (products(viewer, &t, posted)),
                    Some(product) => {
                        (ui::message(Tone::Ok, &html! { p { (lang.pick("随机选定的产品：", "Picked at random: ")) strong { (product) } " (" (t.chosen.unwrap_or(0) + 1) " / " (t.products.len()) ")" } }))
                        (form(viewer, &t, product, posted, error))
                    }
                }
                (missed(viewer, &t))
            }
        },
    ))
}

fn products(viewer: &Viewer, t: &DrawTarget, posted: &Posted) -> Markup {
    let lang = viewer.lang();
    html! { section.card { h2 { "1. " (lang.pick("登记在售产品，随机选一种", "List what is on sale; one is picked at random")) }
        p.soft { (lang.pick("出示抽样通知书和证件后，逐行填写在售的该类产品。只登记一次，由抽取种子选定，不能重选。", "After showing notice and papers, list the products of the class, one a line. Once only: the seed of the draw picks one.")) }
        form method="post" action={ "/desk/sampling/targets/" (t.id) "/products" } { (layout::csrf(viewer))
            (ui::input(&Field { name: "products", label: lang.pick("在售产品（每行一种）", "Products on sale, one a line"), value: posted.get("products"), kind: "textarea", required: true, ..Field::default() }))
            button { (lang.pick("登记并随机选定", "Write down and pick")) }
        }
    } }
}

fn missed(viewer: &Viewer, t: &DrawTarget) -> Markup {
    let lang = viewer.lang();
    html! { details.card { summary { (lang.pick("未能抽样", "Nothing can be taken")) }
        form method="post" action={ "/desk/sampling/targets/" (t.id) "/missed" } { (layout::csrf(viewer))
            @for (word, label) in &REASONS { label.choice { input type="radio" name="reason" value=(word) required; (label.get(lang)) } }
            (ui::input(&Field { name: "note", label: lang.pick("说明（拒绝抽样须写明经过和见证人）", "Note (a refusal: what happened, and the witness)"), kind: "textarea", ..Field::default() }))
            button.plain { (lang.pick("记录未抽到", "Record it")) }
        }
    } }
}

/// The fields of the form: name, Chinese, English, input type, required.
const SAMPLE: [(&str, &str, &str, &str, bool); 9] = [
    ("food", "判定名称", "Judged as", "", true),
    ("product_name", "样品名称（标签）", "Name on the label", "", false),
    ("gtin", "商品条码", "GTIN", "", false),
    ("lot_no", "批号", "Lot number", "", false),
    ("produced", "生产日期", "Produced", "date", false),
    ("producer_name", "标称生产者", "Producer as labelled", "", false),
    ("producer_uscc", "生产者信用代码", "Producer's credit code", "", false),
    ("trademark", "商标", "Trade mark", "", false),
    ("spec", "规格型号", "Size", "", false),
];
const TAKEN: [(&str, &str, &str, &str, bool); 10] = [
    ("quantity", "抽样数量", "Quantity", "decimal", true),
    ("backup", "备份样品数量", "Backup quantity", "decimal", true),
    ("unit", "数量单位", "Unit", "", true),
    ("base_qty", "抽样基数（含单位）", "Quantity there, with unit", "", false),
    ("unit_price", "单价（元）", "Unit price, yuan", "decimal", false),
    ("paid", "支付样品费（元）", "Paid, yuan", "decimal", true),
    ("pay_method", "支付方式", "How it was paid", "", false),
    ("seal_no", "封条编号", "Seal number", "", true),
    ("storage", "储存条件", "Storage", "", false),
    ("expires", "保质期至", "Best before", "date", false),
];
const UNIT: [(&str, &str, &str, &str, bool); 5] = [
    ("address", "被抽样单位地址", "Address", "", false),
    ("licence_no", "许可证号", "Licence number", "", false),
    ("standard", "执行标准", "Standard of the product", "", false),
    ("online", "网络抽样：平台、账号、订单号", "On line: platform, account, order", "", false),
    ("contact", "联系人及电话（加密保存）", "Contact and telephone (kept sealed)", "", false),
];

fn form(viewer: &Viewer, t: &DrawTarget, product: &str, posted: &Posted, error: Option<&Error>) -> Markup {
    let lang = viewer.lang();
    let fresh = posted.fields.is_empty();
    let why = |name: &str| match error {
        Some(Error::Invalid(problems)) => {
            problems.iter().find(|p| p.field == name).map(|p| p.message.get(lang))
        }
        _ => None,
    };
    let value = |name: &str| -> String {
        match name {
            "food" | "product_name" if fresh => product.to_owned(),
            _ => posted.get(name).to_owned(),
        }
    };
    let part = |fields: &[(&str, &'static str, &'static str, &str, bool)]| {
        html! { @for (name, zh, en, kind, required) in fields {
            @let shown = value(name);
            @let field = Field { name, label: lang.pick(zh, en), value: &shown, kind, required: *required, error: why(name), ..Field::default() };
            @if *name == "product_name" { (crate::forms::lookup(lang, &field, "product", None)) } @else { (ui::input(&field)) }
        } }
    };
    let ticked = |name: &str| posted.get(name) == "1";
    html! { section.card { h2 { "2. " (lang.pick("抽样单", "Sampling form")) }
        p.soft { (lang.pick("编号按规则自动生成。扫描商品二维码（GS1 数字链接）可自动带出条码和批号。", "The number is given by rule. A scanned GS1 Digital Link brings GTIN and lot along.")) }
        form method="post" action={ "/desk/sampling/targets/" (t.id) "/take" } enctype="multipart/form-data" data-once="1" { (layout::csrf(viewer))
            fieldset { legend { (lang.pick("样品", "The sample")) }
                (ui::input(&Field { name: "item", label: lang.pick("扫码内容", "Scanned code"), hint: "https://id.gs1.org/01/…/10/…", value: posted.get("item"), ..Field::default() }))
                (part(&SAMPLE))
                label.choice { input type="checkbox" name="prepackaged" value="1" checked[fresh || ticked("prepackaged")]; (lang.pick("预包装食品", "prepackaged food")) }
            }
            fieldset { legend { (lang.pick("抽样与封样", "Taking and sealing")) } (part(&TAKEN)) }
            fieldset { legend { (lang.pick("被抽样单位", "Place sampled")) } (part(&UNIT)) }
            fieldset { legend { (lang.pick("现场", "On the spot")) }
                label.choice { input type="checkbox" name="notice_shown" value="1" checked[ticked("notice_shown")]; (lang.pick("已出示抽样通知书和有效证件", "notice and identity papers were shown")) }
                @if let Some(w) = why("notice_shown") { p.why { (w) } }
                label.choice { input type="checkbox" name="signed" value="1" checked[ticked("signed")]; (lang.pick("被抽样单位已签字确认", "the form was signed")) }
                div.field { label for="photos" { (lang.pick("照片：现场、样品、封条", "Photos: place, sample, seal")) }
                    p.hint { (crate::forms::accepted(lang, true)) }
                    input id="photos" name="photos" type="file" accept=(crate::forms::PICTURES) data-shrink="1" multiple; }
                (ui::input(&Field { name: "position", label: lang.pick("位置", "Position"), hint: lang.pick("纬度,经度", "latitude,longitude"), value: posted.get("position"), ..Field::default() }))
                button.plain type="button" data-geolocate="position" hidden { (lang.pick("定位", "Locate me")) }
                (ui::input(&Field { name: "note", label: lang.pick("备注（拒签、无备份须说明）", "Note (not signed, no backup: why)"), value: posted.get("note"), kind: "textarea", error: why("note"), ..Field::default() }))
            }
            button { (lang.pick("完成抽样并封样", "Take and seal the sample")) }
        }
    } }
}

/// Standing aside: for one of the two, or for who decides.
fn aside(viewer: &crate::layout::Viewer, t: &DrawTarget, mine: bool) -> Markup {
    let lang = viewer.lang();
    let who: Vec<(String, String)> = if mine {
        vec![(viewer.who.account.to_string(), lang.pick("本人", "myself").to_owned())]
    } else {
        t.samplers.iter().map(|s| (s.to_string(), s.to_string())).collect()
    };
    html! { details { summary { (lang.pick("回避（由随机排定的下一人顶替）", "Stand aside (the next in the random order goes instead)")) }
        form method="post" action={ "/desk/sampling/targets/" (t.id) "/aside" } { (layout::csrf(viewer))
            (ui::select(&Field { name: "sampler", label: lang.pick("回避人员", "Who stands aside"), ..Field::default() }, &who))
            (ui::select(&Field { name: "ground", label: lang.pick("事由", "Ground"), ..Field::default() },
                &RecusalGround::ALL.iter().map(|g| (g.word().to_owned(), g.label().get(lang).to_owned())).collect::<Vec<_>>()))
            button.plain { (lang.pick("登记回避", "Stand aside")) }
        }
    } }
}

/// The posted form. A scanned Digital Link gives GTIN and lot where they were not typed.
fn read(posted: &Posted, photos: Vec<String>) -> Result<NewForm, Error> {
    let get = |name: &str| posted.get(name).to_owned();
    let some = |name: &str| Some(posted.get(name).to_owned()).filter(|t| !t.is_empty());
    let scanned = some("item").map(|text| epcis::ident::item_key(&text));
    let gtin = scanned.as_ref().and_then(|k| k.gtin().map(ToOwned::to_owned));
    let lot = scanned.as_ref().and_then(|k| k.lot().map(std::borrow::Cow::into_owned));
    let item = scanned.filter(|k| k.kind == epcis::ident::ItemKind::Lot).map(|k| k.uri);
    let position =
        posted.get("position").split_once(',').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned()));
    Ok(NewForm {
        food: get("food"),
        product_name: get("product_name"),
        gtin: some("gtin").or(gtin),
        lot_no: some("lot_no").or(lot),
        item,
        producer_name: get("producer_name"),
        producer_uscc: some("producer_uscc"),
        produced: crate::pages::lab::day(posted, "produced", Text::of("生产日期", "Produced"))?,
        prepackaged: posted.get("prepackaged") == "1",
        base_qty: some("base_qty"),
        contact: get("contact"),
        fields: FormFields {
            address: get("address"),
            licence_no: get("licence_no"),
            trademark: get("trademark"),
            spec: get("spec"),
            standard: get("standard"),
            storage: get("storage"),
            expires: crate::pages::lab::day(posted, "expires", Text::of("保质期至", "Best before"))?,
            quantity: get("quantity"),
            backup: get("backup"),
            unit: get("unit"),
            unit_price: get("unit_price"),
            paid: get("paid"),
            pay_method: get("pay_method"),
            seal_no: get("seal_no"),
            notice_shown: posted.get("notice_shown") == "1",
            signed: posted.get("signed") == "1",
            online: get("online"),
            position,
            photos,
            note: get("note"),
            ..FormFields::default()
        },
    })
}

/// `POST /desk/sampling/targets/{id}/{action}`. Right: act (products, missed) or create (take) sample.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path((id, action)): Path<(String, String)>,
    PostedSignedIn(posted): PostedSignedIn,
) -> Answer {
    let viewer = &posted.viewer;
    let target: Id = id.parse().map_err(|_| Fault::not_found(&PLACE))?;
    let cx = context(&app, viewer);
    let photos: Vec<_> = posted.files.iter().filter(|f| f.field == "photos").take(12).collect();
    uploads::admit(&app, &viewer.who, photos.iter().map(|f| f.bytes.len()).sum()).await?;
    let mut kept = Vec::new();
    for photo in photos {
        kept.push(uploads::keep(&app, "photos", photo.bytes.to_vec()).await?);
    }
    let mut tx = app.store.begin().await?;
    let (t, lab, who) = (&mut tx, &app.lab, &viewer.who);
    let done: Result<Option<Id>, Error> = match action.as_str() {
        "products" => {
            let products = posted.get("products").lines().map(ToOwned::to_owned).collect();
            lab.list_products(t, &cx, who, target, products).await.map(|_| None)
        }
        "aside" => {
            let ground = RecusalGround::read(posted.get("ground")).unwrap_or(RecusalGround::Other);
            let sampler = posted.get("sampler").parse().unwrap_or(who.account);
            lab.stand_aside(t, &cx, who, target, sampler, ground).await.map(|_| None)
        }
        "missed" => lab
            .miss_target(t, &cx, who, target, posted.get("reason"), posted.get("note"))
            .await
            .map(|()| None),
        "take" => {
            let mut photos = Vec::new();
            for k in &kept {
                photos.push(app.attachments.record(t, k, cx.now).await?.sha256);
            }
            match read(&posted, photos) {
                Ok(form) => lab.take_sample(t, &cx, who, target, form).await.map(|s| Some(s.id)),
                Err(e) => Err(e),
            }
        }
        _ => return Err(Fault::not_found(&Text::of("操作", "action"))),
    };
    match done {
        Ok(sample) => {
            tx.commit().await?;
            let to = sample
                .map_or_else(|| format!("/desk/sampling/targets/{target}"), |s| format!("/desk/samples/{s}"));
            Ok(Redirect::to(&to).into_response())
        }
        Err(e @ Error::Invalid(_)) => {
            tx.rollback().await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, &posted, &id, Some(&e)).await?).into_response())
        }
        Err(e) => Err(e.into()),
    }
}
