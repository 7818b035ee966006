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
const READ: [&str; 7] = ["type", "name", "required", "relevant", "constraint", "label", "hint"];

struct Reader<'a> {
    choices: BTreeMap<&'a str, Vec<Choice>>,
    /// Questions answered by choices, by our name; true: by several at once.
    chosen: BTreeMap<String, bool>,
    left_out: Vec<String>,
}

/// Reads the rows of the sheets `survey` and `choices`; `id` and `title` name the form. Rows are numbered from 2, as a spreadsheet shows them.
#[must_use]
pub fn xlsform(id: &str, title: &Text, survey: &[SheetRow], choices: &[SheetRow]) -> Converted {
    let chosen = survey.iter().filter_map(|row| {
        let word = cell(row, "type")?.split_whitespace().next()?;
        let several = word == "select_multiple";
        (several || word == "select_one").then(|| (plain(name_of(row)), several))
    });
    let mut reader = Reader { choices: BTreeMap::new(), chosen: chosen.collect(), left_out: Vec::new() };
    for (n, row) in choices.iter().enumerate() {
        let list = cell(row, "list_name").or_else(|| cell(row, "list name")).unwrap_or_default();
        let Some(name) = cell(row, "name") else { continue };
        let title = reader.label(row, "label", &format!("choices row {}", n + 2), name);
        let code = plain(name);
        let place = format!("choices row {}", n + 2);
        if code != name {
            reader.left_out.push(format!("{place}: the choice `{name}` is written `{code}` here"));
        }
        reader.others(row, &["list_name", "list name", "name", "label"], &place, &code);
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
            let said = relevant(text, &self.chosen);
            if said.is_none() {
                self.left_out.push(format!("{place}: the condition of `{id}`: {text}"));
            }
            said
        });
        let (mut min, mut max) = (None, None);
        match (kind, cell(row, "constraint").map(|c| (c, bounds(c)))) {
            (FieldType::Number, Some((_, Some(between)))) => (min, max) = between,
            (_, Some((text, _))) => {
                self.left_out.push(format!("{place}: constraint of `{id}`: {text}"));
            }
            (_, None) => {}
        }
        self.others(row, &READ, place, &id);
        let required = required && kind != FieldType::Part;
        Field {
            id,
            title,
            help,
            kind,
            required,
            when,
            past: false,
            ahead: false,
            since: None,
            distinct: None,
            unit: None,
            min,
            max,
            decimals: None,
            most: None,
            options: Vec::new(),
            fields: Vec::new(),
            items: Vec::new(),
            basis: Vec::new(),
            private: false,
            lift: None,
            offer: None,
            from: None,
        }
    }

    /// Names the columns of a row nothing was read from.
    fn others(&mut self, row: &SheetRow, read: &[&str], place: &str, id: &str) {
        for (column, value) in row.iter().filter(|(_, v)| !v.trim().is_empty()) {
            let ours = column.split_once("::").is_some_and(|(head, lang)| {
                matches!(head, "label" | "hint") && (speaks(lang, "zh") || speaks(lang, "en"))
            });
            if !ours && !read.contains(&column.as_str()) {
                self.left_out.push(format!("{place}: {column} of `{id}`: {value}"));
            }
        }
    }

    /// A text in both languages; where one is missing the other stands in, and that is said.
    fn label(&mut self, row: &SheetRow, column: &str, place: &str, name: &str) -> Text {
        let of = |code: &str| {
            let head = format!("{column}::");
            row.iter().find_map(|(k, v)| {
                speaks(k.strip_prefix(&head)?, code).then(|| v.trim()).filter(|v| !v.is_empty())
            })
        };
        let bare = cell(row, column);
        let (zh, en) = (of("zh"), of("en"));
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

/// Whether a language column is of a language: `English (en)`, `Chinese`, `zh-CN`. A name that only holds the letters (French) is not.
fn speaks(column: &str, code: &str) -> bool {
    let name = if code == "zh" { "chinese" } else { "english" };
    let lower = column.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|w| w == code || w == name || code == "zh" && matches!(w, "中文" | "汉语"))
}

/// The bounds of a number that a constraint states and nothing else: `. >= 1 and . <= 100`.
fn bounds(text: &str) -> Option<(Option<base::Decimal>, Option<base::Decimal>)> {
    let (mut min, mut max) = (None, None);
    for part in text.split(" and ") {
        let rest = part.trim().strip_prefix('.')?.trim_start();
        let (slot, number) = match (rest.strip_prefix(">="), rest.strip_prefix("<=")) {
            (Some(n), _) => (&mut min, n),
            (_, Some(n)) => (&mut max, n),
            _ => return None,
        };
        if slot.replace(number.trim().parse().ok()?).is_some() {
            return None;
        }
    }
    Some((min, max))
}

