//! From the unit a result is reported in to the unit of a limit.

use crate::number::{self, Reading};
use base::quantity::{Dimension, Quantity, Unit};
use base::{Decimal, Text};

/// How reported numbers become numbers in the unit of the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scale {
    /// No unit was reported: taken as that of the limit.
    Unstated,
    /// Multiply.
    Times(Decimal),
    /// The unit reported is not known.
    Unknown(String),
    /// The units measure different things.
    Apart,
}

/// Ways to write that there is no unit.
const NONE: [&str; 5] = ["", "/", "-", "—", "无"];

/// The units a printed one stands for: `CFU/g(mL)` is per gram of solids and per millilitre of liquids.
pub(crate) fn units(text: &str) -> Vec<Unit> {
    let text: String = number::plain(text).chars().filter(|c| !c.is_whitespace()).collect();
    let lower = text.to_lowercase();
    if let Some(solid) = lower.strip_suffix("(ml)") {
        let liquid = solid.strip_suffix('g').map(|t| format!("{t}ml"));
        return [Some(solid.to_owned()), liquid]
            .into_iter()
            .flatten()
            .filter_map(|t| Unit::parse(&t).ok())
            .collect();
    }
    let bare =
        lower.split_once('(').filter(|(head, _)| !head.is_empty()).map_or(lower.as_str(), |(head, _)| head);
    Unit::parse(&text).or_else(|_| Unit::parse(bare)).into_iter().collect()
}

/// Whether a printed unit needs no conversion or is known.
pub(crate) fn known(text: &str) -> bool {
    NONE.contains(&text) || !units(text).is_empty()
}

/// Whether a unit stands for an amount that could be reported in another unit.
pub(crate) fn measures(printed: &str) -> bool {
    !units(printed).is_empty()
}

/// The scale from `reported` to `printed`.
pub(crate) fn between(reported: &str, printed: &str) -> Scale {
    let reported = number::plain(reported);
    let to = units(printed);
    if NONE.contains(&reported.as_str()) {
        return if reported.is_empty() || to.is_empty() { Scale::Unstated } else { Scale::Unknown(reported) };
    }
    let from = units(&reported);
    if to.is_empty() {
        return if reported == number::plain(printed) { Scale::Times(Decimal::ONE) } else { Scale::Apart };
    }
    if from.is_empty() {
        return Scale::Unknown(reported);
    }
    let factor = from.iter().flat_map(|f| to.iter().map(move |t| (*f, *t))).find_map(|(f, t)| {
        // Colonies are counted in the portion the method names: "per 25 g" is not a concentration.
        let counted = matches!(f.dimension(), Dimension::ColoniesPerMass | Dimension::ColoniesPerVolume);
        if counted && f != t {
            return None;
        }
        Quantity::new(Decimal::ONE, f).to(t).ok().map(|q| q.amount)
    });
    factor.map_or(Scale::Apart, Scale::Times)
}

/// A detection limit in the unit of the result it belongs to; `None` where none is reported. Words beside the number (`LOQ 0.005`)
/// are passed over; a unit of its own is converted.
pub(crate) fn bound(text: &str, unit: &str) -> Result<Option<Decimal>, ()> {
    let text = number::plain(text);
    if NONE.contains(&text.as_str()) {
        return Ok(None);
    }
    let start = text.find(|c: char| c.is_ascii_digit() || c == '.').ok_or(())?;
    let digit = |c: char| c.is_ascii_digit() || "., eE×*^+-⁰¹²³⁴⁵⁶⁷⁸⁹".contains(c);
    let end = text[start..].find(|c| !digit(c)).map_or(text.len(), |i| start + i);
    let number = text[start..end].trim_end_matches([' ', ',', '.', '/']);
    let value = number::decimal(number).filter(|_| !text[..start].ends_with('-')).ok_or(())?;
    let own = text[end..].trim_matches([' ', '(', ')', ',', '[', ']']);
    if own.is_empty() || unit.is_empty() || own == number::plain(unit) || units(own).is_empty() {
        return Ok(Some(value));
    }
    match between(own, unit) {
        Scale::Times(factor) => value.checked_mul(factor).map(Some).ok_or(()),
        _ => Err(()),
    }
}

