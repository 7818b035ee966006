//! Comparing a reported value with the row that won: kinds of limit, detection limits, units, components.

use crate::basis;
use crate::facts::{Fact, Facts};
use crate::finding::{Finding, Look};
use crate::number::{self, Reading};
use crate::path::Lost;
use crate::plan;
use crate::rule::{Basis, Edition, Kind, Rule};
use crate::scale::{self, Scale};
use crate::verdict::{Limit, Outcome, Step};
use base::{Decimal, Text};
use std::sync::Arc;

/// The row that decides, and what of the case bears on the comparison.
#[derive(Debug, Clone)]
pub(crate) struct RowPath<'a> {
    pub(crate) rule: &'a Rule,
    /// For a dried product under the clause on dried goods, the row of the fresh food.
    pub(crate) fresh: Option<&'a Rule>,
    pub(crate) facts: Arc<Facts>,
    /// The unit as reported.
    pub(crate) reported: String,
    pub(crate) scale: Scale,
    /// From salt or nitrogen to ion or back, and what it is.
    pub(crate) ion: Option<(Decimal, Text)>,
    /// A component that was not reported: a pass must wait for it.
    pub(crate) missing: Option<Text>,
    /// The one component the definition counts, where more were reported.
    pub(crate) counted: Option<Decimal>,
    pub(crate) definition: Option<&'a str>,
    pub(crate) losers: Vec<Lost<'a>>,
}

/// Lowest and highest permitted level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band {
    pub(crate) low: Option<Decimal>,
    pub(crate) high: Option<Decimal>,
}

impl Band {
    /// The band of a kind that has numbers.
    pub(crate) const fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Maximum(high) => Some(Self { low: None, high: Some(*high) }),
            Kind::Minimum(low) => Some(Self { low: Some(*low), high: None }),
            Kind::Range(low, high) => Some(Self { low: Some(*low), high: Some(*high) }),
            _ => None,
        }
    }

    /// The number shown as the limit.
    pub(crate) fn shown(self) -> Option<Decimal> {
        self.high.or(self.low)
    }

    /// The limits of a product that holds `times` as much as the food they were set for.
    pub(crate) fn times(self, times: Decimal) -> Self {
        let scaled = |d: Decimal| d.checked_mul(times).unwrap_or(Decimal::MAX);
        Self { low: self.low.map(scaled), high: self.high.map(scaled) }
    }
}

/// The limit of a row as shown.
pub(crate) fn shown(rule: &Rule, value: Option<Decimal>, qualifier: Option<Text>) -> Limit {
    let own = match (rule.flag.as_str(), rule.basis) {
        ("temporary", _) => Some(Text::of("临时限量", "temporary")),
        ("extraneous", _) => Some(Text::of("再残留限量", "extraneous")),
        ("observed", _) => Some(Text::of("通报印示", "as printed in a bulletin")),
        (_, Basis::Dry) => Some(Text::of("干重计", "dry weight")),
        (_, Basis::Fat) => Some(Text::of("以脂肪计", "in fat")),
        (_, Basis::Solid(_)) => Some(Text::of("以固态产品计", "solid product")),
        (_, Basis::AsConsumed) => Some(Text::of("以即饮状态计", "as consumed")),
        _ => None,
    };
    Limit { printed: rule.printed.clone(), value, unit: rule.unit.clone(), qualifier: qualifier.or(own) }
}

/// Compares with the winning row. A number without a unit passes nowhere: it is asked about.
pub(crate) fn compare<'a>(row: &RowPath<'a>, edition: &'a Edition, look: &Look<'_>) -> Finding<'a> {
    let mut found = compare_numbers(row, edition, look);
    let bare = row.scale == Scale::Unstated && scale::measures(&row.rule.unit);
    if bare && found.outcome == Outcome::Conform && has_number(&look.measured.reading) {
        let unit = &row.rule.unit;
        let question = Text::new(
            format!("未报单位,请补充(限量单位为{unit})"),
            format!("no unit was reported: state it (the limit is in {unit})"),
        );
        found.outcome = Outcome::NeedsConfirmation { fact: Fact::Unit, question };
    }
    found
}

