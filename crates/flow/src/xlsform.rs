//! XLSForm (xlsform.org) read as a form of a procedure; what has no place in ours is named, never dropped in silence.

use crate::form::{Choice, Field, FieldType, Form};
use base::Text;
use serde::Serialize;
use std::collections::BTreeMap;

/// A row of a sheet by its column names.
pub type SheetRow = BTreeMap<String, String>;

/// A form read from an XLSForm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The form.
    pub form: Form,
    /// What could not be taken, with its row and name.
    pub left_out: Vec<String>,
}

impl Converted {
    /// The form as `forms.toml` writes it.
    ///
    /// # Errors
    /// When the form cannot be written as TOML, in words.
    pub fn toml(&self) -> Result<String, String> {
        #[derive(Serialize)]
        struct Forms<'a> {
            form: [&'a Form; 1],
        }
        toml::to_string(&Forms { form: [&self.form] }).map_err(|e| e.to_string())
    }
}

/// Columns of the survey sheet that are read.
const READ: [&str; 6] = ["type", "name", "required", "relevant", "label", "hint"];

struct Reader<'a> {
    choices: BTreeMap<&'a str, Vec<Choice>>,
    left_out: Vec<String>,
}

/// Reads the rows of the sheets `survey` and `choices`; `id` and `title` name the form. Rows are numbered from 2, as a spreadsheet shows them.
#[must_use]
pub fn xlsform(id: &str, title: &Text, survey: &[SheetRow], choices: &[SheetRow]) -> Converted {
    let mut reader = Reader { choices: BTreeMap::new(), left_out: Vec::new() };
    for (n, row) in choices.iter().enumerate() {
        let list = cell(row, "list_name").or_else(|| cell(row, "list name")).unwrap_or_default();
        let Some(name) = cell(row, "name") else { continue };
        let title = reader.label(row, "label", &format!("choices row {}", n + 2), name);
        let code = plain(name);
        reader.choices.entry(list).or_default().push(Choice { id: code, title });
    }
    let mut open: Vec<(Field, Vec<Field>)> = Vec::new();
    let mut fields: Vec<Field> = Vec::new();
    for (n, row) in survey.iter().enumerate() {
        let place = format!("survey row {}", n + 2);
        let kind = cell(row, "type").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        match kind.as_str() {
            "" => {}
            "begin group" | "begin_group" => {
                open.push((reader.field(row, &place, FieldType::Part), std::mem::take(&mut fields)));
            }
            "begin repeat" | "begin_repeat" => {
                open.push((reader.field(row, &place, FieldType::Group), std::mem::take(&mut fields)));
            }
            "end group" | "end_group" | "end repeat" | "end_repeat" => match open.pop() {
                Some((mut section, outer)) => {
                    section.fields = std::mem::replace(&mut fields, outer);
                    if section.fields.is_empty() {
                        reader.left_out.push(format!("{place}: the empty section `{}`", section.id));
                    } else {
                        fields.push(section);
                    }
                }
                None => reader.left_out.push(format!("{place}: `{kind}` closes nothing")),
            },
            other => fields.extend(reader.question(row, &place, other)),
        }
    }
    while let Some((mut section, outer)) = open.pop() {
        reader.left_out.push(format!("the section `{}` is never closed; it ends with the sheet", section.id));
        section.fields = std::mem::replace(&mut fields, outer);
        fields.push(section);
    }
    let form = Form { id: plain(id), title: title.clone(), fields, checks: Vec::new() };
    Converted { form, left_out: reader.left_out }
}

fn cell<'a>(row: &'a SheetRow, name: &str) -> Option<&'a str> {
    row.get(name).map(|s| s.trim()).filter(|s| !s.is_empty())
}

/// A name as ours are written: lower-case letters, digits and `_`, a letter first.
fn plain(name: &str) -> String {
    let mut out: String =
        name.trim().to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !out.starts_with(|c: char| c.is_ascii_lowercase()) {
        out.insert_str(0, "f_");
    }
    out
}

