//! Quantities as files give them: known, between two bounds, or missing; kilograms inside.

use base::quantity::{Dimension, Quantity, Unit};
use base::{Decimal, Text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A quantity of goods: nothing known, exact, or between bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mass {
    /// At least; nothing known is zero.
    pub least: Option<Quantity>,
    /// At most; nothing known is no bound.
    pub most: Option<Quantity>,
}

/// Why a quantity cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.en)]
pub struct MassError(
    /// What is wrong and what to do.
    pub Text,
);

impl Mass {
    /// Exactly so many kilograms.
    #[must_use]
    pub const fn kilograms(amount: Decimal) -> Self {
        let quantity = Quantity::new(amount, Unit::Kilogram);
        Self { least: Some(quantity), most: Some(quantity) }
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    /// Least and most kilograms. A volume needs a density in kilograms a litre.
    ///
    /// # Errors
    /// A unit that is no mass (and no volume with a density), a negative amount, bounds in the wrong order.
    pub fn bounds(&self, density: Option<Decimal>) -> Result<(Decimal, Option<Decimal>), MassError> {
        let least = self.least.map(|q| in_kilograms(q, density)).transpose()?.unwrap_or(Decimal::ZERO);
        let most = self.most.map(|q| in_kilograms(q, density)).transpose()?;
        if most.is_some_and(|most| most < least) {
            return Err(MassError(Text::new(
                format!("数量下限 {least} kg 大于上限，请对调"),
                format!("the lower bound {least} kg is above the upper one; exchange them"),
            )));
        }
        Ok((least, most))
    }
}

fn in_kilograms(q: Quantity, density: Option<Decimal>) -> Result<Decimal, MassError> {
    if q.amount.is_sign_negative() && !q.amount.is_zero() {
        return Err(MassError(Text::new(
            format!("数量 {q} 为负，请改为零或正数"),
            format!("the quantity {q} is negative; give zero or more"),
        )));
    }
    if let (Dimension::Volume, Some(density)) = (q.unit.dimension(), density) {
        let litres = q.to(Unit::Litre).map_err(|e| MassError(e.text()))?.amount;
        return litres.checked_mul(density).ok_or_else(too_large);
    }
    q.to(Unit::Kilogram).map(|q| q.amount).map_err(|_| {
        MassError(Text::new(
            format!("数量 {q} 不是质量；请用 kg、t、g，体积请同时给出密度 density（kg/L）"),
            format!("the quantity {q} is no mass; give kg, t or g, or a volume with a density (kg/L)"),
        ))
    })
}

fn too_large() -> MassError {
    MassError(Text::of("数量过大", "the quantity is too large"))
}

/// Reads `12.4 t`; a bare number is kilograms.
fn parse(text: &str) -> Result<Quantity, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".-+".contains(c))).unwrap_or(text.len());
    let amount: Decimal = text[..end]
        .parse()
        .map_err(|_| format!("quantity '{text}': write it as \"12.4 t\" or \"300 kg\""))?;
    let unit = text[end..].trim();
    let unit = if unit.is_empty() {
        Unit::Kilogram
    } else {
        Unit::parse(unit).map_err(|e| format!("quantity '{text}': {}", e.text().en))?
    };
    Ok(Quantity::new(amount, unit))
}

impl<'de> Deserialize<'de> for Mass {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum One {
            Text(String),
            Number(serde_json::Number),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            One(One),
            Range {
                #[serde(default)]
                least: Option<One>,
                #[serde(default)]
                most: Option<One>,
            },
        }
        let read = |one: One| {
            let text = match one {
                One::Text(text) => text,
                One::Number(number) => number.to_string(),
            };
            parse(&text).map_err(serde::de::Error::custom)
        };
        Ok(match Option::<Given>::deserialize(d)? {
            None => Self::default(),
            Some(Given::One(one)) => {
                let quantity = read(one)?;
                Self { least: Some(quantity), most: Some(quantity) }
            }
            Some(Given::Range { least, most }) => {
                Self { least: least.map(read).transpose()?, most: most.map(read).transpose()? }
            }
        })
    }
}

impl Serialize for Mass {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match (self.least, self.most) {
            (None, None) => s.serialize_none(),
            (Some(a), Some(b)) if a == b => s.serialize_str(&a.to_string()),
            (least, most) => {
                let mut map = s.serialize_map(None)?;
                if let Some(q) = least {
                    map.serialize_entry("least", &q.to_string())?;
                }
                if let Some(q) = most {
                    map.serialize_entry("most", &q.to_string())?;
                }
                map.end()
            }
        }
    }
}
