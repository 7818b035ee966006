//! A form as columns of a spreadsheet: the template to fill, and a filled row back as an entry.

use super::{Field, FieldType, Form};
use base::Text;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Rows of a group that a template offers.
const ROWS: usize = 3;

/// A column of a form's template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetColumn {
    /// Heading by which the import finds it: `found`, `rows.1.place`, `owner.name`.
    pub key: String,
    /// Name on screen.
    pub title: Text,
    /// What may stand in it.
    pub hint: Text,
    /// Must be filled.
    pub required: bool,
}

impl Form {
    /// The columns of the template, in order. Files and photos cannot come by spreadsheet and have none.
    #[must_use]
    pub fn sheet_columns(&self) -> Vec<SheetColumn> {
        let mut columns = Vec::new();
        for field in self.leaves() {
            field.columns(&field.id, &mut columns);
        }
        columns
    }

    /// The entry of a filled row: cells by their heading. Empty cells are left out; what is wrong is said by the
    /// check of the entry, as for every other way to fill the form.
    #[must_use]
    pub fn sheet_entry(&self, cells: &BTreeMap<String, String>) -> Json {
        let mut entry = Map::new();
        for field in self.leaves() {
            if let Some(value) = field.cell(&field.id, cells) {
                entry.insert(field.id.clone(), value);
            }
        }
        Json::Object(entry)
    }
}

impl Field {
    fn columns(&self, key: &str, out: &mut Vec<SheetColumn>) {
        let own = |suffix: &str, name: Text, hint: Text| SheetColumn {
            key: format!("{key}{suffix}"),
            title: name,
            hint,
            required: self.required && self.when.is_none(),
        };
        let named = |zh: &str, en: &str| {
            Text::new(format!("{}·{zh}", self.title.zh), format!("{}: {en}", self.title.en))
        };
        match self.kind {
            FieldType::File | FieldType::Photo => {}
            FieldType::Person => {
                out.push(own("", self.title.clone(), Text::of("姓名", "name")));
                let more = |suffix, zh, en| SheetColumn {
                    required: false,
                    ..own(suffix, named(zh, en), Text::of("可不填", "optional"))
                };
                out.push(more(".phone", "电话", "phone"));
                out.push(more(".id_number", "身份证号", "identity number"));
            }
            FieldType::Group => {
                for row in 1..=ROWS.min(self.limit()) {
                    for inner in &self.fields {
                        let plain = Self { required: false, ..inner.clone() };
                        plain.columns(&format!("{key}.{row}.{}", inner.id), out);
                    }
                }
            }
            FieldType::Checklist => {
                for item in &self.items {
                    out.push(SheetColumn {
                        key: format!("{key}.{}", item.id),
                        title: item.title.clone(),
                        hint: Text::of(
                            "pass 符合、minor 基本符合、fail 不符合、na 合理缺项",
                            "pass, minor, fail, na",
                        ),
                        required: self.required,
                    });
                    out.push(SheetColumn {
                        key: format!("{key}.{}.note", item.id),
                        title: Text::new(format!("{} 发现的问题", item.id), format!("{} finding", item.id)),
                        hint: Text::of("可不填", "optional"),
                        required: false,
                    });
                }
            }
            _ => out.push(own("", self.title.clone(), self.cell_hint())),
        }
    }

