//! One value of a form: read as its field type, normalised, or refused with the remedy.

use super::{Field, FieldType};
use base::region::RegionCode;
use base::{Date, Decimal, Id, PersonId, Text, Uscc};
use serde_json::{Value as Json, json};

/// Default limits: characters of a line and of a long text, rows of a group, files.
const LINE: usize = 200;
const LONG: usize = 4000;
const ROWS: usize = 50;
const FILES: usize = 9;

impl Field {
    /// Most characters, rows or files.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.most.unwrap_or(match self.kind {
            FieldType::LongText => LONG,
            FieldType::Group => ROWS,
            FieldType::File | FieldType::Photo | FieldType::Checklist => FILES,
            _ => LINE,
        })
    }

    /// Whether nothing was entered.
    pub(super) fn is_empty(value: Option<&Json>) -> bool {
        match value {
            None | Some(Json::Null) => true,
            Some(Json::String(s)) => s.trim().is_empty(),
            Some(Json::Array(a)) => a.is_empty(),
            Some(Json::Object(o)) => o.is_empty(),
            Some(_) => false,
        }
    }

    /// The normalised value of every type but a group.
    pub(super) fn read(&self, value: &Json) -> Result<Json, Text> {
        match self.kind {
            FieldType::Text | FieldType::LongText => self.text(value),
            FieldType::Number => self.number(value),
            FieldType::Date => {
                let date = value.as_str().and_then(|s| s.trim().parse::<Date>().ok());
                date.map(|d| json!(d.to_string()))
                    .ok_or_else(|| Text::of("请填日期，格式如 2026-09-02", "give a date like 2026-09-02"))
            }
            FieldType::Region => {
                let code = value.as_str().and_then(|s| s.trim().parse::<RegionCode>().ok());
                code.map(|c| json!(c.as_str())).ok_or_else(|| {
                    Text::of(
                        "请选择行政区划（代码 2、4、6、9 或 12 位）",
                        "choose a region (code of 2, 4, 6, 9 or 12 digits)",
                    )
                })
            }
            FieldType::Select => self.choice(value),
            FieldType::YesNo => match value {
                Json::Bool(b) => Ok(json!(b)),
                Json::String(s) if matches!(s.as_str(), "true" | "yes" | "on" | "1") => Ok(json!(true)),
                Json::String(s) if matches!(s.as_str(), "false" | "no" | "0") => Ok(json!(false)),
                _ => Err(Text::of("请选择是或否", "choose yes or no")),
            },
            FieldType::Multi => self.choices(value),
            FieldType::Money => self.money(value),
            FieldType::Operator => operator(value),
            FieldType::Person => person(value),
            FieldType::Lot => self.text(value).and_then(|v| lot(&v)),
            FieldType::Limit => self.text(value).and_then(|v| limit_row(&v)),
            FieldType::Signature => signature(value),
            FieldType::File | FieldType::Photo => self.files(value),
            FieldType::Position => position(value),
            FieldType::Group | FieldType::Checklist | FieldType::Part => {
                Err(Text::of("此处应为列表", "a list belongs here"))
            }
        }
    }

    fn text(&self, value: &Json) -> Result<Json, Text> {
        let Json::String(text) = value else {
            return Err(Text::of("请填文字", "give a text"));
        };
        let text = text.trim();
        let most = self.limit();
        if text.chars().count() > most {
            return Err(Text::new(
                format!("最多 {most} 字，请缩短"),
                format!("at most {most} characters; shorten it"),
            ));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Text::of(
                "含有不可见的控制字符，请重新输入",
                "contains control characters; type it again",
            ));
        }
        Ok(json!(text))
    }

    fn number(&self, value: &Json) -> Result<Json, Text> {
        let parsed = match value {
            Json::String(s) => s.trim().parse::<Decimal>().ok(),
            Json::Number(n) => n.to_string().parse::<Decimal>().ok(),
            _ => None,
        };
        let number =
            parsed.ok_or_else(|| Text::of("请填数字，例如 12.5", "give a number such as 12.5"))?.normalize();
        let decimals = self.decimals.unwrap_or(6).min(6);
        if number.scale() > decimals || rule::micro(number).is_none() {
            return Err(if decimals == 0 {
                Text::of("请填整数", "give a whole number")
            } else {
                Text::new(
                    format!("最多 {decimals} 位小数，且不超过 9 万亿"),
                    format!("at most {decimals} decimals and 9 trillion"),
                )
            });
        }
        if let Some(min) = self.min.filter(|m| number < *m) {
            return Err(Text::new(format!("不得小于 {min}"), format!("must not be below {min}")));
        }
        if let Some(max) = self.max.filter(|m| number > *m) {
            return Err(if self.kind == FieldType::Money {
                Text::new(
                    format!("不得大于 {max} 元，请核对小数点和单位"),
                    format!("must not be above {max} yuan; check the decimal point and the unit"),
                )
            } else {
                Text::new(format!("不得大于 {max}"), format!("must not be above {max}"))
            });
        }
        Ok(json!(number.to_string()))
    }

    fn money(&self, value: &Json) -> Result<Json, Text> {
        let yuan = Self { decimals: Some(2), min: Some(self.min.unwrap_or(Decimal::ZERO)), ..self.clone() };
        yuan.number(value)
    }

    fn choices(&self, value: &Json) -> Result<Json, Text> {
        let codes: Vec<&Json> = match value {
            Json::Array(a) => a.iter().collect(),
            other => vec![other],
        };
        let mut out: Vec<Json> = Vec::new();
        for code in codes {
            let code = self.choice(code)?;
            if !out.contains(&code) {
                out.push(code);
            }
        }
        Ok(json!(out))
    }

    fn choice(&self, value: &Json) -> Result<Json, Text> {
        let code = value.as_str().unwrap_or_default();
        if self.options.iter().any(|o| o.id == code) {
            return Ok(json!(code));
        }
        let list = |lang| self.options.iter().map(|o| o.title.get(lang)).collect::<Vec<_>>();
        Err(Text::new(
            format!("请在下列选项中选择：{}", list(base::Lang::Zh).join("、")),
            format!("choose one of: {}", list(base::Lang::En).join(", ")),
        ))
    }

    pub(super) fn files(&self, value: &Json) -> Result<Json, Text> {
        let hashes: Vec<&str> = match value {
            Json::String(s) => vec![s.as_str()],
            Json::Array(a) => a.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        if hashes.is_empty() || !hashes.iter().all(|h| is_hash(h)) {
            return Err(Text::of(
                "附件未上传成功，请重新选择文件",
                "the file was not uploaded; choose it again",
            ));
        }
        let most = self.limit();
        if hashes.len() > most {
            return Err(Text::new(format!("最多 {most} 个文件"), format!("at most {most} files")));
        }
        Ok(json!(hashes))
    }
}

