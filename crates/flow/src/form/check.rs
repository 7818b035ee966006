//! Checks an entry against its form.

use super::{Field, FieldType, Form, Lift, OPENED, STATE};
use crate::guards::Guards;
use base::{Decimal, Text};
use serde_json::{Map, Value as Json, json};

/// Most characters of a finding.
const NOTE: usize = 1000;

/// What is wrong with one field of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field: `found`, `rows.2.place`.
    pub field: String,
    /// Its name on screen.
    pub title: Text,
    /// What is wrong and what to do.
    pub text: Text,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// An entry that passed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Entry {
    /// Normalised values.
    pub(crate) body: Map<String, Json>,
    /// Values for the journal's leaf.
    pub(crate) open: Map<String, Json>,
    /// Personal data.
    pub(crate) private: Map<String, Json>,
}

impl Entry {
    /// Quantity of the field that feeds a column, in whole millionths.
    pub(crate) fn quantity(&self, form: &Form, lift: Lift) -> Option<i64> {
        let text = self.lifted(form, lift)?.as_str()?;
        text.parse::<Decimal>().ok().and_then(rule::micro)
    }

    /// Value of the field that feeds a column.
    pub(crate) fn lifted(&self, form: &Form, lift: Lift) -> Option<&Json> {
        form.leaves().into_iter().find(|f| f.lift == Some(lift)).and_then(|f| self.body.get(&f.id))
    }
}

impl Form {
    /// Every file of a checked entry, with its field.
    pub(crate) fn files<'a>(&'a self, body: &'a Map<String, Json>) -> Vec<(&'a Field, &'a str)> {
        let mut found = Vec::new();
        for field in self.leaves() {
            collect_files(field, body.get(&field.id), &mut found);
        }
        found
    }

    /// Checks and normalises an entry; `context` holds `facts` and `item` for the conditions.
    pub(crate) fn check(
        &self,
        guards: &Guards,
        input: &Json,
        context: &Json,
    ) -> Result<Entry, Vec<FieldError>> {
        let empty = Map::new();
        let input = match input {
            Json::Object(map) => map,
            Json::Null => &empty,
            _ => {
                let text = Text::of("表单应为字段与值", "a form holds fields and values");
                return Err(vec![FieldError { field: self.id.clone(), title: self.title.clone(), text }]);
            }
        };
        let mut errors = unknown(&self.leaves(), input, "");
        let mut entry = Entry::default();
        let mut scope = context.clone();
        self.section(guards, &self.fields, input, &mut scope, &mut entry, &mut errors);
        if errors.is_empty() {
            scope["form"] = Json::Object(entry.body.clone());
            for (n, check) in self.checks.iter().enumerate() {
                let holds = guards.holds(&format!("form.{}.check.{n}", self.id), &scope);
                if holds != Ok(Some(true)) {
                    let title =
                        self.field(&check.field).map_or_else(|| self.title.clone(), |f| f.title.clone());
                    errors.push(FieldError {
                        field: check.field.clone(),
                        title,
                        text: check.message.clone(),
                    });
                }
            }
        }
        if errors.is_empty() { Ok(entry) } else { Err(errors) }
    }

    /// Reads the fields of the form or of a part of it.
    fn section(
        &self,
        guards: &Guards,
        fields: &[Field],
        input: &Map<String, Json>,
        scope: &mut Json,
        entry: &mut Entry,
        errors: &mut Vec<FieldError>,
    ) {
        for field in fields {
            scope["form"] = Json::Object(entry.body.clone());
            let shown = guards.holds(&format!("form.{}.{}.when", self.id, field.id), scope);
            match shown {
                Err(e) => errors.push(error(
                    field,
                    "",
                    Text::new(format!("显示条件无法判断：{e}"), format!("its condition fails: {e}")),
                )),
                Ok(Some(false)) => {}
                Ok(_) if field.kind == FieldType::Part => {
                    self.section(guards, &field.fields, input, scope, entry, errors);
                }
                Ok(_) => {
                    if let Some(value) = take(field, input.get(&field.id), "", errors) {
                        errors.extend(field.misplaced(&value, scope).map(|text| error(field, "", text)));
                        let (open, private) = (&mut entry.open, &mut entry.private);
                        if field.is_private() { private } else { open }
                            .insert(field.id.clone(), value.clone());
                        entry.body.insert(field.id.clone(), value);
                    }
                }
            }
        }
    }
}

