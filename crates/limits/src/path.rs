//! The way from a food and an analyte to the row that decides, worked out once and walked for every value.

use crate::compare::{self, RowPath};
use crate::facts::Fact;
use crate::finding::{Finding, Look};
use crate::ladder::{self, Rung};
use crate::rule::{Edition, Kind, Rule};
use crate::tree::{NodeIx, Tree};
use crate::verdict::{Loser, Outcome};
use base::Text;

/// Why a row was considered and not applied.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss<'a> {
    /// It leaves this class out.
    Excluded(NodeIx),
    /// Its condition is not met.
    Condition,
    /// A more specific row applies.
    LessSpecific,
    /// As specific as the other, with another limit.
    Rival(&'a Rule),
}

/// A row considered and not applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) loss: Loss<'a>,
}

impl Lost<'_> {
    /// Whether it is as specific as the row that is shown, and disagrees with it.
    pub(crate) const fn rivals(&self) -> bool {
        matches!(self.loss, Loss::Rival(_))
    }

    fn told(&self, tree: &Tree) -> Loser {
        let food = &self.rule.food;
        let reason = match self.loss {
            Loss::Excluded(node) => {
                let name = &tree.nodes()[node].name;
                Text::new(format!("{food}:已将“{name}”除外"), format!("{food}: leaves out “{name}”"))
            }
            Loss::Condition => {
                Text::new(format!("{food}:适用条件不满足"), format!("{food}: its condition is not met"))
            }
            Loss::LessSpecific => {
                Text::new(format!("{food}:有更具体的条款"), format!("{food}: a more specific row applies"))
            }
            Loss::Rival(winner) => Text::new(
                format!(
                    "{food}:{} {},与{}({} {})同等具体,限量不同",
                    self.rule.printed, self.rule.unit, winner.id, winner.printed, winner.unit
                ),
                format!(
                    "{food}: {} {}, as specific as {} ({} {}), with another limit",
                    self.rule.printed, self.rule.unit, winner.id, winner.printed, winner.unit
                ),
            ),
        };
        Loser { rule: self.rule.id.clone(), reason }
    }
}

/// Why no row speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Silence<'a> {
    /// No row, no limit.
    NotLimited,
    /// The edition is loaded in part.
    Partial,
    /// This part of the edition was not read.
    NotRead,
    /// Another standard governs the class.
    Elsewhere(&'a str),
    /// The standard exempts the substance.
    Exempt,
}

