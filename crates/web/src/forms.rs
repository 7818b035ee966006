//! Forms of procedures as HTML and back: one field definition gives the input, its label, its hint and its error.

use crate::pages::choices;
use crate::session::{FORM_BYTES, Posted};
use crate::ui;
use access::Principal;
use base::{Lang, Text};
use flow::{Field, FieldError, FieldType, Form};
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

/// Empty rows offered for a repeat group when the form is new.
const NEW_ROWS: usize = 3;

/// What a field for pictures offers to choose from.
pub(crate) const PICTURES: &str = "image/jpeg,image/png,image/webp";
/// What a field for files offers to choose from: the kinds that are kept.
const FILES: &str = "image/jpeg,image/png,image/webp,application/pdf,.docx,.xlsx,.csv,video/mp4";

/// The kinds a field takes and how much of them, said before anything is chosen.
pub(crate) fn accepted(lang: Lang, pictures: bool) -> String {
    let most = FORM_BYTES >> 20;
    match (lang, pictures) {
        (Lang::Zh, true) => format!("JPEG、PNG、WebP 图片；一次提交合计不超过 {most} MB"),
        (Lang::Zh, false) => {
            format!("图片、PDF、Word（docx）、XLSX、CSV 或 MP4 视频，不带宏；一次提交合计不超过 {most} MB")
        }
        (Lang::En, true) => {
            format!("JPEG, PNG or WebP pictures; at most {most} MB in all each time you send the form")
        }
        (Lang::En, false) => format!(
            "Pictures, PDF, Word (docx), XLSX, CSV or MP4 video, without macros; at most {most} MB in all each time you send the form"
        ),
    }
}

/// The inputs of a form. `prefix` keeps the ids of several forms on a page apart, `values` are what was entered before,
/// `faults` what is wrong with them, `unit` the unit of the task item that fields with unit `item` take.
pub(crate) fn fields(
    lang: Lang,
    prefix: &str,
    form: &Form,
    values: &Json,
    faults: &[FieldError],
    unit: &str,
) -> Markup {
    section(lang, prefix, &form.fields, values, faults, unit)
}

fn section(
    lang: Lang,
    prefix: &str,
    all: &[Field],
    values: &Json,
    faults: &[FieldError],
    unit: &str,
) -> Markup {
    html! { @for f in all {
        @let control = match f.kind {
            FieldType::Part => html! { fieldset.part { legend { (f.title.get(lang)) }
                @if let Some(help) = &f.help { p.hint { (help.get(lang)) } }
                (section(lang, prefix, &f.fields, values, faults, unit))
            } },
            _ => field(lang, prefix, f, &f.id, values.get(&f.id), faults, unit),
        };
        // the script shows it with its answer only; without script it stays, and what does not apply is not kept
        @match f.waits_for() {
            Some((name, answer)) => div data-when={ (name) "=" (answer) } { (control) },
            None => (control),
        }
    } }
}

