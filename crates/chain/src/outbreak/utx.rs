//! UTX core JSON: activities that move units of a lot between stations are deliveries; activities that turn units into others
//! at one station are the relations between what came in and what went out.

use super::fcl::text;
use super::{Fcl, FormatError, Problems};
use base::Text;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Current records of a kind with their number, without those another record corrects.
fn records<'a>(
    value: &'a Value,
    kind: &str,
    corrected: &'a Corrected,
) -> impl Iterator<Item = (usize, &'a Value)> {
    let all = value.pointer(&format!("/utxCore/{kind}/current")).and_then(Value::as_array);
    let is_current = |r: &Value| r.get("id").and_then(text).is_none_or(|id| !corrected.0.contains_key(&id));
    all.into_iter().flatten().enumerate().filter(move |(_, r)| is_current(r))
}

fn by_id<'a>(value: &'a Value, kind: &str, corrected: &'a Corrected) -> HashMap<String, &'a Value> {
    records(value, kind, corrected).filter_map(|(_, r)| Some((r.get("id").and_then(text)?, r))).collect()
}

/// Records that were corrected, and the record that stands for them now; none when it was deleted.
struct Corrected(HashMap<String, Option<String>>);

impl Corrected {
    fn of(value: &Value) -> Self {
        let mut all = HashMap::new();
        let kinds = value.get("utxCore").and_then(Value::as_object);
        let lists = kinds
            .into_iter()
            .flat_map(|kinds| kinds.values())
            .flat_map(|kind| ["history", "current"].map(|list| kind.get(list).and_then(Value::as_array)));
        for record in lists.flatten().flatten() {
            let is_deletion = record.get("correctionType").and_then(Value::as_str) == Some("delete");
            let by = record.get("id").and_then(text).filter(|_| !is_deletion);
            let earlier = record.get("correctionOf").and_then(Value::as_array).into_iter().flatten();
            all.extend(
                earlier.filter_map(text).filter(|id| by.as_ref() != Some(id)).map(|id| (id, by.clone())),
            );
        }
        Self(all)
    }

    /// What a reference means now.
    fn resolve(&self, id: String) -> String {
        let mut now = id;
        // corrections of corrections; a circle ends somewhere
        for _ in 0..=self.0.len() {
            match self.0.get(&now) {
                Some(Some(next)) => now.clone_from(next),
                _ => break,
            }
        }
        now
    }
}

fn field(record: Option<&&Value>, name: &str) -> Option<String> {
    record.and_then(|r| r.get(name)).and_then(text)
}

fn join(parts: &[Option<String>], by: &str) -> Option<String> {
    let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(by))
}

/// A unit of a lot, or of a logistic unit, at a station.
struct Unit {
    /// None: where its activity is.
    station: Option<String>,
    lot: String,
    amount: Option<String>,
    /// When it began and ceased to be so.
    times: [Option<String>; 2],
}

