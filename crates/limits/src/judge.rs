//! From a case to a verdict: analyte, edition, food, row, comparison.

use crate::analytes::Analyte;
use crate::case::Case;
use crate::compare::{self, Measured};
use crate::facts::{Fact, Facts};
use crate::finding::Finding;
use crate::foods::{Confidence, Position, closure};
use crate::ladder;
use crate::number;
use crate::rule::{Absence, Condition, Edition, Rule};
use crate::rules::{ENGINE, Rules};
use crate::tree::{NodeIx, Tree};
use crate::verdict::{Loser, Outcome, Status, Step, Verdict};
use base::{Decimal, Text};
use std::collections::BTreeSet;

/// Measured species, limited species: where only the second is limited, the total decides when it is low.
const LADDER: [(&str, &str); 2] = [("总汞", "甲基汞"), ("总砷", "无机砷")];
/// How many unknown facts are tried both ways before the engine asks.
const MAX_FORKS: u8 = 4;

/// Everything one judgement looks at.
pub(crate) struct Question<'a> {
    pub(crate) edition: &'a Edition,
    pub(crate) tree: &'a Tree,
    pub(crate) analyte: &'a Analyte,
    pub(crate) measured: &'a Measured,
    pub(crate) position: &'a Position,
}

pub(crate) fn step(code: &str, text: Text) -> Step {
    Step { code: code.to_owned(), text }
}

impl Rules {
    /// Judges one result.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Verdict {
        let analyte = self.analytes.resolve(&case.analyte);
        let mut why = Vec::new();
        if analyte.known && analyte.name != case.analyte {
            let zh = format!("检验项目“{}”即{}", case.analyte, analyte.name);
            why.push(step("analyte", Text::new(zh, format!("“{}” is {}", case.analyte, analyte.name))));
        }
        let measured = match compare::measured(case, &analyte, &mut why) {
            Ok(measured) => measured,
            Err(outcome) => return self.verdict(case, &analyte, None, None, Finding::of(outcome), why),
        };
        if analyte.ratio {
            return self.ratio(case, &analyte, &measured, why);
        }
        let concerned: Vec<&Edition> = self.editions.iter().filter(|e| speaks_of(e, &analyte.name)).collect();
        let in_force: Vec<&Edition> = concerned.iter().copied().filter(|e| e.in_force(case.date)).collect();
        if in_force.is_empty() {
            let (zh, en) = match concerned.first() {
                None => (
                    format!("已载入的标准均未涉及“{}”", analyte.name),
                    format!("no loaded standard deals with “{}”", analyte.name),
                ),
                Some(e) => (
                    format!("{}在{}有效的版本未载入", e.standard, case.date),
                    format!("the edition of {} in force on {} is not loaded", e.standard, case.date),
                ),
            };
            why.push(step("not_loaded", Text::new(zh, en)));
            return self.verdict(case, &analyte, None, None, Finding::of(Outcome::NotLoaded), why);
        }
        let resolution = self.foods.resolve(&case.food, &self.trees);
        let mut facts = case.facts.clone();
        for (fact, value) in analyte.facts.0.iter().chain(&resolution.facts.0) {
            facts.learn(*fact, value.clone());
        }
        let mut best: Option<Verdict> = None;
        for edition in in_force {
            let tree = &self.trees[edition.tree];
            let stated: Vec<NodeIx> = case
                .placed
                .iter()
                .filter(|p| p.tree == tree.name)
                .filter_map(|p| tree.code(&p.node))
                .collect();
            let position = if stated.is_empty() {
                resolution.positions[edition.tree].clone()
            } else {
                Some(Position {
                    closure: closure(tree, &stated),
                    nodes: stated,
                    definite: true,
                    fresh: resolution.positions[edition.tree]
                        .as_ref()
                        .map_or(Vec::new(), |p| p.fresh.clone()),
                    confidence: Confidence::Stated,
                    evidence: Text::of("由人员指定", "placed by a person"),
                })
            };
            let verdict =
                self.under(case, edition, &analyte, &measured, position.as_ref(), &facts, why.clone());
            let rank = |v: &Verdict| match v.outcome {
                Outcome::NotLimited => 0,
                Outcome::NotLoaded => 1,
                Outcome::Conform => 2,
                Outcome::Nonconform | Outcome::Prohibited => 4,
                _ => 3,
            };
            if best.as_ref().is_none_or(|b| rank(b) < rank(&verdict)) {
                best = Some(verdict);
            }
        }
        best.unwrap_or_else(|| {
            self.verdict(case, &analyte, None, None, Finding::of(Outcome::NotLoaded), Vec::new())
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call site; each argument is one stage of the judgement"
    )]
    fn under(
        &self,
        case: &Case,
        edition: &Edition,
        analyte: &Analyte,
        measured: &Measured,
        position: Option<&Position>,
        facts: &Facts,
        mut why: Vec<Step>,
    ) -> Verdict {
        let tree = &self.trees[edition.tree];
        let to = edition.to.map_or_else(|| "…".to_owned(), |d| d.to_string());
        why.push(step(
            "edition",
            Text::new(
                format!(
                    "依日期{}适用{}-{}(施行{}至{})",
                    case.date, edition.standard, edition.edition, edition.from, to
                ),
                format!(
                    "{} selects {}-{} (in force {} to {})",
                    case.date, edition.standard, edition.edition, edition.from, to
                ),
            ),
        ));
        let Some(position) = position else {
            let question = Text::new(
                format!("“{}”在{}食品分类中的类别?", case.food, edition.standard),
                format!("To which food class of {} does “{}” belong?", edition.standard, case.food),
            );
            let finding = Finding::of(Outcome::NeedsConfirmation { fact: Fact::FoodClass, question });
            return self.verdict(case, analyte, Some(edition), None, finding, why);
        };
        let label = position.nodes.iter().map(|n| tree.label(*n)).collect::<Vec<_>>().join(" + ");
        why.push(step(
            "food",
            Text::new(
                format!("“{}”归入{label}:{}", case.food, position.evidence.zh),
                format!("“{}” is {label}: {}", case.food, position.evidence.en),
            ),
        ));
        let question = Question { edition, tree, analyte, measured, position };
        let mut finding = question.by_class(facts);
        why.append(&mut finding.steps);
        self.verdict(case, analyte, Some(edition), Some(label), finding, why)
    }