/// Whether a reading says how much, in some unit; of nothing there is no unit.
fn has_number(reading: &Reading) -> bool {
    match reading {
        Reading::Exact(v) => !v.is_zero(),
        Reading::Below(_) | Reading::AtMost(_) | Reading::Above(_) | Reading::AtLeast(_) => true,
        Reading::Several(all) => all.iter().any(has_number),
        Reading::NotDetected(_) | Reading::Unquantified | Reading::Detected | Reading::Unreadable => false,
    }
}

fn compare_numbers<'a>(row: &RowPath<'a>, edition: &'a Edition, look: &Look<'_>) -> Finding<'a> {
    let rule = row.rule;
    let mut steps = Vec::new();
    look.note(&mut steps, "row", || {
        Text::new(
            format!("适用{} {}“{}”:{} {}", edition.standard, rule.clause, rule.food, rule.printed, rule.unit),
            format!("row {} “{}”: {} {}", rule.clause, rule.food, rule.printed, rule.unit),
        )
    });
    let alone = |outcome: Outcome, mut steps: Vec<Step>, code: &'static str, text: Text| {
        look.note(&mut steps, code, || text);
        Finding { steps, ..Finding::under(rule, outcome) }
    };
    match &rule.kind {
        Kind::AsNeeded => {
            let text = Text::of(
                "按生产需要适量使用,不设数值限量",
                "as much as good manufacturing needs: no numerical limit",
            );
            return alone(Outcome::Conform, steps, "as_needed", text);
        }
        Kind::Exempt => {
            let text = Text::of("该物质豁免制定限量", "the substance is exempt from limits");
            return alone(Outcome::Exempt, steps, "exempt", text);
        }
        Kind::Prohibited => {
            let (outcome, text) = prohibited(row, look);
            return alone(outcome, steps, "prohibited", text);
        }
        Kind::Plan(plan) => {
            let outcome = match &row.scale {
                // Nothing found in a gram does not show that nothing is in 25.
                scale
                    if plan.m.is_zero()
                        && smaller_portion(scale, &rule.unit)
                        && !plan::detected(&look.measured.reading) =>
                {
                    let (reported, portion) = (&row.reported, &rule.unit);
                    Outcome::NotComparable {
                        reason: Text::new(
                            format!("限量为{portion}中不得检出的定性要求,以{reported}报告的未检出不能说明"),
                            format!(
                                "the limit is absence in {portion}: nothing found in {reported} does not show it"
                            ),
                        ),
                    }
                }
                // Any detection fails a plan that allows none, whatever the portion.
                Scale::Unknown(_) | Scale::Apart if !plan.m.is_zero() => unscaled(row),
                _ => plan::judge(*plan, &look.measured.reading, row.scale.factor(), look, &mut steps),
            };
            return Finding { steps, ..Finding::under(rule, outcome) };
        }
        Kind::Maximum(_) | Kind::Minimum(_) | Kind::Range(..) => {}
    }
    if let Some(definition) = row.definition {
        look.note(&mut steps, "definition", || {
            Text::new(format!("残留物定义:{definition}"), format!("residue definition: {definition}"))
        });
    }
    let Some(factor) = row.scale.factor() else {
        let outcome = unscaled(row);
        return Finding {
            limit: Band::of(&rule.kind).and_then(Band::shown),
            steps,
            ..Finding::under(rule, outcome)
        };
    };
    if look.explain
        && let Some(text) = row.scale.text(&row.reported, &rule.unit)
    {
        look.note(&mut steps, "convert", || text);
    }
    let mut factor = factor;
    if let Some((ratio, text)) = &row.ion {
        factor = factor.checked_mul(*ratio).unwrap_or(Decimal::MAX);
        look.note(&mut steps, "convert", || text.clone());
    }
    let mut found = basis::on_basis(row, edition, look, factor, steps);
    if found.outcome == Outcome::Conform
        && let Some(question) = &row.missing
    {
        found.outcome = Outcome::NeedsConfirmation { fact: Fact::Components, question: question.clone() };
    }
    found
}