fn field(
    lang: Lang,
    prefix: &str,
    f: &Field,
    name: &str,
    value: Option<&Json>,
    faults: &[FieldError],
    unit: &str,
) -> Markup {
    let id = format!("{prefix}{name}");
    let fault = faults.iter().find(|x| x.field == name).map(|x| x.text.get(lang));
    let text = match value {
        Some(Json::String(s)) => s.clone(),
        Some(Json::Number(n)) => n.to_string(),
        Some(Json::Bool(b)) => b.to_string(),
        _ => String::new(),
    };
    let base = ui::Field {
        name,
        id: &id,
        label: f.title.get(lang),
        hint: f.help.as_ref().map_or("", |h| h.get(lang)),
        value: &text,
        error: fault,
        // a field that depends on others is shown always (no script) but not required by the browser
        required: f.required && f.when.is_none(),
        kind: "",
        autocomplete: None,
        list: "",
    };
    match f.kind {
        FieldType::Text => match f.offer {
            Some(offer) => lookup(lang, &base, offer.word(), None),
            None => ui::input(&base),
        },
        FieldType::Region => region(lang, &base),
        FieldType::Operator => {
            let hint = lang.pick(
                "名称中的一段、拼音首字母、统一社会信用代码或许可证编号",
                "part of the name, pinyin initials, social credit code or licence number",
            );
            let hint = if base.hint.is_empty() { hint } else { base.hint };
            lookup(lang, &ui::Field { hint, ..base }, "operator", value)
        }
        FieldType::Lot => {
            let hint = lang.pick(
                "批号、产品名、扫码内容或 (01)商品条码(10)批号",
                "lot number, name of the product, scanned code or (01)GTIN(10)lot",
            );
            lookup(
                lang,
                &ui::Field { hint: if base.hint.is_empty() { hint } else { base.hint }, ..base },
                "lot",
                value,
            )
        }
        FieldType::Limit => {
            let hint = lang.pick("标准版本/条目", "EDITION/ROW of the standard");
            ui::input(&ui::Field { hint: if base.hint.is_empty() { hint } else { base.hint }, ..base })
        }
        FieldType::Money => {
            let label = format!("{} ({})", base.label, lang.pick("元", "yuan"));
            ui::input(&ui::Field { kind: "decimal", label: &label, ..base })
        }
        FieldType::Multi => {
            let chosen: Vec<&str> =
                value.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
            html! { fieldset class={ "field" @if fault.is_some() { " error" } } {
                legend class=[base.required.then_some("req")] { (base.label) }
                @if !base.hint.is_empty() { p.hint { (base.hint) } }
                @for o in &f.options {
                    label.choice { input type="checkbox" name=(name) value=(o.id) checked[chosen.contains(&o.id.as_str()) || text == o.id]; (o.title.get(lang)) }
                }
                @if let Some(why) = fault { p.why { (why) } }
            } }
        }
        FieldType::Person => {
            let part = |key: &str| value.and_then(|v| v.get(key)).and_then(Json::as_str).unwrap_or_default();
            let (phone, number) = (format!("{name}.phone"), format!("{name}.id_number"));
            let (phone_id, number_id) = (format!("{prefix}{phone}"), format!("{prefix}{number}"));
            html! { fieldset.field { legend class=[base.required.then_some("req")] { (base.label) }
                @if !base.hint.is_empty() { p.hint { (base.hint) } }
                (ui::input(&ui::Field { label: lang.pick("姓名", "Name"), hint: "", value: part("name"), autocomplete: Some("off"), ..base }))
                (ui::input(&ui::Field { name: &phone, id: &phone_id, label: lang.pick("电话", "Phone"), hint: "", value: part("phone"), error: None, required: false, kind: "tel", autocomplete: Some("off"), list: "" }))
                (ui::input(&ui::Field { name: &number, id: &number_id, label: lang.pick("身份证号", "Identity number"), hint: "", value: part("id_number"), error: None, required: false, kind: "", autocomplete: Some("off"), list: "" }))
            } }
        }
        FieldType::Signature => {
            let part = |key: &str| value.and_then(|v| v.get(key)).and_then(Json::as_str).unwrap_or_default();
            let image = format!("{name}.image");
            html! { fieldset.field { legend class=[base.required.then_some("req")] { (base.label) }
                (ui::input(&ui::Field { label: lang.pick("签名人（填写姓名即为签名）", "Signed by (your name is your signature)"), value: part("name"), ..base }))
                @if !part("image").is_empty() { input type="hidden" name=(image) value=(part("image")); }
                div.field { label for={ (id) "-image" } { (lang.pick("手写签名照片（可不传）", "Photo of the written signature (optional)")) }
                    p.hint { (accepted(lang, true)) }
                    input id={ (id) "-image" } name=(image) type="file" accept=(PICTURES) data-shrink="1"; }
            } }
        }
        FieldType::Checklist => checklist(lang, prefix, f, name, value, faults),
        // a part is a section of its form, drawn above
        FieldType::Part => html! {},
        FieldType::LongText => ui::input(&ui::Field { kind: "textarea", ..base }),
        FieldType::Date => ui::input(&ui::Field { kind: "date", ..base }),
        FieldType::Number => {
            let u = match f.unit.as_deref() {
                Some("item") => unit,
                Some(u) => u,
                None => "",
            };
            let label = if u.is_empty() { base.label.to_owned() } else { format!("{} ({u})", base.label) };
            ui::input(&ui::Field { kind: "decimal", label: &label, ..base })
        }
        FieldType::Select => radios(
            lang,
            &base,
            &f.options.iter().map(|o| (o.id.as_str(), o.title.get(lang))).collect::<Vec<_>>(),
        ),
        FieldType::YesNo => {
            radios(lang, &base, &[("true", lang.pick("是", "Yes")), ("false", lang.pick("否", "No"))])
        }
        FieldType::File | FieldType::Photo => {
            html! { div class={ "field" @if fault.is_some() { " error" } } {
                label for=(id) class=[base.required.then_some("req")] { (base.label) }
                @if !base.hint.is_empty() { p.hint { (base.hint) } }
                @if let Some(Json::Array(kept)) = value { @for h in kept.iter().filter_map(Json::as_str) {
                    p.small { a href={ "/files/" (h) } { (lang.pick("已上传 ", "uploaded ")) (h.get(..8).unwrap_or(h)) } }
                    input type="hidden" name=(name) value=(h);
                } }
                @let pictures = f.kind == FieldType::Photo;
                p.hint id={ (id) "-kinds" } { (accepted(lang, pictures)) }
                input id=(id) name=(name) type="file" accept=(if pictures { PICTURES } else { FILES }) aria-describedby={ (id) "-kinds" }
                    data-shrink="1" multiple[f.limit() > 1];
                @if let Some(why) = fault { p.why { (why) } }
            } }
        }
        FieldType::Position => {
            let shown = value.map(|v| {
                format!("{},{}", v["lat"].as_str().unwrap_or_default(), v["lon"].as_str().unwrap_or_default())
            });
            let shown = shown.filter(|s| s.len() > 1).unwrap_or(text.clone());
            html! {
                (ui::input(&ui::Field { value: &shown, hint: if base.hint.is_empty() { lang.pick("纬度,经度", "latitude,longitude") } else { base.hint }, ..base }))
                button.plain type="button" data-geolocate=(id) hidden { (lang.pick("定位", "Locate me")) }
            }
        }
        FieldType::Group => {
            let rows = value.and_then(Json::as_array).cloned().unwrap_or_default();
            let count = (rows.len() + 1).max(NEW_ROWS).min(f.limit());
            html! { fieldset { legend { (base.label) }
                @if !base.hint.is_empty() { p.hint { (base.hint) } }
                @if let Some(why) = fault { p.why { (why) } }
                @for i in 0..count { fieldset { legend { (i + 1) }
                    @for g in &f.fields { (field(lang, prefix, &Field { required: false, ..g.clone() }, &format!("{name}.{}.{}", i + 1, g.id), rows.get(i).and_then(|r| r.get(&g.id)), faults, unit)) }
                } }
            } }
        }
    }
}