    /// What may stand in a cell.
    fn cell_hint(&self) -> Text {
        let codes = || {
            let list = |zh: bool| {
                let one = |o: &super::Choice| {
                    format!("{} {}", o.id, if zh { o.title.zh.as_ref() } else { o.title.en.as_ref() })
                };
                self.options.iter().map(one).collect::<Vec<_>>().join("; ")
            };
            Text::new(list(true), list(false))
        };
        match self.kind {
            FieldType::Select => codes(),
            FieldType::Multi => {
                let c = codes();
                Text::new(
                    format!("可多选，用分号隔开：{}", c.zh),
                    format!("several, parted by semicolons: {}", c.en),
                )
            }
            FieldType::Number => {
                let unit = self.unit.as_deref().unwrap_or_default();
                Text::new(format!("数字 {unit}"), format!("number {unit}"))
            }
            FieldType::Money => Text::of("元，两位小数", "yuan, two decimals"),
            FieldType::Date => Text::of("日期，如 2026-11-22", "date like 2026-11-22"),
            FieldType::YesNo => Text::of("是或否", "yes or no"),
            FieldType::Region => Text::of("行政区划代码", "region code"),
            FieldType::Operator => {
                Text::of("主体编号或统一社会信用代码", "register number or social credit code")
            }
            FieldType::Position => Text::of("纬度,经度", "latitude,longitude"),
            FieldType::Signature => Text::of("签名人姓名", "name of who signs"),
            FieldType::Limit => Text::of("标准版本/条目", "EDITION/ROW"),
            _ => Text::of("文字", "text"),
        }
    }

    fn cell(&self, key: &str, cells: &BTreeMap<String, String>) -> Option<Json> {
        let text = |key: &str| cells.get(key).map(|s| s.trim()).filter(|s| !s.is_empty());
        match self.kind {
            FieldType::File | FieldType::Photo => None,
            FieldType::Person => {
                let mut person = Map::new();
                person.insert("name".to_owned(), json!(text(key)?));
                for part in ["phone", "id_number"] {
                    if let Some(value) = text(&format!("{key}.{part}")) {
                        person.insert(part.to_owned(), json!(value));
                    }
                }
                Some(Json::Object(person))
            }
            FieldType::Multi => {
                let codes = text(key)?.split([';', '；', ',', '，', '、']);
                Some(codes.map(|c| self.code(c.trim())).filter(|c| !c.is_empty()).collect())
            }
            FieldType::Select => Some(json!(self.code(text(key)?))),
            FieldType::YesNo => Some(match text(key)? {
                "是" | "有" | "Y" | "y" | "TRUE" | "Yes" => json!(true),
                "否" | "无" | "N" | "n" | "FALSE" | "No" => json!(false),
                other => json!(other),
            }),
            FieldType::Position => {
                let (lat, lon) = text(key)?.split_once([',', '，'])?;
                Some(json!({"lat": lat.trim(), "lon": lon.trim()}))
            }
            FieldType::Checklist => {
                let rows: Vec<Json> = self
                    .items
                    .iter()
                    .filter_map(|item| {
                        let given = text(&format!("{key}.{}", item.id))?;
                        let result =
                            super::RESULTS.iter().find(|(code, name)| *code == given || name.zh == given);
                        let mut row =
                            json!({"item": item.id, "result": result.map_or(given, |(code, _)| *code)});
                        if let Some(note) = text(&format!("{key}.{}.note", item.id)) {
                            row["note"] = json!(note);
                        }
                        Some(row)
                    })
                    .collect();
                (!rows.is_empty()).then_some(Json::Array(rows))
            }
            FieldType::Group | FieldType::Part => {
                let mut rows = Vec::new();
                for row in 1..=self.limit() {
                    let mut values = Map::new();
                    for inner in &self.fields {
                        if let Some(value) = inner.cell(&format!("{key}.{row}.{}", inner.id), cells) {
                            values.insert(inner.id.clone(), value);
                        }
                    }
                    if !values.is_empty() {
                        rows.push(Json::Object(values));
                    }
                }
                (!rows.is_empty()).then_some(Json::Array(rows))
            }
            _ => text(key).map(|t| json!(t)),
        }
    }

    /// The code of a choice given by its code or its name.
    fn code(&self, given: &str) -> String {
        let found = self.options.iter().find(|o| o.id == given || o.title.zh == given || o.title.en == given);
        found.map_or_else(|| given.to_owned(), |o| o.id.clone())
    }
}
