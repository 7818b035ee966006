//! From results as reported to concentrations of foods: values and limits in mg/kg, foods of the survey, how each sample was chosen.

use crate::foods::{Food, Places};
use base::Text;
use base::quantity::Unit;
use risk::exposure::concentration::{Bound, Observation, mean, share_of_values};
use risk::table::{Table, digits};
use serde::Serialize;
use std::collections::BTreeMap;

/// A result as the laboratory reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The substance it is a result of (its id).
    pub substance: &'static str,
    /// The sample; results of one sample belong together.
    pub sample: String,
    /// Drawn to represent (evaluation); not chosen where trouble was expected.
    pub representative: bool,
    /// The food it is judged as.
    pub food: String,
    /// `0.20`, `ND`, `<0.01`.
    pub reported: String,
    /// Its unit.
    pub unit: String,
    /// Limit of detection.
    pub lod: Option<String>,
    /// Limit of quantification.
    pub loq: Option<String>,
}

/// Which samples count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Samples {
    /// Of every food those drawn to represent where there are at least [`ENOUGH`], else all of it, flagged.
    #[default]
    Prefer,
    /// Only those drawn to represent.
    Representative,
    /// All alike.
    All,
}

/// Representative results of a food from which on others are left out.
pub const ENOUGH: usize = 10;

impl Samples {
    /// Word in addresses, and what people read.
    pub const WORDS: [(&'static str, Self, Text); 3] = [
        (
            "prefer",
            Self::Prefer,
            Text::of(
                "优先评价性抽检（不足 10 批的食品用全部并标注）",
                "evaluation first (foods with fewer than 10 use all, flagged)",
            ),
        ),
        ("representative", Self::Representative, Text::of("只用评价性抽检", "evaluation only")),
        ("all", Self::All, Text::of("全部样品（含风险导向）", "all samples (risk-based ones too)")),
    ];

    /// The choice of a word; the preferred one when it is none.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self::WORDS.iter().find(|(w, ..)| *w == word).map_or(Self::Prefer, |(_, s, _)| *s)
    }
}

/// What was found in one food.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfFood {
    /// The food of the survey.
    pub food: String,
    /// Its name.
    #[serde(skip)]
    pub title: Text,
    /// Results used.
    pub results: usize,
    /// Of these, of samples drawn to represent.
    pub representative: usize,
    /// Risk-based results left out because there are enough others.
    pub left_out: usize,
    /// Share that is no quantified value.
    pub not_detected: f64,
    /// Means with what was not detected as 0, half the limit, the limit; mg/kg.
    pub means: [f64; 3],
    /// Largest quantified value, mg/kg; 0 without any.
    pub highest: f64,
    /// Sample and concentration, mg/kg.
    #[serde(skip)]
    pub list: Vec<(String, Observation)>,
}

impl OfFood {
    /// Whether samples chosen where trouble was expected are among them: the means are then rather too high.
    #[must_use]
    pub const fn risk_based(&self) -> bool {
        self.representative < self.results
    }
}

/// Results made ready.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gathered {
    /// By food, in the order of the foods.
    pub foods: Vec<OfFood>,
    /// Foods of samples that no food of the survey stands for, with their results.
    pub unplaced: Vec<(String, usize)>,
    /// Results that cannot be read as a concentration.
    pub unreadable: usize,
    /// Non-detects without a limit, which say nothing.
    pub without_limit: usize,
}

/// A number as laboratories write it.
fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_start_matches(['<', '＜', '≤', '=', ' ']);
    let plain: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let value: f64 = plain.parse().ok()?;
    let rest = text[plain.len()..].trim();
    if let Some(power) = rest.strip_prefix(['×', 'x', 'X', '*']) {
        let exponent = power.trim().strip_prefix("10")?.trim_start_matches('^');
        let superscript = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c).map(|d| d.to_string());
        let exponent: String =
            exponent.chars().map(|c| superscript(c).unwrap_or_else(|| c.to_string())).collect();
        return Some(value * 10_f64.powi(exponent.replace('⁻', "-").trim().parse().ok()?));
    }
    rest.is_empty().then_some(value)
}

/// mg/kg in one of a unit; per litre counts as per kilogram (density 1).
fn scale(unit: &str) -> Option<f64> {
    let unit = unit.trim();
    if unit.is_empty() {
        return Some(1.0);
    }
    let solid = unit.replace("/L", "/kg").replace("/l", "/kg").replace("/升", "/kg").replace("/mL", "/g");
    let from = Unit::parse(&solid).ok()?;
    let to = Unit::MilligramPerKilogram;
    if !from.converts_to(to) {
        return None;
    }
    let one = base::quantity::Quantity::new(base::Decimal::ONE, from).to(to).ok()?;
    one.amount.to_string().parse().ok()
}

/// `Ok(None)`: a non-detect without limit.
fn observation(row: &Row) -> Result<Option<Observation>, ()> {
    let scale = scale(&row.unit).ok_or(())?;
    let limit = |text: &Option<String>| text.as_deref().and_then(number).map(|v| v * scale);
    let reported = row.reported.trim();
    let lower = reported.to_lowercase();
    if reported.starts_with(['<', '＜', '≤']) {
        return Ok(number(reported).map(|v| v * scale).filter(|v| *v > 0.0).map(Observation::Below));
    }
    if lower.starts_with("nd")
        || lower.starts_with("n.d")
        || lower.starts_with("not detected")
        || reported.starts_with("未检出")
    {
        return Ok(Observation::reported(None, limit(&row.lod), limit(&row.loq)));
    }
    number(reported).map(|v| Some(Observation::Value(v * scale))).ok_or(())
}