impl Reader<'_> {
    /// A question of the survey.
    fn question(&mut self, row: &SheetRow, place: &str, kind: &str) -> Option<Field> {
        let (word, list) = kind.split_once(' ').unwrap_or((kind, ""));
        let found = match word {
            "text" => FieldType::Text,
            "integer" | "decimal" | "range" => FieldType::Number,
            "date" => FieldType::Date,
            "select_one" => FieldType::Select,
            "select_multiple" => FieldType::Multi,
            "image" => FieldType::Photo,
            "file" => FieldType::File,
            "geopoint" => FieldType::Position,
            "barcode" => FieldType::Lot,
            "acknowledge" | "trigger" => FieldType::YesNo,
            "start" | "end" | "today" | "deviceid" | "username" | "audit" => {
                self.left_out
                    .push(format!("{place}: `{word}` is known without asking (the journal holds it)"));
                return None;
            }
            "note" => {
                self.left_out
                    .push(format!("{place}: the note `{}`; put it into the help of a field", name_of(row)));
                return None;
            }
            _ => {
                self.left_out
                    .push(format!("{place}: the type `{kind}` of `{}` has no counterpart", name_of(row)));
                return None;
            }
        };
        let mut field = self.field(row, place, found);
        match word {
            "integer" => field.decimals = Some(0),
            "select_one" | "select_multiple" => {
                let list = list.split_whitespace().next().unwrap_or_default();
                field.options = self.choices.get(list).cloned().unwrap_or_default();
                if field.options.is_empty() {
                    self.left_out.push(format!(
                        "{place}: `{}` names the list `{list}`, which has no choices",
                        field.id
                    ));
                    return None;
                }
                if kind.contains("or_other") {
                    self.left_out.push(format!(
                        "{place}: `or_other` of `{}`; add a choice and a text field",
                        field.id
                    ));
                }
            }
            _ => {}
        }
        Some(field)
    }

    /// What every row has: name, label, hint, required, relevant; other columns are named as left out.
    fn field(&mut self, row: &SheetRow, place: &str, kind: FieldType) -> Field {
        let id = plain(name_of(row));
        if id != name_of(row) {
            self.left_out.push(format!("{place}: the name `{}` is written `{id}` here", name_of(row)));
        }
        let title = self.label(row, "label", place, &id);
        let help = (cell(row, "hint").is_some() || row.keys().any(|k| k.starts_with("hint::")))
            .then(|| self.label(row, "hint", place, &id));
        let required = cell(row, "required")
            .is_some_and(|r| matches!(r.to_lowercase().as_str(), "yes" | "true" | "true()"));
        let when = cell(row, "relevant").and_then(|text| {
            let said = relevant(text);
            if said.is_none() {
                self.left_out.push(format!("{place}: the condition of `{id}`: {text}"));
            }
            said
        });
        for (column, value) in row.iter().filter(|(_, v)| !v.trim().is_empty()) {
            let known = READ.contains(&column.as_str())
                || column.starts_with("label::")
                || column.starts_with("hint::");
            if !known {
                self.left_out.push(format!("{place}: {column} of `{id}`: {value}"));
            }
        }
        let required = required && kind != FieldType::Part;
        Field {
            id,
            title,
            help,
            kind,
            required,
            when,
            past: false,
            unit: None,
            min: None,
            max: None,
            decimals: None,
            most: None,
            options: Vec::new(),
            fields: Vec::new(),
            items: Vec::new(),
            basis: Vec::new(),
            private: false,
            lift: None,
            offer: None,
        }
    }

    /// A text in both languages; where one is missing the other stands in, and that is said.
    fn label(&mut self, row: &SheetRow, column: &str, place: &str, name: &str) -> Text {
        let of = |marks: [&str; 2]| {
            let head = format!("{column}::");
            row.iter().find_map(|(k, v)| {
                let lang = k.strip_prefix(&head)?.to_lowercase();
                marks.iter().any(|m| lang.contains(m)).then(|| v.trim()).filter(|v| !v.is_empty())
            })
        };
        let bare = cell(row, column);
        let (zh, en) = (of(["zh", "chinese"]), of(["en", "english"]));
        let han = |s: &str| s.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
        let zh = zh.or_else(|| bare.filter(|b| han(b)));
        let en = en.or_else(|| bare.filter(|b| !han(b)));
        for (lang, missing) in [("Chinese", zh.is_none()), ("English", en.is_none())] {
            if missing {
                self.left_out.push(format!("{place}: no {lang} {column} of `{name}`; write one"));
            }
        }
        let any = zh.or(en).unwrap_or(name);
        Text::new(zh.unwrap_or(any).to_owned(), en.unwrap_or(any).to_owned())
    }
}

