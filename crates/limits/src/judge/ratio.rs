//! Additives of one function: what counts is the sum of their ratios to the maximum use levels, never of their masses (GB 2760).

use super::{Found, Judge};
use crate::analytes::{Analyte, share};
use crate::case::Case;
use crate::facts::Fact;
use crate::finding::{Finding, Look};
use crate::number::{self, Reading};
use crate::rule::Edition;
use crate::verdict::{Outcome, Step};
use base::{Decimal, Text};
use std::collections::BTreeSet;

impl<'r> Judge<'r> {
    /// Whether the parts of a label are different additives of one function: they are never added as masses.
    pub(super) fn one_function(&self, analyte: &Analyte) -> bool {
        let names = &self.rules.analytes;
        let parts: BTreeSet<&str> = analyte.parts.iter().filter_map(|(n, _)| names.canonical(n)).collect();
        let groups =
            self.rules.editions.iter().filter_map(|e| e.combined.as_ref()).flat_map(|c| &c.functions);
        parts.len() > 1
            && parts.len() == analyte.parts.len()
            && groups.into_iter().any(|g| {
                let group: BTreeSet<&str> = g.iter().filter_map(|n| names.canonical(n)).collect();
                parts.is_subset(&group)
            })
    }

    /// The sum of ratios the parts of a label give: as written, or by the limit loaded for each; `None` when one has none.
    fn shares(&mut self, case: &Case, analyte: &Analyte) -> Option<Decimal> {
        let parts = Some(&analyte.parts).filter(|p| !p.is_empty())?;
        parts.iter().try_fold(Decimal::ZERO, |sum, (name, value)| {
            let share = match share(value) {
                Some(share) => share,
                None => {
                    let alone = Case { analyte: name.clone(), value: value.clone(), ..case.clone() };
                    let found = self.decide(&alone);
                    let limit = found.limit.filter(|l| *l > Decimal::ZERO)?;
                    match number::reading(value) {
                        Reading::NotDetected(_) => Decimal::ZERO,
                        _ => found.compared?.checked_div(limit)?,
                    }
                }
            };
            sum.checked_add(share)
        })
    }

    /// Ratios to the maximum use levels of additives of one function.
    pub(super) fn ratio(
        &mut self,
        case: &Case,
        analyte: &Analyte,
        look: &Look<'_>,
        mut why: Vec<Step>,
    ) -> Found<'r> {
        let reckoned = self.shares(case, analyte);
        let found = self.rules.editions.iter().find_map(|e| {
            let combined = e.combined.as_ref().filter(|_| match self.forced {
                Some(forced) if forced.standard == e.standard => std::ptr::eq(forced, e),
                _ => e.in_force(case.date),
            })?;
            Some((e, combined))
        });
        let Some((edition, combined)) = found else {
            return (None, Finding { steps: why, ..Finding::of(Outcome::NotLoaded) }, None);
        };
        look.note(&mut why, "ratio", || combined.text.clone());
        if let Some(sum) = reckoned {
            let sum = sum.round_dp(4).normalize();
            look.note(&mut why, "ratio", || {
                Text::new(
                    format!("由各组分计算的比例之和:{sum}"),
                    format!("sum of ratios reckoned from the parts: {sum}"),
                )
            });
        }
        let over = |v: Decimal| v > combined.limit;
        let judged = |v: Decimal| (if over(v) { Outcome::Nonconform } else { Outcome::Conform }, Some(v));
        let ask = |zh: &'static str, en: &'static str| {
            (Outcome::NeedsConfirmation { fact: Fact::ExactValue, question: Text::of(zh, en) }, None)
        };
        // Amounts of parts without the word "ratio": what the value says is a mass.
        let masses = !says_ratio(&case.value) && analyte.parts.iter().any(|(_, v)| share(v).is_none());
        let (outcome, compared) = match (&look.measured.reading, reckoned) {
            (_, Some(sum)) if masses => judged(sum),
            _ if masses => ask(
                "不同添加剂不得按质量相加,请提供比例之和",
                "different additives are not added by mass: give the sum of their ratios",
            ),
            (Reading::Exact(v), Some(sum)) if over(*v) != over(sum) => ask(
                "所报比例之和与由各组分计算的结果不一致,请核对",
                "the sum of ratios stated disagrees with the one reckoned from the parts: check it",
            ),
            (Reading::Exact(v), _) => judged(*v),
            (Reading::Below(v) | Reading::AtMost(v), _) if !over(*v) => (Outcome::Conform, None),
            (Reading::Above(v), _) if *v >= combined.limit => (Outcome::Nonconform, None),
            (Reading::NotDetected(_), _) => (Outcome::Conform, None),
            _ => ask("请提供比例之和的数值", "give the sum of ratios as a number"),
        };
        if let Some(v) = compared {
            let (v, limit) = (v.round_dp(4).normalize(), combined.limit);
            look.note(&mut why, "compare", || {
                let sign = if over(v) { ">" } else { "≤" };
                Text::new(format!("比例之和{v} {sign} {limit}"), format!("sum of ratios {v} {sign} {limit}"))
            });
        }
        (
            Some(edition),
            Finding { compared, steps: why, limit: Some(combined.limit), ..Finding::of(outcome) },
            None,
        )
    }
}

/// Whether a value says that it is a sum of ratios: `1.2 (ratio sum)`, `比例之和1.2`.
pub(super) fn says_ratio(value: &str) -> bool {
    !value.is_ascii() && (value.contains("比例") || value.contains("比值"))
        || value.to_ascii_lowercase().contains("ratio")
}

/// The limit of a sum of ratios, for the verdict.
pub(super) fn ratio_limit(edition: Option<&Edition>) -> Option<crate::verdict::Limit> {
    let limit = edition?.combined.as_ref()?.limit;
    Some(crate::verdict::Limit {
        printed: limit.to_string(),
        value: Some(limit),
        unit: String::new(),
        qualifier: Some(Text::of("比例之和", "sum of ratios")),
    })
}