/// A region of the province; one below the counties, or of another province, stays as it was entered.
fn region(lang: Lang, f: &ui::Field<'_>) -> Markup {
    let mut all = choices::regions(lang, &Principal::anonymous(), &Text::of("请选择", "Choose"));
    if !all.iter().any(|(code, _)| code == f.value) {
        all.push((f.value.to_owned(), crate::map::region_name(lang, f.value)));
    }
    ui::select(f, &all)
}

/// A field that is looked up (`pages::lookup`): what was typed and, once it was looked up, what it may mean.
pub(crate) fn lookup(lang: Lang, f: &ui::Field<'_>, kind: &str, value: Option<&Json>) -> Markup {
    let part = |key: &str| value.and_then(|v| v.get(key)).and_then(Json::as_str).unwrap_or_default();
    let choices = value.and_then(|v| v.get("choices")).and_then(Json::as_array);
    let typed = if choices.is_some() { part("typed") } else { f.value };
    html! { div.lookup data-lookup=(kind) {
        (ui::input(&ui::Field { value: typed, autocomplete: Some("off"), ..*f }))
        @if let Some(choices) = choices.filter(|c| !c.is_empty()) {
            input type="hidden" name={ (f.name) ".for" } value=(typed);
            fieldset.field { legend { (lang.pick("查到", "Found")) }
                @for c in choices {
                    @let (value, label) = (c["value"].as_str().unwrap_or_default(), c["label"].as_str().unwrap_or_default());
                    label.choice { input type="radio" name={ (f.name) ".pick" } value=(value) checked[value == part("pick")]; (label) }
                }
            }
        }
    } }
}