impl Gathered {
    /// Reads the results and chooses among the samples.
    #[must_use]
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>, samples: Samples) -> Self {
        let (mut out, mut places) = (Self::default(), Places::default());
        let mut by_food: BTreeMap<&str, Vec<(&Row, Observation)>> = BTreeMap::new();
        let mut unplaced: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            let Some(food) = places.of(&row.food) else {
                *unplaced.entry(&row.food).or_default() += 1;
                continue;
            };
            match observation(row) {
                Ok(Some(found)) => by_food.entry(&food.id).or_default().push((row, found)),
                Ok(None) => out.without_limit += 1,
                Err(()) => out.unreadable += 1,
            }
        }
        out.unplaced = unplaced.into_iter().map(|(food, n)| (food.to_owned(), n)).collect();
        for food in &crate::foods::Foods::builtin().all {
            if let Some(list) = by_food.remove(food.id.as_str()) {
                out.foods.extend(chosen(food, list, samples));
            }
        }
        out
    }

    /// Adds the results of a substance to the table of concentrations of a model.
    pub(crate) fn tell(&self, substance: &str, table: &mut Table) {
        for food in &self.foods {
            for (sample, found) in &food.list {
                let (value, limit) = match *found {
                    Observation::Value(value) => (Some(value), None),
                    Observation::Below(limit) | Observation::Between(_, limit) => (None, Some(limit)),
                };
                table.push(vec![
                    substance.into(),
                    food.food.clone(),
                    sample.clone(),
                    digits(value),
                    digits(limit),
                ]);
            }
        }
    }

    /// Results used in all.
    #[must_use]
    pub fn results(&self) -> usize {
        self.foods.iter().map(|f| f.results).sum()
    }
}

fn chosen(food: &Food, all: Vec<(&Row, Observation)>, samples: Samples) -> Option<OfFood> {
    let fair = all.iter().filter(|(row, _)| row.representative).count();
    let only = match samples {
        Samples::All => false,
        Samples::Representative => true,
        Samples::Prefer => fair >= ENOUGH,
    };
    let total = all.len();
    let kept: Vec<(&Row, Observation)> =
        all.into_iter().filter(|(row, _)| row.representative || !only).collect();
    if kept.is_empty() {
        return None;
    }
    let values: Vec<Observation> = kept.iter().map(|(_, found)| *found).collect();
    let highest =
        values.iter().filter(|v| v.is_value()).map(|v| v.substituted(Bound::Upper)).fold(0.0, f64::max);
    Some(OfFood {
        food: food.id.clone(),
        title: food.title.clone(),
        results: kept.len(),
        representative: fair,
        left_out: total - kept.len(),
        not_detected: 1.0 - share_of_values(&values),
        means: Bound::ALL.map(|bound| mean(&values, bound).unwrap_or(0.0)),
        highest,
        list: kept.into_iter().map(|(row, found)| (row.sample.clone(), found)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(food: &str, reported: &str, unit: &str, representative: bool) -> Row {
        Row {
            substance: "cadmium",
            sample: format!("{food}{reported}"),
            representative,
            food: food.into(),
            reported: reported.into(),
            unit: unit.into(),
            lod: Some("0.002".into()),
            loq: None,
        }
    }

    #[test]
    fn what_laboratories_write_becomes_mg_per_kg() {
        for (reported, unit, wanted) in [
            ("0.36", "mg/kg", Ok(Some(Observation::Value(0.36)))),
            ("1.5", "μg/kg", Ok(Some(Observation::Value(0.0015)))),
            ("0.2", "mg/L", Ok(Some(Observation::Value(0.2)))),
            ("2.5×10^-2", "mg/kg", Ok(Some(Observation::Value(0.025)))),
            ("<0.01", "mg/kg", Ok(Some(Observation::Below(0.01)))),
            ("未检出", "mg/kg", Ok(Some(Observation::Below(0.002)))),
            ("ND", "mg/kg", Ok(Some(Observation::Below(0.002)))),
            ("阴性", "mg/kg", Err(())),
            ("10", "CFU/g", Err(())),
        ] {
            assert_eq!(observation(&row("大米", reported, unit, true)), wanted, "{reported} {unit}");
        }
        let unlimited = Row { lod: None, ..row("大米", "ND", "mg/kg", true) };
        assert_eq!(observation(&unlimited), Ok(None));
    }

    #[test]
    fn representative_samples_come_first_where_there_are_enough() {
        let mut rows: Vec<Row> = (0..12).map(|n| row("大米", &format!("0.0{n}1"), "mg/kg", true)).collect();
        rows.push(row("大米", "9", "mg/kg", false));
        rows.push(row("苹果", "0.1", "mg/kg", false));
        rows.push(row("水泥", "1", "mg/kg", true));
        let found = Gathered::of(&rows, Samples::Prefer);
        let of = |id: &str| found.foods.iter().find(|f| f.food == id).unwrap();
        assert_eq!((of("rice").results, of("rice").left_out, of("rice").risk_based()), (12, 1, false));
        assert!(of("rice").highest < 1.0 && of("fruit").risk_based());
        assert_eq!(found.unplaced, [("水泥".to_owned(), 1)]);
        let all = Gathered::of(&rows, Samples::All);
        assert!(all.foods.iter().any(|f| f.highest > 8.0));
        assert_eq!(Gathered::of(&rows, Samples::Representative).foods.len(), 1);
    }
}