    /// Ratios to the maximum use levels of additives of one function: their sum is at most 1.
    fn ratio(&self, case: &Case, analyte: &Analyte, measured: &Measured, why: Vec<Step>) -> Verdict {
        let mut finding = compare::ratio(measured);
        let mut why = why;
        why.append(&mut finding.steps);
        let mut verdict = self.verdict(case, analyte, None, None, finding, why);
        verdict.standard = "GB 2760".to_owned();
        verdict.edition = compare::additive_edition(case.date).to_owned();
        verdict.clause = "附录A".to_owned();
        verdict
    }

    fn verdict(
        &self,
        case: &Case,
        analyte: &Analyte,
        edition: Option<&Edition>,
        position: Option<String>,
        finding: Finding<'_>,
        why: Vec<Step>,
    ) -> Verdict {
        let rule = finding.rule;
        Verdict {
            case_id: case.id.clone(),
            outcome: finding.outcome,
            limit: finding.limit,
            standard: edition.map(|e| e.standard.clone()).unwrap_or_default(),
            edition: edition.map(|e| e.edition.clone()).unwrap_or_default(),
            clause: rule.map(|r| r.clause.clone()).unwrap_or_default(),
            row_food: rule.map(|r| r.food.clone()).unwrap_or_default(),
            rule: rule.map(|r| r.id.clone()).unwrap_or_default(),
            status: edition.map_or(Status::Unverified, |e| e.status),
            analyte: analyte.name.clone(),
            position: position.unwrap_or_default(),
            footnotes: rule.map(|r| r.notes.clone()).filter(|n| !n.is_empty()).into_iter().collect(),
            compared: finding.compared,
            why,
            losers: finding.losers,
            near_limit: finding.near,
            engine: ENGINE.to_owned(),
            rules: self.hash().to_owned(),
        }
    }
}

