//! One value of a form: read as its field type, normalised, or refused with the remedy.

use super::{Field, FieldType};
use base::region::RegionCode;
use base::{Date, Decimal, Text};
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
            FieldType::File => FILES,
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
            FieldType::File => self.files(value),
            FieldType::Position => position(value),
            FieldType::Group => Err(Text::of("此处应为列表", "a list belongs here")),
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
            return Err(Text::new(format!("不得大于 {max}"), format!("must not be above {max}")));
        }
        Ok(json!(number.to_string()))
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

    fn files(&self, value: &Json) -> Result<Json, Text> {
        let hashes: Vec<&str> = match value {
            Json::String(s) => vec![s.as_str()],
            Json::Array(a) => a.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let hash = |h: &str| h.len() == 64 && h.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hashes.is_empty() || !hashes.iter().all(|h| hash(h)) {
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
