//! FoodChain-Lab JSON 1.x: tables of columns and rows, tracing settings, groups and view, all kept as given.

use super::{FormatError, Problems};
use crate::score::{Delivery, Network, Scores, Settings, Station};
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

const FROM: &[&str] = &["from", "source", "ID"];
const TO: &[&str] = &["to", "target", "Next"];

impl Fcl {
    /// Takes a document.
    ///
    /// # Errors
    /// Its version is not 1.x, or a table is not made of rows of `{id, value}`.
    pub fn parse(value: Value) -> Result<Self, FormatError> {
        if let Some(version) = value.get("version").and_then(Value::as_str)
            && version.split('.').next() != Some("1")
        {
            return Err(FormatError::one(
                "/version",
                format!("不支持 FoodChain-Lab JSON 版本 {version}，请另存为 1.x"),
                format!("FoodChain-Lab JSON {version} is not read; save it as 1.x"),
            ));
        }
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
        let mut problems = Problems::default();
        let mut network = Network::default();
        let mut stations = HashSet::new();
        for (n, row) in self.rows("stations").iter().enumerate() {
            let at = format!("/data/stations/data/{n}");
            let id = identifier(row, &["ID", "id"], &at, &mut stations, &mut problems);
            network.stations.push(Station { id, name: first(row, &["Name", "name"]) });
        }
        let mut deliveries = HashSet::new();
        for (n, row) in self.rows("deliveries").iter().enumerate() {
            let at = format!("/data/deliveries/data/{n}");
            let id = identifier(row, &["ID", "id"], &at, &mut deliveries, &mut problems);
            let mut end = |columns: &[&str]| {
                let end = first(row, columns).unwrap_or_default();
                if !stations.contains(&end) {
                    problems.add(
                        format!("{at}/{}", columns[0]),
                        format!("交货 {id} 的“{}”为“{end}”，站点表中没有；请补充站点或更正编号", columns[0]),
                        format!(
                            "delivery {id}: \"{}\" is \"{end}\", which no station has as ID; add the station or correct it",
                            columns[0]
                        ),
                    );
                }
                end
            };
            let (from, to) = (end(&FROM[..2]), end(&TO[..2]));
            let product = first(row, &["Name", "name"]);
            let lot = first(row, &["Lot ID", "Lot Number", "lot"]).map(|lot| match &product {
                Some(product) => format!("{product}|{lot}"),
                None => lot,
            });
            let date_out = first(row, &["Date Delivery", "Date Delivery Departure", "dateOut"]);
            let date_in = first(row, &["Date Delivery Arrival", "dateIn"]);
            let amount_kg = first(row, &["Amount"]).and_then(|a| kilograms(&a));
            network.deliveries.push(Delivery { id, from, to, lot, date_out, date_in, product, amount_kg });
        }
        for (n, row) in self.rows("deliveryRelations").iter().enumerate() {
            let (a, b) = (first(row, FROM).unwrap_or_default(), first(row, TO).unwrap_or_default());
            for id in [&a, &b] {
                if !deliveries.contains(id) {
                    problems.add(
                        format!("/data/deliveryRelations/data/{n}"),
                        format!("关系中的交货“{id}”不存在；请更正或删除该行"),
                        format!("the relation names delivery \"{id}\", which is not there; correct or delete the row"),
                    );
                }
            }
            network.relations.push((a, b));
        }
        problems.into_result()?;
        network.settings = self.settings();
        Ok(network)
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings {
            enforce_temporal_order: (self.0.pointer("/tracing/enforceTemporalOrder"))
                .and_then(Value::as_bool)
                .unwrap_or(true),
            ..Settings::default()
        };
        let list =
            |at: &str| self.0.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut active = HashSet::new();
        for (at, is_station) in [("/tracing/nodes", true), ("/tracing/deliveries", false)] {
            for element in list(at) {
                let Some(id) = element.get("id").and_then(text) else { continue };
                let flag = |key: &str| element.get(key).and_then(Value::as_bool).unwrap_or(false);
                let weight = element.get("weight").and_then(Value::as_f64).unwrap_or(0.0);
                let (cross, kill) = (flag("crossContamination"), flag("killContamination"));
                if is_station && (weight.abs() > 0.0 || cross || kill) {
                    active.insert(id.clone());
                }
                let lists = if is_station {
                    (
                        &mut settings.station_weights,
                        &mut settings.cross_contamination_stations,
                        &mut settings.kill_contamination_stations,
                        &mut settings.observed_stations,
                    )
                } else {
                    (
                        &mut settings.delivery_weights,
                        &mut settings.cross_contamination_deliveries,
                        &mut settings.kill_contamination_deliveries,
                        &mut settings.observed_deliveries,
                    )
                };
                if weight.abs() > 0.0 {
                    lists.0.insert(id.clone(), weight);
                }
                for (list, on) in [(lists.1, cross), (lists.2, kill), (lists.3, flag("observed"))] {
                    list.extend(on.then(|| id.clone()));
                }
            }
        }
        for group in list("/settings/metaNodes") {
            let Some(id) = group.get("id").and_then(text).filter(|id| active.contains(id)) else { continue };
            let members =
                group.get("members").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            settings.merged_stations.extend(members.iter().filter_map(text).map(|m| (m, id.clone())));
        }
        settings
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

fn identifier(
    row: &Row<'_>,
    columns: &[&str],
    at: &str,
    seen: &mut HashSet<String>,
    problems: &mut Problems,
) -> String {
    let id = first(row, columns).unwrap_or_default();
    if id.is_empty() {
        problems.add(format!("{at}/ID"), "缺少 ID，请填写", "the ID is missing; give one");
    } else if !seen.insert(id.clone()) {
        problems.add(
            format!("{at}/ID"),
            format!("ID {id} 重复，请改为唯一编号"),
            format!("the ID {id} is given twice; give each its own"),
        );
    }
    id
}

/// Kilograms of an amount as people write it: `20 kg`, `1.5 t`, `500 g`; other units are not guessed.
fn kilograms(amount: &str) -> Option<f64> {
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