fn name_of(row: &SheetRow) -> &str {
    cell(row, "name").unwrap_or("unnamed")
}

/// A condition of XPath as CEL, where it compares one question with one value or joins such comparisons.
fn relevant(text: &str) -> Option<String> {
    for (word, sign) in [(" and ", " && "), (" or ", " || ")] {
        if text.contains(word) {
            let parts: Option<Vec<String>> = text.split(word).map(relevant).collect();
            return parts.map(|p| p.join(sign));
        }
    }
    let text = text.trim();
    if let Some(inside) = text.strip_prefix("selected(").and_then(|t| t.strip_suffix(')')) {
        let (question, value) = inside.split_once(',')?;
        return Some(format!("form.{} == {}", question_of(question)?, literal(value)?));
    }
    for (sign, ours) in [("!=", "!="), (">=", ">="), ("<=", "<="), ("=", "=="), (">", ">"), ("<", "<")] {
        if let Some((left, right)) = text.split_once(sign) {
            let (question, value) = (question_of(left)?, literal(right)?);
            return Some(if value.starts_with('"') {
                format!("form.{question} {ours} {value}")
            } else {
                format!("dec(form.{question}) {ours} dec(\"{value}\")")
            });
        }
    }
    None
}

fn question_of(text: &str) -> Option<String> {
    text.trim().strip_prefix("${")?.strip_suffix('}').map(plain)
}

fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quoted = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    if let Some(inside) = quoted('\'').or_else(|| quoted('"')) {
        let simple = inside.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        return simple.then(|| format!("\"{}\"", plain(inside)));
    }
    text.parse::<base::Decimal>().ok().map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<SheetRow> {
        let mut lines = text.lines().map(|l| l.split('|').map(str::trim).collect::<Vec<_>>());
        let head = lines.next().unwrap();
        lines.map(|l| head.iter().zip(l).map(|(h, c)| ((*h).to_owned(), c.to_owned())).collect()).collect()
    }

    #[test]
    fn an_xlsform_becomes_a_form_and_names_what_it_could_not_take() {
        let survey = rows(
            "type|name|label::Chinese (zh)|label::English (en)|required|relevant|constraint|calculation\n\
             text|host|举办者|Host|yes|||\n\
             integer|guests|人数|Guests|yes||. > 0|\n\
             select_one size|size|规模|Size|||  |\n\
             begin group|large|大型|Large||${size} = 'big' and ${guests} >= 100||\n\
             image|plan|方案照片|Photo of the plan|||  |\n\
             end group||||||| \n\
             begin repeat|Dish|菜品|Dishes||||\n\
             text|name|名称|Name||||\n\
             end repeat|||||||\n\
             note|hello|你好|Hello||||\n\
             calculate|sum|||||| 1+1\n\
             text|odd|其他|||regex(${host}, 'x')||",
        );
        let choices = rows(
            "list_name|name|label::Chinese (zh)|label::English (en)\nsize|big|大|big\nsize|small|小|small",
        );
        let got = xlsform("banquet", &Text::of("聚餐", "Banquet"), &survey, &choices);
        let kinds: Vec<_> = got.form.leaves().iter().map(|f| (f.id.clone(), f.kind)).collect();
        let want = [
            ("host", FieldType::Text),
            ("guests", FieldType::Number),
            ("size", FieldType::Select),
            ("plan", FieldType::Photo),
            ("dish", FieldType::Group),
            ("odd", FieldType::Text),
        ];
        assert_eq!(kinds, want.map(|(n, k)| (n.to_owned(), k)));
        let part = got.form.fields.iter().find(|f| f.kind == FieldType::Part).unwrap();
        assert_eq!(part.when.as_deref(), Some("form.size == \"big\" && dec(form.guests) >= dec(\"100\")"));
        for said in [
            "constraint of `guests`",
            "`Dish` is written `dish`",
            "the note `hello`",
            "type `calculate`",
            "no English label of `odd`",
            "condition of `odd`",
        ] {
            assert!(got.left_out.iter().any(|l| l.contains(said)), "{said}: {:#?}", got.left_out);
        }
        let toml = got.toml().unwrap();
        assert!(toml.contains("id = \"guests\"") && toml.contains("[[form]]"), "{toml}");
    }
}