/// A condition of XPath as CEL, where it compares one question with one value or joins such comparisons.
fn relevant(text: &str, chosen: &BTreeMap<String, bool>) -> Option<String> {
    for (word, sign) in [(" or ", " || "), (" and ", " && ")] {
        if text.contains(word) {
            let parts: Option<Vec<String>> = text.split(word).map(|part| relevant(part, chosen)).collect();
            return parts.map(|p| p.join(sign));
        }
    }
    let text = text.trim();
    if let Some(inside) = text.strip_prefix("selected(").and_then(|t| t.strip_suffix(')')) {
        let (question, value) = inside.split_once(',')?;
        let (question, value) = (question_of(question)?, code_of(value)?);
        return Some(match chosen.get(&question) {
            Some(true) => format!("form.{question} != null && form.{question}.exists(c, c == {value})"),
            _ => format!("form.{question} == {value}"),
        });
    }
    for (sign, ours) in [("!=", "!="), (">=", ">="), ("<=", "<="), ("=", "=="), (">", ">"), ("<", "<")] {
        if let Some((left, right)) = text.split_once(sign) {
            let question = question_of(left)?;
            let value = match chosen.get(&question) {
                // several answers at once are no single value
                Some(true) => return None,
                // a choice has a name, a number too
                Some(false) if matches!(ours, "==" | "!=") => code_of(right)?,
                Some(false) => return None,
                None => literal(right)?,
            };
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

/// The code of a choice, as it is written here.
fn code_of(text: &str) -> Option<String> {
    literal(text).map(|code| if code.starts_with('"') { code } else { format!("\"{}\"", plain(&code)) })
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
    fn conditions_speak_of_choices_by_their_codes_and_of_several_answers_as_a_list() {
        let survey = rows(
            "type|name|label::Chinese (zh)|label::English (en)|label::French (fr)|relevant|constraint|choice_filter\n\
             select_multiple kind|kinds|种类|Kinds|Genres|||x=1\n\
             select_one level|level|等级|Level||||\n\
             text|why|原因|Why||selected(${kinds}, 'meat') and ${level} = 2||\n\
             text|or|或|Either||${level} = '1' or ${level} != '2' and ${why} = 'x'||\n\
             text|none|无|None||not(selected(${kinds}, 'meat'))||\n\
             text|all|全部|All||${kinds} = 'meat'||\n\
             integer|heads|人数|Heads|||. >= 1 and . <= 500|\n\
             decimal|price|价格|Price|||. > 0|\n\
             date|day|日期|Day|||. <= today()|",
        );
        let choices = rows(
            "list_name|name|label::Chinese (zh)|label::English (en)|region\nkind|meat|肉|meat|62\nlevel|1|一|one|\nlevel|2|二|two|",
        );
        let got = xlsform("f", &Text::of("表", "Form"), &survey, &choices);
        let of = |name: &str| got.form.fields.iter().find(|f| f.id == name).unwrap();
        assert_eq!(of("kinds").title, Text::of("种类", "Kinds"), "French is not English");
        assert_eq!(of("level").options[1].id, "f_2");
        assert_eq!(
            of("why").when.as_deref(),
            Some("form.kinds != null && form.kinds.exists(c, c == \"meat\") && form.level == \"f_2\"")
        );
        assert_eq!(
            of("or").when.as_deref(),
            Some("form.level == \"f_1\" || form.level != \"f_2\" && form.why == \"x\"")
        );
        let whole = |n: u32| Some(base::Decimal::from(n));
        assert_eq!((of("heads").min, of("heads").max), (whole(1), whole(500)));
        assert_eq!((of("price").min, of("none").when.clone(), of("all").when.clone()), (None, None, None));
        for said in [
            "label::French (fr) of `kinds`",
            "choice_filter of `kinds`",
            "region of `meat`",
            "the choice `2` is written `f_2`",
            "condition of `none`",
            "condition of `all`",
            "constraint of `price`",
            "constraint of `day`",
        ] {
            assert!(got.left_out.iter().any(|l| l.contains(said)), "{said}: {:#?}", got.left_out);
        }
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