/// `{lat, lon}` in degrees, at most six decimals, inside the rectangle of China.
fn position(value: &Json) -> Result<Json, Text> {
    let read = |name: &str| -> Option<Decimal> {
        let text = match value.get(name)? {
            Json::String(s) => s.trim().to_owned(),
            Json::Number(n) => n.to_string(),
            _ => return None,
        };
        text.parse::<Decimal>().ok().map(|d| d.round_dp(6).normalize())
    };
    let inside = |v: Decimal, low: i64, high: i64| v >= Decimal::from(low) && v <= Decimal::from(high);
    match (read("lat"), read("lon")) {
        (Some(lat), Some(lon)) if inside(lat, 3, 54) && inside(lon, 73, 136) => {
            Ok(json!({"lat": lat.to_string(), "lon": lon.to_string()}))
        }
        (Some(_), Some(_)) => Err(Text::of(
            "位置不在中国境内，请重新定位（纬度 3–54，经度 73–136）",
            "the position is not in China; locate again (latitude 3–54, longitude 73–136)",
        )),
        _ => Err(Text::of("请重新定位，或不填此项", "locate again, or leave it empty")),
    }
}

/// The register's number, or a unified social credit code whose check holds.
fn operator(value: &Json) -> Result<Json, Text> {
    let text = value.as_str().unwrap_or_default().trim();
    if let Ok(id) = text.parse::<Id>() {
        return Ok(json!(id));
    }
    let code = text.parse::<Uscc>().map_err(|e| e.text())?;
    Ok(json!(code.as_str()))
}

