//! What was entered in a form, for reading: each value under the name its form gives it, in words.

use crate::forms::number;
use crate::map::region_name;
use base::{Id, Lang, Text};
use flow::{Field, FieldType, FileView, Form};
use maud::{Markup, html};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashMap};

/// What the values of a form are read with.
pub(crate) struct Entered<'a> {
    pub(crate) lang: Lang,
    /// Unit of the task item a number with unit `item` counts in.
    pub(crate) unit: &'a str,
    /// The files it may name.
    pub(crate) files: &'a BTreeMap<String, FileView>,
    /// The operators it may name.
    pub(crate) operators: &'a HashMap<Id, Text>,
}

/// Operators that values of fields of that type name.
pub(crate) fn operators_in<'a>(form: &'a Form, body: &'a Map<String, Json>) -> impl Iterator<Item = Id> + 'a {
    let named = form.leaves().into_iter().filter(|f| f.kind == FieldType::Operator);
    named.filter_map(|f| body.get(&f.id)?.as_str()?.parse().ok())
}

impl Entered<'_> {
    /// The fields that were filled, in the order of the form; what the form no longer has stands at the end by its bare name.
    pub(crate) fn all(&self, form: Option<&Form>, body: &Map<String, Json>) -> Markup {
        let fields = form.map(Form::leaves).unwrap_or_default();
        let strange = body.iter().filter(|(name, _)| fields.iter().all(|f| f.id != **name));
        html! { dl.facts {
            @for f in &fields { @if let Some(v) = body.get(&f.id).filter(|v| !v.is_null()) {
                dt { (f.title.get(self.lang)) } dd { (self.value(f, v)) }
            } }
            @for (name, v) in strange { dt { (name) } dd { @if v.get("sealed").is_some() { (self.sealed()) } @else { (plain(v)) } } }
        } }
    }

    fn sealed(&self) -> Markup {
        html! { span.soft { (self.lang.pick("已封存，承办人员可见", "sealed: shown to those who work on the matter")) } }
    }

    /// A file as a link, a picture as itself.
    fn file(&self, sha256: &str, n: usize) -> Markup {
        let lang = self.lang;
        let known = self.files.get(sha256);
        html! { a href={ "/files/" (sha256) } {
            @match known {
                Some(f) if f.media_type.starts_with("image/") => img src={ "/files/" (sha256) } alt={ (lang.pick("图片 ", "Picture ")) (n) } loading="lazy" style="max-width:12rem";,
                Some(f) => { (lang.pick("附件 ", "File ")) (n) (lang.pick("（", " (")) (kind(&f.media_type)) ", " (size(f.size)) (lang.pick("）", ")")) },
                None => { (lang.pick("附件 ", "File ")) (n) },
            }
        } " " }
    }

    fn value(&self, f: &Field, v: &Json) -> Markup {
        let lang = self.lang;
        if v.get("sealed").is_some() {
            return self.sealed();
        }
        let part = |key: &str| v.get(key).and_then(Json::as_str).unwrap_or_default();
        let choice = |code: &str| {
            let known = f.options.iter().find(|o| o.id == code);
            known.map_or_else(|| code.to_owned(), |o| o.title.get(lang).to_owned())
        };
        let rows = || v.as_array().into_iter().flatten();
        match f.kind {
            FieldType::Money => html! { (plain(v)) " " (lang.pick("元", "yuan")) },
            FieldType::Multi => {
                let chosen: Vec<String> = rows().filter_map(Json::as_str).map(choice).collect();
                html! { (chosen.join(lang.pick("、", ", "))) }
            }
            FieldType::Select => html! { (choice(&plain(v))) },
            FieldType::Region => html! { (region_name(lang, &plain(v))) },
            FieldType::Operator => {
                let known = plain(v).parse().ok().and_then(|id: Id| self.operators.get(&id));
                html! { @match known { Some(name) => (name.get(lang)), None => (plain(v)) } }
            }
            FieldType::Person => html! { (part("name")) @if !part("phone").is_empty() { " " (part("phone")) }
            @if let Ok(number) = part("id_number").parse::<base::PersonId>() { " " (number.masked()) } },
            FieldType::Signature => {
                html! { (part("name")) @if !part("image").is_empty() { " " (self.file(part("image"), 1)) } }
            }
            FieldType::Checklist => self.checklist(f, v),
            FieldType::YesNo => {
                html! { (if v.as_bool() == Some(true) { lang.pick("是", "yes") } else { lang.pick("否", "no") }) }
            }
            FieldType::Number => {
                let unit = match f.unit.as_deref() {
                    Some("item") => self.unit,
                    other => other.unwrap_or_default(),
                };
                html! { (plain(v)) " " (unit) }
            }
            FieldType::File | FieldType::Photo => {
                html! { @for (n, h) in rows().filter_map(Json::as_str).enumerate() { (self.file(h, n + 1)) } }
            }
            FieldType::Position => html! { (part("lat")) ", " (part("lon")) },
            FieldType::Group => html! { ol { @for row in rows() { li {
                @for g in &f.fields { @if let Some(x) = row.get(&g.id) { (g.title.get(lang)) (lang.pick("：", ": ")) (self.value(g, x)) "　" } }
            } } } },
            FieldType::LongText => html! { span style="white-space:pre-wrap" { (plain(v)) } },
            _ => html! { (plain(v)) },
        }
    }

    /// What does not conform, with its note and photos; of what does, how many.
    fn checklist(&self, f: &Field, v: &Json) -> Markup {
        let lang = self.lang;
        let rows = || v.as_array().into_iter().flatten();
        html! {
            ul { @for row in rows().filter(|r| r["result"] != "pass") { li {
                @let item = row["item"].as_str().unwrap_or_default();
                @if let Some((n, i)) = f.items.iter().enumerate().find(|(_, i)| i.id == item) { (number(n, i)) " " (i.title.get(lang)) (lang.pick("：", ": ")) }
                @if let Some((_, words)) = flow::RESULTS.iter().find(|(code, _)| row["result"] == *code) { (words.get(lang)) }
                @if let Some(note) = row["note"].as_str() { " — " (note) }
                @for (n, h) in row["photos"].as_array().into_iter().flatten().filter_map(Json::as_str).enumerate() { " " (self.file(h, n + 1)) }
            } } }
            p.soft { (rows().filter(|r| r["result"] == "pass").count()) " " (lang.pick("项符合", "item(s) conform")) }
        }
    }
}

fn plain(v: &Json) -> String {
    v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned)
}

/// A media type as people call it.
fn kind(media: &str) -> &str {
    match media.rsplit('/').next().unwrap_or(media) {
        "pdf" => "PDF",
        "mp4" => "MP4",
        "csv" => "CSV",
        m if m.ends_with("wordprocessingml.document") => "DOCX",
        m if m.ends_with("spreadsheetml.sheet") => "XLSX",
        other => other,
    }
}

/// Bytes in the unit people read.
fn size(bytes: i64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}