/// Reads the current records; what stands under `history` has been replaced by them, and references to what was corrected
/// mean the correction.
pub(super) fn read(value: &Value) -> Result<(Fcl, Vec<Text>), FormatError> {
    let mut problems = Problems::default();
    let corrected = Corrected::of(value);
    let contacts = by_id(value, "contact", &corrected);
    let (lots, products) = (by_id(value, "lot", &corrected), by_id(value, "product", &corrected));
    let loads = by_id(value, "logisticUnit", &corrected);
    let reference = |record: Option<&&Value>, name: &str| field(record, name).map(|id| corrected.resolve(id));
    let mut known = BTreeSet::new();
    let mut stations: Vec<Vec<Value>> = Vec::new();
    for (n, station) in records(value, "station", &corrected) {
        let contact = reference(Some(&station), "stationNameAddress").and_then(|id| contacts.get(&id));
        let get = |name: &str| field(contact, name);
        let street = join(&[get("addressStreet"), get("addressNumber")], " ");
        let city = join(&[get("addressZip"), get("addressCity")], " ");
        let stage = ["stageCV", "stageFreeText"].map(|name| station.get(name).and_then(Value::as_array));
        let stage = stage.into_iter().flatten().flatten().filter_map(text);
        let Some(id) = field(Some(&station), "id") else {
            problems.add(
                format!("/utxCore/station/current/{n}/id"),
                "缺少 id，请填写",
                "the id is missing; give one",
            );
            continue;
        };
        stations.push(vec![
            json!(id),
            json!(get("name").or_else(|| field(Some(&station), "description"))),
            json!(join(&[street, city], ", ")),
            json!(get("addressCountry")),
            json!(join(&stage.map(Some).collect::<Vec<_>>(), ", ")),
            contact.and_then(|c| c.get("latitude")).cloned().unwrap_or_default(),
            contact.and_then(|c| c.get("longitude")).cloned().unwrap_or_default(),
        ]);
        known.insert(id);
    }
    let mut check = |at: String, station: Option<&String>| {
        if let Some(id) = station.filter(|id| !known.contains(*id)) {
            problems.add(
                format!("{at}/stationId"),
                format!("站点“{id}”不存在；请补充站点或更正编号"),
                format!("the station \"{id}\" is not there; add it or correct the id"),
            );
        }
    };
    let mut units: HashMap<String, Unit> = HashMap::new();
    for (n, tru) in records(value, "tru", &corrected) {
        let get = |name: &str| field(Some(&tru), name);
        let lot = reference(Some(&tru), "lotId").or_else(|| reference(Some(&tru), "luId"));
        if let (Some(id), Some(lot)) = (get("id"), lot) {
            let station = reference(Some(&tru), "stationId");
            check(format!("/utxCore/tru/current/{n}"), station.as_ref());
            let amount = join(&[get("netAmountQuantity"), get("netAmountUnit")], " ");
            units.insert(id, Unit { station, lot, amount, times: [get("statusStart"), get("statusEnd")] });
        }
    }
    let mut unplaced = Vec::new();
    let mut deliveries: Vec<Vec<Value>> = Vec::new();
    let mut moved: Vec<(String, String, String)> = Vec::new();
    let mut made_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (n, activity) in records(value, "activity", &corrected) {
        let get = |name: &str| field(Some(&activity), name);
        let id = get("id").unwrap_or_default();
        let here = reference(Some(&activity), "stationId");
        check(format!("/utxCore/activity/current/{n}"), here.as_ref());
        let side = |name: &str| -> Vec<String> {
            let items = activity.get(name).and_then(Value::as_array).into_iter().flatten();
            let ids = items.filter_map(|i| i.get("truIds").and_then(Value::as_array)).flatten();
            ids.filter_map(text).map(|id| corrected.resolve(id)).collect()
        };
        let (taken, made) = (side("truInput"), side("truOutput"));
        let place = |unit: &String| units.get(unit).and_then(|u| u.station.as_ref().or(here.as_ref()));
        if taken.iter().chain(&made).any(|unit| place(unit).is_none()) {
            unplaced.push(id);
            continue;
        }
        let places = |all: &[String]| all.iter().map(place).collect::<BTreeSet<_>>();
        if taken.is_empty() || made.is_empty() {
            continue;
        }
        if places(&taken) == places(&made) {
            for unit in made {
                made_of.entry(unit).or_default().extend(taken.iter().cloned());
            }
            continue;
        }
        let mut count = 0;
        for to in &made {
            // what is repacked on the way came from all that was taken
            let same: Vec<&String> = taken.iter().filter(|f| units[*f].lot == units[to].lot).collect();
            let sources = if same.is_empty() { taken.iter().collect() } else { same };
            for from in sources {
                count += 1;
                let name = if count == 1 { id.clone() } else { format!("{id}#{count}") };
                let lot = lots.get(&units[to].lot);
                let load = loads.get(&units[to].lot);
                let product = reference(lot, "productId").and_then(|p| products.get(&p));
                let product = field(product, "brandName").or_else(|| field(product, "labelName"));
                let label = product.or_else(|| field(lot, "shortDescription"));
                deliveries.push(vec![
                    json!(name),
                    json!(place(from)),
                    json!(place(to)),
                    json!(label.or_else(|| field(load, "description"))),
                    json!(units[to].lot),
                    json!(field(lot, "lotIdentifier").or_else(|| field(load, "registrationNumber"))),
                    json!(get("activityStart").or_else(|| units[from].times[1].clone())),
                    json!(get("activityEnd").or_else(|| units[to].times[0].clone())),
                    json!(units[to].amount),
                ]);
                moved.push((name, from.clone(), to.clone()));
            }
        }
    }
    problems.into_result()?;
    let relations = relations(&moved, &made_of);
    let string = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), "string")).collect::<Vec<_>>();
    let mut station_columns = string(&["ID", "Name", "Address", "Country", "type of business"]);
    station_columns.extend([("Latitude".to_owned(), "double"), ("Longitude".to_owned(), "double")]);
    let document = Fcl::from_tables([
        (station_columns, stations),
        (
            string(&[
                "ID",
                "from",
                "to",
                "Name",
                "Lot ID",
                "Lot Number",
                "Date Delivery",
                "Date Delivery Arrival",
                "Amount",
            ]),
            deliveries,
        ),
        (string(&["from", "to"]), relations.iter().map(|(a, b)| vec![json!(a), json!(b)]).collect()),
    ]);
    let note = (!unplaced.is_empty()).then(|| {
        Text::new(
            format!("{} 个活动的单元缺少站点或批次，未使用：{}", unplaced.len(), unplaced.join(", ")),
            format!(
                "{} activities whose units lack a station or a lot were not used: {}",
                unplaced.len(),
                unplaced.join(", ")
            ),
        )
    });
    Ok((document, note.into_iter().collect()))
}

