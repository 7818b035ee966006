//! Measured against defined: totals and species, sums and their components.

use crate::analytes::CONGENERS;
use crate::facts::Fact;
use crate::finding::Finding;
use crate::judge::{Question, step};
use crate::verdict::Outcome;
use base::Text;

/// A total measured where a species is limited: low totals conform, high ones need the species.
pub(crate) fn species_of_total<'a>(mut found: Finding<'a>, species: &str) -> Finding<'a> {
    if let Some(limit) = &mut found.limit {
        limit.qualifier = Some(match species {
            "甲基汞" => Text::of("甲基汞", "methylmercury"),
            _ => Text::of("无机砷", "inorganic arsenic"),
        });
    }
    found.steps.push(step(
        "ladder",
        Text::new(
            format!("限量针对{species}:总量不高于限量即合格,否则须测定{species}"),
            format!(
                "the limit is on {species}: a total not above it conforms, else {species} must be measured"
            ),
        ),
    ));
    if found.outcome == Outcome::Nonconform {
        found.outcome = Outcome::NeedsConfirmation {
            fact: Fact::Speciation,
            question: Text::new(
                format!("总量高于{species}限量,请测定{species}后再判定"),
                format!("the total is above the {species} limit: measure {species}"),
            ),
        };
    }
    found
}

/// A species measured where the total is limited: it can fail the food, never pass it.
pub(crate) fn total_of_species<'a>(mut found: Finding<'a>, total: &str) -> Finding<'a> {
    if found.outcome == Outcome::Conform {
        found.outcome = Outcome::NeedsConfirmation {
            fact: Fact::Analyte,
            question: Text::new(
                format!("限量针对{total},请提供{total}结果"),
                format!("the limit is on {total}: provide it"),
            ),
        };
    }
    found
}

impl Question<'_> {
    /// Components the residue definition or the row demands and the report does not show.
    pub(crate) fn missing_components(&self) -> Option<Text> {
        let name = self.analyte.name.as_str();
        if name == "多氯联苯" && !self.analyte.parts.is_empty() {
            let missing: Vec<&str> = CONGENERS
                .into_iter()
                .filter(|c| !self.analyte.parts.iter().any(|(n, _)| n.replace(['-', ' '], "") == *c))
                .collect();
            return (!missing.is_empty()).then(|| {
                Text::new(
                    format!("缺少组分:{}", missing.join("、")),
                    format!("components missing: {}", missing.join(", ")),
                )
            });
        }
        let definition = &self.edition.analytes.get(name)?.definition;
        let animal = definition.split("动物源性食品为").nth(1)?;
        let is_animal = self.tree.named("动物源性食品").is_some_and(|n| self.position.closure.contains(&n));
        if !is_animal || !(animal.contains("之和") || animal.contains("及其")) || self.analyte.summed {
            return None;
        }
        Some(Text::new(
            format!("动物源性食品的残留物定义为{animal},请补充全部组分"),
            format!("the residue definition for animal food is {animal}: state every component"),
        ))
    }

    /// The residue definition, for the derivation.
    pub(crate) fn definition(&self) -> Option<&str> {
        self.edition.analytes.get(&self.analyte.name).map(|c| c.definition.as_str()).filter(|d| !d.is_empty())
    }
}