/// Whether a result is of less food than the portion in which a limit allows nothing: a count in a gram, `/10g`.
fn smaller_portion(scale: &Scale, portion: &str) -> bool {
    match scale {
        Scale::Apart => true,
        Scale::Unknown(text) => {
            let amount = text.strip_prefix('/').and_then(number::number_in);
            amount.zip(number::number_in(portion)).is_some_and(|(of, needed)| of < needed)
        }
        Scale::Unstated | Scale::Times(_) => false,
    }
}

/// The unit cannot be brought to that of the limit.
fn unscaled(row: &RowPath<'_>) -> Outcome {
    match &row.scale {
        Scale::Unknown(text) => Outcome::DataError {
            reason: Text::new(
                format!("单位“{text}”无法识别,请按限量单位{}填报(unit)", row.rule.unit),
                format!("unit “{text}” is not known; report in {} (field unit)", row.rule.unit),
            ),
        },
        _ => Outcome::NotComparable {
            reason: Text::new(
                format!("结果单位{}与限量单位{}量纲不同", row.reported, row.rule.unit),
                format!("the result is in {}, the limit in {}", row.reported, row.rule.unit),
            ),
        },
    }
}

/// A substance that must not be there: the method's detection limit defines "there".
fn prohibited(row: &RowPath<'_>, look: &Look<'_>) -> (Outcome, Text) {
    let m = look.measured;
    let there = match &m.reading {
        Reading::Exact(v) => Some(!v.is_zero()),
        Reading::Detected | Reading::Above(_) => Some(true),
        // below the limit of quantification and above that of detection: it is there
        Reading::Unquantified => None,
        Reading::AtLeast(v) => (!v.is_zero()).then_some(true),
        Reading::NotDetected(_) => Some(false),
        Reading::Below(v) | Reading::AtMost(v) if m.lod.is_some_and(|lod| *v <= lod) => Some(false),
        Reading::Several(all) if all.iter().all(|r| matches!(r, Reading::NotDetected(_))) => Some(false),
        Reading::Several(all) => all
            .iter()
            .any(|r| matches!(r, Reading::Exact(v) if !v.is_zero()) || *r == Reading::Detected)
            .then_some(true),
        Reading::Below(_) | Reading::AtMost(_) | Reading::Unreadable => None,
    };
    let claimed = row.rule.flag == "background" || row.facts.get(Fact::CarryOver) == Some("claimed");
    match there {
        Some(false) => (
            Outcome::Conform,
            Text::of("未检出(以方法检出限为准)", "not detected, by the detection limit of the method"),
        ),
        Some(true) if claimed => (
            Outcome::NeedsConfirmation {
                fact: Fact::CarryOver,
                question: Text::of(
                    "请提供带入、本底或发酵产生的证据:配料中允许使用,且含量不高于由配料带入的水平",
                    "give evidence of carry-over or natural background: permitted in an ingredient, and not above the level it brings",
                ),
            },
            Text::of(
                "该类食品不得使用,但可能由配料带入或本底产生",
                "not permitted here, but carry-over or natural background is possible",
            ),
        ),
        Some(true) => (
            Outcome::Prohibited,
            Text::of(
                "检出该类食品不得使用(不得检出)的物质",
                "a substance that must not be present was detected",
            ),
        ),
        None => (
            Outcome::NeedsConfirmation {
                fact: Fact::DetectionLimit,
                question: Text::of(
                    "结果为“小于”某值,请说明方法检出限及是否检出",
                    "the result is “less than”: state the detection limit and whether it was detected",
                ),
            },
            Text::of("以方法检出限判断是否检出", "detection is by the detection limit of the method"),
        ),
    }
}