fn radios(lang: Lang, f: &ui::Field<'_>, options: &[(&str, &str)]) -> Markup {
    if options.len() > 6 {
        let mut all = vec![(String::new(), lang.pick("请选择", "Choose").to_owned())];
        all.extend(options.iter().map(|(v, l)| ((*v).to_owned(), (*l).to_owned())));
        return ui::select(&ui::Field { ..*f }, &all);
    }
    html! { fieldset class={ "field" @if f.error.is_some() { " error" } } {
        legend class=[f.required.then_some("req")] { (f.label) }
        @if !f.hint.is_empty() { p.hint { (f.hint) } }
        @for (value, label) in options {
            label.choice { input type="radio" name=(f.name) value=(value) checked[*value == f.value] required[f.required]; (label) }
        }
        @if let Some(why) = f.error { p.why { (why) } }
    } }
}

/// What was posted, in the shape the engine checks. Files must be uploaded before: `uploaded` maps a field to the hashes
/// of its new files.
pub(crate) fn entry(form: &Form, posted: &Posted, uploaded: &[(String, String)]) -> Json {
    let mut out = Map::new();
    for f in form.leaves() {
        if let Some(v) = read(f, &f.id, posted, uploaded) {
            out.insert(f.id.clone(), v);
        }
    }
    Json::Object(out)
}

fn read(f: &Field, name: &str, posted: &Posted, uploaded: &[(String, String)]) -> Option<Json> {
    match f.kind {
        FieldType::File | FieldType::Photo => {
            let kept =
                posted.fields.iter().filter(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str());
            let new = uploaded.iter().filter(|(k, _)| k == name).map(|(_, h)| h.as_str());
            let hashes: Vec<&str> = kept.chain(new).collect();
            (!hashes.is_empty()).then(|| json!(hashes))
        }
        FieldType::Position => {
            let (lat, lon) = posted.get(name).split_once([',', '，'])?;
            Some(json!({ "lat": lat.trim(), "lon": lon.trim() }))
        }
        FieldType::Group => {
            let mut rows = Vec::new();
            for i in 1..=f.limit() {
                let mut row = Map::new();
                for g in &f.fields {
                    if let Some(v) = read(g, &format!("{name}.{i}.{}", g.id), posted, uploaded) {
                        row.insert(g.id.clone(), v);
                    }
                }
                if !row.is_empty() {
                    rows.push(Json::Object(row));
                }
            }
            (!rows.is_empty()).then_some(Json::Array(rows))
        }
        FieldType::Multi => {
            let chosen =
                posted.fields.iter().filter(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str());
            let chosen: Vec<&str> = chosen.collect();
            (!chosen.is_empty()).then(|| json!(chosen))
        }
        FieldType::Person | FieldType::Signature => {
            let mut out = Map::new();
            let mut put = |key: &str, value: &str| {
                if !value.is_empty() {
                    out.insert(key.to_owned(), json!(value));
                }
            };
            put("name", posted.get(name));
            for key in ["phone", "id_number", "image"] {
                put(key, posted.get(&format!("{name}.{key}")));
            }
            let image = format!("{name}.image");
            if let Some((_, hash)) = uploaded.iter().find(|(k, _)| *k == image) {
                put("image", hash);
            }
            (!out.is_empty()).then_some(Json::Object(out))
        }
        FieldType::Checklist => {
            let mut rows = Vec::new();
            for item in &f.items {
                let at = format!("{name}.{}", item.id);
                let (result, note) = (posted.get(&at), posted.get(&format!("{at}.note")));
                let photos = format!("{at}.photos");
                let kept = posted
                    .fields
                    .iter()
                    .filter(|(k, v)| *k == photos && !v.is_empty())
                    .map(|(_, v)| v.as_str());
                let new = uploaded.iter().filter(|(k, _)| *k == photos).map(|(_, h)| h.as_str());
                let photos: Vec<&str> = kept.chain(new).collect();
                if !result.is_empty() || !note.is_empty() || !photos.is_empty() {
                    rows.push(json!({ "item": item.id, "result": result, "note": note, "photos": photos }));
                }
            }
            (!rows.is_empty()).then_some(Json::Array(rows))
        }
        _ => {
            let text = posted.get(name);
            (!text.is_empty()).then(|| json!(text))
        }
    }
}