/// Everything that does not depend on the value.
#[derive(Debug, Clone)]
pub(crate) enum Path<'a> {
    /// One row decides.
    Row(Box<RowPath<'a>>),
    /// Several rows, equally specific, with different limits.
    Rivals { winner: &'a Rule, losers: Vec<Lost<'a>> },
    /// An unknown fact decides between rows: all answers are tried.
    Fork { fact: Fact, ways: Vec<Path<'a>> },
    /// An unknown fact that cannot be tried.
    Ask { fact: Fact, rule: &'a Rule },
    /// The food may be in a finer class: all of them are tried.
    Classes { base: Box<Path<'a>>, finer: Vec<(NodeIx, Path<'a>)> },
    /// The limit is on another species of the element.
    Ladder { rung: Rung, way: Box<Path<'a>> },
    /// No row.
    Silent(Silence<'a>),
}

/// Of the answers to an unknown fact the one to show: under the row that leaves least room for its conclusion, the lowest maximum for
/// what conforms, the highest for what does not.
fn hardest(found: Vec<Finding<'_>>) -> Option<Finding<'_>> {
    let failed = |f: &Finding<'_>| matches!(f.outcome, Outcome::Nonconform);
    let maximum = |r: &Rule| matches!(r.kind, Kind::Maximum(_));
    found.into_iter().reduce(|shown, other| match (shown.rule, other.rule, shown.limit, other.limit) {
        (None, Some(_), ..) => other,
        (Some(a), Some(b), Some(one), Some(two)) if a.unit == b.unit && maximum(a) && maximum(b) => {
            if one != two && (two > one) == failed(&shown) { other } else { shown }
        }
        _ => shown,
    })
}

fn ask(fact: Fact) -> Outcome {
    let label = fact.label();
    Outcome::NeedsConfirmation {
        fact,
        question: Text::new(format!("请补充:{}", label.zh), format!("Please state: {}", label.en)),
    }
}

impl<'a> Path<'a> {
    /// Walks the path with a value.
    pub(crate) fn walk(&self, edition: &'a Edition, tree: &Tree, look: &Look<'_>) -> Finding<'a> {
        match self {
            Self::Row(row) => {
                let mut found = compare::compare(row, edition, look);
                if look.explain {
                    found.losers = row.losers.iter().map(|l| l.told(tree)).collect();
                }
                found
            }
            Self::Rivals { winner, losers } => {
                let mut found = Finding::under(winner, Outcome::Ambiguous);
                if look.explain {
                    found.losers = losers.iter().map(|l| l.told(tree)).collect();
                }
                found
            }
            Self::Fork { fact, ways } => {
                let found: Vec<Finding<'a>> = ways.iter().map(|w| w.walk(edition, tree, look)).collect();
                let same = found.windows(2).all(|w| w[0].outcome.word() == w[1].outcome.word());
                let Some(shown) = hardest(found) else { return Finding::of(ask(*fact)) };
                if !same || matches!(shown.outcome, Outcome::NeedsConfirmation { .. }) {
                    return Finding { outcome: ask(*fact), ..shown };
                }
                let mut shown = shown;
                look.note(&mut shown.steps, "either", || {
                    let label = fact.label();
                    Text::new(
                        format!("{}未知:各种情形结论相同", label.zh),
                        format!("{} is not known: the conclusion is the same either way", label.en),
                    )
                });
                shown
            }
            Self::Ask { fact, rule } => Finding::under(rule, ask(*fact)),
            Self::Classes { base, finer } => {
                let found = base.walk(edition, tree, look);
                let quiet = Look { explain: false, ..*look };
                let differ: Vec<NodeIx> = finer
                    .iter()
                    .filter(|(_, way)| {
                        let other = way.walk(edition, tree, &quiet).outcome;
                        // Exempt in one class and unknown in the rest: to know the class would limit nothing.
                        let idle = found.outcome == Outcome::NotLoaded && other == Outcome::Exempt;
                        !idle && other.word() != found.outcome.word()
                    })
                    .map(|(node, _)| *node)
                    .collect();
                if differ.is_empty() {
                    return found;
                }
                let list = differ.iter().map(|n| tree.label(*n)).collect::<Vec<_>>().join("、");
                let question = Text::new(
                    format!("是否属于:{list}?不同类别结论不同"),
                    format!("Is it one of: {list}? The answer depends on the class"),
                );
                Finding { outcome: Outcome::NeedsConfirmation { fact: Fact::FoodClass, question }, ..found }
            }
            Self::Ladder { rung, way } => ladder::climb(way.walk(edition, tree, look), *rung, look),
            Self::Silent(silence) => silent(*silence, look),
        }
    }

    /// Whether two paths surely end alike, so that one of them need not be walked.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Row(a), Self::Row(b)) => {
                std::ptr::eq(a.rule, b.rule)
                    && a.fresh.map(std::ptr::from_ref) == b.fresh.map(std::ptr::from_ref)
                    && a.facts == b.facts
            }
            (Self::Silent(a), Self::Silent(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
            (Self::Ladder { rung: a, way: v }, Self::Ladder { rung: b, way: w }) => a == b && v.same(w),
            _ => false,
        }
    }
}

fn silent<'a>(silence: Silence<'_>, look: &Look<'_>) -> Finding<'a> {
    let (outcome, code) = match silence {
        Silence::NotLimited => (Outcome::NotLimited, "no_row"),
        Silence::Exempt => (Outcome::Exempt, "exempt"),
        _ => (Outcome::NotLoaded, "not_loaded"),
    };
    let mut found = Finding::of(outcome);
    look.note(&mut found.steps, code, || match silence {
        Silence::NotLimited => Text::of(
            "该标准未对此类食品规定限量(无条款即无限量,不等于零)",
            "the standard sets no limit for this class (no row means no limit, not zero)",
        ),
        Silence::Partial => Text::of(
            "该标准仅部分载入,没有对应条款",
            "the standard is loaded in part and no loaded row applies",
        ),
        Silence::Exempt => Text::of("该物质豁免制定限量", "the substance is exempt from limits"),
        Silence::NotRead => Text::of("该版本的这一部分未读取", "this part of the edition was not read"),
        Silence::Elsewhere(standard) => Text::new(
            format!("该类食品由{standard}规定,尚未载入"),
            format!("{standard} governs this class and is not loaded"),
        ),
    });
    found
}
