//! Substances of the exposure workbench with their guidance values (`rulebook/cn/consumption/substances.toml`).

use base::Text;
use risk::exposure::model::{Period, Reference};
use serde::Deserialize;
use std::sync::OnceLock;

/// A substance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substance {
    /// Stable name.
    pub id: String,
    /// Name for people.
    pub title: Text,
    /// Spellings of the analyte in results; what stands in brackets behind one does not matter.
    pub names: Vec<String>,
    /// Guidance value for long-term exposure.
    #[serde(default)]
    pub reference: Option<Guidance>,
    /// Acute reference dose, µg per kg body weight.
    #[serde(default)]
    pub acute: Option<f64>,
    /// Reference point (BMDL), µg per kg body weight and day.
    #[serde(default)]
    pub point: Option<f64>,
    /// A margin of exposure below this is of concern.
    #[serde(default)]
    pub concern: Option<f64>,
    /// What kind of value it is.
    #[serde(default)]
    pub kind: Option<Text>,
    /// Who set it.
    #[serde(default)]
    pub authority: String,
    /// When.
    #[serde(default)]
    pub year: u16,
    /// The opinion.
    #[serde(default)]
    pub basis: String,
    /// How to read it.
    #[serde(default)]
    pub note: Option<Text>,
}

/// A guidance value.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// µg per kg body weight and period.
    pub value: f64,
    /// The period.
    pub period: Period,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "status")]
    _status: base::clock::Status,
    substance: Vec<Substance>,
}

/// All of them.
#[must_use]
pub fn builtin() -> &'static [Substance] {
    static ALL: OnceLock<Vec<Substance>> = OnceLock::new();
    ALL.get_or_init(|| {
        read(include_str!("../../../rulebook/cn/consumption/substances.toml")).unwrap_or_default()
    })
}

fn read(text: &str) -> Result<Vec<Substance>, toml::de::Error> {
    Ok(toml::from_str::<File>(text)?.substance)
}

/// One by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Substance> {
    builtin().iter().find(|s| s.id == id)
}

impl Substance {
    /// As the model file has it, so potent relative to the index substance.
    pub(crate) fn in_model(&self, potency: f64) -> risk::exposure::model::Substance {
        let reference = |value: f64, period: Period| Reference {
            value,
            period,
            kind: self.kind.as_ref().map(|k| k.en.to_string()).unwrap_or_default(),
            authority: self.authority.clone(),
            year: Some(self.year).filter(|y| *y > 0),
        };
        risk::exposure::model::Substance {
            id: self.id.clone(),
            name: Some(self.title.clone()),
            potency,
            reference: self.reference.map(|g| reference(g.value, g.period)),
            acute_reference: self.acute.map(|value| reference(value, Period::Day)),
            reference_point: self.point,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_names_its_opinion() {
        let all = read(include_str!("../../../rulebook/cn/consumption/substances.toml")).unwrap();
        assert!(all.len() > 10);
        for s in all {
            let valued = s.reference.is_some() || s.point.is_some();
            assert_eq!(valued, !s.basis.is_empty() && s.year > 1990 && s.kind.is_some(), "{}", s.id);
            assert!(!s.names.is_empty() && (valued || s.note.is_some()), "{}", s.id);
        }
    }
}
