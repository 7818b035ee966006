//! FoodChain-Lab JSON before 1.0: flat stations, deliveries and relations, or `elements` with settings; made into the later layout.

use super::fcl::{Columns, text};
use super::{Fcl, FormatError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Names of the old form and the columns they became.
const STATION: &[(&str, &str)] =
    &[("id", "ID"), ("name", "Name"), ("lat", "GeocodingLatitude"), ("lon", "GeocodingLongitude")];
const DELIVERY: &[(&str, &str)] = &[
    ("id", "ID"),
    ("name", "Name"),
    ("lot", "Lot ID"),
    ("date", "Date Delivery"),
    ("dateOut", "Date Delivery"),
    ("dateIn", "Date Delivery Arrival"),
];
/// Names of the old form that are settings or derived, not data.
const SETTINGS: &[&str] = &[
    "weight",
    "outbreak",
    "crossContamination",
    "killContamination",
    "observed",
    "contains",
    "contained",
    "properties",
    "incoming",
    "outgoing",
    "connections",
    "invisible",
    "selected",
    "position",
    "positionRelativeTo",
    "source",
    "target",
    "from",
    "to",
    "originalSource",
    "originalTarget",
    "forward",
    "backward",
    "score",
    "commonLink",
];

/// Reads the old form.
pub(super) fn read(value: &Value) -> Result<Fcl, FormatError> {
    let elements = value.get("elements").unwrap_or(value);
    let list = |key: &str| -> Result<&Vec<Value>, FormatError> {
        elements.get(key).and_then(Value::as_array).ok_or_else(|| {
            FormatError::one(
                format!("/{key}"),
                format!("旧版 FoodChain-Lab 文件缺少 {key} 列表"),
                format!("the old FoodChain-Lab form needs the list {key}"),
            )
        })
    };
    let (all, deliveries) = (list("stations")?, list("deliveries")?);
    let is_group = |s: &Value| s.get("contains").and_then(Value::as_array).is_some_and(|m| !m.is_empty());
    let (groups, stations): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|s| is_group(s));
    let mut relations: Vec<&Value> = Vec::new();
    match elements.get("deliveriesRelations").and_then(Value::as_array) {
        Some(all) => relations.extend(all),
        None => {
            let inside = stations.iter().filter_map(|s| s.get("connections").and_then(Value::as_array));
            relations.extend(inside.flatten());
        }
    }
    let end = |d: &Value, keys: &[&str]| keys.iter().find_map(|k| d.get(*k).and_then(text));
    let pairs: Vec<Vec<Value>> = relations
        .iter()
        .map(|r| vec![json!(end(r, &["source", "from"])), json!(end(r, &["target", "to"]))])
        .collect();
    let deliveries_ends: Vec<[Option<String>; 2]> = deliveries
        .iter()
        .map(|d| [end(d, &["originalSource", "source", "from"]), end(d, &["originalTarget", "target", "to"])])
        .collect();
    let (station_columns, station_rows) = table(&stations, STATION, None);
    let rows: Vec<&Value> = deliveries.iter().collect();
    let (delivery_columns, delivery_rows) = table(&rows, DELIVERY, Some(&deliveries_ends));
    let ends = vec![("from".to_owned(), "string"), ("to".to_owned(), "string")];
    let document =
        Fcl::from_tables([(station_columns, station_rows), (delivery_columns, delivery_rows), (ends, pairs)]);
    let mut whole = document.value().clone();
    let tracing = |elements: &mut dyn Iterator<Item = &Value>| -> Vec<Value> {
        elements
            .map(|e| {
                let flag = |key: &str| match e.get(key) {
                    Some(Value::Bool(b)) => *b,
                    Some(Value::String(s)) => !s.eq_ignore_ascii_case("none"),
                    _ => false,
                };
                let outbreak = if flag("outbreak") { 1.0 } else { 0.0 };
                let weight = e.get("weight").and_then(Value::as_f64).unwrap_or(outbreak);
                json!({
                    "id": e.get("id").and_then(text), "weight": weight,
                    "crossContamination": flag("crossContamination"),
                    "killContamination": flag("killContamination"), "observed": flag("observed"),
                })
            })
            .collect()
    };
    let nodes = tracing(&mut all.iter());
    let of_deliveries = tracing(&mut deliveries.iter());
    let metas: Vec<Value> = groups
        .iter()
        .map(|g| json!({ "id": g.get("id"), "name": g.get("name"), "type": null, "members": g.get("contains") }))
        .collect();
    if let Some(root) = whole.as_object_mut() {
        root.insert("tracing".to_owned(), json!({ "nodes": nodes, "deliveries": of_deliveries }));
        if !metas.is_empty() {
            root.insert("settings".to_owned(), json!({ "metaNodes": metas }));
        }
        if let Some(samples) = value.get("samples") {
            root.insert("samples".to_owned(), samples.clone());
        }
    }
    Fcl::parse(whole)
}

/// Columns in the order they first appear, known names renamed, properties spread out.
fn table(elements: &[&Value], names: &[(&str, &str)], ends: Option<&[[Option<String>; 2]]>) -> Columns {
    let mut columns: Vec<String> = Vec::new();
    let mut cells: Vec<BTreeMap<String, Value>> = Vec::with_capacity(elements.len());
    for (n, element) in elements.iter().enumerate() {
        let mut row = BTreeMap::new();
        let mut put = |column: String, value: &Value| {
            if text(value).is_some() {
                if !columns.contains(&column) {
                    columns.push(column.clone());
                }
                row.insert(column, value.clone());
            }
        };
        for (key, value) in element.as_object().into_iter().flatten() {
            if let Some((_, column)) = names.iter().find(|(old, _)| old == key) {
                put((*column).to_owned(), value);
            } else if !SETTINGS.contains(&key.as_str()) {
                put(key.clone(), value);
            }
        }
        if let Some([from, to]) = ends.and_then(|e| e.get(n)) {
            put("from".to_owned(), &json!(from));
            put("to".to_owned(), &json!(to));
        }
        for property in element.get("properties").and_then(Value::as_array).into_iter().flatten() {
            let name = property.get("name").or_else(|| property.get("id")).and_then(Value::as_str);
            if let (Some(name), Some(value)) = (name, property.get("value")) {
                put(name.to_owned(), value);
            }
        }
        cells.push(row);
    }
    let rows = cells
        .into_iter()
        .map(|mut row| columns.iter().map(|c| row.remove(c).unwrap_or(Value::Null)).collect())
        .collect();
    (columns.into_iter().map(|c| (c, "string")).collect(), rows)
}