/// A delivery went into another when the unit it brought is, or became, the unit the other took away.
fn relations(
    moved: &[(String, String, String)],
    made_of: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<(String, String)> {
    let mut brought: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, _, to) in moved {
        brought.entry(to).or_default().push(id);
    }
    let mut relations = BTreeSet::new();
    for (id, from, _) in moved {
        let mut seen: BTreeSet<&str> = BTreeSet::from([from.as_str()]);
        let mut open: Vec<&str> = vec![from];
        while let Some(unit) = open.pop() {
            for earlier in brought.get(unit).into_iter().flatten().filter(|e| **e != id.as_str()) {
                relations.insert(((*earlier).to_owned(), id.clone()));
            }
            let parts = made_of.get(unit).into_iter().flatten().map(String::as_str);
            open.extend(parts.filter(|p| seen.insert(p)));
        }
    }
    relations
}

/// An identifier in the form of a UUID (version 8), made from a name; a name that is one stays.
fn uuid(kind: &str, name: &str) -> String {
    let shape = |(n, c): (usize, char)| {
        if [8, 13, 18, 23].contains(&n) { c == '-' } else { c.is_ascii_hexdigit() }
    };
    if name.len() == 36 && name.chars().enumerate().all(shape) {
        return name.to_ascii_lowercase();
    }
    // FNV-1a in 128 bits: stable, no secrecy wanted
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in kind.bytes().chain([0]).chain(name.bytes()) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let hash = (hash & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{hash:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Writes a document: a unit at each end of a delivery, a moving activity for the delivery, a processing one for what
/// goes into it. Only complete dates are times of activities; partial ones are allowed by the format and kept.
pub(super) fn write(document: &Fcl) -> Value {
    let cell = |row: &super::fcl::Row<'_>, columns: &[&str]| -> Option<String> {
        columns.iter().find_map(|c| row.get(c).and_then(|v| text(v)))
    };
    let record = |pairs: Vec<(&str, Option<Value>)>| -> Value {
        Value::Object(pairs.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect())
    };
    let string = |s: Option<String>| s.map(Value::String);
    let (mut stations, mut contacts) = (Vec::new(), Vec::new());
    for row in document.rows("stations") {
        let id = cell(&row, &["ID"]).unwrap_or_default();
        let contact = uuid("contact", &id);
        let number = |columns: &[&str]| columns.iter().find_map(|c| row.get(c)).and_then(|v| v.as_f64());
        contacts.push(record(vec![
            ("id", Some(json!(contact))),
            ("contactType", Some(json!("Station"))),
            ("name", string(cell(&row, &["Name", "ID"]))),
            ("addressStreet", string(cell(&row, &["Street", "Address"]))),
            ("addressNumber", string(cell(&row, &["Street Number"]))),
            ("addressZip", string(cell(&row, &["Postal Code"]))),
            ("addressCity", string(cell(&row, &["City"]))),
            ("addressCountry", string(cell(&row, &["Country"]))),
            ("latitude", number(&["GeocodingLatitude", "Latitude"]).map(|n| json!(n))),
            ("longitude", number(&["GeocodingLongitude", "Longitude"]).map(|n| json!(n))),
        ]));
        stations.push(record(vec![
            ("id", Some(json!(uuid("station", &id)))),
            ("stationNameAddress", Some(json!(contact))),
            ("stageFreeText", cell(&row, &["type of business", "Type of business"]).map(|t| json!([t]))),
        ]));
    }
    let (mut trus, mut activities) = (Vec::new(), Vec::new());
    let (mut lots, mut products) = (BTreeMap::new(), BTreeMap::new());
    let mut into: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in document.rows("deliveryRelations") {
        if let (Some(a), Some(b)) = (cell(&row, &["from", "ID"]), cell(&row, &["to", "Next"])) {
            into.entry(b).or_default().push(a);
        }
    }
    for row in document.rows("deliveries") {
        let id = cell(&row, &["ID"]).unwrap_or_default();
        let (from, to) = (cell(&row, &["from"]).unwrap_or_default(), cell(&row, &["to"]).unwrap_or_default());
        let product = cell(&row, &["Name"]);
        let lot = cell(&row, &["Lot Number", "Lot ID"]);
        let key =
            format!("{from}|{}|{}", product.as_deref().unwrap_or_default(), lot.as_deref().unwrap_or(&id));
        let lot_id = uuid("lot", &key);
        let product_id = product.as_ref().map(|p| uuid("product", p));
        if let (Some(product), Some(id)) = (&product, &product_id) {
            products.insert(id.clone(), json!({ "id": id, "brandName": product }));
        }
        let lot_record = record(vec![
            ("id", Some(json!(lot_id))),
            ("lotIdentifier", string(lot)),
            ("productId", string(product_id)),
        ]);
        lots.insert(lot_id.clone(), lot_record);
        let amount = cell(&row, &["Amount"]).unwrap_or_default();
        let (number, unit) = amount.split_once(' ').unwrap_or((&amount, ""));
        let number = number.parse::<f64>().ok().filter(|n| *n > 0.0);
        let (sent, received) = (uuid("sent", &id), uuid("received", &id));
        for (tru, station) in [(&sent, &from), (&received, &to)] {
            trus.push(record(vec![
                ("id", Some(json!(tru))),
                ("lotId", Some(json!(lot_id))),
                ("stationId", Some(json!(uuid("station", station)))),
                ("netAmountQuantity", number.map(|n| json!(n))),
                (
                    "netAmountUnit",
                    number.and_then(|_| string(Some(unit.to_owned()).filter(|u| !u.is_empty()))),
                ),
            ]));
        }
        if let Some(parts) = into.get(&id) {
            let units: Vec<String> = parts.iter().map(|p| uuid("received", p)).collect();
            activities.push(record(vec![
                ("id", Some(json!(uuid("made", &id)))),
                ("stationId", Some(json!(uuid("station", &from)))),
                ("activityPrimaryTypeCV", Some(json!(["process/transform"]))),
                ("truInput", Some(json!([{ "truIds": units }]))),
                ("truOutput", Some(json!([{ "truIds": [sent] }]))),
            ]));
        }
        activities.push(record(vec![
            ("id", Some(json!(uuid("moved", &id)))),
            ("activityDescription", Some(json!(id))),
            ("activityStart", string(cell(&row, &["Date Delivery"]))),
            ("activityEnd", string(cell(&row, &["Date Delivery Arrival"]))),
            ("activityPrimaryTypeCV", Some(json!(["distribute"]))),
            ("truInput", Some(json!([{ "truIds": [sent] }]))),
            ("truOutput", Some(json!([{ "truIds": [received] }]))),
        ]));
    }
    let current = |records: Vec<Value>| json!({ "current": records });
    json!({ "utxCore": {
        "activity": current(activities), "station": current(stations), "tru": current(trus),
        "lot": current(lots.into_values().collect()), "product": current(products.into_values().collect()),
        "contact": current(contacts),
    }})
}
