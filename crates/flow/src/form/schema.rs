//! A form as JSON Schema (2020-12), for programs: the same rules the entry is checked by, as far as a schema can say them.

use super::{Field, FieldType, Form, RESULTS};
use serde_json::{Map, Value as Json, json};

/// The largest number a form takes, as text: nine trillion.
const DECIMAL: &str = "^-?[0-9]{1,13}(\\.[0-9]{1,6})?$";
const HASH: &str = "^[0-9a-f]{64}$";

impl Form {
    /// The JSON Schema of an entry. Conditions (`when`, checks across fields) stand as `x-when` and `x-checks`: the
    /// engine checks them, a schema cannot.
    #[must_use]
    pub fn json_schema(&self) -> Json {
        let mut schema = object(&self.leaves());
        schema["title"] = json!(self.title.en);
        schema["x-title"] = json!(self.title);
        // a part's condition counts for all its fields
        let mut required = Vec::new();
        collect_required(&self.fields, true, &mut required);
        schema["required"] = json!(required);
        if !self.checks.is_empty() {
            let check = |c: &super::Check| json!({"field": c.field, "holds": c.holds, "message": c.message});
            schema["x-checks"] = self.checks.iter().map(check).collect();
        }
        schema
    }
}

fn collect_required<'a>(fields: &'a [Field], always: bool, found: &mut Vec<&'a str>) {
    for field in fields {
        let always = always && field.when.is_none();
        match field.kind {
            FieldType::Part => collect_required(&field.fields, always, found),
            _ if always && field.required => found.push(&field.id),
            _ => {}
        }
    }
}

fn object(fields: &[&Field]) -> Json {
    let properties: Map<String, Json> = fields.iter().map(|f| (f.id.clone(), f.schema())).collect();
    let required: Vec<&str> =
        fields.iter().filter(|f| f.required && f.when.is_none()).map(|f| f.id.as_str()).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

impl Field {
    /// The JSON Schema of its value.
    #[must_use]
    pub fn schema(&self) -> Json {
        let codes = || self.options.iter().map(|o| o.id.as_str()).collect::<Vec<_>>();
        let hashes = || json!({"type": "array", "items": {"type": "string", "pattern": HASH}, "maxItems": self.limit()});
        let mut schema = match self.kind {
            FieldType::Text | FieldType::LongText | FieldType::Lot | FieldType::Limit => {
                json!({"type": "string", "maxLength": self.limit()})
            }
            FieldType::Number | FieldType::Money => json!({"type": "string", "pattern": DECIMAL}),
            FieldType::Date => json!({"type": "string", "format": "date"}),
            FieldType::Region => {
                json!({"type": "string", "pattern": "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"})
            }
            FieldType::Select => json!({"type": "string", "enum": codes()}),
            FieldType::Multi => {
                json!({"type": "array", "items": {"type": "string", "enum": codes()}, "uniqueItems": true})
            }
            FieldType::YesNo => json!({"type": "boolean"}),
            FieldType::Operator => json!({"type": "string", "minLength": 14, "maxLength": 18}),
            FieldType::Person => json!({
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {"name": {"type": "string", "maxLength": 60}, "phone": {"type": "string"}, "id_number": {"type": "string"}},
            }),
            FieldType::Signature => json!({
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {"name": {"type": "string", "maxLength": 60}, "image": {"type": "string", "pattern": HASH}},
            }),
            FieldType::File | FieldType::Photo => hashes(),
            FieldType::Position => json!({
                "type": "object", "required": ["lat", "lon"], "additionalProperties": false,
                "properties": {"lat": {"type": "string"}, "lon": {"type": "string"}},
            }),
            FieldType::Checklist => json!({
                "type": "array", "maxItems": self.items.len(),
                "items": {
                    "type": "object", "required": ["item", "result"], "additionalProperties": false,
                    "properties": {
                        "item": {"enum": self.items.iter().map(|i| i.id.as_str()).collect::<Vec<_>>()},
                        "result": {"enum": RESULTS.iter().map(|(code, _)| *code).collect::<Vec<_>>()},
                        "note": {"type": "string"},
                        "photos": hashes(),
                    },
                },
            }),
            FieldType::Group | FieldType::Part => json!({
                "type": "array", "maxItems": self.limit(), "items": object(&self.fields.iter().collect::<Vec<_>>()),
            }),
        };
        schema["title"] = json!(self.title.en);
        schema["x-title"] = json!(self.title);
        for (name, value) in [("x-unit", &self.unit), ("x-when", &self.when)] {
            if let Some(text) = value {
                schema[name] = json!(text);
            }
        }
        for (name, value) in [("x-minimum", &self.min), ("x-maximum", &self.max)] {
            if let Some(number) = value {
                schema[name] = json!(number.to_string());
            }
        }
        if self.is_private() {
            schema["x-private"] = json!(true);
        }
        if let Some(help) = &self.help {
            schema["description"] = json!(help.en);
        }
        schema
    }
}