impl Field {
    /// Why a day cannot be: later than today, earlier than today, or earlier than what it follows.
    fn misplaced(&self, value: &Json, scope: &Json) -> Option<Text> {
        // dates as kept sort as texts
        let (day, today) = (value.as_str()?, scope["today"].as_str().unwrap_or_default());
        if self.past && !today.is_empty() && day > today {
            return Some(Text::of(
                "不能晚于今天，请核对日期",
                "it may not lie in the future; check the date",
            ));
        }
        if self.ahead && day < today {
            return Some(Text::of("不能早于今天，请核对日期", "it may not lie before today; check the date"));
        }
        let since = self.since.as_deref()?;
        let (first, what) = match since {
            OPENED => (&scope["since"][OPENED], Text::of("本件开始之日", "the matter was opened")),
            STATE => (
                &scope["since"][STATE],
                Text::of("本件进入当前环节之日", "the matter came to where it stands"),
            ),
            fact => {
                let title = &scope["since"][fact];
                let text = |lang: &str| title[lang].as_str().unwrap_or(fact).to_owned();
                (&scope["facts"][fact], Text::new(text("zh"), format!("\"{}\"", text("en"))))
            }
        };
        let first = first.as_str().filter(|first| day < *first)?;
        Some(Text::new(
            format!("不能早于{}（{first}），请核对日期", what.zh),
            format!("it may not lie before {} ({first}); check the date", what.en),
        ))
    }
}

fn collect_files<'a>(field: &'a Field, value: Option<&'a Json>, found: &mut Vec<(&'a Field, &'a str)>) {
    match (field.kind, value) {
        (FieldType::File | FieldType::Photo, Some(Json::Array(hashes))) => {
            found.extend(hashes.iter().filter_map(Json::as_str).map(|h| (field, h)));
        }
        (FieldType::Signature, Some(Json::Object(signed))) => {
            found.extend(signed.get("image").and_then(Json::as_str).map(|h| (field, h)));
        }
        (FieldType::Checklist, Some(Json::Array(rows))) => {
            let photos = rows.iter().filter_map(|r| r.get("photos")?.as_array()).flatten();
            found.extend(photos.filter_map(Json::as_str).map(|h| (field, h)));
        }
        (FieldType::Group, Some(Json::Array(rows))) => {
            for row in rows {
                for inner in &field.fields {
                    collect_files(inner, row.get(&inner.id), found);
                }
            }
        }
        _ => {}
    }
}

fn error(field: &Field, path: &str, text: Text) -> FieldError {
    FieldError { field: format!("{path}{}", field.id), title: field.title.clone(), text }
}

fn unknown(fields: &[&Field], input: &Map<String, Json>, path: &str) -> Vec<FieldError> {
    let strange = input.keys().filter(|k| fields.iter().all(|f| f.id != **k));
    let known = || fields.iter().map(|f| f.id.as_str()).collect::<Vec<_>>().join(", ");
    strange
        .map(|key| FieldError {
            field: format!("{path}{key}"),
            title: Text::new(key.as_str(), key.as_str()),
            text: Text::new(
                format!("表单没有此字段，请删去（可用字段：{}）", known()),
                format!("the form has no such field; remove it (fields: {})", known()),
            ),
        })
        .collect()
}

/// Reads one shown field; `None` when empty or wrong.
fn take(field: &Field, value: Option<&Json>, path: &str, errors: &mut Vec<FieldError>) -> Option<Json> {
    let value = match value {
        Some(v) if !Field::is_empty(Some(v)) => v,
        _ => {
            if field.required {
                errors.push(error(field, path, Text::of("必填，请填写", "required; please fill it in")));
            }
            return None;
        }
    };
    match field.kind {
        FieldType::Group => return group(field, value, path, errors),
        FieldType::Checklist => return checklist(field, value, path, errors),
        _ => {}
    }
    match field.read(value) {
        Ok(v) => Some(v),
        Err(text) => {
            errors.push(error(field, path, text));
            None
        }
    }
}

