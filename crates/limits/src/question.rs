//! From a food's position and an analyte to the path that decides: rows in scope, carve-outs, unknown facts.

use crate::analytes::Analyte;
use crate::compare::RowPath;
use crate::facts::Facts;
use crate::foods::{Position, closure};
use crate::ladder::{self, Rung};
use crate::number::{self, Reading};
use crate::path::{Loss, Lost, Path, Silence};
use crate::rule::{Absence, Basis, Condition, Edition, Rule};
use crate::rules::Rules;
use crate::scale;
use crate::tree::{NodeIx, Tree};
use base::{Date, Decimal, Text};
use std::collections::BTreeSet;
use std::sync::Arc;

/// NO2⁻ in NaNO2 and NO3⁻ in NaNO3 by molar mass (46.0055/68.9953, 62.0049/84.9947).
const ION: [(&str, &str, Decimal); 2] = [
    ("亚硝酸盐", "NaNO2", Decimal::from_parts(66_679, 0, 0, false, 5)),
    ("硝酸盐", "NaNO3", Decimal::from_parts(72_951, 0, 0, false, 5)),
];
/// NO2⁻ and NO3⁻ of one part of nitrogen by molar mass (46.0055/14.0067, 62.0049/14.0067).
const NITROGEN: [(&str, &str, Decimal); 2] = [
    ("亚硝酸盐", "NO2⁻", Decimal::from_parts(328_454, 0, 0, false, 5)),
    ("硝酸盐", "NO3⁻", Decimal::from_parts(442_680, 0, 0, false, 5)),
];
/// How many unknown facts are tried both ways before the engine asks.
const MAX_FORKS: u8 = 4;

/// Everything the path depends on.
pub(crate) struct Question<'a, 'q> {
    pub(crate) rules: &'a Rules,
    pub(crate) edition: &'a Edition,
    pub(crate) tree: &'a Tree,
    pub(crate) analyte: &'q Analyte,
    pub(crate) position: &'q Position,
    pub(crate) unit: &'q str,
    pub(crate) date: Date,
}

/// Whether an edition deals with an analyte, the species ladder included.
pub(crate) fn speaks_of(edition: &Edition, analyte: &str) -> bool {
    edition.analytes.contains_key(analyte)
        || ladder::partners(analyte).any(|(other, _)| edition.analytes.contains_key(other))
}