impl Scale {
    /// The factor, or `None` when the result cannot be brought to the unit of the limit.
    pub(crate) const fn factor(&self) -> Option<Decimal> {
        match self {
            Self::Unstated => Some(Decimal::ONE),
            Self::Times(factor) => Some(*factor),
            Self::Unknown(_) | Self::Apart => None,
        }
    }

    /// The step of the derivation, where there is something to say.
    pub(crate) fn text(&self, reported: &str, printed: &str) -> Option<Text> {
        match self {
            Self::Unstated if printed.is_empty() => None,
            Self::Unstated => Some(Text::new(
                format!("未报单位,按限量单位{printed}"),
                format!("no unit reported: taken as {printed}"),
            )),
            Self::Times(factor) if *factor != Decimal::ONE => Some(Text::new(
                format!("单位换算:{reported}×{}={printed}", factor.normalize()),
                format!("unit: {reported} × {} = {printed}", factor.normalize()),
            )),
            _ => None,
        }
    }
}

/// Number and unit of a value that carries its unit: `0.05mg/kg`, `<10 CFU/g`.
#[must_use]
pub fn with_unit(value: &str) -> Option<(&str, &str)> {
    let text = value.trim();
    let begins = |c: char| c.is_alphabetic() || matches!(c, '%' | '‰');
    let at = text.char_indices().find(|(at, c)| {
        begins(*c)
            && Unit::parse(text[*at..].trim()).is_ok()
            && text[..*at].contains(|d: char| d.is_ascii_digit())
    });
    let (number, unit) = text.split_at(at?.0);
    let number = number.trim_end();
    (number::reading(number) != Reading::Unreadable).then_some((number, unit.trim()))
}

/// Whether two texts are spellings of one unit.
pub(crate) fn same_unit(a: &str, b: &str) -> bool {
    number::plain(a) == number::plain(b)
        || matches!((Unit::parse(a), Unit::parse(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detection_limit_is_a_number_in_the_unit_of_its_result_or_refused() {
        let d = |t: &str| Ok(Some(t.parse().unwrap()));
        for (text, want) in [
            ("0.002", d("0.002")),
            ("0.002mg/kg", d("0.002")),
            ("2 μg/kg", d("0.002")),
            ("2×10⁻³", d("0.002")),
            ("2e-3", d("0.002")),
            ("LOQ 0.005", d("0.005")),
            ("检出限:0.01", d("0.01")),
            ("≤0.01", d("0.01")),
            ("", Ok(None)),
            ("/", Ok(None)),
            ("abc", Err(())),
            ("-1", Err(())),
            ("0.002 mg/L", Err(())),
        ] {
            assert_eq!(bound(text, "mg/kg"), want, "{text}");
        }
    }

    #[test]
    fn a_result_reaches_the_unit_of_the_limit_or_is_refused() {
        let d = |t: &str| Scale::Times(t.parse().unwrap());
        for (from, to, want) in [
            ("μg/kg", "mg/kg", d("0.001")),
            ("µg/kg", "μg/kg", d("1")),
            ("%", "g/kg", d("10")),
            ("CFU/mL", "CFU/g(mL)", d("1")),
            ("/25g", "/25g(mL)", d("1")),
            ("CFU/g", "/25g(mL)", Scale::Apart),
            ("mg/L", "mg/kg", Scale::Apart),
            ("", "mg/kg", Scale::Unstated),
            ("/", "", Scale::Unstated),
            ("/", "mg/kg", Scale::Unknown("/".to_owned())),
            ("furlong", "mg/kg", Scale::Unknown("furlong".to_owned())),
        ] {
            assert_eq!(between(from, to), want, "{from} to {to}");
        }
    }
}