fn group(field: &Field, value: &Json, path: &str, errors: &mut Vec<FieldError>) -> Option<Json> {
    let Json::Array(rows) = value else {
        errors.push(error(field, path, Text::of("此处应为列表", "a list belongs here")));
        return None;
    };
    let most = field.limit();
    if rows.len() > most {
        let text = Text::new(format!("最多 {most} 行"), format!("at most {most} rows"));
        errors.push(error(field, path, text));
        return None;
    }
    let before = errors.len();
    let mut out = Vec::with_capacity(rows.len());
    for (n, row) in rows.iter().enumerate() {
        let at = format!("{path}{}.{}.", field.id, n + 1);
        let Json::Object(map) = row else {
            let text =
                Text::new(format!("第 {} 行应为字段与值", n + 1), format!("row {} must hold fields", n + 1));
            errors.push(error(field, path, text));
            continue;
        };
        errors.extend(unknown(&field.fields.iter().collect::<Vec<_>>(), map, &at));
        let mut clean = Map::new();
        for inner in &field.fields {
            if let Some(v) = take(inner, map.get(&inner.id), &at, errors) {
                clean.insert(inner.id.clone(), v);
            }
        }
        out.push(Json::Object(clean));
    }
    if let Some(column) = &field.distinct {
        errors.extend(twice(field, column, &out, path));
    }
    (errors.len() == before).then(|| json!(out))
}

/// The first row that repeats what an earlier one says in a column; blanks and case make no difference.
fn twice(field: &Field, column: &str, rows: &[Json], path: &str) -> Option<FieldError> {
    let said = |row: &Json| -> Option<String> {
        let text: String = row[column].as_str()?.split_whitespace().collect();
        Some(text.to_uppercase()).filter(|t| !t.is_empty())
    };
    let all: Vec<Option<String>> = rows.iter().map(said).collect();
    let n = (1..all.len()).find(|n| all[*n].is_some() && all[..*n].contains(&all[*n]))?;
    let asked = field.fields.iter().find(|f| f.id == column).unwrap_or(field);
    let text = Text::new(
        format!("第 {} 行与前面的行相同，每行应当不同", n + 1),
        format!("row {} says what an earlier row says; each row is another", n + 1),
    );
    let at = format!("{path}{}.{}.{column}", field.id, n + 1);
    Some(FieldError { field: at, title: asked.title.clone(), text })
}

/// The answers of a checklist in the order of its items: every item of a required list is answered, and what does not conform
/// says why.
fn checklist(field: &Field, value: &Json, path: &str, errors: &mut Vec<FieldError>) -> Option<Json> {
    let Json::Array(rows) = value else {
        errors.push(error(field, path, Text::of("此处应为列表", "a list belongs here")));
        return None;
    };
    let before = errors.len();
    let at = |item: &str| format!("{path}{}.{item}", field.id);
    let mut answers: Map<String, Json> = Map::new();
    for row in rows {
        let item = row.get("item").and_then(Json::as_str).unwrap_or_default();
        let known = field.items.iter().any(|i| i.id == item);
        if !known || answers.contains_key(item) {
            let text = Text::new(
                format!("检查项“{item}”不在表中或重复，请删去"),
                format!("the item `{item}` is not in the list or stands twice; remove it"),
            );
            errors.push(FieldError { field: at(item), title: field.title.clone(), text });
            continue;
        }
        answers.insert(item.to_owned(), row.clone());
    }
    let mut out = Vec::with_capacity(field.items.len());
    for item in &field.items {
        let mut say = |text: Text| {
            errors.push(FieldError { field: at(&item.id), title: item.title.clone(), text });
        };
        let row = answers.get(&item.id);
        let result = row.and_then(|r| r.get("result")).and_then(Json::as_str).unwrap_or_default();
        if result.is_empty() {
            if field.required {
                say(Text::of("请选择检查结果", "choose a result"));
            }
            continue;
        }
        if !super::RESULTS.iter().any(|(code, _)| *code == result) {
            say(Text::of(
                "结果应为符合、基本符合、不符合或合理缺项",
                "the result is pass, minor, fail or na",
            ));
            continue;
        }
        let note = row.and_then(|r| r.get("note")).and_then(Json::as_str).unwrap_or_default().trim();
        if note.is_empty() && matches!(result, "minor" | "fail") {
            say(Text::of("请写明发现的问题", "say what was found"));
        }
        if note.chars().count() > NOTE {
            say(Text::new(
                format!("最多 {NOTE} 字，请缩短"),
                format!("at most {NOTE} characters; shorten it"),
            ));
        }
        let mut clean = json!({"item": item.id, "result": result, "key": item.key});
        if !note.is_empty() {
            clean["note"] = json!(note);
        }
        let photos = row.and_then(|r| r.get("photos")).filter(|p| !Field::is_empty(Some(p)));
        match photos.map(|p| field.files(p)).transpose() {
            Ok(Some(photos)) => clean["photos"] = photos,
            Ok(None) => {}
            Err(text) => say(text),
        }
        out.push(clean);
    }
    (errors.len() == before && !out.is_empty()).then(|| json!(out))
}