impl<'a> Question<'a, '_> {
    /// The path; every class a vague name may mean is part of it.
    pub(crate) fn path(&self, facts: &Facts) -> Path<'a> {
        let base = self.by_analyte(&self.position.closure, facts);
        let mut finer: Vec<(NodeIx, Path<'a>)> = Vec::new();
        for node in &self.position.rivals {
            let other = self.by_analyte(self.tree.above(*node), facts);
            // where the other is not loaded, nothing speaks against the usual reading
            if !other.same(&base) && !matches!(other, Path::Silent(Silence::Partial)) {
                finer.push((*node, other));
            }
        }
        if self.position.definite {
            return if finer.is_empty() { base } else { Path::Classes { base: Box::new(base), finer } };
        }
        for node in self.relevant_below() {
            let mut world = self.position.closure.clone();
            world.extend(self.tree.above(node));
            let other = self.by_analyte(&world, facts);
            if !other.same(&base) {
                finer.push((node, other));
            }
        }
        if finer.is_empty() { base } else { Path::Classes { base: Box::new(base), finer } }
    }

    /// Nodes strictly below the position which some row of this analyte names.
    fn relevant_below(&self) -> BTreeSet<NodeIx> {
        let partner = ladder::partners(&self.analyte.name)
            .find_map(|(other, rung)| matches!(rung, Rung::SpeciesOfTotal(_)).then_some(other));
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
    fn by_analyte(&self, world: &BTreeSet<NodeIx>, facts: &Facts) -> Path<'a> {
        if let Some(path) = self.by_facts(&self.analyte.name, world, facts, MAX_FORKS) {
            return path;
        }
        for (other, rung) in ladder::partners(&self.analyte.name) {
            if let Some(way) = self.by_facts(other, world, facts, MAX_FORKS) {
                return Path::Ladder { rung, way: Box::new(way) };
            }
        }
        self.silence(world, facts)
    }

    fn silence(&self, world: &BTreeSet<NodeIx>, facts: &Facts) -> Path<'a> {
        let gap = self
            .edition
            .gaps
            .iter()
            .find(|g| g.analyte == self.analyte.name && g.under.iter().any(|n| world.contains(n)));
        if let Some(gap) = gap {
            let elsewhere = Silence::Elsewhere(&gap.standard);
            return Path::Silent(if gap.standard.is_empty() { Silence::NotRead } else { elsewhere });
        }
        let coverage = self.edition.analytes.get(&self.analyte.name);
        let partial = coverage.is_none_or(|c| c.partial);
        let on_ladder = ladder::partners(&self.analyte.name).next().is_some();
        if partial && !on_ladder {
            return Path::Silent(Silence::Partial);
        }
        match &self.edition.absence {
            Absence::NotLoaded => Path::Silent(Silence::Partial),
            Absence::NotLimited => Path::Silent(Silence::NotLimited),
            Absence::Row(rule) => Path::Row(Box::new(self.row(rule, None, facts, Vec::new()))),
        }
    }

    /// Tries an unknown yes/no fact both ways.
    fn by_facts(
        &self,
        analyte: &str,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        forks: u8,
    ) -> Option<Path<'a>> {
        let scope = self.in_scope(analyte, world);
        let first = scope.first()?.0;
        let unknown = scope.iter().flat_map(|(r, _)| &r.conditions).find(|c| c.holds(facts).is_none());
        if let Some(condition) = unknown {
            return Some(self.fork(analyte, world, facts, forks, condition, first));
        }
        self.decide(analyte, world, facts, scope)
    }

    fn fork(
        &self,
        analyte: &str,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        forks: u8,
        condition: &Condition,
        first: &'a Rule,
    ) -> Path<'a> {
        let fact = condition.fact();
        let answers = fact.answers();
        if answers.is_empty() || forks == 0 {
            return Path::Ask { fact, rule: first };
        }
        let ways = answers
            .iter()
            .map(|answer| {
                let facts = facts.with(fact, *answer);
                self.by_facts(analyte, world, &facts, forks - 1)
                    .unwrap_or_else(|| self.silence(world, &facts))
            })
            .collect();
        Path::Fork { fact, ways }
    }

    /// Rows standing on the date whose scope holds the food, with the classes that matched.
    fn in_scope(&self, analyte: &str, world: &BTreeSet<NodeIx>) -> Vec<(&'a Rule, Vec<NodeIx>)> {
        self.rows(analyte)
            .filter(|r| !r.exclude.iter().any(|n| world.contains(n)))
            .map(|r| (r, r.include.iter().copied().filter(|n| world.contains(n)).collect::<Vec<_>>()))
            .filter(|(_, matched)| !matched.is_empty())
            .collect()
    }

    fn rows(&self, analyte: &str) -> impl Iterator<Item = &'a Rule> + use<'a> {
        let (edition, date) = (self.edition, self.date);
        let rows = edition.analytes.get(analyte).map_or(&[][..], |c| c.rules.as_slice());
        rows.iter().map(move |r| &edition.rules[*r]).filter(move |r| r.stands(date))
    }

    /// All facts known: the most specific surviving row.
    fn decide(
        &self,
        analyte: &str,
        world: &BTreeSet<NodeIx>,
        facts: &Facts,
        scope: Vec<(&'a Rule, Vec<NodeIx>)>,
    ) -> Option<Path<'a>> {
        let mut losers: Vec<Lost<'a>> = self
            .rows(analyte)
            .filter(|r| r.include.iter().any(|n| world.contains(n)))
            .filter_map(|rule| {
                let node = *rule.exclude.iter().find(|n| world.contains(n))?;
                Some(Lost { rule, loss: Loss::Excluded(node) })
            })
            .collect();
        let (holds, fails): (Vec<_>, Vec<_>) =
            scope.into_iter().partition(|(r, _)| r.conditions.iter().all(|c| c.holds(facts) == Some(true)));
        losers.extend(fails.iter().map(|(rule, _)| Lost { rule, loss: Loss::Condition }));
        let beaten = |a: &[NodeIx], b: &[NodeIx]| {
            a.iter().all(|x| b.iter().any(|y| x == y || self.tree.is_below(*y, *x)))
                && a.iter().any(|x| b.iter().any(|y| self.tree.is_below(*y, *x)))
        };
        let mut winners: Vec<&'a Rule> = Vec::new();
        for (rule, matched) in &holds {
            if holds.iter().any(|(o, m)| !std::ptr::eq(*o, *rule) && beaten(matched, m)) {
                losers.push(Lost { rule, loss: Loss::LessSpecific });
            } else {
                winners.push(rule);
            }
        }
        // The order of rows must not matter: of equals the lowest id is shown.
        let winner = *winners.iter().min_by_key(|r| &r.id)?;
        let before = losers.len();
        losers.extend(
            winners
                .iter()
                .filter(|r| r.kind != winner.kind || r.unit != winner.unit || r.basis != winner.basis)
                .map(|rule| Lost { rule, loss: Loss::Rival(winner) }),
        );
        let rivals = losers.len() > before;
        losers.sort_by_key(|l| &l.rule.id);
        if rivals {
            return Some(Path::Rivals { winner, losers });
        }
        let fresh = self.fresh_rule(winner, world, facts);
        Some(Path::Row(Box::new(self.row(winner, fresh, facts, losers))))
    }

    /// For a dried product under the drying clause: the row of its fresh food.
    fn fresh_rule(&self, winner: &Rule, world: &BTreeSet<NodeIx>, facts: &Facts) -> Option<&'a Rule> {
        let (_, under) = self.edition.dried.as_ref()?;
        if self.position.fresh.is_empty() || !under.iter().any(|n| world.contains(n)) {
            return None;
        }
        let fresh = closure(self.tree, &self.position.fresh);
        let depth = |m: &[NodeIx]| m.iter().map(|n| self.tree.above(*n).len()).max();
        self.in_scope(&winner.analyte, &fresh)
            .into_iter()
            .filter(|(r, _)| r.conditions.iter().all(|c| c.holds(facts) == Some(true)))
            .max_by(|(a, m), (b, n)| depth(m).cmp(&depth(n)).then_with(|| b.id.cmp(&a.id)))
            .map(|(r, _)| r)
    }

    fn row(
        &self,
        rule: &'a Rule,
        fresh: Option<&'a Rule>,
        facts: &Facts,
        losers: Vec<Lost<'a>>,
    ) -> RowPath<'a> {
        let edition: &'a Edition = self.edition;
        let definition =
            edition.analytes.get(&self.analyte.name).map(|c| c.definition.as_str()).filter(|d| !d.is_empty());
        RowPath {
            rule,
            fresh,
            facts: Arc::new(facts.clone()),
            reported: number::plain(self.unit),
            scale: scale::between(self.unit, &rule.unit),
            ion: self.ion(rule),
            missing: self.missing(definition),
            counted: self.counted(definition),
            definition,
            losers,
        }
    }

    fn ion(&self, rule: &Rule) -> Option<(Decimal, Text)> {
        let (_, salt, ratio) = ION.into_iter().find(|(a, ..)| *a == self.analyte.name)?;
        let (_, ion, nitrogen) = NITROGEN.into_iter().find(|(a, ..)| *a == self.analyte.name)?;
        let stated = &self.analyte.expressed_as;
        let as_nitrogen = stated.ends_with('N') || stated.ends_with('氮');
        let as_salt = stated.contains("Na") || stated.contains("钠");
        let as_ion = stated.contains("NO2-") || stated.contains("NO3-") || stated.ends_with('根');
        let (factor, from, to) = match rule.basis == Basis::Ion {
            true if as_nitrogen => (nitrogen, "N", ion),
            true if as_salt => (ratio, salt, ion),
            false if as_nitrogen => (nitrogen.checked_div(ratio)?, "N", salt),
            false if as_ion => (Decimal::ONE.checked_div(ratio)?, ion, salt),
            _ => return None,
        };
        let shown = factor.round_dp(5);
        Some((factor, Text::new(format!("{from}换算为{to},×{shown}"), format!("{from} as {to}, × {shown}"))))
    }

    fn is_animal(&self) -> bool {
        self.tree.named("动物源性食品").is_some_and(|n| self.position.closure.contains(&n))
    }

    /// Components the residue definition or the row demands and the report does not show.
    fn missing(&self, definition: Option<&str>) -> Option<Text> {
        let left_out = self.rules.sums.missing(self.analyte, &self.rules.analytes);
        if !left_out.is_empty() {
            return Some(Text::new(
                format!("缺少组分:{}", left_out.join("、")),
                format!("components missing: {}", left_out.join(", ")),
            ));
        }
        let animal = definition?.split("动物源性食品为").nth(1)?;
        let summed = animal.contains("之和") || animal.contains("及其");
        (self.is_animal() && summed && !self.analyte.summed).then(|| {
            Text::new(
                format!("动物源性食品的残留物定义为{animal},请补充全部组分"),
                format!("the residue definition for animal food is {animal}: state every component"),
            )
        })
    }

    /// In plants, where the definition counts the parent alone, the parent's part of a reported sum.
    fn counted(&self, definition: Option<&str>) -> Option<Decimal> {
        let plant = definition?.split("植物源性食品为").nth(1)?.split([';', '；']).next()?;
        if self.is_animal() || plant != self.analyte.name {
            return None;
        }
        let (_, text) = self.analyte.parts.iter().find(|(name, _)| name == plant)?;
        match number::reading(text) {
            Reading::Exact(value) => Some(value),
            _ => None,
        }
    }
}