fn speaks_of(edition: &Edition, analyte: &str) -> bool {
    edition.analytes.contains_key(analyte)
        || LADDER.iter().any(|(total, species)| {
            (*total == analyte && edition.analytes.contains_key(*species))
                || (*species == analyte && edition.analytes.contains_key(*total))
        })
}

impl<'a> Question<'a> {
    /// Tries every class a vague name may mean; only a unanimous answer is an answer.
    fn by_class(&self, facts: &Facts) -> Finding<'a> {
        let base = self.by_analyte(&self.position.closure, facts);
        if self.position.definite {
            return base;
        }
        let mut names = Vec::new();
        let mut differs = false;
        for node in self.relevant_below() {
            let mut world = self.position.closure.clone();
            world.extend(self.tree.above(node));
            let other = self.by_analyte(&world, facts);
            if other.outcome.word() != base.outcome.word() {
                differs = true;
                names.push(self.tree.label(node));
            }
        }
        if !differs {
            return base;
        }
        let list = names.join("、");
        let question = Text::new(
            format!("是否属于:{list}?不同类别结论不同"),
            format!("Is it one of: {list}? The answer depends on the class"),
        );
        Finding { outcome: Outcome::NeedsConfirmation { fact: Fact::FoodClass, question }, ..base }
    }

    /// Nodes strictly below the position which some row of this analyte names.
    fn relevant_below(&self) -> BTreeSet<NodeIx> {
        let partner = LADDER.iter().find(|(t, _)| *t == self.analyte.name).map(|(_, s)| *s);
        [Some(self.analyte.name.as_str()), partner]
            .into_iter()
            .flatten()
            .filter_map(|a| self.edition.analytes.get(a))
            .flat_map(|c| &c.rules)
            .flat_map(|r| {
                let rule = &self.edition.rules[*r];
                rule.include.iter().chain(&rule.exclude)
            })
            .copied()
            .filter(|n| self.position.nodes.iter().any(|p| self.tree.is_below(*n, *p)))
            .collect()
    }

    /// The analyte itself, then its species ladder, then what silence means.
    fn by_analyte(&self, world: &BTreeSet<NodeIx>, facts: &Facts) -> Finding<'a> {
        if let Some(found) = self.by_facts(&self.analyte.name, world, facts, MAX_FORKS) {
            return found;
        }
        for (total, species) in LADDER {
            if self.analyte.name == total
                && let Some(found) = self.by_facts(species, world, facts, MAX_FORKS)
            {
                return ladder::species_of_total(found, species);
            }
            if self.analyte.name == species
                && let Some(found) = self.by_facts(total, world, facts, MAX_FORKS)
            {
                return ladder::total_of_species(found, total);
            }
        }
        self.silence(world)
    }

    fn silence(&self, world: &BTreeSet<NodeIx>) -> Finding<'a> {
        let gap = self
            .edition
            .gaps
            .iter()
            .find(|g| g.analyte == self.analyte.name && g.under.iter().any(|n| world.contains(n)));
        if let Some(gap) = gap {
            let text = if gap.standard.is_empty() {
                Text::of("该版本的这一部分未读取", "this part of the edition was not read")
            } else {
                Text::new(
                    format!("该类食品由{}规定,尚未载入", gap.standard),
                    format!("{} governs this class and is not loaded", gap.standard),
                )
            };
            return Finding::with(Outcome::NotLoaded, "not_loaded", text);
        }
        let partial = self.edition.analytes.get(&self.analyte.name).is_none_or(|c| c.partial);
        let ladder = LADDER.iter().any(|(t, s)| *t == self.analyte.name || *s == self.analyte.name);
        if self.edition.absence == Absence::NotLoaded || (partial && !ladder) {
            return Finding::with(
                Outcome::NotLoaded,
                "not_loaded",
                Text::of(
                    "该标准仅部分载入,没有对应条款",
                    "the standard is loaded in part and no loaded row applies",
                ),
            );
        }
        Finding::with(
            Outcome::NotLimited,
            "no_row",
            Text::of(
                "该标准未对此类食品规定限量(无条款即无限量,不等于零)",
                "the standard sets no limit for this class (no row means no limit, not zero)",
            ),
        )
    }

    /// Tries an unknown yes/no fact both ways; asks when the answers differ.
    fn by_facts(
        &self,
        analyte: &str,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        forks: u8,
    ) -> Option<Finding<'a>> {
        let scope = self.in_scope(analyte, world);
        if scope.is_empty() {
            return None;
        }
        let unknown = scope.iter().flat_map(|(r, _)| &r.conditions).find(|c| c.holds(facts).is_none());
        if let Some(condition) = unknown {
            return Some(self.fork(analyte, world, facts, forks, condition, &scope));
        }
        self.decide(world, facts, scope)
    }

    fn fork(
        &self,
        analyte: &str,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        forks: u8,
        condition: &Condition,
        scope: &[(&'a Rule, Vec<NodeIx>)],
    ) -> Finding<'a> {
        let fact = condition.fact();
        let answers = fact.answers();
        let question = || Outcome::NeedsConfirmation {
            fact,
            question: Text::new(
                format!("请补充:{}", fact.label().zh),
                format!("Please state: {}", fact.label().en),
            ),
        };
        if answers.is_empty() || forks == 0 {
            return Finding { rule: scope.first().map(|s| s.0), ..Finding::of(question()) };
        }
        let found: Vec<Finding<'a>> = answers
            .iter()
            .map(|a| {
                self.by_facts(analyte, world, &facts.with(fact, *a), forks - 1)
                    .unwrap_or_else(|| self.silence(world))
            })
            .collect();
        let same = found.windows(2).all(|w| w[0].outcome.word() == w[1].outcome.word());
        let shown = found.iter().position(|f| f.rule.is_some()).unwrap_or(0);
        let Some(shown) = found.into_iter().nth(shown) else { return Finding::of(question()) };
        if same && !matches!(shown.outcome, Outcome::NeedsConfirmation { .. }) {
            return shown;
        }
        Finding { outcome: question(), ..shown }
    }

    /// Rows whose scope holds the food, with the classes that matched.
    fn in_scope(&self, analyte: &str, world: &BTreeSet<NodeIx>) -> Vec<(&'a Rule, Vec<NodeIx>)> {
        let Some(coverage) = self.edition.analytes.get(analyte) else { return Vec::new() };
        coverage
            .rules
            .iter()
            .map(|r| &self.edition.rules[*r])
            .filter(|r| !r.exclude.iter().any(|n| world.contains(n)))
            .map(|r| (r, r.include.iter().copied().filter(|n| world.contains(n)).collect::<Vec<_>>()))
            .filter(|(_, matched)| !matched.is_empty())
            .collect()
    }

    /// All facts known: the most specific surviving row, dried goods converted.
    fn decide(
        &self,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        scope: Vec<(&'a Rule, Vec<NodeIx>)>,
    ) -> Option<Finding<'a>> {
        let mut losers =
            self.excluded(world, scope.first().map(|s| s.0.analyte.as_str()).unwrap_or_default());
        let (holds, fails): (Vec<_>, Vec<_>) =
            scope.into_iter().partition(|(r, _)| r.conditions.iter().all(|c| c.holds(facts) == Some(true)));
        losers.extend(fails.iter().map(|(r, _)| Loser {
            rule: r.id.clone(),
            reason: Text::new(
                format!("{}:适用条件不满足", r.food),
                format!("{}: its condition is not met", r.food),
            ),
        }));
        let beaten = |a: &[NodeIx], b: &[NodeIx]| {
            a.iter().all(|x| b.iter().any(|y| x == y || self.tree.is_below(*y, *x)))
                && a.iter().any(|x| b.iter().any(|y| self.tree.is_below(*y, *x)))
        };
        let mut winners: Vec<&'a Rule> = Vec::new();
        for (rule, matched) in &holds {
            if holds.iter().any(|(o, m)| !std::ptr::eq(*o, *rule) && beaten(matched, m)) {
                losers.push(Loser {
                    rule: rule.id.clone(),
                    reason: Text::new(
                        format!("{}:有更具体的条款", rule.food),
                        format!("{}: a more specific row applies", rule.food),
                    ),
                });
            } else {
                winners.push(rule);
            }
        }
        let winner = *winners.first()?;
        let rivals: Vec<&Rule> = winners[1..]
            .iter()
            .copied()
            .filter(|r| r.kind != winner.kind || r.unit != winner.unit || r.basis != winner.basis)
            .collect();
        if !rivals.is_empty() {
            losers.extend(rivals.iter().map(|r| Loser {
                rule: r.id.clone(),
                reason: Text::new(
                    format!("{}:与{}同等具体,限量不同", r.food, winner.id),
                    format!("{}: as specific as {}, with another limit", r.food, winner.id),
                ),
            }));
            return Some(Finding { rule: Some(winner), losers, ..Finding::of(Outcome::Ambiguous) });
        }
        let fresh = self.fresh_rule(winner, world, facts);
        let mut found = compare::compare(self, winner, fresh, facts);
        found.losers = losers;
        Some(found)
    }

    /// Rows that would cover the food but for an exclusion.
    fn excluded(&self, world: &BTreeSet<NodeIx>, analyte: &str) -> Vec<Loser> {
        let Some(coverage) = self.edition.analytes.get(analyte) else { return Vec::new() };
        coverage
            .rules
            .iter()
            .map(|r| &self.edition.rules[*r])
            .filter(|r| r.include.iter().any(|n| world.contains(n)))
            .filter_map(|r| {
                let node = r.exclude.iter().find(|n| world.contains(n))?;
                let name = &self.tree.nodes()[*node].name;
                Some(Loser {
                    rule: r.id.clone(),
                    reason: Text::new(
                        format!("{}:已将“{name}”除外", r.food),
                        format!("{}: leaves out “{name}”", r.food),
                    ),
                })
            })
            .collect()
    }

    /// For a dried product under the drying clause: the row of its fresh food.
    fn fresh_rule(&self, winner: &Rule, world: &BTreeSet<NodeIx>, facts: &Facts) -> Option<&'a Rule> {
        let (_, under) = self.edition.dried.as_ref()?;
        let dried = facts.get(Fact::State) == Some("dried") || !self.position.fresh.is_empty();
        if !dried || self.position.fresh.is_empty() || !under.iter().any(|n| world.contains(n)) {
            return None;
        }
        let fresh = closure(self.tree, &self.position.fresh);
        let scope = self.in_scope(&winner.analyte, &fresh);
        scope
            .iter()
            .filter(|(r, _)| r.conditions.iter().all(|c| c.holds(facts) == Some(true)))
            .max_by_key(|(_, m)| m.iter().map(|n| self.tree.above(*n).len()).max())
            .map(|(r, _)| *r)
    }
}

/// Limit of detection and of quantification of a case, as numbers.
pub(crate) fn bounds(case: &Case) -> (Option<Decimal>, Option<Decimal>) {
    let read = |t: &Option<String>| t.as_deref().and_then(number::number_in);
    (read(&case.lod), read(&case.loq))
}
