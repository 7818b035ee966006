//! What of a FoodChain-Lab JSON 1.x document is scored, read in one pass without a tree of the rest.

use super::fcl::{check_version, kilograms};
use super::{FormatError, Problems};
use crate::score::dictionary::Dictionary;
use crate::score::links::small;
use crate::score::{Delivery, Network, Settings, Station};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// A document 1.x; everything else in it is passed over.
#[derive(serde::Deserialize)]
pub(super) struct Scored {
    #[serde(default)]
    version: Text,
    data: Data,
    #[serde(default)]
    tracing: Option<Tracing>,
    #[serde(default)]
    settings: Option<View>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    stations: Table<STATIONS>,
    deliveries: Table<DELIVERIES>,
    delivery_relations: Table<RELATIONS>,
}

#[derive(serde::Deserialize)]
struct Table<const KIND: u8> {
    data: Vec<Cells<KIND>>,
}

const STATIONS: u8 = 0;
const DELIVERIES: u8 = 1;
const RELATIONS: u8 = 2;

/// Names of the columns that count, by what they say; the first that is filled is taken.
const fn columns(kind: u8) -> &'static [&'static [&'static str]] {
    const FROM: &[&str] = &["from", "source"];
    const TO: &[&str] = &["to", "target"];
    match kind {
        STATIONS => &[&["ID", "id"], &["Name", "name"]],
        DELIVERIES => &[
            &["ID", "id"],
            FROM,
            TO,
            &["Name", "name"],
            &["Lot ID", "Lot Number", "lot"],
            &["Date Delivery", "Date Delivery Departure", "dateOut"],
            &["Date Delivery Arrival", "dateIn"],
            &["Amount"],
        ],
        _ => &[&["from", "source", "ID"], &["to", "target", "Next"]],
    }
}

/// Most columns that count in a table.
const MOST: usize = 8;

/// The cells of a row that count.
struct Cells<const KIND: u8>([Option<String>; MOST]);

impl<const KIND: u8> Cells<KIND> {
    fn take<const N: usize>(self) -> [Option<String>; N] {
        let mut cells = self.0.into_iter();
        std::array::from_fn(|_| cells.next().flatten())
    }
}

impl<'de, const KIND: u8> Deserialize<'de> for Cells<KIND> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Row<const KIND: u8>;
        impl<'de, const KIND: u8> Visitor<'de> for Row<KIND> {
            type Value = Cells<KIND>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row: a list of cells {id, value}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Cells<KIND>, A::Error> {
                let mut row: [Option<String>; MOST] = Default::default();
                let mut rank = [usize::MAX; MOST];
                while let Some(Cell { column, value }) = cells.next_element::<Cell<KIND>>()? {
                    let (Some((at, better)), Some(value)) = (column, value) else { continue };
                    if better <= rank[at] {
                        rank[at] = better;
                        row[at] = Some(value);
                    }
                }
                Ok(Cells(row))
            }
        }
        input.deserialize_seq(Row)
    }
}

/// One cell: which column and which of its names, and the text.
struct Cell<const KIND: u8> {
    column: Option<(usize, usize)>,
    value: Option<String>,
}