/// The number of a question: that of the official table, or its place in the list.
pub(crate) fn number(at: usize, item: &flow::CheckItem) -> String {
    if item.id.starts_with(|c: char| c.is_ascii_digit()) { item.id.clone() } else { (at + 1).to_string() }
}

/// One row of answers an item: a finding opens its note and photos.
fn checklist(
    lang: Lang,
    prefix: &str,
    f: &Field,
    name: &str,
    value: Option<&Json>,
    faults: &[FieldError],
) -> Markup {
    let rows = value.and_then(Json::as_array).cloned().unwrap_or_default();
    html! { fieldset.checklist { legend class=[f.required.then_some("req")] { (f.title.get(lang)) }
        @if let Some(help) = &f.help { p.hint { (help.get(lang)) } }
        p.hint { (lang.pick("照片：", "Photos: ")) (accepted(lang, true)) }
        @if let Some(x) = faults.iter().find(|x| x.field == name) { p.why { (x.text.get(lang)) } }
        @for (n, item) in f.items.iter().enumerate() {
            @let at = format!("{name}.{}", item.id);
            @let row = rows.iter().find(|r| r["item"] == item.id.as_str());
            @let part = |key: &str| row.and_then(|r| r.get(key)).and_then(Json::as_str).unwrap_or_default();
            @let fault = faults.iter().find(|x| x.field == at).map(|x| x.text.get(lang));
            fieldset class={ "field" @if fault.is_some() { " error" } } {
                legend { (number(n, item)) " " (item.title.get(lang)) @if item.key { " " strong { (lang.pick("（重点项）", "(key item)")) } } }
                @if !item.basis.is_empty() { p.hint { @for (k, b) in item.basis.iter().enumerate() { @if k > 0 { (lang.pick("；", "; ")) } (b.document) " " (b.clause)
                    @if b.status != base::clock::Status::Verified { (lang.pick("（待核）", " (unverified)")) } } } }
                @for (code, words) in &flow::RESULTS {
                    label.choice { input type="radio" name=(at) value=(code) checked[part("result") == *code]; (words.get(lang)) }
                }
                details open[!part("note").is_empty() || fault.is_some()] { summary { (lang.pick("发现的问题、照片", "Finding, photos")) }
                    label for={ (prefix) (at) "-note" } { (lang.pick("说明", "Note")) }
                    textarea id={ (prefix) (at) "-note" } name={ (at) ".note" } rows="2" { (part("note")) }
                    @for h in row.and_then(|r| r.get("photos")).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
                        input type="hidden" name={ (at) ".photos" } value=(h);
                    }
                    label for={ (prefix) (at) "-photos" } { (lang.pick("照片", "Photos")) }
                    input id={ (prefix) (at) "-photos" } name={ (at) ".photos" } type="file" accept=(PICTURES) data-shrink="1" multiple;
                }
                @if let Some(why) = fault { p.why { (why) } }
            }
        }
    } }
}
