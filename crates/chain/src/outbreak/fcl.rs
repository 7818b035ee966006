//! FoodChain-Lab JSON 1.x: tables of columns and rows, tracing settings, groups and view, all kept as given.

use super::scored::Scored;
use super::{FormatError, Problems};
use crate::score::{Network, Scores, Settings};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Version written into documents made here.
const VERSION: &str = "1.2.1";

/// A document in the layout of FoodChain-Lab JSON 1.x.
#[derive(Debug, Clone, PartialEq)]
pub struct Fcl(Value);

/// A row as column → value; absent and null cells are not in it.
pub(super) type Row<'a> = HashMap<&'a str, &'a Value>;

/// A table to be: columns `(id, type)` and rows of values.
pub(super) type Columns = (Vec<(String, &'static str)>, Vec<Vec<Value>>);

/// The text of a cell: numbers and truth values as written.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()).filter(|s| !s.trim().is_empty()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn first(row: &Row<'_>, columns: &[&str]) -> Option<String> {
    columns.iter().find_map(|c| row.get(c).and_then(|v| text(v)))
}

impl Fcl {
    /// Takes a document.
    ///
    /// # Errors
    /// Its version is not 1.x, or a table is not made of rows of `{id, value}`.
    pub fn parse(value: Value) -> Result<Self, FormatError> {
        check_version(value.get("version").and_then(Value::as_str))?;
        let mut problems = Problems::default();
        for table in ["stations", "deliveries", "deliveryRelations"] {
            let at = format!("/data/{table}/data");
            let Some(rows) = value.pointer(&at).and_then(Value::as_array) else {
                problems.add(
                    &at,
                    format!("缺少 {table} 数据表的行"),
                    format!("the table {table} has no list of rows"),
                );
                continue;
            };
            let cell = |c: &Value| c.get("id").is_some_and(Value::is_string) && c.is_object();
            let row = |r: &Value| r.as_array().is_some_and(|cells| cells.iter().all(cell));
            if let Some(n) = rows.iter().position(|r| !row(r)) {
                problems.add(
                    format!("{at}/{n}"),
                    "每行应为 {id, value} 单元格的数组",
                    "a row is a list of cells {id, value}",
                );
            }
        }
        problems.into_result()?;
        Ok(Self(value))
    }

    /// A document made from its tables: each a list of columns `(id, type)` and rows of values.
    pub(super) fn from_tables(tables: [Columns; 3]) -> Self {
        let table = |(columns, rows): &Columns| {
            let properties: Vec<Value> =
                columns.iter().map(|(id, kind)| json!({ "id": id, "type": kind })).collect();
            let rows: Vec<Value> = (rows.iter())
                .map(|row| {
                    let cells = columns.iter().zip(row).filter(|(_, v)| !v.is_null());
                    Value::Array(cells.map(|((id, _), v)| json!({ "id": id, "value": v })).collect())
                })
                .collect();
            json!({ "columnProperties": properties, "data": rows })
        };
        let [stations, deliveries, relations] = &tables;
        Self(json!({
            "version": VERSION,
            "data": {
                "version": VERSION,
                "stations": table(stations),
                "deliveries": table(deliveries),
                "deliveryRelations": table(relations),
            },
        }))
    }

    /// The document of a network that came without one.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let string = |s: &Option<String>| s.as_ref().map_or(Value::Null, |s| json!(s));
        let columns = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), "string")).collect::<Vec<_>>();
        let mut listed: HashSet<&str> = network.stations.iter().map(|s| s.id.as_str()).collect();
        let mut stations: Vec<Vec<Value>> =
            network.stations.iter().map(|s| vec![json!(s.id), string(&s.name)]).collect();
        for id in network.deliveries.iter().flat_map(|d| [d.from.as_str(), d.to.as_str()]) {
            if listed.insert(id) {
                stations.push(vec![json!(id), Value::Null]);
            }
        }
        let deliveries = network.deliveries.iter().map(|d| {
            let amount = d.amount_kg.map_or(Value::Null, |kg| json!(format!("{kg} kg")));
            let (name, lot) = (string(&d.product), string(&d.lot));
            vec![
                json!(d.id),
                json!(d.from),
                json!(d.to),
                name,
                lot,
                string(&d.date_out),
                string(&d.date_in),
                amount,
            ]
        });
        let mut document = Self::from_tables([
            (columns(&["ID", "Name"]), stations),
            (
                columns(&[
                    "ID",
                    "from",
                    "to",
                    "Name",
                    "Lot ID",
                    "Date Delivery",
                    "Date Delivery Arrival",
                    "Amount",
                ]),
                deliveries.collect(),
            ),
            (
                columns(&["from", "to"]),
                network.relations.iter().map(|(a, b)| vec![json!(a), json!(b)]).collect(),
            ),
        ]);
        document.apply(&network.settings);
        document
    }

    /// The document as JSON.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.0
    }

    /// Rows of a table: `stations`, `deliveries` or `deliveryRelations`.
    pub(super) fn rows(&self, table: &str) -> Vec<Row<'_>> {
        let rows = self.0.pointer(&format!("/data/{table}/data")).and_then(Value::as_array);
        let cell = |c: &'_ Value| -> bool { c.get("value").is_some_and(|v| !v.is_null()) };
        rows.map(|rows| {
            rows.iter()
                .map(|row| {
                    let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
                    cells
                        .iter()
                        .filter(|c| cell(c))
                        .filter_map(|c| Some((c.get("id")?.as_str()?, c.get("value")?)))
                        .collect()
                })
                .collect()
        })
        .unwrap_or_default()
    }

    /// Column names of a table in their order.
    pub(super) fn columns(&self, table: &str) -> Vec<String> {
        let columns = self.0.pointer(&format!("/data/{table}/columnProperties")).and_then(Value::as_array);
        columns
            .map(|all| all.iter().filter_map(|c| c.get("id")?.as_str().map(str::to_owned)).collect())
            .unwrap_or_default()
    }

    /// What is scored. A lot is what one sender calls by one product name and lot identifier. Groups count as merged stations
    /// when tracing settings are given to the group itself; otherwise they are only a way of drawing. Temporal order is
    /// enforced unless the document says otherwise.
    ///
    /// # Errors
    /// An identifier is missing, given twice, or names nothing.
    pub fn network(&self) -> Result<Network, FormatError> {
        let scored = Scored::deserialize(&self.0).map_err(|e| {
            FormatError::one(
                "/tracing",
                format!("追溯设置不可用：{e}"),
                format!("the tracing settings cannot be used: {e}"),
            )
        })?;
        scored.network()
    }

    /// Writes tracing settings into the document; everything else stays as it is. Merged stations become groups.
    pub fn apply(&mut self, settings: &Settings) {
        let station_ids: Vec<String> =
            self.rows("stations").iter().filter_map(|r| first(r, &["ID", "id"])).collect();
        let delivery_ids: Vec<String> =
            self.rows("deliveries").iter().filter_map(|r| first(r, &["ID", "id"])).collect();
        let groups: std::collections::BTreeMap<&String, Vec<&String>> =
            settings.merged_stations.iter().fold(Default::default(), |mut groups, (member, group)| {
                groups.entry(group).or_insert_with(Vec::new).push(member);
                groups
            });
        let set = |list: &[String]| list.iter().cloned().collect::<HashSet<_>>();
        let element = |id: &String, weight: Option<&f64>, flags: [&HashSet<String>; 3]| {
            json!({
                "id": id, "weight": weight.copied().unwrap_or(0.0),
                "crossContamination": flags[0].contains(id), "killContamination": flags[1].contains(id),
                "observed": flags[2].contains(id),
            })
        };
        let flags = [
            set(&settings.cross_contamination_stations),
            set(&settings.kill_contamination_stations),
            set(&settings.observed_stations),
        ];
        let groups_of_their_own = groups.keys().filter(|g| !station_ids.contains(g)).map(|g| (*g).clone());
        let nodes: Vec<Value> = station_ids
            .iter()
            .cloned()
            .chain(groups_of_their_own)
            .map(|id| element(&id, settings.station_weights.get(&id), [&flags[0], &flags[1], &flags[2]]))
            .collect();
        let flags = [
            set(&settings.cross_contamination_deliveries),
            set(&settings.kill_contamination_deliveries),
            set(&settings.observed_deliveries),
        ];
        let deliveries: Vec<Value> = delivery_ids
            .iter()
            .map(|id| element(id, settings.delivery_weights.get(id), [&flags[0], &flags[1], &flags[2]]))
            .collect();
        let Some(root) = self.0.as_object_mut() else { return };
        let tracing = root.entry("tracing").or_insert(Value::Null);
        if !tracing.is_object() {
            *tracing = json!({ "version": VERSION });
        }
        if let Some(tracing) = tracing.as_object_mut() {
            tracing.insert("enforceTemporalOrder".to_owned(), json!(settings.enforce_temporal_order));
            tracing.insert("nodes".to_owned(), Value::Array(nodes));
            tracing.insert("deliveries".to_owned(), Value::Array(deliveries));
        }
        if groups.is_empty() {
            return;
        }
        let view = root.entry("settings").or_insert(Value::Null);
        if !view.is_object() {
            *view = json!({ "version": VERSION });
        }
        let members: Vec<Value> = groups
            .iter()
            .map(|(id, members)| json!({ "id": id, "name": id, "type": null, "members": members }))
            .collect();
        if let Some(view) = view.as_object_mut() {
            view.insert("metaNodes".to_owned(), Value::Array(members));
        }
    }

    /// Writes scores as the result columns of FoodChain-Lab; earlier results in those columns are replaced.
    pub fn set_scores(&mut self, scores: &Scores) {
        let base = |s: &crate::score::Score| {
            vec![
                ("Score", json!(s.score)),
                ("Normalized Score", json!(s.normalized_score)),
                ("Positive Score", json!(s.positive_score)),
                ("Negative Score", json!(s.negative_score)),
            ]
        };
        let stations = scores.stations.iter().map(|s| {
            let mut all = base(&s.score);
            all.push(("Max Lot Score", json!(s.max_lot_score)));
            all.extend([("Forward", json!(s.forward)), ("Backward", json!(s.backward))]);
            (s.id.clone(), all)
        });
        self.add_columns("stations", &stations.collect());
        let deliveries = scores.deliveries.iter().map(|d| {
            let mut all = base(&d.score);
            all.push(("Lot Score", json!(d.lot_score)));
            all.extend([("Forward", json!(d.forward)), ("Backward", json!(d.backward))]);
            (d.id.clone(), all)
        });
        self.add_columns("deliveries", &deliveries.collect());
    }

    fn add_columns(&mut self, table: &str, values: &HashMap<String, Vec<(&'static str, Value)>>) {
        let Some(names) = values.values().next().map(|v| v.iter().map(|(n, _)| *n).collect::<Vec<_>>())
        else {
            return;
        };
        let is_result =
            |cell: &Value| cell.get("id").and_then(Value::as_str).is_some_and(|id| names.contains(&id));
        let Some(table) = self.0.pointer_mut(&format!("/data/{table}")).and_then(Value::as_object_mut) else {
            return;
        };
        if let Some(columns) = table.get_mut("columnProperties").and_then(Value::as_array_mut) {
            columns.retain(|c| !is_result(c));
            let kind = |name: &str| if name.ends_with("Score") { "double" } else { "boolean" };
            columns.extend(names.iter().map(|n| json!({ "id": n, "type": kind(n) })));
        }
        let rows = table.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten();
        for row in rows.filter_map(Value::as_array_mut) {
            let id = |c: &Value| c.get("id").and_then(Value::as_str) == Some("ID");
            let Some(id) = row.iter().find(|c| id(c)).and_then(|c| c.get("value")).and_then(text) else {
                continue;
            };
            row.retain(|c| !is_result(c));
            let cells = values.get(&id).into_iter().flatten();
            row.extend(cells.map(|(name, value)| {
                let mut cell = Map::new();
                cell.insert("id".to_owned(), json!(name));
                cell.insert("value".to_owned(), value.clone());
                Value::Object(cell)
            }));
        }
    }
}

/// Whether a document of this version is read.
pub(super) fn check_version(version: Option<&str>) -> Result<(), FormatError> {
    let Some(version) = version.filter(|v| v.split('.').next() != Some("1")) else { return Ok(()) };
    Err(FormatError::one(
        "/version",
        format!("不支持 FoodChain-Lab JSON 版本 {version}，请另存为 1.x"),
        format!("FoodChain-Lab JSON {version} is not read; save it as 1.x"),
    ))
}

/// Kilograms of an amount as people write it: `20 kg`, `1.5 t`, `500 g`; other units are not guessed.
pub(super) fn kilograms(amount: &str) -> Option<f64> {
    let amount = amount.trim();
    let end = amount.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(amount.len());
    let number: f64 = amount[..end].parse().ok()?;
    let factor = match amount[end..].trim().to_ascii_lowercase().as_str() {
        "kg" | "kgm" | "千克" | "公斤" => 1.0,
        "t" | "tne" | "吨" => 1000.0,
        "g" | "grm" | "克" => 0.001,
        _ => return None,
    };
    Some(number * factor)
}