impl<'de, const KIND: u8> Deserialize<'de> for Cell<KIND> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Members<const KIND: u8>;
        impl<'de, const KIND: u8> Visitor<'de> for Members<KIND> {
            type Value = Cell<KIND>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cell {id, value}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Cell<KIND>, A::Error> {
                let (mut column, mut value, mut named) = (None, None, false);
                while let Some(key) = members.next_key::<Key>()? {
                    match key {
                        Key::Id => {
                            column = members.next_value::<Column<KIND>>()?.0;
                            named = true;
                        }
                        // a column that does not count is not copied
                        Key::Value if named && column.is_none() => {
                            members.next_value::<IgnoredAny>()?;
                        }
                        Key::Value => value = members.next_value::<Text>()?.0,
                        Key::Other => {
                            members.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                if !named {
                    return Err(serde::de::Error::missing_field("id"));
                }
                Ok(Cell { column, value })
            }
        }
        input.deserialize_map(Members)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Id,
    Value,
    #[serde(other)]
    Other,
}

/// The column a name means, and its place among the names of that column.
struct Column<const KIND: u8>(Option<(usize, usize)>);

impl<'de, const KIND: u8> Deserialize<'de> for Column<KIND> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Name<const KIND: u8>;
        impl<const KIND: u8> Visitor<'_> for Name<KIND> {
            type Value = Column<KIND>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column")
            }

            fn visit_str<E>(self, name: &str) -> Result<Column<KIND>, E> {
                let mut all = columns(KIND).iter().enumerate();
                Ok(Column(all.find_map(|(n, names)| Some((n, names.iter().position(|k| *k == name)?)))))
            }
        }
        input.deserialize_str(Name)
    }
}

/// The text of a cell: numbers and truth values as written; nothing for anything else, or when it is blank.
#[derive(Default)]
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text((!text.trim().is_empty()).then(|| text.to_owned())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
                Ok(Text(serde_json::Number::from_f64(value).map(|number| number.to_string())))
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Text, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        input.deserialize_any(Any)
    }
}

impl Text {
    fn is_true(&self) -> bool {
        self.0.as_deref() == Some("true")
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracing {
    #[serde(default)]
    enforce_temporal_order: Text,
    #[serde(default)]
    nodes: Option<Vec<Traced>>,
    #[serde(default)]
    deliveries: Option<Vec<Traced>>,
}

/// What is set for a station or delivery.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Traced {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    cross_contamination: Text,
    #[serde(default)]
    kill_contamination: Text,
    #[serde(default)]
    observed: Text,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct View {
    #[serde(default)]
    meta_nodes: Option<Vec<Group>>,
}

#[derive(serde::Deserialize)]
struct Group {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    members: Option<Vec<Text>>,
}

/// Reports identifiers that are missing or given twice, and gives the dictionary of them.
fn identified<'a>(
    table: &str,
    ids: impl ExactSizeIterator<Item = &'a str> + Clone,
    problems: &mut Problems,
) -> Dictionary<'a> {
    let mut all = Dictionary::with_capacity(ids.len());
    let (mut fresh, mut n) = (0, 0);
    let mut twice = Vec::new();
    let named = ids.clone().map(|id| (0, id));
    let number = |_: &str| {
        fresh += 1;
        small(fresh - 1)
    };
    // a name met before has an older number than its place
    let mut known = 0;
    all.number_all(named, number, |number| {
        if number < known {
            twice.push(n);
        } else {
            known += 1;
        }
        n += 1;
    });
    let mut twice = twice.into_iter().peekable();
    for (n, id) in ids.enumerate() {
        let at = || format!("/data/{table}/data/{n}/ID");
        let again = twice.next_if_eq(&n).is_some();
        if id.is_empty() {
            problems.add(at(), "缺少 ID，请填写", "the ID is missing; give one");
        } else if again {
            problems.add(
                at(),
                format!("ID {id} 重复，请改为唯一编号"),
                format!("the ID {id} is given twice; give each its own"),
            );
        }
    }
    all
}

