//! Forms of procedures as HTML and back: one field definition gives the input, its label, its hint and its error.

use crate::session::Posted;
use crate::ui;
use base::Lang;
use flow::{Field, FieldError, FieldType, Form};
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

/// Empty rows offered for a repeat group when the form is new.
const NEW_ROWS: usize = 3;

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
    html! { @for f in &form.fields {
        @let control = field(lang, prefix, f, &f.id, values.get(&f.id), faults, unit);
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
        FieldType::Text | FieldType::Region => ui::input(&base),
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
        FieldType::File => html! { div class={ "field" @if fault.is_some() { " error" } } {
            label for=(id) class=[base.required.then_some("req")] { (base.label) }
            @if !base.hint.is_empty() { p.hint { (base.hint) } }
            @if let Some(Json::Array(kept)) = value { @for h in kept.iter().filter_map(Json::as_str) {
                p.small { a href={ "/files/" (h) } { (lang.pick("已上传 ", "uploaded ")) (&h[..h.len().min(8)]) } }
                input type="hidden" name=(name) value=(h);
            } }
            input id=(id) name=(name) type="file" accept="image/jpeg,image/png,image/webp,application/pdf" capture="environment" data-shrink="1" multiple[f.limit() > 1];
            @if let Some(why) = fault { p.why { (why) } }
        } },
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
                    @for g in &f.fields { (field(lang, prefix, &Field { required: false, ..g.clone() }, &format!("{name}.{i}.{}", g.id), rows.get(i).and_then(|r| r.get(&g.id)), faults, unit)) }
                } }
            } }
        }
    }
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
    for f in &form.fields {
        if let Some(v) = read(f, &f.id, posted, uploaded) {
            out.insert(f.id.clone(), v);
        }
    }
    Json::Object(out)
}

fn read(f: &Field, name: &str, posted: &Posted, uploaded: &[(String, String)]) -> Option<Json> {
    match f.kind {
        FieldType::File => {
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
            for i in 0..f.limit() {
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
        _ => {
            let text = posted.get(name);
            (!text.is_empty()).then(|| json!(text))
        }
    }
}

/// A checked entry as name–value pairs, for reading.
pub(crate) fn shown(lang: Lang, form: &Form, values: &Json, unit: &str) -> Markup {
    html! { dl.facts { @for f in &form.fields { @if let Some(v) = values.get(&f.id).filter(|v| !v.is_null()) {
        dt { (f.title.get(lang)) } dd { (value(lang, f, v, unit)) }
    } } } }
}

fn value(lang: Lang, f: &Field, v: &Json, unit: &str) -> Markup {
    match f.kind {
        FieldType::YesNo => {
            html! { (if v.as_bool() == Some(true) { lang.pick("是", "yes") } else { lang.pick("否", "no") }) }
        }
        FieldType::Select => {
            let code = v.as_str().unwrap_or_default();
            html! { (f.options.iter().find(|o| o.id == code).map_or(code, |o| o.title.get(lang))) }
        }
        FieldType::Number => {
            let u = match f.unit.as_deref() {
                Some("item") => unit,
                Some(u) => u,
                None => "",
            };
            html! { (v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned)) " " (u) }
        }
        FieldType::File => html! { @for h in v.as_array().into_iter().flatten().filter_map(Json::as_str) {
            a href={ "/files/" (h) } { img src={ "/files/" (h) } alt=(lang.pick("现场照片", "photograph")) loading="lazy" style="max-width:12rem"; }
        } },
        FieldType::Position => {
            html! { (v["lat"].as_str().unwrap_or_default()) ", " (v["lon"].as_str().unwrap_or_default()) }
        }
        FieldType::Group => html! { ol { @for row in v.as_array().into_iter().flatten() { li {
            @for g in &f.fields { @if let Some(x) = row.get(&g.id) { (g.title.get(lang)) "：" (value(lang, g, x, unit)) "　" } }
        } } } },
        _ => html! { (v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned)) },
    }
}