/// `{name, phone, id_number}`; the name is needed.
fn person(value: &Json) -> Result<Json, Text> {
    let map = match value {
        Json::String(name) => return person(&json!({"name": name})),
        Json::Object(map) => map,
        _ => return Err(Text::of("请填写姓名", "give the name")),
    };
    if let Some(strange) = map.keys().find(|k| !matches!(k.as_str(), "name" | "phone" | "id_number")) {
        return Err(Text::new(
            format!("人员信息没有“{strange}”这一项"),
            format!("a person has no `{strange}`; use name, phone, id_number"),
        ));
    }
    let part = |name: &str| map.get(name).and_then(Json::as_str).unwrap_or_default().trim();
    let mut out = serde_json::Map::new();
    let name = part("name");
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(Text::of("请填写姓名（最多 60 字）", "give the name, at most 60 characters"));
    }
    out.insert("name".to_owned(), json!(name));
    let phone: String = part("phone").chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if !phone.is_empty() {
        let digits = phone.strip_prefix('+').unwrap_or(&phone);
        if !(5..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Text::of("电话应为 5 至 15 位数字", "a phone number has 5 to 15 digits"));
        }
        out.insert("phone".to_owned(), json!(phone));
    }
    let number = part("id_number");
    if !number.is_empty() {
        let number = number.parse::<PersonId>().map_err(|e| e.text())?;
        out.insert("id_number".to_owned(), json!(number.expose()));
    }
    Ok(Json::Object(out))
}

/// `(01)GTIN(10)LOT` becomes the canonical key; a key or printed number stays.
fn lot(value: &Json) -> Result<Json, Text> {
    let text = value.as_str().unwrap_or_default();
    let Some(rest) = text.strip_prefix("(01)") else { return Ok(json!(text)) };
    let read = rest.split_once("(10)").filter(|(gtin, lot)| {
        gtin.len() == 14 && gtin.bytes().all(|b| b.is_ascii_digit()) && !lot.is_empty() && !lot.contains('(')
    });
    read.map(|(gtin, lot)| json!(format!("https://id.gs1.org/01/{gtin}/10/{lot}"))).ok_or_else(|| {
        Text::of(
            "批次应写作 (01)14位商品条码(10)批号，或直接填批号",
            "write a lot as (01)GTIN of 14 digits(10)lot, or its number as printed",
        )
    })
}

/// `EDITION/ROW` of the limits.
fn limit_row(value: &Json) -> Result<Json, Text> {
    let text = value.as_str().unwrap_or_default();
    match text.split_once('/') {
        Some((edition, row)) if !edition.is_empty() && !row.is_empty() => Ok(json!(text)),
        _ => Err(Text::of(
            "请填限量的编号，格式为 标准版本/条目",
            "give the limit as EDITION/ROW, as `shian limits show` prints it",
        )),
    }
}

/// `{name, image}`: the name of who signs, and the hash of an image where there is one.
fn signature(value: &Json) -> Result<Json, Text> {
    let (name, image) = match value {
        Json::String(name) => (name.as_str(), ""),
        Json::Object(map) => {
            let part = |name: &str| match map.get(name) {
                Some(Json::Array(a)) => a.first().and_then(Json::as_str).unwrap_or_default(),
                other => other.and_then(Json::as_str).unwrap_or_default(),
            };
            (part("name"), part("image"))
        }
        _ => ("", ""),
    };
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(Text::of("请签名（填写姓名，最多 60 字）", "sign with your name, at most 60 characters"));
    }
    if image.is_empty() {
        return Ok(json!({"name": name}));
    }
    if !is_hash(image) {
        return Err(Text::of(
            "签名图片未上传成功，请重新选择",
            "the image of the signature was not uploaded; choose it again",
        ));
    }
    Ok(json!({"name": name, "image": image}))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