impl Scored {
    /// What is scored.
    ///
    /// # Errors
    /// The version is not 1.x; an identifier is missing, given twice, or names nothing.
    pub(super) fn network(self) -> Result<Network, FormatError> {
        check_version(self.version.0.as_deref())?;
        let mut problems = Problems::default();
        let stations: Vec<Station> = (self.data.stations.data.into_iter())
            .map(|row| {
                let [id, name] = row.take();
                Station { id: id.unwrap_or_default(), name }
            })
            .collect();
        let settings = settings(self.tracing, self.settings, &stations);
        let deliveries: Vec<Delivery> = self.data.deliveries.data.into_iter().map(delivery).collect();
        let relations: Vec<(String, String)> = (self.data.delivery_relations.data.into_iter())
            .map(|row| {
                let [from, to] = row.take();
                (from.unwrap_or_default(), to.unwrap_or_default())
            })
            .collect();
        let mut places = identified("stations", stations.iter().map(|s| s.id.as_str()), &mut problems);
        let mut known = identified("deliveries", deliveries.iter().map(|d| d.id.as_str()), &mut problems);
        let mut n = 0;
        places.get_all(deliveries.iter().flat_map(|d| [d.from.as_str(), d.to.as_str()]), |found| {
            let (d, column) = (&deliveries[n / 2], ["from", "to"][n % 2]);
            let end = if n % 2 == 0 { &d.from } else { &d.to };
            if found.is_none() || end.is_empty() {
                problems.add(
                    format!("/data/deliveries/data/{}/{column}", n / 2),
                    format!("交货 {} 的“{column}”为“{end}”，站点表中没有；请补充站点或更正编号", d.id),
                    format!(
                        "delivery {}: \"{column}\" is \"{end}\", which no station has as ID; add the station or correct it",
                        d.id
                    ),
                );
            }
            n += 1;
        });
        let mut n = 0;
        known.get_all(relations.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]), |found| {
            let (a, b) = &relations[n / 2];
            let id = if n % 2 == 0 { a } else { b };
            if found.is_none() || id.is_empty() {
                problems.add(
                    format!("/data/deliveryRelations/data/{}", n / 2),
                    format!("关系中的交货“{id}”不存在；请更正或删除该行"),
                    format!(
                        "the relation names delivery \"{id}\", which is not there; correct or delete the row"
                    ),
                );
            }
            n += 1;
        });
        drop((places, known));
        problems.into_result()?;
        Ok(Network { settings, stations, deliveries, relations })
    }
}

/// A lot is what one sender calls by one product name and lot identifier.
fn delivery(row: Cells<DELIVERIES>) -> Delivery {
    let [id, from, to, product, lot, date_out, date_in, amount] = row.take();
    let lot = lot.map(|lot| match &product {
        Some(product) => format!("{product}|{lot}"),
        None => lot,
    });
    Delivery {
        id: id.unwrap_or_default(),
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        lot,
        date_out,
        date_in,
        product,
        amount_kg: amount.and_then(|a| kilograms(&a)),
    }
}

/// Groups count as merged stations when tracing settings are given to the group itself, or when the group is one of the
/// stations; otherwise they are only a way of drawing. Temporal order is enforced unless the document says otherwise.
fn settings(tracing: Option<Tracing>, view: Option<View>, stations: &[Station]) -> Settings {
    let mut settings = Settings { enforce_temporal_order: true, ..Settings::default() };
    let Some(tracing) = tracing else { return settings };
    settings.enforce_temporal_order = tracing.enforce_temporal_order.0.as_deref() != Some("false");
    let mut active = HashSet::new();
    for (elements, is_station) in [(tracing.nodes, true), (tracing.deliveries, false)] {
        for element in elements.into_iter().flatten() {
            let Some(id) = element.id.0.clone() else { continue };
            let weight = element.weight.unwrap_or(0.0);
            let (cross, kill) = (element.cross_contamination.is_true(), element.kill_contamination.is_true());
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
            for (list, on) in [(lists.1, cross), (lists.2, kill), (lists.3, element.observed.is_true())] {
                list.extend(on.then(|| id.clone()));
            }
        }
    }
    for group in view.and_then(|view| view.meta_nodes).into_iter().flatten() {
        let counts = |id: &String| active.contains(id) || stations.iter().any(|station| station.id == *id);
        let Some(id) = group.id.0.filter(counts) else { continue };
        let members = group.members.into_iter().flatten().filter_map(|member| member.0);
        settings.merged_stations.extend(members.map(|member| (member, id.clone())));
    }
    settings
}
