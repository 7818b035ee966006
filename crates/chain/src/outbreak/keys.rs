//! Keys of the plain layout that mean nothing there: a misspelt key reads like an absent one, so it is said with its place.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

const CASE: &[&str] = &["case", "settings", "stations", "deliveries", "relations"];
const SETTINGS: &[&str] = &[
    "enforceTemporalOrder",
    "stationWeights",
    "deliveryWeights",
    "crossContaminationStations",
    "crossContaminationDeliveries",
    "killContaminationStations",
    "killContaminationDeliveries",
    "observedStations",
    "observedDeliveries",
    "mergedStations",
];
const STATION: &[&str] = &["id", "name"];
const DELIVERY: &[&str] = &["id", "from", "to", "lot", "dateOut", "dateIn", "product", "amountKg"];

/// Places of keys that are not of the layout, as JSON pointers in the order of the file. What cannot be read at all is not looked
/// through: reading the case itself says so.
pub(super) fn unknown<'a, D: Deserializer<'a>>(input: D) -> Vec<String> {
    let mut found = Vec::new();
    // a fault of form ends the look, and what was found before it stands
    let _ = Object { at: String::new(), known: CASE, found: &mut found }.deserialize(input);
    found
}

/// An object whose keys are known.
struct Object<'f> {
    at: String,
    known: &'static [&'static str],
    found: &'f mut Vec<String>,
}

impl<'a> DeserializeSeed<'a> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key_seed(Key(self.known))? {
            let rows = match key {
                Ok("settings") => {
                    map.next_value_seed(Object {
                        at: "/settings".to_owned(),
                        known: SETTINGS,
                        found: &mut *self.found,
                    })?;
                    continue;
                }
                Ok("stations") => Some(("/stations", STATION)),
                Ok("deliveries") => Some(("/deliveries", DELIVERY)),
                Ok(_) => None,
                Err(key) => {
                    self.found.push(format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1")));
                    None
                }
            };
            match rows {
                Some((at, known)) => map.next_value_seed(List { at, known, found: &mut *self.found })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A list of such objects.
struct List<'f> {
    at: &'static str,
    known: &'static [&'static str],
    found: &'f mut Vec<String>,
}

impl<'a> DeserializeSeed<'a> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut rows: S) -> Result<(), S::Error> {
        let mut inside = Vec::new();
        let mut n = 0;
        while rows
            .next_element_seed(Object { at: String::new(), known: self.known, found: &mut inside })?
            .is_some()
        {
            self.found.extend(inside.drain(..).map(|key| format!("{}/{n}{key}", self.at)));
            n += 1;
        }
        Ok(())
    }
}

/// A key: the known one, or the text of another. Known ones are not copied: a case has millions of them.
struct Key(&'static [&'static str]);

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Result<&'static str, String>;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Result<&'static str, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|k| **k == text).copied().ok_or_else(|| text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Delivery, Settings, Station};

    #[test]
    fn the_keys_known_here_are_those_that_are_read() {
        let keys = |value: serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let some = || Some("x".to_owned());
        let delivery = Delivery {
            lot: some(),
            date_out: some(),
            date_in: some(),
            product: some(),
            amount_kg: Some(1.0),
            ..Delivery::default()
        };
        for (value, known) in [
            (serde_json::to_value(Settings::default()).unwrap(), SETTINGS),
            (serde_json::to_value(Station { name: some(), ..Station::default() }).unwrap(), STATION),
            (serde_json::to_value(delivery).unwrap(), DELIVERY),
        ] {
            let (mut written, mut known) = (keys(value), known.to_vec());
            written.sort();
            known.sort_unstable();
            assert_eq!(written, known);
        }
    }

    #[test]
    fn a_misspelt_key_is_told_with_its_place() {
        let text = r#"{"stations":[{"id":"A"},{"id":"B","nmae":"x"}],"settings":{"stationWeight":{"A":1}},
            "deliveries":[{"id":"1","from":"A","to":"B"},{"id":"2","from":"A","to":"B","dateout":"2026-09-01"}],"relation":[]}"#;
        let found = unknown(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(
            found,
            ["/stations/1/nmae", "/settings/stationWeight", "/deliveries/1/dateout", "/relation"]
        );
    }
}
