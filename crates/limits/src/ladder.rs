//! Total and species of one element: where only the one is limited and the other was measured.

use crate::facts::Fact;
use crate::finding::{Finding, Look};
use crate::verdict::Outcome;
use base::Text;

/// Totals and the species limited in their place, with the English name of the species.
pub(crate) const LADDER: [(&str, &str, &str); 2] =
    [("总汞", "甲基汞", "methylmercury"), ("总砷", "无机砷", "inorganic arsenic")];

/// Where on the ladder the result and the limit stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    /// The total was measured, this species is limited.
    SpeciesOfTotal(usize),
    /// The species was measured, this total is limited.
    TotalOfSpecies(usize),
}

/// The other substances of the ladder an analyte may be judged by.
pub(crate) fn partners(analyte: &str) -> impl Iterator<Item = (&'static str, Rung)> {
    LADDER.iter().enumerate().filter_map(move |(i, (total, species, _))| {
        if *total == analyte {
            Some((*species, Rung::SpeciesOfTotal(i)))
        } else if *species == analyte {
            Some((*total, Rung::TotalOfSpecies(i)))
        } else {
            None
        }
    })
}

/// A total not above the species' limit conforms, a higher one needs the species; a species can fail the limit on the total,
/// never pass it.
pub(crate) fn climb<'a>(mut found: Finding<'a>, rung: Rung, look: &Look<'_>) -> Finding<'a> {
    match rung {
        Rung::SpeciesOfTotal(i) => {
            let (_, species, english) = LADDER[i];
            found.qualifier = Some(Text::of(species, english));
            look.note(&mut found.steps, "ladder", || {
                Text::new(
                    format!("限量针对{species}:总量不高于限量即合格,否则须测定{species}"),
                    format!("the limit is on {english}: a total not above it conforms, else {english} must be measured"),
                )
            });
            if found.outcome == Outcome::Nonconform {
                found.outcome = Outcome::NeedsConfirmation {
                    fact: Fact::Speciation,
                    question: Text::new(
                        format!("总量高于{species}限量,请测定{species}后再判定"),
                        format!("the total is above the {english} limit: measure {english}"),
                    ),
                };
            }
        }
        Rung::TotalOfSpecies(i) => {
            let total = LADDER[i].0;
            if found.outcome == Outcome::Conform {
                found.outcome = Outcome::NeedsConfirmation {
                    fact: Fact::Analyte,
                    question: Text::new(
                        format!("限量针对{total},请提供{total}结果"),
                        format!("the limit is on {total}: provide it"),
                    ),
                };
            }
        }
    }
    found
}
